/*
 * migrate.h - moving pages of processes to other frames, under the eyes of those who use them.
 *
 * The frame allocator asks for it when it wants to assemble a block (alloc/compact.h). Every entry
 * of every set of tables that names a frame, present or held back, is made to name the new one; its
 * rights, its key, accessed and dirty stay. Then the TLBs are flushed, and only then is the page
 * copied and the old frame given up: nobody can write to a frame that has been left.
 *
 *   entries -> new frame      flush      copy      old frame is free
 *
 * A frame whose count is not the number of entries that name it is in use by somebody else, and
 * stays.
 *
 * Charged are a frame taken and one returned, the copy, and each entry that is written; finding the
 * entries is not, as kernels have a reverse map for that.
 */
#ifndef MM_PAGING_MIGRATE_H
#define MM_PAGING_MIGRATE_H

#include "paging/pgtable.h"

/* Makes `paging` the one that moves frames for its zones. */
void mm_migrate_install(struct mm_paging *paging);

#endif
