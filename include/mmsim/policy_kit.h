/*
 * policy_kit.h - a policy under test: the guard, which drives it and names what it does wrong, and
 * the conformance test, which every policy of this library passes.
 *
 * Mistakes of a policy are MMSIM_INVARIANT, with a sentence for who wrote it; `where` says which
 * policy, on which string and at which reference. A policy that never returns, or writes far from
 * its block, is beyond the help of either.
 */
#ifndef MMSIM_POLICY_KIT_H
#define MMSIM_POLICY_KIT_H

#include <mmsim/policy.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the guard ---- */

/*
 * Plays the caller of the protocol in <mmsim/policy.h>: it alone knows what is resident, and
 * nothing that a policy answers is believed. After a mistake every further call reports it again.
 */
struct mmsim_guard;

/* What the guard plays. A pager must load every page: it does not ask admit(). */
enum mmsim_guard_role { MMSIM_GUARD_STUDY, MMSIM_GUARD_PAGER };

struct mmsim_guard_setup {
    enum mmsim_guard_role role;
    struct mmsim_policy_choice choice;
    mmsim_page frames, universe; /* at least 1 each */
    uint64_t seed;
    const mmsim_ref *future; /* NULL: unknown */
    uint64_t n_future;

    /* 0: each reference is told. Else only bits are seen: the policy's hand looks, or without
     * MMSIM_POLICY_LOOKS they are told before evictions and every so many references. */
    uint32_t harvest_every;

    /* 0: never. Else every so many victims (at least 2) one turns out to be pinned: it is loaded
     * again, and another is asked for. */
    uint32_t pin_every;
};

/* HOST_MEMORY; BAD_ARGUMENT: the table or a number cannot be used. */
enum mmsim_status mmsim_guard_create(const struct mmsim_guard_setup *setup,
                                     struct mmsim_guard **guard, struct mmsim_error *error);
void mmsim_guard_destroy(struct mmsim_guard *guard); /* NULL is allowed */

/* One reference, by the protocol. INVARIANT: the policy made a mistake. */
enum mmsim_status mmsim_guard_reference(struct mmsim_guard *guard, mmsim_ref ref,
                                        struct mmsim_error *error);

/* Background reclaim: evict(MMSIM_NO_PAGE). BAD_ARGUMENT: no page is resident. */
enum mmsim_status mmsim_guard_evict(struct mmsim_guard *guard, mmsim_page *victim,
                                    struct mmsim_error *error);

/* Loads a page again that mmsim_guard_evict() has just returned. */
enum mmsim_status mmsim_guard_put_back(struct mmsim_guard *guard, mmsim_page page,
                                       struct mmsim_error *error);

/* The page, resident or not, ceased to exist. */
enum mmsim_status mmsim_guard_forget(struct mmsim_guard *guard, mmsim_page page,
                                     struct mmsim_error *error);

/* There are `frames` from now on, 1 to those of the setup; pages are evicted until they suffice.
 * BAD_ARGUMENT: the policy has no resize(). */
enum mmsim_status mmsim_guard_resize(struct mmsim_guard *guard, mmsim_page frames,
                                     struct mmsim_error *error);

bool mmsim_guard_is_resident(const struct mmsim_guard *guard, mmsim_page page);
mmsim_page mmsim_guard_n_resident(const struct mmsim_guard *guard);

/* `evictions` without victims that were put back. Valid until the guard is destroyed. */
const struct mmsim_counts *mmsim_guard_counts(const struct mmsim_guard *guard);

/* Of all that the policy decided, in its order: equal for equal behaviour. */
uint64_t mmsim_guard_digest(const struct mmsim_guard *guard);

/* ---- the conformance test ---- */

struct mmsim_conform_setup {
    uint64_t seed;
    uint32_t n_rounds; /* strings of each pattern, size and number of frames; 0: 2 */
};

/* What was done, up to the first mistake. */
struct mmsim_conform_report {
    uint64_t n_choices;    /* of parameters: the defaults, and each at its low and its high end */
    uint64_t n_strings;    /* strings of references that were run, each test counting */
    uint64_t n_references; /* in these strings */
};

/*
 * Runs a policy over generated strings of references, with frames from 1 to more than there are
 * pages, and all parameters at their ends. Tested are:
 *
 *   protocol    victims are resident; check() never complains; the state keeps to its block;
 *               two runs decide alike; misses are never below the optimum
 *   bulk        replay(), at once and in pieces, counts what the single calls count
 *   background  evict(MMSIM_NO_PAGE) while frames are free, page by page down to none
 *   pinned      victims that are loaded again at once
 *   forget      pages, resident or not, that cease to exist
 *   bits        only accessed bits are seen
 *   stack       if flagged MMSIM_POLICY_STACK: what is resident with c frames is with c + 1
 *   resize      if it can: frames that come and go
 *
 * Policies flagged MMSIM_POLICY_STUDY_ONLY are told the future, and are spared what only a pager
 * does: pinned, bits and resize. In these and in background nothing is asked of admit(). INVARIANT:
 * `error` names the first mistake. `setup` and `report` may be NULL.
 */
enum mmsim_status mmsim_policy_conform(const struct mmsim_policy_ops *ops,
                                       const struct mmsim_conform_setup *setup,
                                       struct mmsim_conform_report *report,
                                       struct mmsim_error *error);

#ifdef __cplusplus
}
#endif
#endif
