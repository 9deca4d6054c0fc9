/*
 * main.c - the mmsim program: one table of commands, and the way to them.
 */
#include <string.h>

#include "cli.h"
#include "options.h"
#include "spelling.h"

static const struct command COMMANDS[] = {
    {"run", COMMAND_RUN, "run [OPTIONS] SCENARIO...",
     "run scenarios and compare them with what they expect",
     "Builds the machine that each file describes, performs its steps and checks its\n"
     "expectations. All files are checked before any runs. Exit status: 0 all passed,\n"
     "1 an expectation failed, 2 bad usage or a mistake in a file, 3 the invariant\n"
     "checker found a violation; with several scenarios the first of 2, 3, 1, 0.\n",
     "  mmsim run scenarios/04-copy-on-write.yaml\n"
     "  mmsim run --json scenarios/*.yaml | python3 -m json.tool --json-lines\n"
     "  mmsim run my.yaml --set machine.ram=8MiB --set machine.cpu=i386\n"
     "  mmsim run my.yaml --events events.jsonl --check-invariants every\n",
     run_perform},
    {"check", COMMAND_CHECK, "check [OPTIONS] SCENARIO...",
     "find the mistakes in scenario files without running them",
     "Reads each file and reports every mistake with its position, what was expected\n"
     "and the nearest spelling. Exit status: 0 no mistake, 2 otherwise.\n",
     "  mmsim check my.yaml\n"
     "  mmsim check --quiet scenarios/*.yaml && echo fine\n",
     check_perform},
    {"walk", COMMAND_WALK, "walk [OPTIONS] SCENARIO --by PROCESS --at ADDRESS",
     "explain one address translation, entry by entry",
     "Runs a scenario up to a step, then shows what the hardware does with an access:\n"
     "how the address is split, each entry with its bits named, each check with its\n"
     "verdict, and what the TLB holds. Nothing is changed by looking.\n",
     "  mmsim walk scenarios/02-two-level-walk.yaml --by walker --at near\n"
     "  mmsim walk scenarios/04-copy-on-write.yaml --by child --at buf --access w --step 11\n"
     "  mmsim walk scenarios/10-kernel-map.yaml --by kernel --at 0x400000\n",
     walk_perform},
    {"map", COMMAND_MAP, "map [OPTIONS] SCENARIO", "draw the memory of a machine",
     "Runs a scenario up to a step, then shows where RAM lies, what the regions of the\n"
     "virtual address space are for, and each live process's mappings.\n",
     "  mmsim map scenarios/05-isolation.yaml\n"
     "  mmsim map scenarios/04-copy-on-write.yaml --step 11\n",
     map_perform},
    {"info", COMMAND_INFO, "info [OPTIONS] TABLE SCENARIO",
     "print a table of kernel memory, in the format of Linux's",
     "Runs a scenario up to a step, then prints a table as Linux has it in /proc or\n"
     "debugfs, so that the eyes and scripts that read those read these. kmemleak first\n"
     "searches for leaks. mmsim list tables names the tables; docs/kernel-memory.md\n"
     "explains their columns.\n",
     "  mmsim info slabinfo scenarios/04-copy-on-write.yaml\n"
     "  mmsim info buddyinfo scenarios/04-copy-on-write.yaml --step 11\n"
     "  mmsim info meminfo scenarios/04-copy-on-write.yaml --json\n"
     "  mmsim info slabinfo my.yaml | awk 'NR > 2 { print $2 * $4, $1 }' | sort -rn\n",
     info_perform},
    {"bench", COMMAND_BENCH, "bench [OPTIONS] --trace FILE...",
     "compare replacement policies on traces of real programs",
     "Replays each trace with each policy and each number of frames, on all processors,\n"
     "and prints what they came to: misses, evictions, pages written. docs/studies.md\n"
     "tells what the columns mean and what the options are for.\n",
     "  mmsim bench --trace bench/traces/cc1.pt\n"
     "  mmsim bench --trace bench/traces/cc1.pt --policy 'lru,clock(load-bit=1),opt' --frames "
     "64,5%\n"
     "  mmsim bench --trace my.txt --frames 16,32,64 --json | python3 -m json.tool --json-lines\n"
     "  mmsim bench --trace my.txt --policy fifo --frames 1..10 --belady\n"
     "  mmsim bench --trace my.txt --plot policies.svg\n",
     bench_perform},
    {"mrc", COMMAND_MRC, "mrc [OPTIONS] --trace FILE",
     "miss-ratio curves: the misses at every size",
     "Finds out how often a trace misses with how many frames. lru and opt need one pass\n"
     "over the trace for all sizes, and are exact; other policies are replayed size by\n"
     "size, on all processors. docs/curves.md tells more.\n",
     "  mmsim mrc --trace bench/traces/cc1-tlb64.pt.zst\n"
     "  mmsim mrc --trace bench/traces/cc1.pt --policy lru,opt --plot curve.svg\n"
     "  mmsim mrc --trace my.pt --sample 5% --check\n"
     "  mmsim mrc --trace my.txt --policy 'lru,clock(load-bit=1)' --frames 1..16 --json\n",
     mrc_perform},
    {"trace", COMMAND_TRACE, "trace [OPTIONS] info FILE...", "what is in a trace",
     "Reads each file and prints how many references, pages and stores it has.\n",
     "  mmsim trace info bench/traces/cc1.pt\n"
     "  mmsim trace info my.txt --json\n",
     trace_perform},
    {"list", COMMAND_LIST,
     "list [OPTIONS] verbs|stats|models|cpus|events|devices|tables|policies|config",
     "what scenarios may use, with one line each",
     "Prints the verbs of steps, the statistics of `check`, the models, their CPUs, the\n"
     "types of events, the devices with their registers, the tables of mmsim info, the\n"
     "replacement policies with their parameters or the options of the kernel.\n",
     "  mmsim list verbs\n"
     "  mmsim list cpus --json\n",
     list_perform},
};
#define N_COMMANDS (sizeof COMMANDS / sizeof *COMMANDS)

