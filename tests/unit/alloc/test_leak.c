/* The leak search: roots, marks, ages, exact reading, and who lost the last reference. */
#include <stdlib.h>

#include "alloc/checked.h"
#include "alloc/scope.h"
#include "base/rng.h"
#include "leak_kit.h"

/* ---- roots ---- */

START_TEST(an_added_range_keeps_what_its_words_lead_to_and_the_objects_in_it)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *table = leak_kit_alloc(&kit, 64, "table"), *entry = leak_kit_alloc(&kit, 64, "entry");
    leak_kit_store(&kit, table, 12, entry);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 2);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, leak_kit_offset(&kit, table) + 8, 8), 0);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    mm_leak_remove_roots(&kit.leak);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 2);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(a_root_in_an_object_ends_with_it)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *table = leak_kit_alloc(&kit, 64, "table"), *other = leak_kit_alloc(&kit, 64, "other");
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, leak_kit_offset(&kit, table) + 8, 8), 0);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, leak_kit_offset(&kit, other), 64), 0);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, leak_kit_offset(&kit, table), 64), 0);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    ck_assert(mm_kfree(&kit.heap, table));
    ck_assert_uint_eq(kit.leak.n_ranges, 1);
    ck_assert_ptr_eq(leak_kit_alloc(&kit, 64, "new life"), table);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.heap.n_closed, 1); /* each free is seen as long as there is a root */
    ck_assert(mm_kfree(&kit.heap, other));
    ck_assert_uint_eq(kit.leak.n_ranges, 0);
    ck_assert_uint_eq(kit.heap.n_closed, 0);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(a_root_beyond_one_object_stays_when_that_is_freed)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    uint8_t *run = leak_kit_alloc(&kit, 20480, "run");
    uint32_t start = leak_kit_offset(&kit, run);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, start, 20480 + 8), 0);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, start + 20472, 8), 0);
    ck_assert(mm_kfree(&kit.heap, run));
    ck_assert_uint_eq(kit.leak.n_ranges, 1);
    ck_assert_uint_eq(kit.leak.ranges[0].n_bytes, 20488);
    ck_assert_ptr_eq(leak_kit_alloc(&kit, 20480, "run"), run);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    ck_assert_uint_eq(kit.heap.n_closed, 0);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(a_root_that_is_not_all_ram_is_refused)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, 2 * MMSIM_MIB, 0), MMSIM_EINVAL);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, 16 * MMSIM_MIB - 8, 16), MMSIM_EINVAL);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, 3 * MMSIM_GIB, 8), MMSIM_EINVAL);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, 2 * MMSIM_MIB, UINT64_MAX), MMSIM_EINVAL);
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, 16 * MMSIM_MIB - 8, 8), MMSIM_SUCCESS);
    ck_assert_uint_eq(kit.leak.n_ranges, 1);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(objects_of_scopes_are_nobodys_leak)
{
    struct leak_kit kit;
    struct mm_scopes scopes;
    leak_kit_begin(&kit);
    ck_assert(mm_scopes_init(&scopes, &kit.heap));
    struct mm_scope *scope = mm_scope_begin(&scopes, "owner", NULL);
    void *small = mm_scope_kmalloc(scope, 100), *large = mm_scope_kmalloc(scope, 10000);
    void *behind = leak_kit_alloc(&kit, 32, "behind");
    memset(small, 0, 100);
    memset(large, 0, 10000);
    kit.roots[0] = scope;
    leak_kit_store(&kit, large, 5000, behind);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    mm_scope_end(scope);
    kit.roots[0] = NULL;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    mm_scopes_fini(&scopes);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(the_links_of_a_scope_do_not_keep_what_left_it)
{
    struct leak_kit kit;
    struct mm_scopes scopes;
    leak_kit_begin(&kit);
    ck_assert(mm_scopes_init(&scopes, &kit.heap));
    struct mm_scope *scope = mm_scope_begin(&scopes, "owner", NULL);
    kit.roots[0] = scope;
    ck_assert_ptr_nonnull(mm_scope_kmalloc(scope, 32));
    void *lost = leak_kit_alloc(&kit, 32, "lost");
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.leak.rows[0].address, leak_kit_offset(&kit, lost));
    mm_scopes_fini(&scopes);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(a_word_of_the_simulators_own_objects_is_no_kernel_address)
{
    struct leak_kit kit;
    struct mm_cache own;
    leak_kit_begin(&kit);
    struct mm_cache_setup setup = {.name = "own", .object_bytes = 64, .flags = MM_CACHE_OWN};
    ck_assert(mm_cache_init(&own, &kit.heap, &setup));
    void **holder = mm_cache_zalloc(&own), *target = leak_kit_alloc(&kit, 32, "target");
    kit.roots[0] = holder;
    leak_kit_store(&kit, holder, 8, target);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    holder[1] = target;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    leak_kit_end(&kit);
}
END_TEST

/* A pointer into high RAM whose lower half is the address of an object. */
START_TEST(the_lower_half_of_a_host_pointer_is_no_kernel_address)
{
    struct leak_kit kit;
    leak_kit_begin_with(&kit, 4 * MMSIM_GIB);
    void *holder = leak_kit_alloc(&kit, 64, "holder"), *target = leak_kit_alloc(&kit, 32, "target");
    uint64_t high = (uintptr_t)kit.heap.ram + 16 * MMSIM_MIB;
    uint64_t word = (high & ~(uint64_t)UINT32_MAX) | leak_kit_offset(&kit, target);
    word += word < high ? 4 * MMSIM_GIB : 0;
    kit.roots[0] = holder;
    memcpy(holder, &word, sizeof word);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.leak.rows[0].address, leak_kit_offset(&kit, target));
    memcpy(holder, &word, 4); /* without its upper half it is one */
    memset((uint8_t *)holder + 4, 0, 4);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    leak_kit_end(&kit);
}
END_TEST

