/* field.c - numbers, words and texts; see field.h. Names and addresses are read in field_name.c. */
#include "scenario/field.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario/nearest.h"
#include "scenario/quantity.h"

bool mm_field_is_scalar(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, const char *expected)
{
    if (value->kind == MM_NODE_SCALAR && !mm_node_is_null(value))
        return true;
    mm_mistake_add(decoder->mistakes, value, "%s: expected %s, found %s", key->name, expected,
                   mm_node_describe(decoder->mistakes, value));
    return false;
}

void mm_read_text(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field)
{
    if (mm_field_is_scalar(decoder, key, value, "text"))
        *(const char **)field = value->text;
}

const char *mm_field_host_path(struct mm_decoder *decoder, const char *path)
{
    const char *slash = strrchr(decoder->file, '/');
    if (path[0] == '/' || !slash)
        return path;
    int n_folder = (int)(slash - decoder->file);
    return mm_arena_printf(decoder->arena, "%.*s/%s", n_folder, decoder->file, path);
}

/* ---- words ---- */

enum { MAX_WORDS = 64 };

/* "expected one of a, b, c", with the words that are of use; "" if the only one is `meant`. */
static const char *list_words(struct mm_decoder *decoder, const struct mm_word *words,
                              const char *meant)
{
    const char *list = "";
    size_t n = 0;
    for (; words->text; words++) {
        if (words->later || words->settled)
            continue;
        list = mm_arena_printf(decoder->arena, "%s%s%s", list, n > 0 ? ", " : "", words->text);
        n++;
    }
    if (n == 1 && meant && strcmp(list, meant) == 0)
        return "";
    return mm_arena_printf(decoder->arena, "expected %s%s", n > 1 ? "one of " : "", list);
}

static const char *word_meant(const struct mm_word *words, const char *text)
{
    const char *names[MAX_WORDS];
    size_t n = 0;
    for (; words->text && n < MAX_WORDS; words++)
        if (!words->later)
            names[n++] = words->text;
    return mm_nearest(text, names, n);
}

bool mm_field_find_word(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, const char *text, const struct mm_word *words,
                        uint64_t *result)
{
    for (const struct mm_word *word = words; word->text; word++) {
        if (strcmp(word->text, text) != 0)
            continue;
        *result = word->value;
        if (word->later)
            mm_mistake_add(decoder->mistakes, value, "%s: '%s' is not in this version", key->name,
                           text);
        return !word->later;
    }
    const char *meant = word_meant(words, text);
    const char *expected = list_words(decoder, words, meant);
    mm_mistake_add(decoder->mistakes, value, "%s: unknown word %s%s", key->name,
                   mm_mistake_quote(decoder->mistakes, text),
                   mm_mistake_advice(decoder->mistakes, meant, expected));
    return false;
}

bool mm_field_word(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, const struct mm_word *words, uint64_t *result)
{
    return mm_field_is_scalar(decoder, key, value, "a word") &&
           mm_field_find_word(decoder, key, value, value->text, words, result);
}

void mm_read_switch(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "true", .value = true}, {.text = "false", .value = false}, {.text = NULL}};
    uint64_t word;
    if (mm_field_word(decoder, key, value, words, &word))
        *(bool *)field = word != 0;
}

/* ---- numbers ---- */

enum notation { NOTATION_PLAIN, NOTATION_SIZE };

static void print_bound(uint64_t bound, enum notation notation, char text[MM_SIZE_CHARS])
{
    if (notation == NOTATION_SIZE && bound != UINT64_MAX)
        mm_size_print(bound, text);
    else
        (void)snprintf(text, MM_SIZE_CHARS, "%" PRIu64, bound);
}

static void report_range(struct mm_decoder *decoder, const struct mm_key *key,
                         const struct mm_node *value, enum notation notation)
{
    char low[MM_SIZE_CHARS], high[MM_SIZE_CHARS];
    print_bound(key->low, notation, low);
    print_bound(key->high, notation, high);
    mm_mistake_add(decoder->mistakes, value, "%s: %s is not in %s..%s", key->name,
                   mm_mistake_quote(decoder->mistakes, value->text), low, high);
}

static void report_unit(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, const struct mm_quantity *quantity,
                        unsigned units)
{
    const char *names[MM_QUANTITY_MAX_UNITS];
    size_t n = mm_quantity_units(units, names);
    const char *list = n > 0 ? names[0] : "none";
    for (size_t i = 1; i < n; i++)
        list = mm_arena_printf(decoder->arena, "%s, %s", list, names[i]);
    const char *unit =
        mm_arena_copy(decoder->arena, value->text + quantity->unit, quantity->n_unit);
    const char *near = mm_quantity_nearest_unit(unit, quantity->n_unit, units);
    const char *meant =
        near ? mm_arena_printf(decoder->arena, "%.*s%s", (int)quantity->unit, value->text, near)
             : NULL;
    const char *expected =
        mm_arena_printf(decoder->arena, "expected %s%s", n > 1 ? "one of " : "", list);
    mm_mistake_add_inside(decoder->mistakes, value, quantity->unit, "%s: unknown unit %s in %s%s",
                          key->name, mm_mistake_quote(decoder->mistakes, unit),
                          mm_mistake_quote(decoder->mistakes, value->text),
                          mm_mistake_advice(decoder->mistakes, meant, expected));
}

