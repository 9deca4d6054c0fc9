/*
 * page.h - what the table entry of a frame says while the frame holds a page that can be taken away
 * from processes: single anonymous frames, and frames of files and shared memory.
 *
 *   field       anonymous page                            page of an object
 *   owner       set of tables of its first mapping        its object
 *   payload     low half: page number of that mapping,    its index in the object
 *               high half: slot of swap that has it, + 1
 *   next        further mappings (rmap.h)                 -
 *   prev        number of the page (pager.h), + 1         the same
 *   n_used      enum mm_anon_state                        enum mm_page_state (object.h)
 *   count       mappings, + 1 if a slot of swap has it    mappings + 1
 *
 * An anonymous page whose contents a slot of swap has, too, is *cached*: it is clean, for its
 * entries are read-only; the first store gives the slot up.
 */
#ifndef MM_PAGING_PAGE_H
#define MM_PAGING_PAGE_H

#include <mmsim/policy.h>

#include "alloc/frame.h"
#include "paging/swap_clusters.h"

/* States of an anonymous page, in `n_used` of its frame. */
enum mm_anon_state {
    MM_ANON_LAZY_FREE = 1 << 0,  /* MADV_FREE: may be dropped while it is clean */
    MM_ANON_READ_AHEAD = 1 << 1, /* came along with another page, nobody has asked for it yet */
};

/* The number that the pager knows a page by; MMSIM_NO_PAGE: it does not. */
static inline mmsim_page mm_frame_page(const struct mm_frame *frame)
{
    return frame->prev - 1;
}

static inline void mm_frame_set_page(struct mm_frame *frame, mmsim_page page)
{
    frame->prev = page + 1;
}

/* The slot of swap that has the contents of an anonymous page; MM_NO_SLOT. */
static inline uint32_t mm_frame_slot(const struct mm_frame *frame)
{
    return (uint32_t)(frame->payload >> 32) - 1;
}

static inline void mm_frame_set_slot(struct mm_frame *frame, uint32_t slot)
{
    frame->payload = (uint64_t)(slot + 1) << 32 | (uint32_t)frame->payload;
}

static inline bool mm_frame_is_cached(const struct mm_frame *frame)
{
    return frame->use == MM_FRAME_ANON && frame->payload >> 32 != 0;
}

/* Entries that name an anonymous frame. */
static inline uint32_t mm_frame_mappings(const struct mm_frame *frame)
{
    return frame->count - (mm_frame_is_cached(frame) ? 1 : 0);
}

#endif
