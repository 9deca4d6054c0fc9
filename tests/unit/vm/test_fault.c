/* test_fault.c - demand zero, copy-on-write, signals: what a process sees, and what it costs. */
#include "kit.h"

static struct mmsim_machine *machine;
static struct mmsim_process *parent;
static mmsim_vaddr base;

static void setup(void)
{
    machine = kit_machine();
    parent = kit_spawn(machine, "parent");
    base = kit_map(parent, 16);
}

static void teardown(void)
{
    kit_end(machine);
}

START_TEST(a_read_maps_the_zero_page_and_a_write_after_it_an_own_frame)
{
    uint32_t value = 1;
    struct mmsim_access access = mmsim_read(parent, base, &value, 4);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_MINOR);
    ck_assert_uint_eq(value, 0);
    ck_assert_uint_eq(kit_rss(parent), 0);
    access = kit_write(parent, base, 5);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_MINOR);
    ck_assert_uint_eq(access.n_faults, 1);
    ck_assert_uint_eq(kit_rss(parent), 1);
    ck_assert_uint_eq(kit_stats(machine).faults.minor, 2);
    ck_assert_int_eq(kit_write(parent, base, 6).fault, MMSIM_FAULT_NONE);
}
END_TEST

START_TEST(child_write_leaves_parent_page_unchanged)
{
    kit_write(parent, base, 1);
    struct mmsim_process *child = kit_fork(parent, "child");
    struct mmsim_access access = kit_write(child, base, 2);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_COW);
    ck_assert_uint_eq(kit_read(parent, base), 1);
    ck_assert_uint_eq(kit_read(child, base), 2);
}
END_TEST

START_TEST(a_read_after_fork_takes_no_fault)
{
    kit_write(parent, base, 1);
    struct mmsim_process *child = kit_fork(parent, "child");
    uint32_t value;
    ck_assert_int_eq(mmsim_read(child, base, &value, 4).fault, MMSIM_FAULT_NONE);
    ck_assert_uint_eq(kit_rss(child), 1);
    ck_assert_uint_eq(kit_stats(machine).memory.user, 1);
}
END_TEST

struct reuse {
    unsigned n_cow, n_reused;
};

static void count_reuse(void *user, const struct mmsim_event *event)
{
    struct reuse *reuse = user;
    reuse->n_cow += event->fault == MMSIM_FAULT_COW;
    reuse->n_reused += event->reused;
}

START_TEST(the_last_owner_of_a_page_keeps_its_frame)
{
    struct reuse reuse = {0};
    mmsim_listen(machine, MMSIM_EVENT_BIT(MMSIM_EVENT_FAULT), count_reuse, &reuse);
    kit_write(parent, base, 1);
    struct mmsim_process *child = kit_fork(parent, "child");
    kit_write(child, base, 2); /* copied */
    uint64_t n_frames = kit_stats(machine).memory.user;
    ck_assert_int_eq(kit_write(parent, base, 3).fault, MMSIM_FAULT_COW); /* reused */
    ck_assert_uint_eq(reuse.n_cow, 2);
    ck_assert_uint_eq(reuse.n_reused, 1);
    ck_assert_uint_eq(kit_stats(machine).memory.user, n_frames);
}
END_TEST

START_TEST(a_page_whose_other_owner_exited_is_reused)
{
    struct reuse reuse = {0};
    kit_write(parent, base, 1);
    struct mmsim_process *child = kit_fork(parent, "child");
    mmsim_listen(machine, MMSIM_EVENT_BIT(MMSIM_EVENT_FAULT), count_reuse, &reuse);
    mmsim_exit(child, 0);
    kit_write(parent, base, 2);
    ck_assert_uint_eq(reuse.n_reused, 1);
    ck_assert_uint_eq(kit_read(parent, base), 2);
}
END_TEST

START_TEST(three_generations_share_and_part)
{
    kit_write(parent, base, 1);
    struct mmsim_process *child = kit_fork(parent, "child");
    struct mmsim_process *grandchild = kit_fork(child, "grandchild");
    ck_assert_uint_eq(kit_stats(machine).memory.user, 1);
    kit_write(child, base, 2);
    kit_write(grandchild, base, 3);
    ck_assert_uint_eq(kit_read(parent, base), 1);
    ck_assert_uint_eq(kit_read(child, base), 2);
    ck_assert_uint_eq(kit_read(grandchild, base), 3);
    ck_assert_uint_eq(kit_stats(machine).memory.user, 3);
}
END_TEST

