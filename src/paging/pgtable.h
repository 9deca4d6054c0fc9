/*
 * pgtable.h - sets of page tables: one for each process, and the kernel's master.
 *
 * This is the only door to the hardware's tables. Entries are written through the model's page map;
 * this file supplies the frames, keeps their account, and knows on which CPUs a set is loaded,
 * which is what a flush needs to know (flush.h).
 *
 *   none --create--> idle --load--> live on one or more CPUs --unload--> idle --destroy--> none
 *
 * Invariants: (1) n_tables is the number of frames that the set owns, its directory included; (2) a
 * CPU whose root is this set's is in cpu_mask, and no other; (3) the kernel's regions hold the
 * master's entries; (4) a frame that is a table names its set as owner.
 */
#ifndef MM_PAGING_PGTABLE_H
#define MM_PAGING_PGTABLE_H

#include <mmsim/machine.h>

#include "alloc/cache.h"
#include "alloc/zone.h"
#include "base/list.h"
#include "hw/cpu.h"
#include "paging/layout.h"

struct mm_pgtable {
    struct mmsim_page_map map; /* first: the model hands it back to the frame callbacks */
    struct mm_paging *paging;
    void *user;          /* the address space; NULL: the kernel's */
    struct mm_list link; /* in mm_paging.sets */
    uint64_t cpu_mask;   /* CPUs that have it loaded */
    uint32_t n_tables;   /* frames: directory and tables */
};

/* What paging needs of the machine, and the kernel's own set of tables. */
struct mm_paging {
    const struct mm_board *board;
    struct mm_zones *zones;
    struct mm_heap *heap;
    struct mm_cpu *cpus; /* n_cpus of them */
    unsigned n_cpus;
    unsigned current_cpu; /* on which the kernel is running now */
    uint32_t abilities;   /* of the CPU, those that the kernel uses */
    struct mmsim_flush flush;
    struct mm_cache pgtables;
    struct mm_pgtable *master;
    struct mm_list sets; /* all struct mm_pgtable but the master */
    bool keeps_tables;   /* tables that become empty stay, for mm_gc_user_tables() to collect */
    bool left_tables;    /* one was left so */
    /* Told of each page of a process that was moved to another frame; may be NULL. */
    void (*on_moved)(void *user, mmsim_pfn from, mmsim_pfn to);
    void *moved_user;
};

/*
 * Builds the kernel's master tables (lowmem, by large pages where the CPU has them) and turns
 * paging on on every CPU. `abilities` are those that the kernel may use. False: no memory.
 */
bool mm_paging_init(struct mm_paging *paging, uint32_t abilities);

/* Gives every frame back. No set but the master may exist. */
void mm_paging_fini(struct mm_paging *paging);

/*
 * Maps device registers into the master tables: supervisor only, uncached, not executable, physical
 * = virtual, whole pages. Before any other set exists. False: no memory for tables.
 */
bool mm_paging_map_device(struct mm_paging *paging, mmsim_paddr at, uint64_t n_bytes);

/* Makes room for kernel entries over [start, end) of the shared regions: in the master tables, and
 * by copies of new top-level entries in every set. False: no memory; new tables stay, empty. */
bool mm_paging_prepare_kernel(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end);

/* Makes the top-level entries over [start, end) of every set those of the master. */
void mm_paging_share_kernel(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end);

/* The kernel runs on this CPU from now on. */
static inline void mm_paging_enter_cpu(struct mm_paging *paging, unsigned cpu)
{
    paging->current_cpu = cpu;
    paging->zones->cpu = cpu;
    mm_heap_enter_cpu(paging->heap, cpu);
}

/* A new set of tables with the kernel's entries; NULL: no memory. */
struct mm_pgtable *mm_pgtable_create(struct mm_paging *paging);

/* Its user entries must be gone. A CPU that has it loaded gets the master. */
void mm_pgtable_destroy(struct mm_pgtable *set);

/* Loads it on a CPU, if it is not loaded there; returns true if that was a switch. */
bool mm_pgtable_load(struct mm_pgtable *set, unsigned cpu);

/* Makes room for an entry; false: no memory. */
bool mm_pgtable_prepare(struct mm_pgtable *set, mmsim_vaddr page);

/* The same for a large entry, where no entry is left; false: some is. */
bool mm_pgtable_prepare_large(struct mm_pgtable *set, mmsim_vaddr address);

/* A table of small entries in place of a large one; false: no memory, nothing changed. */
bool mm_pgtable_split(struct mm_pgtable *set, mmsim_vaddr address);

/* The verbs of arch.h, charged and reported. map() needs prepare() before; none of them fails. */
void mm_pgtable_map(struct mm_pgtable *set, mmsim_vaddr page, const struct mmsim_entry *entry);
struct mmsim_entry mm_pgtable_unmap(struct mm_pgtable *set, mmsim_vaddr page);
struct mmsim_entry mm_pgtable_protect(struct mm_pgtable *set, mmsim_vaddr page,
                                      const struct mmsim_entry *rights);
unsigned mm_pgtable_test_and_clear(struct mm_pgtable *set, mmsim_vaddr page, unsigned flags);
struct mmsim_entry mm_pgtable_query(const struct mm_pgtable *set, mmsim_vaddr page);

/* First page in [from, to) with an entry in use; `to` if there is none. */
mmsim_vaddr mm_pgtable_next(const struct mm_pgtable *set, mmsim_vaddr from, mmsim_vaddr to);

/* Gives back tables over [start, end) that are empty. */
void mm_pgtable_trim(struct mm_pgtable *set, mmsim_vaddr start, mmsim_vaddr end);

/* NULL, or a sentence (static storage). */
const char *mm_pgtable_check(const struct mm_pgtable *set);
const char *mm_paging_check(const struct mm_paging *paging);

#endif
