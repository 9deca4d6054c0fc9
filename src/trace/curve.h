/*
 * curve.h - stack distances of references, counted: what miss-ratio curves are made of.
 *
 * A stack algorithm at c frames always holds a part of what it holds at c + 1 (Mattson, Gecsei,
 * Slutz & Traiger 1970). So each reference has one number, its distance: it hits with so many
 * frames or more. One pass that counts distances knows the misses at every size.
 *
 * Pages are below `universe`. Memory is a few words for each, whatever the number of references.
 */
#ifndef MM_TRACE_CURVE_H
#define MM_TRACE_CURVE_H

#include <mmsim/curve.h>

#include "trace/least.h"
#include "trace/rank.h"

/* How many references had which distance. */
struct mm_distances {
    uint64_t *at; /* [1..universe]; [0]: first uses, which have none */
    mmsim_page universe;
};

static inline bool mm_distances_init(struct mm_distances *distances, mmsim_page universe,
                                     struct mm_host *host)
{
    distances->universe = universe;
    distances->at = (uint64_t *)mm_host_alloc(host, ((size_t)universe + 1) * sizeof(uint64_t));
    return distances->at != NULL;
}

static inline void mm_distances_fini(struct mm_distances *distances, struct mm_host *host)
{
    mm_host_free(host, distances->at, ((size_t)distances->universe + 1) * sizeof(uint64_t));
    distances->at = NULL;
}

/* curve_lru.c: the distance is the number of pages used since, the page itself included. */
struct mm_curve_lru {
    struct mm_rank rank; /* positions at which a page was last used */
    uint32_t *last;      /* by page: that position */
    struct mm_distances distances;
};

bool mm_curve_lru_init(struct mm_curve_lru *lru, mmsim_page universe, struct mm_host *host);
void mm_curve_lru_fini(struct mm_curve_lru *lru, struct mm_host *host);
void mm_curve_lru_feed(struct mm_curve_lru *lru, const mmsim_ref *refs, size_t n);

/* curve_opt.c: Belady's MIN. */
struct mm_curve_opt {
    struct mm_least machines; /* by position: which machine became free there */
    uint32_t *after;          /* by page: the position after its last use; 0: never used */
    uint32_t *renumber;       /* by position, while they are compacted */
    uint32_t now;             /* the position of the next reference, from 1 */
    uint32_t n_machines;
    struct mm_distances distances;
};

bool mm_curve_opt_init(struct mm_curve_opt *opt, mmsim_page universe, struct mm_host *host);
void mm_curve_opt_fini(struct mm_curve_opt *opt, struct mm_host *host);
void mm_curve_opt_feed(struct mm_curve_opt *opt, const mmsim_ref *refs, size_t n);

/* One of them, by kind. */
struct mm_stack {
    enum mmsim_curve_kind kind;
    union {
        struct mm_curve_lru lru;
        struct mm_curve_opt opt;
    } of;
};

/* A stack that is zeroed may be ended. A universe of 0 is allowed: it is fed nothing. */
bool mm_stack_init(struct mm_stack *stack, enum mmsim_curve_kind kind, mmsim_page universe,
                   struct mm_host *host);
void mm_stack_fini(struct mm_stack *stack, struct mm_host *host);
void mm_stack_feed(struct mm_stack *stack, const mmsim_ref *refs, size_t n);
const struct mm_distances *mm_stack_distances(const struct mm_stack *stack);

/* curve_sampled.c: stacks of some pages. */
enum { MM_SAMPLE_PARTS = 8, MM_SAMPLE_BATCH = 512 };

struct mm_sample_queue {
    mmsim_ref refs[MM_SAMPLE_BATCH];
    size_t n;
};

struct mm_sample {
    mmsim_page universe, n_sampled;
    mmsim_page n_seen; /* distinct pages that were referenced, followed or not */
    uint64_t n_refs;   /* to pages that are followed */
    double rate;
    uint32_t *ticket; /* by page: unseen or seen, and its number in the sample if it has one */
    uint32_t *part;   /* by number: number within a part << 3 | part */
    struct mm_stack whole, parts[MM_SAMPLE_PARTS];
    struct mm_sample_queue whole_queue, part_queues[MM_SAMPLE_PARTS];
};

bool mm_sample_init(struct mm_sample *sample, const struct mmsim_curve_setup *setup,
                    struct mm_host *host);
void mm_sample_fini(struct mm_sample *sample, struct mm_host *host);
void mm_sample_feed(struct mm_sample *sample, const mmsim_ref *refs, size_t n);

/* Fills curve->misses, of which references and pages are set, and what else a sample tells. */
void mm_sample_read(const struct mm_sample *sample, struct mmsim_curve *curve);

/* curve.c: one pass; mmsim_curve_begin() with an allocator, NULL = malloc. */
struct mmsim_curve_pass {
    struct mm_host host;
    struct mmsim_curve_setup setup;
    uint64_t n_refs;
    struct mm_stack stack; /* if rate is 1 */
    struct mm_sample *sample;
};

enum mmsim_status mm_curve_begin(const struct mmsim_curve_setup *setup,
                                 const struct mmsim_allocator *allocator,
                                 struct mmsim_curve_pass **pass, struct mmsim_error *error);

#endif