START_TEST(a_page_held_under_prot_none_is_copied_all_the_same_after_fork)
{
    kit_write(parent, base, 1);
    ck_assert_int_eq(mmsim_mprotect(parent, base, KIT_PAGE, MMSIM_PROT_NONE), 0);
    struct mmsim_process *child = kit_fork(parent, "child");
    ck_assert_int_eq(mmsim_mprotect(child, base, KIT_PAGE, KIT_RW), 0);
    ck_assert_int_eq(mmsim_mprotect(parent, base, KIT_PAGE, KIT_RW), 0);
    ck_assert_int_eq(kit_write(child, base, 2).fault, MMSIM_FAULT_COW);
    ck_assert_uint_eq(kit_read(parent, base), 1);
}
END_TEST

static void assert_segv(struct mmsim_access access, enum mmsim_sigcode code, mmsim_vaddr address)
{
    ck_assert_int_eq(access.outcome, MMSIM_SIGNAL);
    ck_assert_int_eq(access.signal, MMSIM_SIGSEGV);
    ck_assert_int_eq(access.code, code);
    ck_assert_uint_eq(access.address, address);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_PROTECTION);
}

START_TEST(signals_tell_no_mapping_from_no_right)
{
    mmsim_process_on_signal(parent, MMSIM_ON_SIGNAL_SURVIVE);
    assert_segv(kit_write(parent, 0, 1), MMSIM_SEGV_MAPERR, 0);
    assert_segv(kit_write(parent, base + 16 * KIT_PAGE, 1), MMSIM_SEGV_MAPERR,
                base + 16 * KIT_PAGE);
    mmsim_mprotect(parent, base, KIT_PAGE, MMSIM_PROT_READ);
    assert_segv(kit_write(parent, base + 8, 1), MMSIM_SEGV_ACCERR, base + 8);
    assert_segv(kit_write(parent, 0x00200000, 1), MMSIM_SEGV_MAPERR, 0x00200000);
    assert_segv(kit_write(parent, 0xfffffff0, 1), MMSIM_SEGV_MAPERR, 0xfffffff0);
    ck_assert(mmsim_process_alive(parent));
}
END_TEST

START_TEST(an_address_beyond_32_bits_is_no_mapping)
{
    mmsim_process_on_signal(parent, MMSIM_ON_SIGNAL_SURVIVE);
    struct mmsim_access access = kit_write(parent, UINT64_C(1) << 32 | base, 1);
    ck_assert_int_eq(access.code, MMSIM_SEGV_MAPERR);
}
END_TEST

START_TEST(a_signal_ends_a_process_without_a_handler)
{
    kit_write(parent, base, 1);
    ck_assert_int_eq(kit_write(parent, 0, 1).outcome, MMSIM_SIGNAL);
    ck_assert(!mmsim_process_alive(parent));
    ck_assert_uint_eq(kit_stats(machine).memory.user, 0);
    ck_assert_uint_eq(kit_rss(parent), 1); /* its last value */
    ck_assert_int_eq(kit_write(parent, base, 1).error, MMSIM_ESRCH);
}
END_TEST

