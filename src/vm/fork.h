/*
 * fork.h - copying an address space without copying memory.
 *
 * The child gets the parent's mappings; every page that is present is shared, read-only on both
 * sides, and copied by whoever writes first. One flush of the parent's TLBs is all that it takes.
 *
 * Everything that can fail (VMAs, page tables) happens before the first entry is shared, so a fork
 * that has no memory leaves the parent as it was.
 */
#ifndef MM_VM_FORK_H
#define MM_VM_FORK_H

#include "vm/aspace.h"

/* NULL: no memory, the parent is unchanged. */
struct mm_aspace *mm_fork_aspace(struct mm_aspace *parent);

#endif
