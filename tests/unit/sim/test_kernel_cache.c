/* test_kernel_cache.c - the public caches, pools, large areas and scopes, from outside. */
#include <stdio.h>

#include "heap_kit.h"

static struct mmsim_cache *make_cache(struct mmsim_machine *machine, const char *name,
                                      uint64_t object_bytes)
{
    struct mmsim_error error = {0};
    struct mmsim_cache *cache = NULL;
    struct mmsim_cache_setup setup = {.name = name, .object_bytes = object_bytes};
    ck_assert_msg(mmsim_cache_create(machine, &setup, &cache, &error) == MMSIM_OK, "%s: %s",
                  error.where, error.text);
    return cache;
}

static struct mmsim_cache_info info_of(const struct mmsim_machine *machine, const char *name)
{
    struct mmsim_cache_info info;
    for (size_t i = 0; mmsim_cache_info_at(machine, i, &info); i++)
        if (strcmp(info.name, name) == 0)
            return info;
    return (struct mmsim_cache_info){0};
}

/* ---- caches ---- */

static void write_mark(void *object)
{
    memset(object, 0x42, 24);
}

START_TEST(objects_of_a_cache_are_constructed_aligned_and_counted)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_cache *cache = NULL;
    struct mmsim_cache_setup setup = {.name = "inode",
                                      .object_bytes = 24,
                                      .alignment = 128,
                                      .construct = write_mark,
                                      .colour = _i};
    ck_assert_int_eq(mmsim_cache_create(machine, &setup, &cache, NULL), MMSIM_OK);
    ck_assert_ptr_eq(mmsim_cache_find(machine, "inode"), cache);
    mmsim_vaddr at[100];
    for (unsigned i = 0; i < 100; i++) {
        at[i] = mmsim_cache_alloc(cache, 0, MMSIM_HERE);
        ck_assert_uint_eq(at[i] % 128, 0);
        const uint8_t *bytes = mmsim_kernel_bytes(machine, at[i], 24);
        for (unsigned byte = 0; byte < 24; byte++)
            ck_assert_uint_eq(bytes[byte], 0x42);
    }
    struct mmsim_cache_info info = info_of(machine, "inode");
    ck_assert_uint_eq(info.n_active, 100);
    ck_assert_uint_eq(info.object_bytes, 24);
    ck_assert_uint_ge(info.slot_bytes, 128);
    ck_assert_uint_ge(info.n_objects, 100);
    ck_assert_uint_eq(info.n_objects, info.n_slabs * info.objects_per_slab);
    ck_assert_int_eq(mmsim_cache_destroy(cache), MMSIM_EBUSY);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(mmsim_cache_free(cache, at[i], NULL), MMSIM_SUCCESS);
    ck_assert_uint_eq(info_of(machine, "inode").n_active, 0);
    ck_assert_uint_gt(mmsim_cache_shrink(cache), 0);
    ck_assert_uint_eq(info_of(machine, "inode").n_slabs, 0);
    ck_assert_int_eq(mmsim_cache_destroy(cache), MMSIM_SUCCESS);
    ck_assert_ptr_null(mmsim_cache_find(machine, "inode"));
    kit_end(machine);
}
END_TEST

START_TEST(zeros_are_given_when_they_are_asked_for)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_cache *cache = make_cache(machine, "a", 50);
    mmsim_vaddr used = mmsim_cache_alloc(cache, 0, NULL);
    heap_fill(machine, used, 50, 3);
    mmsim_cache_free(cache, used, NULL);
    mmsim_vaddr again = mmsim_cache_alloc(cache, MMSIM_ALLOC_ZERO, NULL);
    ck_assert_uint_eq(again, used);
    const uint8_t *bytes = mmsim_kernel_bytes(machine, again, 50);
    for (unsigned i = 0; i < 50; i++)
        ck_assert_uint_eq(bytes[i], 0);
    kit_end(machine);
}
END_TEST

static const uint32_t crooked[] = {2};
static const uint32_t outside[] = {8, 64};

