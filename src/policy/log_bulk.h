/*
 * log_bulk.h - many references to a policy most of whose hits only move a page in its log.
 *
 * Such hits are made here, in a loop with little in it; everything else is a step of the policy.
 */
#ifndef MM_POLICY_LOG_BULK_H
#define MM_POLICY_LOG_BULK_H

#include "policy/bulk.h"
#include "policy/log.h"

struct mm_log_bulk {
    unsigned mask;       /* of the flags that tell pages that a hit only ... */
    unsigned moves;      /* ... moves in the log, */
    unsigned marks;      /* ... or does nothing to, but that a store makes them dirty; 0: none */
    bool oldest_matters; /* but for the oldest page of the log */
    void (*step)(void *state, mmsim_ref ref, struct mmsim_counts *counts);
};

static MM_ALWAYS_INLINE bool mm_log_only_moves(const struct mm_log *log, mmsim_page page,
                                               unsigned flags, const struct mm_log_bulk bulk)
{
    return (flags & bulk.mask) == bulk.moves && log->now != log->end &&
           !(bulk.oldest_matters && log->last[page] == log->tail);
}

static MM_ALWAYS_INLINE void mm_log_replay(void *state, struct mm_resident *resident,
                                           struct mm_log *log, const mmsim_ref *refs, size_t n,
                                           const struct mm_log_bulk bulk,
                                           struct mmsim_counts *counts)
{
    struct mm_log here = *log; /* in registers */
    uint8_t *flags = resident->flags;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        unsigned old = flags[page], dirty = mm_dirty_flag(mmsim_ref_kind(refs[i]));
        if (mm_log_only_moves(&here, page, old, bulk)) {
            if (dirty & ~old)
                flags[page] = (uint8_t)(old | dirty);
            mm_log_put(&here, page);
            continue;
        }
        if (bulk.marks != 0 && (old & bulk.mask) == bulk.marks) {
            flags[page] = (uint8_t)(old | dirty);
            continue;
        }
        log->now = here.now;
        bulk.step(state, refs[i], counts);
        here.now = log->now;
        here.tail = log->tail;
    }
    log->now = here.now;
    counts->references += n;
}

#endif
