/*
 * sieve.c - a queue through which a hand goes from the oldest to the newest, clearing bits, and
 * takes the first page whose bit is 0. Who is spared stays where it is: newcomers at the head are
 * sifted out before the hand returns to those that proved themselves.
 */
#include "policy/chain.h"
#include "policy/look.h"
#include "policy/policy.h"

enum { VISITED = MM_OWN };

struct sieve {
    struct mm_resident resident;
    struct mm_looker looker;
    struct mm_chain queue; /* newest first */
    mmsim_page hand;       /* where the search begins; the head: at the oldest */
};

static size_t lay_out(struct sieve *sieve, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *sieve};
    mm_resident_lay_out(&sieve->resident, &block, setup);
    sieve->looker = mm_looker_of(setup);
    mm_chain_lay_out(&sieve->queue, 1, &block, setup->universe);
    sieve->hand = sieve->queue.head;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct sieve sieve;
    return lay_out(&sieve, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct sieve *)state, (uint8_t *)state, setup);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct sieve *sieve = (struct sieve *)state;
    mm_resident_touch(&sieve->resident, page, kind, VISITED);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct sieve *sieve = (struct sieve *)state;
    mm_resident_enter(&sieve->resident, page, kind, 0);
    mm_chain_push(&sieve->queue, page);
}

/* It leaves the queue; a hand that pointed to it goes on to the next newer one. */
static MM_ALWAYS_INLINE void take_out(struct sieve *sieve, mmsim_page page)
{
    if (sieve->hand == page)
        sieve->hand = sieve->queue.links[page].prev;
    mm_chain_remove(&sieve->queue, page);
    mm_resident_leave(&sieve->resident, page, 0);
}

static inline mmsim_page newer(const struct mm_chain *queue, mmsim_page page)
{
    mmsim_page prev = queue->links[page].prev;
    return prev == queue->head ? queue->links[prev].prev : prev;
}

static MM_ALWAYS_INLINE mmsim_page choose(struct sieve *sieve, const struct mm_looker *looker)
{
    mmsim_page page = sieve->hand == sieve->queue.head ? mm_chain_last(&sieve->queue) : sieve->hand;
    while (mm_look_clear(looker, &sieve->resident, page, VISITED))
        page = newer(&sieve->queue, page);
    sieve->hand = page;
    take_out(sieve, page);
    return page;
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct sieve *sieve = (struct sieve *)state;
    (void)incoming;
    return choose(sieve, &sieve->looker);
}

static MM_ALWAYS_INLINE mmsim_page evict_told(void *state, mmsim_page incoming)
{
    (void)incoming;
    return choose((struct sieve *)state, NULL);
}

static void forget(void *state, mmsim_page page)
{
    struct sieve *sieve = (struct sieve *)state;
    if (mm_resident_has(&sieve->resident, page))
        take_out(sieve, page);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct sieve sieve = *(struct sieve *)state; /* in registers, as far as they go */
    const struct mm_bulk bulk = {reference, load, evict_told, NULL};
    mm_bulk_replay(&sieve, &sieve.resident, refs, n, bulk, counts);
    *(struct sieve *)state = sieve;
}

static void resize(void *state, mmsim_page frames)
{
    struct sieve *sieve = (struct sieve *)state;
    sieve->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct sieve *sieve = (const struct sieve *)state;
    const char *wrong = mm_resident_check(&sieve->resident);
    if (wrong)
        return wrong;
    if (sieve->hand != sieve->queue.head && !mm_resident_has(&sieve->resident, sieve->hand))
        return "the hand points to a page that is not there";
    return mm_chain_check(&sieve->queue);
}

const struct mmsim_policy_ops mm_policy_sieve = {
    MM_POLICY_HEAD,
    .name = "sieve",
    .summary = "a hand sifts a queue from old to new; pages that it spares stay where they are",
    .source = "Zhang, Yang, Yue, Vigfusson & Rashmi, SIEVE is simpler than LRU, NSDI 2024",
    .view = MMSIM_VIEW_BITS,
    .flags = MMSIM_POLICY_LOOKS,
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
