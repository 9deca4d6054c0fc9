/*
 * kernel_cache.c - the public caches: a handle is the cache itself.
 *
 * Those that mmsim_cache_create() makes are kept in a list of the machine's; the kernel's own and
 * kmalloc's can be found too, but the kernel's objects are its alone.
 */
#include <string.h>

#include "base/text.h"
#include "sim/kernel.h"
#include "sim/machine.h"

struct mm_user_cache {
    struct mm_cache cache;
    struct mm_list link; /* in mm_kernel.caches */
    uint32_t pointer_offsets[];
};

static struct mm_cache *cache_of(struct mmsim_cache *handle)
{
    return (struct mm_cache *)(void *)handle;
}

static struct mmsim_cache *handle_of(struct mm_cache *cache)
{
    return (struct mmsim_cache *)(void *)cache;
}

static struct mmsim_machine *machine_of(const struct mm_cache *cache)
{
    return MM_CONTAINER_OF(cache->heap, struct mmsim_machine, heap);
}

/* ---- what a cache may be ---- */

static bool is_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t n = strlen(name);
    return n > 0 && n < sizeof((struct mm_cache *)0)->name && strspn(name, allowed) == n;
}

enum mmsim_status mm_kernel_check_name(const struct mmsim_machine *machine, const char *name,
                                       struct mmsim_error *error)
{
    if (!name)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "name", "no name was given");
    if (!is_name(name))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "name",
                            "'%.80s' is no name: letters, digits, - and _, at most 31", name);
    if (mm_heap_find_cache(&machine->heap, name))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "name", "there is a cache '%s' already",
                            name);
    return MMSIM_OK;
}

static enum mmsim_status check_sizes(const struct mmsim_cache_setup *setup,
                                     struct mmsim_error *error)
{
    if (setup->object_bytes < 1 || setup->object_bytes > MM_SLAB_MAX_BYTES)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "object_bytes", "%llu is not in 1..16KiB",
                            (unsigned long long)setup->object_bytes);
    if (setup->alignment > MMSIM_PAGE_SIZE || (setup->alignment & (setup->alignment - 1)))
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "alignment",
                            "%llu is no power of two to 4096",
                            (unsigned long long)setup->alignment);
    if (setup->checks & ~MM_KERNEL_CHECKS)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "checks", "0x%x has bits that are no check",
                            setup->checks);
    return MMSIM_OK;
}

static enum mmsim_status check_pointers(const struct mmsim_cache_setup *setup,
                                        struct mmsim_error *error)
{
    if (setup->n_pointer_offsets > 0 && !setup->pointer_offsets)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "pointer_offsets",
                            "%u pointers, but no list of them", setup->n_pointer_offsets);
    for (uint32_t i = 0; i < setup->n_pointer_offsets; i++) {
        uint64_t offset = setup->pointer_offsets[i];
        if (offset % 4 != 0 || offset + 4 > setup->object_bytes)
            return mm_error_set(error, MMSIM_BAD_ARGUMENT, "pointer_offsets",
                                "%llu is no multiple of 4 within the object's %llu bytes",
                                (unsigned long long)offset,
                                (unsigned long long)setup->object_bytes);
    }
    return MMSIM_OK;
}

/* ---- life ---- */

static size_t host_bytes(uint32_t n_pointer_offsets)
{
    return sizeof(struct mm_user_cache) + n_pointer_offsets * sizeof(uint32_t);
}

static struct mm_user_cache *build(struct mmsim_machine *machine,
                                   const struct mmsim_cache_setup *given, struct mmsim_error *error)
{
    size_t n_bytes = host_bytes(given->n_pointer_offsets);
    struct mm_user_cache *made = mm_host_alloc(&machine->host, n_bytes);
    if (!made) {
        mm_error_set(error, MMSIM_HOST_MEMORY, "", "no host memory for a cache");
        return NULL;
    }
    if (given->n_pointer_offsets > 0)
        memcpy(made->pointer_offsets, given->pointer_offsets,
               given->n_pointer_offsets * sizeof(uint32_t));
    struct mm_cache_setup setup = {
        .name = given->name,
        .object_bytes = (uint32_t)given->object_bytes,
        .alignment = (uint32_t)given->alignment,
        .checks = given->checks | machine->config.heap_checks,
        .flags = given->colour ? MM_CACHE_COLOUR : 0,
        .construct = given->construct,
        .pointer_offsets = given->n_pointer_offsets > 0 ? made->pointer_offsets : NULL,
        .n_pointer_offsets = given->n_pointer_offsets,
    };
    if (mm_cache_init(&made->cache, &machine->heap, &setup))
        return made;
    mm_host_free(&machine->host, made, n_bytes);
    mm_error_set(error, MMSIM_GUEST_MEMORY, "", "no memory, or no room, for cache '%s'",
                 given->name);
    return NULL;
}

enum mmsim_status mmsim_cache_create(struct mmsim_machine *machine,
                                     const struct mmsim_cache_setup *setup,
                                     struct mmsim_cache **cache, struct mmsim_error *error)
{
    enum mmsim_status status = mm_kernel_check_name(machine, setup->name, error);
    if (!status)
        status = check_sizes(setup, error);
    if (!status)
        status = check_pointers(setup, error);
    if (status)
        return status;
    struct mmsim_error why = {0};
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    struct mm_user_cache *made = build(machine, setup, &why);
    if (made) {
        mm_list_append(&machine->kernel_memory.caches, &made->link);
        *cache = handle_of(&made->cache);
    } else if (error) {
        *error = why;
    }
    mm_clock_work(&machine->clock, MM_WORK_CACHE);
    mm_kernel_end(&call);
    return why.status;
}

