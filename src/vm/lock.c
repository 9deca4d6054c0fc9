/* lock.c - Linux's mm/mlock.c, mm/mincore.c and mm/msync.c, check by check. */
#include "vm/lock.h"

#include "vm/mmap.h"
#include "vm/pageout.h"
#include "vm/populate.h"

enum {
    LOCK_FLAGS = MMSIM_VMA_LOCKED | MMSIM_VMA_LOCKED_ONFAULT,
    MCL_ALL = MMSIM_MCL_CURRENT | MMSIM_MCL_FUTURE | MMSIM_MCL_ONFAULT,
    MS_ALL = MMSIM_MS_ASYNC | MMSIM_MS_INVALIDATE | MMSIM_MS_SYNC
};

/* ---- flags of VMAs ---- */

/* What can never be taken away need not be locked. */
static bool can_be_locked(const struct mm_vma *vma)
{
    return !(vma->flags & (MMSIM_VMA_DEVICE | MMSIM_VMA_HUGETLB));
}

static enum mmsim_errno set_part(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                                 mmsim_vaddr end, unsigned lock_flags)
{
    unsigned flags = (vma->flags & ~(unsigned)LOCK_FLAGS) | lock_flags;
    if (flags == vma->flags || !can_be_locked(vma))
        return MMSIM_SUCCESS;
    vma = mm_mmap_isolate(aspace, vma, start, end);
    if (!vma)
        return MMSIM_ENOMEM;
    mm_vma_set_flags(&aspace->vmas, vma, flags);
    if (!lock_flags)
        mm_pageout_unlock(aspace, vma->start, vma->end);
    mm_vma_merge(&aspace->vmas, vma);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    return MMSIM_SUCCESS;
}

/* Up to the first hole, where it stops with ENOMEM. */
static enum mmsim_errno set_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end,
                                  unsigned lock_flags)
{
    while (start < end) {
        struct mm_vma *vma = mm_vma_at(&aspace->vmas, start);
        mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
        if (!vma)
            return MMSIM_ENOMEM;
        mmsim_vaddr part_end = vma->end < end ? vma->end : end;
        enum mmsim_errno error = set_part(aspace, vma, start, part_end, lock_flags);
        if (error)
            return error;
        start = part_end;
    }
    return MMSIM_SUCCESS;
}

/* The range in whole pages. False: it wraps. */
static bool round_range(mmsim_vaddr address, uint64_t length, mmsim_vaddr *start, mmsim_vaddr *end)
{
    *start = address & ~MMSIM_PAGE_MASK;
    *end = *start + mm_mmap_round_up(length + (address & MMSIM_PAGE_MASK));
    return *end >= *start;
}

/* ---- mlock ---- */

/* POSIX: what cannot be had is ENOMEM, what there is no memory for EAGAIN. */
static enum mmsim_errno posix_error(enum mmsim_errno error)
{
    return error == MMSIM_EFAULT ? MMSIM_ENOMEM : error == MMSIM_ENOMEM ? MMSIM_EAGAIN : error;
}

enum mmsim_errno mm_lock_range(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                               unsigned flags)
{
    mmsim_vaddr start;
    mmsim_vaddr end;
    if (flags & ~(unsigned)MMSIM_MLOCK_ONFAULT)
        return MMSIM_EINVAL;
    if (aspace->limits.bytes[MMSIM_LIMIT_MEMORY_LOCKED] == 0)
        return MMSIM_EPERM;
    bool sound = round_range(address, length, &start, &end);
    if (sound && !mm_limit_allows_lock(aspace, start, end))
        return MMSIM_ENOMEM;
    if (!sound)
        return MMSIM_EINVAL;
    unsigned on_fault = flags & MMSIM_MLOCK_ONFAULT ? MMSIM_VMA_LOCKED_ONFAULT : 0;
    enum mmsim_errno error = set_range(aspace, start, end, MMSIM_VMA_LOCKED | on_fault);
    return error ? error : posix_error(mm_populate_range(aspace, start, end));
}

enum mmsim_errno mm_lock_release(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length)
{
    mmsim_vaddr start;
    mmsim_vaddr end;
    if (!round_range(address, length, &start, &end))
        return MMSIM_EINVAL;
    return set_range(aspace, start, end, 0);
}

/* ---- mlockall ---- */

static void set_all(struct mm_aspace *aspace, unsigned lock_flags)
{
    struct mm_vma *vma = mm_vma_first(&aspace->vmas);
    while (vma) {
        mmsim_vaddr end = vma->end;
        set_part(aspace, vma, vma->start, end, lock_flags);
        vma = mm_vma_find(&aspace->vmas, end);
    }
}

