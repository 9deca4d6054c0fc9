/*
 * perform_heap.c - verbs that allocate and free the kernel's memory: kmalloc, caches, pools,
 * scopes.
 *
 * A name that an allocation binds stands for its first object in addresses, and for all of them in
 * `all`. A step that allocates several and runs out of memory keeps those that it got.
 */
#include <string.h>

#include "scenario/load.h"
#include "scenario/result.h"
#include "scenario/verb.h"

static unsigned flags_of(const struct mm_step *step)
{
    return step->heap.zero ? MMSIM_ALLOC_ZERO : 0;
}

/* The cache, pool or scope of a step; its members are NULL where it does not exist now. */
static struct mm_thing *thing_of(const struct mm_run *run, uint32_t number)
{
    return &run->things[number];
}

/* Whether a step's cache, pool or scope is there; the outcome says if not. */
static bool is_there(struct mm_run *run, const void *thing)
{
    if (!thing)
        mm_run_errno(run, MMSIM_EINVAL);
    return thing != NULL;
}

/* A scope that ended with its process is gone. */
static struct mmsim_scope *scope_of(const struct mm_run *run, uint32_t number)
{
    const struct mm_thing *thing = thing_of(run, number);
    bool over = thing->process && !mmsim_process_alive(thing->process);
    return over ? NULL : thing->scope;
}

/* ---- groups of objects ---- */

static bool group_add(struct mm_run *run, struct mm_group *group, mmsim_vaddr address)
{
    if (group->n == group->capacity) {
        size_t capacity = group->capacity == 0 ? 1 : group->capacity * 2;
        mmsim_vaddr *addresses =
            mm_host_resize(run->host, group->addresses, group->capacity * sizeof *addresses,
                           capacity * sizeof *addresses);
        run->no_memory |= !addresses;
        if (!addresses)
            return false;
        group->addresses = addresses;
        group->capacity = capacity;
    }
    group->addresses[group->n++] = address;
    return true;
}

/* ---- allocating ---- */

typedef mmsim_vaddr (*allocate)(struct mm_run *run, const struct mm_step *step);

static mmsim_vaddr allocate_any(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_heap_keys *keys = &step->heap;
    if (keys->scope != MM_NO_NAME) {
        struct mmsim_scope *scope = scope_of(run, keys->scope);
        return scope ? mmsim_scope_kmalloc(scope, step->size, flags_of(step), keys->site) : 0;
    }
    if (keys->align > 0)
        return mmsim_kmemalign(run->machine, keys->align, step->size, flags_of(step), keys->site);
    return mmsim_kmalloc(run->machine, step->size, flags_of(step), keys->site);
}

static mmsim_vaddr allocate_from_cache(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_cache *cache = thing_of(run, step->heap.thing)->cache;
    return mmsim_cache_alloc(cache, flags_of(step), step->heap.site);
}

static mmsim_vaddr allocate_from_pool(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_pool *pool = thing_of(run, step->heap.thing)->pool;
    return mmsim_pool_alloc(pool, flags_of(step), step->heap.site);
}

static mmsim_vaddr allocate_large(struct mm_run *run, const struct mm_step *step)
{
    return mmsim_vmalloc(run->machine, step->length, step->heap.site);
}

/* Free blocks of each order, and what stands between them. */
static void explain_shortage(struct mm_run *run, uint64_t n_bytes)
{
    struct mmsim_sink sink = mm_text_sink(&run->details);
    if (n_bytes <= MMSIM_PAGE_SIZE || !run->options->on_step)
        return;
    mmsim_table_print(run->machine, MMSIM_TABLE_FAILURE, MMSIM_TABLE_TEXT, &sink);
}

/* An object was made at an address (0: no memory); the name means it, if the step has one. */
static void bind(struct mm_run *run, const struct mm_step *step, mmsim_vaddr address)
{
    uint64_t usable = address ? mmsim_ksize(run->machine, address) : 0;
    uint64_t n_bytes = step->length > 0 ? step->length : step->size > 0 ? step->size : usable;
    if (address) {
        run->outcome.parts |= MM_HAS_MAPPED;
        run->outcome.address = address;
    }
    if (usable > 0)
        mm_figure_set(&run->outcome.figures, MM_FIGURE_USABLE, usable);
    if (step->name != MM_NO_NAME)
        run->bindings[step->name] =
            (struct mm_binding){address != 0, address, n_bytes > 0 ? n_bytes : 1};
}

/* How many objects came or went. A single one is not worth telling, but can be expected. */
static void note_objects(struct mm_run *run, uint64_t n, bool told)
{
    if (told)
        mm_figure_set(&run->outcome.figures, MM_FIGURE_OBJECTS, n);
    else
        run->outcome.figures.values[MM_FIGURE_OBJECTS] = n;
}

