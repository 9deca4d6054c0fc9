/*
 * pool.h - objects of one size with a reserve, for those who must go on when memory is gone.
 *
 * A pool sets n_wanted objects aside when it is made. It allocates from the heap as long as that
 * gives something, and only then from the reserve; what is freed fills the reserve first. So
 * whoever returns an object in the end can always go on (Linux's mempool, mm/mempool.c).
 *
 *   heap --alloc--> out --free--> reserve, while it lacks something
 *                    ^               |
 *                    `---- alloc: the heap has nothing
 *                   out --free--> heap, otherwise
 *
 * Each pool has a cache of its own, so that a wrong free is found, and checks are switched, as for
 * every cache. An object in the reserve is not live: freeing it again is a double free, and checks
 * see it come and go as a free and an allocation.
 *
 * The reserve is a list of chunks in a cache of the kernel's own, where no stray store reaches it.
 *
 * Invariants: (1) n_held is the number of objects in the chunks, at most n_wanted, and there are as
 * many chunks as n_wanted objects need; (2) each held object is the cache's, taken and not live;
 * (3) n_out is the number of live objects of the cache.
 */
#ifndef MM_ALLOC_POOL_H
#define MM_ALLOC_POOL_H

#include "alloc/cache.h"

/* What all pools of a machine share. */
struct mm_pools {
    struct mm_heap *heap;
    struct mm_cache pools, chunks;
    struct mm_list list; /* all struct mm_pool, oldest first */
};

struct mm_pool_chunk;

struct mm_pool {
    struct mm_pools *owner;
    struct mm_cache cache;
    struct mm_list link;          /* in mm_pools.list */
    struct mm_pool_chunk *filled; /* all full but the first one, which is not empty */
    struct mm_pool_chunk *empty;
    uint64_t n_chunks;
    uint64_t n_wanted, n_held; /* objects of the reserve: at most, and now */
    uint64_t n_from_reserve;   /* allocations that only the reserve could serve */
};

/* False: no memory. */
bool mm_pools_init(struct mm_pools *pools, struct mm_heap *heap);

/* Destroys every pool, whatever is out. */
void mm_pools_fini(struct mm_pools *pools);

/* A pool with `n` objects in reserve; the setup is that of its cache. NULL: no memory. */
struct mm_pool *mm_pool_create(struct mm_pools *pools, const struct mm_cache_setup *setup,
                               uint64_t n);

/* False: objects of it are out; nothing changed. */
bool mm_pool_destroy(struct mm_pool *pool);

/* NULL: heap and reserve are empty. */
void *mm_pool_alloc(struct mm_pool *pool);

/* NULL is allowed. False: no live object of this pool; reported, nothing changed. */
bool mm_pool_free(struct mm_pool *pool, void *object);

/* Another size of the reserve, filled at once. False: no memory for it, nothing changed. */
bool mm_pool_resize(struct mm_pool *pool, uint64_t n);

/* Objects that its users have. */
uint64_t mm_pool_n_out(const struct mm_pool *pool);

/* By name; NULL. */
struct mm_pool *mm_pools_find(const struct mm_pools *pools, const char *name);

/* NULL, or a sentence (static storage). */
const char *mm_pool_check(const struct mm_pool *pool);
const char *mm_pools_check(const struct mm_pools *pools);

#endif
