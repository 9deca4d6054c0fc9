/* Host memory: counted, zeroed, failing on purpose; sparse mappings. */
#include <check.h>
#include <stdint.h>
#include <string.h>

#include "base/host.h"
#include "fail_nth.h"

static bool all_bytes_are(const void *block, size_t n_bytes, uint8_t value)
{
    const uint8_t *bytes = block;
    for (size_t i = 0; i < n_bytes; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

START_TEST(blocks_are_zeroed_even_when_the_memory_was_used_before)
{
    struct mm_host host;
    mm_host_init(&host, NULL);
    for (int i = 0; i < 10; i++) {
        void *block = mm_host_alloc(&host, 1000);
        ck_assert(all_bytes_are(block, 1000, 0));
        memset(block, 0xff, 1000);
        mm_host_free(&host, block, 1000);
    }
}
END_TEST

START_TEST(live_blocks_are_counted)
{
    struct fail_nth fail;
    fail_nth_init(&fail, 0, 0);
    struct mm_host host;
    mm_host_init(&host, &fail.allocator);
    void *a = mm_host_alloc(&host, 10);
    void *b = mm_host_resize(&host, NULL, 0, 20);
    ck_assert_uint_eq(host.n_blocks, 2);
    b = mm_host_resize(&host, b, 20, 2000);
    ck_assert_uint_eq(host.n_blocks, 2);
    ck_assert_uint_eq(fail.n_bytes, 2010);
    mm_host_free(&host, NULL, 5);
    mm_host_free(&host, a, 10);
    mm_host_free(&host, b, 2000);
    ck_assert_uint_eq(host.n_blocks, 0);
    ck_assert_ptr_null(fail_nth_check(&fail));
}
END_TEST

START_TEST(a_block_of_no_bytes_is_a_block)
{
    struct fail_nth fail;
    fail_nth_init(&fail, 0, 0);
    struct mm_host host;
    mm_host_init(&host, &fail.allocator);
    void *block = mm_host_alloc(&host, 0);
    ck_assert_ptr_nonnull(block);
    block = mm_host_resize(&host, block, 0, 7);
    block = mm_host_resize(&host, block, 7, 0);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(host.n_blocks, 1);
    mm_host_free(&host, block, 0);
    ck_assert_uint_eq(host.n_blocks, 0);
    ck_assert_ptr_null(fail_nth_check(&fail));
}
END_TEST

START_TEST(resizing_keeps_the_contents)
{
    struct mm_host host;
    mm_host_init(&host, NULL);
    uint8_t *block = mm_host_alloc(&host, 100);
    memset(block, 0x5a, 100);
    block = mm_host_resize(&host, block, 100, 100000);
    ck_assert(all_bytes_are(block, 100, 0x5a));
    block = mm_host_resize(&host, block, 100000, 50);
    ck_assert(all_bytes_are(block, 50, 0x5a));
    mm_host_free(&host, block, 50);
}
END_TEST

START_TEST(a_failing_allocator_changes_nothing)
{
    struct fail_nth fail;
    fail_nth_init(&fail, 2, FAIL_FROM_THERE_ON);
    struct mm_host host;
    mm_host_init(&host, &fail.allocator);
    uint8_t *block = mm_host_alloc(&host, 8);
    memset(block, 0x5a, 8);
    ck_assert_ptr_null(mm_host_resize(&host, block, 8, 16));
    ck_assert_ptr_null(mm_host_alloc(&host, 8));
    ck_assert_uint_eq(host.n_blocks, 1);
    ck_assert(all_bytes_are(block, 8, 0x5a));
    mm_host_free(&host, block, 8);
    ck_assert_ptr_null(fail_nth_check(&fail));
}
END_TEST

START_TEST(a_reserved_mapping_is_zero_and_sparse)
{
    size_t n_bytes = (size_t)64 << 30; /* more than most hosts have */
    uint8_t *mapping = mm_host_reserve(n_bytes);
    ck_assert_ptr_nonnull(mapping);
    for (size_t at = 0; at < n_bytes; at += n_bytes / 16) {
        ck_assert_uint_eq(mapping[at], 0);
        mapping[at] = 1;
    }
    mm_host_release(mapping, n_bytes);
    mm_host_release(NULL, n_bytes);
}
END_TEST

START_TEST(a_mapping_that_no_host_has_room_for_is_refused)
{
    ck_assert_ptr_null(mm_host_reserve((size_t)1 << 60));
}
END_TEST

START_TEST(the_failing_allocator_notices_wrong_sizes_and_leaks)
{
    struct fail_nth fail;
    fail_nth_init(&fail, 0, 0);
    void *block = fail_nth_resize(&fail, NULL, 0, 8);
    ck_assert_ptr_nonnull(fail_nth_check(&fail));
    fail_nth_resize(&fail, block, 7, 0);
    ck_assert_ptr_nonnull(fail_nth_check(&fail));
    ck_assert_uint_eq(fail.n_blocks, 0);
}
END_TEST

Suite *test_host_suite(void);
Suite *test_host_suite(void)
{
    Suite *suite = suite_create("host");
    TCase *tests = tcase_create("host");
    tcase_add_test(tests, blocks_are_zeroed_even_when_the_memory_was_used_before);
    tcase_add_test(tests, live_blocks_are_counted);
    tcase_add_test(tests, a_block_of_no_bytes_is_a_block);
    tcase_add_test(tests, resizing_keeps_the_contents);
    tcase_add_test(tests, a_failing_allocator_changes_nothing);
    tcase_add_test(tests, a_reserved_mapping_is_zero_and_sparse);
    tcase_add_test(tests, a_mapping_that_no_host_has_room_for_is_refused);
    tcase_add_test(tests, the_failing_allocator_notices_wrong_sizes_and_leaks);
    suite_add_tcase(suite, tests);
    return suite;
}
