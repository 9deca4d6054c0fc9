/*
 * period.h - what policies with a clock interrupt share: periods, counted in references, and the
 * pages that were referenced in the current one.
 *
 * A page is noted once a period (its flag `noted` says so, and stays even if the page leaves), so a
 * period's end costs no more than the references of the period.
 */
#ifndef MM_POLICY_PERIOD_H
#define MM_POLICY_PERIOD_H

#include "policy/resident.h"

/* The row of a parameter table: a period, 0 for as many references as there are frames. */
#define MM_PARAM_PERIOD                                                                            \
    {                                                                                              \
        "period", "references between two clock interrupts; 0: as many as there are frames", 0,    \
            1e9, 0, MMSIM_PARAM_WHOLE, NULL                                                        \
    }

/* The row of a parameter table: the reference bit of a page that is loaded. */
#define MM_PARAM_LOAD_BIT                                                                          \
    {                                                                                              \
        "load-bit",                                                                                \
            "the reference bit of a page that is loaded: 1 is what hardware gives, whose retried"  \
            " access sets it",                                                                     \
            0, 1, 1, MMSIM_PARAM_WHOLE, NULL                                                       \
    }

struct mm_period {
    uint64_t length, n_ended;
};

static inline void mm_period_begin(struct mm_period *period, uint32_t length,
                                   const struct mmsim_policy_setup *setup)
{
    *period = (struct mm_period){length > 0 ? length : setup->frames, 0};
}

/* How many periods ended since this was last asked. */
static inline uint64_t mm_period_end(struct mm_period *period, uint64_t now)
{
    uint64_t n_ended = now / period->length, n = n_ended - period->n_ended;
    period->n_ended = n_ended;
    return n;
}

struct mm_noted {
    mmsim_page *pages;
    mmsim_page n_pages;
};

static inline void mm_noted_lay_out(struct mm_noted *noted, struct mm_block *block,
                                    const struct mmsim_policy_setup *setup)
{
    noted->pages = (mmsim_page *)mm_block_take(block, setup->universe, sizeof *noted->pages);
    noted->n_pages = 0;
}

/* Notes the page, unless it is noted already: bit `flag` of its flags. */
static inline void mm_noted_add(struct mm_noted *noted, struct mm_resident *resident,
                                mmsim_page page, unsigned flag)
{
    if (resident->flags[page] & flag)
        return;
    resident->flags[page] = (uint8_t)(resident->flags[page] | flag);
    noted->pages[noted->n_pages++] = page;
}

#endif
