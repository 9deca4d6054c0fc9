/* Injected failures: which requests fail, counted by hand. */
#include <check.h>

#include "alloc/inject.h"

/* The numbers, from 1, of the requests of 1..n that fail, as bits; n at most 63. */
static uint64_t failing(struct mm_inject *inject, unsigned n, size_t n_bytes, const char *site)
{
    uint64_t bits = 0;
    for (unsigned i = 1; i <= n; i++)
        bits |= (uint64_t)mm_inject_fails(inject, n_bytes, site) << i;
    return bits;
}

static uint64_t bits_of(const unsigned *numbers, unsigned n)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < n; i++)
        bits |= (uint64_t)1 << numbers[i];
    return bits;
}

START_TEST(nothing_fails_that_is_not_armed)
{
    struct mm_inject inject = {0};
    ck_assert_uint_eq(failing(&inject, 50, 100, "a"), 0);
    mm_inject_arm(&inject, &(struct mm_inject_rule){.min_bytes = 1, .site = "a"});
    ck_assert_uint_eq(failing(&inject, 50, 100, "a"), 0);
    ck_assert_uint_eq(inject.n_calls, 0);
}
END_TEST

START_TEST(the_nth_request_fails_alone)
{
    struct mm_inject inject;
    mm_inject_arm(&inject, &(struct mm_inject_rule){.nth = 7});
    ck_assert_uint_eq(failing(&inject, 60, 100, "a"), bits_of((unsigned[]){7}, 1));
    ck_assert_uint_eq(inject.n_calls, 60);
    ck_assert_uint_eq(inject.n_failures, 1);
}
END_TEST

START_TEST(every_nth_request_fails_until_there_were_enough)
{
    struct mm_inject inject;
    mm_inject_arm(&inject, &(struct mm_inject_rule){.every = 10, .max_failures = 3});
    ck_assert_uint_eq(failing(&inject, 60, 100, NULL), bits_of((unsigned[]){10, 20, 30}, 3));
    ck_assert_uint_eq(inject.n_failures, 3);
    ck_assert(!inject.armed);
}
END_TEST

START_TEST(only_requests_of_the_size_and_the_site_count)
{
    struct mm_inject inject;
    mm_inject_arm(&inject, &(struct mm_inject_rule){.nth = 2, .min_bytes = 64, .site = "a"});
    ck_assert(!mm_inject_fails(&inject, 64, "a"));
    ck_assert(!mm_inject_fails(&inject, 63, "a"));
    ck_assert(!mm_inject_fails(&inject, 64, "b"));
    ck_assert(!mm_inject_fails(&inject, 64, NULL));
    char same_text[] = "a";
    ck_assert(mm_inject_fails(&inject, 65, same_text));
    ck_assert_uint_eq(inject.n_calls, 5);
    ck_assert_uint_eq(inject.n_counted, 2);
}
END_TEST

START_TEST(a_share_fails_the_same_ones_for_the_same_seed)
{
    struct mm_inject one, two;
    struct mm_inject_rule rule = {.share = MM_INJECT_CERTAIN / 4, .seed = 5};
    mm_inject_arm(&one, &rule);
    mm_inject_arm(&two, &rule);
    uint64_t n = 0;
    for (unsigned i = 0; i < 40000; i++) {
        bool fails = mm_inject_fails(&one, i, NULL);
        ck_assert(fails == mm_inject_fails(&two, i, NULL));
        n += fails;
    }
    ck_assert_uint_eq(n, one.n_failures);
    ck_assert_uint_gt(n, 10000 - 400); /* four standard deviations are 346 */
    ck_assert_uint_lt(n, 10000 + 400);
    rule.seed = 6;
    mm_inject_arm(&one, &rule);
    mm_inject_arm(&two, &(struct mm_inject_rule){.share = MM_INJECT_CERTAIN / 4, .seed = 5});
    ck_assert_uint_ne(failing(&one, 60, 1, NULL), failing(&two, 60, 1, NULL));
    mm_inject_arm(&one, &(struct mm_inject_rule){.share = MM_INJECT_CERTAIN});
    ck_assert_uint_eq(failing(&one, 63, 1, NULL), ~(uint64_t)1);
}
END_TEST

START_TEST(disarming_keeps_the_counts)
{
    struct mm_inject inject;
    mm_inject_arm(&inject, &(struct mm_inject_rule){.every = 1});
    ck_assert(mm_inject_fails(&inject, 1, NULL));
    mm_inject_disarm(&inject);
    ck_assert(!mm_inject_fails(&inject, 1, NULL));
    ck_assert_uint_eq(inject.n_failures, 1);
    ck_assert_uint_eq(inject.n_calls, 1);
}
END_TEST

Suite *test_inject_suite(void);
Suite *test_inject_suite(void)
{
    Suite *suite = suite_create("inject");
    TCase *tests = tcase_create("inject");
    tcase_add_test(tests, nothing_fails_that_is_not_armed);
    tcase_add_test(tests, the_nth_request_fails_alone);
    tcase_add_test(tests, every_nth_request_fails_until_there_were_enough);
    tcase_add_test(tests, only_requests_of_the_size_and_the_site_count);
    tcase_add_test(tests, a_share_fails_the_same_ones_for_the_same_seed);
    tcase_add_test(tests, disarming_keeps_the_counts);
    suite_add_tcase(suite, tests);
    return suite;
}
