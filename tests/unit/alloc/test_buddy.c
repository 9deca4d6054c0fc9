/* The buddy system against a bitmap: which blocks are free follows from which frames are free. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "alloc/buddy.h"
#include "base/assert.h"
#include "base/rng.h"

enum { N_FRAMES = 9000, LARGEST = 1 << MM_BUDDY_MAX_ORDER };

/* ---- the model ---- */

struct range {
    mmsim_pfn start, end;
};

struct model {
    bool is_free[N_FRAMES];
    unsigned n_ranges;
    struct range ranges[MM_BUDDY_MAX_RANGES];
};

/* True if the block lies in one range and all of its frames are free. */
static bool block_is_free(const struct model *model, mmsim_pfn pfn, unsigned order)
{
    mmsim_pfn end = pfn + (1u << order);
    bool in_range = false;
    for (unsigned i = 0; i < model->n_ranges; i++)
        in_range |= pfn >= model->ranges[i].start && end <= model->ranges[i].end;
    for (; in_range && pfn < end; pfn++)
        if (!model->is_free[pfn])
            return false;
    return in_range;
}

/* Counts the largest aligned blocks that the free frames make. */
static void count_blocks(const struct model *model, uint32_t n_blocks[MM_BUDDY_N_ORDERS])
{
    memset(n_blocks, 0, MM_BUDDY_N_ORDERS * sizeof *n_blocks);
    mmsim_pfn pfn = 0;
    while (pfn < N_FRAMES) {
        unsigned order = MM_BUDDY_N_ORDERS;
        while (order-- > 0)
            if (pfn % (1u << order) == 0 && pfn + (1u << order) <= N_FRAMES &&
                block_is_free(model, pfn, order))
                break;
        if (order < MM_BUDDY_N_ORDERS)
            n_blocks[order]++;
        pfn += order < MM_BUDDY_N_ORDERS ? 1u << order : 1;
    }
}

static void mark(struct model *model, mmsim_pfn pfn, unsigned order, bool is_free)
{
    memset(&model->is_free[pfn], is_free, (size_t)1 << order);
}

/* True if a free frame reads as frame.h says: untouched, the head of its block, or within one. */
static bool is_well_marked(const struct mm_frame *frames, const struct model *model, mmsim_pfn pfn)
{
    const struct mm_frame untouched = {0};
    if (memcmp(&frames[pfn], &untouched, sizeof untouched) == 0)
        return true;
    unsigned order = frames[pfn].order;
    if (frames[pfn].use != MM_FRAME_FREE || order == MM_FRAME_NO_ORDER)
        return frames[pfn].use == MM_FRAME_FREE;
    mmsim_pfn parent = pfn & ~((2u << order) - 1);
    return block_is_free(model, pfn, order) &&
           (order == MM_BUDDY_MAX_ORDER || parent + (2u << order) > N_FRAMES ||
            !block_is_free(model, parent, order + 1));
}

static const char *difference(const struct mm_buddy *buddy, const struct model *model)
{
    uint32_t n_blocks[MM_BUDDY_N_ORDERS];
    count_blocks(model, n_blocks);
    if (memcmp(buddy->n_blocks, n_blocks, sizeof n_blocks) != 0)
        return "the free blocks are not the largest ones that the free frames make";
    uint64_t n_free = 0;
    for (mmsim_pfn pfn = 0; pfn < N_FRAMES; pfn++) {
        n_free += model->is_free[pfn];
        if (model->is_free[pfn] && !is_well_marked(buddy->frames, model, pfn))
            return "a free frame has a mark that it should not have";
    }
    if (buddy->n_free != n_free)
        return "n_free is not the number of free frames";
    return mm_buddy_check(buddy);
}

/* ---- fixtures ---- */

