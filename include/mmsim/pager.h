/*
 * pager.h - what a machine does when frames run out: swap, reclaim, replacement.
 *
 * The configuration chooses the policy (policy.h), what it sees, whom it may take pages from, and
 * where they go. The calls below look at that, or give it a push.
 */
#ifndef MMSIM_PAGER_H
#define MMSIM_PAGER_H

#include <mmsim/errno.h>
#include <mmsim/policy.h>
#include <mmsim/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;
struct mmsim_process;

/* A swap area: a block device of its own. Times are simulated cycles. */
struct mmsim_swap_area {
    uint64_t bytes;        /* a multiple of the page size; all areas at most 4 GiB, 64 GiB by PAE */
    uint64_t read_cycles;  /* of a request, before its first page */
    uint64_t write_cycles; /* the same for writes */
    uint64_t page_cycles;  /* each page of a request */
    int priority;          /* areas of a higher one are filled first; equal ones take turns */
    const char *path;      /* a host file that holds the slots; NULL = in memory */
};
enum { MMSIM_MAX_SWAP_AREAS = 32 };

/* Pages of whom go when a process needs a frame. */
enum mmsim_replacement_scope { MMSIM_SCOPE_GLOBAL, MMSIM_SCOPE_LOCAL, MMSIM_N_SCOPES };

/* How many frames each process may use, with local replacement. */
enum mmsim_allocation {
    MMSIM_ALLOCATION_FIXED,        /* equal shares, or what mmsim_process_limit_frames() says */
    MMSIM_ALLOCATION_PROPORTIONAL, /* by the size of what it has mapped */
    MMSIM_ALLOCATION_WORKING_SET,  /* what it used in the last `window` references (Denning 1968) */
    MMSIM_ALLOCATION_PFF,          /* page-fault frequency (Chu & Opderbeck 1976) */
    MMSIM_N_ALLOCATIONS
};

/* Names as scenarios have them; NULL past the end. Static storage. */
const char *mmsim_replacement_scope_name(size_t index);
const char *mmsim_allocation_name(size_t index);
const char *mmsim_view_name(size_t index); /* by enum mmsim_view: "exact", "bits" */

/* A part of struct mmsim_config. */
struct mmsim_pager_config {
    const char *policy;                        /* "clock"; with parameters: "2q(kin=0.25)" */
    const struct mmsim_policy_ops *policy_ops; /* one's own; NULL: `policy` names it */
    enum mmsim_view view;   /* VIEW_BITS: accessed bits; VIEW_REFERENCES: every reference is told */
    uint64_t view_interval; /* references between two looks at all bits; 0: only when needed */
    enum mmsim_replacement_scope scope;
    enum mmsim_allocation allocation;
    uint64_t window;    /* references that make a working set; 10,000 */
    uint64_t threshold; /* references between two faults that are too few, for PFF; 100 */
    const struct mmsim_swap_area *swap; /* n_swap of them, copied; NULL = none */
    size_t n_swap;
    unsigned swap_readahead; /* pages read at once around the one that is wanted: 1 (none), 2, 4, 8,
                                16 or 32; 1 (Linux has 8) */
    unsigned
        clean_first;   /* dirty victims in a row that are written and spared for a clean one; 0 */
    bool keep_young;   /* clearing an accessed bit leaves TLBs as they are, as Linux does on
                          x86: pages that TLBs hold look unused. false: exact */
    bool load_control; /* processes are suspended while their working sets do not fit */
};

struct mmsim_reclaim_stats {
    uint64_t scanned, reclaimed; /* pages looked at; frames taken back */
    uint64_t direct, background; /* runs on behalf of an allocation; runs below a watermark */
    uint64_t loads;              /* pages that came into frames */
    uint64_t refaults;           /* of these, that had been evicted before */
    uint64_t activations;        /* of these, that twice the memory would have kept */
    uint64_t write_backs;        /* pages written so that they could go */
    uint64_t put_backs;          /* victims that could not go: locked, pinned, no swap, an error */
    uint64_t thrashing;          /* times that thrashing began */
    uint64_t distances[32];      /* refaults, by evictions in between: 2^i and more */
};

struct mmsim_swap_stats {
    uint64_t size, used, bad;   /* slots: in areas that are on; in use; given up after an error */
    uint64_t in, out;           /* pages read, written */
    uint64_t zero_in, zero_out; /* pages of zeros, which need no device */
    uint64_t cached;            /* pages that are in a frame and in a slot */
    uint64_t read_errors, write_errors;
};

void mmsim_reclaim_get_stats(const struct mmsim_machine *machine,
                             struct mmsim_reclaim_stats *stats);
void mmsim_swap_get_stats(const struct mmsim_machine *machine, struct mmsim_swap_stats *stats);

/* Takes up to n frames back now, in the order of the policy; returns how many. */
uint64_t mmsim_reclaim(struct mmsim_machine *machine, uint64_t n_frames);

/* Looks at all accessed bits now, and tells the policy (view bits). */
void mmsim_age(struct mmsim_machine *machine);

/*
 * Empties a swap area, by its index in the configuration, and turns it off: every page of it comes
 * into memory. EINVAL: there is no such area, or it is off; ENOMEM: its pages found no room, EIO:
 * some could not be read; then it stays on.
 */
enum mmsim_errno mmsim_swapoff(struct mmsim_machine *machine, size_t area);
enum mmsim_errno mmsim_swapon(struct mmsim_machine *machine, size_t area);

/* The process may have at most so many frames, whatever the scope; 0: no limit of its own. */
void mmsim_process_limit_frames(struct mmsim_process *process, uint64_t n_frames);

/* Load control: whether the process has to wait for others to need less. */
bool mmsim_process_is_suspended(const struct mmsim_process *process);

/* The policy of a machine, with the values of its parameters. */
void mmsim_machine_policy(const struct mmsim_machine *machine, struct mmsim_policy_choice *choice);

/* Pages that a policy has brought into frames so far, for one process (scope local) or all. */
uint64_t mmsim_machine_loads(const struct mmsim_machine *machine);

#ifdef __cplusplus
}
#endif
#endif
