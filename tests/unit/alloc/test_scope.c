/* Scopes: what was allocated in one is freed with it, and with nothing else. */
#include <check.h>
#include <string.h>

#include "alloc/checked.h"
#include "alloc/kmalloc.h"
#include "alloc/scope.h"
#include "base/rng.h"

struct fixture {
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_heap heap;
    struct mm_scopes scopes;
};

static void setup(struct fixture *fixture, unsigned checks)
{
    ck_assert(mm_phys_init(&fixture->phys, 16 * MMSIM_MIB));
    ck_assert(mm_zones_init(&fixture->zones, &fixture->phys, 0));
    ck_assert(mm_heap_init(&fixture->heap, &fixture->zones, 1, 1));
    ck_assert(mm_kmalloc_set_checks(&fixture->heap, checks));
    ck_assert(mm_scopes_init(&fixture->scopes, &fixture->heap));
}

static void teardown(struct fixture *fixture)
{
    mm_scopes_fini(&fixture->scopes);
    mm_heap_fini(&fixture->heap);
    mm_zones_fini(&fixture->zones);
    mm_phys_fini(&fixture->phys);
}

static bool is_live(const struct fixture *fixture, const void *object)
{
    return mm_heap_is_live(&fixture->heap, mm_heap_offset(&fixture->heap, object));
}

static void check(const struct fixture *fixture)
{
    const char *broken = mm_scopes_check(&fixture->scopes);
    ck_assert_msg(!broken, "%s", broken);
    broken = mm_heap_check(&fixture->heap);
    ck_assert_msg(!broken, "%s", broken);
}

START_TEST(ending_a_scope_frees_its_objects_and_no_others)
{
    struct fixture fixture;
    setup(&fixture, 0);
    struct mm_scope *scope = mm_scope_begin(&fixture.scopes, "driver", NULL);
    void *outside = mm_kmalloc(&fixture.heap, 100), *inside[5];
    static const size_t sizes[5] = {1, 100, 8192, 8193, 100000};
    for (int i = 0; i < 5; i++) {
        ck_assert_ptr_nonnull(inside[i] = mm_scope_kmalloc(scope, sizes[i]));
        ck_assert_uint_ge(mm_ksize(&fixture.heap, inside[i]), sizes[i]);
        memset(inside[i], 0xff, mm_ksize(&fixture.heap, inside[i]));
    }
    check(&fixture);
    ck_assert(mm_kfree(&fixture.heap, inside[1]));
    ck_assert(mm_kfree(&fixture.heap, inside[4]));
    check(&fixture);
    ck_assert_uint_eq(scope->n_objects, 3);
    ck_assert_uint_eq(mm_scope_end(scope), 3);
    for (int i = 0; i < 5; i++)
        ck_assert(!is_live(&fixture, inside[i]));
    ck_assert(is_live(&fixture, outside));
    ck_assert_ptr_null(
        mm_scope_of(&fixture.heap, (uint32_t)mm_heap_offset(&fixture.heap, outside)));
    check(&fixture);
    teardown(&fixture);
}
END_TEST

START_TEST(a_scope_ends_those_that_were_begun_within_it)
{
    enum { DEPTH = 2000 };
    static void *objects[DEPTH];
    struct fixture fixture;
    setup(&fixture, 0);
    struct mm_scope *outer = mm_scope_begin(&fixture.scopes, "outer", NULL), *at = outer;
    struct mm_scope *beside = mm_scope_begin(&fixture.scopes, "beside", NULL);
    void *kept = mm_scope_kmalloc(beside, 64);
    for (int i = 0; i < DEPTH; i++) {
        ck_assert_ptr_nonnull(objects[i] = mm_scope_kmalloc(at, 64));
        ck_assert_ptr_nonnull(at = mm_scope_begin(&fixture.scopes, "inner", at));
    }
    check(&fixture);
    ck_assert_uint_eq(mm_scope_end(outer), DEPTH);
    for (int i = 0; i < DEPTH; i++)
        ck_assert(!is_live(&fixture, objects[i]));
    ck_assert(is_live(&fixture, kept));
    ck_assert_uint_eq(mm_cache_n_live(&fixture.scopes.cache), 1);
    teardown(&fixture);
}
END_TEST

