/* mmap.c - decode the request, reserve what it takes, then perform. */
#include "vm/mmap.h"

enum {
    PROT_ALL = MMSIM_PROT_READ | MMSIM_PROT_WRITE | MMSIM_PROT_EXEC,
    FLAGS_FIXED = MMSIM_MAP_FIXED | MMSIM_MAP_FIXED_NOREPLACE,
    FLAGS_KNOWN = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | MMSIM_MAP_GROWSDOWN | FLAGS_FIXED,
    FLAGS_KEPT = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | MMSIM_MAP_GROWSDOWN
};

static uint64_t round_up(uint64_t length)
{
    return (length + MMSIM_PAGE_MASK) & ~MMSIM_PAGE_MASK;
}

static bool in_user_region(mmsim_vaddr address, uint64_t length)
{
    return address >= MM_LAYOUT_USER_START && address < MM_LAYOUT_USER_END &&
           length <= MM_LAYOUT_USER_END - address;
}

/* ---- mmap ---- */

/*
 * A hint, rounded down as Linux does, is taken if it is good; else the lowest room from the start
 * of the mmap region.
 */
static enum mmsim_errno choose_place(const struct mm_aspace *aspace, mmsim_vaddr hint,
                                     uint64_t length, mmsim_vaddr *place)
{
    *place = hint & ~MMSIM_PAGE_MASK;
    bool usable = hint != 0 && in_user_region(*place, length);
    if (usable && mm_vma_has_room(&aspace->vmas, *place, *place + length))
        return MMSIM_SUCCESS;
    bool found = mm_vma_find_gap(&aspace->vmas, MM_LAYOUT_MMAP_START, length, place);
    return found ? MMSIM_SUCCESS : MMSIM_ENOMEM;
}

static enum mmsim_errno check_place(const struct mm_aspace *aspace,
                                    const struct mmsim_mapping *want, uint64_t length)
{
    if (!in_user_region(want->address, length))
        return MMSIM_ENOMEM;
    if (want->address & MMSIM_PAGE_MASK)
        return MMSIM_EINVAL;
    bool free = mm_vma_is_free(&aspace->vmas, want->address, want->address + length);
    return (want->flags & MMSIM_MAP_FIXED_NOREPLACE) && !free ? MMSIM_EEXIST : MMSIM_SUCCESS;
}

/* The order of the checks is Linux's (do_mmap): length, room, range, alignment, kind. */
static enum mmsim_errno decode_mapping(const struct mm_aspace *aspace,
                                       const struct mmsim_mapping *want, mmsim_vaddr *place,
                                       uint64_t *length)
{
    if (want->length == 0)
        return MMSIM_EINVAL;
    *length = round_up(want->length);
    if (*length == 0 || *length > MM_LAYOUT_USER_END - MM_LAYOUT_USER_START)
        return MMSIM_ENOMEM;
    if (aspace->vmas.n_vmas >= MM_VMA_MAX)
        return MMSIM_ENOMEM;
    *place = want->address;
    enum mmsim_errno error = want->flags & FLAGS_FIXED
                                 ? check_place(aspace, want, *length)
                                 : choose_place(aspace, want->address, *length, place);
    if (error)
        return error;
    unsigned needed = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS;
    bool known = !(want->flags & ~(unsigned)FLAGS_KNOWN) && !(want->prot & ~(unsigned)PROT_ALL);
    return known && (want->flags & needed) == needed ? MMSIM_SUCCESS : MMSIM_EINVAL;
}

/* Takes [start, end) out of every VMA; the VMAs that a cut may need are reserved. */
static void cut_out(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    struct mm_vmas *vmas = &aspace->vmas;
    struct mm_vma *vma = mm_vma_find(vmas, start);
    if (vma && vma->start < start && vma->end > end)
        mm_vma_split(vmas, vma, end);
    while (vma && vma->start < end) {
        struct mm_vma *above = mm_vma_next(vma);
        if (vma->start < start)
            mm_vma_resize(vmas, vma, vma->start, start);
        else if (vma->end > end)
            mm_vma_resize(vmas, vma, end, vma->end);
        else
            mm_vma_remove(vmas, vma);
        mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
        vma = above;
    }
    mm_aspace_zap(aspace, start, end);
}

/* How many VMAs there are more after cutting out [start, end): one if it lies inside of one. */
static uint32_t cut_adds(const struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    const struct mm_vma *vma = mm_vma_find(&aspace->vmas, start);
    return vma && vma->start < start && vma->end > end;
}

static bool have_room(struct mm_aspace *aspace, uint32_t n_more)
{
    if (aspace->vmas.n_vmas + n_more > MM_VMA_MAX)
        return false;
    if (mm_cache_reserve(aspace->vmas.cache, n_more))
        return true;
    mm_cache_shrink(aspace->vmas.cache);
    return false;
}

enum mmsim_errno mm_mmap_map(struct mm_aspace *aspace, const struct mmsim_mapping *want,
                             mmsim_vaddr *address)
{
    mmsim_vaddr start;
    uint64_t length;
    enum mmsim_errno error = decode_mapping(aspace, want, &start, &length);
    if (error)
        return error;
    if (!have_room(aspace, 1 + cut_adds(aspace, start, start + length)))
        return MMSIM_ENOMEM;
    cut_out(aspace, start, start + length);
    unsigned flags = want->flags & (unsigned)FLAGS_KEPT;
    mm_vma_merge(&aspace->vmas,
                 mm_vma_insert(&aspace->vmas, start, start + length, want->prot, flags));
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    *address = start;
    return MMSIM_SUCCESS;
}

