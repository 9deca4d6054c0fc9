/* log.c - what a list in a log does seldom (log.h). */
#include "policy/log.h"

/*
 * Moves those that mean something down to `to`; returns where they end. First without a branch,
 * which would be hard to predict; then those that were moved are told.
 */
static uint32_t move(mmsim_page *places, uint32_t *last, uint32_t from, uint32_t end, uint32_t to)
{
    uint32_t begin = to;
    for (; from < end; from++) {
        mmsim_page page = places[from];
        places[to] = page;
        to += last[page] == from;
    }
    for (uint32_t place = begin; place < to; place++)
        last[places[place]] = place;
    return to;
}

struct mm_log mm_log_squeezed(struct mm_log log)
{
    uint32_t from = log.tail > log.middle ? log.tail : log.middle;
    uint32_t older_end = move(log.places, log.last, log.tail, log.older_end, log.begin);
    log.now = move(log.places, log.last, from, log.now, older_end);
    log.tail = log.begin;
    log.older_end = log.middle = older_end;
    return log;
}

static mmsim_page count(const struct mm_log *log, uint32_t from, uint32_t to)
{
    mmsim_page n = 0;
    for (uint32_t place = from; place < to; place++)
        n += log->last[log->places[place]] == place;
    return n;
}

const char *mm_log_check(const struct mm_log *log, mmsim_page n_pages)
{
    if (log->begin > log->tail || log->tail > log->now || log->now > log->end)
        return "the ends of a log are not in their order";
    return count(log, log->tail, log->now) == n_pages ? NULL : "the length of a log is wrong";
}

const char *mm_log_check_two(const struct mm_log *log, mmsim_page n_older, mmsim_page n_younger)
{
    if (log->tail > log->older_end || log->older_end > log->middle || log->middle > log->now)
        return "the ends of two lists in a log are not in their order";
    if (count(log, log->tail, log->older_end) != n_older)
        return "the length of the older list in a log is wrong";
    return mm_log_check(log, n_older + n_younger);
}
