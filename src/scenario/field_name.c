/* field_name.c - names of processes and addresses, and addresses themselves; see field.h. */
#include <stdio.h>
#include <string.h>

#include "scenario/field.h"
#include "scenario/nearest.h"
#include "scenario/quantity.h"

enum { MAX_CANDIDATES = 256 };

static const char *name_meant(const struct mm_decoder *decoder, const char *name,
                              enum mm_name_kind kind)
{
    const char *candidates[MAX_CANDIDATES];
    size_t n = 0;
    for (uint32_t i = 0; i < decoder->names->n && n < MAX_CANDIDATES; i++)
        if (decoder->names->rows[i].kind == kind)
            candidates[n++] = decoder->names->rows[i].text;
    return mm_nearest(name, candidates, n);
}

/* ---- uses ---- */

static uint32_t find_process(struct mm_decoder *decoder, const struct mm_key *key,
                             const struct mm_node *value)
{
    uint32_t number = mm_names_find(decoder->names, value->text);
    const char *quoted = mm_mistake_quote(decoder->mistakes, value->text);
    if (number == MM_NO_NAME)
        mm_mistake_add(decoder->mistakes, value, "%s: unknown process %s%s", key->name, quoted,
                       mm_mistake_advice(decoder->mistakes,
                                         name_meant(decoder, value->text, MM_NAME_PROCESS),
                                         "expected one that `processes` lists or an earlier step "
                                         "makes, or kernel"));
    else if (decoder->names->rows[number].kind == MM_NAME_ADDRESS)
        mm_mistake_add(decoder->mistakes, value,
                       "%s: expected a process, but %s is an address (bound in line %u)", key->name,
                       quoted, decoder->names->rows[number].line);
    else
        return number;
    return MM_NO_NAME;
}

void mm_read_process(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    if (mm_field_is_scalar(decoder, key, value, "the name of a process"))
        *(uint32_t *)field = find_process(decoder, key, value);
}

/* The number of an address name that stands at the start of a value's text. */
static uint32_t find_address(struct mm_decoder *decoder, const struct mm_key *key,
                             const struct mm_node *value, const char *name)
{
    uint32_t number = mm_names_find(decoder->names, name);
    const char *quoted = mm_mistake_quote(decoder->mistakes, name);
    if (number == MM_NO_NAME)
        mm_mistake_add(decoder->mistakes, value, "%s: unknown name %s%s", key->name, quoted,
                       mm_mistake_advice(decoder->mistakes,
                                         name_meant(decoder, name, MM_NAME_ADDRESS),
                                         "no earlier step binds that name with `as`"));
    else if (decoder->names->rows[number].kind == MM_NAME_PROCESS)
        mm_mistake_add(decoder->mistakes, value, "%s: expected an address, but %s is a process",
                       key->name, quoted);
    else
        return number;
    return MM_NO_NAME;
}

void mm_read_address_name(struct mm_decoder *decoder, const struct mm_key *key,
                          const struct mm_node *value, void *field)
{
    static const char expected[] = "the name of a mapping, bound by `as`";
    if (!mm_field_is_scalar(decoder, key, value, expected))
        return;
    if (mm_name_is_valid(value->text))
        *(uint32_t *)field = find_address(decoder, key, value, value->text);
    else
        mm_mistake_add(decoder->mistakes, value, "%s: expected %s, found %s", key->name, expected,
                       mm_mistake_quote(decoder->mistakes, value->text));
}

/* ---- addresses ---- */

