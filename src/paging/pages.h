/*
 * pages.h - a sparse array of frames by page index.
 *
 * Invariants: those of radix.h, whose words are pointers to struct mm_frame here.
 */
#ifndef MM_PAGING_PAGES_H
#define MM_PAGING_PAGES_H

#include "alloc/frame.h"
#include "paging/radix.h"

#define MM_PAGES_MAX_INDEX MM_RADIX_MAX_INDEX /* exclusive */

struct mm_pages {
    struct mm_radix radix;
};

static inline void mm_pages_init(struct mm_pages *pages, struct mm_radix_nodes *nodes)
{
    mm_radix_init(&pages->radix, nodes);
}

static inline uint64_t mm_pages_n(const struct mm_pages *pages)
{
    return pages->radix.n;
}

static inline struct mm_frame *mm_pages_find(const struct mm_pages *pages, uint64_t index)
{
    return (void *)mm_radix_find(&pages->radix, index);
}

/* Stores a frame where there was none. False: no memory, nothing changed. */
static inline bool mm_pages_insert(struct mm_pages *pages, uint64_t index, struct mm_frame *frame)
{
    return mm_radix_store(&pages->radix, index, (uintptr_t)frame);
}

/* Takes it out; NULL: there was none. */
static inline struct mm_frame *mm_pages_remove(struct mm_pages *pages, uint64_t index)
{
    return (void *)mm_radix_remove(&pages->radix, index);
}

/* The first frame at or above *index, which becomes its index; NULL: none up to `last`. */
static inline struct mm_frame *mm_pages_next(const struct mm_pages *pages, uint64_t *index,
                                             uint64_t last)
{
    return (void *)mm_radix_next(&pages->radix, index, last);
}

/* NULL, or a sentence (static storage). */
static inline const char *mm_pages_check(const struct mm_pages *pages)
{
    return mm_radix_check(&pages->radix);
}

#endif
