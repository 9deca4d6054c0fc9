/*
 * field_heap.c - readers of what the verbs of the kernel's memory have: caches, pools and scopes by
 * name, letters of checks, words.
 */
#include <stdio.h>
#include <string.h>

#include "scenario/cache_name.h"
#include "scenario/nearest.h"
#include "scenario/step.h"

enum { MAX_CANDIDATES = 256, THING_MAX_CHARS = 31 };

void mm_read_kernel(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field)
{
    if (!mm_field_is_scalar(decoder, key, value, "kernel"))
        return;
    if (strcmp(value->text, "kernel") == 0)
        *(uint32_t *)field = MM_NAME_KERNEL;
    else
        mm_mistake_add(decoder->mistakes, value,
                       "%s: found %s: this is the kernel's own memory: expected kernel, or no '%s'",
                       key->name, mm_mistake_quote(decoder->mistakes, value->text), key->name);
}

/* ---- caches, pools and scopes ---- */

static const char *kind_name(enum mm_name_kind kind)
{
    if (kind == MM_NAME_CACHE)
        return "cache";
    return kind == MM_NAME_POOL ? "pool" : "scope";
}

static const char *maker(enum mm_name_kind kind)
{
    if (kind == MM_NAME_CACHE)
        return "cache-create";
    return kind == MM_NAME_POOL ? "pool-create" : "scope-begin";
}

static bool is_thing_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_thing_name(const char *text)
{
    size_t n = 0;
    while (is_thing_character(text[n]))
        n++;
    return n > 0 && n <= THING_MAX_CHARS && text[n] == '\0';
}

/* A cache that every machine has, so that nobody can make another. False: there is none. */
static bool report_taken(struct mm_decoder *decoder, const struct mm_node *value,
                         enum mm_name_kind kind)
{
    enum mm_cache_name_owner owner = mm_cache_name_owner(value->text);
    if (kind == MM_NAME_SCOPE || owner == MM_CACHE_NAME_NOBODY)
        return false;
    mm_mistake_add(decoder->mistakes, value, "%s: there is a cache %s already: %s",
                   value->key->text, mm_mistake_quote(decoder->mistakes, value->text),
                   owner == MM_CACHE_NAME_KMALLOC ? "it is kmalloc's" : "it is the kernel's own");
    return true;
}

uint32_t mm_thing_declare(struct mm_decoder *decoder, const struct mm_node *value,
                          enum mm_name_kind kind)
{
    const char *key = value->key->text;
    const char *quoted = mm_mistake_quote(decoder->mistakes, value->text);
    if (!is_thing_name(value->text)) {
        mm_mistake_add(decoder->mistakes, value,
                       "%s: %s is no name of a %s: expected letters, digits, - and _, at most %d",
                       key, quoted, kind_name(kind), (int)THING_MAX_CHARS);
        return MM_NO_NAME;
    }
    if (report_taken(decoder, value, kind))
        return MM_NO_NAME;
    uint32_t number = mm_names_find(decoder->things, value->text);
    if (number == MM_NO_NAME)
        return mm_names_add(decoder->things, value->text, kind, value->line);
    const struct mm_name *used = &decoder->things->rows[number];
    if (used->kind == kind)
        return number;
    mm_mistake_add(decoder->mistakes, value,
                   "%s: the name %s belongs to a %s already (in line %u); caches, pools and scopes "
                   "share one namespace",
                   key, quoted, kind_name(used->kind), used->line);
    return MM_NO_NAME;
}

static const char *thing_meant(const struct mm_decoder *decoder, const char *name,
                               enum mm_name_kind kind)
{
    const char *candidates[MAX_CANDIDATES];
    size_t n = 0;
    for (uint32_t i = 0; i < decoder->things->n && n < MAX_CANDIDATES; i++)
        if (decoder->things->rows[i].kind == kind)
            candidates[n++] = decoder->things->rows[i].text;
    return mm_nearest(name, candidates, n);
}

