/*
 * status.h - what the host or the user got wrong.
 *
 * Three error channels never mix. What happens to the simulated guest is data (struct
 * mmsim_access, a simulated errno). What the host or the user got wrong is an enum mmsim_status
 * with a struct mmsim_error. Bugs in the library abort in debug builds; a broken invariant that the
 * checker finds is the status MMSIM_INVARIANT in every build.
 *
 * A function that returns a status other than MMSIM_OK has changed nothing.
 */
#ifndef MMSIM_STATUS_H
#define MMSIM_STATUS_H

#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The one list from which the enum and the names are made: X(name, meaning). */
#define MMSIM_STATUS_LIST(X)                                                                       \
    X(OK, "success")                                                                               \
    X(BAD_ARGUMENT, "an argument of a call is not what its contract asks for")                     \
    X(BAD_CONFIG, "the configuration describes a machine that cannot be built")                    \
    X(BAD_INPUT, "a file or text that was read has mistakes")                                      \
    X(HOST_IO, "the host could not read or write a file")                                          \
    X(HOST_MEMORY, "the host gave no memory")                                                      \
    X(GUEST_MEMORY, "the simulated machine has no free frame for this")                            \
    X(INVARIANT, "the invariant checker found a violation: a bug in the simulator or in a plugin")

enum mmsim_status {
#define X(name, meaning) MMSIM_##name,
    MMSIM_STATUS_LIST(X)
#undef X
        MMSIM_N_STATUSES
};

/*
 * One mistake. The function nearest to it writes it; nobody on the way up overwrites it.
 * `where` is a position ("fork.yaml:12:7") or the name of a field; it may be empty.
 */
struct mmsim_error {
    enum mmsim_status status;
    char where[160];
    char text[400];
};

/* The name of a status, e.g. "BAD_CONFIG"; "?" for a number that is none. Static storage. */
const char *mmsim_status_name(enum mmsim_status status);

/* The meaning of a status in one sentence. Static storage. */
const char *mmsim_status_meaning(enum mmsim_status status);

#ifdef __cplusplus
}
#endif
#endif
