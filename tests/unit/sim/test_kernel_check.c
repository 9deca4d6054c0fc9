/* test_kernel_check.c - checks of the heap switched from outside, mistakes, failures, events. */
#include <stdio.h>

#include "heap_kit.h"

static unsigned checks_named(const char *letters)
{
    unsigned checks = 0;
    size_t wrong = 0;
    ck_assert(mmsim_heap_checks_parse(letters, &checks, &wrong));
    return checks;
}

static unsigned checks_of(const struct mmsim_machine *machine, const char *name)
{
    struct mmsim_cache_info info;
    for (size_t i = 0; mmsim_cache_info_at(machine, i, &info); i++)
        if (strcmp(info.name, name) == 0)
            return info.checks;
    ck_abort_msg("there is no cache %s", name);
}

static void switch_checks(struct mmsim_machine *machine, const char *cache, const char *letters)
{
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_heap_set_checks(machine, cache, checks_named(letters), &error) == MMSIM_OK,
                  "%s", error.text);
}

/* ---- switching ---- */

START_TEST(checks_are_switched_by_name_by_prefix_and_for_all)
{
    struct mmsim_machine *machine = heap_machine();
    switch_checks(machine, "kmalloc-64", "ZP");
    ck_assert_uint_eq(checks_of(machine, "kmalloc-64"), checks_named("ZP"));
    ck_assert_uint_eq(checks_of(machine, "kmalloc-80"), 0);
    switch_checks(machine, "kmalloc", "U");
    ck_assert_uint_eq(checks_of(machine, "kmalloc-64"), checks_named("U"));
    ck_assert_uint_eq(checks_of(machine, "kmalloc-4096"), checks_named("U"));
    ck_assert_uint_eq(checks_of(machine, "vma"), 0);
    switch_checks(machine, "v*", "Z");
    ck_assert_uint_eq(checks_of(machine, "vma"), checks_named("Z"));
    ck_assert_uint_eq(checks_of(machine, "kmalloc-64"), checks_named("U"));
    switch_checks(machine, "*", "-");
    ck_assert_uint_eq(checks_of(machine, "vma"), 0);
    ck_assert_uint_eq(checks_of(machine, "kmalloc-64"), 0);
    kit_check(machine);
    kit_end(machine);
}
END_TEST

START_TEST(unknown_caches_and_checks_are_refused)
{
    struct mmsim_machine *machine = heap_machine();
    static const char *const names[] = {"", "kmalloc-7", "nothing*", "vmas"};
    struct mmsim_error error = {0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ck_assert_int_eq(mmsim_heap_set_checks(machine, names[i], 0, &error), MMSIM_BAD_ARGUMENT);
        ck_assert_str_eq(error.where, "cache");
    }
    ck_assert_int_eq(mmsim_heap_set_checks(machine, "*", 1u << 7, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "checks");
    kit_end(machine);
}
END_TEST

START_TEST(the_kernel_lives_under_checks_of_its_own_caches)
{
    struct mmsim_config config = kit_config();
    config.heap_checks = checks_named(_i == 0 ? "ZPU" : _i == 1 ? "ZPUQ" : "G");
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_process *p = kit_spawn(machine, "p");
    for (unsigned i = 0; i < 20; i++) {
        mmsim_vaddr at = kit_map(p, 4);
        kit_write(p, at, i);
        ck_assert_int_eq(mmsim_mprotect(p, at + KIT_PAGE, KIT_PAGE, MMSIM_PROT_READ), 0);
        if (i % 3 == 0)
            ck_assert_int_eq(mmsim_munmap(p, at + KIT_PAGE, 2 * KIT_PAGE), 0);
    }
    struct mmsim_process *child = kit_fork(p, "child");
    mmsim_exit(p, 0);
    kit_map(child, 10);
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0);
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), 0);
    ck_assert_uint_eq(checks_of(machine, "vma") & MMSIM_HEAP_GUARD, 0);
    kit_end(machine);
}
END_TEST

