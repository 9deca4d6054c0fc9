/*
 * alloc.h - the kernel's memory of a machine: heap, caches, pools, large areas, frames; what leaks,
 * and what its users do wrong.
 *
 * Everything here lies in simulated RAM, at simulated kernel addresses: an object is read and
 * written with mmsim_read(mmsim_kernel(machine), address, ...) or through mmsim_kernel_bytes(). An
 * address of 0 means that there is no memory.
 *
 *   mmsim_vaddr inode = mmsim_kmalloc(machine, 200, MMSIM_ALLOC_ZERO, MMSIM_HERE);
 *   ...
 *   mmsim_kfree(machine, inode, MMSIM_HERE);
 *
 * Each call names where it comes from, its *site*: any text that lives as long as the machine;
 * MMSIM_HERE is "file:line". Reports of mistakes and leaks name sites.
 *
 * Sources: Bonwick, "The slab allocator", USENIX Summer 1994; Bonwick & Adams, "Magazines and
 * vmem", USENIX 2001; Linux's Documentation/mm/slub.rst and dev-tools/kmemleak.rst for the names of
 * checks and the formats of what is printed.
 */
#ifndef MMSIM_ALLOC_H
#define MMSIM_ALLOC_H

#include <mmsim/machine.h>
#include <mmsim/vm.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MMSIM_HERE_TEXT2(line) #line
#define MMSIM_HERE_TEXT(line) MMSIM_HERE_TEXT2(line)
#define MMSIM_HERE __FILE__ ":" MMSIM_HERE_TEXT(__LINE__)

/*
 * Where the kernel's own loads and stores come from (mmsim_write(mmsim_kernel(machine), ...)), and
 * calls that name no site, from now on: reports of what they run into, and of references that they
 * overwrite, name it. NULL: unknown, as at first.
 */
void mmsim_kernel_at(struct mmsim_machine *machine, const char *site);

/* ---- memory of any size ---- */

enum {
    MMSIM_ALLOC_ZERO = 1 << 0 /* filled with zeros */
};

/* n_bytes (0 is served as 1) at a multiple of 16, contiguous in physical memory. */
mmsim_vaddr mmsim_kmalloc(struct mmsim_machine *machine, uint64_t n_bytes, unsigned flags,
                          const char *site);

/* The same at a multiple of `alignment`, a power of two to 4 MiB. */
mmsim_vaddr mmsim_kmemalign(struct mmsim_machine *machine, uint64_t alignment, uint64_t n_bytes,
                            unsigned flags, const char *site);

/*
 * Changes the size of what kmalloc gave, in place or by moving it; its bytes stay as far as both
 * sizes reach. Address 0 is a kmalloc, n_bytes 0 a kfree. 0: no memory, or `address` is no live
 * object (reported); the old object is then as it was.
 */
mmsim_vaddr mmsim_krealloc(struct mmsim_machine *machine, mmsim_vaddr address, uint64_t n_bytes,
                           const char *site);

/*
 * Frees what kmalloc, a cache or a pool gave; 0 is allowed. EINVAL: it is no live object (freed
 * already, never allocated, not its first byte), or one of the kernel's own. That is reported
 * (below), and nothing changes.
 */
enum mmsim_errno mmsim_kfree(struct mmsim_machine *machine, mmsim_vaddr address, const char *site);

/*
 * The same, with the size that was asked for; EINVAL (reported): it was one of another size class,
 * or, where the size is recorded (checks Z and U), another one. Not for what mmsim_kmemalign()
 * gave.
 */
enum mmsim_errno mmsim_kfree_sized(struct mmsim_machine *machine, mmsim_vaddr address,
                                   uint64_t n_bytes, const char *site);

/* Bytes that the user of a live object may use; 0: there is none at this address. */
uint64_t mmsim_ksize(const struct mmsim_machine *machine, mmsim_vaddr address);

