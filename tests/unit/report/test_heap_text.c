/* test_heap_text.c - reports of mistakes in the heap read as SLUB's do, and as JSON. */
#include "caught.h"
#include "kit.h"

#define RULE_77 "============================================================================="
#define LINE_77 "-----------------------------------------------------------------------------"

static struct mmsim_heap_report overrun(void)
{
    return (struct mmsim_heap_report){.mistake = MMSIM_HEAP_RIGHT_RED_ZONE,
                                      .cache = "kmalloc-64",
                                      .address = 0x0012343c,
                                      .object = 0x00123400,
                                      .object_bytes = 60,
                                      .offset = 60,
                                      .n_found = 4,
                                      .found = {0x41, 0x42, 0x00, 0x7f},
                                      .expected = 0xcc,
                                      .now = {"close.c:9", 7},
                                      .allocated = {"open.c:12", 3}};
}

static void print(struct caught *caught, const struct mmsim_heap_report *report)
{
    struct mmsim_sink sink = caught_begin(caught);
    mmsim_heap_report_print(report, &sink);
}

static void write_json(struct caught *caught, const struct mmsim_heap_report *report)
{
    struct mmsim_sink sink = caught_begin(caught);
    mmsim_heap_report_json(report, &sink);
}

START_TEST(an_overrun_reads_as_in_slub)
{
    struct caught caught;
    struct mmsim_heap_report report = overrun();
    print(&caught, &report);
    ck_assert_uint_eq(strlen(RULE_77), 77);
    ck_assert_str_eq(caught.text,
                     RULE_77 "\n"
                             "BUG kmalloc-64: Right Redzone overwritten\n" LINE_77 "\n"
                             "\n"
                             "INFO: 0x0012343c-0x0012343f. First byte 0x41 instead of 0xcc\n"
                             "INFO: Allocated in open.c:12 step=3\n"
                             "INFO: Object 0x00123400 @offset=60 size=60\n"
                             "INFO: Detected in close.c:9 step=7\n"
                             "\n"
                             "Redzone  0012343c: 41 42 00 7f"
                             "                                      AB..\n"
                             "FIX kmalloc-64: Restoring Right Redzone "
                             "0x0012343c-0x0012343f=0xcc\n");
}
END_TEST

START_TEST(an_overrun_is_one_object_of_json)
{
    struct caught caught;
    struct mmsim_heap_report report = overrun();
    write_json(&caught, &report);
    ck_assert_str_eq(caught.text,
                     "{\"mistake\":\"right-red-zone\",\"cache\":\"kmalloc-64\","
                     "\"address\":\"0x12343c\","
                     "\"object\":{\"address\":\"0x123400\",\"bytes\":60,\"offset\":60},"
                     "\"damage\":{\"bytes\":4,\"found\":\"4142007f\",\"expected\":\"cc\"},"
                     "\"given_bytes\":null,\"now\":{\"site\":\"close.c:9\",\"step\":7},"
                     "\"allocated\":{\"site\":\"open.c:12\",\"step\":3},\"freed\":null}");
}
END_TEST

START_TEST(bytes_in_front_have_a_negative_offset)
{
    struct caught caught;
    struct mmsim_heap_report report = overrun();
    report.mistake = MMSIM_HEAP_LEFT_RED_ZONE;
    report.address = report.object - 1;
    report.offset = -1;
    report.n_found = 1;
    print(&caught, &report);
    caught_says(&caught, "BUG kmalloc-64: Left Redzone overwritten\n");
    caught_says(&caught, "INFO: 0x001233ff-0x001233ff. First byte");
    caught_says(&caught, "INFO: Object 0x00123400 @offset=-1 size=60\n");
    write_json(&caught, &report);
    caught_says(&caught, "\"offset\":-1}");
}
END_TEST

