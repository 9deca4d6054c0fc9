/*
 * bulk.h - the protocol of <mmsim/policy.h> over many references, for policies that say what they
 * do in inline functions: the compiler makes one loop of it, without a call through a pointer.
 */
#ifndef MM_POLICY_BULK_H
#define MM_POLICY_BULK_H

#include "policy/resident.h"

#if defined(__GNUC__)
#define MM_NEVER_INLINE __attribute__((noinline))
#else
#define MM_NEVER_INLINE
#endif

/* Debug builds are made for debuggers: what the compiler would not inline there, it may not. */
#if defined(__GNUC__) && !defined(MM_DEBUG)
#define MM_ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define MM_ALWAYS_INLINE inline
#endif

struct mm_bulk {
    void (*reference)(void *state, mmsim_page page, enum mmsim_kind kind);
    void (*load)(void *state, mmsim_page page, enum mmsim_kind kind);
    mmsim_page (*evict)(void *state, mmsim_page incoming);
    mmsim_page (*settle)(void *state); /* who leaves after a reference; MMSIM_NO_PAGE; or NULL */
};

static inline void mm_bulk_count(const struct mm_resident *resident, mmsim_page victim,
                                 struct mmsim_counts *counts)
{
    counts->evictions++;
    counts->dirty_evictions += (resident->flags[victim] & MM_DIRTY) != 0;
}

/* Makes room; counts who goes. */
static MM_ALWAYS_INLINE void mm_bulk_make_room(void *state, struct mm_resident *resident,
                                               mmsim_page incoming, const struct mm_bulk bulk,
                                               struct mmsim_counts *counts)
{
    while (mm_resident_full(resident))
        mm_bulk_count(resident, bulk.evict(state, incoming), counts);
}

static MM_ALWAYS_INLINE void mm_bulk_settle(void *state, struct mm_resident *resident,
                                            const struct mm_bulk bulk, struct mmsim_counts *counts)
{
    mmsim_page leaves;
    while (bulk.settle && (leaves = bulk.settle(state)) != MMSIM_NO_PAGE)
        mm_bulk_count(resident, leaves, counts);
}

/* One reference. */
static MM_ALWAYS_INLINE void mm_bulk_step(void *state, struct mm_resident *resident, mmsim_ref ref,
                                          const struct mm_bulk bulk, struct mmsim_counts *counts)
{
    mmsim_page page = mmsim_ref_page(ref);
    enum mmsim_kind kind = mmsim_ref_kind(ref);
    if (mm_resident_has(resident, page)) {
        bulk.reference(state, page, kind);
    } else {
        counts->misses++;
        mm_bulk_make_room(state, resident, page, bulk, counts);
        bulk.load(state, page, kind);
    }
    mm_bulk_settle(state, resident, bulk, counts);
}

static MM_ALWAYS_INLINE void mm_bulk_replay(void *state, struct mm_resident *resident,
                                            const mmsim_ref *refs, size_t n,
                                            const struct mm_bulk bulk, struct mmsim_counts *counts)
{
    struct mmsim_counts sum = *counts;
    for (size_t i = 0; i < n; i++)
        mm_bulk_step(state, resident, refs[i], bulk, &sum);
    sum.references += n;
    *counts = sum;
}

#endif
