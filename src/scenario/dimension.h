/*
 * dimension.h - what a value in a `check` is: a number, a count, a size or a time.
 *
 *   number        1000, 0x10, 100k        fits whatever it meets
 *   count         faults.minor, tlb.hits
 *   pages, frames process.p.rss, memory.free, 16 pages
 *   bytes         heap.bytes, 64KiB
 *   cycles        cycles, 300 cycles, 5us
 *
 * Where pages or frames meet bytes they are taken in bytes. Pages are counted too: they compare
 * with counts as they are. What has nothing in common (bytes and counts, sizes and cycles) is a
 * mistake.
 */
#ifndef MM_SCENARIO_DIMENSION_H
#define MM_SCENARIO_DIMENSION_H

#include "base/text.h"

typedef __int128 mm_number;

enum mm_unit {
    MM_UNIT_NUMBER,
    MM_UNIT_COUNT,
    MM_UNIT_PAGES,
    MM_UNIT_FRAMES,
    MM_UNIT_BYTES,
    MM_UNIT_CYCLES,
    MM_N_UNITS /* also: there is none, the two have nothing in common */
};

/* The unit of a statistic whose table says "frames", "faults", ... */
enum mm_unit mm_unit_of_statistic(const char *unit);

/* What +, - and comparisons make of two values; BYTES of pages and bytes: pages must be converted.
 */
enum mm_unit mm_unit_together(enum mm_unit left, enum mm_unit right);

/* What * makes of two values: one of them must be a number or a count. */
enum mm_unit mm_unit_product(enum mm_unit left, enum mm_unit right);

static inline bool mm_unit_is_pages(enum mm_unit unit)
{
    return unit == MM_UNIT_PAGES || unit == MM_UNIT_FRAMES;
}

/* "a count", "bytes": for messages. */
const char *mm_unit_name(enum mm_unit unit);

/* A value with its unit: "7", "1 page", "64KiB", "300 cycles". */
void mm_unit_print(struct mm_text *text, mm_number number, enum mm_unit unit);

#endif
