/*
 * bench-policies.c - how fast policies replay a trace, beside libCacheSim's figures.
 *
 * For each policy: million references per CPU second in bulk and by one call a reference; the same
 * of a plain LRU in flat arrays, replayed in the same round; their ratio; and how much state a page
 * and frame takes. libCacheSim is not run here. Its figures (release of October 2024, commit
 * aa0fc40) were measured elsewhere, as were those of the plain LRU on that machine, which says how
 * fast this one is: libCacheSim is taken to be slower or faster here by the same factor.
 *
 * The figures, and so the limits, are for three points: 96 frames of the trace cc1.dedup, 281 and
 * 1126 of cc1.tlb64. Other traces have no limits. Without a trace one is made, by Zipf's law.
 *
 *   bench-policies [--trace FILE]... [--frames N[,N...]] [--policy NAME]... [--rounds N] [--json]
 *   bench-policies --scaling [--to EXPONENT]
 *
 * Exit status: 0; 1 a limit does not hold; 2 it could not be measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies-bench.h"

enum { MAX_TRACES = 8, MAX_FRAMES = 8, MAX_POLICIES = 32, MAX_ROUNDS = 101 };
enum { ZIPF_PAGES = 20000, ZIPF_REFS = 5000000 };
enum { N_POINTS = 3 };

/* ---- figures of elsewhere ---- */

static const struct {
    const char *trace;
    mmsim_page frames;
    double plain_lru; /* million references a second on that machine */
} points[N_POINTS] = {{"cc1.dedup", 96, 240}, {"cc1.tlb64", 281, 157}, {"cc1.tlb64", 1126, 186}};

static const struct {
    const char *policy;
    double speed[N_POINTS]; /* libCacheSim's */
    double limit;           /* in bulk, a multiple of it */
    double limit_by_calls;
} peers[] = {
    {"opt", {46, 22, 31}, 3, 0},     {"lru", {124, 81, 103}, 3, 2},
    {"fifo", {174, 92, 157}, 3, 0},  {"clock", {134, 65, 131}, 3, 0},
    {"lfu", {12, 15, 9}, 8, 0},      {"slru", {98, 31, 62}, 2, 0},
    {"2q", {66, 42, 53}, 4, 0},      {"arc", {109, 65, 83}, 3, 0},
    {"lirs", {58, 26, 50}, 4, 0},    {"sieve", {170, 81, 118}, 3, 0},
    {"s3-fifo", {61, 32, 57}, 4, 0},
};

enum { N_PEERS = sizeof peers / sizeof *peers, NONE = -1 };

static int point_of(const char *trace, mmsim_page frames)
{
    for (int i = 0; i < N_POINTS; i++)
        if (strcmp(points[i].trace, trace) == 0 && points[i].frames == frames)
            return i;
    return NONE;
}

static int peer_of(const char *policy)
{
    for (int i = 0; i < N_PEERS; i++)
        if (strcmp(peers[i].policy, policy) == 0)
            return i;
    return NONE;
}

/* ---- what was asked for ---- */

struct options {
    const char *traces[MAX_TRACES];
    mmsim_page frames[MAX_FRAMES];
    const char *policies[MAX_POLICIES];
    unsigned n_traces, n_frames, n_policies, n_rounds, max_exponent;
    bool json, scaling;
};

static unsigned long number(const char *text, unsigned long low, unsigned long high)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*end != '\0' || end == text || value < low || value > high)
        bench_fail("'%s' is not in %lu..%lu", text, low, high);
    return value;
}

static void read_frames(struct options *options, char *list)
{
    for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
        if (options->n_frames == MAX_FRAMES)
            bench_fail("more than %d numbers of frames", MAX_FRAMES);
        options->frames[options->n_frames++] = (mmsim_page)number(word, 1, MMSIM_MAX_PAGES);
    }
}

static void read_value(struct options *options, const char *name, char *value)
{
    if (strcmp(name, "--trace") == 0 && options->n_traces < MAX_TRACES)
        options->traces[options->n_traces++] = value;
    else if (strcmp(name, "--frames") == 0)
        read_frames(options, value);
    else if (strcmp(name, "--policy") == 0 && options->n_policies < MAX_POLICIES)
        options->policies[options->n_policies++] = value;
    else if (strcmp(name, "--rounds") == 0)
        options->n_rounds = (unsigned)number(value, 1, MAX_ROUNDS);
    else if (strcmp(name, "--to") == 0)
        options->max_exponent = (unsigned)number(value, 5, 9);
    else
        bench_fail("unknown option '%s', or too many of it", name);
}

