/*
 * expression.c - a recursive-descent parser that emits a postfix program, and the machine for it.
 *
 * See expression.h for the grammar. The parser counts the nesting of parentheses and of unary
 * operators, so its recursion is bounded; it keeps for each operand whether it is a size or a count
 * of pages, and emits the conversion where the two meet.
 */
#include "scenario/expression.h"

#include <string.h>

#include "scenario/quantity.h"

/* What an operand is, as far as units matter. */
enum unit { UNIT_NUMBER, UNIT_SIZE, UNIT_PAGES };

struct parser {
    const struct mm_node *node;
    const char *text;
    size_t at; /* offset of the next character */
    const struct mm_names *names;
    uint32_t cycles_per_microsecond;
    struct mm_mistakes *mistakes;
    size_t n_code, n_paths;
    unsigned nesting, n_operands; /* n_operands: on the stack of the machine at this point */
    bool failed;
    struct mm_code code[MM_EXPRESSION_MAX_CODE];
    struct mm_path paths[MM_EXPRESSION_MAX_PATHS];
};

static enum unit parse_or(struct parser *parser);

/* ---- reading characters ---- */

static void skip_blanks(struct parser *parser)
{
    while (strchr(" \t\n\r", parser->text[parser->at]) && parser->text[parser->at] != '\0')
        parser->at++;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t word_length(const char *text)
{
    size_t n = 0;
    while (is_letter(text[n]) || is_digit(text[n]) || text[n] == '.')
        n++;
    return n;
}

static void fail_at(struct parser *parser, size_t at, const char *text)
{
    if (!parser->failed)
        mm_mistake_add_inside(parser->mistakes, parser->node, at, "that: %s", text);
    parser->failed = true;
}

/* What stands at an offset, for a message. */
static const char *found(struct parser *parser, size_t at)
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

static void fail_expected(struct parser *parser, const char *expected)
{
    const char *text = parser->failed
                           ? ""
                           : mm_arena_printf(parser->mistakes->arena, "expected %s, found %s",
                                             expected, found(parser, parser->at));
    fail_at(parser, parser->at, text);
}

/* ---- emitting ---- */

static void emit(struct parser *parser, struct mm_code code)
{
    if (parser->n_code == MM_EXPRESSION_MAX_CODE) {
        fail_at(parser, parser->at, "the expression is too long");
        return;
    }
    parser->code[parser->n_code++] = code;
}

static void emit_push(struct parser *parser, struct mm_code code)
{
    if (++parser->n_operands > MM_EXPRESSION_STACK)
        fail_at(parser, parser->at, "the expression is nested too deeply");
    emit(parser, code);
}

static void emit_binary(struct parser *parser, enum mm_operation operation)
{
    parser->n_operands--;
    emit(parser, (struct mm_code){.operation = operation});
}

/* Makes the two operands of +, - or a comparison speak of the same thing. */
static enum unit reconcile(struct parser *parser, enum unit left, enum unit right)
{
    if (left == UNIT_PAGES && right == UNIT_SIZE)
        emit(parser, (struct mm_code){.operation = MM_OPERATION_PAGES_BELOW});
    if (left == UNIT_SIZE && right == UNIT_PAGES)
        emit(parser, (struct mm_code){.operation = MM_OPERATION_PAGES});
    if (left == UNIT_SIZE || right == UNIT_SIZE)
        return UNIT_SIZE;
    return left == UNIT_PAGES ? left : right;
}

/* ---- numbers and paths ---- */

static void fail_unit(struct parser *parser, const struct mm_quantity *quantity)
{
    size_t at = parser->at + quantity->unit;
    const char *unit = mm_arena_copy(parser->mistakes->arena, parser->text + at, quantity->n_unit);
    const char *near = mm_quantity_nearest_unit(unit, quantity->n_unit, MM_UNITS_ALL);
    const char *hint =
        near ? mm_arena_printf(parser->mistakes->arena, "; did you mean '%s'?", near) : "";
    fail_at(parser, at,
            mm_arena_printf(parser->mistakes->arena,
                            "unknown unit %s: expected one of B, KiB, MiB, GiB, pages, k, M, G, "
                            "ns, us, ms, s, cycles%s",
                            mm_mistake_quote(parser->mistakes, unit), hint));
}

static uint64_t cycles_of(const struct parser *parser, uint64_t nanoseconds)
{
    unsigned __int128 cycles =
        (unsigned __int128)nanoseconds * parser->cycles_per_microsecond / 1000;
    return cycles > UINT64_MAX ? UINT64_MAX : (uint64_t)cycles;
}

static enum unit parse_number(struct parser *parser)
{
    struct mm_quantity quantity;
    enum mm_quantity_verdict verdict =
        mm_quantity_read_prefix(parser->text + parser->at, MM_UNITS_ALL, &quantity);
    if (verdict == MM_QUANTITY_BAD_UNIT &&
        parser->text[parser->at + quantity.n_bytes] == '.') { /* "1 faults.cow": no unit, a path */
        parser->at += quantity.unit;
        fail_expected(parser, "an operator");
        return UNIT_NUMBER;
    }
    if (verdict == MM_QUANTITY_BAD_UNIT) {
        fail_unit(parser, &quantity);
        return UNIT_NUMBER;
    }
    if (verdict == MM_QUANTITY_OK && parser->text[parser->at + quantity.n_bytes] == '.')
        verdict = MM_QUANTITY_NO_NUMBER;
    if (verdict != MM_QUANTITY_OK) {
        fail_at(parser, parser->at,
                verdict == MM_QUANTITY_TOO_LARGE ? "the number is larger than 2^64 - 1"
                                                 : "this is no whole number");
        return UNIT_NUMBER;
    }
    uint64_t value = quantity.value;
    if (quantity.dimension == MM_DIMENSION_TIME)
        value = cycles_of(parser, value);
    emit_push(parser, (struct mm_code){.operation = MM_OPERATION_NUMBER, .number = value});
    parser->at += quantity.n_bytes;
    return quantity.dimension == MM_DIMENSION_SIZE ? UNIT_SIZE : UNIT_NUMBER;
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

/* Paths that a misspelt one may have meant; NAME stands in those of processes. */
static const char *path_hint(struct parser *parser, const char *path, const char *process)
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
    return mm_mistake_hint(parser->mistakes, path, candidates, n);
}

static void fail_path(struct parser *parser, const char *path, const char *process)
{
    const char *groups = "faults.*, tlb.*, memory.*, swap.*, reclaim.*, heap.*, process.NAME.*, "
                         "cycles, steps (`mmsim list stats` has all)";
    fail_at(parser, parser->at,
            mm_arena_printf(parser->mistakes->arena, "unknown statistic %s: expected one of %s%s",
                            mm_mistake_quote(parser->mistakes, path), groups,
                            path_hint(parser, path, process)));
}

/* Number of a process that a path names, or MM_NO_NAME after a mistake. */
static uint32_t find_process(struct parser *parser, const char *name)
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
    fail_at(parser, parser->at + strlen("process."),
            mm_arena_printf(parser->mistakes->arena, "process %s %s",
                            mm_mistake_quote(parser->mistakes, name), why));
    return MM_NO_NAME;
}

