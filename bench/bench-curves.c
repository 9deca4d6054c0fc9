/*
 * bench-curves - how fast miss-ratio curves are made, in millions of references per CPU second.
 *
 * Rounds are interleaved: in each, every method runs once on every trace, and the figures of one
 * round are compared with each other only. What is shown is the median over the rounds.
 *
 *   flat LRU     one size (281 frames): a doubly linked list in arrays, the measure of the machine
 *   Fenwick      the exact LRU curve by a binary indexed tree over positions, renumbered when full:
 *                what is usually written
 *   lru, opt     the library's exact passes
 *   lru 10 %     its sample
 *
 * libCacheSim is not linked. Its exact LRU curve (2024-10, commit aa0fc40, the stack distances of
 * its tracer) did 5 to 11 million on cc1.tlb64, on a machine on which such a flat LRU did 157 there
 * with 281 frames. A limit is the larger of these, scaled by what the flat LRU does here and now,
 * times eight; for opt it is 2 million, scaled alike.
 *
 *   bench-curves [--trace FILE]... [--rounds N] [--json]
 */
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"

enum { MAX_TRACES = 8, MAX_ROUNDS = 99, FLAT_FRAMES = 281, PAGES = 5600, MADE_REFS = 2000000 };

#define FLAT_ON_REFERENCE_MACHINE 157.0
#define LIBCACHESIM_CURVE 11.0
#define LRU_TIMES 8.0
#define OPT_LEAST 2.0
#define REFS_A_RUN 4000000u

struct subject {
    const char *name;
    const mmsim_ref *refs;
    size_t n;
    mmsim_page pages;
};

static void fail(const char *what)
{
    fprintf(stderr, "bench-curves: %s\n", what);
    exit(2);
}

