/* vectors-read.c - one table of verbs, one of fields, and the loop that reads a line by them. */
#include "vectors-read.h"

#include <inttypes.h>
#include <string.h>

/* ---- tables ---- */

enum field {
    FIELD_NONE,
    FIELD_ACC,
    FIELD_CPL,
    FIELD_CTL,
    FIELD_VA,
    FIELD_PDE,
    FIELD_PTE,
    FIELD_PTE2,
    FIELD_TABLE,
    FIELD_VALUE_PDE,
    FIELD_VALUE_PTE,
    FIELD_AC,
    N_FIELDS
};

static const struct {
    const char *name, *meaning;
    size_t offset; /* in struct vectors_operation */
    uint64_t max;
} FIELDS[N_FIELDS] = {
#define TO(member) offsetof(struct vectors_operation, member)
    [FIELD_ACC] = {"ACC", "a kind of access", TO(access), N_ACC - 1},
    [FIELD_CPL] = {"CPL", "a privilege level", TO(cpl), 3},
    [FIELD_CTL] = {"CTL", "control bits", TO(control), CTL_DEFINED},
    [FIELD_VA] = {"VA", "a linear address", TO(address), UINT32_MAX},
    [FIELD_PDE] = {"PDE", "an entry", TO(pde), UINT64_MAX},
    [FIELD_PTE] = {"PTE", "an entry", TO(pte), UINT64_MAX},
    [FIELD_PTE2] = {"PTE2", "an entry", TO(pte2), UINT64_MAX},
    [FIELD_TABLE] = {"TABLE", "a physical address", TO(table), (UINT64_C(1) << 40) - 1},
    [FIELD_VALUE_PDE] = {"VALUE", "an entry", TO(pde), UINT64_MAX},
    [FIELD_VALUE_PTE] = {"VALUE", "an entry", TO(pte), UINT64_MAX},
    [FIELD_AC] = {"AC", "EFLAGS.AC", TO(align_check), 1},
#undef TO
};

#define MAX_FIELDS 8

static const struct verb {
    const char *name, *meaning;
    enum vectors_verb verb;
    unsigned n_required; /* of the fields */
    enum field fields[MAX_FIELDS];
} VERBS[] = {
    {"one",
     "write control bits and entries, flush everything, make one access",
     VERB_ONE,
     7,
     {FIELD_ACC, FIELD_CPL, FIELD_CTL, FIELD_VA, FIELD_PDE, FIELD_PTE, FIELD_PTE2}},
    {"reset", "empty tables, control bits 0, everything flushed", VERB_RESET, 0, {FIELD_NONE}},
    {"ctl",
     "write control registers, with the flushes that this entails",
     VERB_CTL,
     1,
     {FIELD_CTL}},
    {"pde", "store into the page directory, no flush", VERB_PDE, 2, {FIELD_VA, FIELD_VALUE_PDE}},
    {"pte",
     "store into the page table at physical TABLE, no flush",
     VERB_PTE,
     3,
     {FIELD_VA, FIELD_TABLE, FIELD_VALUE_PTE}},
    {"access",
     "one access; AC is EFLAGS.AC, default 0",
     VERB_ACCESS,
     3,
     {FIELD_ACC, FIELD_CPL, FIELD_VA, FIELD_AC}},
    {"invlpg", "INVLPG", VERB_INVLPG, 1, {FIELD_VA}},
    {"cr3", "load CR3 with the value it has", VERB_CR3, 0, {FIELD_NONE}},
    {"flush", "toggle CR4.PGE twice", VERB_FLUSH, 0, {FIELD_NONE}},
};
#define N_ROWS (sizeof VERBS / sizeof *VERBS)

static void format_usage(const struct verb *verb, char *text, size_t n_bytes)
{
    size_t n = (size_t)snprintf(text, n_bytes, "%s ID", verb->name);
    for (unsigned i = 0; i < MAX_FIELDS && verb->fields[i] && n < n_bytes; i++)
        n += (size_t)snprintf(text + n, n_bytes - n, i < verb->n_required ? " %s" : " [%s]",
                              FIELDS[verb->fields[i]].name);
}

void vectors_print_verbs(FILE *stream)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        char usage[80];
        format_usage(&VERBS[i], usage, sizeof usage);
        fprintf(stream, "  %-39s %s\n", usage, VERBS[i].meaning);
    }
}

