/*
 * The traces that ship with the project: the library counts what naive policies count. The working
 * folder is the root of the sources.
 */
#include "naive.h"
#include "trace_kit.h"

static const struct {
    const char *path;
    size_t n_refs; /* as bench/traces/README.md says */
    mmsim_page n_pages;
    mmsim_page frames[3];
} EXCERPTS[] = {
    {"bench/traces/cc1.pt", 65536, 225, {4, 23, 112}},
    {"bench/traces/cc1-dedup.pt.zst", 400000, 328, {16, 33, 96}},
    {"bench/traces/sqlite-dedup.pt.zst", 400000, 209, {16, 21, 104}},
    {"bench/traces/cc1-tlb64.pt.zst", 200000, 1967, {16, 98, 197}},
    {"bench/traces/python-tlb64.pt.zst", 200000, 1470, {16, 74, 147}},
    {"bench/traces/sqlite-tlb64.pt.zst", 400000, 649, {16, 32, 65}},
};
#define N_EXCERPTS (sizeof EXCERPTS / sizeof *EXCERPTS)

static struct mmsim_trace *open_excerpt(const char *path)
{
    struct mmsim_trace *trace = NULL;
    struct mmsim_error error = {0};
    enum mmsim_status status = mmsim_trace_open(path, &trace, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    return trace;
}

START_TEST(naive_policies_count_the_same_on_the_excerpts)
{
    size_t n;
    struct mmsim_trace *trace = open_excerpt(EXCERPTS[_i].path);
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n);
    struct mmsim_study_options options = kit_options();
    ck_assert_uint_eq(n, EXCERPTS[_i].n_refs);
    ck_assert_uint_eq(mmsim_trace_pages(trace), EXCERPTS[_i].n_pages);
    for (size_t p = 0; p < N_NAIVE_POLICIES; p++) {
        struct mmsim_policy_choice choice = kit_choice(NAIVE_POLICIES[p].choice);
        for (size_t f = 0; f < 3; f++) {
            mmsim_page frames = EXCERPTS[_i].frames[f];
            struct mmsim_counts expected = naive_replay(&NAIVE_POLICIES[p], frames, refs, n);
            struct mmsim_study_outcome found = kit_run(trace, &choice, frames, &options);
            kit_expect_counts(&found.counts, &expected, NAIVE_POLICIES[p].choice);
        }
    }
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(no_policy_is_nearer_than_opt_and_opt_is_where_search_finds_it)
{
    enum { N_REFS = 4000 };
    static const struct naive_policy OPT = {"opt", naive_farthest, naive_keep, false};
    size_t n;
    struct mmsim_trace *whole = open_excerpt(EXCERPTS[_i].path);
    struct mmsim_trace *trace = kit_of_refs(mmsim_trace_refs(whole, &n), N_REFS);
    struct mmsim_policy_choice choices[64];
    struct mmsim_study_options options = kit_options();
    struct mmsim_study_cell cells[64];
    size_t n_cells = 0;
    for (const struct mmsim_policy_ops *ops; (ops = mmsim_policy_at(n_cells)) != NULL; n_cells++) {
        choices[n_cells] = mmsim_policy_choice_of(ops);
        cells[n_cells] = (struct mmsim_study_cell){.trace = trace,
                                                   .choice = &choices[n_cells],
                                                   .frames = EXCERPTS[_i].frames[0],
                                                   .options = &options};
    }
    ck_assert_int_eq(mmsim_study_run(cells, n_cells, 2, NULL), MMSIM_OK);
    mmsim_study_compare(cells, n_cells);
    struct mmsim_counts opt =
        naive_replay(&OPT, EXCERPTS[_i].frames[0], mmsim_trace_refs(trace, &n), N_REFS);
    for (size_t i = 0; i < n_cells; i++) {
        uint64_t misses = cells[i].outcome.counts.misses;
        ck_assert_uint_ge(misses, opt.misses);
        ck_assert_double_eq(cells[i].opt_ratio, (double)misses / (double)opt.misses);
    }
    mmsim_trace_close(trace);
    mmsim_trace_close(whole);
}
END_TEST

Suite *test_excerpts_suite(void);
Suite *test_excerpts_suite(void)
{
    Suite *suite = suite_create("trace: excerpts of real programs");
    TCase *tests = tcase_create("excerpts");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, naive_policies_count_the_same_on_the_excerpts, 0, N_EXCERPTS);
    tcase_add_loop_test(tests, no_policy_is_nearer_than_opt_and_opt_is_where_search_finds_it, 0,
                        N_EXCERPTS);
    suite_add_tcase(suite, tests);
    return suite;
}
