/*
 * override.c - `--set PATH=VALUE`: puts a value into the tree before anybody reads it.
 *
 * The value is read as YAML and carries the override's text, so that the usual checks apply and
 * their messages name the override instead of a line of the file.
 */
#include <string.h>

#include "scenario/node.h"

struct override {
    const char *text; /* "machine.ram=8MiB" */
    struct mm_arena *arena;
    struct mm_mistakes *mistakes;
    struct mm_node place; /* where its own mistakes are reported */
};

/* Trees are at most MM_NODE_MAX_DEPTH deep. */
static void mark(struct mm_node *node, const char *text)
{
    node->override = text;
    for (struct mm_node *child = node->first; child; child = child->next)
        mark(child, text);
}

static struct mm_node *make(const struct override *override, enum mm_node_kind kind,
                            const char *text, size_t n_bytes)
{
    struct mm_node *node = mm_arena_alloc(override->arena, sizeof *node);
    if (!node)
        return NULL;
    node->kind = kind;
    node->plain = true;
    node->text = mm_arena_copy(override->arena, text, n_bytes);
    node->override = override->text;
    return node;
}

static struct mm_node *parse_value(const struct override *override, const char *value)
{
    struct mm_mistakes inner; /* their lines count within VALUE */
    mm_mistakes_init(&inner, override->arena);
    struct mm_node *node = mm_node_parse(value, strlen(value), override->arena, &inner);
    for (const struct mm_mistake *m = inner.first; m; m = m->next)
        mm_mistake_add(override->mistakes, &override->place, "%s", m->text);
    if (inner.n != 0)
        return NULL;
    if (!node)
        return make(override, MM_NODE_SCALAR, "", 0);
    mark(node, override->text);
    return node;
}

static struct mm_node **find_item(const struct override *override, struct mm_node *list,
                                  const char *part, size_t n_bytes)
{
    size_t index = 0;
    bool number = n_bytes > 0 && n_bytes < 9;
    for (size_t i = 0; number && i < n_bytes; i++) {
        number = part[i] >= '0' && part[i] <= '9';
        index = index * 10 + (size_t)(part[i] - '0');
    }
    if (!number || index >= list->n_children) {
        mm_mistake_add(override->mistakes, &override->place,
                       "a list of %zu items has no item '%.*s'; items are numbered from 0",
                       list->n_children, (int)n_bytes, part);
        return NULL;
    }
    struct mm_node **link = &list->first;
    while (index-- > 0)
        link = &(*link)->next;
    return link;
}

/* The place of a key in a mapping; a new pair with an empty mapping is added if there is none. */
static struct mm_node **find_pair(const struct override *override, struct mm_node *mapping,
                                  const char *part, size_t n_bytes)
{
    struct mm_node **link = &mapping->first;
    for (; *link; link = &(*link)->next) {
        const char *key = (*link)->key->text;
        if (strlen(key) == n_bytes && memcmp(key, part, n_bytes) == 0)
            return link;
    }
    struct mm_node *key = make(override, MM_NODE_SCALAR, part, n_bytes);
    struct mm_node *value = make(override, MM_NODE_MAPPING, "", 0);
    if (!key || !value)
        return NULL;
    value->key = key;
    mapping->n_children++;
    *link = value;
    return link;
}

static struct mm_node **step_into(const struct override *override, struct mm_node *node,
                                  const char *part, size_t n_bytes)
{
    if (node->kind == MM_NODE_SEQUENCE)
        return find_item(override, node, part, n_bytes);
    if (node->kind == MM_NODE_MAPPING && n_bytes > 0)
        return find_pair(override, node, part, n_bytes);
    mm_mistake_add(override->mistakes, &override->place,
                   "there is no '%.*s' here: what stands before it in the path has no keys",
                   (int)n_bytes, part);
    return NULL;
}

static struct mm_node **find_place(const struct override *override, struct mm_node *root,
                                   const char *path, size_t n_path)
{
    struct mm_node *node = root;
    for (size_t depth = 1; depth < MM_NODE_MAX_DEPTH; depth++) {
        const char *dot = memchr(path, '.', n_path);
        size_t n_part = dot ? (size_t)(dot - path) : n_path;
        struct mm_node **link = step_into(override, node, path, n_part);
        if (!link || !dot)
            return link;
        node = *link;
        n_path -= n_part + 1;
        path = dot + 1;
    }
    mm_mistake_add(override->mistakes, &override->place, "the path is too long");
    return NULL;
}

static void replace(struct mm_node **link, struct mm_node *value)
{
    value->key = (*link)->key;
    value->next = (*link)->next;
    *link = value;
}

void mm_node_override(struct mm_node *root, const char *text, struct mm_arena *arena,
                      struct mm_mistakes *mistakes)
{
    struct override override = {.text = text, .arena = arena, .mistakes = mistakes};
    override.place = (struct mm_node){.kind = MM_NODE_SCALAR, .text = "", .override = text};
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        mm_mistake_add(mistakes, &override.place, "expected PATH=VALUE, such as machine.ram=8MiB");
        return;
    }
    struct mm_node *value = parse_value(&override, equals + 1);
    struct mm_node **link =
        value ? find_place(&override, root, text, (size_t)(equals - text)) : NULL;
    if (link)
        replace(link, value);
}
