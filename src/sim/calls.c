/* calls.c - the public system calls on mappings (vm.h): enter the kernel, do it, tell. */
#include "sim/machine.h"
#include "vm/advise.h"
#include "vm/device.h"
#include "vm/lock.h"
#include "vm/mmap.h"
#include "vm/protect.h"
#include "vm/remap.h"

enum mmsim_errno mm_machine_enter_kernel(struct mmsim_process *process)
{
    if (process->is_kernel)
        return MMSIM_EPERM;
    if (!process->live)
        return MMSIM_ESRCH;
    mm_process_switch(process->live, process->cpu);
    mm_clock_work(&process->machine->clock, MM_WORK_SYSTEM_CALL);
    mm_pcache_tick(&process->machine->pages);
    mm_aspace_works(process->live->aspace);
    return MMSIM_SUCCESS;
}

static struct mm_aspace *aspace_of(const struct mmsim_process *process)
{
    return process->live->aspace;
}

/* Leaves the kernel: whoever listens is told of a call that was done. */
static enum mmsim_errno leave(const struct mmsim_process *process, enum mmsim_errno error,
                              struct mmsim_event event)
{
    struct mmsim_machine *machine = process->machine;
    if (!error && mm_obs_wants(&machine->obs, event.type)) {
        struct mmsim_event whole = mm_cpu_event(&machine->cpus[process->cpu], event.type);
        whole.address = event.address;
        whole.length = event.length;
        whole.value = event.value;
        mm_obs_emit(&machine->obs, &whole);
    }
    mm_machine_after_call(machine);
    return error;
}

static enum mmsim_errno leave_quietly(const struct mmsim_process *process, enum mmsim_errno error)
{
    mm_machine_after_call(process->machine);
    return error;
}

/* ---- mappings ---- */

enum mmsim_errno mmsim_mmap(struct mmsim_process *process, const struct mmsim_mapping *want,
                            mmsim_vaddr *address)
{
    struct mm_mmap_request request = {.address = want->address,
                                      .length = want->length,
                                      .prot = want->prot,
                                      .flags = want->flags,
                                      .object = mm_file_object(want->file),
                                      .access = want->access,
                                      .offset = want->offset};
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_mmap_map(aspace_of(process), &request, address);
    return leave(process, error,
                 (struct mmsim_event){.type = MMSIM_EVENT_MMAP,
                                      .address = error ? 0 : *address,
                                      .length = want->length});
}

enum mmsim_errno mmsim_munmap(struct mmsim_process *process, mmsim_vaddr address, uint64_t length)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_mmap_unmap(aspace_of(process), address, length);
    return leave(
        process, error,
        (struct mmsim_event){.type = MMSIM_EVENT_MUNMAP, .address = address, .length = length});
}

enum mmsim_errno mmsim_pkey_mprotect(struct mmsim_process *process, mmsim_vaddr address,
                                     uint64_t length, unsigned prot, int key)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_protect_range(aspace_of(process), address, length, prot, key);
    return leave(
        process, error,
        (struct mmsim_event){.type = MMSIM_EVENT_MPROTECT, .address = address, .length = length});
}

enum mmsim_errno mmsim_mprotect(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                                unsigned prot)
{
    return mmsim_pkey_mprotect(process, address, length, prot, -1);
}

enum mmsim_errno mmsim_mremap(struct mmsim_process *process, const struct mmsim_remap *want,
                              mmsim_vaddr *address)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_remap(aspace_of(process), want, address);
    return leave(process, error,
                 (struct mmsim_event){.type = MMSIM_EVENT_MREMAP,
                                      .address = want->address,
                                      .length = want->new_length,
                                      .value = error ? 0 : *address});
}

enum mmsim_errno mmsim_madvise(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                               enum mmsim_advice advice)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_advise(aspace_of(process), address, length, advice);
    return leave(process, error,
                 (struct mmsim_event){.type = MMSIM_EVENT_MADVISE,
                                      .address = address,
                                      .length = length,
                                      .value = (uint64_t)advice});
}

enum mmsim_errno mmsim_msync(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                             unsigned flags)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_lock_sync(aspace_of(process), address, length, flags);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_mincore(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                               uint8_t *vector)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_lock_resident(aspace_of(process), address, length, vector);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_mseal(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                             unsigned flags)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_protect_seal(aspace_of(process), address, length, flags);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_brk(struct mmsim_process *process, mmsim_vaddr wanted, mmsim_vaddr *now)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_mmap_brk(aspace_of(process), wanted, now);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_map_device(struct mmsim_process *process, mmsim_paddr physical,
                                  uint64_t length, unsigned prot, mmsim_vaddr *address)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_device_map(aspace_of(process), physical, length, prot, address);
    return leave(process, error,
                 (struct mmsim_event){
                     .type = MMSIM_EVENT_MMAP, .address = error ? 0 : *address, .length = length});
}

/* ---- locks ---- */

enum mmsim_errno mmsim_mlock(struct mmsim_process *process, mmsim_vaddr address, uint64_t length,
                             unsigned flags)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_lock_range(aspace_of(process), address, length, flags);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_munlock(struct mmsim_process *process, mmsim_vaddr address, uint64_t length)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_lock_release(aspace_of(process), address, length);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_mlockall(struct mmsim_process *process, unsigned flags)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_lock_all(aspace_of(process), flags);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_munlockall(struct mmsim_process *process)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_lock_release_all(aspace_of(process));
    return leave_quietly(process, error);
}

/* ---- limits ---- */

enum mmsim_errno mmsim_set_limit(struct mmsim_process *process, enum mmsim_resource resource,
                                 uint64_t bytes)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error && (unsigned)resource >= MMSIM_N_LIMITS)
        error = MMSIM_EINVAL;
    if (!error)
        aspace_of(process)->limits.bytes[resource] = bytes;
    return leave_quietly(process, error);
}

uint64_t mmsim_limit(const struct mmsim_process *process, enum mmsim_resource resource)
{
    bool known = process->live && (unsigned)resource < MMSIM_N_LIMITS;
    return known ? aspace_of(process)->limits.bytes[resource] : 0;
}

/* ---- protection keys ---- */

enum mmsim_errno mmsim_pkey_alloc(struct mmsim_process *process, unsigned flags, unsigned rights,
                                  int *key)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_key_alloc(aspace_of(process), flags, rights, key);
    return leave_quietly(process, error);
}

enum mmsim_errno mmsim_pkey_free(struct mmsim_process *process, int key)
{
    enum mmsim_errno error = mm_machine_enter_kernel(process);
    if (!error)
        error = mm_key_free(aspace_of(process), key);
    return leave_quietly(process, error);
}

uint32_t mmsim_pkru(const struct mmsim_process *process)
{
    return process->live ? aspace_of(process)->keys.pkru : 0;
}

/* An instruction, not a call: it does not enter the kernel. */
enum mmsim_errno mmsim_wrpkru(struct mmsim_process *process, uint32_t pkru)
{
    if (process->is_kernel)
        return MMSIM_EPERM;
    if (!process->live)
        return MMSIM_ESRCH;
    mm_key_write_pkru(aspace_of(process), pkru);
    mm_machine_after_call(process->machine);
    return MMSIM_SUCCESS;
}
