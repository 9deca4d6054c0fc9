/*
 * kmalloc.h - memory of any size.
 *
 * Sizes to 8 KiB are served by classes, finer than powers of two: each divides its slab so
 * that next to nothing is wasted. Larger requests get exactly the pages that they need, contiguous.
 * Every block is aligned to 16 bytes.
 */
#ifndef MM_ALLOC_KMALLOC_H
#define MM_ALLOC_KMALLOC_H

#include "alloc/cache.h"

/* Index of the set that serves n_bytes, at most MM_KMALLOC_MAX_SLAB_BYTES. */
static inline unsigned mm_kmalloc_set(const struct mm_heap *heap, size_t n_bytes)
{
    return heap->set_of_size[(n_bytes + MM_HEAP_GRANULE - 1) / MM_HEAP_GRANULE];
}

/* What mm_kmalloc() does when there is no object at hand. */
void *mm_kmalloc_slow(struct mm_heap *heap, size_t n_bytes);

/* NULL: no memory. 0 bytes are served as 1. */
static inline void *mm_kmalloc(struct mm_heap *heap, size_t n_bytes)
{
    void *object = NULL;
    if (__builtin_expect(n_bytes <= MM_KMALLOC_MAX_SLAB_BYTES, 1))
        object = mm_heap_pop(heap, mm_kmalloc_set(heap, n_bytes));
    return __builtin_expect(object != NULL, 1) ? object : mm_kmalloc_slow(heap, n_bytes);
}

/* The same, filled with zeros. */
void *mm_kzalloc(struct mm_heap *heap, size_t n_bytes);

/* Aligned to a power of two; beyond a page, whole pages. NULL: no memory, or no power of two. */
void *mm_kmemalign(struct mm_heap *heap, size_t alignment, size_t n_bytes);

/* NULL is allowed. False: no live object; reported, nothing changed. */
static inline bool mm_kfree(struct mm_heap *heap, void *object)
{
    return __builtin_expect(!object, 0) || mm_heap_push(heap, object);
}

/* The same, told the size that mm_kmalloc() was asked for: another one is reported as a mistake, as
 * far as it would have been served differently, or the size is recorded (checks Z, U). Not for what
 * mm_kmemalign() gave. */
bool mm_kfree_sized(struct mm_heap *heap, void *object, size_t n_bytes);

/* Moves what there is to a block of n_bytes, or changes the block in place; NULL: no memory (or no
 * live object, which is reported), the old block is as it was. object NULL: mm_kmalloc(). n_bytes
 * 0 frees and returns NULL. */
void *mm_krealloc(struct mm_heap *heap, void *object, size_t n_bytes);

/* Bytes that the user of a live object may use. */
size_t mm_ksize(const struct mm_heap *heap, const void *object);

/* The cache that serves n_bytes, at most MM_KMALLOC_MAX_SLAB_BYTES. */
struct mm_cache *mm_kmalloc_cache(const struct mm_heap *heap, size_t n_bytes);

/* Builds the classes; called by mm_heap_init(). */
bool mm_kmalloc_init(struct mm_heap *heap);

/* The sets of the classes changed: notes which one serves which size. */
void mm_kmalloc_map_sizes(struct mm_heap *heap);

/* Switches checks of all classes (enum mm_check). False: no memory; some may have changed. */
bool mm_kmalloc_set_checks(struct mm_heap *heap, unsigned checks);

#endif