static unsigned lock_flags_of(unsigned flags)
{
    return MMSIM_VMA_LOCKED | (flags & MMSIM_MCL_ONFAULT ? MMSIM_VMA_LOCKED_ONFAULT : 0u);
}

enum mmsim_errno mm_lock_all(struct mm_aspace *aspace, unsigned flags)
{
    if (flags == 0 || (flags & ~(unsigned)MCL_ALL) || flags == MMSIM_MCL_ONFAULT)
        return MMSIM_EINVAL;
    uint64_t limit = aspace->limits.bytes[MMSIM_LIMIT_MEMORY_LOCKED];
    if (limit == 0)
        return MMSIM_EPERM;
    if ((flags & MMSIM_MCL_CURRENT) && limit != MMSIM_UNLIMITED &&
        mm_limit_mapped_pages(aspace) > limit >> MMSIM_PAGE_SHIFT)
        return MMSIM_ENOMEM;
    aspace->lock_future = flags & MMSIM_MCL_FUTURE ? lock_flags_of(flags) : 0;
    if (!(flags & MMSIM_MCL_CURRENT))
        return MMSIM_SUCCESS;
    set_all(aspace, lock_flags_of(flags));
    mm_populate_quietly(aspace, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END);
    return MMSIM_SUCCESS;
}

enum mmsim_errno mm_lock_release_all(struct mm_aspace *aspace)
{
    aspace->lock_future = 0;
    set_all(aspace, 0);
    return MMSIM_SUCCESS;
}

/* ---- mincore ---- */

static bool is_resident(const struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page)
{
    struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
    if (mm_entry_holds_page(&entry) || (vma->flags & MMSIM_VMA_DEVICE))
        return true;
    if (entry.state == MMSIM_ENTRY_SWAP)
        return mm_anon_slot_is_at_hand(aspace->vm->reclaim, mm_swap_slot_of(entry.base));
    return vma->object && mm_object_find(vma->object, mm_vma_index(vma, page));
}

enum mmsim_errno mm_lock_resident(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                                  uint8_t *vector)
{
    if (address & MMSIM_PAGE_MASK)
        return MMSIM_EINVAL;
    mmsim_vaddr end = address + mm_mmap_round_up(length);
    if (end < address || (length != 0 && end == address) || end > MM_LAYOUT_USER_END)
        return MMSIM_ENOMEM;
    for (mmsim_vaddr page = address; page < end; page += MMSIM_PAGE_SIZE) {
        const struct mm_vma *vma = mm_vma_at(&aspace->vmas, page);
        if (!vma)
            return MMSIM_ENOMEM;
        vector[(page - address) >> MMSIM_PAGE_SHIFT] = is_resident(aspace, vma, page);
    }
    return MMSIM_SUCCESS;
}

/* ---- msync ---- */

static enum mmsim_errno sync_vma(const struct mm_vma *vma, mmsim_vaddr start, mmsim_vaddr end)
{
    if (!vma->object || !mm_vma_is_shared(vma))
        return MMSIM_SUCCESS;
    uint64_t last = mm_vma_index(vma, end - MMSIM_PAGE_SIZE);
    enum mm_object_result result = mm_object_sync(vma->object, mm_vma_index(vma, start), last);
    return result == MM_OBJECT_OK ? MMSIM_SUCCESS : MMSIM_EIO;
}

static enum mmsim_errno sync_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end,
                                   unsigned flags)
{
    enum mmsim_errno hole = MMSIM_SUCCESS;
    while (start < end) {
        const struct mm_vma *vma = mm_vma_find(&aspace->vmas, start);
        if (!vma)
            return MMSIM_ENOMEM;
        if (start < vma->start) {
            if (flags == MMSIM_MS_ASYNC || vma->start >= end)
                return MMSIM_ENOMEM;
            start = vma->start;
            hole = MMSIM_ENOMEM;
        }
        if ((flags & MMSIM_MS_INVALIDATE) && (vma->flags & MMSIM_VMA_LOCKED))
            return MMSIM_EBUSY;
        mmsim_vaddr part_end = vma->end < end ? vma->end : end;
        enum mmsim_errno error =
            flags & MMSIM_MS_SYNC ? sync_vma(vma, start, part_end) : MMSIM_SUCCESS;
        if (error)
            return error;
        start = vma->end;
    }
    return hole;
}

enum mmsim_errno mm_lock_sync(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length,
                              unsigned flags)
{
    const unsigned both = MMSIM_MS_ASYNC | MMSIM_MS_SYNC;
    if ((flags & ~(unsigned)MS_ALL) || (address & MMSIM_PAGE_MASK) || (flags & both) == both)
        return MMSIM_EINVAL;
    mmsim_vaddr end = address + mm_mmap_round_up(length);
    return end < address ? MMSIM_ENOMEM : sync_range(aspace, address, end, flags);
}
