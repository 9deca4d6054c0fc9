/*
 * lru.c - the page that was used least recently goes first.
 *
 * Call by call it is the textbook's list. In bulk, the trace itself is the list (the log): last[x]
 * is when x was last referenced, and the queue of references from `tail` on holds the resident
 * pages, each at its last reference, in order of use; older references of theirs are skipped when
 * the tail comes to them.
 *
 *   refs   ... | c  a  b  a  c  b  |          a hit is one store: last[x] = now
 *                ^tail   ^        ^now        the victim is the first ref with last[ref] == place
 *
 * Places count from 1; those to n_carried are the pages that were resident before the replay.
 * Invariant of the log: x is resident iff last[x] >= tail.
 */
#include <string.h>

#include "policy/chain.h"
#include "policy/policy.h"

enum { MAX_LOG = 1 << 30 }; /* references; their places fit in 32 bits */

struct lru {
    struct mm_resident resident;
    struct mm_chain list; /* most recently used first */
    uint32_t *last;       /* by page, in a replay */
    mmsim_page *carried;  /* least recently used first */
};

static size_t lay_out(struct lru *lru, uint8_t *base, const struct mmsim_policy_setup *setup)
{
    struct mm_block block = {base, sizeof *lru};
    mmsim_page most = setup->frames < setup->universe ? setup->frames : setup->universe;
    mm_resident_lay_out(&lru->resident, &block, setup);
    mm_chain_lay_out(&lru->list, 1, &block, setup->universe);
    lru->last = (uint32_t *)mm_block_take(&block, setup->universe, sizeof *lru->last);
    lru->carried = (mmsim_page *)mm_block_take(&block, most, sizeof *lru->carried);
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

static void reference(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lru *lru = (struct lru *)state;
    mm_resident_touch(&lru->resident, page, kind, 0);
    mm_chain_move_first(&lru->list, page);
}

static void load(void *state, mmsim_page page, enum mmsim_kind kind)
{
    struct lru *lru = (struct lru *)state;
    mm_resident_enter(&lru->resident, page, kind, 0);
    mm_chain_push(&lru->list, page);
}

static mmsim_page evict(void *state, mmsim_page incoming)
{
    struct lru *lru = (struct lru *)state;
    (void)incoming;
    mmsim_page victim = mm_chain_pop(&lru->list);
    mm_resident_leave(&lru->resident, victim, 0);
    return victim;
}

static void forget(void *state, mmsim_page page)
{
    struct lru *lru = (struct lru *)state;
    if (!mm_resident_has(&lru->resident, page))
        return;
    mm_chain_remove(&lru->list, page);
    mm_resident_leave(&lru->resident, page, 0);
}

/* ---- the log ---- */

struct log {
    const mmsim_ref *refs;
    const mmsim_page *carried;
    uint32_t *last;
    uint8_t *flags; /* DIRTY only */
    uint32_t n_carried, tail;
};

static inline mmsim_page page_at(const struct log *log, uint32_t place)
{
    return place <= log->n_carried ? log->carried[place - 1]
                                   : mmsim_ref_page(log->refs[place - log->n_carried - 1]);
}

/* The list becomes the beginning of the queue. */
static struct log begin(struct lru *lru, const mmsim_ref *refs)
{
    struct log log = {refs, lru->carried, lru->last, lru->resident.flags, 0, 1};
    memset(lru->last, 0, lru->resident.universe * sizeof *lru->last);
    while (lru->list.n_pages > 0) {
        mmsim_page page = mm_chain_pop(&lru->list);
        lru->carried[log.n_carried++] = page;
        lru->last[page] = log.n_carried;
    }
    return log;
}

/* The queue becomes the list. */
static void end(struct lru *lru, struct log *log, uint32_t n)
{
    for (mmsim_page i = 0; i < log->n_carried; i++)
        log->flags[log->carried[i]] &= MM_DIRTY;
    for (uint32_t place = log->tail; place <= log->n_carried + n; place++) {
        mmsim_page page = page_at(log, place);
        if (log->last[page] != place)
            continue;
        log->flags[page] |= MM_RESIDENT;
        mm_chain_push(&lru->list, page);
    }
    lru->resident.n_pages = lru->list.n_pages;
}

static inline mmsim_page pop(struct log *log)
{
    mmsim_page page = page_at(log, log->tail);
    while (log->last[page] != log->tail)
        page = page_at(log, ++log->tail);
    log->tail++;
    return page;
}

static void replay_log(struct lru *lru, const mmsim_ref *refs, uint32_t n,
                       struct mmsim_counts *counts)
{
    struct log log = begin(lru, refs);
    struct mmsim_counts sum = *counts;
    mmsim_page room = lru->resident.frames - log.n_carried;
    for (uint32_t i = 0; i < n; i++) {
        mmsim_page page = mmsim_ref_page(refs[i]);
        uint8_t dirty = mm_dirty_flag(mmsim_ref_kind(refs[i]));
        bool hit = log.last[page] >= log.tail;
        log.last[page] = log.n_carried + 1 + i;
        if (hit) {
            log.flags[page] |= dirty;
            continue;
        }
        log.flags[page] = dirty;
        sum.misses++;
        if (room > 0) {
            room--;
            continue;
        }
        sum.evictions++;
        sum.dirty_evictions += (log.flags[pop(&log)] & MM_DIRTY) != 0;
    }
    sum.references += n;
    *counts = sum;
    end(lru, &log, n);
}

static void replay(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts)
{
    for (size_t done = 0; done < n;) {
        uint32_t batch = n - done < MAX_LOG ? (uint32_t)(n - done) : MAX_LOG;
        replay_log((struct lru *)state, refs + done, batch, counts);
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
    return wrong ? wrong : mm_chain_check(&lru->list);
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
