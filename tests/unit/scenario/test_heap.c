/* Steps on the kernel's memory: what they do to it, what they expect, what they report. */
#include "starved.h"

#include "scenario/figure.h"

#define KERNEL "mmsim: 1\nname: test\nmachine: {ram: 8MiB}\nprocesses: [{name: p}]\nsteps:\n"

static struct {
    char texts[1 << 15], details[1 << 15], failure[1024];
    unsigned n_failed;
} seen;

static void watch(void *user, const struct mmsim_step_report *report)
{
    (void)user;
    ck_assert_uint_lt(strlen(seen.texts) + strlen(report->text) + 2, sizeof seen.texts);
    strcat(seen.texts, report->text);
    strcat(seen.texts, "\n");
    seen.n_failed += report->failed;
    if (report->failed)
        snprintf(seen.failure, sizeof seen.failure, "%s", report->failure);
    size_t room = sizeof seen.details - strlen(seen.details) - 1;
    if (report->details)
        strncat(seen.details, report->details, room);
}

/* Runs with every check of the machine's; the result as JSON. */
static const char *run_to_json(const char *text)
{
    static struct collected json;
    struct mmsim_scenario *scenario = load_text(text);
    struct mmsim_run_options options;
    struct mmsim_result *result = NULL;
    struct mmsim_error error = {0};
    mmsim_run_options_init(&options);
    options.check = MMSIM_CHECK_STEP;
    options.on_step = watch;
    memset(&seen, 0, sizeof seen);
    memset(&json, 0, sizeof json);
    enum mmsim_status status = mmsim_scenario_run(scenario, &options, &result, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    mmsim_result_write_json(result, &(struct mmsim_sink){collect_text, &json});
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
    return json.text;
}

static void assert_passes(const char *text)
{
    const char *json = run_to_json(text);
    ck_assert_msg(strstr(json, "\"status\":\"passed\""), "%s", seen.failure);
}

static void assert_in(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part), "%s is not in %s", part, text);
}

START_TEST(objects_are_memory_at_the_address_of_their_name)
{
    assert_passes(KERNEL "  - {do: kmalloc, as: a, size: 100, zero: true}\n"
                         "  - {do: compare, by: kernel, at: a, length: 100, value: 0}\n"
                         "  - {do: write, by: kernel, at: a+40, bytes: hello}\n"
                         "  - {do: krealloc, at: a, size: 5000, as: b}\n"
                         "  - {do: read, by: kernel, at: b+40, expect: {bytes: hello}}\n"
                         "  - {do: kfree, at: b, size: 5000}\n"
                         "  - {do: kmalloc, as: c, size: 64, align: 4096, by: kernel}\n"
                         "  - {do: vmalloc, as: d, length: 5000}\n"
                         "  - {do: fill, by: kernel, at: d, length: 2 pages, value: 7}\n"
                         "  - {do: read, by: kernel, at: d+2 pages,\n"
                         "     expect: {error: EFAULT, mistake: guard-hit}}\n"
                         "  - {do: vfree, at: d}\n"
                         "  - {do: vfree, at: d, expect: {error: EINVAL, mistake: double-free}}\n"
                         "  - {do: kfree, at: c}\n");
}
END_TEST

START_TEST(a_name_stands_for_all_objects_of_its_step)
{
    assert_passes(KERNEL
                  "  - {do: kmalloc, as: many, size: 32, count: 10, expect: {objects: 10}}\n"
                  "  - {do: kfree, all: many, every: 3, expect: {objects: 4}}\n"
                  "  - {do: kfree, at: many, expect: {error: EINVAL, mistake: double-free}}\n"
                  "  - {do: kfree, all: many, every: 2, expect: {objects: 3}}\n"
                  "  - {do: kfree, all: many, expect: {objects: 3}}\n"
                  "  - {do: kfree, all: many, expect: {objects: 0}}\n"
                  "  - {do: cache-create, name: c, size: 48}\n"
                  "  - {do: cache-alloc, cache: c, as: many, count: 3}\n"
                  "  - {do: cache-destroy, cache: c, expect: {error: EBUSY}}\n"
                  "  - {do: cache-free, cache: c, all: many}\n"
                  "  - {do: cache-destroy, cache: c}\n");
}
END_TEST

