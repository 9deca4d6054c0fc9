/*
 * site.h - call sites: who allocates how much.
 *
 * A site is a text like "file:line" that a caller of the heap goes by (heap->site). Each different
 * text gets a number, in order of appearance, which fits into the record of a tracked object; 0
 * stands for callers without a name, and for all that come when the table is full.
 *
 * Callers pass the same pointer again and again, so a number is first looked for by the address of
 * the text, and by the text itself when that fails. Addresses decide nothing but the speed.
 *
 * Rows live in the heap's metadata, in chunks that never move. Texts are not copied.
 *
 * Invariants: (1) numbers are 0 to n_rows - 1, rows[0] has no text, and no two rows have the same
 * one; (2) each row but 0 is in the chain of its text's hash, once; (3) a row's n_live and
 * live_bytes are those of the objects in use that were allocated there under MM_CHECK_TRACK, unless
 * a user of the heap wrote over an object's record: it is then taken off the row that the record
 * names, as far as that has something left; n_live <= n_allocs and live_bytes <= peak_bytes even
 * so.
 */
#ifndef MM_ALLOC_SITE_H
#define MM_ALLOC_SITE_H

#include "alloc/heap.h"

enum {
    MM_MAX_SITES = 4096, /* numbers have 12 bits; number 0 is no site */
    MM_SITE_CHUNK = 64,  /* rows that are allocated at a time */
    MM_SITE_CHAINS = 512,
    MM_SITE_RECENT = 64
};

struct mm_site {
    const char *text; /* NULL: unknown */
    uint64_t live_bytes, peak_bytes;
    uint64_t n_allocs;              /* since the machine began */
    uint64_t first_step, last_step; /* of its allocations */
    uint32_t n_live;                /* objects */
    uint16_t next;                  /* in its chain; 0 ends it */
    uint16_t number;                /* its own */
    uint64_t unused;                /* a row is found by a shift */
};
_Static_assert(sizeof(struct mm_site) == 64, "a power of two");

/* A text that was looked up lately. */
struct mm_site_recent {
    const char *text;
    struct mm_site *row;
};

struct mm_heap_sites {
    struct mm_site_recent recent[MM_SITE_RECENT]; /* by address of the text */
    uint16_t chains[MM_SITE_CHAINS];
    struct mm_site *chunks[MM_MAX_SITES / MM_SITE_CHUNK];
    unsigned n_rows;
};

/* Rows that there are, the one of unknown callers included; 0: nothing was tracked yet. */
static inline unsigned mm_site_count(const struct mm_heap *heap)
{
    return heap->sites ? heap->sites->n_rows : 0;
}

/* number < mm_site_count(). */
static inline struct mm_site *mm_site_at(const struct mm_heap *heap, unsigned number)
{
    return &heap->sites->chunks[number / MM_SITE_CHUNK][number % MM_SITE_CHUNK];
}

/* The text of a site; NULL: unknown, or no such number. */
const char *mm_site_text(const struct mm_heap *heap, unsigned number);

/* The number of a text that has one; 0. */
unsigned mm_site_find(const struct mm_heap *heap, const char *text);

static inline struct mm_site_recent *mm_site_place(const struct mm_heap *heap)
{
    uintptr_t address = (uintptr_t)heap->site;
    return &heap->sites->recent[address / 8 % MM_SITE_RECENT];
}

/* heap->site by its address alone; NULL: it was not looked up lately. */
static inline struct mm_site *mm_site_at_hand(const struct mm_heap *heap)
{
    if (__builtin_expect(!heap->sites, 0))
        return NULL;
    const struct mm_site_recent *recent = mm_site_place(heap);
    return recent->text == heap->site ? recent->row : NULL;
}

/* Looks heap->site up by its text, and gives it a number if it has none. NULL: no memory for the
 * table. A text for which there is no row is taken for unknown. */
struct mm_site *mm_site_look_up(struct mm_heap *heap);

/* The number of heap->site, which gets one now if it has none; 0: unknown, or no room. */
static inline unsigned mm_site_current(struct mm_heap *heap)
{
    const struct mm_site *row = mm_site_at_hand(heap);
    if (!row)
        row = mm_site_look_up(heap);
    return row ? row->number : 0;
}

static inline uint64_t mm_site_step(const struct mm_heap *heap)
{
    return heap->step ? *heap->step : 0;
}

/* An object came to life at a site, or was freed that had. */
static inline void mm_site_add(struct mm_site *site, uint64_t n_bytes, uint64_t step)
{
    uint64_t live_bytes = site->live_bytes + n_bytes;
    if (__builtin_expect(site->n_allocs++ == 0, 0))
        site->first_step = step;
    site->last_step = step;
    site->n_live++;
    site->live_bytes = live_bytes;
    if (live_bytes > site->peak_bytes)
        site->peak_bytes = live_bytes;
}

static inline void mm_site_count_alloc(struct mm_heap *heap, unsigned number, uint64_t n_bytes)
{
    if (number < mm_site_count(heap))
        mm_site_add(mm_site_at(heap, number), n_bytes, mm_site_step(heap));
}

static inline void mm_site_count_free(struct mm_heap *heap, unsigned number, uint64_t n_bytes)
{
    if (__builtin_expect(number >= mm_site_count(heap), 0))
        return; /* the object's record was written over */
    struct mm_site *site = mm_site_at(heap, number);
    if (__builtin_expect(site->n_live == 0 || site->live_bytes < n_bytes, 0)) {
        site->n_live -= site->n_live > 0; /* so was this one's, or another's of the site */
        site->live_bytes = 0;
        return;
    }
    site->n_live--;
    site->live_bytes -= n_bytes;
}

/* NULL, or a sentence (static storage). */
const char *mm_site_check(const struct mm_heap *heap);

#endif
