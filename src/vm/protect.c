/* protect.c - cut, change, rewrite the entries, flush what lost a right. */
#include "vm/protect.h"

#include "vm/exec.h"
#include "vm/huge.h"
#include "vm/mmap.h"
#include "vm/populate.h"

enum { PROT_ALL = MMSIM_PROT_READ | MMSIM_PROT_WRITE | MMSIM_PROT_EXEC };

void mm_protect_entries(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr start,
                        mmsim_vaddr end)
{
    if (vma->flags & MMSIM_VMA_DEVICE) { /* no frame says what they were: faults bring them back */
        mm_aspace_zap(aspace, start, end, MM_ZAP_PAGES);
        return;
    }
    mmsim_vaddr first = end;
    mmsim_vaddr last = start;
    mmsim_vaddr page = start;
    while ((page = mm_pgtable_next(aspace->tables, page, end)) < end) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        mmsim_vaddr next = page + mm_aspace_entry_pages(aspace, &entry) * MMSIM_PAGE_SIZE;
        const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
        if (frame) {
            struct mmsim_entry rights = mm_aspace_entry(vma, frame);
            mm_pgtable_protect(aspace->tables, page, &rights);
            if (mm_aspace_lost_rights(&entry, &rights)) {
                first = page < first ? page : first;
                last = next;
            }
        }
        page = next;
    }
    if (first < last)
        mm_flush_range(aspace->tables, first, last);
}

/* ---- mprotect ---- */

/* What one call asks for. */
struct change {
    unsigned prot;
    int key;
};

static unsigned may_bits(unsigned prot)
{
    return (prot & MMSIM_PROT_READ ? MMSIM_VMA_MAY_READ : 0u) |
           (prot & MMSIM_PROT_WRITE ? MMSIM_VMA_MAY_WRITE : 0u) |
           (prot & MMSIM_PROT_EXEC ? MMSIM_VMA_MAY_EXEC : 0u);
}

/*
 * The flags after a change of rights (Linux: mprotect_fixup): private memory that becomes writable
 * is counted from now on, and what was never touched is not counted any more once it is not
 * writable. False: more than may be promised.
 */
static bool account(const struct mm_aspace *aspace, const struct mm_vma *vma, unsigned prot,
                    uint64_t n_pages, unsigned *flags)
{
    const unsigned never = MMSIM_VMA_ACCOUNTED | MMSIM_VMA_HUGETLB | MMSIM_VMA_SHARED |
                           MMSIM_VMA_NORESERVE | MMSIM_VMA_DEVICE;
    *flags = vma->flags;
    if (prot & MMSIM_PROT_WRITE) {
        if (!(vma->prot & MMSIM_PROT_WRITE) &&
            !mm_limit_allows_pages(aspace, prot, vma->flags, n_pages) &&
            mm_limit_allows_pages(aspace, vma->prot, vma->flags, n_pages))
            return false;
        if ((vma->prot & MMSIM_PROT_WRITE) || (vma->flags & never))
            return true;
        *flags |= MMSIM_VMA_ACCOUNTED;
        return mm_commit_allows(aspace->vm, n_pages);
    }
    if (!vma->object && vma->anon == 0)
        *flags &= ~(unsigned)MMSIM_VMA_ACCOUNTED;
    return true;
}

/* Locked pages are there: those that become writable get copies of their own at once. */
static void populate_locked(struct mm_aspace *aspace, const struct mm_vma *vma, unsigned old_prot)
{
    bool becomes_writable = (vma->prot & ~old_prot) & MMSIM_PROT_WRITE;
    if (becomes_writable && (vma->flags & MMSIM_VMA_LOCKED) && !mm_vma_is_shared(vma))
        mm_populate_quietly(aspace, vma->start, vma->end);
}

/* Gives [start, end), a part of one VMA, new rights. */
static enum mmsim_errno change_part(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                                    mmsim_vaddr end, const struct change *change)
{
    uint8_t key = mm_key_for_protect(aspace, vma, change->prot, change->key);
    if (may_bits(change->prot) & ~vma->flags)
        return MMSIM_EACCES;
    if (vma->flags & MMSIM_VMA_SEALED)
        return MMSIM_EPERM;
    if (vma->prot == change->prot && vma->key == key)
        return MMSIM_SUCCESS;
    unsigned flags;
    if (!account(aspace, vma, change->prot, (end - start) >> MMSIM_PAGE_SHIFT, &flags))
        return MMSIM_ENOMEM;
    vma = mm_mmap_isolate(aspace, vma, start, end);
    if (!vma)
        return MMSIM_ENOMEM;
    unsigned old_prot = vma->prot;
    mm_vma_set_prot(&aspace->vmas, vma, change->prot);
    vma->key = key;
    mm_vma_set_flags(&aspace->vmas, vma, flags);
    mm_protect_entries(aspace, vma, start, end);
    mm_exec_changed(aspace);
    struct mm_vma changed = *vma;
    mm_vma_merge(&aspace->vmas, vma);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    populate_locked(aspace, &changed, old_prot);
    return MMSIM_SUCCESS;
}

/* The order of the checks is Linux's (do_mprotect_pkey). */
enum mmsim_errno mm_protect_range(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                  unsigned prot, int key)
{
    if (address & MMSIM_PAGE_MASK)
        return MMSIM_EINVAL;
    if (length == 0)
        return MMSIM_SUCCESS;
    mmsim_vaddr end = address + mm_mmap_round_up(length);
    if (end <= address)
        return MMSIM_ENOMEM;
    if (prot & ~(unsigned)PROT_ALL)
        return MMSIM_EINVAL;
    if (key != -1 && !mm_key_is_usable(aspace, key))
        return MMSIM_EINVAL;
    bool unprotected = aspace->vm->options & MM_OPTION_NO_PROTECTION;
    const struct change change = {unprotected ? (unsigned)PROT_ALL : prot, key};
    for (mmsim_vaddr at = address; at < end;) {
        struct mm_vma *vma = mm_vma_at(&aspace->vmas, at);
        mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
        if (!vma)
            return MMSIM_ENOMEM;
        mmsim_vaddr part_end = vma->end < end ? vma->end : end;
        enum mmsim_errno error = change_part(aspace, vma, at, part_end, &change);
        if (error)
            return error;
        at = part_end;
    }
    return MMSIM_SUCCESS;
}

/* ---- mseal ---- */

static bool is_all_mapped(const struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    while (start < end) {
        const struct mm_vma *vma = mm_vma_at(&aspace->vmas, start);
        if (!vma)
            return false;
        start = vma->end;
    }
    return true;
}

enum mmsim_errno mm_protect_seal(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                 unsigned flags)
{
    mmsim_vaddr end = address + mm_mmap_round_up(length);
    if (flags != 0 || (address & MMSIM_PAGE_MASK) || end < address ||
        (length != 0 && mm_mmap_round_up(length) == 0))
        return MMSIM_EINVAL;
    if (!is_all_mapped(aspace, address, end))
        return MMSIM_ENOMEM;
    for (mmsim_vaddr at = address; at < end;) {
        struct mm_vma *vma = mm_vma_at(&aspace->vmas, at);
        mmsim_vaddr part_end = vma->end < end ? vma->end : end;
        vma = mm_mmap_isolate(aspace, vma, at, part_end);
        if (!vma)
            return MMSIM_ENOMEM;
        mm_vma_set_flags(&aspace->vmas, vma, vma->flags | MMSIM_VMA_SEALED);
        mm_vma_merge(&aspace->vmas, vma);
        at = part_end;
    }
    return MMSIM_SUCCESS;
}
