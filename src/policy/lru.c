/*
 * lru.c - the page that was used least recently goes first.
 *
 * The list by recency is a log (log.h): a hit is two stores, wherever the page stands. In bulk the
 * trace itself is the log, and a hit is one store:
 *
 *   places | refs[0] refs[1] ...        a place below `n_carried` is one of the log's own, with the
 *          ^n_carried                   pages that were resident before; later ones are of refs
 */
#include "policy/log.h"
#include "policy/policy.h"

struct lru {
    struct mm_resident resident;
    struct mm_log log;
};

static size_t lay_out(struct lru *lru, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *lru};
    mm_resident_lay_out(&lru->resident, &block, setup);
    mm_log_lay_out(&lru->log, &block, setup->universe, setup->frames,
                   2 * (uint64_t)setup->universe);
    return block.n_bytes;
}

static size_t state_bytes(const struct mmsim_policy_setup *setup)
{
    struct lru lru;
    return lay_out(&lru, NULL, setup);
}

static void init(void *state, const struct mmsim_policy_setup *setup)
{
    lay_out((struct lru *)state, (uint8_t *)state, setup);
}

static MM_NEVER_INLINE void push_squeezed(struct mm_log *log, mmsim_page page)
{
    mm_log_push(log, page);
}

/* Whether the page is dirty is the caller's business, but for a replay in bulk. */
static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct mm_log *log = &((struct lru *)state)->log;
    (void)kind;
    if (log->now == log->end)
        push_squeezed(log, page); /* a call at the end costs the usual case nothing */
    else
        mm_log_put(log, page);
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lru *lru = (struct lru *)state;
    mm_resident_enter(&lru->resident, page, kind, 0);
    mm_log_push(&lru->log, page);
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct lru *lru = (struct lru *)state;
    (void)incoming;
    mmsim_page victim = mm_log_pop(&lru->log);
    mm_resident_leave(&lru->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct lru *lru = (struct lru *)state;
    if (!mm_resident_has(&lru->resident, page))
        return;
    mm_log_remove(&lru->log, page);
    mm_resident_leave(&lru->resident, page, 0);
}

/* ---- in bulk ---- */

enum { MAX_BATCH = 1 << 30 }; /* references; their places fit in 32 bits */

struct bulk {
    const mmsim_ref *refs;
    const mmsim_page *carried;
    uint32_t *last;
    uint8_t *flags; /* DIRTY only */
    uint32_t n_carried, tail;
};

static inline mmsim_page page_at(const struct bulk *bulk, uint32_t place)
{
    return place < bulk->n_carried ? bulk->carried[place]
                                   : mmsim_ref_page(bulk->refs[place - bulk->n_carried]);
}

static inline mmsim_page pop(struct bulk *bulk)
{
    mmsim_page page = page_at(bulk, bulk->tail);
    while (bulk->last[page] != bulk->tail)
        page = page_at(bulk, ++bulk->tail);
    bulk->last[page] = 0;
    bulk->tail++;
    return page;
}

/* What is left of the trace's log becomes the log. */
static void end(struct lru *lru, const struct bulk *bulk, uint32_t n)
{
    uint32_t to = 1;
    for (uint32_t i = 1; i < bulk->n_carried; i++)
        bulk->flags[bulk->carried[i]] &= MM_DIRTY;
    for (uint32_t place = bulk->tail; place < bulk->n_carried + n; place++) {
        mmsim_page page = page_at(bulk, place);
        if (bulk->last[page] != place)
            continue;
        bulk->flags[page] |= MM_RESIDENT;
        lru->log.places[to] = page;
        bulk->last[page] = to++;
    }
    lru->log.tail = 1;
    lru->log.now = to;
    lru->resident.n_pages = to - 1;
}

static void replay_batch(struct lru *lru, const mmsim_ref *refs, uint32_t n,
                         struct mmsim_counts *counts)
{
    lru->log = mm_log_squeezed(lru->log);
    struct bulk bulk = {refs,         lru->log.places, lru->log.last, lru->resident.flags,
                        lru->log.now, lru->log.tail};
    struct mmsim_counts sum = *counts;
    mmsim_page room = lru->resident.frames - lru->resident.n_pages;
    for (uint32_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        uint8_t dirty = mm_dirty_flag(mmsim_ref_kind(refs[i]));
        bool hit = bulk.last[page] != 0;
        bulk.last[page] = bulk.n_carried + i;
        if (hit) {
            if (dirty & ~bulk.flags[page])
                bulk.flags[page] |= dirty;
            continue;
        }
        bulk.flags[page] = dirty;
        sum.misses++;
        if (room > 0) {
            room--;
            continue;
        }
        sum.evictions++;
        sum.dirty_evictions += (bulk.flags[pop(&bulk)] & MM_DIRTY) != 0;
    }
    sum.references += n;
    *counts = sum;
    end(lru, &bulk, n);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    for (size_t done = 0; done < n;) {
        uint32_t batch = n - done < MAX_BATCH ? (uint32_t)(n - done) : MAX_BATCH;
        replay_batch((struct lru *)state, refs + done, batch, counts);
        done += batch;
    }
}

static void resize(void *state, mmsim_page frames)
{
    struct lru *lru = (struct lru *)state;
    lru->resident.frames = frames;
}

static const char *check(const void *state)
{
    const struct lru *lru = (const struct lru *)state;
    const char *wrong = mm_resident_check(&lru->resident);
    return wrong ? wrong : mm_log_check(&lru->log, lru->resident.n_pages);
}

const struct mmsim_policy_ops mm_policy_lru = {
    MM_POLICY_HEAD,
    .name = "lru",
    .summary = "the page that was used least recently goes first",
    .source = "Mattson, Gecsei, Slutz & Traiger, Evaluation techniques for storage hierarchies, "
              "IBM Systems Journal 9(2), 1970",
    .view = MMSIM_VIEW_REFERENCES,
    .flags = MMSIM_POLICY_STACK,
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
