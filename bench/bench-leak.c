/*
 * bench-leak.c - how fast the leak search reads memory, beside a plain filtered read.
 *
 * A heap of objects of one size, in which one word of 8 bytes in ten is the address of an object (a
 * random tree over all of them, and random others) and the rest are small numbers. The search marks
 * everything from one root; the plain read adds up the words that are in the range of addresses,
 * from the first page of objects to the last. Both touch the same bytes; rounds take turns, and the
 * medians are compared. The promise is half of the plain read's bandwidth, on a heap of many sizes.
 * The smaller the objects, the more the work for each of them weighs against reading: rows of small
 * ones are shown without a limit.
 *
 *   bench-leak [--rounds 1..101] [--megabytes 16..224] [--json]
 *
 * Status 0: every limit holds; 1: one does not; 2: nothing was measured.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alloc/kmalloc.h"
#include "alloc/leak.h"

enum { MAX_ROUNDS = 101, WORDS_PER_POINTER = 10 };

#define LIMIT 0.5

struct bench {
    struct mm_host host;
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_heap heap;
    struct mm_leak leak;
    struct mm_rng rng;
    unsigned n_rounds;
    uint64_t heap_bytes;
    uint64_t *root; /* holds the address of the first object */
    bool json, all_hold;
};

struct row {
    const char *name;
    size_t object_bytes; /* 0: of many sizes */
    enum { AS_ADDRESS, AS_POINTER } form;
    double limit; /* 0: none */
};

static const struct row rows[] = {
    {"many sizes", 0, AS_ADDRESS, LIMIT},    {"host pointers", 0, AS_POINTER, LIMIT},
    {"4096 bytes", 4096, AS_ADDRESS, LIMIT}, {"512 bytes", 512, AS_ADDRESS, 0},
    {"128 bytes", 128, AS_ADDRESS, 0},
};

struct objects {
    uint32_t *offsets;
    uint32_t *n_free; /* pointer words that are left in each */
    size_t n;
    uint64_t bytes;
};

