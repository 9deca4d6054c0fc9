/*
 * leak_words.h - what counts as a pointer to an object, one word at a time.
 *
 * Any byte of a live object, given as a kernel address in an aligned 4-byte word (the lower half of
 * 8, too), or as a host pointer into RAM in an aligned 8-byte word, as the kernel's own C structs
 * have. Objects of caches that hold only such structs (MM_CACHE_OWN) and memory of the host are
 * searched for host pointers alone, and a word that is a host pointer is nothing else: no host
 * address is ever taken for a kernel address, so what is found does not depend on where the host
 * keeps things.
 *
 * The exact mode reads objects of caches that declare where their pointers lie only there.
 *
 * This is the definition; leak_graph.c does the same for many words at a time.
 */
#ifndef MM_ALLOC_LEAK_WORDS_H
#define MM_ALLOC_LEAK_WORDS_H

#include <mmsim/alloc.h>

#include "alloc/cache.h"

#define MM_LEAK_NONE UINT32_MAX /* no object */

struct mm_leak_reader {
    const struct mm_heap *heap;
    enum mmsim_leak_mode mode;
    /* Told of the first byte of a live object that a word leads to. */
    void (*visit)(void *user, uint32_t target);
    void *user;
};

/* The live object with this byte of RAM; MM_LEAK_NONE. */
uint32_t mm_leak_object_at(const struct mm_heap *heap, uint64_t offset);

/* True if all words of a cache's objects are host pointers or none; NULL: runs of pages. */
static inline bool mm_leak_is_own(const struct mm_cache *cache)
{
    return cache && mm_cache_is_own(cache);
}

/* Bytes of a live object that its user may have written to. */
uint32_t mm_leak_readable_bytes(const struct mm_heap *heap, const struct mm_heap_object *object);

/* What eight bytes, aligned, lead to. */
void mm_leak_read_pair(const struct mm_leak_reader *reader, uint64_t word);

/* n_bytes of host memory from a place aligned to 8: nothing but host pointers counts. */
void mm_leak_read_host(const struct mm_leak_reader *reader, const void *bytes, size_t n_bytes);

/* n_bytes of RAM from a place aligned to 8. */
void mm_leak_read_bytes(const struct mm_leak_reader *reader, const void *bytes, size_t n_bytes);

/* All that a live object leads to, as often as it does. Returns the bytes read. */
uint32_t mm_leak_read_object(const struct mm_leak_reader *reader, uint32_t offset);

#endif
