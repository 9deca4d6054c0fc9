/*
 * load.h - scenario files given on the command line, and their mistakes shown like a compiler's.
 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "cli.h"
#include "options.h"

/*
 * Loads one file with the overrides of --set and --seed. NULL: every mistake was printed.
 * The caller destroys the scenario.
 */
struct mmsim_scenario *load_file(const char *path, const struct arguments *arguments,
                                 struct console *console);

/*
 * Loads all operands. False: at least one has mistakes, or there is no operand; all was said and
 * nothing is left to free. True: the caller calls load_release().
 */
bool load_all(const struct arguments *arguments, struct mmsim_scenario ***scenarios,
              struct console *console);
void load_release(struct mmsim_scenario **scenarios, size_t n);

#endif
