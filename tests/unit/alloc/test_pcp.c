/* Lists of single frames: which CPU's, when they fill and empty, and that nothing stays on them. */
#include "alloc/zone_info.h"
#include "zone_kit.h"

static uint32_t n_on_list(const struct mm_zones *zones, unsigned cpu)
{
    return zones->pcps[cpu].lists[MM_ZONE_LOW][MM_UNMOVABLE].n;
}

START_TEST(batches_follow_the_size_of_the_zone)
{
    static const struct {
        uint64_t n_frames;
        uint32_t batch;
    } rows[] = {{0, 1},      {255, 1},     {8192, 1},    {16128, 3},
                {65280, 15}, {131072, 31}, {524288, 31}, {1 << 30, 31}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mm_pcp_limits limits = mm_pcp_limits_for(rows[i].n_frames);
        ck_assert_uint_eq(limits.batch, rows[i].batch);
        ck_assert_uint_eq(limits.high, 6 * rows[i].batch);
    }
}
END_TEST

START_TEST(an_empty_list_takes_a_batch_and_a_full_one_gives_a_batch)
{
    struct fixture fixture;
    setup(&fixture, 256 * MMSIM_MIB, 0); /* batch 15, limit 90 */
    struct mm_zones *zones = &fixture.zones;
    static struct mm_frame *frames[200];
    uint64_t n_free = zones->zones[MM_ZONE_LOW].n_free;
    frames[0] = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    ck_assert_uint_eq(n_on_list(zones, 0), 14);
    ck_assert_uint_eq(zones->zones[MM_ZONE_LOW].n_free, n_free - 15);
    for (unsigned i = 1; i < 200; i++)
        frames[i] = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    ck_assert_uint_eq(zones->pcp_limits[MM_ZONE_LOW].n_refills, 14);
    uint32_t n = n_on_list(zones, 0);
    for (unsigned i = 0; i < 200; i++) {
        mm_zone_free(zones, frames[i], 0);
        n = n == 90 ? 90 - 15 + 1 : n + 1;
        ck_assert_uint_eq(n_on_list(zones, 0), n);
    }
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_FREE], 256 * 256 - 1);
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

START_TEST(the_frame_freed_last_comes_first_and_the_first_leaves_first)
{
    struct fixture fixture;
    setup(&fixture, 256 * MMSIM_MIB, 0);
    struct mm_zones *zones = &fixture.zones;
    struct mm_frame *frames[91];
    for (unsigned i = 0; i < 91; i++)
        frames[i] = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    mm_zones_drain(zones);
    for (unsigned i = 0; i < 91; i++)
        mm_zone_free(zones, frames[i], 0);
    ck_assert_uint_eq(n_on_list(zones, 0), 76);
    for (unsigned i = 91; i-- > 15;)
        ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_PAGE_TABLE, 0), frames[i]);
    ck_assert_uint_eq(n_on_list(zones, 0), 0);
    teardown(&fixture);
}
END_TEST

START_TEST(each_cpu_has_lists_of_its_own_and_the_last_frame_is_found_on_any)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 0); /* 256 low frames; limit 6 */
    struct mm_zones *zones = &fixture.zones;
    zones->n_cpus = MMSIM_MAX_CPUS;
    struct mm_frame *frames[256];
    for (unsigned i = 0; i < 256; i++)
        frames[i] = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
    for (unsigned i = 0; i < 256; i++) {
        zones->cpu = i % 64;
        mm_zone_free(zones, frames[i], 0);
    }
    for (unsigned cpu = 0; cpu < 64; cpu++)
        ck_assert_uint_eq(n_on_list(zones, cpu), 4);
    ck_assert_uint_eq(zones->zones[MM_ZONE_LOW].n_free, 0);
    ck_assert_ptr_null(mm_zones_check(zones));
    zones->cpu = 17;
    for (unsigned i = 0; i < 256; i++)
        ck_assert_ptr_nonnull(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
    ck_assert_ptr_null(mm_zone_alloc(zones, MM_FRAME_SLAB, 0));
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

START_TEST(a_block_is_made_of_what_lies_on_lists)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 0);
    struct mm_zones *zones = &fixture.zones;
    zones->n_cpus = 4;
    struct mm_frame *frames[256];
    for (unsigned i = 0; i < 256; i++)
        frames[i] = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    for (unsigned i = 0; i < 16; i++) {
        zones->cpu = i % 4;
        mm_zone_free(zones, frames[64 + i], 0);
    }
    ck_assert_uint_eq(zones->zones[MM_ZONE_LOW].n_free, 0);
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, 4), frames[64]);
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

START_TEST(frames_that_were_stolen_stay_with_the_type_that_uses_them)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 0); /* all of it cut pageblocks: unmovable */
    struct mm_zones *zones = &fixture.zones;
    struct mm_frame *frame = mm_zone_alloc(zones, MM_FRAME_ANON, 0);
    uint64_t n_refills = zones->pcp_limits[MM_ZONE_HIGH].n_refills;
    for (unsigned i = 0; i < 100; i++) {
        mm_zone_free(zones, frame, 0);
        ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_ANON, 0), frame);
    }
    ck_assert_uint_eq(zones->pcp_limits[MM_ZONE_HIGH].n_refills, n_refills);
    teardown(&fixture);
}
END_TEST

START_TEST(draining_returns_every_frame)
{
    struct fixture fixture;
    setup(&fixture, 64 * MMSIM_MIB, 0);
    struct mm_zones *zones = &fixture.zones;
    zones->n_cpus = 3;
    for (unsigned i = 0; i < 30; i++) {
        zones->cpu = i % 3;
        struct mm_frame *frame = mm_zone_alloc(zones, i % 2 ? MM_FRAME_SLAB : MM_FRAME_ANON, 0);
        mm_zone_free(zones, frame, 0);
    }
    uint64_t n_on_lists = zones->n_ram_frames - 1 - zones->zones[MM_ZONE_LOW].n_free -
                          zones->zones[MM_ZONE_HIGH].n_free;
    ck_assert_uint_gt(n_on_lists, 0);
    ck_assert_uint_eq(mm_zones_drain(zones), n_on_lists);
    ck_assert_uint_eq(mm_zones_drain(zones), 0);
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

Suite *test_pcp_suite(void);
Suite *test_pcp_suite(void)
{
    Suite *suite = suite_create("pcp");
    TCase *tests = tcase_create("pcp");
    tcase_add_test(tests, batches_follow_the_size_of_the_zone);
    tcase_add_test(tests, an_empty_list_takes_a_batch_and_a_full_one_gives_a_batch);
    tcase_add_test(tests, the_frame_freed_last_comes_first_and_the_first_leaves_first);
    tcase_add_test(tests, each_cpu_has_lists_of_its_own_and_the_last_frame_is_found_on_any);
    tcase_add_test(tests, a_block_is_made_of_what_lies_on_lists);
    tcase_add_test(tests, frames_that_were_stolen_stay_with_the_type_that_uses_them);
    tcase_add_test(tests, draining_returns_every_frame);
    suite_add_tcase(suite, tests);
    return suite;
}
