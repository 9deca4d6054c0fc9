/*
 * linux.c - Linux's two lists: pages come to the inactive one, earn the active one by being used
 * twice, and leave from the inactive one's end.
 *
 *                 used again                       inactive list too short
 *   new -> INACTIVE ---------> ACTIVE              ACTIVE ------------------> INACTIVE, bit cleared
 *            |  ^                ^
 *      leaves|  | refault, far   | refault, near   near: its distance is at most the active list
 *            v  |                |
 *           shadow (the age when it left)
 *
 * At the end of the inactive list a page whose accessed bit is set is spared: once it is only
 * marked and goes to the front; if it carries the mark already it is activated. The mark is what
 * the last look found. The active list gives pages while inactive x ratio < active.
 *
 * The age counts pages that leave and pages that are activated; the refault distance is the age now
 * minus the age in the shadow. Like the kernel's it wraps, here at 2^32.
 */
#include "policy/chain.h"
#include "policy/look.h"
#include "policy/period.h"
#include "policy/policy.h"

enum {
    REFERENCED = MM_OWN,
    MARKED = MM_OWN << 1,
    ACTIVE_PAGE = MM_OWN << 2,
    SHADOW = MM_OWN << 3 /* not resident: it left by eviction */
};

enum { INACTIVE, ACTIVE, N_LISTS };
enum { PARAM_RATIO, PARAM_LOAD_BIT };
enum { PAGES_PER_GIB_SHIFT = 18 };

struct linux_lists {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_chain lists[N_LISTS]; /* newest first */
    uint32_t *shadows;              /* by page */
    uint32_t age;
    uint32_t ratio;
    bool ratio_is_ours; /* by the formula */
    unsigned on_load;
};

static uint32_t square_root(uint64_t x)
{
    uint32_t root = 0;
    while ((uint64_t)(root + 1) * (root + 1) <= x)
        root++;
    return root;
}

/* The kernel's, for pages of 4 KiB: 1 below 1 GiB, 3 at 1 GiB, 10 at 10 GiB. */
static uint32_t ratio_for(mmsim_page frames)
{
    uint32_t gib = frames >> PAGES_PER_GIB_SHIFT;
    return gib > 0 ? square_root(10 * (uint64_t)gib) : 1;
}

static size_t lay_out(struct linux_lists *linux, uint8_t *base,
                      const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *linux};
    mm_resident_lay_out(&linux->resident, &block, setup);
    mm_chain_lay_out(linux->lists, N_LISTS, &block, setup->universe);
    linux->shadows = (uint32_t *)mm_block_take(&block, setup->universe, sizeof *linux->shadows);
    linux->looker = mm_looker_of(setup);
    linux->age = 0;
    linux->ratio = mm_param_whole(setup, PARAM_RATIO);
    linux->ratio_is_ours = linux->ratio == 0;
    if (linux->ratio_is_ours)
        linux->ratio = ratio_for(setup->frames);
    linux->on_load = mm_param_whole(setup, PARAM_LOAD_BIT) ? REFERENCED : 0;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct linux_lists linux;
    return lay_out(&linux, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct linux_lists *)state, (uint8_t *)state, setup);
}

static inline struct mm_chain *list_of(struct linux_lists *linux, mmsim_page page)
{
    return &linux->lists[linux->resident.flags[page] & ACTIVE_PAGE ? ACTIVE : INACTIVE];
}

static inline void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct linux_lists *linux = (struct linux_lists *)state;
    mm_resident_touch(&linux->resident, page, kind, REFERENCED);
}

/* Whether it would have stayed, had the active list's frames been the inactive one's. */
static inline bool returns_soon(const struct linux_lists *linux, mmsim_page page)
{
    return linux->resident.flags[page] & SHADOW &&
           linux->age - linux->shadows[page] <= linux->lists[ACTIVE].n_pages;
}

static inline void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct linux_lists *linux = (struct linux_lists *)state;
    unsigned active = returns_soon(linux, page) ? ACTIVE_PAGE : 0;
    mm_resident_enter(&linux->resident, page, kind, linux->on_load | active);
    mm_chain_push(list_of(linux, page), page);
    linux->age += active != 0;
}

