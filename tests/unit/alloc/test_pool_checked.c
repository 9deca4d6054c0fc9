/*
 * test_pool_checked.c - checks see an object come and go from a pool's reserve as they see the
 * heap: under every combination of them, damage is found, and nothing is that did not happen.
 */
#include "alloc/checked.h"
#include "alloc/kmalloc.h"
#include "alloc/leak_watch.h"
#include "alloc/site.h"
#include "kit.h"
#include "pool_kit.h"

enum { N_COMBINATIONS = 128, N_CHECKED = 5, CHECKED_BYTES = 100 };

/* A pool under each combination of checks; afterwards nothing may be left to find. */
static void with_all_checks(void (*use)(struct mm_pool *pool, unsigned checks))
{
    for (unsigned checks = 0; checks < N_COMBINATIONS; checks++) {
        heap.site = "create";
        struct mm_pool *pool = create("checked", CHECKED_BYTES, N_CHECKED, checks);
        ck_assert_ptr_nonnull(pool);
        use(pool, checks);
        n_reports = 0;
        ck_assert_uint_eq(mm_heap_verify(&heap), 0);
        check();
        ck_assert(mm_pool_destroy(pool));
        ck_assert_uint_eq(mm_heap_verify(&heap), 0);
        ck_assert_uint_eq(n_reports, 0);
    }
}

static uint8_t *alloc_from_reserve(struct mm_pool *pool, const char *site)
{
    uint64_t n_held = pool->n_held;
    heap.site = site;
    refuse_all(true);
    uint8_t *object = mm_pool_alloc(pool);
    refuse_all(false);
    ck_assert_ptr_nonnull(object);
    ck_assert_uint_eq(pool->n_held, n_held - 1);
    return object;
}

static void free_into_reserve(struct mm_pool *pool, void *object, const char *site)
{
    uint64_t n_held = pool->n_held;
    heap.site = site;
    ck_assert(mm_pool_free(pool, object));
    ck_assert_uint_eq(pool->n_held, n_held + 1);
}

static void expect_report(enum mmsim_heap_mistake mistake, int64_t offset, uint8_t expected)
{
    ck_assert_uint_eq(n_reports, 1);
    ck_assert_int_eq(last.mistake, mistake);
    ck_assert_int_eq(last.offset, offset);
    ck_assert_uint_eq(last.n_found, 1);
    ck_assert_uint_eq(last.found[0], '!');
    ck_assert_uint_eq(last.expected, expected);
    ck_assert_str_eq(last.cache, "checked");
    n_reports = 0;
}

static void expect_silence(struct mm_pool *pool, unsigned checks)
{
    (void)checks;
    ck_assert_uint_eq(mm_heap_verify(&heap), 0);
    serves_exactly(pool, N_CHECKED);
    ck_assert_uint_eq(mm_heap_verify(&heap), 0);
    ck_assert(mm_pool_resize(pool, 2));
    ck_assert_uint_eq(mm_heap_verify(&heap), 0);
    serves_exactly(pool, 2);
    ck_assert_uint_eq(n_reports, 0);
}

START_TEST(a_reserve_that_nobody_damaged_is_silent_under_all_checks)
{
    with_all_checks(expect_silence);
}
END_TEST

static void overrun(struct mm_pool *pool, unsigned checks)
{
    uint8_t *object = alloc_from_reserve(pool, "alloc");
    object[CHECKED_BYTES] = '!';
    free_into_reserve(pool, object, "free");
    if (!(checks & (MM_CHECK_RED_ZONES | MM_CHECK_GUARD))) {
        ck_assert_uint_eq(n_reports, 0);
        return;
    }
    expect_report(MMSIM_HEAP_RIGHT_RED_ZONE, CHECKED_BYTES, 0xcc);
    ck_assert_str_eq(last.now.site, "free");
    object = alloc_from_reserve(pool, "alloc");
    object[-1] = '!';
    free_into_reserve(pool, object, "free");
    expect_report(MMSIM_HEAP_LEFT_RED_ZONE, -1, 0xcc);
}

