/*
 * quarantine.h - freed objects that rest before they are used again.
 *
 * Who uses an object after having freed it does so mostly soon. As long as it rests, nobody else
 * can own it: its poison betrays a late write, and a second free is known for what it is. Objects
 * leave in the order in which they came; memory shortage ends the rest of all.
 *
 *   live --free--> resting --(the set's ring is full, or it is flushed)--> looked at --> free
 *
 * Each set of slabs with MM_CHECK_QUARANTINE has a ring in the heap's metadata. Without memory for
 * it objects do not rest.
 *
 * Invariants: (1) n <= capacity <= MM_QUARANTINE_OBJECTS; (2) what rests is taken from its slab
 * and not live; (3) it is counted in n_resting of its set.
 */
#ifndef MM_ALLOC_QUARANTINE_H
#define MM_ALLOC_QUARANTINE_H

#include "alloc/heap.h"

enum {
    MM_QUARANTINE_OBJECTS = 256,          /* at rest in one set, at most */
    MM_QUARANTINE_BYTES = 64 * MMSIM_KIB, /* and their bytes, trailers included */
};

struct mm_quarantine {
    struct mm_quarantine *next_spare; /* of rings whose set is gone */
    uint32_t oldest, n, capacity;
    uint32_t objects[MM_QUARANTINE_OBJECTS];
};

/* Objects of slot_bytes that rest at most; one at least. */
uint32_t mm_quarantine_capacity(uint32_t slot_bytes);

/* Lays an object of `set` to rest. Returns the one whose rest has ended: the oldest, or this one
 * if there is no memory; MM_SLAB_NO_OBJECT: none. */
uint32_t mm_quarantine_push(struct mm_heap *heap, struct mm_slab_set *set, uint32_t object);

/* Ends the rest of the oldest one; MM_SLAB_NO_OBJECT: none rests. */
uint32_t mm_quarantine_pop(struct mm_slab_set *set);

/* The i-th to leave of those that rest, i < mm_quarantine_n(). */
uint32_t mm_quarantine_n(const struct mm_slab_set *set);
uint32_t mm_quarantine_at(const struct mm_slab_set *set, uint32_t i);

/* The set is dropped, and nothing rests in it: its ring is kept for another one. */
void mm_quarantine_forget(struct mm_heap *heap, struct mm_slab_set *set);

#endif
