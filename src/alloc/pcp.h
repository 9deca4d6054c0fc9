/*
 * pcp.h - lists of single frames that a CPU has at hand, in front of a buddy system.
 *
 * Most requests are for one frame, and most frames come back soon. A list is a stack: the frame
 * freed last, whose bytes are likely in the cache, is handed out first, and neither splits nor
 * merges. An empty list takes a batch from the buddy system at once; one that grows beyond its
 * limit gives the batch that lay longest back, so that blocks can form again.
 *
 *   buddy --refill: a batch--> list --alloc--> in use
 *   buddy <--drain: a batch--- list <--free---
 *
 * Frames on a list are free in every account, but no block forms with them: whoever needs a block
 * has the lists drained first.
 *
 * Batch and limit follow Linux's rule before it tuned them at run time (mm/page_alloc.c,
 * zone_batchsize): a thousandth of the zone, at most 512 KiB, divided by 4, as a number just below
 * a power of two; the limit is six batches.
 *
 * Invariants: (1) n <= the zone's limit; (2) every frame on a list is set aside in its buddy
 * system, and stands on one list once.
 */
#ifndef MM_ALLOC_PCP_H
#define MM_ALLOC_PCP_H

#include "alloc/buddy.h"

enum { MM_PCP_MAX_BATCH = 31, MM_PCP_BATCHES = 6, MM_PCP_CAPACITY = 255 };

struct mm_pcp {
    uint32_t n;
    uint32_t pfns[MM_PCP_CAPACITY]; /* the last one was pushed last */
};
_Static_assert(MM_PCP_BATCHES *MM_PCP_MAX_BATCH <= MM_PCP_CAPACITY, "a list holds its limit");

/* What all lists of a zone have in common. */
struct mm_pcp_limits {
    uint32_t batch, high;         /* frames */
    uint64_t n_refills, n_drains; /* batches moved */
};

/* For a zone of n_frames. */
struct mm_pcp_limits mm_pcp_limits_for(uint64_t n_frames);

/* Fills an empty list with up to a batch of the type. False: the buddy system has no frame. */
bool mm_pcp_refill(struct mm_pcp *list, struct mm_pcp_limits *limits, struct mm_buddy *buddy,
                   enum mm_migrate_type type);

/* Returns the n frames that were pushed first, n at most list->n. */
void mm_pcp_drain(struct mm_pcp *list, struct mm_pcp_limits *limits, struct mm_buddy *buddy,
                  uint32_t n);

/* A set of frames as two numbers, whatever their order: equal sets have equal tallies, and
 * different ones practically never. */
struct mm_pcp_tally {
    uint64_t n, fingerprint;
};
void mm_pcp_tally_add(struct mm_pcp_tally *tally, mmsim_pfn pfn);

/* NULL, or a sentence (static storage). Adds the list's frames to the tally. */
const char *mm_pcp_check(const struct mm_pcp *list, const struct mm_pcp_limits *limits,
                         const struct mm_buddy *buddy, struct mm_pcp_tally *tally);

#endif
