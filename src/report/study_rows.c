/*
 * study_rows.c - a study as rows for programs: JSON lines, and CSV with the same columns.
 *
 * One table has the columns of both; a column writes its value as JSON does. Where JSON has null,
 * CSV has nothing. The keys are a contract (docs/scenario.md).
 */
#include <string.h>

#include "report/study.h"

/* Where a value goes: CSV writes strings in another way, and nulls as nothing. */
struct place {
    const struct mmsim_sink *sink;
    bool csv;
};

struct column {
    const char *key;
    void (*write)(const struct place *place, const struct mmsim_study_report *report,
                  const struct mmsim_study_cell *cell);
    bool (*wanted)(const struct mmsim_study_report *report); /* NULL: always */
};

/* ---- values ---- */

static void put_number(const struct place *place, uint64_t number)
{
    mm_sink_printf(place->sink, "%llu", mm_study_wide(number));
}

static void put_null(const struct place *place)
{
    mm_sink_puts(place->sink, place->csv ? "" : "null");
}

/* RFC 4180: quoted where it must be, quotes doubled. */
static void put_csv_string(const struct mmsim_sink *sink, const char *string)
{
    if (!strpbrk(string, ",\"\r\n")) {
        mm_sink_puts(sink, string);
        return;
    }
    mm_sink_puts(sink, "\"");
    for (; *string; string++) {
        if (*string == '"')
            mm_sink_puts(sink, "\"");
        sink->write(sink->user, string, 1);
    }
    mm_sink_puts(sink, "\"");
}

static void put_string(const struct place *place, const char *string)
{
    if (place->csv)
        put_csv_string(place->sink, string);
    else
        mm_sink_json(place->sink, string);
}

/* ---- columns ---- */

#define COLUMN(name)                                                                               \
    static void name(const struct place *place, const struct mmsim_study_report *report,           \
                     const struct mmsim_study_cell *cell)

COLUMN(put_trace)
{
    (void)report;
    put_string(place, mmsim_trace_info(cell->trace)->name);
}

COLUMN(put_policy)
{
    (void)report;
    put_string(place, cell->choice->ops->name);
}

COLUMN(put_params)
{
    (void)report;
    put_string(place, cell->choice->given);
}

COLUMN(put_frames)
{
    (void)report;
    put_number(place, cell->frames);
}

COLUMN(put_references)
{
    (void)report;
    put_number(place, cell->outcome.counts.references);
}

COLUMN(put_misses)
{
    (void)report;
    put_number(place, cell->outcome.counts.misses);
}

COLUMN(put_miss_ratio)
{
    (void)report;
    mm_sink_real(place->sink, mm_study_miss_ratio(cell));
}

COLUMN(put_evictions)
{
    (void)report;
    put_number(place, cell->outcome.counts.evictions);
}

COLUMN(put_dirty_evictions)
{
    (void)report;
    put_number(place, cell->outcome.counts.dirty_evictions);
}

COLUMN(put_time)
{
    (void)report;
    mm_sink_printf(place->sink, "%.3f", mm_study_time(cell));
}

COLUMN(put_write_backs)
{
    (void)report;
    put_number(place, cell->outcome.write_backs);
}

COLUMN(put_mean_resident)
{
    (void)report;
    if (cell->outcome.mean_resident < 0)
        put_null(place);
    else
        mm_sink_real(place->sink, cell->outcome.mean_resident);
}

COLUMN(put_opt_ratio)
{
    (void)report;
    if (cell->opt_ratio <= 0)
        put_null(place);
    else
        mm_sink_real(place->sink, cell->opt_ratio);
}

COLUMN(put_definition)
{
    char definition[256];
    (void)report;
    mmsim_policy_describe(cell->choice, definition, sizeof definition);
    put_string(place, definition);
}

COLUMN(put_view)
{
    (void)report;
    mm_sink_puts(place->sink, place->csv ? "" : "\"");
    mm_study_print_view(cell->options, place->sink);
    mm_sink_puts(place->sink, place->csv ? "" : "\"");
}

COLUMN(put_warm_up)
{
    (void)report;
    put_number(place, cell->options->warm_up);
}

COLUMN(put_clean_first)
{
    (void)report;
    put_number(place, cell->options->clean_first);
}

COLUMN(put_seed)
{
    (void)report;
    put_number(place, cell->options->seed);
}

COLUMN(put_mean_cost)
{
    mm_sink_real(place->sink, mmsim_mean_cost(&cell->outcome, report->costs));
}

