/* huge_part.h - what the two halves of huge.h share. */
#ifndef MM_VM_HUGE_PART_H
#define MM_VM_HUGE_PART_H

#include "vm/huge.h"

/* A fault on an absent page of a VMA that wants transparent large pages. */
enum mm_huge_result mm_huge_fault_transparent(struct mm_aspace *aspace, struct mm_vma *vma,
                                              mmsim_vaddr page);

#endif
