/*
 * pager.h - which page goes when frames run out: the replacement policy, and what it is told.
 *
 * The policy speaks of pages by number. A number belongs to a page of anonymous memory or of an
 * object for as long as the page exists, in a frame or out of it, so that a policy recognises what
 * comes back:
 *
 *   unused --new--> absent --load--> resident --choose--> leaving --left--> absent --forget-->
 * unused
 *                                    |^  ^                   |
 *                          set aside v| released    put back `--> resident
 *                                   aside (locked: no policy sees it)
 *
 * Pages belong to *domains*, each with a policy of its own: one for all (scope global), or one for
 * each address space and one for what belongs to nobody (scope local), which then has so many
 * frames at its disposal (allot.h).
 *
 * What a policy sees: every reference (view exact: whoever makes one tells), or the accessed bits
 * of the page tables, when its own hand looks at a page, or all of them before it chooses and every
 * so many references.
 *
 * How a page is taken out of its frame is reclaim.h.
 *
 * Invariants: (1) n_resident of a domain is the number of its resident pages, and never more than
 * its policy's frames; (2) a page that is resident or aside has a frame that names it, one that is
 * not has none; (3) the bit map has a bit for each resident page.
 */
#ifndef MM_PAGING_PAGER_H
#define MM_PAGING_PAGER_H

#include <mmsim/pager.h>
#include <mmsim/policy.h>

#include "alloc/zone.h"
#include "base/host.h"
#include "base/list.h"
#include "base/tree.h"
#include "obs/event.h"
#include "paging/page.h"

enum mm_page_place {
    MM_PLACE_UNUSED,
    MM_PLACE_ABSENT,
    MM_PLACE_RESIDENT,
    MM_PLACE_ASIDE,
    MM_PLACE_LEAVING
};

/* What the pager knows of a page. */
struct mm_pager_page {
    struct mm_domain *domain; /* whose policy knows it, or may remember it; NULL: none does */
    mmsim_pfn pfn;            /* resident, aside; unused: the next unused page */
    uint32_t evicted_at;      /* on the clock of evictions; 0: never */
    uint64_t used_at;         /* number of the reference by which it was last seen in use, from 1 */
    uint32_t owner;           /* number of the address space that wanted it last; 0: none */
    uint8_t place;            /* enum mm_page_place */
};

struct mm_aspace;
struct mm_pager;

struct mm_domain {
    struct mm_list link; /* in mm_pager.domains, oldest first */
    struct mm_pager *pager;
    void *state; /* of its policy */
    struct mmsim_policy_setup setup;
    size_t n_state_bytes;
    uint64_t n_resident;
    uint64_t allotment;              /* frames that it may use; UINT64_MAX: as many as there are */
    mmsim_page policy_frames;        /* that its policy was told it has */
    uint64_t limit;                  /* what it was given by name; 0: nothing */
    const struct mm_aspace *aspace;  /* whose it is; NULL: of what belongs to nobody */
    uint64_t n_loads, n_refaults;    /* refaults: loads of pages that had been evicted */
    uint64_t last_fault;             /* references that had been made at the last load */
    uint64_t last_share;             /* and when its working set was last looked at */
    uint64_t n_window, n_window_hot; /* loads lately; those that came back too soon (thrashing) */
    uint64_t window_began;           /* references */
    bool thrashes;
    uint64_t asked; /* reclaim's round in which it was last asked for pages */
};

enum { MM_PAGER_DISTANCES = 32 };

struct mm_pager_stats {
    uint64_t scanned, reclaimed, direct; /* pages looked at; frames freed; runs for an allocation */
    uint64_t background;                 /* runs below a watermark */
    uint64_t loads, refaults;
    uint64_t activations; /* refaults that a memory as large again would not have had */
    uint64_t thrashing;   /* times that a domain began to thrash */
    uint64_t write_backs; /* pages written because they were to go */
    uint64_t put_backs;   /* pages that were chosen, but could not go */
    uint64_t distances[MM_PAGER_DISTANCES]; /* refaults by evictions in between: 2^i and more */
};

struct mm_pager_setup {
    struct mm_host *host;
    struct mm_zones *zones;
    struct mm_obs *obs;
    const struct mmsim_policy_choice *policy; /* copied */
    bool exact;                               /* every reference is told */
    uint64_t interval; /* references between two looks at all accessed bits; 0: when needed */
    bool local;
    enum mmsim_allocation allocation;
    uint64_t window;    /* allocation WORKING_SET: references that make a working set */
    uint64_t threshold; /* allocation PFF: references between two faults that are too few */
    uint64_t seed;
    uint64_t n_slots;                   /* of swap */
    uint64_t (*references)(void *user); /* made so far */
    void *user;
};

struct mm_pager {
    struct mm_pager_setup setup;
    struct mmsim_policy_choice policy;
    struct mm_pager_page *pages;         /* by number; sparse */
    uint64_t *resident;                  /* a bit a page; sparse */
    mmsim_page universe, n_ever, unused; /* pages below n_ever were used; a list of unused ones */
    mmsim_page capacity;                 /* frames that a policy can have */
    struct mm_list domains;
    struct mm_domain *root;    /* scope global: the only one */
    uint32_t owner;            /* number of the address space that the kernel works for */
    struct mm_domain *current; /* on whose behalf the kernel works; NULL: root's */
    mmsim_page incoming;       /* what room is made for; MMSIM_NO_PAGE */
    mmsim_page kept[2];        /* the last two pages that the access under way has brought in */
    bool ahead;                /* what comes now, nobody has asked for */
    uint64_t n_faulted;        /* accesses that were not made, or only when tried again */
    uint32_t evictions;        /* the clock of evictions */
    uint64_t next_look;        /* references */
    struct mm_pager_stats stats;
    const char *broken; /* what the policy did wrong; NULL */

