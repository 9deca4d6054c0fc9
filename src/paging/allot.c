/* allot.c - shares of the frames that user pages may have. */
#include "paging/allot.h"

uint64_t mm_allot_total(const struct mm_pager *pager)
{
    return pager->capacity;
}

uint64_t mm_allot_n_domains(const struct mm_pager *pager)
{
    uint64_t n = 0;
    for (const struct mm_list *at = pager->domains.next; at != &pager->domains; at = at->next)
        n += MM_CONTAINER_OF(at, struct mm_domain, link)->aspace != NULL;
    return n;
}

uint64_t mm_allot_working_set(const struct mm_domain *domain, uint64_t window)
{
    const struct mm_pager *pager = domain->pager;
    uint64_t now = mm_pager_now(pager);
    uint64_t n = 0;
    for (mmsim_page page = 0; page < pager->n_ever; page++) {
        const struct mm_pager_page *info = &pager->pages[page];
        n += info->place == MM_PLACE_RESIDENT && info->domain == domain &&
             mm_pager_was_used(info, now, window);
    }
    return n;
}

static uint64_t share(uint64_t total, uint64_t part, uint64_t whole)
{
    return whole == 0 ? total : total * part / whole;
}

/* Grows by one at a fault that comes too soon; else keeps what was used since the last one. */
static uint64_t by_fault_frequency(const struct mm_domain *domain)
{
    struct mm_pager *pager = domain->pager;
    uint64_t now = mm_pager_now(pager);
    uint64_t pause = now - domain->last_fault;
    if (pause < pager->setup.threshold || domain->n_loads == 0)
        return domain->n_resident + 1;
    mm_pager_harvest(pager);
    return mm_allot_working_set(domain, pause) + 1;
}

static uint64_t by_working_set(struct mm_domain *domain)
{
    struct mm_pager *pager = domain->pager;
    uint64_t now = mm_pager_now(pager);
    uint64_t pause = pager->setup.window / 4;
    if (domain->allotment != UINT64_MAX && now - domain->last_share < pause)
        return domain->n_resident + 1;
    domain->last_share = now;
    mm_pager_harvest(pager);
    return mm_allot_working_set(domain, pager->setup.window) + 1;
}

static uint64_t allotment(struct mm_domain *domain, uint64_t n_pages, uint64_t n_all)
{
    const struct mm_pager *pager = domain->pager;
    uint64_t total = mm_allot_total(pager);
    switch (pager->setup.allocation) {
    case MMSIM_ALLOCATION_PROPORTIONAL:
        return share(total, n_pages, n_all);
    case MMSIM_ALLOCATION_WORKING_SET:
        return by_working_set(domain);
    case MMSIM_ALLOCATION_PFF:
        return by_fault_frequency(domain);
    default:
        return share(total, 1, mm_allot_n_domains(pager));
    }
}

void mm_allot_at_fault(struct mm_domain *domain, uint64_t n_pages, uint64_t n_all)
{
    const struct mm_pager *pager = domain->pager;
    uint64_t n = UINT64_MAX;
    if (pager->setup.local && domain->aspace)
        n = allotment(domain, n_pages, n_all);
    if (domain->limit > 0 && (domain->limit < n || !pager->setup.local ||
                              pager->setup.allocation == MMSIM_ALLOCATION_FIXED))
        n = domain->limit;
    domain->allotment = n > 0 ? n : 1;
}

void mm_allot_settle(struct mm_domain *domain)
{
    uint64_t needed = domain->n_resident + 1; /* with the one that comes */
    uint64_t n = domain->allotment > needed ? domain->allotment : needed;
    mm_pager_resize(domain, n < domain->setup.frames ? (mmsim_page)n : domain->setup.frames);
}
