/*
 * walk_32.c - the way through two-level tables.
 *
 * Source: SDM 3A 4.3 "32-Bit Paging".
 *
 *   linear   31........22 21........12 11.........0
 *            directory    table        offset            4 KiB page: CR3 -> PDE -> PTE
 *            directory    ------ offset ----------       4 MiB page: CR3 -> PDE (PS = 1)
 *
 * Reserved bits exist in this mode only while CR4.PSE = 1.
 */
#include "x86_32/walk.h"

/* Bits 21:(M-19), M being the physical address bits that a 4 MiB page reaches: 32 without PSE-36,
 * at most 40 with it. */
static uint64_t reserved_in_large(const struct mmsim_arch_cpu *cpu)
{
    unsigned bits = x86_has(cpu, X86_HAS_PSE36) ? cpu->preset->physical_bits : 32;
    unsigned low = (bits < 40 ? bits : 40) - 19;
    uint64_t high = X86_LARGE_LOW & ~((UINT64_C(1) << low) - 1);
    return high | (x86_has(cpu, X86_HAS_PAT) ? 0 : X86_PDE_PAT);
}

static uint64_t reserved_in_pte(const struct mmsim_arch_cpu *cpu)
{
    return x86_cr4_on(cpu, X86_CR4_PSE) && !x86_has(cpu, X86_HAS_PAT) ? X86_PTE_PAT : 0;
}

struct x86_path mm_x86_descend_32(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                                  const struct mmsim_walk_cache *cache, mmsim_vaddr address)
{
    struct x86_path path = {.n_levels = 1, .page_shift = X86_SMALL_SHIFT};
    mmsim_paddr directory = cpu->registers[X86_CR3] & X86_TABLE_BASE;
    path.where[0] = directory + ((address >> 22) & 1023) * sizeof(uint32_t);
    path.cached = cache && mmsim_walk_cache_find(cache, address >> 22, &path.entry[0]);
    if (!path.cached)
        path.entry[0] = mmsim_port_read32(port, path.where[0]);
    uint64_t pde = path.entry[0];
    /* what the paging-structure cache holds names a table, whatever CR4.PSE says by now */
    path.large = !path.cached && (pde & X86_PS) && x86_cr4_on(cpu, X86_CR4_PSE);
    path.stop = x86_judge(pde, path.large ? reserved_in_large(cpu) : 0);
    if (path.large) {
        path.page_shift = X86_LARGE_SHIFT;
        path.base = x86_large_base(pde);
    }
    if (path.stop != X86_STOP_NONE || path.large)
        return path;
    path.n_levels = 2;
    path.where[1] = (pde & X86_TABLE_BASE) + ((address >> 12) & 1023) * sizeof(uint32_t);
    path.entry[1] = mmsim_port_read32(port, path.where[1]);
    path.stop = x86_judge(path.entry[1], reserved_in_pte(cpu));
    path.base = path.entry[1] & X86_TABLE_BASE;
    return path;
}
