/* Ranks against bits that are counted one by one, at capacities of two to four storeys. */
#include <check.h>
#include <stdlib.h>

#include "base/rng.h"
#include "trace/rank.h"

static const uint32_t capacities[] = {100, 2048, 4097, 65536, 65537, 300000, 2200000};

/* How many members lie below each position, and whether the rank says so; the first it does not. */
static uint32_t first_wrong(const struct mm_rank *rank, const bool *members, uint32_t n)
{
    uint32_t below = 0, position = 0;
    while (position < n && mm_rank_below(rank, position, rank->n_upper) == below)
        below += members[position++];
    return position;
}

START_TEST(members_below_a_position_are_counted)
{
    uint32_t capacity = capacities[_i];
    struct mm_host host;
    struct mm_rank rank;
    struct mm_rng rng;
    bool *members = calloc(capacity, 1);
    mm_host_init(&host, NULL);
    mm_rng_seed(&rng, capacity);
    ck_assert(mm_rank_init(&rank, capacity, &host));
    for (uint32_t position = 0; position < capacity; position++) {
        mm_rank_append(&rank, rank.n_upper);
        members[position] = true;
        uint32_t other = (uint32_t)mm_rng_below(&rng, position + 1);
        if (members[other] && mm_rng_below(&rng, 3) > 0) {
            mm_rank_remove(&rank, other, rank.n_upper);
            members[other] = false;
        }
        if (position == capacity / 3)
            ck_assert_uint_eq(first_wrong(&rank, members, position + 1), position + 1);
    }
    ck_assert_uint_eq(first_wrong(&rank, members, capacity), capacity);
    mm_rank_refill(&rank, capacity / 2);
    for (uint32_t position = 0; position < capacity; position++)
        members[position] = position < capacity / 2;
    ck_assert_uint_eq(first_wrong(&rank, members, capacity / 2), capacity / 2);
    ck_assert_uint_eq(rank.n_members, capacity / 2);
    mm_rank_fini(&rank, &host);
    ck_assert_uint_eq(host.n_blocks, 0);
    free(members);
}
END_TEST

Suite *test_rank_suite(void);
Suite *test_rank_suite(void)
{
    Suite *suite = suite_create("rank");
    TCase *tests = tcase_create("rank");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, members_below_a_position_are_counted, 0,
                        sizeof capacities / sizeof *capacities);
    suite_add_tcase(suite, tests);
    return suite;
}
