/*
 * references.h - where the references of a step come from, and how far it is with them.
 *
 * A verb that makes many references opens such a source; the references are then made some at a
 * time: all at once by the verb's perform function, or a quantum now and then by parallel.c.
 *
 * Invariant: what is referenced depends on the step alone, not on how it is cut.
 */
#ifndef MM_SCENARIO_REFERENCES_H
#define MM_SCENARIO_REFERENCES_H

#include <mmsim/policy.h>

#include "scenario/run.h"
#include "trace/pattern.h"

struct mm_references {
    /* Makes the next n of them, at most `left`. */
    void (*fill)(struct mm_references *references, struct mmsim_reference *batch, size_t n);
    /* Puts figures of what the step has come to so far into the outcome. NULL: it has none. */
    void (*count)(struct mm_run *run);
    uint64_t left;
    struct mm_pattern pattern; /* access */
    struct mm_replay {
        const mmsim_ref *refs;
        uint64_t next;    /* of refs */
        mmsim_vaddr base; /* of page 0 */
        bool can_fetch;
    } replay;
};

/* Opens the source that the step's verb has. False: there is none, and the outcome says why. */
bool mm_references_open(struct mm_run *run, const struct mm_step *step,
                        struct mm_references *references);

/* What was opened, or never was: all of it 0. */
void mm_references_close(struct mm_references *references);

/* The step makes at most `limit` of what is left; it is over when none is left then. */
void mm_references_make(struct mm_run *run, const struct mm_step *step,
                        struct mm_references *references, uint64_t limit);

/* The perform function of the verbs that have a source. */
void mm_perform_references(struct mm_run *run, const struct mm_step *step);

/* The sources: perform_access.c, perform_replay.c. */
bool mm_open_access(struct mm_run *run, const struct mm_step *step,
                    struct mm_references *references);
bool mm_open_replay(struct mm_run *run, const struct mm_step *step,
                    struct mm_references *references);

#endif
