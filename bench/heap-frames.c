/*
 * heap-frames.c - frames: single ones by way of the CPU's list, and blocks of all sizes.
 *
 * Beside them, for scale, a buddy system that finds its blocks in a binary tree over all frames,
 * each node knowing the largest free block below it: what allocators with their account outside of
 * the memory often do. A request descends from the root, and what it changed climbs back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "heap-bench.h"

enum {
    N_LIVE = 4000,       /* blocks, while blocks are replaced */
    N_REPLACED = 200000, /* a round */
    N_PAIRS = 200000,
    TREE_LEVELS = 17, /* 2^16 frames, as many as low memory has */
    MAX_ORDER = 6
};

/* ---- the tree ---- */

struct tree {
    uint8_t
        largest[1 << TREE_LEVELS]; /* by node, root 1: 1 + order of its largest free block, or 0 */
};

static void tree_init(struct tree *tree)
{
    for (unsigned level = 0; level < TREE_LEVELS; level++)
        memset(&tree->largest[1u << level], (int)(TREE_LEVELS - level), 1u << level);
}

static void tree_climb(struct tree *tree, uint32_t node, unsigned order)
{
    for (; node > 1; order++) {
        uint8_t one = tree->largest[node], other = tree->largest[node ^ 1];
        node /= 2;
        bool both = one == order + 1 && other == order + 1;
        uint8_t larger = one > other ? one : other;
        tree->largest[node] = both ? (uint8_t)(order + 2) : larger;
    }
}

/* The node of a block, 0: there is none. */
static uint32_t tree_alloc(struct tree *tree, unsigned order)
{
    uint32_t node = 1;
    if (tree->largest[node] < order + 1)
        return 0;
    for (unsigned level = TREE_LEVELS - 1; level > order; level--) {
        node *= 2;
        node += tree->largest[node] < order + 1;
    }
    tree->largest[node] = 0;
    tree_climb(tree, node, order);
    return node;
}

static void tree_free(struct tree *tree, uint32_t node, unsigned order)
{
    tree->largest[node] = (uint8_t)(order + 1);
    tree_climb(tree, node, order);
}

/* ---- measures ---- */

struct frames {
    struct heap_bench *bench;
    struct tree tree;
    uint32_t victims[N_REPLACED];
    uint8_t orders[N_REPLACED];
    struct mm_frame *blocks[N_LIVE];
    uint32_t nodes[N_LIVE];
    uint8_t live_orders[N_LIVE];
    double single_ns, single_tree_ns, mixed_ns, mixed_tree_ns;
};

/* Half of the blocks are single frames, a quarter are pairs, and so on. */
static void draw(struct frames *frames)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 1);
    for (unsigned i = 0; i < N_REPLACED; i++) {
        uint64_t bits = mm_rng_next(&rng) | (1u << MAX_ORDER);
        frames->orders[i] = (uint8_t)__builtin_ctzll(bits);
        frames->victims[i] = (uint32_t)mm_rng_below(&rng, N_LIVE);
    }
}

static double run_single(struct frames *frames)
{
    struct mm_zones *zones = &frames->bench->allocators.zones;
    double start = heap_now_ns();
    for (unsigned i = 0; i < N_PAIRS; i++)
        mm_zone_free(zones, mm_zone_alloc(zones, MM_FRAME_PAGE_TABLE, 0), 0);
    return (heap_now_ns() - start) / N_PAIRS;
}

static double run_single_tree(struct frames *frames)
{
    double start = heap_now_ns();
    for (unsigned i = 0; i < N_PAIRS; i++)
        tree_free(&frames->tree, tree_alloc(&frames->tree, 0), 0);
    return (heap_now_ns() - start) / N_PAIRS;
}

