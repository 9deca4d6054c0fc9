/*
 * Compaction with a mover that only notes what it is told: which place is emptied, where frames go,
 * what stands in the way. Moving real pages is tested in paging/test_migrate.c.
 */
#include "alloc/compact.h"
#include "zone_kit.h"

static struct fixture fixture;
static struct mm_zones *zones = &fixture.zones;
static struct mm_frame *frames[16384]; /* all of memory, by pfn */

static struct moves {
    unsigned n;
    mmsim_pfn from[1024], to[1024];
    mmsim_pfn refused; /* this one stays */
} moves;

static void move(void *user, struct mm_frame_moves *wanted)
{
    struct moves *seen = user;
    for (mmsim_pfn i = 0; i < wanted->n_frames; i++) {
        mmsim_pfn from = wanted->first + i;
        if (wanted->to[i] == MM_NO_PFN)
            continue;
        if (zones->table[wanted->to[i]].count != zones->table[from].count)
            ck_abort_msg("the new frame has another count");
        wanted->moved[i] = from != seen->refused;
        seen->from[seen->n] = from;
        seen->to[seen->n++] = wanted->to[i];
    }
}

/* 20 MiB: low frames 256 to 5119, high frames 1 to 255. All in use, one by one: of 16 frames the
 * first 12 by processes, then 4 by the kernel, except in pageblock 3, which is all processes'. */
static void begin(void)
{
    setup(&fixture, 20 * MMSIM_MIB, 0);
    moves = (struct moves){.refused = MM_NO_PFN};
    struct mm_frame *frame;
    while ((frame = mm_zone_alloc(zones, MM_FRAME_ANON, 0)))
        frames[mm_frame_pfn(zones, frame)] = frame;
    for (mmsim_pfn pfn = 256; pfn < 5120; pfn++) {
        if (pfn % 16 < 12 || pfn / 1024 == 3)
            continue;
        frames[pfn]->use = MM_FRAME_SLAB;
        zones->n_by_use[MM_FRAME_ANON]--;
        zones->n_by_use[MM_FRAME_SLAB]++;
    }
    zones->move_frames = move;
    zones->move_user = &moves;
    ck_assert_ptr_null(mm_zones_check(zones));
}

static void end(void)
{
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}

static void free_frames(mmsim_pfn first, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        mm_zone_free(zones, frames[first + i], 0);
}

START_TEST(the_cheapest_place_is_emptied)
{
    struct mm_compact_result result;
    free_frames(1600, 3); /* of eight */
    free_frames(2400, 5);
    free_frames(2600, 1); /* nothing of order 3 */
    ck_assert(mm_compact_block(zones, MM_ZONE_LOW, 3, &result));
    ck_assert_int_eq(result.end, MM_COMPACT_DONE);
    ck_assert_uint_eq(result.pfn, 2400);
    ck_assert_uint_eq(result.n_moved, 3);
    ck_assert_uint_eq(moves.n, 3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_uint_eq(moves.from[i], 2405 + i);
        ck_assert(moves.to[i] < 2400 || moves.to[i] >= 2408);
        ck_assert_uint_eq(zones->table[moves.to[i]].use, MM_FRAME_ANON);
    }
    ck_assert_uint_eq(mm_buddy_n_blocks(&zones->zones[MM_ZONE_LOW], 3), 1);
}
END_TEST

START_TEST(frames_move_to_high_memory_first_and_keep_what_is_known_of_them)
{
    struct mm_compact_result result;
    free_frames(1600, 3);
    free_frames(100, 5);
    frames[1603]->count = 7;
    frames[1603]->payload = 99;
    ck_assert(mm_compact_block(zones, MM_ZONE_LOW, 2, &result));
    ck_assert_uint_eq(result.n_moved, 1);
    ck_assert_uint_eq(moves.from[0], 1603);
    ck_assert_uint_ge(moves.to[0], 100);
    ck_assert_uint_lt(moves.to[0], 105);
    ck_assert_uint_eq(zones->table[moves.to[0]].count, 7);
    ck_assert_uint_eq(zones->table[moves.to[0]].payload, 99);
}
END_TEST

START_TEST(a_4_mib_block_is_assembled)
{
    struct mm_compact_result result;
    free_frames(1, 255);
    for (mmsim_pfn pfn = 256; pfn < 5120; pfn += 16)
        if (pfn / 1024 != 3)
            free_frames(pfn, 4); /* 960 frames, nowhere more than four together */
    ck_assert(mm_compact_block(zones, MM_ZONE_LOW, MM_BUDDY_MAX_ORDER, &result));
    ck_assert_uint_eq(result.pfn, 3 * 1024);
    ck_assert_uint_eq(result.n_moved, 1024);
    ck_assert_uint_eq(result.n_blocks, 4); /* 256 to 1023 is no place for one */
    ck_assert_uint_eq(result.n_pinned, 3);
    ck_assert_uint_eq(result.n_pinned_by[MM_FRAME_SLAB], 3);
    ck_assert_uint_eq(zones->n_compacted_frames, 1024);
}
END_TEST

START_TEST(a_request_compacts_by_itself)
{
    free_frames(1600, 3);
    free_frames(2400, 5);
    struct mm_frame *block = mm_zone_alloc(zones, MM_FRAME_SLAB, 3);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(mm_frame_pfn(zones, block), 2400);
    ck_assert_uint_eq(zones->n_compactions, 1);
    ck_assert_uint_eq(zones->n_failures, 1); /* the one of begin() */
}
END_TEST

