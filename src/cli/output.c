/*
 * output.c - printing: styles, wrapped prose, JSON strings, and no write error unnoticed.
 *
 * Invariants: (1) `error` keeps the first failure's errno; (2) an escape sequence is written only
 * when `color` is set, and every one is ended on the same call.
 */
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ECMA-48 "Select Graphic Rendition" */
static const char *const STYLE_CODES[N_STYLES] = {
    [STYLE_NONE] = "",          [STYLE_BOLD] = "\033[1m",     [STYLE_DIM] = "\033[2m",
    [STYLE_RED] = "\033[1;31m", [STYLE_GREEN] = "\033[1;32m", [STYLE_YELLOW] = "\033[33m",
};
static const char STYLE_END[] = "\033[0m";

static bool wants_color(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (no_color != NULL && *no_color != '\0')
        return false;
    if (terminal != NULL && strcmp(terminal, "dumb") == 0)
        return false;
    return isatty(fileno(stream)) == 1;
}

void console_init(struct console *console)
{
    console->out = (struct output){stdout, "standard output", wants_color(stdout), 0};
    console->err = (struct output){stderr, "standard error", wants_color(stderr), 0};
}

void console_forbid_color(struct console *console)
{
    console->out.color = false;
    console->err.color = false;
}

static void note_error(struct output *output)
{
    if (output->error == 0)
        output->error = errno != 0 ? errno : EIO;
}

bool console_finish(struct console *console)
{
    if (fflush(console->out.stream) != 0)
        note_error(&console->out);
    if (console->out.error == 0)
        return true;
    console_error(console, "cannot write to standard output: %s", strerror(console->out.error));
    return false;
}

bool output_close(struct output *output)
{
    if (fclose(output->stream) != 0)
        note_error(output);
    return output->error == 0;
}

static void write_bytes(struct output *output, const char *text, size_t n_bytes)
{
    if (fwrite(text, 1, n_bytes, output->stream) != n_bytes)
        note_error(output);
}

static void write_format(struct output *output, const char *format, va_list values)
{
    if (vfprintf(output->stream, format, values) < 0)
        note_error(output);
}

static void write_style(struct output *output, const char *code)
{
    if (output->color)
        write_bytes(output, code, strlen(code));
}

void output_format(struct output *output, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    write_format(output, format, values);
    va_end(values);
}

void output_styled(struct output *output, enum style style, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    write_style(output, STYLE_CODES[style]);
    write_format(output, format, values);
    write_style(output, style == STYLE_NONE ? "" : STYLE_END);
    va_end(values);
}

void console_error(struct console *console, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fflush(console->out.stream); /* keep the order where both streams go to one place */
    output_format(&console->err, "mmsim: ");
    output_styled(&console->err, STYLE_RED, "error:");
    output_format(&console->err, " ");
    write_format(&console->err, format, values);
    output_format(&console->err, "\n");
    va_end(values);
}

/* Bytes of the next line of `text`: up to a newline, or the last space that fits. */
static size_t line_length(const char *text, unsigned columns)
{
    size_t end = strcspn(text, "\n");
    if (end <= columns)
        return end;
    for (size_t i = columns; i > 0; i--) {
        if (text[i] == ' ')
            return i;
    }
    return strcspn(text, " \n"); /* one long word */
}

/* The cursor stands at column `at` already. */
static void write_prose(struct output *output, enum style style, unsigned at, unsigned indent,
                        const char *text)
{
    while (*text != '\0') {
        size_t n_bytes = line_length(text, OUTPUT_COLUMNS - indent);
        if (n_bytes > 0) {
            output_format(output, "%*s", (int)(indent - at), "");
            output_styled(output, style, "%.*s", (int)n_bytes, text);
        }
        output_format(output, "\n");
        at = 0;
        text += n_bytes;
        text += *text == '\n' || *text == ' ';
    }
}

void output_wrapped(struct output *output, enum style style, unsigned indent, const char *text)
{
    write_prose(output, style, 0, indent, text);
}

void output_item(struct output *output, const char *left, unsigned indent, const char *text)
{
    size_t n_chars = strlen(left);
    bool fits = n_chars + 1 < indent;
    output_format(output, fits ? "%s" : "%s\n", left);
    write_prose(output, STYLE_NONE, fits ? (unsigned)n_chars : 0, indent, text);
}

void output_count(struct output *output, uint64_t count)
{
    if (count >= 1000) {
        output_count(output, count / 1000);
        output_format(output, ",%03u", (unsigned)(count % 1000));
    } else {
        output_format(output, "%u", (unsigned)count);
    }
}

void output_json_string(struct output *output, const char *text)
{
    output_format(output, "\"");
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            output_format(output, "\\%c", c);
        else if (c < 0x20)
            output_format(output, "\\u%04x", c);
        else
            write_bytes(output, text, 1);
    }
    output_format(output, "\"");
}

static void sink_write(void *user, const char *text, size_t n_bytes)
{
    write_bytes(user, text, n_bytes);
}

struct mmsim_sink output_sink(struct output *output)
{
    return (struct mmsim_sink){sink_write, output};
}
