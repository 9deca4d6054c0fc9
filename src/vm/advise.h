/* advise.h - madvise: what a process says about the use of its memory, or wants done with it. */
#ifndef MM_VM_ADVISE_H
#define MM_VM_ADVISE_H

#include "vm/aspace.h"

enum mmsim_errno mm_advise(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                           enum mmsim_advice advice);

#endif