START_TEST(checks_of_the_configuration_hold_for_caches_that_come_later)
{
    struct mmsim_config config = heap_config();
    config.heap_checks = checks_named("ZU");
    struct mmsim_machine *machine = kit_build(&config);
    ck_assert_uint_eq(checks_of(machine, "kmalloc-64"), checks_named("ZU"));
    struct mmsim_cache_setup setup = {
        .name = "late", .object_bytes = 40, .checks = MMSIM_HEAP_POISON};
    struct mmsim_cache *cache;
    struct mmsim_pool *pool;
    ck_assert_int_eq(mmsim_cache_create(machine, &setup, &cache, NULL), MMSIM_OK);
    ck_assert_int_eq(mmsim_pool_create(machine, "bio", 40, 3, &pool, NULL), MMSIM_OK);
    ck_assert_uint_eq(checks_of(machine, "late"), checks_named("ZUP"));
    ck_assert_uint_eq(checks_of(machine, "bio"), checks_named("ZU"));
    kit_end(machine);
}
END_TEST

START_TEST(a_configuration_with_unknown_checks_is_refused)
{
    struct mmsim_config config = heap_config();
    config.heap_checks = 1u << 7;
    struct mmsim_error error = {0};
    struct mmsim_machine *machine = NULL;
    ck_assert_int_eq(mmsim_machine_create(&config, &machine, &error), MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, "heap_checks");
}
END_TEST

START_TEST(frames_are_zeroed_or_poisoned_if_the_configuration_says_so)
{
    struct mmsim_config config = heap_config();
    config.zero_frames = _i == 1;
    config.poison_frames = _i == 2;
    struct mmsim_machine *machine = kit_build(&config);
    mmsim_vaddr at = mmsim_kmalloc(machine, 40000, 0, NULL);
    heap_fill(machine, at, 40000, 1);
    mmsim_kfree(machine, at, NULL);
    uint8_t byte = 0;
    mmsim_physical_read(machine, at + 5000, &byte, 1); /* low memory: physical = virtual */
    ck_assert_uint_eq(byte, _i == 2 ? 0xaa : heap_byte(1, 5000));
    at = mmsim_kmalloc(machine, 40000, 0, NULL);
    const uint8_t *bytes = mmsim_kernel_bytes(machine, at, 40000);
    ck_assert(_i != 1 || bytes[5000] == 0);
    kit_end(machine);
}
END_TEST

/* ---- mistakes that only checks find ---- */

static struct heap_mistakes seen;

static struct mmsim_machine *watched_machine(const char *letters)
{
    struct mmsim_machine *machine = heap_machine();
    seen = (struct heap_mistakes){0};
    switch_checks(machine, "kmalloc", letters);
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    return machine;
}

static void store(struct mmsim_machine *machine, mmsim_vaddr at, uint8_t byte)
{
    ck_assert_int_eq(mmsim_write(mmsim_kernel(machine), at, &byte, 1).outcome, MMSIM_DONE);
}

START_TEST(an_overrun_is_found_at_the_free_with_all_that_is_known)
{
    struct mmsim_machine *machine = watched_machine("ZU");
    mmsim_step_begin(machine);
    mmsim_vaddr at = mmsim_kmalloc(machine, 100, 0, "made-here");
    mmsim_step_begin(machine);
    store(machine, at + 100, 0x41);
    store(machine, at + 101, 0x42);
    ck_assert_uint_eq(seen.n, 0);
    mmsim_step_begin(machine);
    ck_assert_int_eq(mmsim_kfree(machine, at, "freed-here"), MMSIM_SUCCESS);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_RIGHT_RED_ZONE);
    ck_assert_uint_eq(seen.last.address, at + 100);
    ck_assert_uint_eq(seen.last.object, at);
    ck_assert_uint_eq(seen.last.object_bytes, 100);
    ck_assert_int_eq(seen.last.offset, 100);
    ck_assert_uint_eq(seen.last.n_found, 2);
    ck_assert_uint_eq(seen.last.found[0], 0x41);
    ck_assert_uint_eq(seen.last.found[1], 0x42);
    ck_assert_uint_eq(seen.last.expected, 0xcc);
    ck_assert_str_eq(seen.last.allocated.site, "made-here");
    ck_assert_uint_eq(seen.last.allocated.step, 0);
    ck_assert_str_eq(seen.last.now.site, "freed-here");
    ck_assert_uint_eq(seen.last.now.step, 2);
    kit_end(machine);
}
END_TEST

START_TEST(an_underrun_is_found_too)
{
    struct mmsim_machine *machine = watched_machine("Z");
    mmsim_vaddr at = mmsim_kmalloc(machine, 100, 0, NULL);
    store(machine, at - 1, 7);
    mmsim_kfree(machine, at, NULL);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_LEFT_RED_ZONE);
    ck_assert_int_eq(seen.last.offset, -1);
    kit_end(machine);
}
END_TEST

