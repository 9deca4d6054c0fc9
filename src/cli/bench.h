/*
 * bench.h - what the files of `mmsim bench` share: what was asked for, read from the command line.
 */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "options.h"

/* One entry of --frames. */
struct size_item {
    bool is_share;
    uint64_t low, high; /* frames, a range; of a share, `low` is in millionths of a percent */
};

struct size_list {
    struct size_item *items;
    size_t n;
};

struct choice_list {
    struct mmsim_policy_choice *items;
    size_t n;
};

struct view_list {
    uint64_t *intervals; /* 0: exact */
    size_t n;
};

/* --warm-up */
struct warm_up {
    bool is_share;
    uint64_t amount; /* references, or millionths of a percent */
};

struct bench_request {
    struct size_list sizes;
    struct choice_list choices;
    struct view_list views;
    struct warm_up warm_up;
    struct mmsim_study_options options; /* but for view and warm-up */
    struct mmsim_costs costs;
    bool has_costs;
    unsigned n_threads; /* like the next two by default what the caller set */
    const char *default_policies, *default_frames; /* frames NULL: no sizes */
    unsigned report_flags;                         /* MMSIM_STUDY_... */
    enum mmsim_study_format format;
    const char *plot; /* NULL: none */
    enum mmsim_study_format plot_format;
};

/* Those that this process may use. */
unsigned bench_processors(void);

/* Reads all options; every mistake is told. The caller calls bench_request_fini() in any case. */
bool bench_request_read(const struct arguments *arguments, struct bench_request *request,
                        struct console *console);
void bench_request_fini(struct bench_request *request);

/* So many millionths of a percent of `whole`, rounded half up. */
uint64_t bench_share_of(uint64_t millionths, uint64_t whole);

/* A share becomes a number of frames, at least 1. */
struct size_item bench_size_of(struct size_item item, const struct mmsim_trace *trace);

/* ---- a picture (plot.c) ---- */

struct plot;

/* NULL: gnuplot or the place for the file is missing, which was said. */
struct plot *plot_begin(const char *path, struct console *console);

/* gnuplot's program goes there. */
struct output *plot_script(struct plot *plot);

/* Draws; the file appears when it is complete. False: it was said why not. Frees the plot. */
bool plot_end(struct plot *plot, struct console *console);
void plot_abandon(struct plot *plot);

#endif
