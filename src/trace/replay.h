/*
 * replay.h - one cell: a policy replays a trace with so many frames.
 *
 * Where nothing else is asked for, the policy does it in bulk; else the protocol of
 * <mmsim/policy.h> is followed call by call (steps.c), which also keeps accessed and dirty bits,
 * writes pages to have them clean, and lets pages leave by themselves. Both count the same.
 */
#ifndef MM_TRACE_REPLAY_H
#define MM_TRACE_REPLAY_H

#include <mmsim/study.h>

#include "base/host.h"

/* What one cell runs on. */
struct mm_replay {
    const struct mmsim_study_cell *cell;
    const struct mmsim_study_options *options;
    const struct mmsim_policy_ops *ops;
    const mmsim_ref *refs;
    size_t n_refs, n_warm_up;
    struct mmsim_policy_setup setup;
    struct mm_host *host;
    struct mmsim_study_outcome *outcome; /* filled in */
    struct mmsim_error *error;           /* may be NULL */
};

/* Runs a cell; `outcome` may be the cell's own. Errors as of mmsim_study_run(). */
enum mmsim_status mm_replay_cell(const struct mmsim_study_cell *cell, struct mm_host *host,
                                 struct mmsim_study_outcome *outcome, struct mmsim_error *error);

/* Call by call, whatever the policy offers (steps.c). */
enum mmsim_status mm_replay_by_steps(struct mm_replay *replay);

enum mmsim_status mm_replay_no_memory(const struct mm_replay *replay);

#endif
