/* kmalloc and its relatives: every size, every mistake, and what an exhausted heap answers. */
#include "heap_kit.h"

static struct kit kit;

static void setup(void)
{
    kit_setup(&kit, 32 * MMSIM_MIB, 2);
}

static void teardown(void)
{
    kit_check(&kit);
    kit_teardown(&kit);
}

START_TEST(every_size_is_served_with_its_bytes_aligned_and_little_waste)
{
    for (size_t bytes = 0; bytes <= 40000; bytes += bytes < 7000 ? 1 : 997) {
        void *object = mm_kmalloc(&kit.heap, bytes);
        ck_assert_ptr_nonnull(object);
        ck_assert_uint_eq(mm_heap_offset(&kit.heap, object) % 16, 0);
        size_t usable = mm_ksize(&kit.heap, object);
        ck_assert_uint_ge(usable, bytes);
        /* classes are at most 16 bytes or a quarter apart; larger blocks are whole pages */
        ck_assert_uint_le(usable, bytes > 8192 ? (bytes + 4095) / 4096 * 4096 : bytes * 5 / 4 + 16);
        memset(object, 0xff, bytes);
        ck_assert(mm_kfree(&kit.heap, object));
    }
    ck_assert_uint_eq(kit.n_reports, 0);
}
END_TEST

START_TEST(blocks_of_all_sizes_do_not_overlap)
{
    enum { N = 2000 };
    static void *objects[N];
    for (unsigned i = 0; i < N; i++) {
        objects[i] = mm_kmalloc(&kit.heap, i * 5);
        ck_assert_ptr_nonnull(objects[i]);
        kit_fill(objects[i], i * 5, i);
    }
    kit_check(&kit);
    for (unsigned i = 0; i < N; i++) {
        ck_assert(kit_holds(objects[i], i * 5, i));
        ck_assert(mm_kfree(&kit.heap, objects[i]));
    }
    mm_heap_reap(&kit.heap);
    ck_assert_uint_eq(kit.heap.n_run_frames, 0);
}
END_TEST

START_TEST(memory_asked_for_with_zeros_has_them)
{
    for (size_t bytes = 1; bytes < 20000; bytes = bytes * 3 / 2 + 1) {
        uint8_t *dirty = mm_kmalloc(&kit.heap, bytes);
        memset(dirty, 0xee, bytes);
        ck_assert(mm_kfree(&kit.heap, dirty));
        uint8_t *clean = mm_kzalloc(&kit.heap, bytes);
        for (size_t i = 0; i < bytes; i++)
            if (clean[i] != 0)
                ck_abort_msg("byte %zu of %zu is not 0", i, bytes);
        ck_assert(mm_kfree(&kit.heap, clean));
    }
}
END_TEST

START_TEST(alignments_to_4_mib_are_kept)
{
    for (size_t alignment = 1; alignment <= 4 * MMSIM_MIB; alignment *= 2)
        for (size_t bytes = 1; bytes <= 20000; bytes = bytes * 4 + 3) {
            void *object = mm_kmemalign(&kit.heap, alignment, bytes);
            ck_assert_ptr_nonnull(object);
            ck_assert_uint_eq(mm_heap_offset(&kit.heap, object) % alignment, 0);
            ck_assert_uint_ge(mm_ksize(&kit.heap, object), bytes);
            ck_assert(mm_kfree(&kit.heap, object));
        }
    ck_assert_ptr_null(mm_kmemalign(&kit.heap, 0, 8));
    ck_assert_ptr_null(mm_kmemalign(&kit.heap, 48, 8));
    ck_assert_ptr_null(mm_kmemalign(&kit.heap, 8 * MMSIM_MIB, 8));
}
END_TEST

START_TEST(krealloc_keeps_the_bytes_that_both_sizes_have)
{
    static const size_t sizes[] = {1,     16,    17,    500,  490,  513,  4000, 7000, 9000,
                                   50000, 60000, 20000, 8000, 8192, 8193, 100,  3};
    void *object = mm_krealloc(&kit.heap, NULL, 1);
    kit_fill(object, 1, 3);
    for (size_t i = 1; i < sizeof sizes / sizeof *sizes; i++) {
        object = mm_krealloc(&kit.heap, object, sizes[i]);
        ck_assert_ptr_nonnull(object);
        ck_assert(kit_holds(object, sizes[i] < sizes[i - 1] ? sizes[i] : sizes[i - 1], 3));
        ck_assert_uint_ge(mm_ksize(&kit.heap, object), sizes[i]);
        kit_fill(object, sizes[i], 3);
        kit_check(&kit);
    }
    ck_assert_ptr_null(mm_krealloc(&kit.heap, object, 0));
    ck_assert(!mm_heap_is_live(&kit.heap, mm_heap_offset(&kit.heap, object)));
}
END_TEST

