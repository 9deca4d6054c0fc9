/*
 * The leak search against a brute-force model: thousands of small random graphs, whose edges the
 * test knows because it stored them, and never reads back.
 */
#include <stdlib.h>

#include "alloc/checked.h"
#include "alloc/scope.h"
#include "base/rng.h"
#include "leak_kit.h"

enum { MAX_OBJECTS = 48, N_SITES = 4, N_GRAPHS = 1500 };

static const char *const sites[N_SITES] = {"a.c:1", "b.c:2", "c.c:3", "d.c:4"};

struct object {
    uint8_t *bytes;
    size_t n_bytes;  /* asked for */
    size_t n_usable; /* as the report counts */
    size_t n_words;  /* of 8 bytes, used up from the front */
    unsigned site;
    uint64_t reach; /* objects that it leads to by any number of steps, itself included */
    bool is_root, is_marked, is_ignored;
};

struct model {
    struct leak_kit kit;
    struct mm_rng rng;
    struct object objects[MAX_OBJECTS];
    unsigned n;
    bool is_tracked;
    uint64_t lost; /* objects */
};

static uint64_t bit(unsigned i)
{
    return (uint64_t)1 << i;
}

static size_t random_bytes(struct model *model)
{
    static const size_t some[] = {16,  24,   40,   72,   100,  200,  300,
                                  513, 1000, 3000, 6000, 7000, 20000};
    return some[mm_rng_below(&model->rng, sizeof some / sizeof some[0])];
}

static void add_object(struct model *model)
{
    struct object *object = &model->objects[model->n];
    *object = (struct object){.n_bytes = random_bytes(model)};
    object->site = (unsigned)mm_rng_below(&model->rng, N_SITES);
    object->bytes = leak_kit_alloc(&model->kit, object->n_bytes, sites[object->site]);
    object->n_usable = mm_ksize(&model->kit.heap, object->bytes);
    object->reach = bit(model->n++);
}

/* An address anywhere in `to`, at the next free word of `from`, in one of the forms that count. */
static void link_objects(struct model *model, unsigned from, unsigned to)
{
    struct object *object = &model->objects[from], *target = &model->objects[to];
    if ((object->n_words + 1) * 8 > object->n_bytes)
        return;
    uint8_t *word = object->bytes + 8 * object->n_words++;
    uint8_t *place = target->bytes + mm_rng_below(&model->rng, target->n_bytes);
    uint32_t address = leak_kit_offset(&model->kit, place), number = 77;
    switch (mm_rng_below(&model->rng, 4)) {
    case 0:
        memcpy(word, &place, 8);
        break;
    case 1: /* with a number behind it */
        memcpy(word, &address, 4);
        memcpy(word + 4, &number, 4);
        break;
    case 2: /* with a number in front */
        memcpy(word, &number, 4);
        memcpy(word + 4, &address, 4);
        break;
    default:
        memcpy(word, &address, 4);
    }
    object->reach |= bit(to);
}

static void close_transitively(struct model *model)
{
    for (unsigned k = 0; k < model->n; k++)
        for (unsigned i = 0; i < model->n; i++)
            if (model->objects[i].reach & bit(k))
                model->objects[i].reach |= model->objects[k].reach;
}

static void build(struct model *model)
{
    static const unsigned checks[] = {0, 0, MM_CHECK_TRACK, MM_CHECK_RED_ZONES,
                                      MM_CHECK_TRACK | MM_CHECK_RED_ZONES | MM_CHECK_POISON};
    unsigned chosen = checks[mm_rng_below(&model->rng, 5)];
    leak_kit_begin(&model->kit);
    ck_assert(mm_kmalloc_set_checks(&model->kit.heap, chosen));
    model->is_tracked = chosen & MM_CHECK_TRACK;
    model->n = 0;
    unsigned n = 1 + (unsigned)mm_rng_below(&model->rng, MAX_OBJECTS);
    for (unsigned i = 0; i < n; i++)
        add_object(model);
    unsigned n_edges = (unsigned)mm_rng_below(&model->rng, 2 * n);
    for (unsigned i = 0; i < n_edges; i++)
        link_objects(model, (unsigned)mm_rng_below(&model->rng, n),
                     (unsigned)mm_rng_below(&model->rng, n));
    for (unsigned i = 0; i < 4 && mm_rng_below(&model->rng, 2); i++) {
        struct object *root = &model->objects[mm_rng_below(&model->rng, n)];
        model->kit.roots[i] = root->bytes + mm_rng_below(&model->rng, root->n_bytes);
        root->is_root = true;
    }
    close_transitively(model);
}

static void find_lost(struct model *model)
{
    uint64_t reached = 0;
    for (unsigned i = 0; i < model->n; i++)
        if (model->objects[i].is_root)
            reached |= model->objects[i].reach;
    model->lost = (bit(model->n - 1) | (bit(model->n - 1) - 1)) & ~reached;
}

static bool leads_to(const struct model *model, unsigned from, unsigned to)
{
    return model->objects[from].reach & bit(to);
}

