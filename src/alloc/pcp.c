/* pcp.c - batches between a CPU's list and the buddy system. */
#include "alloc/pcp.h"

#include <string.h>

#include "base/assert.h"
#include "base/rng.h"

struct mm_pcp_limits mm_pcp_limits_for(uint64_t n_frames)
{
    const uint64_t most = 512 * MMSIM_KIB / MMSIM_PAGE_SIZE;
    uint64_t share = n_frames / 1024;
    uint64_t batch = (share < most ? share : most) / 4;
    batch += batch / 2;
    uint32_t rounded = 1;
    while (2 * rounded <= batch)
        rounded *= 2;
    rounded = rounded > 2 ? rounded - 1 : 1;
    return (struct mm_pcp_limits){.batch = rounded, .high = MM_PCP_BATCHES * rounded};
}

bool mm_pcp_refill(struct mm_pcp *list, struct mm_pcp_limits *limits, struct mm_buddy *buddy,
                   enum mm_migrate_type type)
{
    MM_ASSERT(list->n == 0, "a list of frames is refilled before it is empty");
    list->n = mm_buddy_set_aside(buddy, type, limits->batch, list->pfns);
    limits->n_refills += list->n > 0;
    return list->n > 0;
}

void mm_pcp_drain(struct mm_pcp *list, struct mm_pcp_limits *limits, struct mm_buddy *buddy,
                  uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        mm_buddy_free(buddy, list->pfns[i], 0);
    list->n -= n;
    memmove(list->pfns, list->pfns + n, list->n * sizeof list->pfns[0]);
    limits->n_drains += n > 0;
}

/* ---- checking ---- */

void mm_pcp_tally_add(struct mm_pcp_tally *tally, mmsim_pfn pfn)
{
    tally->n++;
    tally->fingerprint += mm_rng_mix(pfn);
}

const char *mm_pcp_check(const struct mm_pcp *list, const struct mm_pcp_limits *limits,
                         const struct mm_buddy *buddy, struct mm_pcp_tally *tally)
{
    if (list->n > limits->high)
        return "a CPU's list of frames is longer than its limit (pcp invariant 1)";
    for (uint32_t i = 0; i < list->n; i++) {
        if (!mm_buddy_range_of(buddy, list->pfns[i]))
            return "a CPU's list names a frame of another zone (pcp invariant 2)";
        const struct mm_frame *frame = &buddy->frames[list->pfns[i]];
        if (frame->use != MM_FRAME_FREE || frame->order != MM_FRAME_SET_ASIDE)
            return "a frame on a CPU's list is not set aside (pcp invariant 2)";
        mm_pcp_tally_add(tally, list->pfns[i]);
    }
    return NULL;
}
