/* heap_check.c - proving that the heap's books are right; the numbers are invariants of heap.h. */
#include <string.h>

#include "alloc/cache.h"
#include "alloc/checked.h"
#include "alloc/site.h"
#include "base/tree.h"

/* What the maps say of each set. */
struct census {
    uint64_t n_pages[MM_HEAP_MAX_SETS];
    uint64_t n_live[MM_HEAP_MAX_SETS];
};

enum { WORDS_PER_PAGE = MMSIM_PAGE_SIZE / MM_HEAP_GRANULE / 64 };

static const char *count_live(const struct mm_heap *heap, mmsim_pfn pfn, struct census *census)
{
    unsigned index = heap->page_map[pfn];
    for (unsigned i = 0; i < WORDS_PER_PAGE; i++) {
        uint64_t bits = heap->live[(size_t)pfn * WORDS_PER_PAGE + i];
        for (; bits; bits &= bits - 1) {
            uint32_t granule = i * 64 + (uint32_t)__builtin_ctzll(bits);
            uint32_t offset = (pfn << MMSIM_PAGE_SHIFT) + granule * MM_HEAP_GRANULE;
            if (index < MM_HEAP_FIRST_SET && (index != MM_HEAP_SET_RUN || granule != 0))
                return "a live bit is set where no object can begin (heap invariant 1)";
            if (index >= MM_HEAP_FIRST_SET &&
                mm_heap_object_start(heap, heap->sets[index], offset) != offset)
                return "a live bit is set inside an object (heap invariant 1)";
            census->n_live[index]++;
        }
    }
    return NULL;
}

static const char *take_census(const struct mm_heap *heap, struct census *census)
{
    mmsim_pfn n_pages = heap->low_bytes >> MMSIM_PAGE_SHIFT;
    for (mmsim_pfn pfn = 0; pfn < n_pages; pfn++) {
        unsigned index = heap->page_map[pfn];
        if (index == 0)
            continue;
        if (index >= MM_HEAP_FIRST_SET && !heap->sets[index])
            return "the page map names a set that does not exist (heap invariant 2)";
        census->n_pages[index]++;
        const char *broken = count_live(heap, pfn, census);
        if (broken)
            return broken;
    }
    return NULL;
}

static const char *check_magazine(const struct mm_heap *heap, const struct mm_slab_set *set,
                                  const struct mm_magazine *magazine)
{
    if (magazine->n > magazine->capacity)
        return "a magazine holds more objects than it has room for (heap invariant 3)";
    for (uint32_t i = 0; i < magazine->n; i++) {
        uint32_t object = magazine->objects[i];
        if (object >= heap->low_bytes || heap->page_map[object >> MMSIM_PAGE_SHIFT] != set->index ||
            mm_slab_object(set, object) != object)
            return "a magazine holds what is no object of its set (heap invariant 3)";
        if (mm_heap_is_live(heap, object))
            return "an object in a magazine is in use (heap invariant 1)";
        for (uint32_t j = 0; j < i; j++)
            if (magazine->objects[j] == object)
                return "a magazine holds an object twice (heap invariant 3)";
    }
    return NULL;
}

static const char *check_set(const struct mm_heap *heap, const struct mm_slab_set *set,
                             const struct census *census)
{
    const char *broken = mm_slab_check(set);
    uint64_t n_taken = census->n_live[set->index] + set->n_resting + mm_checked_n_stocked(set);
    uint64_t n_free = mm_slab_n_free(set) + mm_checked_n_stocked(set);
    for (unsigned cpu = 0; cpu < heap->n_cpus && !broken; cpu++) {
        const struct mm_magazine *magazine =
            heap->racks[(size_t)cpu * MM_HEAP_MAX_SETS + set->index];
        broken = check_magazine(heap, set, magazine);
        n_taken += magazine->n;
        n_free += magazine->n;
    }
    if (!broken)
        broken = mm_checked_check(heap, set);
    if (broken)
        return broken;
    if (n_taken != set->n_taken)
        return "objects taken from slabs are neither in use nor in a magazine (heap invariant 4)";
    if (census->n_pages[set->index] != set->n_slabs << set->layout.order)
        return "the page map and the slabs of a set do not agree (heap invariant 2)";
    return n_free >= set->n_reserved ? NULL : "fewer objects are free than were promised";
}

const char *mm_heap_check(const struct mm_heap *heap)
{
    struct census census;
    memset(&census, 0, sizeof census);
    const char *broken = take_census(heap, &census);
    uint64_t n_frames = census.n_pages[MM_HEAP_SET_META] + census.n_pages[MM_HEAP_SET_RUN];
    for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS && !broken; i++) {
        const struct mm_slab_set *set = heap->sets[i];
        if (!set)
            continue;
        if (set->index != i)
            return "a set of slabs does not know its index (heap invariant 2)";
        broken = check_set(heap, set, &census);
        n_frames += census.n_pages[i];
    }
    if (broken)
        return broken;
    if (census.n_pages[MM_HEAP_SET_RUN] != heap->n_run_frames ||
        census.n_live[MM_HEAP_SET_RUN] != heap->n_runs)
        return "the runs of pages do not add up (heap invariant 2)";
    if (n_frames != heap->n_frames)
        return "the heap's count of its frames is wrong (heap invariant 5)";
    broken = mm_site_check(heap);
    for (const struct mm_list *at = heap->caches.next; at != &heap->caches && !broken;
         at = at->next)
        broken = mm_cache_check(MM_CONTAINER_OF(at, struct mm_cache, link));
    return broken;
}

const char *mm_cache_check(const struct mm_cache *cache)
{
    bool has_active = false;
    for (unsigned i = 0; i < cache->n_sets; i++) {
        const struct mm_slab_set *set = cache->heap->sets[cache->sets[i]];
        if (!set || set->owner != cache)
            return "a cache names a set of slabs that is not its own (cache invariant 1)";
        has_active |= set->index == cache->active;
    }
    return has_active ? NULL : "a cache's active set is none of its sets (cache invariant 1)";
}