START_TEST(a_use_after_free_is_found_by_looking)
{
    struct mmsim_machine *machine = watched_machine("PU");
    mmsim_vaddr at = mmsim_kmalloc(machine, 100, 0, "made");
    mmsim_kfree(machine, at, "freed");
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0);
    store(machine, at + 40, 1);
    ck_assert_uint_eq(mmsim_heap_verify(machine), 1);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_USE_AFTER_FREE);
    ck_assert_uint_eq(seen.last.address, at + 40);
    ck_assert_str_eq(seen.last.allocated.site, "made");
    ck_assert_str_eq(seen.last.freed.site, "freed");
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0); /* it was put right */
    kit_end(machine);
}
END_TEST

/* 16 MiB whose free frames are poisoned. */
static struct mmsim_machine *poisoned_machine(void)
{
    struct mmsim_config config = heap_config();
    config.poison_frames = true;
    struct mmsim_machine *machine = kit_build(&config);
    seen = (struct heap_mistakes){0};
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    return machine;
}

START_TEST(a_store_to_freed_pages_is_found_when_they_are_used_again_or_looked_at)
{
    struct mmsim_machine *machine = poisoned_machine();
    mmsim_vaddr at = mmsim_kmalloc(machine, 40000, 0, NULL);
    mmsim_kfree(machine, at, NULL);
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0);
    store(machine, at + 5000, 0x41);
    store(machine, at + 5002, 0x43);
    mmsim_step_begin(machine);
    if (_i == 0)
        ck_assert_uint_eq(mmsim_heap_verify(machine), 1);
    else
        ck_assert_uint_eq(mmsim_kmalloc(machine, 40000, 0, "again"), at);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), 1);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_USE_AFTER_FREE);
    ck_assert_str_eq(seen.last.cache, "page");
    ck_assert_uint_eq(seen.last.address, at + 5000);
    ck_assert_uint_eq(seen.last.object, at + KIT_PAGE);
    ck_assert_uint_eq(seen.last.object_bytes, KIT_PAGE);
    ck_assert_int_eq(seen.last.offset, 5000 - KIT_PAGE);
    ck_assert_uint_eq(seen.last.n_found, 3);
    ck_assert_mem_eq(seen.last.found, ((uint8_t[]){0x41, 0xaa, 0x43}), 3);
    ck_assert_uint_eq(seen.last.expected, 0xaa);
    ck_assert_pstr_eq(seen.last.now.site, _i == 0 ? NULL : "again");
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0); /* it was put right */
    kit_end(machine);
}
END_TEST

START_TEST(poisoned_frames_accuse_nobody_who_did_no_wrong)
{
    struct mmsim_machine *machine = poisoned_machine();
    for (unsigned i = 0; i < 30; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        struct mmsim_process *p = kit_spawn(machine, name);
        mmsim_vaddr at = kit_map(p, 8), area = mmsim_vmalloc(machine, 30000, NULL);
        heap_fill(machine, area, 30000, i);
        for (unsigned page = 0; page < 8; page++)
            kit_write(p, at + page * KIT_PAGE, i);
        name[0] = 'c';
        struct mmsim_process *child = kit_fork(p, name);
        kit_write(child, at, i);
        mmsim_exit(p, 0);
        mmsim_vfree(machine, area, NULL);
        mmsim_exit(child, 0);
    }
    ck_assert_uint_eq(mmsim_heap_verify(machine), 0);
    ck_assert_uint_eq(seen.n, 0);
    kit_end(machine);
}
END_TEST

START_TEST(bytes_of_a_guarded_object_end_with_its_pages)
{
    struct mmsim_machine *machine = watched_machine("G");
    for (uint64_t n_bytes = 96; n_bytes <= 8192; n_bytes += 1012) {
        mmsim_vaddr at[3];
        for (unsigned i = 0; i < 3; i++) /* so that the frames behind are the heap's, too */
            at[i] = mmsim_kmalloc(machine, n_bytes, 0, NULL);
        for (unsigned i = 0; i < 3; i++) {
            uint64_t n_left = (at[i] + n_bytes - 1) / KIT_PAGE * KIT_PAGE + KIT_PAGE - at[i];
            ck_assert_ptr_nonnull(mmsim_kernel_bytes(machine, at[i], n_bytes));
            ck_assert_ptr_nonnull(mmsim_kernel_bytes(machine, at[i], n_left));
            ck_assert_ptr_null(mmsim_kernel_bytes(machine, at[i], n_left + 1));
            ck_assert_ptr_null(mmsim_kernel_bytes(machine, at[i], n_left + KIT_PAGE + 1));
            ck_assert_ptr_null(mmsim_kernel_bytes(machine, at[i] + n_left, 1));
        }
    }
    ck_assert_uint_eq(seen.n, 0);
    kit_end(machine);
}
END_TEST

