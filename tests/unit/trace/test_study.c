/*
 * Studies: both ways of replaying, the view of bits, warm-up, clean first, refaults, threads, and
 * policies that do not keep their word. The oracles are naive.h and the plug-ins below.
 */
#include "fail_nth.h"
#include "naive.h"
#include "trace/replay.h"
#include "trace_kit.h"

enum { N_REFS = 4000, N_PAGES = 40 };

static struct mmsim_trace *random_trace(uint32_t seed)
{
    mmsim_ref refs[N_REFS];
    kit_random_refs(refs, N_REFS, N_PAGES, seed);
    return kit_of_refs(refs, N_REFS);
}

/* ---- a plug-in: first in, first out, and what else a test wants of it ---- */

struct plug_in {
    mmsim_page queue[4096];
    size_t first, n;
    mmsim_page universe;
    uint64_t last[N_PAGES]; /* reference by which it was seen last */
    uint64_t now;
    const struct mmsim_policy_setup *setup;
    mmsim_ref log[256]; /* what reference() was told, page << 2 | kind */
    size_t n_log;
};

static size_t plug_in_bytes(const struct mmsim_policy_setup *setup)
{
    (void)setup;
    return sizeof(struct plug_in);
}

static void plug_in_init(void *state, const struct mmsim_policy_setup *setup)
{
    struct plug_in *plug_in = state;
    plug_in->universe = setup->universe;
    plug_in->setup = setup;
}

static void plug_in_reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct plug_in *plug_in = state;
    plug_in->last[page] = plug_in->now + 1;
    if (plug_in->n_log < 256)
        plug_in->log[plug_in->n_log++] = page << 2 | (mmsim_ref)kind;
}

static void plug_in_load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct plug_in *plug_in = state;
    (void)kind;
    plug_in->last[page] = plug_in->now + 1;
    plug_in->queue[plug_in->first + plug_in->n++] = page;
    ck_assert_uint_lt(plug_in->first + plug_in->n, 4096);
}

static mmsim_page plug_in_evict(void *state, mmsim_page incoming)
{
    struct plug_in *plug_in = state;
    (void)incoming;
    plug_in->n--;
    return plug_in->queue[plug_in->first++];
}

static mmsim_page evict_a_stranger(void *state, mmsim_page incoming)
{
    (void)state;
    return incoming;
}

static void plug_in_forget(void *state, mmsim_page page)
{
    (void)state, (void)page;
}

static bool admit_even_pages(void *state, mmsim_page page)
{
    (void)state;
    return page % 2 == 0;
}

enum { WINDOW = 20 };

/* The oldest in the queue leave when they were not seen for WINDOW references; one at a time. */
static size_t leave_after_window(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct plug_in *plug_in = state;
    size_t n = 0;
    plug_in->now = now;
    for (size_t i = 0; i < plug_in->n && n < max; i++) {
        mmsim_page page = plug_in->queue[plug_in->first + i];
        if (plug_in->last[page] + WINDOW > now)
            continue;
        leaving[n++] = page;
        memmove(plug_in->queue + plug_in->first + i, plug_in->queue + plug_in->first + i + 1,
                (plug_in->n - i - 1) * sizeof *plug_in->queue);
        plug_in->n--;
        i--;
    }
    return n;
}

static struct mmsim_policy_ops plug_in_ops(void)
{
    return (struct mmsim_policy_ops){
        .abi = MMSIM_POLICY_ABI,
        .size = sizeof(struct mmsim_policy_ops),
        .name = "plug-in",
        .summary = "of a test",
        .source = "this file",
        .view = MMSIM_VIEW_REFERENCES,
        .state_bytes = plug_in_bytes,
        .init = plug_in_init,
        .reference = plug_in_reference,
        .load = plug_in_load,
        .evict = plug_in_evict,
        .forget = plug_in_forget,
    };
}

/* ---- both ways ---- */

