/* arena.c - see arena.h. */
#include "scenario/arena.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, ALIGNMENT = 16 };

struct mm_arena_block {
    struct mm_arena_block *next;
    size_t n_bytes; /* this header included */
};
_Static_assert(sizeof(struct mm_arena_block) % ALIGNMENT == 0, "objects after it stay aligned");

void mm_arena_init(struct mm_arena *arena, struct mm_host *host)
{
    *arena = (struct mm_arena){.host = host};
}

void mm_arena_fini(struct mm_arena *arena)
{
    struct mm_arena_block *block = arena->blocks;
    while (block) {
        struct mm_arena_block *next = block->next;
        mm_host_free(arena->host, block, block->n_bytes);
        block = next;
    }
    arena->blocks = NULL;
    arena->room_bytes = 0;
}

static bool add_block(struct mm_arena *arena, size_t object_bytes)
{
    size_t header = sizeof(struct mm_arena_block);
    size_t n_bytes = object_bytes > BLOCK_BYTES - header ? object_bytes + header : BLOCK_BYTES;
    struct mm_arena_block *block = mm_host_alloc(arena->host, n_bytes);
    if (!block)
        return false;
    block->next = arena->blocks;
    block->n_bytes = n_bytes;
    arena->blocks = block;
    arena->room_bytes = n_bytes - header;
    return true;
}

void *mm_arena_alloc(struct mm_arena *arena, size_t n_bytes)
{
    if (n_bytes > SIZE_MAX / 2) {
        arena->failed = true;
        return NULL;
    }
    n_bytes = (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (n_bytes > arena->room_bytes && !add_block(arena, n_bytes)) {
        arena->failed = true;
        return NULL;
    }
    char *end = (char *)arena->blocks + arena->blocks->n_bytes;
    char *object = end - arena->room_bytes;
    arena->room_bytes -= n_bytes;
    return object;
}

void *mm_arena_alloc_array(struct mm_arena *arena, size_t n, size_t object_bytes)
{
    if (object_bytes != 0 && n > SIZE_MAX / 2 / object_bytes) {
        arena->failed = true;
        return NULL;
    }
    return mm_arena_alloc(arena, n * object_bytes);
}

const char *mm_arena_copy(struct mm_arena *arena, const char *text, size_t n_bytes)
{
    char *copy = mm_arena_alloc(arena, n_bytes + 1);
    if (!copy)
        return "";
    if (n_bytes != 0)
        memcpy(copy, text, n_bytes);
    return copy;
}

const char *mm_arena_vprintf(struct mm_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *text = n < 0 ? NULL : mm_arena_alloc(arena, (size_t)n + 1);
    if (!text)
        return "";
    (void)vsnprintf(text, (size_t)n + 1, format, arguments);
    return text;
}

const char *mm_arena_printf(struct mm_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = mm_arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}
