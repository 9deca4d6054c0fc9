/*
 * mistake.h - every mistake of a file, collected while it is read, told in the order of the file.
 *
 * Decoders add mistakes where they find them and go on, so that one run of the loader finds all of
 * them; the loader sorts them by position and hands them out.
 *
 * Invariants: (1) a scenario with a mistake is never run; (2) at most MM_MISTAKES_KEPT are kept,
 * the others are counted.
 */
#ifndef MM_SCENARIO_MISTAKE_H
#define MM_SCENARIO_MISTAKE_H

#include <mmsim/scenario.h>

#include "scenario/arena.h"

enum { MM_MISTAKES_KEPT = 1000 };

struct mm_node;

struct mm_mistake {
    struct mm_mistake *next;
    unsigned line, column; /* from 1; line 0: an override, or the file as a whole */
    const char *text;
};

struct mm_mistakes {
    struct mm_arena *arena;
    struct mm_mistake *first, *last;
    size_t n; /* found, kept or not */
};

void mm_mistakes_init(struct mm_mistakes *mistakes, struct mm_arena *arena);

/* A mistake at a node (an override's node carries the text of the override instead of a place). */
void mm_mistake_add(struct mm_mistakes *mistakes, const struct mm_node *node, const char *format,
                    ...) MM_PRINTF(3, 4);

/* A mistake at `offset` characters into the text of a scalar: as exact as its quoting allows. */
void mm_mistake_add_inside(struct mm_mistakes *mistakes, const struct mm_node *node, size_t offset,
                           const char *format, ...) MM_PRINTF(4, 5);

/* A mistake at a line and column. */
void mm_mistake_add_at(struct mm_mistakes *mistakes, unsigned line, unsigned column,
                       const char *format, ...) MM_PRINTF(4, 5);

/* Sorts them and tells each to `listener` (may be NULL); *error gets the first. */
void mm_mistakes_tell(struct mm_mistakes *mistakes, const char *file,
                      mmsim_diagnostic_listener listener, void *user, struct mmsim_error *error);

/* What a message shows of a user's text: quoted, cut after 60 bytes, control characters hidden. */
const char *mm_mistake_quote(struct mm_mistakes *mistakes, const char *text);

/*
 * How a message goes on after the offending word: "; did you mean 'prot'? Expected one of ...", or
 * ": expected one of ..." where `meant` is NULL. `sentence` may be "".
 */
const char *mm_mistake_advice(struct mm_mistakes *mistakes, const char *meant,
                              const char *sentence);

#endif
