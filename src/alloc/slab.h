/*
 * slab.h - caches of equal objects for the kernel's own structures.
 *
 * A cache hands out objects of one size from slabs, blocks of low frames cut into objects
 * (Bonwick, "The slab allocator", USENIX Summer 1994). A free object's first 8 bytes link it to the
 * next free one of its slab; everything else about a slab stands in the frame table entry of its
 * first frame, so a slab wastes no byte of its memory.
 *
 *   slab:  empty --alloc--> partial --alloc--> full --free--> partial --free--> empty (returned)
 *
 * The newest partial slab serves first; a slab that becomes empty is returned to the frame
 * allocator at once, unless it is the cache's last one with free objects and others are in use.
 * Freed objects are filled with 0x6b so that a dangling use shows.
 *
 * Invariants: (1) n_objects is the sum of the slabs' objects in use; (2) partial slabs, and only
 * they, are on the partial list; (3) a slab's list of free objects has exactly as many members as
 * are not in use, all aligned objects of that slab; (4) every frame of a slab names its cache and
 * has use MM_FRAME_SLAB.
 */
#ifndef MM_ALLOC_SLAB_H
#define MM_ALLOC_SLAB_H

#include "alloc/zone.h"

struct mm_slab_cache {
    struct mm_zones *zones;
    const char *name;      /* static storage */
    uint32_t object_bytes; /* rounded up to 16 */
    uint16_t per_slab;     /* objects */
    uint8_t order;         /* frames a slab: 2^order */
    uint32_t partial;      /* pfn of the first partial slab; MM_NO_PFN */
    uint32_t full;         /* pfn of the first full slab; MM_NO_PFN */
    uint64_t n_slabs, n_objects;
};

/* Object sizes 1..16 KiB. The slab order is chosen so that at most 1/8 of a slab is wasted. */
void mm_slab_init(struct mm_slab_cache *cache, struct mm_zones *zones, const char *name,
                  size_t object_bytes);

/* Returns the empty slabs. There must be no live object (debug builds assert it). */
void mm_slab_fini(struct mm_slab_cache *cache);

/* A zeroed object, 16-byte aligned; NULL: no frame. */
void *mm_slab_alloc(struct mm_slab_cache *cache);

/* NULL is allowed. Debug builds assert that the object is a live one of this cache. */
void mm_slab_free(struct mm_slab_cache *cache, void *object);

/*
 * Makes sure that the next n allocations cannot fail: takes slabs now and keeps them until then.
 * False: no memory (slabs taken so far stay with the cache as free objects).
 */
bool mm_slab_reserve(struct mm_slab_cache *cache, uint64_t n);

/* NULL, or a sentence (static storage). */
const char *mm_slab_check(const struct mm_slab_cache *cache);

#endif