START_TEST(a_run_grows_where_it_is_when_there_is_room)
{
    void *run = mm_kmalloc(&kit.heap, 5 * 4096);
    ck_assert_ptr_eq(mm_krealloc(&kit.heap, run, 3 * 4096), run);
    ck_assert_ptr_eq(mm_krealloc(&kit.heap, run, 4 * 4096 - 5), run);
    ck_assert_uint_eq(mm_ksize(&kit.heap, run), 4 * 4096);
    ck_assert_uint_eq(kit.heap.n_run_frames, 4);
    ck_assert(mm_kfree(&kit.heap, run));
}
END_TEST

START_TEST(an_impossible_krealloc_leaves_the_block_as_it_was)
{
    void *object = mm_kmalloc(&kit.heap, 100);
    kit_fill(object, 100, 9);
    ck_assert_ptr_null(mm_krealloc(&kit.heap, object, SIZE_MAX));
    ck_assert_ptr_null(mm_krealloc(&kit.heap, object, 64 * MMSIM_MIB));
    ck_assert(kit_holds(object, 100, 9));
    ck_assert_uint_eq(mm_ksize(&kit.heap, object), 112);
    ck_assert(mm_kfree(&kit.heap, object));
}
END_TEST

START_TEST(requests_beyond_all_memory_are_refused)
{
    ck_assert_ptr_null(mm_kmalloc(&kit.heap, SIZE_MAX));
    ck_assert_ptr_null(mm_kmalloc(&kit.heap, SIZE_MAX - 4096));
    ck_assert_ptr_null(mm_kmalloc(&kit.heap, 32 * MMSIM_MIB));
    ck_assert_ptr_null(mm_kmemalign(&kit.heap, 4096, SIZE_MAX));
}
END_TEST

/* ---- mistakes: always found ---- */

static void expect(enum mmsim_heap_mistake mistake, uint64_t n_reports)
{
    ck_assert_uint_eq(kit.n_reports, n_reports);
    ck_assert_int_eq(kit.last.mistake, mistake);
    kit_check(&kit);
}

START_TEST(a_second_free_is_found_wherever_the_object_has_gone)
{
    static const size_t sizes[] = {1, 16, 64, 100, 1000, 8192, 8193, 100000};
    uint64_t n_reports = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *object = mm_kmalloc(&kit.heap, sizes[i]);
        ck_assert(mm_kfree(&kit.heap, object));
        ck_assert(!mm_kfree(&kit.heap, object)); /* in a magazine, or a free run */
        n_reports++;
        if (sizes[i] <= 8192)
            expect(MMSIM_HEAP_DOUBLE_FREE, n_reports);
        mm_heap_reap(&kit.heap);
        ck_assert(!mm_kfree(&kit.heap, object)); /* in no slab any more */
        n_reports++;
        expect(kit.last.mistake, n_reports);
    }
}
END_TEST

START_TEST(a_pointer_into_an_object_is_not_freed)
{
    uint8_t *object = mm_kmalloc(&kit.heap, 200);
    for (unsigned i = 1; i < 200; i++)
        ck_assert(!mm_kfree(&kit.heap, object + i));
    expect(MMSIM_HEAP_INSIDE_FREE, 199);
    ck_assert(mm_kfree(&kit.heap, object));
}
END_TEST

START_TEST(what_is_not_the_heaps_is_not_freed)
{
    int local = 0;
    uint64_t n = 0;
    ck_assert(!mm_kfree(&kit.heap, &local));
    expect(MMSIM_HEAP_FOREIGN_FREE, ++n);
    ck_assert(!mm_kfree(&kit.heap, kit.heap.ram));
    expect(MMSIM_HEAP_FOREIGN_FREE, ++n);
    ck_assert(!mm_kfree(&kit.heap, kit.heap.ram + kit.heap.low_bytes));
    expect(MMSIM_HEAP_FOREIGN_FREE, ++n);
    ck_assert(!mm_kfree(&kit.heap, (void *)kit.heap.rack)); /* the heap's own metadata */
    expect(MMSIM_HEAP_FOREIGN_FREE, ++n);
    ck_assert(mm_kfree(&kit.heap, NULL));
    ck_assert_uint_eq(kit.n_reports, n);
}
END_TEST

START_TEST(a_size_that_was_not_asked_for_is_reported)
{
    void *object = mm_kmalloc(&kit.heap, 100);
    ck_assert(!mm_kfree_sized(&kit.heap, object, 500));
    expect(MMSIM_HEAP_WRONG_SIZE, 1);
    ck_assert(mm_kfree_sized(&kit.heap, object, 100));
    void *run = mm_kmalloc(&kit.heap, 30000);
    ck_assert(!mm_kfree_sized(&kit.heap, run, 3000));
    expect(MMSIM_HEAP_WRONG_SIZE, 2);
    ck_assert(mm_kfree_sized(&kit.heap, run, 30000));
    ck_assert_uint_eq(kit.n_reports, 2);
}
END_TEST

