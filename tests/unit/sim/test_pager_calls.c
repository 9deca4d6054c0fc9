/*
 * test_pager_calls.c - system calls on memory of which a part is on swap: fork, mprotect, mremap,
 * munmap, madvise, mincore, guards, large pages, compaction; and their own errors.
 */
#include "alloc/compact.h"
#include "pager_kit.h"
#include "sim/machine.h"

START_TEST(fork_shares_pages_on_swap_and_a_store_parts_them)
{
    struct mmsim_machine *machine = pager_machine(5, 64);
    struct mmsim_process *parent = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(parent, 10);
    pager_fill(parent, at, 10, 1);
    uint64_t used = pager_swap(machine).used;
    struct mmsim_process *child = kit_fork(parent, "c");
    struct mmsim_process *grandchild = kit_fork(child, "g");
    ck_assert_uint_eq(pager_swap(machine).used, used);
    pager_fill(child, at, 10, 2);
    pager_expect(parent, at, 10, 1);
    pager_expect(grandchild, at, 10, 1);
    pager_expect(child, at, 10, 2);
    mmsim_exit(parent, 0);
    pager_fill(grandchild, at, 5, 3);
    pager_expect(child, at, 10, 2);
    pager_expect(grandchild, at, 5, 3);
    pager_expect_page(grandchild, at, 7, 1);
    mmsim_exit(child, 0);
    mmsim_exit(grandchild, 0);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    kit_end(machine);
}
END_TEST

START_TEST(the_last_owner_of_a_page_that_came_back_stores_without_a_copy)
{
    struct mmsim_machine *machine = pager_machine(8, 64);
    struct mmsim_process *parent = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(parent, 2);
    pager_fill(parent, at, 2, 1);
    struct mmsim_process *child = kit_fork(parent, "c");
    mmsim_reclaim(machine, 2);
    ck_assert_uint_eq(pager_swap(machine).used, 2);
    mmsim_exit(child, 0);
    ck_assert_uint_eq(kit_read(parent, at), pager_word(0, 1));
    struct mmsim_access access = kit_write(parent, at, 5);
    ck_assert_int_eq(access.fault, MMSIM_FAULT_COW);
    ck_assert_uint_eq(kit_stats(machine).memory.user, 1);
    ck_assert_uint_eq(pager_swap(machine).used, 1);
    kit_end(machine);
}
END_TEST

START_TEST(rights_that_change_while_a_page_is_out_are_those_it_comes_back_with)
{
    struct mmsim_machine *machine = pager_machine(8, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_vaddr at = kit_map(process, 6);
    pager_fill(process, at, 6, 1);
    mmsim_reclaim(machine, 6);
    ck_assert_int_eq(mmsim_mprotect(process, at, 3 * KIT_PAGE, MMSIM_PROT_READ), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_mprotect(process, at + 3 * KIT_PAGE, 2 * KIT_PAGE, MMSIM_PROT_NONE),
                     MMSIM_SUCCESS);
    pager_expect(process, at, 3, 1);
    ck_assert_int_eq(kit_write(process, at, 1).code, MMSIM_SEGV_ACCERR);
    uint32_t word;
    ck_assert_int_eq(mmsim_read(process, at + 3 * KIT_PAGE, &word, 4).code, MMSIM_SEGV_ACCERR);
    mmsim_reclaim(machine, 6);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_SUCCESS); /* also what cannot be reached */
    ck_assert_int_eq(mmsim_read(process, at + 3 * KIT_PAGE, &word, 4).code, MMSIM_SEGV_ACCERR);
    ck_assert_int_eq(mmsim_mprotect(process, at, 6 * KIT_PAGE, KIT_RW), MMSIM_SUCCESS);
    pager_expect(process, at, 6, 1);
    kit_end(machine);
}
END_TEST

