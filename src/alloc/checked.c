/* checked.c - allocation and free with checks: what every call does; see checked.h. */
#include "alloc/checked.h"

#include "alloc/checked_zones.h"
#include "alloc/guard.h"
#include "alloc/quarantine.h"
#include "alloc/site.h"
#include "base/assert.h"

/* ---- layout ---- */

static bool wastes(const struct mm_slab_layout *layout)
{
    uint32_t slab = (uint32_t)MMSIM_PAGE_SIZE << layout->order;
    if (slab < layout->first + layout->slot_bytes)
        return true;
    return (slab - layout->first) % layout->slot_bytes * 8 > slab;
}

/* Room in front of the first object for its left red zone, which must not unalign the others. */
static void move_first(struct mm_slab_layout *layout, uint32_t alignment)
{
    layout->first = alignment > MM_LEFT_ZONE_BYTES ? alignment : MM_LEFT_ZONE_BYTES;
    while (layout->order < 5 && wastes(layout))
        layout->order++;
    uint32_t slab = (uint32_t)MMSIM_PAGE_SIZE << layout->order;
    layout->per_slab = (uint16_t)((slab - layout->first) / layout->slot_bytes);
}

struct mm_slab_layout mm_checked_plan(const struct mm_cache *cache, unsigned checks)
{
    if (mm_checked_is_guarded(checks))
        return mm_guard_plan(cache);
    uint32_t body = (cache->object_bytes + MM_HEAP_GRANULE - 1) & ~(MM_HEAP_GRANULE - 1u);
    struct mm_slab_layout layout = mm_slab_plan(body + mm_behind_bytes(checks), cache->alignment);
    if (checks & MM_CHECK_RED_ZONES)
        move_first(&layout, cache->alignment);
    return layout;
}

static void prepare(const struct mm_slab_set *set, mmsim_pfn slab)
{
    uint8_t *at = set->zones->phys->host + mm_slab_first(set, slab);
    if (set->checks & MM_CHECK_RED_ZONES)
        memset(at - MM_LEFT_ZONE_BYTES, MM_ZONE_LIVE_BYTE, MM_LEFT_ZONE_BYTES);
    for (unsigned i = 0; i < set->layout.per_slab; i++, at += set->layout.slot_bytes) {
        mm_free_fill(set, mm_checks_of(set), at);
        if (!(set->checks & MM_CHECKS_TRAILER))
            continue;
        mm_word_store(mm_word_0(set, at), 0);
        mm_word_store(mm_word_1(set, at), 0);
        mm_word_store(mm_word_2(set, at), 0);
        *(mm_word_2(set, at) + 3) = MM_ZONE_FREE_BYTE;
    }
}

/* The combination that people use has code of its own, below. */
enum { USUAL_CHECKS = MM_CHECK_RED_ZONES | MM_CHECK_POISON | MM_CHECK_TRACK };

void mm_checked_init(struct mm_slab_set *set)
{
    bool fills = set->checks & (MM_CHECKS_TRAILER | MM_CHECK_POISON);
    if (fills && !mm_checked_is_guarded(set->checks))
        set->prepare = prepare;
    set->user_bytes = (uint16_t)((const struct mm_cache *)set->owner)->object_bytes;
    set->body_bytes = (uint16_t)(set->layout.slot_bytes - mm_behind_bytes(set->checks));
    set->usual = (set->checks & ~MM_CHECK_SHUFFLE) == USUAL_CHECKS && !set->construct &&
                 set->user_bytes == set->body_bytes;
}

/* ---- free objects at hand ---- */

/* Sets that prove their objects have no stock: it would lie in RAM. NULL: no memory either. */
static struct mm_stock *make_stock(struct mm_heap *heap, const struct mm_slab_set *set)
{
    if (set->checks & MM_CHECK_HARDEN)
        return NULL;
    struct mm_stock *stock = heap->spare_stocks;
    if (stock)
        heap->spare_stocks = stock->next_spare;
    else
        stock = mm_heap_meta(heap, sizeof *stock);
    if (!stock)
        return NULL;
    uint32_t n = (uint32_t)MM_STOCK_BYTES / set->layout.slot_bytes;
    stock->n = 0;
    stock->capacity = n < 2 ? 2 : n < MM_STOCK_MAX ? n : (uint32_t)MM_STOCK_MAX;
    return stock;
}

