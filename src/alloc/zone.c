/*
 * zone.c - requests for blocks: which list, which zone, and the account by use.
 *
 * mm_zone_alloc() and mm_zone_free() of order 0 are a pop and a push; all else happens in functions
 * that they call when that does not do.
 */
#include "alloc/zone.h"

#include "alloc/compact.h"
#include "alloc/scrub.h"
#include "alloc/zone_part.h"
#include "base/assert.h"

/* ---- the frame table ---- */

/* What lies where, as far as there is RAM. Frame 0 is in no row: it stays reserved. */
static const struct {
    enum mm_zone_kind kind;
    mmsim_paddr start, end;
} windows[] = {
    {MM_ZONE_HIGH, MMSIM_PAGE_SIZE, MM_LOWMEM_START},
    {MM_ZONE_LOW, MM_LOWMEM_START, MM_LOWMEM_END},
    {MM_ZONE_HIGH, MM_LOWMEM_END, UINT64_MAX},
};

static void add_range(struct mm_zones *zones, const struct mm_phys_range *range)
{
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
        mmsim_paddr start = range->start > windows[i].start ? range->start : windows[i].start;
        mmsim_paddr end = range->end < windows[i].end ? range->end : windows[i].end;
        if (start < end)
            mm_buddy_add(&zones->zones[windows[i].kind], mm_address_pfn(start),
                         mm_address_pfn(end));
    }
}

/* The host mapping: the table over whole pageblocks, the CPUs' lists, a bit a frame, and the types
 * of pageblocks for each zone, as two zones may meet in one pageblock. */
static bool map_tables(struct mm_zones *zones)
{
    size_t n_pageblocks = (zones->n_frames + MM_PAGEBLOCK_FRAMES - 1) / MM_PAGEBLOCK_FRAMES;
    size_t table_bytes = n_pageblocks * MM_PAGEBLOCK_FRAMES * sizeof *zones->table;
    size_t pcp_bytes = MMSIM_MAX_CPUS * sizeof *zones->pcps;
    size_t bitmap_bytes = n_pageblocks * MM_PAGEBLOCK_FRAMES / 8;
    zones->n_host_bytes = table_bytes + pcp_bytes + bitmap_bytes + MM_N_ZONES * n_pageblocks;
    uint8_t *mapping = mm_host_reserve(zones->n_host_bytes);
    if (!mapping)
        return false;
    zones->table = (void *)mapping;
    zones->pcps = (void *)(mapping + table_bytes);
    zones->poisoned = (void *)(mapping + table_bytes + pcp_bytes);
    uint8_t *types = mapping + table_bytes + pcp_bytes + bitmap_bytes;
    for (unsigned i = 0; i < MM_N_ZONES; i++)
        mm_buddy_init(&zones->zones[i], zones->table, types + i * n_pageblocks);
    return true;
}

bool mm_zones_init(struct mm_zones *zones, const struct mm_phys *phys, uint64_t user_limit)
{
    uint64_t n_ram_frames = phys->n_bytes >> MMSIM_PAGE_SHIFT;
    *zones = (struct mm_zones){
        .phys = phys,
        .n_cpus = 1,
        .n_frames = mm_phys_n_frames(phys),
        .n_ram_frames = n_ram_frames,
        .user_limit = user_limit > 0 ? user_limit : n_ram_frames,
    };
    if (!map_tables(zones))
        return false;
    for (unsigned i = 0; i < phys->n_ranges; i++)
        add_range(zones, &phys->ranges[i]);
    uint64_t n_free = 0;
    for (unsigned i = 0; i < MM_N_ZONES; i++) {
        zones->n_managed[i] = zones->zones[i].n_free;
        zones->pcp_limits[i] = mm_pcp_limits_for(zones->n_managed[i]);
        zones->reserves[i].head = MM_NO_PFN;
        n_free += zones->n_managed[i];
    }
    zones->marks[MM_ZONE_LOW] = mm_watermarks_low(zones->n_managed[MM_ZONE_LOW]);
    zones->marks[MM_ZONE_HIGH] = mm_watermarks_high(zones->n_managed[MM_ZONE_HIGH]);
    zones->n_by_use[MM_FRAME_FREE] = n_free;
    zones->n_by_use[MM_FRAME_RESERVED] = n_ram_frames - n_free;
    return true;
}

