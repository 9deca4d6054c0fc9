/* schema.c - see schema.h. */
#include "scenario/schema.h"

#include <string.h>

enum { MAX_KEYS = 64 };

static const struct mm_key *find(const struct mm_schema *schema, const char *name)
{
    for (size_t table = 0; table < 2 && schema->keys[table]; table++)
        for (const struct mm_key *key = schema->keys[table]; key->name; key++)
            if (strcmp(key->name, name) == 0)
                return key;
    return NULL;
}

/* Names of the keys that may be given. */
static size_t collect(const struct mm_schema *schema, const char *names[MAX_KEYS])
{
    size_t n = 0;
    for (size_t table = 0; table < 2 && schema->keys[table]; table++)
        for (const struct mm_key *key = schema->keys[table]; key->name && n < MAX_KEYS; key++)
            if (key->read)
                names[n++] = key->name;
    return n;
}

const char *mm_schema_article(const char *word)
{
    return strchr("aeiou", word[0]) ? "an" : "a";
}

const char *mm_schema_list(struct mm_decoder *decoder, const struct mm_schema *schema)
{
    const char *names[MAX_KEYS];
    size_t n = collect(schema, names);
    const char *list = n > 0 ? names[0] : "none";
    for (size_t i = 1; i < n; i++)
        list = mm_arena_printf(decoder->arena, "%s, %s", list, names[i]);
    return list;
}

static void report_unknown(struct mm_decoder *decoder, const struct mm_schema *schema,
                           const struct mm_node *key)
{
    const char *names[MAX_KEYS];
    size_t n = collect(schema, names);
    mm_mistake_add(decoder->mistakes, key, "unknown key %s in %s: expected one of %s%s",
                   mm_mistake_quote(decoder->mistakes, key->text), schema->what,
                   mm_schema_list(decoder, schema),
                   mm_mistake_hint(decoder->mistakes, key->text, names, n));
}

/* A key that is there with a typo is not missing as well. */
static bool is_misspelt(const struct mm_schema *schema, const struct mm_node *mapping,
                        const char *name)
{
    for (const struct mm_node *value = mapping->first; value; value = value->next)
        if (!find(schema, value->key->text) && mm_text_nearest(value->key->text, &name, 1))
            return true;
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
            report_unknown(decoder, schema, value->key);
        else if (!key->read)
            mm_mistake_add(decoder->mistakes, value->key, "'%s' in %s is not in this version",
                           key->name, schema->what);
        else if (value->kind != MM_NODE_BROKEN)
            key->read(decoder, key, value, (char *)target + key->offset);
    }
    report_missing(decoder, schema, mapping);
}
