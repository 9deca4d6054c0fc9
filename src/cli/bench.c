/*
 * bench.c - `mmsim bench`: replacement policies on traces, compared.
 *
 *   options --bench_request_read()--> request --make_cells()--> cells --mmsim_study_run()--> report
 *
 * Cells are in the order of the command line: by trace, policy, view, frames. Nothing is printed
 * and no file appears before all of them are done.
 */
#include "bench.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct bench {
    struct bench_request request;
    struct mmsim_trace **traces;
    size_t n_traces;
    struct mmsim_study_options *options; /* by trace, then view */
    struct mmsim_study_cell *cells;
    size_t n_cells;
};

/* ---- traces ---- */

static bool open_traces(struct bench *bench, const struct arguments *arguments,
                        struct console *console)
{
    bench->traces = calloc(arguments->n_traces, sizeof *bench->traces);
    if (bench->traces == NULL) {
        console_error(console, "the host gave no memory");
        return false;
    }
    bool good = true;
    bench->n_traces = arguments->n_traces;
    for (size_t i = 0; i < arguments->n_traces; i++) {
        struct mmsim_error error;
        if (mmsim_trace_open(arguments->traces[i], &bench->traces[i], &error) != MMSIM_OK) {
            console_error(console, "%s%s%s", error.where, error.where[0] ? ": " : "", error.text);
            good = false;
        }
    }
    return good;
}

/* ---- cells ---- */

static uint64_t thread_ns(void *user)
{
    struct timespec now;
    (void)user;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t warm_up_of(const struct warm_up *warm_up, const struct mmsim_trace *trace)
{
    uint64_t n = mmsim_trace_info(trace)->n_references;
    return warm_up->is_share ? bench_share_of(warm_up->amount, n) : warm_up->amount;
}

static bool make_options(struct bench *bench, struct console *console)
{
    const struct bench_request *request = &bench->request;
    size_t n_views = request->views.n;
    bench->options = calloc(bench->n_traces * n_views, sizeof *bench->options);
    for (size_t t = 0; bench->options != NULL && t < bench->n_traces; t++) {
        uint64_t warm_up = warm_up_of(&request->warm_up, bench->traces[t]);
        uint64_t n_refs = mmsim_trace_info(bench->traces[t])->n_references;
        if (warm_up >= n_refs) {
            console_error(console, "--warm-up: %s has only %llu references",
                          mmsim_trace_info(bench->traces[t])->name, (unsigned long long)n_refs);
            return false;
        }
        for (size_t v = 0; v < n_views; v++) {
            struct mmsim_study_options *options = &bench->options[t * n_views + v];
            *options = request->options;
            options->warm_up = warm_up;
            options->harvest_interval = request->views.intervals[v];
            options->clock_ns = thread_ns;
        }
    }
    if (bench->options == NULL)
        console_error(console, "the host gave no memory");
    return bench->options != NULL;
}

static size_t count_sizes(const struct size_list *sizes)
{
    size_t n = 0;
    for (size_t i = 0; i < sizes->n; i++)
        n +=
            sizes->items[i].is_share ? 1 : (size_t)(sizes->items[i].high - sizes->items[i].low) + 1;
    return n;
}

/* A cell for every size, like `cell` in all else. */
static void add_sizes(struct bench *bench, struct mmsim_study_cell cell)
{
    const struct size_list *sizes = &bench->request.sizes;
    for (size_t i = 0; i < sizes->n; i++) {
        struct size_item item = sizes->items[i];
        if (item.is_share) {
            uint64_t frames = bench_share_of(item.low, mmsim_trace_pages(cell.trace));
            item.low = item.high = frames > 0 ? frames : 1;
        }
        for (uint64_t frames = item.low; frames <= item.high; frames++) {
            cell.frames = (mmsim_page)frames;
            bench->cells[bench->n_cells++] = cell;
        }
    }
}

/* A policy that needs each reference has no row in other views. */
static bool can_run(const struct mmsim_study_cell *cell)
{
    return cell->options->harvest_interval == 0 ||
           !(cell->choice->ops->flags & MMSIM_POLICY_STUDY_ONLY);
}

static bool make_cells(struct bench *bench, struct console *console)
{
    const struct bench_request *request = &bench->request;
    size_t n_views = request->views.n;
    size_t n = bench->n_traces * request->choices.n * n_views * count_sizes(&request->sizes);
    bench->cells = calloc(n, sizeof *bench->cells);
    if (bench->cells == NULL) {
        console_error(console, "the host gave no memory for %zu rows", n);
        return false;
    }
    for (size_t t = 0; t < bench->n_traces; t++) {
        for (size_t i = 0; i < request->choices.n * n_views; i++) {
            struct mmsim_study_cell cell = {
                .trace = bench->traces[t],
                .choice = &request->choices.items[i / n_views],
                .options = &bench->options[t * n_views + i % n_views],
            };
            if (can_run(&cell))
                add_sizes(bench, cell);
        }
    }
    return true;
}

/* ---- results ---- */

static bool draw(const struct mmsim_study_report *report, const struct bench_request *request,
                 struct plot *plot, struct console *console)
{
    struct mmsim_sink sink = output_sink(plot_script(plot));
    mmsim_study_print(report, request->plot_format, &sink);
    return plot_end(plot, console);
}

static enum exit_status run_cells(struct bench *bench, struct plot *plot, struct console *console)
{
    const struct bench_request *request = &bench->request;
    struct mmsim_error error;
    enum mmsim_status status =
        mmsim_study_run(bench->cells, bench->n_cells, request->n_threads, &error);
    if (status != MMSIM_OK) {
        console_error(console, "%s: %s", error.where, error.text);
        plot_abandon(plot);
        return status == MMSIM_INVARIANT ? EXIT_INVARIANT : EXIT_BAD_INPUT;
    }
    mmsim_study_compare(bench->cells, bench->n_cells);
    struct mmsim_study_report report = {
        .cells = bench->cells,
        .n_cells = bench->n_cells,
        .costs = request->has_costs ? &request->costs : NULL,
        .flags = request->report_flags,
    };
    if (plot != NULL && !draw(&report, request, plot, console))
        return EXIT_BAD_INPUT;
    struct mmsim_sink sink = output_sink(&console->out);
    mmsim_study_print(&report, request->format, &sink);
    return EXIT_PASSED;
}

static enum exit_status perform(struct bench *bench, const struct arguments *arguments,
                                struct console *console)
{
    struct plot *plot = NULL;
    if (!bench_request_read(arguments, &bench->request, console) ||
        !open_traces(bench, arguments, console) || !make_options(bench, console) ||
        !make_cells(bench, console))
        return EXIT_BAD_INPUT;
    if (bench->request.plot != NULL) {
        plot = plot_begin(bench->request.plot, console);
        if (plot == NULL)
            return EXIT_BAD_INPUT;
    }
    return run_cells(bench, plot, console);
}

/* Those that this process may use. */
static unsigned n_processors(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0)
        return (unsigned)CPU_COUNT(&allowed);
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

enum exit_status bench_perform(const struct arguments *arguments, struct console *console)
{
    struct bench bench = {.request = {.n_threads = n_processors()}};
    enum exit_status status = perform(&bench, arguments, console);
    for (size_t i = 0; i < bench.n_traces; i++)
        mmsim_trace_close(bench.traces[i]);
    free(bench.traces);
    free(bench.options);
    free(bench.cells);
    bench_request_fini(&bench.request);
    return status;
}
