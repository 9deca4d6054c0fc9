/*
 * test_swap_clusters.c - which slot is taken next, against a model that looks at every slot and
 * notes when each cluster became free or partial.
 */
#include "paging/swap_clusters.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

enum { MOST_SLOTS = 3000, MOST_CLUSTERS = 12, PER_CLUSTER = 256 };

static struct mm_clusters clusters;
static struct mm_cluster memory[MOST_CLUSTERS];

static void begin(uint32_t n_slots)
{
    memset(memory, 0, sizeof memory);
    mm_clusters_init(&clusters, memory, n_slots);
    ck_assert_ptr_null(mm_clusters_check(&clusters));
}

static const uint32_t sizes[] = {0, 1, 63, 64, 255, 256, 257, 512, 1000, 2999};
enum { N_SIZES = sizeof sizes / sizeof *sizes };

START_TEST(slots_of_a_fresh_area_come_in_a_row_until_it_is_full)
{
    begin(sizes[_i]);
    for (uint32_t slot = 0; slot < sizes[_i]; slot++)
        ck_assert_uint_eq(mm_clusters_take(&clusters), slot);
    ck_assert_uint_eq(mm_clusters_take(&clusters), MM_NO_SLOT);
    ck_assert_uint_eq(clusters.n_free, 0);
    ck_assert_ptr_null(mm_clusters_check(&clusters));
}
END_TEST

START_TEST(a_slot_that_is_given_back_waits_until_the_row_has_ended)
{
    begin(512);
    for (uint32_t slot = 0; slot < 10; slot++)
        mm_clusters_take(&clusters);
    mm_clusters_give(&clusters, 3);
    for (uint32_t slot = 10; slot < 512; slot++)
        ck_assert_uint_eq(mm_clusters_take(&clusters), slot);
    ck_assert_uint_eq(mm_clusters_take(&clusters), 3);
    ck_assert_uint_eq(mm_clusters_take(&clusters), MM_NO_SLOT);
}
END_TEST

START_TEST(a_free_cluster_comes_before_a_partial_one)
{
    begin(768);
    for (uint32_t slot = 0; slot < 768; slot++)
        mm_clusters_take(&clusters);
    mm_clusters_give(&clusters, 5);
    for (uint32_t slot = 256; slot < 512; slot++)
        mm_clusters_give(&clusters, slot);
    for (uint32_t slot = 256; slot < 512; slot++)
        ck_assert_uint_eq(mm_clusters_take(&clusters), slot);
    ck_assert_uint_eq(mm_clusters_take(&clusters), 5);
}
END_TEST

/* ---- the model ---- */

enum kind { KIND_FREE, KIND_PARTIAL, KIND_FULL };

static struct {
    bool used[MOST_SLOTS];
    int64_t since[MOST_CLUSTERS]; /* of its present kind, or of being left */
    int64_t time;
    uint32_t n_slots, n_clusters, n_used;
    int64_t last; /* slot taken; -1: none yet */
} model;

static enum kind kind_of(uint32_t cluster)
{
    uint32_t n_used = 0, n = 0;
    for (uint32_t slot = cluster * PER_CLUSTER; slot < (cluster + 1) * PER_CLUSTER; slot++) {
        n += slot < model.n_slots;
        n_used += slot < model.n_slots && model.used[slot];
    }
    if (n_used == 0)
        return KIND_FREE;
    return n_used < n ? KIND_PARTIAL : KIND_FULL;
}

static uint32_t first_unused(uint32_t from)
{
    uint32_t end = (from / PER_CLUSTER + 1) * PER_CLUSTER;
    for (uint32_t slot = from; slot < end && slot < model.n_slots; slot++) {
        if (!model.used[slot])
            return slot;
    }
    return MM_NO_SLOT;
}

static uint32_t oldest_of(enum kind kind)
{
    uint32_t best = MM_NO_SLOT;
    for (uint32_t i = 0; i < model.n_clusters; i++) {
        if (kind_of(i) == kind && (best == MM_NO_SLOT || model.since[i] < model.since[best]))
            best = i;
    }
    return best;
}

static uint32_t model_next(void)
{
    if (model.n_used == model.n_slots)
        return MM_NO_SLOT;
    if (model.last >= 0) {
        uint32_t last = (uint32_t)model.last;
        uint32_t slot = (last + 1) % PER_CLUSTER == 0 ? MM_NO_SLOT : first_unused(last + 1);
        if (slot != MM_NO_SLOT)
            return slot;
        model.since[last / PER_CLUSTER] = model.time;
    }
    uint32_t cluster = oldest_of(KIND_FREE);
    if (cluster == MM_NO_SLOT)
        cluster = oldest_of(KIND_PARTIAL);
    return first_unused(cluster * PER_CLUSTER);
}

