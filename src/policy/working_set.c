/*
 * working_set.c - what was referenced in the last tau references stays; any other page leaves, even
 * if there are free frames.
 *
 *   W(t, tau) = the pages referenced at t - tau + 1 ... t
 *
 * So a reference is a hit iff the one before it to the same page was at most tau references ago,
 * and the number of resident pages varies. Should the working set be larger than the frames, the
 * least recently used page gives way.
 *
 * Invariant: the list is ordered by last[]. Pages leave through tick(), where `now` is the time;
 * what is told before it happened at now + 1.
 */
#include "policy/chain.h"
#include "policy/policy.h"

enum { PARAM_TAU };

struct working_set {
    struct mm_resident resident;
    struct mm_chain list; /* most recently used first */
    uint64_t *last;       /* by page: when it was referenced last */
    uint64_t now, tau;
};

static size_t lay_out(struct working_set *set, uint8_t *base,
                      const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *set};
    mm_resident_lay_out(&set->resident, &block, setup);
    mm_chain_lay_out(&set->list, 1, &block, setup->universe);
    set->last = (uint64_t *)mm_block_take(&block, setup->universe, sizeof *set->last);
    set->now = 0;
    set->tau = mm_param_whole(setup, PARAM_TAU);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct working_set set;
    return lay_out(&set, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct working_set *)state, (uint8_t *)state, setup);
}

static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct working_set *set = (struct working_set *)state;
    mm_resident_touch(&set->resident, page, kind, 0);
    set->last[page] = set->now + 1;
    mm_chain_move_first(&set->list, page);
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct working_set *set = (struct working_set *)state;
    mm_resident_enter(&set->resident, page, kind, 0);
    set->last[page] = set->now + 1;
    mm_chain_push(&set->list, page);
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct working_set *set = (struct working_set *)state;
    (void)incoming;
    mmsim_page victim = mm_chain_pop(&set->list);
    mm_resident_leave(&set->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct working_set *set = (struct working_set *)state;
    if (!mm_resident_has(&set->resident, page))
        return;
    mm_chain_remove(&set->list, page);
    mm_resident_leave(&set->resident, page, 0);
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct working_set *set = (struct working_set *)state;
    size_t n = 0;
    set->now = now;
    while (n < max && set->list.n_pages > 0) {
        mmsim_page oldest = mm_chain_last(&set->list);
        if (set->last[oldest] + set->tau > now)
            break;
        leaving[n++] = evict(set, MMSIM_NO_PAGE);
    }
    return n;
}

static void resize(void *state, mmsim_page frames)
{
    ((struct working_set *)state)->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct working_set *set = (const struct working_set *)state;
    const char *wrong = mm_resident_check(&set->resident);
    if (wrong == NULL)
        wrong = mm_chain_check(&set->list);
    if (wrong)
        return wrong;
    uint64_t newer = UINT64_MAX;
    mmsim_page page = set->list.links[set->list.head].next;
    for (; page != set->list.head; page = set->list.links[page].next) {
        if (set->last[page] > newer)
            return "the list is not in the order of use";
        newer = set->last[page];
    }
    return NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_TAU] = {"tau", "the window: a page leaves when it was not among the last tau references",
                   1, 1e9, 10000, MMSIM_PARAM_WHOLE, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_working_set = {
    MM_POLICY_HEAD,
    .name = "working-set",
    .summary = "a page leaves when it was not referenced in the last tau references",
    .source = "Denning, The working set model for program behavior, CACM 11(5), 1968",
    .view = MMSIM_VIEW_REFERENCES,
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
