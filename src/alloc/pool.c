/* pool.c - the reserve, and who is served from it; see pool.h. */
#include "alloc/pool.h"

#include <string.h>

#include "alloc/checked.h"
#include "alloc/leak.h"
#include "base/assert.h"
#include "base/tree.h"

enum { CHUNK_OBJECTS = 60 };

/* Objects in reserve, as offsets in RAM. */
struct mm_pool_chunk {
    struct mm_pool_chunk *next;
    uint32_t n;
    uint32_t objects[CHUNK_OBJECTS];
};

bool mm_pools_init(struct mm_pools *pools, struct mm_heap *heap)
{
    *pools = (struct mm_pools){0};
    mm_list_init(&pools->list);
    struct mm_cache_setup of_pools = {
        .name = "mempool", .object_bytes = sizeof(struct mm_pool), .flags = MM_CACHE_OWN};
    struct mm_cache_setup of_chunks = {.name = "mempool-reserve",
                                       .object_bytes = sizeof(struct mm_pool_chunk),
                                       .flags = MM_CACHE_OWN};
    if (!mm_cache_init(&pools->pools, heap, &of_pools))
        return false;
    if (!mm_cache_init(&pools->chunks, heap, &of_chunks)) {
        mm_cache_fini(&pools->pools);
        return false;
    }
    pools->heap = heap;
    return true;
}

/* ---- the reserve ---- */

static uint64_t chunks_for(uint64_t n)
{
    return (n + CHUNK_OBJECTS - 1) / CHUNK_OBJECTS;
}

static struct mm_slab_set *set_of(const struct mm_pool *pool, uint32_t offset)
{
    const struct mm_heap *heap = pool->owner->heap;
    return heap->sets[heap->page_map[offset >> MMSIM_PAGE_SHIFT]];
}

/* Moves a chunk from the head of one list to that of another. */
static void move_chunk(struct mm_pool_chunk **from, struct mm_pool_chunk **to)
{
    struct mm_pool_chunk *chunk = *from;
    *from = chunk->next;
    chunk->next = *to;
    *to = chunk;
}

static bool is_checked(const struct mm_slab_set *set)
{
    return set->checks & MM_CHECKS_CALLS;
}

/* A live object becomes one in reserve, by all that a free means but to be found by others. */
static void put_aside(struct mm_pool *pool, uint32_t offset)
{
    struct mm_heap *heap = pool->owner->heap;
    struct mm_slab_set *set = set_of(pool, offset);
    if (heap->leak)
        mm_leak_on_free(heap->leak, offset);
    if (is_checked(set))
        mm_checked_rest(heap, set, offset);
    else
        mm_heap_clear_live(heap, offset);
    set->n_resting++;
    if (!pool->filled || pool->filled->n == CHUNK_OBJECTS)
        move_chunk(&pool->empty, &pool->filled);
    pool->filled->objects[pool->filled->n++] = offset;
    pool->n_held++;
}

/* An object leaves the reserve; it is not live. */
static uint32_t take_out(struct mm_pool *pool)
{
    uint32_t offset = pool->filled->objects[--pool->filled->n];
    if (pool->filled->n == 0)
        move_chunk(&pool->filled, &pool->empty);
    pool->n_held--;
    set_of(pool, offset)->n_resting--;
    return offset;
}

static void *take_back(struct mm_pool *pool)
{
    struct mm_heap *heap = pool->owner->heap;
    uint32_t offset = take_out(pool);
    struct mm_slab_set *set = set_of(pool, offset);
    if (is_checked(set))
        mm_checked_wake(heap, set, offset);
    else
        mm_heap_set_live(heap, offset);
    if (heap->leak)
        mm_leak_on_alloc(heap->leak, offset);
    return mm_heap_pointer(heap, offset);
}

/* To the heap; it was freed when it was set aside. */
static void give_up(struct mm_pool *pool)
{
    struct mm_heap *heap = pool->owner->heap;
    uint32_t offset = take_out(pool);
    struct mm_slab_set *set = set_of(pool, offset);
    if (is_checked(set))
        mm_checked_release(heap, set, offset);
    else
        mm_heap_put_one(heap, set, offset);
}

/* Makes the chunks as many as n objects need; those that hold something stay. False: no memory. */
static bool fit_chunks(struct mm_pool *pool, uint64_t n)
{
    for (; pool->n_chunks < chunks_for(n); pool->n_chunks++) {
        struct mm_pool_chunk *chunk = mm_cache_zalloc(&pool->owner->chunks);
        if (!chunk)
            return false;
        chunk->next = pool->empty;
        pool->empty = chunk;
    }
    for (; pool->n_chunks > chunks_for(n) && pool->empty; pool->n_chunks--) {
        struct mm_pool_chunk *chunk = pool->empty;
        pool->empty = chunk->next;
        mm_cache_free(&pool->owner->chunks, chunk);
    }
    return true;
}

/* The heap gets back what the reserve holds beyond n objects. */
static void cut_reserve(struct mm_pool *pool, uint64_t n)
{
    while (pool->n_held > n)
        give_up(pool);
}

static bool fill_reserve(struct mm_pool *pool, uint64_t n)
{
    while (pool->n_held < n) {
        void *object = mm_cache_alloc(&pool->cache);
        if (!object)
            return false;
        put_aside(pool, (uint32_t)mm_heap_offset(pool->owner->heap, object));
    }
    return true;
}

bool mm_pool_resize(struct mm_pool *pool, uint64_t n)
{
    uint64_t n_held_before = pool->n_held;
    bool grows = n > pool->n_wanted;
    if (!grows) {
        cut_reserve(pool, n);
    } else if (!fit_chunks(pool, n) || !fill_reserve(pool, n)) {
        cut_reserve(pool, n_held_before);
        fit_chunks(pool, pool->n_wanted);
        return false;
    }
    pool->n_wanted = n;
    fit_chunks(pool, n);
    return true;
}

