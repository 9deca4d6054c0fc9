/*
 * operand.h - the parser of expressions at work: where it stands, what it has emitted, and the
 * operands that it reads. The grammar is in expression.c.
 *
 * Invariants: (1) after a mistake `failed` is set, and further ones are not told; (2) n_operands is
 * the height of the machine's stack at this point of the program.
 */
#ifndef MM_SCENARIO_OPERAND_H
#define MM_SCENARIO_OPERAND_H

#include "scenario/expression.h"

struct mm_parser {
    const struct mm_node *node;
    const char *text;
    size_t at; /* offset of the next character */
    const struct mm_names *names;
    uint32_t cycles_per_microsecond;
    struct mm_mistakes *mistakes;
    size_t n_code, n_paths, n_comparisons;
    unsigned nesting, n_operands; /* n_operands: on the stack of the machine at this point */
    bool failed, decides;
    struct mm_code code[MM_EXPRESSION_MAX_CODE];
    struct mm_path paths[MM_EXPRESSION_MAX_PATHS];
    struct mm_comparison comparisons[MM_EXPRESSION_MAX_COMPARISONS];
};

static inline bool mm_parser_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool mm_parser_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void mm_parser_skip_blanks(struct mm_parser *parser);

/* A mistake at an offset into the text. */
void mm_parser_fail(struct mm_parser *parser, size_t at, const char *text);

/* "expected WHAT, found 'and'; did you mean '&&'?" */
void mm_parser_expected(struct mm_parser *parser, const char *expected);

void mm_parser_emit(struct mm_parser *parser, struct mm_code code);
void mm_parser_push(struct mm_parser *parser, struct mm_code code);

/* Read a number with its unit, or the path of a statistic, and emit it. */
enum mm_unit mm_operand_number(struct mm_parser *parser);
enum mm_unit mm_operand_path(struct mm_parser *parser);

#endif
