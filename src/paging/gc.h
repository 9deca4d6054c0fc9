/*
 * gc.h - page tables that hold nothing any more.
 *
 * Unmapping gives a process's table back when its last entry goes; what stays behind is a table
 * that was prepared and never filled, and, by intention, every table of the kernel's vmalloc
 * region. Both are found here.
 *
 *   entries 0 --trim--> directory entry cleared in all sets --> TLBs and walk caches flushed
 */
#ifndef MM_PAGING_GC_H
#define MM_PAGING_GC_H

#include "paging/pgtable.h"

/* Empty tables of all processes; returns how many were given back. No operation on an address space
 * may be going on. */
uint64_t mm_gc_user_tables(struct mm_paging *paging);

/* Empty tables over a part of the kernel's shared region; returns how many were given back. */
uint64_t mm_gc_kernel_tables(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end);

#endif
