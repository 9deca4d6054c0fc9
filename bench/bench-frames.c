/*
 * bench-frames.c - what the frame allocator costs on the host, beside a tree-indexed buddy.
 *
 * Rows, each measured in turn with its peer, round by round; figures are medians of CPU time:
 *
 *   single   a frame is taken and returned, through the CPU's list
 *   burst    1,000 frames are taken, then returned in random order
 *   mixed    blocks of random orders 0 to 10: one of 180 live ones is returned, another is taken
 *   run      runs of 1 to 300 frames, the same way; the peer must round up to a power of two
 *
 * The peer keeps for each node of a binary tree over all frames, in the fewest bits, the largest
 * free block below it; a request walks down, and every change walks up until nothing changes. That
 * is how buddy systems without lists are written (compact, and no link in the memory itself).
 *
 * Limits are the project's: 5 ns a single pair and 35 ns a mixed one, on a machine that does
 * nothing else; a single one ten times faster than the tree; and 1 us at p99.9 of single requests,
 * each timed by itself, the clock's own time subtracted.
 *
 *   bench-frames [--rounds N] [--json]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc/run.h"
#include "alloc/zone.h"
#include "base/rng.h"

enum {
    MAX_ROUNDS = 101,
    N_OPERATIONS = 1 << 15, /* in a round of a row */
    N_BURST = 1000,
    N_LIVE = 180,
    MAX_RUN = 300,
    TREE_HEIGHT = 16, /* of the peer: 65,536 frames */
    N_LATENCIES = 100000
};

#define RAM_BYTES (256 * MMSIM_MIB)

static void fail(const char *what)
{
    fprintf(stderr, "bench-frames: %s\n", what);
    exit(2);
}

/* ---- the peer ---- */

/* A node of height h covers 2^h frames and holds 0 (nothing free) to h + 1 (all free): the order of
 * the largest free block below it, plus 1. */
struct tree {
    size_t base[TREE_HEIGHT + 1];    /* bit at which a level begins */
    unsigned width[TREE_HEIGHT + 1]; /* bits a node */
    uint8_t *bits;
};

static inline unsigned get_node(const struct tree *tree, unsigned height, size_t index)
{
    size_t bit = tree->base[height] + index * tree->width[height];
    uint16_t word;
    memcpy(&word, tree->bits + bit / 8, sizeof word);
    return ((unsigned)word >> (bit % 8)) & ((1u << tree->width[height]) - 1);
}

static inline void set_node(struct tree *tree, unsigned height, size_t index, unsigned value)
{
    size_t bit = tree->base[height] + index * tree->width[height];
    uint16_t word;
    memcpy(&word, tree->bits + bit / 8, sizeof word);
    unsigned mask = ((1u << tree->width[height]) - 1) << (bit % 8);
    word = (uint16_t)((word & ~mask) | value << (bit % 8));
    memcpy(tree->bits + bit / 8, &word, sizeof word);
}

static void tree_init(struct tree *tree)
{
    size_t n_bits = 0;
    for (unsigned height = 0; height <= TREE_HEIGHT; height++) {
        unsigned width = 1;
        while (1u << width < height + 2)
            width++;
        tree->width[height] = width;
        tree->base[height] = n_bits;
        n_bits += (size_t)width << (TREE_HEIGHT - height);
    }
    tree->bits = calloc(n_bits / 8 + 3, 1);
    if (!tree->bits)
        fail("no memory");
    for (unsigned height = 0; height <= TREE_HEIGHT; height++)
        for (size_t i = 0; i < (size_t)1 << (TREE_HEIGHT - height); i++)
            set_node(tree, height, i, height + 1);
}

/* Makes the nodes above right, until one is. */
static void update_above(struct tree *tree, unsigned height, size_t index)
{
    while (height++ < TREE_HEIGHT) {
        index >>= 1;
        unsigned left = get_node(tree, height - 1, 2 * index);
        unsigned right = get_node(tree, height - 1, 2 * index + 1);
        unsigned value = left > right ? left : right;
        if (left == height && right == height)
            value = height + 1;
        if (get_node(tree, height, index) == value)
            return;
        set_node(tree, height, index, value);
    }
}

/* The number of the block's first frame; UINT32_MAX: none. Of two halves that serve, the one whose
 * largest block is smaller. noinline: a call, as the library's is. */
