/*
 * heap_kit.h - what tests of the kernel's memory share: a machine, bytes at kernel addresses,
 * mistakes and events as they come.
 */
#ifndef MM_TESTS_HEAP_KIT_H
#define MM_TESTS_HEAP_KIT_H

#include <string.h>

#include "kit.h"

/* 16 MiB without checks between calls: most of these tests make many. */
static inline struct mmsim_config heap_config(void)
{
    struct mmsim_config config = kit_config();
    config.check = MMSIM_CHECK_END;
    return config;
}

static inline struct mmsim_machine *heap_machine(void)
{
    struct mmsim_config config = heap_config();
    return kit_build(&config);
}

/* Byte i of an object's pattern. */
static inline uint8_t heap_byte(uint64_t seed, uint64_t i)
{
    return (uint8_t)(seed * 131 + i * 7 + (i >> 8));
}

/* Stores a pattern through the MMU. */
static inline void heap_fill(struct mmsim_machine *machine, mmsim_vaddr address, uint64_t n_bytes,
                             uint64_t seed)
{
    uint8_t piece[512];
    for (uint64_t at = 0; at < n_bytes; at += sizeof piece) {
        uint64_t n = n_bytes - at < sizeof piece ? n_bytes - at : sizeof piece;
        for (uint64_t i = 0; i < n; i++)
            piece[i] = heap_byte(seed, at + i);
        struct mmsim_access access = mmsim_write(mmsim_kernel(machine), address + at, piece, n);
        ck_assert_int_eq(access.outcome, MMSIM_DONE);
    }
}

/* Loads through the MMU; true if the pattern is there. */
static inline bool heap_holds(struct mmsim_machine *machine, mmsim_vaddr address, uint64_t n_bytes,
                              uint64_t seed)
{
    uint8_t piece[512];
    for (uint64_t at = 0; at < n_bytes; at += sizeof piece) {
        uint64_t n = n_bytes - at < sizeof piece ? n_bytes - at : sizeof piece;
        if (mmsim_read(mmsim_kernel(machine), address + at, piece, n).outcome != MMSIM_DONE)
            return false;
        for (uint64_t i = 0; i < n; i++)
            if (piece[i] != heap_byte(seed, at + i))
                return false;
    }
    return true;
}

/* What a listener to mistakes has seen. */
struct heap_mistakes {
    uint64_t n;
    struct mmsim_heap_report last;
};

static inline void heap_on_mistake(void *user, const struct mmsim_heap_report *report)
{
    struct heap_mistakes *seen = user;
    seen->n++;
    seen->last = *report;
}

/* What a listener to events has seen. */
struct heap_events {
    uint64_t n[MMSIM_N_EVENTS];
    struct mmsim_event last[MMSIM_N_EVENTS];
};

static inline void heap_on_event(void *user, const struct mmsim_event *event)
{
    struct heap_events *seen = user;
    seen->n[event->type]++;
    seen->last[event->type] = *event;
}

/* Addresses of all kinds that are no object: null's neighbours, no multiple of 16, every region,
 * the ends of RAM, of 32 and of 64 bits. */
static const mmsim_vaddr heap_garbage[] = {
    1,
    8,
    15,
    16,
    0xff0,
    0xfffff,
    0x100000,
    0x100008,
    0x0fffff0,
    0x0fffffff,
    0x10000000,
    0x40000010,
    0xbffffff0,
    0xc0000000,
    0xc0001000,
    0xdffff000,
    0xe0000000,
    0xf0000000,
    0xfffffff0,
    0xffffffff,
    0x100000000,
    0x100100000,
    0xffff800000000000,
    UINT64_MAX - 15,
    UINT64_MAX,
};
enum { HEAP_N_GARBAGE = sizeof heap_garbage / sizeof heap_garbage[0] };

#endif
