/*
 * parallel.c - the steps of several processes by turns: one stream of steps for each process, round
 * robin in the order in which the file names them first.
 *
 * In its turn a stream does its steps one after the other until it has used up the quantum: a step
 * with references takes one for each of them and is put aside when its stream's turn ends; any
 * other step takes one. A step has its index from its beginning. A stream whose process is still to
 * be made (by a fork in another stream) waits; when nobody else is left it goes on all the same,
 * and its steps fail as those of a dead process do.
 *
 * Invariant: between turns, what run.h keeps of the current step is nobody's; `held` of each stream
 * with a step in progress has what belongs to that.
 */
#include <string.h>

#include "scenario/references.h"
#include "scenario/result.h"
#include "scenario/runner.h"
#include "scenario/stream.h"
#include "scenario/verb.h"

/* What run.h keeps of a step, while others are done. */
struct held {
    uint64_t index;
    struct mm_outcome outcome;
    enum mmsim_access_kind access;
    bool first_time, has_expected_address, has_walk;
    mmsim_vaddr expected_address;
    struct mmsim_walk walk;
    uint64_t n_stale, first_stale;
    struct mm_text stale, details, reports;
};

struct participant {
    struct mm_stream stream;
    const struct mm_step *step; /* in progress; NULL: none */
    struct mm_references references;
    struct held held;
    bool is_over;
    struct participant *next;
};

struct parallel {
    struct mm_run *run;
    const struct mm_step *step;
    bool first_time; /* of the parallel itself */
    struct participant *first;
    struct mmsim_error *error;
};

/* ---- a step is put aside, and taken up again ---- */

static void exchange_bytes(void *a, void *b, size_t n_bytes)
{
    unsigned char *left = a, *right = b, spare[256];
    while (n_bytes > 0) {
        size_t n = n_bytes < sizeof spare ? n_bytes : sizeof spare;
        memcpy(spare, left, n);
        memcpy(left, right, n);
        memcpy(right, spare, n);
        left += n;
        right += n;
        n_bytes -= n;
    }
}

static void exchange(struct mm_run *run, struct held *held)
{
#define EXCHANGE(field) exchange_bytes(&run->field, &held->field, sizeof held->field)
    EXCHANGE(index);
    EXCHANGE(outcome);
    EXCHANGE(access);
    EXCHANGE(first_time);
    EXCHANGE(has_expected_address);
    EXCHANGE(expected_address);
    EXCHANGE(has_walk);
    if (run->has_walk || held->has_walk)
        EXCHANGE(walk);
    EXCHANGE(n_stale);
    EXCHANGE(first_stale);
    EXCHANGE(stale);
    EXCHANGE(details);
    EXCHANGE(reports);
#undef EXCHANGE
}

static void take_up(struct mm_run *run, struct participant *participant)
{
    exchange(run, &participant->held);
    run->why = (struct mmsim_error){.status = MMSIM_OK};
    mmsim_step_resume(run->machine, run->index);
}

/* ---- turns ---- */

static enum mmsim_status finish(struct parallel *parallel, struct participant *participant)
{
    const struct mm_step *step = participant->step;
    mm_references_close(&participant->references);
    participant->step = NULL;
    return mm_step_finish(parallel->run, step, parallel->error);
}

/* The step in progress makes at most `limit` references, and ends if it has no more. */
static enum mmsim_status go_on(struct parallel *parallel, struct participant *participant,
                               uint64_t limit)
{
    struct mm_run *run = parallel->run;
    const struct mm_step *step = participant->step;
    uint64_t before = mmsim_machine_cycles(run->machine);
    mm_step_arm(run, step);
    mm_references_make(run, step, &participant->references, limit);
    mm_step_disarm(run, step);
    mm_step_account(run, before);
    return participant->references.left > 0 ? MMSIM_OK : finish(parallel, participant);
}

/* Begins a step with references. */
static enum mmsim_status begin(struct parallel *parallel, struct participant *participant,
                               const struct mm_step *step)
{
    struct mm_run *run = parallel->run;
    mm_step_start(run, step);
    uint64_t before = mmsim_machine_cycles(run->machine);
    participant->step = step;
    bool opened =
        mm_step_enter(run, step) && mm_references_open(run, step, &participant->references);
    mm_step_account(run, before);
    return opened ? MMSIM_OK : finish(parallel, participant);
}

/* The next step of a stream; *n_used: what it took of the quantum. */
static enum mmsim_status do_next(struct parallel *parallel, struct participant *participant,
                                 uint64_t *n_used)
{
    struct mm_run *run = parallel->run;
    *n_used = 0;
    const struct mm_step *step = mm_stream_next(&participant->stream);
    participant->is_over = step == NULL;
    if (!step || mm_run_is_stopped(run))
        return MMSIM_OK;
    run->first_time = parallel->first_time && mm_stream_is_first_time(&participant->stream);
    if (!step->verb->open) {
        *n_used = 1;
        return mm_step_run(run, step, parallel->error);
    }
    enum mmsim_status status = begin(parallel, participant, step);
    *n_used = participant->step == NULL; /* one that could not begin takes no references */
    return status;
}