/* ---- life ---- */

struct mm_pool *mm_pool_create(struct mm_pools *pools, const struct mm_cache_setup *setup,
                               uint64_t n)
{
    struct mm_pool *pool = mm_cache_zalloc(&pools->pools);
    if (!pool)
        return NULL;
    pool->owner = pools;
    if (!mm_cache_init(&pool->cache, pools->heap, setup)) {
        mm_cache_free(&pools->pools, pool);
        return NULL;
    }
    mm_list_append(&pools->list, &pool->link);
    if (mm_pool_resize(pool, n))
        return pool;
    mm_pool_destroy(pool);
    return NULL;
}

bool mm_pool_destroy(struct mm_pool *pool)
{
    struct mm_pools *pools = pool->owner;
    if (mm_pool_n_out(pool) > 0)
        return false;
    cut_reserve(pool, 0);
    fit_chunks(pool, 0);
    mm_cache_fini(&pool->cache);
    mm_list_remove(&pool->link);
    mm_cache_free(&pools->pools, pool);
    return true;
}

/* Frees what the users of a pool have left. */
static void free_all(struct mm_pool *pool)
{
    const struct mm_heap *heap = pool->owner->heap;
    struct mm_heap_object object;
    for (uint64_t at = 0; mm_heap_next(heap, at, &object); at = object.offset + 1)
        if (object.cache == &pool->cache)
            mm_cache_free(&pool->cache, mm_heap_pointer(heap, object.offset));
}

void mm_pools_fini(struct mm_pools *pools)
{
    while (!mm_list_empty(&pools->list)) {
        struct mm_pool *pool = MM_CONTAINER_OF(pools->list.next, struct mm_pool, link);
        free_all(pool);
        mm_pool_destroy(pool);
    }
    mm_cache_fini(&pools->chunks);
    mm_cache_fini(&pools->pools);
    pools->heap = NULL;
}

/* ---- objects ---- */

void *mm_pool_alloc(struct mm_pool *pool)
{
    void *object = mm_cache_alloc(&pool->cache);
    if (object || pool->n_held == 0)
        return object;
    pool->n_from_reserve++;
    return take_back(pool);
}

bool mm_pool_free(struct mm_pool *pool, void *object)
{
    const struct mm_heap *heap = pool->owner->heap;
    uint64_t offset = mm_heap_offset(heap, object);
    bool is_live = object && mm_heap_is_live(heap, offset);
    const struct mm_slab_set *set = is_live ? set_of(pool, (uint32_t)offset) : NULL;
    bool is_ours = set && set->owner == &pool->cache; /* a run of pages has no set */
    if (!is_ours || pool->n_held == pool->n_wanted)
        return mm_cache_free(&pool->cache, object);
    put_aside(pool, (uint32_t)offset);
    return true;
}

uint64_t mm_pool_n_out(const struct mm_pool *pool)
{
    return mm_cache_n_live(&pool->cache);
}

struct mm_pool *mm_pools_find(const struct mm_pools *pools, const char *name)
{
    for (struct mm_list *at = pools->list.next; at != &pools->list; at = at->next) {
        struct mm_pool *pool = MM_CONTAINER_OF(at, struct mm_pool, link);
        if (strcmp(pool->cache.name, name) == 0)
            return pool;
    }
    return NULL;
}

/* ---- invariants ---- */

static const char *check_chunk(const struct mm_pool *pool, const struct mm_pool_chunk *chunk)
{
    const struct mm_heap *heap = pool->owner->heap;
    for (uint32_t i = 0; i < chunk->n; i++) {
        uint32_t offset = chunk->objects[i];
        const struct mm_slab_set *set = offset < heap->low_bytes ? set_of(pool, offset) : NULL;
        if (!set || set->owner != &pool->cache || mm_heap_object_start(heap, set, offset) != offset)
            return "a pool's reserve holds what is no object of its own (pool invariant 2)";
        if (mm_heap_is_live(heap, offset))
            return "an object in a pool's reserve is in use (pool invariant 2)";
        for (uint32_t j = 0; j < i; j++)
            if (chunk->objects[j] == offset)
                return "a pool's reserve holds an object twice (pool invariant 2)";
    }
    return NULL;
}

const char *mm_pool_check(const struct mm_pool *pool)
{
    uint64_t n_held = 0, n_chunks = 0;
    const char *broken = NULL;
    for (const struct mm_pool_chunk *at = pool->filled; at && !broken; at = at->next, n_chunks++) {
        bool is_right = at == pool->filled ? at->n > 0 : at->n == CHUNK_OBJECTS;
        broken = is_right ? check_chunk(pool, at) : "a pool's reserve has a gap (pool invariant 1)";
        n_held += at->n;
    }
    for (const struct mm_pool_chunk *at = pool->empty; at; at = at->next, n_chunks++)
        n_held += at->n;
    if (!broken && (n_held != pool->n_held || n_held > pool->n_wanted ||
                    n_chunks != pool->n_chunks || n_chunks != chunks_for(pool->n_wanted)))
        broken = "a pool's reserve is counted wrongly (pool invariant 1)";
    return broken;
}

const char *mm_pools_check(const struct mm_pools *pools)
{
    const char *broken = NULL;
    for (const struct mm_list *at = pools->list.next; at != &pools->list && !broken; at = at->next)
        broken = mm_pool_check(MM_CONTAINER_OF(at, struct mm_pool, link));
    return broken;
}
