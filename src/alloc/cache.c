/* cache.c - caches of equal objects; see cache.h. */
#include "alloc/cache.h"

#include <string.h>

#include "alloc/checked.h"
#include "alloc/kmalloc.h"
#include "alloc/report.h"
#include "base/assert.h"
#include "base/tree.h"

static struct mm_slab_set *active_set(const struct mm_cache *cache)
{
    return cache->heap->sets[cache->active];
}

/* ---- sets ---- */

/* Drops the sets that serve no more and have no object left. */
static void drop_empty(struct mm_cache *cache)
{
    for (unsigned i = 0; i < cache->n_sets;) {
        struct mm_slab_set *set = cache->heap->sets[cache->sets[i]];
        if (set->index != cache->active) {
            mm_quarantine_flush(cache->heap, set);
            mm_heap_drain(cache->heap, set);
            mm_slab_shrink(set);
        }
        if (set->index == cache->active || set->n_slabs > 0) {
            i++;
            continue;
        }
        mm_heap_drop_set(cache->heap, set);
        cache->sets[i] = cache->sets[--cache->n_sets];
    }
}

static const struct mm_slab_set *set_with(const struct mm_cache *cache, unsigned checks)
{
    for (unsigned i = 0; i < cache->n_sets; i++)
        if (cache->heap->sets[cache->sets[i]]->checks == checks)
            return cache->heap->sets[cache->sets[i]];
    return NULL;
}

static const struct mm_slab_set *add_set(struct mm_cache *cache, unsigned checks)
{
    if (cache->n_sets == MM_CACHE_MAX_SETS)
        return NULL;
    struct mm_slab_layout layout = mm_checked_plan(cache, checks);
    uint32_t used = layout.first + layout.per_slab * layout.slot_bytes;
    uint32_t spare = ((uint32_t)MMSIM_PAGE_SIZE << layout.order) - used;
    bool is_coloured = cache->flags & MM_CACHE_COLOUR;
    layout.colour_bytes = cache->alignment > 64 ? cache->alignment : 64;
    layout.n_colours = (uint16_t)(is_coloured ? spare / layout.colour_bytes + 1 : 1);
    const struct mm_slab_set *set = mm_heap_add_set(cache->heap, &layout, checks, cache);
    if (set)
        cache->sets[cache->n_sets++] = set->index;
    return set;
}

unsigned mm_cache_set_with(struct mm_cache *cache, unsigned checks)
{
    const struct mm_slab_set *set = set_with(cache, checks);
    if (!set) {
        drop_empty(cache);
        set = add_set(cache, checks);
    }
    return set ? set->index : 0;
}

bool mm_cache_set_checks(struct mm_cache *cache, unsigned checks)
{
    if (cache->checks == checks)
        return true;
    drop_empty(cache);
    const struct mm_slab_set *set = set_with(cache, checks);
    if (!set)
        set = add_set(cache, checks);
    if (!set)
        return false;
    cache->active = set->index;
    cache->checks = (uint8_t)checks;
    drop_empty(cache);
    if (cache->is_kmalloc)
        mm_kmalloc_map_sizes(cache->heap);
    return true;
}

void mm_cache_claim(struct mm_cache *cache)
{
    cache->flags |= MM_CACHE_OWN;
    for (unsigned i = 0; i < cache->n_sets; i++)
        cache->heap->sets[cache->sets[i]]->clears = true;
}

/* ---- life ---- */

bool mm_cache_init(struct mm_cache *cache, struct mm_heap *heap, const struct mm_cache_setup *setup)
{
    MM_ASSERT(setup->object_bytes > 0 && setup->object_bytes <= MM_SLAB_MAX_BYTES,
              "a cache is asked for objects of a size that it does not serve");
    *cache = (struct mm_cache){
        .heap = heap,
        .checks = (uint8_t)setup->checks,
        .object_bytes = setup->object_bytes,
        .alignment = setup->alignment > MM_HEAP_GRANULE ? setup->alignment : MM_HEAP_GRANULE,
        .construct = setup->construct,
        .flags = (uint8_t)setup->flags,
        .pointer_offsets = setup->pointer_offsets,
        .n_pointer_offsets = setup->n_pointer_offsets,
    };
    for (size_t i = 0; i + 1 < sizeof cache->name && setup->name[i]; i++)
        cache->name[i] = setup->name[i];
    const struct mm_slab_set *set = add_set(cache, setup->checks);
    if (!set)
        return false;
    cache->active = set->index;
    mm_list_append(&heap->caches, &cache->link);
    return true;
}