START_TEST(pages_that_cannot_be_reached_go_to_swap_and_come_back)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 4), other = kit_map(process, 8);
    pager_fill(process, at, 4, 1);
    ck_assert_int_eq(mmsim_mprotect(process, at, 4 * KIT_PAGE, MMSIM_PROT_NONE), MMSIM_SUCCESS);
    pager_fill(process, other, 8, 2);
    ck_assert_uint_eq(pager_n_of_kind(process, at, 4, MMSIM_PAGE_SWAP), 4);
    ck_assert_int_eq(mmsim_mprotect(process, at, 4 * KIT_PAGE, KIT_RW), MMSIM_SUCCESS);
    pager_expect(process, at, 4, 1);
    kit_end(machine);
}
END_TEST

START_TEST(mappings_move_with_their_pages_on_swap_and_in_frames)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 8), moved = 0;
    pager_fill(process, at, 8, 1);
    struct mmsim_remap want = {.address = at,
                               .old_length = 8 * KIT_PAGE,
                               .new_length = 8 * KIT_PAGE,
                               .flags = MMSIM_MREMAP_MAYMOVE | MMSIM_MREMAP_FIXED,
                               .new_address = 0x50000000};
    ck_assert_int_eq(mmsim_mremap(process, &want, &moved), MMSIM_SUCCESS);
    pager_expect(process, moved, 8, 1);
    pager_fill(process, moved, 8, 2);
    pager_expect(process, moved, 8, 2);
    kit_end(machine);
}
END_TEST

START_TEST(what_is_unmapped_or_discarded_on_swap_is_gone_with_its_slots)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 20);
    pager_fill(process, at, 20, 1);
    ck_assert_uint_eq(pager_swap(machine).used, 16);
    ck_assert_int_eq(mmsim_munmap(process, at, 5 * KIT_PAGE), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).used, 11);
    ck_assert_int_eq(mmsim_madvise(process, at + 5 * KIT_PAGE, 5 * KIT_PAGE, MMSIM_MADV_DONTNEED),
                     MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).used, 6);
    ck_assert_int_eq(
        mmsim_madvise(process, at + 10 * KIT_PAGE, 2 * KIT_PAGE, MMSIM_MADV_GUARD_INSTALL),
        MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).used, 4);
    ck_assert_uint_eq(kit_read(process, at + 5 * KIT_PAGE), 0);
    pager_expect_page(process, at, 12, 1);
    mmsim_exit(process, 0);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    kit_end(machine);
}
END_TEST

/* ---- advice ---- */

START_TEST(pageout_takes_out_what_only_this_process_has_also_what_it_has_just_used)
{
    struct mmsim_machine *machine = pager_machine(16, 64);
    struct mmsim_process *parent = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(parent, 6);
    pager_fill(parent, at, 3, 1);
    struct mmsim_process *child = kit_fork(parent, "c");
    pager_fill(parent, at + 3 * KIT_PAGE, 2, 1);
    kit_write(parent, at + 5 * KIT_PAGE, pager_word(2, 1));
    ck_assert_int_eq(mmsim_madvise(parent, at, 6 * KIT_PAGE, MMSIM_MADV_PAGEOUT), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_n_of_kind(parent, at, 3, MMSIM_PAGE_ANON), 3);
    ck_assert_uint_eq(pager_n_of_kind(parent, at + 3 * KIT_PAGE, 3, MMSIM_PAGE_SWAP), 3);
    pager_expect(child, at, 3, 1);
    pager_expect(parent, at, 3, 1);
    pager_expect(parent, at + 3 * KIT_PAGE, 2, 1);
    ck_assert_uint_eq(kit_read(parent, at + 5 * KIT_PAGE), pager_word(2, 1));
    kit_end(machine);
}
END_TEST

START_TEST(willneed_reads_pages_from_swap_so_that_they_fault_without_a_device)
{
    struct mmsim_machine *machine = pager_machine(16, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 6);
    pager_fill(process, at, 6, 1);
    mmsim_reclaim(machine, 6);
    uint8_t there[6];
    ck_assert_int_eq(mmsim_mincore(process, at, 6 * KIT_PAGE, there), MMSIM_SUCCESS);
    ck_assert_uint_eq(there[0] + there[5], 0);
    ck_assert_int_eq(mmsim_madvise(process, at, 6 * KIT_PAGE, MMSIM_MADV_WILLNEED), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).in, 6);
    ck_assert_int_eq(mmsim_mincore(process, at, 6 * KIT_PAGE, there), MMSIM_SUCCESS);
    ck_assert_uint_eq(there[0] + there[5], 2);
    ck_assert_uint_eq(kit_rss(process), 0);
    pager_expect(process, at, 6, 1);
    struct mmsim_process_stats stats;
    mmsim_process_get_stats(process, &stats);
    ck_assert_uint_eq(stats.major, 0);
    ck_assert_uint_eq(pager_swap(machine).in, 6);
    kit_end(machine);
}
END_TEST

