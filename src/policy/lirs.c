/*
 * lirs.c - low inter-reference recency set: pages are kept by the time between their last two
 * references. Those where it is short (LIR) have all frames but a few; the others (HIR) pass
 * through a short queue, and become LIR if they return while the stack S still remembers them.
 *
 *   S   all LIR pages, and HIR pages, resident or not, that came later than the oldest of these;
 *       newest first. What lies below the oldest LIR page is dropped (pruned).
 *   Q   resident HIR pages, oldest first: the victims.
 *
 * After a miss S has at most 2c pages: what left memory longest ago is dropped. Hits between misses
 * may add pages of Q.
 *
 * Invariants: (1) the oldest page of S, if there is one, is LIR; (2) LIR pages are in S; (3) each
 * resident page is either LIR or in Q; (4) what is not resident and in S is in the list of ghosts.
 */
#include "policy/chain.h"
#include "policy/log_bulk.h"
#include "policy/policy.h"

enum { LIR = MM_OWN, GHOST = MM_OWN << 1 };
enum { Q, GHOSTS, N_LISTS };

struct lirs {
    struct mm_resident resident;
    struct mm_log stack;
    struct mm_chain lists[N_LISTS]; /* newest first */
    mmsim_page n_stack, n_lir;
    mmsim_page max_lir, max_stack;
};

static void set_sizes(struct lirs *lirs, mmsim_page frames)
{
    mmsim_page hir = frames < 200 ? 1 : frames / 100;
    lirs->resident.frames = frames;
    lirs->max_lir = frames - hir;
    lirs->max_stack = 2 * frames;
}

static size_t lay_out(struct lirs *lirs, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *lirs};
    mm_resident_lay_out(&lirs->resident, &block, setup);
    set_sizes(lirs, setup->frames);
    mm_log_lay_out(&lirs->stack, &block, setup->universe, 2 * (uint64_t)setup->frames + 1,
                   setup->universe / 2);
    mm_chain_lay_out(lirs->lists, N_LISTS, &block, setup->universe);
    lirs->n_stack = lirs->n_lir = 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct lirs lirs;
    return lay_out(&lirs, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct lirs *)state, (uint8_t *)state, setup);
}

/* ---- the stack ---- */

static MM_ALWAYS_INLINE void stack_remove(struct lirs *lirs, mmsim_page page)
{
    uint8_t *flags = &lirs->resident.flags[page];
    mm_log_remove(&lirs->stack, page);
    lirs->n_stack--;
    if (!(*flags & GHOST))
        return;
    mm_chain_remove(&lirs->lists[GHOSTS], page);
    *flags = (uint8_t)(*flags & ~GHOST);
}

/* Until the oldest is LIR. */
static MM_ALWAYS_INLINE void prune(struct lirs *lirs)
{
    while (lirs->n_stack > 0) {
        mmsim_page page = mm_log_oldest(&lirs->stack);
        if (lirs->resident.flags[page] & LIR)
            return;
        stack_remove(lirs, page);
    }
}

/* The oldest LIR page, which is the oldest of S, becomes the newest of Q. */
static MM_ALWAYS_INLINE void demote(struct lirs *lirs)
{
    mmsim_page page = mm_log_oldest(&lirs->stack);
    lirs->resident.flags[page] = (uint8_t)(lirs->resident.flags[page] & ~LIR);
    lirs->n_lir--;
    mm_chain_push(&lirs->lists[Q], page);
    prune(lirs);
}

static MM_ALWAYS_INLINE void make_lir(struct lirs *lirs, mmsim_page page)
{
    lirs->resident.flags[page] |= LIR;
    lirs->n_lir++;
    if (lirs->n_lir > lirs->max_lir)
        demote(lirs);
}

static MM_ALWAYS_INLINE void stack_push(struct lirs *lirs, mmsim_page page)
{
    lirs->n_stack += !mm_log_has(&lirs->stack, page);
    mm_log_push(&lirs->stack, page);
}

/* ---- the verbs ---- */

static MM_ALWAYS_INLINE void reference_hir(struct lirs *lirs, mmsim_page page)
{
    bool remembered = mm_log_has(&lirs->stack, page);
    stack_push(lirs, page);
    if (!remembered) {
        mm_chain_move_first(&lirs->lists[Q], page);
        prune(lirs); /* there may be no LIR page */
        return;
    }
    mm_chain_remove(&lirs->lists[Q], page);
    make_lir(lirs, page);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lirs *lirs = (struct lirs *)state;
    mm_resident_touch(&lirs->resident, page, kind, 0);
    if (!(lirs->resident.flags[page] & LIR)) {
        reference_hir(lirs, page);
        return;
    }
    bool oldest = lirs->stack.last[page] == lirs->stack.tail;
    mm_log_push(&lirs->stack, page);
    if (oldest)
        prune(lirs);
}

