/*
 * machine.h - build a simulated machine, run it, inspect it, take it down.
 *
 * Everything a machine knows hangs off one struct mmsim_machine: there is no global state, so a
 * thousand machines can run in a thousand threads. One machine must not be used by two threads at
 * once. The library never prints, never exits, never reads the clock, the environment or the
 * locale; the same calls give the same results on every host.
 */
#ifndef MMSIM_MACHINE_H
#define MMSIM_MACHINE_H

#include <mmsim/arch.h>
#include <mmsim/device.h>
#include <mmsim/pager.h>
#include <mmsim/status.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;

#define MMSIM_MAX_CPUS 64

enum mmsim_paging {
    MMSIM_PAGING_32BIT, /* two levels: 10 + 10 + 12 bits (SDM 3A 4.3) */
    MMSIM_PAGING_PAE    /* three levels: 2 + 9 + 9 + 12 bits, 64-bit entries (SDM 3A 4.4) */
};

/* Which TLB a machine has: the two extremes are for teaching. */
enum mmsim_tlb_kind {
    MMSIM_TLB_PRESET,  /* as the CPU preset says */
    MMSIM_TLB_NONE,    /* every access walks */
    MMSIM_TLB_INFINITE /* a page is walked to once until it is flushed */
};

/* When the machine checks all its invariants by itself. */
enum mmsim_check_when {
    MMSIM_CHECK_DEFAULT, /* STEP in debug builds, END in release builds */
    MMSIM_CHECK_OFF,
    MMSIM_CHECK_END,   /* when asked by mmsim_machine_check() only */
    MMSIM_CHECK_STEP,  /* at every mmsim_step_end() */
    MMSIM_CHECK_EVERY, /* also after every simulated call and every access */
};

/*
 * Where the library gets host memory: behaves like realloc (`new_bytes` 0 frees, `block` NULL
 * allocates), returns NULL on failure. The simulated RAM itself is a sparse mapping from the host's
 * operating system and does not pass through here.
 */
struct mmsim_allocator {
    void *(*resize)(void *user, void *block, size_t old_bytes, size_t new_bytes);
    void *user;
};

/* How the kernel makes TLBs forget what the page tables no longer grant. */
enum mmsim_flush_method {
    MMSIM_FLUSH_THRESHOLD, /* few pages one by one (INVLPG), more by a reload of CR3 */
    MMSIM_FLUSH_FULL,      /* always a reload */
    MMSIM_FLUSH_SINGLE,    /* a range always page by page; a whole space by a reload all the same */
    MMSIM_FLUSH_NONE       /* not at all: the mistake, to see what comes of it */
};

/*
 * The kernel's flushes: method and optimisations. Each can be left out, to see what it is worth.
 * A CPU without INVLPG always reloads CR3; one without global pages has none.
 *
 * With FLUSH_NONE stale translations stay, and processes read and write pages that are no longer
 * theirs. The simulator protects only itself: a frame that the kernel takes for page tables or its
 * heap goes out of all TLBs, and so does what the kernel unmaps of its own large areas.
 */
struct mmsim_flush {
    enum mmsim_flush_method method;
    unsigned threshold_pages; /* of FLUSH_THRESHOLD: at most so many one by one; 33 */
    bool lazy;         /* CONFIG_LAZY_TLB: a kernel thread keeps the tables it finds loaded */
    bool batched;      /* CONFIG_BATCHED_FLUSH: unmapping flushes for 64 pages at once */
    bool global_pages; /* CONFIG_GLOBAL_PAGES: the kernel's entries outlive a reload of CR3 */
    bool targeted;     /* CONFIG_TARGETED_SHOOTDOWN: only CPUs that have the tables loaded are
                          interrupted, not all others */
};

/* How pages without the right to execute are kept from being executed. */
enum mmsim_execute {
    MMSIM_EXECUTE_AUTO,      /* NX where the CPU and the paging mode have it, else CS_LIMIT */
    MMSIM_EXECUTE_NONE,      /* not at all: what can be read can be executed */
    MMSIM_EXECUTE_NX,        /* the XD bit of PAE entries (SDM 3A 4.6.1) */
    MMSIM_EXECUTE_CS_LIMIT,  /* executable mappings lie low, the code segment ends above the last */
    MMSIM_EXECUTE_SPLIT_TLB, /* supervisor-only entries, and the data TLB primed by the kernel */
    MMSIM_N_EXECUTES
};

