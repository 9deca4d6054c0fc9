/*
 * checked_look.c - damage in and around checked objects: finding, reporting and restoring it, byte
 * by byte; see checked.h. checked.c calls this once it has seen that something is not right.
 */
#include "alloc/checked_zones.h"
#include "alloc/guard.h"
#include "alloc/quarantine.h"
#include "alloc/report.h"
#include "alloc/site.h"

/* Bytes that all have to be `fill`, but for the last one of poison. */
struct zone {
    int64_t from, to; /* from the start of the object */
    uint8_t fill, last;
    enum mmsim_heap_mistake mistake;
};
enum { MAX_ZONES = 4 };

static bool is_first(const struct mm_slab_set *set, uint32_t object)
{
    return object == mm_slab_first(set, mm_slab_of(set, object));
}

static struct zone left_zone(int64_t from, int64_t to, uint8_t fill)
{
    return (struct zone){from, to, fill, fill, MMSIM_HEAP_LEFT_RED_ZONE};
}

static struct zone right_zone(const struct mm_slab_set *set, uint32_t from, uint8_t fill)
{
    return (struct zone){from, mm_body_bytes(set) + 4, fill, fill, MMSIM_HEAP_RIGHT_RED_ZONE};
}

static unsigned zones_of_live(const struct mm_heap *heap, const struct mm_slab_set *set,
                              uint32_t object, struct zone zones[MAX_ZONES])
{
    if (!(set->checks & MM_CHECK_RED_ZONES))
        return 0;
    uint32_t n_asked = mm_asked_bytes(set, set->checks, mm_heap_pointer(heap, object));
    int64_t first = is_first(set, object) ? -MM_LEFT_ZONE_BYTES : -1;
    zones[0] = left_zone(first, 0, MM_ZONE_LIVE_BYTE);
    zones[1] = right_zone(set, n_asked, MM_ZONE_LIVE_BYTE);
    return 2;
}

static unsigned zones_of_free(const struct mm_slab_set *set, uint32_t object,
                              struct zone zones[MAX_ZONES])
{
    uint32_t user = mm_user_bytes(set), body = mm_body_bytes(set);
    unsigned n = 0;
    if (set->checks & MM_CHECK_RED_ZONES)
        zones[n++] = left_zone(-1, 0, MM_ZONE_FREE_BYTE);
    if ((set->checks & MM_CHECK_RED_ZONES) && is_first(set, object))
        zones[n++] = left_zone(-MM_LEFT_ZONE_BYTES, -1, MM_ZONE_LIVE_BYTE);
    if (mm_checks_of(set) & MM_CHECK_POISON)
        zones[n++] = (struct zone){0, user, MM_POISON_FREE_BYTE, MM_POISON_END_BYTE,
                                   MMSIM_HEAP_USE_AFTER_FREE};
    if (set->checks & MM_CHECK_RED_ZONES)
        zones[n++] = right_zone(set, user, MM_ZONE_FREE_BYTE);
    else if (mm_checks_of(set) & MM_CHECK_POISON)
        zones[n++] = (struct zone){user, body, MM_ZONE_FREE_BYTE, MM_ZONE_FREE_BYTE,
                                   MMSIM_HEAP_USE_AFTER_FREE};
    return n;
}

/* ---- damage ---- */

static uint8_t expected(const struct zone *zone, int64_t i)
{
    return i == zone->to - 1 ? zone->last : zone->fill;
}

/* Bytes from the first damaged to the last damaged one; `first` counts from the object's start. */
static uint32_t damaged(const struct zone *zone, const uint8_t *object, int64_t *first)
{
    int64_t from = zone->from, to = zone->to;
    while (from < to && object[from] == expected(zone, from))
        from++;
    while (to > from && object[to - 1] == expected(zone, to - 1))
        to--;
    *first = from;
    return (uint32_t)(to - from);
}

/* Reports and restores what is damaged in a zone. */
static bool mend_zone(struct mm_heap *heap, uint32_t object, const struct zone *zone)
{
    uint8_t *bytes = mm_heap_pointer(heap, object);
    int64_t first;
    uint32_t n_bytes = damaged(zone, bytes, &first);
    if (n_bytes == 0)
        return false;
    struct mm_heap_damage damage = {.mistake = zone->mistake,
                                    .object = object,
                                    .first = (uint32_t)(object + first),
                                    .n_bytes = n_bytes,
                                    .expected = expected(zone, first)};
    struct mmsim_heap_report report = mm_report_of(heap, &damage);
    for (int64_t i = first; i < first + n_bytes; i++)
        bytes[i] = expected(zone, i);
    mm_report(heap, &report);
    return true;
}

unsigned mm_checked_mend(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t object)
{
    struct zone zones[MAX_ZONES];
    unsigned n_zones = mm_heap_is_live(heap, object) ? zones_of_live(heap, set, object, zones)
                                                     : zones_of_free(set, object, zones);
    unsigned n_damages = 0;
    for (unsigned i = 0; i < n_zones; i++)
        n_damages += mend_zone(heap, object, &zones[i]);
    return n_damages;
}

/* ---- everything ---- */

