/*
 * test_pool.c - pools go on when memory is gone: exactly as far as their reserve reaches.
 *
 * The model of a pool is two numbers: objects that are out, and objects in reserve.
 */
#include "alloc/pool.h"

#include "base/rng.h"
#include "kit.h"
#include "pool_kit.h"

/* ---- forward progress ---- */

START_TEST(a_reserve_of_n_serves_exactly_n_when_every_allocation_fails)
{
    const uint64_t sizes[] = {0, 1, 2, 59, 60, 61, 119, 120, 121, 250};
    const uint32_t bytes[] = {1, 16, 100, 4096, 7000};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (unsigned j = 0; j < sizeof bytes / sizeof *bytes; j++) {
            struct mm_pool *pool = create("pool", bytes[j], sizes[i], 0);
            ck_assert_ptr_nonnull(pool);
            serves_exactly(pool, sizes[i]);
            serves_exactly(pool, sizes[i]); /* once more: what came back is there again */
            ck_assert(mm_pool_destroy(pool));
            check();
        }
    }
}
END_TEST

START_TEST(a_reserve_serves_when_no_frame_is_left)
{
    struct mm_pool *pool = create("pool", 512, 10, 0);
    while (mm_zone_alloc(&zones, MM_FRAME_SLAB, 0)) /* orphans, until the zones end */
        continue;
    unsigned n = 0;
    void *objects[64];
    while ((objects[n] = mm_pool_alloc(pool)))
        n++;
    ck_assert_uint_ge(n, 10); /* the slabs of the reserve may have had some more */
    ck_assert_uint_eq(pool->n_held, 0);
    ck_assert_uint_eq(pool->n_from_reserve, 10);
    while (n > 0)
        ck_assert(mm_pool_free(pool, objects[--n]));
    ck_assert_uint_eq(pool->n_held, 10);
    mm_pool_destroy(pool);
    struct mm_frame *frame = mm_zone_next_used(&zones, 0);
    while (frame) {
        mmsim_pfn pfn = mm_frame_pfn(&zones, frame);
        if (frame->use == MM_FRAME_SLAB && heap.page_map[pfn] == 0)
            mm_zone_free(&zones, frame, mm_frame_order(frame));
        frame = mm_zone_next_used(&zones, pfn + 1);
    }
}
END_TEST

/* ---- the reserve comes first when something is freed ---- */

START_TEST(random_operations_agree_with_two_numbers)
{
    enum { N_RESERVED = 37, MAX_OUT = 120 };
    struct mm_pool *pool = create("pool", 200, N_RESERVED, 0);
    void *out[MAX_OUT];
    unsigned n_out = 0, n_held = N_RESERVED;
    struct mm_rng rng;
    mm_rng_seed(&rng, 3);
    for (unsigned step = 0; step < 20000; step++) {
        bool fails = mm_rng_below(&rng, 3) == 0;
        if (mm_rng_below(&rng, 2) && n_out < MAX_OUT) {
            if (fails)
                refuse_all(true);
            void *object = mm_pool_alloc(pool);
            if (fails)
                refuse_all(false);
            if ((object != NULL) != (!fails || n_held > 0))
                ck_abort_msg("step %u: an allocation should have gone the other way", step);
            n_held -= fails && object;
            if (object)
                out[n_out++] = memset(object, (int)step, 200);
        } else if (n_out > 0) {
            unsigned i = (unsigned)mm_rng_below(&rng, n_out);
            ck_assert(mm_pool_free(pool, out[i]));
            out[i] = out[--n_out];
            n_held += n_held < N_RESERVED;
        }
        if (pool->n_held != n_held || mm_pool_n_out(pool) != n_out)
            ck_abort_msg("step %u: %u in reserve, %u out", step, n_held, n_out);
        if (step % 500 == 0)
            check();
    }
    ck_assert_ptr_eq(mm_pools_find(&pools, "pool"), pool);
}
END_TEST

/* ---- wrong frees ---- */

START_TEST(an_object_in_reserve_is_not_freed_again)
{
    struct mm_pool *pool = create("pool", 64, 2, 0), *other = create("other", 64, 2, 0);
    refuse_all(true);
    void *object = mm_pool_alloc(pool);
    refuse_all(false);
    ck_assert(!mm_pool_free(other, object));
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_WRONG_CACHE);
    ck_assert(!mm_pool_free(pool, (char *)object + 16));
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_INSIDE_FREE);
    ck_assert(mm_pool_free(pool, object));
    ck_assert(!mm_pool_free(pool, object));
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert(!mm_heap_push(&heap, object));
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert(mm_pool_free(pool, NULL));
    ck_assert_uint_eq(n_reports, 4);
    check();
}
END_TEST

