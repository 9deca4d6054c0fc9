/* Slab sets: layouts, objects that do not overlap, slabs that come and go. */
#include <stdlib.h>

#include "heap_kit.h"

START_TEST(a_layout_wastes_at_most_an_eighth_and_its_slab_is_the_smallest_of_its_kind)
{
    for (uint32_t bytes = 1; bytes <= MM_SLAB_MAX_BYTES; bytes++) {
        struct mm_slab_layout layout = mm_slab_plan(bytes, 16);
        uint32_t slab_bytes = 4096u << layout.order;
        uint32_t wasted = slab_bytes - layout.per_slab * layout.slot_bytes;
        ck_assert_uint_eq(layout.slot_bytes, (bytes + 15) / 16 * 16);
        ck_assert_uint_ge(layout.per_slab, 1);
        ck_assert_uint_lt(wasted, layout.slot_bytes);
        ck_assert_uint_le(wasted * 8, slab_bytes);
        ck_assert_uint_le(layout.per_slab, 64 * MM_SLAB_MAP_WORDS);
    }
}
END_TEST

START_TEST(objects_lie_at_multiples_of_their_alignment)
{
    for (uint32_t alignment = 16; alignment <= 4096; alignment *= 2)
        for (uint32_t bytes = 1; bytes <= 5000; bytes += 333) {
            struct mm_slab_layout layout = mm_slab_plan(bytes, alignment);
            ck_assert_uint_eq(layout.slot_bytes % alignment, 0);
            ck_assert_uint_ge(layout.slot_bytes, bytes);
        }
}
END_TEST

static struct mm_cache cache;

static struct mm_slab_set *set_of(struct kit *kit, uint32_t object_bytes)
{
    struct mm_cache_setup setup = {.name = "object", .object_bytes = object_bytes};
    ck_assert(mm_cache_init(&cache, &kit->heap, &setup));
    return kit->heap.sets[cache.active];
}

static int by_offset(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

START_TEST(taken_objects_are_distinct_and_lie_in_their_slabs)
{
    static const uint32_t sizes[] = {16, 32, 48, 64, 100, 512, 1000, 4096, 5456, 16384};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct kit kit;
        kit_setup(&kit, 16 * MMSIM_MIB, 1);
        struct mm_slab_set *set = set_of(&kit, sizes[s]);
        uint32_t objects[300];
        unsigned n = mm_slab_take(set, objects, 300);
        ck_assert_uint_eq(n, 300);
        ck_assert_uint_eq(set->n_taken, 300);
        for (unsigned i = 0; i < n; i++)
            ck_assert_uint_eq(mm_slab_object(set, objects[i] + sizes[s] - 1), objects[i]);
        qsort(objects, n, sizeof *objects, by_offset);
        for (unsigned i = 1; i < n; i++)
            ck_assert_uint_ge(objects[i], objects[i - 1] + set->layout.slot_bytes);
        mm_slab_put(set, objects, n);
        ck_assert_ptr_null(mm_slab_check(set));
        ck_assert_uint_eq(set->n_taken, 0);
        ck_assert_uint_le(set->n_slabs, 1);
        ck_assert(mm_cache_fini(&cache));
        kit_check(&kit);
        kit_teardown(&kit);
    }
}
END_TEST

START_TEST(nothing_is_lost_when_memory_runs_out_in_a_batch)
{
    struct kit kit;
    kit_setup(&kit, 4 * MMSIM_MIB, 1);
    struct mm_slab_set *set = set_of(&kit, 4000);
    static uint32_t objects[1100];
    unsigned n = mm_slab_take(set, objects, 1100);
    ck_assert_uint_gt(n, 500);
    ck_assert_uint_lt(n, 1100);
    uint32_t one;
    ck_assert_uint_eq(mm_slab_take(set, &one, 1), 0);
    ck_assert_ptr_null(mm_slab_check(set));
    mm_slab_put(set, objects, n);
    ck_assert_ptr_null(mm_slab_check(set));
    ck_assert(mm_cache_fini(&cache));
    kit_check(&kit);
    kit_teardown(&kit);
}
END_TEST

START_TEST(denser_slabs_serve_first)
{
    struct kit kit;
    kit_setup(&kit, 4 * MMSIM_MIB, 1);
    struct mm_slab_set *set = set_of(&kit, 1024); /* eight a slab */
    uint32_t objects[24], more[8];
    ck_assert_uint_eq(mm_slab_take(set, objects, 24), 24);
    qsort(objects, 24, sizeof *objects, by_offset);
    mm_slab_put(set, objects, 7);     /* the first slab keeps one object */
    mm_slab_put(set, objects + 8, 2); /* the second one six */
    ck_assert_uint_eq(mm_slab_take(set, more, 2), 2);
    ck_assert_uint_eq(mm_slab_of(set, more[0]), mm_slab_of(set, objects[8]));
    ck_assert_uint_eq(mm_slab_of(set, more[1]), mm_slab_of(set, objects[8]));
    kit_teardown(&kit);
}
END_TEST

