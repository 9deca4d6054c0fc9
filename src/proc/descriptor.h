/*
 * descriptor.h - which memory objects a process has open; each counts until it is closed.
 *
 * fork inherits descriptors, the end of the process closes them (POSIX fork(), _exit()).
 */
#ifndef MM_PROC_DESCRIPTOR_H
#define MM_PROC_DESCRIPTOR_H

#include "alloc/cache.h"
#include "base/list.h"
#include "paging/object.h"

struct mm_descriptor {
    struct mm_list link;
    struct mm_object *object;
};

/* False: no memory. */
bool mm_descriptor_open(struct mm_cache *cache, struct mm_list *descriptors,
                        struct mm_object *object);

/* Closes one; false: it is not open. */
bool mm_descriptor_close(struct mm_cache *cache, struct mm_list *descriptors,
                         struct mm_object *object);

void mm_descriptor_close_all(struct mm_cache *cache, struct mm_list *descriptors);

/* False: no memory; none was inherited. */
bool mm_descriptor_inherit(struct mm_cache *cache, struct mm_list *to, const struct mm_list *from);

#endif
