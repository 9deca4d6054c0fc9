/*
 * cache.h - caches of equal objects: one type each, checked as strictly as one likes.
 *
 *   struct mm_cache inodes;
 *   mm_cache_init(&inodes, heap, &(struct mm_cache_setup){.name = "inode", .object_bytes = 200});
 *   struct inode *inode = mm_cache_alloc(&inodes);
 *   mm_cache_free(&inodes, inode);
 *
 * A cache serves from its newest set of slabs; older ones, made for other checks, wait until their
 * last object is freed (heap.h).
 *
 * Invariants: (1) active is one of the sets, and each set names this cache as its owner.
 */
#ifndef MM_ALLOC_CACHE_H
#define MM_ALLOC_CACHE_H

#include "alloc/heap.h"

enum { MM_CACHE_MAX_SETS = 8 };

struct mm_cache {
    struct mm_heap *heap;
    uint8_t active; /* index of the set that serves */
    uint8_t n_sets;
    uint8_t sets[MM_CACHE_MAX_SETS]; /* indices, active included */
    uint8_t checks;                  /* enum mm_check, of the active set */
    char name[32];
    uint32_t object_bytes; /* as asked for; of a kmalloc class: its size */
    uint32_t alignment;
    void (*construct)(void *object);
    struct mm_list link; /* in heap->caches */
    bool is_kmalloc;
    uint8_t flags; /* enum mm_cache_flags */
    /* Exact leak search: where an object's pointers lie, as byte offsets; NULL: anywhere. */
    const uint32_t *pointer_offsets;
    uint32_t n_pointer_offsets;
};

struct mm_cache_setup {
    const char *name;      /* copied; at most 31 characters count */
    uint32_t object_bytes; /* 1 to MM_SLAB_MAX_BYTES */
    uint32_t alignment;    /* a power of two to 4096; 0 = 16 */
    unsigned checks;       /* enum mm_check */
    enum mm_cache_flags {
        MM_CACHE_COLOUR = 1, /* slabs start at different cache lines */
        MM_CACHE_OWN = 2     /* the kernel's own structs: nobody else takes or frees them. They hold
                                host pointers, and what looks like a kernel address in them is none
                                (leak_words.h) */
    } flags;
    /* Run on each object of a new slab, not at allocation: objects come back constructed. */
    void (*construct)(void *object);
    const uint32_t *pointer_offsets; /* not copied */
    uint32_t n_pointer_offsets;
};

static inline bool mm_cache_is_own(const struct mm_cache *cache)
{
    return cache->flags & MM_CACHE_OWN;
}

/* The cache, so far anybody's, is the kernel's own from now on. */
void mm_cache_claim(struct mm_cache *cache);

/* False: no memory, or too many sets. The cache must not move afterwards. */
bool mm_cache_init(struct mm_cache *cache, struct mm_heap *heap,
                   const struct mm_cache_setup *setup);

/* Returns all its slabs. False: objects of it are alive; nothing changed. */
bool mm_cache_fini(struct mm_cache *cache);

/* An object, contents as they are (constructed, if there is a constructor). NULL: no memory. */
static inline void *mm_cache_alloc(struct mm_cache *cache)
{
    void *object = mm_heap_pop(cache->heap, cache->active);
    return object ? object : mm_heap_alloc_slow(cache->heap, cache->active, cache->object_bytes);
}

/* A zeroed object; it may be one that was promised. Not for caches with a constructor. */
void *mm_cache_zalloc(struct mm_cache *cache);

bool mm_cache_free_slow(struct mm_cache *cache, void *object);

/* NULL is allowed. False: no live object of this cache; reported, nothing changed. */
static inline bool mm_cache_free(struct mm_cache *cache, void *object)
{
    struct mm_heap *heap = cache->heap;
    uint64_t offset = mm_heap_offset(heap, object);
    struct mm_magazine *magazine = heap->rack[cache->active];
    uint32_t n = magazine->n;
    if (__builtin_expect(n < magazine->capacity && mm_heap_is_live(heap, offset) &&
                             heap->page_map[offset >> MMSIM_PAGE_SHIFT] == cache->active,
                         1)) {
        mm_heap_clear_live(heap, (uint32_t)offset);
        magazine->objects[n] = (uint32_t)offset;
        magazine->n = n + 1;
        return true;
    }
    return mm_cache_free_slow(cache, object);
}

/*
 * Promises that the next n mm_cache_zalloc() will not fail, whatever is freed in between. There is
 * one promise at a time: it replaces what is left of the last one, and n = 0 ends it. False: no
 * memory, nothing promised.
 */
bool mm_cache_reserve(struct mm_cache *cache, uint64_t n);

/* Gives back what holds no object: undoes a reservation that was not used. Returns frames. */
uint64_t mm_cache_shrink(struct mm_cache *cache);

/* Switches checks at run time: new objects get them, live ones keep what they have. False: no
 * memory or room for another set of slabs; nothing changed. */
bool mm_cache_set_checks(struct mm_cache *cache, unsigned checks);

/* Index of its set with these checks, which need not be the one that serves; it is made if there is
 * none. 0: no memory or room. */
unsigned mm_cache_set_with(struct mm_cache *cache, unsigned checks);

/* Objects in use; their bytes. */
uint64_t mm_cache_n_live(const struct mm_cache *cache);
uint64_t mm_cache_n_objects(const struct mm_cache *cache); /* with the free ones in slabs */
uint64_t mm_cache_n_slabs(const struct mm_cache *cache);

/* The cache of that name; NULL. */
struct mm_cache *mm_heap_find_cache(const struct mm_heap *heap, const char *name);

/* NULL, or a sentence (static storage). */
const char *mm_cache_check(const struct mm_cache *cache);

#endif
