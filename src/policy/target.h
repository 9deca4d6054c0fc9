/*
 * target.h - the target for T1 of the adaptive policies (arc, car), which pages that return move.
 *
 * One that returns from B1 raises it by |B2|/|B1|, one from B2 lowers it by |B1|/|B2|, each by 1 at
 * least. Real numbers; or, as the papers' pseudo code is often read, whole ones.
 *
 * Invariant: 0 <= p <= c.
 */
#ifndef MM_POLICY_TARGET_H
#define MM_POLICY_TARGET_H

#include "policy/block.h"

struct mm_target {
    double p;
    bool integer;
};

/* `ours` ghosts are in the list that the page returns from (it is one of them), `other` in the
 * other; sign: 1 from B1, -1 from B2. */
static inline void mm_target_move(struct mm_target *target, int sign, mmsim_page ours,
                                  mmsim_page other, mmsim_page frames)
{
    double step = target->integer ? other / ours : (double)other / ours;
    target->p += sign * (step < 1 ? 1 : step);
    if (target->p < 0)
        target->p = 0;
    if (target->p > frames)
        target->p = frames;
}

static inline void mm_target_resize(struct mm_target *target, mmsim_page frames)
{
    if (target->p > frames)
        target->p = frames;
}

#endif
