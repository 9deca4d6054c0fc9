/*
 * run.c - `mmsim run`: every file checked, then each run and told about.
 *
 *   heading        name, file, what it is about, the machine
 *   a line a step  those that matter; with --verbose all
 *     explanation  under a step that failed: the sentence, and the walk that shows why
 *   summary        where the failures are, and the statistics, by the library
 *   verdict        PASSED or FAILED
 *
 * With --json the result's one line of JSON stands for all of that, with --quiet a line for each
 * failure and the verdict.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "load.h"
#include "progress.h"
#include "spelling.h"

enum detail { DETAIL_QUIET, DETAIL_NORMAL, DETAIL_VERBOSE };

/* One run of the command, over all its scenarios. */
struct session {
    struct console *console;
    enum mmsim_check_when check;
    enum detail detail;
    bool json;
    bool sanitize_tlb;
    struct output events; /* of --events; stream NULL without */
    size_t n_passed, n_failed, n_broken;

    /* of the scenario that runs now */
    const char *file;
    uint64_t n_hidden; /* steps without a line */
    struct mmsim_machine *machine;
    struct progress progress;
};

/* ---- options ---- */

static bool parse_check_when(const char *text, enum mmsim_check_when *when, struct console *console)
{
    static const struct {
        const char *name;
        enum mmsim_check_when when;
    } rows[] = {{"every", MMSIM_CHECK_EVERY},
                {"step", MMSIM_CHECK_STEP},
                {"end", MMSIM_CHECK_END},
                {"off", MMSIM_CHECK_OFF}};
    struct spelling spelling = {text, NULL, 0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        spelling_offer(&spelling, rows[i].name);
        if (strcmp(rows[i].name, text) == 0) {
            *when = rows[i].when;
            return true;
        }
    }
    console_error(console, "--check-invariants %s: expected every, step, end or off%s%s%s", text,
                  spelling.nearest != NULL ? "; did you mean " : "",
                  spelling.nearest != NULL ? spelling.nearest : "",
                  spelling.nearest != NULL ? "?" : "");
    return false;
}

static bool parse_sanitize(const char *text, bool *tlb, struct console *console)
{
    *tlb = strcmp(text, "tlb") == 0;
    if (!*tlb)
        console_error(console, "--sanitize %s: expected tlb", text);
    return *tlb;
}

static bool session_init(struct session *session, const struct arguments *arguments,
                         struct console *console)
{
    memset(session, 0, sizeof *session);
    session->console = console;
    session->json = arguments_has(arguments, OPTION_JSON);
    session->detail = arguments_has(arguments, OPTION_VERBOSE) ? DETAIL_VERBOSE : DETAIL_NORMAL;
    if (arguments_has(arguments, OPTION_QUIET))
        session->detail = DETAIL_QUIET;
    const char *when = arguments->values[OPTION_CHECK_INVARIANTS];
    const char *sanitize = arguments->values[OPTION_SANITIZE];
    return (when == NULL || parse_check_when(when, &session->check, console)) &&
           (sanitize == NULL || parse_sanitize(sanitize, &session->sanitize_tlb, console));
}

/* ---- --events ---- */

/* Somebody who mixes up the names must not lose the scenario. */
static bool is_operand(const char *path, const struct arguments *arguments)
{
    struct stat file, operand;
    if (stat(path, &file) != 0)
        return false;
    for (size_t i = 0; i < arguments->n_operands; i++) {
        if (stat(arguments->operands[i], &operand) == 0 && file.st_dev == operand.st_dev &&
            file.st_ino == operand.st_ino)
            return true;
    }
    return false;
}

static bool open_events(struct session *session, const struct arguments *arguments)
{
    const char *path = arguments->values[OPTION_EVENTS];
    if (path == NULL)
        return true;
    if (is_operand(path, arguments)) {
        console_error(session->console, "--events %s: that is the scenario itself", path);
        return false;
    }
    FILE *stream = fopen(path, "w");
    if (stream == NULL) {
        console_error(session->console, "--events %s: %s", path, strerror(errno));
        return false;
    }
    session->events = (struct output){stream, path, false, 0};
    return true;
}