START_TEST(a_guarded_object_traps_the_access_that_goes_too_far)
{
    struct mmsim_machine *machine = watched_machine("G");
    mmsim_vaddr at = mmsim_kmalloc(machine, 96, 0, "made");
    ck_assert_uint_ne(at, 0);
    heap_fill(machine, at, 96, 1);
    ck_assert_ptr_nonnull(mmsim_kernel_bytes(machine, at, 96));
    uint8_t byte;
    struct mmsim_access access = mmsim_read(mmsim_kernel(machine), at + 96, &byte, 1);
    ck_assert_int_eq(access.error, MMSIM_EFAULT);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_GUARD_HIT);
    ck_assert_str_eq(seen.last.allocated.site, "made");
    ck_assert(heap_holds(machine, at, 96, 1));
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_uint_eq(mmsim_ksize(machine, at), 96);
    ck_assert_int_eq(mmsim_kfree(machine, at, "freed"), MMSIM_SUCCESS);
    access = mmsim_read(mmsim_kernel(machine), at, &byte, 1);
    ck_assert_int_eq(access.error, MMSIM_EFAULT);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_FREED_GUARD_HIT);
    ck_assert_int_eq(mmsim_kfree(machine, at, NULL), MMSIM_EINVAL);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert_uint_eq(seen.n, 3);
    kit_end(machine);
}
END_TEST

/* ---- failures on purpose ---- */

static unsigned long pattern(struct mmsim_machine *machine, unsigned n, uint64_t n_bytes,
                             const char *site)
{
    unsigned long failed = 0;
    for (unsigned i = 0; i < n; i++) {
        mmsim_vaddr at = mmsim_kmalloc(machine, n_bytes, 0, site);
        failed |= (unsigned long)(at == 0) << i;
        mmsim_kfree(machine, at, NULL);
    }
    return failed;
}

START_TEST(the_failures_that_were_asked_for_happen_and_no_others)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_fail nth = {.nth = 3}, every = {.every = 4}, all = {.per_million = 1000000},
                      large = {.every = 1, .min_bytes = 100}, here = {.every = 1, .site = "here"},
                      none = {0};
    ck_assert_uint_eq(mmsim_fail_set(machine, MMSIM_FAIL_HEAP, &nth), 0);
    ck_assert_uint_eq(pattern(machine, 10, 50, NULL), 1 << 2);
    ck_assert_uint_eq(mmsim_fail_set(machine, MMSIM_FAIL_HEAP, &every), 1);
    ck_assert_uint_eq(pattern(machine, 12, 50, NULL), 1 << 3 | 1 << 7 | 1 << 11);
    ck_assert_uint_eq(mmsim_fail_set(machine, MMSIM_FAIL_HEAP, &all), 3);
    ck_assert_uint_eq(pattern(machine, 8, 7000, NULL), 0xff);
    ck_assert_uint_eq(mmsim_fail_set(machine, MMSIM_FAIL_HEAP, &large), 8);
    ck_assert_uint_eq(pattern(machine, 8, 99, NULL), 0);
    ck_assert_uint_eq(pattern(machine, 8, 100, NULL), 0xff);
    ck_assert_uint_eq(mmsim_fail_set(machine, MMSIM_FAIL_HEAP, &here), 8);
    ck_assert_uint_eq(pattern(machine, 8, 100, "there"), 0);
    ck_assert_uint_eq(pattern(machine, 8, 100, NULL), 0);
    ck_assert_uint_eq(pattern(machine, 8, 100, "here"), 0xff);
    ck_assert_uint_eq(mmsim_fail_set(machine, MMSIM_FAIL_HEAP, &none), 8);
    ck_assert_uint_eq(pattern(machine, 8, 100, "here"), 0);
    kit_check(machine);
    kit_end(machine);
}
END_TEST

