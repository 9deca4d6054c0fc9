/*
 * look.h - what a hand finds when it looks at a page: the bit that references set, or, where only
 * hardware's accessed bits are seen, those.
 *
 * Told by reference() or found by looking, it is the same: either way the page was referenced.
 */
#ifndef MM_POLICY_LOOK_H
#define MM_POLICY_LOOK_H

#include "policy/resident.h"

struct mm_look {
    enum mmsim_look (*look)(void *user, mmsim_page page); /* NULL: each reference is told */
    void *user;
};

static inline struct mm_look mm_look_of(const struct mmsim_policy_setup *setup)
{
    return (struct mm_look){setup->look, setup->user};
}

/* Asks for what was not told: it becomes a reference, which sets `bit`. */
static inline void mm_look_ask(const struct mm_look *look, struct mm_resident *resident,
                               mmsim_page page, unsigned bit)
{
    if (!look->look)
        return;
    enum mmsim_look found = look->look(look->user, page);
    if (found != MMSIM_LOOK_NOTHING)
        resident->flags[page] =
            (uint8_t)(resident->flags[page] | bit | (found == MMSIM_LOOK_WRITTEN ? MM_DIRTY : 0u));
}

/* Whether it was referenced since the hand came by; a hand that asks clears nothing of ours. */
static inline bool mm_look_test(const struct mm_look *look, struct mm_resident *resident,
                                mmsim_page page, unsigned bit)
{
    mm_look_ask(look, resident, page, bit);
    return (resident->flags[page] & bit) != 0;
}

#endif