/* Caches that steps cannot allocate from, though they exist. */
static bool report_not_for_steps(struct mm_decoder *decoder, const struct mm_key *key,
                                 const struct mm_node *value)
{
    static const char *const whose[] = {
        [MM_CACHE_NAME_KMALLOC] = "kmalloc's: expected a step that says kmalloc or kfree, or",
        [MM_CACHE_NAME_KERNEL] = "the kernel's own: steps can switch its checks (heap-check) and "
                                 "no more: expected",
    };
    enum mm_cache_name_owner owner = mm_cache_name_owner(value->text);
    if (owner == MM_CACHE_NAME_NOBODY)
        return false;
    mm_mistake_add(decoder->mistakes, value, "%s: %s is %s a cache that cache-create makes",
                   key->name, mm_mistake_quote(decoder->mistakes, value->text), whose[owner]);
    return true;
}

static void read_thing(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, enum mm_name_kind kind, uint32_t *field)
{
    const char *what = kind_name(kind);
    if (!mm_field_is_scalar(decoder, key, value,
                            mm_arena_printf(decoder->arena, "the name of a %s", what)))
        return;
    if (kind == MM_NAME_CACHE && report_not_for_steps(decoder, key, value))
        return;
    uint32_t number = mm_names_find(decoder->things, value->text);
    const char *quoted = mm_mistake_quote(decoder->mistakes, value->text);
    const char *makers =
        mm_arena_printf(decoder->arena, "no earlier step makes it with %s", maker(kind));
    if (number == MM_NO_NAME)
        mm_mistake_add(
            decoder->mistakes, value, "%s: unknown %s %s%s", key->name, what, quoted,
            mm_mistake_advice(decoder->mistakes, thing_meant(decoder, value->text, kind), makers));
    else if (decoder->things->rows[number].kind != kind)
        mm_mistake_add(decoder->mistakes, value, "%s: expected a %s, but %s is a %s", key->name,
                       what, quoted, kind_name(decoder->things->rows[number].kind));
    else
        *field = number;
}

void mm_read_cache(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    read_thing(decoder, key, value, MM_NAME_CACHE, field);
}

void mm_read_pool(struct mm_decoder *decoder, const struct mm_key *key, const struct mm_node *value,
                  void *field)
{
    read_thing(decoder, key, value, MM_NAME_POOL, field);
}

void mm_read_scope(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    read_thing(decoder, key, value, MM_NAME_SCOPE, field);
}

/* Caches that heap-check can mean: those of every machine, then those of earlier steps. */
static size_t list_caches(const struct mm_decoder *decoder, const char *names[MAX_CANDIDATES])
{
    size_t n = 0;
    for (const char *name; n < MAX_CANDIDATES && (name = mm_cache_name_at(n)) != NULL; n++)
        names[n] = name;
    for (uint32_t i = 0; i < decoder->things->n && n < MAX_CANDIDATES; i++)
        if (decoder->things->rows[i].kind != MM_NAME_SCOPE)
            names[n++] = decoder->things->rows[i].text;
    return n;
}

void mm_read_caches(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field)
{
    const char *names[MAX_CANDIDATES];
    if (!mm_field_is_scalar(decoder, key, value, "the name of a cache"))
        return;
    size_t n = list_caches(decoder, names);
    for (size_t i = 0; i < n; i++) {
        if (!mm_cache_name_matches(names[i], value->text))
            continue;
        *(const char **)field = value->text;
        return;
    }
    mm_mistake_add(decoder->mistakes, value, "%s: there is no cache %s%s", key->name,
                   mm_mistake_quote(decoder->mistakes, value->text),
                   mm_mistake_advice(decoder->mistakes, mm_nearest(value->text, names, n),
                                     "expected kmalloc, a cache that slabinfo lists or an earlier "
                                     "step makes, or a beginning of names and *"));
}

/* ---- numbers and letters ---- */

