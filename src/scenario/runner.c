/*
 * runner.c - runs a loaded scenario: builds its machine, performs its steps, judges and keeps them.
 *
 * One step:
 *
 *   mmsim_step_begin -> the process runs on its CPU -> perform -> judge -> mmsim_step_end -> keep
 *
 * parallel.c takes the same parts (runner.h), with other steps between a step's beginning and end.
 *
 * The run ends early when the invariant checker finds a violation or the host gives no memory. At
 * the end the statistics are taken, then every process is exited, and then every frame must be
 * accounted for.
 */
#include <string.h>

#include "scenario/load.h"
#include "scenario/result.h"
#include "scenario/runner.h"
#include "scenario/verb.h"

/* ---- faults of the current step ---- */

/* The kind of access that a refused one was, as its error code tells. */
static enum mmsim_access_kind kind_of_refused(const struct mm_run *run, uint32_t error)
{
    char code[MMSIM_ERROR_CODE_CHARS];
    mmsim_error_code_text(run->machine, error, code);
    return strchr(code, 'W') ? MMSIM_ACCESS_WRITE : run->access;
}

/* The tables of a process that dies are gone when its step ends: explain the refusal at once. */
static void explain_refusal(struct mm_run *run, const struct mmsim_event *event)
{
    bool by_kernel = event->process == 0; /* its events carry no name */
    struct mmsim_process *process =
        by_kernel ? mmsim_kernel(run->machine) : mmsim_process_find(run->machine, event->name);
    bool refused = event->fault == MMSIM_FAULT_PROTECTION || event->fault == MMSIM_FAULT_PKEY;
    if (!refused || run->has_walk || !run->options->on_step || !process)
        return;
    mmsim_explain(process, event->address, kind_of_refused(run, event->error), &run->walk);
    run->has_walk = true;
}

static void note_kill(struct mm_run *run, const struct mmsim_event *event)
{
    if (run->outcome.n_killed++ == 0) {
        run->outcome.killed = event->name;
        run->outcome.why_killed = event->site;
        run->outcome.n_resident = event->value;
    }
    if (!mm_result_kill(run->result, run->index, event))
        run->no_memory = true;
}

static void on_event(void *user, const struct mmsim_event *event)
{
    struct mm_run *run = ((struct mmsim_result *)user)->run;
    if (!run)
        return;
    struct mm_outcome *outcome = &run->outcome;
    if (event->type == MMSIM_EVENT_OOM) {
        note_kill(run, event);
        return;
    }
    outcome->n_faults++;
    if ((unsigned)event->fault < MMSIM_N_FAULT_KINDS)
        outcome->n_by_kind[event->fault]++;
    if (outcome->n_kept < MM_FAULTS_KEPT)
        outcome->faults[outcome->n_kept++] = (struct mm_fault_note){
            .address = event->address,
            .error = event->error,
            .kind = (uint8_t)event->fault,
            .reused = event->reused,
        };
    explain_refusal(run, event);
}

/* ---- one step ---- */

static bool is_dead(const struct mm_run *run, const struct mm_step *step)
{
    if ((step->verb->traits & MM_VERB_ACTS) == 0 || step->by == MM_NAME_KERNEL)
        return false;
    const struct mmsim_process *process = mm_run_actor(run, step);
    return !process || !mmsim_process_alive(process);
}

bool mm_step_enter(struct mm_run *run, const struct mm_step *step)
{
    if (is_dead(run, step)) {
        mm_run_errno(run, MMSIM_ESRCH);
        bool maps = step->verb->perform == mm_perform_mmap || step->trace;
        if (maps && step->name != MM_NO_NAME)
            run->bindings[step->name].bound = false;
        return false;
    }
    struct mmsim_process *process = mm_run_actor(run, step);
    if (process && step->on != MM_NO_CPU)
        mm_run_errno(run, mmsim_run_on(process, (unsigned)step->on));
    return run->outcome.outcome == MMSIM_DONE;
}

void mm_step_arm(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_process *process = mm_run_actor(run, step);
    if (process && step->survive)
        mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_kernel_at(run->machine, step->site);
}

void mm_step_disarm(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_process *process = mm_run_actor(run, step);
    mmsim_kernel_at(run->machine, NULL);
    if (process && step->survive)
        mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_DIE);
}

/* Lines on what the TLB sanitizer found since the last step, up to n_stale reports in all. */
static void tell_stale(struct mm_run *run, uint64_t n_stale)
{
    struct mmsim_stale stale;
    struct mmsim_sink sink = mm_text_sink(&run->stale);
    for (uint64_t i = run->n_stale_told; i < n_stale; i++)
        if (mmsim_stale_get(run->machine, (size_t)i, &stale))
            mm_result_print_stale(run->result, &stale, mmsim_stale_print, &sink);
}

