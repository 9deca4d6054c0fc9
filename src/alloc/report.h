/*
 * report.h - what the heap's users did wrong, as a record that names everything known about it.
 *
 * A report is made the moment a mistake is found, handed to heap->on_report after the damage was
 * put right, and not kept. Printing is not done here: report/heap_text.c writes it as Linux's SLUB
 * does, report/heap_json.c as JSON.
 *
 * Which mistake a bad free is, the maps of the heap tell: nothing of the heap's (FOREIGN_FREE), an
 * object's start (DOUBLE_FREE), or somewhere else in its slot (INSIDE_FREE). Whole pages are no
 * longer the heap's when they are free: of those the last 64 are remembered for a DOUBLE_FREE. An
 * object whose slab was given back is FOREIGN_FREE.
 */
#ifndef MM_ALLOC_REPORT_H
#define MM_ALLOC_REPORT_H

#include <mmsim/alloc.h>

#include "alloc/heap.h"

/* struct mm_heap_report is the public struct mmsim_heap_report: see <mmsim/alloc.h>. */

/* Damaged bytes of a slab's object. */
struct mm_heap_damage {
    enum mmsim_heap_mistake mistake;
    uint32_t object;  /* offset in RAM */
    uint32_t first;   /* offset in RAM of the first damaged byte */
    uint32_t n_bytes; /* from there to the last damaged one */
    uint8_t expected; /* in the first one */
};

/* Completes a report with the time and place of now, counts it, and tells who listens. */
void mm_report(struct mm_heap *heap, struct mmsim_heap_report *report);

/* Fills in what is known of the object that holds `offset` of RAM: cache, object, object_bytes,
 * offset, allocated, freed. False: no object holds it; nothing changed. */
bool mm_report_describe(const struct mm_heap *heap, uint64_t offset,
                        struct mmsim_heap_report *report);

/* A report of damage, with the bytes that are found there now. */
struct mmsim_heap_report mm_report_of(const struct mm_heap *heap,
                                      const struct mm_heap_damage *damage);

/* A pointer that is given back is no live object: says which mistake that is. Returns false. */
bool mm_report_bad_free(struct mm_heap *heap, const void *object);

/* Whole pages at a kernel address are freed: they are remembered. `kind` is in static storage. */
void mm_report_note_freed(struct mm_heap *heap, mmsim_vaddr address, uint64_t n_bytes,
                          const char *kind);

/* What is given back is nothing of the heap's now. If it is the start of pages that are remembered,
 * that is reported as DOUBLE_FREE; else false, and nothing is reported. */
bool mm_report_freed_again(struct mm_heap *heap, mmsim_vaddr address);

/* A live object is freed with another size than it was asked for with. Returns false. */
bool mm_report_bad_size(struct mm_heap *heap, const void *object, size_t n_bytes);

/* A live object is freed through a cache that it is not of. Returns false. */
bool mm_report_wrong_cache(struct mm_heap *heap, const void *object, const struct mm_cache *cache);

#endif
