/*
 * sanitize.h - the TLB sanitizer: who used a translation that the page tables no longer grant.
 *
 * A kernel that changes page tables must make TLBs forget what they hold, on every CPU that may
 * hold it. One that omits this works, most of the time: nothing fails until somebody uses the stale
 * translation, maybe much later, elsewhere. With mmsim_config.sanitize_tlb each use of a held
 * translation (in a TLB of either level, or by way of the paging-structure cache) is compared with
 * the tables as they are, and the first use of each stale one is reported with what made it stale.
 *
 * Statistics and results are the same with and without; only the host's time differs.
 */
#ifndef MMSIM_SANITIZE_H
#define MMSIM_SANITIZE_H

#include <mmsim/arch.h>
#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;

/* What is wrong with the translation that was used. */
enum mmsim_stale_kind {
    MMSIM_STALE_GONE,  /* the tables have no such page any more */
    MMSIM_STALE_MOVED, /* they have it elsewhere in physical memory */
    MMSIM_STALE_RIGHT, /* they refuse this access */
    MMSIM_STALE_CLEAN  /* a store did not set the dirty bit, which was cleared meanwhile */
};

/* What held it. */
enum mmsim_stale_holder {
    MMSIM_STALE_DATA_TLB, /* of a CPU with one TLB for both: that one */
    MMSIM_STALE_FETCH_TLB,
    MMSIM_STALE_SECOND_TLB,
    MMSIM_STALE_WALK_CACHE /* the paging-structure cache led a walk into an old table */
};

/* What was done to the entry in the tables. */
enum mmsim_table_operation {
    MMSIM_TABLE_UNKNOWN, /* nothing that this CPU was not told of: somebody else wrote to the
                            tables, or the host had no memory to keep the change in mind */
    MMSIM_TABLE_UNMAP,
    MMSIM_TABLE_PROTECT,
    MMSIM_TABLE_REPLACE /* an entry was stored over a present one */
};

/* What would have made the CPU forget it. */
enum mmsim_invalidation {
    MMSIM_INVALIDATE_PAGE, /* INVLPG of the page */
    MMSIM_INVALIDATE_ALL   /* a reload of CR3: the CPU has no INVLPG */
};

/* A page as a TLB holds it, or as the tables have it. */
struct mmsim_granted {
    bool present;                      /* false: the rest is 0 */
    bool dirty;                        /* D is set, or known to be */
    uint8_t page_shift;                /* its size: 12, 21, 22 */
    uint8_t allow[MMSIM_N_PRIVILEGES]; /* bit (1 << access kind) set = allowed */
    mmsim_paddr base;                  /* of the page */
};

/* One report. Names live as long as the machine. */
struct mmsim_stale {
    enum mmsim_stale_kind kind;
    enum mmsim_stale_holder holder;
    unsigned cpu;                 /* whose TLB it was */
    uint64_t step, cycles;        /* when it was used */
    const char *process;          /* by whom; NULL = the kernel */
    struct mmsim_request request; /* for what */
    mmsim_vaddr page;             /* first address of the page */
    struct mmsim_granted held, tables;
    struct {
        const char *level; /* "PTE": the last entry that a walk reads now */
        mmsim_paddr address;
        uint64_t value;
    } entry;
    struct {
        enum mmsim_table_operation operation; /* UNKNOWN: the rest is 0 */
        uint64_t step;
        unsigned cpu;        /* on which the kernel did it */
        const char *process; /* that ran there; NULL = none */
    } change;                /* the latest one that took away something of this page */
    enum mmsim_invalidation
        missing; /* that `cpu` did not make, or was not sent, after the change */
};

/* Reports beyond so many are counted but not kept. */
#define MMSIM_STALE_KEPT 256

struct mmsim_sanitizer_counts {
    uint64_t n_compared; /* uses of held translations */
    uint64_t n_stale;    /* reports */
};

/* What was done so far. False: the machine has no sanitizer, the counts are 0. */
bool mmsim_sanitizer_get_counts(const struct mmsim_machine *machine,
                                struct mmsim_sanitizer_counts *counts);

/* The reports in the order in which they were made; false past the last one that was kept. */
bool mmsim_stale_get(const struct mmsim_machine *machine, size_t index, struct mmsim_stale *stale);

/*
 * Prints a report for people: as one sentence without an end, or as some indented lines. `call`
 * says what the step was that changed the tables ("mprotect by p"), where the caller knows; NULL:
 * the report's own word for it. The wording is no contract.
 */
void mmsim_stale_print_line(const struct mmsim_stale *stale, const char *call,
                            const struct mmsim_sink *sink);
void mmsim_stale_print(const struct mmsim_stale *stale, const char *call,
                       const struct mmsim_sink *sink);

/* Writes it as a JSON object without a newline: the contract in docs/scenario.md. */
void mmsim_stale_write_json(const struct mmsim_stale *stale, const struct mmsim_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