/* Host memory of n_bytes at a kernel address, for C code that wants to be fast; NULL: not all of it
 * is memory of the kernel heap's. Goes around the MMU: nothing is counted or refused. */
void *mmsim_kernel_bytes(struct mmsim_machine *machine, mmsim_vaddr address, uint64_t n_bytes);

/* ---- checks ---- */

/* What is looked at beyond range, alignment, double and foreign free, which are always on. Each is
 * switched while the machine runs; objects that live keep the checks that they were born with. */
enum mmsim_heap_check {
    MMSIM_HEAP_RED_ZONES = 1 << 0,  /* Z: bytes before and behind an object that nobody may write */
    MMSIM_HEAP_POISON = 1 << 1,     /* P: freed objects are filled, and looked at before reuse */
    MMSIM_HEAP_TRACK = 1 << 2,      /* U: site and step of allocation and free */
    MMSIM_HEAP_QUARANTINE = 1 << 3, /* Q: freed objects rest before they are used again */
    MMSIM_HEAP_GUARD = 1 << 4,      /* G: each object ends at an unmapped page: the MMU refuses the
                                       access that overruns it, at the instruction */
    MMSIM_HEAP_HARDEN = 1 << 5, /* H: a free object is proved to be one before it is handed out */
    MMSIM_HEAP_SHUFFLE = 1 << 6 /* R: objects are handed out in random order (from the seed) */
};

/* Letters to checks and back: "ZPU", in any case and order, "" or "-" for none, F (Linux's sanity
 * checks) for what is always on. False: a letter that is none; *wrong (may be NULL) is its index.
 * None is formatted as "-". */
bool mmsim_heap_checks_parse(const char *letters, unsigned *checks, size_t *wrong);
void mmsim_heap_checks_format(unsigned checks, char text[8]);

/*
 * Switches the checks of one cache by name, of every kmalloc cache ("kmalloc"), or of all caches,
 * the kernel's own too ("*"; a name that ends with * means all that begin so). BAD_ARGUMENT: no
 * such cache, or none was named. GUEST_MEMORY: no memory for new slabs; some caches may have
 * changed.
 */
enum mmsim_status mmsim_heap_set_checks(struct mmsim_machine *machine, const char *cache,
                                        unsigned checks, struct mmsim_error *error);

/* Looks at all objects of all checked caches, and at all poisoned frames, now; returns the damages
 * found (and reported). */
uint64_t mmsim_heap_verify(struct mmsim_machine *machine);

/* What a user of the heap did wrong. */
enum mmsim_heap_mistake {
    MMSIM_HEAP_DOUBLE_FREE,     /* is free */
    MMSIM_HEAP_FOREIGN_FREE,    /* nothing of the heap's */
    MMSIM_HEAP_INSIDE_FREE,     /* points into an object, not at its start */
    MMSIM_HEAP_WRONG_CACHE,     /* an object of another cache */
    MMSIM_HEAP_WRONG_SIZE,      /* freed with a size that was not asked for */
    MMSIM_HEAP_LEFT_RED_ZONE,   /* bytes before the object were written */
    MMSIM_HEAP_RIGHT_RED_ZONE,  /* bytes behind it were */
    MMSIM_HEAP_USE_AFTER_FREE,  /* a free object was written */
    MMSIM_HEAP_GUARD_HIT,       /* an access behind an object was refused by the MMU */
    MMSIM_HEAP_FREED_GUARD_HIT, /* an access to a freed object was refused by the MMU */
    MMSIM_HEAP_BAD_LINK,        /* a list of free objects was overwritten */
    MMSIM_HEAP_REF_UNDERFLOW,   /* a reference was put that nobody had */
    MMSIM_HEAP_REF_SATURATED,   /* so many references that the count cannot be trusted any more */
    MMSIM_N_HEAP_MISTAKES
};
const char *mmsim_heap_mistake_name(enum mmsim_heap_mistake mistake);    /* "double-free" */
const char *mmsim_heap_mistake_meaning(enum mmsim_heap_mistake mistake); /* a sentence */