void mm_checked_forget(struct mm_heap *heap, struct mm_slab_set *set)
{
    mm_quarantine_forget(heap, set);
    MM_ASSERT(mm_checked_n_stocked(set) == 0, "a set is dropped with objects in stock");
    if (!set->stock)
        return;
    set->stock->next_spare = heap->spare_stocks;
    heap->spare_stocks = set->stock;
    set->stock = NULL;
}

void mm_checked_drain(struct mm_slab_set *set)
{
    if (!set->stock)
        return;
    mm_slab_put(set, set->stock->objects, set->stock->n);
    set->stock->n = 0;
}

static uint32_t take(struct mm_heap *heap, struct mm_slab_set *set)
{
    if (!set->stock)
        set->stock = make_stock(heap, set);
    struct mm_stock *stock = set->stock;
    if (stock && stock->n == 0)
        stock->n = mm_slab_take(set, stock->objects, stock->capacity / 2);
    return stock && stock->n > 0 ? stock->objects[--stock->n] : mm_heap_take_one(heap, set);
}

static void put(struct mm_slab_set *set, uint32_t object)
{
    struct mm_stock *stock = set->stock;
    if (!stock) {
        mm_slab_put(set, &object, 1);
        return;
    }
    if (stock->n == stock->capacity) {
        uint32_t n_back = stock->n / 2;
        mm_slab_put(set, stock->objects, n_back);
        stock->n -= n_back;
        memmove(stock->objects, stock->objects + n_back, stock->n * sizeof stock->objects[0]);
    }
    stock->objects[stock->n++] = object;
}

/* ---- records ---- */

static inline void note_alloc(struct mm_heap *heap, const struct mm_slab_set *set, unsigned checks,
                              uint8_t *at, uint32_t n_bytes, struct mm_site *site)
{
    if (checks & MM_CHECKS_TRAILER)
        mm_word_store(mm_word_0(set, at), mm_asked_encode(n_bytes));
    if (!(checks & MM_CHECK_TRACK))
        return;
    uint64_t step = mm_site_step(heap);
    if (site)
        mm_site_add(site, n_bytes, step);
    mm_word_store(mm_word_1(set, at), (uint32_t)step);
    mm_sites_store(set, at, site ? site->number : 0);
}

static inline void note_free(struct mm_heap *heap, const struct mm_slab_set *set, unsigned checks,
                             uint8_t *at, uint32_t n_bytes, const struct mm_site *site)
{
    if (!(checks & MM_CHECK_TRACK))
        return;
    uint32_t alloc_site = mm_sites_load(set, at) & 0xfff;
    mm_site_count_free(heap, alloc_site, n_bytes);
    mm_word_store(mm_word_0(set, at), (uint32_t)mm_site_step(heap));
    mm_sites_store(set, at, alloc_site | (site ? (uint32_t)site->number << 12 : 0));
}

uint32_t mm_checked_bytes(const struct mm_heap *heap, const struct mm_slab_set *set,
                          uint32_t offset)
{
    if (!mm_heap_is_live(heap, offset))
        return mm_user_bytes(set);
    if (mm_checked_is_guarded(set->checks))
        return mm_guard_bytes(heap, offset);
    return mm_asked_bytes(set, set->checks, mm_heap_pointer(heap, offset));
}

struct mm_heap_track mm_checked_track(const struct mm_heap *heap, uint32_t offset)
{
    struct mm_heap_track track = {0};
    const struct mm_slab_set *set = heap->sets[heap->page_map[offset >> MMSIM_PAGE_SHIFT]];
    if (!set || !(set->checks & MM_CHECK_TRACK))
        return track;
    if (mm_checked_is_guarded(set->checks))
        return mm_guard_track(heap, offset);
    uint8_t *at = mm_heap_pointer(heap, offset);
    uint32_t sites = mm_sites_load(set, at);
    track.alloc_site = sites & 0xfff;
    track.alloc_step = mm_word_load(mm_word_1(set, at));
    if (!mm_heap_is_live(heap, offset)) {
        track.free_site = sites >> 12 & 0xfff;
        track.free_step = mm_word_load(mm_word_0(set, at));
    }
    return track;
}

