/* study.c - the way to the printers of a study's formats, and what these share (study.h). */
#include "report/study.h"

#include <stdio.h>

void mm_study_label(const struct mmsim_policy_choice *choice, char label[MM_STUDY_LABEL_CHARS])
{
    bool plain = choice->given[0] == '\0';
    (void)snprintf(label, MM_STUDY_LABEL_CHARS, plain ? "%s%s" : "%s(%s)", choice->ops->name,
                   choice->given);
}

void mm_study_print_view(const struct mmsim_study_options *options, const struct mmsim_sink *sink)
{
    uint64_t interval = options->harvest_interval;
    if (interval == 0)
        mm_sink_puts(sink, "exact");
    else
        mm_sink_printf(sink, "bits:%llu", mm_study_wide(interval));
}

double mm_study_miss_ratio(const struct mmsim_study_cell *cell)
{
    const struct mmsim_counts *counts = &cell->outcome.counts;
    return (double)counts->misses / (double)counts->references;
}

double mm_study_time(const struct mmsim_study_cell *cell)
{
    return (double)cell->outcome.elapsed_ns / (double)cell->outcome.n_replayed;
}

size_t mm_study_next_trace(const struct mmsim_study_report *report, size_t from)
{
    size_t i = from;
    while (i < report->n_cells && report->cells[i].trace == report->cells[from].trace)
        i++;
    return i;
}

bool mm_study_is_new_policy(const struct mmsim_study_report *report, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (mm_study_alike(&report->cells[i], &report->cells[index]))
            return false;
    }
    return true;
}

bool mm_study_is_new_size(const struct mmsim_study_report *report, size_t index)
{
    const struct mmsim_study_cell *cell = &report->cells[index];
    for (size_t i = 0; i < index; i++) {
        if (report->cells[i].trace == cell->trace && report->cells[i].frames == cell->frames)
            return false;
    }
    return true;
}

void mmsim_study_print(const struct mmsim_study_report *report, enum mmsim_study_format format,
                       const struct mmsim_sink *sink)
{
    switch (format) {
    case MMSIM_STUDY_TEXT:
        mm_study_print_table(report, sink);
        break;
    case MMSIM_STUDY_JSON:
        mm_study_print_json(report, sink);
        break;
    case MMSIM_STUDY_CSV:
        mm_study_print_csv(report, sink);
        break;
    case MMSIM_STUDY_GNUPLOT_SVG:
        mm_study_print_plot(report, "svg", sink);
        break;
    case MMSIM_STUDY_GNUPLOT_PNG:
        mm_study_print_plot(report, "png", sink);
        break;
    }
}
