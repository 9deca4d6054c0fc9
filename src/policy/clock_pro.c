/*
 * clock_pro.c - LIRS with clocks: hot pages, and cold ones of which those that return soon, within
 * their test period, become hot. How many frames cold pages should have (mc) is learned.
 *
 *   the clock   hot pages and pages in their test period (some of these not resident), in the order
 *               in which they came to its head; HAND_hot is at its end, HAND_test at the oldest
 * page in its test period cold        the resident cold pages, a queue; HAND_cold is at its end: at
 * the page that is farthest from the head
 *
 *   HAND_cold   finds bit 0: the page leaves; in its test period it stays in the clock. Bit 1 in
 * the test period: hot, to the head, mc + 1. Bit 1 outside: a new test period, to the head HAND_hot
 * while hot pages > c - mc: bit 1: cleared, to the head; bit 0: the page becomes cold, without a
 * test period. Test periods that it meets are over HAND_test   while more than c pages of the clock
 * are not resident: ends the oldest test period a fault     in its test period: hot, mc + 1; else
 * cold, and its test period begins
 *
 * A test period that ends without a use: mc - 1. mc is in 1 ... c.
 *
 * To pass a page with HAND_hot is to leave it at the head, as the paper says; a resident cold page
 * that it passes keeps its place in the queue all the same (our reading: HAND_cold is another
 * hand).
 *
 * Invariants: (1) pages of the clock are HOT or in TEST; (2) n_ghosts of them are not resident, at
 * most c; (3) the queue holds the resident pages that are not HOT; (4) no page in TEST is older
 * than hand_test.
 */
#include "policy/chain.h"
#include "policy/look.h"
#include "policy/policy.h"
#include "policy/ring.h"

enum { REFERENCED = MM_OWN, HOT = MM_OWN << 1, TEST = MM_OWN << 2 };
enum { PARAM_COLD, PARAM_ADAPT, PARAM_LOAD_BIT };

struct clock_pro {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_chain clock;
    struct mm_ring cold;
    mmsim_page hand_test; /* the clock's head: no page is in its test period */
    mmsim_page n_hot, n_ghosts;
    mmsim_page n_cold_wanted; /* mc */
    unsigned on_load;
    bool adapts;
};

static size_t lay_out(struct clock_pro *pro, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *pro};
    mm_resident_lay_out(&pro->resident, &block, setup);
    mm_chain_lay_out(&pro->clock, 1, &block, setup->universe);
    mm_ring_lay_out(&pro->cold, &block, setup->frames, setup->universe, NULL);
    pro->looker = mm_looker_of(setup);
    pro->hand_test = pro->clock.head;
    pro->n_hot = pro->n_ghosts = 0;
    pro->n_cold_wanted = mm_param_share(setup, PARAM_COLD);
    if (pro->n_cold_wanted == 0)
        pro->n_cold_wanted = 1;
    pro->adapts = mm_param_whole(setup, PARAM_ADAPT);
    pro->on_load = mm_param_whole(setup, PARAM_LOAD_BIT) ? REFERENCED : 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct clock_pro pro;
    return lay_out(&pro, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct clock_pro *)state, (uint8_t *)state, setup);
}

static inline void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct clock_pro *pro = (struct clock_pro *)state;
    mm_resident_touch(&pro->resident, page, kind, REFERENCED);
}

static inline void set(struct clock_pro *pro, mmsim_page page, unsigned bits)
{
    pro->resident.flags[page] = (uint8_t)(pro->resident.flags[page] | bits);
}

static inline void reset(struct clock_pro *pro, mmsim_page page, unsigned bits)
{
    pro->resident.flags[page] = (uint8_t)(pro->resident.flags[page] & ~bits);
}

static inline bool is_ghost(const struct clock_pro *pro, mmsim_page page)
{
    return (pro->resident.flags[page] & (TEST | MM_RESIDENT)) == TEST;
}

/* ---- the clock ---- */

static inline void leave_clock(struct clock_pro *pro, mmsim_page page)
{
    if (pro->hand_test == page)
        pro->hand_test = pro->clock.links[page].prev;
    mm_chain_remove(&pro->clock, page);
}

/* To its head, as what its flags say. */
static inline void enter_clock(struct clock_pro *pro, mmsim_page page)
{
    mm_chain_push(&pro->clock, page);
    if (pro->hand_test == pro->clock.head && pro->resident.flags[page] & TEST)
        pro->hand_test = page;
}

/* A page was used in its test period: cold ones deserve more frames. */
static inline void want_more(struct clock_pro *pro)
{
    if (pro->adapts && pro->n_cold_wanted < pro->resident.frames)
        pro->n_cold_wanted++;
}

static inline void want_less(struct clock_pro *pro)
{
    if (pro->adapts && pro->n_cold_wanted > 1)
        pro->n_cold_wanted--;
}

static inline void end_test(struct clock_pro *pro, mmsim_page page)
{
    bool used = mm_resident_has(&pro->resident, page) && pro->resident.flags[page] & REFERENCED;
    pro->n_ghosts -= is_ghost(pro, page);
    leave_clock(pro, page);
    reset(pro, page, TEST);
    if (!used)
        want_less(pro);
}

static inline void run_hand_test(struct clock_pro *pro)
{
    while (pro->n_ghosts > pro->resident.frames) {
        while (!(pro->resident.flags[pro->hand_test] & TEST))
            pro->hand_test = pro->clock.links[pro->hand_test].prev;
        end_test(pro, pro->hand_test);
    }
}

