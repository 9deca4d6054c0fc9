/*
 * zone_reserve.c - frames kept back, so that what frees memory can always go on.
 *
 * A reserve is a list of frames that are set aside. It is filled when it is promised, used when an
 * emergency finds nothing else, and filled again by the frames that are freed next (zone.c).
 */
#include "alloc/zone.h"
#include "alloc/zone_part.h"
#include "base/assert.h"

static mmsim_pfn take_for_reserve(struct mm_zones *zones, enum mm_zone_kind zone)
{
    enum mm_migrate_type type = zone == MM_ZONE_LOW ? MM_UNMOVABLE : MM_MOVABLE;
    uint32_t pfn;
    if (mm_buddy_set_aside(&zones->zones[zone], type, 1, &pfn) == 1)
        return pfn;
    if (mm_zone_drain(zones, zone) > 0 &&
        mm_buddy_set_aside(&zones->zones[zone], type, 1, &pfn) == 1)
        return pfn;
    return MM_NO_PFN;
}

static mmsim_pfn pop(struct mm_zones *zones, struct mm_zone_reserve *reserve)
{
    mmsim_pfn pfn = reserve->head;
    reserve->head = zones->table[pfn].next;
    reserve->n--;
    return pfn;
}

static void push(struct mm_zones *zones, struct mm_zone_reserve *reserve, mmsim_pfn pfn)
{
    zones->table[pfn].next = reserve->head;
    reserve->head = pfn;
    reserve->n++;
}

static void shrink(struct mm_zones *zones, enum mm_zone_kind zone, uint64_t n)
{
    struct mm_zone_reserve *reserve = &zones->reserves[zone];
    while (reserve->n > n)
        mm_buddy_free(&zones->zones[zone], pop(zones, reserve), 0);
}

static void note_what_lacks(struct mm_zones *zones)
{
    zones->switches &= ~(uint32_t)MM_ZONES_TOP_UP;
    for (unsigned i = 0; i < MM_N_ZONES; i++)
        if (zones->reserves[i].n < zones->reserves[i].promised)
            zones->switches |= MM_ZONES_TOP_UP;
}

bool mm_zones_reserve(struct mm_zones *zones, enum mm_zone_kind zone, uint64_t n)
{
    struct mm_zone_reserve *reserve = &zones->reserves[zone];
    uint64_t n_before = reserve->n;
    while (reserve->n < n) {
        mmsim_pfn pfn = take_for_reserve(zones, zone);
        if (pfn == MM_NO_PFN) {
            shrink(zones, zone, n_before);
            return false;
        }
        push(zones, reserve, pfn);
    }
    shrink(zones, zone, n);
    reserve->promised = n;
    note_what_lacks(zones);
    return true;
}

struct mm_frame *mm_zone_alloc_emergency(struct mm_zones *zones, enum mm_frame_use use)
{
    struct mm_frame *frame = mm_zone_alloc(zones, use, 0);
    if (!frame && zones->last_failure.reason == MM_ZONE_USER_LIMIT)
        return NULL;
    struct mm_zone_order order = mm_zone_order_of(use);
    for (unsigned i = 0; i < order.n && !frame; i++) {
        struct mm_zone_reserve *reserve = &zones->reserves[order.zones[i]];
        if (reserve->n == 0)
            continue;
        frame = mm_zone_give(zones, use, pop(zones, reserve), 1);
        note_what_lacks(zones);
    }
    return frame;
}
