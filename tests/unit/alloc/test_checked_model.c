/* Checks against a model: a naive allocator that remembers everything. Whatever is switched on, the
 * heap behaves as it does, and reports damage that was done and no other. */
#include "checked_kit.h"

enum { N_MODEL = 200 };

struct model {
    struct mm_rng rng;
    struct {
        uint8_t *object;
        size_t n_bytes;
        unsigned seed;
    } objects[N_MODEL];
    unsigned n_made;
};

static size_t random_size(struct mm_rng *rng)
{
    static const uint64_t limits[] = {16, 64, 256, 1024, 7000, 20000};
    static const uint64_t weights[] = {0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5};
    return mm_rng_below(rng, limits[weights[mm_rng_below(rng, 15)]] + 1);
}

/* As ck_assert(), which writes a file each time. */
static void require(bool holds, const char *what)
{
    if (!holds)
        ck_abort_msg("not true: %s", what);
}

static void model_alloc(struct model *model, unsigned i)
{
    size_t n_bytes = random_size(&model->rng);
    bool zeros = mm_rng_below(&model->rng, 4) == 0;
    uint8_t *object = zeros ? mm_kzalloc(&kit.heap, n_bytes) : mm_kmalloc(&kit.heap, n_bytes);
    require(object, "there is memory");
    for (size_t j = 0; zeros && j < n_bytes; j++)
        require(object[j] == 0, "memory asked for with zeros has them");
    model->objects[i].object = object;
    model->objects[i].n_bytes = n_bytes;
    model->objects[i].seed = model->n_made++;
    kit_fill(object, n_bytes, model->objects[i].seed);
}

static void model_free(struct model *model, unsigned i)
{
    uint8_t *object = model->objects[i].object;
    size_t n_bytes = model->objects[i].n_bytes;
    require(kit_holds(object, n_bytes, model->objects[i].seed), "nobody wrote to it");
    bool sized = mm_rng_below(&model->rng, 2);
    require(sized ? mm_kfree_sized(&kit.heap, object, n_bytes) : mm_kfree(&kit.heap, object),
            "a live object can be freed");
    model->objects[i].object = NULL;
}

static void model_resize(struct model *model, unsigned i)
{
    size_t n_bytes = random_size(&model->rng) + 1, n_before = model->objects[i].n_bytes;
    uint8_t *moved = mm_krealloc(&kit.heap, model->objects[i].object, n_bytes);
    require(moved, "there is memory");
    require(kit_holds(moved, n_bytes < n_before ? n_bytes : n_before, model->objects[i].seed),
            "what was there is still there");
    model->objects[i].object = moved;
    model->objects[i].n_bytes = n_bytes;
    kit_fill(moved, n_bytes, model->objects[i].seed);
}

static void model_step(struct model *model)
{
    static const char *const places[] = {"a.c:1", "b.c:2", "c.c:3", "d.c:4", "e.c:5", NULL};
    unsigned i = (unsigned)mm_rng_below(&model->rng, N_MODEL);
    kit.heap.site = places[mm_rng_below(&model->rng, 6)];
    step++;
    if (!model->objects[i].object)
        model_alloc(model, i);
    else if (mm_rng_below(&model->rng, 8) == 0)
        model_resize(model, i);
    else
        model_free(model, i);
}

static void model_end(struct model *model)
{
    for (unsigned i = 0; i < N_MODEL; i++)
        if (model->objects[i].object)
            model_free(model, i);
    expect_no_more();
    ck_assert_uint_eq(kit.n_reports, 0);
    for (unsigned i = 1; i < mm_site_count(&kit.heap); i++)
        ck_assert_uint_eq(mm_site_at(&kit.heap, i)->n_live + mm_site_at(&kit.heap, i)->live_bytes,
                          0);
}

enum { N_STEPS = 2000, N_PARTS = 8 };

