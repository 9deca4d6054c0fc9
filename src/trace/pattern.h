/*
 * pattern.h - synthetic streams of memory references: what `access` in a scenario makes.
 *
 * The i-th reference (from 0) goes to the first `length` bytes after `base`, n pages:
 *
 *   sequential  byte 4i mod length
 *   stride      byte i x stride mod length
 *   loop        page i mod n
 *   random      a uniform page
 *   zipf        the page of rank r (from 1) with weight 1/r^theta; ranks are dealt to pages by a
 *               seeded permutation
 *
 * Patterns of pages touch word i mod 1024 of the page. Each reference is a store with the given
 * chance, of the low 32 bits of i; otherwise a load.
 *
 * Three random streams derive from the seed: which page, whether it is a store, and the
 * permutation. So the pages of a pattern do not depend on its share of stores.
 *
 * zipf is sampled by the alias method (Walker 1977; tables after Vose, "A linear algorithm for
 * generating random numbers with a given distribution", IEEE TSE 1991): one random number picks a
 * column and, by its remaining bits, one of the column's two pages. Thresholds are integers.
 * Weights come from our own exponential and logarithm, which use + - x / only and have a relative
 * error below 1e-13, so that every host makes the same stream.
 *
 * Invariant: the stream depends on the setup alone, not on how it is cut into batches.
 */
#ifndef MM_TRACE_PATTERN_H
#define MM_TRACE_PATTERN_H

#include <mmsim/vm.h>

#include "base/host.h"
#include "base/rng.h"

enum mm_pattern_kind {
    MM_PATTERN_SEQUENTIAL,
    MM_PATTERN_STRIDE,
    MM_PATTERN_LOOP,
    MM_PATTERN_RANDOM,
    MM_PATTERN_ZIPF,
    MM_N_PATTERNS
};

#define MM_PATTERN_MAX_BYTES (4 * MMSIM_GIB)
#define MM_PATTERN_MAX_THETA 10.0

struct mm_pattern_setup {
    enum mm_pattern_kind kind;
    mmsim_vaddr base;
    uint64_t length;      /* bytes, 1..MM_PATTERN_MAX_BYTES */
    uint64_t stride;      /* bytes */
    double theta;         /* 0..MM_PATTERN_MAX_THETA */
    uint32_t write_share; /* in billionths */
    uint64_t seed;
};

struct mm_pattern_column {
    uint64_t threshold;   /* below it: here; else there */
    uint32_t here, there; /* page numbers */
};

struct mm_pattern {
    struct mm_pattern_setup setup;
    uint64_t i; /* of the next reference */
    uint64_t n_pages;
    uint64_t position, step; /* sequential, stride: byte of the next reference, and its advance */
    uint64_t write_below;    /* a random number below it makes a store */
    struct mm_rng pages, writes;
    struct mm_pattern_column *columns; /* zipf: n_pages of them, owned */
    struct mm_host *host;
};

/* False: no host memory (zipf needs 16 bytes a page, and 24 more while it is set up). */
bool mm_pattern_init(struct mm_pattern *pattern, const struct mm_pattern_setup *setup,
                     struct mm_host *host);
void mm_pattern_fini(struct mm_pattern *pattern);

/* Makes the next n references. */
void mm_pattern_fill(struct mm_pattern *pattern, struct mmsim_reference *references, size_t n);

/* "zipf"; NULL past the end. */
const char *mm_pattern_name(size_t kind);

/* 1 / rank^theta, rank from 1 to 2^32: relative error below 1e-13. */
double mm_zipf_weight(uint64_t rank, double theta);

#endif
