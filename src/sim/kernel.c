/* kernel.c - building what the public calls on the kernel's memory need, and its end. */
#include "sim/kernel.h"

#include "alloc/checked.h"
#include "alloc/site.h"
#include "sim/machine.h"

/* ---- beginning ---- */

/* All caches that exist before anybody calls are the kernel's own, but for kmalloc's. */
static void claim_caches(struct mm_heap *heap)
{
    for (struct mm_list *at = heap->caches.next; at != &heap->caches; at = at->next) {
        struct mm_cache *cache = MM_CONTAINER_OF(at, struct mm_cache, link);
        if (cache->is_kmalloc)
            continue;
        mm_cache_claim(cache);
    }
}

static void set_switches(struct mmsim_machine *machine)
{
    unsigned zero = machine->config.zero_frames ? MM_ZONES_ZERO : 0;
    unsigned poison = machine->config.poison_frames ? MM_ZONES_POISON : 0;
    mm_zones_set_switches(&machine->zones, zero | poison);
}

bool mm_kernel_init(struct mmsim_machine *machine)
{
    struct mm_kernel *kernel = &machine->kernel_memory;
    struct mm_heap *heap = &machine->heap;
    mm_list_init(&kernel->caches);
    heap->on_report = mm_kernel_on_report;
    heap->report_user = machine;
    machine->zones.on_corruption = mm_kernel_on_corruption;
    machine->zones.corruption_user = machine;
    mm_kernel_init_leaks(machine);
    if (!mm_vmalloc_init(&kernel->vmalloc, &machine->paging) ||
        !mm_pools_init(&kernel->pools, heap) || !mm_scopes_init(&kernel->scopes, heap))
        return false;
    claim_caches(heap);
    set_switches(machine);
    return mm_kernel_check_all(machine, machine->config.heap_checks);
}

/* ---- end ---- */

static bool is_leak(const struct mm_heap_object *object)
{
    return !object->cache || !mm_cache_is_own(object->cache);
}

static void report_objects(struct mmsim_machine *machine)
{
    const struct mm_heap *heap = &machine->heap;
    struct mm_heap_object object;
    for (uint64_t at = 0; mm_heap_next(heap, at, &object); at = object.offset + 1) {
        if (!is_leak(&object))
            continue;
        struct mm_heap_track track = mm_checked_track(heap, object.offset);
        struct mm_kernel_call call = {.machine = machine,
                                      .site = mm_site_text(heap, track.alloc_site)};
        const void *place = mm_heap_pointer(heap, object.offset);
        mm_kernel_tell(&call, MMSIM_EVENT_LEAK, mm_heap_address(heap, place), object.bytes,
                       mm_kernel_name_of(heap, place));
    }
}

static void report_areas(struct mmsim_machine *machine)
{
    struct mmsim_vmalloc_info area;
    for (size_t i = 0; mmsim_vmalloc_at(machine, i, &area); i++) {
        struct mm_kernel_call call = {.machine = machine, .site = area.site};
        mm_kernel_tell(&call, MMSIM_EVENT_LEAK, area.address, area.n_pages << MMSIM_PAGE_SHIFT,
                       "vmalloc");
    }
}

static void report_leaks(struct mmsim_machine *machine)
{
    if (!mm_obs_wants(&machine->obs, MMSIM_EVENT_LEAK))
        return;
    report_objects(machine);
    report_areas(machine);
}

void mm_kernel_fini(struct mmsim_machine *machine)
{
    struct mm_kernel *kernel = &machine->kernel_memory;
    if (kernel->scopes.heap) {
        mm_scopes_fini(&kernel->scopes); /* the last to begin: what is left now is nobody's */
        report_leaks(machine);
    }
    if (kernel->pools.heap)
        mm_pools_fini(&kernel->pools);
    if (kernel->vmalloc.paging)
        mm_vmalloc_fini(&kernel->vmalloc);
    if (kernel->leak.heap)
        mm_leak_fini(&kernel->leak);
    if (kernel->caches.next)
        mm_kernel_forget_caches(machine);
}
