/*
 * text.c - the string buffer, formatting that no locale changes, and misspelled words.
 *
 * Invariants: (1) a buffer with data has room for n_bytes and a terminating zero; (2) a failed
 * buffer keeps what it held and never grows again until it is cleared.
 */
#include "base/text.h"

#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- UTF-8 ---- */

/* Length of the well-formed character at `text` (Unicode 15, table 3-7); 0 if there is none.
 * `text` is zero-terminated, and no continuation byte is zero, so nothing is read beyond. */
static size_t character_bytes(const char *text)
{
    static const struct {
        uint8_t first_low, first_high, second_low, second_high;
        uint8_t n_bytes;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    const uint8_t *bytes = (const uint8_t *)text;
    size_t i = 0;
    while (i < sizeof forms / sizeof *forms &&
           (bytes[0] < forms[i].first_low || bytes[0] > forms[i].first_high))
        i++;
    if (i == sizeof forms / sizeof *forms)
        return 0;
    if (forms[i].n_bytes == 1)
        return 1;
    if (bytes[1] < forms[i].second_low || bytes[1] > forms[i].second_high)
        return 0;
    for (size_t k = 2; k < forms[i].n_bytes; k++)
        if ((bytes[k] & 0xc0) != 0x80)
            return 0;
    return forms[i].n_bytes;
}

/* Removes a character that a cut has left incomplete at the end of a zero-terminated text. */
static void drop_partial_character(char *text, size_t n_bytes)
{
    size_t start = n_bytes;
    while (start > 0 && n_bytes - start < 3 && ((uint8_t)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (uint8_t)text[start - 1] >= 0xc0 && character_bytes(text + start - 1) == 0)
        text[start - 1] = '\0';
}

/* ---- formatting ---- */

/* vsnprintf in the C locale, whatever the program has set: a decimal point is a point. */
static int format_plainly(char *buffer, size_t capacity, const char *format, va_list arguments)
    MM_PRINTF(3, 0);

static int format_plainly(char *buffer, size_t capacity, const char *format, va_list arguments)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t callers = uselocale(plain);
    int n_bytes = vsnprintf(buffer, capacity, format, arguments);
    uselocale(callers);
    if (plain)
        freelocale(plain);
    return n_bytes;
}

/* Formats into a buffer of fixed size; returns the length, after cutting what is too long. */
static size_t format_and_cut(char *buffer, size_t capacity, const char *format, va_list arguments)
    MM_PRINTF(3, 0);

static size_t format_and_cut(char *buffer, size_t capacity, const char *format, va_list arguments)
{
    buffer[0] = '\0';
    int wanted = format_plainly(buffer, capacity, format, arguments);
    if (wanted >= 0 && (size_t)wanted >= capacity)
        drop_partial_character(buffer, capacity - 1);
    return strlen(buffer);
}

/* ---- the buffer ---- */

void mm_text_init(struct mm_text *text, struct mm_host *host)
{
    *text = (struct mm_text){.host = host};
}

void mm_text_fini(struct mm_text *text)
{
    mm_host_free(text->host, text->data, text->capacity);
    *text = (struct mm_text){.host = text->host};
}

void mm_text_clear(struct mm_text *text)
{
    text->n_bytes = 0;
    text->failed = false;
    if (text->data)
        text->data[0] = '\0';
}

/* Makes room for n_more bytes and the terminating zero. */
static bool make_room(struct mm_text *text, size_t n_more)
{
    if (text->failed)
        return false;
    if (text->capacity - text->n_bytes > n_more)
        return true;
    size_t capacity = text->capacity > 0 ? text->capacity : 64;
    while (capacity - text->n_bytes <= n_more && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    char *data = NULL;
    if (capacity - text->n_bytes > n_more)
        data = mm_host_resize(text->host, text->data, text->capacity, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void mm_text_append(struct mm_text *text, const char *data, size_t n_bytes)
{
    if (!make_room(text, n_bytes))
        return;
    if (n_bytes > 0)
        memcpy(text->data + text->n_bytes, data, n_bytes);
    text->n_bytes += n_bytes;
    text->data[text->n_bytes] = '\0';
}

void mm_text_puts(struct mm_text *text, const char *string)
{
    mm_text_append(text, string, strlen(string));
}

void mm_text_vprintf(struct mm_text *text, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int n_bytes = format_plainly(NULL, 0, format, arguments);
    if (n_bytes < 0)
        text->failed = true;
    else if (make_room(text, (size_t)n_bytes)) {
        format_plainly(text->data + text->n_bytes, (size_t)n_bytes + 1, format, again);
        text->n_bytes += (size_t)n_bytes;
    }
    va_end(again);
}

void mm_text_printf(struct mm_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    mm_text_vprintf(text, format, arguments);
    va_end(arguments);
}

static void append_from_sink(void *user, const char *text, size_t n_bytes)
{
    mm_text_append(user, text, n_bytes);
}

struct mmsim_sink mm_text_sink(struct mm_text *text)
{
    return (struct mmsim_sink){append_from_sink, text};
}

const char *mm_text_string(const struct mm_text *text)
{
    return text->data ? text->data : "";
}

/* The short escape of a character (RFC 8259, section 7), or 0. */
static char json_escape(char character)
{
    static const char pairs[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i < sizeof pairs - 1; i += 2)
        if (pairs[i] == character)
            return pairs[i + 1];
    return 0;
}

void mm_sink_json(const struct mmsim_sink *sink, const char *string)
{
    mm_sink_puts(sink, "\"");
    while (*string) {
        size_t n_bytes = character_bytes(string);
        char escape = json_escape(*string);
        if (n_bytes == 0)
            mm_sink_puts(sink, "\xef\xbf\xbd");
        else if (escape)
            sink->write(sink->user, (char[]){'\\', escape}, 2);
        else if ((uint8_t)*string < 0x20)
            mm_sink_printf(sink, "\\u%04x", (unsigned)*string);
        else
            sink->write(sink->user, string, n_bytes);
        string += n_bytes > 0 ? n_bytes : 1;
    }
    mm_sink_puts(sink, "\"");
}

void mm_text_json(struct mm_text *text, const char *string)
{
    struct mmsim_sink sink = mm_text_sink(text);
    mm_sink_json(&sink, string);
}

/* ---- sinks and errors ---- */

void mm_sink_printf(const struct mmsim_sink *sink, const char *format, ...)
{
    char buffer[1024];
    va_list arguments;
    va_start(arguments, format);
    size_t n_bytes = format_and_cut(buffer, sizeof buffer, format, arguments);
    va_end(arguments);
    if (n_bytes > 0)
        sink->write(sink->user, buffer, n_bytes);
}

static double read_plainly(const char *text)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    double value = strtod_l(text, NULL, plain);
    freelocale(plain);
    return value;
}

static size_t format_real(char *buffer, size_t capacity, int n_digits, ...)
{
    va_list arguments;
    va_start(arguments, n_digits);
    char format[] = {'%', '.', (char)('0' + n_digits / 10), (char)('0' + n_digits % 10), 'g', 0};
    size_t n_bytes = format_and_cut(buffer, capacity, format, arguments);
    va_end(arguments);
    return n_bytes;
}

void mm_sink_real(const struct mmsim_sink *sink, double value)
{
    enum { ENOUGH_DIGITS = 17 }; /* for any double of 53 bits */
    char buffer[32];
    size_t n_bytes = 0;
    for (int n_digits = 1; n_digits <= ENOUGH_DIGITS; n_digits++) {
        n_bytes = format_real(buffer, sizeof buffer, n_digits, value);
        if (read_plainly(buffer) == value)
            break;
    }
    sink->write(sink->user, buffer, n_bytes);
}

void mm_sink_puts(const struct mmsim_sink *sink, const char *string)
{
    if (*string)
        sink->write(sink->user, string, strlen(string));
}

enum mmsim_status mm_error_set(struct mmsim_error *error, enum mmsim_status status,
                               const char *where, const char *format, ...)
{
    if (!error)
        return status;
    error->status = status;
    size_t n_where = strnlen(where, sizeof error->where - 1);
    memcpy(error->where, where, n_where);
    error->where[n_where] = '\0';
    if (where[n_where])
        drop_partial_character(error->where, n_where);
    va_list arguments;
    va_start(arguments, format);
    format_and_cut(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return status;
}

/* ---- misspelled words ---- */

#define MAX_WORD 32

struct word {
    uint32_t characters[MAX_WORD];
    unsigned length;
};

/* The bytes of a character are as good as its number: they only have to differ. */
static void read_word(struct word *word, const char *text)
{
    word->length = 0;
    while (*text && word->length < MAX_WORD) {
        size_t n_bytes = character_bytes(text);
        if (n_bytes == 0)
            n_bytes = 1; /* a stray byte counts as a character */
        uint32_t character = 0;
        for (size_t i = 0; i < n_bytes; i++)
            character = character << 8 | (uint8_t)text[i];
        word->characters[word->length++] = character;
        text += n_bytes;
    }
}

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swaps of neighbours, no character edited twice. */
static unsigned distance_of_words(const struct word *a, const struct word *b)
{
    unsigned d[MAX_WORD + 1][MAX_WORD + 1];
    const uint32_t *p = a->characters, *q = b->characters;
    for (unsigned i = 0; i <= a->length; i++)
        d[i][0] = i;
    for (unsigned j = 0; j <= b->length; j++)
        d[0][j] = j;
    for (unsigned i = 1; i <= a->length; i++)
        for (unsigned j = 1; j <= b->length; j++) {
            d[i][j] = d[i - 1][j - 1] + (p[i - 1] != q[j - 1]);
            d[i][j] = smaller(d[i][j], 1 + smaller(d[i - 1][j], d[i][j - 1]));
            if (i > 1 && j > 1 && p[i - 1] == q[j - 2] && p[i - 2] == q[j - 1])
                d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a->length][b->length];
}

unsigned mm_text_distance(const char *a, const char *b)
{
    struct word first, second;
    read_word(&first, a);
    read_word(&second, b);
    return distance_of_words(&first, &second);
}

const char *mm_text_nearest(const char *word, const char *const *candidates, size_t n_candidates)
{
    struct word wanted;
    read_word(&wanted, word);
    unsigned reach = wanted.length <= 3 ? 1 : wanted.length <= 7 ? 2 : 3;
    const char *nearest = NULL;
    for (size_t i = 0; i < n_candidates; i++) {
        unsigned distance = mm_text_distance(word, candidates[i]);
        if (distance > reach)
            continue;
        nearest = candidates[i];
        if (distance == 0)
            break;
        reach = distance - 1; /* among equals the first one stays */
    }
    return nearest;
}
