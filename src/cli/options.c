/*
 * options.c - the table of options, and the one loop that reads a command line by it.
 */
#include "options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"
#include "spelling.h"

struct option {
    enum option_id id;
    const char *name;     /* without the dashes */
    char letter;          /* "-q"; 0 = none */
    const char *argument; /* what to call its value; NULL: a flag */
    unsigned commands;    /* enum command_bit */
    const char *help;     /* NULL: not in this version */
};

#define STOPPED (COMMAND_WALK | COMMAND_MAP | COMMAND_INFO)
#define FILES (COMMAND_RUN | COMMAND_CHECK | STOPPED)
#define ALL (FILES | COMMAND_LIST | COMMAND_BENCH | COMMAND_TRACE | COMMAND_MRC)

static const struct option OPTIONS[] = {
    {OPTION_TRACE, "trace", 0, "FILE", COMMAND_BENCH,
     "text or .pt, plain, .zst or .gz, recognised by content; required, may repeat"},
    {OPTION_POLICY, "policy", 0, "all|LIST", COMMAND_BENCH,
     "such as 'lru,clock(load-bit=1)'; default all; mmsim list policies"},
    {OPTION_TRACE, "trace", 0, "FILE", COMMAND_MRC,
     "text or .pt, plain, .zst or .gz, recognised by content; required"},
    {OPTION_POLICY, "policy", 0, "all|LIST", COMMAND_MRC,
     "such as 'lru,opt,clock(load-bit=1)'; default lru; mmsim list policies"},
    {OPTION_SAMPLE, "sample", 0, "RATE", COMMAND_MRC,
     "estimate lru and opt from such a share of the pages: 0.1, 10%"},
    {OPTION_CHECK, "check", 0, NULL, COMMAND_MRC,
     "with --sample: also find the exact curve, and how far off the estimate is"},
    {OPTION_FRAMES, "frames", 0, "LIST", COMMAND_MRC,
     "numbers, ranges, shares of the trace's pages: 64,1k,4..8,5% (default: --json and --csv have "
     "every size of lru and opt until nothing changes; else some 32 sizes)"},
    {OPTION_FRAMES, "frames", 0, "LIST", COMMAND_BENCH,
     "numbers, ranges, shares of the trace's pages: 64,1k,4..8,5% (default 1%,5%,10%,20%,50%)"},
    {OPTION_VIEW, "view", 0, "LIST", COMMAND_BENCH,
     "exact (default): each reference is seen; bits:N: accessed bits, harvested every N"},
    {OPTION_WARM_UP, "warm-up", 0, "N|P%", COMMAND_BENCH,
     "count from after so many references, or such a share of them"},
    {OPTION_CLEAN_FIRST, "clean-first", 0, "K", COMMAND_BENCH,
     "write a dirty victim and put it back, up to K times, for a clean one"},
    {OPTION_COSTS, "costs", 0, "HIT,MISS,WRITE", COMMAND_BENCH,
     "the mean time of a reference if these are so long, e.g. 100ns,8ms,8ms"},
    {OPTION_BELADY, "belady", 0, NULL, COMMAND_BENCH,
     "find where more frames have more misses (default of --frames then: 1..32)"},
    {OPTION_REFAULTS, "refaults", 0, "UNIT", COMMAND_BENCH,
     "how long after it left a page comes back, in references or evictions"},
    {OPTION_CSV, "csv", 0, NULL, COMMAND_BENCH | COMMAND_MRC,
     "the rows of --json as comma-separated values"},
    {OPTION_PLOT, "plot", 0, "FILE", COMMAND_BENCH | COMMAND_MRC,
     "draw the miss ratios into FILE.svg or FILE.png (needs gnuplot)"},
    {OPTION_THREADS, "threads", 0, "N", COMMAND_BENCH | COMMAND_MRC,
     "default: one for each processor"},
    {OPTION_NO_TIME, "no-time", 0, NULL, COMMAND_BENCH,
     "leave ns_per_reference out: all else is the same in every run"},
    {OPTION_JSON, "json", 0, NULL,
     COMMAND_RUN | COMMAND_LIST | COMMAND_INFO | COMMAND_BENCH | COMMAND_TRACE | COMMAND_MRC,
     "machine-readable: JSON on one line, and nothing else on standard output"},
    {OPTION_BY, "by", 0, "PROCESS", COMMAND_WALK, "whose page tables (or kernel); required"},
    {OPTION_AT, "at", 0, "ADDRESS", COMMAND_WALK,
     "a number, or a name of the scenario: buf, buf+4096, 'buf + 2 pages'; required"},
    {OPTION_ACCESS, "access", 0, "r|w|x", COMMAND_WALK, "read (default), write or fetch"},
    {OPTION_STEP, "step", 0, "N", STOPPED,
     "stop before step N, as `mmsim run` numbers them (default: after the last)"},
    {OPTION_SET, "set", 0, "PATH=VALUE", FILES,
     "override a key of the file, e.g. machine.ram=8MiB; may repeat"},
    {OPTION_CONFIG, "config", 0, "FILE", FILES,
     "options of the kernel as Kconfig writes them (CONFIG_X=y), under those of --set"},
    {OPTION_SEED, "seed", 0, "N", FILES, "the same as --set seed=N"},
    {OPTION_SEED, "seed", 0, "N", COMMAND_MRC,
     "of the sample, and of policies that draw lots (default 1)"},
    {OPTION_SEED, "seed", 0, "N", COMMAND_BENCH, "of policies that draw lots (default 1)"},
    {OPTION_EVENTS, "events", 0, "FILE", COMMAND_RUN,
     "write every event (fault, walk, fill, map, ...) to FILE, one JSON object a line"},
    {OPTION_CHECK_INVARIANTS, "check-invariants", 0, "WHEN", COMMAND_RUN,
     "every (also after each fault and call), step, end or off"},
    {OPTION_SANITIZE, "sanitize", 0, "WHAT", COMMAND_RUN,
     "tlb: compare each use of a TLB entry with the page tables; a stale one fails its step"},
    {OPTION_REPORT, "report", 0, "DIR", COMMAND_RUN, NULL},
    {OPTION_QUIET, "quiet", 'q', NULL, COMMAND_RUN | COMMAND_CHECK,
     "print only what went wrong, a line each, and the verdict"},
    {OPTION_VERBOSE, "verbose", 'v', NULL, COMMAND_RUN,
     "print every step, and statistics that are 0"},
    {OPTION_NO_COLOR, "no-color", 0, NULL, ALL,
     "no colours on a terminal (as with a NO_COLOR in the environment that is not empty)"},
    {OPTION_HELP, "help", 'h', NULL, ALL, "print this"},
};
#define N_ROWS (sizeof OPTIONS / sizeof *OPTIONS)

