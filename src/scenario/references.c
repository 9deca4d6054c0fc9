/* references.c - see references.h. */
#include "scenario/references.h"

#include <string.h>

#include "scenario/verb.h"

bool mm_references_open(struct mm_run *run, const struct mm_step *step,
                        struct mm_references *references)
{
    memset(references, 0, sizeof *references);
    return step->verb->open(run, step, references);
}

void mm_references_close(struct mm_references *references)
{
    if (references->pattern.host)
        mm_pattern_fini(&references->pattern);
    memset(references, 0, sizeof *references);
}

static void make(struct mm_run *run, const struct mm_step *step, struct mm_references *references,
                 uint64_t limit)
{
    struct mmsim_process *process = mm_run_actor(run, step);
    uint64_t n_made = 0;
    while (n_made < limit && references->left > 0) {
        uint64_t n = limit - n_made < references->left ? limit - n_made : references->left;
        n = n < MM_BATCH ? n : MM_BATCH;
        references->fill(references, run->batch, (size_t)n);
        struct mmsim_access access = mmsim_reference_run(process, run->batch, (size_t)n);
        mm_run_access(run, &access);
        references->left = access.outcome == MMSIM_DONE ? references->left - n : 0;
        n_made += n;
    }
}

void mm_references_make(struct mm_run *run, const struct mm_step *step,
                        struct mm_references *references, uint64_t limit)
{
    struct mmsim_stats before, after;
    mmsim_machine_stats(run->machine, &before);
    make(run, step, references, limit);
    mmsim_machine_stats(run->machine, &after);
    if (references->count)
        references->count(run);
    run->outcome.tlb_hits += after.tlb.hits - before.tlb.hits;
    run->outcome.tlb_misses += after.tlb.misses - before.tlb.misses;
}

void mm_perform_references(struct mm_run *run, const struct mm_step *step)
{
    struct mm_references references;
    if (mm_references_open(run, step, &references))
        mm_references_make(run, step, &references, UINT64_MAX);
    mm_references_close(&references);
}