/* When and where something happened to an object; site NULL: not tracked. */
struct mmsim_heap_moment {
    const char *site;
    uint64_t step;
};

struct mmsim_heap_report {
    enum mmsim_heap_mistake mistake;
    const char *cache;     /* its name; "page" for whole pages: a run of them, or a free frame that
                              was written (at its physical address); NULL: no object there */
    mmsim_vaddr address;   /* that was given, or of the first damaged byte */
    mmsim_vaddr object;    /* start of the object concerned; 0: none */
    uint64_t object_bytes; /* as asked for, where that is known */
    int64_t offset;        /* of `address` from the start of the object */
    uint32_t n_found;      /* damaged bytes from `address` on; the first 16 in `found` */
    uint8_t found[16];
    uint8_t expected;     /* what each of them should be */
    uint64_t given_bytes; /* WRONG_SIZE: what was said */
    struct mmsim_heap_moment now, allocated, freed;
};

/* Called for each mistake found, after it was put right; may look at the machine, not change it.
 * One listener: NULL ends it. */
typedef void (*mmsim_heap_listener)(void *user, const struct mmsim_heap_report *report);
void mmsim_heap_listen(struct mmsim_machine *machine, mmsim_heap_listener listener, void *user);

/* Mistakes found since the machine was created. */
uint64_t mmsim_heap_n_mistakes(const struct mmsim_machine *machine);

/* As Linux's SLUB writes them; and as a JSON object, without an end of line. */
void mmsim_heap_report_print(const struct mmsim_heap_report *report, const struct mmsim_sink *sink);
void mmsim_heap_report_json(const struct mmsim_heap_report *report, const struct mmsim_sink *sink);

/* ---- caches of equal objects ---- */

struct mmsim_cache; /* belongs to its machine */

struct mmsim_cache_setup {
    const char *name;      /* letters, digits, - and _; at most 31 characters; copied */
    uint64_t object_bytes; /* 1 to 16 KiB */
    uint64_t alignment;    /* a power of two to 4096; 0 = 16 */
    unsigned checks;       /* enum mmsim_heap_check */
    bool colour;           /* slabs start at different cache lines */
    /* Run on each object of a new slab (host memory of it), not at allocation; NULL. */
    void (*construct)(void *object);
    /* Where an object's pointers lie, as byte offsets, for the exact leak search; copied. */
    const uint32_t *pointer_offsets;
    uint32_t n_pointer_offsets;
};

/* BAD_ARGUMENT: a field is out of range, or a cache of this name exists. GUEST_MEMORY: no frames,
 * or too many caches (there is room for about 200). HOST_MEMORY. */
enum mmsim_status mmsim_cache_create(struct mmsim_machine *machine,
                                     const struct mmsim_cache_setup *setup,
                                     struct mmsim_cache **cache, struct mmsim_error *error);

/* EBUSY: objects of it are alive; nothing changed. EINVAL: `cache` is NULL. The handle ends with
 * the cache. */
enum mmsim_errno mmsim_cache_destroy(struct mmsim_cache *cache);

mmsim_vaddr mmsim_cache_alloc(struct mmsim_cache *cache, unsigned flags, const char *site);

/* EINVAL (reported): no live object of this cache. */
enum mmsim_errno mmsim_cache_free(struct mmsim_cache *cache, mmsim_vaddr address, const char *site);

/* Gives its empty slabs back; returns the frames. */
uint64_t mmsim_cache_shrink(struct mmsim_cache *cache);

/* By name, kmalloc's and the kernel's own too; NULL. The kernel's own can be looked at, shrunk and
 * checked, but their objects are the kernel's alone: allocating gives 0, freeing and destroying
 * EPERM, and so does destroying kmalloc's. */
struct mmsim_cache *mmsim_cache_find(struct mmsim_machine *machine, const char *name);

