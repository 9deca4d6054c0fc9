/* quarantine.c - the rings of resting objects; see quarantine.h. */
#include "alloc/quarantine.h"

#include "base/assert.h"

uint32_t mm_quarantine_capacity(uint32_t slot_bytes)
{
    uint32_t n = (uint32_t)MM_QUARANTINE_BYTES / slot_bytes;
    if (n < 1)
        return 1;
    return n < MM_QUARANTINE_OBJECTS ? n : MM_QUARANTINE_OBJECTS;
}

/* Stays inside the ring, whatever a wild write made of it: it lies in simulated RAM. */
static uint32_t place_of(const struct mm_quarantine *ring, uint32_t i)
{
    return (ring->oldest + i) % MM_QUARANTINE_OBJECTS;
}

static struct mm_quarantine *make_ring(struct mm_heap *heap, const struct mm_slab_set *set)
{
    struct mm_quarantine *ring = heap->spare_quarantines;
    if (ring)
        heap->spare_quarantines = ring->next_spare;
    else
        ring = mm_heap_meta(heap, sizeof *ring);
    if (!ring)
        return NULL;
    ring->oldest = ring->n = 0;
    ring->capacity = mm_quarantine_capacity(set->layout.slot_bytes);
    return ring;
}

uint32_t mm_quarantine_pop(struct mm_slab_set *set)
{
    struct mm_quarantine *ring = set->quarantine;
    if (!ring || ring->n == 0)
        return MM_SLAB_NO_OBJECT;
    uint32_t object = ring->objects[place_of(ring, 0)];
    ring->oldest = place_of(ring, 1);
    ring->n--;
    set->n_resting--;
    return object;
}

uint32_t mm_quarantine_push(struct mm_heap *heap, struct mm_slab_set *set, uint32_t object)
{
    if (!set->quarantine)
        set->quarantine = make_ring(heap, set);
    struct mm_quarantine *ring = set->quarantine;
    if (!ring)
        return object;
    uint32_t leaves = ring->n == ring->capacity ? mm_quarantine_pop(set) : MM_SLAB_NO_OBJECT;
    ring->objects[place_of(ring, ring->n)] = object;
    ring->n++;
    set->n_resting++;
    return leaves;
}

uint32_t mm_quarantine_n(const struct mm_slab_set *set)
{
    return set->quarantine ? set->quarantine->n : 0;
}

uint32_t mm_quarantine_at(const struct mm_slab_set *set, uint32_t i)
{
    const struct mm_quarantine *ring = set->quarantine;
    return ring->objects[place_of(ring, i)];
}

void mm_quarantine_forget(struct mm_heap *heap, struct mm_slab_set *set)
{
    MM_ASSERT(mm_quarantine_n(set) == 0, "a set is dropped in which objects rest");
    if (!set->quarantine)
        return;
    set->quarantine->next_spare = heap->spare_quarantines;
    heap->spare_quarantines = set->quarantine;
    set->quarantine = NULL;
}
