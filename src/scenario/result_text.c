/*
 * result_text.c - the result for people: failures first, then the statistics that are not 0.
 *
 * Its wording is no contract.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario/load.h"
#include "scenario/quantity.h"
#include "scenario/result.h"

struct page {
    const struct mmsim_result *result;
    const struct mmsim_text_style *style;
    struct mm_text text;
    int path_columns; /* of statistics */
};

static const char red[] = "\033[31m", bold[] = "\033[1m", dim[] = "\033[2m";

static void put_styled(struct page *page, const char *style, const char *string)
{
    bool color = page->style->color;
    mm_text_printf(&page->text, "%s%s%s", color ? style : "", string, color ? "\033[0m" : "");
}

/* ---- failures ---- */

/* "fork.yaml:7, step 1", or what there is of it. */
static void put_failure_place(struct page *page, const struct mm_failure *failure)
{
    mm_text_puts(&page->text, page->result->scenario->file);
    if (failure->line > 0)
        mm_text_printf(&page->text, ":%u", failure->line);
    if (failure->of_step)
        mm_text_printf(&page->text, ", step %" PRIu64, failure->index);
}

static void put_failure(struct page *page, const struct mm_failure *failure)
{
    bool told = page->result->told && failure->of_step;
    bool brief = told && page->style->part == MMSIM_TEXT_AFTER_STEPS;
    mm_text_puts(&page->text, "  ");
    put_failure_place(page, failure);
    if (!brief)
        mm_text_printf(&page->text, ": %s", failure->message);
    mm_text_puts(&page->text, "\n");
}

static void put_failures(struct page *page)
{
    const struct mm_failure *failures = page->result->failures.data;
    size_t n = page->result->failures.n;
    if (n == 0)
        return;
    char count[MM_COUNT_CHARS];
    mm_count_print(n, count);
    put_styled(page, red, "failures");
    mm_text_printf(&page->text, ": %s\n", count);
    for (size_t i = 0; i < n; i++)
        put_failure(page, &failures[i]);
    mm_text_puts(&page->text, "\n");
}

/* A line for each failure that stands by itself among those of other files. */
static void put_failure_lines(struct page *page)
{
    const struct mm_failure *failures = page->result->failures.data;
    for (size_t i = 0; i < page->result->failures.n; i++) {
        const struct mm_failure *failure = &failures[i];
        mm_text_puts(&page->text, page->result->scenario->file);
        if (failure->line > 0)
            mm_text_printf(&page->text, ":%u", failure->line);
        mm_text_puts(&page->text, ": ");
        put_styled(page, red, "failed");
        mm_text_printf(&page->text, ": %s, ", page->result->scenario->name);
        if (failure->of_step)
            mm_text_printf(&page->text, "step %" PRIu64 ": ", failure->index);
        mm_text_printf(&page->text, "%s\n", failure->message);
    }
}

/* ---- the TLB sanitizer ---- */

static void put_sanitizer(struct page *page)
{
    struct mmsim_sanitizer_counts counts;
    struct mmsim_stale stale;
    struct mmsim_sink sink = mm_text_sink(&page->text);
    if (!mmsim_sanitizer_get_counts(page->result->machine, &counts))
        return;
    put_styled(page, bold, "TLB sanitizer");
    mm_text_puts(&page->text, "  ");
    char number[MM_COUNT_CHARS];
    mm_count_print(counts.n_compared, number);
    mm_text_puts(&page->text, number);
    mm_text_printf(&page->text, " uses of held translations compared, %" PRIu64 " stale\n",
                   counts.n_stale);
    size_t i = 0;
    for (; mmsim_stale_get(page->result->machine, i, &stale); i++) {
        mm_text_printf(&page->text, "  step %" PRIu64 ": ", stale.step);
        mm_result_print_stale(page->result, &stale, mmsim_stale_print_line, &sink);
        mm_text_puts(&page->text, "\n");
    }
    if (counts.n_stale > i)
        mm_text_printf(&page->text, "  and %" PRIu64 " more\n", counts.n_stale - i);
    mm_text_puts(&page->text, "\n");
}

/* ---- statistics ---- */

enum { PATH_COLUMNS = 28, NUMBER_COLUMNS = 13, UNIT_COLUMNS = 12 };

static const char process_group[] = "process.NAME.";

