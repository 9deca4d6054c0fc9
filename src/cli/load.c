/*
 * load.c - loading, and printing a mistake with the line it stands on:
 *
 *   fork.yaml:12:7: error: unknown verb 'wirte'; did you mean 'write'? Expected one of ...
 *      12 |   - {do: wirte, by: parent, at: buf}
 *         |          ^
 *
 * The first line is a contract (editors parse it); the rest is for the eye.
 */
#include "load.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_CHARS 100                /* of a source line; longer ones are cut ... */
#define BYTE_ORDER_MARK "\xEF\xBB\xBF" /* is no part of the first line */
#define AFTER_CHARS 20                 /* ... so that at least so many follow the column */

struct mistakes {
    struct console *console;
    size_t n;
};

/* The numbered line of a file without its newline; NULL if there is none. The caller frees it. */
static char *read_source_line(const char *path, unsigned number)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    if (file == NULL)
        return NULL;
    ssize_t n_bytes = -1;
    for (unsigned i = 0; i < number; i++) {
        n_bytes = getline(&line, &room, file);
        if (n_bytes < 0)
            break;
    }
    fclose(file);
    if (n_bytes < 0) {
        free(line);
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    size_t n_mark = number == 1 && strncmp(line, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0
                        ? strlen(BYTE_ORDER_MARK)
                        : 0;
    memmove(line, line + n_mark, strlen(line + n_mark) + 1);
    return line;
}

/* Columns count characters; in UTF-8 every byte but 10xxxxxx begins one. */
static const char *skip_chars(const char *text, unsigned n)
{
    while (*text != '\0' && n > 0) {
        text++;
        while (((unsigned char)*text & 0xc0) == 0x80)
            text++;
        n--;
    }
    return text;
}

static void print_excerpt(struct output *output, const struct mmsim_diagnostic *diagnostic,
                          const char *line)
{
    unsigned column = diagnostic->column > 0 ? diagnostic->column - 1 : 0;
    unsigned first = column > SHOWN_CHARS - AFTER_CHARS ? column - SHOWN_CHARS / 2 : 0;
    const char *start = skip_chars(line, first);
    const char *end = skip_chars(start, SHOWN_CHARS);
    const char *caret = skip_chars(start, column - first);

    output_styled(output, STYLE_DIM, "%5u | ", diagnostic->line);
    for (const char *c = start; c < end; c++)
        output_format(output, "%c", (unsigned char)*c < 0x20 && *c != '\t' ? '?' : *c);
    output_format(output, "\n");
    output_styled(output, STYLE_DIM, "      | ");
    for (const char *c = start; c < caret; c = skip_chars(c, 1))
        output_format(output, "%c", *c == '\t' ? '\t' : ' ');
    output_styled(output, STYLE_RED, "^");
    output_format(output, "\n");
}

static void print_mistake(void *user, const struct mmsim_diagnostic *diagnostic)
{
    struct mistakes *mistakes = user;
    struct output *output = &mistakes->console->err;
    mistakes->n++;
    fflush(mistakes->console->out.stream); /* keep the order where both go to one place */
    output_format(output, "%s:", diagnostic->file);
    if (diagnostic->line > 0)
        output_format(output, "%u:%u:", diagnostic->line, diagnostic->column);
    output_format(output, " ");
    output_styled(output, STYLE_RED, "error:");
    output_format(output, " %s\n", diagnostic->text);

    char *line = diagnostic->line > 0 ? read_source_line(diagnostic->file, diagnostic->line) : NULL;
    if (line != NULL)
        print_excerpt(output, diagnostic, line);
    free(line);
}

struct mmsim_scenario *load_file(const char *path, const struct arguments *arguments,
                                 struct console *console)
{
    struct mistakes mistakes = {console, 0};
    struct mmsim_scenario *scenario = NULL;
    struct mmsim_error error;
    struct mmsim_load_options options;
    mmsim_load_options_init(&options);
    options.overrides = arguments->overrides;
    options.diagnose = print_mistake;
    options.user = &mistakes;
    if (mmsim_scenario_load(path, &options, &scenario, &error) == MMSIM_OK)
        return scenario;
    if (mistakes.n == 0)
        print_mistake(&mistakes, &(struct mmsim_diagnostic){path, 0, 0, error.text});
    return NULL;
}

bool load_all(const struct arguments *arguments, struct mmsim_scenario ***scenarios,
              struct console *console)
{
    size_t n = arguments->n_operands, n_bad = 0;
    if (n == 0) {
        console_error(console, "no scenario file given; try scenarios/01-first-fault.yaml");
        return false;
    }
    struct mmsim_scenario **loaded = calloc(n, sizeof(struct mmsim_scenario *));
    if (loaded == NULL) {
        console_error(console, "the host gave no memory");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        loaded[i] = load_file(arguments->operands[i], arguments, console);
        n_bad += loaded[i] == NULL;
    }
    if (n_bad > 0) {
        load_release(loaded, n);
        return false;
    }
    *scenarios = loaded;
    return true;
}

void load_release(struct mmsim_scenario **scenarios, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mmsim_scenario_destroy(scenarios[i]);
    free(scenarios);
}
