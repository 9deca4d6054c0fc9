/* Caches: promises, checks that are switched while objects live, foreign objects, and the end. */
#include "heap_kit.h"

static struct kit kit;
static struct mm_cache cache;

static void setup(void)
{
    kit_setup(&kit, 8 * MMSIM_MIB, 2);
    struct mm_cache_setup setup = {.name = "inode", .object_bytes = 200};
    ck_assert(mm_cache_init(&cache, &kit.heap, &setup));
}

static void teardown(void)
{
    kit_check(&kit);
    kit_teardown(&kit);
}

/* Takes all low memory but what is in the cache's slabs. */
static void exhaust(void)
{
    while (mm_zone_alloc(&kit.zones, MM_FRAME_PAGE_TABLE, 0))
        ;
}

START_TEST(a_cache_counts_its_objects)
{
    void *objects[100];
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_uint_eq(mm_cache_n_live(&cache), i);
        objects[i] = mm_cache_alloc(&cache);
    }
    ck_assert_uint_ge(mm_cache_n_objects(&cache), 100);
    for (unsigned i = 0; i < 100; i++)
        ck_assert(mm_cache_free(&cache, objects[i]));
    ck_assert_uint_eq(mm_cache_n_live(&cache), 0);
    ck_assert(mm_cache_free(&cache, NULL));
}
END_TEST

START_TEST(promised_objects_come_when_all_memory_is_gone)
{
    ck_assert(mm_cache_reserve(&cache, 70));
    exhaust();
    void *objects[70];
    for (unsigned i = 0; i < 70; i++)
        ck_assert_ptr_nonnull(objects[i] = mm_cache_zalloc(&cache));
    kit_check(&kit);
    for (unsigned i = 0; i < 70; i++)
        ck_assert(mm_cache_free(&cache, objects[i]));
}
END_TEST

START_TEST(promised_objects_come_although_every_call_is_made_to_fail)
{
    ck_assert(mm_cache_reserve(&cache, 3));
    struct mm_inject_rule rule = {.every = 1};
    mm_inject_arm(&kit.heap.inject, &rule);
    mm_heap_close(&kit.heap);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(mm_cache_zalloc(&cache));
    ck_assert_ptr_null(mm_cache_zalloc(&cache));
    ck_assert(!mm_cache_reserve(&cache, 1));
}
END_TEST

START_TEST(a_promise_that_cannot_be_kept_is_not_made)
{
    exhaust();
    ck_assert(!mm_cache_reserve(&cache, 1000));
    ck_assert_ptr_null(mm_cache_zalloc(&cache));
}
END_TEST

START_TEST(a_promise_outlives_frees_and_shrinking_of_others)
{
    void *objects[200];
    for (unsigned i = 0; i < 200; i++)
        objects[i] = mm_cache_zalloc(&cache);
    ck_assert(mm_cache_reserve(&cache, 60));
    exhaust();
    for (unsigned i = 0; i < 200; i++)
        ck_assert(mm_cache_free(&cache, objects[i]));
    mm_heap_reap(&kit.heap);
    exhaust();
    for (unsigned i = 0; i < 60; i++)
        ck_assert_ptr_nonnull(mm_cache_zalloc(&cache));
}
END_TEST

START_TEST(an_object_of_another_cache_is_refused)
{
    struct mm_cache other;
    struct mm_cache_setup setup = {.name = "dentry", .object_bytes = 200};
    ck_assert(mm_cache_init(&other, &kit.heap, &setup));
    void *object = mm_cache_alloc(&other), *general = mm_kmalloc(&kit.heap, 200);
    ck_assert(!mm_cache_free(&cache, object));
    ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_WRONG_CACHE);
    ck_assert(!mm_cache_free(&cache, general));
    ck_assert_uint_eq(kit.n_reports, 2);
    ck_assert_uint_eq(mm_cache_n_live(&other), 1);
    ck_assert(mm_cache_free(&other, object));
    ck_assert(mm_kfree(&kit.heap, general));
    ck_assert(!mm_cache_free(&other, object));
    ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert(mm_cache_fini(&other));
}
END_TEST

START_TEST(a_cache_with_live_objects_does_not_end)
{
    void *object = mm_cache_alloc(&cache);
    ck_assert(!mm_cache_fini(&cache));
    ck_assert_ptr_eq(mm_heap_find_cache(&kit.heap, "inode"), &cache);
    ck_assert(mm_cache_free(&cache, object));
    ck_assert(mm_cache_fini(&cache));
    ck_assert_ptr_null(mm_heap_find_cache(&kit.heap, "inode"));
}
END_TEST

