/* watermark.c - the marks of a zone. */
#include "alloc/watermark.h"

#include <mmsim/types.h>

static uint64_t clamp(uint64_t value, uint64_t least, uint64_t most)
{
    if (value < least)
        return least;
    return value < most ? value : most;
}

static uint64_t square_root(uint64_t square)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit > 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= square)
            root += bit;
    return root;
}

static struct mm_watermarks marks_above(uint64_t min, uint64_t n_frames)
{
    min = min < n_frames / 8 ? min : n_frames / 8;
    uint64_t gap = min / 4 > n_frames / 1000 ? min / 4 : n_frames / 1000;
    return (struct mm_watermarks){.min = min, .low = min + gap, .high = min + 2 * gap};
}

struct mm_watermarks mm_watermarks_low(uint64_t n_frames)
{
    const uint64_t frame_kib = MMSIM_PAGE_SIZE / MMSIM_KIB;
    uint64_t kib = square_root(16 * n_frames * frame_kib);
    return marks_above(clamp(kib, 128, 256 * 1024) / frame_kib, n_frames);
}

struct mm_watermarks mm_watermarks_high(uint64_t n_frames)
{
    return marks_above(clamp(n_frames / 1024, 32, 128), n_frames);
}

enum mm_pressure mm_watermarks_state(const struct mm_watermarks *marks, enum mm_pressure before,
                                     uint64_t n_free)
{
    if (n_free >= marks->high)
        return MM_PRESSURE_NONE;
    enum mm_pressure now = MM_PRESSURE_NONE;
    if (n_free < marks->low)
        now = n_free < marks->min ? MM_PRESSURE_MIN : MM_PRESSURE_LOW;
    return now > before ? now : before;
}
