/* remap.h - mremap: mappings that grow, shrink and move with their pages. */
#ifndef MM_VM_REMAP_H
#define MM_VM_REMAP_H

#include "vm/aspace.h"

enum mmsim_errno mm_remap(struct mm_aspace *aspace, const struct mmsim_remap *want,
                          mmsim_vaddr *address);

#endif
