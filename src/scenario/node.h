/*
 * node.h - a YAML document as a tree whose every node knows its line and column.
 *
 * A scenario uses the plain part of YAML: one document of mappings, sequences and scalars. Anchors,
 * aliases, tags and further documents are mistakes that say so. Scalars keep their text; what type
 * they have is decided by whoever reads them, so "0x10" can be a number here and bytes there.
 *
 *   mapping   first -> value(key) -> value(key) -> ...      each value names its key node
 *   sequence  first -> item -> item -> ...
 *
 * Invariants: (1) no path is deeper than MM_NODE_MAX_DEPTH, so recursion over a tree is bounded;
 * (2) the keys of a mapping are scalars and differ; (3) scalars contain no zero byte.
 *
 * libyaml takes its own memory from malloc and returns all of it before mm_node_parse() does.
 */
#ifndef MM_SCENARIO_NODE_H
#define MM_SCENARIO_NODE_H

#include "scenario/mistake.h"

enum {
    MM_NODE_MAX_DEPTH = 32,
    MM_NODE_MAX_KEYS = 256,      /* of one mapping */
    MM_NODE_MAX_NODES = 2000000, /* of one document */
    MM_NODE_MAX_BYTES = 16 << 20 /* of one file */
};

enum mm_node_kind {
    MM_NODE_BROKEN, /* a mistake was reported for it already; readers skip it */
    MM_NODE_SCALAR,
    MM_NODE_SEQUENCE,
    MM_NODE_MAPPING
};

struct mm_node {
    enum mm_node_kind kind;
    bool plain;              /* a scalar without quotes */
    unsigned line, column;   /* from 1, of the first character */
    unsigned content_column; /* of a scalar's first character inside its quotes; 0 = unknown,
                                because escapes or folded lines stand between text and file */
    const char *text;        /* scalar: zero-terminated */
    const struct mm_node *key;
    struct mm_node *next, *first;
    size_t n_children;
    const char *override; /* "machine.ram=8MiB" that put this node here; else NULL */
};

/*
 * Reads one document. NULL when there is nothing to work with (the mistakes say why, or the arena
 * failed); otherwise the root, and mistakes may have been added all the same.
 */
struct mm_node *mm_node_parse(const char *text, size_t n_bytes, struct mm_arena *arena,
                              struct mm_mistakes *mistakes);

/* The value of a key of a mapping; NULL if there is none (or the node is no mapping). */
struct mm_node *mm_node_get(const struct mm_node *mapping, const char *key);

/* "a mapping", "a list", "nothing", or the scalar's text in quotes. */
const char *mm_node_describe(struct mm_mistakes *mistakes, const struct mm_node *node);

/* YAML's null: no text at all, ~, or null, without quotes. */
bool mm_node_is_null(const struct mm_node *node);

/* Characters (code points) in the first n_bytes of UTF-8 text. */
size_t mm_node_n_characters(const char *text, size_t n_bytes);

/*
 * Applies an override "PATH=VALUE": keys joined by dots, numbers for items of a list (from 0).
 * Mappings on the way are made where there are none. A bad path or value is a mistake.
 */
void mm_node_override(struct mm_node *root, const char *override, struct mm_arena *arena,
                      struct mm_mistakes *mistakes);

#endif
