/* mru.c - the page that was used last goes first: good for loops that are larger than memory. */
#include "policy/chain.h"
#include "policy/policy.h"

struct mru {
    struct mm_resident resident;
    struct mm_chain list; /* most recently used first */
};

static size_t lay_out(struct mru *mru, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *mru};
    mm_resident_lay_out(&mru->resident, &block, setup);
    mm_chain_lay_out(&mru->list, 1, &block, setup->universe);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct mru mru;
    return lay_out(&mru, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct mru *)state, (uint8_t *)state, setup);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct mru *mru = (struct mru *)state;
    mm_resident_touch(&mru->resident, page, kind, 0);
    mm_chain_move_first(&mru->list, page);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct mru *mru = (struct mru *)state;
    mm_resident_enter(&mru->resident, page, kind, 0);
    mm_chain_push(&mru->list, page);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct mru *mru = (struct mru *)state;
    (void)incoming;
    mmsim_page victim = mm_chain_first(&mru->list);
    mm_chain_remove(&mru->list, victim);
    mm_resident_leave(&mru->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct mru *mru = (struct mru *)state;
    if (!mm_resident_has(&mru->resident, page))
        return;
    mm_chain_remove(&mru->list, page);
    mm_resident_leave(&mru->resident, page, 0);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct mru mru = *(struct mru *)state; /* in registers, as far as they go */
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_replay(&mru, &mru.resident, refs, n, bulk, counts);
    *(struct mru *)state = mru;
}

static void resize(void *state, mmsim_page frames)
{
    struct mru *mru = (struct mru *)state;
    mru->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct mru *mru = (const struct mru *)state;
    const char *wrong = mm_resident_check(&mru->resident);
    return wrong ? wrong : mm_chain_check(&mru->list);
}

const struct mmsim_policy_ops mm_policy_mru = {
    MM_POLICY_HEAD,
    .name = "mru",
    .summary = "the page that was used last goes first",
    .source = "Chou & DeWitt, An evaluation of buffer management strategies, VLDB 1985",
    .view = MMSIM_VIEW_REFERENCES,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
    .replay = replay,
    .resize = resize,
    .check = check,
};
