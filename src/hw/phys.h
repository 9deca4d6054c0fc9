/*
 * phys.h - physical RAM: a list of ranges over one sparse host mapping.
 *
 * RAM fills physical 0-3 GiB; what is more starts again at 4 GiB, above the hole where devices
 * live. The ranges lie one behind the other in the host mapping, so a physical address is turned
 * into a host pointer by one comparison and one addition a range.
 *
 *   physical   0            3 GiB    4 GiB
 *              |---- low ----|  hole  |---- high ...
 *   host       |---- low ----|---- high ...
 *
 * Invariants: (1) ranges ascend and do not overlap; (2) each starts and ends at a page.
 */
#ifndef MM_HW_PHYS_H
#define MM_HW_PHYS_H

#include <mmsim/types.h>

#define MM_PHYS_LOW_LIMIT (3 * MMSIM_GIB)
#define MM_PHYS_HIGH_START (4 * MMSIM_GIB)

struct mm_phys_range {
    mmsim_paddr start, end; /* end exclusive */
    uint64_t offset;        /* of `start` in the host mapping */
};

struct mm_phys {
    uint8_t *host;
    uint64_t n_bytes;
    unsigned n_ranges;
    struct mm_phys_range ranges[2];
};

/* Where n_bytes of RAM lie; nothing is mapped, `host` is NULL. */
struct mm_phys mm_phys_plan(uint64_t low_bytes, uint64_t high_bytes);

/* How many of n_bytes of RAM lie below the hole. */
static inline uint64_t mm_phys_low_bytes(uint64_t n_bytes)
{
    return n_bytes < MM_PHYS_LOW_LIMIT ? n_bytes : MM_PHYS_LOW_LIMIT;
}

/* Maps n_bytes of RAM (a multiple of the page size). False: the host has no room. */
bool mm_phys_init(struct mm_phys *phys, uint64_t n_bytes);

/* The same with RAM of chosen sizes from 0 and from 4 GiB; low_bytes at most MM_PHYS_LOW_LIMIT. */
bool mm_phys_init_ranges(struct mm_phys *phys, uint64_t low_bytes, uint64_t high_bytes);
void mm_phys_fini(struct mm_phys *phys);

/* Host pointer to n_bytes at `address`; NULL unless all of them are RAM of one range. */
uint8_t *mm_phys_host(const struct mm_phys *phys, mmsim_paddr address, size_t n_bytes);

/* Physical address of a host pointer into RAM: the inverse of mm_phys_host(). */
mmsim_paddr mm_phys_address(const struct mm_phys *phys, const void *host);

/* One past the highest frame number. */
static inline mmsim_pfn mm_phys_n_frames(const struct mm_phys *phys)
{
    return (mmsim_pfn)(phys->ranges[phys->n_ranges - 1].end >> MMSIM_PAGE_SHIFT);
}

#endif
