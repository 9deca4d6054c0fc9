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

/* True: *physical is where `address` lies. False: cpu->fault tells why not. */
static inline bool mm_mmu_translate(struct mm_cpu *cpu, mmsim_vaddr address,
                                    enum mmsim_access_kind access, enum mmsim_privilege privilege,
                                    mmsim_paddr *physical)
{
    const struct mm_tlb *tlb = cpu->tlb[access == MMSIM_ACCESS_FETCH];
    uint64_t stamp = ++cpu->n_accesses;
    struct mm_tlb_entry *entry = mm_tlb_array_find(&tlb->small, address);
    if (entry && ((cpu->arch.allow[privilege][entry->rights] >> access) & 1) &&
        (access != MMSIM_ACCESS_WRITE || entry->dirty)) {
        entry->stamp = stamp;
        *physical = entry->base | (address & MMSIM_PAGE_MASK);
        return true;
    }
    struct mmsim_request request = {address, access, privilege};
    return mm_mmu_translate_slowly(cpu, &request, entry, physical);
}

/* Moves n_bytes (1..8) between memory and `data`. False: cpu->fault; no byte was moved. */
bool mm_mmu_read(struct mm_cpu *cpu, mmsim_vaddr address, void *data, size_t n_bytes,
                 enum mmsim_privilege privilege);
bool mm_mmu_write(struct mm_cpu *cpu, mmsim_vaddr address, const void *data, size_t n_bytes,
                  enum mmsim_privilege privilege);

/* Reads one byte as an instruction. */
bool mm_mmu_fetch(struct mm_cpu *cpu, mmsim_vaddr address, uint8_t *byte,
                  enum mmsim_privilege privilege);

/* Explains a translation without making it; fills the record's TLB part too. Changes nothing. */
void mm_mmu_explain(const struct mm_cpu *cpu, const struct mmsim_request *request,
                    struct mmsim_walk *walk);

#endif
