/* regions.c - fixed places, and random pages added to them. */
#include "vm/regions.h"

#include "base/rng.h"
#include "paging/layout.h"

static uint64_t pages(struct mm_rng *rng, unsigned n_bits)
{
    uint64_t random = mm_rng_next(rng); /* taken even for 0 bits: regions do not depend on others */
    return (random >> 32 & (((uint64_t)1 << n_bits) - 1)) << MMSIM_PAGE_SHIFT;
}

struct mm_regions mm_regions_place(const struct mmsim_aslr *aslr, uint64_t seed, uint64_t n)
{
    struct mm_regions regions = {.code = MM_LAYOUT_CODE_START,
                                 .heap = MM_LAYOUT_HEAP_START,
                                 .mmap = MM_LAYOUT_MMAP_START,
                                 .shared = MM_LAYOUT_MMAP_START,
                                 .stack_end = MM_LAYOUT_STACK_END};
    if (!aslr->on)
        return regions;
    struct mm_rng rng;
    mm_rng_seed(&rng, mm_rng_mix(seed) ^ n);
    regions.code += pages(&rng, aslr->code_bits);
    regions.heap += pages(&rng, aslr->heap_bits);
    regions.mmap += pages(&rng, aslr->mmap_bits);
    regions.stack_end -= pages(&rng, aslr->stack_bits);
    regions.shared = MM_LAYOUT_RANDOM_SHARED_START + pages(&rng, aslr->shared_bits);
    return regions;
}
