/*
 * test_flush_options.c - the methods of flushing and the optimisations: what each does, counted
 * exactly, and what becomes of a kernel that forgets to flush.
 */
#include <stdio.h>

#include "kit.h"
#include "paging/flush.h"
#include "sim/machine.h"

static struct mmsim_machine *machine;
static struct mmsim_process *process;
static mmsim_vaddr base;

static void touch(unsigned n_pages)
{
    for (unsigned i = 0; i < n_pages; i++)
        kit_write(process, base + i * KIT_PAGE, i);
}

/* A machine of four CPUs in place of the one before, with 80 pages of a process on CPU 0. */
static void rebuild(struct mmsim_flush flush)
{
    kit_end(machine);
    struct mmsim_config config = kit_config();
    config.n_cpus = 4;
    config.flush = flush;
    machine = kit_build(&config);
    process = kit_spawn(machine, "p");
    base = kit_map(process, 80);
    touch(80);
}

static struct mmsim_flush all_on(void)
{
    return kit_config().flush;
}

static void setup(void)
{
    machine = kit_machine();
    rebuild(all_on());
}

static void teardown(void)
{
    kit_end(machine);
}

/* What a call did to TLBs: since the last call of this. */
struct counts {
    uint64_t invlpg, flushes, shootdowns;
};

static struct counts last;

static struct counts since_last(void)
{
    struct mmsim_stats now = kit_stats(machine);
    struct counts counts = {now.tlb.invlpg - last.invlpg, now.tlb.flushes - last.flushes,
                            now.tlb.shootdowns - last.shootdowns};
    last = (struct counts){now.tlb.invlpg, now.tlb.flushes, now.tlb.shootdowns};
    return counts;
}

#define EXPECT_COUNTS(n_invlpg, n_flushes, n_shootdowns)                                           \
    do {                                                                                           \
        struct counts counts = since_last();                                                       \
        ck_assert_uint_eq(counts.invlpg, n_invlpg);                                                \
        ck_assert_uint_eq(counts.flushes, n_flushes);                                              \
        ck_assert_uint_eq(counts.shootdowns, n_shootdowns);                                        \
    } while (0)

static void write_protect(unsigned first, unsigned n_pages)
{
    since_last();
    ck_assert_int_eq(
        mmsim_mprotect(process, base + first * KIT_PAGE, n_pages * KIT_PAGE, MMSIM_PROT_READ),
        MMSIM_SUCCESS);
}

static void unmap(unsigned first, unsigned n_pages)
{
    since_last();
    ck_assert_int_eq(mmsim_munmap(process, base + first * KIT_PAGE, n_pages * KIT_PAGE),
                     MMSIM_SUCCESS);
}

START_TEST(full_flushes_reload_for_a_single_page)
{
    struct mmsim_flush flush = all_on();
    flush.method = MMSIM_FLUSH_FULL;
    rebuild(flush);
    write_protect(0, 1);
    EXPECT_COUNTS(0, 1, 0);
    unmap(0, 64);
    EXPECT_COUNTS(0, 1, 0);
    unmap(64, 1);
    EXPECT_COUNTS(0, 1, 0);
}
END_TEST

START_TEST(single_flushes_go_page_by_page_however_many_and_fork_reloads)
{
    struct mmsim_flush flush = all_on();
    flush.method = MMSIM_FLUSH_SINGLE;
    rebuild(flush);
    write_protect(0, 80);
    EXPECT_COUNTS(80, 0, 0);
    unmap(40, 40);
    EXPECT_COUNTS(40, 0, 0);
    kit_fork(process, "child");
    EXPECT_COUNTS(0, 1, 0);
}
END_TEST

START_TEST(the_threshold_is_the_last_number_that_goes_page_by_page)
{
    struct mmsim_flush flush = all_on();
    flush.threshold_pages = 4;
    rebuild(flush);
    write_protect(0, 4);
    EXPECT_COUNTS(4, 0, 0);
    write_protect(10, 5);
    EXPECT_COUNTS(0, 1, 0);
    flush.threshold_pages = 0;
    rebuild(flush);
    write_protect(0, 1);
    EXPECT_COUNTS(0, 1, 0);
}
END_TEST

