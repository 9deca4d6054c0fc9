/* Exact LRU curves against a list that is searched from its front, and where the theory knows. */
#include "curve_kit.h"

START_TEST(every_size_agrees_with_a_list_that_is_searched)
{
    kit_compare(MMSIM_CURVE_LRU, kit_lru, 3000, 200, 14);
}
END_TEST

START_TEST(long_strings_agree_though_positions_are_renumbered)
{
    kit_compare(MMSIM_CURVE_LRU, kit_lru, 8, KIT_MAX_REFS, KIT_MAX_PAGES);
}
END_TEST

/* LRU's worst case: with one frame less than the loop has pages, everything misses. 16,384 pages
 * need two storeys of counts, 32,769 three, 700,000 four. */
static const mmsim_page loops[] = {1, 2, 63, 64, 65, 1024, 16384, 16385, 32768, 32769, 700000};

START_TEST(a_loop_hits_only_when_it_fits)
{
    mmsim_page n = loops[_i];
    struct mmsim_curve curve = kit_loop(MMSIM_CURVE_LRU, n, 11);
    mmsim_page hits_from = 0; /* an assertion for each would take long */
    while (hits_from < n && curve.misses[hits_from] == UINT64_C(11) * n)
        hits_from++;
    ck_assert_uint_eq(hits_from, n);
    ck_assert_uint_eq(curve.misses[n], n);
    ck_assert_uint_eq(curve.pages, n);
    ck_assert_uint_eq(mmsim_curve_end_size(&curve), n);
    mmsim_curve_free(&curve);
}
END_TEST

/* To and fro over n pages: going back, the k-th page before the turn has distance k + 1. */
START_TEST(a_sawtooth_has_every_distance_equally_often)
{
    enum { N = 40000, TIMES = 6 };
    struct mmsim_curve_setup setup = {MMSIM_CURVE_LRU, N, 1, 0};
    struct mmsim_curve_pass *pass;
    struct mmsim_error error;
    struct mmsim_curve curve;
    ck_assert_int_eq(mmsim_curve_begin(&setup, &pass, &error), MMSIM_OK);
    for (mmsim_page i = 0; i < N * TIMES; i++) {
        mmsim_page along = i % N;
        mmsim_ref ref = (i / N % 2 == 0 ? along : N - 1 - along) << 2;
        mmsim_curve_feed(pass, &ref, 1);
    }
    ck_assert_int_eq(mmsim_curve_read(pass, &curve, &error), MMSIM_OK);
    mmsim_page frames = 1;
    while (frames <= N && curve.misses[frames] == N + (uint64_t)(TIMES - 1) * (N - frames))
        frames++;
    ck_assert_uint_eq(frames, N + 1);
    mmsim_curve_free(&curve);
    mmsim_curve_end(pass);
}
END_TEST

Suite *test_curve_lru_suite(void);
Suite *test_curve_lru_suite(void)
{
    Suite *suite = suite_create("curve_lru");
    TCase *tests = tcase_create("lru");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, every_size_agrees_with_a_list_that_is_searched);
    tcase_add_test(tests, long_strings_agree_though_positions_are_renumbered);
    tcase_add_loop_test(tests, a_loop_hits_only_when_it_fits, 0, sizeof loops / sizeof *loops);
    tcase_add_test(tests, a_sawtooth_has_every_distance_equally_often);
    suite_add_tcase(suite, tests);
    return suite;
}
