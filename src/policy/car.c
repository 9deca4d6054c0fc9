/*
 * car.c - clock with adaptive replacement: arc's four lists, but T1 and T2 are clocks, so that a
 * hit only sets a bit. A page of T1 whose bit the hand finds goes to T2.
 *
 *   new -> T1 -bit seen-> T2        T1 -evicted-> B1 -returns-> T2 <-returns- B2 <-evicted- T2
 *
 * Invariants: |T1|+|B1| <= c; all four together <= 2c; 0 <= p <= c.
 */
#include "policy/chain.h"
#include "policy/look.h"
#include "policy/policy.h"
#include "policy/target.h"

enum {
    LIST_SHIFT = 2,
    LIST_MASK = 3 << LIST_SHIFT,
    LISTED = MM_OWN << 2,
    REFERENCED = MM_OWN << 3
};
enum { T1, T2, B1, B2, N_LISTS };
enum { PARAM_INTEGER };

struct car {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_chain lists[N_LISTS]; /* newest first; the hand of a clock is at its end */
    struct mm_target target;        /* for T1 */
};

static size_t lay_out(struct car *car, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *car};
    mm_resident_lay_out(&car->resident, &block, setup);
    mm_chain_lay_out(car->lists, N_LISTS, &block, setup->universe);
    car->looker = mm_looker_of(setup);
    car->target = (struct mm_target){0, mm_param_whole(setup, PARAM_INTEGER)};
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct car car;
    return lay_out(&car, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct car *)state, (uint8_t *)state, setup);
}

static inline unsigned in_list(unsigned list)
{
    return list << LIST_SHIFT | LISTED;
}

static inline unsigned list_of(const struct car *car, mmsim_page page)
{
    return (unsigned)(car->resident.flags[page] & LIST_MASK) >> LIST_SHIFT;
}

static inline bool is_ghost(const struct car *car, mmsim_page page)
{
    return (car->resident.flags[page] & (LISTED | MM_RESIDENT)) == LISTED;
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct car *car = (struct car *)state;
    mm_resident_touch(&car->resident, page, kind, REFERENCED);
}

/* The page under a hand was referenced: another round for it, in T2. */
static inline void spare(struct car *car, unsigned from, mmsim_page page)
{
    uint8_t *flags = &car->resident.flags[page];
    mm_chain_remove(&car->lists[from], page);
    mm_chain_push(&car->lists[T2], page);
    *flags = (uint8_t)((*flags & ~(unsigned)LIST_MASK) | in_list(T2));
}

static MM_ALWAYS_INLINE mmsim_page choose(struct car *car, const struct mm_looker *looker)
{
    const struct mm_chain *lists = car->lists;
    for (;;) {
        mmsim_page n = lists[T1].n_pages;
        bool t1 = n > 0 && (n >= car->target.p || lists[T2].n_pages == 0);
        mmsim_page page = mm_chain_last(&lists[t1 ? T1 : T2]);
        if (mm_look_clear(looker, &car->resident, page, REFERENCED)) {
            spare(car, t1 ? T1 : T2, page);
            continue;
        }
        unsigned ghosts = t1 ? B1 : B2;
        mm_chain_remove(&car->lists[t1 ? T1 : T2], page);
        mm_chain_push(&car->lists[ghosts], page);
        mm_resident_leave(&car->resident, page, in_list(ghosts));
        return page;
    }
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct car *car = (struct car *)state;
    (void)incoming;
    return choose(car, &car->looker);
}

static MM_ALWAYS_INLINE mmsim_page evict_told(void *state, mmsim_page incoming)
{
    (void)incoming;
    return choose((struct car *)state, NULL);
}

/* What a page that returns teaches. */
static MM_ALWAYS_INLINE void adapt(struct car *car, unsigned from)
{
    mm_target_move(&car->target, from == B1 ? 1 : -1, car->lists[from].n_pages,
                   car->lists[from == B1 ? B2 : B1].n_pages, car->resident.frames);
}

static MM_ALWAYS_INLINE void drop_ghost(struct car *car, unsigned list)
{
    car->resident.flags[mm_chain_pop(&car->lists[list])] &= MM_DIRTY;
}

static MM_ALWAYS_INLINE void trim(struct car *car)
{
    const struct mm_chain *lists = car->lists;
    mmsim_page c = car->resident.frames;
    while (lists[B1].n_pages > 0 && lists[T1].n_pages + lists[B1].n_pages > c)
        drop_ghost(car, B1);
    while (lists[B2].n_pages > 0 &&
           car->resident.n_pages + lists[B1].n_pages + lists[B2].n_pages > 2 * c)
        drop_ghost(car, B2);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct car *car = (struct car *)state;
    unsigned list = T1;
    if (is_ghost(car, page)) {
        unsigned from = list_of(car, page);
        adapt(car, from);
        mm_chain_remove(&car->lists[from], page);
        list = T2;
    }
    mm_resident_enter(&car->resident, page, kind, in_list(list));
    mm_chain_push(&car->lists[list], page);
    trim(car);
}

static void forget(void *state, mmsim_page page)
{
    struct car *car = (struct car *)state;
    if (!(car->resident.flags[page] & LISTED))
        return;
    mm_chain_remove(&car->lists[list_of(car, page)], page);
    if (mm_resident_has(&car->resident, page))
        mm_resident_leave(&car->resident, page, 0);
    car->resident.flags[page] = 0;
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct car car = *(struct car *)state; /* in registers, as far as they go */
    const struct mm_bulk bulk = {reference, load, evict_told, NULL};
    mm_bulk_replay(&car, &car.resident, refs, n, bulk, counts);
    *(struct car *)state = car;
}

static void resize(void *state, mmsim_page frames)
{
    struct car *car = (struct car *)state;
    car->resident.frames = frames;
    mm_target_resize(&car->target, frames);
    trim(car);
}

static const char *check(const void *state)
{
    const struct car *car = (const struct car *)state;
    const struct mm_chain *lists = car->lists;
    mmsim_page c = car->resident.frames;
    const char *wrong = mm_resident_check(&car->resident);
    for (int i = 0; i < N_LISTS && !wrong; i++)
        wrong = mm_chain_check(&lists[i]);
    if (wrong)
        return wrong;
    if (lists[T1].n_pages + lists[T2].n_pages != car->resident.n_pages)
        return "T1 and T2 are not what is resident";
    if (lists[B1].n_pages > 0 && lists[T1].n_pages + lists[B1].n_pages > c)
        return "T1 and B1 together are larger than the memory";
    if (car->resident.n_pages + lists[B1].n_pages + lists[B2].n_pages > 2 * c)
        return "the four lists together are larger than twice the memory";
    return car->target.p < 0 || car->target.p > c ? "the target for T1 is not in its range" : NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_INTEGER] = {"integer", "1: the target and its step are whole numbers, as in the paper",
                       0, 1, 0, MMSIM_PARAM_WHOLE, NULL},
    {0},
};

const struct mmsim_policy_ops mm_policy_car = {
    MM_POLICY_HEAD,
    .name = "car",
    .summary = "two clocks, for pages seen once and again; what returns moves their sizes",
    .source = "Bansal & Modha, CAR: clock with adaptive replacement, FAST 2004",
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