static inline void activate(struct linux_lists *linux, mmsim_page page)
{
    mm_chain_remove(&linux->lists[INACTIVE], page);
    linux->resident.flags[page] = (uint8_t)(linux->resident.flags[page] | ACTIVE_PAGE);
    mm_chain_push(&linux->lists[ACTIVE], page);
    linux->age++;
}

/* While the inactive list is too short; used or not, the oldest active page goes there. */
static inline void refill(struct linux_lists *linux)
{
    struct mm_chain *lists = linux->lists;
    while ((uint64_t)lists[INACTIVE].n_pages * linux->ratio < lists[ACTIVE].n_pages) {
        mmsim_page page = mm_chain_pop(&lists[ACTIVE]);
        mm_look_clear(&linux->looker, &linux->resident, page, REFERENCED);
        linux->resident.flags[page] = (uint8_t)(linux->resident.flags[page] & ~ACTIVE_PAGE);
        mm_chain_push(&lists[INACTIVE], page);
    }
}

/* The page at the end of the inactive list: whether it is spared. */
static inline bool spare(struct linux_lists *linux, mmsim_page page)
{
    uint8_t *flags = &linux->resident.flags[page];
    bool marked = *flags & MARKED;
    bool referenced = mm_look_clear(&linux->looker, &linux->resident, page, REFERENCED);
    *flags = (uint8_t)((*flags & ~MARKED) | (referenced ? MARKED : 0));
    if (referenced && marked)
        activate(linux, page);
    else if (referenced)
        mm_chain_move_first(&linux->lists[INACTIVE], page);
    return referenced;
}

static inline mmsim_page evict(void *state, mmsim_page incoming)
{
    struct linux_lists *linux = (struct linux_lists *)state;
    mmsim_page page;
    (void)incoming;
    do {
        refill(linux);
        page = mm_chain_last(&linux->lists[INACTIVE]);
    } while (spare(linux, page));
    mm_chain_remove(&linux->lists[INACTIVE], page);
    mm_resident_leave(&linux->resident, page, SHADOW);
    linux->shadows[page] = linux->age++;
    return page;
}

static void forget(void *state, mmsim_page page)
{
    struct linux_lists *linux = (struct linux_lists *)state;
    if (mm_resident_has(&linux->resident, page)) {
        mm_chain_remove(list_of(linux, page), page);
        mm_resident_leave(&linux->resident, page, 0);
    }
    linux->resident.flags[page] = 0;
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct linux_lists *linux = (struct linux_lists *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_replay(state, &linux->resident, refs, n, bulk, counts);
}

static void resize(void *state, mmsim_page frames)
{
    struct linux_lists *linux = (struct linux_lists *)state;
    linux->resident.frames = frames;
    if (linux->ratio_is_ours)
        linux->ratio = ratio_for(frames);
}

static const char *check(const void *state)
{
    const struct linux_lists *linux = (const struct linux_lists *)state;
    const char *wrong = mm_resident_check(&linux->resident);
    for (int i = 0; i < N_LISTS && !wrong; i++)
        wrong = mm_chain_check(&linux->lists[i]);
    if (wrong)
        return wrong;
    return linux->lists[INACTIVE].n_pages + linux->lists[ACTIVE].n_pages != linux->resident.n_pages
               ? "the lists are not what is resident"
               : NULL;
}

static const struct mmsim_param params[] = {
    [PARAM_RATIO] = {"inactive-ratio",
                     "how many times the inactive list the active one may be; 0: the kernel's"
                     " formula, the root of ten times the GiB",
                     0, 1000, 0, MMSIM_PARAM_WHOLE, NULL},
    [PARAM_LOAD_BIT] = MM_PARAM_LOAD_BIT,
    {0},
};

const struct mmsim_policy_ops mm_policy_linux = {
    MM_POLICY_HEAD,
    .name = "linux",
    .summary = "an inactive and an active list, second chance, and the distance of refaults",
    .source = "Linux, mm/vmscan.c and mm/workingset.c (Weiner, 2014), without generations",
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
