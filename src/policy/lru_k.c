/*
 * lru_k.c - the page whose K-th most recent reference is longest ago goes first (greatest backward
 * K-distance). Pages with fewer than K known references have an infinite one: they go before all
 * others, among themselves by LRU.
 *
 * A reference within the correlated reference period of the page's last one is no new one (it moves
 * only `last`), and a page is not chosen before that period is over, unless this holds for all.
 * Times count the references and loads that this policy was told.
 *
 * What is known of a page outlives its stay: for the last c pages that left ("retained
 * information", here bounded by number and not by time). A page that returns is taken out of that
 * memory before anything is evicted for it.
 *
 * Pages are in a heap by (K-th last reference, last reference), corrected when they come to its
 * top. Invariant: the heap holds no page above its rank; times[] of a page are descending, 0 =
 * unknown.
 */
#include "policy/chain.h"
#include "policy/policy.h"
#include "policy/priority.h"

enum { REMEMBERED = MM_OWN, RETURNS = MM_OWN << 1 }; /* of pages that are not resident */
enum { PARAM_K, PARAM_PERIOD, PARAM_HISTORY };

struct lru_k {
    struct mm_resident resident;
    struct mm_priority heap;
    struct mm_chain memory; /* who left last is first */
    uint64_t *times;        /* k by page: the last reference, the one before it ... */
    uint64_t *last;         /* by page: the last one, correlated or not */
    mmsim_page *aside;      /* for evict() */
    uint64_t now, period;
    mmsim_page most_remembered;
    unsigned k;
};

static size_t lay_out(struct lru_k *lru_k, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *lru_k};
    mmsim_page most = setup->frames < setup->universe ? setup->frames : setup->universe;
    size_t n = setup->universe, k = mm_param_whole(setup, PARAM_K);
    mm_resident_lay_out(&lru_k->resident, &block, setup);
    mm_priority_lay_out(&lru_k->heap, &block, setup);
    mm_chain_lay_out(&lru_k->memory, 1, &block, setup->universe);
    lru_k->times = (uint64_t *)mm_block_take(&block, n * k, sizeof *lru_k->times);
    lru_k->last = (uint64_t *)mm_block_take(&block, n, sizeof *lru_k->last);
    lru_k->aside = (mmsim_page *)mm_block_take(&block, most, sizeof *lru_k->aside);
    lru_k->now = 0;
    lru_k->period = mm_param_whole(setup, PARAM_PERIOD);
    lru_k->most_remembered = mm_param_share(setup, PARAM_HISTORY);
    lru_k->k = (unsigned)k;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct lru_k lru_k;
    return lay_out(&lru_k, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct lru_k *)state, (uint8_t *)state, setup);
}

static inline uint64_t *times_of(const struct lru_k *lru_k, mmsim_page page)
{
    return lru_k->times + (size_t)page * lru_k->k;
}

static inline struct mm_order rank_of(const struct lru_k *lru_k, mmsim_page page)
{
    return (struct mm_order){times_of(lru_k, page)[lru_k->k - 1], lru_k->last[page]};
}

/* One more time is known; the older ones that are known are moved up by `correlated`. */
static inline void add_time(struct lru_k *lru_k, mmsim_page page, uint64_t correlated)
{
    uint64_t *times = times_of(lru_k, page);
    for (unsigned i = lru_k->k - 1; i > 0; i--)
        times[i] = times[i - 1] > 0 ? times[i - 1] + correlated : 0;
    times[0] = lru_k->now;
}

static inline void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lru_k *lru_k = (struct lru_k *)state;
    uint64_t last = lru_k->last[page];
    mm_resident_touch(&lru_k->resident, page, kind, 0);
    lru_k->last[page] = ++lru_k->now;
    if (lru_k->now - last > lru_k->period)
        add_time(lru_k, page, last - times_of(lru_k, page)[0]);
}

/* If it is remembered: its times are kept, for its load. */
static inline void recall(struct lru_k *lru_k, mmsim_page page)
{
    if (page >= lru_k->resident.universe || !(lru_k->resident.flags[page] & REMEMBERED) ||
        mm_resident_has(&lru_k->resident, page))
        return;
    mm_chain_remove(&lru_k->memory, page);
    lru_k->resident.flags[page] = RETURNS;
}

static inline void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lru_k *lru_k = (struct lru_k *)state;
    recall(lru_k, page);
    uint64_t *times = times_of(lru_k, page);
    for (unsigned i = 0; i < lru_k->k && !(lru_k->resident.flags[page] & RETURNS); i++)
        times[i] = 0;
    lru_k->last[page] = ++lru_k->now;
    add_time(lru_k, page, 0);
    mm_resident_enter(&lru_k->resident, page, kind, 0);
    mm_priority_push(&lru_k->heap, page, rank_of(lru_k, page));
}

