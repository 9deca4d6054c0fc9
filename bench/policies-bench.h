/*
 * policies-bench.h - what the parts of bench-policies share: traces, clocks, and the replays that
 * are timed.
 *
 * Noise on a shared host comes in waves: each round goes through all cells, and replays the
 * reference beside each, so that a ratio is of two times measured together.
 */
#ifndef BENCH_POLICIES_BENCH_H
#define BENCH_POLICIES_BENCH_H

#include <mmsim/policy.h>

struct bench_trace {
    char name[64]; /* of the file, without .pt, .zst, .gz */
    const mmsim_ref *refs;
    size_t n_refs;
    mmsim_page n_pages;
};

/* Ends the program with a sentence, status 2. */
void bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* A file of references; it lives until the program ends. */
struct bench_trace bench_read_trace(const char *path);

/* References with frequencies by Zipf's law; into `refs`, which has room for n. */
void bench_make_zipf(mmsim_ref *refs, size_t n, mmsim_page n_pages, uint64_t seed);

/* CPU time of this process, which others do not lengthen. */
double bench_now_ns(void);

/* Sorts the values. */
double bench_median(double *values, size_t n);

/* What replays are made of: a policy with its state, ready to begin. */
struct bench_cell {
    struct mmsim_policy_choice choice;
    struct mmsim_policy_setup setup;
    void *state;
    size_t state_bytes;
};

void bench_cell_init(struct bench_cell *cell, const char *policy, const struct bench_trace *trace,
                     mmsim_page frames);
void bench_cell_fini(struct bench_cell *cell);

/* Each replays the trace from a fresh state and says how long that took; init() is included, as
 * opt does there what others do on the way. */
double bench_bulk_ns(struct bench_cell *cell, const struct bench_trace *trace);
double bench_calls_ns(struct bench_cell *cell, const struct bench_trace *trace);

/* LRU as one writes it down: a list in two arrays of numbers, and a byte a page. */
double bench_reference_ns(const struct bench_trace *trace, mmsim_page frames);

/* Instructions per reference from 10^5 to 10^max_exponent references, and from 10^2 to 10^6
 * frames. Exit status. */
int bench_scaling(unsigned max_exponent);

#endif
