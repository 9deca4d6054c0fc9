/*
 * populate.h - touching pages on behalf of a process before it does: mlock, MAP_POPULATE, madvise.
 *
 * What a fault would do is done page by page, without the CPU. Linux: mm/gup.c (populate_vma_page_
 * range, faultin_page_range).
 */
#ifndef MM_VM_POPULATE_H
#define MM_VM_POPULATE_H

#include "vm/aspace.h"

/*
 * As mlock() does: private writable mappings get pages of their own, others are read. Holes are
 * passed over; MMSIM_VMA_LOCKED_ONFAULT mappings too. EFAULT: a page cannot be had (no right at
 * all, a guard, beyond the end of a file, I/O); ENOMEM: no memory. It stops there.
 */
enum mmsim_errno mm_populate_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* The same, going on with the next mapping after an error: what mmap() does. */
void mm_populate_quietly(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* As MADV_POPULATE_READ and _WRITE do. ENOMEM: a hole, or no memory; EINVAL: the mapping does not
 * grant it; EFAULT: a page cannot be had. */
enum mmsim_errno mm_populate_as(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end,
                                enum mmsim_access_kind access);

#endif
