/*
 * heap.h - the kernel heap: sets of slabs, the magazines in front of them, and who lives where.
 *
 * The heap hands out objects in low memory. Three doors lead to it: kmalloc.h (any size), cache.h
 * (objects of one type), pool.h (a reserve for when memory is gone). What they share is here.
 *
 *   kmalloc(n)          cache            class of sizes, or type
 *       \                 |
 *        `--> slab set <--'              index in the page map
 *               |     \
 *           magazine   `--> slabs        one magazine for each CPU
 *
 * Two maps make every free exact, and cost it no search:
 *
 *   live      a bit for every 16 bytes of low memory: an object in use starts here
 *   page_map  a byte for every low page: the set of slabs that it belongs to (0: none)
 *
 * A pointer that is given back must have its bit set. One test finds what is out of range, not
 * aligned, freed already, or never was an object, and it is always on. The maps are sparse host
 * arrays beside the frame table, as is free_map, which has the free objects of slabs with more than
 * 64 (slab.h): 33 bytes a low frame, 65 for such slabs.
 *
 * Every other check is switched at run time, for each cache: enum mm_check. Checks change the
 * layout of objects, so a cache has a set of slabs for each combination that was ever on; the
 * newest serves, and objects of older ones are freed by their page's set as they are.
 *
 * Invariants: (1) a live bit is set for each object in use and for nothing else; objects in
 * magazines and in slabs are not live; (2) sets[i]->index is i, and page_map[p] is i for the pages
 * of its slabs and 0 for pages that are not the heap's; (3) a magazine holds free objects of its
 * set, each once; (4) n_taken of a set is its live objects plus those in magazines, in a checked
 * set's stock and in quarantine; (5) n_frames is the sum of the frames of slabs, runs and metadata.
 */
#ifndef MM_ALLOC_HEAP_H
#define MM_ALLOC_HEAP_H

#include "alloc/inject.h"
#include "alloc/magazine.h"
#include "alloc/slab.h"
#include "base/list.h"
#include "base/rng.h"

/* What a cache checks beside range, alignment, double and foreign free. Letters as Linux has them,
 * where it has them. */
enum mm_check {
    MM_CHECK_RED_ZONES = 1 << 0,  /* Z: bytes around an object that nobody may write */
    MM_CHECK_POISON = 1 << 1,     /* P: free objects are filled, and looked at before reuse */
    MM_CHECK_TRACK = 1 << 2,      /* U: where and when it was allocated and freed */
    MM_CHECK_QUARANTINE = 1 << 3, /* Q: freed objects rest before they are used again */
    MM_CHECK_GUARD = 1 << 4,      /* G: each object ends at an unmapped page */
    MM_CHECK_HARDEN = 1 << 5,     /* H: a free object is proved to be one before it is handed out */
    MM_CHECK_SHUFFLE = 1 << 6,    /* R: a slab's objects are handed out in random order */
    MM_CHECK_SCOPED = 1 << 7      /* objects belong to a scope (scope.h); not switchable */
};
/* Checks that see every call: their sets have no magazines in the rack. */
#define MM_CHECKS_CALLS                                                                            \
    (MM_CHECK_RED_ZONES | MM_CHECK_POISON | MM_CHECK_TRACK | MM_CHECK_QUARANTINE |                 \
     MM_CHECK_GUARD | MM_CHECK_HARDEN | MM_CHECK_SCOPED)
/* Those that need a trailer of MM_TRAILER_BYTES behind each object. */
#define MM_CHECKS_TRAILER (MM_CHECK_RED_ZONES | MM_CHECK_TRACK)

enum {
    MM_HEAP_GRANULE = 16,   /* bytes: alignment of every object, and what a live bit stands for */
    MM_HEAP_MAX_SETS = 256, /* index 0 is no set */
    MM_HEAP_SET_RUN = 1,    /* index of large runs of whole pages: no slab */
    MM_HEAP_SET_META = 2,   /* index of the heap's own metadata: never freed */
    MM_HEAP_FIRST_SET = 3
};