/* ---- finding a row ---- */

static bool belongs(const struct option *option, const struct command *command)
{
    return (option->commands & command->bit) != 0;
}

static const struct option *find_long(const struct command *command, const char *name, size_t n)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct option *option = &OPTIONS[i];
        if (belongs(option, command) && strlen(option->name) == n &&
            memcmp(option->name, name, n) == 0)
            return option;
    }
    return NULL;
}

static const struct option *find_letter(const struct command *command, char letter)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (belongs(&OPTIONS[i], command) && OPTIONS[i].letter == letter && letter != 0)
            return &OPTIONS[i];
    }
    return NULL;
}

/* The commands that do know an option of that name: a common slip. */
static bool known_elsewhere(const char *name)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (strcmp(OPTIONS[i].name, name) == 0)
            return true;
    }
    return false;
}

static void say_unknown(const struct command *command, const char *argument,
                        struct console *console)
{
    char name[SPELLING_MAX_CHARS + 1];
    size_t n = strcspn(argument, "=");
    const char *text = argument + strspn(argument, "-");
    snprintf(name, sizeof name, "%.*s", (int)(n - (size_t)(text - argument)), text);

    if (known_elsewhere(name)) {
        console_error(console, "'mmsim %s' has no option --%s; see mmsim %s --help", command->name,
                      name, command->name);
        return;
    }
    struct spelling spelling = {name, NULL, 0};
    for (size_t i = 0; i < N_ROWS; i++) {
        if (belongs(&OPTIONS[i], command))
            spelling_offer(&spelling, OPTIONS[i].name);
    }
    if (spelling.nearest != NULL)
        console_error(console, "unknown option '%.*s'; did you mean --%s?", (int)n, argument,
                      spelling.nearest);
    else
        console_error(console, "unknown option '%.*s'; see mmsim %s --help", (int)n, argument,
                      command->name);
}