START_TEST(batches_flush_once_for_64_pages_and_without_them_every_page_is_flushed)
{
    struct mmsim_flush flush = all_on();
    flush.method = MMSIM_FLUSH_FULL;
    rebuild(flush);
    unmap(0, 80);
    EXPECT_COUNTS(0, 2, 0);
    flush.batched = false;
    rebuild(flush);
    unmap(0, 80);
    EXPECT_COUNTS(0, 80, 0);
    flush.method = MMSIM_FLUSH_THRESHOLD;
    rebuild(flush);
    unmap(0, 80);
    EXPECT_COUNTS(80, 0, 0);
}
END_TEST

/* Loads the process on CPU 2 as well. */
static void run_on_two_cpus(void)
{
    mmsim_run_on(process, 2);
    kit_read(process, base);
    mmsim_run_on(process, 0);
}

START_TEST(a_range_takes_one_interrupt_for_each_cpu)
{
    rebuild(all_on());
    run_on_two_cpus();
    write_protect(0, 10);
    EXPECT_COUNTS(20, 0, 1);
    unmap(0, 64);
    EXPECT_COUNTS(0, 2, 1);
}
END_TEST

START_TEST(without_batches_each_page_takes_its_interrupt)
{
    struct mmsim_flush flush = all_on();
    flush.batched = false;
    rebuild(flush);
    run_on_two_cpus();
    unmap(0, 10);
    EXPECT_COUNTS(20, 0, 10);
}
END_TEST

START_TEST(untargeted_interrupts_reach_all_cpus_but_only_the_concerned_flush)
{
    struct mmsim_flush flush = all_on();
    flush.targeted = false;
    rebuild(flush);
    run_on_two_cpus();
    uint64_t cycles = mmsim_machine_cycles(machine);
    write_protect(0, 10);
    EXPECT_COUNTS(20, 0, 3);
    uint64_t untargeted = mmsim_machine_cycles(machine) - cycles;
    rebuild(all_on());
    run_on_two_cpus();
    cycles = mmsim_machine_cycles(machine);
    write_protect(0, 10);
    EXPECT_COUNTS(20, 0, 1);
    uint64_t interrupt = 1000; /* of a pentium-3 */
    ck_assert_uint_eq(untargeted - (mmsim_machine_cycles(machine) - cycles), 2 * interrupt);
}
END_TEST

START_TEST(a_space_that_no_cpu_has_loaded_interrupts_nobody)
{
    struct mmsim_flush flush = all_on();
    flush.targeted = false;
    rebuild(flush);
    struct mmsim_process *other = kit_spawn(machine, "other");
    mmsim_run_on(other, 0);
    since_last();
    mmsim_exit(process, 0);
    EXPECT_COUNTS(0, 0, 0);
}
END_TEST

/* Goes to a kernel thread and back, and touches 8 pages; returns the cycles of it. */
static uint64_t visit_kernel_thread(void)
{
    touch(8);
    since_last();
    uint64_t cycles = mmsim_machine_cycles(machine);
    mmsim_run_on(mmsim_kernel(machine), 0);
    mmsim_run_on(mmsim_kernel(machine), 0); /* it runs there already */
    touch(8);
    return mmsim_machine_cycles(machine) - cycles;
}

START_TEST(a_kernel_thread_costs_two_reloads_and_the_walks_unless_it_is_lazy)
{
    struct mmsim_flush flush = all_on();
    rebuild(flush);
    uint64_t misses = kit_stats(machine).tlb.misses;
    uint64_t lazy = visit_kernel_thread();
    EXPECT_COUNTS(0, 0, 0);
    ck_assert_uint_le(kit_stats(machine).tlb.misses - misses, 8);
    flush.lazy = false;
    rebuild(flush);
    uint64_t eager = visit_kernel_thread();
    EXPECT_COUNTS(0, 2, 0);
    uint64_t reload = 40, walk = 2 * 10; /* of a pentium-3 */
    ck_assert_uint_eq(eager - lazy, 2 * reload + 8 * walk);
}
END_TEST

