/*
 * sanitize.h - the TLB sanitizer of a machine (mmsim/sanitize.h).
 *
 *   page tables change ----events--> changes: (tables, page) -> who took something away last, when
 *   a CPU is flushed   ----events--> which of these changes it has heard of
 *   a translation is used --watch--> compared with the tables --differs, not yet told--> report
 *
 * Invariants: (1) a change is kept for each page of each set of tables that the kernel ever mapped,
 * as long as the host had memory for it; (2) a CPU's bit in `told` is set once it used a
 * translation of the page that was stale; a new change clears all, an INVLPG this CPU's; (3) n_kept
 * is n_stale, up to the limit.
 */
#ifndef MM_SIM_SANITIZE_H
#define MM_SIM_SANITIZE_H

#include <mmsim/sanitize.h>

#include "hw/cpu.h"

/* What the kernel did last to the entry of one page in one set of tables. */
struct mm_table_change {
    uint64_t vpn;
    mmsim_pfn root;    /* of the tables */
    bool used;         /* false: an empty row */
    uint8_t operation; /* enum mmsim_table_operation of the latest withdrawal; UNKNOWN = none yet */
    uint32_t cpu;
    struct mmsim_entry now; /* as the kernel left it */
    uint64_t step;
    const char *process;
    uint64_t moment;      /* mm_sanitizer.now at the latest withdrawal */
    uint64_t invalidated; /* CPUs that were sent an INVLPG of the page since then, as a mask */
    uint64_t told;        /* CPUs, as a mask */
};

/* Rows by a hash of (root, vpn), with linear probing; at most three quarters full. */
struct mm_table_changes {
    struct mm_table_change *rows;
    size_t n_rows, capacity; /* a power of two, or 0 */
};

struct mm_sanitizer {
    struct mmsim_machine *machine;
    struct mm_watch watch;
    struct mm_table_changes changes;
    uint64_t now;                     /* counts the events that matter here */
    uint64_t flushed[MMSIM_MAX_CPUS]; /* `now` at each CPU's latest flush */
    uint64_t n_compared, n_stale;
    size_t n_kept;
    struct mmsim_stale kept[MMSIM_STALE_KEPT];
};

/* Watches all CPUs of a machine that is built. False: no host memory, or no room to listen. */
bool mm_sanitizer_start(struct mmsim_machine *machine);
void mm_sanitizer_stop(struct mmsim_machine *machine);

#endif
