/*
 * Policies whose every decision is defined, against naive models (naive.h): the same pages are
 * resident after each reference, call by call; the same is counted in bulk, whole and in pieces.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "naive.h"

Suite *test_exact_suite(void);

enum { N_REFS = 3000 };

/* ---- strings of references ---- */

enum pattern { UNIFORM, SKEWED, LOOP, PHASES, N_PATTERNS };

static mmsim_page draw(struct mm_rng *rng, enum pattern pattern, unsigned n_pages, unsigned i)
{
    unsigned page = (unsigned)mm_rng_below(rng, n_pages);
    switch (pattern) {
    case SKEWED:
        return mm_rng_below(rng, 4) ? (unsigned)mm_rng_below(rng, page / 4 + 1) : page;
    case LOOP:
        return mm_rng_below(rng, 8) ? i % n_pages : page;
    case PHASES:
        return (i / 300 * 7 + page / 3) % n_pages;
    default:
        return page;
    }
}

static void make_string(mmsim_ref refs[N_REFS], enum pattern pattern, unsigned n_pages,
                        uint64_t seed)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, seed);
    for (unsigned i = 0; i < N_REFS; i++)
        refs[i] = draw(&rng, pattern, n_pages, i) << 2 |
                  (mmsim_ref)(mm_rng_below(&rng, 4) == 0 ? MMSIM_KIND_STORE : MMSIM_KIND_LOAD);
}

/* Check writes a record of each assertion: these are many. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

/* ---- the library's side ---- */

struct run {
    struct mmsim_policy_choice choice;
    struct mmsim_policy_setup setup;
    void *state;
    bool resident[NAIVE_PAGES], dirty[NAIVE_PAGES];
    unsigned n_resident;
    struct mmsim_counts counts;
};

static void begin(struct run *run, const char *policy, unsigned frames, unsigned n_pages,
                  const mmsim_ref *future, size_t n_future)
{
    *run = (struct run){.n_resident = 0};
    ck_assert_int_eq(mmsim_policy_parse(policy, strlen(policy), &run->choice, NULL), MMSIM_OK);
    run->setup = (struct mmsim_policy_setup){.frames = frames,
                                             .universe = n_pages,
                                             .seed = 1,
                                             .params = run->choice.params,
                                             .future = future,
                                             .n_future = n_future};
    run->state = calloc(1, run->choice.ops->state_bytes(&run->setup));
    run->choice.ops->init(run->state, &run->setup);
}

static void end(struct run *run)
{
    free(run->state);
}

static void leave(struct run *run, mmsim_page page)
{
    MUST(page < run->setup.universe && run->resident[page], "%s names %u, which is not resident",
         run->choice.ops->name, page);
    run->resident[page] = false;
    run->n_resident--;
    run->counts.evictions++;
    run->counts.dirty_evictions += run->dirty[page];
}

static void miss(struct run *run, mmsim_page page, enum mmsim_kind kind)
{
    const struct mmsim_policy_ops *ops = run->choice.ops;
    run->counts.misses++;
    if (ops->admit && !ops->admit(run->state, page))
        return;
    while (run->n_resident >= run->setup.frames)
        leave(run, ops->evict(run->state, page));
    ops->load(run->state, page, kind);
    run->resident[page] = true;
    run->dirty[page] = false;
    run->n_resident++;
}

static void call(struct run *run, mmsim_ref ref, uint64_t now)
{
    const struct mmsim_policy_ops *ops = run->choice.ops;
    mmsim_page page = mmsim_ref_page(ref), leaving[2];
    size_t n = 0;
    if (run->resident[page])
        ops->reference(run->state, page, mmsim_ref_kind(ref));
    else
        miss(run, page, mmsim_ref_kind(ref));
    run->dirty[page] |= mmsim_ref_kind(ref) == MMSIM_KIND_STORE;
    run->counts.references++;
    do {
        n = ops->tick ? ops->tick(run->state, now, leaving, 2) : 0;
        for (size_t i = 0; i < n; i++)
            leave(run, leaving[i]);
    } while (n == 2);
}

static void check(const struct run *run)
{
    const char *wrong = run->choice.ops->check(run->state);
    MUST(!wrong, "%s, %u frames: %s", run->choice.ops->name, run->setup.frames, wrong);
}

/* ---- comparisons ---- */

static bool is_opt(const struct run *run)
{
    return strcmp(run->choice.ops->name, "opt") == 0;
}

