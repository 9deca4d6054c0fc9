/* lock.h - mlock and its relatives, and mincore and msync: where pages are, and that they stay. */
#ifndef MM_VM_LOCK_H
#define MM_VM_LOCK_H

#include "vm/aspace.h"

/* `flags`: MMSIM_MLOCK_... */
enum mmsim_errno mm_lock_range(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                               unsigned flags);
enum mmsim_errno mm_lock_release(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length);
/* `flags`: MMSIM_MCL_... */
enum mmsim_errno mm_lock_all(struct mm_aspace *aspace, unsigned flags);
enum mmsim_errno mm_lock_release_all(struct mm_aspace *aspace);

enum mmsim_errno mm_lock_resident(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                  uint8_t *vector);

enum mmsim_errno mm_lock_sync(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                              unsigned flags);

#endif
