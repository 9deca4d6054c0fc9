/* The strings of the conformance test, and the least number of misses against trying everything. */
#include <check.h>
#include <string.h>

#include "base/rng.h"
#include "policy/strings.h"

/* The least misses from place i on, when the pages of `resident` (bits) are there. */
static unsigned try_all(const struct mm_string *string, uint32_t i, unsigned resident,
                        unsigned n_frames, enum mm_loading loading)
{
    if (i == string->n_refs)
        return 0;
    unsigned page = 1u << mmsim_ref_page(string->refs[i]);
    if (resident & page)
        return try_all(string, i + 1, resident, n_frames, loading);
    unsigned best = UINT32_MAX;
    if ((unsigned)__builtin_popcount(resident) < n_frames)
        best = try_all(string, i + 1, resident | page, n_frames, loading);
    else if (loading == MM_BYPASS)
        best = try_all(string, i + 1, resident, n_frames, loading);
    for (unsigned victim = 1; victim <= resident; victim <<= 1)
        if (resident & victim) {
            unsigned n = try_all(string, i + 1, (resident & ~victim) | page, n_frames, loading);
            best = n < best ? n : best;
        }
    return best + 1;
}

START_TEST(no_way_of_choosing_victims_misses_less_than_the_least)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 5);
    for (int round = 0; round < 400; round++) {
        struct mm_string string = {.n_refs = 9, .n_pages = 2 + (mmsim_page)mm_rng_below(&rng, 4)};
        mmsim_page frames = 1 + (mmsim_page)mm_rng_below(&rng, 3);
        mm_string_make(&string, (size_t)mm_rng_below(&rng, 6), frames, mm_rng_next(&rng));
        for (int loading = MM_DEMAND; loading <= MM_BYPASS; loading++)
            ck_assert_uint_eq(mm_string_least_misses(&string, frames, (enum mm_loading)loading),
                              try_all(&string, 0, 0, frames, (enum mm_loading)loading));
    }
}
END_TEST

START_TEST(strings_stay_within_their_pages_and_depend_on_the_seed)
{
    static struct mm_string a, b;
    for (size_t pattern = 0; mm_string_pattern(pattern); pattern++)
        for (mmsim_page n_pages = 1; n_pages <= MM_STRING_MAX_PAGES; n_pages += 7)
            for (mmsim_page frames = 1; frames < 70; frames += 23) {
                a.n_refs = b.n_refs = MM_STRING_MAX;
                a.n_pages = b.n_pages = n_pages;
                mm_string_make(&a, pattern, frames, 1);
                mm_string_make(&b, pattern, frames, 1);
                ck_assert_mem_eq(&a, &b, sizeof a);
                for (uint32_t i = 0; i < a.n_refs; i++)
                    if (mmsim_ref_page(a.refs[i]) >= n_pages ||
                        mmsim_ref_kind(a.refs[i]) >= MMSIM_N_KINDS)
                        ck_abort_msg("%s, %u pages: reference %u", mm_string_pattern(pattern),
                                     n_pages, i);
                mm_string_make(&b, pattern, frames, 2);
                ck_assert_mem_ne(&a, &b, sizeof a);
            }
}
END_TEST

Suite *test_strings_suite(void);

Suite *test_strings_suite(void)
{
    Suite *suite = suite_create("policy/strings");
    TCase *all = tcase_create("all");
    tcase_add_test(all, no_way_of_choosing_victims_misses_less_than_the_least);
    tcase_add_test(all, strings_stay_within_their_pages_and_depend_on_the_seed);
    suite_add_tcase(suite, all);
    return suite;
}
