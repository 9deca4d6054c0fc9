/*
 * header_pager.c - the keys `machine.swap` and `kernel.policy`, `scope`, `view` of a scenario; see
 * header.h.
 */
#include <mmsim/pager.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "scenario/field.h"
#include "scenario/header.h"
#include "sim/pager.h"

/* ---- swap ---- */

struct swap_keys {
    uint64_t bytes, read, write, page, priority;
    const char *path;
};

static void read_host_file(struct mm_decoder *decoder, const struct mm_key *key,
                           const struct mm_node *value, void *field)
{
    if (mm_field_is_scalar(decoder, key, value, "a file of the host"))
        *(const char **)field = mm_field_host_path(decoder, value->text);
}

#define SWAP(field) offsetof(struct swap_keys, field)

static const struct mm_key swap_table[] = {
    {.name = "size",
     .need = MM_KEY_REQUIRED,
     .read = mm_read_size,
     .offset = SWAP(bytes),
     .high = UINT64_C(64) * 1024 * MMSIM_MIB,
     .meaning = "bytes of the area"},
    {.name = "read",
     .read = mm_read_time,
     .offset = SWAP(read),
     .high = UINT64_MAX,
     .meaning = "time of a read, before its first page"},
    {.name = "write",
     .read = mm_read_time,
     .offset = SWAP(write),
     .high = UINT64_MAX,
     .meaning = "time of a write, before its first page"},
    {.name = "page",
     .read = mm_read_time,
     .offset = SWAP(page),
     .high = UINT64_MAX,
     .meaning = "time of each page"},
    {.name = "priority",
     .read = mm_read_number,
     .offset = SWAP(priority),
     .high = 32767,
     .meaning = "areas of a higher one are filled first"},
    {.name = "path",
     .read = read_host_file,
     .offset = SWAP(path),
     .meaning = "a file of the host's that holds the area"},
    MM_KEYS_END,
};

/* A size, or a mapping. No area but an only one of size 0, which is none. */
static void read_area(struct mm_decoder *decoder, const struct mm_node *node,
                      struct mmsim_swap_area *area)
{
    size_t n_known = decoder->mistakes->n;
    const struct mmsim_disk *like = &decoder->config->disk;
    struct swap_keys keys = {
        .read = like->read_cycles, .write = like->write_cycles, .page = like->page_cycles};
    struct mm_schema schema = {.what = "a swap area", .keys = {swap_table, NULL}};
    if (node->kind == MM_NODE_MAPPING)
        mm_schema_read(decoder, &schema, node, &keys);
    else
        mm_read_size(decoder,
                     &(struct mm_key){.name = "swap", .high = UINT64_C(64) * 1024 * MMSIM_MIB},
                     node, &keys.bytes);
    if (keys.bytes & MMSIM_PAGE_MASK)
        mm_mistake_add(decoder->mistakes, node,
                       "swap: an area is whole pages of 4KiB, found %llu bytes",
                       (unsigned long long)keys.bytes);
    else if (keys.bytes == 0 && decoder->mistakes->n == n_known)
        mm_mistake_add(decoder->mistakes, node, "swap: an area has at least one page, found none");
    *area = (struct mmsim_swap_area){.bytes = keys.bytes,
                                     .read_cycles = keys.read,
                                     .write_cycles = keys.write,
                                     .page_cycles = keys.page,
                                     .priority = (int)keys.priority,
                                     .path = keys.path};
}

/* No swap: 0, or {size: 0}. */
static bool is_zero(const struct mm_node *node)
{
    const struct mm_node *size = mm_node_get(node, "size");
    if (size && node->n_children == 1)
        node = size;
    return node->kind == MM_NODE_SCALAR && strcmp(node->text, "0") == 0;
}

