/*
 * slru.c - four segments of equal size, each by recency. A hit moves a page to the front of the
 * next higher segment; what that has too many falls back to the one below.
 *
 *   new -> 0 -hit-> 1 -hit-> 2 -hit-> 3        0 <-falls- 1 <-falls- 2 <-falls- 3
 *
 * A page that comes goes into the lowest segment that has room. Frames that four equal segments
 * leave over let the lowest grow beyond its size, until something falls into it: then its last page
 * leaves at once (tick()), though no frame is wanted.
 *
 * Invariants: a segment above 0 has at most `size` pages; all together are what is resident.
 */
#include "policy/chain.h"
#include "policy/policy.h"

enum { SEGMENT_SHIFT = 2, SEGMENT_MASK = 3 << SEGMENT_SHIFT, N_SEGMENTS = 4, TOP = 3 };

struct slru {
    struct mm_resident resident;
    struct mm_chain segments[N_SEGMENTS]; /* most recently used first */
    mmsim_page size;                      /* of each */
    bool overflowed;                      /* something fell into segment 0, which was full */
};

static mmsim_page size_of_segment(mmsim_page frames)
{
    return frames < N_SEGMENTS ? 1 : frames / N_SEGMENTS;
}

static size_t lay_out(struct slru *slru, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *slru};
    mm_resident_lay_out(&slru->resident, &block, setup);
    mm_chain_lay_out(slru->segments, N_SEGMENTS, &block, setup->universe);
    slru->size = size_of_segment(setup->frames);
    slru->overflowed = false;
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct slru slru;
    return lay_out(&slru, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct slru *)state, (uint8_t *)state, setup);
}

static inline unsigned segment_of(const struct slru *slru, mmsim_page page)
{
    return (unsigned)(slru->resident.flags[page] & SEGMENT_MASK) >> SEGMENT_SHIFT;
}

static MM_ALWAYS_INLINE void put(struct slru *slru, mmsim_page page, unsigned segment)
{
    uint8_t *flags = &slru->resident.flags[page];
    *flags = (uint8_t)((*flags & ~(unsigned)SEGMENT_MASK) | segment << SEGMENT_SHIFT);
    mm_chain_push(&slru->segments[segment], page);
}

/* What is too much in `segment` falls, as far as it must. */
static MM_ALWAYS_INLINE void let_fall(struct slru *slru, unsigned segment)
{
    for (; segment > 0 && slru->segments[segment].n_pages > slru->size; segment--)
        put(slru, mm_chain_pop(&slru->segments[segment]), segment - 1);
    slru->overflowed |= segment == 0 && slru->segments[0].n_pages > slru->size;
}

static MM_ALWAYS_INLINE void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct slru *slru = (struct slru *)state;
    unsigned segment = segment_of(slru, page);
    mm_resident_touch(&slru->resident, page, kind, 0);
    if (segment == TOP) {
        mm_chain_move_first(&slru->segments[TOP], page);
        return;
    }
    mm_chain_remove(&slru->segments[segment], page);
    put(slru, page, segment + 1);
    let_fall(slru, segment + 1);
}

static MM_ALWAYS_INLINE void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct slru *slru = (struct slru *)state;
    unsigned segment = 0;
    while (segment < N_SEGMENTS && slru->segments[segment].n_pages >= slru->size)
        segment++;
    mm_resident_enter(&slru->resident, page, kind, 0);
    put(slru, page, segment == N_SEGMENTS ? 0 : segment);
}

static MM_ALWAYS_INLINE mmsim_page evict(void *state, mmsim_page incoming)
{
    struct slru *slru = (struct slru *)state;
    unsigned segment = 0;
    (void)incoming;
    while (slru->segments[segment].n_pages == 0)
        segment++;
    mmsim_page victim = mm_chain_pop(&slru->segments[segment]);
    mm_resident_leave(&slru->resident, victim, 0);
    return victim;
}

/* A page that fell out of segment 0; MMSIM_NO_PAGE: none. */
static MM_ALWAYS_INLINE mmsim_page settle(void *state)
{
    struct slru *slru = (struct slru *)state;
    if (!slru->overflowed)
        return MMSIM_NO_PAGE;
    slru->overflowed = slru->segments[0].n_pages > slru->size + 1;
    return slru->segments[0].n_pages > slru->size ? evict(state, MMSIM_NO_PAGE) : MMSIM_NO_PAGE;
}

static size_t tick(void *state, uint64_t now, mmsim_page *leaving, size_t max)
{
    size_t n = 0;
    (void)now;
    while (n < max && (leaving[n] = settle(state)) != MMSIM_NO_PAGE)
        n++;
    return n;
}

static void forget(void *state, mmsim_page page)
{
    struct slru *slru = (struct slru *)state;
    if (!mm_resident_has(&slru->resident, page))
        return;
    mm_chain_remove(&slru->segments[segment_of(slru, page)], page);
    mm_resident_leave(&slru->resident, page, 0);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    struct slru slru = *(struct slru *)state; /* in registers, as far as they go */
    const struct mm_bulk bulk = {reference, load, evict, settle};
    mm_bulk_replay(&slru, &slru.resident, refs, n, bulk, counts);
    *(struct slru *)state = slru;
}

static void resize(void *state, mmsim_page frames)
{
    struct slru *slru = (struct slru *)state;
    slru->resident.frames = frames;
    slru->size = size_of_segment(frames);
    for (unsigned segment = TOP; segment > 0; segment--)
        while (slru->segments[segment].n_pages > slru->size)
            put(slru, mm_chain_pop(&slru->segments[segment]), segment - 1);
}

static const char *check(const void *state)
{
    const struct slru *slru = (const struct slru *)state;
    const char *wrong = mm_resident_check(&slru->resident);
    mmsim_page n = 0;
    for (unsigned i = 0; i < N_SEGMENTS && !wrong; i++) {
        wrong = mm_chain_check(&slru->segments[i]);
        n += slru->segments[i].n_pages;
        if (!wrong && i > 0 && slru->segments[i].n_pages > slru->size)
            wrong = "a segment is too large";
    }
    return wrong || n == slru->resident.n_pages ? wrong : "the segments are not what is resident";
}

const struct mmsim_policy_ops mm_policy_slru = {
    MM_POLICY_HEAD,
    .name = "slru",
    .summary = "four segments by recency; each hit promotes, what overflows falls back",
    .source = "Karedla, Love & Wherry, Caching strategies to improve disk system performance, "
              "IEEE Computer 27(3), 1994; with four segments as in libCacheSim",
    .view = MMSIM_VIEW_REFERENCES,
    .flags = MMSIM_POLICY_VARIABLE,
    .state_bytes = state_bytes,
    .init = init,
    .reference = reference,
    .load = load,
    .evict = evict,
    .forget = forget,
    .tick = tick,
    .replay = replay,
    .resize = resize,
    .check = check,
};
