/*
 * bench-vm.c - what virtual memory costs on the host, beside what it costs the kernel of the host.
 *
 *   bench-vm [--rounds N] [--json]
 *
 * Each row is one thing that processes have done to their memory: by simulated processes on a
 * simulated machine, and by a real one. Both do the same with as many pages; rounds alternate, the
 * figures are medians of rounds. The simulator pays for walking tables and keeping them in
 * simulated RAM, the real kernel for the trap: the ratio is the one over the other.
 *
 * p99.9 is of single simulated operations, the clock's own time included, in the quietest
 * round: interrupts of the host, one in a thousand faults, are not the simulator's.
 * `large-pages` compares the simulator with itself: the same references by 4 KiB pages and by large
 * ones.
 *
 * Status 0: every limit holds; 1: one does not; 2: nothing was measured.
 */
#include <mmsim/huge.h>
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGES = 8192, FORK_PAGES = 4096, PAIRS = 20000, SWITCHES = 20000, FORKS = 8, AROUND = 16 };
enum { MAX_ROUNDS = 101 };

static const char usage[] = "usage: bench-vm [--rounds 1..101] [--json]\n";

static double now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "bench-vm: %s\n", what);
    exit(2);
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *values, size_t n, double share)
{
    qsort(values, n, sizeof *values, compare_doubles);
    size_t i = (size_t)((double)n * share);
    return values[i < n ? i : n - 1];
}

/* Durations of single operations, kept for the quantiles. */
struct latencies {
    double *values;
    size_t n, room;
};

static void note(struct latencies *latencies, double ns)
{
    if (latencies->n < latencies->room)
        latencies->values[latencies->n++] = ns;
}

/* ---- the simulated side ---- */

static struct mmsim_machine *machine;

static struct mmsim_process *spawn(void)
{
    static unsigned number;
    char name[32];
    struct mmsim_process *process;
    struct mmsim_error error;
    snprintf(name, sizeof name, "p%u", number++);
    if (mmsim_spawn(machine, name, &process, &error))
        die(error.text);
    return process;
}

static mmsim_vaddr map(struct mmsim_process *process, uint64_t n_pages, unsigned flags,
                       struct mmsim_file *file)
{
    struct mmsim_mapping want = {.length = n_pages * MMSIM_PAGE_SIZE,
                                 .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                 .flags = flags,
                                 .file = file};
    mmsim_vaddr address;
    if (mmsim_mmap(process, &want, &address))
        die("a simulated mmap fails");
    return address;
}

/* One access to every `step`-th page, each taking a fault; ns a fault. */
static double touch(struct mmsim_process *process, mmsim_vaddr at, uint64_t n_pages, unsigned step,
                    bool writes, struct latencies *latencies)
{
    uint64_t value = 1;
    double total = 0;
    for (uint64_t i = 0; i < n_pages; i += step) {
        mmsim_vaddr address = at + i * MMSIM_PAGE_SIZE;
        double start = now_ns();
        struct mmsim_access access = writes ? mmsim_write(process, address, &value, sizeof value)
                                            : mmsim_read(process, address, &value, sizeof value);
        double ns = now_ns() - start;
        if (access.n_faults != 1)
            die("an access that should fault does not");
        note(latencies, ns);
        total += ns;
    }
    return total / (double)(n_pages / step);
}

static double sim_demand_zero(struct latencies *latencies)
{
    struct mmsim_process *process = spawn();
    mmsim_vaddr at = map(process, PAGES, MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS, NULL);
    double ns = touch(process, at, PAGES, 1, true, latencies);
    mmsim_exit(process, 0);
    return ns;
}

static double sim_cow(struct latencies *latencies)
{
    static unsigned number;
    char name[32];
    struct mmsim_process *parent = spawn();
    struct mmsim_process *child;
    struct latencies none = {NULL, 0, 0};
    snprintf(name, sizeof name, "c%u", number++);
    mmsim_vaddr at = map(parent, PAGES, MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS, NULL);
    touch(parent, at, PAGES, 1, true, &none);
    if (mmsim_fork(parent, name, &child))
        die("a simulated fork fails");
    double ns = touch(child, at, PAGES, 1, true, latencies);
    mmsim_exit(child, 0);
    mmsim_exit(parent, 0);
    return ns;
}

