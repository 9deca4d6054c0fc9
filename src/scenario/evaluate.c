/*
 * evaluate.c - runs the postfix program of an expression; see expression.h.
 *
 * The parser has counted how high the stack rises, so nothing is checked here.
 */
#include "scenario/expression.h"

#define NUMBER_MAX ((mm_number)((unsigned __int128)-1 >> 1))
#define NUMBER_MIN (-NUMBER_MAX - 1)

static mm_number add(mm_number a, mm_number b)
{
    mm_number sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a > 0 ? NUMBER_MAX : NUMBER_MIN;
    return sum;
}

static mm_number negate(mm_number a)
{
    return a == NUMBER_MIN ? NUMBER_MAX : -a;
}

static mm_number multiply(mm_number a, mm_number b)
{
    mm_number product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a < 0) == (b < 0) ? NUMBER_MAX : NUMBER_MIN;
    return product;
}

static mm_number subtract(mm_number a, mm_number b)
{
    mm_number difference;
    if (__builtin_sub_overflow(a, b, &difference))
        return a > b ? NUMBER_MAX : NUMBER_MIN;
    return difference;
}

static mm_number combine(enum mm_operation operation, mm_number a, mm_number b)
{
    switch (operation) {
    case MM_OPERATION_MULTIPLY:
        return multiply(a, b);
    case MM_OPERATION_ADD:
        return add(a, b);
    case MM_OPERATION_SUBTRACT:
        return subtract(a, b);
    case MM_OPERATION_EQUAL:
        return a == b;
    case MM_OPERATION_UNEQUAL:
        return a != b;
    case MM_OPERATION_LESS:
        return a < b;
    case MM_OPERATION_LESS_OR_EQUAL:
        return a <= b;
    case MM_OPERATION_GREATER:
        return a > b;
    case MM_OPERATION_GREATER_OR_EQUAL:
        return a >= b;
    case MM_OPERATION_AND:
        return a != 0 && b != 0;
    default:
        return a != 0 || b != 0;
    }
}

/* Operations on one number, in place; false: it takes two. */
static bool apply_unary(enum mm_operation operation, mm_number *top)
{
    if (operation == MM_OPERATION_NOT)
        top[0] = top[0] == 0;
    else if (operation == MM_OPERATION_NEGATE)
        top[0] = negate(top[0]);
    else if (operation == MM_OPERATION_PAGES)
        top[0] = multiply(top[0], (mm_number)MMSIM_PAGE_SIZE);
    else if (operation == MM_OPERATION_PAGES_BELOW)
        top[-1] = multiply(top[-1], (mm_number)MMSIM_PAGE_SIZE);
    else
        return false;
    return true;
}

static bool compares(enum mm_operation operation)
{
    return operation >= MM_OPERATION_EQUAL && operation <= MM_OPERATION_GREATER_OR_EQUAL;
}

mm_number mm_expression_trace(const struct mm_expression *expression, const uint64_t *values,
                              struct mm_sides sides[MM_EXPRESSION_MAX_COMPARISONS])
{
    mm_number stack[MM_EXPRESSION_STACK];
    size_t n = 0;
    for (size_t i = 0; i < expression->n_code; i++) {
        const struct mm_code *code = &expression->code[i];
        if (code->operation == MM_OPERATION_NUMBER) {
            stack[n++] = (mm_number)code->number;
        } else if (code->operation == MM_OPERATION_PATH) {
            stack[n++] = (mm_number)values[code->index];
        } else if (!apply_unary(code->operation, &stack[n - 1])) {
            mm_number left = stack[n - 2], right = stack[n - 1];
            stack[n - 2] = combine(code->operation, left, right);
            n--;
            if (sides && compares(code->operation))
                sides[code->index] = (struct mm_sides){left, right, stack[n - 1] != 0};
        }
    }
    return n == 1 ? stack[0] : 0;
}

mm_number mm_expression_value(const struct mm_expression *expression, const uint64_t *values)
{
    return mm_expression_trace(expression, values, NULL);
}
