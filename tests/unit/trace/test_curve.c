/* Passes and curves: what they refuse, what they read, and a host without memory. */
#include "curve_kit.h"
#include "fail_nth.h"

START_TEST(bad_setups_are_refused_with_the_field)
{
    static const struct {
        struct mmsim_curve_setup setup;
        const char *where;
    } rows[] = {
        {{(enum mmsim_curve_kind)7, 10, 1, 0}, "kind"},
        {{MMSIM_CURVE_LRU, 0, 1, 0}, "universe"},
        {{MMSIM_CURVE_LRU, MMSIM_MAX_PAGES + 1, 1, 0}, "universe"},
        {{MMSIM_CURVE_OPT, 10, 0, 0}, "rate"},
        {{MMSIM_CURVE_OPT, 10, -0.5, 0}, "rate"},
        {{MMSIM_CURVE_OPT, 10, 1.01, 0}, "rate"},
        {{MMSIM_CURVE_OPT, 10, 0.0 / 0.0, 0}, "rate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mmsim_curve_pass *pass = NULL;
        struct mmsim_error error;
        ck_assert_int_eq(mmsim_curve_begin(&rows[i].setup, &pass, &error), MMSIM_BAD_ARGUMENT);
        ck_assert_str_eq(error.where, rows[i].where);
        ck_assert_ptr_null(pass);
    }
}
END_TEST

/* a b a c b a: with LRU a comes back at distances 2 and 3, b at 3. MIN with two frames keeps a
 * over b, and then hits one of the last two. */
START_TEST(a_short_string_by_hand)
{
    static const struct kit_string string = {{0, 4, 0, 8, 4, 0}, 6, 3};
    struct mmsim_curve lru = kit_curve(&string, MMSIM_CURVE_LRU, 2);
    struct mmsim_curve opt = kit_curve(&string, MMSIM_CURVE_OPT, 6);
    static const uint64_t of_lru[] = {6, 6, 5, 3}, of_opt[] = {6, 6, 4, 3};
    ck_assert_mem_eq(lru.misses, of_lru, sizeof of_lru);
    ck_assert_mem_eq(opt.misses, of_opt, sizeof of_opt);
    ck_assert_uint_eq(mmsim_curve_misses(&lru, 1000), 3);
    ck_assert_uint_eq(mmsim_curve_end_size(&lru), 3);
    ck_assert_double_eq_tol(mmsim_curve_distance(&lru, &opt), 1.0 / 6 / 3, 1e-12);
    mmsim_curve_free(&lru);
    mmsim_curve_free(&opt);
    mmsim_curve_free(&opt); /* what is freed may be freed */
}
END_TEST

START_TEST(a_pass_can_be_read_while_it_goes_on)
{
    struct kit_string *string = kit_random(1, 2000, 20);
    struct mmsim_curve_setup setup = {MMSIM_CURVE_OPT, 20, 1, 0};
    struct mmsim_curve_pass *pass;
    struct mmsim_error error;
    struct mmsim_curve early, late;
    ck_assert_int_eq(mmsim_curve_begin(&setup, &pass, &error), MMSIM_OK);
    ck_assert_int_eq(mmsim_curve_read(pass, &early, &error), MMSIM_OK);
    ck_assert_uint_eq(early.references, 0);
    ck_assert_uint_eq(early.pages, 0);
    mmsim_curve_free(&early);
    mmsim_curve_feed(pass, string->refs, 1000);
    ck_assert_int_eq(mmsim_curve_read(pass, &early, &error), MMSIM_OK);
    mmsim_curve_feed(pass, string->refs + 1000, 1000);
    ck_assert_int_eq(mmsim_curve_read(pass, &late, &error), MMSIM_OK);
    ck_assert_uint_eq(late.misses[5], kit_opt(string, 5));
    string->n = 1000;
    ck_assert_uint_eq(early.misses[5], kit_opt(string, 5));
    mmsim_curve_free(&early);
    mmsim_curve_free(&late);
    mmsim_curve_end(pass);
    free(string);
}
END_TEST

START_TEST(without_memory_nothing_begins_and_nothing_is_lost)
{
    for (int i = 0; i < 4; i++) {
        struct mmsim_curve_setup setup = {i % 2 ? MMSIM_CURVE_OPT : MMSIM_CURVE_LRU, 100,
                                          i / 2 ? 0.5 : 1, 0};
        for (uint64_t n = 1;; n++) {
            struct fail_nth fail;
            struct mmsim_curve_pass *pass = NULL;
            struct mmsim_error error;
            fail_nth_init(&fail, n, 1);
            enum mmsim_status status = mm_curve_begin(&setup, &fail.allocator, &pass, &error);
            ck_assert_int_eq(status, fail.n_requests < n ? MMSIM_OK : MMSIM_HOST_MEMORY);
            mmsim_curve_end(pass);
            ck_assert_ptr_null(fail_nth_check(&fail));
            if (fail.n_requests < n)
                break;
        }
    }
}
END_TEST

START_TEST(the_curve_of_a_trace_is_that_of_its_references)
{
    static const mmsim_ref refs[] = {0, 4, 0, 8, 4, 0};
    struct mmsim_trace *trace;
    struct mmsim_error error;
    struct mmsim_curve curve;
    ck_assert_int_eq(mmsim_trace_of_refs("t", refs, 6, &trace, &error), MMSIM_OK);
    ck_assert_int_eq(mmsim_curve_of(trace, MMSIM_CURVE_LRU, 1, 0, &curve, &error), MMSIM_OK);
    ck_assert_uint_eq(curve.misses[2], 5);
    mmsim_curve_free(&curve);
    ck_assert_int_eq(mmsim_curve_of(trace, MMSIM_CURVE_LRU, 2, 0, &curve, &error),
                     MMSIM_BAD_ARGUMENT);
    mmsim_trace_close(trace);
}
END_TEST

Suite *test_curve_suite(void);
Suite *test_curve_suite(void)
{
    Suite *suite = suite_create("curve");
    TCase *tests = tcase_create("curve");
    tcase_add_test(tests, bad_setups_are_refused_with_the_field);
    tcase_add_test(tests, a_short_string_by_hand);
    tcase_add_test(tests, a_pass_can_be_read_while_it_goes_on);
    tcase_add_test(tests, without_memory_nothing_begins_and_nothing_is_lost);
    tcase_add_test(tests, the_curve_of_a_trace_is_that_of_its_references);
    suite_add_tcase(suite, tests);
    return suite;
}