START_TEST(chance_is_the_same_every_time_and_follows_the_seed)
{
    unsigned long failed[3];
    for (unsigned i = 0; i < 3; i++) {
        struct mmsim_config config = heap_config();
        config.seed = i == 2 ? 7 : 6;
        struct mmsim_machine *machine = kit_build(&config);
        mmsim_fail_set(machine, MMSIM_FAIL_HEAP, &(struct mmsim_fail){.per_million = 500000});
        failed[i] = pattern(machine, 60, 64, NULL);
        kit_end(machine);
    }
    int n = __builtin_popcountl(failed[0]);
    ck_assert_uint_eq(failed[0], failed[1]);
    ck_assert_uint_ne(failed[0], failed[2]);
    ck_assert(n > 10 && n < 50);
}
END_TEST

START_TEST(frames_that_fail_are_explained)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_alloc_failure failure;
    ck_assert(!mmsim_alloc_failure(machine, &failure));
    mmsim_fail_set(machine, MMSIM_FAIL_FRAMES, &(struct mmsim_fail){.every = 1});
    ck_assert_uint_eq(mmsim_kmalloc(machine, 9000, 0, "who"), 0);
    ck_assert(mmsim_alloc_failure(machine, &failure));
    ck_assert_int_eq(failure.shortage, MMSIM_SHORTAGE_INJECTED);
    ck_assert_uint_eq(failure.n_frames, 3);
    ck_assert_str_eq(failure.use, "heap");
    ck_assert_str_eq(failure.site, "who");
    ck_assert_uint_gt(mmsim_fail_set(machine, MMSIM_FAIL_FRAMES, &(struct mmsim_fail){0}), 0);
    ck_assert_uint_ne(mmsim_kmalloc(machine, 9000, 0, "who"), 0);
    kit_end(machine);
}
END_TEST

/* Fails each allocation of a row in turn, of the heap's and of frames; every object and frame must
 * be there again afterwards. */
START_TEST(any_allocation_may_fail_and_nothing_is_lost)
{
    struct mmsim_machine *machine = heap_machine();
    for (uint64_t nth = 1; nth < 40; nth++) {
        mmsim_fail_set(machine, _i ? MMSIM_FAIL_FRAMES : MMSIM_FAIL_HEAP,
                       &(struct mmsim_fail){.nth = nth});
        uint64_t n_objects = kit_stats(machine).heap.objects;
        mmsim_vaddr at[20] = {0}, area = mmsim_vmalloc(machine, 30000, NULL);
        for (unsigned i = 0; i < 20; i++) {
            at[i] = mmsim_kmalloc(machine, 900 * i, 0, NULL);
            if (at[i])
                heap_fill(machine, at[i], 900 * i, i);
        }
        for (unsigned i = 0; i < 20; i++) {
            ck_assert(!at[i] || heap_holds(machine, at[i], 900 * i, i));
            ck_assert_int_eq(mmsim_kfree(machine, at[i], NULL), MMSIM_SUCCESS);
        }
        ck_assert_int_eq(mmsim_vfree(machine, area, NULL), MMSIM_SUCCESS);
        ck_assert_uint_eq(kit_stats(machine).heap.objects, n_objects);
        kit_check(machine);
    }
    kit_end(machine);
}
END_TEST

/* ---- events ---- */

