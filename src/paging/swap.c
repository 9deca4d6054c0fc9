/* swap.c - areas and their slots: who gives one, who holds it, and turning areas off. */
#include "paging/swap.h"

#include "base/assert.h"

/* ---- life ---- */

/* Numbers the areas' slots; false: there are not so many numbers. */
static bool number_areas(struct mm_swap *swap, const struct mm_swap_setup *setup)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < setup->n_areas; i++) {
        struct mm_swap_area *area = &swap->areas[i];
        uint64_t n_slots = setup->areas[i].device.bytes >> MMSIM_PAGE_SHIFT;
        if (n_slots > setup->max_slots - next)
            return false;
        area->first = (uint32_t)next;
        area->n_slots = (uint32_t)n_slots;
        area->priority = setup->areas[i].priority;
        area->state = MM_SWAP_ON;
        next += (uint64_t)mm_clusters_count(n_slots) << MM_CLUSTER_SHIFT;
        if (next > setup->max_slots)
            return false;
    }
    swap->n_numbers = (uint32_t)next;
    return true;
}

/* By falling priority; equal ones as they were given. */
static void order_areas(struct mm_swap *swap)
{
    for (unsigned i = 0; i < swap->n_areas; i++) {
        unsigned at = i;
        for (; at > 0; at--) {
            if (swap->areas[swap->order[at - 1]].priority >= swap->areas[i].priority)
                break;
            swap->order[at] = swap->order[at - 1];
        }
        swap->order[at] = (uint8_t)i;
    }
}

static uint32_t n_clusters(const struct mm_swap *swap)
{
    return swap->n_numbers >> MM_CLUSTER_SHIFT;
}

static bool take_memory(struct mm_swap *swap)
{
    struct mm_host *host = swap->host;
    swap->slots = mm_host_alloc(host, swap->n_numbers * sizeof *swap->slots);
    swap->clusters = mm_host_alloc(host, n_clusters(swap) * sizeof *swap->clusters);
    swap->area_of_cluster = mm_host_alloc(host, n_clusters(swap));
    return swap->slots && swap->clusters && swap->area_of_cluster;
}

static void note_write(void *user, const struct mm_disk_write *write, bool ok)
{
    (void)write;
    struct mm_swap_area *area = user;
    area->write_failed = !ok;
}

static enum mm_disk_refusal open_area(struct mm_swap *swap, unsigned number,
                                      const struct mm_swap_setup *setup)
{
    struct mm_swap_area *area = &swap->areas[number];
    uint32_t first_cluster = area->first >> MM_CLUSTER_SHIFT;
    mm_clusters_init(&area->clusters, swap->clusters + first_cluster, area->n_slots);
    for (uint32_t i = 0; i < area->clusters.n_clusters; i++)
        swap->area_of_cluster[first_cluster + i] = (uint8_t)number;
    const struct mm_disk_setup disk = {.config = &setup->areas[number].device,
                                       .now = setup->now,
                                       .user = setup->user,
                                       .clock = setup->clock,
                                       .traps = swap->traps};
    enum mm_disk_refusal refusal = mm_disk_init(&area->disk, &disk);
    area->disk.done = note_write;
    area->disk.done_user = area;
    return refusal;
}

static enum mm_swap_refusal refuse(struct mm_swap *swap, enum mm_swap_refusal why, unsigned area)
{
    mm_swap_fini(swap);
    swap->n_areas = area;
    return why;
}

enum mm_swap_refusal mm_swap_init(struct mm_swap *swap, const struct mm_swap_setup *setup)
{
    MM_ASSERT(setup->n_areas <= MM_SWAP_MAX_AREAS, "more areas of swap than there may be");
    MM_ASSERT(setup->page_cluster <= MM_SWAP_MAX_PAGE_CLUSTER, "a window of more than a request");
    *swap = (struct mm_swap){.host = setup->host,
                             .clock = setup->clock,
                             .n_areas = setup->n_areas,
                             .page_cluster = setup->page_cluster};
    swap->areas = mm_host_alloc(swap->host, setup->n_areas * sizeof *swap->areas);
    if (!swap->areas)
        return refuse(swap, MM_SWAP_NO_HOST_MEMORY, 0);
    if (!number_areas(swap, setup))
        return refuse(swap, MM_SWAP_TOO_LARGE, 0);
    if (!take_memory(swap))
        return refuse(swap, MM_SWAP_NO_HOST_MEMORY, 0);
    for (uint32_t slot = 0; slot < swap->n_numbers; slot++)
        swap->slots[slot].page = MMSIM_NO_PAGE;
    for (unsigned i = 0; i < swap->n_areas; i++) {
        enum mm_disk_refusal refusal = open_area(swap, i, setup);
        if (refusal == MM_DISK_BAD_FILE)
            return refuse(swap, MM_SWAP_BAD_FILE, i);
        if (refusal)
            return refuse(swap, MM_SWAP_NO_HOST_MEMORY, i);
    }
    order_areas(swap);
    return MM_SWAP_READY;
}

void mm_swap_fini(struct mm_swap *swap)
{
    if (!swap->areas)
        return;
    for (unsigned i = 0; i < swap->n_areas; i++)
        mm_disk_fini(&swap->areas[i].disk);
    mm_host_free(swap->host, swap->area_of_cluster, n_clusters(swap));
    mm_host_free(swap->host, swap->clusters, n_clusters(swap) * sizeof *swap->clusters);
    mm_host_free(swap->host, swap->slots, swap->n_numbers * sizeof *swap->slots);
    mm_host_free(swap->host, swap->areas, swap->n_areas * sizeof *swap->areas);
    *swap = (struct mm_swap){0};
}

