/*
 * check.c - `mmsim check`: the loader, and nothing run.
 */
#include "load.h"

static bool check_file(const char *path, const struct arguments *arguments, struct console *console)
{
    struct mmsim_scenario *scenario = load_file(path, arguments, console);
    if (scenario == NULL)
        return false;
    if (!arguments_has(arguments, OPTION_QUIET)) {
        output_format(&console->out, "%s: ", path);
        output_styled(&console->out, STYLE_GREEN, "ok");
        output_format(&console->out, " (%s)\n", mmsim_scenario_name(scenario));
    }
    mmsim_scenario_destroy(scenario);
    return true;
}

enum exit_status check_perform(const struct arguments *arguments, struct console *console)
{
    enum exit_status status = EXIT_PASSED;
    if (arguments->n_operands == 0) {
        console_error(console, "no scenario file given; see mmsim check --help");
        return EXIT_BAD_INPUT;
    }
    for (size_t i = 0; i < arguments->n_operands; i++) {
        if (!check_file(arguments->operands[i], arguments, console))
            status = EXIT_BAD_INPUT;
    }
    return status;
}
