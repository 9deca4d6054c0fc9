/* The buddy system against a bitmap: splitting, merging, finding blocks, and its checker. */
#include <signal.h>

#include "buddy_model.h"

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
    mm_buddy_init(&buddy, NULL, NULL);
    mm_buddy_add(&buddy, 7, 7);
    ck_assert_uint_eq(buddy.n_free, 0);
    ck_assert_uint_eq(mm_buddy_alloc(&buddy, MM_MOVABLE, 0), MM_NO_PFN);
    ck_assert_ptr_null(mm_buddy_check(&buddy));
}
END_TEST

/* The order of the block of a type that a request must be cut from; MM_BUDDY_N_ORDERS: none. */
static unsigned smallest_fit(const block_counts n_blocks, unsigned type, unsigned order)
{
    while (order < MM_BUDDY_N_ORDERS && n_blocks[type][order] == 0)
        order++;
    return order;
}

struct block {
    mmsim_pfn pfn;
    unsigned order;
};

/* What is wrong with the answer to a request, by the free blocks and the types before it. Fresh
 * pageblocks are nobody's until they are asked for, so they do not count as the type's own. */
static const char *check_grant(const struct fixture *fixture, const block_counts before,
                               const uint8_t *types, struct block granted,
                               enum mm_migrate_type type)
{
    const struct model *model = &fixture->model;
    unsigned any = MM_BUDDY_N_ORDERS;
    for (unsigned other = 0; other < MM_N_MIGRATE_TYPES; other++)
        if (smallest_fit(before, other, granted.order) < any)
            any = smallest_fit(before, other, granted.order);
    if (granted.pfn == MM_NO_PFN)
        return any == MM_BUDDY_N_ORDERS ? NULL : "a request failed although a block is free";
    if (granted.pfn % (1u << granted.order) != 0)
        return "a block is not aligned to its size";
    if (!block_is_free(model, granted.pfn, granted.order))
        return "a block was handed out that is not free";
    unsigned own = smallest_fit(before, type, granted.order), cut_from;
    head_around(model, granted.pfn, &cut_from);
    if (own < MM_BUDDY_MAX_ORDER && types[granted.pfn / LARGEST] != type)
        return "a block of another type was taken without need";
    return own >= MM_BUDDY_MAX_ORDER || cut_from == own ? NULL
                                                        : "a larger block was split than needed";
}

static const char *allocate(struct fixture *fixture, struct mm_rng *rng, struct block *block)
{
    unsigned order = (unsigned)mm_rng_below(rng, mm_rng_below(rng, 12) + 1);
    enum mm_migrate_type type = (enum mm_migrate_type)mm_rng_below(rng, MM_N_MIGRATE_TYPES);
    block_counts before;
    uint8_t types[N_PAGEBLOCKS];
    memcpy(before, fixture->buddy.n_blocks, sizeof before);
    memcpy(types, fixture->types, sizeof types);
    *block = (struct block){mm_buddy_alloc(&fixture->buddy, type, order), order};
    const char *wrong = NULL;
    if (order <= MM_BUDDY_MAX_ORDER)
        wrong = check_grant(fixture, before, types, *block, type);
    if (block->pfn != MM_NO_PFN)
        mark(&fixture->model, block->pfn, order, false);
    return wrong;
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
            wrong = allocate(fixture, &rng, &live[n_live]);
            n_live += live[n_live].pfn != MM_NO_PFN;
        } else if (n_live > 0) {
            unsigned victim = (unsigned)mm_rng_below(&rng, n_live);
            struct block block = live[victim];
            live[victim] = live[--n_live];
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
    for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
        ck_assert_uint_eq(mm_buddy_n_blocks(&fixture->buddy, order),
                          mm_buddy_n_blocks(&untouched->buddy, order));
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
        mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 0);
        if (pfn != expected) /* an assertion for each frame would take longer than the test */
            ck_assert_uint_eq(pfn, expected);
    }
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 0), MM_NO_PFN);
    ck_assert_ptr_null(mm_buddy_check(&fixture->buddy));
    free(fixture);
}
END_TEST