static void forget(struct mmsim_machine *machine, struct mm_user_cache *cache)
{
    mm_list_remove(&cache->link);
    mm_list_remove(&cache->cache.link);
    mm_host_free(&machine->host, cache, host_bytes(cache->cache.n_pointer_offsets));
}

/* One that mmsim_cache_create() made. */
static bool is_user_cache(struct mmsim_machine *machine, const struct mm_cache *cache)
{
    struct mm_list *head = &machine->kernel_memory.caches;
    for (struct mm_list *at = head->next; at != head; at = at->next)
        if (&MM_CONTAINER_OF(at, struct mm_user_cache, link)->cache == cache)
            return true;
    return false;
}

enum mmsim_errno mmsim_cache_destroy(struct mmsim_cache *handle)
{
    if (!handle)
        return MMSIM_EINVAL;
    struct mm_cache *cache = cache_of(handle);
    struct mmsim_machine *machine = machine_of(cache);
    if (!is_user_cache(machine, cache))
        return MMSIM_EPERM;
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    bool done = mm_cache_fini(cache);
    if (done)
        forget(machine, MM_CONTAINER_OF(cache, struct mm_user_cache, cache));
    mm_clock_work(&machine->clock, MM_WORK_CACHE);
    mm_kernel_end(&call);
    return done ? MMSIM_SUCCESS : MMSIM_EBUSY;
}

void mm_kernel_forget_caches(struct mmsim_machine *machine)
{
    struct mm_list *head = &machine->kernel_memory.caches;
    while (!mm_list_empty(head))
        forget(machine, MM_CONTAINER_OF(head->next, struct mm_user_cache, link));
}

/* ---- objects ---- */

mmsim_vaddr mmsim_cache_alloc(struct mmsim_cache *handle, unsigned flags, const char *site)
{
    struct mm_cache *cache = cache_of(handle);
    struct mmsim_machine *machine = machine_of(cache);
    if (mm_cache_is_own(cache))
        return 0;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, cache->active);
    return mm_kernel_finish(&call, mm_cache_alloc(cache), cache->object_bytes, flags);
}

enum mmsim_errno mmsim_cache_free(struct mmsim_cache *handle, mmsim_vaddr address, const char *site)
{
    struct mm_cache *cache = cache_of(handle);
    struct mmsim_machine *machine = machine_of(cache);
    if (mm_cache_is_own(cache))
        return MMSIM_EPERM;
    if (address == 0)
        return MMSIM_SUCCESS;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, 0);
    void *object = mm_kernel_to_free(&call, address);
    bool done = object && mm_cache_free(cache, object);
    if (done)
        mm_kernel_tell(&call, MMSIM_EVENT_KFREE, address, cache->object_bytes, cache->name);
    mm_clock_work(&machine->clock, MM_WORK_HEAP);
    mm_kernel_end(&call);
    return done ? MMSIM_SUCCESS : MMSIM_EINVAL;
}

uint64_t mmsim_cache_shrink(struct mmsim_cache *handle)
{
    struct mm_cache *cache = cache_of(handle);
    struct mm_kernel_call call = mm_kernel_begin(machine_of(cache), NULL, cache->active);
    mm_cache_shrink(cache);
    uint64_t n_frames = call.n_frames - cache->heap->n_frames; /* magazines drained as well */
    mm_kernel_end(&call);
    return n_frames;
}

/* ---- looking ---- */

struct mmsim_cache *mmsim_cache_find(struct mmsim_machine *machine, const char *name)
{
    struct mm_cache *cache = name ? mm_heap_find_cache(&machine->heap, name) : NULL;
    return cache ? handle_of(cache) : NULL;
}

static const struct mm_cache *cache_at(const struct mm_heap *heap, size_t index)
{
    const struct mm_list *at = heap->caches.next;
    while (at != &heap->caches && index-- > 0)
        at = at->next;
    return at != &heap->caches ? MM_CONTAINER_OF(at, struct mm_cache, link) : NULL;
}

bool mmsim_cache_info_at(const struct mmsim_machine *machine, size_t index,
                         struct mmsim_cache_info *info)
{
    const struct mm_cache *cache = cache_at(&machine->heap, index);
    if (!cache)
        return false;
    const struct mm_slab_layout *layout = &machine->heap.sets[cache->active]->layout;
    *info = (struct mmsim_cache_info){.name = cache->name,
                                      .object_bytes = cache->object_bytes,
                                      .slot_bytes = layout->slot_bytes,
                                      .n_active = mm_cache_n_live(cache),
                                      .n_objects = mm_cache_n_objects(cache),
                                      .n_slabs = mm_cache_n_slabs(cache),
                                      .objects_per_slab = layout->per_slab,
                                      .frames_per_slab = (uint64_t)1 << layout->order,
                                      .checks = cache->checks & MM_KERNEL_CHECKS};
    return true;
}
