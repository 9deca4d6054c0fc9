/*
 * heap-replay.c - real programs' allocations again: time, and memory held at most.
 *
 * Time: one child replays the trace with each allocator in turn, round by round. The first round
 * warms up, so what is measured is an allocator in use, not the host's page faults. Of each block
 * the first byte is written.
 *
 * Memory: a child for each allocator replays the trace once and writes every byte of every block.
 * The heap of mmsim tells what it holds: frames, metadata, magazines. Of a peer, what counts is how
 * much anonymous memory the process has more than before, seen at the trace's peak, at its end, and
 * MANY times in between; large pages are off, as they would only add to it. The same is printed for
 * mmsim, as a check of its own account.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "heap-bench.h"
#include "heap-trace.h"

enum { MANY = 256 };

struct replay {
    struct heap_bench *bench;
    struct heap_trace trace;
    double ns[HEAP_MAX];           /* an operation */
    uint64_t peak_bytes[HEAP_MAX]; /* as the contract has it */
    uint64_t grown_bytes[HEAP_MAX];
    unsigned who; /* is measured */
};

/* ---- time ---- */

HEAP_INLINE void *perform(enum heap_side side, struct heap_allocator with,
                          enum heap_trace_kind kind, void *block, uint32_t bytes)
{
    if (kind == HEAP_TRACE_MALLOC)
        return heap_malloc(side, with, bytes);
    if (kind == HEAP_TRACE_REALLOC)
        return heap_realloc(side, with, block, bytes);
    if (kind == HEAP_TRACE_CALLOC)
        return heap_calloc(side, with, bytes);
    return heap_memalign(side, with, HEAP_TRACE_ALIGNMENT, bytes);
}

HEAP_INLINE double replay(enum heap_side side, struct heap_allocator with,
                          const struct heap_trace *trace)
{
    const struct heap_trace_operation *operations = trace->operations;
    void **blocks = trace->blocks;
    double start = heap_now_ns();
    for (uint64_t i = 0; i < trace->n_operations; i++) {
        enum heap_trace_kind kind = heap_trace_kind_of(operations[i]);
        void **block = &blocks[operations[i].slot];
        if (kind == HEAP_TRACE_FREE) {
            heap_free(side, with, *block);
            *block = NULL;
            continue;
        }
        *block = perform(side, with, kind, *block, heap_trace_bytes_of(operations[i]));
        *(volatile uint8_t *)*block = 1;
    }
    double ns = (heap_now_ns() - start) / (double)trace->n_operations;
    for (uint32_t slot = 0; slot < trace->n_slots; slot++) {
        if (blocks[slot])
            heap_free(side, with, blocks[slot]);
        blocks[slot] = NULL;
    }
    return ns;
}

static double run_replay(const struct heap_allocator *with, const struct heap_trace *trace)
{
    if (with->side == HEAP_SIDE_MMSIM)
        return replay(HEAP_SIDE_MMSIM, *with, trace);
    return replay(HEAP_SIDE_PEER, *with, trace);
}

static bool takes_part(unsigned i)
{
    return i != HEAP_TYPED;
}

/* In a child. */
static void measure_time(void *argument)
{
    struct replay *row = argument;
    const struct heap_allocators *allocators = &row->bench->allocators;
    double samples[HEAP_MAX][HEAP_MAX_ROUNDS + 1];
    for (unsigned round = 0; round <= row->bench->n_rounds; round++)
        for (unsigned i = 0; i < allocators->n; i++)
            if (takes_part(i))
                samples[i][round] = run_replay(&allocators->all[i], &row->trace);
    for (unsigned i = 0; i < allocators->n; i++)
        if (takes_part(i))
            row->ns[i] = heap_median(samples[i] + 1, row->bench->n_rounds);
}

/* ---- memory ---- */

/* Anonymous memory of this process, counted page by page: the counters of /proc/self/status may be
 * some dozens of pages behind. */
static uint64_t anonymous_bytes(void)
{
    static const char label[] = "\nAnonymous:";
    char text[4096];
    int file = open("/proc/self/smaps_rollup", O_RDONLY);
    ssize_t n = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (n <= 0)
        heap_fail("cannot read /proc/self/smaps_rollup");
    close(file);
    text[n] = '\0';
    const char *found = strstr(text, label);
    if (!found)
        heap_fail("/proc/self/smaps_rollup tells no Anonymous");
    return strtoull(found + sizeof label - 1, NULL, 10) * 1024;
}

