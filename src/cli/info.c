/*
 * info.c - `mmsim info`: run a scenario up to a step, then print a table of kernel memory.
 */
#include <string.h>

#include "spelling.h"
#include "stopped.h"

struct request {
    enum mmsim_table table;
    enum mmsim_table_format format;
};

/* ---- the command line ---- */

static bool table_parse(const char *name, enum mmsim_table *table)
{
    for (int i = 0; i < MMSIM_N_TABLES; i++) {
        *table = (enum mmsim_table)i;
        if (strcmp(mmsim_table_name(*table), name) == 0)
            return true;
    }
    return false;
}

static void say_unknown(const char *name, struct console *console)
{
    struct spelling spelling = {name, NULL, 0};
    for (int i = 0; i < MMSIM_N_TABLES; i++)
        spelling_offer(&spelling, mmsim_table_name((enum mmsim_table)i));
    if (spelling.nearest != NULL)
        console_error(console, "there is no table '%s'; did you mean %s?", name, spelling.nearest);
    else
        console_error(console, "there is no table '%s'; see mmsim list tables", name);
}

static bool read_request(const struct arguments *arguments, struct request *request,
                         struct console *console)
{
    enum mmsim_table other;
    const char *const *words = arguments->operands;
    request->format = arguments_has(arguments, OPTION_JSON) ? MMSIM_TABLE_JSON : MMSIM_TABLE_TEXT;
    if (arguments->n_operands == 2 && table_parse(words[0], &request->table))
        return true;
    if (arguments->n_operands == 2 && table_parse(words[1], &other))
        console_error(console, "the table comes first: mmsim info %s %s", words[1], words[0]);
    else if (arguments->n_operands == 2)
        say_unknown(words[0], console);
    else
        console_error(console,
                      "expected a table and a scenario file, got %zu word%s: mmsim info TABLE "
                      "SCENARIO; see mmsim list tables",
                      arguments->n_operands, arguments->n_operands == 1 ? "" : "s");
    return false;
}

/* ---- looking ---- */

static bool search_leaks(struct mmsim_machine *machine, struct console *console)
{
    struct mmsim_leak_result result;
    struct mmsim_error error;
    if (mmsim_leak_scan(machine, MMSIM_LEAK_CONSERVATIVE, &result, &error) == MMSIM_OK)
        return true;
    console_error(console, "the search for leaks found nothing out: %s", error.text);
    return false;
}

static enum exit_status look(const void *user, const struct mmsim_result *result,
                             const struct mmsim_scenario *scenario, struct console *console)
{
    const struct request *request = user;
    struct mmsim_machine *machine = mmsim_result_machine(result);
    struct mmsim_sink sink = output_sink(&console->out);
    (void)scenario;
    if (request->table == MMSIM_TABLE_KMEMLEAK && !search_leaks(machine, console))
        return EXIT_BAD_INPUT;
    const char *nothing = mmsim_table_nothing(machine, request->table);
    if (nothing != NULL && request->format == MMSIM_TABLE_TEXT)
        output_format(&console->err, "%s\n", nothing); /* the table itself is empty, as Linux's */
    mmsim_table_print(machine, request->table, request->format, &sink);
    return EXIT_PASSED;
}

enum exit_status info_perform(const struct arguments *arguments, struct console *console)
{
    struct request request;
    if (!read_request(arguments, &request, console))
        return EXIT_BAD_INPUT;
    return stopped_look(arguments->operands[1], arguments, look, &request, console);
}
