/* What zones tell: pressure, why a request failed, free blocks, fragmentation; and reserves. */
#include "alloc/zone_info.h"
#include "zone_kit.h"

struct pressures {
    unsigned n;
    enum mm_zone_kind zones[8];
    enum mm_pressure told[8];
};

static void note_pressure(void *user, enum mm_zone_kind zone, enum mm_pressure pressure)
{
    struct pressures *seen = user;
    ck_assert_uint_lt(seen->n, 8);
    seen->zones[seen->n] = zone;
    seen->told[seen->n++] = pressure;
}

START_TEST(each_mark_is_told_once_on_the_way_down_and_again_after_high)
{
    struct fixture fixture;
    struct pressures seen = {0};
    setup(&fixture, 64 * MMSIM_MIB, 0);
    struct mm_zones *zones = &fixture.zones;
    zones->on_pressure = note_pressure;
    zones->pressure_user = &seen;
    static struct mm_frame *frames[63 * 256 + 1];
    uint64_t n = 0, n_low = 0, n_min = 0;
    while ((frames[n] = mm_zone_alloc(zones, MM_FRAME_SLAB, 0))) {
        n++;
        n_low += seen.n == 0;
        n_min += seen.n <= 1;
    }
    ck_assert_uint_eq(seen.n, 2);
    ck_assert_int_eq(seen.told[0], MM_PRESSURE_LOW);
    ck_assert_int_eq(seen.told[1], MM_PRESSURE_MIN);
    ck_assert_int_eq(seen.zones[0], MM_ZONE_LOW);
    uint64_t batch = zones->pcp_limits[MM_ZONE_LOW].batch; /* some lie on the CPU's list */
    const struct mm_watermarks *marks = &zones->marks[MM_ZONE_LOW];
    ck_assert_uint_le(63 * 256 - n_low, marks->low + batch + 1);
    ck_assert_uint_ge(63 * 256 - n_low, marks->low - batch);
    ck_assert_uint_le(63 * 256 - n_min, marks->min + batch + 1);
    ck_assert_uint_ge(63 * 256 - n_min, marks->min - batch);
    ck_assert_int_eq(mm_zones_pressure(zones, MM_ZONE_LOW), MM_PRESSURE_MIN);
    while (n > 0)
        mm_zone_free(zones, frames[--n], 0);
    mm_zones_drain(zones);
    ck_assert_int_eq(mm_zones_pressure(zones, MM_ZONE_LOW), MM_PRESSURE_NONE);
    teardown(&fixture);
}
END_TEST

