/* buddy.c - splitting and merging blocks of frames. */
#include "alloc/buddy.h"

#include "base/assert.h"

static mmsim_pfn size_of(unsigned order)
{
    return (mmsim_pfn)1 << order;
}

void mm_buddy_init(struct mm_buddy *buddy, struct mm_frame *frames)
{
    *buddy = (struct mm_buddy){.frames = frames};
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
        buddy->heads[order] = MM_NO_PFN;
}

/* ---- lists ---- */

static void push(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    struct mm_frame *frame = &buddy->frames[pfn];
    uint32_t first = buddy->heads[order];
    *frame = (struct mm_frame){
        .use = MM_FRAME_FREE, .order = (uint8_t)order, .next = first, .prev = MM_NO_PFN};
    if (first != MM_NO_PFN)
        buddy->frames[first].prev = pfn;
    buddy->heads[order] = pfn;
    buddy->n_blocks[order]++;
}

static void unlink_block(struct mm_buddy *buddy, mmsim_pfn pfn)
{
    struct mm_frame *frame = &buddy->frames[pfn];
    if (frame->prev == MM_NO_PFN)
        buddy->heads[frame->order] = frame->next;
    else
        buddy->frames[frame->prev].next = frame->next;
    if (frame->next != MM_NO_PFN)
        buddy->frames[frame->next].prev = frame->prev;
    buddy->n_blocks[frame->order]--;
    *frame = (struct mm_frame){.use = MM_FRAME_RESERVED, .order = MM_FRAME_NO_ORDER};
}

/* ---- ranges ---- */

static bool range_holds(const struct mm_buddy *buddy, unsigned i, mmsim_pfn pfn, unsigned order)
{
    return pfn >= buddy->ranges[i].start && pfn < buddy->ranges[i].end &&
           size_of(order) <= buddy->ranges[i].end - pfn;
}

static bool in_one_range(const struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    for (unsigned i = 0; i < buddy->n_ranges; i++)
        if (range_holds(buddy, i, pfn, order))
            return true;
    return false;
}

/* The largest aligned block that ends at `end` and does not begin before `start`. */
static unsigned order_before(mmsim_pfn start, mmsim_pfn end)
{
    unsigned order = 0;
    while (order < MM_BUDDY_MAX_ORDER && (end & (size_of(order + 1) - 1)) == 0 &&
           end - start >= size_of(order + 1))
        order++;
    return order;
}

void mm_buddy_add(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    MM_ASSERT(buddy->n_ranges < MM_BUDDY_MAX_RANGES, "a buddy allocator got too many ranges");
    if (start >= end)
        return;
    buddy->ranges[buddy->n_ranges].start = start;
    buddy->ranges[buddy->n_ranges++].end = end;
    buddy->n_free += end - start;
    while (end > start) { /* downwards, so that the lowest block is first on its list */
        unsigned order = order_before(start, end);
        end -= size_of(order);
        push(buddy, end, order);
    }
}

/* ---- allocation ---- */

static unsigned first_order_with_blocks(const struct mm_buddy *buddy, unsigned order)
{
    while (order < MM_BUDDY_N_ORDERS && buddy->heads[order] == MM_NO_PFN)
        order++;
    return order;
}

mmsim_pfn mm_buddy_alloc(struct mm_buddy *buddy, unsigned order)
{
    unsigned from = first_order_with_blocks(buddy, order);
    if (from >= MM_BUDDY_N_ORDERS)
        return MM_NO_PFN;
    mmsim_pfn pfn = buddy->heads[from];
    unlink_block(buddy, pfn);
    while (from > order) { /* keep the lower half, free the upper one */
        from--;
        push(buddy, pfn + size_of(from), from);
    }
    buddy->n_free -= size_of(order);
    return pfn;
}

static bool can_merge(const struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    mmsim_pfn other = pfn ^ size_of(order);
    mmsim_pfn lower = pfn & ~size_of(order);
    return order < MM_BUDDY_MAX_ORDER && in_one_range(buddy, lower, order + 1) &&
           buddy->frames[other].use == MM_FRAME_FREE && buddy->frames[other].order == order;
}

void mm_buddy_free(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    MM_ASSERT(in_one_range(buddy, pfn, order) && (pfn & (size_of(order) - 1)) == 0,
              "a block is freed that the buddy allocator never gave");
    buddy->n_free += size_of(order);
    for (mmsim_pfn i = 0; i < size_of(order); i++)
        buddy->frames[pfn + i] =
            (struct mm_frame){.use = MM_FRAME_RESERVED, .order = MM_FRAME_NO_ORDER};
    while (can_merge(buddy, pfn, order)) {
        unlink_block(buddy, pfn ^ size_of(order));
        pfn &= ~size_of(order);
        order++;
    }
    push(buddy, pfn, order);
}

/* ---- invariants ---- */

static const char *check_block(const struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    const struct mm_frame *frame = &buddy->frames[pfn];
    if ((pfn & (size_of(order) - 1)) || !in_one_range(buddy, pfn, order))
        return "a free block is not aligned, or lies outside of the ranges (buddy invariant 1)";
    if (frame->use != MM_FRAME_FREE || frame->order != order)
        return "a listed block is not marked as one (buddy invariant 4)";
    if (can_merge(buddy, pfn, order))
        return "two free buddies have not been merged (buddy invariant 2)";
    for (mmsim_pfn i = 1; i < size_of(order); i++)
        if (buddy->frames[pfn + i].use != MM_FRAME_RESERVED)
            return "a frame inside a free block is marked as used (buddy invariant 4)";
    return NULL;
}

static const char *check_list(const struct mm_buddy *buddy, unsigned order)
{
    uint32_t n = 0;
    uint32_t prev = MM_NO_PFN;
    for (uint32_t pfn = buddy->heads[order]; pfn != MM_NO_PFN; pfn = buddy->frames[pfn].next) {
        if (++n > buddy->n_blocks[order])
            break;
        const char *broken = check_block(buddy, pfn, order);
        if (broken)
            return broken;
        if (buddy->frames[pfn].prev != prev)
            return "a free list's links do not agree (buddy invariant 4)";
        prev = pfn;
    }
    return n == buddy->n_blocks[order]
               ? NULL
               : "a free list has not as many blocks as it says (buddy invariant 4)";
}

const char *mm_buddy_check(const struct mm_buddy *buddy)
{
    uint64_t n_free = 0;
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++) {
        const char *broken = check_list(buddy, order);
        if (broken)
            return broken;
        n_free += (uint64_t)buddy->n_blocks[order] << order;
    }
    return n_free == buddy->n_free
               ? NULL
               : "the free blocks do not add up to the free frames (buddy invariant 3)";
}
