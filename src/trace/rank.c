/* rank.c - a rank's memory, see rank.h. */
#include "trace/rank.h"

#include <string.h>

#include "base/assert.h"

enum { LINE_BYTES = 64 }; /* nodes of 16-bit counts are a cache line each */

/* How many counts a storey has: whole nodes. */
static size_t counts_at(uint32_t capacity, unsigned shift)
{
    size_t n = ((size_t)capacity >> shift) + 1;
    return (n + MM_RANK_FAN - 1) / MM_RANK_FAN * MM_RANK_FAN;
}

static uint8_t *take(uint8_t *base, size_t *at, size_t n_bytes)
{
    uint8_t *taken = base ? base + *at : NULL;
    *at += (n_bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    return taken;
}

/* Over no memory: how much it takes. */
static size_t lay_out(struct mm_rank *rank, uint8_t *base)
{
    size_t at = 0;
    rank->words = (uint64_t *)(void *)take(base, &at, ((size_t)rank->capacity / 64 + 1) * 8);
    rank->of_word = (uint16_t *)(void *)take(base, &at, counts_at(rank->capacity, 6) * 2);
    rank->of_block = (uint16_t *)(void *)take(base, &at, counts_at(rank->capacity, 11) * 2);
    for (unsigned k = 0; k < rank->n_upper; k++)
        rank->upper[k] =
            (uint32_t *)(void *)take(base, &at, counts_at(rank->capacity, 16 + 5 * k) * 4);
    return at;
}

bool mm_rank_init(struct mm_rank *rank, uint32_t capacity, struct mm_host *host)
{
    *rank = (struct mm_rank){.capacity = capacity};
    while (rank->n_upper < MM_RANK_MAX_UPPER &&
           ((uint64_t)MM_RANK_SMALL << (5 * rank->n_upper)) < capacity)
        rank->n_upper++;
    rank->n_bytes = lay_out(rank, NULL) + LINE_BYTES;
    rank->memory = (uint8_t *)mm_host_alloc(host, rank->n_bytes);
    if (!rank->memory)
        return false;
    lay_out(rank, rank->memory + (LINE_BYTES - (uintptr_t)rank->memory % LINE_BYTES));
    return true;
}

void mm_rank_fini(struct mm_rank *rank, struct mm_host *host)
{
    mm_host_free(host, rank->memory, rank->n_bytes);
    rank->memory = NULL;
}

void mm_rank_refill(struct mm_rank *rank, uint32_t n)
{
    MM_ASSERT(n <= rank->capacity, "there are fewer positions");
    memset(rank->words, 0, ((size_t)rank->capacity / 64 + 1) * 8);
    rank->next = rank->n_members = 0;
    while (rank->next < n)
        mm_rank_append(rank, rank->n_upper);
}
