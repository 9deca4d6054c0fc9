/*
 * bench-flush.c - what each flush optimisation is worth, in simulated cycles.
 *
 * A fixed workload runs on one CPU and on four: processes that take turns on their CPUs, use their
 * memory, call the kernel, are interrupted by kernel threads, map, protect and unmap memory, and
 * fork; one of them has threads on two CPUs. It makes the same calls and accesses whatever the
 * options, so that everything but the TLB costs the same.
 *
 * Overhead is what the workload costs on the preset, less what it costs on the same machine when
 * CR3 loads, INVLPG, interrupts between CPUs and page walks are free. Walks that no kernel could
 * avoid are in it on both sides of every comparison, so that the shares saved are rather too small
 * than too large. No host time is measured: the figures are the same on every machine.
 *
 *   bench-flush [--cpu PRESET] [--json]
 */
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "sim/machine.h"

enum {
    N_PROCESSES = 8,
    HEAP_PAGES = 40,
    N_ROUNDS = 200,
    N_REFERENCES = 400, /* of a process between two events */
    SLEEPER_PAGES = 1600,
    KERNEL_PAGES = 12, /* that a system call or a kernel thread touches */
    ROUNDS_PER_FORK = 10,
    ROUNDS_PER_SMALL_MAPPING = 2,
    ROUNDS_PER_LARGE_MAPPING = 8,
    SMALL_MAPPING_PAGES = 24,
    LARGE_MAPPING_PAGES = 128
};

enum { OPTION_THRESHOLD, OPTION_LAZY, OPTION_BATCHED, OPTION_GLOBAL, OPTION_TARGETED, N_OPTIONS };
#define ALL_OPTIONS ((1u << N_OPTIONS) - 1)

static const struct {
    const char *name, *what;
} options[N_OPTIONS] = {
    [OPTION_THRESHOLD] = {"threshold", "up to 33 pages by INVLPG, not always a reload of CR3"},
    [OPTION_LAZY] = {"lazy", "kernel threads keep the tables they find loaded"},
    [OPTION_BATCHED] = {"batched", "munmap flushes once for 64 pages, not for each"},
    [OPTION_GLOBAL] = {"global", "the kernel's TLB entries outlive a reload of CR3"},
    [OPTION_TARGETED] = {"targeted", "only CPUs that run the space are interrupted"},
};

struct bench {
    const char *cpu;
    bool json;
};

struct workload {
    struct mmsim_machine *machine;
    struct mmsim_process *processes[N_PROCESSES], *kernel;
    mmsim_vaddr heaps[N_PROCESSES];
    unsigned n_cpus, n_forks;
    struct mm_rng rng;
};

struct overhead {
    uint64_t flushes, interrupts, walks; /* cycles */
    uint64_t total;                      /* of the whole run, everything in */
};

static uint64_t sum(const struct overhead *overhead)
{
    return overhead->flushes + overhead->interrupts + overhead->walks;
}

static void fail(const char *what)
{
    fprintf(stderr, "bench-flush: %s\n", what);
    exit(2);
}

static void must(bool done, const char *what)
{
    if (!done)
        fail(what);
}

/* ---- the workload ---- */

static mmsim_vaddr map(struct mmsim_process *process, uint64_t n_pages)
{
    struct mmsim_mapping want = {.length = n_pages * MMSIM_PAGE_SIZE,
                                 .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                 .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS};
    mmsim_vaddr base = 0;
    must(mmsim_mmap(process, &want, &base) == MMSIM_SUCCESS, "mmap failed");
    return base;
}

static void touch(struct mmsim_process *process, mmsim_vaddr base, uint64_t n_pages)
{
    uint32_t value = 1;
    for (uint64_t i = 0; i < n_pages; i++)
        must(mmsim_write(process, base + i * MMSIM_PAGE_SIZE, &value, 4).outcome == MMSIM_DONE,
             "a store failed");
}

static void look(struct mmsim_process *process, mmsim_vaddr base, uint64_t n_pages)
{
    uint32_t value;
    for (uint64_t i = 0; i < n_pages; i++)
        must(mmsim_read(process, base + i * MMSIM_PAGE_SIZE, &value, 4).outcome == MMSIM_DONE,
             "a load failed");
}