void mm_zones_fini(struct mm_zones *zones)
{
    mm_host_release(zones->table, zones->n_host_bytes);
    *zones = (struct mm_zones){0};
}

struct mm_frame *mm_zone_frame(const struct mm_zones *zones, mmsim_paddr address)
{
    bool is_ram = mm_phys_host(zones->phys, address, 1) != NULL;
    return is_ram ? &zones->table[mm_address_pfn(address)] : NULL;
}

struct mm_frame *mm_zone_block(const struct mm_zones *zones, mmsim_paddr address)
{
    mmsim_pfn pfn = mm_address_pfn(address);
    const struct mm_buddy *buddy = &zones->zones[mm_pfn_zone(pfn)];
    const struct mm_buddy_range *range = mm_buddy_range_of(buddy, pfn);
    bool has_block = range && (pfn < range->fresh || pfn >= range->fresh_end);
    return has_block ? &zones->table[mm_buddy_head(buddy, pfn)] : mm_zone_frame(zones, address);
}

void *mm_frame_bytes(const struct mm_zones *zones, const struct mm_frame *frame)
{
    return mm_phys_host(zones->phys, mm_pfn_address(mm_frame_pfn(zones, frame)), MMSIM_PAGE_SIZE);
}

/* ---- lists of CPUs ---- */

static inline struct mm_pcp *list_of(struct mm_zones *zones, enum mm_zone_kind kind,
                                     enum mm_migrate_type type)
{
    MM_ASSERT(zones->cpu < zones->n_cpus, "a CPU that has no lists asks for a frame");
    return &zones->pcps[zones->cpu].lists[kind][type];
}

uint64_t mm_zone_n_listed(const struct mm_zones *zones, enum mm_zone_kind zone)
{
    uint64_t n = 0;
    for (uint32_t cpu = 0; cpu < zones->n_cpus; cpu++)
        for (unsigned type = 0; type < MM_N_MIGRATE_TYPES; type++)
            n += zones->pcps[cpu].lists[zone][type].n;
    return n;
}

uint64_t mm_zone_drain(struct mm_zones *zones, enum mm_zone_kind zone)
{
    uint64_t n = 0;
    for (uint32_t cpu = 0; cpu < zones->n_cpus; cpu++)
        for (unsigned type = 0; type < MM_N_MIGRATE_TYPES; type++) {
            struct mm_pcp *list = &zones->pcps[cpu].lists[zone][type];
            n += list->n;
            mm_pcp_drain(list, &zones->pcp_limits[zone], &zones->zones[zone], list->n);
        }
    return n;
}

uint64_t mm_zones_drain(struct mm_zones *zones)
{
    return mm_zone_drain(zones, MM_ZONE_LOW) + mm_zone_drain(zones, MM_ZONE_HIGH);
}

/* ---- the account ---- */

static inline void count(struct mm_zones *zones, enum mm_frame_use from, enum mm_frame_use to,
                         uint64_t n_frames)
{
    zones->n_by_use[from] -= n_frames;
    zones->n_by_use[to] += n_frames;
}

enum mm_zone_reason mm_zone_refusal(struct mm_zones *zones, enum mm_frame_use use,
                                    uint64_t n_frames)
{
    if (mm_inject_fails(&zones->inject, (size_t)n_frames << MMSIM_PAGE_SHIFT, zones->site))
        return MM_ZONE_INJECTED;
    if (mm_use_is_user(use) && n_frames > zones->user_limit - mm_zones_n_user(zones))
        return MM_ZONE_USER_LIMIT;
    return MM_ZONE_NO_FAILURE;
}

