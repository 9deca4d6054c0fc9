/* test_cache_name.c - the names of caches that scenarios are checked with, against a machine's. */
#include "loaded.h"

#include "scenario/cache_name.h"

/* A cache is the kernel's own if nobody else can allocate from it. */
static enum mm_cache_name_owner owner_of(struct mmsim_machine *machine, const char *name)
{
    struct mmsim_cache *cache = mmsim_cache_find(machine, name);
    return mmsim_cache_alloc(cache, 0, NULL) ? MM_CACHE_NAME_KMALLOC : MM_CACHE_NAME_KERNEL;
}

START_TEST(the_names_are_those_of_a_machine)
{
    struct mmsim_config config;
    struct mmsim_machine *machine;
    struct mmsim_cache_info info;
    mmsim_config_init(&config);
    config.heap_checks = MMSIM_HEAP_GUARD; /* its records have a cache too */
    ck_assert_int_eq(mmsim_machine_create(&config, &machine, NULL), MMSIM_OK);
    (void)mmsim_kmalloc(machine, 1, 0, NULL);
    size_t n_names = 0, n_caches = 0;
    while (mm_cache_name_at(n_names))
        n_names++;
    for (; mmsim_cache_info_at(machine, n_caches, &info); n_caches++)
        ck_assert_msg(mm_cache_name_owner(info.name) == owner_of(machine, info.name), "%s",
                      info.name);
    ck_assert_uint_eq(n_names, n_caches + 1); /* "kmalloc" is the name of many */
    ck_assert_int_eq(mm_cache_name_owner("kmalloc"), MM_CACHE_NAME_KMALLOC);
    ck_assert_int_eq(mm_cache_name_owner("inode"), MM_CACHE_NAME_NOBODY);
    mmsim_machine_destroy(machine);
}
END_TEST

START_TEST(a_pattern_means_names_that_begin_so)
{
    ck_assert(mm_cache_name_matches("vma", "vma"));
    ck_assert(!mm_cache_name_matches("vmap-area", "vma"));
    ck_assert(mm_cache_name_matches("vmap-area", "vma*"));
    ck_assert(mm_cache_name_matches("vma", "*"));
    ck_assert(!mm_cache_name_matches("vma", "vmap*"));
    ck_assert(!mm_cache_name_matches("vma", ""));
}
END_TEST

Suite *test_cache_name_suite(void);
Suite *test_cache_name_suite(void)
{
    Suite *suite = suite_create("cache_name");
    TCase *tests = tcase_create("cache_name");
    tcase_add_test(tests, the_names_are_those_of_a_machine);
    tcase_add_test(tests, a_pattern_means_names_that_begin_so);
    suite_add_tcase(suite, tests);
    return suite;
}