static void *take(size_t n, size_t size)
{
    void *block = calloc(n, size);
    if (!block)
        fail("the host gave no memory");
    return block;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- a flat LRU ---- */

struct flat {
    uint32_t *next, *previous; /* a ring; its head is behind the last page */
    uint8_t *resident;
    mmsim_page head, n_resident;
    uint64_t misses;
};

static inline void unlink_page(struct flat *flat, mmsim_page page)
{
    flat->next[flat->previous[page]] = flat->next[page];
    flat->previous[flat->next[page]] = flat->previous[page];
}

static inline void load_page(struct flat *flat, mmsim_page page)
{
    flat->misses++;
    flat->resident[page] = 1;
    if (flat->n_resident++ < FLAT_FRAMES)
        return;
    mmsim_page victim = flat->previous[flat->head];
    unlink_page(flat, victim);
    flat->resident[victim] = 0;
    flat->n_resident--;
}

static uint64_t run_flat(const struct subject *subject, unsigned times)
{
    struct flat flat = {.head = subject->pages};
    flat.next = take((size_t)subject->pages + 1, 4);
    flat.previous = take((size_t)subject->pages + 1, 4);
    flat.resident = take(subject->pages, 1);
    flat.next[flat.head] = flat.previous[flat.head] = flat.head;
    for (unsigned t = 0; t < times; t++) {
        for (size_t i = 0; i < subject->n; i++) {
            mmsim_page page = mmsim_ref_page(subject->refs[i]);
            if (flat.resident[page])
                unlink_page(&flat, page);
            else
                load_page(&flat, page);
            flat.next[page] = flat.next[flat.head];
            flat.previous[page] = flat.head;
            flat.previous[flat.next[page]] = page;
            flat.next[flat.head] = page;
        }
    }
    free(flat.next);
    free(flat.previous);
    free(flat.resident);
    return flat.misses;
}

/* ---- a curve by a Fenwick tree ---- */

struct fenwick {
    uint32_t *sums, *last; /* positions count from 1; last: 0 = never */
    uint64_t *at;          /* by distance */
    uint32_t capacity, now, n_live;
};

static inline void change(struct fenwick *tree, uint32_t position, uint32_t by)
{
    for (; position <= tree->capacity; position += position & -position)
        tree->sums[position] += by;
}

static inline uint32_t count_to(const struct fenwick *tree, uint32_t position)
{
    uint32_t sum = 0;
    for (; position > 0; position &= position - 1)
        sum += tree->sums[position];
    return sum;
}

static void renumber(struct fenwick *tree, mmsim_page pages)
{
    for (mmsim_page page = 0; page < pages; page++)
        tree->last[page] = count_to(tree, tree->last[page]);
    memset(tree->sums, 0, (tree->capacity + 1) * sizeof *tree->sums);
    for (tree->now = 0; tree->now < tree->n_live;)
        change(tree, ++tree->now, 1);
}

static inline void refer(struct fenwick *tree, mmsim_page page)
{
    uint32_t last = tree->last[page];
    if (last > 0) {
        tree->at[tree->n_live - count_to(tree, last - 1)]++;
        change(tree, last, UINT32_MAX);
    } else {
        tree->at[0]++;
        tree->n_live++;
    }
    tree->last[page] = ++tree->now;
    change(tree, tree->now, 1);
}

static uint64_t run_fenwick(const struct subject *subject, unsigned times)
{
    struct fenwick tree = {.capacity = 4 * subject->pages + 4096};
    tree.at = take((size_t)subject->pages + 1, sizeof *tree.at);
    tree.sums = take((size_t)tree.capacity + 1, 4);
    tree.last = take(subject->pages, 4);
    for (unsigned t = 0; t < times; t++) {
        for (size_t i = 0; i < subject->n; i++) {
            if (tree.now == tree.capacity)
                renumber(&tree, subject->pages);
            refer(&tree, mmsim_ref_page(subject->refs[i]));
        }
    }
    uint64_t misses = tree.at[0];
    for (mmsim_page d = FLAT_FRAMES + 1; d <= subject->pages; d++)
        misses += tree.at[d];
    free(tree.at);
    free(tree.sums);
    free(tree.last);
    return misses;
}

/* ---- the library's ---- */

static uint64_t run_pass(const struct subject *subject, unsigned times, enum mmsim_curve_kind kind,
                         double rate)
{
    struct mmsim_curve_setup setup = {kind, subject->pages, rate, 1};
    struct mmsim_curve_pass *pass;
    struct mmsim_curve curve;
    struct mmsim_error error;
    if (mmsim_curve_begin(&setup, &pass, &error))
        fail(error.text);
    for (unsigned i = 0; i < times; i++)
        mmsim_curve_feed(pass, subject->refs, subject->n);
    if (mmsim_curve_read(pass, &curve, &error))
        fail(error.text);
    mmsim_curve_end(pass);
    uint64_t misses = mmsim_curve_misses(&curve, FLAT_FRAMES);
    mmsim_curve_free(&curve);
    return misses;
}

static uint64_t run_lru(const struct subject *subject, unsigned times)
{
    return run_pass(subject, times, MMSIM_CURVE_LRU, 1);
}

static uint64_t run_opt(const struct subject *subject, unsigned times)
{
    return run_pass(subject, times, MMSIM_CURVE_OPT, 1);
}

static uint64_t run_sample(const struct subject *subject, unsigned times)
{
    return run_pass(subject, times, MMSIM_CURVE_LRU, 0.1);
}

/* ---- measuring ---- */

enum { FLAT, FENWICK, LRU, OPT, SAMPLE, N_METHODS };

static const struct {
    const char *name;
    uint64_t (*run)(const struct subject *subject, unsigned times);
} METHODS[N_METHODS] = {
    [FLAT] = {"flat LRU, 281 frames", run_flat},
    [FENWICK] = {"LRU curve, Fenwick", run_fenwick},
    [LRU] = {"LRU curve", run_lru},
    [OPT] = {"OPT curve", run_opt},
    [SAMPLE] = {"LRU curve, 10 % sample", run_sample},
};

struct bench {
    struct subject subjects[MAX_TRACES];
    struct mmsim_trace *traces[MAX_TRACES];
    size_t n_subjects;
    unsigned n_rounds;
    bool json;
    double speeds[MAX_TRACES][N_METHODS][MAX_ROUNDS]; /* millions a second */
};

static void measure(struct bench *bench, size_t s, unsigned round)
{
    const struct subject *subject = &bench->subjects[s];
    unsigned times = (unsigned)((REFS_A_RUN + subject->n - 1) / subject->n);
    uint64_t misses[N_METHODS];
    for (int m = 0; m < N_METHODS; m++) {
        double begin = now();
        misses[m] = METHODS[m].run(subject, times);
        bench->speeds[s][m][round] = times * (double)subject->n / (now() - begin) / 1e6;
    }
    if (misses[LRU] != misses[FLAT] || misses[FENWICK] != misses[FLAT] || misses[OPT] > misses[LRU])
        fail("the methods disagree");
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, unsigned n)
{
    double sorted[MAX_ROUNDS];
    memcpy(sorted, values, n * sizeof *values);
    qsort(sorted, n, sizeof *sorted, compare);
    return sorted[n / 2];
}

/* The median over rounds of one method's speed as a multiple of another's. */
static double ratio(const struct bench *bench, size_t s, int method, int peer)
{
    double ratios[MAX_ROUNDS];
    for (unsigned r = 0; r < bench->n_rounds; r++)
        ratios[r] = bench->speeds[s][method][r] / bench->speeds[s][peer][r];
    return median(ratios, bench->n_rounds);
}

/* The least that a method's speed may be, as a multiple of the flat LRU's; 0: there is no limit. */
static double limit_of(int method)
{
    if (method == LRU)
        return LRU_TIMES * LIBCACHESIM_CURVE / FLAT_ON_REFERENCE_MACHINE;
    return method == OPT ? OPT_LEAST / FLAT_ON_REFERENCE_MACHINE : 0;
}

/* ---- printing ---- */

static void print_json(const struct bench *bench, size_t s, int method)
{
    double measured = ratio(bench, s, method, FLAT), limit = limit_of(method);
    printf("{\"name\":\"%s\",\"trace\":\"%s\",\"pages\":%u,\"unit\":\"Mrefs/s\",",
           METHODS[method].name, bench->subjects[s].name, (unsigned)bench->subjects[s].pages);
    printf("\"measured\":%.2f,\"peer\":\"%s\",\"peer_measured\":%.2f,\"ratio\":%.4f,",
           median(bench->speeds[s][method], bench->n_rounds), METHODS[FLAT].name,
           median(bench->speeds[s][FLAT], bench->n_rounds), measured);
    if (limit > 0)
        printf("\"limit\":%.4f,\"holds\":%s}\n", limit, measured >= limit ? "true" : "false");
    else
        printf("\"limit\":null,\"holds\":true}\n");
}

static void print_table(const struct bench *bench, size_t s)
{
    const struct subject *subject = &bench->subjects[s];
    printf("\n%s: %zu references to %u pages\n%-24s %10s %12s %12s %10s\n", subject->name,
           subject->n, (unsigned)subject->pages, "", "Mrefs/s", "x flat LRU", "x Fenwick", "limit");
    for (int m = 0; m < N_METHODS; m++) {
        double measured = ratio(bench, s, m, FLAT), limit = limit_of(m);
        printf("%-24s %10.1f %12.4f %12.2f", METHODS[m].name,
               median(bench->speeds[s][m], bench->n_rounds), measured, ratio(bench, s, m, FENWICK));
        if (limit > 0)
            printf(" %10.4f  %s", limit, measured >= limit ? "holds" : "DOES NOT HOLD");
        printf("\n");
    }
}

static bool holds(const struct bench *bench)
{
    for (size_t s = 0; s < bench->n_subjects; s++) {
        for (int m = 0; m < N_METHODS; m++)
            if (ratio(bench, s, m, FLAT) < limit_of(m))
                return false;
    }
    return true;
}

/* ---- traces ---- */

static void add_file(struct bench *bench, const char *path)
{
    struct mmsim_error error;
    struct mmsim_trace **trace = &bench->traces[bench->n_subjects];
    if (bench->n_subjects == MAX_TRACES)
        fail("too many traces");
    if (mmsim_trace_open(path, trace, &error))
        fail(error.text);
    struct subject *subject = &bench->subjects[bench->n_subjects++];
    subject->name = mmsim_trace_info(*trace)->name;
    subject->pages = mmsim_trace_pages(*trace);
    subject->refs = mmsim_trace_refs(*trace, &subject->n);
}

/* 5,600 pages, of which fewer and fewer are used more and more; every page once at the beginning.
 */
static void add_made(struct bench *bench, mmsim_ref *refs)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 1);
    for (mmsim_page i = 0; i < MADE_REFS; i++) {
        uint64_t bound = mm_rng_below(&rng, mm_rng_below(&rng, PAGES) + 1) + 1;
        refs[i] = (i < PAGES ? i : (mmsim_page)mm_rng_below(&rng, bound)) << 2;
    }
    bench->subjects[bench->n_subjects++] = (struct subject){"made", refs, MADE_REFS, PAGES};
}