struct mm_frame *mm_zone_give(struct mm_zones *zones, enum mm_frame_use use, mmsim_pfn pfn,
                              uint64_t n_frames)
{
    for (uint64_t i = 0; i < n_frames;) {
        struct mm_frame *head = &zones->table[pfn + i];
        unsigned order = mm_frame_order(head);
        *head = (struct mm_frame){.use = (uint8_t)use, .count = 1, .order = (uint8_t)order};
        i += (uint64_t)1 << order;
    }
    count(zones, MM_FRAME_FREE, use, n_frames);
    if (zones->switches & (MM_ZONES_ZERO | MM_ZONES_POISONED))
        mm_scrub_allocated(zones, pfn, n_frames);
    if (zones->on_kernel_block && mm_use_is_kernel(use))
        zones->on_kernel_block(zones->user, pfn, n_frames);
    return &zones->table[pfn];
}

void mm_zone_take_back(struct mm_zones *zones, mmsim_pfn pfn, uint64_t n_frames)
{
    count(zones, (enum mm_frame_use)zones->table[pfn].use, MM_FRAME_FREE, n_frames);
    if (zones->switches & MM_ZONES_POISON)
        mm_scrub_freed(zones, pfn, n_frames);
}

/* ---- allocating ---- */

/* A frame off this CPU's list, which is filled first if it is empty. */
static mmsim_pfn take_single(struct mm_zones *zones, enum mm_frame_use use, enum mm_zone_kind kind)
{
    enum mm_migrate_type type = mm_use_type(use);
    struct mm_pcp *list = list_of(zones, kind, type);
    struct mm_pcp_limits *limits = &zones->pcp_limits[kind];
    struct mm_buddy *buddy = &zones->zones[kind];
    if (list->n == 0 && !mm_pcp_refill(list, limits, buddy, type) &&
        (mm_zone_drain(zones, kind) == 0 || !mm_pcp_refill(list, limits, buddy, type)))
        return MM_NO_PFN;
    return list->pfns[--list->n];
}

static mmsim_pfn take_block(struct mm_zones *zones, enum mm_frame_use use, enum mm_zone_kind kind,
                            unsigned order)
{
    if (order == 0)
        return take_single(zones, use, kind);
    struct mm_buddy *buddy = &zones->zones[kind];
    mmsim_pfn pfn = mm_buddy_alloc(buddy, mm_use_type(use), order);
    if (pfn == MM_NO_PFN && mm_zone_drain(zones, kind) > 0)
        pfn = mm_buddy_alloc(buddy, mm_use_type(use), order);
    return pfn;
}

static mmsim_pfn take_compacted(struct mm_zones *zones, enum mm_frame_use use,
                                enum mm_zone_kind kind, unsigned order,
                                struct mm_compact_result *result)
{
    if (order == 0 || !mm_compact_block(zones, kind, order, result))
        return MM_NO_PFN;
    return mm_buddy_alloc(&zones->zones[kind], mm_use_type(use), order);
}

void mm_zone_watch(struct mm_zones *zones, enum mm_zone_kind kind)
{
    enum mm_pressure before = zones->pressure[kind];
    enum mm_pressure now =
        mm_watermarks_state(&zones->marks[kind], before, zones->zones[kind].n_free);
    zones->pressure[kind] = now;
    if (now > before && zones->on_pressure)
        zones->on_pressure(zones->pressure_user, kind, now);
}

static struct mm_frame *serve(struct mm_zones *zones, struct mm_zone_failure *failure,
                              struct mm_compact_result *compaction)
{
    struct mm_zone_order order = mm_zone_order_of(failure->use);
    mmsim_pfn pfn = MM_NO_PFN;
    for (unsigned i = 0; i < order.n && pfn == MM_NO_PFN; i++)
        pfn = take_block(zones, failure->use, failure->zone = order.zones[i], failure->order);
    for (unsigned i = 0; i < order.n && pfn == MM_NO_PFN; i++)
        pfn = take_compacted(zones, failure->use, failure->zone = order.zones[i], failure->order,
                             compaction);
    if (pfn == MM_NO_PFN)
        return NULL;
    struct mm_frame *frame = mm_zone_give(zones, failure->use, pfn, failure->n_frames);
    mm_zone_watch(zones, mm_pfn_zone(pfn));
    return frame;
}