/* How much memory may be promised (Linux: vm.overcommit_memory). */
enum mmsim_overcommit {
    MMSIM_OVERCOMMIT_GUESS,  /* refuse only what could never be */
    MMSIM_OVERCOMMIT_ALWAYS, /* refuse nothing */
    MMSIM_OVERCOMMIT_NEVER,  /* promise at most swap + ratio % of RAM */
    MMSIM_N_OVERCOMMITS
};

/* When anonymous memory gets large pages by itself (Linux: transparent_hugepage/enabled). */
enum mmsim_thp { MMSIM_THP_MADVISE, MMSIM_THP_NEVER, MMSIM_THP_ALWAYS, MMSIM_N_THPS };

/* Random bits of each region's start, as page numbers count them; 0 = the fixed place. */
struct mmsim_aslr {
    bool on; /* CONFIG_ASLR */
    uint8_t code_bits, heap_bits, mmap_bits, stack_bits, shared_bits;
};

/* The block device under the files. Times are simulated cycles. */
struct mmsim_disk {
    uint64_t bytes;        /* 256 MiB */
    uint64_t read_cycles;  /* of a request, before its first page: seek; 50,000 */
    uint64_t write_cycles; /* the same for writes; 50,000 */
    uint64_t page_cycles;  /* each page of a request; 5,000 */
    const char *path;      /* a host file that holds the blocks; NULL = in memory */
};

/* Page cache: reading ahead, and writing back (Linux: vm.dirty_...). */
struct mmsim_page_cache {
    unsigned readahead_pages;    /* largest window; 32. 0 = none (CONFIG_READAHEAD=n) */
    unsigned fault_around_pages; /* cached pages that a read fault maps along; a power of two; 16 */
    unsigned background_percent; /* of RAM dirty: write-back begins; 10 */
    unsigned limit_percent;      /* of RAM dirty: the writer waits; 20 */
    uint64_t expire_cycles;      /* a dirty page this old is written; 30 s */
    uint64_t interval_cycles;    /* how often that is looked at; 5 s */
};

/*
 * What machine to build. Call mmsim_config_init() first: it fills in the defaults and records the
 * size of this struct as the caller knows it, so that a program compiled against an older header
 * keeps working. New fields go at the end.
 */
struct mmsim_config {
    size_t struct_bytes;
    const char *model; /* a folder under models/; "x86_32" */
    const char *cpu;   /* a preset of that model; "pentium-3" */
    enum mmsim_paging paging;
    unsigned n_cpus;      /* 1..MMSIM_MAX_CPUS; 1 */
    uint64_t ram_bytes;   /* a multiple of 4 KiB, 2 MiB..3 GiB (63 GiB under PAE); 64 MiB */
    uint64_t seed;        /* everything random derives from it; 1 */
    uint64_t user_frames; /* at most so many frames for user pages; 0 = what RAM allows */
    bool large_pages;     /* CONFIG_LARGE_PAGES: 4 MiB pages for the kernel's own map; true.
                             Without effect on a CPU that has none. */
    enum mmsim_check_when check;
    const struct mmsim_allocator *allocator; /* NULL = malloc; must outlive the machine */
    enum mmsim_tlb_kind tlb;                /* the preset's, none, or one that never misses twice */
    enum mmsim_replacement tlb_replacement; /* DEFAULT = the preset's */
    struct mmsim_flush flush;               /* all optimisations on */
    bool sanitize_tlb; /* compare each use of a TLB entry with the tables (sanitize.h); false */
    const struct mmsim_mmio_window *mmio; /* devices: n_mmio of them, copied; NULL = none */
    size_t n_mmio;
    unsigned heap_checks; /* enum mmsim_heap_check (alloc.h), of all caches from the beginning; 0 */
    bool zero_frames;     /* every frame is filled with zeros when it is allocated; false */
    bool poison_frames;   /* and with 0xaa when it is freed, and looked at before reuse; false */
    uint64_t
        gc_interval; /* collect garbage (alloc.h) at the end of every so many steps; 0 = never */
    enum mmsim_execute execute;       /* AUTO */
    enum mmsim_overcommit overcommit; /* ALWAYS; Linux begins with GUESS */
    unsigned overcommit_percent;      /* of RAM, for NEVER; 50 */
    enum mmsim_thp thp;               /* MADVISE; without effect without large_pages */
    uint64_t large_page_pool;         /* large pages set aside for MMSIM_MAP_HUGETLB; 0 */
    struct mmsim_aslr aslr;           /* off; 8 code, 8 heap, 10 mmap, 10 stack, 10 shared bits */
    struct mmsim_disk disk;
    struct mmsim_page_cache page_cache;
    bool keys_off; /* CONFIG_PROTECTION_KEYS=n: the CPU's keys are not used */
    /* The options of kconfig.h that are n; all false. */
    bool thp_off, copy_on_write_off, zero_page_off, stack_guard_off;
    bool fault_around_off, readahead_off, execute_off;
    bool protection_off;   /* CONFIG_MEMORY_PROTECTION=n: every mapping grants everything */
    bool demand_off;       /* CONFIG_DEMAND_PAGING=n: mmap populates */
    bool paging_off;       /* CONFIG_PAGING=n: no translation; addresses are physical */
    bool mmu_off;          /* CONFIG_MMU=n: flat and unprotected */
    bool memory_debugging; /* CONFIG_MEMORY_DEBUGGING=y: red zones, poison and tracking in all
                              caches, besides heap_checks */
    struct mmsim_pager_config pager; /* pager.h: replacement, swap */
};

