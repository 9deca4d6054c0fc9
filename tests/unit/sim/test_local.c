/*
 * test_local.c - local replacement: who may have how many frames, whose pages go; limits; load
 * control.
 */
#include "pager_kit.h"

static struct mmsim_machine *local_machine(struct pager_config *given, uint64_t frames,
                                           enum mmsim_allocation allocation)
{
    pager_config_init(given, frames, 256);
    given->config.pager.scope = MMSIM_SCOPE_LOCAL;
    given->config.pager.allocation = allocation;
    given->config.pager.policy = "lru";
    given->config.pager.view = MMSIM_VIEW_REFERENCES;
    given->config.check = MMSIM_CHECK_STEP;
    return kit_build(&given->config);
}

static void loop(struct mmsim_process *process, mmsim_vaddr at, uint64_t n_pages, int rounds)
{
    for (int round = 0; round < rounds; round++)
        for (uint64_t i = 0; i < n_pages; i++)
            kit_read(process, at + i * KIT_PAGE);
}

START_TEST(a_greedy_process_takes_frames_of_others_under_global_replacement_only)
{
    for (int scope = 0; scope < MMSIM_N_SCOPES; scope++) {
        struct pager_config given;
        pager_config_init(&given, 20, 256);
        given.config.pager.scope = (enum mmsim_replacement_scope)scope;
        struct mmsim_machine *machine = kit_build(&given.config);
        struct mmsim_process *quiet = kit_spawn(machine, "quiet");
        struct mmsim_process *greedy = kit_spawn(machine, "greedy");
        mmsim_vaddr q = kit_map(quiet, 8), g = kit_map(greedy, 60);
        pager_fill(quiet, q, 8, 1);
        pager_fill(greedy, g, 60, 2);
        ck_assert_uint_eq(kit_rss(quiet), scope == MMSIM_SCOPE_LOCAL ? 8 : 0);
        ck_assert_uint_le(kit_rss(greedy), scope == MMSIM_SCOPE_LOCAL ? 12 : 20);
        pager_expect(quiet, q, 8, 1);
        pager_expect(greedy, g, 60, 2);
        kit_end(machine);
    }
}
END_TEST

START_TEST(equal_shares_are_what_fixed_allocation_gives)
{
    struct pager_config given;
    struct mmsim_machine *machine = local_machine(&given, 30, MMSIM_ALLOCATION_FIXED);
    struct mmsim_process *processes[3];
    mmsim_vaddr at[3];
    for (unsigned i = 0; i < 3; i++) {
        processes[i] = kit_spawn(machine, (const char *[]){"a", "b", "c"}[i]);
        at[i] = kit_map(processes[i], 40);
    }
    for (unsigned i = 0; i < 3; i++)
        pager_fill(processes[i], at[i], 40, i);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq(kit_rss(processes[i]), 10);
    mmsim_process_limit_frames(processes[0], 4);
    pager_expect(processes[0], at[0], 40, 0);
    ck_assert_uint_eq(kit_rss(processes[0]), 4);
    mmsim_exit(processes[1], 0);
    pager_expect(processes[2], at[2], 40, 2);
    ck_assert_uint_eq(kit_rss(processes[2]), 15);
    kit_end(machine);
}
END_TEST

START_TEST(proportional_shares_follow_the_size_of_mappings)
{
    struct pager_config given;
    struct mmsim_machine *machine = local_machine(&given, 30, MMSIM_ALLOCATION_PROPORTIONAL);
    struct mmsim_process *small = kit_spawn(machine, "small"), *large = kit_spawn(machine, "large");
    mmsim_vaddr s = kit_map(small, 40), l = kit_map(large, 80);
    pager_fill(small, s, 40, 1);
    pager_fill(large, l, 80, 2);
    ck_assert_uint_eq(kit_rss(small), 10);
    ck_assert_uint_eq(kit_rss(large), 20);
    pager_expect(small, s, 40, 1);
    pager_expect(large, l, 80, 2);
    kit_end(machine);
}
END_TEST

START_TEST(working_set_allocation_follows_what_a_process_uses)
{
    struct pager_config given;
    pager_config_init(&given, 40, 256);
    struct mmsim_machine *machine;
    given.config.pager.window = 200;
    given.config.pager.scope = MMSIM_SCOPE_LOCAL;
    given.config.pager.allocation = MMSIM_ALLOCATION_WORKING_SET;
    given.config.pager.policy = "lru";
    given.config.pager.view = MMSIM_VIEW_REFERENCES;
    machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 60);
    loop(process, at, 30, 10);
    for (unsigned i = 0; i < 30; i++)
        kit_write(process, at + i * KIT_PAGE, i + 1);
    loop(process, at, 30, 10);
    ck_assert_uint_eq(kit_rss(process), 30);
    for (unsigned i = 30; i < 40; i++) /* a smaller locality, and a fault now and then */
        for (int round = 0; round < 100; round++) {
            kit_write(process, at + i * KIT_PAGE, i);
            loop(process, at, 3, 1);
        }
    ck_assert_uint_le(kit_rss(process), 10);
    ck_assert_uint_ge(kit_rss(process), 4);
    kit_end(machine);
}
END_TEST

