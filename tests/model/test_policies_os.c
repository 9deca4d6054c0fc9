/*
 * test_policies_os.c - the policies of operating systems against plain ones (os_policies.h), and
 * against each other where theory says that they are the same. (Check writes a line for every
 * assertion, which takes longer than these: in loops only what failed is told.)
 */
#include <check.h>
#include <stdlib.h>

#include <mmsim/policy_kit.h>

#include "base/rng.h"
#include "os_policies.h"

enum { N_STRINGS = 4000, MAX_PAGES = 24, MAX_FRAMES = 12, MAX_REFS = 300 };

/* A policy and its plain twin, side by side. */
struct twins {
    const struct mmsim_policy_ops *ops;
    struct mmsim_policy_choice choice;
    struct mmsim_policy_setup setup;
    void *state;
    const struct naive_policy *plain;
    struct naive *naive;
    struct mm_rng rng;
    bool resident[NAIVE_PAGES];
    mmsim_page n_resident;
    uint64_t n_compared;
    char described[128];
};

static uint32_t below(struct twins *twins, uint32_t bound)
{
    return (uint32_t)mm_rng_below(&twins->rng, bound);
}

/* Near the low end, where parameters matter to short strings; sometimes at the high one. */
static double random_value(struct twins *twins, const struct mmsim_param *param)
{
    double width = param->high - param->low;
    if (below(twins, 8) == 0)
        return param->high;
    if (param->type == MMSIM_PARAM_REAL)
        return param->low + width * below(twins, 9) / 8;
    return param->low + below(twins, width < 30 ? (uint32_t)width + 1 : 30);
}

static void begin(struct twins *twins)
{
    twins->choice = mmsim_policy_choice_of(twins->ops);
    for (int i = 0; twins->ops->params[i].name; i++)
        if (below(twins, 2) == 0)
            twins->choice.params[i] = random_value(twins, &twins->ops->params[i]);
    mmsim_policy_describe(&twins->choice, twins->described, sizeof twins->described);
    twins->setup = (struct mmsim_policy_setup){.frames = 1 + below(twins, MAX_FRAMES),
                                               .universe = 1 + below(twins, MAX_PAGES),
                                               .params = twins->choice.params};
    twins->state = calloc(1, twins->ops->state_bytes(&twins->setup));
    twins->ops->init(twins->state, &twins->setup);
    memset(twins->naive, 0, sizeof *twins->naive);
    twins->naive->params = twins->choice.params;
    twins->naive->frames = (int)twins->setup.frames;
    twins->naive->n_pages = (int)twins->setup.universe;
    twins->plain->begin(twins->naive);
    memset(twins->resident, 0, sizeof twins->resident);
    twins->n_resident = 0;
}

static void end(struct twins *twins)
{
    free(twins->state);
}

static void leave(struct twins *twins, mmsim_page page, int plain)
{
    if (page != (mmsim_page)plain)
        ck_abort_msg("%s, %u frames: page %u goes, but plainly %d", twins->described,
                     twins->setup.frames, page, plain);
    twins->resident[page] = false;
    twins->n_resident--;
    twins->n_compared++;
}

static void evict(struct twins *twins, mmsim_page incoming)
{
    int plain = twins->plain->evict(twins->naive, incoming == MMSIM_NO_PAGE ? -1 : (int)incoming);
    leave(twins, twins->ops->evict(twins->state, incoming), plain);
}

static void refer(struct twins *twins, mmsim_page page, enum mmsim_kind kind)
{
    bool write = kind == MMSIM_KIND_STORE;
    if (twins->resident[page]) {
        twins->ops->reference(twins->state, page, kind);
        twins->plain->use(twins->naive, (int)page, write);
        return;
    }
    while (twins->n_resident >= twins->setup.frames)
        evict(twins, page);
    twins->ops->load(twins->state, page, kind);
    twins->plain->load(twins->naive, (int)page, write);
    twins->resident[page] = true;
    twins->n_resident++;
}