static void read_options(struct options *options, int argc, char **argv)
{
    *options = (struct options){.n_rounds = 5, .max_exponent = 8};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            options->json = true;
        else if (strcmp(argv[i], "--scaling") == 0)
            options->scaling = true;
        else if (i + 1 < argc)
            read_value(options, argv[i], argv[i + 1]), i++;
        else
            bench_fail("'%s': unknown, or its value is missing", argv[i]);
    }
    for (size_t i = 0; options->n_policies == 0 || i > 0; i++) {
        const struct mmsim_policy_ops *ops = mmsim_policy_at(i);
        if (!ops || options->n_policies == MAX_POLICIES)
            break;
        if (ops->replay)
            options->policies[options->n_policies++] = ops->name;
    }
}

/* ---- measuring ---- */

struct row {
    struct bench_cell cell;
    int peer, point;
    double bulk[MAX_ROUNDS], calls[MAX_ROUNDS], plain[MAX_ROUNDS]; /* ns */
    double bulk_ratio[MAX_ROUNDS], calls_ratio[MAX_ROUNDS];        /* plain ns / ns */
};

/* opt in calls needs the future: only its counting in bulk is measured. */
static bool has_calls(const struct row *row)
{
    return !(row->cell.choice.ops->flags & MMSIM_POLICY_STUDY_ONLY);
}

static void measure_round(struct row *rows, unsigned n_rows, const struct bench_trace *trace,
                          unsigned round)
{
    for (unsigned i = 0; i < n_rows; i++) {
        struct row *row = &rows[i];
        double plain = bench_reference_ns(trace, row->cell.setup.frames);
        row->plain[round] = plain;
        row->bulk[round] = bench_bulk_ns(&row->cell, trace);
        row->bulk_ratio[round] = plain / row->bulk[round];
        if (!has_calls(row))
            continue;
        row->calls[round] = bench_calls_ns(&row->cell, trace);
        row->calls_ratio[round] = plain / row->calls[round];
    }
}

/* ---- telling ---- */

/* Medians, and what follows from them; a ratio of 0 is none. */
struct figures {
    double bulk, calls, plain; /* million references a second */
    double to_plain, peer, ratio, calls_ratio, limit, calls_limit;
    double bytes_a_page; /* of state, for each page and frame */
    bool holds;
};

static struct figures figures_of(struct row *row, const struct bench_trace *trace, unsigned n)
{
    double million = (double)trace->n_refs * 1e3;
    struct figures figures = {.holds = true};
    figures.to_plain = bench_median(row->bulk_ratio, n);
    double calls_to_plain = has_calls(row) ? bench_median(row->calls_ratio, n) : 0;
    figures.plain = million / bench_median(row->plain, n);
    figures.bulk = million / bench_median(row->bulk, n);
    figures.calls = has_calls(row) ? million / bench_median(row->calls, n) : 0;
    figures.bytes_a_page =
        (double)row->cell.state_bytes / ((double)trace->n_pages + row->cell.setup.frames);
    if (row->peer == NONE || row->point == NONE)
        return figures;
    double there = peers[row->peer].speed[row->point] / points[row->point].plain_lru;
    figures.peer = there * figures.plain;
    figures.ratio = figures.to_plain / there;
    figures.calls_ratio = calls_to_plain / there;
    figures.limit = peers[row->peer].limit;
    figures.calls_limit = peers[row->peer].limit_by_calls;
    figures.holds = figures.ratio >= figures.limit && figures.calls_ratio >= figures.calls_limit;
    return figures;
}

static void put_head(const struct bench_trace *trace)
{
    printf("\n%s: %zu references to %u pages\n", trace->name, trace->n_refs, trace->n_pages);
    printf("%-24s %8s %8s %8s %8s %8s %8s %8s %6s %6s  %s\n", "policy", "frames", "bulk M/s",
           "calls", "flat lru", "x flat", "libCS", "x libCS", "limit", "B/page", "holds");
}

static void put_row(const struct row *row, const struct figures *figures)
{
    char name[64];
    mmsim_policy_describe(&row->cell.choice, name, sizeof name);
    printf("%-24.24s %8u %8.0f %8.0f %8.0f %8.2f ", name, row->cell.setup.frames, figures->bulk,
           figures->calls, figures->plain, figures->to_plain);
    if (figures->peer > 0)
        printf("%8.0f %8.2f %6.0f %6.1f  %s\n", figures->peer, figures->ratio, figures->limit,
               figures->bytes_a_page, figures->holds ? "yes" : "NO");
    else
        printf("%8s %8s %6s %6.1f\n", "-", "-", "-", figures->bytes_a_page);
    if (figures->calls_limit > 0)
        printf("%-24s %67s %8.2f %6.0f\n", "  by calls", "", figures->calls_ratio,
               figures->calls_limit);
}

