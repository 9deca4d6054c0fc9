/*
 * names.h - the one namespace of a scenario: its processes and its addresses. Caches, pools and
 * scopes of the kernel's memory have another.
 *
 * A name gets a number when it is first declared; steps carry numbers, so a run looks nothing up.
 * Declarations happen in the order of the file, which is how a use before its declaration shows.
 *
 * Invariants: (1) number 0 is the process "kernel"; (2) a name never changes its kind.
 */
#ifndef MM_SCENARIO_NAMES_H
#define MM_SCENARIO_NAMES_H

#include "scenario/arena.h"

#define MM_NO_NAME UINT32_MAX
#define MM_NAME_KERNEL 0u
enum { MM_NAME_MAX_CHARS = 63 };

enum mm_name_kind {
    MM_NAME_PROCESS,
    MM_NAME_ADDRESS,
    MM_NAME_CACHE, /* these three in a table of their own: struct mm_decoder */
    MM_NAME_POOL,
    MM_NAME_SCOPE,
    MM_NAME_EITHER /* a step that has mistakes declared it: uses of it are not mistakes as well */
};

struct mm_name {
    const char *text;
    enum mm_name_kind kind;
    unsigned line; /* of its first declaration; 0 = given */
};

struct mm_names {
    struct mm_arena *arena;
    struct mm_name *rows;
    uint32_t n, capacity;
    uint32_t *slots; /* open addressing: row + 1; 0 = empty */
    uint32_t n_slots;
};

/* False: no host memory (the arena says so too). */
bool mm_names_init(struct mm_names *names, struct mm_arena *arena);

/* The same without the name "kernel": for what is no process and no address. */
bool mm_names_init_empty(struct mm_names *names, struct mm_arena *arena);

/* MM_NO_NAME if it was not declared. */
uint32_t mm_names_find(const struct mm_names *names, const char *text);

/* Declares a new name; MM_NO_NAME when there is no memory. */
uint32_t mm_names_add(struct mm_names *names, const char *text, enum mm_name_kind kind,
                      unsigned line);

/* [A-Za-z_][A-Za-z0-9_]*, at most MM_NAME_MAX_CHARS. */
bool mm_name_is_valid(const char *text);

#endif
