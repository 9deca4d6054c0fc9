/*
 * bench-mmu.c - what a simulated access costs on the host, beside an array look-up.
 *
 * Every row runs the same references twice in turn, round by round: through the whole machine
 * (mmsim_reference_run: MMU, TLB, page tables, bus) and as data[table[vpn] + offset], which is the
 * least that any simulator with a page table could do. Figures are medians of CPU time a reference.
 *
 *   bench-mmu [--rounds N] [--json]
 */
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/pattern.h"

enum { N_REFERENCES = 1 << 16, MAX_ROUNDS = 101, MAX_PAGES = 1 << 14 };

struct stream {
    const char *name, *what;
    enum mm_pattern_kind kind;
    uint64_t n_pages;
    uint32_t writes_percent;
};

static const struct stream streams[] = {
    {"hit-sequential", "TLB hits: sequential words over 32 pages", MM_PATTERN_SEQUENTIAL, 32, 30},
    {"hit-zipf", "TLB hits: zipf over 32 pages", MM_PATTERN_ZIPF, 32, 30},
    {"hit-random", "TLB hits: random over 32 pages", MM_PATTERN_RANDOM, 32, 30},
    {"zipf-4096", "hits and misses: zipf over 4,096 pages", MM_PATTERN_ZIPF, 4096, 30},
    {"miss-loop", "TLB misses: one word of each of 1,024 pages, in turn", MM_PATTERN_LOOP, 1024, 0},
    {"miss-random", "TLB misses: random over 16,384 pages", MM_PATTERN_RANDOM, 16384, 30},
};

struct bench {
    struct mmsim_machine *machine;
    struct mmsim_process *process;
    mmsim_vaddr base;
    struct mmsim_reference references[N_REFERENCES];
    uint32_t table[MAX_PAGES]; /* page -> frame, for the array look-up */
    uint8_t *data;             /* frames of it */
    unsigned n_rounds;
    bool json;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    return values[n / 2];
}

static void fail(const char *what)
{
    fprintf(stderr, "bench-mmu: %s\n", what);
    exit(2);
}

static void build_machine(struct bench *bench)
{
    struct mmsim_error error;
    struct mmsim_config config;
    mmsim_config_init(&config);
    config.ram_bytes = 256 * MMSIM_MIB;
    config.check = MMSIM_CHECK_OFF;
    if (mmsim_machine_create(&config, &bench->machine, &error) ||
        mmsim_spawn(bench->machine, "bench", &bench->process, &error))
        fail(error.text);
    bench->data = calloc(MAX_PAGES, MMSIM_PAGE_SIZE);
    if (!bench->data)
        fail("no memory");
}

static mmsim_vaddr map_pages(struct bench *bench, uint64_t n_pages)
{
    struct mmsim_mapping want = {.length = n_pages * MMSIM_PAGE_SIZE,
                                 .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                 .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS};
    mmsim_vaddr base;
    if (mmsim_mmap(bench->process, &want, &base))
        fail("mmap failed");
    return base;
}

static void make_references(struct bench *bench, const struct stream *stream)
{
    struct mm_host host;
    struct mm_pattern pattern;
    struct mm_pattern_setup setup = {.kind = stream->kind,
                                     .base = bench->base,
                                     .length = stream->n_pages * MMSIM_PAGE_SIZE,
                                     .theta = 0.99,
                                     .write_share = stream->writes_percent * 10000000u,
                                     .seed = 42};
    mm_host_init(&host, NULL);
    if (!mm_pattern_init(&pattern, &setup, &host))
        fail("no memory");
    mm_pattern_fill(&pattern, bench->references, N_REFERENCES);
    mm_pattern_fini(&pattern);
}

/* The frames of the array look-up are dealt in the order of a multiplicative permutation. */
static void make_table(struct bench *bench, uint64_t n_pages)
{
    for (uint64_t i = 0; i < n_pages; i++)
        bench->table[i] = (uint32_t)((i * 2654435761u) % n_pages);
}

static double run_machine(struct bench *bench)
{
    double start = now_ns();
    struct mmsim_access access =
        mmsim_reference_run(bench->process, bench->references, N_REFERENCES);
    double ns = (now_ns() - start) / N_REFERENCES;
    if (access.done != N_REFERENCES)
        fail("a reference failed");
    return ns;
}

