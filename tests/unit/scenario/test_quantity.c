/* Numbers with units: what is read, and what is told about the rest. */
#include <check.h>
#include <mmsim/scenario.h>
#include <string.h>

#include "scenario/quantity.h"

static const struct {
    const char *text;
    unsigned units;
    enum mm_quantity_verdict verdict;
    uint64_t value;
} cases[] = {
    {"0", MM_UNITS_SIZE, MM_QUANTITY_OK, 0},
    {"4096", MM_UNITS_SIZE, MM_QUANTITY_OK, 4096},
    {"  4096  ", MM_UNITS_SIZE, MM_QUANTITY_OK, 4096},
    {"0x1F", MM_UNITS_SIZE, MM_QUANTITY_OK, 31},
    {"0XfF", MM_UNITS_NONE, MM_QUANTITY_OK, 255},
    {"010", MM_UNITS_NONE, MM_QUANTITY_OK, 10},
    {"12B", MM_UNITS_SIZE, MM_QUANTITY_OK, 12},
    {"4KiB", MM_UNITS_SIZE, MM_QUANTITY_OK, 4096},
    {"4 MiB", MM_UNITS_SIZE, MM_QUANTITY_OK, 4194304},
    {"3GiB", MM_UNITS_SIZE, MM_QUANTITY_OK, UINT64_C(3) << 30},
    {"1 page", MM_UNITS_SIZE, MM_QUANTITY_OK, 4096},
    {"16 pages", MM_UNITS_SIZE, MM_QUANTITY_OK, 65536},
    {"0x10 pages", MM_UNITS_SIZE, MM_QUANTITY_OK, 65536},
    {"100k", MM_UNITS_COUNT, MM_QUANTITY_OK, 100000},
    {"2M", MM_UNITS_COUNT, MM_QUANTITY_OK, 2000000},
    {"1G", MM_UNITS_COUNT, MM_QUANTITY_OK, 1000000000},
    {"5us", MM_UNITS_TIME, MM_QUANTITY_OK, 5000},
    {"10 ms", MM_UNITS_TIME, MM_QUANTITY_OK, 10000000},
    {"300 cycles", MM_UNITS_TIME, MM_QUANTITY_OK, 300},
    {"18446744073709551615", MM_UNITS_SIZE, MM_QUANTITY_OK, UINT64_MAX},
    {"0xFFFFFFFFFFFFFFFF", MM_UNITS_SIZE, MM_QUANTITY_OK, UINT64_MAX},
    {"18446744073709551616", MM_UNITS_SIZE, MM_QUANTITY_TOO_LARGE, 0},
    {"0x10000000000000000", MM_UNITS_SIZE, MM_QUANTITY_TOO_LARGE, 0},
    {"99999999999999999999999999999", MM_UNITS_SIZE, MM_QUANTITY_TOO_LARGE, 0},
    {"17179869184GiB", MM_UNITS_SIZE, MM_QUANTITY_TOO_LARGE, 0},
    {"17179869183GiB", MM_UNITS_SIZE, MM_QUANTITY_OK, UINT64_C(17179869183) << 30},
    {"-1", MM_UNITS_SIZE, MM_QUANTITY_NEGATIVE, 0},
    {"-4KiB", MM_UNITS_SIZE, MM_QUANTITY_NEGATIVE, 0},
    {"-99999999999999999999", MM_UNITS_SIZE, MM_QUANTITY_NEGATIVE, 0},
    {"64MB", MM_UNITS_SIZE, MM_QUANTITY_BAD_UNIT, 0},
    {"100k", MM_UNITS_SIZE, MM_QUANTITY_BAD_UNIT, 0},
    {"4KiB", MM_UNITS_NONE, MM_QUANTITY_BAD_UNIT, 0},
    {"20%", MM_UNITS_SIZE, MM_QUANTITY_BAD_UNIT, 0},
    {"", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {" ", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"-", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"0x", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"KiB", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"1.5MiB", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"4KiB4", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"4 KiB x", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"+5", MM_UNITS_SIZE, MM_QUANTITY_NO_NUMBER, 0},
    {"1_000", MM_UNITS_SIZE, MM_QUANTITY_BAD_UNIT, 0},
};

START_TEST(quantities_are_read_or_refused_for_the_right_reason)
{
    struct mm_quantity quantity;
    enum mm_quantity_verdict verdict = mm_quantity_read(cases[_i].text, cases[_i].units, &quantity);
    if (cases[_i].verdict == MM_QUANTITY_BAD_UNIT && verdict == MM_QUANTITY_NO_NUMBER)
        return; /* "1_000": both are true */
    ck_assert_msg(verdict == cases[_i].verdict, "'%s': verdict %d", cases[_i].text, (int)verdict);
    if (verdict == MM_QUANTITY_OK)
        ck_assert_uint_eq(quantity.value, cases[_i].value);
}
END_TEST

START_TEST(a_bad_unit_is_pointed_at)
{
    struct mm_quantity quantity;
    ck_assert_int_eq(mm_quantity_read("64 MB", MM_UNITS_SIZE, &quantity), MM_QUANTITY_BAD_UNIT);
    ck_assert_uint_eq(quantity.unit, 3);
    ck_assert_uint_eq(quantity.n_unit, 2);
}
END_TEST

START_TEST(a_prefix_ends_where_the_quantity_does)
{
    struct mm_quantity quantity;
    ck_assert_int_eq(mm_quantity_read_prefix("16 pages && 1", MM_UNITS_ALL, &quantity),
                     MM_QUANTITY_OK);
    ck_assert_uint_eq(quantity.n_bytes, 8);
    ck_assert_int_eq(mm_quantity_read_prefix("7 == 7", MM_UNITS_ALL, &quantity), MM_QUANTITY_OK);
    ck_assert_uint_eq(quantity.n_bytes, 1);
}
END_TEST

static const struct {
    const char *unit;
    unsigned units;
    const char *nearest;
} habits[] = {
    {"MB", MM_UNITS_SIZE, "MiB"},  {"kb", MM_UNITS_SIZE, "KiB"},      {"K", MM_UNITS_SIZE, "KiB"},
    {"K", MM_UNITS_COUNT, "k"},    {"pagse", MM_UNITS_SIZE, "pages"}, {"mib", MM_UNITS_SIZE, "MiB"},
    {"usec", MM_UNITS_TIME, "us"}, {"parsecs", MM_UNITS_ALL, NULL},   {"bytes", MM_UNITS_SIZE, "B"},
};

START_TEST(habitual_units_are_understood)
{
    const char *nearest =
        mm_quantity_nearest_unit(habits[_i].unit, strlen(habits[_i].unit), habits[_i].units);
    if (habits[_i].nearest)
        ck_assert_str_eq(nearest, habits[_i].nearest);
    else
        ck_assert_ptr_null(nearest);
}
END_TEST

START_TEST(shares_are_read_in_billionths)
{
    uint32_t share = 1;
    ck_assert_int_eq(mm_share_read("20%", &share), MM_QUANTITY_OK);
    ck_assert_uint_eq(share, 200000000);
    ck_assert_int_eq(mm_share_read("0.5 %", &share), MM_QUANTITY_OK);
    ck_assert_uint_eq(share, 5000000);
    ck_assert_int_eq(mm_share_read("0.25", &share), MM_QUANTITY_OK);
    ck_assert_uint_eq(share, 250000000);
    ck_assert_int_eq(mm_share_read("100%", &share), MM_QUANTITY_OK);
    ck_assert_uint_eq(share, 1000000000);
    ck_assert_int_eq(mm_share_read("0", &share), MM_QUANTITY_OK);
    ck_assert_uint_eq(share, 0);
    ck_assert_int_eq(mm_share_read("20", &share), MM_QUANTITY_NO_NUMBER);
    ck_assert_int_eq(mm_share_read("101%", &share), MM_QUANTITY_TOO_LARGE);
    ck_assert_int_eq(mm_share_read("1.5", &share), MM_QUANTITY_TOO_LARGE);
    ck_assert_int_eq(mm_share_read("-1%", &share), MM_QUANTITY_NEGATIVE);
    ck_assert_int_eq(mm_share_read("1.2.3%", &share), MM_QUANTITY_NO_NUMBER);
    ck_assert_int_eq(mm_share_read("%", &share), MM_QUANTITY_NO_NUMBER);
}
END_TEST

START_TEST(decimals_are_rounded_correctly)
{
    double value = -1;
    ck_assert_int_eq(mm_decimal_read("0.99", &value), MM_QUANTITY_OK);
    ck_assert(value == 0.99);
    ck_assert_int_eq(mm_decimal_read("10", &value), MM_QUANTITY_OK);
    ck_assert(value == 10);
    ck_assert_int_eq(mm_decimal_read("3.14159265358979", &value), MM_QUANTITY_OK);
    ck_assert(value == 3.14159265358979);
    ck_assert_int_eq(mm_decimal_read("1e3", &value), MM_QUANTITY_NO_NUMBER);
    ck_assert_int_eq(mm_decimal_read("5%", &value), MM_QUANTITY_NO_NUMBER);
    ck_assert_int_eq(mm_decimal_read("0.1234567890123456", &value), MM_QUANTITY_TOO_LARGE);
}
END_TEST

START_TEST(sizes_print_with_the_largest_unit_that_divides_them)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } sizes[] = {{0, "0"},
                 {1, "1"},
                 {4097, "4097"},
                 {4096, "4KiB"},
                 {64 * MMSIM_MIB, "64MiB"},
                 {3 * MMSIM_GIB, "3GiB"},
                 {1536 * MMSIM_KIB, "1536KiB"}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char text[MM_SIZE_CHARS];
        mm_size_print(sizes[i].bytes, text);
        ck_assert_str_eq(text, sizes[i].text);
    }
}
END_TEST