START_TEST(a_write_after_free_shows_sixteen_bytes_and_counts_all)
{
    struct caught caught;
    struct mmsim_heap_report report = overrun();
    report.mistake = MMSIM_HEAP_USE_AFTER_FREE;
    report.address = report.object;
    report.offset = 0;
    report.n_found = 40;
    report.expected = 0x6b;
    report.freed = (struct mmsim_heap_moment){"close.c:5", 6};
    memset(report.found, 'x', sizeof report.found);
    print(&caught, &report);
    caught_says(&caught, "BUG kmalloc-64: Poison overwritten\n");
    caught_says(&caught, "INFO: 0x00123400-0x00123427. First byte 0x78 instead of 0x6b\n");
    caught_says(&caught, "INFO: Freed in close.c:5 step=6\n");
    caught_says(&caught, "Object   00123400: 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 78 "
                         " xxxxxxxxxxxxxxxx\n");
    caught_says(&caught, "Restoring Poison 0x00123400-0x00123427=0x6b\n");
    write_json(&caught, &report);
    caught_says(&caught, "\"bytes\":40,\"found\":\"78787878787878787878787878787878\"");
}
END_TEST

START_TEST(a_free_of_nothing_names_the_address_and_no_object)
{
    struct caught caught;
    struct mmsim_heap_report report = {
        .mistake = MMSIM_HEAP_FOREIGN_FREE, .address = 0x40000000, .now = {NULL, 4}};
    print(&caught, &report);
    caught_says(&caught, "BUG <unknown>: Attempt to free object outside of slab 0x40000000\n");
    caught_says(&caught, "INFO: Detected at step=4\n");
    caught_says(&caught, "FIX <unknown>: Object not freed\n");
    caught_lacks(&caught, "INFO: Object");
    caught_lacks(&caught, "Allocated");
    caught_lacks(&caught, "Restoring");
    write_json(&caught, &report);
    ck_assert_str_eq(caught.text,
                     "{\"mistake\":\"foreign-free\",\"cache\":null,\"address\":\"0x40000000\","
                     "\"object\":null,\"damage\":null,\"given_bytes\":null,"
                     "\"now\":{\"site\":null,\"step\":4},\"allocated\":null,\"freed\":null}");
}
END_TEST

START_TEST(a_wrong_size_names_both_sizes)
{
    struct caught caught;
    struct mmsim_heap_report report = overrun();
    report.mistake = MMSIM_HEAP_WRONG_SIZE;
    report.n_found = 0;
    report.given_bytes = 32;
    print(&caught, &report);
    caught_says(&caught, "BUG kmalloc-64: Freed with another size than allocated with: 32, 60\n");
    caught_says(&caught, "FIX kmalloc-64: Object not freed\n");
    write_json(&caught, &report);
    caught_says(&caught, "\"given_bytes\":32,");
}
END_TEST

START_TEST(sites_are_quoted_in_json)
{
    struct caught caught;
    struct mmsim_heap_report report = overrun();
    report.allocated.site = "say \"hi\"\n";
    write_json(&caught, &report);
    caught_says(&caught, "{\"site\":\"say \\\"hi\\\"\\n\",\"step\":3}");
}
END_TEST

START_TEST(every_mistake_has_a_title_of_its_own)
{
    static struct caught caughts[MMSIM_N_HEAP_MISTAKES];
    for (int i = 0; i < MMSIM_N_HEAP_MISTAKES; i++) {
        struct mmsim_heap_report report = overrun();
        report.mistake = (enum mmsim_heap_mistake)i;
        print(&caughts[i], &report);
        caught_says(&caughts[i], RULE_77 "\nBUG kmalloc-64: ");
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(caughts[i].text, caughts[k].text);
        write_json(&caughts[i], &report);
        caught_says(&caughts[i], mmsim_heap_mistake_name(report.mistake));
        ck_assert_ptr_null(strchr(caughts[i].text, '\n'));
        print(&caughts[i], &report);
    }
}
END_TEST

Suite *test_heap_text_suite(void);
Suite *test_heap_text_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("heap_text", &tests);
    tcase_add_test(tests, an_overrun_reads_as_in_slub);
    tcase_add_test(tests, an_overrun_is_one_object_of_json);
    tcase_add_test(tests, bytes_in_front_have_a_negative_offset);
    tcase_add_test(tests, a_write_after_free_shows_sixteen_bytes_and_counts_all);
    tcase_add_test(tests, a_free_of_nothing_names_the_address_and_no_object);
    tcase_add_test(tests, a_wrong_size_names_both_sizes);
    tcase_add_test(tests, sites_are_quoted_in_json);
    tcase_add_test(tests, every_mistake_has_a_title_of_its_own);
    return suite;
}
