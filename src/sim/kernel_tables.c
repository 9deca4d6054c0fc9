/* kernel_tables.c - the figures behind the tables that people look at: zones, memory, failures. */
#include "alloc/checked.h"
#include "alloc/site.h"
#include "alloc/zone_info.h"
#include "sim/kernel.h"
#include "sim/machine.h"

/* ---- zones ---- */

static const uint8_t mobility_of[MM_N_MIGRATE_TYPES] = {[MM_UNMOVABLE] = MMSIM_UNMOVABLE,
                                                        [MM_MOVABLE] = MMSIM_MOVABLE,
                                                        [MM_RECLAIMABLE] = MMSIM_RECLAIMABLE};

_Static_assert((int)MMSIM_N_MOBILITIES == (int)MM_N_MIGRATE_TYPES, "there is a row for each type");
_Static_assert((int)MMSIM_N_ORDERS == (int)MM_BUDDY_N_ORDERS, "there is a column for each order");

static const char *zone_name(enum mm_zone_kind zone)
{
    return zone == MM_ZONE_LOW ? "Normal" : "HighMem";
}

static void copy_blocks(const uint32_t (*from)[MM_BUDDY_N_ORDERS], struct mmsim_zone_info *info)
{
    for (unsigned type = 0; type < MM_N_MIGRATE_TYPES; type++)
        for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
            info->n_blocks[mobility_of[type]][order] = from[type][order];
}

static void describe_zone(const struct mm_zones *zones, enum mm_zone_kind zone,
                          struct mmsim_zone_info *info)
{
    struct mm_zone_info known;
    mm_zone_info(zones, zone, &known);
    *info = (struct mmsim_zone_info){.name = zone_name(zone),
                                     .n_frames = known.n_managed,
                                     .n_free = known.n_free + known.n_listed + known.n_reserved,
                                     .n_set_aside = known.n_listed + known.n_reserved,
                                     .min = known.marks.min,
                                     .low = known.marks.low,
                                     .high = known.marks.high};
    copy_blocks(known.n_blocks, info);
    for (unsigned type = 0; type < MM_N_MIGRATE_TYPES; type++)
        info->n_pageblocks[mobility_of[type]] = known.n_pageblocks[type];
}

bool mmsim_zone_info_at(const struct mmsim_machine *machine, size_t index,
                        struct mmsim_zone_info *info)
{
    if (index >= MM_N_ZONES)
        return false;
    describe_zone(&machine->zones, (enum mm_zone_kind)index, info);
    return true;
}

/* ---- where memory went ---- */

static uint64_t bytes(uint64_t n_frames)
{
    return n_frames << MMSIM_PAGE_SHIFT;
}

/* Frames of slabs that hold nothing in use; what magazines hold is not counted. */
static uint64_t empty_slab_frames(const struct mm_heap *heap)
{
    uint64_t n = 0;
    for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS; i++)
        if (heap->sets[i])
            n += heap->sets[i]->n_empty << heap->sets[i]->layout.order;
    return n;
}

static void count_zones(const struct mm_zones *zones, struct mmsim_meminfo *info)
{
    struct mm_zone_info low, high;
    mm_zone_info(zones, MM_ZONE_LOW, &low);
    mm_zone_info(zones, MM_ZONE_HIGH, &high);
    info->high_total = bytes(high.n_managed);
    info->high_free = bytes(high.n_free + high.n_listed + high.n_reserved);
    info->low_total = info->total - info->high_total;
    info->low_free = info->free - info->high_free;
}

/* How the kernel's own map covers low memory. */
static void count_direct_map(const struct mmsim_machine *machine, struct mmsim_meminfo *info)
{
    const struct mm_pgtable *master = machine->paging.master;
    mmsim_vaddr end = machine->heap.low_bytes;
    mmsim_vaddr at = MM_LAYOUT_LOWMEM_START;
    while ((at = mm_pgtable_next(master, at, end)) < end) {
        unsigned size_class = mm_pgtable_query(master, at).size_class;
        uint64_t n_bytes = (uint64_t)1 << mm_board_page_shift(&machine->board, size_class);
        *(size_class > 0 ? &info->direct_map_large : &info->direct_map_small) += n_bytes;
        at += n_bytes;
    }
}

void mmsim_meminfo(const struct mmsim_machine *machine, struct mmsim_meminfo *info)
{
    const struct mm_zones *zones = &machine->zones;
    const uint64_t *n = zones->n_by_use;
    *info = (struct mmsim_meminfo){
        .total = bytes(zones->n_ram_frames),
        .free = bytes(n[MM_FRAME_FREE]),
        .available = bytes(n[MM_FRAME_FREE] + empty_slab_frames(&machine->heap)),
        .anonymous = bytes(n[MM_FRAME_ANON]),
        .slab = bytes(machine->heap.n_frames),
        .page_tables = bytes(n[MM_FRAME_PAGE_TABLE]),
        .vmalloc_total = MM_VMALLOC_END - MM_VMALLOC_START,
        .vmalloc_used = bytes(machine->kernel_memory.vmalloc.n_pages[MM_VMAP_PAGES]),
        .large_page = (uint64_t)1 << mm_board_page_shift(&machine->board, 1),
    };
    info->cached = bytes(n[MM_FRAME_FILE]);
    info->dirty = bytes(machine->pages.n_dirty);
    info->writeback = bytes(machine->pages.n_writeback);
    info->swap_total = bytes(mm_swap_size(&machine->swap));
    info->swap_free = bytes(mm_swap_free(&machine->swap));
    info->swap_cached = bytes(machine->reclaim.n_cached);
    count_zones(zones, info);
    count_direct_map(machine, info);
}