static void compare_counts(const struct run *run, const struct naive *m, const char *how)
{
    char text[80];
    snprintf(text, sizeof text, "%s(%g), %u frames, %s", run->choice.ops->name, m->param, m->c,
             how);
    MUST(run->counts.references == m->counts.references, "%s: references", text);
    MUST(run->counts.misses == m->counts.misses, "%s: %u misses, expected %u", text,
         (unsigned)run->counts.misses, (unsigned)m->counts.misses);
    MUST(run->counts.evictions == m->counts.evictions, "%s: evictions", text);
    if (!is_opt(run)) /* which of the pages never used again goes is not defined */
        MUST(run->counts.dirty_evictions == m->counts.dirty_evictions, "%s: dirty", text);
}

static void compare_calls(unsigned which, unsigned frames, unsigned n_pages, const mmsim_ref *refs,
                          struct naive *m)
{
    struct run run;
    begin(&run, naive_models[which].policy, frames, n_pages, refs, N_REFS);
    naive_begin(m, which, frames, refs, N_REFS);
    for (size_t i = 0; i < N_REFS; i++) {
        call(&run, refs[i], i + 1);
        naive_next(m, which);
        MUST(is_opt(&run) || memcmp(run.resident, m->resident, sizeof m->resident) == 0,
             "%s, %u frames: other pages are resident after reference %u",
             naive_models[which].policy, frames, (unsigned)i);
        MUST(run.n_resident <= frames, "%u pages in %u frames", run.n_resident, frames);
        if (i % 97 == 0)
            check(&run);
    }
    check(&run);
    compare_counts(&run, m, "by calls");
    end(&run);
}

static void compare_bulk(unsigned which, unsigned n_pages, const mmsim_ref *refs,
                         const struct naive *m, size_t piece, bool with_future)
{
    struct run run;
    begin(&run, naive_models[which].policy, m->c, n_pages, with_future ? refs : NULL,
          with_future ? N_REFS : 0);
    for (size_t done = 0; done < N_REFS; done += piece) {
        size_t n = N_REFS - done < piece ? N_REFS - done : piece;
        run.choice.ops->replay(run.state, refs + done, n, &run.counts);
        check(&run);
    }
    compare_counts(&run, m, "in bulk");
    end(&run);
}

static void compare(unsigned which, unsigned frames, unsigned n_pages, const mmsim_ref *refs)
{
    static struct naive m;
    if (frames == 1 && strcmp(naive_models[which].policy, "lirs") == 0)
        return; /* the paper's definition needs two */
    compare_calls(which, frames, n_pages, refs, &m);
    compare_bulk(which, n_pages, refs, &m, N_REFS, false);
    compare_bulk(which, n_pages, refs, &m, N_REFS, true);
    compare_bulk(which, n_pages, refs, &m, 7, false);
    compare_bulk(which, n_pages, refs, &m, 640, true);
}

START_TEST(small_memories_agree_with_the_naive_model)
{
    static const unsigned frames[] = {1, 2, 3, 4, 5, 6, 7, 9, 10, 13, 17, 20, 31, 40, 41, 50};
    static mmsim_ref refs[N_REFS];
    for (enum pattern pattern = 0; pattern < N_PATTERNS; pattern++) {
        make_string(refs, pattern, 40, (uint64_t)pattern + 1);
        for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
            compare((unsigned)_i, frames[i], 40, refs);
    }
}
END_TEST

START_TEST(larger_memories_agree_with_the_naive_model)
{
    static const unsigned frames[] = {64, 99, 203, 250};
    static mmsim_ref refs[N_REFS];
    for (enum pattern pattern = 0; pattern < N_PATTERNS; pattern++) {
        make_string(refs, pattern, 260, (uint64_t)pattern + 100);
        for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
            compare((unsigned)_i, frames[i], 260, refs);
    }
}
END_TEST

/* ---- what has no naive model: lirs with one frame, random ---- */

static struct mmsim_counts counts_of(const char *policy, unsigned frames, unsigned n_pages,
                                     const mmsim_ref *refs, uint64_t seed)
{
    struct run run;
    begin(&run, policy, frames, n_pages, refs, N_REFS);
    run.setup.seed = seed;
    run.choice.ops->init(run.state, &run.setup);
    for (size_t i = 0; i < N_REFS; i++)
        call(&run, refs[i], i + 1);
    check(&run);
    struct mmsim_counts counts = run.counts;
    end(&run);
    return counts;
}