static double run_mixed(struct frames *frames)
{
    struct mm_zones *zones = &frames->bench->allocators.zones;
    memcpy(frames->live_orders, frames->orders, sizeof frames->live_orders);
    for (unsigned i = 0; i < N_LIVE; i++)
        frames->blocks[i] = mm_zone_alloc(zones, MM_FRAME_PAGE_TABLE, frames->orders[i]);
    double start = heap_now_ns();
    for (unsigned i = 0; i < N_REPLACED; i++) {
        uint32_t at = frames->victims[i];
        mm_zone_free(zones, frames->blocks[at], frames->live_orders[at]);
        frames->live_orders[at] = frames->orders[i];
        frames->blocks[at] = mm_zone_alloc(zones, MM_FRAME_PAGE_TABLE, frames->orders[i]);
    }
    double ns = (heap_now_ns() - start) / N_REPLACED;
    for (unsigned i = 0; i < N_LIVE; i++)
        mm_zone_free(zones, frames->blocks[i], frames->live_orders[i]);
    return ns;
}

static double run_mixed_tree(struct frames *frames)
{
    memcpy(frames->live_orders, frames->orders, sizeof frames->live_orders);
    for (unsigned i = 0; i < N_LIVE; i++)
        frames->nodes[i] = tree_alloc(&frames->tree, frames->orders[i]);
    double start = heap_now_ns();
    for (unsigned i = 0; i < N_REPLACED; i++) {
        uint32_t at = frames->victims[i];
        tree_free(&frames->tree, frames->nodes[at], frames->live_orders[at]);
        frames->live_orders[at] = frames->orders[i];
        frames->nodes[at] = tree_alloc(&frames->tree, frames->orders[i]);
    }
    double ns = (heap_now_ns() - start) / N_REPLACED;
    for (unsigned i = 0; i < N_LIVE; i++)
        tree_free(&frames->tree, frames->nodes[i], frames->live_orders[i]);
    return ns;
}

/* In a child. The first round warms up. */
static void measure(void *argument)
{
    struct frames *frames = argument;
    unsigned n = frames->bench->n_rounds;
    double samples[4][HEAP_MAX_ROUNDS + 1];
    tree_init(&frames->tree);
    draw(frames);
    for (unsigned round = 0; round <= n; round++) {
        samples[0][round] = run_single(frames);
        samples[1][round] = run_single_tree(frames);
        samples[2][round] = run_mixed(frames);
        samples[3][round] = run_mixed_tree(frames);
    }
    frames->single_ns = heap_median(samples[0] + 1, n);
    frames->single_tree_ns = heap_median(samples[1] + 1, n);
    frames->mixed_ns = heap_median(samples[2] + 1, n);
    frames->mixed_tree_ns = heap_median(samples[3] + 1, n);
}

/* The figures in ns are for a quiet host; on others a tenth of the tree's time will do. */
static void put(struct frames *frames, const char *what, double ns, double tree_ns, double limit_ns)
{
    if (frames->bench->json) {
        printf("{\"frames\":\"%s\",\"ns\":%.2f,\"tree_ns\":%.2f,\"limit\":%.0f}\n", what, ns,
               tree_ns, limit_ns);
        return;
    }
    char against[16];
    snprintf(against, sizeof against, "%.0f ns", limit_ns);
    struct heap_verdict verdict = {1, ns / limit_ns, against};
    if (ns > limit_ns)
        verdict = (struct heap_verdict){0.1, ns / tree_ns, "tree"};
    printf("%-14s %9.2f %9.2f %8.1f", what, ns, tree_ns, tree_ns / ns);
    heap_put_verdict(frames->bench, &verdict);
}

void heap_bench_frames(struct heap_bench *bench)
{
    struct frames *frames = heap_shared_pages(sizeof *frames);
    frames->bench = bench;
    heap_in_child(measure, frames);
    if (!bench->json)
        printf("\nframes: ns an allocation and free\n%-14s %9s %9s %8s\n", "", "mmsim", "tree",
               "x faster");
    put(frames, "single", frames->single_ns, frames->single_tree_ns, 5);
    put(frames, "mixed orders", frames->mixed_ns, frames->mixed_tree_ns, 35);
}
