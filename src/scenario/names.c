/* names.c - see names.h. Hash: FNV-1a (Fowler, Noll, Vo), linear probing, at most half full. */
#include "scenario/names.h"

#include <string.h>

enum { FIRST_CAPACITY = 32 };

static uint32_t hash_of(const char *text)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT32_C(16777619);
    return hash;
}

/* The slot of a name, or the empty one where it would go. */
static uint32_t *slot_of(const struct mm_names *names, const char *text)
{
    uint32_t i = hash_of(text) & (names->n_slots - 1);
    while (names->slots[i] != 0 && strcmp(names->rows[names->slots[i] - 1].text, text) != 0)
        i = (i + 1) & (names->n_slots - 1);
    return &names->slots[i];
}

/* The arena keeps the old tables until it ends: together at most as large as the new ones. */
static bool grow(struct mm_names *names)
{
    uint32_t capacity = names->capacity == 0 ? FIRST_CAPACITY : names->capacity * 2;
    struct mm_name *rows = mm_arena_alloc_array(names->arena, capacity, sizeof *rows);
    uint32_t *slots = mm_arena_alloc_array(names->arena, 2 * (size_t)capacity, sizeof *slots);
    if (!rows || !slots)
        return false;
    if (names->n != 0)
        memcpy(rows, names->rows, names->n * sizeof *rows);
    names->rows = rows;
    names->slots = slots;
    names->capacity = capacity;
    names->n_slots = 2 * capacity;
    for (uint32_t i = 0; i < names->n; i++)
        *slot_of(names, rows[i].text) = i + 1;
    return true;
}

bool mm_names_init_empty(struct mm_names *names, struct mm_arena *arena)
{
    *names = (struct mm_names){.arena = arena};
    return grow(names);
}

bool mm_names_init(struct mm_names *names, struct mm_arena *arena)
{
    return mm_names_init_empty(names, arena) &&
           mm_names_add(names, "kernel", MM_NAME_PROCESS, 0) == MM_NAME_KERNEL;
}

uint32_t mm_names_find(const struct mm_names *names, const char *text)
{
    uint32_t slot = *slot_of(names, text);
    return slot == 0 ? MM_NO_NAME : slot - 1;
}

uint32_t mm_names_add(struct mm_names *names, const char *text, enum mm_name_kind kind,
                      unsigned line)
{
    if (names->n == names->capacity && !grow(names))
        return MM_NO_NAME;
    const char *copy = mm_arena_copy(names->arena, text, strlen(text));
    if (names->arena->failed)
        return MM_NO_NAME;
    uint32_t number = names->n++;
    names->rows[number] = (struct mm_name){copy, kind, line};
    *slot_of(names, copy) = number + 1;
    return number;
}

static bool is_word_character(char c, bool first)
{
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    return letter || (!first && c >= '0' && c <= '9');
}

bool mm_name_is_valid(const char *text)
{
    size_t n = 0;
    while (is_word_character(text[n], n == 0))
        n++;
    return n > 0 && n <= MM_NAME_MAX_CHARS && text[n] == '\0';
}
