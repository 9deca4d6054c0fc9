/*
 * wsclock.c - a hand goes round the frames like clock's, but a page whose bit is 0 goes only if it
 * left the working set: if its last known use is more than tau references ago.
 *
 *   bit 1                        bit cleared, its last use is now; on
 *   bit 0, within tau            on
 *   bit 0, older, clean          it goes
 *   bit 0, older, dirty          its write is begun, and it is clean from then on; on
 *
 * After a whole round: the first page whose write was begun; if there is none, all pages are in the
 * working set (the paper then stops a process), and the one whose last known use is oldest goes,
 * the first of equals. Pages go only when a frame is needed.
 *
 * The frames from the hand on are a queue, newcomers at its end. One eviction costs one round at
 * most, and does cost one while all pages are in the working set.
 */
#include "policy/chain.h"
#include "policy/look.h"
#include "policy/period.h"
#include "policy/policy.h"

enum { REFERENCED = MM_OWN, WRITE_BEGUN = MM_OWN << 1 };
enum { PARAM_TAU, PARAM_CLEAN_FIRST, PARAM_LOAD_BIT };

struct wsclock {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_chain frames; /* the hand is at the last */
    uint64_t *last;         /* by page: the last use that is known */
    uint64_t now, tau;
    unsigned on_load;
    bool clean_first;
};

static size_t lay_out(struct wsclock *clock, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *clock};
    mm_resident_lay_out(&clock->resident, &block, setup);
    mm_chain_lay_out(&clock->frames, 1, &block, setup->universe);
    clock->last = (uint64_t *)mm_block_take(&block, setup->universe, sizeof *clock->last);
    clock->looker = mm_looker_of(setup);
    clock->now = 0;
    clock->tau = mm_param_whole(setup, PARAM_TAU);
    clock->clean_first = mm_param_whole(setup, PARAM_CLEAN_FIRST);
    clock->on_load = mm_param_whole(setup, PARAM_LOAD_BIT) ? REFERENCED : 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct wsclock clock;
    return lay_out(&clock, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct wsclock *)state, (uint8_t *)state, setup);
}

/* A store after its write was begun makes a page dirty again. */
static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct wsclock *clock = (struct wsclock *)state;
    uint8_t *flags = &clock->resident.flags[page];
    if (kind == MMSIM_KIND_STORE)
        *flags = (uint8_t)(*flags & ~WRITE_BEGUN);
    mm_resident_touch(&clock->resident, page, kind, REFERENCED);
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct wsclock *clock = (struct wsclock *)state;
    mm_resident_enter(&clock->resident, page, kind, clock->on_load);
    clock->last[page] = clock->now + 1;
    mm_chain_push(&clock->frames, page);
}

static bool look_and_clear(struct wsclock *clock, mmsim_page page)
{
    uint8_t *flags = &clock->resident.flags[page];
    enum mmsim_look found = MMSIM_LOOK_NOTHING;
    if (clock->looker.look)
        found = clock->looker.look(clock->looker.user, page);
    if (found != MMSIM_LOOK_NOTHING)
        reference(clock, page, found == MMSIM_LOOK_WRITTEN ? MMSIM_KIND_STORE : MMSIM_KIND_LOAD);
    bool referenced = *flags & REFERENCED;
    *flags = (uint8_t)(*flags & ~REFERENCED);
    return referenced;
}

/* A round of the hand, and whom it met. */
struct round {
    mmsim_page begun;  /* the first whose write was begun */
    mmsim_page oldest; /* the first of the oldest */
};

/* The page under the hand: whether it goes at once. Its bit is clear afterwards. */
static bool meet(struct wsclock *clock, struct round *round, mmsim_page page)
{
    uint8_t *flags = &clock->resident.flags[page];
    if (look_and_clear(clock, page))
        clock->last[page] = clock->now + 1;
    if (round->oldest == MMSIM_NO_PAGE || clock->last[page] < clock->last[round->oldest])
        round->oldest = page;
    if (clock->now + 1 - clock->last[page] <= clock->tau)
        return false;
    if (!clock->clean_first || !(*flags & MM_DIRTY) || (*flags & WRITE_BEGUN))
        return true;
    *flags = (uint8_t)(*flags | WRITE_BEGUN);
    if (round->begun == MMSIM_NO_PAGE)
        round->begun = page;
    return false;
}

static mmsim_page choose(struct wsclock *clock)
{
    struct round round = {MMSIM_NO_PAGE, MMSIM_NO_PAGE};
    for (mmsim_page n = clock->frames.n_pages; n > 0; n--) {
        mmsim_page page = mm_chain_last(&clock->frames);
        if (meet(clock, &round, page))
            return page;
        mm_chain_move_first(&clock->frames, page);
    }
    return round.begun != MMSIM_NO_PAGE ? round.begun : round.oldest;
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct wsclock *clock = (struct wsclock *)state;
    (void)incoming;
    mmsim_page victim = choose(clock);
    mm_chain_remove(&clock->frames, victim);
    mm_resident_leave(&clock->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct wsclock *clock = (struct wsclock *)state;
    if (!mm_resident_has(&clock->resident, page))
        return;
    mm_chain_remove(&clock->frames, page);
    mm_resident_leave(&clock->resident, page, 0);
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    (void)leaving;
    (void)max;
    ((struct wsclock *)state)->now = now;
    return 0;
}

static void resize(void *state, mmsim_page frames)
{
    ((struct wsclock *)state)->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct wsclock *clock = (const struct wsclock *)state;
    const char *wrong = mm_resident_check(&clock->resident);
    return wrong ? wrong : mm_chain_check(&clock->frames);
}

static const struct mmsim_param params[] = {
    [PARAM_TAU] = {"tau",
                   "the window: a page whose last known use is more than tau references ago is"
                   " out of the working set",
                   0, 1e9, 10000, MMSIM_PARAM_WHOLE, NULL},
    [PARAM_CLEAN_FIRST] = {"clean-first",
                           "1: dirty pages are written before they go, clean ones"
                           " go in the meantime; 0: all alike",
                           0, 1, 1, MMSIM_PARAM_WHOLE, NULL},
    [PARAM_LOAD_BIT] = MM_PARAM_LOAD_BIT,
    {0},
};

const struct mmsim_policy_ops mm_policy_wsclock = {
    MM_POLICY_HEAD,
    .name = "wsclock",
    .summary = "clock's hand, but a page goes only when it is out of the working set",
    .source = "Carr & Hennessy, WSClock: a simple and effective algorithm for virtual memory "
              "management, SOSP 1981",
    .view = MMSIM_VIEW_BITS,
    .flags = MMSIM_POLICY_LOOKS,
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
