/*
 * buddy_check.c - proving that the books of a buddy system are right.
 *
 * Two independent walks: by place, over the blocks that the frame table shows, and along the lists.
 * What they count must agree, with each other and with the counters.
 */
#include "alloc/buddy_list.h"

struct tally {
    uint64_t n_blocks[MM_N_MIGRATE_TYPES][MM_BUDDY_N_ORDERS];
    uint64_t n_listed[MM_N_MIGRATE_TYPES][MM_BUDDY_N_ORDERS];
};

/* True if the buddy of a free block is a free block of the same size. */
static bool is_unmerged(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                        mmsim_pfn pfn, unsigned order)
{
    mmsim_pfn other = pfn ^ mm_block_frames(order);
    if (order == MM_BUDDY_MAX_ORDER || other < range->start || other >= range->end)
        return false;
    const struct mm_frame *frame = &buddy->frames[other];
    return frame->use == MM_FRAME_FREE && frame->order == order;
}

/* What is wrong with one block outside the fresh part, by its head. */
static const char *check_head(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                              mmsim_pfn pfn)
{
    const struct mm_frame *head = &buddy->frames[pfn];
    unsigned order = mm_frame_order(head);
    if (order > MM_BUDDY_MAX_ORDER)
        return "a block has an impossible order (buddy invariant 1)";
    if (pfn & (mm_block_frames(order) - 1))
        return "a block is not aligned to its size (buddy invariant 1)";
    if (mm_block_frames(order) > range->end - pfn)
        return "a block reaches beyond its range (buddy invariant 1)";
    if (head->order == MM_FRAME_SET_ASIDE)
        return head->use == MM_FRAME_FREE ? NULL
                                          : "a frame in use is set aside (frame invariant 2)";
    if (head->order != order)
        return "a block's order has a mark that it should not have (frame invariant 2)";
    if (head->use != MM_FRAME_FREE)
        return NULL;
    if (head->count != 0)
        return "a free block has a count (frame invariant 3)";
    return is_unmerged(buddy, range, pfn, order)
               ? "two free buddies have not been merged (buddy invariant 2)"
               : NULL;
}

static const char *check_fresh(const struct mm_buddy_range *range)
{
    if (range->fresh > range->fresh_end || range->fresh < range->start ||
        range->fresh_end > range->end)
        return "a range's fresh part is not within the range (buddy invariant 6)";
    if (range->fresh < range->fresh_end &&
        ((range->fresh | range->fresh_end) & (MM_PAGEBLOCK_FRAMES - 1)))
        return "a range's fresh part is not made of whole blocks (buddy invariant 6)";
    return NULL;
}

/* Walks a range by what the table shows, and counts its free blocks. */
static const char *check_range(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                               struct tally *tally)
{
    const char *broken = check_fresh(range);
    if (broken)
        return broken;
    tally->n_blocks[MM_MOVABLE][MM_BUDDY_MAX_ORDER] +=
        (range->fresh_end - range->fresh) / MM_PAGEBLOCK_FRAMES;
    for (mmsim_pfn pfn = range->start; pfn < range->end;) {
        if (pfn == range->fresh && pfn < range->fresh_end) {
            pfn = range->fresh_end;
            continue;
        }
        broken = check_head(buddy, range, pfn);
        if (broken)
            return broken;
        const struct mm_frame *head = &buddy->frames[pfn];
        if (head->use == MM_FRAME_FREE && head->order != MM_FRAME_SET_ASIDE) {
            enum mm_migrate_type type = mm_buddy_type(buddy, pfn);
            if (type >= MM_N_MIGRATE_TYPES)
                return "a pageblock has an unknown type (buddy invariant 4)";
            tally->n_blocks[type][head->order]++;
            tally->n_listed[type][head->order]++;
        }
        pfn += mm_block_frames(mm_frame_order(head));
    }
    return NULL;
}

/* Walks one list: as many members as the table shows, each marked and linked back. */
static const char *check_list(const struct mm_buddy *buddy, enum mm_migrate_type type,
                              unsigned order, uint64_t n_left)
{
    mmsim_pfn previous = MM_NO_PFN, pfn = buddy->heads[type][order];
    if (((buddy->listed[type] >> order) & 1) != (pfn != MM_NO_PFN))
        return "a list is not as empty as its bit says (buddy invariant 5)";
    for (; pfn != MM_NO_PFN; pfn = buddy->frames[pfn].next) {
        if (n_left-- == 0)
            return "a list of free blocks is longer than the frame table shows (buddy invariant 4)";
        if (!mm_buddy_range_of(buddy, pfn))
            return "a listed block lies in no range (buddy invariant 1)";
        const struct mm_frame *frame = &buddy->frames[pfn];
        if (frame->use != MM_FRAME_FREE || frame->order != order)
            return "a listed block is not marked free with its order (buddy invariant 4)";
        if (mm_buddy_type(buddy, pfn) != type)
            return "a listed block is on the list of another type (buddy invariant 4)";
        if (frame->prev != previous)
            return "a listed block does not link back to the one before (buddy invariant 4)";
        previous = pfn;
    }
    return n_left == 0
               ? NULL
               : "a list of free blocks is shorter than the frame table shows (buddy invariant 4)";
}

static const char *check_type(const struct mm_buddy *buddy, const struct tally *tally,
                              enum mm_migrate_type type, uint64_t *n_free)
{
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++) {
        const char *broken = check_list(buddy, type, order, tally->n_listed[type][order]);
        if (broken)
            return broken;
        if (buddy->n_blocks[type][order] != tally->n_blocks[type][order])
            return "the count of free blocks of an order is wrong (buddy invariant 3)";
        *n_free += tally->n_blocks[type][order] * mm_block_frames(order);
    }
    return NULL;
}

const char *mm_buddy_check(const struct mm_buddy *buddy)
{
    struct tally tally = {0};
    uint64_t n_free = 0;
    const char *broken = NULL;
    for (unsigned i = 0; i < buddy->n_ranges && !broken; i++)
        broken = check_range(buddy, &buddy->ranges[i], &tally);
    for (unsigned type = 0; type < MM_N_MIGRATE_TYPES && !broken; type++)
        broken = check_type(buddy, &tally, (enum mm_migrate_type)type, &n_free);
    if (broken)
        return broken;
    return n_free == buddy->n_free ? NULL : "the count of free frames is wrong (buddy invariant 3)";
}
