/*
 * load_control.h - processes that wait, because the working sets of all do not fit into memory.
 *
 *   running --the sets do not fit, and it is the youngest other that uses memory--> suspended
 *   suspended --there is room for its set, or nobody else runs, or it must run--> running
 *
 * A working set is what a process used in the last `window` references (pager.h); thrashing is what
 * the pager says it is. Denning, The working set model for program behavior, CACM 11(5), 1968;
 * Linux has no such control. A suspended process is not stopped by force: whoever gives out turns
 * (the verb `parallel`) asks, and passes it over.
 */
#ifndef MM_PROC_LOAD_CONTROL_H
#define MM_PROC_LOAD_CONTROL_H

#include "proc/process.h"

/* Pages that a process used lately. */
uint64_t mm_load_working_set(const struct mm_process *process);

/* A process takes a fault: suspends one or lets one go on, if it is time. */
void mm_load_control(struct mm_procs *procs, const struct mm_process *running);

/* It has to run. */
void mm_load_resume(struct mm_process *process);

#endif