/* "process.NAME.rss" -> NAME and "rss"; false: it is not of that form. */
static bool split_process_path(struct parser *parser, const char *path, struct mm_path *row)
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

static uint32_t path_number(struct parser *parser, const struct mm_path *row)
{
    for (uint32_t i = 0; i < parser->n_paths; i++)
        if (strcmp(parser->paths[i].text, row->text) == 0)
            return i;
    if (parser->n_paths == MM_EXPRESSION_MAX_PATHS) {
        fail_at(parser, parser->at, "the expression names too many statistics");
        return 0;
    }
    parser->paths[parser->n_paths] = *row;
    return (uint32_t)parser->n_paths++;
}

static enum unit parse_path(struct parser *parser)
{
    size_t n = word_length(parser->text + parser->at);
    const char *path = mm_arena_copy(parser->mistakes->arena, parser->text + parser->at, n);
    struct mm_path row = {.text = path, .stat = path, .process = MM_NO_NAME};
    if (parser->mistakes->arena->failed) {
        parser->failed = true;
        return UNIT_NUMBER;
    }
    const struct mmsim_stat *stat = NULL;
    if (split_process_path(parser, path, &row))
        stat = find_stat(mm_arena_printf(parser->mistakes->arena, "process.NAME.%s", row.stat));
    else if (mmsim_stat_get(NULL, path, NULL))
        stat = find_stat(path);
    else
        fail_path(parser, path, NULL);
    if (parser->failed)
        return UNIT_NUMBER;
    bool pages = stat && (strcmp(stat->unit, "pages") == 0 || strcmp(stat->unit, "frames") == 0);
    uint32_t index = path_number(parser, &row);
    emit_push(parser, (struct mm_code){.operation = MM_OPERATION_PATH, .index = index});
    parser->at += n;
    return pages ? UNIT_PAGES : UNIT_NUMBER;
}

