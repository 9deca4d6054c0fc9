/*
 * guest.c - the public calls on processes (vm.h): their lives, and their accesses to memory.
 *
 * Each call makes the process the running one of its CPU first, as a process must run to act.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "proc/access.h"
#include "sim/machine.h"

/* ---- handles ---- */

bool mm_machine_name_is_valid(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n >= MM_NAME_CHARS || isdigit((unsigned char)name[0]))
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

struct mmsim_process *mmsim_process_find(struct mmsim_machine *machine, const char *name)
{
    if (strcmp(name, machine->kernel.name) == 0)
        return &machine->kernel;
    for (size_t i = 0; i < machine->n_processes; i++)
        if (strcmp(machine->processes[i]->name, name) == 0)
            return machine->processes[i];
    return NULL;
}

struct mmsim_process *mmsim_process_at(struct mmsim_machine *machine, size_t index)
{
    return index < machine->n_processes ? machine->processes[index] : NULL;
}

const char *mmsim_process_name(const struct mmsim_process *process)
{
    return process->name;
}

bool mmsim_process_alive(const struct mmsim_process *process)
{
    return process->is_kernel || process->live;
}

struct mmsim_process *mmsim_kernel(struct mmsim_machine *machine)
{
    return &machine->kernel;
}

unsigned mmsim_process_cpu(const struct mmsim_process *process)
{
    return process->cpu;
}

void mmsim_process_on_signal(struct mmsim_process *process, enum mmsim_on_signal action)
{
    process->survives_signals = action == MMSIM_ON_SIGNAL_SURVIVE;
}

static bool make_room_for_handle(struct mmsim_machine *machine)
{
    if (machine->n_processes < machine->processes_capacity)
        return true;
    size_t capacity = machine->processes_capacity ? 2 * machine->processes_capacity : 8;
    size_t item = sizeof *machine->processes;
    struct mmsim_process **grown = mm_host_resize(
        &machine->host, machine->processes, machine->processes_capacity * item, capacity * item);
    if (!grown)
        return false;
    machine->processes = grown;
    machine->processes_capacity = capacity;
    return true;
}

/* A handle that is not yet in the list: drop_handle() undoes it, keep_handle() cannot fail. */
static struct mmsim_process *make_handle(struct mmsim_machine *machine, const char *name)
{
    if (!make_room_for_handle(machine))
        return NULL;
    struct mmsim_process *handle = mm_host_alloc(&machine->host, sizeof *handle);
    if (!handle)
        return NULL;
    handle->machine = machine;
    memcpy(handle->name, name, strlen(name));
    return handle;
}

static void keep_handle(struct mmsim_process *handle, struct mm_process *live)
{
    struct mmsim_machine *machine = handle->machine;
    handle->live = live;
    handle->cpu = live->cpu;
    machine->processes[machine->n_processes++] = handle;
}

static void drop_handle(struct mmsim_process *handle)
{
    mm_host_free(&handle->machine->host, handle, sizeof *handle);
}

enum mmsim_status mmsim_spawn(struct mmsim_machine *machine, const char *name,
                              struct mmsim_process **process, struct mmsim_error *error)
{
    if (!mm_machine_name_is_valid(name))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "name",
                            "'%.80s' is no name: letters, digits and _, at most 63, "
                            "not beginning with a digit",
                            name);
    if (mmsim_process_find(machine, name))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "name", "there is a process '%s' already",
                            name);
    struct mmsim_process *handle = make_handle(machine, name);
    if (!handle)
        return mm_error_set(error, MMSIM_HOST_MEMORY, "", "no host memory for a process");
    struct mm_process *live = mm_process_spawn(&machine->procs, handle->name, handle);
    if (!live) {
        drop_handle(handle);
        return mm_error_set(error, MMSIM_GUEST_MEMORY, "", "no frames for process '%s'", name);
    }
    keep_handle(handle, live);
    *process = handle;
    mm_machine_after_call(machine);
    return MMSIM_OK;
}

/* ---- life ---- */

