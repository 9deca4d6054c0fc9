/* The JSON of a result, byte by byte where it does not depend on costs, and the text for people. */
#include "loaded.h"

static struct collected out;

static const char *json_of(const char *text)
{
    struct mmsim_scenario *scenario = load_text(text);
    struct mmsim_result *result = NULL;
    ck_assert_int_eq(mmsim_scenario_run(scenario, NULL, &result, NULL), MMSIM_OK);
    struct mmsim_sink sink = {collect_text, &out};
    memset(&out, 0, sizeof out);
    mmsim_result_write_json(result, &sink);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
    return out.text;
}

/* Replaces each number of cycles by #. */
static char *without_cycles(const char *json)
{
    static char text[sizeof out.text];
    char *to = text;
    static const char key[] = "\"cycles\":";
    while (*json) {
        *to++ = *json++;
        if (to - text >= (long)sizeof key - 1 &&
            strncmp(to - sizeof key + 1, key, sizeof key - 1) == 0) {
            *to++ = '#';
            while (*json >= '0' && *json <= '9')
                json++;
        }
    }
    *to = '\0';
    return text;
}

static void assert_contains(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

START_TEST(an_object_has_its_keys_in_order_on_one_line)
{
    const char *json =
        without_cycles(json_of(HEAD "  - {do: mmap, by: p, as: buf, length: 1 page, prot: rw, "
                                    "flags: private|anonymous, label: \"a \\\"label\\\"\"}\n"
                                    "  - {do: check, that: faults.cow == 1}\n"));
    static const char expected[] =
        "{\"mmsim\":1,\"scenario\":\"test\",\"file\":\"test.yaml\",\"status\":\"failed\",\"seed\":"
        "1,"
        "\"steps\":["
        "{\"index\":0,\"line\":5,\"do\":\"mmap\",\"by\":\"p\",\"outcome\":\"ok\","
        "\"address\":\"0x40000000\",\"n_faults\":0,\"faults\":[],\"cycles\":#,"
        "\"label\":\"a \\\"label\\\"\"},"
        "{\"index\":1,\"line\":6,\"do\":\"check\",\"outcome\":\"ok\",\"n_faults\":0,\"faults\":[],"
        "\"cycles\":#}],"
        "\"failures\":[{\"index\":1,\"line\":6,\"expected\":\"faults.cow == 1\","
        "\"actual\":\"faults.cow = 0, not == 1\",\"message\":\"not true: faults.cow == 1, because "
        "faults.cow = 0, not == 1\"}],"
        "\"stats\":{\"faults\":{\"minor\":0,\"major\":0,\"cow\":0,\"stack\":0,\"pkey\":0,"
        "\"protection\":0},\"tlb\":{\"hits\":";
    ck_assert_msg(strncmp(json, expected, sizeof expected - 1) == 0, "%s", json);
    ck_assert_ptr_eq(strchr(json, '\n'), json + strlen(json) - 1);
    assert_contains(json,
                    "\"swap\":{\"in\":0,\"out\":0,\"used\":0,\"cached\":0,\"zero\":0,\"errors\":0},"
                    "\"reclaim\":{\"scanned\":0,\"reclaimed\":0,\"direct\":0,");
    assert_contains(json, "\"process\":{\"p\":{\"rss\":0,\"mapped\":1,\"minor\":0,\"major\":0,"
                          "\"page_tables\":1}},\"cycles\":#,\"steps\":2}}\n");
}
END_TEST

START_TEST(outcomes_have_their_keys)
{
    const char *json = without_cycles(
        json_of(HEAD MMAP "  - {do: write, by: p, at: buf, value: 0xFFFFFFFFFFFFFFFF, size: 8}\n"
                          "  - {do: read, by: p, at: buf, size: 8}\n"
                          "  - {do: read, by: p, at: buf, expect: {bytes: 0xffffffffffffffff00}}\n"
                          "  - {do: walk, by: p, at: buf+1 page}\n"
                          "  - {do: munmap, by: p, at: 1, length: 1, expect: {error: EINVAL}}\n"
                          "  - {do: read, by: kernel, at: 0xC0000004, expect: {error: EFAULT}}\n"
                          "  - {do: fork, by: p, as: q}\n"
                          "  - {do: write, by: q, at: buf, value: 1}\n"
                          "  - {do: write, by: p, at: buf, value: 1}\n"
                          "  - {do: read, by: p, at: 0x10000001, expect: {signal: SIGSEGV}}\n"));
    assert_contains(json, "\"outcome\":\"ok\",\"value\":18446744073709551615,\"n_faults\":0");
    assert_contains(json, "\"outcome\":\"ok\",\"bytes\":\"0xffffffffffffffff00\",\"n_faults\":0");
    assert_contains(json, "\"do\":\"walk\",\"by\":\"p\",\"outcome\":\"ok\",\"present\":false,"
                          "\"accessed\":false,\"dirty\":false,\"physical\":null,\"n_faults\":0");
    assert_contains(json, "\"outcome\":\"error\",\"errno\":\"EINVAL\",\"n_faults\":0");
    assert_contains(json, "\"outcome\":\"error\",\"errno\":\"EFAULT\",\"address\":\"0xc0000004\"");
    assert_contains(json, "\"n_faults\":1,\"faults\":[{\"kind\":\"cow\",\"address\":\"0x40000000\","
                          "\"error\":\"P|W|U\",\"reused\":false}],");
    assert_contains(json, "\"error\":\"P|W|U\",\"reused\":true}],");
    assert_contains(json, "\"outcome\":\"signal\",\"signal\":\"SIGSEGV\",\"code\":\"SEGV_MAPERR\","
                          "\"address\":\"0x10000001\",\"n_faults\":1,\"faults\":[{\"kind\":"
                          "\"protection\",\"address\":\"0x10000001\",\"error\":\"U\"}],");
    assert_contains(json, "\"status\":\"passed\"");
    assert_contains(json, "\"failures\":[],");
}
END_TEST

START_TEST(a_walk_that_is_present_has_its_physical_address)
{
    const char *json = json_of(HEAD MMAP "  - {do: write, by: p, at: buf+4, value: 1}\n"
                                         "  - {do: walk, by: p, at: buf+0xABC}\n");
    const char *walk = strstr(json, "\"present\":true,\"accessed\":true,\"dirty\":true,"
                                    "\"physical\":\"0x");
    ck_assert_ptr_nonnull(walk);
    const char *end = strchr(strstr(walk, "0x"), '"');
    ck_assert_msg(strncmp(end - 3, "abc", 3) == 0, "%s", walk);
}
END_TEST

START_TEST(at_most_eight_faults_are_listed_and_all_are_counted)
{
    const char *json = json_of(HEAD "  - {do: mmap, by: p, as: buf, length: 20 pages, prot: rw, "
                                    "flags: private|anonymous}\n"
                                    "  - {do: fill, by: p, at: buf, length: 20 pages, value: 1}\n");
    assert_contains(json, "\"n_faults\":20,");
    size_t n = 0;
    for (const char *at = json; (at = strstr(at, "\"kind\":\"minor\"")) != NULL; at++)
        n++;
    ck_assert_uint_eq(n, 8);
    assert_contains(json, "\"0x40007000\"");
    ck_assert_ptr_null(strstr(json, "\"0x40008000\""));
}
END_TEST

START_TEST(repeats_are_no_steps_but_their_bodies_are)
{
    const char *json = json_of(HEAD "  - {do: note, text: a}\n"
                                    "  - do: repeat\n    times: 2\n    steps:\n"
                                    "      - {do: note, text: b}\n      - {do: note, text: c}\n"
                                    "  - {do: note, text: d}\n");
    assert_contains(json, "{\"index\":0,\"line\":5,");
    assert_contains(json, "{\"index\":1,\"line\":9,");
    assert_contains(json, "{\"index\":2,\"line\":10,");
    assert_contains(json, "{\"index\":3,\"line\":9,");
    assert_contains(json, "{\"index\":5,\"line\":11,");
    assert_contains(json, "\"steps\":6}");
    ck_assert_ptr_null(strstr(json, "repeat"));
}
END_TEST

START_TEST(statistics_are_taken_before_processes_are_exited)
{
    const char *json =
        json_of(HEAD MMAP "  - {do: fill, by: p, at: buf, length: 3 pages, value: 1}\n");
    assert_contains(json, "\"process\":{\"p\":{\"rss\":3,\"mapped\":4,");
    assert_contains(json, "\"user\":3,");
}
END_TEST

START_TEST(the_same_scenario_gives_the_same_bytes)
{
    static const char text[] =
        HEAD MMAP "  - {do: access, by: p, over: buf, pattern: zipf, count: 10k, writes: 30%}\n"
                  "  - {do: repeat, times: 2, steps: [{do: access, by: p, over: buf, "
                  "pattern: random, count: 100, writes: 50%}, {do: read, by: p, at: buf}]}\n";
    char *first = strdup(json_of(text));
    ck_assert_str_eq(json_of(text), first);
    free(first);
}
END_TEST

/* The default seed of an access differs from step to step, also in a repeat. */
START_TEST(repeated_accesses_differ_unless_they_have_a_seed)
{
    const char *json =
        json_of(HEAD "  - {do: mmap, by: p, as: buf, length: 1000 pages, prot: rw, "
                     "flags: private|anonymous}\n"
                     "  - {do: repeat, times: 2, steps: [{do: access, by: p, over: buf, "
                     "pattern: random, count: 100, writes: 100%}]}\n"
                     "  - {do: repeat, times: 2, steps: [{do: access, by: p, over: buf, "
                     "pattern: random, count: 100, writes: 100%, seed: 5}]}\n"
                     "  - {do: note, text: end}\n");
    const char *second = strstr(json, "\"index\":2,");
    const char *fourth = strstr(json, "\"index\":4,");
    ck_assert_ptr_nonnull(strstr(second, "\"n_faults\":"));
    ck_assert_int_gt(atoi(strstr(second, "\"n_faults\":") + 11), 50);
    ck_assert_int_eq(atoi(strstr(fourth, "\"n_faults\":") + 11), 0);
}
END_TEST

START_TEST(a_long_result_arrives_whole)
{
    const char *json = json_of(HEAD "  - {do: repeat, times: 600, steps: [{do: note, text: x}]}\n");
    ck_assert_uint_gt(strlen(json), 40000);
    assert_contains(json, "{\"index\":599,");
    assert_contains(json, "\"steps\":600}}\n");
}
END_TEST

START_TEST(the_text_shows_failures_and_what_is_not_0)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD MMAP "  - {do: read, by: p, at: buf, expect: {value: 1}}\n");
    struct mmsim_result *result = NULL;
    ck_assert_int_eq(mmsim_scenario_run(scenario, NULL, &result, NULL), MMSIM_OK);
    struct mmsim_sink sink = {collect_text, &out};
    struct mmsim_text_style plain = {.color = false, .verbose = false};
    memset(&out, 0, sizeof out);
    mmsim_result_write_text(result, &plain, &sink);
    assert_contains(out.text, "test.yaml:6, step 1: read by p at buf: expected value 1, but got");
    assert_contains(out.text, "faults.minor");
    ck_assert_ptr_null(strstr(out.text, "faults.cow"));
    ck_assert_ptr_null(strchr(out.text, '\033'));
    struct mmsim_text_style all = {.color = true, .verbose = true};
    memset(&out, 0, sizeof out);
    mmsim_result_write_text(result, &all, &sink);
    assert_contains(out.text, "faults.cow");
    assert_contains(out.text, "\033[31m");
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

