/*
 * steps.c - the protocol of <mmsim/policy.h>, call by call.
 *
 * Here is known which pages are resident and dirty. In the view of bits there are also, as a CPU
 * has them, an accessed and a dirty bit for each page: set by every reference, the first one that
 * loaded it included, and taken by whoever looks.
 *
 * Invariants: (1) n_resident pages have RESIDENT, at most `frames`; (2) only resident pages have an
 * accessed or dirty bit.
 */
#include "base/text.h"
#include "trace/bits.h"
#include "trace/refault.h"
#include "trace/replay.h"

enum { RESIDENT = 1, DIRTY = 2, MAX_LEAVING = 64 };

struct steps {
    struct mm_replay *replay;
    const struct mmsim_policy_ops *ops;
    struct mmsim_study_outcome *outcome;
    void *state;
    size_t n_state_bytes;
    uint8_t *flags; /* by page */
    struct mm_bits accessed, written;
    struct mm_refault refault;
    mmsim_page n_resident;
    uint64_t resident_sum; /* over the references that count */
    uint64_t now;          /* references that were begun */
    bool sees_bits, harvests;
};

/* ---- bits ---- */

static void mark(struct steps *steps, mmsim_page page, enum mmsim_kind kind)
{
    mm_bits_set(&steps->accessed, page);
    if (kind == MMSIM_KIND_STORE)
        mm_bits_set(&steps->written, page);
}

/* setup->look */
static enum mmsim_look look(void *user, mmsim_page page)
{
    struct steps *steps = user;
    if (page >= steps->replay->setup.universe || !mm_bits_take(&steps->accessed, page))
        return MMSIM_LOOK_NOTHING;
    return mm_bits_take(&steps->written, page) ? MMSIM_LOOK_WRITTEN : MMSIM_LOOK_ACCESSED;
}

/* Tells the policy of every bit that is set, by ascending page. */
static void harvest(struct steps *steps)
{
    size_t row = 0;
    mmsim_page page;
    while ((page = mm_bits_take_lowest(&steps->accessed, &row)) != MMSIM_NO_PAGE) {
        bool written = mm_bits_take(&steps->written, page);
        steps->ops->reference(steps->state, page, written ? MMSIM_KIND_STORE : MMSIM_KIND_LOAD);
    }
}

/* ---- coming and going ---- */

static enum mmsim_status not_resident(const struct steps *steps, mmsim_page page)
{
    return mm_error_set(steps->replay->error, MMSIM_INVARIANT, steps->ops->name,
                        "reference %llu: the policy let go of page %u, which is not resident",
                        (unsigned long long)steps->now, (unsigned)page);
}

static bool is_resident(const struct steps *steps, mmsim_page page)
{
    return page < steps->replay->setup.universe && (steps->flags[page] & RESIDENT);
}

/* The page is gone; a dirty one is written. */
static void leave(struct steps *steps, mmsim_page page)
{
    struct mmsim_study_outcome *outcome = steps->outcome;
    bool dirty = steps->flags[page] & DIRTY;
    outcome->counts.evictions++;
    outcome->counts.dirty_evictions += dirty;
    outcome->write_backs += dirty;
    steps->flags[page] = 0;
    steps->n_resident--;
    mm_refault_leaves(&steps->refault, page, steps->now);
    if (steps->sees_bits) {
        mm_bits_take(&steps->accessed, page);
        mm_bits_take(&steps->written, page);
    }
}

/* Asks for a victim; dirty ones are written and put back for as long as that may be done. */
static enum mmsim_status evict(struct steps *steps, mmsim_page incoming)
{
    uint32_t n_chances = steps->replay->options->clean_first;
    if (steps->harvests)
        harvest(steps);
    for (;; n_chances--) {
        mmsim_page victim = steps->ops->evict(steps->state, incoming);
        if (!is_resident(steps, victim))
            return not_resident(steps, victim);
        if (n_chances == 0 || !(steps->flags[victim] & DIRTY)) {
            leave(steps, victim);
            return MMSIM_OK;
        }
        steps->outcome->write_backs++;
        steps->flags[victim] &= (uint8_t)~DIRTY;
        steps->ops->load(steps->state, victim, MMSIM_KIND_LOAD);
    }
}

static void load(struct steps *steps, mmsim_page page, enum mmsim_kind kind)
{
    steps->ops->load(steps->state, page, kind);
    steps->flags[page] = RESIDENT;
    steps->n_resident++;
}

