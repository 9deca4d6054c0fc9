/* Parallels: whose turn it is, what belongs to which step, where they end. */
#include "starved.h"

/* The reports of a run, in the order in which steps ended. */
static struct seen {
    unsigned n, n_failed, n_matter;
    char order[4096]; /* "INDEX:BY " ... */
    char failure[512];
    uint64_t n_faults[64], cycles[64]; /* by index */
} seen;

static void watch(void *user, const struct mmsim_step_report *report)
{
    (void)user;
    char text[96];
    snprintf(text, sizeof text, "%d:%s ", (int)report->index, report->by ? report->by : "-");
    strcat(seen.order, text);
    ck_assert_uint_lt(report->index, 64);
    seen.n_faults[report->index] = report->n_faults;
    seen.cycles[report->index] = report->cycles;
    seen.n++;
    seen.n_failed += report->failed;
    seen.n_matter += report->matters;
    if (report->failed)
        snprintf(seen.failure, sizeof seen.failure, "%s", report->failure);
}

static struct mmsim_result *run(const struct mmsim_scenario *scenario, uint64_t stop_step)
{
    struct mmsim_run_options options;
    struct mmsim_result *result = NULL;
    struct mmsim_error error = {0};
    mmsim_run_options_init(&options);
    options.check = MMSIM_CHECK_EVERY;
    options.on_step = watch;
    options.stop_after = stop_step != UINT64_MAX;
    options.stop_step = stop_step;
    memset(&seen, 0, sizeof seen);
    enum mmsim_status status = mmsim_scenario_run(scenario, &options, &result, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    return result;
}

/* Two processes with a mapping of 8 pages each, and steps by turns after that. */
#define TWO                                                                                        \
    "mmsim: 1\nname: test\nmachine: {cpus: 2}\nprocesses: [{name: p}, {name: q}]\nsteps:\n"        \
    "  - {do: mmap, by: p, as: a, length: 8 pages, prot: rw, flags: private|anonymous}\n"          \
    "  - {do: mmap, by: q, as: b, length: 8 pages, prot: rw, flags: private|anonymous}\n"
#define BY_TURNS(quantum) TWO "  - do: parallel\n    quantum: " #quantum "\n    steps:\n"

static void assert_order(const char *text, const char *order)
{
    struct mmsim_scenario *scenario = load_text(text);
    struct mmsim_result *result = run(scenario, UINT64_MAX);
    ck_assert_msg(mmsim_result_passed(result), "%s", seen.failure);
    ck_assert_str_eq(seen.order, order);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}

START_TEST(steps_of_two_processes_alternate_with_a_quantum_of_one)
{
    assert_order(BY_TURNS(1) "      - {do: write, by: p, at: a, value: 1}\n"
                             "      - {do: write, by: p, at: a, value: 2}\n"
                             "      - {do: write, by: p, at: a, value: 3}\n"
                             "      - {do: write, by: q, at: b, value: 1}\n"
                             "      - {do: write, by: q, at: b, value: 2}\n"
                             "  - {do: read, by: p, at: a, expect: {value: 3}}\n",
                 "0:p 1:q 2:p 3:q 4:p 5:q 6:p 7:p ");
}
END_TEST

START_TEST(a_quantum_is_used_up_by_several_small_steps)
{
    assert_order(BY_TURNS(2) "      - {do: read, by: q, at: b}\n"
                             "      - {do: read, by: p, at: a}\n"
                             "      - {do: read, by: q, at: b}\n"
                             "      - {do: read, by: p, at: a}\n"
                             "      - {do: read, by: q, at: b}\n",
                 "0:p 1:q 2:q 3:q 4:p 5:p 6:q ");
}
END_TEST

START_TEST(a_long_access_ends_after_short_ones_that_began_later)
{
    /* p: 30 references, three turns; q: 15, two turns, then a read within the second one. */
    assert_order(BY_TURNS(10) "      - {do: access, by: p, over: a, pattern: loop, count: 30}\n"
                              "      - {do: access, by: q, over: b, pattern: loop, count: 15}\n"
                              "      - {do: read, by: q, at: b, expect: {fault: none}}\n"
                              "      - {do: read, by: p, at: a, expect: {fault: none}}\n",
                 "0:p 1:q 3:q 4:q 2:p 5:p ");
    ck_assert_uint_eq(seen.n_faults[2], 8);
    ck_assert_uint_eq(seen.n_faults[3], 8);
}
END_TEST

START_TEST(repeats_are_unrolled_within_each_stream)
{
    assert_order(BY_TURNS(1) "      - do: repeat\n        times: 2\n        steps:\n"
                             "          - {do: write, by: p, at: a, value: 1}\n"
                             "          - do: repeat\n            times: 2\n            steps:\n"
                             "              - {do: write, by: q, at: b, value: 2}\n"
                             "          - {do: read, by: p, at: a}\n",
                 "0:p 1:q 2:p 3:q 4:p 5:q 6:p 7:q 8:p 9:q ");
    ck_assert_uint_eq(seen.n_matter, 2 + 2); /* the mmaps, and of the first turn what faulted */
}
END_TEST

START_TEST(a_parallel_may_stand_in_a_repeat)
{
    assert_order(TWO "  - do: repeat\n    times: 2\n    steps:\n"
                     "      - do: parallel\n        quantum: 1\n        steps:\n"
                     "          - {do: write, by: p, at: a, value: 1}\n"
                     "          - {do: write, by: q, at: b, value: 2}\n",
                 "0:p 1:q 2:p 3:q 4:p 5:q ");
}
END_TEST

START_TEST(a_child_has_its_turns_once_it_was_forked)
{
    assert_order(BY_TURNS(1) "      - {do: write, by: p, at: a, value: 7}\n"
                             "      - {do: fork, by: p, as: child}\n"
                             "      - {do: read, by: child, at: a, expect: {value: 7}}\n"
                             "      - {do: write, by: q, at: b, value: 1}\n"
                             "      - {do: write, by: q, at: b, value: 2}\n"
                             "      - {do: write, by: q, at: b, value: 3}\n",
                 "0:p 1:q 2:p 3:q 4:p 5:child 6:q 7:q ");
}
END_TEST

START_TEST(nobody_waits_for_a_child_that_cannot_come)
{
    assert_order(BY_TURNS(1) "      - {do: exit, by: p}\n"
                             "      - {do: fork, by: p, as: child, expect: {error: ESRCH}}\n"
                             "      - {do: access, by: child, over: a, pattern: loop, count: 5,\n"
                             "         expect: {error: ESRCH}}\n"
                             "      - {do: read, by: q, at: b}\n",
                 "0:p 1:q 2:p 3:q 4:p 5:child ");
}
END_TEST

START_TEST(the_dead_fail_and_the_others_go_on)
{
    assert_order(
        BY_TURNS(4) "      - {do: access, by: p, over: a, length: 4 pages, pattern: loop,\n"
                    "         count: 8}\n"
                    "      - {do: read, by: p, at: 0x10000000,\n"
                    "         expect: {signal: SIGSEGV, code: SEGV_MAPERR}}\n"
                    "      - {do: access, by: p, over: a, pattern: loop, count: 100,\n"
                    "         expect: {error: ESRCH}}\n"
                    "      - {do: access, by: q, over: b, pattern: random, count: 17}\n",
        "0:p 1:q 2:p 4:p 5:p 3:q ");
}
END_TEST

START_TEST(what_is_referenced_does_not_depend_on_the_quantum)
{
    /* The values that stores leave say which reference was the last to each word. */
    static const char form[] =
        TWO "  - do: parallel\n    quantum: %s\n    steps:\n"
            "      - {do: access, by: p, over: a, pattern: zipf, count: 3000, writes: 30%%}\n"
            "      - {do: access, by: q, over: b, pattern: random, count: 2000, writes: 50%%}\n";
    static const char *const quanta[] = {"1", "7", "100", "4096", "1M"};
    static uint8_t first[2][8 * 4096], other[2][8 * 4096];
    for (unsigned i = 0; i < sizeof quanta / sizeof *quanta; i++) {
        char text[1024];
        snprintf(text, sizeof text, form, quanta[i]);
        struct mmsim_scenario *scenario = load_text(text);
        struct mmsim_result *result = run(scenario, 4); /* all four, and nobody is exited */
        uint8_t(*memory)[8 * 4096] = i == 0 ? first : other;
        for (unsigned k = 0; k < 2; k++) {
            struct mmsim_process *process =
                mmsim_process_find(mmsim_result_machine(result), k == 0 ? "p" : "q");
            struct mmsim_access access =
                mmsim_read(process, 0x40000000, memory[k], sizeof memory[k]);
            ck_assert_int_eq(access.outcome, MMSIM_DONE);
        }
        if (i > 0)
            ck_assert_mem_eq(first, other, sizeof first);
        mmsim_result_destroy(result);
        mmsim_scenario_destroy(scenario);
    }
}
END_TEST

START_TEST(turns_on_one_cpu_are_process_switches)
{
    /* Ten turns each on one CPU, q being there: 20 times CR3 is loaded. On two CPUs only p's first
     * turn puts it onto CPU 0 again. */
    static const char *const places[] = {"0", "1"};
    uint64_t flushes[2];
    for (unsigned i = 0; i < 2; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 BY_TURNS(10) "      - {do: access, by: p, on: 0, over: a, pattern: loop, count: "
                              "100}\n"
                              "      - {do: access, by: q, on: %s, over: b, pattern: loop, count: "
                              "100}\n",
                 places[i]);
        struct mmsim_scenario *scenario = load_text(text);
        struct mmsim_stats before, after;
        struct mmsim_result *result = run(scenario, 2);
        mmsim_machine_stats(mmsim_result_machine(result), &before);
        mmsim_result_destroy(result);
        result = run(scenario, 4);
        mmsim_machine_stats(mmsim_result_machine(result), &after);
        flushes[i] = after.tlb.flushes - before.tlb.flushes;
        ck_assert_uint_eq(after.cycles - before.cycles, seen.cycles[2] + seen.cycles[3]);
        mmsim_result_destroy(result);
        mmsim_scenario_destroy(scenario);
    }
    ck_assert_uint_eq(flushes[0], 20);
    ck_assert_uint_eq(flushes[1], 2);
}
END_TEST

