/*
 * regs.c - control registers: what may be written, and what a write does to the TLBs.
 *
 * Sources: SDM 3A 2.5 "Control Registers" (which bits exist, which combinations raise #GP) and
 * 4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure Caches".
 *
 *   write                           TLB entries that go
 *   CR3                             all but global ones
 *   CR4 with PGE changed            all
 *   CR0 with PG cleared             all
 *   CR0.WP, CR4.PSE                 none: WP is evaluated at each access
 */
#include "x86_32/model.h"
#include "x86_32/pte.h"

static bool has(const struct mmsim_arch_cpu *cpu, uint32_t feature)
{
    return (cpu->preset->features & feature) != 0;
}

void mm_x86_reset(struct mmsim_arch_cpu *cpu, const struct mmsim_cpu_preset *preset)
{
    memset(cpu, 0, sizeof *cpu);
    cpu->preset = preset;
    cpu->registers[X86_CR0] = X86_CR0_PE;
    mm_x86_rights_rebuild(cpu);
}

static unsigned write_cr0(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    bool paging = value & X86_CR0_PG;
    bool bad_cache_mode = (value & X86_CR0_NW) && !(value & X86_CR0_CD);
    if (value >> 32 || (paging && !(value & X86_CR0_PE)))
        return MMSIM_EFFECT_REFUSED;
    if (bad_cache_mode && has(cpu, X86_HAS_WP)) /* CD and NW came with WP, in the i486 */
        return MMSIM_EFFECT_REFUSED;
    if (!has(cpu, X86_HAS_WP))
        value &= ~X86_CR0_WP;
    bool was_paging = cpu->translating;
    cpu->registers[X86_CR0] = value;
    cpu->translating = paging;
    mm_x86_rights_rebuild(cpu);
    return was_paging != paging ? MMSIM_EFFECT_FLUSH_ALL : MMSIM_EFFECT_NONE;
}

static unsigned write_cr4(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    uint64_t defined =
        (has(cpu, X86_HAS_PSE) ? X86_CR4_PSE : 0) | (has(cpu, X86_HAS_PGE) ? X86_CR4_PGE : 0);
    if (!has(cpu, X86_HAS_CR4) || (value & ~defined))
        return MMSIM_EFFECT_REFUSED;
    uint64_t changed = cpu->registers[X86_CR4] ^ value;
    cpu->registers[X86_CR4] = value;
    return changed & X86_CR4_PGE ? MMSIM_EFFECT_FLUSH_ALL : MMSIM_EFFECT_NONE;
}

unsigned mm_x86_write_register(struct mmsim_arch_cpu *cpu, unsigned number, uint64_t value)
{
    switch (number) {
    case X86_CR0:
        return write_cr0(cpu, value);
    case X86_CR2:
        if (value >> 32)
            return MMSIM_EFFECT_REFUSED;
        cpu->registers[X86_CR2] = value;
        return MMSIM_EFFECT_NONE;
    case X86_CR3:
        if (value >> 32)
            return MMSIM_EFFECT_REFUSED;
        cpu->registers[X86_CR3] = value;
        return MMSIM_EFFECT_FLUSH;
    case X86_CR4:
        return write_cr4(cpu, value);
    default:
        return MMSIM_EFFECT_REFUSED;
    }
}

uint32_t mm_x86_start_paging(struct mmsim_arch_cpu *cpu, mmsim_paddr root, uint32_t abilities)
{
    uint32_t used = abilities & cpu->preset->abilities;
    uint64_t cr4 = (used & MMSIM_CPU_LARGE_PAGES ? X86_CR4_PSE : 0) |
                   (used & MMSIM_CPU_GLOBAL_PAGES ? X86_CR4_PGE : 0);
    if (cr4)
        mm_x86_write_register(cpu, X86_CR4, cr4);
    mm_x86_write_register(cpu, X86_CR3, root);
    mm_x86_write_register(
        cpu, X86_CR0, X86_CR0_PG | X86_CR0_PE | (used & MMSIM_CPU_WRITE_PROTECT ? X86_CR0_WP : 0));
    return used;
}

unsigned mm_x86_load_root(struct mmsim_arch_cpu *cpu, mmsim_paddr root)
{
    return mm_x86_write_register(cpu, X86_CR3, root);
}

mmsim_paddr mm_x86_root(const struct mmsim_arch_cpu *cpu)
{
    return cpu->registers[X86_CR3] & X86_TABLE_BASE;
}

void mm_x86_deliver(struct mmsim_arch_cpu *cpu, const struct mmsim_fault *fault)
{
    if (fault->vector == X86_PF_VECTOR)
        cpu->registers[X86_CR2] = fault->address;
}