static enum mmsim_status take_turn(struct parallel *parallel, struct participant *participant)
{
    struct mm_run *run = parallel->run;
    enum mmsim_status status = MMSIM_OK;
    uint64_t left = parallel->step->quantum;
    if (participant->step)
        take_up(run, participant);
    while (left > 0 && status == MMSIM_OK && !run->stopped && !participant->is_over) {
        uint64_t n_used;
        if (participant->step) {
            uint64_t before = participant->references.left;
            n_used = before < left ? before : left;
            status = go_on(parallel, participant, left);
        } else {
            status = do_next(parallel, participant, &n_used);
        }
        left -= n_used;
    }
    if (participant->step)
        exchange(run, &participant->held);
    return status;
}

/* Load control has it wait: it is passed over while there are others. */
static bool is_suspended(const struct mm_run *run, const struct participant *participant)
{
    const struct mmsim_process *process = run->processes[participant->stream.by];
    return process != NULL && mmsim_process_is_suspended(process);
}

static bool is_made(const struct mm_run *run, const struct participant *participant)
{
    return run->processes[participant->stream.by] != NULL;
}

/* A turn for each stream that is not over and has its process, or is not to wait for it.
 * *n_turns: how many there were. */
static enum mmsim_status take_round(struct parallel *parallel, size_t *n_turns, bool waiting)
{
    struct mm_run *run = parallel->run;
    enum mmsim_status status = MMSIM_OK;
    struct participant *passed_over = NULL;
    *n_turns = 0;
    for (struct participant *participant = parallel->first;
         participant && status == MMSIM_OK && !run->stopped; participant = participant->next) {
        if (participant->is_over || (waiting && !is_made(run, participant)))
            continue;
        if (is_suspended(run, participant)) {
            passed_over = passed_over ? passed_over : participant;
            continue;
        }
        status = take_turn(parallel, participant);
        ++*n_turns;
    }
    if (*n_turns == 0 && passed_over && status == MMSIM_OK && !run->stopped) {
        status = take_turn(parallel, passed_over);
        ++*n_turns;
    }
    return status;
}

static enum mmsim_status take_turns(struct parallel *parallel)
{
    enum mmsim_status status = MMSIM_OK;
    bool waiting = true, more = true;
    while (more && status == MMSIM_OK && !parallel->run->stopped) {
        size_t n_turns;
        status = take_round(parallel, &n_turns, waiting);
        more = n_turns > 0 || waiting; /* nobody: then those who waited in vain */
        waiting = n_turns > 0;
    }
    return status;
}

/* ---- before and after ---- */

static bool add_participant(struct parallel *parallel, uint32_t by)
{
    struct participant **link = &parallel->first;
    while (*link && (*link)->stream.by != by)
        link = &(*link)->next;
    if (*link)
        return true;
    struct mm_host *host = parallel->run->host;
    struct participant *participant = mm_host_alloc(host, sizeof *participant);
    if (!participant)
        return false;
    mm_stream_init(&participant->stream, parallel->step, by);
    mm_text_init(&participant->held.stale, host);
    mm_text_init(&participant->held.details, host);
    mm_text_init(&participant->held.reports, host);
    *link = participant;
    return true;
}

/* One for each process of the steps. Recursion is as deep as repeats are nested. */
static bool add_participants(struct parallel *parallel, const struct mm_step *order)
{
    bool added = true;
    for (size_t i = 0; i < order->n_body && added; i++) {
        const struct mm_step *step = &order->body[i];
        added = step->verb->traits & MM_VERB_ORDERS ? add_participants(parallel, step)
                                                    : add_participant(parallel, step->by);
    }
    return added;
}

/* A run that ends early keeps what steps in progress have done. */
static enum mmsim_status drop_participants(struct parallel *parallel, enum mmsim_status status)
{
    struct mm_run *run = parallel->run;
    for (struct participant *next, *participant = parallel->first; participant;
         participant = next) {
        next = participant->next;
        if (participant->step) {
            take_up(run, participant);
            if (run->no_memory || !mm_result_keep(run->result, run, participant->step))
                status = MMSIM_HOST_MEMORY;
            mm_references_close(&participant->references);
        }
        mm_text_fini(&participant->held.stale);
        mm_text_fini(&participant->held.details);
        mm_text_fini(&participant->held.reports);
        mm_host_free(run->host, participant, sizeof *participant);
    }
    return status;
}

enum mmsim_status mm_run_parallel(struct mm_run *run, const struct mm_step *step,
                                  struct mmsim_error *error)
{
    struct parallel parallel = {
        .run = run, .step = step, .first_time = run->first_time, .error = error};
    enum mmsim_status status = MMSIM_HOST_MEMORY;
    if (add_participants(&parallel, step))
        status = take_turns(&parallel);
    status = drop_participants(&parallel, status);
    run->first_time = parallel.first_time;
    return status == MMSIM_HOST_MEMORY ? mm_run_no_memory(run, error) : status;
}
