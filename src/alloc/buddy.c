/*
 * buddy.c - splitting, merging, and proving that the books are right.
 *
 * Free blocks are linked through the frame table entries of their first frames. Everything below
 * touches the entries of the blocks that it moves and no others.
 */
#include "alloc/buddy.h"

#include "base/assert.h"

static mmsim_pfn block_frames(unsigned order)
{
    return (mmsim_pfn)1 << order;
}

static const mmsim_pfn largest = (mmsim_pfn)1 << MM_BUDDY_MAX_ORDER;

/* ---- lists ---- */

/* Makes `pfn` the first frame of a listed free block. */
static void push(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    mmsim_pfn next = buddy->heads[order];
    buddy->frames[pfn] = (struct mm_frame){
        .next = next, .prev = MM_NO_PFN, .use = MM_FRAME_FREE, .order = (uint8_t)order};
    if (next != MM_NO_PFN)
        buddy->frames[next].prev = pfn;
    buddy->heads[order] = pfn;
    buddy->n_blocks[order]++;
}

/* Takes a block off its list; its first frame is then like any other frame of a free block. */
static void unlink_block(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    struct mm_frame *frame = &buddy->frames[pfn];
    if (frame->prev == MM_NO_PFN)
        buddy->heads[order] = frame->next;
    else
        buddy->frames[frame->prev].next = frame->next;
    if (frame->next != MM_NO_PFN)
        buddy->frames[frame->next].prev = frame->prev;
    *frame = (struct mm_frame){.use = MM_FRAME_FREE, .order = MM_FRAME_NO_ORDER};
    buddy->n_blocks[order]--;
}

/* ---- ranges ---- */

void mm_buddy_init(struct mm_buddy *buddy, struct mm_frame *frames)
{
    *buddy = (struct mm_buddy){.frames = frames};
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
        buddy->heads[order] = MM_NO_PFN;
}

/* Lists [start, end), less than a largest block on either side of a multiple of it, as the fewest
 * blocks. From the end down, so that of equal blocks the lower one is handed out first. */
static void list_fragment(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    while (end > start) {
        unsigned order = 0;
        while (order < MM_BUDDY_MAX_ORDER && !(end & block_frames(order)) &&
               end - start >= 2 * block_frames(order))
            order++;
        end -= block_frames(order);
        push(buddy, end, order);
    }
}

void mm_buddy_add(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    if (start >= end)
        return;
    MM_ASSERT(buddy->n_ranges < MM_BUDDY_MAX_RANGES, "a buddy allocator has too many ranges");
    MM_ASSERT(end <= MM_NO_PFN - largest, "a frame number is too large");
    mmsim_pfn fresh = (start + largest - 1) & ~(largest - 1);
    mmsim_pfn fresh_end = end & ~(largest - 1);
    if (fresh > fresh_end) /* within one largest block */
        fresh = fresh_end = end;
    buddy->ranges[buddy->n_ranges++] = (struct mm_buddy_range){start, end, fresh, fresh_end};
    list_fragment(buddy, fresh_end, end);
    list_fragment(buddy, start, fresh);
    buddy->n_blocks[MM_BUDDY_MAX_ORDER] += (fresh_end - fresh) / largest;
    buddy->n_free += end - start;
}

static const struct mm_buddy_range *range_of(const struct mm_buddy *buddy, mmsim_pfn pfn)
{
    for (unsigned i = 0; i < buddy->n_ranges; i++)
        if (pfn >= buddy->ranges[i].start && pfn < buddy->ranges[i].end)
            return &buddy->ranges[i];
    return NULL;
}

/* ---- allocating ---- */

/* The first block of a fresh part; MM_NO_PFN: everything has been handed out before. */
static mmsim_pfn take_fresh(struct mm_buddy *buddy)
{
    for (unsigned i = 0; i < buddy->n_ranges; i++) {
        struct mm_buddy_range *range = &buddy->ranges[i];
        if (range->fresh == range->fresh_end)
            continue;
        mmsim_pfn pfn = range->fresh;
        range->fresh += largest;
        buddy->n_blocks[MM_BUDDY_MAX_ORDER]--;
        return pfn;
    }
    return MM_NO_PFN;
}

/* The smallest free block of at least 2^order frames, off its list; *found is its order. */
static mmsim_pfn take_block(struct mm_buddy *buddy, unsigned order, unsigned *found)
{
    for (; order < MM_BUDDY_N_ORDERS; order++) {
        mmsim_pfn pfn = buddy->heads[order];
        if (pfn == MM_NO_PFN)
            continue;
        unlink_block(buddy, pfn, order);
        *found = order;
        return pfn;
    }
    *found = MM_BUDDY_MAX_ORDER;
    return take_fresh(buddy);
}

mmsim_pfn mm_buddy_alloc(struct mm_buddy *buddy, unsigned order)
{
    if (order > MM_BUDDY_MAX_ORDER)
        return MM_NO_PFN;
    unsigned found;
    mmsim_pfn pfn = take_block(buddy, order, &found);
    if (pfn == MM_NO_PFN)
        return MM_NO_PFN;
    while (found > order) {
        found--;
        push(buddy, pfn + block_frames(found), found);
    }
    for (mmsim_pfn i = 0; i < block_frames(order); i++)
        buddy->frames[pfn + i] =
            (struct mm_frame){.use = MM_FRAME_RESERVED, .order = MM_FRAME_NO_ORDER};
    buddy->n_free -= block_frames(order);
    return pfn;
}

/* ---- freeing ---- */