START_TEST(writes_around_an_object_are_found_when_it_is_freed_into_the_reserve)
{
    with_all_checks(overrun);
}
END_TEST

/* Found by verifying, by the next allocation, and when the heap gets it back. */
static void write_late(struct mm_pool *pool, unsigned checks)
{
    if (!(checks & MM_CHECK_POISON))
        return;
    uint8_t *object = alloc_from_reserve(pool, "alloc");
    free_into_reserve(pool, object, "free");
    object[3] = '!';
    ck_assert_uint_eq(mm_heap_verify(&heap), 1);
    expect_report(MMSIM_HEAP_USE_AFTER_FREE, 3, 0x6b);
    object[CHECKED_BYTES - 1] = '!';
    ck_assert_ptr_eq(alloc_from_reserve(pool, "alloc"), object);
    expect_report(MMSIM_HEAP_USE_AFTER_FREE, CHECKED_BYTES - 1, 0xa5);
    for (unsigned i = 0; i < CHECKED_BYTES; i++)
        ck_assert_uint_eq(object[i], 0x5a);
    free_into_reserve(pool, object, "free");
    object[0] = '!';
    ck_assert(mm_pool_resize(pool, N_CHECKED - 1));
    expect_report(MMSIM_HEAP_USE_AFTER_FREE, 0, 0x6b);
}

START_TEST(a_write_to_an_object_in_reserve_is_found)
{
    with_all_checks(write_late);
}
END_TEST

static void construct(void *object)
{
    memset(object, 0x11, CHECKED_BYTES);
}

START_TEST(objects_in_reserve_stay_constructed)
{
    for (unsigned checks = 0; checks < N_COMBINATIONS; checks++) {
        struct mm_cache_setup wanted = {.name = "constructed",
                                        .object_bytes = CHECKED_BYTES,
                                        .checks = checks,
                                        .construct = construct};
        struct mm_pool *pool = mm_pool_create(&pools, &wanted, 2);
        for (unsigned round = 0; round < 3; round++) {
            uint8_t *object = alloc_from_reserve(pool, "alloc");
            for (unsigned i = 0; i < CHECKED_BYTES; i++)
                ck_assert_uint_eq(object[i], 0x11);
            free_into_reserve(pool, object, "free");
        }
        ck_assert_uint_eq(mm_heap_verify(&heap), 0);
        ck_assert(mm_pool_destroy(pool));
    }
    ck_assert_uint_eq(n_reports, 0);
}
END_TEST

static void expect_site(const char *text, uint64_t n_allocs, unsigned n_live)
{
    const struct mm_site *site = mm_site_at(&heap, mm_site_find(&heap, text));
    ck_assert_str_eq(site->text, text);
    ck_assert_uint_eq(site->n_allocs, n_allocs);
    ck_assert_uint_eq(site->n_live, n_live);
    ck_assert_uint_eq(site->live_bytes, n_live * CHECKED_BYTES);
}

static uint64_t n_uses; /* pools that were tracked before */

static void count_sites(struct mm_pool *pool, unsigned checks)
{
    if (!(checks & MM_CHECK_TRACK))
        return;
    expect_site("create", (n_uses + 1) * N_CHECKED, 0);
    uint8_t *first = alloc_from_reserve(pool, "alloc"), *second = alloc_from_reserve(pool, "alloc");
    expect_site("alloc", n_uses * 2 + 2, 2);
    free_into_reserve(pool, first, "free");
    expect_site("alloc", n_uses * 2 + 2, 1);
    uint32_t offset = (uint32_t)mm_heap_offset(&heap, first);
    struct mm_heap_track track = mm_checked_track(&heap, offset);
    ck_assert_str_eq(mm_site_text(&heap, track.alloc_site), "alloc");
    ck_assert_str_eq(mm_site_text(&heap, track.free_site), "free");
    heap.site = "again";
    ck_assert(!mm_pool_free(pool, first));
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert_str_eq(last.allocated.site, "alloc");
    ck_assert_str_eq(last.freed.site, "free");
    ck_assert(mm_pool_resize(pool, 0));
    expect_site("create", (n_uses + 1) * N_CHECKED, 0);
    ck_assert(mm_pool_free(pool, second));
    expect_site("alloc", n_uses * 2 + 2, 0);
    n_uses++;
}

