/*
 * ring.h - pages in the order in which they came: a queue in an array of as many slots as frames.
 *
 * A page that is forgotten leaves a hole, which is skipped when its turn comes and squeezed out
 * when a slot is wanted.
 *
 * Invariants: (1) slots[slot_of[page]] == page for each page in it; (2) n_pages <= span <=
 * capacity.
 */
#ifndef MM_POLICY_RING_H
#define MM_POLICY_RING_H

#include "policy/block.h"

struct mm_ring {
    mmsim_page *slots;   /* MMSIM_NO_PAGE: a hole */
    mmsim_page *slot_of; /* by page */
    mmsim_page capacity, first, span, n_pages;
};

/* `beside` is a ring over the same pages, each page being in one of them at most: they share
 * slot_of. NULL: it has its own. */
static inline void mm_ring_lay_out(struct mm_ring *ring, struct mm_block *block,
                                   mmsim_page capacity, mmsim_page universe,
                                   const struct mm_ring *beside)
{
    *ring = (struct mm_ring){.capacity = capacity};
    ring->slots = (mmsim_page *)mm_block_take(block, capacity, sizeof *ring->slots);
    ring->slot_of = beside ? beside->slot_of
                           : (mmsim_page *)mm_block_take(block, universe, sizeof *ring->slot_of);
}

static inline mmsim_page mm_ring_wrap(const struct mm_ring *ring, mmsim_page slot)
{
    return slot >= ring->capacity ? slot - ring->capacity : slot;
}

/* Closes the holes; all pages know their slots then. */
void mm_ring_squeeze(struct mm_ring *ring);

/* There must be room: n_pages < capacity. */
static inline void mm_ring_push(struct mm_ring *ring, mmsim_page page)
{
    if (ring->span == ring->capacity)
        mm_ring_squeeze(ring);
    mmsim_page slot = mm_ring_wrap(ring, ring->first + ring->span);
    ring->slots[slot] = page;
    ring->slot_of[page] = slot;
    ring->span++;
    ring->n_pages++;
}

/* The same in bulk, between two times that the ring is squeezed: nothing is removed from the
 * middle, so there are no holes, and no page needs to know its slot. */
static inline void mm_ring_append(struct mm_ring *ring, mmsim_page page)
{
    ring->slots[mm_ring_wrap(ring, ring->first + ring->span)] = page;
    ring->span++;
    ring->n_pages++;
}

/* The oldest; there must be one. */
static inline mmsim_page mm_ring_oldest(struct mm_ring *ring)
{
    while (ring->slots[ring->first] == MMSIM_NO_PAGE) {
        ring->first = mm_ring_wrap(ring, ring->first + 1);
        ring->span--;
    }
    return ring->slots[ring->first];
}

/* Removes the oldest, which mm_ring_oldest() has just returned. */
static inline void mm_ring_drop(struct mm_ring *ring)
{
    ring->first = mm_ring_wrap(ring, ring->first + 1);
    ring->span--;
    ring->n_pages--;
}

/* Makes the oldest, which mm_ring_oldest() has just returned, the newest. */
static inline void mm_ring_rotate(struct mm_ring *ring)
{
    mmsim_page page = ring->slots[ring->first];
    if (ring->span == ring->capacity) { /* its new slot is the old one */
        ring->first = mm_ring_wrap(ring, ring->first + 1);
        return;
    }
    mm_ring_drop(ring);
    mm_ring_push(ring, page);
}

static inline void mm_ring_remove(struct mm_ring *ring, mmsim_page page)
{
    ring->slots[ring->slot_of[page]] = MMSIM_NO_PAGE;
    ring->n_pages--;
}

/* NULL, or what is wrong. */
const char *mm_ring_check(const struct mm_ring *ring);

#endif
