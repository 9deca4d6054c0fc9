/*
 * bits.h - a set of numbers below a bound, which finds its largest member up to a number.
 *
 * A tree of 64-bit words: bit i of a level says whether word i of the level below has a bit. To
 * find, or to change, takes one step for each level, log64 of the bound, and mostly one in all.
 */
#ifndef MM_POLICY_BITS_H
#define MM_POLICY_BITS_H

#include "policy/block.h"

enum { MM_BITS_MAX_LEVELS = 6 };
#define MM_BITS_NONE UINT64_MAX

struct mm_bits {
    uint64_t *levels[MM_BITS_MAX_LEVELS]; /* the numbers themselves at 0 */
    unsigned n_levels;
};

/* For numbers below `bound`, at most 2^36. */
static inline void mm_bits_lay_out(struct mm_bits *bits, struct mm_block *block, uint64_t bound)
{
    bits->n_levels = 0;
    do {
        bound = bound / 64 + 1;
        bits->levels[bits->n_levels++] =
            (uint64_t *)mm_block_take(block, (size_t)bound, sizeof(uint64_t));
    } while (bound > 1 && bits->n_levels < MM_BITS_MAX_LEVELS);
}

static inline void mm_bits_set(struct mm_bits *bits, uint64_t i)
{
    for (unsigned level = 0; level < bits->n_levels; level++, i >>= 6) {
        uint64_t *word = &bits->levels[level][i >> 6], old = *word;
        *word = old | UINT64_C(1) << (i & 63);
        if (old != 0)
            return;
    }
}

static inline void mm_bits_clear(struct mm_bits *bits, uint64_t i)
{
    for (unsigned level = 0; level < bits->n_levels; level++, i >>= 6) {
        uint64_t *word = &bits->levels[level][i >> 6];
        *word &= ~(UINT64_C(1) << (i & 63));
        if (*word != 0)
            return;
    }
}

static inline uint64_t mm_bits_top(uint64_t word)
{
    return 63 - (uint64_t)__builtin_clzll(word);
}

/* The largest member that is at most i; MM_BITS_NONE: there is none. */
static inline uint64_t mm_bits_last(const struct mm_bits *bits, uint64_t i)
{
    for (unsigned level = 0; level < bits->n_levels; level++) {
        uint64_t word = bits->levels[level][i >> 6] & (UINT64_MAX >> (63 - (i & 63)));
        if (word != 0) {
            i = (i & ~UINT64_C(63)) | mm_bits_top(word);
            while (level-- > 0)
                i = i << 6 | mm_bits_top(bits->levels[level][i]);
            return i;
        }
        if (i < 64)
            break;
        i = (i >> 6) - 1;
    }
    return MM_BITS_NONE;
}

#endif
