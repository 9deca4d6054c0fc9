/*
 * scope.h - owners: everything that was allocated in a scope is freed with it.
 *
 * A subsystem begins a scope and allocates in it; whatever it forgets, and whatever path it leaves
 * by, ending the scope frees what is left. Linux's devres does the same for drivers. Scopes nest: a
 * scope ends those that were begun within it first.
 *
 *   scope --first--> links --next--> links --next--> 0          links: 16 bytes behind each object
 *     ^ offset of `first` <--back-- ^ <----back----                    (checked.h)
 *
 * Each object names the word that leads to it, so that freeing it alone, with kfree as always,
 * takes it out of its scope without a search. Large runs of pages have no room for links: theirs
 * are in the frame table, in the entries of their first frames.
 *
 * Objects of scopes live in sets of slabs of their own (MM_CHECK_SCOPED), in the caches of kmalloc
 * and with their checks. They are not guarded: the links need the place.
 *
 * Invariants: (1) the lists of a scope hold n_objects objects, all live, and each live object of a
 * set with MM_CHECK_SCOPED is in the list of the scope that it names; (2) every scope is in the
 * list of its parent, or of mm_scopes.
 */
#ifndef MM_ALLOC_SCOPE_H
#define MM_ALLOC_SCOPE_H

#include "alloc/cache.h"

/* Behind an object. All are offsets in RAM. */
struct mm_scope_links {
    uint32_t next;  /* links of the next object; 0: none */
    uint32_t back;  /* the word that holds our offset */
    uint32_t scope; /* whose it is; 0: nobody's */
    uint32_t object;
};

struct mm_scope {
    struct mm_scopes *scopes;
    struct mm_scope *parent; /* NULL: none */
    struct mm_list link;     /* in parent->children, or in mm_scopes.list */
    struct mm_list children;
    uint32_t first;     /* offset of the newest object's links; 0: none */
    uint32_t first_run; /* pfn of the newest run; MM_NO_PFN */
    uint64_t n_objects; /* runs included, children's not */
    void *user;         /* of whoever began it */
    char name[32];
};

/* What all scopes of a heap share. */
struct mm_scopes {
    struct mm_heap *heap;
    struct mm_cache cache;
    struct mm_list list; /* of scopes without a parent, oldest first */
};

/* False: no memory. */
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
