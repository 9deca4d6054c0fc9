/*
 * bench-mmu.c - what a simulated access costs on the host, beside array look-ups.
 *
 * Every row runs the same references through the whole machine (MMU, TLB, page tables, bus) and, in
 * turn, round by round, through two arrays that any simulator with a page table has at least:
 *
 *   bare     data[table[vpn] + offset], loaded or stored
 *   checked  the same with the page's rights tested against the kind of access first
 *
 * Figures are medians of CPU time a reference. `call` rows make one call a reference on both sides.
 * Ratios are compared with the project's limits: 2.2 x bare and 1.5 x checked within TLB reach, 2 x
 * as a call against a call, 60 ns for a miss with its walk while the tables are in the cache.
 *
 *   bench-mmu [--rounds N] [--trace FILE.pt] [--json]
 *
 * A trace is u32 records, page number << 2 | kind (0 load, 1 store, 2 fetch), uncompressed; without
 * --trace the excerpt of a C compiler's run in bench/traces/, if the current folder is the
 * project's.
 */
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hw/mmu.h"
#include "sim/machine.h"
#include "trace/pattern.h"

enum { N_REFERENCES = 1 << 16, MAX_ROUNDS = 101, MAX_PAGES = 1 << 14 };

struct stream {
    const char *name, *what;
    enum mm_pattern_kind kind;
    uint64_t n_pages;
    uint32_t writes_percent;
    double limit_ns; /* 0: the limits are ratios; < 0: there is none */
};

static const struct stream streams[] = {
    {"hit-sequential", "words of 32 pages in order", MM_PATTERN_SEQUENTIAL, 32, 30, 0},
    {"hit-zipf", "zipf over 32 pages", MM_PATTERN_ZIPF, 32, 30, 0},
    {"hit-random", "random over 32 pages", MM_PATTERN_RANDOM, 32, 30, 0},
    {"hit-random-64", "random over 64 pages, as many as the TLB has", MM_PATTERN_RANDOM, 64, 30, 0},
    {"zipf-4096", "zipf over 4,096 pages", MM_PATTERN_ZIPF, 4096, 30, -1},
    {"miss-loop", "a word of each of 1,024 pages, in turn", MM_PATTERN_LOOP, 1024, 0, 60},
    {"miss-random", "random over 4,096 pages", MM_PATTERN_RANDOM, 4096, 0, 60},
};

struct bench {
    struct mmsim_machine *machine;
    struct mmsim_process *process;
    mmsim_vaddr base;
    struct mmsim_reference references[N_REFERENCES];
    uint32_t table[MAX_PAGES]; /* page -> frame */
    uint8_t rights[MAX_PAGES]; /* page -> kinds allowed, as bits */
    uint8_t *data;             /* the frames */
    unsigned n_rounds;
    const char *trace;
    bool json, all_hold;
};

static const char default_trace[] = "bench/traces/cc1.pt";