START_TEST(call_by_call_counts_what_bulk_counts)
{
    struct mmsim_trace *trace = random_trace((uint32_t)_i);
    struct mmsim_study_options bulk = kit_options(), steps = kit_options();
    const struct mmsim_policy_ops *ops;
    steps.refaults = MMSIM_REFAULTS_BY_EVICTIONS; /* which no bulk replay can note */
    for (size_t i = 0; (ops = mmsim_policy_at(i)) != NULL; i++) {
        struct mmsim_policy_choice choice = mmsim_policy_choice_of(ops);
        for (mmsim_page frames = 2; frames <= N_PAGES; frames += 7) {
            struct mmsim_study_outcome a = kit_run(trace, &choice, frames, &bulk);
            struct mmsim_study_outcome b = kit_run(trace, &choice, frames, &steps);
            kit_expect_counts(&b.counts, &a.counts, ops->name);
            ck_assert_uint_eq(a.write_backs, b.write_backs);
            if (a.mean_resident >= 0)
                ck_assert_double_eq(a.mean_resident, b.mean_resident);
        }
    }
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(a_plug_in_counts_what_a_naive_queue_counts)
{
    size_t n;
    struct mmsim_trace *trace = random_trace(7);
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n);
    const struct mmsim_policy_ops ops = plug_in_ops();
    struct mmsim_policy_choice choice = mmsim_policy_choice_of(&ops);
    struct mmsim_study_options options = kit_options();
    for (mmsim_page frames = 1; frames <= N_PAGES; frames += 3) {
        struct mmsim_counts expected = naive_replay(&NAIVE_POLICIES[2], frames, refs, n);
        struct mmsim_study_outcome found = kit_run(trace, &choice, frames, &options);
        kit_expect_counts(&found.counts, &expected, "plug-in");
    }
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(warm_up_is_made_and_not_counted)
{
    enum { WARM_UP = 1500 };
    size_t n;
    struct mmsim_trace *trace = random_trace(3);
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n);
    struct mmsim_study_options options = kit_options();
    options.warm_up = WARM_UP;
    options.refaults = _i ? MMSIM_REFAULTS_BY_REFERENCES : MMSIM_REFAULTS_NOT;
    for (size_t p = 0; p < N_NAIVE_POLICIES; p++) {
        struct mmsim_policy_choice choice = kit_choice(NAIVE_POLICIES[p].choice);
        struct mmsim_counts all = naive_replay(&NAIVE_POLICIES[p], 9, refs, n);
        struct mmsim_counts before = naive_replay(&NAIVE_POLICIES[p], 9, refs, WARM_UP);
        struct mmsim_counts expected = {
            all.references - before.references,
            all.misses - before.misses,
            all.evictions - before.evictions,
            all.dirty_evictions - before.dirty_evictions,
        };
        struct mmsim_study_outcome found = kit_run(trace, &choice, 9, &options);
        kit_expect_counts(&found.counts, &expected, NAIVE_POLICIES[p].choice);
        ck_assert_uint_eq(found.n_replayed, N_REFS);
        ck_assert_double_eq(found.mean_resident, 9); /* full long before */
    }
    mmsim_trace_close(trace);
}
END_TEST

/* ---- the view of bits ---- */

START_TEST(clock_on_bits_is_clock_whose_pages_load_with_the_bit_set)
{
    static const uint64_t INTERVALS[] = {1, 10, 1000000};
    struct mmsim_trace *trace = random_trace(11);
    struct mmsim_policy_choice clock = kit_choice("clock"),
                               hardware = kit_choice("clock(load-bit=1)");
    struct mmsim_study_options exact = kit_options(), bits = kit_options();
    bits.harvest_interval = INTERVALS[_i];
    for (mmsim_page frames = 1; frames < N_PAGES; frames += 4) {
        struct mmsim_study_outcome a = kit_run(trace, &clock, frames, &bits);
        struct mmsim_study_outcome b = kit_run(trace, &hardware, frames, &exact);
        kit_expect_counts(&a.counts, &b.counts, "clock");
    }
    mmsim_trace_close(trace);
}
END_TEST

/* LRU that is told of bits only, by definition: a list, and bits that are searched. */
static struct mmsim_counts lru_by_bits(const mmsim_ref *refs, size_t n, size_t frames,
                                       size_t interval)
{
    struct naive naive = {.frames = frames};
    mmsim_page pages[N_PAGES];
    bool referenced[N_PAGES], dirty[N_PAGES], accessed[N_PAGES] = {false};
    naive.pages = pages;
    naive.referenced = referenced;
    naive.dirty = dirty;
    for (size_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        bool missing = naive_find(&naive, page) == naive.n;
        bool due = (i + 1) % interval == 0, full = missing && naive.n == frames;
        naive.counts.references++;
        naive.counts.misses += missing;
        for (mmsim_page p = 0; p < N_PAGES && full; p++) {
            if (accessed[p])
                naive_renew(&naive, naive_find(&naive, p));
            accessed[p] = false;
        }
        if (full) {
            naive.counts.evictions++;
            naive.counts.dirty_evictions += dirty[0];
            naive_remove(&naive, 0);
        }
        if (missing)
            naive_append(&naive, page, false, false);
        dirty[naive_find(&naive, page)] |= mmsim_ref_kind(refs[i]) == MMSIM_KIND_STORE;
        accessed[page] = true;
        for (mmsim_page p = 0; p < N_PAGES && due; p++) {
            if (accessed[p])
                naive_renew(&naive, naive_find(&naive, p));
            accessed[p] = false;
        }
    }
    return naive.counts;
}

