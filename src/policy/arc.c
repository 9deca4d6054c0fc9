/*
 * arc.c - adaptive replacement cache: a list of pages seen once lately (T1) and one of pages seen
 * at least twice (T2), each with a memory of what left it (B1, B2: no frames). A page that returns
 * from B1 shows that T1 should be larger, one from B2 that T2 should: `p`, the target for T1,
 * moves.
 *
 *   new -> T1 -hit-> T2        T1 -evicted-> B1 -returns-> T2 <-returns- B2 <-evicted- T2
 *
 * Pages leave T1 in the order in which they came, and T2 in that of their last references; B1 and
 * T1, and B2 and T2, are one log of two lists each (log.h). L1 and L2, as the paper calls them, are
 * treated alike, by number rather than by branches that are hard to predict.
 *
 * Cases as numbered in the paper: I a hit, II a miss found in B1, III in B2, IV in neither.
 * Invariants: |T1|+|B1| <= c; all four together <= 2c; 0 <= p <= c.
 */
#include "policy/log_bulk.h"
#include "policy/policy.h"
#include "policy/target.h"

enum { L1, L2, N_LISTS };

enum {
    IN_L2 = MM_OWN,       /* else, if resident or a ghost, in L1 */
    GHOST = MM_OWN << 1,  /* not resident: in B1 or B2 */
    ADAPTED = MM_OWN << 2 /* a ghost that has moved the target for its load */
};

enum { PARAM_INTEGER };

struct list {
    struct mm_log log; /* B, and after it T */
    mmsim_page n_ghosts, n_resident;
};

struct arc {
    struct mm_resident resident;
    struct list lists[N_LISTS];
    struct mm_target target; /* for T1 */
};

static size_t lay_out(struct arc *arc, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *arc};
    uint64_t c = setup->frames, all = setup->universe;
    uint64_t most_l1 = c < all ? c : all, most_l2 = 2 * c < all ? 2 * c : all;
    for (int i = 0; i < N_LISTS; i++)
        arc->lists[i].n_ghosts = arc->lists[i].n_resident = 0;
    mm_resident_lay_out(&arc->resident, &block, setup);
    mm_logs_lay_out((struct mm_log *[]){&arc->lists[L1].log, &arc->lists[L2].log},
                    (uint64_t[]){most_l1 + (most_l1 + all) / 4, most_l2 + 2 * all}, N_LISTS, &block,
                    setup->universe);
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

static inline bool is_ghost(unsigned flags)
{
    return (flags & GHOST) != 0;
}

static inline unsigned list_of(unsigned flags)
{
    return flags / IN_L2 & 1;
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct arc *arc = (struct arc *)state;
    arc->lists[list_of(arc->resident.flags[page])].n_resident--;
    arc->lists[L2].n_resident++;
    mm_resident_touch(&arc->resident, page, kind, IN_L2);
    mm_log_push(&arc->lists[L2].log, page);
}

/* Cases II and III: what a returning page teaches. */
static MM_ALWAYS_INLINE void adapt(struct arc *arc, mmsim_page ghost)
{
    uint8_t *flags = &arc->resident.flags[ghost];
    mmsim_page b1 = arc->lists[L1].n_ghosts, b2 = arc->lists[L2].n_ghosts;
    if (*flags & ADAPTED)
        return;
    if (list_of(*flags) == L1)
        mm_target_move(&arc->target, 1, b1, b2, arc->resident.frames);
    else
        mm_target_move(&arc->target, -1, b2, b1, arc->resident.frames);
    *flags |= ADAPTED;
}

static MM_ALWAYS_INLINE mmsim_page demote(struct arc *arc, unsigned from)
{
    struct list *list = &arc->lists[from];
    mmsim_page victim = mm_log_pass(&list->log);
    list->n_resident--;
    list->n_ghosts++;
    mm_resident_leave(&arc->resident, victim, GHOST | from * IN_L2);
    return victim;
}

/* The paper's REPLACE; T1 also gives if T2 has nothing. */
static MM_ALWAYS_INLINE mmsim_page replace(struct arc *arc, bool from_b2)
{
    mmsim_page n = arc->lists[L1].n_resident;
    bool t1 = n > 0 && (n > arc->target.p || (from_b2 && n == arc->target.p));
    if (t1 || arc->lists[L2].n_resident == 0)
        return demote(arc, L1);
    return demote(arc, L2);
}

static MM_ALWAYS_INLINE void drop_ghost(struct arc *arc, unsigned from)
{
    struct list *list = &arc->lists[from];
    arc->resident.flags[mm_log_pop(&list->log)] &= MM_DIRTY;
    list->n_ghosts--;
}

/* Case IV A with B1 empty: the page is not remembered. */
static mmsim_page replace_in_t1(struct arc *arc)
{
    struct list *l1 = &arc->lists[L1];
    mmsim_page victim = mm_log_pass(&l1->log);
    mm_log_remove(&l1->log, victim);
    l1->n_resident--;
    mm_resident_leave(&arc->resident, victim, 0);
    return victim;
}

static inline mmsim_page n_in_all(const struct arc *arc)
{
    return arc->resident.n_pages + arc->lists[L1].n_ghosts + arc->lists[L2].n_ghosts;
}

/* Case IV: there is to be room for one more page in T1, and in its memory. */
static MM_ALWAYS_INLINE mmsim_page replace_for_new(struct arc *arc)
{
    const struct list *lists = arc->lists;
    mmsim_page c = arc->resident.frames;
    if (lists[L1].n_resident + lists[L1].n_ghosts >= c) {
        if (lists[L1].n_ghosts == 0)
            return replace_in_t1(arc);
        drop_ghost(arc, L1);
    } else if (lists[L2].n_ghosts > 0 && n_in_all(arc) >= 2 * c) {
        drop_ghost(arc, L2);
    }
    return replace(arc, false);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct arc *arc = (struct arc *)state;
    if (incoming == MMSIM_NO_PAGE)
        return replace(arc, false);
    unsigned flags = arc->resident.flags[incoming];
    if (!is_ghost(flags))
        return replace_for_new(arc);
    adapt(arc, incoming);
    return replace(arc, list_of(flags) == L2);
}

