/* Every policy passes the conformance test; policies that are broken on purpose do not. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <mmsim/policy_kit.h>

static void conforms(const struct mmsim_policy_ops *ops, const struct mmsim_conform_setup *setup)
{
    struct mmsim_conform_report report;
    struct mmsim_error error = {0};
    enum mmsim_status status = mmsim_policy_conform(ops, setup, &report, &error);
    ck_assert_msg(status == MMSIM_OK, "%s: %s", error.where, error.text);
    ck_assert_uint_ge(report.n_choices, 1);
    ck_assert_uint_ge(report.n_references, 100000);
}

START_TEST(every_policy_of_the_library_conforms)
{
    conforms(mmsim_policy_at((size_t)_i), NULL);
}
END_TEST

START_TEST(nothing_of_setup_report_and_error_is_required)
{
    ck_assert_int_eq(mmsim_policy_conform(mmsim_policy_find("fifo"), NULL, NULL, NULL), MMSIM_OK);
}
END_TEST

START_TEST(another_seed_is_another_test_and_the_same_seed_the_same)
{
    const struct mmsim_conform_setup setup = {.seed = 7, .n_rounds = 3};
    conforms(mmsim_policy_find("clock"), &setup);
    conforms(mmsim_policy_find("lru"), &setup);
}
END_TEST

/* ---- broken on purpose ---- */

/* A first-in, first-out queue; which of its faults is on is in the table below. */
struct queue {
    const struct mmsim_policy_setup *setup;
    uint32_t n, n_calls;
    mmsim_page pages[512]; /* oldest first */
    bool is_resident[64];
};

static size_t queue_bytes(const struct mmsim_policy_setup *setup)
{
    (void)setup;
    return sizeof(struct queue);
}

static void queue_init(void *state, const struct mmsim_policy_setup *setup)
{
    struct queue *queue = (struct queue *)state;
    queue->setup = setup;
}

static void queue_reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    (void)state;
    (void)page;
    (void)kind;
}

static void queue_load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct queue *queue = (struct queue *)state;
    (void)kind;
    queue->pages[queue->n++] = page;
}

static mmsim_page take(struct queue *queue, uint32_t i)
{
    mmsim_page page = queue->pages[i];
    memmove(queue->pages + i, queue->pages + i + 1, (--queue->n - i) * sizeof page);
    return page;
}

static mmsim_page queue_evict(void *state, mmsim_page incoming)
{
    (void)incoming;
    return take((struct queue *)state, 0);
}

static void queue_forget(void *state, mmsim_page page)
{
    struct queue *queue = (struct queue *)state;
    for (uint32_t i = 0; i < queue->n; i++)
        if (queue->pages[i] == page) {
            take(queue, i);
            return;
        }
}

static struct mmsim_policy_ops queue_ops(const char *name)
{
    return (struct mmsim_policy_ops){
        .abi = MMSIM_POLICY_ABI,
        .size = sizeof(struct mmsim_policy_ops),
        .name = name,
        .summary = "a queue with a fault",
        .source = "this test",
        .state_bytes = queue_bytes,
        .init = queue_init,
        .reference = queue_reference,
        .load = queue_load,
        .evict = queue_evict,
        .forget = queue_forget,
    };
}

START_TEST(the_queue_without_a_fault_conforms)
{
    struct mmsim_policy_ops ops = queue_ops("queue");
    conforms(&ops, NULL);
}
END_TEST

static void is_caught(const struct mmsim_policy_ops *ops, const char *test, const char *sentence)
{
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_policy_conform(ops, NULL, NULL, &error), MMSIM_INVARIANT);
    ck_assert_int_eq(error.status, MMSIM_INVARIANT);
    ck_assert_msg(strstr(error.where, test), "%s: %s", error.where, error.text);
    ck_assert_msg(strstr(error.text, sentence), "%s: %s", error.where, error.text);
    ck_assert_ptr_nonnull(strstr(error.where, ops->name));
}

static mmsim_page evict_without_taking(void *state, mmsim_page incoming)
{
    (void)incoming;
    return ((struct queue *)state)->pages[0];
}