/* So many that the paths of processes with long names fit. */
static int path_columns(const struct mmsim_result *result)
{
    static const char longest[] = "process..page_tables";
    const struct mm_process_record *records = result->processes.data;
    size_t n = PATH_COLUMNS;
    for (size_t i = 0; i < result->processes.n; i++)
        if (sizeof longest + strlen(records[i].name) > n)
            n = sizeof longest + strlen(records[i].name); /* a blank included */
    return (int)n;
}

static void put_row(struct page *page, const char *path, const struct mmsim_stat *stat,
                    uint64_t value)
{
    if (value == 0 && !page->style->verbose)
        return;
    mm_text_printf(&page->text, "  %-*s", page->path_columns, path);
    char number[MM_COUNT_CHARS];
    mm_count_print(value, number);
    mm_text_printf(&page->text, "%*s", NUMBER_COLUMNS, number);
    size_t n_unit = strlen(stat->unit);
    if (value == 1)
        n_unit -= strcmp(stat->unit, "flushes") == 0 ? 2 : 1; /* "1 flush", "1 page" */
    mm_text_printf(&page->text, " %-*.*s  ", UNIT_COLUMNS, (int)n_unit, stat->unit);
    put_styled(page, dim, stat->meaning);
    mm_text_puts(&page->text, "\n");
}

static bool is_process_row(const struct mmsim_stat *stat)
{
    return strncmp(stat->path, process_group, sizeof process_group - 1) == 0;
}

static void put_process(struct page *page, const struct mm_process_record *record)
{
    const struct mmsim_stat *stat;
    for (size_t row = 0; (stat = mmsim_stat_at(row)) != NULL; row++) {
        if (!is_process_row(stat))
            continue;
        const char *name = stat->path + sizeof process_group - 1;
        uint64_t value = 0;
        char path[128];
        (void)mmsim_process_stat_get(&record->stats, name, &value);
        (void)snprintf(path, sizeof path, "process.%s.%s", record->name, name);
        put_row(page, path, stat, value);
    }
}

static void put_stats(struct page *page)
{
    put_styled(page, bold, "statistics");
    mm_text_puts(&page->text, page->style->verbose ? "\n" : " (those that are not 0)\n");
    const struct mmsim_stat *stat;
    bool told = false;
    for (size_t row = 0; (stat = mmsim_stat_at(row)) != NULL; row++) {
        uint64_t value = 0;
        if (!is_process_row(stat)) {
            (void)mmsim_stat_get(&page->result->stats, stat->path, &value);
            put_row(page, stat->path, stat, value);
            continue;
        }
        const struct mm_process_record *records = page->result->processes.data;
        for (size_t i = 0; !told && i < page->result->processes.n; i++)
            put_process(page, &records[i]);
        told = true;
    }
}

/* ---- devices ---- */

static void put_sent(struct page *page, const char *name, const uint8_t *output, size_t n_bytes)
{
    mm_text_printf(&page->text, "%s sent \"", name);
    for (size_t i = 0; i < n_bytes; i++) {
        bool plain = output[i] >= ' ' && output[i] <= '~' && output[i] != '"' && output[i] != '\\';
        if (output[i] == '\n')
            mm_text_puts(&page->text, "\\n");
        else
            mm_text_printf(&page->text, plain ? "%c" : "\\x%02x", output[i]);
    }
    mm_text_puts(&page->text, "\"\n");
}

static void put_devices(struct page *page)
{
    const struct mmsim_config *config = &page->result->scenario->config;
    bool any = false;
    for (size_t i = 0; i < config->n_mmio; i++) {
        size_t n_bytes = 0;
        const char *name = config->mmio[i].name;
        const uint8_t *output = mmsim_device_output(page->result->machine, name, &n_bytes);
        if (!output || n_bytes == 0)
            continue;
        put_sent(page, name, output, n_bytes);
        any = true;
    }
    mm_text_puts(&page->text, any ? "\n" : "");
}

void mmsim_result_write_text(const struct mmsim_result *result,
                             const struct mmsim_text_style *style, const struct mmsim_sink *sink)
{
    struct mm_host host;
    mm_host_init(&host, &result->host.allocator);
    struct page page = {.result = result, .style = style, .path_columns = path_columns(result)};
    mm_text_init(&page.text, &host);
    if (style->part == MMSIM_TEXT_FAILURES) {
        put_failure_lines(&page);
    } else {
        put_failures(&page);
        put_sanitizer(&page);
        put_devices(&page);
        put_stats(&page);
    }
    sink->write(sink->user, mm_text_string(&page.text), page.text.n_bytes);
    mm_text_fini(&page.text);
}