START_TEST(what_was_allocated_before_memory_ran_out_stays)
{
    const char *json = run_to_json(
        KERNEL "  - {do: kmalloc, as: all, size: 64KiB, count: 1000, expect: {error: ENOMEM}}\n"
               "  - {do: read, by: kernel, at: all}\n"
               "  - {do: kfree, all: all}\n"
               "  - {do: kmalloc, as: all, size: 64KiB, count: 10, expect: {objects: 10}}\n"
               "  - {do: kfree, all: all}\n");
    ck_assert_uint_eq(seen.n_failed, 1); /* a name that is no address fails who uses it */
    assert_in(seen.failure, "all, which is not bound");
    assert_in(json, "\"errno\":\"ENOMEM\",\"objects\":");
    assert_in(seen.details, "page allocation failure");
}
END_TEST

static const struct {
    const char *step, *part;
} failing[] = {
    {"{do: kfree, at: a}", "expected ok, but got error EINVAL"},
    {"{do: kfree, at: a, expect: {error: EINVAL, mistake: foreign-free}}",
     "expected mistake foreign-free, but got mistake double-free"},
    {"{do: kfree, at: a, expect: {error: EINVAL, mistakes: 2}}",
     "expected mistakes 2, but got mistakes 1"},
    {"{do: kmalloc, size: 8, expect: {mistake: double-free}}",
     "expected mistake double-free, but got mistake none"},
    {"{do: kmalloc, size: 8, count: 2, expect: {objects: 3}}", "expected objects 3"},
    {"{do: kmalloc, size: 7MiB}", "expected ok, but got error ENOMEM"},
    {"{do: cache-create, name: c, size: 64}", "EEXIST (there is a cache 'c' already)"},
    {"{do: vmalloc, length: 0}", "EINVAL (length 0)"},
    {"{do: cache-destroy, cache: c}", "EBUSY (objects of it are in use)"},
    {"{do: cache-alloc, cache: gone}", "EINVAL (it does not exist now)"},
    {"{do: pool-destroy, pool: q}", "EBUSY"},
    {"{do: scope-begin, name: s}", "(there is one of that name)"},
    {"{do: heap-check, cache: gone, checks: Z}", "(there is no cache 'gone')"},
    {"{do: kmalloc, size: 8, expect: {objects: 2}}", "expected objects 2, but got objects 1"},
    {"{do: kfree, at: b, expect: {objects: 0}}", "expected objects 0, but got objects 1"},
    {"{do: kfree, at: a, expect: {error: EINVAL, mistake: none}}",
     "expected mistake none, but got mistake double-free"},
    {"{do: read, by: kernel, at: 0x101000}", "(the page holds the kernel's own objects or tables)"},
    {"{do: leak-scan, expect: {leaked: 5, leaked_bytes: 1KiB}}", "leaked_bytes 1024"},
    {"{do: leak-scan}", "expected leaked 0, but got leaked "},
    {"{do: leak-mark, at: 0x40000000, mark: ignore}", "error EINVAL"},
    {"{do: leak-root, at: 0xBFFFFFFF, length: 8}", "error EINVAL"},
    {"{do: write, by: kernel, at: b, pointer: nowhere}", "nowhere, which is not bound"},
    {"{do: fail, what: heap, expect: {failed: 1}}", "expected failed 1, but got failed 0"},
};

START_TEST(what_is_not_as_expected_is_a_failure)
{
    char text[2048];
    snprintf(text, sizeof text,
             KERNEL "  - {do: kmalloc, as: a, size: 64}\n"
                    "  - {do: kmalloc, as: b, size: 64}\n"
                    "  - {do: kfree, at: a}\n"
                    "  - {do: kmalloc, as: nowhere, size: 1GiB, expect: {error: ENOMEM}}\n"
                    "  - {do: cache-create, name: c, size: 64}\n"
                    "  - {do: cache-alloc, cache: c}\n"
                    "  - {do: cache-create, name: gone, size: 64}\n"
                    "  - {do: cache-destroy, cache: gone}\n"
                    "  - {do: pool-create, name: q, size: 64, reserve: 2}\n"
                    "  - {do: pool-alloc, pool: q}\n"
                    "  - {do: scope-begin, name: s}\n"
                    "  - %s\n",
             failing[_i].step);
    (void)run_to_json(text);
    ck_assert_uint_eq(seen.n_failed, 1);
    ck_assert_msg(strstr(seen.failure, failing[_i].part), "%s", seen.failure);
}
END_TEST

