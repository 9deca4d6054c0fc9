/* quantity.c - see quantity.h. */
#include "scenario/quantity.h"

#include <inttypes.h>
#include <mmsim/scenario.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct unit {
    const char *name;
    enum mm_dimension dimension;
    uint64_t factor;
};

static const struct unit units_table[] = {
    {"B", MM_DIMENSION_SIZE, 1},
    {"KiB", MM_DIMENSION_SIZE, MMSIM_KIB},
    {"MiB", MM_DIMENSION_SIZE, MMSIM_MIB},
    {"GiB", MM_DIMENSION_SIZE, MMSIM_GIB},
    {"pages", MM_DIMENSION_SIZE, MMSIM_PAGE_SIZE},
    {"page", MM_DIMENSION_SIZE, MMSIM_PAGE_SIZE},
    {"k", MM_DIMENSION_COUNT, 1000},
    {"M", MM_DIMENSION_COUNT, 1000000},
    {"G", MM_DIMENSION_COUNT, 1000000000},
    {"ns", MM_DIMENSION_TIME, 1},
    {"us", MM_DIMENSION_TIME, 1000},
    {"ms", MM_DIMENSION_TIME, 1000000},
    {"s", MM_DIMENSION_TIME, 1000000000},
    {"cycle", MM_DIMENSION_CYCLES, 1},
    {"cycles", MM_DIMENSION_CYCLES, 1},
};
enum { N_UNITS = sizeof units_table / sizeof units_table[0] };
_Static_assert((int)N_UNITS <= (int)MM_QUANTITY_MAX_UNITS, "callers have room for all units");

/* What people write from habit, and what it is called here. */
static const struct {
    const char *habit, *unit;
} habits[] = {
    {"kb", "KiB"},    {"mb", "MiB"},  {"gb", "GiB"},  {"kib", "KiB"},   {"mib", "MiB"},
    {"gib", "GiB"},   {"b", "B"},     {"byte", "B"},  {"bytes", "B"},   {"pg", "pages"},
    {"pgs", "pages"}, {"p", "pages"}, {"usec", "us"}, {"msec", "ms"},   {"sec", "s"},
    {"nsec", "ns"},   {"k", "k"},     {"m", "M"},     {"cy", "cycles"}, {"g", "G"},
};
/* The same where only sizes are meant: a bare k is a KiB. */
static const struct {
    const char *habit, *unit;
} size_habits[] = {{"k", "KiB"},  {"m", "MiB"},  {"g", "GiB"},
                   {"ki", "KiB"}, {"mi", "MiB"}, {"gi", "GiB"}};

static bool is_known(const struct unit *unit, unsigned units)
{
    return (MM_DIMENSION_BIT(unit->dimension) & units) != 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '%';
}

static int digit_of(char c, unsigned base)
{
    int digit = -1;
    if (c >= '0' && c <= '9')
        digit = c - '0';
    else if (c >= 'a' && c <= 'f')
        digit = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        digit = c - 'A' + 10;
    return digit < (int)base ? digit : -1;
}

/* Digits at *text, which is moved past them. */
static enum mm_quantity_verdict read_digits(const char **text, uint64_t *value)
{
    const char *p = *text;
    unsigned base = 10;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    }
    if (digit_of(*p, base) < 0)
        return MM_QUANTITY_NO_NUMBER;
    bool overflow = false;
    *value = 0;
    for (int digit; (digit = digit_of(*p, base)) >= 0; p++) {
        overflow |= __builtin_mul_overflow(*value, (uint64_t)base, value);
        overflow |= __builtin_add_overflow(*value, (uint64_t)digit, value);
    }
    *text = p;
    return overflow ? MM_QUANTITY_TOO_LARGE : MM_QUANTITY_OK;
}

static const struct unit *find_unit(const char *name, size_t n_bytes, unsigned units)
{
    for (size_t i = 0; i < N_UNITS; i++)
        if (is_known(&units_table[i], units) && strlen(units_table[i].name) == n_bytes &&
            memcmp(units_table[i].name, name, n_bytes) == 0)
            return &units_table[i];
    return NULL;
}

