/* kernel_heap.c - the public kmalloc and its relatives: simulated addresses in and out. */
#include "alloc/kmalloc.h"
#include "sim/kernel.h"
#include "sim/machine.h"

/* ---- allocating ---- */

static uint64_t at_least_one(uint64_t n_bytes)
{
    return n_bytes > 0 ? n_bytes : 1;
}

/* The set of slabs that will serve n_bytes; 0: whole pages. */
static unsigned set_for(const struct mm_heap *heap, uint64_t n_bytes)
{
    if (n_bytes > MM_KMALLOC_MAX_SLAB_BYTES)
        return 0;
    return heap->set_of_size[(n_bytes + MM_HEAP_GRANULE - 1) / MM_HEAP_GRANULE];
}

mmsim_vaddr mmsim_kmalloc(struct mmsim_machine *machine, uint64_t n_bytes, unsigned flags,
                          const char *site)
{
    struct mm_heap *heap = &machine->heap;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, set_for(heap, n_bytes));
    return mm_kernel_finish(&call, mm_kmalloc(heap, at_least_one(n_bytes)), n_bytes, flags);
}

mmsim_vaddr mmsim_kmemalign(struct mmsim_machine *machine, uint64_t alignment, uint64_t n_bytes,
                            unsigned flags, const char *site)
{
    struct mm_heap *heap = &machine->heap;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, set_for(heap, n_bytes));
    void *object = mm_kmemalign(heap, alignment, at_least_one(n_bytes));
    return mm_kernel_finish(&call, object, n_bytes, flags);
}

/* ---- freeing ---- */

static bool free_any(struct mm_heap *heap, void *object, const uint64_t *n_bytes)
{
    return n_bytes ? mm_kfree_sized(heap, object, at_least_one(*n_bytes)) : mm_kfree(heap, object);
}

/* n_bytes NULL: the caller did not say the size. */
static enum mmsim_errno free_object(struct mmsim_machine *machine, mmsim_vaddr address,
                                    const uint64_t *n_bytes, const char *site)
{
    if (address == 0)
        return MMSIM_SUCCESS;
    struct mm_heap *heap = &machine->heap;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, 0);
    void *object = mm_kernel_to_free(&call, address);
    uint64_t usable_bytes = object ? mm_ksize(heap, object) : 0;
    const char *cache = object ? mm_kernel_name_of(heap, object) : NULL;
    bool done = object && free_any(heap, object, n_bytes);
    if (done)
        mm_kernel_tell(&call, MMSIM_EVENT_KFREE, address, usable_bytes, cache);
    mm_clock_work(&machine->clock, MM_WORK_HEAP);
    if (n_bytes)
        mm_clock_work(&machine->clock, MM_WORK_HEAP_FIND);
    mm_kernel_end(&call);
    return done ? MMSIM_SUCCESS : MMSIM_EINVAL;
}

enum mmsim_errno mmsim_kfree(struct mmsim_machine *machine, mmsim_vaddr address, const char *site)
{
    return free_object(machine, address, NULL, site);
}

enum mmsim_errno mmsim_kfree_sized(struct mmsim_machine *machine, mmsim_vaddr address,
                                   uint64_t n_bytes, const char *site)
{
    return free_object(machine, address, &n_bytes, site);
}

/* ---- changing the size ---- */

/* What moving costs: another object, and the bytes. */
static void charge_move(struct mmsim_machine *machine, uint64_t old_bytes, uint64_t new_bytes)
{
    mm_clock_work(&machine->clock, MM_WORK_HEAP);
    mm_kernel_charge_words(machine, MM_WORK_COPY_WORD,
                           old_bytes < new_bytes ? old_bytes : new_bytes);
}

mmsim_vaddr mmsim_krealloc(struct mmsim_machine *machine, mmsim_vaddr address, uint64_t n_bytes,
                           const char *site)
{
    if (address == 0)
        return mmsim_kmalloc(machine, n_bytes, 0, site);
    if (n_bytes == 0) {
        mmsim_kfree(machine, address, site);
        return 0;
    }
    struct mm_heap *heap = &machine->heap;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, 0);
    void *object = mm_kernel_to_free(&call, address);
    uint64_t old_bytes = object ? mm_ksize(heap, object) : 0;
    const char *old_cache = object ? mm_kernel_name_of(heap, object) : NULL;
    void *moved = object ? mm_krealloc(heap, object, n_bytes) : NULL;
    mmsim_vaddr place = moved ? mm_heap_address(heap, moved) : 0;
    if (moved) {
        mm_kernel_tell(&call, MMSIM_EVENT_KFREE, address, old_bytes, old_cache);
        mm_kernel_tell(&call, MMSIM_EVENT_KMALLOC, place, n_bytes, mm_kernel_name_of(heap, moved));
    }
    if (moved && moved != object)
        charge_move(machine, old_bytes, n_bytes);
    mm_clock_work(&machine->clock, MM_WORK_HEAP);
    mm_clock_work(&machine->clock, MM_WORK_HEAP_FIND);
    mm_kernel_end(&call);
    return place;
}

/* ---- looking ---- */

uint64_t mmsim_ksize(const struct mmsim_machine *machine, mmsim_vaddr address)
{
    const void *object = mm_kernel_object(machine, address);
    return object ? mm_ksize(&machine->heap, object) : 0;
}

/* Of the page where an offset of RAM lies. */
static bool is_memory_of_heap(const struct mm_heap *heap, uint64_t offset)
{
    unsigned set = heap->page_map[offset >> MMSIM_PAGE_SHIFT];
    return set != 0 && set != MM_HEAP_SET_META;
}

/* Page by page: an address behind a guarded object leads nowhere, though the frame behind its last
 * one may be the heap's. */
void *mmsim_kernel_bytes(struct mmsim_machine *machine, mmsim_vaddr address, uint64_t n_bytes)
{
    const struct mm_heap *heap = &machine->heap;
    uint64_t first = mm_heap_locate(heap, address);
    if (first >= heap->low_bytes || n_bytes > heap->low_bytes - first)
        return NULL;
    uint64_t end = first + (n_bytes > 0 ? n_bytes : 1);
    for (uint64_t at = first; at < end; at = (at | MMSIM_PAGE_MASK) + 1)
        if (mm_heap_locate(heap, address + (at - first)) != at || !is_memory_of_heap(heap, at))
            return NULL;
    return heap->ram + first;
}