static void fill_block(struct heap_trace *trace, const struct heap_allocator *with,
                       struct heap_trace_operation operation)
{
    enum heap_trace_kind kind = heap_trace_kind_of(operation);
    void **block = &trace->blocks[operation.slot];
    if (kind == HEAP_TRACE_FREE) {
        heap_free(with->side, *with, *block);
        *block = NULL;
        return;
    }
    uint32_t bytes = heap_trace_bytes_of(operation);
    *block = perform(with->side, *with, kind, *block, bytes);
    if (!*block)
        heap_fail("%s: no memory for %u bytes", with->name, bytes);
    memset(*block, 0x5a, bytes);
}

/* In a child. What an allocator needs once, whatever is asked of it, is its own affair, but the
 * host's pages of its code are not: they are no anonymous memory. */
static void measure_memory(void *argument)
{
    struct replay *row = argument;
    struct heap_trace *trace = &row->trace;
    const struct heap_allocator *with = &row->bench->allocators.all[row->who];
    uint64_t between = trace->n_operations / MANY + 1;
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    uint64_t before = anonymous_bytes(), most = before;
    for (uint64_t i = 0; i < trace->n_operations; i++) {
        fill_block(trace, with, trace->operations[i]);
        if (i % between != 0 && i != trace->peak_at && i + 1 != trace->n_operations)
            continue;
        uint64_t now = anonymous_bytes();
        most = now > most ? now : most;
    }
    row->grown_bytes[row->who] = most - before;
    row->peak_bytes[row->who] = with->side == HEAP_SIDE_MMSIM ? mm_heap_peak_held_bytes(with->heap)
                                                              : row->grown_bytes[row->who];
}

/* ---- rows ---- */

static double ratio_of(const struct replay *row, unsigned i)
{
    return (double)row->peak_bytes[i] / (double)row->trace.peak_live_bytes;
}

static void put_json(const struct replay *row, unsigned i)
{
    printf("{\"allocator\":\"%s\",\"trace\":\"%s\",\"ns_per_op\":%.2f,\"peak_bytes\":%llu,"
           "\"peak_live_bytes\":%llu,\"peak_ratio\":%.3f,\"grown_bytes\":%llu}\n",
           row->bench->allocators.all[i].name, row->trace.name, row->ns[i],
           (unsigned long long)row->peak_bytes[i], (unsigned long long)row->trace.peak_live_bytes,
           ratio_of(row, i), (unsigned long long)row->grown_bytes[i]);
}

static void put_line(struct replay *row, unsigned i)
{
    printf("%-10s %8.2f %10.0f %8.3f %10.0f\n", row->bench->allocators.all[i].name, row->ns[i],
           (double)row->peak_bytes[i] / 1024, ratio_of(row, i), (double)row->grown_bytes[i] / 1024);
}

/* Traces of a second and more are judged; the first slab of each size weighs too much in others. */
static void judge(struct replay *row)
{
    enum { LONG_OPERATIONS = 1000000 };
    if (row->trace.n_operations < LONG_OPERATIONS) {
        printf("  (an excerpt: not judged)\n");
        return;
    }
    double limit = strncmp(row->trace.name, "cc1", 3) == 0 ? 1.20 : 1.10;
    double best = heap_best_peer(&row->bench->allocators, row->ns, NULL);
    struct heap_verdict time = {1, row->ns[HEAP_MMSIM] / best, "best peer"};
    struct heap_verdict memory = {limit, ratio_of(row, HEAP_MMSIM), "live bytes"};
    printf("  time  ");
    heap_put_verdict(row->bench, &time);
    printf("  memory");
    heap_put_verdict(row->bench, &memory);
}

void heap_bench_replay(struct heap_bench *bench, const char *path)
{
    struct replay *row = heap_shared_pages(sizeof *row);
    row->bench = bench;
    heap_trace_load(&row->trace, path);
    heap_in_child(measure_time, row);
    for (row->who = 0; row->who < bench->allocators.n; row->who++)
        if (takes_part(row->who))
            heap_in_child(measure_memory, row);
    if (!bench->json)
        printf("\n%s: %llu operations, at most %.0f KiB live\n%-10s %8s %10s %8s %10s\n",
               row->trace.name, (unsigned long long)row->trace.n_operations,
               (double)row->trace.peak_live_bytes / 1024, "", "ns an op", "peak KiB", "to live",
               "grown KiB");
    for (unsigned i = 0; i < bench->allocators.n; i++)
        if (takes_part(i) && bench->json)
            put_json(row, i);
        else if (takes_part(i))
            put_line(row, i);
    if (!bench->json)
        judge(row);
    heap_trace_unload(&row->trace);
}
