/*
 * status.c - the names and meanings of host statuses, made from the one list in status.h.
 */
#include <mmsim/status.h>

static const struct {
    const char *name, *meaning;
} statuses[] = {
#define X(name, meaning) [MMSIM_##name] = {#name, meaning},
    MMSIM_STATUS_LIST(X)
#undef X
};

const char *mmsim_status_name(enum mmsim_status status)
{
    return (unsigned)status < MMSIM_N_STATUSES ? statuses[status].name : "?";
}

const char *mmsim_status_meaning(enum mmsim_status status)
{
    return (unsigned)status < MMSIM_N_STATUSES ? statuses[status].meaning : "?";
}
