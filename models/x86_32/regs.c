/*
 * regs.c - control registers: what may be written, and what a write does to the TLBs.
 *
 * Sources: SDM 3A 2.5 "Control Registers" (which bits exist, which combinations raise #GP), 4.4.1
 * "PDPTE Registers", 4.10.4.1 "Operations that Invalidate TLBs and Paging-Structure Caches".
 *
 *   write                              TLB entries that go     PDPTEs (PAE, paging on)
 *   CR3                                all but global ones     loaded
 *   CR4: PGE or PAE changed            all                     loaded
 *   CR4: SMEP 0 to 1                   all                     loaded
 *   CR4: PSE, SMAP, PKE, SMEP 1 to 0   none                    loaded if PSE or SMEP changed
 *   CR0: PG changed                    all                     loaded if set
 *   CR0: CD, NW changed                none                    loaded
 *   CR0.WP, EFLAGS.AC, PKRU            none: evaluated at each access
 *   EFER.NXE                           all (the manual leaves it open)
 */
#include "x86_32/model.h"
#include "x86_32/pte.h"
#include "x86_32/walk.h"

void mm_x86_reset(struct mmsim_arch_cpu *cpu, const struct mmsim_cpu_preset *preset)
{
    memset(cpu, 0, sizeof *cpu);
    cpu->preset = preset;
    cpu->walk_cache.n_entries = preset->walk_cache;
    cpu->registers[X86_CR0] = X86_CR0_PE;
    mm_x86_rights_rebuild(cpu);
}

/* Loads the PDPTEs if this write asks for it and paging works with them. False: #GP. */
static bool load_pdptes_if(struct mmsim_arch_cpu *cpu, bool asked)
{
    bool pae = cpu->translating && x86_cr4_on(cpu, X86_CR4_PAE);
    return !asked || !pae || mm_x86_load_pdptes(cpu, cpu->registers[X86_CR3]);
}

/* Takes a new value for one register; if the PDPTEs it loads are bad, all is as it was. */
static bool try_register(struct mmsim_arch_cpu *cpu, unsigned number, uint64_t value,
                         bool loads_pdptes)
{
    uint64_t before = cpu->registers[number];
    bool was_translating = cpu->translating;
    cpu->registers[number] = value;
    cpu->translating = (cpu->registers[X86_CR0] & X86_CR0_PG) != 0;
    if (load_pdptes_if(cpu, loads_pdptes)) {
        if (number != X86_CR3) /* the table does not depend on it, and a switch writes it often */
            mm_x86_rights_rebuild(cpu);
        return true;
    }
    cpu->registers[number] = before;
    cpu->translating = was_translating;
    return false;
}

static unsigned write_cr0(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    bool paging = value & X86_CR0_PG;
    bool bad_cache_mode = (value & X86_CR0_NW) && !(value & X86_CR0_CD);
    if (value >> 32 || (paging && !(value & X86_CR0_PE)))
        return MMSIM_EFFECT_REFUSED;
    if (bad_cache_mode && x86_has(cpu, X86_HAS_WP)) /* CD and NW came with WP, in the i486 */
        return MMSIM_EFFECT_REFUSED;
    if (!x86_has(cpu, X86_HAS_WP))
        value &= ~X86_CR0_WP;
    uint64_t changed = cpu->registers[X86_CR0] ^ value;
    if (!try_register(cpu, X86_CR0, value, changed & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW)))
        return MMSIM_EFFECT_REFUSED;
    return changed & X86_CR0_PG ? MMSIM_EFFECT_FLUSH_ALL : MMSIM_EFFECT_NONE;
}

/* CR4 bits that exist, by the feature that brings them. */
static uint64_t cr4_defined(const struct mmsim_arch_cpu *cpu)
{
    static const struct {
        uint32_t feature;
        uint64_t bit;
    } bits[] = {
        {X86_HAS_PSE, X86_CR4_PSE},   {X86_HAS_PAE, X86_CR4_PAE},   {X86_HAS_PGE, X86_CR4_PGE},
        {X86_HAS_SMEP, X86_CR4_SMEP}, {X86_HAS_SMAP, X86_CR4_SMAP}, {X86_HAS_PKE, X86_CR4_PKE},
    };
    uint64_t defined = 0;
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        defined |= x86_has(cpu, bits[i].feature) ? bits[i].bit : 0;
    return defined;
}

static unsigned write_cr4(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    if (!x86_has(cpu, X86_HAS_CR4) || (value & ~cr4_defined(cpu)))
        return MMSIM_EFFECT_REFUSED;
    uint64_t before = cpu->registers[X86_CR4];
    uint64_t changed = before ^ value;
    uint64_t loads = X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP;
    if (!try_register(cpu, X86_CR4, value, changed & loads))
        return MMSIM_EFFECT_REFUSED;
    bool smep_rises = changed & value & X86_CR4_SMEP;
    return (changed & (X86_CR4_PGE | X86_CR4_PAE)) || smep_rises ? MMSIM_EFFECT_FLUSH_ALL
                                                                 : MMSIM_EFFECT_NONE;
}