static double sim_file(struct latencies *latencies)
{
    static struct mmsim_file *file;
    static uint8_t page[MMSIM_PAGE_SIZE] = {1};
    uint64_t done;
    if (!file && mmsim_file_create(machine, "data", 0, &file))
        die("a simulated file cannot be made");
    struct mmsim_file_info info;
    mmsim_file_get_info(file, &info);
    for (uint64_t i = 0; info.size == 0 && i < PAGES; i++)
        if (mmsim_file_write(file, i * sizeof page, page, sizeof page, &done))
            die("a simulated file cannot be written");
    struct mmsim_process *process = spawn();
    mmsim_vaddr at = map(process, PAGES, MMSIM_MAP_SHARED, file);
    double ns = touch(process, at, PAGES, AROUND, false, latencies);
    mmsim_exit(process, 0);
    return ns;
}

static double sim_pair(struct latencies *latencies)
{
    struct mmsim_process *process = spawn();
    (void)latencies;
    double start = now_ns();
    for (int i = 0; i < PAIRS; i++) {
        mmsim_vaddr at = map(process, 4, MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS, NULL);
        mmsim_munmap(process, at, 4 * MMSIM_PAGE_SIZE);
    }
    double ns = (now_ns() - start) / PAIRS;
    mmsim_exit(process, 0);
    return ns;
}

static double sim_fork(struct latencies *latencies)
{
    static unsigned number;
    struct latencies none = {NULL, 0, 0};
    struct mmsim_process *parent = spawn();
    mmsim_vaddr at = map(parent, FORK_PAGES, MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS, NULL);
    touch(parent, at, FORK_PAGES, 1, true, &none);
    double total = 0;
    for (int i = 0; i < FORKS; i++) {
        char name[32];
        struct mmsim_process *child;
        snprintf(name, sizeof name, "f%u", number++);
        double start = now_ns();
        if (mmsim_fork(parent, name, &child))
            die("a simulated fork fails");
        mmsim_exit(child, 0);
        total += now_ns() - start;
    }
    (void)latencies;
    mmsim_exit(parent, 0);
    return total / FORKS;
}

static double sim_switch(struct latencies *latencies)
{
    struct mmsim_process *pair[2] = {spawn(), spawn()};
    mmsim_vaddr at[2];
    uint64_t value = 1;
    double total = 0;
    for (int i = 0; i < 2; i++) {
        at[i] = map(pair[i], 1, MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS, NULL);
        mmsim_write(pair[i], at[i], &value, sizeof value);
    }
    for (int i = 0; i < SWITCHES; i++) {
        double start = now_ns();
        mmsim_run_on(pair[i & 1], 0);
        mmsim_write(pair[i & 1], at[i & 1], &value, sizeof value);
        double ns = now_ns() - start;
        note(latencies, ns);
        total += ns;
    }
    mmsim_exit(pair[0], 0);
    mmsim_exit(pair[1], 0);
    return total / SWITCHES;
}

/* ---- the real side ---- */

static volatile uint8_t *host_map(size_t n_pages, int flags, int file)
{
    void *at = mmap(NULL, n_pages * MMSIM_PAGE_SIZE, PROT_READ | PROT_WRITE, flags, file, 0);
    if (at == MAP_FAILED)
        die("mmap fails");
    madvise(at, n_pages * MMSIM_PAGE_SIZE, MADV_NOHUGEPAGE);
    return at;
}

static void host_unmap(volatile uint8_t *at, size_t n_pages)
{
    munmap((void *)at, n_pages * MMSIM_PAGE_SIZE);
}

static double host_touch(volatile uint8_t *at, size_t n_pages, unsigned step, bool writes)
{
    uint8_t sum = 0;
    double start = now_ns();
    for (size_t i = 0; i < n_pages; i += step) {
        if (writes)
            at[i * MMSIM_PAGE_SIZE] = 1;
        else
            sum = (uint8_t)(sum + at[i * MMSIM_PAGE_SIZE]);
    }
    double ns = now_ns() - start;
    return ns / (double)(n_pages / step) + (sum == 255 ? 1e-9 : 0);
}

static double host_demand_zero(void)
{
    volatile uint8_t *at = host_map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    double ns = host_touch(at, PAGES, 1, true);
    host_unmap(at, PAGES);
    return ns;
}

/* What a child measures, it leaves in shared memory. */
static double *shared_result(void)
{
    static double *result;
    if (!result)
        result = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return result;
}

static void await_child(pid_t pid)
{
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        die("fork fails");
}

static double host_cow(void)
{
    volatile uint8_t *at = host_map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    double *result = shared_result();
    host_touch(at, PAGES, 1, true);
    pid_t pid = fork();
    if (pid == 0) {
        *result = host_touch(at, PAGES, 1, true);
        _exit(0);
    }
    await_child(pid);
    host_unmap(at, PAGES);
    return *result;
}

