/*
 * tlb_list.h - an explicit model of a set-associative TLB with true LRU, as a list.
 *
 * Every entry knows its page and the access that used it last; a victim is found by looking at all
 * entries that share its set. Nothing here is fast and nothing is shared with src/hw/tlb.c.
 *
 * Rule of large pages: an entry of the array for large pages, if there is one, or else the 4 KiB
 * piece that was touched; INVLPG drops all pieces (SDM 3A 4.10.4.1).
 */
#ifndef TESTS_TLB_LIST_H
#define TESTS_TLB_LIST_H

#include <mmsim/arch.h>

#define MAX_HELD 1024

/* One entry of the model; `page` is the first address that it translates. */
struct held {
    bool in_large_array;
    mmsim_vaddr page;
    mmsim_paddr base;
    uint8_t page_shift, rights;
    bool global, dirty;
    uint64_t last_use;
};

struct list {
    struct mmsim_tlb_shape small, large;
    unsigned large_shift; /* 22, or 21 under PAE */
    struct held held[MAX_HELD];
    unsigned n;
};

static inline mmsim_vaddr large_page(const struct list *list)
{
    return (mmsim_vaddr)1 << list->large_shift;
}

static inline unsigned set_of(const struct list *list, const struct held *held)
{
    if (held->in_large_array)
        return (unsigned)(held->page / large_page(list) % list->large.sets);
    return (unsigned)(held->page / MMSIM_PAGE_SIZE % list->small.sets);
}

static inline void list_remove(struct list *list, unsigned index)
{
    list->held[index] = list->held[--list->n];
}

static inline void list_make_room(struct list *list, const struct held *incoming)
{
    unsigned n_sharing = 0, oldest = 0;
    for (unsigned i = 0; i < list->n; i++) {
        const struct held *held = &list->held[i];
        if (held->in_large_array != incoming->in_large_array ||
            set_of(list, held) != set_of(list, incoming))
            continue;
        if (held->page == incoming->page) {
            list_remove(list, i);
            return;
        }
        if (n_sharing++ == 0 || held->last_use < list->held[oldest].last_use)
            oldest = i;
    }
    unsigned ways = incoming->in_large_array ? list->large.ways : list->small.ways;
    if (n_sharing >= ways)
        list_remove(list, oldest);
}

static inline void list_fill(struct list *list, mmsim_vaddr address,
                             const struct mmsim_translation *t, uint64_t now)
{
    struct held held = {.page_shift = t->page_shift,
                        .rights = t->rights,
                        .global = t->global,
                        .dirty = t->dirty,
                        .last_use = now,
                        .base = t->base,
                        .page = address / MMSIM_PAGE_SIZE * MMSIM_PAGE_SIZE};
    if (t->page_shift == list->large_shift && list->large.ways > 0) {
        held.in_large_array = true;
        held.page = address / large_page(list) * large_page(list);
    } else if (t->page_shift == list->large_shift) {
        held.base += held.page % large_page(list);
    }
    list_make_room(list, &held);
    list->held[list->n++] = held;
}

/* INVLPG: the page itself; all pieces of the large page; the large page. */
static inline void list_drop(struct list *list, mmsim_vaddr address)
{
    for (unsigned i = list->n; i-- > 0;) {
        const struct held *held = &list->held[i];
        bool whole = held->page_shift == list->large_shift;
        mmsim_vaddr unit = whole ? large_page(list) : MMSIM_PAGE_SIZE;
        if (held->page / unit == address / unit)
            list_remove(list, i);
    }
}

static inline void list_flush(struct list *list, bool global_too)
{
    for (unsigned i = list->n; i-- > 0;)
        if (global_too || !list->held[i].global)
            list_remove(list, i);
}

static inline struct held *list_find(struct list *list, mmsim_vaddr address, bool in_large_array)
{
    mmsim_vaddr unit = in_large_array ? large_page(list) : MMSIM_PAGE_SIZE;
    for (unsigned i = 0; i < list->n; i++)
        if (list->held[i].in_large_array == in_large_array &&
            list->held[i].page == address / unit * unit)
            return &list->held[i];
    return NULL;
}

#endif