static enum mmsim_status miss(struct steps *steps, mmsim_page page, enum mmsim_kind kind)
{
    steps->outcome->counts.misses++;
    mm_refault_comes(&steps->refault, page, steps->now, steps->outcome);
    if (steps->ops->admit && !steps->ops->admit(steps->state, page))
        return MMSIM_OK;
    while (steps->n_resident >= steps->replay->setup.frames) {
        enum mmsim_status status = evict(steps, page);
        if (status != MMSIM_OK)
            return status;
    }
    load(steps, page, kind);
    return MMSIM_OK;
}

/* Lets go of the pages that leave by themselves. */
static enum mmsim_status tick(struct steps *steps)
{
    mmsim_page leaving[MAX_LEAVING];
    size_t n;
    do {
        n = steps->ops->tick(steps->state, steps->now, leaving, MAX_LEAVING);
        for (size_t i = 0; i < n; i++) {
            if (!is_resident(steps, leaving[i]))
                return not_resident(steps, leaving[i]);
            leave(steps, leaving[i]);
        }
    } while (n == MAX_LEAVING);
    return MMSIM_OK;
}

/* ---- references ---- */

static enum mmsim_status reference(struct steps *steps, mmsim_ref ref)
{
    mmsim_page page = mmsim_ref_page(ref);
    enum mmsim_kind kind = mmsim_ref_kind(ref);
    enum mmsim_status status = MMSIM_OK;
    uint64_t interval = steps->replay->options->harvest_interval;
    steps->now++;
    if (!(steps->flags[page] & RESIDENT))
        status = miss(steps, page, kind);
    else if (!steps->sees_bits)
        steps->ops->reference(steps->state, page, kind);
    if (steps->flags[page] & RESIDENT) {
        steps->flags[page] |= kind == MMSIM_KIND_STORE ? DIRTY : 0;
        if (steps->sees_bits)
            mark(steps, page, kind);
    }
    if (steps->harvests && steps->now % interval == 0)
        harvest(steps);
    return steps->ops->tick && status == MMSIM_OK ? tick(steps) : status;
}

static enum mmsim_status make_references(struct steps *steps)
{
    const struct mm_replay *replay = steps->replay;
    for (size_t i = 0; i < replay->n_refs; i++) {
        if (i == replay->n_warm_up) {
            *steps->outcome = (struct mmsim_study_outcome){.n_replayed = replay->n_refs};
            steps->resident_sum = 0;
        }
        enum mmsim_status status = reference(steps, replay->refs[i]);
        if (status != MMSIM_OK)
            return status;
        steps->resident_sum += steps->n_resident;
    }
    uint64_t n_counted = replay->n_refs - replay->n_warm_up;
    steps->outcome->counts.references = n_counted;
    steps->outcome->mean_resident = (double)steps->resident_sum / (double)n_counted;
    return MMSIM_OK;
}

/* ---- beginning and end ---- */

static bool init(struct steps *steps)
{
    struct mm_replay *replay = steps->replay;
    mmsim_page universe = replay->setup.universe;
    steps->sees_bits = replay->options->harvest_interval > 0;
    steps->harvests = steps->sees_bits && !(steps->ops->flags & MMSIM_POLICY_LOOKS);
    if (steps->sees_bits && !steps->harvests) {
        replay->setup.look = look;
        replay->setup.user = steps;
    }
    if (steps->sees_bits && (!mm_bits_init(&steps->accessed, universe, replay->host) ||
                             !mm_bits_init(&steps->written, universe, replay->host)))
        return false;
    if (!mm_refault_init(&steps->refault, replay->options->refaults, universe, replay->host))
        return false;
    steps->n_state_bytes = steps->ops->state_bytes(&replay->setup);
    steps->flags = mm_host_alloc(replay->host, universe);
    steps->state = mm_host_alloc(replay->host, steps->n_state_bytes);
    return steps->flags && steps->state;
}

static void fini(struct steps *steps)
{
    struct mm_host *host = steps->replay->host;
    mm_host_free(host, steps->state, steps->n_state_bytes);
    mm_host_free(host, steps->flags, steps->replay->setup.universe);
    mm_refault_fini(&steps->refault, host);
    mm_bits_fini(&steps->accessed, host);
    mm_bits_fini(&steps->written, host);
}

enum mmsim_status mm_replay_by_steps(struct mm_replay *replay)
{
    struct steps steps = {.replay = replay, .ops = replay->ops, .outcome = replay->outcome};
    enum mmsim_status status = MMSIM_OK;
    if (init(&steps)) {
        steps.ops->init(steps.state, &replay->setup);
        status = make_references(&steps);
    } else {
        status = mm_replay_no_memory(replay);
    }
    fini(&steps);
    return status;
}
