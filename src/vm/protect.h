/*
 * protect.h - mprotect, pkey_mprotect, mseal: other rights for mappings.
 *
 * They follow Linux to the partial effect (POSIX leaves it open): mprotect has changed the pages
 * before the first hole, sealed mapping or refused right when it answers with the error.
 */
#ifndef MM_VM_PROTECT_H
#define MM_VM_PROTECT_H

#include "vm/aspace.h"

/* `key` -1: the pages keep theirs, but for execute-only memory (key.h). */
enum mmsim_errno mm_protect_range(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                  unsigned prot, int key);

enum mmsim_errno mm_protect_seal(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                 unsigned flags);

/* Makes the entries in [start, end) of a VMA grant what it now grants, at most; one flush. */
void mm_protect_entries(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr start,
                        mmsim_vaddr end);

#endif