bool mm_cache_fini(struct mm_cache *cache)
{
    if (mm_cache_n_live(cache) > 0)
        return false;
    for (unsigned i = 0; i < cache->n_sets; i++) {
        struct mm_slab_set *set = cache->heap->sets[cache->sets[i]];
        set->n_reserved = 0;
        mm_quarantine_flush(cache->heap, set);
        mm_heap_drain(cache->heap, set);
        mm_slab_shrink(set);
        mm_heap_drop_set(cache->heap, set);
    }
    cache->n_sets = 0;
    mm_list_remove(&cache->link);
    return true;
}

/* ---- objects ---- */

void *mm_cache_zalloc(struct mm_cache *cache)
{
    struct mm_slab_set *set = active_set(cache);
    void *object;
    if (set->n_reserved > 0) {
        /* Promised: no injected failure may take it, nor any reaping while it is fetched. */
        object = mm_heap_alloc_promised(cache->heap, cache->active, cache->object_bytes);
        set->n_reserved--;
    } else {
        object = mm_cache_alloc(cache);
    }
    return object ? memset(object, 0, cache->object_bytes) : NULL;
}

static bool belongs(const struct mm_cache *cache, uint64_t offset)
{
    if (!mm_heap_is_live(cache->heap, offset))
        return true; /* freeing will say what is wrong with it */
    const struct mm_slab_set *set =
        cache->heap->sets[cache->heap->page_map[offset >> MMSIM_PAGE_SHIFT]];
    return set && set->owner == cache;
}

bool mm_cache_free_slow(struct mm_cache *cache, void *object)
{
    if (!object)
        return true;
    if (!belongs(cache, mm_heap_offset(cache->heap, object)))
        return mm_report_wrong_cache(cache->heap, object, cache);
    return mm_heap_free_slow(cache->heap, object);
}

bool mm_cache_reserve(struct mm_cache *cache, uint64_t n)
{
    struct mm_slab_set *set = active_set(cache);
    set->n_reserved = 0;
    if (n == 0)
        return true;
    if (mm_inject_fails(&cache->heap->inject, cache->object_bytes, cache->heap->site))
        return false;
    mm_heap_drain(cache->heap, set);
    set->n_reserved = n; /* before: growing may reap, and must not reap what it has just grown */
    if (mm_slab_grow(set, n) || (mm_heap_reap(cache->heap) > 0 && mm_slab_grow(set, n)))
        return true;
    set->n_reserved = 0;
    return false;
}

uint64_t mm_cache_shrink(struct mm_cache *cache)
{
    uint64_t n_frames = 0;
    for (unsigned i = 0; i < cache->n_sets; i++) {
        struct mm_slab_set *set = cache->heap->sets[cache->sets[i]];
        set->n_reserved = 0;
        mm_heap_drain(cache->heap, set);
        n_frames += mm_slab_shrink(set);
    }
    return n_frames;
}

/* ---- figures ---- */

uint64_t mm_cache_n_live(const struct mm_cache *cache)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < cache->n_sets; i++)
        n += mm_heap_n_live(cache->heap, cache->heap->sets[cache->sets[i]]);
    return n;
}

uint64_t mm_cache_n_objects(const struct mm_cache *cache)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < cache->n_sets; i++) {
        const struct mm_slab_set *set = cache->heap->sets[cache->sets[i]];
        n += set->n_slabs * set->layout.per_slab;
    }
    return n;
}

uint64_t mm_cache_n_slabs(const struct mm_cache *cache)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < cache->n_sets; i++)
        n += cache->heap->sets[cache->sets[i]]->n_slabs;
    return n;
}

struct mm_cache *mm_heap_find_cache(const struct mm_heap *heap, const char *name)
{
    for (struct mm_list *at = heap->caches.next; at != &heap->caches; at = at->next) {
        struct mm_cache *cache = MM_CONTAINER_OF(at, struct mm_cache, link);
        if (strcmp(cache->name, name) == 0)
            return cache;
    }
    return NULL;
}
