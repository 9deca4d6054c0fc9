/*
 * policy.h - what the files of this folder share beside the contract: the table of tables, and how
 * a table is written.
 *
 * A policy is a file: its struct, one inline function for each verb, and at the end the table. Its
 * struct begins with a struct mm_resident; lay_out() divides the block among the arrays.
 */
#ifndef MM_POLICY_POLICY_H
#define MM_POLICY_POLICY_H

#include <stddef.h>

#include "policy/bulk.h"

/* X(identifier) in the order of docs/policies.md; the tables are mm_policy_<identifier>. */
#define MM_POLICY_LIST(X)                                                                          \
    X(opt)                                                                                         \
    X(lru)                                                                                         \
    X(mru)                                                                                         \
    X(fifo)                                                                                        \
    X(random)                                                                                      \
    X(clock)                                                                                       \
    X(second_chance)                                                                               \
    X(nru)                                                                                         \
    X(nfu)                                                                                         \
    X(aging)                                                                                       \
    X(lfu)                                                                                         \
    X(lru_k)                                                                                       \
    X(slru)                                                                                        \
    X(two_q)                                                                                       \
    X(arc)                                                                                         \
    X(car)                                                                                         \
    X(lirs)                                                                                        \
    X(clock_pro)                                                                                   \
    X(sieve)                                                                                       \
    X(s3_fifo)                                                                                     \
    X(linux)                                                                                       \
    X(mglru)                                                                                       \
    X(wsclock)                                                                                     \
    X(working_set)                                                                                 \
    X(pff)

#define X(identifier) extern const struct mmsim_policy_ops mm_policy_##identifier;
MM_POLICY_LIST(X)
#undef X

/* What every table begins with. */
#define MM_POLICY_HEAD .abi = MMSIM_POLICY_ABI, .size = sizeof(struct mmsim_policy_ops)

/* A parameter of the setup, which a whole number or a word is. */
static inline uint32_t mm_param_whole(const struct mmsim_policy_setup *setup, size_t row)
{
    return (uint32_t)setup->params[row];
}

/* The share of the frames that a real parameter says, rounded down. */
static inline mmsim_page mm_param_share(const struct mmsim_policy_setup *setup, size_t row)
{
    return (mmsim_page)(setup->params[row] * setup->frames);
}

#endif