/* With frames to spare, evict() has not been asked: what it keeps small is kept small here. */
static MM_ALWAYS_INLINE void trim(struct arc *arc)
{
    const struct list *lists = arc->lists;
    mmsim_page c = arc->resident.frames;
    while (lists[L1].n_ghosts > 0 && lists[L1].n_resident + lists[L1].n_ghosts > c)
        drop_ghost(arc, L1);
    while (lists[L2].n_ghosts > 0 && n_in_all(arc) > 2 * c)
        drop_ghost(arc, L2);
}

static MM_ALWAYS_INLINE void enter(struct arc *arc, mmsim_page page, enum mmsim_kind kind,
                                   unsigned to)
{
    mm_resident_enter(&arc->resident, page, kind, to * IN_L2);
    mm_log_push(&arc->lists[to].log, page);
    arc->lists[to].n_resident++;
}

static MM_ALWAYS_INLINE void return_ghost(struct arc *arc, mmsim_page page, enum mmsim_kind kind)
{
    adapt(arc, page);
    arc->lists[list_of(arc->resident.flags[page])].n_ghosts--;
    enter(arc, page, kind, L2);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct arc *arc = (struct arc *)state;
    if (is_ghost(arc->resident.flags[page]))
        return_ghost(arc, page, kind);
    else
        enter(arc, page, kind, L1);
    trim(arc);
}

static void forget(void *state, mmsim_page page)
{
    struct arc *arc = (struct arc *)state;
    unsigned flags = arc->resident.flags[page];
    struct list *list = &arc->lists[list_of(flags)];
    if (!(flags & (MM_RESIDENT | GHOST)))
        return;
    mm_log_remove(&list->log, page);
    if (is_ghost(flags)) {
        list->n_ghosts--;
    } else {
        list->n_resident--;
        mm_resident_leave(&arc->resident, page, 0);
    }
    arc->resident.flags[page] = 0;
}

/* A miss when all frames are used: evict() and load() in one, as few decisions as there are. */
static MM_ALWAYS_INLINE mmsim_page exchange(struct arc *arc, mmsim_page page, enum mmsim_kind kind)
{
    unsigned flags = arc->resident.flags[page];
    mmsim_page victim;
    if (is_ghost(flags)) {
        adapt(arc, page);
        victim = replace(arc, list_of(flags) == L2);
        return_ghost(arc, page, kind);
    } else {
        victim = replace_for_new(arc);
        enter(arc, page, kind, L1);
    }
    return victim;
}

static MM_NEVER_INLINE void step(void *state, mmsim_ref ref, struct mmsim_counts *counts)
{
    struct arc *arc = (struct arc *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mmsim_page page = mmsim_ref_page(ref);
    if (mm_resident_has(&arc->resident, page) || arc->resident.n_pages != arc->resident.frames) {
        mm_bulk_step(state, &arc->resident, ref, bulk, counts);
        return;
    }
    counts->misses++;
    mm_bulk_count(&arc->resident, exchange(arc, page, mmsim_ref_kind(ref)), counts);
}

/*
 * As many hits as come in a row, while T2 has places; returns how many. A hit moves its page to the
 * end of T2, wherever it was.
 */
static MM_ALWAYS_INLINE size_t hit_all(struct arc *arc, const mmsim_ref *refs, size_t n)
{
    struct mm_log *log = &arc->lists[L2].log;
    uint8_t *flags = arc->resident.flags;
    uint32_t *last = log->last, now = log->now;
    mmsim_page *places = log->places + now;
    size_t n_hits = 0, n_from_t1 = 0;
    size_t most = n < log->end - now ? n : log->end - now;
    for (; n_hits < most; n_hits++) {
        mmsim_page page = mmsim_ref_page(refs[n_hits]);
        unsigned old = flags[page];
        if (!(old & MM_RESIDENT))
            break;
        n_from_t1 += old < IN_L2; /* it is no ghost */
        flags[page] = (uint8_t)(old | IN_L2 | mm_dirty_flag(mmsim_ref_kind(refs[n_hits])));
        places[n_hits] = page;
        last[page] = now + (uint32_t)n_hits;
    }
    log->now += (uint32_t)n_hits;
    arc->lists[L1].n_resident -= (mmsim_page)n_from_t1;
    arc->lists[L2].n_resident += (mmsim_page)n_from_t1;
    return n_hits;
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct arc *arc = (struct arc *)state;
    counts->references += n;
    for (size_t i = 0; i < n; i++) {
        i += hit_all(arc, refs + i, n - i);
        if (i < n)
            step(state, refs[i], counts);
    }
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
    const struct list *l1 = &arc->lists[L1], *l2 = &arc->lists[L2];
    mmsim_page c = arc->resident.frames;
    const char *wrong = mm_resident_check(&arc->resident);
    if (!wrong)
        wrong = mm_log_check_two(&l1->log, l1->n_ghosts, l1->n_resident);
    if (!wrong)
        wrong = mm_log_check_two(&l2->log, l2->n_ghosts, l2->n_resident);
    if (wrong)
        return wrong;
    if (l1->n_resident + l2->n_resident != arc->resident.n_pages)
        return "T1 and T2 are not what is resident";
    if (l1->n_resident + l1->n_ghosts > c)
        return "T1 and B1 together are larger than the memory";
    if (n_in_all(arc) > 2 * c)
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
