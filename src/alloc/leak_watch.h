/*
 * leak_watch.h - watching stores, so that one knows when the last reference to an object went.
 *
 * While there is a watch, every store of the kernel's that goes through the MMU into an object or
 * into an added root is told here, with the bytes that it replaced; so are allocations and frees.
 * Each object has a count of the words that lead to it, and the step and call site at which one was
 * last taken away: overwritten, or freed with the object that held it.
 *
 * That is no verdict: what the kernel's C code has on the host is not counted. It is the search
 * (leak.h) that says who is lost; the watch then says since when, and by whose doing. For objects
 * that lead to each other in a circle it names the last word to any of them that was taken away.
 *
 * New objects are filled with zeros, unless they are constructed or poisoned, so that what they
 * held in an earlier life is not taken for references.
 *
 * Invariant: n_refs of a live object is the number of words in live objects (not of MM_CACHE_OWN)
 * and in added roots that lead to it, as far as all were stored through the MMU.
 */
#ifndef MM_ALLOC_LEAK_WATCH_H
#define MM_ALLOC_LEAK_WATCH_H

#include "alloc/leak.h"

/* Begins with the references that there are now. False: no host memory. No effect if there is a
 * watch. */
bool mm_leak_watch_start(struct mm_leak *leak);
void mm_leak_watch_end(struct mm_leak *leak);

/* n_bytes, at most 8, have been stored at an offset in RAM. */
void mm_leak_watch_store(struct mm_leak *leak, uint64_t offset, size_t n_bytes,
                         const void *old_bytes);

/* An object was allocated, will be freed, or got its bytes otherwise than through the MMU after it
 * was allocated (krealloc). */
void mm_leak_watch_alloc(struct mm_leak *leak, uint32_t offset);
void mm_leak_watch_free(struct mm_leak *leak, uint32_t offset);
void mm_leak_watch_fill(struct mm_leak *leak, uint32_t offset);

/* A run will lose, or has gained, the bytes from start to end. */
void mm_leak_watch_cut(struct mm_leak *leak, uint32_t start, uint32_t end);
void mm_leak_watch_grow(struct mm_leak *leak, uint32_t start, uint32_t end);

/* A root was added. */
void mm_leak_watch_root(struct mm_leak *leak, const struct mm_leak_range *range);

/* Words that lead to a live object. */
uint32_t mm_leak_watch_refs(const struct mm_leak *leak, uint32_t offset);

/* When and where (may be NULL) the last word that led to a live object was taken away; false: none
 * ever was. */
bool mm_leak_watch_lost(const struct mm_leak *leak, uint32_t offset, uint64_t *step,
                        const char **site);

#endif
