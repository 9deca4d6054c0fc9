/*
 * test_study.c - reports of studies whose outcomes are made up: rows for programs to the letter,
 * tables by what must stand in them, and a program for gnuplot.
 */
#include <check.h>
#include <mmsim/mmsim.h>
#include <stdlib.h>

#include "caught.h"

static struct caught caught;

enum { N_CELLS = 4 };

struct fixture {
    struct mmsim_trace *trace;
    struct mmsim_policy_choice choices[2];
    struct mmsim_study_options options;
    struct mmsim_study_cell cells[N_CELLS];
    struct mmsim_study_report report;
};

/* lru and clock(load-bit=1) with 2 and 4 frames; the numbers are nobody's. */
static struct fixture *made_up(void)
{
    static struct fixture fixture;
    static const mmsim_ref refs[] = {0, 5, 8, 13};
    struct mmsim_error error;
    mmsim_study_options_init(&fixture.options);
    ck_assert_int_eq(mmsim_trace_of_refs("it's", refs, 4, &fixture.trace, &error), MMSIM_OK);
    fixture.choices[0] = mmsim_policy_choice_of(mmsim_policy_find("lru"));
    ck_assert_int_eq(mmsim_policy_parse("clock(load-bit=1)", 17, &fixture.choices[1], &error),
                     MMSIM_OK);
    for (unsigned i = 0; i < N_CELLS; i++) {
        struct mmsim_study_cell cell = {.trace = fixture.trace,
                                        .choice = &fixture.choices[i / 2],
                                        .options = &fixture.options,
                                        .frames = i % 2 ? 4 : 2};
        cell.outcome.counts = (struct mmsim_counts){4000000, 1000000 * (i + 1), 1234567, 89};
        cell.outcome.write_backs = 90;
        cell.outcome.mean_resident = i == 3 ? -1 : 1.5;
        cell.outcome.elapsed_ns = 10000000;
        cell.outcome.n_replayed = 4000000;
        fixture.cells[i] = cell;
    }
    fixture.report = (struct mmsim_study_report){.cells = fixture.cells, .n_cells = N_CELLS};
    return &fixture;
}

static const char *printed(const struct mmsim_study_report *report, enum mmsim_study_format format)
{
    struct mmsim_sink sink = caught_begin(&caught);
    mmsim_study_print(report, format, &sink);
    return caught.text;
}

START_TEST(a_row_of_json_has_its_keys_in_the_order_of_the_contract)
{
    struct fixture *fixture = made_up();
    fixture->report.n_cells = 1;
    fixture->report.flags = MMSIM_STUDY_TIMES;
    ck_assert_str_eq(
        printed(&fixture->report, MMSIM_STUDY_JSON),
        "{\"trace\":\"it's\",\"policy\":\"lru\",\"params\":\"\",\"frames\":2,"
        "\"references\":4000000,\"misses\":1000000,\"miss_ratio\":0.25,\"evictions\":1234567,"
        "\"dirty_evictions\":89,\"ns_per_reference\":2.500,\"write_backs\":90,"
        "\"mean_resident\":1.5,\"opt_ratio\":null,\"definition\":\"lru\",\"view\":\"exact\","
        "\"warm_up\":0,\"clean_first\":0,\"seed\":1}\n");
    mmsim_trace_close(fixture->trace);
}
END_TEST

START_TEST(what_was_asked_for_is_a_column_and_what_is_unknown_is_null)
{
    struct fixture *fixture = made_up();
    const struct mmsim_costs costs = {0, 8, 0};
    fixture->options.harvest_interval = 100;
    fixture->options.refaults = MMSIM_REFAULTS_BY_EVICTIONS;
    fixture->cells[3].outcome.refaults[1] = 7;
    fixture->cells[3].outcome.n_refaults = 7;
    fixture->cells[3].anomaly_frames = 2;
    fixture->cells[3].anomaly_misses = 3000000;
    fixture->cells[3].opt_ratio = 1.25;
    fixture->report.cells += 3;
    fixture->report.n_cells = 1;
    fixture->report.costs = &costs;
    fixture->report.flags = MMSIM_STUDY_ANOMALIES;
    ck_assert_str_eq(
        printed(&fixture->report, MMSIM_STUDY_CSV),
        "trace,policy,params,frames,references,misses,miss_ratio,evictions,dirty_evictions,"
        "write_backs,mean_resident,opt_ratio,definition,view,warm_up,clean_first,seed,"
        "mean_cost_ns,anomaly_frames,anomaly_misses,refaults,refault_distances\n"
        "it's,clock,load-bit=1,4,4000000,4000000,1,1234567,89,90,,1.25,clock(load-bit=1),bits:100,"
        "0,0,1,8,2,3000000,7,0;7\n");
    const char *json = printed(&fixture->report, MMSIM_STUDY_JSON);
    ck_assert_ptr_nonnull(strstr(json, "\"mean_resident\":null"));
    ck_assert_ptr_nonnull(strstr(json, "\"view\":\"bits:100\""));
    ck_assert_ptr_nonnull(strstr(json, "\"refaults\":7,\"refault_distances\":[0,7]}\n"));
    ck_assert_ptr_null(strstr(json, "ns_per_reference"));
    mmsim_trace_close(fixture->trace);
}
END_TEST