#define MM_KMALLOC_MAX_SLAB_BYTES 8192 /* larger requests are runs of whole pages */
#define MM_KMALLOC_MAX_CLASSES 64

struct mm_cache;
struct mm_leak;
struct mmsim_heap_report;
struct mm_heap_sites;
struct mm_guard;
struct mm_scope_links;

/* Whole pages that were freed, and no longer the heap's. */
struct mm_heap_freed {
    mmsim_vaddr address;
    uint64_t n_bytes;
    const char *kind; /* static storage */
    const char *site; /* of the free; may be NULL */
    uint64_t step;
};
enum { MM_HEAP_N_FREED = 64 };

struct mm_heap {
    /* What the fast paths read. */
    uint8_t *ram;              /* host address of physical 0 */
    uint64_t *live;            /* bit map */
    uint8_t *page_map;         /* by pfn */
    struct mm_magazine **rack; /* by set, of the current CPU; closed_rack when all must be seen */
    uint32_t low_bytes;        /* one past the last byte of low memory */
    uint32_t cpu;              /* current one */
    uint8_t set_of_size[MM_KMALLOC_MAX_SLAB_BYTES / MM_HEAP_GRANULE + 1]; /* by (bytes + 15) / 16 */

    struct mm_zones *zones;
    uint64_t *free_map; /* MM_SLAB_MAP_WORDS a page */
    struct mm_slab_set *sets[MM_HEAP_MAX_SETS];
    struct mm_magazine **racks;       /* of all CPUs, MM_HEAP_MAX_SETS each */
    struct mm_magazine **closed_rack; /* `nothing` everywhere */
    /* Stands for a magazine that is missing: empty, without room, never written. */
    struct mm_magazine *nothing;
    unsigned n_cpus;
    unsigned n_closed;                   /* reasons for which every call must be seen */
    uint32_t meta_next, meta_end;        /* metadata is cut from here; offsets in RAM */
    mmsim_pfn meta_block;                /* newest block of metadata: each names the one before */
    struct mm_magazine *spare_magazines; /* of dropped sets; linked, see heap.c */
    struct mm_slab_set *spare_sets;      /* dropped ones, linked by `owner` */
    struct mm_stock *spare_stocks;       /* of dropped sets, linked; and their quarantines */
    struct mm_quarantine *spare_quarantines;
    uint64_t n_frames, peak_frames;
    uint64_t n_runs, n_run_frames;

    unsigned n_classes;
    struct mm_cache *classes; /* kmalloc's caches, ascending by size; n_classes of them */
    struct mm_list caches;    /* all struct mm_cache, kmalloc's first */

    struct mm_rng rng; /* of the order of shuffled sets */
    struct mm_inject inject;
    struct mm_heap_sites *sites; /* site.h; NULL until something is tracked */
    const char *site;            /* label of whoever calls now; may be NULL */
    const uint64_t *step;        /* the machine's step counter; may be NULL */

    /* Told of what is handed out and taken back, as far as calls are seen (leak.h); may be NULL. */
    struct mm_leak *leak;

    /* By offset / MM_HEAP_GRANULE: which scope an object is in (scope.h); NULL: there are none. */
    struct mm_scope_links *scope_links;

    /* Told of each mistake found (report.h); may be NULL. */
    void (*on_report)(void *user, const struct mmsim_heap_report *report);
    void *report_user;
    uint64_t n_reports;

    /* The last ones, the newest at (n_freed - 1) % MM_HEAP_N_FREED: so that it is known when they
     * are freed again (report.h). */
    struct mm_heap_freed freed[MM_HEAP_N_FREED];
    uint64_t n_freed;

    /* Installed by the layers above; NULL: guard pages are refused. Maps frames that are contiguous
     * at kernel addresses of their own, with an unmapped page behind them; false: no memory. */
    bool (*map_guarded)(void *user, mmsim_pfn first, uint64_t n_frames, mmsim_vaddr *address);
    void (*unmap_guarded)(void *user, mmsim_vaddr address);   /* at once; they stay reserved */
    void (*release_guarded)(void *user, mmsim_vaddr address); /* and may be used again */
    void *map_user;
    struct mm_guard *spare_guard; /* made, but its cache is not yet */
    struct mm_guard *guard;       /* guard.h; NULL until something is guarded */
};

