/*
 * policies-scaling.c - what a reference costs, by the length of the trace and by the frames.
 *
 * Counted in instructions where the host lets processes count them, else in nanoseconds of CPU.
 * Long traces repeat one piece of eight million references.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policies-bench.h"

enum { PIECE = 1 << 23, LOWEST_EXPONENT = 5, FRAMES_TO = 6, PAGES_A_FRAME = 4 };

/* ---- the counter ---- */

/* -1: the host has none for us. */
static int open_counter(void)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_HARDWARE,
                                         .size = sizeof attributes,
                                         .config = PERF_COUNT_HW_INSTRUCTIONS,
                                         .exclude_kernel = 1,
                                         .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

static double read_counter(int counter)
{
    uint64_t instructions = 0;
    if (counter < 0)
        return bench_now_ns();
    if (read(counter, &instructions, sizeof instructions) != sizeof instructions)
        bench_fail("the counter of instructions cannot be read");
    return (double)instructions;
}

/* ---- a cell ---- */

/* Costs per reference, from the first on, at 10^5, 10^6 ... references. */
static void measure(const char *policy, mmsim_page frames, unsigned max_exponent, int counter,
                    double costs[10])
{
    struct bench_trace pages = {.n_pages = frames * PAGES_A_FRAME};
    struct bench_cell cell;
    struct mmsim_counts counts = {0};
    mmsim_ref *refs = malloc(PIECE * sizeof *refs);
    if (!refs)
        bench_fail("no memory for references");
    bench_cell_init(&cell, policy, &pages, frames);
    memset(cell.state, 0, cell.state_bytes);
    cell.choice.ops->init(cell.state, &cell.setup);
    bench_make_zipf(refs, PIECE, pages.n_pages, 1);
    double sum = 0;
    size_t done = 0, until = 1;
    for (unsigned exponent = 0; exponent <= max_exponent; exponent++, until *= 10) {
        while (done < until) {
            size_t at = done % PIECE, n = until - done < PIECE - at ? until - done : PIECE - at;
            double start = read_counter(counter);
            cell.choice.ops->replay(cell.state, refs + at, n, &counts);
            sum += read_counter(counter) - start;
            done += n;
        }
        costs[exponent] = sum / (double)done;
    }
    bench_cell_fini(&cell);
    free(refs);
}

/* ---- tables ---- */

static void by_length(const struct mmsim_policy_ops *ops, unsigned max_exponent, int counter)
{
    double costs[10];
    measure(ops->name, 1000, max_exponent, counter, costs);
    printf("%-16s", ops->name);
    for (unsigned e = LOWEST_EXPONENT; e <= max_exponent; e++)
        printf(" %8.1f", costs[e]);
    fflush(stdout);
}

static void by_frames(const struct mmsim_policy_ops *ops, int counter)
{
    mmsim_page frames = 100;
    printf("  |");
    for (unsigned e = 2; e <= FRAMES_TO; e++, frames *= 10) {
        double costs[10];
        measure(ops->name, frames, 7, counter, costs);
        printf(" %8.1f", costs[7]);
        fflush(stdout);
    }
    printf("\n");
}

int bench_scaling(unsigned max_exponent)
{
    int counter = open_counter();
    printf("%s per reference, in bulk, Zipf's law over %d pages a frame\n",
           counter < 0 ? "nanoseconds of CPU" : "instructions", PAGES_A_FRAME);
    printf("left: 10^%d to 10^%u references, 1,000 frames; right: 10^2 to 10^%d frames, 10^7 "
           "references\n",
           LOWEST_EXPONENT, max_exponent, FRAMES_TO);
    for (size_t i = 0; mmsim_policy_at(i); i++) {
        const struct mmsim_policy_ops *ops = mmsim_policy_at(i);
        if (!ops->replay)
            continue;
        by_length(ops, max_exponent, counter);
        by_frames(ops, counter);
    }
    if (counter >= 0)
        close(counter);
    return 0;
}