START_TEST(what_pins_every_place_is_counted)
{
    struct mm_compact_result result;
    free_frames(256, 8);
    free_frames(272, 8);
    ck_assert(mm_zones_reserve(zones, MM_ZONE_LOW, 1));
    ck_assert(!mm_compact_block(zones, MM_ZONE_LOW, 4, &result)); /* but in pageblock 3 */
    ck_assert_int_eq(result.end, MM_COMPACT_NO_ROOM);
    ck_assert_uint_eq(result.n_blocks, (5120 - 256) / 16);
    ck_assert_uint_eq(result.n_pinned, (5120 - 256 - 1024) / 16);
    ck_assert_uint_eq(result.n_pinned_by[MM_FRAME_SLAB], (5120 - 256 - 1024) / 16);
    ck_assert_uint_eq(result.n_pinned_by[MM_FRAME_FREE], 1);
    for (mmsim_pfn pfn = 3 * 1024 + 8; pfn < 4 * 1024; pfn += 16)
        frames[pfn]->use = MM_FRAME_PAGE_TABLE;
    zones->n_by_use[MM_FRAME_ANON] -= 64;
    zones->n_by_use[MM_FRAME_PAGE_TABLE] += 64;
    ck_assert(!mm_compact_block(zones, MM_ZONE_LOW, 4, &result));
    ck_assert_int_eq(result.end, MM_COMPACT_PINNED);
    ck_assert_uint_eq(result.n_pinned_by[MM_FRAME_PAGE_TABLE], 64);
    ck_assert_uint_eq(moves.n, 0);
}
END_TEST

START_TEST(frames_that_have_nowhere_to_go_stay)
{
    struct mm_compact_result result;
    free_frames(1600, 3);
    ck_assert(!mm_compact_block(zones, MM_ZONE_LOW, 2, &result));
    ck_assert_int_eq(result.end, MM_COMPACT_NO_ROOM);
    free_frames(1700, 1);
    ck_assert(mm_compact_block(zones, MM_ZONE_LOW, 2, &result));
    ck_assert_uint_eq(moves.to[0], 1700);
}
END_TEST

START_TEST(nothing_is_moved_where_a_block_is_free_or_nobody_can_move)
{
    struct mm_compact_result result;
    free_frames(1600, 8);
    free_frames(2000, 3);
    ck_assert(mm_compact_block(zones, MM_ZONE_LOW, 3, &result));
    ck_assert_int_eq(result.end, MM_COMPACT_DONE);
    ck_assert_uint_eq(result.pfn, 1600);
    ck_assert_uint_eq(result.n_moved, 0);
    zones->move_frames = NULL;
    ck_assert(!mm_compact_block(zones, MM_ZONE_LOW, 4, &result) &&
              result.end == MM_COMPACT_NO_ROOM);
    free_frames(2300, 3);
    free_frames(2200, 4);
    ck_assert(!mm_compact_block(zones, MM_ZONE_LOW, 4, &result));
    ck_assert_int_eq(result.end, MM_COMPACT_NO_MOVER);
    ck_assert_uint_eq(moves.n, 0);
}
END_TEST

START_TEST(a_refused_move_leaves_everything_consistent)
{
    struct mm_compact_result result;
    free_frames(2400, 5);
    free_frames(1600, 3);
    moves.refused = 2406;
    uint64_t n_free = zones->n_by_use[MM_FRAME_FREE];
    ck_assert(!mm_compact_block(zones, MM_ZONE_LOW, 3, &result));
    ck_assert_int_eq(result.end, MM_COMPACT_REFUSED);
    ck_assert_uint_eq(result.n_moved, 2);
    ck_assert_uint_eq(result.n_refused, 1);
    ck_assert_uint_eq(zones->table[2406].use, MM_FRAME_ANON);
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_FREE], n_free);
}
END_TEST

START_TEST(blocks_of_processes_of_more_than_a_frame_are_not_moved)
{
    struct mm_compact_result result;
    free_frames(2400, 4);
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_ANON, 2), frames[2400]);
    free_frames(1, 8);
    free_frames(2404, 2);
    ck_assert(mm_compact_block(zones, MM_ZONE_LOW, 3, &result));
    ck_assert_uint_ne(result.pfn, 2400);
    ck_assert_uint_eq(result.n_pinned_by[MM_FRAME_ANON], 1);
}
END_TEST

Suite *test_compact_suite(void);
Suite *test_compact_suite(void)
{
    Suite *suite = suite_create("compact");
    TCase *tests = tcase_create("compact");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, the_cheapest_place_is_emptied);
    tcase_add_test(tests, frames_move_to_high_memory_first_and_keep_what_is_known_of_them);
    tcase_add_test(tests, a_4_mib_block_is_assembled);
    tcase_add_test(tests, a_request_compacts_by_itself);
    tcase_add_test(tests, what_pins_every_place_is_counted);
    tcase_add_test(tests, frames_that_have_nowhere_to_go_stay);
    tcase_add_test(tests, nothing_is_moved_where_a_block_is_free_or_nobody_can_move);
    tcase_add_test(tests, a_refused_move_leaves_everything_consistent);
    tcase_add_test(tests, blocks_of_processes_of_more_than_a_frame_are_not_moved);
    suite_add_tcase(suite, tests);
    return suite;
}