START_TEST(names_with_commas_and_quotes_are_quoted)
{
    struct fixture *fixture = made_up();
    struct mmsim_error error;
    static const mmsim_ref refs[] = {0};
    struct mmsim_trace *odd;
    ck_assert_int_eq(mmsim_trace_of_refs("a,\"b\"", refs, 1, &odd, &error), MMSIM_OK);
    fixture->cells[0].trace = odd;
    fixture->report.n_cells = 1;
    ck_assert_ptr_nonnull(
        strstr(printed(&fixture->report, MMSIM_STUDY_CSV), "\n\"a,\"\"b\"\"\",lru,"));
    ck_assert_ptr_nonnull(strstr(printed(&fixture->report, MMSIM_STUDY_JSON), "\"a,\\\"b\\\"\""));
    mmsim_trace_close(odd);
    mmsim_trace_close(fixture->trace);
}
END_TEST

START_TEST(a_table_has_the_policies_of_a_size_together)
{
    struct fixture *fixture = made_up();
    ck_assert_str_eq(printed(&fixture->report, MMSIM_STUDY_TEXT),
                     "it's: 4 references (stores: 2) to 4 pages; view exact\n"
                     "policies: lru, clock(load-bit=1)\n"
                     "policy             frames     misses  miss ratio  evictions  dirty\n"
                     "lru                     2  1,000,000    25.0000%  1,234,567     89\n"
                     "clock(load-bit=1)       2  3,000,000    75.0000%  1,234,567     89\n"
                     "\n"
                     "lru                     4  2,000,000    50.0000%  1,234,567     89\n"
                     "clock(load-bit=1)       4  4,000,000   100.0000%  1,234,567     89\n");
    mmsim_trace_close(fixture->trace);
}
END_TEST

START_TEST(a_table_tells_of_anomalies_and_distances)
{
    struct fixture *fixture = made_up();
    fixture->report.flags = MMSIM_STUDY_ANOMALIES;
    ck_assert_ptr_nonnull(strstr(printed(&fixture->report, MMSIM_STUDY_TEXT), "\nno anomaly: "));
    fixture->cells[1].anomaly_frames = 2;
    fixture->cells[1].anomaly_misses = 1000000;
    fixture->options.refaults = MMSIM_REFAULTS_BY_REFERENCES;
    fixture->cells[0].outcome.refaults[3] = 1000;
    const char *text = printed(&fixture->report, MMSIM_STUDY_TEXT);
    ck_assert_ptr_nonnull(
        strstr(text, "anomaly: lru has 2,000,000 misses with 4 frames, but 1,000,000 with 2\n"));
    ck_assert_ptr_nonnull(strstr(text, "lru, 2 frames: refaults by distance in references\n"));
    ck_assert_ptr_nonnull(strstr(text, " 8 .. 15 "));
    ck_assert_ptr_nonnull(strstr(text, " 1,000\n"));
    mmsim_trace_close(fixture->trace);
}
END_TEST

START_TEST(a_picture_has_a_line_for_each_policy_or_a_bar)
{
    struct fixture *fixture = made_up();
    const char *text = printed(&fixture->report, MMSIM_STUDY_GNUPLOT_SVG);
    ck_assert_ptr_nonnull(strstr(text, "set terminal svg "));
    ck_assert_ptr_nonnull(strstr(text, "set title 'it''s'"));
    ck_assert_ptr_nonnull(strstr(text, "$d0 << EOD\n2 25.000000000\n4 50.000000000\nEOD\n"));
    ck_assert_ptr_nonnull(strstr(text, "$d2 << EOD\n2 75.000000000\n4 100.000000000\nEOD\n"));
    ck_assert_ptr_nonnull(strstr(text, "title 'clock(load-bit=1)'"));
    fixture->cells[1] = fixture->cells[2];
    fixture->report.n_cells = 2;
    text = printed(&fixture->report, MMSIM_STUDY_GNUPLOT_PNG);
    ck_assert_ptr_nonnull(strstr(text, "set terminal png "));
    ck_assert_ptr_nonnull(strstr(text, "$d0 << EOD\n25.000000000\n75.000000000\nEOD\n"));
    ck_assert_ptr_nonnull(strstr(text, "'lru' 0, 'clock(load-bit=1)' 1"));
    mmsim_trace_close(fixture->trace);
}
END_TEST

Suite *test_study_suite(void);
Suite *test_study_suite(void)
{
    Suite *suite = suite_create("report: studies");
    TCase *tests = tcase_create("study");
    tcase_add_test(tests, a_row_of_json_has_its_keys_in_the_order_of_the_contract);
    tcase_add_test(tests, what_was_asked_for_is_a_column_and_what_is_unknown_is_null);
    tcase_add_test(tests, names_with_commas_and_quotes_are_quoted);
    tcase_add_test(tests, a_table_has_the_policies_of_a_size_together);
    tcase_add_test(tests, a_table_tells_of_anomalies_and_distances);
    tcase_add_test(tests, a_picture_has_a_line_for_each_policy_or_a_bar);
    suite_add_tcase(suite, tests);
    return suite;
}
