/* Frames by place: set aside one by one, taken in rows, and searched for. */
#include "buddy_model.h"

/* ---- setting aside ---- */

START_TEST(frames_set_aside_are_single_ascending_from_the_top_and_out_of_the_way)
{
    struct fixture *fixture = make(0);
    uint32_t pfns[100];
    mmsim_pfn single = mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 0); /* leaves 1, 2-3, 4-7, .. */
    ck_assert_uint_eq(single, 0);
    ck_assert_uint_eq(mm_buddy_set_aside(&fixture->buddy, MM_MOVABLE, 100, pfns), 100);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_uint_eq(pfns[99 - i], 1 + i);
    ck_assert_uint_eq(fixture->buddy.n_free, 8192 - 101);
    mm_buddy_free(&fixture->buddy, 0, 0);
    struct mm_buddy_block block = mm_buddy_block_at(&fixture->buddy, 50);
    ck_assert_uint_eq(block.pfn, 50);
    ck_assert_uint_eq(block.n_frames, 1);
    ck_assert_int_eq(block.state, MM_BLOCK_SET_ASIDE);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    for (unsigned i = 0; i < 100; i++)
        mm_buddy_free(&fixture->buddy, pfns[i], 0);
    ck_assert_uint_eq(fixture->buddy.n_blocks[MM_MOVABLE][MM_BUDDY_MAX_ORDER], 8);
    free(fixture);
}
END_TEST

START_TEST(setting_aside_takes_what_there_is)
{
    struct fixture *fixture = make(2); /* frames 5 and 6 */
    uint32_t pfns[10] = {0};
    ck_assert_uint_eq(mm_buddy_set_aside(&fixture->buddy, MM_MOVABLE, 10, pfns), 2);
    ck_assert_uint_eq(pfns[0] + pfns[1], 11);
    ck_assert_uint_eq(mm_buddy_set_aside(&fixture->buddy, MM_MOVABLE, 10, pfns), 0);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    free(fixture);
}
END_TEST

/* ---- places ---- */

START_TEST(any_free_frames_can_be_taken_and_given_back_by_place)
{
    struct fixture *fixture = make((unsigned)_i);
    const struct model *model = &fixture->model;
    struct mm_rng rng;
    mm_rng_seed(&rng, 99 + (uint64_t)_i);
    static struct range taken[300];
    unsigned n_taken = 0;
    const char *wrong = NULL;
    for (int i = 0; i < 300 && !wrong; i++) {
        struct range range = model->ranges[mm_rng_below(&rng, model->n_ranges)];
        mmsim_pfn start = range.start + (mmsim_pfn)mm_rng_below(&rng, range.end - range.start);
        mmsim_pfn most = range.end - start < 3000 ? range.end - start : 3000;
        mmsim_pfn end = start + 1 + (mmsim_pfn)mm_rng_below(&rng, mm_rng_below(&rng, most) + 1);
        bool is_free = true;
        for (mmsim_pfn pfn = start; pfn < end; pfn++)
            is_free &= model->is_free[pfn];
        ck_assert_int_eq(mm_buddy_is_free(&fixture->buddy, start, end), is_free);
        if (is_free) {
            mm_buddy_take(&fixture->buddy, start, end);
            memset(&fixture->model.is_free[start], false, end - start);
            taken[n_taken++] = (struct range){start, end};
        } else if (n_taken > 0) { /* the second half of a run, then the first */
            struct range *victim = &taken[mm_rng_below(&rng, n_taken)];
            start = victim->start + (victim->end - victim->start) / 2;
            mm_buddy_cut(&fixture->buddy, start);
            mm_buddy_free_row(&fixture->buddy, start, victim->end);
            memset(&fixture->model.is_free[start], true, victim->end - start);
            victim->end = start;
            if (victim->start == victim->end)
                *victim = taken[--n_taken];
        }
        wrong = difference(&fixture->buddy, model);
    }
    ck_assert_ptr_null(wrong);
    free(fixture);
}
END_TEST

/* The lowest place of n free frames in one range; naive. */
static mmsim_pfn find_naively(const struct model *model, unsigned n, unsigned align)
{
    for (unsigned i = 0; i < model->n_ranges; i++) {
        unsigned n_in_row = 0;
        for (mmsim_pfn pfn = model->ranges[i].start; pfn < model->ranges[i].end; pfn++) {
            n_in_row = model->is_free[pfn] ? n_in_row + 1 : 0;
            mmsim_pfn start = (pfn + 1 - n_in_row + align - 1) / align * align;
            if (n_in_row > 0 && start + n == pfn + 1)
                return start;
        }
    }
    return MM_NO_PFN;
}

START_TEST(a_place_is_found_if_there_is_one)
{
    struct fixture *fixture = make((unsigned)_i);
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    for (int i = 0; i < 200; i++) {
        unsigned n = 1 + (unsigned)mm_rng_below(&rng, mm_rng_below(&rng, 3000) + 1);
        unsigned align_order = (unsigned)mm_rng_below(&rng, 12);
        mmsim_pfn expected = find_naively(&fixture->model, n, 1u << align_order);
        mmsim_pfn found = mm_buddy_find(&fixture->buddy, n, align_order);
        ck_assert_msg((found == MM_NO_PFN) == (expected == MM_NO_PFN), "%u frames at %u: %u", n,
                      expected, found);
        if (found == MM_NO_PFN)
            continue;
        ck_assert_uint_eq(found % (1u << align_order), 0);
        ck_assert(mm_buddy_is_free(&fixture->buddy, found, found + n));
        unsigned order;
        mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, order = n % 9);
        if (pfn != MM_NO_PFN)
            mark(&fixture->model, pfn, order, false);
    }
    free(fixture);
}
END_TEST

Suite *test_buddy_place_suite(void);
Suite *test_buddy_place_suite(void)
{
    Suite *suite = suite_create("buddy_place");
    TCase *tests = tcase_create("buddy_place");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, frames_set_aside_are_single_ascending_from_the_top_and_out_of_the_way);
    tcase_add_test(tests, setting_aside_takes_what_there_is);
    tcase_add_loop_test(tests, any_free_frames_can_be_taken_and_given_back_by_place, 0, N_LAYOUTS);
    tcase_add_loop_test(tests, a_place_is_found_if_there_is_one, 0, N_LAYOUTS);
    suite_add_tcase(suite, tests);
    return suite;
}