struct mmsim_cache_info {
    const char *name;
    uint64_t object_bytes, slot_bytes;
    uint64_t n_active; /* objects in use */
    uint64_t n_objects, n_slabs;
    uint64_t objects_per_slab, frames_per_slab;
    unsigned checks;
};
/* In order of creation, kmalloc's first; false past the end. */
bool mmsim_cache_info_at(const struct mmsim_machine *machine, size_t index,
                         struct mmsim_cache_info *info);

/* ---- pools: a reserve for when memory is gone ---- */

struct mmsim_pool;

/* `n_reserved` objects of 1 byte to 16 KiB are set aside at once, in a cache of this name.
 * GUEST_MEMORY, BAD_ARGUMENT. */
enum mmsim_status mmsim_pool_create(struct mmsim_machine *machine, const char *name,
                                    uint64_t object_bytes, uint64_t n_reserved,
                                    struct mmsim_pool **pool, struct mmsim_error *error);
enum mmsim_errno mmsim_pool_destroy(struct mmsim_pool *pool); /* EBUSY: objects are out */
struct mmsim_pool *mmsim_pool_find(struct mmsim_machine *machine, const char *name);

/* From the heap, or else from the reserve; 0: both are empty. Freeing fills the reserve first. */
mmsim_vaddr mmsim_pool_alloc(struct mmsim_pool *pool, unsigned flags, const char *site);
enum mmsim_errno mmsim_pool_free(struct mmsim_pool *pool, mmsim_vaddr address, const char *site);
uint64_t mmsim_pool_n_reserved(const struct mmsim_pool *pool); /* left in the reserve */

/* ---- large areas: contiguous for the kernel, not in physical memory ---- */

/* Whole pages at 0xC0000000-0xDFFFFFFF with an unmapped page behind them. 0: no memory or room. */
mmsim_vaddr mmsim_vmalloc(struct mmsim_machine *machine, uint64_t n_bytes, const char *site);
enum mmsim_errno mmsim_vfree(struct mmsim_machine *machine, mmsim_vaddr address, const char *site);

/* ---- scopes: what a subsystem or a process allocated is freed with it ---- */

struct mmsim_scope;

/* `process` NULL: until it is ended; else it ends with the process, or before. The handle ends with
 * the scope. GUEST_MEMORY; BAD_ARGUMENT: the process is dead, or there is no name. */
enum mmsim_status mmsim_scope_begin(struct mmsim_machine *machine, const char *name,
                                    struct mmsim_process *process, struct mmsim_scope **scope,
                                    struct mmsim_error *error);
mmsim_vaddr mmsim_scope_kmalloc(struct mmsim_scope *scope, uint64_t n_bytes, unsigned flags,
                                const char *site);
uint64_t mmsim_scope_end(struct mmsim_scope *scope); /* returns the objects freed */

/* ---- failures on purpose ---- */

enum mmsim_fail_what {
    MMSIM_FAIL_HEAP,
    MMSIM_FAIL_FRAMES,
    MMSIM_FAIL_FILE_READS,  /* requests of the disk's; of the rules, only nth and every */
    MMSIM_FAIL_FILE_WRITES, /* the same */
    MMSIM_FAIL_SWAP_READS,  /* requests of all swap areas together; nth and every */
    MMSIM_FAIL_SWAP_WRITES, /* the same */
    MMSIM_FAIL_POWER,       /* the disk loses its power as the n-th write completes; mmsim_crash()
                               brings it back */
    MMSIM_N_FAIL_WHATS
};

struct mmsim_fail {
    uint64_t nth;         /* the n-th call from now on fails, once; 0 = no such rule */
    uint64_t every;       /* every n-th fails; 0 */
    uint32_t per_million; /* chance of each call, from the machine's seed; 0 */
    uint64_t min_bytes;   /* only requests at least as large */
    const char *site;     /* only calls from this site; NULL = any; lives as long as the rules */
};
/* Replaces the rules for one of these; all zero ends them. Conditions that are given must all
 * hold. Returns how many requests failed under the old rules. */
