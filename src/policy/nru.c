/*
 * nru.c - not recently used: the lowest class of (referenced, written) goes first, and within a
 * class the page that was loaded first.
 *
 *   class 0  not referenced, not written      class 2  referenced, not written
 *   class 1  not referenced, written          class 3  referenced, written
 *
 * A clock interrupt clears the referenced bits. `Written` means since the page was loaded.
 *
 * Pages are in a heap by (class, number of the load); a class that rose is noticed when the page
 * comes to its top, where only bits are seen by looking at it then. Invariant: no page is in a
 * lower class than the heap holds, but for bits that were not looked at.
 */
#include "policy/look.h"
#include "policy/period.h"
#include "policy/policy.h"
#include "policy/priority.h"

enum { REFERENCED = MM_OWN, NOTED = MM_OWN << 1 };
enum { PARAM_PERIOD, PARAM_LOAD_BIT };

struct nru {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_priority heap;
    struct mm_noted noted;
    struct mm_period period;
    uint64_t n_loads;
    bool load_bit;
};

static size_t lay_out(struct nru *nru, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *nru};
    mm_resident_lay_out(&nru->resident, &block, setup);
    mm_priority_lay_out(&nru->heap, &block, setup);
    mm_noted_lay_out(&nru->noted, &block, setup);
    mm_period_begin(&nru->period, mm_param_whole(setup, PARAM_PERIOD), setup);
    nru->looker = mm_looker_of(setup);
    nru->load_bit = mm_param_whole(setup, PARAM_LOAD_BIT);
    nru->n_loads = 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct nru nru;
    return lay_out(&nru, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct nru *)state, (uint8_t *)state, setup);
}

static uint64_t class_of(unsigned flags)
{
    return (flags & REFERENCED ? 2u : 0u) + (flags & MM_DIRTY ? 1u : 0u);
}

static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct nru *nru = (struct nru *)state;
    mm_resident_touch(&nru->resident, page, kind, REFERENCED);
    mm_noted_add(&nru->noted, &nru->resident, page, NOTED);
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct nru *nru = (struct nru *)state;
    unsigned noted = nru->resident.flags[page] & NOTED;
    mm_resident_enter(&nru->resident, page, kind, noted | (nru->load_bit ? REFERENCED : 0));
    mm_noted_add(&nru->noted, &nru->resident, page, NOTED);
    mm_priority_push(&nru->heap, page,
                     (struct mm_order){class_of(nru->resident.flags[page]), nru->n_loads++});
}

/* The heap learns the page's class as it is now. Returns whether it held another. */
static bool rank_anew(struct nru *nru, mmsim_page page)
{
    struct mm_order rank = mm_priority_of(&nru->heap, page);
    uint64_t high = class_of(nru->resident.flags[page]);
    if (high == rank.high)
        return false;
    mm_priority_move(&nru->heap, page, (struct mm_order){high, rank.low});
    return true;
}

static void let_go(struct nru *nru, mmsim_page page)
{
    mm_priority_remove(&nru->heap, page);
    mm_resident_leave(&nru->resident, page, nru->resident.flags[page] & NOTED);
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct nru *nru = (struct nru *)state;
    mmsim_page page;
    (void)incoming;
    do {
        page = mm_priority_first(&nru->heap);
        mm_look_test(&nru->looker, &nru->resident, page, REFERENCED);
    } while (rank_anew(nru, page));
    let_go(nru, page);
    return page;
}

static void forget(void *state, mmsim_page page)
{
    struct nru *nru = (struct nru *)state;
    if (mm_resident_has(&nru->resident, page))
        let_go(nru, page);
}

/* Only bits are seen: all are looked at. */
static void sweep(struct nru *nru)
{
    struct mm_priority *heap = &nru->heap;
    for (mmsim_page i = 0; i < heap->n_pages; i++) {
        mm_look_clear(&nru->looker, &nru->resident, heap->pages[i], REFERENCED);
        heap->ranks[i].high = class_of(nru->resident.flags[heap->pages[i]]);
    }
    mm_priority_rebuild(heap);
}

static void clear(struct nru *nru, mmsim_page page)
{
    uint8_t *flags = &nru->resident.flags[page];
    *flags = (uint8_t)(*flags & ~(REFERENCED | NOTED));
    if (mm_resident_has(&nru->resident, page))
        rank_anew(nru, page);
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct nru *nru = (struct nru *)state;
    (void)leaving;
    (void)max;
    if (mm_period_end(&nru->period, now) == 0)
        return 0;
    if (nru->looker.look)
        sweep(nru);
    for (mmsim_page i = 0; i < nru->noted.n_pages; i++)
        clear(nru, nru->noted.pages[i]);
    nru->noted.n_pages = 0;
    return 0;
}

static const char *check(const void *state)
{
    const struct nru *nru = (const struct nru *)state;
    const char *wrong = mm_resident_check(&nru->resident);
    for (mmsim_page i = 0; i < nru->heap.n_pages && !wrong; i++)
        if (nru->heap.ranks[i].high > class_of(nru->resident.flags[nru->heap.pages[i]]))
            wrong = "a page is in a lower class than it was put in";
    return wrong ? wrong : mm_priority_check(&nru->heap);
}

static const struct mmsim_param params[] = {
    [PARAM_PERIOD] = MM_PARAM_PERIOD,
    [PARAM_LOAD_BIT] = MM_PARAM_LOAD_BIT,
    {0},
};

const struct mmsim_policy_ops mm_policy_nru = {
    MM_POLICY_HEAD,
    .name = "nru",
    .summary = "the lowest of four classes by referenced and written goes first",
    .source = "Tanenbaum & Bos, Modern Operating Systems, 4th ed., 3.4.2",
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
    .check = check,
};
