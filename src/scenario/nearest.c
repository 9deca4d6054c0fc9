/* nearest.c - see nearest.h. */
#include "scenario/nearest.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

enum { MAX_CHARS = 64, MIN_COMMON_CHARS = 3 };

/* "SEGV_MAPERR" -> "segvmaperr"; cut to what is compared. */
static void fold(const char *word, char folded[MAX_CHARS])
{
    size_t n = 0;
    for (; *word && n + 1 < MAX_CHARS; word++)
        if (*word != '-' && *word != '_')
            folded[n++] = *word >= 'A' && *word <= 'Z' ? (char)(*word - 'A' + 'a') : *word;
    folded[n] = '\0';
}

/* How far two folded words are apart; UINT_MAX: too far to be meant. */
typedef unsigned (*measure)(const char *word, const char *candidate);

static unsigned apart_if_same(const char *word, const char *candidate)
{
    return strcmp(word, candidate) == 0 ? 0 : UINT32_MAX;
}

static unsigned apart_by_edits(const char *word, const char *candidate)
{
    size_t n = strlen(word);
    unsigned reach = n < 2 ? 0 : n <= 3 ? 1 : n <= 7 ? 2 : 3;
    unsigned distance = mm_text_distance(word, candidate);
    return distance <= reach ? distance : UINT32_MAX;
}

static bool begins_or_ends(const char *longer, const char *shorter)
{
    size_t n_longer = strlen(longer), n_shorter = strlen(shorter);
    if (n_shorter < MIN_COMMON_CHARS || n_shorter > n_longer)
        return false;
    return memcmp(longer, shorter, n_shorter) == 0 ||
           strcmp(longer + n_longer - n_shorter, shorter) == 0;
}

static unsigned apart_by_ends(const char *word, const char *candidate)
{
    size_t n_word = strlen(word), n_candidate = strlen(candidate);
    if (begins_or_ends(candidate, word))
        return (unsigned)(n_candidate - n_word);
    return begins_or_ends(word, candidate) ? (unsigned)(n_word - n_candidate) : UINT32_MAX;
}

static const char *nearest_by(measure apart, const char *folded, const char *const *candidates,
                              size_t n_candidates)
{
    const char *nearest = NULL;
    unsigned least = UINT32_MAX;
    for (size_t i = 0; i < n_candidates; i++) {
        char candidate[MAX_CHARS];
        fold(candidates[i], candidate);
        unsigned distance = apart(folded, candidate);
        if (distance < least) {
            least = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}

const char *mm_nearest(const char *word, const char *const *candidates, size_t n_candidates)
{
    static const measure measures[] = {apart_if_same, apart_by_edits, apart_by_ends};
    char whole[MAX_CHARS];
    fold(word, whole);
    /* Linux writes MAP_ANON where scenarios write anonymous. */
    const char *folded = strncmp(word, "MAP_", 4) == 0 ? whole + strlen("map") : whole;
    const char *nearest = NULL;
    for (size_t i = 0; *folded && !nearest && i < sizeof measures / sizeof *measures; i++)
        nearest = nearest_by(measures[i], folded, candidates, n_candidates);
    return nearest;
}
