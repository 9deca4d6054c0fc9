/*
 * checked.h - allocation and free with checks: red zones, poison, tracking, quarantine, proof.
 *
 * A set of slabs whose checks see every call (heap.h, MM_CHECKS_CALLS) is served here. With red
 * zones or tracking a record of 16 bytes lies behind each object:
 *
 *   object            slack, where fewer bytes were asked for    record
 *   |<- n_bytes ---->|cc cc cc cc cc cc cc cc cc cc cc cc cc cc |cc cc cc cc|0|1|2    cc|
 *                     right red zone                              4 bytes    words of 4 bytes,
 *                                                                            the last byte is the
 *                                                                            left red zone of the
 *                                                                            next object
 *
 *   word 0   live: bytes asked for, and a mark; free: step of the free
 *   word 1   step of the allocation
 *   word 2   site of the allocation (12 bits), of the free (12 bits), left red zone (8 bits)
 *
 * Red zones are 0xcc around a live object and 0xbb around a free one. The first object of a slab
 * has 15 bytes more in front of it, always 0xcc. Poison is 0x6b and at last 0xa5 in a free object,
 * and 0x5a in a live one that nobody has written yet. Linux's SLUB uses the same bytes, so that
 * what is learned here reads the same there. Objects with a constructor are not poisoned: they must
 * stay constructed while they are free.
 *
 * Poison, quarantine and proof cost no memory in the object; an alignment above 16 makes the 16
 * bytes as many as it takes to keep it.
 *
 * Writes into red zones are found when the object is freed, writes to a free object when it is
 * allocated again or leaves quarantine, and all of them by mm_heap_verify(). What was found is
 * reported and restored, and the machine goes on, as Linux does.
 *
 * MM_CHECK_HARDEN takes each object out of the bits of its slab, which lie beside the frame table
 * where no store of the machine's reaches them. A quarantine lies in simulated RAM: an object is
 * proved to be a free one of its set when it leaves. If it is not, that is reported as BAD_LINK,
 * and the objects that were lost are found again by the bits.
 *
 * Invariants: (1) between two calls every byte of a red zone and of poison is as above, unless a
 * user of the heap was wrong; (2) word 0 of a live object has its mark; (3) the stock and the
 * quarantine of a set hold objects that are taken from slabs and not live.
 */
#ifndef MM_ALLOC_CHECKED_H
#define MM_ALLOC_CHECKED_H

#include "alloc/cache.h"

enum {
    MM_TRAILER_BYTES = 16,
    MM_LEFT_ZONE_BYTES = 16, /* in front of a slab's first object */
    MM_STOCK_MAX = 32,       /* objects */
    MM_STOCK_BYTES = 8192,   /* and their bytes, but for two objects */

    MM_ZONE_LIVE_BYTE = 0xcc,
    MM_ZONE_FREE_BYTE = 0xbb,
    MM_POISON_FREE_BYTE = 0x6b,
    MM_POISON_END_BYTE = 0xa5,
    MM_POISON_FRESH_BYTE = 0x5a
};

/* The layout of a cache's slabs under these checks. */
struct mm_slab_layout mm_checked_plan(const struct mm_cache *cache, unsigned checks);

/* Completes a new set of slabs with what its checks need. */
void mm_checked_init(struct mm_slab_set *set);

void *mm_checked_alloc(struct mm_heap *heap, struct mm_slab_set *set, size_t n_bytes);

/* `offset` is live. True, also when damage was found and reported. */
bool mm_checked_free(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset);

/* A live object is set aside, as if it were freed, but goes nowhere; one that was set aside is
 * live again, with all its bytes, as if it were allocated, or is freed for good. Each looks at the
 * object, and none needs memory. */
void mm_checked_rest(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset);
void *mm_checked_wake(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset);
void mm_checked_release(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset);

/* Bytes that were asked for; the object's size where that is not known. */
uint32_t mm_checked_bytes(const struct mm_heap *heap, const struct mm_slab_set *set,
                          uint32_t offset);

/* Where and when an object was allocated and freed; all zero where that is not tracked. */
struct mm_heap_track {
    uint16_t alloc_site, free_site; /* site.h; 0 = unknown */
    uint32_t alloc_step, free_step; /* UINT32_MAX: then or later */
};
struct mm_heap_track mm_checked_track(const struct mm_heap *heap, uint32_t offset);

/* Objects of scopes are not guarded (scope.h). */
static inline bool mm_checked_is_guarded(unsigned checks)
{
    return (checks & (MM_CHECK_GUARD | MM_CHECK_SCOPED)) == MM_CHECK_GUARD;
}

/* Releases what rests in a set's quarantine: looked at, then put back into its slabs. */
void mm_quarantine_flush(struct mm_heap *heap, struct mm_slab_set *set);

/* Looks at every object of every checked set, in use or free; returns the damages found and
 * reported. */
uint64_t mm_heap_verify(struct mm_heap *heap);

/* Free objects of a set that are at hand; a magazine for all CPUs, and not in their racks. */
struct mm_stock {
    struct mm_stock *next_spare; /* of stocks whose set is gone */
    uint32_t n, capacity;
    uint32_t objects[MM_STOCK_MAX];
};

static inline uint32_t mm_checked_n_stocked(const struct mm_slab_set *set)
{
    return set->stock ? set->stock->n : 0;
}

/* Puts what is in stock back into its slabs. */
void mm_checked_drain(struct mm_slab_set *set);

/* The set is dropped; its stock and its quarantine are empty and kept for others. */
void mm_checked_forget(struct mm_heap *heap, struct mm_slab_set *set);

/* NULL, or a sentence (static storage). What users of the heap have damaged is not its matter. */
const char *mm_checked_check(const struct mm_heap *heap, const struct mm_slab_set *set);

#endif
