/*
 * layout.h - the regions of the virtual address space.
 *
 *   0x00000000-0x000FFFFF  reserved: null pointers are caught here; never mapped, for nobody
 *   0x00100000-0x0FFFFFFF  kernel: lowmem, physical = virtual
 *   0x10000000-0xBFFFFFFF  user, per process
 *   0xC0000000-0xDFFFFFFF  kernel: vmalloc
 *   0xE0000000-0xEFFFFFFF  kernel: temporary maps of high frames
 *   0xF0000000-0xFFFFFFFF  kernel: memory-mapped I/O, identity
 *
 * The kernel's parts are the same in every set of page tables: their top-level entries come from
 * one master directory.
 */
#ifndef MM_PAGING_LAYOUT_H
#define MM_PAGING_LAYOUT_H

#include <mmsim/types.h>

#define MM_LAYOUT_LOWMEM_START ((mmsim_vaddr)0x00100000)
#define MM_LAYOUT_USER_START ((mmsim_vaddr)0x10000000)
#define MM_LAYOUT_USER_END ((mmsim_vaddr)0xC0000000) /* exclusive */
#define MM_LAYOUT_SHARED_START MM_LAYOUT_USER_END
#define MM_LAYOUT_TEMPORARY_START ((mmsim_vaddr)0xE0000000)
#define MM_LAYOUT_MMIO_START ((mmsim_vaddr)0xF0000000)
#define MM_LAYOUT_END ((mmsim_vaddr)0x100000000)

#define MM_LAYOUT_CODE_START MM_LAYOUT_USER_START
#define MM_LAYOUT_HEAP_START ((mmsim_vaddr)0x20000000) /* what brk() moves */
#define MM_LAYOUT_MMAP_START ((mmsim_vaddr)0x40000000) /* mappings go bottom-up from here */
#define MM_LAYOUT_RANDOM_SHARED_START ((mmsim_vaddr)0x80000000) /* with ASLR */
#define MM_LAYOUT_STACK_END MM_LAYOUT_USER_END

static inline bool mm_layout_is_vmalloc(mmsim_vaddr address)
{
    return address >= MM_LAYOUT_SHARED_START && address < MM_LAYOUT_TEMPORARY_START;
}

static inline bool mm_layout_is_user(mmsim_vaddr address)
{
    return address >= MM_LAYOUT_USER_START && address < MM_LAYOUT_USER_END;
}

#endif
