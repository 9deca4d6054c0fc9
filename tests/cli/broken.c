/*
 * broken.c - linked around mmsim_scenario_run() by run-cli: a scenario named "broken" runs as ever,
 * and then the invariant checker is made to say that it found something. A machine that really
 * breaks its invariants would be a bug; what the command does about one must be tested all the
 * same.
 */
#include <stdio.h>
#include <string.h>

#include <mmsim/mmsim.h>

enum mmsim_status __real_mmsim_scenario_run(const struct mmsim_scenario *scenario,
                                            const struct mmsim_run_options *options,
                                            struct mmsim_result **result,
                                            struct mmsim_error *error);
enum mmsim_status __wrap_mmsim_scenario_run(const struct mmsim_scenario *scenario,
                                            const struct mmsim_run_options *options,
                                            struct mmsim_result **result,
                                            struct mmsim_error *error);

enum mmsim_status __wrap_mmsim_scenario_run(const struct mmsim_scenario *scenario,
                                            const struct mmsim_run_options *options,
                                            struct mmsim_result **result, struct mmsim_error *error)
{
    enum mmsim_status status = __real_mmsim_scenario_run(scenario, options, result, error);
    if (status != MMSIM_OK || strcmp(mmsim_scenario_name(scenario), "broken") != 0)
        return status;
    error->status = MMSIM_INVARIANT;
    snprintf(error->text, sizeof error->text, "frame 7 is free and mapped");
    return MMSIM_INVARIANT;
}