START_TEST(pages_that_nobody_needs_are_dropped_without_a_write_unless_stored_to_again)
{
    struct mmsim_machine *machine = pager_machine(16, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 6);
    pager_fill(process, at, 6, 1);
    pager_expect(process, at, 6, 1);
    ck_assert_int_eq(mmsim_madvise(process, at, 6 * KIT_PAGE, MMSIM_MADV_FREE), MMSIM_SUCCESS);
    pager_expect(process, at, 6, 1); /* nobody has needed the frames yet */
    pager_store(process, at, 4, 8);
    ck_assert_uint_eq(mmsim_reclaim(machine, 6), 6);
    ck_assert_uint_eq(pager_swap(machine).out, 1);
    for (unsigned i = 0; i < 6; i++)
        if (i != 4)
            ck_assert_uint_eq(kit_read(process, at + i * KIT_PAGE), 0);
    pager_expect_page(process, at, 4, 8);
    kit_end(machine);
}
END_TEST

START_TEST(free_of_pages_on_swap_frees_their_slots)
{
    struct mmsim_machine *machine = pager_machine(8, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 6);
    pager_fill(process, at, 6, 1);
    mmsim_reclaim(machine, 6);
    pager_expect(process, at, 3, 1);
    ck_assert_int_eq(mmsim_madvise(process, at, 6 * KIT_PAGE, MMSIM_MADV_FREE), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    ck_assert_uint_eq(kit_read(process, at + 5 * KIT_PAGE), 0);
    pager_expect(process, at, 3, 1);
    mmsim_reclaim(machine, 8);
    ck_assert_uint_eq(kit_read(process, at), 0);
    kit_end(machine);
}
END_TEST

START_TEST(cold_pages_look_unused_to_a_policy_of_bits)
{
    struct pager_config given;
    pager_config_init(&given, 16, 64);
    given.config.pager.policy = "clock";
    given.config.pager.view = MMSIM_VIEW_BITS;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 8);
    pager_fill(process, at, 8, 1);
    ck_assert_int_eq(mmsim_madvise(process, at + 5 * KIT_PAGE, 2 * KIT_PAGE, MMSIM_MADV_COLD),
                     MMSIM_SUCCESS);
    ck_assert_uint_eq(mmsim_reclaim(machine, 2), 2);
    ck_assert_uint_eq(pager_n_of_kind(process, at + 5 * KIT_PAGE, 2, MMSIM_PAGE_SWAP), 2);
    kit_end(machine);
}
END_TEST

/* ---- mincore ---- */

