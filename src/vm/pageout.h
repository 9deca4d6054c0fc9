/*
 * pageout.h - address spaces and reclaim: what it asks of them, and what they ask of it.
 *
 * Reclaim finds the entries of a page by the reverse map; whether the memory there is locked, and
 * what an entry may grant, only the VMA knows. The other way round, calls want pages out of memory
 * (MADV_PAGEOUT), free to go (MADV_FREE), or all of an area of swap back in (swapoff).
 */
#ifndef MM_VM_PAGEOUT_H
#define MM_VM_PAGEOUT_H

#include "vm/aspace.h"

/* Makes `vm` the one that reclaim asks. */
void mm_pageout_install(struct mm_vm *vm);

/* Takes the pages of [start, end) out that only this address space has. */
void mm_pageout_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Private pages in [start, end) may be dropped while nobody stores to them. */
void mm_pageout_free_lazily(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Pages of [start, end) that were set aside because they were locked may go again. */
void mm_pageout_unlock(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Brings the pages of [start, end) that are on swap into memory, mapped nowhere, as far as there is
 * room. */
void mm_pageout_willneed(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Empties an area of swap: ENOMEM, EIO. */
enum mmsim_errno mm_pageout_empty_area(struct mm_vm *vm, unsigned area);

#endif
