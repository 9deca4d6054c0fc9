/*
 * study.h - studies without a machine: policies replay traces, and what they did is compared.
 *
 * A study is an array of cells, each one policy on one trace with so many frames. Cells do not know
 * of each other: they run on several threads, and the results are those of one.
 *
 *   cells --mmsim_study_run()--> outcomes --mmsim_study_compare()--> distance to opt, anomalies
 *         --mmsim_study_print_...()--> a table, JSON lines, CSV, a plot
 */
#ifndef MMSIM_STUDY_H
#define MMSIM_STUDY_H

#include <mmsim/policy.h>
#include <mmsim/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

enum mmsim_refaults {
    MMSIM_REFAULTS_NOT,
    MMSIM_REFAULTS_BY_REFERENCES,
    MMSIM_REFAULTS_BY_EVICTIONS
};

struct mmsim_study_options {
    size_t size; /* sizeof this struct; set by mmsim_study_options_init() */

    /*
     * 0: the policy is told each reference (view `exact`). N > 0: it learns only which pages had
     * their accessed or dirty bit set (view `bits:N`): when its own hand looks, if it has
     * MMSIM_POLICY_LOOKS; else every N references and before each eviction, by ascending page.
     */
    uint64_t harvest_interval;

    uint64_t warm_up;     /* so many references are made before counting begins */
    uint32_t clean_first; /* a dirty victim is written and put back, up to so many times, for a
                             clean one; 0: the policy's first choice goes */
    uint64_t seed;        /* of policies that draw lots; by default 1 */

    /* How long after it left a page comes back: measured in what; by default not. */
    enum mmsim_refaults refaults;

    /* Nanoseconds of this thread, for `elapsed_ns`; NULL: it stays 0. Called by several threads. */
    uint64_t (*clock_ns)(void *user);
    void *user;
};

static inline void mmsim_study_options_init(struct mmsim_study_options *options)
{
    options->size = sizeof *options;
    options->harvest_interval = options->warm_up = 0;
    options->clean_first = 0;
    options->seed = 1;
    options->refaults = MMSIM_REFAULTS_NOT;
    options->clock_ns = NULL;
    options->user = NULL;
}

#define MMSIM_N_REFAULT_BUCKETS 64

/* What a cell came to. All but elapsed_ns is counted after the warm-up. */
struct mmsim_study_outcome {
    struct mmsim_counts counts;
    uint64_t write_backs; /* dirty evictions, and pages written only to be clean */
    double mean_resident; /* pages, over all references; below 0: not known, as pages may pass by */
    uint64_t elapsed_ns;  /* of all references, and of making the policy ready */
    uint64_t n_replayed;  /* with the warm-up */
    uint64_t n_refaults;  /* misses of pages that had been evicted */
    uint64_t
        refaults[MMSIM_N_REFAULT_BUCKETS]; /* of these, by distance: row b has 2^b to 2^(b+1) - 1 */
};

struct mmsim_study_cell {
    const struct mmsim_trace *trace;
    const struct mmsim_policy_choice *choice;
    const struct mmsim_study_options *options;
    mmsim_page frames;

    struct mmsim_study_outcome outcome; /* by mmsim_study_run() */

    /* By mmsim_study_compare(): */
    double opt_ratio; /* misses over those of opt with the same trace and frames; 0: unknown */
    mmsim_page anomaly_frames; /* Belady's anomaly: fewer frames that had fewer misses; 0: none */
    uint64_t anomaly_misses;   /* with those: the fewest */
};

/*
 * Runs all cells on `n_threads` threads (at least 1). Errors: BAD_ARGUMENT (a table is not to be
 * used, frames are 0 or too many, the warm-up leaves nothing, the policy cannot be told only bits),
 * HOST_MEMORY, INVARIANT (a policy named a page that is not resident); then the outcomes mean
 * nothing. Of several errors, that of the first cell is told.
 */
enum mmsim_status mmsim_study_run(struct mmsim_study_cell *cells, size_t n_cells,
                                  unsigned n_threads, struct mmsim_error *error);

/* Fills in what a cell shows beside the others. */
void mmsim_study_compare(struct mmsim_study_cell *cells, size_t n_cells);

/* What an access costs, in any one unit of time. */
struct mmsim_costs {
    double hit, miss, write_back; /* a miss costs `miss` and no `hit` */
};

/* The mean cost of a reference. */
double mmsim_mean_cost(const struct mmsim_study_outcome *outcome, const struct mmsim_costs *costs);

/* ---- reports ---- */

enum mmsim_study_format {
    MMSIM_STUDY_TEXT,        /* tables for people; their wording is no contract */
    MMSIM_STUDY_JSON,        /* a row, one object, a line; docs/scenario.md has the keys */
    MMSIM_STUDY_CSV,         /* the same rows with a header line */
    MMSIM_STUDY_GNUPLOT_SVG, /* a program for gnuplot that draws the picture to its standard output
                              */
    MMSIM_STUDY_GNUPLOT_PNG
};

enum { MMSIM_STUDY_TIMES = 1, MMSIM_STUDY_ANOMALIES = 2 };

/* What is reported, in the order of the cells. */
struct mmsim_study_report {
    const struct mmsim_study_cell *cells;
    size_t n_cells;
    const struct mmsim_costs *costs; /* in nanoseconds; NULL: no mean cost */
    unsigned flags;                  /* MMSIM_STUDY_... */
};

void mmsim_study_print(const struct mmsim_study_report *report, enum mmsim_study_format format,
                       const struct mmsim_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
