/*
 * naive.h - policies as a first-year student would write them: arrays that are searched and
 * shifted.
 *
 * They share nothing with src/policy/; what they count is what the library must count.
 */
#ifndef TESTS_TRACE_NAIVE_H
#define TESTS_TRACE_NAIVE_H

#include <mmsim/policy.h>
#include <stdlib.h>
#include <string.h>

struct naive {
    mmsim_page *pages;        /* resident, in an order that the policy has */
    bool *referenced, *dirty; /* of these */
    size_t n, frames;
    struct mmsim_counts counts;
};

/* Which of the full frames goes. refs[at] is the reference that missed. */
typedef size_t (*naive_victim)(struct naive *naive, const mmsim_ref *refs, size_t n, size_t at);

/* How the order changes with a hit. */
typedef void (*naive_hit)(struct naive *naive, size_t slot);

static inline void naive_remove(struct naive *naive, size_t slot)
{
    size_t after = naive->n - slot - 1;
    memmove(naive->pages + slot, naive->pages + slot + 1, after * sizeof *naive->pages);
    memmove(naive->referenced + slot, naive->referenced + slot + 1, after);
    memmove(naive->dirty + slot, naive->dirty + slot + 1, after);
    naive->n--;
}

static inline void naive_append(struct naive *naive, mmsim_page page, bool referenced, bool dirty)
{
    naive->pages[naive->n] = page;
    naive->referenced[naive->n] = referenced;
    naive->dirty[naive->n++] = dirty;
}

static inline size_t naive_find(const struct naive *naive, mmsim_page page)
{
    size_t i = 0;
    while (i < naive->n && naive->pages[i] != page)
        i++;
    return i;
}

static inline size_t naive_oldest(struct naive *naive, const mmsim_ref *refs, size_t n, size_t at)
{
    (void)naive, (void)refs, (void)n, (void)at;
    return 0;
}

static inline size_t naive_newest(struct naive *naive, const mmsim_ref *refs, size_t n, size_t at)
{
    (void)refs, (void)n, (void)at;
    return naive->n - 1;
}

/* A queue in which referenced pages are put to the end. */
static inline size_t naive_unreferenced(struct naive *naive, const mmsim_ref *refs, size_t n,
                                        size_t at)
{
    (void)refs, (void)n, (void)at;
    while (naive->referenced[0]) {
        mmsim_page page = naive->pages[0];
        bool dirty = naive->dirty[0];
        naive_remove(naive, 0);
        naive_append(naive, page, false, dirty);
    }
    return 0;
}

static inline size_t naive_next_use(const mmsim_ref *refs, size_t n, size_t at, mmsim_page page)
{
    size_t i = at + 1;
    while (i < n && mmsim_ref_page(refs[i]) != page)
        i++;
    return i;
}

/* Belady's. */
static inline size_t naive_farthest(struct naive *naive, const mmsim_ref *refs, size_t n, size_t at)
{
    size_t best = 0, best_use = 0;
    for (size_t i = 0; i < naive->n; i++) {
        size_t use = naive_next_use(refs, n, at, naive->pages[i]);
        if (use > best_use) {
            best = i;
            best_use = use;
        }
    }
    return best;
}

static inline void naive_keep(struct naive *naive, size_t slot)
{
    (void)naive, (void)slot;
}

static inline void naive_mark(struct naive *naive, size_t slot)
{
    naive->referenced[slot] = true;
}

/* It becomes the newest. */
static inline void naive_renew(struct naive *naive, size_t slot)
{
    mmsim_page page = naive->pages[slot];
    bool dirty = naive->dirty[slot];
    naive_remove(naive, slot);
    naive_append(naive, page, false, dirty);
}

struct naive_policy {
    const char *choice; /* what the library calls it */
    naive_victim victim;
    naive_hit hit;
    bool referenced_on_load;
};

static const struct naive_policy NAIVE_POLICIES[] = {
    {"lru", naive_oldest, naive_renew, false},
    {"mru", naive_newest, naive_renew, false},
    {"fifo", naive_oldest, naive_keep, false},
    {"clock", naive_unreferenced, naive_mark, false},
    {"clock(load-bit=1)", naive_unreferenced, naive_mark, true},
    {"second-chance", naive_unreferenced, naive_mark, false},
};
#define N_NAIVE_POLICIES (sizeof NAIVE_POLICIES / sizeof *NAIVE_POLICIES)

static inline void naive_reference(struct naive *naive, const struct naive_policy *policy,
                                   const mmsim_ref *refs, size_t n, size_t at)
{
    mmsim_page page = mmsim_ref_page(refs[at]);
    bool store = mmsim_ref_kind(refs[at]) == MMSIM_KIND_STORE;
    size_t slot = naive_find(naive, page);
    naive->counts.references++;
    if (slot < naive->n) {
        naive->dirty[slot] |= store;
        policy->hit(naive, slot);
        return;
    }
    naive->counts.misses++;
    if (naive->n == naive->frames) {
        size_t victim = policy->victim(naive, refs, n, at);
        naive->counts.evictions++;
        naive->counts.dirty_evictions += naive->dirty[victim];
        naive_remove(naive, victim);
    }
    naive_append(naive, page, policy->referenced_on_load, store);
}

static inline struct mmsim_counts naive_replay(const struct naive_policy *policy, size_t frames,
                                               const mmsim_ref *refs, size_t n)
{
    struct naive naive = {.frames = frames};
    naive.pages = malloc(frames * sizeof *naive.pages);
    naive.referenced = malloc(frames);
    naive.dirty = malloc(frames);
    for (size_t i = 0; i < n; i++)
        naive_reference(&naive, policy, refs, n, i);
    free(naive.pages);
    free(naive.referenced);
    free(naive.dirty);
    return naive.counts;
}

#endif
