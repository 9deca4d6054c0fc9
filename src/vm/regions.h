/*
 * regions.h - where the regions of a process begin: at fixed places, or at random ones (ASLR).
 *
 *   region   begins at     moves      by at most (15 bits)
 *   code     0x10000000    upwards    128 MiB
 *   heap     0x20000000    upwards    128 MiB
 *   mmap     0x40000000    upwards    128 MiB
 *   shared   0x40000000    upwards    128 MiB, from 0x80000000 on
 *   stack    0xC0000000    downwards  128 MiB, its end
 *
 * A region moves by whole pages; b bits of entropy are 2^b places, all as likely. A forked child
 * has its parent's places, as on Linux. The places of the n-th address space derive from the seed
 * and n.
 */
#ifndef MM_VM_REGIONS_H
#define MM_VM_REGIONS_H

#include <mmsim/machine.h>

#define MM_REGIONS_MAX_BITS 15

struct mm_regions {
    mmsim_vaddr code, heap, mmap, shared;
    mmsim_vaddr stack_end;
};

/* The places of the n-th address space. */
struct mm_regions mm_regions_place(const struct mmsim_aslr *aslr, uint64_t seed, uint64_t n);

#endif