/* Nothing lost leads to it but what it leads to, and of those it is the lowest. */
static bool is_leak_root(const struct model *model, unsigned i)
{
    for (unsigned other = 0; other < model->n; other++) {
        if (other == i || !(model->lost & bit(other)) || !leads_to(model, other, i))
            continue;
        if (!leads_to(model, i, other) || model->objects[other].bytes < model->objects[i].bytes)
            return false;
    }
    return (model->lost & bit(i)) != 0;
}

/* Objects of one group: by site if that is tracked, else by cache. Runs are never tracked. */
static const char *group_of(const struct model *model, unsigned i)
{
    struct mm_heap_object found;
    mm_heap_find(&model->kit.heap, leak_kit_offset(&model->kit, model->objects[i].bytes), &found);
    if (!found.cache)
        return "page";
    return model->is_tracked ? sites[model->objects[i].site] : found.cache->name;
}

struct expected {
    const char *group;
    uint64_t n_objects, bytes, retained_objects, retained_bytes;
};

static struct expected *expect_group(struct expected *rows, size_t *n_rows, const char *group)
{
    for (size_t i = 0; i < *n_rows; i++)
        if (strcmp(rows[i].group, group) == 0)
            return &rows[i];
    rows[*n_rows] = (struct expected){.group = group};
    return &rows[(*n_rows)++];
}

/* The group whose roots alone lead to an object; NULL: more than one does. */
static const char *holder_of(const struct model *model, unsigned i)
{
    const char *holder = NULL;
    for (unsigned root = 0; root < model->n; root++) {
        if (!is_leak_root(model, root) || !leads_to(model, root, i))
            continue;
        const char *group = group_of(model, root);
        if (holder && strcmp(holder, group) != 0)
            return NULL;
        holder = group;
    }
    ck_assert_ptr_nonnull(holder);
    return holder;
}

static size_t expect_rows(const struct model *model, struct expected *rows)
{
    size_t n_rows = 0;
    for (unsigned i = 0; i < model->n; i++) {
        if (!is_leak_root(model, i))
            continue;
        struct expected *row = expect_group(rows, &n_rows, group_of(model, i));
        row->n_objects++;
        row->bytes += model->objects[i].n_usable;
    }
    for (unsigned i = 0; i < model->n; i++) {
        const char *holder = model->lost & bit(i) ? holder_of(model, i) : NULL;
        if (!holder)
            continue;
        struct expected *row = expect_group(rows, &n_rows, holder);
        row->retained_objects++;
        row->retained_bytes += model->objects[i].n_usable;
    }
    return n_rows;
}

static void compare_rows(struct model *model)
{
    struct expected rows[MAX_OBJECTS];
    size_t n_rows = expect_rows(model, rows);
    ck_assert_uint_eq(model->kit.leak.n_rows, n_rows);
    for (size_t i = 0; i < n_rows; i++) {
        const struct mmsim_leak *leak = &model->kit.leak.rows[i];
        struct expected *row = expect_group(rows, &n_rows, leak->site ? leak->site : leak->cache);
        ck_assert_uint_eq(leak->n_objects, row->n_objects);
        ck_assert_uint_eq(leak->bytes, row->bytes);
        ck_assert_uint_eq(leak->retained_objects, row->retained_objects);
        ck_assert_uint_eq(leak->retained_bytes, row->retained_bytes);
        if (i > 0) {
            const struct mmsim_leak *before = leak - 1;
            ck_assert(before->retained_bytes > leak->retained_bytes ||
                      (before->retained_bytes == leak->retained_bytes &&
                       before->address < leak->address));
        }
    }
}

static uint64_t lost_bytes(const struct model *model)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < model->n; i++)
        bytes += model->lost & bit(i) ? model->objects[i].n_usable : 0;
    return bytes;
}

START_TEST(random_graphs_are_judged_as_a_brute_force_model_does)
{
    static struct model model;
    uint64_t n_lost = 0, n_kept = 0;
    mm_rng_seed(&model.rng, (uint64_t)_i + 1);
    for (unsigned graph = 0; graph < N_GRAPHS; graph++) {
        build(&model);
        find_lost(&model);
        struct mmsim_leak_result result = leak_kit_scan(&model.kit, MMSIM_LEAK_CONSERVATIVE);
        ck_assert_uint_eq(result.n_scanned, model.n);
        ck_assert_uint_eq(result.n_leaked, (uint64_t)__builtin_popcountll(model.lost));
        ck_assert_uint_eq(result.leaked_bytes, lost_bytes(&model));
        compare_rows(&model);
        n_lost += result.n_leaked;
        n_kept += model.n - result.n_leaked;
        leak_kit_end(&model.kit);
    }
    ck_assert_uint_gt(n_lost, N_GRAPHS); /* the graphs are worth the name */
    ck_assert_uint_gt(n_kept, N_GRAPHS);
}
END_TEST

/* ---- shapes that recursion or a bounded stack would not survive ---- */

enum { LONG = 100000 };