static void tick(struct twins *twins)
{
    mmsim_page leaving[NAIVE_PAGES];
    int plain[NAIVE_PAGES] = {0};
    uint64_t now = ++twins->naive->now;
    int n_plain = twins->plain->tick(twins->naive, plain);
    size_t n = twins->ops->tick ? twins->ops->tick(twins->state, now, leaving, NAIVE_PAGES) : 0;
    if ((int)n != n_plain)
        ck_abort_msg("%s: %zu pages leave, but plainly %d", twins->described, n, n_plain);
    for (size_t i = 0; i < n; i++)
        leave(twins, leaving[i], plain[i]);
}

/* Sometimes a page goes in the background, or ceases to exist. */
static void disturb(struct twins *twins)
{
    if (twins->n_resident > 0 && below(twins, 12) == 0)
        evict(twins, MMSIM_NO_PAGE);
    if (below(twins, 20) > 0)
        return;
    mmsim_page page = below(twins, twins->setup.universe);
    twins->ops->forget(twins->state, page);
    twins->plain->forget(twins->naive, (int)page);
    twins->n_resident -= twins->resident[page];
    twins->resident[page] = false;
}

static mmsim_page next_page(struct twins *twins, unsigned pattern, uint32_t i)
{
    mmsim_page n = twins->setup.universe, uniform = below(twins, n);
    if (pattern == 1)
        return uniform * below(twins, n) / n;
    if (pattern == 2)
        return i % n;
    return uniform;
}

static void run_string(struct twins *twins, unsigned kind_of_string)
{
    begin(twins);
    uint32_t n_refs = 1 + below(twins, MAX_REFS);
    for (uint32_t i = 0; i < n_refs; i++) {
        if (kind_of_string % 2 == 1)
            disturb(twins);
        refer(twins, next_page(twins, kind_of_string / 2 % 3, i),
              (enum mmsim_kind)below(twins, MMSIM_N_KINDS));
        tick(twins);
        const char *wrong = twins->ops->check(twins->state);
        if (wrong)
            ck_abort_msg("%s: %s", twins->described, wrong);
    }
    ck_assert_int_lt(twins->naive->max, NAIVE_GENERATIONS);
    end(twins);
}

START_TEST(every_victim_is_that_of_the_plain_policy)
{
    struct twins twins = {.plain = &naive_policies[_i], .naive = malloc(sizeof(struct naive))};
    twins.ops = mmsim_policy_find(twins.plain->name);
    ck_assert_ptr_nonnull(twins.ops);
    mm_rng_seed(&twins.rng, 1000 + (uint64_t)_i);
    for (unsigned i = 0; i < N_STRINGS; i++)
        run_string(&twins, i);
    ck_assert_uint_ge(twins.n_compared, 240000);
    free(twins.naive);
}
END_TEST

/* ---- equal by theory ---- */

static struct mmsim_guard *guard_of(const char *text, mmsim_page frames, uint32_t harvest_every)
{
    struct mmsim_guard_setup setup = {
        .frames = frames, .universe = MAX_PAGES, .harvest_every = harvest_every};
    struct mmsim_guard *guard = NULL;
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_policy_parse(text, strlen(text), &setup.choice, &error) == MMSIM_OK, "%s",
                  error.text);
    ck_assert_msg(mmsim_guard_create(&setup, &guard, &error) == MMSIM_OK, "%s", error.text);
    return guard;
}

struct side {
    const char *policy;
    uint32_t harvest_every;
};

static mmsim_ref random_ref(struct mm_rng *rng, bool stores)
{
    mmsim_page page = (mmsim_page)(mm_rng_below(rng, MAX_PAGES) * mm_rng_below(rng, MAX_PAGES));
    return page / MAX_PAGES << 2 | (stores ? (mmsim_ref)mm_rng_below(rng, 2) : 0);
}