START_TEST(fault_frequency_gives_frames_to_who_faults_often_and_takes_them_when_faults_are_rare)
{
    struct pager_config given;
    pager_config_init(&given, 60, 256);
    given.config.pager.threshold = 50;
    given.config.pager.scope = MMSIM_SCOPE_LOCAL;
    given.config.pager.allocation = MMSIM_ALLOCATION_PFF;
    given.config.pager.policy = "lru";
    given.config.pager.view = MMSIM_VIEW_REFERENCES;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 60);
    pager_fill(process, at, 40, 1); /* a fault every other reference */
    ck_assert_uint_eq(kit_rss(process), 40);
    loop(process, at, 5, 40); /* 200 references without a fault */
    pager_store(process, at, 50, 1);
    ck_assert_uint_eq(kit_rss(process), 7); /* those five, the page of the fault before, and this */
    pager_expect(process, at, 40, 1);
    kit_end(machine);
}
END_TEST

START_TEST(a_limit_holds_whatever_the_scope_and_others_keep_their_frames)
{
    for (int scope = 0; scope < MMSIM_N_SCOPES; scope++) {
        struct pager_config given;
        pager_config_init(&given, 30, 256);
        given.config.pager.scope = (enum mmsim_replacement_scope)scope;
        struct mmsim_machine *machine = kit_build(&given.config);
        struct mmsim_process *limited = kit_spawn(machine, "limited");
        struct mmsim_process *other = kit_spawn(machine, "other");
        mmsim_vaddr l = kit_map(limited, 40), o = kit_map(other, 12);
        pager_fill(limited, l, 12, 1);
        mmsim_process_limit_frames(limited, 5);
        pager_fill(other, o, 12, 2);
        pager_fill(limited, l, 40, 1);
        ck_assert_uint_eq(kit_rss(limited), 5);
        ck_assert_uint_eq(kit_rss(other), 12);
        mmsim_process_limit_frames(limited, 1);
        pager_expect(limited, l, 40, 1);
        ck_assert_uint_eq(kit_rss(limited), 1);
        mmsim_process_limit_frames(limited, 0);
        pager_expect(limited, l, 10, 1);
        ck_assert_uint_ge(kit_rss(limited), 10);
        mmsim_exit(limited, 0);
        pager_expect(other, o, 12, 2);
        kit_end(machine);
    }
}
END_TEST

/* All frames are in use, and who needs one has a limit that it is far from. */
START_TEST(under_global_replacement_who_has_a_limit_does_not_pay_alone)
{
    struct pager_config given;
    pager_config_init(&given, 20, 256);
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *limited = kit_spawn(machine, "limited");
    struct mmsim_process *other = kit_spawn(machine, "other");
    mmsim_vaddr l = kit_map(limited, 10), o = kit_map(other, 40);
    mmsim_process_limit_frames(limited, 10);
    pager_fill(limited, l, 1, 1);
    pager_fill(other, o, 40, 2);
    pager_fill(limited, l, 8, 1);
    ck_assert_uint_eq(kit_rss(limited), 8);
    ck_assert_uint_eq(kit_rss(other), 12);
    kit_end(machine);
}
END_TEST

/* A limit that is smaller than what one access needs is exceeded, not deadly. */
START_TEST(a_limit_of_one_frame_lets_an_access_over_two_pages_through)
{
    const struct mmsim_policy_ops *policy;
    for (size_t i = 0; (policy = mmsim_policy_at(i)) != NULL; i++) {
        struct pager_config given;
        pager_config_init(&given, 20, 64);
        given.config.pager.policy_ops = policy;
        if (policy->flags & MMSIM_POLICY_STUDY_ONLY)
            continue;
        struct mmsim_machine *machine = kit_build(&given.config);
        struct mmsim_process *process = kit_spawn(machine, "p");
        mmsim_process_limit_frames(process, 1);
        mmsim_vaddr at = kit_map(process, 6);
        pager_fill(process, at, 6, 1);
        uint64_t both = 5;
        for (unsigned page = 1; page < 6; page++)
            ck_assert_int_eq(mmsim_write(process, at + page * KIT_PAGE - 4, &both, 8).outcome,
                             MMSIM_DONE);
        kit_end(machine);
    }
}
END_TEST

