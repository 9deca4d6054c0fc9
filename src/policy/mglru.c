/*
 * mglru.c - Linux's multi-generational LRU: pages carry the number of a generation, the oldest
 * generation is evicted, and aging opens a new youngest one for all pages that were used since the
 * aging before.
 *
 *   oldest (min) ... youngest (max)      at least 2 and at most 4 generations at a time
 *
 *   a page is loaded       into the youngest
 *   aging                  max + 1; pages whose accessed bit is set are labelled with it, bit
 * cleared eviction               at the end of the oldest list: a page labelled younger is sorted
 * into its list; one whose bit is set is promoted to the youngest; else it goes the oldest list
 * empty  min + 1, while two generations remain
 *
 * Aging comes when two generations are left; with three, also when the youngest holds more than
 * half of the pages, or the oldest less than a quarter (the kernel's should_run_aging). Tiers by
 * refaults, and pages that are read without being mapped, are not modelled.
 *
 * Where each reference is told, aging visits only the pages referenced since the last one. Where
 * bits are seen it visits all resident ones, like the kernel's walk through the page tables.
 *
 * Invariants: (1) a page's label is not older than the list that it is in; (2) n_labelled[] counts
 * the labels; (3) the lists from min to max hold all resident pages.
 */
#include "policy/chain.h"
#include "policy/look.h"
#include "policy/period.h"
#include "policy/policy.h"

enum { LABEL_SHIFT = 2, LIST_SHIFT = 4 };
#define GENERATION_MASK 3u
enum { REFERENCED = MM_OWN << 4, NOTED = MM_OWN << 5 };
enum { N_GENERATIONS = 4, MIN_GENERATIONS = 2 };
enum { PARAM_LOAD_BIT };

struct mglru {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_noted noted;
    struct mm_chain lists[N_GENERATIONS]; /* newest first */
    mmsim_page n_labelled[N_GENERATIONS];
    uint64_t min, max; /* numbers of generations; their lists are at them modulo 4 */
    unsigned on_load;
};

static size_t lay_out(struct mglru *mglru, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *mglru};
    mm_resident_lay_out(&mglru->resident, &block, setup);
    mm_chain_lay_out(mglru->lists, N_GENERATIONS, &block, setup->universe);
    mm_noted_lay_out(&mglru->noted, &block, setup);
    mglru->looker = mm_looker_of(setup);
    for (int i = 0; i < N_GENERATIONS; i++)
        mglru->n_labelled[i] = 0;
    mglru->min = 0;
    mglru->max = N_GENERATIONS - 1;
    mglru->on_load = mm_param_whole(setup, PARAM_LOAD_BIT) ? REFERENCED : 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct mglru mglru;
    return lay_out(&mglru, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct mglru *)state, (uint8_t *)state, setup);
}

static inline unsigned slot(uint64_t generation)
{
    return (unsigned)generation & GENERATION_MASK;
}

static inline unsigned label_of(const struct mglru *mglru, mmsim_page page)
{
    return mglru->resident.flags[page] >> LABEL_SHIFT & GENERATION_MASK;
}

static inline unsigned list_of(const struct mglru *mglru, mmsim_page page)
{
    return mglru->resident.flags[page] >> LIST_SHIFT & GENERATION_MASK;
}

static inline void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct mglru *mglru = (struct mglru *)state;
    mm_resident_touch(&mglru->resident, page, kind, REFERENCED);
    mm_noted_add(&mglru->noted, &mglru->resident, page, NOTED);
}

static inline void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct mglru *mglru = (struct mglru *)state;
    unsigned youngest = slot(mglru->max), noted = mglru->resident.flags[page] & NOTED;
    mm_resident_enter(&mglru->resident, page, kind,
                      youngest << LABEL_SHIFT | youngest << LIST_SHIFT | noted | mglru->on_load);
    mm_noted_add(&mglru->noted, &mglru->resident, page, NOTED);
    mm_chain_push(&mglru->lists[youngest], page);
    mglru->n_labelled[youngest]++;
}

static inline void label(struct mglru *mglru, mmsim_page page, unsigned generation)
{
    uint8_t *flags = &mglru->resident.flags[page];
    mglru->n_labelled[label_of(mglru, page)]--;
    mglru->n_labelled[generation]++;
    *flags = (uint8_t)((*flags & ~(GENERATION_MASK << LABEL_SHIFT)) | generation << LABEL_SHIFT);
}

/* Into the list that its label says. */
static inline void sort(struct mglru *mglru, mmsim_page page)
{
    uint8_t *flags = &mglru->resident.flags[page];
    unsigned to = label_of(mglru, page);
    mm_chain_remove(&mglru->lists[list_of(mglru, page)], page);
    mm_chain_push(&mglru->lists[to], page);
    *flags = (uint8_t)((*flags & ~(GENERATION_MASK << LIST_SHIFT)) | to << LIST_SHIFT);
}

