/*
 * arc.c - adaptive replacement cache: a list of pages seen once lately (T1) and one of pages seen
 * at least twice (T2), each with a memory of what left it (B1, B2: no frames). A page that returns
 * from B1 shows that T1 should be larger, one from B2 that T2 should: `p`, the target for T1,
 * moves.
 *
 *   new -> T1 -hit-> T2        T1 -evicted-> B1 -returns-> T2 <-returns- B2 <-evicted- T2
 *
 * Cases as numbered in the paper: I a hit, II a miss found in B1, III in B2, IV in neither.
 * Invariants: |T1|+|B1| <= c; all four together <= 2c; 0 <= p <= c.
 */
#include "policy/chain.h"
#include "policy/log_bulk.h"
#include "policy/policy.h"
#include "policy/target.h"

enum { LIST_SHIFT = 2, LIST_MASK = 3 << LIST_SHIFT, LISTED = MM_OWN << 2, ADAPTED = MM_OWN << 3 };
enum { T1, B1, B2, N_CHAINS, T2 = N_CHAINS };
enum { PARAM_INTEGER };

struct arc {
    struct mm_resident resident;
    struct mm_chain lists[N_CHAINS]; /* most recently used first */
    struct mm_log t2;
    mmsim_page n_t2;
    struct mm_target target; /* for T1 */
};

static size_t lay_out(struct arc *arc, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *arc};
    mm_resident_lay_out(&arc->resident, &block, setup);
    mm_chain_lay_out(arc->lists, N_CHAINS, &block, setup->universe);
    mm_log_lay_out(&arc->t2, &block, setup->universe, setup->frames,
                   setup->universe * 3ull / 4 + setup->frames);
    arc->n_t2 = 0;
    arc->target = (struct mm_target){0, mm_param_whole(setup, PARAM_INTEGER)};
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct arc arc;
    return lay_out(&arc, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct arc *)state, (uint8_t *)state, setup);
}

static inline unsigned in_list(unsigned list)
{
    return list << LIST_SHIFT | LISTED;
}

static inline unsigned list_of(const struct arc *arc, mmsim_page page)
{
    return (unsigned)(arc->resident.flags[page] & LIST_MASK) >> LIST_SHIFT;
}

static inline bool is_ghost(const struct arc *arc, mmsim_page page)
{
    return (arc->resident.flags[page] & (LISTED | MM_RESIDENT)) == LISTED;
}

static MM_ALWAYS_INLINE void push(struct arc *arc, unsigned list, mmsim_page page)
{
    if (list != T2) {
        mm_chain_push(&arc->lists[list], page);
        return;
    }
    mm_log_push(&arc->t2, page);
    arc->n_t2++;
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct arc *arc = (struct arc *)state;
    uint8_t *flags = &arc->resident.flags[page];
    if (list_of(arc, page) == T2) {
        mm_resident_touch(&arc->resident, page, kind, 0);
        mm_log_push(&arc->t2, page);
        return;
    }
    mm_chain_remove(&arc->lists[T1], page);
    push(arc, T2, page);
    *flags = (uint8_t)((*flags & ~(unsigned)LIST_MASK) | in_list(T2) | mm_dirty_flag(kind));
}

/* Cases II and III: what a returning page teaches. */
static MM_ALWAYS_INLINE void adapt(struct arc *arc, unsigned from)
{
    mm_target_move(&arc->target, from == B1 ? 1 : -1, arc->lists[from].n_pages,
                   arc->lists[from == B1 ? B2 : B1].n_pages, arc->resident.frames);
}

static MM_ALWAYS_INLINE mmsim_page demote(struct arc *arc, mmsim_page victim, unsigned to)
{
    mm_chain_push(&arc->lists[to], victim);
    mm_resident_leave(&arc->resident, victim, in_list(to));
    return victim;
}

/* The paper's REPLACE; T1 also gives if T2 has nothing. */
static MM_ALWAYS_INLINE mmsim_page replace(struct arc *arc, bool from_b2)
{
    mmsim_page n = arc->lists[T1].n_pages;
    bool t1 = n > 0 && (n > arc->target.p || (from_b2 && n == arc->target.p));
    if (t1 || arc->n_t2 == 0)
        return demote(arc, mm_chain_pop(&arc->lists[T1]), B1);
    arc->n_t2--;
    return demote(arc, mm_log_pop(&arc->t2), B2);
}

static MM_ALWAYS_INLINE void drop_ghost(struct arc *arc, unsigned list)
{
    arc->resident.flags[mm_chain_pop(&arc->lists[list])] &= MM_DIRTY;
}

