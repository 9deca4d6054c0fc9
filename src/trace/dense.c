/* dense.c - the hash table that numbers pages (dense.h). */
#include "trace/dense.h"

#include "base/rng.h"

enum { FIRST_SLOTS = 1024 };

void mm_dense_init(struct mm_dense *dense, struct mm_host *host)
{
    *dense = (struct mm_dense){.host = host};
}

void mm_dense_fini(struct mm_dense *dense)
{
    mm_host_free(dense->host, dense->slots, dense->n_slots * sizeof *dense->slots);
    mm_dense_init(dense, dense->host);
}

/* Where the page is, or where it would go. */
static struct mm_dense_slot *find(struct mm_dense_slot *slots, size_t n_slots, uint64_t page)
{
    size_t i = (size_t)mm_rng_mix(page) & (n_slots - 1);
    while (slots[i].taken && slots[i].page != page)
        i = (i + 1) & (n_slots - 1);
    return &slots[i];
}

static bool grow(struct mm_dense *dense)
{
    size_t n_slots = dense->n_slots ? dense->n_slots * 2 : FIRST_SLOTS;
    struct mm_dense_slot *slots = mm_host_alloc(dense->host, n_slots * sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < dense->n_slots; i++) {
        if (dense->slots[i].taken)
            *find(slots, n_slots, dense->slots[i].page) = dense->slots[i];
    }
    mm_host_free(dense->host, dense->slots, dense->n_slots * sizeof *dense->slots);
    dense->slots = slots;
    dense->n_slots = n_slots;
    return true;
}

enum mm_dense_verdict mm_dense_number(struct mm_dense *dense, uint64_t page, mmsim_page *number)
{
    if ((size_t)dense->n_pages * 2 >= dense->n_slots && !grow(dense))
        return MM_DENSE_NO_MEMORY;
    struct mm_dense_slot *slot = find(dense->slots, dense->n_slots, page);
    if (!slot->taken) {
        if (dense->n_pages == MMSIM_MAX_PAGES)
            return MM_DENSE_FULL;
        *slot = (struct mm_dense_slot){page, dense->n_pages++, true};
    }
    *number = slot->number;
    return MM_DENSE_OK;
}
