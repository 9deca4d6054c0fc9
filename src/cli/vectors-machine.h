/*
 * vectors-machine.h - the machine of mmsim-vectors: an MMU alone, its page directory, its RAM.
 *
 *   0 .. 128 MiB         RAM; at 1 MiB the page directory of two-level paging, the four
 * page-directory pointers of PAE and their four directories 32 .. 96 MiB         of it, where
 * vectors may put page tables 4 GiB .. + 64 MiB    RAM
 *
 * Paging is always on. The model's TLB has one array for large pages, which holds 4 MiB pages or
 * 2 MiB pages; so there is one MMU for each mode, and what was stored goes along when CR4.PAE
 * changes, which drops every cached translation anyway.
 *
 * Invariants: (1) only the MMU of the current mode is used; (2) every byte of its RAM that is not 0
 * lies in a page marked as stored to, in an entry of the latest `one`, or in the page-directory
 * pointers: accesses move no data.
 */
#ifndef VECTORS_MACHINE_H
#define VECTORS_MACHINE_H

#include <mmsim/mmu.h>

/* Bits of CTL, as mmsim-vectors --help lists them. */
enum vectors_control {
    CTL_WP = 1 << 0,
    CTL_PSE = 1 << 1,
    CTL_PGE = 1 << 2,
    CTL_SMEP = 1 << 3,
    CTL_SMAP = 1 << 4,
    CTL_NXE = 1 << 5,
    CTL_AC = 1 << 6,
    CTL_PAE = 1 << 7,
    CTL_PKE = 1 << 9,
    CTL_SPLIT = 1 << 10,
    CTL_DEFINED = 0x6ff
};

enum vectors_access {
    ACC_READ,
    ACC_WRITE,
    ACC_FETCH,
    ACC_LOCKED,
    ACC_IMPLICIT,
    ACC_READ_BYTE,
    N_ACC
};

/* What a line asks for; a verb uses the fields that it names. */
struct vectors_operation {
    uint64_t access, cpl, control, address, pde, pte, pte2, table, align_check;
};

enum { VECTOR_GENERAL_PROTECTION = 0xd, VECTOR_NONE = 0xff }; /* none: no exception */

struct vectors_result {
    uint32_t vector, error;
    uint64_t cr2, physical;
    uint64_t pde, pte, pte2; /* as they stand afterwards */
};

/* An entry in RAM that the latest `one` stored. */
struct vectors_slot {
    mmsim_paddr address;
    uint64_t n_bytes;
};

#define VECTORS_MAX_SLOTS 4

struct vectors_machine {
    struct mmsim_mmu *mmu;
    uint64_t control; /* CTL_... in its CR4 and EFER */
    bool has_pke;
    struct vectors_slot slots[VECTORS_MAX_SLOTS];
    unsigned n_slots;
    uint8_t *marked; /* by page of RAM: stored to since the last reset */
    uint32_t *marks; /* the marked pages */
    uint32_t n_marks;
};

/* `features` as in struct mmsim_mmu_config. BAD_CONFIG: features or physical_bits; HOST_MEMORY. */
enum mmsim_status vectors_machine_init(struct vectors_machine *machine, const char *features,
                                       unsigned physical_bits, struct mmsim_error *error);
void vectors_machine_fini(struct vectors_machine *machine);

/* Control bits 0, tables empty, nothing cached. */
void vectors_reset(struct vectors_machine *machine);

/* One vector by itself: of earlier ones nothing is left. */
struct vectors_result vectors_one(struct vectors_machine *machine,
                                  const struct vectors_operation *one);

/* Writes CR0, CR4 and EFER as the instructions do. False: the CPU refused one of them with #GP. */
bool vectors_control(struct vectors_machine *machine, uint64_t control);

/* Entries are stored without a flush. */
void vectors_store_pde(struct vectors_machine *machine, mmsim_vaddr address, uint64_t value);
void vectors_store_pte(struct vectors_machine *machine, mmsim_vaddr address, mmsim_paddr table,
                       uint64_t value);

struct vectors_result vectors_access(struct vectors_machine *machine,
                                     const struct vectors_operation *access);

void vectors_load_cr3(struct vectors_machine *machine); /* the same value again */
void vectors_toggle_pge(struct vectors_machine *machine);

#endif
