/* kernel_area.c - the public vmalloc: large areas, contiguous for the kernel alone. */
#include "sim/kernel.h"
#include "sim/machine.h"

static const char area_name[] = "vmalloc";

mmsim_vaddr mmsim_vmalloc(struct mmsim_machine *machine, uint64_t n_bytes, const char *site)
{
    struct mm_kernel_call call = mm_kernel_begin(machine, site, 0);
    mmsim_vaddr address = mm_vmalloc(&machine->kernel_memory.vmalloc, n_bytes);
    if (address)
        mm_kernel_tell(&call, MMSIM_EVENT_KMALLOC, address, n_bytes, area_name);
    mm_kernel_end(&call);
    return address;
}

enum mmsim_errno mmsim_vfree(struct mmsim_machine *machine, mmsim_vaddr address, const char *site)
{
    struct mm_vmalloc *vmalloc = &machine->kernel_memory.vmalloc;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, 0);
    const struct mm_vmap_area *area = mm_vmalloc_at(vmalloc, address);
    uint64_t n_bytes = area ? area->n_bytes : 0;
    bool done = mm_vfree(vmalloc, address);
    if (done && address)
        mm_kernel_tell(&call, MMSIM_EVENT_KFREE, address, n_bytes, area_name);
    mm_kernel_end(&call);
    return done ? MMSIM_SUCCESS : MMSIM_EINVAL;
}

/* ---- looking ---- */

bool mmsim_vmalloc_at(const struct mmsim_machine *machine, size_t index,
                      struct mmsim_vmalloc_info *info)
{
    const struct mm_vmalloc *vmalloc = &machine->kernel_memory.vmalloc;
    const struct mm_vmap_area *area = mm_vmalloc_next(vmalloc, 0);
    while (area && (area->kind != MM_VMAP_PAGES || index-- > 0))
        area = mm_vmalloc_next(vmalloc, area->start + ((area->n_pages + 1) << MMSIM_PAGE_SHIFT));
    if (!area)
        return false;
    *info = (struct mmsim_vmalloc_info){
        .address = area->start,
        .n_bytes = (area->n_pages + 1) << MMSIM_PAGE_SHIFT,
        .n_pages = area->n_pages,
        .site = area->site,
        .step = area->step,
    };
    return true;
}
