/*
 * study_table.c - a study for people: for each trace a heading, which names the definition of every
 * policy, and a table.
 *
 * Columns are as wide as their widest value; those that would tell nothing are left out.
 */
#include <stdio.h>
#include <string.h>

#include "report/study.h"

enum { VALUE_CHARS = MM_STUDY_LABEL_CHARS, LINE_CHARS = 100 };

struct table {
    const struct mmsim_study_report *report;
    const struct mmsim_sink *sink;
    size_t from, to; /* cells of one trace */
};

struct column {
    const char *title;
    void (*value)(const struct mmsim_study_report *report, const struct mmsim_study_cell *cell,
                  char text[VALUE_CHARS]);
    bool (*wanted)(const struct table *table); /* NULL: always */
};

/* ---- values ---- */

/* "1,234,567" */
static void put_count(uint64_t count, char text[VALUE_CHARS])
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%llu", mm_study_wide(count));
    size_t used = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

static void append(void *user, const char *data, size_t n_bytes)
{
    char *text = user;
    size_t used = strlen(text);
    if (used + n_bytes < VALUE_CHARS) {
        memcpy(text + used, data, n_bytes);
        text[used + n_bytes] = '\0';
    }
}

/* With a point in every locale. */
static void put_real(double value, int n_decimals, const char *unit, char text[VALUE_CHARS])
{
    struct mmsim_sink sink = {append, text};
    text[0] = '\0';
    mm_sink_printf(&sink, "%.*f%s", n_decimals, value, unit);
}

#define COLUMN(name)                                                                               \
    static void name(const struct mmsim_study_report *report, const struct mmsim_study_cell *cell, \
                     char text[VALUE_CHARS])

COLUMN(policy)
{
    (void)report;
    mm_study_label(cell->choice, text);
}

COLUMN(view)
{
    struct mmsim_sink sink = {append, text};
    (void)report;
    text[0] = '\0';
    mm_study_print_view(cell->options, &sink);
}

COLUMN(frames)
{
    (void)report;
    put_count(cell->frames, text);
}

COLUMN(misses)
{
    (void)report;
    put_count(cell->outcome.counts.misses, text);
}

COLUMN(ratio)
{
    (void)report;
    put_real(100 * mm_study_miss_ratio(cell), 4, "%", text);
}

COLUMN(times_opt)
{
    (void)report;
    put_real(cell->opt_ratio, 3, "", text);
}

COLUMN(evictions)
{
    (void)report;
    put_count(cell->outcome.counts.evictions, text);
}

COLUMN(dirty)
{
    (void)report;
    put_count(cell->outcome.counts.dirty_evictions, text);
}

COLUMN(writes)
{
    (void)report;
    put_count(cell->outcome.write_backs, text);
}

COLUMN(resident)
{
    (void)report;
    if (cell->outcome.mean_resident < 0)
        snprintf(text, VALUE_CHARS, "-");
    else
        put_real(cell->outcome.mean_resident, 1, "", text);
}

COLUMN(cost)
{
    put_real(mmsim_mean_cost(&cell->outcome, report->costs), 1, "", text);
}

COLUMN(refaults)
{
    (void)report;
    put_count(cell->outcome.n_refaults, text);
}

COLUMN(time)
{
    (void)report;
    put_real(mm_study_time(cell), 1, "", text);
}

/* ---- which columns ---- */

static bool any(const struct table *table, bool (*holds)(const struct mmsim_study_cell *cell))
{
    bool found = false;
    for (size_t i = table->from; i < table->to; i++)
        found |= holds(&table->report->cells[i]);
    return found;
}

static bool has_opt(const struct mmsim_study_cell *cell)
{
    return cell->opt_ratio > 0;
}

static bool is_variable(const struct mmsim_study_cell *cell)
{
    return cell->choice->ops->flags & MMSIM_POLICY_VARIABLE;
}

static bool with_opt(const struct table *table)
{
    return any(table, has_opt);
}

static bool with_variable(const struct table *table)
{
    return any(table, is_variable);
}

static bool cleans(const struct mmsim_study_cell *cell)
{
    return cell->options->clean_first > 0;
}

