/*
 * zone_check.c - walking over what is in use, and proving that the account is right.
 */
#include "alloc/scrub.h"
#include "alloc/zone.h"
#include "alloc/zone_part.h"

/* ---- walking ---- */

/* The first block in use that starts in [pfn, end), which lies in one buddy range; else `end`. */
static mmsim_pfn next_in_range(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                               mmsim_pfn pfn, mmsim_pfn end)
{
    struct mm_buddy_block block = mm_buddy_block_at(buddy, pfn);
    if (block.pfn < pfn) {
        pfn = block.pfn + block.n_frames;
        block = pfn < end ? mm_buddy_block_from(buddy, range, pfn) : block;
    }
    while (pfn < end && block.state != MM_BLOCK_USED) {
        pfn += block.n_frames;
        if (pfn < end)
            block = mm_buddy_block_from(buddy, range, pfn);
    }
    return pfn < end ? pfn : end;
}

struct mm_frame *mm_zone_next_used(const struct mm_zones *zones, mmsim_pfn from)
{
    for (unsigned i = 0; i < zones->phys->n_ranges; i++) {
        mmsim_pfn end = mm_address_pfn(zones->phys->ranges[i].end);
        mmsim_pfn pfn = mm_address_pfn(zones->phys->ranges[i].start);
        pfn = from > pfn ? from : pfn;
        while (pfn < end) {
            const struct mm_buddy *buddy = &zones->zones[mm_pfn_zone(pfn)];
            const struct mm_buddy_range *range = mm_buddy_range_of(buddy, pfn);
            if (!range) /* frame 0 */
                return &zones->table[pfn];
            pfn = next_in_range(buddy, range, pfn, range->end);
            if (pfn < range->end)
                return &zones->table[pfn];
        }
    }
    return NULL;
}

/* ---- frames in use ---- */

/* What is wrong with one block in use, by itself. */
static const char *check_block(const struct mm_frame *frame, mmsim_pfn pfn)
{
    if (frame->use >= MM_N_FRAME_USES)
        return "a frame has an unknown use";
    if (frame->use == MM_FRAME_RESERVED)
        return frame->count == 0 ? NULL : "a reserved frame has a count";
    if (frame->use == MM_FRAME_ANON)
        return frame->count > 0 ? NULL : "an anon frame is mapped by nobody and not free";
    if (frame->use == MM_FRAME_FILE)
        return frame->count > 0 ? NULL : "a file frame is held by nobody and not free";
    if (frame->count != 1)
        return "a frame of the kernel's has a count other than 1";
    bool may_be_here =
        mm_pfn_zone(pfn) == MM_ZONE_LOW || mm_use_may_be_high((enum mm_frame_use)frame->use);
    return may_be_here ? NULL : "a frame of the kernel's is not in low memory (zone invariant 4)";
}

/* Counts the frames by use as the table shows them. */
static const char *count_used(const struct mm_zones *zones, uint64_t n_by_use[MM_N_FRAME_USES])
{
    struct mm_frame *frame = mm_zone_next_used(zones, 0);
    while (frame) {
        mmsim_pfn pfn = mm_frame_pfn(zones, frame);
        const char *broken = check_block(frame, pfn);
        if (broken)
            return broken;
        n_by_use[frame->use] += (uint64_t)1 << mm_frame_order(frame);
        frame = mm_zone_next_used(zones, pfn + 1);
    }
    return NULL;
}

