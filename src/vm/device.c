/* device.c - a VMA over a window of the bus, and its entries. */
#include "vm/device.h"

#include "hw/bus.h"
#include "vm/exec.h"
#include "vm/mmap.h"

static bool is_window(const struct mm_bus *bus, mmsim_paddr physical, uint64_t length)
{
    const struct mm_window *window = mm_bus_window(bus, physical, 1);
    return window && physical - window->at <= window->size &&
           length <= window->size - (physical - window->at);
}

enum mmsim_errno mm_device_map(struct mm_aspace *aspace, mmsim_paddr physical, uint64_t length,
                               unsigned prot, mmsim_vaddr *address)
{
    enum { FLAGS = MMSIM_VMA_SHARED | MMSIM_VMA_DEVICE | MMSIM_VMA_DONTDUMP };
    const unsigned may = MMSIM_VMA_MAY_READ | MMSIM_VMA_MAY_WRITE;
    if (length == 0 || ((physical | length) & MMSIM_PAGE_MASK))
        return MMSIM_EINVAL;
    if (!is_window(aspace->vm->paging->board->bus, physical, length))
        return MMSIM_ENXIO;
    struct mm_vma like = {.prot = prot & (MMSIM_PROT_READ | MMSIM_PROT_WRITE),
                          .flags = FLAGS | may,
                          .offset = physical >> MMSIM_PAGE_SHIFT};
    mmsim_vaddr floor = mm_exec_floor(aspace, like.prot, MMSIM_MAP_SHARED);
    enum mmsim_errno error = mm_mmap_choose_place(aspace, 0, length, floor, &like.start);
    if (error)
        return error;
    like.end = like.start + length;
    if (!mm_limit_allows_pages(aspace, like.prot, like.flags, length >> MMSIM_PAGE_SHIFT) ||
        !mm_mmap_reserve_vmas(aspace, 1))
        return MMSIM_ENOMEM;
    mm_vma_insert(&aspace->vmas, &like);
    mm_clock_work(aspace->vm->clock, MM_WORK_CHANGE_VMA);
    *address = like.start;
    return MMSIM_SUCCESS;
}

bool mm_device_populate(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page)
{
    const unsigned writable = vma->prot & MMSIM_PROT_WRITE ? MMSIM_ENTRY_WRITABLE : 0u;
    unsigned flags = MMSIM_ENTRY_USER | MMSIM_ENTRY_UNCACHED | writable;
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                .flags = (uint8_t)mm_exec_withhold(aspace->vm, flags),
                                .key = vma->key,
                                .base = mm_vma_index(vma, page) << MMSIM_PAGE_SHIFT};
    if (!mm_pgtable_prepare(aspace->tables, page))
        return false;
    mm_pgtable_map(aspace->tables, page, &entry);
    mm_clock_work(aspace->vm->clock, MM_WORK_ENTRY);
    return true;
}
