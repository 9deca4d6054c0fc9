/*
 * expression.h - what `check` asks: arithmetic and comparisons over statistics.
 *
 *   or      = and { "||" and }
 *   and     = compare { "&&" compare }
 *   compare = sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum ]
 *   sum     = product { ("+" | "-") product }
 *   product = unary { "*" unary }
 *   unary   = ("!" | "-") unary | primary
 *   primary = NUMBER [UNIT] | PATH | "(" or ")"
 *
 * Numbers are signed 128-bit integers that stay at their limits instead of wrapping, so a
 * difference of two statistics may be negative and a product of two cannot overflow unnoticed.
 * Truth is 1 and 0; any other number but 0 counts as true, as in C.
 *
 * Every value has a unit (dimension.h): where bytes meet pages or frames in +, - or a comparison,
 * those are taken in bytes too; values that have nothing in common are a mistake. Times (5us) are
 * cycles of this machine's clock.
 *
 * An expression is parsed once, into a postfix program; running it cannot fail.
 *
 * Invariants: (1) a program never needs more than MM_EXPRESSION_STACK numbers; (2) every path in it
 * exists in the table of statistics (stats.h) and names a declared process.
 */
#ifndef MM_SCENARIO_EXPRESSION_H
#define MM_SCENARIO_EXPRESSION_H

#include <mmsim/stats.h>

#include "scenario/dimension.h"
#include "scenario/mistake.h"
#include "scenario/names.h"
#include "scenario/node.h"

enum {
    MM_EXPRESSION_STACK = 128,
    MM_EXPRESSION_MAX_DEPTH = 32,
    MM_EXPRESSION_MAX_CODE = 1024,
    MM_EXPRESSION_MAX_PATHS = 64,
    MM_EXPRESSION_MAX_COMPARISONS = 64
};

enum mm_operation {
    MM_OPERATION_NUMBER,      /* pushes `number` */
    MM_OPERATION_PATH,        /* pushes the value of path `index` */
    MM_OPERATION_PAGES,       /* the top counts pages: turn it into bytes */
    MM_OPERATION_PAGES_BELOW, /* the same for the number below the top */
    MM_OPERATION_NOT,
    MM_OPERATION_NEGATE,
    MM_OPERATION_MULTIPLY,
    MM_OPERATION_ADD,
    MM_OPERATION_SUBTRACT,
    MM_OPERATION_EQUAL,
    MM_OPERATION_UNEQUAL,
    MM_OPERATION_LESS,
    MM_OPERATION_LESS_OR_EQUAL,
    MM_OPERATION_GREATER,
    MM_OPERATION_GREATER_OR_EQUAL,
    MM_OPERATION_AND,
    MM_OPERATION_OR
};

struct mm_code {
    enum mm_operation operation;
    uint32_t index; /* of a path, or of a comparison */
    uint64_t number;
};

/* A statistic that the expression looks at. */
struct mm_path {
    const char *text; /* "process.child.rss" */
    const char *stat; /* what to look up: "faults.cow", or the last part for a process: "rss" */
    uint32_t process; /* MM_NO_NAME: a statistic of the machine */
    enum mm_unit unit;
};

/* A comparison in the expression, so that a false one can be explained. */
struct mm_comparison {
    const char *left, *symbol, *right; /* as they stand in the text */
    enum mm_unit unit;                 /* of both sides, after conversion */
};

/* What its two sides came to. */
struct mm_sides {
    mm_number left, right;
    bool truth;
};

struct mm_expression {
    const char *text;
    const struct mm_code *code;
    size_t n_code;
    const struct mm_path *paths; /* each once, in the order of their first use */
    size_t n_paths;
    const struct mm_comparison *comparisons; /* in the order of the text */
    size_t n_comparisons;
    bool decides; /* it compares, or has !, && or || */
};

/*
 * Parses the text of a scalar. Mistakes go to `mistakes`, as exactly as the scalar's quoting allows
 * (the first one only: what follows it cannot be trusted). False: a mistake, or no memory.
 * `cycles_per_microsecond` turns times into cycles.
 */
bool mm_expression_parse(const struct mm_node *node, const struct mm_names *names,
                         uint32_t cycles_per_microsecond, struct mm_mistakes *mistakes,
                         struct mm_expression *expression);

/* Values of the paths, in their order, give the result. */
mm_number mm_expression_value(const struct mm_expression *expression, const uint64_t *values);

/* The same, and leaves in `sides` what each comparison compared. */
mm_number mm_expression_trace(const struct mm_expression *expression, const uint64_t *values,
                              struct mm_sides sides[MM_EXPRESSION_MAX_COMPARISONS]);

#endif