START_TEST(an_eager_kernel_thread_does_not_see_the_process_it_interrupted)
{
    uint32_t value = 0;
    struct mmsim_flush flush = all_on();
    for (int lazy = 1; lazy >= 0; lazy--) {
        flush.lazy = lazy;
        rebuild(flush);
        struct mmsim_process *kernel = mmsim_kernel(machine);
        mmsim_run_on(kernel, 0);
        struct mmsim_access access = mmsim_read(kernel, base, &value, sizeof value);
        ck_assert_int_eq(access.outcome, lazy ? MMSIM_DONE : MMSIM_ERROR);
        ck_assert_uint_eq(kit_read(process, base + KIT_PAGE), 1);
    }
}
END_TEST

START_TEST(a_process_may_end_while_a_kernel_thread_stands_on_its_tables)
{
    struct mmsim_process *kernel = mmsim_kernel(machine);
    struct mmsim_process *other = kit_spawn(machine, "other");
    touch(4);
    mmsim_run_on(kernel, 0);
    ck_assert_int_eq(mmsim_exit(process, 0), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_run_on(other, 0), MMSIM_SUCCESS);
    mmsim_vaddr at = kit_map(other, 1);
    ck_assert_int_eq(kit_write(other, at, 5).outcome, MMSIM_DONE);
    mmsim_run_on(kernel, 0);
    ck_assert_uint_eq(kit_read(other, at), 5);
}
END_TEST

/* Misses of 8 reads of kernel memory, after the process's CR3 was reloaded. */
static uint64_t kernel_misses_after_reload(void)
{
    struct mmsim_process *kernel = mmsim_kernel(machine);
    struct mmsim_process *other = kit_spawn(machine, "other");
    for (int turn = 0;; turn++) {
        uint64_t misses = kit_stats(machine).tlb.misses;
        for (unsigned i = 0; i < 8; i++)
            kit_read(kernel, 3 * MMSIM_MIB + i * KIT_PAGE);
        if (turn == 1)
            return kit_stats(machine).tlb.misses - misses;
        mmsim_run_on(other, 0);
    }
}

START_TEST(global_pages_of_the_kernel_survive_a_switch)
{
    struct mmsim_flush flush = all_on();
    rebuild(flush);
    ck_assert_uint_eq(kernel_misses_after_reload(), 0);
    flush.global_pages = false;
    rebuild(flush);
    ck_assert_uint_eq(kernel_misses_after_reload(), 8);
}
END_TEST

/* ---- a kernel that forgets ---- */

static void forget_to_flush(void)
{
    struct mmsim_flush flush = all_on();
    flush.method = MMSIM_FLUSH_NONE;
    rebuild(flush);
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
}

START_TEST(without_flushes_a_right_that_was_taken_away_still_works)
{
    forget_to_flush();
    kit_write(process, base, 1);
    write_protect(0, 1);
    EXPECT_COUNTS(0, 0, 0);
    ck_assert_int_eq(kit_write(process, base, 2).outcome, MMSIM_DONE);
    ck_assert_uint_eq(kit_read(process, base), 2);
}
END_TEST

START_TEST(without_flushes_a_process_reads_what_another_has_in_its_lost_frame)
{
    forget_to_flush();
    struct mmsim_process *other = kit_spawn(machine, "other");
    mmsim_vaddr at = kit_map(other, 2);
    mmsim_run_on(other, 1);
    kit_write(other, at, 0); /* its page table is there already when the frame comes free */
    struct mmsim_walk lost, found;
    kit_write(process, base, 1234);
    mmsim_explain(process, base, MMSIM_ACCESS_READ, &lost);
    unmap(0, 1);
    mm_zones_drain(&machine->zones); /* off the list of the CPU that freed it */
    kit_write(other, at + KIT_PAGE, 5678);
    mmsim_explain(other, at + KIT_PAGE, MMSIM_ACCESS_READ, &found);
    ck_assert_uint_eq(lost.physical, found.physical);
    ck_assert_uint_eq(kit_read(process, base), 5678);
    kit_write(process, base, 9);
    ck_assert_uint_eq(kit_read(other, at + KIT_PAGE), 9);
}
END_TEST

/* A machine of 2 MiB whose kernel does not flush. What lies below 1 MiB the kernel never takes. */
static struct mmsim_machine *small_machine(const char *cpu)
{
    struct mmsim_config config = kit_config();
    config.cpu = cpu;
    config.n_cpus = 2;
    config.ram_bytes = 2 * MMSIM_MIB;
    config.check = MMSIM_CHECK_END;
    config.flush.method = MMSIM_FLUSH_NONE;
    return kit_build(&config);
}