START_TEST(an_object_that_changes_its_size_stays_in_its_scope)
{
    struct fixture fixture;
    setup(&fixture, 0);
    struct mm_scope *scope = mm_scope_begin(&fixture.scopes, "s", NULL);
    uint8_t *object = mm_scope_kmalloc(scope, 100);
    static const size_t sizes[] = {300, 20, 30000, 90000, 10000, 50, 3000};
    memset(object, 0x11, 100);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_ptr_nonnull(object = mm_krealloc(&fixture.heap, object, sizes[i]));
        ck_assert_int_eq(object[19], 0x11);
        uint32_t offset = (uint32_t)mm_heap_offset(&fixture.heap, object);
        ck_assert_ptr_eq(mm_scope_of(&fixture.heap, offset), scope);
        ck_assert_uint_eq(scope->n_objects, 1);
        check(&fixture);
    }
    ck_assert_uint_eq(mm_scope_end(scope), 1);
    ck_assert(!is_live(&fixture, object));
    teardown(&fixture);
}
END_TEST

START_TEST(the_site_of_an_object_of_a_scope_is_known_when_sites_are_tracked)
{
    struct fixture fixture;
    setup(&fixture, MM_CHECK_TRACK | MM_CHECK_RED_ZONES);
    struct mm_scope *scope = mm_scope_begin(&fixture.scopes, "s", NULL);
    fixture.heap.site = "here.c:1";
    void *object = mm_scope_kmalloc(scope, 33);
    uint32_t offset = (uint32_t)mm_heap_offset(&fixture.heap, object);
    ck_assert_uint_eq(mm_ksize(&fixture.heap, object), 33);
    ck_assert_uint_ne(mm_checked_track(&fixture.heap, offset).alloc_site, 0);
    memset(object, 0xee, 33);
    check(&fixture);
    ck_assert_uint_eq(mm_scope_end(scope), 1);
    ck_assert_uint_eq(fixture.heap.n_reports, 0);
    teardown(&fixture);
}
END_TEST

START_TEST(a_scope_survives_that_memory_is_gone)
{
    struct fixture fixture;
    setup(&fixture, 0);
    struct mm_scope *scope = mm_scope_begin(&fixture.scopes, "s", NULL);
    uint64_t n = 0;
    for (size_t n_bytes = MMSIM_MIB; n_bytes > 0; n_bytes /= 4)
        while (mm_scope_kmalloc(scope, n_bytes))
            n++;
    ck_assert_uint_gt(n, 20);
    check(&fixture);
    ck_assert_uint_eq(mm_scope_end(scope), n);
    check(&fixture);
    teardown(&fixture);
}
END_TEST

/* ---- stores that go astray ---- */

enum { N_STRAY = 8, N_WORDS_BEHIND = 12, STRAY_BYTES = 32 };

struct stray {
    struct fixture fixture;
    struct mm_scope *scope;
    uint8_t *objects[N_STRAY];
};

static void setup_stray(struct stray *stray, unsigned checks)
{
    setup(&stray->fixture, checks);
    stray->scope = mm_scope_begin(&stray->fixture.scopes, "s", NULL);
    for (int i = 0; i < N_STRAY; i++)
        ck_assert_ptr_nonnull(stray->objects[i] = mm_scope_kmalloc(stray->scope, STRAY_BYTES));
}

static uint32_t stray_value(const struct stray *stray, int which)
{
    const struct mm_heap *heap = &stray->fixture.heap;
    uint32_t other = (uint32_t)mm_heap_offset(heap, stray->objects[6]);
    const uint32_t values[] = {0, UINT32_MAX, 0xf0f0f0f0, other, other + STRAY_BYTES, 0x400000};
    return values[which];
}
enum { N_STRAY_VALUES = 6 };

static bool is_in_scope(const struct stray *stray, const void *object)
{
    const struct mm_heap *heap = &stray->fixture.heap;
    return mm_scope_of(heap, (uint32_t)mm_heap_offset(heap, object)) == stray->scope;
}