/* References to the heap: half of them to its first quarter, one in four a store. */
static void compute(struct workload *work, unsigned i)
{
    static struct mmsim_reference references[N_REFERENCES];
    for (unsigned n = 0; n < N_REFERENCES; n++) {
        bool hot = mm_rng_below(&work->rng, 2);
        uint64_t page = mm_rng_below(&work->rng, hot ? HEAP_PAGES / 4 : HEAP_PAGES);
        bool store = mm_rng_below(&work->rng, 4) == 0;
        references[n] = (struct mmsim_reference){
            .address = work->heaps[i] + page * MMSIM_PAGE_SIZE + 4 * n,
            .value = n,
            .kind = store ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ,
        };
    }
    must(mmsim_reference_run(work->processes[i], references, N_REFERENCES).done == N_REFERENCES,
         "a reference failed");
}

/*
 * What stands for the kernel's code and data: pages of its map that the sleeping process fills, as
 * its real objects are the simulator's own. Below 4 MiB it maps 4 KiB pages, above large ones.
 */
static void touch_kernel(struct workload *work)
{
    look(work->kernel, 3 * MMSIM_MIB, KERNEL_PAGES);
    look(work->kernel, 5 * MMSIM_MIB, KERNEL_PAGES / 4);
}

static void run_on(struct mmsim_process *process, unsigned cpu)
{
    must(mmsim_run_on(process, cpu) == MMSIM_SUCCESS, "a switch failed");
}

static void map_and_unmap(struct workload *work, unsigned i, uint64_t n_pages)
{
    struct mmsim_process *process = work->processes[i];
    mmsim_vaddr base = map(process, n_pages);
    uint64_t length = n_pages * MMSIM_PAGE_SIZE;
    touch(process, base, n_pages);
    must(mmsim_mprotect(process, base, length, MMSIM_PROT_READ) == MMSIM_SUCCESS, "mprotect");
    look(process, base, n_pages);
    must(mmsim_munmap(process, base, length) == MMSIM_SUCCESS, "munmap failed");
}

/* The child writes to a quarter of what it shares with its parent, and ends; the parent too. */
static void fork_and_copy(struct workload *work, unsigned i)
{
    char name[32];
    struct mmsim_process *child;
    snprintf(name, sizeof name, "child_%u", ++work->n_forks);
    must(mmsim_fork(work->processes[i], name, &child) == MMSIM_SUCCESS, "fork failed");
    touch(child, work->heaps[i], HEAP_PAGES / 4);
    must(mmsim_exit(child, 0) == MMSIM_SUCCESS, "exit failed");
    touch(work->processes[i], work->heaps[i], HEAP_PAGES / 4);
}

/* One turn of a process on a CPU, in which a kernel thread interrupts it once. */
static void take_turn(struct workload *work, unsigned i, unsigned cpu, unsigned round)
{
    run_on(work->processes[i], cpu);
    compute(work, i);
    run_on(work->kernel, cpu);
    touch_kernel(work);
    run_on(work->processes[i], cpu);
    compute(work, i);
    touch_kernel(work); /* a system call: the process's tables stand */
    if ((round + i) % ROUNDS_PER_SMALL_MAPPING == 0)
        map_and_unmap(work, i, SMALL_MAPPING_PAGES);
    if ((round + i) % ROUNDS_PER_LARGE_MAPPING == 0)
        map_and_unmap(work, i, LARGE_MAPPING_PAGES);
    if ((round + i) % ROUNDS_PER_FORK == 0)
        fork_and_copy(work, i);
    compute(work, i);
}

/* Processes stay on their CPUs; the second thread of process 0 runs on the last CPU. */
static void run_round(struct workload *work, unsigned round)
{
    for (unsigned turn = 0; turn < N_PROCESSES / work->n_cpus; turn++)
        for (unsigned cpu = 0; cpu < work->n_cpus; cpu++)
            take_turn(work, turn * work->n_cpus + cpu, cpu, round);
    run_on(work->processes[0], work->n_cpus - 1);
    compute(work, 0);
}

