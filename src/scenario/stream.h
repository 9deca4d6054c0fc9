/*
 * stream.h - the steps of one process among those of a list, in their order.
 *
 * A parallel takes its list apart into one such stream for each process. A repeat in the list stays
 * one in every stream that has steps in it, with those steps.
 */
#ifndef MM_SCENARIO_STREAM_H
#define MM_SCENARIO_STREAM_H

#include "scenario/node.h"
#include "scenario/step.h"

/* A repeat needs two levels of nodes: itself, and the list of its steps. */
enum { MM_STREAM_LEVELS = MM_NODE_MAX_DEPTH / 2 };

struct mm_stream {
    uint32_t by; /* number of the process's name */
    struct mm_stream_level {
        const struct mm_step *steps;
        size_t n, at; /* `at`: the next one */
        uint64_t turn, times;
    } levels[MM_STREAM_LEVELS];
    unsigned n_levels; /* the last one is the innermost */
};

/* The steps by `by` of a parallel. */
void mm_stream_init(struct mm_stream *stream, const struct mm_step *parallel, uint32_t by);

/* The next step; NULL past the last one. */
const struct mm_step *mm_stream_next(struct mm_stream *stream);

/* Whether the step that mm_stream_next() returned is in no second turn of a repeat. */
bool mm_stream_is_first_time(const struct mm_stream *stream);

#endif