    /* Installed by reclaim.h: tests and clears the accessed bits of a page. */
    enum mmsim_look (*look)(void *user, mmsim_pfn pfn);
    void *look_user;
};

/* False: no host memory. */
bool mm_pager_init(struct mm_pager *pager, const struct mm_pager_setup *setup);
void mm_pager_fini(struct mm_pager *pager);

/* Scope local: a domain for an address space. NULL: no host memory. Scope global: the only one. */
struct mm_domain *mm_pager_join(struct mm_pager *pager, const struct mm_aspace *aspace);

/* A domain for an address space, whatever the scope. NULL: no host memory. */
struct mm_domain *mm_pager_found(struct mm_pager *pager, const struct mm_aspace *aspace);

/* The policy of a domain is told how many frames it has, 1 to setup.frames. */
void mm_pager_resize(struct mm_domain *domain, mmsim_page frames);

/* A page of another domain becomes one of this one's. MMSIM_NO_PAGE is allowed. */
void mm_pager_adopt(struct mm_domain *domain, mmsim_page page);

/* The address space ends: pages that others still have go over to the root domain. */
void mm_pager_leave(struct mm_domain *domain);

/* The domain that pays for what the kernel does now. */
static inline struct mm_domain *mm_pager_payer(const struct mm_pager *pager)
{
    return pager->current ? pager->current : pager->root;
}

/* An access begins, or is done: what one brings in stays until then. */
static inline void mm_pager_next_access(struct mm_pager *pager)
{
    pager->kept[0] = pager->kept[1] = MMSIM_NO_PAGE;
}

/* Whether the access under way has brought a page in. */
static inline bool mm_pager_keeps(const struct mm_pager *pager, mmsim_page page)
{
    return page == pager->kept[0] || page == pager->kept[1];
}

/* The time of policies: references that were made. However often one is tried, it is one. */
static inline uint64_t mm_pager_now(const struct mm_pager *pager)
{
    return pager->setup.references(pager->setup.user) - pager->n_faulted;
}

/* Whether a page was used by one of the last n references, when `now` have been made. */
static inline bool mm_pager_was_used(const struct mm_pager_page *page, uint64_t now, uint64_t n)
{
    return page->used_at > now || now - page->used_at < n;
}

/* ---- the life of a page ---- */

/* A number for a page that begins to exist, or MMSIM_NO_PAGE: there is none left. */
mmsim_page mm_pager_new(struct mm_pager *pager);

/* It ceases to exist, wherever it is. MMSIM_NO_PAGE is allowed. */
void mm_pager_forget(struct mm_pager *pager, mmsim_page page);

/* It is in a frame from now on. */
void mm_pager_load(struct mm_pager *pager, mmsim_page page, mmsim_pfn pfn, enum mmsim_kind kind);

/* View exact: it was referenced. The load of a page is its first reference already. */
void mm_pager_reference(struct mm_pager *pager, mmsim_page page, enum mmsim_kind kind);

/* Its frame is another. */
void mm_pager_moved(struct mm_pager *pager, mmsim_page page, mmsim_pfn pfn);

/*
 * The policy of a domain lets go of a page: leaving. MMSIM_NO_PAGE: it has none. Then either left()
 * or put_back(), or set_aside().
 */
mmsim_page mm_pager_choose(struct mm_domain *domain, mmsim_page incoming);
void mm_pager_left(struct mm_pager *pager, mmsim_page page);
void mm_pager_put_back(struct mm_pager *pager, mmsim_page page);
void mm_pager_set_aside(struct mm_pager *pager, mmsim_page page);

/* It is wanted out, whatever the policy thinks of it; false: it is not resident. */
bool mm_pager_take(struct mm_pager *pager, mmsim_page page);

/* A page that was set aside is seen by a policy again. */
void mm_pager_release(struct mm_pager *pager, mmsim_page page);

/* ---- time ---- */

/* Tells every policy which pages have their accessed bits set, and clears them. */
void mm_pager_harvest(struct mm_pager *pager);

/* The same, if it is time: every `interval` references, unless the policy's own hand looks. */
void mm_pager_poll(struct mm_pager *pager);

/* References until then; UINT64_MAX: it never comes. */
uint64_t mm_pager_until_poll(const struct mm_pager *pager);

/* Pages that a policy gives up because time has passed, at most `max`: they are leaving. */
size_t mm_pager_tick(struct mm_domain *domain, mmsim_page *leaving, size_t max);

/* Whether there is a policy that does. */
static inline bool mm_pager_ticks(const struct mm_pager *pager)
{
    return pager->policy.ops->tick != NULL;
}

/* NULL, or a sentence (static storage). */
const char *mm_pager_check(const struct mm_pager *pager);

#endif
