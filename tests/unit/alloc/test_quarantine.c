/* Quarantine: objects leave in the order in which they came, and only when they must. */
#include "checked_kit.h"

static struct mm_slab_set *resting_set(const void *object)
{
    return kit.heap.sets[kit.heap.page_map[offset_of(object) >> MMSIM_PAGE_SHIFT]];
}

START_TEST(both_limits_hold)
{
    ck_assert_uint_eq(mm_quarantine_capacity(16), MM_QUARANTINE_OBJECTS);
    ck_assert_uint_eq(mm_quarantine_capacity(256), MM_QUARANTINE_OBJECTS);
    ck_assert_uint_eq(mm_quarantine_capacity(272), MM_QUARANTINE_BYTES / 272);
    ck_assert_uint_eq(mm_quarantine_capacity(16384), 4);
    ck_assert_uint_eq(mm_quarantine_capacity(100000), 1);
    for (uint32_t slot = 16; slot <= 20000; slot += 16)
        ck_assert_uint_le(mm_quarantine_capacity(slot) * slot, MM_QUARANTINE_BYTES);
}
END_TEST

START_TEST(objects_leave_in_the_order_in_which_they_came)
{
    enum { N = 3 * MM_QUARANTINE_OBJECTS };
    static uint32_t objects[N];
    checks(Q);
    void *any = alloc_at(64, "a.c:1", 1);
    struct mm_slab_set *set = resting_set(any);
    ck_assert_uint_eq(mm_slab_take(set, objects, N), N);
    unsigned n_out = 0;
    for (unsigned i = 0; i < N; i++) {
        uint32_t out = mm_quarantine_push(&kit.heap, set, objects[i]);
        ck_assert_uint_eq(set->n_resting,
                          i < MM_QUARANTINE_OBJECTS ? i + 1 : MM_QUARANTINE_OBJECTS);
        if (i < MM_QUARANTINE_OBJECTS)
            ck_assert_uint_eq(out, MM_SLAB_NO_OBJECT);
        else
            ck_assert_uint_eq(out, objects[n_out++]);
    }
    for (uint32_t i = 0; i < mm_quarantine_n(set); i++)
        ck_assert_uint_eq(mm_quarantine_at(set, i), objects[n_out + i]);
    ck_assert_ptr_null(mm_checked_check(&kit.heap, set));
    while (n_out < N)
        ck_assert_uint_eq(mm_quarantine_pop(set), objects[n_out++]);
    ck_assert_uint_eq(mm_quarantine_pop(set), MM_SLAB_NO_OBJECT);
    mm_slab_put(set, objects, N);
    free_at(any, "a.c:1", 1);
}
END_TEST

START_TEST(a_freed_object_is_not_used_again_while_it_rests)
{
    checks(Q);
    uint8_t *object = alloc_at(1000, "a.c:1", 1);
    free_at(object, "a.c:2", 1);
    uint32_t capacity = mm_quarantine_capacity(resting_set(object)->layout.slot_bytes);
    for (uint32_t i = 0; i < capacity; i++) {
        uint8_t *other = alloc_at(1000, "b.c:1", 1);
        ck_assert_ptr_ne(other, object);
        free_at(other, "b.c:2", 1);
    }
    unsigned n = 0; /* now it is free, and among the next ones */
    void *others[100];
    do
        ck_assert_uint_lt(n, 100);
    while ((others[n++] = alloc_at(1000, "c.c:1", 1)) != object);
    while (n > 0)
        free_at(others[--n], "c.c:1", 1);
}
END_TEST

START_TEST(a_resting_object_counts_as_free)
{
    checks(Q);
    void *object = alloc_at(64, "a.c:1", 1);
    const struct mm_slab_set *set = resting_set(object);
    const struct mm_cache *cache = set->owner;
    ck_assert_uint_eq(mm_cache_n_live(cache), 1);
    free_at(object, "a.c:1", 1);
    ck_assert_uint_eq(mm_cache_n_live(cache), 0);
    ck_assert_uint_eq(set->n_resting, 1);
    ck_assert_uint_eq(mm_ksize(&kit.heap, object), 0);
    kit_check(&kit);
}
END_TEST

START_TEST(rings_of_dropped_sets_are_used_again)
{
    for (unsigned i = 0; i < 20; i++) {
        checks(Q);
        free_at(alloc_at(64, "a.c:1", 1), "a.c:1", 1);
        checks(0);
    }
    unsigned n_spare = 0;
    for (const struct mm_quarantine *ring = kit.heap.spare_quarantines; ring;
         ring = ring->next_spare)
        n_spare++;
    ck_assert_uint_eq(n_spare, 1);
}
END_TEST

START_TEST(shrinking_memory_wakes_all)
{
    checks(Q);
    void *object = alloc_at(64, "a.c:1", 1);
    struct mm_slab_set *set = resting_set(object);
    free_at(object, "a.c:1", 1);
    mm_heap_reap(&kit.heap);
    ck_assert_uint_eq(set->n_resting, 0);
    ck_assert_uint_eq(set->n_slabs, 0);
}
END_TEST

