/*
 * test_guard.c - guarded objects: each byte within is reached, each page around is refused, and
 * what was done wrong is named. Everything goes through the MMU, as the kernel's own code would.
 */
#include "alloc/guard.h"

#include <string.h>

#include "base/rng.h"
#include "kit.h"
#include "sim/machine.h"

static struct mmsim_machine *machine;
static struct mmsim_heap_report last;
static unsigned n_reports;

static void on_report(void *user, const struct mmsim_heap_report *report)
{
    (void)user;
    last = *report;
    n_reports++;
}

static void guard(const char *cache, unsigned more)
{
    struct mmsim_error error;
    ck_assert_int_eq(mmsim_heap_set_checks(machine, cache, MMSIM_HEAP_GUARD | more, &error),
                     MMSIM_OK);
}

static void start(const struct mmsim_config *config)
{
    machine = kit_build(config);
    mmsim_heap_listen(machine, on_report, NULL);
    n_reports = 0;
    guard("kmalloc", 0);
}

static void setup(void)
{
    struct mmsim_config config = kit_config();
    config.check = MMSIM_CHECK_END;
    config.sanitize_tlb = true;
    start(&config);
}

static void teardown(void)
{
    struct mmsim_sanitizer_counts counts;
    if (mmsim_sanitizer_get_counts(machine, &counts))
        ck_assert_uint_eq(counts.n_stale, 0);
    kit_end(machine);
}

static mmsim_vaddr alloc(uint64_t n_bytes)
{
    mmsim_vaddr address = mmsim_kmalloc(machine, n_bytes, 0, "alloc");
    ck_assert_uint_ge(address, MM_VMALLOC_START);
    return address;
}

static void release(mmsim_vaddr address)
{
    ck_assert_int_eq(mmsim_kfree(machine, address, "free"), MMSIM_SUCCESS);
}

static bool poke(mmsim_vaddr address, uint8_t value)
{
    return mmsim_write(mmsim_kernel(machine), address, &value, 1).outcome == MMSIM_DONE;
}

static bool peek(mmsim_vaddr address)
{
    uint8_t value;
    return mmsim_read(mmsim_kernel(machine), address, &value, 1).outcome == MMSIM_DONE;
}

/* An access to `at` is refused, and told as this mistake with this object. */
static void refused(mmsim_vaddr at, enum mmsim_heap_mistake mistake, mmsim_vaddr object,
                    uint64_t n_bytes)
{
    unsigned before = n_reports;
    uint8_t byte = 0;
    struct mmsim_access access = mmsim_read(mmsim_kernel(machine), at, &byte, 1);
    ck_assert_int_eq(access.outcome, MMSIM_ERROR);
    ck_assert_int_eq(access.error, MMSIM_EFAULT);
    ck_assert_uint_eq(n_reports, before + 1);
    ck_assert_int_eq(last.mistake, mistake);
    ck_assert_uint_eq(last.address, at);
    ck_assert_uint_eq(last.object, object);
    ck_assert_uint_eq(last.object_bytes, n_bytes);
    ck_assert_int_eq(last.offset, (int64_t)(at - object));
    ck_assert(!poke(at, 1));
    ck_assert_uint_eq(n_reports, before + 2);
}

static mmsim_vaddr page_of(mmsim_vaddr address)
{
    return address & ~(KIT_PAGE - 1);
}

/* ---- every size ---- */

