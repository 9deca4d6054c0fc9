/*
 * remap.c - what Linux's mm/mremap.c does, check by check.
 *
 * A move of equal length with FIXED may take several mappings at once, gaps between them kept
 * (Linux 6.17); everything else works on one. The destination of a FIXED move is unmapped first,
 * and stays so if the move fails then.
 */
#include "vm/remap.h"

#include "vm/exec.h"
#include "vm/huge.h"
#include "vm/mmap.h"
#include "vm/populate.h"

enum { FLAGS_ALL = MMSIM_MREMAP_MAYMOVE | MMSIM_MREMAP_FIXED | MMSIM_MREMAP_DONTUNMAP };

/* One remap under way: lengths are whole pages. */
struct remap {
    struct mm_aspace *aspace;
    struct mm_vma *vma; /* that contains `address` */
    mmsim_vaddr address, new_address;
    uint64_t old_length, new_length;
    unsigned flags;
};

static bool names_place(const struct remap *remap)
{
    return remap->flags & (MMSIM_MREMAP_FIXED | MMSIM_MREMAP_DONTUNMAP);
}

static bool grows(const struct remap *remap)
{
    return remap->new_length > remap->old_length;
}

static uint64_t growth_pages(const struct remap *remap)
{
    return grows(remap) ? (remap->new_length - remap->old_length) >> MMSIM_PAGE_SHIFT : 0;
}

/* ---- checks ---- */

static bool overlaps(const struct remap *remap)
{
    return remap->address + remap->old_length > remap->new_address &&
           remap->new_address + remap->new_length > remap->address;
}

static enum mmsim_errno check_parameters(const struct remap *remap)
{
    if ((remap->flags & ~(unsigned)FLAGS_ALL) || (remap->address & MMSIM_PAGE_MASK) ||
        remap->new_length == 0 || remap->new_length > MM_LAYOUT_USER_END)
        return MMSIM_EINVAL;
    if (!names_place(remap))
        return MMSIM_SUCCESS;
    if (remap->new_address > MM_LAYOUT_USER_END - remap->new_length ||
        (remap->new_address & MMSIM_PAGE_MASK) || !(remap->flags & MMSIM_MREMAP_MAYMOVE))
        return MMSIM_EINVAL;
    if ((remap->flags & MMSIM_MREMAP_DONTUNMAP) && remap->old_length != remap->new_length)
        return MMSIM_EINVAL;
    if (overlaps(remap))
        return MMSIM_EINVAL;
    return remap->aspace->vmas.n_vmas + 2 >= MM_VMA_MAX - 3 ? MMSIM_ENOMEM : MMSIM_SUCCESS;
}

/* A mapping that will be made anew must fit in its old one, and in the limits. */
static enum mmsim_errno check_new_mapping(const struct remap *remap)
{
    const struct mm_vma *vma = remap->vma;
    if (remap->old_length == 0 && !mm_vma_is_shared(vma))
        return MMSIM_EINVAL;
    if ((remap->flags & MMSIM_MREMAP_DONTUNMAP) && (vma->flags & MMSIM_VMA_DEVICE))
        return MMSIM_EINVAL;
    uint64_t length = grows(remap) ? remap->old_length : remap->new_length;
    if (length > vma->end - remap->address) /* what shrinks is cut to its new length first */
        return MMSIM_EFAULT;
    if (!grows(remap))
        return MMSIM_SUCCESS;
    if (vma->flags & MMSIM_VMA_DEVICE)
        return MMSIM_EFAULT;
    if ((vma->flags & MMSIM_VMA_LOCKED) &&
        !mm_limit_allows_locked(remap->aspace, growth_pages(remap)))
        return MMSIM_EAGAIN;
    bool fits = mm_limit_allows_pages(remap->aspace, vma->prot, vma->flags, growth_pages(remap));
    return fits ? MMSIM_SUCCESS : MMSIM_ENOMEM;
}

static bool is_large_aligned(const struct remap *remap)
{
    uint64_t mask = mm_huge_bytes(remap->aspace->vm) - 1;
    return !((remap->address | remap->old_length | remap->new_length) & mask) &&
           (!names_place(remap) || !(remap->new_address & mask));
}

static enum mmsim_errno check_vma(struct remap *remap)
{
    if (!remap->vma)
        return MMSIM_EFAULT;
    if (remap->vma->flags & MMSIM_VMA_SEALED)
        return MMSIM_EPERM;
    if ((remap->vma->flags & MMSIM_VMA_HUGETLB) && (!is_large_aligned(remap) || grows(remap)))
        return MMSIM_EINVAL;
    if (!names_place(remap))
        remap->new_address = remap->address;
    return grows(remap) || names_place(remap) ? check_new_mapping(remap) : MMSIM_SUCCESS;
}

/* ---- moving pages ---- */

