/* test_curve.c - reports of curves whose numbers are made up: rows to the letter, what a table
 * says. */
#include <check.h>
#include <mmsim/mmsim.h>
#include <string.h>

#include "caught.h"

static struct caught caught;

static struct mmsim_policy_choice choice_of(const char *text)
{
    struct mmsim_policy_choice choice;
    struct mmsim_error error;
    ck_assert_int_eq(mmsim_policy_parse(text, strlen(text), &choice, &error), MMSIM_OK);
    return choice;
}

static const char *printed(const struct mmsim_curve_row *row, enum mmsim_study_format format)
{
    struct mmsim_sink sink = caught_begin(&caught);
    if (format == MMSIM_STUDY_CSV)
        mmsim_curve_print_header(row, &sink);
    mmsim_curve_print_row(row, format, &sink);
    return caught.text;
}

START_TEST(a_row_of_json_has_its_keys_in_the_order_of_the_contract)
{
    struct mmsim_policy_choice clock = choice_of("clock(load-bit=1)");
    struct mmsim_curve_row row = {&clock, 7, 8, 3, NULL};
    ck_assert_str_eq(
        printed(&row, MMSIM_STUDY_JSON),
        "{\"policy\":\"clock(load-bit=1)\",\"frames\":7,\"miss_ratio\":0.375,\"misses\":3}\n");
}
END_TEST

START_TEST(a_sample_says_its_error_or_that_it_does_not_know)
{
    struct mmsim_policy_choice lru = choice_of("lru");
    struct mmsim_curve sample = {.error = 0.25};
    struct mmsim_curve_row row = {&lru, 1, 4, 4, &sample};
    ck_assert_str_eq(printed(&row, MMSIM_STUDY_JSON),
                     "{\"policy\":\"lru\",\"frames\":1,\"miss_ratio\":1,\"misses\":4,"
                     "\"expected_error\":0.25}\n");
    sample.error = -1;
    ck_assert_str_eq(printed(&row, MMSIM_STUDY_JSON),
                     "{\"policy\":\"lru\",\"frames\":1,\"miss_ratio\":1,\"misses\":4,"
                     "\"expected_error\":null}\n");
}
END_TEST

START_TEST(csv_has_a_header_and_quotes_commas)
{
    struct mmsim_policy_choice two_q = choice_of("2q(kin=0.5,kout=0.5)");
    struct mmsim_curve sample = {.error = 0.5};
    struct mmsim_curve_row row = {&two_q, 7, 8, 2, NULL};
    ck_assert_str_eq(printed(&row, MMSIM_STUDY_CSV),
                     "policy,frames,miss_ratio,misses\n\"2q(kin=0.5,kout=0.5)\",7,0.25,2\n");
    row.sample = &sample;
    ck_assert_str_eq(printed(&row, MMSIM_STUDY_CSV),
                     "policy,frames,miss_ratio,misses,expected_error\n"
                     "\"2q(kin=0.5,kout=0.5)\",7,0.25,2,0.5\n");
}
END_TEST

/* Two policies, 3 and 4 frames; the second misses more with 4. */
START_TEST(a_table_has_a_line_for_each_size_and_notes_beladys_anomaly)
{
    static const mmsim_ref refs[] = {0, 4, 8, 12};
    struct mmsim_policy_choice choices[] = {choice_of("lru"), choice_of("fifo")};
    static const uint64_t misses[] = {3, 1, 1, 2};
    struct mmsim_study_options options;
    struct mmsim_study_cell cells[4];
    struct mmsim_trace *trace;
    struct mmsim_error error;
    mmsim_study_options_init(&options);
    ck_assert_int_eq(mmsim_trace_of_refs("t", refs, 4, &trace, &error), MMSIM_OK);
    for (unsigned i = 0; i < 4; i++) {
        cells[i] = (struct mmsim_study_cell){
            .trace = trace, .choice = &choices[i / 2], .options = &options, .frames = 3 + i % 2};
        cells[i].outcome.counts = (struct mmsim_counts){4, misses[i], 0, 0};
    }
    mmsim_study_compare(cells, 4);
    struct mmsim_study_report report = {.cells = cells, .n_cells = 4};
    struct mmsim_sink sink = caught_begin(&caught);
    mmsim_curve_print_table(&report, &sink);
    ck_assert_ptr_nonnull(strstr(caught.text, "t: 4 references, 4 pages"));
    ck_assert_ptr_nonnull(strstr(caught.text, "lru a     fifo b"));
    ck_assert_ptr_nonnull(strstr(caught.text, "         3    75.0000    25.0000  |==========b==="));
    ck_assert_ptr_nonnull(strstr(caught.text, "         4    25.0000    50.0000  |=========="));
    ck_assert_ptr_nonnull(strstr(caught.text, "note: fifo misses 2 times with 4 frames, only 1 "
                                              "times with 3: Belady's anomaly\n"));
    mmsim_trace_close(trace);
}
END_TEST

Suite *test_curve_suite(void);
Suite *test_curve_suite(void)
{
    Suite *suite = suite_create("curve");
    TCase *tests = tcase_create("reports");
    tcase_add_test(tests, a_row_of_json_has_its_keys_in_the_order_of_the_contract);
    tcase_add_test(tests, a_sample_says_its_error_or_that_it_does_not_know);
    tcase_add_test(tests, csv_has_a_header_and_quotes_commas);
    tcase_add_test(tests, a_table_has_a_line_for_each_size_and_notes_beladys_anomaly);
    suite_add_tcase(suite, tests);
    return suite;
}