static inline void remember(struct lru_k *lru_k, mmsim_page page)
{
    if (lru_k->most_remembered == 0)
        return;
    if (lru_k->memory.n_pages == lru_k->most_remembered)
        lru_k->resident.flags[mm_chain_pop(&lru_k->memory)] &= MM_DIRTY;
    mm_chain_push(&lru_k->memory, page);
    lru_k->resident.flags[page] |= REMEMBERED;
}

/* The least page of the heap, whose rank there holds. */
static inline mmsim_page first(struct lru_k *lru_k)
{
    mmsim_page page = mm_priority_first(&lru_k->heap);
    struct mm_order rank = rank_of(lru_k, page);
    while (mm_order_below(mm_priority_of(&lru_k->heap, page), rank)) {
        mm_priority_move(&lru_k->heap, page, rank);
        page = mm_priority_first(&lru_k->heap);
        rank = rank_of(lru_k, page);
    }
    return page;
}

/* Takes the victim out of the heap. */
static inline mmsim_page choose(struct lru_k *lru_k)
{
    mmsim_page victim = MMSIM_NO_PAGE, n = 0;
    while (lru_k->heap.n_pages > 0 && victim == MMSIM_NO_PAGE) {
        mmsim_page page = first(lru_k);
        mm_priority_remove(&lru_k->heap, page);
        if (lru_k->now + 1 - lru_k->last[page] > lru_k->period)
            victim = page;
        else
            lru_k->aside[n++] = page;
    }
    mmsim_page i = 0;
    if (victim == MMSIM_NO_PAGE)
        victim = lru_k->aside[i++];
    for (; i < n; i++)
        mm_priority_push(&lru_k->heap, lru_k->aside[i], rank_of(lru_k, lru_k->aside[i]));
    return victim;
}

static inline mmsim_page evict(void *state, mmsim_page incoming)
{
    struct lru_k *lru_k = (struct lru_k *)state;
    recall(lru_k, incoming);
    mmsim_page victim = choose(lru_k);
    mm_resident_leave(&lru_k->resident, victim, 0);
    remember(lru_k, victim);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct lru_k *lru_k = (struct lru_k *)state;
    recall(lru_k, page);
    if (mm_resident_has(&lru_k->resident, page)) {
        mm_priority_remove(&lru_k->heap, page);
        mm_resident_leave(&lru_k->resident, page, 0);
    }
    lru_k->resident.flags[page] = 0;
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct lru_k *lru_k = (struct lru_k *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_replay(state, &lru_k->resident, refs, n, bulk, counts);
}

static const char *check(const void *state)
{
    const struct lru_k *lru_k = (const struct lru_k *)state;
    const char *wrong = mm_resident_check(&lru_k->resident);
    if (wrong == NULL)
        wrong = mm_priority_check(&lru_k->heap);
    if (wrong == NULL)
        wrong = mm_chain_check(&lru_k->memory);
    for (mmsim_page i = 0; i < lru_k->heap.n_pages && !wrong; i++)
        if (mm_order_below(rank_of(lru_k, lru_k->heap.pages[i]), lru_k->heap.ranks[i]))
            wrong = "the heap holds a page above its rank";
    if (wrong)
        return wrong;
    if (lru_k->heap.n_pages != lru_k->resident.n_pages)
        return "the heap does not hold the resident pages";
    return lru_k->memory.n_pages > lru_k->most_remembered ? "too many pages are remembered" : NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_K] = {"k", "which reference counts: 2 = the last but one; 1 is LRU", 1, 4, 2,
                 MMSIM_PARAM_WHOLE, NULL},
    [PARAM_PERIOD] = {"correlated", "correlated reference period, in references", 0, 1e9, 0,
                      MMSIM_PARAM_WHOLE, NULL},
    [PARAM_HISTORY] = {"history", "how many pages that left are remembered, a share of the frames",
                       0, 8, 1, MMSIM_PARAM_REAL, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_lru_k = {
    MM_POLICY_HEAD,
    .name = "lru-k",
    .summary = "the page whose K-th last reference is longest ago goes first",
    .source = "O'Neil, O'Neil & Weikum, The LRU-K page replacement algorithm for database disk "
              "buffering, SIGMOD 1993",
    .view = MMSIM_VIEW_REFERENCES,
    .params = params,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
    .replay = replay,
    .check = check,
};