START_TEST(a_pool_with_objects_out_is_not_destroyed)
{
    struct mm_pool *pool = create("pool", 64, 3, 0);
    void *object = mm_pool_alloc(pool);
    ck_assert(!mm_pool_destroy(pool));
    ck_assert_uint_eq(mm_pool_n_out(pool), 1);
    ck_assert_uint_eq(pool->n_held, 3);
    check();
    mm_pool_free(pool, object);
    ck_assert(mm_pool_destroy(pool));
    ck_assert_ptr_null(mm_pools_find(&pools, "pool"));
}
END_TEST

/* ---- making, resizing, with little memory ---- */

START_TEST(a_reserve_changes_its_size)
{
    struct mm_pool *pool = create("pool", 100, 5, 0);
    const uint64_t sizes[] = {200, 61, 60, 0, 1, 130};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert(mm_pool_resize(pool, sizes[i]));
        ck_assert_uint_eq(pool->n_held, sizes[i]);
        check();
        serves_exactly(pool, sizes[i]);
    }
    refuse_all(true);
    ck_assert(!mm_pool_resize(pool, 131));
    ck_assert(mm_pool_resize(pool, 100));
    refuse_all(false);
    ck_assert_uint_eq(pool->n_held, 100);
    ck_assert(!mm_pool_resize(pool, 100000));
    ck_assert_uint_eq(pool->n_held, 100);
    serves_exactly(pool, 100);
}
END_TEST

/* Metadata stays with the heap for others. */
static uint64_t n_slab_frames(void)
{
    uint64_t n = 0;
    for (mmsim_pfn pfn = 0; pfn < zones.n_frames; pfn++)
        n += heap.page_map[pfn] >= MM_HEAP_FIRST_SET;
    return n;
}

START_TEST(a_pool_that_cannot_be_made_leaves_nothing_behind)
{
    ck_assert(mm_pool_destroy(create("first", 300, 70, 0)));
    mm_heap_reap(&heap);
    uint64_t n_before = n_slab_frames();
    struct mm_pool *pool = NULL;
    for (uint64_t n = 1; !pool; n++) {
        struct mm_inject_rule rule = {.nth = n, .max_failures = 1};
        mm_inject_arm(&heap.inject, &rule);
        mm_heap_close(&heap);
        pool = create("pool", 300, 70, 0);
        mm_heap_open(&heap);
        mm_inject_disarm(&heap.inject);
        ck_assert_int_eq(pool == NULL, heap.inject.n_failures > 0);
        check();
        mm_heap_reap(&heap);
        if (!pool)
            ck_assert_uint_eq(n_slab_frames(), n_before);
    }
    ck_assert_ptr_null(create("huge", 16384, 100000, 0));
    check();
    serves_exactly(pool, 70);
}
END_TEST

START_TEST(checked_pools_serve_as_far_as_their_reserve)
{
    const unsigned checks[] = {MM_CHECK_RED_ZONES, MM_CHECK_POISON | MM_CHECK_TRACK,
                               MM_CHECK_QUARANTINE | MM_CHECK_POISON,
                               MM_CHECK_HARDEN | MM_CHECK_SHUFFLE};
    for (unsigned i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct mm_pool *pool = create("pool", 80, 20, checks[i]);
        serves_exactly(pool, 20);
        void *object = mm_pool_alloc(pool);
        ck_assert(mm_cache_set_checks(&pool->cache, checks[i] ^ MM_CHECK_RED_ZONES));
        ck_assert(mm_pool_free(pool, object));
        serves_exactly(pool, 20);
        ck_assert(mm_pool_destroy(pool));
        ck_assert_uint_eq(n_reports, 0);
    }
}
END_TEST

START_TEST(the_checker_finds_an_object_that_is_held_and_live)
{
    struct mm_pool *pool = create("pool", 80, 1, 0);
    refuse_all(true);
    void *object = mm_pool_alloc(pool);
    refuse_all(false);
    uint32_t offset = (uint32_t)mm_heap_offset(&heap, object);
    ck_assert(mm_pool_free(pool, object));
    ck_assert_ptr_null(mm_pool_check(pool));
    mm_heap_set_live(&heap, offset);
    ck_assert_ptr_nonnull(mm_pool_check(pool));
    mm_heap_clear_live(&heap, offset);
    pool->n_held++;
    ck_assert_ptr_nonnull(mm_pool_check(pool));
    pool->n_held--;
    check();
}
END_TEST

Suite *test_pool_suite(void);
Suite *test_pool_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("pool", &tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_reserve_of_n_serves_exactly_n_when_every_allocation_fails);
    tcase_add_test(tests, a_reserve_serves_when_no_frame_is_left);
    tcase_add_test(tests, random_operations_agree_with_two_numbers);
    tcase_add_test(tests, an_object_in_reserve_is_not_freed_again);
    tcase_add_test(tests, a_pool_with_objects_out_is_not_destroyed);
    tcase_add_test(tests, a_reserve_changes_its_size);
    tcase_add_test(tests, a_pool_that_cannot_be_made_leaves_nothing_behind);
    tcase_add_test(tests, checked_pools_serve_as_far_as_their_reserve);
    tcase_add_test(tests, the_checker_finds_an_object_that_is_held_and_live);
    return suite;
}
