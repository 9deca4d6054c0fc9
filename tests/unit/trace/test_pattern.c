/* The access patterns against their definitions, and the weights of zipf against libm. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fail_nth.h"
#include "trace/pattern.h"

#define BASE UINT64_C(0x40000000)
#define BILLION 1000000000u

static struct mm_pattern_setup setup_of(enum mm_pattern_kind kind, uint64_t length)
{
    return (struct mm_pattern_setup){
        .kind = kind, .base = BASE, .length = length, .stride = 4096, .theta = 0.99, .seed = 7};
}

/* The first n references, cut into batches of n_batch. */
static struct mmsim_reference *make(const struct mm_pattern_setup *setup, size_t n, size_t n_batch)
{
    struct mm_host host;
    struct mm_pattern pattern;
    mm_host_init(&host, NULL);
    struct mmsim_reference *references = calloc(n, sizeof *references);
    ck_assert(mm_pattern_init(&pattern, setup, &host));
    for (size_t at = 0; at < n; at += n_batch)
        mm_pattern_fill(&pattern, references + at, n - at < n_batch ? n - at : n_batch);
    mm_pattern_fini(&pattern);
    ck_assert_uint_eq(host.n_blocks, 0);
    return references;
}

static const uint64_t lengths[] = {4, 4096, 4100, 65536, 10000, 5 * 4096};

START_TEST(sequential_touches_every_word_in_turn)
{
    struct mm_pattern_setup setup = setup_of(MM_PATTERN_SEQUENTIAL, lengths[_i]);
    struct mmsim_reference *r = make(&setup, 50000, 50000);
    for (uint64_t i = 0; i < 50000; i++)
        ck_assert_uint_eq(r[i].address, BASE + 4 * i % setup.length);
    free(r);
}
END_TEST

static const uint64_t strides[] = {0, 1, 64, 4096, 4097, 1000003, UINT64_C(1) << 32};

START_TEST(stride_advances_by_its_stride)
{
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        struct mm_pattern_setup setup = setup_of(MM_PATTERN_STRIDE, lengths[k]);
        setup.stride = strides[_i];
        struct mmsim_reference *r = make(&setup, 20000, 20000);
        for (uint64_t i = 0; i < 20000; i++) {
            uint64_t byte = (uint64_t)((unsigned __int128)i * setup.stride % setup.length);
            ck_assert_uint_eq(r[i].address, BASE + byte);
        }
        free(r);
    }
}
END_TEST

START_TEST(loop_visits_the_pages_in_turn)
{
    struct mm_pattern_setup setup = setup_of(MM_PATTERN_LOOP, lengths[_i]);
    uint64_t n_pages = (setup.length + 4095) / 4096;
    struct mmsim_reference *r = make(&setup, 5000, 5000);
    for (uint64_t i = 0; i < 5000; i++)
        ck_assert_uint_eq(r[i].address, BASE + i % n_pages * 4096 + i % 1024 * 4);
    free(r);
}
END_TEST

/* n samples of k classes: chi-square stays below its 1 - 1e-6 quantile, about k + 7 sqrt(k) + 15.
 */
static void assert_distribution(const uint64_t *counts, const double *expected, size_t k)
{
    double chi = 0;
    for (size_t i = 0; i < k; i++) {
        double difference = (double)counts[i] - expected[i];
        chi += difference * difference / expected[i];
    }
    ck_assert_msg(chi < (double)k + 7 * sqrt((double)k) + 15, "chi-square %f of %zu classes", chi,
                  k);
}

START_TEST(random_pages_are_uniform)
{
    enum { N = 1000000, PAGES = 37 };
    struct mm_pattern_setup setup = setup_of(MM_PATTERN_RANDOM, PAGES * 4096);
    struct mmsim_reference *r = make(&setup, N, 4096);
    uint64_t counts[PAGES] = {0};
    double expected[PAGES];
    for (uint64_t i = 0; i < N; i++) {
        uint64_t offset = r[i].address - BASE;
        ck_assert_uint_lt(offset, PAGES * 4096);
        ck_assert_uint_eq(offset % 4096, i % 1024 * 4);
        counts[offset / 4096]++;
    }
    for (size_t i = 0; i < PAGES; i++)
        expected[i] = (double)N / PAGES;
    assert_distribution(counts, expected, PAGES);
    free(r);
}
END_TEST

static const double thetas[] = {0, 0.5, 0.99, 1, 2, 10};

START_TEST(weights_agree_with_libm)
{
    for (uint64_t rank = 1; rank <= UINT64_C(1) << 32; rank = rank < 5000 ? rank + 1 : rank * 3) {
        double exact = pow((double)rank, -thetas[_i]);
        ck_assert_msg(fabs(mm_zipf_weight(rank, thetas[_i]) - exact) <= 1e-13 * exact,
                      "rank %llu, theta %f: %.17g, libm %.17g", (unsigned long long)rank,
                      thetas[_i], mm_zipf_weight(rank, thetas[_i]), exact);
    }
}
END_TEST

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? 1 : x > y ? -1 : 0;
}