static bool notes_refaults(const struct mmsim_study_cell *cell)
{
    return cell->options->refaults != MMSIM_REFAULTS_NOT;
}

static bool with_clean_first(const struct table *table)
{
    return any(table, cleans);
}

static bool with_views(const struct table *table)
{
    const struct mmsim_study_cell *cells = table->report->cells;
    bool found = false;
    for (size_t i = table->from; i < table->to; i++)
        found |= cells[i].options != cells[table->from].options;
    return found;
}

static bool with_costs(const struct table *table)
{
    return table->report->costs != NULL;
}

static bool with_refaults(const struct table *table)
{
    return any(table, notes_refaults);
}

static bool with_times(const struct table *table)
{
    return table->report->flags & MMSIM_STUDY_TIMES;
}

static const struct column COLUMNS[] = {
    {"policy", policy, NULL},
    {"view", view, with_views},
    {"frames", frames, NULL},
    {"misses", misses, NULL},
    {"miss ratio", ratio, NULL},
    {"x opt", times_opt, with_opt},
    {"evictions", evictions, NULL},
    {"dirty", dirty, NULL},
    {"writes", writes, with_clean_first},
    {"resident", resident, with_variable},
    {"mean ns", cost, with_costs},
    {"refaults", refaults, with_refaults},
    {"ns/ref", time, with_times},
};
#define N_COLUMNS (sizeof COLUMNS / sizeof *COLUMNS)

/* ---- printing ---- */

static bool wanted(const struct table *table, size_t column)
{
    return !COLUMNS[column].wanted || COLUMNS[column].wanted(table);
}

static int width_of(const struct table *table, size_t column)
{
    size_t width = strlen(COLUMNS[column].title);
    for (size_t i = table->from; i < table->to; i++) {
        char text[VALUE_CHARS];
        COLUMNS[column].value(table->report, &table->report->cells[i], text);
        width = strlen(text) > width ? strlen(text) : width;
    }
    return (int)width;
}

/* The first column stands left, all others right. */
static void put_value(const struct table *table, size_t column, int width, const char *text)
{
    mm_sink_printf(table->sink, "%s%*s", column > 0 ? "  " : "", column > 0 ? width : -width, text);
}

static void put_row(const struct table *table, const struct mmsim_study_cell *cell,
                    const int widths[N_COLUMNS])
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        char text[VALUE_CHARS];
        if (widths[i] == 0)
            continue;
        COLUMNS[i].value(table->report, cell, text);
        put_value(table, i, widths[i], text);
    }
    mm_sink_puts(table->sink, "\n");
}

/* The cells that have as many frames as that one. */
static void put_size(const struct table *table, size_t like, const int widths[N_COLUMNS])
{
    const struct mmsim_study_cell *cells = table->report->cells;
    for (size_t i = like; i < table->to; i++) {
        if (cells[i].frames == cells[like].frames)
            put_row(table, &cells[i], widths);
    }
}

/* By sizes, and of a size all policies: so these are compared. */
static void put_rows(const struct table *table)
{
    int widths[N_COLUMNS];
    bool one_policy = true;
    for (size_t i = 0; i < N_COLUMNS; i++) {
        widths[i] = wanted(table, i) ? width_of(table, i) : 0;
        if (widths[i] > 0)
            put_value(table, i, widths[i], COLUMNS[i].title);
    }
    mm_sink_puts(table->sink, "\n");
    for (size_t i = table->from + 1; i < table->to; i++)
        one_policy &= !mm_study_is_new_policy(table->report, i);
    for (size_t i = table->from; i < table->to; i++) {
        if (!mm_study_is_new_size(table->report, i))
            continue;
        if (i > table->from && !one_policy)
            mm_sink_puts(table->sink, "\n");
        put_size(table, i, widths);
    }
}

/* ---- around the table ---- */