/* The object that was written around is freed, one is moved, and the rest goes with the scope. */
static void expect_a_whole_scope(struct stray *stray)
{
    check(&stray->fixture);
    for (int i = 0; i < N_STRAY; i++)
        ck_assert(is_in_scope(stray, stray->objects[i]));
    ck_assert(mm_kfree(&stray->fixture.heap, stray->objects[3]));
    ck_assert(!is_in_scope(stray, stray->objects[3]));
    check(&stray->fixture);
    uint8_t *moved = mm_krealloc(&stray->fixture.heap, stray->objects[4], 5000);
    ck_assert(is_in_scope(stray, moved) && !is_live(&stray->fixture, stray->objects[4]));
    check(&stray->fixture);
    ck_assert_uint_eq(mm_scope_end(stray->scope), N_STRAY - 1);
    ck_assert(!is_live(&stray->fixture, moved));
    for (int i = 0; i < N_STRAY; i++)
        ck_assert(!is_live(&stray->fixture, stray->objects[i]));
    check(&stray->fixture);
    teardown(&stray->fixture);
}

static const unsigned stray_checks[] = {0, MM_CHECK_RED_ZONES,
                                        MM_CHECK_RED_ZONES | MM_CHECK_POISON | MM_CHECK_TRACK,
                                        MM_CHECK_QUARANTINE | MM_CHECK_HARDEN};
enum { N_STRAY_CHECKS = sizeof stray_checks / sizeof *stray_checks };

START_TEST(no_word_behind_an_object_leads_its_scope_astray)
{
    for (int value = 0; value < N_STRAY_VALUES; value++)
        for (size_t word = 0; word < N_WORDS_BEHIND; word++) {
            struct stray stray;
            setup_stray(&stray, stray_checks[_i]);
            uint32_t stored = stray_value(&stray, value);
            uint8_t *place = stray.objects[3] + STRAY_BYTES + word * sizeof stored;
            uint64_t from = mm_heap_offset(&stray.fixture.heap, stray.objects[3]);
            uint64_t to = mm_heap_offset(&stray.fixture.heap, place);
            ck_assert_uint_eq(from >> MMSIM_PAGE_SHIFT, to >> MMSIM_PAGE_SHIFT);
            memcpy(place, &stored, sizeof stored);
            expect_a_whole_scope(&stray);
        }
}
END_TEST

START_TEST(a_scope_outlives_that_all_pages_of_its_objects_are_written_over)
{
    for (int value = 0; value < N_STRAY_VALUES; value++) {
        struct stray stray;
        setup_stray(&stray, stray_checks[_i]);
        uint32_t stored = stray_value(&stray, value);
        for (int i = 0; i < N_STRAY; i++) {
            uint64_t offset = mm_heap_offset(&stray.fixture.heap, stray.objects[i]);
            uint8_t *page = stray.fixture.heap.ram + (offset & ~(uint64_t)MMSIM_PAGE_MASK);
            for (size_t at = 0; at < MMSIM_PAGE_SIZE; at += sizeof stored)
                memcpy(page + at, &stored, sizeof stored);
        }
        expect_a_whole_scope(&stray);
    }
}
END_TEST

/* What nothing in the machine can do, and the checks still have to find. */
START_TEST(the_check_finds_each_link_that_is_wrong)
{
    struct stray stray;
    setup_stray(&stray, 0);
    const struct mm_heap *heap = &stray.fixture.heap;
    uint64_t offset = mm_heap_offset(heap, stray.objects[3]);
    struct mm_scope_links *links = &heap->scope_links[offset / MM_HEAP_GRANULE], right = *links;
    const struct mm_scope_links wrong[] = {
        {right.next, right.previous, 0},
        {right.next, 0, right.scope},
        {right.next, right.next, right.scope},
        {0, right.previous, right.scope},
        {(uint32_t)offset, right.previous, right.scope},
        {right.next + STRAY_BYTES / 2, right.previous, right.scope},
        {(uint32_t)mm_heap_offset(heap, stray.objects[1]), right.previous, right.scope}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        *links = wrong[i];
        ck_assert_msg(mm_scopes_check(&stray.fixture.scopes) != NULL, "links %zu", i);
    }
    *links = right;
    stray.scope->n_objects++;
    ck_assert_ptr_nonnull(mm_scopes_check(&stray.fixture.scopes));
    stray.scope->n_objects--;
    expect_a_whole_scope(&stray);
}
END_TEST

