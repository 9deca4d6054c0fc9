/*
 * look.h - what a hand finds when it looks at a page: the bit that references set, or, where only
 * hardware's accessed bits are seen, those.
 *
 * Told by reference() or found by looking, it is the same: the page was referenced. A replay in
 * bulk tells every reference; it passes NULL for the looker, and the compiler drops the question.
 */
#ifndef MM_POLICY_LOOK_H
#define MM_POLICY_LOOK_H

#include "policy/resident.h"

struct mm_looker {
    enum mmsim_look (*look)(void *user, mmsim_page page); /* NULL: each reference is told */
    void *user;
};

static inline struct mm_looker mm_looker_of(const struct mmsim_policy_setup *setup)
{
    return (struct mm_looker){setup->look, setup->user};
}

/* Whether there was a reference that was not told; a store makes the page dirty. */
static inline bool mm_look_found(const struct mm_looker *looker, struct mm_resident *resident,
                                 mmsim_page page)
{
    if (!looker || !looker->look)
        return false;
    enum mmsim_look found = looker->look(looker->user, page);
    if (found == MMSIM_LOOK_WRITTEN)
        resident->flags[page] |= MM_DIRTY;
    return found != MMSIM_LOOK_NOTHING;
}

/* Whether the page was referenced since `bit` was cleared, which it is now. */
static inline bool mm_look_clear(const struct mm_looker *looker, struct mm_resident *resident,
                                 mmsim_page page, unsigned bit)
{
    bool found = mm_look_found(looker, resident, page);
    bool told = (resident->flags[page] & bit) != 0;
    resident->flags[page] = (uint8_t)(resident->flags[page] & ~bit);
    return told || found;
}

/* The same, but `bit` stays: what was not told sets it. */
static inline bool mm_look_test(const struct mm_looker *looker, struct mm_resident *resident,
                                mmsim_page page, unsigned bit)
{
    if (mm_look_found(looker, resident, page))
        resident->flags[page] = (uint8_t)(resident->flags[page] | bit);
    return (resident->flags[page] & bit) != 0;
}

#endif
