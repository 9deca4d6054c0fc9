/*
 * spelling.h - the word that somebody probably meant.
 */
#ifndef CLI_SPELLING_H
#define CLI_SPELLING_H

#include <stddef.h>

/* Fewest insertions, deletions, replacements and swaps of neighbours that turn one into the other.
 * Words of more than SPELLING_MAX_CHARS count as entirely different. */
#define SPELLING_MAX_CHARS 64
unsigned spelling_distance(const char *one, const char *other);

/* Collects the nearest of many words, offered one by one. Start with {wanted}. */
struct spelling {
    const char *wanted;
    const char *nearest; /* NULL: nothing near enough */
    unsigned distance;   /* of `nearest` */
};
void spelling_offer(struct spelling *spelling, const char *word);

#endif
