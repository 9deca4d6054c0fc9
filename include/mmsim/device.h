/*
 * device.h - devices as plug-ins: registers with side effects behind a window of physical
 * addresses.
 *
 * A device declares its registers in a table: where each stands, which widths of access it takes,
 * whether it may be read or written. The bus judges every access by that table before the device
 * hears of it, so a device only ever sees what it declared. What the bus refuses reads as all ones
 * and stores nothing, as on a bus that nobody drives, and is reported (MMSIM_EVENT_BUS_ERROR; EIO
 * for the kernel's accesses). An access that is taken reaches the device once, with its own width:
 * it is never split, merged, repeated or made ahead of time.
 */
#ifndef MMSIM_DEVICE_H
#define MMSIM_DEVICE_H

#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;

#define MMSIM_DEVICE_ABI 1

/* Why the bus refuses an access to a window. X(NAME, "what is wrong") */
#define MMSIM_BUS_ERROR_LIST(X)                                                                    \
    X(NONE, "nothing is wrong")                                                                    \
    X(PARTLY, "the access lies only partly in the window")                                         \
    X(ALIGNMENT, "the address is no multiple of the width")                                        \
    X(REGISTER, "there is no register")                                                            \
    X(WIDTH, "the register does not take this width")                                              \
    X(READ_ONLY, "the register cannot be written")                                                 \
    X(WRITE_ONLY, "the register cannot be read")                                                   \
    X(DEVICE, "the device refused it")

enum mmsim_bus_error {
#define X(NAME, meaning) MMSIM_BUS_ERROR_##NAME,
    MMSIM_BUS_ERROR_LIST(X)
#undef X
        MMSIM_N_BUS_ERRORS
};

/* "there is no register". Static storage. */
const char *mmsim_bus_error_text(enum mmsim_bus_error error);

enum { MMSIM_REGISTER_READ = 1, MMSIM_REGISTER_WRITE = 2 };

/*
 * One register. Tables of them end with name == NULL. Two may share an offset if one is only read
 * and the other only written, as with the data registers of a serial port.
 */
struct mmsim_device_register {
    const char *name, *meaning;
    uint32_t offset; /* from the start of the window, bytes; a multiple of each of its widths */
    uint8_t widths;  /* that an access may have, bytes: 1, 2, 4, 8 joined by | */
    uint8_t rights;  /* MMSIM_REGISTER_... */
};

/* What a device is told when its machine is built. Lives until init() returns. */
struct mmsim_device_setup {
    const char *name;      /* of the window */
    uint64_t window_bytes; /* its size */
    const void *input;     /* what comes in from outside; NULL = nothing */
    size_t input_bytes;    /* its length */
    uint64_t (*now)(
        void *clock); /* simulated cycles; may be kept, with `clock`, and called later */
    void *clock;
};

/*
 * A kind of device. All functions but output() and check() are required.
 *
 * Order of calls: state_bytes(), then init() once over that many zeroed bytes, then read() and
 * write() in the order in which the machine's CPUs make their accesses. State is released by the
 * machine, as plain bytes: a device owns no memory beside it.
 *
 * Re-entrancy: read() and write() are called in the middle of an access. They may call setup->now()
 * and nothing else of the machine they are in. Determinism: what they answer may depend on their
 * state, on setup and on simulated time only; never on the host's clock, addresses or files.
 */
struct mmsim_device_ops {
    uint32_t abi, size; /* MMSIM_DEVICE_ABI, sizeof(struct mmsim_device_ops) */
    const char *name, *summary, *source;
    const struct mmsim_device_register *registers;

    size_t (*state_bytes)(const struct mmsim_device_setup *setup);
    void (*init)(void *state, const struct mmsim_device_setup *setup);

    /*
     * An access that the table allows: `offset` is a register's, `width` one of its widths in
     * bytes. False: refused, and the state is as before. A value read is cut to the width.
     */
    bool (*read)(void *state, uint32_t offset, unsigned width, uint64_t *value);
    bool (*write)(void *state, uint32_t offset, unsigned width, uint64_t value);

    /* What it has sent to the outside so far: lives until the next access. NULL: it never sends. */
    const void *(*output)(const void *state, size_t *n_bytes);
    const char *(*check)(const void *state); /* NULL, or which invariant is broken */
};

/* A device's place in a machine: what struct mmsim_config lists. */
struct mmsim_mmio_window {
    const char *name;   /* "uart0": a letter or _, then letters, digits and _; at most 63 */
    mmsim_paddr at;     /* physical = virtual address: whole pages of 0xF0000000..0xFFFFFFFF */
    uint64_t size;      /* bytes */
    const char *device; /* name of a kind of device: mmsim_device_at() */
    const struct mmsim_device_ops *ops; /* one of the caller's instead; must outlive the machine */
    const void *input;                  /* what comes in from outside (copied); NULL = nothing */
    size_t input_bytes;
};

/* The kinds of device that the library has; NULL past the end. Static storage. */
const struct mmsim_device_ops *mmsim_device_at(size_t index);

/*
 * What the device in the window of that name has sent to the outside. Lives until the machine's
 * next access. NULL: there is no such window, or its device never sends.
 */
const void *mmsim_device_output(const struct mmsim_machine *machine, const char *name,
                                size_t *n_bytes);

#ifdef __cplusplus
}
#endif
#endif
