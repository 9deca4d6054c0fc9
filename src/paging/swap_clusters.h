/*
 * swap_clusters.h - which slots of a swap area are free: clusters of 256, one of them at hand.
 *
 * Slots are taken one after the other from the cluster at hand, so that pages which leave together
 * lie together, and one request moves many. At its end comes a cluster that is wholly free; if
 * there is none, the one that has been partly free for longest, from its beginning.
 *
 *   free --take--> at hand --its end is reached--> partial, or full
 *   full --give--> partial --give, the last one--> free --take--> ...
 *
 * Linux: mm/swapfile.c (free and non-full clusters of SWAPFILE_CLUSTER slots).
 *
 * Invariants: (1) a cluster's n_used counts its used bits, n_free all slots that are not used;
 * (2) all clusters without a used slot are on the list `free`, all with some used and some not on
 * `partial`, none that is full or at hand is on a list; (3) slots beyond the end are not free.
 */
#ifndef MM_PAGING_SWAP_CLUSTERS_H
#define MM_PAGING_SWAP_CLUSTERS_H

#include <stdint.h>

#include "base/list.h"

enum { MM_CLUSTER_SHIFT = 8, MM_CLUSTER_SLOTS = 1 << MM_CLUSTER_SHIFT };

#define MM_NO_SLOT UINT32_MAX

struct mm_cluster {
    struct mm_list link;
    uint64_t used[MM_CLUSTER_SLOTS / 64]; /* a bit a slot; set beyond the end of the area */
    uint32_t n_used;                      /* without those beyond the end */
};

/* The clusters of one area. It must not move. */
struct mm_clusters {
    struct mm_cluster *all; /* the caller's memory */
    uint32_t n_slots, n_clusters, n_free;
    uint32_t at_hand;             /* a cluster; n_clusters: none */
    uint32_t cursor;              /* in the cluster at hand: from here on */
    struct mm_list free, partial; /* longest there first */
};

static inline uint32_t mm_clusters_count(uint64_t n_slots)
{
    return (uint32_t)((n_slots + MM_CLUSTER_SLOTS - 1) >> MM_CLUSTER_SHIFT);
}

/* All slots are free. `memory` is zeroed, mm_clusters_count(n_slots) of them. */
void mm_clusters_init(struct mm_clusters *clusters, struct mm_cluster *memory, uint32_t n_slots);

/* A free slot, used from now on; MM_NO_SLOT: none is. */
uint32_t mm_clusters_take(struct mm_clusters *clusters);

/* A slot that was taken is free. */
void mm_clusters_give(struct mm_clusters *clusters, uint32_t slot);

static inline bool mm_clusters_uses(const struct mm_clusters *clusters, uint32_t slot)
{
    const struct mm_cluster *cluster = &clusters->all[slot >> MM_CLUSTER_SHIFT];
    return (cluster->used[slot / 64 % (MM_CLUSTER_SLOTS / 64)] >> (slot & 63)) & 1;
}

/* NULL, or a sentence (static storage). */
const char *mm_clusters_check(const struct mm_clusters *clusters);

#endif