struct number_style {
    const char *expected;
    unsigned units;
    enum notation notation;
};

static void read_quantity(struct mm_decoder *decoder, const struct mm_key *key,
                          const struct mm_node *value, const struct number_style *style,
                          uint64_t *field)
{
    if (!mm_field_is_scalar(decoder, key, value, style->expected))
        return;
    struct mm_quantity quantity;
    enum mm_quantity_verdict verdict = mm_quantity_read(value->text, style->units, &quantity);
    if (verdict == MM_QUANTITY_NO_NUMBER)
        mm_mistake_add(decoder->mistakes, value, "%s: expected %s, found %s", key->name,
                       style->expected, mm_mistake_quote(decoder->mistakes, value->text));
    else if (verdict == MM_QUANTITY_BAD_UNIT)
        report_unit(decoder, key, value, &quantity, style->units);
    else if (verdict != MM_QUANTITY_OK || quantity.value < key->low || quantity.value > key->high)
        report_range(decoder, key, value, style->notation);
    else
        *field = quantity.value;
}

void mm_read_time(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field)
{
    static const struct number_style style = {"a time such as 5us, 10 ms or 300 cycles",
                                              MM_UNITS_TIME, NOTATION_PLAIN};
    uint64_t number = 0;
    struct mm_quantity quantity;
    read_quantity(decoder, key, value, &style, &number);
    if (value->kind != MM_NODE_SCALAR ||
        mm_quantity_read(value->text, MM_UNITS_TIME, &quantity) != MM_QUANTITY_OK)
        return;
    bool in_cycles = quantity.dimension == MM_DIMENSION_CYCLES;
    uint64_t mhz = decoder->cpu_mhz;
    *(uint64_t *)field = in_cycles || quantity.dimension == MM_DIMENSION_NUMBER
                             ? number
                             : number / 1000 * mhz + number % 1000 * mhz / 1000;
}

void mm_read_number(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field)
{
    static const struct number_style style = {"a whole number", MM_UNITS_NONE, NOTATION_PLAIN};
    read_quantity(decoder, key, value, &style, field);
}

void mm_read_count(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    static const struct number_style style = {"a count such as 1000 or 100k", MM_UNITS_COUNT,
                                              NOTATION_PLAIN};
    read_quantity(decoder, key, value, &style, field);
}

void mm_read_size(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field)
{
    static const struct number_style style = {"a size such as 4096, 64KiB or 16 pages",
                                              MM_UNITS_SIZE, NOTATION_SIZE};
    read_quantity(decoder, key, value, &style, field);
}

void mm_read_share(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    if (!mm_field_is_scalar(decoder, key, value, "a share such as 20%"))
        return;
    enum mm_quantity_verdict verdict = mm_share_read(value->text, field);
    if (verdict == MM_QUANTITY_OK)
        return;
    const char *quoted = mm_mistake_quote(decoder->mistakes, value->text);
    struct mm_quantity number;
    bool bare = mm_quantity_read(value->text, MM_UNITS_NONE, &number) == MM_QUANTITY_OK;
    if (verdict == MM_QUANTITY_NO_NUMBER && bare && number.value <= 100)
        mm_mistake_add(decoder->mistakes, value,
                       "%s: expected a share such as 20%%, found %s; did you mean '%" PRIu64 "%%'?",
                       key->name, quoted, number.value);
    else if (verdict == MM_QUANTITY_NO_NUMBER)
        mm_mistake_add(decoder->mistakes, value, "%s: expected a share such as 20%%, found %s",
                       key->name, quoted);
    else
        mm_mistake_add(decoder->mistakes, value, "%s: %s is not in 0%%..100%%", key->name, quoted);
}

void mm_read_decimal(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    if (!mm_field_is_scalar(decoder, key, value, "a number such as 0.99"))
        return;
    double number = 0;
    enum mm_quantity_verdict verdict = mm_decimal_read(value->text, &number);
    if (verdict == MM_QUANTITY_NO_NUMBER)
        mm_mistake_add(decoder->mistakes, value, "%s: expected a number such as 0.99, found %s",
                       key->name, mm_mistake_quote(decoder->mistakes, value->text));
    else if (verdict != MM_QUANTITY_OK || number < (double)key->low || number > (double)key->high)
        report_range(decoder, key, value, NOTATION_PLAIN);
    else
        *(double *)field = number;
}