static void try_combination(unsigned which)
{
    struct model model = {.n_made = which};
    mm_rng_seed(&model.rng, which);
    setup();
    checks(which);
    for (unsigned i = 0; i < N_STEPS; i++) {
        model_step(&model);
        if (i % 500 == 0) {
            kit_check(&kit);
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 0);
        }
    }
    model_end(&model);
    teardown();
}

START_TEST(all_combinations_of_checks_behave_as_a_naive_allocator)
{
    for (unsigned i = 0; i < N_COMBINATIONS / N_PARTS; i++)
        try_combination(i * N_PARTS + (unsigned)_i);
}
END_TEST

START_TEST(switching_all_the_time_behaves_as_a_naive_allocator)
{
    struct model model = {.n_made = 1};
    mm_rng_seed(&model.rng, (uint64_t)_i);
    setup();
    for (unsigned i = 0; i < 50000; i++) {
        if (i % 97 == 0) {
            unsigned which = (unsigned)mm_rng_below(&model.rng, N_COMBINATIONS);
            uint64_t n = mm_rng_below(&model.rng, kit.heap.n_classes);
            mm_cache_set_checks(&kit.heap.classes[n], which); /* may refuse: too many sets */
        }
        if (i % 5000 == 0) {
            kit_check(&kit);
            ck_assert_uint_eq(mm_heap_verify(&kit.heap), 0);
        }
        if (i % 20011 == 0)
            mm_heap_reap(&kit.heap);
        model_step(&model);
    }
    model_end(&model);
    teardown();
}
END_TEST

/* Every damage that is done on purpose is found, and none else. */
enum { N_VICTIMS = 200 };

/* Does some damage to a live object, and looks for it. True: the object is still alive. */
static bool damage(struct mm_rng *rng, uint8_t *object, uint64_t now)
{
    size_t n_bytes = mm_ksize(&kit.heap, object);
    uint64_t which = mm_rng_below(rng, 3);
    uint8_t *where = which == 0 ? object + n_bytes : which == 1 ? object - 1 : object;
    if (which == 2)
        free_at(object, "free.c:1", now);
    *where = 1;
    begin_again();
    ck_assert_uint_eq(mm_heap_verify(&kit.heap), 1);
    if (which == 0)
        expect_damage(MMSIM_HEAP_RIGHT_RED_ZONE, object, n_bytes, where, 1, 1, 0xcc);
    else if (which == 1)
        expect_damage(MMSIM_HEAP_LEFT_RED_ZONE, object, n_bytes, where, 1, 1, 0xcc);
    else
        ck_assert_int_eq(kit.last.mistake, MMSIM_HEAP_USE_AFTER_FREE);
    ck_assert_uint_eq(kit.last.address, offset_of(where));
    return which != 2;
}

START_TEST(damage_done_at_random_is_found_exactly)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    setup();
    checks(Z | P | U | (_i & 1 ? R : 0) | (_i & 2 ? Q : 0));
    uint8_t *objects[N_VICTIMS] = {0};
    for (unsigned i = 0; i < 10000; i++) {
        uint8_t **place = &objects[mm_rng_below(&rng, N_VICTIMS)];
        if (!*place) {
            *place = alloc_at(1 + mm_rng_below(&rng, 300), "alloc.c:1", i);
        } else if (i % 100 != 0 || !damage(&rng, *place, i)) {
            if (mm_heap_is_live(&kit.heap, offset_of(*place)))
                free_at(*place, "free.c:1", i);
            *place = NULL;
        }
    }
    begin_again();
    expect_no_more();
    teardown();
}
END_TEST

Suite *test_checked_model_suite(void);
Suite *test_checked_model_suite(void)
{
    Suite *suite = suite_create("checked_model");
    TCase *tests = tcase_create("checked_model");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, all_combinations_of_checks_behave_as_a_naive_allocator, 0, N_PARTS);
    tcase_add_loop_test(tests, switching_all_the_time_behaves_as_a_naive_allocator, 0, 4);
    tcase_add_loop_test(tests, damage_done_at_random_is_found_exactly, 0, 4);
    suite_add_tcase(suite, tests);
    return suite;
}