/* ---- reading ---- */

/* 1000 for "k" and so on; 1 for "", 0 for anything else. */
static uint64_t unit_of_count(const char *text)
{
    static const struct {
        const char *unit;
        uint64_t factor;
    } rows[] = {{"", 1}, {"k", 1000}, {"M", 1000000}, {"G", 1000000000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(text, rows[i].unit) == 0)
            return rows[i].factor;
    return 0;
}

bool number_parse(const char *text, uint64_t *value)
{
    int base = strncmp(text, "0x", 2) == 0 ? 16 : 10;
    const char *digits = base == 16 ? text + 2 : text;
    const char *allowed = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
    size_t n_digits = strspn(digits, allowed);
    uint64_t factor = unit_of_count(digits + n_digits);
    if (n_digits == 0 || factor == 0)
        return false;
    errno = 0;
    uint64_t number = strtoull(digits, NULL, base);
    if (errno != 0 || number > UINT64_MAX / factor)
        return false;
    *value = number * factor;
    return true;
}

static bool store_set(struct arguments *arguments, const char *value, struct console *console)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value) {
        console_error(console, "--set %s: expected PATH=VALUE, such as machine.ram=8MiB", value);
        return false;
    }
    arguments->overrides[arguments->n_overrides++] = value;
    return true;
}

static bool store(struct arguments *arguments, const struct option *option, const char *value,
                  struct console *console)
{
    if (option->id == OPTION_EVENTS && arguments_has(arguments, OPTION_EVENTS)) {
        console_error(console, "--events is given twice: all events go to one file");
        return false;
    }
    arguments->values[option->id] = value;
    if (option->id == OPTION_TRACE)
        arguments->traces[arguments->n_traces++] = value;
    if (option->id == OPTION_SET)
        return store_set(arguments, value, console);
    return true;
}

/* One option at argv[*i]; takes its value from there or from the next argument. */
static bool read_option(const struct command *command, int n, char *const *argv, int *i,
                        struct arguments *arguments, struct console *console)
{
    const char *text = argv[*i];
    bool is_long = text[1] == '-';
    const char *equals = is_long ? strchr(text, '=') : NULL;
    size_t name_chars = is_long ? strcspn(text + 2, "=") : 0;
    const struct option *option = is_long           ? find_long(command, text + 2, name_chars)
                                  : text[2] == '\0' ? find_letter(command, text[1])
                                                    : NULL;
    if (option == NULL) {
        say_unknown(command, text, console);
        return false;
    }
    if (option->help == NULL) {
        console_error(console, "--%s is not in this version", option->name);
        return false;
    }
    if (option->argument == NULL && equals != NULL) {
        console_error(console, "--%s takes no value", option->name);
        return false;
    }
    if (option->argument == NULL)
        return store(arguments, option, "", console);
    if (equals != NULL)
        return store(arguments, option, equals + 1, console);
    if (*i + 1 >= n || strncmp(argv[*i + 1], "--", 2) == 0) {
        console_error(console, "--%s needs a value: --%s %s", option->name, option->name,
                      option->argument);
        return false;
    }
    return store(arguments, option, argv[++*i], console);
}

/* --seed is one more override, after all of --set. */
static bool add_seed(struct arguments *arguments, struct console *console)
{
    const char *text = arguments->values[OPTION_SEED];
    uint64_t seed;
    if (text == NULL)
        return true;
    if (!number_parse(text, &seed)) {
        console_error(console, "--seed %s: expected a number from 0 to 2^64-1", text);
        return false;
    }
    snprintf(arguments->seed, sizeof arguments->seed, "seed=%" PRIu64, seed);
    arguments->overrides[arguments->n_overrides++] = arguments->seed;
    return true;
}

