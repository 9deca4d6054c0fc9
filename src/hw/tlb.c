/* tlb.c - filling, replacing, dropping and flushing; the look-up itself is inline in the header. */
#include "hw/tlb.h"

/* ---- arrays ---- */

static size_t n_entries(const struct mm_tlb_array *array)
{
    return ((size_t)array->set_mask + 1) * array->ways;
}

/* An infinite array is too large to be walked: only its filled places are. */
static bool init_infinite(struct mm_tlb_array *array)
{
    array->entries = mm_host_reserve(MMSIM_TLB_INFINITE_SETS * sizeof *array->entries);
    array->filled = mm_host_reserve(MMSIM_TLB_INFINITE_SETS * sizeof *array->filled);
    return array->entries && array->filled;
}

static bool array_init(struct mm_tlb_array *array, struct mm_host *host,
                       struct mmsim_tlb_shape shape, uint8_t page_shift)
{
    *array = (struct mm_tlb_array){.page_shift = page_shift, .ways = shape.ways};
    array->set_mask = shape.ways ? shape.sets - 1 : 0;
    if (shape.ways && shape.sets == MMSIM_TLB_INFINITE_SETS)
        return init_infinite(array);
    array->entries = mm_host_alloc(host, n_entries(array) * sizeof *array->entries);
    return array->entries != NULL;
}

static void array_fini(struct mm_tlb_array *array, struct mm_host *host)
{
    if (array->set_mask + 1 == MMSIM_TLB_INFINITE_SETS) {
        mm_host_release(array->entries, MMSIM_TLB_INFINITE_SETS * sizeof *array->entries);
        mm_host_release(array->filled, MMSIM_TLB_INFINITE_SETS * sizeof *array->filled);
    } else {
        mm_host_free(host, array->entries, n_entries(array) * sizeof *array->entries);
    }
    array->entries = NULL;
    array->filled = NULL;
}

/* Walking an array: how many places may be valid, and the i-th of them. */
static size_t n_places(const struct mm_tlb_array *array)
{
    return array->filled ? array->n_filled : n_entries(array);
}

static struct mm_tlb_entry *place(const struct mm_tlb_array *array, size_t i)
{
    return &array->entries[array->filled ? array->filled[i] : i];
}

bool mm_tlb_init(struct mm_tlb *tlb, struct mm_host *host, struct mmsim_tlb_shape small,
                 struct mmsim_tlb_shape large, uint8_t large_shift)
{
    *tlb = (struct mm_tlb){0};
    if (array_init(&tlb->small, host, small, MMSIM_PAGE_SHIFT) &&
        array_init(&tlb->large, host, large, large_shift))
        return true;
    mm_tlb_fini(tlb, host);
    return false;
}

void mm_tlb_fini(struct mm_tlb *tlb, struct mm_host *host)
{
    array_fini(&tlb->small, host);
    array_fini(&tlb->large, host);
}

void mm_tlb_set_replacement(struct mm_tlb *tlb, enum mmsim_replacement replacement, uint64_t seed)
{
    tlb->replacement = replacement;
    mm_rng_seed(&tlb->rng, seed);
}

/* ---- replacement ---- */

static uint32_t oldest_by_use(const struct mm_tlb_entry *set, uint32_t ways)
{
    uint32_t victim = 0;
    for (uint32_t way = 1; way < ways; way++)
        if (set[way].stamp < set[victim].stamp)
            victim = way;
    return victim;
}

static uint32_t oldest_by_entry(const struct mm_tlb_entry *set, uint32_t ways)
{
    uint32_t victim = 0;
    for (uint32_t way = 1; way < ways; way++)
        if (set[way].entered < set[victim].entered)
            victim = way;
    return victim;
}

static uint64_t youngest(const struct mm_tlb_entry *set, uint32_t start, uint32_t n)
{
    uint64_t stamp = 0;
    for (uint32_t way = start; way < start + n; way++)
        stamp = set[way].stamp > stamp ? set[way].stamp : stamp;
    return stamp;
}

/* Follows the tree: at each node to the half that was not used last. */
static uint32_t by_tree(const struct mm_tlb_entry *set, uint32_t ways)
{
    uint32_t start = 0;
    for (uint32_t n = ways; n > 1;) {
        uint32_t half = n / 2;
        bool upper_is_older = youngest(set, start + half, n - half) < youngest(set, start, half);
        start += upper_is_older ? half : 0;
        n = upper_is_older ? n - half : half;
    }
    return start;
}

static uint32_t choose_way(struct mm_tlb *tlb, const struct mm_tlb_entry *set, uint32_t ways)
{
    switch (tlb->replacement) {
    case MMSIM_REPLACE_PSEUDO_LRU:
        return by_tree(set, ways);
    case MMSIM_REPLACE_FIFO:
        return oldest_by_entry(set, ways);
    case MMSIM_REPLACE_RANDOM:
        return (uint32_t)mm_rng_below(&tlb->rng, ways);
    default:
        return oldest_by_use(set, ways);
    }
}

/* ---- filling ---- */

static struct mm_tlb_array *array_for(struct mm_tlb *tlb,
                                      const struct mmsim_translation *translation)
{
    bool as_large = translation->page_shift > MMSIM_PAGE_SHIFT && tlb->large.ways;
    return as_large ? &tlb->large : &tlb->small;
}

struct mm_tlb_entry *mm_tlb_choose(struct mm_tlb *tlb, mmsim_vaddr address,
                                   const struct mmsim_translation *translation)
{
    const struct mm_tlb_array *array = array_for(tlb, translation);
    if (array->ways == 0)
        return NULL;
    uint64_t vpn = address >> array->page_shift;
    struct mm_tlb_entry *set = array->entries + (vpn & array->set_mask) * array->ways;
    struct mm_tlb_entry *empty = NULL;
    for (uint32_t way = array->ways; way-- > 0;) {
        if (set[way].tag == (vpn << 1 | 1))
            return &set[way];
        if (set[way].tag == 0)
            empty = &set[way];
    }
    return empty ? empty : &set[choose_way(tlb, set, array->ways)];
}

