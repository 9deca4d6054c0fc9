/*
 * test_swap_errors.c - requests of swap that fail: who notices, and what is lost.
 */
#include "pager_kit.h"

static uint64_t let_fail(struct mmsim_machine *machine, enum mmsim_fail_what what, uint64_t nth,
                         uint64_t every)
{
    struct mmsim_fail rules = {.nth = nth, .every = every};
    return mmsim_fail_set(machine, what, &rules);
}

START_TEST(who_wants_a_page_that_cannot_be_read_gets_sigbus_and_nobody_else_notices)
{
    struct mmsim_machine *machine = pager_machine(6, 64);
    struct mmsim_process *one = kit_spawn(machine, "one"), *two = kit_spawn(machine, "two");
    mmsim_vaddr a = kit_map(one, 10), b = kit_map(two, 10);
    struct pager_events events;
    pager_fill(one, a, 10, 1);
    pager_fill(two, b, 10, 2);
    pager_listen(machine, &events);
    ck_assert_int_eq(pager_kind(one, a, 3), MMSIM_PAGE_SWAP);
    let_fail(machine, MMSIM_FAIL_SWAP_READS, 1, 0);
    uint32_t word;
    struct mmsim_access access = mmsim_read(one, a + 3 * KIT_PAGE + 16, &word, 4);
    ck_assert_int_eq(access.outcome, MMSIM_SIGNAL);
    ck_assert_int_eq(access.signal, MMSIM_SIGBUS);
    ck_assert_int_eq(access.code, MMSIM_BUS_ADRERR);
    ck_assert_uint_eq(access.address, a + 3 * KIT_PAGE + 16);
    ck_assert(!mmsim_process_alive(one));
    ck_assert_uint_eq(pager_swap(machine).read_errors, 1);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_SWAP_ERROR], 1);
    pager_expect(two, b, 10, 2);
    ck_assert_uint_eq(pager_swap(machine).bad, 0);
    kit_end(machine);
}
END_TEST

START_TEST(who_survives_may_try_again)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_vaddr at = kit_map(process, 10);
    pager_fill(process, at, 10, 1);
    let_fail(machine, MMSIM_FAIL_SWAP_READS, 0, 1);
    uint32_t word;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(mmsim_read(process, at, &word, 4).signal, MMSIM_SIGBUS);
    ck_assert_int_eq(kit_write(process, at, 1).signal, MMSIM_SIGBUS);
    ck_assert_uint_eq(let_fail(machine, MMSIM_FAIL_SWAP_READS, 0, 0), 4);
    pager_expect(process, at, 10, 1);
    kit_end(machine);
}
END_TEST

START_TEST(both_heirs_of_a_page_on_swap_get_sigbus_each_for_itself)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *parent = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(parent, 10);
    pager_fill(parent, at, 10, 1);
    struct mmsim_process *child = kit_fork(parent, "c");
    let_fail(machine, MMSIM_FAIL_SWAP_READS, 1, 0);
    uint32_t word;
    ck_assert_int_eq(mmsim_read(child, at, &word, 4).signal, MMSIM_SIGBUS);
    ck_assert(!mmsim_process_alive(child));
    pager_expect(parent, at, 10, 1);
    kit_end(machine);
}
END_TEST

START_TEST(trouble_with_neighbours_is_not_the_trouble_of_a_page)
{
    struct pager_config given;
    pager_config_init(&given, 16, 64);
    given.config.pager.swap_readahead = 8;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 32);
    pager_fill(process, at, 32, 1);
    let_fail(machine, MMSIM_FAIL_SWAP_READS, 1,
             0); /* the request for eight; that for one succeeds */
    pager_expect_page(process, at, 3, 1);
    ck_assert_uint_eq(pager_swap(machine).in, 1);
    ck_assert_uint_eq(pager_swap(machine).read_errors, 1);
    pager_expect(process, at, 32, 1);
    kit_end(machine);
}
END_TEST

START_TEST(a_page_that_cannot_be_written_stays_and_its_slot_is_given_up)
{
    struct mmsim_machine *machine = pager_machine(4, 16);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 10);
    pager_fill(process, at, 4, 1);
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 1, 0);
    pager_store(process, at, 4, 1); /* page 0 cannot go, page 1 goes */
    ck_assert_int_eq(pager_kind(process, at, 0), MMSIM_PAGE_ANON);
    ck_assert_int_eq(pager_kind(process, at, 1), MMSIM_PAGE_SWAP);
    struct mmsim_swap_stats swap = pager_swap(machine);
    ck_assert_uint_eq(swap.bad, 1);
    ck_assert_uint_eq(swap.size, 15);
    ck_assert_uint_eq(swap.write_errors, 1);
    ck_assert_uint_eq(pager_reclaim(machine).put_backs, 1);
    pager_fill(process, at, 10, 2);
    pager_expect(process, at, 10, 2);
    ck_assert_uint_eq(pager_swap(machine).bad, 1);
    kit_end(machine);
}
END_TEST

