/* header_files.c - the key `files` of a scenario; see header.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scenario/field.h"
#include "scenario/header.h"
#include "scenario/load.h"
#include "scenario/step.h"
#include "scenario/verb.h"

enum { MAX_NAMED_BYTES = 1 << 28 }; /* of one file: what is written before the first step */

/* An item of the list. */
struct item {
    const char *name, *text, *path;
    const struct mm_node *random;
    uint64_t size, fill;
    bool has_size;
};

#define ITEM(field) offsetof(struct item, field)

static void read_path(struct mm_decoder *decoder, const struct mm_key *key,
                      const struct mm_node *value, void *field)
{
    if (mm_field_is_scalar(decoder, key, value, "a file of the host"))
        *(const char **)field = value->text;
}

static const struct mm_key table[] = {
    {.name = "name",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_file_name,
     .offset = ITEM(name),
     .meaning = "what steps call it"},
    {.name = "size",
     .read = mm_read_size,
     .offset = ITEM(size),
     .high = MAX_NAMED_BYTES,
     .meaning = "bytes"},
    {.name = "fill",
     .read = mm_read_number,
     .offset = ITEM(fill),
     .high = 255,
     .meaning = "the byte that it is full of"},
    {.name = "text", .read = mm_read_text, .offset = ITEM(text), .meaning = "its contents"},
    {.name = "random",
     .read = mm_read_node,
     .offset = ITEM(random),
     .meaning = "true: random bytes, from the scenario's seed"},
    {.name = "from", .read = read_path, .offset = ITEM(path), .meaning = "a file of the host"},
    MM_KEYS_END,
};

/* The contents of a host file. */
static bool load(struct mm_decoder *decoder, const struct mm_node *node, const char *path,
                 struct mm_given_file *file)
{
    const char *whole = mm_field_host_path(decoder, path);
    FILE *stream = fopen(whole, "rb");
    if (!stream) {
        mm_mistake_add(decoder->mistakes, node, "from: %s: %s", whole, strerror(errno));
        return false;
    }
    bool sound = fseek(stream, 0, SEEK_END) == 0;
    long n = sound ? ftell(stream) : -1;
    uint8_t *bytes = n >= 0 && n <= MAX_NAMED_BYTES
                         ? mm_arena_alloc_array(decoder->arena, (size_t)n + 1, 1)
                         : NULL;
    sound =
        bytes && fseek(stream, 0, SEEK_SET) == 0 && fread(bytes, 1, (size_t)n, stream) == (size_t)n;
    fclose(stream);
    if (!sound) {
        mm_mistake_add(decoder->mistakes, node,
                       "from: %s cannot be read as a file of at most %d bytes", whole,
                       MAX_NAMED_BYTES);
        return false;
    }
    file->contents = bytes;
    file->size = (uint64_t)n;
    return true;
}

static bool is_new(const struct mmsim_scenario *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->n_files; i++)
        if (strcmp(scenario->files[i].name, name) == 0)
            return false;
    return true;
}

static void read_item(struct mm_decoder *decoder, const struct mm_node *node,
                      struct mmsim_scenario *scenario)
{
    struct item item = {.name = NULL};
    struct mm_schema schema = {.what = "a file", .keys = {table, NULL}};
    mm_schema_read(decoder, &schema, node, &item);
    if (!item.name)
        return;
    struct mm_given_file file = {.name = item.name, .size = item.size, .fill = item.fill};
    int n_sources = (item.text != NULL) + (item.path != NULL) + (item.random != NULL) +
                    (mm_node_get(node, "fill") != NULL);
    if (n_sources > 1)
        mm_mistake_add(decoder->mistakes, node, "a file takes one of fill, text, random and from");
    if (!is_new(scenario, item.name))
        mm_mistake_add(decoder->mistakes, node, "there is a file %s already",
                       mm_mistake_quote(decoder->mistakes, item.name));
    file.random = item.random && strcmp(item.random->text, "true") == 0;
    if (item.random && !file.random)
        mm_mistake_add(decoder->mistakes, item.random, "random: expected true");
    if (item.text) {
        file.contents = (const uint8_t *)item.text;
        file.size = strlen(item.text);
    }
    if (item.path && !load(decoder, node, item.path, &file))
        return;
    scenario->files[scenario->n_files++] = file;
}

void mm_header_read_files(struct mm_decoder *decoder, const struct mm_node *list,
                          struct mmsim_scenario *scenario)
{
    scenario->files =
        mm_arena_alloc_array(decoder->arena, list->n_children + 1, sizeof *scenario->files);
    for (const struct mm_node *node = list->first; node && scenario->files; node = node->next)
        read_item(decoder, node, scenario);
}
