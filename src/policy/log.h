/*
 * log.h - a list by recency of which every move is two stores: the log of its references.
 *
 * Who is referenced is written at the end; last[page] is the place where that was. Older places of
 * a page mean nothing any more, and are skipped when the tail comes to them.
 *
 *   places   c  a  b  a  c  b  .  .        in the list, oldest first: a c b
 *               ^tail       ^  ^now
 *
 * When the places are used up, those that mean something are moved to the beginning. There are at
 * least twice as many as the list may have pages, so a reference costs a constant number of steps.
 *
 * Invariants: (1) last[page] is 0 if the page is not in the list; else (2) tail <= last[page] < now
 * and places[last[page]] == page.
 */
#ifndef MM_POLICY_LOG_H
#define MM_POLICY_LOG_H

#include "policy/block.h"

enum { MM_LOG_MIN_PLACES = 64 };

struct mm_log {
    mmsim_page *places;
    uint32_t *last; /* by page */
    uint32_t tail, now, n_places;
};

/*
 * For at most `most` pages at once. Where there are more places than twice as many, less is moved;
 * `spare` is how many there may be beyond that.
 */
static inline void mm_log_lay_out(struct mm_log *log, struct mm_block *block, mmsim_page universe,
                                  uint64_t most, uint64_t spare)
{
    uint64_t wanted = 2 * (most < universe ? most : universe) + spare + MM_LOG_MIN_PLACES;
    log->n_places = wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX;
    log->places = (mmsim_page *)mm_block_take(block, log->n_places, sizeof *log->places);
    log->last = (uint32_t *)mm_block_take(block, universe, sizeof *log->last);
    log->tail = log->now = 1;
}

/* Moves what means something to the beginning. By value, so that a log can live in registers. */
struct mm_log mm_log_squeezed(struct mm_log log);

static inline bool mm_log_has(const struct mm_log *log, mmsim_page page)
{
    return log->last[page] != 0;
}

/* It becomes the newest, whether it was in the list or not; there is a place. */
static inline void mm_log_put(struct mm_log *log, mmsim_page page)
{
    log->places[log->now] = page;
    log->last[page] = log->now++;
}

/* The same, and makes places if there is none. */
static inline void mm_log_push(struct mm_log *log, mmsim_page page)
{
    if (log->now == log->n_places)
        *log = mm_log_squeezed(*log);
    mm_log_put(log, page);
}

static inline void mm_log_remove(struct mm_log *log, mmsim_page page)
{
    log->last[page] = 0;
}

/* The oldest; there must be one. */
static inline mmsim_page mm_log_oldest(struct mm_log *log)
{
    uint32_t tail = log->tail;
    while (log->last[log->places[tail]] != tail)
        tail++;
    log->tail = tail;
    return log->places[tail];
}

/* Removes the oldest, which there must be, and returns it. */
static inline mmsim_page mm_log_pop(struct mm_log *log)
{
    mmsim_page page = mm_log_oldest(log);
    log->last[page] = 0;
    log->tail++;
    return page;
}

/* NULL, or what is wrong; the list should have `n_pages`. */
const char *mm_log_check(const struct mm_log *log, mmsim_page n_pages);

#endif
