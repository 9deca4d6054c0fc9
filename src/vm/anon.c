/* anon.c - demand-zero and copy-on-write. */
#include "vm/anon.h"

/* The kernel reaches low frames directly and high ones through a temporary map, which costs. */
static uint8_t *touch(const struct mm_aspace *aspace, const struct mm_frame *frame)
{
    struct mm_vm *vm = aspace->vm;
    if (mm_pfn_address(mm_frame_pfn(vm->zones, frame)) >= MM_LOWMEM_END)
        mm_clock_work(vm->clock, MM_WORK_TEMPORARY_MAP);
    return mm_frame_bytes(vm->zones, frame);
}

static struct mm_frame *take_frame(struct mm_aspace *aspace)
{
    mm_clock_work(aspace->vm->clock, MM_WORK_FRAME);
    return mm_zone_alloc(aspace->vm->zones, MM_FRAME_ANON, 0);
}

static struct mmsim_entry entry_for(const struct mm_aspace *aspace, const struct mm_vma *vma,
                                    const struct mm_frame *frame)
{
    unsigned flags;
    enum mmsim_entry_state state = mm_aspace_entry_rights(aspace, vma->prot, frame, &flags);
    return (struct mmsim_entry){.state = state,
                                .flags = (uint8_t)flags,
                                .base = mm_pfn_address(mm_frame_pfn(aspace->vm->zones, frame))};
}

static struct mm_frame *take_zeroed(struct mm_aspace *aspace)
{
    struct mm_frame *frame = take_frame(aspace);
    if (!frame)
        return NULL;
    memset(touch(aspace, frame), 0, MMSIM_PAGE_SIZE);
    mm_clock_work(aspace->vm->clock, MM_WORK_ZERO_PAGE);
    return frame;
}

enum mm_anon_result mm_anon_populate(struct mm_aspace *aspace, const struct mm_vma *vma,
                                     mmsim_vaddr page, enum mmsim_access_kind access)
{
    if (!mm_pgtable_prepare(aspace->tables, page))
        return MM_ANON_NO_MEMORY;
    bool write = access == MMSIM_ACCESS_WRITE;
    struct mm_frame *frame = write ? take_zeroed(aspace) : aspace->vm->zero_frame;
    if (!frame) {
        mm_pgtable_trim(aspace->tables, page, page + MMSIM_PAGE_SIZE);
        return MM_ANON_NO_MEMORY;
    }
    struct mmsim_entry entry = entry_for(aspace, vma, frame);
    mm_pgtable_map(aspace->tables, page, &entry);
    aspace->rss += write;
    return write ? MM_ANON_FILLED : MM_ANON_ZERO_PAGE;
}

/* Puts `frame` where `old` is mapped, and lets go of `old`. */
static void replace(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page,
                    struct mm_frame *old, struct mm_frame *frame)
{
    struct mmsim_entry entry = entry_for(aspace, vma, frame);
    mm_pgtable_map(aspace->tables, page, &entry);
    mm_flush_page(aspace->tables, page);
    if (old != aspace->vm->zero_frame)
        mm_frame_put(aspace->vm->zones, old);
}

static enum mm_anon_result copy(struct mm_aspace *aspace, const struct mm_vma *vma,
                                mmsim_vaddr page, struct mm_frame *old)
{
    struct mm_frame *frame = take_frame(aspace);
    if (!frame)
        return MM_ANON_NO_MEMORY;
    memcpy(touch(aspace, frame), touch(aspace, old), MMSIM_PAGE_SIZE);
    mm_clock_work(aspace->vm->clock, MM_WORK_COPY_PAGE);
    replace(aspace, vma, page, old, frame);
    return MM_ANON_COPIED;
}

static enum mm_anon_result fill(struct mm_aspace *aspace, const struct mm_vma *vma,
                                mmsim_vaddr page)
{
    struct mm_frame *frame = take_zeroed(aspace);
    if (!frame)
        return MM_ANON_NO_MEMORY;
    replace(aspace, vma, page, aspace->vm->zero_frame, frame);
    aspace->rss++;
    return MM_ANON_FILLED;
}

enum mm_anon_result mm_anon_own(struct mm_aspace *aspace, const struct mm_vma *vma,
                                mmsim_vaddr page, const struct mmsim_entry *entry)
{
    struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    if (frame == aspace->vm->zero_frame)
        return fill(aspace, vma, page);
    if (frame->count > 1)
        return copy(aspace, vma, page, frame);
    unsigned flags;
    enum mmsim_entry_state state = mm_aspace_entry_rights(aspace, vma->prot, frame, &flags);
    mm_pgtable_protect(aspace->tables, page, state, flags);
    return MM_ANON_REUSED;
}