/* ---- quarantine ---- */

/* What leaves quarantine is looked at. False: it is no object. */
static bool may_leave(struct mm_heap *heap, struct mm_slab_set *set, uint32_t object)
{
    if ((set->checks & MM_CHECK_HARDEN) && !mm_checked_is_spare(heap, set, object)) {
        mm_checked_repair(heap, set, object);
        return false;
    }
    if (!mm_free_is_intact(set, mm_checks_of(set), mm_heap_pointer(heap, object)))
        mm_checked_mend(heap, set, object);
    return true;
}

void mm_quarantine_flush(struct mm_heap *heap, struct mm_slab_set *set)
{
    uint32_t object;
    while ((object = mm_quarantine_pop(set)) != MM_SLAB_NO_OBJECT)
        if (may_leave(heap, set, object))
            mm_slab_put(set, &object, 1);
}

/* ---- what every call does ----
 *
 * The functions that all calls go through call nobody in return, so that they save no registers.
 * They are made for one combination of checks at a time: the one that people use has its own.
 */

enum { USUAL = USUAL_CHECKS | MM_WHOLE_GRANULES };

/* The site that calls now, where sites are noted. */
static inline struct mm_site *site_at_hand(const struct mm_heap *heap, unsigned checks)
{
    return checks & MM_CHECK_TRACK ? mm_site_at_hand(heap) : NULL;
}

static inline bool lacks_site(const struct mm_site *site, unsigned checks)
{
    return (checks & MM_CHECK_TRACK) && !site;
}

/* The same by its text. NULL: no memory for a table; it is unknown then. */
static struct mm_site *site_of_caller(struct mm_heap *heap, const struct mm_slab_set *set)
{
    struct mm_site *site = site_at_hand(heap, set->checks);
    return lacks_site(site, set->checks) ? mm_site_look_up(heap) : site;
}

static MM_INLINE void *begin(struct mm_heap *heap, const struct mm_slab_set *set, unsigned checks,
                             uint32_t object, uint32_t n_bytes, struct mm_site *site)
{
    uint8_t *at = mm_heap_pointer(heap, object);
    mm_heap_set_live(heap, object);
    mm_live_fill(set, checks, at, n_bytes);
    note_alloc(heap, set, checks, at, n_bytes, site);
    return at;
}

static MM_INLINE void end(struct mm_heap *heap, const struct mm_slab_set *set, unsigned checks,
                          uint32_t object, uint32_t n_bytes, struct mm_site *site)
{
    uint8_t *at = mm_heap_pointer(heap, object);
    note_free(heap, set, checks, at, n_bytes, site);
    mm_heap_clear_live(heap, object);
    mm_free_fill(set, checks, at);
}

/* A free object, which is looked at, comes to life. */
static void *begin_slow(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t object,
                        uint32_t n_bytes)
{
    unsigned checks = mm_checks_of(set);
    if (!mm_free_is_intact(set, checks, mm_heap_pointer(heap, object)))
        mm_checked_mend(heap, set, object);
    return begin(heap, set, checks, object, n_bytes, site_of_caller(heap, set));
}

static __attribute__((noinline)) void *alloc_slow(struct mm_heap *heap, struct mm_slab_set *set,
                                                  uint32_t n_bytes)
{
    if (mm_checked_is_guarded(set->checks))
        return mm_guard_alloc(heap, set, n_bytes);
    uint32_t object = take(heap, set);
    return object == MM_SLAB_NO_OBJECT ? NULL : begin_slow(heap, set, object, n_bytes);
}

static MM_INLINE void *alloc_fast(struct mm_heap *heap, struct mm_slab_set *set, unsigned checks,
                                  uint32_t n_bytes)
{
    struct mm_stock *stock = set->stock;
    struct mm_site *site = site_at_hand(heap, checks);
    if (__builtin_expect(!stock || stock->n == 0 || lacks_site(site, checks), 0))
        return alloc_slow(heap, set, n_bytes);
    uint32_t object = stock->objects[stock->n - 1];
    if (__builtin_expect(!mm_free_is_intact(set, checks, mm_heap_pointer(heap, object)), 0))
        return alloc_slow(heap, set, n_bytes);
    stock->n--;
    return begin(heap, set, checks, object, n_bytes, site);
}

