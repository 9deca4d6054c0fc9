/* result.c - keeping what happened, and the questions that the public API answers about it. */
#include "scenario/result.h"

#include <stdio.h>
#include <string.h>

#include "scenario/load.h"
#include "scenario/verb.h"

enum { FIRST_ROWS = 64 };

void *mm_rows_add(struct mm_rows *rows, size_t row_bytes, struct mm_host *host)
{
    if (rows->n == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? FIRST_ROWS : rows->capacity * 2;
        void *data =
            mm_host_resize(host, rows->data, rows->capacity * row_bytes, capacity * row_bytes);
        if (!data)
            return NULL;
        rows->data = data;
        rows->capacity = capacity;
    }
    return memset((char *)rows->data + rows->n++ * row_bytes, 0, row_bytes);
}

static void rows_fini(struct mm_rows *rows, size_t row_bytes, struct mm_host *host)
{
    mm_host_free(host, rows->data, rows->capacity * row_bytes);
}

static bool keep_faults(struct mmsim_result *result, const struct mm_outcome *outcome)
{
    for (unsigned i = 0; i < outcome->n_kept; i++) {
        struct mm_fault_note *note = mm_rows_add(&result->faults, sizeof *note, &result->host);
        if (!note)
            return false;
        *note = outcome->faults[i];
    }
    return true;
}

static bool keep_bytes(struct mmsim_result *result, const struct mm_run *run)
{
    for (size_t i = 0; i < run->bytes.n_bytes; i++) {
        uint8_t *byte = mm_rows_add(&result->bytes, 1, &result->host);
        if (!byte)
            return false;
        *byte = (uint8_t)run->bytes.data[i];
    }
    return true;
}

/* How many figures the outcome has; -1: no host memory. */
static int keep_figures(struct mmsim_result *result, const struct mm_figures *figures)
{
    int n = 0;
    for (unsigned i = 0; i < MM_N_FIGURES; i++) {
        if (!mm_figure_is_given(figures, (enum mm_figure)i))
            continue;
        struct mm_figure_note *note = mm_rows_add(&result->figures, sizeof *note, &result->host);
        if (!note)
            return -1;
        *note = (struct mm_figure_note){(enum mm_figure)i, figures->values[i]};
        n++;
    }
    return n;
}

static uint64_t value_of(const struct mmsim_result *result, const struct mm_outcome *outcome)
{
    if (outcome->parts & MM_HAS_BYTES)
        return result->bytes.n;
    return outcome->parts & MM_HAS_WALK ? outcome->physical : outcome->value;
}

bool mm_result_begin(struct mmsim_result *result)
{
    return mm_rows_add(&result->records, sizeof(struct mm_record), &result->host) != NULL;
}

bool mm_result_keep(struct mmsim_result *result, const struct mm_run *run,
                    const struct mm_step *step)
{
    const struct mm_outcome *outcome = &run->outcome;
    uint32_t first_figure = (uint32_t)result->figures.n;
    int n_figures = keep_figures(result, &outcome->figures);
    if (n_figures < 0)
        return false;
    struct mm_record *records = result->records.data;
    records[run->index] = (struct mm_record){
        .step = step,
        .value = value_of(result, outcome),
        .address = outcome->address,
        .cycles = outcome->cycles,
        .first_fault = result->faults.n,
        .n_faults = outcome->n_faults > UINT32_MAX ? UINT32_MAX : (uint32_t)outcome->n_faults,
        .first_figure = first_figure,
        .n_figures = (uint8_t)n_figures,
        .parts = (uint16_t)outcome->parts,
        .n_kept = (uint8_t)outcome->n_kept,
        .outcome = (uint8_t)outcome->outcome,
        .error = (uint8_t)outcome->error,
        .signal = (uint8_t)outcome->signal,
        .code = (uint8_t)outcome->code,
        .cpu = outcome->has_cpu ? (uint8_t)outcome->cpu : (uint8_t)MM_RECORD_NO_CPU,
    };
    bool bytes = (outcome->parts & MM_HAS_BYTES) != 0;
    return keep_faults(result, outcome) && (!bytes || keep_bytes(result, run));
}

bool mm_result_kill(struct mmsim_result *result, uint64_t index, const struct mmsim_event *event)
{
    struct mm_kill *kept = mm_rows_add(&result->kills, sizeof *kept, &result->host);
    if (kept)
        *kept = (struct mm_kill){index, event->name, event->value, event->site};
    return kept != NULL;
}

bool mm_result_attach(struct mmsim_result *result, const struct mm_attachment *attachment)
{
    if (result->attached.n >= MM_ATTACHMENTS_KEPT)
        return true;
    struct mm_attachment *kept = mm_rows_add(&result->attached, sizeof *kept, &result->host);
    if (!kept)
        return false;
    struct mm_attachment *first = result->attached.data;
    for (; kept > first && kept[-1].index > attachment->index; kept--)
        *kept = kept[-1]; /* a step that began later has ended before this one */
    *kept = *attachment;
    kept->json = mm_arena_copy(&result->arena, attachment->json, strlen(attachment->json));
    return !result->arena.failed;
}

bool mm_result_fail(struct mmsim_result *result, const struct mm_failure *failure)
{
    struct mm_failure *kept = mm_rows_add(&result->failures, sizeof *kept, &result->host);
    if (!kept)
        return false;
    struct mm_arena *arena = &result->arena;
    *kept = *failure;
    kept->expected = mm_arena_copy(arena, failure->expected, strlen(failure->expected));
    kept->actual = mm_arena_copy(arena, failure->actual, strlen(failure->actual));
    kept->message = mm_arena_copy(arena, failure->message, strlen(failure->message));
    return !arena->failed;
}

