/*
 * walk_pae.c - the way through three-level tables, and the loading of the topmost level.
 *
 * Source: SDM 3A 4.4 "PAE Paging"; 4.4.1 "PDPTE Registers".
 *
 *   linear   31 30  29.......21 20.......12 11.........0
 *            PDPTE  directory   table       offset        4 KiB page: PDPTE -> PDE -> PTE
 *            PDPTE  directory   ------ offset -------     2 MiB page: PDPTE -> PDE (PS = 1)
 *
 * The four PDPTEs are registers: MOV CR3 loads and checks them, and a change in memory has no
 * effect until the next load. PS works whatever CR4.PSE says.
 */
#include "x86_32/walk.h"

/* Bits 51:M, or whatever of them there is. */
static uint64_t beyond_physical(const struct mmsim_arch_cpu *cpu)
{
    return X86_PAE_ADDRESS & ~((UINT64_C(1) << cpu->preset->physical_bits) - 1);
}

/* Reserved bits of any entry in memory. */
static uint64_t reserved_bits(const struct mmsim_arch_cpu *cpu)
{
    uint64_t keys = x86_keys_on(cpu) ? UINT64_C(15) << X86_KEY_SHIFT_PAE : 0;
    uint64_t no_execute = x86_no_execute_on(cpu) ? 0 : X86_XD;
    return beyond_physical(cpu) | (X86_PAE_HIGH_RESERVED & ~keys) | no_execute;
}

bool mm_x86_load_pdptes(struct mmsim_arch_cpu *cpu, uint64_t cr3)
{
    uint64_t loaded[X86_N_PDPTES];
    uint64_t reserved = X86_PDPTE_RESERVED | X86_XD | X86_PAE_HIGH_RESERVED | beyond_physical(cpu);
    for (unsigned i = 0; i < X86_N_PDPTES; i++) {
        loaded[i] = mmsim_port_read64(cpu->port, (cr3 & X86_CR3_PAE_BASE) + i * sizeof loaded[i]);
        if (x86_judge(loaded[i], reserved) == X86_STOP_RESERVED)
            return false;
    }
    memcpy(&cpu->registers[X86_PDPTE0], loaded, sizeof loaded);
    return true;
}

struct x86_path mm_x86_descend_pae(const struct mmsim_arch_cpu *cpu, const struct mmsim_port *port,
                                   const struct mmsim_walk_cache *cache, mmsim_vaddr address)
{
    struct x86_path path = {.stop = X86_STOP_NOT_PRESENT, .page_shift = X86_SMALL_SHIFT};
    uint64_t pdpte = cpu->registers[X86_PDPTE0 + ((address >> X86_PDPTE_SHIFT) & 3)];
    if (!(pdpte & X86_P))
        return path;
    uint64_t reserved = reserved_bits(cpu);
    uint64_t no_pat = x86_has(cpu, X86_HAS_PAT) ? 0 : X86_PDE_PAT;
    path.n_levels = 1;
    path.where[0] = (pdpte & X86_PAE_ADDRESS) + ((address >> 21) & 511) * sizeof(uint64_t);
    path.cached = cache && mmsim_walk_cache_find(cache, address >> 21, &path.entry[0]);
    if (!path.cached)
        path.entry[0] = mmsim_port_read64(port, path.where[0]);
    uint64_t pde = path.entry[0];
    path.large = !path.cached && (pde & X86_PS);
    path.stop = x86_judge(pde, reserved | (path.large ? X86_PAE_LARGE_RESERVED | no_pat : 0));
    if (path.large) {
        path.page_shift = X86_LARGE_SHIFT_PAE;
        path.base = pde & X86_PAE_LARGE_BASE;
    }
    if (path.stop != X86_STOP_NONE || path.large)
        return path;
    path.n_levels = 2;
    path.where[1] = (pde & X86_PAE_ADDRESS) + ((address >> 12) & 511) * sizeof(uint64_t);
    path.entry[1] = mmsim_port_read64(port, path.where[1]);
    path.stop = x86_judge(path.entry[1], reserved | (no_pat ? X86_PTE_PAT : 0));
    path.base = path.entry[1] & X86_PAE_ADDRESS;
    return path;
}
