/*
 * expect.c - what a step's `expect` may say, and how it is read.
 *
 * The table of keys is one; which of them make sense for a verb stands in the table of verbs.
 */
#include <inttypes.h>
#include <string.h>

#include "scenario/step.h"
#include "scenario/verb.h"

static void read_error(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
#define X(NAME, number) {.text = #NAME, .value = MMSIM_##NAME},
        MMSIM_ERRNO_LIST(X)
#undef X
            {.text = "ENOSPC", .later = true},
        {.text = "EAGAIN", .later = true},
        {.text = "EBADF", .later = true},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, words, field);
}

static void read_signal(struct mm_decoder *decoder, const struct mm_key *key,
                        const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "SIGSEGV", .value = MMSIM_SIGSEGV},
        {.text = "SIGBUS", .value = MMSIM_SIGBUS, .settled = true},
        {.text = "SIGKILL", .value = MMSIM_SIGKILL},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, words, field);
}

static void read_code(struct mm_decoder *decoder, const struct mm_key *key,
                      const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "SEGV_MAPERR", .value = MMSIM_SEGV_MAPERR},
        {.text = "SEGV_ACCERR", .value = MMSIM_SEGV_ACCERR},
        {.text = "SEGV_PKUERR", .value = MMSIM_SEGV_PKUERR, .settled = true},
        {.text = "BUS_ADRERR", .value = MMSIM_BUS_ADRERR, .settled = true},
        {.text = "SI_KERNEL", .value = MMSIM_SI_KERNEL},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, words, field);
}

static void read_fault(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    struct mm_word words[MMSIM_N_FAULT_KINDS + 1] = {{.text = NULL}};
    for (unsigned kind = 0; kind < MMSIM_N_FAULT_KINDS; kind++)
        words[kind] =
            (struct mm_word){.text = mmsim_fault_kind_name((enum mmsim_fault_kind)kind),
                             .value = kind,
                             .settled = kind == MMSIM_FAULT_MAJOR || kind == MMSIM_FAULT_PKEY};
    (void)mm_field_word(decoder, key, value, words, field);
}

static void read_mistake(struct mm_decoder *decoder, const struct mm_key *key,
                         const struct mm_node *value, void *field)
{
    struct mm_word words[MMSIM_N_HEAP_MISTAKES + 2] = {{.text = NULL}};
    for (unsigned i = 0; i < MMSIM_N_HEAP_MISTAKES; i++)
        words[i] = (struct mm_word){.text = mmsim_heap_mistake_name((enum mmsim_heap_mistake)i),
                                    .value = i};
    words[MMSIM_N_HEAP_MISTAKES] = (struct mm_word){.text = "none", .value = MMSIM_N_HEAP_MISTAKES};
    (void)mm_field_word(decoder, key, value, words, field);
}

#define FIELD(field) offsetof(struct mm_expectation, field)

static const struct mm_key keys[] = {
    {.name = "value",
     .read = mm_read_number,
     .offset = FIELD(value),
     .high = UINT64_MAX,
     .meaning = "the number that is read"},
    {.name = "bytes",
     .read = mm_read_bytes,
     .offset = FIELD(bytes),
     .meaning = "the bytes that are read"},
    {.name = "error", .read = read_error, .offset = FIELD(error), .meaning = "the call's errno"},
    {.name = "signal", .read = read_signal, .offset = FIELD(signal), .meaning = "SIGSEGV, ..."},
    {.name = "code", .read = read_code, .offset = FIELD(code), .meaning = "SEGV_MAPERR, ..."},
    {.name = "address",
     .read = mm_read_place,
     .offset = FIELD(address),
     .meaning = "of the mapping made, or of the signal"},
    {.name = "fault",
     .read = read_fault,
     .offset = FIELD(fault),
     .meaning = "kind of the first fault taken, or none"},
    {.name = "present",
     .read = mm_read_switch,
     .offset = FIELD(present),
     .meaning = "every entry on the way is present"},
    {.name = "accessed",
     .read = mm_read_switch,
     .offset = FIELD(accessed),
     .meaning = "the leaf entry's accessed bit"},
    {.name = "dirty",
     .read = mm_read_switch,
     .offset = FIELD(dirty),
     .meaning = "the leaf entry's dirty bit"},
    {.name = "mistake",
     .read = read_mistake,
     .offset = FIELD(mistake),
     .meaning = "the first mistake that the heap reported"},
    {.name = "site",
     .read = mm_read_text,
     .offset = FIELD(site),
     .meaning = "where the root of the first leak was allocated"},
    {.name = "lost_site",
     .read = mm_read_text,
     .offset = FIELD(lost_site),
     .meaning = "where its last reference was lost"},
#define X(NAME, figure_name, unit, figure_meaning, singular, plural)                               \
    {.name = figure_name,                                                                          \
     .read = mm_read_##unit,                                                                       \
     .offset = FIELD(figures) + MM_FIGURE_##NAME * sizeof(uint64_t),                               \
     .high = UINT64_MAX,                                                                           \
     .meaning = figure_meaning},
    MM_FIGURE_LIST(X)
#undef X
        MM_KEYS_END,
};
enum { N_KEYS = sizeof keys / sizeof keys[0] - 1 };
_Static_assert((int)N_KEYS == MM_EXPECT_FIGURES + (int)MM_N_FIGURES, "a bit for each key");

