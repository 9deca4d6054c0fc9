/* guard.c - objects that end at an unmapped page; see guard.h. */
#include "alloc/guard.h"

#include "alloc/checked_zones.h"
#include "alloc/report.h"
#include "alloc/site.h"
#include "base/assert.h"

/* A place in one of the two trees. */
struct key {
    struct mm_tree_node node;
    uint64_t page; /* first one: of RAM, or of kernel addresses */
};

/* What is known of a guarded object. It holds page numbers, not addresses: a search for leaks must
 * not take it for somebody who uses the object. */
struct record {
    struct key by_frame; /* while it lives */
    struct key by_page;
    struct mm_list resting;
    char cache[32];
    uint32_t n_pages;
    uint32_t start;   /* of the object, in its first page */
    uint32_t n_bytes; /* asked for */
    bool is_live;
    const char *alloc_site, *free_site;
    struct mm_heap_track track;
};

struct mm_guard {
    struct mm_cache records;
    struct mm_tree by_frame, by_page;
    struct mm_list resting; /* oldest first */
    uint64_t n_resting;
};

/* ---- the trees ---- */

static struct key *key_of(struct mm_tree_node *node)
{
    return node ? MM_CONTAINER_OF(node, struct key, node) : NULL;
}

static void insert(struct mm_tree *tree, struct key *key)
{
    struct mm_tree_node *parent = NULL;
    struct mm_tree_node **link = &tree->root;
    while (*link) {
        parent = *link;
        link = key->page < key_of(parent)->page ? &parent->left : &parent->right;
    }
    mm_tree_insert(tree, &key->node, parent, link);
}

/* The last one that starts at or before `page`; NULL. */
static struct key *find(const struct mm_tree *tree, uint64_t page)
{
    struct key *found = NULL;
    struct mm_tree_node *node = tree->root;
    while (node) {
        if (key_of(node)->page <= page)
            found = key_of(node);
        node = key_of(node)->page <= page ? node->right : node->left;
    }
    return found;
}

static struct record *record_of_frame(struct key *key)
{
    return key ? MM_CONTAINER_OF(key, struct record, by_frame) : NULL;
}

static struct record *record_of_page(struct key *key)
{
    return key ? MM_CONTAINER_OF(key, struct record, by_page) : NULL;
}

/* The live object whose frames hold an offset of RAM; NULL. */
static struct record *live_at(const struct mm_heap *heap, uint64_t offset)
{
    if (!heap->guard)
        return NULL;
    uint64_t pfn = offset >> MMSIM_PAGE_SHIFT;
    struct record *record = record_of_frame(find(&heap->guard->by_frame, pfn));
    return record && pfn < record->by_frame.page + record->n_pages ? record : NULL;
}

/* The object, live or resting, whose pages hold a kernel address; NULL. */
static struct record *mapped_at(const struct mm_heap *heap, mmsim_vaddr address)
{
    if (!heap->guard)
        return NULL;
    uint64_t page = address >> MMSIM_PAGE_SHIFT;
    struct record *record = record_of_page(find(&heap->guard->by_page, page));
    return record && page < record->by_page.page + record->n_pages ? record : NULL;
}

static mmsim_vaddr first_address(const struct record *record)
{
    return (mmsim_vaddr)record->by_page.page << MMSIM_PAGE_SHIFT;
}

static mmsim_vaddr object_address(const struct record *record)
{
    return first_address(record) + record->start;
}

static uint32_t first_offset(const struct record *record)
{
    return (uint32_t)(record->by_frame.page << MMSIM_PAGE_SHIFT);
}

static uint32_t object_offset(const struct record *record)
{
    return first_offset(record) + record->start;
}

/* ---- layout ---- */