static enum mm_quantity_verdict apply_unit(const char *text, unsigned units,
                                           struct mm_quantity *quantity)
{
    const struct unit *unit = find_unit(text + quantity->unit, quantity->n_unit, units);
    if (!unit)
        return MM_QUANTITY_BAD_UNIT;
    quantity->dimension = unit->dimension;
    if (__builtin_mul_overflow(quantity->value, unit->factor, &quantity->value))
        return MM_QUANTITY_TOO_LARGE;
    return MM_QUANTITY_OK;
}

enum mm_quantity_verdict mm_quantity_read_prefix(const char *text, unsigned units,
                                                 struct mm_quantity *quantity)
{
    *quantity = (struct mm_quantity){.dimension = MM_DIMENSION_NUMBER};
    const char *p = text;
    while (is_blank(*p))
        p++;
    bool negative = *p == '-';
    p += negative;
    enum mm_quantity_verdict verdict = read_digits(&p, &quantity->value);
    if (verdict == MM_QUANTITY_NO_NUMBER)
        return verdict;
    quantity->n_bytes = (size_t)(p - text);
    while (is_blank(*p))
        p++;
    const char *unit = p;
    while (is_letter(*p))
        p++;
    if (p != unit) {
        quantity->unit = (size_t)(unit - text);
        quantity->n_unit = (size_t)(p - unit);
        quantity->n_bytes = (size_t)(p - text);
        enum mm_quantity_verdict applied = apply_unit(text, units, quantity);
        if (applied != MM_QUANTITY_OK && verdict == MM_QUANTITY_OK)
            verdict = applied;
    }
    return negative && verdict != MM_QUANTITY_BAD_UNIT ? MM_QUANTITY_NEGATIVE : verdict;
}

enum mm_quantity_verdict mm_quantity_read(const char *text, unsigned units,
                                          struct mm_quantity *quantity)
{
    enum mm_quantity_verdict verdict = mm_quantity_read_prefix(text, units, quantity);
    if (verdict == MM_QUANTITY_NO_NUMBER)
        return verdict;
    const char *rest = text + quantity->n_bytes;
    while (is_blank(*rest))
        rest++;
    return *rest == '\0' ? verdict : MM_QUANTITY_NO_NUMBER;
}

/* ---- decimal fractions ---- */

struct decimal {
    uint64_t digits;  /* all of them, the point left out */
    unsigned n_after; /* digits after the point */
    bool point, negative, percent;
};

enum { MAX_DIGITS = 15 };

static enum mm_quantity_verdict read_decimal(const char *text, struct decimal *decimal)
{
    *decimal = (struct decimal){0};
    while (is_blank(*text))
        text++;
    decimal->negative = *text == '-';
    text += decimal->negative;
    unsigned n_digits = 0;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !decimal->point); text++) {
        if (*text == '.') {
            decimal->point = true;
            continue;
        }
        if (++n_digits > MAX_DIGITS)
            return MM_QUANTITY_TOO_LARGE;
        decimal->digits = decimal->digits * 10 + (uint64_t)(*text - '0');
        decimal->n_after += decimal->point;
    }
    while (is_blank(*text))
        text++;
    decimal->percent = *text == '%';
    text += decimal->percent;
    while (is_blank(*text))
        text++;
    if (n_digits == 0 || *text != '\0')
        return MM_QUANTITY_NO_NUMBER;
    return decimal->negative ? MM_QUANTITY_NEGATIVE : MM_QUANTITY_OK;
}

static uint64_t power_of_ten(unsigned exponent)
{
    uint64_t power = 1;
    while (exponent-- > 0)
        power *= 10;
    return power;
}

