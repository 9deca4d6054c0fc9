/* compare.c - cells beside each other: distance to opt, Belady's anomaly; what accesses cost. */
#include <string.h>

#include <mmsim/study.h>

static bool is_opt(const struct mmsim_study_cell *cell)
{
    return strcmp(cell->choice->ops->name, "opt") == 0;
}

static void compare_with(struct mmsim_study_cell *cell, const struct mmsim_study_cell *other)
{
    uint64_t misses = cell->outcome.counts.misses, others = other->outcome.counts.misses;
    if (other->trace != cell->trace)
        return;
    if (is_opt(other) && other->frames == cell->frames && others > 0 &&
        other->options->warm_up == cell->options->warm_up)
        cell->opt_ratio = (double)misses / (double)others;
    bool alike = other->choice == cell->choice && other->options == cell->options;
    bool fewest = cell->anomaly_frames == 0 || others < cell->anomaly_misses;
    if (alike && other->frames < cell->frames && others < misses && fewest) {
        cell->anomaly_frames = other->frames;
        cell->anomaly_misses = others;
    }
}

void mmsim_study_compare(struct mmsim_study_cell *cells, size_t n_cells)
{
    for (size_t i = 0; i < n_cells; i++) {
        cells[i].opt_ratio = 0;
        cells[i].anomaly_frames = 0;
        cells[i].anomaly_misses = 0;
        for (size_t k = 0; k < n_cells; k++)
            compare_with(&cells[i], &cells[k]);
    }
}

double mmsim_mean_cost(const struct mmsim_study_outcome *outcome, const struct mmsim_costs *costs)
{
    const struct mmsim_counts *counts = &outcome->counts;
    double hits = (double)(counts->references - counts->misses);
    double sum = hits * costs->hit + (double)counts->misses * costs->miss +
                 (double)outcome->write_backs * costs->write_back;
    return sum / (double)counts->references;
}
