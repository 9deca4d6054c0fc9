/* Grouping by mobility: whose pageblocks a type takes when it has none. */
#include "buddy_model.h"

/* Takes single frames of a type until its lists are empty and no fresh memory is left. */
static void take_all(struct fixture *fixture, enum mm_migrate_type type)
{
    while (mm_buddy_alloc(&fixture->buddy, type, 0) != MM_NO_PFN)
        ;
}

START_TEST(types_do_not_share_pageblocks_while_there_are_whole_ones)
{
    struct fixture *fixture = make(0); /* 8 pageblocks */
    for (int i = 0; i < 3 * 300; i++) {
        enum mm_migrate_type type = (enum mm_migrate_type)(i % 3);
        mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, type, 0);
        ck_assert_uint_eq(mm_buddy_type(&fixture->buddy, pfn), type);
        ck_assert_uint_eq(pfn / LARGEST, type);
    }
    ck_assert_uint_eq(fixture->buddy.n_claims + fixture->buddy.n_steals, 0);
    free(fixture);
}
END_TEST

START_TEST(a_pageblock_that_became_whole_serves_another_type_before_fresh_memory)
{
    struct fixture *fixture = make(0);
    mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 0);
    ck_assert_uint_eq(pfn, 0);
    mm_buddy_free(&fixture->buddy, pfn, 0);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 0), 0);
    ck_assert_uint_eq(mm_buddy_type(&fixture->buddy, 0), MM_UNMOVABLE);
    free(fixture);
}
END_TEST

/* All of memory is in use by single movable frames, but for n_free of pageblock 3. */
static struct fixture *fill_but(mmsim_pfn n_free)
{
    struct fixture *fixture = make(0);
    take_all(fixture, MM_MOVABLE);
    for (mmsim_pfn pfn = 0; pfn < 8192; pfn++)
        fixture->frames[pfn].use = MM_FRAME_ANON;
    for (mmsim_pfn i = 0; i < n_free; i++)
        mm_buddy_free(&fixture->buddy, 3 * LARGEST + i, 0);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    return fixture;
}

START_TEST(a_pageblock_with_half_of_it_free_is_claimed_as_a_whole)
{
    struct fixture *fixture = fill_but(LARGEST / 2);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 2), 3 * LARGEST);
    ck_assert_uint_eq(mm_buddy_type(&fixture->buddy, 3 * LARGEST), MM_UNMOVABLE);
    ck_assert_uint_eq(fixture->buddy.n_claims, 1);
    ck_assert_uint_eq(fixture->buddy.n_steals, 0);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    free(fixture);
}
END_TEST

START_TEST(a_pageblock_with_less_of_it_free_lends_the_smallest_block_and_keeps_its_type)
{
    struct fixture *fixture = fill_but(LARGEST / 2 - 1);
    /* free: 256, 128, ..., 1 frames from the start */
    mmsim_pfn last = 3 * LARGEST + LARGEST / 2 - 2;
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 0), last);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 2), last - 6);
    ck_assert_uint_eq(mm_buddy_type(&fixture->buddy, 3 * LARGEST), MM_MOVABLE);
    ck_assert_uint_eq(fixture->buddy.n_claims, 0);
    ck_assert_uint_eq(fixture->buddy.n_steals, 2);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    free(fixture);
}
END_TEST

START_TEST(frames_in_use_that_suit_the_new_type_count_for_a_claim)
{
    struct fixture *fixture = fill_but(LARGEST / 4);
    for (mmsim_pfn i = LARGEST / 4; i < LARGEST / 2; i++)
        fixture->frames[3 * LARGEST + i].use = MM_FRAME_SLAB;
    mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 0);
    ck_assert_uint_eq(mm_buddy_type(&fixture->buddy, 3 * LARGEST), MM_UNMOVABLE);
    ck_assert_uint_eq(fixture->buddy.n_claims, 1);
    free(fixture);
}
END_TEST

START_TEST(what_was_stolen_returns_to_the_type_of_its_pageblock)
{
    struct fixture *fixture = fill_but(8);
    mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 1);
    mm_buddy_free(&fixture->buddy, pfn, 1);
    ck_assert_uint_eq(fixture->buddy.n_blocks[MM_MOVABLE][3], 1);
    ck_assert_uint_eq(fixture->buddy.listed[MM_UNMOVABLE], 0);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    free(fixture);
}
END_TEST

Suite *test_buddy_fallback_suite(void);
Suite *test_buddy_fallback_suite(void)
{
    Suite *suite = suite_create("buddy_fallback");
    TCase *tests = tcase_create("buddy_fallback");
    tcase_add_test(tests, types_do_not_share_pageblocks_while_there_are_whole_ones);
    tcase_add_test(tests, a_pageblock_that_became_whole_serves_another_type_before_fresh_memory);
    tcase_add_test(tests, a_pageblock_with_half_of_it_free_is_claimed_as_a_whole);
    tcase_add_test(tests,
                   a_pageblock_with_less_of_it_free_lends_the_smallest_block_and_keeps_its_type);
    tcase_add_test(tests, frames_in_use_that_suit_the_new_type_count_for_a_claim);
    tcase_add_test(tests, what_was_stolen_returns_to_the_type_of_its_pageblock);
    suite_add_tcase(suite, tests);
    return suite;
}
