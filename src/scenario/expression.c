/*
 * expression.c - a recursive-descent parser that emits a postfix program, and the machine for it.
 *
 * See expression.h for the grammar. The parser counts the nesting of parentheses and of unary
 * operators, so its recursion is bounded; it keeps the unit of each operand (dimension.h), emits a
 * conversion where pages and bytes meet, and refuses what has nothing in common.
 */
#include "scenario/operand.h"

#include <string.h>

static enum mm_unit parse_or(struct mm_parser *parser);

/* ---- emitting ---- */

static void emit_binary(struct mm_parser *parser, enum mm_operation operation)
{
    parser->n_operands--;
    mm_parser_emit(parser, (struct mm_code){.operation = operation});
}

/* The symbol at `at` stands between values that have nothing in common. */
static void fail_units(struct mm_parser *parser, size_t at, enum mm_unit left, enum mm_unit right,
                       const char *why)
{
    size_t n = parser->text[at + 1] == '=' ? 2 : 1;
    mm_parser_fail(parser, at,
                   mm_arena_printf(parser->mistakes->arena, "'%.*s' stands between %s and %s: %s",
                                   (int)n, parser->text + at, mm_unit_name(left),
                                   mm_unit_name(right), why));
}

/* Makes the two operands of +, - or a comparison speak of the same thing. */
static enum mm_unit reconcile(struct mm_parser *parser, size_t at, enum mm_unit left,
                              enum mm_unit right)
{
    enum mm_unit unit = mm_unit_together(left, right);
    if (unit == MM_N_UNITS) {
        fail_units(parser, at, left, right, "they have nothing in common");
        return MM_UNIT_NUMBER;
    }
    if (unit == MM_UNIT_BYTES && mm_unit_is_pages(left))
        mm_parser_emit(parser, (struct mm_code){.operation = MM_OPERATION_PAGES_BELOW});
    if (unit == MM_UNIT_BYTES && mm_unit_is_pages(right))
        mm_parser_emit(parser, (struct mm_code){.operation = MM_OPERATION_PAGES});
    return unit;
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

static const struct symbol *accept(struct mm_parser *parser, const struct symbol *symbols)
{
    mm_parser_skip_blanks(parser);
    for (; !parser->failed && symbols->text; symbols++) {
        size_t n = strlen(symbols->text);
        if (strncmp(parser->text + parser->at, symbols->text, n) == 0) {
            parser->at += n;
            return symbols;
        }
    }
    return NULL;
}

static enum mm_unit parse_parentheses(struct mm_parser *parser)
{
    parser->at++;
    enum mm_unit unit = parse_or(parser);
    mm_parser_skip_blanks(parser);
    if (parser->text[parser->at] == ')')
        parser->at++;
    else
        mm_parser_expected(parser, "an operator or ')'");
    return unit;
}

static enum mm_unit parse_primary(struct mm_parser *parser)
{
    char c = parser->text[parser->at];
    if (c == '(')
        return parse_parentheses(parser);
    if (mm_parser_is_digit(c))
        return mm_operand_number(parser);
    if (mm_parser_is_letter(c))
        return mm_operand_path(parser);
    mm_parser_expected(parser, "a number, a statistic or '('");
    return MM_UNIT_NUMBER;
}

static enum mm_unit parse_unary(struct mm_parser *parser)
{
    mm_parser_skip_blanks(parser);
    if (++parser->nesting > MM_EXPRESSION_MAX_DEPTH)
        mm_parser_fail(parser, parser->at, "the expression is nested too deeply");
    if (parser->failed)
        return MM_UNIT_NUMBER;
    char c = parser->text[parser->at];
    enum mm_unit unit;
    if (c == '!' || c == '-') {
        parser->at++;
        unit = parse_unary(parser);
        parser->decides |= c == '!';
        mm_parser_emit(parser, (struct mm_code){.operation = c == '!' ? MM_OPERATION_NOT
                                                                      : MM_OPERATION_NEGATE});
        unit = c == '!' ? MM_UNIT_NUMBER : unit;
    } else {
        unit = parse_primary(parser);
    }
    parser->nesting--;
    return unit;
}

static enum mm_unit parse_product(struct mm_parser *parser)
{
    enum mm_unit left = parse_unary(parser);
    while (accept(parser, products)) {
        size_t at = parser->at - 1;
        enum mm_unit right = parse_unary(parser);
        enum mm_unit unit = mm_unit_product(left, right);
        if (unit == MM_N_UNITS)
            fail_units(
                parser, at, left, right,
                "one of the two must be a plain number (pages and bytes compare as they are)");
        emit_binary(parser, MM_OPERATION_MULTIPLY);
        left = unit == MM_N_UNITS ? MM_UNIT_NUMBER : unit;
    }
    return left;
}

static enum mm_unit parse_sum(struct mm_parser *parser)
{
    enum mm_unit left = parse_product(parser);
    const struct symbol *symbol;
    while ((symbol = accept(parser, sums)) != NULL) {
        size_t at = parser->at - 1;
        enum mm_unit right = parse_product(parser);
        left = reconcile(parser, at, left, right);
        emit_binary(parser, symbol->operation);
    }
    return left;
}

/* The text from one offset to another, without the blanks around it. */
static const char *text_between(struct mm_parser *parser, size_t start, size_t end)
{
    static const char blanks[] = " \t\n\r";
    start += strspn(parser->text + start, blanks);
    while (end > start && strchr(blanks, parser->text[end - 1]))
        end--;
    return mm_arena_copy(parser->mistakes->arena, parser->text + start, end - start);
}

static void emit_comparison(struct mm_parser *parser, const struct symbol *symbol,
                            const struct mm_comparison *comparison)
{
    emit_binary(parser, symbol->operation);
    parser->decides = true;
    if (parser->n_comparisons == MM_EXPRESSION_MAX_COMPARISONS) {
        mm_parser_fail(parser, parser->at, "the expression has too many comparisons");
        return;
    }
    if (!parser->failed)
        parser->code[parser->n_code - 1].index = (uint32_t)parser->n_comparisons;
    parser->comparisons[parser->n_comparisons++] = *comparison;
}

static enum mm_unit parse_compare(struct mm_parser *parser)
{
    size_t start = parser->at;
    enum mm_unit left = parse_sum(parser);
    size_t end = parser->at;
    const struct symbol *symbol = accept(parser, comparisons);
    if (!symbol)
        return left;
    size_t at = parser->at - strlen(symbol->text), right_start = parser->at;
    enum mm_unit right = parse_sum(parser);
    struct mm_comparison comparison = {
        .left = text_between(parser, start, end),
        .symbol = symbol->text,
        .right = text_between(parser, right_start, parser->at),
        .unit = reconcile(parser, at, left, right),
    };
    emit_comparison(parser, symbol, &comparison);
    at = parser->at;
    if (accept(parser, comparisons))
        mm_parser_fail(parser, at, "comparisons do not chain: write a < b && b < c");
    return MM_UNIT_NUMBER;
}

static enum mm_unit parse_and(struct mm_parser *parser)
{
    enum mm_unit unit = parse_compare(parser);
    while (accept(parser, ands)) {
        (void)parse_compare(parser);
        emit_binary(parser, MM_OPERATION_AND);
        parser->decides = true;
        unit = MM_UNIT_NUMBER;
    }
    return unit;
}

static enum mm_unit parse_or(struct mm_parser *parser)
{
    enum mm_unit unit = parse_and(parser);
    while (accept(parser, ors)) {
        (void)parse_and(parser);
        emit_binary(parser, MM_OPERATION_OR);
        parser->decides = true;
        unit = MM_UNIT_NUMBER;
    }
    return unit;
}

static void parse_whole(struct mm_parser *parser)
{
    (void)parse_or(parser);
    mm_parser_skip_blanks(parser);
    char c = parser->text[parser->at];
    if (parser->failed || c == '\0')
        return;
    if (c == '/')
        mm_parser_fail(parser, parser->at, "there is no division: multiply the other side");
    else
        mm_parser_expected(parser, "an operator or the end");
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
    struct mm_parser parser = {.node = node,
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
        .n_paths = parser.n_paths,
        .comparisons =
            copy(arena, parser.comparisons, parser.n_comparisons, sizeof *parser.comparisons),
        .n_comparisons = parser.n_comparisons,
        .decides = parser.decides};
    return !arena->failed;
}
