/*
 * text.c - traces as text: ADDRESS KIND [BYTES], a reference a line (<mmsim/trace.h>).
 *
 * Whether addresses without 0x are hexadecimal, all lines together say. So the text is read as
 * decimal, and once more from the beginning if an address turns up that cannot be.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "trace/dense.h"
#include "trace/trace.h"

enum { SNIFFED_BYTES = 4096, SHOWN_CHARS = 24, PAGE_SHIFT = 12 };
#define MAX_ACCESS_BYTES (UINT64_C(1) << 32)

enum verdict { GOOD, IS_HEXADECIMAL, BAD };

struct reader {
    const char *path;
    const char *at, *end, *line_start;
    size_t line;
    unsigned base; /* of addresses without 0x */
    struct mm_dense dense;
    struct mm_bytes *refs;
    struct mmsim_error *error;
};

/* ---- what it is ---- */

bool mm_trace_is_text(const struct mm_bytes *bytes)
{
    size_t n = bytes->n_bytes < SNIFFED_BYTES ? bytes->n_bytes : SNIFFED_BYTES;
    for (size_t i = 0; i < n; i++) {
        uint8_t byte = bytes->data[i];
        if ((byte < ' ' || byte > '~') && byte != '\n' && byte != '\r' && byte != '\t')
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\r';
}

static bool at_end_of_line(const struct reader *reader)
{
    return reader->at == reader->end || *reader->at == '\n' || *reader->at == '#';
}

static void skip_blanks(struct reader *reader)
{
    while (reader->at < reader->end && is_blank(*reader->at))
        reader->at++;
}

/* Characters of the field at `at`. */
static size_t field_chars(const struct reader *reader)
{
    const char *at = reader->at;
    while (at < reader->end && !is_blank(*at) && *at != '\n' && *at != '#')
        at++;
    return (size_t)(at - reader->at);
}

/* ---- mistakes ---- */

/* The field at `at` as it can be shown. */
static void show_field(const struct reader *reader, char shown[SHOWN_CHARS + 8])
{
    size_t n = field_chars(reader), n_shown = n < SHOWN_CHARS ? n : SHOWN_CHARS;
    for (size_t i = 0; i < n_shown; i++) {
        char c = reader->at[i];
        shown[i] = c >= ' ' && c <= '~' ? c : '?';
    }
    strcpy(shown + n_shown, n > n_shown ? "..." : "");
}

/* The field at `at` is no `what`, or there is none. */
static enum verdict bad(const struct reader *reader, const char *what, const char *expected)
{
    char where[sizeof reader->error->where], shown[SHOWN_CHARS + 8];
    size_t column = (size_t)(reader->at - reader->line_start) + 1;
    (void)snprintf(where, sizeof where, "%s:%zu:%zu", mm_bytes_where(reader->path), reader->line,
                   column);
    show_field(reader, shown);
    if (at_end_of_line(reader))
        mm_error_set(reader->error, MMSIM_BAD_INPUT, where,
                     "the line ends where its %s should be; expected %s", what, expected);
    else
        mm_error_set(reader->error, MMSIM_BAD_INPUT, where, "'%s' is no %s; expected %s", shown,
                     what, expected);
    return BAD;
}

static enum verdict bad_address(const struct reader *reader)
{
    return bad(reader, "address",
               "ADDRESS R|W, the address decimal or hexadecimal (0x1000) and below 2^64");
}

static enum verdict bad_bytes(const struct reader *reader)
{
    return bad(reader, "length", "how many bytes the access has, 1 to 4294967296, within 2^64");
}

static enum verdict refuse(const struct reader *reader, enum mmsim_status status, const char *why)
{
    mm_error_set(reader->error, status, mm_bytes_where(reader->path), "%s", why);
    return BAD;
}

/* ---- fields ---- */

/* 16 and more: no digit. */
static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? (unsigned)(lower - 'a') + 10 : 16;
}

/* All of `text`, at least one digit. */
static bool read_number(const char *text, size_t n_chars, unsigned base, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < n_chars; i++) {
        unsigned digit = digit_value(text[i]);
        if (digit >= base || *number > (UINT64_MAX - digit) / base)
            return false;
        *number = *number * base + digit;
    }
    return n_chars > 0;
}

/* Of an address without 0x, what no decimal number has. */
static bool shows_hexadecimal(const char *text, size_t n_chars)
{
    uint64_t number;
    bool leading_zero = n_chars > 1 && text[0] == '0';
    return read_number(text, n_chars, 16, &number) &&
           (leading_zero || !read_number(text, n_chars, 10, &number));
}

static enum verdict read_address(struct reader *reader, uint64_t *address)
{
    const char *text = reader->at;
    size_t n_chars = field_chars(reader);
    bool prefixed = n_chars > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
    if (prefixed && !read_number(text + 2, n_chars - 2, 16, address))
        return bad_address(reader);
    if (!prefixed && reader->base == 10 && shows_hexadecimal(text, n_chars))
        return IS_HEXADECIMAL;
    if (!prefixed && !read_number(text, n_chars, reader->base, address))
        return bad_address(reader);
    reader->at += n_chars;
    return GOOD;
}

