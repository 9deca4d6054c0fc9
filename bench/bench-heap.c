/*
 * bench-heap.c - the kernel heap beside glibc, jemalloc, mimalloc and tcmalloc.
 *
 *   bench-heap [--replay FILE] [--part NAME]... [--rounds N] [--json]
 *
 * Parts, all of them unless some are named:
 *
 *   workloads  hot pairs, bursts, orders of freeing, churn (heap-workload.c)
 *   latency    p50, p99 and p99.9 of single calls (heap-latency.c)
 *   checks     what each check costs (heap-checks.c)
 *   frames     single frames and blocks of frames (heap-frames.c)
 *   replay     allocations of real programs: time, and memory at its peak (heap-replay.c)
 *
 * --replay FILE is part replay with a trace of your own (heap-trace.h); without it, the excerpts in
 * bench/traces/, if the current folder is the project's. With --json and without --part, only part
 * replay runs: a row an allocator and trace, as others read it.
 *
 * Everything is compared within one run; docs/benchmarks.md tells how and how to read it. Status 0:
 * every limit that could be judged holds; 1: one does not; 2: nothing was measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heap-bench.h"
#include "heap-workload.h"

enum { DEFAULT_ROUNDS = 11 };

static const char usage[] = "usage: bench-heap [--replay FILE] [--part NAME]... [--rounds 1..101] "
                            "[--json]";

static const char *const excerpts[] = {"bench/traces/cc1.heap.zst",
                                       "bench/traces/sqlite3.heap.zst"};

enum { N_EXCERPTS = sizeof excerpts / sizeof excerpts[0], MAX_FILES = 16 };

struct arguments {
    const char *files[MAX_FILES];
    unsigned n_files;
    unsigned parts; /* bits, by index in the table of parts */
};

static void bench_replay(struct heap_bench *bench, const struct arguments *arguments)
{
    for (unsigned i = 0; i < arguments->n_files; i++)
        heap_bench_replay(bench, arguments->files[i]);
    if (arguments->n_files > 0)
        return;
    for (unsigned i = 0; i < N_EXCERPTS; i++)
        if (access(excerpts[i], R_OK) == 0)
            heap_bench_replay(bench, excerpts[i]);
        else
            fprintf(stderr, "bench-heap: no %s here: run it in the project's folder\n",
                    excerpts[i]);
}

static const struct part {
    const char *name;
    void (*run)(struct heap_bench *bench);
} parts[] = {
    {"workloads", heap_bench_workloads},
    {"latency", heap_bench_latency},
    {"checks", heap_bench_checks},
    {"frames", heap_bench_frames},
    {"replay", NULL}, /* needs the files */
};

enum { N_PARTS = sizeof parts / sizeof parts[0], PART_REPLAY = N_PARTS - 1 };

static unsigned part_bit(const char *name)
{
    for (unsigned i = 0; i < N_PARTS; i++)
        if (strcmp(name, parts[i].name) == 0)
            return 1u << i;
    heap_fail("no part %s: workloads, latency, checks, frames, replay", name);
}

static void read_arguments(struct heap_bench *bench, struct arguments *arguments, char **argv)
{
    bench->n_rounds = DEFAULT_ROUNDS;
    for (char **argument = argv + 1; *argument; argument++) {
        const char *value = argument[1];
        if (strcmp(*argument, "--json") == 0) {
            bench->json = true;
            continue;
        }
        if (!value)
            heap_fail("%s", usage);
        if (strcmp(*argument, "--part") == 0)
            arguments->parts |= part_bit(value);
        else if (strcmp(*argument, "--rounds") == 0)
            bench->n_rounds = (unsigned)strtoul(value, NULL, 10);
        else if (strcmp(*argument, "--replay") == 0 && arguments->n_files < MAX_FILES)
            arguments->files[arguments->n_files++] = value;
        else
            heap_fail("%s", usage);
        argument++;
    }
    if (bench->n_rounds < 1 || bench->n_rounds > HEAP_MAX_ROUNDS)
        heap_fail("--rounds must be 1..%d", HEAP_MAX_ROUNDS);
    if (arguments->n_files > 0)
        arguments->parts |= 1u << PART_REPLAY;
    if (arguments->parts == 0)
        arguments->parts = bench->json ? 1u << PART_REPLAY : (1u << N_PARTS) - 1;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--own-pair") == 0) { /* heap-checks.c */
        heap_print_own_pair();
        return 0;
    }
    struct heap_bench *bench = heap_pages(sizeof *bench);
    struct arguments arguments = {.n_files = 0};
    bench->all_hold = true;
    read_arguments(bench, &arguments, argv);
    heap_allocators_init(&bench->allocators, argv);
    heap_allocators_tell_missing(&bench->allocators);
    bench->work = heap_work_create();
    for (unsigned i = 0; i < N_PARTS; i++)
        if ((arguments.parts >> i & 1) && parts[i].run)
            parts[i].run(bench);
    if (arguments.parts >> PART_REPLAY & 1)
        bench_replay(bench, &arguments);
    return bench->all_hold ? 0 : 1;
}