void mm_step_account(struct mm_run *run, uint64_t cycles_before)
{
    struct mmsim_sanitizer_counts counts;
    run->outcome.cycles += mmsim_machine_cycles(run->machine) - cycles_before;
    (void)mmsim_sanitizer_get_counts(run->machine, &counts);
    if (counts.n_stale == run->n_stale_told)
        return;
    if (run->n_stale == 0)
        run->first_stale = run->n_stale_told;
    run->n_stale += counts.n_stale - run->n_stale_told;
    if (run->options->on_step)
        tell_stale(run, counts.n_stale);
    run->n_stale_told = counts.n_stale;
}

/* Each step in which a stale translation was used has failed, unless it failed anyway. */
static bool judge_stale(struct mm_run *run, bool failed)
{
    struct mmsim_stale stale;
    if (run->n_stale == 0 || failed)
        return failed;
    struct mmsim_sink sink = mm_text_sink(&run->message);
    mm_text_puts(&run->expected, "no stale translation is used");
    mm_text_printf(&run->actual, "%llu used", (unsigned long long)run->n_stale);
    if (mmsim_stale_get(run->machine, (size_t)run->first_stale, &stale))
        mm_result_print_stale(run->result, &stale, mmsim_stale_print_line, &sink);
    else
        mm_text_puts(&run->message, "more stale translations than reports are kept of");
    return true;
}

static void report(struct mm_run *run, const struct mm_step *step, bool failed)
{
    if (!run->options->on_step)
        return;
    mm_run_tell(run, step);
    bool notable = (step->verb->traits & MM_VERB_TELLS) || run->outcome.n_faults > 0 ||
                   run->outcome.outcome != MMSIM_DONE || step->expect.given != 0 ||
                   run->outcome.n_killed > 0 || run->details.n_bytes > 0;
    struct mmsim_step_report report = {
        .index = run->index,
        .line = step->line,
        .verb = step->verb->info.name,
        .by = step->by == MM_NO_NAME ? NULL : run->scenario->names.rows[step->by].text,
        .label = step->label,
        .text = mm_text_string(&run->line),
        .matters = failed || (notable && run->first_time),
        .failed = failed,
        .failure = failed ? mm_text_string(&run->message) : NULL,
        .walk = run->has_walk ? &run->walk : NULL,
        .n_faults = run->outcome.n_faults,
        .cycles = run->outcome.cycles,
        .stale = run->stale.n_bytes > 0 ? mm_text_string(&run->stale) : NULL,
        .details = run->details.n_bytes > 0 ? mm_text_string(&run->details) : NULL,
    };
    run->options->on_step(run->options->user, &report);
}

static bool attach_reports(struct mm_run *run)
{
    if (run->reports.n_bytes == 0)
        return true;
    struct mm_text list;
    mm_text_init(&list, run->host);
    mm_text_printf(&list, "[");
    mm_text_puts(&list, mm_text_string(&run->reports));
    mm_text_puts(&list, "]");
    struct mm_attachment reports = {run->index, "reports", mm_text_string(&list)};
    bool kept = !list.failed && mm_result_attach(run->result, &reports);
    mm_text_fini(&list);
    return kept;
}

static bool keep(struct mm_run *run, const struct mm_step *step, bool failed)
{
    bool complete = !run->line.failed && !run->expected.failed && !run->actual.failed &&
                    !run->message.failed && !run->stale.failed && !run->details.failed &&
                    !run->reports.failed && !run->no_memory;
    if (!complete || !attach_reports(run) || !mm_result_keep(run->result, run, step))
        return false;
    struct mm_failure failure = {.index = run->index,
                                 .line = step->line,
                                 .expected = mm_text_string(&run->expected),
                                 .actual = mm_text_string(&run->actual),
                                 .message = mm_text_string(&run->message),
                                 .of_step = true};
    return !failed || mm_result_fail(run->result, &failure);
}

enum mmsim_status mm_run_no_memory(const struct mm_run *run, struct mmsim_error *error)
{
    return mm_error_set(error, MMSIM_HOST_MEMORY, run->scenario->file,
                        "no memory to run the scenario");
}

/* A violation is a failure of the step after which it was found. */
static enum mmsim_status violated(struct mm_run *run, unsigned line,
                                  const struct mmsim_error *error)
{
    struct mm_failure failure = {.index = run->index,
                                 .line = line,
                                 .expected = "every invariant holds",
                                 .actual = error->text,
                                 .message = error->text};
    if (!mm_result_fail(run->result, &failure))
        return MMSIM_HOST_MEMORY;
    return MMSIM_INVARIANT;
}