uint64_t mmsim_fail_set(struct mmsim_machine *machine, enum mmsim_fail_what what,
                        const struct mmsim_fail *rules);

/* ---- leaks ---- */

enum mmsim_leak_mode {
    MMSIM_LEAK_CONSERVATIVE, /* any word that could be an address keeps an object */
    MMSIM_LEAK_EXACT /* only words at the declared pointer offsets of caches that have them */
};

/* A root of leaked objects, or many of one site. */
struct mmsim_leak {
    const char *site, *cache;
    uint64_t n_objects;                        /* unreachable roots from this site */
    uint64_t bytes;                            /* of these */
    uint64_t retained_objects, retained_bytes; /* with all that only they lead to */
    mmsim_vaddr address;                       /* of the oldest */
    uint64_t step;                             /* when it was allocated; UINT64_MAX = unknown */
    uint64_t lost_step; /* exact tracking: when its last reference went; UINT64_MAX = unknown */
    const char *lost_site;
};

struct mmsim_leak_result {
    uint64_t n_scanned, scanned_bytes; /* objects looked at, bytes read */
    uint64_t n_leaked, leaked_bytes;   /* unreachable objects, all of them */
    uint64_t n_groups;                 /* rows by site: mmsim_leak_at() */
};

/* Looks for objects that nobody can reach. The rows live until the next scan. GUEST_MEMORY or
 * HOST_MEMORY: nothing was found out. BAD_ARGUMENT: there is no such mode. */
enum mmsim_status mmsim_leak_scan(struct mmsim_machine *machine, enum mmsim_leak_mode mode,
                                  struct mmsim_leak_result *result, struct mmsim_error *error);
bool mmsim_leak_at(const struct mmsim_machine *machine, size_t index, struct mmsim_leak *leak);

/*
 * Kernel memory that is a root: the scan begins there. What lies in one live object is a root until
 * that is freed. `address` 0 removes all roots that were added so, and n_bytes does not matter
 * then. EINVAL: n_bytes is 0, or not all of it is memory of the heap's (pages of one object, where
 * they are guarded) or mapped by one vmalloc area. ENOMEM: no host memory.
 */
enum mmsim_errno mmsim_leak_root(struct mmsim_machine *machine, mmsim_vaddr address,
                                 uint64_t n_bytes);

enum mmsim_leak_mark {
    MMSIM_LEAK_NORMAL,
    MMSIM_LEAK_NOT_LEAK, /* never reported; what it points to is reachable */
    MMSIM_LEAK_IGNORE    /* never reported, and not looked into */
};
/* EINVAL: no live object begins at the address, or there is no such mark. ENOMEM: no host memory.
 */
enum mmsim_errno mmsim_leak_mark(struct mmsim_machine *machine, mmsim_vaddr address,
                                 enum mmsim_leak_mark mark);

/*
 * Watching: from now on every store of the kernel's through the MMU is followed, and a search can
 * say when, and by whose doing, the last reference to a lost object went (lost_step, lost_site).
 * Costs time with each store, allocation and free. HOST_MEMORY.
 */
enum mmsim_leak_watching { MMSIM_LEAK_WATCH_OFF, MMSIM_LEAK_WATCH_STORES };
enum mmsim_status mmsim_leak_watch(struct mmsim_machine *machine, enum mmsim_leak_watching what,
                                   struct mmsim_error *error);

/* ---- garbage ---- */

struct mmsim_gc_result {
    uint64_t n_tables;      /* empty page tables freed */
    uint64_t n_slab_frames; /* frames of empty slabs given back */
    uint64_t n_cached;      /* frames returned from per-CPU lists */
    uint64_t n_orphans;     /* frames in use that nothing leads to: each one a bug, now freed */
    mmsim_pfn first_orphan;
};
/* `result` may be NULL. */
void mmsim_gc(struct mmsim_machine *machine, struct mmsim_gc_result *result);

