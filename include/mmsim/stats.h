/*
 * stats.h - what was counted, as open values with units, and by path as scenarios name it.
 *
 * A path is what `check` in a scenario understands: "faults.minor", "tlb.hits",
 * "process.parent.rss", "cycles". The table of paths is the one source for `mmsim list stats`,
 * for check expressions and for the "stats" object of the JSON result, so none can drift.
 */
#ifndef MMSIM_STATS_H
#define MMSIM_STATS_H

#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;
struct mmsim_process;

/* Machine-wide statistics. Counts run from the creation of the machine. */
struct mmsim_stats {
    struct {
        uint64_t minor;      /* faults resolved without I/O, but cow and stack ones */
        uint64_t major;      /* faults that needed I/O */
        uint64_t cow;        /* copy-on-write faults: copied, or the last copy reused */
        uint64_t stack;      /* faults that grew a stack */
        uint64_t pkey;       /* accesses refused by a protection key */
        uint64_t protection; /* accesses refused for any other reason, also for want of a mapping */
    } faults;
    struct {
        uint64_t hits;       /* translations that a TLB held */
        uint64_t misses;     /* translations that needed a walk; hits + misses = all translations */
        uint64_t flushes;    /* whole-TLB flushes: CR3 reloads and the like */
        uint64_t invlpg;     /* single pages invalidated */
        uint64_t shootdowns; /* other CPUs interrupted to flush theirs */
        uint64_t second_hits;     /* of the hits, those that only the second-level TLB had */
        uint64_t walk_cache_hits; /* walks that read no directory entry: it was cached */
    } tlb;
    struct {
        uint64_t frames;      /* all frames; = free + user + page_tables + kernel */
        uint64_t free;        /* frames in the frame allocator */
        uint64_t user;        /* frames that hold pages of processes and of files */
        uint64_t page_tables; /* page tables and directories, the kernel's master one included */
        uint64_t kernel;      /* kernel heap, reserved frames, the shared zero page */
        uint64_t files;       /* of `user`: pages of files and of shared memory */
    } memory;                 /* all in frames, now */
    struct {
        uint64_t in, out; /* pages read from and written to swap */
        uint64_t used;    /* pages of swap in use now */
        uint64_t cached;  /* of these, in memory, too */
        uint64_t zero;    /* pages of zeros that went out, without I/O */
        uint64_t errors;  /* reads and writes that failed */
    } swap;
    struct {
        uint64_t scanned, reclaimed, direct; /* pages looked at, pages freed, direct reclaims */
        uint64_t background;                 /* runs because low memory was below its watermark */
        uint64_t write_backs;                /* pages written because they were to go */
        uint64_t loads;     /* pages that came into frames, as policies count misses */
        uint64_t refaults;  /* of these, pages that had been evicted */
        uint64_t hot;       /* of these, pages that twice the memory would have kept */
        uint64_t thrashing; /* times that thrashing began */
    } reclaim;
    struct {
        uint64_t bytes;   /* bytes of the kernel heap's live objects, now */
        uint64_t objects; /* live objects, now */
        uint64_t leaked;  /* objects that nobody can reach any more */
    } heap;
    uint64_t cycles; /* simulated clock cycles of all CPUs together */
    uint64_t steps;  /* steps begun by mmsim_step_begin() */
};

/* Statistics of one process; those of its last moment once it has exited. */
struct mmsim_process_stats {
    uint64_t rss;    /* pages present in frames of its own or shared; the zero page not counted */
    uint64_t mapped; /* pages in its mappings, the stack left out */
    uint64_t minor;  /* faults resolved without I/O (minor, cow and stack), as Linux counts */
    uint64_t major;  /* faults that needed I/O */
    uint64_t page_tables; /* frames: its own directory and tables */
};

/* One row of the table of paths. */
struct mmsim_stat {
    const char *path;    /* "faults.minor"; "process.NAME.rss" for the per-process rows */
    const char *unit;    /* "faults", "frames", "pages", "cycles", ... */
    const char *meaning; /* one line */
};

/* The table of paths, in the order of the JSON result; NULL past the end. Static storage. */
const struct mmsim_stat *mmsim_stat_at(size_t index);

/*
 * Looks a machine-wide path up ("faults.minor"). Returns false if there is no such path; `stats`
 * may be NULL to ask only that.
 */
bool mmsim_stat_get(const struct mmsim_stats *stats, const char *path, uint64_t *value);

/* The same for the last part of a process path ("rss"). */
bool mmsim_process_stat_get(const struct mmsim_process_stats *stats, const char *name,
                            uint64_t *value);

/* Takes the statistics of a machine, or of a process, as they are now. */
void mmsim_machine_stats(const struct mmsim_machine *machine, struct mmsim_stats *stats);
void mmsim_process_get_stats(const struct mmsim_process *process,
                             struct mmsim_process_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
