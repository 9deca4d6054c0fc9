/*
 * test_swap_io.c - what slots hold: bytes that come back, what a request costs to the cycle, pages
 * of zeros that make none, failures at each request, and windows.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/rng.h"
#include "swap_kit.h"

enum { RUN = 32 };

static struct swap_kit kit;
static uint8_t memory[RUN][MMSIM_PAGE_SIZE];

static void begin_with(const uint32_t n_slots[])
{
    kit_describe(&kit, n_slots);
    kit_begin(&kit);
}

static void setup(void)
{
    begin_with((const uint32_t[]){1000, 0});
}

static void teardown(void)
{
    kit_end_swap(&kit);
}

/* n slots in a row. */
static uint32_t alloc_run(unsigned n)
{
    uint32_t first = mm_swap_alloc(&kit.swap);
    for (unsigned i = 1; i < n; i++)
        ck_assert_uint_eq(mm_swap_alloc(&kit.swap), first + i);
    return first;
}

/* Writes pages of these seeds in one call; the slots in `skipped` are passed over. */
static enum mm_swap_result write_run(uint32_t first, unsigned n, const uint32_t seeds[],
                                     uint32_t skipped)
{
    const uint8_t *pages[RUN] = {NULL};
    for (unsigned i = 0; i < n; i++) {
        kit_fill(memory[i], seeds[i]);
        pages[i] = (skipped >> i & 1) ? NULL : memory[i];
    }
    return mm_swap_write(&kit.swap, first, n, pages);
}

static enum mm_swap_result read_run(uint32_t first, unsigned n, const uint32_t seeds[],
                                    uint32_t skipped)
{
    uint8_t *pages[RUN] = {NULL};
    memset(memory, 0xee, sizeof memory);
    for (unsigned i = 0; i < n; i++)
        pages[i] = (skipped >> i & 1) ? NULL : memory[i];
    enum mm_swap_result result = mm_swap_read(&kit.swap, first, n, pages);
    for (unsigned i = 0; i < n && result == MM_SWAP_OK; i++) {
        if (pages[i])
            kit_expect(memory[i], seeds[i]);
        else
            ck_assert_uint_eq(memory[i][0], 0xee);
    }
    return result;
}

static void break_nth(enum mm_disk_mishap mishap, uint64_t nth)
{
    mm_swap_inject(&kit.swap, mishap, &(struct mm_disk_rule){.nth = nth});
}

/* ---- prices ---- */

START_TEST(one_page_costs_a_seek_and_a_move)
{
    uint32_t slot = mm_swap_alloc(&kit.swap);
    ck_assert_int_eq(kit_write_one(&kit, slot, 7), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, KIT_WRITE + KIT_MOVE);
    ck_assert_int_eq(kit_read_one(&kit, slot, 7), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, KIT_WRITE + KIT_READ + 2 * KIT_MOVE);
}
END_TEST

START_TEST(a_run_costs_one_seek_and_its_pages)
{
    unsigned n = (unsigned)_i;
    uint32_t seeds[RUN];
    for (unsigned i = 0; i < n; i++)
        seeds[i] = i + 1;
    uint32_t first = alloc_run(n);
    ck_assert_int_eq(write_run(first, n, seeds, 0), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, KIT_WRITE + n * KIT_MOVE);
    ck_assert_int_eq(read_run(first, n, seeds, 0), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, KIT_WRITE + KIT_READ + 2 * n * KIT_MOVE);
    ck_assert_uint_eq(kit_requests(&kit), 2);
    struct mm_swap_stats stats = mm_swap_get_stats(&kit.swap);
    ck_assert_uint_eq(stats.in, n);
    ck_assert_uint_eq(stats.out, n);
}
END_TEST

START_TEST(pages_of_zeros_make_no_request)
{
    static const uint32_t seeds[RUN] = {0};
    uint32_t first = alloc_run(RUN);
    ck_assert_int_eq(write_run(first, RUN, seeds, 0), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, 0);
    ck_assert_uint_eq(kit.swap.areas[0].n_zero, RUN);
    ck_assert_int_eq(read_run(first, RUN, seeds, 0), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, RUN * KIT_FILL);
    ck_assert_uint_eq(kit_requests(&kit), 0);
    struct mm_swap_stats stats = mm_swap_get_stats(&kit.swap);
    ck_assert_uint_eq(stats.in + stats.out, 0);
    ck_assert_uint_eq(stats.zero_in, RUN);
    ck_assert_uint_eq(stats.zero_out, RUN);
}
END_TEST