START_TEST(what_comes_and_goes_is_told_to_whoever_listens)
{
    struct heap_events events = {0};
    struct mmsim_machine *machine = heap_machine();
    mmsim_kfree(machine, mmsim_kmalloc(machine, 10, 0, NULL), NULL);
    mmsim_listen(machine, MMSIM_EVENTS_ALL, heap_on_event, &events);
    mmsim_vaddr at = mmsim_kmalloc(machine, 100, 0, "a");
    const struct mmsim_event *made = &events.last[MMSIM_EVENT_KMALLOC];
    ck_assert_uint_eq(events.n[MMSIM_EVENT_KMALLOC], 1);
    ck_assert_uint_eq(made->address, at);
    ck_assert_uint_eq(made->length, 100);
    ck_assert_str_eq(made->site, "a");
    ck_assert_str_eq(made->cache, "kmalloc-112");
    mmsim_kfree(machine, at, "b");
    ck_assert_uint_eq(events.n[MMSIM_EVENT_KFREE], 1);
    ck_assert_uint_eq(events.last[MMSIM_EVENT_KFREE].address, at);
    ck_assert_str_eq(events.last[MMSIM_EVENT_KFREE].site, "b");
    mmsim_kfree(machine, at, "c");
    ck_assert_uint_eq(events.n[MMSIM_EVENT_KFREE], 1);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_HEAP_MISTAKE], 1);
    const struct mmsim_event *mistake = &events.last[MMSIM_EVENT_HEAP_MISTAKE];
    ck_assert_uint_eq(mistake->value, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert_uint_eq(mistake->address, at);
    ck_assert_str_eq(mistake->site, "c");
    at = mmsim_kmalloc(machine, 20000, 0, NULL);
    ck_assert_str_eq(made->cache, "page");
    at = mmsim_krealloc(machine, at, 200000, NULL);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_KMALLOC], 3);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_KFREE], 2);
    mmsim_kfree(machine, at, NULL);
    mmsim_vfree(machine, mmsim_vmalloc(machine, 10, NULL), NULL);
    ck_assert_str_eq(made->cache, "vmalloc");
    ck_assert_uint_eq(events.n[MMSIM_EVENT_KMALLOC], 4);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_KFREE], 4);
    mmsim_machine_destroy(machine);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_LEAK], 0);
}
END_TEST

START_TEST(a_machine_tells_what_was_never_freed_when_it_is_destroyed)
{
    struct heap_events events = {0};
    struct mmsim_config config = heap_config();
    config.heap_checks = MMSIM_HEAP_TRACK;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_process *p = kit_spawn(machine, "p");
    kit_map(p, 3);
    struct mmsim_scope *scope, *of_p;
    mmsim_scope_begin(machine, "s", NULL, &scope, NULL);
    mmsim_scope_begin(machine, "p", p, &of_p, NULL);
    mmsim_scope_kmalloc(scope, 10, 0, NULL);
    mmsim_scope_kmalloc(of_p, 10, 0, NULL);
    mmsim_kmalloc(machine, 100, 0, "forgotten");
    mmsim_kfree(machine, mmsim_kmalloc(machine, 100, 0, NULL), NULL);
    mmsim_vmalloc(machine, 9000, "area");
    mmsim_kmalloc(machine, 50000, 0, NULL);
    struct mmsim_cache_setup setup = {.name = "mine", .object_bytes = 40};
    struct mmsim_cache *cache;
    struct mmsim_pool *pool;
    mmsim_cache_create(machine, &setup, &cache, NULL);
    mmsim_pool_create(machine, "bio", 40, 5, &pool, NULL);
    mmsim_cache_alloc(cache, 0, NULL);
    mmsim_pool_alloc(pool, 0, NULL);
    mmsim_listen(machine, MMSIM_EVENT_BIT(MMSIM_EVENT_LEAK), heap_on_event, &events);
    mmsim_machine_destroy(machine);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_LEAK], 5);
    ck_assert_str_eq(events.last[MMSIM_EVENT_LEAK].cache, "vmalloc");
    ck_assert_str_eq(events.last[MMSIM_EVENT_LEAK].site, "area");
}
END_TEST

struct text {
    char bytes[4096];
    size_t n;
};

static void append(void *user, const char *bytes, size_t n)
{
    struct text *text = user;
    ck_assert_uint_lt(text->n + n, sizeof text->bytes);
    memcpy(text->bytes + text->n, bytes, n);
    text->n += n;
}

