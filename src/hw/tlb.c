/* tlb.c - filling, dropping and flushing; the look-up itself is inline in the header. */
#include "hw/tlb.h"

static bool array_init(struct mm_tlb_array *array, struct mm_host *host,
                       struct mmsim_tlb_shape shape, uint8_t page_shift)
{
    *array = (struct mm_tlb_array){.page_shift = page_shift};
    if (shape.ways == 0)
        return true;
    array->set_mask = shape.sets - 1u;
    array->ways = shape.ways;
    array->entries = mm_host_alloc(host, (size_t)shape.sets * shape.ways * sizeof *array->entries);
    return array->entries != NULL;
}

static size_t array_n_entries(const struct mm_tlb_array *array)
{
    return array->entries ? ((size_t)array->set_mask + 1) * array->ways : 0;
}

static void array_fini(struct mm_tlb_array *array, struct mm_host *host)
{
    mm_host_free(host, array->entries, array_n_entries(array) * sizeof *array->entries);
    array->entries = NULL;
}

bool mm_tlb_init(struct mm_tlb *tlb, struct mm_host *host, struct mmsim_tlb_shape small,
                 struct mmsim_tlb_shape large, uint8_t large_shift)
{
    *tlb = (struct mm_tlb){0};
    if (!array_init(&tlb->small, host, small, MMSIM_PAGE_SHIFT))
        return false;
    if (array_init(&tlb->large, host, large, large_shift))
        return true;
    array_fini(&tlb->small, host);
    return false;
}

void mm_tlb_fini(struct mm_tlb *tlb, struct mm_host *host)
{
    array_fini(&tlb->small, host);
    array_fini(&tlb->large, host);
}

/* The page's own entry, else an empty one, else the oldest of the set. */
static struct mm_tlb_entry *choose_victim(const struct mm_tlb_array *array, uint64_t vpn)
{
    struct mm_tlb_entry *set = array->entries + (vpn & array->set_mask) * array->ways;
    struct mm_tlb_entry *victim = set;
    for (uint32_t way = 0; way < array->ways; way++) {
        if (set[way].tag == (vpn << 1 | 1))
            return &set[way];
        uint64_t age = set[way].tag ? set[way].stamp : 0;
        uint64_t best = victim->tag ? victim->stamp : 0;
        if (age < best)
            victim = &set[way];
    }
    return victim;
}

static struct mm_tlb_array *array_for(struct mm_tlb *tlb,
                                      const struct mmsim_translation *translation)
{
    bool as_large = translation->page_shift > MMSIM_PAGE_SHIFT && tlb->large.entries;
    return as_large ? &tlb->large : &tlb->small;
}

struct mm_tlb_entry *mm_tlb_choose(struct mm_tlb *tlb, mmsim_vaddr address,
                                   const struct mmsim_translation *translation)
{
    const struct mm_tlb_array *array = array_for(tlb, translation);
    return choose_victim(array, address >> array->page_shift);
}

void mm_tlb_enter(struct mm_tlb *tlb, struct mm_tlb_entry *entry, mmsim_vaddr address,
                  const struct mmsim_translation *translation, uint64_t stamp)
{
    struct mm_tlb_array *array = array_for(tlb, translation);
    uint64_t page_offset = ((uint64_t)1 << translation->page_shift) - 1;
    uint64_t entry_offset = ((uint64_t)1 << array->page_shift) - 1;
    *entry = (struct mm_tlb_entry){
        .tag = (address >> array->page_shift) << 1 | 1,
        .stamp = stamp,
        .base = translation->base + (address & page_offset & ~entry_offset),
        .page_shift = translation->page_shift,
        .rights = translation->rights,
        .global = translation->global,
        .dirty = translation->dirty,
    };
    array->n_valid_hint = 1;
}

/* True if `entry`, which translates part of the page it was filled from, is a piece of the same
 * page as `address`. */
static bool same_page(const struct mm_tlb_array *array, const struct mm_tlb_entry *entry,
                      mmsim_vaddr address)
{
    mmsim_vaddr start = (entry->tag >> 1) << array->page_shift;
    return entry->tag && start >> entry->page_shift == address >> entry->page_shift;
}

static bool holds_pieces(const struct mm_tlb *tlb)
{
    return tlb->large.entries == NULL;
}

void mm_tlb_drop(struct mm_tlb *tlb, mmsim_vaddr address)
{
    struct mm_tlb_entry *entry = mm_tlb_array_find(&tlb->small, address);
    bool piece = entry && entry->page_shift > MMSIM_PAGE_SHIFT;
    if (entry)
        entry->tag = 0;
    if (tlb->large.n_valid_hint > 0 && (entry = mm_tlb_array_find(&tlb->large, address)))
        entry->tag = 0;
    if (!piece && !holds_pieces(tlb))
        return;
    for (size_t i = 0; i < array_n_entries(&tlb->small); i++)
        if (same_page(&tlb->small, &tlb->small.entries[i], address))
            tlb->small.entries[i].tag = 0;
}

static void array_flush(struct mm_tlb_array *array, enum mm_tlb_flush what)
{
    bool left = false;
    for (size_t i = 0; i < array_n_entries(array); i++) {
        struct mm_tlb_entry *entry = &array->entries[i];
        if (what == MM_TLB_DROP_GLOBAL || !entry->global)
            entry->tag = 0;
        left = left || entry->tag != 0;
    }
    array->n_valid_hint = left;
}

void mm_tlb_flush(struct mm_tlb *tlb, enum mm_tlb_flush what)
{
    array_flush(&tlb->small, what);
    array_flush(&tlb->large, what);
}

static void array_visit(const struct mm_tlb_array *array,
                        void (*visit)(void *user, mmsim_vaddr page,
                                      const struct mm_tlb_entry *entry),
                        void *user)
{
    for (size_t i = 0; i < array_n_entries(array); i++)
        if (array->entries[i].tag)
            visit(user, (array->entries[i].tag >> 1) << array->page_shift, &array->entries[i]);
}

void mm_tlb_visit(const struct mm_tlb *tlb,
                  void (*visit)(void *user, mmsim_vaddr page, const struct mm_tlb_entry *entry),
                  void *user)
{
    array_visit(&tlb->small, visit, user);
    array_visit(&tlb->large, visit, user);
}

static const char *array_check(const struct mm_tlb_array *array, uint64_t now)
{
    for (size_t i = 0; i < array_n_entries(array); i++) {
        const struct mm_tlb_entry *entry = &array->entries[i];
        if (entry->tag == 0)
            continue;
        if (i / array->ways != ((entry->tag >> 1) & array->set_mask))
            return "a TLB entry stands in a set that is not its page's (tlb invariant 1)";
        if (entry->stamp > now)
            return "a TLB entry was used by an access that is yet to come (tlb invariant 3)";
        for (size_t j = i + 1; j < (i / array->ways + 1) * array->ways; j++)
            if (array->entries[j].tag == entry->tag)
                return "a page stands twice in a TLB set (tlb invariant 2)";
    }
    return NULL;
}

const char *mm_tlb_check(const struct mm_tlb *tlb, uint64_t now)
{
    const char *broken = array_check(&tlb->small, now);
    return broken ? broken : array_check(&tlb->large, now);
}
