/*
 * heap-workload.h - the loops that are timed, one call a round.
 *
 * Victims, sizes and orders are drawn beforehand and are the same for all allocators, in every run.
 * Objects are not touched, but in the rows "-written", where the program writes an object's first
 * word when it gets it. Allocators that keep their lists in the objects have fetched that word by
 * then, others have not: the one kind of row shows what the allocator takes, the other what it and
 * the program's first access take together.
 */
#ifndef BENCH_HEAP_WORKLOAD_H
#define BENCH_HEAP_WORKLOAD_H

#include "heap-allocator.h"

enum {
    HEAP_N_PAIRS = 50000,    /* of a hot pair, a round */
    HEAP_N_QUEUED = 100000,  /* objects freed in one order or another */
    HEAP_N_CHURNS = 1000000, /* objects replaced, a round */
    HEAP_MAX_LIVE = 200000,  /* while objects are replaced */
    HEAP_SMALL_BURST = 1000, /* objects */
    HEAP_MIN_BYTES = 16,     /* sizes of what is replaced */
    HEAP_MAX_BYTES = 1024
};

enum heap_order { HEAP_ORDER_FIFO, HEAP_ORDER_LIFO, HEAP_ORDER_RANDOM, HEAP_N_ORDERS };

struct heap_work {
    uint32_t orders[HEAP_N_ORDERS][HEAP_N_QUEUED]; /* permutations: who is freed next */
    uint32_t victims[HEAP_N_CHURNS];               /* share of the live ones, as 32 bits */
    uint16_t sizes[HEAP_N_CHURNS];                 /* bytes */
    void *objects[HEAP_MAX_LIVE];
};

struct heap_work *heap_work_create(void);

static inline uint32_t heap_victim(const struct heap_work *work, size_t i, uint32_t n_live)
{
    return (uint32_t)(((uint64_t)work->victims[i] * n_live) >> 32);
}

/* One row: what is done, and its measure. Every function returns ns a malloc and free. */
struct heap_workload {
    const char *name;
    double (*run)(struct heap_work *work, const struct heap_allocator *with, uint32_t parameter);
    uint32_t parameter;
    uint32_t bytes;      /* of an object; 0: they vary */
    const char *against; /* whom the limit compares with; NULL: the best peer */
    double limit;        /* 0: there is none */
};

/* malloc and free of one object, parameter = bytes. */
double heap_run_hot_pair(struct heap_work *work, const struct heap_allocator *with, uint32_t bytes);

extern const struct heap_workload heap_workloads[];
extern const size_t heap_n_workloads;

#endif