static const struct {
    unsigned n_ranges;
    struct range ranges[MM_BUDDY_MAX_RANGES];
} layouts[] = {
    {1, {{0, 8192}}},
    {1, {{1, N_FRAMES}}},
    {1, {{5, 7}}},
    {1, {{1023, 1025}}},
    {2, {{1, 256}, {4096, 8191}}},
    {2, {{3, 1500}, {1500, 6000}}}, /* neighbours that must not merge */
    {4, {{1, 9}, {1024, 2048}, {2050, 4000}, {7000, N_FRAMES}}},
};
enum { N_LAYOUTS = sizeof layouts / sizeof *layouts };

struct fixture {
    struct mm_buddy buddy;
    struct model model;
    struct mm_frame frames[N_FRAMES];
};

static struct fixture *make(unsigned layout)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    mm_buddy_init(&fixture->buddy, fixture->frames);
    for (unsigned i = 0; i < layouts[layout].n_ranges; i++) {
        struct range range = layouts[layout].ranges[i];
        mm_buddy_add(&fixture->buddy, range.start, range.end);
        fixture->model.ranges[fixture->model.n_ranges++] = range;
        memset(&fixture->model.is_free[range.start], true, range.end - range.start);
    }
    return fixture;
}

/* ---- tests ---- */

START_TEST(added_ranges_are_the_largest_blocks_they_can_be)
{
    struct fixture *fixture = make((unsigned)_i);
    ck_assert_ptr_null(difference(&fixture->buddy, &fixture->model));
    free(fixture);
}
END_TEST

START_TEST(an_empty_range_gives_nothing)
{
    struct mm_buddy buddy;
    mm_buddy_init(&buddy, NULL);
    mm_buddy_add(&buddy, 7, 7);
    ck_assert_uint_eq(buddy.n_free, 0);
    ck_assert_uint_eq(mm_buddy_alloc(&buddy, 0), MM_NO_PFN);
    ck_assert_ptr_null(mm_buddy_check(&buddy));
}
END_TEST

/* The order of the block that a request must be cut from; MM_BUDDY_N_ORDERS: there is none. */
static unsigned smallest_fit(const struct model *model, unsigned order)
{
    uint32_t n_blocks[MM_BUDDY_N_ORDERS];
    count_blocks(model, n_blocks);
    while (order < MM_BUDDY_N_ORDERS && n_blocks[order] == 0)
        order++;
    return order;
}

/* The order of the largest free block around a frame. */
static unsigned order_around(const struct model *model, mmsim_pfn pfn)
{
    unsigned order = MM_BUDDY_N_ORDERS;
    while (order-- > 0) {
        mmsim_pfn start = pfn & ~((1u << order) - 1);
        if (start + (1u << order) <= N_FRAMES && block_is_free(model, start, order))
            break;
    }
    return order;
}

struct block {
    mmsim_pfn pfn;
    unsigned order;
};

static const char *check_grant(const struct model *model, mmsim_pfn pfn, unsigned order)
{
    unsigned fit = smallest_fit(model, order);
    if (pfn == MM_NO_PFN)
        return fit == MM_BUDDY_N_ORDERS ? NULL : "a request failed although a block is free";
    if (pfn % (1u << order) != 0)
        return "a block is not aligned to its size";
    if (!block_is_free(model, pfn, order))
        return "a block was handed out that is not free";
    return order_around(model, pfn) == fit ? NULL : "a larger block was split than needed";
}