static const struct {
    struct mmsim_cache_setup setup;
    const char *where;
} refused[] = {
    {{.name = NULL, .object_bytes = 8}, "name"},
    {{.name = "", .object_bytes = 8}, "name"},
    {{.name = "a b", .object_bytes = 8}, "name"},
    {{.name = "abcdefghijklmnopqrstuvwxyz-123456", .object_bytes = 8}, "name"},
    {{.name = "taken", .object_bytes = 8}, "name"},
    {{.name = "vma", .object_bytes = 8}, "name"},
    {{.name = "kmalloc-64", .object_bytes = 8}, "name"},
    {{.name = "a", .object_bytes = 0}, "object_bytes"},
    {{.name = "a", .object_bytes = 16385}, "object_bytes"},
    {{.name = "a", .object_bytes = UINT64_MAX}, "object_bytes"},
    {{.name = "a", .object_bytes = 8, .alignment = 24}, "alignment"},
    {{.name = "a", .object_bytes = 8, .alignment = 8192}, "alignment"},
    {{.name = "a", .object_bytes = 8, .checks = 1 << 7}, "checks"},
    {{.name = "a", .object_bytes = 8, .n_pointer_offsets = 1}, "pointer_offsets"},
    {{.name = "a", .object_bytes = 8, .pointer_offsets = crooked, .n_pointer_offsets = 1},
     "pointer_offsets"},
    {{.name = "a", .object_bytes = 64, .pointer_offsets = outside, .n_pointer_offsets = 2},
     "pointer_offsets"},
};

START_TEST(bad_caches_are_refused_with_the_field)
{
    struct mmsim_machine *machine = heap_machine();
    make_cache(machine, "taken", 8);
    struct mmsim_cache *cache = NULL;
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_cache_create(machine, &refused[_i].setup, &cache, &error),
                     MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, refused[_i].where);
    ck_assert_uint_gt(strlen(error.text), 0);
    ck_assert_ptr_null(cache);
    ck_assert_int_eq(mmsim_cache_create(machine, &refused[_i].setup, &cache, NULL),
                     MMSIM_BAD_ARGUMENT);
    kit_end(machine);
}
END_TEST

START_TEST(a_cache_frees_its_own_objects_only)
{
    struct mmsim_machine *machine = heap_machine();
    struct heap_mistakes seen = {0};
    struct mmsim_cache *a = make_cache(machine, "a", 40), *b = make_cache(machine, "b", 40);
    mmsim_vaddr of_a = mmsim_cache_alloc(a, 0, NULL), any = mmsim_kmalloc(machine, 40, 0, NULL);
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    ck_assert_int_eq(mmsim_cache_free(b, of_a, "there"), MMSIM_EINVAL);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_WRONG_CACHE);
    ck_assert_str_eq(seen.last.cache, "a");
    ck_assert_int_eq(mmsim_cache_free(a, any, NULL), MMSIM_EINVAL);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_WRONG_CACHE);
    for (size_t i = 0; i < HEAP_N_GARBAGE; i++)
        ck_assert_int_eq(mmsim_cache_free(a, heap_garbage[i], NULL), MMSIM_EINVAL);
    ck_assert_uint_eq(seen.n, 2 + HEAP_N_GARBAGE);
    ck_assert_int_eq(mmsim_cache_free(a, 0, NULL), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_kfree(machine, of_a, NULL), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_cache_free(a, of_a, NULL), MMSIM_EINVAL);
    ck_assert_int_eq(seen.last.mistake, MMSIM_HEAP_DOUBLE_FREE);
    kit_end(machine);
}
END_TEST

START_TEST(the_kernels_own_caches_can_be_looked_at_only)
{
    struct mmsim_machine *machine = heap_machine();
    kit_spawn(machine, "p");
    struct mmsim_cache *vmas = mmsim_cache_find(machine, "vma");
    ck_assert_ptr_nonnull(vmas);
    uint64_t n = info_of(machine, "vma").n_active;
    ck_assert_uint_gt(n, 0);
    ck_assert_uint_eq(mmsim_cache_alloc(vmas, 0, NULL), 0);
    ck_assert_int_eq(mmsim_cache_free(vmas, 0x100000, NULL), MMSIM_EPERM);
    ck_assert_int_eq(mmsim_cache_destroy(vmas), MMSIM_EPERM);
    ck_assert_uint_eq(info_of(machine, "vma").n_active, n);
    struct mmsim_cache *some = mmsim_cache_find(machine, "kmalloc-64");
    mmsim_vaddr at = mmsim_cache_alloc(some, 0, NULL);
    ck_assert_int_eq(mmsim_cache_free(some, at, NULL), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_cache_destroy(some), MMSIM_EPERM);
    ck_assert_ptr_null(mmsim_cache_find(machine, "nothing"));
    kit_end(machine);
}
END_TEST

