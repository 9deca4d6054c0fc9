/*
 * bus.h - what answers at a physical address: RAM, the window of a device, or nobody.
 *
 * A hole reads all ones and swallows writes, as an undriven bus does. The bus also gives the model
 * its port to physical memory, in which RAM below the first gap is a plain host pointer.
 *
 * Devices hear of the CPUs' accesses only (mm_bus_transfer). To whoever else looks at physical
 * memory, page walks and debuggers, a window is a hole, so that looking changes nothing.
 *
 * Invariant: (1) windows ascend, and overlap neither each other nor RAM.
 */
#ifndef MM_HW_BUS_H
#define MM_HW_BUS_H

#include <mmsim/arch.h>

#include "hw/phys.h"
#include "hw/window.h"

struct mm_bus {
    const struct mm_phys *phys;
    struct mmsim_port port; /* for the model; port.bus is this bus */
    struct mm_window *windows;
    size_t n_windows;
};

/* The bus must not move afterwards: its port points to it. */
void mm_bus_init(struct mm_bus *bus, const struct mm_phys *phys);

/*
 * Puts devices into windows that mm_window_judge() has approved. `setup` supplies the time. False:
 * no host memory, and nothing is attached.
 */
bool mm_bus_attach(struct mm_bus *bus, const struct mmsim_mmio_window *list, size_t n,
                   const struct mmsim_device_setup *setup, struct mm_host *host);
void mm_bus_detach(struct mm_bus *bus, struct mm_host *host);

/* The window with a byte in [address, address + n_bytes), the first of several; NULL: none. */
const struct mm_window *mm_bus_window(const struct mm_bus *bus, mmsim_paddr address,
                                      size_t n_bytes);

/* An access by a CPU: to a device as one access, to memory as mm_bus_read() and mm_bus_write(). */
struct mm_bus_answer mm_bus_transfer(const struct mm_bus *bus,
                                     const struct mm_bus_transfer *transfer, void *data);

/* Any alignment, any length; parts in RAM and parts in holes may mix. Windows are holes. */
void mm_bus_read(const struct mm_bus *bus, mmsim_paddr address, void *data, size_t n_bytes);
void mm_bus_write(const struct mm_bus *bus, mmsim_paddr address, const void *data, size_t n_bytes);

/* Host pointer to n_bytes of RAM below the first gap; NULL otherwise: then use the calls above. */
static inline uint8_t *mm_bus_direct(const struct mm_bus *bus, mmsim_paddr address, size_t n_bytes)
{
    return address <= bus->port.low_bytes - n_bytes ? bus->port.ram + address : NULL;
}

/* NULL, or which invariant of the bus or of a device is broken. */
const char *mm_bus_check(const struct mm_bus *bus);

#endif