/* Of the contract in docs/scenario.md, but not here yet. */
static const char *const ABSENT[] = {"sweep", "grade"};
#define N_ABSENT (sizeof ABSENT / sizeof *ABSENT)

static void print_usage(struct output *output)
{
    output_styled(output, STYLE_BOLD, "mmsim");
    output_format(output, " - a memory-management subsystem, simulated\n\n");
    for (size_t i = 0; i < N_COMMANDS; i++) {
        char left[32];
        snprintf(left, sizeof left, "  mmsim %s", COMMANDS[i].name);
        output_item(output, left, 16, COMMANDS[i].summary);
    }
    output_format(output,
                  "\nmmsim COMMAND --help tells more about a command; mmsim --version prints the\n"
                  "version. Examples:\n"
                  "  mmsim run scenarios/01-first-fault.yaml\n"
                  "  mmsim walk scenarios/02-two-level-walk.yaml --by walker --at near\n"
                  "  mmsim list verbs\n");
}

static void print_help(const struct command *command, struct output *output)
{
    output_format(output, "Usage: mmsim %s\n\n%s\nOptions:\n", command->usage, command->details);
    options_print(command, output);
    output_format(output, "\nExamples:\n%s", command->examples);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(COMMANDS[i].name, name) == 0)
            return &COMMANDS[i];
    }
    return NULL;
}

/* "mmsim first.yaml": the command was left out. */
static bool is_scenario(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static enum exit_status say_unknown(const char *name, struct console *console)
{
    const char *noun = name[0] == '-' ? "option" : "command";
    struct spelling spelling = {name, NULL, 0};
    if (is_scenario(name)) {
        console_error(console, "'%s' is no command; did you mean mmsim run %s?", name, name);
        return EXIT_BAD_INPUT;
    }
    for (size_t i = 0; i < N_ABSENT; i++) {
        if (strcmp(ABSENT[i], name) == 0) {
            console_error(console, "'%s' is not in this version; see mmsim --help", name);
            return EXIT_BAD_INPUT;
        }
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        spelling_offer(&spelling, COMMANDS[i].name);
    spelling_offer(&spelling, "--help");
    spelling_offer(&spelling, "--version");
    if (spelling.nearest != NULL)
        console_error(console, "unknown %s '%s'; did you mean %s?", noun, name, spelling.nearest);
    else
        console_error(console, "unknown %s '%s'; see mmsim --help", noun, name);
    return EXIT_BAD_INPUT;
}

static enum exit_status perform(const struct command *command, int n, char *const *argv,
                                struct console *console)
{
    struct arguments arguments;
    enum exit_status status = EXIT_BAD_INPUT;
    enum parse_result parsed = arguments_parse(command, n, argv, &arguments, console);
    if (arguments_has(&arguments, OPTION_NO_COLOR))
        console_forbid_color(console);
    if (parsed == PARSE_OK)
        status = command->perform(&arguments, console);
    if (parsed == PARSE_HELP) {
        print_help(command, &console->out);
        status = EXIT_PASSED;
    }
    arguments_fini(&arguments);
    return status;
}

/* "mmsim help" and "mmsim help COMMAND", which many will try. */
static enum exit_status help(const char *about, struct console *console)
{
    if (about == NULL) {
        print_usage(&console->out);
        return EXIT_PASSED;
    }
    const struct command *command = find_command(about);
    if (command == NULL)
        return say_unknown(about, console);
    print_help(command, &console->out);
    return EXIT_PASSED;
}

static enum exit_status dispatch(int argc, char *const *argv, struct console *console)
{
    if (argc < 2) {
        print_usage(&console->err);
        return EXIT_BAD_INPUT;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        output_format(&console->out, "mmsim %s\n", mmsim_version());
        return EXIT_PASSED;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0)
        return help(argc > 2 ? argv[2] : NULL, console);
    const struct command *command = find_command(name);
    if (command == NULL)
        return say_unknown(name, console);
    return perform(command, argc - 2, argv + 2, console);
}

int main(int argc, char **argv)
{
    struct console console;
    console_init(&console);
    enum exit_status status = dispatch(argc, argv, &console);
    return console_finish(&console) ? (int)status : EXIT_BAD_INPUT;
}
