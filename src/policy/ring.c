/* ring.c - what a queue in an array does seldom (ring.h). */
#include "policy/ring.h"

void mm_ring_squeeze(struct mm_ring *ring)
{
    mmsim_page to = ring->first, n = 0;
    for (mmsim_page i = 0, from = ring->first; i < ring->span; i++) {
        mmsim_page page = ring->slots[from];
        from = mm_ring_wrap(ring, from + 1);
        if (page == MMSIM_NO_PAGE)
            continue;
        ring->slots[to] = page;
        ring->slot_of[page] = to;
        to = mm_ring_wrap(ring, to + 1);
        n++;
    }
    ring->span = n;
}

const char *mm_ring_check(const struct mm_ring *ring)
{
    mmsim_page n = 0, slot = ring->first;
    if (ring->span > ring->capacity)
        return "a queue is longer than its array";
    for (mmsim_page i = 0; i < ring->span; i++, slot = mm_ring_wrap(ring, slot + 1)) {
        mmsim_page page = ring->slots[slot];
        if (page == MMSIM_NO_PAGE)
            continue;
        if (ring->slot_of[page] != slot)
            return "a page does not know its slot";
        n++;
    }
    return n == ring->n_pages ? NULL : "the length of a queue is wrong";
}