static double host_file(void)
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("bench-vm", 0);
        static const uint8_t page[MMSIM_PAGE_SIZE] = {1};
        for (int i = 0; i < PAGES; i++)
            if (write(file, page, sizeof page) != (ssize_t)sizeof page)
                die("a file cannot be written");
    }
    volatile uint8_t *at = host_map(PAGES, MAP_SHARED, file);
    double ns = host_touch(at, PAGES, AROUND, false);
    host_unmap(at, PAGES);
    return ns;
}

static double host_pair(void)
{
    double start = now_ns();
    for (int i = 0; i < PAIRS; i++)
        host_unmap(host_map(4, MAP_PRIVATE | MAP_ANONYMOUS, -1), 4);
    return (now_ns() - start) / PAIRS;
}

static double host_fork(void)
{
    volatile uint8_t *at = host_map(FORK_PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    host_touch(at, FORK_PAGES, 1, true);
    double start = now_ns();
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(0);
        await_child(pid);
    }
    double ns = (now_ns() - start) / FORKS;
    host_unmap(at, FORK_PAGES);
    return ns;
}

/* Two processes and two pipes: a byte goes round, two switches a round. */
static double host_switch(void)
{
    int there[2];
    int back[2];
    char byte = 0;
    if (pipe(there) || pipe(back))
        die("pipe fails");
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < SWITCHES / 2; i++)
            if (read(there[0], &byte, 1) != 1 || write(back[1], &byte, 1) != 1)
                _exit(1);
        _exit(0);
    }
    double start = now_ns();
    for (int i = 0; i < SWITCHES / 2; i++)
        if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
            die("a pipe breaks");
    double ns = (now_ns() - start) / SWITCHES;
    await_child(pid);
    for (int i = 0; i < 2; i++) {
        close(there[i]);
        close(back[i]);
    }
    return ns;
}

/* ---- large pages: the simulator beside itself ---- */

enum { LARGE_BYTES = 64 * 1024 * 1024, REFERENCES = 1 << 19 };

struct large_cost {
    double ns, cycles;
};

static struct large_cost run_references(bool large)
{
    static struct mmsim_reference references[REFERENCES];
    struct mmsim_process *process = spawn();
    uint64_t state = 88172645463325252u;
    mmsim_vaddr at =
        map(process, LARGE_BYTES / MMSIM_PAGE_SIZE, MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS, NULL);
    mmsim_madvise(process, at, LARGE_BYTES, large ? MMSIM_MADV_HUGEPAGE : MMSIM_MADV_NOHUGEPAGE);
    for (size_t i = 0; i < REFERENCES; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        references[i] = (struct mmsim_reference){
            .address = at + (state % LARGE_BYTES & ~UINT64_C(3)), .kind = MMSIM_ACCESS_WRITE};
    }
    uint64_t before = mmsim_machine_cycles(machine);
    double start = now_ns();
    mmsim_reference_run(process, references, REFERENCES);
    struct large_cost cost = {.ns = (now_ns() - start) / REFERENCES,
                              .cycles =
                                  (double)(mmsim_machine_cycles(machine) - before) / REFERENCES};
    mmsim_exit(process, 0);
    return cost;
}

/* ---- rows ---- */

struct row {
    const char *name, *what;
    double limit_us; /* of the p99.9; 0: none */
    double (*simulated)(struct latencies *latencies);
    double (*real)(void);
};

