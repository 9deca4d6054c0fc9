/*
 * trace.h - a trace in memory, and what its two forms share (<mmsim/trace.h> has the formats).
 *
 * Invariants: (1) there is at least one reference, none of kind 3; (2) the pages of all references
 * are exactly 0 to n_pages - 1.
 */
#ifndef MM_TRACE_TRACE_H
#define MM_TRACE_TRACE_H

#include <mmsim/trace.h>

#include "trace/bytes.h"

struct mmsim_trace {
    struct mm_host host;
    struct mmsim_trace_info info;
    struct mm_bytes refs; /* mmsim_ref each */
    char *name;
    size_t n_name;
};

/* mmsim_trace_open() with an allocator; NULL = malloc. */
enum mmsim_status mm_trace_open(const char *path, const struct mmsim_allocator *allocator,
                                struct mmsim_trace **trace, struct mmsim_error *error);

/* Whether the bytes are a trace as text. */
bool mm_trace_is_text(const struct mm_bytes *bytes);

/* Reads text into `refs`, which is empty; the pages are dense. BAD_INPUT, HOST_MEMORY. */
enum mmsim_status mm_trace_read_text(const struct mm_bytes *text, const char *path,
                                     struct mm_bytes *refs, struct mmsim_error *error);

/* Looks at references of any pages and makes these dense, in place. BAD_INPUT, HOST_MEMORY. */
enum mmsim_status mm_trace_check_references(struct mm_bytes *refs, const char *path,
                                            struct mmsim_error *error);

/* Turns records, in place, into references with dense pages. BAD_INPUT, HOST_MEMORY. */
enum mmsim_status mm_trace_read_records(struct mm_bytes *records, const char *path,
                                        struct mmsim_error *error);

#endif
