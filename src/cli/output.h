/*
 * output.h - the program's two streams: colour, write errors, sinks for the library, diagnostics.
 *
 * Results go to standard output, everything else to standard error. Colour is decided once, for
 * each stream by itself. A write that fails is remembered and reported at the end.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdio.h>

#include <mmsim/types.h>

enum style { STYLE_NONE, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_GREEN, STYLE_YELLOW, N_STYLES };

struct output {
    FILE *stream;
    const char *name; /* for messages */
    bool color;
    int error; /* errno of the first write that failed; 0 = none */
};

struct console {
    struct output out, err;
};

/* Colour follows the terminal, NO_COLOR (https://no-color.org: set and not empty) and TERM=dumb. */
void console_init(struct console *console);
void console_forbid_color(struct console *console);

/* Flushes. Returns false, having said so on standard error, if standard output was not written. */
bool console_finish(struct console *console);

void output_format(struct output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same in a style. */
void output_styled(struct output *output, enum style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prose is broken at spaces into lines of at most so many characters. */
#define OUTPUT_COLUMNS 80

/* Prints `text` as prose, each line after `indent` spaces. */
void output_wrapped(struct output *output, enum style style, unsigned indent, const char *text);

/* One row of a list: `left`, then `text` as prose from column `indent` on. */
void output_item(struct output *output, const char *left, unsigned indent, const char *text);

/* A count: "1,234,567". */
void output_count(struct output *output, uint64_t count);

/* Prints `text` as a JSON string, quotes included. */
void output_json_string(struct output *output, const char *text);

/* Flushes and closes a stream of one's own; false: something was not written. */
bool output_close(struct output *output);

/* What the library's printing functions take. Valid as long as `output`. */
struct mmsim_sink output_sink(struct output *output);

/* "mmsim: error: TEXT" on standard error. */
void console_error(struct console *console, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
