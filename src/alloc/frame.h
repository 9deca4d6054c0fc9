/*
 * frame.h - the frame table: what each physical frame is used for, and who counts on it.
 *
 * One struct mm_frame for each frame number, in a sparse host array beside RAM.
 *
 *   reserved                                         (frame 0, holes: never move)
 *   free --mm_zone_alloc--> anon | page-table | slab | zero-page --mm_zone_free--> free
 *
 * Invariants: (1) a frame is in exactly one use; (2) of a free block only the head is marked
 * MM_FRAME_FREE, with its order; its other frames read MM_FRAME_RESERVED, as the untouched (sparse,
 * zero) parts of the table do; (3) `count` of an anon frame is the number of page-table entries
 * that map it; of a page-table, slab or zero-page frame it is 1; of a free or reserved frame 0.
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
    MM_N_FRAME_USES
};

#define MM_NO_PFN UINT32_MAX
#define MM_FRAME_NO_ORDER 0xff

struct mm_frame {
    uint32_t next, prev; /* pfn; links of a buddy free list, or of a slab cache's list */
    uint32_t count;      /* mappings plus owners */
    uint16_t n_used;     /* page table: entries in use; slab: objects in use */
    uint8_t use;         /* enum mm_frame_use */
    uint8_t order;       /* head of a free block or of a slab: order; else MM_FRAME_NO_ORDER */
    void *owner;         /* page table: its set of tables; slab: its cache; else NULL */
    uint64_t payload;    /* head of a slab: physical address of its first free object; else 0 */
};
_Static_assert(sizeof(struct mm_frame) <= 32, "the frame table costs at most 32 bytes a frame");

static inline mmsim_paddr mm_pfn_address(mmsim_pfn pfn)
{
    return (mmsim_paddr)pfn << MMSIM_PAGE_SHIFT;
}

static inline mmsim_pfn mm_address_pfn(mmsim_paddr address)
{
    return (mmsim_pfn)(address >> MMSIM_PAGE_SHIFT);
}

#endif
