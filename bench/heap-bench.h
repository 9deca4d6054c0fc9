/*
 * heap-bench.h - what the parts of bench-heap share: clocks, medians, children, tables.
 *
 * Noise on a shared host comes in waves, so nothing is measured at one time and compared with what
 * was measured at another: rounds go through all allocators in turn, a row is the medians of its
 * rounds. Each row runs in child processes of its own, so that no row finds a heap that another has
 * worn; in more than one of them, because the host's pages and predictors may favour or spite an
 * allocator for as long as a process lives.
 */
#ifndef BENCH_HEAP_BENCH_H
#define BENCH_HEAP_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heap-allocator.h"

enum { HEAP_MAX_ROUNDS = 101, HEAP_N_CHILDREN = 3 };

struct heap_bench {
    struct heap_allocators allocators;
    struct heap_work *work;
    const char *program; /* argv[0] */
    unsigned n_rounds;
    bool json;
    bool all_hold;
};

/* CPU time of this process, which other processes do not lengthen. */
double heap_now_ns(void);

/* Sorts the values. */
double heap_median(double *values, size_t n);

/* Ends the program with a sentence, status 2. */
void heap_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Zeroed memory that is not from malloc, one of the allocators measured; it is never returned. */
void *heap_pages(size_t n_bytes);

/* The same, and what a child writes there the parent reads. */
void *heap_shared_pages(size_t n_bytes);

/* Runs work(argument) in a child process; ends the program unless it succeeds. */
void heap_in_child(void (*work)(void *argument), void *argument);

/* A figure with its limit: what was promised, of what it is a multiple, and whether it holds. */
struct heap_verdict {
    double limit;        /* of the ratio; 0: none */
    double ratio;        /* measured */
    const char *against; /* the name of the allocator, "best peer"; NULL: it is not installed */
};

/* Prints "  0.93 <= 1.05 x best peer  ok" or what there is of it, and keeps bench->all_hold. */
void heap_put_verdict(struct heap_bench *bench, const struct heap_verdict *verdict);

/* The least of the peers' figures; `name` receives whose, if not NULL. 0: there are no peers. */
double heap_best_peer(const struct heap_allocators *allocators, const double *figures,
                      const char **name);

/* The parts. Each prints its table, or its rows of JSON. */
void heap_bench_workloads(struct heap_bench *bench);
void heap_bench_latency(struct heap_bench *bench);
void heap_bench_checks(struct heap_bench *bench);
void heap_bench_frames(struct heap_bench *bench);
void heap_bench_replay(struct heap_bench *bench, const char *path);

/* What a child that runs under AddressSanitizer's allocator prints: ns a pair of 64 bytes. */
void heap_print_own_pair(void);

#endif
