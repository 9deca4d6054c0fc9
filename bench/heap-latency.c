/*
 * heap-latency.c - how long single calls take, at worst too: means hide refills, splits and merges.
 *
 * Objects are replaced at random, as in the churn rows. For p99 and p99.9 each malloc and each free
 * is timed by itself. A clock's own cost, the median of reading it twice in a row, is subtracted;
 * but the clock ticks in steps of up to 10 ns, so p50 is that of the means of BATCH calls. The
 * allocators take turns, a few thousand calls at a time, so that interruptions by the host hit all
 * alike.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "heap-bench.h"
#include "heap-workload.h"

enum { N_SAMPLES = 400000, N_TURN = 4000, N_LIVE = 10000, BATCH = 16, MAX_TICKS = 1 << 17 };

/* How many calls took so many ticks of the clock. */
struct histogram {
    uint32_t n[MAX_TICKS];
};

enum call { CALL_MALLOC, CALL_FREE, N_CALLS };

struct latency {
    struct heap_bench *bench;
    struct histogram single[HEAP_MAX][N_CALLS], batch[HEAP_MAX][N_CALLS];
    void *objects[HEAP_MAX][N_LIVE];
    uint32_t own; /* ticks that reading the clock takes */
    double ns_per_tick;
};

/* The processor's counter where there is one: the host's clock may tick in steps of 10 ns. The
 * fences keep the calls between two readings where they are. */