START_TEST(a_mistake_stands_in_the_result_and_below_its_step)
{
    const char *json =
        run_to_json(KERNEL "  - {do: heap-check, cache: kmalloc, checks: ZU}\n"
                           "  - {do: kmalloc, as: a, size: 20, label: maker}\n"
                           "  - {do: write, by: kernel, at: a+20, size: 1, value: 0x41}\n"
                           "  - {do: kfree, at: a, expect: {mistake: right-red-zone}}\n");
    assert_in(json, "\"status\":\"passed\"");
    assert_in(json, "\"mistakes\":1,\"n_faults\":0");
    assert_in(json, "\"reports\":[{");
    assert_in(json, "\"right-red-zone\"");
    assert_in(json, "maker");
    assert_in(json, "}]}],\"failures\":[]");
    assert_in(seen.details, "Right Redzone overwritten");
    assert_in(seen.texts, "right-red-zone at 0x");
}
END_TEST

START_TEST(the_first_reports_of_a_step_are_kept_and_all_are_counted)
{
    const char *json =
        run_to_json(KERNEL "  - {do: heap-check, cache: kmalloc, checks: Z}\n"
                           "  - {do: kmalloc, as: a, size: 20, count: 12}\n"
                           "  - {do: fill, by: kernel, at: a, length: 4000, value: 1}\n"
                           "  - {do: heap-verify, expect: {mistakes: 1000}}\n");
    const char *reports = strstr(json, "\"reports\":[");
    unsigned n = 0;
    ck_assert_ptr_nonnull(reports);
    for (const char *at = reports; (at = strstr(at, "\"mistake\":")) != NULL; at++)
        n++;
    ck_assert_uint_eq(n, 8);
    assert_in(seen.failure, "expected mistakes 1000, but got mistakes ");
}
END_TEST

START_TEST(pools_serve_from_their_reserve_when_memory_is_gone)
{
    assert_passes(KERNEL "  - {do: pool-create, name: q, size: 100, reserve: 4,\n"
                         "     expect: {reserved: 4}}\n"
                         "  - {do: pool-alloc, pool: q, as: first, expect: {reserved: 4}}\n"
                         "  - {do: fail, what: heap, every: 1}\n"
                         "  - {do: pool-alloc, pool: q, as: some, count: 4,\n"
                         "     expect: {objects: 4, reserved: 0}}\n"
                         "  - {do: pool-alloc, pool: q, expect: {error: ENOMEM, address: 0}}\n"
                         "  - {do: pool-free, pool: q, at: first, expect: {reserved: 1}}\n"
                         "  - {do: fail, what: heap}\n"
                         "  - {do: pool-free, pool: q, all: some, expect: {reserved: 4}}\n"
                         "  - {do: pool-destroy, pool: q}\n");
}
END_TEST

START_TEST(failures_come_where_the_rule_says)
{
    assert_passes(KERNEL "  - {do: fail, what: heap, nth: 2, min_size: 100}\n"
                         "  - {do: kmalloc, size: 50, count: 5}\n"
                         "  - {do: kmalloc, size: 100}\n"
                         "  - {do: kmalloc, size: 100, expect: {error: ENOMEM}}\n"
                         "  - {do: kmalloc, size: 100, count: 5}\n"
                         "  - {do: fail, what: heap, every: 1, site: here, expect: {failed: 1}}\n"
                         "  - {do: kmalloc, size: 50}\n"
                         "  - {do: kmalloc, size: 50, label: here, expect: {error: ENOMEM}}\n"
                         "  - {do: fail, what: heap, expect: {failed: 1}}\n"
                         "  - {do: fail, what: frames, every: 1}\n"
                         "  - {do: fork, by: p, as: child, expect: {error: ENOMEM}}\n"
                         "  - {do: fail, what: frames}\n"
                         "  - {do: fork, by: p, as: other}\n");
}
END_TEST

