/*
 * anon.h - anonymous memory: pages that begin as zeros and belong to nobody's file.
 *
 *   absent --read--> shared zero page --write--> own frame
 *   absent --write--> own frame --fork--> shared frame (read-only)
 *   shared frame --write, others left--> copied to an own frame
 *   shared frame --write, alone again--> the same frame, writable
 *   frame --reclaim--> slot of swap --read--> frame and slot, read-only --write--> own frame
 *   page of a file --write to a private mapping--> copied to an own frame
 */
#ifndef MM_VM_ANON_H
#define MM_VM_ANON_H

#include "vm/aspace.h"

enum mm_anon_result {
    MM_ANON_NO_MEMORY, /* nothing changed */
    MM_ANON_ZERO_PAGE, /* the shared zero page was mapped */
    MM_ANON_FILLED,    /* a frame of zeros was mapped */
    MM_ANON_COPIED,    /* a shared page was copied */
    MM_ANON_REUSED,    /* the last owner keeps the frame */
    MM_ANON_FOUND,     /* a page that is on swap was in memory, too, or is all zeros */
    MM_ANON_READ,      /* it was read */
    MM_ANON_IO_ERROR   /* it could not be; nothing changed */
};

/* Gives an absent page its first frame: the shared zero page for a read, an own one for a write. */
enum mm_anon_result mm_anon_populate(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                     enum mmsim_access_kind access);

/* Makes a present page writable: fills, copies or reuses. `entry` is what stands there. */
enum mm_anon_result mm_anon_own(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                const struct mmsim_entry *entry);

/* Brings a page back whose entry names a slot of swap. */
enum mm_anon_result mm_anon_swapped(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                    uint32_t slot, enum mmsim_access_kind access);

/* A private copy of `from`, which the caller keeps from going away, where `page` has nothing, or
 * has `from` itself. `from` is not put. */
enum mm_anon_result mm_anon_copy(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                 struct mm_frame *from);

#endif
