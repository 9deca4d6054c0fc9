/*
 * cli.h - what the files of the mmsim program share: commands, the console, exit statuses.
 *
 * The program is a client of the library like any other: it includes <mmsim/mmsim.h> and nothing
 * from the rest of src/. Each command is one file and one row of the table in main.c.
 *
 *   main --arguments_parse--> struct arguments --command->perform--> enum exit_status
 */
#ifndef CLI_H
#define CLI_H

#include <mmsim/mmsim.h>

#include "output.h"

/* The contract of docs/scenario.md. */
enum exit_status {
    EXIT_PASSED = 0,    /* every scenario passed; the command did what it was asked */
    EXIT_FAILED = 1,    /* an expectation failed */
    EXIT_BAD_INPUT = 2, /* bad usage, a mistake in a file, or the host refused something */
    EXIT_INVARIANT = 3  /* the invariant checker found a violation */
};

/* Which commands an option belongs to. */
enum command_bit {
    COMMAND_RUN = 1 << 0,
    COMMAND_CHECK = 1 << 1,
    COMMAND_WALK = 1 << 2,
    COMMAND_LIST = 1 << 3,
    COMMAND_MAP = 1 << 4,
    COMMAND_INFO = 1 << 5,
    COMMAND_BENCH = 1 << 6,
    COMMAND_TRACE = 1 << 7,
    COMMAND_MRC = 1 << 8
};

struct arguments;

struct command {
    const char *name;
    enum command_bit bit;
    const char *usage;    /* "run [OPTIONS] SCENARIO..." */
    const char *summary;  /* one line */
    const char *details;  /* a paragraph for its --help; lines end with \n */
    const char *examples; /* lines of its --help */
    enum exit_status (*perform)(const struct arguments *arguments, struct console *console);
};

enum exit_status run_perform(const struct arguments *arguments, struct console *console);
enum exit_status check_perform(const struct arguments *arguments, struct console *console);
enum exit_status walk_perform(const struct arguments *arguments, struct console *console);
enum exit_status map_perform(const struct arguments *arguments, struct console *console);
enum exit_status info_perform(const struct arguments *arguments, struct console *console);
enum exit_status bench_perform(const struct arguments *arguments, struct console *console);
enum exit_status mrc_perform(const struct arguments *arguments, struct console *console);
enum exit_status trace_perform(const struct arguments *arguments, struct console *console);
enum exit_status list_perform(const struct arguments *arguments, struct console *console);

#endif