/* Tables for every entry that will move. False: no memory; those that were made go again. */
static bool prepare_tables(const struct remap *remap)
{
    struct mm_pgtable *tables = remap->aspace->tables;
    mmsim_vaddr end = remap->address + remap->old_length;
    mmsim_vaddr page = remap->address;
    while ((page = mm_pgtable_next(tables, page, end)) < end) {
        if (!mm_pgtable_prepare(tables, remap->new_address + (page - remap->address))) {
            mm_pgtable_trim(tables, remap->new_address, remap->new_address + remap->new_length);
            return false;
        }
        page += MMSIM_PAGE_SIZE;
    }
    return true;
}

static void move_entries(const struct remap *remap)
{
    struct mm_pgtable *tables = remap->aspace->tables;
    mmsim_vaddr end = remap->address + remap->old_length;
    mmsim_vaddr page = remap->address;
    bool moved = false;
    while ((page = mm_pgtable_next(tables, page, end)) < end) {
        struct mmsim_entry entry = mm_pgtable_query(tables, page);
        /* In this order: a table that lost its last entry would be gone. */
        mmsim_vaddr to = remap->new_address + (page - remap->address);
        mm_pgtable_map(tables, to, &entry);
        mm_pgtable_unmap(tables, page);
        struct mm_frame *frame = mm_aspace_frame(remap->aspace, &entry);
        if (frame && frame->use == MM_FRAME_ANON)
            mm_rmap_move(&remap->aspace->vm->reclaim->rmap, frame, tables, page, to);
        page += MMSIM_PAGE_SIZE;
        moved = true;
    }
    if (moved)
        mm_flush_range(tables, remap->address, end);
}

/* ---- moving a mapping ---- */

static struct mm_vma moved_vma(const struct remap *remap)
{
    struct mm_vma like = *remap->vma;
    like.offset = mm_vma_index(remap->vma, remap->address);
    like.start = remap->new_address;
    like.end = remap->new_address + remap->new_length;
    if (!like.object && like.anon == 0) /* never touched: as if it had been made there */
        like.offset = like.start >> MMSIM_PAGE_SHIFT;
    return like;
}

static bool may_promise(const struct remap *remap)
{
    if (!(remap->vma->flags & MMSIM_VMA_ACCOUNTED))
        return true;
    bool keeps_old = remap->flags & MMSIM_MREMAP_DONTUNMAP;
    uint64_t n_pages = keeps_old ? remap->new_length >> MMSIM_PAGE_SHIFT : growth_pages(remap);
    return mm_commit_allows(remap->aspace->vm, n_pages);
}

static void finish_old(const struct remap *remap, struct mm_vma *old)
{
    const unsigned locked = MMSIM_VMA_LOCKED | MMSIM_VMA_LOCKED_ONFAULT;
    struct mm_aspace *aspace = remap->aspace;
    mmsim_vaddr end = remap->address + remap->old_length;
    if (!(remap->flags & MMSIM_MREMAP_DONTUNMAP)) {
        if (remap->old_length > 0)
            mm_mmap_cut_out(aspace, remap->address, end);
        return;
    }
    mm_vma_set_flags(&aspace->vmas, old, old->flags & ~locked);
    if (old->start == remap->address && old->end == end) {
        old->anon = 0;
        old->forked = false;
    }
}

/* The place is free. Reserve, then perform. */
static enum mmsim_errno move(struct remap *remap, mmsim_vaddr *address)
{
    struct mm_aspace *aspace = remap->aspace;
    mmsim_vaddr end = remap->address + remap->old_length;
    if (!may_promise(remap) || aspace->vmas.n_vmas >= MM_VMA_MAX - 3 ||
        !mm_huge_split_range(aspace, remap->address, end) ||
        !mm_huge_split_all(aspace, remap->address, end))
        return MMSIM_ENOMEM;
    uint32_t n_more = 1 + mm_mmap_cut_adds(aspace, remap->address, end);
    if (!prepare_tables(remap) || !mm_mmap_reserve_vmas(aspace, n_more))
        return MMSIM_ENOMEM;
    struct mm_vma like = moved_vma(remap);
    struct mm_vma *moved = mm_vma_insert(&aspace->vmas, &like);
    move_entries(remap);
    finish_old(remap, remap->vma);
    mm_vma_merge(&aspace->vmas, moved);
    mm_exec_changed(aspace);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    if ((like.flags & MMSIM_VMA_LOCKED) && grows(remap))
        mm_populate_quietly(aspace, like.start + remap->old_length, like.end);
    *address = like.start;
    return MMSIM_SUCCESS;
}

static enum mmsim_errno choose_place(struct remap *remap)
{
    const struct mm_aspace *aspace = remap->aspace;
    if (remap->flags & MMSIM_MREMAP_FIXED)
        return mm_mmap_in_user_region(remap->new_address, remap->new_length) ? MMSIM_SUCCESS
                                                                             : MMSIM_ENOMEM;
    mmsim_vaddr hint = remap->flags & MMSIM_MREMAP_DONTUNMAP ? remap->new_address : 0;
    mmsim_vaddr floor = mm_exec_floor(aspace, remap->vma->prot, 0);
    return mm_mmap_choose_place(aspace, hint, remap->new_length, floor, &remap->new_address);
}

static enum mmsim_errno shrink(const struct remap *remap)
{
    return mm_mmap_unmap(remap->aspace, remap->address + remap->new_length,
                         remap->old_length - remap->new_length);
}