START_TEST(a_reserve_serves_emergencies_alone_and_is_filled_first)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 0); /* 256 low frames */
    struct mm_zones *zones = &fixture.zones;
    ck_assert(!mm_zones_reserve(zones, MM_ZONE_LOW, 257));
    ck_assert(mm_zones_reserve(zones, MM_ZONE_LOW, 10));
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_FREE], 511);
    struct mm_frame *last = NULL, *frame;
    unsigned n = 0;
    while ((frame = mm_zone_alloc(zones, MM_FRAME_SLAB, 0))) {
        last = frame;
        n++;
    }
    ck_assert_uint_eq(n, 246);
    ck_assert_uint_eq(zones->last_failure.n_set_aside, 10);
    for (n = 0; (frame = mm_zone_alloc_emergency(zones, MM_FRAME_PAGE_TABLE)); n++)
        ck_assert_ptr_null(mm_zones_check(zones));
    ck_assert_uint_eq(n, 10);
    mm_zone_free(zones, last, 0);
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
    ck_assert_uint_eq(zones->reserves[MM_ZONE_LOW].n, 1);
    ck_assert_ptr_null(mm_zones_check(zones));
    ck_assert(mm_zones_reserve(zones, MM_ZONE_LOW, 0));
    ck_assert_ptr_nonnull(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

START_TEST(an_emergency_does_not_pass_the_limit_for_user_frames)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 3);
    struct mm_zones *zones = &fixture.zones;
    ck_assert(mm_zones_reserve(zones, MM_ZONE_HIGH, 5));
    for (unsigned i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(mm_zone_alloc_emergency(zones, MM_FRAME_ANON));
    ck_assert_ptr_null(mm_zone_alloc_emergency(zones, MM_FRAME_ANON));
    ck_assert_int_eq(zones->last_failure.reason, MM_ZONE_USER_LIMIT);
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

START_TEST(a_failure_tells_what_was_free_and_why_it_did_not_do)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 0);
    struct mm_zones *zones = &fixture.zones;
    static struct mm_frame *frames[256];
    for (unsigned i = 0; i < 256; i++)
        frames[i] = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    for (unsigned i = 0; i < 256; i += 2)
        mm_zone_free(zones, frames[i], 0);
    zones->site = "here";
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 3));
    const struct mm_zone_failure *failure = &zones->last_failure;
    ck_assert_int_eq(failure->reason, MM_ZONE_FRAGMENTED);
    ck_assert_int_eq(failure->zone, MM_ZONE_LOW);
    ck_assert_uint_eq(failure->order, 3);
    ck_assert_uint_eq(failure->n_frames, 8);
    ck_assert_uint_eq(failure->n_free, 128);
    ck_assert_uint_eq(failure->n_blocks[MM_UNMOVABLE][0], 128);
    ck_assert_uint_eq(failure->largest, 1);
    ck_assert_str_eq(failure->site, "here");
    ck_assert_int_eq(failure->compaction.end, MM_COMPACT_PINNED);
    ck_assert_uint_eq(failure->compaction.n_blocks, 32);
    ck_assert_uint_eq(failure->compaction.n_pinned_by[MM_FRAME_SLAB], 32);
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 8));
    ck_assert_int_eq(failure->reason, MM_ZONE_NO_FRAMES);
    mm_inject_arm(&zones->inject, &(struct mm_inject_rule){.every = 1});
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
    ck_assert_int_eq(failure->reason, MM_ZONE_INJECTED);
    ck_assert_uint_eq(zones->n_failures, 3);
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

static void assert_marks(struct mm_watermarks marks, uint64_t min, uint64_t low, uint64_t high)
{
    ck_assert_uint_eq(marks.min, min);
    ck_assert_uint_eq(marks.low, low);
    ck_assert_uint_eq(marks.high, high);
}

/* By hand: 4 * sqrt(262144 KiB) = 2048 KiB = 512 frames; a quarter of it is 128. */
START_TEST(watermarks_are_those_of_the_formula)
{
    assert_marks(mm_watermarks_low(65536), 512, 640, 768);
    assert_marks(mm_watermarks_low(16384), 256, 320, 384);
    assert_marks(mm_watermarks_low(1024), 64, 80, 96);
    assert_marks(mm_watermarks_low(128), 16, 20, 24);       /* an eighth, not 128 KiB */
    assert_marks(mm_watermarks_high(100000), 97, 197, 297); /* 0.1 % is more than a quarter */
    assert_marks(mm_watermarks_high(10000000), 128, 10128, 20128);
    assert_marks(mm_watermarks_low(0), 0, 0, 0);
}
END_TEST

START_TEST(pressure_falls_only_at_the_high_mark)
{
    const struct mm_watermarks marks = {10, 20, 30};
    ck_assert_int_eq(mm_watermarks_state(&marks, MM_PRESSURE_NONE, 20), MM_PRESSURE_NONE);
    ck_assert_int_eq(mm_watermarks_state(&marks, MM_PRESSURE_NONE, 19), MM_PRESSURE_LOW);
    ck_assert_int_eq(mm_watermarks_state(&marks, MM_PRESSURE_LOW, 9), MM_PRESSURE_MIN);
    ck_assert_int_eq(mm_watermarks_state(&marks, MM_PRESSURE_MIN, 29), MM_PRESSURE_MIN);
    ck_assert_int_eq(mm_watermarks_state(&marks, MM_PRESSURE_LOW, 25), MM_PRESSURE_LOW);
    ck_assert_int_eq(mm_watermarks_state(&marks, MM_PRESSURE_MIN, 30), MM_PRESSURE_NONE);
}
END_TEST

