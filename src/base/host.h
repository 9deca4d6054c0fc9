/*
 * host.h - memory from the host: counted, replaceable, able to fail on purpose.
 *
 * Every block of host memory that the library owns comes through a struct mm_host, which wraps the
 * caller's struct mmsim_allocator (or malloc). Its count must be 0 again when its owner is
 * destroyed. mm_host_reserve() gives the sparse, zero-filled mappings under the simulated RAM.
 *
 * Invariants: (1) n_blocks counts the live blocks; (2) a block is returned with the size it was
 * taken with.
 */
#ifndef MM_BASE_HOST_H
#define MM_BASE_HOST_H

#include <mmsim/machine.h>

struct mm_host {
    struct mmsim_allocator allocator;
    size_t n_blocks;
};

/* `allocator` NULL = malloc. */
void mm_host_init(struct mm_host *host, const struct mmsim_allocator *allocator);

/* Zeroed memory, or NULL. */
void *mm_host_alloc(struct mm_host *host, size_t n_bytes);

/* Like realloc, from old_bytes to new_bytes; what is new is not zeroed. NULL: nothing changed. */
void *mm_host_resize(struct mm_host *host, void *block, size_t old_bytes, size_t new_bytes);

/* NULL is allowed. */
void mm_host_free(struct mm_host *host, void *block, size_t n_bytes);

/* A sparse mapping: zero-filled, costs host memory only where it is touched. NULL on failure. */
void *mm_host_reserve(size_t n_bytes);
void mm_host_release(void *mapping, size_t n_bytes);

#endif
