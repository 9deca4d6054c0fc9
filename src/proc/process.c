/* process.c - spawn, fork, exit, and the context switch. */
#include "proc/process.h"

#include "proc/load_control.h"
#include "vm/fork.h"
#include "vm/mmap.h"

bool mm_procs_init(struct mm_procs *procs, struct mm_vm *vm)
{
    *procs = (struct mm_procs){.vm = vm, .paging = vm->paging};
    mm_list_init(&procs->processes);
    struct mm_cache_setup setup = {.name = "process", .object_bytes = sizeof(struct mm_process)};
    struct mm_cache_setup descriptors = {.name = "descriptor",
                                         .object_bytes = sizeof(struct mm_descriptor)};
    return mm_cache_init(&procs->cache, vm->paging->heap, &setup) &&
           mm_cache_init(&procs->descriptors, vm->paging->heap, &descriptors);
}

void mm_procs_fini(struct mm_procs *procs)
{
    while (!mm_list_empty(&procs->processes))
        mm_process_exit(MM_CONTAINER_OF(procs->processes.next, struct mm_process, link), 0);
    mm_cache_fini(&procs->descriptors);
    mm_cache_fini(&procs->cache);
}

static void report(const struct mm_process *process, enum mmsim_event_type type, uint64_t value)
{
    const struct mm_paging *paging = process->procs->paging;
    if (!mm_obs_wants(paging->board->obs, type))
        return;
    struct mmsim_event event = {.type = type,
                                .cpu = paging->current_cpu,
                                .process = process->number,
                                .name = process->name,
                                .value = value};
    mm_obs_emit(paging->board->obs, &event);
}

/* Takes the process object and fills it; the address space comes from the caller. */
static struct mm_process *enrol(struct mm_procs *procs, struct mm_aspace *aspace, const char *name,
                                void *user)
{
    struct mm_process *process = mm_cache_zalloc(&procs->cache);
    if (!process)
        return NULL;
    *process = (struct mm_process){
        .procs = procs, .aspace = aspace, .name = name, .number = ++procs->n_spawned, .user = user};
    mm_list_init(&process->descriptors);
    mm_list_append(&procs->processes, &process->link);
    mm_clock_work(procs->vm->clock, MM_WORK_PROCESS);
    return process;
}

struct mm_process *mm_process_spawn(struct mm_procs *procs, const char *name, void *user)
{
    struct mm_aspace *aspace = mm_aspace_create(procs->vm);
    if (!aspace)
        return NULL;
    struct mm_process *process = NULL;
    if (mm_mmap_stack(aspace))
        process = enrol(procs, aspace, name, user);
    if (process)
        report(process, MMSIM_EVENT_SPAWN, 0);
    else
        mm_aspace_destroy(aspace);
    return process;
}

struct mm_process *mm_process_fork(struct mm_process *parent, const char *name, void *user)
{
    struct mm_procs *procs = parent->procs;
    if (!mm_cache_reserve(&procs->cache, 1))
        return NULL;
    struct mm_list descriptors;
    mm_list_init(&descriptors);
    struct mm_aspace *aspace = NULL;
    if (mm_descriptor_inherit(&procs->descriptors, &descriptors, &parent->descriptors))
        aspace = mm_fork_aspace(parent->aspace);
    if (!aspace) {
        mm_descriptor_close_all(&procs->descriptors, &descriptors);
        mm_cache_shrink(&procs->cache);
        return NULL;
    }
    struct mm_process *child = enrol(procs, aspace, name, user);
    mm_list_take(&child->descriptors, &descriptors);
    child->cpu = parent->cpu;
    report(child, MMSIM_EVENT_FORK, parent->number);
    return child;
}

static void show_running(struct mm_procs *procs, unsigned cpu, struct mm_process *process)
{
    struct mm_cpu *hardware = &procs->paging->cpus[cpu];
    procs->running[cpu] = process;
    procs->kernel_threads &= ~((uint64_t)1 << cpu);
    hardware->process = process ? process->number : 0;
    hardware->process_name = process ? process->name : NULL;
}

void mm_process_exit(struct mm_process *process, int code)
{
    struct mm_procs *procs = process->procs;
    if (procs->on_exit)
        procs->on_exit(process, code);
    report(process, MMSIM_EVENT_EXIT, (uint64_t)(int64_t)code);
    for (unsigned cpu = 0; cpu < procs->paging->n_cpus; cpu++) {
        if (procs->running[cpu] != process)
            continue;
        mm_pgtable_load(procs->paging->master, cpu);
        show_running(procs, cpu, NULL);
    }
    mm_aspace_destroy(process->aspace);
    mm_descriptor_close_all(&procs->descriptors, &process->descriptors);
    mm_list_remove(&process->link);
    mm_cache_free(&procs->cache, process);
    mm_clock_work(procs->vm->clock, MM_WORK_PROCESS);
}

void mm_process_switch(struct mm_process *process, unsigned cpu)
{
    struct mm_procs *procs = process->procs;
    process->cpu = cpu;
    if (process->suspended_at > 0)
        mm_load_resume(process);
    mm_paging_enter_cpu(procs->paging, cpu);
    bool returns = (procs->kernel_threads >> cpu) & 1;
    if (!mm_pgtable_load(process->aspace->tables, cpu) && !returns)
        return;
    mm_cpu_load_keys(&procs->paging->cpus[cpu], process->aspace->keys.pkru);
    mm_cpu_limit_code(&procs->paging->cpus[cpu], process->aspace->code_end);
    show_running(procs, cpu, process);
    mm_clock_work(procs->vm->clock, MM_WORK_SWITCH);
    report(process, MMSIM_EVENT_SWITCH, 0);
}

void mm_process_switch_to_kernel(struct mm_procs *procs, unsigned cpu)
{
    uint64_t bit = (uint64_t)1 << cpu;
    mm_paging_enter_cpu(procs->paging, cpu);
    if (procs->kernel_threads & bit)
        return;
    if (!procs->paging->flush.lazy && mm_pgtable_load(procs->paging->master, cpu))
        show_running(procs, cpu, NULL);
    procs->kernel_threads |= bit;
    mm_clock_work(procs->vm->clock, MM_WORK_SWITCH);
}

const char *mm_procs_check(const struct mm_procs *procs)
{
    const char *broken = NULL;
    const struct mm_list *head = &procs->processes;
    for (const struct mm_list *at = head->next; !broken && at != head; at = at->next) {
        const struct mm_process *process = MM_CONTAINER_OF(at, struct mm_process, link);
        broken = process->aspace ? mm_aspace_check(process->aspace)
                                 : "a process has no address space (process invariant 1)";
    }
    for (unsigned cpu = 0; !broken && cpu < procs->paging->n_cpus; cpu++) {
        const struct mm_process *runs = procs->running[cpu];
        const struct mm_pgtable *tables = runs ? runs->aspace->tables : procs->paging->master;
        if (!((tables->cpu_mask >> cpu) & 1))
            broken = "a CPU runs a process whose tables it has not loaded (process invariant 2)";
    }
    return broken;
}
