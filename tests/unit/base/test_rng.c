/* Random numbers: the published streams, and exact uniformity below a bound. */
#include <check.h>

#include "base/rng.h"

/* The first outputs of the authors' splitmix64.c from seed 1234567. */
START_TEST(mix_is_a_step_of_splitmix64)
{
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u,
                                        9817491932198370423u, 4593380528125082431u,
                                        16408922859458223821u};
    for (uint64_t i = 0; i < 5; i++)
        ck_assert_uint_eq(mm_rng_mix(1234567 + i * 0x9e3779b97f4a7c15u), expected[i]);
    ck_assert_uint_eq(mm_rng_mix(0), 0xe220a8397b1dcdafu);
}
END_TEST

/* The first outputs of the authors' xoshiro256starstar.c from state {1, 2, 3, 4}. */
START_TEST(stream_is_xoshiro256_starstar)
{
    static const uint64_t expected[] = {
        11520u,
        0u,
        1509978240u,
        1215971899390074240u,
        1216172134540287360u,
        607988272756665600u,
        16172922978634559625u,
        8476171486693032832u,
        10595114339597558777u,
        2904607092377533576u,
    };
    struct mm_rng rng = {{1, 2, 3, 4}};
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(mm_rng_next(&rng), expected[i]);
}
END_TEST

START_TEST(a_seed_becomes_four_steps_of_splitmix64)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 1234567);
    ck_assert_uint_eq(rng.state[0], 6457827717110365317u);
    ck_assert_uint_eq(rng.state[3], 4593380528125082431u);
}
END_TEST

START_TEST(bounded_numbers_stay_below_the_bound_and_reach_all_values)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 1);
    for (uint64_t bound = 1; bound <= 20; bound++) {
        uint32_t seen = 0;
        for (int i = 0; i < 2000; i++) {
            uint64_t number = mm_rng_below(&rng, bound);
            ck_assert_uint_lt(number, bound);
            seen |= 1u << number;
        }
        ck_assert_uint_eq(seen, (1u << bound) - 1);
    }
}
END_TEST

/* Below 3 * 2^62, scaling without rejection would give multiples of three half of the time. */
START_TEST(bounded_numbers_are_uniform_where_scaling_alone_is_not)
{
    enum { N_DRAWS = 30000 };
    struct mm_rng rng;
    mm_rng_seed(&rng, 7);
    unsigned n_by_remainder[3] = {0};
    for (int i = 0; i < N_DRAWS; i++)
        n_by_remainder[mm_rng_below(&rng, (uint64_t)3 << 62) % 3]++;
    for (int i = 0; i < 3; i++) { /* 6 standard deviations: 6 * sqrt(30000 * 2/9) = 490 */
        ck_assert_uint_gt(n_by_remainder[i], N_DRAWS / 3 - 490);
        ck_assert_uint_lt(n_by_remainder[i], N_DRAWS / 3 + 490);
    }
}
END_TEST

/* Lemire's method by schoolbook multiplication of halves, and division for the threshold. */
static uint64_t below_by_hand(struct mm_rng *rng, uint64_t bound)
{
    uint64_t n_surplus = (UINT64_MAX - bound + 1) % bound;
    for (;;) {
        uint64_t x = mm_rng_next(rng);
        uint64_t low = (x & UINT32_MAX) * (bound & UINT32_MAX);
        uint64_t middle = (x >> 32) * (bound & UINT32_MAX) + (low >> 32);
        uint64_t carry = (middle & UINT32_MAX) + (x & UINT32_MAX) * (bound >> 32);
        if ((carry << 32 | (low & UINT32_MAX)) >= n_surplus)
            return (x >> 32) * (bound >> 32) + (middle >> 32) + (carry >> 32);
    }
}

START_TEST(bounded_numbers_agree_with_a_second_implementation)
{
    struct mm_rng rng, same;
    mm_rng_seed(&rng, 99);
    mm_rng_seed(&same, 99);
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t bound = (mm_rng_mix(i) >> i % 64) | 1;
        ck_assert_uint_eq(mm_rng_below(&rng, bound), below_by_hand(&same, bound));
    }
}
END_TEST

Suite *test_rng_suite(void);
Suite *test_rng_suite(void)
{
    Suite *suite = suite_create("rng");
    TCase *tests = tcase_create("rng");
    tcase_add_test(tests, mix_is_a_step_of_splitmix64);
    tcase_add_test(tests, stream_is_xoshiro256_starstar);
    tcase_add_test(tests, a_seed_becomes_four_steps_of_splitmix64);
    tcase_add_test(tests, bounded_numbers_stay_below_the_bound_and_reach_all_values);
    tcase_add_test(tests, bounded_numbers_are_uniform_where_scaling_alone_is_not);
    tcase_add_test(tests, bounded_numbers_agree_with_a_second_implementation);
    suite_add_tcase(suite, tests);
    return suite;
}
