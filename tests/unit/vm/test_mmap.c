/*
 * test_mmap.c - mmap, munmap, mprotect: results of Linux (mmap(2), munmap(2), mprotect(2)), partial
 * effects included.
 */
#include "kit.h"
#include "vm/mmap.h"

static struct mmsim_machine *machine;
static struct mmsim_process *process;
static mmsim_vaddr got;

static void setup(void)
{
    machine = kit_machine();
    process = kit_spawn(machine, "p");
}

static void teardown(void)
{
    kit_end(machine);
}

#define ARENA ((mmsim_vaddr)0x60000000)

static enum mmsim_errno map_fixed(mmsim_vaddr address, uint64_t length, unsigned prot)
{
    return kit_try_map(process, address, length, prot, MMSIM_MAP_FIXED, &got);
}

START_TEST(mappings_go_bottom_up_from_0x40000000)
{
    ck_assert_uint_eq(kit_map(process, 4), 0x40000000);
    ck_assert_uint_eq(kit_map(process, 1), 0x40004000);
}
END_TEST

START_TEST(the_lowest_hole_that_is_large_enough_is_used)
{
    mmsim_vaddr base = kit_map(process, 8);
    ck_assert_int_eq(mmsim_munmap(process, base + KIT_PAGE, KIT_PAGE), 0);
    ck_assert_int_eq(mmsim_munmap(process, base + 4 * KIT_PAGE, 2 * KIT_PAGE), 0);
    ck_assert_uint_eq(kit_map(process, 2), base + 4 * KIT_PAGE);
    ck_assert_uint_eq(kit_map(process, 1), base + KIT_PAGE);
}
END_TEST

START_TEST(a_free_hint_is_taken_and_a_taken_one_is_not)
{
    ck_assert_int_eq(kit_try_map(process, ARENA + 5, KIT_PAGE, KIT_RW, 0, &got), 0);
    ck_assert_uint_eq(got, ARENA);
    ck_assert_int_eq(kit_try_map(process, ARENA, KIT_PAGE, KIT_RW, 0, &got), 0);
    ck_assert_uint_eq(got, 0x40000000);
}
END_TEST

START_TEST(a_hint_in_the_guard_gap_of_a_stack_is_not_taken)
{
    mmsim_vaddr stack = 0xc0000000 - MM_STACK_START_BYTES;
    ck_assert_int_eq(kit_try_map(process, stack - KIT_PAGE, KIT_PAGE, KIT_RW, 0, &got), 0);
    ck_assert_uint_eq(got, 0x40000000);
    mmsim_vaddr near = stack - 256 * KIT_PAGE;
    ck_assert_int_eq(kit_try_map(process, near, KIT_PAGE, KIT_RW, 0, &got), 0);
    ck_assert_uint_eq(got, 0x40001000);
    ck_assert_int_eq(kit_try_map(process, near - KIT_PAGE, KIT_PAGE, KIT_RW, 0, &got), 0);
    ck_assert_uint_eq(got, near - KIT_PAGE);
}
END_TEST

START_TEST(mmap_refuses_what_linux_refuses)
{
    ck_assert_int_eq(map_fixed(ARENA, 0, KIT_RW), MMSIM_EINVAL);
    ck_assert_int_eq(map_fixed(ARENA + 1, KIT_PAGE, KIT_RW), MMSIM_EINVAL);
    ck_assert_int_eq(map_fixed(ARENA, UINT64_MAX, KIT_RW), MMSIM_ENOMEM);
    struct mmsim_mapping want = {.length = KIT_PAGE, .prot = KIT_RW, .flags = 0x20};
    ck_assert_int_eq(mmsim_mmap(process, &want, &got), MMSIM_EINVAL);
    want.flags = 0x02;
    ck_assert_int_eq(mmsim_mmap(process, &want, &got), MMSIM_EBADF);
    want.flags = 0x23; /* validated sharing is for files only */
    ck_assert_int_eq(mmsim_mmap(process, &want, &got), MMSIM_EINVAL);
    want.flags = 0x121; /* no stack is shared */
    ck_assert_int_eq(mmsim_mmap(process, &want, &got), MMSIM_EINVAL);
}
END_TEST

