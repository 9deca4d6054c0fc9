/*
 * bits.h - a bit for each page, and a bit for each 64 of them: what is set is found without looking
 * at the rest.
 *
 * Invariant: a bit of `summary` is set iff its word in `words` is not 0.
 */
#ifndef MM_TRACE_BITS_H
#define MM_TRACE_BITS_H

#include <mmsim/policy.h>

#include "base/host.h"

struct mm_bits {
    uint64_t *words, *summary;
    size_t n_words, n_summary;
};

static inline bool mm_bits_init(struct mm_bits *bits, mmsim_page universe, struct mm_host *host)
{
    bits->n_words = universe / 64 + 1;
    bits->n_summary = bits->n_words / 64 + 1;
    bits->words = (uint64_t *)mm_host_alloc(host, bits->n_words * sizeof *bits->words);
    bits->summary = (uint64_t *)mm_host_alloc(host, bits->n_summary * sizeof *bits->summary);
    return bits->words && bits->summary;
}

static inline void mm_bits_fini(struct mm_bits *bits, struct mm_host *host)
{
    mm_host_free(host, bits->words, bits->n_words * sizeof *bits->words);
    mm_host_free(host, bits->summary, bits->n_summary * sizeof *bits->summary);
}

static inline void mm_bits_set(struct mm_bits *bits, mmsim_page page)
{
    bits->words[page / 64] |= UINT64_C(1) << page % 64;
    bits->summary[page / 4096] |= UINT64_C(1) << page / 64 % 64;
}

/* Clears it; returns whether it was set. */
static inline bool mm_bits_take(struct mm_bits *bits, mmsim_page page)
{
    uint64_t bit = UINT64_C(1) << page % 64, word = bits->words[page / 64];
    bits->words[page / 64] = word & ~bit;
    if ((word & ~bit) == 0)
        bits->summary[page / 4096] &= ~(UINT64_C(1) << page / 64 % 64);
    return (word & bit) != 0;
}

/* Clears the lowest that is set, from *row on, where row is 0 at first; MMSIM_NO_PAGE: none is. */
static inline mmsim_page mm_bits_take_lowest(struct mm_bits *bits, size_t *row)
{
    while (*row < bits->n_summary && bits->summary[*row] == 0)
        ++*row;
    if (*row == bits->n_summary)
        return MMSIM_NO_PAGE;
    size_t word = *row * 64 + (size_t)__builtin_ctzll(bits->summary[*row]);
    mmsim_page page = (mmsim_page)(word * 64 + (size_t)__builtin_ctzll(bits->words[word]));
    mm_bits_take(bits, page);
    return page;
}

#endif