__attribute__((noinline)) static uint32_t tree_alloc(struct tree *tree, unsigned order)
{
    unsigned height = TREE_HEIGHT;
    size_t index = 0;
    if (get_node(tree, height, index) < order + 1)
        return UINT32_MAX;
    while (height > order) {
        height--;
        index *= 2;
        unsigned left = get_node(tree, height, index), right = get_node(tree, height, index + 1);
        index += left < order + 1 || (right >= order + 1 && right < left);
    }
    set_node(tree, height, index, 0);
    update_above(tree, height, index);
    return (uint32_t)(index << order);
}

__attribute__((noinline)) static void tree_free(struct tree *tree, uint32_t frame, unsigned order)
{
    set_node(tree, order, frame >> order, order + 1);
    update_above(tree, order, frame >> order);
}

/* ---- the bench ---- */

struct operation {
    uint16_t slot;  /* of the live ones, or an index in a random order */
    uint16_t order; /* log2 frames, or frames of a run */
};

struct bench {
    struct mm_phys phys;
    struct mm_zones zones;
    struct tree tree;
    struct operation operations[N_OPERATIONS];
    struct mm_frame *frames[N_BURST];
    uint32_t blocks[N_BURST];
    uint16_t orders[2][N_BURST]; /* of the live ones, here and at the peer's */
    uint16_t permutation[N_BURST];
    unsigned n_rounds;
    bool json, all_hold;
};

static double now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double cpu_ns(void)
{
    return now_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The share `at` of sorted values lies below; 0.5 is the median. */
static double quantile(double *values, size_t n, double at)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return values[(size_t)((double)(n - 1) * at)];
}

static void make_operations(struct bench *bench, unsigned least, unsigned most)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 7);
    for (unsigned i = 0; i < N_OPERATIONS; i++)
        bench->operations[i] =
            (struct operation){(uint16_t)mm_rng_below(&rng, N_LIVE),
                               (uint16_t)(least + mm_rng_below(&rng, most - least + 1))};
    for (uint16_t i = 0; i < N_BURST; i++) {
        unsigned other = (unsigned)mm_rng_below(&rng, i + 1u);
        bench->permutation[i] = bench->permutation[other];
        bench->permutation[other] = i;
    }
}

/* ---- rows: ns a pair of taking and returning ---- */

static double single(struct bench *bench)
{
    double start = cpu_ns();
    for (unsigned i = 0; i < N_OPERATIONS; i++)
        mm_zone_free(&bench->zones, mm_zone_alloc(&bench->zones, MM_FRAME_SLAB, 0), 0);
    return (cpu_ns() - start) / N_OPERATIONS;
}

static double single_peer(struct bench *bench)
{
    double start = cpu_ns();
    for (unsigned i = 0; i < N_OPERATIONS; i++)
        tree_free(&bench->tree, tree_alloc(&bench->tree, 0), 0);
    return (cpu_ns() - start) / N_OPERATIONS;
}

static double burst(struct bench *bench)
{
    double start = cpu_ns();
    for (unsigned i = 0; i < N_BURST; i++)
        bench->frames[i] = mm_zone_alloc(&bench->zones, MM_FRAME_SLAB, 0);
    for (unsigned i = 0; i < N_BURST; i++)
        mm_zone_free(&bench->zones, bench->frames[bench->permutation[i]], 0);
    return (cpu_ns() - start) / N_BURST;
}

static double burst_peer(struct bench *bench)
{
    double start = cpu_ns();
    for (unsigned i = 0; i < N_BURST; i++)
        bench->blocks[i] = tree_alloc(&bench->tree, 0);
    for (unsigned i = 0; i < N_BURST; i++)
        tree_free(&bench->tree, bench->blocks[bench->permutation[i]], 0);
    return (cpu_ns() - start) / N_BURST;
}

static double mixed(struct bench *bench)
{
    uint16_t *orders = bench->orders[0];
    for (unsigned i = 0; i < N_LIVE; i++)
        bench->frames[i] =
            mm_zone_alloc(&bench->zones, MM_FRAME_SLAB, orders[i] = bench->operations[i].order);
    double start = cpu_ns();
    for (unsigned i = 0; i < N_OPERATIONS; i++) {
        struct operation operation = bench->operations[i];
        mm_zone_free(&bench->zones, bench->frames[operation.slot], orders[operation.slot]);
        orders[operation.slot] = operation.order;
        bench->frames[operation.slot] =
            mm_zone_alloc(&bench->zones, MM_FRAME_SLAB, operation.order);
        if (!bench->frames[operation.slot])
            fail("memory is too fragmented for a block");
    }
    double ns = (cpu_ns() - start) / N_OPERATIONS;
    for (unsigned i = 0; i < N_LIVE; i++)
        mm_zone_free(&bench->zones, bench->frames[i], orders[i]);
    return ns;
}

