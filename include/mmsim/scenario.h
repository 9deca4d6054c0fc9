/*
 * scenario.h - experiments as files: load, run, look at the result.
 *
 * A scenario file (docs/scenario.md) is read and checked whole before anything runs: every mistake
 * is reported with its position, what was found, what was expected and the nearest valid spelling.
 * A run builds a machine, performs the steps, compares them with what the file expects, and leaves
 * a result that prints as one line of JSON or as text for people.
 */
#ifndef MMSIM_SCENARIO_H
#define MMSIM_SCENARIO_H

#include <mmsim/event.h>
#include <mmsim/hw.h>
#include <mmsim/machine.h>
#include <mmsim/sanitize.h>
#include <mmsim/status.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_scenario; /* a loaded file */
struct mmsim_result;   /* what a run of it gave */

/* One mistake in a file. */
struct mmsim_diagnostic {
    const char *file;
    unsigned line, column; /* from 1; 0 = the file as a whole, or an override */
    const char *text;      /* "unknown verb 'wirte'; did you mean 'write'? Expected one of ..." */
};

/* Called once for each mistake, in the order of the file. */
typedef void (*mmsim_diagnostic_listener)(void *user, const struct mmsim_diagnostic *diagnostic);

struct mmsim_load_options {
    size_t struct_bytes;
    const char *const *overrides; /* "kernel.policy=lru" ... (--set); NULL-terminated, or NULL */
    mmsim_diagnostic_listener diagnose; /* may be NULL: then only *error tells */
    void *user;
    const struct mmsim_allocator *allocator; /* NULL = malloc */
};

/* What a finished step looks like to whoever watches a run. */
struct mmsim_step_report {
    uint64_t index;                /* of executed steps, from 0, in the order of their beginnings:
                                      those of a `parallel` may finish in another */
    unsigned line;                 /* in the file, from 1 */
    const char *verb, *by;         /* `by` NULL where the verb has none */
    const char *label;             /* NULL without */
    const char *text;              /* what was asked and what happened, for people: one line, or
                                      two where one would be too long */
    bool matters;                  /* worth a line by itself: faults, failures, calls, notes */
    bool failed;                   /* an expectation was not met */
    const char *failure;           /* the sentence; NULL if it did not fail */
    const struct mmsim_walk *walk; /* explains a refused access, or a `walk` step; else NULL */
    uint64_t n_faults, cycles;
    const char *stale;   /* lines on each report of the TLB sanitizer in this step; NULL: none */
    const char *details; /* lines below: reports of the heap, leaks, a table; NULL: none */
};

struct mmsim_run_options {
    size_t struct_bytes;
    enum mmsim_check_when check;
    void (*on_step)(void *user, const struct mmsim_step_report *report); /* may be NULL */
    void (*on_machine)(void *user, struct mmsim_machine *machine);       /* built; before step 0 */
    void *user;
    bool stop_after; /* with stop_step: run that many steps and keep the machine as it is */
    uint64_t stop_step;
    bool sanitize_tlb; /* a use of a stale translation fails its step (sanitize.h) */
};

static inline void mmsim_load_options_init(struct mmsim_load_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_bytes = sizeof *options;
}

static inline void mmsim_run_options_init(struct mmsim_run_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_bytes = sizeof *options;
}

/*
 * Reads a scenario from a file, or from memory (`name` then stands for the file in messages).
 * Returns OK; BAD_INPUT (every mistake went to options->diagnose, the first one is in *error);
 * HOST_IO; HOST_MEMORY. `options` may be NULL. The caller owns *scenario.
 */
enum mmsim_status mmsim_scenario_load(const char *path, const struct mmsim_load_options *options,
                                      struct mmsim_scenario **scenario, struct mmsim_error *error);
enum mmsim_status mmsim_scenario_parse(const char *name, const char *text, size_t n_bytes,
                                       const struct mmsim_load_options *options,
                                       struct mmsim_scenario **scenario, struct mmsim_error *error);
void mmsim_scenario_destroy(struct mmsim_scenario *scenario);

const char *mmsim_scenario_name(const struct mmsim_scenario *scenario);
const char *mmsim_scenario_description(const struct mmsim_scenario *scenario); /* "" without */
const char *mmsim_scenario_file(const struct mmsim_scenario *scenario);
/* The step that is the first to bind an address to `name`: its index in a whole run (in a
 * `parallel` whose turns are not known yet, that of its last step), and its line. False: none does.
 */
bool mmsim_scenario_binding(const struct mmsim_scenario *scenario, const char *name,
                            uint64_t *index, unsigned *line);
/* The machine that it asks for. Lives as long as the scenario. */
const struct mmsim_config *mmsim_scenario_config(const struct mmsim_scenario *scenario);

/*
 * Runs it. Returns OK when it ran to its end, whether or not its expectations held: ask the result.
 * INVARIANT: the checker found a violation (the result tells where). HOST_MEMORY. The caller owns
 * *result, also after INVARIANT; the scenario must outlive it.
 */
enum mmsim_status mmsim_scenario_run(const struct mmsim_scenario *scenario,
                                     const struct mmsim_run_options *options,
                                     struct mmsim_result **result, struct mmsim_error *error);
void mmsim_result_destroy(struct mmsim_result *result);

bool mmsim_result_passed(const struct mmsim_result *result);
size_t mmsim_result_n_steps(const struct mmsim_result *result);
size_t mmsim_result_n_failures(const struct mmsim_result *result);

/* The machine of the run: stays alive with the result, for mmsim_explain() and the like. */
struct mmsim_machine *mmsim_result_machine(const struct mmsim_result *result);

/* The address that `as` bound to a name; false if it never did. */
bool mmsim_result_address(const struct mmsim_result *result, const char *name,
                          mmsim_vaddr *address);

/* One JSON object on one line, newline included: the contract in docs/scenario.md. */
void mmsim_result_write_json(const struct mmsim_result *result, const struct mmsim_sink *sink);

/* The summary for people: statistics that are not 0, and each failure. Wording is no contract. */
enum mmsim_text_part {
    MMSIM_TEXT_WHOLE,       /* failures and statistics */
    MMSIM_TEXT_AFTER_STEPS, /* the same to a reader of the step reports: of failures that they told
                               only the places */
    MMSIM_TEXT_FAILURES     /* failures only, a line each, with file and scenario */
};
struct mmsim_text_style {
    bool color;   /* ANSI colours */
    bool verbose; /* statistics that are 0 too */
    enum mmsim_text_part part;
};
void mmsim_result_write_text(const struct mmsim_result *result,
                             const struct mmsim_text_style *style, const struct mmsim_sink *sink);

/* Verbs for `mmsim list verbs`: NULL past the end. Static storage. */
struct mmsim_verb_info {
    const char *name, *summary;
    const char *keys; /* "by, as?, at?, length, prot, flags" */
};
const struct mmsim_verb_info *mmsim_verb_at(size_t index);

/* Reads an address or size as scenarios write them ("0x40000000", "64KiB", "3 pages"). */
bool mmsim_quantity_parse(const char *text, uint64_t *value);

#ifdef __cplusplus
}
#endif
#endif
