/*
 * flush.h - telling TLBs that page tables changed.
 *
 * A change that takes a right away, or moves a page, must reach every TLB that may hold the old
 * translation: those of the CPUs that have the tables loaded, and no others (a CPU that loads them
 * later starts with an empty TLB). The CPU that runs the kernel flushes its own; each other one is
 * interrupted once for a range (a shootdown). A kernel that does not keep account of who has what
 * loaded (mm_paging.flush.targeted) interrupts all the others, most of them for nothing.
 *
 * A CPU drops single pages with INVLPG up to a threshold; beyond that, or on an i386, which has no
 * INVLPG, it reloads CR3. Linux decides in the same way, with the same ceiling of 33 pages.
 * struct mmsim_flush chooses another threshold, or one of the two for every range.
 *
 * Raising rights, or making an absent page present, needs no flush: an absent page is never in a
 * TLB, and the stale right costs at most one fault, which drops the entry (SDM 3A 4.10.4.3).
 */
#ifndef MM_PAGING_FLUSH_H
#define MM_PAGING_FLUSH_H

#include "paging/pgtable.h"

#define MM_FLUSH_THRESHOLD_PAGES 33 /* the default */

/* Flushes [start, end) of user addresses of a set of tables, wherever it is loaded. */
void mm_flush_range(struct mm_pgtable *set, mmsim_vaddr start, mmsim_vaddr end);

static inline void mm_flush_page(struct mm_pgtable *set, mmsim_vaddr page)
{
    mm_flush_range(set, page, page + MMSIM_PAGE_SIZE);
}

/* Flushes every user address: by a reload, whatever the method. */
void mm_flush_all(struct mm_pgtable *set);

/* Flushes [start, end) of the kernel's shared regions on every CPU, as every set of tables has
 * them; their entries are not global. MMSIM_FLUSH_NONE is about processes: here it is not obeyed.
 */
void mm_flush_kernel(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end);

/*
 * Under MMSIM_FLUSH_NONE only: puts a frame out of reach of every CPU, because it becomes one of
 * the kernel's. The kernel's objects are the simulator's own data, and no experiment may overwrite
 * those.
 */
void mm_flush_fence(struct mm_paging *paging, mmsim_paddr frame);

#endif
