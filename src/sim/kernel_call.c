/* kernel_call.c - entering and leaving the kernel for its own memory: CPU, site, price, events. */
#include "sim/kernel.h"

#include <string.h>

#include "alloc/guard.h"
#include "alloc/report.h"
#include "hw/cpu.h"
#include "sim/machine.h"

/* ---- calls ---- */

void mmsim_kernel_at(struct mmsim_machine *machine, const char *site)
{
    machine->kernel_memory.site = machine->heap.site = site;
}

static const struct mm_slab_set *set_at(const struct mm_heap *heap, unsigned set)
{
    return set >= MM_HEAP_FIRST_SET && set < MM_HEAP_MAX_SETS ? heap->sets[set] : NULL;
}

static uint64_t n_taken(const struct mm_heap *heap, unsigned set)
{
    return set_at(heap, set) ? set_at(heap, set)->n_taken : 0;
}

struct mm_kernel_call mm_kernel_begin(struct mmsim_machine *machine, const char *site, unsigned set)
{
    struct mm_heap *heap = &machine->heap;
    mm_paging_enter_cpu(&machine->paging, machine->kernel.cpu);
    site = site ? site : machine->kernel_memory.site;
    heap->site = machine->zones.site = site;
    return (struct mm_kernel_call){.machine = machine,
                                   .site = site,
                                   .set = set,
                                   .n_taken = n_taken(heap, set),
                                   .n_frames = heap->n_frames};
}

/* A batch moved, or an object without a magazine; a slab or run came or went; checks. */
static void charge_set(const struct mm_kernel_call *call)
{
    struct mm_clock *clock = &call->machine->clock;
    const struct mm_heap *heap = &call->machine->heap;
    const struct mm_slab_set *set = set_at(heap, call->set);
    if (n_taken(heap, call->set) != call->n_taken)
        mm_clock_work(clock, MM_WORK_HEAP_BATCH);
    if (heap->n_frames != call->n_frames)
        mm_clock_work(clock, MM_WORK_FRAME);
    if (set && (set->checks & MM_CHECKS_CALLS))
        mm_clock_work(clock, MM_WORK_HEAP_CHECK);
}

void mm_kernel_end(struct mm_kernel_call *call)
{
    charge_set(call);
    call->machine->heap.site = call->machine->kernel_memory.site;
    call->machine->zones.site = NULL;
    mm_machine_after_call(call->machine);
}

void mm_kernel_charge_words(struct mmsim_machine *machine, enum mm_work work, uint64_t n_bytes)
{
    mm_clock_charge(&machine->clock, (n_bytes + 3) / 4 * mm_work_cycles[work]);
}

/* ---- events ---- */

static struct mmsim_event kernel_event(const struct mmsim_machine *machine,
                                       enum mmsim_event_type type)
{
    return (struct mmsim_event){.type = type, .cpu = machine->kernel.cpu};
}

void mm_kernel_tell(const struct mm_kernel_call *call, enum mmsim_event_type type,
                    mmsim_vaddr address, uint64_t n_bytes, const char *cache)
{
    struct mmsim_machine *machine = call->machine;
    if (!mm_obs_wants(&machine->obs, type))
        return;
    struct mmsim_event event = kernel_event(machine, type);
    event.address = address;
    event.length = n_bytes;
    event.cache = cache;
    event.site = call->site;
    mm_obs_emit(&machine->obs, &event);
}

void mm_kernel_after_call(struct mmsim_machine *machine)
{
    const struct mm_zones *zones = &machine->zones;
    struct mm_kernel *kernel = &machine->kernel_memory;
    if (zones->n_compactions == kernel->n_compactions)
        return;
    uint64_t n_moved = zones->n_compacted_frames - kernel->n_compacted_frames;
    kernel->n_compactions = zones->n_compactions;
    kernel->n_compacted_frames = zones->n_compacted_frames;
    if (n_moved == 0 || !mm_obs_wants(&machine->obs, MMSIM_EVENT_COMPACT))
        return;
    struct mmsim_event event = kernel_event(machine, MMSIM_EVENT_COMPACT);
    event.value = n_moved;
    mm_obs_emit(&machine->obs, &event);
}

/* ---- addresses and objects ---- */

/* Of the page where an offset lies; 0: nothing of the heap's. */
static unsigned set_of_page(const struct mm_heap *heap, uint64_t offset)
{
    return offset < heap->low_bytes ? heap->page_map[offset >> MMSIM_PAGE_SHIFT] : 0;
}

static const struct mm_cache *cache_of(const struct mm_heap *heap, uint64_t offset)
{
    const struct mm_slab_set *set = set_at(heap, set_of_page(heap, offset));
    return set ? set->owner : NULL;
}

static bool is_kernels_own(const struct mm_heap *heap, uint64_t offset)
{
    const struct mm_cache *cache = cache_of(heap, offset);
    return cache && mm_cache_is_own(cache) && mm_heap_is_live(heap, offset);
}

/* Made of a number: the sum need not point into RAM. */
static void *pointer_to(const struct mm_heap *heap, uint64_t offset)
{
    return (void *)((uintptr_t)heap->ram + offset);
}

void *mm_kernel_to_free(struct mm_kernel_call *call, mmsim_vaddr address)
{
    struct mm_heap *heap = &call->machine->heap;
    uint64_t offset = mm_heap_locate(heap, address);
    if (offset == UINT64_MAX) {
        mm_guard_bad_free(heap, address);
        return NULL;
    }
    void *object = pointer_to(heap, offset);
    if (is_kernels_own(heap, offset)) {
        mm_report_wrong_cache(heap, object, NULL);
        return NULL;
    }
    call->set = set_of_page(heap, offset);
    call->n_taken = n_taken(heap, call->set);
    return object;
}

void *mm_kernel_object(const struct mmsim_machine *machine, mmsim_vaddr address)
{
    const struct mm_heap *heap = &machine->heap;
    uint64_t offset = mm_heap_locate(heap, address);
    return mm_heap_is_live(heap, offset) ? pointer_to(heap, offset) : NULL;
}

const char *mm_kernel_name_of(const struct mm_heap *heap, const void *object)
{
    const struct mm_cache *cache = cache_of(heap, mm_heap_offset(heap, object));
    return cache ? cache->name : "page";
}

mmsim_vaddr mm_kernel_finish(struct mm_kernel_call *call, void *object, uint64_t n_bytes,
                             unsigned flags)
{
    struct mmsim_machine *machine = call->machine;
    mmsim_vaddr address = object ? mm_heap_address(&machine->heap, object) : 0;
    if (object && (flags & MMSIM_ALLOC_ZERO)) {
        memset(object, 0, n_bytes);
        mm_kernel_charge_words(machine, MM_WORK_ZERO_WORD, n_bytes);
    }
    if (object)
        mm_kernel_tell(call, MMSIM_EVENT_KMALLOC, address, n_bytes,
                       mm_kernel_name_of(&machine->heap, object));
    mm_clock_work(&machine->clock, MM_WORK_HEAP);
    mm_kernel_end(call);
    return address;
}
