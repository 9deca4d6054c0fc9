/*
 * study.h - what the reports of a study share (<mmsim/study.h>): one printer for each format.
 */
#ifndef MM_REPORT_STUDY_H
#define MM_REPORT_STUDY_H

#include <mmsim/study.h>

#include "base/text.h"

void mm_study_print_table(const struct mmsim_study_report *report, const struct mmsim_sink *sink);
void mm_study_print_json(const struct mmsim_study_report *report, const struct mmsim_sink *sink);
void mm_study_print_csv(const struct mmsim_study_report *report, const struct mmsim_sink *sink);

/* `terminal` is what gnuplot calls it: "svg", "png". */
void mm_study_print_plot(const struct mmsim_study_report *report, const char *terminal,
                         const struct mmsim_sink *sink);

enum { MM_STUDY_LABEL_CHARS = 128 };

/* "clock", "clock(load-bit=1)": the policy as it was asked for. */
void mm_study_label(const struct mmsim_policy_choice *choice, char label[MM_STUDY_LABEL_CHARS]);

/* "exact", "bits:1000" */
void mm_study_print_view(const struct mmsim_study_options *options, const struct mmsim_sink *sink);

double mm_study_miss_ratio(const struct mmsim_study_cell *cell);

/* Nanoseconds. */
double mm_study_time(const struct mmsim_study_cell *cell);

/* The first cell from `from` on whose trace is not that of cell `from`. */
size_t mm_study_next_trace(const struct mmsim_study_report *report, size_t from);

/* Whether no cell of the same trace before `index` has its policy and view; its frames. */
bool mm_study_is_new_policy(const struct mmsim_study_report *report, size_t index);
bool mm_study_is_new_size(const struct mmsim_study_report *report, size_t index);

static inline bool mm_study_alike(const struct mmsim_study_cell *a,
                                  const struct mmsim_study_cell *b)
{
    return a->trace == b->trace && a->choice == b->choice && a->options == b->options;
}

/* What printf calls a uint64_t on every host. */
static inline unsigned long long mm_study_wide(uint64_t value)
{
    return value;
}

#endif
