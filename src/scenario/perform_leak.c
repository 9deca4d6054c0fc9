/*
 * perform_leak.c - verbs that look after the kernel's memory: checks, leaks, garbage, failures on
 * purpose, tables.
 */
#include <string.h>

#include "scenario/load.h"
#include "scenario/result.h"
#include "scenario/verb.h"

/* ---- tables ---- */

static void attach_table(struct mm_run *run, enum mmsim_table table)
{
    struct mm_text json;
    mm_text_init(&json, run->host);
    struct mmsim_sink sink = mm_text_sink(&json);
    mmsim_table_print(run->machine, table, MMSIM_TABLE_JSON, &sink);
    mm_run_trim(&json);
    mm_run_attach(run, "table", &json);
    mm_text_fini(&json);
}

static void show_table(struct mm_run *run, enum mmsim_table table)
{
    struct mmsim_sink sink = mm_text_sink(&run->details);
    const char *nothing = mmsim_table_nothing(run->machine, table);
    if (!run->options->on_step)
        return;
    if (nothing)
        mm_sink_printf(&sink, "%s\n", nothing);
    else
        mmsim_table_print(run->machine, table, MMSIM_TABLE_TEXT, &sink);
}

static void append_line(struct mm_text *text, const char *line, size_t n_bytes)
{
    mm_text_append(text, line, n_bytes);
    mm_text_puts(text, "\n");
}

/* Of a table: the headings, which begin with #, and the lines that contain a text. */
static void show_lines(struct mm_run *run, enum mmsim_table table, const char *only)
{
    struct mm_text whole;
    mm_text_init(&whole, run->host);
    struct mmsim_sink sink = mm_text_sink(&whole);
    mmsim_table_print(run->machine, table, MMSIM_TABLE_TEXT, &sink);
    for (const char *line = mm_text_string(&whole); *line;) {
        size_t n = strcspn(line, "\n");
        if (*line == '#' || memmem(line, n, only, strlen(only)))
            append_line(&run->details, line, n);
        line += n + (line[n] != '\0');
    }
    run->no_memory |= whole.failed;
    mm_text_fini(&whole);
}

void mm_perform_show(struct mm_run *run, const struct mm_step *step)
{
    enum mmsim_table table = (enum mmsim_table)step->heap.what;
    if (step->heap.only && run->options->on_step)
        show_lines(run, table, step->heap.only);
    else
        show_table(run, table);
    attach_table(run, table);
}

/* ---- checks ---- */

void mm_perform_heap_check(struct mm_run *run, const struct mm_step *step)
{
    enum mmsim_status status = mmsim_heap_set_checks(run->machine, step->heap.caches,
                                                     (unsigned)step->heap.checks, &run->why);
    run->no_memory |= status == MMSIM_HOST_MEMORY;
    if (status != MMSIM_OK)
        mm_run_errno(run, status == MMSIM_BAD_ARGUMENT ? MMSIM_EINVAL : MMSIM_ENOMEM);
}

/* What it finds is reported. */
void mm_perform_heap_verify(struct mm_run *run, const struct mm_step *step)
{
    (void)step;
    struct mm_figures *figures = &run->outcome.figures;
    (void)mmsim_heap_verify(run->machine);
    mm_figure_set(figures, MM_FIGURE_MISTAKES, figures->values[MM_FIGURE_MISTAKES]);
}

/* ---- leaks ---- */

void mm_perform_leak_scan(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_leak_result found;
    enum mmsim_status status =
        mmsim_leak_scan(run->machine, (enum mmsim_leak_mode)step->heap.what, &found, NULL);
    run->no_memory |= status == MMSIM_HOST_MEMORY;
    if (status != MMSIM_OK) {
        mm_run_errno(run, MMSIM_ENOMEM);
        return;
    }
    struct mm_figures *figures = &run->outcome.figures;
    mm_figure_set(figures, MM_FIGURE_LEAKED, found.n_leaked);
    mm_figure_set(figures, MM_FIGURE_LEAKED_BYTES, found.leaked_bytes);
    mm_figure_set(figures, MM_FIGURE_GROUPS, found.n_groups);
    if (!mmsim_leak_at(run->machine, 0, &run->leak))
        return;
    run->outcome.parts |= MM_HAS_LEAK;
    show_table(run, MMSIM_TABLE_KMEMLEAK);
    attach_table(run, MMSIM_TABLE_KMEMLEAK);
}

void mm_perform_leak_watch(struct mm_run *run, const struct mm_step *step)
{
    enum mmsim_leak_watching what =
        step->heap.stores ? MMSIM_LEAK_WATCH_STORES : MMSIM_LEAK_WATCH_OFF;
    run->no_memory |= mmsim_leak_watch(run->machine, what, NULL) != MMSIM_OK;
}

void mm_perform_leak_mark(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run,
                     mmsim_leak_mark(run->machine, address, (enum mmsim_leak_mark)step->heap.what));
}

void mm_perform_leak_root(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_leak_root(run->machine, address, step->length));
}

/* ---- garbage and failures ---- */

void mm_perform_gc(struct mm_run *run, const struct mm_step *step)
{
    (void)step;
    struct mmsim_gc_result found;
    struct mm_figures *figures = &run->outcome.figures;
    mmsim_gc(run->machine, &found);
    mm_figure_set(figures, MM_FIGURE_FREED, found.n_tables + found.n_slab_frames + found.n_orphans);
    mm_figure_set(figures, MM_FIGURE_TABLES, found.n_tables);
    mm_figure_set(figures, MM_FIGURE_SLABS, found.n_slab_frames);
    mm_figure_set(figures, MM_FIGURE_CACHED, found.n_cached);
    mm_figure_set(figures, MM_FIGURE_ORPHANS, found.n_orphans);
}

void mm_perform_fail(struct mm_run *run, const struct mm_step *step)
{
    enum { BILLIONTHS_OF_A_MILLIONTH = 1000 };
    const struct mm_heap_keys *keys = &step->heap;
    struct mmsim_fail rules = {.nth = keys->nth,
                               .every = keys->every,
                               .per_million = keys->chance / BILLIONTHS_OF_A_MILLIONTH,
                               .min_bytes = keys->min_size,
                               .site = keys->only_site};
    enum mmsim_fail_what what = (enum mmsim_fail_what)keys->what;
    mm_figure_set(&run->outcome.figures, MM_FIGURE_FAILED,
                  mmsim_fail_set(run->machine, what, &rules));
}
