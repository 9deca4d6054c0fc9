/*
 * zone.c - which zone serves whom, and the account by use.
 */
#include "alloc/zone.h"

#include "base/assert.h"

static bool is_low(mmsim_pfn pfn)
{
    mmsim_paddr address = mm_pfn_address(pfn);
    return address >= MM_LOWMEM_START && address < MM_LOWMEM_END;
}

static struct mm_buddy *zone_of(struct mm_zones *zones, mmsim_pfn pfn)
{
    return &zones->zones[is_low(pfn) ? MM_ZONE_LOW : MM_ZONE_HIGH];
}

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

bool mm_zones_init(struct mm_zones *zones, const struct mm_phys *phys, uint64_t user_limit)
{
    uint64_t n_ram_frames = phys->n_bytes >> MMSIM_PAGE_SHIFT;
    mmsim_pfn n_frames = mm_phys_n_frames(phys);
    *zones = (struct mm_zones){
        .phys = phys,
        .table = mm_host_reserve((size_t)n_frames * sizeof *zones->table),
        .n_frames = n_frames,
        .n_ram_frames = n_ram_frames,
        .user_limit = user_limit > 0 ? user_limit : n_ram_frames,
    };
    if (!zones->table)
        return false;
    for (unsigned i = 0; i < MM_N_ZONES; i++)
        mm_buddy_init(&zones->zones[i], zones->table);
    for (unsigned i = 0; i < phys->n_ranges; i++)
        add_range(zones, &phys->ranges[i]);
    uint64_t n_free = zones->zones[MM_ZONE_LOW].n_free + zones->zones[MM_ZONE_HIGH].n_free;
    zones->n_by_use[MM_FRAME_FREE] = n_free;
    zones->n_by_use[MM_FRAME_RESERVED] = n_ram_frames - n_free;
    return true;
}

void mm_zones_fini(struct mm_zones *zones)
{
    mm_host_release(zones->table, (size_t)zones->n_frames * sizeof *zones->table);
    *zones = (struct mm_zones){0};
}

struct mm_frame *mm_zone_frame(const struct mm_zones *zones, mmsim_paddr address)
{
    bool is_ram = mm_phys_host(zones->phys, address, 1) != NULL;
    return is_ram ? &zones->table[mm_address_pfn(address)] : NULL;
}

void *mm_frame_bytes(const struct mm_zones *zones, const struct mm_frame *frame)
{
    return mm_phys_host(zones->phys, mm_pfn_address(mm_frame_pfn(zones, frame)), MMSIM_PAGE_SIZE);
}

/* ---- allocating and freeing ---- */

static mmsim_pfn take_block(struct mm_zones *zones, enum mm_frame_use use, unsigned order)
{
    mmsim_pfn pfn = MM_NO_PFN;
    if (use == MM_FRAME_ANON)
        pfn = mm_buddy_alloc(&zones->zones[MM_ZONE_HIGH], order);
    return pfn != MM_NO_PFN ? pfn : mm_buddy_alloc(&zones->zones[MM_ZONE_LOW], order);
}

struct mm_frame *mm_zone_alloc(struct mm_zones *zones, enum mm_frame_use use, unsigned order)
{
    MM_ASSERT(use > MM_FRAME_FREE && use < MM_N_FRAME_USES, "frames are allocated for no use");
    if (order > MM_BUDDY_MAX_ORDER)
        return NULL;
    uint64_t n_frames = (uint64_t)1 << order;
    uint64_t n_users = zones->n_by_use[MM_FRAME_ANON];
    if (use == MM_FRAME_ANON && n_frames > zones->user_limit - n_users)
        return NULL;
    mmsim_pfn pfn = take_block(zones, use, order);
    if (pfn == MM_NO_PFN)
        return NULL;
    for (uint64_t i = 0; i < n_frames; i++) {
        zones->table[pfn + i].use = (uint8_t)use;
        zones->table[pfn + i].count = 1;
    }
    zones->n_by_use[MM_FRAME_FREE] -= n_frames;
    zones->n_by_use[use] += n_frames;
    if (zones->on_kernel_block && use != MM_FRAME_ANON)
        zones->on_kernel_block(zones->user, pfn, n_frames);
    return &zones->table[pfn];
}

