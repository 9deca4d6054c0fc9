/* Runs: what steps do to the machine, what is judged, how a run ends. */
#include "starved.h"

struct watched {
    unsigned n, n_matter, n_failed, n_walks;
    char texts[1 << 14];
    char failure[512];
    struct mmsim_walk walk;
};

static void watch(void *user, const struct mmsim_step_report *report)
{
    struct watched *watched = user;
    ck_assert_uint_eq(report->index, watched->n);
    ck_assert_int_eq(report->failed, report->failure != NULL);
    watched->n++;
    watched->n_matter += report->matters;
    watched->n_failed += report->failed;
    strncat(watched->texts, report->text, 300);
    strcat(watched->texts, "\n");
    if (report->failed)
        snprintf(watched->failure, sizeof watched->failure, "%s", report->failure);
    if (report->walk) {
        watched->n_walks++;
        watched->walk = *report->walk;
    }
}

static struct watched watched;

/* Runs; the machine is checked after every call. */
static struct mmsim_result *run(const struct mmsim_scenario *scenario)
{
    struct mmsim_run_options options;
    struct mmsim_result *result = NULL;
    struct mmsim_error error = {0};
    mmsim_run_options_init(&options);
    options.check = MMSIM_CHECK_EVERY;
    options.on_step = watch;
    options.user = &watched;
    memset(&watched, 0, sizeof watched);
    enum mmsim_status status = mmsim_scenario_run(scenario, &options, &result, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    ck_assert_uint_eq(watched.n, mmsim_result_n_steps(result));
    return result;
}

static void assert_passes(const char *text)
{
    struct mmsim_scenario *scenario = load_text(text);
    struct mmsim_result *result = run(scenario);
    ck_assert_msg(mmsim_result_passed(result), "%s", watched.failure);
    ck_assert_uint_eq(mmsim_result_n_failures(result), 0);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}

/* Exactly one step fails, and says so with `part`. */
static void assert_fails(const char *text, const char *part)
{
    struct mmsim_scenario *scenario = load_text(text);
    struct mmsim_result *result = run(scenario);
    ck_assert_uint_eq(mmsim_result_n_failures(result), 1);
    ck_assert_uint_eq(watched.n_failed, 1);
    ck_assert_msg(strstr(watched.failure, part), "%s", watched.failure);
    ck_assert(!mmsim_result_passed(result));
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}

START_TEST(the_scenario_of_the_documentation_behaves_as_it_says)
{
    assert_passes(
        HEAD
        "  - {do: mmap,  by: p, as: buf, length: 16 pages, prot: rw, flags: private|anonymous,\n"
        "     expect: {address: 0x40000000}}\n"
        "  - {do: write, by: p, at: buf, value: 0x1234, expect: {fault: minor}}\n"
        "  - {do: fork,  by: p, as: child}\n"
        "  - {do: write, by: child, at: buf, value: 7, expect: {fault: cow}}\n"
        "  - {do: read,  by: p, at: buf, expect: {value: 0x1234, fault: none}}\n"
        "  - {do: read,  by: p, at: buf+16 pages, survive: true,\n"
        "     expect: {signal: SIGSEGV, code: SEGV_MAPERR, address: 0x40010000}}\n"
        "  - {do: access, by: child, over: buf, pattern: zipf, theta: 0.99, count: 100k, "
        "writes: 20%}\n"
        "  - {do: repeat, times: 3, steps: [{do: write, by: child, at: buf, value: 1}]}\n"
        "  - {do: check, that: \"faults.cow == 1 && process.child.rss <= 16\"}\n");
    ck_assert_uint_eq(watched.n, 11);
}
END_TEST

START_TEST(bytes_written_are_read_back_across_pages)
{
    assert_passes(HEAD MMAP "  - {do: write, by: p, at: buf+4093, bytes: across}\n"
                            "  - {do: read, by: p, at: buf+4093, expect: {bytes: across}}\n"
                            "  - {do: write, by: p, at: buf, value: 0x1122334455667788, size: 8}\n"
                            "  - {do: read, by: p, at: buf, size: 1, expect: {value: 0x88}}\n"
                            "  - {do: read, by: p, at: buf+6, size: 2, expect: {value: 0x1122}}\n"
                            "  - {do: fill, by: p, at: buf+3, length: 9000, value: 255}\n"
                            "  - {do: compare, by: p, at: buf+3, length: 9000, value: 255}\n"
                            "  - {do: read, by: p, at: buf+9003, size: 1, expect: {value: 0}}\n"
                            "  - {do: read, by: p, at: buf+2, size: 1, expect: {value: 0x66}}\n"
                            "  - {do: fill, by: p, at: buf, length: 0, value: 9}\n");
}
END_TEST

static const struct {
    const char *step, *part;
} failing[] = {
    {"{do: read, by: p, at: buf, expect: {value: 3}}", "expected value 3, but got value 0"},
    {"{do: read, by: p, at: buf, expect: {bytes: abc}}",
     "expected bytes 0x616263 (\"abc\"), but got bytes 0x000000"},
    {"{do: read, by: p, at: buf, expect: {fault: cow}}", "expected fault cow, but got fault minor"},
    {"{do: read, by: p, at: buf, expect: {error: ESRCH}}", "expected error ESRCH, but got ok"},
    {"{do: read, by: p, at: 0x10000000}", "no mapping at that address"},
    {"{do: read, by: p, at: 0x10000000, survive: true, expect: {signal: SIGBUS}}",
     "expected signal SIGBUS, but got signal SIGSEGV SEGV_MAPERR at 0x10000000"},
    {"{do: read, by: p, at: 0x10000001, survive: true, expect: {signal: SIGSEGV, address: buf}}",
     "expected address 0x40000000, but got address 0x10000001"},
    {"{do: compare, by: p, at: buf, length: 1 page, value: 1}", "byte 0x01 at offset 0"},
    {"{do: check, that: process.p.mapped == 5}", "process.p.mapped = 4"},
    {"{do: mmap, by: p, length: 0, prot: r, flags: private|anonymous}", "error EINVAL (length 0)"},
    {"{do: mmap, by: kernel, length: 1, prot: r, flags: private|anonymous}", "error EPERM"},
    {"{do: mmap, by: p, length: 1, prot: r, flags: private}",
     "(flags need anonymous, or the step a file)"},
    {"{do: mmap, by: p, at: 0x10000001, length: 1, prot: r, flags: private|anonymous|fixed}",
     "error EINVAL (the address is not page-aligned)"},
    {"{do: mmap, by: p, at: 4096, length: 1, prot: r, flags: private|anonymous|fixed}",
     "error ENOMEM (outside 0x10000000-0xBFFFFFFF)"},
    {"{do: mmap, by: p, length: 4GiB, prot: r, flags: private|anonymous}", "longer than all of"},
    {"{do: mmap, by: p, at: buf, length: 1, prot: r, flags: private|anonymous|fixed-noreplace}",
     "error EEXIST (something is mapped there)"},
    {"{do: munmap, by: p, at: 0xBFFFF000, length: 2 pages}", "error EINVAL (beyond 0xBFFFFFFF)"},
    {"{do: mprotect, by: p, at: buf, length: 5 pages, prot: r}",
     "error ENOMEM (a part of the range is not mapped)"},
    {"{do: check, that: process.p.mapped * 4096 == 16KiB}",
     "process.p.mapped * 4096 = 64MiB, not == 16KiB; process.p.mapped = 4 pages"},
    {"{do: check, that: 2 * process.p.mapped > memory.frames - 1}",
     "2 * process.p.mapped = 8 pages, not > 16383 pages = memory.frames - 1"},
    {"{do: check, that: \"!(process.p.mapped == 4)\"}", "because process.p.mapped = 4 pages"},
    {"{do: walk, by: p, at: buf, expect: {present: true}}", "expected present true"},
    {"{do: walk, by: p, at: buf, expect: {accessed: true, dirty: true}}",
     "expected accessed true, dirty true, but got accessed false, dirty false"},
    {"{do: read, by: p, at: buf+0xFFFFFFFF}", "beyond 0xffffffff"},
    {"{do: read, by: p, at: buf-0xFFFFFFFF}", "beyond 0xffffffff"},
    {"{do: read, by: kernel, at: 0xC0000000}", "error EFAULT at 0xc0000000"},
};

START_TEST(what_is_not_as_expected_is_a_failure)
{
    char text[1024];
    snprintf(text, sizeof text, HEAD MMAP "  - %s\n  - {do: note, text: and on}\n",
             failing[_i].step);
    assert_fails(text, failing[_i].part);
    ck_assert_uint_eq(watched.n, 3);
}
END_TEST

START_TEST(expected_refusals_are_no_failures)
{
    assert_passes(HEAD MMAP "  - {do: mprotect, by: p, at: buf, length: 1 page, prot: r}\n"
                            "  - {do: write, by: p, at: buf+8, value: 1, survive: true,\n"
                            "     expect: {signal: SIGSEGV, code: SEGV_ACCERR, address: buf+8,\n"
                            "              fault: protection}}\n"
                            "  - {do: munmap, by: p, at: buf, length: 4 pages}\n"
                            "  - {do: exec, by: p, at: buf, survive: true,\n"
                            "     expect: {signal: SIGSEGV, code: SEGV_MAPERR}}\n"
                            "  - {do: fill, by: kernel, at: 0xFFFFF000, length: 4 GiB, value: 1,\n"
                            "     expect: {error: EFAULT, address: 0xFFFFF000}}\n"
                            "  - {do: munmap, by: p, at: 1, length: 1, expect: {error: EINVAL}}\n"
                            "  - {do: write, by: p, at: 0, value: 1, expect: {signal: SIGSEGV}}\n"
                            "  - {do: read, by: p, at: buf, expect: {error: ESRCH}}\n"
                            "  - {do: exit, by: p, expect: {error: ESRCH}}\n"
                            "  - {do: walk, by: p, at: buf, expect: {error: ESRCH}}\n"
                            "  - {do: fork, by: p, as: orphan, expect: {error: ESRCH}}\n"
                            "  - {do: read, by: orphan, at: buf, expect: {error: ESRCH}}\n");
}
END_TEST

START_TEST(a_failed_binding_fails_whoever_uses_it)
{
    assert_fails(HEAD MMAP "  - {do: mmap, by: p, as: buf, length: 0, prot: r,\n"
                           "     flags: private|anonymous, expect: {error: EINVAL}}\n"
                           "  - {do: access, by: p, over: buf, pattern: loop, count: 1}\n",
                 "buf, which is not bound");
}
END_TEST

START_TEST(a_check_on_a_process_that_was_never_made_is_false)
{
    assert_fails(HEAD "  - {do: exit, by: p}\n"
                      "  - {do: fork, by: p, as: child, expect: {error: ESRCH}}\n"
                      "  - {do: check, that: process.child.rss == 0}\n",
                 "process.child.rss is unknown");
}
END_TEST

START_TEST(names_are_plain_addresses_for_every_process)
{
    assert_passes("mmsim: 1\nname: x\nprocesses: [{name: p}, {name: q}]\nsteps:\n" MMAP
                  "  - {do: write, by: p, at: buf, value: 5}\n"
                  "  - {do: read, by: q, at: buf, survive: true, expect: {signal: SIGSEGV}}\n"
                  "  - {do: mmap, by: q, as: mine, length: 1 page, prot: rw, "
                  "flags: private|anonymous, expect: {address: buf}}\n"
                  "  - {do: read, by: q, at: buf, expect: {value: 0}}\n");
}
END_TEST

START_TEST(steps_run_on_the_cpu_they_name)
{
    assert_passes("mmsim: 1\nname: x\nmachine: {cpus: 3}\nprocesses: [{name: p}]\nsteps:\n" MMAP
                  "  - {do: write, by: p, at: buf, value: 1, on: 2}\n"
                  "  - {do: read, by: p, at: buf, expect: {value: 1}}\n"
                  "  - {do: spawn, name: q, on: 1}\n"
                  "  - {do: switch, by: q}\n"
                  "  - {do: repeat, times: 2, on: 1, steps: [{do: read, by: p, at: buf}]}\n");
    ck_assert_ptr_nonnull(strstr(watched.texts, "on CPU 1"));
}
END_TEST

START_TEST(accesses_follow_their_pattern)
{
    assert_passes(HEAD MMAP
                  "  - {do: access, by: p, over: buf, pattern: sequential, count: 1024, "
                  "writes: 100%}\n"
                  "  - {do: read, by: p, at: buf+4092, expect: {value: 1023}}\n"
                  "  - {do: check, that: process.p.rss == 1}\n"
                  "  - {do: access, by: p, over: buf, pattern: loop, count: 4, writes: 100%}\n"
                  "  - {do: read, by: p, at: buf+12300, expect: {value: 3}}\n"
                  "  - {do: check, that: process.p.rss == 4 pages}\n");
}
END_TEST

START_TEST(an_access_stops_at_the_first_refusal)
{
    assert_passes(HEAD MMAP "  - {do: munmap, by: p, at: buf+2 pages, length: 1 page}\n"
                            "  - {do: access, by: p, over: buf, pattern: stride, count: 1M,\n"
                            "     writes: 100%, survive: true,\n"
                            "     expect: {signal: SIGSEGV, address: buf+2 pages}}\n"
                            "  - {do: check, that: process.p.rss == 2}\n");
    ck_assert_uint_eq(watched.n_walks, 1);
    ck_assert_uint_eq(watched.walk.request.access, MMSIM_ACCESS_WRITE);
    ck_assert_uint_eq(watched.walk.request.address, 0x40002000);
}
END_TEST

START_TEST(a_refused_access_is_explained_even_when_its_process_dies)
{
    assert_passes(HEAD MMAP
                  "  - {do: mprotect, by: p, at: buf, length: 1 page, prot: r}\n"
                  "  - {do: read, by: p, at: buf}\n"
                  "  - {do: write, by: p, at: buf, value: 1, expect: {signal: SIGSEGV}}\n"
                  "  - {do: read, by: kernel, at: 0xC0000000, expect: {error: EFAULT}}\n");
    ck_assert_uint_eq(watched.n_walks, 2);
    ck_assert_ptr_nonnull(strstr(watched.texts, "process dies"));
    ck_assert_uint_eq(watched.walk.request.privilege, MMSIM_PRIVILEGE_SUPERVISOR);
}
END_TEST

START_TEST(walks_change_nothing)
{
    assert_passes(HEAD MMAP "  - {do: walk, by: p, at: buf, expect: {present: false}}\n"
                            "  - {do: read, by: p, at: buf}\n"
                            "  - {do: walk, by: p, at: buf, access: w,\n"
                            "     expect: {present: true, accessed: true, dirty: false}}\n"
                            "  - {do: write, by: p, at: buf, value: 1}\n"
                            "  - {do: walk, by: p, at: buf, expect: {present: true, dirty: true}}\n"
                            "  - {do: check, that: faults.minor == 2 && faults.protection == 0}\n");
    ck_assert_uint_eq(watched.n_walks, 3);
}
END_TEST

START_TEST(only_the_first_turn_of_a_repeat_matters_to_people)
{
    assert_passes(HEAD "  - {do: repeat, times: 50, steps: [{do: note, text: x}]}\n");
    ck_assert_uint_eq(watched.n, 50);
    ck_assert_uint_eq(watched.n_matter, 1);
}
END_TEST

START_TEST(a_run_can_stop_after_some_steps)
{
    struct mmsim_scenario *scenario = load_text(
        HEAD MMAP "  - {do: repeat, times: 9, steps: [{do: write, by: p, at: buf, value: 1}]}\n");
    for (uint64_t stop = 0; stop < 12; stop++) {
        struct mmsim_run_options options;
        struct mmsim_result *result = NULL;
        mmsim_run_options_init(&options);
        options.stop_after = true;
        options.stop_step = stop;
        ck_assert_int_eq(mmsim_scenario_run(scenario, &options, &result, NULL), MMSIM_OK);
        ck_assert_uint_eq(mmsim_result_n_steps(result), stop < 10 ? stop : 10);
        struct mmsim_process *p = mmsim_process_find(mmsim_result_machine(result), "p");
        ck_assert(mmsim_process_alive(p));
        mmsim_vaddr address = 0;
        ck_assert_int_eq(mmsim_result_address(result, "buf", &address), stop > 0);
        ck_assert_uint_eq(address, stop > 0 ? 0x40000000 : 0);
        ck_assert(!mmsim_result_address(result, "p", &address));
        ck_assert(!mmsim_result_address(result, "other", &address));
        mmsim_result_destroy(result);
    }
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(a_whole_run_exits_every_process)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD MMAP "  - {do: fill, by: p, at: buf, length: 4 pages, value: 1}\n"
                            "  - {do: fork, by: p, as: q}\n");
    struct mmsim_result *result = run(scenario);
    struct mmsim_machine *machine = mmsim_result_machine(result);
    struct mmsim_stats stats;
    mmsim_machine_stats(machine, &stats);
    ck_assert_uint_eq(stats.memory.user, 0);
    ck_assert(!mmsim_process_alive(mmsim_process_find(machine, "p")));
    ck_assert(!mmsim_process_alive(mmsim_process_find(machine, "q")));
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

/* Somebody who changes a page-table entry behind the kernel's back. */
struct vandal {
    struct mmsim_machine *machine;
    mmsim_paddr address;
    uint32_t entry; /* as it was */
};

static void meet(void *user, struct mmsim_machine *machine)
{
    ((struct vandal *)user)->machine = machine;
}

static void spoil(void *user, const struct mmsim_step_report *report)
{
    struct vandal *vandal = user;
    if (report->index != 1)
        return;
    struct mmsim_walk walk;
    mmsim_explain(mmsim_process_find(vandal->machine, "p"), 0x40000000, MMSIM_ACCESS_READ, &walk);
    uint32_t nothing = 0;
    vandal->address = walk.steps[1].entry_address;
    vandal->entry = (uint32_t)walk.steps[1].value;
    mmsim_physical_write(vandal->machine, vandal->address, &nothing, sizeof nothing);
}

START_TEST(a_violated_invariant_ends_the_run)
{
    struct mmsim_scenario *scenario =
        load_text(HEAD MMAP "  - {do: write, by: p, at: buf, value: 1}\n"
                            "  - {do: note, text: here the checker looks}\n"
                            "  - {do: note, text: never}\n");
    struct vandal vandal = {.machine = NULL};
    struct mmsim_run_options options;
    struct mmsim_result *result = NULL;
    struct mmsim_error error = {0};
    mmsim_run_options_init(&options);
    options.check = MMSIM_CHECK_STEP;
    options.on_machine = meet;
    options.on_step = spoil;
    options.user = &vandal;
    ck_assert_int_eq(mmsim_scenario_run(scenario, &options, &result, &error), MMSIM_INVARIANT);
    ck_assert_ptr_nonnull(result);
    ck_assert_uint_eq(mmsim_result_n_steps(result), 3);
    ck_assert(!mmsim_result_passed(result));
    ck_assert_uint_gt(strlen(error.text), 10);
    mmsim_physical_write(vandal.machine, vandal.address, &vandal.entry, sizeof vandal.entry);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(running_without_memory_leaves_nothing_behind)
{
    static const char text[] =
        "mmsim: 1\nname: x\nmachine: {ram: 2MiB}\nprocesses: [{name: p}]\nsteps:\n" MMAP
        "  - {do: fork, by: p, as: child}\n"
        "  - {do: write, by: child, at: buf, bytes: hello}\n"
        "  - {do: read, by: child, at: buf, expect: {bytes: hellO}}\n"
        "  - {do: access, by: p, over: buf, pattern: zipf, count: 5000, writes: 50%}\n"
        "  - {do: check, that: faults.cow == 99}\n";
    starved_run(text);
}
END_TEST

Suite *test_runner_suite(void);

Suite *test_runner_suite(void)
{
    Suite *suite = suite_create("runner");
    TCase *tests = tcase_create("runner");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, the_scenario_of_the_documentation_behaves_as_it_says);
    tcase_add_test(tests, bytes_written_are_read_back_across_pages);
    tcase_add_loop_test(tests, what_is_not_as_expected_is_a_failure, 0,
                        sizeof failing / sizeof *failing);
    tcase_add_test(tests, expected_refusals_are_no_failures);
    tcase_add_test(tests, a_failed_binding_fails_whoever_uses_it);
    tcase_add_test(tests, a_check_on_a_process_that_was_never_made_is_false);
    tcase_add_test(tests, names_are_plain_addresses_for_every_process);
    tcase_add_test(tests, steps_run_on_the_cpu_they_name);
    tcase_add_test(tests, accesses_follow_their_pattern);
    tcase_add_test(tests, an_access_stops_at_the_first_refusal);
    tcase_add_test(tests, a_refused_access_is_explained_even_when_its_process_dies);
    tcase_add_test(tests, walks_change_nothing);
    tcase_add_test(tests, only_the_first_turn_of_a_repeat_matters_to_people);
    tcase_add_test(tests, a_run_can_stop_after_some_steps);
    tcase_add_test(tests, a_whole_run_exits_every_process);
    tcase_add_test(tests, a_violated_invariant_ends_the_run);
    tcase_add_test(tests, running_without_memory_leaves_nothing_behind);
    suite_add_tcase(suite, tests);
    return suite;
}
