/*
 * buddy.c - splitting and merging, and finding blocks by place.
 *
 * Everything below touches the entries of the heads of the blocks that it moves and no others.
 */
#include "alloc/buddy.h"

#include "alloc/buddy_list.h"

/* ---- ranges ---- */

void mm_buddy_init(struct mm_buddy *buddy, struct mm_frame *frames, uint8_t *types)
{
    *buddy = (struct mm_buddy){.frames = frames, .types = types};
    for (unsigned type = 0; type < MM_N_MIGRATE_TYPES; type++)
        for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
            buddy->heads[type][order] = MM_NO_PFN;
}

/* Lists [start, end), less than a pageblock on either side of a multiple of it, as the fewest
 * blocks. From the end down, so that of equal blocks the lower one is handed out first. */
static void list_fragment(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    if (start < end)
        buddy->types[start >> MM_BUDDY_MAX_ORDER] = MM_UNMOVABLE;
    while (end > start) {
        unsigned order = 0;
        while (order < MM_BUDDY_MAX_ORDER && !(end & mm_block_frames(order)) &&
               end - start >= 2 * mm_block_frames(order))
            order++;
        end -= mm_block_frames(order);
        mm_buddy_push(buddy, MM_UNMOVABLE, end, order);
    }
}

void mm_buddy_add(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    if (start >= end)
        return;
    MM_ASSERT(buddy->n_ranges < MM_BUDDY_MAX_RANGES, "a buddy allocator has too many ranges");
    MM_ASSERT(end <= MM_NO_PFN - MM_PAGEBLOCK_FRAMES, "a frame number is too large");
    mmsim_pfn fresh = (start + MM_PAGEBLOCK_FRAMES - 1) & ~(MM_PAGEBLOCK_FRAMES - 1);
    mmsim_pfn fresh_end = end & ~(MM_PAGEBLOCK_FRAMES - 1);
    if (fresh > fresh_end) /* within one pageblock */
        fresh = fresh_end = end;
    buddy->ranges[buddy->n_ranges++] = (struct mm_buddy_range){start, end, fresh, fresh_end};
    list_fragment(buddy, fresh_end, end);
    list_fragment(buddy, start, fresh);
    buddy->n_blocks[MM_MOVABLE][MM_BUDDY_MAX_ORDER] += (fresh_end - fresh) / MM_PAGEBLOCK_FRAMES;
    buddy->n_free += end - start;
}

const struct mm_buddy_range *mm_buddy_range_of(const struct mm_buddy *buddy, mmsim_pfn pfn)
{
    for (unsigned i = 0; i < buddy->n_ranges; i++)
        if (pfn >= buddy->ranges[i].start && pfn < buddy->ranges[i].end)
            return &buddy->ranges[i];
    return NULL;
}

mmsim_pfn mm_buddy_take_fresh(struct mm_buddy *buddy, enum mm_migrate_type type)
{
    for (unsigned i = 0; i < buddy->n_ranges; i++) {
        struct mm_buddy_range *range = &buddy->ranges[i];
        if (range->fresh == range->fresh_end)
            continue;
        mmsim_pfn pfn = range->fresh;
        range->fresh += MM_PAGEBLOCK_FRAMES;
        buddy->n_blocks[MM_MOVABLE][MM_BUDDY_MAX_ORDER]--;
        buddy->types[pfn >> MM_BUDDY_MAX_ORDER] = (uint8_t)type;
        return pfn;
    }
    return MM_NO_PFN;
}

/* ---- allocating ---- */

/* The smallest free block of at least 2^order frames, off its list; *found is its order. */
static inline mmsim_pfn take_block(struct mm_buddy *buddy, enum mm_migrate_type type,
                                   unsigned order, unsigned *found)
{
    uint32_t fits = buddy->listed[type] >> order;
    if (fits == 0)
        return mm_buddy_fall_back(buddy, type, order, found);
    *found = order + (unsigned)__builtin_ctz(fits);
    mmsim_pfn pfn = buddy->heads[type][*found];
    mm_buddy_unlink(buddy, type, pfn, *found);
    return pfn;
}

mmsim_pfn mm_buddy_alloc(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned order)
{
    if (order > MM_BUDDY_MAX_ORDER)
        return MM_NO_PFN;
    unsigned found;
    mmsim_pfn pfn = take_block(buddy, type, order, &found);
    if (pfn == MM_NO_PFN)
        return MM_NO_PFN;
    if (found > order)
        type = mm_buddy_type(buddy, pfn); /* of a block that was stolen: its pageblock's */
    while (found > order) {
        found--;
        mm_buddy_push(buddy, type, pfn + mm_block_frames(found), found);
    }
    mm_buddy_mark(buddy, pfn, order);
    buddy->n_free -= mm_block_frames(order);
    return pfn;
}