/* ---- memory runs out ---- */

START_TEST(an_exhausted_heap_serves_again_what_it_got_back)
{
    enum { MAX = 20000 };
    static void *objects[MAX];
    static const size_t sizes[] = {64, 1000, 4096, 20000};
    for (size_t s = 0; s < 4; s++) {
        unsigned n = 0;
        while (n < MAX && (objects[n] = mm_kmalloc(&kit.heap, sizes[s] + n % 5)))
            n++;
        ck_assert_uint_gt(n, 100);
        kit_check(&kit);
        for (unsigned i = 0; i < n; i += 2)
            ck_assert(mm_kfree(&kit.heap, objects[i]));
        for (unsigned i = 0; i < n; i += 2)
            ck_assert_ptr_nonnull(objects[i] = mm_kmalloc(&kit.heap, sizes[s] + i % 5));
        for (unsigned i = 0; i < n; i++)
            ck_assert(mm_kfree(&kit.heap, objects[i]));
    }
}
END_TEST

START_TEST(free_objects_of_one_size_and_cpu_make_room_for_another)
{
    enum { N = 400000 };
    static void *small[N];
    unsigned n = 0;
    while (n < N && (small[n] = mm_kmalloc(&kit.heap, 128)))
        n++;
    for (unsigned i = 0; i < n; i++) {
        kit_enter_cpu(&kit, i & 1);
        ck_assert(mm_kfree(&kit.heap, small[i]));
    }
    void *large = mm_kmalloc(&kit.heap, 24 * MMSIM_MIB); /* needs what lay in both magazines */
    ck_assert_ptr_nonnull(large);
    ck_assert(mm_kfree(&kit.heap, large));
}
END_TEST

START_TEST(an_object_may_be_freed_on_another_cpu)
{
    void *objects[500];
    for (unsigned i = 0; i < 500; i++) {
        kit_enter_cpu(&kit, i % 2);
        objects[i] = mm_kmalloc(&kit.heap, 48);
    }
    for (unsigned i = 0; i < 500; i++) {
        kit_enter_cpu(&kit, (i + 1) % 2);
        ck_assert(mm_kfree(&kit.heap, objects[i]));
    }
    ck_assert_uint_eq(kit.n_reports, 0);
}
END_TEST

START_TEST(injected_failures_hit_the_call_that_they_name)
{
    struct mm_inject_rule rule = {.nth = 3, .min_bytes = 50};
    mm_inject_arm(&kit.heap.inject, &rule);
    mm_heap_close(&kit.heap);
    void *small = mm_kmalloc(&kit.heap, 40), *first = mm_kmalloc(&kit.heap, 60);
    void *second = mm_kmalloc(&kit.heap, 9000), *third = mm_kmalloc(&kit.heap, 60);
    ck_assert(small && first && second && !third);
    void *fourth = mm_kmalloc(&kit.heap, 60);
    ck_assert_ptr_nonnull(fourth);
    mm_inject_disarm(&kit.heap.inject);
    mm_heap_open(&kit.heap);
    ck_assert(mm_kfree(&kit.heap, small) && mm_kfree(&kit.heap, first) &&
              mm_kfree(&kit.heap, second) && mm_kfree(&kit.heap, fourth));
}
END_TEST

Suite *test_kmalloc_suite(void);
Suite *test_kmalloc_suite(void)
{
    Suite *suite = suite_create("kmalloc");
    TCase *tests = tcase_create("kmalloc");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_size_is_served_with_its_bytes_aligned_and_little_waste);
    tcase_add_test(tests, blocks_of_all_sizes_do_not_overlap);
    tcase_add_test(tests, memory_asked_for_with_zeros_has_them);
    tcase_add_test(tests, alignments_to_4_mib_are_kept);
    tcase_add_test(tests, krealloc_keeps_the_bytes_that_both_sizes_have);
    tcase_add_test(tests, a_run_grows_where_it_is_when_there_is_room);
    tcase_add_test(tests, an_impossible_krealloc_leaves_the_block_as_it_was);
    tcase_add_test(tests, requests_beyond_all_memory_are_refused);
    tcase_add_test(tests, a_second_free_is_found_wherever_the_object_has_gone);
    tcase_add_test(tests, a_pointer_into_an_object_is_not_freed);
    tcase_add_test(tests, what_is_not_the_heaps_is_not_freed);
    tcase_add_test(tests, a_size_that_was_not_asked_for_is_reported);
    tcase_add_test(tests, an_exhausted_heap_serves_again_what_it_got_back);
    tcase_add_test(tests, free_objects_of_one_size_and_cpu_make_room_for_another);
    tcase_add_test(tests, an_object_may_be_freed_on_another_cpu);
    tcase_add_test(tests, injected_failures_hit_the_call_that_they_name);
    suite_add_tcase(suite, tests);
    return suite;
}