/* Makes one hot page, which there must be, a cold one. */
static inline void run_hand_hot(struct clock_pro *pro)
{
    for (;;) {
        mmsim_page page = mm_chain_last(&pro->clock);
        if (pro->resident.flags[page] & TEST) {
            if (mm_resident_has(&pro->resident, page))
                mm_look_test(&pro->looker, &pro->resident, page, REFERENCED);
            end_test(pro, page);
            continue;
        }
        leave_clock(pro, page);
        if (!mm_look_clear(&pro->looker, &pro->resident, page, REFERENCED)) {
            reset(pro, page, HOT);
            mm_ring_push(&pro->cold, page);
            pro->n_hot--;
            return;
        }
        enter_clock(pro, page);
    }
}

/* It returned within its test period. It is in no list. */
static inline void make_hot(struct clock_pro *pro, mmsim_page page)
{
    reset(pro, page, TEST);
    set(pro, page, HOT);
    enter_clock(pro, page);
    pro->n_hot++;
    want_more(pro);
}

/* Afterwards there are no more hot pages than there should be, and a cold one. */
static inline void cool_down(struct clock_pro *pro)
{
    while (pro->n_hot > pro->resident.frames - pro->n_cold_wanted || pro->cold.n_pages == 0)
        run_hand_hot(pro);
}

/* ---- the verbs ---- */

static inline void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct clock_pro *pro = (struct clock_pro *)state;
    if (is_ghost(pro, page)) {
        pro->n_ghosts--;
        leave_clock(pro, page);
        mm_resident_enter(&pro->resident, page, kind, pro->on_load);
        make_hot(pro, page);
        return;
    }
    mm_resident_enter(&pro->resident, page, kind, pro->on_load | TEST);
    enter_clock(pro, page);
    mm_ring_push(&pro->cold, page);
}

/* HAND_cold has found a page that was used. */
static inline void spare(struct clock_pro *pro, mmsim_page page)
{
    if (pro->resident.flags[page] & TEST) {
        mm_ring_drop(&pro->cold);
        leave_clock(pro, page);
        make_hot(pro, page);
        return;
    }
    mm_ring_rotate(&pro->cold);
    set(pro, page, TEST);
    enter_clock(pro, page);
}

static inline mmsim_page evict(void *state, mmsim_page incoming)
{
    struct clock_pro *pro = (struct clock_pro *)state;
    (void)incoming;
    for (;;) {
        cool_down(pro);
        mmsim_page page = mm_ring_oldest(&pro->cold);
        if (mm_look_clear(&pro->looker, &pro->resident, page, REFERENCED)) {
            spare(pro, page);
            continue;
        }
        mm_ring_drop(&pro->cold);
        mm_resident_leave(&pro->resident, page, pro->resident.flags[page] & TEST);
        pro->n_ghosts += is_ghost(pro, page);
        run_hand_test(pro);
        return page;
    }
}

static void forget(void *state, mmsim_page page)
{
    struct clock_pro *pro = (struct clock_pro *)state;
    unsigned flags = pro->resident.flags[page];
    pro->n_ghosts -= is_ghost(pro, page);
    if (flags & (HOT | TEST))
        leave_clock(pro, page);
    if (flags & MM_RESIDENT) {
        if (flags & HOT)
            pro->n_hot--;
        else
            mm_ring_remove(&pro->cold, page);
        mm_resident_leave(&pro->resident, page, 0);
    }
    pro->resident.flags[page] = 0;
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct clock_pro *pro = (struct clock_pro *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_replay(state, &pro->resident, refs, n, bulk, counts);
}

/* More hot pages than there should be are cooled with the next eviction. */
static void resize(void *state, mmsim_page frames)
{
    struct clock_pro *pro = (struct clock_pro *)state;
    pro->resident.frames = frames;
    if (pro->n_cold_wanted > frames)
        pro->n_cold_wanted = frames;
    run_hand_test(pro);
}

static const char *check(const void *state)
{
    const struct clock_pro *pro = (const struct clock_pro *)state;
    const char *wrong = mm_resident_check(&pro->resident);
    if (wrong == NULL)
        wrong = mm_chain_check(&pro->clock);
    if (wrong == NULL)
        wrong = mm_ring_check(&pro->cold);
    if (wrong)
        return wrong;
    if (pro->n_hot + pro->cold.n_pages != pro->resident.n_pages)
        return "hot and cold pages are not what is resident";
    if (pro->n_ghosts > pro->resident.frames)
        return "more pages are remembered than there are frames";
    mmsim_page page = pro->clock.links[pro->clock.head].prev;
    for (; page != pro->hand_test; page = pro->clock.links[page].prev)
        if (page == pro->clock.head || pro->resident.flags[page] & TEST)
            return "a page in its test period is older than the hand that ends them";
    return NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_COLD] = {"cold", "frames for cold pages at the beginning, a share of all; at least one",
                    0, 1, 0.01, MMSIM_PARAM_REAL, NULL},
    [PARAM_ADAPT] = {"adapt", "1: the frames for cold pages are learned; 0: they stay", 0, 1, 1,
                     MMSIM_PARAM_WHOLE, NULL},
    [PARAM_LOAD_BIT] = {"load-bit",
                        "the reference bit of a page that is loaded: 1 is what hardware gives,"
                        " whose retried access sets it",
                        0, 1, 0, MMSIM_PARAM_WHOLE, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_clock_pro = {
    MM_POLICY_HEAD,
    .name = "clock-pro",
    .summary = "LIRS with clocks: cold pages that return within their test period become hot",
    .source = "Jiang, Chen & Zhang, CLOCK-Pro: an effective improvement of the CLOCK replacement, "
              "USENIX ATC 2005",
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