static inline uint64_t read_clock(void)
{
#if defined(__x86_64__)
    __builtin_ia32_lfence();
    uint64_t ticks = __builtin_ia32_rdtsc();
    __builtin_ia32_lfence();
    return ticks;
#else
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

static void count(struct histogram *histogram, uint64_t ticks)
{
    histogram->n[ticks < MAX_TICKS ? ticks : MAX_TICKS - 1]++;
}

/* The least that at least this share of the calls did not exceed. */
static uint32_t rank_ticks(const struct histogram *histogram, double share)
{
    uint64_t total = 0, below = 0;
    for (uint32_t ticks = 0; ticks < MAX_TICKS; ticks++)
        total += histogram->n[ticks];
    uint32_t ticks = 0;
    for (; ticks < MAX_TICKS - 1; ticks++) {
        below += histogram->n[ticks];
        if ((double)below >= share * (double)total)
            break;
    }
    return ticks;
}

/* Of a call at that rank; n calls were timed together. */
static double rank_ns(const struct latency *latency, const struct histogram *histogram,
                      double share, unsigned n)
{
    return rank_ticks(histogram, share) * latency->ns_per_tick / n;
}

static double wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void calibrate(struct latency *latency)
{
    struct histogram *histogram = &latency->single[0][0];
    double start_ns = wall_ns();
    uint64_t first = read_clock();
    for (unsigned i = 0; i < N_SAMPLES; i++) {
        uint64_t start = read_clock();
        count(histogram, read_clock() - start);
    }
    latency->ns_per_tick = (wall_ns() - start_ns) / (double)(read_clock() - first);
    latency->own = rank_ticks(histogram, 0.5);
    memset(histogram, 0, sizeof *histogram);
}

/* No two of BATCH calls in a row are given the same. */
static inline size_t victim_of(const struct latency *latency, size_t at)
{
    enum { SHARE = N_LIVE / BATCH };
    return at % BATCH * SHARE + heap_victim(latency->bench->work, at, SHARE);
}

static void record(const struct latency *latency, struct histogram *histogram, uint64_t ticks)
{
    count(histogram, ticks > latency->own ? ticks - latency->own : 0);
}

/* Replaces n objects, all freed first. */
HEAP_INLINE void replace(enum heap_side side, struct heap_allocator with, struct latency *latency,
                         unsigned who, size_t at, unsigned n)
{
    const struct heap_work *work = latency->bench->work;
    void **objects = latency->objects[who];
    struct histogram *histograms = n == 1 ? latency->single[who] : latency->batch[who];
    uint64_t start = read_clock();
    for (unsigned i = 0; i < n; i++)
        heap_free(side, with, objects[victim_of(latency, at + i)]);
    uint64_t middle = read_clock();
    for (unsigned i = 0; i < n; i++)
        objects[victim_of(latency, at + i)] = heap_malloc(side, with, work->sizes[at + i]);
    uint64_t end = read_clock();
    for (unsigned i = 0; i < n; i++)
        *(volatile uint64_t *)objects[victim_of(latency, at + i)] = at;
    record(latency, &histograms[CALL_FREE], middle - start);
    record(latency, &histograms[CALL_MALLOC], end - middle);
}

/* Every other turn is timed call by call. */
HEAP_INLINE void turn(enum heap_side side, struct heap_allocator with, struct latency *latency,
                      unsigned who, size_t from)
{
    if (from / N_TURN % 2 == 0)
        for (size_t i = from; i < from + N_TURN; i++)
            replace(side, with, latency, who, i, 1);
    else
        for (size_t i = from; i < from + N_TURN; i += BATCH)
            replace(side, with, latency, who, i, BATCH);
}

static void take_turn(struct latency *latency, unsigned who, size_t from)
{
    const struct heap_allocator *with = &latency->bench->allocators.all[who];
    if (with->side == HEAP_SIDE_MMSIM)
        turn(HEAP_SIDE_MMSIM, *with, latency, who, from);
    else
        turn(HEAP_SIDE_PEER, *with, latency, who, from);
}

static bool takes_part(unsigned who)
{
    return who != HEAP_TYPED;
}

static void fill(struct latency *latency, unsigned who)
{
    const struct heap_allocator *with = &latency->bench->allocators.all[who];
    for (size_t i = 0; i < N_LIVE; i++)
        latency->objects[who][i] = heap_malloc(with->side, *with, latency->bench->work->sizes[i]);
}

static void forget(struct latency *latency)
{
    memset(latency->single, 0, sizeof latency->single);
    memset(latency->batch, 0, sizeof latency->batch);
}

/* In a child. The first fifth warms up. */
static void measure(void *argument)
{
    struct latency *latency = argument;
    unsigned n = latency->bench->allocators.n;
    calibrate(latency);
    for (unsigned who = 0; who < n; who++)
        if (takes_part(who))
            fill(latency, who);
    for (size_t from = 0; from < N_SAMPLES; from += N_TURN) {
        if (from == N_SAMPLES / 5)
            forget(latency);
        for (unsigned who = 0; who < n; who++)
            if (takes_part(who))
                take_turn(latency, who, from);
    }
}

static const char *const call_names[N_CALLS] = {"malloc", "free"};

static void put(const struct latency *latency, unsigned who)
{
    const char *name = latency->bench->allocators.all[who].name;
    const char *format =
        latency->bench->json
            ? "{\"latency\":\"%s\",\"allocator\":\"%s\",\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f}\n"
            : "%-8s %-10s %8.1f %8.1f %8.1f\n";
    for (unsigned call = 0; call < N_CALLS; call++) {
        const struct histogram *single = &latency->single[who][call];
        printf(format, call_names[call], name,
               rank_ns(latency, &latency->batch[who][call], 0.5, BATCH),
               rank_ns(latency, single, 0.99, 1), rank_ns(latency, single, 0.999, 1));
    }
}

/* What the specification allows an allocation, and a free: 1 us. */
static void judge(struct latency *latency)
{
    for (unsigned call = 0; call < N_CALLS; call++) {
        const struct histogram *single = &latency->single[HEAP_MMSIM][call];
        struct heap_verdict verdict = {1, rank_ns(latency, single, 0.999, 1) / 1000, "1 us"};
        printf("  %s at p99.9", call_names[call]);
        heap_put_verdict(latency->bench, &verdict);
    }
}

void heap_bench_latency(struct heap_bench *bench)
{
    struct latency *latency = heap_shared_pages(sizeof *latency);
    latency->bench = bench;
    heap_in_child(measure, latency);
    if (!bench->json)
        printf("\nns of single calls, %u live\n%-8s %-10s %8s %8s %8s\n", N_LIVE, "", "", "p50",
               "p99", "p99.9");
    for (unsigned who = 0; who < bench->allocators.n; who++)
        if (takes_part(who))
            put(latency, who);
    if (!bench->json)
        judge(latency);
}
