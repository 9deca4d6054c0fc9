/*
 * zone.h - the frame allocator: zones, fallback between them, and the account of who has what.
 *
 * Two zones: *low*, physical 1 MiB-256 MiB, which the kernel reaches at the same virtual address
 * (its direct map), and *high*, everything else (frame 0 is reserved). Kernel objects and page
 * tables must be low; pages of processes come from high first and fall back to low, so that low
 * memory lasts for what cannot live elsewhere.
 *
 *   order 0:  CPU's list --(empty: a batch)--> buddy system --> the other CPUs' lists --> next zone
 *   above:    buddy system --> CPUs' lists are drained --> next zone --> compaction (compact.h)
 *
 * Allocation by itself never reclaims, it asks (on_shortage), and never kills: NULL goes up to
 * whoever can decide, and zones->last_failure says why. Memory is exhausted when no frame is free,
 * but for those that mm_zones_reserve() keeps for emergencies.
 *
 * A request of order > 0 may move pages of processes to other frames: nobody holds on to an anon
 * frame across it.
 *
 * Invariants: (1) n_by_use counts the frames of each use, and their sum is the number of frames;
 * (2) n_by_use[FREE] is the sum of the zones' free frames, those on lists of CPUs and in reserves
 * included; (3) user frames, anon and file, never exceed user_limit; (4) frames in any use
 * but anon, file, pool, vmalloc and reserved are low; (5) the frames that are set aside are those
 * on the lists and in the reserves, each once; (6) a reserve holds at most what it was promised,
 * and less only while MM_ZONES_TOP_UP is set.
 */
#ifndef MM_ALLOC_ZONE_H
#define MM_ALLOC_ZONE_H

#include "alloc/buddy.h"
#include "alloc/inject.h"
#include "alloc/pcp.h"
#include "alloc/watermark.h"
#include "base/host.h"

#define MM_LOWMEM_START (1 * MMSIM_MIB)
#define MM_LOWMEM_END (256 * MMSIM_MIB)

enum mm_zone_kind { MM_ZONE_LOW, MM_ZONE_HIGH, MM_N_ZONES };

/* Work on every frame, switched at run time (scrub.h); and states that the fast paths must see. */
enum mm_zones_switch {
    MM_ZONES_ZERO = 1 << 0,     /* frames are filled with zeros when they are allocated */
    MM_ZONES_POISON = 1 << 1,   /* with 0xaa when they are freed, and looked at before reuse */
    MM_ZONES_POISONED = 1 << 2, /* there are poisoned frames; not switchable */
    MM_ZONES_TOP_UP = 1 << 3    /* a reserve lacks frames; not switchable */
};

/* Why a request could not be met. */
enum mm_zone_reason {
    MM_ZONE_NO_FAILURE,
    MM_ZONE_NO_FRAMES,  /* fewer frames are free than were asked for */
    MM_ZONE_FRAGMENTED, /* enough are free, but not together, and compaction could not help */
    MM_ZONE_USER_LIMIT,
    MM_ZONE_TOO_LARGE, /* beyond the largest order */
    MM_ZONE_INJECTED   /* zones->inject said so */
};

/* Why compaction gave no block, and what stood in the way (compact.h). */
enum mm_compact_end {
    MM_COMPACT_NOT_TRIED,
    MM_COMPACT_DONE,
    MM_COMPACT_PINNED,   /* every candidate holds frames that cannot move */
    MM_COMPACT_NO_ROOM,  /* the frames that can move have nowhere to go */
    MM_COMPACT_NO_MOVER, /* nobody has installed move_frames */
    MM_COMPACT_REFUSED   /* a frame was found to be in use by more than its mappings */
};

struct mm_compact_result {
    enum mm_compact_end end;
    mmsim_pfn pfn;      /* of the block, if done */
    uint64_t n_moved;   /* frames */
    uint64_t n_refused; /* frames that move_frames left where they were */
    uint64_t n_blocks;  /* candidates: aligned places for a block of the order */
    uint64_t n_pinned;  /* of these, those that cannot be emptied */
    uint64_t
        n_pinned_by[MM_N_FRAME_USES]; /* of these, by the uses that pin them; FREE: set aside */
};

/* The picture of a zone when a request failed. */
struct mm_zone_failure {
    enum mm_zone_reason reason;
    enum mm_frame_use use;
    enum mm_zone_kind zone; /* the one tried last */
    unsigned order;
    uint64_t n_frames; /* asked for; 2^order unless it was a run */
    const char *site;  /* zones->site; may be NULL */
    uint64_t n_free;   /* frames in blocks of that zone */
    uint64_t n_set_aside;
    uint32_t n_blocks[MM_N_MIGRATE_TYPES][MM_BUDDY_N_ORDERS]; /* free blocks */
    uint64_t largest;                                         /* frames of the largest one */
    struct mm_compact_result compaction;
};