START_TEST(a_scope_frees_all_that_belongs_to_it)
{
    assert_passes(KERNEL "  - {do: scope-begin, name: s}\n"
                         "  - {do: kmalloc, as: a, size: 100, scope: s, count: 7}\n"
                         "  - {do: kfree, at: a}\n"
                         "  - {do: scope-end, scope: s, expect: {objects: 6}}\n"
                         "  - {do: kfree, at: a, expect: {error: EINVAL, mistake: double-free}}\n"
                         "  - {do: kmalloc, size: 100, scope: s, expect: {error: EINVAL}}\n"
                         "  - {do: scope-begin, name: s, process: p}\n"
                         "  - {do: kmalloc, as: b, size: 100, scope: s}\n"
                         "  - {do: exit, by: p}\n"
                         "  - {do: kfree, at: b, expect: {error: EINVAL, mistake: double-free}}\n"
                         "  - {do: scope-end, scope: s, expect: {error: EINVAL}}\n"
                         "  - {do: scope-begin, name: s, process: p, expect: {error: ESRCH}}\n"
                         "  - {do: scope-begin, name: s}\n");
}
END_TEST

START_TEST(a_leak_is_told_with_its_root_and_where_it_was_lost)
{
    const char *json =
        run_to_json(KERNEL "  - {do: heap-check, cache: kmalloc, checks: U}\n"
                           "  - {do: kmalloc, as: table, size: 64, zero: true}\n"
                           "  - {do: leak-root, at: table, length: 64}\n"
                           "  - {do: leak-watch}\n"
                           "  - {do: kmalloc, as: a, size: 64, zero: true, label: head}\n"
                           "  - {do: write, by: kernel, at: table, pointer: a}\n"
                           "  - {do: kmalloc, as: b, size: 64, zero: true, label: tail}\n"
                           "  - {do: write, by: kernel, at: a+8, pointer: b+10}\n"
                           "  - {do: leak-scan, mode: exact, expect: {leaked: 0}}\n"
                           "  - {do: write, by: kernel, at: table, value: 0}\n"
                           "  - {do: leak-scan, mode: exact, expect: {leaked: 2, groups: 1,\n"
                           "     leaked_bytes: 128 B, site: head, lost_site: \"test.yaml:15\"}}\n"
                           "  - {do: leak-mark, at: a, mark: not-leak}\n"
                           "  - {do: leak-scan, expect: {leaked: 0}}\n");
    ck_assert_msg(strstr(json, "\"status\":\"passed\""), "%s", seen.failure);
    assert_in(json, "\"leaked\":2,\"leaked_bytes\":128,\"groups\":1");
    assert_in(json, "\"table\":{");
    assert_in(json, "\"lost_step\":9,\"lost_site\":\"test.yaml:15\"");
    assert_in(seen.details, "unreferenced object");
    assert_in(seen.details, "last reference lost in step 9 at test.yaml:15");
}
END_TEST

START_TEST(reports_name_the_step_whose_access_or_look_found_something)
{
    const char *json =
        run_to_json(KERNEL "  - {do: heap-check, cache: kmalloc, checks: ZU}\n"
                           "  - {do: kmalloc, as: a, size: 20, label: maker}\n"
                           "  - {do: write, by: kernel, at: a+20, size: 1, value: 1}\n"
                           "  - {do: heap-verify, label: looker, expect: {mistakes: 1}}\n"
                           "  - {do: vmalloc, as: b, length: 10}\n"
                           "  - {do: read, by: kernel, at: b+4096, label: overrun,\n"
                           "     expect: {error: EFAULT, mistake: guard-hit}}\n"
                           "  - {do: fill, by: kernel, at: b+4090, length: 9, value: 1,\n"
                           "     expect: {error: EFAULT, mistake: guard-hit}}\n");
    ck_assert_msg(strstr(json, "\"status\":\"passed\""), "%s", seen.failure);
    assert_in(seen.details, "Detected in looker step=3");
    assert_in(seen.details, "Detected in overrun step=5");
    assert_in(seen.details, "Detected in test.yaml:13 step=6");
}
END_TEST

