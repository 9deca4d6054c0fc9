/*
 * load.h - a loaded scenario: what the file says, decoded and checked.
 *
 * Invariant: whoever holds one holds a scenario without mistakes.
 */
#ifndef MM_SCENARIO_LOAD_H
#define MM_SCENARIO_LOAD_H

#include <mmsim/scenario.h>
#include <mmsim/trace.h>

#include "scenario/names.h"
#include "scenario/step.h"

/* A process that `processes` lists: made before step 0. */
struct mm_given_process {
    uint32_t name;
    unsigned line;
    uint64_t frames; /* at most so many; 0 = no limit of its own */
};

/* A file that is there before the first step. */
struct mm_given_file {
    const char *name;
    uint64_t size;           /* bytes */
    const uint8_t *contents; /* size of them; NULL: `fill`, or random bytes */
    uint64_t fill;
    bool random;
};

/* A trace that steps replay, opened once however many they are. */
struct mm_given_trace {
    const char *path; /* as it was opened */
    struct mmsim_trace *trace;
    struct mm_given_trace *next;
};

struct mmsim_scenario {
    struct mm_host host; /* counts everything but this struct's own block */
    struct mm_arena arena;
    const char *file, *name, *description;
    struct mmsim_config config;
    unsigned heap_checks;          /* enum mmsim_heap_check, of all caches */
    uint64_t gc_every;             /* steps; 0 = never */
    struct mm_names names, things; /* things: caches, pools and scopes */
    struct mm_given_file *files;
    size_t n_files;
    struct mm_given_process *processes;
    size_t n_processes;
    struct mm_given_trace *traces; /* in `arena`, but each trace is its own */
    struct mm_step_list steps;
    uint64_t n_executed; /* steps that a whole run executes */
};

/* header.c: everything but the steps. The config must hold the defaults. */
void mm_header_read(struct mm_decoder *decoder, const struct mm_node *root,
                    struct mmsim_scenario *scenario, const struct mm_node **steps);

#endif