static void read_arguments(struct bench *bench, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            bench->json = true;
        else if (strcmp(argv[i], "--trace") == 0 && i + 1 < argc)
            add_file(bench, argv[++i]);
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            bench->n_rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            fail("usage: bench-curves [--trace FILE]... [--rounds N] [--json]");
    }
    if (bench->n_rounds < 1 || bench->n_rounds > MAX_ROUNDS)
        fail("--rounds: expected 1 to 99");
}

int main(int argc, char **argv)
{
    static struct bench bench = {.n_rounds = 7};
    mmsim_ref *made = take(MADE_REFS, sizeof *made);
    read_arguments(&bench, argc, argv);
    if (bench.n_subjects == 0) {
        add_file(&bench, "bench/traces/cc1-tlb64.pt.zst");
        add_file(&bench, "bench/traces/cc1-dedup.pt.zst");
        add_made(&bench, made);
    }
    for (unsigned round = 0; round < bench.n_rounds; round++) {
        for (size_t s = 0; s < bench.n_subjects; s++)
            measure(&bench, s, round);
    }
    for (size_t s = 0; s < bench.n_subjects; s++) {
        if (!bench.json)
            print_table(&bench, s);
        for (int m = 0; bench.json && m < N_METHODS; m++)
            print_json(&bench, s, m);
    }
    bool good = holds(&bench);
    for (size_t s = 0; s < bench.n_subjects; s++)
        mmsim_trace_close(bench.traces[s]);
    free(made);
    return good ? 0 : 1;
}