START_TEST(caches_come_in_order_of_creation_kmallocs_first)
{
    struct mmsim_machine *machine = heap_machine();
    make_cache(machine, "one", 8);
    make_cache(machine, "two", 8);
    struct mmsim_cache_info info, last = {0};
    size_t n = 0, one = 0;
    for (; mmsim_cache_info_at(machine, n, &info); n++) {
        bool is_kmalloc = strncmp(info.name, "kmalloc-", 8) == 0;
        ck_assert(!is_kmalloc || info.object_bytes > last.object_bytes);
        ck_assert(is_kmalloc || n > 0);
        if (strcmp(info.name, "one") == 0)
            one = n;
        last = info;
    }
    ck_assert_uint_eq(one, n - 2);
    ck_assert_str_eq(last.name, "two");
    kit_end(machine);
}
END_TEST

START_TEST(caches_without_end_run_into_an_error)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_error error = {0};
    enum mmsim_status status = MMSIM_OK;
    unsigned n = 0;
    while (status == MMSIM_OK && n < 1000) {
        char name[16];
        struct mmsim_cache *cache;
        snprintf(name, sizeof name, "c%u", n++);
        struct mmsim_cache_setup setup = {.name = name, .object_bytes = 100};
        status = mmsim_cache_create(machine, &setup, &cache, &error);
        if (status == MMSIM_OK)
            ck_assert_uint_ne(mmsim_cache_alloc(cache, 0, NULL), 0);
    }
    ck_assert_int_eq(status, MMSIM_GUEST_MEMORY);
    ck_assert_uint_gt(n, 100);
    kit_check(machine);
    ck_assert_uint_ne(mmsim_kmalloc(machine, 100, 0, NULL), 0);
    kit_end(machine);
}
END_TEST

/* ---- pools ---- */

START_TEST(a_pool_gives_its_reserve_when_memory_is_gone)
{
    struct mmsim_config config = heap_config();
    config.ram_bytes = 3 * MMSIM_MIB;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_pool *pool = NULL;
    ck_assert_int_eq(mmsim_pool_create(machine, "bio", 300, 10, &pool, NULL), MMSIM_OK);
    ck_assert_ptr_eq(mmsim_pool_find(machine, "bio"), pool);
    ck_assert_uint_eq(mmsim_pool_n_reserved(pool), 10);
    while (mmsim_kmalloc(machine, 4096, 0, NULL))
        ;
    mmsim_vaddr at[2000];
    unsigned n = 0;
    while (n < 2000 && (at[n] = mmsim_pool_alloc(pool, MMSIM_ALLOC_ZERO, NULL)) != 0)
        n++;
    ck_assert_uint_ge(n, 10);
    ck_assert_uint_lt(n, 2000);
    ck_assert_uint_eq(mmsim_pool_n_reserved(pool), 0);
    kit_check(machine);
    ck_assert_int_eq(mmsim_pool_destroy(pool), MMSIM_EBUSY);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(mmsim_pool_free(pool, at[i], NULL), MMSIM_SUCCESS);
        ck_assert_uint_eq(mmsim_pool_n_reserved(pool), i < 10 ? i + 1 : 10);
    }
    ck_assert_int_eq(mmsim_pool_free(pool, at[0], NULL), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_pool_free(pool, 0, NULL), MMSIM_SUCCESS);
    for (size_t i = 0; i < HEAP_N_GARBAGE; i++)
        ck_assert_int_eq(mmsim_pool_free(pool, heap_garbage[i], NULL), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_pool_destroy(pool), MMSIM_SUCCESS);
    ck_assert_ptr_null(mmsim_pool_find(machine, "bio"));
    kit_end(machine);
}
END_TEST