static double mixed_peer(struct bench *bench)
{
    uint16_t *orders = bench->orders[1];
    for (unsigned i = 0; i < N_LIVE; i++)
        bench->blocks[i] = tree_alloc(&bench->tree, orders[i] = bench->operations[i].order);
    double start = cpu_ns();
    for (unsigned i = 0; i < N_OPERATIONS; i++) {
        struct operation operation = bench->operations[i];
        tree_free(&bench->tree, bench->blocks[operation.slot], orders[operation.slot]);
        orders[operation.slot] = operation.order;
        bench->blocks[operation.slot] = tree_alloc(&bench->tree, operation.order);
        if (bench->blocks[operation.slot] == UINT32_MAX)
            fail("the peer's memory is too fragmented for a block");
    }
    double ns = (cpu_ns() - start) / N_OPERATIONS;
    for (unsigned i = 0; i < N_LIVE; i++)
        tree_free(&bench->tree, bench->blocks[i], orders[i]);
    return ns;
}

static double run(struct bench *bench)
{
    uint16_t *lengths = bench->orders[0];
    for (unsigned i = 0; i < N_LIVE; i++)
        bench->frames[i] =
            mm_run_alloc(&bench->zones, MM_FRAME_SLAB, lengths[i] = bench->operations[i].order, 0);
    double start = cpu_ns();
    for (unsigned i = 0; i < N_OPERATIONS; i++) {
        struct operation operation = bench->operations[i];
        mm_run_free(&bench->zones, bench->frames[operation.slot], lengths[operation.slot]);
        lengths[operation.slot] = operation.order;
        bench->frames[operation.slot] =
            mm_run_alloc(&bench->zones, MM_FRAME_SLAB, operation.order, 0);
        if (!bench->frames[operation.slot])
            fail("memory is too fragmented for a run");
    }
    double ns = (cpu_ns() - start) / N_OPERATIONS;
    for (unsigned i = 0; i < N_LIVE; i++)
        mm_run_free(&bench->zones, bench->frames[i], lengths[i]);
    return ns;
}

static unsigned order_of(unsigned n_frames)
{
    return n_frames > 1 ? 32 - (unsigned)__builtin_clz(n_frames - 1) : 0;
}

static double run_peer(struct bench *bench)
{
    uint16_t *orders = bench->orders[1];
    for (unsigned i = 0; i < N_LIVE; i++) {
        orders[i] = (uint16_t)order_of(bench->operations[i].order);
        bench->blocks[i] = tree_alloc(&bench->tree, orders[i]);
    }
    double start = cpu_ns();
    for (unsigned i = 0; i < N_OPERATIONS; i++) {
        struct operation operation = bench->operations[i];
        unsigned order = order_of(operation.order);
        tree_free(&bench->tree, bench->blocks[operation.slot], orders[operation.slot]);
        orders[operation.slot] = (uint16_t)order;
        bench->blocks[operation.slot] = tree_alloc(&bench->tree, order);
        if (bench->blocks[operation.slot] == UINT32_MAX)
            fail("the peer's memory is too fragmented for a run");
    }
    double ns = (cpu_ns() - start) / N_OPERATIONS;
    for (unsigned i = 0; i < N_LIVE; i++)
        tree_free(&bench->tree, bench->blocks[i], orders[i]);
    return ns;
}

static const struct row {
    const char *name, *what;
    double (*run)(struct bench *bench);
    double (*peer)(struct bench *bench);
    unsigned least, most; /* orders, or lengths of runs */
    double limit_ns;      /* 0: none */
    double limit_ratio;   /* to the peer; 0: none */
} rows[] = {
    {"single", "a frame, through the CPU's list", single, single_peer, 0, 0, 5, 0.1},
    {"burst", "1,000 frames, returned in random order", burst, burst_peer, 0, 0, 0, 0},
    {"mixed", "blocks of orders 0 to 10", mixed, mixed_peer, 0, 10, 35, 0},
    {"run", "runs of 1 to 300 frames", run, run_peer, 1, MAX_RUN, 0, 0},
};

/* ---- printing ---- */

