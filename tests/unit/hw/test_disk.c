/*
 * test_disk.c - requests that pass over blocks, and failures that several disks share. What becomes
 * of files is tested with the page cache.
 */
#include "hw/disk.h"

#include <check.h>
#include <string.h>

enum { SEEK_READ = 1009, SEEK_WRITE = 2003, MOVE = 101, N_BLOCKS = 64, N_DISKS = 3 };

static struct mm_clock time_now;
static struct mm_disk_trap traps[MM_N_DISK_MISHAPS];
static struct mm_disk disks[N_DISKS];
static unsigned n_done, n_failed;

static uint64_t now(void *user)
{
    (void)user;
    return time_now.cycles;
}

static void count_done(void *user, const struct mm_disk_write *write, bool ok)
{
    (void)user;
    (void)write;
    n_done++;
    n_failed += !ok;
}

static void setup(void)
{
    const struct mmsim_disk config = {.bytes = N_BLOCKS * MMSIM_PAGE_SIZE,
                                      .read_cycles = SEEK_READ,
                                      .write_cycles = SEEK_WRITE,
                                      .page_cycles = MOVE};
    time_now.cycles = 0;
    n_done = n_failed = 0;
    memset(traps, 0, sizeof traps);
    for (unsigned i = 0; i < N_DISKS; i++) { /* the last one has its own */
        const struct mm_disk_setup disk = {
            .config = &config, .now = now, .clock = &time_now, .traps = i < 2 ? traps : NULL};
        ck_assert_int_eq(mm_disk_init(&disks[i], &disk), MM_DISK_OK);
        disks[i].done = count_done;
    }
}

static void teardown(void)
{
    for (unsigned i = 0; i < N_DISKS; i++) {
        ck_assert_ptr_null(mm_disk_check(&disks[i]));
        mm_disk_fini(&disks[i]);
    }
}

static uint8_t memory[32][MMSIM_PAGE_SIZE];

/* Writes pages of `value` to blocks of the mask, from block 8 on, in one request. */
static void write_masked(uint32_t mask, uint8_t value)
{
    const uint8_t *pages[32];
    for (unsigned i = 0; i < 32; i++) {
        memset(memory[i], value, MMSIM_PAGE_SIZE);
        pages[i] = (mask >> i & 1) ? memory[i] : NULL;
    }
    mm_disk_submit(&disks[0], &(struct mm_disk_write){.block = 8, .n_blocks = 32}, pages);
    while (mm_disk_wait_one(&disks[0]))
        ;
}

static uint8_t first_byte(unsigned block)
{
    uint8_t page[MMSIM_PAGE_SIZE];
    mm_disk_look(&disks[0], block, page);
    return page[0];
}

static const uint32_t masks[] = {1, 0x80000000, 0x12345678, 0xfffffffe, 0xffffffff, 0};

START_TEST(a_write_neither_moves_nor_pays_for_what_it_passes_over)
{
    uint32_t mask = masks[_i];
    unsigned n = (unsigned)__builtin_popcount(mask);
    write_masked(0xffffffff, 1);
    time_now.cycles = disks[0].busy_until = 0;
    write_masked(mask, 2);
    ck_assert_uint_eq(time_now.cycles, SEEK_WRITE + n * MOVE);
    ck_assert_uint_eq(disks[0].stats.pages_written, 32 + n);
    for (unsigned i = 0; i < 32; i++)
        ck_assert_uint_eq(first_byte(8 + i), (mask >> i & 1) ? 2 : 1);
}
END_TEST

START_TEST(a_read_neither_moves_nor_pays_for_what_it_passes_over)
{
    uint32_t mask = masks[_i];
    unsigned n = (unsigned)__builtin_popcount(mask);
    write_masked(0xffffffff, 1);
    time_now.cycles = disks[0].busy_until = 0;
    uint8_t *pages[32];
    for (unsigned i = 0; i < 32; i++) {
        memory[i][0] = 9;
        pages[i] = (mask >> i & 1) ? memory[i] : NULL;
    }
    uint64_t ready_at = 0;
    ck_assert(mm_disk_read(&disks[0], 8, 32, pages, &ready_at));
    ck_assert_uint_eq(ready_at, SEEK_READ + n * MOVE);
    ck_assert_uint_eq(disks[0].stats.pages_read, n);
    for (unsigned i = 0; i < 32; i++)
        ck_assert_uint_eq(memory[i][0], (mask >> i & 1) ? 1 : 9);
}
END_TEST

START_TEST(disks_that_share_traps_are_counted_together)
{
    uint8_t *pages[] = {memory[0]};
    uint64_t ready_at;
    mm_disk_inject(&disks[1], MM_DISK_READ_FAILS, &(struct mm_disk_rule){.every = 3});
    for (unsigned i = 1; i <= 30; i++) {
        ck_assert_int_eq(mm_disk_read(&disks[i % 2], 0, 1, pages, &ready_at), i % 3 != 0);
        ck_assert(mm_disk_read(&disks[2], 0, 1, pages, &ready_at));
    }
    ck_assert_uint_eq(disks[0].stats.errors + disks[1].stats.errors, 10);
    ck_assert_uint_eq(mm_disk_trap_set(&traps[MM_DISK_READ_FAILS], &(struct mm_disk_rule){0}), 10);
    ck_assert_uint_eq(mm_disk_inject(&disks[2], MM_DISK_READ_FAILS, &(struct mm_disk_rule){0}), 0);
    ck_assert(mm_disk_read(&disks[0], 0, 1, pages, &ready_at));
}
END_TEST

START_TEST(a_write_that_fails_is_told_when_it_completes)
{
    mm_disk_inject(&disks[0], MM_DISK_WRITE_FAILS, &(struct mm_disk_rule){.nth = 2});
    write_masked(1, 1);
    write_masked(1, 2);
    write_masked(2, 3);
    ck_assert_uint_eq(n_done, 3);
    ck_assert_uint_eq(n_failed, 1);
    ck_assert_uint_eq(first_byte(8), 1);
    ck_assert_uint_eq(first_byte(9), 3);
}
END_TEST

Suite *test_disk_suite(void);
Suite *test_disk_suite(void)
{
    enum { N_MASKS = sizeof masks / sizeof *masks };
    Suite *suite = suite_create("disk");
    TCase *tests = tcase_create("disk");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_write_neither_moves_nor_pays_for_what_it_passes_over, 0, N_MASKS);
    tcase_add_loop_test(tests, a_read_neither_moves_nor_pays_for_what_it_passes_over, 0, N_MASKS);
    tcase_add_test(tests, disks_that_share_traps_are_counted_together);
    tcase_add_test(tests, a_write_that_fails_is_told_when_it_completes);
    suite_add_tcase(suite, tests);
    return suite;
}
