/*
 * zone.h - the frame allocator: zones, fallback between them, and the account of who has what.
 *
 * Two zones: *low*, physical 1 MiB-256 MiB, which the kernel reaches at the same virtual address
 * (its direct map), and *high*, everything else (frame 0 is reserved). Kernel objects and page
 * tables must be low; pages of processes come from high first and fall back to low, so that low
 * memory lasts for what cannot live elsewhere.
 *
 * Allocation never reclaims and never kills: NULL goes up to whoever can decide.
 *
 * Invariants: (1) n_by_use counts the frames of each use, and their sum is the number of frames;
 * (2) n_by_use[FREE] is the sum of the zones' free frames; (3) user frames never exceed user_limit;
 * (4) frames in any use but anon and reserved are low.
 */
#ifndef MM_ALLOC_ZONE_H
#define MM_ALLOC_ZONE_H

#include "alloc/buddy.h"
#include "base/host.h"

#define MM_LOWMEM_START (1 * MMSIM_MIB)
#define MM_LOWMEM_END (256 * MMSIM_MIB)

enum mm_zone_kind { MM_ZONE_LOW, MM_ZONE_HIGH, MM_N_ZONES };

struct mm_zones {
    const struct mm_phys *phys;
    struct mm_frame *table;             /* indexed by pfn; sparse */
    mmsim_pfn n_frames;                 /* one past the highest; entries of the table */
    uint64_t n_ram_frames;              /* frames that are RAM */
    uint64_t user_limit;                /* anon frames allowed; n_ram_frames = no limit */
    uint64_t n_by_use[MM_N_FRAME_USES]; /* RAM frames only; holes are not counted */
    struct mm_buddy zones[MM_N_ZONES];
    /* Told of each block that is taken for anything but pages of processes; may be NULL. */
    void (*on_kernel_block)(void *user, mmsim_pfn first, uint64_t n_frames);
    void *user;
};

/*
 * Builds the frame table over all of RAM. user_limit 0 = no limit. False: no host memory. `zones`
 * must not move afterwards, nor `phys`.
 */
bool mm_zones_init(struct mm_zones *zones, const struct mm_phys *phys, uint64_t user_limit);
void mm_zones_fini(struct mm_zones *zones);

/*
 * A block of 2^order frames for a use, contents as they are: its first frame. Each frame of the
 * block has the use and count 1, and nothing else is set. Anon frames come from high first; all
 * others are low. NULL: none left, the limit for user frames reached, or an order beyond
 * MM_BUDDY_MAX_ORDER.
 */
struct mm_frame *mm_zone_alloc(struct mm_zones *zones, enum mm_frame_use use, unsigned order);

/* Returns a block whose every count is 0 or 1; it becomes free whatever the count. */
void mm_zone_free(struct mm_zones *zones, struct mm_frame *frame, unsigned order);

/* Counting references of an anon frame: put returns true when it was the last and frees it. */
static inline void mm_frame_get(struct mm_frame *frame)
{
    frame->count++;
}
bool mm_frame_put(struct mm_zones *zones, struct mm_frame *frame);

static inline mmsim_pfn mm_frame_pfn(const struct mm_zones *zones, const struct mm_frame *frame)
{
    return (mmsim_pfn)(frame - zones->table);
}

/* The frame of a physical address; NULL if it is no RAM. */
struct mm_frame *mm_zone_frame(const struct mm_zones *zones, mmsim_paddr address);

/* Host pointer to a frame's bytes. */
void *mm_frame_bytes(const struct mm_zones *zones, const struct mm_frame *frame);

/*
 * Walks RAM in ascending order over the frames that are not free, frame 0 included: give the pfn
 * after the last one, from 0. NULL at the end. Takes the time of the frames in use, and a step for
 * each free block.
 */
struct mm_frame *mm_zone_next_used(const struct mm_zones *zones, mmsim_pfn from);

/* NULL, or a sentence (static storage). */
const char *mm_zones_check(const struct mm_zones *zones);

#endif
