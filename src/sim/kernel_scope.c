/* kernel_scope.c - the public scopes; a handle is the scope itself, its user the process. */
#include "alloc/kmalloc.h"
#include "base/text.h"
#include "sim/kernel.h"
#include "sim/machine.h"

static const char end_site[] = "scope-end"; /* of what is freed with a scope */

static struct mm_scope *scope_of(struct mmsim_scope *handle)
{
    return (struct mm_scope *)(void *)handle;
}

static struct mmsim_machine *machine_of(const struct mm_scope *scope)
{
    return MM_CONTAINER_OF(scope->scopes->heap, struct mmsim_machine, heap);
}

enum mmsim_status mmsim_scope_begin(struct mmsim_machine *machine, const char *name,
                                    struct mmsim_process *process, struct mmsim_scope **scope,
                                    struct mmsim_error *error)
{
    if (!name)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "name", "no name was given");
    if (process && !mmsim_process_alive(process))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "process", "process '%s' is dead",
                            process->name);
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    struct mm_scope *made = mm_scope_begin(&machine->kernel_memory.scopes, name, NULL);
    if (made)
        made->user = process;
    mm_clock_work(&machine->clock, MM_WORK_HEAP);
    mm_kernel_end(&call);
    if (!made)
        return mm_error_set(error, MMSIM_GUEST_MEMORY, "", "no memory for scope '%s'", name);
    *scope = (struct mmsim_scope *)(void *)made;
    return MMSIM_OK;
}

mmsim_vaddr mmsim_scope_kmalloc(struct mmsim_scope *handle, uint64_t n_bytes, unsigned flags,
                                const char *site)
{
    struct mm_scope *scope = scope_of(handle);
    struct mm_kernel_call call = mm_kernel_begin(machine_of(scope), site, 0);
    return mm_kernel_finish(&call, mm_scope_kmalloc(scope, n_bytes), n_bytes, flags);
}

/* ---- the end ---- */

/* Tells of the objects that are about to go with a scope. */
static void tell_objects(const struct mm_kernel_call *call, const struct mm_scope *scope)
{
    const struct mm_heap *heap = &call->machine->heap;
    if (!mm_obs_wants(&call->machine->obs, MMSIM_EVENT_KFREE))
        return;
    struct mm_heap_object object;
    for (uint64_t at = 0; mm_heap_next(heap, at, &object); at = (uint64_t)object.offset + 1) {
        if (mm_scope_of(heap, object.offset) != scope)
            continue;
        const void *place = mm_heap_pointer(heap, object.offset);
        mm_kernel_tell(call, MMSIM_EVENT_KFREE, mm_heap_address(heap, place), object.bytes,
                       mm_kernel_name_of(heap, place));
    }
}

static uint64_t end_scope(struct mmsim_machine *machine, struct mm_scope *scope)
{
    struct mm_kernel_call call = {.machine = machine, .site = end_site};
    tell_objects(&call, scope);
    uint64_t n_freed = mm_scope_end(scope);
    mm_clock_charge(&machine->clock, (n_freed + 1) * mm_work_cycles[MM_WORK_HEAP]);
    return n_freed;
}

uint64_t mmsim_scope_end(struct mmsim_scope *handle)
{
    struct mmsim_machine *machine = machine_of(scope_of(handle));
    struct mm_kernel_call call = mm_kernel_begin(machine, end_site, 0);
    uint64_t n_freed = end_scope(machine, scope_of(handle));
    mm_kernel_end(&call);
    return n_freed;
}

void mm_kernel_on_exit(struct mmsim_process *process)
{
    struct mmsim_machine *machine = process->machine;
    struct mm_list *head = &machine->kernel_memory.scopes.list;
    machine->heap.site = end_site;
    for (struct mm_list *at = head->next, *next; at != head; at = next) {
        struct mm_scope *scope = MM_CONTAINER_OF(at, struct mm_scope, link);
        next = at->next;
        if (scope->user == process)
            end_scope(machine, scope);
    }
    machine->heap.site = machine->kernel_memory.site;
}
