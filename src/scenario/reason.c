/*
 * reason.c - why a call answered an errno, where the step and the mappings show it.
 *
 * What the call itself said of it goes first. Else this mirrors what <mmsim/vm.h> says of each
 * call; where several causes are possible, nothing is said.
 */
#include <string.h>

#include "scenario/load.h"
#include "scenario/verb.h"

enum { FIXED = MMSIM_MAP_FIXED | MMSIM_MAP_FIXED_NOREPLACE };
static const unsigned SHARING = MMSIM_MAP_PRIVATE | MMSIM_MAP_SHARED;

/* The region of processes (docs/scenario.md, section 2). */
#define USER_START UINT64_C(0x10000000)
#define USER_END UINT64_C(0xC0000000)

static const char unaligned[] = "the address is not page-aligned";
static const char no_length[] = "length 0";

static bool is_outside(mmsim_vaddr address, uint64_t n_bytes)
{
    uint64_t length = (n_bytes + MMSIM_PAGE_MASK) & ~MMSIM_PAGE_MASK; /* n_bytes is below 3 GiB */
    return address < USER_START || address >= USER_END || length > USER_END - address;
}

static const char *reason_of_mmap(const struct mm_step *step, enum mmsim_errno error,
                                  mmsim_vaddr address)
{
    bool fixed = (step->flags & FIXED) != 0;
    if (error == MMSIM_EEXIST)
        return "something is mapped there";
    if (error == MMSIM_EINVAL && step->length == 0)
        return no_length;
    if (error == MMSIM_EINVAL && fixed && (address & MMSIM_PAGE_MASK))
        return unaligned;
    if (error == MMSIM_EINVAL && (step->flags & SHARING) == 0)
        return "flags need private or shared";
    if (error == MMSIM_EBADF)
        return "flags need anonymous, or the step a file";
    if (error == MMSIM_EACCES)
        return "the file was not opened for that";
    if (error == MMSIM_ENOMEM && step->length > USER_END - USER_START)
        return "longer than all of 0x10000000-0xBFFFFFFF";
    if (error == MMSIM_ENOMEM && fixed && !step->has_at)
        return "fixed, but no address";
    if (error == MMSIM_ENOMEM && fixed && is_outside(address, step->length))
        return "outside 0x10000000-0xBFFFFFFF";
    return NULL;
}

static const char *reason_of_munmap(const struct mm_step *step, enum mmsim_errno error,
                                    mmsim_vaddr address)
{
    if (error != MMSIM_EINVAL)
        return NULL;
    if (address & MMSIM_PAGE_MASK)
        return unaligned;
    return step->length == 0 ? no_length : "beyond 0xBFFFFFFF";
}

/* mprotect stops at the first hole. */
static bool has_hole(const struct mmsim_process *process, mmsim_vaddr address, uint64_t length)
{
    struct mmsim_vma_info vma;
    for (uint64_t done = 0; done < length; done = vma.end - address)
        if (!mmsim_vma_find(process, address + done, &vma) || vma.start > address + done)
            return true;
    return false;
}

static const char *reason_of_mprotect(const struct mm_run *run, const struct mm_step *step,
                                      enum mmsim_errno error, mmsim_vaddr address)
{
    if (error == MMSIM_EINVAL && (address & MMSIM_PAGE_MASK))
        return unaligned;
    if (error == MMSIM_ENOMEM && has_hole(mm_run_actor(run, step), address, step->length))
        return "a part of the range is not mapped";
    return NULL;
}

/* The cache, pool or scope that the step needs was ended, or could not be made. */
static bool lacks_thing(const struct mm_run *run, const struct mm_step *step)
{
    uint32_t number = step->heap.scope != MM_NO_NAME ? step->heap.scope : step->heap.thing;
    if (number == MM_NO_NAME)
        return false;
    const struct mm_thing *thing = &run->things[number];
    bool over = thing->process && !mmsim_process_alive(thing->process);
    return over || (!thing->cache && !thing->pool && !thing->scope);
}

/* Of the verbs of the kernel's memory. */
static const char *reason_of_heap(const struct mm_run *run, const struct mm_step *step,
                                  enum mmsim_errno error)
{
    if (run->why.text[0] != '\0')
        return run->why.text;
    if (error == MMSIM_EBUSY)
        return "objects of it are in use";
    if (error == MMSIM_EEXIST)
        return "there is one of that name";
    if (error == MMSIM_ESRCH)
        return "the process is dead, or was never made";
    if (error != MMSIM_EINVAL)
        return NULL;
    if (step->verb->perform == mm_perform_vmalloc && step->length == 0)
        return no_length;
    return lacks_thing(run, step) ? "it does not exist now" : NULL;
}

/* The MMU would have let the kernel's access pass (proc/access.h: what the simulator keeps there is
 * out of reach). */
static const char *reason_of_refusal(const struct mm_run *run, const struct mm_step *step)
{
    const struct mm_outcome *outcome = &run->outcome;
    struct mmsim_walk walk;
    if (step->by != MM_NAME_KERNEL || outcome->error != MMSIM_EFAULT || outcome->n_faults > 0 ||
        !(outcome->parts & MM_HAS_REFUSED) || outcome->address > UINT32_MAX)
        return NULL;
    mmsim_explain(mm_run_actor(run, step), outcome->address, run->access, &walk);
    return walk.present ? "the page holds the kernel's own objects or tables" : NULL;
}

const char *mm_run_reason(const struct mm_run *run, const struct mm_step *step)
{
    if (run->outcome.bus_error)
        return mmsim_bus_error_text(run->outcome.bus_error);
    enum mmsim_errno error = run->outcome.error;
    mmsim_vaddr address;
    if (run->outcome.outcome != MMSIM_ERROR || run->outcome.unnamed)
        return NULL;
    if (mm_figure_is_given(&run->outcome.figures, MM_FIGURE_MISTAKES) &&
        (error == MMSIM_EINVAL || error == MMSIM_EFAULT))
        return mmsim_heap_mistake_meaning(run->outcome.mistake);
    if (step->heap.site)
        return reason_of_heap(run, step, error);
    if (error == MMSIM_ESRCH)
        return "the process is dead, or was never made";
    if (error == MMSIM_EPERM)
        return "not for the kernel";
    if (step->trace && error == MMSIM_EINVAL)
        return "the trace has more pages than the mapping";
    if (step->verb->traits & MM_VERB_ACCESSES)
        return reason_of_refusal(run, step);
    if (!mm_run_resolve(run, &step->at, &address))
        return NULL;
    if (step->verb->perform == mm_perform_mmap)
        return reason_of_mmap(step, error, address);
    if (step->verb->perform == mm_perform_munmap)
        return reason_of_munmap(step, error, address);
    if (step->verb->perform == mm_perform_mprotect)
        return reason_of_mprotect(run, step, error, address);
    return NULL;
}