static __attribute__((noinline)) struct mm_frame *
alloc_slowly(struct mm_zones *zones, enum mm_frame_use use, unsigned order)
{
    struct mm_zone_failure failure = {.use = use, .order = order, .reason = MM_ZONE_TOO_LARGE};
    struct mm_compact_result compaction = {0};
    if (order <= MM_BUDDY_MAX_ORDER) {
        failure.n_frames = (uint64_t)1 << order;
        failure.reason = mm_zone_refusal(zones, use, failure.n_frames);
    }
    if (failure.reason == MM_ZONE_USER_LIMIT && mm_zone_relieve(zones, MM_ZONE_USER_LIMIT) &&
        failure.n_frames <= zones->user_limit - mm_zones_n_user(zones))
        failure.reason = MM_ZONE_NO_FAILURE;
    if (failure.reason != MM_ZONE_NO_FAILURE)
        return mm_zone_fail(zones, &failure, NULL);
    struct mm_frame *frame = serve(zones, &failure, &compaction);
    if (!frame && mm_zone_relieve(zones, MM_ZONE_NO_FRAMES))
        frame = serve(zones, &failure, &compaction);
    return frame ? frame : mm_zone_fail(zones, &failure, &compaction);
}

/* True if a request needs nothing but a free block. */
static inline bool goes_straight(const struct mm_zones *zones, enum mm_frame_use use,
                                 uint64_t n_frames)
{
    if (zones->inject.armed || (zones->switches & (MM_ZONES_ZERO | MM_ZONES_POISONED)))
        return false;
    if (mm_use_is_user(use))
        return mm_zones_n_user(zones) + n_frames <= zones->user_limit;
    return !zones->on_kernel_block;
}

static inline enum mm_zone_kind first_zone(enum mm_frame_use use)
{
    return mm_use_may_be_high(use) ? MM_ZONE_HIGH : MM_ZONE_LOW;
}

static inline struct mm_frame *hand_out(struct mm_zones *zones, enum mm_frame_use use,
                                        mmsim_pfn pfn, unsigned order)
{
    struct mm_frame *frame = &zones->table[pfn];
    *frame = (struct mm_frame){.use = (uint8_t)use, .count = 1, .order = (uint8_t)order};
    count(zones, MM_FRAME_FREE, use, (uint64_t)1 << order);
    return frame;
}

/* A block of more than one frame. A request that could pass a watermark has somebody to tell. */
static __attribute__((noinline)) struct mm_frame *alloc_block(struct mm_zones *zones,
                                                              enum mm_frame_use use, unsigned order)
{
    enum mm_zone_kind kind = first_zone(use);
    struct mm_buddy *buddy = &zones->zones[kind];
    if (order > MM_BUDDY_MAX_ORDER || !goes_straight(zones, use, (uint64_t)1 << order) ||
        buddy->n_free < zones->marks[kind].low + MM_PAGEBLOCK_FRAMES)
        return alloc_slowly(zones, use, order);
    mmsim_pfn pfn = mm_buddy_alloc(buddy, mm_use_type(use), order);
    return pfn != MM_NO_PFN ? hand_out(zones, use, pfn, order) : alloc_slowly(zones, use, order);
}

struct mm_frame *mm_zone_alloc(struct mm_zones *zones, enum mm_frame_use use, unsigned order)
{
    MM_ASSERT(use > MM_FRAME_FREE && use < MM_N_FRAME_USES, "frames are allocated for no use");
    if (order > 0)
        return alloc_block(zones, use, order);
    struct mm_pcp *list = list_of(zones, first_zone(use), mm_use_type(use));
    if (list->n == 0 || !goes_straight(zones, use, 1))
        return alloc_slowly(zones, use, 0);
    return hand_out(zones, use, list->pfns[--list->n], 0);
}

/* ---- freeing ---- */

