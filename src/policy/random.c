/* random.c - any page, all with equal chance: what every other policy must be better than. */
#include "base/rng.h"
#include "policy/policy.h"

struct random {
    struct mm_resident resident;
    struct mm_rng rng;
    mmsim_page *pages;   /* those that are resident, in no order */
    mmsim_page *slot_of; /* by page */
};

static size_t lay_out(struct random *random, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *random};
    mm_resident_lay_out(&random->resident, &block, setup);
    random->pages = (mmsim_page *)mm_block_take(&block, setup->frames, sizeof *random->pages);
    random->slot_of = (mmsim_page *)mm_block_take(&block, setup->universe, sizeof *random->slot_of);
    mm_rng_seed(&random->rng, setup->seed);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct random random;
    return lay_out(&random, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct random *)state, (uint8_t *)state, setup);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct random *random = (struct random *)state;
    mm_resident_touch(&random->resident, page, kind, 0);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct random *random = (struct random *)state;
    mmsim_page slot = random->resident.n_pages;
    random->pages[slot] = page;
    random->slot_of[page] = slot;
    mm_resident_enter(&random->resident, page, kind, 0);
}

/* The last one takes its slot. */
static MM_ALWAYS_INLINE void take_out(struct random *random, mmsim_page page)
{
    mm_resident_leave(&random->resident, page, 0);
    mmsim_page last = random->pages[random->resident.n_pages], slot = random->slot_of[page];
    random->pages[slot] = last;
    random->slot_of[last] = slot;
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct random *random = (struct random *)state;
    (void)incoming;
    mmsim_page victim = random->pages[mm_rng_below(&random->rng, random->resident.n_pages)];
    take_out(random, victim);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct random *random = (struct random *)state;
    if (mm_resident_has(&random->resident, page))
        take_out(random, page);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct random *random = (struct random *)state;
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_replay(state, &random->resident, refs, n, bulk, counts);
}

static void resize(void *state, mmsim_page frames)
{
    struct random *random = (struct random *)state;
    random->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct random *random = (const struct random *)state;
    for (mmsim_page i = 0; i < random->resident.n_pages; i++) {
        mmsim_page page = random->pages[i];
        if (!mm_resident_has(&random->resident, page) || random->slot_of[page] != i)
            return "a slot has a page that is not resident, or does not know it";
    }
    return mm_resident_check(&random->resident);
}

const struct mmsim_policy_ops mm_policy_random = {
    MM_POLICY_HEAD,
    .name = "random",
    .summary = "any page goes, all with equal chance; the seed decides",
    .source = "Belady, A study of replacement algorithms for a virtual-storage computer, "
              "IBM Systems Journal 5(2), 1966",
    .view = MMSIM_VIEW_BITS,
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
