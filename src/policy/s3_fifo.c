/*
 * s3_fifo.c - three queues: a small one for newcomers, the main one, and a memory of pages that
 * the small one let go (no frames). A page counts its references, up to 3.
 *
 *   new -> small -twice referenced-> main        main -referenced-> main, its count less by one
 *            |                        ^               -not-> gone
 *            +-not-> ghosts -returns--+
 *
 * Variants. libcachesim-2024 and paper look for the incoming page among the ghosts, and take it
 * out, before they evict; caffeine after. Who evicts from small goes on until a page has left it;
 * paper decides anew after each promotion whether small or main has to give. caffeine evicts from
 * main whenever a promotion makes it too large, so that several pages may leave for one (tick()).
 * In libcachesim-2024 small may be 0 or 1, and then takes no newcomers: nothing is ever loaded.
 *
 * Invariants: (1) each resident page is in small or in main, or about to leave; (2) there are at
 * most max_ghosts ghosts, none of them resident.
 */
#include "policy/log.h"
#include "policy/look.h"
#include "policy/policy.h"
#include "policy/ring.h"

enum {
    COUNT_SHIFT = 2,
    ONE = MM_OWN,
    COUNT_MASK = 3 << COUNT_SHIFT,
    IN_MAIN = MM_OWN << 2,
    RETURNS = MM_OWN << 3, /* not resident: was taken out of the ghosts for its load */
    LEAVING = MM_OWN << 4  /* resident, but chosen to leave */
};
enum { PARAM_VARIANT };
enum variant { LIBCACHESIM, PAPER, CAFFEINE };

struct s3_fifo {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_ring small, main, leaving; /* one slot_of for all */
    struct mm_log ghosts;
    mmsim_page n_ghosts;
    mmsim_page max_small, max_ghosts;
    enum variant variant;
};

static void set_sizes(struct s3_fifo *s3, mmsim_page frames)
{
    s3->resident.frames = frames;
    s3->max_small = (mmsim_page)(0.1 * frames);
    s3->max_ghosts = (mmsim_page)(0.9 * frames);
    if (s3->variant != LIBCACHESIM && s3->max_small == 0)
        s3->max_small = 1;
}

static size_t lay_out(struct s3_fifo *s3, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *s3};
    mmsim_page frames = setup->frames, universe = setup->universe;
    s3->variant = (enum variant)mm_param_whole(setup, PARAM_VARIANT);
    s3->looker = mm_looker_of(setup);
    mm_resident_lay_out(&s3->resident, &block, setup);
    set_sizes(s3, frames);
    mm_ring_lay_out(&s3->small, &block, frames, universe, NULL);
    mm_ring_lay_out(&s3->main, &block, frames, universe, &s3->small);
    mm_ring_lay_out(&s3->leaving, &block, s3->variant == CAFFEINE ? frames : 0, universe,
                    &s3->small);
    mm_log_lay_out(&s3->ghosts, &block, universe, s3->max_ghosts + 1, 0);
    s3->n_ghosts = 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct s3_fifo s3 = {0};
    return lay_out(&s3, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct s3_fifo *)state, (uint8_t *)state, setup);
}

/* ---- counts and ghosts ---- */

static inline void count_one(uint8_t *flags)
{
    *flags = (uint8_t)(*flags + ((*flags & COUNT_MASK) != COUNT_MASK ? ONE : 0));
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    uint8_t *flags = &s3->resident.flags[page];
    *flags |= mm_dirty_flag(kind);
    count_one(flags);
}

/* How often it was referenced; what only the accessed bit tells is counted now. */
static MM_ALWAYS_INLINE unsigned count_of(struct s3_fifo *s3, const struct mm_looker *looker,
                                          mmsim_page page)
{
    uint8_t *flags = &s3->resident.flags[page];
    if (mm_look_found(looker, &s3->resident, page))
        count_one(flags);
    return (unsigned)(*flags & COUNT_MASK);
}

