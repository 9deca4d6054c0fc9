/*
 * cpu.h - one simulated processor: registers, TLBs, and its own counts.
 *
 * The registers and the rights table belong to the model (struct mmsim_arch_cpu); the CPU adds the
 * TLBs and carries out what a register write does to them.
 *
 * Invariants: (1) n_accesses counts every translation asked for, and is the stamp of the latest
 * one; (2) n_misses <= n_accesses; (3) both TLBs satisfy theirs.
 */
#ifndef MM_HW_CPU_H
#define MM_HW_CPU_H

#include <mmsim/arch.h>

#include "hw/bus.h"
#include "hw/clock.h"
#include "hw/shortcut.h"
#include "hw/tlb.h"
#include "obs/counters.h"
#include "obs/event.h"

/* What all CPUs of a machine share. */
struct mm_board {
    const struct mmsim_arch_ops *arch;
    struct mm_bus *bus;
    struct mm_clock *clock;
    struct mm_obs *obs;
    struct mm_counters *counters;
    mmsim_vaddr address_mask; /* linear addresses wrap at its end */
    unsigned paging_mode;     /* index into arch->modes */
    uint64_t seed;            /* of random replacement */
};

/* A CPU's TLBs; one that it does not have has no ways. */
enum mm_tlb_name { MM_TLB_DATA, MM_TLB_FETCH, MM_TLB_SECOND, MM_N_TLBS };

struct mm_cpu;

/* What gave a translation without the tables being read from the top. */
enum mm_holder { MM_HELD_BY_TLB, MM_HELD_BY_SECOND_TLB, MM_HELD_BY_WALK_CACHE };

/*
 * Somebody who is told of every translation that is used although the tables were not read anew for
 * it, before the access. May look at everything, changes nothing.
 */
struct mm_watch {
    void (*used)(void *user, const struct mm_cpu *cpu, const struct mmsim_request *request,
                 const struct mmsim_translation *held, enum mm_holder holder);
    void *user;
};

struct mm_cpu {
    struct mmsim_arch_cpu arch;
    struct mm_tlb *tlb[2]; /* [0] data, [1] fetches; the same one on a CPU with one TLB */
    struct mm_tlb own_tlbs[MM_N_TLBS];
    uint64_t n_accesses, n_misses;
    uint64_t n_second_hits;         /* hits that only the second level had */
    uint64_t n_walk_cache_hits;     /* walks that did not read their directory entry */
    struct mmsim_fault fault;       /* the latest one */
    enum mmsim_bus_error bus_error; /* of the latest access to a device */
    const struct mm_board *board;
    unsigned index;
    struct mm_shortcut shortcut;
    const struct mm_watch *watch; /* NULL: nobody watches; else the shortcut is not used */
    /* Of whoever runs here, for events; kept by the scheduler. */
    uint32_t process;
    const char *process_name;
};

bool mm_cpu_init(struct mm_cpu *cpu, struct mm_host *host, const struct mm_board *board,
                 const struct mmsim_cpu_preset *preset, unsigned index);
void mm_cpu_fini(struct mm_cpu *cpu, struct mm_host *host);

/* Has every use of a held translation watched; `watch` stays the caller's, NULL ends it. */
void mm_cpu_watch(struct mm_cpu *cpu, const struct mm_watch *watch);

/* Size of a page of a size class, as a shift; 0: there is no such class. */
static inline uint8_t mm_board_page_shift(const struct mm_board *board, unsigned size_class)
{
    return board->arch->modes[board->paging_mode].page_shifts[size_class];
}

/* Turns paging on; returns the abilities in use (enum mmsim_cpu_ability). */
uint32_t mm_cpu_start_paging(struct mm_cpu *cpu, mmsim_paddr root, uint32_t abilities);

/* Writes a register as its instruction would: flushes what must go. False: #GP, nothing changed. */
bool mm_cpu_write_register(struct mm_cpu *cpu, unsigned number, uint64_t value);

/* Loads other page tables, or the same ones again, which flushes all but global entries. */
void mm_cpu_load_root(struct mm_cpu *cpu, mmsim_paddr root);

/* A thread of execution has the CPU: what it may do with each key, where its code ends (0: flat).
 */
void mm_cpu_load_keys(struct mm_cpu *cpu, uint32_t pkru);
static inline void mm_cpu_limit_code(struct mm_cpu *cpu, mmsim_vaddr end)
{
    cpu->arch.code_end = end; /* fetches never take the shortcut */
}

/* Drops one page from every TLB: what a page fault does. */
void mm_cpu_drop(struct mm_cpu *cpu, mmsim_vaddr address);

/* The same as INVLPG does it, which empties the paging-structure cache too. */
void mm_cpu_invalidate(struct mm_cpu *cpu, mmsim_vaddr address);

/* An event with this CPU and its process filled in. */
struct mmsim_event mm_cpu_event(const struct mm_cpu *cpu, enum mmsim_event_type type);

const char *mm_cpu_check(const struct mm_cpu *cpu);

#endif