void mmsim_config_init_sized(struct mmsim_config *config, size_t struct_bytes);

static inline void mmsim_config_init(struct mmsim_config *config)
{
    mmsim_config_init_sized(config, sizeof *config);
}

/*
 * Builds a machine: RAM, bus, CPUs, kernel page tables, frame allocator, kernel heap. No process.
 * On success stores it in *machine (the caller owns it). Errors: BAD_CONFIG (`where` names the
 * field, `text` what was found and what is allowed), HOST_MEMORY.
 */
enum mmsim_status mmsim_machine_create(const struct mmsim_config *config,
                                       struct mmsim_machine **machine, struct mmsim_error *error);

/* Exits every process and returns every byte to the host. NULL is allowed. */
void mmsim_machine_destroy(struct mmsim_machine *machine);

/*
 * Checks every invariant across all structures: each frame's count equals its mappings plus its
 * owners, every present user entry lies in a VMA that allows it, no frame is both free and mapped,
 * no TLB entry grants what the tables no longer do (but with MMSIM_FLUSH_NONE, which asks for
 * that), and the rest of src/sim/check.c. Returns OK, or INVARIANT with a sentence. Changes
 * nothing. Time: proportional to RAM in use. Needs 4 bytes of host memory for each frame; without
 * them the comparison of counts with mappings is left out.
 */
enum mmsim_status mmsim_machine_check(const struct mmsim_machine *machine,
                                      struct mmsim_error *error);

/*
 * A step is whatever the caller wants events and statistics to be counted by; scenarios use it for
 * theirs. _begin() gives all that follows the next step number (from 0) and returns it. _end() runs
 * the invariant checker if the configuration asks for it, and returns what it found: OK or
 * INVARIANT. A violation that MMSIM_CHECK_EVERY found in between is reported here too. _resume():
 * what follows belongs again to a step that began before, while others were done in between.
 */
uint64_t mmsim_step_begin(struct mmsim_machine *machine);
void mmsim_step_resume(struct mmsim_machine *machine, uint64_t step);
enum mmsim_status mmsim_step_end(struct mmsim_machine *machine, struct mmsim_error *error);

/* Simulated time: cycles of all CPUs together since creation. */
uint64_t mmsim_machine_cycles(const struct mmsim_machine *machine);

unsigned mmsim_machine_n_cpus(const struct mmsim_machine *machine);

/* The library's version, "0.1.0". Static storage. */
const char *mmsim_version(void);

/*
 * Draws the memory of a live machine: the virtual layout with what stands in each region, and the
 * physical ranges. Text for people; its wording is no contract.
 */
void mmsim_machine_print_layout(const struct mmsim_machine *machine, const struct mmsim_sink *sink);

/* What `mmsim list models` and `list cpus` print: names by index, NULL past the end. Static. */
const char *mmsim_model_name(size_t index);
const char *mmsim_model_summary(size_t index);
const char *mmsim_cpu_name(const char *model, size_t index);
const char *mmsim_cpu_summary(const char *model, size_t index);

#ifdef __cplusplus
}
#endif
#endif
