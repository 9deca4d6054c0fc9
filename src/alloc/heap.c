/*
 * heap.c - what all doors of the heap share: sets, racks, maps, and the slow halves of allocating
 * and freeing.
 */
#include "alloc/heap.h"

#include <string.h>

#include "alloc/cache.h"
#include "alloc/checked.h"
#include "alloc/kmalloc.h"
#include "alloc/leak.h"
#include "alloc/report.h"
#include "alloc/run.h"
#include "alloc/scope.h"
#include "base/assert.h"

/* ---- metadata ---- */

static uint32_t frame_offset(const struct mm_heap *heap, const struct mm_frame *frame)
{
    return mm_frame_pfn(heap->zones, frame) << MMSIM_PAGE_SHIFT;
}

void mm_heap_count_frames(struct mm_heap *heap, int64_t change)
{
    heap->n_frames += (uint64_t)change;
    if (heap->n_frames > heap->peak_frames)
        heap->peak_frames = heap->n_frames;
}

/* Frames for metadata come one block at a time, big enough for n_bytes. */
static bool grow_meta(struct mm_heap *heap, size_t n_bytes)
{
    unsigned order = 0;
    while (MMSIM_PAGE_SIZE << order < n_bytes)
        order++;
    struct mm_frame *frame = mm_zone_alloc(heap->zones, MM_FRAME_SLAB, order);
    if (!frame)
        return false;
    uint32_t offset = frame_offset(heap, frame);
    mmsim_pfn pfn = mm_frame_pfn(heap->zones, frame);
    memset(heap->page_map + pfn, MM_HEAP_SET_META, (size_t)1 << order);
    memset(mm_heap_pointer(heap, offset), 0, MMSIM_PAGE_SIZE << order);
    frame->payload = heap->meta_block | (uint64_t)order << 32;
    heap->meta_block = pfn;
    heap->meta_next = offset;
    heap->meta_end = offset + ((uint32_t)MMSIM_PAGE_SIZE << order);
    mm_heap_count_frames(heap, (int64_t)1 << order);
    return true;
}

void *mm_heap_meta(struct mm_heap *heap, size_t n_bytes)
{
    size_t rounded = (n_bytes + MM_HEAP_GRANULE - 1) & ~(size_t)(MM_HEAP_GRANULE - 1);
    if (rounded > heap->meta_end - heap->meta_next && !grow_meta(heap, rounded))
        return NULL;
    void *meta = mm_heap_pointer(heap, heap->meta_next);
    heap->meta_next += (uint32_t)rounded;
    return meta;
}

static void free_meta(struct mm_heap *heap)
{
    mmsim_pfn pfn = heap->meta_block;
    while (pfn != MM_NO_PFN) {
        struct mm_frame *frame = &heap->zones->table[pfn];
        unsigned order = (unsigned)(frame->payload >> 32);
        pfn = (mmsim_pfn)frame->payload;
        mm_heap_count_frames(heap, -((int64_t)1 << order));
        mm_zone_free(heap->zones, frame, order);
    }
}

/* ---- racks and magazines ---- */

static struct mm_magazine **rack_of(struct mm_heap *heap, unsigned cpu)
{
    return heap->racks + (size_t)cpu * MM_HEAP_MAX_SETS;
}

static bool needs_every_call(const struct mm_slab_set *set)
{
    return set->checks & MM_CHECKS_CALLS;
}

void mm_heap_close(struct mm_heap *heap)
{
    heap->n_closed++;
    heap->rack = heap->closed_rack;
}

void mm_heap_open(struct mm_heap *heap)
{
    MM_ASSERT(heap->n_closed > 0, "a heap is opened that was not closed");
    heap->n_closed--;
    mm_heap_enter_cpu(heap, heap->cpu);
}

/* Magazines of sets that are no more are linked through their first objects. */
static struct mm_magazine *next_spare(const struct mm_magazine *magazine)
{
    struct mm_magazine *next;
    memcpy(&next, magazine->objects, sizeof next);
    return next;
}

static struct mm_magazine *reuse_magazine(struct mm_heap *heap, uint32_t room)
{
    struct mm_magazine *before = NULL, *spare = heap->spare_magazines;
    for (; spare && spare->room != room; spare = next_spare(spare))
        before = spare;
    if (!spare)
        return NULL;
    struct mm_magazine *next = next_spare(spare);
    if (before)
        memcpy(before->objects, &next, sizeof next);
    else
        heap->spare_magazines = next;
    return spare;
}

