/*
 * shortcut.h - a shorter way to a TLB hit: page number -> host bytes, for user accesses to RAM.
 *
 * Searching a set, judging rights, testing the dirty bit and finding the RAM behind a physical page
 * give the same answer for the same page again and again. The shortcut remembers the answers: for
 * each kind of access a direct-mapped array from page number to the host address of the page and to
 * the TLB entry that granted it. One comparison then proves translation and right at once.
 *
 * It is not part of the simulated machine: statistics, replacement and every result are the same
 * without it. So (1) an entry stands only while the TLB entry it names stands and grants that kind
 * to user mode (a store: with its dirty bit set); (2) a hit stamps the TLB entry just as a search
 * does. Whatever may end (1) for many pages (flush, INVLPG, register write) starts a new
 * generation, which empties the shortcut in one step; a replaced TLB entry takes its own shortcuts
 * with it.
 */
#ifndef MM_HW_SHORTCUT_H
#define MM_HW_SHORTCUT_H

#include <string.h>

#include "hw/tlb.h"

enum { MM_SHORTCUT_SLOTS = 128, MM_SHORTCUT_GENERATION_BITS = 24, MM_N_ACCESS_KINDS = 3 };

struct mm_shortcut_slot {
    uint64_t key;               /* vpn << 24 | generation; 0 = empty */
    uint8_t *page;              /* host address of the page's first byte */
    struct mm_tlb_entry *entry; /* that granted it */
};

/*
 * Where pages lay on the host when they were last walked to: advice for the host's cache and
 * nothing else. It may be wrong at any time, and is never read for an answer.
 */
enum { MM_PREFETCH_SLOTS = 4096, MM_PREFETCH_DISTANCE = 4 };

struct mm_shortcut {
    uint64_t generation; /* 1.. */
    bool off;            /* never used: to show that it changes nothing */
    /* One more row, always empty: any two bits are an index. */
    struct mm_shortcut_slot slots[MM_N_ACCESS_KINDS + 1][MM_SHORTCUT_SLOTS];
    const uint8_t *pages[MM_PREFETCH_SLOTS]; /* by page number; NULL: not known */
};

static inline uint64_t mm_shortcut_key(const struct mm_shortcut *shortcut, uint64_t vpn)
{
    return vpn << MM_SHORTCUT_GENERATION_BITS | shortcut->generation;
}

static inline const struct mm_shortcut_slot *mm_shortcut_find(const struct mm_shortcut *shortcut,
                                                              enum mmsim_access_kind kind,
                                                              mmsim_vaddr address)
{
    uint64_t vpn = address >> MMSIM_PAGE_SHIFT;
    const struct mm_shortcut_slot *slot = &shortcut->slots[kind][vpn % MM_SHORTCUT_SLOTS];
    return slot->key == mm_shortcut_key(shortcut, vpn) ? slot : NULL;
}

static inline void mm_shortcut_add(struct mm_shortcut *shortcut, enum mmsim_access_kind kind,
                                   mmsim_vaddr address, uint8_t *page, struct mm_tlb_entry *entry)
{
    uint64_t vpn = address >> MMSIM_PAGE_SHIFT;
    shortcut->pages[vpn % MM_PREFETCH_SLOTS] = page;
    if (!shortcut->off)
        shortcut->slots[kind][vpn % MM_SHORTCUT_SLOTS] =
            (struct mm_shortcut_slot){mm_shortcut_key(shortcut, vpn), page, entry};
}

static inline void mm_shortcut_prefetch(const struct mm_shortcut *shortcut, mmsim_vaddr address)
{
    const uint8_t *page = shortcut->pages[(address >> MMSIM_PAGE_SHIFT) % MM_PREFETCH_SLOTS];
    if (page)
        __builtin_prefetch(page + (address & MMSIM_PAGE_MASK), 1);
}

/* Forgets everything. */
static inline void mm_shortcut_reset(struct mm_shortcut *shortcut)
{
    if (++shortcut->generation >> MM_SHORTCUT_GENERATION_BITS == 0)
        return;
    shortcut->generation = 1;
    memset(shortcut->slots, 0, sizeof shortcut->slots);
}

/* Forgets what a TLB entry granted for the 4 KiB page that it translates. */
static inline void mm_shortcut_forget(struct mm_shortcut *shortcut, uint64_t vpn)
{
    uint64_t key = mm_shortcut_key(shortcut, vpn);
    for (int kind = 0; kind < MM_N_ACCESS_KINDS; kind++) {
        struct mm_shortcut_slot *slot = &shortcut->slots[kind][vpn % MM_SHORTCUT_SLOTS];
        if (slot->key == key)
            slot->key = 0;
    }
}

#endif
