/*
 * working_set.c - what was referenced in the last tau references stays; any other page leaves, even
 * if there are free frames.
 *
 *   W(t, tau) = the pages referenced at t - tau + 1 ... t
 *
 * So a reference is a hit iff the one before it to the same page was at most tau references ago,
 * and the number of resident pages varies. Should the working set be larger than the frames, the
 * least recently used page gives way.
 */
#include "policy/policy.h"
#include "policy/used.h"

enum { PARAM_TAU };

struct working_set {
    struct mm_used used;
    uint64_t tau;
};

static size_t lay_out(struct working_set *set, uint8_t *base,
                      const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *set};
    mm_used_lay_out(&set->used, &block, setup);
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

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct working_set *set = (struct working_set *)state;
    set->used.now = now;
    return now < set->tau ? 0 : mm_used_leave(&set->used, now - set->tau + 1, leaving, max);
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
    .reference = mm_used_reference,
    .load = mm_used_load,
    .evict = mm_used_evict,
    .forget = mm_used_forget,
    .tick = tick,
    .resize = mm_used_resize,
    .check = mm_used_check,
};