START_TEST(a_victim_that_is_not_resident_is_named)
{
    struct mmsim_policy_ops ops = queue_ops("keeps-victim");
    ops.evict = evict_without_taking;
    is_caught(&ops, "test protocol", ", which is not resident");
}
END_TEST

static mmsim_page evict_far_page(void *state, mmsim_page incoming)
{
    return queue_evict(state, incoming) + 1000;
}

START_TEST(a_page_beyond_the_universe_is_named)
{
    struct mmsim_policy_ops ops = queue_ops("far-page");
    ops.evict = evict_far_page;
    is_caught(&ops, "test background", "evict() gave page 1000, but pages are below 1");
}
END_TEST

static mmsim_page evict_for_somebody_only(void *state, mmsim_page incoming)
{
    return incoming == MMSIM_NO_PAGE ? MMSIM_NO_PAGE : queue_evict(state, incoming);
}

START_TEST(background_reclaim_must_find_a_page)
{
    struct mmsim_policy_ops ops = queue_ops("no-background");
    ops.evict = evict_for_somebody_only;
    is_caught(&ops, "test background", "evict() gave MMSIM_NO_PAGE, though pages are resident");
}
END_TEST

static void forget_nothing(void *state, mmsim_page page)
{
    (void)state;
    (void)page;
}

START_TEST(a_policy_that_does_not_forget_is_caught)
{
    struct mmsim_policy_ops ops = queue_ops("no-forget");
    ops.forget = forget_nothing;
    is_caught(&ops, "test forget", "which is not resident");
}
END_TEST

static size_t too_few_bytes(const struct mmsim_policy_setup *setup)
{
    (void)setup;
    return offsetof(struct queue, pages) + 2 * sizeof(mmsim_page);
}

START_TEST(a_state_that_is_too_small_is_noticed)
{
    struct mmsim_policy_ops ops = queue_ops("small-state");
    ops.state_bytes = too_few_bytes;
    is_caught(&ops, "test protocol", "wrote behind its state: byte ");
}
END_TEST

static uint32_t n_evictions; /* what no policy may have */

static mmsim_page evict_by_global(void *state, mmsim_page incoming)
{
    struct queue *queue = (struct queue *)state;
    (void)incoming;
    return take(queue, n_evictions++ % queue->n);
}

START_TEST(two_runs_that_differ_are_told_apart)
{
    struct mmsim_policy_ops ops = queue_ops("global-state");
    ops.evict = evict_by_global;
    is_caught(&ops, "test protocol", "two runs of the same string decide differently");
}
END_TEST

/* Misses are counted as if no page ever left. */
static void replay_in_endless_memory(void *state, const mmsim_ref *refs, size_t n,
                                     struct mmsim_counts *counts)
{
    struct queue *queue = (struct queue *)state;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        counts->misses += !queue->is_resident[page];
        queue->is_resident[page] = true;
    }
    counts->references += n;
}

START_TEST(a_replay_that_counts_otherwise_is_caught)
{
    struct mmsim_policy_ops ops = queue_ops("other-replay");
    ops.replay = replay_in_endless_memory;
    is_caught(&ops, "test bulk", "replay() counts ");
}
END_TEST

START_TEST(a_queue_is_no_stack_policy)
{
    struct mmsim_policy_ops ops = queue_ops("no-stack");
    ops.flags = MMSIM_POLICY_STACK;
    is_caught(&ops, "test stack", "this is not a stack policy, though MMSIM_POLICY_STACK is set");
}
END_TEST

static const char *complain_at_three(const void *state)
{
    return ((const struct queue *)state)->n == 3 ? "three is a crowd" : NULL;
}

START_TEST(what_check_says_is_passed_on)
{
    struct mmsim_policy_ops ops = queue_ops("complains");
    ops.check = complain_at_three;
    is_caught(&ops, "test protocol", "after load() check() says: three is a crowd");
}
END_TEST

static size_t leave_now_and_then(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct queue *queue = (struct queue *)state;
    (void)max;
    if (now % 5 > 0 || queue->n == 0)
        return 0;
    leaving[0] = take(queue, 0);
    return 1;
}