/* ---- what is not reported ---- */

START_TEST(an_object_of_the_current_step_is_held_and_reported_one_step_later)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    ck_assert(mm_kmalloc_set_checks(&kit.heap, MM_CHECK_TRACK));
    kit.step = 7;
    void *old = leak_kit_alloc(&kit, 64, "old");
    kit.step = 8;
    void *young = leak_kit_alloc(&kit, 64, "young"), *held = leak_kit_alloc(&kit, 64, "held");
    leak_kit_store(&kit, young, 0, held);
    kit.leak.young_step = 8;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.leak.rows[0].address, leak_kit_offset(&kit, old));
    ck_assert_uint_eq(kit.leak.rows[0].step, 7);
    ck_assert_str_eq(kit.leak.rows[0].site, "old");
    kit.leak.young_step = 9;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 3);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(a_mark_silences_its_object_and_what_it_leads_to_unless_it_says_ignore)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *marked = leak_kit_alloc(&kit, 64, "m"), *behind = leak_kit_alloc(&kit, 96, "b");
    leak_kit_store(&kit, marked, 4, behind);
    uint32_t offset = leak_kit_offset(&kit, marked);
    ck_assert_int_eq(mm_leak_mark(&kit.leak, offset, MMSIM_LEAK_NOT_LEAK), MMSIM_SUCCESS);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    ck_assert_int_eq(mm_leak_mark(&kit.leak, offset, MMSIM_LEAK_IGNORE), MMSIM_SUCCESS);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.leak.rows[0].address, leak_kit_offset(&kit, behind));
    ck_assert_int_eq(mm_leak_mark(&kit.leak, offset, MMSIM_LEAK_NORMAL), MMSIM_SUCCESS);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 2);
    ck_assert_int_eq(mm_leak_mark(&kit.leak, offset + 16, MMSIM_LEAK_IGNORE), MMSIM_EINVAL);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(a_mark_is_forgotten_when_its_object_is_freed)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *object = leak_kit_alloc(&kit, 64, "first"), *other = leak_kit_alloc(&kit, 64, "other");
    mm_leak_mark(&kit.leak, leak_kit_offset(&kit, object), MMSIM_LEAK_NOT_LEAK);
    mm_leak_mark(&kit.leak, leak_kit_offset(&kit, other), MMSIM_LEAK_IGNORE);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    mm_kfree(&kit.heap, object);
    void *again = leak_kit_alloc(&kit, 64, "second");
    ck_assert_ptr_eq(again, object); /* the same place, another object */
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    mm_kfree(&kit.heap, other);
    ck_assert_uint_eq(kit.leak.n_marked, 0);
    ck_assert_uint_eq(kit.heap.n_closed, 0);
    leak_kit_end(&kit);
}
END_TEST