static void list_place(struct mm_tlb_array *array, struct mm_tlb_entry *entry)
{
    if (!array->filled || entry->listed)
        return;
    entry->listed = true;
    array->filled[array->n_filled++] = (uint32_t)(entry - array->entries);
}

void mm_tlb_enter(struct mm_tlb *tlb, struct mm_tlb_entry *entry, mmsim_vaddr address,
                  const struct mmsim_translation *translation, uint64_t stamp)
{
    struct mm_tlb_array *array = array_for(tlb, translation);
    uint64_t page_offset = ((uint64_t)1 << translation->page_shift) - 1;
    uint64_t entry_offset = ((uint64_t)1 << array->page_shift) - 1;
    uint64_t tag = (address >> array->page_shift) << 1 | 1;
    list_place(array, entry);
    *entry = (struct mm_tlb_entry){
        .tag = tag,
        .stamp = stamp,
        .entered = entry->tag == tag ? entry->entered : stamp, /* FIFO: the page's first entry */
        .base = translation->base + (address & page_offset & ~entry_offset),
        .page_shift = translation->page_shift,
        .rights = translation->rights,
        .global = translation->global,
        .dirty = translation->dirty,
        .listed = entry->listed,
    };
    array->n_valid_hint = 1;
}

/* ---- dropping ---- */

/* True if `entry` is, or is a piece of, the page that contains `address`. */
static bool same_page(const struct mm_tlb_array *array, const struct mm_tlb_entry *entry,
                      mmsim_vaddr address)
{
    mmsim_vaddr start = (entry->tag >> 1) << array->page_shift;
    return entry->tag && start >> entry->page_shift == address >> entry->page_shift;
}

static void drop_pieces(struct mm_tlb_array *array, mmsim_vaddr address)
{
    for (size_t i = 0; i < n_places(array); i++)
        if (same_page(array, place(array, i), address))
            place(array, i)->tag = 0;
}

/*
 * An array may hold pieces of pages larger than its own: the small one if large pages have no
 * array, the large one if it is made for 2 MiB and the page has 4 MiB.
 */
void mm_tlb_drop(struct mm_tlb *tlb, mmsim_vaddr address)
{
    struct mm_tlb_entry *entry = mm_tlb_array_find(&tlb->small, address);
    bool piece = entry && entry->page_shift > MMSIM_PAGE_SHIFT;
    if (entry)
        entry->tag = 0;
    if (piece || tlb->large.ways == 0)
        drop_pieces(&tlb->small, address);
    if (tlb->large.n_valid_hint > 0)
        drop_pieces(&tlb->large, address);
}

static void array_flush(struct mm_tlb_array *array, enum mm_tlb_flush what)
{
    uint32_t n_left = 0;
    for (size_t i = 0; i < n_places(array); i++) {
        struct mm_tlb_entry *entry = place(array, i);
        if (what == MM_TLB_DROP_GLOBAL || !entry->global)
            entry->tag = 0;
        if (array->filled && entry->tag)
            array->filled[n_left] = array->filled[i];
        else
            entry->listed = false;
        n_left += entry->tag != 0;
    }
    array->n_valid_hint = n_left;
    if (array->filled)
        array->n_filled = n_left;
}

void mm_tlb_flush(struct mm_tlb *tlb, enum mm_tlb_flush what)
{
    array_flush(&tlb->small, what);
    array_flush(&tlb->large, what);
}

/* ---- looking ---- */

static void array_visit(const struct mm_tlb_array *array,
                        void (*visit)(void *user, mmsim_vaddr page,
                                      const struct mm_tlb_entry *entry),
                        void *user)
{
    for (size_t i = 0; i < n_places(array); i++)
        if (place(array, i)->tag)
            visit(user, (place(array, i)->tag >> 1) << array->page_shift, place(array, i));
}

void mm_tlb_visit(const struct mm_tlb *tlb,
                  void (*visit)(void *user, mmsim_vaddr page, const struct mm_tlb_entry *entry),
                  void *user)
{
    array_visit(&tlb->small, visit, user);
    array_visit(&tlb->large, visit, user);
}

static bool stands_twice(const struct mm_tlb_array *array, const struct mm_tlb_entry *entry)
{
    size_t index = (size_t)(entry - array->entries);
    size_t set_end = (index / array->ways + 1) * array->ways;
    for (size_t other = index + 1; other < set_end; other++)
        if (array->entries[other].tag == entry->tag)
            return true;
    return false;
}

static const char *array_check(const struct mm_tlb_array *array, uint64_t now)
{
    for (size_t i = 0; i < n_places(array); i++) {
        const struct mm_tlb_entry *entry = place(array, i);
        size_t set = (size_t)(entry - array->entries) / array->ways;
        if (entry->tag == 0)
            continue;
        if (set != ((entry->tag >> 1) & array->set_mask))
            return "a TLB entry stands in a set that is not its page's (tlb invariant 1)";
        if (entry->stamp > now)
            return "a TLB entry was used by an access that is yet to come (tlb invariant 3)";
        if (stands_twice(array, entry))
            return "a page stands twice in a TLB set (tlb invariant 2)";
    }
    return NULL;
}

const char *mm_tlb_check(const struct mm_tlb *tlb, uint64_t now)
{
    const char *broken = array_check(&tlb->small, now);
    return broken ? broken : array_check(&tlb->large, now);
}
