/* operand.c - numbers and statistics of a `check`, and how its mistakes are told; see operand.h. */
#include "scenario/operand.h"

#include <string.h>

#include "scenario/nearest.h"
#include "scenario/quantity.h"

/* ---- reading characters ---- */

void mm_parser_skip_blanks(struct mm_parser *parser)
{
    while (strchr(" \t\n\r", parser->text[parser->at]) && parser->text[parser->at] != '\0')
        parser->at++;
}

static size_t word_length(const char *text)
{
    size_t n = 0;
    while (mm_parser_is_letter(text[n]) || mm_parser_is_digit(text[n]) || text[n] == '.')
        n++;
    return n;
}

void mm_parser_fail(struct mm_parser *parser, size_t at, const char *text)
{
    if (!parser->failed)
        mm_mistake_add_inside(parser->mistakes, parser->node, at, "that: %s", text);
    parser->failed = true;
}

/* What stands at an offset, for a message. */
static const char *found(struct mm_parser *parser, size_t at)
{
    const char *text = parser->text + at;
    if (*text == '\0')
        return "the end";
    size_t n = word_length(text);
    if (n == 0)
        n = 1;
    while (((unsigned char)text[n] & 0xC0) == 0x80)
        n++;
    const char *word = mm_arena_copy(parser->mistakes->arena, text, n);
    return mm_mistake_quote(parser->mistakes, word);
}

/* What other languages call the operators; NULL: nothing of that kind stands at the offset. */
static const char *operator_meant(const struct mm_parser *parser, size_t at)
{
    static const char *const habits[][2] = {
        {"and", "&&"}, {"AND", "&&"}, {"&", "&&"},  {"or", "||"}, {"OR", "||"},
        {"|", "||"},   {"not", "!"},  {"NOT", "!"}, {"=", "=="},  {"is", "=="},
    };
    const char *text = parser->text + at;
    size_t n = word_length(text);
    if (n == 0)
        n = 1;
    for (size_t i = 0; i < sizeof habits / sizeof *habits; i++)
        if (strlen(habits[i][0]) == n && strncmp(habits[i][0], text, n) == 0)
            return habits[i][1];
    return NULL;
}

/* "expected an operator, found 'and'; did you mean '&&'?" */
void mm_parser_expected(struct mm_parser *parser, const char *expected)
{
    if (parser->failed)
        return;
    const char *meant = operator_meant(parser, parser->at);
    mm_parser_fail(parser, parser->at,
                   mm_arena_printf(parser->mistakes->arena, "expected %s, found %s%s", expected,
                                   found(parser, parser->at),
                                   mm_mistake_advice(parser->mistakes, meant, "")));
}

/* ---- emitting ---- */

void mm_parser_emit(struct mm_parser *parser, struct mm_code code)
{
    if (parser->n_code == MM_EXPRESSION_MAX_CODE) {
        mm_parser_fail(parser, parser->at, "the expression is too long");
        return;
    }
    parser->code[parser->n_code++] = code;
}

void mm_parser_push(struct mm_parser *parser, struct mm_code code)
{
    if (++parser->n_operands > MM_EXPRESSION_STACK)
        mm_parser_fail(parser, parser->at, "the expression is nested too deeply");
    mm_parser_emit(parser, code);
}

/* ---- numbers and paths ---- */

static void fail_unit(struct mm_parser *parser, const struct mm_quantity *quantity)
{
    size_t at = parser->at + quantity->unit;
    struct mm_arena *arena = parser->mistakes->arena;
    const char *unit = mm_arena_copy(arena, parser->text + at, quantity->n_unit);
    const char *near = mm_quantity_nearest_unit(unit, quantity->n_unit, MM_UNITS_ALL);
    bool exponent = (*unit == 'e' || *unit == 'E') && quantity->n_unit == 1 &&
                    mm_parser_is_digit(parser->text[at + 1]);
    if (exponent) {
        mm_parser_fail(parser, parser->at,
                       "there are no exponents: k, M and G stand for 1e3, 1e6, 1e9");
        return;
    }
    if (operator_meant(parser, at)) { /* "1 and ..." */
        parser->at = at;
        mm_parser_expected(parser, "an operator");
        return;
    }
    mm_parser_fail(
        parser, at,
        mm_arena_printf(arena, "unknown unit %s%s", mm_mistake_quote(parser->mistakes, unit),
                        mm_mistake_advice(parser->mistakes, near,
                                          "expected one of B, KiB, MiB, GiB, pages, k, M, G, "
                                          "ns, us, ms, s, cycles")));
}

