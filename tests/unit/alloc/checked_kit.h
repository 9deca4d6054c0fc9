/*
 * checked_kit.h - what tests of checked objects share: a heap with a step counter and guard pages,
 * and what the last report must say.
 */
#ifndef MM_TESTS_CHECKED_KIT_H
#define MM_TESTS_CHECKED_KIT_H

#include "alloc/checked.h"
#include "alloc/quarantine.h"
#include "alloc/site.h"
#include "heap_kit.h"

enum {
    Z = MM_CHECK_RED_ZONES,
    P = MM_CHECK_POISON,
    U = MM_CHECK_TRACK,
    Q = MM_CHECK_QUARANTINE,
    G = MM_CHECK_GUARD,
    H = MM_CHECK_HARDEN,
    R = MM_CHECK_SHUFFLE,
    N_COMBINATIONS = 128
};

static struct kit kit;
static uint64_t step;

static inline bool map_guarded(void *user, mmsim_pfn first, uint64_t n_frames, mmsim_vaddr *address)
{
    uint64_t *next = user;
    (void)first;
    *address = *next;
    *next += (n_frames + 1) << MMSIM_PAGE_SHIFT;
    return true;
}

static inline void unmap_guarded(void *user, mmsim_vaddr address)
{
    (void)user;
    (void)address;
}

static uint64_t next_guarded;

static inline void setup(void)
{
    kit_setup(&kit, 32 * MMSIM_MIB, 2);
    step = 0;
    next_guarded = 0xc0000000;
    kit.heap.step = &step;
    kit.heap.map_guarded = map_guarded;
    kit.heap.unmap_guarded = unmap_guarded;
    kit.heap.release_guarded = unmap_guarded;
    kit.heap.map_user = &next_guarded;
}

static inline void teardown(void)
{
    kit_check(&kit);
    kit_teardown(&kit);
}

static inline uint8_t *alloc_at(size_t n_bytes, const char *site, uint64_t now)
{
    kit.heap.site = site;
    step = now;
    uint8_t *object = mm_kmalloc(&kit.heap, n_bytes);
    ck_assert_ptr_nonnull(object);
    return object;
}

static inline void free_at(void *object, const char *site, uint64_t now)
{
    kit.heap.site = site;
    step = now;
    ck_assert(mm_kfree(&kit.heap, object));
}

static inline uint64_t offset_of(const void *object)
{
    return mm_heap_offset(&kit.heap, object);
}

static inline void checks(unsigned which)
{
    ck_assert(mm_kmalloc_set_checks(&kit.heap, which));
}

static inline const struct mm_slab_set *set_of(const void *object)
{
    return kit.heap.sets[kit.heap.page_map[offset_of(object) >> MMSIM_PAGE_SHIFT]];
}

/* The last report, of damage: `where` is the first damaged byte. */
static inline void expect_damage(enum mmsim_heap_mistake mistake, const uint8_t *object,
                                 size_t object_bytes, const uint8_t *where, uint32_t n_bytes,
                                 uint8_t found, uint8_t expected)
{
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_int_eq(kit.last.mistake, mistake);
    ck_assert_uint_eq(kit.last.object, offset_of(object));
    ck_assert_uint_eq(kit.last.object_bytes, object_bytes);
    ck_assert_uint_eq(kit.last.address, offset_of(where));
    ck_assert_int_eq(kit.last.offset, where - object);
    ck_assert_uint_eq(kit.last.n_found, n_bytes);
    ck_assert_uint_eq(kit.last.expected, expected);
    for (uint32_t i = 0; i < 16; i++)
        ck_assert_uint_eq(kit.last.found[i], i < n_bytes ? found : 0);
    const struct mm_cache *cache = set_of(object)->owner;
    ck_assert_str_eq(kit.last.cache, cache->name);
}

static inline void expect_moment(const struct mmsim_heap_moment *moment, const char *site,
                                 uint64_t when)
{
    if (!site) {
        ck_assert_ptr_null(moment->site);
        return;
    }
    ck_assert_ptr_nonnull(moment->site);
    ck_assert_str_eq(moment->site, site);
    ck_assert_uint_eq(moment->step, when);
}

/* Nothing else is wrong: what was reported has been put right. */
static inline void expect_no_more(void)
{
    uint64_t n = kit.n_reports;
    ck_assert_uint_eq(mm_heap_verify(&kit.heap), 0);
    ck_assert_uint_eq(kit.n_reports, n);
    ck_assert_uint_eq(kit.heap.n_reports, n);
}

static inline void begin_again(void)
{
    kit.n_reports = kit.heap.n_reports = 0;
}

#endif
