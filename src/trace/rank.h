/*
 * rank.h - a set of positions that grows at its end, and how many of its members lie below one.
 *
 * Members are bits in words. Over them stand counts: for each word, how many members lie before it
 * in its node of 32 words; for each node, how many before it in the node above; and so on. Looking
 * up adds one count of each storey to the bits of one word; removing subtracts one from the later
 * counts of one node of each storey, which is a compare and a subtraction of a vector or two.
 *
 *   storey 1 (16 bits)   | 0 61 122 ...          |     before a node, within the node above
 *   storey 0 (16 bits)   | 0 3 5 ... | 0 2 2 ... |     before a word, within its node
 *   words (64 bits)      | . . . . . | . . . . . |
 *
 * Two storeys count 65,536 positions; each further one, in 32 bits, 32 times as many.
 *
 * Invariants: (1) positions from `next` on are not members; (2) counts are right up to the place of
 * the newest position; behind it they are written when the end gets there.
 */
#ifndef MM_TRACE_RANK_H
#define MM_TRACE_RANK_H

#include <mmsim/policy.h>

#include "base/host.h"
#include "base/wide.h"

enum {
    MM_RANK_FAN = 32,
    MM_RANK_MAX_UPPER = 3,
    MM_RANK_SMALL = 1 << 16 /* positions that need no upper storey */
};

struct mm_rank {
    uint64_t *words;
    uint16_t *of_word, *of_block;       /* storeys 0 and 1 */
    uint32_t *upper[MM_RANK_MAX_UPPER]; /* storeys from 2 on */
    unsigned n_upper;
    uint32_t capacity, next, n_members;
    uint8_t *memory; /* all of it */
    size_t n_bytes;
};

/* False: no host memory. capacity: positions, at most 2^31. */
bool mm_rank_init(struct mm_rank *rank, uint32_t capacity, struct mm_host *host);
void mm_rank_fini(struct mm_rank *rank, struct mm_host *host);

/* Its members are the positions 0 to n - 1 from now on. */
void mm_rank_refill(struct mm_rank *rank, uint32_t n);

/* n_upper is rank->n_upper: a constant makes the loop go. */
MM_WIDE_PART uint32_t mm_rank_below(const struct mm_rank *rank, uint32_t position, unsigned n_upper)
{
    uint64_t below = (UINT64_C(1) << (position & 63)) - 1;
    uint32_t sum = rank->of_word[position >> 6] + (uint32_t)rank->of_block[position >> 11];
    for (unsigned k = 0; k < n_upper; k++)
        sum += rank->upper[k][position >> (16 + 5 * k)];
    return sum + (uint32_t)__builtin_popcountll(rank->words[position >> 6] & below);
}

/* In memory, so that compilers compare 16 bits with 16 bits. */
static const _Alignas(64) int16_t mm_rank_slots[MM_RANK_FAN] = {
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
};

MM_WIDE_PART void mm_rank_lessen_narrow(uint16_t *counts, uint32_t index)
{
    uint16_t *node = counts + (index & ~(uint32_t)(MM_RANK_FAN - 1));
    int16_t slot = (int16_t)(index & (MM_RANK_FAN - 1));
    for (unsigned i = 0; i < MM_RANK_FAN; i++)
        node[i] = (uint16_t)(node[i] - (mm_rank_slots[i] > slot));
}

MM_WIDE_PART void mm_rank_lessen_broad(uint32_t *counts, uint32_t index)
{
    uint32_t *node = counts + (index & ~(uint32_t)(MM_RANK_FAN - 1));
    int32_t slot = (int32_t)(index & (MM_RANK_FAN - 1));
    for (int32_t i = 0; i < MM_RANK_FAN; i++)
        node[i] -= i > slot;
}

/* The position must be a member. */
MM_WIDE_PART void mm_rank_remove(struct mm_rank *rank, uint32_t position, unsigned n_upper)
{
    rank->words[position >> 6] ^= UINT64_C(1) << (position & 63);
    mm_rank_lessen_narrow(rank->of_word, position >> 6);
    mm_rank_lessen_narrow(rank->of_block, position >> 11);
    for (unsigned k = 0; k < n_upper; k++)
        mm_rank_lessen_broad(rank->upper[k], position >> (16 + 5 * k));
    rank->n_members--;
}

/*
 * The end has come to a new word: invariant 2, from the top down. A count is what lies before the
 * end, less what the storeys above count of it.
 */
MM_WIDE_PART void mm_rank_enter(struct mm_rank *rank, unsigned n_upper)
{
    uint32_t before = rank->n_members;
    for (unsigned k = n_upper; k-- > 0;) {
        uint32_t *count = &rank->upper[k][rank->next >> (16 + 5 * k)];
        if (rank->next % (UINT32_C(1) << (16 + 5 * k)) == 0)
            *count = before;
        before -= *count;
    }
    uint16_t *of_block = &rank->of_block[rank->next >> 11];
    if (rank->next % 2048 == 0)
        *of_block = (uint16_t)before;
    rank->of_word[rank->next >> 6] = (uint16_t)(before - *of_block);
}

/* Position `next` becomes a member; there must be room. */
MM_WIDE_PART void mm_rank_append(struct mm_rank *rank, unsigned n_upper)
{
    if ((rank->next & 63) == 0)
        mm_rank_enter(rank, n_upper);
    rank->words[rank->next >> 6] |= UINT64_C(1) << (rank->next & 63);
    rank->next++;
    rank->n_members++;
}

#endif