static void put(struct bench *bench, const char *name, const char *unit, double measured,
                double limit, double peer)
{
    bool holds = limit == 0 || measured <= limit;
    bench->all_hold = bench->all_hold && holds;
    char limit_text[16] = "null",
         peer_text[80] = "\"peer\":null,\"peer_measured\":null,\"ratio\":null";
    if (bench->json) {
        if (limit > 0)
            snprintf(limit_text, sizeof limit_text, "%.1f", limit);
        if (peer > 0)
            snprintf(peer_text, sizeof peer_text,
                     "\"peer\":\"tree\",\"peer_measured\":%.2f,\"ratio\":%.3f", peer,
                     measured / peer);
        printf("{\"name\":\"frames-%s\",\"unit\":\"%s\",\"measured\":%.3f,\"limit\":%s,%s,"
               "\"holds\":%s}\n",
               name, unit, measured, limit_text, peer_text, holds ? "true" : "false");
        return;
    }
    printf("%-14s %9.2f %-5s", name, measured, unit);
    if (limit > 0)
        printf("  limit %7.1f %-4s", limit, holds ? "ok" : "OVER");
    if (peer > 0)
        printf("  tree %8.2f, ratio %.3f", peer, measured / peer);
    putchar('\n');
}

static void measure_row(struct bench *bench, const struct row *row)
{
    double ours[MAX_ROUNDS], peers[MAX_ROUNDS];
    make_operations(bench, row->least, row->most);
    row->run(bench); /* warm */
    row->peer(bench);
    for (unsigned round = 0; round < bench->n_rounds; round++) {
        ours[round] = row->run(bench);
        peers[round] = row->peer(bench);
    }
    double measured = quantile(ours, bench->n_rounds, 0.5);
    double peer = quantile(peers, bench->n_rounds, 0.5);
    if (!bench->json)
        printf("\n%s\n", row->what);
    put(bench, row->name, "ns", measured, row->limit_ns, peer);
    if (row->limit_ratio > 0) {
        char name[32];
        snprintf(name, sizeof name, "%s-ratio", row->name);
        put(bench, name, "ratio", measured / peer, row->limit_ratio, 0);
    }
}

/* ---- single requests, timed one by one ---- */

static void measure_latency(struct bench *bench)
{
    static double taken[N_LATENCIES], empty[N_LATENCIES];
    static const struct {
        const char *name;
        double at, limit_ns;
    } points[] = {{"p50", 0.5, 0}, {"p99", 0.99, 0}, {"p99.9", 0.999, 1000}};
    struct mm_rng rng;
    mm_rng_seed(&rng, 3);
    memset(bench->frames, 0, sizeof bench->frames);
    for (unsigned i = 0; i < N_LATENCIES; i++) { /* taken in bursts: lists fill and run empty */
        unsigned slot = (unsigned)mm_rng_below(&rng, N_BURST);
        if (bench->frames[slot])
            mm_zone_free(&bench->zones, bench->frames[slot], 0);
        double start = now_ns(CLOCK_MONOTONIC);
        bench->frames[slot] = mm_zone_alloc(&bench->zones, MM_FRAME_SLAB, 0);
        taken[i] = now_ns(CLOCK_MONOTONIC) - start;
        start = now_ns(CLOCK_MONOTONIC);
        empty[i] = now_ns(CLOCK_MONOTONIC) - start;
    }
    for (unsigned i = 0; i < N_BURST; i++)
        if (bench->frames[i])
            mm_zone_free(&bench->zones, bench->frames[i], 0);
    double clock_ns = quantile(empty, N_LATENCIES, 0.5);
    if (!bench->json)
        printf("\none request for a frame of 1,000 live ones, each timed by itself\n");
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        double ns = quantile(taken, N_LATENCIES, points[i].at) - clock_ns;
        put(bench, points[i].name, "ns", ns > 0 ? ns : 0, points[i].limit_ns, 0);
    }
}

static void read_arguments(struct bench *bench, int argc, char **argv)
{
    bench->n_rounds = 21;
    bench->all_hold = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            bench->json = true;
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            bench->n_rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            fail("usage: bench-frames [--rounds 1..101] [--json]");
    }
    if (bench->n_rounds < 1 || bench->n_rounds > MAX_ROUNDS)
        fail("--rounds must be 1..101");
}

int main(int argc, char **argv)
{
    static struct bench bench;
    read_arguments(&bench, argc, argv);
    if (!mm_phys_init(&bench.phys, RAM_BYTES) || !mm_zones_init(&bench.zones, &bench.phys, 0))
        fail("no memory");
    tree_init(&bench.tree);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        measure_row(&bench, &rows[i]);
    measure_latency(&bench);
    const char *broken = mm_zones_check(&bench.zones);
    if (broken)
        fail(broken);
    free(bench.tree.bits);
    mm_zones_fini(&bench.zones);
    mm_phys_fini(&bench.phys);
    return bench.all_hold ? 0 : 1;
}
