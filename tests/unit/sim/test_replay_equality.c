/*
 * test_replay_equality.c - the same policy on the same references, in a whole machine and bare.
 *
 * Theory. A process touches pages that are all its own (MMSIM_MAP_OWN_PAGES, one process, nothing
 * else in user frames), aligned words, in a machine with c user frames, no reading ahead, and swap
 * that never fills. Then a reference faults for want of its page exactly if the page is in no
 * frame, and a page leaves only if the policy says so. If the policy is told the same things in the
 * same order at the same times, it decides the same:
 *
 *   view exact    every reference, its own load once; tick() after each; time is references made
 *   view bits:N   the same questions by a hand that looks; or all bits that are set, by ascending
 *                 page, every N references and before each eviction. Pages must have the same
 *                 numbers: those of the machine are given in the order of the first touch. tick()
 *                 comes when the kernel is entered: after each reference, if they are made one by
 *                 one, not if they are made in batches
 *
 * So misses, evictions and the pages resident at the end must be equal: for all policies but those
 * that need the future or may turn a page away, which no pager can do.
 */
#include <mmsim/study.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"

struct string {
    mmsim_ref *refs;
    size_t n;
    mmsim_page n_pages;
};

/* What is compared. */
struct figures {
    uint64_t misses, evictions;
};

/* How the machine is set up, and what the study is asked for. */
struct play {
    const char *policy;
    const struct string *string;
    mmsim_page frames;
    enum mmsim_view view;
    uint64_t interval; /* bits: references between two harvests; 0: only before evictions */
    size_t batch;      /* references in one call; 1: by mmsim_read() and its like */
};

/* ---- strings of references ---- */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Pages get their numbers in the order of their first appearance. */
static struct string renumbered(const mmsim_ref *refs, size_t n)
{
    struct string string = {.refs = calloc(n, sizeof *string.refs), .n = n};
    mmsim_page highest = 0;
    for (size_t i = 0; i < n; i++)
        highest = mmsim_ref_page(refs[i]) > highest ? mmsim_ref_page(refs[i]) : highest;
    mmsim_page *number = malloc(((size_t)highest + 1) * sizeof *number);
    ck_assert(string.refs && number);
    memset(number, 0xff, ((size_t)highest + 1) * sizeof *number);
    for (size_t i = 0; i < n; i++) {
        mmsim_page *is = &number[mmsim_ref_page(refs[i])];
        if (*is == MMSIM_NO_PAGE)
            *is = string.n_pages++;
        string.refs[i] = *is << 2 | (refs[i] & 3);
    }
    free(number);
    return string;
}

/* Near pages are likelier, the place wanders, one reference in three is a store. */
static struct string random_string(size_t n, unsigned n_pages, uint32_t seed)
{
    mmsim_ref *refs = malloc(n * sizeof *refs);
    ck_assert_ptr_nonnull(refs);
    uint32_t state = seed * 2654435761u + 1;
    unsigned base = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned a = next_random(&state) % n_pages, b = next_random(&state) % n_pages;
        if (next_random(&state) % 200 == 0)
            base = next_random(&state) % n_pages;
        unsigned kind = next_random(&state) % 3 == 0;
        refs[i] = (mmsim_ref)((base + (a < b ? a : b)) % n_pages) << 2 | kind;
    }
    struct string string = renumbered(refs, n);
    free(refs);
    return string;
}

/* The first references of a real program. */
static struct string excerpt(const char *path, size_t skip, size_t n)
{
    struct mmsim_trace *trace = NULL;
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_trace_open(path, &trace, &error) == MMSIM_OK, "%s", error.text);
    size_t n_all;
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n_all);
    ck_assert_uint_ge(n_all, skip + n);
    struct string string = renumbered(refs + skip, n);
    mmsim_trace_close(trace);
    return string;
}

/* ---- bare ---- */

static struct mmsim_policy_choice choice_of(const char *text)
{
    struct mmsim_policy_choice choice;
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_policy_parse(text, strlen(text), &choice, &error) == MMSIM_OK, "%s",
                  error.text);
    return choice;
}

static struct figures replay_bare(const struct play *play)
{
    struct mmsim_trace *trace = NULL;
    struct mmsim_error error = {0};
    struct mmsim_policy_choice choice = choice_of(play->policy);
    struct mmsim_study_options options;
    mmsim_study_options_init(&options);
    if (play->view == MMSIM_VIEW_BITS)
        options.harvest_interval = play->interval > 0 ? play->interval : UINT64_MAX;
    ck_assert_int_eq(
        mmsim_trace_of_refs("string", play->string->refs, play->string->n, &trace, &error),
        MMSIM_OK);
    struct mmsim_study_cell cell = {
        .trace = trace, .choice = &choice, .frames = play->frames, .options = &options};
    ck_assert_msg(mmsim_study_run(&cell, 1, 1, &error) == MMSIM_OK, "%s: %s", error.where,
                  error.text);
    mmsim_trace_close(trace);
    return (struct figures){cell.outcome.counts.misses, cell.outcome.counts.evictions};
}

