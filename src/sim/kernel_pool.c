/* kernel_pool.c - the public pools; a handle is the pool itself. */
#include "base/text.h"
#include "sim/kernel.h"
#include "sim/machine.h"

static struct mm_pool *pool_of(struct mmsim_pool *handle)
{
    return (struct mm_pool *)(void *)handle;
}

static struct mmsim_machine *machine_of(const struct mm_pool *pool)
{
    return MM_CONTAINER_OF(pool->owner->heap, struct mmsim_machine, heap);
}

/* ---- life ---- */

enum mmsim_status mmsim_pool_create(struct mmsim_machine *machine, const char *name,
                                    uint64_t object_bytes, uint64_t n_reserved,
                                    struct mmsim_pool **pool, struct mmsim_error *error)
{
    enum mmsim_status status = mm_kernel_check_name(machine, name, error);
    if (status)
        return status;
    if (object_bytes < 1 || object_bytes > MM_SLAB_MAX_BYTES)
        return mm_error_set(error, MMSIM_BAD_ARGUMENT, "object_bytes", "%llu is not in 1..16KiB",
                            (unsigned long long)object_bytes);
    struct mm_cache_setup setup = {.name = name,
                                   .object_bytes = (uint32_t)object_bytes,
                                   .checks = machine->config.heap_checks};
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    struct mm_pool *made = NULL;
    if (n_reserved <= machine->zones.n_ram_frames << MMSIM_PAGE_SHIFT)
        made = mm_pool_create(&machine->kernel_memory.pools, &setup, n_reserved);
    mm_clock_work(&machine->clock, MM_WORK_CACHE);
    mm_kernel_end(&call);
    if (!made)
        return mm_error_set(error, MMSIM_GUEST_MEMORY, "",
                            "no memory for pool '%s' with %llu objects in reserve", name,
                            (unsigned long long)n_reserved);
    *pool = (struct mmsim_pool *)(void *)made;
    return MMSIM_OK;
}

enum mmsim_errno mmsim_pool_destroy(struct mmsim_pool *handle)
{
    if (!handle)
        return MMSIM_EINVAL;
    struct mm_pool *pool = pool_of(handle);
    struct mmsim_machine *machine = machine_of(pool);
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    bool done = mm_pool_destroy(pool);
    mm_clock_work(&machine->clock, MM_WORK_CACHE);
    mm_kernel_end(&call);
    return done ? MMSIM_SUCCESS : MMSIM_EBUSY;
}

struct mmsim_pool *mmsim_pool_find(struct mmsim_machine *machine, const char *name)
{
    struct mm_pool *pool = name ? mm_pools_find(&machine->kernel_memory.pools, name) : NULL;
    return (struct mmsim_pool *)(void *)pool;
}

uint64_t mmsim_pool_n_reserved(const struct mmsim_pool *pool)
{
    return ((const struct mm_pool *)(const void *)pool)->n_held;
}

/* ---- objects ---- */

mmsim_vaddr mmsim_pool_alloc(struct mmsim_pool *handle, unsigned flags, const char *site)
{
    struct mm_pool *pool = pool_of(handle);
    struct mm_kernel_call call = mm_kernel_begin(machine_of(pool), site, pool->cache.active);
    return mm_kernel_finish(&call, mm_pool_alloc(pool), pool->cache.object_bytes, flags);
}

enum mmsim_errno mmsim_pool_free(struct mmsim_pool *handle, mmsim_vaddr address, const char *site)
{
    struct mm_pool *pool = pool_of(handle);
    struct mmsim_machine *machine = machine_of(pool);
    if (address == 0)
        return MMSIM_SUCCESS;
    struct mm_kernel_call call = mm_kernel_begin(machine, site, 0);
    void *object = mm_kernel_to_free(&call, address);
    bool done = object && mm_pool_free(pool, object);
    if (done)
        mm_kernel_tell(&call, MMSIM_EVENT_KFREE, address, pool->cache.object_bytes,
                       pool->cache.name);
    mm_clock_work(&machine->clock, MM_WORK_HEAP);
    mm_kernel_end(&call);
    return done ? MMSIM_SUCCESS : MMSIM_EINVAL;
}
