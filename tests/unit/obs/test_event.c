/* test_event.c - delivery of events, their JSON, and the table of statistics. */
#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "obs/event.h"

static uint64_t at_42(void *clock)
{
    (void)clock;
    return 42;
}

static void remember(void *user, const struct mmsim_event *event)
{
    *(struct mmsim_event *)user = *event;
}

START_TEST(a_listener_gets_what_it_asked_for_and_nothing_else)
{
    struct mm_obs obs;
    struct mmsim_event seen = {.type = MMSIM_EVENT_OOM};
    mm_obs_init(&obs, at_42, NULL);
    ck_assert(!mm_obs_wants(&obs, MMSIM_EVENT_FAULT));
    ck_assert(mm_obs_listen(&obs, MMSIM_EVENT_BIT(MMSIM_EVENT_FAULT), remember, &seen));
    ck_assert(mm_obs_wants(&obs, MMSIM_EVENT_FAULT));
    ck_assert(!mm_obs_wants(&obs, MMSIM_EVENT_WALK));
    struct mmsim_event walk = {.type = MMSIM_EVENT_WALK};
    mm_obs_emit(&obs, &walk);
    ck_assert_int_eq(seen.type, MMSIM_EVENT_OOM);
    obs.step = 3;
    struct mmsim_event fault = {.type = MMSIM_EVENT_FAULT, .address = 5};
    mm_obs_emit(&obs, &fault);
    ck_assert_int_eq(seen.type, MMSIM_EVENT_FAULT);
    ck_assert_uint_eq(seen.step, 3);
    ck_assert_uint_eq(seen.cycles, 42);
}
END_TEST

START_TEST(there_is_room_for_eight_listeners)
{
    struct mm_obs obs;
    mm_obs_init(&obs, at_42, NULL);
    for (int i = 0; i < MMSIM_MAX_LISTENERS; i++)
        ck_assert(mm_obs_listen(&obs, MMSIM_EVENTS_ALL, remember, NULL));
    ck_assert(!mm_obs_listen(&obs, MMSIM_EVENTS_ALL, remember, NULL));
}
END_TEST

START_TEST(every_event_and_kind_has_a_name_of_its_own)
{
    for (int i = 0; i < MMSIM_N_EVENTS; i++) {
        ck_assert_uint_gt(strlen(mmsim_event_meaning((enum mmsim_event_type)i)), 0);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(mmsim_event_name((enum mmsim_event_type)i),
                             mmsim_event_name((enum mmsim_event_type)j));
    }
    ck_assert_str_eq(mmsim_event_name(MMSIM_N_EVENTS), "?");
    ck_assert_str_eq(mmsim_fault_kind_name(MMSIM_FAULT_COW), "cow");
}
END_TEST

struct lines {
    struct mmsim_machine *machine;
    char text[8192];
};

static void append(void *user, const char *text, size_t n_bytes)
{
    struct lines *lines = user;
    size_t used = strlen(lines->text);
    ck_assert_uint_lt(used + n_bytes, sizeof lines->text);
    memcpy(lines->text + used, text, n_bytes);
}

static void write_line(void *user, const struct mmsim_event *event)
{
    struct lines *lines = user;
    struct mmsim_sink sink = {append, lines};
    mmsim_event_write_json(lines->machine, event, &sink);
}

START_TEST(a_fault_is_one_line_of_json)
{
    struct lines lines = {.machine = kit_machine()};
    struct mmsim_process *p = kit_spawn(lines.machine, "p");
    mmsim_vaddr at = kit_map(p, 1);
    mmsim_listen(lines.machine,
                 MMSIM_EVENT_BIT(MMSIM_EVENT_FAULT) | MMSIM_EVENT_BIT(MMSIM_EVENT_SIGNAL),
                 write_line, &lines);
    kit_write(p, at, 1);
    kit_write(p, 16, 1);
    ck_assert_ptr_nonnull(strstr(lines.text, "\"event\":\"fault\""));
    ck_assert_ptr_nonnull(strstr(lines.text, "\"address\":\"0x40000000\",\"error\":\"W|U\","
                                             "\"kind\":\"minor\",\"frame\":1}\n"));
    ck_assert_ptr_nonnull(strstr(
        lines.text, "\"address\":\"0x10\",\"signal\":\"SIGSEGV\",\"code\":\"SEGV_MAPERR\"}\n"));
    kit_end(lines.machine);
}
END_TEST

START_TEST(every_statistic_can_be_asked_by_its_path)
{
    struct mmsim_stats stats = {.faults = {.cow = 5}, .cycles = 7};
    struct mmsim_process_stats process = {.rss = 3};
    uint64_t value;
    for (size_t i = 0; mmsim_stat_at(i); i++) {
        const char *path = mmsim_stat_at(i)->path;
        if (strncmp(path, "process.NAME.", 13) == 0)
            ck_assert(mmsim_process_stat_get(&process, path + 13, &value));
        else
            ck_assert(mmsim_stat_get(&stats, path, &value));
    }
    ck_assert(mmsim_stat_get(&stats, "faults.cow", &value));
    ck_assert_uint_eq(value, 5);
    ck_assert(mmsim_stat_get(&stats, "cycles", &value));
    ck_assert_uint_eq(value, 7);
    ck_assert(mmsim_process_stat_get(&process, "rss", &value));
    ck_assert_uint_eq(value, 3);
    ck_assert(!mmsim_stat_get(&stats, "faults.cows", &value));
    ck_assert(!mmsim_stat_get(&stats, "process.NAME.rss", &value));
    ck_assert(!mmsim_process_stat_get(&process, "rsss", &value));
    ck_assert(mmsim_stat_get(NULL, "tlb.hits", NULL));
}
END_TEST

Suite *test_event_suite(void);
Suite *test_event_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("event", &tests);
    tcase_add_test(tests, a_listener_gets_what_it_asked_for_and_nothing_else);
    tcase_add_test(tests, there_is_room_for_eight_listeners);
    tcase_add_test(tests, every_event_and_kind_has_a_name_of_its_own);
    tcase_add_test(tests, a_fault_is_one_line_of_json);
    tcase_add_test(tests, every_statistic_can_be_asked_by_its_path);
    return suite;
}