START_TEST(events_of_the_heap_are_lines_of_json)
{
    struct mmsim_machine *machine = heap_machine();
    struct text text = {.n = 0};
    struct mmsim_sink sink = {append, &text};
    struct mmsim_event events[] = {
        {.type = MMSIM_EVENT_KMALLOC,
         .address = 0x100010,
         .length = 9,
         .cache = "kmalloc-16",
         .site = "say \"hi\""},
        {.type = MMSIM_EVENT_KFREE, .address = 0x100010, .length = 9, .cache = "page"},
        {.type = MMSIM_EVENT_HEAP_MISTAKE, .address = 8, .value = MMSIM_HEAP_FOREIGN_FREE},
        {.type = MMSIM_EVENT_LEAK, .address = 16, .length = 5, .site = "s"},
        {.type = MMSIM_EVENT_GC, .value = 3},
        {.type = MMSIM_EVENT_ORPHAN, .frame = 77},
        {.type = MMSIM_EVENT_COMPACT, .value = 4},
    };
    static const char expected[] =
        "{\"event\":\"kmalloc\",\"step\":0,\"cycles\":0,\"cpu\":0,\"cache\":\"kmalloc-16\","
        "\"site\":\"say \\\"hi\\\"\",\"address\":\"0x100010\",\"length\":9}\n"
        "{\"event\":\"kfree\",\"step\":0,\"cycles\":0,\"cpu\":0,\"cache\":\"page\","
        "\"address\":\"0x100010\",\"length\":9}\n"
        "{\"event\":\"heap-mistake\",\"step\":0,\"cycles\":0,\"cpu\":0,"
        "\"mistake\":\"foreign-free\",\"address\":\"0x8\"}\n"
        "{\"event\":\"leak\",\"step\":0,\"cycles\":0,\"cpu\":0,\"site\":\"s\","
        "\"address\":\"0x10\",\"length\":5}\n"
        "{\"event\":\"gc\",\"step\":0,\"cycles\":0,\"cpu\":0,\"frames\":3}\n"
        "{\"event\":\"orphan\",\"step\":0,\"cycles\":0,\"cpu\":0,\"frame\":77}\n"
        "{\"event\":\"compact\",\"step\":0,\"cycles\":0,\"cpu\":0,\"frames\":4}\n";
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        mmsim_event_write_json(machine, &events[i], &sink);
    text.bytes[text.n] = '\0';
    ck_assert_str_eq(text.bytes, expected);
    kit_end(machine);
}
END_TEST

/* ---- time ---- */

START_TEST(work_takes_simulated_time_in_proportion)
{
    struct mmsim_machine *machine = heap_machine();
    mmsim_vaddr at = mmsim_kmalloc(machine, 64, 0, NULL); /* the first one makes slabs */
    uint64_t start = mmsim_machine_cycles(machine);
    mmsim_kfree(machine, at, NULL);
    at = mmsim_kmalloc(machine, 64, 0, NULL);
    uint64_t pair = mmsim_machine_cycles(machine) - start;
    mmsim_kfree(machine, at, NULL);
    at = mmsim_kmalloc(machine, 64, MMSIM_ALLOC_ZERO, NULL);
    uint64_t zeroed = mmsim_machine_cycles(machine) - start - pair;
    ck_assert_uint_gt(pair, 0);
    ck_assert_uint_eq(zeroed, pair + 64 / 4);
    kit_end(machine);
}
END_TEST

Suite *test_kernel_check_suite(void);
Suite *test_kernel_check_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("kernel_check", &tests);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, checks_are_switched_by_name_by_prefix_and_for_all);
    tcase_add_test(tests, unknown_caches_and_checks_are_refused);
    tcase_add_loop_test(tests, the_kernel_lives_under_checks_of_its_own_caches, 0, 3);
    tcase_add_test(tests, checks_of_the_configuration_hold_for_caches_that_come_later);
    tcase_add_test(tests, a_configuration_with_unknown_checks_is_refused);
    tcase_add_loop_test(tests, frames_are_zeroed_or_poisoned_if_the_configuration_says_so, 0, 3);
    tcase_add_test(tests, an_overrun_is_found_at_the_free_with_all_that_is_known);
    tcase_add_test(tests, an_underrun_is_found_too);
    tcase_add_test(tests, a_use_after_free_is_found_by_looking);
    tcase_add_loop_test(
        tests, a_store_to_freed_pages_is_found_when_they_are_used_again_or_looked_at, 0, 2);
    tcase_add_test(tests, poisoned_frames_accuse_nobody_who_did_no_wrong);
    tcase_add_test(tests, bytes_of_a_guarded_object_end_with_its_pages);
    tcase_add_test(tests, a_guarded_object_traps_the_access_that_goes_too_far);
    tcase_add_test(tests, the_failures_that_were_asked_for_happen_and_no_others);
    tcase_add_test(tests, chance_is_the_same_every_time_and_follows_the_seed);
    tcase_add_test(tests, frames_that_fail_are_explained);
    tcase_add_loop_test(tests, any_allocation_may_fail_and_nothing_is_lost, 0, 2);
    tcase_add_test(tests, what_comes_and_goes_is_told_to_whoever_listens);
    tcase_add_test(tests, a_machine_tells_what_was_never_freed_when_it_is_destroyed);
    tcase_add_test(tests, events_of_the_heap_are_lines_of_json);
    tcase_add_test(tests, work_takes_simulated_time_in_proportion);
    return suite;
}