START_TEST(a_fixed_place_outside_the_user_region_is_enomem)
{
    ck_assert_int_eq(map_fixed(0, KIT_PAGE, KIT_RW), MMSIM_ENOMEM);
    ck_assert_int_eq(map_fixed(0x0ffff000, KIT_PAGE, KIT_RW), MMSIM_ENOMEM);
    ck_assert_int_eq(map_fixed(0x0ffff000, 2 * KIT_PAGE, KIT_RW), MMSIM_ENOMEM);
    ck_assert_int_eq(map_fixed(0xc0000000, KIT_PAGE, KIT_RW), MMSIM_ENOMEM);
    ck_assert_int_eq(map_fixed(0xc0000001, KIT_PAGE, KIT_RW), MMSIM_ENOMEM);
    ck_assert_int_eq(map_fixed(0xbffff000, 2 * KIT_PAGE, KIT_RW), MMSIM_ENOMEM);
    ck_assert_int_eq(map_fixed(0x10000000, KIT_PAGE, KIT_RW), 0);
}
END_TEST

START_TEST(noreplace_refuses_an_overlap_and_fixed_replaces_it)
{
    mmsim_vaddr base = kit_map(process, 4);
    kit_write(process, base, 7);
    ck_assert_int_eq(kit_try_map(process, base + 3 * KIT_PAGE, 2 * KIT_PAGE, KIT_RW,
                                 MMSIM_MAP_FIXED_NOREPLACE, &got),
                     MMSIM_EEXIST);
    ck_assert_uint_eq(kit_read(process, base), 7);
    ck_assert_int_eq(map_fixed(base, KIT_PAGE, KIT_RW), 0);
    ck_assert_uint_eq(kit_read(process, base), 0);
}
END_TEST

START_TEST(a_failed_mmap_changes_nothing)
{
    mmsim_vaddr base = kit_map(process, 1);
    kit_write(process, base, 7);
    got = 123;
    ck_assert_int_eq(map_fixed(base, 3 * MMSIM_GIB, KIT_RW), MMSIM_ENOMEM);
    ck_assert_uint_eq(got, 123);
    ck_assert_uint_eq(kit_read(process, base), 7);
}
END_TEST

START_TEST(munmap_of_nothing_succeeds_and_length_rounds_up)
{
    ck_assert_int_eq(mmsim_munmap(process, ARENA, 100 * KIT_PAGE), 0);
    ck_assert_int_eq(mmsim_munmap(process, 0, KIT_PAGE), 0);
    ck_assert_int_eq(mmsim_munmap(process, 0, 0xc0000000), 0);
    mmsim_vaddr base = kit_map(process, 2);
    ck_assert_int_eq(mmsim_munmap(process, base, 1), 0);
    struct mmsim_vma_info info;
    ck_assert(mmsim_vma_find(process, base, &info));
    ck_assert_uint_eq(info.start, base + KIT_PAGE);
}
END_TEST

START_TEST(munmap_refuses_length_0_odd_addresses_and_kernel_ranges)
{
    ck_assert_int_eq(mmsim_munmap(process, ARENA, 0), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_munmap(process, ARENA + 8, KIT_PAGE), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_munmap(process, 0xc0000000, KIT_PAGE), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_munmap(process, ARENA, UINT64_MAX), MMSIM_EINVAL);
}
END_TEST

START_TEST(unmapping_the_middle_leaves_both_ends)
{
    mmsim_vaddr base = kit_map(process, 5);
    for (unsigned i = 0; i < 5; i++)
        kit_write(process, base + i * KIT_PAGE, 100 + i);
    ck_assert_int_eq(mmsim_munmap(process, base + 2 * KIT_PAGE, KIT_PAGE), 0);
    ck_assert_uint_eq(kit_read(process, base + KIT_PAGE), 101);
    ck_assert_uint_eq(kit_read(process, base + 3 * KIT_PAGE), 103);
    ck_assert_uint_eq(kit_rss(process), 4);
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    struct mmsim_access access = kit_write(process, base + 2 * KIT_PAGE, 1);
    ck_assert_int_eq(access.outcome, MMSIM_SIGNAL);
    ck_assert_int_eq(access.code, MMSIM_SEGV_MAPERR);
}
END_TEST

