/* vm-ops-read.c - words and numbers. */
#include "vm-ops-read.h"

#include <stdlib.h>
#include <string.h>

#include "spelling.h"
#include "vm-ops-perform.h"

/* ---- words ---- */

struct word {
    const char *name;
    uint64_t value;
};

#define MAP_HINT ((uint64_t)1 << 40) /* MMSIM_MAP_FIXED is not implied */

static const struct word MAP_WORDS[] = {{"private", MMSIM_MAP_PRIVATE},
                                        {"shared", MMSIM_MAP_SHARED},
                                        {"sharedval", MMSIM_MAP_SHARED_VALIDATE},
                                        {"none", 0},
                                        {"anon", MMSIM_MAP_ANONYMOUS},
                                        {"hint", MAP_HINT},
                                        {"noreplace", MMSIM_MAP_FIXED_NOREPLACE},
                                        {"growsdown", MMSIM_MAP_GROWSDOWN},
                                        {"populate", MMSIM_MAP_POPULATE},
                                        {"noreserve", MMSIM_MAP_NORESERVE},
                                        {"locked", MMSIM_MAP_LOCKED},
                                        {"stack", MMSIM_MAP_STACK},
                                        {"sync", MMSIM_MAP_SYNC},
                                        {"bogus", 0x8000000},
                                        {NULL, 0}};
static const struct word ADVICE_WORDS[] = {{"normal", MMSIM_MADV_NORMAL},
                                           {"random", MMSIM_MADV_RANDOM},
                                           {"sequential", MMSIM_MADV_SEQUENTIAL},
                                           {"willneed", MMSIM_MADV_WILLNEED},
                                           {"dontneed", MMSIM_MADV_DONTNEED},
                                           {"free", MMSIM_MADV_FREE},
                                           {"remove", MMSIM_MADV_REMOVE},
                                           {"dontfork", MMSIM_MADV_DONTFORK},
                                           {"dofork", MMSIM_MADV_DOFORK},
                                           {"mergeable", MMSIM_MADV_MERGEABLE},
                                           {"unmergeable", MMSIM_MADV_UNMERGEABLE},
                                           {"hugepage", MMSIM_MADV_HUGEPAGE},
                                           {"nohugepage", MMSIM_MADV_NOHUGEPAGE},
                                           {"dontdump", MMSIM_MADV_DONTDUMP},
                                           {"dodump", MMSIM_MADV_DODUMP},
                                           {"wipeonfork", MMSIM_MADV_WIPEONFORK},
                                           {"keeponfork", MMSIM_MADV_KEEPONFORK},
                                           {"cold", MMSIM_MADV_COLD},
                                           {"pageout", MMSIM_MADV_PAGEOUT},
                                           {"popread", MMSIM_MADV_POPULATE_READ},
                                           {"popwrite", MMSIM_MADV_POPULATE_WRITE},
                                           {"dontneed_locked", MMSIM_MADV_DONTNEED_LOCKED},
                                           {"guard", MMSIM_MADV_GUARD_INSTALL},
                                           {"unguard", MMSIM_MADV_GUARD_REMOVE},
                                           {"bogus", 77},
                                           {NULL, 0}};
static const struct word SYNC_WORDS[] = {{"sync", MMSIM_MS_SYNC},
                                         {"async", MMSIM_MS_ASYNC},
                                         {"inval", MMSIM_MS_INVALIDATE},
                                         {"none", 0},
                                         {"bogus", 64},
                                         {NULL, 0}};
static const struct word REMAP_WORDS[] = {{"none", 0},
                                          {"maymove", MMSIM_MREMAP_MAYMOVE},
                                          {"fixed", MMSIM_MREMAP_FIXED},
                                          {"dontunmap", MMSIM_MREMAP_DONTUNMAP},
                                          {"bogus", 32},
                                          {NULL, 0}};
static const struct word LIMIT_WORDS[] = {{"stack", MMSIM_LIMIT_STACK},
                                          {"as", MMSIM_LIMIT_ADDRESS_SPACE},
                                          {"memlock", MMSIM_LIMIT_MEMORY_LOCKED},
                                          {"data", MMSIM_LIMIT_DATA},
                                          {NULL, 0}};
/* `!`: a bit that means nothing; `g`: PROT_GROWSDOWN. */
static const struct word PROTECTION_LETTERS[] = {{"r", MMSIM_PROT_READ},
                                                 {"w", MMSIM_PROT_WRITE},
                                                 {"x", MMSIM_PROT_EXEC},
                                                 {"g", 0x01000000},
                                                 {"!", 0x10000000},
                                                 {"-", 0},
                                                 {NULL, 0}};

/* ---- what is wrong ---- */

struct reader {
    char *start;
    unsigned column;
    char *why;
    size_t why_bytes;
};

static bool wrong(struct reader *reader, const char *at, const char *what, const char *expected)
{
    reader->column = (unsigned)(at - reader->start) + 1;
    snprintf(reader->why, reader->why_bytes, "'%.40s' is no %s%s%s", at, what,
             expected ? "; expected " : "", expected ? expected : "");
    return false;
}

