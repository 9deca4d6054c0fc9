/*
 * buddy_model.h - what tests of the buddy system share: a naive model and ranges to try.
 *
 * The model is one bool a frame. Which blocks are free follows from which frames are free, and on
 * which lists they stand from the types of their pageblocks.
 */
#ifndef MM_TESTS_BUDDY_MODEL_H
#define MM_TESTS_BUDDY_MODEL_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/buddy.h"
#include "alloc/buddy_place.h"
#include "base/assert.h"
#include "base/rng.h"

enum {
    N_FRAMES = 9000,
    LARGEST = 1 << MM_BUDDY_MAX_ORDER,
    N_PAGEBLOCKS = (N_FRAMES + LARGEST - 1) / LARGEST
};

typedef uint32_t block_counts[MM_N_MIGRATE_TYPES][MM_BUDDY_N_ORDERS];

/* ---- the model ---- */

struct range {
    mmsim_pfn start, end;
};

struct model {
    bool is_free[N_FRAMES];
    unsigned n_ranges;
    struct range ranges[MM_BUDDY_MAX_RANGES];
};

/* True if the block lies in one range and all of its frames are free. */
static inline bool block_is_free(const struct model *model, mmsim_pfn pfn, unsigned order)
{
    mmsim_pfn end = pfn + (1u << order);
    bool in_range = false;
    for (unsigned i = 0; i < model->n_ranges; i++)
        in_range |= pfn >= model->ranges[i].start && end <= model->ranges[i].end;
    for (; in_range && pfn < end; pfn++)
        if (!model->is_free[pfn])
            return false;
    return in_range;
}

/* Counts the largest aligned blocks that the free frames make, by the type of their pageblock. */
static inline void count_blocks(const struct model *model, const uint8_t *types,
                                block_counts n_blocks)
{
    memset(n_blocks, 0, sizeof(block_counts));
    mmsim_pfn pfn = 0;
    while (pfn < N_FRAMES) {
        unsigned order = MM_BUDDY_N_ORDERS;
        while (order-- > 0)
            if (pfn % (1u << order) == 0 && pfn + (1u << order) <= N_FRAMES &&
                block_is_free(model, pfn, order))
                break;
        if (order < MM_BUDDY_N_ORDERS)
            n_blocks[types[pfn / LARGEST]][order]++;
        pfn += order < MM_BUDDY_N_ORDERS ? 1u << order : 1;
    }
}

static inline void mark(struct model *model, mmsim_pfn pfn, unsigned order, bool is_free)
{
    memset(&model->is_free[pfn], is_free, (size_t)1 << order);
}

/* The largest free block around a frame. */
static inline mmsim_pfn head_around(const struct model *model, mmsim_pfn pfn, unsigned *order)
{
    for (*order = MM_BUDDY_N_ORDERS; (*order)-- > 0;) {
        mmsim_pfn start = pfn & ~((1u << *order) - 1);
        if (start + (1u << *order) <= N_FRAMES && block_is_free(model, start, *order))
            return start;
    }
    return MM_NO_PFN;
}

/* What is wrong with how a free frame is found by place. */
static inline bool is_well_found(const struct mm_buddy *buddy, const struct model *model,
                                 mmsim_pfn pfn)
{
    unsigned order;
    mmsim_pfn head = head_around(model, pfn, &order);
    struct mm_buddy_block block = mm_buddy_block_at(buddy, pfn);
    if (block.state != MM_BLOCK_FREE)
        return false;
    if (block.n_frames > LARGEST || mm_buddy_range_of(buddy, pfn)->fresh == block.pfn)
        return block.pfn <= head && head + LARGEST <= block.pfn + block.n_frames;
    return block.pfn == head && block.n_frames == 1u << order;
}

static inline const char *difference(const struct mm_buddy *buddy, const struct model *model)
{
    block_counts n_blocks;
    count_blocks(model, buddy->types, n_blocks);
    if (memcmp(buddy->n_blocks, n_blocks, sizeof n_blocks) != 0)
        return "the free blocks are not the largest ones that the free frames make";
    uint64_t n_free = 0;
    for (mmsim_pfn pfn = 0; pfn < N_FRAMES; pfn++)
        n_free += model->is_free[pfn];
    if (buddy->n_free != n_free)
        return "n_free is not the number of free frames";
    return mm_buddy_check(buddy);
}

/* ---- fixtures ---- */

static const struct {
    unsigned n_ranges;
    struct range ranges[MM_BUDDY_MAX_RANGES];
} layouts[] = {
    {1, {{0, 8192}}},
    {1, {{1, N_FRAMES}}},
    {1, {{5, 7}}},
    {1, {{1023, 1025}}},
    {2, {{1, 256}, {4096, 8191}}},
    {2, {{3, 2048}, {2048, 6000}}}, /* neighbours */
    {4, {{1, 9}, {1024, 2048}, {2050, 4000}, {7000, N_FRAMES}}},
};
enum { N_LAYOUTS = sizeof layouts / sizeof *layouts };

struct fixture {
    struct mm_buddy buddy;
    struct model model;
    struct mm_frame frames[N_PAGEBLOCKS * LARGEST];
    uint8_t types[N_PAGEBLOCKS];
};

static inline struct fixture *make(unsigned layout)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    mm_buddy_init(&fixture->buddy, fixture->frames, fixture->types);
    for (unsigned i = 0; i < layouts[layout].n_ranges; i++) {
        struct range range = layouts[layout].ranges[i];
        mm_buddy_add(&fixture->buddy, range.start, range.end);
        fixture->model.ranges[fixture->model.n_ranges++] = range;
        memset(&fixture->model.is_free[range.start], true, range.end - range.start);
    }
    return fixture;
}

#endif
