/*
 * machine.h - the composition root: one struct that owns everything a simulated machine knows.
 *
 * The only place that knows concrete types on both sides of every interface. Built bottom-up, torn
 * down top-down:
 *
 *   host, phys, bus, clock, events -> CPUs -> frames -> heap -> page tables -> swap, pager, reclaim
 *   -> virtual memory -> processes -> the public calls on the kernel's memory
 */
#ifndef MM_SIM_MACHINE_H
#define MM_SIM_MACHINE_H

#include <mmsim/machine.h>
#include <mmsim/stats.h>
#include <mmsim/vm.h>

#include "base/host.h"
#include "paging/pager.h"
#include "paging/pcache.h"
#include "paging/reclaim.h"
#include "proc/process.h"
#include "sim/files.h"
#include "sim/kernel.h"
#include "sim/sanitize.h"
#include "vm/huge.h"

enum { MM_NAME_CHARS = 64 };

/* What a caller holds of a process: outlives the process, and keeps its last statistics. */
struct mmsim_process {
    struct mmsim_machine *machine;
    char name[MM_NAME_CHARS];
    struct mm_process *live; /* NULL: it has exited, or this is the kernel */
    bool is_kernel;
    bool survives_signals;
    unsigned cpu;
    struct mmsim_process_stats last;
};

struct mmsim_machine {
    struct mm_host host;
    struct mmsim_config config;
    const struct mmsim_arch_ops *arch;
    struct mmsim_cpu_preset preset; /* with the configuration's TLB */
    struct mm_phys phys;
    struct mm_bus bus;
    struct mm_clock clock;
    struct mm_obs obs;
    struct mm_counters counters;
    struct mm_board board;
    struct mm_cpu *cpus; /* config.n_cpus */
    unsigned n_cpus_built;
    struct mm_zones zones;
    struct mm_heap heap;
    struct mm_paging paging;
    struct mm_swap swap;
    struct mm_pager pager;
    struct mm_reclaim reclaim;
    struct mm_vm vm;
    struct mm_huge huge;
    struct mm_disk disk;
    struct mm_pcache pages;
    struct mm_files files;
    struct mm_procs procs;
    struct mm_kernel kernel_memory;
    struct mmsim_process kernel;
    struct mmsim_process **processes; /* handles, in order of creation */
    size_t n_processes, processes_capacity;
    struct mm_sanitizer *sanitizer; /* NULL: not asked for */
    uint64_t n_steps;
    const char *violation; /* the first one that MMSIM_CHECK_EVERY found; NULL */
};

/* config.c: copies what the caller knows of *given over the defaults, and checks it. */
enum mmsim_status mm_config_read(const struct mmsim_config *given, struct mmsim_config *config,
                                 struct mmsim_error *error);
const struct mmsim_arch_ops *mm_config_arch(const struct mmsim_config *config);
const struct mmsim_cpu_preset *mm_config_preset(const struct mmsim_config *config);

/* The execute mode, AUTO resolved. */
enum mmsim_execute mm_config_execute(const struct mmsim_config *config);

/* The preset with the TLB that the configuration asks for. */
struct mmsim_cpu_preset mm_config_cpu(const struct mmsim_config *config);

/* calls.c: enters the kernel on behalf of a process; not 0: it cannot call. */
enum mmsim_errno mm_machine_enter_kernel(struct mmsim_process *process);

/* files.c: the object behind a handle; NULL for NULL, and for what is gone. */
struct mm_object *mm_file_object(const struct mmsim_file *file);

/* guest.c: what processes and devices may be called. */
bool mm_machine_name_is_valid(const char *name);

/* Whether window `index` of config->mmio can be built beside those before it. On error, where is
 * "mmio." and the name of the field; the rest of the configuration must have been checked. */
enum mmsim_status mm_config_check_window(const struct mmsim_config *config, size_t index,
                                         struct mmsim_error *error);

/* check.c: NULL, or a sentence (static storage). Host memory for its counts comes from the host;
 * without any, the cross-check of frame counts is left out. */
const char *mm_check_machine(const struct mmsim_machine *machine);

/* Runs the checker if the configuration asks for it after every call. */
void mm_machine_after_call(struct mmsim_machine *machine);

#endif
