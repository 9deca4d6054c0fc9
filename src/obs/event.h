/*
 * event.h - the switchboard: who listens to which events of one machine.
 *
 * Emitters ask mm_obs_wants() first, so that an event that nobody listens to costs one test. The
 * switchboard stamps each event with the step and the simulated time; everything else is the
 * emitter's.
 *
 * Invariant: (1) `mask` is the union of the listeners' masks.
 */
#ifndef MM_OBS_EVENT_H
#define MM_OBS_EVENT_H

#include <mmsim/event.h>

struct mm_obs {
    uint64_t mask;
    unsigned n_listeners;
    struct {
        uint64_t mask;
        mmsim_listener call;
        void *user;
    } listeners[MMSIM_MAX_LISTENERS];
    uint64_t step;                /* index of the current step */
    uint64_t (*now)(void *clock); /* simulated cycles */
    void *clock;
};

void mm_obs_init(struct mm_obs *obs, uint64_t (*now)(void *clock), void *clock);

/* False: no room for one more. */
bool mm_obs_listen(struct mm_obs *obs, uint64_t mask, mmsim_listener call, void *user);

static inline bool mm_obs_wants(const struct mm_obs *obs, enum mmsim_event_type type)
{
    return (obs->mask >> type) & 1;
}

/* Stamps the event and hands it to everybody who listens to its type. */
void mm_obs_emit(struct mm_obs *obs, struct mmsim_event *event);

#endif