START_TEST(the_block_freed_last_is_handed_out_first)
{
    struct fixture *fixture = make(0);
    mmsim_pfn blocks[8];
    for (int i = 0; i < 8; i++)
        blocks[i] = mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 3);
    mm_buddy_free(&fixture->buddy, blocks[1], 3);
    mm_buddy_free(&fixture->buddy, blocks[6], 3);
    mm_buddy_free(&fixture->buddy, blocks[3], 3);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 3), blocks[3]);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 3), blocks[6]);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, 3), blocks[1]);
    free(fixture);
}
END_TEST

START_TEST(no_block_is_larger_than_the_largest_order)
{
    struct fixture *fixture = make(0);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, MM_BUDDY_MAX_ORDER + 1),
                      MM_NO_PFN);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, UINT32_MAX), MM_NO_PFN);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_MOVABLE, MM_BUDDY_MAX_ORDER), 0);
    free(fixture);
}
END_TEST

START_TEST(the_head_of_a_block_is_reserved_with_nothing_set)
{
    struct fixture *fixture = make(1);
    mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 4);
    fixture->frames[pfn] =
        (struct mm_frame){.use = MM_FRAME_SLAB, .order = 4, .count = 7, .payload = 9};
    mm_buddy_free(&fixture->buddy, pfn, 4);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 4), pfn);
    const struct mm_frame expected = {.use = MM_FRAME_RESERVED, .order = 4};
    ck_assert(memcmp(&fixture->frames[pfn], &expected, sizeof expected) == 0);
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

START_TEST(every_frame_finds_the_block_that_it_lies_in)
{
    struct fixture *fixture = make(4);
    static struct block blocks[60];
    static mmsim_pfn head_of[N_FRAMES];
    struct mm_rng rng;
    mm_rng_seed(&rng, 17);
    memset(head_of, 0xff, sizeof head_of);
    for (int i = 0; i < 60; i++) {
        blocks[i].order = (unsigned)mm_rng_below(&rng, 7);
        enum mm_migrate_type type = (enum mm_migrate_type)mm_rng_below(&rng, MM_N_MIGRATE_TYPES);
        blocks[i].pfn = mm_buddy_alloc(&fixture->buddy, type, blocks[i].order);
        mark(&fixture->model, blocks[i].pfn, blocks[i].order, false);
    }
    for (int i = 0; i < 60; i++) {
        if (i % 3 == 0) {
            mm_buddy_free(&fixture->buddy, blocks[i].pfn, blocks[i].order);
            mark(&fixture->model, blocks[i].pfn, blocks[i].order, true);
        } else
            for (mmsim_pfn k = 0; k < 1u << blocks[i].order; k++)
                head_of[blocks[i].pfn + k] = blocks[i].pfn;
    }
    for (unsigned i = 0; i < fixture->model.n_ranges; i++)
        for (mmsim_pfn pfn = fixture->model.ranges[i].start; pfn < fixture->model.ranges[i].end;
             pfn++) {
            bool right = fixture->model.is_free[pfn]
                             ? is_well_found(&fixture->buddy, &fixture->model, pfn)
                             : mm_buddy_head(&fixture->buddy, pfn) == head_of[pfn];
            if (!right)
                ck_abort_msg("frame %u was taken for what it is not", (unsigned)pfn);
        }
    ck_assert_ptr_null(mm_buddy_range_of(&fixture->buddy, 0));
    free(fixture);
}
END_TEST

/* ---- defects ---- */

/* Layout 1 after two requests: frames 1 and 2 are in use, 3 is a free block, as are 4-7 ... */
static const unsigned cut = MM_UNMOVABLE; /* the type of pageblocks at the edges of a range */

static void spoil_alignment(struct mm_buddy *buddy)
{
    buddy->frames[3].order = 1;
}

static void spoil_end(struct mm_buddy *buddy)
{
    buddy->frames[N_FRAMES - 8].order = 4; /* 8992, of order 3: beyond 9000 */
}

