/*
 * options.h - the command line: one table of options, parsed into one value.
 *
 * Options may stand before or after operands; "--" ends them. "--name VALUE" and "--name=VALUE"
 * are the same. An option that is given twice has its last value, but for --set and --trace, which
 * collect, and --events, where it is a mistake.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli.h"

enum option_id {
    OPTION_JSON,
    OPTION_SET,
    OPTION_CONFIG,
    OPTION_EVENTS,
    OPTION_CHECK_INVARIANTS,
    OPTION_SANITIZE,
    OPTION_SEED,
    OPTION_BY,
    OPTION_AT,
    OPTION_ACCESS,
    OPTION_STEP,
    OPTION_TRACE,
    OPTION_POLICY,
    OPTION_FRAMES,
    OPTION_VIEW,
    OPTION_WARM_UP,
    OPTION_CLEAN_FIRST,
    OPTION_COSTS,
    OPTION_BELADY,
    OPTION_REFAULTS,
    OPTION_CSV,
    OPTION_PLOT,
    OPTION_THREADS,
    OPTION_NO_TIME,
    OPTION_SAMPLE,
    OPTION_CHECK,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_NO_COLOR,
    OPTION_REPORT,
    OPTION_HELP,
    N_OPTIONS
};

struct arguments {
    const char *values[N_OPTIONS]; /* NULL = not given; "" for a flag */
    const char **operands;         /* point into argv */
    size_t n_operands;
    const char **overrides; /* of --config, --set, then --seed; ends with NULL */
    size_t n_overrides;
    const char **traces; /* of --trace */
    size_t n_traces;
    struct settings *settings; /* of --config, the texts of its overrides; NULL */
    char seed[32];             /* "seed=N", what `overrides` ends with if --seed was given */
};

enum parse_result { PARSE_OK, PARSE_HELP, PARSE_BAD };

/*
 * Reads argv[0..n), which follow the command's name. BAD: said why on standard error. The caller
 * calls arguments_fini() whatever the result.
 */
enum parse_result arguments_parse(const struct command *command, int n, char *const *argv,
                                  struct arguments *arguments, struct console *console);
void arguments_fini(struct arguments *arguments);

static inline bool arguments_has(const struct arguments *arguments, enum option_id id)
{
    return arguments->values[id] != NULL;
}

/* A decimal or 0x number, with k, M or G for thousands. False if `text` is anything else. */
bool number_parse(const char *text, uint64_t *value);

/* The options of a command, for its --help. */
void options_print(const struct command *command, struct output *output);

#endif
