/* Pages by rank, against a search through all of them. */
#include <check.h>
#include <stdlib.h>

#include "base/rng.h"
#include "policy/priority.h"

enum { N_PAGES = 40 };

struct both {
    struct mm_priority heap;
    bool is_in[N_PAGES];
    struct mm_order ranks[N_PAGES];
    struct mm_rng rng;
};

static struct mm_order random_rank(struct both *both)
{
    return (struct mm_order){mm_rng_below(&both->rng, 5), mm_rng_below(&both->rng, 5)};
}

/* The heap may name any page of the least rank. */
static void first_is_least(const struct both *both)
{
    struct mm_order least = both->ranks[mm_priority_first(&both->heap)];
    for (mmsim_page page = 0; page < N_PAGES; page++)
        if (both->is_in[page] && mm_order_below(both->ranks[page], least))
            ck_abort_msg("page %u ranks below the first", page);
}

static void change(struct both *both, mmsim_page page)
{
    both->ranks[page] = random_rank(both);
    if (!both->is_in[page]) {
        mm_priority_push(&both->heap, page, both->ranks[page]);
        both->is_in[page] = true;
    } else if (mm_rng_below(&both->rng, 2) == 0) {
        mm_priority_move(&both->heap, page, both->ranks[page]);
    } else {
        mm_priority_remove(&both->heap, page);
        both->is_in[page] = false;
    }
}

static void rebuild(struct both *both)
{
    for (mmsim_page i = 0; i < both->heap.n_pages; i++)
        both->heap.ranks[i] = both->ranks[both->heap.pages[i]] = random_rank(both);
    mm_priority_rebuild(&both->heap);
}

START_TEST(the_first_page_is_always_one_of_the_least_rank)
{
    const struct mmsim_policy_setup setup = {.frames = N_PAGES, .universe = N_PAGES};
    struct both both = {.is_in = {false}};
    struct mm_block block = {NULL, 0};
    mm_priority_lay_out(&both.heap, &block, &setup);
    block = (struct mm_block){calloc(1, block.n_bytes), 0};
    mm_priority_lay_out(&both.heap, &block, &setup);
    mm_rng_seed(&both.rng, 3);
    for (int i = 0; i < 100000; i++) {
        change(&both, (mmsim_page)mm_rng_below(&both.rng, N_PAGES));
        if (i % 100 == 0)
            rebuild(&both);
        const char *wrong = mm_priority_check(&both.heap);
        if (wrong)
            ck_abort_msg("%s", wrong);
        if (both.heap.n_pages > 0)
            first_is_least(&both);
    }
    free(block.base);
}
END_TEST

Suite *test_priority_suite(void);

Suite *test_priority_suite(void)
{
    Suite *suite = suite_create("policy/priority");
    TCase *all = tcase_create("all");
    tcase_add_test(all, the_first_page_is_always_one_of_the_least_rank);
    suite_add_tcase(suite, all);
    return suite;
}
