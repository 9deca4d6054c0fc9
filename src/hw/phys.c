/* phys.c - laying RAM out around the hole below 4 GiB. */
#include "hw/phys.h"

#include <stddef.h>

#include "base/host.h"

bool mm_phys_init(struct mm_phys *phys, uint64_t n_bytes)
{
    uint64_t low = n_bytes < MM_PHYS_LOW_LIMIT ? n_bytes : MM_PHYS_LOW_LIMIT;
    *phys = (struct mm_phys){.host = mm_host_reserve(n_bytes), .n_bytes = n_bytes, .n_ranges = 1};
    phys->ranges[0] = (struct mm_phys_range){.start = 0, .end = low, .offset = 0};
    if (n_bytes > low) {
        phys->n_ranges = 2;
        phys->ranges[1] = (struct mm_phys_range){.start = MM_PHYS_HIGH_START,
                                                 .end = MM_PHYS_HIGH_START + (n_bytes - low),
                                                 .offset = low};
    }
    return phys->host != NULL;
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
