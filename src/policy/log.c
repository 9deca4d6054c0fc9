/* log.c - what a list in a log does seldom (log.h). */
#include "policy/log.h"

struct mm_log mm_log_squeezed(struct mm_log log)
{
    uint32_t to = 1;
    for (uint32_t from = log.tail; from < log.now; from++) {
        mmsim_page page = log.places[from];
        if (log.last[page] != from)
            continue;
        log.places[to] = page;
        log.last[page] = to++;
    }
    log.tail = 1;
    log.now = to;
    return log;
}

const char *mm_log_check(const struct mm_log *log, mmsim_page n_pages)
{
    mmsim_page n = 0;
    if (log->tail > log->now || log->now > log->n_places)
        return "the ends of a log are not in their order";
    for (uint32_t place = log->tail; place < log->now; place++)
        n += log->last[log->places[place]] == place;
    return n == n_pages ? NULL : "the length of a log is wrong";
}
