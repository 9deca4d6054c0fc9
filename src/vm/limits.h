/*
 * limits.h - how much a process may have: resource limits, and how much memory may be promised.
 *
 * Sums that only a finite limit needs are taken when it asks: nothing is counted on the way.
 * Sources: POSIX getrlimit(); Linux mm/mmap.c (may_expand_vm), mm/util.c (__vm_enough_memory),
 * Documentation/mm/overcommit-accounting.rst.
 */
#ifndef MM_VM_LIMITS_H
#define MM_VM_LIMITS_H

#include <mmsim/machine.h>
#include <mmsim/vm.h>

struct mm_aspace;

struct mm_limits {
    uint64_t bytes[MMSIM_N_LIMITS];
};

/* Linux's defaults: stack and locked memory 8 MiB, the others unlimited. */
void mm_limits_init(struct mm_limits *limits);

/* Whether mappings of `prot` and `flags` may grow by n pages: address space and data. */
bool mm_limit_allows_pages(const struct mm_aspace *aspace, unsigned prot, unsigned flags,
                           uint64_t n_pages);

/* Whether so many more pages may be locked; those that are locked in [start, end) already do not
 * count twice. */
bool mm_limit_allows_locked(const struct mm_aspace *aspace, uint64_t n_pages);
bool mm_limit_allows_lock(const struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

uint64_t mm_limit_locked_pages(const struct mm_aspace *aspace);
uint64_t mm_limit_mapped_pages(const struct mm_aspace *aspace); /* the stack included */

/* Whether private writable memory is counted: what overcommit asks about a mapping. */
bool mm_limit_is_accountable(unsigned prot, unsigned flags);

struct mm_vm;

/* Whether so many more pages may be promised. */
bool mm_commit_allows(const struct mm_vm *vm, uint64_t n_pages);

/* Pages promised: of accounted VMAs, and of shared memory. */
uint64_t mm_commit_used(const struct mm_vm *vm);
uint64_t mm_commit_limit(const struct mm_vm *vm);

#endif