/* The definitions of the policies, once each, broken into lines. */
static void put_definitions(const struct table *table)
{
    size_t used = 0;
    mm_sink_puts(table->sink, "policies: ");
    for (size_t i = table->from; i < table->to; i++) {
        const struct mmsim_study_cell *cell = &table->report->cells[i];
        char definition[VALUE_CHARS];
        if (!mm_study_is_new_policy(table->report, i) ||
            cell->options != table->report->cells[table->from].options)
            continue;
        mmsim_policy_describe(cell->choice, definition, sizeof definition);
        size_t n = strlen(definition) + 2;
        bool breaks = used > 0 && used + n > LINE_CHARS;
        mm_sink_printf(table->sink, "%s%s", used == 0 ? "" : breaks ? ",\n  " : ", ", definition);
        used = (breaks ? 0 : used) + n;
    }
    mm_sink_puts(table->sink, "\n");
}

static void put_heading(const struct table *table)
{
    const struct mmsim_study_cell *cell = &table->report->cells[table->from];
    const struct mmsim_trace_info *info = mmsim_trace_info(cell->trace);
    char references[VALUE_CHARS], pages[VALUE_CHARS], stores[VALUE_CHARS], warm_up[VALUE_CHARS];
    put_count(info->n_references, references);
    put_count(info->n_pages, pages);
    put_count(info->n_of_kind[MMSIM_KIND_STORE], stores);
    put_count(cell->options->warm_up, warm_up);
    mm_sink_printf(table->sink, "%s: %s references (stores: %s) to %s pages", info->name,
                   references, stores, pages);
    if (!with_views(table)) {
        mm_sink_puts(table->sink, "; view ");
        mm_study_print_view(cell->options, table->sink);
    }
    if (cell->options->warm_up > 0)
        mm_sink_printf(table->sink, "; the first %s references are not counted", warm_up);
    if (cell->options->clean_first > 0)
        mm_sink_printf(table->sink, "; clean first, up to %u times",
                       (unsigned)cell->options->clean_first);
    mm_sink_puts(table->sink, "\n");
    put_definitions(table);
}

static void put_anomalies(const struct table *table)
{
    size_t n = 0;
    for (size_t i = table->from; i < table->to; i++) {
        const struct mmsim_study_cell *cell = &table->report->cells[i];
        char label[MM_STUDY_LABEL_CHARS], more[VALUE_CHARS], fewer[VALUE_CHARS];
        if (cell->anomaly_frames == 0)
            continue;
        mm_study_label(cell->choice, label);
        put_count(cell->outcome.counts.misses, more);
        put_count(cell->anomaly_misses, fewer);
        mm_sink_printf(table->sink, "%sanomaly: %s has %s misses with %u frames, but %s with %u\n",
                       n++ == 0 ? "\n" : "", label, more, (unsigned)cell->frames, fewer,
                       (unsigned)cell->anomaly_frames);
    }
    if (n == 0)
        mm_sink_puts(table->sink, "\nno anomaly: never did more frames have more misses\n");
}

/* "     4..7          123" for each row of the histogram that is not 0 */
static void put_refaults(const struct table *table, const struct mmsim_study_cell *cell)
{
    static const char *const UNITS[] = {"", "references", "evictions"};
    char label[MM_STUDY_LABEL_CHARS], count[VALUE_CHARS];
    mm_study_label(cell->choice, label);
    mm_sink_printf(table->sink, "\n%s, %u frames: refaults by distance in %s\n", label,
                   (unsigned)cell->frames, UNITS[cell->options->refaults]);
    for (unsigned b = 0; b < MMSIM_N_REFAULT_BUCKETS; b++) {
        uint64_t low = UINT64_C(1) << b;
        if (cell->outcome.refaults[b] == 0)
            continue;
        put_count(cell->outcome.refaults[b], count);
        mm_sink_printf(table->sink, "  %10llu .. %-10llu %12s\n", mm_study_wide(low),
                       mm_study_wide(low + (low - 1)), count);
    }
}

void mm_study_print_table(const struct mmsim_study_report *report, const struct mmsim_sink *sink)
{
    struct table table = {.report = report, .sink = sink};
    for (; table.from < report->n_cells; table.from = table.to) {
        table.to = mm_study_next_trace(report, table.from);
        if (table.from > 0)
            mm_sink_puts(sink, "\n");
        put_heading(&table);
        put_rows(&table);
        if (report->flags & MMSIM_STUDY_ANOMALIES)
            put_anomalies(&table);
        for (size_t i = table.from; i < table.to && with_refaults(&table); i++)
            put_refaults(&table, &report->cells[i]);
    }
}