static void begin(struct workload *work)
{
    struct mmsim_error error;
    mm_rng_seed(&work->rng, 1);
    work->kernel = mmsim_kernel(work->machine);
    struct mmsim_process *sleeper;
    if (mmsim_spawn(work->machine, "sleeper", &sleeper, &error))
        fail(error.text);
    touch(sleeper, map(sleeper, SLEEPER_PAGES), SLEEPER_PAGES); /* physical 0 to 6 MiB and on */
    for (unsigned i = 0; i < N_PROCESSES; i++) {
        char name[16];
        snprintf(name, sizeof name, "process_%u", i);
        if (mmsim_spawn(work->machine, name, &work->processes[i], &error))
            fail(error.text);
        run_on(work->processes[i], i % work->n_cpus);
        work->heaps[i] = map(work->processes[i], HEAP_PAGES);
        touch(work->processes[i], work->heaps[i], HEAP_PAGES);
    }
}

/* ---- measuring ---- */

static struct mmsim_config config_of(const struct bench *bench, unsigned n_cpus, unsigned on)
{
    struct mmsim_config config;
    mmsim_config_init(&config);
    config.cpu = bench->cpu;
    config.n_cpus = n_cpus;
    config.check = MMSIM_CHECK_OFF;
    config.flush.method = on & (1u << OPTION_THRESHOLD) ? MMSIM_FLUSH_THRESHOLD : MMSIM_FLUSH_FULL;
    config.flush.lazy = on & (1u << OPTION_LAZY);
    config.flush.batched = on & (1u << OPTION_BATCHED);
    config.flush.global_pages = on & (1u << OPTION_GLOBAL);
    config.flush.targeted = on & (1u << OPTION_TARGETED);
    return config;
}

static void make_free(struct mmsim_cpu_costs *costs)
{
    costs->second_level = 0;
    costs->walk_level = 0;
    costs->invalidate = 0;
    costs->load_root = 0;
    costs->interrupt = 0;
}

enum prices { PRICES_OF_PRESET, PRICES_WITHOUT_TLB };

/* Runs the workload on a new machine; returns its cycles and what the TLBs went through. */
static uint64_t run(const struct mmsim_config *config, enum prices prices,
                    struct mmsim_stats *stats, struct mmsim_cpu_costs *costs)
{
    struct workload work = {.n_cpus = config->n_cpus};
    struct mmsim_error error;
    struct mmsim_stats before;
    if (mmsim_machine_create(config, &work.machine, &error))
        fail(error.text);
    *costs = work.machine->preset.costs;
    if (prices == PRICES_WITHOUT_TLB)
        make_free(&work.machine->preset.costs);
    begin(&work);
    mmsim_machine_stats(work.machine, &before);
    for (unsigned round = 0; round < N_ROUNDS; round++)
        run_round(&work, round);
    mmsim_machine_stats(work.machine, stats);
    mmsim_machine_destroy(work.machine);
    stats->tlb.flushes -= before.tlb.flushes;
    stats->tlb.invlpg -= before.tlb.invlpg;
    stats->tlb.shootdowns -= before.tlb.shootdowns;
    return stats->cycles - before.cycles;
}

static struct overhead measure(const struct mmsim_config *config)
{
    struct mmsim_stats stats, same;
    struct mmsim_cpu_costs costs;
    struct overhead overhead = {.total = run(config, PRICES_OF_PRESET, &stats, &costs)};
    uint64_t rest = run(config, PRICES_WITHOUT_TLB, &same, &costs);
    must(same.tlb.misses == stats.tlb.misses, "the prices changed what happened");
    overhead.flushes = stats.tlb.flushes * costs.load_root + stats.tlb.invlpg * costs.invalidate;
    overhead.interrupts = stats.tlb.shootdowns * costs.interrupt;
    overhead.walks = overhead.total - rest - overhead.flushes - overhead.interrupts;
    return overhead;
}

static struct overhead measure_options(const struct bench *bench, unsigned n_cpus, unsigned on)
{
    struct mmsim_config config = config_of(bench, n_cpus, on);
    return measure(&config);
}

/* ---- printing ---- */

static void print_line(const char *name, const struct overhead *overhead, uint64_t peer,
                       const char *what)
{
    double change = 100.0 * ((double)sum(overhead) - (double)peer) / (double)peer;
    printf("%-22s %10llu %9llu %10llu %11llu %+7.1f %%   %s\n", name,
           (unsigned long long)overhead->flushes, (unsigned long long)overhead->interrupts,
           (unsigned long long)overhead->walks, (unsigned long long)sum(overhead), change, what);
}