START_TEST(mprotect_over_a_hole_changes_the_pages_before_it)
{
    ck_assert_int_eq(map_fixed(ARENA, 2 * KIT_PAGE, KIT_RW), 0);
    ck_assert_int_eq(map_fixed(ARENA + 3 * KIT_PAGE, KIT_PAGE, KIT_RW), 0);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA, 4 * KIT_PAGE, MMSIM_PROT_READ), MMSIM_ENOMEM);
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    ck_assert_int_eq(kit_write(process, ARENA + KIT_PAGE, 1).code, MMSIM_SEGV_ACCERR);
    ck_assert_int_eq(kit_write(process, ARENA + 3 * KIT_PAGE, 1).outcome, MMSIM_DONE);
}
END_TEST

START_TEST(mprotect_that_starts_in_a_hole_changes_nothing)
{
    ck_assert_int_eq(map_fixed(ARENA + KIT_PAGE, KIT_PAGE, KIT_RW), 0);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA, 2 * KIT_PAGE, MMSIM_PROT_READ), MMSIM_ENOMEM);
    ck_assert_int_eq(kit_write(process, ARENA + KIT_PAGE, 1).outcome, MMSIM_DONE);
}
END_TEST

START_TEST(mprotect_of_length_0_succeeds_anywhere_aligned)
{
    ck_assert_int_eq(mmsim_mprotect(process, ARENA, 0, MMSIM_PROT_READ), 0);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA + 1, 0, MMSIM_PROT_READ), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA, UINT64_MAX - 4095, 0), MMSIM_ENOMEM);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA, UINT64_MAX, 0), MMSIM_ENOMEM);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA, KIT_PAGE, 64), MMSIM_EINVAL);
}
END_TEST

START_TEST(rights_that_return_find_the_old_bytes)
{
    mmsim_vaddr base = kit_map(process, 2);
    kit_write(process, base, 77);
    ck_assert_int_eq(mmsim_mprotect(process, base, 2 * KIT_PAGE, MMSIM_PROT_NONE), 0);
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    uint32_t value;
    ck_assert_int_eq(mmsim_read(process, base, &value, 4).code, MMSIM_SEGV_ACCERR);
    ck_assert_uint_eq(kit_rss(process), 1);
    ck_assert_int_eq(mmsim_mprotect(process, base, 2 * KIT_PAGE, KIT_RW), 0);
    ck_assert_uint_eq(kit_read(process, base), 77);
}
END_TEST

START_TEST(a_write_only_page_can_be_read_and_an_executable_one_too)
{
    ck_assert_int_eq(map_fixed(ARENA, KIT_PAGE, MMSIM_PROT_WRITE), 0);
    kit_write(process, ARENA, 5);
    ck_assert_uint_eq(kit_read(process, ARENA), 5);
    ck_assert_int_eq(map_fixed(ARENA, KIT_PAGE, MMSIM_PROT_EXEC), 0);
    ck_assert_uint_eq(kit_read(process, ARENA), 0);
    ck_assert_int_eq(mmsim_fetch(process, ARENA).outcome, MMSIM_DONE);
}
END_TEST

START_TEST(equal_neighbours_become_one_mapping)
{
    ck_assert_int_eq(map_fixed(ARENA, KIT_PAGE, KIT_RW), 0);
    ck_assert_int_eq(map_fixed(ARENA + 2 * KIT_PAGE, KIT_PAGE, KIT_RW), 0);
    ck_assert_int_eq(map_fixed(ARENA + KIT_PAGE, KIT_PAGE, MMSIM_PROT_READ), 0);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA + KIT_PAGE, KIT_PAGE, KIT_RW), 0);
    struct mmsim_vma_info info;
    ck_assert(mmsim_vma_find(process, ARENA, &info));
    ck_assert_uint_eq(info.end, ARENA + 3 * KIT_PAGE);
}
END_TEST

START_TEST(page_tables_go_when_their_last_page_goes)
{
    struct mmsim_stats before = kit_stats(machine);
    ck_assert_int_eq(map_fixed(ARENA, 64 * MMSIM_MIB, KIT_RW), 0);
    for (unsigned i = 0; i < 16; i++)
        kit_write(process, ARENA + i * 4 * MMSIM_MIB, i);
    ck_assert_uint_eq(kit_stats(machine).memory.page_tables, before.memory.page_tables + 16);
    ck_assert_int_eq(mmsim_munmap(process, ARENA, 64 * MMSIM_MIB), 0);
    ck_assert_uint_eq(kit_stats(machine).memory.page_tables, before.memory.page_tables);
    ck_assert_uint_eq(kit_stats(machine).memory.user, 0);
}
END_TEST

