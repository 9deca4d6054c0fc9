/* test_failure_text.c - a request for frames that failed is explained. */
#include "caught.h"
#include "kit.h"

static struct mmsim_alloc_failure fragmented(void)
{
    struct mmsim_alloc_failure failure = {
        .n_failures = 2,
        .shortage = MMSIM_SHORTAGE_FRAGMENTED,
        .use = "heap",
        .site = "open.c:12",
        .order = 4,
        .n_frames = 16,
        .zone = {.name = "Normal",
                 .n_frames = 1024,
                 .n_free = 23,
                 .n_set_aside = 2,
                 .min = 8,
                 .low = 10,
                 .high = 12},
        .largest_frames = 8,
        .compaction = MMSIM_COMPACTION_PINNED,
        .n_candidates = 60,
        .n_pinned = 60,
        .pinned_by = {{"heap", 55}, {"page-table", 9}},
    };
    failure.zone.n_blocks[MMSIM_UNMOVABLE][0] = 3;
    failure.zone.n_blocks[MMSIM_MOVABLE][0] = 2;
    failure.zone.n_blocks[MMSIM_MOVABLE][3] = 2;
    return failure;
}

static void print(struct caught *caught, const struct mmsim_alloc_failure *failure)
{
    struct mmsim_sink sink = caught_begin(caught);
    mmsim_alloc_failure_print(failure, &sink);
}

START_TEST(fragmentation_is_explained_by_orders_and_by_who_pins_what)
{
    struct caught caught;
    struct mmsim_alloc_failure failure = fragmented();
    print(&caught, &failure);
    ck_assert_str_eq(
        caught.text,
        "page allocation failure: order:4, frames:16, use:heap, site:open.c:12\n"
        "Normal free:92kB min:32kB low:40kB high:48kB managed:4096kB set_aside:8kB\n"
        "Normal: 5*4kB (UM) 0*8kB 0*16kB 2*32kB (M) 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB "
        "0*2048kB 0*4096kB = 84kB\n"
        "Why: 23 frames are free, but the largest block has 8 (32kB)\n"
        "Compaction: 60 of 60 places for such a block are pinned\n"
        "Pinned by: heap 55, page-table 9\n");
}
END_TEST

START_TEST(the_same_stands_in_json)
{
    struct caught caught;
    struct mmsim_alloc_failure failure = fragmented();
    struct mmsim_sink sink = caught_begin(&caught);
    mmsim_alloc_failure_json(&failure, &sink);
    ck_assert_str_eq(
        caught.text,
        "{\"failures\":2,\"shortage\":\"fragmented\",\"order\":4,\"frames\":16,\"use\":\"heap\","
        "\"site\":\"open.c:12\",\"zone\":\"Normal\",\"free_frames\":23,\"set_aside\":2,"
        "\"largest_frames\":8,\"free\":[5,0,0,2,0,0,0,0,0,0,0],\"compaction\":\"pinned\","
        "\"moved\":0,\"refused\":0,\"candidates\":60,\"pinned\":60,"
        "\"pinned_by\":{\"heap\":55,\"page-table\":9}}");
}
END_TEST

START_TEST(other_reasons_have_other_sentences)
{
    static const struct {
        enum mmsim_shortage shortage;
        const char *words;
    } rows[] = {
        {MMSIM_SHORTAGE_NO_FRAMES, "Why: 16 frames were asked for and 23 are free\n"},
        {MMSIM_SHORTAGE_USER_LIMIT, "kernel.user_frames"},
        {MMSIM_SHORTAGE_TOO_LARGE, "Why: no block has more than 1024 frames (order 10)\n"},
        {MMSIM_SHORTAGE_INJECTED, "Why: it was made to fail\n"},
    };
    struct caught caught;
    struct mmsim_alloc_failure failure = fragmented();
    failure.site = NULL;
    failure.compaction = MMSIM_COMPACTION_NOT_TRIED;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failure.shortage = rows[i].shortage;
        print(&caught, &failure);
        caught_says(&caught, rows[i].words);
        caught_says(&caught, "use:heap\n");
        caught_lacks(&caught, "Compaction");
    }
}
END_TEST

START_TEST(compaction_that_had_no_room_or_was_refused_says_so)
{
    struct caught caught;
    struct mmsim_alloc_failure failure = fragmented();
    failure.compaction = MMSIM_COMPACTION_NO_ROOM;
    failure.n_pinned = 59;
    print(&caught, &failure);
    caught_says(&caught, "Compaction: the frames that can move have nowhere to go; 59 of 60 ");
    failure.compaction = MMSIM_COMPACTION_REFUSED;
    failure.n_refused = 3;
    failure.n_moved = 5;
    print(&caught, &failure);
    caught_says(&caught, "3 frames are in use by more than their mappings; 5 frames were moved; ");
}
END_TEST

Suite *test_failure_text_suite(void);
Suite *test_failure_text_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("failure_text", &tests);
    tcase_add_test(tests, fragmentation_is_explained_by_orders_and_by_who_pins_what);
    tcase_add_test(tests, the_same_stands_in_json);
    tcase_add_test(tests, other_reasons_have_other_sentences);
    tcase_add_test(tests, compaction_that_had_no_room_or_was_refused_says_so);
    return suite;
}