/* ---- the grammar ---- */

struct symbol {
    const char *text;
    enum mm_operation operation;
};

/* Longer ones first: "<=" is not "<" and "=". */
static const struct symbol comparisons[] = {
    {"==", MM_OPERATION_EQUAL},         {"!=", MM_OPERATION_UNEQUAL},
    {"<=", MM_OPERATION_LESS_OR_EQUAL}, {">=", MM_OPERATION_GREATER_OR_EQUAL},
    {"<", MM_OPERATION_LESS},           {">", MM_OPERATION_GREATER},
    {NULL, MM_OPERATION_NUMBER},
};
static const struct symbol sums[] = {
    {"+", MM_OPERATION_ADD}, {"-", MM_OPERATION_SUBTRACT}, {NULL, MM_OPERATION_NUMBER}};
static const struct symbol products[] = {{"*", MM_OPERATION_MULTIPLY}, {NULL, MM_OPERATION_NUMBER}};
static const struct symbol ands[] = {{"&&", MM_OPERATION_AND}, {NULL, MM_OPERATION_NUMBER}};
static const struct symbol ors[] = {{"||", MM_OPERATION_OR}, {NULL, MM_OPERATION_NUMBER}};

static const struct symbol *accept(struct parser *parser, const struct symbol *symbols)
{
    skip_blanks(parser);
    for (; !parser->failed && symbols->text; symbols++) {
        size_t n = strlen(symbols->text);
        if (strncmp(parser->text + parser->at, symbols->text, n) == 0) {
            parser->at += n;
            return symbols;
        }
    }
    return NULL;
}

static enum unit parse_parentheses(struct parser *parser)
{
    parser->at++;
    enum unit unit = parse_or(parser);
    skip_blanks(parser);
    if (parser->text[parser->at] == ')')
        parser->at++;
    else
        fail_expected(parser, "an operator or ')'");
    return unit;
}

static enum unit parse_primary(struct parser *parser)
{
    char c = parser->text[parser->at];
    if (c == '(')
        return parse_parentheses(parser);
    if (is_digit(c))
        return parse_number(parser);
    if (is_letter(c))
        return parse_path(parser);
    fail_expected(parser, "a number, a statistic or '('");
    return UNIT_NUMBER;
}

