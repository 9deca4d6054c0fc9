/*
 * pages.h - a sparse array of frames by page index, and what is remembered of those that left.
 *
 * A word is a pointer to a struct mm_frame; or the mark of a page that is not in memory, told by
 * its two lowest bits: its number (a shadow: the page can be had again from its file), or the slot
 * of swap that has it. A frame's word becomes a mark in place, without memory.
 *
 * Invariants: those of radix.h.
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

enum mm_pages_mark { MM_PAGES_FRAME, MM_PAGES_SHADOW, MM_PAGES_SLOT };

/* What a word is; for a mark, the number that it carries. */
static inline enum mm_pages_mark mm_pages_mark(uintptr_t word)
{
    return (enum mm_pages_mark)(word & 3);
}

static inline uint32_t mm_pages_value(uintptr_t word)
{
    return (uint32_t)(word >> 2);
}

/* The word at an index, mark or frame; 0: nothing. */
static inline uintptr_t mm_pages_word(const struct mm_pages *pages, uint64_t index)
{
    return mm_radix_find(&pages->radix, index);
}

/* The next word at or above *index, which becomes its index; 0: none up to `last`. */
static inline uintptr_t mm_pages_next_word(const struct mm_pages *pages, uint64_t *index,
                                           uint64_t last)
{
    return mm_radix_next(&pages->radix, index, last);
}

static inline struct mm_frame *mm_pages_find(const struct mm_pages *pages, uint64_t index)
{
    uintptr_t word = mm_radix_find(&pages->radix, index);
    return mm_pages_mark(word) == MM_PAGES_FRAME ? (void *)word : NULL;
}

/* The frame at an index has left: its mark takes its place. */
static inline void mm_pages_set_mark(struct mm_pages *pages, uint64_t index,
                                     enum mm_pages_mark mark, uint32_t value)
{
    mm_radix_store(&pages->radix, index, (uintptr_t)value << 2 | mark);
}

/* Stores a frame where there was none, or a mark. False: no memory, nothing changed. */
static inline bool mm_pages_insert(struct mm_pages *pages, uint64_t index, struct mm_frame *frame)
{
    return mm_radix_store(&pages->radix, index, (uintptr_t)frame);
}

/* Takes a frame or a mark out. */
static inline void mm_pages_remove(struct mm_pages *pages, uint64_t index)
{
    mm_radix_remove(&pages->radix, index);
}

/* The first frame at or above *index, which becomes its index; NULL: none up to `last`. */
static inline struct mm_frame *mm_pages_next(const struct mm_pages *pages, uint64_t *index,
                                             uint64_t last)
{
    uintptr_t word;
    while ((word = mm_radix_next(&pages->radix, index, last)) &&
           mm_pages_mark(word) != MM_PAGES_FRAME)
        ++*index;
    return (void *)word;
}

/* NULL, or a sentence (static storage). */
static inline const char *mm_pages_check(const struct mm_pages *pages)
{
    return mm_radix_check(&pages->radix);
}

#endif
