/* kernel_leak.c - the public search for objects that nobody can reach, and where it begins. */
#include "alloc/leak.h"

#include "alloc/leak_watch.h"
#include "base/text.h"
#include "sim/kernel.h"
#include "sim/machine.h"

/* The heap's metadata: C structs of its own that lead to objects. */
static void each_metadata(const struct mm_heap *heap,
                          void (*visit)(void *search, const void *words, size_t n_bytes),
                          void *search)
{
    mmsim_pfn pfn = heap->meta_block;
    while (pfn != MM_NO_PFN) { /* each names the one before it, and its own order */
        uint64_t payload = heap->zones->table[pfn].payload;
        visit(search, heap->ram + mm_pfn_address(pfn), MMSIM_PAGE_SIZE << (payload >> 32));
        pfn = (mmsim_pfn)payload;
    }
}

/* What leads to the kernel's objects: the machine, its heap, what callers hold of processes. */
/* Items of the reverse map are chained by offsets, from the frame table on. */
static void each_mapping(const struct mmsim_machine *machine,
                         void (*visit)(void *search, const void *words, size_t n_bytes),
                         void *search)
{
    const struct mm_zones *zones = &machine->zones;
    const struct mm_rmap *rmap = &machine->reclaim.rmap;
    const struct mm_frame *frame = mm_zone_next_used(zones, 0);
    for (; frame; frame = mm_zone_next_used(zones, mm_frame_pfn(zones, frame) + 1)) {
        if (frame->use != MM_FRAME_ANON)
            continue;
        for (uint32_t item = frame->next; item != 0; item = mm_rmap_next_item(rmap, item)) {
            const void *pointer = mm_heap_pointer(&machine->heap, item);
            visit(search, &pointer, sizeof pointer);
        }
    }
}

static void each_root(void *user, void (*visit)(void *search, const void *words, size_t n_bytes),
                      void *search)
{
    const struct mmsim_machine *machine = user;
    visit(search, machine, sizeof *machine);
    each_metadata(&machine->heap, visit, search);
    each_mapping(machine, visit, search);
    for (size_t i = 0; i < machine->n_processes; i++)
        visit(search, machine->processes[i], sizeof *machine->processes[i]);
}

static void each_page(const struct mmsim_machine *machine, const struct mm_vmap_area *area,
                      void (*visit)(void *search, const void *words, size_t n_bytes), void *search)
{
    for (uint64_t i = 0; i < area->n_pages; i++) {
        mmsim_vaddr page = area->start + (i << MMSIM_PAGE_SHIFT);
        struct mmsim_entry entry = mm_pgtable_query(machine->paging.master, page);
        visit(search, mm_phys_host(&machine->phys, entry.base, MMSIM_PAGE_SIZE), MMSIM_PAGE_SIZE);
    }
}

static void each_area(void *user, void (*visit)(void *search, const void *words, size_t n_bytes),
                      void *search)
{
    const struct mmsim_machine *machine = user;
    const struct mm_vmalloc *vmalloc = &machine->kernel_memory.vmalloc;
    const struct mm_vmap_area *area = mm_vmalloc_next(vmalloc, 0);
    while (area) {
        if (area->kind == MM_VMAP_PAGES)
            each_page(machine, area, visit, search);
        area = mm_vmalloc_next(vmalloc, area->start + ((area->n_pages + 1) << MMSIM_PAGE_SHIFT));
    }
}

void mm_kernel_init_leaks(struct mmsim_machine *machine)
{
    struct mm_leak *leak = &machine->kernel_memory.leak;
    mm_leak_init(leak, &machine->heap, &machine->host);
    leak->each_root = each_root;
    leak->each_area = each_area;
    leak->root_user = machine;
}

/* ---- the search ---- */

static void tell_rows(struct mmsim_machine *machine)
{
    const struct mm_leak *leak = &machine->kernel_memory.leak;
    for (size_t i = 0; i < leak->n_rows; i++) {
        const struct mmsim_leak *row = &leak->rows[i];
        struct mm_kernel_call call = {.machine = machine, .site = row->site};
        mm_kernel_tell(&call, MMSIM_EVENT_LEAK, row->address, row->bytes, row->cache);
    }
}

enum mmsim_status mmsim_leak_scan(struct mmsim_machine *machine, enum mmsim_leak_mode mode,
                                  struct mmsim_leak_result *result, struct mmsim_error *error)
{
    struct mm_kernel *kernel = &machine->kernel_memory;
    if (mode != MMSIM_LEAK_CONSERVATIVE && mode != MMSIM_LEAK_EXACT)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "mode", "%d is no mode", (int)mode);
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    kernel->leak.young_step = machine->n_steps > 0 ? machine->obs.step : UINT64_MAX;
    enum mmsim_status status = mm_leak_scan(&kernel->leak, mode, result);
    mm_kernel_charge_words(machine, MM_WORK_SCAN_WORD, result->scanned_bytes);
    if (!status) {
        kernel->n_leaked = result->n_leaked;
        tell_rows(machine);
    }
    mm_kernel_end(&call);
    return status ? mm_error_set(error, status, "", "no host memory to look for leaks") : MMSIM_OK;
}

bool mmsim_leak_at(const struct mmsim_machine *machine, size_t index, struct mmsim_leak *leak)
{
    const struct mm_leak *found = &machine->kernel_memory.leak;
    if (index >= found->n_rows)
        return false;
    *leak = found->rows[index];
    return true;
}

/* ---- what is known beforehand ---- */

static bool is_in_area(const struct mmsim_machine *machine, mmsim_vaddr address, uint64_t n_bytes)
{
    const struct mm_vmap_area *area = mm_vmalloc_at(&machine->kernel_memory.vmalloc, address);
    if (!area || area->kind != MM_VMAP_PAGES)
        return false;
    uint64_t offset = address - area->start, area_bytes = area->n_pages << MMSIM_PAGE_SHIFT;
    return offset < area_bytes && n_bytes <= area_bytes - offset;
}

enum mmsim_errno mmsim_leak_root(struct mmsim_machine *machine, mmsim_vaddr address,
                                 uint64_t n_bytes)
{
    struct mm_leak *leak = &machine->kernel_memory.leak;
    if (address == 0) {
        mm_leak_remove_roots(leak);
        return MMSIM_SUCCESS;
    }
    if (n_bytes == 0)
        return MMSIM_EINVAL;
    if (is_in_area(machine, address, n_bytes)) /* a search begins there anyway */
        return MMSIM_SUCCESS;
    if (!mmsim_kernel_bytes(machine, address, n_bytes))
        return MMSIM_EINVAL;
    return mm_leak_add_root(leak, address, n_bytes);
}

enum mmsim_errno mmsim_leak_mark(struct mmsim_machine *machine, mmsim_vaddr address,
                                 enum mmsim_leak_mark mark)
{
    struct mm_leak *leak = &machine->kernel_memory.leak;
    if ((unsigned)mark > MMSIM_LEAK_IGNORE)
        return MMSIM_EINVAL;
    return mm_leak_mark(leak, mm_heap_locate(&machine->heap, address), mark);
}

enum mmsim_status mmsim_leak_watch(struct mmsim_machine *machine, enum mmsim_leak_watching what,
                                   struct mmsim_error *error)
{
    struct mm_leak *leak = &machine->kernel_memory.leak;
    if (what == MMSIM_LEAK_WATCH_OFF)
        mm_leak_watch_end(leak);
    else if (!mm_leak_watch_start(leak))
        return mm_error_set(error, MMSIM_HOST_MEMORY, "", "no host memory to watch stores");
    return MMSIM_OK;
}