void mm_header_read_swap(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mmsim_config *config)
{
    bool is_list = node->kind == MM_NODE_SEQUENCE;
    size_t n_known = decoder->mistakes->n;
    struct mmsim_error error;
    if (is_zero(node))
        return;
    size_t n = is_list ? node->n_children : 1;
    if (n > MMSIM_MAX_SWAP_AREAS) {
        mm_mistake_add(decoder->mistakes, node, "swap: at most %d areas, found %zu",
                       MMSIM_MAX_SWAP_AREAS, n);
        return;
    }
    struct mmsim_swap_area *areas = mm_arena_alloc_array(decoder->arena, n, sizeof *areas);
    const struct mm_node *one = is_list ? node->first : node;
    size_t n_read = 0;
    for (; one && areas; one = is_list ? one->next : NULL)
        read_area(decoder, one, &areas[n_read++]);
    config->pager.swap = areas;
    config->pager.n_swap = n_read;
    if (decoder->mistakes->n == n_known && mm_config_check_pager(config, &error))
        mm_mistake_add(decoder->mistakes, node, "swap: %s", error.text);
}

/* ---- policy ---- */

enum { POLICY_CHARS = 200 };

/* {name: 2q, kin: 0.25} as "2q(kin=0.25)". False: a mistake was found. */
static bool spell_policy(struct mm_decoder *decoder, const struct mm_node *node, char *text)
{
    const struct mm_node *name = mm_node_get(node, "name");
    struct mm_key key = {.name = "policy"};
    if (!name) {
        mm_mistake_add(decoder->mistakes, node,
                       "policy: expected a name, or {name: ..., and its parameters}");
        return false;
    }
    if (!mm_field_is_scalar(decoder, &key, name, "the name of a policy"))
        return false;
    size_t n = (size_t)snprintf(text, POLICY_CHARS, "%s", name->text);
    bool first = true;
    for (const struct mm_node *child = node->first; child; child = child->next) {
        if (child == name)
            continue;
        struct mm_key parameter = {.name = child->key->text};
        if (!mm_field_is_scalar(decoder, &parameter, child, "the value of a parameter"))
            return false;
        n += (size_t)snprintf(text + n, n < POLICY_CHARS ? POLICY_CHARS - n : 0, "%s%s=%s",
                              first ? "(" : ",", child->key->text, child->text);
        first = false;
        if (n >= POLICY_CHARS)
            n = POLICY_CHARS - 1;
    }
    if (!first)
        snprintf(text + n, POLICY_CHARS - n, ")");
    return true;
}

/* What of {name: 2q, kin: 3} a mistake in "2q(kin=3)" is about. */
static const struct mm_node *culprit(const struct mm_node *node, const char *mistake)
{
    const struct mm_node *name = node->kind == MM_NODE_MAPPING ? mm_node_get(node, "name") : node;
    if (name == node)
        return node;
    for (const struct mm_node *child = node->first; child; child = child->next) {
        char value[POLICY_CHARS], key[POLICY_CHARS], none[POLICY_CHARS];
        snprintf(value, sizeof value, "(%s): ", child->key->text);
        snprintf(key, sizeof key, "unknown parameter '%s'", child->key->text);
        snprintf(none, sizeof none, "no parameters, found '%s'", child->key->text);
        if (child != name && strstr(mistake, value))
            return child;
        if (child != name && (strstr(mistake, key) || strstr(mistake, none)))
            return child->key;
    }
    return name;
}

void mm_header_read_policy(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mmsim_config *config)
{
    char text[POLICY_CHARS] = "";
    struct mm_key key = {.name = "policy"};
    if (node->kind == MM_NODE_MAPPING) {
        if (!spell_policy(decoder, node, text))
            return;
    } else {
        if (!mm_field_is_scalar(decoder, &key, node, "the name of a policy"))
            return;
        snprintf(text, sizeof text, "%s", node->text);
    }
    struct mmsim_policy_choice choice;
    struct mmsim_error error = {0};
    config->pager.policy = mm_arena_printf(decoder->arena, "%s", text);
    if (config->pager.policy && mm_config_policy(&config->pager, &choice, &error)) {
        mm_mistake_add(decoder->mistakes, culprit(node, error.text), "policy: %s", error.text);
        config->pager.policy = "clock";
    }
}

/* ---- scope and view ---- */

struct scope_keys {
    uint64_t scope, allocation, window, threshold;
};

static void read_scope_name(struct mm_decoder *decoder, const struct mm_key *key,
                            const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {{.text = "global", .value = MMSIM_SCOPE_GLOBAL},
                                           {.text = "local", .value = MMSIM_SCOPE_LOCAL},
                                           {.text = NULL}};
    (void)mm_field_word(decoder, key, value, words, field);
}