/* True if the buddy of a free block is a free block of the same size in the same range. */
static bool can_merge(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                      mmsim_pfn pfn, unsigned order)
{
    mmsim_pfn other = pfn ^ block_frames(order);
    if (other < range->start || other >= range->end)
        return false;
    const struct mm_frame *frame = &buddy->frames[other];
    return frame->use == MM_FRAME_FREE && frame->order == order;
}

void mm_buddy_free(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    const struct mm_buddy_range *range = range_of(buddy, pfn);
    MM_ASSERT(range && block_frames(order) <= range->end - pfn, "a freed block is in no range");
    MM_ASSERT(!(pfn & (block_frames(order) - 1)), "a freed block is not aligned to its size");
    for (mmsim_pfn i = 0; i < block_frames(order); i++) {
        MM_ASSERT(buddy->frames[pfn + i].use != MM_FRAME_FREE, "a frame is freed twice");
        buddy->frames[pfn + i] =
            (struct mm_frame){.use = MM_FRAME_FREE, .order = MM_FRAME_NO_ORDER};
    }
    buddy->n_free += block_frames(order);
    while (order < MM_BUDDY_MAX_ORDER && can_merge(buddy, range, pfn, order)) {
        unlink_block(buddy, pfn ^ block_frames(order), order);
        pfn &= ~block_frames(order);
        order++;
    }
    push(buddy, pfn, order);
}

/* ---- checking ---- */

mmsim_pfn mm_buddy_skip_free(const struct mm_buddy *buddy, mmsim_pfn pfn)
{
    const struct mm_buddy_range *range = range_of(buddy, pfn);
    if (!range)
        return pfn;
    if (pfn >= range->fresh && pfn < range->fresh_end)
        return range->fresh_end;
    const struct mm_frame *frame = &buddy->frames[pfn];
    bool is_block = frame->use == MM_FRAME_FREE && frame->order <= MM_BUDDY_MAX_ORDER;
    return is_block ? pfn + block_frames(frame->order) : pfn;
}

/* What is wrong with one free block that the table shows. */
static const char *check_block(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                               mmsim_pfn pfn)
{
    unsigned order = buddy->frames[pfn].order;
    if (order > MM_BUDDY_MAX_ORDER)
        return "a frame is marked free but lies in no free block";
    if (pfn & (block_frames(order) - 1))
        return "a free block is not aligned to its size";
    if (block_frames(order) > range->end - pfn)
        return "a free block reaches beyond its range";
    if (order < MM_BUDDY_MAX_ORDER && can_merge(buddy, range, pfn, order))
        return "two free buddies have not been merged";
    return NULL;
}

/* Walks a range by what the table shows, and counts its free blocks. */
static const char *check_range(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                               uint64_t n_blocks[MM_BUDDY_N_ORDERS])
{
    if (range->fresh > range->fresh_end || range->fresh < range->start ||
        range->fresh_end > range->end)
        return "a range's fresh part is not within the range";
    if (range->fresh < range->fresh_end && ((range->fresh | range->fresh_end) & (largest - 1)))
        return "a range's fresh part is not made of whole blocks";
    n_blocks[MM_BUDDY_MAX_ORDER] += (range->fresh_end - range->fresh) / largest;
    mmsim_pfn pfn = range->start;
    while (pfn < range->end) {
        bool is_fresh = pfn >= range->fresh && pfn < range->fresh_end;
        if (!is_fresh && buddy->frames[pfn].use == MM_FRAME_FREE) {
            const char *broken = check_block(buddy, range, pfn);
            if (broken)
                return broken;
            n_blocks[buddy->frames[pfn].order]++;
        }
        mmsim_pfn next = mm_buddy_skip_free(buddy, pfn);
        pfn = next > pfn ? next : pfn + 1;
    }
    return NULL;
}

/* Walks one list: as many members as the table shows, each marked and linked back. */
static const char *check_list(const struct mm_buddy *buddy, unsigned order, uint64_t n_listed)
{
    mmsim_pfn previous = MM_NO_PFN;
    uint64_t n_left = n_listed;
    for (mmsim_pfn pfn = buddy->heads[order]; pfn != MM_NO_PFN; pfn = buddy->frames[pfn].next) {
        if (n_left-- == 0)
            return "a list of free blocks is longer than the frame table shows";
        if (!range_of(buddy, pfn))
            return "a listed block lies in no range";
        const struct mm_frame *frame = &buddy->frames[pfn];
        if (frame->use != MM_FRAME_FREE || frame->order != order)
            return "a listed block is not marked free with its order";
        if (frame->prev != previous)
            return "a listed block does not link back to the one before";
        if (frame->count != 0)
            return "a free block has a count";
        previous = pfn;
    }
    return n_left == 0 ? NULL : "a list of free blocks is shorter than the frame table shows";
}

const char *mm_buddy_check(const struct mm_buddy *buddy)
{
    uint64_t n_blocks[MM_BUDDY_N_ORDERS] = {0};
    uint64_t n_fresh = 0, n_free = 0;
    for (unsigned i = 0; i < buddy->n_ranges; i++) {
        const char *broken = check_range(buddy, &buddy->ranges[i], n_blocks);
        if (broken)
            return broken;
        n_fresh += (buddy->ranges[i].fresh_end - buddy->ranges[i].fresh) / largest;
    }
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++) {
        uint64_t n_unlisted = order == MM_BUDDY_MAX_ORDER ? n_fresh : 0;
        const char *broken = check_list(buddy, order, n_blocks[order] - n_unlisted);
        if (broken)
            return broken;
        if (buddy->n_blocks[order] != n_blocks[order])
            return "the count of free blocks of an order is wrong";
        n_free += n_blocks[order] * block_frames(order);
    }
    return n_free == buddy->n_free ? NULL : "the count of free frames is wrong";
}