static const char *skip_blanks(const char *text)
{
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

static void report_number(struct mm_decoder *decoder, const struct mm_key *key,
                          const struct mm_node *value, enum mm_quantity_verdict verdict)
{
    const char *quoted = mm_mistake_quote(decoder->mistakes, value->text);
    if (verdict == MM_QUANTITY_NEGATIVE)
        mm_mistake_add(decoder->mistakes, value, "%s: %s: an address cannot be negative", key->name,
                       quoted);
    else if (verdict == MM_QUANTITY_TOO_LARGE || verdict == MM_QUANTITY_OK)
        mm_mistake_add(decoder->mistakes, value,
                       "%s: %s is above 0xFFFFFFFF, the last address of this machine", key->name,
                       quoted);
    else
        mm_mistake_add(decoder->mistakes, value,
                       "%s: expected an address such as 0x40000000, buf or buf+16 pages, found %s",
                       key->name, quoted);
}

/* Reads a number in bytes up to MM_ADDRESS_MAX. */
static bool read_number(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, const char *text, uint64_t *number)
{
    struct mm_quantity quantity;
    enum mm_quantity_verdict verdict = mm_quantity_read(text, MM_UNITS_SIZE, &quantity);
    if (verdict == MM_QUANTITY_OK && quantity.value <= MM_ADDRESS_MAX) {
        *number = quantity.value;
        return true;
    }
    report_number(decoder, key, value, verdict);
    return false;
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* NAME, NAME+OFFSET or NAME-OFFSET. */
static void read_named_place(struct mm_decoder *decoder, const struct mm_key *key,
                             const struct mm_node *value, struct mm_place *place)
{
    const char *text = skip_blanks(value->text);
    size_t n = strcspn(text, "+- \t");
    const char *name = mm_arena_copy(decoder->arena, text, n);
    const char *rest = skip_blanks(text + n);
    if (!mm_name_is_valid(name) || !strchr("+-", *rest)) {
        report_number(decoder, key, value, MM_QUANTITY_NO_NUMBER);
        return;
    }
    struct mm_place named = {.below = *rest == '-', .text = value->text};
    named.name = find_address(decoder, key, value, name);
    if (*rest != '\0' && !read_number(decoder, key, value, rest + 1, &named.offset))
        return;
    if (named.name != MM_NO_NAME)
        *place = named;
}

void mm_read_place(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    struct mm_place *place = field;
    if (!mm_field_is_scalar(decoder, key, value, "an address"))
        return;
    if (is_name_start(*skip_blanks(value->text))) {
        read_named_place(decoder, key, value, place);
        return;
    }
    uint64_t address;
    if (read_number(decoder, key, value, value->text, &address))
        *place = (struct mm_place){.name = MM_NO_NAME, .offset = address, .text = value->text};
}

/* ---- declarations ---- */

void mm_read_new_name(struct mm_decoder *decoder, const struct mm_key *key,
                      const struct mm_node *value, void *field)
{
    if (!mm_field_is_scalar(decoder, key, value, "a name"))
        return;
    *(const struct mm_node **)field = value;
}

static void report_used(struct mm_decoder *decoder, const char *key, const struct mm_node *value,
                        const struct mm_name *used)
{
    const char *kind = used->kind == MM_NAME_PROCESS ? "process" : "address";
    const char *where =
        used->line ? mm_arena_printf(decoder->arena, "in line %u", used->line) : "from the start";
    mm_mistake_add(decoder->mistakes, value,
                   "%s: the name %s belongs to %s %s already (%s); processes and addresses share "
                   "one namespace",
                   key, mm_mistake_quote(decoder->mistakes, value->text), mm_schema_article(kind),
                   kind, where);
}

uint32_t mm_field_declare(struct mm_decoder *decoder, const char *key, const struct mm_node *value,
                          enum mm_name_kind kind)
{
    if (!mm_name_is_valid(value->text)) {
        mm_mistake_add(decoder->mistakes, value,
                       "%s: %s is no name: expected a letter or _, then letters, digits and _, at "
                       "most %d in all",
                       key, mm_mistake_quote(decoder->mistakes, value->text),
                       (int)MM_NAME_MAX_CHARS);
        return MM_NO_NAME;
    }
    uint32_t number = mm_names_find(decoder->names, value->text);
    if (number == MM_NO_NAME)
        return mm_names_add(decoder->names, value->text, kind, value->line);
    struct mm_name *used = &decoder->names->rows[number];
    if (used->kind == MM_NAME_EITHER || (used->kind == kind && kind == MM_NAME_ADDRESS))
        return number;
    report_used(decoder, key, value, used);
    return MM_NO_NAME;
}
