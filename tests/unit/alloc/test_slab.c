/* Slab caches: objects that do not overlap, slabs that come and go, and promises that hold. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/slab.h"
#include "base/assert.h"
#include "base/rng.h"

struct fixture {
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_slab_cache cache;
};

static void setup(struct fixture *fixture, uint64_t ram_bytes, size_t object_bytes)
{
    ck_assert(mm_phys_init(&fixture->phys, ram_bytes));
    ck_assert(mm_zones_init(&fixture->zones, &fixture->phys, 0));
    mm_slab_init(&fixture->cache, &fixture->zones, "object", object_bytes);
}

static void teardown(struct fixture *fixture)
{
    mm_zones_fini(&fixture->zones);
    mm_phys_fini(&fixture->phys);
}

static const char *check(const struct fixture *fixture)
{
    const char *broken = mm_slab_check(&fixture->cache);
    return broken ? broken : mm_zones_check(&fixture->zones);
}

static uint64_t n_slab_frames(const struct fixture *fixture)
{
    return fixture->zones.n_by_use[MM_FRAME_SLAB];
}

static const size_t sizes[] = {1, 8, 16, 24, 100, 136, 1000, 1366, 2000, 4096, 5000, 9008, 16384};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

START_TEST(a_slab_wastes_at_most_an_eighth_and_is_no_larger_than_that_takes)
{
    for (size_t bytes = 1; bytes <= MM_SLAB_MAX_BYTES; bytes++) {
        struct mm_slab_cache cache;
        mm_slab_init(&cache, NULL, "object", bytes);
        size_t rounded = (bytes + 15) / 16 * 16;
        size_t slab_bytes = (size_t)4096 << cache.order;
        size_t wasted = slab_bytes - cache.per_slab * rounded;
        bool right = cache.object_bytes == rounded && cache.per_slab >= 1 && wasted < rounded &&
                     wasted * 8 <= slab_bytes;
        for (unsigned order = 0; order < cache.order; order++) /* smaller ones would not do */
            right &= ((size_t)4096 << order) < rounded ||
                     ((size_t)4096 << order) % rounded * 8 > (size_t)4096 << order;
        if (!right)
            ck_abort_msg("objects of %zu bytes: order %u, %u a slab", bytes, cache.order,
                         cache.per_slab);
    }
}
END_TEST

START_TEST(objects_are_zeroed_and_aligned_each_time)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, sizes[_i]);
    unsigned n_wrong = 0;
    for (int round = 0; round < 3; round++) {
        uint8_t *objects[40];
        for (int i = 0; i < 40; i++) {
            objects[i] = mm_slab_alloc(&fixture.cache);
            n_wrong += (uintptr_t)objects[i] % 16 != 0;
            for (size_t k = 0; k < sizes[_i]; k++)
                n_wrong += objects[i][k] != 0;
            memset(objects[i], 0xff, fixture.cache.object_bytes);
        }
        for (int i = 0; i < 40; i++)
            mm_slab_free(&fixture.cache, objects[i]);
    }
    ck_assert_uint_eq(n_wrong, 0);
    ck_assert_uint_eq(n_slab_frames(&fixture), 0);
    teardown(&fixture);
}
END_TEST

/* ---- against a model ---- */

enum { MAX_LIVE = 600 };

/* Each live object is filled from its own seed; whoever overlaps it spoils it. */
static void fill(uint8_t *object, size_t n_bytes, uint64_t seed)
{
    for (size_t i = 0; i < n_bytes; i++)
        object[i] = (uint8_t)mm_rng_mix(seed + i);
}

static bool is_filled(const uint8_t *object, size_t n_bytes, uint64_t seed)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (object[i] != (uint8_t)mm_rng_mix(seed + i))
            return false;
    return true;
}

struct live {
    uint8_t *object;
    uint64_t seed;
};

static const char *difference(const struct fixture *fixture, const struct live *live,
                              unsigned n_live)
{
    if (fixture->cache.n_objects != n_live)
        return "the count of objects is wrong";
    uint64_t n_slabs = n_slab_frames(fixture) >> fixture->cache.order;
    if (fixture->cache.n_slabs != n_slabs)
        return "the count of slabs is not the frames that are used for them";
    for (unsigned i = 0; i < n_live; i++)
        for (unsigned k = 0; k < i; k++)
            if (llabs(live[i].object - live[k].object) < (long long)fixture->cache.object_bytes)
                return "two objects overlap";
    return check(fixture);
}

