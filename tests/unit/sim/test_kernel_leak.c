/* test_kernel_leak.c - the search for what nobody can reach, from outside. */
#include "heap_kit.h"

/* Stores a kernel address, four bytes as on the machine, through the MMU. */
static void link_to(struct mmsim_machine *machine, mmsim_vaddr from, mmsim_vaddr to)
{
    uint32_t word = (uint32_t)to;
    ck_assert_int_eq(mmsim_write(mmsim_kernel(machine), from, &word, sizeof word).outcome,
                     MMSIM_DONE);
}

static struct mmsim_leak_result scan(struct mmsim_machine *machine, enum mmsim_leak_mode mode)
{
    struct mmsim_leak_result result;
    ck_assert_int_eq(mmsim_leak_scan(machine, mode, &result, NULL), MMSIM_OK);
    ck_assert_uint_eq(kit_stats(machine).heap.leaked, result.n_leaked);
    return result;
}

static struct mmsim_machine *tracked_machine(void)
{
    struct mmsim_config config = heap_config();
    config.heap_checks = MMSIM_HEAP_TRACK;
    return kit_build(&config);
}

/* An object that is a root, as a global variable of the kernel's would be. */
static mmsim_vaddr make_root(struct mmsim_machine *machine)
{
    mmsim_vaddr root = mmsim_kmalloc(machine, 64, MMSIM_ALLOC_ZERO, "root");
    ck_assert_int_eq(mmsim_leak_root(machine, root, 64), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_leak_mark(machine, root, MMSIM_LEAK_NOT_LEAK), MMSIM_SUCCESS);
    return root;
}

START_TEST(a_machine_with_processes_has_no_leaks)
{
    struct mmsim_config config = heap_config();
    config.heap_checks = _i ? MMSIM_HEAP_TRACK | MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_POISON : 0;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_process *p = kit_spawn(machine, "p");
    for (unsigned i = 0; i < 30; i++)
        kit_write(p, kit_map(p, 1 + i % 3), i);
    struct mmsim_process *child = kit_fork(p, "child");
    kit_write(child, kit_map(child, 2), 1);
    struct mmsim_pool *pool;
    struct mmsim_scope *scope;
    mmsim_pool_create(machine, "bio", 100, 10, &pool, NULL);
    mmsim_scope_begin(machine, "s", p, &scope, NULL);
    mmsim_scope_kmalloc(scope, 200, 0, NULL);
    mmsim_vmalloc(machine, 10000, NULL);
    struct mmsim_leak_result found = scan(machine, MMSIM_LEAK_CONSERVATIVE);
    ck_assert_uint_eq(found.n_leaked, 0);
    ck_assert_uint_gt(found.n_scanned, 5);
    found = scan(machine, MMSIM_LEAK_EXACT);
    ck_assert_uint_eq(found.n_leaked, 0);
    kit_end(machine);
}
END_TEST

START_TEST(what_is_lost_is_reported_by_its_root_with_what_it_retains)
{
    struct mmsim_machine *machine = tracked_machine();
    mmsim_vaddr root = make_root(machine);
    mmsim_vaddr kept = mmsim_kmalloc(machine, 32, MMSIM_ALLOC_ZERO, "kept");
    mmsim_vaddr head = mmsim_kmalloc(machine, 100, MMSIM_ALLOC_ZERO, "head");
    mmsim_vaddr tail = mmsim_kmalloc(machine, 200, MMSIM_ALLOC_ZERO, "tail");
    link_to(machine, root, kept);
    link_to(machine, root + 8, head);
    link_to(machine, head + 16, tail);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 0);
    struct mmsim_leak leak;
    ck_assert(!mmsim_leak_at(machine, 0, &leak));
    link_to(machine, root + 8, 0);
    struct mmsim_leak_result found = scan(machine, MMSIM_LEAK_CONSERVATIVE);
    ck_assert_uint_eq(found.n_leaked, 2);
    ck_assert_uint_eq(found.leaked_bytes, 300);
    ck_assert_uint_eq(found.n_groups, 1);
    ck_assert(mmsim_leak_at(machine, 0, &leak));
    ck_assert_str_eq(leak.site, "head");
    ck_assert_uint_eq(leak.address, head);
    ck_assert_uint_eq(leak.n_objects, 1);
    ck_assert_uint_eq(leak.bytes, 100);
    ck_assert_uint_eq(leak.retained_objects, 2);
    ck_assert_uint_eq(leak.retained_bytes, 300);
    ck_assert(!mmsim_leak_at(machine, 1, &leak));
    mmsim_kfree(machine, head, NULL);
    mmsim_kfree(machine, tail, NULL);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 0);
    kit_end(machine);
}
END_TEST

