/*
 * quantity.h - numbers with units, as scenarios and command lines write them.
 *
 *   size    4096, 0x1000, 64KiB, 4 MiB, 16 pages        in bytes
 *   count   1000, 0x10, 100k, 2M                        k, M, G are decimal
 *   cycles  300 cycles                                  in cycles
 *   time    5us, 10 ms                                  in nanoseconds
 *   share   20%, 0.5%, 0.25                             in billionths
 *   decimal 0.99                                        a double, correctly rounded
 *
 * Whole numbers reach 2^64 - 1 after their unit is applied; what does not fit is told apart from
 * what is no number, and negative numbers from both, so that a message can say which it is.
 */
#ifndef MM_SCENARIO_QUANTITY_H
#define MM_SCENARIO_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mm_dimension {
    MM_DIMENSION_NUMBER, /* no unit was given */
    MM_DIMENSION_SIZE,   /* bytes */
    MM_DIMENSION_COUNT,
    MM_DIMENSION_TIME, /* nanoseconds */
    MM_DIMENSION_CYCLES
};

#define MM_DIMENSION_BIT(dimension) (1u << (dimension))
#define MM_UNITS_SIZE MM_DIMENSION_BIT(MM_DIMENSION_SIZE)
#define MM_UNITS_COUNT MM_DIMENSION_BIT(MM_DIMENSION_COUNT)
#define MM_UNITS_TIME (MM_DIMENSION_BIT(MM_DIMENSION_TIME) | MM_DIMENSION_BIT(MM_DIMENSION_CYCLES))
#define MM_UNITS_NONE 0u
#define MM_UNITS_ALL (MM_UNITS_SIZE | MM_UNITS_COUNT | MM_UNITS_TIME)

enum mm_quantity_verdict {
    MM_QUANTITY_OK,
    MM_QUANTITY_NO_NUMBER, /* "abc", "", "12ab34", "1.5" */
    MM_QUANTITY_NEGATIVE,  /* "-1" */
    MM_QUANTITY_TOO_LARGE, /* 2^64 and more */
    MM_QUANTITY_BAD_UNIT   /* "64MB": `unit` says where in the text, `n_unit` how long */
};

struct mm_quantity {
    uint64_t value;
    enum mm_dimension dimension;
    size_t n_bytes;      /* of the text that belong to it, when parsed as a prefix */
    size_t unit, n_unit; /* offset and length of the unit */
};

/* Reads the whole text; blanks around it are allowed. `units`: MM_UNITS_... that are known. */
enum mm_quantity_verdict mm_quantity_read(const char *text, unsigned units,
                                          struct mm_quantity *quantity);

/* Reads a quantity at the start of the text; `n_bytes` says how far it reaches. */
enum mm_quantity_verdict mm_quantity_read_prefix(const char *text, unsigned units,
                                                 struct mm_quantity *quantity);

/* A share in billionths, 0 to 1000000000. "20" without % is NO_NUMBER; more than 100% TOO_LARGE. */
enum mm_quantity_verdict mm_share_read(const char *text, uint32_t *billionths);

/* A plain decimal number of at most 15 digits. */
enum mm_quantity_verdict mm_decimal_read(const char *text, double *value);

/* Unit names known for `units`, in the order of the table; returns how many. */
enum { MM_QUANTITY_MAX_UNITS = 24 };
size_t mm_quantity_units(unsigned units, const char *names[MM_QUANTITY_MAX_UNITS]);

/* The unit that was probably meant: "KiB" for "kb"; NULL if none is near. */
const char *mm_quantity_nearest_unit(const char *unit, size_t n_bytes, unsigned units);

/* A size with the largest unit that divides it: "64MiB", "4097". */
enum { MM_SIZE_CHARS = 32 };
void mm_size_print(uint64_t bytes, char text[MM_SIZE_CHARS]);

/* A count for people: "1,234,567". */
enum { MM_COUNT_CHARS = 32 };
void mm_count_print(uint64_t count, char text[MM_COUNT_CHARS]);

#endif
