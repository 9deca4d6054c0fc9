/*
 * heap_watch.c - what the heap reports while a step runs: its users' mistakes, and what periodic
 * collection of garbage finds.
 *
 * A mistake belongs to the step during which it was found, whoever made it and when; its report
 * names both. A step with a mistake that it does not expect has failed (judge.c).
 */
#include "scenario/load.h"
#include "scenario/result.h"

void mm_run_trim(struct mm_text *text)
{
    while (text->n_bytes > 0 && text->data[text->n_bytes - 1] == '\n')
        text->data[--text->n_bytes] = '\0';
}

void mm_run_attach(struct mm_run *run, const char *key, const struct mm_text *json)
{
    const char *value = json->n_bytes > 0 ? mm_text_string(json) : "null";
    struct mm_attachment attachment = {run->index, key, value};
    run->no_memory |= json->failed || !mm_result_attach(run->result, &attachment);
}

static void on_mistake(void *user, const struct mmsim_heap_report *report)
{
    struct mm_run *run = user;
    struct mm_figures *figures = &run->outcome.figures;
    uint64_t n = figures->values[MM_FIGURE_MISTAKES];
    mm_figure_set(figures, MM_FIGURE_MISTAKES, n + 1);
    if (n == 0) {
        run->outcome.mistake = report->mistake;
        run->outcome.mistaken = report->address;
    }
    if (n >= MM_REPORTS_KEPT)
        return;
    struct mmsim_sink details = mm_text_sink(&run->details), json = mm_text_sink(&run->reports);
    if (run->options->on_step)
        mmsim_heap_report_print(report, &details);
    mm_text_puts(&run->reports, n > 0 ? "," : "");
    mmsim_heap_report_json(report, &json);
    mm_run_trim(&run->reports);
}

void mm_run_watch_heap(struct mm_run *run)
{
    mmsim_heap_listen(run->machine, on_mistake, run);
}

void mm_run_forget_reports(struct mm_run *run)
{
    mm_text_clear(&run->details);
    mm_text_clear(&run->reports);
}

void mm_run_collect(struct mm_run *run)
{
    uint64_t every = run->scenario->gc_every;
    if (every == 0 || (run->index + 1) % every != 0)
        return;
    struct mmsim_gc_result found;
    mmsim_gc(run->machine, &found);
    if (found.n_orphans > 0)
        mm_figure_set(&run->outcome.figures, MM_FIGURE_ORPHANS,
                      run->outcome.figures.values[MM_FIGURE_ORPHANS] + found.n_orphans);
}