COLUMN(put_anomaly_frames)
{
    (void)report;
    if (cell->anomaly_frames == 0)
        put_null(place);
    else
        put_number(place, cell->anomaly_frames);
}

COLUMN(put_anomaly_misses)
{
    (void)report;
    if (cell->anomaly_frames == 0)
        put_null(place);
    else
        put_number(place, cell->anomaly_misses);
}

COLUMN(put_refaults)
{
    (void)report;
    put_number(place, cell->outcome.n_refaults);
}

/* The rows of the histogram up to the last that is not 0: [12,0,3], or 12;0;3 */
COLUMN(put_refault_rows)
{
    const uint64_t *rows = cell->outcome.refaults;
    size_t n = MMSIM_N_REFAULT_BUCKETS;
    (void)report;
    while (n > 0 && rows[n - 1] == 0)
        n--;
    mm_sink_puts(place->sink, place->csv ? "" : "[");
    for (size_t i = 0; i < n; i++) {
        mm_sink_puts(place->sink, i == 0 ? "" : place->csv ? ";" : ",");
        put_number(place, rows[i]);
    }
    mm_sink_puts(place->sink, place->csv ? "" : "]");
}

static bool timed(const struct mmsim_study_report *report)
{
    return report->flags & MMSIM_STUDY_TIMES;
}

static bool with_costs(const struct mmsim_study_report *report)
{
    return report->costs != NULL;
}

static bool with_anomalies(const struct mmsim_study_report *report)
{
    return report->flags & MMSIM_STUDY_ANOMALIES;
}

static bool with_refaults(const struct mmsim_study_report *report)
{
    return report->n_cells > 0 && report->cells[0].options->refaults != MMSIM_REFAULTS_NOT;
}

static const struct column COLUMNS[] = {
    {"trace", put_trace, NULL},
    {"policy", put_policy, NULL},
    {"params", put_params, NULL},
    {"frames", put_frames, NULL},
    {"references", put_references, NULL},
    {"misses", put_misses, NULL},
    {"miss_ratio", put_miss_ratio, NULL},
    {"evictions", put_evictions, NULL},
    {"dirty_evictions", put_dirty_evictions, NULL},
    {"ns_per_reference", put_time, timed},
    {"write_backs", put_write_backs, NULL},
    {"mean_resident", put_mean_resident, NULL},
    {"opt_ratio", put_opt_ratio, NULL},
    {"definition", put_definition, NULL},
    {"view", put_view, NULL},
    {"warm_up", put_warm_up, NULL},
    {"clean_first", put_clean_first, NULL},
    {"seed", put_seed, NULL},
    {"mean_cost_ns", put_mean_cost, with_costs},
    {"anomaly_frames", put_anomaly_frames, with_anomalies},
    {"anomaly_misses", put_anomaly_misses, with_anomalies},
    {"refaults", put_refaults, with_refaults},
    {"refault_distances", put_refault_rows, with_refaults},
};
#define N_COLUMNS (sizeof COLUMNS / sizeof *COLUMNS)

static bool wanted(size_t column, const struct mmsim_study_report *report)
{
    return !COLUMNS[column].wanted || COLUMNS[column].wanted(report);
}

/* ---- rows ---- */

void mm_study_print_json(const struct mmsim_study_report *report, const struct mmsim_sink *sink)
{
    const struct place place = {sink, false};
    for (size_t row = 0; row < report->n_cells; row++) {
        for (size_t i = 0; i < N_COLUMNS; i++) {
            if (!wanted(i, report))
                continue;
            mm_sink_printf(sink, "%s\"%s\":", i > 0 ? "," : "{", COLUMNS[i].key);
            COLUMNS[i].write(&place, report, &report->cells[row]);
        }
        mm_sink_puts(sink, "}\n");
    }
}

void mm_study_print_csv(const struct mmsim_study_report *report, const struct mmsim_sink *sink)
{
    const struct place place = {sink, true};
    for (size_t i = 0; i < N_COLUMNS; i++) {
        if (wanted(i, report))
            mm_sink_printf(sink, "%s%s", i > 0 ? "," : "", COLUMNS[i].key);
    }
    mm_sink_puts(sink, "\n");
    for (size_t row = 0; row < report->n_cells; row++) {
        for (size_t i = 0; i < N_COLUMNS; i++) {
            if (!wanted(i, report))
                continue;
            mm_sink_puts(sink, i > 0 ? "," : "");
            COLUMNS[i].write(&place, report, &report->cells[row]);
        }
        mm_sink_puts(sink, "\n");
    }
}
