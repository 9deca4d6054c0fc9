/*
 * heap-allocator.h - the allocators that bench-heap compares, behind one set of inline calls.
 *
 * A workload is written once, as an always-inlined function that takes the side as a constant: so
 * mmsim is called as a program that links it would call it, directly, and a peer through a pointer
 * that is held in a register, which is what a call into a shared library costs.
 *
 *   mmsim   kmalloc and its relatives of a heap in simulated RAM
 *   typed   a slab cache of 64-byte objects of the same heap
 *   peers   glibc, and of jemalloc, mimalloc and tcmalloc what is installed
 *
 * Invariant: the first two are always there, then glibc, then the others.
 */
#ifndef BENCH_HEAP_ALLOCATOR_H
#define BENCH_HEAP_ALLOCATOR_H

#include <stddef.h>

#include "alloc/kmalloc.h"
#include "alloc/zone.h"
#include "hw/phys.h"

enum heap_side { HEAP_SIDE_MMSIM, HEAP_SIDE_TYPED, HEAP_SIDE_PEER };

enum { HEAP_MMSIM, HEAP_TYPED, HEAP_FIRST_PEER, HEAP_GLIBC = HEAP_FIRST_PEER, HEAP_MAX = 6 };

enum { HEAP_TYPED_BYTES = 64 };

struct heap_allocator {
    const char *name;
    enum heap_side side;
    struct mm_heap *heap;   /* mmsim, typed */
    struct mm_cache *cache; /* typed */
    void *(*malloc)(size_t n_bytes);
    void (*free)(void *object);
    void *(*realloc)(void *object, size_t n_bytes);
    void *(*calloc)(size_t n, size_t n_bytes);
    void *(*memalign)(size_t alignment, size_t n_bytes);
};

struct heap_allocators {
    struct heap_allocator all[HEAP_MAX];
    unsigned n;
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_heap heap;
    struct mm_cache cache;
};

/*
 * Builds the heap and loads the peers that are installed. May run the program anew: a library that
 * wants more thread-local storage than the loader keeps spare can only be loaded after the loader
 * was told so at start.
 */
void heap_allocators_init(struct heap_allocators *allocators, char **argv);

/* malloc() is AddressSanitizer's in this process, which suffers no other allocator beside it. */
bool heap_is_sanitized(void);

/* A sentence for each peer that is missing, and how to install them, to stderr. */
void heap_allocators_tell_missing(const struct heap_allocators *allocators);

/* NULL: it is not installed. */
const struct heap_allocator *heap_allocator_find(const struct heap_allocators *allocators,
                                                 const char *name);

/* Always inlined, as the side must be a constant in the loops. */
#define HEAP_INLINE static inline __attribute__((always_inline))

HEAP_INLINE void *heap_malloc(enum heap_side side, struct heap_allocator with, size_t n_bytes)
{
    if (side == HEAP_SIDE_MMSIM)
        return mm_kmalloc(with.heap, n_bytes);
    if (side == HEAP_SIDE_TYPED)
        return mm_cache_alloc(with.cache);
    return with.malloc(n_bytes);
}

HEAP_INLINE void heap_free(enum heap_side side, struct heap_allocator with, void *object)
{
    if (side == HEAP_SIDE_MMSIM)
        mm_kfree(with.heap, object);
    else if (side == HEAP_SIDE_TYPED)
        mm_cache_free(with.cache, object);
    else
        with.free(object);
}

HEAP_INLINE void *heap_realloc(enum heap_side side, struct heap_allocator with, void *object,
                               size_t n_bytes)
{
    if (side == HEAP_SIDE_MMSIM)
        return mm_krealloc(with.heap, object, n_bytes);
    return with.realloc(object, n_bytes);
}

HEAP_INLINE void *heap_calloc(enum heap_side side, struct heap_allocator with, size_t n_bytes)
{
    if (side == HEAP_SIDE_MMSIM)
        return mm_kzalloc(with.heap, n_bytes);
    return with.calloc(1, n_bytes);
}

HEAP_INLINE void *heap_memalign(enum heap_side side, struct heap_allocator with, size_t alignment,
                                size_t n_bytes)
{
    if (side == HEAP_SIDE_MMSIM)
        return mm_kmemalign(with.heap, alignment, n_bytes);
    return with.memalign(alignment, n_bytes);
}

#endif