START_TEST(pages_leave_by_tick_only_if_that_is_said)
{
    struct mmsim_policy_ops ops = queue_ops("leaves");
    ops.tick = leave_now_and_then;
    is_caught(&ops, "test protocol", "but MMSIM_POLICY_VARIABLE is not set");
    ops.flags = MMSIM_POLICY_VARIABLE;
    conforms(&ops, NULL);
}
END_TEST

static size_t leave_twice(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    size_t n = leave_now_and_then(state, now, leaving, max);
    if (n > 0)
        leaving[1] = leaving[0];
    return 2 * n;
}

START_TEST(a_page_that_leaves_twice_is_named)
{
    struct mmsim_policy_ops ops = queue_ops("leaves-twice");
    ops.tick = leave_twice;
    ops.flags = MMSIM_POLICY_VARIABLE;
    is_caught(&ops, "test protocol", "tick() gave page 0, which is not resident");
}
END_TEST

static size_t leave_more_than_room(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    (void)state;
    (void)now;
    (void)leaving;
    return max + 1;
}

START_TEST(tick_may_not_return_more_than_there_is_room_for)
{
    struct mmsim_policy_ops ops = queue_ops("leaves-many");
    ops.tick = leave_more_than_room;
    is_caught(&ops, "test protocol", "but `leaving` has room for");
}
END_TEST

static bool admit_even(void *state, mmsim_page page)
{
    (void)state;
    return page % 2 == 0;
}

START_TEST(a_study_may_refuse_a_page_and_a_pager_does_not_ask)
{
    struct mmsim_policy_ops ops = queue_ops("refuses");
    ops.admit = admit_even;
    conforms(&ops, NULL);
}
END_TEST

static mmsim_page evict_looking_at_incoming(void *state, mmsim_page incoming)
{
    struct queue *queue = (struct queue *)state;
    if (queue->setup->look && incoming != MMSIM_NO_PAGE)
        queue->setup->look(queue->setup->user, incoming);
    return take(queue, 0);
}

START_TEST(a_hand_may_look_at_resident_pages_only)
{
    struct mmsim_policy_ops ops = queue_ops("looks-astray");
    ops.evict = evict_looking_at_incoming;
    ops.flags = MMSIM_POLICY_LOOKS;
    is_caught(&ops, "test bits", "which is not resident");
}
END_TEST

START_TEST(a_table_that_cannot_be_used_is_a_bad_argument)
{
    struct mmsim_policy_ops ops = queue_ops("incomplete");
    struct mmsim_error error = {0};
    ops.evict = NULL;
    ck_assert_int_eq(mmsim_policy_conform(&ops, NULL, NULL, &error), MMSIM_BAD_ARGUMENT);
}
END_TEST

/* ---- the guard by itself ---- */

static struct mmsim_guard *guard_of(const struct mmsim_policy_ops *ops, mmsim_page frames)
{
    const struct mmsim_guard_setup setup = {
        .choice = mmsim_policy_choice_of(ops), .frames = frames, .universe = 8};
    struct mmsim_guard *guard = NULL;
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_guard_create(&setup, &guard, &error) == MMSIM_OK, "%s: %s", error.where,
                  error.text);
    return guard;
}

START_TEST(a_guard_counts_what_belady_counted)
{
    static const mmsim_page belady[] = {1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5};
    static const uint64_t misses[] = {[3] = 9, [4] = 10}; /* Belady, Nelson & Shedler, 1969 */
    for (mmsim_page frames = 3; frames <= 4; frames++) {
        struct mmsim_guard *guard = guard_of(mmsim_policy_find("fifo"), frames);
        for (size_t i = 0; i < sizeof belady / sizeof *belady; i++)
            ck_assert_int_eq(mmsim_guard_reference(guard, belady[i] << 2, NULL), MMSIM_OK);
        ck_assert_uint_eq(mmsim_guard_counts(guard)->misses, misses[frames]);
        ck_assert_uint_eq(mmsim_guard_n_resident(guard), frames);
        mmsim_guard_destroy(guard);
    }
}
END_TEST

