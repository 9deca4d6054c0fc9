/* What is said of frees that are none: which mistake it is, and where. */
#include "checked_kit.h"

static bool try_free(void *object)
{
    kit.heap.site = "bad.c:1";
    step = 99;
    return mm_kfree(&kit.heap, object);
}

static void expect_report(enum mmsim_heap_mistake mistake, const void *address)
{
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_uint_eq(kit.heap.n_reports, 1);
    ck_assert_int_eq(kit.last.mistake, mistake);
    ck_assert_uint_eq(kit.last.address, offset_of(address));
    expect_moment(&kit.last.now, "bad.c:1", 99);
    ck_assert_uint_eq(kit.last.n_found, 0);
    begin_again();
}

START_TEST(a_pointer_to_nothing_of_the_heap_s_is_foreign)
{
    uint8_t *ram = kit.heap.ram;
    struct mm_frame *frame = mm_zone_alloc(&kit.zones, MM_FRAME_PAGE_TABLE, 0);
    void *const places[] = {ram, ram + 16, ram + kit.heap.low_bytes - 4096, kit.heap.racks,
                            ram + mm_pfn_address(mm_frame_pfn(&kit.zones, frame))};
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        ck_assert(!try_free(places[i]));
        ck_assert_ptr_null(kit.last.cache);
        ck_assert_uint_eq(kit.last.object, 0);
        expect_report(MMSIM_HEAP_FOREIGN_FREE, places[i]);
    }
    mm_zone_free(&kit.zones, frame, 0);
}
END_TEST

START_TEST(memory_of_the_host_s_has_no_address_in_the_machine)
{
    static uint8_t elsewhere[64];
    ck_assert(!try_free(elsewhere));
    ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_FOREIGN_FREE);
    ck_assert_uint_eq(kit.last.address, 0);
}
END_TEST

START_TEST(a_pointer_into_an_object_names_the_object)
{
    static const unsigned combinations[] = {0, Z, U, Z | P | U, Q, H};
    for (unsigned i = 0; i < sizeof combinations / sizeof *combinations; i++) {
        checks(combinations[i]);
        uint8_t *object = alloc_at(100, "alloc.c:1", 3);
        for (unsigned at = 1; at < 112; at++) {
            ck_assert(!try_free(object + at));
            ck_assert_str_eq(kit.last.cache, "kmalloc-112");
            ck_assert_uint_eq(kit.last.object, offset_of(object));
            ck_assert_uint_eq(kit.last.object_bytes, combinations[i] & (Z | U) ? 100 : 112);
            ck_assert_int_eq(kit.last.offset, at);
            expect_moment(&kit.last.allocated, combinations[i] & U ? "alloc.c:1" : NULL, 3);
            expect_report(MMSIM_HEAP_INSIDE_FREE, object + at);
        }
        free_at(object, "free.c:1", 4);
    }
}
END_TEST

START_TEST(a_second_free_is_double)
{
    static const unsigned combinations[] = {0, Z, U, Z | P | U, Q, H, R};
    for (unsigned i = 0; i < sizeof combinations / sizeof *combinations; i++) {
        checks(combinations[i]);
        uint8_t *keeper = alloc_at(100, "keeper.c:1", 1), *object = alloc_at(100, "alloc.c:1", 3);
        free_at(object, "free.c:1", 4);
        ck_assert(!try_free(object));
        ck_assert_str_eq(kit.last.cache, "kmalloc-112");
        ck_assert_int_eq(kit.last.offset, 0);
        expect_moment(&kit.last.freed, combinations[i] & U ? "free.c:1" : NULL, 4);
        expect_report(MMSIM_HEAP_DOUBLE_FREE, object);
        free_at(keeper, "free.c:1", 5);
    }
}
END_TEST

START_TEST(runs_of_pages_are_named_page)
{
    uint8_t *run = alloc_at(20000, "alloc.c:1", 1);
    ck_assert(!try_free(run + 4096));
    ck_assert_str_eq(kit.last.cache, "page");
    ck_assert_uint_eq(kit.last.object, offset_of(run));
    ck_assert_uint_eq(kit.last.object_bytes, 20480);
    expect_report(MMSIM_HEAP_INSIDE_FREE, run + 4096);
    free_at(run, "free.c:1", 2);
    ck_assert(!try_free(run)); /* its pages are no longer the heap's, but remembered */
    expect_report(MMSIM_HEAP_DOUBLE_FREE, run);
    ck_assert_str_eq(kit.last.cache, "page");
    ck_assert_uint_eq(kit.last.object, offset_of(run));
    ck_assert_uint_eq(kit.last.object_bytes, 20480);
    ck_assert_str_eq(kit.last.freed.site, "free.c:1");
    ck_assert_uint_eq(kit.last.freed.step, 2);
    ck_assert(!try_free(run + 4096));
    expect_report(MMSIM_HEAP_FOREIGN_FREE, run + 4096);
}
END_TEST

