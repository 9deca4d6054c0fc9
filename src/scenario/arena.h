/*
 * arena.h - memory that lives as long as a scenario, or as long as its result, and ends all at
 * once.
 *
 * A loaded file is thousands of small objects of one lifetime: nodes, steps, names, messages. They
 * are cut from blocks of host memory and freed together, so no loader path can leak one of them.
 *
 * Invariants: (1) once `failed` is set it stays set; whoever owns the arena looks at it before it
 * trusts what was built; (2) every object is zeroed and 16-byte aligned.
 */
#ifndef MM_SCENARIO_ARENA_H
#define MM_SCENARIO_ARENA_H

#include "base/host.h"
#include "base/text.h"

struct mm_arena_block;

struct mm_arena {
    struct mm_host *host;
    struct mm_arena_block *blocks; /* the newest first */
    size_t room_bytes;             /* left in the newest */
    bool failed;                   /* the host gave no memory at some point */
};

void mm_arena_init(struct mm_arena *arena, struct mm_host *host);
void mm_arena_fini(struct mm_arena *arena);

/* Zeroed memory, or NULL. */
void *mm_arena_alloc(struct mm_arena *arena, size_t n_bytes);

/* n objects of object_bytes each; NULL also when their product overflows. */
void *mm_arena_alloc_array(struct mm_arena *arena, size_t n, size_t object_bytes);

/* A zero-terminated copy; "" when there is no memory, so that messages can still be made. */
const char *mm_arena_copy(struct mm_arena *arena, const char *text, size_t n_bytes);
const char *mm_arena_printf(struct mm_arena *arena, const char *format, ...) MM_PRINTF(2, 3);
const char *mm_arena_vprintf(struct mm_arena *arena, const char *format, va_list arguments)
    MM_PRINTF(2, 0);

#endif
