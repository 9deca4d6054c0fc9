/*
 * policy.h - page replacement policies as plug-ins: which page goes when a frame is needed.
 *
 * A policy is one table of functions over one block of bytes. The same table serves a study, which
 * replays a trace without a machine (<mmsim/trace.h>), and a machine's pager.
 *
 * Pages are dense numbers from 0. Of each reference to a page x, in this order:
 *
 *   x is resident        reference(x)
 *   x is not resident    a miss: if there is admit() and it says no, nothing more;
 *                        while all frames are full, evict(x); then load(x)
 *   in both cases        tick(), if there is one
 *
 * The caller knows which pages are resident. A policy that names another is at fault, and is told
 * so by mmsim_guard_*(); it cannot do harm.
 */
#ifndef MMSIM_POLICY_H
#define MMSIM_POLICY_H

#include <mmsim/status.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MMSIM_POLICY_ABI 1

/* The number of a page. */
typedef uint32_t mmsim_page;
#define MMSIM_NO_PAGE UINT32_MAX

/* A reference as traces store it: page << 2 | kind. */
typedef uint32_t mmsim_ref;

/* Pages of a trace are below it. */
#define MMSIM_MAX_PAGES (UINT32_C(1) << 30)

enum mmsim_kind { MMSIM_KIND_LOAD, MMSIM_KIND_STORE, MMSIM_KIND_FETCH, MMSIM_N_KINDS };

static inline mmsim_page mmsim_ref_page(mmsim_ref ref)
{
    return ref >> 2;
}

static inline enum mmsim_kind mmsim_ref_kind(mmsim_ref ref)
{
    return (enum mmsim_kind)(ref & 3);
}

/* What a policy needs to see in order to be itself. */
enum mmsim_view {
    MMSIM_VIEW_REFERENCES, /* each reference, in its order */
    MMSIM_VIEW_BITS        /* only which pages were referenced, or written, since it last looked */
};

/* A parameter. Tables of them end with name == NULL. */
struct mmsim_param {
    const char *name, *meaning;
    double low, high, by_default; /* both ends are allowed */
    enum { MMSIM_PARAM_WHOLE, MMSIM_PARAM_REAL, MMSIM_PARAM_WORD } type;
    const char *const *words; /* of a WORD, whose value is its index; ends with NULL */
};

enum { MMSIM_POLICY_MAX_PARAMS = 8 };

/* What a look at the bits of a page found. */
enum mmsim_look { MMSIM_LOOK_NOTHING, MMSIM_LOOK_ACCESSED, MMSIM_LOOK_WRITTEN };

/* What a policy is told when it begins. Lives as long as its state. */
struct mmsim_policy_setup {
    mmsim_page frames;   /* at most so many pages are resident; at least 1 */
    mmsim_page universe; /* pages are below it */
    uint64_t seed;
    const double *params;    /* by row of the policy's table; NULL if it has none */
    const mmsim_ref *future; /* studies only: all references that will come; NULL: unknown */
    uint64_t n_future;

    /*
     * Where only accessed bits are seen: whether a resident page was referenced since this was last
     * asked (or told by reference()); asking clears it. Called by policies with MMSIM_POLICY_LOOKS,
     * in evict() and tick(). NULL: each reference is told.
     */
    enum mmsim_look (*look)(void *user, mmsim_page page);
    void *user;
};

/* What a replay counts. Fields are added to, never reset. */
struct mmsim_counts {
    uint64_t references;
    uint64_t misses;
    uint64_t evictions;       /* pages that left, whoever asked */
    uint64_t dirty_evictions; /* of these, those that were written since they were loaded */
};

/*
 * A policy. Required: all up to evict(), and forget(). State is zeroed before init(), and released
 * as plain bytes: a policy owns no memory beside it, and may not call into a machine.
 *
 * Determinism: what it answers depends on its setup and on what it was called with, only.
 */
struct mmsim_policy_ops {
    uint32_t abi, size;                  /* MMSIM_POLICY_ABI, sizeof(struct mmsim_policy_ops) */
    const char *name, *summary, *source; /* "arc"; one line; who described it, where and when */
    enum mmsim_view view;
    uint32_t flags;                   /* MMSIM_POLICY_... */
    const struct mmsim_param *params; /* NULL: none */

