/*
 * two_q.c - a queue for pages that came once (A1in), a memory of those that left it (A1out, no
 * frames), and a list by recency for those that came back while they were remembered (Am).
 *
 *   new -> A1in -evicted-> A1out -comes back-> Am -evicted-> gone
 *
 * The full version of the paper. A1in gives a page only while it is larger than Kin; hits in it do
 * not move; a page that is found in A1out is taken out before anything is evicted.
 */
#include "policy/chain.h"
#include "policy/log_bulk.h"
#include "policy/policy.h"

enum {
    IN_AM = MM_OWN,           /* resident: of Am, else of A1in */
    REMEMBERED = MM_OWN << 1, /* not resident: in A1out */
    RETURNS = MM_OWN << 2     /* not resident: was taken out of A1out for its load */
};

enum { PARAM_KIN, PARAM_KOUT };

struct two_q {
    struct mm_resident resident;
    struct mm_log a1, am; /* a1: A1out, and after it A1in */
    mmsim_page n_in, n_out;
    mmsim_page kin, kout;
    double kin_share, kout_share;
};

static void set_sizes(struct two_q *two_q, mmsim_page frames)
{
    two_q->resident.frames = frames;
    two_q->kin = (mmsim_page)(two_q->kin_share * frames);
    two_q->kout = (mmsim_page)(two_q->kout_share * frames);
}

static size_t lay_out(struct two_q *two_q, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *two_q};
    mm_resident_lay_out(&two_q->resident, &block, setup);
    two_q->n_in = two_q->n_out = 0;
    two_q->kin_share = setup->params[PARAM_KIN];
    two_q->kout_share = setup->params[PARAM_KOUT];
    set_sizes(two_q, setup->frames);
    uint64_t c = setup->frames, all = setup->universe, a1 = c + two_q->kout;
    uint64_t most = c < all ? c : all, most_a1 = a1 < all ? a1 : all;
    mm_logs_lay_out((struct mm_log *[]){&two_q->a1, &two_q->am},
                    (uint64_t[]){most_a1 + (most_a1 + all) / 4, 2 * most + 2 * all}, 2, &block,
                    setup->universe);
    return block.n_bytes;
}

static inline mmsim_page n_am(const struct two_q *two_q)
{
    return two_q->resident.n_pages - two_q->n_in;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct two_q two_q;
    return lay_out(&two_q, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct two_q *)state, (uint8_t *)state, setup);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct two_q *two_q = (struct two_q *)state;
    mm_resident_touch(&two_q->resident, page, kind, 0);
    if (two_q->resident.flags[page] & IN_AM)
        mm_log_push(&two_q->am, page);
}

/* If it is remembered: not any more, but for its load. */
static MM_ALWAYS_INLINE void recall(struct two_q *two_q, mmsim_page page)
{
    if (page >= two_q->resident.universe || !(two_q->resident.flags[page] & REMEMBERED))
        return;
    mm_log_remove(&two_q->a1, page);
    two_q->n_out--;
    two_q->resident.flags[page] = RETURNS;
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct two_q *two_q = (struct two_q *)state;
    recall(two_q, page);
    bool returns = two_q->resident.flags[page] & RETURNS;
    mm_resident_enter(&two_q->resident, page, kind, returns ? IN_AM : 0);
    if (returns) {
        mm_log_push(&two_q->am, page);
        return;
    }
    mm_log_push(&two_q->a1, page);
    two_q->n_in++;
}

static MM_ALWAYS_INLINE void drop_oldest(struct two_q *two_q)
{
    two_q->resident.flags[mm_log_pop(&two_q->a1)] &= MM_DIRTY;
    two_q->n_out--;
}

