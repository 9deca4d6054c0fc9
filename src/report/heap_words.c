/*
 * heap_words.c - the words of the heap: letters of its checks, names of its users' mistakes.
 *
 * The letters are those that Linux's slab_debug= takes, where it has the check (slub.rst); as
 * there, case does not matter, "-" is none, and F (sanity checks) is understood: those are always
 * on.
 */
#include <mmsim/alloc.h>
#include <string.h>

/* ---- checks ---- */

static const struct {
    char letter;
    unsigned check;
} letters[] = {
    {'Z', MMSIM_HEAP_RED_ZONES}, {'P', MMSIM_HEAP_POISON},
    {'U', MMSIM_HEAP_TRACK},     {'Q', MMSIM_HEAP_QUARANTINE},
    {'G', MMSIM_HEAP_GUARD},     {'H', MMSIM_HEAP_HARDEN},
    {'R', MMSIM_HEAP_SHUFFLE},   {'F', 0},
};
#define N_LETTERS (sizeof letters / sizeof letters[0])

static bool letter_parse(char letter, unsigned *check)
{
    for (size_t i = 0; i < N_LETTERS; i++) {
        if (letters[i].letter == letter || (letters[i].letter | 0x20) == letter) {
            *check = letters[i].check;
            return true;
        }
    }
    return false;
}

bool mmsim_heap_checks_parse(const char *text, unsigned *checks, size_t *wrong)
{
    unsigned all = 0;
    if (!text && wrong)
        *wrong = 0;
    if (!text)
        return false;
    size_t n_letters = strcmp(text, "-") == 0 ? 0 : strlen(text);
    for (size_t i = 0; i < n_letters; i++) {
        unsigned check;
        if (!letter_parse(text[i], &check)) {
            if (wrong)
                *wrong = i;
            return false;
        }
        all |= check;
    }
    *checks = all;
    return true;
}

void mmsim_heap_checks_format(unsigned checks, char text[8])
{
    size_t n = 0;
    for (size_t i = 0; i < N_LETTERS; i++)
        if (checks & letters[i].check)
            text[n++] = letters[i].letter;
    if (n == 0)
        text[n++] = '-';
    text[n] = '\0';
}

/* ---- mistakes ---- */

static const struct {
    const char *name, *meaning;
} mistakes[MMSIM_N_HEAP_MISTAKES] = {
    [MMSIM_HEAP_DOUBLE_FREE] = {"double-free", "an object was freed that is free"},
    [MMSIM_HEAP_FOREIGN_FREE] = {"foreign-free", "an address was freed that is nothing of the "
                                                 "heap's"},
    [MMSIM_HEAP_INSIDE_FREE] = {"inside-free", "an address within an object was freed, not its "
                                               "first byte"},
    [MMSIM_HEAP_WRONG_CACHE] = {"wrong-cache", "an object was freed to a cache that it is not of"},
    [MMSIM_HEAP_WRONG_SIZE] = {"wrong-size", "an object was freed with another size than it was "
                                             "allocated with"},
    [MMSIM_HEAP_LEFT_RED_ZONE] = {"left-red-zone", "bytes in front of an object were written"},
    [MMSIM_HEAP_RIGHT_RED_ZONE] = {"right-red-zone", "bytes behind an object were written"},
    [MMSIM_HEAP_USE_AFTER_FREE] = {"use-after-free", "an object was written after it was freed"},
    [MMSIM_HEAP_GUARD_HIT] = {"guard-hit", "an access behind an object was refused by the MMU"},
    [MMSIM_HEAP_FREED_GUARD_HIT] = {"freed-guard-hit", "an access to a freed object was refused by "
                                                       "the MMU"},
    [MMSIM_HEAP_BAD_LINK] = {"bad-link", "the list of a slab's free objects was overwritten"},
    [MMSIM_HEAP_REF_UNDERFLOW] = {"ref-underflow", "a reference was put that nobody had"},
    [MMSIM_HEAP_REF_SATURATED] = {"ref-saturated", "so many references were taken that the count "
                                                   "cannot be trusted any more"},
};

const char *mmsim_heap_mistake_name(enum mmsim_heap_mistake mistake)
{
    return (unsigned)mistake < MMSIM_N_HEAP_MISTAKES ? mistakes[mistake].name : "?";
}

const char *mmsim_heap_mistake_meaning(enum mmsim_heap_mistake mistake)
{
    return (unsigned)mistake < MMSIM_N_HEAP_MISTAKES ? mistakes[mistake].meaning : "?";
}