START_TEST(lru_on_bits_is_what_its_definition_says)
{
    static const size_t INTERVALS[] = {1, 3, 50, 100000};
    size_t n;
    struct mmsim_trace *trace = random_trace(5);
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n);
    struct mmsim_policy_choice lru = kit_choice("lru");
    struct mmsim_study_options bits = kit_options();
    bits.harvest_interval = INTERVALS[_i];
    for (mmsim_page frames = 1; frames < N_PAGES; frames += 3) {
        struct mmsim_counts expected = lru_by_bits(refs, n, frames, INTERVALS[_i]);
        struct mmsim_study_outcome found = kit_run(trace, &lru, frames, &bits);
        kit_expect_counts(&found.counts, &expected, "lru");
    }
    mmsim_trace_close(trace);
}
END_TEST

/* Its evict() looks at pages 0 to 2 and notes what it finds. */
static mmsim_page look_and_evict(void *state, mmsim_page incoming)
{
    struct plug_in *plug_in = state;
    for (mmsim_page page = 0; page < 3; page++)
        plug_in->log[plug_in->n_log++] =
            page << 2 | plug_in->setup->look(plug_in->setup->user, page);
    mmsim_page victim = plug_in_evict(state, incoming);
    ck_assert_uint_lt(plug_in->n_log, 200);
    static const mmsim_ref EXPECTED[] = {
        0 << 2 | MMSIM_LOOK_ACCESSED, 1 << 2 | MMSIM_LOOK_WRITTEN,  2 << 2 | MMSIM_LOOK_NOTHING,
        0 << 2 | MMSIM_LOOK_NOTHING,  1 << 2 | MMSIM_LOOK_ACCESSED, 2 << 2 | MMSIM_LOOK_WRITTEN,
    };
    for (size_t i = 0; i < plug_in->n_log; i++)
        ck_assert_msg(plug_in->log[i] == EXPECTED[i], "look %zu: 0x%x", i, plug_in->log[i]);
    return victim;
}

START_TEST(a_hand_that_looks_sees_each_bit_once_and_is_told_nothing)
{
    const mmsim_ref refs[] = {KIT_LOAD(0),  KIT_STORE(1), KIT_LOAD(1),
                              KIT_STORE(2), KIT_FETCH(1), KIT_LOAD(0)};
    struct mmsim_trace *trace = kit_of_refs(refs, 6);
    struct mmsim_policy_ops ops = plug_in_ops();
    ops.evict = look_and_evict;
    ops.flags = MMSIM_POLICY_LOOKS;
    struct mmsim_policy_choice choice = mmsim_policy_choice_of(&ops);
    struct mmsim_study_options options = kit_options();
    options.harvest_interval = 2;
    struct mmsim_study_outcome outcome = kit_run(trace, &choice, 2, &options);
    ck_assert_uint_eq(outcome.counts.evictions, 2);
    mmsim_trace_close(trace);
}
END_TEST

/* ---- pages that stay, go, and pass by ---- */

