/* least.c - memory, and making the upper storeys anew; see least.h. */
#include "trace/least.h"

enum { LINE_BYTES = 64 };

/* Numbers of a storey: whole nodes. */
static size_t count_at(const struct mm_least *least, unsigned storey)
{
    size_t n = ((size_t)least->capacity >> (5 * storey)) + 1;
    return (n + MM_LEAST_FAN - 1) / MM_LEAST_FAN * MM_LEAST_FAN;
}

static size_t lay_out(struct mm_least *least, uint8_t *base)
{
    size_t at = 0;
    for (unsigned k = 0; k < least->n_storeys; k++) {
        least->least[k] = base ? (int32_t *)(void *)(base + at) : NULL;
        at += count_at(least, k) * sizeof *least->least[k];
    }
    return at;
}

static void clear_numbers(struct mm_least *least)
{
    for (size_t i = 0; i < count_at(least, 0); i++)
        least->least[0][i] = MM_LEAST_NOTHING;
}

bool mm_least_init(struct mm_least *least, uint32_t capacity, struct mm_host *host)
{
    *least = (struct mm_least){.capacity = capacity, .n_storeys = 1};
    while (count_at(least, least->n_storeys - 1) > MM_LEAST_FAN)
        least->n_storeys++;
    least->n_bytes = lay_out(least, NULL) + LINE_BYTES;
    least->memory = (uint8_t *)mm_host_alloc(host, least->n_bytes);
    if (!least->memory)
        return false;
    lay_out(least, least->memory + (LINE_BYTES - (uintptr_t)least->memory % LINE_BYTES));
    clear_numbers(least);
    mm_least_rebuild(least);
    return true;
}

void mm_least_fini(struct mm_least *least, struct mm_host *host)
{
    mm_host_free(host, least->memory, least->n_bytes);
    least->memory = NULL;
}

void mm_least_rebuild(struct mm_least *least)
{
    for (unsigned k = 1; k < least->n_storeys; k++) {
        size_t n_nodes = count_at(least, k - 1) / MM_LEAST_FAN;
        for (size_t i = 0; i < count_at(least, k); i++)
            least->least[k][i] = i < n_nodes
                                     ? mm_least_of_node(least->least[k - 1] + MM_LEAST_FAN * i)
                                     : MM_LEAST_NOTHING;
    }
}
