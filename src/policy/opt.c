/*
 * opt.c - the page that will be referenced last, or never again, goes first: no policy misses less.
 *
 * It needs the future. With it, it names its victims: the moments of the next uses of resident
 * pages are a set of numbers (bits.h), whose largest is the victim's; pages that are never used
 * again lie on a stack, and go before all others. Without it, a replay in bulk still counts
 * exactly (opt_online.h), and evict() names any page.
 *
 * A call that the future did not announce, such as the load() of a page that could not go, is not
 * a moment of it.
 *
 * Invariants: (1) with the future, each resident page is on the stack, or the moment of its next
 * use is in the set; (2) all moments in the set are still to come.
 */
#include "policy/bits.h"
#include "policy/opt_online.h"
#include "policy/policy.h"

struct opt {
    struct mm_resident resident;
    const mmsim_ref *future; /* NULL: only counts are wanted */
    uint32_t n_future, now;
    uint32_t *next; /* by moment: when its page is used again; NEVER */
    uint32_t *seen; /* by page: scratch of init() */
    struct mm_bits uses;
    mmsim_page *dead; /* the stack */
    mmsim_page n_dead;
    struct mm_opt_online online;
};

#define NEVER UINT32_MAX

static size_t lay_out(struct opt *opt, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *opt};
    mm_resident_lay_out(&opt->resident, &block, setup);
    opt->future = setup->future;
    opt->n_future = setup->n_future < NEVER ? (uint32_t)setup->n_future : NEVER;
    opt->now = 0;
    opt->n_dead = 0;
    if (!opt->future) {
        mm_opt_online_lay_out(&opt->online, &block, opt->resident.flags, setup);
        return block.n_bytes;
    }
    opt->next = (uint32_t *)mm_block_take(&block, opt->n_future, sizeof *opt->next);
    opt->seen = (uint32_t *)mm_block_take(&block, setup->universe, sizeof *opt->seen);
    opt->dead = (mmsim_page *)mm_block_take(&block, setup->frames, sizeof *opt->dead);
    mm_bits_lay_out(&opt->uses, &block, opt->n_future);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct opt opt;
    return lay_out(&opt, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    struct opt *opt = (struct opt *)state;
    lay_out(opt, (uint8_t *)state, setup);
    if (!opt->future)
        return;
    for (mmsim_page page = 0; page < setup->universe; page++)
        opt->seen[page] = NEVER;
    for (uint32_t moment = opt->n_future; moment-- > 0;) {
        mmsim_page page = mmsim_ref_page(opt->future[moment]);
        opt->next[moment] = opt->seen[page];
        opt->seen[page] = moment;
    }
}

/* ---- with the future ---- */

/* Its next use, from `moment` on; for calls that were not announced. */
static uint32_t find_use(const struct opt *opt, mmsim_page page, uint32_t moment)
{
    while (moment < opt->n_future && mmsim_ref_page(opt->future[moment]) != page)
        moment++;
    return moment < opt->n_future ? moment : NEVER;
}

static inline bool is_announced(const struct opt *opt, mmsim_page page)
{
    return opt->now < opt->n_future && mmsim_ref_page(opt->future[opt->now]) == page;
}

static inline void expect_use(struct opt *opt, mmsim_page page, uint32_t use)
{
    if (use == NEVER)
        opt->dead[opt->n_dead++] = page;
    else
        mm_bits_set(&opt->uses, use);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct opt *opt = (struct opt *)state;
    mm_resident_touch(&opt->resident, page, kind, 0);
    if (!opt->future || !is_announced(opt, page))
        return;
    mm_bits_clear(&opt->uses, opt->now);
    expect_use(opt, page, opt->next[opt->now]);
    opt->now++;
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct opt *opt = (struct opt *)state;
    mm_resident_enter(&opt->resident, page, kind, 0);
    if (!opt->future)
        return;
    if (is_announced(opt, page))
        expect_use(opt, page, opt->next[opt->now++]);
    else
        expect_use(opt, page, find_use(opt, page, opt->now));
}

static mmsim_page any_page(const struct opt *opt)
{
    mmsim_page page = 0;
    while (!mm_resident_has(&opt->resident, page))
        page++;
    return page;
}

static MM_ALWAYS_INLINE mmsim_page choose(struct opt *opt)
{
    if (opt->n_dead > 0)
        return opt->dead[--opt->n_dead];
    uint64_t use = mm_bits_last(&opt->uses, opt->n_future);
    mm_bits_clear(&opt->uses, use);
    return mmsim_ref_page(opt->future[use]);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct opt *opt = (struct opt *)state;
    (void)incoming;
    mmsim_page victim = opt->future ? choose(opt) : any_page(opt);
    mm_resident_leave(&opt->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct opt *opt = (struct opt *)state;
    if (!mm_resident_has(&opt->resident, page))
        return;
    mm_resident_leave(&opt->resident, page, 0);
    if (!opt->future)
        return;
    for (mmsim_page i = 0; i < opt->n_dead; i++)
        if (opt->dead[i] == page) {
            opt->dead[i] = opt->dead[--opt->n_dead];
            return;
        }
    mm_bits_clear(&opt->uses, find_use(opt, page, opt->now));
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct opt *opt = (struct opt *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    if (opt->future)
        mm_bulk_replay(state, &opt->resident, refs, n, bulk, counts);
    else
        mm_opt_online_replay(&opt->online, refs, n, counts);
}

static const char *check(const void *state)
{
    const struct opt *opt = (const struct opt *)state;
    if (!opt->future)
        return NULL;
    for (mmsim_page i = 0; i < opt->n_dead; i++)
        if (!mm_resident_has(&opt->resident, opt->dead[i]))
            return "a page that is never used again is not resident";
    uint64_t use = mm_bits_last(&opt->uses, opt->n_future);
    mmsim_page n = opt->n_dead;
    for (; use != MM_BITS_NONE; n++) {
        if (!mm_resident_has(&opt->resident, mmsim_ref_page(opt->future[use])))
            return "a use of a page is expected that is not resident";
        use = use == 0 ? MM_BITS_NONE : mm_bits_last(&opt->uses, use - 1);
    }
    return n == opt->resident.n_pages ? mm_resident_check(&opt->resident)
                                      : "the uses expected are not those of what is resident";
}

const struct mmsim_policy_ops mm_policy_opt = {
    MM_POLICY_HEAD,
    .name = "opt",
    .summary = "the page that will be used last goes first; it needs the future, for studies",
    .source = "Belady, A study of replacement algorithms for a virtual-storage computer, "
              "IBM Systems Journal 5(2), 1966",
    .view = MMSIM_VIEW_REFERENCES,
    .flags = MMSIM_POLICY_STUDY_ONLY | MMSIM_POLICY_STACK,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
    .replay = replay,
    .check = check,
};