static void try_size(uint64_t n)
{
    static uint8_t bytes[8192], back[8192];
    mmsim_vaddr object = alloc(n);
    mmsim_vaddr first = page_of(object), end = page_of(object + n - 1) + KIT_PAGE;
    ck_assert_uint_eq(object % 16, 0);
    ck_assert_uint_lt(end - (object + n), 16);
    ck_assert_uint_eq(mmsim_ksize(machine, object), n);
    for (uint64_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i * 31 + n);
    uint64_t skip = n % 61 == 0 || n < 8 ? 0 : n - 8; /* all of it costs time: its end does */
    mmsim_vaddr at = object + skip;
    ck_assert_int_eq(mmsim_write(mmsim_kernel(machine), at, bytes, n - skip).outcome, MMSIM_DONE);
    ck_assert_int_eq(mmsim_read(mmsim_kernel(machine), at, back, n - skip).outcome, MMSIM_DONE);
    ck_assert_int_eq(memcmp(bytes, back, n - skip), 0);
    ck_assert_int_eq(memcmp(bytes, mmsim_kernel_bytes(machine, at, n - skip), n - skip), 0);
    ck_assert(poke(object, 1));
    refused(end, MMSIM_HEAP_GUARD_HIT, object, n);
    ck_assert_uint_eq(n % 16 == 0, end == object + n);
    unsigned before = n_reports;
    if (n % 16 != 0)
        ck_assert(poke(object + n, 0)); /* in the slack, where the MMU does not look */
    release(object);
    ck_assert_uint_eq(n_reports - before, n % 16 != 0);
    if (n % 16 != 0) {
        ck_assert_int_eq(last.mistake, MMSIM_HEAP_RIGHT_RED_ZONE);
        ck_assert_uint_eq(last.address, object + n);
        ck_assert_uint_eq(last.n_found, 1);
        ck_assert_uint_eq(last.found[0], 0);
        ck_assert_uint_eq(last.expected, 0xcc);
    }
    refused(object, MMSIM_HEAP_FREED_GUARD_HIT, object, n);
    refused(object + n - 1, MMSIM_HEAP_FREED_GUARD_HIT, object, n);
    refused(first, MMSIM_HEAP_FREED_GUARD_HIT, object, n);
}

START_TEST(one_byte_beyond_is_refused_or_found_for_every_size)
{
    for (uint64_t n = 1; n <= 5000; n++)
        try_size(n);
    kit_check(machine);
}
END_TEST

START_TEST(whole_runs_of_pages_stay_without_guard)
{
    mmsim_vaddr run = mmsim_kmalloc(machine, 40000, 0, "run");
    ck_assert_uint_lt(run, MM_LAYOUT_USER_START);
    release(run);
    ck_assert_uint_eq(mmsim_kmalloc(machine, 0, 0, "zero") % 16, 0);
}
END_TEST

/* ---- what is told ---- */

START_TEST(reports_name_cache_sites_and_steps)
{
    mmsim_step_begin(machine);
    mmsim_vaddr object = mmsim_kmalloc(machine, 100, 0, "birth");
    mmsim_step_begin(machine);
    refused(page_of(object) + KIT_PAGE, MMSIM_HEAP_GUARD_HIT, object, 100);
    ck_assert_str_eq(last.cache, "kmalloc-112");
    ck_assert_str_eq(last.allocated.site, "birth");
    ck_assert_uint_eq(last.allocated.step, 0);
    ck_assert_ptr_null(last.freed.site);
    ck_assert_uint_eq(last.now.step, 1);
    mmsim_step_begin(machine);
    mmsim_kfree(machine, object, "death");
    refused(object + 8, MMSIM_HEAP_FREED_GUARD_HIT, object, 100);
    ck_assert_str_eq(last.cache, "kmalloc-112");
    ck_assert_str_eq(last.allocated.site, "birth");
    ck_assert_str_eq(last.freed.site, "death");
    ck_assert_uint_eq(last.freed.step, 2);
}
END_TEST

START_TEST(an_access_before_the_first_page_is_told_with_a_negative_offset)
{
    mmsim_vaddr object = alloc(64);
    refused(page_of(object) - 1, MMSIM_HEAP_GUARD_HIT, object, 64);
    ck_assert_int_lt(last.offset, 0);
    ck_assert(!peek(page_of(object) + 2 * KIT_PAGE)); /* nobody's: two pages further */
    release(object);
}
END_TEST

