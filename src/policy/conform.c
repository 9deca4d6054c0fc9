/*
 * conform.c - the conformance test for policies: a table of tests, each run over strings of every
 * pattern, several sizes, frames from 1 to more than there are pages, and parameters at their ends.
 *
 * A test drives guards (guard.c) and compares; the first mistake ends everything. Its sentence
 * comes from the guard or from the test, its place from here: policy and parameters, test, pattern,
 * pages, frames, round, reference.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mmsim/policy_kit.h>

#include "base/host.h"
#include "base/rng.h"
#include "base/text.h"
#include "policy/strings.h"

enum { N_ROUNDS_BY_DEFAULT = 2, PIECE = 37, CANARY_BYTES = 64, CANARY = 0x5A, NOWHERE = -1 };

/* What is run now. */
struct run {
    struct mmsim_policy_choice choice;
    const struct mmsim_policy_ops *ops;
    const char *test;
    size_t pattern;
    mmsim_page frames;
    uint32_t round;
    uint64_t seed;
    struct mm_string string;
    struct mm_rng rng; /* for what a test decides */
    struct mm_host host;
    struct mmsim_conform_report report;
    struct mmsim_error *error; /* never NULL */
};

/* ---- mistakes ---- */

static void say_where(struct run *run, long long reference)
{
    char policy[100], at[40] = "";
    mmsim_policy_describe(&run->choice, policy, sizeof policy);
    if (reference != NOWHERE)
        snprintf(at, sizeof at, ", reference %lld", reference);
    snprintf(run->error->where, sizeof run->error->where,
             "%.70s: test %s, pattern %s, %u pages, %u frames, round %u%s", policy, run->test,
             mm_string_pattern(run->pattern), run->string.n_pages, run->frames, run->round, at);
}

static enum mmsim_status fail(struct run *run, long long reference, const char *format, ...)
    MM_PRINTF(3, 4);

static enum mmsim_status fail(struct run *run, long long reference, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->error->text, sizeof run->error->text, format, arguments);
    va_end(arguments);
    run->error->status = MMSIM_INVARIANT;
    say_where(run, reference);
    return MMSIM_INVARIANT;
}

/* A guard has reported something: its sentence stays, and is given a place. */
static enum mmsim_status pass_on(struct run *run, enum mmsim_status status, uint32_t reference)
{
    if (status == MMSIM_INVARIANT)
        say_where(run, reference);
    return status;
}

/* ---- guards ---- */

static struct mmsim_guard_setup setup_of(const struct run *run)
{
    bool clairvoyant = run->ops->flags & MMSIM_POLICY_STUDY_ONLY;
    return (struct mmsim_guard_setup){
        .choice = run->choice,
        .frames = run->frames,
        .universe = run->string.n_pages,
        .seed = run->seed,
        .future = clairvoyant ? run->string.refs : NULL,
        .n_future = clairvoyant ? run->string.n_refs : 0,
    };
}

static struct mmsim_guard_setup pager_of(const struct run *run)
{
    struct mmsim_guard_setup setup = setup_of(run);
    setup.role = MMSIM_GUARD_PAGER;
    return setup;
}

/* What happens before the i-th reference. */
typedef enum mmsim_status (*event)(struct run *run, struct mmsim_guard *guard, uint32_t i);

static enum mmsim_status nothing(struct run *run, struct mmsim_guard *guard, uint32_t i)
{
    (void)run;
    (void)guard;
    (void)i;
    return MMSIM_OK;
}

static enum mmsim_status drive(struct run *run, struct mmsim_guard *guard, event before)
{
    enum mmsim_status status = MMSIM_OK;
    for (uint32_t i = 0; status == MMSIM_OK && i < run->string.n_refs; i++) {
        status = before(run, guard, i);
        if (status == MMSIM_OK)
            status = mmsim_guard_reference(guard, run->string.refs[i], run->error);
        status = pass_on(run, status, i);
    }
    return status;
}

/* One guard of the setup through the whole string; its counts, if they are wanted. */
static enum mmsim_status drive_one(struct run *run, const struct mmsim_guard_setup *setup,
                                   event before, struct mmsim_counts *counts)
{
    struct mmsim_guard *guard = NULL;
    enum mmsim_status status = mmsim_guard_create(setup, &guard, run->error);
    if (status == MMSIM_OK)
        status = drive(run, guard, before);
    if (status == MMSIM_OK && counts)
        *counts = *mmsim_guard_counts(guard);
    mmsim_guard_destroy(guard);
    return status;
}

/* Two guards side by side; `compare` after each reference. */
typedef enum mmsim_status (*comparison)(struct run *run, struct mmsim_guard *const guards[2],
                                        uint32_t i);

