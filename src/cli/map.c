/*
 * map.c - `mmsim map`: run a scenario up to a step, then draw its memory.
 */
#include "stopped.h"

static enum exit_status look(const void *user, const struct mmsim_result *result,
                             const struct mmsim_scenario *scenario, struct console *console)
{
    (void)user;
    (void)scenario;
    struct mmsim_sink sink = output_sink(&console->out);
    mmsim_machine_print_layout(mmsim_result_machine(result), &sink);
    return EXIT_PASSED;
}

enum exit_status map_perform(const struct arguments *arguments, struct console *console)
{
    if (arguments->n_operands != 1) {
        console_error(console, "expected one scenario file, got %zu; see mmsim map --help",
                      arguments->n_operands);
        return EXIT_BAD_INPUT;
    }
    return stopped_look(arguments->operands[0], arguments, look, NULL, console);
}