static const struct row rows[] = {
    {"fault-demand-zero", "first store to a page", 10, sim_demand_zero, host_demand_zero},
    {"fault-cow", "store to a page shared by fork", 10, sim_cow, host_cow},
    {"fault-file", "first load of a cached file page, 15 more mapped along", 10, sim_file,
     host_file},
    {"switch", "to the other process, which stores a word", 5, sim_switch, host_switch},
    {"mmap-munmap", "a pair, of 4 pages", 0, sim_pair, host_pair},
    {"fork-16MiB", "fork, exit and wait, 4096 pages", 0, sim_fork, host_fork},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static bool json;

static void print_row(const char *name, const char *what, double simulated, double real,
                      double p999, double limit_us)
{
    bool holds = limit_us == 0 || p999 <= limit_us * 1000;
    if (json) {
        char limit[32] = "null";
        if (limit_us > 0)
            snprintf(limit, sizeof limit, "%g", limit_us * 1000);
        printf("{\"name\":\"%s\",\"unit\":\"ns\",\"limit\":%s,\"measured\":%.1f,\"p999\":%.1f,"
               "\"peer\":\"linux\",\"peer_measured\":%.1f,\"ratio\":%.2f,\"holds\":%s}\n",
               name, limit, simulated, p999, real, real / simulated, holds ? "true" : "false");
        return;
    }
    printf("%-18s %9.0f %9.0f %7.2f  ", name, simulated, real, real / simulated);
    if (p999 > 0)
        printf("%8.0f", p999);
    else
        printf("%8s", "-");
    if (limit_us > 0)
        printf("  %5.0f us %-4s", limit_us, holds ? "holds" : "NO");
    else
        printf("  %-14s", "");
    printf("  %s\n", what);
}

static bool measure(const struct row *row, unsigned n_rounds)
{
    double simulated[MAX_ROUNDS];
    double real[MAX_ROUNDS];
    double tails[MAX_ROUNDS];
    static double values[1 << 20];
    struct latencies latencies = {values, 0, sizeof values / sizeof values[0]};
    row->simulated(&latencies); /* the host's own faults on what is to be simulated RAM */
    for (unsigned i = 0; i < n_rounds; i++) {
        latencies.n = 0;
        simulated[i] = row->simulated(&latencies);
        tails[i] = latencies.n > 0 ? quantile(values, latencies.n, 0.999) : 0;
        real[i] = row->real();
    }
    double p999 = quantile(tails, n_rounds, 0);
    print_row(row->name, row->what, quantile(simulated, n_rounds, 0.5),
              quantile(real, n_rounds, 0.5), p999, row->limit_us);
    return row->limit_us == 0 || p999 <= row->limit_us * 1000;
}

static bool measure_large_pages(unsigned n_rounds)
{
    enum { PERCENT = 15 };
    double small[MAX_ROUNDS];
    double large[MAX_ROUNDS];
    struct large_cost cost[2] = {{0, 0}, {0, 0}};
    for (unsigned i = 0; i < n_rounds; i++) {
        cost[0] = run_references(false);
        cost[1] = run_references(true);
        small[i] = cost[0].ns;
        large[i] = cost[1].ns;
    }
    double ns[2] = {quantile(small, n_rounds, 0.5), quantile(large, n_rounds, 0.5)};
    double gain = 100 * (1 - ns[1] / ns[0]);
    double gain_cycles = 100 * (1 - cost[1].cycles / cost[0].cycles);
    bool holds = gain >= PERCENT && gain_cycles >= PERCENT;
    if (json)
        printf("{\"name\":\"large-pages\",\"unit\":\"%%\",\"limit\":%d,\"measured\":%.1f,"
               "\"cycles_gain\":%.1f,\"peer\":\"small pages\",\"peer_measured\":0,\"ratio\":%.2f,"
               "\"holds\":%s}\n",
               PERCENT, gain, gain_cycles, ns[0] / ns[1], holds ? "true" : "false");
    else
        printf("\nlarge-pages: a store to a random word of 64 MiB, first touch included\n"
               "  4 KiB pages %7.1f ns %7.1f cycles\n  large pages %7.1f ns %7.1f cycles\n"
               "  gain        %6.0f %%  %6.0f %%      (at least %d %%: %s)\n",
               ns[0], cost[0].cycles, ns[1], cost[1].cycles, gain, gain_cycles, PERCENT,
               holds ? "holds" : "NO");
    return holds;
}

int main(int argc, char **argv)
{
    unsigned n_rounds = 7;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
            n_rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return 0;
        } else {
            fputs(usage, stderr);
            return 2;
        }
    }
    if (n_rounds == 0 || n_rounds > MAX_ROUNDS) {
        fputs(usage, stderr);
        return 2;
    }
    struct mmsim_config config;
    struct mmsim_error error;
    mmsim_config_init(&config);
    config.ram_bytes = 256 * MMSIM_MIB;
    config.check = MMSIM_CHECK_OFF;
    if (mmsim_machine_create(&config, &machine, &error))
        die(error.text);
    if (!json)
        printf("%-18s %9s %9s %7s  %8s  %-14s\n", "ns, median", "mmsim", "Linux", "ratio", "p99.9",
               "limit");
    bool holds = true;
    for (size_t i = 0; i < N_ROWS; i++)
        holds = measure(&rows[i], n_rounds) && holds;
    holds = measure_large_pages(n_rounds) && holds;
    mmsim_machine_destroy(machine);
    return holds ? 0 : 1;
}