static uint64_t verify_slab(struct mm_heap *heap, const struct mm_slab_set *set, mmsim_pfn slab)
{
    uint64_t n_damages = 0;
    uint32_t object = mm_slab_first(set, slab);
    for (unsigned i = 0; i < set->layout.per_slab; i++, object += set->layout.slot_bytes)
        n_damages += mm_checked_mend(heap, set, object);
    return n_damages;
}

uint64_t mm_heap_verify(struct mm_heap *heap)
{
    uint64_t n_damages = mm_guard_verify(heap);
    mmsim_pfn n_pages = heap->low_bytes >> MMSIM_PAGE_SHIFT;
    for (mmsim_pfn pfn = 0; pfn < n_pages; pfn++) {
        const struct mm_slab_set *set = heap->sets[heap->page_map[pfn]];
        if (set && set->prepare && mm_slab_of(set, pfn << MMSIM_PAGE_SHIFT) == pfn)
            n_damages += verify_slab(heap, set, pfn);
    }
    return n_damages;
}

/* ---- a quarantine that was written over ---- */

bool mm_checked_is_spare(const struct mm_heap *heap, const struct mm_slab_set *set, uint32_t object)
{
    return object < heap->low_bytes && heap->page_map[object >> MMSIM_PAGE_SHIFT] == set->index &&
           mm_slab_object(set, object) == object && !mm_heap_is_live(heap, object) &&
           !mm_slab_is_free(set, object);
}

static bool rests(const struct mm_slab_set *set, uint32_t object)
{
    for (uint32_t i = 0; i < mm_quarantine_n(set); i++)
        if (mm_quarantine_at(set, i) == object)
            return true;
    return false;
}

/* One object that is taken, not in use and nowhere else; MM_SLAB_NO_OBJECT: there is none. */
static uint32_t lost_object(const struct mm_heap *heap, const struct mm_slab_set *set)
{
    for (mmsim_pfn slab = mm_slab_next(set, MM_NO_PFN); slab != MM_NO_PFN;
         slab = mm_slab_next(set, slab)) {
        uint32_t object = mm_slab_first(set, slab);
        for (unsigned i = 0; i < set->layout.per_slab; i++, object += set->layout.slot_bytes)
            if (mm_checked_is_spare(heap, set, object) && !rests(set, object))
                return object;
    }
    return MM_SLAB_NO_OBJECT;
}

/* Where a quarantine holds more than its ring does, the rest is a pool's reserve (pool.h), from
 * which a lost object cannot be told: it stays out of use then. */
void mm_checked_repair(struct mm_heap *heap, struct mm_slab_set *set, uint32_t wrong)
{
    struct mmsim_heap_report report = {.mistake = MMSIM_HEAP_BAD_LINK,
                                       .cache = ((const struct mm_cache *)set->owner)->name,
                                       .address = wrong,
                                       .n_found = sizeof wrong};
    memcpy(report.found, &wrong, sizeof wrong);
    if (set->n_resting > mm_quarantine_n(set)) {
        set->n_resting++;
    } else {
        uint32_t lost = lost_object(heap, set);
        if (lost != MM_SLAB_NO_OBJECT) {
            mm_checked_mend(heap, set, lost);
            mm_slab_put(set, &lost, 1);
        }
    }
    mm_report(heap, &report);
}

/* ---- checking ---- */

static bool is_in_stock(const struct mm_slab_set *set, uint32_t object)
{
    for (uint32_t i = 0; i < mm_checked_n_stocked(set); i++)
        if (set->stock->objects[i] == object)
            return true;
    return false;
}

static const char *check_stock(const struct mm_heap *heap, const struct mm_slab_set *set)
{
    const struct mm_stock *stock = set->stock;
    if (stock && (stock->capacity > MM_STOCK_MAX || stock->n > stock->capacity))
        return "a stock holds more objects than it has room for";
    for (uint32_t i = 0; stock && i < stock->n; i++)
        if (!mm_checked_is_spare(heap, set, stock->objects[i]))
            return "a stock holds what is no free object of its set (checked invariant 3)";
    return NULL;
}

static const char *check_quarantine(const struct mm_heap *heap, const struct mm_slab_set *set)
{
    uint32_t n = mm_quarantine_n(set);
    if (n > mm_quarantine_capacity(set->layout.slot_bytes) || n > set->n_resting)
        return "more objects rest than are counted, or may (quarantine invariants 1 and 3)";
    for (uint32_t i = 0; i < n; i++) {
        uint32_t object = mm_quarantine_at(set, i);
        if (!mm_checked_is_spare(heap, set, object))
            return "what rests is no free object of its set (quarantine invariant 2)";
        if (is_in_stock(set, object))
            return "an object rests and is in stock (checked invariant 3)";
        for (uint32_t j = 0; j < i; j++)
            if (mm_quarantine_at(set, j) == object)
                return "an object rests twice";
    }
    return NULL;
}

const char *mm_checked_check(const struct mm_heap *heap, const struct mm_slab_set *set)
{
    const char *broken = check_stock(heap, set);
    if (!broken)
        broken = check_quarantine(heap, set);
    return broken;
}
