/* mistake.c - see mistake.h. */
#include "scenario/mistake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/node.h"

void mm_mistakes_init(struct mm_mistakes *mistakes, struct mm_arena *arena)
{
    *mistakes = (struct mm_mistakes){.arena = arena};
}

static void keep(struct mm_mistakes *mistakes, unsigned line, unsigned column, const char *text)
{
    struct mm_mistake *mistake = NULL;
    if (mistakes->n++ < MM_MISTAKES_KEPT)
        mistake = mm_arena_alloc(mistakes->arena, sizeof *mistake);
    if (!mistake)
        return;
    *mistake = (struct mm_mistake){.line = line, .column = column, .text = text};
    if (mistakes->last)
        mistakes->last->next = mistake;
    else
        mistakes->first = mistake;
    mistakes->last = mistake;
}

static void add_formatted(struct mm_mistakes *mistakes, const struct mm_node *node, unsigned column,
                          const char *format, va_list arguments)
{
    if (mistakes->n >= MM_MISTAKES_KEPT) {
        mistakes->n++;
        return;
    }
    const char *text = mm_arena_vprintf(mistakes->arena, format, arguments);
    if (!node->override) {
        keep(mistakes, node->line, column, text);
        return;
    }
    const char *quoted = mm_mistake_quote(mistakes, node->override);
    keep(mistakes, 0, 0, mm_arena_printf(mistakes->arena, "--set %s: %s", quoted, text));
}

void mm_mistake_add(struct mm_mistakes *mistakes, const struct mm_node *node, const char *format,
                    ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_formatted(mistakes, node, node->column, format, arguments);
    va_end(arguments);
}

void mm_mistake_add_inside(struct mm_mistakes *mistakes, const struct mm_node *node, size_t offset,
                           const char *format, ...)
{
    unsigned column = node->column;
    if (node->content_column != 0)
        column = node->content_column + (unsigned)mm_node_n_characters(node->text, offset);
    va_list arguments;
    va_start(arguments, format);
    add_formatted(mistakes, node, column, format, arguments);
    va_end(arguments);
}

void mm_mistake_add_at(struct mm_mistakes *mistakes, unsigned line, unsigned column,
                       const char *format, ...)
{
    struct mm_node place = {.line = line, .column = column};
    va_list arguments;
    va_start(arguments, format);
    add_formatted(mistakes, &place, column, format, arguments);
    va_end(arguments);
}

struct sortable {
    const struct mm_mistake *mistake;
    size_t order; /* in which they were found */
};

static int compare(const void *a, const void *b)
{
    const struct sortable *x = a, *y = b;
    if (x->mistake->line != y->mistake->line)
        return x->mistake->line < y->mistake->line ? -1 : 1;
    if (x->mistake->column != y->mistake->column)
        return x->mistake->column < y->mistake->column ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static struct sortable *sorted(struct mm_mistakes *mistakes, size_t *n)
{
    *n = mistakes->n < MM_MISTAKES_KEPT ? mistakes->n : MM_MISTAKES_KEPT;
    struct sortable *rows = mm_arena_alloc_array(mistakes->arena, *n, sizeof *rows);
    if (!rows)
        return NULL;
    size_t i = 0;
    for (const struct mm_mistake *m = mistakes->first; m && i < *n; m = m->next, i++)
        rows[i] = (struct sortable){m, i};
    *n = i;
    qsort(rows, *n, sizeof *rows, compare);
    return rows;
}

static void tell_first(const struct mm_mistake *first, const char *file, struct mmsim_error *error)
{
    char where[sizeof error->where];
    if (first->line != 0)
        (void)snprintf(where, sizeof where, "%s:%u:%u", file, first->line, first->column);
    else
        (void)snprintf(where, sizeof where, "%s", file);
    (void)mm_error_set(error, MMSIM_BAD_INPUT, where, "%s", first->text);
}

void mm_mistakes_tell(struct mm_mistakes *mistakes, const char *file,
                      mmsim_diagnostic_listener listener, void *user, struct mmsim_error *error)
{
    size_t n;
    struct sortable *rows = sorted(mistakes, &n);
    if (!rows || n == 0)
        return;
    tell_first(rows[0].mistake, file, error);
    for (size_t i = 0; listener && i < n; i++) {
        const struct mm_mistake *m = rows[i].mistake;
        struct mmsim_diagnostic diagnostic = {file, m->line, m->column, m->text};
        listener(user, &diagnostic);
    }
    if (listener && mistakes->n > n) {
        const char *text =
            mm_arena_printf(mistakes->arena, "%zu more mistakes are not shown", mistakes->n - n);
        struct mmsim_diagnostic diagnostic = {file, rows[n - 1].mistake->line,
                                              rows[n - 1].mistake->column, text};
        listener(user, &diagnostic);
    }
}

enum { QUOTED_BYTES = 60 };

const char *mm_mistake_quote(struct mm_mistakes *mistakes, const char *text)
{
    size_t n_bytes = strlen(text);
    bool cut = n_bytes > QUOTED_BYTES;
    if (cut) {
        n_bytes = QUOTED_BYTES;
        while (n_bytes > 0 && ((unsigned char)text[n_bytes] & 0xC0) == 0x80)
            n_bytes--; /* never in the middle of a character */
    }
    char shown[QUOTED_BYTES + 1];
    for (size_t i = 0; i < n_bytes; i++)
        shown[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
    shown[n_bytes] = '\0';
    return mm_arena_printf(mistakes->arena, "'%s%s'", shown, cut ? "..." : "");
}

const char *mm_mistake_advice(struct mm_mistakes *mistakes, const char *meant, const char *sentence)
{
    if (!meant)
        return *sentence ? mm_arena_printf(mistakes->arena, ": %s", sentence) : "";
    if (!*sentence)
        return mm_arena_printf(mistakes->arena, "; did you mean '%s'?", meant);
    char first = sentence[0];
    if (first >= 'a' && first <= 'z')
        first = (char)(first - 'a' + 'A');
    return mm_arena_printf(mistakes->arena, "; did you mean '%s'? %c%s", meant, first,
                           sentence + 1);
}