enum mm_quantity_verdict mm_share_read(const char *text, uint32_t *billionths)
{
    struct decimal decimal;
    enum mm_quantity_verdict verdict = read_decimal(text, &decimal);
    if (verdict != MM_QUANTITY_OK)
        return verdict;
    bool zero = decimal.digits == 0;
    if (!decimal.percent && !decimal.point && !zero)
        return MM_QUANTITY_NO_NUMBER;
    uint64_t whole = power_of_ten(decimal.n_after) * (decimal.percent ? 100 : 1);
    if (decimal.digits > whole)
        return MM_QUANTITY_TOO_LARGE;
    *billionths = (uint32_t)((unsigned __int128)decimal.digits * 1000000000 / whole);
    return MM_QUANTITY_OK;
}

enum mm_quantity_verdict mm_decimal_read(const char *text, double *value)
{
    struct decimal decimal;
    enum mm_quantity_verdict verdict = read_decimal(text, &decimal);
    if (verdict == MM_QUANTITY_OK && decimal.percent)
        verdict = MM_QUANTITY_NO_NUMBER;
    if (verdict == MM_QUANTITY_OK) /* both are exact in a double, so one rounding: the right one */
        *value = (double)decimal.digits / (double)power_of_ten(decimal.n_after);
    return verdict;
}

/* ---- names of units ---- */

size_t mm_quantity_units(unsigned units, const char *names[MM_QUANTITY_MAX_UNITS])
{
    size_t n = 0;
    for (size_t i = 0; i < N_UNITS; i++)
        if (is_known(&units_table[i], units))
            names[n++] = units_table[i].name;
    return n;
}

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

static const char *habitual(const char *lowered, unsigned units)
{
    for (size_t i = 0;
         (units & MM_UNITS_COUNT) == 0 && i < sizeof size_habits / sizeof *size_habits; i++)
        if (strcmp(size_habits[i].habit, lowered) == 0)
            return size_habits[i].unit;
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
        if (strcmp(habits[i].habit, lowered) == 0)
            return habits[i].unit;
    return NULL;
}

const char *mm_quantity_nearest_unit(const char *unit, size_t n_bytes, unsigned units)
{
    char word[16];
    if (n_bytes >= sizeof word)
        return NULL;
    memcpy(word, unit, n_bytes);
    word[n_bytes] = '\0';
    char lowered[16];
    memcpy(lowered, word, sizeof word);
    lower(lowered);
    const char *habit = habitual(lowered, units);
    if (habit && find_unit(habit, strlen(habit), units))
        return habit;
    const char *names[MM_QUANTITY_MAX_UNITS];
    size_t n = mm_quantity_units(units, names);
    return mm_text_nearest(word, names, n);
}

void mm_size_print(uint64_t bytes, char text[MM_SIZE_CHARS])
{
    static const struct {
        uint64_t factor;
        const char *name;
    } scales[] = {{MMSIM_GIB, "GiB"}, {MMSIM_MIB, "MiB"}, {MMSIM_KIB, "KiB"}, {1, ""}};
    size_t i = 0;
    while (bytes == 0 ? scales[i].factor != 1 : bytes % scales[i].factor != 0)
        i++;
    (void)snprintf(text, MM_SIZE_CHARS, "%" PRIu64 "%s", bytes / scales[i].factor, scales[i].name);
}

void mm_count_print(uint64_t count, char text[MM_COUNT_CHARS])
{
    char digits[MM_COUNT_CHARS];
    size_t at = sizeof digits;
    unsigned n = 0;
    digits[--at] = '\0';
    do {
        if (n > 0 && n % 3 == 0)
            digits[--at] = ',';
        digits[--at] = (char)('0' + count % 10);
        count /= 10;
        n++;
    } while (count > 0);
    memcpy(text, digits + at, sizeof digits - at);
}

bool mmsim_quantity_parse(const char *text, uint64_t *value)
{
    struct mm_quantity quantity;
    if (mm_quantity_read(text, MM_UNITS_SIZE, &quantity) != MM_QUANTITY_OK)
        return false;
    *value = quantity.value;
    return true;
}