static enum unit parse_unary(struct parser *parser)
{
    skip_blanks(parser);
    if (++parser->nesting > MM_EXPRESSION_MAX_DEPTH)
        fail_at(parser, parser->at, "the expression is nested too deeply");
    if (parser->failed)
        return UNIT_NUMBER;
    char c = parser->text[parser->at];
    enum unit unit;
    if (c == '!' || c == '-') {
        parser->at++;
        unit = parse_unary(parser);
        emit(parser,
             (struct mm_code){.operation = c == '!' ? MM_OPERATION_NOT : MM_OPERATION_NEGATE});
        unit = c == '!' ? UNIT_NUMBER : unit;
    } else {
        unit = parse_primary(parser);
    }
    parser->nesting--;
    return unit;
}

static enum unit parse_product(struct parser *parser)
{
    enum unit left = parse_unary(parser);
    while (accept(parser, products)) {
        enum unit right = parse_unary(parser);
        emit_binary(parser, MM_OPERATION_MULTIPLY);
        if (left == UNIT_SIZE || right == UNIT_SIZE)
            left = UNIT_SIZE;
        else
            left = left == UNIT_PAGES ? left : right;
    }
    return left;
}

static enum unit parse_sum(struct parser *parser)
{
    enum unit left = parse_product(parser);
    const struct symbol *symbol;
    while ((symbol = accept(parser, sums)) != NULL) {
        enum unit right = parse_product(parser);
        left = reconcile(parser, left, right);
        emit_binary(parser, symbol->operation);
    }
    return left;
}

static enum unit parse_compare(struct parser *parser)
{
    enum unit left = parse_sum(parser);
    const struct symbol *symbol = accept(parser, comparisons);
    if (!symbol)
        return left;
    enum unit right = parse_sum(parser);
    (void)reconcile(parser, left, right);
    emit_binary(parser, symbol->operation);
    size_t at = parser->at;
    if (accept(parser, comparisons))
        fail_at(parser, at, "comparisons do not chain: write a < b && b < c");
    return UNIT_NUMBER;
}

static enum unit parse_and(struct parser *parser)
{
    enum unit unit = parse_compare(parser);
    while (accept(parser, ands)) {
        (void)parse_compare(parser);
        emit_binary(parser, MM_OPERATION_AND);
        unit = UNIT_NUMBER;
    }
    return unit;
}

static enum unit parse_or(struct parser *parser)
{
    enum unit unit = parse_and(parser);
    while (accept(parser, ors)) {
        (void)parse_and(parser);
        emit_binary(parser, MM_OPERATION_OR);
        unit = UNIT_NUMBER;
    }
    return unit;
}

static void parse_whole(struct parser *parser)
{
    (void)parse_or(parser);
    skip_blanks(parser);
    char c = parser->text[parser->at];
    if (parser->failed || c == '\0')
        return;
    if (c == '=')
        fail_at(parser, parser->at, "'=' is no operator: '==' compares");
    else if (c == '/')
        fail_at(parser, parser->at, "there is no division: multiply the other side");
    else
        fail_expected(parser, "an operator or the end");
}

static const void *copy(struct mm_arena *arena, const void *rows, size_t n, size_t row_bytes)
{
    void *copied = mm_arena_alloc_array(arena, n, row_bytes);
    if (copied && n != 0)
        memcpy(copied, rows, n * row_bytes);
    return copied;
}

bool mm_expression_parse(const struct mm_node *node, const struct mm_names *names,
                         uint32_t cycles_per_microsecond, struct mm_mistakes *mistakes,
                         struct mm_expression *expression)
{
    struct parser parser = {.node = node,
                            .text = node->text,
                            .names = names,
                            .cycles_per_microsecond = cycles_per_microsecond,
                            .mistakes = mistakes};
    parse_whole(&parser);
    if (parser.failed)
        return false;
    struct mm_arena *arena = mistakes->arena;
    *expression = (struct mm_expression){
        .text = node->text,
        .code = copy(arena, parser.code, parser.n_code, sizeof *parser.code),
        .n_code = parser.n_code,
        .paths = copy(arena, parser.paths, parser.n_paths, sizeof *parser.paths),
        .n_paths = parser.n_paths};
    return !arena->failed;
}
