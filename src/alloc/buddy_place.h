/*
 * buddy_place.h - blocks at a given place: what runs and compaction need beside "any block".
 *
 * A run of frames of any length is a row of blocks, as few as its place and length allow: at most
 * two of each order below the largest. So nothing is rounded up, and every rule of buddy.h holds
 * for it.
 *
 *   13 frames from 6   |6 7|8 . . . . . . 15|16 17|18|
 */
#ifndef MM_ALLOC_BUDDY_PLACE_H
#define MM_ALLOC_BUDDY_PLACE_H

#include "alloc/buddy.h"

/* True if every frame of [start, end) is free and listed or fresh, within one range. */
bool mm_buddy_is_free(const struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end);

/* Takes the frames [start, end), all of which mm_buddy_is_free(): a row of blocks, each marked
 * reserved with count 0. */
void mm_buddy_take(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end);

/* n_frames out of a block of 2^order, which are enough: a row of blocks, and the rest of the block
 * is free again. MM_NO_PFN: there is no such block. */
mmsim_pfn mm_buddy_alloc_row(struct mm_buddy *buddy, enum mm_migrate_type type, uint64_t n_frames,
                             unsigned order);

/* Makes `pfn`, which lies in a block in use, the head of one: splits the block, each part with a
 * copy of the head's entry. Nothing happens if it is a head already. */
void mm_buddy_cut(struct mm_buddy *buddy, mmsim_pfn pfn);

/* Frees the blocks in use (or set aside) that make up [start, end). */
void mm_buddy_free_row(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end);

/*
 * The lowest place of n_frames free frames that starts at a multiple of 2^align_order; MM_NO_PFN:
 * there is none. Time: the number of pageblocks if whole ones serve, else the number of blocks.
 */
mmsim_pfn mm_buddy_find(const struct mm_buddy *buddy, uint64_t n_frames, unsigned align_order);

#endif
