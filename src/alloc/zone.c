/* zone.c - which zone serves whom, and the account of all frames. */
#include "alloc/zone.h"

#include "base/assert.h"

static mmsim_pfn clip(mmsim_pfn pfn, mmsim_pfn limit)
{
    return pfn < limit ? pfn : limit;
}

static void add_ranges(struct mm_zones *zones)
{
    const struct mm_phys *phys = zones->phys;
    mmsim_pfn end = mm_address_pfn(phys->ranges[0].end);
    mmsim_pfn low_start = clip(mm_address_pfn(MM_LOWMEM_START), end);
    mmsim_pfn low_end = clip(mm_address_pfn(MM_LOWMEM_END), end);
    mm_buddy_add(&zones->zones[MM_ZONE_LOW], low_start, low_end);
    mm_buddy_add(&zones->zones[MM_ZONE_HIGH], 1, low_start);
    mm_buddy_add(&zones->zones[MM_ZONE_HIGH], low_end, end);
    for (unsigned i = 1; i < phys->n_ranges; i++)
        mm_buddy_add(&zones->zones[MM_ZONE_HIGH], mm_address_pfn(phys->ranges[i].start),
                     mm_address_pfn(phys->ranges[i].end));
}

bool mm_zones_init(struct mm_zones *zones, const struct mm_phys *phys, uint64_t user_limit)
{
    mmsim_pfn n_frames = mm_phys_n_frames(phys);
    *zones = (struct mm_zones){.phys = phys, .n_frames = n_frames};
    zones->table = mm_host_reserve((size_t)n_frames * sizeof *zones->table);
    if (!zones->table)
        return false;
    zones->n_ram_frames = phys->n_bytes >> MMSIM_PAGE_SHIFT;
    zones->user_limit = user_limit ? user_limit : zones->n_ram_frames;
    mm_buddy_init(&zones->zones[MM_ZONE_LOW], zones->table);
    mm_buddy_init(&zones->zones[MM_ZONE_HIGH], zones->table);
    add_ranges(zones);
    uint64_t n_free = zones->zones[MM_ZONE_LOW].n_free + zones->zones[MM_ZONE_HIGH].n_free;
    zones->n_by_use[MM_FRAME_FREE] = n_free;
    zones->n_by_use[MM_FRAME_RESERVED] = zones->n_ram_frames - n_free;
    return true;
}

void mm_zones_fini(struct mm_zones *zones)
{
    mm_host_release(zones->table, (size_t)zones->n_frames * sizeof *zones->table);
    zones->table = NULL;
}

static enum mm_zone_kind zone_of(mmsim_pfn pfn)
{
    mmsim_paddr address = mm_pfn_address(pfn);
    return address >= MM_LOWMEM_START && address < MM_LOWMEM_END ? MM_ZONE_LOW : MM_ZONE_HIGH;
}

static void mark(struct mm_zones *zones, mmsim_pfn pfn, enum mm_frame_use use, unsigned order)
{
    mmsim_pfn n = (mmsim_pfn)1 << order;
    for (mmsim_pfn i = 0; i < n; i++)
        zones->table[pfn + i] = (struct mm_frame){.next = MM_NO_PFN,
                                                  .prev = MM_NO_PFN,
                                                  .count = 1,
                                                  .use = (uint8_t)use,
                                                  .order = MM_FRAME_NO_ORDER};
    zones->table[pfn].order = (uint8_t)order;
    zones->n_by_use[use] += n;
    zones->n_by_use[MM_FRAME_FREE] -= n;
}

struct mm_frame *mm_zone_alloc(struct mm_zones *zones, enum mm_frame_use use, unsigned order)
{
    mmsim_pfn pfn = MM_NO_PFN;
    if (use == MM_FRAME_ANON) {
        if (zones->n_by_use[MM_FRAME_ANON] + ((uint64_t)1 << order) > zones->user_limit)
            return NULL;
        pfn = mm_buddy_alloc(&zones->zones[MM_ZONE_HIGH], order);
    }
    if (pfn == MM_NO_PFN)
        pfn = mm_buddy_alloc(&zones->zones[MM_ZONE_LOW], order);
    if (pfn == MM_NO_PFN)
        return NULL;
    mark(zones, pfn, use, order);
    return &zones->table[pfn];
}

void mm_zone_free(struct mm_zones *zones, struct mm_frame *frame, unsigned order)
{
    mmsim_pfn pfn = mm_frame_pfn(zones, frame);
    uint64_t n = (uint64_t)1 << order;
    MM_ASSERT(frame->use > MM_FRAME_FREE, "a frame is freed that nobody has");
    MM_ASSERT(frame->count <= 1, "a frame is freed while others count on it");
    zones->n_by_use[frame->use] -= n;
    zones->n_by_use[MM_FRAME_FREE] += n;
    mm_buddy_free(&zones->zones[zone_of(pfn)], pfn, order);
}

bool mm_frame_put(struct mm_zones *zones, struct mm_frame *frame)
{
    if (--frame->count > 0)
        return false;
    mm_zone_free(zones, frame, 0);
    return true;
}

struct mm_frame *mm_zone_frame(const struct mm_zones *zones, mmsim_paddr address)
{
    return mm_phys_host(zones->phys, address, 1) ? &zones->table[mm_address_pfn(address)] : NULL;
}

void *mm_frame_bytes(const struct mm_zones *zones, const struct mm_frame *frame)
{
    return mm_phys_host(zones->phys, mm_pfn_address(mm_frame_pfn(zones, frame)), MMSIM_PAGE_SIZE);
}

const char *mm_zones_check(const struct mm_zones *zones)
{
    uint64_t n = 0;
    for (int use = 0; use < MM_N_FRAME_USES; use++)
        n += zones->n_by_use[use];
    if (n != zones->n_ram_frames)
        return "the uses of frames do not add up to RAM (zone invariant 1)";
    const struct mm_buddy *low = &zones->zones[MM_ZONE_LOW];
    const struct mm_buddy *high = &zones->zones[MM_ZONE_HIGH];
    if (zones->n_by_use[MM_FRAME_FREE] != low->n_free + high->n_free)
        return "the zones' free frames are not the free frames (zone invariant 2)";
    if (zones->n_by_use[MM_FRAME_ANON] > zones->user_limit)
        return "processes have more frames than the limit allows (zone invariant 3)";
    const char *broken = mm_buddy_check(low);
    return broken ? broken : mm_buddy_check(high);
}
