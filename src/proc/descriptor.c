/* descriptor.c - a list of references. */
#include "proc/descriptor.h"

#include "base/tree.h"

static struct mm_descriptor *descriptor_of(struct mm_list *link)
{
    return MM_CONTAINER_OF(link, struct mm_descriptor, link);
}

bool mm_descriptor_open(struct mm_cache *cache, struct mm_list *descriptors,
                        struct mm_object *object)
{
    struct mm_descriptor *descriptor = mm_cache_zalloc(cache);
    if (!descriptor)
        return false;
    mm_object_get(object);
    descriptor->object = object;
    mm_list_append(descriptors, &descriptor->link);
    return true;
}

static void close_one(struct mm_cache *cache, struct mm_descriptor *descriptor)
{
    mm_list_remove(&descriptor->link);
    mm_object_put(descriptor->object);
    mm_cache_free(cache, descriptor);
}

bool mm_descriptor_close(struct mm_cache *cache, struct mm_list *descriptors,
                         struct mm_object *object)
{
    for (struct mm_list *at = descriptors->next; at != descriptors; at = at->next) {
        if (descriptor_of(at)->object != object)
            continue;
        close_one(cache, descriptor_of(at));
        return true;
    }
    return false;
}

void mm_descriptor_close_all(struct mm_cache *cache, struct mm_list *descriptors)
{
    while (!mm_list_empty(descriptors))
        close_one(cache, descriptor_of(descriptors->next));
}

bool mm_descriptor_inherit(struct mm_cache *cache, struct mm_list *to, const struct mm_list *from)
{
    for (const struct mm_list *at = from->next; at != from; at = at->next) {
        const struct mm_descriptor *descriptor =
            MM_CONTAINER_OF(at, const struct mm_descriptor, link);
        if (mm_descriptor_open(cache, to, descriptor->object))
            continue;
        mm_descriptor_close_all(cache, to);
        return false;
    }
    return true;
}