static bool close_events(struct session *session)
{
    if (session->events.stream == NULL || output_close(&session->events))
        return true;
    console_error(session->console, "cannot write to %s: %s", session->events.name,
                  strerror(session->events.error));
    return false;
}

static void on_event(void *user, const struct mmsim_event *event)
{
    struct session *session = user;
    struct mmsim_sink sink = output_sink(&session->events);
    mmsim_event_write_json(session->machine, event, &sink);
}

static void on_machine(void *user, struct mmsim_machine *machine)
{
    struct session *session = user;
    session->machine = machine;
    if (session->events.stream != NULL)
        mmsim_listen(machine, MMSIM_EVENTS_ALL, on_event, session);
}

/* ---- what people read ---- */

static void print_size(struct output *output, uint64_t n_bytes)
{
    if (n_bytes % MMSIM_GIB == 0)
        output_format(output, "%" PRIu64 " GiB", n_bytes / MMSIM_GIB);
    else if (n_bytes % MMSIM_MIB == 0)
        output_format(output, "%" PRIu64 " MiB", n_bytes / MMSIM_MIB);
    else
        output_format(output, "%" PRIu64 " KiB", n_bytes / MMSIM_KIB);
}

static void print_heading(const struct session *session, const struct mmsim_scenario *scenario)
{
    struct output *out = &session->console->out;
    const struct mmsim_config *config = mmsim_scenario_config(scenario);
    output_styled(out, STYLE_BOLD, "%s", mmsim_scenario_name(scenario));
    output_styled(out, STYLE_DIM, "  %s", mmsim_scenario_file(scenario));
    output_format(out, "\n");
    output_wrapped(out, STYLE_DIM, 2, mmsim_scenario_description(scenario));
    output_format(out, "  %s, %s, ", config->model, config->cpu);
    if (config->paging == MMSIM_PAGING_PAE)
        output_format(out, "PAE, ");
    if (config->tlb != MMSIM_TLB_PRESET)
        output_format(out, config->tlb == MMSIM_TLB_NONE ? "no TLB, " : "an infinite TLB, ");
    if (config->n_cpus > 1)
        output_format(out, "%u CPUs, ", config->n_cpus);
    print_size(out, config->ram_bytes);
    output_format(out, " of RAM, seed %" PRIu64 "\n\n", config->seed);
}

static void print_failure(const struct session *session, const struct mmsim_step_report *report)
{
    struct output *out = &session->console->out;
    output_styled(out, STYLE_RED, "      FAILED");
    output_format(out, " %s:%u: %s\n", session->file, report->line, report->failure);
}

static void print_walk(const struct session *session, const struct mmsim_walk *walk)
{
    struct mmsim_sink sink = output_sink(&session->console->out);
    output_format(&session->console->out, "\n");
    mmsim_walk_print(walk, &sink);
    output_format(&session->console->out, "\n");
}

static bool wants_line(const struct session *session, const struct mmsim_step_report *report)
{
    return report->failed || report->matters || session->detail == DETAIL_VERBOSE;
}

/* A walk explains a failure, or was asked for by a step of its own; --verbose shows all. */
static bool wants_walk(const struct session *session, const struct mmsim_step_report *report)
{
    if (report->walk == NULL)
        return false;
    return report->failed || session->detail == DETAIL_VERBOSE || strcmp(report->verb, "walk") == 0;
}

#define LINE_COLUMNS 110
#define ASKED_COLUMN 17 /* where what a step did begins, and the second line of a long one */