START_TEST(the_check_finds_an_object_that_dropped_out_of_its_scope)
{
    struct stray stray;
    setup_stray(&stray, 0);
    struct mm_heap *heap = &stray.fixture.heap;
    mm_scope_forget(heap, (uint32_t)mm_heap_offset(heap, stray.objects[3]));
    ck_assert_ptr_nonnull(mm_scopes_check(&stray.fixture.scopes));
    ck_assert(mm_kfree(heap, stray.objects[3]));
    check(&stray.fixture);
    teardown(&stray.fixture);
}
END_TEST

/* ---- where there is no room for a set ---- */

START_TEST(a_scope_gets_whole_pages_where_its_class_has_no_room_for_a_set)
{
    struct fixture fixture;
    setup(&fixture, 0);
    struct mm_heap *heap = &fixture.heap;
    void *outside[MM_CACHE_MAX_SETS];
    for (unsigned i = 0; i < MM_CACHE_MAX_SETS; i++) {
        ck_assert(mm_kmalloc_set_checks(heap, i));
        ck_assert_ptr_nonnull(outside[i] = mm_kmalloc(heap, 100));
        ck_assert_ptr_nonnull(mm_kmalloc(heap, 8192));
    }
    struct mm_scope *scope = mm_scope_begin(&fixture.scopes, "s", NULL);
    uint8_t *small = mm_scope_kmalloc(scope, 100), *large = mm_scope_kmalloc(scope, 8192);
    ck_assert_uint_eq(mm_ksize(heap, small), MMSIM_PAGE_SIZE);
    ck_assert_uint_eq(mm_ksize(heap, large), 8192);
    ck_assert_uint_eq(heap->n_runs, 2);
    memset(small, 0x33, 100);
    ck_assert_ptr_nonnull(small = mm_krealloc(heap, small, 80));
    ck_assert_int_eq(small[79], 0x33);
    ck_assert_ptr_eq(mm_scope_of(heap, (uint32_t)mm_heap_offset(heap, small)), scope);
    ck_assert(mm_kfree_sized(heap, large, 8192));
    check(&fixture);
    ck_assert_uint_eq(mm_scope_end(scope), 1);
    ck_assert_uint_eq(heap->n_runs, 0);
    for (unsigned i = 0; i < MM_CACHE_MAX_SETS; i++)
        ck_assert(mm_kfree(heap, outside[i]));
    ck_assert_uint_eq(heap->n_reports, 0);
    check(&fixture);
    teardown(&fixture);
}
END_TEST

/* ---- against a model ---- */

enum { N_SCOPES = 12, N_OBJECTS = 300, N_ROUNDS = 30000 };

struct model {
    struct fixture fixture;
    struct mm_rng rng;
    struct mm_scope *scopes[N_SCOPES];
    int parents[N_SCOPES]; /* -1 */
    void *objects[N_OBJECTS];
    int owners[N_OBJECTS]; /* of objects that are not NULL; -1: no scope */
    uint64_t n_in[N_SCOPES];
};

static int random_index(struct model *model, int n)
{
    return (int)mm_rng_below(&model->rng, (uint64_t)n);
}

static void begin_scope(struct model *model, int i)
{
    int parent = random_index(model, N_SCOPES);
    bool nested = parent != i && model->scopes[parent];
    model->parents[i] = nested ? parent : -1;
    model->scopes[i] =
        mm_scope_begin(&model->fixture.scopes, "random", nested ? model->scopes[parent] : NULL);
    ck_assert_ptr_nonnull(model->scopes[i]);
}

