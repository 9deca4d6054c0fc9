/*
 * radix.h - a sparse array of words by index: a radix tree of 64-way nodes in the kernel heap.
 *
 *   height 0: one word, index 0      height h: indices below 64^h
 *
 * A node knows how many of its slots are in use; an empty one leaves the tree at once, so an array
 * without words has no nodes. A change that needs nodes takes them before it changes anything.
 *
 * Nodes that left a tree are kept at hand for the next one that needs some, and go back to the heap
 * when mm_radix_trim() says so: words may be removed while the heap itself asks for frames.
 *
 * Invariants: (1) every node but the root has n_used > 0, and n_used is the number of its slots
 * that are not 0; (2) n is the number of words; (3) an array without words has no root, and a root
 * node has more than its first slot in use or is of height 1.
 */
#ifndef MM_PAGING_RADIX_H
#define MM_PAGING_RADIX_H

#include "alloc/cache.h"

#define MM_RADIX_SHIFT 6
#define MM_RADIX_MAX_INDEX ((uint64_t)1 << 36) /* exclusive */

/* What all arrays take their nodes from. */
struct mm_radix_nodes {
    struct mm_cache cache;
    void *spares; /* linked through their first slots */
    uint64_t n_spares;
};

struct mm_radix {
    uintptr_t root; /* 0, the word of index 0 (height 0), or a node */
    unsigned height;
    uint64_t n;
    struct mm_radix_nodes *nodes;
};

/* False: no memory. */
bool mm_radix_nodes_init(struct mm_radix_nodes *nodes, struct mm_heap *heap);
void mm_radix_nodes_fini(struct mm_radix_nodes *nodes);

/* Returns spare nodes to the heap. */
void mm_radix_trim(struct mm_radix_nodes *nodes);

void mm_radix_init(struct mm_radix *radix, struct mm_radix_nodes *nodes);

/* 0: there is none. */
uintptr_t mm_radix_find(const struct mm_radix *radix, uint64_t index);

/* Stores a word other than 0, whether there was one or not. False: no memory, nothing changed. */
bool mm_radix_store(struct mm_radix *radix, uint64_t index, uintptr_t word);

/* Takes a word out; 0: there was none. */
uintptr_t mm_radix_remove(struct mm_radix *radix, uint64_t index);

/* The first word at or above *index, which becomes its index; 0: none up to `last`. */
uintptr_t mm_radix_next(const struct mm_radix *radix, uint64_t *index, uint64_t last);

/* NULL, or a sentence (static storage). */
const char *mm_radix_check(const struct mm_radix *radix);

#endif
