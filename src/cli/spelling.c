/*
 * spelling.c - optimal string alignment: Levenshtein's distance with swaps of neighbours
 * (Damerau, "A technique for computer detection and correction of spelling errors", CACM 1964).
 */
#include "spelling.h"

#include <stdbool.h>
#include <string.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

unsigned spelling_distance(const char *one, const char *other)
{
    unsigned rows[3][SPELLING_MAX_CHARS + 1]; /* two before, one before, this one */
    size_t n = strlen(one), m = strlen(other);
    if (n > SPELLING_MAX_CHARS || m > SPELLING_MAX_CHARS)
        return SPELLING_MAX_CHARS;

    unsigned *older = rows[0], *old = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++)
        old[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            bool same = one[i - 1] == other[j - 1];
            row[j] = least(old[j - 1] + !same, least(old[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                row[j] = least(row[j], older[j - 2] + 1);
        }
        unsigned *spare = older;
        older = old;
        old = row;
        row = spare;
    }
    return old[m];
}

/* A third of the letters may be wrong, but at least one, so that "rn" finds "run". */
static unsigned tolerance(const char *word)
{
    size_t third = strlen(word) / 3;
    return third < 1 ? 1 : (unsigned)third;
}

void spelling_offer(struct spelling *spelling, const char *word)
{
    unsigned distance = spelling_distance(spelling->wanted, word);
    if (distance > tolerance(word))
        return;
    if (spelling->nearest != NULL && spelling->distance <= distance)
        return;
    spelling->nearest = word;
    spelling->distance = distance;
}
