/*
 * slab.h - caches of equal objects for the kernel's own structures.
 *
 * A cache hands out objects of one size from slabs, blocks of low frames cut into objects
 * (Bonwick, "The slab allocator", USENIX Summer 1994). A free object's first 8 bytes link it to the
 * next free one of its slab; everything else about a slab stands in the frame table entry of its
 * first frame, so a slab wastes no byte of its memory.
 *
 *   none --grow--> empty --alloc--> partial --alloc--> full
 *   none <--trim-- empty <--free--- partial <--free--- full
 *
 * The newest partial slab serves first. A slab that becomes empty is returned to the frame
 * allocator at once, unless it is the cache's last one with free objects and others are in use, or
 * unless mm_slab_reserve() has promised its objects. Freed objects are filled with 0x6b beyond the
 * link so that a dangling use shows.
 *
 * Links are physical addresses (low memory: the kernel's virtual addresses too), 0 ends a list; so
 * RAM holds the same bytes in every run. A slab's first frame is found by alignment, as a block of
 * the buddy system starts at a multiple of its size.
 *
 * Invariants: (1) n_objects is the sum of the slabs' objects in use, n_slabs their number; (2) each
 * slab is on the list of its state; (3) a slab's list of free objects has exactly as many members
 * as are not in use, all aligned objects of that slab; (4) every frame of a slab names its cache
 * and has use MM_FRAME_SLAB; (5) a free object holds its link and 0x6b, nothing else; (6) there are
 * at least n_reserved free objects.
 */
#ifndef MM_ALLOC_SLAB_H
#define MM_ALLOC_SLAB_H

#include "alloc/zone.h"

/* Sizes of objects: 1..16 KiB. */
#define MM_SLAB_MAX_BYTES (16 * MMSIM_KIB)

enum mm_slab_state { MM_SLAB_PARTIAL, MM_SLAB_FULL, MM_SLAB_EMPTY, MM_N_SLAB_STATES };

struct mm_slab_cache {
    struct mm_zones *zones;
    const char *name;                 /* static storage */
    uint32_t object_bytes;            /* rounded up to 16 */
    uint16_t per_slab;                /* objects */
    uint8_t order;                    /* frames a slab: 2^order */
    uint32_t heads[MM_N_SLAB_STATES]; /* pfn of the newest slab in each state; MM_NO_PFN */
    uint64_t n_slabs, n_objects;
    uint64_t n_reserved; /* allocations that were promised and have not been made */
};

/*
 * Object sizes 1..MM_SLAB_MAX_BYTES. The slab order is the smallest that wastes at most 1/8 of a
 * slab. The cache must not move afterwards: its slabs point to it.
 */
void mm_slab_init(struct mm_slab_cache *cache, struct mm_zones *zones, const char *name,
                  size_t object_bytes);

/* Returns all slabs. There must be no live object (debug builds assert it). */
void mm_slab_fini(struct mm_slab_cache *cache);

/* A zeroed object, 16-byte aligned; NULL: no frame. */
void *mm_slab_alloc(struct mm_slab_cache *cache);

/* NULL is allowed. Debug builds assert that the object is a live one of this cache. */
void mm_slab_free(struct mm_slab_cache *cache, void *object);

/*
 * Promises that the next n allocations will not fail, whatever is freed in between: takes the slabs
 * that they need now. There is one promise at a time: it replaces what is left of the last one, and
 * n = 0 ends it. False: no memory, nothing changed.
 */
bool mm_slab_reserve(struct mm_slab_cache *cache, uint64_t n);

/* Returns the slabs that hold no object: undoes a reservation that was not used. */
void mm_slab_shrink(struct mm_slab_cache *cache);

/* NULL, or a sentence (static storage). */
const char *mm_slab_check(const struct mm_slab_cache *cache);

#endif