/* ---- slots ---- */

static struct mm_swap_slot *counted(const struct mm_swap *swap, uint32_t slot)
{
    MM_ASSERT(slot < swap->n_numbers && swap->slots[slot].count > 0,
              "a slot of swap is named that nobody has (swap invariant 1)");
    return &swap->slots[slot];
}

/* The area that is asked as number `at` goes behind its equals. */
static void end_turn(struct mm_swap *swap, unsigned at)
{
    uint8_t number = swap->order[at];
    struct mm_swap_area *area = &swap->areas[number];
    area->n_turn = 0;
    for (; at + 1 < swap->n_areas; at++) {
        if (swap->areas[swap->order[at + 1]].priority != area->priority)
            break;
        swap->order[at] = swap->order[at + 1];
    }
    swap->order[at] = number;
}

uint32_t mm_swap_alloc(struct mm_swap *swap)
{
    for (unsigned i = 0; i < swap->n_areas; i++) {
        struct mm_swap_area *area = &swap->areas[swap->order[i]];
        if (area->state != MM_SWAP_ON || area->clusters.n_free == 0)
            continue;
        uint32_t slot = area->first + mm_clusters_take(&area->clusters);
        swap->slots[slot] = (struct mm_swap_slot){.count = 1, .page = MMSIM_NO_PAGE};
        area->n_used++;
        if (++area->n_turn == MM_SWAP_TURN)
            end_turn(swap, i);
        return slot;
    }
    return MM_NO_SLOT;
}

void mm_swap_dup(struct mm_swap *swap, uint32_t slot)
{
    struct mm_swap_slot *held = counted(swap, slot);
    MM_ASSERT(held->count < UINT32_MAX, "too many references to a slot of swap");
    held->count++;
}

uint32_t mm_swap_put(struct mm_swap *swap, uint32_t slot)
{
    struct mm_swap_slot *held = counted(swap, slot);
    if (--held->count > 0)
        return held->count;
    struct mm_swap_area *area = &swap->areas[mm_swap_area_of(swap, slot)];
    area->n_used--;
    area->n_zero -= (held->marks & MM_SWAP_ZERO) != 0;
    held->marks &= MM_SWAP_BAD;
    if (!held->marks)
        mm_clusters_give(&area->clusters, slot - area->first);
    return 0;
}

struct mm_swap_window mm_swap_window(const struct mm_swap *swap, uint32_t slot)
{
    const struct mm_swap_area *area = &swap->areas[mm_swap_area_of(swap, slot)];
    uint32_t most = (uint32_t)1 << swap->page_cluster;
    struct mm_swap_window window = {.first = slot & ~(most - 1)};
    uint32_t rest = area->first + area->n_slots - window.first;
    window.n = most < rest ? most : rest;
    for (unsigned i = 0; i < window.n; i++)
        window.filled |= (uint32_t)mm_swap_is_filled(swap, window.first + i) << i;
    return window;
}

/* ---- turning areas off, and on ---- */

void mm_swap_off_begin(struct mm_swap *swap, unsigned area)
{
    MM_ASSERT(swap->areas[area].state == MM_SWAP_ON, "an area of swap is turned off twice");
    swap->areas[area].state = MM_SWAP_EMPTYING;
}

uint32_t mm_swap_next_used(const struct mm_swap *swap, unsigned number, uint32_t from)
{
    const struct mm_swap_area *area = &swap->areas[number];
    uint32_t end = area->first + area->n_slots;
    uint32_t slot = from > area->first ? from : area->first;
    while (slot < end) {
        if (swap->slots[slot].count > 0)
            return slot;
        bool is_empty = swap->clusters[slot >> MM_CLUSTER_SHIFT].n_used == 0;
        slot = (is_empty ? slot | (MM_CLUSTER_SLOTS - 1) : slot) + 1;
    }
    return MM_NO_SLOT;
}

bool mm_swap_off_finish(struct mm_swap *swap, unsigned area)
{
    MM_ASSERT(swap->areas[area].state == MM_SWAP_EMPTYING, "an area of swap is not being emptied");
    if (swap->areas[area].n_used > 0)
        return false;
    swap->areas[area].state = MM_SWAP_OFF;
    return true;
}

void mm_swap_on(struct mm_swap *swap, unsigned area)
{
    swap->areas[area].state = MM_SWAP_ON;
}

/* ---- figures ---- */

uint64_t mm_swap_size(const struct mm_swap *swap)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < swap->n_areas; i++) {
        const struct mm_swap_area *area = &swap->areas[i];
        n += area->state == MM_SWAP_ON ? area->n_slots - area->n_bad : 0;
    }
    return n;
}

uint64_t mm_swap_free(const struct mm_swap *swap)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < swap->n_areas; i++) {
        const struct mm_swap_area *area = &swap->areas[i];
        n += area->state == MM_SWAP_ON ? area->clusters.n_free : 0;
    }
    return n;
}

uint64_t mm_swap_used(const struct mm_swap *swap)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < swap->n_areas; i++)
        n += swap->areas[i].n_used;
    return n;
}

struct mm_swap_stats mm_swap_get_stats(const struct mm_swap *swap)
{
    struct mm_swap_stats sum = {0};
    for (unsigned i = 0; i < swap->n_areas; i++) {
        const struct mm_swap_stats *stats = &swap->areas[i].stats;
        sum.in += stats->in;
        sum.out += stats->out;
        sum.zero_in += stats->zero_in;
        sum.zero_out += stats->zero_out;
        sum.read_errors += stats->read_errors;
        sum.write_errors += stats->write_errors;
    }
    return sum;
}