/* noinline: the same shape as the library's call. */
__attribute__((noinline)) static void look_up(struct mmsim_reference *references, size_t n,
                                              mmsim_vaddr base, const uint32_t *table,
                                              uint8_t *data)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t offset = references[i].address - base;
        uint8_t *at = data + ((uint64_t)table[offset >> MMSIM_PAGE_SHIFT] << MMSIM_PAGE_SHIFT) +
                      (offset & MMSIM_PAGE_MASK);
        if (references[i].kind == MMSIM_ACCESS_WRITE)
            memcpy(at, &references[i].value, sizeof references[i].value);
        else
            memcpy(&references[i].value, at, sizeof references[i].value);
    }
}

static double run_array(struct bench *bench)
{
    double start = now_ns();
    look_up(bench->references, N_REFERENCES, bench->base, bench->table, bench->data);
    return (now_ns() - start) / N_REFERENCES;
}

static void print_row(const struct bench *bench, const char *name, const char *what, double ns,
                      double peer_ns)
{
    if (bench->json)
        printf("{\"name\":\"%s\",\"unit\":\"ns\",\"measured\":%.2f,\"peer\":\"array\","
               "\"peer_measured\":%.2f,\"ratio\":%.2f}\n",
               name, ns, peer_ns, ns / peer_ns);
    else
        printf("%-20s %9.2f %9.2f %7.2f   %s\n", name, ns, peer_ns, ns / peer_ns, what);
}

static void bench_stream(struct bench *bench, const struct stream *stream)
{
    double machine[MAX_ROUNDS], array[MAX_ROUNDS];
    bench->base = map_pages(bench, stream->n_pages);
    make_references(bench, stream);
    make_table(bench, stream->n_pages);
    run_machine(bench); /* takes the faults */
    struct mmsim_stats before, after;
    mmsim_machine_stats(bench->machine, &before);
    for (unsigned round = 0; round < bench->n_rounds; round++) {
        machine[round] = run_machine(bench);
        array[round] = run_array(bench);
    }
    mmsim_machine_stats(bench->machine, &after);
    double n_translations = (double)bench->n_rounds * N_REFERENCES;
    double hits = (double)(after.tlb.hits - before.tlb.hits) / n_translations;
    char what[120];
    snprintf(what, sizeof what, "%s (%.1f %% hits)", stream->what, 100 * hits);
    print_row(bench, stream->name, what, median(machine, bench->n_rounds),
              median(array, bench->n_rounds));
    mmsim_munmap(bench->process, bench->base, stream->n_pages * MMSIM_PAGE_SIZE);
}

/* First touches: each takes a fault that finds a frame, fills it with zeros and maps it. */
static void bench_demand_zero(struct bench *bench)
{
    enum { N_PAGES = 4096 };
    double machine[MAX_ROUNDS], array[MAX_ROUNDS];
    for (unsigned round = 0; round < bench->n_rounds; round++) {
        mmsim_vaddr base = map_pages(bench, N_PAGES);
        for (unsigned i = 0; i < N_PAGES; i++)
            bench->references[i] =
                (struct mmsim_reference){base + i * MMSIM_PAGE_SIZE, i, MMSIM_ACCESS_WRITE};
        double start = now_ns();
        mmsim_reference_run(bench->process, bench->references, N_PAGES);
        machine[round] = (now_ns() - start) / N_PAGES;
        mmsim_munmap(bench->process, base, N_PAGES * MMSIM_PAGE_SIZE);
        start = now_ns();
        for (unsigned i = 0; i < N_PAGES; i++)
            memset(bench->data + i * MMSIM_PAGE_SIZE, (int)round, MMSIM_PAGE_SIZE);
        array[round] = (now_ns() - start) / N_PAGES;
    }
    print_row(bench, "fault-demand-zero", "a demand-zero fault (peer: memset of the page alone)",
              median(machine, bench->n_rounds), median(array, bench->n_rounds));
}

static void read_arguments(struct bench *bench, int argc, char **argv)
{
    bench->n_rounds = 21;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            bench->json = true;
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            bench->n_rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            fail("usage: bench-mmu [--rounds 1..101] [--json]");
    }
    if (bench->n_rounds < 1 || bench->n_rounds > MAX_ROUNDS)
        fail("--rounds must be 1..101");
}

int main(int argc, char **argv)
{
    static struct bench bench;
    read_arguments(&bench, argc, argv);
    build_machine(&bench);
    if (!bench.json)
        printf("%-20s %9s %9s %7s\n", "row", "mmsim ns", "array ns", "ratio");
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        bench_stream(&bench, &streams[i]);
    bench_demand_zero(&bench);
    mmsim_machine_destroy(bench.machine);
    free(bench.data);
    return 0;
}
