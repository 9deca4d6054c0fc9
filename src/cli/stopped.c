/*
 * stopped.c - loading a scenario, running it up to a step, and what may go wrong on the way.
 */
#include "stopped.h"

#include <inttypes.h>

static bool read_step(const struct arguments *arguments, uint64_t *stop_step,
                      struct console *console)
{
    const char *step = arguments->values[OPTION_STEP];
    *stop_step = UINT64_MAX;
    if (step == NULL || number_parse(step, stop_step))
        return true;
    console_error(console, "--step %s: expected the number of a step, from 0", step);
    return false;
}

/* --step N after the last step is a slip, not the end. */
static bool is_past_end(uint64_t stop_step, const struct mmsim_result *result,
                        struct console *console)
{
    size_t n_steps = mmsim_result_n_steps(result);
    if (stop_step == UINT64_MAX || stop_step <= n_steps)
        return false;
    console_error(console,
                  "--step %" PRIu64 ": the scenario executes %zu steps; --step %zu stops after the "
                  "last",
                  stop_step, n_steps, n_steps);
    return true;
}

static enum exit_status run(const struct mmsim_scenario *scenario, uint64_t stop_step,
                            struct mmsim_result **result, struct console *console)
{
    struct mmsim_run_options options;
    struct mmsim_error error;
    mmsim_run_options_init(&options);
    options.stop_after = true;
    options.stop_step = stop_step;
    enum mmsim_status status = mmsim_scenario_run(scenario, &options, result, &error);
    if (status == MMSIM_OK)
        return is_past_end(stop_step, *result, console) ? EXIT_BAD_INPUT : EXIT_PASSED;
    console_error(console, "%s: %s", mmsim_scenario_file(scenario), error.text);
    return status == MMSIM_INVARIANT ? EXIT_INVARIANT : EXIT_BAD_INPUT;
}

enum exit_status stopped_look(const char *path, const struct arguments *arguments,
                              stopped_looker look, const void *user, struct console *console)
{
    uint64_t stop_step;
    if (!read_step(arguments, &stop_step, console))
        return EXIT_BAD_INPUT;
    struct mmsim_scenario *scenario = load_file(path, arguments, console);
    if (scenario == NULL)
        return EXIT_BAD_INPUT;
    struct mmsim_result *result = NULL;
    enum exit_status status = run(scenario, stop_step, &result, console);
    if (status == EXIT_PASSED)
        status = look(user, result, scenario, console);
    mmsim_result_destroy(result);
    mmsim_scenario_destroy(scenario);
    return status;
}