/* Frames to be moved: those of [first, first + n_frames) for which to[i] is not MM_NO_PFN. */
struct mm_frame_moves {
    mmsim_pfn first;
    mmsim_pfn n_frames;
    mmsim_pfn to[1 << MM_BUDDY_MAX_ORDER];
    bool moved[1 << MM_BUDDY_MAX_ORDER]; /* for the mover to say */
};

/* Frames kept back for requests that must not fail, and how many were promised. */
struct mm_zone_reserve {
    uint64_t n, promised;
    uint32_t head; /* pfn, linked by `next`; MM_NO_PFN */
};

/* The lists of one CPU. Sizes are powers of two, so that a list is found by shifts. */
struct mm_pcp_set {
    struct mm_pcp lists[MM_N_ZONES][MM_N_MIGRATE_TYPES + 1]; /* the last one is not used */
};
_Static_assert(sizeof(struct mm_pcp_set) == 8192, "lists are found by shifts");

struct mm_zones {
    /* What every request looks at. */
    struct mm_frame *table;  /* indexed by pfn; sparse */
    struct mm_pcp_set *pcps; /* MMSIM_MAX_CPUS of them; sparse */
    uint32_t cpu;            /* on which the kernel runs now: whoever enters it sets this */
    uint32_t n_cpus;         /* that have lists; 1 unless it is set */
    uint32_t switches;       /* enum mm_zones_switch; see mm_zones_set_switches() */
    struct mm_inject inject;
    uint64_t user_limit;                /* anon and file frames allowed; n_ram_frames = no limit */
    uint64_t n_by_use[MM_N_FRAME_USES]; /* RAM frames only; holes are not counted */
    struct mm_pcp_limits pcp_limits[MM_N_ZONES];
    struct mm_buddy zones[MM_N_ZONES];

    const struct mm_phys *phys;
    mmsim_pfn n_frames;             /* one past the highest; entries of the table */
    uint64_t n_ram_frames;          /* frames that are RAM */
    uint64_t n_managed[MM_N_ZONES]; /* frames of the zone, free or not */
    struct mm_watermarks marks[MM_N_ZONES];
    enum mm_pressure pressure[MM_N_ZONES];
    struct mm_zone_reserve reserves[MM_N_ZONES];
    uint64_t *poisoned; /* a bit a frame (scrub.h); sparse */
    uint64_t n_poisoned;
    size_t n_host_bytes; /* of the mapping that begins with the table */

    const char *site; /* label of whoever asks now, for inject and failures; may be NULL */
    uint64_t n_failures;
    struct mm_zone_failure last_failure;
    uint64_t n_compactions, n_compacted_frames; /* tried; frames moved */

    /* Told of each block that is taken for anything but pages of processes; may be NULL. */
    void (*on_kernel_block)(void *user, mmsim_pfn first, uint64_t n_frames);
    void *user;
    /* Told when a request takes a zone below a mark, after it has been served; may be NULL. */
    void (*on_pressure)(void *user, enum mm_zone_kind zone, enum mm_pressure pressure);
    void *pressure_user;
    /* Told of the first byte of a free frame that somebody wrote to, before the frame is poisoned
     * again; may be NULL. */
    void (*on_corruption)(void *user, mmsim_pfn pfn, uint32_t offset, uint8_t found);
    void *corruption_user;
    /* Installed by the layer that has the page tables: copies each frame and makes every entry name
     * the new one, flushes included (paging/migrate.h). NULL: nothing can be moved. */
    void (*move_frames)(void *user, struct mm_frame_moves *moves);
    void *move_user;
    /* Asked when a request finds no free frames, or the limit for user frames reached: gives back
     * what it can do without, and says whether that was anything. It allocates nothing, and frees
     * no heap object: the heap may be the one that asks. May be NULL. */
    bool (*on_shortage)(void *user, enum mm_zone_reason reason);
    void *shortage_user;
};

/*
 * Builds the frame table over all of RAM. user_limit 0 = no limit. False: no host memory. `zones`
 * must not move afterwards, nor `phys`. For more than one CPU set n_cpus afterwards.
 */
bool mm_zones_init(struct mm_zones *zones, const struct mm_phys *phys, uint64_t user_limit);
void mm_zones_fini(struct mm_zones *zones);

/*
 * A block of 2^order frames for a use: its head, with the use, the order, count 1 and nothing else
 * set; contents as they are, unless MM_ZONES_ZERO. What may be high comes from there first
 * (mm_use_may_be_high()); all else is low. NULL: none left, the limit for user frames reached, an
 * injected failure, or an order beyond MM_BUDDY_MAX_ORDER.
 */
struct mm_frame *mm_zone_alloc(struct mm_zones *zones, enum mm_frame_use use, unsigned order);

