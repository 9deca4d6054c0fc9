/*
 * inject.h - making allocations fail on purpose, always the same ones.
 *
 * A rule says which requests count (by size, by call site) and which of those fail (the N-th, every
 * N-th, each with some probability from a seed). The same rule and the same requests give the same
 * failures. A request that fails so has changed nothing, as if memory had been gone.
 *
 * Nothing armed costs one test of one bool.
 */
#ifndef MM_ALLOC_INJECT_H
#define MM_ALLOC_INJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

#define MM_INJECT_CERTAIN ((uint64_t)1 << 32) /* a share of requests: all of them */

/* Which requests fail. All conditions that are given must hold; a rule without any never fails. */
struct mm_inject_rule {
    uint64_t nth;          /* the N-th that counts, from 1, since the rule was armed; 0 = any */
    uint64_t every;        /* every N-th that counts; 0 = any */
    uint64_t share;        /* of those that count, in 1/2^32 (MM_INJECT_CERTAIN); 0 = any */
    uint64_t seed;         /* of the random numbers behind `share` */
    uint64_t max_failures; /* then the rule is disarmed; 0 = no limit */
    size_t min_bytes;      /* smaller requests do not count */
    const char *site; /* requests of other call sites do not count; NULL = all do. Not copied */
};

struct mm_inject {
    bool armed;
    struct mm_inject_rule rule;
    struct mm_rng rng;
    uint64_t n_calls;    /* while armed */
    uint64_t n_counted;  /* of these, those that the rule's size and site are about */
    uint64_t n_failures; /* of these, those that failed */
};

/* Begins anew with this rule; counts start at 0. */
void mm_inject_arm(struct mm_inject *inject, const struct mm_inject_rule *rule);

/* No more failures; the counts stay. */
void mm_inject_disarm(struct mm_inject *inject);

/* mm_inject_fails() once something is armed. */
bool mm_inject_decide(struct mm_inject *inject, size_t n_bytes, const char *site);

/* Whether a request for n_bytes, made at `site` (a label; NULL = unknown), is to fail. */
static inline bool mm_inject_fails(struct mm_inject *inject, size_t n_bytes, const char *site)
{
    return __builtin_expect(inject->armed, false) && mm_inject_decide(inject, n_bytes, site);
}

#endif
