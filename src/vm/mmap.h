/*
 * mmap.h - the calls that change mappings: mmap, munmap, mprotect.
 *
 * They follow Linux to the partial effect (POSIX leaves it open): mprotect over a hole has changed
 * the pages before it when it answers ENOMEM; munmap and mmap change all or nothing.
 */
#ifndef MM_VM_MMAP_H
#define MM_VM_MMAP_H

#include "vm/aspace.h"

/* How far a stack may grow (Linux's default RLIMIT_STACK), and what a process starts with. */
#define MM_STACK_LIMIT (8 * MMSIM_MIB)
#define MM_STACK_START_BYTES (128 * MMSIM_KIB)

enum mmsim_errno mm_mmap_map(struct mm_aspace *aspace, const struct mmsim_mapping *want,
                             mmsim_vaddr *address);
enum mmsim_errno mm_mmap_unmap(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length);
enum mmsim_errno mm_mmap_protect(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                 unsigned prot);

/* Maps the stack of a new process, at the top of the user region. False: no memory. */
bool mm_mmap_stack(struct mm_aspace *aspace);

/*
 * Grows the stack above `address` down to it: any access in the room below does (Linux has no rule
 * about the stack pointer). False: there is none, the limit is reached, or it would come nearer
 * than the guard gap to an accessible mapping.
 */
bool mm_mmap_grow_stack(struct mm_aspace *aspace, mmsim_vaddr address);

#endif
