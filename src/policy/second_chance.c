/*
 * second_chance.c - a queue; a page at its end that was referenced goes to its front instead, its
 * bit cleared. The same decisions as clock's with load-bit=0, made with a list.
 */
#include "policy/chain.h"
#include "policy/look.h"
#include "policy/policy.h"

enum { REFERENCED = MM_OWN };

struct second_chance {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_chain queue;
};

static size_t lay_out(struct second_chance *second, uint8_t *base,
                      const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *second};
    mm_resident_lay_out(&second->resident, &block, setup);
    second->looker = mm_looker_of(setup);
    mm_chain_lay_out(&second->queue, 1, &block, setup->universe);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct second_chance second;
    return lay_out(&second, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct second_chance *)state, (uint8_t *)state, setup);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct second_chance *second = (struct second_chance *)state;
    mm_resident_touch(&second->resident, page, kind, REFERENCED);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct second_chance *second = (struct second_chance *)state;
    mm_resident_enter(&second->resident, page, kind, 0);
    mm_chain_push(&second->queue, page);
}

static MM_ALWAYS_INLINE mmsim_page choose(struct second_chance *second,
                                          const struct mm_looker *looker)
{
    mmsim_page page = mm_chain_pop(&second->queue);
    while (mm_look_clear(looker, &second->resident, page, REFERENCED)) {
        mm_chain_push(&second->queue, page);
        page = mm_chain_pop(&second->queue);
    }
    mm_resident_leave(&second->resident, page, 0);
    return page;
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct second_chance *second_chance = (struct second_chance *)state;
    (void)incoming;
    return choose(second_chance, &second_chance->looker);
}

static MM_ALWAYS_INLINE mmsim_page evict_told(void *state, mmsim_page incoming)
{
    (void)incoming;
    return choose((struct second_chance *)state, NULL);
}

static void forget(void *state, mmsim_page page)
{
    struct second_chance *second = (struct second_chance *)state;
    if (!mm_resident_has(&second->resident, page))
        return;
    mm_chain_remove(&second->queue, page);
    mm_resident_leave(&second->resident, page, 0);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct second_chance second =
        *(struct second_chance *)state; /* in registers, as far as they go */
    const struct mm_bulk bulk = {reference, load, evict_told, NULL};
    mm_bulk_replay(&second, &second.resident, refs, n, bulk, counts);
    *(struct second_chance *)state = second;
}

static void resize(void *state, mmsim_page frames)
{
    struct second_chance *second_chance = (struct second_chance *)state;
    second_chance->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct second_chance *second = (const struct second_chance *)state;
    const char *wrong = mm_resident_check(&second->resident);
    return wrong ? wrong : mm_chain_check(&second->queue);
}

const struct mmsim_policy_ops mm_policy_second_chance = {
    MM_POLICY_HEAD,
    .name = "second-chance",
    .summary = "first in, first out, but a page that was referenced goes round once more",
    .source = "Tanenbaum & Bos, Modern Operating Systems, 4th ed., 3.4.4",
    .view = MMSIM_VIEW_BITS,
    .flags = MMSIM_POLICY_LOOKS,
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
