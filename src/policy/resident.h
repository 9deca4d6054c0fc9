/*
 * resident.h - what every policy notes of a page: a byte of flags.
 *
 * Bits from MM_OWN on belong to the policy. DIRTY is kept for a bulk replay, which counts the pages
 * that leave dirty; it stays behind until the page is loaded again.
 *
 * Invariants: (1) n_pages counts the pages with RESIDENT; (2) n_pages <= most.
 */
#ifndef MM_POLICY_RESIDENT_H
#define MM_POLICY_RESIDENT_H

#include "policy/block.h"

enum { MM_DIRTY = MMSIM_KIND_STORE, MM_RESIDENT = 2, MM_OWN = 4 };

struct mm_resident {
    mmsim_page frames, universe, n_pages;
    mmsim_page most; /* frames that it may ever have: resize() takes none away from pages */
    uint8_t *flags;  /* by page */
};

static inline void mm_resident_lay_out(struct mm_resident *resident, struct mm_block *block,
                                       const struct mmsim_policy_setup *setup)
{
    resident->frames = resident->most = setup->frames;
    resident->universe = setup->universe;
    resident->n_pages = 0;
    resident->flags = (uint8_t *)mm_block_take(block, setup->universe, 1);
}

static inline uint8_t mm_dirty_flag(enum mmsim_kind kind)
{
    return (uint8_t)(kind & MM_DIRTY);
}

static inline bool mm_resident_has(const struct mm_resident *resident, mmsim_page page)
{
    return resident->flags[page] & MM_RESIDENT;
}

static inline bool mm_resident_full(const struct mm_resident *resident)
{
    return resident->n_pages >= resident->frames;
}

/*
 * It is referenced; `own` bits are set along. That a page is written is seldom new: without the
 * store, references to it that follow closely need not wait for one another.
 */
static inline void mm_resident_touch(struct mm_resident *resident, mmsim_page page,
                                     enum mmsim_kind kind, unsigned own)
{
    unsigned old = resident->flags[page], dirty = mm_dirty_flag(kind);
    if (own != 0 || (dirty & ~old) != 0)
        resident->flags[page] = (uint8_t)(old | dirty | own);
}

/* It comes; its bits are `own` from now on. */
static inline void mm_resident_enter(struct mm_resident *resident, mmsim_page page,
                                     enum mmsim_kind kind, unsigned own)
{
    resident->flags[page] = (uint8_t)(MM_RESIDENT | mm_dirty_flag(kind) | own);
    resident->n_pages++;
}

/* It goes; of its bits, DIRTY and `own` stay. */
static inline void mm_resident_leave(struct mm_resident *resident, mmsim_page page, unsigned own)
{
    resident->flags[page] = (uint8_t)((resident->flags[page] & MM_DIRTY) | own);
    resident->n_pages--;
}

/* Counts anew. NULL, or what is wrong. */
const char *mm_resident_check(const struct mm_resident *resident);

#endif
