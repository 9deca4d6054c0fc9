/*
 * used.h - what policies with a varying number of pages share: the resident pages in the order of
 * their last use, with its time.
 *
 * The time is what tick() tells: `now` references were made; what is told before it happened at
 * now + 1. A policy's struct begins with a struct mm_used, so the verbs here can stand in its
 * table.
 *
 * Invariant: the list is ordered by last[].
 */
#ifndef MM_POLICY_USED_H
#define MM_POLICY_USED_H

#include "policy/chain.h"
#include "policy/resident.h"

struct mm_used {
    struct mm_resident resident;
    struct mm_chain list; /* most recently used first */
    uint64_t *last;       /* by page: when it was used last */
    uint64_t now;
};

void mm_used_lay_out(struct mm_used *used, struct mm_block *block,
                     const struct mmsim_policy_setup *setup);

void mm_used_reference(void *state, mmsim_page page, enum mmsim_kind kind);
void mm_used_load(void *state, mmsim_page page, enum mmsim_kind kind);
mmsim_page mm_used_evict(void *state, mmsim_page incoming); /* the least recently used */
void mm_used_forget(void *state, mmsim_page page);
void mm_used_resize(void *state, mmsim_page frames);
const char *mm_used_check(const void *state);

/* Evicts the pages last used before `time`, at most `max`; returns how many. */
size_t mm_used_leave(struct mm_used *used, uint64_t time, mmsim_page *leaving, size_t max);

#endif