START_TEST(random_objects_do_not_overlap_and_keep_their_contents)
{
    struct fixture fixture;
    size_t bytes = sizes[_i];
    setup(&fixture, 16 * MMSIM_MIB, bytes);
    struct live live[MAX_LIVE];
    unsigned n_live = 0;
    struct mm_rng rng;
    mm_rng_seed(&rng, bytes);
    const char *wrong = NULL;
    for (uint64_t i = 0; i < 2400 && !wrong; i++) {
        if (n_live < MAX_LIVE && mm_rng_below(&rng, 100) < (i / 600 % 2 ? 25u : 75u)) {
            uint8_t *object = mm_slab_alloc(&fixture.cache);
            fill(object, bytes, i << 20);
            live[n_live++] = (struct live){object, i << 20};
        } else if (n_live > 0) {
            unsigned victim = (unsigned)mm_rng_below(&rng, n_live);
            if (!is_filled(live[victim].object, bytes, live[victim].seed))
                wrong = "an object's contents have changed";
            mm_slab_free(&fixture.cache, live[victim].object);
            live[victim] = live[--n_live];
        }
        if (!wrong && i % 16 == 0)
            wrong = difference(&fixture, live, n_live);
    }
    ck_assert_ptr_null(wrong);
    while (n_live-- > 0) {
        if (!is_filled(live[n_live].object, bytes, live[n_live].seed))
            ck_abort_msg("an object's contents have changed");
        mm_slab_free(&fixture.cache, live[n_live].object);
    }
    ck_assert_uint_eq(fixture.cache.n_slabs, 0);
    ck_assert_uint_eq(n_slab_frames(&fixture), 0);
    ck_assert_ptr_null(check(&fixture));
    teardown(&fixture);
}
END_TEST

/* ---- slabs ---- */

START_TEST(every_frame_of_a_slab_names_its_cache)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 9008);
    ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    ck_assert_uint_gt(fixture.cache.order, 0);
    const struct mm_zones *zones = &fixture.zones;
    unsigned n_frames = 0;
    struct mm_frame *frame = mm_zone_next_used(zones, 1);
    for (; frame; frame = mm_zone_next_used(zones, mm_frame_pfn(zones, frame) + 1)) {
        ck_assert_uint_eq(frame->use, MM_FRAME_SLAB);
        ck_assert_ptr_eq(frame->owner, &fixture.cache);
        ck_assert_uint_eq(frame->count, 1);
        n_frames++;
    }
    ck_assert_uint_eq(n_frames, 1u << fixture.cache.order);
    teardown(&fixture);
}
END_TEST

START_TEST(a_slab_is_taken_when_the_last_is_full_and_returned_when_empty)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 1000); /* four in a slab */
    void *objects[12];
    for (unsigned i = 0; i < 12; i++) {
        objects[i] = mm_slab_alloc(&fixture.cache);
        ck_assert_uint_eq(n_slab_frames(&fixture), i / 4 + 1);
    }
    for (unsigned i = 0; i < 4; i++)
        mm_slab_free(&fixture.cache, objects[i]);
    ck_assert_uint_eq(n_slab_frames(&fixture), 3); /* the only one with free objects stays */
    mm_slab_free(&fixture.cache, objects[4]);
    ck_assert_uint_eq(n_slab_frames(&fixture), 2); /* until another one has some */
    for (unsigned i = 5; i < 12; i++)
        mm_slab_free(&fixture.cache, objects[i]);
    ck_assert_uint_eq(n_slab_frames(&fixture), 0); /* nothing is left with nobody using it */
    ck_assert_ptr_null(check(&fixture));
    teardown(&fixture);
}
END_TEST

START_TEST(a_pair_of_alloc_and_free_at_the_edge_of_a_slab_moves_no_frames)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 1000);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    mm_slab_free(&fixture.cache, mm_slab_alloc(&fixture.cache));
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(n_slab_frames(&fixture), 2);
        mm_slab_free(&fixture.cache, mm_slab_alloc(&fixture.cache));
    }
    teardown(&fixture);
}
END_TEST

START_TEST(objects_are_handed_out_in_ascending_order_and_reused_last_first)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 100);
    uint8_t *objects[36];
    for (unsigned i = 0; i < 36; i++) {
        objects[i] = mm_slab_alloc(&fixture.cache);
        ck_assert_ptr_eq(objects[i], objects[0] + i * 112);
    }
    mm_slab_free(&fixture.cache, objects[7]);
    mm_slab_free(&fixture.cache, objects[3]);
    ck_assert_ptr_eq(mm_slab_alloc(&fixture.cache), objects[3]);
    ck_assert_ptr_eq(mm_slab_alloc(&fixture.cache), objects[7]);
    teardown(&fixture);
}
END_TEST

