/*
 * out.h - how an anonymous page leaves its frame: unmapped, flushed, written, freed.
 *
 *   begin: every entry names the slot --> finish: one flush a set of tables --> writes of slots
 * that lie side by side --> frames are free
 *                    `--write fails--> entries name the frame again, the page is put back
 */
#ifndef MM_PAGING_OUT_H
#define MM_PAGING_OUT_H

#include "paging/reclaim.h"

enum { MM_OUT_BATCH = 32, MM_OUT_SETS = 8 };

struct mm_out_victim {
    struct mm_frame *frame;
    uint32_t slot;
    bool is_clean; /* the slot has its contents; MM_NO_SLOT: nobody wants them */
};

/* Zeroed: empty. */
struct mm_out_batch {
    struct mm_out_victim victims[MM_OUT_BATCH];
    unsigned n;
    struct {
        struct mm_pgtable *set;
        mmsim_vaddr start, end;
    } flushes[MM_OUT_SETS]; /* entries that were changed */
    unsigned n_flushes;
};

/* The page is leaving (pager.h). UNDER_WAY: it is in the batch, which must not be full. */
enum mm_out mm_out_begin(struct mm_reclaim *reclaim, struct mm_out_batch *batch,
                         struct mm_frame *frame);

/* Returns how many frames were freed; the batch is empty. */
uint64_t mm_out_finish(struct mm_reclaim *reclaim, struct mm_out_batch *batch);

/* Writes a dirty page, anonymous or of an object, which stays in memory and is clean, or on its way
 * to be. False: it is clean already, or cannot be written now. */
bool mm_out_clean(struct mm_reclaim *reclaim, struct mm_frame *frame);

/* A page in memory gives its slot up: it counts as dirty again. */
void mm_out_uncache(struct mm_reclaim *reclaim, struct mm_frame *frame);

/* Tests and clears the accessed bits of the page in a frame. */
enum mmsim_look mm_out_look(struct mm_reclaim *reclaim, mmsim_pfn pfn);

#endif