START_TEST(a_list_of_a_hundred_thousand_objects_in_random_order_is_followed_to_its_end)
{
    static void *objects[LONG];
    struct leak_kit kit;
    struct mm_rng rng;
    mm_rng_seed(&rng, 5);
    leak_kit_begin(&kit);
    for (size_t i = 0; i < LONG; i++)
        objects[i] = leak_kit_alloc(&kit, 32, "list");
    for (size_t i = LONG - 1; i > 0; i--) {
        size_t other = mm_rng_below(&rng, i + 1);
        void *kept = objects[i];
        objects[i] = objects[other];
        objects[other] = kept;
    }
    for (size_t i = 0; i + 1 < LONG; i++)
        leak_kit_store(&kit, objects[i], 16, objects[i + 1]);
    kit.roots[0] = objects[0];
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    kit.roots[0] = NULL;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), LONG);
    ck_assert_uint_eq(kit.leak.rows[0].n_objects, 1);
    ck_assert_uint_eq(kit.leak.rows[0].address, leak_kit_offset(&kit, objects[0]));
    ck_assert_uint_eq(kit.leak.rows[0].retained_objects, LONG);
    leak_kit_store(&kit, objects[LONG - 1], 16, objects[0]); /* a circle now */
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), LONG);
    ck_assert_uint_eq(kit.leak.rows[0].n_objects, 1);
    ck_assert_uint_eq(kit.leak.rows[0].retained_objects, LONG);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(every_byte_of_an_object_keeps_it_and_no_byte_beside_it)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    uint8_t *small = mm_kzalloc(&kit.heap, 48);
    uint8_t *large = mm_kzalloc(&kit.heap, 3 * MMSIM_PAGE_SIZE);
    for (size_t at = 0; at < 3 * MMSIM_PAGE_SIZE; at += 1021) {
        kit.roots[0] = small + at % 48;
        kit.roots[1] = large + at;
        ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    }
    kit.roots[0] = small + 48;
    kit.roots[1] = large + 3 * MMSIM_PAGE_SIZE;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 2);
    kit.roots[0] = small - 1;
    kit.roots[1] = large - 1;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 2);
    leak_kit_end(&kit);
}
END_TEST

START_TEST(every_word_of_an_object_is_read_whatever_its_size_and_place)
{
    struct leak_kit kit;
    leak_kit_begin(&kit);
    void *target = leak_kit_alloc(&kit, 16, "target");
    for (size_t n_bytes = 16; n_bytes <= 1024; n_bytes += 16) {
        uint8_t *holder = leak_kit_alloc(&kit, n_bytes, "holder");
        kit.roots[0] = holder;
        for (size_t at = 0; at + 4 <= n_bytes; at += 4) {
            leak_kit_store(&kit, holder, at, target);
            ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
            leak_kit_store(&kit, holder, at, NULL);
        }
        ck_assert_uint_eq(leak_kit_n_leaked(&kit), 1);
        mm_kfree(&kit.heap, holder);
    }
    leak_kit_end(&kit);
}
END_TEST

START_TEST(objects_of_coloured_slabs_are_found_by_every_byte_too)
{
    enum { N = 200 };
    struct leak_kit kit;
    struct mm_cache cache;
    uint8_t *objects[N];
    leak_kit_begin(&kit);
    struct mm_cache_setup setup = {.name = "c", .object_bytes = 200, .flags = MM_CACHE_COLOUR};
    ck_assert(mm_cache_init(&cache, &kit.heap, &setup));
    ck_assert_uint_gt(kit.heap.sets[cache.active]->layout.n_colours, 1);
    for (size_t i = 0; i < N; i++)
        ck_assert_ptr_nonnull(objects[i] = mm_cache_zalloc(&cache));
    for (size_t i = 0; i + 1 < N; i++)
        leak_kit_store(&kit, objects[i], i % 49 * 4, objects[i + 1] + i);
    kit.roots[0] = objects[0] + 199;
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), 0);
    kit.roots[0] = objects[N / 2];
    ck_assert_uint_eq(leak_kit_n_leaked(&kit), N / 2);
    ck_assert_uint_eq(kit.leak.rows[0].address, leak_kit_offset(&kit, objects[0]));
    ck_assert_uint_eq(kit.leak.rows[0].retained_objects, N / 2);
    leak_kit_end(&kit);
}
END_TEST

Suite *test_leak_graph_suite(void);
Suite *test_leak_graph_suite(void)
{
    Suite *suite = suite_create("leak graphs");
    TCase *tests = tcase_create("graphs");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, random_graphs_are_judged_as_a_brute_force_model_does, 0, 2);
    tcase_add_test(tests,
                   a_list_of_a_hundred_thousand_objects_in_random_order_is_followed_to_its_end);
    tcase_add_test(tests, every_byte_of_an_object_keeps_it_and_no_byte_beside_it);
    tcase_add_test(tests, every_word_of_an_object_is_read_whatever_its_size_and_place);
    tcase_add_test(tests, objects_of_coloured_slabs_are_found_by_every_byte_too);
    suite_add_tcase(suite, tests);
    return suite;
}