/* What one row measured: ns a reference. */
struct figures {
    double machine[MAX_ROUNDS], bare[MAX_ROUNDS], checked[MAX_ROUNDS];
    double hits; /* share of the machine's translations */
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
    memset(bench->rights, 7, sizeof bench->rights);
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

static inline uint8_t *place(const struct bench *bench, mmsim_vaddr address)
{
    uint64_t offset = address - bench->base;
    return bench->data + ((uint64_t)bench->table[offset >> MMSIM_PAGE_SHIFT] << MMSIM_PAGE_SHIFT) +
           (offset & MMSIM_PAGE_MASK);
}

/* The load or store itself; the two ends are swapped by a mask, as the library does it. */
static inline void move(struct mmsim_reference *reference, uint8_t *bytes)
{
    uintptr_t store = (uintptr_t)0 - (reference->kind == MMSIM_ACCESS_WRITE);
    uintptr_t memory = (uintptr_t)bytes;
    uintptr_t value = (uintptr_t)&reference->value;
    uintptr_t swap = (memory ^ value) & store;
    memcpy((void *)(value ^ swap), (const void *)(memory ^ swap), sizeof reference->value);
}

/* noinline: the same shape as the library's call. */
__attribute__((noinline)) static void look_up_bare(struct bench *bench)
{
    for (size_t i = 0; i < N_REFERENCES; i++)
        move(&bench->references[i], place(bench, bench->references[i].address));
}

static inline bool access_checked(struct bench *bench, struct mmsim_reference *reference)
{
    uint64_t page = (reference->address - bench->base) >> MMSIM_PAGE_SHIFT;
    if (!((bench->rights[page] >> reference->kind) & 1))
        return false;
    move(reference, place(bench, reference->address));
    return true;
}

__attribute__((noinline)) static size_t look_up_checked(struct bench *bench)
{
    size_t n = 0;
    while (n < N_REFERENCES && access_checked(bench, &bench->references[n]))
        n++;
    return n;
}

static volatile uint32_t kept; /* so that no compiler leaves a look-up out */

static void run_arrays(struct bench *bench, double *bare, double *checked)
{
    double start = now_ns();
    look_up_bare(bench);
    double middle = now_ns();
    kept = (uint32_t)look_up_checked(bench);
    *bare = (middle - start) / N_REFERENCES;
    *checked = (now_ns() - middle) / N_REFERENCES;
}

/* ---- rows ---- */

static void put_row(struct bench *bench, const char *name, const char *what, double ns,
                    double peer_ns, const char *peer, double limit)
{
    double ratio = ns / peer_ns;
    bool holds = limit <= 0 || ratio <= limit;
    bench->all_hold = bench->all_hold && holds;
    if (bench->json)
        printf("{\"name\":\"%s\",\"unit\":\"ns\",\"measured\":%.2f,\"peer\":\"%s\","
               "\"peer_measured\":%.2f,\"ratio\":%.2f,\"limit\":%.1f,\"holds\":%s}\n",
               name, ns, peer, peer_ns, ratio, limit > 0 ? limit : 0, holds ? "true" : "false");
    else if (limit > 0)
        printf("%-16s %8.2f %8.2f %-8s %6.2f  %5.1f %-4s %s\n", name, ns, peer_ns, peer, ratio,
               limit, holds ? "ok" : "OVER", what);
    else
        printf("%-16s %8.2f %8.2f %-8s %6.2f  %5s %-4s %s\n", name, ns, peer_ns, peer, ratio, "",
               "", what);
}

static void put_figures(struct bench *bench, const struct stream *stream, struct figures *figures)
{
    char what[120];
    snprintf(what, sizeof what, "%s (%.1f %% hits)", stream->what, 100 * figures->hits);
    double ns = median(figures->machine, bench->n_rounds);
    double bare = median(figures->bare, bench->n_rounds);
    double checked = median(figures->checked, bench->n_rounds);
    bool ratios = stream->limit_ns == 0;
    put_row(bench, stream->name, what, ns, bare, "bare", ratios ? 2.2 : 0);
    put_row(bench, stream->name, "", ns, checked, "checked", ratios ? 1.5 : 0);
    if (stream->limit_ns > 0)
        put_row(bench, stream->name, "against 1 ns: the figure itself", ns, 1, "1ns",
                stream->limit_ns);
}

static void measure(struct bench *bench, struct figures *figures)
{
    struct mmsim_stats before, after;
    run_machine(bench); /* takes the faults */
    mmsim_machine_stats(bench->machine, &before);
    for (unsigned round = 0; round < bench->n_rounds; round++) {
        figures->machine[round] = run_machine(bench);
        run_arrays(bench, &figures->bare[round], &figures->checked[round]);
    }
    mmsim_machine_stats(bench->machine, &after);
    double n = (double)bench->n_rounds * N_REFERENCES;
    figures->hits = (double)(after.tlb.hits - before.tlb.hits) / n;
}

static void bench_stream(struct bench *bench, const struct stream *stream)
{
    struct figures figures;
    bench->base = map_pages(bench, stream->n_pages);
    make_references(bench, stream);
    make_table(bench, stream->n_pages);
    measure(bench, &figures);
    put_figures(bench, stream, &figures);
    mmsim_munmap(bench->process, bench->base, stream->n_pages * MMSIM_PAGE_SIZE);
}

/* A long trace is read past the program's start. */
static void skip_start(FILE *file)
{
    enum { START_BYTES = 4000000 };
    fseek(file, 0, SEEK_END);
    bool is_long = ftell(file) > START_BYTES + 4L * N_REFERENCES;
    fseek(file, is_long ? START_BYTES : 0, SEEK_SET);
}

/* A part of a real program's page references, dealt to as many pages as it has in that part. */
static void bench_trace(struct bench *bench)
{
    static const struct stream stream = {"trace", "a real trace", 0, MAX_PAGES, 0, -1};
    struct figures figures;
    FILE *file = fopen(bench->trace, "rb");
    if (!file && bench->trace == default_trace)
        return;
    if (!file)
        fail("cannot open the trace");
    bench->base = map_pages(bench, MAX_PAGES);
    make_table(bench, MAX_PAGES);
    skip_start(file);
    for (uint32_t i = 0; i < N_REFERENCES; i++) {
        uint32_t record;
        if (fread(&record, sizeof record, 1, file) != 1)
            fail("the trace is too short");
        bench->references[i] = (struct mmsim_reference){
            bench->base + (mmsim_vaddr)(record >> 2) % MAX_PAGES * MMSIM_PAGE_SIZE +
                i % 1024 * sizeof(uint32_t),
            i, (record & 3) == 1 ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ};
    }
    fclose(file);
    measure(bench, &figures);
    put_figures(bench, &stream, &figures);
    mmsim_munmap(bench->process, bench->base, MAX_PAGES * MMSIM_PAGE_SIZE);
}

/* ---- a call against a call ---- */

__attribute__((noinline)) static bool call_array(struct bench *bench,
                                                 struct mmsim_reference *reference)
{
    return access_checked(bench, reference);
}

static void bench_call(struct bench *bench)
{
    double machine[MAX_ROUNDS], array[MAX_ROUNDS];
    struct mm_cpu *cpu = &bench->machine->cpus[0];
    bench->base = map_pages(bench, streams[2].n_pages);
    make_references(bench, &streams[2]);
    make_table(bench, streams[2].n_pages);
    run_machine(bench);
    for (unsigned round = 0; round < bench->n_rounds; round++) {
        double start = now_ns();
        for (size_t i = 0; i < N_REFERENCES; i++) {
            struct mmsim_reference *reference = &bench->references[i];
            struct mmsim_request request = {
                reference->address, (enum mmsim_access_kind)reference->kind, MMSIM_PRIVILEGE_USER};
            kept += mm_mmu_access(cpu, &request, &reference->value, sizeof reference->value);
        }
        double middle = now_ns();
        for (size_t i = 0; i < N_REFERENCES; i++)
            kept += call_array(bench, &bench->references[i]);
        machine[round] = (middle - start) / N_REFERENCES;
        array[round] = (now_ns() - middle) / N_REFERENCES;
    }
    put_row(bench, "call", "one call of the MMU a reference", median(machine, bench->n_rounds),
            median(array, bench->n_rounds), "call", 2.0);
    mmsim_munmap(bench->process, bench->base, streams[2].n_pages * MMSIM_PAGE_SIZE);
}

/* ---- faults ---- */

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
    put_row(bench, "fault", "a demand-zero fault, beside memset of the page alone",
            median(machine, bench->n_rounds), median(array, bench->n_rounds), "memset", 0);
}

static void read_arguments(struct bench *bench, int argc, char **argv)
{
    bench->n_rounds = 21;
    bench->trace = default_trace;
    bench->all_hold = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            bench->json = true;
        else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc)
            bench->n_rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--trace") == 0 && i + 1 < argc)
            bench->trace = argv[++i];
        else
            fail("usage: bench-mmu [--rounds 1..101] [--trace FILE.pt] [--json]");
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
        printf("%-16s %8s %8s %-8s %6s  %5s\n", "row", "mmsim ns", "peer ns", "peer", "ratio",
               "limit");
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        bench_stream(&bench, &streams[i]);
    bench_trace(&bench);
    bench_call(&bench);
    bench_demand_zero(&bench);
    mmsim_machine_destroy(bench.machine);
    free(bench.data);
    return bench.all_hold ? 0 : 1;
}
