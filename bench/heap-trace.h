/*
 * heap-trace.h - a recorded sequence of allocations.
 *
 * The file, plain or compressed by zstd or gzip, is little-endian: "MMT1", u32 slots, u64
 * operations; then of each operation u32 slot and u32 operation << 29 | bytes. A slot names a live
 * block; it is empty at first and after a free.
 *
 * Invariants, tested when it is loaded: (1) slots are below n_slots; (2) what allocates finds its
 * slot empty, what frees or resizes finds a block there; (3) no size is 0 (0 bytes became 1).
 */
#ifndef BENCH_HEAP_TRACE_H
#define BENCH_HEAP_TRACE_H

#include <stdint.h>

enum heap_trace_kind {
    HEAP_TRACE_MALLOC,
    HEAP_TRACE_FREE,
    HEAP_TRACE_REALLOC,
    HEAP_TRACE_CALLOC,
    HEAP_TRACE_MEMALIGN, /* aligned to HEAP_TRACE_ALIGNMENT: the format does not tell to what */
    HEAP_N_TRACE_KINDS
};

enum { HEAP_TRACE_ALIGNMENT = 64 };

struct heap_trace_operation {
    uint32_t slot;
    uint32_t what; /* kind << 29 | bytes */
};

static inline enum heap_trace_kind heap_trace_kind_of(struct heap_trace_operation operation)
{
    return (enum heap_trace_kind)(operation.what >> 29);
}

static inline uint32_t heap_trace_bytes_of(struct heap_trace_operation operation)
{
    return operation.what & 0x1fffffff;
}

struct heap_trace {
    char name[64]; /* of the file, without its endings */
    uint32_t n_slots;
    uint64_t n_operations;
    uint64_t peak_live_bytes, peak_at; /* what is asked for and not freed, at most, and when */
    struct heap_trace_operation *operations;
    void **blocks;   /* by slot; NULL: empty. All NULL before and after a replay */
    uint32_t *bytes; /* by slot, for whoever needs sizes; 0: empty */
};

/* Ends the program with a sentence if the file is no such trace. Takes no memory from malloc. */
void heap_trace_load(struct heap_trace *trace, const char *path);
void heap_trace_unload(struct heap_trace *trace);

#endif