static uint64_t forget_scope(struct model *model, int i)
{
    uint64_t n_freed = model->n_in[i];
    model->scopes[i] = NULL;
    model->n_in[i] = 0;
    for (int k = 0; k < N_OBJECTS; k++)
        if (model->objects[k] && model->owners[k] == i) {
            ck_assert(!is_live(&model->fixture, model->objects[k]));
            model->objects[k] = NULL;
        }
    for (int k = 0; k < N_SCOPES; k++)
        if (model->scopes[k] && model->parents[k] == i)
            n_freed += forget_scope(model, k);
    return n_freed;
}

static void end_scope(struct model *model, int i)
{
    uint64_t n_freed = mm_scope_end(model->scopes[i]);
    ck_assert_uint_eq(n_freed, forget_scope(model, i));
}

static void toggle_object(struct model *model, int i)
{
    if (model->objects[i]) {
        ck_assert(mm_kfree(&model->fixture.heap, model->objects[i]));
        model->objects[i] = NULL;
        if (model->owners[i] >= 0)
            model->n_in[model->owners[i]]--;
        return;
    }
    int owner = random_index(model, N_SCOPES + 2);
    bool scoped = owner < N_SCOPES && model->scopes[owner];
    size_t n_bytes = 1 + mm_rng_below(&model->rng, mm_rng_below(&model->rng, 8) ? 600 : 20000);
    model->owners[i] = scoped ? owner : -1;
    model->objects[i] = scoped ? mm_scope_kmalloc(model->scopes[owner], n_bytes)
                               : mm_kmalloc(&model->fixture.heap, n_bytes);
    ck_assert_ptr_nonnull(model->objects[i]);
    memset(model->objects[i], 0xa7, n_bytes);
    if (scoped)
        model->n_in[owner]++;
}

static void check_model(const struct model *model)
{
    check(&model->fixture);
    for (int i = 0; i < N_SCOPES; i++)
        if (model->scopes[i])
            ck_assert_uint_eq(model->scopes[i]->n_objects, model->n_in[i]);
}

START_TEST(scopes_agree_with_a_model_under_random_operations)
{
    static const unsigned checks[] = {0, MM_CHECK_TRACK | MM_CHECK_RED_ZONES | MM_CHECK_POISON,
                                      MM_CHECK_QUARANTINE};
    static struct model model;
    memset(&model, 0, sizeof model);
    mm_rng_seed(&model.rng, (uint64_t)_i + 1);
    setup(&model.fixture, checks[_i]);
    for (int round = 0; round < N_ROUNDS; round++) {
        int i = random_index(&model, N_SCOPES);
        if (random_index(&model, 40) > 0)
            toggle_object(&model, random_index(&model, N_OBJECTS));
        else if (model.scopes[i])
            end_scope(&model, i);
        else
            begin_scope(&model, i);
        if (round % 500 == 0)
            check_model(&model);
    }
    check_model(&model);
    ck_assert_uint_eq(model.fixture.heap.n_reports, 0);
    teardown(&model.fixture);
}
END_TEST

Suite *test_scope_suite(void);
Suite *test_scope_suite(void)
{
    Suite *suite = suite_create("scopes");
    TCase *tests = tcase_create("scopes");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, ending_a_scope_frees_its_objects_and_no_others);
    tcase_add_test(tests, a_scope_ends_those_that_were_begun_within_it);
    tcase_add_test(tests, an_object_that_changes_its_size_stays_in_its_scope);
    tcase_add_test(tests, the_site_of_an_object_of_a_scope_is_known_when_sites_are_tracked);
    tcase_add_test(tests, a_scope_survives_that_memory_is_gone);
    tcase_add_loop_test(tests, no_word_behind_an_object_leads_its_scope_astray, 0, N_STRAY_CHECKS);
    tcase_add_loop_test(tests, a_scope_outlives_that_all_pages_of_its_objects_are_written_over, 0,
                        N_STRAY_CHECKS);
    tcase_add_test(tests, the_check_finds_each_link_that_is_wrong);
    tcase_add_test(tests, the_check_finds_an_object_that_dropped_out_of_its_scope);
    tcase_add_test(tests, a_scope_gets_whole_pages_where_its_class_has_no_room_for_a_set);
    tcase_add_loop_test(tests, scopes_agree_with_a_model_under_random_operations, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