static void spoil_merging(struct mm_buddy *buddy)
{
    buddy->frames[2] = (struct mm_frame){.use = MM_FRAME_FREE, .next = MM_NO_PFN};
}

static void spoil_order(struct mm_buddy *buddy)
{
    buddy->frames[1].order = 11;
}

static void spoil_mark_of_order(struct mm_buddy *buddy)
{
    buddy->frames[1].order = 0x40;
}

static void spoil_set_aside(struct mm_buddy *buddy)
{
    buddy->frames[1].order = MM_FRAME_SET_ASIDE;
}

static void spoil_type(struct mm_buddy *buddy)
{
    buddy->types[0] = MM_N_MIGRATE_TYPES;
}

static void spoil_list_of_type(struct mm_buddy *buddy)
{
    mm_buddy_alloc(buddy, MM_MOVABLE, 9);
    mmsim_pfn head = buddy->heads[cut][9];
    buddy->heads[cut][9] = buddy->heads[MM_MOVABLE][9];
    buddy->heads[MM_MOVABLE][9] = head;
}

static void spoil_bit(struct mm_buddy *buddy)
{
    buddy->listed[cut] ^= 1u << 4;
}

static void spoil_n_free(struct mm_buddy *buddy)
{
    buddy->n_free++;
}

static void spoil_n_blocks(struct mm_buddy *buddy)
{
    buddy->n_blocks[cut][2]++;
}

static void spoil_by_losing_a_block(struct mm_buddy *buddy)
{
    buddy->frames[buddy->heads[cut][5]].next = MM_NO_PFN;
}

static void spoil_by_listing_a_used_frame(struct mm_buddy *buddy)
{
    buddy->heads[cut][0] = 1;
}

static void spoil_by_a_circle(struct mm_buddy *buddy)
{
    buddy->frames[buddy->heads[cut][0]].next = buddy->heads[cut][0];
}

static void spoil_mark(struct mm_buddy *buddy)
{
    mmsim_pfn head = buddy->heads[cut][2]; /* a listed block is not what the table says */
    buddy->heads[cut][2] = buddy->heads[cut][4];
    buddy->heads[cut][4] = head;
}

static void spoil_back_link(struct mm_buddy *buddy)
{
    buddy->frames[buddy->heads[cut][5]].prev = 4;
}

static void spoil_count(struct mm_buddy *buddy)
{
    buddy->frames[buddy->heads[cut][5]].count = 1;
}

static void spoil_range_of_list(struct mm_buddy *buddy)
{
    buddy->heads[cut][0] = 0;
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
    {spoil_order, "impossible order"},
    {spoil_mark_of_order, "mark that it should not have"},
    {spoil_set_aside, "in use is set aside"},
    {spoil_type, "unknown type"},
    {spoil_list_of_type, "another type"},
    {spoil_bit, "as its bit says"},
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
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 0), 1);
    ck_assert_uint_eq(mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 0), 2);
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
    mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 0);
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

START_TEST(freeing_a_part_of_a_block_is_a_bug)
{
    struct fixture *fixture = make(1);
    mmsim_pfn pfn = mm_buddy_alloc(&fixture->buddy, MM_UNMOVABLE, 3);
    mm_buddy_free(&fixture->buddy, pfn, 2);
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
    tcase_add_test(tests, the_head_of_a_block_is_reserved_with_nothing_set);
    tcase_add_test(tests, adding_a_range_writes_the_heads_of_its_fragments_only);
    tcase_add_test(tests, every_frame_finds_the_block_that_it_lies_in);
    tcase_add_loop_test(tests, check_finds_each_defect, 0, sizeof defects / sizeof *defects);
    if (MM_IS_DEBUG) {
        tcase_add_test_raise_signal(tests, freeing_twice_is_a_bug, SIGABRT);
        tcase_add_test_raise_signal(tests, freeing_a_part_of_a_block_is_a_bug, SIGABRT);
        tcase_add_test_raise_signal(tests, freeing_what_is_in_no_range_is_a_bug, SIGABRT);
    }
    suite_add_tcase(suite, tests);
    return suite;
}