START_TEST(random_requests_agree_with_the_bitmap)
{
    struct fixture *fixture = make((unsigned)_i);
    static struct block live[N_FRAMES];
    unsigned n_live = 0;
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    const char *wrong = NULL;
    for (int i = 0; i < 1500 && !wrong; i++) {
        if (mm_rng_below(&rng, 100) < (i / 250 % 2 ? 30u : 70u)) {
            unsigned order = (unsigned)mm_rng_below(&rng, mm_rng_below(&rng, 12) + 1);
            mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, order);
            if (order <= MM_BUDDY_MAX_ORDER)
                wrong = check_grant(&fixture->model, pfn, order);
            if (pfn == MM_NO_PFN)
                continue;
            mark(&fixture->model, pfn, order, false);
            live[n_live++] = (struct block){pfn, order};
        } else if (n_live > 0) {
            unsigned victim = (unsigned)mm_rng_below(&rng, n_live);
            struct block block = live[victim];
            live[victim] = live[--n_live];
            if (block.order > 0 && mm_rng_below(&rng, 4) == 0) { /* half of it stays */
                block.order--;
                live[n_live++] = (struct block){block.pfn + (1u << block.order), block.order};
            }
            mm_buddy_free(&fixture->buddy, block.pfn, block.order);
            mark(&fixture->model, block.pfn, block.order, true);
        }
        if (!wrong)
            wrong = difference(&fixture->buddy, &fixture->model);
    }
    ck_assert_ptr_null(wrong);
    while (n_live-- > 0)
        mm_buddy_free(&fixture->buddy, live[n_live].pfn, live[n_live].order);
    struct fixture *untouched = make((unsigned)_i);
    ck_assert(memcmp(fixture->buddy.n_blocks, untouched->buddy.n_blocks,
                     sizeof untouched->buddy.n_blocks) == 0);
    ck_assert_uint_eq(fixture->buddy.n_free, untouched->buddy.n_free);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    free(untouched);
    free(fixture);
}
END_TEST

START_TEST(every_frame_is_handed_out_once_lowest_first)
{
    struct fixture *fixture = make(0);
    for (mmsim_pfn expected = 0; expected < 8192; expected++) {
        mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, 0);
        if (pfn != expected) /* an assertion for each frame would take longer than the test */
            ck_assert_uint_eq(pfn, expected);
    }
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, 0), MM_NO_PFN);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    free(fixture);
}
END_TEST

START_TEST(the_block_freed_last_is_handed_out_first)
{
    struct fixture *fixture = make(0);
    mmsim_pfn blocks[8];
    for (int i = 0; i < 8; i++)
        blocks[i] = mm_buddy_alloc(&fixture->buddy, 3);
    mm_buddy_free(&fixture->buddy, blocks[1], 3);
    mm_buddy_free(&fixture->buddy, blocks[6], 3);
    mm_buddy_free(&fixture->buddy, blocks[3], 3);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, 3), blocks[3]);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, 3), blocks[6]);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, 3), blocks[1]);
    free(fixture);
}
END_TEST

START_TEST(no_block_is_larger_than_the_largest_order)
{
    struct fixture *fixture = make(0);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_BUDDY_MAX_ORDER + 1), MM_NO_PFN);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, UINT32_MAX), MM_NO_PFN);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_BUDDY_MAX_ORDER), 0);
    free(fixture);
}
END_TEST

START_TEST(handed_out_frames_are_reserved_with_nothing_set)
{
    struct fixture *fixture = make(1);
    mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, 4);
    for (mmsim_pfn i = 0; i < 16; i++)
        fixture->frames[pfn + i] =
            (struct mm_frame){.use = MM_FRAME_SLAB, .count = 7, .payload = 9};
    mm_buddy_free(&fixture->buddy, pfn, 4);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, 4), pfn);
    const struct mm_frame nothing = {.use = MM_FRAME_RESERVED, .order = MM_FRAME_NO_ORDER};
    for (mmsim_pfn i = 0; i < 16; i++)
        ck_assert(memcmp(&fixture->frames[pfn + i], &nothing, sizeof nothing) == 0);
    free(fixture);
}
END_TEST

START_TEST(adding_a_range_writes_the_heads_of_its_fragments_only)
{
    struct fixture *fixture = make(1);
    const struct mm_frame untouched = {0};
    unsigned n_written = 0;
    for (mmsim_pfn pfn = 0; pfn < N_FRAMES; pfn++)
        n_written += memcmp(&fixture->frames[pfn], &untouched, sizeof untouched) != 0;
    ck_assert_uint_eq(n_written, 10 + 4); /* 1..1023 and 8192..8999: 512 + 256 + 32 + 8 */
    free(fixture);
}
END_TEST