/* ---- what people look at ---- */

enum { MMSIM_N_ORDERS = 11 }; /* blocks have 2^0 to 2^10 frames */

/* What a pageblock of 4 MiB is for, as Linux orders and names them. */
enum mmsim_mobility {
    MMSIM_UNMOVABLE,   /* the kernel's */
    MMSIM_MOVABLE,     /* pages of processes */
    MMSIM_RECLAIMABLE, /* caches that can be dropped */
    MMSIM_N_MOBILITIES
};

/* The zones: "Normal" (the kernel reaches it at the same virtual address) and "HighMem" (all else),
 * as Linux calls them. All in frames. */
struct mmsim_zone_info {
    const char *name;
    uint64_t n_frames;       /* that the frame allocator has, free or not */
    uint64_t n_free;         /* lists of CPUs and reserves included */
    uint64_t n_set_aside;    /* of these, on those lists and in reserves: in no block */
    uint64_t min, low, high; /* watermarks */
    uint64_t n_blocks[MMSIM_N_MOBILITIES][MMSIM_N_ORDERS]; /* free blocks of 2^order frames */
    uint64_t n_pageblocks[MMSIM_N_MOBILITIES];
};
/* False past the last zone; a zone that this machine has no RAM for has n_frames 0. */
bool mmsim_zone_info_at(const struct mmsim_machine *machine, size_t index,
                        struct mmsim_zone_info *info);

/* Where memory went. All in bytes. */
struct mmsim_meminfo {
    uint64_t total, free; /* RAM; of it, in the frame allocator */
    uint64_t available;   /* free, or at once when garbage is collected: empty slabs */
    uint64_t high_total, high_free, low_total, low_free;
    uint64_t anonymous; /* pages of processes */
    uint64_t slab;      /* frames of the kernel heap */
    uint64_t page_tables;
    uint64_t vmalloc_total, vmalloc_used; /* kernel addresses for large areas; mapped pages */
    uint64_t direct_map_small, direct_map_large; /* low memory mapped by small, by large pages */
    uint64_t large_page; /* bytes of a large page of this machine: 4 MiB, or 2 MiB (PAE) */
    uint64_t cached, dirty,
        writeback; /* pages of files and shared memory; of files, to be written */
    uint64_t swap_total, swap_free, swap_cached;
};
void mmsim_meminfo(const struct mmsim_machine *machine, struct mmsim_meminfo *info);

/* What one call site has allocated and not freed, from the objects whose caches track (U). */
struct mmsim_site_info {
    const char *site;
    uint64_t n_live, live_bytes;
    uint64_t oldest_step; /* of the live ones; UINT64_MAX: none is alive */
    uint64_t n_allocated; /* ever */
    uint64_t peak_bytes;  /* most that was alive at once */
};
/* In the order in which sites were first seen, without those that have only freed; false past the
 * end. */
bool mmsim_site_at(const struct mmsim_machine *machine, size_t index, struct mmsim_site_info *info);

struct mmsim_vmalloc_info {
    mmsim_vaddr address;
    uint64_t n_bytes; /* of address space: the guard page included */
    uint64_t n_pages; /* mapped */
    const char *site;
    uint64_t step;
};
/* Ascending by address; false past the end. */
bool mmsim_vmalloc_at(const struct mmsim_machine *machine, size_t index,
                      struct mmsim_vmalloc_info *info);

/* Why a request for frames could not be met. */
enum mmsim_shortage {
    MMSIM_SHORTAGE_NO_FRAMES,  /* fewer are free than were asked for */
    MMSIM_SHORTAGE_FRAGMENTED, /* enough are free, but not together */
    MMSIM_SHORTAGE_USER_LIMIT, /* config.user_frames */
    MMSIM_SHORTAGE_TOO_LARGE,  /* beyond the largest block */
    MMSIM_SHORTAGE_INJECTED    /* mmsim_fail_set() */
};