/* The unit of a number as it was written; "16 pages" counts pages again. */
static enum mm_unit unit_of_number(const struct mm_parser *parser, struct mm_quantity *quantity)
{
    if (quantity->dimension == MM_DIMENSION_TIME || quantity->dimension == MM_DIMENSION_CYCLES)
        return MM_UNIT_CYCLES;
    if (quantity->dimension != MM_DIMENSION_SIZE)
        return MM_UNIT_NUMBER;
    if (strncmp(parser->text + parser->at + quantity->unit, "page", 4) != 0)
        return MM_UNIT_BYTES;
    quantity->value /= MMSIM_PAGE_SIZE;
    return MM_UNIT_PAGES;
}

static uint64_t cycles_of(const struct mm_parser *parser, uint64_t nanoseconds)
{
    unsigned __int128 cycles =
        (unsigned __int128)nanoseconds * parser->cycles_per_microsecond / 1000;
    return cycles > UINT64_MAX ? UINT64_MAX : (uint64_t)cycles;
}

enum mm_unit mm_operand_number(struct mm_parser *parser)
{
    struct mm_quantity quantity;
    enum mm_quantity_verdict verdict =
        mm_quantity_read_prefix(parser->text + parser->at, MM_UNITS_ALL, &quantity);
    if (verdict == MM_QUANTITY_BAD_UNIT &&
        parser->text[parser->at + quantity.n_bytes] == '.') { /* "1 faults.cow": no unit, a path */
        parser->at += quantity.unit;
        mm_parser_expected(parser, "an operator");
        return MM_UNIT_NUMBER;
    }
    if (verdict == MM_QUANTITY_BAD_UNIT) {
        fail_unit(parser, &quantity);
        return MM_UNIT_NUMBER;
    }
    if (verdict == MM_QUANTITY_OK && parser->text[parser->at + quantity.n_bytes] == '.')
        verdict = MM_QUANTITY_NO_NUMBER;
    if (verdict != MM_QUANTITY_OK) {
        mm_parser_fail(parser, parser->at,
                       verdict == MM_QUANTITY_TOO_LARGE ? "the number is larger than 2^64 - 1"
                                                        : "this is no whole number");
        return MM_UNIT_NUMBER;
    }
    enum mm_unit unit = unit_of_number(parser, &quantity);
    uint64_t value = quantity.value;
    if (quantity.dimension == MM_DIMENSION_TIME)
        value = cycles_of(parser, value);
    mm_parser_push(parser, (struct mm_code){.operation = MM_OPERATION_NUMBER, .number = value});
    parser->at += quantity.n_bytes;
    return unit;
}

static const struct mmsim_stat *find_stat(const char *path)
{
    const struct mmsim_stat *stat;
    for (size_t i = 0; (stat = mmsim_stat_at(i)) != NULL; i++)
        if (strcmp(stat->path, path) == 0)
            return stat;
    return NULL;
}

enum { MAX_CANDIDATES = 64 };

/* The path that a misspelt one may have meant; `process` stands in those of processes. */
static const char *path_meant(struct mm_parser *parser, const char *path, const char *process)
{
    const char *candidates[MAX_CANDIDATES];
    size_t n = 0;
    const struct mmsim_stat *stat;
    for (size_t i = 0; (stat = mmsim_stat_at(i)) != NULL && n < MAX_CANDIDATES; i++) {
        const char *name = strstr(stat->path, ".NAME.");
        if (name && !process)
            continue;
        candidates[n++] = name ? mm_arena_printf(parser->mistakes->arena, "process.%s.%s", process,
                                                 name + strlen(".NAME."))
                               : stat->path;
    }
    const char *meant = operator_meant(parser, parser->at);
    return meant ? meant : mm_nearest(path, candidates, n);
}

