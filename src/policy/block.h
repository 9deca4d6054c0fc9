/*
 * block.h - one block of bytes, divided among the arrays of a policy.
 *
 * A policy lays out its state in one function, which runs twice: over no memory, to learn how many
 * bytes it takes, and over the block that was made of so many. The policy's own struct comes first.
 */
#ifndef MM_POLICY_BLOCK_H
#define MM_POLICY_BLOCK_H

#include <mmsim/policy.h>

struct mm_block {
    uint8_t *base; /* NULL: only measured */
    size_t n_bytes;
};

static inline void *mm_block_take(struct mm_block *block, size_t count, size_t size)
{
    size_t at = (block->n_bytes + 15) & ~(size_t)15;
    block->n_bytes = at + count * size;
    return block->base ? block->base + at : NULL;
}

#endif
