/* heap_object.c - which object an address is in, all live ones in order, and what the heap holds.
 */
#include "alloc/cache.h"
#include "alloc/checked.h"
#include "alloc/guard.h"

/* ---- finding objects ---- */

static void describe(const struct mm_heap *heap, uint32_t offset, unsigned index,
                     struct mm_heap_object *object)
{
    const struct mm_slab_set *set = heap->sets[index];
    *object = (struct mm_heap_object){
        .offset = offset, .set = (uint8_t)index, .live = mm_heap_is_live(heap, offset)};
    if (index == MM_HEAP_SET_RUN) {
        object->bytes = (uint32_t)(mm_heap_run_frames(heap, offset) << MMSIM_PAGE_SHIFT);
        return;
    }
    object->cache = set->owner;
    bool knows_size = (set->checks & MM_CHECKS_TRAILER) || mm_checked_is_guarded(set->checks);
    object->bytes = knows_size ? mm_checked_bytes(heap, set, offset) : object->cache->object_bytes;
}

uint32_t mm_heap_object_start(const struct mm_heap *heap, const struct mm_slab_set *set,
                              uint32_t offset)
{
    return mm_checked_is_guarded(set->checks) ? mm_guard_object(heap, offset)
                                              : mm_slab_object(set, offset);
}

/* First frame of the run that holds pfn. */
static uint32_t run_start(const struct mm_heap *heap, uint32_t pfn)
{
    while (!mm_heap_is_live(heap, (uint64_t)pfn << MMSIM_PAGE_SHIFT))
        pfn--;
    return pfn << MMSIM_PAGE_SHIFT;
}

bool mm_heap_find(const struct mm_heap *heap, uint64_t offset, struct mm_heap_object *object)
{
    if (offset >= heap->low_bytes)
        return false;
    unsigned index = heap->page_map[offset >> MMSIM_PAGE_SHIFT];
    if (index == 0 || index == MM_HEAP_SET_META)
        return false;
    uint32_t start = index == MM_HEAP_SET_RUN
                         ? run_start(heap, (uint32_t)(offset >> MMSIM_PAGE_SHIFT))
                         : mm_heap_object_start(heap, heap->sets[index], (uint32_t)offset);
    if (start == MM_SLAB_NO_OBJECT)
        return false;
    describe(heap, start, index, object);
    return true;
}

bool mm_heap_next(const struct mm_heap *heap, uint64_t offset, struct mm_heap_object *object)
{
    uint64_t granule = (offset + MM_HEAP_GRANULE - 1) / MM_HEAP_GRANULE;
    uint64_t n_words = heap->low_bytes / MM_HEAP_GRANULE / 64;
    uint64_t above = ~(uint64_t)0 << (granule & 63);
    for (uint64_t word = granule / 64; word < n_words; word++, above = ~(uint64_t)0) {
        if (word % 4 == 0 && heap->page_map[word / 4] == 0) { /* four words are a page */
            word += 3;
            continue;
        }
        uint64_t bits = heap->live[word] & above;
        if (bits) {
            uint64_t at = word * 64 + (uint64_t)__builtin_ctzll(bits);
            uint32_t start = (uint32_t)(at * MM_HEAP_GRANULE);
            describe(heap, start, heap->page_map[start >> MMSIM_PAGE_SHIFT], object);
            return true;
        }
    }
    return false;
}

/* ---- figures ---- */

enum { MAP_BYTES = MMSIM_PAGE_SIZE / MM_HEAP_GRANULE / 8 + 1 }; /* of a frame, in both maps */

uint64_t mm_heap_held_bytes(const struct mm_heap *heap)
{
    return heap->n_frames * (MMSIM_PAGE_SIZE + MAP_BYTES);
}

uint64_t mm_heap_peak_held_bytes(const struct mm_heap *heap)
{
    return heap->peak_frames * (MMSIM_PAGE_SIZE + MAP_BYTES);
}