START_TEST(one_byte_is_enough_to_be_no_page_of_zeros)
{
    static const unsigned places[] = {0, 1, 7, 2048, 4094, 4095};
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
        uint32_t slot = mm_swap_alloc(&kit.swap);
        uint8_t page[MMSIM_PAGE_SIZE] = {0}, back[MMSIM_PAGE_SIZE];
        page[places[i]] = 1;
        ck_assert_int_eq(mm_swap_write(&kit.swap, slot, 1, (const uint8_t *[]){page}), MM_SWAP_OK);
        ck_assert_int_eq(mm_swap_read(&kit.swap, slot, 1, (uint8_t *[]){back}), MM_SWAP_OK);
        ck_assert_int_eq(memcmp(page, back, sizeof page), 0);
        mm_swap_look(&kit.swap, slot, back);
        ck_assert_int_eq(memcmp(page, back, sizeof page), 0);
    }
    ck_assert_uint_eq(mm_swap_get_stats(&kit.swap).zero_out, 0);
}
END_TEST

START_TEST(a_page_of_one_value_is_no_page_of_zeros)
{
    uint32_t slot = mm_swap_alloc(&kit.swap);
    uint8_t page[MMSIM_PAGE_SIZE], back[MMSIM_PAGE_SIZE];
    memset(page, 0xff, sizeof page);
    ck_assert_int_eq(mm_swap_write(&kit.swap, slot, 1, (const uint8_t *[]){page}), MM_SWAP_OK);
    ck_assert_int_eq(mm_swap_read(&kit.swap, slot, 1, (uint8_t *[]){back}), MM_SWAP_OK);
    ck_assert_int_eq(memcmp(page, back, sizeof page), 0);
}
END_TEST

START_TEST(zeros_and_holes_within_a_run_are_not_moved)
{
    static const uint32_t seeds[8] = {1, 0, 3, 4, 0, 6, 7, 0};
    uint32_t first = alloc_run(8);
    ck_assert_int_eq(write_run(first, 8, seeds, 0), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, KIT_WRITE + 5 * KIT_MOVE);
    kit.clock.cycles = 0;
    kit.swap.areas[0].disk.busy_until = 0;
    ck_assert_int_eq(read_run(first, 8, seeds, 1 << 0 | 1 << 3 | 1 << 4), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, KIT_READ + 3 * KIT_MOVE + 2 * KIT_FILL);
    ck_assert_uint_eq(kit_requests(&kit), 2);
}
END_TEST

START_TEST(what_is_passed_over_keeps_what_it_holds)
{
    static const uint32_t before[4] = {1, 2, 0, 4}, after[4] = {5, 6, 7, 0};
    static const uint32_t mixed[4] = {5, 2, 0, 0};
    uint32_t first = alloc_run(4);
    ck_assert_int_eq(write_run(first, 4, before, 0), MM_SWAP_OK);
    ck_assert_int_eq(write_run(first, 4, after, 1 << 1 | 1 << 2), MM_SWAP_OK);
    ck_assert_int_eq(read_run(first, 4, mixed, 0), MM_SWAP_OK);
    ck_assert_uint_eq(kit.swap.areas[0].n_zero, 2);
}
END_TEST

START_TEST(a_call_that_passes_over_all_does_nothing)
{
    static const uint32_t seeds[4] = {1, 2, 3, 4};
    uint32_t first = alloc_run(4);
    ck_assert_int_eq(write_run(first, 4, seeds, 15), MM_SWAP_OK);
    ck_assert_int_eq(read_run(first, 4, seeds, 15), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles + kit_requests(&kit), 0);
    ck_assert(!mm_swap_is_filled(&kit.swap, first));
}
END_TEST

