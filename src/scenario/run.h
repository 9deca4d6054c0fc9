/*
 * run.h - a scenario while it runs: the machine, the names' meanings, the current step's outcome.
 *
 * runner.c drives; the verbs' perform functions act through the public API of the machine and leave
 * what happened in `outcome`; judge.c compares it with what the step expects; tell.c puts it into
 * words; result.c keeps it.
 *
 * Invariants: (1) a step that begins while the host has memory ends with a complete outcome or with
 * `no_memory` set; (2) bindings[name].bound is true only if the latest step that binds the name
 * succeeded.
 */
#ifndef MM_SCENARIO_RUN_H
#define MM_SCENARIO_RUN_H

#include <mmsim/alloc.h>
#include <mmsim/hw.h>
#include <mmsim/scenario.h>
#include <mmsim/stats.h>
#include <mmsim/vm.h>

#include "base/text.h"
#include "scenario/step.h"

enum { MM_FAULTS_KEPT = 8 };

struct mm_fault_note {
    mmsim_vaddr address;
    uint32_t error;
    uint8_t kind; /* enum mmsim_fault_kind */
    bool reused;
};

/* Which parts of an outcome are set. */
enum mm_outcome_part {
    MM_HAS_VALUE = 1 << 0,   /* read */
    MM_HAS_BYTES = 1 << 1,   /* read */
    MM_HAS_MAPPED = 1 << 2,  /* mmap: `address` is that of the mapping */
    MM_HAS_WALK = 1 << 3,    /* walk: present, accessed, dirty, physical */
    MM_HAS_REFUSED = 1 << 4, /* `address` is the first byte that was refused */
    MM_HAS_PRESENT = 1 << 5,
    MM_HAS_ACCESSED = 1 << 6,
    MM_HAS_DIRTY = 1 << 7,
    MM_HAS_LEAK = 1 << 8 /* leak-scan found something: run->leak */
};

/* What one executed step did. */
struct mm_outcome {
    enum mmsim_outcome outcome;
    enum mmsim_errno error;
    enum mmsim_signal signal;
    enum mmsim_sigcode code;
    enum mmsim_bus_error bus_error; /* with EIO: why */
    unsigned parts;                 /* MM_HAS_... */
    mmsim_vaddr address;            /* mapped or refused */
    uint64_t value;
    mmsim_paddr physical;
    uint64_t done; /* bytes or references */
    bool has_cpu;  /* somebody acted: on `cpu` */
    unsigned cpu;
    uint64_t tlb_hits, tlb_misses; /* access */
    uint64_t n_faults;
    uint64_t n_by_kind[MMSIM_N_FAULT_KINDS];
    unsigned n_kept;
    struct mm_fault_note faults[MM_FAULTS_KEPT];
    uint64_t cycles;
    unsigned n_killed;      /* processes that the kernel ended for want of memory */
    const char *killed;     /* the first of them; the machine's */
    const char *why_killed; /* static storage */
    uint64_t n_resident;    /* pages that it had */

    struct mm_figures figures;       /* of the kernel's memory; mistakes: any step */
    enum mmsim_heap_mistake mistake; /* the first reported; figures has MISTAKES */
    mmsim_vaddr mistaken;            /* its address */

    bool unnamed; /* an address name that is not bound now: fails whatever is expected */
    const struct mm_place *unnamed_place; /* which; NULL: the step's `over` */
    bool differs;                         /* compare: a byte was not `expected_byte` */
    uint64_t differs_at;                  /* its offset, bytes */
    uint8_t expected_byte, actual_byte;
    bool untrue; /* check */
};

/* What a name of an address means now. */
struct mm_binding {
    bool bound;
    mmsim_vaddr address;
    uint64_t length; /* bytes; of a mapping: whole pages */
};

/* The objects that a name of an address stands for: those of the step that binds it, in the order
 * of their allocation, without those that a step freed as a part of all. */
struct mm_group {
    mmsim_vaddr *addresses;
    size_t n, capacity;
};

/* What a name of a cache, pool or scope means now: at most one is not NULL. */
struct mm_thing {
    struct mmsim_cache *cache;
    struct mmsim_pool *pool;
    struct mmsim_scope *scope;
    const struct mmsim_process *process; /* whose end is the scope's; NULL */
};

