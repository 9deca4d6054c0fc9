/* caught.h - a sink that keeps what is printed, for tests of text. */
#ifndef MM_TESTS_CAUGHT_H
#define MM_TESTS_CAUGHT_H

#include <check.h>
#include <mmsim/types.h>
#include <stdio.h>
#include <string.h>

struct caught {
    char text[65536];
    size_t n_bytes;
};

static inline void caught_append(void *user, const char *more, size_t n_bytes)
{
    struct caught *caught = user;
    ck_assert_uint_lt(caught->n_bytes + n_bytes, sizeof caught->text);
    memcpy(caught->text + caught->n_bytes, more, n_bytes);
    caught->n_bytes += n_bytes;
    caught->text[caught->n_bytes] = '\0';
}

/* Empties it, and gives the sink that fills it. */
static inline struct mmsim_sink caught_begin(struct caught *caught)
{
    caught->n_bytes = 0;
    caught->text[0] = '\0';
    return (struct mmsim_sink){caught_append, caught};
}

static inline void caught_says(const struct caught *caught, const char *words)
{
    ck_assert_msg(strstr(caught->text, words) != NULL, "'%s' is missing in:\n%s", words,
                  caught->text);
}

static inline void caught_lacks(const struct caught *caught, const char *words)
{
    ck_assert_msg(strstr(caught->text, words) == NULL, "'%s' stands in:\n%s", words, caught->text);
}

#endif
