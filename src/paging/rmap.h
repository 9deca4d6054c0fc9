/*
 * rmap.h - the reverse map: from an anonymous frame to the page-table entries that name it.
 *
 * Most frames are mapped once: their table entry says where (page.h). Each further mapping, as fork
 * makes them, is an item in the kernel heap, chained to the frame.
 *
 *   frame: first mapping --> item --> item          item: set of tables, page number, next
 *
 * Pages of objects need none of this: their object knows the VMAs that show it (object.h).
 *
 * Items that are let go are kept at hand for the next fork, and go back to the heap when
 * mm_rmap_trim() says so: mappings may be removed while the heap itself asks for frames.
 *
 * Invariants: (1) each mapping names an entry that names the frame, and each entry that names an
 * anonymous frame of one page is a mapping of it; (2) n_items counts the items that are chained.
 */
#ifndef MM_PAGING_RMAP_H
#define MM_PAGING_RMAP_H

#include "alloc/cache.h"
#include "paging/page.h"
#include "paging/pgtable.h"

struct mm_rmap {
    struct mm_heap *heap;
    struct mm_cache items;
    uint32_t spares; /* offset in RAM of the first one, chained; 0: none */
    uint64_t n_spares, n_items;
};

struct mm_mapping {
    struct mm_pgtable *set;
    mmsim_vaddr page;
};

/* False: no memory. */
bool mm_rmap_init(struct mm_rmap *rmap, struct mm_heap *heap);
void mm_rmap_fini(struct mm_rmap *rmap);

/* The next n mm_rmap_add() will not need memory. False: there is none. */
bool mm_rmap_reserve(struct mm_rmap *rmap, uint64_t n);

/* Returns what is at hand to the heap. */
void mm_rmap_trim(struct mm_rmap *rmap);

/* An entry names the frame from now on. Takes an item at hand, unless it is the first. */
void mm_rmap_add(struct mm_rmap *rmap, struct mm_frame *frame, struct mm_pgtable *set,
                 mmsim_vaddr page);

/* It does not any more. */
void mm_rmap_remove(struct mm_rmap *rmap, struct mm_frame *frame, const struct mm_pgtable *set,
                    mmsim_vaddr page);

/* The mapping is at another page of the same tables. */
void mm_rmap_move(struct mm_rmap *rmap, struct mm_frame *frame, const struct mm_pgtable *set,
                  mmsim_vaddr from, mmsim_vaddr to);

/* Removes all of them. */
void mm_rmap_clear(struct mm_rmap *rmap, struct mm_frame *frame);

/* The offset in RAM of the item behind one in a frame's chain; 0: it is the last. */
uint32_t mm_rmap_next_item(const struct mm_rmap *rmap, uint32_t item);

/* A walk over the mappings of a frame, which may not change meanwhile. */
struct mm_rmap_walk {
    const struct mm_rmap *rmap;
    const struct mm_frame *frame;
    uint32_t next; /* offset of an item; 0: done */
    bool begun;
    struct mm_mapping mapping;
};

static inline struct mm_rmap_walk mm_rmap_walk(const struct mm_rmap *rmap,
                                               const struct mm_frame *frame)
{
    return (struct mm_rmap_walk){.rmap = rmap, .frame = frame};
}

/* Goes on to the next mapping, or the first; false: there is none. */
bool mm_rmap_next(struct mm_rmap_walk *walk);

/* Whether the mappings of a frame are what its count and the tables say. NULL, or a sentence. */
const char *mm_rmap_check_frame(const struct mm_rmap *rmap, const struct mm_frame *frame);

#endif