static MM_ALWAYS_INLINE void bound_stack(struct lirs *lirs)
{
    while (lirs->n_stack > lirs->max_stack && lirs->lists[GHOSTS].n_pages > 0)
        stack_remove(lirs, mm_chain_last(&lirs->lists[GHOSTS]));
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lirs *lirs = (struct lirs *)state;
    bool remembered = lirs->resident.flags[page] & GHOST;
    if (remembered)
        mm_chain_remove(&lirs->lists[GHOSTS], page);
    mm_resident_enter(&lirs->resident, page, kind, 0);
    stack_push(lirs, page);
    if (lirs->n_lir < lirs->max_lir || (remembered && lirs->max_lir > 0))
        make_lir(lirs, page);
    else
        mm_chain_push(&lirs->lists[Q], page);
    prune(lirs);
    bound_stack(lirs);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct lirs *lirs = (struct lirs *)state;
    (void)incoming;
    if (lirs->lists[Q].n_pages == 0)
        demote(lirs);
    mmsim_page victim = mm_chain_pop(&lirs->lists[Q]);
    bool remembered = mm_log_has(&lirs->stack, victim);
    if (remembered)
        mm_chain_push(&lirs->lists[GHOSTS], victim);
    mm_resident_leave(&lirs->resident, victim, remembered ? GHOST : 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct lirs *lirs = (struct lirs *)state;
    bool resident = mm_resident_has(&lirs->resident, page);
    bool lir = lirs->resident.flags[page] & LIR;
    if (resident && !lir)
        mm_chain_remove(&lirs->lists[Q], page);
    if (mm_log_has(&lirs->stack, page))
        stack_remove(lirs, page);
    if (resident) {
        mm_resident_leave(&lirs->resident, page, 0);
        lirs->n_lir -= lir;
    }
    lirs->resident.flags[page] = 0;
    prune(lirs);
}

static MM_NEVER_INLINE void step(void *state, mmsim_ref ref, struct mmsim_counts *counts)
{
    struct lirs *lirs = (struct lirs *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_step(state, &lirs->resident, ref, bulk, counts);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct lirs *lirs = (struct lirs *)state;
    const struct mm_log_bulk bulk = {LIR, LIR, 0, true, step};
    mm_log_replay(state, &lirs->resident, &lirs->stack, refs, n, bulk, counts);
}

static void resize(void *state, mmsim_page frames)
{
    struct lirs *lirs = (struct lirs *)state;
    set_sizes(lirs, frames);
    while (lirs->n_lir > lirs->max_lir)
        demote(lirs);
    bound_stack(lirs);
}

static const char *check(const void *state)
{
    const struct lirs *lirs = (const struct lirs *)state;
    const char *wrong = mm_resident_check(&lirs->resident);
    for (int i = 0; i < N_LISTS && !wrong; i++)
        wrong = mm_chain_check(&lirs->lists[i]);
    if (!wrong)
        wrong = mm_log_check(&lirs->stack, lirs->n_stack);
    if (wrong)
        return wrong;
    mmsim_page n_lir = 0;
    for (mmsim_page page = 0; page < lirs->resident.universe; page++) {
        n_lir += (lirs->resident.flags[page] & LIR) != 0;
        if ((lirs->resident.flags[page] & (LIR | GHOST)) && !mm_log_has(&lirs->stack, page))
            return "a page that S should remember is not in it";
    }
    if (n_lir != lirs->n_lir || n_lir + lirs->lists[Q].n_pages != lirs->resident.n_pages)
        return "the LIR pages and Q are not what is resident";
    if (lirs->n_stack > lirs->max_stack + lirs->lists[Q].n_pages)
        return "S is larger than twice the memory and what hits added since";
    return NULL;
}

const struct mmsim_policy_ops mm_policy_lirs = {
    MM_POLICY_HEAD,
    .name = "lirs",
    .summary = "pages with a short time between references keep nearly all frames",
    .source = "Jiang & Zhang, LIRS: an efficient low inter-reference recency set replacement "
              "policy, SIGMETRICS 2002",
    .view = MMSIM_VIEW_REFERENCES,
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