/* ---- exact reading ---- */

static const uint32_t pointer_at_16[] = {16};

static void *make_declared(struct leak_kit *kit, struct mm_cache *cache)
{
    struct mm_cache_setup setup = {.name = "node",
                                   .object_bytes = 40,
                                   .pointer_offsets = pointer_at_16,
                                   .n_pointer_offsets = 1};
    ck_assert(mm_cache_init(cache, &kit->heap, &setup));
    return mm_cache_zalloc(cache);
}

START_TEST(the_exact_mode_reads_a_cache_only_where_it_says_that_pointers_lie)
{
    struct leak_kit kit;
    struct mm_cache cache;
    leak_kit_begin(&kit);
    void *node = make_declared(&kit, &cache), *target = leak_kit_alloc(&kit, 32, "target");
    kit.roots[0] = node;
    leak_kit_store(&kit, node, 8, target); /* a number that looks like an address */
    ck_assert_uint_eq(leak_kit_scan(&kit, MMSIM_LEAK_CONSERVATIVE).n_leaked, 0);
    ck_assert_uint_eq(leak_kit_scan(&kit, MMSIM_LEAK_EXACT).n_leaked, 1);
    leak_kit_store(&kit, node, 16, target);
    ck_assert_uint_eq(leak_kit_scan(&kit, MMSIM_LEAK_EXACT).n_leaked, 0);
    leak_kit_end(&kit);
}
END_TEST

/* ---- watching stores ---- */

START_TEST(the_store_that_lost_the_last_reference_is_named)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *holder = leak_kit_alloc(&kit, 64, "holder"), *target = leak_kit_alloc(&kit, 32, "target");
    kit.roots[0] = holder;
    leak_kit_store(&kit, holder, 0, target);
    ck_assert(mm_leak_watch_start(&kit.leak));
    ck_assert_uint_eq(mm_leak_watch_refs(&kit.leak, leak_kit_offset(&kit, target)), 1);
    leak_kit_store(&kit, holder, 20, target);
    kit.step = 5, kit.heap.site = "first.c:1";
    leak_kit_store(&kit, holder, 0, NULL);
    ck_assert_uint_eq(mm_leak_watch_refs(&kit.leak, leak_kit_offset(&kit, target)), 1);
    kit.step = 9, kit.heap.site = "last.c:2";
    leak_kit_store(&kit, holder, 20, NULL);
    kit.step = 12, kit.heap.site = "scan.c:3";
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.leak.rows[0].lost_step, 9);
    ck_assert_str_eq(kit.leak.rows[0].lost_site, "last.c:2");
    leak_kit_end(&kit);
}
END_TEST

START_TEST(freeing_the_holder_loses_what_it_held)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *holder = leak_kit_alloc(&kit, 64, "holder"), *target = leak_kit_alloc(&kit, 32, "target");
    kit.roots[0] = holder;
    ck_assert(mm_leak_watch_start(&kit.leak));
    leak_kit_store(&kit, holder, 8, target);
    kit.step = 4, kit.heap.site = "free.c:1";
    mm_kfree(&kit.heap, holder);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.leak.rows[0].lost_step, 4);
    ck_assert_str_eq(kit.leak.rows[0].lost_site, "free.c:1");
    leak_kit_end(&kit);
}
END_TEST

