/*
 * scope.h - owners: everything that was allocated in a scope is freed with it.
 *
 * A subsystem begins a scope and allocates in it; whatever it forgets, and whatever path it leaves
 * by, ending the scope frees what is left. Linux's devres does the same for drivers. Scopes nest: a
 * scope ends those that were begun within it first.
 *
 *   scope --first--> object --next--> object --next--> 0        0 <--previous-- object <-- ...
 *
 * The links of an object lie in a map beside RAM, by its offset, as the live bits do: no store of
 * the machine's reaches them, so they are followed without a doubt, and it makes no difference how
 * wildly a driver writes around its objects. The map is sparse: 12 bytes of the host's for each 16
 * of low memory, of which the host has those pages that objects of scopes were in. Runs of pages
 * are linked like objects of slabs. Freeing an object alone, with kfree as always, takes it out of
 * its scope without a search.
 *
 * Objects of slabs live in sets of their own (MM_CHECK_SCOPED), in the caches of kmalloc and with
 * their checks, so that each free of one is seen. They are not guarded: a scope has many small
 * objects, and guard pages would make whole pages of each. Where a class has no room for another
 * set, a scope gets whole pages.
 *
 * Invariants: (1) the list of a scope holds n_objects objects, all live, and each has that scope
 * and the object before it in its links; (2) a live object of a set with MM_CHECK_SCOPED is in the
 * list of a scope; (3) every scope is in the list of its parent, or of mm_scopes; (4) the links of
 * what is in no scope are zero.
 */
#ifndef MM_ALLOC_SCOPE_H
#define MM_ALLOC_SCOPE_H

#include "alloc/cache.h"

/* Of an object. All are offsets in RAM; 0: none. */
struct mm_scope_links {
    uint32_t next, previous; /* objects of the same scope, newest first */
    uint32_t scope;          /* whose it is */
};

struct mm_scope {
    struct mm_scopes *scopes;
    struct mm_scope *parent; /* NULL: none */
    struct mm_list link;     /* in parent->children, or in mm_scopes.list */
    struct mm_list children;
    uint32_t first;     /* offset of the newest object; 0: none */
    uint64_t n_objects; /* children's not included */
    void *user;         /* of whoever began it */
    char name[32];
};

/* What all scopes of a heap share; there is one for each heap. */
struct mm_scopes {
    struct mm_heap *heap;
    struct mm_cache cache;
    struct mm_list list; /* of scopes without a parent, oldest first */
};

/* False: no memory; nothing needs to be ended then. */
bool mm_scopes_init(struct mm_scopes *scopes, struct mm_heap *heap);

/* Ends every scope. */
void mm_scopes_fini(struct mm_scopes *scopes);

/* parent NULL: none. At most 31 characters of the name count. NULL: no memory. */
struct mm_scope *mm_scope_begin(struct mm_scopes *scopes, const char *name,
                                struct mm_scope *parent);

/* Frees everything in it and in its children, and the scopes. Returns the objects freed. */
uint64_t mm_scope_end(struct mm_scope *scope);

/* Like mm_kmalloc(). */
void *mm_scope_kmalloc(struct mm_scope *scope, size_t n_bytes);

/* The scope of a live object; NULL: it is in none. */
struct mm_scope *mm_scope_of(const struct mm_heap *heap, uint32_t offset);

/* A live object is about to be freed: it leaves its scope, if it is in one. */
void mm_scope_forget(struct mm_heap *heap, uint32_t offset);

/* NULL, or a sentence (static storage). */
const char *mm_scopes_check(const struct mm_scopes *scopes);

#endif
