/* report.c - what the heap's users did wrong; see report.h. */
#include "alloc/report.h"

#include <string.h>

#include "alloc/checked.h"
#include "alloc/site.h"

static struct mmsim_heap_moment moment(const struct mm_heap *heap, unsigned site, uint64_t step)
{
    return (struct mmsim_heap_moment){mm_site_text(heap, site), step};
}

/* Reports name places as the machine sees them; what lies in no memory of the machine's has none.
 */
static mmsim_vaddr address_of(const struct mm_heap *heap, const void *object)
{
    uint64_t offset = mm_heap_offset(heap, object);
    return offset <= UINT32_MAX ? (mmsim_vaddr)offset : 0;
}

void mm_report(struct mm_heap *heap, struct mmsim_heap_report *report)
{
    report->now = (struct mmsim_heap_moment){heap->site, mm_site_step(heap)};
    heap->n_reports++;
    if (heap->on_report)
        heap->on_report(heap->report_user, report);
}

bool mm_report_describe(const struct mm_heap *heap, uint64_t offset,
                        struct mmsim_heap_report *report)
{
    struct mm_heap_object object;
    if (!mm_heap_find(heap, offset, &object))
        return false;
    struct mm_heap_track track = mm_checked_track(heap, object.offset);
    report->cache = object.cache ? object.cache->name : "page";
    report->object = mm_heap_address(heap, mm_heap_pointer(heap, object.offset));
    report->object_bytes = object.bytes;
    report->offset = (int64_t)offset - object.offset;
    report->allocated = moment(heap, track.alloc_site, track.alloc_step);
    report->freed = moment(heap, track.free_site, track.free_step);
    return true;
}

struct mmsim_heap_report mm_report_of(const struct mm_heap *heap,
                                      const struct mm_heap_damage *damage)
{
    struct mmsim_heap_report report = {.mistake = damage->mistake,
                                       .address = damage->first,
                                       .n_found = damage->n_bytes,
                                       .expected = damage->expected};
    uint32_t n_shown = damage->n_bytes;
    if (n_shown > sizeof report.found)
        n_shown = sizeof report.found;
    memcpy(report.found, mm_heap_pointer(heap, damage->first), n_shown);
    mm_report_describe(heap, damage->object, &report);
    report.offset = (int64_t)damage->first - damage->object;
    return report;
}

/* ---- pages that are no longer the heap's ---- */

void mm_report_note_freed(struct mm_heap *heap, mmsim_vaddr address, uint64_t n_bytes,
                          const char *kind)
{
    heap->freed[heap->n_freed++ % MM_HEAP_N_FREED] =
        (struct mm_heap_freed){address, n_bytes, kind, heap->site, mm_site_step(heap)};
}

/* The newest at an address; NULL. */
static const struct mm_heap_freed *freed_at(const struct mm_heap *heap, mmsim_vaddr address)
{
    uint64_t n = heap->n_freed < MM_HEAP_N_FREED ? heap->n_freed : MM_HEAP_N_FREED;
    for (uint64_t i = 1; i <= n; i++) {
        const struct mm_heap_freed *freed = &heap->freed[(heap->n_freed - i) % MM_HEAP_N_FREED];
        if (freed->address == address)
            return freed;
    }
    return NULL;
}

bool mm_report_freed_again(struct mm_heap *heap, mmsim_vaddr address)
{
    const struct mm_heap_freed *freed = freed_at(heap, address);
    if (!freed)
        return false;
    struct mmsim_heap_report report = {.mistake = MMSIM_HEAP_DOUBLE_FREE,
                                       .cache = freed->kind,
                                       .address = address,
                                       .object = address,
                                       .object_bytes = freed->n_bytes,
                                       .freed = {freed->site, freed->step}};
    mm_report(heap, &report);
    return true;
}

static bool is_no_heap_page(const struct mm_heap *heap, uint64_t offset)
{
    return offset < heap->low_bytes && heap->page_map[offset >> MMSIM_PAGE_SHIFT] == 0;
}

/* ---- bad frees ---- */

bool mm_report_bad_free(struct mm_heap *heap, const void *object)
{
    uint64_t offset = mm_heap_offset(heap, object);
    if (is_no_heap_page(heap, offset) && mm_report_freed_again(heap, offset))
        return false;
    struct mmsim_heap_report report = {.mistake = MMSIM_HEAP_FOREIGN_FREE,
                                       .address = address_of(heap, object)};
    if (mm_report_describe(heap, offset, &report))
        report.mistake = report.offset == 0 ? MMSIM_HEAP_DOUBLE_FREE : MMSIM_HEAP_INSIDE_FREE;
    if (report.object != 0)
        report.address = report.object + (uint64_t)report.offset;
    mm_report(heap, &report);
    return false;
}

bool mm_report_bad_size(struct mm_heap *heap, const void *object, size_t n_bytes)
{
    struct mmsim_heap_report report = {.mistake = MMSIM_HEAP_WRONG_SIZE,
                                       .address = mm_heap_address(heap, object),
                                       .given_bytes = n_bytes};
    mm_report_describe(heap, mm_heap_offset(heap, object), &report);
    mm_report(heap, &report);
    return false;
}

bool mm_report_wrong_cache(struct mm_heap *heap, const void *object, const struct mm_cache *cache)
{
    (void)cache; /* the report names the object's own; who frees it says where that was */
    struct mmsim_heap_report report = {.mistake = MMSIM_HEAP_WRONG_CACHE,
                                       .address = mm_heap_address(heap, object)};
    mm_report_describe(heap, mm_heap_offset(heap, object), &report);
    mm_report(heap, &report);
    return false;
}