START_TEST(of_a_circle_the_last_reference_to_any_member_counts)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *root = leak_kit_alloc(&kit, 64, "root"), *a = leak_kit_alloc(&kit, 32, "circle"),
         *b = leak_kit_alloc(&kit, 32, "circle");
    kit.roots[0] = root;
    ck_assert(mm_leak_watch_start(&kit.leak));
    leak_kit_store(&kit, a, 0, b);
    leak_kit_store(&kit, b, 0, a);
    leak_kit_store(&kit, root, 0, b); /* only the one at the higher address */
    kit.step = 3, kit.heap.site = "cut.c:1";
    leak_kit_store(&kit, root, 0, NULL);
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 2);
    ck_assert_uint_eq(kit.leak.n_rows, 1);
    ck_assert_uint_eq(kit.leak.rows[0].address, leak_kit_offset(&kit, a));
    ck_assert_uint_eq(kit.leak.rows[0].lost_step, 3);
    ck_assert_str_eq(kit.leak.rows[0].lost_site, "cut.c:1");
    leak_kit_end(&kit);
}
END_TEST

START_TEST(without_a_watch_nobody_knows_when_an_object_was_lost)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    leak_kit_alloc(&kit, 64, "lost");
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
    ck_assert_uint_eq(kit.leak.rows[0].lost_step, UINT64_MAX);
    ck_assert_ptr_null(kit.leak.rows[0].lost_site);
    leak_kit_end(&kit);
}
END_TEST

/* The counts of a watch against a table of who refers to whom, which the test keeps. */
enum { N_SLOTS = 24, SLOT_WORDS = 6 };

struct counted {
    void *objects[N_SLOTS];
    int words[N_SLOTS][SLOT_WORDS]; /* index of the target + 1; 0 */
};

static void drop_references_to(struct leak_kit *kit, struct counted *counted, int gone)
{
    for (int i = 0; i < N_SLOTS; i++)
        for (int w = 0; w < SLOT_WORDS; w++)
            if (counted->words[i][w] == gone + 1) {
                leak_kit_store(kit, counted->objects[i], 4 * (size_t)w, NULL);
                counted->words[i][w] = 0;
            }
}

static void replace_object(struct leak_kit *kit, struct counted *counted, int i)
{
    static const size_t sizes[] = {24, 60, 200, 9000};
    if (counted->objects[i]) {
        drop_references_to(kit, counted, i);
        mm_kfree(&kit->heap, counted->objects[i]);
    }
    counted->objects[i] = mm_kmalloc(&kit->heap, sizes[i % 4]); /* not zeroed: the watch does it */
    ck_assert_ptr_nonnull(counted->objects[i]);
    memset(counted->words[i], 0, sizeof counted->words[i]);
}

static void move_object(struct leak_kit *kit, struct counted *counted, int i, size_t n_bytes)
{
    drop_references_to(kit, counted, i);
    counted->objects[i] = mm_krealloc(&kit->heap, counted->objects[i], n_bytes);
    ck_assert_ptr_nonnull(counted->objects[i]);
}

