/* verify_heap.c - checks of the verbs of the kernel's memory beyond their keys; see verb.h. */
#include <string.h>

#include "scenario/verb.h"

const char *mm_step_site(struct mm_arena *arena, const char *file, unsigned line)
{
    const char *slash = strrchr(file, '/');
    return mm_arena_printf(arena, "%s:%u", slash ? slash + 1 : file, line);
}

void mm_verify_heap(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    (void)node;
    step->by = MM_NAME_KERNEL;
    step->heap.site =
        step->label ? step->label : mm_step_site(decoder->arena, decoder->file, step->line);
}

void mm_verify_allocates(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mm_step *step)
{
    mm_verify_heap(decoder, node, step);
    if (step->name_node)
        step->name = mm_field_declare(decoder, "as", step->name_node, MM_NAME_ADDRESS);
    const struct mm_node *align = mm_node_get(node, "align");
    if (align && mm_node_get(node, "scope"))
        mm_mistake_add(decoder->mistakes, align->key,
                       "%s: 'align' and 'scope' do not go together: memory of a scope is aligned "
                       "to 16 bytes",
                       step->verb->info.name);
}

void mm_verify_frees(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    mm_verify_heap(decoder, node, step);
    const char *verb = step->verb->info.name;
    const struct mm_node *at = mm_node_get(node, "at"), *all = mm_node_get(node, "all");
    const struct mm_node *every = mm_node_get(node, "every");
    step->heap.has_size = mm_node_get(node, "size") != NULL;
    if (!at && !all)
        mm_mistake_add(decoder->mistakes, node, "a %s step needs the key 'at' or 'all'", verb);
    if (at && all)
        mm_mistake_add(decoder->mistakes, all->key, "a %s step has 'at' or 'all', not both", verb);
    if (every && !all)
        mm_mistake_add(decoder->mistakes, every->key, "'every' needs 'all' beside it");
}

static void verify_makes(struct mm_decoder *decoder, const struct mm_node *node,
                         struct mm_step *step, enum mm_name_kind kind)
{
    mm_verify_heap(decoder, node, step);
    if (step->name_node)
        step->heap.thing = mm_thing_declare(decoder, step->name_node, kind);
}

/* A pointer has 4 bytes, is aligned to them, and lies in the object. */
static void verify_pointers(struct mm_decoder *decoder, const struct mm_node *node,
                            const struct mm_step *step)
{
    enum { POINTER_BYTES = 4 };
    const struct mm_offsets *pointers = &step->heap.pointers;
    const struct mm_node *list = mm_node_get(node, "pointers");
    const struct mm_node *item = list ? list->first : NULL;
    for (uint32_t i = 0; i < pointers->n && item; i++, item = item->next) {
        uint64_t offset = pointers->data[i];
        const char *quoted = mm_mistake_quote(decoder->mistakes, item->text);
        if (offset % POINTER_BYTES != 0)
            mm_mistake_add(decoder->mistakes, item, "pointers: %s is no multiple of 4", quoted);
        else if (offset + POINTER_BYTES > step->size)
            mm_mistake_add(decoder->mistakes, item,
                           "pointers: %s leaves no room for a pointer of 4 bytes in an object of "
                           "%llu",
                           quoted, (unsigned long long)step->size);
    }
}

void mm_verify_makes_cache(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mm_step *step)
{
    verify_makes(decoder, node, step, MM_NAME_CACHE);
    if (step->size > 0)
        verify_pointers(decoder, node, step);
}

void mm_verify_makes_pool(struct mm_decoder *decoder, const struct mm_node *node,
                          struct mm_step *step)
{
    verify_makes(decoder, node, step, MM_NAME_POOL);
}

void mm_verify_makes_scope(struct mm_decoder *decoder, const struct mm_node *node,
                           struct mm_step *step)
{
    verify_makes(decoder, node, step, MM_NAME_SCOPE);
    const struct mm_node *process = mm_node_get(node, "process");
    if (process && step->heap.process == MM_NAME_KERNEL)
        mm_mistake_add(decoder->mistakes, process,
                       "process: the kernel does not end: leave 'process' out");
}

/* Requests of devices are counted, and nothing else is known of them. */
static void verify_device_rules(struct mm_decoder *decoder, const struct mm_node *node)
{
    static const char *const others[] = {"chance", "min_size", "site"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        const struct mm_node *rule = mm_node_get(node, others[i]);
        if (rule)
            mm_mistake_add(decoder->mistakes, rule->key,
                           "'%s' is for 'heap' and 'frames': requests of a device fail by 'nth' "
                           "and 'every'",
                           others[i]);
    }
}

/* A size or a site says of which calls a rule speaks, not which of them fail. */
void mm_verify_fail(struct mm_decoder *decoder, const struct mm_node *node, struct mm_step *step)
{
    static const char *const limits[] = {"min_size", "site"};
    mm_verify_heap(decoder, node, step);
    if (!mm_node_get(node, "every"))
        step->heap.every = 0;
    if (step->heap.what >= MMSIM_FAIL_FILE_READS) {
        verify_device_rules(decoder, node);
        return;
    }
    bool rule =
        mm_node_get(node, "nth") || mm_node_get(node, "every") || mm_node_get(node, "chance");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const struct mm_node *limit = mm_node_get(node, limits[i]);
        if (limit && !rule)
            mm_mistake_add(decoder->mistakes, limit->key,
                           "'%s' needs 'nth', 'every' or 'chance' beside it", limits[i]);
    }
}
