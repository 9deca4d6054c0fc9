/*
 * opt_online.h - how often the optimal policy misses, counted while references arrive: without
 * knowing what comes, and without saying who is evicted.
 *
 * That a page is kept between two of its references takes a frame for the time between them. The
 * page that is referenced has one frame; so hits are a largest set of such intervals in which no
 * moment has more than c - 1 of them. Intervals are taken as they end, each by the frame that has
 * been free for the shortest time among those that were free when it began; if there is none it is
 * a miss. (Belady 1966; Carlisle & Lloyd, On the k-coloring of intervals, 1995.)
 *
 *   reference j to a page last referenced at i:  a hit iff j = i + 1, or a frame is free since f
 *                                                with f <= i + 1; the largest such f becomes j
 *
 * Only the order of moments matters. When the window of moments is used up they are numbered
 * anew, so memory depends on the number of pages only.
 */
#ifndef MM_POLICY_OPT_ONLINE_H
#define MM_POLICY_OPT_ONLINE_H

#include "policy/bits.h"
#include "policy/resident.h"

struct mm_opt_online {
    struct mm_bits free; /* moments since when a frame is free, but for the newest word of them */
    uint64_t newest;     /* that word, moments (now & ~63) and on: the one that changes most */
    uint32_t *last;      /* by page: its last moment; 0: never referenced */
    uint32_t *ranks;     /* by word of the window, when moments are renumbered */
    uint32_t now, window;
    mmsim_page never_taken; /* of the c - 1 frames */
    mmsim_page n_pages, frames, universe;
    mmsim_page previous; /* the page of the last reference */
    uint8_t *flags;      /* by page: DIRTY if written since the last miss */
};

void mm_opt_online_lay_out(struct mm_opt_online *online, struct mm_block *block, uint8_t *flags,
                           const struct mmsim_policy_setup *setup);

/* Of the dirty pages that left, those are counted that came back: who of the others is still there
 * nobody can say. */
void mm_opt_online_replay(struct mm_opt_online *online, const mmsim_ref *refs, size_t n,
                          struct mmsim_counts *counts);

#endif