START_TEST(a_write_to_a_resting_object_is_found_when_its_rest_ends)
{
    checks(P | Q | U);
    uint8_t *object = alloc_at(64, "alloc.c:1", 1);
    free_at(object, "free.c:1", 2);
    object[5] = 0;
    for (unsigned i = 0; i < MM_QUARANTINE_OBJECTS - 1; i++) {
        uint8_t *other = alloc_at(64, "alloc.c:2", 3);
        ck_assert_ptr_ne(other, object);
        free_at(other, "free.c:2", 4);
    }
    ck_assert_uint_eq(kit.n_reports, 0);
    uint8_t *last = alloc_at(64, "alloc.c:2", 5);
    free_at(last, "free.c:3", 6);
    expect_damage(MMSIM_HEAP_USE_AFTER_FREE, object, 64, object + 5, 1, 0, 0x6b);
    expect_moment(&kit.last.freed, "free.c:1", 2);
    expect_no_more();
}
END_TEST

START_TEST(a_flush_ends_the_rest_of_all_and_looks_at_them)
{
    checks(P | Q);
    uint8_t *objects[10];
    for (unsigned i = 0; i < 10; i++)
        objects[i] = alloc_at(64, "alloc.c:1", 1);
    for (unsigned i = 0; i < 10; i++)
        free_at(objects[i], "free.c:1", 2);
    struct mm_slab_set *set = kit.heap.sets[kit.heap.page_map[offset_of(objects[0]) >> 12]];
    ck_assert_uint_eq(set->n_resting, 10);
    objects[7][0] = 1;
    mm_quarantine_flush(&kit.heap, set);
    ck_assert_uint_eq(set->n_resting, 0);
    ck_assert_uint_eq(kit.n_reports, 1);
    ck_assert_uint_eq(kit.last.object, offset_of(objects[7]));
    expect_no_more();
}
END_TEST

START_TEST(memory_shortage_ends_the_rest_of_all)
{
    checks(Q);
    static void *objects[20000];
    unsigned n = 0;
    while (n < 20000 && (objects[n] = mm_kmalloc(&kit.heap, 2048)))
        n++;
    ck_assert_uint_lt(n, 20000); /* memory is gone */
    for (unsigned i = 0; i < 20; i++)
        ck_assert(mm_kfree(&kit.heap, objects[i]));
    for (unsigned i = 0; i < 20; i++) {
        objects[i] = mm_kmalloc(&kit.heap, 2048);
        ck_assert_ptr_nonnull(objects[i]);
    }
    /* what rests of one size is there for others, too, as far as whole slabs rest */
    for (unsigned i = 0; i < n; i++)
        ck_assert(mm_kfree(&kit.heap, objects[i]));
    ck_assert_ptr_nonnull(objects[0] = mm_kmalloc(&kit.heap, 5 * MMSIM_MIB));
    ck_assert(mm_kfree(&kit.heap, objects[0]));
}
END_TEST

START_TEST(a_quarantine_that_was_overwritten_loses_nothing)
{
    checks(P | U | Q | H);
    uint8_t *objects[8];
    for (unsigned i = 0; i < 8; i++)
        objects[i] = alloc_at(64, "alloc.c:1", 1);
    uint8_t *in_use = alloc_at(64, "alloc.c:2", 1);
    for (unsigned i = 0; i < 8; i++)
        free_at(objects[i], "free.c:1", 2);
    struct mm_slab_set *set = kit.heap.sets[kit.heap.page_map[offset_of(in_use) >> 12]];
    const uint32_t wrong[] = {0x12345678, (uint32_t)offset_of(in_use), 8,
                              (uint32_t)offset_of(objects[5]) + 16,
                              (uint32_t)offset_of(objects[6])}; /* which rests already */
    for (unsigned i = 0; i < 5; i++)
        set->quarantine->objects[i] = wrong[i];
    mm_quarantine_flush(&kit.heap, set);
    ck_assert_uint_eq(kit.n_reports, 5);
    ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_BAD_LINK);
    ck_assert_str_eq(kit.last.cache, "kmalloc-64");
    kit_check(&kit);
    ck_assert_uint_eq(set->n_taken, 1);
    free_at(in_use, "free.c:2", 3);
}
END_TEST

Suite *test_quarantine_suite(void);
Suite *test_quarantine_suite(void)
{
    Suite *suite = suite_create("quarantine");
    TCase *tests = tcase_create("quarantine");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, both_limits_hold);
    tcase_add_test(tests, objects_leave_in_the_order_in_which_they_came);
    tcase_add_test(tests, a_freed_object_is_not_used_again_while_it_rests);
    tcase_add_test(tests, a_resting_object_counts_as_free);
    tcase_add_test(tests, rings_of_dropped_sets_are_used_again);
    tcase_add_test(tests, shrinking_memory_wakes_all);
    tcase_add_test(tests, a_write_to_a_resting_object_is_found_when_its_rest_ends);
    tcase_add_test(tests, a_flush_ends_the_rest_of_all_and_looks_at_them);
    tcase_add_test(tests, memory_shortage_ends_the_rest_of_all);
    tcase_add_test(tests, a_quarantine_that_was_overwritten_loses_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