START_TEST(counts_of_references_are_those_of_a_model_under_random_operations)
{
    static struct counted counted;
    struct leak_kit kit;
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    memset(&counted, 0, sizeof counted);
    leak_kit_begin(&kit);
    ck_assert(mm_kmalloc_set_checks(&kit.heap, _i % 2 ? MM_CHECK_TRACK | MM_CHECK_POISON : 0));
    ck_assert(mm_leak_watch_start(&kit.leak));
    for (int i = 0; i < N_SLOTS; i++)
        replace_object(&kit, &counted, i);
    for (int round = 0; round < 20000; round++) {
        int i = (int)mm_rng_below(&rng, N_SLOTS), to = (int)mm_rng_below(&rng, N_SLOTS);
        int word = (int)mm_rng_below(&rng, SLOT_WORDS);
        uint64_t what = mm_rng_below(&rng, 20);
        if (what == 0)
            replace_object(&kit, &counted, i);
        else if (what == 1)
            move_object(&kit, &counted, i, 24 + mm_rng_below(&rng, 20000));
        else {
            leak_kit_store(&kit, counted.objects[i], 4 * (size_t)word,
                           what < 5 ? NULL : counted.objects[to]);
            counted.words[i][word] = what < 5 ? 0 : to + 1;
        }
        uint32_t expected = 0;
        for (int k = 0; k < N_SLOTS * SLOT_WORDS; k++)
            expected += counted.words[k / SLOT_WORDS][k % SLOT_WORDS] == to + 1;
        ck_assert_uint_eq(mm_leak_watch_refs(&kit.leak, leak_kit_offset(&kit, counted.objects[to])),
                          expected);
    }
    leak_kit_end(&kit);
}
END_TEST

/* ---- failures of the host ---- */

static void *never(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    (void)user, (void)old_bytes;
    if (new_bytes == 0)
        free(block);
    return NULL;
}

START_TEST(without_host_memory_nothing_is_found_out_and_nothing_is_claimed)
{
    struct leak_kit kit;
    struct mmsim_leak_result result;
    struct mmsim_allocator poor = {.resize = never};
    leak_kit_begin(&kit);
    void *object = leak_kit_alloc(&kit, 64, "lost");
    mm_host_init(&kit.host, &poor);
    ck_assert_int_eq(mm_leak_scan(&kit.leak, MMSIM_LEAK_CONSERVATIVE, &result), MMSIM_HOST_MEMORY);
    ck_assert_uint_eq(kit.leak.n_rows, 0);
    ck_assert(!mm_leak_watch_start(&kit.leak));
    ck_assert_int_eq(mm_leak_add_root(&kit.leak, 2 * MMSIM_MIB, 8), MMSIM_ENOMEM);
    mm_host_init(&kit.host, NULL);
    kit.roots[0] = object;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    leak_kit_end(&kit);
}
END_TEST

Suite *test_leak_suite(void);
Suite *test_leak_suite(void)
{
    Suite *suite = suite_create("leaks");
    TCase *tests = tcase_create("leaks");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, an_added_range_keeps_what_its_words_lead_to_and_the_objects_in_it);
    tcase_add_test(tests, a_root_in_an_object_ends_with_it);
    tcase_add_test(tests, a_root_beyond_one_object_stays_when_that_is_freed);
    tcase_add_test(tests, a_root_that_is_not_all_ram_is_refused);
    tcase_add_test(tests, objects_of_scopes_are_nobodys_leak);
    tcase_add_test(tests, the_links_of_a_scope_do_not_keep_what_left_it);
    tcase_add_test(tests, a_word_of_the_simulators_own_objects_is_no_kernel_address);
    tcase_add_test(tests, the_lower_half_of_a_host_pointer_is_no_kernel_address);
    tcase_add_test(tests, an_object_of_the_current_step_is_held_and_reported_one_step_later);
    tcase_add_test(tests, a_mark_silences_its_object_and_what_it_leads_to_unless_it_says_ignore);
    tcase_add_test(tests, a_mark_is_forgotten_when_its_object_is_freed);
    tcase_add_test(tests, the_exact_mode_reads_a_cache_only_where_it_says_that_pointers_lie);
    tcase_add_test(tests, the_store_that_lost_the_last_reference_is_named);
    tcase_add_test(tests, freeing_the_holder_loses_what_it_held);
    tcase_add_test(tests, of_a_circle_the_last_reference_to_any_member_counts);
    tcase_add_test(tests, without_a_watch_nobody_knows_when_an_object_was_lost);
    tcase_add_loop_test(tests, counts_of_references_are_those_of_a_model_under_random_operations, 0,
                        4);
    tcase_add_test(tests, without_host_memory_nothing_is_found_out_and_nothing_is_claimed);
    suite_add_tcase(suite, tests);
    return suite;
}