static enum verdict read_kind(struct reader *reader, enum mmsim_kind *kind)
{
    static const char *const LETTERS[MMSIM_N_KINDS] = {"rRlL", "wWsSmM", "iIfF"};
    for (unsigned i = 0; i < MMSIM_N_KINDS && field_chars(reader) == 1; i++) {
        if (strchr(LETTERS[i], *reader->at)) {
            *kind = (enum mmsim_kind)i;
            reader->at++;
            return GOOD;
        }
    }
    return bad(reader, "kind", "R (load), W (store) or I (instruction fetch)");
}

/* The number of bytes, if there is one. */
static enum verdict read_bytes(struct reader *reader, uint64_t address, uint64_t *n_bytes)
{
    *n_bytes = 1;
    skip_blanks(reader);
    if (at_end_of_line(reader))
        return GOOD;
    size_t n_chars = field_chars(reader);
    if (!read_number(reader->at, n_chars, 10, n_bytes) || *n_bytes == 0 ||
        *n_bytes > MAX_ACCESS_BYTES || *n_bytes - 1 > UINT64_MAX - address)
        return bad_bytes(reader);
    reader->at += n_chars;
    skip_blanks(reader);
    return at_end_of_line(reader)
               ? GOOD
               : bad(reader, "comment", "the end of the line after ADDRESS KIND [BYTES]");
}

/* ---- lines ---- */

static enum verdict add(struct reader *reader, uint64_t page, enum mmsim_kind kind)
{
    static const char NO_MEMORY[] = "the host gave no memory for its references";
    mmsim_page number = 0;
    mmsim_ref *refs;
    switch (mm_dense_number(&reader->dense, page, &number)) {
    case MM_DENSE_OK:
        break;
    case MM_DENSE_FULL:
        return refuse(reader, MMSIM_BAD_INPUT, "it has more than 2^30 distinct pages");
    case MM_DENSE_NO_MEMORY:
        return refuse(reader, MMSIM_HOST_MEMORY, NO_MEMORY);
    }
    if (!mm_bytes_reserve(reader->refs, sizeof *refs))
        return refuse(reader, MMSIM_HOST_MEMORY, NO_MEMORY);
    refs = (mmsim_ref *)(void *)reader->refs->data;
    refs[reader->refs->n_bytes / sizeof *refs] = number << 2 | (mmsim_ref)kind;
    reader->refs->n_bytes += sizeof *refs;
    return GOOD;
}

static enum verdict read_reference(struct reader *reader)
{
    uint64_t address = 0, n_bytes = 0;
    enum mmsim_kind kind = MMSIM_KIND_LOAD;
    enum verdict verdict = read_address(reader, &address);
    skip_blanks(reader);
    if (verdict == GOOD)
        verdict = read_kind(reader, &kind);
    if (verdict == GOOD)
        verdict = read_bytes(reader, address, &n_bytes);
    if (verdict != GOOD)
        return verdict;
    uint64_t last = (address + n_bytes - 1) >> PAGE_SHIFT;
    for (uint64_t page = address >> PAGE_SHIFT; page <= last && verdict == GOOD; page++)
        verdict = add(reader, page, kind);
    return verdict;
}

static enum verdict read_line(struct reader *reader)
{
    reader->line++;
    reader->line_start = reader->at;
    skip_blanks(reader);
    enum verdict verdict = at_end_of_line(reader) ? GOOD : read_reference(reader);
    const char *newline = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    reader->at = newline ? newline + 1 : reader->end;
    return verdict;
}

static enum verdict read_lines(const struct mm_bytes *text, const char *path, unsigned base,
                               struct mm_bytes *refs, struct mmsim_error *error)
{
    struct reader reader = {.path = path, .base = base, .refs = refs};
    enum verdict verdict = GOOD;
    reader.at = (const char *)text->data;
    reader.end = reader.at + text->n_bytes;
    reader.error = error;
    refs->n_bytes = 0;
    mm_dense_init(&reader.dense, refs->host);
    while (verdict == GOOD && reader.at < reader.end)
        verdict = read_line(&reader);
    mm_dense_fini(&reader.dense);
    return verdict;
}

enum mmsim_status mm_trace_read_text(const struct mm_bytes *text, const char *path,
                                     struct mm_bytes *refs, struct mmsim_error *error)
{
    struct mmsim_error own;
    struct mmsim_error *told = error ? error : &own;
    enum verdict verdict = read_lines(text, path, 10, refs, told);
    if (verdict == IS_HEXADECIMAL)
        verdict = read_lines(text, path, 16, refs, told);
    return verdict == GOOD ? MMSIM_OK : told->status;
}