/* ---- in the machine ---- */

static enum mmsim_access_kind access_of(mmsim_ref ref)
{
    static const enum mmsim_access_kind kinds[] = {[MMSIM_KIND_LOAD] = MMSIM_ACCESS_READ,
                                                   [MMSIM_KIND_STORE] = MMSIM_ACCESS_WRITE,
                                                   [MMSIM_KIND_FETCH] = MMSIM_ACCESS_FETCH};
    return kinds[mmsim_ref_kind(ref)];
}

static void make_reference(struct mmsim_process *process, mmsim_vaddr start, mmsim_ref ref)
{
    mmsim_vaddr address = start + (mmsim_vaddr)mmsim_ref_page(ref) * KIT_PAGE;
    uint32_t word = ref;
    struct mmsim_access access;
    if (mmsim_ref_kind(ref) == MMSIM_KIND_STORE)
        access = mmsim_write(process, address, &word, sizeof word);
    else if (mmsim_ref_kind(ref) == MMSIM_KIND_FETCH)
        access = mmsim_fetch(process, address);
    else
        access = mmsim_read(process, address, &word, sizeof word);
    if (access.outcome != MMSIM_DONE)
        ck_abort_msg("a reference was refused");
}

static void make_batch(struct mmsim_process *process, mmsim_vaddr start, const mmsim_ref *refs,
                       size_t n)
{
    struct mmsim_reference *batch = malloc(n * sizeof *batch);
    ck_assert_ptr_nonnull(batch);
    for (size_t i = 0; i < n; i++)
        batch[i] = (struct mmsim_reference){
            .address = start + (mmsim_vaddr)mmsim_ref_page(refs[i]) * KIT_PAGE,
            .value = refs[i],
            .kind = (uint32_t)access_of(refs[i])};
    ck_assert_uint_eq(mmsim_reference_run(process, batch, n).done, n);
    free(batch);
}

static void make_references(struct mmsim_process *process, const struct play *play,
                            mmsim_vaddr start)
{
    const struct string *string = play->string;
    for (size_t i = 0; i < string->n;) {
        size_t n = play->batch < string->n - i ? play->batch : string->n - i;
        if (n == 1)
            make_reference(process, start, string->refs[i]);
        else
            make_batch(process, start, string->refs + i, n);
        i += n;
    }
}

static struct mmsim_machine *machine_for(const struct play *play)
{
    struct mmsim_swap_area area = {.bytes = (uint64_t)play->string->n_pages * KIT_PAGE};
    struct mmsim_config config = kit_config();
    config.ram_bytes = 16 * MMSIM_MIB;
    config.check = MMSIM_CHECK_END;
    config.user_frames = play->frames;
    config.pager.policy = play->policy;
    config.pager.view = play->view;
    config.pager.view_interval = play->interval;
    config.pager.swap = &area;
    config.pager.n_swap = 1;
    config.pager.swap_readahead = 1;
    return kit_build(&config);
}

static struct figures replay_in_machine(const struct play *play)
{
    struct mmsim_machine *machine = machine_for(play);
    struct mmsim_process *process = kit_spawn(machine, "replay");
    mmsim_vaddr start;
    ck_assert_int_eq(kit_try_map(process, 0, (uint64_t)play->string->n_pages * KIT_PAGE,
                                 KIT_RW | MMSIM_PROT_EXEC, MMSIM_MAP_OWN_PAGES, &start),
                     MMSIM_SUCCESS);
    make_references(process, play, start);
    struct mmsim_reclaim_stats stats;
    mmsim_reclaim_get_stats(machine, &stats);
    struct figures figures = {mmsim_machine_loads(machine), stats.reclaimed};
    kit_check(machine);
    ck_assert_uint_eq(stats.loads, figures.misses);
    ck_assert_uint_eq(kit_rss(process), figures.misses - figures.evictions);
    kit_end(machine);
    return figures;
}

/* ---- all policies ---- */

/* The form of a policy that a machine has, and further forms of some. */
static const char *const forms[] = {"s3-fifo(variant=paper)",
                                    "s3-fifo(variant=caffeine)",
                                    "clock(load-bit=0)",
                                    "clock(load-bit=1)",
                                    "arc(integer=1)",
                                    "car(integer=1)",
                                    "nru(period=37)",
                                    "aging(period=11)",
                                    "nfu(period=11)",
                                    "wsclock(tau=60)",
                                    "working-set(tau=60)",
                                    "pff(threshold=9)",
                                    "lru-k(k=3)"};

static const char *policy_at(size_t i)
{
    enum { N_FORMS = sizeof forms / sizeof *forms };
    if (i < N_FORMS)
        return forms[i];
    const struct mmsim_policy_ops *ops = mmsim_policy_at(i - N_FORMS);
    bool other_form = ops && strcmp(ops->name, "s3-fifo") == 0; /* the machine's default is paper */
    bool fits = ops && !(ops->flags & MMSIM_POLICY_STUDY_ONLY) && !other_form;
    return !ops ? NULL : fits ? ops->name : "";
}

