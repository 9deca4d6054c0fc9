/*
 * replay.c - a cell from its beginning: what is checked, and which of the two ways it goes
 * (replay.h).
 */
#include "trace/replay.h"

#include "base/text.h"

/* ---- what can be wrong ---- */

static enum mmsim_status refuse(const struct mm_replay *replay, const char *why)
{
    char policy[160];
    mmsim_policy_describe(replay->cell->choice, policy, sizeof policy);
    return mm_error_set(replay->error, MMSIM_BAD_ARGUMENT, policy, "%s", why);
}

enum mmsim_status mm_replay_no_memory(const struct mm_replay *replay)
{
    return mm_error_set(replay->error, MMSIM_HOST_MEMORY, replay->ops->name,
                        "the host gave no memory for %u frames and %u pages",
                        (unsigned)replay->setup.frames, (unsigned)replay->setup.universe);
}

static enum mmsim_status check(const struct mm_replay *replay)
{
    enum mmsim_status status = mmsim_policy_validate(replay->ops, replay->error);
    if (status != MMSIM_OK)
        return status;
    if (replay->cell->frames == 0 || replay->cell->frames > MMSIM_MAX_PAGES)
        return refuse(replay, "frames: expected 1 to 2^30");
    if (replay->options->warm_up >= replay->n_refs)
        return refuse(replay, "warm_up: it leaves no reference of the trace to count");
    if (replay->options->harvest_interval > 0 && (replay->ops->flags & MMSIM_POLICY_STUDY_ONLY))
        return refuse(replay, "it needs each reference; expected the view `exact`");
    return MMSIM_OK;
}

/* ---- in bulk ---- */

static bool can_go_in_bulk(const struct mm_replay *replay)
{
    const struct mmsim_study_options *options = replay->options;
    return replay->ops->replay && options->harvest_interval == 0 && options->clean_first == 0 &&
           options->refaults == MMSIM_REFAULTS_NOT;
}

/*
 * Where every page that misses is loaded and none leaves before the frames are full, as many are
 * resident as pages have appeared, up to `frames`.
 */
static double mean_resident(const struct mm_replay *replay, uint8_t *seen)
{
    mmsim_page frames = replay->setup.frames, n_pages = 0;
    uint64_t sum = 0;
    size_t i = 0;
    for (; i < replay->n_refs && n_pages < frames; i++) {
        mmsim_page page = mmsim_ref_page(replay->refs[i]);
        n_pages += !seen[page];
        seen[page] = 1;
        sum += i >= replay->n_warm_up ? n_pages : 0;
    }
    size_t from = i > replay->n_warm_up ? i : replay->n_warm_up;
    sum += (uint64_t)n_pages * (replay->n_refs - from);
    return (double)sum / (double)(replay->n_refs - replay->n_warm_up);
}

static enum mmsim_status find_mean_resident(const struct mm_replay *replay)
{
    replay->outcome->mean_resident = -1;
    if (replay->ops->admit || replay->ops->tick || (replay->ops->flags & MMSIM_POLICY_VARIABLE))
        return MMSIM_OK;
    uint8_t *seen = mm_host_alloc(replay->host, replay->setup.universe);
    if (!seen)
        return mm_replay_no_memory(replay);
    replay->outcome->mean_resident = mean_resident(replay, seen);
    mm_host_free(replay->host, seen, replay->setup.universe);
    return MMSIM_OK;
}

static enum mmsim_status replay_in_bulk(struct mm_replay *replay)
{
    size_t n_bytes = replay->ops->state_bytes(&replay->setup);
    struct mmsim_counts ignored = {0}, *counts = &replay->outcome->counts;
    void *state = mm_host_alloc(replay->host, n_bytes);
    if (!state)
        return mm_replay_no_memory(replay);
    replay->ops->init(state, &replay->setup);
    if (replay->n_warm_up > 0)
        replay->ops->replay(state, replay->refs, replay->n_warm_up, &ignored);
    replay->ops->replay(state, replay->refs + replay->n_warm_up, replay->n_refs - replay->n_warm_up,
                        counts);
    mm_host_free(replay->host, state, n_bytes);
    replay->outcome->write_backs = counts->dirty_evictions;
    return MMSIM_OK;
}

/* ---- a cell ---- */

static uint64_t now_ns(const struct mmsim_study_options *options)
{
    return options->clock_ns ? options->clock_ns(options->user) : 0;
}

enum mmsim_status mm_replay_cell(const struct mmsim_study_cell *cell, struct mm_host *host,
                                 struct mmsim_study_outcome *outcome, struct mmsim_error *error)
{
    const struct mmsim_study_options *options = cell->options;
    struct mm_replay replay = {.cell = cell, .options = options, .ops = cell->choice->ops};
    replay.refs = mmsim_trace_refs(cell->trace, &replay.n_refs);
    replay.n_warm_up = (size_t)options->warm_up;
    replay.setup = (struct mmsim_policy_setup){
        .frames = cell->frames,
        .universe = mmsim_trace_pages(cell->trace),
        .seed = options->seed,
        .params = replay.ops->params ? cell->choice->params : NULL,
        .future = replay.refs,
        .n_future = replay.n_refs,
    };
    replay.host = host;
    replay.outcome = outcome;
    replay.error = error;
    enum mmsim_status status = check(&replay);
    if (status != MMSIM_OK)
        return status;
    uint64_t begin_ns = now_ns(options);
    *outcome = (struct mmsim_study_outcome){.n_replayed = replay.n_refs};
    bool bulk = can_go_in_bulk(&replay);
    status = bulk ? replay_in_bulk(&replay) : mm_replay_by_steps(&replay);
    outcome->elapsed_ns = now_ns(options) - begin_ns;
    return bulk && status == MMSIM_OK ? find_mean_resident(&replay) : status;
}