START_TEST(the_public_reader_takes_sizes_and_addresses_only)
{
    uint64_t value = 1;
    ck_assert(mmsim_quantity_parse("0x40000000", &value));
    ck_assert_uint_eq(value, 0x40000000);
    ck_assert(mmsim_quantity_parse("3 pages", &value));
    ck_assert_uint_eq(value, 12288);
    ck_assert(!mmsim_quantity_parse("buf", &value));
    ck_assert(!mmsim_quantity_parse("100k", &value));
    ck_assert(!mmsim_quantity_parse("-1", &value));
    ck_assert_uint_eq(value, 12288);
}
END_TEST

Suite *test_quantity_suite(void);

Suite *test_quantity_suite(void)
{
    Suite *suite = suite_create("quantity");
    TCase *tests = tcase_create("quantity");
    tcase_add_loop_test(tests, quantities_are_read_or_refused_for_the_right_reason, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(tests, a_bad_unit_is_pointed_at);
    tcase_add_test(tests, a_prefix_ends_where_the_quantity_does);
    tcase_add_loop_test(tests, habitual_units_are_understood, 0, sizeof habits / sizeof *habits);
    tcase_add_test(tests, shares_are_read_in_billionths);
    tcase_add_test(tests, decimals_are_rounded_correctly);
    tcase_add_test(tests, sizes_print_with_the_largest_unit_that_divides_them);
    tcase_add_test(tests, the_public_reader_takes_sizes_and_addresses_only);
    suite_add_tcase(suite, tests);
    return suite;
}
