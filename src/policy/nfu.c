/*
 * nfu.c - not frequently used: a counter for each page, to which a clock interrupt adds the page's
 * referenced bit and clears the bit. The lowest counter goes first; of equal ones the page that was
 * loaded first.
 *
 * Nothing is ever forgotten: what was used much long ago stays (aging.c mends it). Counters stop at
 * their largest value. Bits of the period that has not ended do not count. Invariant: the heap
 * holds each page's counter and the number of its load.
 */
#include "policy/look.h"
#include "policy/period.h"
#include "policy/policy.h"
#include "policy/priority.h"

enum { REFERENCED = MM_OWN, NOTED = MM_OWN << 1 };
enum { PARAM_PERIOD, PARAM_BITS, PARAM_LOAD_BIT };

struct nfu {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_priority heap; /* by (counter, number of the load) */
    struct mm_noted noted;
    struct mm_period period;
    uint64_t n_loads, most;
    bool load_bit;
};

static size_t lay_out(struct nfu *nfu, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *nfu};
    mm_resident_lay_out(&nfu->resident, &block, setup);
    mm_priority_lay_out(&nfu->heap, &block, setup);
    mm_noted_lay_out(&nfu->noted, &block, setup);
    mm_period_begin(&nfu->period, mm_param_whole(setup, PARAM_PERIOD), setup);
    nfu->looker = mm_looker_of(setup);
    nfu->most = (UINT64_C(1) << mm_param_whole(setup, PARAM_BITS)) - 1;
    nfu->load_bit = mm_param_whole(setup, PARAM_LOAD_BIT);
    nfu->n_loads = 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct nfu nfu;
    return lay_out(&nfu, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct nfu *)state, (uint8_t *)state, setup);
}

static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct nfu *nfu = (struct nfu *)state;
    mm_resident_touch(&nfu->resident, page, kind, REFERENCED);
    mm_noted_add(&nfu->noted, &nfu->resident, page, NOTED);
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct nfu *nfu = (struct nfu *)state;
    unsigned noted = nfu->resident.flags[page] & NOTED;
    mm_resident_enter(&nfu->resident, page, kind, noted | (nfu->load_bit ? REFERENCED : 0));
    mm_noted_add(&nfu->noted, &nfu->resident, page, NOTED);
    mm_priority_push(&nfu->heap, page, (struct mm_order){0, nfu->n_loads++});
}

static void let_go(struct nfu *nfu, mmsim_page page)
{
    mm_priority_remove(&nfu->heap, page);
    mm_resident_leave(&nfu->resident, page, nfu->resident.flags[page] & NOTED);
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct nfu *nfu = (struct nfu *)state;
    mmsim_page page = mm_priority_first(&nfu->heap);
    (void)incoming;
    let_go(nfu, page);
    return page;
}

static void forget(void *state, mmsim_page page)
{
    struct nfu *nfu = (struct nfu *)state;
    if (mm_resident_has(&nfu->resident, page))
        let_go(nfu, page);
}

/* Only bits are seen: all are looked at. */
static void sweep(struct nfu *nfu)
{
    struct mm_priority *heap = &nfu->heap;
    for (mmsim_page i = 0; i < heap->n_pages; i++)
        if (mm_look_clear(&nfu->looker, &nfu->resident, heap->pages[i], REFERENCED))
            heap->ranks[i].high += heap->ranks[i].high < nfu->most;
    mm_priority_rebuild(heap);
}

static void count(struct nfu *nfu, mmsim_page page)
{
    uint8_t *flags = &nfu->resident.flags[page];
    bool referenced = *flags & REFERENCED && mm_resident_has(&nfu->resident, page);
    *flags = (uint8_t)(*flags & ~(REFERENCED | NOTED));
    if (!referenced)
        return;
    struct mm_order rank = mm_priority_of(&nfu->heap, page);
    rank.high += rank.high < nfu->most;
    mm_priority_move(&nfu->heap, page, rank);
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct nfu *nfu = (struct nfu *)state;
    (void)leaving;
    (void)max;
    if (mm_period_end(&nfu->period, now) == 0)
        return 0;
    if (nfu->looker.look)
        sweep(nfu);
    for (mmsim_page i = 0; i < nfu->noted.n_pages; i++)
        count(nfu, nfu->noted.pages[i]);
    nfu->noted.n_pages = 0;
    return 0;
}

static const char *check(const void *state)
{
    const struct nfu *nfu = (const struct nfu *)state;
    const char *wrong = mm_resident_check(&nfu->resident);
    for (mmsim_page i = 0; i < nfu->heap.n_pages && !wrong; i++)
        if (nfu->heap.ranks[i].high > nfu->most)
            wrong = "a counter is above its largest value";
    return wrong ? wrong : mm_priority_check(&nfu->heap);
}

static const struct mmsim_param params[] = {
    [PARAM_PERIOD] = MM_PARAM_PERIOD,
    [PARAM_BITS] = {"bits", "width of a counter, which stops at its largest value", 1, 32, 32,
                    MMSIM_PARAM_WHOLE, NULL},
    [PARAM_LOAD_BIT] = MM_PARAM_LOAD_BIT,
    {0},
};

const struct mmsim_policy_ops mm_policy_nfu = {
    MM_POLICY_HEAD,
    .name = "nfu",
    .summary = "the page that was referenced in the fewest clock periods goes first",
    .source = "Tanenbaum & Bos, Modern Operating Systems, 4th ed., 3.4.7",
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
