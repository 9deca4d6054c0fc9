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
 * Several logs may share places and last[], each with a range of the places for its own: then a
 * page is in one of them at most, and to put it into one takes it out of another.
 *
 * A log may hold two lists, the older of them being made of what leaves the younger in its order.
 * The older ends where the younger began once, and what was between them means nothing.
 *
 *   places   d  f  -  -  -  a  c  b  .     older: d f; younger: a c b
 *            ^tail ^older_end
 *                           ^middle  ^now
 *
 * Invariants: (1) last[page] is 0 if the page is in no list; else (2) tail <= last[page] < now and
 * places[last[page]] == page, for one log; (3) in a log of two lists tail <= older_end <= middle <=
 * now.
 */
#ifndef MM_POLICY_LOG_H
#define MM_POLICY_LOG_H

#include "policy/block.h"

enum { MM_LOG_MIN_PLACES = 64 };

struct mm_log {
    mmsim_page *places;
    uint32_t *last; /* by page */
    uint32_t tail, now;
    uint32_t older_end, middle; /* of two lists */
    uint32_t begin, end;        /* the range of its places */
};

/*
 * `n_places` by log; as many as pages that may be in it at once would do, but it pays if there are
 * more: twice as many, say. There can be so many that they do not all have numbers; the last log
 * goes short then.
 */
static inline void mm_logs_lay_out(struct mm_log *const logs[], const uint64_t n_places[],
                                   size_t n_logs, struct mm_block *block, mmsim_page universe)
{
    uint64_t end = 1;
    for (size_t i = 0; i < n_logs; i++) {
        uint32_t begin = (uint32_t)end;
        end += n_places[i] + MM_LOG_MIN_PLACES;
        end = end < UINT32_MAX ? end : UINT32_MAX;
        *logs[i] = (struct mm_log){NULL, NULL, begin, begin, begin, begin, begin, (uint32_t)end};
    }
    mmsim_page *places = (mmsim_page *)mm_block_take(block, end, sizeof *places);
    uint32_t *last = (uint32_t *)mm_block_take(block, universe, sizeof *last);
    for (size_t i = 0; i < n_logs; i++) {
        logs[i]->places = places;
        logs[i]->last = last;
    }
}

/* For at most `most` pages at once. What is `spare` saves moving. */
static inline void mm_log_lay_out(struct mm_log *log, struct mm_block *block, mmsim_page universe,
                                  uint64_t most, uint64_t spare)
{
    uint64_t n_places = 2 * (most < universe ? most : universe) + spare;
    mm_logs_lay_out(&log, &n_places, 1, block, universe);
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
    if (log->now == log->end)
        *log = mm_log_squeezed(*log);
    mm_log_put(log, page);
}

static inline void mm_log_remove(struct mm_log *log, mmsim_page page)
{
    log->last[page] = 0;
}

/* The place of the oldest page that has one at `from` or later; there must be one. */
static inline uint32_t mm_log_skip(const struct mm_log *log, uint32_t from)
{
    while (log->last[log->places[from]] != from)
        from++;
    return from;
}

/* The oldest; there must be one. */
static inline mmsim_page mm_log_oldest(struct mm_log *log)
{
    log->tail = mm_log_skip(log, log->tail);
    return log->places[log->tail];
}

/* Removes the oldest, which there must be, and returns it. */
static inline mmsim_page mm_log_pop(struct mm_log *log)
{
    mmsim_page page = mm_log_oldest(log);
    log->last[page] = 0;
    log->tail++;
    return page;
}

/* The oldest of the younger list, of which there must be one, becomes the newest of the older. */
static inline mmsim_page mm_log_pass(struct mm_log *log)
{
    uint32_t place = mm_log_skip(log, log->middle);
    mmsim_page page = log->places[place];
    log->middle = place + 1;
    log->places[log->older_end] = page;
    log->last[page] = log->older_end++;
    return page;
}

/* NULL, or what is wrong; the list should have `n_pages`. */
const char *mm_log_check(const struct mm_log *log, mmsim_page n_pages);

/* The same of a log of two lists. */
const char *mm_log_check_two(const struct mm_log *log, mmsim_page n_older, mmsim_page n_younger);

#endif