/* Case IV: there is to be room for one more page in T1, and in its memory. */
static MM_ALWAYS_INLINE mmsim_page replace_for_new(struct arc *arc)
{
    const struct mm_chain *lists = arc->lists;
    mmsim_page c = arc->resident.frames, l1 = lists[T1].n_pages + lists[B1].n_pages;
    if (l1 >= c && lists[B1].n_pages == 0) {
        mmsim_page victim = mm_chain_pop(&arc->lists[T1]);
        mm_resident_leave(&arc->resident, victim, 0);
        return victim;
    }
    if (l1 >= c)
        drop_ghost(arc, B1);
    else if (lists[B2].n_pages > 0 && l1 + arc->n_t2 + lists[B2].n_pages >= 2 * c)
        drop_ghost(arc, B2);
    return replace(arc, false);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct arc *arc = (struct arc *)state;
    if (incoming == MMSIM_NO_PAGE)
        return replace(arc, false);
    if (!is_ghost(arc, incoming))
        return replace_for_new(arc);
    unsigned from = list_of(arc, incoming);
    if (!(arc->resident.flags[incoming] & ADAPTED))
        adapt(arc, from);
    arc->resident.flags[incoming] |= ADAPTED;
    return replace(arc, from == B2);
}

/* With frames to spare, evict() has not been asked: what it keeps small is kept small here. */
static MM_ALWAYS_INLINE void trim(struct arc *arc)
{
    const struct mm_chain *lists = arc->lists;
    mmsim_page c = arc->resident.frames;
    while (lists[B1].n_pages > 0 && lists[T1].n_pages + lists[B1].n_pages > c)
        drop_ghost(arc, B1);
    while (lists[B2].n_pages > 0 &&
           arc->resident.n_pages + lists[B1].n_pages + lists[B2].n_pages > 2 * c)
        drop_ghost(arc, B2);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct arc *arc = (struct arc *)state;
    unsigned list = T1;
    if (is_ghost(arc, page)) {
        unsigned from = list_of(arc, page);
        if (!(arc->resident.flags[page] & ADAPTED))
            adapt(arc, from);
        mm_chain_remove(&arc->lists[from], page);
        list = T2;
    }
    mm_resident_enter(&arc->resident, page, kind, in_list(list));
    push(arc, list, page);
    trim(arc);
}

static void forget(void *state, mmsim_page page)
{
    struct arc *arc = (struct arc *)state;
    if (!(arc->resident.flags[page] & LISTED))
        return;
    if (list_of(arc, page) != T2) {
        mm_chain_remove(&arc->lists[list_of(arc, page)], page);
    } else {
        mm_log_remove(&arc->t2, page);
        arc->n_t2--;
    }
    if (mm_resident_has(&arc->resident, page))
        mm_resident_leave(&arc->resident, page, 0);
    arc->resident.flags[page] = 0;
}

static MM_NEVER_INLINE void step(void *state, mmsim_ref ref, struct mmsim_counts *counts)
{
    struct arc *arc = (struct arc *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_step(state, &arc->resident, ref, bulk, counts);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct arc *arc = (struct arc *)state;
    const struct mm_log_bulk bulk = {MM_RESIDENT | LIST_MASK, MM_RESIDENT | T2 << LIST_SHIFT, 0,
                                     false, step};
    mm_log_replay(state, &arc->resident, &arc->t2, refs, n, bulk, counts);
}

static void resize(void *state, mmsim_page frames)
{
    struct arc *arc = (struct arc *)state;
    arc->resident.frames = frames;
    mm_target_resize(&arc->target, frames);
    trim(arc);
}

static const char *check(const void *state)
{
    const struct arc *arc = (const struct arc *)state;
    const struct mm_chain *lists = arc->lists;
    mmsim_page c = arc->resident.frames;
    const char *wrong = mm_resident_check(&arc->resident);
    for (int i = 0; i < N_CHAINS && !wrong; i++)
        wrong = mm_chain_check(&lists[i]);
    if (!wrong)
        wrong = mm_log_check(&arc->t2, arc->n_t2);
    if (wrong)
        return wrong;
    if (lists[T1].n_pages + arc->n_t2 != arc->resident.n_pages)
        return "T1 and T2 are not what is resident";
    if (lists[T1].n_pages + lists[B1].n_pages > c)
        return "T1 and B1 together are larger than the memory";
    if (arc->resident.n_pages + lists[B1].n_pages + lists[B2].n_pages > 2 * c)
        return "the four lists together are larger than twice the memory";
    return arc->target.p < 0 || arc->target.p > c ? "the target for T1 is not in its range" : NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_INTEGER] = {"integer",
                       "1: the target for T1 moves by whole pages, as in the paper; 0: by"
                       " the exact quotient",
                       0, 1, 0, MMSIM_PARAM_WHOLE, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_arc = {
    MM_POLICY_HEAD,
    .name = "arc",
    .summary = "balances pages seen once against pages seen twice by what returns too late",
    .source = "Megiddo & Modha, ARC: a self-tuning, low overhead replacement cache, FAST 2003",
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