static void fail_path(struct mm_parser *parser, const char *path, const char *process)
{
    static const char expected[] =
        "expected one of faults.*, tlb.*, memory.*, swap.*, reclaim.*, heap.*, process.NAME.*, "
        "cycles, steps (`mmsim list stats` has all)";
    const char *meant = path_meant(parser, path, process);
    mm_parser_fail(parser, parser->at,
                   mm_arena_printf(parser->mistakes->arena, "unknown statistic %s%s",
                                   mm_mistake_quote(parser->mistakes, path),
                                   mm_mistake_advice(parser->mistakes, meant, expected)));
}

/* Number of a process that a path names, or MM_NO_NAME after a mistake. */
static uint32_t find_process(struct mm_parser *parser, const char *name)
{
    uint32_t number = mm_names_find(parser->names, name);
    const struct mm_name *row = number == MM_NO_NAME ? NULL : &parser->names->rows[number];
    const char *why = NULL;
    if (!row)
        why = "is not declared before this step";
    else if (row->kind == MM_NAME_ADDRESS)
        why = "is an address";
    else if (number == MM_NAME_KERNEL)
        why = "is no process with statistics";
    if (!why)
        return number;
    mm_parser_fail(parser, parser->at + strlen("process."),
                   mm_arena_printf(parser->mistakes->arena, "process %s %s",
                                   mm_mistake_quote(parser->mistakes, name), why));
    return MM_NO_NAME;
}

/* "process.NAME.rss" -> NAME and "rss"; false: it is not of that form. */
static bool split_process_path(struct mm_parser *parser, const char *path, struct mm_path *row)
{
    size_t n_prefix = strlen("process.");
    const char *dot =
        strncmp(path, "process.", n_prefix) == 0 ? strchr(path + n_prefix, '.') : NULL;
    if (!dot)
        return false;
    const char *name = path + n_prefix;
    name = mm_arena_copy(parser->mistakes->arena, name, (size_t)(dot - name));
    row->stat = dot + 1;
    row->process = find_process(parser, name);
    if (!parser->failed && !mmsim_process_stat_get(NULL, row->stat, NULL))
        fail_path(parser, path, name);
    return true;
}

static uint32_t path_number(struct mm_parser *parser, const struct mm_path *row)
{
    for (uint32_t i = 0; i < parser->n_paths; i++)
        if (strcmp(parser->paths[i].text, row->text) == 0)
            return i;
    if (parser->n_paths == MM_EXPRESSION_MAX_PATHS) {
        mm_parser_fail(parser, parser->at, "the expression names too many statistics");
        return 0;
    }
    parser->paths[parser->n_paths] = *row;
    return (uint32_t)parser->n_paths++;
}

enum mm_unit mm_operand_path(struct mm_parser *parser)
{
    size_t n = word_length(parser->text + parser->at);
    const char *path = mm_arena_copy(parser->mistakes->arena, parser->text + parser->at, n);
    struct mm_path row = {.text = path, .stat = path, .process = MM_NO_NAME};
    if (parser->mistakes->arena->failed) {
        parser->failed = true;
        return MM_UNIT_NUMBER;
    }
    const struct mmsim_stat *stat = NULL;
    if (split_process_path(parser, path, &row))
        stat = find_stat(mm_arena_printf(parser->mistakes->arena, "process.NAME.%s", row.stat));
    else if (mmsim_stat_get(NULL, path, NULL))
        stat = find_stat(path);
    else
        fail_path(parser, path, NULL);
    if (parser->failed)
        return MM_UNIT_NUMBER;
    row.unit = stat ? mm_unit_of_statistic(stat->unit) : MM_UNIT_COUNT;
    uint32_t index = path_number(parser, &row);
    mm_parser_push(parser, (struct mm_code){.operation = MM_OPERATION_PATH, .index = index});
    parser->at += n;
    return row.unit;
}
