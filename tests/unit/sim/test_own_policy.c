/*
 * test_own_policy.c - a policy that is somebody's own, in a machine's pager: what it is told, and
 * what happens when it does not keep its word.
 */
#include "pager_kit.h"

/* First in, first out, and a record of what it was told. */
struct plug_in {
    mmsim_page queue[4096], n_first, n_last;
    bool gone[4096]; /* in the queue, but forgotten */
    mmsim_page frames, n_resident;
    uint64_t n_loads, n_references, n_stores, n_evictions, n_forgotten;
    const char *wrong;
};

/* What went on in the last machine: a policy's state is its machine's. */
static struct plug_in *seen;

static size_t plug_in_bytes(const struct mmsim_policy_setup *setup)
{
    (void)setup;
    return sizeof(struct plug_in);
}

static void plug_in_init(void *state, const struct mmsim_policy_setup *setup)
{
    seen = state;
    seen->frames = setup->frames;
}

static void plug_in_reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct plug_in *plug_in = state;
    (void)page;
    plug_in->n_references++;
    plug_in->n_stores += kind == MMSIM_KIND_STORE;
}

static void plug_in_load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct plug_in *plug_in = state;
    (void)kind;
    if (plug_in->n_last == 4096)
        ck_abort_msg("the queue of the test is too short");
    plug_in->queue[plug_in->n_last++] = page;
    plug_in->n_loads++;
    if (++plug_in->n_resident > plug_in->frames)
        plug_in->wrong = "more pages than frames";
}

static mmsim_page plug_in_evict(void *state, mmsim_page incoming)
{
    struct plug_in *plug_in = state;
    (void)incoming;
    while (plug_in->gone[plug_in->n_first])
        plug_in->n_first++;
    plug_in->n_resident--;
    plug_in->n_evictions++;
    return plug_in->queue[plug_in->n_first++];
}

static void plug_in_forget(void *state, mmsim_page page)
{
    struct plug_in *plug_in = state;
    plug_in->n_forgotten++;
    for (mmsim_page i = plug_in->n_first; i < plug_in->n_last; i++)
        if (plug_in->queue[i] == page && !plug_in->gone[i]) {
            plug_in->gone[i] = true;
            plug_in->n_resident--;
        }
}

static const char *plug_in_check(const void *state)
{
    return ((const struct plug_in *)state)->wrong;
}

static const struct mmsim_policy_ops own = {.abi = MMSIM_POLICY_ABI,
                                            .size = sizeof own,
                                            .name = "own",
                                            .summary = "a queue",
                                            .source = "this test",
                                            .view = MMSIM_VIEW_BITS,
                                            .state_bytes = plug_in_bytes,
                                            .init = plug_in_init,
                                            .reference = plug_in_reference,
                                            .load = plug_in_load,
                                            .evict = plug_in_evict,
                                            .forget = plug_in_forget,
                                            .check = plug_in_check};

static struct mmsim_machine *machine_with(const struct mmsim_policy_ops *ops, enum mmsim_view view)
{
    struct pager_config given;
    pager_config_init(&given, 6, 64);
    given.config.pager.policy = NULL;
    given.config.pager.policy_ops = ops;
    given.config.pager.view = view;
    return kit_build(&given.config);
}

START_TEST(a_policy_of_ones_own_is_told_of_every_load_and_reference)
{
    struct mmsim_machine *machine = machine_with(&own, MMSIM_VIEW_REFERENCES);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 10);
    ck_assert_uint_eq(seen->frames, 6);
    pager_fill(process, at, 10, 1); /* a store that loads, and one that hits, each */
    ck_assert_uint_eq(seen->n_loads, 10);
    ck_assert_uint_eq(seen->n_references, 10);
    ck_assert_uint_eq(seen->n_stores, 10);
    ck_assert_uint_eq(seen->n_evictions, 4);
    pager_expect_page(process, at, 9, 1);
    mmsim_exit(process, 0);
    ck_assert_uint_eq(seen->n_forgotten, 10);
    ck_assert_uint_eq(seen->n_resident, 0);
    kit_end(machine);
}
END_TEST

START_TEST(a_straddling_access_is_a_reference_to_both_pages)
{
    struct mmsim_machine *machine = machine_with(&own, MMSIM_VIEW_REFERENCES);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 2);
    pager_fill(process, at, 2, 1);
    uint64_t before = seen->n_references, both;
    mmsim_read(process, at + KIT_PAGE - 4, &both, 8);
    ck_assert_uint_eq(seen->n_references, before + 2);
    kit_end(machine);
}
END_TEST

START_TEST(bits_are_told_before_a_page_is_chosen)
{
    struct mmsim_machine *machine = machine_with(&own, MMSIM_VIEW_BITS);
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(process, 10);
    pager_fill(process, at, 6, 1);
    ck_assert_uint_eq(seen->n_references, 0);
    pager_store(process, at, 6, 1);
    ck_assert_uint_eq(seen->n_references, 6);
    ck_assert_uint_eq(seen->n_stores, 6);
    mmsim_age(machine);
    ck_assert_uint_eq(seen->n_references, 7);
    mmsim_age(machine);
    ck_assert_uint_eq(seen->n_references, 7);
    kit_end(machine);
}
END_TEST