/* The CPU of whoever acted, or was made. */
static void note_cpu(struct mm_run *run, const struct mm_step *step)
{
    uint32_t name = step->verb->perform == mm_perform_spawn ? step->name : step->by;
    const struct mmsim_process *process = name == MM_NO_NAME ? NULL : run->processes[name];
    run->outcome.has_cpu = process != NULL;
    run->outcome.cpu = process ? mmsim_process_cpu(process) : 0;
}

void mm_step_start(struct mm_run *run, const struct mm_step *step)
{
    memset(&run->outcome, 0, sizeof run->outcome);
    run->why = (struct mmsim_error){.status = MMSIM_OK};
    mm_text_clear(&run->bytes);
    mm_text_clear(&run->stale);
    run->n_stale = 0;
    mm_run_forget_reports(run);
    run->has_walk = false;
    run->access = MMSIM_ACCESS_READ;
    run->has_expected_address = (step->expect.given & MM_EXPECT_ADDRESS) != 0 &&
                                mm_run_resolve(run, &step->expect.address, &run->expected_address);
    run->index = mmsim_step_begin(run->machine);
    run->no_memory |= !mm_result_begin(run->result);
}

enum mmsim_status mm_step_finish(struct mm_run *run, const struct mm_step *step,
                                 struct mmsim_error *error)
{
    uint64_t before = mmsim_machine_cycles(run->machine);
    mm_run_collect(run);
    note_cpu(run, step);
    mm_step_account(run, before);
    bool failed = judge_stale(run, !mm_run_judge(run, step));
    struct mmsim_error found = {.status = MMSIM_OK};
    enum mmsim_status status = mmsim_step_end(run->machine, &found);
    if (!run->no_memory)
        report(run, step, failed);
    if (!keep(run, step, failed))
        return mm_run_no_memory(run, error);
    if (status == MMSIM_OK)
        return MMSIM_OK;
    if (error)
        *error = found;
    return status == MMSIM_INVARIANT ? violated(run, step->line, &found) : status;
}

enum mmsim_status mm_step_run(struct mm_run *run, const struct mm_step *step,
                              struct mmsim_error *error)
{
    mm_step_start(run, step);
    uint64_t before = mmsim_machine_cycles(run->machine);
    if (mm_step_enter(run, step)) {
        mm_step_arm(run, step);
        step->verb->perform(run, step);
        mm_step_disarm(run, step);
    }
    mm_step_account(run, before);
    return mm_step_finish(run, step, error);
}

/* ---- lists of steps ---- */

bool mm_run_is_stopped(struct mm_run *run)
{
    run->stopped |= run->options->stop_after && run->result->records.n >= run->options->stop_step;
    return run->stopped;
}

static enum mmsim_status run_list(struct mm_run *run, const struct mm_step *steps, size_t n,
                                  struct mmsim_error *error);

static enum mmsim_status run_repeat(struct mm_run *run, const struct mm_step *step,
                                    struct mmsim_error *error)
{
    bool outer_first = run->first_time;
    enum mmsim_status status = MMSIM_OK;
    for (uint64_t turn = 0; turn < step->times && status == MMSIM_OK && !run->stopped; turn++) {
        run->first_time = outer_first && turn == 0;
        status = run_list(run, step->body, step->n_body, error);
    }
    run->first_time = outer_first;
    return status;
}

/* Recursion is as deep as repeats are nested: bounded by the depth of a file's nodes. */
static enum mmsim_status run_list(struct mm_run *run, const struct mm_step *steps, size_t n,
                                  struct mmsim_error *error)
{
    enum mmsim_status status = MMSIM_OK;
    for (size_t i = 0; i < n && status == MMSIM_OK && !mm_run_is_stopped(run); i++) {
        unsigned traits = steps[i].verb->traits;
        if (traits & MM_VERB_INTERLEAVES)
            status = mm_run_parallel(run, &steps[i], error);
        else if (traits & MM_VERB_ORDERS)
            status = run_repeat(run, &steps[i], error);
        else
            status = mm_step_run(run, &steps[i], error);
    }
    return status;
}

/* ---- before and after ---- */

/* A device's name means its address from the start. */
static void bind_devices(struct mm_run *run)
{
    const struct mmsim_config *config = &run->scenario->config;
    for (size_t i = 0; i < config->n_mmio; i++) {
        const struct mmsim_mmio_window *window = &config->mmio[i];
        uint32_t name = mm_names_find(&run->scenario->names, window->name);
        run->bindings[name] = (struct mm_binding){true, window->at, window->size};
    }
}