START_TEST(freed_objects_are_poisoned_beyond_their_link)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 64);
    ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    uint8_t *object = mm_slab_alloc(&fixture.cache);
    mm_slab_free(&fixture.cache, object);
    for (unsigned i = 8; i < 64; i++)
        ck_assert_uint_eq(object[i], 0x6b);
    teardown(&fixture);
}
END_TEST

static void exercise(struct fixture *fixture)
{
    void *objects[200];
    struct mm_rng rng;
    mm_rng_seed(&rng, 23);
    for (int i = 0; i < 200; i++)
        objects[i] = mm_slab_alloc(&fixture->cache);
    for (int i = 0; i < 200; i++)
        if (mm_rng_below(&rng, 3))
            mm_slab_free(&fixture->cache, objects[i]);
}

START_TEST(ram_holds_the_same_bytes_in_every_run)
{
    struct fixture one, other;
    setup(&one, 4 * MMSIM_MIB, 200);
    setup(&other, 4 * MMSIM_MIB, 200);
    ck_assert_ptr_ne(one.phys.host, other.phys.host);
    exercise(&one);
    exercise(&other);
    ck_assert(memcmp(one.phys.host, other.phys.host, one.phys.n_bytes) == 0);
    teardown(&one);
    teardown(&other);
}
END_TEST

START_TEST(closing_a_cache_returns_its_slabs)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 500);
    ck_assert(mm_slab_reserve(&fixture.cache, 100));
    ck_assert_uint_gt(n_slab_frames(&fixture), 0);
    mm_slab_fini(&fixture.cache);
    ck_assert_uint_eq(n_slab_frames(&fixture), 0);
    ck_assert_ptr_null(mm_zones_check(&fixture.zones));
    teardown(&fixture);
}
END_TEST

START_TEST(freeing_nothing_is_allowed)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 500);
    mm_slab_free(&fixture.cache, NULL);
    ck_assert_ptr_null(check(&fixture));
    teardown(&fixture);
}
END_TEST

/* ---- no memory, and promises ---- */

/* Takes all of low memory but n frames. */
static void exhaust(struct fixture *fixture, unsigned n_left)
{
    struct mm_frame *kept[64];
    for (unsigned i = 0; i < n_left; i++)
        kept[i] = mm_zone_alloc(&fixture->zones, MM_FRAME_PAGE_TABLE, 0);
    while (mm_zone_alloc(&fixture->zones, MM_FRAME_PAGE_TABLE, 0))
        ;
    for (unsigned i = 0; i < n_left; i++)
        mm_zone_free(&fixture->zones, kept[i], 0);
}

START_TEST(without_frames_there_are_no_objects)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 1000);
    exhaust(&fixture, 1);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    ck_assert_ptr_null(mm_slab_alloc(&fixture.cache));
    ck_assert_uint_eq(fixture.cache.n_objects, 4);
    ck_assert_ptr_null(check(&fixture));
    teardown(&fixture);
}
END_TEST

START_TEST(reserved_objects_are_there_when_memory_is_gone)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 1000);
    ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    ck_assert(mm_slab_reserve(&fixture.cache, 10));
    exhaust(&fixture, 0);
    ck_assert_ptr_null(check(&fixture));
    for (unsigned i = 0; i < 10; i++)
        ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    ck_assert_ptr_null(check(&fixture));
    teardown(&fixture);
}
END_TEST

START_TEST(a_promise_outlives_what_is_freed_meanwhile)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 1000);
    void *object = mm_slab_alloc(&fixture.cache);
    ck_assert(mm_slab_reserve(&fixture.cache, 3)); /* in the slab that is there */
    mm_slab_free(&fixture.cache, object);
    exhaust(&fixture, 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    ck_assert_ptr_null(check(&fixture));
    teardown(&fixture);
}
END_TEST

START_TEST(a_promise_that_cannot_be_given_changes_nothing)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 1000);
    exhaust(&fixture, 3);
    ck_assert(mm_slab_reserve(&fixture.cache, 5));
    ck_assert_uint_eq(fixture.zones.zones[MM_ZONE_LOW].n_free, 1);
    ck_assert(!mm_slab_reserve(&fixture.cache, 13));
    ck_assert(!mm_slab_reserve(&fixture.cache, UINT64_MAX));
    ck_assert_uint_eq(fixture.zones.zones[MM_ZONE_LOW].n_free, 1);
    ck_assert_uint_eq(fixture.cache.n_reserved, 5);
    ck_assert_ptr_null(check(&fixture));
    ck_assert(mm_slab_reserve(&fixture.cache, 12));
    teardown(&fixture);
}
END_TEST

