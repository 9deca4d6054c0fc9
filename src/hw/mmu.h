/*
 * mmu.h - the memory management unit: one access, from linear address to bytes.
 *
 *   TLB hit, right granted, store to a dirty page  ->  done
 *   TLB hit, right refused                         ->  page fault (P = 1); the page's entries go
 *   TLB hit, store to a clean page                 ->  walk again, so that D is set in memory
 *   TLB miss                                       ->  walk; fill the TLB, or page fault
 *
 * A fault enters nothing into the TLB and drops what it held for that page, so that a fault taken
 * from a stale entry does not recur (SDM 3A 4.10.4.1). While paging is off there is no TLB.
 *
 * An access of up to 8 bytes may straddle two pages: both are translated before a byte moves, so a
 * fault on the second leaves the first's bytes unchanged.
 */
#ifndef MM_HW_MMU_H
#define MM_HW_MMU_H

#include "hw/cpu.h"

/* What the inline path below does not finish. `held` is the TLB's entry, or NULL. */
bool mm_mmu_translate_slowly(struct mm_cpu *cpu, const struct mmsim_request *request,
                             struct mm_tlb_entry *held, mmsim_paddr *physical);

static inline mmsim_paddr mm_tlb_entry_physical(const struct mm_tlb_entry *entry,
                                                mmsim_vaddr address, uint8_t array_shift)
{
    return entry->base | (address & (((mmsim_vaddr)1 << array_shift) - 1));
}

/* A hit that user mode may repeat goes into the shortcut, if the page is plain RAM. */
static inline void mm_mmu_remember(struct mm_cpu *cpu, const struct mmsim_request *request,
                                   struct mm_tlb_entry *entry, mmsim_paddr physical)
{
    uint8_t *page = mm_bus_direct(cpu->board->bus, physical & ~MMSIM_PAGE_MASK, MMSIM_PAGE_SIZE);
    if (page && request->privilege == MMSIM_PRIVILEGE_USER)
        mm_shortcut_add(&cpu->shortcut, request->access, request->address, page, entry);
}

/* What follows a granted hit: the watch is told, or the shortcut remembers it. */
void mm_mmu_tell_watch(const struct mm_cpu *cpu, const struct mmsim_request *request,
                       const struct mm_tlb_entry *entry, enum mm_holder holder);

static inline void mm_mmu_granted(struct mm_cpu *cpu, const struct mmsim_request *request,
                                  struct mm_tlb_entry *entry, mmsim_paddr physical,
                                  enum mm_holder holder)
{
    if (cpu->watch)
        mm_mmu_tell_watch(cpu, request, entry, holder);
    else
        mm_mmu_remember(cpu, request, entry, physical);
}

/* True: *physical is where `address` lies. False: cpu->fault tells why not. */
static inline bool mm_mmu_translate(struct mm_cpu *cpu, mmsim_vaddr address,
                                    enum mmsim_access_kind access, enum mmsim_privilege privilege,
                                    mmsim_paddr *physical)
{
    const struct mm_tlb *tlb = cpu->tlb[access == MMSIM_ACCESS_FETCH];
    struct mmsim_request request = {address, access, privilege};
    uint64_t stamp = ++cpu->n_accesses;
    struct mm_tlb_entry *entry = mm_tlb_array_find(&tlb->small, address);
    if (entry && ((cpu->arch.allow[privilege][entry->rights] >> access) & 1) &&
        (access != MMSIM_ACCESS_WRITE || entry->dirty)) {
        entry->stamp = stamp;
        *physical = entry->base | (address & MMSIM_PAGE_MASK);
        mm_mmu_granted(cpu, &request, entry, *physical, MM_HELD_BY_TLB);
        return true;
    }
    return mm_mmu_translate_slowly(cpu, &request, entry, physical);
}

/*
 * The host bytes of a user access that the shortcut knows, which then counts as the TLB hit that it
 * is; NULL: nothing happened, go the ordinary way.
 */
