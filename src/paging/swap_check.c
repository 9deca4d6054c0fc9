/* swap_check.c - the invariants of swap.h, counted anew. */
#include "paging/swap.h"

static const char *check_slot(const struct mm_swap *swap, const struct mm_swap_area *area,
                              uint32_t slot)
{
    const struct mm_swap_slot *held = &swap->slots[slot];
    bool is_used = held->count > 0 || (held->marks & MM_SWAP_BAD);
    if (mm_clusters_uses(&area->clusters, slot - area->first) != is_used)
        return "a slot is used that nobody has, or free and counted (swap invariant 1)";
    bool is_one = (held->marks & (held->marks - 1)) == 0;
    if (!is_one || (held->count == 0 && (held->marks & ~(uint32_t)MM_SWAP_BAD)))
        return "a slot is marked as what it cannot be (swap invariant 2)";
    return NULL;
}

static const char *check_area(const struct mm_swap *swap, const struct mm_swap_area *area)
{
    uint32_t n_used = 0, n_bad = 0, n_zero = 0;
    for (uint32_t i = 0; i < area->n_slots; i++) {
        const struct mm_swap_slot *held = &swap->slots[area->first + i];
        const char *broken = check_slot(swap, area, area->first + i);
        if (broken)
            return broken;
        n_used += held->count > 0;
        n_bad += (held->marks & MM_SWAP_BAD) != 0;
        n_zero += (held->marks & MM_SWAP_ZERO) != 0;
    }
    if (n_used != area->n_used || n_bad != area->n_bad || n_zero != area->n_zero)
        return "slots of a swap area are counted wrong (swap invariant 3)";
    if (area->state == MM_SWAP_OFF && n_used > 0)
        return "a swap area that is off has a slot in use (swap invariant 4)";
    if (area->disk.n_queued > 0)
        return "a request for swap has not been waited for (swap invariant 6)";
    const char *broken = mm_clusters_check(&area->clusters);
    return broken ? broken : mm_disk_check(&area->disk);
}

static const char *check_order(const struct mm_swap *swap)
{
    uint32_t seen = 0;
    for (unsigned i = 0; i < swap->n_areas; i++) {
        unsigned number = swap->order[i];
        if (number >= swap->n_areas || (seen >> number & 1))
            return "a swap area is asked twice, or never (swap invariant 5)";
        seen |= (uint32_t)1 << number;
        if (i > 0 && swap->areas[swap->order[i - 1]].priority < swap->areas[number].priority)
            return "a swap area is asked before one of higher priority (swap invariant 5)";
    }
    return NULL;
}

const char *mm_swap_check(const struct mm_swap *swap)
{
    const char *broken = check_order(swap);
    for (unsigned i = 0; i < swap->n_areas && !broken; i++)
        broken = check_area(swap, &swap->areas[i]);
    return broken;
}

const char *mm_swap_check_counts(const struct mm_swap *swap, const uint32_t *expected)
{
    for (uint32_t slot = 0; slot < swap->n_numbers; slot++) {
        if (swap->slots[slot].count != expected[slot])
            return "a slot of swap is not counted as often as it is held (swap.h)";
    }
    return NULL;
}
