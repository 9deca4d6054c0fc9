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
 * Invariant: the list is ordered by last[]. Pages leave through tick(), where `now` is the time;
 * what is told before it happened at now + 1.
 */
#include "policy/chain.h"
#include "policy/policy.h"

enum { PARAM_THRESHOLD };

struct pff {
    struct mm_resident resident;
    struct mm_chain list; /* most recently used first */
    uint64_t *last;       /* by page: when it was referenced last */
    uint64_t now, threshold;
    uint64_t fault; /* when the last one was; 0: there was none */
    uint64_t keep;  /* who was referenced last before it leaves */
};

static size_t lay_out(struct pff *pff, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *pff};
    mm_resident_lay_out(&pff->resident, &block, setup);
    mm_chain_lay_out(&pff->list, 1, &block, setup->universe);
    pff->last = (uint64_t *)mm_block_take(&block, setup->universe, sizeof *pff->last);
    pff->now = pff->fault = pff->keep = 0;
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

static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct pff *pff = (struct pff *)state;
    mm_resident_touch(&pff->resident, page, kind, 0);
    pff->last[page] = pff->now + 1;
    mm_chain_move_first(&pff->list, page);
}

/* Several loads at one time (of a page that could not go) are one fault. */
static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct pff *pff = (struct pff *)state;
    uint64_t fault = pff->now + 1;
    mm_resident_enter(&pff->resident, page, kind, 0);
    pff->last[page] = fault;
    mm_chain_push(&pff->list, page);
    if (fault - pff->fault > pff->threshold)
        pff->keep = pff->fault;
    pff->fault = fault;
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct pff *pff = (struct pff *)state;
    (void)incoming;
    mmsim_page victim = mm_chain_pop(&pff->list);
    mm_resident_leave(&pff->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct pff *pff = (struct pff *)state;
    if (!mm_resident_has(&pff->resident, page))
        return;
    mm_chain_remove(&pff->list, page);
    mm_resident_leave(&pff->resident, page, 0);
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct pff *pff = (struct pff *)state;
    size_t n = 0;
    pff->now = now;
    while (n < max && pff->list.n_pages > 0 && pff->last[mm_chain_last(&pff->list)] < pff->keep)
        leaving[n++] = evict(pff, MMSIM_NO_PAGE);
    return n;
}

static void resize(void *state, mmsim_page frames)
{
    ((struct pff *)state)->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct pff *pff = (const struct pff *)state;
    const char *wrong = mm_resident_check(&pff->resident);
    if (wrong == NULL)
        wrong = mm_chain_check(&pff->list);
    if (wrong)
        return wrong;
    return pff->keep > pff->fault ? "pages from before a fault to come are to leave" : NULL;
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
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
    .tick = tick,
    .resize = resize,
    .check = check,
};