static __attribute__((noinline)) void *alloc_unusual(struct mm_heap *heap, struct mm_slab_set *set,
                                                     uint32_t n_bytes)
{
    return alloc_fast(heap, set, mm_checks_of(set), n_bytes);
}

void *mm_checked_alloc(struct mm_heap *heap, struct mm_slab_set *set, size_t n_bytes)
{
    uint32_t n_asked = n_bytes > 0 ? (uint32_t)n_bytes : 1;
    if (__builtin_expect(set->usual, 1))
        return alloc_fast(heap, set, USUAL, n_asked);
    return alloc_unusual(heap, set, n_asked);
}

/* A live object, which is looked at, is a free one now. */
static void end_slow(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t object)
{
    unsigned checks = mm_checks_of(set);
    const uint8_t *at = mm_heap_pointer(heap, object);
    uint32_t n_bytes = mm_asked_bytes(set, checks, at);
    if (!mm_live_is_intact(set, checks, at, n_bytes))
        mm_checked_mend(heap, set, object);
    end(heap, set, checks, object, n_bytes, site_of_caller(heap, set));
}

/* A free object goes where others find it. */
static void lay_down(struct mm_heap *heap, struct mm_slab_set *set, uint32_t object)
{
    if (set->checks & MM_CHECK_QUARANTINE) {
        object = mm_quarantine_push(heap, set, object);
        if (object == MM_SLAB_NO_OBJECT || !may_leave(heap, set, object))
            return;
    }
    put(set, object);
}

static __attribute__((noinline)) bool free_slow(struct mm_heap *heap, struct mm_slab_set *set,
                                                uint32_t object)
{
    if (mm_checked_is_guarded(set->checks))
        return mm_guard_free(heap, set, object);
    end_slow(heap, set, object);
    lay_down(heap, set, object);
    return true;
}

static MM_INLINE bool free_fast(struct mm_heap *heap, struct mm_slab_set *set, unsigned checks,
                                uint32_t object)
{
    struct mm_stock *stock = set->stock;
    struct mm_site *site = site_at_hand(heap, checks);
    if (__builtin_expect(!stock || stock->n == stock->capacity || lacks_site(site, checks), 0))
        return free_slow(heap, set, object);
    const uint8_t *at = mm_heap_pointer(heap, object);
    uint32_t n_bytes = mm_asked_bytes(set, checks, at);
    if (__builtin_expect(!mm_live_is_intact(set, checks, at, n_bytes), 0))
        return free_slow(heap, set, object);
    end(heap, set, checks, object, n_bytes, site);
    stock->objects[stock->n++] = object;
    return true;
}

static __attribute__((noinline)) bool free_unusual(struct mm_heap *heap, struct mm_slab_set *set,
                                                   uint32_t object)
{
    return free_fast(heap, set, mm_checks_of(set), object);
}

bool mm_checked_free(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset)
{
    if (__builtin_expect(set->usual, 1))
        return free_fast(heap, set, USUAL, offset);
    if (set->checks & MM_CHECK_QUARANTINE)
        return free_slow(heap, set, offset);
    return free_unusual(heap, set, offset);
}

/* ---- objects set aside ---- */

void mm_checked_rest(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset)
{
    if (mm_checked_is_guarded(set->checks))
        mm_guard_rest(heap, set, offset);
    else
        end_slow(heap, set, offset);
}

void *mm_checked_wake(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset)
{
    if (mm_checked_is_guarded(set->checks))
        return mm_guard_wake(heap, set, offset);
    return begin_slow(heap, set, offset, mm_user_bytes(set));
}

void mm_checked_release(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset)
{
    if (mm_checked_is_guarded(set->checks)) {
        mm_guard_free(heap, set, offset);
        return;
    }
    if (!mm_free_is_intact(set, mm_checks_of(set), mm_heap_pointer(heap, offset)))
        mm_checked_mend(heap, set, offset);
    lay_down(heap, set, offset);
}
