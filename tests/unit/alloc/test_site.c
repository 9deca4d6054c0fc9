/* Call sites: numbers of texts, and what is counted for each. */
#include "checked_kit.h"

#include <stdio.h>

static unsigned number_of(const char *text)
{
    kit.heap.site = text;
    return mm_site_current(&kit.heap);
}

static void expect_consistent(void)
{
    const char *broken = mm_site_check(&kit.heap);
    ck_assert_msg(!broken, "%s", broken);
}

START_TEST(nothing_tracked_has_no_table)
{
    ck_assert_uint_eq(mm_site_count(&kit.heap), 0);
    ck_assert_ptr_null(mm_site_text(&kit.heap, 0));
    ck_assert_uint_eq(mm_site_find(&kit.heap, "a.c:1"), 0);
    expect_consistent();
}
END_TEST

START_TEST(callers_without_a_name_have_number_0)
{
    ck_assert_uint_eq(number_of(NULL), 0);
    ck_assert_uint_eq(number_of("a.c:1"), 1);
    ck_assert_uint_eq(number_of(NULL), 0);
    ck_assert_ptr_null(mm_site_text(&kit.heap, 0));
    ck_assert_ptr_null(mm_site_text(&kit.heap, 2));
    ck_assert_str_eq(mm_site_text(&kit.heap, 1), "a.c:1");
}
END_TEST

START_TEST(equal_texts_have_one_number_wherever_they_lie)
{
    static char first[] = "same.c:7", second[] = "same.c:7", other[] = "same.c:8";
    unsigned number = number_of(first);
    ck_assert_uint_eq(number_of(second), number);
    ck_assert_uint_ne(number_of(other), number);
    ck_assert_uint_eq(number_of(first), number);
    ck_assert_uint_eq(mm_site_find(&kit.heap, "same.c:7"), number);
    ck_assert_uint_eq(mm_site_count(&kit.heap), 3);
    expect_consistent();
}
END_TEST

START_TEST(the_table_is_full_after_4095_texts_and_the_rest_is_unknown)
{
    static char texts[5000][12], copies[5000][12];
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(texts[i], sizeof texts[i], "f%u.c:%u", i % 70, i);
        ck_assert_uint_eq(number_of(texts[i]), i < 4095 ? i + 1 : 0);
    }
    for (unsigned i = 0; i < 5000; i += 3) {
        memcpy(copies[i], texts[i], sizeof copies[i]);
        ck_assert_uint_eq(number_of(copies[i]), i < 4095 ? i + 1 : 0);
    }
    ck_assert_uint_eq(mm_site_count(&kit.heap), 4096);
    expect_consistent();
}
END_TEST

START_TEST(live_and_peak_and_total_are_counted_for_each_site)
{
    checks(U);
    void *first = alloc_at(100, "a.c:1", 5), *second = alloc_at(50, "a.c:1", 7);
    void *third = alloc_at(30, "b.c:1", 8);
    free_at(first, "c.c:1", 9);
    void *fourth = alloc_at(20, "a.c:1", 10);
    const struct mm_site *site = mm_site_at(&kit.heap, mm_site_find(&kit.heap, "a.c:1"));
    ck_assert_uint_eq(site->n_live, 2);
    ck_assert_uint_eq(site->live_bytes, 70);
    ck_assert_uint_eq(site->peak_bytes, 150);
    ck_assert_uint_eq(site->n_allocs, 3);
    ck_assert_uint_eq(site->first_step, 5);
    ck_assert_uint_eq(site->last_step, 10);
    site = mm_site_at(&kit.heap, mm_site_find(&kit.heap, "c.c:1"));
    ck_assert_uint_eq(site->n_allocs, 0);
    expect_consistent();
    free_at(second, "c.c:1", 11);
    free_at(third, "c.c:1", 11);
    free_at(fourth, "c.c:1", 11);
    site = mm_site_at(&kit.heap, mm_site_find(&kit.heap, "a.c:1"));
    ck_assert_uint_eq(site->live_bytes + site->n_live, 0);
    ck_assert_uint_eq(site->peak_bytes, 150);
}
END_TEST

