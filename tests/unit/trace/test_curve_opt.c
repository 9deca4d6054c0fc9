/* Exact curves of MIN against MIN itself, simulated size by size, and where the theory knows. */
#include "curve_kit.h"

START_TEST(every_size_agrees_with_a_simulation_that_knows_the_future)
{
    kit_compare(MMSIM_CURVE_OPT, kit_opt, 3000, 200, 14);
}
END_TEST

START_TEST(many_pages_agree_too)
{
    kit_compare(MMSIM_CURVE_OPT, kit_opt, 60, 1500, KIT_MAX_PAGES);
}
END_TEST

START_TEST(long_strings_agree_though_positions_are_renumbered)
{
    kit_compare(MMSIM_CURVE_OPT, kit_opt, 4, KIT_MAX_REFS, KIT_MAX_PAGES);
}
END_TEST

/*
 * Twice over n pages with c > 1 frames: c - 1 of the first pass's pages are kept for the second and
 * hit; so does its last page, kept by the frame that the first hit sets free.
 */
static const mmsim_page loops[] = {2, 31, 32, 33, 1000, 1025, 40000, 300000};

START_TEST(a_loop_that_runs_twice_hits_as_often_as_it_has_frames)
{
    mmsim_page n = loops[_i];
    struct mmsim_curve curve = kit_loop(MMSIM_CURVE_OPT, n, 2);
    ck_assert_uint_eq(curve.misses[1], UINT64_C(2) * n);
    mmsim_page frames = 2;
    while (frames <= n && curve.misses[frames] == UINT64_C(2) * n - frames)
        frames++;
    ck_assert_uint_eq(frames, n + 1);
    mmsim_curve_free(&curve);
}
END_TEST

START_TEST(it_never_misses_more_than_lru)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct kit_string *string = kit_random(seed, 3000, KIT_MAX_PAGES);
        struct mmsim_curve opt = kit_curve(string, MMSIM_CURVE_OPT, 777);
        struct mmsim_curve lru = kit_curve(string, MMSIM_CURVE_LRU, 1);
        ck_assert_uint_eq(opt.pages, lru.pages);
        mmsim_page frames = 0;
        while (frames <= lru.pages && opt.misses[frames] <= lru.misses[frames])
            frames++;
        ck_assert_uint_eq(frames, lru.pages + 1);
        mmsim_curve_free(&opt);
        mmsim_curve_free(&lru);
        free(string);
    }
}
END_TEST

Suite *test_curve_opt_suite(void);
Suite *test_curve_opt_suite(void)
{
    Suite *suite = suite_create("curve_opt");
    TCase *tests = tcase_create("opt");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_size_agrees_with_a_simulation_that_knows_the_future);
    tcase_add_test(tests, many_pages_agree_too);
    tcase_add_test(tests, long_strings_agree_though_positions_are_renumbered);
    tcase_add_loop_test(tests, a_loop_that_runs_twice_hits_as_often_as_it_has_frames, 0,
                        sizeof loops / sizeof *loops);
    tcase_add_test(tests, it_never_misses_more_than_lru);
    suite_add_tcase(suite, tests);
    return suite;
}
