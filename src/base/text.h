/*
 * text.h - text that grows: a string buffer, and the few ways the library formats.
 *
 * A struct mm_text is a buffer that never fails half-way: once the host has no memory, `failed` is
 * set and further appends do nothing. Numbers print the same in every locale.
 */
#ifndef MM_BASE_TEXT_H
#define MM_BASE_TEXT_H

#include <stdarg.h>

#include "base/host.h"

#if defined(__GNUC__)
#define MM_PRINTF(which, first) __attribute__((format(printf, which, first)))
#else
#define MM_PRINTF(which, first)
#endif

struct mm_text {
    struct mm_host *host;
    char *data; /* zero-terminated once anything was appended; NULL before */
    size_t n_bytes, capacity;
    bool failed;
};

void mm_text_init(struct mm_text *text, struct mm_host *host);
void mm_text_fini(struct mm_text *text);
void mm_text_clear(struct mm_text *text); /* keeps the memory */
void mm_text_append(struct mm_text *text, const char *data, size_t n_bytes);
void mm_text_puts(struct mm_text *text, const char *string);
void mm_text_printf(struct mm_text *text, const char *format, ...) MM_PRINTF(2, 3);
void mm_text_vprintf(struct mm_text *text, const char *format, va_list arguments) MM_PRINTF(2, 0);

void mm_text_json(struct mm_text *text, const char *string); /* as mm_sink_json() */

/* A sink that appends to it. */
struct mmsim_sink mm_text_sink(struct mm_text *text);

/* The text, never NULL. */
const char *mm_text_string(const struct mm_text *text);

/* Formats straight to a sink (through a buffer of 1 KiB: longer output is cut). */
void mm_sink_printf(const struct mmsim_sink *sink, const char *format, ...) MM_PRINTF(2, 3);
void mm_sink_puts(const struct mmsim_sink *sink, const char *string);

/* With as many digits as it takes to read the same number again: 0.1, 0.33333333333333331. */
void mm_sink_real(const struct mmsim_sink *sink, double value);

/* A JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void mm_sink_json(const struct mmsim_sink *sink, const char *string);

/* Fills an error; returns its status, so that a function can end with `return mm_error_set(...)`.
 * `error` may be NULL; `where` may be "". */
enum mmsim_status mm_error_set(struct mmsim_error *error, enum mmsim_status status,
                               const char *where, const char *format, ...) MM_PRINTF(4, 5);

/* Edit distance of two short words (Damerau-Levenshtein, capped at 32 characters each). */
unsigned mm_text_distance(const char *a, const char *b);

/*
 * The candidate nearest to `word`, or NULL if none is near enough to be a misspelling (distance at
 * most 1 for words to 3 characters, 2 to 7, 3 beyond).
 */
const char *mm_text_nearest(const char *word, const char *const *candidates, size_t n_candidates);

#endif