/* How often each page was touched, the most popular first, against 1/r^theta. */
START_TEST(zipf_pages_follow_their_weights)
{
    enum { N = 2000000, PAGES = 50 };
    struct mm_pattern_setup setup = setup_of(MM_PATTERN_ZIPF, PAGES * 4096);
    setup.theta = 0.5 + 0.5 * _i;
    struct mmsim_reference *r = make(&setup, N, 4096);
    uint64_t counts[PAGES] = {0};
    double expected[PAGES], sum = 0;
    for (uint64_t i = 0; i < N; i++) {
        uint64_t offset = r[i].address - BASE;
        ck_assert_uint_eq(offset % 4096, i % 1024 * 4);
        counts[offset / 4096]++;
    }
    bool in_order = true;
    for (size_t i = 1; i < PAGES; i++)
        in_order &= counts[i - 1] >= counts[i];
    ck_assert_msg(!in_order, "ranks were not dealt to pages");
    qsort(counts, PAGES, sizeof *counts, descending);
    for (size_t i = 0; i < PAGES; i++)
        sum += expected[i] = pow((double)(i + 1), -setup.theta);
    for (size_t i = 0; i < PAGES; i++)
        expected[i] *= N / sum;
    assert_distribution(counts, expected, PAGES);
    free(r);
}
END_TEST

START_TEST(zipf_with_theta_0_is_uniform)
{
    enum { N = 1000000, PAGES = 16 };
    struct mm_pattern_setup setup = setup_of(MM_PATTERN_ZIPF, PAGES * 4096);
    setup.theta = 0;
    struct mmsim_reference *r = make(&setup, N, 999);
    uint64_t counts[PAGES] = {0};
    double expected[PAGES];
    for (uint64_t i = 0; i < N; i++)
        counts[(r[i].address - BASE) / 4096]++;
    for (size_t i = 0; i < PAGES; i++)
        expected[i] = (double)N / PAGES;
    assert_distribution(counts, expected, PAGES);
    free(r);
}
END_TEST

START_TEST(batches_do_not_change_the_stream)
{
    for (int kind = 0; kind < MM_N_PATTERNS; kind++) {
        struct mm_pattern_setup setup = setup_of((enum mm_pattern_kind)kind, 37 * 4096);
        setup.write_share = BILLION / 3;
        struct mmsim_reference *whole = make(&setup, 10000, 10000);
        struct mmsim_reference *parts = make(&setup, 10000, 97);
        ck_assert_mem_eq(whole, parts, 10000 * sizeof *whole);
        free(whole);
        free(parts);
    }
}
END_TEST

START_TEST(stores_come_with_their_share_and_do_not_change_the_pages)
{
    enum { N = 400000 };
    static const uint32_t shares[] = {0, BILLION / 5, BILLION / 2, BILLION};
    for (int kind = 0; kind < MM_N_PATTERNS; kind++) {
        struct mm_pattern_setup setup = setup_of((enum mm_pattern_kind)kind, 100 * 4096);
        struct mmsim_reference *loads = make(&setup, N, 4096);
        setup.write_share = shares[_i];
        struct mmsim_reference *r = make(&setup, N, 4096);
        double n_stores = 0;
        for (uint64_t i = 0; i < N; i++) {
            ck_assert_uint_eq(r[i].address, loads[i].address);
            ck_assert_uint_eq(r[i].value, (uint32_t)i);
            n_stores += r[i].kind == MMSIM_ACCESS_WRITE;
        }
        double p = (double)shares[_i] / BILLION;
        ck_assert(fabs(n_stores - N * p) <= 6 * sqrt(N * p * (1 - p)));
        free(loads);
        free(r);
    }
}
END_TEST

START_TEST(seeds_make_different_streams)
{
    static const enum mm_pattern_kind kinds[] = {MM_PATTERN_RANDOM, MM_PATTERN_ZIPF};
    struct mm_pattern_setup setup = setup_of(kinds[_i], 1000 * 4096);
    struct mmsim_reference *a = make(&setup, 1000, 1000);
    struct mmsim_reference *again = make(&setup, 1000, 1000);
    setup.seed++;
    struct mmsim_reference *b = make(&setup, 1000, 1000);
    ck_assert_mem_eq(a, again, 1000 * sizeof *a);
    size_t n_equal = 0;
    for (size_t i = 0; i < 1000; i++)
        n_equal += a[i].address == b[i].address;
    ck_assert_uint_lt(n_equal, 100);
    free(a);
    free(again);
    free(b);
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
    struct mm_pattern_setup setup = setup_of(MM_PATTERN_ZIPF, 100 * 4096);
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        struct mm_host host;
        struct mm_pattern pattern;
        fail_nth_init(&fail, n, 1);
        mm_host_init(&host, &fail.allocator);
        bool made = mm_pattern_init(&pattern, &setup, &host);
        mm_pattern_fini(&pattern);
        ck_assert_ptr_null(fail_nth_check(&fail));
        ck_assert_int_eq(made, fail.n_requests < n);
        if (made)
            break;
    }
}
END_TEST

Suite *test_pattern_suite(void);

Suite *test_pattern_suite(void)
{
    Suite *suite = suite_create("pattern");
    TCase *tests = tcase_create("pattern");
    const int n_lengths = sizeof lengths / sizeof *lengths;
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, sequential_touches_every_word_in_turn, 0, n_lengths);
    tcase_add_loop_test(tests, stride_advances_by_its_stride, 0, sizeof strides / sizeof *strides);
    tcase_add_loop_test(tests, loop_visits_the_pages_in_turn, 0, n_lengths);
    tcase_add_test(tests, random_pages_are_uniform);
    tcase_add_loop_test(tests, weights_agree_with_libm, 0, sizeof thetas / sizeof *thetas);
    tcase_add_loop_test(tests, zipf_pages_follow_their_weights, 0, 3);
    tcase_add_test(tests, zipf_with_theta_0_is_uniform);
    tcase_add_test(tests, batches_do_not_change_the_stream);
    tcase_add_loop_test(tests, stores_come_with_their_share_and_do_not_change_the_pages, 0, 4);
    tcase_add_loop_test(tests, seeds_make_different_streams, 0, 2);
    tcase_add_test(tests, without_memory_nothing_is_kept);
    suite_add_tcase(suite, tests);
    return suite;
}
