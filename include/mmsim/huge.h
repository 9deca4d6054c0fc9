/*
 * huge.h - large pages of processes, counted: Linux's thp_* and HugePages_* under the same names.
 */
#ifndef MMSIM_HUGE_H
#define MMSIM_HUGE_H

#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;

struct mmsim_huge_stats {
    uint64_t page_bytes;      /* 4 MiB, 2 MiB under PAE; 0: the machine has no large pages */
    uint64_t fault_alloc;     /* large pages that a fault brought */
    uint64_t fault_fallback;  /* faults that could have brought one, but there was no block */
    uint64_t collapse_alloc;  /* large pages that took the place of small ones */
    uint64_t collapse_failed; /* for want of a block */
    uint64_t split;           /* large pages that became small ones */
    uint64_t mapped;          /* transparent large pages, now */
    uint64_t pool_total, pool_free, pool_reserved; /* large pages, now */
};
void mmsim_huge_get_stats(const struct mmsim_machine *machine, struct mmsim_huge_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
