/*
 * buddy.h - the binary buddy system over a range of frames.
 *
 * Free memory is kept as blocks of 2^order frames, aligned to their size, on one list an order
 * (Knowlton, "A fast storage allocator", CACM 1965; Knuth, TAOCP 1, 2.5). A request takes the
 * smallest block that is large enough and splits it; a freed block merges with its buddy, the block
 * whose number differs in bit `order`, as long as that one is free too.
 *
 *   order 2   |0 1 2 3|          split           merge
 *   order 1   |0 1|2 3|     0 1 2 3 -> 0 1 + 2 3   2 + 3 -> 2 3
 *   order 0   |0|1|2|3|
 *
 * Lists are last in, first out; of two halves the lower one is handed out first. So the frames that
 * a run gets depend on its requests alone.
 *
 * Memory that nobody has asked for yet costs nothing: the part of a range that was never handed
 * out, cut to whole blocks of the largest order, is only remembered as [fresh, fresh_end). When no
 * listed block serves, the first block of it does. Such a block needs no list: it cannot merge any
 * further.
 *
 *   start                fresh                          fresh_end     end
 *     |  listed and used   |  free, entries all zeros       |  listed  |
 *
 * Invariants: (1) every free block is aligned to its size and lies within one [start, end) range
 * given by mm_buddy_add(); (2) no two free buddies of the same order exist below
 * MM_BUDDY_MAX_ORDER, unless a range ends between them; (3) n_free is the sum of the sizes of the
 * free blocks, n_blocks counts them by order, fresh ones included; (4) the frame table's marks
 * agree with the lists; (5) a fresh part lies in its range; fresh and
 * fresh_end are multiples of the largest block, or equal.
 */
#ifndef MM_ALLOC_BUDDY_H
#define MM_ALLOC_BUDDY_H

#include "alloc/frame.h"

#define MM_BUDDY_MAX_ORDER 10 /* 4 MiB: one large page */
#define MM_BUDDY_N_ORDERS (MM_BUDDY_MAX_ORDER + 1)
#define MM_BUDDY_MAX_RANGES 4

struct mm_buddy {
    struct mm_frame *frames;              /* the machine's frame table, indexed by pfn; not owned */
    uint32_t heads[MM_BUDDY_N_ORDERS];    /* pfn of the first listed block; MM_NO_PFN = none */
    uint32_t n_blocks[MM_BUDDY_N_ORDERS]; /* free blocks, listed and fresh */
    uint64_t n_free;                      /* frames */
    unsigned n_ranges;
    struct mm_buddy_range {
        mmsim_pfn start, end;       /* end exclusive */
        mmsim_pfn fresh, fresh_end; /* never handed out */
    } ranges[MM_BUDDY_MAX_RANGES];
};

void mm_buddy_init(struct mm_buddy *buddy, struct mm_frame *frames);

/*
 * Gives the frames [start, end), now reserved, to the allocator. At most MM_BUDDY_MAX_RANGES times.
 * An empty range is none. Takes constant time, whatever the size.
 */
void mm_buddy_add(struct mm_buddy *buddy, mmsim_pfn start, mmsim_pfn end);

/* First frame of a block of 2^order frames, marked reserved, count 0; MM_NO_PFN: there is none. */
mmsim_pfn mm_buddy_alloc(struct mm_buddy *buddy, unsigned order);

/* Returns 2^order frames that mm_buddy_alloc() gave, marked reserved or in any use; a block may
 * come back in aligned parts. */
void mm_buddy_free(struct mm_buddy *buddy, mmsim_pfn pfn, unsigned order);

/*
 * Where a walk over the frames continues: `pfn` itself if it is not free, else the end of the free
 * block (or fresh part) that starts there. A walk begins at a range's start.
 */
mmsim_pfn mm_buddy_skip_free(const struct mm_buddy *buddy, mmsim_pfn pfn);

/* NULL, or a sentence (static storage): which invariant is broken. Time: the number of frames
 * not free plus the number of free blocks. */
const char *mm_buddy_check(const struct mm_buddy *buddy);

#endif