START_TEST(a_process_that_goes_there_is_its_own_mistake)
{
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_vaddr object = alloc(64);
    ck_assert_int_eq(kit_write(process, object, 1).outcome, MMSIM_SIGNAL);
    ck_assert_int_eq(kit_write(process, object + 64, 1).outcome, MMSIM_SIGNAL);
    ck_assert_uint_eq(n_reports, 0);
    release(object);
}
END_TEST

START_TEST(the_left_red_zone_is_looked_at_when_the_object_is_freed)
{
    mmsim_vaddr object = alloc(1000);
    ck_assert(poke(object - 3, 0x11) && poke(object - 1, 0x22));
    ck_assert_uint_eq(n_reports, 0);
    release(object);
    ck_assert_uint_eq(n_reports, 1);
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_LEFT_RED_ZONE);
    ck_assert_uint_eq(last.address, object - 3);
    ck_assert_int_eq(last.offset, -3);
    ck_assert_uint_eq(last.n_found, 3);
    ck_assert_int_eq(memcmp(last.found, "\x11\xcc\x22", 3), 0);
}
END_TEST

START_TEST(verify_finds_damage_of_live_objects_and_puts_it_right)
{
    mmsim_vaddr one = alloc(33), two = alloc(47);
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0);
    ck_assert(poke(one + 33, 1) && poke(two + 47, 1) && poke(two - 1, 1));
    ck_assert_uint_eq(mmsim_heap_verify(machine), 3);
    ck_assert_uint_eq(n_reports, 3);
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0);
    release(one);
    release(two);
    ck_assert_uint_eq(n_reports, 3);
}
END_TEST

START_TEST(wrong_frees_are_named)
{
    mmsim_vaddr object = alloc(200);
    ck_assert_int_eq(mmsim_kfree(machine, object + 16, "wrong"), MMSIM_EINVAL);
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_INSIDE_FREE);
    ck_assert_uint_eq(last.address, object + 16);
    ck_assert_uint_eq(last.object, object);
    ck_assert_int_eq(last.offset, 16);
    ck_assert_int_eq(mmsim_kfree(machine, page_of(object) - KIT_PAGE, "wrong"), MMSIM_EINVAL);
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_FOREIGN_FREE);
    uint64_t physical = mm_heap_locate(&machine->heap, object);
    ck_assert_int_eq(mmsim_kfree(machine, physical, "by its other address"), MMSIM_EINVAL);
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_FOREIGN_FREE);
    release(object);
    ck_assert_int_eq(mmsim_kfree(machine, object, "again"), MMSIM_EINVAL);
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert_uint_eq(last.object, object);
    ck_assert_str_eq(last.freed.site, "free");
    ck_assert_str_eq(last.now.site, "again");
    ck_assert_uint_eq(n_reports, 4);
}
END_TEST

/* ---- addresses rest ---- */

START_TEST(freed_addresses_rest_in_order_before_they_are_used_again)
{
    enum { N = MM_GUARD_MAX_RESTING };
    mmsim_vaddr first = 0;
    mmsim_vaddr seen[N + 1];
    for (unsigned i = 0; i <= N; i++) {
        seen[i] = alloc(16);
        for (unsigned j = 0; j < i; j++)
            ck_assert_uint_ne(seen[j], seen[i]);
        release(seen[i]);
        if (i == 0)
            first = seen[0];
    }
    ck_assert_uint_eq(alloc(16), first); /* the oldest one's rest has ended */
    refused(seen[1], MMSIM_HEAP_FREED_GUARD_HIT, seen[1], 16);
    kit_check(machine);
}
END_TEST

/* ---- other ways to objects ---- */

static void construct(void *object)
{
    memset(object, 0x77, 300);
}