/* Behind the step, or below it if the line would be too long. */
static void print_label(struct output *out, const struct mmsim_step_report *report)
{
    const char *newline = strrchr(report->text, '\n');
    size_t n_columns = newline != NULL ? strlen(newline + 1) : strlen(report->text) + 6;
    if (n_columns + strlen(report->label) + 4 > LINE_COLUMNS)
        output_format(out, "\n%*s", ASKED_COLUMN - 2, "");
    output_styled(out, STYLE_YELLOW, "  [%s]", report->label);
}

static void print_step(const struct session *session, const struct mmsim_step_report *report)
{
    struct output *out = &session->console->out;
    output_styled(out, STYLE_DIM, "%4" PRIu64 "  ", report->index);
    output_styled(out, strcmp(report->verb, "note") == 0 ? STYLE_BOLD : STYLE_NONE, "%s",
                  report->text);
    if (report->label != NULL)
        print_label(out, report);
    output_format(out, "\n");
    if (report->failed)
        print_failure(session, report);
    if (report->stale != NULL)
        output_format(out, "%s", report->stale);
    if (report->details != NULL)
        output_format(out, "%s", report->details);
    if (wants_walk(session, report))
        print_walk(session, report->walk);
}

static void on_step(void *user, const struct mmsim_step_report *report)
{
    struct session *session = user;
    atomic_fetch_add(&session->progress.n_steps, 1);
    if (session->json || session->detail == DETAIL_QUIET)
        return;
    if (!wants_line(session, report)) {
        session->n_hidden++;
        return;
    }
    progress_pause(&session->progress);
    print_step(session, report);
    progress_resume(&session->progress);
}

static void print_verdict(const struct session *session, const struct mmsim_scenario *scenario,
                          const struct mmsim_result *result, enum exit_status status)
{
    struct output *out = &session->console->out;
    size_t n_failures = mmsim_result_n_failures(result);
    if (session->detail != DETAIL_QUIET)
        output_format(out, "\n");
    if (status == EXIT_INVARIANT)
        output_styled(out, STYLE_RED, "BROKEN");
    else if (status == EXIT_FAILED)
        output_styled(out, STYLE_RED, "FAILED");
    else
        output_styled(out, STYLE_GREEN, "PASSED");
    size_t n_steps = mmsim_result_n_steps(result);
    output_format(out, "  %s: ", mmsim_scenario_name(scenario));
    output_count(out, n_steps);
    output_format(out, n_steps == 1 ? " step" : " steps");
    if (n_failures > 0) {
        output_format(out, ", ");
        output_count(out, n_failures);
        output_format(out, " failed");
    }
    if (status == EXIT_INVARIANT)
        output_format(out, ", an invariant was violated");
    output_format(out, "\n");
}

static void print_hidden(const struct session *session)
{
    struct output *out = &session->console->out;
    if (session->n_hidden == 0)
        return;
    output_format(out, "\n(");
    output_count(out, session->n_hidden);
    output_format(out, " uneventful step%s not shown; --verbose shows %s)\n",
                  session->n_hidden == 1 ? "" : "s", session->n_hidden == 1 ? "it" : "them");
}

static void print_result(const struct session *session, const struct mmsim_scenario *scenario,
                         const struct mmsim_result *result, enum exit_status status)
{
    struct output *out = &session->console->out;
    struct mmsim_sink sink = output_sink(out);
    bool quiet = session->detail == DETAIL_QUIET;
    struct mmsim_text_style style = {out->color, session->detail == DETAIL_VERBOSE,
                                     quiet ? MMSIM_TEXT_FAILURES : MMSIM_TEXT_AFTER_STEPS};
    if (session->json) {
        mmsim_result_write_json(result, &sink);
        return;
    }
    if (!quiet) {
        print_hidden(session);
        output_format(out, "\n");
    }
    mmsim_result_write_text(result, &style, &sink);
    print_verdict(session, scenario, result, status);
}