struct mm_run {
    const struct mmsim_scenario *scenario;
    const struct mmsim_run_options *options; /* complete: every field is there */
    struct mmsim_result *result;             /* owns the machine and all memory of the run */
    struct mmsim_machine *machine;
    struct mm_host *host;
    struct mmsim_process **processes; /* by number of the name; NULL: not made yet */
    struct mm_binding *bindings;      /* by number of the name */
    struct mm_group *groups;          /* by number of the name */
    struct mm_thing *things;          /* by number of the cache, pool or scope */
    struct mm_outcome outcome;        /* of the current step */
    struct mmsim_error why;           /* what its call said of its failure; text "": nothing */
    uint64_t index;                   /* of the current step */
    bool first_time;                  /* no enclosing repeat is in its second turn */
    bool no_memory;                   /* the host gave none: the run ends */
    bool stopped;                     /* as many steps as asked for have run */
    enum mmsim_access_kind access;    /* of the current step, for the walk that explains it */
    bool has_expected_address;        /* of the current step, as its name meant before it */
    mmsim_vaddr expected_address;
    bool has_walk;
    struct mmsim_walk walk; /* of the first refused access of the current step, or of `walk` */
    struct mm_text bytes;   /* of the current read */
    struct mm_text line, expected, actual, message; /* scratch */
    struct mm_text stale;                           /* what the TLB sanitizer says of this step */
    uint64_t n_stale, first_stale;                  /* of its reports: how many are this step's */
    uint64_t n_stale_told;                          /* of its reports, so far */
    struct mm_text details;        /* lines below this step: reports of the heap, tables, leaks */
    struct mm_text reports;        /* of the heap, in this step, as items of a JSON list */
    struct mmsim_leak leak;        /* the first one that the current leak-scan found */
    struct mmsim_reference *batch; /* MM_BATCH references */
};

enum { MM_BATCH = 4096, MM_REPORTS_KEPT = 8 };

/* The process that a step is by; NULL if it was never made. */
struct mmsim_process *mm_run_actor(const struct mm_run *run, const struct mm_step *step);

/* The address that a place means now. False: the outcome says why, the step is over. */
bool mm_run_place(struct mm_run *run, const struct mm_place *place, mmsim_vaddr *address);

/* The same without touching the outcome. */
bool mm_run_resolve(const struct mm_run *run, const struct mm_place *place, mmsim_vaddr *address);

/* The current step ends with a simulated errno (0 = done). */
void mm_run_errno(struct mm_run *run, enum mmsim_errno error);

/* The current step's access came to this. */
void mm_run_access(struct mm_run *run, const struct mmsim_access *access);

/* heap_watch.c: the heap's reports from now on belong to the current step; those of the last one
 * are forgotten. */
void mm_run_watch_heap(struct mm_run *run);
void mm_run_forget_reports(struct mm_run *run);

/* Makes the files that the scenario lists: on the disk, and out of the cache, so that the first
 * touch reads them. False: they do not fit. */
bool mm_run_make_files(struct mm_run *run);

/* Removes newlines from the end of a text. */
void mm_run_trim(struct mm_text *text);

/* Adds a JSON value to the current step's result under a key (static storage). */
void mm_run_attach(struct mm_run *run, const char *key, const struct mm_text *json);

/* Collects garbage between steps if the scenario asks for it. */
void mm_run_collect(struct mm_run *run);

/* Values of an expression's paths, now; at most MM_EXPRESSION_MAX_PATHS. False: one of its
 * processes was never made. */
bool mm_run_path_values(const struct mm_run *run, const struct mm_expression *expression,
                        uint64_t *values);

/*
 * Compares the current outcome with what the step expects. True: as expected; else run->expected,
 * run->actual and run->message say what differs.
 */
bool mm_run_judge(struct mm_run *run, const struct mm_step *step);

/* Why the current call answered its errno, where that is evident; else NULL. Static storage. */
const char *mm_run_reason(const struct mm_run *run, const struct mm_step *step);

/* Puts the current step into run->line: one line, or two where one would be too long. */
void mm_run_tell(struct mm_run *run, const struct mm_step *step);

#endif
