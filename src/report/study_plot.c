/*
 * study_plot.c - a study as a program for gnuplot: a picture of miss ratios, a panel for each
 * trace.
 *
 * Several sizes: a line for each policy over the frames, both axes logarithmic. One size: a bar for
 * each policy.
 */
#include "report/study.h"

enum { PANEL_COLUMNS = 960, PANEL_ROWS = 600, N_POINT_TYPES = 13, N_COLORS = 8, N_DASHES = 5 };

struct panel {
    const struct mmsim_study_report *report;
    const struct mmsim_sink *sink;
    size_t from, to; /* cells of one trace */
};

static size_t count_panels(const struct mmsim_study_report *report)
{
    size_t n = 0;
    for (size_t i = 0; i < report->n_cells; i = mm_study_next_trace(report, i))
        n++;
    return n;
}

/* In single quotes, which are doubled within. */
static void put_quoted(const struct mmsim_sink *sink, const char *string)
{
    mm_sink_puts(sink, "'");
    for (; *string; string++) {
        bool printable = (unsigned char)*string >= ' ';
        mm_sink_puts(sink, *string == '\'' ? "'" : "");
        sink->write(sink->user, printable ? string : "?", 1);
    }
    mm_sink_puts(sink, "'");
}

static bool has_several_sizes(const struct panel *panel)
{
    const struct mmsim_study_cell *cells = panel->report->cells;
    for (size_t i = panel->from; i < panel->to; i++) {
        if (cells[i].frames != cells[panel->from].frames)
            return true;
    }
    return false;
}

static void put_title(const struct panel *panel)
{
    const struct mmsim_trace_info *info = mmsim_trace_info(panel->report->cells[panel->from].trace);
    mm_sink_puts(panel->sink, "set title ");
    put_quoted(panel->sink, info->name);
    mm_sink_printf(panel->sink, ".': %llu references, %llu pages' noenhanced\n",
                   mm_study_wide(info->n_references), mm_study_wide(info->n_pages));
}

static void put_label(const struct panel *panel, size_t cell)
{
    char label[MM_STUDY_LABEL_CHARS];
    mm_study_label(panel->report->cells[cell].choice, label);
    put_quoted(panel->sink, label);
    if (panel->report->cells[cell].options->harvest_interval > 0)
        mm_sink_printf(panel->sink, ".', bits:%llu'",
                       mm_study_wide(panel->report->cells[cell].options->harvest_interval));
}

/* Percent of misses by frames, of one policy in one view. */
static void put_points(const struct panel *panel, size_t like)
{
    const struct mmsim_study_cell *cells = panel->report->cells;
    mm_sink_printf(panel->sink, "$d%zu << EOD\n", like);
    for (size_t i = like; i < panel->to; i++) {
        if (mm_study_alike(&cells[i], &cells[like]))
            mm_sink_printf(panel->sink, "%u %.9f\n", (unsigned)cells[i].frames,
                           100 * mm_study_miss_ratio(&cells[i]));
    }
    mm_sink_puts(panel->sink, "EOD\n");
}

static void put_lines(const struct panel *panel)
{
    const struct mmsim_sink *sink = panel->sink;
    size_t n = 0;
    for (size_t i = panel->from; i < panel->to; i++) {
        if (mm_study_is_new_policy(panel->report, i))
            put_points(panel, i);
    }
    mm_sink_puts(sink, "set logscale xy\nset yrange [*:*]\nset xlabel 'frames'\nplot ");
    for (size_t i = panel->from; i < panel->to; i++) {
        if (!mm_study_is_new_policy(panel->report, i))
            continue;
        mm_sink_printf(
            sink, "%s$d%zu using 1:2 with linespoints lw 1.5 dt %zu pt %zu ps 0.7 title ",
            n > 0 ? ", \\\n  " : "", i, n / N_COLORS % N_DASHES + 1, n % N_POINT_TYPES + 1);
        put_label(panel, i);
        mm_sink_puts(sink, " noenhanced");
        n++;
    }
    mm_sink_puts(sink, "\n");
}

static void put_bars(const struct panel *panel)
{
    const struct mmsim_sink *sink = panel->sink;
    mm_sink_printf(sink, "$d%zu << EOD\n", panel->from);
    for (size_t i = panel->from; i < panel->to; i++) {
        mm_sink_printf(sink, "%.9f\n", 100 * mm_study_miss_ratio(&panel->report->cells[i]));
    }
    mm_sink_puts(sink,
                 "EOD\nset style fill solid 0.6\nset boxwidth 0.7\nset xtics rotate by -40 (");
    for (size_t i = panel->from; i < panel->to; i++) {
        mm_sink_puts(sink, i > panel->from ? ", " : "");
        put_label(panel, i);
        mm_sink_printf(sink, " %zu", i - panel->from);
    }
    mm_sink_printf(sink, ") noenhanced\nset xlabel '%u frames'\n",
                   (unsigned)panel->report->cells[panel->from].frames);
    mm_sink_printf(sink, "plot $d%zu using 0:1 with boxes notitle\n", panel->from);
}

void mm_study_print_plot(const struct mmsim_study_report *report, const char *terminal,
                         const struct mmsim_sink *sink)
{
    struct panel panel = {.report = report, .sink = sink};
    size_t n_panels = count_panels(report);
    mm_sink_printf(sink, "set terminal %s size %d,%zu background '#ffffff'\n", terminal,
                   PANEL_COLUMNS, PANEL_ROWS * n_panels);
    mm_sink_puts(sink, "set grid\nset key outside right top\nset ylabel 'misses, % of references'\n"
                       "set yrange [0:*]\n");
    mm_sink_printf(sink, "set multiplot layout %zu,1\n", n_panels);
    for (; panel.from < report->n_cells; panel.from = panel.to) {
        panel.to = mm_study_next_trace(report, panel.from);
        put_title(&panel);
        if (has_several_sizes(&panel))
            put_lines(&panel);
        else
            put_bars(&panel);
    }
    mm_sink_puts(sink, "unset multiplot\n");
}