static void print_total(const struct session *session)
{
    struct output *out = &session->console->out;
    size_t n = session->n_passed + session->n_failed + session->n_broken;
    if (session->json || n < 2)
        return;
    output_format(out, "%s%zu scenarios: %zu passed", session->detail == DETAIL_QUIET ? "" : "\n",
                  n, session->n_passed);
    if (session->n_failed > 0)
        output_format(out, ", %zu failed", session->n_failed);
    if (session->n_broken > 0)
        output_format(out, ", %zu broken", session->n_broken);
    output_format(out, "\n");
}

/* ---- running ---- */

/* Bad input counts most, then a broken invariant, then a failure. */
static enum exit_status worse(enum exit_status one, enum exit_status other)
{
    static const int rank[] = {
        [EXIT_PASSED] = 0, [EXIT_FAILED] = 1, [EXIT_INVARIANT] = 2, [EXIT_BAD_INPUT] = 3};
    return rank[one] > rank[other] ? one : other;
}

static enum exit_status judge(enum mmsim_status status, const struct mmsim_result *result)
{
    if (status == MMSIM_INVARIANT)
        return EXIT_INVARIANT;
    if (status != MMSIM_OK)
        return EXIT_BAD_INPUT;
    return mmsim_result_passed(result) ? EXIT_PASSED : EXIT_FAILED;
}

static void count(struct session *session, enum exit_status status)
{
    session->n_passed += status == EXIT_PASSED;
    session->n_failed += status == EXIT_FAILED;
    session->n_broken += status != EXIT_PASSED && status != EXIT_FAILED;
}

static enum exit_status run_one(struct session *session, const struct mmsim_scenario *scenario)
{
    struct mmsim_result *result = NULL;
    struct mmsim_error error;
    struct mmsim_run_options options;
    mmsim_run_options_init(&options);
    options.check = session->check;
    options.sanitize_tlb = session->sanitize_tlb;
    options.on_machine = on_machine;
    options.user = session;
    session->file = mmsim_scenario_file(scenario);
    session->n_hidden = 0;

    if (!session->json && session->detail != DETAIL_QUIET)
        print_heading(session, scenario);
    progress_start(&session->progress, &session->console->err, mmsim_scenario_name(scenario));
    bool silent = session->json || session->detail == DETAIL_QUIET;
    if (!silent || session->progress.running)
        options.on_step =
            on_step; /* to put steps into words costs time that only people need pay */
    enum mmsim_status run_status = mmsim_scenario_run(scenario, &options, &result, &error);
    progress_stop(&session->progress);

    enum exit_status status = judge(run_status, result);
    if (run_status != MMSIM_OK)
        console_error(session->console, "%s: %s%s", mmsim_scenario_file(scenario),
                      run_status == MMSIM_INVARIANT ? "invariant violated: " : "", error.text);
    if (result != NULL)
        print_result(session, scenario, result, status);
    mmsim_result_destroy(result);
    count(session, status);
    return status;
}

static enum exit_status run_all(struct session *session, const struct arguments *arguments)
{
    struct mmsim_scenario **scenarios;
    enum exit_status status = EXIT_PASSED;
    if (!load_all(arguments, &scenarios, session->console))
        return EXIT_BAD_INPUT;
    if (open_events(session, arguments)) {
        for (size_t i = 0; i < arguments->n_operands; i++) {
            if (i > 0 && !session->json && session->detail != DETAIL_QUIET)
                output_format(&session->console->out, "\n\n");
            status = worse(status, run_one(session, scenarios[i]));
        }
        print_total(session);
    } else {
        status = EXIT_BAD_INPUT;
    }
    load_release(scenarios, arguments->n_operands);
    return close_events(session) ? status : EXIT_BAD_INPUT;
}

enum exit_status run_perform(const struct arguments *arguments, struct console *console)
{
    struct session session;
    if (!session_init(&session, arguments, console))
        return EXIT_BAD_INPUT;
    return run_all(&session, arguments);
}
