/* event.c - names of events, and their delivery. */
#include "obs/event.h"

static const char *const event_names[] = {
#define X(NAME, name, meaning) [MMSIM_EVENT_##NAME] = name,
    MMSIM_EVENT_LIST(X)
#undef X
};

static const char *const event_meanings[] = {
#define X(NAME, name, meaning) [MMSIM_EVENT_##NAME] = meaning,
    MMSIM_EVENT_LIST(X)
#undef X
};

static const char *const fault_kind_names[] = {
    [MMSIM_FAULT_NONE] = "none",
    [MMSIM_FAULT_MINOR] = "minor",
    [MMSIM_FAULT_MAJOR] = "major",
    [MMSIM_FAULT_COW] = "cow",
    [MMSIM_FAULT_STACK] = "stack",
    [MMSIM_FAULT_PKEY] = "pkey",
    [MMSIM_FAULT_PROTECTION] = "protection",
};

const char *mmsim_event_name(enum mmsim_event_type type)
{
    return (unsigned)type < MMSIM_N_EVENTS ? event_names[type] : "?";
}

const char *mmsim_event_meaning(enum mmsim_event_type type)
{
    return (unsigned)type < MMSIM_N_EVENTS ? event_meanings[type] : "?";
}

const char *mmsim_fault_kind_name(enum mmsim_fault_kind kind)
{
    return (unsigned)kind < MMSIM_N_FAULT_KINDS ? fault_kind_names[kind] : "?";
}

void mm_obs_init(struct mm_obs *obs, uint64_t (*now)(void *clock), void *clock)
{
    *obs = (struct mm_obs){.now = now, .clock = clock};
}

bool mm_obs_listen(struct mm_obs *obs, uint64_t mask, mmsim_listener call, void *user)
{
    if (obs->n_listeners == MMSIM_MAX_LISTENERS)
        return false;
    unsigned n = obs->n_listeners++;
    obs->listeners[n].mask = mask & MMSIM_EVENTS_ALL;
    obs->listeners[n].call = call;
    obs->listeners[n].user = user;
    obs->mask |= obs->listeners[n].mask;
    return true;
}

void mm_obs_emit(struct mm_obs *obs, struct mmsim_event *event)
{
    event->step = obs->step;
    event->cycles = obs->now(obs->clock);
    for (unsigned i = 0; i < obs->n_listeners; i++)
        if ((obs->listeners[i].mask >> event->type) & 1)
            obs->listeners[i].call(obs->listeners[i].user, event);
}
