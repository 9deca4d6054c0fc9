/*
 * result.h - what a run leaves behind: records of its steps, failures, statistics, the machine.
 *
 * A record is small, because a scenario may execute millions of steps; what few steps have (faults,
 * bytes that were read) lies in arrays beside. Text is made only when somebody asks for it.
 *
 * Invariants: (1) all memory is counted by `host`; (2) records[i] is the step with index i, made
 * when it begins and filled when it ends (steps of a `parallel` end in another order);
 * (3) attachments stand in the order of steps; (4) `scenario` outlives the result.
 */
#ifndef MM_SCENARIO_RESULT_H
#define MM_SCENARIO_RESULT_H

#include <mmsim/sanitize.h>
#include <mmsim/scenario.h>
#include <mmsim/stats.h>

#include "scenario/run.h"

/* An array that grows. */
struct mm_rows {
    void *data;
    size_t n, capacity;
};

struct mm_record {
    const struct mm_step *step; /* NULL: it has not ended */
    uint64_t value;             /* read: value, or offset of its bytes; walk: physical address */
    mmsim_vaddr address;        /* mapped or refused */
    uint64_t cycles;
    uint64_t first_fault;  /* index of the first of its kept faults */
    uint32_t n_faults;     /* stays at its limit */
    uint32_t first_figure; /* index of the first of its figures */
    uint16_t parts;        /* MM_HAS_... */
    uint8_t n_kept;        /* faults */
    uint8_t n_figures;
    uint8_t outcome; /* enum mmsim_outcome */
    uint8_t error, signal, code;
    uint8_t cpu; /* MM_RECORD_NO_CPU: nobody acted */
};

enum { MM_RECORD_NO_CPU = 0xFF };
_Static_assert((int)MMSIM_MAX_CPUS <= (int)MM_RECORD_NO_CPU, "a record has room for every CPU");

struct mm_failure {
    uint64_t index; /* of the step */
    unsigned line;
    const char *expected, *actual, *message; /* in `arena` */
    bool of_step;                            /* false: before the first, or after the last one */
};

struct mm_figure_note {
    enum mm_figure figure;
    uint64_t value;
};

/* A JSON value that belongs to a step: a table, reports of the heap, ... */
struct mm_attachment {
    uint64_t index;   /* of the step */
    const char *key;  /* static storage */
    const char *json; /* in `arena` */
};
enum { MM_ATTACHMENTS_KEPT = 4096 }; /* of a run; what comes later is only counted */

/* The kernel ended a process for want of memory. */
struct mm_kill {
    uint64_t index;      /* of the step */
    const char *name;    /* the machine's */
    uint64_t n_resident; /* pages that it had */
    const char *why;     /* no page could be taken out instead; static storage */
};

struct mm_process_record {
    const char *name; /* the machine's */
    struct mmsim_process_stats stats;
};

struct mmsim_result {
    struct mm_host host;
    struct mm_arena arena; /* texts of failures, attachments */
    const struct mmsim_scenario *scenario;
    struct mmsim_machine *machine; /* may be used when the run has ended */
    struct mm_run *run;            /* NULL: it has ended */
    struct mm_rows records;        /* struct mm_record */
    struct mm_rows faults;         /* struct mm_fault_note */
    struct mm_rows bytes;          /* uint8_t */
    struct mm_rows figures;        /* struct mm_figure_note */
    struct mm_rows attached;       /* struct mm_attachment, in the order of steps */
    struct mm_rows failures;       /* struct mm_failure */
    struct mm_rows kills;          /* struct mm_kill */
    struct mm_rows processes;      /* struct mm_process_record, in order of creation */
    struct mm_binding *bindings;
    uint32_t n_bindings;
    bool told;                /* somebody watched: failures of steps were told */
    struct mmsim_stats stats; /* after the last step, before processes are exited */
};

/* Room for one more row of row_bytes, zeroed; NULL: no host memory. */
void *mm_rows_add(struct mm_rows *rows, size_t row_bytes, struct mm_host *host);

/* Keeps that a process was killed in step `index`. False: no host memory. */
bool mm_result_kill(struct mmsim_result *result, uint64_t index, const struct mmsim_event *event);

/* Keeps a JSON value for step `index`. False: no host memory. */
bool mm_result_attach(struct mmsim_result *result, const struct mm_attachment *attachment);

/* Makes room for the step that begins now. False: no host memory. */
bool mm_result_begin(struct mmsim_result *result);

/* Keeps the current step. False: no host memory. */
bool mm_result_keep(struct mmsim_result *result, const struct mm_run *run,
                    const struct mm_step *step);

bool mm_result_fail(struct mmsim_result *result, const struct mm_failure *failure);

/* Prints a report of the TLB sanitizer, naming the step that changed the tables by what it did. */
void mm_result_print_stale(const struct mmsim_result *result, const struct mmsim_stale *stale,
                           void (*print)(const struct mmsim_stale *stale, const char *call,
                                         const struct mmsim_sink *sink),
                           const struct mmsim_sink *sink);

/* Takes the statistics as they are now. False: no host memory. */
bool mm_result_take_stats(struct mmsim_result *result);

#endif
