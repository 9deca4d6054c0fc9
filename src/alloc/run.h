/*
 * run.h - contiguous frames in any number, with nothing rounded up.
 *
 * A run is a row of blocks, all of one use (buddy_place.h): what a block of the next power of two
 * has too much goes back at once. It can give frames back at its end, and grow if the frames behind
 * it are free. Runs may be longer than the largest block.
 *
 * Runs are the kernel's: they never move. Which frames belong to a run is its owner's to know; the
 * first frame's entry is his to fill.
 */
#ifndef MM_ALLOC_RUN_H
#define MM_ALLOC_RUN_H

#include "alloc/zone.h"

/*
 * n_frames (at least 1) contiguous low frames for any use but anon, starting at a multiple of
 * 2^align_order (0..20) frames: the first one's entry. The heads of the run's blocks have the use
 * and count 1. NULL: there is no such run; zones->last_failure says why.
 */
struct mm_frame *mm_run_alloc(struct mm_zones *zones, enum mm_frame_use use, uint64_t n_frames,
                              unsigned align_order);

/* Returns a whole run. */
void mm_run_free(struct mm_zones *zones, struct mm_frame *frame, uint64_t n_frames);

/* Keeps the first n_after (at least 1) of n_before frames. */
void mm_run_shrink(struct mm_zones *zones, struct mm_frame *frame, uint64_t n_before,
                   uint64_t n_after);

/* Adds the frames behind a run up to n_after; false: they are not free, nothing changed. */
bool mm_run_extend(struct mm_zones *zones, struct mm_frame *frame, uint64_t n_before,
                   uint64_t n_after);

#endif