static void read_allocation(struct mm_decoder *decoder, const struct mm_key *key,
                            const struct mm_node *value, void *field)
{
    static const struct mm_word words[] = {
        {.text = "fixed", .value = MMSIM_ALLOCATION_FIXED},
        {.text = "proportional", .value = MMSIM_ALLOCATION_PROPORTIONAL},
        {.text = "working-set", .value = MMSIM_ALLOCATION_WORKING_SET},
        {.text = "pff", .value = MMSIM_ALLOCATION_PFF},
        {.text = NULL}};
    (void)mm_field_word(decoder, key, value, words, field);
}

#define SCOPE(field) offsetof(struct scope_keys, field)

static const struct mm_key scope_table[] = {
    {.name = "name",
     .need = MM_KEY_REQUIRED,
     .read = read_scope_name,
     .offset = SCOPE(scope),
     .meaning = "global or local"},
    {.name = "allocation",
     .read = read_allocation,
     .offset = SCOPE(allocation),
     .meaning = "how local replacement shares the frames out"},
    {.name = "window",
     .read = mm_read_count,
     .offset = SCOPE(window),
     .low = 1,
     .high = UINT64_MAX,
     .meaning = "references that make a working set"},
    {.name = "threshold",
     .read = mm_read_count,
     .offset = SCOPE(threshold),
     .low = 1,
     .high = UINT64_MAX,
     .meaning = "references between two faults that are too few (pff)"},
    MM_KEYS_END,
};

void mm_header_read_scope(struct mm_decoder *decoder, const struct mm_node *node,
                          struct mmsim_config *config)
{
    struct mmsim_pager_config *pager = &config->pager;
    struct scope_keys keys = {.scope = pager->scope,
                              .allocation = pager->allocation,
                              .window = pager->window,
                              .threshold = pager->threshold};
    struct mm_key key = {.name = "scope"};
    struct mm_schema schema = {.what = "'scope'", .keys = {scope_table, NULL}};
    if (node->kind == MM_NODE_MAPPING)
        mm_schema_read(decoder, &schema, node, &keys);
    else
        read_scope_name(decoder, &key, node, &keys.scope);
    pager->scope = (enum mmsim_replacement_scope)keys.scope;
    pager->allocation = (enum mmsim_allocation)keys.allocation;
    pager->window = keys.window;
    pager->threshold = keys.threshold;
}

void mm_header_read_swap_readahead(struct mm_decoder *decoder, const struct mm_key *key,
                                   const struct mm_node *value, void *field)
{
    uint64_t n_pages = 1;
    size_t n_known = decoder->mistakes->n;
    mm_read_number(decoder, key, value, &n_pages);
    if (decoder->mistakes->n > n_known)
        return;
    if (n_pages & (n_pages - 1))
        mm_mistake_add(decoder->mistakes, value, "%s: '%s' is no power of two", key->name,
                       value->text);
    else
        *(uint64_t *)field = n_pages;
}

/* "exact", "bits", or "bits:N", N references between two looks. */
void mm_header_read_view(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mmsim_config *config)
{
    static const struct mm_word words[] = {{.text = "exact", .value = MMSIM_VIEW_REFERENCES},
                                           {.text = "bits", .value = MMSIM_VIEW_BITS},
                                           {.text = NULL}};
    struct mm_key key = {.name = "view", .low = 1, .high = UINT64_MAX};
    uint64_t view = (uint64_t)config->pager.view;
    if (!mm_field_is_scalar(decoder, &key, node, "exact, bits or bits:N"))
        return;
    if (strncmp(node->text, "bits:", 5) == 0) {
        struct mm_node number = *node;
        number.text = mm_arena_printf(decoder->arena, "%s", node->text + 5);
        if (number.text)
            mm_read_count(decoder, &key, &number, &config->pager.view_interval);
        config->pager.view = MMSIM_VIEW_BITS;
        return;
    }
    if (mm_field_word(decoder, &key, node, words, &view))
        config->pager.view = (enum mmsim_view)view;
}
