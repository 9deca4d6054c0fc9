/*
 * kmalloc.c - classes of sizes, runs of pages, and changing the size of what there is.
 */
#include "alloc/kmalloc.h"

#include <stdio.h>
#include <string.h>

#include "alloc/checked.h"
#include "alloc/leak.h"
#include "alloc/report.h"
#include "alloc/scope.h"
#include "base/assert.h"

/* Each class divides its slab (slab.h), so that next to nothing of one is left over. */
static const uint16_t class_bytes[] = {
    16,   32,   48,   64,   80,   96,   112,  128,  144,  160,  176,  192,  208,  224,  240, 256,
    272,  288,  304,  336,  368,  400,  448,  512,  544,  576,  624,  672,  736,  816,  896, 1024,
    1088, 1248, 1360, 1488, 1632, 1808, 2048, 2336, 2720, 3264, 4096, 4672, 5456, 6544, 8192};
enum { N_CLASSES = sizeof class_bytes / sizeof *class_bytes };
_Static_assert(N_CLASSES <= MM_KMALLOC_MAX_CLASSES, "there is room for all classes");

static uint64_t pages_of(size_t n_bytes)
{
    return ((uint64_t)n_bytes + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT;
}

/* ---- classes ---- */

/* Which set serves which size, after the sets of the classes changed. */
void mm_kmalloc_map_sizes(struct mm_heap *heap)
{
    const struct mm_cache *at = heap->classes;
    for (unsigned i = 0; i <= MM_KMALLOC_MAX_SLAB_BYTES / MM_HEAP_GRANULE; i++) {
        while (at->object_bytes < i * MM_HEAP_GRANULE)
            at++;
        heap->set_of_size[i] = at->active;
    }
}

bool mm_kmalloc_init(struct mm_heap *heap)
{
    heap->classes = mm_heap_meta(heap, N_CLASSES * sizeof *heap->classes);
    if (!heap->classes)
        return false;
    for (unsigned i = 0; i < N_CLASSES; i++) {
        char name[32];
        snprintf(name, sizeof name, "kmalloc-%u", (unsigned)class_bytes[i]);
        struct mm_cache_setup setup = {.name = name, .object_bytes = class_bytes[i]};
        if (!mm_cache_init(&heap->classes[i], heap, &setup))
            return false;
        heap->classes[i].is_kmalloc = true;
        heap->n_classes++;
    }
    mm_kmalloc_map_sizes(heap);
    return true;
}

bool mm_kmalloc_set_checks(struct mm_heap *heap, unsigned checks)
{
    bool done = true;
    for (unsigned i = 0; i < heap->n_classes && done; i++)
        done = mm_cache_set_checks(&heap->classes[i], checks);
    return done;
}

struct mm_cache *mm_kmalloc_cache(const struct mm_heap *heap, size_t n_bytes)
{
    return heap->sets[mm_kmalloc_set(heap, n_bytes)]->owner;
}

/* ---- allocating ---- */

static void *alloc_large(struct mm_heap *heap, size_t n_bytes)
{
    if (n_bytes > heap->low_bytes)
        return NULL;
    return mm_heap_alloc_run(heap, pages_of(n_bytes), 0);
}

void *mm_kmalloc_slow(struct mm_heap *heap, size_t n_bytes)
{
    if (n_bytes > MM_KMALLOC_MAX_SLAB_BYTES)
        return alloc_large(heap, n_bytes);
    return mm_heap_alloc_slow(heap, mm_kmalloc_set(heap, n_bytes), n_bytes);
}

void *mm_kzalloc(struct mm_heap *heap, size_t n_bytes)
{
    void *object = mm_kmalloc(heap, n_bytes);
    return object ? memset(object, 0, n_bytes) : NULL;
}

void *mm_kmemalign(struct mm_heap *heap, size_t alignment, size_t n_bytes)
{
    if (alignment == 0 || (alignment & (alignment - 1)) || n_bytes > heap->low_bytes)
        return NULL;
    if (alignment <= MM_HEAP_GRANULE)
        return mm_kmalloc(heap, n_bytes);
    if (alignment > MMSIM_PAGE_SIZE) {
        unsigned order = (unsigned)__builtin_ctzll(alignment) - MMSIM_PAGE_SHIFT;
        if (order > MM_BUDDY_MAX_ORDER)
            return NULL;
        return mm_heap_alloc_run(heap, n_bytes ? pages_of(n_bytes) : 1, order);
    }
    /* objects of a size that is a power of two lie at multiples of it */
    size_t rounded = alignment;
    while (rounded < n_bytes && rounded < MMSIM_PAGE_SIZE)
        rounded *= 2;
    bool in_pages = n_bytes > rounded;
    const struct mm_cache *cache = mm_kmalloc_cache(heap, rounded);
    const struct mm_slab_layout *layout = &heap->sets[cache->active]->layout;
    if (in_pages || layout->slot_bytes != rounded || layout->first != 0)
        return mm_heap_alloc_run(heap, pages_of(n_bytes > 0 ? n_bytes : 1), 0);
    return mm_kmalloc(heap, rounded);
}

/* ---- freeing ---- */

/* True if a request for n_bytes would have been served by an object like this one. */
static bool fits(const struct mm_heap *heap, uint32_t offset, size_t n_bytes)
{
    struct mm_heap_object object;
    mm_heap_find(heap, offset, &object);
    if (object.set == MM_HEAP_SET_RUN)
        return pages_of(n_bytes) == pages_of(object.bytes);
    unsigned checks = heap->sets[object.set]->checks;
    if ((checks & MM_CHECKS_TRAILER) || mm_checked_is_guarded(checks))
        return (n_bytes ? n_bytes : 1) == object.bytes;
    if (!object.cache->is_kmalloc)
        return n_bytes == object.bytes;
    return n_bytes <= object.bytes && mm_kmalloc_cache(heap, n_bytes) == object.cache;
}

bool mm_kfree_sized(struct mm_heap *heap, void *object, size_t n_bytes)
{
    uint64_t offset = mm_heap_offset(heap, object);
    if (object && mm_heap_is_live(heap, offset) && !fits(heap, (uint32_t)offset, n_bytes))
        return mm_report_bad_size(heap, object, n_bytes);
    return mm_kfree(heap, object);
}

/* ---- changing the size ---- */

size_t mm_ksize(const struct mm_heap *heap, const void *object)
{
    struct mm_heap_object found;
    uint64_t offset = mm_heap_offset(heap, object);
    if (!mm_heap_is_live(heap, offset) || !mm_heap_find(heap, offset, &found))
        return 0;
    return found.bytes;
}

/* A block that stays where it is: of the same class, or a run of pages that can be cut or grown. */
static bool resize_in_place(struct mm_heap *heap, uint32_t offset, size_t n_bytes)
{
    unsigned index = heap->page_map[offset >> MMSIM_PAGE_SHIFT];
    if (index == MM_HEAP_SET_RUN)
        return n_bytes > MM_KMALLOC_MAX_SLAB_BYTES && n_bytes <= heap->low_bytes &&
               mm_heap_resize_run(heap, offset, pages_of(n_bytes));
    if (n_bytes > MM_KMALLOC_MAX_SLAB_BYTES || (heap->sets[index]->checks & MM_CHECKS_CALLS))
        return false;
    return mm_kmalloc_set(heap, n_bytes) == index;
}

/* What is in a scope stays in it. */
static void *alloc_like(struct mm_heap *heap, const void *object, size_t n_bytes)
{
    struct mm_scope *scope = mm_scope_of(heap, (uint32_t)mm_heap_offset(heap, object));
    return scope ? mm_scope_kmalloc(scope, n_bytes) : mm_kmalloc(heap, n_bytes);
}

/* mm_ksize() of a live object, without a search where nothing about it is recorded. */
static size_t usable_bytes(const struct mm_heap *heap, const void *object)
{
    unsigned index = heap->page_map[mm_heap_offset(heap, object) >> MMSIM_PAGE_SHIFT];
    if (index < MM_HEAP_FIRST_SET || (heap->sets[index]->checks & MM_CHECKS_CALLS))
        return mm_ksize(heap, object);
    return ((const struct mm_cache *)heap->sets[index]->owner)->object_bytes;
}

static void *move(struct mm_heap *heap, void *object, size_t n_bytes)
{
    void *moved = alloc_like(heap, object, n_bytes);
    if (!moved)
        return NULL;
    size_t old_bytes = usable_bytes(heap, object);
    memcpy(moved, object, old_bytes < n_bytes ? old_bytes : n_bytes);
    if (heap->leak)
        mm_leak_on_fill(heap->leak, (uint32_t)mm_heap_offset(heap, moved));
    mm_kfree(heap, object);
    return moved;
}

void *mm_krealloc(struct mm_heap *heap, void *object, size_t n_bytes)
{
    if (!object)
        return mm_kmalloc(heap, n_bytes);
    uint64_t offset = mm_heap_offset(heap, object);
    if (n_bytes == 0 || !mm_heap_is_live(heap, offset)) {
        mm_kfree(heap, object);
        return NULL;
    }
    if (resize_in_place(heap, (uint32_t)offset, n_bytes))
        return object;
    return move(heap, object, n_bytes);
}
