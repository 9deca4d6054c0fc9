/* Sampled curves: near the exact ones, by as much as they say, and the same on every run. */
#include "curve_kit.h"

enum { N_PAGES = 6000, N_REFS = 400000, N_SEEDS = 12 };

/* References of which some pages have far more than others. */
static mmsim_ref *make_refs(void)
{
    mmsim_ref *refs = calloc(N_REFS, sizeof *refs);
    struct mm_rng rng;
    mm_rng_seed(&rng, 3);
    for (size_t i = 0; i < N_REFS; i++) {
        uint64_t bound = mm_rng_below(&rng, N_PAGES) + 1;
        bound = mm_rng_below(&rng, bound) + 1;
        refs[i] = (mmsim_ref)mm_rng_below(&rng, bound) << 2;
    }
    return refs;
}

static struct mmsim_curve curve_of(const mmsim_ref *refs, enum mmsim_curve_kind kind, double rate,
                                   uint64_t seed, size_t batch)
{
    struct mmsim_curve_setup setup = {kind, N_PAGES, rate, seed};
    struct mmsim_curve_pass *pass;
    struct mmsim_error error;
    struct mmsim_curve curve;
    ck_assert_int_eq(mmsim_curve_begin(&setup, &pass, &error), MMSIM_OK);
    for (size_t at = 0; at < N_REFS; at += batch)
        mmsim_curve_feed(pass, refs + at, N_REFS - at < batch ? N_REFS - at : batch);
    ck_assert_int_eq(mmsim_curve_read(pass, &curve, &error), MMSIM_OK);
    mmsim_curve_end(pass);
    return curve;
}

/* Mean of twelve samples, what they say and what is true. */
START_TEST(the_expected_error_is_the_real_one_on_average)
{
    static const double rates[] = {0.05, 0.1, 0.3};
    mmsim_ref *refs = make_refs();
    for (int kind = 0; kind < MMSIM_N_CURVE_KINDS; kind++) {
        struct mmsim_curve exact = curve_of(refs, (enum mmsim_curve_kind)kind, 1, 0, N_REFS);
        for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
            double expected = 0, real = 0;
            for (uint64_t seed = 0; seed < N_SEEDS; seed++) {
                struct mmsim_curve curve =
                    curve_of(refs, (enum mmsim_curve_kind)kind, rates[i], seed, N_REFS);
                ck_assert(curve.error > 0);
                expected += curve.error / N_SEEDS;
                real += mmsim_curve_distance(&exact, &curve) / N_SEEDS;
                mmsim_curve_free(&curve);
            }
            ck_assert_msg(real < 2 * expected && expected < 3 * real, "rate %g: %g, really %g",
                          rates[i], expected, real);
            ck_assert_msg(real < 0.02, "rate %g: %g", rates[i], real);
        }
        mmsim_curve_free(&exact);
    }
    free(refs);
}
END_TEST

START_TEST(misses_do_not_grow_with_frames_and_end_at_the_first_uses)
{
    mmsim_ref *refs = make_refs();
    struct mmsim_curve exact = curve_of(refs, MMSIM_CURVE_LRU, 1, 0, N_REFS);
    struct mmsim_curve curve = curve_of(refs, MMSIM_CURVE_LRU, 0.05, 9, N_REFS);
    ck_assert_uint_eq(curve.pages, exact.pages);
    ck_assert_uint_eq(curve.misses[0], N_REFS);
    mmsim_page frames = 1;
    while (frames <= curve.pages && curve.misses[frames] <= curve.misses[frames - 1])
        frames++;
    ck_assert_uint_eq(frames, curve.pages + 1);
    ck_assert_uint_eq(curve.misses[curve.pages], curve.pages);
    ck_assert(curve.sampled_pages > 200 && curve.sampled_pages < 400);
    ck_assert_uint_lt(curve.sampled_references, N_REFS / 4);
    mmsim_curve_free(&curve);
    mmsim_curve_free(&exact);
    free(refs);
}
END_TEST

START_TEST(the_choice_follows_from_the_seed_and_not_from_the_batches)
{
    mmsim_ref *refs = make_refs();
    struct mmsim_curve one = curve_of(refs, MMSIM_CURVE_LRU, 0.1, 5, N_REFS);
    struct mmsim_curve same = curve_of(refs, MMSIM_CURVE_LRU, 0.1, 5, 777);
    struct mmsim_curve other = curve_of(refs, MMSIM_CURVE_LRU, 0.1, 6, N_REFS);
    ck_assert_mem_eq(one.misses, same.misses, (one.pages + 1) * sizeof *one.misses);
    ck_assert(one.error == same.error);
    ck_assert(mmsim_curve_distance(&one, &other) > 0);
    mmsim_curve_free(&one);
    mmsim_curve_free(&same);
    mmsim_curve_free(&other);
    free(refs);
}
END_TEST

/* A rate just below 1 follows all pages, as good as: the curve must be the exact one. */
START_TEST(a_sample_of_everything_is_exact)
{
    mmsim_ref *refs = make_refs();
    struct mmsim_curve exact = curve_of(refs, MMSIM_CURVE_OPT, 1, 0, N_REFS);
    struct mmsim_curve curve = curve_of(refs, MMSIM_CURVE_OPT, 0.9999999999999, 1, 1000);
    ck_assert_uint_eq(curve.sampled_pages, exact.pages);
    ck_assert(mmsim_curve_distance(&exact, &curve) < 1e-3);
    ck_assert(exact.error == 0);
    ck_assert_uint_eq(exact.sampled_references, N_REFS);
    mmsim_curve_free(&exact);
    mmsim_curve_free(&curve);
    free(refs);
}
END_TEST

START_TEST(a_sample_too_small_to_tell_its_error_says_so)
{
    mmsim_ref *refs = make_refs();
    struct mmsim_curve few = curve_of(refs, MMSIM_CURVE_LRU, 0.002, 1, N_REFS);
    struct mmsim_curve none = curve_of(refs, MMSIM_CURVE_LRU, 1e-12, 1, N_REFS);
    ck_assert(few.error < 0);
    ck_assert(none.error < 0);
    ck_assert_uint_eq(none.sampled_pages, 0);
    ck_assert_uint_eq(none.misses[1], none.pages);
    mmsim_curve_free(&few);
    mmsim_curve_free(&none);
    free(refs);
}
END_TEST

Suite *test_curve_sampled_suite(void);
Suite *test_curve_sampled_suite(void)
{
    Suite *suite = suite_create("curve_sampled");
    TCase *tests = tcase_create("sampled");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_expected_error_is_the_real_one_on_average);
    tcase_add_test(tests, misses_do_not_grow_with_frames_and_end_at_the_first_uses);
    tcase_add_test(tests, the_choice_follows_from_the_seed_and_not_from_the_batches);
    tcase_add_test(tests, a_sample_of_everything_is_exact);
    tcase_add_test(tests, a_sample_too_small_to_tell_its_error_says_so);
    suite_add_tcase(suite, tests);
    return suite;
}
