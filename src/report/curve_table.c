/*
 * curve_table.c - miss-ratio curves for people (<mmsim/curve.h>): sizes down, policies across.
 *
 *   frames      lru a      opt b
 *       16    90.9131    72.1157  |=========================b======
 *
 * The bar of a size shows where the policies lie between 0 and 100 %: the first one's share is
 * filled; where there are several, each is marked with the letter it has in the head of the table.
 * Below: each size at which a policy misses more often than with fewer frames.
 */
#include <mmsim/curve.h>

#include <string.h>

#include "report/study.h"

enum { BAR_CHARS = 40, FEWEST_CHARS = 9, MAX_MARKED = 26 };

struct curve_table {
    const struct mmsim_study_report *report;
    const struct mmsim_sink *sink;
};

static void put_title(const struct curve_table *table)
{
    const struct mmsim_trace_info *info = mmsim_trace_info(table->report->cells[0].trace);
    mm_sink_printf(table->sink, "%s: %llu references, %llu pages; misses, %% of references\n\n",
                   info->name, mm_study_wide(info->n_references), mm_study_wide(info->n_pages));
}

/* How wide a column is: its heading has to fit. */
static int width_of(const char *label)
{
    int n = (int)strlen(label) + 2; /* and its letter */
    return n < FEWEST_CHARS ? FEWEST_CHARS : n;
}

static void put_head(const struct curve_table *table)
{
    const struct mmsim_study_report *report = table->report;
    char label[MM_STUDY_LABEL_CHARS], letter = 'a';
    mm_sink_printf(table->sink, "%10s", "frames");
    for (size_t i = 0; i < report->n_cells; i++) {
        if (!mm_study_is_new_policy(report, i))
            continue;
        mm_study_label(report->cells[i].choice, label);
        mm_sink_printf(table->sink, "  %*s %c", width_of(label) - 2, label, letter++);
    }
    mm_sink_printf(table->sink, "  0 %%%*s\n", BAR_CHARS - 3, "100 %");
}

/* The cell of a policy with so many frames; NULL: it has none. */
static const struct mmsim_study_cell *find(const struct mmsim_study_report *report, size_t like,
                                           mmsim_page frames)
{
    for (size_t i = like; i < report->n_cells; i++) {
        if (report->cells[i].frames == frames &&
            mm_study_alike(&report->cells[i], &report->cells[like]))
            return &report->cells[i];
    }
    return NULL;
}

/* The last policies are drawn first: an earlier one is not covered. */
static void put_bar(const struct curve_table *table, const double *ratios, size_t n)
{
    char bar[BAR_CHARS + 1];
    memset(bar, ' ', BAR_CHARS);
    bar[BAR_CHARS] = '\0';
    size_t filled = (size_t)(ratios[0] * BAR_CHARS + 0.5);
    memset(bar, '=', filled);
    for (size_t i = n; n > 1 && i-- > 0;)
        bar[(size_t)(ratios[i] * (BAR_CHARS - 1) + 0.5)] = (char)('a' + i);
    size_t end = BAR_CHARS;
    while (end > 0 && bar[end - 1] == ' ')
        bar[--end] = '\0';
    mm_sink_printf(table->sink, "  |%s\n", bar);
}

static void put_size(const struct curve_table *table, mmsim_page frames)
{
    const struct mmsim_study_report *report = table->report;
    double ratios[MAX_MARKED] = {0};
    size_t n = 0;
    mm_sink_printf(table->sink, "%10u", (unsigned)frames);
    for (size_t i = 0; i < report->n_cells; i++) {
        char label[MM_STUDY_LABEL_CHARS];
        if (!mm_study_is_new_policy(report, i))
            continue;
        mm_study_label(report->cells[i].choice, label);
        const struct mmsim_study_cell *cell = find(report, i, frames);
        double ratio = cell ? mm_study_miss_ratio(cell) : 0;
        mm_sink_printf(table->sink, "  %*.4f", width_of(label), 100 * ratio);
        if (n < MAX_MARKED)
            ratios[n++] = ratio;
    }
    put_bar(table, ratios, n);
}

static void put_anomaly(const struct curve_table *table, const struct mmsim_study_cell *cell)
{
    char label[MM_STUDY_LABEL_CHARS];
    mm_study_label(cell->choice, label);
    mm_sink_printf(table->sink,
                   "note: %s misses %llu times with %u frames, only %llu times with %u: Belady's "
                   "anomaly\n",
                   label, mm_study_wide(cell->outcome.counts.misses), (unsigned)cell->frames,
                   mm_study_wide(cell->anomaly_misses), (unsigned)cell->anomaly_frames);
}

void mmsim_curve_print_table(const struct mmsim_study_report *report, const struct mmsim_sink *sink)
{
    struct curve_table table = {report, sink};
    put_title(&table);
    put_head(&table);
    for (size_t i = 0; i < report->n_cells; i++) {
        if (mm_study_is_new_size(report, i))
            put_size(&table, report->cells[i].frames);
    }
    for (size_t i = 0; i < report->n_cells; i++) {
        if (report->cells[i].anomaly_frames > 0)
            put_anomaly(&table, &report->cells[i]);
    }
}