START_TEST(a_shuffled_set_hands_out_all_objects_in_another_order)
{
    struct kit kit;
    kit_setup(&kit, 4 * MMSIM_MIB, 1);
    struct mm_cache_setup setup = {
        .name = "shuffled", .object_bytes = 32, .checks = MM_CHECK_SHUFFLE};
    ck_assert(mm_cache_init(&cache, &kit.heap, &setup));
    struct mm_slab_set *set = kit.heap.sets[cache.active];
    uint32_t objects[128], sorted[128];
    ck_assert_uint_eq(mm_slab_take(set, objects, 128), 128);
    memcpy(sorted, objects, sizeof sorted);
    qsort(sorted, 128, sizeof *sorted, by_offset);
    unsigned n_in_place = 0;
    for (unsigned i = 0; i < 128; i++) {
        n_in_place += objects[i] == sorted[127 - i];
        ck_assert(i == 0 || sorted[i] == sorted[i - 1] + 32);
    }
    ck_assert_uint_lt(n_in_place, 20);
    kit_teardown(&kit);
}
END_TEST

START_TEST(slabs_of_a_coloured_cache_start_at_different_lines)
{
    struct kit kit;
    kit_setup(&kit, 4 * MMSIM_MIB, 1);
    struct mm_cache_setup setup = {
        .name = "coloured", .object_bytes = 480, .flags = MM_CACHE_COLOUR}; /* 256 bytes are left */
    ck_assert(mm_cache_init(&cache, &kit.heap, &setup));
    struct mm_slab_set *set = kit.heap.sets[cache.active];
    ck_assert_uint_gt(set->layout.n_colours, 1);
    uint32_t objects[8 * 16];
    ck_assert_uint_eq(mm_slab_take(set, objects, 128), 128);
    uint64_t starts = 0;
    for (mmsim_pfn slab = MM_NO_PFN; (slab = mm_slab_next(set, slab)) != MM_NO_PFN;) {
        uint32_t start = mm_slab_first(set, slab) - (slab << 12);
        ck_assert_uint_eq(start % 64, 0);
        ck_assert_uint_le(start + set->layout.per_slab * set->layout.slot_bytes, 4096);
        starts |= (uint64_t)1 << (start / 64);
    }
    ck_assert_uint_eq((unsigned)__builtin_popcountll(starts), set->layout.n_colours);
    kit_teardown(&kit);
}
END_TEST

static unsigned n_constructed;

static void construct(void *object)
{
    memset(object, 0x77, 40);
    n_constructed++;
}

START_TEST(objects_are_constructed_once_and_come_back_constructed)
{
    struct kit kit;
    kit_setup(&kit, 4 * MMSIM_MIB, 1);
    struct mm_cache_setup setup = {.name = "made", .object_bytes = 40, .construct = construct};
    ck_assert(mm_cache_init(&cache, &kit.heap, &setup));
    n_constructed = 0;
    for (unsigned round = 0; round < 3; round++) {
        void *objects[50];
        for (unsigned i = 0; i < 50; i++) {
            objects[i] = mm_cache_alloc(&cache);
            for (unsigned j = 0; j < 40; j++)
                ck_assert_uint_eq(((uint8_t *)objects[i])[j], 0x77);
        }
        for (unsigned i = 0; i < 50; i++)
            ck_assert(mm_cache_free(&cache, objects[i]));
    }
    ck_assert_uint_eq(n_constructed, kit.heap.sets[cache.active]->layout.per_slab);
    kit_teardown(&kit);
}
END_TEST

Suite *test_slab_suite(void);
Suite *test_slab_suite(void)
{
    Suite *suite = suite_create("slab");
    TCase *tests = tcase_create("slab");
    tcase_add_test(tests,
                   a_layout_wastes_at_most_an_eighth_and_its_slab_is_the_smallest_of_its_kind);
    tcase_add_test(tests, objects_lie_at_multiples_of_their_alignment);
    tcase_add_test(tests, taken_objects_are_distinct_and_lie_in_their_slabs);
    tcase_add_test(tests, nothing_is_lost_when_memory_runs_out_in_a_batch);
    tcase_add_test(tests, denser_slabs_serve_first);
    tcase_add_test(tests, a_shuffled_set_hands_out_all_objects_in_another_order);
    tcase_add_test(tests, slabs_of_a_coloured_cache_start_at_different_lines);
    tcase_add_test(tests, objects_are_constructed_once_and_come_back_constructed);
    suite_add_tcase(suite, tests);
    return suite;
}