/* To a place that was named. */
static enum mmsim_errno move_to(struct remap *remap, mmsim_vaddr *address)
{
    struct mm_aspace *aspace = remap->aspace;
    enum mmsim_errno error = MMSIM_SUCCESS;
    if (remap->flags & MMSIM_MREMAP_FIXED) {
        if (!mm_mmap_in_user_region(remap->new_address, remap->new_length))
            return MMSIM_ENOMEM;
        error = mm_mmap_unmap(aspace, remap->new_address, remap->new_length);
        remap->vma = mm_vma_at(&aspace->vmas, remap->address); /* it may have been cut */
        if (!error && !remap->vma)
            error = MMSIM_EFAULT;
    }
    if (!error && remap->old_length > remap->new_length) {
        error = shrink(remap);
        remap->old_length = remap->new_length;
        remap->vma = mm_vma_at(&aspace->vmas, remap->address);
    }
    if (!error && (remap->flags & MMSIM_MREMAP_DONTUNMAP) &&
        !mm_limit_allows_pages(aspace, remap->vma->prot, remap->vma->flags,
                               remap->old_length >> MMSIM_PAGE_SHIFT))
        error = MMSIM_ENOMEM;
    if (!error)
        error = choose_place(remap);
    return error ? error : move(remap, address);
}

/* ---- in place ---- */

static bool can_grow_in_place(const struct remap *remap)
{
    const struct mm_vma *vma = remap->vma;
    uint64_t growth = remap->new_length - remap->old_length;
    return vma->end - remap->address == remap->old_length &&
           mm_mmap_in_user_region(vma->start, vma->end - vma->start + growth) &&
           mm_vma_is_free(&remap->aspace->vmas, vma->end, vma->end + growth);
}

static enum mmsim_errno grow_in_place(struct remap *remap)
{
    struct mm_aspace *aspace = remap->aspace;
    struct mm_vma *vma = remap->vma;
    mmsim_vaddr old_end = vma->end;
    if (!may_promise(remap))
        return MMSIM_ENOMEM;
    mmsim_vaddr end = remap->address + remap->new_length;
    mm_vma_resize(&aspace->vmas, vma, vma->start, end);
    bool locked = vma->flags & MMSIM_VMA_LOCKED;
    mm_vma_merge(&aspace->vmas, vma);
    mm_exec_changed(aspace);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    if (locked)
        mm_populate_quietly(aspace, old_end, end);
    return MMSIM_SUCCESS;
}

static enum mmsim_errno resize(struct remap *remap, mmsim_vaddr *address)
{
    *address = remap->address;
    if (remap->old_length > remap->new_length)
        return shrink(remap);
    if (!grows(remap))
        return MMSIM_SUCCESS;
    if (can_grow_in_place(remap))
        return grow_in_place(remap);
    if (!(remap->flags & MMSIM_MREMAP_MAYMOVE))
        return MMSIM_ENOMEM;
    enum mmsim_errno error = choose_place(remap);
    return error ? error : move(remap, address);
}

/* ---- several mappings at once ---- */

static enum mmsim_errno move_each(struct remap *whole, mmsim_vaddr *address)
{
    struct mm_vmas *vmas = &whole->aspace->vmas;
    mmsim_vaddr end = whole->address + whole->old_length;
    mmsim_vaddr at = whole->address;
    bool seen = false;
    while (at < end) {
        struct mm_vma *vma = mm_vma_find(vmas, at);
        if (!vma || vma->start >= end)
            break;
        if (!seen && vma->start > at)
            break;
        struct remap part = *whole;
        part.vma = vma;
        part.address = vma->start > at ? vma->start : at;
        part.old_length = (vma->end < end ? vma->end : end) - part.address;
        part.new_length = part.old_length;
        part.new_address = whole->new_address + (part.address - whole->address);
        at = part.address + part.old_length;
        mmsim_vaddr moved_to;
        enum mmsim_errno error = check_vma(&part);
        if (!error)
            error = move_to(&part, &moved_to);
        if (error)
            return error;
        seen = true;
    }
    *address = whole->new_address;
    return seen ? MMSIM_SUCCESS : MMSIM_EFAULT;
}

enum mmsim_errno mm_remap(struct mm_aspace *aspace, const struct mmsim_remap *want,
                          mmsim_vaddr *address)
{
    struct remap remap = {.aspace = aspace,
                          .address = want->address,
                          .new_address = want->new_address,
                          .old_length = mm_mmap_round_up(want->old_length),
                          .new_length = mm_mmap_round_up(want->new_length),
                          .flags = want->flags};
    enum mmsim_errno error = check_parameters(&remap);
    if (error)
        return error;
    mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
    if ((remap.flags & MMSIM_MREMAP_FIXED) && remap.old_length == remap.new_length)
        return move_each(&remap, address);
    remap.vma = mm_vma_at(&aspace->vmas, remap.address);
    error = check_vma(&remap);
    if (error)
        return error;
    return names_place(&remap) ? move_to(&remap, address) : resize(&remap, address);
}