static void ignore_step(void *user, const struct mmsim_step_report *report)
{
    (void)user, (void)report;
}

START_TEST(what_the_steps_told_is_not_told_again)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD MMAP "  - {do: read, by: p, at: buf, expect: {value: 1}}\n");
    struct mmsim_result *result = NULL;
    struct mmsim_run_options options;
    mmsim_run_options_init(&options);
    options.on_step = ignore_step;
    ck_assert_int_eq(mmsim_scenario_run(scenario, &options, &result, NULL), MMSIM_OK);
    struct mmsim_sink sink = {collect_text, &out};
    struct mmsim_text_style after = {.part = MMSIM_TEXT_AFTER_STEPS};
    memset(&out, 0, sizeof out);
    mmsim_result_write_text(result, &after, &sink);
    assert_contains(out.text, "failures: 1\n  test.yaml:6, step 1\n");
    ck_assert_ptr_null(strstr(out.text, "expected value 1"));
    struct mmsim_text_style only = {.part = MMSIM_TEXT_FAILURES};
    memset(&out, 0, sizeof out);
    mmsim_result_write_text(result, &only, &sink);
    ck_assert_str_eq(out.text, "test.yaml:6: failed: test, step 1: read by p at buf: expected "
                               "value 1, but got value 0\n");
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(steps_name_their_cpu_where_there_are_several)
{
    const char *json = without_cycles(
        json_of("mmsim: 1\nname: test\nmachine: {cpus: 2}\nprocesses: [{name: p}]\nsteps:\n" MMAP
                "  - {do: write, by: p, at: buf, value: 1, on: 1, label: l}\n"
                "  - {do: read, by: p, at: buf}\n"
                "  - {do: spawn, name: q}\n"
                "  - {do: note, text: x}\n"));
    assert_contains(json, "\"n_faults\":0,\"faults\":[],\"cycles\":#,\"cpu\":0},{\"index\":1,");
    assert_contains(json, "\"cycles\":#,\"cpu\":1,\"label\":\"l\"},");
    assert_contains(json, "\"value\":1,\"n_faults\":0,\"faults\":[],\"cycles\":#,\"cpu\":1},");
    assert_contains(json, "\"do\":\"spawn\",\"outcome\":\"ok\",\"n_faults\":0,\"faults\":[],"
                          "\"cycles\":#,\"cpu\":0},");
    assert_contains(json, "\"do\":\"note\",\"outcome\":\"ok\",\"n_faults\":0,\"faults\":[],"
                          "\"cycles\":#}");
    ck_assert_ptr_null(strstr(json_of(HEAD MMAP), "\"cpu\""));
}
END_TEST

Suite *test_json_suite(void);

Suite *test_json_suite(void)
{
    Suite *suite = suite_create("json");
    TCase *tests = tcase_create("json");
    tcase_add_test(tests, an_object_has_its_keys_in_order_on_one_line);
    tcase_add_test(tests, outcomes_have_their_keys);
    tcase_add_test(tests, a_walk_that_is_present_has_its_physical_address);
    tcase_add_test(tests, at_most_eight_faults_are_listed_and_all_are_counted);
    tcase_add_test(tests, repeats_are_no_steps_but_their_bodies_are);
    tcase_add_test(tests, statistics_are_taken_before_processes_are_exited);
    tcase_add_test(tests, the_same_scenario_gives_the_same_bytes);
    tcase_add_test(tests, repeated_accesses_differ_unless_they_have_a_seed);
    tcase_add_test(tests, a_long_result_arrives_whole);
    tcase_add_test(tests, what_the_steps_told_is_not_told_again);
    tcase_add_test(tests, steps_name_their_cpu_where_there_are_several);
    tcase_add_test(tests, the_text_shows_failures_and_what_is_not_0);
    suite_add_tcase(suite, tests);
    return suite;
}