START_TEST(checks_are_switched_while_objects_live)
{
    enum { N = 64 };
    void *objects[8][N];
    static const unsigned checks[8] = {
        0, MM_CHECK_RED_ZONES,  MM_CHECK_POISON,  MM_CHECK_RED_ZONES | MM_CHECK_TRACK,
        0, MM_CHECK_QUARANTINE, MM_CHECK_SHUFFLE, MM_CHECK_POISON};
    for (unsigned round = 0; round < 8; round++) {
        ck_assert(mm_cache_set_checks(&cache, checks[round]));
        ck_assert_uint_eq(cache.checks, checks[round]);
        for (unsigned i = 0; i < N; i++) {
            objects[round][i] = mm_cache_alloc(&cache);
            ck_assert_ptr_nonnull(objects[round][i]);
            kit_fill(objects[round][i], 200, round * N + i);
        }
        kit_check(&kit);
    }
    ck_assert_uint_eq(mm_cache_n_live(&cache), 8 * N);
    for (unsigned round = 0; round < 8; round++)
        for (unsigned i = 0; i < N; i++) {
            ck_assert(kit_holds(objects[round][i], 200, round * N + i));
            ck_assert(mm_cache_free(&cache, objects[round][i]));
        }
    kit_check(&kit);
    ck_assert_uint_eq(mm_cache_n_live(&cache), 0);
    ck_assert_uint_eq(kit.n_reports, 0);
    ck_assert(mm_cache_set_checks(&cache, 0));
    ck_assert_uint_eq(cache.n_sets, 1); /* the others were empty, and went */
}
END_TEST

/* The first allocation may need a frame for a magazine; reaping for it must not take the slab. */
START_TEST(a_promise_is_kept_when_its_magazine_takes_the_last_frame)
{
    static struct mm_cache fresh;
    struct mm_cache_setup setup = {.name = "fresh", .object_bytes = 300};
    ck_assert(mm_cache_init(&fresh, &kit.heap, &setup));
    ck_assert(mm_cache_reserve(&fresh, 5));
    exhaust();
    while (kit.heap.meta_end - kit.heap.meta_next >= 16 && mm_heap_meta(&kit.heap, 16))
        ;
    for (unsigned i = 0; i < 5; i++)
        ck_assert_ptr_nonnull(mm_cache_zalloc(&fresh));
}
END_TEST

START_TEST(a_coloured_cache_stays_coloured_through_switches)
{
    static struct mm_cache coloured;
    struct mm_cache_setup setup = {
        .name = "coloured", .object_bytes = 480, .flags = MM_CACHE_COLOUR};
    ck_assert(mm_cache_init(&coloured, &kit.heap, &setup));
    unsigned n_colours = kit.heap.sets[coloured.active]->layout.n_colours;
    ck_assert_uint_gt(n_colours, 1);
    for (unsigned checks = 1; checks < 128; checks++) {
        ck_assert(mm_cache_set_checks(&coloured, checks & ~(unsigned)MM_CHECK_GUARD));
        ck_assert(mm_cache_set_checks(&coloured, 0));
        ck_assert_uint_eq(kit.heap.sets[coloured.active]->layout.n_colours, n_colours);
    }
}
END_TEST

START_TEST(the_magazines_of_all_cpus_are_drained)
{
    void *objects[80];
    for (unsigned i = 0; i < 80; i++)
        objects[i] = mm_cache_alloc(&cache);
    for (unsigned i = 0; i < 80; i++) {
        kit_enter_cpu(&kit, i % 2);
        ck_assert(mm_cache_free(&cache, objects[i]));
    }
    struct mm_slab_set *set = kit.heap.sets[cache.active];
    ck_assert_uint_gt(set->n_taken, 0);
    mm_heap_drain(&kit.heap, set);
    ck_assert_uint_eq(set->n_taken, 0);
    ck_assert(mm_cache_fini(&cache));
}
END_TEST

START_TEST(all_memory_comes_back_from_a_shrunken_cache)
{
    void *objects[300];
    uint64_t n_before = kit.heap.n_frames;
    for (unsigned i = 0; i < 300; i++)
        objects[i] = mm_cache_alloc(&cache);
    for (unsigned i = 0; i < 300; i++)
        mm_cache_free(&cache, objects[i]);
    mm_cache_shrink(&cache);
    ck_assert_uint_eq(mm_cache_n_slabs(&cache), 0);
    ck_assert_uint_le(kit.heap.n_frames, n_before + 1); /* a magazine was made */
}
END_TEST

Suite *test_cache_suite(void);
Suite *test_cache_suite(void)
{
    Suite *suite = suite_create("cache");
    TCase *tests = tcase_create("cache");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_cache_counts_its_objects);
    tcase_add_test(tests, promised_objects_come_when_all_memory_is_gone);
    tcase_add_test(tests, promised_objects_come_although_every_call_is_made_to_fail);
    tcase_add_test(tests, a_promise_that_cannot_be_kept_is_not_made);
    tcase_add_test(tests, a_promise_outlives_frees_and_shrinking_of_others);
    tcase_add_test(tests, an_object_of_another_cache_is_refused);
    tcase_add_test(tests, a_cache_with_live_objects_does_not_end);
    tcase_add_test(tests, checks_are_switched_while_objects_live);
    tcase_add_test(tests, a_promise_is_kept_when_its_magazine_takes_the_last_frame);
    tcase_add_test(tests, a_coloured_cache_stays_coloured_through_switches);
    tcase_add_test(tests, the_magazines_of_all_cpus_are_drained);
    tcase_add_test(tests, all_memory_comes_back_from_a_shrunken_cache);
    suite_add_tcase(suite, tests);
    return suite;
}
