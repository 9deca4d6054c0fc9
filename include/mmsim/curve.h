/*
 * curve.h - miss-ratio curves: the misses at every number of frames, from one pass over a trace.
 *
 * LRU and Belady's MIN are stack algorithms: with one frame more they hold what they held, and one
 * page beside it. So a reference hits from some number of frames on, its stack distance, and one
 * pass that counts distances is as good as a replay at every size (Mattson, Gecsei, Slutz &
 * Traiger, IBM Systems Journal 9(2), 1970). Both are exact, and need neither the future nor the
 * trace in memory: references may be fed as they come. Other policies are replayed size by size.
 *
 * A sample follows only some pages, chosen by a hash, and scales what it finds (SHARDS:
 * Waldspurger, Park, Garthwaite & Ahmad, "Efficient MRC construction with SHARDS", FAST 2015; the
 * references that the sample has too few or too many of are taken for hits at the smallest size, as
 * SHARDS-adj does). First uses are counted, not estimated.
 */
#ifndef MMSIM_CURVE_H
#define MMSIM_CURVE_H

#include <mmsim/study.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mmsim_curve_kind { MMSIM_CURVE_LRU, MMSIM_CURVE_OPT, MMSIM_N_CURVE_KINDS };

struct mmsim_curve_setup {
    enum mmsim_curve_kind kind;
    mmsim_page universe; /* pages are below it; 1 to MMSIM_MAX_PAGES */
    double rate;         /* the share of pages to follow, above 0 and at most 1; 1: all, exactly */
    uint64_t seed;       /* of the choice */
};

struct mmsim_curve {
    uint64_t references;
    mmsim_page pages; /* distinct. With so many frames only first uses miss: `pages` of them */
    uint64_t *misses; /* [0..pages], by frames; with none every reference misses */

    /* Of a sample; what follows is as if of all pages if rate is 1. */
    double rate;
    mmsim_page sampled_pages;
    uint64_t sampled_references;

    /*
     * How far miss ratios are off, as the mean over all sizes: expected, from how much eight parts
     * of the sample differ. 0 if the curve is exact; negative if the sample is too small to tell.
     */
    double error;
};

/* Whether a policy has such a curve, and of which kind. */
bool mmsim_curve_kind_of(const struct mmsim_policy_choice *choice, enum mmsim_curve_kind *kind);

/* One pass over references. */
struct mmsim_curve_pass;

/* Begins a pass. BAD_ARGUMENT (`where` is the field), HOST_MEMORY. */
enum mmsim_status mmsim_curve_begin(const struct mmsim_curve_setup *setup,
                                    struct mmsim_curve_pass **pass, struct mmsim_error *error);

/* More references; their pages are below the universe. They are not needed afterwards. */
void mmsim_curve_feed(struct mmsim_curve_pass *pass, const mmsim_ref *refs, size_t n);

/* The curve of what was fed until now; mmsim_curve_free() frees it. HOST_MEMORY. */
enum mmsim_status mmsim_curve_read(const struct mmsim_curve_pass *pass, struct mmsim_curve *curve,
                                   struct mmsim_error *error);

/* NULL is allowed. */
void mmsim_curve_end(struct mmsim_curve_pass *pass);

/* All of it at once: the curve of a trace, by a setup whose universe is that of the trace. */
enum mmsim_status mmsim_curve_of(const struct mmsim_trace *trace, enum mmsim_curve_kind kind,
                                 double rate, uint64_t seed, struct mmsim_curve *curve,
                                 struct mmsim_error *error);

/* What the curve holds is freed; a zeroed curve is allowed. */
void mmsim_curve_free(struct mmsim_curve *curve);

/* The misses with so many frames; those of curve->pages if there are more. */
uint64_t mmsim_curve_misses(const struct mmsim_curve *curve, mmsim_page frames);

/* The mean over all sizes, from 1 to pages, of how far two curves' miss ratios lie apart. */
double mmsim_curve_distance(const struct mmsim_curve *one, const struct mmsim_curve *other);

/*
 * The smallest size from which on nothing changes: the misses there, and with more frames, are
 * first uses only. 1 to pages.
 */
mmsim_page mmsim_curve_end_size(const struct mmsim_curve *curve);

/* ---- reports ---- */

/* A point of a curve, however it was found. */
struct mmsim_curve_row {
    const struct mmsim_policy_choice *choice;
    mmsim_page frames;
    uint64_t references, misses;
    const struct mmsim_curve *sample; /* where it is from, if it is an estimate; else NULL */
};

/* As JSON, or as CSV, where all rows are samples or none is; docs/scenario.md has the keys. */
void mmsim_curve_print_row(const struct mmsim_curve_row *row, enum mmsim_study_format format,
                           const struct mmsim_sink *sink);

/* The header of CSV, before such a row. */
void mmsim_curve_print_header(const struct mmsim_curve_row *first, const struct mmsim_sink *sink);

/* Cells of one trace, as a table for people: sizes down, policies across; then what is odd. */
void mmsim_curve_print_table(const struct mmsim_study_report *report,
                             const struct mmsim_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
