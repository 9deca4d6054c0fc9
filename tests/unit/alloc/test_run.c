/* Runs of frames: exactly as many as were asked for, together, aligned, shrunk and extended. */
#include "alloc/run.h"
#include "base/rng.h"
#include "zone_kit.h"

static struct fixture fixture;
static struct mm_zones *zones = &fixture.zones;

static void begin(void)
{
    setup(&fixture, 64 * MMSIM_MIB, 0); /* 16128 low frames */
}

static void end(void)
{
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}

/* True if the walk over frames in use meets exactly these slab frames in [first, first + n). */
static bool holds(const struct mm_frame *frame, uint64_t n_frames)
{
    mmsim_pfn pfn = mm_frame_pfn(zones, frame), next = pfn;
    while (next < pfn + n_frames) {
        const struct mm_frame *head = mm_zone_next_used(zones, next);
        if (!head || mm_frame_pfn(zones, head) != next || head->use != MM_FRAME_SLAB ||
            head->count != 1)
            return false;
        next += (mmsim_pfn)1 << mm_frame_order(head);
    }
    return next == pfn + n_frames;
}

/* Gives up n frames in the middle of a run of all low memory, which becomes two. */
static void leave(struct mm_frame *all, uint64_t first, uint64_t n)
{
    uint64_t rest = 16128 - first - n;
    mm_run_shrink(zones, all, 16128, first);
    struct mm_frame *gap = mm_run_alloc(zones, MM_FRAME_SLAB, 16128 - first, 0);
    ck_assert_ptr_eq(gap, all + first);
    mm_run_shrink(zones, gap, 16128 - first, n);
    ck_assert_ptr_nonnull(mm_run_alloc(zones, MM_FRAME_SLAB, rest, 0));
    mm_run_free(zones, gap, n);
}

START_TEST(a_run_is_as_long_as_it_was_asked_for)
{
    static const uint64_t lengths[] = {1,   2,   3,    5,    7,    13,   255,  256,
                                       257, 600, 1023, 1024, 1025, 2047, 5000, 12000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct mm_frame *frame = mm_run_alloc(zones, MM_FRAME_SLAB, lengths[i], 0);
        ck_assert_ptr_nonnull(frame);
        ck_assert(holds(frame, lengths[i]));
        ck_assert_uint_eq(zones->n_by_use[MM_FRAME_SLAB], lengths[i]);
        ck_assert_ptr_null(mm_zones_check(zones));
        mm_run_free(zones, frame, lengths[i]);
        ck_assert_uint_eq(zones->n_by_use[MM_FRAME_SLAB], 0);
        ck_assert_ptr_null(mm_zones_check(zones));
    }
    ck_assert_uint_eq(mm_buddy_n_blocks(&zones->zones[MM_ZONE_LOW], MM_BUDDY_MAX_ORDER), 15);
}
END_TEST

START_TEST(what_a_run_does_not_need_serves_others)
{
    struct mm_frame *all = mm_run_alloc(zones, MM_FRAME_SLAB, 16128, 0);
    ck_assert_ptr_nonnull(all);
    leave(all, 64, 64);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_ptr_nonnull(mm_run_alloc(zones, MM_FRAME_SLAB, 5, 0));
    for (unsigned i = 0; i < 8; i++)
        ck_assert_ptr_nonnull(mm_run_alloc(zones, MM_FRAME_SLAB, 3, 0));
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
}
END_TEST

START_TEST(all_of_a_zone_can_be_one_run)
{
    struct mm_frame *frame = mm_run_alloc(zones, MM_FRAME_SLAB, 16128, 0);
    ck_assert_ptr_nonnull(frame);
    ck_assert_uint_eq(mm_frame_pfn(zones, frame), 256);
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
    mm_run_free(zones, frame, 16128);
    ck_assert_ptr_null(mm_run_alloc(zones, MM_FRAME_SLAB, 16129, 0));
    ck_assert_int_eq(zones->last_failure.reason, MM_ZONE_NO_FRAMES);
    ck_assert_uint_eq(zones->last_failure.n_frames, 16129);
}
END_TEST

