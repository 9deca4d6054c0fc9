/* schema.c - see schema.h. */
#include "scenario/schema.h"

#include <string.h>

#include "scenario/nearest.h"

enum { MAX_KEYS = 64 };

static const struct mm_key *find(const struct mm_schema *schema, const char *name)
{
    for (size_t table = 0; table < 2 && schema->keys[table]; table++)
        for (const struct mm_key *key = schema->keys[table]; key->name; key++)
            if (strcmp(key->name, name) == 0)
                return key;
    return NULL;
}

/* Names of the keys that are offered; `all`: that are accepted. */
enum choice { CHOICE_OFFERED, CHOICE_ACCEPTED };

static size_t collect(const struct mm_schema *schema, enum choice choice,
                      const char *names[MAX_KEYS])
{
    size_t n = 0;
    for (size_t table = 0; table < 2 && schema->keys[table]; table++)
        for (const struct mm_key *key = schema->keys[table]; key->name && n < MAX_KEYS; key++)
            if (key->read && (choice == CHOICE_ACCEPTED || !key->settled))
                names[n++] = key->name;
    return n;
}

const char *mm_schema_article(const char *word)
{
    static const char *const spelled[] = {"mmap", "mprotect", "mremap"}; /* "em-map" */
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++)
        if (strcmp(word, spelled[i]) == 0)
            return "an";
    return strchr("aeiou", word[0]) ? "an" : "a";
}

const char *mm_schema_list(struct mm_decoder *decoder, const struct mm_schema *schema)
{
    const char *names[MAX_KEYS];
    size_t n = collect(schema, CHOICE_OFFERED, names);
    const char *list = n > 0 ? names[0] : "none";
    for (size_t i = 1; i < n; i++)
        list = mm_arena_printf(decoder->arena, "%s, %s", list, names[i]);
    return list;
}

bool mm_schema_lacks_space(const struct mm_node *key, const struct mm_node *value)
{
    const char *colon = key->plain ? strchr(key->text, ':') : NULL;
    return colon && colon != key->text && colon[1] != '\0' && (!value || mm_node_is_null(value));
}

const char *mm_schema_space_hint(struct mm_decoder *decoder, const char *text)
{
    size_t n = strcspn(text, ":");
    return mm_arena_printf(decoder->arena, "a blank is missing after the colon: '%.*s: %s'", (int)n,
                           text, text + n + 1);
}

/* `{flags: private,anonymous}` is read as two keys. */
static bool continues_flags(const struct mm_node *mapping, const struct mm_node *value)
{
    const struct mm_node *before = mapping->first;
    while (before && before->next != value)
        before = before->next;
    return before && strcmp(before->key->text, "flags") == 0 && mm_node_is_null(value);
}

static void report_unknown(struct mm_decoder *decoder, const struct mm_schema *schema,
                           const struct mm_node *mapping, const struct mm_node *value)
{
    const struct mm_node *key = value->key;
    const char *names[MAX_KEYS];
    size_t n = collect(schema, CHOICE_ACCEPTED, names);
    const char *meant = mm_nearest(key->text, names, n);
    const char *list = mm_arena_printf(decoder->arena, "%s takes %s", schema->what,
                                       mm_schema_list(decoder, schema));
    if (mm_schema_lacks_space(key, value)) {
        meant = NULL;
        list = mm_schema_space_hint(decoder, key->text);
    } else if (continues_flags(mapping, value)) {
        meant = NULL;
        list = "join flags with '|', as in private|anonymous";
    }
    mm_mistake_add(decoder->mistakes, key, "unknown key %s%s",
                   mm_mistake_quote(decoder->mistakes, key->text),
                   mm_mistake_advice(decoder->mistakes, meant, list));
}

/* A key that is there with a typo is not missing as well. */
static bool is_misspelt(const struct mm_schema *schema, const struct mm_node *mapping,
                        const char *name)
{
    for (const struct mm_node *value = mapping->first; value; value = value->next) {
        const char *text = value->key->text;
        if (find(schema, text))
            continue;
        size_t n = strlen(name);
        if ((strncmp(text, name, n) == 0 && text[n] == ':') || mm_nearest(text, &name, 1))
            return true;
    }
    return false;
}

static void report_missing(struct mm_decoder *decoder, const struct mm_schema *schema,
                           const struct mm_node *mapping)
{
    for (size_t table = 0; table < 2 && schema->keys[table]; table++)
        for (const struct mm_key *key = schema->keys[table]; key->name; key++)
            if (key->need == MM_KEY_REQUIRED && !mm_node_get(mapping, key->name) &&
                !is_misspelt(schema, mapping, key->name))
                mm_mistake_add(decoder->mistakes, mapping, "%s needs the key '%s': %s",
                               schema->what, key->name, key->meaning);
}

void mm_schema_read(struct mm_decoder *decoder, const struct mm_schema *schema,
                    const struct mm_node *mapping, void *target)
{
    if (mapping->kind == MM_NODE_BROKEN)
        return;
    if (mapping->kind != MM_NODE_MAPPING) {
        mm_mistake_add(decoder->mistakes, mapping, "%s must be a mapping of keys, found %s",
                       schema->what, mm_node_describe(decoder->mistakes, mapping));
        return;
    }
    for (const struct mm_node *value = mapping->first; value; value = value->next) {
        const struct mm_key *key = find(schema, value->key->text);
        if (!key)
            report_unknown(decoder, schema, mapping, value);
        else if (!key->read)
            mm_mistake_add(decoder->mistakes, value->key, "'%s' in %s is not in this version",
                           key->name, schema->what);
        else if (value->kind != MM_NODE_BROKEN)
            key->read(decoder, key, value, (char *)target + key->offset);
    }
    report_missing(decoder, schema, mapping);
}