static enum mmsim_status drive_pair(struct run *run, const struct mmsim_guard_setup setups[2],
                                    comparison compare)
{
    struct mmsim_guard *guards[2] = {NULL, NULL};
    enum mmsim_status status = mmsim_guard_create(&setups[0], &guards[0], run->error);
    if (status == MMSIM_OK)
        status = mmsim_guard_create(&setups[1], &guards[1], run->error);
    for (uint32_t i = 0; status == MMSIM_OK && i < run->string.n_refs; i++) {
        for (int k = 0; status == MMSIM_OK && k < 2; k++)
            status = mmsim_guard_reference(guards[k], run->string.refs[i], run->error);
        status = pass_on(run, status, i);
        if (status == MMSIM_OK)
            status = compare(run, guards, i);
    }
    mmsim_guard_destroy(guards[0]);
    mmsim_guard_destroy(guards[1]);
    return status;
}

/* ---- protocol ---- */

static enum mmsim_status same_decisions(struct run *run, struct mmsim_guard *const guards[2],
                                        uint32_t i)
{
    if (mmsim_guard_digest(guards[0]) == mmsim_guard_digest(guards[1]))
        return MMSIM_OK;
    return fail(run, i,
                "two runs of the same string decide differently: a decision depends on something"
                " that is not in the state, or on state that init() did not set");
}

static enum mmsim_status test_protocol(struct run *run)
{
    const struct mmsim_guard_setup setup = setup_of(run), twins[2] = {setup, setup};
    struct mmsim_counts counts = {0};
    enum mmsim_status status = drive_one(run, &setup, nothing, &counts);
    if (status == MMSIM_OK)
        status = drive_pair(run, twins, same_decisions);
    if (status != MMSIM_OK)
        return status;
    uint64_t least =
        mm_string_least_misses(&run->string, run->frames, run->ops->admit ? MM_BYPASS : MM_DEMAND);
    if (counts.misses < least)
        return fail(run, NOWHERE, "%llu misses are fewer than the %llu of the optimum",
                    (unsigned long long)counts.misses, (unsigned long long)least);
    return MMSIM_OK;
}

/* ---- bulk ---- */

static enum mmsim_status judge_counts(struct run *run, const struct mmsim_counts *bulk,
                                      const struct mmsim_counts *single)
{
    const struct {
        const char *what;
        uint64_t bulk, single;
    } rows[] = {
        {"references", bulk->references, single->references},
        {"misses", bulk->misses, single->misses},
        {"evictions", bulk->evictions, single->evictions},
        {"dirty evictions", bulk->dirty_evictions, single->dirty_evictions},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].bulk != rows[i].single)
            return fail(run, NOWHERE, "replay() counts %llu %s, but call by call there are %llu",
                        (unsigned long long)rows[i].bulk, rows[i].what,
                        (unsigned long long)rows[i].single);
    return MMSIM_OK;
}

static enum mmsim_status judge_canary(struct run *run, const uint8_t *canary)
{
    for (int i = 0; i < CANARY_BYTES; i++)
        if (canary[i] != CANARY)
            return fail(run, NOWHERE, "replay() wrote behind its state");
    return MMSIM_OK;
}

/* replay() over the string in pieces of at most so many references. */
static enum mmsim_status replay_pieces(struct run *run, uint32_t piece, struct mmsim_counts *counts)
{
    const struct mmsim_guard_setup from = setup_of(run);
    const struct mmsim_policy_setup setup = {.frames = from.frames,
                                             .universe = from.universe,
                                             .seed = from.seed,
                                             .params = run->ops->params ? run->choice.params : NULL,
                                             .future = from.future,
                                             .n_future = from.n_future};
    size_t n_bytes = run->ops->state_bytes(&setup);
    uint8_t *state = (uint8_t *)mm_host_alloc(&run->host, n_bytes + CANARY_BYTES);
    if (!state)
        return mm_error_set(run->error, MMSIM_HOST_MEMORY, "", "no memory for a policy's state");
    memset(state + n_bytes, CANARY, CANARY_BYTES);
    run->ops->init(state, &setup);
    for (uint32_t i = 0; i < run->string.n_refs; i += piece) {
        uint32_t n = run->string.n_refs - i < piece ? run->string.n_refs - i : piece;
        run->ops->replay(state, run->string.refs + i, n, counts);
    }
    enum mmsim_status status = judge_canary(run, state + n_bytes);
    const char *wrong = run->ops->check ? run->ops->check(state) : NULL;
    if (status == MMSIM_OK && wrong)
        status = fail(run, NOWHERE, "after replay() check() says: %s", wrong);
    mm_host_free(&run->host, state, n_bytes + CANARY_BYTES);
    return status;
}

