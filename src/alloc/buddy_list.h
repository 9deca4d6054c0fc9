/*
 * buddy_list.h - the free lists of a buddy system; for its own files only.
 *
 * A listed block is linked through the frame table entry of its first frame. Nothing else writes
 * heads, listed and n_blocks. n_free is the callers'.
 */
#ifndef MM_ALLOC_BUDDY_LIST_H
#define MM_ALLOC_BUDDY_LIST_H

#include "alloc/buddy.h"
#include "base/assert.h"

static inline mmsim_pfn mm_block_frames(unsigned order)
{
    return (mmsim_pfn)1 << order;
}

/* Makes `pfn` the head of a listed free block. */
static inline void mm_buddy_push(struct mm_buddy *buddy, enum mm_migrate_type type, mmsim_pfn pfn,
                                 unsigned order)
{
    mmsim_pfn next = buddy->heads[type][order];
    buddy->frames[pfn] = (struct mm_frame){
        .next = next, .prev = MM_NO_PFN, .use = MM_FRAME_FREE, .order = (uint8_t)order};
    if (next != MM_NO_PFN)
        buddy->frames[next].prev = pfn;
    buddy->heads[type][order] = pfn;
    buddy->listed[type] |= (uint32_t)1 << order;
    buddy->n_blocks[type][order]++;
}

/* Takes a block off its list. Its head still says what it was. */
static inline void mm_buddy_unlink(struct mm_buddy *buddy, enum mm_migrate_type type, mmsim_pfn pfn,
                                   unsigned order)
{
    const struct mm_frame *frame = &buddy->frames[pfn];
    MM_ASSERT(frame->use == MM_FRAME_FREE && frame->order == order,
              "a block is taken off a list that it is not on");
    if (frame->next != MM_NO_PFN)
        buddy->frames[frame->next].prev = frame->prev;
    if (frame->prev != MM_NO_PFN)
        buddy->frames[frame->prev].next = frame->next;
    else
        buddy->heads[type][order] = frame->next;
    if (buddy->heads[type][order] == MM_NO_PFN)
        buddy->listed[type] &= ~((uint32_t)1 << order);
    buddy->n_blocks[type][order]--;
}

/* Makes `pfn` the head of a block in use that has no use yet. */
static inline void mm_buddy_mark(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order)
{
    buddy->frames[pfn] = (struct mm_frame){.use = MM_FRAME_RESERVED, .order = (uint8_t)order};
}

/* Order of the largest block that starts at `start` and does not pass `end`. */
static inline unsigned mm_buddy_order_at(mmsim_pfn start, mmsim_pfn end)
{
    unsigned aligned = (unsigned)__builtin_ctz(start | MM_PAGEBLOCK_FRAMES);
    unsigned fits = 31 - (unsigned)__builtin_clz(end - start);
    return aligned < fits ? aligned : fits;
}

/* buddy.c: the first pageblock of a fresh part, of type `type` from now on; MM_NO_PFN: none. */
mmsim_pfn mm_buddy_take_fresh(struct mm_buddy *buddy, enum mm_migrate_type type);

/* buddy_fallback.c: a free block of at least `order`, off its list, from another type or a fresh
 * part; *found is its order. MM_NO_PFN: there is none. */
mmsim_pfn mm_buddy_fall_back(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned order,
                             unsigned *found);

#endif