/* If it is a ghost: not any more, but for its load. */
static MM_ALWAYS_INLINE void recall(struct s3_fifo *s3, mmsim_page page)
{
    if (page >= s3->resident.universe || !mm_log_has(&s3->ghosts, page))
        return;
    mm_log_remove(&s3->ghosts, page);
    s3->n_ghosts--;
    s3->resident.flags[page] = RETURNS;
}

static MM_ALWAYS_INLINE void make_ghost(struct s3_fifo *s3, mmsim_page page)
{
    if (s3->max_ghosts == 0)
        return;
    if (s3->n_ghosts == s3->max_ghosts)
        mm_log_pop(&s3->ghosts);
    else
        s3->n_ghosts++;
    mm_log_push(&s3->ghosts, page);
}

/* ---- eviction ---- */

static MM_ALWAYS_INLINE mmsim_page evict_main(struct s3_fifo *s3, const struct mm_looker *looker)
{
    uint8_t *flags = s3->resident.flags;
    mmsim_page page = mm_ring_oldest(&s3->main);
    while (count_of(s3, looker, page) != 0) {
        flags[page] = (uint8_t)(flags[page] - ONE);
        mm_ring_rotate(&s3->main);
        page = mm_ring_oldest(&s3->main);
    }
    mm_ring_drop(&s3->main);
    return page;
}

static MM_ALWAYS_INLINE void promote(struct s3_fifo *s3, mmsim_page page)
{
    uint8_t *flags = &s3->resident.flags[page];
    *flags = (uint8_t)((*flags & ~(unsigned)COUNT_MASK) | IN_MAIN);
    mm_ring_push(&s3->main, page);
}

/* Caffeine: promotions push others out of main, beside the victim. */
static void push_out(struct s3_fifo *s3, const struct mm_looker *looker)
{
    if (s3->main.n_pages <= s3->resident.frames - s3->max_small)
        return;
    mmsim_page page = evict_main(s3, looker);
    s3->resident.flags[page] |= LEAVING;
    mm_ring_push(&s3->leaving, page);
}

/* MMSIM_NO_PAGE: who was looked at was promoted. */
static MM_ALWAYS_INLINE mmsim_page evict_small(struct s3_fifo *s3, const struct mm_looker *looker)
{
    while (s3->small.n_pages > 0) {
        mmsim_page page = mm_ring_oldest(&s3->small);
        mm_ring_drop(&s3->small);
        if (count_of(s3, looker, page) < 2 * ONE) {
            make_ghost(s3, page);
            return page;
        }
        promote(s3, page);
        if (s3->variant == PAPER)
            break;
        if (s3->variant == CAFFEINE)
            push_out(s3, looker);
    }
    return MMSIM_NO_PAGE;
}

static MM_ALWAYS_INLINE bool main_gives(const struct s3_fifo *s3)
{
    if (s3->main.n_pages == 0 || s3->small.n_pages == 0)
        return s3->main.n_pages > 0;
    return s3->variant == CAFFEINE ? s3->small.n_pages < s3->max_small
                                   : s3->main.n_pages > s3->resident.frames - s3->max_small;
}

/* The page that was chosen first, of those that are about to leave. */
static mmsim_page let_go(struct s3_fifo *s3)
{
    mmsim_page page = mm_ring_oldest(&s3->leaving);
    mm_ring_drop(&s3->leaving);
    mm_resident_leave(&s3->resident, page, 0);
    return page;
}

static MM_ALWAYS_INLINE mmsim_page choose(struct s3_fifo *s3, mmsim_page incoming,
                                          const struct mm_looker *looker)
{
    mmsim_page victim = MMSIM_NO_PAGE;
    if (s3->variant != CAFFEINE)
        recall(s3, incoming);
    if (s3->leaving.n_pages > 0)
        return let_go(s3);
    while (victim == MMSIM_NO_PAGE && s3->leaving.n_pages == 0)
        victim = main_gives(s3) ? evict_main(s3, looker) : evict_small(s3, looker);
    if (victim == MMSIM_NO_PAGE)
        return let_go(s3);
    mm_resident_leave(&s3->resident, victim, 0);
    return victim;
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    return choose(s3, incoming, &s3->looker);
}

