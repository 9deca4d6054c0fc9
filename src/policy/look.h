/*
 * look.h - accessed bits, as a policy's own hand sees them.
 *
 * Where each reference is told, reference() sets the page's bit in its flags. Where only bits are
 * seen, the bit is fetched when the hand comes to the page. Either way the bit is then in the
 * flags, and it is the policy that clears it.
 */
#ifndef MM_POLICY_LOOK_H
#define MM_POLICY_LOOK_H

#include "policy/resident.h"

struct mm_looker {
    enum mmsim_look (*look)(void *user, mmsim_page page);
    void *user;
};

static inline struct mm_looker mm_looker_of(const struct mmsim_policy_setup *setup)
{
    return (struct mm_looker){setup->look, setup->user};
}

/* Fetches the bits of a resident page; returns its flags. */
static inline unsigned mm_look_at(const struct mm_looker *looker, struct mm_resident *resident,
                                  mmsim_page page, unsigned referenced)
{
    if (looker->look == NULL)
        return resident->flags[page];
    enum mmsim_look found = looker->look(looker->user, page);
    if (found != MMSIM_LOOK_NOTHING)
        mm_resident_touch(resident, page,
                          found == MMSIM_LOOK_WRITTEN ? MMSIM_KIND_STORE : MMSIM_KIND_LOAD,
                          referenced);
    return resident->flags[page];
}

/* The same; then the bit is clear. Returns whether it was set. */
static inline bool mm_look_and_clear(const struct mm_looker *looker, struct mm_resident *resident,
                                     mmsim_page page, unsigned referenced)
{
    unsigned flags = mm_look_at(looker, resident, page, referenced);
    resident->flags[page] = (uint8_t)(flags & ~referenced);
    return flags & referenced;
}

#endif
