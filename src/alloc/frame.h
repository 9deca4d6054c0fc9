/*
 * frame.h - the frame table: what each physical frame is used for, and who counts on it.
 *
 * One struct mm_frame for each frame number, in a sparse host array beside RAM. Frames belong to
 * blocks of 2^order frames, aligned to their size; what is known of a block stands in the entry of
 * its first frame, its *head*. The entries of the others mean nothing, so a block of a thousand
 * frames is handed out and taken back as fast as one frame.
 *
 *   reserved                                         (frame 0, holes: never move)
 *   free --mm_zone_alloc--> anon | file | page-table | slab | ... --mm_zone_free--> free
 *    |^ refill, reserve
 *    v| drain
 *   set aside (free, but on a list of a CPU, or kept for emergencies)
 *
 * mm_buddy_head() finds the head of any frame's block by alignment, in at most eleven steps.
 *
 * Invariants: (1) every frame of a buddy system's range lies in exactly one block, free or in use;
 * `use` and `order` of the head are the block's; (2) free blocks have use MM_FRAME_FREE; those that
 * are set aside are single frames and have order MM_FRAME_SET_ASIDE; (3) `count` of an anon block
 * is the number of page-table entries that map it; of a file block that number plus one for its
 * object; of a block of the kernel's it is 1; of a free or reserved one 0.
 */
#ifndef MM_ALLOC_FRAME_H
#define MM_ALLOC_FRAME_H

#include <mmsim/types.h>

#include "hw/phys.h"

enum mm_frame_use {
    MM_FRAME_RESERVED, /* zero: what an untouched entry reads as */
    MM_FRAME_FREE,
    MM_FRAME_ANON,       /* an anonymous page of one or more processes */
    MM_FRAME_PAGE_TABLE, /* a page table or directory */
    MM_FRAME_SLAB,       /* kernel heap */
    MM_FRAME_ZERO_PAGE,  /* the page of zeros that all untouched mappings read */
    MM_FRAME_VMALLOC,    /* a page of one of the kernel's large areas */
    MM_FRAME_FILE,       /* a page of a file or of shared memory */
    MM_FRAME_POOL,       /* part of a large page that waits in the pool */
    MM_N_FRAME_USES
};

#define MM_NO_PFN UINT32_MAX
#define MM_FRAME_SET_ASIDE 0x80 /* order 0 with a mark */

struct mm_frame {
    uint32_t next, prev; /* pfn; links of a buddy free list, or of a slab set's list */
    uint32_t count;      /* mappings plus owners */
    uint16_t n_used;     /* page table: entries in use; slab: objects in use; file: its states */
    uint8_t use;         /* enum mm_frame_use */
    uint8_t order;       /* of the block: 2^order frames; the frame allocator's, not its user's */
    void *owner;         /* page table: its set; slab: its set of slabs; file: its object */
    uint64_t payload;    /* of whoever uses the block; file: the index in its object */
};
_Static_assert(sizeof(struct mm_frame) <= 32, "the frame table costs at most 32 bytes a frame");

/* Log2 of the frames in the block that a head stands for. */
static inline unsigned mm_frame_order(const struct mm_frame *head)
{
    return head->order & 0x0f;
}

static inline mmsim_paddr mm_pfn_address(mmsim_pfn pfn)
{
    return (mmsim_paddr)pfn << MMSIM_PAGE_SHIFT;
}

static inline mmsim_pfn mm_address_pfn(mmsim_paddr address)
{
    return (mmsim_pfn)(address >> MMSIM_PAGE_SHIFT);
}

#endif
