/*
 * vma.h - the mappings of one address space, in a balanced tree ordered by address.
 *
 * A VMA (virtual memory area, Linux's word) is a run of pages with the same rights and the same
 * backing. Each node knows the free gap below it and the largest gap of its subtree, so that a free
 * place is found in logarithmic time.
 *
 * Invariants: (1) VMAs do not overlap and are not empty; start and end are page-aligned and within
 * the user region; (2) no two neighbours that touch could be one VMA; (3) gap and max_gap say what
 * the tree says; (4) the tree is balanced (base/tree.h); (5) n_vmas is the number of nodes.
 */
#ifndef MM_VM_VMA_H
#define MM_VM_VMA_H

#include <mmsim/vm.h>

#include "alloc/cache.h"
#include "base/tree.h"
#include "paging/layout.h"

#define MM_VMA_MAX 65530 /* mappings of one process; Linux's max_map_count */
#define MM_VMA_STACK_GAP                                                                           \
    (256 * MMSIM_PAGE_SIZE) /* kept free below a stack; Linux's stack_guard_gap */

struct mm_vma {
    struct mm_tree_node node;
    mmsim_vaddr start, end; /* end exclusive */
    unsigned prot;          /* MMSIM_PROT_... */
    unsigned flags;         /* MMSIM_MAP_..., MM_VMA_STACK */
    uint64_t gap;           /* free bytes below start, a stack's guard gap not counted */
    uint64_t max_gap;       /* of the subtree */
};

#define MM_VMA_STACK (1u << 31) /* the stack that a process starts with */

struct mm_vmas {
    struct mm_tree tree;
    struct mm_cache *cache;
    uint32_t n_vmas;
};

void mm_vmas_init(struct mm_vmas *vmas, struct mm_cache *cache);

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

/* Adds a VMA over a free range; NULL: no memory. Does not merge. */
struct mm_vma *mm_vma_insert(struct mm_vmas *vmas, mmsim_vaddr start, mmsim_vaddr end,
                             unsigned prot, unsigned flags);
void mm_vma_remove(struct mm_vmas *vmas, struct mm_vma *vma);

/* Moves the ends of a VMA, over free space or shrinking. */
void mm_vma_resize(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr start, mmsim_vaddr end);

/* Cuts a VMA at `at`, inside it; returns the upper part. NULL: no memory, nothing changed. */
struct mm_vma *mm_vma_split(struct mm_vmas *vmas, struct mm_vma *vma, mmsim_vaddr at);

/* Makes it one with neighbours that touch and are alike; returns the one that remains. */
struct mm_vma *mm_vma_merge(struct mm_vmas *vmas, struct mm_vma *vma);

/* NULL, or a sentence (static storage). */
const char *mm_vma_check(const struct mm_vmas *vmas);

#endif
