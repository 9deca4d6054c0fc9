/*
 * mrc.c - `mmsim mrc`: miss-ratio curves of a trace.
 *
 *   options -> request -> lines: lru and opt by one pass, exact or sampled
 *                           |
 *                           v
 *                         sizes -> cells, filled from the passes or by replay -> report
 *
 * --json and --csv without --frames have every size of a pass; what is drawn or printed for people
 * has the sizes of the cells. Nothing is printed before all is done.
 */
#include <stdlib.h>
#include <string.h>

#include "bench.h"

struct line {
    const struct mmsim_policy_choice *choice;
    bool by_pass;
    struct mmsim_curve curve;
    double real_error; /* with --check; else negative */
};

struct mrc {
    struct bench_request request;
    double rate; /* of the sample; 1: none */
    bool check;
    struct mmsim_trace *trace;
    struct line *lines;
    size_t n_lines;
    mmsim_page *sizes;
    size_t n_sizes;
    struct mmsim_study_cell *cells; /* by line, then size */
};

/* ---- options ---- */

/* "0.1", "10%" */
static bool read_rate(const char *text, double *rate)
{
    char *end;
    if (text[strspn(text, "0123456789.eE-%")] != '\0')
        return false;
    *rate = strtod(text, &end);
    if (end != text && strcmp(end, "%") == 0) {
        *rate /= 100;
        end++;
    }
    return end != text && *end == '\0' && *rate > 0 && *rate <= 1;
}

static bool read_sample(const struct arguments *arguments, struct mrc *mrc, struct console *console)
{
    const char *text = arguments->values[OPTION_SAMPLE];
    mrc->rate = 1;
    mrc->check = arguments_has(arguments, OPTION_CHECK);
    if (text == NULL && mrc->check) {
        console_error(console, "--check compares a sample with the exact curve: --sample RATE");
        return false;
    }
    if (text == NULL || read_rate(text, &mrc->rate))
        return true;
    console_error(console,
                  "--sample %s: expected a share of the pages above 0 and at most 1 (0.1, 10%%)",
                  text);
    return false;
}

static bool read_request(const struct arguments *arguments, struct mrc *mrc,
                         struct console *console)
{
    mrc->request =
        (struct bench_request){.n_threads = bench_processors(), .default_policies = "lru"};
    bool good = bench_request_read(arguments, &mrc->request, console);
    good = read_sample(arguments, mrc, console) && good;
    if (arguments->n_traces > 1) {
        console_error(console, "a curve is of one trace: --trace is given %zu times",
                      arguments->n_traces);
        good = false;
    }
    return good;
}

/* ---- lines ---- */

static bool say_failure(const struct mmsim_error *error, struct console *console)
{
    console_error(console, "%s%s%s", error->where, error->where[0] ? ": " : "", error->text);
    return false;
}

static bool say_no_memory(struct console *console)
{
    console_error(console, "the host gave no memory");
    return false;
}

static bool make_line(struct mrc *mrc, struct line *line, struct console *console)
{
    struct mmsim_error error;
    struct mmsim_curve exact;
    enum mmsim_curve_kind kind;
    uint64_t seed = mrc->request.options.seed;
    line->real_error = -1;
    line->by_pass = mmsim_curve_kind_of(line->choice, &kind);
    if (!line->by_pass && mrc->rate < 1) {
        console_error(console, "--sample: lru and opt can be sampled, %s cannot",
                      line->choice->ops->name);
        return false;
    }
    if (!line->by_pass)
        return true;
    if (mmsim_curve_of(mrc->trace, kind, mrc->rate, seed, &line->curve, &error) != MMSIM_OK)
        return say_failure(&error, console);
    if (!mrc->check)
        return true;
    if (mmsim_curve_of(mrc->trace, kind, 1, seed, &exact, &error) != MMSIM_OK)
        return say_failure(&error, console);
    line->real_error = mmsim_curve_distance(&line->curve, &exact);
    mmsim_curve_free(&exact);
    return true;
}

static bool make_lines(struct mrc *mrc, struct console *console)
{
    const struct choice_list *choices = &mrc->request.choices;
    mrc->lines = calloc(choices->n, sizeof *mrc->lines);
    if (mrc->lines == NULL)
        return say_no_memory(console);
    mrc->n_lines = choices->n;
    for (size_t i = 0; i < choices->n; i++) {
        mrc->lines[i].choice = &choices->items[i];
        if (!make_line(mrc, &mrc->lines[i], console))
            return false;
    }
    return true;
}

/* ---- sizes ---- */

/* Where the last line ends that changes; of lines that are replayed this is not known. */
static mmsim_page last_size(const struct mrc *mrc)
{
    mmsim_page last = 1;
    for (size_t i = 0; i < mrc->n_lines; i++) {
        if (!mrc->lines[i].by_pass)
            return mmsim_trace_pages(mrc->trace);
        mmsim_page end = mmsim_curve_end_size(&mrc->lines[i].curve);
        last = end > last ? end : last;
    }
    return last;
}