START_TEST(one_frame_misses_unless_the_page_is_the_last_one)
{
    static mmsim_ref refs[N_REFS];
    make_string(refs, SKEWED, 10, 3);
    uint64_t changes = 1;
    for (size_t i = 1; i < N_REFS; i++)
        changes += mmsim_ref_page(refs[i]) != mmsim_ref_page(refs[i - 1]);
    static const char *const policies[] = {"lirs", "random", "slru", "arc", "car", "2q"};
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        ck_assert_uint_eq(counts_of(policies[i], 1, 10, refs, 1).misses, changes);
}
END_TEST

START_TEST(random_repeats_itself_by_its_seed_and_is_never_better_than_opt)
{
    static mmsim_ref refs[N_REFS];
    make_string(refs, PHASES, 60, 5);
    uint64_t best = counts_of("opt", 15, 60, refs, 1).misses, misses[20];
    bool differs = false;
    for (uint64_t seed = 0; seed < 20; seed++) {
        misses[seed] = counts_of("random", 15, 60, refs, seed).misses;
        ck_assert_uint_eq(misses[seed], counts_of("random", 15, 60, refs, seed).misses);
        ck_assert_uint_ge(misses[seed], best);
        differs |= misses[seed] != misses[0];
    }
    ck_assert(differs);
}
END_TEST

/* 8 resident pages, 4,000 victims: 500 each, give or take five deviations (of 21). */
START_TEST(random_takes_all_pages_alike)
{
    struct run run;
    unsigned n[8] = {0};
    begin(&run, "random", 8, 8, NULL, 0);
    for (mmsim_page page = 0; page < 8; page++)
        run.choice.ops->load(run.state, page, MMSIM_KIND_LOAD);
    for (unsigned i = 0; i < 4000; i++) {
        mmsim_page page = run.choice.ops->evict(run.state, MMSIM_NO_PAGE);
        n[page]++;
        run.choice.ops->load(run.state, page, MMSIM_KIND_LOAD);
    }
    for (unsigned i = 0; i < 8; i++)
        MUST(n[i] > 395 && n[i] < 605, "page %u: %u", i, n[i]);
    check(&run);
    end(&run);
}
END_TEST

/* ---- what studies never do, but pagers do ---- */

/* A pager's life: pages are unmapped, come back at once, go in the background. */
static void live(const char *policy, unsigned frames, uint64_t seed)
{
    struct run run;
    struct mm_rng rng;
    begin(&run, policy, frames, 64, NULL, 0);
    mm_rng_seed(&rng, seed);
    for (unsigned i = 0; i < 6000; i++) {
        mmsim_page page = (mmsim_page)mm_rng_below(&rng, 64);
        unsigned what = (unsigned)mm_rng_below(&rng, 20);
        if (what == 0) {
            run.choice.ops->forget(run.state, page);
            run.n_resident -= run.resident[page];
            run.resident[page] = false;
        } else if (what == 1 && run.n_resident > 0) {
            leave(&run, run.choice.ops->evict(run.state, MMSIM_NO_PAGE));
        } else if (what == 2 && run.n_resident == frames && !run.resident[page]) {
            mmsim_page victim = run.choice.ops->evict(run.state, page);
            leave(&run, victim);
            run.choice.ops->load(run.state, victim, MMSIM_KIND_STORE); /* it is pinned */
            run.resident[victim] = true;
            run.n_resident++;
        } else {
            call(&run, page << 2 | (i & 1), i);
        }
        MUST(run.n_resident <= frames, "%u pages in %u frames", run.n_resident, frames);
        if (i % 50 == 0)
            check(&run);
    }
    end(&run);
}

START_TEST(forgetting_background_eviction_and_pinned_victims_do_no_harm)
{
    static const unsigned frames[] = {1, 2, 3, 4, 8, 17, 30, 64, 100};
    for (size_t i = 0; mmsim_policy_at(i); i++) {
        const struct mmsim_policy_ops *ops = mmsim_policy_at(i);
        for (size_t k = 0; k < sizeof frames / sizeof *frames; k++)
            if (!(ops->flags & MMSIM_POLICY_STUDY_ONLY))
                live(ops->name, frames[k], k);
    }
    for (size_t k = 0; k < sizeof frames / sizeof *frames; k++) {
        live("s3-fifo(variant=paper)", frames[k], k);
        live("s3-fifo(variant=caffeine)", frames[k], k);
        live("arc(integer=1)", frames[k], k);
        live("car(integer=1)", frames[k], k);
    }
}
END_TEST

