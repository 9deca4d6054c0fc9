/*
 * exec.h - keeping pages without the right to execute from being executed, by mode.
 *
 *   none       what can be read can be executed, as on every x86 before NX
 *   nx         the entry says so (SDM 3A 4.6.1, XD)
 *   cs-limit   executable mappings lie low; the code segment ends above the last one. Exact as long
 *              as nothing that must not be executed lies below that end (Exec Shield, 2003)
 *   split-tlb  the entry is supervisor-only; a data access faults, and the kernel lets the data TLB
 *              alone have the page; a fetch faults and is refused. Needs a CPU with two TLBs (PaX
 *              PAGEEXEC, 2000)
 *
 * Without NX the error code does not tell a fetch from a read: the kernel compares the address with
 * that of the instruction.
 */
#ifndef MM_VM_EXEC_H
#define MM_VM_EXEC_H

#include "vm/aspace.h"

/* The flags of a user entry whose VMA does not grant execution. */
static inline unsigned mm_exec_withhold(const struct mm_vm *vm, unsigned flags)
{
    if (vm->execute == MMSIM_EXECUTE_NX)
        return flags | MMSIM_ENTRY_NO_EXECUTE;
    return vm->execute == MMSIM_EXECUTE_SPLIT_TLB ? flags & ~(unsigned)MMSIM_ENTRY_USER : flags;
}

/* Where the search for room begins, for mappings without an address; MMSIM_MAP_... flags. */
mmsim_vaddr mm_exec_floor(const struct mm_aspace *aspace, unsigned prot, unsigned flags);

/* VMAs or their rights have changed: mode cs-limit moves the end of the code segment. */
void mm_exec_changed(struct mm_aspace *aspace);

/* Where the code segment of an address space ends; 0: nowhere. */
mmsim_vaddr mm_exec_code_end(const struct mm_aspace *aspace);

/* Whether a fault is one that the mode makes of a fetch from a page that is there. */
bool mm_exec_refuses(const struct mm_vm *vm, const struct mm_vma *vma,
                     const struct mmsim_fault *fault);

/* Mode split-tlb, after a data access by user mode was found to be right: the CPU that took the
 * fault gets the page into its data TLB. */
void mm_exec_prime(struct mm_aspace *aspace, const struct mm_vma *vma,
                   const struct mmsim_fault *fault);

/* Whether a VMA that does not grant execution can be executed all the same. */
bool mm_exec_leaks(const struct mm_aspace *aspace, const struct mm_vma *vma);

#endif