static bool wrong_word(struct reader *reader, const char *at, const char *what,
                       struct spelling *spelling)
{
    char expected[80];
    if (!spelling->nearest)
        return wrong(reader, at, what, NULL);
    snprintf(expected, sizeof expected, "perhaps '%s'", spelling->nearest);
    return wrong(reader, at, what, expected);
}

/* ---- values ---- */

static bool find_word(const struct word *words, const char *name, uint64_t *value,
                      struct spelling *spelling)
{
    *spelling = (struct spelling){.wanted = name};
    for (; words->name; words++) {
        if (strcmp(words->name, name) == 0) {
            *value = words->value;
            return true;
        }
        spelling_offer(spelling, words->name);
    }
    return false;
}

/* Words joined by commas, or'ed. A word that is none stands for a value that is none: programs try
 * such values, too. */
static bool read_words(char *text, const struct word *words, uint64_t *value)
{
    *value = 0;
    while (*text) {
        size_t n = strcspn(text, ",");
        char *next = text + n + (text[n] == ',');
        text[n] = '\0';
        uint64_t one;
        struct spelling spelling;
        if (!find_word(words, text, &one, &spelling))
            one = UINT32_MAX;
        *value |= one;
        text = next;
    }
    return true;
}

static bool read_letters(struct reader *reader, const char *text, uint64_t *value)
{
    *value = 0;
    for (const char *at = text; *at; at++) {
        char letter[2] = {*at, '\0'};
        uint64_t one;
        struct spelling spelling;
        if (!find_word(PROTECTION_LETTERS, letter, &one, &spelling))
            return wrong(reader, text, "protection", "letters of rwx, or -");
        *value |= one;
    }
    return true;
}

static bool read_number(struct reader *reader, const char *text, uint64_t *value)
{
    char *end;
    *value = (uint64_t)strtoll(text, &end, 0);
    return *end == '\0' && end != text ? true : wrong(reader, text, "number", NULL);
}

/* PAGE, PAGE+BYTES, counted from `base`; or @ABSOLUTE. */
static bool read_place(struct reader *reader, const char *text, uint64_t base, uint64_t *value)
{
    char *end;
    const char *digits = *text == '@' ? text + 1 : text;
    uint64_t number = strtoull(digits, &end, 0);
    bool sound = end != digits;
    *value = *text == '@' ? number : base + number * MMSIM_PAGE_SIZE;
    if (sound && *text != '@' && *end == '+') {
        digits = end + 1;
        *value += strtoull(digits, &end, 0);
        sound = end != digits;
    }
    return sound && *end == '\0' ? true
                                 : wrong(reader, text, "place", "PAGE, PAGE+BYTES or @ADDRESS");
}

static bool read_process(struct reader *reader, const char *text, uint64_t *value)
{
    char *end;
    *value = text[0] == 'p' ? strtoull(text + 1, &end, 10) : VM_OPS_PROCESSES;
    bool sound = text[0] == 'p' && end != text + 1 && *end == '\0' && *value < VM_OPS_PROCESSES;
    return sound ? true : wrong(reader, text, "process", "p0 to p15");
}

static bool read_object(struct reader *reader, char *text, struct vm_ops_line *line)
{
    char *colon = strchr(text, ':');
    line->access = MMSIM_FILE_READ_WRITE;
    if (colon) {
        *colon = '\0';
        if (strcmp(colon + 1, "ro") == 0)
            line->access = MMSIM_FILE_READ_ONLY;
        else if (strcmp(colon + 1, "wo") == 0)
            line->access = MMSIM_FILE_WRITE_ONLY;
        else
            return wrong(reader, colon + 1, "way to open an object", "ro or wo");
    }
    if (strlen(text) > VM_OPS_NAME_CHARS)
        return wrong(reader, text, "name of an object", "at most 15 characters");
    strcpy(line->object, text);
    return true;
}

static bool read_field(struct reader *reader, enum vm_ops_field field, char *text, unsigned index,
                       struct vm_ops_line *line)
{
    uint64_t *value = &line->values[index];
    switch (field) {
    case FIELD_ADDRESS:
        return read_place(reader, text, VM_OPS_ARENA, value);
    case FIELD_SIZE:
        return read_place(reader, text, 0, value);
    case FIELD_NUMBER:
        return read_number(reader, text, value);
    case FIELD_PROTECTION:
        return read_letters(reader, text, value);
    case FIELD_MAP_FLAGS:
        read_words(text, MAP_WORDS, value);
        if (!(*value & (MAP_HINT | MMSIM_MAP_FIXED_NOREPLACE)))
            *value |= MMSIM_MAP_FIXED;
        *value &= ~MAP_HINT;
        return true;
    case FIELD_ADVICE:
        return read_words(text, ADVICE_WORDS, value);
    case FIELD_SYNC:
        return read_words(text, SYNC_WORDS, value);
    case FIELD_REMAP:
        return read_words(text, REMAP_WORDS, value);
    case FIELD_LIMIT:
        return read_words(text, LIMIT_WORDS, value);
    case FIELD_PROCESS:
        return read_process(reader, text, value);
    default:
        return read_object(reader, text, line);
    }
}

/* ---- lines ---- */