START_TEST(marks_and_roots_decide_what_is_reported)
{
    struct mmsim_machine *machine = tracked_machine();
    mmsim_vaddr a = mmsim_kmalloc(machine, 50, MMSIM_ALLOC_ZERO, "a");
    mmsim_vaddr b = mmsim_kmalloc(machine, 50, MMSIM_ALLOC_ZERO, "b");
    link_to(machine, a, b);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 2);
    mmsim_leak_mark(machine, a, MMSIM_LEAK_NOT_LEAK);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 0);
    mmsim_leak_mark(machine, a, MMSIM_LEAK_IGNORE);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 1);
    mmsim_leak_mark(machine, a, MMSIM_LEAK_NORMAL);
    ck_assert_int_eq(mmsim_leak_root(machine, a, 8), MMSIM_SUCCESS);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 0); /* a is the root */
    ck_assert_int_eq(mmsim_leak_root(machine, 0, 0), MMSIM_SUCCESS);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 2);
    ck_assert_int_eq(mmsim_leak_mark(machine, a + 16, MMSIM_LEAK_IGNORE), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_leak_mark(machine, a, (enum mmsim_leak_mark)9), MMSIM_EINVAL);
    for (size_t i = 0; i < HEAP_N_GARBAGE; i++)
        ck_assert_int_eq(mmsim_leak_root(machine, heap_garbage[i], UINT64_MAX), MMSIM_EINVAL);
    kit_end(machine);
}
END_TEST

START_TEST(the_exact_search_believes_declared_pointers_only)
{
    struct mmsim_machine *machine = tracked_machine();
    const uint32_t offsets[] = {8};
    struct mmsim_cache_setup setup = {
        .name = "node", .object_bytes = 64, .pointer_offsets = offsets, .n_pointer_offsets = 1};
    struct mmsim_cache *cache;
    ck_assert_int_eq(mmsim_cache_create(machine, &setup, &cache, NULL), MMSIM_OK);
    mmsim_vaddr root = make_root(machine);
    mmsim_vaddr node = mmsim_cache_alloc(cache, MMSIM_ALLOC_ZERO, "node");
    mmsim_vaddr by_chance = mmsim_kmalloc(machine, 40, 0, "chance");
    mmsim_vaddr declared = mmsim_kmalloc(machine, 40, 0, "declared");
    link_to(machine, root, node);
    link_to(machine, node + 8, declared);
    link_to(machine, node + 20, by_chance); /* a number that looks like an address */
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 0);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_EXACT).n_leaked, 1);
    struct mmsim_leak leak;
    ck_assert(mmsim_leak_at(machine, 0, &leak));
    ck_assert_str_eq(leak.site, "chance");
    kit_end(machine);
}
END_TEST

START_TEST(watching_names_the_step_that_lost_the_last_reference)
{
    struct mmsim_machine *machine = tracked_machine();
    mmsim_vaddr root = make_root(machine);
    ck_assert_int_eq(mmsim_leak_watch(machine, MMSIM_LEAK_WATCH_STORES, NULL), MMSIM_OK);
    mmsim_step_begin(machine);
    mmsim_vaddr at = mmsim_kmalloc(machine, 300, 0, "made");
    mmsim_step_begin(machine);
    link_to(machine, root, at);
    link_to(machine, root + 12, at + 100);
    uint64_t not_yet = mmsim_step_begin(machine);
    link_to(machine, root, 0);
    uint64_t lost = mmsim_step_begin(machine);
    uint8_t zeros[1000] = {0};
    mmsim_write(mmsim_kernel(machine), root + 10, zeros, 20); /* not aligned, several words */
    mmsim_step_begin(machine);
    ck_assert_uint_eq(scan(machine, MMSIM_LEAK_CONSERVATIVE).n_leaked, 1);
    struct mmsim_leak leak;
    ck_assert(mmsim_leak_at(machine, 0, &leak));
    ck_assert_uint_eq(leak.address, at);
    ck_assert_uint_eq(leak.step, 0);
    ck_assert_uint_ne(leak.lost_step, not_yet);
    ck_assert_uint_eq(leak.lost_step, lost);
    ck_assert_int_eq(mmsim_leak_watch(machine, MMSIM_LEAK_WATCH_OFF, NULL), MMSIM_OK);
    kit_end(machine);
}
END_TEST

