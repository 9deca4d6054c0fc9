/* leak_kit.h - a heap with a leak search, and storing addresses in its objects. */
#ifndef MM_TESTS_LEAK_KIT_H
#define MM_TESTS_LEAK_KIT_H

#include <check.h>
#include <string.h>

#include "alloc/kmalloc.h"
#include "alloc/leak.h"
#include "alloc/leak_watch.h"

struct leak_kit {
    struct mm_host host;
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_heap heap;
    struct mm_leak leak;
    uint64_t step;
    void *roots[4]; /* on the host */
};

static void leak_kit_each_root(void *user,
                               void (*visit)(void *search, const void *words, size_t n_bytes),
                               void *search)
{
    struct leak_kit *kit = user;
    visit(search, kit->roots, sizeof kit->roots);
}

/* With RAM above 4 GiB, too. */
static inline void leak_kit_begin_with(struct leak_kit *kit, uint64_t high_bytes)
{
    *kit = (struct leak_kit){0};
    mm_host_init(&kit->host, NULL);
    ck_assert(mm_phys_init_ranges(&kit->phys, 16 * MMSIM_MIB, high_bytes));
    ck_assert(mm_zones_init(&kit->zones, &kit->phys, 0));
    ck_assert(mm_heap_init(&kit->heap, &kit->zones, 1, 1));
    kit->heap.step = &kit->step;
    mm_leak_init(&kit->leak, &kit->heap, &kit->host);
    kit->leak.each_root = leak_kit_each_root;
    kit->leak.root_user = kit;
}

static inline void leak_kit_begin(struct leak_kit *kit)
{
    leak_kit_begin_with(kit, 0);
}

static inline void leak_kit_end(struct leak_kit *kit)
{
    mm_leak_fini(&kit->leak);
    ck_assert_uint_eq(kit->heap.n_closed, 0);
    ck_assert_uint_eq(kit->host.n_blocks, 0);
    mm_heap_fini(&kit->heap);
    mm_zones_fini(&kit->zones);
    mm_phys_fini(&kit->phys);
}

static inline uint32_t leak_kit_offset(const struct leak_kit *kit, const void *object)
{
    return (uint32_t)mm_heap_offset(&kit->heap, object);
}

static inline void *leak_kit_alloc(struct leak_kit *kit, size_t n_bytes, const char *site)
{
    kit->heap.site = site;
    void *object = mm_kzalloc(&kit->heap, n_bytes);
    ck_assert_ptr_nonnull(object);
    return object;
}

/* Stores the 4-byte address of `target` (NULL: 0) in an object, as the MMU would be seen to. */
static inline void leak_kit_store(struct leak_kit *kit, void *object, size_t at, const void *target)
{
    uint32_t old, address = target ? leak_kit_offset(kit, target) : 0;
    memcpy(&old, (uint8_t *)object + at, sizeof old);
    memcpy((uint8_t *)object + at, &address, sizeof address);
    mm_leak_watch_store(&kit->leak, mm_heap_offset(&kit->heap, object) + at, sizeof old, &old);
}

static inline struct mmsim_leak_result leak_kit_scan(struct leak_kit *kit,
                                                     enum mmsim_leak_mode mode)
{
    struct mmsim_leak_result result;
    ck_assert_int_eq(mm_leak_scan(&kit->leak, mode, &result), MMSIM_OK);
    ck_assert_uint_eq(result.n_groups, kit->leak.n_rows);
    return result;
}

static inline uint64_t leak_kit_n_leaked(struct leak_kit *kit)
{
    return leak_kit_scan(kit, MMSIM_LEAK_CONSERVATIVE).n_leaked;
}

#endif