static void spare_magazine(struct mm_heap *heap, struct mm_magazine *magazine)
{
    if (magazine == heap->nothing)
        return;
    MM_ASSERT(magazine->n == 0, "a set of slabs is dropped whose magazine holds objects");
    memcpy(magazine->objects, &heap->spare_magazines, sizeof heap->spare_magazines);
    heap->spare_magazines = magazine;
}

/* The magazine of a set on the current CPU, made when it is first needed. NULL: no memory, or the
 * set has none. */
static struct mm_magazine *magazine_of(struct mm_heap *heap, unsigned set)
{
    struct mm_magazine **place = &rack_of(heap, heap->cpu)[set];
    if (*place != heap->nothing)
        return *place;
    if (needs_every_call(heap->sets[set]))
        return NULL;
    uint32_t room = mm_magazine_room(heap->sets[set]->layout.slot_bytes);
    struct mm_magazine *made = reuse_magazine(heap, room);
    if (!made)
        made = mm_heap_meta(heap, sizeof *made + room * sizeof made->objects[0]);
    if (!made)
        return NULL;
    made->room = room;
    made->capacity = mm_magazine_capacity(made, 0);
    return *place = made;
}

static void drain_magazine(struct mm_slab_set *set, struct mm_magazine *magazine)
{
    mm_slab_put(set, magazine->objects, magazine->n);
    magazine->n = 0;
}

void mm_heap_drain(struct mm_heap *heap, struct mm_slab_set *set)
{
    for (unsigned cpu = 0; cpu < heap->n_cpus; cpu++) {
        struct mm_magazine *magazine = rack_of(heap, cpu)[set->index];
        if (magazine->n > 0)
            drain_magazine(set, magazine);
    }
    mm_checked_drain(set);
}

uint64_t mm_heap_n_live(const struct mm_heap *heap, const struct mm_slab_set *set)
{
    uint64_t n_live = set->n_taken - set->n_resting - mm_checked_n_stocked(set);
    for (unsigned cpu = 0; cpu < heap->n_cpus; cpu++)
        n_live -= heap->racks[(size_t)cpu * MM_HEAP_MAX_SETS + set->index]->n;
    return n_live;
}

uint64_t mm_heap_reap(struct mm_heap *heap)
{
    uint64_t n_before = heap->n_frames; /* draining a magazine may free a slab, too */
    for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS; i++) {
        if (!heap->sets[i])
            continue;
        mm_quarantine_flush(heap, heap->sets[i]);
        mm_heap_drain(heap, heap->sets[i]);
        mm_slab_shrink(heap->sets[i]);
    }
    return n_before - heap->n_frames;
}

/* ---- sets ---- */

struct mm_slab_set *mm_heap_add_set(struct mm_heap *heap, const struct mm_slab_layout *layout,
                                    unsigned checks, struct mm_cache *cache)
{
    unsigned index = MM_HEAP_FIRST_SET;
    while (index < MM_HEAP_MAX_SETS && heap->sets[index])
        index++;
    if (index == MM_HEAP_MAX_SETS)
        return NULL;
    struct mm_slab_set *set = heap->spare_sets;
    if (set)
        heap->spare_sets = set->owner;
    else
        set = mm_heap_meta(heap, sizeof *set);
    if (!set)
        return NULL;
    *set = (struct mm_slab_set){
        .layout = *layout,
        .zones = heap->zones,
        .page_map = heap->page_map,
        .free_map = heap->free_map,
        .live = heap->live,
        .index = (uint8_t)index,
        .checks = (uint8_t)checks,
        .shuffle = checks & MM_CHECK_SHUFFLE ? &heap->rng : NULL,
        .construct = cache->construct,
        .clears = mm_cache_is_own(cache),
        .owner = cache,
        .n_frames = &heap->n_frames,
        .peak_frames = &heap->peak_frames,
    };
    mm_slab_init(set);
    mm_checked_init(set);
    heap->sets[index] = set;
    return set;
}

