/*
 * device.h - registers of a device in the address space of a process, as remap_pfn_range() of a
 * Linux driver maps them.
 *
 * The mapping has no frames and no object. A fault puts an entry in that names the bus address,
 * uncached, so that each access reaches the device once and with its own width. It is shared and
 * cannot grow; forked children reach the same registers.
 */
#ifndef MM_VM_DEVICE_H
#define MM_VM_DEVICE_H

#include "vm/aspace.h"

/*
 * Maps the registers at [physical, physical + length), whole pages of one window, where there is
 * room. EINVAL: not whole pages; ENXIO: no window is there; ENOMEM.
 */
enum mmsim_errno mm_device_map(struct mm_aspace *aspace, mmsim_paddr physical, uint64_t length,
                               unsigned prot, mmsim_vaddr *address);

/* Puts the entry of an absent page in. False: no memory for a page table. */
bool mm_device_populate(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page);

#endif