static enum mmsim_status test_bulk(struct run *run)
{
    const struct mmsim_guard_setup setup = setup_of(run);
    const uint32_t pieces[] = {MM_STRING_MAX, PIECE, 1};
    struct mmsim_counts single = {0};
    enum mmsim_status status = drive_one(run, &setup, nothing, &single);
    for (size_t i = 0; status == MMSIM_OK && i < sizeof pieces / sizeof *pieces; i++) {
        struct mmsim_counts bulk = {0};
        status = replay_pieces(run, pieces[i], &bulk);
        if (status == MMSIM_OK)
            status = judge_counts(run, &bulk, &single);
    }
    return status;
}

static bool has_replay(const struct mmsim_policy_ops *ops)
{
    return ops->replay != NULL;
}

/* ---- what a pager does ---- */

/* Now and then some pages go, at the end of each third all of them; some come back at once. */
static enum mmsim_status reclaim(struct run *run, struct mmsim_guard *guard, uint32_t i)
{
    mmsim_page n = mmsim_guard_n_resident(guard), victim = 0;
    bool all = i % (run->string.n_refs / 3 + 1) == 0;
    enum mmsim_status status = MMSIM_OK;
    if (!all)
        n = n > 0 && mm_rng_below(&run->rng, 5) == 0 ? (mmsim_page)mm_rng_below(&run->rng, n + 1)
                                                     : 0;
    for (; status == MMSIM_OK && n > 0; n--)
        status = mmsim_guard_evict(guard, &victim, run->error);
    return status;
}

static enum mmsim_status test_background(struct run *run)
{
    const struct mmsim_guard_setup setup = pager_of(run);
    return drive_one(run, &setup, reclaim, NULL);
}

static enum mmsim_status evict_in_vain(struct run *run, struct mmsim_guard *guard, uint32_t i)
{
    mmsim_page victim = 0;
    if (i % 7 != 3 || mmsim_guard_n_resident(guard) == 0)
        return MMSIM_OK;
    enum mmsim_status status = mmsim_guard_evict(guard, &victim, run->error);
    return status == MMSIM_OK ? mmsim_guard_put_back(guard, victim, run->error) : status;
}

static enum mmsim_status test_pinned(struct run *run)
{
    struct mmsim_guard_setup setup = pager_of(run);
    setup.pin_every = 2 + run->round % 3;
    return drive_one(run, &setup, evict_in_vain, NULL);
}

static enum mmsim_status forget_some(struct run *run, struct mmsim_guard *guard, uint32_t i)
{
    mmsim_page page = (mmsim_page)mm_rng_below(&run->rng, run->string.n_pages);
    bool all = i == run->string.n_refs / 2;
    if (all)
        for (page = 0; page + 1 < run->string.n_pages; page++) {
            enum mmsim_status status = mmsim_guard_forget(guard, page, run->error);
            if (status != MMSIM_OK)
                return status;
        }
    return all || mm_rng_below(&run->rng, 6) == 0 ? mmsim_guard_forget(guard, page, run->error)
                                                  : MMSIM_OK;
}

static enum mmsim_status test_forget(struct run *run)
{
    const struct mmsim_guard_setup setup = pager_of(run);
    return drive_one(run, &setup, forget_some, NULL);
}

static enum mmsim_status test_bits(struct run *run)
{
    struct mmsim_guard_setup setups[2] = {pager_of(run), pager_of(run)};
    setups[0].harvest_every = setups[1].harvest_every = run->round % 2 ? 13 : 1;
    return drive_pair(run, setups, same_decisions);
}

static bool is_for_pagers(const struct mmsim_policy_ops *ops)
{
    return !(ops->flags & MMSIM_POLICY_STUDY_ONLY);
}

static enum mmsim_status resize_now(struct run *run, struct mmsim_guard *guard, uint32_t i)
{
    if (i % 11 != 10)
        return MMSIM_OK;
    mmsim_page frames = 1 + (mmsim_page)mm_rng_below(&run->rng, run->frames);
    return mmsim_guard_resize(guard, frames, run->error);
}

static enum mmsim_status test_resize(struct run *run)
{
    const struct mmsim_guard_setup setup = pager_of(run);
    return drive_one(run, &setup, resize_now, NULL);
}

static bool has_resize(const struct mmsim_policy_ops *ops)
{
    return is_for_pagers(ops) && ops->resize != NULL;
}

/* ---- stack ---- */

static enum mmsim_status inclusion(struct run *run, struct mmsim_guard *const guards[2], uint32_t i)
{
    for (mmsim_page page = 0; page < run->string.n_pages; page++)
        if (mmsim_guard_is_resident(guards[0], page) && !mmsim_guard_is_resident(guards[1], page))
            return fail(run, i,
                        "page %u is resident with %u frames, but not with %u: this is not a stack"
                        " policy, though MMSIM_POLICY_STACK is set",
                        page, run->frames, run->frames + 1);
    return MMSIM_OK;
}