START_TEST(rules_of_failures_and_empty_tables_are_told_in_full)
{
    assert_passes(KERNEL
                  "  - {do: fail, what: heap, nth: 3, every: 2, chance: 50%, min_size: 1KiB,\n"
                  "     site: here}\n"
                  "  - {do: fail, what: heap, every: 1}\n"
                  "  - {do: kmalloc, size: 8, expect: {error: ENOMEM}}\n"
                  "  - {do: fail, what: heap, chance: 0.1%, expect: {failed: 1}}\n"
                  "  - {do: fail, what: heap}\n"
                  "  - {do: show, table: vmallocinfo}\n");
    assert_in(seen.texts, "fail heap: call 3; one in 2; 50 % at random; at least 1KiB; at here");
    assert_in(seen.texts, "fail heap: 0.1 % at random");
    assert_in(seen.texts, "the rule before: 1 failed");
    assert_in(seen.texts, "fail heap: no more");
    assert_in(seen.details, "there is no large area\n");
}
END_TEST

START_TEST(every_table_is_shown_and_stands_in_the_result)
{
    for (unsigned i = 0; i < MMSIM_N_TABLES; i++) {
        char text[512];
        const char *name = mmsim_table_name((enum mmsim_table)i);
        snprintf(text, sizeof text, KERNEL "  - {do: show, table: %s}\n", name);
        const char *json = run_to_json(text);
        assert_in(json, "\"status\":\"passed\"");
        assert_in(json, ",\"table\":{");
        assert_in(seen.texts, name);
    }
}
END_TEST

START_TEST(a_table_can_be_cut_to_the_lines_with_a_text)
{
    assert_passes(KERNEL "  - {do: show, table: slabinfo, only: aspace}\n");
    assert_in(seen.details, "\naspace ");
    assert_in(seen.details, "# name ");
    ck_assert_ptr_null(strstr(seen.details, "kmalloc-64"));
    assert_passes(KERNEL "  - {do: show, table: buddyinfo, only: nothing has this}\n");
    ck_assert_str_eq(seen.details, "");
}
END_TEST

START_TEST(garbage_is_collected_when_asked_and_between_steps)
{
    static const char steps[] =
        "processes: [{name: p}]\nsteps:\n"
        "  - {do: mmap, by: p, as: buf, length: 4 pages, prot: rw, flags: private|anonymous}\n"
        "  - {do: fill, by: p, at: buf, length: 4 pages, value: 1}\n"
        "  - {do: cache-create, name: c, size: 1000}\n"
        "  - {do: cache-alloc, cache: c, as: o, count: 100}\n"
        "  - {do: cache-free, cache: c, all: o}\n";
    char text[2048];
    snprintf(text, sizeof text, "mmsim: 1\nname: x\n%s%s", steps,
             "  - {do: gc, expect: {orphans: 0}}\n"
             "  - {do: gc, expect: {freed: 0, tables: 0, slabs: 0}}\n");
    assert_passes(text);
    snprintf(text, sizeof text, "mmsim: 1\nname: x\nkernel: {gc_every: 5}\n%s%s", steps,
             "  - {do: gc, expect: {freed: 0}}\n");
    assert_passes(text);
}
END_TEST

START_TEST(checks_of_all_caches_are_on_from_the_beginning)
{
    static const char steps[] = "steps:\n"
                                "  - {do: kmalloc, as: a, size: 20}\n"
                                "  - {do: write, by: kernel, at: a+20, size: 1, value: 0x41}\n"
                                "  - {do: kfree, at: a, expect: {mistake: right-red-zone}}\n";
    char text[1024];
    snprintf(text, sizeof text,
             "mmsim: 1\nname: x\nkernel: {CONFIG_MEMORY_DEBUGGING: y, zero_frames: y,\n"
             "  poison_frames: y}\n%s",
             steps);
    assert_passes(text);
    snprintf(text, sizeof text, "mmsim: 1\nname: x\nkernel: {heap_checks: Z}\n%s", steps);
    assert_passes(text);
    snprintf(text, sizeof text,
             "mmsim: 1\nname: x\nkernel: {heap_checks: none, CONFIG_MEMORY_DEBUGGING: y}\n%s",
             steps);
    (void)run_to_json(text);
    ck_assert_uint_eq(seen.n_failed, 1);
}
END_TEST

