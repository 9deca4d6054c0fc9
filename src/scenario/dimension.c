/* dimension.c - see dimension.h. */
#include "scenario/dimension.h"

#include <inttypes.h>
#include <string.h>

#include "scenario/quantity.h"

static const struct {
    const char *name;   /* in messages */
    const char *plural; /* after a value, and in the table of statistics; NULL: nothing */
} units[MM_N_UNITS] = {
    [MM_UNIT_NUMBER] = {"a number", NULL},          [MM_UNIT_COUNT] = {"a count", NULL},
    [MM_UNIT_PAGES] = {"pages", "pages"},           [MM_UNIT_FRAMES] = {"frames", "frames"},
    [MM_UNIT_BYTES] = {"a size in bytes", "bytes"}, [MM_UNIT_CYCLES] = {"cycles", "cycles"},
};

enum mm_unit mm_unit_of_statistic(const char *unit)
{
    for (enum mm_unit i = MM_UNIT_NUMBER; i < MM_N_UNITS; i++)
        if (units[i].plural && strcmp(units[i].plural, unit) == 0)
            return i;
    return MM_UNIT_COUNT;
}

const char *mm_unit_name(enum mm_unit unit)
{
    return units[unit].name;
}

enum mm_unit mm_unit_together(enum mm_unit left, enum mm_unit right)
{
    if (left == right || right == MM_UNIT_NUMBER)
        return left;
    if (left == MM_UNIT_NUMBER)
        return right;
    bool sizes = mm_unit_is_pages(left) || mm_unit_is_pages(right);
    if (mm_unit_is_pages(left) && mm_unit_is_pages(right))
        return left;
    if (sizes && (left == MM_UNIT_BYTES || right == MM_UNIT_BYTES))
        return MM_UNIT_BYTES;
    bool bytes = left == MM_UNIT_BYTES || right == MM_UNIT_BYTES;
    bool cycles = left == MM_UNIT_CYCLES || right == MM_UNIT_CYCLES;
    return bytes || (sizes && cycles) ? MM_N_UNITS : MM_UNIT_COUNT;
}

static bool is_plain(enum mm_unit unit)
{
    return unit == MM_UNIT_NUMBER || unit == MM_UNIT_COUNT;
}

enum mm_unit mm_unit_product(enum mm_unit left, enum mm_unit right)
{
    if (is_plain(left) && is_plain(right))
        return left == MM_UNIT_COUNT ? left : right;
    if (is_plain(left))
        return right;
    return is_plain(right) ? left : MM_N_UNITS;
}

static void put_digits(struct mm_text *text, mm_number number)
{
    char digits[48];
    size_t at = sizeof digits;
    unsigned __int128 rest = number < 0 ? -(unsigned __int128)number : (unsigned __int128)number;
    do {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        digits[--at] = '-';
    mm_text_append(text, digits + at, sizeof digits - at);
}

void mm_unit_print(struct mm_text *text, mm_number number, enum mm_unit unit)
{
    if (unit == MM_UNIT_BYTES && number > 0 && number <= UINT64_MAX &&
        number % (mm_number)MMSIM_KIB == 0) {
        char size[MM_SIZE_CHARS];
        mm_size_print((uint64_t)number, size);
        mm_text_puts(text, size);
        return;
    }
    put_digits(text, number);
    const char *plural = units[unit].plural;
    if (plural)
        mm_text_printf(text, " %.*s", (int)strlen(plural) - (number == 1), plural);
}