START_TEST(each_area_has_its_own_prices_and_bytes)
{
    teardown();
    kit_describe(&kit, (const uint32_t[]){10, 10, 0});
    kit.areas[1].device.write_cycles = 11;
    kit.areas[1].device.page_cycles = 3;
    kit.areas[1].priority = -5;
    kit_begin(&kit);
    for (unsigned i = 0; i < 20; i++)
        ck_assert_int_eq(kit_write_one(&kit, mm_swap_alloc(&kit.swap), 1 + i), MM_SWAP_OK);
    ck_assert_uint_eq(kit.clock.cycles, 10 * (KIT_WRITE + KIT_MOVE) + 10 * (11 + 3));
    for (unsigned i = 0; i < 10; i++) {
        ck_assert_int_eq(kit_read_one(&kit, i, 1 + i), MM_SWAP_OK);
        ck_assert_int_eq(kit_read_one(&kit, 256 + i, 11 + i), MM_SWAP_OK);
    }
    ck_assert_uint_eq(kit.swap.areas[1].stats.in, 10);
}
END_TEST

/* ---- failures ---- */

START_TEST(a_write_that_fails_costs_its_slot)
{
    uint64_t nth = (uint64_t)_i;
    break_nth(MM_DISK_WRITE_FAILS, nth);
    uint32_t slots[10], bad = MM_NO_SLOT;
    for (unsigned i = 0; i < 10; i++) {
        slots[i] = mm_swap_alloc(&kit.swap);
        uint64_t before = kit.clock.cycles;
        enum mm_swap_result result = kit_write_one(&kit, slots[i], 1 + i);
        ck_assert_int_eq(result, i + 1 == nth ? MM_SWAP_IO_ERROR : MM_SWAP_OK);
        ck_assert_uint_eq(kit.clock.cycles - before, KIT_WRITE + KIT_MOVE);
        ck_assert_int_eq(mm_swap_is_filled(&kit.swap, slots[i]), result == MM_SWAP_OK);
        ck_assert_int_eq(mm_swap_is_bad(&kit.swap, slots[i]), result != MM_SWAP_OK);
        bad = result == MM_SWAP_OK ? bad : slots[i];
    }
    ck_assert_ptr_null(mm_swap_check(&kit.swap));
    ck_assert_uint_eq(mm_swap_get_stats(&kit.swap).out, 9);
    ck_assert_uint_eq(mm_swap_get_stats(&kit.swap).write_errors, 1);
    ck_assert_uint_eq(mm_swap_size(&kit.swap), 999);
    for (unsigned i = 0; i < 10; i++) {
        if (slots[i] != bad)
            ck_assert_int_eq(kit_read_one(&kit, slots[i], 1 + i), MM_SWAP_OK);
        ck_assert_uint_eq(mm_swap_put(&kit.swap, slots[i]), 0);
    }
    for (unsigned i = 0; i < 999; i++)
        ck_assert_uint_ne(mm_swap_alloc(&kit.swap), bad);
    ck_assert_uint_eq(mm_swap_alloc(&kit.swap), MM_NO_SLOT);
    ck_assert_uint_eq(mm_swap_inject(&kit.swap, MM_DISK_WRITE_FAILS, &(struct mm_disk_rule){0}), 1);
}
END_TEST

START_TEST(a_bad_slot_is_refused_without_a_request)
{
    uint32_t slot = mm_swap_alloc(&kit.swap);
    ck_assert_int_eq(kit_write_one(&kit, slot, 5), MM_SWAP_OK);
    break_nth(MM_DISK_WRITE_FAILS, 1);
    ck_assert_int_eq(kit_write_one(&kit, slot, 6), MM_SWAP_IO_ERROR);
    uint64_t n_requests = kit_requests(&kit), cycles = kit.clock.cycles;
    ck_assert_int_eq(kit_write_one(&kit, slot, 6), MM_SWAP_IO_ERROR);
    ck_assert_int_eq(kit_write_one(&kit, slot, 0), MM_SWAP_IO_ERROR);
    ck_assert_int_eq(kit_read_one(&kit, slot, 6), MM_SWAP_IO_ERROR);
    ck_assert_uint_eq(kit_requests(&kit), n_requests);
    ck_assert_uint_eq(kit.clock.cycles, cycles);
    mm_swap_dup(&kit.swap, slot); /* it is counted like any other */
    ck_assert_uint_eq(mm_swap_put(&kit.swap, slot), 1);
    ck_assert_ptr_null(mm_swap_check(&kit.swap));
    ck_assert_uint_eq(mm_swap_put(&kit.swap, slot), 0);
    ck_assert_uint_eq(mm_swap_used(&kit.swap), 0);
}
END_TEST