enum mmsim_errno mmsim_fork(struct mmsim_process *parent, const char *name,
                            struct mmsim_process **child)
{
    enum mmsim_errno error = mm_machine_enter_kernel(parent);
    if (error)
        return error;
    if (!mm_machine_name_is_valid(name) || mmsim_process_find(parent->machine, name))
        return MMSIM_EINVAL;
    struct mmsim_process *handle = make_handle(parent->machine, name);
    struct mm_process *live = handle ? mm_process_fork(parent->live, handle->name, handle) : NULL;
    if (!live) {
        if (handle)
            drop_handle(handle);
        return MMSIM_ENOMEM;
    }
    keep_handle(handle, live);
    *child = handle;
    mm_machine_after_call(parent->machine);
    return MMSIM_SUCCESS;
}

enum mmsim_errno mmsim_exit(struct mmsim_process *process, int code)
{
    if (process->is_kernel)
        return MMSIM_EPERM;
    if (!process->live)
        return MMSIM_ESRCH;
    mm_process_exit(process->live, code);
    mm_machine_after_call(process->machine);
    return MMSIM_SUCCESS;
}

enum mmsim_errno mmsim_run_on(struct mmsim_process *process, unsigned cpu)
{
    if (cpu >= process->machine->config.n_cpus)
        return MMSIM_EINVAL;
    if (!mmsim_process_alive(process))
        return MMSIM_ESRCH;
    process->cpu = cpu;
    if (process->is_kernel)
        mm_process_switch_to_kernel(&process->machine->procs, cpu);
    else
        mm_process_switch(process->live, cpu);
    mm_machine_after_call(process->machine);
    return MMSIM_SUCCESS;
}

/* ---- accesses ---- */

/* The actor of an access; false: it is dead. */
static bool become_actor(struct mmsim_process *process, struct mm_actor *actor)
{
    struct mmsim_machine *machine = process->machine;
    *actor = (struct mm_actor){.procs = &machine->procs,
                               .process = process->live,
                               .cpu = process->cpu,
                               .survives = process->survives_signals};
    if (process->is_kernel)
        mm_paging_enter_cpu(&machine->paging, process->cpu);
    else if (process->live)
        mm_process_switch(process->live, process->cpu);
    return mmsim_process_alive(process);
}

static struct mmsim_access access_bytes(struct mmsim_process *process, enum mmsim_access_kind kind,
                                        mmsim_vaddr address, void *bytes, size_t n_bytes)
{
    struct mm_actor actor;
    if (!become_actor(process, &actor))
        return (struct mmsim_access){.outcome = MMSIM_ERROR, .error = MMSIM_ESRCH};
    struct mmsim_machine *machine = process->machine;
    bool watched =
        process->is_kernel && kind == MMSIM_ACCESS_WRITE && machine->kernel_memory.leak.watch;
    struct mmsim_access access =
        watched ? mm_kernel_watched_store(&actor, machine, address, bytes, n_bytes)
                : mm_access_bytes(&actor, kind, address, bytes, n_bytes);
    mm_machine_after_call(machine);
    return access;
}

struct mmsim_access mmsim_read(struct mmsim_process *process, mmsim_vaddr address, void *buffer,
                               size_t n_bytes)
{
    return access_bytes(process, MMSIM_ACCESS_READ, address, buffer, n_bytes);
}

struct mmsim_access mmsim_write(struct mmsim_process *process, mmsim_vaddr address,
                                const void *buffer, size_t n_bytes)
{
    /* Accesses of all kinds share one path; a store only reads through the pointer. */
    return access_bytes(process, MMSIM_ACCESS_WRITE, address, (void *)(uintptr_t)buffer, n_bytes);
}

struct mmsim_access mmsim_fetch(struct mmsim_process *process, mmsim_vaddr address)
{
    uint8_t byte;
    return access_bytes(process, MMSIM_ACCESS_FETCH, address, &byte, 1);
}

struct mmsim_access mmsim_reference_run(struct mmsim_process *process,
                                        struct mmsim_reference *references, size_t n)
{
    struct mm_actor actor;
    if (!become_actor(process, &actor))
        return (struct mmsim_access){.outcome = MMSIM_ERROR, .error = MMSIM_ESRCH};
    struct mmsim_access access = mm_access_batch(&actor, references, n);
    mm_machine_after_call(process->machine);
    return access;
}