static void make_objects(struct mm_run *run, const struct mm_step *step, allocate make)
{
    uint64_t count = step->count > 0 ? step->count : 1, n = 0;
    struct mm_group *group = step->name == MM_NO_NAME ? NULL : &run->groups[step->name];
    mmsim_vaddr first = 0, address = 0;
    if (group)
        group->n = 0;
    for (; n < count && (address = make(run, step)) != 0; n++) {
        first = n == 0 ? address : first;
        if (group && !group_add(run, group, address))
            return;
    }
    note_objects(run, n, step->count > 0);
    mm_run_errno(run, n == count ? MMSIM_SUCCESS : MMSIM_ENOMEM);
    bind(run, step, n == count ? first : 0);
}

void mm_perform_kmalloc(struct mm_run *run, const struct mm_step *step)
{
    if (step->heap.scope != MM_NO_NAME && !is_there(run, scope_of(run, step->heap.scope)))
        bind(run, step, 0);
    else
        make_objects(run, step, allocate_any);
    if (run->outcome.error == MMSIM_ENOMEM)
        explain_shortage(run, step->size);
}

void mm_perform_cache_alloc(struct mm_run *run, const struct mm_step *step)
{
    if (is_there(run, thing_of(run, step->heap.thing)->cache))
        make_objects(run, step, allocate_from_cache);
    else
        bind(run, step, 0);
}

void mm_perform_pool_alloc(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_pool *pool = thing_of(run, step->heap.thing)->pool;
    if (!is_there(run, pool)) {
        bind(run, step, 0);
        return;
    }
    make_objects(run, step, allocate_from_pool);
    mm_figure_set(&run->outcome.figures, MM_FIGURE_RESERVED, mmsim_pool_n_reserved(pool));
}

void mm_perform_vmalloc(struct mm_run *run, const struct mm_step *step)
{
    make_objects(run, step, allocate_large);
    if (step->length == 0)
        mm_run_errno(run, MMSIM_EINVAL);
}

void mm_perform_krealloc(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr old, made = 0;
    struct mm_group *group = step->name == MM_NO_NAME ? NULL : &run->groups[step->name];
    if (group)
        group->n = 0;
    if (mm_run_place(run, &step->at, &old)) {
        made = mmsim_krealloc(run->machine, old, step->size, step->heap.site);
        bool mistaken = mm_figure_is_given(&run->outcome.figures, MM_FIGURE_MISTAKES);
        if (made == 0 && step->size > 0)
            mm_run_errno(run, mistaken ? MMSIM_EINVAL : MMSIM_ENOMEM);
    }
    note_objects(run, made != 0, false);
    bind(run, step, made);
    if (group && made)
        (void)group_add(run, group, made);
    if (run->outcome.error == MMSIM_ENOMEM)
        explain_shortage(run, step->size);
}

/* ---- freeing ---- */

typedef enum mmsim_errno (*release)(struct mm_run *run, const struct mm_step *step,
                                    mmsim_vaddr address);

static enum mmsim_errno release_any(struct mm_run *run, const struct mm_step *step,
                                    mmsim_vaddr address)
{
    const char *site = step->heap.site;
    return step->heap.has_size ? mmsim_kfree_sized(run->machine, address, step->size, site)
                               : mmsim_kfree(run->machine, address, site);
}

static enum mmsim_errno release_to_cache(struct mm_run *run, const struct mm_step *step,
                                         mmsim_vaddr address)
{
    return mmsim_cache_free(thing_of(run, step->heap.thing)->cache, address, step->heap.site);
}

static enum mmsim_errno release_to_pool(struct mm_run *run, const struct mm_step *step,
                                        mmsim_vaddr address)
{
    return mmsim_pool_free(thing_of(run, step->heap.thing)->pool, address, step->heap.site);
}

/* Frees the first object of a name's group and then each N-th, to the end or to the first mistake.
 */
static void release_group(struct mm_run *run, const struct mm_step *step, release free_one)
{
    struct mm_group *group = &run->groups[step->over];
    enum mmsim_errno error = MMSIM_SUCCESS;
    size_t n_kept = 0, n = group->n;
    uint64_t n_freed = 0;
    if (n == 0 && !run->bindings[step->over].bound) {
        mm_run_errno(run, MMSIM_EFAULT);
        run->outcome.unnamed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) {
        bool freed = false;
        if (error == MMSIM_SUCCESS && i % step->heap.every == 0) {
            error = free_one(run, step, group->addresses[i]);
            freed = error == MMSIM_SUCCESS;
        }
        n_freed += freed;
        if (!freed)
            group->addresses[n_kept++] = group->addresses[i];
    }
    group->n = n_kept;
    mm_figure_set(&run->outcome.figures, MM_FIGURE_OBJECTS, n_freed);
    mm_run_errno(run, error);
}

static void free_objects(struct mm_run *run, const struct mm_step *step, release free_one)
{
    mmsim_vaddr address;
    if (step->over != MM_NO_NAME)
        release_group(run, step, free_one);
    else if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, free_one(run, step, address));
    if (step->over == MM_NO_NAME)
        note_objects(run, run->outcome.outcome == MMSIM_DONE, false);
}

void mm_perform_kfree(struct mm_run *run, const struct mm_step *step)
{
    free_objects(run, step, release_any);
}

void mm_perform_cache_free(struct mm_run *run, const struct mm_step *step)
{
    if (is_there(run, thing_of(run, step->heap.thing)->cache))
        free_objects(run, step, release_to_cache);
}

