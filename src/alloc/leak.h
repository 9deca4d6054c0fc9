/*
 * leak.h - objects of the heap that nobody can reach any more.
 *
 * The search is Linux's kmemleak turned into one that is exact about what it reports: everything
 * that roots lead to, step by step, is in use; the rest is lost. Of what is lost only the *roots*
 * are reported, one row for each place that allocated them, with all that only they lead to:
 *
 *   lost:  A -> B -> C        reported:  A, retaining A, B, C
 *          D -> E <- F                   D, F; E is retained by both if they are of one place,
 *          G <-> H                       by neither if not
 *                                        G (the lower address stands for a circle), retaining G, H
 *
 * Roots are: memory of the kernel's C code on the host, told by each_root; areas of vmalloc; ranges
 * of kernel memory that were added, with the objects there; objects of scopes, which their scope
 * will free; objects marked as no leaks; and objects that were allocated in the step that is being
 * performed, whose address may be in a register only.
 *
 * What is freed is forgotten, marks and the roots in it too: while there are any, or stores are
 * watched (leak_watch.h), the heap is closed, so that each free is seen.
 *
 * Invariants: (1) only live objects have marks, and n_marked says how many; (2) the heap is closed
 * once while n_marked > 0, once while there are roots in objects, and once while there is a watch;
 * (3) the object of a root lives, and n_held says how many roots have one.
 */
#ifndef MM_ALLOC_LEAK_H
#define MM_ALLOC_LEAK_H

#include <mmsim/alloc.h>

#include "alloc/heap.h"
#include "alloc/leak_graph.h"
#include "base/host.h"

struct mm_leak_watch;

/* Kernel memory that is a root: offsets in RAM, aligned to 8. */
struct mm_leak_range {
    uint64_t start, n_bytes;
    uint32_t object; /* live one that all of it is in, which it ends with; MM_LEAK_NONE */
};

struct mm_leak {
    struct mm_heap *heap;
    struct mm_host *host;
    /* Calls visit(search, words, n_bytes) for each piece of host memory, aligned to 8, that holds
     * pointers to objects: struct mmsim_machine is one. NULL: there is none. */
    void (*each_root)(void *user, void (*visit)(void *search, const void *words, size_t n_bytes),
                      void *search);
    /* The same for kernel memory in RAM that is not the heap's: what areas of vmalloc hold. NULL.
     */
    void (*each_area)(void *user, void (*visit)(void *search, const void *words, size_t n_bytes),
                      void *search);
    void *root_user;
    struct mm_leak_range *ranges;
    size_t n_ranges, ranges_capacity, n_held;
    struct mm_leak_graph graph; /* of the last search */
    uint64_t young_step; /* objects tracked as of this step or later are held; UINT64_MAX: none */
    uint64_t *marks[2];  /* bit maps by granule: NOT_LEAK, IGNORE; sparse, NULL until needed */
    uint64_t n_marked;
    struct mm_leak_watch *watch; /* NULL: stores are not watched */
    struct mmsim_leak *rows;     /* of the last search */
    size_t n_rows, rows_capacity;
};

/* Neither `leak` nor the heap may move afterwards. fini() comes before the heap's. */
void mm_leak_init(struct mm_leak *leak, struct mm_heap *heap, struct mm_host *host);
void mm_leak_fini(struct mm_leak *leak);

/* A root that lies in a live object ends with it. EINVAL: not all of it is RAM; ENOMEM: of the
 * host. */
enum mmsim_errno mm_leak_add_root(struct mm_leak *leak, mmsim_vaddr address, uint64_t n_bytes);
void mm_leak_remove_roots(struct mm_leak *leak);

/* EINVAL: no live object begins at `offset`. ENOMEM: of the host. */
enum mmsim_errno mm_leak_mark(struct mm_leak *leak, uint64_t offset, enum mmsim_leak_mark mark);

/* Fills rows[] and *result. HOST_MEMORY: nothing was found out, and there are no rows. */
enum mmsim_status mm_leak_scan(struct mm_leak *leak, enum mmsim_leak_mode mode,
                               struct mmsim_leak_result *result);

/* The heap tells of what it hands out and takes back, as far as calls are seen (heap.h). */
void mm_leak_on_alloc(struct mm_leak *leak, uint32_t offset);
void mm_leak_on_free(struct mm_leak *leak, uint32_t offset);

/* An object was filled by copying; a run will lose, or has gained, the bytes from start to end. */
void mm_leak_on_fill(struct mm_leak *leak, uint32_t offset);
void mm_leak_on_cut(struct mm_leak *leak, uint32_t start, uint32_t end);
void mm_leak_on_grow(struct mm_leak *leak, uint32_t start, uint32_t end);

#endif
