/*
 * aging.c - a register for each page, which a clock interrupt shifts to the right by one, moving
 * the page's referenced bit in from the left and clearing it. The lowest register goes first; of
 * equal ones the page that was loaded first.
 *
 *   referenced in the last period, and in the one before the one before it:   1 0 1 0 0 0 0 0
 *
 * A page is loaded with an empty register. Bits of the period that has not ended do not count. The
 * interrupt visits every resident page, as it does in the textbook; by default it comes once in as
 * many references as there are frames. Invariant: the heap holds each page's register and the
 * number of its load.
 */
#include "policy/look.h"
#include "policy/period.h"
#include "policy/policy.h"
#include "policy/priority.h"

enum { REFERENCED = MM_OWN };
enum { PARAM_PERIOD, PARAM_BITS, PARAM_LOAD_BIT };

struct aging {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_priority heap; /* by (register, number of the load) */
    struct mm_period period;
    uint64_t n_loads;
    unsigned n_bits, on_load;
};

static size_t lay_out(struct aging *aging, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *aging};
    mm_resident_lay_out(&aging->resident, &block, setup);
    mm_priority_lay_out(&aging->heap, &block, setup);
    mm_period_begin(&aging->period, mm_param_whole(setup, PARAM_PERIOD), setup);
    aging->looker = mm_looker_of(setup);
    aging->n_bits = mm_param_whole(setup, PARAM_BITS);
    aging->on_load = mm_param_whole(setup, PARAM_LOAD_BIT) ? REFERENCED : 0;
    aging->n_loads = 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct aging aging;
    return lay_out(&aging, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct aging *)state, (uint8_t *)state, setup);
}

static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct aging *aging = (struct aging *)state;
    mm_resident_touch(&aging->resident, page, kind, REFERENCED);
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct aging *aging = (struct aging *)state;
    mm_resident_enter(&aging->resident, page, kind, aging->on_load);
    mm_priority_push(&aging->heap, page, (struct mm_order){0, aging->n_loads++});
}

static void let_go(struct aging *aging, mmsim_page page)
{
    mm_priority_remove(&aging->heap, page);
    mm_resident_leave(&aging->resident, page, 0);
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct aging *aging = (struct aging *)state;
    mmsim_page page = mm_priority_first(&aging->heap);
    (void)incoming;
    let_go(aging, page);
    return page;
}

static void forget(void *state, mmsim_page page)
{
    struct aging *aging = (struct aging *)state;
    if (mm_resident_has(&aging->resident, page))
        let_go(aging, page);
}

/* The bits belong to the first of the periods that ended; nothing is known of the others. */
static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    struct aging *aging = (struct aging *)state;
    struct mm_priority *heap = &aging->heap;
    uint64_t n_ended = mm_period_end(&aging->period, now);
    (void)leaving;
    (void)max;
    if (n_ended == 0)
        return 0;
    unsigned n_more = n_ended > aging->n_bits ? aging->n_bits : (unsigned)n_ended - 1;
    for (mmsim_page i = 0; i < heap->n_pages; i++) {
        uint64_t bit = mm_look_clear(&aging->looker, &aging->resident, heap->pages[i], REFERENCED);
        heap->ranks[i].high = (heap->ranks[i].high >> 1 | bit << (aging->n_bits - 1)) >> n_more;
    }
    mm_priority_rebuild(heap);
    return 0;
}

static const char *check(const void *state)
{
    const struct aging *aging = (const struct aging *)state;
    const char *wrong = mm_resident_check(&aging->resident);
    for (mmsim_page i = 0; i < aging->heap.n_pages && !wrong; i++)
        if (aging->heap.ranks[i].high >> aging->n_bits)
            wrong = "a register has more bits than it may";
    return wrong ? wrong : mm_priority_check(&aging->heap);
}

static const struct mmsim_param params[] = {
    [PARAM_PERIOD] = MM_PARAM_PERIOD,
    [PARAM_BITS] = {"bits", "width of a register: how many periods it remembers", 1, 32, 8,
                    MMSIM_PARAM_WHOLE, NULL},
    [PARAM_LOAD_BIT] = MM_PARAM_LOAD_BIT,
    {0},
};

const struct mmsim_policy_ops mm_policy_aging = {
    MM_POLICY_HEAD,
    .name = "aging",
    .summary = "a shift register of referenced bits for each page; the lowest goes first",
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