START_TEST(a_promise_replaces_the_last_one_and_zero_ends_it)
{
    struct fixture fixture;
    setup(&fixture, 2 * MMSIM_MIB, 1000);
    ck_assert(mm_slab_reserve(&fixture.cache, 9));
    ck_assert_uint_eq(n_slab_frames(&fixture), 3);
    ck_assert(mm_slab_reserve(&fixture.cache, 4));
    ck_assert_uint_eq(n_slab_frames(&fixture), 1);
    ck_assert(mm_slab_reserve(&fixture.cache, 0));
    ck_assert_uint_eq(n_slab_frames(&fixture), 0);
    ck_assert_ptr_null(check(&fixture));
    teardown(&fixture);
}
END_TEST

/* ---- defects ---- */

/* A cache of four objects a slab: one slab full, one with two in use, one promised and empty. */
static struct mm_frame *newest(struct fixture *fixture, enum mm_slab_state state)
{
    return &fixture->zones.table[fixture->cache.heads[state]];
}

static uint8_t *first_free(struct fixture *fixture, enum mm_slab_state state)
{
    return mm_phys_host(&fixture->phys, newest(fixture, state)->payload, 1);
}

static void spoil_n_objects(struct fixture *fixture)
{
    fixture->cache.n_objects++;
}

static void spoil_n_slabs(struct fixture *fixture)
{
    fixture->cache.n_slabs++;
}

static void spoil_n_slabs_downwards(struct fixture *fixture)
{
    fixture->cache.n_slabs--;
}

static void spoil_state(struct fixture *fixture)
{
    uint32_t partial = fixture->cache.heads[MM_SLAB_PARTIAL];
    fixture->cache.heads[MM_SLAB_PARTIAL] = fixture->cache.heads[MM_SLAB_FULL];
    fixture->cache.heads[MM_SLAB_FULL] = partial;
}

static void spoil_back_link(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_FULL)->prev = 300;
}

static void spoil_slab_link(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_FULL)->next = 0x7fffffff;
}

static void spoil_n_used(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_PARTIAL)->n_used++;
}

static void spoil_n_used_downwards(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_PARTIAL)->n_used--;
}

static void spoil_n_used_beyond(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_FULL)->n_used = 5;
}

static void spoil_link(struct fixture *fixture)
{
    first_free(fixture, MM_SLAB_PARTIAL)[0]++;
}

static void spoil_link_by_a_circle(struct fixture *fixture)
{
    uint64_t own = newest(fixture, MM_SLAB_PARTIAL)->payload;
    memcpy(first_free(fixture, MM_SLAB_PARTIAL), &own, sizeof own);
}

static void spoil_link_to_another_slab(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_PARTIAL)->payload = newest(fixture, MM_SLAB_EMPTY)->payload;
}

static void spoil_poison(struct fixture *fixture)
{
    first_free(fixture, MM_SLAB_PARTIAL)[fixture->cache.object_bytes - 1] = 0;
}

static void spoil_owner(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_FULL)->owner = NULL;
}

static void spoil_use(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_FULL)->use = MM_FRAME_ANON;
}

static void spoil_order(struct fixture *fixture)
{
    newest(fixture, MM_SLAB_FULL)->order = 1;
}

static void spoil_promise(struct fixture *fixture)
{
    fixture->cache.n_reserved = 100;
}

static void spoil_surplus(struct fixture *fixture)
{
    fixture->cache.n_reserved = 0;
}

static const struct {
    void (*spoil)(struct fixture *fixture);
    const char *says;
} defects[] = {
    {spoil_n_objects, "count of objects in use is wrong"},
    {spoil_n_slabs, "fewer slabs"},
    {spoil_n_slabs_downwards, "more slabs"},
    {spoil_state, "another state"},
    {spoil_back_link, "link back"},
    {spoil_slab_link, "no slab"},
    {spoil_n_used, "longer"},
    {spoil_n_used_downwards, "shorter"},
    {spoil_n_used_beyond, "more objects in use than it holds"},
    {spoil_link, "no object of the slab"},
    {spoil_link_by_a_circle, "longer"},
    {spoil_link_to_another_slab, "no object of the slab"},
    {spoil_poison, "written to"},
    {spoil_owner, "does not name its cache"},
    {spoil_use, "in another use"},
    {spoil_order, "another order"},
    {spoil_promise, "promised"},
    {spoil_surplus, "does not need"},
};