static MM_ALWAYS_INLINE mmsim_page evict_told(void *state, mmsim_page incoming)
{
    return choose((struct s3_fifo *)state, incoming, NULL);
}

/* ---- the other verbs ---- */

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    recall(s3, page);
    bool returns = s3->resident.flags[page] & RETURNS;
    mm_resident_enter(&s3->resident, page, kind, returns ? IN_MAIN : 0);
    mm_ring_push(returns ? &s3->main : &s3->small, page);
}

static MM_ALWAYS_INLINE mmsim_page settle(void *state)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    return s3->leaving.n_pages > 0 ? let_go(s3) : MMSIM_NO_PAGE;
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    size_t n = 0;
    (void)now;
    while (n < max && (leaving[n] = settle(state)) != MMSIM_NO_PAGE)
        n++;
    return n;
}

static inline bool takes_newcomers(const struct s3_fifo *s3)
{
    return s3->variant != LIBCACHESIM || s3->max_small > 1;
}

static bool admit(void *state, mmsim_page incoming)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    return takes_newcomers(s3) || mm_log_has(&s3->ghosts, incoming);
}

static void forget(void *state, mmsim_page page)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    unsigned flags = s3->resident.flags[page];
    recall(s3, page);
    if (flags & MM_RESIDENT) {
        mm_ring_remove(flags & LEAVING   ? &s3->leaving
                       : flags & IN_MAIN ? &s3->main
                                         : &s3->small,
                       page);
        mm_resident_leave(&s3->resident, page, 0);
    }
    s3->resident.flags[page] = 0;
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    const struct mm_bulk usual = {reference, load, evict_told, NULL};
    const struct mm_bulk settling = {reference, load, evict_told, settle};
    if (s3->variant == CAFFEINE) {
        mm_bulk_replay(state, &s3->resident, refs, n, settling, counts);
    } else if (!takes_newcomers(s3)) {
        counts->references += n;
        counts->misses += n;
    } else {
        mm_bulk_replay(state, &s3->resident, refs, n, usual, counts);
    }
}

static void resize(void *state, mmsim_page frames)
{
    struct s3_fifo *s3 = (struct s3_fifo *)state;
    set_sizes(s3, frames);
    while (s3->n_ghosts > s3->max_ghosts) {
        mm_log_pop(&s3->ghosts);
        s3->n_ghosts--;
    }
}

static const char *check(const void *state)
{
    const struct s3_fifo *s3 = (const struct s3_fifo *)state;
    const char *wrong = mm_resident_check(&s3->resident);
    if (!wrong)
        wrong = mm_ring_check(&s3->small);
    if (!wrong)
        wrong = mm_ring_check(&s3->main);
    if (!wrong)
        wrong = mm_log_check(&s3->ghosts, s3->n_ghosts);
    if (wrong)
        return wrong;
    if (s3->small.n_pages + s3->main.n_pages + s3->leaving.n_pages != s3->resident.n_pages)
        return "the queues are not what is resident";
    return s3->n_ghosts > s3->max_ghosts ? "there are too many ghosts" : NULL;
}

static const char *const variants[] = {"libcachesim-2024", "paper", "caffeine", NULL};

static const struct mmsim_param params[] = {
    [PARAM_VARIANT] = {"variant",
                       "whose details: libCacheSim's, which loads nothing where a tenth of the"
                       " frames is less than 2; the paper's; or Caffeine's",
                       0, 2, 0, MMSIM_PARAM_WORD, variants},
    {0},
};

const struct mmsim_policy_ops mm_policy_s3_fifo = {
    MM_POLICY_HEAD,
    .name = "s3-fifo",
    .summary = "newcomers pass a small queue; who is referenced twice there gets into the main one",
    .source = "Yang, Zhang, Qiu, Yue & Rashmi, FIFO queues are all you need for cache eviction, "
              "SOSP 2023",
    .view = MMSIM_VIEW_BITS,
    .flags = MMSIM_POLICY_LOOKS,
    .params = params,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
    .admit = admit,
    .tick = tick,
    .replay = replay,
    .resize = resize,
    .check = check,
};