/* Whether moving pages of processes could make a large enough block. */
enum mmsim_compaction {
    MMSIM_COMPACTION_NOT_TRIED,
    MMSIM_COMPACTION_DONE,
    MMSIM_COMPACTION_PINNED,  /* every place for a block holds frames that cannot move */
    MMSIM_COMPACTION_NO_ROOM, /* the frames that can move have nowhere to go */
    MMSIM_COMPACTION_REFUSED  /* a frame is in use by more than its mappings */
};

/* The last request for frames that failed, and its zone as it was then. */
struct mmsim_alloc_failure {
    uint64_t n_failures; /* since the machine was created, this one included */
    enum mmsim_shortage shortage;
    const char *use;  /* what the frames were for: "anon", "page-table", "heap" ... */
    const char *site; /* who asked; NULL: unknown */
    unsigned order;
    uint64_t n_frames;           /* asked for; 2^order, but for runs */
    struct mmsim_zone_info zone; /* the one tried last */
    uint64_t largest_frames;     /* of its largest free block */
    enum mmsim_compaction compaction;
    uint64_t n_moved, n_refused;     /* frames that compaction moved, and could not move */
    uint64_t n_candidates, n_pinned; /* places for a block of this order; those pinned */
    struct {
        const char *use;       /* NULL ends the list */
        uint64_t n_candidates; /* that frames in this use pin */
    } pinned_by[12];
};

/* False: no request has failed. */
bool mmsim_alloc_failure(const struct mmsim_machine *machine, struct mmsim_alloc_failure *failure);

/* An explanation in the manner of Linux's report of a failed page allocation, some lines; and as a
 * JSON object, without an end of line. */
void mmsim_alloc_failure_print(const struct mmsim_alloc_failure *failure,
                               const struct mmsim_sink *sink);
void mmsim_alloc_failure_json(const struct mmsim_alloc_failure *failure,
                              const struct mmsim_sink *sink);

/* Tables in the formats of Linux's files of the same names, and as JSON: one object on one line. */
#define MMSIM_TABLE_LIST(X)                                                                        \
    X(SLABINFO, "slabinfo", "caches: objects, sizes, slabs")                                       \
    X(BUDDYINFO, "buddyinfo", "free blocks of each order")                                         \
    X(PAGETYPEINFO, "pagetypeinfo", "free blocks by what may move")                                \
    X(MEMINFO, "meminfo", "where memory went")                                                     \
    X(KMEMLEAK, "kmemleak", "objects that nobody can reach")                                       \
    X(ALLOCINFO, "allocinfo", "live bytes and objects by call site")                               \
    X(VMALLOCINFO, "vmallocinfo", "large areas of the kernel's")                                   \
    X(FAILURE, "failure", "why the last request for frames that failed did")

enum mmsim_table {
#define X(NAME, name, meaning) MMSIM_TABLE_##NAME,
    MMSIM_TABLE_LIST(X)
#undef X
        MMSIM_N_TABLES
};
enum mmsim_table_format { MMSIM_TABLE_TEXT, MMSIM_TABLE_JSON };
const char *mmsim_table_name(enum mmsim_table table);
const char *mmsim_table_meaning(enum mmsim_table table);

/* Changes nothing: of leaks, the table shows what the last mmsim_leak_scan() found. Prints nothing
 * if there is no such table. */
void mmsim_table_print(struct mmsim_machine *machine, enum mmsim_table table,
                       enum mmsim_table_format format, const struct mmsim_sink *sink);

/* What to tell people of a table that would have no rows now, "there is no large area"; NULL: it
 * has some, or always has. */
const char *mmsim_table_nothing(const struct mmsim_machine *machine, enum mmsim_table table);

#ifdef __cplusplus
}
#endif
#endif