START_TEST(caches_construct_and_align_guarded_objects)
{
    struct mmsim_cache_setup wanted = {.name = "made",
                                       .object_bytes = 300,
                                       .alignment = 256,
                                       .checks = MMSIM_HEAP_GUARD,
                                       .construct = construct};
    struct mmsim_cache *cache;
    struct mmsim_error error;
    ck_assert_int_eq(mmsim_cache_create(machine, &wanted, &cache, &error), MMSIM_OK);
    for (unsigned i = 0; i < 20; i++) {
        mmsim_vaddr object = mmsim_cache_alloc(cache, 0, "alloc");
        const uint8_t *bytes = mmsim_kernel_bytes(machine, object, 300);
        ck_assert_uint_eq(object % 256, 0);
        ck_assert_uint_ge(object % KIT_PAGE + 300 + 255, KIT_PAGE);
        for (unsigned j = 0; j < 300; j++)
            ck_assert_uint_eq(bytes[j], 0x77);
        refused(page_of(object) + KIT_PAGE, MMSIM_HEAP_GUARD_HIT, object, 300);
        ck_assert_str_eq(last.cache, "made");
        ck_assert_int_eq(mmsim_cache_free(cache, object, "free"), MMSIM_SUCCESS);
    }
    ck_assert_int_eq(mmsim_cache_destroy(cache), MMSIM_SUCCESS);
    ck_assert(!peek(MM_VMALLOC_START + KIT_PAGE - 1)); /* its name is remembered */
    ck_assert_str_eq(last.cache, "made");
}
END_TEST

START_TEST(a_resized_object_moves_and_the_old_one_is_refused)
{
    mmsim_vaddr object = alloc(100);
    for (unsigned i = 0; i < 100; i++)
        ck_assert(poke(object + i, (uint8_t)i));
    mmsim_vaddr moved = mmsim_krealloc(machine, object, 3000, "resize");
    const uint8_t *bytes = mmsim_kernel_bytes(machine, moved, 3000);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_uint_eq(bytes[i], i);
    refused(object, MMSIM_HEAP_FREED_GUARD_HIT, object, 100);
    refused(page_of(moved + 2999) + KIT_PAGE, MMSIM_HEAP_GUARD_HIT, moved, 3000);
    ck_assert_int_eq(mmsim_kfree_sized(machine, moved, 2999, "free"), MMSIM_EINVAL);
    ck_assert_int_eq(last.mistake, MMSIM_HEAP_WRONG_SIZE);
    ck_assert_int_eq(mmsim_kfree_sized(machine, moved, 3000, "free"), MMSIM_SUCCESS);
    ck_assert_uint_eq(mmsim_kmemalign(machine, 4096, 100, 0, "aligned") % 4096, 0);
    ck_assert_uint_eq(mmsim_kmemalign(machine, 64, 100, 0, "aligned") % 64, 0);
}
END_TEST

START_TEST(switching_on_and_off_leaves_live_objects_as_they_are)
{
    struct mmsim_error error;
    mmsim_vaddr guarded = alloc(48);
    ck_assert_int_eq(mmsim_heap_set_checks(machine, "kmalloc", 0, &error), MMSIM_OK);
    mmsim_vaddr plain = mmsim_kmalloc(machine, 48, 0, "plain");
    ck_assert_uint_lt(plain, MM_LAYOUT_USER_START);
    refused(guarded + 48, MMSIM_HEAP_GUARD_HIT, guarded, 48);
    guard("kmalloc", 0);
    release(plain);
    release(guarded);
    refused(guarded, MMSIM_HEAP_FREED_GUARD_HIT, guarded, 48);
    kit_check(machine);
}
END_TEST

START_TEST(the_kernels_own_objects_are_not_guarded)
{
    guard("*", 0);
    struct mmsim_process *process = kit_spawn(machine, "p");
    kit_write(process, kit_map(process, 3), 1);
    kit_check(machine);
    ck_assert_uint_eq(machine->kernel_memory.vmalloc.n_areas[MM_VMAP_GUARDED], 0);
    mmsim_vaddr object = alloc(10);
    ck_assert_uint_eq(machine->kernel_memory.vmalloc.n_areas[MM_VMAP_GUARDED], 1);
    release(object);
}
END_TEST