/* False: no memory. `heap` must not move afterwards, nor `zones`. `seed` is for what is random. */
bool mm_heap_init(struct mm_heap *heap, struct mm_zones *zones, unsigned n_cpus, uint64_t seed);

/* Returns every frame, whatever is alive. */
void mm_heap_fini(struct mm_heap *heap);

/* The kernel runs on this CPU now. */
static inline void mm_heap_enter_cpu(struct mm_heap *heap, unsigned cpu)
{
    heap->cpu = cpu;
    if (heap->n_closed == 0)
        heap->rack = heap->racks + (size_t)cpu * MM_HEAP_MAX_SETS;
}

/* One reason more, or fewer, for which every call must be seen. */
void mm_heap_close(struct mm_heap *heap);
void mm_heap_open(struct mm_heap *heap);

/* ---- addresses ---- */

static inline void *mm_heap_pointer(const struct mm_heap *heap, uint32_t offset)
{
    return heap->ram + offset;
}

/* At least low_bytes for what does not point into low memory. */
static inline uint64_t mm_heap_offset(const struct mm_heap *heap, const void *object)
{
    return (uint64_t)((const uint8_t *)object - heap->ram);
}

static inline bool mm_heap_is_live(const struct mm_heap *heap, uint64_t offset)
{
    return offset < heap->low_bytes && offset % MM_HEAP_GRANULE == 0 &&
           (heap->live[offset >> 10] >> ((offset >> 4) & 63) & 1);
}

static inline void mm_heap_set_live(struct mm_heap *heap, uint32_t offset)
{
    heap->live[offset >> 10] |= (uint64_t)1 << ((offset >> 4) & 63);
}

static inline void mm_heap_clear_live(struct mm_heap *heap, uint32_t offset)
{
    heap->live[offset >> 10] &= ~((uint64_t)1 << ((offset >> 4) & 63));
}

/* What is known of an object. */
struct mm_heap_object {
    uint32_t offset;        /* of its first byte */
    uint32_t bytes;         /* that its user may use: what was asked for, where that is known */
    uint8_t set;            /* index */
    bool live;              /* else freed: in a slab, a magazine or quarantine */
    struct mm_cache *cache; /* NULL: a run of pages */
};

/* The object that holds `offset`, free ones included; false: no object there. */
bool mm_heap_find(const struct mm_heap *heap, uint64_t offset, struct mm_heap_object *object);

/* Start of the object of a set that holds `offset`; MM_SLAB_NO_OBJECT: none does. */
uint32_t mm_heap_object_start(const struct mm_heap *heap, const struct mm_slab_set *set,
                              uint32_t offset);

/* The live object at or after `offset` in ascending order; false: there is none. Walks all by
 * continuing at object.offset + 1. */
bool mm_heap_next(const struct mm_heap *heap, uint64_t offset, struct mm_heap_object *object);

/* The kernel address that the user of an object has: its physical address, or where its guard
 * pages are; and back: RAM offset of a kernel address in the heap, UINT64_MAX if it is none. */
mmsim_vaddr mm_heap_address(const struct mm_heap *heap, const void *object);
uint64_t mm_heap_locate(const struct mm_heap *heap, mmsim_vaddr address);

/* ---- allocation from a set: what kmalloc and caches are made of ---- */

/* The fast path. NULL: ask mm_heap_alloc_slow(). */
static inline void *mm_heap_pop(struct mm_heap *heap, unsigned set)
{
    struct mm_magazine *magazine = heap->rack[set];
    uint32_t n = magazine->n;
    if (__builtin_expect(n == 0, 0))
        return 0;
    uint32_t offset = magazine->objects[n - 1];
    magazine->n = n - 1;
    mm_heap_set_live(heap, offset);
    return heap->ram + offset;
}

/* The same by way of checks, refills and injected failures. NULL: no memory. n_bytes is what the
 * caller will use, at most what the set serves. */
