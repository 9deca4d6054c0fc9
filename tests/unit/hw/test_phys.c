/* Physical RAM: where its ranges lie, and addresses to pointers and back. */
#include <check.h>
#include <string.h>

#include "hw/phys.h"

static const struct {
    uint64_t n_bytes;
    mmsim_paddr low_end, high_end; /* high_end 0: there is no second range */
} sizes[] = {
    {MMSIM_PAGE_SIZE, MMSIM_PAGE_SIZE, 0},
    {64 * MMSIM_MIB, 64 * MMSIM_MIB, 0},
    {3 * MMSIM_GIB, 3 * MMSIM_GIB, 0},
    {3 * MMSIM_GIB + MMSIM_PAGE_SIZE, 3 * MMSIM_GIB, 4 * MMSIM_GIB + MMSIM_PAGE_SIZE},
    {20 * MMSIM_GIB, 3 * MMSIM_GIB, 21 * MMSIM_GIB},
};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

START_TEST(ram_fills_three_gib_and_goes_on_at_four)
{
    struct mm_phys phys;
    ck_assert(mm_phys_init(&phys, sizes[_i].n_bytes));
    ck_assert_uint_eq(phys.n_bytes, sizes[_i].n_bytes);
    ck_assert_uint_eq(phys.n_ranges, sizes[_i].high_end ? 2 : 1);
    ck_assert_uint_eq(phys.ranges[0].start, 0);
    ck_assert_uint_eq(phys.ranges[0].end, sizes[_i].low_end);
    mmsim_paddr end = sizes[_i].low_end;
    if (sizes[_i].high_end) {
        end = sizes[_i].high_end;
        ck_assert_uint_eq(phys.ranges[1].start, 4 * MMSIM_GIB);
        ck_assert_uint_eq(phys.ranges[1].end, end);
    }
    ck_assert_uint_eq(mm_phys_n_frames(&phys), end / MMSIM_PAGE_SIZE);
    mm_phys_fini(&phys);
}
END_TEST

START_TEST(each_edge_of_ram_is_where_it_should_be)
{
    struct mm_phys phys;
    ck_assert(mm_phys_init(&phys, sizes[_i].n_bytes));
    mmsim_paddr low_end = sizes[_i].low_end, high_end = sizes[_i].high_end;
    ck_assert_ptr_eq(mm_phys_host(&phys, 0, 1), phys.host);
    ck_assert_ptr_eq(mm_phys_host(&phys, 0, low_end), phys.host);
    ck_assert_ptr_null(mm_phys_host(&phys, 0, low_end + 1));
    ck_assert_ptr_eq(mm_phys_host(&phys, low_end - 1, 1), phys.host + low_end - 1);
    ck_assert_ptr_null(mm_phys_host(&phys, low_end - 1, 2));
    ck_assert_ptr_null(mm_phys_host(&phys, low_end, 1));
    ck_assert_ptr_null(mm_phys_host(&phys, UINT64_MAX, 1));
    ck_assert_ptr_null(mm_phys_host(&phys, 8, SIZE_MAX));
    ck_assert_ptr_null(mm_phys_host(&phys, 4 * MMSIM_GIB - 1, 1));
    ck_assert_ptr_null(mm_phys_host(&phys, 4 * MMSIM_GIB - 1, 2));
    uint8_t *high = mm_phys_host(&phys, 4 * MMSIM_GIB, 1);
    ck_assert_ptr_eq(high, high_end ? phys.host + low_end : NULL);
    if (high_end) {
        uint8_t *last = mm_phys_host(&phys, high_end - 1, 1);
        ck_assert_ptr_eq(last, phys.host + phys.n_bytes - 1);
        ck_assert_ptr_null(mm_phys_host(&phys, high_end - 1, 2));
    }
    mm_phys_fini(&phys);
}
END_TEST

START_TEST(an_address_and_its_pointer_lead_to_each_other)
{
    struct mm_phys phys;
    ck_assert(mm_phys_init(&phys, sizes[_i].n_bytes));
    const mmsim_paddr addresses[] = {0,
                                     1,
                                     MMSIM_PAGE_SIZE - 1,
                                     sizes[_i].low_end - 1,
                                     4 * MMSIM_GIB,
                                     4 * MMSIM_GIB + 77,
                                     sizes[_i].high_end - 1};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        uint8_t *host = mm_phys_host(&phys, addresses[i], 1);
        if (host)
            ck_assert_uint_eq(mm_phys_address(&phys, host), addresses[i]);
    }
    ck_assert_ptr_nonnull(mm_phys_host(&phys, addresses[3], 1));
    mm_phys_fini(&phys);
}
END_TEST

START_TEST(ram_begins_as_zeros_and_keeps_what_is_written)
{
    struct mm_phys phys;
    ck_assert(mm_phys_init(&phys, 20 * MMSIM_GIB));
    for (mmsim_paddr address = 0; address < 21 * MMSIM_GIB; address += MMSIM_GIB / 2) {
        uint8_t *byte = mm_phys_host(&phys, address, 1);
        bool hole = address >= 3 * MMSIM_GIB && address < 4 * MMSIM_GIB;
        ck_assert(hole == (byte == NULL));
        if (byte) {
            ck_assert_uint_eq(*byte, 0);
            *byte = (uint8_t)(address >> 29);
        }
    }
    for (mmsim_paddr address = 4 * MMSIM_GIB; address < 21 * MMSIM_GIB; address += MMSIM_GIB / 2)
        ck_assert_uint_eq(*mm_phys_host(&phys, address, 1), (uint8_t)(address >> 29));
    mm_phys_fini(&phys);
}
END_TEST

START_TEST(more_ram_than_the_host_can_map_is_refused)
{
    struct mm_phys phys;
    ck_assert(!mm_phys_init(&phys, (uint64_t)1 << 60));
}
END_TEST

Suite *test_phys_suite(void);
Suite *test_phys_suite(void)
{
    Suite *suite = suite_create("phys");
    TCase *tests = tcase_create("phys");
    tcase_add_loop_test(tests, ram_fills_three_gib_and_goes_on_at_four, 0, N_SIZES);
    tcase_add_loop_test(tests, each_edge_of_ram_is_where_it_should_be, 0, N_SIZES);
    tcase_add_loop_test(tests, an_address_and_its_pointer_lead_to_each_other, 0, N_SIZES);
    tcase_add_test(tests, ram_begins_as_zeros_and_keeps_what_is_written);
    tcase_add_test(tests, more_ram_than_the_host_can_map_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
