/*
 * watermark.h - how little free memory is too little.
 *
 * A zone has three marks. Below *low*, whoever can give memory back should begin to; below *min* it
 * is urgent; at *high* the pressure is over. The marks inform: no request is refused because of
 * them, memory is exhausted when nothing is free.
 *
 * They follow Linux (mm/page_alloc.c): memory to keep free is 4 * sqrt(low memory in KiB) KiB,
 * within 128 KiB and 256 MiB; that is min of the low zone. High memory, which the kernel does not
 * live on, has a thousandth of its frames, within 32 and 128. low and high lie a quarter and a half
 * of min above it, or 0.1 and 0.2 % of the zone, if that is more. In a small zone min is at most an
 * eighth of it.
 *
 *   0      min      low      high                 frames of the zone
 *   |-min---|--low---|---------|- - - none - - - - -|       the state is the lowest mark that was
 *                              ^ back to none               passed, until high is reached again
 */
#ifndef MM_ALLOC_WATERMARK_H
#define MM_ALLOC_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

struct mm_watermarks {
    uint64_t min, low, high; /* free frames */
};

enum mm_pressure {
    MM_PRESSURE_NONE,
    MM_PRESSURE_LOW, /* below low */
    MM_PRESSURE_MIN  /* below min */
};

/* Of low memory, and of high memory, with so many frames. */
struct mm_watermarks mm_watermarks_low(uint64_t n_frames);
struct mm_watermarks mm_watermarks_high(uint64_t n_frames);

/* The state that follows `before` when n_free frames are free now. */
enum mm_pressure mm_watermarks_state(const struct mm_watermarks *marks, enum mm_pressure before,
                                     uint64_t n_free);

#endif