/* Inclusion at every reference implies misses that never rise with the frames. */
static enum mmsim_status test_stack(struct run *run)
{
    struct mmsim_guard_setup setups[2] = {setup_of(run), setup_of(run)};
    setups[1].frames++;
    return drive_pair(run, setups, inclusion);
}

static bool claims_stack(const struct mmsim_policy_ops *ops)
{
    return ops->flags & MMSIM_POLICY_STACK;
}

/* ---- everything ---- */

static bool always(const struct mmsim_policy_ops *ops)
{
    (void)ops;
    return true;
}

static const struct {
    const char *name;
    bool (*applies)(const struct mmsim_policy_ops *ops);
    enum mmsim_status (*test)(struct run *run);
} tests[] = {
    {"protocol", always, test_protocol},     {"bulk", has_replay, test_bulk},
    {"background", always, test_background}, {"pinned", is_for_pagers, test_pinned},
    {"forget", always, test_forget},         {"bits", is_for_pagers, test_bits},
    {"stack", claims_stack, test_stack},     {"resize", has_resize, test_resize},
};

static enum mmsim_status run_tests(struct run *run)
{
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (!tests[i].applies(run->ops))
            continue;
        run->test = tests[i].name;
        mm_rng_seed(&run->rng, run->seed);
        run->report.n_strings++;
        run->report.n_references += run->string.n_refs;
        enum mmsim_status status = tests[i].test(run);
        if (status != MMSIM_OK)
            return status;
    }
    return MMSIM_OK;
}

/* Pages and frames. */
static const mmsim_page sizes[][2] = {
    {1, 1}, {4, 1}, {5, 2}, {7, 3}, {9, 4}, {24, 8}, {40, 15}, {12, 11}, {6, 6}, {3, 5}, {10, 40},
};

static enum mmsim_status run_strings(struct run *run, uint64_t seed, uint32_t n_rounds)
{
    enum mmsim_status status = MMSIM_OK;
    for (run->pattern = 0; mm_string_pattern(run->pattern); run->pattern++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (run->round = 0; status == MMSIM_OK && run->round < n_rounds; run->round++) {
                run->seed = mm_rng_mix(seed ^ mm_rng_mix(run->pattern << 16 | i << 8) ^ run->round);
                run->string.n_pages = sizes[i][0];
                run->frames = sizes[i][1];
                run->string.n_refs = MM_STRING_MAX;
                mm_string_make(&run->string, run->pattern, run->frames, run->seed);
                status = run_tests(run);
                if (status != MMSIM_OK)
                    return status;
            }
    return status;
}

/* The k-th value of a parameter that is tried: its ends, and each of its words. */
static double value_at(const struct mmsim_param *param, int k)
{
    if (param->type == MMSIM_PARAM_WORD)
        return param->low + k;
    return k == 0 ? param->low : param->high;
}

static int count_values(const struct mmsim_param *param)
{
    return param->type == MMSIM_PARAM_WORD ? (int)(param->high - param->low) + 1 : 2;
}

static enum mmsim_status run_choices(struct run *run, uint64_t seed, uint32_t n_rounds)
{
    const struct mmsim_param *param = run->ops->params;
    run->choice = mmsim_policy_choice_of(run->ops);
    run->report.n_choices = 1;
    enum mmsim_status status = run_strings(run, seed, n_rounds);
    for (size_t i = 0; status == MMSIM_OK && param && param[i].name; i++)
        for (int k = 0; status == MMSIM_OK && k < count_values(&param[i]); k++) {
            run->choice.params[i] = value_at(&param[i], k);
            run->report.n_choices++;
            status = run_strings(run, seed, n_rounds);
            run->choice.params[i] = param[i].by_default;
        }
    return status;
}

enum mmsim_status mmsim_policy_conform(const struct mmsim_policy_ops *ops,
                                       const struct mmsim_conform_setup *setup,
                                       struct mmsim_conform_report *report,
                                       struct mmsim_error *error)
{
    struct mmsim_error unwanted;
    struct run run = {.ops = ops, .error = error ? error : &unwanted};
    uint32_t n_rounds = setup && setup->n_rounds > 0 ? setup->n_rounds : N_ROUNDS_BY_DEFAULT;
    enum mmsim_status status = mmsim_policy_validate(ops, run.error);
    if (status == MMSIM_OK) {
        mm_host_init(&run.host, NULL);
        status = run_choices(&run, setup ? setup->seed : 0, n_rounds);
    }
    if (report)
        *report = run.report;
    return status;
}