/* Sixteen slots, each of which fails once: none is used a second time. */
START_TEST(bad_slots_are_never_used_again)
{
    struct mmsim_machine *machine = pager_machine(4, 16);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 8);
    struct pager_events events;
    pager_listen(machine, &events);
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 0, 1);
    pager_fill(process, at, 4, 1);
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    struct mmsim_access access = kit_write(process, at + 5 * KIT_PAGE, 1);
    ck_assert_int_eq(access.signal, MMSIM_SIGKILL); /* no page can go */
    ck_assert_uint_eq(events.n[MMSIM_EVENT_OOM], 1);
    uint64_t bad = pager_swap(machine).bad;
    ck_assert_uint_ge(bad, 4);
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 0, 0);
    struct mmsim_process *next = kit_spawn(machine, "q");
    at = kit_map(next, 4 + 16 - bad);
    pager_fill(next, at, 4 + 16 - bad, 3); /* as many as fit into frames and good slots */
    pager_expect(next, at, 4 + 16 - bad, 3);
    ck_assert_uint_eq(pager_swap(machine).bad, bad);
    kit_end(machine);
}
END_TEST

START_TEST(a_write_that_fails_changes_nothing_for_any_of_those_who_share_the_page)
{
    struct mmsim_machine *machine = pager_machine(6, 64);
    struct mmsim_process *parent = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(parent, 4);
    pager_fill(parent, at, 4, 1);
    struct mmsim_process *child = kit_fork(parent, "c");
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 0, 1);
    ck_assert_uint_eq(mmsim_reclaim(machine, 4), 0);
    ck_assert_uint_eq(kit_rss(parent), 4);
    ck_assert_uint_eq(kit_rss(child), 4);
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 0, 0);
    pager_store(child, at, 0, 7); /* still copy-on-write */
    pager_expect(parent, at, 4, 1);
    pager_expect_page(child, at, 0, 7);
    ck_assert_uint_eq(mmsim_reclaim(machine, 5), 5);
    pager_expect(parent, at, 4, 1);
    pager_expect_page(child, at, 0, 7);
    kit_end(machine);
}
END_TEST

START_TEST(a_cluster_whose_write_fails_comes_back_whole_but_for_zeros)
{
    struct mmsim_machine *machine = pager_machine(16, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 8);
    pager_fill(process, at, 8, 1);
    kit_write(process, at + 2 * KIT_PAGE, 0);
    kit_write(process, at + 3 * KIT_PAGE - 4, 0); /* page 2 is all zeros */
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 1, 0);
    ck_assert_uint_ge(mmsim_reclaim(machine, 8), 1);
    kit_check(machine);
    ck_assert_uint_eq(kit_read(process, at + 2 * KIT_PAGE), 0);
    for (unsigned i = 0; i < 8; i++)
        if (i != 2)
            pager_expect_page(process, at, i, 1);
    kit_end(machine);
}
END_TEST

START_TEST(shared_memory_on_swap_fails_in_the_same_way)
{
    struct mmsim_machine *machine = pager_machine(6, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    struct mmsim_mapping want = {
        .length = 12 * KIT_PAGE, .prot = KIT_RW, .flags = MMSIM_MAP_SHARED | MMSIM_MAP_ANONYMOUS};
    mmsim_vaddr at;
    ck_assert_int_eq(mmsim_mmap(process, &want, &at), MMSIM_SUCCESS);
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 0, 3);
    pager_fill(process, at, 12, 1);
    pager_expect(process, at, 12, 1);
    ck_assert_uint_gt(pager_swap(machine).bad, 0);
    let_fail(machine, MMSIM_FAIL_SWAP_WRITES, 0, 0);
    let_fail(machine, MMSIM_FAIL_SWAP_READS, 1, 0);
    uint32_t word;
    ck_assert_int_eq(mmsim_read(process, at, &word, 4).signal, MMSIM_SIGBUS);
    pager_expect(process, at, 12, 1);
    kit_end(machine);
}
END_TEST

START_TEST(swapoff_that_cannot_read_says_so_and_loses_nothing)
{
    struct mmsim_machine *machine = pager_machine(20, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 12);
    pager_fill(process, at, 12, 1);
    mmsim_reclaim(machine, 12);
    let_fail(machine, MMSIM_FAIL_SWAP_READS, 5, 0);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_EIO);
    kit_check(machine);
    pager_expect(process, at, 12, 1);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_SUCCESS);
    pager_expect(process, at, 12, 1);
    kit_end(machine);
}
END_TEST

static void add_all(TCase *tests)
{
    tcase_add_test(tests, who_wants_a_page_that_cannot_be_read_gets_sigbus_and_nobody_else_notices);
    tcase_add_test(tests, who_survives_may_try_again);
    tcase_add_test(tests, both_heirs_of_a_page_on_swap_get_sigbus_each_for_itself);
    tcase_add_test(tests, trouble_with_neighbours_is_not_the_trouble_of_a_page);
    tcase_add_test(tests, a_page_that_cannot_be_written_stays_and_its_slot_is_given_up);
    tcase_add_test(tests, bad_slots_are_never_used_again);
    tcase_add_test(tests, a_write_that_fails_changes_nothing_for_any_of_those_who_share_the_page);
    tcase_add_test(tests, a_cluster_whose_write_fails_comes_back_whole_but_for_zeros);
    tcase_add_test(tests, shared_memory_on_swap_fails_in_the_same_way);
    tcase_add_test(tests, swapoff_that_cannot_read_says_so_and_loses_nothing);
}

Suite *test_swap_errors_suite(void);
Suite *test_swap_errors_suite(void)
{
    Suite *suite = suite_create("swap errors");
    kit_add_modes(suite, add_all);
    return suite;
}
