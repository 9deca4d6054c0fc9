/*
 * heap-checks.c - what each check of the heap costs: time of a pair, and bytes of an object.
 *
 * A heap for each combination of checks; rounds go through them in turn. Guard pages need page
 * tables, so the heap of that row is a machine's. Bytes are the growth of what a heap holds, for as
 * many objects as are alive at a time.
 *
 * Beside them AddressSanitizer's allocator, where its library is installed: this program again, in
 * a process in which malloc() is the sanitizer's.
 */
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc/checked.h"
#include "heap-bench.h"
#include "heap-workload.h"
#include "sim/machine.h"

enum { N_LIVE = 100000, N_LIVE_GUARDED = 5000, OBJECT_BYTES = 64 };

#define THREE_CHECKS (MM_CHECK_RED_ZONES | MM_CHECK_POISON | MM_CHECK_TRACK)

static const struct mode {
    const char *name;
    unsigned checks;
} modes[] = {
    {"always on", 0},
    {"red zones", MM_CHECK_RED_ZONES},
    {"poison", MM_CHECK_POISON},
    {"call sites", MM_CHECK_TRACK},
    {"these three", THREE_CHECKS},
    {"hardened", MM_CHECK_HARDEN},
    {"quarantine", MM_CHECK_QUARANTINE},
    {"all of these", THREE_CHECKS | MM_CHECK_HARDEN | MM_CHECK_QUARANTINE},
    {"guard pages", MM_CHECK_GUARD},
};

enum { PLAIN = 0, THREE = 4, N_MODES = sizeof modes / sizeof modes[0] };

static const uint32_t sizes[] = {16, OBJECT_BYTES, 1024};

enum { N_SIZES = sizeof sizes / sizeof sizes[0], OBJECT_SIZE = 1 /* index */ };

struct checks {
    struct heap_bench *bench;
    struct mm_heap own[N_MODES];
    struct mm_heap *heaps[N_MODES];
    unsigned first_round; /* of the child that runs now */
    double samples[N_MODES][N_SIZES][HEAP_MAX_ROUNDS];
    double ns[N_MODES][N_SIZES];
    double bytes[N_MODES]; /* an object */
};

static double bytes_of_object(struct mm_heap *heap, unsigned n)
{
    static void *objects[N_LIVE];
    uint64_t before = mm_heap_held_bytes(heap);
    for (unsigned i = 0; i < n; i++)
        objects[i] = mm_kmalloc(heap, OBJECT_BYTES);
    double bytes = (double)(mm_heap_held_bytes(heap) - before) / n;
    for (unsigned i = 0; i < n; i++)
        mm_kfree(heap, objects[i]);
    return bytes;
}

static struct mm_heap *heap_of_a_machine(void)
{
    struct mmsim_config config;
    struct mmsim_machine *machine;
    struct mmsim_error error;
    mmsim_config_init(&config);
    config.ram_bytes = 512 * MMSIM_MIB;
    config.check = MMSIM_CHECK_OFF;
    if (mmsim_machine_create(&config, &machine, &error))
        heap_fail("%s", error.text);
    return &machine->heap;
}

static struct mm_heap *heap_alone(struct checks *checks, unsigned i)
{
    static uint64_t step; /* what call sites remember as the time */
    struct mm_heap *heap = &checks->own[i];
    if (!mm_heap_init(heap, &checks->bench->allocators.zones, 1, 1))
        heap_fail("no memory for a heap");
    heap->step = &step;
    return heap;
}

static void make_heaps(struct checks *checks)
{
    for (unsigned i = 0; i < N_MODES; i++) {
        bool guarded = modes[i].checks & MM_CHECK_GUARD;
        struct mm_heap *heap = guarded ? heap_of_a_machine() : heap_alone(checks, i);
        heap->site = "bench";
        if (!mm_kmalloc_set_checks(heap, modes[i].checks))
            heap_fail("%s: cannot be switched on", modes[i].name);
        checks->heaps[i] = heap;
    }
}

static double run_pair(struct checks *checks, unsigned mode, unsigned size)
{
    struct heap_allocator with = {.side = HEAP_SIDE_MMSIM, .heap = checks->heaps[mode]};
    return heap_run_hot_pair(checks->bench->work, &with, sizes[size]);
}

static void run_size(struct checks *checks, unsigned size)
{
    for (unsigned mode = 0; mode < N_MODES; mode++)
        run_pair(checks, mode, size); /* warms up */
    for (unsigned round = checks->first_round; round < checks->bench->n_rounds;
         round += HEAP_N_CHILDREN)
        for (unsigned mode = 0; mode < N_MODES; mode++)
            checks->samples[mode][size][round] = run_pair(checks, mode, size);
}

