/* rmap.c - first mappings in the frame table, further ones in chained items. */
#include "paging/rmap.h"

#include "base/assert.h"

struct item {
    struct mm_pgtable *set;
    uint32_t number; /* of the page */
    uint32_t next;   /* offset in RAM; 0: the last one */
};

static struct item *item_at(const struct mm_rmap *rmap, uint32_t offset)
{
    return mm_heap_pointer(rmap->heap, offset);
}

static uint32_t number_of(mmsim_vaddr page)
{
    return (uint32_t)(page >> MMSIM_PAGE_SHIFT);
}

/* ---- memory ---- */

bool mm_rmap_init(struct mm_rmap *rmap, struct mm_heap *heap)
{
    *rmap = (struct mm_rmap){.heap = heap};
    return mm_cache_init(&rmap->items, heap,
                         &(struct mm_cache_setup){.name = "rmap-item",
                                                  .object_bytes = sizeof(struct item),
                                                  .flags = MM_CACHE_OWN});
}

static void put_item(struct mm_rmap *rmap, uint32_t offset)
{
    item_at(rmap, offset)->next = rmap->spares;
    rmap->spares = offset;
    rmap->n_spares++;
}

static uint32_t take_item(struct mm_rmap *rmap)
{
    uint32_t offset = rmap->spares;
    MM_ASSERT(offset != 0, "a mapping is added that nobody reserved an item for");
    rmap->spares = item_at(rmap, offset)->next;
    rmap->n_spares--;
    return offset;
}

bool mm_rmap_reserve(struct mm_rmap *rmap, uint64_t n)
{
    while (rmap->n_spares < n) {
        struct item *item = mm_cache_alloc(&rmap->items);
        if (item)
            put_item(rmap, (uint32_t)mm_heap_offset(rmap->heap, item));
        else if (rmap->n_spares < n)
            return false;
    }
    return true;
}

void mm_rmap_trim(struct mm_rmap *rmap)
{
    while (rmap->n_spares > 0)
        mm_cache_free(&rmap->items, item_at(rmap, take_item(rmap)));
}

void mm_rmap_fini(struct mm_rmap *rmap)
{
    if (!rmap->items.heap)
        return;
    mm_rmap_trim(rmap);
    bool is_empty = mm_cache_fini(&rmap->items);
    MM_ASSERT(is_empty, "mappings are left when their items' cache goes");
    (void)is_empty;
}

/* ---- mappings ---- */

static void set_first(struct mm_frame *frame, struct mm_pgtable *set, uint32_t number)
{
    frame->owner = set;
    frame->payload = (frame->payload & ~(uint64_t)UINT32_MAX) | number;
}

static bool is_first(const struct mm_frame *frame, const struct mm_pgtable *set, uint32_t number)
{
    return frame->owner == set && (uint32_t)frame->payload == number;
}

void mm_rmap_add(struct mm_rmap *rmap, struct mm_frame *frame, struct mm_pgtable *set,
                 mmsim_vaddr page)
{
    if (!frame->owner) {
        set_first(frame, set, number_of(page));
        return;
    }
    uint32_t offset = take_item(rmap);
    *item_at(rmap, offset) =
        (struct item){.set = set, .number = number_of(page), .next = frame->next};
    frame->next = offset;
    rmap->n_items++;
}

/* The first item of the chain goes; it becomes the first mapping. */
static void promote(struct mm_rmap *rmap, struct mm_frame *frame)
{
    uint32_t offset = frame->next;
    const struct item *item = item_at(rmap, offset);
    set_first(frame, item->set, item->number);
    frame->next = item->next;
    put_item(rmap, offset);
    rmap->n_items--;
}

/* Where the offset of the item of a mapping is written down. */
static uint32_t *find_link(const struct mm_rmap *rmap, struct mm_frame *frame,
                           const struct mm_pgtable *set, uint32_t number)
{
    uint32_t *link = &frame->next;
    for (; *link != 0; link = &item_at(rmap, *link)->next) {
        const struct item *item = item_at(rmap, *link);
        if (item->set == set && item->number == number)
            return link;
    }
    MM_ASSERT(false, "a mapping is not in the reverse map (rmap invariant 1)");
    return NULL;
}

void mm_rmap_remove(struct mm_rmap *rmap, struct mm_frame *frame, const struct mm_pgtable *set,
                    mmsim_vaddr page)
{
    uint32_t number = number_of(page);
    if (is_first(frame, set, number)) {
        if (frame->next)
            promote(rmap, frame);
        else
            set_first(frame, NULL, 0);
        return;
    }
    uint32_t *link = find_link(rmap, frame, set, number);
    if (!link)
        return;
    uint32_t offset = *link;
    *link = item_at(rmap, offset)->next;
    put_item(rmap, offset);
    rmap->n_items--;
}

void mm_rmap_move(struct mm_rmap *rmap, struct mm_frame *frame, const struct mm_pgtable *set,
                  mmsim_vaddr from, mmsim_vaddr to)
{
    if (is_first(frame, set, number_of(from))) {
        set_first(frame, frame->owner, number_of(to));
        return;
    }
    uint32_t *link = find_link(rmap, frame, set, number_of(from));
    if (link)
        item_at(rmap, *link)->number = number_of(to);
}

void mm_rmap_clear(struct mm_rmap *rmap, struct mm_frame *frame)
{
    while (frame->next)
        promote(rmap, frame);
    set_first(frame, NULL, 0);
}

uint32_t mm_rmap_next_item(const struct mm_rmap *rmap, uint32_t item)
{
    return item_at(rmap, item)->next;
}

bool mm_rmap_next(struct mm_rmap_walk *walk)
{
    const struct mm_frame *frame = walk->frame;
    if (!walk->begun) {
        walk->begun = true;
        walk->next = frame->next;
        walk->mapping = (struct mm_mapping){frame->owner, (mmsim_vaddr)(uint32_t)frame->payload
                                                              << MMSIM_PAGE_SHIFT};
        return frame->owner != NULL;
    }
    if (walk->next == 0)
        return false;
    const struct item *item = item_at(walk->rmap, walk->next);
    walk->mapping = (struct mm_mapping){item->set, (mmsim_vaddr)item->number << MMSIM_PAGE_SHIFT};
    walk->next = item->next;
    return true;
}

/* ---- invariants ---- */

const char *mm_rmap_check_frame(const struct mm_rmap *rmap, const struct mm_frame *frame)
{
    uint32_t n = 0;
    struct mm_rmap_walk walk = mm_rmap_walk(rmap, frame);
    while (mm_rmap_next(&walk)) {
        struct mm_pgtable *set = walk.mapping.set;
        struct mmsim_entry entry = mm_pgtable_query(set, walk.mapping.page);
        bool holds = entry.state == MMSIM_ENTRY_PRESENT || entry.state == MMSIM_ENTRY_HELD;
        mmsim_paddr base = mm_pfn_address(mm_frame_pfn(set->paging->zones, frame));
        if (!holds || entry.base != base)
            return "the reverse map names an entry that names another frame (rmap invariant 1)";
        n++;
    }
    return n == mm_frame_mappings(frame)
               ? NULL
               : "the reverse map of a frame has more or fewer entries than name it (rmap "
                 "invariant 1)";
}