static enum mmsim_status build(struct mm_run *run, struct mmsim_error *error)
{
    struct mmsim_config config = run->scenario->config;
    config.check = run->options->check;
    config.sanitize_tlb |= run->options->sanitize_tlb;
    config.allocator = &run->host->allocator;
    enum mmsim_status status = mmsim_machine_create(&config, &run->machine, error);
    run->result->machine = run->machine;
    if (status != MMSIM_OK)
        return status;
    uint32_t n = run->scenario->names.n;
    run->processes = mm_host_alloc(run->host, n * sizeof *run->processes);
    run->bindings = mm_host_alloc(run->host, n * sizeof *run->bindings);
    run->groups = mm_host_alloc(run->host, n * sizeof *run->groups);
    run->things = mm_host_alloc(run->host, (run->scenario->things.n + 1) * sizeof *run->things);
    run->batch = mm_host_alloc(run->host, MM_BATCH * sizeof *run->batch);
    run->result->bindings = run->bindings;
    run->result->n_bindings = n;
    if (!run->processes || !run->bindings || !run->batch || !run->groups || !run->things)
        return mm_run_no_memory(run, error);
    run->processes[MM_NAME_KERNEL] = mmsim_kernel(run->machine);
    bind_devices(run);
    if (!mm_run_make_files(run))
        return mm_error_set(error, MMSIM_GUEST_MEMORY, "files",
                            "the disk or the memory is too small for the scenario's files");
    (void)mmsim_listen(run->machine,
                       MMSIM_EVENT_BIT(MMSIM_EVENT_FAULT) | MMSIM_EVENT_BIT(MMSIM_EVENT_OOM),
                       on_event, run->result);
    mm_run_watch_heap(run);
    if (run->options->on_machine)
        run->options->on_machine(run->options->user, run->machine);
    return MMSIM_OK;
}

static enum mmsim_status spawn_given(struct mm_run *run, struct mmsim_error *error)
{
    for (size_t i = 0; i < run->scenario->n_processes; i++) {
        const struct mm_given_process *given = &run->scenario->processes[i];
        const char *name = run->scenario->names.rows[given->name].text;
        struct mmsim_error why = {.status = MMSIM_OK};
        enum mmsim_status status =
            mmsim_spawn(run->machine, name, &run->processes[given->name], &why);
        if (status == MMSIM_OK) {
            mmsim_process_limit_frames(run->processes[given->name], given->frames);
            continue;
        }
        run->processes[given->name] = NULL;
        struct mm_failure failure = {.line = given->line,
                                     .expected = "a process is made",
                                     .actual = "the machine has no memory for it",
                                     .message = why.text};
        if (status == MMSIM_HOST_MEMORY || !mm_result_fail(run->result, &failure))
            return mm_run_no_memory(run, error);
    }
    return MMSIM_OK;
}

/* A mistake in the heap that came to light before the first step or after the last one. */
static bool judge_outside(struct mm_run *run)
{
    uint64_t n = run->outcome.figures.values[MM_FIGURE_MISTAKES];
    if (n == 0)
        return true;
    struct mm_failure failure = {.index = run->index,
                                 .expected = "mistake none",
                                 .actual = mmsim_heap_mistake_name(run->outcome.mistake),
                                 .message = mmsim_heap_mistake_meaning(run->outcome.mistake)};
    bool kept = mm_result_fail(run->result, &failure);
    memset(&run->outcome.figures, 0, sizeof run->outcome.figures);
    return kept;
}

/* Exits whoever lives; then nothing of theirs may be left. */
static enum mmsim_status settle(struct mm_run *run, struct mmsim_error *error)
{
    memset(&run->outcome.figures, 0, sizeof run->outcome.figures);
    struct mmsim_process *process;
    for (size_t i = 0; (process = mmsim_process_at(run->machine, i)) != NULL; i++)
        if (mmsim_process_alive(process))
            (void)mmsim_exit(process, 0);
    if (!judge_outside(run))
        return mm_run_no_memory(run, error);
    if (run->options->check == MMSIM_CHECK_OFF)
        return MMSIM_OK;
    struct mmsim_error found = {.status = MMSIM_OK};
    enum mmsim_status status = mmsim_machine_check(run->machine, &found);
    struct mmsim_stats stats;
    mmsim_machine_stats(run->machine, &stats);
    if (status == MMSIM_OK && stats.memory.user != stats.memory.files)
        status = mm_error_set(&found, MMSIM_INVARIANT, "",
                              "%llu frames still hold pages of processes after the last exit",
                              (unsigned long long)stats.memory.user);
    if (status == MMSIM_OK)
        return MMSIM_OK;
    if (error)
        *error = found;
    return status == MMSIM_INVARIANT ? violated(run, 0, &found) : status;
}

