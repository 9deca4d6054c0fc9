/*
 * refault.h - how long after it left a page comes back: a histogram by powers of two.
 *
 * The distance is counted in references, or in evictions (the page's own is the first): at least 1.
 */
#ifndef MM_TRACE_REFAULT_H
#define MM_TRACE_REFAULT_H

#include <mmsim/study.h>

#include "base/host.h"

struct mm_refault {
    enum mmsim_refaults unit; /* NOT: nothing is noted */
    uint64_t *left_at;        /* by page: the clock when it left, and 1; 0: it never left */
    mmsim_page universe;
    uint64_t n_evictions;
};

static inline bool mm_refault_init(struct mm_refault *refault, enum mmsim_refaults unit,
                                   mmsim_page universe, struct mm_host *host)
{
    *refault = (struct mm_refault){.unit = unit, .universe = universe};
    if (unit == MMSIM_REFAULTS_NOT)
        return true;
    refault->left_at = (uint64_t *)mm_host_alloc(host, universe * sizeof *refault->left_at);
    return refault->left_at != NULL;
}

static inline void mm_refault_fini(struct mm_refault *refault, struct mm_host *host)
{
    mm_host_free(host, refault->left_at, refault->universe * sizeof *refault->left_at);
}

/* `now` is the number of the reference that is made. */
static inline uint64_t mm_refault_clock(const struct mm_refault *refault, uint64_t now)
{
    return refault->unit == MMSIM_REFAULTS_BY_REFERENCES ? now : refault->n_evictions;
}

static inline void mm_refault_leaves(struct mm_refault *refault, mmsim_page page, uint64_t now)
{
    if (refault->unit != MMSIM_REFAULTS_NOT)
        refault->left_at[page] = mm_refault_clock(refault, now) + 1;
    refault->n_evictions++;
}

static inline void mm_refault_comes(struct mm_refault *refault, mmsim_page page, uint64_t now,
                                    struct mmsim_study_outcome *outcome)
{
    if (refault->unit == MMSIM_REFAULTS_NOT || refault->left_at[page] == 0)
        return;
    uint64_t distance = mm_refault_clock(refault, now) - (refault->left_at[page] - 1);
    outcome->n_refaults++;
    outcome->refaults[distance ? 63 - __builtin_clzll(distance) : 0]++;
}

#endif
