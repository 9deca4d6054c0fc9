/*
 * scrub.h - what the bytes of frames are when frames change hands: zeros, or poison.
 *
 * Both are switched at run time (mm_zones_set_switches) and cost a page's writes each. Poison is
 * 0xaa, as in Linux's page poisoning. A bit a frame remembers which free frames were poisoned: so
 * frames freed before the switch are no error, and those freed before it was turned off are looked
 * at all the same.
 *
 * Invariants: (1) a frame whose bit is set is free; (2) n_poisoned is the number of bits, and
 * MM_ZONES_POISONED is set if it is not 0.
 */
#ifndef MM_ALLOC_SCRUB_H
#define MM_ALLOC_SCRUB_H

#include "alloc/zone.h"

#define MM_SCRUB_POISON 0xaa

/* Frames were handed out: looks at the poison, reports each frame that lost it, fills with zeros if
 * that is switched on. */
void mm_scrub_allocated(struct mm_zones *zones, mmsim_pfn pfn, uint64_t n_frames);

/* Frames become free: poisons them. */
void mm_scrub_freed(struct mm_zones *zones, mmsim_pfn pfn, uint64_t n_frames);

static inline bool mm_scrub_is_poisoned(const struct mm_zones *zones, mmsim_pfn pfn)
{
    return (zones->poisoned[pfn / 64] >> (pfn % 64)) & 1;
}

/* Looks at every poisoned frame now, reports those that somebody wrote to and poisons them again;
 * how many. */
uint64_t mm_scrub_scan(const struct mm_zones *zones);

/* NULL, or a sentence (static storage). */
const char *mm_scrub_check(const struct mm_zones *zones);

#endif
