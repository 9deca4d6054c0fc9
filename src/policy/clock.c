/*
 * clock.c - a hand goes round the frames and takes the first page whose reference bit is 0,
 * clearing the bits that it passes.
 *
 * The page that comes takes the frame that it finds and the hand goes past it, so the frames from
 * the hand on are a queue: a page that is spared goes to its end (FIFO-reinsertion).
 */
#include "policy/look.h"
#include "policy/policy.h"
#include "policy/ring.h"

enum { REFERENCED = MM_OWN };

struct clock {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_ring frames; /* from the hand on */
    unsigned on_load;      /* REFERENCED, or 0 */
};

enum { PARAM_LOAD_BIT };

static size_t lay_out(struct clock *clock, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *clock};
    mm_resident_lay_out(&clock->resident, &block, setup);
    clock->looker = mm_looker_of(setup);
    mm_ring_lay_out(&clock->frames, &block, setup->frames, setup->universe, NULL);
    clock->on_load = mm_param_whole(setup, PARAM_LOAD_BIT) ? REFERENCED : 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct clock clock;
    return lay_out(&clock, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct clock *)state, (uint8_t *)state, setup);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct clock *clock = (struct clock *)state;
    mm_resident_touch(&clock->resident, page, kind, REFERENCED);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct clock *clock = (struct clock *)state;
    mm_resident_enter(&clock->resident, page, kind, clock->on_load);
    mm_ring_push(&clock->frames, page);
}

static MM_ALWAYS_INLINE mmsim_page choose(struct clock *clock, const struct mm_looker *looker)
{
    mmsim_page page = mm_ring_oldest(&clock->frames);
    while (mm_look_clear(looker, &clock->resident, page, REFERENCED)) {
        mm_ring_rotate(&clock->frames);
        page = mm_ring_oldest(&clock->frames);
    }
    mm_ring_drop(&clock->frames);
    mm_resident_leave(&clock->resident, page, 0);
    return page;
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct clock *clock = (struct clock *)state;
    (void)incoming;
    return choose(clock, &clock->looker);
}

static MM_ALWAYS_INLINE mmsim_page evict_told(void *state, mmsim_page incoming)
{
    (void)incoming;
    return choose((struct clock *)state, NULL);
}

static void forget(void *state, mmsim_page page)
{
    struct clock *clock = (struct clock *)state;
    if (!mm_resident_has(&clock->resident, page))
        return;
    mm_ring_remove(&clock->frames, page);
    mm_resident_leave(&clock->resident, page, 0);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct clock clock = *(struct clock *)state; /* in registers, as far as they go */
    const struct mm_bulk bulk = {reference, load, evict_told, NULL};
    mm_bulk_replay(&clock, &clock.resident, refs, n, bulk, counts);
    *(struct clock *)state = clock;
}

static void resize(void *state, mmsim_page frames)
{
    struct clock *clock = (struct clock *)state;
    clock->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct clock *clock = (const struct clock *)state;
    const char *wrong = mm_resident_check(&clock->resident);
    return wrong ? wrong : mm_ring_check(&clock->frames);
}

static const struct mmsim_param params[] = {
    [PARAM_LOAD_BIT] = {"load-bit",
                        "the reference bit of a page that is loaded: 1 is what hardware"
                        " gives, whose retried access sets it",
                        0, 1, 0, MMSIM_PARAM_WHOLE, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_clock = {
    MM_POLICY_HEAD,
    .name = "clock",
    .summary = "a hand goes round and takes the first page that was not referenced since it passed",
    .source = "Corbato, A paging experiment with the Multics system, MIT Project MAC, 1968",
    .view = MMSIM_VIEW_BITS,
    .flags = MMSIM_POLICY_LOOKS,
    .params = params,
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