/* It has just passed from A1in to A1out. */
static MM_ALWAYS_INLINE void remember(struct two_q *two_q, mmsim_page page)
{
    if (two_q->kout == 0) {
        mm_log_remove(&two_q->a1, page);
        mm_resident_leave(&two_q->resident, page, 0);
        return;
    }
    mm_resident_leave(&two_q->resident, page, REMEMBERED);
    if (two_q->n_out == two_q->kout)
        drop_oldest(two_q);
    two_q->n_out++;
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct two_q *two_q = (struct two_q *)state;
    mmsim_page victim;
    recall(two_q, incoming);
    if (two_q->n_in > two_q->kin || n_am(two_q) == 0) {
        victim = mm_log_pass(&two_q->a1);
        two_q->n_in--;
        remember(two_q, victim);
        return victim;
    }
    victim = mm_log_pop(&two_q->am);
    mm_resident_leave(&two_q->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct two_q *two_q = (struct two_q *)state;
    recall(two_q, page);
    if (mm_resident_has(&two_q->resident, page)) {
        two_q->n_in -= !(two_q->resident.flags[page] & IN_AM);
        mm_log_remove(&two_q->am, page);
        mm_resident_leave(&two_q->resident, page, 0);
    }
    two_q->resident.flags[page] = 0;
}

static MM_NEVER_INLINE void step(void *state, mmsim_ref ref, struct mmsim_counts *counts)
{
    struct two_q *two_q = (struct two_q *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_step(state, &two_q->resident, ref, bulk, counts);
}

/*
 * As many hits as come in a row, while Am has places; returns how many. Where a page is is hard to
 * predict, so that of A1in is written at the end of Am too, but the next one is written over it.
 */
static MM_ALWAYS_INLINE size_t hit_all(struct two_q *two_q, const mmsim_ref *refs, size_t n)
{
    struct mm_log am = two_q->am; /* in registers */
    uint8_t *flags = two_q->resident.flags;
    size_t i, most = n < am.end - am.now ? n : am.end - am.now;
    for (i = 0; i < most; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        unsigned old = flags[page];
        if (!(old & MM_RESIDENT))
            break;
        uint32_t in_am = old / IN_AM & 1, last = am.last[page];
        flags[page] = (uint8_t)(old | mm_dirty_flag(mmsim_ref_kind(refs[i])));
        am.places[am.now] = page;
        am.last[page] = in_am ? am.now : last;
        am.now += in_am;
    }
    two_q->am.now = am.now;
    return i;
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct two_q *two_q = (struct two_q *)state;
    counts->references += n;
    for (size_t i = 0; i < n; i++) {
        i += hit_all(two_q, refs + i, n - i);
        if (i < n)
            step(state, refs[i], counts);
    }
}

static void resize(void *state, mmsim_page frames)
{
    struct two_q *two_q = (struct two_q *)state;
    set_sizes(two_q, frames);
    while (two_q->n_out > two_q->kout)
        drop_oldest(two_q);
}

static const char *check(const void *state)
{
    const struct two_q *two_q = (const struct two_q *)state;
    const char *wrong = mm_resident_check(&two_q->resident);
    if (!wrong)
        wrong = mm_log_check_two(&two_q->a1, two_q->n_out, two_q->n_in);
    if (!wrong)
        wrong = mm_log_check(&two_q->am, n_am(two_q));
    if (wrong)
        return wrong;
    return two_q->n_out > two_q->kout ? "A1out is larger than Kout" : NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_KIN] = {"kin", "size of A1in, a share of the frames", 0, 1, 0.25, MMSIM_PARAM_REAL,
                   NULL},
    [PARAM_KOUT] = {"kout", "size of A1out, which holds no frames, a share of the frames", 0, 8,
                    0.5, MMSIM_PARAM_REAL, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_two_q = {
    MM_POLICY_HEAD,
    .name = "2q",
    .summary = "newcomers queue; who returns after having left the queue is kept by recency",
    .source = "Johnson & Shasha, 2Q: a low overhead high performance buffer management replacement "
              "algorithm, VLDB 1994",
    .view = MMSIM_VIEW_REFERENCES,
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