static void put_json(const struct row *row, const struct bench_trace *trace,
                     const struct figures *figures)
{
    char name[64];
    mmsim_policy_describe(&row->cell.choice, name, sizeof name);
    printf("{\"trace\":\"%s\",\"policy\":\"%s\",\"frames\":%u,\"bulk\":%.1f,\"calls\":%.1f,"
           "\"flat_lru\":%.1f,\"to_flat_lru\":%.3f,\"libcachesim\":%.1f,\"ratio\":%.3f,"
           "\"limit\":%.0f,\"calls_ratio\":%.3f,\"calls_limit\":%.0f,\"bytes_per_page\":%.2f,"
           "\"holds\":%s}\n",
           trace->name, name, row->cell.setup.frames, figures->bulk, figures->calls, figures->plain,
           figures->to_plain, figures->peer, figures->ratio, figures->limit, figures->calls_ratio,
           figures->calls_limit, figures->bytes_a_page, figures->holds ? "true" : "false");
}

static bool tell(struct row *rows, unsigned n_rows, const struct bench_trace *trace,
                 const struct options *options)
{
    bool all_hold = true;
    if (!options->json)
        put_head(trace);
    for (unsigned i = 0; i < n_rows; i++) {
        struct figures figures = figures_of(&rows[i], trace, options->n_rounds);
        all_hold &= figures.holds;
        if (options->json)
            put_json(&rows[i], trace, &figures);
        else
            put_row(&rows[i], &figures);
        fflush(stdout);
    }
    return all_hold;
}

/* ---- a trace ---- */

/* Those of the points, or a tenth of the pages. */
static unsigned choose_frames(const struct options *options, const struct bench_trace *trace,
                              mmsim_page frames[MAX_FRAMES])
{
    unsigned n = options->n_frames;
    memcpy(frames, options->frames, sizeof options->frames);
    for (int i = 0; options->n_frames == 0 && i < N_POINTS; i++)
        if (strcmp(points[i].trace, trace->name) == 0)
            frames[n++] = points[i].frames;
    if (n == 0)
        frames[n++] = trace->n_pages / 10 + 1;
    return n;
}

static bool bench(const struct bench_trace *trace, const struct options *options)
{
    mmsim_page frames[MAX_FRAMES];
    unsigned n_frames = choose_frames(options, trace, frames), n = 0;
    struct row *rows = calloc((size_t)n_frames * options->n_policies, sizeof *rows);
    if (!rows)
        bench_fail("no memory");
    for (unsigned k = 0; k < n_frames; k++)
        for (unsigned i = 0; i < options->n_policies; i++, n++) {
            bench_cell_init(&rows[n].cell, options->policies[i], trace, frames[k]);
            rows[n].peer = peer_of(options->policies[i]);
            rows[n].point = point_of(trace->name, frames[k]);
            if (!rows[n].cell.choice.ops->replay)
                bench_fail("%s has no replay in bulk", options->policies[i]);
        }
    for (unsigned round = 0; round < options->n_rounds; round++)
        measure_round(rows, n, trace, round);
    bool all_hold = tell(rows, n, trace, options);
    for (unsigned i = 0; i < n; i++)
        bench_cell_fini(&rows[i].cell);
    free(rows);
    return all_hold;
}

static struct bench_trace made_trace(void)
{
    mmsim_ref *refs = malloc(ZIPF_REFS * sizeof *refs);
    if (!refs)
        bench_fail("no memory for the trace");
    bench_make_zipf(refs, ZIPF_REFS, ZIPF_PAGES, 1);
    return (struct bench_trace){"zipf", refs, ZIPF_REFS, ZIPF_PAGES};
}

int main(int argc, char **argv)
{
    struct options options;
    read_options(&options, argc, argv);
    if (options.scaling)
        return bench_scaling(options.max_exponent);
    bool all_hold = true;
    if (!options.json)
        printf("million references per CPU second, medians of %u rounds; libCS: libCacheSim "
               "2024-10, commit aa0fc40, measured elsewhere\n",
               options.n_rounds);
    for (unsigned i = 0; i < options.n_traces; i++) {
        struct bench_trace trace = bench_read_trace(options.traces[i]);
        all_hold &= bench(&trace, &options);
    }
    if (options.n_traces == 0) {
        struct bench_trace trace = made_trace();
        all_hold &= bench(&trace, &options);
    }
    return all_hold ? 0 : 1;
}
