/*
 * oom.h - out of memory: who has to go.
 *
 * When no frame can be had for a fault, a process is ended so that the others can go on. The choice
 * is Linux's: the one that frees most (pages in frames and on swap, page tables); of equals the
 * youngest.
 */
#ifndef MM_PROC_OOM_H
#define MM_PROC_OOM_H

#include "proc/process.h"

/* NULL: there is no process at all. */
struct mm_process *mm_oom_choose(const struct mm_procs *procs);

/* Why no page could be taken out instead. Static storage. */
const char *mm_oom_reason(const struct mm_procs *procs);

/* Tells listeners who was chosen, and what it holds. */
void mm_oom_report(const struct mm_process *victim);

#endif