START_TEST(a_guard_repeats_a_mistake_and_moves_nothing_any_more)
{
    struct mmsim_policy_ops ops = queue_ops("keeps-victim");
    ops.evict = evict_without_taking;
    struct mmsim_guard *guard = guard_of(&ops, 1);
    struct mmsim_error first = {0}, again = {0};
    mmsim_page victim;
    ck_assert_int_eq(mmsim_guard_reference(guard, 1 << 2, &first), MMSIM_OK);
    ck_assert_int_eq(mmsim_guard_reference(guard, 2 << 2, &first), MMSIM_OK);
    ck_assert_int_eq(mmsim_guard_reference(guard, 3 << 2, &first), MMSIM_INVARIANT);
    ck_assert_str_eq(first.text, "evict() gave page 1, which is not resident");
    ck_assert_str_eq(first.where, "keeps-victim, reference 2");
    ck_assert_int_eq(mmsim_guard_evict(guard, &victim, &again), MMSIM_INVARIANT);
    ck_assert_str_eq(again.text, first.text);
    ck_assert(!mmsim_guard_is_resident(guard, 3));
    mmsim_guard_destroy(guard);
}
END_TEST

START_TEST(a_guard_refuses_calls_that_the_protocol_forbids)
{
    struct mmsim_guard *guard = guard_of(mmsim_policy_find("lru"), 2);
    struct mmsim_guard_setup setup = {.choice = mmsim_policy_choice_of(mmsim_policy_find("lru"))};
    struct mmsim_error error = {0};
    mmsim_page victim = 0;
    ck_assert_int_eq(mmsim_guard_evict(guard, &victim, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_int_eq(mmsim_guard_reference(guard, 8 << 2, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_int_eq(mmsim_guard_reference(guard, 7 << 2 | 3, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_int_eq(mmsim_guard_forget(guard, 8, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_int_eq(mmsim_guard_reference(guard, 7 << 2, &error), MMSIM_OK);
    ck_assert_int_eq(mmsim_guard_put_back(guard, 7, &error), MMSIM_BAD_ARGUMENT);
    mmsim_guard_destroy(guard);
    ck_assert_int_eq(mmsim_guard_create(&setup, &guard, &error), MMSIM_BAD_ARGUMENT);
    setup.frames = setup.universe = setup.pin_every = 1;
    ck_assert_int_eq(mmsim_guard_create(&setup, &guard, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "pin_every");
}
END_TEST

Suite *test_conform_suite(void);

Suite *test_conform_suite(void)
{
    Suite *suite = suite_create("conform");
    TCase *all = tcase_create("all");
    int n_policies = 0;
    while (mmsim_policy_at((size_t)n_policies))
        n_policies++;
    tcase_set_timeout(all, 600);
    tcase_add_loop_test(all, every_policy_of_the_library_conforms, 0, n_policies);
    tcase_add_test(all, nothing_of_setup_report_and_error_is_required);
    tcase_add_test(all, another_seed_is_another_test_and_the_same_seed_the_same);
    tcase_add_test(all, the_queue_without_a_fault_conforms);
    tcase_add_test(all, a_victim_that_is_not_resident_is_named);
    tcase_add_test(all, a_page_beyond_the_universe_is_named);
    tcase_add_test(all, background_reclaim_must_find_a_page);
    tcase_add_test(all, a_policy_that_does_not_forget_is_caught);
    tcase_add_test(all, a_state_that_is_too_small_is_noticed);
    tcase_add_test(all, two_runs_that_differ_are_told_apart);
    tcase_add_test(all, a_replay_that_counts_otherwise_is_caught);
    tcase_add_test(all, a_queue_is_no_stack_policy);
    tcase_add_test(all, what_check_says_is_passed_on);
    tcase_add_test(all, pages_leave_by_tick_only_if_that_is_said);
    tcase_add_test(all, a_page_that_leaves_twice_is_named);
    tcase_add_test(all, tick_may_not_return_more_than_there_is_room_for);
    tcase_add_test(all, a_study_may_refuse_a_page_and_a_pager_does_not_ask);
    tcase_add_test(all, a_hand_may_look_at_resident_pages_only);
    tcase_add_test(all, a_table_that_cannot_be_used_is_a_bad_argument);
    tcase_add_test(all, a_guard_counts_what_belady_counted);
    tcase_add_test(all, a_guard_repeats_a_mistake_and_moves_nothing_any_more);
    tcase_add_test(all, a_guard_refuses_calls_that_the_protocol_forbids);
    suite_add_tcase(suite, all);
    return suite;
}
