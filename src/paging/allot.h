/*
 * allot.h - how many frames each domain may use, with local replacement.
 *
 *   fixed          equal shares, or what a process was given by name
 *   proportional   shares by the size of what is mapped
 *   working-set    as many as it used lately (Denning 1968), looked at every window/4 references
 *   pff            one more at each fault that follows the last one too soon; after a long pause,
 *                  only what was used since (Chu & Opderbeck 1976)
 *
 * A domain keeps at least one frame. Limits by name hold with every allocation, and also with
 * global replacement.
 */
#ifndef MM_PAGING_ALLOT_H
#define MM_PAGING_ALLOT_H

#include "paging/pager.h"

/* Whether shares depend on how much is mapped. */
static inline bool mm_allot_by_size(const struct mm_pager *pager)
{
    return pager->setup.local && pager->setup.allocation == MMSIM_ALLOCATION_PROPORTIONAL;
}

/* Before a page is loaded for a domain: sets its allotment. `n_pages` are those mapped by it, and
 * `n_all` those mapped by all, where shares depend on it. */
void mm_allot_at_fault(struct mm_domain *domain, uint64_t n_pages, uint64_t n_all);

/* Room has been made: the policy is told how many frames it has, never fewer than its pages need.
 */
void mm_allot_settle(struct mm_domain *domain);

/* Frames that user pages may have. */
uint64_t mm_allot_total(const struct mm_pager *pager);

/* Domains of address spaces. */
uint64_t mm_allot_n_domains(const struct mm_pager *pager);

/* Pages that a domain used in the last `window` references. */
uint64_t mm_allot_working_set(const struct mm_domain *domain, uint64_t window);

#endif