START_TEST(clean_pages_go_first_and_every_write_is_counted)
{
    /* fifo, three frames: 0 and 1 are dirty when 3 comes */
    const mmsim_ref refs[] = {KIT_STORE(0), KIT_STORE(1), KIT_LOAD(2), KIT_LOAD(3)};
    static const struct {
        uint64_t dirty_evictions, write_backs;
    } EXPECTED[] = {{1, 1}, {1, 2}, {0, 2}, {0, 2}};
    struct mmsim_trace *trace = kit_of_refs(refs, 4);
    struct mmsim_policy_choice fifo = kit_choice("fifo");
    for (uint32_t tries = 0; tries < 4; tries++) {
        struct mmsim_study_options options = kit_options();
        options.clean_first = tries;
        struct mmsim_study_outcome outcome = kit_run(trace, &fifo, 3, &options);
        ck_assert_uint_eq(outcome.counts.evictions, 1);
        ck_assert_uint_eq(outcome.counts.dirty_evictions, EXPECTED[tries].dirty_evictions);
        ck_assert_uint_eq(outcome.write_backs, EXPECTED[tries].write_backs);
    }
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(pages_may_leave_by_themselves)
{
    size_t n;
    struct mmsim_trace *trace = random_trace(2);
    const mmsim_ref *refs = mmsim_trace_refs(trace, &n);
    struct mmsim_policy_ops ops = plug_in_ops();
    ops.tick = leave_after_window;
    struct mmsim_policy_choice choice = mmsim_policy_choice_of(&ops);
    struct mmsim_study_options options = kit_options();
    struct mmsim_study_outcome found = kit_run(trace, &choice, N_PAGES, &options);

    /* Resident are the pages of the last WINDOW references. */
    uint64_t misses = 0, resident = 0;
    for (size_t i = 0; i < n; i++) {
        bool seen[N_PAGES] = {false};
        for (size_t k = i > WINDOW ? i - WINDOW : 0; k < i; k++)
            seen[mmsim_ref_page(refs[k])] = true;
        misses += !seen[mmsim_ref_page(refs[i])];
        memset(seen, 0, sizeof seen);
        for (size_t k = i + 1 > WINDOW ? i + 1 - WINDOW : 0; k <= i; k++)
            seen[mmsim_ref_page(refs[k])] = true;
        for (size_t p = 0; p < N_PAGES; p++)
            resident += seen[p];
    }
    ck_assert_uint_eq(found.counts.misses, misses);
    ck_assert_double_eq(found.mean_resident, (double)resident / (double)n);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(a_page_that_is_not_admitted_misses_and_takes_no_frame)
{
    const mmsim_ref refs[] = {KIT_LOAD(0), KIT_LOAD(1), KIT_LOAD(1),
                              KIT_LOAD(0), KIT_LOAD(2), KIT_LOAD(0)};
    struct mmsim_trace *trace = kit_of_refs(refs, 6);
    struct mmsim_policy_ops ops = plug_in_ops();
    ops.admit = admit_even_pages;
    struct mmsim_policy_choice choice = mmsim_policy_choice_of(&ops);
    struct mmsim_study_options options = kit_options();
    struct mmsim_study_outcome found = kit_run(trace, &choice, 1, &options);
    ck_assert_uint_eq(found.counts.misses, 5);
    ck_assert_uint_eq(found.counts.evictions, 2);
    ck_assert_double_eq(found.mean_resident, 1);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(refaults_are_counted_by_their_distance)
{
    /* fifo, one frame: 0 is away for 3 evictions and 5 references, 1 for 1 and 2 */
    const mmsim_ref refs[] = {KIT_LOAD(0), KIT_LOAD(1), KIT_LOAD(1), KIT_LOAD(2),
                              KIT_LOAD(2), KIT_LOAD(1), KIT_LOAD(0)};
    struct mmsim_trace *trace = kit_of_refs(refs, 7);
    struct mmsim_policy_choice fifo = kit_choice("fifo");
    struct mmsim_study_options options = kit_options();
    options.refaults = MMSIM_REFAULTS_BY_EVICTIONS; /* 1 left as the 2nd of 3, 0 as the 1st of 4 */
    struct mmsim_study_outcome found = kit_run(trace, &fifo, 1, &options);
    ck_assert_uint_eq(found.n_refaults, 2);
    ck_assert_uint_eq(found.refaults[0], 1); /* distance 1: its own eviction only */
    ck_assert_uint_eq(found.refaults[1], 1); /* 3 */
    options.refaults = MMSIM_REFAULTS_BY_REFERENCES;
    found = kit_run(trace, &fifo, 1, &options);
    ck_assert_uint_eq(found.refaults[1], 1); /* 2 */
    ck_assert_uint_eq(found.refaults[2], 1); /* 5 */
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(every_miss_but_the_first_of_a_page_is_a_refault)
{
    struct mmsim_trace *trace = random_trace(9);
    struct mmsim_policy_choice lru = kit_choice("lru");
    struct mmsim_study_options options = kit_options();
    options.refaults = MMSIM_REFAULTS_BY_REFERENCES;
    for (mmsim_page frames = 1; frames < N_PAGES; frames += 5) {
        struct mmsim_study_outcome found = kit_run(trace, &lru, frames, &options);
        uint64_t sum = 0;
        for (size_t b = 0; b < MMSIM_N_REFAULT_BUCKETS; b++)
            sum += found.refaults[b];
        ck_assert_uint_eq(found.n_refaults, found.counts.misses - mmsim_trace_pages(trace));
        ck_assert_uint_eq(sum, found.n_refaults);
    }
    mmsim_trace_close(trace);
}
END_TEST

/* ---- many cells ---- */

START_TEST(threads_change_nothing_but_the_time)
{
    enum { N_CELLS = 60 };
    struct mmsim_trace *traces[] = {random_trace(1), random_trace(2)};
    struct mmsim_policy_choice choices[] = {kit_choice("lru"), kit_choice("clock"),
                                            kit_choice("arc")};
    struct mmsim_study_options options = kit_options();
    struct mmsim_study_cell alone[N_CELLS], together[N_CELLS];
    for (unsigned i = 0; i < N_CELLS; i++) {
        alone[i] = (struct mmsim_study_cell){.trace = traces[i % 2],
                                             .choice = &choices[i % 3],
                                             .frames = i / 2 + 1,
                                             .options = &options};
        together[i] = alone[i];
    }
    ck_assert_int_eq(mmsim_study_run(alone, N_CELLS, 1, NULL), MMSIM_OK);
    ck_assert_int_eq(mmsim_study_run(together, N_CELLS, 7, NULL), MMSIM_OK);
    for (unsigned i = 0; i < N_CELLS; i++)
        kit_expect_counts(&together[i].outcome.counts, &alone[i].outcome.counts, "cell");
    ck_assert_int_eq(mmsim_study_run(together, 0, 3, NULL), MMSIM_OK);
    mmsim_trace_close(traces[0]);
    mmsim_trace_close(traces[1]);
}
END_TEST

/* Belady, Nelson, Shedler: An anomaly in space-time characteristics, CACM 12(6), 1969 */
START_TEST(beladys_anomaly_is_found_where_it_is)
{
    static const mmsim_ref PAGES[] = {0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4};
    mmsim_ref refs[12];
    for (size_t i = 0; i < 12; i++)
        refs[i] = PAGES[i] << 2;
    struct mmsim_trace *trace = kit_of_refs(refs, 12);
    struct mmsim_policy_choice choices[] = {kit_choice("fifo"), kit_choice("lru")};
    struct mmsim_study_options options = kit_options();
    struct mmsim_study_cell cells[10];
    for (unsigned i = 0; i < 10; i++)
        cells[i] = (struct mmsim_study_cell){
            .trace = trace, .choice = &choices[i / 5], .frames = i % 5 + 1, .options = &options};
    ck_assert_int_eq(mmsim_study_run(cells, 10, 2, NULL), MMSIM_OK);
    mmsim_study_compare(cells, 10);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(cells[i].anomaly_frames, i == 3 ? 3 : 0);
    ck_assert_uint_eq(cells[3].outcome.counts.misses, 10);
    ck_assert_uint_eq(cells[3].anomaly_misses, 9);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(a_reference_costs_what_hits_misses_and_writes_cost)
{
    const struct mmsim_study_outcome outcome = {.counts = {.references = 10, .misses = 4},
                                                .write_backs = 3};
    const struct mmsim_costs costs = {1, 100, 50};
    ck_assert_double_eq(mmsim_mean_cost(&outcome, &costs), (6 * 1 + 4 * 100 + 3 * 50) / 10.0);
}
END_TEST

/* ---- mistakes ---- */

static enum mmsim_status try_run(const struct mmsim_trace *trace,
                                 const struct mmsim_policy_ops *ops, mmsim_page frames,
                                 const struct mmsim_study_options *options,
                                 struct mmsim_error *error)
{
    struct mmsim_policy_choice choice = mmsim_policy_choice_of(ops);
    struct mmsim_study_cell cell = {
        .trace = trace, .choice = &choice, .frames = frames, .options = options};
    return mmsim_study_run(&cell, 1, 1, error);
}

START_TEST(a_policy_that_lets_go_of_a_stranger_is_stopped)
{
    struct mmsim_trace *trace = random_trace(1);
    struct mmsim_study_options options = kit_options();
    struct mmsim_error error = {0};
    struct mmsim_policy_ops ops = plug_in_ops();
    ops.evict = evict_a_stranger;
    ck_assert_int_eq(try_run(trace, &ops, 3, &options, &error), MMSIM_INVARIANT);
    ck_assert_str_eq(error.where, "plug-in");
    ck_assert_msg(strstr(error.text, "which is not resident"), "%s", error.text);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(what_cannot_be_studied_is_refused)
{
    struct mmsim_trace *trace = random_trace(1);
    struct mmsim_study_options options = kit_options();
    struct mmsim_error error = {0};
    struct mmsim_policy_ops ops = plug_in_ops();
    ck_assert_int_eq(try_run(trace, &ops, 0, &options, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_int_eq(try_run(trace, &ops, MMSIM_MAX_PAGES + 1, &options, &error),
                     MMSIM_BAD_ARGUMENT);
    options.warm_up = N_REFS;
    ck_assert_int_eq(try_run(trace, &ops, 3, &options, &error), MMSIM_BAD_ARGUMENT);
    options = kit_options();
    options.harvest_interval = 5;
    ops.flags = MMSIM_POLICY_STUDY_ONLY;
    ck_assert_int_eq(try_run(trace, &ops, 3, &options, &error), MMSIM_BAD_ARGUMENT);
    ops = plug_in_ops();
    ops.evict = NULL;
    ck_assert_int_eq(try_run(trace, &ops, 3, &options, &error), MMSIM_BAD_ARGUMENT);
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(of_several_mistakes_the_first_cells_is_told)
{
    struct mmsim_trace *trace = random_trace(1);
    struct mmsim_study_options options = kit_options();
    struct mmsim_policy_choice choices[] = {kit_choice("lru"), kit_choice("fifo"),
                                            kit_choice("arc")};
    struct mmsim_error error = {0};
    struct mmsim_study_cell cells[3];
    for (unsigned i = 0; i < 3; i++)
        cells[i] = (struct mmsim_study_cell){
            .trace = trace, .choice = &choices[i], .frames = i == 0, .options = &options};
    ck_assert_int_eq(mmsim_study_run(cells, 3, 2, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_str_eq(error.where, "fifo");
    mmsim_trace_close(trace);
}
END_TEST

START_TEST(a_cell_without_memory_leaves_nothing_behind)
{
    struct mmsim_trace *trace = random_trace(1);
    struct mmsim_policy_choice choice = kit_choice("arc");
    struct mmsim_study_options options = kit_options();
    options.refaults = _i == 1 ? MMSIM_REFAULTS_BY_REFERENCES : MMSIM_REFAULTS_NOT;
    options.harvest_interval = _i == 2 ? 10 : 0;
    struct mmsim_study_cell cell = {
        .trace = trace, .choice = &choice, .frames = 5, .options = &options};
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        struct mm_host host;
        struct mmsim_study_outcome outcome;
        fail_nth_init(&fail, n, 1);
        mm_host_init(&host, &fail.allocator);
        enum mmsim_status status = mm_replay_cell(&cell, &host, &outcome, NULL);
        ck_assert_int_eq(status, fail.n_requests < n ? MMSIM_OK : MMSIM_HOST_MEMORY);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (fail.n_requests < n)
            break;
    }
    mmsim_trace_close(trace);
}
END_TEST

Suite *test_study_suite(void);
Suite *test_study_suite(void)
{
    Suite *suite = suite_create("trace: studies");
    TCase *tests = tcase_create("study");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, call_by_call_counts_what_bulk_counts, 0, 5);
    tcase_add_test(tests, a_plug_in_counts_what_a_naive_queue_counts);
    tcase_add_loop_test(tests, warm_up_is_made_and_not_counted, 0, 2);
    tcase_add_loop_test(tests, clock_on_bits_is_clock_whose_pages_load_with_the_bit_set, 0, 3);
    tcase_add_loop_test(tests, lru_on_bits_is_what_its_definition_says, 0, 4);
    tcase_add_test(tests, a_hand_that_looks_sees_each_bit_once_and_is_told_nothing);
    tcase_add_test(tests, clean_pages_go_first_and_every_write_is_counted);
    tcase_add_test(tests, pages_may_leave_by_themselves);
    tcase_add_test(tests, a_page_that_is_not_admitted_misses_and_takes_no_frame);
    tcase_add_test(tests, refaults_are_counted_by_their_distance);
    tcase_add_test(tests, every_miss_but_the_first_of_a_page_is_a_refault);
    tcase_add_test(tests, threads_change_nothing_but_the_time);
    tcase_add_test(tests, beladys_anomaly_is_found_where_it_is);
    tcase_add_test(tests, a_reference_costs_what_hits_misses_and_writes_cost);
    tcase_add_test(tests, a_policy_that_lets_go_of_a_stranger_is_stopped);
    tcase_add_test(tests, what_cannot_be_studied_is_refused);
    tcase_add_test(tests, of_several_mistakes_the_first_cells_is_told);
    tcase_add_loop_test(tests, a_cell_without_memory_leaves_nothing_behind, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}
