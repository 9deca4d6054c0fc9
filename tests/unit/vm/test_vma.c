/* test_vma.c - VMAs against a page-by-page model. */
#include <string.h>

#include "base/rng.h"
#include "kit.h"
#include "vm/vma.h"

enum { N_PAGES = 96 };
#define BASE MM_LAYOUT_MMAP_START

static struct mm_phys phys;
static struct mm_zones zones;
static struct mm_heap heap;
static struct mm_cache cache;
static struct mm_vmas vmas;

static void setup(void)
{
    ck_assert(mm_phys_init(&phys, 4 * MMSIM_MIB));
    ck_assert(mm_zones_init(&zones, &phys, 0));
    ck_assert(mm_heap_init(&heap, &zones, 1, 1));
    struct mm_cache_setup setup = {.name = "vma", .object_bytes = sizeof(struct mm_vma)};
    ck_assert(mm_cache_init(&cache, &heap, &setup));
    mm_vmas_init(&vmas, &cache);
}

static void teardown(void)
{
    for (struct mm_vma *vma; (vma = mm_vma_first(&vmas));)
        mm_vma_remove(&vmas, vma);
    ck_assert(mm_cache_fini(&cache));
    mm_heap_fini(&heap);
    mm_zones_fini(&zones);
    mm_phys_fini(&phys);
}

static mmsim_vaddr page(uint64_t n)
{
    return BASE + n * MMSIM_PAGE_SIZE;
}

static void check(void)
{
    const char *broken = mm_vma_check(&vmas);
    ck_assert_msg(!broken, "%s", broken);
}

/* The model: one byte a page, 0 = free, else prot + 1. */
static void compare(const uint8_t *model)
{
    check();
    for (unsigned i = 0; i < N_PAGES; i++) {
        const struct mm_vma *vma = mm_vma_at(&vmas, page(i));
        ck_assert_uint_eq(vma ? vma->prot + 1 : 0, model[i]);
    }
}

static unsigned model_gap(const uint8_t *model, unsigned floor, unsigned n)
{
    for (unsigned i = floor; i + n <= N_PAGES; i++)
        if (memchr(model + i, 1, n) == NULL && memchr(model + i, 2, n) == NULL &&
            memchr(model + i, 4, n) == NULL)
            return i;
    return N_PAGES;
}

static void set_range(uint8_t *model, unsigned start, unsigned end, unsigned prot)
{
    for (unsigned i = start; i < end; i++) /* cut out what is there */
        model[i] = 0;
    struct mm_vma *vma = mm_vma_find(&vmas, page(start));
    if (vma && vma->start < page(start))
        vma = mm_vma_split(&vmas, vma, page(start));
    while (vma && vma->start < page(end)) {
        if (vma->end > page(end))
            mm_vma_split(&vmas, vma, page(end));
        struct mm_vma *above = mm_vma_next(vma);
        mm_vma_remove(&vmas, vma);
        vma = above;
    }
    if (prot == 8)
        return;
    memset(model + start, (int)prot + 1, end - start);
    mm_vma_merge(&vmas, mm_vma_insert(&vmas, page(start), page(end), prot, 0));
}

START_TEST(random_changes_agree_with_a_model_of_pages)
{
    static const unsigned kinds[] = {0, 1, 3, 8}; /* rights; 8 = unmap */
    uint8_t model[N_PAGES] = {0};
    struct mm_rng rng;
    mm_rng_seed(&rng, 7);
    for (int round = 0; round < 4000; round++) {
        unsigned start = (unsigned)mm_rng_below(&rng, N_PAGES);
        unsigned end = start + 1 + (unsigned)mm_rng_below(&rng, N_PAGES - start);
        if (end - start > 12)
            end = start + 12;
        set_range(model, start, end, kinds[mm_rng_below(&rng, 4)]);
        compare(model);
        unsigned floor = (unsigned)mm_rng_below(&rng, N_PAGES);
        unsigned n = 1 + (unsigned)mm_rng_below(&rng, 8);
        unsigned expected = model_gap(model, floor, n);
        mmsim_vaddr found;
        ck_assert(mm_vma_find_gap(&vmas, page(floor), n * MMSIM_PAGE_SIZE, &found));
        if (expected < N_PAGES)
            ck_assert_uint_eq(found, page(expected));
        else
            ck_assert_uint_ge(found + n * MMSIM_PAGE_SIZE, page(N_PAGES));
    }
}
END_TEST

START_TEST(a_stack_keeps_a_gap_below_itself)
{
    ck_assert_ptr_nonnull(mm_vma_insert(&vmas, page(300), page(301), 3, MMSIM_MAP_GROWSDOWN));
    mmsim_vaddr found;
    ck_assert(mm_vma_find_gap(&vmas, BASE, 44 * MMSIM_PAGE_SIZE, &found));
    ck_assert_uint_eq(found, BASE);
    ck_assert(mm_vma_find_gap(&vmas, BASE, 45 * MMSIM_PAGE_SIZE, &found));
    ck_assert_uint_eq(found, page(301));
    check();
}
END_TEST

START_TEST(no_gap_is_found_beyond_the_user_region)
{
    mmsim_vaddr found;
    uint64_t all = MM_LAYOUT_USER_END - BASE;
    ck_assert(mm_vma_find_gap(&vmas, BASE, all, &found));
    ck_assert(!mm_vma_find_gap(&vmas, BASE, all + MMSIM_PAGE_SIZE, &found));
}
END_TEST

START_TEST(the_checker_sees_an_overlap)
{
    struct mm_vma *low = mm_vma_insert(&vmas, page(0), page(4), 1, 0);
    mm_vma_insert(&vmas, page(8), page(9), 1, 0);
    low->end = page(9);
    ck_assert_ptr_nonnull(mm_vma_check(&vmas));
    low->end = page(4);
    check();
}
END_TEST

START_TEST(the_checker_sees_neighbours_that_could_be_one)
{
    mm_vma_insert(&vmas, page(0), page(4), 1, 0);
    struct mm_vma *upper = mm_vma_insert(&vmas, page(4), page(5), 1, 0);
    ck_assert_ptr_nonnull(mm_vma_check(&vmas));
    upper->prot = 3;
    check();
}
END_TEST

Suite *test_vma_suite(void);
Suite *test_vma_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("vma", &tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, random_changes_agree_with_a_model_of_pages);
    tcase_add_test(tests, a_stack_keeps_a_gap_below_itself);
    tcase_add_test(tests, no_gap_is_found_beyond_the_user_region);
    tcase_add_test(tests, the_checker_sees_an_overlap);
    tcase_add_test(tests, the_checker_sees_neighbours_that_could_be_one);
    return suite;
}
