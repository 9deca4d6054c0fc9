/*
 * buddy_fallback.c - where a block comes from when its type has none: other types, fresh memory.
 *
 * What matters is not this block but the ones after it: a frame that cannot move in a pageblock of
 * movable ones keeps 4 MiB from ever being whole again. So, as Linux does (mm/page_alloc.c,
 * __rmqueue_claim and __rmqueue_steal):
 *
 *   1. A pageblock that is free as a whole changes its type: a listed one first, then a fresh one.
 *   2. From the largest free blocks of other types down to half the order of a pageblock: where
 *      the free frames of the pageblock, together with those in use that go well with the new type,
 *      are at least half of it, the whole pageblock changes its type (a *claim*), and its free
 *      blocks their lists.
 *   3. Else the smallest block that is large enough is taken, and the pageblock stays what it is
 *      (a *steal*), so that as few pageblocks as possible become mixed.
 */
#include "alloc/buddy_list.h"

/* Whose blocks a type takes, best first. */
static const enum mm_migrate_type others[MM_N_MIGRATE_TYPES][MM_N_MIGRATE_TYPES - 1] = {
    [MM_MOVABLE] = {MM_RECLAIMABLE, MM_UNMOVABLE},
    [MM_UNMOVABLE] = {MM_RECLAIMABLE, MM_MOVABLE},
    [MM_RECLAIMABLE] = {MM_UNMOVABLE, MM_MOVABLE},
};
enum { N_OTHERS = MM_N_MIGRATE_TYPES - 1, MIN_CLAIM_ORDER = MM_BUDDY_MAX_ORDER / 2 };

static mmsim_pfn take_listed(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned order)
{
    mmsim_pfn pfn = buddy->heads[type][order];
    if (pfn != MM_NO_PFN)
        mm_buddy_unlink(buddy, type, pfn, order);
    return pfn;
}

/* ---- whole pageblocks ---- */

static mmsim_pfn take_whole(struct mm_buddy *buddy, enum mm_migrate_type type)
{
    for (unsigned i = 0; i < N_OTHERS; i++) {
        mmsim_pfn pfn = take_listed(buddy, others[type][i], MM_BUDDY_MAX_ORDER);
        if (pfn == MM_NO_PFN)
            continue;
        buddy->types[pfn >> MM_BUDDY_MAX_ORDER] = (uint8_t)type;
        return pfn;
    }
    return mm_buddy_take_fresh(buddy, type);
}

/* ---- claims ---- */

/* The part of a pageblock that is this buddy system's: all of it, but at a range's edge. */
static void pageblock_bounds(const struct mm_buddy *buddy, mmsim_pfn pfn, mmsim_pfn *start,
                             mmsim_pfn *end)
{
    const struct mm_buddy_range *range = mm_buddy_range_of(buddy, pfn);
    *start = pfn & ~(MM_PAGEBLOCK_FRAMES - 1);
    *end = *start + MM_PAGEBLOCK_FRAMES;
    *start = *start > range->start ? *start : range->start;
    *end = *end < range->end ? *end : range->end;
}

/* Frames of a pageblock that are free, or in use and as movable as `type` would have them. */
static uint64_t count_fitting(const struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end,
                              enum mm_migrate_type type)
{
    uint64_t n = 0;
    while (start < end) {
        const struct mm_frame *head = &buddy->frames[start];
        bool is_movable = head->use == MM_FRAME_ANON;
        if (head->use == MM_FRAME_FREE || is_movable == (type == MM_MOVABLE))
            n += mm_block_frames(mm_frame_order(head));
        start += mm_block_frames(mm_frame_order(head));
    }
    return n;
}

/* Puts the free blocks of a pageblock on the lists of another type. */
static void change_type(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end,
                        enum mm_migrate_type type)
{
    enum mm_migrate_type before = mm_buddy_type(buddy, start);
    buddy->types[start >> MM_BUDDY_MAX_ORDER] = (uint8_t)type;
    buddy->n_claims++;
    while (start < end) {
        unsigned order = mm_frame_order(&buddy->frames[start]);
        if (buddy->frames[start].use == MM_FRAME_FREE &&
            buddy->frames[start].order != MM_FRAME_SET_ASIDE) {
            mm_buddy_unlink(buddy, before, start, order);
            mm_buddy_push(buddy, type, start, order);
        }
        start += mm_block_frames(order);
    }
}

static bool claim(struct mm_buddy *buddy, enum mm_migrate_type type, mmsim_pfn pfn)
{
    mmsim_pfn start, end;
    pageblock_bounds(buddy, pfn, &start, &end);
    if (count_fitting(buddy, start, end, type) < MM_PAGEBLOCK_FRAMES / 2)
        return false;
    change_type(buddy, start, end, type);
    return true;
}

/* A pageblock whose largest free block serves, claimed if there is one. The block is then listed
 * under `type`, and the smallest of the pageblock that serves is better than it. */
static mmsim_pfn take_by_claim(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned order,
                               unsigned *found)
{
    unsigned least = order > MIN_CLAIM_ORDER ? order : MIN_CLAIM_ORDER;
    for (unsigned at = MM_BUDDY_MAX_ORDER; at-- > least;)
        for (unsigned i = 0; i < N_OTHERS; i++) {
            mmsim_pfn pfn = buddy->heads[others[type][i]][at];
            if (pfn == MM_NO_PFN || !claim(buddy, type, pfn))
                continue;
            *found = order + (unsigned)__builtin_ctz(buddy->listed[type] >> order);
            return take_listed(buddy, type, *found);
        }
    return MM_NO_PFN;
}

/* ---- steals ---- */

static mmsim_pfn steal(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned order,
                       unsigned *found)
{
    for (*found = order; *found < MM_BUDDY_MAX_ORDER; (*found)++)
        for (unsigned i = 0; i < N_OTHERS; i++) {
            mmsim_pfn pfn = take_listed(buddy, others[type][i], *found);
            if (pfn == MM_NO_PFN)
                continue;
            buddy->n_steals++;
            return pfn;
        }
    return MM_NO_PFN;
}

mmsim_pfn mm_buddy_fall_back(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned order,
                             unsigned *found)
{
    *found = MM_BUDDY_MAX_ORDER;
    mmsim_pfn pfn = take_whole(buddy, type);
    if (pfn == MM_NO_PFN)
        pfn = take_by_claim(buddy, type, order, found);
    return pfn != MM_NO_PFN ? pfn : steal(buddy, type, order, found);
}
