/*
 * vma.h - the mappings of one address space, in a balanced tree ordered by address.
 *
 * A VMA (virtual memory area, Linux's word) is a run of pages with the same rights and the same
 * backing. Each node knows the free gap below it and the largest gap of its subtree, so that a free
 * place is found in logarithmic time.
 *
 * Neighbours that touch and are alike become one. Alike means: rights, flags, key; the same object
 * at offsets that continue; and *anon* marks that go together. A VMA gets an anon mark with its
 * first private page (Linux's anon_vma): a new one, or its neighbour's if the two may become one
 * some day. Marks of a forked child go together with nothing but themselves. All this decides only
 * how many VMAs there are, which the limit of mappings and mremap() make visible.
 *
 * Invariants: (1) VMAs do not overlap and are not empty; start and end are page-aligned and within
 * the user region; (2) a VMA with an object is on the object's list, and holds one reference; (3)
 * gap, max_gap and exec_end say what the tree says; (4) the tree is balanced (base/tree.h); (5)
 * n_vmas is the number of nodes; (6) n_accounted is the pages of VMAs that are MMSIM_VMA_ACCOUNTED.
 */
#ifndef MM_VM_VMA_H
#define MM_VM_VMA_H

#include <mmsim/vm.h>

#include "alloc/cache.h"
#include "base/tree.h"
#include "paging/layout.h"
#include "paging/object.h"

#define MM_VMA_MAX 65530 /* mappings of one process; Linux's max_map_count */
#define MM_VMA_STACK_GAP                                                                           \
    (256 * MMSIM_PAGE_SIZE) /* kept free below a stack; Linux's stack_guard_gap */

struct mm_aspace;

struct mm_vma {
    struct mm_tree_node node;
    mmsim_vaddr start, end;   /* end exclusive */
    unsigned prot;            /* MMSIM_PROT_... */
    unsigned flags;           /* enum mmsim_vma_flag */
    struct mm_object *object; /* NULL: private anonymous memory */
    uint64_t offset; /* pages: into the object; else the page number at which it was first mapped */
    uint32_t anon;   /* mark of its private pages; 0: it never had one */
    bool forked;     /* the mark is that of a child, which has its parent's too */
    uint8_t key;     /* protection key */
    struct mm_aspace *aspace;
    struct mm_list object_link; /* in object->mappings */
    uint64_t gap;               /* free bytes below start, a stack's guard gap not counted */
    uint64_t max_gap;           /* of the subtree */
    mmsim_vaddr
        exec_end; /* of the subtree: the end of its last VMA that grants execution; 0: none */
};

struct mm_vmas {
    struct mm_tree tree;
    struct mm_cache *cache;
    struct mm_aspace *aspace;
    uint32_t n_vmas;
    uint64_t n_accounted; /* pages */
};

void mm_vmas_init(struct mm_vmas *vmas, struct mm_cache *cache, struct mm_aspace *aspace);

static inline uint64_t mm_vma_pages(const struct mm_vma *vma)
{
    return (vma->end - vma->start) >> MMSIM_PAGE_SHIFT;
}

/* Index of a page of it: in its object, or among the pages of private anonymous memory. */
static inline uint64_t mm_vma_index(const struct mm_vma *vma, mmsim_vaddr page)
{
    return vma->offset + ((page - vma->start) >> MMSIM_PAGE_SHIFT);
}

/* Whether it can be entered at all: PROT_NONE cannot. */
static inline bool mm_vma_is_accessible(const struct mm_vma *vma)
{
    return vma->prot & (MMSIM_PROT_READ | MMSIM_PROT_WRITE | MMSIM_PROT_EXEC);
}

static inline bool mm_vma_is_shared(const struct mm_vma *vma)
{
    return vma->flags & MMSIM_VMA_SHARED;
}

/* The VMA that contains `address`, else the first one above; NULL. */
struct mm_vma *mm_vma_find(const struct mm_vmas *vmas, mmsim_vaddr address);

/* The VMA that contains `address`, or NULL. */
struct mm_vma *mm_vma_at(const struct mm_vmas *vmas, mmsim_vaddr address);

struct mm_vma *mm_vma_first(const struct mm_vmas *vmas);
struct mm_vma *mm_vma_next(const struct mm_vma *vma);
struct mm_vma *mm_vma_prev(const struct mm_vma *vma);

/* Lowest page-aligned address >= floor with `length` free bytes; false: there is none. */
bool mm_vma_find_gap(const struct mm_vmas *vmas, mmsim_vaddr floor, uint64_t length,
                     mmsim_vaddr *address);

/* True if no VMA overlaps [start, end). */
bool mm_vma_is_free(const struct mm_vmas *vmas, mmsim_vaddr start, mmsim_vaddr end);

/* The same, and [start, end) keeps clear of the guard gap below a stack. */
bool mm_vma_has_room(const struct mm_vmas *vmas, mmsim_vaddr start, mmsim_vaddr end);

/* Adds a VMA like `like` (its range, rights, backing and marks) over a free range; NULL: no memory.
 * Does not merge. */
struct mm_vma *mm_vma_insert(struct mm_vmas *vmas, const struct mm_vma *like);
void mm_vma_remove(struct mm_vmas *vmas, struct mm_vma *vma);

/* Moves the ends of a VMA, over free space or shrinking; offsets stay with their pages. */
void mm_vma_resize(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr start, mmsim_vaddr end);

/* Cuts a VMA at `at`, inside it; returns the upper part. NULL: no memory, nothing changed. */
struct mm_vma *mm_vma_split(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr at);

/* Makes it one with neighbours that touch and are alike; returns the one that remains. */
struct mm_vma *mm_vma_merge(struct mm_vmas *vmas, struct mm_vma *vma);

/* The end of the last VMA that grants execution; 0: there is none. */
static inline mmsim_vaddr mm_vma_exec_end(const struct mm_vmas *vmas)
{
    struct mm_tree_node *root = vmas->tree.root;
    return root ? MM_CONTAINER_OF(root, struct mm_vma, node)->exec_end : 0;
}

/* Other rights, other flags. */
void mm_vma_set_prot(struct mm_vmas *vmas, struct mm_vma *vma, unsigned prot);
void mm_vma_set_flags(struct mm_vmas *vmas, struct mm_vma *vma, unsigned flags);

/* It is about to have private pages: gives it a mark, if it has none. `next` counts marks. */
void mm_vma_mark_anon(struct mm_vma *vma, uint32_t *next);

/* NULL, or a sentence (static storage). */
const char *mm_vma_check(const struct mm_vmas *vmas);

#endif
