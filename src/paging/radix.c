/* radix.c - the tree: finding, growing, shrinking. */
#include "paging/radix.h"

#include <string.h>

#include "base/assert.h"

enum { SLOTS = 1 << MM_RADIX_SHIFT, MAX_HEIGHT = 6 };

struct node {
    uintptr_t slots[SLOTS];
    uint32_t n_used;
};

/* ---- nodes ---- */

bool mm_radix_nodes_init(struct mm_radix_nodes *nodes, struct mm_heap *heap)
{
    *nodes = (struct mm_radix_nodes){0};
    return mm_cache_init(&nodes->cache, heap,
                         &(struct mm_cache_setup){.name = "radix-node",
                                                  .object_bytes = sizeof(struct node),
                                                  .flags = MM_CACHE_OWN});
}

void mm_radix_trim(struct mm_radix_nodes *nodes)
{
    while (nodes->n_spares > 0) {
        struct node *node = nodes->spares;
        nodes->spares = (void *)node->slots[0];
        nodes->n_spares--;
        mm_cache_free(&nodes->cache, node);
    }
}

void mm_radix_nodes_fini(struct mm_radix_nodes *nodes)
{
    mm_radix_trim(nodes);
    if (nodes->cache.heap) {
        bool is_empty = mm_cache_fini(&nodes->cache);
        MM_ASSERT(is_empty, "an array is left when its nodes' cache goes");
        (void)is_empty;
    }
}

static void put_node(struct mm_radix_nodes *nodes, struct node *node)
{
    node->slots[0] = (uintptr_t)nodes->spares;
    nodes->spares = node;
    nodes->n_spares++;
}

static struct node *take_node(struct mm_radix_nodes *nodes)
{
    struct node *node = nodes->spares;
    nodes->spares = (void *)node->slots[0];
    nodes->n_spares--;
    *node = (struct node){0};
    return node;
}

/* ---- finding ---- */

static struct node *as_node(uintptr_t word)
{
    return (void *)word;
}

static unsigned slot_of(uint64_t index, unsigned level)
{
    return (unsigned)(index >> ((level - 1) * MM_RADIX_SHIFT)) & (SLOTS - 1);
}

/* One past the highest index that a tree of a height has. */
static uint64_t reach(unsigned height)
{
    return (uint64_t)1 << (height * MM_RADIX_SHIFT);
}

void mm_radix_init(struct mm_radix *radix, struct mm_radix_nodes *nodes)
{
    *radix = (struct mm_radix){.nodes = nodes};
}

uintptr_t mm_radix_find(const struct mm_radix *radix, uint64_t index)
{
    if (index >= reach(radix->height))
        return 0;
    uintptr_t word = radix->root;
    for (unsigned level = radix->height; level > 0 && word; level--)
        word = as_node(word)->slots[slot_of(index, level)];
    return word;
}

/* ---- storing ---- */

static unsigned height_for(uint64_t index)
{
    unsigned height = 0;
    while (index >= reach(height))
        height++;
    return height;
}

/* Puts roots above the root until the tree reaches `height`. */
static void grow(struct mm_radix *radix, unsigned height)
{
    if (!radix->root) {
        radix->height = height;
        return;
    }
    for (; radix->height < height; radix->height++) {
        struct node *node = take_node(radix->nodes);
        node->slots[0] = radix->root;
        node->n_used = 1;
        radix->root = (uintptr_t)node;
    }
}

/* Nodes that a word at an index needs, in a tree that has to be `height` high for it. */
static uint64_t n_missing(const struct mm_radix *radix, uint64_t index, unsigned height)
{
    if (!radix->root)
        return height;
    if (height > radix->height)
        return height - radix->height + height - 1;
    uintptr_t word = radix->root;
    for (unsigned level = height; level > 0; level--) {
        if (!word)
            return level;
        word = as_node(word)->slots[slot_of(index, level)];
    }
    return 0;
}

static unsigned height_with(const struct mm_radix *radix, uint64_t index)
{
    unsigned height = height_for(index);
    return height > radix->height ? height : radix->height;
}

/* Makes sure that there are nodes for a word. The heap may have words removed, of this array too,
 * to find memory for one: so what is needed is asked each time. */
static bool provide(const struct mm_radix *radix, uint64_t index)
{
    struct mm_radix_nodes *nodes = radix->nodes;
    while (nodes->n_spares < n_missing(radix, index, height_with(radix, index))) {
        struct node *node = mm_cache_alloc(&nodes->cache);
        if (node)
            put_node(nodes, node);
        else if (nodes->n_spares < n_missing(radix, index, height_with(radix, index)))
            return false;
    }
    return true;
}