START_TEST(the_last_64_runs_that_were_freed_are_remembered)
{
    enum { N = MM_HEAP_N_FREED + 1 };
    uint8_t *runs[N];
    for (unsigned i = 0; i < N; i++)
        runs[i] = alloc_at(9000, "alloc.c:1", i);
    for (unsigned i = 0; i < N; i++)
        free_at(runs[i], "free.c:1", N + i);
    for (unsigned i = 0; i < N; i++) {
        ck_assert(!try_free(runs[i]));
        expect_report(i == 0 ? MMSIM_HEAP_FOREIGN_FREE : MMSIM_HEAP_DOUBLE_FREE, runs[i]);
        ck_assert_uint_eq(kit.last.freed.step, i == 0 ? 0 : N + i);
    }
}
END_TEST

START_TEST(a_page_that_is_the_heaps_again_is_not_taken_for_a_freed_run)
{
    uint8_t *run = alloc_at(20000, "alloc.c:1", 1);
    free_at(run, "free.c:1", 2);
    uint8_t *again = alloc_at(20000, "alloc.c:2", 3);
    ck_assert_ptr_eq(again, run);
    ck_assert(!try_free(run + 16));
    expect_report(MMSIM_HEAP_INSIDE_FREE, run + 16);
    free_at(again, "free.c:2", 4);
    ck_assert(!try_free(run));
    expect_report(MMSIM_HEAP_DOUBLE_FREE, run);
    ck_assert_uint_eq(kit.last.freed.step, 4); /* the newer one */
}
END_TEST

START_TEST(another_size_is_told_with_both)
{
    uint8_t *plain = alloc_at(100, "alloc.c:1", 1);
    kit.heap.site = "bad.c:1";
    step = 99;
    ck_assert(mm_kfree_sized(&kit.heap, plain, 97)); /* would be served by the same class */
    plain = alloc_at(100, "alloc.c:1", 1);
    kit.heap.site = "bad.c:1";
    step = 99;
    ck_assert(!mm_kfree_sized(&kit.heap, plain, 96));
    ck_assert_uint_eq(kit.last.given_bytes, 96);
    ck_assert_uint_eq(kit.last.object_bytes, 112);
    ck_assert_uint_eq(kit.last.object, offset_of(plain));
    expect_report(MMSIM_HEAP_WRONG_SIZE, plain);
    free_at(plain, "free.c:1", 2);
}
END_TEST

START_TEST(an_object_of_another_cache_is_named_with_its_own)
{
    struct mm_cache first, second;
    struct mm_cache_setup cache_setup = {.name = "first", .object_bytes = 40, .checks = U};
    ck_assert(mm_cache_init(&first, &kit.heap, &cache_setup));
    cache_setup.name = "second";
    ck_assert(mm_cache_init(&second, &kit.heap, &cache_setup));
    kit.heap.site = "alloc.c:1";
    void *object = mm_cache_alloc(&first);
    kit.heap.site = "bad.c:1";
    step = 99;
    ck_assert(!mm_cache_free(&second, object));
    ck_assert_str_eq(kit.last.cache, "first");
    ck_assert_uint_eq(kit.last.object_bytes, 40);
    expect_moment(&kit.last.allocated, "alloc.c:1", 0);
    expect_report(MMSIM_HEAP_WRONG_CACHE, object);
    ck_assert(mm_cache_free(&first, object));
    ck_assert(mm_cache_fini(&first) && mm_cache_fini(&second));
}
END_TEST

START_TEST(nobody_needs_to_listen)
{
    kit.heap.on_report = NULL;
    ck_assert(!mm_kfree(&kit.heap, kit.heap.ram + 4096));
    ck_assert_uint_eq(kit.heap.n_reports, 1);
}
END_TEST

Suite *test_report_suite(void);
Suite *test_report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_pointer_to_nothing_of_the_heap_s_is_foreign);
    tcase_add_test(tests, memory_of_the_host_s_has_no_address_in_the_machine);
    tcase_add_test(tests, a_pointer_into_an_object_names_the_object);
    tcase_add_test(tests, a_second_free_is_double);
    tcase_add_test(tests, runs_of_pages_are_named_page);
    tcase_add_test(tests, the_last_64_runs_that_were_freed_are_remembered);
    tcase_add_test(tests, a_page_that_is_the_heaps_again_is_not_taken_for_a_freed_run);
    tcase_add_test(tests, another_size_is_told_with_both);
    tcase_add_test(tests, an_object_of_another_cache_is_named_with_its_own);
    tcase_add_test(tests, nobody_needs_to_listen);
    suite_add_tcase(suite, tests);
    return suite;
}