START_TEST(tracked_guarded_objects_are_counted_by_site)
{
    guard("kmalloc", MMSIM_HEAP_TRACK | MMSIM_HEAP_POISON);
    mmsim_vaddr one = mmsim_kmalloc(machine, 500, 0, "site");
    mmsim_vaddr two = mmsim_kmalloc(machine, 300, 0, "site");
    ck_assert_uint_eq(*(uint8_t *)mmsim_kernel_bytes(machine, one, 1), 0x5a);
    struct mmsim_site_info info = {0};
    for (size_t i = 0; mmsim_site_at(machine, i, &info) && strcmp(info.site, "site") != 0; i++)
        continue;
    ck_assert_uint_eq(info.n_live, 2);
    ck_assert_uint_eq(info.live_bytes, 800);
    release(one);
    release(two);
    kit_check(machine);
}
END_TEST

/* ---- against a model ---- */

enum { MAX_OBJECTS = 40 };

static mmsim_vaddr last_page(mmsim_vaddr object, uint64_t n_bytes)
{
    return page_of(object + n_bytes - 1);
}

START_TEST(random_operations_agree_with_a_model)
{
    struct {
        mmsim_vaddr address;
        uint64_t n_bytes;
        uint8_t fill;
    } live[MAX_OBJECTS] = {{0}};
    unsigned n_wrong = 0, n_too_near = 0;
    struct mm_rng rng;
    mm_rng_seed(&rng, 11);
    for (unsigned step = 0; step < 2500; step++) {
        unsigned i = (unsigned)mm_rng_below(&rng, MAX_OBJECTS);
        if (!live[i].address) {
            live[i].n_bytes = 1 + mm_rng_below(&rng, 6544);
            live[i].address = alloc(live[i].n_bytes);
            live[i].fill = (uint8_t)step;
            memset(mmsim_kernel_bytes(machine, live[i].address, live[i].n_bytes), live[i].fill,
                   live[i].n_bytes);
            for (unsigned j = 0; j < MAX_OBJECTS; j++)
                n_too_near += j != i && live[j].address &&
                              page_of(live[i].address) <=
                                  last_page(live[j].address, live[j].n_bytes) + KIT_PAGE &&
                              page_of(live[j].address) <=
                                  last_page(live[i].address, live[i].n_bytes) + KIT_PAGE;
        } else {
            static uint8_t bytes[6544];
            mmsim_read(mmsim_kernel(machine), live[i].address, bytes, live[i].n_bytes);
            for (uint64_t j = 0; j < live[i].n_bytes; j++)
                n_wrong += bytes[j] != live[i].fill;
            release(live[i].address);
            live[i].address = 0;
        }
        if (step % 200 == 0)
            kit_check(machine);
        if (step % 700 == 0)
            mmsim_gc(machine, &(struct mmsim_gc_result){0});
    }
    ck_assert_uint_eq(n_wrong, 0);
    ck_assert_uint_eq(n_too_near, 0);
    ck_assert_uint_eq(n_reports, 0);
}
END_TEST

/* ---- hardware with less, and memory that ends ---- */

START_TEST(a_freed_object_is_gone_on_every_cpu_of_every_kind)
{
    const char *presets[] = {"i386", "i486", "pentium-3", "modern"};
    teardown();
    for (unsigned i = 0; i < 8; i++) {
        struct mmsim_config config = kit_config();
        struct mmsim_machine *probe = NULL;
        struct mmsim_error error;
        config.cpu = presets[i / 2];
        config.n_cpus = 3;
        config.large_pages = i % 2;
        config.check = MMSIM_CHECK_END;
        if (mmsim_machine_create(&config, &probe, &error) != MMSIM_OK)
            continue; /* no PAE on this one */
        mmsim_machine_destroy(probe);
        start(&config);
        mmsim_vaddr object = alloc(777);
        for (unsigned cpu = 0; cpu < 3; cpu++) {
            mmsim_run_on(mmsim_kernel(machine), cpu);
            ck_assert(poke(object + 776, (uint8_t)cpu));
            refused(page_of(object) + KIT_PAGE, MMSIM_HEAP_GUARD_HIT, object, 777);
        }
        release(object);
        kit_check(machine);
        for (unsigned cpu = 0; cpu < 3; cpu++) {
            mmsim_run_on(mmsim_kernel(machine), cpu);
            refused(object + 776, MMSIM_HEAP_FREED_GUARD_HIT, object, 777);
        }
        kit_end(machine);
    }
    setup();
}
END_TEST