void mm_heap_drop_set(struct mm_heap *heap, struct mm_slab_set *set)
{
    MM_ASSERT(set->n_slabs == 0, "a set of slabs is dropped that still has slabs");
    mm_checked_forget(heap, set);
    for (unsigned cpu = 0; cpu < heap->n_cpus; cpu++)
        spare_magazine(heap, rack_of(heap, cpu)[set->index]);
    for (unsigned cpu = 0; cpu < heap->n_cpus; cpu++)
        rack_of(heap, cpu)[set->index] = heap->nothing;
    heap->sets[set->index] = NULL;
    set->owner = heap->spare_sets;
    heap->spare_sets = set;
}

/* ---- the slow halves ---- */

/* Up to half a magazine from the slabs; one at least, from wherever free objects are. */
static unsigned refill(struct mm_heap *heap, struct mm_slab_set *set, uint32_t *objects,
                       unsigned n_wanted)
{
    unsigned n = mm_slab_take(set, objects, n_wanted);
    if (n > 0)
        return n;
    mm_heap_drain(heap, set); /* other CPUs' */
    n = mm_slab_take(set, objects, 1);
    if (n > 0)
        return n;
    mm_heap_reap(heap);
    return mm_slab_take(set, objects, 1);
}

uint32_t mm_heap_take_one(struct mm_heap *heap, struct mm_slab_set *set)
{
    struct mm_magazine *magazine = magazine_of(heap, set->index);
    uint32_t object;
    if (!magazine)
        return refill(heap, set, &object, 1) ? object : MM_SLAB_NO_OBJECT;
    if (magazine->n == 0) {
        magazine->capacity = mm_magazine_capacity(magazine, set->n_taken);
        magazine->n = refill(heap, set, magazine->objects, magazine->capacity / 2);
    }
    return magazine->n > 0 ? magazine->objects[--magazine->n] : MM_SLAB_NO_OBJECT;
}

static void give_older_half(struct mm_slab_set *set, struct mm_magazine *magazine)
{
    unsigned n_back = magazine->n - magazine->capacity / 2;
    mm_slab_put(set, magazine->objects, n_back);
    magazine->n -= n_back;
    memmove(magazine->objects, magazine->objects + n_back,
            magazine->n * sizeof magazine->objects[0]);
}

void mm_heap_put_one(struct mm_heap *heap, struct mm_slab_set *set, uint32_t object)
{
    struct mm_magazine *magazine = magazine_of(heap, set->index);
    if (!magazine) {
        mm_slab_put(set, &object, 1);
        return;
    }
    if (magazine->n >= magazine->capacity)
        magazine->capacity = mm_magazine_capacity(magazine, set->n_taken);
    if (magazine->n >= magazine->capacity)
        give_older_half(set, magazine);
    magazine->objects[magazine->n++] = object;
}

static void *take_object(struct mm_heap *heap, struct mm_slab_set *set, size_t n_bytes)
{
    if (set->checks & MM_CHECKS_CALLS)
        return mm_checked_alloc(heap, set, n_bytes);
    uint32_t object = mm_heap_take_one(heap, set);
    if (object == MM_SLAB_NO_OBJECT)
        return NULL;
    mm_heap_set_live(heap, object);
    return mm_heap_pointer(heap, object);
}

/* The functions below call nobody in return: what they have to do beyond a jump to whom it concerns
 * is done apart, so that they save no registers. Checked objects pass here on every call. */

static __attribute__((noinline)) void *alloc_watched(struct mm_heap *heap, unsigned index,
                                                     size_t n_bytes)
{
    void *object = take_object(heap, heap->sets[index], n_bytes);
    if (object)
        mm_leak_on_alloc(heap->leak, (uint32_t)mm_heap_offset(heap, object));
    return object;
}

void *mm_heap_alloc_promised(struct mm_heap *heap, unsigned index, size_t n_bytes)
{
    if (__builtin_expect(heap->leak != NULL, 0))
        return alloc_watched(heap, index, n_bytes);
    return take_object(heap, heap->sets[index], n_bytes);
}

static __attribute__((noinline)) void *alloc_unless_injected(struct mm_heap *heap, unsigned index,
                                                             size_t n_bytes)
{
    if (mm_inject_fails(&heap->inject, n_bytes, heap->site))
        return NULL;
    return mm_heap_alloc_promised(heap, index, n_bytes);
}

void *mm_heap_alloc_slow(struct mm_heap *heap, unsigned index, size_t n_bytes)
{
    if (__builtin_expect(heap->inject.armed, false))
        return alloc_unless_injected(heap, index, n_bytes);
    return mm_heap_alloc_promised(heap, index, n_bytes);
}

