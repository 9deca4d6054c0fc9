/*
 * nearest.h - the word that was probably meant.
 *
 * People misspell, but they also write words as another program has them: PROT_READ, SEGV, Enomem,
 * pentium3. So words are compared without case, - and _ first, then by edit distance (base/text.h),
 * then by a common beginning or end.
 */
#ifndef MM_SCENARIO_NEAREST_H
#define MM_SCENARIO_NEAREST_H

#include <stddef.h>

/* One of the candidates, or NULL if none is near; among equals the first. */
const char *mm_nearest(const char *word, const char *const *candidates, size_t n_candidates);

#endif
