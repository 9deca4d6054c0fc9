/* Replays: what a process does with the references of a trace, against the trace itself. */
#include <unistd.h>

#include "starved.h"

enum { N_PAGES = 6, N_REFS = 4000, PAGE = 4096 };

/* A trace of N_PAGES pages, all kinds, in a file. */
static mmsim_ref refs[N_REFS];
static char path[64];

static void make_trace(void)
{
    uint32_t state = 12345;
    for (size_t i = 0; i < N_REFS; i++) {
        state = state * 1664525u + 1013904223u;
        uint32_t page = i < N_PAGES ? (uint32_t)i : (state >> 16) % N_PAGES;
        refs[i] = page << 2 | (state >> 8) % 3;
    }
    strcpy(path, "/tmp/mmsim-test-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, refs, sizeof refs), (ssize_t)sizeof refs);
    close(file);
}

static void remove_trace(void)
{
    unlink(path);
}

#define REPLAY_HEAD                                                                                \
    "mmsim: 1\nname: test\nkernel: {CONFIG_ZERO_PAGE: n}\nprocesses: [{name: p}, {name: q}]\n"     \
    "steps:\n"

/* Steps in which %s stands for the trace. */
static struct mmsim_scenario *load_steps(const char *head, const char *steps)
{
    static char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", head);
    for (const char *at = steps; *at; at++) {
        if (at[0] == '%' && at[1] == 's')
            n += (size_t)snprintf(text + n, sizeof text - n, "%s", path), at++;
        else
            text[n++] = *at;
    }
    text[n] = '\0';
    return load_text(text);
}

/* Runs to before step `stop`; nothing may have failed. */
static struct mmsim_result *run_until(const struct mmsim_scenario *scenario, uint64_t stop)
{
    struct mmsim_run_options options;
    struct mmsim_result *result = NULL;
    static struct collected text;
    mmsim_run_options_init(&options);
    options.stop_after = true;
    options.stop_step = stop;
    options.check = MMSIM_CHECK_STEP;
    ck_assert_int_eq(mmsim_scenario_run(scenario, &options, &result, NULL), MMSIM_OK);
    memset(&text, 0, sizeof text);
    struct mmsim_sink sink = {collect_text, &text};
    mmsim_result_write_json(result, &sink);
    ck_assert_msg(mmsim_result_passed(result), "%s", text.text);
    return result;
}

static void assert_passes(const char *head, const char *steps)
{
    struct mmsim_scenario *scenario = load_steps(head, steps);
    mmsim_result_destroy(run_until(scenario, UINT64_MAX));
    mmsim_scenario_destroy(scenario);
}

/* The memory at `address` is what the stores among refs[start..end) leave there. */
static void assert_memory(struct mmsim_process *process, mmsim_vaddr address, size_t start,
                          size_t end)
{
    static uint32_t expected[N_PAGES * 1024], found[N_PAGES * 1024];
    memset(expected, 0, sizeof expected);
    for (size_t i = start; i < end; i++)
        if ((refs[i] & 3) == MMSIM_KIND_STORE)
            expected[(refs[i] >> 2) * 1024 + i % 1024] = (uint32_t)i;
    struct mmsim_access access = mmsim_read(process, address, found, sizeof found);
    ck_assert_int_eq(access.outcome, MMSIM_DONE);
    ck_assert_mem_eq(found, expected, sizeof expected);
}

START_TEST(stores_of_a_trace_leave_their_number_in_their_page)
{
    static const char *const steps[] = {
        "  - {do: replay, by: p, trace: %s, as: m}\n",
        "  - {do: repeat, times: 2, steps: [{do: replay, by: p, trace: %s, as: m}]}\n",
        "  - {do: mmap, by: p, as: m, length: 6 pages, prot: rw, flags: private|anonymous}\n"
        "  - {do: replay, by: p, trace: %s, over: m}\n",
        "  - {do: parallel, quantum: 7, steps: [{do: replay, by: p, trace: %s, as: m},\n"
        "      {do: replay, by: q, trace: %s}]}\n",
        "  - {do: replay, by: p, trace: %s, as: m, limit: 1500}\n"
        "  - {do: replay, by: p, trace: %s, over: m, start: 1500}\n",
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct mmsim_scenario *scenario = load_steps(REPLAY_HEAD, steps[i]);
        struct mmsim_result *result = run_until(scenario, i == 0 ? 1 : 2);
        mmsim_vaddr address = 0;
        ck_assert(mmsim_result_address(result, "m", &address));
        assert_memory(mmsim_process_find(mmsim_result_machine(result), "p"), address, 0, N_REFS);
        mmsim_result_destroy(result);
        mmsim_scenario_destroy(scenario);
    }
}
END_TEST

START_TEST(a_part_of_a_trace_is_its_references_from_start_on)
{
    struct mmsim_scenario *scenario = load_steps(
        REPLAY_HEAD, "  - {do: replay, by: p, trace: %s, as: m, start: 1000, limit: 1k}\n"
                     "  - {do: replay, by: q, trace: %s, start: 3900, limit: 1M,\n"
                     "     expect: {references: 100}}\n");
    struct mmsim_result *result = run_until(scenario, 2);
    mmsim_vaddr address = 0;
    ck_assert(mmsim_result_address(result, "m", &address));
    assert_memory(mmsim_process_find(mmsim_result_machine(result), "p"), address, 1000, 2000);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(each_page_is_brought_in_once_where_there_is_room)
{
    assert_passes(REPLAY_HEAD, "  - {do: replay, by: p, trace: %s, as: m, limit: 3,\n"
                               "     expect: {references: 3, misses: 3, fault: minor}}\n"
                               "  - {do: replay, by: p, trace: %s, over: m, start: 3,\n"
                               "     expect: {references: 3997, misses: 3}}\n"
                               "  - {do: replay, by: p, trace: %s, over: m,\n"
                               "     expect: {references: 4000, misses: 0, fault: none}}\n"
                               "  - {do: check, that: faults.minor == 6 && process.p.rss == 6}\n");
}
END_TEST

START_TEST(the_misses_of_two_replays_by_turns_are_kept_apart)
{
    assert_passes(REPLAY_HEAD,
                  "  - do: parallel\n    quantum: 3\n    steps:\n"
                  "      - {do: replay, by: p, trace: %s, limit: 4, expect: {misses: 4}}\n"
                  "      - {do: replay, by: q, trace: %s, limit: 50, expect: {misses: 6}}\n");
}
END_TEST

/* What a machine counted while p replays, or makes the same accesses one by one. */
static void replay_by_hand(struct mmsim_process *process, mmsim_vaddr base)
{
    for (uint32_t i = 0; i < N_REFS; i++) {
        mmsim_vaddr address = base + (mmsim_vaddr)(refs[i] >> 2) * PAGE + i % 1024 * 4;
        uint32_t value = i;
        struct mmsim_access access;
        if ((refs[i] & 3) == MMSIM_KIND_LOAD)
            access = mmsim_read(process, address, &value, sizeof value);
        else if ((refs[i] & 3) == MMSIM_KIND_STORE)
            access = mmsim_write(process, address, &value, sizeof value);
        else
            access = mmsim_fetch(process, address);
        ck_assert_int_eq(access.outcome, MMSIM_DONE);
    }
}

START_TEST(a_replay_is_loads_stores_and_fetches_in_their_order)
{
    static const char *const cpus[] = {"pentium-3", "i386"};
    for (size_t i = 0; i < 2; i++) {
        char head[256];
        snprintf(head, sizeof head,
                 "mmsim: 1\nname: test\nmachine: {cpu: %s}\nkernel: {CONFIG_ZERO_PAGE: n}\n"
                 "processes: [{name: p}]\nsteps:\n"
                 "  - {do: mmap, by: p, as: m, length: 6 pages, prot: rwx, flags: "
                 "private|anonymous}\n",
                 cpus[i]);
        struct mmsim_scenario *scenario =
            load_steps(head, "  - {do: replay, by: p, trace: %s, over: m}\n");
        struct mmsim_stats replayed, by_hand;
        struct mmsim_result *result = run_until(scenario, 2);
        mmsim_machine_stats(mmsim_result_machine(result), &replayed);
        mmsim_result_destroy(result);
        result = run_until(scenario, 1);
        mmsim_vaddr address = 0;
        ck_assert(mmsim_result_address(result, "m", &address));
        replay_by_hand(mmsim_process_find(mmsim_result_machine(result), "p"), address);
        mmsim_machine_stats(mmsim_result_machine(result), &by_hand);
        ck_assert_uint_eq(replayed.cycles, by_hand.cycles);
        ck_assert_uint_eq(replayed.tlb.hits, by_hand.tlb.hits);
        ck_assert_uint_eq(replayed.tlb.misses, by_hand.tlb.misses);
        ck_assert_uint_eq(replayed.faults.minor, by_hand.faults.minor);
        mmsim_result_destroy(result);
        mmsim_scenario_destroy(scenario);
    }
}
END_TEST

START_TEST(fetches_are_loads_where_nothing_may_be_executed)
{
    assert_passes("mmsim: 1\nname: test\nmachine: {cpu: core-2, paging: pae}\n"
                  "kernel: {execute: nx}\nprocesses: [{name: p}]\nsteps:\n"
                  "  - {do: mmap, by: p, as: m, length: 6 pages, prot: rw, flags: "
                  "private|anonymous}\n",
                  "  - {do: replay, by: p, trace: %s, over: m, expect: {references: 4000}}\n"
                  "  - {do: mprotect, by: p, at: m+2 pages, length: 1 page, prot: rwx}\n"
                  "  - {do: replay, by: p, trace: %s, over: m, expect: {references: 4000}}\n"
                  "  - {do: exec, by: p, at: m, survive: true, expect: {code: SEGV_ACCERR,\n"
                  "     signal: SIGSEGV}}\n");
}
END_TEST

START_TEST(a_replay_stops_at_the_first_refusal)
{
    /* Page 2 is first touched by reference 2. */
    assert_passes(REPLAY_HEAD,
                  "  - {do: mmap, by: p, as: m, length: 6 pages, prot: rw, flags: "
                  "private|anonymous}\n"
                  "  - {do: munmap, by: p, at: m+2 pages, length: 1 page}\n"
                  "  - {do: replay, by: p, trace: %s, over: m, survive: true,\n"
                  "     expect: {signal: SIGSEGV, code: SEGV_MAPERR, address: m+8200}}\n"
                  "  - {do: mmap, by: p, as: small, length: 5 pages, prot: rw, flags: "
                  "private|anonymous}\n"
                  "  - {do: replay, by: p, trace: %s, over: small, expect: {error: EINVAL}}\n"
                  "  - {do: exit, by: p}\n"
                  "  - {do: replay, by: p, trace: %s, expect: {error: ESRCH}}\n");
}
END_TEST

START_TEST(a_mapping_that_is_too_small_is_named)
{
    struct mmsim_scenario *scenario =
        load_steps(REPLAY_HEAD, "  - {do: mmap, by: p, as: m, length: 5 pages, prot: rw, flags: "
                                "private|anonymous}\n"
                                "  - {do: replay, by: p, trace: %s, over: m}\n");
    struct mmsim_result *result = NULL;
    static struct collected text;
    memset(&text, 0, sizeof text);
    struct mmsim_sink sink = {collect_text, &text};
    ck_assert_int_eq(mmsim_scenario_run(scenario, NULL, &result, NULL), MMSIM_OK);
    ck_assert_uint_eq(mmsim_result_n_failures(result), 1);
    mmsim_result_write_json(result, &sink);
    ck_assert_ptr_nonnull(strstr(text.text, "the trace has more pages than the mapping"));
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
}
END_TEST

START_TEST(running_without_memory_leaves_nothing_behind)
{
    char text[1024];
    snprintf(text, sizeof text,
             REPLAY_HEAD "  - {do: replay, by: p, trace: %s, as: m, expect: {misses: 9}}\n"
                         "  - do: parallel\n    steps:\n"
                         "      - {do: replay, by: p, trace: %s, over: m, limit: 150}\n"
                         "      - {do: replay, by: q, trace: %s, limit: 150}\n",
             path, path, path);
    starved_run(text);
}
END_TEST

START_TEST(loading_without_memory_leaves_nothing_behind)
{
    char text[1024];
    static struct collected collected;
    snprintf(text, sizeof text,
             REPLAY_HEAD "  - {do: replay, by: p, trace: %s, as: m}\n"
                         "  - {do: parallel, steps: [{do: replay, by: q, trace: %s}]}\n",
             path, path);
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        struct mmsim_scenario *scenario = NULL;
        fail_nth_init(&fail, n, FAIL_FROM_THERE_ON);
        enum mmsim_status status = parse_text(text, NULL, &fail.allocator, &scenario, &collected);
        ck_assert_int_eq(status == MMSIM_OK, scenario != NULL);
        mmsim_scenario_destroy(scenario);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (status == MMSIM_OK)
            break;
        ck_assert_int_eq(status, MMSIM_HOST_MEMORY);
    }
}
END_TEST

Suite *test_replay_suite(void);

Suite *test_replay_suite(void)
{
    Suite *suite = suite_create("replay");
    TCase *tests = tcase_create("replay");
    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, make_trace, remove_trace);
    tcase_add_test(tests, stores_of_a_trace_leave_their_number_in_their_page);
    tcase_add_test(tests, a_part_of_a_trace_is_its_references_from_start_on);
    tcase_add_test(tests, each_page_is_brought_in_once_where_there_is_room);
    tcase_add_test(tests, the_misses_of_two_replays_by_turns_are_kept_apart);
    tcase_add_test(tests, a_replay_is_loads_stores_and_fetches_in_their_order);
    tcase_add_test(tests, fetches_are_loads_where_nothing_may_be_executed);
    tcase_add_test(tests, a_replay_stops_at_the_first_refusal);
    tcase_add_test(tests, a_mapping_that_is_too_small_is_named);
    tcase_add_test(tests, running_without_memory_leaves_nothing_behind);
    tcase_add_test(tests, loading_without_memory_leaves_nothing_behind);
    suite_add_tcase(suite, tests);
    return suite;
}
