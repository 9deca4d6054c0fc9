/* fifo.c - first in, first out: what was loaded first goes first. */
#include "policy/policy.h"
#include "policy/ring.h"

struct fifo {
    struct mm_resident resident;
    struct mm_ring queue;
};

static size_t lay_out(struct fifo *fifo, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *fifo};
    mm_resident_lay_out(&fifo->resident, &block, setup);
    mm_ring_lay_out(&fifo->queue, &block, setup->frames, setup->universe, NULL);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct fifo fifo;
    return lay_out(&fifo, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct fifo *)state, (uint8_t *)state, setup);
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct fifo *fifo = (struct fifo *)state;
    mm_resident_touch(&fifo->resident, page, kind, 0);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct fifo *fifo = (struct fifo *)state;
    mm_resident_enter(&fifo->resident, page, kind, 0);
    mm_ring_push(&fifo->queue, page);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct fifo *fifo = (struct fifo *)state;
    (void)incoming;
    mmsim_page victim = mm_ring_oldest(&fifo->queue);
    mm_ring_drop(&fifo->queue);
    mm_resident_leave(&fifo->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct fifo *fifo = (struct fifo *)state;
    if (!mm_resident_has(&fifo->resident, page))
        return;
    mm_ring_remove(&fifo->queue, page);
    mm_resident_leave(&fifo->resident, page, 0);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct fifo fifo = *(struct fifo *)state; /* in registers, as far as they go */
    const struct mm_bulk bulk = {reference, load, evict, NULL};
    mm_bulk_replay(&fifo, &fifo.resident, refs, n, bulk, counts);
    *(struct fifo *)state = fifo;
}

static void resize(void *state, mmsim_page frames)
{
    struct fifo *fifo = (struct fifo *)state;
    fifo->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct fifo *fifo = (const struct fifo *)state;
    const char *wrong = mm_resident_check(&fifo->resident);
    return wrong ? wrong : mm_ring_check(&fifo->queue);
}

const struct mmsim_policy_ops mm_policy_fifo = {
    MM_POLICY_HEAD,
    .name = "fifo",
    .summary = "the page that was loaded first goes first",
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