bool mm_radix_store(struct mm_radix *radix, uint64_t index, uintptr_t word)
{
    MM_ASSERT(word && index < MM_RADIX_MAX_INDEX, "nothing is stored, or far out");
    if (!provide(radix, index))
        return false;
    grow(radix, height_with(radix, index));
    uintptr_t *at = &radix->root;
    uint32_t *n_used = NULL;
    for (unsigned level = radix->height; level > 0; level--) {
        if (!*at) {
            *at = (uintptr_t)take_node(radix->nodes);
            if (n_used)
                ++*n_used;
        }
        struct node *node = as_node(*at);
        at = &node->slots[slot_of(index, level)];
        n_used = &node->n_used;
    }
    if (!*at) {
        radix->n++;
        if (n_used)
            ++*n_used;
    }
    *at = word;
    return true;
}

/* ---- removing ---- */

/* Takes roots away that only lead to their first slot; the last word takes everything along. */
static void shrink(struct mm_radix *radix)
{
    while (radix->height > 1 && radix->root) {
        struct node *node = as_node(radix->root);
        if (node->n_used > 1 || !node->slots[0])
            return;
        radix->root = node->slots[0];
        radix->height--;
        put_node(radix->nodes, node);
    }
    if (!radix->root)
        radix->height = 0;
}

uintptr_t mm_radix_remove(struct mm_radix *radix, uint64_t index)
{
    uintptr_t *path[MAX_HEIGHT + 1];
    if (index >= reach(radix->height) || !radix->root)
        return 0;
    uintptr_t *at = path[radix->height] = &radix->root;
    for (unsigned level = radix->height; level > 0; level--) {
        if (!*at)
            return 0;
        path[level - 1] = at = &as_node(*at)->slots[slot_of(index, level)];
    }
    uintptr_t word = *at;
    if (!word)
        return 0;
    radix->n--;
    *at = 0;
    for (unsigned level = 1; level <= radix->height; level++) {
        struct node *node = as_node(*path[level]);
        if (--node->n_used > 0)
            break;
        put_node(radix->nodes, node);
        *path[level] = 0;
    }
    shrink(radix);
    return word;
}

/* ---- walking ---- */

/* The first word at or above *index below a node of a level; *index becomes its index, or that of
 * what follows the node. */
static uintptr_t next_below(uintptr_t word, unsigned level, uint64_t *index)
{
    if (level == 0)
        return word;
    const struct node *node = as_node(word);
    uint64_t step = reach(level - 1);
    for (unsigned slot = slot_of(*index, level); slot < SLOTS; slot++) {
        if (node->slots[slot]) {
            uintptr_t found = next_below(node->slots[slot], level - 1, index);
            if (found)
                return found;
        } else {
            *index = (*index & ~(step - 1)) + step;
        }
    }
    return 0;
}

uintptr_t mm_radix_next(const struct mm_radix *radix, uint64_t *index, uint64_t last)
{
    uint64_t at = *index;
    if (!radix->root || at >= reach(radix->height))
        return 0;
    uintptr_t word = next_below(radix->root, radix->height, &at);
    if (!word || at > last)
        return 0;
    *index = at;
    return word;
}

/* ---- checking ---- */

static const char *check_below(uintptr_t word, unsigned level, uint64_t *n_words)
{
    if (level == 0) {
        ++*n_words;
        return NULL;
    }
    const struct node *node = as_node(word);
    uint32_t n_used = 0;
    for (unsigned slot = 0; slot < SLOTS; slot++) {
        if (!node->slots[slot])
            continue;
        n_used++;
        const char *broken = check_below(node->slots[slot], level - 1, n_words);
        if (broken)
            return broken;
    }
    return n_used > 0 && n_used == node->n_used
               ? NULL
               : "a node does not count its slots (radix invariant 1)";
}

const char *mm_radix_check(const struct mm_radix *radix)
{
    uint64_t n_words = 0;
    const char *broken = NULL;
    if (radix->root)
        broken = check_below(radix->root, radix->height, &n_words);
    else if (radix->height > 0)
        broken = "an array without a root has a height (radix invariant 3)";
    if (!broken && radix->height > 1 && as_node(radix->root)->n_used == 1 &&
        as_node(radix->root)->slots[0])
        broken = "an array is higher than it needs to be (radix invariant 3)";
    if (!broken && n_words != radix->n)
        broken = "an array does not count its words (radix invariant 2)";
    return broken;
}