enum { MAX_WORDS = 12 };

static unsigned split(char *text, char **words)
{
    unsigned n = 0;
    for (char *at = text; n < MAX_WORDS;) {
        at += strspn(at, " \t\r\n");
        if (*at == '\0')
            break;
        words[n++] = at;
        at += strcspn(at, " \t\r\n");
        if (*at)
            *at++ = '\0';
    }
    return n;
}

static const struct vm_ops_verb *find_verb(const char *name, bool by_kernel,
                                           struct spelling *spelling)
{
    *spelling = (struct spelling){.wanted = name};
    for (const struct vm_ops_verb *verb = vm_ops_verbs; verb->name; verb++) {
        if (verb->by_kernel != by_kernel)
            continue;
        if (strcmp(verb->name, name) == 0)
            return verb;
        spelling_offer(spelling, verb->name);
    }
    return NULL;
}

static bool read_fields(struct reader *reader, char **words, unsigned n, struct vm_ops_line *line)
{
    const struct vm_ops_verb *verb = line->verb;
    unsigned i = 0;
    for (; i < n && verb->fields[i] != FIELD_END; i++)
        if (!read_field(reader, verb->fields[i], words[i], i, line))
            return false;
    if (i >= verb->n_needed)
        return true;
    reader->column = 1;
    snprintf(reader->why, reader->why_bytes, "'%s' needs %u words after it, and has %u", verb->name,
             verb->n_needed, n);
    return false;
}

static bool read_operation(struct reader *reader, char **words, unsigned n,
                           struct vm_ops_line *line)
{
    bool by_kernel = strcmp(words[0], "k") == 0;
    uint64_t subject = VM_OPS_KERNEL;
    struct spelling spelling;
    line->kind = VM_OPS_OPERATION;
    if (!by_kernel && !read_process(reader, words[0], &subject))
        return wrong(reader, words[0], "subject", "prog, file, shm, p0 to p15, or k");
    line->subject = (unsigned)subject;
    if (n < 2)
        return wrong(reader, words[0], "operation", "a verb after it");
    line->verb = find_verb(words[1], by_kernel, &spelling);
    if (!line->verb)
        return wrong_word(reader, words[1], by_kernel ? "verb of k" : "verb of a process",
                          &spelling);
    return read_fields(reader, words + 2, n - 2, line);
}

static bool read_object_line(struct reader *reader, char **words, unsigned n,
                             struct vm_ops_line *line)
{
    line->kind = VM_OPS_OBJECT;
    line->shared_memory = strcmp(words[0], "shm") == 0;
    if (n < 3)
        return wrong(reader, words[0], "declaration", "NAME SIZE [SEED]");
    line->name = words[1];
    if (strlen(words[1]) > VM_OPS_NAME_CHARS)
        return wrong(reader, words[1], "name of an object", "at most 15 characters");
    return read_place(reader, words[2], 0, &line->values[0]) &&
           (n < 4 || read_number(reader, words[3], &line->values[1]));
}

bool vm_ops_read(char *text, struct vm_ops_line *line, unsigned *column, char *why,
                 size_t why_bytes)
{
    static const char program[] = "prog";
    struct reader reader = {.start = text, .column = 1, .why = why, .why_bytes = why_bytes};
    *line = (struct vm_ops_line){.values[1] = 0};
    text[strcspn(text, "#\r\n")] = '\0';
    char *words[MAX_WORDS];
    bool sound = true;
    if (strncmp(text, program, 4) == 0 && (text[4] == ' ' || text[4] == '\0')) {
        line->kind = VM_OPS_PROGRAM;
        line->name = text[4] ? text + 5 : "-";
        return true;
    }
    unsigned n = split(text, words);
    if (n > 0 && (strcmp(words[0], "file") == 0 || strcmp(words[0], "shm") == 0))
        sound = read_object_line(&reader, words, n, line);
    else if (n > 0)
        sound = read_operation(&reader, words, n, line);
    *column = reader.column;
    return sound;
}

void vm_ops_print_verbs(FILE *stream)
{
    static const char *const names[] = {[FIELD_ADDRESS] = "ADDRESS",
                                        [FIELD_SIZE] = "SIZE",
                                        [FIELD_NUMBER] = "N",
                                        [FIELD_PROTECTION] = "PROT",
                                        [FIELD_MAP_FLAGS] = "FLAGS",
                                        [FIELD_ADVICE] = "ADVICE",
                                        [FIELD_SYNC] = "FLAGS",
                                        [FIELD_REMAP] = "FLAGS",
                                        [FIELD_LIMIT] = "LIMIT",
                                        [FIELD_PROCESS] = "pN",
                                        [FIELD_OBJECT] = "OBJECT[:ro|:wo]"};
    for (const struct vm_ops_verb *verb = vm_ops_verbs; verb->name; verb++) {
        fprintf(stream, "  %s %s", verb->by_kernel ? "k" : "pN", verb->name);
        for (unsigned i = 0; verb->fields[i] != FIELD_END; i++)
            fprintf(stream, i < verb->n_needed ? " %s" : " [%s]", names[verb->fields[i]]);
        fputc('\n', stream);
    }
}
