/*
 * swap.h - swap areas: places for pages that have left memory, on block devices of their own.
 *
 * A slot holds one page. Its number names it among the slots of all areas: an area has the numbers
 * from `first` on, a multiple of 256. An absent page-table entry holds the number as a page base.
 *
 *   free --alloc--> counted --write--> STORED, or ZERO --write--> the same, with new contents
 *     ^                |                     |
 *     +--put, the last-+---------------------+
 *
 *   counted --write fails--> BAD, counted --put, the last--> BAD, and never free again
 *
 * A slot is counted once for each page-table entry that names it, and once while the swap cache
 * does: mm_swap_dup() and mm_swap_put(). A page that is all zeros is only marked: no request. To
 * find that out costs no simulated time; to fill a page again is the work ZERO_PAGE.
 *
 * Slots come from the area of the highest priority that is on and has one. Areas of equal priority
 * take turns: one as many slots as a request moves, so that pages which leave one after the other
 * still lie side by side (swap_clusters.h).
 *
 * Requests are waited for: when a function returns, the clock has passed what it took, and what
 * failed is known. So a page that could not be written is still in memory, and one that could not
 * be read takes down only who wanted it. Reading ahead is the caller's: mm_swap_window() says what
 * lies beside a slot, and one request brings as much of it as the caller has frames for.
 *
 * All host memory is taken at the beginning: 16 bytes a slot and 57 a cluster, 4.1 MiB for 1 GiB.
 *
 * Sources: Linux mm/swapfile.c, mm/page_io.c, mm/swap_state.c; swapon(2).
 *
 * Invariants: (1) a slot is used in its area's clusters exactly if it is counted or bad; (2) only a
 * counted slot is STORED or ZERO, never both, and a bad one is neither; (3) n_used counts slots
 * that are counted, n_bad those that are bad, n_zero those that are ZERO; (4) an area that is off
 * has no counted slot; (5) `order` holds each area once, by falling priority; (6) no request is
 * under way between two calls.
 */
#ifndef MM_PAGING_SWAP_H
#define MM_PAGING_SWAP_H

#include <mmsim/policy.h>

#include "base/host.h"
#include "hw/disk.h"
#include "paging/swap_clusters.h"

enum {
    MM_SWAP_MAX_AREAS = 32,                /* Linux: MAX_SWAPFILES_SHIFT 5 */
    MM_SWAP_TURN = MM_DISK_REQUEST_BLOCKS, /* slots, before an equal area has its turn */
    MM_SWAP_REQUEST_SLOTS = MM_DISK_REQUEST_BLOCKS,
    MM_SWAP_PAGE_CLUSTER = 3,    /* Linux: vm.page-cluster */
    MM_SWAP_MAX_PAGE_CLUSTER = 5 /* one request: 32 slots */
};

/* What a page-table entry of 32-bit paging has room for: 20 bits, 4 GiB of swap. */
#define MM_SWAP_MAX_SLOTS_32BIT (UINT32_C(1) << 20)
/* And under PAE: as many as there are frames in 36 bits of physical address, 64 GiB. */
#define MM_SWAP_MAX_SLOTS_PAE (UINT32_C(1) << 24)

/* What is known of a slot's contents. */
enum mm_swap_mark {
    MM_SWAP_STORED = 1, /* the device has them */
    MM_SWAP_ZERO = 2,   /* all zeros; the device has something else */
    MM_SWAP_BAD = 4     /* a write to it failed: it is not used again */
};

struct mm_swap_slot {
    uint32_t count;  /* references; 0: free, or bad and left */
    mmsim_page page; /* the page's number for policies; MMSIM_NO_PAGE: the caller gave none */
    uint32_t shadow; /* what the caller remembers of its eviction; 0 at first */
    uint32_t marks;  /* enum mm_swap_mark */
};

enum mm_swap_state {
    MM_SWAP_OFF,
    MM_SWAP_ON,
    MM_SWAP_EMPTYING /* being turned off: it gives no slots, those in use may be read */
};

/* What came of a transfer. */
enum mm_swap_result { MM_SWAP_OK, MM_SWAP_IO_ERROR };

