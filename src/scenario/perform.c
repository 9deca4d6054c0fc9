/*
 * perform.c - what verbs do that call the kernel, look, or speak; accesses are in perform_access.c.
 *
 * A perform function acts through the public API and leaves what happened in run->outcome, which
 * the runner has cleared. The process exists and lives (the runner saw to it).
 */
#include <string.h>

#include "scenario/load.h"
#include "scenario/result.h"
#include "scenario/verb.h"

struct mmsim_process *mm_run_actor(const struct mm_run *run, const struct mm_step *step)
{
    return step->by == MM_NO_NAME ? NULL : run->processes[step->by];
}

bool mm_run_resolve(const struct mm_run *run, const struct mm_place *place, mmsim_vaddr *address)
{
    if (place->name == MM_NO_NAME) {
        *address = place->offset;
        return true;
    }
    const struct mm_binding *binding = &run->bindings[place->name];
    uint64_t base = binding->address;
    *address = place->below ? base - place->offset : base + place->offset;
    return binding->bound && *address <= MM_ADDRESS_MAX;
}

bool mm_run_place(struct mm_run *run, const struct mm_place *place, mmsim_vaddr *address)
{
    if (mm_run_resolve(run, place, address))
        return true;
    mm_run_errno(run, MMSIM_EFAULT);
    run->outcome.unnamed = true;
    run->outcome.unnamed_place = place;
    return false;
}

void mm_run_errno(struct mm_run *run, enum mmsim_errno error)
{
    run->outcome.outcome = error == MMSIM_SUCCESS ? MMSIM_DONE : MMSIM_ERROR;
    run->outcome.error = error;
}

/* ---- processes ---- */

static const char *name_of(const struct mm_run *run, uint32_t name)
{
    return run->scenario->names.rows[name].text;
}

void mm_perform_spawn(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_process **process = &run->processes[step->name];
    enum mmsim_status status = mmsim_spawn(run->machine, name_of(run, step->name), process, NULL);
    run->no_memory |= status == MMSIM_HOST_MEMORY;
    if (status != MMSIM_OK) {
        *process = NULL;
        mm_run_errno(run, status == MMSIM_BAD_ARGUMENT ? MMSIM_EINVAL : MMSIM_ENOMEM);
        return;
    }
    if (step->on != MM_NO_CPU)
        mm_run_errno(run, mmsim_run_on(*process, (unsigned)step->on));
}

void mm_perform_fork(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_process *child = NULL;
    mm_run_errno(run, mmsim_fork(mm_run_actor(run, step), name_of(run, step->name), &child));
    if (run->outcome.outcome == MMSIM_DONE)
        run->processes[step->name] = child;
}

void mm_perform_exit(struct mm_run *run, const struct mm_step *step)
{
    mm_run_errno(run, mmsim_exit(mm_run_actor(run, step), (int)step->code));
}

void mm_perform_switch(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_process *process = mm_run_actor(run, step);
    mm_run_errno(run, mmsim_run_on(process, mmsim_process_cpu(process)));
}

/* ---- mappings ---- */

static uint64_t whole_pages(uint64_t n_bytes)
{
    return n_bytes > UINT64_MAX - MMSIM_PAGE_MASK ? n_bytes & ~MMSIM_PAGE_MASK
                                                  : (n_bytes + MMSIM_PAGE_MASK) & ~MMSIM_PAGE_MASK;
}

void mm_perform_mmap(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_mapping want = {.length = step->length,
                                 .prot = (unsigned)step->prot,
                                 .flags = (unsigned)step->flags,
                                 .access = (enum mmsim_file_access)step->vm.access,
                                 .offset = step->vm.offset};
    struct mm_binding made = {.length = whole_pages(step->length)};
    if (step->vm.file)
        want.file = mm_run_file(run, step->vm.file);
    if (!step->has_at || mm_run_place(run, &step->at, &want.address)) {
        mm_run_errno(run, mmsim_mmap(mm_run_actor(run, step), &want, &made.address));
        made.bound = run->outcome.outcome == MMSIM_DONE;
    }
    if (made.bound) {
        run->outcome.parts |= MM_HAS_MAPPED;
        run->outcome.address = made.address;
    }
    if (step->name != MM_NO_NAME)
        run->bindings[step->name] = made;
}

void mm_perform_munmap(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_munmap(mm_run_actor(run, step), address, step->length));
}

void mm_perform_mprotect(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_mprotect(mm_run_actor(run, step), address, step->length,
                                         (unsigned)step->prot));
}

/* ---- looking and speaking ---- */

bool mm_run_path_values(const struct mm_run *run, const struct mm_expression *expression,
                        uint64_t *values)
{
    bool complete = true;
    struct mmsim_stats stats;
    mmsim_machine_stats(run->machine, &stats);
    for (size_t i = 0; i < expression->n_paths; i++) {
        const struct mm_path *path = &expression->paths[i];
        values[i] = 0;
        if (path->process == MM_NO_NAME) {
            (void)mmsim_stat_get(&stats, path->stat, &values[i]);
        } else if (run->processes[path->process]) {
            struct mmsim_process_stats process;
            mmsim_process_get_stats(run->processes[path->process], &process);
            (void)mmsim_process_stat_get(&process, path->stat, &values[i]);
        } else {
            complete = false;
        }
    }
    return complete;
}

void mm_perform_check(struct mm_run *run, const struct mm_step *step)
{
    uint64_t values[MM_EXPRESSION_MAX_PATHS];
    bool complete = mm_run_path_values(run, &step->that, values);
    run->outcome.untrue = !complete || mm_expression_value(&step->that, values) == 0;
}

void mm_perform_walk(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (!mm_run_place(run, &step->at, &address))
        return;
    struct mmsim_walk *walk = &run->walk;
    mmsim_explain(mm_run_actor(run, step), address, (enum mmsim_access_kind)step->access, walk);
    run->has_walk = true;
    run->outcome.parts |= MM_HAS_WALK | (walk->present ? MM_HAS_PRESENT : 0u);
    if (!walk->present)
        return;
    run->outcome.parts |=
        (walk->accessed ? MM_HAS_ACCESSED : 0u) | (walk->dirty ? MM_HAS_DIRTY : 0u);
    run->outcome.physical = walk->physical;
}

void mm_perform_note(struct mm_run *run, const struct mm_step *step)
{
    (void)step;
    mm_run_errno(run, MMSIM_SUCCESS);
}
