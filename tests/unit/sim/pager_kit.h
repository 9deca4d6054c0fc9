/*
 * pager_kit.h - what tests of swap and reclaim share: machines with few frames, pages whose every
 * byte says which one it is, events that are counted.
 */
#ifndef MM_TESTS_PAGER_KIT_H
#define MM_TESTS_PAGER_KIT_H

#include <stdlib.h>
#include <string.h>

#include "kit.h"

enum { PAGER_MAX_AREAS = 4 };

/* A configuration with room for its areas. */
struct pager_config {
    struct mmsim_config config;
    struct mmsim_swap_area areas[PAGER_MAX_AREAS];
};

/* `user_frames` 0: as many as there are; `n_slots` 0: no swap. */
static inline void pager_config_init(struct pager_config *given, uint64_t user_frames,
                                     uint64_t n_slots)
{
    *given = (struct pager_config){.config = kit_config()};
    given->config.user_frames = user_frames;
    given->config.pager.policy = "fifo";
    given->config.pager.swap_readahead = 1;
    given->areas[0].bytes = n_slots * KIT_PAGE;
    given->config.pager.swap = given->areas;
    given->config.pager.n_swap = n_slots > 0;
}

static inline struct mmsim_machine *pager_machine(uint64_t user_frames, uint64_t n_slots)
{
    struct pager_config given;
    pager_config_init(&given, user_frames, n_slots);
    return kit_build(&given.config);
}

/* The word that stands at the start and at the end of page i. */
static inline uint32_t pager_word(uint64_t i, uint32_t salt)
{
    return (uint32_t)(i * 2654435761u) ^ salt ^ 0x5bd1e995;
}

static inline void pager_store(struct mmsim_process *process, mmsim_vaddr start, uint64_t i,
                               uint32_t salt)
{
    mmsim_vaddr page = start + i * KIT_PAGE;
    ck_assert_int_eq(kit_write(process, page, pager_word(i, salt)).outcome, MMSIM_DONE);
    ck_assert_int_eq(kit_write(process, page + KIT_PAGE - 4, ~pager_word(i, salt)).outcome,
                     MMSIM_DONE);
}

static inline void pager_fill(struct mmsim_process *process, mmsim_vaddr start, uint64_t n_pages,
                              uint32_t salt)
{
    for (uint64_t i = 0; i < n_pages; i++)
        pager_store(process, start, i, salt);
}

static inline void pager_expect_page(struct mmsim_process *process, mmsim_vaddr start, uint64_t i,
                                     uint32_t salt)
{
    mmsim_vaddr page = start + i * KIT_PAGE;
    ck_assert_uint_eq(kit_read(process, page), pager_word(i, salt));
    ck_assert_uint_eq(kit_read(process, page + KIT_PAGE - 4), ~pager_word(i, salt));
}

static inline void pager_expect(struct mmsim_process *process, mmsim_vaddr start, uint64_t n_pages,
                                uint32_t salt)
{
    for (uint64_t i = 0; i < n_pages; i++)
        pager_expect_page(process, start, i, salt);
}

static inline struct mmsim_swap_stats pager_swap(const struct mmsim_machine *machine)
{
    struct mmsim_swap_stats stats;
    mmsim_swap_get_stats(machine, &stats);
    return stats;
}

static inline struct mmsim_reclaim_stats pager_reclaim(const struct mmsim_machine *machine)
{
    struct mmsim_reclaim_stats stats;
    mmsim_reclaim_get_stats(machine, &stats);
    return stats;
}

static inline enum mmsim_page_kind pager_kind(const struct mmsim_process *process,
                                              mmsim_vaddr start, uint64_t i)
{
    struct mmsim_page_info info;
    ck_assert(mmsim_page_find(process, start + i * KIT_PAGE, &info));
    return info.kind;
}

static inline uint64_t pager_n_of_kind(const struct mmsim_process *process, mmsim_vaddr start,
                                       uint64_t n_pages, enum mmsim_page_kind kind)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < n_pages; i++)
        n += pager_kind(process, start, i) == kind;
    return n;
}

/* Events of each type, and the last one. */
struct pager_events {
    uint64_t n[MMSIM_N_EVENTS];
    struct mmsim_event last[MMSIM_N_EVENTS];
};

static inline void pager_note(void *user, const struct mmsim_event *event)
{
    struct pager_events *events = user;
    events->n[event->type]++;
    events->last[event->type] = *event;
}

static inline void pager_listen(struct mmsim_machine *machine, struct pager_events *events)
{
    memset(events, 0, sizeof *events);
    ck_assert(mmsim_listen(machine, MMSIM_EVENTS_ALL, pager_note, events));
}

#endif