/* ---- aging ---- */

static inline void visit(struct mglru *mglru, mmsim_page page)
{
    if (mm_resident_has(&mglru->resident, page) &&
        mm_look_clear(&mglru->looker, &mglru->resident, page, REFERENCED))
        label(mglru, page, slot(mglru->max));
}

static inline void visit_all(struct mglru *mglru)
{
    for (uint64_t generation = mglru->min; generation < mglru->max; generation++) {
        const struct mm_chain *list = &mglru->lists[slot(generation)];
        mmsim_page page = list->links[list->head].next;
        for (; page != list->head; page = list->links[page].next)
            visit(mglru, page);
    }
}

static inline void age(struct mglru *mglru)
{
    mglru->max++;
    if (mglru->looker.look)
        visit_all(mglru);
    for (mmsim_page i = 0; i < mglru->noted.n_pages; i++) {
        mmsim_page page = mglru->noted.pages[i];
        mglru->resident.flags[page] = (uint8_t)(mglru->resident.flags[page] & ~NOTED);
        if (!mglru->looker.look)
            visit(mglru, page);
    }
    mglru->noted.n_pages = 0;
}

static inline bool is_due(const struct mglru *mglru)
{
    if (mglru->min + MIN_GENERATIONS > mglru->max)
        return true;
    if (mglru->min + MIN_GENERATIONS < mglru->max)
        return false;
    uint64_t total = mglru->resident.n_pages;
    uint64_t young = mglru->n_labelled[slot(mglru->max)];
    uint64_t old = mglru->n_labelled[slot(mglru->min)];
    return young * MIN_GENERATIONS > total || old * (MIN_GENERATIONS + 2) < total;
}

/* Afterwards there are three or four generations, and the oldest list has pages. */
static inline void prepare(struct mglru *mglru)
{
    for (;;) {
        while (mglru->lists[slot(mglru->min)].n_pages == 0 &&
               mglru->min + MIN_GENERATIONS <= mglru->max)
            mglru->min++;
        if (!is_due(mglru))
            return;
        age(mglru);
    }
}

static inline mmsim_page evict(void *state, mmsim_page incoming)
{
    struct mglru *mglru = (struct mglru *)state;
    (void)incoming;
    for (;;) {
        prepare(mglru);
        unsigned oldest = slot(mglru->min);
        mmsim_page page = mm_chain_last(&mglru->lists[oldest]);
        if (label_of(mglru, page) == oldest) {
            if (!mm_look_clear(&mglru->looker, &mglru->resident, page, REFERENCED)) {
                mm_chain_remove(&mglru->lists[oldest], page);
                mglru->n_labelled[oldest]--;
                mm_resident_leave(&mglru->resident, page, mglru->resident.flags[page] & NOTED);
                return page;
            }
            label(mglru, page, slot(mglru->max));
        }
        sort(mglru, page);
    }
}

static void forget(void *state, mmsim_page page)
{
    struct mglru *mglru = (struct mglru *)state;
    if (!mm_resident_has(&mglru->resident, page))
        return;
    mm_chain_remove(&mglru->lists[list_of(mglru, page)], page);
    mglru->n_labelled[label_of(mglru, page)]--;
    mm_resident_leave(&mglru->resident, page, mglru->resident.flags[page] & NOTED);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct mglru *mglru = (struct mglru *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_replay(state, &mglru->resident, refs, n, bulk, counts);
}

static void resize(void *state, mmsim_page frames)
{
    ((struct mglru *)state)->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct mglru *mglru = (const struct mglru *)state;
    const char *wrong = mm_resident_check(&mglru->resident);
    mmsim_page n_listed = 0, n_labelled = 0;
    for (int i = 0; i < N_GENERATIONS && !wrong; i++) {
        wrong = mm_chain_check(&mglru->lists[i]);
        n_listed += mglru->lists[i].n_pages;
        n_labelled += mglru->n_labelled[i];
    }
    if (wrong)
        return wrong;
    if (n_listed != mglru->resident.n_pages || n_labelled != n_listed)
        return "the generations are not what is resident";
    return mglru->max - mglru->min >= N_GENERATIONS ? "there are more than four generations" : NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_LOAD_BIT] = MM_PARAM_LOAD_BIT,
    {0},
};

const struct mmsim_policy_ops mm_policy_mglru = {
    MM_POLICY_HEAD,
    .name = "mglru",
    .summary = "generations; aging moves what was used to the youngest, the oldest is evicted",
    .source = "Zhao, Multi-gen LRU, Linux 6.1, mm/vmscan.c, 2022",
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
