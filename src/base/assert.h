/*
 * assert.h - bugs of the simulator end debug builds with a sentence; release builds go on.
 *
 * One of the two #if of the library (the other is in wide.h): MM_DEBUG is set by the debug and asan
 * presets. The condition is compiled in both, so that neither build can rot.
 */
#ifndef MM_BASE_ASSERT_H
#define MM_BASE_ASSERT_H

#include <stdbool.h>

#ifdef MM_DEBUG
enum { MM_IS_DEBUG = 1 };
#else
enum { MM_IS_DEBUG = 0 };
#endif

/* Prints to stderr and aborts. */
_Noreturn void mm_assert_failed(const char *file, int line, const char *condition,
                                const char *sentence);

#define MM_ASSERT(condition, sentence)                                                             \
    do {                                                                                           \
        if (MM_IS_DEBUG && !(condition))                                                           \
            mm_assert_failed(__FILE__, __LINE__, #condition, (sentence));                          \
    } while (false)

_Static_assert(sizeof(void *) == 8, "the simulator needs a 64-bit host");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the simulator needs a little-endian host");

#endif
