/*
 * zone_part.h - what the files of the frame allocator share; for src/alloc/ only.
 */
#ifndef MM_ALLOC_ZONE_PART_H
#define MM_ALLOC_ZONE_PART_H

#include "alloc/zone.h"

/* Which zones serve a use, best first. */
struct mm_zone_order {
    unsigned n;
    enum mm_zone_kind zones[MM_N_ZONES];
};

static inline struct mm_zone_order mm_zone_order_of(enum mm_frame_use use)
{
    if (mm_use_may_be_high(use))
        return (struct mm_zone_order){2, {MM_ZONE_HIGH, MM_ZONE_LOW}};
    return (struct mm_zone_order){1, {MM_ZONE_LOW}};
}

/* The answer of injection, of the limit for user frames, or MM_ZONE_NO_FAILURE. */
enum mm_zone_reason mm_zone_refusal(struct mm_zones *zones, enum mm_frame_use use,
                                    uint64_t n_frames);

/* Accounts for frames that have left the buddy system, a row of blocks from pfn on whose heads are
 * marked reserved: gives them their use, and does what was asked for with their bytes. */
struct mm_frame *mm_zone_give(struct mm_zones *zones, enum mm_frame_use use, mmsim_pfn pfn,
                              uint64_t n_frames);

/* The other way round: accounts for frames that are about to be freed. Their heads stay. */
void mm_zone_take_back(struct mm_zones *zones, mmsim_pfn pfn, uint64_t n_frames);

/* Tells, after a request was served, that the zone has fallen below a mark. */
void mm_zone_watch(struct mm_zones *zones, enum mm_zone_kind kind);

/* Empties the lists of all CPUs for one zone; returns the frames. */
uint64_t mm_zone_drain(struct mm_zones *zones, enum mm_zone_kind zone);

/* Frames of a zone that are on lists of CPUs. */
uint64_t mm_zone_n_listed(const struct mm_zones *zones, enum mm_zone_kind zone);

/* Asks for frames that somebody can do without; false: there are none. */
static inline bool mm_zone_relieve(struct mm_zones *zones, enum mm_zone_reason reason)
{
    return zones->on_shortage && zones->on_shortage(zones->shortage_user, reason);
}

/* Writes down a failure, and returns NULL. `compaction` may be NULL. */
struct mm_frame *mm_zone_fail(struct mm_zones *zones, const struct mm_zone_failure *failure,
                              const struct mm_compact_result *compaction);

#endif