/* So many from 2^k to 2^(k+1) - 1. A picture of passes has more: they cost nothing. */
static unsigned sizes_per_octave(const struct mrc *mrc, mmsim_page last)
{
    enum { LARGE = 4096 };
    for (size_t i = 0; i < mrc->n_lines; i++) {
        if (!mrc->lines[i].by_pass)
            return last > LARGE ? 2 : 4;
    }
    if (mrc->request.plot != NULL && mrc->request.format != MMSIM_STUDY_TEXT)
        return 16;
    return last > LARGE ? 2 : 4;
}

/* sizes NULL: they are counted only. */
static size_t list_default_sizes(unsigned per_octave, mmsim_page last, mmsim_page *sizes)
{
    size_t n = 0;
    uint64_t before = 0;
    for (uint64_t base = 1; base < last; base *= 2) {
        for (unsigned i = 0; i < per_octave; i++) {
            uint64_t size = base + base * i / per_octave;
            if (size == before || size >= last)
                continue;
            before = size;
            if (sizes != NULL)
                sizes[n] = (mmsim_page)size;
            n++;
        }
    }
    if (sizes != NULL)
        sizes[n] = last;
    return n + 1;
}

static size_t list_given_sizes(const struct mrc *mrc, mmsim_page *sizes)
{
    size_t n = 0;
    for (size_t i = 0; i < mrc->request.sizes.n; i++) {
        struct size_item item = bench_size_of(mrc->request.sizes.items[i], mrc->trace);
        for (uint64_t frames = item.low; frames <= item.high; frames++, n++) {
            if (sizes != NULL)
                sizes[n] = (mmsim_page)frames;
        }
    }
    return n;
}

static size_t list_sizes(const struct mrc *mrc, mmsim_page *sizes)
{
    if (mrc->request.sizes.n > 0)
        return list_given_sizes(mrc, sizes);
    mmsim_page last = last_size(mrc);
    return list_default_sizes(sizes_per_octave(mrc, last), last, sizes);
}

static bool make_sizes(struct mrc *mrc, struct console *console)
{
    mrc->n_sizes = list_sizes(mrc, NULL);
    mrc->sizes = calloc(mrc->n_sizes, sizeof *mrc->sizes);
    if (mrc->sizes == NULL)
        return say_no_memory(console);
    list_sizes(mrc, mrc->sizes);
    return true;
}

/* ---- cells ---- */

static void fill_from_pass(const struct line *line, struct mmsim_study_cell *cell)
{
    cell->outcome.counts.references = line->curve.references;
    cell->outcome.counts.misses = mmsim_curve_misses(&line->curve, cell->frames);
}

static bool make_cells(struct mrc *mrc, struct console *console)
{
    mrc->cells = calloc(mrc->n_lines * mrc->n_sizes, sizeof *mrc->cells);
    if (mrc->cells == NULL)
        return say_no_memory(console);
    for (size_t i = 0; i < mrc->n_lines * mrc->n_sizes; i++) {
        const struct line *line = &mrc->lines[i / mrc->n_sizes];
        mrc->cells[i] = (struct mmsim_study_cell){
            .trace = mrc->trace,
            .choice = line->choice,
            .options = &mrc->request.options,
            .frames = mrc->sizes[i % mrc->n_sizes],
        };
        if (line->by_pass)
            fill_from_pass(line, &mrc->cells[i]);
    }
    return true;
}

/* Replays what no pass knows: lines beside each other go together. */
static enum exit_status run_cells(struct mrc *mrc, struct console *console)
{
    struct mmsim_error error;
    for (size_t from = 0, to; from < mrc->n_lines; from = to) {
        to = from + 1;
        if (mrc->lines[from].by_pass)
            continue;
        while (to < mrc->n_lines && !mrc->lines[to].by_pass)
            to++;
        enum mmsim_status status =
            mmsim_study_run(mrc->cells + from * mrc->n_sizes, (to - from) * mrc->n_sizes,
                            mrc->request.n_threads, &error);
        if (status != MMSIM_OK) {
            say_failure(&error, console);
            return status == MMSIM_INVARIANT ? EXIT_INVARIANT : EXIT_BAD_INPUT;
        }
    }
    if (mrc->request.format == MMSIM_STUDY_TEXT) /* rows have no place for what this finds */
        mmsim_study_compare(mrc->cells, mrc->n_lines * mrc->n_sizes);
    return EXIT_PASSED;
}

/* ---- results ---- */

