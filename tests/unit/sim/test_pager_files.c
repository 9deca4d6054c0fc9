/*
 * test_pager_files.c - pages of files and of shared memory leave their frames, and come back.
 */
#include "pager_kit.h"

static struct mmsim_file *create(struct mmsim_machine *machine, const char *name, uint64_t n_pages)
{
    struct mmsim_file *file;
    ck_assert_int_eq(mmsim_file_create(machine, name, n_pages * KIT_PAGE, &file), MMSIM_SUCCESS);
    return file;
}

static mmsim_vaddr map(struct mmsim_process *process, struct mmsim_file *file, uint64_t n_pages,
                       unsigned flags)
{
    struct mmsim_mapping want = {
        .length = n_pages * KIT_PAGE, .prot = KIT_RW, .flags = flags, .file = file};
    mmsim_vaddr at;
    ck_assert_int_eq(mmsim_mmap(process, &want, &at), MMSIM_SUCCESS);
    return at;
}

static void let_fail(struct mmsim_machine *machine, enum mmsim_fail_what what, uint64_t every)
{
    struct mmsim_fail rules = {.every = every};
    mmsim_fail_set(machine, what, &rules);
}

START_TEST(dirty_pages_of_files_are_written_before_they_go)
{
    struct mmsim_machine *machine = pager_machine(6, 0); /* files need no swap */
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = create(machine, "f", 30);
    mmsim_vaddr at = map(process, file, 30, MMSIM_MAP_SHARED);
    pager_fill(process, at, 30, 7);
    mmsim_file_sync(file); /* from now on the disk knows where each page is */
    for (uint32_t round = 1; round <= 3; round++) {
        pager_fill(process, at, 30, round);
        pager_expect(process, at, 30, round);
    }
    for (unsigned i = 0; i < 30; i++) {
        uint32_t word;
        mmsim_file_read_disk(file, i * KIT_PAGE, &word, 4);
        bool went = pager_kind(process, at, i) == MMSIM_PAGE_ABSENT;
        ck_assert(!went || word == pager_word(i, 3));
    }
    ck_assert_uint_gt(pager_reclaim(machine).write_backs, 0);
    ck_assert_uint_le(kit_stats(machine).memory.files, 6);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

START_TEST(clean_pages_of_files_go_without_a_write)
{
    struct mmsim_machine *machine = pager_machine(6, 0);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = create(machine, "f", 20);
    mmsim_vaddr at = map(process, file, 20, MMSIM_MAP_SHARED);
    pager_fill(process, at, 20, 1);
    mmsim_file_sync(file);
    struct mmsim_disk_stats before, after;
    mmsim_disk_get_stats(machine, &before);
    for (int round = 0; round < 3; round++)
        pager_expect(process, at, 20, 1);
    mmsim_disk_get_stats(machine, &after);
    ck_assert_uint_eq(after.pages_written, before.pages_written);
    ck_assert_uint_gt(after.pages_read, before.pages_read);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

START_TEST(files_and_anonymous_memory_share_the_frames)
{
    struct pager_config given;
    pager_config_init(&given, 16, 128);
    given.config.pager.policy = "lru";
    given.config.pager.view = MMSIM_VIEW_REFERENCES;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = create(machine, "f", 40);
    mmsim_vaddr f = map(process, file, 40, MMSIM_MAP_SHARED), a = kit_map(process, 40);
    pager_fill(process, f, 40, 1);
    ck_assert_uint_eq(kit_stats(machine).memory.files, 16);
    pager_fill(process, a, 40, 2); /* takes all of them */
    ck_assert_uint_eq(kit_stats(machine).memory.files, 0);
    for (unsigned i = 0; i < 40; i++) { /* four pages that are used all the time stay */
        pager_expect(process, a, 4, 2);
        pager_expect_page(process, f, i, 1);
    }
    ck_assert_uint_eq(pager_n_of_kind(process, a, 4, MMSIM_PAGE_ANON), 4);
    ck_assert_uint_ge(kit_stats(machine).memory.files, 8);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

START_TEST(reads_and_writes_of_a_file_are_references_to_its_pages)
{
    struct pager_config given;
    pager_config_init(&given, 4, 0);
    given.config.pager.policy = "lru";
    given.config.pager.view = MMSIM_VIEW_REFERENCES;
    given.config.page_cache.readahead_pages = 0;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_file *file = create(machine, "f", 20);
    uint8_t bytes[8] = {1};
    uint64_t done;
    for (unsigned i = 0; i < 20; i++) {
        mmsim_file_write(file, i * KIT_PAGE, bytes, 8, &done);
        mmsim_file_read(file, 0, bytes, 8, &done); /* page 0 is used again and again */
    }
    ck_assert_uint_eq(pager_reclaim(machine).refaults, 0);
    ck_assert_uint_eq(pager_reclaim(machine).reclaimed, 16);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

START_TEST(private_copies_go_to_swap_and_the_file_does_not_change)
{
    struct mmsim_machine *machine = pager_machine(5, 64);
    struct mmsim_process *one = kit_spawn(machine, "one"), *two = kit_spawn(machine, "two");
    struct mmsim_file *file = create(machine, "f", 10);
    mmsim_vaddr a = map(one, file, 10, MMSIM_MAP_PRIVATE), b = map(two, file, 10, MMSIM_MAP_SHARED);
    pager_fill(two, b, 10, 1);
    pager_fill(one, a, 5, 2);
    pager_fill(two, b, 10, 3);
    pager_expect(one, a, 5, 2);
    for (unsigned i = 5; i < 10; i++)
        pager_expect_page(one, a, i, 3);
    pager_expect(two, b, 10, 3);
    ck_assert_uint_le(pager_swap(machine).used, 5);
    mmsim_exit(one, 0);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    mmsim_exit(two, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

START_TEST(a_page_of_a_file_that_cannot_be_written_stays)
{
    struct mmsim_machine *machine = pager_machine(8, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = create(machine, "f", 4);
    mmsim_vaddr at = map(process, file, 4, MMSIM_MAP_SHARED), other = kit_map(process, 20);
    pager_fill(process, at, 4, 1);
    let_fail(machine, MMSIM_FAIL_FILE_WRITES, 1);
    pager_fill(process, other, 20, 2);
    ck_assert_uint_eq(kit_stats(machine).memory.files, 4);
    pager_expect(process, at, 4, 1);
    pager_expect(process, other, 20, 2);
    let_fail(machine, MMSIM_FAIL_FILE_WRITES, 0);
    mmsim_reclaim(machine, 8);
    ck_assert_uint_eq(kit_stats(machine).memory.files, 0);
    pager_expect(process, at, 4, 1);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

START_TEST(files_that_are_cut_forget_pages_that_have_left)
{
    struct mmsim_machine *machine = pager_machine(4, 0);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    struct mmsim_file *file = create(machine, "f", 20);
    mmsim_vaddr at = map(process, file, 20, MMSIM_MAP_SHARED);
    pager_fill(process, at, 20, 1);
    ck_assert_int_eq(mmsim_file_truncate(file, 5 * KIT_PAGE + 8), MMSIM_SUCCESS);
    kit_check(machine);
    uint32_t word;
    ck_assert_int_eq(mmsim_read(process, at + 6 * KIT_PAGE, &word, 4).signal, MMSIM_SIGBUS);
    ck_assert_uint_eq(kit_read(process, at + 6 * KIT_PAGE - 4), 0);
    pager_expect(process, at, 5, 1);
    ck_assert_int_eq(mmsim_file_truncate(file, 20 * KIT_PAGE), MMSIM_SUCCESS);
    ck_assert_uint_eq(kit_read(process, at + 12 * KIT_PAGE), 0);
    pager_expect(process, at, 5, 1);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

/* ---- shared memory ---- */

START_TEST(shared_memory_goes_to_swap_and_is_the_same_for_all)
{
    struct mmsim_machine *machine = pager_machine(5, 64);
    struct mmsim_process *parent = kit_spawn(machine, "p");
    mmsim_vaddr at = map(parent, NULL, 12, MMSIM_MAP_SHARED | MMSIM_MAP_ANONYMOUS);
    struct mmsim_process *child = kit_fork(parent, "c");
    pager_fill(parent, at, 12, 1);
    pager_expect(child, at, 12, 1);
    pager_fill(child, at, 12, 2);
    pager_expect(parent, at, 12, 2);
    ck_assert_uint_ge(pager_swap(machine).used, 7);
    mmsim_exit(parent, 0);
    pager_expect(child, at, 12, 2);
    mmsim_exit(child, 0);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    kit_end(machine);
}
END_TEST

START_TEST(shared_memory_that_is_cut_or_punched_gives_its_slots_back)
{
    struct mmsim_machine *machine = pager_machine(4, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *object;
    ck_assert_int_eq(mmsim_shm_open(process, "s", MMSIM_SHM_CREATE, &object), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_file_truncate(object, 20 * KIT_PAGE), MMSIM_SUCCESS);
    mmsim_vaddr at = map(process, object, 20, MMSIM_MAP_SHARED);
    pager_fill(process, at, 20, 1);
    ck_assert_uint_eq(pager_swap(machine).used, 16);
    ck_assert_int_eq(mmsim_file_punch(object, 2 * KIT_PAGE, 3 * KIT_PAGE), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).used, 13);
    ck_assert_uint_eq(kit_read(process, at + 3 * KIT_PAGE), 0);
    ck_assert_int_eq(mmsim_file_truncate(object, 10 * KIT_PAGE + 4), MMSIM_SUCCESS);
    kit_check(machine);
    ck_assert_uint_le(pager_swap(machine).used, 11 - 3);
    pager_expect(process, at, 2, 1);
    ck_assert_uint_eq(kit_read(process, at + 10 * KIT_PAGE), pager_word(10, 1));
    ck_assert_uint_eq(kit_read(process, at + 11 * KIT_PAGE - 4), 0);
    ck_assert_int_eq(mmsim_shm_unlink(process, "s"), MMSIM_SUCCESS);
    mmsim_exit(process, 0);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    kit_end(machine);
}
END_TEST

START_TEST(swapoff_brings_shared_memory_back_too)
{
    struct mmsim_machine *machine = pager_machine(30, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = map(process, NULL, 12, MMSIM_MAP_SHARED | MMSIM_MAP_ANONYMOUS);
    pager_fill(process, at, 12, 1);
    ck_assert_uint_eq(mmsim_reclaim(machine, 12), 12);
    ck_assert_uint_eq(pager_swap(machine).used, 12);
    ck_assert_int_eq(mmsim_swapoff(machine, 0), MMSIM_SUCCESS);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    pager_expect(process, at, 12, 1);
    kit_end(machine);
}
END_TEST

START_TEST(locked_pages_of_files_stay)
{
    struct mmsim_machine *machine = pager_machine(8, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = create(machine, "f", 3);
    mmsim_vaddr at = map(process, file, 3, MMSIM_MAP_SHARED), other = kit_map(process, 20);
    pager_fill(process, at, 3, 1);
    ck_assert_int_eq(mmsim_mlock(process, at, 3 * KIT_PAGE, 0), MMSIM_SUCCESS);
    pager_fill(process, other, 20, 1);
    ck_assert_uint_eq(pager_n_of_kind(process, at, 3, MMSIM_PAGE_FILE), 3);
    ck_assert_int_eq(mmsim_munmap(process, at, 3 * KIT_PAGE), MMSIM_SUCCESS);
    pager_expect(process, other, 20, 1);
    ck_assert_uint_eq(kit_stats(machine).memory.files, 0);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

START_TEST(a_crash_takes_swap_with_it_and_files_are_as_the_disk_has_them)
{
    struct mmsim_machine *machine = pager_machine(6, 64);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = create(machine, "f", 12);
    mmsim_vaddr at = map(process, file, 12, MMSIM_MAP_SHARED), other = kit_map(process, 12);
    pager_fill(process, at, 12, 1);
    mmsim_file_sync(file);
    pager_fill(process, other, 12, 2);
    pager_store(process, at, 0, 3);
    mmsim_crash(machine);
    kit_check(machine);
    ck_assert_uint_eq(pager_swap(machine).used, 0);
    struct mmsim_process *next = kit_spawn(machine, "q");
    at = map(next, file, 12, MMSIM_MAP_SHARED);
    pager_expect(next, at, 12, 1);
    mmsim_exit(next, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

/* The memory of pages that have left is bounded by the frames there are. */
START_TEST(a_file_much_larger_than_memory_is_read_again_and_again)
{
    struct pager_config given;
    pager_config_init(&given, 8, 0);
    given.config.check = MMSIM_CHECK_END;
    struct mmsim_machine *machine = kit_build(&given.config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mmsim_file *file = create(machine, "f", 3000);
    mmsim_vaddr at = map(process, file, 3000, MMSIM_MAP_SHARED);
    for (int round = 0; round < 3; round++)
        for (unsigned i = 0; i < 3000; i++)
            kit_read(process, at + i * KIT_PAGE);
    ck_assert_uint_ge(pager_reclaim(machine).reclaimed, 8000);
    mmsim_exit(process, 0);
    mmsim_file_unlink(file);
    kit_end(machine);
}
END_TEST

static void add_all(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, dirty_pages_of_files_are_written_before_they_go);
    tcase_add_test(tests, clean_pages_of_files_go_without_a_write);
    tcase_add_test(tests, files_and_anonymous_memory_share_the_frames);
    tcase_add_test(tests, reads_and_writes_of_a_file_are_references_to_its_pages);
    tcase_add_test(tests, private_copies_go_to_swap_and_the_file_does_not_change);
    tcase_add_test(tests, a_page_of_a_file_that_cannot_be_written_stays);
    tcase_add_test(tests, files_that_are_cut_forget_pages_that_have_left);
    tcase_add_test(tests, shared_memory_goes_to_swap_and_is_the_same_for_all);
    tcase_add_test(tests, shared_memory_that_is_cut_or_punched_gives_its_slots_back);
    tcase_add_test(tests, swapoff_brings_shared_memory_back_too);
    tcase_add_test(tests, locked_pages_of_files_stay);
    tcase_add_test(tests, a_crash_takes_swap_with_it_and_files_are_as_the_disk_has_them);
    tcase_add_test(tests, a_file_much_larger_than_memory_is_read_again_and_again);
}

Suite *test_pager_files_suite(void);
Suite *test_pager_files_suite(void)
{
    Suite *suite = suite_create("pager files");
    kit_add_modes(suite, add_all);
    return suite;
}