/* The same decisions, in the same order, on every string. */
static void are_equal(struct side a, struct side b, bool stores)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 42);
    for (int round = 0; round < 300; round++) {
        mmsim_page frames = 1 + (mmsim_page)mm_rng_below(&rng, MAX_FRAMES);
        struct mmsim_guard *left = guard_of(a.policy, frames, a.harvest_every);
        struct mmsim_guard *right = guard_of(b.policy, frames, b.harvest_every);
        struct mmsim_error error = {0};
        for (int i = 0; i < MAX_REFS; i++) {
            mmsim_ref ref = random_ref(&rng, stores);
            if (mmsim_guard_reference(left, ref, &error) != MMSIM_OK ||
                mmsim_guard_reference(right, ref, &error) != MMSIM_OK)
                ck_abort_msg("%s: %s", error.where, error.text);
            if (mmsim_guard_digest(left) != mmsim_guard_digest(right))
                ck_abort_msg("%s and %s, %u frames, reference %d", a.policy, b.policy, frames, i);
        }
        ck_assert_uint_gt(mmsim_guard_counts(left)->evictions, 0);
        mmsim_guard_destroy(left);
        mmsim_guard_destroy(right);
    }
}

static const struct {
    const char *a, *b;
    bool stores;
} same[] = {
    {"second-chance", "clock", true},
    {"lru-k(k=1)", "lru", true},
    {"lru-k(k=1,history=0)", "lru", true},
    {"lru-k(k=4,correlated=1000000,history=0)", "lru", true},
    {"wsclock(tau=0,clean-first=0,load-bit=0)", "clock(load-bit=0)", true},
    {"wsclock(tau=0,clean-first=0,load-bit=1)", "clock(load-bit=1)", true},
    {"wsclock(tau=0)", "clock(load-bit=1)", false},
    {"working-set(tau=1000000)", "lru", true},
    {"pff(threshold=1000000)", "lru", true},
    {"nru(period=1)", "fifo", false},
    {"nfu(period=1000000)", "fifo", true},
    {"aging(period=1000000)", "fifo", true},
};

START_TEST(what_theory_says_is_the_same_is_the_same)
{
    are_equal((struct side){same[_i].a, 0}, (struct side){same[_i].b, 0}, same[_i].stores);
}
END_TEST

/* A hand that looks finds what it would have been told, and the bit of the load. */
static const char *const hands[] = {
    "clock(load-bit=1)",
    "nru",
    "nru(period=7)",
    "nfu(period=5)",
    "aging",
    "aging(period=3,bits=4)",
    "clock-pro(load-bit=1)",
    "clock-pro(load-bit=1,cold=0.5)",
    "linux",
    "linux(inactive-ratio=3)",
    "mglru",
    "wsclock(tau=20)",
    "wsclock(tau=3,clean-first=0)",
};

START_TEST(a_hand_that_looks_at_bits_decides_as_if_it_were_told)
{
    are_equal((struct side){hands[_i], 0}, (struct side){hands[_i], 1}, true);
}
END_TEST

Suite *test_policies_os_suite(void);

Suite *test_policies_os_suite(void)
{
    Suite *suite = suite_create("policies of operating systems");
    TCase *all = tcase_create("all");
    int n_naive = 0;
    while (naive_policies[n_naive].name)
        n_naive++;
    tcase_set_timeout(all, 600);
    tcase_add_loop_test(all, every_victim_is_that_of_the_plain_policy, 0, n_naive);
    tcase_add_loop_test(all, what_theory_says_is_the_same_is_the_same, 0,
                        (int)(sizeof same / sizeof *same));
    tcase_add_loop_test(all, a_hand_that_looks_at_bits_decides_as_if_it_were_told, 0,
                        (int)(sizeof hands / sizeof *hands));
    suite_add_tcase(suite, all);
    return suite;
}
