/*
 * gc.h - finding what nobody needs, and what nobody has: garbage collection of a machine's frames.
 *
 * Four kinds of garbage: page tables that hold nothing, slabs without objects, frames that wait on
 * lists of CPUs, and *orphans*: frames in use that no table, slab, area or owner leads to. The
 * first three are a matter of time; each orphan is a bug, told of by MMSIM_EVENT_ORPHAN before it
 * is freed.
 *
 * What leads to a frame is found by walking, not by asking the frame: page tables are followed as
 * the CPU follows them, from every root; slabs, runs and metadata by the heap's lists.
 *
 * It runs on demand, every gc_interval steps, and in part when a request for frames cannot be met:
 * then orphans are not looked for, nor are tables of processes taken, as an operation may be going
 * on that has just made one.
 */
#ifndef MM_SIM_GC_H
#define MM_SIM_GC_H

#include <mmsim/alloc.h>

/* Collects everything. Without host memory for its marks orphans are not looked for. */
void mm_gc_run(struct mmsim_machine *machine, struct mmsim_gc_result *result);

/* At the end of a step: runs if it is time (config.gc_interval). */
void mm_gc_after_step(struct mmsim_machine *machine);

/* Makes the frame allocator ask for garbage before a request fails. */
void mm_gc_install(struct mmsim_machine *machine);

#endif
