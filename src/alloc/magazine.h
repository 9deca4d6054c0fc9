/*
 * magazine.h - the objects that a CPU has at hand: a stack in front of a set of slabs.
 *
 * Allocation pops, freeing pushes; neither touches the object or its slab (Bonwick & Adams,
 * "Magazines and vmem", USENIX 2001). An empty magazine is half filled from the slabs; a full one
 * gives its older half back to them.
 *
 * A rack holds the magazines of one CPU, by index of the set. A set whose every call must be seen
 * (checks, injected failures) stands in the rack with a magazine that is empty and has no room, so
 * the fast path needs no test for it.
 */
#ifndef MM_ALLOC_MAGAZINE_H
#define MM_ALLOC_MAGAZINE_H

#include <stdint.h>

#define MM_MAGAZINE_MAX 254         /* objects */
#define MM_MAGAZINE_MIN 8           /* objects, where they are small */
#define MM_MAGAZINE_MIN_LARGE 4     /* where MM_MAGAZINE_MAX_BYTES are fewer */
#define MM_MAGAZINE_MAX_BYTES 16384 /* of objects in a magazine, but for the least */
#define MM_MAGAZINE_SHARE 2         /* of the objects of a set, at most one in so many */

struct mm_magazine {
    uint32_t n, capacity; /* capacity follows the size of the set, up to `room` */
    uint32_t room;
    uint32_t objects[]; /* offsets in RAM; the last one was pushed last */
};

/* Objects that a magazine has room for. */
static inline uint32_t mm_magazine_room(uint32_t object_bytes)
{
    uint32_t n = MM_MAGAZINE_MAX_BYTES / object_bytes;
    if (n < MM_MAGAZINE_MIN_LARGE)
        return MM_MAGAZINE_MIN_LARGE;
    return n < MM_MAGAZINE_MAX ? n : MM_MAGAZINE_MAX;
}

/* Objects that it should hold at most, now that n_taken objects are out of the slabs: a small set
 * must not have all its memory lying idle in magazines. */
static inline uint32_t mm_magazine_capacity(const struct mm_magazine *magazine, uint64_t n_taken)
{
    uint64_t n = n_taken / MM_MAGAZINE_SHARE;
    if (n < MM_MAGAZINE_MIN)
        n = MM_MAGAZINE_MIN;
    return n < magazine->room ? (uint32_t)n : magazine->room;
}

#endif
