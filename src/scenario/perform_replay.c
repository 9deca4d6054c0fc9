/*
 * perform_replay.c - the verb `replay`: the references of a trace, made by a process.
 *
 * Page p of the trace is page p of one mapping. The i-th reference of the trace (from 0) is a
 * 4-byte access to word i mod 1024 of its page: a load reads, a store writes the low 32 bits of i,
 * a fetch is an instruction fetch, or a load where the mapping may not be executed.
 */
#include <mmsim/trace.h>

#include "scenario/references.h"
#include "scenario/verb.h"

enum { WORDS_A_PAGE = 1024, WORD_BYTES = 4 };

static void fill_from_trace(struct mm_references *references, struct mmsim_reference *batch,
                            size_t n)
{
    struct mm_replay *replay = &references->replay;
    const uint32_t kinds[MMSIM_N_KINDS] = {
        [MMSIM_KIND_LOAD] = MMSIM_ACCESS_READ,
        [MMSIM_KIND_STORE] = MMSIM_ACCESS_WRITE,
        [MMSIM_KIND_FETCH] = replay->can_fetch ? MMSIM_ACCESS_FETCH : MMSIM_ACCESS_READ};
    for (size_t k = 0; k < n; k++, replay->next++) {
        mmsim_ref ref = replay->refs[replay->next];
        uint64_t word = replay->next % WORDS_A_PAGE;
        batch[k].address =
            replay->base + (uint64_t)mmsim_ref_page(ref) * MMSIM_PAGE_SIZE + word * WORD_BYTES;
        batch[k].value = (uint32_t)replay->next;
        batch[k].kind = kinds[mmsim_ref_kind(ref)];
    }
}

/* A page is brought in by a fault that is resolved: without I/O or with it. */
static void count_misses(struct mm_run *run)
{
    struct mm_outcome *outcome = &run->outcome;
    uint64_t n_misses =
        outcome->n_by_kind[MMSIM_FAULT_MINOR] + outcome->n_by_kind[MMSIM_FAULT_MAJOR];
    mm_figure_set(&outcome->figures, MM_FIGURE_REFERENCES, outcome->done);
    mm_figure_set(&outcome->figures, MM_FIGURE_MISSES, n_misses);
}

/*
 * The memory that a replay makes for itself: with all rights if the kernel grants them, else
 * without that to be executed. What a first touch does to its pages is decided here.
 */
static enum mmsim_errno map_replay_memory(struct mmsim_process *process, uint64_t n_bytes,
                                          mmsim_vaddr *address)
{
    struct mmsim_mapping want = {.length = n_bytes,
                                 .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE | MMSIM_PROT_EXEC,
                                 .flags =
                                     MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | MMSIM_MAP_OWN_PAGES};
    if (mmsim_mmap(process, &want, address) == MMSIM_SUCCESS)
        return MMSIM_SUCCESS;
    want.prot &= ~(unsigned)MMSIM_PROT_EXEC;
    return mmsim_mmap(process, &want, address);
}

static bool make_mapping(struct mm_run *run, const struct mm_step *step, uint64_t n_bytes,
                         mmsim_vaddr *base)
{
    struct mm_binding made = {.length = n_bytes};
    mm_run_errno(run, map_replay_memory(mm_run_actor(run, step), n_bytes, &made.address));
    made.bound = run->outcome.outcome == MMSIM_DONE;
    if (step->name != MM_NO_NAME)
        run->bindings[step->name] = made;
    *base = made.address;
    return made.bound;
}

static bool use_mapping(struct mm_run *run, const struct mm_step *step, uint64_t n_bytes,
                        mmsim_vaddr *base)
{
    const struct mm_binding *over = &run->bindings[step->over];
    run->outcome.unnamed = !over->bound;
    if (!over->bound || over->length < n_bytes)
        mm_run_errno(run, over->bound ? MMSIM_EINVAL : MMSIM_EFAULT);
    *base = over->address;
    return run->outcome.outcome == MMSIM_DONE;
}

/* Whether all of the range may be executed. */
static bool is_executable(const struct mmsim_process *process, mmsim_vaddr start, mmsim_vaddr end)
{
    struct mmsim_vma_info vma = {.end = start, .prot = MMSIM_PROT_EXEC};
    bool found = true;
    while (found && vma.end < end && (vma.prot & MMSIM_PROT_EXEC))
        found = mmsim_vma_find(process, vma.end, &vma);
    return found && (vma.prot & MMSIM_PROT_EXEC) != 0;
}

bool mm_open_replay(struct mm_run *run, const struct mm_step *step,
                    struct mm_references *references)
{
    size_t n_refs;
    struct mm_replay *replay = &references->replay;
    uint64_t n_bytes = (uint64_t)mmsim_trace_pages(step->trace) * MMSIM_PAGE_SIZE;
    bool mapped = step->over == MM_NO_NAME ? make_mapping(run, step, n_bytes, &replay->base)
                                           : use_mapping(run, step, n_bytes, &replay->base);
    if (!mapped)
        return false;
    replay->refs = mmsim_trace_refs(step->trace, &n_refs);
    replay->next = step->start;
    replay->can_fetch =
        is_executable(mm_run_actor(run, step), replay->base, replay->base + n_bytes);
    references->fill = fill_from_trace;
    references->count = count_misses;
    references->left = step->count;
    return true;
}
