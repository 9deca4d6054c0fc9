/*
 * pool_kit.h - what tests of pools share: pools over a small heap with a leak search and guard
 * pages, and emptying a reserve.
 */
#ifndef MM_TESTS_POOL_KIT_H
#define MM_TESTS_POOL_KIT_H

#include <check.h>
#include <mmsim/alloc.h>
#include <string.h>

#include "alloc/leak.h"
#include "alloc/pool.h"

static struct mm_phys phys;
static struct mm_zones zones;
static struct mm_heap heap;
static struct mm_pools pools;
static struct mm_host host;
static struct mm_leak leak;
static uint64_t next_guarded;
static struct mmsim_heap_report last;
static unsigned n_reports;

static inline void on_report(void *user, const struct mmsim_heap_report *report)
{
    (void)user;
    last = *report;
    n_reports++;
}

/* Guard pages that nobody looks up. */
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

static inline void setup(void)
{
    ck_assert(mm_phys_init(&phys, 4 * MMSIM_MIB));
    ck_assert(mm_zones_init(&zones, &phys, 0));
    ck_assert(mm_heap_init(&heap, &zones, 1, 1));
    ck_assert(mm_pools_init(&pools, &heap));
    mm_host_init(&host, NULL);
    mm_leak_init(&leak, &heap, &host);
    heap.on_report = on_report;
    n_reports = 0;
    next_guarded = 0xc0000000;
    heap.map_guarded = map_guarded;
    heap.unmap_guarded = unmap_guarded;
    heap.release_guarded = unmap_guarded;
    heap.map_user = &next_guarded;
}

static inline void check(void)
{
    const char *broken = mm_pools_check(&pools);
    if (!broken)
        broken = mm_heap_check(&heap);
    if (!broken)
        broken = mm_zones_check(&zones);
    ck_assert_msg(!broken, "%s", broken);
}

static inline void teardown(void)
{
    check();
    mm_pools_fini(&pools);
    mm_leak_fini(&leak);
    mm_heap_fini(&heap);
    ck_assert_uint_eq(zones.n_by_use[MM_FRAME_SLAB], 0);
    mm_zones_fini(&zones);
    mm_phys_fini(&phys);
}

static inline struct mm_pool *create(const char *name, uint32_t n_bytes, uint64_t n,
                                     unsigned checks)
{
    struct mm_cache_setup wanted = {.name = name, .object_bytes = n_bytes, .checks = checks};
    return mm_pool_create(&pools, &wanted, n);
}

static inline void refuse_all(bool yes)
{
    struct mm_inject_rule rule = {.every = 1};
    if (yes)
        mm_inject_arm(&heap.inject, &rule);
    else
        mm_inject_disarm(&heap.inject);
    (yes ? mm_heap_close : mm_heap_open)(&heap);
}

/* Every allocation fails, and n objects are there nevertheless; they come back. */
static inline void serves_exactly(struct mm_pool *pool, uint64_t n)
{
    void *objects[256];
    refuse_all(true);
    for (uint64_t i = 0; i < n; i++) {
        objects[i] = mm_pool_alloc(pool);
        ck_assert_ptr_nonnull(objects[i]);
        for (uint64_t j = 0; j < i; j++)
            ck_assert_ptr_ne(objects[j], objects[i]);
        memset(objects[i], (int)i, pool->cache.object_bytes);
    }
    ck_assert_ptr_null(mm_pool_alloc(pool));
    check();
    for (uint64_t i = 0; i < n; i++)
        ck_assert(mm_pool_free(pool, objects[i]));
    ck_assert_uint_eq(pool->n_held, n);
    refuse_all(false);
    check();
}

#endif
