/*
 * bus.h - what answers at a physical address: RAM, or nobody.
 *
 * A hole reads all ones and swallows writes, as an undriven bus does. The bus also gives the model
 * its port to physical memory, in which RAM below the first gap is a plain host pointer.
 */
#ifndef MM_HW_BUS_H
#define MM_HW_BUS_H

#include <mmsim/arch.h>

#include "hw/phys.h"

struct mm_bus {
    const struct mm_phys *phys;
    struct mmsim_port port; /* for the model; port.bus is this bus */
};

/* The bus must not move afterwards: its port points to it. */
void mm_bus_init(struct mm_bus *bus, const struct mm_phys *phys);

/* Any alignment, any length; parts in RAM and parts in holes may mix. */
void mm_bus_read(const struct mm_bus *bus, mmsim_paddr address, void *data, size_t n_bytes);
void mm_bus_write(const struct mm_bus *bus, mmsim_paddr address, const void *data, size_t n_bytes);

/* Host pointer to n_bytes of RAM below the first gap; NULL otherwise: then use the calls above. */
static inline uint8_t *mm_bus_direct(const struct mm_bus *bus, mmsim_paddr address, size_t n_bytes)
{
    return address <= bus->port.low_bytes - n_bytes ? bus->port.ram + address : NULL;
}

#endif
