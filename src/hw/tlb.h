/*
 * tlb.h - a translation look-aside buffer: set-associative arrays of translations.
 *
 * One array holds 4 KiB pages, an optional second one large pages. A page's set is the low bits of
 * its page number. Within a full set one entry is replaced: the one used longest ago (true LRU), or
 * by the tree of pseudo-LRU, or the one entered longest ago (FIFO), or any (random).
 *
 *   set      way 0     way 1     way 2     way 3
 *   0        tag ...   tag ...   tag ...   tag ...
 *   1        ...                                         tag = page number << 1 | valid
 *
 * Age is a stamp, the number of the access that used the entry last, so that a hit is one store and
 * no list moves. The bits of pseudo-LRU follow from the stamps: the bit of a tree node points to
 * the half whose youngest entry is older.
 *
 * The TLB never looks at page tables and knows no privileges: it returns what was filled, and the
 * MMU judges each access anew. An array without ways holds nothing: a machine without a TLB.
 *
 * Invariants: (1) an entry stands in the set of its page number; (2) no page stands twice in an
 * array; (3) stamps of valid entries are those of past accesses. Source: SDM 3A 4.10.
 */
#ifndef MM_HW_TLB_H
#define MM_HW_TLB_H

#include <mmsim/arch.h>

#include "base/host.h"
#include "base/rng.h"

struct mm_tlb_entry {
    uint64_t tag;     /* vpn << 1 | 1; 0 = empty */
    uint64_t stamp;   /* of the last access that used it; stays when the entry goes */
    uint64_t entered; /* of the access that filled it */
    mmsim_paddr base;
    uint8_t page_shift, rights;
    bool global, dirty;
    bool listed; /* in `filled` of an infinite array */
};

struct mm_tlb_array {
    struct mm_tlb_entry *entries; /* sets x ways */
    uint32_t set_mask, ways;      /* 0 ways: the CPU has no such array */
    uint32_t n_valid_hint;        /* 0 = surely empty: then a look-up need not search */
    uint8_t page_shift;
    /* An infinite array is sparse: the places that were ever filled since the last flush. */
    uint32_t *filled; /* NULL: not infinite */
    uint32_t n_filled;
};

struct mm_tlb {
    struct mm_tlb_array small, large;
    enum mmsim_replacement replacement;
    struct mm_rng rng; /* of random replacement */
};

/* False: no host memory. `large` may have 0 ways. Replacement is LRU until set otherwise. */
bool mm_tlb_init(struct mm_tlb *tlb, struct mm_host *host, struct mmsim_tlb_shape small,
                 struct mmsim_tlb_shape large, uint8_t large_shift);
void mm_tlb_fini(struct mm_tlb *tlb, struct mm_host *host);

void mm_tlb_set_replacement(struct mm_tlb *tlb, enum mmsim_replacement replacement, uint64_t seed);

static inline struct mm_tlb_entry *mm_tlb_array_find(const struct mm_tlb_array *array,
                                                     mmsim_vaddr address)
{
    uint64_t vpn = address >> array->page_shift;
    uint64_t tag = vpn << 1 | 1;
    struct mm_tlb_entry *entry = array->entries + (vpn & array->set_mask) * array->ways;
    for (uint32_t way = 0; way < array->ways; way++)
        if (entry[way].tag == tag)
            return &entry[way];
    return NULL;
}

/* The entry that translates `address`, or NULL. Does not touch its age. */
static inline struct mm_tlb_entry *mm_tlb_find(const struct mm_tlb *tlb, mmsim_vaddr address)
{
    struct mm_tlb_entry *entry = mm_tlb_array_find(&tlb->small, address);
    if (!entry && tlb->large.n_valid_hint > 0)
        entry = mm_tlb_array_find(&tlb->large, address);
    return entry;
}

/* The array in which an entry of the TLB stands. */
static inline const struct mm_tlb_array *mm_tlb_array_of(const struct mm_tlb *tlb,
                                                         const struct mm_tlb_entry *entry)
{
    size_t n_small = ((size_t)tlb->small.set_mask + 1) * tlb->small.ways;
    bool small = entry >= tlb->small.entries && entry < tlb->small.entries + n_small;
    return small ? &tlb->small : &tlb->large;
}

/*
 * The entry that a translation of `address` would replace: the page's own, else an empty one, else
 * the victim of the set. A large page goes to the small array, as the 4 KiB piece that contains
 * `address`, if the CPU has no array for large ones. NULL: there is no array that could hold it.
 */
struct mm_tlb_entry *mm_tlb_choose(struct mm_tlb *tlb, mmsim_vaddr address,
                                   const struct mmsim_translation *translation);

/* Enters it there. */
void mm_tlb_enter(struct mm_tlb *tlb, struct mm_tlb_entry *entry, mmsim_vaddr address,
                  const struct mmsim_translation *translation, uint64_t stamp);

/* Both in one; NULL if there is no place. */
static inline struct mm_tlb_entry *mm_tlb_fill(struct mm_tlb *tlb, mmsim_vaddr address,
                                               const struct mmsim_translation *translation,
                                               uint64_t stamp)
{
    struct mm_tlb_entry *entry = mm_tlb_choose(tlb, address, translation);
    if (entry)
        mm_tlb_enter(tlb, entry, address, translation, stamp);
    return entry;
}

/* Drops whatever translates `address`. Pieces of a large page go all together, as INVLPG demands.
 */
void mm_tlb_drop(struct mm_tlb *tlb, mmsim_vaddr address);

enum mm_tlb_flush { MM_TLB_KEEP_GLOBAL, MM_TLB_DROP_GLOBAL };
void mm_tlb_flush(struct mm_tlb *tlb, enum mm_tlb_flush what);

/* Calls `visit` for each valid entry with the first address that it translates. */
void mm_tlb_visit(const struct mm_tlb *tlb,
                  void (*visit)(void *user, mmsim_vaddr page, const struct mm_tlb_entry *entry),
                  void *user);

/* NULL, or a sentence (static storage). `now` is the number of the latest access. */
const char *mm_tlb_check(const struct mm_tlb *tlb, uint64_t now);

#endif
