/* run.c - where a run fits, and its account. */
#include "alloc/run.h"

#include "alloc/buddy_place.h"
#include "alloc/compact.h"
#include "alloc/zone_part.h"
#include "base/assert.h"

/* The smallest order whose blocks hold n frames and are as aligned; above MM_BUDDY_MAX_ORDER: none
 * does. */
static unsigned order_for(uint64_t n_frames, unsigned align_order)
{
    unsigned order = align_order;
    while (order <= MM_BUDDY_MAX_ORDER && ((uint64_t)1 << order) < n_frames)
        order++;
    return order;
}

/*
 * Long runs have pageblocks of their own. Slabs would fill what a run leaves of its last one, and
 * when it is gone (a string that grew has moved on) no pageblock could become whole again: a few
 * dozen such moves used up low memory for requests of 4 MiB, most of it free. Whatever type runs
 * short takes these pageblocks back (buddy_fallback.c).
 */
static enum mm_migrate_type type_for(const struct mm_zone_failure *wanted)
{
    enum { LONG_RUN = MM_PAGEBLOCK_FRAMES / 16 };
    return wanted->n_frames >= LONG_RUN ? MM_RECLAIMABLE : mm_use_type(wanted->use);
}

static mmsim_pfn take_from(struct mm_zones *zones, const struct mm_zone_failure *wanted,
                           unsigned align_order)
{
    struct mm_buddy *buddy = &zones->zones[wanted->zone];
    mmsim_pfn pfn = MM_NO_PFN;
    if (wanted->order <= MM_BUDDY_MAX_ORDER)
        pfn = mm_buddy_alloc_row(buddy, type_for(wanted), wanted->n_frames, wanted->order);
    if (pfn != MM_NO_PFN)
        return pfn;
    pfn = mm_buddy_find(buddy, wanted->n_frames, align_order);
    if (pfn != MM_NO_PFN)
        mm_buddy_take(buddy, pfn, pfn + (mmsim_pfn)wanted->n_frames);
    return pfn;
}

static mmsim_pfn take_compacted(struct mm_zones *zones, const struct mm_zone_failure *wanted,
                                struct mm_compact_result *result)
{
    if (wanted->order > MM_BUDDY_MAX_ORDER ||
        !mm_compact_block(zones, wanted->zone, wanted->order, result))
        return MM_NO_PFN;
    return mm_buddy_alloc_row(&zones->zones[wanted->zone], mm_use_type(wanted->use),
                              wanted->n_frames, wanted->order);
}

/* From what is free, else with the help of compaction. */
static mmsim_pfn take_run(struct mm_zones *zones, const struct mm_zone_failure *wanted,
                          unsigned align_order, struct mm_compact_result *compaction)
{
    mmsim_pfn pfn = take_from(zones, wanted, align_order);
    if (pfn == MM_NO_PFN && mm_zone_drain(zones, wanted->zone) > 0)
        pfn = take_from(zones, wanted, align_order);
    return pfn != MM_NO_PFN ? pfn : take_compacted(zones, wanted, compaction);
}

struct mm_frame *mm_run_alloc(struct mm_zones *zones, enum mm_frame_use use, uint64_t n_frames,
                              unsigned align_order)
{
    MM_ASSERT(n_frames > 0, "a run of no frames is asked for");
    MM_ASSERT(!mm_use_is_user(use), "a run is asked for pages of a process, which may move");
    struct mm_zone_failure wanted = {.use = use,
                                     .zone = MM_ZONE_LOW,
                                     .n_frames = n_frames,
                                     .order = order_for(n_frames, align_order)};
    wanted.reason = mm_zone_refusal(zones, use, n_frames);
    if (wanted.reason != MM_ZONE_NO_FAILURE)
        return mm_zone_fail(zones, &wanted, NULL);
    struct mm_compact_result compaction = {0};
    mmsim_pfn pfn = take_run(zones, &wanted, align_order, &compaction);
    if (pfn == MM_NO_PFN && mm_zone_relieve(zones, MM_ZONE_NO_FRAMES))
        pfn = take_run(zones, &wanted, align_order, &compaction);
    if (pfn == MM_NO_PFN)
        return mm_zone_fail(zones, &wanted, &compaction);
    struct mm_frame *frame = mm_zone_give(zones, use, pfn, n_frames);
    mm_zone_watch(zones, wanted.zone);
    return frame;
}

void mm_run_free(struct mm_zones *zones, struct mm_frame *frame, uint64_t n_frames)
{
    MM_ASSERT(frame->use > MM_FRAME_FREE, "a run that is not in use is freed");
    mmsim_pfn pfn = mm_frame_pfn(zones, frame);
    mm_zone_take_back(zones, pfn, n_frames);
    mm_buddy_free_row(&zones->zones[mm_pfn_zone(pfn)], pfn, pfn + (mmsim_pfn)n_frames);
}

void mm_run_shrink(struct mm_zones *zones, struct mm_frame *frame, uint64_t n_before,
                   uint64_t n_after)
{
    MM_ASSERT(n_after > 0 && n_after <= n_before, "a run is shrunk to nothing, or grows");
    if (n_after == n_before)
        return;
    mmsim_pfn end = mm_frame_pfn(zones, frame) + (mmsim_pfn)n_after;
    mm_buddy_cut(&zones->zones[mm_pfn_zone(end)], end);
    mm_run_free(zones, frame + n_after, n_before - n_after);
}

bool mm_run_extend(struct mm_zones *zones, struct mm_frame *frame, uint64_t n_before,
                   uint64_t n_after)
{
    MM_ASSERT(n_after >= n_before, "a run is extended to fewer frames");
    enum mm_frame_use use = (enum mm_frame_use)frame->use;
    mmsim_pfn start = mm_frame_pfn(zones, frame) + (mmsim_pfn)n_before;
    uint64_t n_more = n_after - n_before;
    struct mm_buddy *buddy = &zones->zones[mm_pfn_zone(mm_frame_pfn(zones, frame))];
    if (n_more == 0)
        return true;
    if (n_more > buddy->n_free + mm_zone_n_listed(zones, mm_pfn_zone(start)) ||
        mm_zone_refusal(zones, use, n_more) != MM_ZONE_NO_FAILURE)
        return false;
    mmsim_pfn end = start + (mmsim_pfn)n_more;
    if (!mm_buddy_is_free(buddy, start, end) &&
        (mm_zone_drain(zones, mm_pfn_zone(start)) == 0 || !mm_buddy_is_free(buddy, start, end)))
        return false;
    mm_buddy_take(buddy, start, end);
    mm_zone_give(zones, use, start, n_more);
    return true;
}