/* ---- call sites ---- */

/* Step of the oldest of n_live objects that a site has. */
static uint64_t oldest_step(const struct mm_heap *heap, unsigned number, uint64_t n_live)
{
    uint64_t oldest = UINT64_MAX;
    struct mm_heap_object object;
    for (uint64_t at = 0; n_live > 0 && mm_heap_next(heap, at, &object); at = object.offset + 1) {
        struct mm_heap_track track = mm_checked_track(heap, object.offset);
        if (track.alloc_site != number)
            continue;
        n_live--;
        if (track.alloc_step < oldest)
            oldest = track.alloc_step;
    }
    return oldest;
}

/* The number of the index-th site that has allocated; 0: there are not so many. Number 0 is for
 * callers without a name. */
static unsigned allocating_site(const struct mm_heap *heap, size_t index)
{
    for (unsigned number = 1; number < mm_site_count(heap); number++)
        if (mm_site_at(heap, number)->n_allocs > 0 && index-- == 0)
            return number;
    return 0;
}

bool mmsim_site_at(const struct mmsim_machine *machine, size_t index, struct mmsim_site_info *info)
{
    const struct mm_heap *heap = &machine->heap;
    unsigned number = allocating_site(heap, index);
    if (number == 0)
        return false;
    const struct mm_site *site = mm_site_at(heap, number);
    *info = (struct mmsim_site_info){
        .site = site->text,
        .n_live = site->n_live,
        .live_bytes = site->live_bytes,
        .oldest_step = oldest_step(heap, number, site->n_live),
        .n_allocated = site->n_allocs,
        .peak_bytes = site->peak_bytes,
    };
    return true;
}

/* ---- why a request failed ---- */

static const char *use_name(enum mm_frame_use use)
{
    if (use == MM_FRAME_SLAB)
        return "heap";
    return use == MM_FRAME_FREE ? "set-aside" : mm_frame_use_name(use);
}

static const uint8_t shortage_of[] = {
    [MM_ZONE_NO_FRAMES] = MMSIM_SHORTAGE_NO_FRAMES,
    [MM_ZONE_FRAGMENTED] = MMSIM_SHORTAGE_FRAGMENTED,
    [MM_ZONE_USER_LIMIT] = MMSIM_SHORTAGE_USER_LIMIT,
    [MM_ZONE_TOO_LARGE] = MMSIM_SHORTAGE_TOO_LARGE,
    [MM_ZONE_INJECTED] = MMSIM_SHORTAGE_INJECTED,
};

static const uint8_t compaction_of[] = {
    [MM_COMPACT_NOT_TRIED] = MMSIM_COMPACTION_NOT_TRIED,
    [MM_COMPACT_DONE] = MMSIM_COMPACTION_DONE,
    [MM_COMPACT_PINNED] = MMSIM_COMPACTION_PINNED,
    [MM_COMPACT_NO_ROOM] = MMSIM_COMPACTION_NO_ROOM,
    [MM_COMPACT_NO_MOVER] = MMSIM_COMPACTION_NOT_TRIED, /* only while the machine is built */
    [MM_COMPACT_REFUSED] = MMSIM_COMPACTION_REFUSED,
};

static void list_pinners(const struct mm_compact_result *result,
                         struct mmsim_alloc_failure *failure)
{
    size_t n = 0;
    for (unsigned use = 0; use < MM_N_FRAME_USES; use++) {
        if (result->n_pinned_by[use] == 0)
            continue;
        failure->pinned_by[n].use = use_name((enum mm_frame_use)use);
        failure->pinned_by[n++].n_candidates = result->n_pinned_by[use];
    }
}

_Static_assert((int)MM_N_FRAME_USES < 12, "each use has a row, and there is one to end them");

bool mmsim_alloc_failure(const struct mmsim_machine *machine, struct mmsim_alloc_failure *failure)
{
    const struct mm_zones *zones = &machine->zones;
    const struct mm_zone_failure *last = &zones->last_failure;
    if (last->reason == MM_ZONE_NO_FAILURE)
        return false;
    *failure = (struct mmsim_alloc_failure){
        .n_failures = zones->n_failures,
        .shortage = (enum mmsim_shortage)shortage_of[last->reason],
        .use = use_name(last->use),
        .site = last->site,
        .order = last->order,
        .n_frames = last->n_frames,
        .largest_frames = last->largest,
        .compaction = (enum mmsim_compaction)compaction_of[last->compaction.end],
        .n_moved = last->compaction.n_moved,
        .n_refused = last->compaction.n_refused,
        .n_candidates = last->compaction.n_blocks,
        .n_pinned = last->compaction.n_pinned,
    };
    describe_zone(zones, last->zone, &failure->zone);
    failure->zone.n_free = last->n_free + last->n_set_aside;
    failure->zone.n_set_aside = last->n_set_aside;
    copy_blocks(last->n_blocks, &failure->zone);
    list_pinners(&last->compaction, failure);
    return true;
}
