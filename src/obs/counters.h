/*
 * counters.h - what the layers count as things happen. mmsim_machine_stats() (stats.h) presents
 * them.
 *
 * TLB hits are not here: a CPU counts its accesses and its misses, and hits are the difference, so
 * that a hit does not pay for its own statistics.
 */
#ifndef MM_OBS_COUNTERS_H
#define MM_OBS_COUNTERS_H

#include <mmsim/event.h>

struct mm_counters {
    uint64_t faults[MMSIM_N_FAULT_KINDS]; /* by kind */
    uint64_t tlb_flushes, tlb_invlpg, tlb_shootdowns;
};

#endif