START_TEST(a_walk_skips_free_blocks_and_stops_at_each_other_frame)
{
    struct fixture *fixture = make(4);
    struct mm_rng rng;
    mm_rng_seed(&rng, 17);
    for (int i = 0; i < 60; i++) {
        unsigned order = (unsigned)mm_rng_below(&rng, 5);
        mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, order);
        if (i % 3 == 0)
            mm_buddy_free(&fixture->buddy, pfn, order);
        else
            mark(&fixture->model, pfn, order, false);
    }
    bool seen[N_FRAMES] = {false};
    for (unsigned i = 0; i < fixture->model.n_ranges; i++) {
        mmsim_pfn pfn = fixture->model.ranges[i].start;
        while (pfn < fixture->model.ranges[i].end) {
            mmsim_pfn next = mm_buddy_skip_free(&fixture->buddy, pfn);
            seen[pfn] = next == pfn;
            pfn = next == pfn ? pfn + 1 : next;
        }
        for (pfn = fixture->model.ranges[i].start; pfn < fixture->model.ranges[i].end; pfn++)
            if (seen[pfn] == fixture->model.is_free[pfn])
                ck_abort_msg("frame %u was taken for what it is not", (unsigned)pfn);
    }
    ck_assert_uint_eq(mm_buddy_skip_free(&fixture->buddy, 0), 0); /* in no range */
    free(fixture);
}
END_TEST

/* ---- defects ---- */

/* Layout 1 after two requests: frames 1 and 2 are in use, 3 is a free block, as are 4-7 ... */
static void spoil_alignment(struct mm_buddy *buddy)
{
    buddy->frames[3].order = 1;
}

static void spoil_end(struct mm_buddy *buddy)
{
    buddy->frames[N_FRAMES - 8].order = 4; /* 8992, of order 3: beyond 9000 */
    buddy->frames[N_FRAMES - 8 - 32].order = MM_FRAME_NO_ORDER;
    buddy->frames[N_FRAMES - 8 - 32].use = MM_FRAME_ANON;
}

static void spoil_merging(struct mm_buddy *buddy)
{
    buddy->frames[2] = (struct mm_frame){.use = MM_FRAME_FREE, .next = MM_NO_PFN};
}

static void spoil_by_a_stray_mark(struct mm_buddy *buddy)
{
    buddy->frames[1] = (struct mm_frame){.use = MM_FRAME_FREE, .order = MM_FRAME_NO_ORDER};
}

static void spoil_n_free(struct mm_buddy *buddy)
{
    buddy->n_free++;
}

static void spoil_n_blocks(struct mm_buddy *buddy)
{
    buddy->n_blocks[2]++;
}

static void spoil_by_losing_a_block(struct mm_buddy *buddy)
{
    buddy->heads[2] = buddy->frames[buddy->heads[2]].next;
}

static void spoil_by_listing_a_used_frame(struct mm_buddy *buddy)
{
    buddy->heads[0] = 1;
}

static void spoil_by_a_circle(struct mm_buddy *buddy)
{
    buddy->frames[buddy->heads[0]].next = buddy->heads[0];
}

static void spoil_mark(struct mm_buddy *buddy)
{
    mmsim_pfn head = buddy->heads[2]; /* a listed block is not what the table says */
    buddy->heads[2] = buddy->heads[4];
    buddy->heads[4] = head;
}

static void spoil_back_link(struct mm_buddy *buddy)
{
    buddy->frames[buddy->heads[5]].prev = 4;
}

static void spoil_count(struct mm_buddy *buddy)
{
    buddy->frames[buddy->heads[5]].count = 1;
}

static void spoil_range_of_list(struct mm_buddy *buddy)
{
    buddy->heads[0] = 0;
}