/* What --config says goes before all of --set, so that these have the last word. */
static bool add_settings(struct arguments *arguments, struct console *console)
{
    const char *path = arguments->values[OPTION_CONFIG];
    if (path == NULL)
        return true;
    arguments->settings = settings_read(path, console);
    if (arguments->settings == NULL)
        return false;
    size_t n = settings_count(arguments->settings);
    size_t room = n + arguments->n_overrides + 1;
    const char **all = calloc(room, sizeof *all);
    if (all == NULL) {
        console_error(console, "the host gave no memory");
        return false;
    }
    for (size_t i = 0; i < n; i++)
        all[i] = settings_at(arguments->settings, i);
    memcpy(all + n, arguments->overrides, arguments->n_overrides * sizeof *all);
    free(arguments->overrides);
    arguments->overrides = all;
    arguments->n_overrides += n;
    return true;
}

/* What no option shows by itself. */
static bool check_together(const struct arguments *arguments, struct console *console)
{
    const char *events = arguments->values[OPTION_EVENTS];
    if (arguments_has(arguments, OPTION_QUIET) && arguments_has(arguments, OPTION_VERBOSE)) {
        console_error(console, "--quiet and --verbose contradict each other");
        return false;
    }
    if (events != NULL && strcmp(events, "-") == 0) {
        console_error(console, "--events -: events go to a file; standard output has the results");
        return false;
    }
    return true;
}

static bool add_operand(struct arguments *arguments, const char *text, struct console *console)
{
    if (strcmp(text, "-") == 0) {
        console_error(console, "standard input is not read: give the name of a file");
        return false;
    }
    arguments->operands[arguments->n_operands++] = text;
    return true;
}

enum parse_result arguments_parse(const struct command *command, int n, char *const *argv,
                                  struct arguments *arguments, struct console *console)
{
    memset(arguments, 0, sizeof *arguments);
    arguments->operands = calloc((size_t)n + 1, sizeof *arguments->operands);
    arguments->overrides = calloc((size_t)n + 2, sizeof *arguments->overrides);
    arguments->traces = calloc((size_t)n + 1, sizeof *arguments->traces);
    if (arguments->operands == NULL || arguments->overrides == NULL || arguments->traces == NULL) {
        console_error(console, "the host gave no memory");
        return PARSE_BAD;
    }
    bool options_ended = false;
    bool good = true;
    for (int i = 0; i < n; i++) {
        const char *text = argv[i];
        if (!options_ended && strcmp(text, "--") == 0)
            options_ended = true;
        else if (options_ended || text[0] != '-' || text[1] == '\0')
            good = add_operand(arguments, text, console) && good;
        else
            good = read_option(command, n, argv, &i, arguments, console) && good;
    }
    if (arguments_has(arguments, OPTION_HELP))
        return PARSE_HELP;
    good = good && check_together(arguments, console) && add_seed(arguments, console) &&
           add_settings(arguments, console);
    return good ? PARSE_OK : PARSE_BAD;
}

void arguments_fini(struct arguments *arguments)
{
    free(arguments->operands);
    free(arguments->overrides);
    free(arguments->traces);
    settings_free(arguments->settings);
}

/* ---- help ---- */

#define HELP_COLUMN 30

void options_print(const struct command *command, struct output *output)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct option *option = &OPTIONS[i];
        char left[64], letter[8] = "    ";
        if (!belongs(option, command) || option->help == NULL)
            continue;
        if (option->letter != 0)
            snprintf(letter, sizeof letter, "-%c, ", option->letter);
        snprintf(left, sizeof left, "  %s--%s%s%s", letter, option->name,
                 option->argument != NULL ? " " : "",
                 option->argument != NULL ? option->argument : "");
        output_item(output, left, HELP_COLUMN, option->help);
    }
}