void mm_perform_pool_free(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_pool *pool = thing_of(run, step->heap.thing)->pool;
    if (!is_there(run, pool))
        return;
    free_objects(run, step, release_to_pool);
    mm_figure_set(&run->outcome.figures, MM_FIGURE_RESERVED, mmsim_pool_n_reserved(pool));
}

void mm_perform_vfree(struct mm_run *run, const struct mm_step *step)
{
    mmsim_vaddr address;
    if (mm_run_place(run, &step->at, &address))
        mm_run_errno(run, mmsim_vfree(run->machine, address, step->heap.site));
}

/* ---- caches, pools and scopes ---- */

static const char *name_of(const struct mm_run *run, const struct mm_step *step)
{
    return run->scenario->things.rows[step->heap.thing].text;
}

/* What a call that makes something came to; `exists`: there is one of that name. */
static void note_made(struct mm_run *run, enum mmsim_status status, bool exists)
{
    run->no_memory |= status == MMSIM_HOST_MEMORY;
    if (status == MMSIM_OK)
        run->why.text[0] = '\0';
    if (status == MMSIM_BAD_ARGUMENT)
        mm_run_errno(run, exists ? MMSIM_EEXIST : MMSIM_EINVAL);
    else if (status != MMSIM_OK)
        mm_run_errno(run, MMSIM_ENOMEM);
}

void mm_perform_cache_create(struct mm_run *run, const struct mm_step *step)
{
    const struct mm_heap_keys *keys = &step->heap;
    struct mmsim_cache_setup setup = {.name = name_of(run, step),
                                      .object_bytes = step->size,
                                      .alignment = keys->align,
                                      .checks = (unsigned)keys->checks,
                                      .colour = keys->colour,
                                      .pointer_offsets = keys->pointers.data,
                                      .n_pointer_offsets = keys->pointers.n};
    struct mmsim_cache *made = NULL;
    bool exists = mmsim_cache_find(run->machine, setup.name) != NULL;
    note_made(run, mmsim_cache_create(run->machine, &setup, &made, &run->why), exists);
    if (run->outcome.outcome == MMSIM_DONE)
        thing_of(run, keys->thing)->cache = made;
}

void mm_perform_cache_shrink(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_cache *cache = thing_of(run, step->heap.thing)->cache;
    if (is_there(run, cache))
        mm_figure_set(&run->outcome.figures, MM_FIGURE_FREED, mmsim_cache_shrink(cache));
}

void mm_perform_cache_destroy(struct mm_run *run, const struct mm_step *step)
{
    struct mm_thing *thing = thing_of(run, step->heap.thing);
    if (!is_there(run, thing->cache))
        return;
    mm_run_errno(run, mmsim_cache_destroy(thing->cache));
    if (run->outcome.outcome == MMSIM_DONE)
        thing->cache = NULL;
}

void mm_perform_pool_create(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_pool *made = NULL;
    const char *name = name_of(run, step);
    bool exists = mmsim_pool_find(run->machine, name) != NULL;
    note_made(
        run,
        mmsim_pool_create(run->machine, name, step->size, step->heap.reserve, &made, &run->why),
        exists);
    if (run->outcome.outcome != MMSIM_DONE)
        return;
    thing_of(run, step->heap.thing)->pool = made;
    mm_figure_set(&run->outcome.figures, MM_FIGURE_RESERVED, mmsim_pool_n_reserved(made));
}

void mm_perform_pool_destroy(struct mm_run *run, const struct mm_step *step)
{
    struct mm_thing *thing = thing_of(run, step->heap.thing);
    if (!is_there(run, thing->pool))
        return;
    mm_run_errno(run, mmsim_pool_destroy(thing->pool));
    if (run->outcome.outcome == MMSIM_DONE)
        thing->pool = NULL;
}

void mm_perform_scope_begin(struct mm_run *run, const struct mm_step *step)
{
    struct mm_thing *thing = thing_of(run, step->heap.thing);
    uint32_t owner = step->heap.process;
    struct mmsim_process *process = owner == MM_NO_NAME ? NULL : run->processes[owner];
    if (owner != MM_NO_NAME && (!process || !mmsim_process_alive(process))) {
        mm_run_errno(run, MMSIM_ESRCH);
        return;
    }
    if (scope_of(run, step->heap.thing)) {
        mm_run_errno(run, MMSIM_EEXIST);
        return;
    }
    struct mmsim_scope *made = NULL;
    note_made(run, mmsim_scope_begin(run->machine, name_of(run, step), process, &made, &run->why),
              false);
    if (run->outcome.outcome == MMSIM_DONE)
        *thing = (struct mm_thing){.scope = made, .process = process};
}

void mm_perform_scope_end(struct mm_run *run, const struct mm_step *step)
{
    struct mmsim_scope *scope = scope_of(run, step->heap.thing);
    if (!is_there(run, scope))
        return;
    mm_figure_set(&run->outcome.figures, MM_FIGURE_OBJECTS, mmsim_scope_end(scope));
    *thing_of(run, step->heap.thing) = (struct mm_thing){.scope = NULL};
}