START_TEST(running_without_memory_leaves_nothing_behind)
{
    static const char text[] =
        "mmsim: 1\nname: x\nmachine: {ram: 2MiB}\nprocesses: [{name: p}]\nsteps:\n"
        "  - {do: heap-check, cache: kmalloc, checks: ZPU}\n"
        "  - {do: kmalloc, as: many, size: 100, count: 20}\n"
        "  - {do: fill, by: kernel, at: many, length: 400, value: 1}\n"
        "  - {do: kfree, all: many, expect: {mistakes: 3}}\n"
        "  - {do: kmalloc, as: lost, size: 64}\n"
        "  - {do: note, text: x}\n"
        "  - {do: leak-watch}\n"
        "  - {do: leak-scan, mode: exact}\n"
        "  - {do: leak-watch, stores: false}\n"
        "  - {do: cache-create, name: c, size: 64, pointers: [0, 8]}\n"
        "  - {do: pool-create, name: q, size: 64, reserve: 3}\n"
        "  - {do: scope-begin, name: s, process: p}\n"
        "  - {do: kmalloc, size: 64, scope: s}\n"
        "  - {do: vmalloc, as: v, length: 5 pages}\n"
        "  - {do: gc}\n"
        "  - {do: show, table: slabinfo}\n";
    starved_run(text);
}
END_TEST

START_TEST(figures_have_names_of_their_own_and_read_as_text)
{
    struct mm_host host;
    struct mm_text text;
    mm_host_init(&host, NULL);
    mm_text_init(&text, &host);
    for (unsigned i = 0; i < MM_N_FIGURES; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_str_ne(mm_figure_name((enum mm_figure)i), mm_figure_name((enum mm_figure)j));
    mm_figure_print(&text, MM_FIGURE_ORPHANS, 0);
    mm_text_puts(&text, ", ");
    mm_figure_print(&text, MM_FIGURE_FREED, 1);
    mm_text_puts(&text, ", ");
    mm_figure_print(&text, MM_FIGURE_LEAKED_BYTES, 4096);
    ck_assert_str_eq(mm_text_string(&text), "0 orphans, 1 frame freed, 4,096 bytes leaked");
    mm_text_fini(&text);
}
END_TEST

Suite *test_heap_suite(void);

Suite *test_heap_suite(void)
{
    Suite *suite = suite_create("heap");
    TCase *tests = tcase_create("heap");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, objects_are_memory_at_the_address_of_their_name);
    tcase_add_test(tests, a_name_stands_for_all_objects_of_its_step);
    tcase_add_test(tests, what_was_allocated_before_memory_ran_out_stays);
    tcase_add_loop_test(tests, what_is_not_as_expected_is_a_failure, 0,
                        sizeof failing / sizeof *failing);
    tcase_add_test(tests, a_mistake_stands_in_the_result_and_below_its_step);
    tcase_add_test(tests, the_first_reports_of_a_step_are_kept_and_all_are_counted);
    tcase_add_test(tests, pools_serve_from_their_reserve_when_memory_is_gone);
    tcase_add_test(tests, failures_come_where_the_rule_says);
    tcase_add_test(tests, a_scope_frees_all_that_belongs_to_it);
    tcase_add_test(tests, a_leak_is_told_with_its_root_and_where_it_was_lost);
    tcase_add_test(tests, reports_name_the_step_whose_access_or_look_found_something);
    tcase_add_test(tests, rules_of_failures_and_empty_tables_are_told_in_full);
    tcase_add_test(tests, every_table_is_shown_and_stands_in_the_result);
    tcase_add_test(tests, a_table_can_be_cut_to_the_lines_with_a_text);
    tcase_add_test(tests, garbage_is_collected_when_asked_and_between_steps);
    tcase_add_test(tests, checks_of_all_caches_are_on_from_the_beginning);
    tcase_add_test(tests, running_without_memory_leaves_nothing_behind);
    tcase_add_test(tests, figures_have_names_of_their_own_and_read_as_text);
    suite_add_tcase(suite, tests);
    return suite;
}
