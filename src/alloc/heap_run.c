/*
 * heap_run.c - large blocks: runs of whole pages, contiguous and not rounded to a power of two.
 *
 * A run's first frame knows its length (payload); its pages are marked in the page map, and the
 * live bit of its first granule is set.
 */
#include <string.h>

#include "alloc/heap.h"
#include "alloc/leak.h"
#include "alloc/report.h"
#include "alloc/run.h"

void *mm_heap_alloc_run(struct mm_heap *heap, uint64_t n_frames, unsigned align_order)
{
    if (mm_inject_fails(&heap->inject, n_frames << MMSIM_PAGE_SHIFT, heap->site))
        return NULL;
    struct mm_frame *frame = mm_run_alloc(heap->zones, MM_FRAME_SLAB, n_frames, align_order);
    if (!frame && mm_heap_reap(heap) > 0)
        frame = mm_run_alloc(heap->zones, MM_FRAME_SLAB, n_frames, align_order);
    if (!frame)
        return NULL;
    uint32_t offset = mm_frame_pfn(heap->zones, frame) << MMSIM_PAGE_SHIFT;
    frame->payload = n_frames;
    memset(heap->page_map + (offset >> MMSIM_PAGE_SHIFT), MM_HEAP_SET_RUN, n_frames);
    mm_heap_set_live(heap, offset);
    heap->n_runs++;
    heap->n_run_frames += n_frames;
    mm_heap_count_frames(heap, (int64_t)n_frames);
    if (heap->leak)
        mm_leak_on_alloc(heap->leak, offset);
    return mm_heap_pointer(heap, offset);
}

uint64_t mm_heap_run_frames(const struct mm_heap *heap, uint32_t offset)
{
    return heap->zones->table[offset >> MMSIM_PAGE_SHIFT].payload;
}

bool mm_heap_resize_run(struct mm_heap *heap, uint32_t offset, uint64_t n_frames)
{
    mmsim_pfn first = offset >> MMSIM_PAGE_SHIFT;
    struct mm_frame *frame = &heap->zones->table[first];
    uint64_t n_before = mm_heap_run_frames(heap, offset);
    uint32_t end = offset + (uint32_t)(n_before << MMSIM_PAGE_SHIFT);
    if (n_frames < n_before) {
        if (heap->leak)
            mm_leak_on_cut(heap->leak, offset + (uint32_t)(n_frames << MMSIM_PAGE_SHIFT), end);
        memset(heap->page_map + first + n_frames, 0, n_before - n_frames);
        mm_run_shrink(heap->zones, frame, n_before, n_frames);
    } else if (n_frames > n_before) {
        if (!mm_run_extend(heap->zones, frame, n_before, n_frames))
            return false;
        memset(heap->page_map + first + n_before, MM_HEAP_SET_RUN, n_frames - n_before);
        if (heap->leak)
            mm_leak_on_grow(heap->leak, end, (uint32_t)((first + n_frames) << MMSIM_PAGE_SHIFT));
    }
    frame->payload += n_frames - n_before;
    heap->n_run_frames += n_frames - n_before;
    mm_heap_count_frames(heap, (int64_t)(n_frames - n_before));
    return true;
}

void mm_heap_free_run(struct mm_heap *heap, uint32_t offset)
{
    struct mm_frame *frame = &heap->zones->table[offset >> MMSIM_PAGE_SHIFT];
    uint64_t n_frames = mm_heap_run_frames(heap, offset);
    mm_report_note_freed(heap, offset, n_frames << MMSIM_PAGE_SHIFT, "page");
    memset(heap->page_map + (offset >> MMSIM_PAGE_SHIFT), 0, n_frames);
    mm_heap_clear_live(heap, offset);
    heap->n_runs--;
    heap->n_run_frames -= n_frames;
    mm_heap_count_frames(heap, -(int64_t)n_frames);
    mm_run_free(heap->zones, frame, n_frames);
}

void mm_heap_free_runs(struct mm_heap *heap)
{
    for (uint32_t pfn = 0; pfn < heap->low_bytes >> MMSIM_PAGE_SHIFT && heap->n_runs > 0; pfn++)
        if (heap->page_map[pfn] == MM_HEAP_SET_RUN)
            mm_heap_free_run(heap, pfn << MMSIM_PAGE_SHIFT);
}