/* In a child. */
static void measure(void *argument)
{
    struct checks *checks = argument;
    make_heaps(checks);
    for (unsigned mode = 0; mode < N_MODES; mode++) {
        bool guarded = modes[mode].checks & MM_CHECK_GUARD;
        checks->bytes[mode] =
            bytes_of_object(checks->heaps[mode], guarded ? N_LIVE_GUARDED : N_LIVE);
    }
    for (unsigned size = 0; size < N_SIZES; size++)
        run_size(checks, size);
    for (unsigned mode = 0; mode < N_MODES; mode++)
        if (checks->heaps[mode]->n_reports > 0)
            heap_fail("%s: mistakes were reported where there are none", modes[mode].name);
}

static void measure_all(struct checks *checks)
{
    for (checks->first_round = 0; checks->first_round < HEAP_N_CHILDREN; checks->first_round++)
        heap_in_child(measure, checks);
    for (unsigned mode = 0; mode < N_MODES; mode++)
        for (unsigned size = 0; size < N_SIZES; size++)
            checks->ns[mode][size] =
                heap_median(checks->samples[mode][size], checks->bench->n_rounds);
}

/* ---- the sanitizer ---- */

void heap_print_own_pair(void)
{
    double samples[HEAP_MAX_ROUNDS];
    struct heap_allocator own = {.side = HEAP_SIDE_PEER, .malloc = malloc, .free = free};
    if (!heap_is_sanitized())
        return;
    for (unsigned round = 0; round < 5; round++)
        samples[round] = heap_run_hot_pair(NULL, &own, OBJECT_BYTES);
    printf("%.2f\n", heap_median(samples, 5));
}

/* ns a pair; 0: there is no sanitizer. */
static double ask_sanitizer(void)
{
    int ends[2];
    char text[64] = "";
    fflush(stdout);
    if (pipe(ends) != 0)
        heap_fail("no pipe");
    pid_t child = fork();
    if (child == 0) {
        setenv("LD_PRELOAD", "libasan.so.8", 1);
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        dup2(ends[1], STDOUT_FILENO);
        close(STDERR_FILENO);
        execl("/proc/self/exe", "bench-heap", "--own-pair", (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    ssize_t n = child < 0 ? -1 : read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return n > 0 ? strtod(text, NULL) : 0;
}

/* ---- rows ---- */

static void put_mode(const struct checks *checks, unsigned i)
{
    const double *ns = checks->ns[i];
    double ratio = ns[OBJECT_SIZE] / checks->ns[PLAIN][OBJECT_SIZE];
    double more = checks->bytes[i] - checks->bytes[PLAIN];
    if (checks->bench->json)
        printf("{\"checks\":\"%s\",\"ns_16\":%.2f,\"ns_64\":%.2f,\"ns_1024\":%.2f,"
               "\"ratio\":%.2f,\"bytes_more\":%.1f}\n",
               modes[i].name, ns[0], ns[1], ns[2], ratio, more);
    else
        printf("%-12s %9.2f %9.2f %9.2f %8.2f %10.1f\n", modes[i].name, ns[0], ns[1], ns[2], ratio,
               more);
}

/* Three times the pair without them, or what that is where the pair takes 5 ns; and 16 bytes, in
 * whole ones: the rest is what the end of a slab wastes. */
static void judge(struct checks *checks)
{
    double ns = checks->ns[THREE][OBJECT_SIZE], more = checks->bytes[THREE] - checks->bytes[PLAIN];
    struct heap_verdict time = {3, ns / checks->ns[PLAIN][OBJECT_SIZE], "always on"};
    struct heap_verdict memory = {1, (double)(int)more / 16, "16 bytes"};
    if (ns <= 15)
        time = (struct heap_verdict){1, ns / 15, "15 ns"};
    printf("  these three: time  ");
    heap_put_verdict(checks->bench, &time);
    printf("  these three: memory");
    heap_put_verdict(checks->bench, &memory);
}

static void put_sanitizer(const struct checks *checks)
{
    double ns = ask_sanitizer();
    if (ns > 0 && checks->bench->json)
        printf("{\"checks\":\"AddressSanitizer\",\"ns_64\":%.2f}\n", ns);
    else if (ns > 0)
        printf("%-12s %9s %9.2f %9s  %.1f x these three\n", "asan", "", ns, "",
               ns / checks->ns[THREE][OBJECT_SIZE]);
}

void heap_bench_checks(struct heap_bench *bench)
{
    struct checks *checks = heap_shared_pages(sizeof *checks);
    checks->bench = bench;
    measure_all(checks);
    if (!bench->json)
        printf("\nchecks: ns a kmalloc and kfree, bytes more an object of 64\n"
               "%-12s %9s %9s %9s %8s %10s\n",
               "", "16", "64", "1024", "x at 64", "bytes more");
    for (unsigned i = 0; i < N_MODES; i++)
        put_mode(checks, i);
    put_sanitizer(checks);
    if (!bench->json)
        judge(checks);
}