/* Against a table that does the same slowly. */
START_TEST(random_use_counts_as_a_slow_table_does)
{
    enum { N_SITES = 300, N_OBJECTS = 500 };
    static char texts[N_SITES][16];
    static struct {
        void *object;
        unsigned site;
        size_t n_bytes;
    } objects[N_OBJECTS];
    static uint64_t live[N_SITES], peak[N_SITES], allocs[N_SITES];
    struct mm_rng rng;
    mm_rng_seed(&rng, 5);
    checks(U);
    for (unsigned i = 0; i < N_SITES; i++)
        snprintf(texts[i], sizeof texts[i], "site.c:%u", i);
    for (unsigned i = 0; i < 20000; i++) {
        unsigned at = (unsigned)mm_rng_below(&rng, N_OBJECTS);
        unsigned site = (unsigned)mm_rng_below(&rng, N_SITES);
        kit.heap.site = texts[site];
        step = i;
        if (objects[at].object) {
            mm_kfree(&kit.heap, objects[at].object);
            live[objects[at].site] -= objects[at].n_bytes;
            objects[at].object = NULL;
            continue;
        }
        objects[at].n_bytes = 1 + mm_rng_below(&rng, 500);
        objects[at].object = mm_kmalloc(&kit.heap, objects[at].n_bytes);
        objects[at].site = site;
        live[site] += objects[at].n_bytes;
        if (live[site] > peak[site])
            peak[site] = live[site];
        allocs[site]++;
    }
    for (unsigned i = 0; i < N_SITES; i++) {
        const struct mm_site *site = mm_site_at(&kit.heap, mm_site_find(&kit.heap, texts[i]));
        ck_assert_uint_eq(site->live_bytes, live[i]);
        ck_assert_uint_eq(site->peak_bytes, peak[i]);
        ck_assert_uint_eq(site->n_allocs, allocs[i]);
    }
    expect_consistent();
}
END_TEST

/* ---- records that were written over ---- */

/* The record lies behind the class's 112 bytes: word 0 four bytes on, the sites in its last four.
 */
static void forge_record(uint8_t *object, uint32_t word_0, uint16_t site)
{
    uint32_t sites = site;
    memcpy(object + 112 + 4, &word_0, sizeof word_0);
    memcpy(object + 112 + 12, &sites, 3);
}

static const struct mm_site *site_named(const char *text)
{
    return mm_site_at(&kit.heap, mm_site_find(&kit.heap, text));
}

START_TEST(records_that_name_another_site_take_no_more_off_it_than_it_has)
{
    checks(U);
    uint8_t *objects[3] = {alloc_at(100, "a.c:1", 1), alloc_at(100, "a.c:1", 1),
                           alloc_at(100, "a.c:1", 1)};
    uint8_t *other = alloc_at(100, "b.c:1", 1);
    const struct mm_site *a = site_named("a.c:1"), *b = site_named("b.c:1");
    for (unsigned i = 0; i < 3; i++) {
        forge_record(objects[i], 0x5aa50001, b->number);
        free_at(objects[i], "free.c:1", 2);
        ck_assert_uint_eq(b->n_live, 0);
        ck_assert_uint_eq(b->live_bytes, i == 0 ? 99 : 0); /* nobody's, once none is in use */
        kit_check(&kit);
    }
    free_at(other, "free.c:1", 3);
    ck_assert_uint_eq(b->n_live + b->live_bytes, 0);
    ck_assert_uint_eq(a->n_live, 3);
    ck_assert_uint_eq(a->live_bytes, 300);
}
END_TEST

START_TEST(bytes_without_their_mark_are_those_of_the_whole_object)
{
    static const unsigned combinations[] = {U, U | P, U | Q, Z | U, Z | P | U, Z | P | U | Q};
    for (unsigned i = 0; i < sizeof combinations / sizeof *combinations; i++) {
        checks(combinations[i]);
        uint8_t *object = alloc_at(112, "a.c:1", 1), *other = alloc_at(112, "a.c:1", 1);
        forge_record(object, 0x00000007, site_named("a.c:1")->number); /* red zones are intact */
        ck_assert_uint_eq(mm_ksize(&kit.heap, object), 112);
        free_at(object, "free.c:1", 2);
        ck_assert_uint_eq(site_named("a.c:1")->live_bytes, 112);
        ck_assert_uint_eq(site_named("a.c:1")->n_live, 1);
        free_at(other, "free.c:1", 2);
        ck_assert_uint_eq(site_named("a.c:1")->live_bytes, 0);
    }
    ck_assert_uint_eq(kit.n_reports, 0);
}
END_TEST

Suite *test_site_suite(void);
Suite *test_site_suite(void)
{
    Suite *suite = suite_create("site");
    TCase *tests = tcase_create("site");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, nothing_tracked_has_no_table);
    tcase_add_test(tests, callers_without_a_name_have_number_0);
    tcase_add_test(tests, equal_texts_have_one_number_wherever_they_lie);
    tcase_add_test(tests, the_table_is_full_after_4095_texts_and_the_rest_is_unknown);
    tcase_add_test(tests, live_and_peak_and_total_are_counted_for_each_site);
    tcase_add_test(tests, random_use_counts_as_a_slow_table_does);
    tcase_add_test(tests, records_that_name_another_site_take_no_more_off_it_than_it_has);
    tcase_add_test(tests, bytes_without_their_mark_are_those_of_the_whole_object);
    suite_add_tcase(suite, tests);
    return suite;
}
