/* test_kernel_given.c - what calls on the kernel's memory make of NULL, of words that are none, and
 * of roots that lie nowhere; and whose the kernel's doings between calls are. */
#include <string.h>

#include "heap_kit.h"

START_TEST(what_is_missing_is_refused_and_named)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_error error = {0};
    struct mmsim_scope *scope = NULL;
    struct mmsim_cache *cache = NULL;
    struct mmsim_pool *pool = NULL;
    struct mmsim_cache_setup setup = {.object_bytes = 64};
    ck_assert_int_eq(mmsim_heap_set_checks(machine, NULL, 0, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "cache");
    ck_assert_int_eq(mmsim_scope_begin(machine, NULL, NULL, &scope, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.text, "no name was given");
    ck_assert_int_eq(mmsim_cache_create(machine, &setup, &cache, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.text, "no name was given");
    error = (struct mmsim_error){0};
    ck_assert_int_eq(mmsim_pool_create(machine, NULL, 64, 1, &pool, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.text, "no name was given");
    ck_assert(!scope && !cache && !pool);
    ck_assert_ptr_null(mmsim_cache_find(machine, NULL));
    ck_assert_ptr_null(mmsim_pool_find(machine, NULL));
    ck_assert_int_eq(mmsim_cache_destroy(NULL), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_pool_destroy(NULL), MMSIM_EINVAL);
    mmsim_gc(machine, NULL);
    kit_end(machine);
}
END_TEST

START_TEST(a_search_of_no_mode_finds_nothing_out)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_leak_result result;
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_leak_scan(machine, (enum mmsim_leak_mode)7, &result, &error),
                     MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "mode");
    kit_end(machine);
}
END_TEST

START_TEST(roots_lie_in_the_heap_or_in_large_areas)
{
    struct mmsim_machine *machine = heap_machine();
    mmsim_vaddr object = mmsim_kmalloc(machine, 64, 0, "a"), area = mmsim_vmalloc(machine, 1, "b");
    ck_assert_int_eq(mmsim_leak_root(machine, object, 0), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_leak_root(machine, object, 64), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_leak_root(machine, area + 8, MMSIM_PAGE_SIZE - 8), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_leak_root(machine, area + 8, MMSIM_PAGE_SIZE), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_leak_root(machine, area + MMSIM_PAGE_SIZE, 8), MMSIM_EINVAL);
    mmsim_vaddr free_low = 15 * MMSIM_MIB; /* nobody has asked for so much */
    ck_assert_ptr_null(mmsim_kernel_bytes(machine, free_low, 8));
    ck_assert_int_eq(mmsim_leak_root(machine, free_low, 8), MMSIM_EINVAL);
    kit_end(machine);
}
END_TEST

/* A store beside an object, found by a verification: both by whoever the kernel acts for. */
START_TEST(what_the_kernel_does_between_calls_has_the_site_that_was_given)
{
    struct mmsim_machine *machine = heap_machine();
    struct heap_mistakes seen = {0};
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    ck_assert_int_eq(mmsim_heap_set_checks(machine, "kmalloc", MMSIM_HEAP_RED_ZONES, NULL), 0);
    mmsim_vaddr object = mmsim_kmalloc(machine, 20, 0, "maker");
    mmsim_kernel_at(machine, "looker");
    mmsim_write(mmsim_kernel(machine), object + 20, "x", 1);
    ck_assert_uint_eq(mmsim_heap_verify(machine), 1);
    ck_assert_str_eq(seen.last.now.site, "looker");
    mmsim_write(mmsim_kernel(machine), object + 20, "x", 1);
    mmsim_kfree(machine, object, "freer");
    ck_assert_str_eq(seen.last.now.site, "freer");
    mmsim_vaddr area = mmsim_vmalloc(machine, 1, "b");
    mmsim_write(mmsim_kernel(machine), area + MMSIM_PAGE_SIZE, "x", 1);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_GUARD_HIT);
    ck_assert_str_eq(seen.last.now.site, "looker"); /* still, after other calls */
    mmsim_kernel_at(machine, NULL);
    mmsim_write(mmsim_kernel(machine), area + MMSIM_PAGE_SIZE, "x", 1);
    ck_assert_ptr_null(seen.last.now.site);
    kit_end(machine);
}
END_TEST

START_TEST(a_watched_store_loses_a_reference_where_the_kernel_was)
{
    struct mmsim_machine *machine = heap_machine();
    ck_assert_int_eq(mmsim_heap_set_checks(machine, "kmalloc", MMSIM_HEAP_TRACK, NULL), 0);
    mmsim_vaddr table = mmsim_kmalloc(machine, 64, MMSIM_ALLOC_ZERO, "table");
    ck_assert_int_eq(mmsim_leak_root(machine, table, 64), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_leak_watch(machine, MMSIM_LEAK_WATCH_STORES, NULL), MMSIM_OK);
    mmsim_vaddr lost = mmsim_kmalloc(machine, 64, MMSIM_ALLOC_ZERO, "lost");
    uint32_t word = (uint32_t)lost, none = 0;
    mmsim_kernel_at(machine, "keeper");
    mmsim_write(mmsim_kernel(machine), table, &word, sizeof word);
    mmsim_kernel_at(machine, "loser");
    mmsim_write(mmsim_kernel(machine), table, &none, sizeof none);
    struct mmsim_leak_result result;
    struct mmsim_leak leak;
    ck_assert_int_eq(mmsim_leak_scan(machine, MMSIM_LEAK_EXACT, &result, NULL), MMSIM_OK);
    ck_assert(mmsim_leak_at(machine, 0, &leak));
    ck_assert_uint_eq(leak.address, lost);
    ck_assert_str_eq(leak.lost_site, "loser");
    kit_end(machine);
}
END_TEST

START_TEST(sites_that_only_free_are_not_among_those_that_allocate)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_site_info info;
    ck_assert_int_eq(mmsim_heap_set_checks(machine, "kmalloc", MMSIM_HEAP_TRACK, NULL), 0);
    ck_assert_str_eq(mmsim_table_nothing(machine, MMSIM_TABLE_ALLOCINFO),
                     "no call site is known: no cache has tracked any (check U)");
    mmsim_kfree(machine, mmsim_kmalloc(machine, 64, 0, "first"), "freer");
    mmsim_kmalloc(machine, 64, 0, "second");
    ck_assert(mmsim_site_at(machine, 0, &info));
    ck_assert_str_eq(info.site, "first");
    ck_assert(mmsim_site_at(machine, 1, &info));
    ck_assert_str_eq(info.site, "second");
    ck_assert(!mmsim_site_at(machine, 2, &info));
    ck_assert_ptr_null(mmsim_table_nothing(machine, MMSIM_TABLE_ALLOCINFO));
    kit_end(machine);
}
END_TEST

Suite *test_kernel_given_suite(void);
Suite *test_kernel_given_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("kernel_given", &tests);
    tcase_add_test(tests, what_is_missing_is_refused_and_named);
    tcase_add_test(tests, a_search_of_no_mode_finds_nothing_out);
    tcase_add_test(tests, roots_lie_in_the_heap_or_in_large_areas);
    tcase_add_test(tests, what_the_kernel_does_between_calls_has_the_site_that_was_given);
    tcase_add_test(tests, a_watched_store_loses_a_reference_where_the_kernel_was);
    tcase_add_test(tests, sites_that_only_free_are_not_among_those_that_allocate);
    return suite;
}
