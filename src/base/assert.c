/*
 * assert.c - the only place of the library that prints: a bug's last words.
 */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void mm_assert_failed(const char *file, int line, const char *condition,
                                const char *sentence)
{
    fprintf(stderr, "%s:%d: %s (%s)\n", file, line, sentence, condition);
    abort();
}
