/*
 * buddy.h - the binary buddy system over a range of frames, with grouping by mobility.
 *
 * Free memory is kept as blocks of 2^order frames, aligned to their size (Knowlton, "A fast storage
 * allocator", CACM 1965; Knuth, TAOCP 1, 2.5). A request takes the smallest block that is large
 * enough and splits it; a freed block merges with its buddy, the block whose number differs in bit
 * `order`, as long as that one is free too.
 *
 *   order 2   |0 1 2 3|          split           merge
 *   order 1   |0 1|2 3|     0 1 2 3 -> 0 1 + 2 3   2 + 3 -> 2 3
 *   order 0   |0|1|2|3|
 *
 * Memory is grouped in pageblocks of 4 MiB, the largest order. A pageblock has a type, and its free
 * blocks stand on the lists of that type: frames that can be moved and frames that cannot are kept
 * apart, so that a pageblock of movable ones can be emptied (compact.h). A request whose type has
 * no block falls back on others (buddy_fallback.c) and takes over whole pageblocks where it can.
 *
 * Lists are last in, first out; of two halves the lower one is handed out first. So the frames that
 * a run gets depend on its requests alone.
 *
 * Memory that nobody has asked for yet costs nothing: the part of a range that was never handed
 * out, cut to whole pageblocks, is only remembered as [fresh, fresh_end). When no listed block
 * serves, the first pageblock of it does. It needs no list: it cannot merge any further. A
 * pageblock that a range's edge cuts can never become whole, so it begins as unmovable.
 *
 *   start                fresh                          fresh_end     end
 *     |  listed and used   |  free, entries all zeros       |  listed  |
 *
 * Invariants: (1) every free block is aligned to its size and lies within one [start, end) range
 * given by mm_buddy_add(); (2) no two free buddies of the same order exist below
 * MM_BUDDY_MAX_ORDER; (3) n_free is the sum of the sizes of the free blocks, n_blocks counts them
 * by type and order, fresh ones (movable) included; (4) a free block is on the list of its order
 * and of its pageblock's type, and the frame table says so; (5) a bit of `listed` is set if its
 * list is not empty; (6) a fresh part lies in its range, and fresh and fresh_end are multiples of
 * a pageblock, or equal; (7) blocks that are set aside are not on any list and not in n_free.
 */
#ifndef MM_ALLOC_BUDDY_H
#define MM_ALLOC_BUDDY_H

#include "alloc/frame.h"

#define MM_BUDDY_MAX_ORDER 10 /* 4 MiB: one large page */
#define MM_BUDDY_N_ORDERS (MM_BUDDY_MAX_ORDER + 1)
#define MM_BUDDY_MAX_RANGES 4
#define MM_PAGEBLOCK_FRAMES ((mmsim_pfn)1 << MM_BUDDY_MAX_ORDER)

/* What can be done with frames in use. Movable is zero: what an untouched pageblock is. */
enum mm_migrate_type {
    MM_MOVABLE,     /* pages of processes: their tables can name another frame */
    MM_UNMOVABLE,   /* the kernel's: their addresses are known to others */
    MM_RECLAIMABLE, /* caches that can be dropped */
    MM_N_MIGRATE_TYPES
};

struct mm_buddy {
    struct mm_frame *frames;             /* the machine's frame table, indexed by pfn; not owned */
    uint8_t *types;                      /* enum mm_migrate_type by pageblock; not owned */
    uint64_t n_free;                     /* frames */
    uint32_t listed[MM_N_MIGRATE_TYPES]; /* bit n: there are listed blocks of order n */
    uint32_t heads[MM_N_MIGRATE_TYPES][MM_BUDDY_N_ORDERS];    /* pfn; MM_NO_PFN = none */
    uint32_t n_blocks[MM_N_MIGRATE_TYPES][MM_BUDDY_N_ORDERS]; /* free ones, listed and fresh */
    uint64_t n_claims; /* pageblocks that changed their type because another had no block left */
    uint64_t n_steals; /* blocks taken from another type without that */
    unsigned n_ranges;
    struct mm_buddy_range {
        mmsim_pfn start, end;       /* end exclusive */
        mmsim_pfn fresh, fresh_end; /* never handed out */
    } ranges[MM_BUDDY_MAX_RANGES];
};

/* `frames` and `types` cover whole pageblocks and are all zeros where ranges will be added. */
void mm_buddy_init(struct mm_buddy *buddy, struct mm_frame *frames, uint8_t *types);

/*
 * Gives the frames [start, end), now reserved, to the allocator. At most MM_BUDDY_MAX_RANGES times;
 * no two ranges of a buddy system have frames in one pageblock. An empty range is none. Takes
 * constant time, whatever the size.
 */
void mm_buddy_add(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end);

/* First frame of a block of 2^order frames, marked reserved, count 0; MM_NO_PFN: there is none. */
mmsim_pfn mm_buddy_alloc(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned order);

/*
 * Takes up to n single frames and sets them aside: pfns[n - 1] is meant to be handed out first,
 * pfns[0] last. Small blocks are used up first. Returns how many there were, at pfns[0] and on.
 */
unsigned mm_buddy_set_aside(struct mm_buddy *buddy, enum mm_migrate_type type, unsigned n,
                            uint32_t *pfns);

/* Returns a block in use, or a single frame that was set aside. */
void mm_buddy_free(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order);

static inline enum mm_migrate_type mm_buddy_type(const struct mm_buddy *buddy, mmsim_pfn pfn)
{
    return (enum mm_migrate_type)buddy->types[pfn >> MM_BUDDY_MAX_ORDER];
}

/* Free blocks of an order, of all types. */
static inline uint32_t mm_buddy_n_blocks(const struct mm_buddy *buddy, unsigned order)
{
    uint32_t n = 0;
    for (unsigned type = 0; type < MM_N_MIGRATE_TYPES; type++)
        n += buddy->n_blocks[type][order];
    return n;
}

/* ---- blocks by place ---- */

struct mm_buddy_block {
    mmsim_pfn pfn;
    mmsim_pfn n_frames;
    enum { MM_BLOCK_FREE, MM_BLOCK_SET_ASIDE, MM_BLOCK_USED } state;
};

/* The range that holds a frame; NULL: none of this buddy system. */
const struct mm_buddy_range *mm_buddy_range_of(const struct mm_buddy *buddy, mmsim_pfn pfn);

/* First frame of the block that holds `pfn`, which lies in a range outside its fresh part. */
mmsim_pfn mm_buddy_head(const struct mm_buddy *buddy, mmsim_pfn pfn);

/* The block that holds `pfn`; of a fresh part, all of it. */
struct mm_buddy_block mm_buddy_block_at(const struct mm_buddy *buddy, mmsim_pfn pfn);

/* The same for a walk over a range, which begins at its start and continues at pfn + n_frames:
 * there a block begins. */
struct mm_buddy_block mm_buddy_block_from(const struct mm_buddy *buddy,
                                          const struct mm_buddy_range *range, mmsim_pfn pfn);

/* NULL, or a sentence (static storage): which invariant is broken. Time: the number of blocks. */
const char *mm_buddy_check(const struct mm_buddy *buddy);

#endif