START_TEST(a_private_copy_on_swap_is_not_at_hand_though_the_page_of_its_file_is)
{
    struct mmsim_machine *machine = pager_machine(16, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file;
    uint64_t done;
    uint8_t bytes[16] = {7}, there[2];
    ck_assert_int_eq(mmsim_file_create(machine, "f", 2 * KIT_PAGE, &file), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_file_write(file, 0, bytes, 16, &done), MMSIM_SUCCESS);
    struct mmsim_mapping want = {
        .length = 2 * KIT_PAGE, .prot = KIT_RW, .flags = MMSIM_MAP_PRIVATE, .file = file};
    mmsim_vaddr at;
    ck_assert_int_eq(mmsim_mmap(process, &want, &at), MMSIM_SUCCESS);
    pager_store(process, at, 0, 1);
    ck_assert_int_eq(mmsim_madvise(process, at, KIT_PAGE, MMSIM_MADV_PAGEOUT), MMSIM_SUCCESS);
    ck_assert_int_eq(pager_kind(process, at, 0), MMSIM_PAGE_SWAP);
    ck_assert_int_eq(mmsim_file_write(file, 0, bytes, 16, &done), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_mincore(process, at, 2 * KIT_PAGE, there), MMSIM_SUCCESS);
    ck_assert_uint_eq(there[0], 0);
    pager_expect_page(process, at, 0, 1);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

/* ---- large pages, and frames that move ---- */

START_TEST(a_large_page_that_was_split_goes_to_swap_page_by_page)
{
    struct pager_config given;
    pager_config_init(&given, 0, 4096);
    given.config.ram_bytes = 32 * MMSIM_MIB;
    given.config.check = MMSIM_CHECK_STEP;
    given.config.thp = MMSIM_THP_ALWAYS;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at;
    ck_assert_int_eq(kit_try_map(process, 0x50000000, 4 * MMSIM_MIB, KIT_RW, MMSIM_MAP_FIXED, &at),
                     MMSIM_SUCCESS);
    pager_fill(process, at, 64, 1);
    struct mmsim_smaps smaps;
    mmsim_smaps_read(process, at, at + 4 * MMSIM_MIB, &smaps);
    ck_assert_uint_gt(smaps.large, 0);
    struct mmsim_process *child = kit_fork(process, "c"); /* splits it */
    kit_check(machine);
    pager_store(child, at, 3, 2);
    ck_assert_uint_ge(mmsim_reclaim(machine, 200), 200);
    kit_check(machine);
    for (unsigned i = 0; i < 64; i++)
        pager_expect_page(process, at, i, 1);
    pager_expect_page(child, at, 3, 2);
    pager_expect_page(child, at, 4, 1);
    kit_end(machine);
}
END_TEST

/* Compaction rewrites entries that name frames it moves; slots have numbers like frames. */
START_TEST(compaction_does_not_take_slots_for_frames)
{
    struct pager_config given;
    pager_config_init(&given, 0, 4096);
    given.config.ram_bytes = 8 * MMSIM_MIB;
    given.config.check = MMSIM_CHECK_END;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 1500);
    pager_fill(process, at, 1500, 1);
    ck_assert_uint_ge(mmsim_reclaim(machine, 900), 900); /* slots 0 to 899; some frames are left */
    for (unsigned i = 0; i < 1500; i += 3)
        ck_assert_int_eq(mmsim_munmap(process, at + i * KIT_PAGE, KIT_PAGE), MMSIM_SUCCESS);
    for (unsigned i = 1; i < 1500; i += 7) /* and some are in both */
        if (i % 3)
            pager_expect_page(process, at, i, 1);
    for (unsigned order = 2; order <= 8; order++)
        for (unsigned zone = 0; zone < MM_N_ZONES; zone++) {
            struct mm_compact_result result;
            mm_compact_block(&machine->zones, (enum mm_zone_kind)zone, order, &result);
            kit_check(machine);
        }
    for (unsigned i = 0; i < 1500; i++)
        if (i % 3)
            pager_expect_page(process, at, i, 1);
    kit_end(machine);
}
END_TEST

/* ---- few frames ---- */

/* A file of n pages that the disk has, and the cache has not. */
static struct mmsim_file *file_on_disk(struct mmsim_machine *machine, const char *name, unsigned n)
{
    struct mmsim_file *file;
    ck_assert_int_eq(mmsim_file_create(machine, name, 0, &file), MMSIM_SUCCESS);
    for (unsigned i = 0; i < n; i++) {
        uint32_t word = pager_word(i, (uint32_t)name[0]);
        uint64_t done;
        ck_assert_int_eq(mmsim_file_write(file, (i + 1) * KIT_PAGE - 4, &word, 4, &done),
                         MMSIM_SUCCESS);
    }
    ck_assert_int_eq(mmsim_file_sync(file), MMSIM_SUCCESS);
    mmsim_file_drop(file);
    return file;
}

static mmsim_vaddr map_file(struct mmsim_process *process, mmsim_vaddr at, struct mmsim_file *file,
                            unsigned n)
{
    struct mmsim_mapping want = {.address = at,
                                 .length = n * KIT_PAGE,
                                 .prot = MMSIM_PROT_READ,
                                 .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_FIXED,
                                 .file = file};
    ck_assert_int_eq(mmsim_mmap(process, &want, &at), MMSIM_SUCCESS);
    return at;
}

/* A table that holds only a clean page of a file loses it while it is about to get another. */
START_TEST(a_fault_finds_its_table_though_room_was_made_at_the_expense_of_all_in_it)
{
    struct mmsim_machine *machine = pager_machine(1, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = file_on_disk(machine, "f", 4);
    mmsim_vaddr at = map_file(process, 0x50000000, file, 4), anonymous = 0x50010000;
    ck_assert_int_eq(
        kit_try_map(process, anonymous, 4 * KIT_PAGE, KIT_RW, MMSIM_MAP_FIXED, &anonymous),
        MMSIM_SUCCESS);
    for (uint32_t round = 0; round < 4; round++) {
        ck_assert_uint_eq(kit_read(process, at + KIT_PAGE - 4), pager_word(0, 'f'));
        pager_fill(process, anonymous, 2, round);
        pager_expect(process, anonymous, 2, round);
        ck_assert_int_eq(mmsim_madvise(process, anonymous, 4 * KIT_PAGE, MMSIM_MADV_DONTNEED),
                         MMSIM_SUCCESS);
    }
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

/* Each of the two brings neighbours along, which must not take the place of the other. */
START_TEST(an_access_over_the_border_of_two_files_finds_both_pages_in_three_frames)
{
    struct mmsim_machine *machine = pager_machine(3, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *a = file_on_disk(machine, "a", 8), *b = file_on_disk(machine, "b", 8);
    for (unsigned i = 0; i < 7; i++) {
        map_file(process, 0x50000000, a, i + 1);
        map_file(process, 0x50000000 + (i + 1) * KIT_PAGE, b, 8);
        uint64_t both = 0;
        mmsim_vaddr border = 0x50000000 + (i + 1) * KIT_PAGE;
        struct mmsim_access access = mmsim_read(process, border - 4, &both, 8);
        ck_assert_int_eq(access.outcome, MMSIM_DONE);
        ck_assert_uint_eq((uint32_t)both, pager_word(i, 'a'));
        mmsim_file_drop(a);
    }
    mmsim_exit(process, 0);
    mmsim_file_unlink(a);
    mmsim_file_unlink(b);
    kit_end(machine);
}
END_TEST

static void add_all(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, fork_shares_pages_on_swap_and_a_store_parts_them);
    tcase_add_test(tests, the_last_owner_of_a_page_that_came_back_stores_without_a_copy);
    tcase_add_test(tests, rights_that_change_while_a_page_is_out_are_those_it_comes_back_with);
    tcase_add_test(tests, pages_that_cannot_be_reached_go_to_swap_and_come_back);
    tcase_add_test(tests, mappings_move_with_their_pages_on_swap_and_in_frames);
    tcase_add_test(tests, what_is_unmapped_or_discarded_on_swap_is_gone_with_its_slots);
    tcase_add_test(tests, pageout_takes_out_what_only_this_process_has_also_what_it_has_just_used);
    tcase_add_test(tests, willneed_reads_pages_from_swap_so_that_they_fault_without_a_device);
    tcase_add_test(tests,
                   pages_that_nobody_needs_are_dropped_without_a_write_unless_stored_to_again);
    tcase_add_test(tests, free_of_pages_on_swap_frees_their_slots);
    tcase_add_test(tests, cold_pages_look_unused_to_a_policy_of_bits);
    tcase_add_test(tests, a_private_copy_on_swap_is_not_at_hand_though_the_page_of_its_file_is);
    tcase_add_test(tests, a_large_page_that_was_split_goes_to_swap_page_by_page);
    tcase_add_test(tests, compaction_does_not_take_slots_for_frames);
    tcase_add_test(tests, a_fault_finds_its_table_though_room_was_made_at_the_expense_of_all_in_it);
    tcase_add_test(tests, an_access_over_the_border_of_two_files_finds_both_pages_in_three_frames);
}

Suite *test_pager_calls_suite(void);
Suite *test_pager_calls_suite(void)
{
    Suite *suite = suite_create("pager calls");
    kit_add_modes(suite, add_all);
    return suite;
}