/* ---- policies that do not keep their word ---- */

static mmsim_page evict_a_stranger(void *state, mmsim_page incoming)
{
    (void)state;
    return incoming;
}

static mmsim_page evict_nobody(void *state, mmsim_page incoming)
{
    (void)state, (void)incoming;
    return MMSIM_NO_PAGE;
}

static mmsim_page evict_beyond(void *state, mmsim_page incoming)
{
    (void)state, (void)incoming;
    return 0x7fffffff;
}

static mmsim_page evict_the_first_again(void *state, mmsim_page incoming)
{
    (void)incoming;
    return ((struct plug_in *)state)->queue[0];
}

static size_t give_up_a_stranger(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    (void)max;
    leaving[0] = 3000;
    return now > 8 && ((struct plug_in *)state)->n_loads > 3;
}

static void expect_violation(const struct mmsim_policy_ops *ops, const char *part)
{
    for (int view = 0; view <= MMSIM_VIEW_BITS; view++) {
        struct mmsim_machine *machine = machine_with(ops, (enum mmsim_view)view);
        struct mmsim_process *process = kit_spawn(machine, "p");
        struct mmsim_error error = {0};
        mmsim_vaddr at = kit_map(process, 30);
        for (unsigned i = 0; i < 30 && mmsim_process_alive(process); i++)
            kit_write(process, at + i * KIT_PAGE, i);
        ck_assert_int_eq(mmsim_machine_check(machine, &error), MMSIM_INVARIANT);
        ck_assert_msg(strstr(error.text, part) != NULL, "%s", error.text);
        mmsim_step_begin(machine);
        ck_assert_int_eq(mmsim_step_end(machine, &error), MMSIM_INVARIANT);
        mmsim_machine_destroy(machine);
    }
}

START_TEST(a_policy_that_names_a_page_that_is_not_resident_is_found_out)
{
    struct mmsim_policy_ops broken = own;
    mmsim_page (*const evicts[])(void *, mmsim_page) = {evict_a_stranger, evict_nobody,
                                                        evict_beyond, evict_the_first_again};
    broken.check = NULL;
    for (size_t i = 0; i < 4; i++) {
        broken.evict = evicts[i];
        expect_violation(&broken, "not resident");
    }
}
END_TEST

START_TEST(a_policy_that_gives_up_a_page_that_is_not_resident_is_found_out)
{
    struct mmsim_policy_ops broken = own;
    broken.tick = give_up_a_stranger;
    broken.flags = MMSIM_POLICY_VARIABLE;
    expect_violation(&broken, "not resident");
}
END_TEST

static const char *complain(const void *state)
{
    return ((const struct plug_in *)state)->n_evictions > 2 ? "the queue is in a knot" : NULL;
}

START_TEST(what_a_policys_own_check_says_is_told)
{
    struct mmsim_policy_ops broken = own;
    broken.check = complain;
    expect_violation(&broken, "the queue is in a knot");
}
END_TEST

START_TEST(tables_that_cannot_be_used_and_policies_of_studies_are_refused)
{
    struct mmsim_policy_ops broken = own;
    struct mmsim_error error = {0};
    struct mmsim_machine *machine = NULL;
    struct mmsim_config config = kit_config();
    config.pager.policy_ops = &broken;
    broken.evict = NULL;
    ck_assert_int_eq(mmsim_machine_create(&config, &machine, &error), MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, "pager.policy");
    broken = own;
    broken.abi = 99;
    ck_assert_int_eq(mmsim_machine_create(&config, &machine, &error), MMSIM_BAD_CONFIG);
    config.pager.policy_ops = NULL;
    static const char *const refused[] = {"opt", "s3-fifo(variant=libcachesim-2024)", "clok",
                                          "clock(load-bit=7)", ""};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        config.pager.policy = refused[i];
        ck_assert_int_eq(mmsim_machine_create(&config, &machine, &error), MMSIM_BAD_CONFIG);
        ck_assert_str_eq(error.where, "pager.policy");
        ck_assert_uint_gt(strlen(error.text), 10);
    }
    ck_assert_ptr_null(machine);
}
END_TEST

Suite *test_own_policy_suite(void);
Suite *test_own_policy_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("own policies", &tests);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, a_policy_of_ones_own_is_told_of_every_load_and_reference);
    tcase_add_test(tests, a_straddling_access_is_a_reference_to_both_pages);
    tcase_add_test(tests, bits_are_told_before_a_page_is_chosen);
    tcase_add_test(tests, a_policy_that_names_a_page_that_is_not_resident_is_found_out);
    tcase_add_test(tests, a_policy_that_gives_up_a_page_that_is_not_resident_is_found_out);
    tcase_add_test(tests, what_a_policys_own_check_says_is_told);
    tcase_add_test(tests, tables_that_cannot_be_used_and_policies_of_studies_are_refused);
    return suite;
}