START_TEST(a_straddling_store_that_faults_stores_nothing)
{
    mmsim_process_on_signal(parent, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_mprotect(parent, base + KIT_PAGE, KIT_PAGE, MMSIM_PROT_READ);
    uint64_t value = UINT64_MAX;
    struct mmsim_access access = mmsim_write(parent, base + KIT_PAGE - 4, &value, 8);
    ck_assert_int_eq(access.outcome, MMSIM_SIGNAL);
    ck_assert_uint_eq(access.address, base + KIT_PAGE);
    ck_assert_uint_eq(access.done, 0);
    ck_assert_uint_eq(kit_read(parent, base + KIT_PAGE - 4), 0);
    ck_assert_uint_eq(kit_rss(parent), 1); /* the first page was given its frame */
}
END_TEST

START_TEST(a_long_store_comes_as_far_as_it_can)
{
    uint8_t bytes[3 * 4096] = {1};
    mmsim_process_on_signal(parent, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_munmap(parent, base + 2 * KIT_PAGE, KIT_PAGE);
    struct mmsim_access access = mmsim_write(parent, base + 2, bytes, sizeof bytes);
    ck_assert_uint_eq(access.done, 2 * KIT_PAGE - 2);
    ck_assert_uint_eq(access.address, base + 2 * KIT_PAGE);
}
END_TEST

START_TEST(the_kernel_reads_and_writes_user_memory_of_who_is_running)
{
    struct mmsim_process *kernel = mmsim_kernel(machine);
    kit_write(parent, base, 9);
    ck_assert_uint_eq(kit_read(kernel, base), 9);
    struct mmsim_process *child = kit_fork(parent, "child");
    mmsim_run_on(child, 0);
    ck_assert_int_eq(kit_write(kernel, base, 10).fault, MMSIM_FAULT_COW);
    ck_assert_uint_eq(kit_read(parent, base), 9);
    ck_assert_uint_eq(kit_read(child, base), 10);
}
END_TEST

START_TEST(a_refused_access_of_the_kernel_is_efault)
{
    struct mmsim_process *kernel = mmsim_kernel(machine);
    ck_assert_int_eq(kit_write(kernel, 0, 1).error, MMSIM_EFAULT);
    ck_assert_int_eq(kit_write(kernel, 0xc0000000, 1).error, MMSIM_EFAULT);
    ck_assert_int_eq(kit_write(kernel, base, 1).outcome, MMSIM_DONE); /* parent is running */
    mmsim_exit(parent, 0);
    ck_assert_int_eq(kit_write(kernel, base, 1).error, MMSIM_EFAULT); /* nobody is */
}
END_TEST

START_TEST(a_wild_store_of_the_kernel_cannot_hurt_the_simulator)
{
    struct mmsim_process *kernel = mmsim_kernel(machine);
    kit_write(parent, base, 1);
    unsigned n_refused = 0;
    for (mmsim_vaddr at = 0x00100000; at < 0x00200000; at += KIT_PAGE) {
        n_refused += kit_write(kernel, at, UINT32_MAX).error == MMSIM_EFAULT;
        n_refused += kit_write(kernel, at - 2, UINT32_MAX).error == MMSIM_EFAULT;
    }
    ck_assert_uint_gt(n_refused, 0);
    ck_assert_uint_eq(kit_read(parent, base), 1);
}
END_TEST

START_TEST(the_kernel_cannot_read_the_simulators_own_objects)
{
    struct mmsim_process *kernel = mmsim_kernel(machine);
    unsigned n_refused = 0, n_read = 0;
    uint64_t value;
    for (mmsim_vaddr at = 0x00100000; at < 0x00140000; at += KIT_PAGE) {
        struct mmsim_access access = mmsim_read(kernel, at, &value, sizeof value);
        n_refused += access.error == MMSIM_EFAULT;
        n_read += access.outcome == MMSIM_DONE;
    }
    ck_assert_uint_ge(n_refused, 4); /* a slab of each cache */
    ck_assert_uint_gt(n_read, 0);    /* page tables, free memory */
}
END_TEST

START_TEST(an_i386_kernel_breaks_sharing_before_it_writes)
{
    struct mmsim_config config = kit_config();
    config.cpu = "i386";
    config.paging = MMSIM_PAGING_32BIT;
    struct mmsim_machine *old = kit_build(&config);
    struct mmsim_process *p = kit_spawn(old, "p");
    mmsim_vaddr at = kit_map(p, 2);
    kit_write(p, at, 1);
    struct mmsim_process *child = kit_fork(p, "child");
    mmsim_run_on(child, 0);
    kit_write(mmsim_kernel(old), at, 2);
    ck_assert_uint_eq(kit_read(p, at), 1);
    ck_assert_uint_eq(kit_read(child, at), 2);
    uint32_t value;
    mmsim_read(child, at + KIT_PAGE, &value, 4);
    kit_write(mmsim_kernel(old), at + KIT_PAGE, 3); /* not into the zero page */
    ck_assert_uint_eq(kit_read(p, at + KIT_PAGE), 0);
    kit_end(old);
}
END_TEST

START_TEST(without_a_free_frame_the_largest_process_dies)
{
    struct mmsim_config config = kit_config();
    config.user_frames = 20;
    struct mmsim_machine *small = kit_build(&config);
    struct mmsim_process *big = kit_spawn(small, "big");
    struct mmsim_process *little = kit_spawn(small, "little");
    mmsim_vaddr at = kit_map(big, 15);
    for (unsigned i = 0; i < 15; i++)
        kit_write(big, at + i * KIT_PAGE, i);
    at = kit_map(little, 8);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_int_eq(kit_write(little, at + i * KIT_PAGE, i).outcome, MMSIM_DONE);
    ck_assert(!mmsim_process_alive(big));
    ck_assert_uint_eq(kit_rss(little), 8);
    kit_end(small);
}
END_TEST

START_TEST(a_process_that_takes_all_memory_dies_by_sigkill)
{
    struct mmsim_config config = kit_config();
    config.user_frames = 4;
    struct mmsim_machine *small = kit_build(&config);
    struct mmsim_process *p = kit_spawn(small, "p");
    mmsim_vaddr at = kit_map(p, 8);
    for (unsigned i = 0; i < 4; i++)
        kit_write(p, at + i * KIT_PAGE, i);
    struct mmsim_access access = kit_write(p, at + 4 * KIT_PAGE, 4);
    ck_assert_int_eq(access.signal, MMSIM_SIGKILL);
    ck_assert_int_eq(access.code, MMSIM_SI_KERNEL);
    ck_assert(!mmsim_process_alive(p));
    kit_end(small);
}
END_TEST

START_TEST(a_batch_has_the_same_effects_as_single_accesses)
{
    struct mmsim_machine *machines[2] = {kit_machine(), kit_machine()};
    struct mmsim_stats stats[2];
    for (int which = 0; which < 2; which++) {
        struct mmsim_process *p = kit_spawn(machines[which], "p");
        mmsim_vaddr at = kit_map(p, 300);
        struct mmsim_reference refs[2000];
        for (uint32_t i = 0; i < 2000; i++)
            refs[i] = (struct mmsim_reference){at + i * 7919u % (300 * 4096 - 4), i,
                                               i % 3 ? MMSIM_ACCESS_READ : MMSIM_ACCESS_WRITE};
        if (which == 0)
            ck_assert_uint_eq(mmsim_reference_run(p, refs, 2000).done, 2000);
        for (uint32_t i = 0; which == 1 && i < 2000; i++) {
            if (refs[i].kind == MMSIM_ACCESS_WRITE)
                mmsim_write(p, refs[i].address, &refs[i].value, 4);
            else
                mmsim_read(p, refs[i].address, &refs[i].value, 4);
        }
        stats[which] = kit_stats(machines[which]);
    }
    ck_assert_mem_eq(&stats[0], &stats[1], sizeof stats[0]);
    kit_end(machines[0]);
    kit_end(machines[1]);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_read_maps_the_zero_page_and_a_write_after_it_an_own_frame);
    tcase_add_test(tests, child_write_leaves_parent_page_unchanged);
    tcase_add_test(tests, a_read_after_fork_takes_no_fault);
    tcase_add_test(tests, the_last_owner_of_a_page_keeps_its_frame);
    tcase_add_test(tests, a_page_whose_other_owner_exited_is_reused);
    tcase_add_test(tests, three_generations_share_and_part);
    tcase_add_test(tests, a_page_held_under_prot_none_is_copied_all_the_same_after_fork);
    tcase_add_test(tests, signals_tell_no_mapping_from_no_right);
    tcase_add_test(tests, an_address_beyond_32_bits_is_no_mapping);
    tcase_add_test(tests, a_signal_ends_a_process_without_a_handler);
    tcase_add_test(tests, a_straddling_store_that_faults_stores_nothing);
    tcase_add_test(tests, a_long_store_comes_as_far_as_it_can);
    tcase_add_test(tests, the_kernel_reads_and_writes_user_memory_of_who_is_running);
    tcase_add_test(tests, a_refused_access_of_the_kernel_is_efault);
    tcase_add_test(tests, a_wild_store_of_the_kernel_cannot_hurt_the_simulator);
    tcase_add_test(tests, the_kernel_cannot_read_the_simulators_own_objects);
    tcase_add_test(tests, an_i386_kernel_breaks_sharing_before_it_writes);
    tcase_add_test(tests, without_a_free_frame_the_largest_process_dies);
    tcase_add_test(tests, a_process_that_takes_all_memory_dies_by_sigkill);
    tcase_add_test(tests, a_batch_has_the_same_effects_as_single_accesses);
}

Suite *test_fault_suite(void);
Suite *test_fault_suite(void)
{
    Suite *suite = suite_create("fault");
    kit_add_modes(suite, add_tests);
    return suite;
}