    size_t (*state_bytes)(const struct mmsim_policy_setup *setup);
    void (*init)(void *state, const struct mmsim_policy_setup *setup);

    /* A resident page was referenced, or its accessed (for a store, its dirty) bit was found set.
     */
    void (*reference)(void *state, mmsim_page page, enum mmsim_kind kind);

    /* The page becomes resident; there is room. */
    void (*load)(void *state, mmsim_page page, enum mmsim_kind kind);

    /*
     * Chooses a resident page and lets go of it. MMSIM_NO_PAGE: room for nobody in particular.
     * There is a resident page, but frames may be free. Who asked may load() the page again at
     * once: it could not go (it is pinned, or dirty and clean ones are preferred).
     */
    mmsim_page (*evict)(void *state, mmsim_page incoming);

    /* The page, resident or not, ceased to exist: a policy remembers nothing of it. */
    void (*forget)(void *state, mmsim_page page);

    /* Optional: false = the page is not worth a frame. Asked before evict(), in studies only. */
    bool (*admit)(void *state, mmsim_page incoming);

    /*
     * Optional: `now` references have been made. Pages that leave on their own accord go into
     * `leaving`, at most `max` (at least 1); called again until it returns less than `max`.
     */
    size_t (*tick)(void *state, uint64_t now, mmsim_page *leaving, size_t max);

    /*
     * Optional: the same protocol over many references at once; only ever called instead of the
     * others, not between them. All references of earlier calls may be remembered by address.
     */
    void (*replay)(void *state, const mmsim_ref *refs, size_t n, struct mmsim_counts *counts);

    /* Optional: the policy has `frames` from now on, 1 to setup->frames; no page leaves by this. */
    void (*resize)(void *state, mmsim_page frames);

    /* Optional: NULL, or a sentence that says which invariant is broken. */
    const char *(*check)(const void *state);
};

enum {
    MMSIM_POLICY_STUDY_ONLY = 1, /* needs the future, or loads not every page: not for a pager */
    MMSIM_POLICY_STACK = 2,      /* more frames never mean more misses (Mattson et al. 1970) */
    MMSIM_POLICY_VARIABLE = 4,   /* pages leave though frames are free: see mean_resident */
    MMSIM_POLICY_LOOKS = 8       /* its own hand looks at accessed bits, through setup->look */
};

/* ---- what there is ---- */

/* The i-th policy, in the order of docs/policies.md; NULL past the end. */
const struct mmsim_policy_ops *mmsim_policy_at(size_t index);

/* By name; NULL: there is none. */
const struct mmsim_policy_ops *mmsim_policy_find(const char *name);

/* A policy and the values of its parameters. */
struct mmsim_policy_choice {
    const struct mmsim_policy_ops *ops;
    double params[MMSIM_POLICY_MAX_PARAMS];
    char given[96]; /* as it was written: "load-bit=1"; "" if all are defaults */
};

/* All parameters by default. */
struct mmsim_policy_choice mmsim_policy_choice_of(const struct mmsim_policy_ops *ops);

/*
 * Reads "clock(load-bit=1)". BAD_INPUT: says what is wrong with it and what was probably meant;
 * `error->where` is "NAME" or "NAME(PARAMETER)". `text` ends at text + n_bytes.
 */
enum mmsim_status mmsim_policy_parse(const char *text, size_t n_bytes,
                                     struct mmsim_policy_choice *choice, struct mmsim_error *error);

/* "clock(load-bit=0)": the name with the value of every parameter. Cut to n_bytes. */
void mmsim_policy_describe(const struct mmsim_policy_choice *choice, char *text, size_t n_bytes);

/* Whether a table can be used: BAD_ARGUMENT says which field of it is wrong. */
enum mmsim_status mmsim_policy_validate(const struct mmsim_policy_ops *ops,
                                        struct mmsim_error *error);

/* "load", "store", "fetch". Static storage. */
const char *mmsim_kind_name(enum mmsim_kind kind);

#ifdef __cplusplus
}
#endif
#endif
