/*
 * vectors-read.h - the lines of mmsim-vectors, read by one table of verbs and fields.
 */
#ifndef VECTORS_READ_H
#define VECTORS_READ_H

#include <stdio.h>

#include "vectors-machine.h"

enum vectors_verb {
    VERB_NONE, /* a line without an operation */
    VERB_ONE,
    VERB_RESET,
    VERB_CTL,
    VERB_PDE,
    VERB_PTE,
    VERB_ACCESS,
    VERB_INVLPG,
    VERB_CR3,
    VERB_FLUSH,
    N_VERBS
};

#define VECTORS_MAX_ID 63

struct vectors_line {
    enum vectors_verb verb;
    char id[VECTORS_MAX_ID + 1]; /* as it was written */
    struct vectors_operation operation;
};

/* Takes `text` apart, in place. False: `why` says what is wrong with it. */
bool vectors_read_line(char *text, struct vectors_line *line, char *why, size_t why_bytes);

/* The verbs with their fields, for --help. */
void vectors_print_verbs(FILE *stream);

#endif