static enum mmsim_status run_whole(struct mm_run *run, struct mmsim_error *error)
{
    const struct mmsim_run_options *options = run->options;
    enum mmsim_status status = build(run, error);
    if (status == MMSIM_OK)
        status = spawn_given(run, error);
    if (status == MMSIM_OK && !judge_outside(run))
        status = mm_run_no_memory(run, error);
    if (status == MMSIM_OK)
        status = run_list(run, run->scenario->steps.steps, run->scenario->steps.n, error);
    if (status != MMSIM_OK && status != MMSIM_INVARIANT)
        return status;
    if (!mm_result_take_stats(run->result))
        return mm_run_no_memory(run, error);
    return status == MMSIM_OK && !options->stop_after ? settle(run, error) : status;
}

static void run_init(struct mm_run *run, struct mmsim_result *result,
                     const struct mmsim_scenario *scenario, const struct mmsim_run_options *options)
{
    memset(run, 0, sizeof *run);
    run->scenario = scenario;
    run->options = options;
    run->result = result;
    result->run = run;
    run->host = &result->host;
    run->first_time = true;
    mm_text_init(&run->bytes, run->host);
    mm_text_init(&run->line, run->host);
    mm_text_init(&run->expected, run->host);
    mm_text_init(&run->actual, run->host);
    mm_text_init(&run->message, run->host);
    mm_text_init(&run->stale, run->host);
    mm_text_init(&run->details, run->host);
    mm_text_init(&run->reports, run->host);
}

static void run_fini(struct mm_run *run)
{
    uint32_t n_names = run->scenario->names.n;
    run->result->run = NULL;
    if (run->machine)
        mmsim_heap_listen(run->machine, NULL, NULL);
    for (uint32_t i = 0; run->groups && i < n_names; i++)
        mm_host_free(run->host, run->groups[i].addresses,
                     run->groups[i].capacity * sizeof *run->groups[i].addresses);
    mm_host_free(run->host, run->groups, n_names * sizeof *run->groups);
    mm_host_free(run->host, run->things, (run->scenario->things.n + 1) * sizeof *run->things);
    mm_text_fini(&run->details);
    mm_text_fini(&run->reports);
    mm_text_fini(&run->bytes);
    mm_text_fini(&run->line);
    mm_text_fini(&run->expected);
    mm_text_fini(&run->actual);
    mm_text_fini(&run->message);
    mm_text_fini(&run->stale);
    mm_host_free(run->host, run->processes, run->scenario->names.n * sizeof *run->processes);
    mm_host_free(run->host, run->batch, MM_BATCH * sizeof *run->batch);
}

static struct mmsim_run_options whole_options(const struct mmsim_run_options *given)
{
    struct mmsim_run_options options;
    mmsim_run_options_init(&options);
    if (given)
        memcpy(&options, given,
               given->struct_bytes < sizeof options ? given->struct_bytes : sizeof options);
    return options;
}

enum mmsim_status mmsim_scenario_run(const struct mmsim_scenario *scenario,
                                     const struct mmsim_run_options *given,
                                     struct mmsim_result **result, struct mmsim_error *error)
{
    struct mmsim_run_options options = whole_options(given);
    struct mm_host host;
    mm_host_init(&host, &scenario->host.allocator);
    *result = NULL;
    struct mmsim_result *made = mm_host_alloc(&host, sizeof *made);
    struct mm_run *run = mm_host_alloc(&host, sizeof *run);
    enum mmsim_status status = MMSIM_HOST_MEMORY;
    if (made && run) {
        mm_host_init(&made->host, &scenario->host.allocator);
        mm_arena_init(&made->arena, &made->host);
        made->scenario = scenario;
        made->told = options.on_step != NULL;
        run_init(run, made, scenario, &options);
        status = run_whole(run, error);
        run_fini(run);
    } else {
        (void)mm_error_set(error, status, scenario->file, "no memory to run the scenario");
    }
    mm_host_free(&host, run, sizeof *run);
    if (status == MMSIM_OK || status == MMSIM_INVARIANT)
        *result = made;
    else if (made && made->scenario)
        mmsim_result_destroy(made);
    else
        mm_host_free(&host, made, sizeof *made);
    return status;
}
