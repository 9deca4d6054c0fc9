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
    mm_vmas_init(&vmas, &cache, NULL);
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

/* A VMA of private anonymous memory that nobody has touched. */
static struct mm_vma *insert(mmsim_vaddr start, mmsim_vaddr end, unsigned prot, unsigned flags)
{
    struct mm_vma like = {.start = start,
                          .end = end,
                          .prot = prot,
                          .flags = flags,
                          .offset = start >> MMSIM_PAGE_SHIFT};
    return mm_vma_insert(&vmas, &like);
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
    mm_vma_merge(&vmas, insert(page(start), page(end), prot, 0));
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
    ck_assert_ptr_nonnull(insert(page(300), page(301), 3, MMSIM_VMA_GROWSDOWN));
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
    struct mm_vma *low = insert(page(0), page(4), 1, 0);
    insert(page(8), page(9), 1, 0);
    low->end = page(9);
    ck_assert_ptr_nonnull(mm_vma_check(&vmas));
    low->end = page(4);
    check();
}
END_TEST

START_TEST(the_checker_sees_promised_pages_that_are_not_counted)
{
    struct mm_vma *vma = insert(page(0), page(4), 3, MMSIM_VMA_ACCOUNTED);
    check();
    vma->flags = 0;
    ck_assert_ptr_nonnull(mm_vma_check(&vmas));
    vma->flags = MMSIM_VMA_ACCOUNTED;
    check();
}
END_TEST

static struct mm_vma *insert_marked(uint64_t first, uint32_t anon, bool forked)
{
    struct mm_vma *vma = insert(page(first), page(first + 1), 3, 0);
    vma->anon = anon;
    vma->forked = forked;
    return vma;
}

/* Linux, is_mergeable_anon_vma(): what may become one VMA. */
START_TEST(marks_decide_whether_neighbours_become_one)
{
    static const struct {
        uint32_t low, high;
        bool low_forked, high_forked;
        uint32_t n_left;
    } rows[] = {{0, 0, false, false, 1}, {1, 0, false, false, 1}, {0, 1, false, false, 1},
                {1, 1, false, false, 1}, {1, 1, true, true, 1},   {1, 2, false, false, 2},
                {1, 0, true, false, 2},  {0, 1, false, true, 2},  {1, 2, true, true, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        insert_marked(0, rows[i].low, rows[i].low_forked);
        struct mm_vma *high = insert_marked(1, rows[i].high, rows[i].high_forked);
        mm_vma_merge(&vmas, high);
        ck_assert_uint_eq(vmas.n_vmas, rows[i].n_left);
        while (vmas.n_vmas > 0)
            mm_vma_remove(&vmas, mm_vma_first(&vmas));
    }
}
END_TEST

START_TEST(a_neighbour_lends_its_mark_unless_it_was_forked)
{
    uint32_t next = 10;
    struct mm_vma *low = insert_marked(0, 5, false);
    struct mm_vma *high = insert_marked(1, 0, false);
    high->prot = 1; /* rights may differ */
    mm_vma_mark_anon(high, &next);
    ck_assert_uint_eq(high->anon, 5);
    high->anon = 0;
    low->forked = true;
    mm_vma_mark_anon(high, &next);
    ck_assert_uint_eq(high->anon, 11);
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
    tcase_add_test(tests, the_checker_sees_promised_pages_that_are_not_counted);
    tcase_add_test(tests, marks_decide_whether_neighbours_become_one);
    tcase_add_test(tests, a_neighbour_lends_its_mark_unless_it_was_forked);
    return suite;
}
