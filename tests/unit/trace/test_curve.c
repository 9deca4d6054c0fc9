/* Passes and curves: what they refuse, what they read, and a host without memory. */
#include "curve_kit.h"
#include "fail_nth.h"
#include "trace_kit.h"

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

/* Replays lru and opt at so many sizes, and compares. */
static void compare_with_policies(struct mmsim_trace *trace, const mmsim_page *sizes, size_t n)
{
    static const char *const NAMES[] = {"lru", "opt"};
    struct mmsim_study_options options;
    struct mmsim_error error;
    mmsim_study_options_init(&options);
    for (size_t i = 0; i < 2; i++) {
        struct mmsim_policy_choice choice = mmsim_policy_choice_of(mmsim_policy_find(NAMES[i]));
        struct mmsim_curve curve;
        enum mmsim_curve_kind kind;
        ck_assert(mmsim_curve_kind_of(&choice, &kind));
        ck_assert_int_eq(mmsim_curve_of(trace, kind, 1, 0, &curve, &error), MMSIM_OK);
        for (size_t k = 0; k < n; k++) {
            struct mmsim_study_cell cell = {
                .trace = trace, .choice = &choice, .options = &options, .frames = sizes[k]};
            ck_assert_int_eq(mmsim_study_run(&cell, 1, 1, &error), MMSIM_OK);
            ck_assert_msg(cell.outcome.counts.misses == mmsim_curve_misses(&curve, sizes[k]),
                          "%s, %u frames", NAMES[i], sizes[k]);
        }
        mmsim_curve_free(&curve);
    }
}

START_TEST(curves_are_what_the_policies_replayed_at_each_size_miss)
{
    static const mmsim_page sizes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 40};
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct kit_string *string = kit_random(seed, 400, 12);
        struct mmsim_trace *trace;
        struct mmsim_error error;
        ck_assert_int_eq(mmsim_trace_of_refs("t", string->refs, string->n, &trace, &error),
                         MMSIM_OK);
        compare_with_policies(trace, sizes, sizeof sizes / sizeof *sizes);
        mmsim_trace_close(trace);
        free(string);
    }
}
END_TEST

static const char *const excerpts[] = {
    "bench/traces/cc1.pt",
    "bench/traces/cc1-dedup.pt.zst",
    "bench/traces/sqlite-dedup.pt.zst",
    "bench/traces/cc1-tlb64.pt.zst",
    "bench/traces/python-tlb64.pt.zst",
    "bench/traces/sqlite-tlb64.pt.zst",
};

START_TEST(on_the_traces_that_ship_too)
{
    static const mmsim_page sizes[] = {1, 2, 3, 5, 9, 16, 33, 64, 100, 150, 200, 333, 700, 1500};
    struct mmsim_trace *trace;
    struct mmsim_error error;
    ck_assert_int_eq(mmsim_trace_open(excerpts[_i], &trace, &error), MMSIM_OK);
    compare_with_policies(trace, sizes, sizeof sizes / sizeof *sizes);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(only_lru_and_opt_have_such_curves)
{
    enum mmsim_curve_kind kind;
    struct mmsim_policy_choice clock = mmsim_policy_choice_of(mmsim_policy_find("clock"));
    ck_assert(!mmsim_curve_kind_of(&clock, &kind));
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
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, curves_are_what_the_policies_replayed_at_each_size_miss);
    tcase_add_loop_test(tests, on_the_traces_that_ship_too, 0, sizeof excerpts / sizeof *excerpts);
    tcase_add_test(tests, only_lru_and_opt_have_such_curves);
    suite_add_tcase(suite, tests);
    return suite;
}