static unsigned write_cr2(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    if (value >> 32)
        return MMSIM_EFFECT_REFUSED;
    cpu->registers[X86_CR2] = value;
    return MMSIM_EFFECT_NONE;
}

static unsigned write_cr3(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    if (value >> 32 || !try_register(cpu, X86_CR3, value, true))
        return MMSIM_EFFECT_REFUSED;
    return MMSIM_EFFECT_FLUSH;
}

static unsigned write_efer(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    uint64_t defined = x86_has(cpu, X86_HAS_NX) ? X86_EFER_NXE : 0;
    if (value & ~defined)
        return MMSIM_EFFECT_REFUSED;
    bool changed = cpu->registers[X86_EFER] != value;
    try_register(cpu, X86_EFER, value, false);
    return changed ? MMSIM_EFFECT_FLUSH_ALL : MMSIM_EFFECT_NONE;
}

static unsigned write_eflags(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    try_register(cpu, X86_EFLAGS, value & X86_EFLAGS_AC, false);
    return MMSIM_EFFECT_NONE;
}

/* WRPKRU: #UD unless CR4.PKE = 1 (SDM 2D, WRPKRU). */
static unsigned write_pkru(struct mmsim_arch_cpu *cpu, uint64_t value)
{
    if (!x86_cr4_on(cpu, X86_CR4_PKE) || value >> 32)
        return MMSIM_EFFECT_REFUSED;
    try_register(cpu, X86_PKRU, value, false);
    return MMSIM_EFFECT_NONE;
}

unsigned mm_x86_write_register(struct mmsim_arch_cpu *cpu, unsigned number, uint64_t value)
{
    static unsigned (*const writers[X86_N_REGISTERS])(struct mmsim_arch_cpu *, uint64_t) = {
        [X86_CR0] = write_cr0,   [X86_CR2] = write_cr2,   [X86_CR3] = write_cr3,
        [X86_CR4] = write_cr4,   [X86_EFER] = write_efer, [X86_EFLAGS] = write_eflags,
        [X86_PKRU] = write_pkru,
    };
    if (number >= X86_N_REGISTERS || !writers[number])
        return MMSIM_EFFECT_REFUSED;
    return writers[number](cpu, value);
}

uint32_t mm_x86_start_paging(struct mmsim_arch_cpu *cpu, unsigned mode, mmsim_paddr root,
                             uint32_t abilities)
{
    uint32_t used = abilities & cpu->preset->abilities;
    used &= ~(uint32_t)MMSIM_CPU_SMAP; /* the kernel touches user memory without lifting it */
    if (mode != X86_MODE_PAE)
        used &= ~(uint32_t)MMSIM_CPU_NO_EXECUTE;
    uint64_t cr4 = (used & MMSIM_CPU_LARGE_PAGES ? X86_CR4_PSE : 0) |
                   (used & MMSIM_CPU_GLOBAL_PAGES ? X86_CR4_PGE : 0) |
                   (used & MMSIM_CPU_SMEP ? X86_CR4_SMEP : 0) |
                   (used & MMSIM_CPU_KEYS ? X86_CR4_PKE : 0) |
                   (mode == X86_MODE_PAE ? X86_CR4_PAE : 0);
    if (cr4)
        mm_x86_write_register(cpu, X86_CR4, cr4);
    if (mode == X86_MODE_PAE && (used & MMSIM_CPU_NO_EXECUTE))
        mm_x86_write_register(cpu, X86_EFER, X86_EFER_NXE);
    mm_x86_write_register(cpu, X86_CR3, root);
    mm_x86_write_register(
        cpu, X86_CR0, X86_CR0_PG | X86_CR0_PE | (used & MMSIM_CPU_WRITE_PROTECT ? X86_CR0_WP : 0));
    return used;
}

unsigned mm_x86_load_root(struct mmsim_arch_cpu *cpu, mmsim_paddr root)
{
    return mm_x86_write_register(cpu, X86_CR3, root);
}

void mm_x86_load_keys(struct mmsim_arch_cpu *cpu, uint32_t pkru)
{
    if (x86_cr4_on(cpu, X86_CR4_PKE) && cpu->registers[X86_PKRU] != pkru)
        write_pkru(cpu, pkru);
}

mmsim_paddr mm_x86_root(const struct mmsim_arch_cpu *cpu)
{
    bool pae = x86_cr4_on(cpu, X86_CR4_PAE);
    return cpu->registers[X86_CR3] & (pae ? X86_CR3_PAE_BASE : X86_TABLE_BASE);
}

void mm_x86_deliver(struct mmsim_arch_cpu *cpu, const struct mmsim_fault *fault)
{
    if (fault->vector != X86_PF_VECTOR)
        return;
    cpu->registers[X86_CR2] = fault->address;
    mmsim_walk_cache_drop(&cpu->walk_cache, fault->address >> x86_directory_shift(cpu));
}