/* The same bytes arrive, and the same answer, whether stores are watched or not. */
START_TEST(watched_stores_do_what_stores_do)
{
    struct mmsim_machine *one = heap_machine(), *two = heap_machine();
    mmsim_leak_watch(two, MMSIM_LEAK_WATCH_STORES, NULL);
    uint8_t bytes[3000], back[3000];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = heap_byte(1, i);
    mmsim_vaddr at = mmsim_kmalloc(one, 4000, 0, NULL);
    ck_assert_uint_eq(mmsim_kmalloc(two, 4000, 0, NULL), at);
    static const size_t lengths[] = {0, 1, 7, 8, 9, 255, 256, 257, 1000, 3000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (unsigned shift = 0; shift < 9; shift++) {
            struct mmsim_access a = mmsim_write(mmsim_kernel(one), at + shift, bytes, lengths[i]);
            struct mmsim_access b = mmsim_write(mmsim_kernel(two), at + shift, bytes, lengths[i]);
            ck_assert_int_eq(b.outcome, MMSIM_DONE);
            ck_assert_uint_eq(a.done, b.done);
            mmsim_read(mmsim_kernel(two), at + shift, back, lengths[i]);
            ck_assert_mem_eq(back, bytes, lengths[i]);
        }
    }
    static const mmsim_vaddr wild[] = {0xFFFF0, 0x9000000, 0xC0000000, 0xDFFFFFFC, 0x10000000};
    for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
        struct mmsim_access a = mmsim_write(mmsim_kernel(one), wild[i], bytes, 700);
        struct mmsim_access b = mmsim_write(mmsim_kernel(two), wild[i], bytes, 700);
        ck_assert_int_eq(a.outcome, b.outcome);
        ck_assert_int_eq(a.error, b.error);
        ck_assert_uint_eq(a.done, b.done);
        ck_assert_uint_eq(a.address, b.address);
        ck_assert_uint_eq(a.n_faults, b.n_faults);
    }
    kit_end(one);
    kit_end(two);
}
END_TEST

START_TEST(leaks_are_told_as_events_one_for_each_row)
{
    struct heap_events events = {0};
    struct mmsim_machine *machine = tracked_machine();
    mmsim_listen(machine, MMSIM_EVENT_BIT(MMSIM_EVENT_LEAK), heap_on_event, &events);
    mmsim_vaddr at[4];
    for (unsigned i = 0; i < 4; i++)
        at[i] = mmsim_kmalloc(machine, 20, MMSIM_ALLOC_ZERO, i < 3 ? "three" : "one");
    scan(machine, MMSIM_LEAK_CONSERVATIVE);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_LEAK], 2);
    for (unsigned i = 0; i < 4; i++)
        mmsim_kfree(machine, at[i], NULL);
    mmsim_machine_destroy(machine);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_LEAK], 2);
}
END_TEST

Suite *test_kernel_leak_suite(void);
Suite *test_kernel_leak_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("kernel_leak", &tests);
    tcase_add_loop_test(tests, a_machine_with_processes_has_no_leaks, 0, 2);
    tcase_add_test(tests, what_is_lost_is_reported_by_its_root_with_what_it_retains);
    tcase_add_test(tests, marks_and_roots_decide_what_is_reported);
    tcase_add_test(tests, the_exact_search_believes_declared_pointers_only);
    tcase_add_test(tests, watching_names_the_step_that_lost_the_last_reference);
    tcase_add_test(tests, watched_stores_do_what_stores_do);
    tcase_add_test(tests, leaks_are_told_as_events_one_for_each_row);
    return suite;
}