/* Frames that become page tables and kernel objects would take the simulator down with them. */
START_TEST(without_flushes_frames_of_the_kernel_are_out_of_reach_all_the_same)
{
    struct mmsim_machine *small = small_machine("pentium-3");
    struct mmsim_process *p = kit_spawn(small, "p");
    mmsim_process_on_signal(p, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_vaddr at = kit_map(p, 300);
    for (unsigned i = 0; i < 300; i++)
        kit_write(p, at + i * KIT_PAGE, i);
    mmsim_munmap(p, at, 300 * KIT_PAGE);
    for (unsigned i = 0; kit_stats(small).memory.free > 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "q%u", i);
        kit_spawn(small, name); /* takes tables and objects, and is not switched to */
    }
    unsigned n_refused = 0;
    for (unsigned i = 236; i < 300; i++) /* what a TLB of 64 entries held at the end */
        n_refused += kit_write(p, at + i * KIT_PAGE, 0xFFFFFFFF).outcome == MMSIM_SIGNAL;
    ck_assert_uint_gt(n_refused, 0);
    kit_end(small);
}
END_TEST

START_TEST(without_flushes_tables_that_are_gone_are_not_walked)
{
    struct mmsim_machine *small = small_machine("nehalem"); /* has a paging-structure cache */
    struct mmsim_process *p = kit_spawn(small, "p"), *hog = kit_spawn(small, "hog");
    mmsim_process_on_signal(p, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_run_on(hog, 1);
    mmsim_vaddr at = kit_map(p, 2), all = kit_map(hog, 512);
    kit_write(hog, all, 0);
    kit_write(p, at, 1);
    mmsim_munmap(p, at, 2 * KIT_PAGE);
    /* p's table is free. hog gets its frame, and writes into it what would be an entry of p's. */
    for (unsigned i = 0; kit_stats(small).memory.free > 0; i++)
        kit_write(hog, all + i * KIT_PAGE + 4, 0x00180007);
    ck_assert_int_eq(kit_write(p, at + KIT_PAGE, 2).code, MMSIM_SEGV_MAPERR);
    kit_end(small);
}
END_TEST

START_TEST(a_method_that_does_not_exist_is_refused)
{
    struct mmsim_config config = kit_config();
    struct mmsim_error error;
    struct mmsim_machine *none = NULL;
    config.flush.method = (enum mmsim_flush_method)4;
    ck_assert_int_eq(mmsim_machine_create(&config, &none, &error), MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, "flush.method");
    ck_assert_ptr_null(none);
}
END_TEST

Suite *test_flush_options_suite(void);
Suite *test_flush_options_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("flush_options", &tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, full_flushes_reload_for_a_single_page);
    tcase_add_test(tests, single_flushes_go_page_by_page_however_many_and_fork_reloads);
    tcase_add_test(tests, the_threshold_is_the_last_number_that_goes_page_by_page);
    tcase_add_test(tests, batches_flush_once_for_64_pages_and_without_them_every_page_is_flushed);
    tcase_add_test(tests, a_range_takes_one_interrupt_for_each_cpu);
    tcase_add_test(tests, without_batches_each_page_takes_its_interrupt);
    tcase_add_test(tests, untargeted_interrupts_reach_all_cpus_but_only_the_concerned_flush);
    tcase_add_test(tests, a_space_that_no_cpu_has_loaded_interrupts_nobody);
    tcase_add_test(tests, a_kernel_thread_costs_two_reloads_and_the_walks_unless_it_is_lazy);
    tcase_add_test(tests, an_eager_kernel_thread_does_not_see_the_process_it_interrupted);
    tcase_add_test(tests, a_process_may_end_while_a_kernel_thread_stands_on_its_tables);
    tcase_add_test(tests, global_pages_of_the_kernel_survive_a_switch);
    tcase_add_test(tests, without_flushes_a_right_that_was_taken_away_still_works);
    tcase_add_test(tests, without_flushes_a_process_reads_what_another_has_in_its_lost_frame);
    tcase_add_test(tests, without_flushes_frames_of_the_kernel_are_out_of_reach_all_the_same);
    tcase_add_test(tests, without_flushes_tables_that_are_gone_are_not_walked);
    tcase_add_test(tests, a_method_that_does_not_exist_is_refused);
    return suite;
}
