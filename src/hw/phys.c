/*
 * phys.c - physical RAM: mapping it, and addresses to host pointers and back.
 */
#include "hw/phys.h"

#include "base/assert.h"
#include "base/host.h"

struct mm_phys mm_phys_plan(uint64_t low_bytes, uint64_t high_bytes)
{
    struct mm_phys phys = {.n_bytes = low_bytes + high_bytes, .n_ranges = 1};
    phys.ranges[0] = (struct mm_phys_range){.start = 0, .end = low_bytes, .offset = 0};
    if (high_bytes > 0)
        phys.ranges[phys.n_ranges++] = (struct mm_phys_range){
            .start = MM_PHYS_HIGH_START,
            .end = MM_PHYS_HIGH_START + high_bytes,
            .offset = low_bytes,
        };
    return phys;
}

bool mm_phys_init_ranges(struct mm_phys *phys, uint64_t low_bytes, uint64_t high_bytes)
{
    MM_ASSERT(low_bytes > 0 && low_bytes <= MM_PHYS_LOW_LIMIT, "RAM does not begin at 0");
    MM_ASSERT(!((low_bytes | high_bytes) & MMSIM_PAGE_MASK), "RAM is not a number of whole pages");
    *phys = mm_phys_plan(low_bytes, high_bytes);
    phys->host = mm_host_reserve(phys->n_bytes);
    return phys->host != NULL;
}

bool mm_phys_init(struct mm_phys *phys, uint64_t n_bytes)
{
    uint64_t low_bytes = mm_phys_low_bytes(n_bytes);
    return mm_phys_init_ranges(phys, low_bytes, n_bytes - low_bytes);
}

void mm_phys_fini(struct mm_phys *phys)
{
    mm_host_release(phys->host, phys->n_bytes);
    *phys = (struct mm_phys){0};
}

uint8_t *mm_phys_host(const struct mm_phys *phys, mmsim_paddr address, size_t n_bytes)
{
    for (unsigned i = 0; i < phys->n_ranges; i++) {
        const struct mm_phys_range *range = &phys->ranges[i];
        if (address >= range->start && address < range->end && n_bytes <= range->end - address)
            return phys->host + range->offset + (address - range->start);
    }
    return NULL;
}

mmsim_paddr mm_phys_address(const struct mm_phys *phys, const void *host)
{
    uint64_t offset = (uint64_t)((const uint8_t *)host - phys->host);
    MM_ASSERT(offset < phys->n_bytes, "a host pointer does not point into RAM");
    unsigned i = phys->n_ranges - 1;
    while (phys->ranges[i].offset > offset)
        i--;
    return phys->ranges[i].start + (offset - phys->ranges[i].offset);
}