/* Counts since the beginning; pages, but for the errors: requests. */
struct mm_swap_stats {
    uint64_t in, out;           /* from and to a device */
    uint64_t zero_in, zero_out; /* filled with zeros; found to be all zeros */
    uint64_t read_errors, write_errors;
};

struct mm_swap_area {
    struct mm_disk disk;
    struct mm_clusters clusters;
    uint32_t first, n_slots; /* numbers first..first + n_slots - 1 */
    int priority;
    enum mm_swap_state state;
    uint32_t n_turn; /* slots of this turn so far */
    uint32_t n_used, n_bad, n_zero;
    struct mm_swap_stats stats;
    bool write_failed; /* the last one */
};

struct mm_swap_area_setup {
    struct mmsim_disk device; /* bytes: a multiple of the page size */
    int priority;             /* higher first */
};

struct mm_swap_setup {
    struct mm_host *host;
    const struct mm_swap_area_setup *areas;
    unsigned n_areas;            /* 0: no swap, every mm_swap_alloc() finds it full */
    uint32_t max_slots;          /* numbers are below: MM_SWAP_MAX_SLOTS_... */
    unsigned page_cluster;       /* windows have 2^page_cluster slots; 0: no reading ahead */
    uint64_t (*now)(void *user); /* simulated time */
    void *user;
    struct mm_clock *clock; /* charged with what is waited for */
};

struct mm_swap {
    struct mm_host *host;
    struct mm_clock *clock;
    struct mm_swap_area *areas;
    unsigned n_areas;
    uint32_t n_numbers; /* slot numbers are below; some name no slot */
    unsigned page_cluster;
    struct mm_swap_slot *slots; /* by number */
    struct mm_cluster *clusters;
    uint8_t *area_of_cluster;                     /* by number / 256 */
    uint8_t order[MM_SWAP_MAX_AREAS];             /* areas in the order in which they are asked */
    struct mm_disk_trap traps[MM_N_DISK_MISHAPS]; /* of all areas' disks */
};

/* ---- life ---- */

enum mm_swap_refusal {
    MM_SWAP_READY,
    MM_SWAP_NO_HOST_MEMORY,
    MM_SWAP_BAD_FILE, /* enum mm_disk_refusal; n_areas says which area's */
    MM_SWAP_TOO_LARGE /* max_slots numbers are not enough for all areas */
};

/* All areas are on. It must not move afterwards. After a refusal nothing is held. */
enum mm_swap_refusal mm_swap_init(struct mm_swap *swap, const struct mm_swap_setup *setup);

/* Whatever the slots hold is gone. Zeroed memory, or after a refusal: does nothing. */
void mm_swap_fini(struct mm_swap *swap);

/* ---- slots ---- */

/* A slot with one reference and nothing in it; MM_NO_SLOT: swap is full. After the slot that came
 * from the same area before it, unless that is in use or was the last of its cluster. */
uint32_t mm_swap_alloc(struct mm_swap *swap);

/* One more reference to a slot that has one. */
void mm_swap_dup(struct mm_swap *swap, uint32_t slot);

/* One less; returns how many are left. At 0 the slot is free or, if bad, out of use. Its words can
 * be read until it is taken again. */
uint32_t mm_swap_put(struct mm_swap *swap, uint32_t slot);

static inline uint32_t mm_swap_count(const struct mm_swap *swap, uint32_t slot)
{
    return swap->slots[slot].count;
}

/* Whether it can be read: a write of it has succeeded, and none has failed since. */
static inline bool mm_swap_is_filled(const struct mm_swap *swap, uint32_t slot)
{
    return swap->slots[slot].marks & (MM_SWAP_STORED | MM_SWAP_ZERO);
}

static inline bool mm_swap_is_bad(const struct mm_swap *swap, uint32_t slot)
{
    return swap->slots[slot].marks & MM_SWAP_BAD;
}

/* The two words that a slot keeps for its page. */
static inline mmsim_page mm_swap_page(const struct mm_swap *swap, uint32_t slot)
{
    return swap->slots[slot].page;
}

static inline void mm_swap_set_page(struct mm_swap *swap, uint32_t slot, mmsim_page page)
{
    swap->slots[slot].page = page;
}