/* Only who needs time or tells of it in between: who looks for itself, or has no clock, is as good
 * in batches as one by one. */
static bool has_clock(const struct mmsim_policy_ops *ops)
{
    return ops->tick != NULL;
}

/* Whether theory says that both are equal. */
static bool must_be_equal(const struct play *play)
{
    const struct mmsim_policy_ops *ops = choice_of(play->policy).ops;
    if (play->view == MMSIM_VIEW_REFERENCES || !has_clock(ops))
        return true;
    if (play->batch > 1)
        return false;
    return play->interval > 0 || (ops->flags & MMSIM_POLICY_LOOKS);
}

static void expect_equal(const struct play *play)
{
    struct figures bare = replay_bare(play);
    struct figures whole = replay_in_machine(play);
    if (bare.misses == whole.misses && bare.evictions == whole.evictions)
        return;
    ck_abort_msg("%s, %u frames, view %s:%llu, %zu at once: %llu misses, %llu evictions; bare "
                 "%llu, %llu",
                 play->policy, (unsigned)play->frames, mmsim_view_name(play->view),
                 (unsigned long long)play->interval, play->batch, (unsigned long long)whole.misses,
                 (unsigned long long)whole.evictions, (unsigned long long)bare.misses,
                 (unsigned long long)bare.evictions);
}

/* How many policies were compared. */
static unsigned expect_all_equal(const struct play *like)
{
    const char *policy;
    unsigned n = 0;
    for (size_t i = 0; (policy = policy_at(i)) != NULL; i++) {
        struct play play = *like;
        play.policy = policy;
        if (*policy == '\0' || !must_be_equal(&play))
            continue;
        expect_equal(&play);
        n++;
    }
    return n;
}

static const size_t batches[] = {1, 7, 100000};
enum { N_BATCHES = 3, AT_LEAST = 20 /* policies that have no clock, and forms of them */ };

START_TEST(every_policy_misses_as_often_in_the_machine_as_bare_if_it_sees_every_reference)
{
    static const mmsim_page frames[] = {1, 2, 3, 5, 8, 13, 21, 30};
    struct string string = random_string(1200, 31, (uint32_t)_i + 1);
    struct play play = {.string = &string, .frames = frames[_i], .view = MMSIM_VIEW_REFERENCES};
    for (size_t i = 0; i < N_BATCHES; i++) {
        play.batch = batches[i];
        ck_assert_uint_ge(expect_all_equal(&play), AT_LEAST);
    }
    free(string.refs);
}
END_TEST

START_TEST(every_policy_misses_as_often_if_it_sees_only_bits)
{
    static const uint64_t intervals[] = {0, 1, 10, 64, 1000};
    struct string string = random_string(1200, 31, (uint32_t)_i + 20);
    struct play play = {.string = &string, .view = MMSIM_VIEW_BITS, .interval = intervals[_i]};
    for (size_t i = 0; i < N_BATCHES; i++) {
        play.batch = batches[i];
        play.frames = 4 + (mmsim_page)_i + 7 * (mmsim_page)i;
        ck_assert_uint_ge(expect_all_equal(&play), AT_LEAST);
    }
    free(string.refs);
}
END_TEST

START_TEST(excerpts_of_real_programs_miss_as_often_in_the_machine_as_bare)
{
    static const struct {
        const char *path;
        size_t skip;
        mmsim_page frames;
    } rows[] = {{"bench/traces/cc1-tlb64.pt.zst", 0, 60},
                {"bench/traces/sqlite-tlb64.pt.zst", 5000, 40},
                {"bench/traces/python-tlb64.pt.zst", 20000, 100},
                {"bench/traces/sqlite-dedup.pt.zst", 0, 5}};
    struct string string = excerpt(rows[_i].path, rows[_i].skip, 6000);
    struct play play = {.string = &string,
                        .frames = rows[_i].frames,
                        .view = MMSIM_VIEW_REFERENCES,
                        .batch = 100000};
    ck_assert_uint_gt(string.n_pages, rows[_i].frames);
    ck_assert_uint_ge(expect_all_equal(&play), AT_LEAST);
    free(string.refs);
}
END_TEST

Suite *test_replay_equality_suite(void);
Suite *test_replay_equality_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("machine and bare replay", &tests);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(
        tests, every_policy_misses_as_often_in_the_machine_as_bare_if_it_sees_every_reference, 0,
        8);
    tcase_add_loop_test(tests, every_policy_misses_as_often_if_it_sees_only_bits, 0, 5);
    tcase_add_loop_test(tests, excerpts_of_real_programs_miss_as_often_in_the_machine_as_bare, 0,
                        4);
    return suite;
}