void mm_read_alignment(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    size_t n_before = decoder->mistakes->n;
    uint64_t align = 0;
    mm_read_size(decoder, key, value, &align);
    if (decoder->mistakes->n > n_before)
        return;
    if ((align & (align - 1)) == 0)
        *(uint64_t *)field = align;
    else
        mm_mistake_add(decoder->mistakes, value, "%s: %s is no power of two", key->name,
                       mm_mistake_quote(decoder->mistakes, value->text));
}

void mm_read_checks(struct mm_decoder *decoder, const struct mm_key *key,
                    const struct mm_node *value, void *field)
{
    static const char expected[] = "letters of ZPUQGHR, such as ZPU, or none";
    if (!mm_field_is_scalar(decoder, key, value, expected))
        return;
    unsigned checks = 0;
    size_t wrong = 0;
    const char *letters = strcmp(value->text, "none") == 0 ? "" : value->text;
    if (mmsim_heap_checks_parse(letters, &checks, &wrong))
        *(uint64_t *)field = checks;
    else
        mm_mistake_add_inside(decoder->mistakes, value, wrong,
                              "%s: '%c' in %s is no check: Z red zones, P poison, U tracking, Q "
                              "quarantine, G guard pages, H hardened and R random free lists, or "
                              "none",
                              key->name, value->text[wrong],
                              mm_mistake_quote(decoder->mistakes, value->text));
}

void mm_read_offsets(struct mm_decoder *decoder, const struct mm_key *key,
                     const struct mm_node *value, void *field)
{
    enum { MAX_OFFSET = 16384 };
    if (value->kind != MM_NODE_SEQUENCE) {
        mm_mistake_add(decoder->mistakes, value, "%s: expected a list of offsets, found %s",
                       key->name, mm_node_describe(decoder->mistakes, value));
        return;
    }
    uint32_t *data = mm_arena_alloc_array(decoder->arena, value->n_children, sizeof *data);
    struct mm_key item = {.name = key->name, .high = MAX_OFFSET};
    uint32_t n = 0;
    for (const struct mm_node *node = value->first; node && data; node = node->next) {
        uint64_t offset = 0;
        if (node->kind != MM_NODE_BROKEN)
            mm_read_size(decoder, &item, node, &offset);
        data[n++] = (uint32_t)offset;
    }
    *(struct mm_offsets *)field = (struct mm_offsets){data, n};
}

/* ---- words ---- */

void mm_read_leak_mode(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "conservative", .value = MMSIM_LEAK_CONSERVATIVE},
        {.text = "exact", .value = MMSIM_LEAK_EXACT},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, words, field);
}

void mm_read_leak_mark(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "normal", .value = MMSIM_LEAK_NORMAL},
        {.text = "not-leak", .value = MMSIM_LEAK_NOT_LEAK},
        {.text = "ignore", .value = MMSIM_LEAK_IGNORE},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, words, field);
}

void mm_read_fail_what(struct mm_decoder *decoder, const struct mm_key *key,
                       const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "heap", .value = MMSIM_FAIL_HEAP},
        {.text = "frames", .value = MMSIM_FAIL_FRAMES},
        {.text = "swap-read", .value = MMSIM_FAIL_SWAP_READS},
        {.text = "swap-write", .value = MMSIM_FAIL_SWAP_WRITES},
        {.text = "file-read", .value = MMSIM_FAIL_FILE_READS},
        {.text = "file-write", .value = MMSIM_FAIL_FILE_WRITES},
        {.text = "power", .value = MMSIM_FAIL_POWER},
        {.text = NULL},
    };
    (void)mm_field_word(decoder, key, value, words, field);
}

void mm_read_table(struct mm_decoder *decoder, const struct mm_key *key,
                   const struct mm_node *value, void *field)
{
    struct mm_word words[MMSIM_N_TABLES + 1] = {{.text = NULL}};
    for (unsigned i = 0; i < MMSIM_N_TABLES; i++)
        words[i] = (struct mm_word){.text = mmsim_table_name((enum mmsim_table)i), .value = i};
    (void)mm_field_word(decoder, key, value, words, field);
}
