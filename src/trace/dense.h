/*
 * dense.h - numbers for pages: 0, 1, 2, ... in the order in which they first appear.
 *
 * A hash table with open addressing and linear probing, at most half full.
 *
 * Invariants: (1) the numbers are 0 to n_pages - 1, each once; (2) n_slots is a power of two.
 */
#ifndef MM_TRACE_DENSE_H
#define MM_TRACE_DENSE_H

#include <mmsim/policy.h>

#include "base/host.h"

struct mm_dense_slot {
    uint64_t page; /* of addresses, so below 2^52 */
    mmsim_page number;
    bool taken;
};

struct mm_dense {
    struct mm_host *host;
    struct mm_dense_slot *slots;
    size_t n_slots;
    mmsim_page n_pages;
};

void mm_dense_init(struct mm_dense *dense, struct mm_host *host);
void mm_dense_fini(struct mm_dense *dense);

enum mm_dense_verdict { MM_DENSE_OK, MM_DENSE_FULL, MM_DENSE_NO_MEMORY };

/* The page's number, a new one if it has none. FULL: there are MMSIM_MAX_PAGES. */
enum mm_dense_verdict mm_dense_number(struct mm_dense *dense, uint64_t page, mmsim_page *number);

#endif