/* The rows of the keys that a verb allows. Row i of the table has bit 1 << i. */
static size_t select_rows(unsigned allowed, struct mm_key rows[N_KEYS + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < N_KEYS; i++)
        if (allowed & (1u << i))
            rows[n++] = keys[i];
    rows[n] = (struct mm_key)MM_KEYS_END;
    return n;
}

static bool is_misplaced(const struct mm_node *key, unsigned allowed)
{
    for (size_t i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i].name, key->text) == 0)
            return (allowed & (1u << i)) == 0;
    return false;
}

/* Takes out of the mapping, a copy, what this verb can never have as a result. */
static struct mm_node without_misplaced(struct mm_decoder *decoder, const struct mm_node *mapping,
                                        const struct mm_step *step, const struct mm_schema *schema)
{
    struct mm_node rest = *mapping;
    const char *verb = step->verb->info.name;
    struct mm_node **link = &rest.first;
    for (struct mm_node *value = mapping->first; value; value = value->next) {
        if (is_misplaced(value->key, step->verb->expects)) {
            mm_mistake_add(decoder->mistakes, value->key,
                           "expect: '%s' makes no sense for %s %s step: expected one of %s",
                           value->key->text, mm_schema_article(verb), verb,
                           mm_schema_list(decoder, schema));
            *link = value->next;
        } else {
            link = &value->next;
        }
    }
    return rest;
}

static unsigned given_keys(const struct mm_node *mapping)
{
    unsigned given = 0;
    for (size_t i = 0; i < N_KEYS; i++)
        if (mm_node_get(mapping, keys[i].name))
            given |= 1u << i;
    return given;
}

static void check_combination(struct mm_decoder *decoder, const struct mm_node *mapping,
                              const struct mm_step *step)
{
    unsigned given = step->expect.given;
    if ((given & MM_EXPECT_ERROR) && (given & MM_EXPECT_SIGNAL))
        mm_mistake_add(decoder->mistakes, mm_node_get(mapping, "signal"),
                       "expect: a step ends with an error or with a signal, not with both");
    if ((given & MM_EXPECT_SIGNAL) && step->by == MM_NAME_KERNEL)
        mm_mistake_add(decoder->mistakes, mm_node_get(mapping, "signal"),
                       "expect: the kernel gets no signals: a refused access of its own is "
                       "{error: EFAULT}");
    if ((given & MM_EXPECT_CODE) && !(given & MM_EXPECT_SIGNAL))
        mm_mistake_add(decoder->mistakes, mm_node_get(mapping, "code"),
                       "expect: 'code' needs 'signal' beside it");
    bool refusable = (step->verb->traits & MM_VERB_ACCESSES) != 0;
    if (refusable && (given & MM_EXPECT_ADDRESS) && !(given & (MM_EXPECT_SIGNAL | MM_EXPECT_ERROR)))
        mm_mistake_add(decoder->mistakes, mm_node_get(mapping, "address"),
                       "expect: 'address' is that of a signal: it needs 'signal' beside it");
    if ((given & MM_EXPECT_VALUE) && (given & MM_EXPECT_BYTES))
        mm_mistake_add(decoder->mistakes, mm_node_get(mapping, "bytes"),
                       "expect: a step reads a value or bytes, not both");
}

void mm_expect_read(struct mm_decoder *decoder, const struct mm_node *mapping, struct mm_step *step)
{
    struct mm_key rows[N_KEYS + 1];
    const char *verb = step->verb->info.name;
    if (select_rows(step->verb->expects, rows) == 0) {
        mm_mistake_add(decoder->mistakes, mapping->key,
                       "%s %s step has nothing to expect: its result is no value, error or signal",
                       mm_schema_article(verb), verb);
        return;
    }
    struct mm_schema schema = {.what = mm_arena_printf(decoder->arena, "'expect' of %s %s step",
                                                       mm_schema_article(verb), verb),
                               .keys = {rows, NULL}};
    struct mm_node rest = *mapping;
    if (mapping->kind == MM_NODE_MAPPING)
        rest = without_misplaced(decoder, mapping, step, &schema);
    mm_schema_read(decoder, &schema, &rest, &step->expect);
    step->expect.given = given_keys(&rest);
    check_combination(decoder, &rest, step);
}