static void make_one_slab_of_each_state(struct fixture *fixture)
{
    setup(fixture, 16 * MMSIM_MIB, 1000);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_ptr_nonnull(mm_slab_alloc(&fixture->cache));
    ck_assert(mm_slab_reserve(&fixture->cache, 3));
    ck_assert_uint_eq(n_slab_frames(fixture), 3);
    ck_assert_ptr_null(check(fixture));
}

START_TEST(check_finds_each_defect)
{
    struct fixture fixture;
    make_one_slab_of_each_state(&fixture);
    defects[_i].spoil(&fixture);
    const char *sentence = mm_slab_check(&fixture.cache);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_msg(strstr(sentence, defects[_i].says) != NULL, "it says: %s", sentence);
    teardown(&fixture);
}
END_TEST

START_TEST(freeing_twice_is_a_bug)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 100);
    void *object = mm_slab_alloc(&fixture.cache);
    ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    mm_slab_free(&fixture.cache, object);
    mm_slab_free(&fixture.cache, object);
}
END_TEST

START_TEST(freeing_into_the_wrong_cache_is_a_bug)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 100);
    struct mm_slab_cache other;
    mm_slab_init(&other, &fixture.zones, "other", 100);
    mm_slab_free(&other, mm_slab_alloc(&fixture.cache));
}
END_TEST

START_TEST(freeing_the_middle_of_an_object_is_a_bug)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 100);
    mm_slab_free(&fixture.cache, (uint8_t *)mm_slab_alloc(&fixture.cache) + 16);
}
END_TEST

START_TEST(closing_a_cache_with_live_objects_is_a_bug)
{
    struct fixture fixture;
    setup(&fixture, 16 * MMSIM_MIB, 100);
    ck_assert_ptr_nonnull(mm_slab_alloc(&fixture.cache));
    mm_slab_fini(&fixture.cache);
}
END_TEST

static TCase *bugs(void)
{
    TCase *tests = tcase_create("bugs");
    tcase_add_test_raise_signal(tests, freeing_twice_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(tests, freeing_into_the_wrong_cache_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(tests, freeing_the_middle_of_an_object_is_a_bug, SIGABRT);
    tcase_add_test_raise_signal(tests, closing_a_cache_with_live_objects_is_a_bug, SIGABRT);
    return tests;
}

Suite *test_slab_suite(void);
Suite *test_slab_suite(void)
{
    Suite *suite = suite_create("slab");
    TCase *tests = tcase_create("slab");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_slab_wastes_at_most_an_eighth_and_is_no_larger_than_that_takes);
    tcase_add_loop_test(tests, objects_are_zeroed_and_aligned_each_time, 0, N_SIZES);
    tcase_add_loop_test(tests, random_objects_do_not_overlap_and_keep_their_contents, 0, N_SIZES);
    tcase_add_test(tests, every_frame_of_a_slab_names_its_cache);
    tcase_add_test(tests, a_slab_is_taken_when_the_last_is_full_and_returned_when_empty);
    tcase_add_test(tests, a_pair_of_alloc_and_free_at_the_edge_of_a_slab_moves_no_frames);
    tcase_add_test(tests, objects_are_handed_out_in_ascending_order_and_reused_last_first);
    tcase_add_test(tests, freed_objects_are_poisoned_beyond_their_link);
    tcase_add_test(tests, ram_holds_the_same_bytes_in_every_run);
    tcase_add_test(tests, closing_a_cache_returns_its_slabs);
    tcase_add_test(tests, freeing_nothing_is_allowed);
    tcase_add_test(tests, without_frames_there_are_no_objects);
    tcase_add_test(tests, reserved_objects_are_there_when_memory_is_gone);
    tcase_add_test(tests, a_promise_outlives_what_is_freed_meanwhile);
    tcase_add_test(tests, a_promise_that_cannot_be_given_changes_nothing);
    tcase_add_test(tests, a_promise_replaces_the_last_one_and_zero_ends_it);
    tcase_add_loop_test(tests, check_finds_each_defect, 0, sizeof defects / sizeof *defects);
    suite_add_tcase(suite, tests);
    if (MM_IS_DEBUG)
        suite_add_tcase(suite, bugs());
    return suite;
}