/* ---- munmap ---- */

enum mmsim_errno mm_mmap_unmap(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length)
{
    if ((address & MMSIM_PAGE_MASK) || address > MM_LAYOUT_USER_END ||
        length > MM_LAYOUT_USER_END - address || length == 0)
        return MMSIM_EINVAL;
    mmsim_vaddr end = address + round_up(length);
    if (end <= MM_LAYOUT_USER_START)
        return MMSIM_SUCCESS;
    mmsim_vaddr start = address > MM_LAYOUT_USER_START ? address : MM_LAYOUT_USER_START;
    if (!have_room(aspace, cut_adds(aspace, start, end)))
        return MMSIM_ENOMEM;
    mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
    cut_out(aspace, start, end);
    return MMSIM_SUCCESS;
}

/* ---- mprotect ---- */

static bool lost_rights(const struct mmsim_entry *before, enum mmsim_entry_state state,
                        unsigned flags)
{
    bool was_writable = before->flags & MMSIM_ENTRY_WRITABLE;
    return before->state == MMSIM_ENTRY_PRESENT &&
           (state != MMSIM_ENTRY_PRESENT || (was_writable && !(flags & MMSIM_ENTRY_WRITABLE)));
}

static void protect_entries(struct mm_aspace *aspace, const struct mm_vma *vma)
{
    mmsim_vaddr first = vma->end;
    mmsim_vaddr last = vma->start;
    mmsim_vaddr page = vma->start;
    while ((page = mm_pgtable_next(aspace->tables, page, vma->end)) < vma->end) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        unsigned flags;
        enum mmsim_entry_state state =
            mm_aspace_entry_rights(aspace, vma->prot, mm_aspace_frame(aspace, &entry), &flags);
        mm_pgtable_protect(aspace->tables, page, state, flags);
        if (lost_rights(&entry, state, flags)) {
            first = page < first ? page : first;
            last = page;
        }
        page += MMSIM_PAGE_SIZE;
    }
    if (first <= last && first < vma->end)
        mm_flush_range(aspace->tables, first, last + MMSIM_PAGE_SIZE);
}

/* Gives [start, end), a part of one VMA, new rights. False: no memory, nothing changed. */
static bool protect_part(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                         mmsim_vaddr end, unsigned prot)
{
    struct mm_vmas *vmas = &aspace->vmas;
    if (vma->prot == prot)
        return true;
    if (!have_room(aspace, (uint32_t)(vma->start < start) + (uint32_t)(vma->end > end)))
        return false;
    if (vma->start < start)
        vma = mm_vma_split(vmas, vma, start);
    if (vma->end > end)
        mm_vma_split(vmas, vma, end);
    vma->prot = prot;
    protect_entries(aspace, vma);
    mm_vma_merge(vmas, vma);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    return true;
}

enum mmsim_errno mm_mmap_protect(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                 unsigned prot)
{
    if (address & MMSIM_PAGE_MASK)
        return MMSIM_EINVAL;
    if (length == 0)
        return MMSIM_SUCCESS;
    mmsim_vaddr end = address + round_up(length);
    if (end <= address)
        return MMSIM_ENOMEM;
    if (prot & ~(unsigned)PROT_ALL)
        return MMSIM_EINVAL;
    for (mmsim_vaddr at = address; at < end;) {
        struct mm_vma *vma = mm_vma_at(&aspace->vmas, at);
        mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
        if (!vma)
            return MMSIM_ENOMEM;
        mmsim_vaddr part_end = vma->end < end ? vma->end : end;
        if (!protect_part(aspace, vma, at, part_end, prot))
            return MMSIM_ENOMEM;
        at = part_end;
    }
    return MMSIM_SUCCESS;
}

/* ---- stacks ---- */

bool mm_mmap_stack(struct mm_aspace *aspace)
{
    unsigned flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | MMSIM_MAP_GROWSDOWN | MM_VMA_STACK;
    mmsim_vaddr start = MM_LAYOUT_STACK_END - MM_STACK_START_BYTES;
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    return mm_vma_insert(&aspace->vmas, start, MM_LAYOUT_STACK_END,
                         MMSIM_PROT_READ | MMSIM_PROT_WRITE, flags) != NULL;
}

bool mm_mmap_grow_stack(struct mm_aspace *aspace, mmsim_vaddr address)
{
    struct mm_vma *stack = mm_vma_find(&aspace->vmas, address);
    if (!stack || !(stack->flags & MMSIM_MAP_GROWSDOWN) || !mm_layout_is_user(address))
        return false;
    mmsim_vaddr start = address & ~MMSIM_PAGE_MASK;
    if (stack->end - start > MM_STACK_LIMIT)
        return false;
    const struct mm_vma *below = mm_vma_prev(stack);
    bool guarded = below && below->prot != MMSIM_PROT_NONE && !(below->flags & MMSIM_MAP_GROWSDOWN);
    if (guarded && start - below->end < MM_VMA_STACK_GAP)
        return false;
    mm_vma_resize(&aspace->vmas, stack, start, stack->end);
    mm_vma_merge(&aspace->vmas, stack);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    return true;
}
