/* stats.c - the table of statistic paths, and look-up by path. */
#include <mmsim/stats.h>
#include <string.h>

#define MACHINE(path, field, unit, meaning)                                                        \
    {                                                                                              \
        {path, unit, meaning}, offsetof(struct mmsim_stats, field)                                 \
    }
#define PROCESS(name, unit, meaning)                                                               \
    {                                                                                              \
        {"process.NAME." #name, unit, meaning}, offsetof(struct mmsim_process_stats, name)         \
    }

struct row {
    struct mmsim_stat stat;
    size_t offset;
};

static const struct row machine_rows[] = {
    MACHINE("faults.minor", faults.minor, "faults", "resolved without I/O, but cow and stack"),
    MACHINE("faults.major", faults.major, "faults", "resolved with I/O"),
    MACHINE("faults.cow", faults.cow, "faults", "copy-on-write: copied, or last copy reused"),
    MACHINE("faults.stack", faults.stack, "faults", "a stack grew"),
    MACHINE("faults.pkey", faults.pkey, "faults", "refused by a protection key"),
    MACHINE("faults.protection", faults.protection, "faults", "refused for any other reason"),
    MACHINE("tlb.hits", tlb.hits, "translations", "found in a TLB"),
    MACHINE("tlb.misses", tlb.misses, "translations", "needed a walk of the page tables"),
    MACHINE("tlb.flushes", tlb.flushes, "flushes", "whole TLBs flushed"),
    MACHINE("tlb.invlpg", tlb.invlpg, "pages", "single pages dropped from a TLB"),
    MACHINE("tlb.shootdowns", tlb.shootdowns, "interrupts", "other CPUs made to flush"),
    MACHINE("tlb.second_hits", tlb.second_hits, "translations", "of the hits: second level only"),
    MACHINE("tlb.walk_cache_hits", tlb.walk_cache_hits, "walks", "that read no directory entry"),
    MACHINE("memory.frames", memory.frames, "frames", "all of RAM"),
    MACHINE("memory.free", memory.free, "frames", "free now"),
    MACHINE("memory.user", memory.user, "frames", "pages of processes and files now"),
    MACHINE("memory.page_tables", memory.page_tables, "frames", "page tables now"),
    MACHINE("memory.kernel", memory.kernel, "frames", "kernel heap, zero page, reserved"),
    MACHINE("memory.files", memory.files, "frames", "of these, of files and shared memory"),
    MACHINE("swap.in", swap.in, "pages", "read from swap"),
    MACHINE("swap.out", swap.out, "pages", "written to swap"),
    MACHINE("swap.used", swap.used, "pages", "in swap now"),
    MACHINE("swap.cached", swap.cached, "pages", "of these, in memory, too"),
    MACHINE("swap.zero", swap.zero, "pages", "of zeros, sent out without I/O"),
    MACHINE("swap.errors", swap.errors, "requests", "reads and writes of swap that failed"),
    MACHINE("reclaim.scanned", reclaim.scanned, "pages", "looked at by reclaim"),
    MACHINE("reclaim.reclaimed", reclaim.reclaimed, "pages", "freed by reclaim"),
    MACHINE("reclaim.direct", reclaim.direct, "runs", "reclaims by an allocating process"),
    MACHINE("reclaim.background", reclaim.background, "runs", "reclaims below a watermark"),
    MACHINE("reclaim.write_backs", reclaim.write_backs, "pages", "written because they were to go"),
    MACHINE("reclaim.loads", reclaim.loads, "pages", "came into frames: misses of the policy"),
    MACHINE("reclaim.refaults", reclaim.refaults, "pages", "of these, had been evicted"),
    MACHINE("reclaim.hot", reclaim.hot, "pages", "of these, twice the memory would have kept"),
    MACHINE("reclaim.thrashing", reclaim.thrashing, "times", "that thrashing began"),
    MACHINE("heap.bytes", heap.bytes, "bytes", "live objects of the kernel heap"),
    MACHINE("heap.objects", heap.objects, "objects", "live objects of the kernel heap"),
    MACHINE("heap.leaked", heap.leaked, "objects", "objects that nobody can reach"),
};

static const struct row process_rows[] = {
    PROCESS(rss, "pages", "present pages; the shared zero page not counted"),
    PROCESS(mapped, "pages", "in mappings, the stack left out"),
    PROCESS(minor, "faults", "resolved without I/O: minor, cow, stack"),
    PROCESS(major, "faults", "resolved with I/O"),
    PROCESS(page_tables, "frames", "its page directory and page tables"),
};

static const struct row clock_rows[] = {
    MACHINE("cycles", cycles, "cycles", "simulated time of all CPUs together"),
    MACHINE("steps", steps, "steps", "steps executed"),
};

enum {
    N_MACHINE = sizeof machine_rows / sizeof machine_rows[0],
    N_PROCESS = sizeof process_rows / sizeof process_rows[0],
    N_CLOCK = sizeof clock_rows / sizeof clock_rows[0]
};

static const struct row *find(const struct row *rows, size_t n, const char *path)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].stat.path, path) == 0)
            return &rows[i];
    return NULL;
}

static void fetch(const void *stats, const struct row *row, uint64_t *value)
{
    if (stats && value)
        memcpy(value, (const char *)stats + row->offset, sizeof *value);
}

const struct mmsim_stat *mmsim_stat_at(size_t index)
{
    if (index < N_MACHINE)
        return &machine_rows[index].stat;
    index -= N_MACHINE;
    if (index < N_PROCESS)
        return &process_rows[index].stat;
    index -= N_PROCESS;
    return index < N_CLOCK ? &clock_rows[index].stat : NULL;
}

bool mmsim_stat_get(const struct mmsim_stats *stats, const char *path, uint64_t *value)
{
    const struct row *row = find(machine_rows, N_MACHINE, path);
    if (!row)
        row = find(clock_rows, N_CLOCK, path);
    if (row)
        fetch(stats, row, value);
    return row != NULL;
}

bool mmsim_process_stat_get(const struct mmsim_process_stats *stats, const char *name,
                            uint64_t *value)
{
    static const char prefix[] = "process.NAME.";
    for (size_t i = 0; i < N_PROCESS; i++) {
        if (strcmp(process_rows[i].stat.path + sizeof prefix - 1, name) == 0) {
            fetch(stats, &process_rows[i], value);
            return true;
        }
    }
    return false;
}