static void print_row(const char *name, unsigned n_cpus, uint64_t measured, const char *peer,
                      uint64_t peer_measured)
{
    printf("{\"name\":\"tlb-flush-%s%s\",\"unit\":\"cycles\",\"measured\":%llu,"
           "\"peer\":\"%s\",\"peer_measured\":%llu,\"ratio\":%.3f}\n",
           name, n_cpus == 1 ? "-1cpu" : "", (unsigned long long)measured, peer,
           (unsigned long long)peer_measured, (double)measured / (double)peer_measured);
}

static void print_json(const struct bench *bench, unsigned n_cpus)
{
    struct overhead none = measure_options(bench, n_cpus, 0);
    struct overhead all = measure_options(bench, n_cpus, ALL_OPTIONS);
    print_row("all", n_cpus, sum(&all), "all off", sum(&none));
    for (unsigned i = 0; i < N_OPTIONS; i++) {
        struct overhead without = measure_options(bench, n_cpus, ALL_OPTIONS & ~(1u << i));
        print_row(options[i].name, n_cpus, sum(&all), "all but this one", sum(&without));
    }
}

/* Other answers to the question how many pages are too many for INVLPG; Linux's is 33. */
static void print_variants(const struct bench *bench, unsigned n_cpus, uint64_t peer)
{
    static const unsigned thresholds[] = {1, 8, LARGE_MAPPING_PAGES};
    for (size_t i = 0; i < sizeof thresholds / sizeof thresholds[0]; i++) {
        char name[32];
        struct mmsim_config config = config_of(bench, n_cpus, ALL_OPTIONS);
        config.flush.threshold_pages = thresholds[i];
        struct overhead overhead = measure(&config);
        snprintf(name, sizeof name, "threshold of %u", thresholds[i]);
        print_line(name, &overhead, peer, i == 0 ? "all on, against all on with 33" : "");
    }
}

static void print_table(const struct bench *bench, unsigned n_cpus)
{
    char name[32];
    struct overhead none = measure_options(bench, n_cpus, 0);
    struct overhead all = measure_options(bench, n_cpus, ALL_OPTIONS);
    printf("\n%s, %u CPU%s: %llu cycles in all without any optimisation, of which\n", bench->cpu,
           n_cpus, n_cpus == 1 ? "" : "s", (unsigned long long)none.total);
    printf("%-22s %10s %9s %10s %11s %9s\n", "", "flushes", "interr.", "walks", "overhead",
           "change");
    print_line("all off", &none, sum(&none), "");
    for (unsigned i = 0; i < N_OPTIONS; i++) {
        struct overhead alone = measure_options(bench, n_cpus, 1u << i);
        snprintf(name, sizeof name, "only %s", options[i].name);
        print_line(name, &alone, sum(&none), options[i].what);
    }
    print_line("all on", &all, sum(&none), "against all off");
    for (unsigned i = 0; i < N_OPTIONS; i++) {
        struct overhead without = measure_options(bench, n_cpus, ALL_OPTIONS & ~(1u << i));
        snprintf(name, sizeof name, "all but %s", options[i].name);
        print_line(name, &without, sum(&all), i == 0 ? "against all on" : "");
    }
    print_variants(bench, n_cpus, sum(&all));
}

static struct bench read_arguments(int argc, char **argv)
{
    struct bench bench = {.cpu = "pentium-3"};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            bench.json = true;
        else if (strcmp(argv[i], "--cpu") == 0 && i + 1 < argc)
            bench.cpu = argv[++i];
        else
            fail("usage: bench-flush [--cpu PRESET] [--json]");
    }
    return bench;
}

int main(int argc, char **argv)
{
    static const unsigned n_cpus[] = {1, 4};
    struct bench bench = read_arguments(argc, argv);
    for (size_t i = 0; i < sizeof n_cpus / sizeof n_cpus[0]; i++) {
        if (bench.json)
            print_json(&bench, n_cpus[i]);
        else
            print_table(&bench, n_cpus[i]);
    }
    return 0;
}