void *mm_heap_alloc_slow(struct mm_heap *heap, unsigned set, size_t n_bytes);

/* The same for an allocation that was promised: no failure is injected. */
void *mm_heap_alloc_promised(struct mm_heap *heap, unsigned set, size_t n_bytes);

/* Frees any object of the heap. False: it was no live object; reported, nothing changed. */
static inline bool mm_heap_push(struct mm_heap *heap, void *object);
bool mm_heap_free_slow(struct mm_heap *heap, void *object);

static inline bool mm_heap_push(struct mm_heap *heap, void *object)
{
    uint64_t offset = mm_heap_offset(heap, object);
    if (__builtin_expect(offset >= heap->low_bytes, 0))
        return mm_heap_free_slow(heap, object);
    uint64_t *word = &heap->live[offset >> 10];
    uint64_t bits = *word, bit = (uint64_t)1 << ((offset >> 4) & 63);
    struct mm_magazine *magazine = heap->rack[heap->page_map[offset >> MMSIM_PAGE_SHIFT]];
    uint32_t n = magazine->n;
    if (__builtin_expect(!(bits & bit) || (offset & 15) || n >= magazine->capacity, 0))
        return mm_heap_free_slow(heap, object);
    *word = bits & ~bit;
    magazine->objects[n] = (uint32_t)offset;
    magazine->n = n + 1;
    return true;
}

/* One object out of a set's magazine or slabs (MM_SLAB_NO_OBJECT: no memory), and back; neither
 * touches its live bit. */
uint32_t mm_heap_take_one(struct mm_heap *heap, struct mm_slab_set *set);
void mm_heap_put_one(struct mm_heap *heap, struct mm_slab_set *set, uint32_t object);

/* ---- sets ---- */

/* A new set of slabs for a cache; NULL: no memory, or 253 sets exist. */
struct mm_slab_set *mm_heap_add_set(struct mm_heap *heap, const struct mm_slab_layout *layout,
                                    unsigned checks, struct mm_cache *cache);

/* Its magazines must be drained and its slabs gone. */
void mm_heap_drop_set(struct mm_heap *heap, struct mm_slab_set *set);

/* Empties the set's magazines (of all CPUs) into its slabs. */
void mm_heap_drain(struct mm_heap *heap, struct mm_slab_set *set);

/* Objects in use. */
uint64_t mm_heap_n_live(const struct mm_heap *heap, const struct mm_slab_set *set);

/* Empties every magazine and gives every empty slab back; returns the frames given back. */
uint64_t mm_heap_reap(struct mm_heap *heap);

/* ---- large runs: contiguous frames, not rounded to a power of two ---- */

void *mm_heap_alloc_run(struct mm_heap *heap, uint64_t n_frames, unsigned align_order);
uint64_t mm_heap_run_frames(const struct mm_heap *heap, uint32_t offset);

/* The run that begins at `offset`; all of them. */
void mm_heap_free_run(struct mm_heap *heap, uint32_t offset);
void mm_heap_free_runs(struct mm_heap *heap);

/* Cuts or grows a run where it is; false: what follows is in use. */
bool mm_heap_resize_run(struct mm_heap *heap, uint32_t offset, uint64_t n_frames);

/* ---- metadata: zeroed, 16-byte aligned, counted, returned by mm_heap_fini() alone ---- */

void *mm_heap_meta(struct mm_heap *heap, size_t n_bytes);

/* Frames that the heap took or gave back outside of slabs. */
void mm_heap_count_frames(struct mm_heap *heap, int64_t change);

/* ---- figures ---- */

/*
 * Bytes of frames that the heap holds, with 33 bytes each for the maps; now and at most. Left out:
 * the 32 of the free map, which only pages of objects smaller than 64 bytes have.
 */
uint64_t mm_heap_held_bytes(const struct mm_heap *heap);
uint64_t mm_heap_peak_held_bytes(const struct mm_heap *heap);

/* NULL, or a sentence (static storage). */
const char *mm_heap_check(const struct mm_heap *heap);

#endif