/* ---- load control ---- */

/* Two processes take turns, each with a loop of 12 pages; returns the faults they took. */
static uint64_t run_both(bool load_control, struct pager_events *events)
{
    struct pager_config given;
    pager_config_init(&given, 16, 256);
    given.config.pager.policy = "lru";
    given.config.pager.load_control = load_control;
    given.config.pager.window = 400;
    given.config.check = MMSIM_CHECK_STEP;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *both[] = {kit_spawn(machine, "older"), kit_spawn(machine, "younger")};
    mmsim_vaddr at[] = {kit_map(both[0], 12), kit_map(both[1], 12)};
    pager_listen(machine, events);
    unsigned n_turns[2] = {0, 0};
    for (unsigned turn = 0; n_turns[0] < 300 || n_turns[1] < 300; turn++) {
        unsigned who = turn % 2;
        bool other_is_done = n_turns[1 - who] >= 300;
        if (n_turns[who] >= 300 || (mmsim_process_is_suspended(both[who]) && !other_is_done))
            continue;
        for (unsigned i = 0; i < 12; i++)
            kit_write(both[who], at[who] + i * KIT_PAGE, turn);
        n_turns[who]++;
    }
    uint64_t n_faults = kit_stats(machine).faults.major;
    kit_check(machine);
    kit_end(machine);
    return n_faults;
}

START_TEST(load_control_suspends_the_younger_one_and_both_finish_with_fewer_faults)
{
    struct pager_events without, with;
    uint64_t faults_without = run_both(false, &without);
    uint64_t faults_with = run_both(true, &with);
    ck_assert_uint_eq(without.n[MMSIM_EVENT_SUSPEND], 0);
    ck_assert_uint_ge(with.n[MMSIM_EVENT_SUSPEND], 1);
    ck_assert_uint_eq(with.n[MMSIM_EVENT_RESUME], with.n[MMSIM_EVENT_SUSPEND]);
    ck_assert_uint_gt(without.n[MMSIM_EVENT_THRASHING], 0);
    ck_assert_uint_gt(faults_without, 5000);
    ck_assert_uint_lt(faults_with, faults_without / 10);
}
END_TEST

START_TEST(a_suspended_process_has_no_frames_and_goes_on_when_it_has_to)
{
    struct pager_config given;
    pager_config_init(&given, 16, 256);
    given.config.pager.load_control = true;
    given.config.pager.window = 400;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *both[] = {kit_spawn(machine, "older"), kit_spawn(machine, "younger")};
    mmsim_vaddr at[] = {kit_map(both[0], 12), kit_map(both[1], 12)};
    unsigned turn = 0;
    for (; turn < 200 && !mmsim_process_is_suspended(both[turn % 2]); turn++)
        pager_fill(both[turn % 2], at[turn % 2], 12, turn % 2);
    struct mmsim_process *waits = both[turn % 2];
    ck_assert(mmsim_process_is_suspended(waits));
    ck_assert(!mmsim_process_is_suspended(both[1 - turn % 2]));
    ck_assert_uint_eq(kit_rss(waits), 0);
    pager_expect(waits, at[turn % 2], 12, turn % 2); /* it is run: so it has to */
    ck_assert(!mmsim_process_is_suspended(waits));
    kit_end(machine);
}
END_TEST

static void add_all(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_greedy_process_takes_frames_of_others_under_global_replacement_only);
    tcase_add_test(tests, equal_shares_are_what_fixed_allocation_gives);
    tcase_add_test(tests, proportional_shares_follow_the_size_of_mappings);
    tcase_add_test(tests, working_set_allocation_follows_what_a_process_uses);
    tcase_add_test(
        tests,
        fault_frequency_gives_frames_to_who_faults_often_and_takes_them_when_faults_are_rare);
    tcase_add_test(tests, a_limit_holds_whatever_the_scope_and_others_keep_their_frames);
    tcase_add_test(tests, under_global_replacement_who_has_a_limit_does_not_pay_alone);
    tcase_add_test(tests, a_limit_of_one_frame_lets_an_access_over_two_pages_through);
    tcase_add_test(tests, load_control_suspends_the_younger_one_and_both_finish_with_fewer_faults);
    tcase_add_test(tests, a_suspended_process_has_no_frames_and_goes_on_when_it_has_to);
}

Suite *test_local_suite(void);
Suite *test_local_suite(void)
{
    Suite *suite = suite_create("local replacement");
    kit_add_modes(suite, add_all);
    return suite;
}