START_TEST(a_run_that_fails_spoils_what_it_was_to_move_and_nothing_else)
{
    static const uint32_t seeds[5] = {1, 0, 3, 4, 5};
    uint32_t first = alloc_run(5);
    ck_assert_int_eq(write_run(first, 5, seeds, 0), MM_SWAP_OK);
    break_nth(MM_DISK_WRITE_FAILS, 1);
    ck_assert_int_eq(write_run(first, 5, seeds, 1 << 3), MM_SWAP_IO_ERROR);
    static const bool bad[5] = {true, false, true, false, true};
    for (unsigned i = 0; i < 5; i++)
        ck_assert_int_eq(mm_swap_is_bad(&kit.swap, first + i), bad[i]);
    ck_assert_int_eq(kit_read_one(&kit, first + 1, 0), MM_SWAP_OK);
    ck_assert_int_eq(kit_read_one(&kit, first + 3, 4), MM_SWAP_OK);
    ck_assert_uint_eq(kit.swap.areas[0].n_bad, 3);
}
END_TEST

START_TEST(a_read_that_fails_leaves_the_slot_as_it_was)
{
    uint64_t nth = (uint64_t)_i;
    uint32_t first = alloc_run(10);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(kit_write_one(&kit, first + i, 1 + i), MM_SWAP_OK);
    break_nth(MM_DISK_READ_FAILS, nth);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t before = kit.clock.cycles;
        ck_assert_int_eq(kit_read_one(&kit, first + i, 1 + i),
                         i + 1 == nth ? MM_SWAP_IO_ERROR : MM_SWAP_OK);
        ck_assert_uint_eq(kit.clock.cycles - before, KIT_READ + KIT_MOVE);
    }
    ck_assert_uint_eq(mm_swap_get_stats(&kit.swap).in, 9);
    ck_assert_uint_eq(mm_swap_get_stats(&kit.swap).read_errors, 1);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(kit_read_one(&kit, first + i, 1 + i), MM_SWAP_OK);
}
END_TEST

START_TEST(requests_are_counted_over_all_areas_and_zeros_are_none)
{
    teardown();
    begin_with((const uint32_t[]){64, 64, 64, 0});
    mm_swap_inject(&kit.swap, MM_DISK_WRITE_FAILS, &(struct mm_disk_rule){.every = 5});
    unsigned n_requests = 0, n_failed = 0;
    for (unsigned i = 0; i < 192; i++) {
        uint32_t seed = i % 3;
        n_requests += seed > 0;
        bool fails = seed > 0 && n_requests % 5 == 0;
        ck_assert_int_eq(kit_write_one(&kit, mm_swap_alloc(&kit.swap), seed),
                         fails ? MM_SWAP_IO_ERROR : MM_SWAP_OK);
        n_failed += fails;
    }
    ck_assert_uint_eq(n_requests, 128);
    ck_assert_uint_eq(mm_swap_get_stats(&kit.swap).write_errors, n_failed);
    ck_assert_uint_eq(mm_swap_inject(&kit.swap, MM_DISK_WRITE_FAILS, &(struct mm_disk_rule){0}),
                      n_failed);
}
END_TEST

/* ---- windows ---- */