START_TEST(objects_in_reserve_are_in_use_at_no_site)
{
    n_uses = 0;
    with_all_checks(count_sites);
    ck_assert_uint_eq(n_uses, N_COMBINATIONS / 2);
}
END_TEST

/* What of a cache is lost; NULL: nothing. Nobody holds the kernel's own objects here. */
static const struct mmsim_leak *find_lost(const char *cache)
{
    struct mmsim_leak_result result;
    ck_assert_int_eq(mm_leak_scan(&leak, MMSIM_LEAK_CONSERVATIVE, &result), MMSIM_OK);
    for (size_t i = 0; i < leak.n_rows; i++)
        if (strcmp(leak.rows[i].cache, cache) == 0)
            return &leak.rows[i];
    return NULL;
}

static void mark(struct mm_pool *pool, unsigned checks)
{
    (void)checks;
    uint8_t *object = alloc_from_reserve(pool, "alloc");
    uint64_t offset = mm_heap_offset(&heap, object);
    ck_assert_ptr_nonnull(find_lost("checked"));
    ck_assert_int_eq(mm_leak_mark(&leak, offset, MMSIM_LEAK_IGNORE), MMSIM_SUCCESS);
    ck_assert_int_eq(mm_leak_add_root(&leak, mm_heap_address(&heap, object), 8), MMSIM_SUCCESS);
    ck_assert_ptr_null(find_lost("checked"));
    free_into_reserve(pool, object, "free");
    ck_assert_uint_eq(leak.n_marked + leak.n_held + heap.n_closed, 0);
    ck_assert_ptr_eq(alloc_from_reserve(pool, "alloc"), object);
    ck_assert_ptr_nonnull(find_lost("checked"));
    free_into_reserve(pool, object, "free");
}

START_TEST(what_was_said_of_an_object_is_forgotten_in_reserve)
{
    with_all_checks(mark);
}
END_TEST

static void lose(struct mm_pool *pool, unsigned checks)
{
    (void)checks;
    uint8_t *object = alloc_from_reserve(pool, "alloc"), *target = mm_kmalloc(&heap, 32);
    uint32_t before, address = (uint32_t)mm_heap_offset(&heap, target);
    memcpy(&before, object + 16, sizeof before);
    memcpy(object + 16, &address, sizeof address);
    mm_leak_watch_store(&leak, mm_heap_offset(&heap, object) + 16, sizeof before, &before);
    free_into_reserve(pool, object, "free");
    const struct mmsim_leak *lost = find_lost("kmalloc-32");
    ck_assert_ptr_nonnull(lost);
    ck_assert_uint_eq(lost->n_objects, 1);
    ck_assert_str_eq(lost->lost_site, "free");
    ck_assert(mm_kfree(&heap, target));
}

START_TEST(a_watch_sees_that_a_free_into_the_reserve_loses_what_the_object_held)
{
    ck_assert(mm_leak_watch_start(&leak));
    with_all_checks(lose);
    mm_leak_watch_end(&leak);
}
END_TEST

Suite *test_pool_checked_suite(void);
Suite *test_pool_checked_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("pool_checked", &tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_reserve_that_nobody_damaged_is_silent_under_all_checks);
    tcase_add_test(tests, writes_around_an_object_are_found_when_it_is_freed_into_the_reserve);
    tcase_add_test(tests, a_write_to_an_object_in_reserve_is_found);
    tcase_add_test(tests, objects_in_reserve_stay_constructed);
    tcase_add_test(tests, objects_in_reserve_are_in_use_at_no_site);
    tcase_add_test(tests, what_was_said_of_an_object_is_forgotten_in_reserve);
    tcase_add_test(tests, a_watch_sees_that_a_free_into_the_reserve_loses_what_the_object_held);
    return suite;
}