static const char *check_account(const struct mm_zones *zones, uint64_t n_set_aside)
{
    uint64_t n_by_use[MM_N_FRAME_USES] = {[MM_FRAME_FREE] = n_set_aside}, n_frames = 0;
    const char *broken = count_used(zones, n_by_use);
    if (broken)
        return broken;
    for (unsigned i = 0; i < MM_N_ZONES; i++)
        n_by_use[MM_FRAME_FREE] += zones->zones[i].n_free;
    for (unsigned use = 0; use < MM_N_FRAME_USES; use++) {
        if (n_by_use[use] != zones->n_by_use[use])
            return "the count of frames in some use is wrong (zone invariant 1)";
        n_frames += n_by_use[use];
    }
    if (n_frames != zones->n_ram_frames)
        return "the frames of all uses are not all frames (zone invariant 1)";
    if (n_by_use[MM_FRAME_ANON] + n_by_use[MM_FRAME_FILE] > zones->user_limit)
        return "there are more user frames than allowed (zone invariant 3)";
    return NULL;
}

/* ---- frames that are set aside ---- */

/* Those that the table shows in a zone. */
static void tally_shown(const struct mm_zones *zones, enum mm_zone_kind zone,
                        struct mm_pcp_tally *tally)
{
    const struct mm_buddy *buddy = &zones->zones[zone];
    for (unsigned i = 0; i < buddy->n_ranges; i++) {
        const struct mm_buddy_range *range = &buddy->ranges[i];
        for (mmsim_pfn pfn = range->start; pfn < range->end;) {
            struct mm_buddy_block block = mm_buddy_block_from(buddy, range, pfn);
            if (block.state == MM_BLOCK_SET_ASIDE)
                mm_pcp_tally_add(tally, pfn);
            pfn += block.n_frames;
        }
    }
}

static const char *check_lists(const struct mm_zones *zones, enum mm_zone_kind zone,
                               struct mm_pcp_tally *tally)
{
    const char *broken = NULL;
    for (unsigned cpu = 0; cpu < zones->n_cpus && !broken; cpu++)
        for (unsigned type = 0; type < MM_N_MIGRATE_TYPES && !broken; type++)
            broken = mm_pcp_check(&zones->pcps[cpu].lists[zone][type], &zones->pcp_limits[zone],
                                  &zones->zones[zone], tally);
    return broken;
}

static const char *check_reserve(const struct mm_zones *zones, enum mm_zone_kind zone,
                                 struct mm_pcp_tally *tally)
{
    const struct mm_zone_reserve *reserve = &zones->reserves[zone];
    if (reserve->n > reserve->promised ||
        (reserve->n < reserve->promised && !(zones->switches & MM_ZONES_TOP_UP)))
        return "a reserve does not hold what it was promised (zone invariant 6)";
    uint64_t n_left = reserve->n;
    for (uint32_t pfn = reserve->head; pfn != MM_NO_PFN; pfn = zones->table[pfn].next) {
        if (n_left-- == 0)
            return "a reserve has more frames than it counts (zone invariant 5)";
        mm_pcp_tally_add(tally, pfn);
    }
    return n_left == 0 ? NULL : "a reserve has fewer frames than it counts (zone invariant 5)";
}

static const char *check_set_aside(const struct mm_zones *zones, enum mm_zone_kind zone,
                                   uint64_t *n_set_aside)
{
    struct mm_pcp_tally shown = {0}, listed = {0};
    tally_shown(zones, zone, &shown);
    const char *broken = check_lists(zones, zone, &listed);
    if (!broken)
        broken = check_reserve(zones, zone, &listed);
    if (broken)
        return broken;
    *n_set_aside += shown.n;
    bool same = shown.n == listed.n && shown.fingerprint == listed.fingerprint;
    return same ? NULL
                : "the frames set aside are not those on the lists of CPUs (zone invariant 5)";
}

const char *mm_zones_check(const struct mm_zones *zones)
{
    const char *broken = NULL;
    uint64_t n_set_aside = 0;
    for (unsigned i = 0; i < MM_N_ZONES && !broken; i++) {
        broken = mm_buddy_check(&zones->zones[i]);
        if (!broken)
            broken = check_set_aside(zones, (enum mm_zone_kind)i, &n_set_aside);
    }
    if (!broken)
        broken = check_account(zones, n_set_aside);
    return broken ? broken : mm_scrub_check(zones);
}
