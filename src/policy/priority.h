/*
 * priority.h - pages by rank, the least first: who goes next where that is a matter of numbers.
 *
 * Ranks that only rise need not be told at once: what the heap holds is a lower bound, and who
 * takes the first page out asks first whether its rank still holds, and raises it if not. So a
 * reference costs nothing here.
 *
 * Invariants: (1) no page ranks below its parent; (2) pages[place_of[page]] == page.
 */
#ifndef MM_POLICY_PRIORITY_H
#define MM_POLICY_PRIORITY_H

#include "policy/block.h"

/* Compared by `high`, then by `low`. */
struct mm_order {
    uint64_t high, low;
};

struct mm_priority {
    mmsim_page *pages;
    struct mm_order *ranks; /* of pages[i] */
    mmsim_page *place_of;   /* by page */
    mmsim_page n_pages;
};

static inline bool mm_order_below(struct mm_order a, struct mm_order b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static inline void mm_priority_lay_out(struct mm_priority *heap, struct mm_block *block,
                                       const struct mmsim_policy_setup *setup)
{
    mmsim_page most = setup->frames < setup->universe ? setup->frames : setup->universe;
    heap->ranks = (struct mm_order *)mm_block_take(block, most, sizeof *heap->ranks);
    heap->pages = (mmsim_page *)mm_block_take(block, most, sizeof *heap->pages);
    heap->place_of = (mmsim_page *)mm_block_take(block, setup->universe, sizeof *heap->place_of);
    heap->n_pages = 0;
}

/* The page of the least rank; there must be one. */
static inline mmsim_page mm_priority_first(const struct mm_priority *heap)
{
    return heap->pages[0];
}

static inline struct mm_order mm_priority_of(const struct mm_priority *heap, mmsim_page page)
{
    return heap->ranks[heap->place_of[page]];
}

void mm_priority_push(struct mm_priority *heap, mmsim_page page, struct mm_order rank);
void mm_priority_remove(struct mm_priority *heap, mmsim_page page);

/* Gives a page in it another rank, higher or lower. */
void mm_priority_move(struct mm_priority *heap, mmsim_page page, struct mm_order rank);

/* Restores the order after ranks[] was written to. */
void mm_priority_rebuild(struct mm_priority *heap);

/* NULL, or what is wrong. */
const char *mm_priority_check(const struct mm_priority *heap);

#endif