void mm_zone_free(struct mm_zones *zones, struct mm_frame *frame, unsigned order)
{
    uint64_t n_frames = (uint64_t)1 << order;
    MM_ASSERT(frame->use > MM_FRAME_FREE, "a frame that is not in use is freed");
    for (uint64_t i = 0; i < n_frames; i++)
        MM_ASSERT(frame[i].use == frame->use && frame[i].count <= 1,
                  "a freed block has a frame in another use, or one that others count on");
    zones->n_by_use[frame->use] -= n_frames;
    zones->n_by_use[MM_FRAME_FREE] += n_frames;
    mmsim_pfn pfn = mm_frame_pfn(zones, frame);
    mm_buddy_free(zone_of(zones, pfn), pfn, order);
}

bool mm_frame_put(struct mm_zones *zones, struct mm_frame *frame)
{
    MM_ASSERT(frame->count > 0, "a frame is put more often than it was got");
    if (--frame->count > 0)
        return false;
    mm_zone_free(zones, frame, 0);
    return true;
}

/* ---- checking ---- */

/* The first frame at or above `pfn` that is not free, holes included. */
static mmsim_pfn skip_free(const struct mm_zones *zones, mmsim_pfn pfn)
{
    while (pfn < zones->n_frames) {
        const struct mm_buddy *buddy = &zones->zones[is_low(pfn) ? MM_ZONE_LOW : MM_ZONE_HIGH];
        mmsim_pfn next = mm_buddy_skip_free(buddy, pfn);
        if (next == pfn)
            return pfn;
        pfn = next;
    }
    return zones->n_frames;
}

struct mm_frame *mm_zone_next_used(const struct mm_zones *zones, mmsim_pfn from)
{
    for (unsigned i = 0; i < zones->phys->n_ranges; i++) {
        const struct mm_phys_range *range = &zones->phys->ranges[i];
        mmsim_pfn start = mm_address_pfn(range->start), end = mm_address_pfn(range->end);
        mmsim_pfn pfn = skip_free(zones, from > start ? from : start);
        if (pfn < end)
            return &zones->table[pfn];
    }
    return NULL;
}

/* What is wrong with one frame in use, by itself. */
static const char *check_frame(const struct mm_frame *frame, mmsim_pfn pfn)
{
    if (frame->use >= MM_N_FRAME_USES)
        return "a frame has an unknown use";
    if (frame->use == MM_FRAME_RESERVED)
        return frame->count == 0 ? NULL : "a reserved frame has a count";
    if (frame->use == MM_FRAME_ANON)
        return frame->count > 0 ? NULL : "an anon frame is mapped by nobody and not free";
    if (frame->count != 1)
        return "a frame of the kernel's has a count other than 1";
    return is_low(pfn) ? NULL : "a frame of the kernel's is not in low memory";
}

/* Counts the frames by use as the table shows them. */
static const char *check_frames(const struct mm_zones *zones, uint64_t n_by_use[MM_N_FRAME_USES])
{
    struct mm_frame *frame = mm_zone_next_used(zones, 0);
    while (frame) {
        mmsim_pfn pfn = mm_frame_pfn(zones, frame);
        const char *broken = check_frame(frame, pfn);
        if (broken)
            return broken;
        n_by_use[frame->use]++;
        frame = mm_zone_next_used(zones, pfn + 1);
    }
    for (unsigned i = 0; i < MM_N_ZONES; i++)
        n_by_use[MM_FRAME_FREE] += zones->zones[i].n_free;
    return NULL;
}

const char *mm_zones_check(const struct mm_zones *zones)
{
    const char *broken = NULL;
    for (unsigned i = 0; i < MM_N_ZONES && !broken; i++)
        broken = mm_buddy_check(&zones->zones[i]);
    uint64_t n_by_use[MM_N_FRAME_USES] = {0}, n_frames = 0;
    if (!broken)
        broken = check_frames(zones, n_by_use);
    if (broken)
        return broken;
    for (unsigned use = 0; use < MM_N_FRAME_USES; use++) {
        if (n_by_use[use] != zones->n_by_use[use])
            return "the count of frames in some use is wrong";
        n_frames += n_by_use[use];
    }
    if (n_frames != zones->n_ram_frames)
        return "the frames of all uses are not all frames";
    if (n_by_use[MM_FRAME_ANON] > zones->user_limit)
        return "there are more user frames than allowed";
    return NULL;
}
