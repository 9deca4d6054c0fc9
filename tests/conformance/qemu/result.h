/*
 * result.h - a result line of mmsim-vectors, and what may be different about QEMU's.
 */
#ifndef RESULT_H
#define RESULT_H

#include "vectors.h"

enum { VECTOR_PAGE_FAULT = 0xe, VECTOR_NONE = 0xff };

/* Where the test kernel cannot tell what a data access reached. */
#define NOWHERE UINT64_C(0xffffffffffff)

struct result {
    uint64_t id, vector, error, cr2, physical, pde, pte, pte2;
};

/*
 * A way in which QEMU 7.2 is known not to do what the manual says, or may do what the manual leaves
 * open. `applies` recognises it by the vector and QEMU's result; `correct` makes of the result what
 * the manual says, or, where it leaves something open, what the model chose.
 */
struct deviation {
    const char *name, *what, *source;
    bool (*applies)(const struct vector *vector, const struct result *qemu,
                    const struct result *model);
    void (*correct)(const struct vector *vector, struct result *qemu, const struct result *model);
};

enum { MAX_DEVIATIONS = 16 };

extern const struct deviation deviations[]; /* ends with name == NULL */

static inline bool is_split(const struct vector *vector)
{
    return (vector->control & CTL_SPLIT) != 0;
}

#endif