static uint64_t n_used(void)
{
    mm_guard_flush(&machine->heap);
    mmsim_gc(machine, &(struct mmsim_gc_result){0});
    return machine->zones.n_ram_frames - machine->zones.n_by_use[MM_FRAME_FREE];
}

START_TEST(every_frame_that_is_refused_is_survived)
{
    release(alloc(1));
    uint64_t before = n_used();
    bool failed = true;
    unsigned n_refused = 0;
    for (uint64_t n = 1; failed; n++) {
        struct mm_inject_rule rule = {.nth = n, .max_failures = 1};
        mm_inject_arm(&machine->zones.inject, &rule);
        mmsim_vaddr object = mmsim_kmalloc(machine, 6000, 0, "alloc");
        failed = machine->zones.inject.n_failures > 0;
        mm_inject_disarm(&machine->zones.inject);
        ck_assert(object || failed);
        n_refused += object == 0;
        mmsim_kfree(machine, object, "free");
        kit_check(machine);
        ck_assert_uint_eq(n_used(), before);
    }
    ck_assert_uint_ge(n_refused, 1);
}
END_TEST

START_TEST(objects_end_where_memory_does_and_begin_again)
{
    static mmsim_vaddr objects[8192];
    unsigned n = 0;
    while (n < 8192 && (objects[n] = mmsim_kmalloc(machine, 2000, 0, "alloc")))
        n++;
    ck_assert_uint_gt(n, 1000);
    ck_assert_uint_lt(n, 8192);
    kit_check(machine);
    release(objects[--n]);
    ck_assert(objects[n] = mmsim_kmalloc(machine, 2000, 0, "alloc"));
    ck_assert(poke(objects[n] + 1999, 1));
    for (unsigned i = 0; i <= n; i++)
        release(objects[i]);
    kit_check(machine);
    release(alloc(1));
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, one_byte_beyond_is_refused_or_found_for_every_size);
    tcase_add_test(tests, whole_runs_of_pages_stay_without_guard);
    tcase_add_test(tests, reports_name_cache_sites_and_steps);
    tcase_add_test(tests, an_access_before_the_first_page_is_told_with_a_negative_offset);
    tcase_add_test(tests, a_process_that_goes_there_is_its_own_mistake);
    tcase_add_test(tests, the_left_red_zone_is_looked_at_when_the_object_is_freed);
    tcase_add_test(tests, verify_finds_damage_of_live_objects_and_puts_it_right);
    tcase_add_test(tests, wrong_frees_are_named);
    tcase_add_test(tests, freed_addresses_rest_in_order_before_they_are_used_again);
    tcase_add_test(tests, caches_construct_and_align_guarded_objects);
    tcase_add_test(tests, a_resized_object_moves_and_the_old_one_is_refused);
    tcase_add_test(tests, switching_on_and_off_leaves_live_objects_as_they_are);
    tcase_add_test(tests, the_kernels_own_objects_are_not_guarded);
    tcase_add_test(tests, tracked_guarded_objects_are_counted_by_site);
    tcase_add_test(tests, random_operations_agree_with_a_model);
    tcase_add_test(tests, a_freed_object_is_gone_on_every_cpu_of_every_kind);
    tcase_add_test(tests, every_frame_that_is_refused_is_survived);
    tcase_add_test(tests, objects_end_where_memory_does_and_begin_again);
}

Suite *test_guard_suite(void);
Suite *test_guard_suite(void)
{
    Suite *suite = suite_create("guard");
    kit_add_modes(suite, add);
    return suite;
}
