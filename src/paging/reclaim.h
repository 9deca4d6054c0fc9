/*
 * reclaim.h - taking pages out of their frames, and where they go.
 *
 *   anonymous page   --unmapped everywhere, flushed, written unless clean--> a slot of swap
 *                    --all zeros--> a mark on a slot            --MADV_FREE, clean--> nowhere
 *   page of a file   --unmapped, written if dirty--> its object remembers its number
 *   shared memory    --unmapped, written--> a slot, that its object remembers
 *
 * When:
 *   - a process may have no more frames (user_frames, its own limit, its allotment): one page, just
 *     before the new one comes;
 *   - low memory is below its low watermark: in the background, until it is above high;
 *   - a request found nothing: directly, on behalf of whoever asks, 32 pages at a time. Then the
 *     kernel's own memory shrinks, too (slabs, empty tables).
 * Which page goes, its domain's policy says (pager.h). What cannot go is put back: the policy sees
 * it loaded again. A page that is locked is set aside until it is not.
 *
 * A batch of pages is unmapped first, then each set of tables is flushed once, and only then are
 * the pages written: nobody can store to a page that is on its way. If a write fails, the entries
 * are made again as they were: nobody has noticed, and the slot is not used any more.
 *
 * Reclaim allocates nothing and returns nothing to the heap, which may be the one that asks.
 *
 * Invariants: (1) each slot counts the entries that name it, plus one for the frame that has it, or
 * the object that remembers it; (2) cached[slot] is the frame whose table entry names the slot.
 */
#ifndef MM_PAGING_RECLAIM_H
#define MM_PAGING_RECLAIM_H

#include "paging/object.h"
#include "paging/pager.h"
#include "paging/pgtable.h"
#include "paging/rmap.h"
#include "paging/swap.h"

/* The word of a slot (swap.h) whose page is one of shared memory's: it is no anonymous page's
 * neighbour. */
enum { MM_SLOT_OF_OBJECT = 1 };

/* What address spaces know of their tables' pages; installed by vm. */
struct mm_reclaim_hooks {
    bool (*is_locked)(struct mm_pgtable *set, mmsim_vaddr page);
    /* The entry that names the frame there. */
    struct mmsim_entry (*entry)(struct mm_pgtable *set, mmsim_vaddr page,
                                const struct mm_frame *frame);
    /* So many entries more hold a page, so many more name a slot. */
    void (*account)(struct mm_pgtable *set, int n_present, int n_swapped);
    /* Sets the allotment of a domain that is about to load a page; NULL: domains have none. */
    void (*allot)(struct mm_domain *domain);
};

struct mm_reclaim_setup {
    struct mm_host *host;
    struct mm_paging *paging;
    struct mm_pager *pager;
    struct mm_swap *swap;
    unsigned clean_first;
    bool flush_young; /* clearing an accessed bit drops the page from TLBs, too */
};

struct mm_reclaim {
    struct mm_reclaim_setup setup;
    struct mm_paging *paging;
    struct mm_zones *zones;
    struct mm_pager *pager;
    struct mm_swap *swap;
    struct mm_rmap rmap;
    struct mm_reclaim_hooks hooks;
    mmsim_pfn *cached; /* by slot; MM_NO_PFN is 0 here: pfn + 1 */
    uint64_t n_cached;
    uint32_t cached_hand; /* where slots of pages in memory are looked for when swap is full */
    uint64_t n_rounds;    /* through all domains */
    mmsim_page *refused;  /* pages that were chosen in this run, and stay */
    mmsim_page n_refused;
    bool busy;           /* it does not begin itself again */
    bool only_low;       /* pages in high memory stay */
    bool woken;          /* low memory is below its low mark */
    const char *refusal; /* why the last page that was chosen could not go; NULL */
};

/* False: no memory. */
bool mm_reclaim_init(struct mm_reclaim *reclaim, const struct mm_reclaim_setup *setup);
void mm_reclaim_fini(struct mm_reclaim *reclaim);

/* Whether anonymous pages can go anywhere: only then does the pager know of them. */
static inline bool mm_reclaim_has_swap(const struct mm_reclaim *reclaim)
{
    return reclaim->swap->n_areas > 0;
}

/* ---- giving frames back ---- */

/* A page is about to get a frame: takes others out as far as limits ask for it. */
void mm_reclaim_make_room(struct mm_reclaim *reclaim, mmsim_page incoming);

/* Takes up to n pages out, by a domain's policy (NULL: by all, the one with the most first).
 * Returns frames freed. */
uint64_t mm_reclaim_run(struct mm_reclaim *reclaim, struct mm_domain *domain, uint64_t n);

/* A request of the frame allocator found nothing: what mm_zones.on_shortage asks for. */
bool mm_reclaim_relieve(struct mm_reclaim *reclaim, enum mm_zone_reason reason);

/* What has come due: background reclaim, looks at accessed bits, pages that a policy gives up. On
 * entering the kernel. */
void mm_reclaim_work(struct mm_reclaim *reclaim);

/* Of these, what follows from the time of policies alone: after each reference, if all are told. */
void mm_reclaim_tick(struct mm_reclaim *reclaim);

/* Takes one page out, whatever the policy thinks of it. False: it cannot go. */
bool mm_reclaim_page(struct mm_reclaim *reclaim, struct mm_frame *frame);

/* ---- for reclaim*.c ---- */

enum mm_out {
    MM_OUT_GONE,
    MM_OUT_PINNED,   /* somebody works with it, or it is being written */
    MM_OUT_LOCKED,   /* by mlock() */
    MM_OUT_NO_SWAP,  /* no slot is free */
    MM_OUT_IO_ERROR, /* it could not be written */
    MM_OUT_UNDER_WAY /* unmapped, its contents are to be written */
};

/* Takes a page of an object out. */
enum mm_out mm_reclaim_object_page(struct mm_reclaim *reclaim, struct mm_frame *frame);

/* A slot; if there is none, one that a page in memory can do without. MM_NO_SLOT. */
uint32_t mm_reclaim_take_slot(struct mm_reclaim *reclaim);

/* NULL, or a sentence (static storage). */
const char *mm_reclaim_check(const struct mm_reclaim *reclaim);

#endif
