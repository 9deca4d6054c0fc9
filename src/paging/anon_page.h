/*
 * anon_page.h - the life of an anonymous page, from its first frame to its last reference.
 *
 *   none --alloc--> frame, nobody's --mapped--> frame in use --reclaim--> slot only
 *                    `--cancel--> none             ^  |                        |
 *                                                  |  v  own: stored to        v swap_in
 *                                                 frame and slot (cached) <----'
 *
 * References are page-table entries: those that name the frame (mapped, unmapped, put) and those
 * that name the slot (slot_get, slot_put). When neither is left, frame, slot and number are free.
 */
#ifndef MM_PAGING_ANON_PAGE_H
#define MM_PAGING_ANON_PAGE_H

#include "paging/reclaim.h"

/* A frame for a page that begins to exist, counted once for the entry that it will have. NULL: no
 * memory. Contents as they are. */
struct mm_frame *mm_anon_page_alloc(struct mm_reclaim *reclaim);

/* It is not wanted after all. */
void mm_anon_page_cancel(struct mm_reclaim *reclaim, struct mm_frame *frame);

/* An entry names the frame now, that it was counted for. The first one makes the page known to its
 * policy; `kind` is the access that wanted it. Further ones take an item (mm_rmap_reserve). */
void mm_anon_page_mapped(struct mm_reclaim *reclaim, struct mm_frame *frame, struct mm_pgtable *set,
                         mmsim_vaddr page, enum mmsim_kind kind);

/* No entry there names it any more; its count is not changed. */
static inline void mm_anon_page_unmapped(struct mm_reclaim *reclaim, struct mm_frame *frame,
                                         const struct mm_pgtable *set, mmsim_vaddr page)
{
    mm_rmap_remove(&reclaim->rmap, frame, set, page);
}

/* Counts it once less, after the flush. True: its frame is free. */
bool mm_anon_page_put(struct mm_reclaim *reclaim, struct mm_frame *frame);

/* A page that is stored to needs no slot any more, if nobody else has an entry for it. True: the
 * frame is one mapping's alone. */
bool mm_anon_page_own(struct mm_reclaim *reclaim, struct mm_frame *frame);

/* A large page has become small ones: the pager learns of each. */
void mm_anon_page_split(struct mm_reclaim *reclaim, struct mm_frame *frame, struct mm_pgtable *set,
                        mmsim_vaddr page);

/* ---- slots ---- */

static inline void mm_anon_slot_get(struct mm_reclaim *reclaim, uint32_t slot)
{
    mm_swap_dup(reclaim->swap, slot);
}

/* An entry that named the slot is gone. */
void mm_anon_slot_put(struct mm_reclaim *reclaim, uint32_t slot);

/* Whether its page can be had without a device: it is in a frame, or all zeros. */
static inline bool mm_anon_slot_is_at_hand(const struct mm_reclaim *reclaim, uint32_t slot)
{
    return reclaim->cached[slot] != 0 || (reclaim->swap->slots[slot].marks & MM_SWAP_ZERO);
}

enum mm_swap_in { MM_SWAP_IN_FOUND, MM_SWAP_IN_READ, MM_SWAP_IN_NO_MEMORY, MM_SWAP_IN_ERROR };

/*
 * Brings the page of a slot into a frame, cached and mapped nowhere yet, perhaps with its
 * neighbours. FOUND: it was there, or is all zeros. The frame is not pinned.
 */
enum mm_swap_in mm_anon_swap_in(struct mm_reclaim *reclaim, uint32_t slot, enum mmsim_kind kind,
                                struct mm_frame **frame);

#endif