static inline uint32_t mm_swap_shadow(const struct mm_swap *swap, uint32_t slot)
{
    return swap->slots[slot].shadow;
}

static inline void mm_swap_set_shadow(struct mm_swap *swap, uint32_t slot, uint32_t shadow)
{
    swap->slots[slot].shadow = shadow;
}

/* What an absent page-table entry holds, and back. */
static inline mmsim_paddr mm_swap_base(uint32_t slot)
{
    return (mmsim_paddr)slot << MMSIM_PAGE_SHIFT;
}

static inline uint32_t mm_swap_slot_of(mmsim_paddr base)
{
    return (uint32_t)(base >> MMSIM_PAGE_SHIFT);
}

static inline unsigned mm_swap_area_of(const struct mm_swap *swap, uint32_t slot)
{
    return swap->area_of_cluster[slot >> MM_CLUSTER_SHIFT];
}

/* ---- contents (swap_io.c) ---- */

/*
 * Writes pages[i] to slot + i, for i < n <= MM_SWAP_REQUEST_SLOTS; all lie in one area and are
 * counted. NULL: that slot is passed over, and may be anybody's. All go in one request: the device
 * seeks once and is paid for the pages that it moves; pages of zeros are marked, without it.
 * IO_ERROR: what was to be moved was not, and those slots are bad, also if they held something; or
 * one was bad before, and nothing has changed.
 */
enum mm_swap_result mm_swap_write(struct mm_swap *swap, uint32_t slot, unsigned n,
                                  const uint8_t *const pages[]);

/*
 * Reads the same way, and fills pages of zeros without the device. Each slot that is not passed
 * over is filled or bad. IO_ERROR: the pages hold anything, the slots what they held; a bad slot is
 * refused so before any request.
 */
enum mm_swap_result mm_swap_read(struct mm_swap *swap, uint32_t slot, unsigned n,
                                 uint8_t *const pages[]);

/* The bytes of a filled slot, past all requests: free, and never failing. */
void mm_swap_look(const struct mm_swap *swap, uint32_t slot, uint8_t *page);

/* Has requests fail from now on, counted over all areas; a rule of zeros ends that. READ_FAILS or
 * WRITE_FAILS. How often the last rule struck. Pages of zeros make no request. */
uint64_t mm_swap_inject(struct mm_swap *swap, enum mm_disk_mishap mishap,
                        const struct mm_disk_rule *rule);

/* What a request around a slot could bring: the aligned 2^page_cluster slots that it is among. */
struct mm_swap_window {
    uint32_t first;  /* slot */
    unsigned n;      /* slots, up to the end of the area */
    uint32_t filled; /* bit i: slot first + i can be read */
};

/* Of a slot that is counted. */
struct mm_swap_window mm_swap_window(const struct mm_swap *swap, uint32_t slot);

/* ---- turning areas off, and on ---- */

/* From now on the area gives no slots; those in use stay. It is on. */
void mm_swap_off_begin(struct mm_swap *swap, unsigned area);

/* The area's first counted slot from number `from` on, or from its first; MM_NO_SLOT: none. */
uint32_t mm_swap_next_used(const struct mm_swap *swap, unsigned area, uint32_t from);

/* The area is off. False: slots are counted, it is still being emptied. */
bool mm_swap_off_finish(struct mm_swap *swap, unsigned area);

/* It is on again, whether it was off or being emptied. Bad slots stay bad. */
void mm_swap_on(struct mm_swap *swap, unsigned area);

/* ---- figures ---- */

/* Slots of areas that are on, bad ones left out; of these, not in use. */
uint64_t mm_swap_size(const struct mm_swap *swap);
uint64_t mm_swap_free(const struct mm_swap *swap);

/* Slots that are counted, whatever their area's state. */
uint64_t mm_swap_used(const struct mm_swap *swap);

/* Sums over all areas. */
struct mm_swap_stats mm_swap_get_stats(const struct mm_swap *swap);

/* NULL, or a sentence (static storage). */
const char *mm_swap_check(const struct mm_swap *swap);

/* Compares each count with that of `expected`, by number, n_numbers of them. The same. */
const char *mm_swap_check_counts(const struct mm_swap *swap, const uint32_t *expected);

#endif
