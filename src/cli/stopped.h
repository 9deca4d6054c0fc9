/*
 * stopped.h - looking at a scenario that stands still: run it up to --step, then look.
 */
#ifndef CLI_STOPPED_H
#define CLI_STOPPED_H

#include "load.h"

/* Looks at the result, whose machine still has its processes. Returns the exit status. */
typedef enum exit_status (*stopped_looker)(const void *user, const struct mmsim_result *result,
                                           const struct mmsim_scenario *scenario,
                                           struct console *console);

/* Loads the scenario `path`, runs it up to --step (default: to its end), looks. */
enum exit_status stopped_look(const char *path, const struct arguments *arguments,
                              stopped_looker look, const void *user, struct console *console);

#endif
