/*
 * pff.c - page fault frequency: a fault that comes soon after the one before it adds its page to
 * the resident ones; one that comes late shows that there are too many, and all pages leave that
 * were not referenced since the fault before it.
 *
 *   faults    t'             t        t - t' > threshold: pages last referenced before t' leave
 *   ----------|--------------|---->   t - t' <= threshold: nobody leaves
 *
 * The page of the fault at t' counts as referenced then. Should the frames not suffice, the least
 * recently used page gives way.
 *
 * Invariant: `keep` is 0 or the time of a fault before the last one.
 */
#include "policy/policy.h"
#include "policy/used.h"

enum { PARAM_THRESHOLD };

struct pff {
    struct mm_used used;
    uint64_t threshold;
    uint64_t fault; /* when the last one was; 0: there was none */
    uint64_t keep;  /* who was used last before it leaves */
};

static size_t lay_out(struct pff *pff, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *pff};
    mm_used_lay_out(&pff->used, &block, setup);
    pff->fault = pff->keep = 0;
    pff->threshold = mm_param_whole(setup, PARAM_THRESHOLD);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct pff pff;
    return lay_out(&pff, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct pff *)state, (uint8_t *)state, setup);
}

/* Several loads at one time (of a page that could not go) are one fault. */
static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct pff *pff = (struct pff *)state;
    uint64_t fault = pff->used.now + 1;
    mm_used_load(state, page, kind);
    if (fault - pff->fault > pff->threshold)
        pff->keep = pff->fault;
    pff->fault = fault;
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct pff *pff = (struct pff *)state;
    pff->used.now = now;
    return mm_used_leave(&pff->used, pff->keep, leaving, max);
}

static const char *check(const void *state)
{
    const struct pff *pff = (const struct pff *)state;
    if (pff->keep > 0 && pff->keep >= pff->fault)
        return "pages from before a fault to come are to leave";
    return mm_used_check(state);
}

static const struct mmsim_param params[] = {
    [PARAM_THRESHOLD] = {"threshold",
                         "references between two faults above which pages leave: 1 over the wanted"
                         " fault rate",
                         1, 1e9, 1000, MMSIM_PARAM_WHOLE, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_pff = {
    MM_POLICY_HEAD,
    .name = "pff",
    .summary = "when faults are rare, pages leave that were not referenced since the last one",
    .source = "Chu & Opderbeck, Program behavior and the page-fault-frequency replacement "
              "algorithm, IEEE Computer 9(11), 1976",
    .view = MMSIM_VIEW_BITS,
    .flags = MMSIM_POLICY_VARIABLE,
    .params = params,
    .state_bytes = state_bytes,
    .init = init,
    .reference = mm_used_reference,
    .load = load,
    .evict = mm_used_evict,
    .forget = mm_used_forget,
    .tick = tick,
    .resize = mm_used_resize,
    .check = check,
};