START_TEST(bad_pools_are_refused_and_nothing_is_kept_of_them)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_pool *pool = NULL;
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_pool_create(machine, "a b", 8, 1, &pool, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "name");
    ck_assert_int_eq(mmsim_pool_create(machine, "a", 0, 1, &pool, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "object_bytes");
    ck_assert_int_eq(mmsim_pool_create(machine, "a", 16385, 1, &pool, &error), MMSIM_BAD_ARGUMENT);
    static const uint64_t many[] = {20000, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(mmsim_pool_create(machine, "a", 4096, many[i], &pool, &error),
                         MMSIM_GUEST_MEMORY);
    ck_assert_ptr_null(pool);
    ck_assert_ptr_null(mmsim_cache_find(machine, "a"));
    ck_assert_int_eq(mmsim_pool_create(machine, "a", 4096, 100, &pool, &error), MMSIM_OK);
    ck_assert_int_eq(mmsim_pool_create(machine, "a", 4096, 1, &pool, &error), MMSIM_BAD_ARGUMENT);
    kit_end(machine);
}
END_TEST

/* ---- large areas ---- */

START_TEST(a_large_area_is_zero_and_ends_at_a_page_that_traps)
{
    struct mmsim_machine *machine = heap_machine();
    struct heap_mistakes seen = {0};
    mmsim_heap_listen(machine, heap_on_mistake, &seen);
    mmsim_vaddr at = mmsim_vmalloc(machine, 5 * KIT_PAGE + 1, "area");
    ck_assert_uint_ge(at, 0xC0000000);
    ck_assert_uint_lt(at, 0xE0000000);
    uint8_t byte = 1;
    for (unsigned i = 0; i < 6 * KIT_PAGE; i += 97) {
        ck_assert_int_eq(mmsim_read(mmsim_kernel(machine), at + i, &byte, 1).outcome, MMSIM_DONE);
        ck_assert_uint_eq(byte, 0);
    }
    heap_fill(machine, at, 6 * KIT_PAGE, 6);
    ck_assert(heap_holds(machine, at, 6 * KIT_PAGE, 6));
    struct mmsim_access beyond = mmsim_write(mmsim_kernel(machine), at + 6 * KIT_PAGE, &byte, 1);
    ck_assert_int_eq(beyond.outcome, MMSIM_ERROR);
    ck_assert_int_eq(beyond.error, MMSIM_EFAULT);
    ck_assert_uint_eq(seen.n, 1);
    struct mmsim_vmalloc_info info;
    ck_assert(mmsim_vmalloc_at(machine, 0, &info));
    ck_assert_uint_eq(info.address, at);
    ck_assert_uint_eq(info.n_pages, 6);
    ck_assert_uint_eq(info.n_bytes, 7 * KIT_PAGE);
    ck_assert_str_eq(info.site, "area");
    ck_assert(!mmsim_vmalloc_at(machine, 1, &info));
    ck_assert_int_eq(mmsim_vfree(machine, at + KIT_PAGE, NULL), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_kfree(machine, at, NULL), MMSIM_EINVAL);
    ck_assert_int_eq(mmsim_vfree(machine, at, NULL), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_vfree(machine, at, NULL), MMSIM_EINVAL);
    ck_assert_uint_eq(seen.n, 4);
    ck_assert(!mmsim_vmalloc_at(machine, 0, &info));
    for (size_t i = 0; i < HEAP_N_GARBAGE; i++)
        ck_assert_int_eq(mmsim_vfree(machine, heap_garbage[i], NULL), MMSIM_EINVAL);
    kit_end(machine);
}
END_TEST

START_TEST(a_large_area_takes_scattered_memory_to_the_last_page)
{
    struct mmsim_config config = heap_config();
    config.ram_bytes = 4 * MMSIM_MIB;
    struct mmsim_machine *machine = kit_build(&config);
    static mmsim_vaddr pages[1024];
    unsigned n = 0;
    while (n < 1024 && (pages[n] = mmsim_kmalloc(machine, 2 * KIT_PAGE, 0, NULL)) != 0)
        n++;
    for (unsigned i = 0; i < n; i += 2)
        mmsim_kfree(machine, pages[i], NULL);
    uint64_t n_bytes = (n + 200) * KIT_PAGE; /* 255 frames lie below 1 MiB */
    ck_assert_uint_eq(mmsim_kmalloc(machine, n_bytes, 0, NULL), 0);
    mmsim_vaddr area = mmsim_vmalloc(machine, n_bytes, NULL);
    ck_assert_uint_ne(area, 0);
    heap_fill(machine, area, n_bytes, 1);
    for (unsigned i = 1; i < n; i += 2)
        heap_fill(machine, pages[i], 2 * KIT_PAGE, 2);
    ck_assert(heap_holds(machine, area, n_bytes, 1));
    kit_check(machine);
    while (mmsim_vmalloc(machine, 64 * MMSIM_KIB, NULL))
        ;
    kit_check(machine);
    ck_assert_int_eq(mmsim_vfree(machine, area, NULL), MMSIM_SUCCESS);
    kit_end(machine);
}
END_TEST

/* ---- scopes ---- */

START_TEST(a_scope_frees_what_was_forgotten)
{
    struct mmsim_machine *machine = heap_machine();
    uint64_t n_objects = kit_stats(machine).heap.objects;
    struct mmsim_scope *scope = NULL;
    ck_assert_int_eq(mmsim_scope_begin(machine, "driver", NULL, &scope, NULL), MMSIM_OK);
    mmsim_vaddr at[20];
    for (unsigned i = 0; i < 20; i++) {
        at[i] = mmsim_scope_kmalloc(scope, i * 700, MMSIM_ALLOC_ZERO, MMSIM_HERE);
        ck_assert_uint_ne(at[i], 0);
        heap_fill(machine, at[i], i * 700, i);
    }
    for (unsigned i = 0; i < 20; i++)
        ck_assert(heap_holds(machine, at[i], i * 700, i));
    mmsim_vaddr kept = mmsim_kmalloc(machine, 100, 0, NULL);
    for (unsigned i = 0; i < 20; i += 4)
        ck_assert_int_eq(mmsim_kfree(machine, at[i], NULL), MMSIM_SUCCESS);
    kit_check(machine);
    ck_assert_uint_eq(mmsim_scope_end(scope), 15);
    ck_assert_uint_gt(mmsim_ksize(machine, kept), 0);
    ck_assert_int_eq(mmsim_kfree(machine, at[1], NULL), MMSIM_EINVAL);
    mmsim_kfree(machine, kept, NULL);
    ck_assert_uint_eq(kit_stats(machine).heap.objects, n_objects);
    kit_end(machine);
}
END_TEST

START_TEST(the_scope_of_a_process_ends_with_it)
{
    struct mmsim_machine *machine = heap_machine();
    uint64_t n_objects = kit_stats(machine).heap.objects;
    struct mmsim_process *p = kit_spawn(machine, "p"), *q = kit_spawn(machine, "q");
    struct mmsim_scope *of_p = NULL, *more = NULL, *of_q = NULL;
    mmsim_scope_begin(machine, "p", p, &of_p, NULL);
    mmsim_scope_begin(machine, "q", q, &of_q, NULL);
    mmsim_scope_begin(machine, "more", p, &more, NULL);
    mmsim_vaddr gone = mmsim_scope_kmalloc(of_p, 100, 0, NULL);
    mmsim_vaddr also = mmsim_scope_kmalloc(more, 30000, 0, NULL);
    mmsim_vaddr stays = mmsim_scope_kmalloc(of_q, 100, 0, NULL);
    mmsim_exit(p, 0);
    ck_assert_uint_eq(mmsim_ksize(machine, gone), 0);
    ck_assert_uint_eq(mmsim_ksize(machine, also), 0);
    ck_assert_uint_ne(mmsim_ksize(machine, stays), 0);
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_scope_begin(machine, "late", p, &of_p, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "process");
    mmsim_exit(q, 0);
    ck_assert_uint_eq(kit_stats(machine).heap.objects, n_objects);
    kit_end(machine);
}
END_TEST

START_TEST(a_scope_without_memory_is_an_error)
{
    struct mmsim_config config = heap_config();
    config.ram_bytes = 2 * MMSIM_MIB;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_scope *scope = NULL;
    enum mmsim_status status = MMSIM_OK;
    while (mmsim_kmalloc(machine, 4096, 0, NULL))
        ;
    for (unsigned i = 0; i < 1000 && status == MMSIM_OK; i++) {
        status = mmsim_scope_begin(machine, "s", NULL, &scope, NULL);
        ck_assert(status != MMSIM_OK || mmsim_scope_kmalloc(scope, 9000, 0, NULL) == 0);
    }
    ck_assert_int_eq(status, MMSIM_GUEST_MEMORY);
    kit_check(machine);
    kit_end(machine);
}
END_TEST

Suite *test_kernel_cache_suite(void);
Suite *test_kernel_cache_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("kernel_cache", &tests);
    tcase_add_loop_test(tests, objects_of_a_cache_are_constructed_aligned_and_counted, 0, 2);
    tcase_add_test(tests, zeros_are_given_when_they_are_asked_for);
    tcase_add_loop_test(tests, bad_caches_are_refused_with_the_field, 0,
                        sizeof refused / sizeof refused[0]);
    tcase_add_test(tests, a_cache_frees_its_own_objects_only);
    tcase_add_test(tests, the_kernels_own_caches_can_be_looked_at_only);
    tcase_add_test(tests, caches_come_in_order_of_creation_kmallocs_first);
    tcase_add_test(tests, caches_without_end_run_into_an_error);
    tcase_add_test(tests, a_pool_gives_its_reserve_when_memory_is_gone);
    tcase_add_test(tests, bad_pools_are_refused_and_nothing_is_kept_of_them);
    tcase_add_test(tests, a_large_area_is_zero_and_ends_at_a_page_that_traps);
    tcase_add_test(tests, a_large_area_takes_scattered_memory_to_the_last_page);
    tcase_add_test(tests, a_scope_frees_what_was_forgotten);
    tcase_add_test(tests, the_scope_of_a_process_ends_with_it);
    tcase_add_test(tests, a_scope_without_memory_is_an_error);
    return suite;
}