static inline uint8_t *mm_mmu_shortcut(struct mm_cpu *cpu, mmsim_vaddr address,
                                       enum mmsim_access_kind access,
                                       enum mmsim_privilege privilege, size_t n_bytes)
{
    uint64_t offset = address & MMSIM_PAGE_MASK;
    const struct mm_shortcut_slot *slot = mm_shortcut_find(&cpu->shortcut, access, address);
    if (!slot || offset > MMSIM_PAGE_SIZE - n_bytes || privilege != MMSIM_PRIVILEGE_USER)
        return NULL;
    slot->entry->stamp = ++cpu->n_accesses;
    return slot->page + offset;
}

/*
 * Moves the bytes of an access between the caller's `data` and host `memory`. Loads and stores mix
 * at random, and a wrong guess of a branch costs more than the access: so the two ends are swapped
 * by a mask, not by an if (compilers make a branch of any if here). A word, the usual size, is one
 * move.
 */
static inline void mm_mmu_exchange(enum mmsim_access_kind access, void *data, uint8_t *memory,
                                   size_t n_bytes)
{
    uintptr_t store = (uintptr_t)0 - (access == MMSIM_ACCESS_WRITE);
    uintptr_t swap = ((uintptr_t)memory ^ (uintptr_t)data) & store;
    void *to = (void *)((uintptr_t)data ^ swap);
    const void *from = (const void *)((uintptr_t)memory ^ swap);
    if (n_bytes == sizeof(uint32_t))
        memcpy(to, from, sizeof(uint32_t));
    else
        memcpy(to, from, n_bytes);
}

/* Where the bytes of an access lie: one piece, or two if it straddles a page boundary. */
struct mm_pieces {
    mmsim_paddr physical[2];
    size_t first_bytes;
};

/* Translates an access of 1..8 bytes whole. False: cpu->fault. */
bool mm_mmu_translate_pieces(struct mm_cpu *cpu, const struct mmsim_request *request,
                             size_t n_bytes, struct mm_pieces *pieces);

/* Moves its bytes between the bus and `data`; cpu->bus_error tells what a device said. */
void mm_mmu_move(struct mm_cpu *cpu, enum mmsim_access_kind access, const struct mm_pieces *pieces,
                 void *data, size_t n_bytes);

/* Both: one access of 1..8 bytes. False: cpu->fault, and no byte was moved. */
bool mm_mmu_access(struct mm_cpu *cpu, const struct mmsim_request *request, void *data,
                   size_t n_bytes);

static inline bool mm_mmu_read(struct mm_cpu *cpu, mmsim_vaddr address, void *data, size_t n_bytes,
                               enum mmsim_privilege privilege)
{
    struct mmsim_request request = {address, MMSIM_ACCESS_READ, privilege};
    return mm_mmu_access(cpu, &request, data, n_bytes);
}

/* A store only reads through `data`. */
static inline bool mm_mmu_write(struct mm_cpu *cpu, mmsim_vaddr address, const void *data,
                                size_t n_bytes, enum mmsim_privilege privilege)
{
    struct mmsim_request request = {address, MMSIM_ACCESS_WRITE, privilege};
    return mm_mmu_access(cpu, &request, (void *)(uintptr_t)data, n_bytes);
}

static inline bool mm_mmu_fetch(struct mm_cpu *cpu, mmsim_vaddr address, uint8_t *byte,
                                enum mmsim_privilege privilege)
{
    struct mmsim_request request = {address, MMSIM_ACCESS_FETCH, privilege};
    return mm_mmu_access(cpu, &request, byte, 1);
}

/*
 * Enters a page into the data TLB, and into no other: what a kernel does by touching it while its
 * entry allows that for a moment (PaX, PAGEEXEC). It must be allowed, to user mode.
 */
void mm_mmu_prime(struct mm_cpu *cpu, mmsim_vaddr address, enum mmsim_access_kind access);

/* Explains a translation without making it; fills the record's TLB part too. Changes nothing. */
void mm_mmu_explain(const struct mm_cpu *cpu, const struct mmsim_request *request,
                    struct mmsim_walk *walk);

#endif
