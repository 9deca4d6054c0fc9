/* swap_io.c - what slots hold: requests to the devices, pages of zeros, and bad slots. */
#include <string.h>

#include "base/assert.h"
#include "paging/swap.h"

/* A request's slots: those that the device moves, and those that are all zeros. */
struct transfer {
    struct mm_swap_area *area;
    uint32_t slot;
    unsigned n, n_moved;
};

static struct transfer begin(struct mm_swap *swap, uint32_t slot, unsigned n)
{
    struct mm_swap_area *area = &swap->areas[mm_swap_area_of(swap, slot)];
    MM_ASSERT(n > 0 && n <= MM_SWAP_REQUEST_SLOTS, "a request for too many slots of swap");
    MM_ASSERT(slot - area->first + n <= area->n_slots, "a request beyond the end of its swap area");
    return (struct transfer){.area = area, .slot = slot, .n = n};
}

/* Whether a slot that is not passed over is bad. */
static bool meets_bad(const struct mm_swap *swap, const struct transfer *transfer,
                      const void *const pages[])
{
    for (unsigned i = 0; i < transfer->n; i++) {
        MM_ASSERT(!pages[i] || swap->slots[transfer->slot + i].count > 0,
                  "contents of a slot of swap that nobody has");
        if (pages[i] && mm_swap_is_bad(swap, transfer->slot + i))
            return true;
    }
    return false;
}

/* What a slot holds from now on. */
static void set_mark(struct mm_swap_area *area, struct mm_swap_slot *slot, enum mm_swap_mark mark)
{
    area->n_zero += (uint32_t)(mark == MM_SWAP_ZERO) - (uint32_t)((slot->marks & MM_SWAP_ZERO) > 0);
    area->n_bad += mark == MM_SWAP_BAD;
    slot->marks = mark;
}

/* ---- writing ---- */

static bool is_all_zeros(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, MMSIM_PAGE_SIZE - 1) == 0;
}

/* Marks pages of zeros; what is left for the device is in `moved`. */
static void sort_out_zeros(struct mm_swap *swap, struct transfer *transfer,
                           const uint8_t *const pages[], const uint8_t *moved[])
{
    for (unsigned i = 0; i < transfer->n; i++) {
        bool is_zero = pages[i] && is_all_zeros(pages[i]);
        moved[i] = is_zero ? NULL : pages[i];
        transfer->n_moved += moved[i] != NULL;
        if (!is_zero)
            continue;
        set_mark(transfer->area, &swap->slots[transfer->slot + i], MM_SWAP_ZERO);
        transfer->area->stats.zero_out++;
    }
}

static bool write_device(struct transfer *transfer, const uint8_t *const moved[])
{
    struct mm_swap_area *area = transfer->area;
    const struct mm_disk_write write = {.block = transfer->slot - area->first,
                                        .n_blocks = transfer->n};
    mm_disk_submit(&area->disk, &write, moved);
    mm_disk_wait_one(&area->disk);
    area->stats.write_errors += area->write_failed;
    area->stats.out += area->write_failed ? 0 : transfer->n_moved;
    return !area->write_failed;
}

enum mm_swap_result mm_swap_write(struct mm_swap *swap, uint32_t slot, unsigned n,
                                  const uint8_t *const pages[])
{
    const uint8_t *moved[MM_SWAP_REQUEST_SLOTS];
    struct transfer transfer = begin(swap, slot, n);
    if (meets_bad(swap, &transfer, (const void *const *)pages))
        return MM_SWAP_IO_ERROR;
    sort_out_zeros(swap, &transfer, pages, moved);
    if (transfer.n_moved == 0)
        return MM_SWAP_OK;
    bool ok = write_device(&transfer, moved);
    for (unsigned i = 0; i < n; i++) {
        if (moved[i])
            set_mark(transfer.area, &swap->slots[slot + i], ok ? MM_SWAP_STORED : MM_SWAP_BAD);
    }
    return ok ? MM_SWAP_OK : MM_SWAP_IO_ERROR;
}

/* ---- reading ---- */

/* Fills pages of zeros; what is left for the device is in `moved`. */
static void fill_zeros(struct mm_swap *swap, struct transfer *transfer, uint8_t *const pages[],
                       uint8_t *moved[])
{
    for (unsigned i = 0; i < transfer->n; i++) {
        const struct mm_swap_slot *slot = &swap->slots[transfer->slot + i];
        MM_ASSERT(!pages[i] || slot->marks, "a slot of swap is read that was never written");
        bool is_zero = pages[i] && (slot->marks & MM_SWAP_ZERO);
        moved[i] = is_zero ? NULL : pages[i];
        transfer->n_moved += moved[i] != NULL;
        if (!is_zero)
            continue;
        memset(pages[i], 0, MMSIM_PAGE_SIZE);
        mm_clock_work(swap->clock, MM_WORK_ZERO_PAGE);
        transfer->area->stats.zero_in++;
    }
}

static bool read_device(struct transfer *transfer, uint8_t *const moved[])
{
    struct mm_swap_area *area = transfer->area;
    uint64_t ready_at;
    bool ok =
        mm_disk_read(&area->disk, transfer->slot - area->first, transfer->n, moved, &ready_at);
    mm_disk_wait_until(&area->disk, ready_at);
    area->stats.read_errors += !ok;
    area->stats.in += ok ? transfer->n_moved : 0;
    return ok;
}

enum mm_swap_result mm_swap_read(struct mm_swap *swap, uint32_t slot, unsigned n,
                                 uint8_t *const pages[])
{
    uint8_t *moved[MM_SWAP_REQUEST_SLOTS];
    struct transfer transfer = begin(swap, slot, n);
    if (meets_bad(swap, &transfer, (const void *const *)pages))
        return MM_SWAP_IO_ERROR;
    fill_zeros(swap, &transfer, pages, moved);
    if (transfer.n_moved > 0 && !read_device(&transfer, moved))
        return MM_SWAP_IO_ERROR;
    return MM_SWAP_OK;
}

void mm_swap_look(const struct mm_swap *swap, uint32_t slot, uint8_t *page)
{
    const struct mm_swap_area *area = &swap->areas[mm_swap_area_of(swap, slot)];
    if (swap->slots[slot].marks & MM_SWAP_STORED)
        mm_disk_look(&area->disk, slot - area->first, page);
    else
        memset(page, 0, MMSIM_PAGE_SIZE);
}

/* ---- failures on purpose ---- */

uint64_t mm_swap_inject(struct mm_swap *swap, enum mm_disk_mishap mishap,
                        const struct mm_disk_rule *rule)
{
    return mm_disk_trap_set(&swap->traps[mishap], rule);
}