static uint32_t pages_for(uint32_t n_bytes)
{
    return (uint32_t)((n_bytes + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT);
}

struct mm_slab_layout mm_guard_plan(const struct mm_cache *cache)
{
    unsigned order = 0;
    while (MMSIM_PAGE_SIZE << order < cache->object_bytes)
        order++;
    return (struct mm_slab_layout){
        .slot_bytes = (uint32_t)MMSIM_PAGE_SIZE << order,
        .per_slab = 1,
        .n_colours = 1,
        .order = (uint8_t)order,
    };
}

/* Where an object begins in its pages, so that it ends with them as nearly as it may. */
static uint32_t start_in(const struct mm_cache *cache, uint32_t n_pages, uint32_t n_bytes)
{
    uint32_t end = n_pages << MMSIM_PAGE_SHIFT;
    return (end - n_bytes) & ~(cache->alignment - 1);
}

/* ---- reports ---- */

static void tell(struct mm_heap *heap, const struct record *record,
                 struct mmsim_heap_report *report)
{
    if (record) {
        report->cache = record->cache;
        report->object = object_address(record);
        report->object_bytes = record->n_bytes;
        report->offset = (int64_t)(report->address - report->object);
        report->allocated =
            (struct mmsim_heap_moment){record->alloc_site, record->track.alloc_step};
        report->freed = (struct mmsim_heap_moment){record->free_site, record->track.free_step};
    }
    mm_report(heap, report);
}

/* Bytes from `from` to `to` of an object's pages that all have to be `fill`. */
struct zone {
    uint32_t from, to;
    uint8_t fill;
    enum mmsim_heap_mistake mistake;
};

/* False: it is damaged, which is reported and put right. */
static bool check_zone(struct mm_heap *heap, const struct record *record, const struct zone *zone)
{
    uint8_t *bytes = mm_heap_pointer(heap, first_offset(record));
    uint32_t from = zone->from, to = zone->to;
    while (from < to && bytes[from] == zone->fill)
        from++;
    if (from == to)
        return true;
    while (bytes[to - 1] == zone->fill)
        to--;
    struct mmsim_heap_report report = {.mistake = zone->mistake,
                                       .address = first_address(record) + from,
                                       .n_found = to - from,
                                       .expected = zone->fill};
    memcpy(report.found, bytes + from,
           report.n_found < sizeof report.found ? report.n_found : sizeof report.found);
    memset(bytes + from, zone->fill, to - from);
    tell(heap, record, &report);
    return false;
}

/* How many of its zones are damaged; one that is set aside may not be written. */
static unsigned check_zones(struct mm_heap *heap, const struct record *record)
{
    uint32_t start = record->start, end = start + record->n_bytes;
    const struct zone zones[] = {
        {0, start, MM_ZONE_LIVE_BYTE, MMSIM_HEAP_LEFT_RED_ZONE},
        {end, record->n_pages << MMSIM_PAGE_SHIFT, MM_ZONE_LIVE_BYTE, MMSIM_HEAP_RIGHT_RED_ZONE},
        {start, end - 1, MM_POISON_FREE_BYTE, MMSIM_HEAP_USE_AFTER_FREE},
        {end - 1, end, MM_POISON_END_BYTE, MMSIM_HEAP_USE_AFTER_FREE}};
    const struct mm_slab_set *set = heap->sets[heap->page_map[record->by_frame.page]];
    bool is_aside = !mm_heap_is_live(heap, object_offset(record));
    unsigned n = 0, n_zones = is_aside && (mm_checks_of(set) & MM_CHECK_POISON) ? 4 : 2;
    for (unsigned i = 0; i < n_zones; i++)
        n += !check_zone(heap, record, &zones[i]);
    return n;
}

uint64_t mm_guard_verify(struct mm_heap *heap)
{
    uint64_t n = 0;
    if (!heap->guard)
        return 0;
    for (struct mm_tree_node *node = mm_tree_first(&heap->guard->by_frame); node;
         node = mm_tree_next(node))
        n += check_zones(heap, record_of_frame(key_of(node)));
    return n;
}

/* ---- life ---- */

static struct mm_guard *guard_of(struct mm_heap *heap)
{
    if (heap->guard)
        return heap->guard;
    if (!heap->spare_guard)
        heap->spare_guard = mm_heap_meta(heap, sizeof *heap->spare_guard);
    struct mm_guard *guard = heap->spare_guard;
    struct mm_cache_setup setup = {
        .name = "guard-record", .object_bytes = sizeof(struct record), .flags = MM_CACHE_OWN};
    if (!guard || !mm_cache_init(&guard->records, heap, &setup))
        return NULL;
    mm_list_init(&guard->resting);
    return heap->guard = guard;
}

static void end_rest(struct mm_heap *heap, struct record *record)
{
    struct mm_guard *guard = heap->guard;
    heap->release_guarded(heap->map_user, first_address(record));
    mm_tree_remove(&guard->by_page, &record->by_page.node);
    mm_list_remove(&record->resting);
    guard->n_resting--;
    mm_cache_free(&guard->records, record);
}

uint64_t mm_guard_flush(struct mm_heap *heap)
{
    if (!heap->guard)
        return 0;
    uint64_t n = heap->guard->n_resting;
    while (heap->guard->n_resting > 0)
        end_rest(heap, MM_CONTAINER_OF(heap->guard->resting.next, struct record, resting));
    return n;
}

static void fill(struct mm_heap *heap, const struct mm_slab_set *set, const struct record *record)
{
    uint8_t *bytes = mm_heap_pointer(heap, first_offset(record));
    memset(bytes, MM_ZONE_LIVE_BYTE, (size_t)record->n_pages << MMSIM_PAGE_SHIFT);
    memset(bytes + record->start, set->checks & MM_CHECK_POISON ? MM_POISON_FRESH_BYTE : 0,
           record->n_bytes);
    if (set->construct)
        set->construct(bytes + record->start);
}

static void note_allocation(struct mm_heap *heap, const struct mm_slab_set *set,
                            struct record *record)
{
    record->alloc_site = heap->site;
    record->free_site = NULL;
    record->track = (struct mm_heap_track){.alloc_step = (uint32_t)mm_site_step(heap)};
    if (!(set->checks & MM_CHECK_TRACK))
        return;
    record->track.alloc_site = (uint16_t)mm_site_current(heap);
    mm_site_count_alloc(heap, record->track.alloc_site, record->n_bytes);
}

/* Maps the frames of a slab; if there is no room, resting objects make some. */
static bool map(struct mm_heap *heap, mmsim_pfn first, uint32_t n_pages, mmsim_vaddr *address)
{
    return heap->map_guarded(heap->map_user, first, n_pages, address) ||
           (mm_guard_flush(heap) > 0 && heap->map_guarded(heap->map_user, first, n_pages, address));
}

static struct record *make_record(struct mm_heap *heap, const struct mm_slab_set *set,
                                  uint32_t slab, uint32_t n_bytes)
{
    struct mm_guard *guard = heap->guard;
    const struct mm_cache *cache = set->owner;
    struct record *record =
        mm_heap_alloc_promised(heap, guard->records.active, sizeof(struct record));
    if (!record)
        return NULL;
    uint32_t n_pages = pages_for(n_bytes);
    mmsim_vaddr address;
    if (!map(heap, slab >> MMSIM_PAGE_SHIFT, n_pages, &address)) {
        mm_cache_free(&guard->records, record);
        return NULL;
    }
    *record = (struct record){.by_frame = {.page = slab >> MMSIM_PAGE_SHIFT},
                              .by_page = {.page = address >> MMSIM_PAGE_SHIFT},
                              .n_pages = n_pages,
                              .start = start_in(cache, n_pages, n_bytes),
                              .n_bytes = n_bytes,
                              .is_live = true};
    memcpy(record->cache, cache->name, sizeof record->cache);
    mm_list_init(&record->resting);
    insert(&guard->by_frame, &record->by_frame);
    insert(&guard->by_page, &record->by_page);
    return record;
}

void *mm_guard_alloc(struct mm_heap *heap, struct mm_slab_set *set, size_t n_bytes)
{
    uint32_t slab;
    if (!heap->map_guarded || !guard_of(heap) || mm_slab_take(set, &slab, 1) == 0)
        return NULL;
    struct record *record = make_record(heap, set, slab, n_bytes > 0 ? (uint32_t)n_bytes : 1);
    if (!record) {
        mm_slab_put(set, &slab, 1);
        return NULL;
    }
    fill(heap, set, record);
    note_allocation(heap, set, record);
    mm_heap_set_live(heap, object_offset(record));
    return mm_heap_pointer(heap, object_offset(record));
}

static void note_free(struct mm_heap *heap, const struct mm_slab_set *set, struct record *record)
{
    record->free_site = heap->site;
    record->track.free_step = (uint32_t)mm_site_step(heap);
    if (!(set->checks & MM_CHECK_TRACK))
        return;
    record->track.free_site = (uint16_t)mm_site_current(heap);
    mm_site_count_free(heap, record->track.alloc_site, record->n_bytes);
}

bool mm_guard_free(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset)
{
    struct mm_guard *guard = heap->guard;
    struct record *record = live_at(heap, offset);
    MM_ASSERT(record && object_offset(record) == offset, "a live guarded object has no record");
    check_zones(heap, record);
    if (mm_heap_is_live(heap, offset))
        note_free(heap, set, record);
    record->is_live = false;
    heap->unmap_guarded(heap->map_user, first_address(record));
    uint32_t slab = first_offset(record);
    mm_heap_clear_live(heap, offset);
    mm_tree_remove(&guard->by_frame, &record->by_frame.node);
    mm_slab_put(set, &slab, 1);
    mm_list_append(&guard->resting, &record->resting);
    if (++guard->n_resting > MM_GUARD_MAX_RESTING)
        end_rest(heap, MM_CONTAINER_OF(guard->resting.next, struct record, resting));
    return true;
}

void mm_guard_rest(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t offset)
{
    struct record *record = live_at(heap, offset);
    check_zones(heap, record);
    note_free(heap, set, record);
    mm_heap_clear_live(heap, offset);
    if (!(mm_checks_of(set) & MM_CHECK_POISON))
        return;
    uint8_t *object = mm_heap_pointer(heap, offset);
    memset(object, MM_POISON_FREE_BYTE, record->n_bytes - 1);
    object[record->n_bytes - 1] = MM_POISON_END_BYTE;
}

void *mm_guard_wake(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t offset)
{
    struct record *record = live_at(heap, offset);
    check_zones(heap, record);
    fill(heap, set, record);
    note_allocation(heap, set, record);
    mm_heap_set_live(heap, offset);
    return mm_heap_pointer(heap, offset);
}

/* ---- looking ---- */

uint32_t mm_guard_object(const struct mm_heap *heap, uint32_t offset)
{
    const struct record *record = live_at(heap, offset);
    return record && offset >= object_offset(record) ? object_offset(record) : MM_SLAB_NO_OBJECT;
}

uint32_t mm_guard_bytes(const struct mm_heap *heap, uint32_t offset)
{
    return live_at(heap, offset)->n_bytes;
}

struct mm_heap_track mm_guard_track(const struct mm_heap *heap, uint32_t offset)
{
    const struct record *record = live_at(heap, offset);
    return record ? record->track : (struct mm_heap_track){0};
}

mmsim_vaddr mm_heap_address(const struct mm_heap *heap, const void *object)
{
    uint64_t offset = mm_heap_offset(heap, object);
    const struct record *record = live_at(heap, offset);
    return record ? first_address(record) + (offset - first_offset(record)) : offset;
}

uint64_t mm_heap_locate(const struct mm_heap *heap, mmsim_vaddr address)
{
    if (address < heap->low_bytes)
        return live_at(heap, address) ? UINT64_MAX : address;
    const struct record *record = mapped_at(heap, address);
    return record && record->is_live ? first_offset(record) + (address - first_address(record))
                                     : UINT64_MAX;
}

/* ---- mistakes ---- */

/* The object that an address is in, or just behind, or just before; NULL. */
static struct record *nearest(const struct mm_heap *heap, mmsim_vaddr address)
{
    struct record *record = mapped_at(heap, address);
    if (!record && heap->guard)
        record = mapped_at(heap, address - MMSIM_PAGE_SIZE);
    if (!record && heap->guard)
        record = mapped_at(heap, address + MMSIM_PAGE_SIZE);
    return record;
}

bool mm_guard_fault(struct mm_heap *heap, mmsim_vaddr address)
{
    const struct record *record = nearest(heap, address);
    if (!record)
        return false;
    struct mmsim_heap_report report = {.mistake = record->is_live ? MMSIM_HEAP_GUARD_HIT
                                                                  : MMSIM_HEAP_FREED_GUARD_HIT,
                                       .address = address};
    tell(heap, record, &report);
    return true;
}

void mm_guard_bad_free(struct mm_heap *heap, mmsim_vaddr address)
{
    const struct record *record = mapped_at(heap, address);
    bool is_again = record && !record->is_live && address == object_address(record);
    struct mmsim_heap_report report = {
        .mistake = is_again ? MMSIM_HEAP_DOUBLE_FREE : MMSIM_HEAP_FOREIGN_FREE, .address = address};
    tell(heap, is_again ? record : NULL, &report);
}

/* ---- invariants ---- */

static const char *check_ranges(const struct mm_tree *tree)
{
    uint64_t end = 0;
    for (struct mm_tree_node *node = mm_tree_first(tree); node; node = mm_tree_next(node)) {
        if (key_of(node)->page < end)
            return "two guarded objects overlap (guard invariant 3)";
        end = key_of(node)->page + record_of_page(key_of(node))->n_pages;
    }
    return mm_tree_check(tree);
}

static const char *check_live(const struct mm_heap *heap, uint64_t *n)
{
    for (struct mm_tree_node *node = mm_tree_first(&heap->guard->by_frame); node;
         node = mm_tree_next(node), ++*n) {
        const struct record *record = record_of_frame(key_of(node));
        const struct mm_slab_set *set = heap->sets[heap->page_map[record->by_frame.page]];
        bool is_live = mm_heap_is_live(heap, object_offset(record));
        if (!record->is_live ||
            (!is_live && set->n_resting == 0)) /* a pool may have set it aside */
            return "a guarded object has a record and is not live (guard invariant 1)";
        if (mapped_at(heap, object_address(record)) != record)
            return "a guarded object is not found by its address (guard invariant 1)";
    }
    return mm_tree_check(&heap->guard->by_frame);
}

const char *mm_guard_check(const struct mm_heap *heap)
{
    const struct mm_guard *guard = heap->guard;
    if (!guard)
        return NULL;
    uint64_t n_live = 0, n_resting = 0, n_pages = 0;
    const char *broken = check_live(heap, &n_live);
    for (const struct mm_list *at = guard->resting.next; at != &guard->resting; at = at->next)
        n_resting++;
    for (struct mm_tree_node *node = mm_tree_first(&guard->by_page); node;
         node = mm_tree_next(node))
        n_pages++;
    if (!broken)
        broken = check_ranges(&guard->by_page);
    if (!broken && n_resting != guard->n_resting)
        broken = "resting objects are counted wrongly (guard invariant 2)";
    return broken || n_pages == n_live + n_resting
               ? broken
               : "a guarded object neither lives nor rests (guard invariant 1)";
}