/* Events of a run, counted by the step that they name. */
static struct {
    struct mmsim_machine *machine;
    uint64_t n_faults[64];
} counted;

static void count_fault(void *user, const struct mmsim_event *event)
{
    (void)user;
    counted.n_faults[event->step]++;
}

static void meet(void *user, struct mmsim_machine *machine)
{
    (void)user;
    (void)mmsim_listen(machine, MMSIM_EVENT_BIT(MMSIM_EVENT_FAULT), count_fault, NULL);
}

START_TEST(events_name_the_step_whose_turn_it_is)
{
    struct mmsim_scenario *scenario = load_text(BY_TURNS(
        2) "      - {do: access, by: p, over: a, length: 5 pages, pattern: loop, count: 50}\n"
           "      - {do: access, by: q, over: b, pattern: loop, count: 7}\n");
    struct mmsim_run_options options;
    struct mmsim_result *result = NULL;
    mmsim_run_options_init(&options);
    options.on_machine = meet;
    memset(&counted, 0, sizeof counted);
    ck_assert_int_eq(mmsim_scenario_run(scenario, &options, &result, NULL), MMSIM_OK);
    ck_assert_uint_eq(counted.n_faults[2], 5);
    ck_assert_uint_eq(counted.n_faults[3], 7);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

static size_t resident(const struct mmsim_result *result, const char *name)
{
    struct mmsim_process_stats stats;
    mmsim_process_get_stats(mmsim_process_find(mmsim_result_machine(result), name), &stats);
    return (size_t)stats.rss;
}

START_TEST(a_run_can_stop_between_the_turns)
{
    /* Pages come one a reference, so how many there are says how many were made. */
    struct mmsim_scenario *scenario = load_text(
        BY_TURNS(3) "      - {do: access, by: p, over: a, pattern: loop, count: 8, writes: 100%}\n"
                    "      - {do: access, by: q, over: b, pattern: loop, count: 4, writes: 100%}\n"
                    "      - {do: read, by: q, at: b}\n"
                    "  - {do: note, text: the end}\n");
    static const struct {
        size_t n_steps, p, q;
    } rows[] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}, {3, 3, 0}, {4, 6, 4}, {5, 8, 4}, {6, 8, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mmsim_result *result = run(scenario, i);
        static struct collected json;
        memset(&json, 0, sizeof json);
        struct mmsim_sink sink = {collect_text, &json};
        ck_assert_uint_eq(mmsim_result_n_steps(result), rows[i].n_steps);
        ck_assert_uint_eq(resident(result, "p"), rows[i].p);
        ck_assert_uint_eq(resident(result, "q"), rows[i].q);
        mmsim_result_write_json(result, &sink); /* steps in progress too */
        mmsim_result_destroy(result);
    }
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(the_step_that_binds_a_name_is_behind_the_turns)
{
    struct mmsim_scenario *scenario =
        load_text(BY_TURNS(1) "      - {do: repeat, times: 3, steps: [{do: read, by: p, at: a}]}\n"
                              "      - {do: mmap, by: q, as: late, length: 1, prot: r, flags: "
                              "private|anonymous}\n"
                              "      - {do: read, by: q, at: late}\n");
    uint64_t index = 0;
    unsigned line = 0;
    ck_assert(mmsim_scenario_binding(scenario, "late", &index, &line));
    ck_assert_uint_eq(index, 2 + 5 - 1);
    ck_assert_uint_eq(line, 12);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(failures_and_results_belong_to_their_step)
{
    struct mmsim_scenario *scenario = load_text(BY_TURNS(
        5) "      - {do: access, by: p, over: a, pattern: loop, count: 12, expect: {fault: cow}}\n"
           "      - {do: read, by: q, at: b, expect: {value: 9}}\n"
           "      - {do: read, by: kernel, at: 0xC0000000, expect: {error: EFAULT}}\n");
    struct mmsim_result *result = run(scenario, UINT64_MAX);
    static struct collected json;
    memset(&json, 0, sizeof json);
    struct mmsim_sink sink = {collect_text, &json};
    mmsim_result_write_json(result, &sink);
    ck_assert_str_eq(seen.order, "0:p 1:q 3:q 4:kernel 2:p ");
    ck_assert_uint_eq(mmsim_result_n_failures(result), 2);
    ck_assert_ptr_nonnull(
        strstr(json.text, "{\"index\":2,\"line\":11,\"do\":\"access\",\"by\":\"p\""));
    ck_assert_ptr_nonnull(strstr(json.text, "{\"index\":3,\"line\":12,\"do\":\"read\",\"by\":\"q\","
                                            "\"outcome\":\"ok\",\"value\":0"));
    ck_assert_ptr_nonnull(strstr(json.text, "{\"index\":2,\"line\":11,\"expected\":\"fault cow\""));
    ck_assert_ptr_nonnull(strstr(json.text, "{\"index\":3,\"line\":12,\"expected\":\"value 9\""));
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(reports_of_the_heap_stand_in_the_order_of_steps)
{
    /* p's access begins before the kernel's mistake and ends after it. */
    struct mmsim_scenario *scenario = load_text(
        BY_TURNS(1) "      - {do: access, by: p, over: a, pattern: loop, count: 9}\n"
                    "      - {do: kmalloc, as: k, size: 32}\n"
                    "      - {do: kfree, at: k}\n"
                    "      - {do: kfree, at: k, expect: {error: EINVAL, mistake: double-free}}\n"
                    "      - {do: show, by: kernel, table: slabinfo}\n");
    struct mmsim_result *result = run(scenario, UINT64_MAX);
    ck_assert_msg(mmsim_result_passed(result), "%s", seen.failure);
    static struct collected json;
    memset(&json, 0, sizeof json);
    struct mmsim_sink sink = {collect_text, &json};
    mmsim_result_write_json(result, &sink);
    const char *report = strstr(json.text, "\"reports\":[");
    const char *table = strstr(json.text, "\"table\":");
    const char *step = strstr(json.text, "{\"index\":5,");
    ck_assert_ptr_nonnull(step);
    ck_assert_ptr_nonnull(report);
    ck_assert_ptr_nonnull(table);
    ck_assert(step < report && report < table);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(running_without_memory_leaves_nothing_behind)
{
    starved_run(BY_TURNS(
        50) "      - {do: access, by: p, over: a, pattern: zipf, count: 300, writes: 50%}\n"
            "      - {do: access, by: q, over: b, pattern: zipf, count: 200, expect: {fault: "
            "cow}}\n"
            "      - {do: read, by: q, at: b, expect: {bytes: hello}}\n");
}
END_TEST

Suite *test_parallel_suite(void);

Suite *test_parallel_suite(void)
{
    Suite *suite = suite_create("parallel");
    TCase *tests = tcase_create("parallel");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, steps_of_two_processes_alternate_with_a_quantum_of_one);
    tcase_add_test(tests, a_quantum_is_used_up_by_several_small_steps);
    tcase_add_test(tests, a_long_access_ends_after_short_ones_that_began_later);
    tcase_add_test(tests, repeats_are_unrolled_within_each_stream);
    tcase_add_test(tests, a_parallel_may_stand_in_a_repeat);
    tcase_add_test(tests, a_child_has_its_turns_once_it_was_forked);
    tcase_add_test(tests, nobody_waits_for_a_child_that_cannot_come);
    tcase_add_test(tests, the_dead_fail_and_the_others_go_on);
    tcase_add_test(tests, what_is_referenced_does_not_depend_on_the_quantum);
    tcase_add_test(tests, turns_on_one_cpu_are_process_switches);
    tcase_add_test(tests, events_name_the_step_whose_turn_it_is);
    tcase_add_test(tests, a_run_can_stop_between_the_turns);
    tcase_add_test(tests, the_step_that_binds_a_name_is_behind_the_turns);
    tcase_add_test(tests, failures_and_results_belong_to_their_step);
    tcase_add_test(tests, reports_of_the_heap_stand_in_the_order_of_steps);
    tcase_add_test(tests, running_without_memory_leaves_nothing_behind);
    suite_add_tcase(suite, tests);
    return suite;
}
