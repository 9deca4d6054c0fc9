/* populate.c - faults without a CPU, page by page. */
#include "vm/populate.h"

#include "vm/fault.h"

static enum mmsim_errno touch(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                              enum mmsim_access_kind access)
{
    struct mm_fault_outcome outcome = mm_fault_resolve(aspace, vma, page, access);
    if (outcome.result == MM_FAULT_NO_MEMORY)
        return MMSIM_ENOMEM;
    return outcome.result == MM_FAULT_REFUSED ? MMSIM_EFAULT : MMSIM_SUCCESS;
}

/* Private writable pages are broken from those of others at once; shared ones are only read, so
 * that they do not become dirty for nothing. */
static enum mmsim_access_kind access_for(const struct mm_vma *vma)
{
    bool own = (vma->prot & MMSIM_PROT_WRITE) && !mm_vma_is_shared(vma);
    return own ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ;
}

static enum mmsim_errno populate_vma(struct mm_aspace *aspace, struct mm_vma *vma,
                                     mmsim_vaddr start, mmsim_vaddr end)
{
    if (vma->flags & (MMSIM_VMA_LOCKED_ONFAULT | MMSIM_VMA_DEVICE))
        return MMSIM_SUCCESS;
    enum mmsim_access_kind access = access_for(vma);
    if (!mm_vma_is_accessible(vma) || !mm_key_allows(aspace, vma, access))
        return MMSIM_EFAULT;
    enum mmsim_errno error = MMSIM_SUCCESS;
    for (mmsim_vaddr page = start; page < end && !error; page += MMSIM_PAGE_SIZE)
        error = touch(aspace, vma, page, access);
    return error;
}

enum mmsim_errno mm_populate_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    enum mmsim_errno error = MMSIM_SUCCESS;
    struct mm_vma *vma = start < end ? mm_vma_find(&aspace->vmas, start) : NULL;
    for (; vma && vma->start < end && !error; vma = mm_vma_next(vma)) {
        mmsim_vaddr from = vma->start > start ? vma->start : start;
        error = populate_vma(aspace, vma, from, vma->end < end ? vma->end : end);
    }
    return error;
}

void mm_populate_quietly(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    struct mm_vma *vma = mm_vma_find(&aspace->vmas, start);
    for (; vma && vma->start < end; vma = mm_vma_next(vma)) {
        mmsim_vaddr from = vma->start > start ? vma->start : start;
        populate_vma(aspace, vma, from, vma->end < end ? vma->end : end);
    }
}

/* MADV_POPULATE_READ wants the right to read itself: x86 pages that can be written can be read, but
 * a mapping that says only "write" does not say so. */
static bool grants(const struct mm_aspace *aspace, const struct mm_vma *vma,
                   enum mmsim_access_kind access)
{
    unsigned needed = access == MMSIM_ACCESS_WRITE ? MMSIM_PROT_WRITE : MMSIM_PROT_READ;
    return (vma->prot & needed) && !(vma->flags & MMSIM_VMA_DEVICE) &&
           mm_key_allows(aspace, vma, access);
}

enum mmsim_errno mm_populate_as(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end,
                                enum mmsim_access_kind access)
{
    for (mmsim_vaddr page = start; page < end; page += MMSIM_PAGE_SIZE) {
        struct mm_vma *vma = mm_vma_at(&aspace->vmas, page);
        if (!vma)
            return MMSIM_ENOMEM;
        if (!grants(aspace, vma, access))
            return MMSIM_EINVAL;
        enum mmsim_errno error = touch(aspace, vma, page, access);
        if (error)
            return error;
    }
    return MMSIM_SUCCESS;
}