START_TEST(runs_start_where_they_must)
{
    for (unsigned align = 0; align <= 12; align++) {
        struct mm_frame *frame = mm_run_alloc(zones, MM_FRAME_SLAB, 3, align);
        ck_assert_ptr_nonnull(frame);
        ck_assert_uint_eq(mm_frame_pfn(zones, frame) % (1u << align), 0);
        ck_assert(holds(frame, 3));
    }
    ck_assert_ptr_null(mm_run_alloc(zones, MM_FRAME_SLAB, 3, 15));
}
END_TEST

START_TEST(a_run_is_found_between_blocks_that_are_too_small)
{
    struct mm_frame *all = mm_run_alloc(zones, MM_FRAME_SLAB, 16128, 0);
    leave(all, 1024 - 256 + 6, 13); /* frames 1030 to 1042: no block of 16 */
    ck_assert_ptr_eq(mm_run_alloc(zones, MM_FRAME_SLAB, 13, 0), all + 1024 - 256 + 6);
}
END_TEST

START_TEST(a_run_shrinks_and_grows_in_place)
{
    struct mm_frame *frame = mm_run_alloc(zones, MM_FRAME_SLAB, 100, 0);
    frame->payload = 77;
    mm_run_shrink(zones, frame, 100, 37);
    ck_assert(holds(frame, 37));
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_SLAB], 37);
    ck_assert(mm_run_extend(zones, frame, 37, 3000));
    ck_assert(holds(frame, 3000));
    ck_assert_uint_eq(frame->payload, 77);
    ck_assert_ptr_null(mm_zones_check(zones));
    mm_run_shrink(zones, frame, 3000, 1);
    ck_assert(holds(frame, 1));
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_SLAB], 1);
    mm_run_free(zones, frame, 1);
}
END_TEST

START_TEST(a_run_does_not_grow_over_others)
{
    struct mm_frame *all = mm_run_alloc(zones, MM_FRAME_SLAB, 16128, 0);
    leave(all, 50, 10);
    ck_assert(!mm_run_extend(zones, all, 50, 61));
    ck_assert(!mm_run_extend(zones, all, 16128, 16129));
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_SLAB], 16118);
    ck_assert_ptr_null(mm_zones_check(zones));
    ck_assert(mm_run_extend(zones, all, 50, 60));
    ck_assert(mm_run_extend(zones, all, 60, 60));
}
END_TEST

START_TEST(a_run_grows_over_frames_that_lie_on_lists)
{
    struct mm_frame *all = mm_run_alloc(zones, MM_FRAME_SLAB, 16128, 0);
    leave(all, 50, 10);
    struct mm_frame *single = mm_zone_alloc(zones, MM_FRAME_PAGE_TABLE, 0);
    mm_zone_free(zones, single, 0);
    ck_assert_uint_lt(zones->zones[MM_ZONE_LOW].n_free, 10);
    ck_assert(mm_run_extend(zones, all, 50, 60));
}
END_TEST

START_TEST(an_injected_failure_changes_nothing)
{
    struct mm_frame *frame = mm_run_alloc(zones, MM_FRAME_SLAB, 10, 0);
    mm_inject_arm(&zones->inject, &(struct mm_inject_rule){.every = 1, .min_bytes = 5 * 4096});
    ck_assert_ptr_null(mm_run_alloc(zones, MM_FRAME_SLAB, 5, 0));
    ck_assert(!mm_run_extend(zones, frame, 10, 15));
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_SLAB], 10);
    ck_assert(mm_run_extend(zones, frame, 10, 14));
    ck_assert_uint_eq(zones->inject.n_failures, 2);
}
END_TEST

Suite *test_run_suite(void);
Suite *test_run_suite(void)
{
    Suite *suite = suite_create("run");
    TCase *tests = tcase_create("run");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_run_is_as_long_as_it_was_asked_for);
    tcase_add_test(tests, what_a_run_does_not_need_serves_others);
    tcase_add_test(tests, all_of_a_zone_can_be_one_run);
    tcase_add_test(tests, runs_start_where_they_must);
    tcase_add_test(tests, a_run_is_found_between_blocks_that_are_too_small);
    tcase_add_test(tests, a_run_shrinks_and_grows_in_place);
    tcase_add_test(tests, a_run_does_not_grow_over_others);
    tcase_add_test(tests, a_run_grows_over_frames_that_lie_on_lists);
    tcase_add_test(tests, an_injected_failure_changes_nothing);
    suite_add_tcase(suite, tests);
    return suite;
}
