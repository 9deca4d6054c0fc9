/* kernel_check.c - which checks the heap makes, and who is told of the mistakes that it finds. */
#include <string.h>

#include "alloc/checked.h"
#include "alloc/kmalloc.h"
#include "alloc/report.h"
#include "alloc/scrub.h"
#include "base/text.h"
#include "sim/kernel.h"
#include "sim/machine.h"

_Static_assert((unsigned)MMSIM_HEAP_RED_ZONES == MM_CHECK_RED_ZONES &&
                   (unsigned)MMSIM_HEAP_POISON == MM_CHECK_POISON &&
                   (unsigned)MMSIM_HEAP_TRACK == MM_CHECK_TRACK &&
                   (unsigned)MMSIM_HEAP_QUARANTINE == MM_CHECK_QUARANTINE &&
                   (unsigned)MMSIM_HEAP_GUARD == MM_CHECK_GUARD &&
                   (unsigned)MMSIM_HEAP_HARDEN == MM_CHECK_HARDEN &&
                   (unsigned)MMSIM_HEAP_SHUFFLE == MM_CHECK_SHUFFLE,
               "the public checks are the heap's, bit for bit");

/* ---- switching ---- */

/* What a cache gets that is asked for `checks`: guard pages are only for objects that are reached
 * through the MMU, and what a scope needs stays. */
static unsigned checks_for(const struct mm_cache *cache, unsigned checks)
{
    unsigned refused = mm_cache_is_own(cache) ? MM_CHECK_GUARD : 0;
    return (checks & ~refused) | (cache->checks & MM_CHECK_SCOPED);
}

static bool matches(const struct mm_cache *cache, const char *name)
{
    size_t n = strlen(name);
    if (n > 0 && name[n - 1] == '*')
        return strncmp(cache->name, name, n - 1) == 0;
    if (strcmp(name, "kmalloc") == 0)
        return cache->is_kmalloc;
    return strcmp(cache->name, name) == 0;
}

/* Switches the caches of a name; counts them. False: no memory. */
static bool switch_caches(struct mm_heap *heap, const char *name, unsigned checks, size_t *n)
{
    *n = 0;
    for (struct mm_list *at = heap->caches.next; at != &heap->caches; at = at->next) {
        struct mm_cache *cache = MM_CONTAINER_OF(at, struct mm_cache, link);
        if (!matches(cache, name))
            continue;
        ++*n;
        if (!mm_cache_set_checks(cache, checks_for(cache, checks)))
            return false;
    }
    return true;
}

bool mm_kernel_check_all(struct mmsim_machine *machine, unsigned checks)
{
    size_t n;
    return checks == 0 || switch_caches(&machine->heap, "*", checks, &n);
}

enum mmsim_status mmsim_heap_set_checks(struct mmsim_machine *machine, const char *cache,
                                        unsigned checks, struct mmsim_error *error)
{
    if (checks & ~MM_KERNEL_CHECKS)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "checks", "0x%x has bits that are no check",
                            checks);
    if (!cache)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "cache", "no name was given");
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    size_t n;
    bool done = switch_caches(&machine->heap, cache, checks, &n);
    mm_clock_charge(&machine->clock, n * mm_work_cycles[MM_WORK_CACHE]);
    mm_kernel_end(&call);
    if (!done)
        return mm_error_set(error, MMSIM_GUEST_MEMORY, "",
                            "no memory, or no room, for another set of slabs of '%s'", cache);
    if (n == 0)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "cache", "there is no cache '%s'", cache);
    return MMSIM_OK;
}

uint64_t mmsim_heap_verify(struct mmsim_machine *machine)
{
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    uint64_t n_damages = mm_heap_verify(&machine->heap) + mm_scrub_scan(&machine->zones);
    mm_kernel_charge_words(machine, MM_WORK_SCAN_WORD, machine->heap.n_frames << MMSIM_PAGE_SHIFT);
    mm_kernel_end(&call);
    return n_damages;
}

/* ---- mistakes ---- */

void mm_kernel_on_report(void *user, const struct mmsim_heap_report *report)
{
    struct mmsim_machine *machine = user;
    const struct mm_kernel *kernel = &machine->kernel_memory;
    if (mm_obs_wants(&machine->obs, MMSIM_EVENT_HEAP_MISTAKE)) {
        struct mmsim_event event = {.type = MMSIM_EVENT_HEAP_MISTAKE,
                                    .cpu = machine->paging.current_cpu,
                                    .address = report->address,
                                    .value = report->mistake,
                                    .cache = report->cache,
                                    .site = report->now.site};
        mm_obs_emit(&machine->obs, &event);
    }
    if (kernel->listener)
        kernel->listener(kernel->listener_user, report);
}

void mm_kernel_on_corruption(void *user, mmsim_pfn pfn, uint32_t offset, uint8_t found)
{
    (void)found; /* the first of several that are shown */
    struct mmsim_machine *machine = user;
    const uint8_t *bytes = mm_frame_bytes(&machine->zones, &machine->zones.table[pfn]);
    uint32_t end = MMSIM_PAGE_SIZE;
    while (end > offset + 1 && bytes[end - 1] == MM_SCRUB_POISON)
        end--;
    struct mmsim_heap_report report = {.mistake = MMSIM_HEAP_USE_AFTER_FREE,
                                       .cache = "page",
                                       .address = mm_pfn_address(pfn) + offset,
                                       .object = mm_pfn_address(pfn),
                                       .object_bytes = MMSIM_PAGE_SIZE,
                                       .offset = offset,
                                       .n_found = end - offset,
                                       .expected = MM_SCRUB_POISON};
    uint32_t n_shown = report.n_found;
    if (n_shown > sizeof report.found)
        n_shown = sizeof report.found;
    memcpy(report.found, bytes + offset, n_shown);
    mm_report(&machine->heap, &report);
}

void mmsim_heap_listen(struct mmsim_machine *machine, mmsim_heap_listener listener, void *user)
{
    machine->kernel_memory.listener = listener;
    machine->kernel_memory.listener_user = user;
}

uint64_t mmsim_heap_n_mistakes(const struct mmsim_machine *machine)
{
    return machine->heap.n_reports;
}
