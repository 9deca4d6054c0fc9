/*
 * test_flush.c - which CPUs are told of a change, and how: INVLPG, CR3 reload, shootdown.
 *
 * That nothing stale stays behind is shown by the invariant checker, which the kit runs after every
 * call: no TLB entry may grant what the tables no longer do.
 */
#include "kit.h"
#include "paging/flush.h"

static struct mmsim_machine *machine;
static struct mmsim_process *process;
static mmsim_vaddr base;

static void setup(void)
{
    struct mmsim_config config = kit_config();
    config.n_cpus = 4;
    machine = kit_build(&config);
    process = kit_spawn(machine, "p");
    base = kit_map(process, 64);
}

static void teardown(void)
{
    kit_end(machine);
}

static void touch(unsigned n_pages)
{
    for (unsigned i = 0; i < n_pages; i++)
        kit_write(process, base + i * KIT_PAGE, i);
}

START_TEST(few_pages_go_one_by_one_and_many_by_a_reload)
{
    touch(64);
    struct mmsim_stats before = kit_stats(machine);
    mmsim_mprotect(process, base, MM_FLUSH_THRESHOLD_PAGES * KIT_PAGE, MMSIM_PROT_READ);
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_uint_eq(after.tlb.invlpg - before.tlb.invlpg, MM_FLUSH_THRESHOLD_PAGES);
    ck_assert_uint_eq(after.tlb.flushes, before.tlb.flushes);
    mmsim_munmap(process, base, (MM_FLUSH_THRESHOLD_PAGES + 1) * KIT_PAGE);
    struct mmsim_stats last = kit_stats(machine);
    ck_assert_uint_eq(last.tlb.invlpg, after.tlb.invlpg);
    ck_assert_uint_eq(last.tlb.flushes - after.tlb.flushes, 1);
}
END_TEST

START_TEST(only_cpus_that_run_the_process_are_interrupted)
{
    touch(1);
    mmsim_run_on(process, 2);
    kit_read(process, base);
    mmsim_run_on(process, 0);
    struct mmsim_stats before = kit_stats(machine);
    mmsim_mprotect(process, base, KIT_PAGE, MMSIM_PROT_READ);
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_uint_eq(after.tlb.shootdowns - before.tlb.shootdowns, 1);
    ck_assert_uint_eq(after.tlb.invlpg - before.tlb.invlpg, 2);
}
END_TEST

START_TEST(a_store_on_another_cpu_sees_the_right_withdrawn)
{
    touch(1);
    mmsim_run_on(process, 3);
    kit_write(process, base, 1);
    mmsim_run_on(process, 0);
    mmsim_mprotect(process, base, KIT_PAGE, MMSIM_PROT_READ);
    mmsim_run_on(process, 3);
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    ck_assert_int_eq(kit_write(process, base, 2).code, MMSIM_SEGV_ACCERR);
}
END_TEST

START_TEST(nothing_is_flushed_where_nothing_was_present)
{
    struct mmsim_stats before = kit_stats(machine);
    mmsim_mprotect(process, base, 8 * KIT_PAGE, MMSIM_PROT_READ);
    mmsim_munmap(process, base, 8 * KIT_PAGE);
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_uint_eq(after.tlb.invlpg + after.tlb.flushes, before.tlb.invlpg + before.tlb.flushes);
}
END_TEST

START_TEST(raising_rights_flushes_nothing)
{
    touch(4);
    mmsim_mprotect(process, base, 4 * KIT_PAGE, MMSIM_PROT_READ);
    struct mmsim_stats before = kit_stats(machine);
    mmsim_mprotect(process, base, 4 * KIT_PAGE, KIT_RW);
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_uint_eq(after.tlb.invlpg, before.tlb.invlpg);
    ck_assert_int_eq(kit_write(process, base, 1).outcome, MMSIM_DONE);
}
END_TEST

START_TEST(an_i386_reloads_cr3_for_a_single_page)
{
    struct mmsim_config config = kit_config();
    config.cpu = "i386";
    struct mmsim_machine *old = kit_build(&config);
    struct mmsim_process *p = kit_spawn(old, "p");
    mmsim_vaddr at = kit_map(p, 1);
    kit_write(p, at, 1);
    struct mmsim_stats before = kit_stats(old);
    mmsim_mprotect(p, at, KIT_PAGE, MMSIM_PROT_READ);
    struct mmsim_stats after = kit_stats(old);
    ck_assert_uint_eq(after.tlb.invlpg, 0);
    ck_assert_uint_eq(after.tlb.flushes - before.tlb.flushes, 1);
    kit_end(old);
}
END_TEST

START_TEST(the_kernel_map_is_the_same_in_every_space)
{
    struct mmsim_process *other = kit_spawn(machine, "other");
    struct mmsim_walk a, b;
    mmsim_run_on(process, 1);
    mmsim_run_on(other, 2);
    struct mmsim_process *kernel = mmsim_kernel(machine);
    for (mmsim_vaddr at = 0; at < 0x01000000; at += 0x1000 * 17) {
        mmsim_run_on(kernel, 1);
        mmsim_explain(kernel, at, MMSIM_ACCESS_READ, &a);
        mmsim_run_on(kernel, 2);
        mmsim_explain(kernel, at, MMSIM_ACCESS_READ, &b);
        ck_assert_uint_eq(a.present, at >= 0x00100000);
        ck_assert_uint_eq(a.physical, b.physical);
        ck_assert_uint_eq(a.physical, a.present ? at : 0);
    }
}
END_TEST

Suite *test_flush_suite(void);
Suite *test_flush_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("flush", &tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, few_pages_go_one_by_one_and_many_by_a_reload);
    tcase_add_test(tests, only_cpus_that_run_the_process_are_interrupted);
    tcase_add_test(tests, a_store_on_another_cpu_sees_the_right_withdrawn);
    tcase_add_test(tests, nothing_is_flushed_where_nothing_was_present);
    tcase_add_test(tests, raising_rights_flushes_nothing);
    tcase_add_test(tests, an_i386_reloads_cr3_for_a_single_page);
    tcase_add_test(tests, the_kernel_map_is_the_same_in_every_space);
    return suite;
}