void mm_result_print_stale(const struct mmsim_result *result, const struct mmsim_stale *stale,
                           void (*print)(const struct mmsim_stale *stale, const char *call,
                                         const struct mmsim_sink *sink),
                           const struct mmsim_sink *sink)
{
    const struct mm_record *records = result->records.data;
    char call[128];
    const struct mm_step *step =
        stale->change.step < result->records.n ? records[stale->change.step].step : NULL;
    if (!step) { /* one that has not ended, or before the first */
        print(stale, NULL, sink);
        return;
    }
    const char *by = step->by == MM_NO_NAME ? "" : result->scenario->names.rows[step->by].text;
    (void)snprintf(call, sizeof call, "%s%s%s", step->verb->info.name, *by ? " by " : "", by);
    print(stale, call, sink);
}

/* A process that could not be made has its paths too, so that readers find what they expect: all 0.
 */
static bool take_unborn(struct mmsim_result *result)
{
    const struct mm_names *names = &result->scenario->names;
    for (uint32_t i = MM_NAME_KERNEL + 1; i < names->n; i++) {
        const struct mm_name *name = &names->rows[i];
        if (name->kind != MM_NAME_PROCESS || mmsim_process_find(result->machine, name->text))
            continue;
        struct mm_process_record *record =
            mm_rows_add(&result->processes, sizeof *record, &result->host);
        if (!record)
            return false;
        record->name = name->text;
    }
    return true;
}

bool mm_result_take_stats(struct mmsim_result *result)
{
    mmsim_machine_stats(result->machine, &result->stats);
    result->processes.n = 0;
    const struct mmsim_process *process;
    for (size_t i = 0; (process = mmsim_process_at(result->machine, i)) != NULL; i++) {
        struct mm_process_record *record =
            mm_rows_add(&result->processes, sizeof *record, &result->host);
        if (!record)
            return false;
        record->name = mmsim_process_name(process);
        mmsim_process_get_stats(process, &record->stats);
    }
    return take_unborn(result);
}

/* ---- the public calls ---- */

void mmsim_result_destroy(struct mmsim_result *result)
{
    if (!result)
        return;
    struct mm_host *host = &result->host;
    mmsim_machine_destroy(result->machine);
    mm_arena_fini(&result->arena);
    rows_fini(&result->records, sizeof(struct mm_record), host);
    rows_fini(&result->faults, sizeof(struct mm_fault_note), host);
    rows_fini(&result->bytes, 1, host);
    rows_fini(&result->figures, sizeof(struct mm_figure_note), host);
    rows_fini(&result->attached, sizeof(struct mm_attachment), host);
    rows_fini(&result->failures, sizeof(struct mm_failure), host);
    rows_fini(&result->kills, sizeof(struct mm_kill), host);
    rows_fini(&result->processes, sizeof(struct mm_process_record), host);
    mm_host_free(host, result->bindings, result->n_bindings * sizeof *result->bindings);
    struct mm_host last;
    mm_host_init(&last, &host->allocator);
    last.n_blocks = 1;
    mm_host_free(&last, result, sizeof *result);
}

bool mmsim_result_passed(const struct mmsim_result *result)
{
    return result->failures.n == 0;
}

size_t mmsim_result_n_steps(const struct mmsim_result *result)
{
    return result->records.n;
}

size_t mmsim_result_n_failures(const struct mmsim_result *result)
{
    return result->failures.n;
}

struct mmsim_machine *mmsim_result_machine(const struct mmsim_result *result)
{
    return result->machine;
}

static uint64_t count_steps(const struct mm_step *steps, size_t n)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct mm_step *step = &steps[i];
        bool is_order = (step->verb->traits & MM_VERB_ORDERS) != 0;
        count += is_order ? step->times * count_steps(step->body, step->n_body) : 1;
    }
    return count;
}

/* The first of a list's steps that binds a name; *index grows by the steps executed before it. The
 * turns of a parallel are known only when it runs: there it grows by all of them but one. */
static const struct mm_step *find_binding(const struct mm_step *steps, size_t n, uint32_t name,
                                          uint64_t *index)
{
    for (size_t i = 0; i < n; i++) {
        const struct mm_step *step = &steps[i];
        if ((step->verb->traits & MM_VERB_ORDERS) == 0) {
            if (step->name == name)
                return step;
            (*index)++;
            continue;
        }
        uint64_t before = *index;
        const struct mm_step *found = find_binding(step->body, step->n_body, name, index);
        if (found && step->verb->traits & MM_VERB_INTERLEAVES)
            *index = before + count_steps(step->body, step->n_body) - 1;
        if (found)
            return found;
        *index = before + (*index - before) * step->times;
    }
    return NULL;
}

bool mmsim_scenario_binding(const struct mmsim_scenario *scenario, const char *name,
                            uint64_t *index, unsigned *line)
{
    uint32_t number = mm_names_find(&scenario->names, name);
    *index = 0;
    const struct mm_step *step =
        number == MM_NO_NAME || scenario->names.rows[number].kind != MM_NAME_ADDRESS
            ? NULL
            : find_binding(scenario->steps.steps, scenario->steps.n, number, index);
    if (step)
        *line = step->line;
    return step != NULL;
}

bool mmsim_result_address(const struct mmsim_result *result, const char *name, mmsim_vaddr *address)
{
    uint32_t number = mm_names_find(&result->scenario->names, name);
    if (number == MM_NO_NAME || !result->bindings[number].bound)
        return false;
    *address = result->bindings[number].address;
    return true;
}