START_TEST(a_dead_process_and_the_kernel_cannot_call)
{
    ck_assert_int_eq(kit_try_map(mmsim_kernel(machine), 0, KIT_PAGE, 3, 0, &got), MMSIM_EPERM);
    mmsim_exit(process, 0);
    ck_assert_int_eq(kit_try_map(process, 0, KIT_PAGE, 3, 0, &got), MMSIM_ESRCH);
    ck_assert_int_eq(mmsim_munmap(process, ARENA, KIT_PAGE), MMSIM_ESRCH);
    ck_assert_int_eq(mmsim_mprotect(process, ARENA, KIT_PAGE, 1), MMSIM_ESRCH);
}
END_TEST

START_TEST(the_stack_grows_to_its_limit_and_not_into_its_neighbour)
{
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    struct mmsim_access access = kit_write(process, 0xbffffffc, 1);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_MINOR);
    access = kit_write(process, 0xc0000000 - (8 * MMSIM_MIB), 2);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_STACK);
    access = kit_write(process, 0xc0000000 - (8 * MMSIM_MIB) - 4, 3);
    ck_assert_int_eq(access.code, MMSIM_SEGV_MAPERR);
    ck_assert_uint_eq(kit_stats(machine).faults.stack, 1);
}
END_TEST

START_TEST(the_stack_keeps_its_distance_from_a_mapping_below)
{
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_vaddr below = 0xbf900000;
    ck_assert_int_eq(map_fixed(below, KIT_PAGE, KIT_RW), 0);
    mmsim_vaddr end = below + KIT_PAGE;
    ck_assert_int_eq(kit_write(process, end + 256 * KIT_PAGE - 4, 1).code, MMSIM_SEGV_MAPERR);
    ck_assert_int_eq(kit_write(process, end + 256 * KIT_PAGE, 1).fault, MMSIM_FAULT_STACK);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, mappings_go_bottom_up_from_0x40000000);
    tcase_add_test(tests, the_lowest_hole_that_is_large_enough_is_used);
    tcase_add_test(tests, a_free_hint_is_taken_and_a_taken_one_is_not);
    tcase_add_test(tests, a_hint_in_the_guard_gap_of_a_stack_is_not_taken);
    tcase_add_test(tests, mmap_refuses_what_linux_refuses);
    tcase_add_test(tests, a_fixed_place_outside_the_user_region_is_enomem);
    tcase_add_test(tests, noreplace_refuses_an_overlap_and_fixed_replaces_it);
    tcase_add_test(tests, a_failed_mmap_changes_nothing);
    tcase_add_test(tests, munmap_of_nothing_succeeds_and_length_rounds_up);
    tcase_add_test(tests, munmap_refuses_length_0_odd_addresses_and_kernel_ranges);
    tcase_add_test(tests, unmapping_the_middle_leaves_both_ends);
    tcase_add_test(tests, mprotect_over_a_hole_changes_the_pages_before_it);
    tcase_add_test(tests, mprotect_that_starts_in_a_hole_changes_nothing);
    tcase_add_test(tests, mprotect_of_length_0_succeeds_anywhere_aligned);
    tcase_add_test(tests, rights_that_return_find_the_old_bytes);
    tcase_add_test(tests, a_write_only_page_can_be_read_and_an_executable_one_too);
    tcase_add_test(tests, equal_neighbours_become_one_mapping);
    tcase_add_test(tests, page_tables_go_when_their_last_page_goes);
    tcase_add_test(tests, a_dead_process_and_the_kernel_cannot_call);
    tcase_add_test(tests, the_stack_grows_to_its_limit_and_not_into_its_neighbour);
    tcase_add_test(tests, the_stack_keeps_its_distance_from_a_mapping_below);
}

Suite *test_mmap_suite(void);
Suite *test_mmap_suite(void)
{
    Suite *suite = suite_create("mmap");
    kit_add_modes(suite, add_tests);
    return suite;
}
