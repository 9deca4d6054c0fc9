/* The walk to the left over smaller numbers, against one that looks at every position. */
#include <check.h>
#include <stdlib.h>

#include "base/rng.h"
#include "trace/least.h"

static const uint32_t capacities[] = {33, 1000, 1024, 1025, 33000, 100000};

static int32_t walk(int32_t *numbers, uint32_t position)
{
    int32_t in_hand = MM_LEAST_NOTHING;
    for (uint32_t p = position + 1; p-- > 0;) {
        int32_t here = numbers[p];
        if (here < in_hand) {
            numbers[p] = in_hand;
            in_hand = here;
        }
    }
    return in_hand;
}

/* The invariant of least.h. */
static bool is_sound(const struct mm_least *least)
{
    for (unsigned k = 0; k + 1 < least->n_storeys; k++) {
        for (size_t i = 0; i <= least->capacity >> (5 * (k + 1)); i++)
            if (least->least[k + 1][i] != mm_least_of_node(least->least[k] + 32 * i))
                return false;
    }
    return true;
}

START_TEST(numbers_are_handed_on_to_the_left)
{
    uint32_t capacity = capacities[_i], n_steps = capacity < 2000 ? 5000 : 300;
    struct mm_host host;
    struct mm_least least;
    struct mm_rng rng;
    mm_host_init(&host, NULL);
    mm_rng_seed(&rng, capacity);
    ck_assert(mm_least_init(&least, capacity, &host));
    int32_t *numbers = malloc(capacity * sizeof *numbers);
    for (uint32_t p = 0; p < capacity; p++)
        numbers[p] = MM_LEAST_NOTHING;
    for (int32_t step = 0; step < (int32_t)n_steps; step++) {
        uint32_t from = (uint32_t)mm_rng_below(&rng, capacity);
        uint32_t to = (uint32_t)mm_rng_below(&rng, capacity);
        if (mm_rng_below(&rng, 3) == 0) {
            int32_t expected = walk(numbers, from);
            ck_assert_int_eq(mm_least_hand_on(&least, from), expected);
        }
        if (numbers[to] == MM_LEAST_NOTHING) {
            numbers[to] = (int32_t)mm_rng_below(&rng, 1u << 30);
            mm_least_put(&least, to, numbers[to]);
        }
        if (step % 50 == 0)
            ck_assert_mem_eq(numbers, least.least[0], capacity * sizeof *numbers);
    }
    ck_assert(is_sound(&least));
    mm_least_rebuild(&least);
    ck_assert(is_sound(&least));
    mm_least_fini(&least, &host);
    ck_assert_uint_eq(host.n_blocks, 0);
    free(numbers);
}
END_TEST

Suite *test_least_suite(void);
Suite *test_least_suite(void)
{
    Suite *suite = suite_create("least");
    TCase *tests = tcase_create("least");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, numbers_are_handed_on_to_the_left, 0,
                        sizeof capacities / sizeof *capacities);
    suite_add_tcase(suite, tests);
    return suite;
}
