/*
 * curve_rows.c - points of curves as rows for programs: JSON lines and CSV (<mmsim/curve.h>).
 *
 * The keys are a contract (docs/scenario.md). Rows are printed one by one: a curve has as many
 * points as the trace has pages.
 */
#include <mmsim/curve.h>

#include <string.h>

#include "report/study.h"

static double ratio(const struct mmsim_curve_row *row)
{
    return (double)row->misses / (double)row->references;
}

/* Labels have no quotes; a comma is quoted. */
static void put_csv_label(const char *label, const struct mmsim_sink *sink)
{
    const char *quote = strchr(label, ',') ? "\"" : "";
    mm_sink_printf(sink, "%s%s%s", quote, label, quote);
}

static void put_csv(const struct mmsim_curve_row *row, const char *label,
                    const struct mmsim_sink *sink)
{
    put_csv_label(label, sink);
    mm_sink_printf(sink, ",%u,", (unsigned)row->frames);
    mm_sink_real(sink, ratio(row));
    mm_sink_printf(sink, ",%llu", mm_study_wide(row->misses));
    if (row->sample) {
        mm_sink_puts(sink, ",");
        if (row->sample->error >= 0)
            mm_sink_real(sink, row->sample->error);
    }
    mm_sink_puts(sink, "\n");
}

static void put_json(const struct mmsim_curve_row *row, const char *label,
                     const struct mmsim_sink *sink)
{
    mm_sink_puts(sink, "{\"policy\":");
    mm_sink_json(sink, label);
    mm_sink_printf(sink, ",\"frames\":%u,\"miss_ratio\":", (unsigned)row->frames);
    mm_sink_real(sink, ratio(row));
    mm_sink_printf(sink, ",\"misses\":%llu", mm_study_wide(row->misses));
    if (row->sample) {
        mm_sink_puts(sink, ",\"expected_error\":");
        if (row->sample->error >= 0)
            mm_sink_real(sink, row->sample->error);
        else
            mm_sink_puts(sink, "null");
    }
    mm_sink_puts(sink, "}\n");
}

void mmsim_curve_print_header(const struct mmsim_curve_row *first, const struct mmsim_sink *sink)
{
    mm_sink_puts(sink, "policy,frames,miss_ratio,misses");
    mm_sink_puts(sink, first->sample ? ",expected_error\n" : "\n");
}

void mmsim_curve_print_row(const struct mmsim_curve_row *row, enum mmsim_study_format format,
                           const struct mmsim_sink *sink)
{
    char label[MM_STUDY_LABEL_CHARS];
    mm_study_label(row->choice, label);
    if (format == MMSIM_STUDY_CSV)
        put_csv(row, label, sink);
    else
        put_json(row, label, sink);
}
