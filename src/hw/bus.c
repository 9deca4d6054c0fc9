/* bus.c - reads and writes by physical address: to RAM, to devices, or to nobody. */
#include "hw/bus.h"

#include <stdlib.h>

static void port_read(void *bus, mmsim_paddr address, void *data, size_t n_bytes)
{
    mm_bus_read(bus, address, data, n_bytes);
}

static void port_write(void *bus, mmsim_paddr address, const void *data, size_t n_bytes)
{
    mm_bus_write(bus, address, data, n_bytes);
}

void mm_bus_init(struct mm_bus *bus, const struct mm_phys *phys)
{
    *bus = (struct mm_bus){
        .phys = phys,
        .port = {.ram = mm_phys_host(phys, 0, 1),
                 .low_bytes = phys->ranges[0].end,
                 .bus = bus,
                 .read = port_read,
                 .write = port_write},
    };
}

/* ---- memory ---- */

/* Bytes from `address` to the end of its page: a page is RAM or a hole as a whole. */
static size_t piece_bytes(mmsim_paddr address, size_t n_bytes)
{
    size_t left = (size_t)(MMSIM_PAGE_SIZE - (address & MMSIM_PAGE_MASK));
    return n_bytes < left ? n_bytes : left;
}

void mm_bus_read(const struct mm_bus *bus, mmsim_paddr address, void *data, size_t n_bytes)
{
    uint8_t *to = data;
    while (n_bytes > 0) {
        size_t piece = piece_bytes(address, n_bytes);
        const uint8_t *ram = mm_phys_host(bus->phys, address, piece);
        if (ram)
            memcpy(to, ram, piece);
        else
            memset(to, 0xff, piece);
        address += piece;
        to += piece;
        n_bytes -= piece;
    }
}

void mm_bus_write(const struct mm_bus *bus, mmsim_paddr address, const void *data, size_t n_bytes)
{
    const uint8_t *from = data;
    while (n_bytes > 0) {
        size_t piece = piece_bytes(address, n_bytes);
        uint8_t *ram = mm_phys_host(bus->phys, address, piece);
        if (ram)
            memcpy(ram, from, piece);
        address += piece;
        from += piece;
        n_bytes -= piece;
    }
}

/* ---- devices ---- */

static int by_address(const void *a, const void *b)
{
    const struct mm_window *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

bool mm_bus_attach(struct mm_bus *bus, const struct mmsim_mmio_window *list, size_t n,
                   const struct mmsim_device_setup *setup, struct mm_host *host)
{
    if (n == 0)
        return true;
    bus->windows = mm_host_alloc(host, n * sizeof *bus->windows);
    if (!bus->windows)
        return false;
    bus->n_windows = n;
    for (size_t i = 0; i < n; i++) {
        if (!mm_window_init(&bus->windows[i], &list[i], setup, host)) {
            mm_bus_detach(bus, host);
            return false;
        }
    }
    qsort(bus->windows, n, sizeof *bus->windows, by_address);
    return true;
}

void mm_bus_detach(struct mm_bus *bus, struct mm_host *host)
{
    for (size_t i = 0; i < bus->n_windows; i++)
        mm_window_fini(&bus->windows[i], host);
    mm_host_free(host, bus->windows, bus->n_windows * sizeof *bus->windows);
    bus->windows = NULL;
    bus->n_windows = 0;
}

const struct mm_window *mm_bus_window(const struct mm_bus *bus, mmsim_paddr address, size_t n_bytes)
{
    size_t low = 0, high = bus->n_windows; /* windows before `low` end at or below the address */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mm_window *window = &bus->windows[middle];
        if (address > window->at && address - window->at >= window->size)
            low = middle + 1;
        else
            high = middle;
    }
    const struct mm_window *next = bus->windows + low;
    if (low == bus->n_windows || (next->at > address && next->at - address >= n_bytes))
        return NULL;
    return next;
}

struct mm_bus_answer mm_bus_transfer(const struct mm_bus *bus,
                                     const struct mm_bus_transfer *transfer, void *data)
{
    const struct mm_window *window =
        bus->n_windows > 0 ? mm_bus_window(bus, transfer->address, transfer->n_bytes) : NULL;
    if (window)
        return mm_window_access(window, transfer, data);
    if (transfer->kind == MMSIM_ACCESS_WRITE)
        mm_bus_write(bus, transfer->address, data, transfer->n_bytes);
    else
        mm_bus_read(bus, transfer->address, data, transfer->n_bytes);
    return (struct mm_bus_answer){.window = NULL};
}

const char *mm_bus_check(const struct mm_bus *bus)
{
    for (size_t i = 0; i < bus->n_windows; i++) {
        const struct mm_window *window = &bus->windows[i];
        if (i > 0 && window->at - window[-1].at < window[-1].size)
            return "two windows of the bus overlap (bus invariant 1)";
        const char *broken = mm_window_check(window);
        if (broken)
            return broken;
    }
    return NULL;
}