static void print_line(const struct mrc *mrc, const struct line *line,
                       const struct mmsim_sink *sink)
{
    bool all = line->by_pass && mrc->request.sizes.n == 0;
    size_t n = all ? mmsim_curve_end_size(&line->curve) : mrc->n_sizes;
    const struct mmsim_study_cell *cells = mrc->cells + (size_t)(line - mrc->lines) * mrc->n_sizes;
    struct mmsim_curve_row row = {.choice = line->choice,
                                  .sample = mrc->rate < 1 ? &line->curve : NULL};
    for (size_t i = 0; i < n; i++) {
        row.frames = all ? (mmsim_page)i + 1 : cells[i].frames;
        row.references = mmsim_trace_info(mrc->trace)->n_references;
        row.misses =
            all ? mmsim_curve_misses(&line->curve, row.frames) : cells[i].outcome.counts.misses;
        mmsim_curve_print_row(&row, mrc->request.format, sink);
    }
}

static void print_rows(const struct mrc *mrc, const struct mmsim_sink *sink)
{
    struct mmsim_curve_row like = {.sample = mrc->rate < 1 ? &mrc->lines[0].curve : NULL};
    if (mrc->request.format == MMSIM_STUDY_CSV)
        mmsim_curve_print_header(&like, sink);
    for (size_t i = 0; i < mrc->n_lines; i++)
        print_line(mrc, &mrc->lines[i], sink);
}

/* How good a sample is: part of the text, beside rows on standard error. */
static void print_sample(const struct line *line, struct output *output)
{
    const struct mmsim_curve *curve = &line->curve;
    output_format(output, "%s: estimated from %u of %u pages and %llu references; miss ratios are",
                  line->choice->ops->name, (unsigned)curve->sampled_pages, (unsigned)curve->pages,
                  (unsigned long long)curve->sampled_references);
    if (curve->error >= 0)
        output_format(output, " off by about %.3f percentage points, as a mean over all sizes",
                      100 * curve->error);
    else
        output_format(output, " off by more than so few pages can tell");
    if (line->real_error >= 0)
        output_format(output, ", really by %.3f", 100 * line->real_error);
    output_format(output, "\n");
}

static void print_text(const struct mrc *mrc, const struct mmsim_study_report *report,
                       struct output *output)
{
    struct mmsim_sink sink = output_sink(output);
    mmsim_curve_print_table(report, &sink);
    output_format(output, "\n");
    for (size_t i = 0; i < mrc->n_lines; i++) {
        const struct line *line = &mrc->lines[i];
        if (line->by_pass && mrc->rate < 1)
            print_sample(line, output);
        else if (line->by_pass)
            output_format(output, "%s: from %u frames on only first uses miss\n",
                          line->choice->ops->name, (unsigned)mmsim_curve_end_size(&line->curve));
    }
}

static void print(const struct mrc *mrc, const struct mmsim_study_report *report,
                  struct console *console)
{
    struct mmsim_sink sink = output_sink(&console->out);
    if (mrc->request.format == MMSIM_STUDY_TEXT) {
        print_text(mrc, report, &console->out);
        return;
    }
    print_rows(mrc, &sink);
    for (size_t i = 0; mrc->check && i < mrc->n_lines; i++)
        print_sample(&mrc->lines[i], &console->err);
}

static enum exit_status finish(struct mrc *mrc, struct plot *plot, struct console *console)
{
    struct mmsim_study_report report = {.cells = mrc->cells,
                                        .n_cells = mrc->n_lines * mrc->n_sizes};
    enum exit_status status = run_cells(mrc, console);
    if (status != EXIT_PASSED) {
        plot_abandon(plot);
        return status;
    }
    if (plot != NULL) {
        struct mmsim_sink sink = output_sink(plot_script(plot));
        mmsim_study_print(&report, mrc->request.plot_format, &sink);
        if (!plot_end(plot, console))
            return EXIT_BAD_INPUT;
    }
    print(mrc, &report, console);
    return EXIT_PASSED;
}

static enum exit_status perform(struct mrc *mrc, const struct arguments *arguments,
                                struct console *console)
{
    struct mmsim_error error;
    struct plot *plot = NULL;
    if (!read_request(arguments, mrc, console))
        return EXIT_BAD_INPUT;
    if (mmsim_trace_open(arguments->traces[0], &mrc->trace, &error) != MMSIM_OK) {
        say_failure(&error, console);
        return EXIT_BAD_INPUT;
    }
    if (!make_lines(mrc, console) || !make_sizes(mrc, console) || !make_cells(mrc, console))
        return EXIT_BAD_INPUT;
    if (mrc->request.plot != NULL) {
        plot = plot_begin(mrc->request.plot, console);
        if (plot == NULL)
            return EXIT_BAD_INPUT;
    }
    return finish(mrc, plot, console);
}

enum exit_status mrc_perform(const struct arguments *arguments, struct console *console)
{
    struct mrc mrc = {0};
    enum exit_status status = perform(&mrc, arguments, console);
    for (size_t i = 0; i < mrc.n_lines; i++)
        mmsim_curve_free(&mrc.lines[i].curve);
    free(mrc.lines);
    free(mrc.sizes);
    free(mrc.cells);
    mmsim_trace_close(mrc.trace);
    bench_request_fini(&mrc.request);
    return status;
}