static void take(void)
{
    uint32_t expected = model_next();
    ck_assert_uint_eq(mm_clusters_take(&clusters), expected);
    model.time++;
    if (expected == MM_NO_SLOT)
        return;
    model.used[expected] = true;
    model.last = expected;
    model.n_used++;
}

static void give(uint32_t slot)
{
    uint32_t cluster = slot / PER_CLUSTER;
    enum kind before = kind_of(cluster);
    mm_clusters_give(&clusters, slot);
    model.used[slot] = false;
    model.n_used--;
    if (kind_of(cluster) != before)
        model.since[cluster] = model.time;
    model.time++;
}

static void begin_model(uint32_t n_slots)
{
    begin(n_slots);
    memset(&model, 0, sizeof model);
    model.n_slots = n_slots;
    model.n_clusters = (n_slots + PER_CLUSTER - 1) / PER_CLUSTER;
    model.last = -1;
    for (uint32_t i = 0; i < model.n_clusters; i++)
        model.since[i] = (int64_t)i - MOST_CLUSTERS;
}

START_TEST(slots_are_taken_as_a_model_takes_them)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    begin_model(sizes[_i]);
    for (unsigned round = 0; round < 60; round++) {
        unsigned taking = (unsigned)mm_rng_below(&rng, 101); /* per cent of this round's steps */
        for (unsigned step = 0; step < 200; step++) {
            uint32_t slot = (uint32_t)mm_rng_below(&rng, model.n_slots + 1);
            if (mm_rng_below(&rng, 100) < taking)
                take();
            else if (slot < model.n_slots && model.used[slot])
                give(slot);
        }
        if (round % 7 == 0) { /* a cluster is emptied */
            uint32_t cluster = (uint32_t)mm_rng_below(&rng, model.n_clusters + 1);
            for (uint32_t slot = cluster * PER_CLUSTER; slot < (cluster + 1) * PER_CLUSTER; slot++)
                if (slot < model.n_slots && model.used[slot])
                    give(slot);
        }
        ck_assert_uint_eq(clusters.n_free, model.n_slots - model.n_used);
        for (uint32_t slot = 0; slot < model.n_slots; slot++)
            ck_assert_int_eq(mm_clusters_uses(&clusters, slot), model.used[slot]);
        ck_assert_ptr_null(mm_clusters_check(&clusters));
    }
}
END_TEST

START_TEST(the_check_finds_what_is_wrong)
{
    begin(700);
    for (unsigned i = 0; i < 300; i++)
        mm_clusters_take(&clusters);
    mm_clusters_give(&clusters, 7); /* cluster 0 partial, 1 at hand, 2 free and short */
    ck_assert_ptr_null(mm_clusters_check(&clusters));
    memory[0].used[1] ^= 4;
    ck_assert_ptr_nonnull(mm_clusters_check(&clusters));
    memory[0].used[1] ^= 4;
    clusters.n_free--;
    ck_assert_ptr_nonnull(mm_clusters_check(&clusters));
    clusters.n_free++;
    memory[2].used[3] = 0; /* beyond the end */
    ck_assert_ptr_nonnull(mm_clusters_check(&clusters));
    memory[2].used[3] = UINT64_MAX;
    clusters.at_hand = 2;
    ck_assert_ptr_nonnull(mm_clusters_check(&clusters));
    clusters.at_hand = 1;
    ck_assert_ptr_null(mm_clusters_check(&clusters));
    mm_list_remove(&memory[2].link);
    ck_assert_ptr_nonnull(mm_clusters_check(&clusters));
    mm_list_append(&clusters.partial, &memory[2].link);
    ck_assert_ptr_nonnull(mm_clusters_check(&clusters));
}
END_TEST

Suite *test_swap_clusters_suite(void);
Suite *test_swap_clusters_suite(void)
{
    Suite *suite = suite_create("swap_clusters");
    TCase *tests = tcase_create("swap_clusters");
    tcase_add_loop_test(tests, slots_of_a_fresh_area_come_in_a_row_until_it_is_full, 0, N_SIZES);
    tcase_add_test(tests, a_slot_that_is_given_back_waits_until_the_row_has_ended);
    tcase_add_test(tests, a_free_cluster_comes_before_a_partial_one);
    tcase_add_loop_test(tests, slots_are_taken_as_a_model_takes_them, 0, N_SIZES);
    tcase_add_test(tests, the_check_finds_what_is_wrong);
    suite_add_tcase(suite, tests);
    return suite;
}
