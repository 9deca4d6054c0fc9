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

Suite *test_excerpts_suite(void);
Suite *test_excerpts_suite(void)
{
    Suite *suite = suite_create("trace: excerpts of real programs");
    TCase *tests = tcase_create("excerpts");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, naive_policies_count_the_same_on_the_excerpts, 0, N_EXCERPTS);
    suite_add_tcase(suite, tests);
    return suite;
}