static _Noreturn __attribute__((format(printf, 1, 2))) void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("bench-leak: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

/* ---- the heap ---- */

static void setup(struct bench *bench)
{
    mm_host_init(&bench->host, NULL);
    mm_rng_seed(&bench->rng, 1);
    if (!mm_phys_init(&bench->phys, 256 * MMSIM_MIB) ||
        !mm_zones_init(&bench->zones, &bench->phys, 0) ||
        !mm_heap_init(&bench->heap, &bench->zones, 1, 1))
        fail("no memory");
    mm_leak_init(&bench->leak, &bench->heap, &bench->host);
    bench->root = mm_kzalloc(&bench->heap, sizeof *bench->root);
    mm_leak_add_root(&bench->leak, mm_phys_address(&bench->phys, bench->root), sizeof *bench->root);
}

static void teardown(struct bench *bench)
{
    mm_leak_fini(&bench->leak);
    mm_heap_fini(&bench->heap);
    mm_zones_fini(&bench->zones);
    mm_phys_fini(&bench->phys);
}

static size_t choose_bytes(struct bench *bench, const struct row *row)
{
    static const size_t some[] = {80, 96, 128, 192, 256, 400, 1024, 2048, 4096, 8192};
    if (row->object_bytes)
        return row->object_bytes;
    return some[mm_rng_below(&bench->rng, sizeof some / sizeof some[0])];
}

static void write_word(const struct bench *bench, const struct row *row, uint64_t *word,
                       uint32_t target)
{
    *word = row->form == AS_ADDRESS ? target
                                    : (uint64_t)(uintptr_t)mm_heap_pointer(&bench->heap, target);
}

/* A random place among an object's words that does not hold an address yet. */
static void link_to(struct bench *bench, const struct row *row, struct objects *objects,
                    size_t from, uint32_t target)
{
    size_t n_words =
        mm_ksize(&bench->heap, mm_heap_pointer(&bench->heap, objects->offsets[from])) / 8;
    uint64_t *words = mm_heap_pointer(&bench->heap, objects->offsets[from]);
    size_t at = mm_rng_below(&bench->rng, n_words);
    while (words[at] > UINT16_MAX)
        at = (at + 1) % n_words;
    write_word(bench, row, &words[at], target);
    objects->n_free[from]--;
}

static void fill(struct bench *bench, uint64_t *words, size_t n_words)
{
    for (size_t i = 0; i < n_words; i++)
        words[i] = mm_rng_below(&bench->rng, UINT16_MAX);
}

static void allocate(struct bench *bench, const struct row *row, struct objects *objects)
{
    size_t most = bench->heap_bytes / 64;
    double due = 0; /* pointer words that the objects so far owe */
    objects->offsets = malloc(most * sizeof *objects->offsets);
    objects->n_free = malloc(most * sizeof *objects->n_free);
    if (!objects->offsets || !objects->n_free)
        fail("no memory");
    while (objects->bytes < bench->heap_bytes && objects->n < most) {
        size_t n_bytes = choose_bytes(bench, row);
        uint64_t *object = mm_kmalloc(&bench->heap, n_bytes);
        if (!object)
            break;
        n_bytes = mm_ksize(&bench->heap, object);
        fill(bench, object, n_bytes / 8);
        due += (double)n_bytes / 8 / WORDS_PER_POINTER;
        uint32_t n_pointers = (uint32_t)due;
        due -= n_pointers;
        objects->n_free[objects->n] = n_pointers;
        objects->offsets[objects->n++] = (uint32_t)mm_heap_offset(&bench->heap, object);
        objects->bytes += n_bytes;
    }
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

/* In random order, each object hangs on a random earlier one that has a word for it. */
static void link_all(struct bench *bench, const struct row *row, struct objects *objects)
{
    uint32_t *open = malloc(objects->n * sizeof *open); /* earlier ones with words left */
    if (!open)
        fail("no memory");
    for (size_t i = objects->n - 1; i > 0; i--) {
        size_t other = mm_rng_below(&bench->rng, i + 1);
        swap(&objects->offsets[i], &objects->offsets[other]);
        swap(&objects->n_free[i], &objects->n_free[other]);
    }
    size_t n_open = 0;
    for (size_t i = 0; i < objects->n; i++) {
        if (i > 0) {
            size_t at = mm_rng_below(&bench->rng, n_open);
            link_to(bench, row, objects, open[at], objects->offsets[i]);
            if (objects->n_free[open[at]] == 0)
                open[at] = open[--n_open];
        }
        if (objects->n_free[i] > 0)
            open[n_open++] = (uint32_t)i;
        if (n_open == 0)
            fail("%s: too few words for a tree", row->name);
    }
    for (size_t i = 0; i < objects->n; i++)
        while (objects->n_free[i] > 0)
            link_to(bench, row, objects, i,
                    objects->offsets[mm_rng_below(&bench->rng, objects->n)]);
    free(open);
    write_word(bench, row, bench->root, objects->offsets[0]);
}

static void free_all(struct bench *bench, struct objects *objects)
{
    for (size_t i = 0; i < objects->n; i++)
        mm_kfree(&bench->heap, mm_heap_pointer(&bench->heap, objects->offsets[i]));
    free(objects->offsets);
    free(objects->n_free);
}

/* ---- the two readers ---- */

/* Adds up the words of all pages with objects that could be what is looked for. */
static uint64_t read_plainly(const struct bench *bench, const struct row *row, uint64_t *n_bytes)
{
    const struct mm_heap *heap = &bench->heap;
    uint64_t sum = 0, base = row->form == AS_ADDRESS ? 0 : (uint64_t)(uintptr_t)heap->ram;
    uint64_t start = base + MM_LOWMEM_START, span = heap->low_bytes - MM_LOWMEM_START;
    *n_bytes = 0;
    for (uint32_t pfn = 0; pfn < heap->low_bytes >> MMSIM_PAGE_SHIFT; pfn++) {
        if (heap->page_map[pfn] < MM_HEAP_FIRST_SET && heap->page_map[pfn] != MM_HEAP_SET_RUN)
            continue;
        const uint64_t *words = mm_heap_pointer(heap, pfn << MMSIM_PAGE_SHIFT);
        for (size_t i = 0; i < MMSIM_PAGE_SIZE / 8; i++)
            sum += words[i] - start < span ? words[i] : 0;
        *n_bytes += MMSIM_PAGE_SIZE;
    }
    return sum;
}

static uint64_t search(struct bench *bench, const struct objects *objects)
{
    struct mmsim_leak_result result;
    if (mm_leak_scan(&bench->leak, MMSIM_LEAK_CONSERVATIVE, &result) != MMSIM_OK)
        fail("no host memory for the search");
    if (result.n_leaked > 0 || result.n_scanned < objects->n)
        fail("%llu of %zu objects were not reached", (unsigned long long)result.n_leaked,
             objects->n);
    return result.scanned_bytes;
}

static volatile uint64_t sink; /* what keeps the plain read from being left out */

static void measure(struct bench *bench, const struct row *row, const struct objects *objects)
{
    double plain[MAX_ROUNDS], searched[MAX_ROUNDS];
    for (unsigned round = 0; round < bench->n_rounds; round++) {
        uint64_t n_bytes;
        double begun = now_ns();
        sink = read_plainly(bench, row, &n_bytes);
        double between = now_ns();
        plain[round] = (double)n_bytes / (between - begun);
        between = now_ns();
        n_bytes = search(bench, objects);
        searched[round] = (double)n_bytes / (now_ns() - between);
    }
    double ours = median(searched, bench->n_rounds), theirs = median(plain, bench->n_rounds);
    bool holds = ours / theirs >= row->limit;
    bench->all_hold &= holds;
    if (bench->json) {
        printf("{\"name\":\"leak-scan %s\",\"unit\":\"GB/s\",\"measured\":%.3f,"
               "\"peer\":\"plain filtered read\",\"peer_measured\":%.3f,\"ratio\":%.3f",
               row->name, ours, theirs, ours / theirs);
        if (row->limit > 0)
            printf(",\"limit\":%.1f,\"holds\":%s", row->limit, holds ? "true" : "false");
        puts("}");
    } else if (row->limit > 0)
        printf("%-14s %8zu %8.2f %8.2f   %.2f >= %.1f  %s\n", row->name, objects->n, ours, theirs,
               ours / theirs, row->limit, holds ? "ok" : "MISSED");
    else
        printf("%-14s %8zu %8.2f %8.2f   %.2f\n", row->name, objects->n, ours, theirs,
               ours / theirs);
}

static void run(struct bench *bench, const struct row *row)
{
    struct objects objects = {0};
    allocate(bench, row, &objects);
    link_all(bench, row, &objects);
    measure(bench, row, &objects);
    free_all(bench, &objects);
}

/* ---- arguments ---- */

static unsigned number_of(const char *text, unsigned least, unsigned most)
{
    char *end;
    unsigned long value = text ? strtoul(text, &end, 10) : 0;
    if (!text || *end || value < least || value > most)
        fail("usage: bench-leak [--rounds 1..101] [--megabytes 16..224] [--json]");
    return (unsigned)value;
}

static void read_arguments(struct bench *bench, char **argv)
{
    bench->n_rounds = 11;
    bench->heap_bytes = 192 * MMSIM_MIB;
    while (*argv) {
        if (strcmp(*argv, "--json") == 0) {
            bench->json = true;
            argv++;
            continue;
        }
        bool is_rounds = strcmp(*argv, "--rounds") == 0;
        bool is_bytes = strcmp(*argv, "--megabytes") == 0;
        unsigned value = number_of(is_rounds || is_bytes ? argv[1] : NULL, is_rounds ? 1 : 16,
                                   is_rounds ? MAX_ROUNDS : 224);
        if (is_rounds)
            bench->n_rounds = value;
        else
            bench->heap_bytes = value * MMSIM_MIB;
        argv += 2;
    }
}

int main(int argc, char **argv)
{
    struct bench bench = {.all_hold = true};
    (void)argc;
    read_arguments(&bench, argv + 1);
    setup(&bench);
    if (!bench.json)
        printf("leak search, %llu MiB, one word in ten an address\n"
               "%-14s %8s %8s %8s\n",
               (unsigned long long)(bench.heap_bytes / MMSIM_MIB), "", "objects", "GB/s", "plain");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        run(&bench, &rows[i]);
    teardown(&bench);
    return bench.all_hold ? 0 : 1;
}