static void spoil_fresh_alignment(struct mm_buddy *buddy)
{
    buddy->ranges[0].fresh++;
}

static void spoil_fresh_end(struct mm_buddy *buddy)
{
    buddy->ranges[0].fresh_end = buddy->ranges[0].end + LARGEST;
}

static void spoil_fresh_start(struct mm_buddy *buddy)
{
    buddy->frames[8192 - LARGEST].use = MM_FRAME_FREE; /* a block ... */
    buddy->frames[8192 - LARGEST].order = 1;
    buddy->ranges[0].fresh = 8192;
    buddy->ranges[0].fresh_end = 8192;
    buddy->n_free++; /* ... of frames that nobody freed */
}

static const struct {
    void (*spoil)(struct mm_buddy *buddy);
    const char *says;
} defects[] = {
    {spoil_alignment, "not aligned"},
    {spoil_end, "beyond its range"},
    {spoil_merging, "have not been merged"},
    {spoil_by_a_stray_mark, "lies in no free block"},
    {spoil_n_free, "count of free frames"},
    {spoil_n_blocks, "count of free blocks"},
    {spoil_by_losing_a_block, "shorter"},
    {spoil_by_listing_a_used_frame, "not marked free"},
    {spoil_by_a_circle, "longer"},
    {spoil_mark, "not marked free with its order"},
    {spoil_back_link, "link back"},
    {spoil_count, "has a count"},
    {spoil_range_of_list, "lies in no range"},
    {spoil_fresh_alignment, "not made of whole blocks"},
    {spoil_fresh_end, "not within the range"},
    {spoil_fresh_start, "shorter"},
};

START_TEST(check_finds_each_defect)
{
    struct fixture *fixture = make(1);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, 0), 1);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, 0), 2);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    defects[_i].spoil(&fixture->buddy);
    const char *sentence = mm_buddy_check(&fixture->buddy);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_msg(strstr(sentence, defects[_i].says) != NULL, "it says: %s", sentence);
    free(fixture);
}
END_TEST

START_TEST(freeing_twice_is_a_bug)
{
    struct fixture *fixture = make(1);
    mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, 0);
    mm_buddy_free(&fixture->buddy, pfn, 0);
    mm_buddy_free(&fixture->buddy, pfn, 0);
}
END_TEST

START_TEST(freeing_what_is_in_no_range_is_a_bug)
{
    struct fixture *fixture = make(4);
    mm_buddy_free(&fixture->buddy, 300, 0);
}
END_TEST

Suite *test_buddy_suite(void);
Suite *test_buddy_suite(void)
{
    Suite *suite = suite_create("buddy");
    TCase *tests = tcase_create("buddy");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, added_ranges_are_the_largest_blocks_they_can_be, 0, N_LAYOUTS);
    tcase_add_test(tests, an_empty_range_gives_nothing);
    tcase_add_loop_test(tests, random_requests_agree_with_the_bitmap, 0, N_LAYOUTS);
    tcase_add_test(tests, every_frame_is_handed_out_once_lowest_first);
    tcase_add_test(tests, the_block_freed_last_is_handed_out_first);
    tcase_add_test(tests, no_block_is_larger_than_the_largest_order);
    tcase_add_test(tests, handed_out_frames_are_reserved_with_nothing_set);
    tcase_add_test(tests, adding_a_range_writes_the_heads_of_its_fragments_only);
    tcase_add_test(tests, a_walk_skips_free_blocks_and_stops_at_each_other_frame);
    tcase_add_loop_test(tests, check_finds_each_defect, 0, sizeof defects / sizeof *defects);
    if (MM_IS_DEBUG) {
        tcase_add_test_raise_signal(tests, freeing_twice_is_a_bug, SIGABRT);
        tcase_add_test_raise_signal(tests, freeing_what_is_in_no_range_is_a_bug, SIGABRT);
    }
    suite_add_tcase(suite, tests);
    return suite;
}