START_TEST(a_window_is_aligned_and_shows_what_can_be_read)
{
    kit.swap.page_cluster = (unsigned)_i;
    uint32_t size = (uint32_t)1 << _i;
    bool filled[1000];
    struct mm_rng rng;
    mm_rng_seed(&rng, 11);
    for (uint32_t slot = 0; slot < 1000; slot++) {
        ck_assert_uint_eq(mm_swap_alloc(&kit.swap), slot);
        filled[slot] = mm_rng_below(&rng, 4) > 0;
        if (filled[slot])
            kit_write_one(&kit, slot, slot % 3);
    }
    break_nth(MM_DISK_WRITE_FAILS, 1);
    ck_assert_int_eq(kit_write_one(&kit, 500, 9), MM_SWAP_IO_ERROR);
    filled[500] = false;
    for (uint32_t slot = 0; slot < 1000; slot++) {
        struct mm_swap_window window = mm_swap_window(&kit.swap, slot);
        uint32_t end = slot / size * size + size;
        ck_assert_uint_eq(window.first, slot / size * size);
        ck_assert_uint_eq(window.n, (end < 1000 ? end : 1000) - window.first);
        for (unsigned i = 0; i < 32; i++)
            ck_assert_uint_eq(window.filled >> i & 1, i < window.n && filled[window.first + i]);
    }
}
END_TEST

START_TEST(a_window_stays_in_its_area)
{
    teardown();
    begin_with((const uint32_t[]){300, 5, 0});
    for (unsigned i = 0; i < 305; i++)
        mm_swap_alloc(&kit.swap);
    struct mm_swap_window window = mm_swap_window(&kit.swap, 299);
    ck_assert_uint_eq(window.first, 296);
    ck_assert_uint_eq(window.n, 4);
    window = mm_swap_window(&kit.swap, 512 + 4);
    ck_assert_uint_eq(window.first, 512);
    ck_assert_uint_eq(window.n, 5);
}
END_TEST

/* ---- files ---- */

START_TEST(an_area_in_a_file_of_the_host_holds_its_bytes_there)
{
    teardown();
    char path[] = P_tmpdir "/swap-XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    kit_describe(&kit, (const uint32_t[]){40, 0});
    kit.areas[0].device.path = path;
    kit_begin(&kit);
    uint32_t slot = mm_swap_alloc(&kit.swap);
    slot = mm_swap_alloc(&kit.swap);
    ck_assert_int_eq(kit_write_one(&kit, slot, 77), MM_SWAP_OK);
    ck_assert_int_eq(kit_read_one(&kit, slot, 77), MM_SWAP_OK);
    uint8_t page[MMSIM_PAGE_SIZE];
    ck_assert_int_eq(pread(file, page, sizeof page, MMSIM_PAGE_SIZE), MMSIM_PAGE_SIZE);
    kit_expect(page, 77);
    close(file);
    unlink(path);
}
END_TEST

Suite *test_swap_io_suite(void);
Suite *test_swap_io_suite(void)
{
    Suite *suite = suite_create("swap_io");
    TCase *tests = tcase_create("swap_io");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, one_page_costs_a_seek_and_a_move);
    tcase_add_loop_test(tests, a_run_costs_one_seek_and_its_pages, 1, RUN + 1);
    tcase_add_test(tests, pages_of_zeros_make_no_request);
    tcase_add_test(tests, one_byte_is_enough_to_be_no_page_of_zeros);
    tcase_add_test(tests, a_page_of_one_value_is_no_page_of_zeros);
    tcase_add_test(tests, zeros_and_holes_within_a_run_are_not_moved);
    tcase_add_test(tests, what_is_passed_over_keeps_what_it_holds);
    tcase_add_test(tests, a_call_that_passes_over_all_does_nothing);
    tcase_add_test(tests, each_area_has_its_own_prices_and_bytes);
    tcase_add_loop_test(tests, a_write_that_fails_costs_its_slot, 1, 11);
    tcase_add_test(tests, a_bad_slot_is_refused_without_a_request);
    tcase_add_test(tests, a_run_that_fails_spoils_what_it_was_to_move_and_nothing_else);
    tcase_add_loop_test(tests, a_read_that_fails_leaves_the_slot_as_it_was, 1, 11);
    tcase_add_test(tests, requests_are_counted_over_all_areas_and_zeros_are_none);
    tcase_add_loop_test(tests, a_window_is_aligned_and_shows_what_can_be_read, 0, 6);
    tcase_add_test(tests, a_window_stays_in_its_area);
    tcase_add_test(tests, an_area_in_a_file_of_the_host_holds_its_bytes_there);
    suite_add_tcase(suite, tests);
    return suite;
}