START_TEST(frames_can_become_fewer_and_more)
{
    for (size_t k = 0; mmsim_policy_at(k); k++) {
        const struct mmsim_policy_ops *ops = mmsim_policy_at(k);
        struct run run;
        struct mm_rng rng;
        if (!ops->resize)
            continue;
        begin(&run, ops->name, 40, 64, NULL, 0);
        mm_rng_seed(&rng, 11);
        for (unsigned i = 0; i < 5000; i++) {
            if (i % 100 == 99) {
                run.setup.frames = 1 + (unsigned)mm_rng_below(&rng, 40);
                while (run.n_resident > run.setup.frames)
                    leave(&run, ops->evict(run.state, MMSIM_NO_PAGE));
                ops->resize(run.state, run.setup.frames);
                check(&run);
            }
            call(&run, (mmsim_ref)mm_rng_below(&rng, 64) << 2, i);
        }
        check(&run);
        end(&run);
    }
}
END_TEST

/* ---- accessed bits ---- */

struct bits {
    bool accessed[NAIVE_PAGES];
};

static enum mmsim_look look(void *user, mmsim_page page)
{
    struct bits *bits = (struct bits *)user;
    bool was = bits->accessed[page];
    bits->accessed[page] = false;
    return was ? MMSIM_LOOK_ACCESSED : MMSIM_LOOK_NOTHING;
}

/* Hits set a bit that only the hand sees: the victims are those of a run that is told each. */
static void compare_looking(const struct mmsim_policy_ops *ops, const mmsim_ref *refs,
                            unsigned frames)
{
    static struct bits bits;
    struct run told, looking;
    bits = (struct bits){{false}};
    begin(&told, ops->name, frames, 60, NULL, 0);
    begin(&looking, ops->name, frames, 60, NULL, 0);
    looking.setup.look = look;
    looking.setup.user = &bits;
    ops->init(looking.state, &looking.setup);
    for (unsigned i = 0; i < N_REFS; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        bool hit = told.resident[page];
        call(&told, refs[i], i);
        if (hit)
            bits.accessed[page] = true;
        else
            call(&looking, refs[i], i);
        MUST(memcmp(told.resident, looking.resident, sizeof told.resident) == 0,
             "%s, %u frames: other pages are resident after reference %u", ops->name, frames, i);
    }
    check(&looking);
    end(&told);
    end(&looking);
}

START_TEST(a_hand_that_looks_decides_like_one_that_was_told)
{
    static const char *const policies[] = {"clock", "second-chance", "sieve", "car"};
    static mmsim_ref refs[N_REFS];
    for (enum pattern pattern = 0; pattern < N_PATTERNS; pattern++) {
        make_string(refs, pattern, 60, 9);
        for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
            const struct mmsim_policy_ops *ops = mmsim_policy_find(policies[i]);
            ck_assert(ops->flags & MMSIM_POLICY_LOOKS);
            for (unsigned frames = 1; frames < 60; frames = frames * 2 + 1)
                compare_looking(ops, refs, frames);
        }
    }
}
END_TEST

Suite *test_exact_suite(void)
{
    Suite *suite = suite_create("policy/exact");
    TCase *models = tcase_create("models"), *others = tcase_create("others");
    tcase_set_timeout(models, 300);
    tcase_set_timeout(others, 60);
    tcase_add_loop_test(models, small_memories_agree_with_the_naive_model, 0, N_NAIVE_MODELS);
    tcase_add_loop_test(models, larger_memories_agree_with_the_naive_model, 0, N_NAIVE_MODELS);
    tcase_add_test(others, one_frame_misses_unless_the_page_is_the_last_one);
    tcase_add_test(others, random_repeats_itself_by_its_seed_and_is_never_better_than_opt);
    tcase_add_test(others, random_takes_all_pages_alike);
    tcase_add_test(others, forgetting_background_eviction_and_pinned_victims_do_no_harm);
    tcase_add_test(others, frames_can_become_fewer_and_more);
    tcase_add_test(others, a_hand_that_looks_decides_like_one_that_was_told);
    suite_add_tcase(suite, models);
    suite_add_tcase(suite, others);
    return suite;
}
