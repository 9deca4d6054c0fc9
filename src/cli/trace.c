/*
 * trace.c - `mmsim trace info`: what is in traces.
 */
#include <inttypes.h>
#include <string.h>

#include "options.h"
#include "spelling.h"

static const char *const ACTIONS[] = {"info"};
static const char *const ABSENT[] = {"record", "import", "export", "cat", "generate"};

static void print_json(const struct mmsim_trace_info *info, struct output *output)
{
    output_format(output, "{\"trace\":");
    output_json_string(output, info->name);
    output_format(output,
                  ",\"references\":%" PRIu64 ",\"pages\":%" PRIu32 ",\"loads\":%" PRIu64
                  ",\"writes\":%" PRIu64 ",\"fetches\":%" PRIu64 ",\"page_size\":%" PRIu32
                  ",\"format\":\"%s\"}\n",
                  info->n_references, info->n_pages, info->n_of_kind[MMSIM_KIND_LOAD],
                  info->n_of_kind[MMSIM_KIND_STORE], info->n_of_kind[MMSIM_KIND_FETCH],
                  info->page_bytes, mmsim_trace_format_name(info->format));
}

static void print_text(const struct mmsim_trace_info *info, struct output *output)
{
    const struct {
        const char *name;
        uint64_t count;
    } rows[] = {
        {"references", info->n_references},
        {"  loads", info->n_of_kind[MMSIM_KIND_LOAD]},
        {"  writes", info->n_of_kind[MMSIM_KIND_STORE]},
        {"  fetches", info->n_of_kind[MMSIM_KIND_FETCH]},
        {"pages", info->n_pages},
        {"page size", info->page_bytes},
    };
    output_styled(output, STYLE_BOLD, "%s", info->name);
    output_format(output, " (%s)\n", mmsim_trace_format_name(info->format));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        output_format(output, "  %-14s", rows[i].name);
        output_count(output, rows[i].count);
        output_format(output, "\n");
    }
}

/* All files are read before anything is printed of the first that is wrong. */
static enum exit_status print_info(const struct arguments *arguments, struct console *console)
{
    enum exit_status status = EXIT_PASSED;
    if (arguments->n_operands < 2) {
        console_error(console, "of which trace? mmsim trace info FILE");
        return EXIT_BAD_INPUT;
    }
    for (size_t i = 1; i < arguments->n_operands; i++) {
        struct mmsim_trace *trace;
        struct mmsim_error error;
        if (mmsim_trace_open(arguments->operands[i], &trace, &error) != MMSIM_OK) {
            console_error(console, "%s%s%s", error.where, error.where[0] ? ": " : "", error.text);
            status = EXIT_BAD_INPUT;
            continue;
        }
        if (arguments_has(arguments, OPTION_JSON))
            print_json(mmsim_trace_info(trace), &console->out);
        else
            print_text(mmsim_trace_info(trace), &console->out);
        mmsim_trace_close(trace);
    }
    return status;
}

static enum exit_status say_unknown(const char *action, struct console *console)
{
    struct spelling spelling = {action, NULL, 0};
    for (size_t i = 0; i < sizeof ABSENT / sizeof *ABSENT; i++) {
        if (strcmp(ABSENT[i], action) == 0) {
            console_error(console, "trace %s is not in this version; there is info", action);
            return EXIT_BAD_INPUT;
        }
    }
    spelling_offer(&spelling, ACTIONS[0]);
    if (spelling.nearest != NULL)
        console_error(console, "trace '%s'? Did you mean %s?", action, spelling.nearest);
    else
        console_error(console, "trace '%s'? Expected info: mmsim trace info FILE", action);
    return EXIT_BAD_INPUT;
}

enum exit_status trace_perform(const struct arguments *arguments, struct console *console)
{
    if (arguments->n_operands == 0) {
        console_error(console, "trace what? mmsim trace info FILE");
        return EXIT_BAD_INPUT;
    }
    if (strcmp(arguments->operands[0], ACTIONS[0]) != 0)
        return say_unknown(arguments->operands[0], console);
    return print_info(arguments, console);
}
