/*
 * zone_info.h - what the frame allocator shows: free blocks by order and type, fragmentation, and
 * why the last request failed.
 *
 * Figures of fragmentation as Linux computes them (mm/vmstat.c), in thousandths:
 *
 *   unusable free   share of the free memory that lies in blocks too small for an order: 0 = all
 *                   of it serves, 1000 = none does (Gorman & Whitcroft, "The what, the why and the
 *                   where to of anti-fragmentation", OLS 2006)
 *   fragmentation   why a request of the order would fail: -1000 = it would not; towards 0 for lack
 *                   of memory; towards 1000 because what is free is scattered
 *
 * Frames that are set aside (on lists of CPUs, in reserves) are counted apart: they are no blocks.
 */
#ifndef MM_ALLOC_ZONE_INFO_H
#define MM_ALLOC_ZONE_INFO_H

#include "alloc/zone.h"

struct mm_zone_info {
    uint64_t n_managed;                                       /* frames of the zone */
    uint64_t n_free;                                          /* in blocks */
    uint64_t n_listed;                                        /* on lists of CPUs */
    uint64_t n_reserved;                                      /* in the reserve */
    uint32_t n_blocks[MM_N_MIGRATE_TYPES][MM_BUDDY_N_ORDERS]; /* free blocks */
    uint32_t n_pageblocks[MM_N_MIGRATE_TYPES];
    uint64_t n_claims, n_steals; /* see buddy_fallback.c */
    struct mm_watermarks marks;
    enum mm_pressure pressure;
    struct mm_pcp_limits pcp; /* batch, limit, batches moved */
    uint64_t largest;         /* frames of the largest free block */
    uint32_t unusable[MM_BUDDY_N_ORDERS];
    int32_t fragmentation[MM_BUDDY_N_ORDERS];
};

void mm_zone_info(const struct mm_zones *zones, enum mm_zone_kind zone, struct mm_zone_info *info);

/* "low", "high"; "unmovable", "movable", "reclaimable"; "anon", ...; what a reason or the end of a
 * compaction says, as half a sentence. Static storage. */
const char *mm_zone_name(enum mm_zone_kind zone);
const char *mm_migrate_type_name(enum mm_migrate_type type);
const char *mm_frame_use_name(enum mm_frame_use use);
const char *mm_zone_reason_text(enum mm_zone_reason reason);
const char *mm_compact_end_text(enum mm_compact_end end);

#endif
