/* bus.c - reads and writes by physical address, piece by piece where RAM ends. */
#include "hw/bus.h"

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