/* Returns a block as mm_zone_alloc() gave it; its count is 0 or 1 and does not matter. */
void mm_zone_free(struct mm_zones *zones, struct mm_frame *frame, unsigned order);

/* Counting references of an anon frame: put returns true when it was the last and frees it. A file
 * frame is never put for the last time: its object frees it. */
static inline void mm_frame_get(struct mm_frame *frame)
{
    frame->count++;
}
bool mm_frame_put(struct mm_zones *zones, struct mm_frame *frame);

/* A block in use becomes single frames in the same use, each with the block's count. */
void mm_zone_split(struct mm_zones *zones, struct mm_frame *head);

/* Returns every frame on the lists of all CPUs to the buddy systems; how many there were. */
uint64_t mm_zones_drain(struct mm_zones *zones);

/* Turns MM_ZONES_ZERO and MM_ZONES_POISON on or off. */
void mm_zones_set_switches(struct mm_zones *zones, unsigned switches);

/* ---- reserves ---- */

/*
 * Promises that n frames of a zone will be there for mm_zone_alloc_emergency(): keeps them back
 * from all other requests. It replaces the last promise; 0 ends it. Freed frames fill what was used
 * of it first. False: fewer frames are free, nothing changed.
 */
bool mm_zones_reserve(struct mm_zones *zones, enum mm_zone_kind zone, uint64_t n);

/* Like mm_zone_alloc() of order 0, and from the reserve when nothing else is left. The limit for
 * user frames holds for emergencies, too. */
struct mm_frame *mm_zone_alloc_emergency(struct mm_zones *zones, enum mm_frame_use use);

/* ---- frames ---- */

static inline mmsim_pfn mm_frame_pfn(const struct mm_zones *zones, const struct mm_frame *frame)
{
    return (mmsim_pfn)(frame - zones->table);
}

/* Frames 256..65535; one comparison. */
static inline enum mm_zone_kind mm_pfn_zone(mmsim_pfn pfn)
{
    const mmsim_pfn start = MM_LOWMEM_START >> MMSIM_PAGE_SHIFT;
    const mmsim_pfn end = MM_LOWMEM_END >> MMSIM_PAGE_SHIFT;
    return pfn - start < end - start ? MM_ZONE_LOW : MM_ZONE_HIGH;
}

/* What is reached through page tables may lie anywhere; all else is in the kernel's direct map. */
static inline bool mm_use_may_be_high(enum mm_frame_use use)
{
    return use == MM_FRAME_ANON || use == MM_FRAME_FILE || use == MM_FRAME_POOL ||
           use == MM_FRAME_VMALLOC;
}

/* Kernel frames stay where they are; those of files too, but they can be had back. */
static inline enum mm_migrate_type mm_use_type(enum mm_frame_use use)
{
    if (use == MM_FRAME_ANON)
        return MM_MOVABLE;
    return use == MM_FRAME_FILE ? MM_RECLAIMABLE : MM_UNMOVABLE;
}

/* Pages of processes: what the limit for user frames is about. */
static inline bool mm_use_is_user(enum mm_frame_use use)
{
    return use == MM_FRAME_ANON || use == MM_FRAME_FILE;
}

static inline uint64_t mm_zones_n_user(const struct mm_zones *zones)
{
    return zones->n_by_use[MM_FRAME_ANON] + zones->n_by_use[MM_FRAME_FILE];
}

/* What nobody else than processes writes to, now or later. */
static inline bool mm_use_is_kernel(enum mm_frame_use use)
{
    return !mm_use_is_user(use) && use != MM_FRAME_POOL;
}

/* The frame of a physical address; NULL if it is no RAM. Its entry means something if it is the
 * head of its block, as every page of a process and every page table is. */
struct mm_frame *mm_zone_frame(const struct mm_zones *zones, mmsim_paddr address);

/* The head of the block that holds a physical address, whatever the block's size; NULL: no RAM. A
 * frame that was never used reads as reserved. */
struct mm_frame *mm_zone_block(const struct mm_zones *zones, mmsim_paddr address);

/* Host pointer to the bytes of a frame, and of what follows in its block. */
void *mm_frame_bytes(const struct mm_zones *zones, const struct mm_frame *frame);

/*
 * Walks RAM in ascending order over the blocks that are not free, frame 0 included: the head of the
 * first one that starts at or after `from`; NULL at the end. Begin at 0 and continue at any frame
 * after the head. Takes the time of the blocks.
 */
struct mm_frame *mm_zone_next_used(const struct mm_zones *zones, mmsim_pfn from);

/* How near a zone is to its end. */
enum mm_pressure mm_zones_pressure(const struct mm_zones *zones, enum mm_zone_kind zone);

/* NULL, or a sentence (static storage). */
const char *mm_zones_check(const struct mm_zones *zones);

#endif
