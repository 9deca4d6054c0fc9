/* buddy_place.c - taking, cutting and finding blocks by place. */
#include "alloc/buddy_place.h"

#include "alloc/buddy_list.h"

/* ---- taking ---- */

bool mm_buddy_is_free(const struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    const struct mm_buddy_range *range = mm_buddy_range_of(buddy, start);
    if (!range || end > range->end)
        return false;
    while (start < end) {
        struct mm_buddy_block block = mm_buddy_block_at(buddy, start);
        if (block.state != MM_BLOCK_FREE)
            return false;
        start = block.pfn + block.n_frames;
    }
    return true;
}

/* Lists the free frames [start, end) of one pageblock, which cannot merge with anything. */
static void list_rest(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    while (start < end) {
        unsigned order = mm_buddy_order_at(start, end);
        mm_buddy_push(buddy, mm_buddy_type(buddy, start), start, order);
        start += mm_block_frames(order);
    }
}

/* Lists the fresh pageblocks up to the one of `pfn`, if that is fresh. */
static void list_fresh(struct mm_buddy *buddy, mmsim_pfn pfn)
{
    for (unsigned i = 0; i < buddy->n_ranges; i++) {
        struct mm_buddy_range *range = &buddy->ranges[i];
        if (pfn < range->fresh || pfn >= range->fresh_end)
            continue;
        for (; range->fresh <= pfn; range->fresh += MM_PAGEBLOCK_FRAMES) {
            buddy->n_blocks[MM_MOVABLE][MM_BUDDY_MAX_ORDER]--;
            mm_buddy_push(buddy, MM_MOVABLE, range->fresh, MM_BUDDY_MAX_ORDER);
        }
    }
}

/* Makes a row of blocks in use of [start, end). */
static void mark_row(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    while (start < end) {
        unsigned order = mm_buddy_order_at(start, end);
        mm_buddy_mark(buddy, start, order);
        start += mm_block_frames(order);
    }
}

/* Takes the part of one free block that lies in [start, end); returns where the block ends. */
static mmsim_pfn take_part(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    list_fresh(buddy, start);
    mmsim_pfn head = mm_buddy_head(buddy, start);
    unsigned order = mm_frame_order(&buddy->frames[head]);
    mmsim_pfn block_end = head + mm_block_frames(order);
    end = end < block_end ? end : block_end;
    mm_buddy_unlink(buddy, mm_buddy_type(buddy, head), head, order);
    list_rest(buddy, end, block_end);
    list_rest(buddy, head, start);
    buddy->n_free -= end - start;
    mark_row(buddy, start, end);
    return block_end;
}

void mm_buddy_take(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    MM_ASSERT(mm_buddy_is_free(buddy, start, end), "frames are taken that are not free");
    while (start < end)
        start = take_part(buddy, start, end);
}

mmsim_pfn mm_buddy_alloc_row(struct mm_buddy *buddy, enum mm_migrate_type type, uint64_t n_frames,
                             unsigned order)
{
    mmsim_pfn pfn = mm_buddy_alloc(buddy, type, order);
    if (pfn == MM_NO_PFN || n_frames == mm_block_frames(order))
        return pfn;
    mmsim_pfn end = pfn + (mmsim_pfn)n_frames;
    mark_row(buddy, pfn, end);
    list_rest(buddy, end, pfn + mm_block_frames(order));
    buddy->n_free += mm_block_frames(order) - n_frames;
    return pfn;
}

/* ---- cutting ---- */

void mm_buddy_cut(struct mm_buddy *buddy, mmsim_pfn pfn)
{
    mmsim_pfn head = mm_buddy_head(buddy, pfn);
    while (head != pfn) {
        struct mm_frame *lower = &buddy->frames[head];
        MM_ASSERT(lower->use != MM_FRAME_FREE, "a free block is cut");
        lower->order--;
        mmsim_pfn middle = head + mm_block_frames(lower->order);
        buddy->frames[middle] = *lower;
        head = pfn >= middle ? middle : head;
    }
}

void mm_buddy_free_row(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end)
{
    while (start < end) {
        unsigned order = mm_frame_order(&buddy->frames[start]);
        mm_buddy_free(buddy, start, order);
        start += mm_block_frames(order);
    }
    MM_ASSERT(start == end, "the end of a row of blocks lies within a block");
}

/* ---- finding ---- */

struct search {
    mmsim_pfn n_frames, align; /* align: frames, a power of two */
    mmsim_pfn start;           /* of the free frames seen last */
};

static mmsim_pfn align_up(mmsim_pfn pfn, mmsim_pfn align)
{
    return (pfn + align - 1) & ~(align - 1);
}

/* True if the free frames from search->start to `end` are enough. */
static bool suffices(const struct search *search, mmsim_pfn end)
{
    mmsim_pfn start = align_up(search->start, search->align);
    return start < end && end - start >= search->n_frames;
}

/* By whole pageblocks alone: where a pageblock's first frame is the head of it. */
static mmsim_pfn find_whole(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                            struct search *search)
{
    mmsim_pfn pfn = align_up(range->start, MM_PAGEBLOCK_FRAMES);
    search->start = pfn;
    while (pfn < range->end && range->end - pfn >= MM_PAGEBLOCK_FRAMES) {
        bool is_fresh = pfn >= range->fresh && pfn < range->fresh_end;
        const struct mm_frame *head = &buddy->frames[pfn];
        pfn = is_fresh ? range->fresh_end : pfn + MM_PAGEBLOCK_FRAMES;
        if (!is_fresh && (head->use != MM_FRAME_FREE || head->order != MM_BUDDY_MAX_ORDER))
            search->start = pfn;
        else if (suffices(search, pfn))
            return align_up(search->start, search->align);
    }
    return MM_NO_PFN;
}

static mmsim_pfn find_any(const struct mm_buddy *buddy, const struct mm_buddy_range *range,
                          struct search *search)
{
    search->start = range->start;
    for (mmsim_pfn pfn = range->start; pfn < range->end;) {
        struct mm_buddy_block block = mm_buddy_block_from(buddy, range, pfn);
        pfn = block.pfn + block.n_frames;
        if (block.state != MM_BLOCK_FREE)
            search->start = pfn;
        else if (suffices(search, pfn))
            return align_up(search->start, search->align);
    }
    return MM_NO_PFN;
}

mmsim_pfn mm_buddy_find(const struct mm_buddy *buddy, uint64_t n_frames, unsigned align_order)
{
    if (n_frames == 0 || n_frames > buddy->n_free || align_order > 20)
        return MM_NO_PFN;
    struct search search = {.n_frames = (mmsim_pfn)n_frames, .align = mm_block_frames(align_order)};
    static mmsim_pfn (*const finders[])(const struct mm_buddy *, const struct mm_buddy_range *,
                                        struct search *) = {find_whole, find_any};
    for (unsigned i = 0; i < sizeof finders / sizeof finders[0]; i++)
        for (unsigned range = 0; range < buddy->n_ranges; range++) {
            mmsim_pfn pfn = finders[i](buddy, &buddy->ranges[range], &search);
            if (pfn != MM_NO_PFN)
                return pfn;
        }
    return MM_NO_PFN;
}
