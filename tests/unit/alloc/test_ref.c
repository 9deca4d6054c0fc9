/* Reference counts: they saturate, report what is wrong, and know who holds what. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/kmalloc.h"
#include "alloc/ref.h"
#include "alloc/report.h"
#include "base/rng.h"

struct fixture {
    struct mm_host host;
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_heap heap;
    struct mm_ref_account account;
    struct mmsim_heap_report last;
};

static void note_report(void *user, const struct mmsim_heap_report *report)
{
    struct fixture *fixture = user;
    fixture->last = *report;
}

static void setup(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    mm_host_init(&fixture->host, NULL);
    ck_assert(mm_phys_init(&fixture->phys, 16 * MMSIM_MIB));
    ck_assert(mm_zones_init(&fixture->zones, &fixture->phys, 0));
    ck_assert(mm_heap_init(&fixture->heap, &fixture->zones, 1, 1));
    fixture->heap.on_report = note_report;
    fixture->heap.report_user = fixture;
    mm_ref_account_init(&fixture->account, &fixture->host);
}

static void teardown(struct fixture *fixture)
{
    mm_ref_account_fini(&fixture->account);
    ck_assert_uint_eq(fixture->host.n_blocks, 0);
    mm_heap_fini(&fixture->heap);
    mm_zones_fini(&fixture->zones);
    mm_phys_fini(&fixture->phys);
}

START_TEST(the_last_put_says_that_it_was_the_last)
{
    struct fixture fixture;
    struct mm_ref ref = {1};
    setup(&fixture);
    mm_ref_get(&fixture.heap, &ref, NULL);
    ck_assert(mm_ref_try_get(&fixture.heap, &ref, NULL));
    ck_assert(!mm_ref_put(&fixture.heap, &ref, NULL));
    ck_assert(!mm_ref_put(&fixture.heap, &ref, NULL));
    ck_assert(mm_ref_put(&fixture.heap, &ref, NULL));
    ck_assert(!mm_ref_try_get(&fixture.heap, &ref, NULL));
    ck_assert_uint_eq(ref.count, 0);
    ck_assert_uint_eq(fixture.heap.n_reports, 0);
    teardown(&fixture);
}
END_TEST

START_TEST(a_count_at_its_maximum_saturates_and_is_reported_once)
{
    struct fixture fixture;
    struct mm_ref ref = {MM_REF_MAX - 1};
    setup(&fixture);
    mm_ref_get(&fixture.heap, &ref, NULL);
    ck_assert_uint_eq(ref.count, MM_REF_MAX);
    ck_assert_uint_eq(fixture.heap.n_reports, 0);
    for (int i = 0; i < 3; i++)
        mm_ref_get(&fixture.heap, &ref, NULL);
    for (int i = 0; i < 9; i++)
        ck_assert(!mm_ref_put(&fixture.heap, &ref, NULL)); /* never freed */
    ck_assert(mm_ref_is_saturated(&ref));
    ck_assert_uint_eq(fixture.heap.n_reports, 1);
    ck_assert_int_eq(fixture.last.mistake, MMSIM_HEAP_REF_SATURATED);
    teardown(&fixture);
}
END_TEST

START_TEST(a_put_of_what_nobody_has_names_the_object_and_the_site)
{
    struct fixture fixture;
    setup(&fixture);
    uint8_t *object = mm_kzalloc(&fixture.heap, 64);
    struct mm_ref *ref = (struct mm_ref *)(void *)(object + 20);
    fixture.heap.site = "put.c:9";
    ck_assert(!mm_ref_put(&fixture.heap, ref, NULL));
    ck_assert(mm_ref_is_saturated(ref));
    ck_assert_int_eq(fixture.last.mistake, MMSIM_HEAP_REF_UNDERFLOW);
    ck_assert_str_eq(fixture.last.cache, "kmalloc-64");
    ck_assert_uint_eq(fixture.last.object, mm_heap_offset(&fixture.heap, object));
    ck_assert_int_eq(fixture.last.offset, 20);
    ck_assert_str_eq(fixture.last.now.site, "put.c:9");
    ck_assert_uint_eq(fixture.heap.n_reports, 1);
    teardown(&fixture);
}
END_TEST