/* The order in which to take up to n frames: that of the smallest block, or all at once. */
static unsigned bulk_order(const struct mm_buddy *buddy, enum mm_migrate_type type, unsigned n)
{
    unsigned largest = 31 - (unsigned)__builtin_clz(n);
    if (buddy->listed[type] == 0)
        return largest;
    unsigned smallest = (unsigned)__builtin_ctz(buddy->listed[type]);
    return smallest < largest ? smallest : largest;
}

unsigned mm_buddy_set_aside(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned n,
                            uint32_t *pfns)
{
    unsigned n_left = n;
    while (n_left > 0) {
        unsigned order = bulk_order(buddy, type, n_left);
        mmsim_pfn pfn = mm_buddy_alloc(buddy, type, order);
        if (pfn == MM_NO_PFN && order > 0)
            pfn = mm_buddy_alloc(buddy, type, order = 0);
        if (pfn == MM_NO_PFN)
            break;
        for (mmsim_pfn i = 0; i < mm_block_frames(order); i++) {
            buddy->frames[pfn + i].use = MM_FRAME_FREE;
            buddy->frames[pfn + i].order = MM_FRAME_SET_ASIDE;
            pfns[--n_left] = pfn + i;
        }
    }
    if (n_left > 0)
        for (unsigned i = n_left; i < n; i++)
            pfns[i - n_left] = pfns[i];
    return n - n_left;
}

/* ---- freeing ---- */

void mm_buddy_free(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    MM_ASSERT(mm_buddy_range_of(buddy, pfn), "a freed block is in no range");
    MM_ASSERT(!(pfn & (mm_block_frames(order) - 1)), "a freed block is not aligned to its size");
    MM_ASSERT(mm_buddy_head(buddy, pfn) == pfn && mm_frame_order(&buddy->frames[pfn]) == order,
              "what is freed is no block");
    MM_ASSERT(buddy->frames[pfn].use != MM_FRAME_FREE ||
                  buddy->frames[pfn].order == MM_FRAME_SET_ASIDE,
              "a frame is freed twice");
    enum mm_migrate_type type = mm_buddy_type(buddy, pfn);
    buddy->n_free += mm_block_frames(order);
    for (; order < MM_BUDDY_MAX_ORDER; order++) {
        mmsim_pfn other = pfn ^ mm_block_frames(order);
        const struct mm_frame *frame = &buddy->frames[other];
        if (frame->use != MM_FRAME_FREE || frame->order != order)
            break;
        mm_buddy_unlink(buddy, type, other, order);
        pfn &= other;
    }
    mm_buddy_push(buddy, type, pfn, order);
}

/* ---- blocks by place ---- */

/*
 * From the largest order down: while no block of a larger order holds `pfn`, the aligned frame of
 * this order is the head of a block, and it holds `pfn` if its order is this one.
 */
mmsim_pfn mm_buddy_head(const struct mm_buddy *buddy, mmsim_pfn pfn)
{
    mmsim_pfn start = mm_buddy_range_of(buddy, pfn)->start;
    for (unsigned order = MM_BUDDY_MAX_ORDER; order > 0; order--) {
        mmsim_pfn head = pfn & ~(mm_block_frames(order) - 1);
        if (head >= start && mm_frame_order(&buddy->frames[head]) >= order)
            return head;
    }
    return pfn;
}

struct mm_buddy_block mm_buddy_block_from(const struct mm_buddy *buddy,
                                          const struct mm_buddy_range *range, mmsim_pfn pfn)
{
    if (pfn == range->fresh && pfn < range->fresh_end)
        return (struct mm_buddy_block){pfn, range->fresh_end - pfn, MM_BLOCK_FREE};
    const struct mm_frame *frame = &buddy->frames[pfn];
    struct mm_buddy_block block = {pfn, mm_block_frames(mm_frame_order(frame)), MM_BLOCK_USED};
    if (frame->use == MM_FRAME_FREE)
        block.state = frame->order == MM_FRAME_SET_ASIDE ? MM_BLOCK_SET_ASIDE : MM_BLOCK_FREE;
    return block;
}

struct mm_buddy_block mm_buddy_block_at(const struct mm_buddy *buddy, mmsim_pfn pfn)
{
    const struct mm_buddy_range *range = mm_buddy_range_of(buddy, pfn);
    bool is_fresh = pfn >= range->fresh && pfn < range->fresh_end;
    return mm_buddy_block_from(buddy, range, is_fresh ? range->fresh : mm_buddy_head(buddy, pfn));
}
