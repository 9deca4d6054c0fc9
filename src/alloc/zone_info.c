/* zone_info.c - figures and words about zones. */
#include "alloc/zone_info.h"

#include <string.h>

#include "alloc/zone_part.h"

static uint64_t largest_block(const struct mm_buddy *buddy)
{
    for (unsigned order = MM_BUDDY_N_ORDERS; order-- > 0;)
        if (mm_buddy_n_blocks(buddy, order) > 0)
            return (uint64_t)1 << order;
    return 0;
}

static void count_pageblocks(const struct mm_buddy *buddy, uint32_t n[MM_N_MIGRATE_TYPES])
{
    for (unsigned i = 0; i < buddy->n_ranges; i++) {
        mmsim_pfn pfn = buddy->ranges[i].start & ~(MM_PAGEBLOCK_FRAMES - 1);
        for (; pfn < buddy->ranges[i].end; pfn += MM_PAGEBLOCK_FRAMES)
            n[mm_buddy_type(buddy, pfn)]++;
    }
}

static void judge_fragmentation(const struct mm_buddy *buddy, struct mm_zone_info *info)
{
    uint64_t n_usable = 0, n_blocks = 0;
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
        n_blocks += mm_buddy_n_blocks(buddy, order);
    for (unsigned order = MM_BUDDY_N_ORDERS; order-- > 0;) {
        n_usable += (uint64_t)mm_buddy_n_blocks(buddy, order) << order;
        if (info->n_free == 0)
            info->unusable[order] = 1000;
        else
            info->unusable[order] = (uint32_t)((info->n_free - n_usable) * 1000 / info->n_free);
        if (n_usable > 0)
            info->fragmentation[order] = -1000;
        else if (n_blocks > 0) {
            uint64_t lack = (1000 + info->n_free * 1000 / ((uint64_t)1 << order)) / n_blocks;
            info->fragmentation[order] = 1000 - (int32_t)lack;
        }
    }
}

void mm_zone_info(const struct mm_zones *zones, enum mm_zone_kind zone, struct mm_zone_info *info)
{
    const struct mm_buddy *buddy = &zones->zones[zone];
    *info = (struct mm_zone_info){
        .n_managed = zones->n_managed[zone],
        .n_free = buddy->n_free,
        .n_listed = mm_zone_n_listed(zones, zone),
        .n_reserved = zones->reserves[zone].n,
        .n_claims = buddy->n_claims,
        .n_steals = buddy->n_steals,
        .marks = zones->marks[zone],
        .pressure = mm_zones_pressure(zones, zone),
        .pcp = zones->pcp_limits[zone],
        .largest = largest_block(buddy),
    };
    memcpy(info->n_blocks, buddy->n_blocks, sizeof info->n_blocks);
    count_pageblocks(buddy, info->n_pageblocks);
    judge_fragmentation(buddy, info);
}

struct mm_frame *mm_zone_fail(struct mm_zones *zones, const struct mm_zone_failure *failure,
                              const struct mm_compact_result *compaction)
{
    const struct mm_buddy *buddy = &zones->zones[failure->zone];
    struct mm_zone_failure *last = &zones->last_failure;
    *last = *failure;
    last->site = zones->site;
    last->n_free = buddy->n_free;
    last->n_set_aside = mm_zone_n_listed(zones, failure->zone) + zones->reserves[failure->zone].n;
    last->largest = largest_block(buddy);
    memcpy(last->n_blocks, buddy->n_blocks, sizeof last->n_blocks);
    if (compaction)
        last->compaction = *compaction;
    if (last->reason == MM_ZONE_NO_FAILURE)
        last->reason = last->n_free < last->n_frames ? MM_ZONE_NO_FRAMES : MM_ZONE_FRAGMENTED;
    zones->n_failures++;
    return NULL;
}

/* ---- words ---- */

const char *mm_zone_name(enum mm_zone_kind zone)
{
    return zone == MM_ZONE_LOW ? "low" : "high";
}

const char *mm_migrate_type_name(enum mm_migrate_type type)
{
    static const char *const names[MM_N_MIGRATE_TYPES] = {
        [MM_MOVABLE] = "movable", [MM_UNMOVABLE] = "unmovable", [MM_RECLAIMABLE] = "reclaimable"};
    return names[type];
}

const char *mm_frame_use_name(enum mm_frame_use use)
{
    static const char *const names[MM_N_FRAME_USES] = {
        [MM_FRAME_RESERVED] = "reserved", [MM_FRAME_FREE] = "free",
        [MM_FRAME_ANON] = "anon",         [MM_FRAME_PAGE_TABLE] = "page-table",
        [MM_FRAME_SLAB] = "slab",         [MM_FRAME_ZERO_PAGE] = "zero-page",
        [MM_FRAME_VMALLOC] = "vmalloc",   [MM_FRAME_FILE] = "file",
        [MM_FRAME_POOL] = "pool"};
    return names[use];
}

const char *mm_zone_reason_text(enum mm_zone_reason reason)
{
    static const char *const texts[] = {
        [MM_ZONE_NO_FAILURE] = "it did not fail",
        [MM_ZONE_NO_FRAMES] = "fewer frames are free than were asked for",
        [MM_ZONE_FRAGMENTED] = "enough frames are free, but not together",
        [MM_ZONE_USER_LIMIT] = "the limit for frames of processes is reached",
        [MM_ZONE_TOO_LARGE] = "no block is that large",
        [MM_ZONE_INJECTED] = "the failure was injected",
    };
    return texts[reason];
}

const char *mm_compact_end_text(enum mm_compact_end end)
{
    static const char *const texts[] = {
        [MM_COMPACT_NOT_TRIED] = "compaction was not tried",
        [MM_COMPACT_DONE] = "compaction made a block",
        [MM_COMPACT_PINNED] = "every place for a block holds frames that cannot move",
        [MM_COMPACT_NO_ROOM] = "the frames in the way have nowhere to go",
        [MM_COMPACT_NO_MOVER] = "nobody can move frames here",
        [MM_COMPACT_REFUSED] = "a frame in the way is in use by more than its mappings",
    };
    return texts[end];
}