START_TEST(information_on_a_zone_adds_up)
{
    struct fixture fixture;
    struct mm_zone_info info;
    setup(&fixture, 20 * MMSIM_MIB, 0);
    struct mm_zones *zones = &fixture.zones;
    for (unsigned i = 0; i < 50; i++) /* 1 MiB to 1.2 MiB, then fresh memory */
        ck_assert_ptr_nonnull(mm_zone_alloc(zones, i % 2 ? MM_FRAME_SLAB : MM_FRAME_ANON, i % 3));
    mm_zone_info(zones, MM_ZONE_LOW, &info);
    uint64_t n_in_blocks = 0, n_pageblocks = 0;
    for (unsigned type = 0; type < MM_N_MIGRATE_TYPES; type++) {
        n_pageblocks += info.n_pageblocks[type];
        for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
            n_in_blocks += (uint64_t)info.n_blocks[type][order] << order;
    }
    ck_assert_uint_eq(n_in_blocks, info.n_free);
    ck_assert_uint_eq(n_pageblocks, 5);
    ck_assert_uint_eq(info.n_managed, 19 * 256);
    mm_zones_drain(zones);
    uint64_t n_high_free = zones->zones[MM_ZONE_HIGH].n_free;
    ck_assert_uint_eq(zones->zones[MM_ZONE_LOW].n_free, info.n_free + info.n_listed);
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_FREE], info.n_free + info.n_listed + n_high_free);
    ck_assert_uint_eq(info.largest, 1024);
    ck_assert_uint_eq(info.unusable[0], 0);
    ck_assert_int_eq(info.fragmentation[10], -1000);
    teardown(&fixture);
}
END_TEST

/* Linux's formulas by hand: 64 of 128 free frames are single, 32 pairs. */
START_TEST(fragmentation_is_what_the_formulas_say)
{
    struct fixture fixture;
    struct mm_zone_info info;
    setup(&fixture, 2 * MMSIM_MIB, 0);
    struct mm_zones *zones = &fixture.zones;
    static struct mm_frame *frames[64];
    for (unsigned i = 0; i < 64; i++)
        frames[i] = mm_zone_alloc(zones, MM_FRAME_SLAB, 2);
    for (unsigned i = 0; i < 64; i++) { /* of each four frames one, or two */
        struct mm_frame *frame = frames[i];
        mm_zone_free(zones, frame, 2);
        frames[i] = mm_zone_alloc(zones, MM_FRAME_SLAB, 1);
    }
    mm_zone_info(zones, MM_ZONE_LOW, &info);
    ck_assert_uint_eq(info.n_free, 128);
    ck_assert_uint_eq(info.unusable[1], 0);
    ck_assert_int_eq(info.fragmentation[1], -1000);
    uint32_t n_blocks = 0;
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
        n_blocks += mm_buddy_n_blocks(&zones->zones[MM_ZONE_LOW], order);
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++) {
        uint64_t n_small = 0;
        for (unsigned smaller = 0; smaller < order; smaller++)
            n_small += (uint64_t)mm_buddy_n_blocks(&zones->zones[MM_ZONE_LOW], smaller) << smaller;
        ck_assert_uint_eq(info.unusable[order], n_small * 1000 / 128);
        int expected =
            n_small < 128 ? -1000 : 1000 - (int)((1000 + 128 * 1000 / (1u << order)) / n_blocks);
        ck_assert_int_eq(info.fragmentation[order], expected);
    }
    teardown(&fixture);
}
END_TEST

Suite *test_zone_info_suite(void);
Suite *test_zone_info_suite(void)
{
    Suite *suite = suite_create("zone_info");
    TCase *tests = tcase_create("zone_info");
    tcase_add_test(tests, watermarks_are_those_of_the_formula);
    tcase_add_test(tests, pressure_falls_only_at_the_high_mark);
    tcase_add_test(tests, each_mark_is_told_once_on_the_way_down_and_again_after_high);
    tcase_add_test(tests, a_reserve_serves_emergencies_alone_and_is_filled_first);
    tcase_add_test(tests, an_emergency_does_not_pass_the_limit_for_user_frames);
    tcase_add_test(tests, a_failure_tells_what_was_free_and_why_it_did_not_do);
    tcase_add_test(tests, information_on_a_zone_adds_up);
    tcase_add_test(tests, fragmentation_is_what_the_formulas_say);
    suite_add_tcase(suite, tests);
    return suite;
}
