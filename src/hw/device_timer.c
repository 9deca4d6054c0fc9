/*
 * device_timer.c - a timer: simulated cycles since it was last set to zero, and a count of reads.
 *
 *   offset  widths  name
 *     0     4, 8    TIME       cycles since the latest write here, whatever was written
 *     4     4       TIME_HIGH  bits 63:32 as they were when TIME was last read 4 bytes wide
 *     8     1, 2, 4 COUNT      how often it was read since the latest write; a write sets it
 *
 * A CPU that reads 4 bytes at a time needs the latch: between two reads the lower half may carry
 * into the upper one. Reading COUNT changes it, so that an access made twice shows.
 *
 * Time is the machine's simulated cycles, the access that reads it included.
 */
#include "hw/device.h"

enum { TIME = 0, TIME_HIGH = 4, COUNT = 8 };

struct timer {
    uint64_t (*now)(void *clock);
    void *clock;
    uint64_t start; /* cycles when it was set to zero */
    uint32_t high;  /* the latch */
    uint32_t count;
};

static const struct mmsim_device_register registers[] = {
    {"TIME", "cycles since it was written, which sets it to 0; 4 bytes wide, latches TIME_HIGH",
     TIME, 4 | 8, MMSIM_REGISTER_READ | MMSIM_REGISTER_WRITE},
    {"TIME_HIGH", "bits 63:32 of the TIME read last", TIME_HIGH, 4, MMSIM_REGISTER_READ},
    {"COUNT", "how often it was read; a write sets it", COUNT, 1 | 2 | 4,
     MMSIM_REGISTER_READ | MMSIM_REGISTER_WRITE},
    {.name = NULL},
};

static size_t timer_bytes(const struct mmsim_device_setup *setup)
{
    (void)setup;
    return sizeof(struct timer);
}

static void timer_init(void *state, const struct mmsim_device_setup *setup)
{
    struct timer *timer = state;
    *timer = (struct timer){.now = setup->now, .clock = setup->clock};
    timer->start = timer->now(timer->clock);
}

static bool timer_read(void *state, uint32_t offset, unsigned width, uint64_t *value)
{
    struct timer *timer = state;
    if (offset == TIME_HIGH) {
        *value = timer->high;
    } else if (offset == COUNT) {
        *value = timer->count++;
    } else {
        *value = timer->now(timer->clock) - timer->start;
        if (width == 4)
            timer->high = (uint32_t)(*value >> 32);
    }
    return true;
}

static bool timer_write(void *state, uint32_t offset, unsigned width, uint64_t value)
{
    struct timer *timer = state;
    (void)width;
    if (offset == COUNT)
        timer->count = (uint32_t)value;
    else
        timer->start = timer->now(timer->clock);
    return true;
}

const struct mmsim_device_ops mm_device_timer = {
    .abi = MMSIM_DEVICE_ABI,
    .size = sizeof(struct mmsim_device_ops),
    .name = "timer",
    .summary = "counts simulated cycles, and how often it is read",
    .source = "a device of this simulator",
    .registers = registers,
    .state_bytes = timer_bytes,
    .init = timer_init,
    .read = timer_read,
    .write = timer_write,
};
