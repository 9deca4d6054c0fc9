/*
 * window.h - one window of the bus: a range of physical addresses behind which a device answers.
 *
 * The window judges an access by the device's table of registers; the device sees only what the
 * table allows, once, with its own width.
 *
 * Invariants: (1) every register of the device lies in the window whole; (2) what is refused reads
 * as all ones and leaves the device alone.
 */
#ifndef MM_HW_WINDOW_H
#define MM_HW_WINDOW_H

#include <mmsim/device.h>
#include <mmsim/status.h>

#include "base/host.h"
#include "hw/phys.h"

enum { MM_WINDOW_NAME_CHARS = 64 };

struct mm_window {
    char name[MM_WINDOW_NAME_CHARS];
    mmsim_paddr at;
    uint64_t size; /* bytes */
    const struct mmsim_device_ops *ops;
    void *state; /* state_bytes of it */
    size_t state_bytes;
};

/* What an access to memory is on the bus. */
struct mm_bus_transfer {
    mmsim_paddr address;
    size_t n_bytes;
    size_t access_bytes; /* of the CPU's access: more than n_bytes if this is a part of it */
    enum mmsim_access_kind kind;
};

/* Who answered, and how. */
struct mm_bus_answer {
    const struct mm_window *window; /* NULL: RAM, or nobody */
    enum mmsim_bus_error error;
    uint64_t value; /* that was read or written; of a device */
};

/* The kind of device that a window names; NULL: there is none. */
const struct mmsim_device_ops *mm_window_ops(const struct mmsim_mmio_window *wanted);

/*
 * Whether window `index` of a list can be built beside those before it and beside RAM, in a
 * physical address space that ends at `end`. On error, where is "mmio.at",
 * "mmio.size" or "mmio.device".
 */
enum mmsim_status mm_window_judge(const struct mmsim_mmio_window *list, size_t index,
                                  const struct mm_phys *ram, mmsim_paddr end,
                                  struct mmsim_error *error);

/* False: no host memory. */
bool mm_window_init(struct mm_window *window, const struct mmsim_mmio_window *wanted,
                    const struct mmsim_device_setup *clock, struct mm_host *host);
void mm_window_fini(struct mm_window *window, struct mm_host *host);

/* An access of which at least one byte lies in the window. */
struct mm_bus_answer mm_window_access(const struct mm_window *window,
                                      const struct mm_bus_transfer *transfer, void *data);

/* NULL, or what the device says is broken. */
const char *mm_window_check(const struct mm_window *window);

#endif
