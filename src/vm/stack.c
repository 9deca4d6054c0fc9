/* stack.c - stacks, which grow, and the heap region, which brk() moves. */
#include "vm/exec.h"
#include "vm/mmap.h"
#include "vm/populate.h"

enum { MAY_ALL = MMSIM_VMA_MAY_READ | MMSIM_VMA_MAY_WRITE | MMSIM_VMA_MAY_EXEC };

/* ---- stacks ---- */

static struct mm_vma anonymous(mmsim_vaddr start, mmsim_vaddr end, unsigned flags)
{
    return (struct mm_vma){.start = start,
                           .end = end,
                           .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                           .flags = (unsigned)MAY_ALL | MMSIM_VMA_ACCOUNTED | flags,
                           .offset = start >> MMSIM_PAGE_SHIFT};
}

bool mm_mmap_stack(struct mm_aspace *aspace)
{
    mmsim_vaddr end = aspace->regions.stack_end;
    struct mm_vma like =
        anonymous(end - MM_STACK_START_BYTES, end, MMSIM_VMA_GROWSDOWN | MMSIM_VMA_STACK);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    bool made = mm_vma_insert(&aspace->vmas, &like) != NULL;
    mm_exec_changed(aspace);
    return made;
}

/* Linux lets a stack come as near as it likes to another stack, or to what nobody can enter. */
static bool keeps_gap(const struct mm_aspace *aspace, const struct mm_vma *stack, mmsim_vaddr start)
{
    const struct mm_vma *below = mm_vma_prev(stack);
    if (!below || !mm_vma_is_accessible(below) || (below->flags & MMSIM_VMA_GROWSDOWN))
        return true;
    bool guarded = !(aspace->vm->options & MM_OPTION_NO_STACK_GUARD);
    return !guarded || start - below->end >= MM_VMA_STACK_GAP;
}

static bool limits_allow(const struct mm_aspace *aspace, const struct mm_vma *stack,
                         mmsim_vaddr start)
{
    uint64_t n_more = (stack->start - start) >> MMSIM_PAGE_SHIFT;
    if (stack->end - start > aspace->limits.bytes[MMSIM_LIMIT_STACK])
        return false;
    if ((stack->flags & MMSIM_VMA_LOCKED) && !mm_limit_allows_locked(aspace, n_more))
        return false;
    return mm_limit_allows_pages(aspace, stack->prot, stack->flags, n_more) &&
           mm_commit_allows(aspace->vm, n_more);
}

bool mm_mmap_grow_stack(struct mm_aspace *aspace, mmsim_vaddr address)
{
    struct mm_vma *stack = mm_vma_find(&aspace->vmas, address);
    if (!stack || !(stack->flags & MMSIM_VMA_GROWSDOWN) || !mm_layout_is_user(address))
        return false;
    mmsim_vaddr start = address & ~MMSIM_PAGE_MASK;
    if (!keeps_gap(aspace, stack, start) || !limits_allow(aspace, stack, start))
        return false;
    mm_vma_mark_anon(stack, &aspace->vm->n_anon_marks);
    mm_vma_resize(&aspace->vmas, stack, start, stack->end);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    return true; /* also of a locked one: the fault brings its page, and no other */
}

/* ---- the heap region ---- */

static bool may_grow_heap(struct mm_aspace *aspace, mmsim_vaddr from, mmsim_vaddr to)
{
    uint64_t n_more = (to - from) >> MMSIM_PAGE_SHIFT;
    unsigned prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE;
    if (!mm_mmap_in_user_region(from, to - from) || !mm_vma_has_room(&aspace->vmas, from, to))
        return false;
    if ((aspace->lock_future & MMSIM_VMA_LOCKED) && !mm_limit_allows_locked(aspace, n_more))
        return false;
    return mm_limit_allows_pages(aspace, prot, 0, n_more) && mm_commit_allows(aspace->vm, n_more);
}

static bool grow_heap(struct mm_aspace *aspace, mmsim_vaddr from, mmsim_vaddr to)
{
    if (!may_grow_heap(aspace, from, to) || !mm_mmap_reserve_vmas(aspace, 1))
        return false;
    struct mm_vma like = anonymous(from, to, MMSIM_VMA_HEAP | aspace->lock_future);
    mm_vma_merge(&aspace->vmas, mm_vma_insert(&aspace->vmas, &like));
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    if (like.flags & MMSIM_VMA_LOCKED)
        mm_populate_quietly(aspace, from, to);
    return true;
}

static bool shrink_heap(struct mm_aspace *aspace, mmsim_vaddr from, mmsim_vaddr to)
{
    return mm_mmap_unmap(aspace, to, from - to) == MMSIM_SUCCESS;
}

static bool move_heap_end(struct mm_aspace *aspace, mmsim_vaddr wanted)
{
    const struct mm_regions *regions = &aspace->regions;
    if (wanted < regions->heap || wanted > MM_LAYOUT_USER_END)
        return false;
    uint64_t data = aspace->limits.bytes[MMSIM_LIMIT_DATA];
    if (data != MMSIM_UNLIMITED && wanted - regions->heap > data)
        return false;
    mmsim_vaddr from = mm_mmap_round_up(aspace->heap_end);
    mmsim_vaddr to = mm_mmap_round_up(wanted);
    if (to > from && !grow_heap(aspace, from, to))
        return false;
    if (to < from && !shrink_heap(aspace, from, to))
        return false;
    aspace->heap_end = wanted;
    return true;
}

enum mmsim_errno mm_mmap_brk(struct mm_aspace *aspace, mmsim_vaddr wanted, mmsim_vaddr *now)
{
    bool moved = wanted == 0 || move_heap_end(aspace, wanted);
    *now = aspace->heap_end;
    return moved ? MMSIM_SUCCESS : MMSIM_ENOMEM;
}