/* ---- reading ---- */

/* The next word of a line, ended with 0; NULL past the last one. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t\r\n");
    if (*word == '\0' || *word == '#')
        return NULL;
    char *end = word + strcspn(word, " \t\r\n#");
    char stop = *end;
    *end = '\0';
    *rest = end + (stop != '\0' && stop != '#');
    if (stop == '#')
        **rest = '\0';
    return word;
}

static bool read_hexadecimal(const char *word, uint64_t *value)
{
    uint64_t sum = 0;
    for (const char *digit = word; *digit; digit++) {
        unsigned nibble = *digit >= '0' && *digit <= '9'   ? (unsigned)(*digit - '0')
                          : *digit >= 'a' && *digit <= 'f' ? (unsigned)(*digit - 'a') + 10
                          : *digit >= 'A' && *digit <= 'F' ? (unsigned)(*digit - 'A') + 10
                                                           : 16;
        if (nibble > 15 || sum >> 60)
            return false;
        sum = sum << 4 | nibble;
    }
    *value = sum;
    return true;
}

static bool read_field(enum field field, const char *word, struct vectors_operation *operation,
                       char *why, size_t why_bytes)
{
    uint64_t value;
    if (!read_hexadecimal(word, &value)) {
        snprintf(why, why_bytes, "%s is '%.40s': expected a hexadecimal number without prefix",
                 FIELDS[field].name, word);
        return false;
    }
    if (value > FIELDS[field].max) {
        snprintf(why, why_bytes, "%s is %" PRIx64 ": expected %s, at most %" PRIx64,
                 FIELDS[field].name, value, FIELDS[field].meaning, FIELDS[field].max);
        return false;
    }
    if (field == FIELD_CTL && (value & ~(uint64_t)CTL_DEFINED)) {
        snprintf(why, why_bytes, "CTL is %" PRIx64 ": bit 8 is reserved", value);
        return false;
    }
    memcpy((char *)operation + FIELDS[field].offset, &value, sizeof value);
    return true;
}

static bool read_fields(const struct verb *verb, char *rest, struct vectors_line *line, char *why,
                        size_t why_bytes)
{
    unsigned n = 0;
    char *word = next_word(&rest);
    bool has_id = word != NULL;
    if (has_id && strlen(word) > VECTORS_MAX_ID) {
        snprintf(why, why_bytes, "an ID has at most %d characters", (int)VECTORS_MAX_ID);
        return false;
    }
    if (has_id) {
        memcpy(line->id, word, strlen(word) + 1);
        for (; (word = next_word(&rest)) && n < MAX_FIELDS && verb->fields[n]; n++)
            if (!read_field(verb->fields[n], word, &line->operation, why, why_bytes))
                return false;
    }
    if (has_id && !word && n >= verb->n_required)
        return true;
    char usage[80];
    format_usage(verb, usage, sizeof usage);
    snprintf(why, why_bytes, "%s fields; expected: %s", has_id && word ? "too many" : "too few",
             usage);
    return false;
}

/* Without PAE an entry has 32 bits; which mode a stored entry is for is known only when it runs. */
static bool entries_fit(const struct vectors_line *line, char *why, size_t why_bytes)
{
    const struct vectors_operation *operation = &line->operation;
    if (line->verb != VERB_ONE || (operation->control & CTL_PAE) ||
        (operation->pde | operation->pte | operation->pte2) <= UINT32_MAX)
        return true;
    snprintf(why, why_bytes, "an entry has 32 bits unless CTL has bit 7, CR4.PAE");
    return false;
}

bool vectors_read_line(char *text, struct vectors_line *line, char *why, size_t why_bytes)
{
    memset(&line->operation, 0, sizeof line->operation);
    line->verb = VERB_NONE;
    char *name = next_word(&text);
    if (!name)
        return true;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(VERBS[i].name, name) != 0)
            continue;
        line->verb = VERBS[i].verb;
        return read_fields(&VERBS[i], text, line, why, why_bytes) &&
               entries_fit(line, why, why_bytes);
    }
    snprintf(why, why_bytes,
             "unknown operation '%.40s'; expected one, reset, ctl, pde, pte, "
             "access, invlpg, cr3 or flush",
             name);
    return false;
}