START_TEST(a_get_of_what_nobody_has_is_a_mistake)
{
    struct fixture fixture;
    struct mm_ref ref = {0};
    setup(&fixture);
    mm_ref_get(&fixture.heap, &ref, NULL);
    ck_assert(mm_ref_is_saturated(&ref));
    ck_assert_uint_eq(fixture.heap.n_reports, 1);
    teardown(&fixture);
}
END_TEST

/* ---- the account ---- */

enum { N_REFS = 5, N_SITES = 4 };

static const char *const sites[N_SITES] = {"open.c:1", "map.c:2", "fork.c:3", NULL};

static int64_t balance_of(const struct mm_ref_account *account, const struct mm_ref *ref,
                          const char *site)
{
    int64_t balance = 0;
    for (size_t i = 0; i < account->n_rows; i++) {
        const struct mm_ref_row *row = &account->rows[i];
        bool same = row->site && site ? strcmp(row->site, site) == 0 : row->site == site;
        balance += row->ref == ref && same ? row->balance : 0;
    }
    return balance;
}

START_TEST(the_account_knows_what_each_site_holds)
{
    struct fixture fixture;
    struct mm_ref refs[N_REFS];
    int64_t held[N_REFS][N_SITES] = {{0}};
    struct mm_rng rng;
    mm_rng_seed(&rng, 3);
    setup(&fixture);
    for (int i = 0; i < N_REFS; i++)
        refs[i].count = 100000;
    for (int round = 0; round < 50000; round++) {
        size_t i = mm_rng_below(&rng, N_REFS), site = mm_rng_below(&rng, N_SITES);
        fixture.heap.site = sites[site];
        if (mm_rng_below(&rng, 2)) {
            mm_ref_get(&fixture.heap, &refs[i], &fixture.account);
            held[i][site]++;
        } else {
            mm_ref_put(&fixture.heap, &refs[i], &fixture.account);
            held[i][site]--;
        }
        ck_assert_int_eq(balance_of(&fixture.account, &refs[i], sites[site]), held[i][site]);
    }
    for (size_t i = 0; i < N_REFS; i++) {
        size_t n_unbalanced = 0;
        for (size_t site = 0; site < N_SITES; site++)
            n_unbalanced += held[i][site] != 0;
        ck_assert_uint_eq(mm_ref_account_close(&fixture.account, &refs[i]), n_unbalanced);
    }
    ck_assert_uint_eq(fixture.account.n_rows, 0);
    ck_assert_uint_eq(fixture.account.n_missed, 0);
    teardown(&fixture);
}
END_TEST

static void *never(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user, (void)old_bytes;
    if (new_bytes == 0)
        free(block);
    return NULL;
}

START_TEST(without_host_memory_the_count_is_right_and_the_account_says_what_it_missed)
{
    struct fixture fixture;
    struct mmsim_allocator poor = {.resize = never};
    struct mm_ref ref = {1};
    setup(&fixture);
    mm_host_init(&fixture.host, &poor);
    mm_ref_get(&fixture.heap, &ref, &fixture.account);
    ck_assert_uint_eq(ref.count, 2);
    ck_assert_uint_eq(fixture.account.n_missed, 1);
    teardown(&fixture);
}
END_TEST

Suite *test_ref_suite(void);
Suite *test_ref_suite(void)
{
    Suite *suite = suite_create("reference counts");
    TCase *tests = tcase_create("refs");
    tcase_add_test(tests, the_last_put_says_that_it_was_the_last);
    tcase_add_test(tests, a_count_at_its_maximum_saturates_and_is_reported_once);
    tcase_add_test(tests, a_put_of_what_nobody_has_names_the_object_and_the_site);
    tcase_add_test(tests, a_get_of_what_nobody_has_is_a_mistake);
    tcase_add_test(tests, the_account_knows_what_each_site_holds);
    tcase_add_test(tests,
                   without_host_memory_the_count_is_right_and_the_account_says_what_it_missed);
    suite_add_tcase(suite, tests);
    return suite;
}
