/*
 * process.h - processes, and which of them runs on which CPU.
 *
 *   none --spawn, fork--> ready --switch--> running on one or more CPUs --switch--> ready
 *                                      ready, running --exit--> none
 *
 * Invariants: (1) every process of the list has an address space; (2) running[cpu] is the process
 * whose page tables the CPU has loaded, NULL while those are the kernel's; (3) numbers are never
 * used twice.
 */
#ifndef MM_PROC_PROCESS_H
#define MM_PROC_PROCESS_H

#include <mmsim/machine.h>

#include "proc/descriptor.h"
#include "vm/aspace.h"

struct mm_process {
    struct mm_list link; /* in mm_procs.processes, oldest first */
    struct mm_procs *procs;
    struct mm_aspace *aspace;
    struct mm_list descriptors; /* descriptor.h */
    const char *name;           /* not owned; outlives the process */
    uint32_t number;            /* from 1 */
    unsigned cpu;               /* on which it runs, or ran last */
    void *user;                 /* of whoever made it; handed to on_exit */
    uint64_t suspended_at; /* the how-many-th suspension it was; 0: it may run (load_control.h) */
    uint64_t working_set;  /* pages, when that was last looked at */
};

struct mm_procs {
    struct mm_vm *vm;
    struct mm_paging *paging;
    struct mm_cache cache, descriptors;
    struct mm_list processes;
    uint32_t n_spawned;
    struct mm_process *running[MMSIM_MAX_CPUS];
    bool load_control; /* load_control.h */
    uint64_t n_suspensions, load_changed_at;
    uint64_t kernel_threads; /* mask of CPUs that run one, on whatever tables are loaded there */
    /* Called for each process that is about to exit, whole as it still is. */
    void (*on_exit)(struct mm_process *process, int code);
    /* Called for each access of the kernel's that the MMU refused, before it fails; may be NULL. */
    void (*on_kernel_fault)(void *user, mmsim_vaddr address);
    void *kernel_fault_user;
};

bool mm_procs_init(struct mm_procs *procs, struct mm_vm *vm);
void mm_procs_fini(struct mm_procs *procs); /* exits everybody */

/* NULL: no memory. */
struct mm_process *mm_process_spawn(struct mm_procs *procs, const char *name, void *user);
struct mm_process *mm_process_fork(struct mm_process *parent, const char *name, void *user);

void mm_process_exit(struct mm_process *process, int code);

/* Loads its page tables on a CPU and makes that the CPU the kernel runs on. */
void mm_process_switch(struct mm_process *process, unsigned cpu);

/*
 * Switches a CPU to a kernel thread and makes that the CPU the kernel runs on. The tables that are
 * loaded there stay, or the kernel's own are loaded: mm_paging.flush.lazy.
 */
void mm_process_switch_to_kernel(struct mm_procs *procs, unsigned cpu);

/* NULL, or a sentence (static storage). */
const char *mm_procs_check(const struct mm_procs *procs);

#endif