/* Puts a frame into a reserve that lacks one; false: it lacks none. */
static bool top_up(struct mm_zones *zones, mmsim_pfn pfn)
{
    struct mm_zone_reserve *reserve = &zones->reserves[mm_pfn_zone(pfn)];
    if (reserve->n == reserve->promised)
        return false;
    zones->table[pfn] =
        (struct mm_frame){.next = reserve->head, .use = MM_FRAME_FREE, .order = MM_FRAME_SET_ASIDE};
    reserve->head = pfn;
    reserve->n++;
    bool all_full = true;
    for (unsigned i = 0; i < MM_N_ZONES; i++)
        all_full &= zones->reserves[i].n == zones->reserves[i].promised;
    if (all_full)
        zones->switches &= ~(uint32_t)MM_ZONES_TOP_UP;
    return true;
}

/* The list that a single frame goes on: that of requests like the one that it served. So a frame
 * that its type had to take from another's pageblock is used by it again. */
static inline struct mm_pcp *list_for(struct mm_zones *zones, const struct mm_frame *frame)
{
    return list_of(zones, mm_pfn_zone(mm_frame_pfn(zones, frame)),
                   mm_use_type((enum mm_frame_use)frame->use));
}

/* Frees a frame that is accounted for; the list has room. */
static inline void push_single(struct mm_zones *zones, struct mm_pcp *list, struct mm_frame *frame)
{
    frame->use = MM_FRAME_FREE;
    frame->order = MM_FRAME_SET_ASIDE;
    list->pfns[list->n++] = mm_frame_pfn(zones, frame);
}

static void free_single(struct mm_zones *zones, struct mm_frame *frame)
{
    mmsim_pfn pfn = mm_frame_pfn(zones, frame);
    struct mm_pcp *list = list_for(zones, frame);
    mm_zone_take_back(zones, pfn, 1);
    if ((zones->switches & MM_ZONES_TOP_UP) && top_up(zones, pfn))
        return;
    struct mm_pcp_limits *limits = &zones->pcp_limits[mm_pfn_zone(pfn)];
    if (list->n >= limits->high)
        mm_pcp_drain(list, limits, &zones->zones[mm_pfn_zone(pfn)], limits->batch);
    push_single(zones, list, frame);
}

static __attribute__((noinline)) void free_slowly(struct mm_zones *zones, struct mm_frame *frame,
                                                  unsigned order)
{
    if (order == 0) {
        free_single(zones, frame);
        return;
    }
    mmsim_pfn pfn = mm_frame_pfn(zones, frame);
    mm_zone_take_back(zones, pfn, (uint64_t)1 << order);
    mm_buddy_free(&zones->zones[mm_pfn_zone(pfn)], pfn, order);
}

void mm_zone_free(struct mm_zones *zones, struct mm_frame *frame, unsigned order)
{
    MM_ASSERT(frame->use > MM_FRAME_FREE, "a frame that is not in use is freed");
    MM_ASSERT(frame->order == order, "a block is freed that is larger or smaller");
    MM_ASSERT(frame->count <= 1, "a block is freed that others count on");
    struct mm_pcp *list = list_for(zones, frame);
    uint32_t high = zones->pcp_limits[mm_pfn_zone(mm_frame_pfn(zones, frame))].high;
    if (order > 0 || list->n >= high || (zones->switches & (MM_ZONES_POISON | MM_ZONES_TOP_UP))) {
        free_slowly(zones, frame, order);
        return;
    }
    count(zones, (enum mm_frame_use)frame->use, MM_FRAME_FREE, 1);
    push_single(zones, list, frame);
}

bool mm_frame_put(struct mm_zones *zones, struct mm_frame *frame)
{
    MM_ASSERT(frame->count > 0, "a frame is put more often than it was got");
    if (--frame->count > 0)
        return false;
    mm_zone_free(zones, frame, mm_frame_order(frame));
    return true;
}

void mm_zone_split(struct mm_zones *zones, struct mm_frame *head)
{
    mmsim_pfn first = mm_frame_pfn(zones, head);
    mmsim_pfn n_frames = (mmsim_pfn)1 << mm_frame_order(head);
    head->order = 0;
    for (mmsim_pfn i = 1; i < n_frames; i++)
        zones->table[first + i] = *head;
}

enum mm_pressure mm_zones_pressure(const struct mm_zones *zones, enum mm_zone_kind zone)
{
    return mm_watermarks_state(&zones->marks[zone], zones->pressure[zone],
                               zones->zones[zone].n_free);
}