static bool free_by_set(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset)
{
    if (set->checks & MM_CHECKS_CALLS)
        return mm_checked_free(heap, set, offset);
    mm_heap_clear_live(heap, offset);
    mm_heap_put_one(heap, set, offset);
    return true;
}

/* What others have to be told of, and runs, which have no set. */
static __attribute__((noinline)) bool free_watched(struct mm_heap *heap, struct mm_slab_set *set,
                                                   uint32_t offset)
{
    if (heap->leak)
        mm_leak_on_free(heap->leak, offset);
    if (!set || (set->checks & MM_CHECK_SCOPED))
        mm_scope_forget(heap, offset);
    if (set)
        return free_by_set(heap, set, offset);
    mm_heap_free_run(heap, offset);
    return true;
}

bool mm_heap_free_slow(struct mm_heap *heap, void *object)
{
    uint64_t place = mm_heap_offset(heap, object);
    if (!mm_heap_is_live(heap, place))
        return mm_report_bad_free(heap, object);
    uint32_t offset = (uint32_t)place;
    struct mm_slab_set *set = heap->sets[heap->page_map[offset >> MMSIM_PAGE_SHIFT]];
    if (heap->leak || !set || (set->checks & MM_CHECK_SCOPED))
        return free_watched(heap, set, offset);
    return free_by_set(heap, set, offset);
}

/* ---- making and unmaking ---- */

static uint32_t low_bytes_of(const struct mm_zones *zones)
{
    uint64_t low = zones->phys->ranges[0].end;
    return (uint32_t)(low < MM_LOWMEM_END ? low : MM_LOWMEM_END);
}

static size_t live_map_bytes(const struct mm_heap *heap)
{
    return (size_t)heap->low_bytes / MM_HEAP_GRANULE / 8;
}

static bool build_racks(struct mm_heap *heap)
{
    size_t n_places = (size_t)heap->n_cpus * MM_HEAP_MAX_SETS;
    heap->racks = mm_heap_meta(heap, n_places * sizeof(struct mm_magazine *));
    heap->closed_rack = mm_heap_meta(heap, MM_HEAP_MAX_SETS * sizeof(struct mm_magazine *));
    heap->nothing = mm_heap_meta(heap, sizeof *heap->nothing);
    if (!heap->racks || !heap->closed_rack || !heap->nothing)
        return false;
    for (size_t i = 0; i < n_places; i++)
        heap->racks[i] = heap->nothing;
    for (size_t i = 0; i < MM_HEAP_MAX_SETS; i++)
        heap->closed_rack[i] = heap->nothing;
    mm_heap_enter_cpu(heap, 0);
    return true;
}

bool mm_heap_init(struct mm_heap *heap, struct mm_zones *zones, unsigned n_cpus, uint64_t seed)
{
    *heap = (struct mm_heap){.zones = zones,
                             .ram = zones->phys->host,
                             .low_bytes = low_bytes_of(zones),
                             .n_cpus = n_cpus,
                             .meta_block = MM_NO_PFN};
    mm_list_init(&heap->caches);
    mm_rng_seed(&heap->rng, seed);
    heap->live = mm_host_reserve(live_map_bytes(heap));
    heap->free_map = mm_host_reserve(live_map_bytes(heap));
    heap->page_map = mm_host_reserve(heap->low_bytes >> MMSIM_PAGE_SHIFT);
    return heap->live && heap->free_map && heap->page_map && build_racks(heap) &&
           mm_kmalloc_init(heap);
}

static void free_slabs(struct mm_slab_set *set)
{
    for (mmsim_pfn slab; (slab = mm_slab_next(set, MM_NO_PFN)) != MM_NO_PFN;)
        mm_slab_discard(set, slab);
}

void mm_heap_fini(struct mm_heap *heap)
{
    if (heap->page_map && heap->live) {
        mm_heap_free_runs(heap);
        for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS; i++)
            if (heap->sets[i])
                free_slabs(heap->sets[i]);
        free_meta(heap);
    }
    mm_host_release(heap->live, live_map_bytes(heap));
    mm_host_release(heap->free_map, live_map_bytes(heap));
    mm_host_release(heap->page_map, heap->low_bytes >> MMSIM_PAGE_SHIFT);
    *heap = (struct mm_heap){0};
}
