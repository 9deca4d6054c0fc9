/*
 * paging_bench.h - a CPU of the model over memory that holds nothing but the entries of one walk.
 *
 * Memory is a few cells: the four PDPTEs, one PDE, one PTE, wherever they lie in 52 bits. Whoever
 * reads or writes another byte has walked astray and ends the test. One trial = control registers,
 * two entries, one access; try_trial() makes it by every face of the model and compares what comes
 * out with the oracle.
 */
#ifndef TESTS_PAGING_BENCH_H
#define TESTS_PAGING_BENCH_H

#include <check.h>
#include <mmsim/arch.h>
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "oracle.h"
#include "x86_32/model.h"

/* ck_assert_msg() reports each success to the runner, by a write; millions of them take minutes. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

typedef unsigned long long ull;

/* ---- memory ---- */

enum { CELL_PDPT, CELL_PDE, CELL_PTE, N_CELLS };

struct cell {
    mmsim_paddr at;
    size_t n_bytes; /* 0 = nothing there */
    uint8_t bytes[32];
};

#define LOW_BYTES 4096u /* no entry lies there, so that all go by the callbacks */

struct memory {
    uint8_t low[LOW_BYTES];
    struct cell cells[N_CELLS];
};

static inline uint8_t *byte_of(struct memory *memory, mmsim_paddr address)
{
    for (unsigned i = 0; i < N_CELLS; i++) {
        struct cell *cell = &memory->cells[i];
        if (address >= cell->at && address - cell->at < cell->n_bytes)
            return &cell->bytes[address - cell->at];
    }
    ck_abort_msg("the byte at %#llx was touched, where no entry of the walk lies", (ull)address);
    return NULL;
}

static inline void memory_read(void *bus, mmsim_paddr address, void *data, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        ((uint8_t *)data)[i] = *byte_of(bus, address + i);
}

static inline void memory_write(void *bus, mmsim_paddr address, const void *data, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        *byte_of(bus, address + i) = ((const uint8_t *)data)[i];
}

static inline bool cells_are_apart(const struct memory *memory)
{
    for (unsigned i = 0; i < N_CELLS; i++) {
        const struct cell *a = &memory->cells[i];
        if (a->n_bytes && a->at < LOW_BYTES)
            return false;
        for (unsigned j = i + 1; j < N_CELLS; j++) {
            const struct cell *b = &memory->cells[j];
            if (a->n_bytes && b->n_bytes && a->at < b->at + b->n_bytes &&
                b->at < a->at + a->n_bytes)
                return false;
        }
    }
    return true;
}

static inline void set_cell(struct memory *memory, unsigned which, mmsim_paddr at, uint64_t value,
                            size_t n_bytes)
{
    memory->cells[which].at = at;
    memory->cells[which].n_bytes = n_bytes;
    memset(memory->cells[which].bytes, 0, sizeof memory->cells[which].bytes);
    for (size_t i = 0; i < n_bytes && i < 8; i++)
        memory->cells[which].bytes[i] = (uint8_t)(value >> 8 * i);
}

static inline uint64_t cell_value(const struct memory *memory, unsigned which)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8 && i < memory->cells[which].n_bytes; i++)
        value |= (uint64_t)memory->cells[which].bytes[i] << 8 * i;
    return value;
}

static inline void set_pdpte(struct memory *memory, unsigned index, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        memory->cells[CELL_PDPT].bytes[8 * index + i] = (uint8_t)(value >> 8 * i);
}

/* ---- the CPU ---- */

#define DIRECTORY UINT64_C(0x00005000) /* CR3 in 32-bit mode */
#define PDPT UINT64_C(0x00345020)      /* CR3 under PAE */

struct bench {
    const struct mmsim_arch_ops *ops;
    struct mmsim_cpu_preset preset;
    struct mmsim_arch_cpu cpu;
    struct mmsim_port port;
    struct memory memory;
    struct mm_rng rng;
    uint64_t cr0, cr4; /* what reset left, the bits of the rules off */
};

static inline const struct mmsim_cpu_preset *preset_with_features(uint32_t features)
{
    const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets;
    while (preset->name && (preset->features & features) != features)
        preset++;
    MUST(preset->name, "no preset has the features %#x", features);
    return preset;
}

/* A preset with other features and another width. */
static inline struct mmsim_cpu_preset made_to_measure(uint32_t features, unsigned physical_bits)
{
    struct mmsim_cpu_preset preset = *preset_with_features(0);
    preset.name = "made to measure";
    preset.features = features;
    preset.physical_bits = (uint8_t)physical_bits;
    return preset;
}

static inline struct oracle_cpu rules_of(const struct mmsim_cpu_preset *preset, bool pae)
{
    return (struct oracle_cpu){.physical_bits = preset->physical_bits,
                               .has_wp = preset->features & X86_HAS_WP,
                               .has_pat = preset->features & X86_HAS_PAT,
                               .has_pse36 = preset->features & X86_HAS_PSE36,
                               .has_keys = preset->features & X86_HAS_KEYS,
                               .pae = pae};
}

/* The directories of the first three gigabytes; there is none for the fourth. */
static inline uint64_t pdpte_of(const struct bench *bench, unsigned index)
{
    uint64_t high = bench->preset.physical_bits > 32 ? UINT64_C(0x900000000) : 0;
    const uint64_t pdptes[4] = {0x00007001, high | 0x12345019,
                                bench->preset.physical_bits > 32 ? high | 0xFFFFFE01 : 0xABCDE001,
                                0xFEDCBA98FFFFFFFE};
    return pdptes[index];
}

static inline uint64_t directory_of(const struct bench *bench, mmsim_vaddr address, bool pae)
{
    if (!pae)
        return DIRECTORY;
    return pdpte_of(bench, oracle_pdpte_index(address)) / 4096 * 4096;
}

static inline unsigned write_register(struct bench *bench, unsigned number, uint64_t value)
{
    return bench->ops->write_register(&bench->cpu, number, value);
}

static inline void set_register(struct bench *bench, unsigned number, uint64_t value)
{
    if (bench->cpu.registers[number] == value)
        return;
    unsigned effect = write_register(bench, number, value);
    MUST(!(effect & MMSIM_EFFECT_REFUSED), "%s refused %s = %#llx", bench->preset.name,
         bench->ops->register_names[number], (ull)value);
}

/* Registers as after reset, CR3 loaded, paging off. */
static inline void bench_init(struct bench *bench, const struct mmsim_cpu_preset *preset, bool pae)
{
    *bench = (struct bench){.ops = &mm_x86_32_arch, .preset = *preset};
    bench->port = (struct mmsim_port){.ram = bench->memory.low,
                                      .low_bytes = LOW_BYTES,
                                      .bus = &bench->memory,
                                      .read = memory_read,
                                      .write = memory_write};
    mm_rng_seed(&bench->rng, 20);
    bench->preset.walk_cache = 0; /* every trial has other tables */
    bench->ops->reset(&bench->cpu, &bench->preset);
    bench->cpu.port = &bench->port;
    bench->cr0 = bench->cpu.registers[X86_CR0] & ~(X86_CR0_WP | X86_CR0_PG);
    bench->cr4 = bench->cpu.registers[X86_CR4] & ~(X86_CR4_PSE | X86_CR4_PGE | X86_CR4_PAE |
                                                   X86_CR4_SMEP | X86_CR4_SMAP | X86_CR4_PKE);
    if (pae)
        set_cell(&bench->memory, CELL_PDPT, PDPT, 0, 32);
    for (unsigned i = 0; pae && i < 4; i++)
        set_pdpte(&bench->memory, i, pdpte_of(bench, i));
    set_register(bench, X86_CR3, pae ? PDPT : DIRECTORY);
}

static inline void bench_fini(const struct bench *bench)
{
    for (size_t i = 0; i < LOW_BYTES; i++)
        MUST(bench->memory.low[i] == 0, "a walk has written to %#zx, where nothing lies", i);
}

static inline uint64_t cr4_of(const struct bench *bench, const struct oracle_cpu *rules)
{
    return bench->cr4 | (rules->pse ? X86_CR4_PSE : 0) | (rules->pge ? X86_CR4_PGE : 0) |
           (rules->smep ? X86_CR4_SMEP : 0) | (rules->smap ? X86_CR4_SMAP : 0) |
           (rules->pke ? X86_CR4_PKE : 0) | (rules->pae ? X86_CR4_PAE : 0);
}

/* Paging on, and every register as the rules have it. WRPKRU wants CR4.PKE. */
static inline void set_rules(struct bench *bench, const struct oracle_cpu *rules)
{
    uint64_t cr4 = cr4_of(bench, rules);
    if (bench->cpu.registers[X86_PKRU] != rules->pkru && (bench->preset.features & X86_HAS_PKE)) {
        set_register(bench, X86_CR4, cr4 | X86_CR4_PKE);
        set_register(bench, X86_PKRU, rules->pkru);
    }
    if (bench->preset.features & X86_HAS_CR4)
        set_register(bench, X86_CR4, cr4);
    if (bench->preset.features & X86_HAS_NX)
        set_register(bench, X86_EFER, rules->nxe ? X86_EFER_NXE : 0);
    if (bench->preset.features & X86_HAS_SMAP)
        set_register(bench, X86_EFLAGS, rules->ac ? X86_EFLAGS_AC : 0);
    set_register(bench, X86_CR0,
                 bench->cr0 | X86_CR0_PE | X86_CR0_PG | (rules->wp ? X86_CR0_WP : 0));
}

/* ---- one trial ---- */

struct trial {
    struct oracle_cpu rules;
    struct mmsim_request request;
    uint64_t pde, pte;
};

static inline struct oracle_access access_of(const struct mmsim_request *request)
{
    return (struct oracle_access){.write = request->access == MMSIM_ACCESS_WRITE,
                                  .fetch = request->access == MMSIM_ACCESS_FETCH,
                                  .user = request->privilege == MMSIM_PRIVILEGE_USER,
                                  .implicit = request->privilege == MMSIM_PRIVILEGE_IMPLICIT};
}

/* For messages. */
static inline const char *describe(const struct bench *bench, const struct trial *trial)
{
    static const char *const accesses[] = {"read", "write", "fetch"};
    static const char *const privileges[] = {"user", "supervisor", "implicit"};
    static char text[400];
    const struct oracle_cpu *r = &trial->rules;
    snprintf(text, sizeof text,
             "%s (features %#x, %u bits), %s%s%s%s%s%s%s%s%s%s pkru %#x, %s %s at %#llx, pde %#llx "
             "pte %#llx",
             bench->preset.name, bench->preset.features, bench->preset.physical_bits,
             r->pae ? "pae" : "32bit", r->wp ? " wp" : "", r->pse ? " pse" : "",
             r->pge ? " pge" : "", r->smep ? " smep" : "", r->smap ? " smap" : "",
             r->ac ? " ac" : "", r->nxe ? " nxe" : "", r->pke ? " pke" : "",
             r->has_keys ? " (keys)" : "", r->pkru, privileges[trial->request.privilege],
             accesses[trial->request.access], (ull)trial->request.address, (ull)trial->pde,
             (ull)trial->pte);
    return text;
}

static inline bool has_directory(const struct bench *bench, const struct trial *trial)
{
    if (!trial->rules.pae)
        return true;
    return oracle_bit(pdpte_of(bench, oracle_pdpte_index(trial->request.address)), 0);
}

/* Lays the entries out; false: they would lie upon each other. */
static inline bool place_trial(struct bench *bench, const struct trial *trial)
{
    const struct oracle_cpu *rules = &trial->rules;
    mmsim_vaddr address = trial->request.address;
    uint64_t directory = directory_of(bench, address, rules->pae);
    size_t n_bytes = rules->pae ? 8 : 4;
    set_cell(&bench->memory, CELL_PDE, 0, 0, 0);
    if (has_directory(bench, trial))
        set_cell(&bench->memory, CELL_PDE, oracle_pde_address(rules, directory, address),
                 trial->pde, n_bytes);
    set_cell(&bench->memory, CELL_PTE, oracle_pte_address(rules, trial->pde, address), trial->pte,
             n_bytes);
    return cells_are_apart(&bench->memory);
}

static inline void expect_fault(const struct bench *bench, const struct trial *trial,
                                uint32_t error, const struct mmsim_fault *fault, const char *face)
{
    MUST(fault->vector == 14, "%s: %s: vector %u", describe(bench, trial), face, fault->vector);
    MUST(fault->error == error, "%s: %s: error code %#x, must be %#x", describe(bench, trial), face,
         fault->error, error);
    MUST(fault->address == trial->request.address, "%s: %s: fault at %#llx", describe(bench, trial),
         face, (ull)fault->address);
    MUST(fault->present == oracle_bit(error, 0), "%s: %s: present", describe(bench, trial), face);
    enum mmsim_access_kind kind = oracle_bit(error, 4)   ? MMSIM_ACCESS_FETCH
                                  : oracle_bit(error, 1) ? MMSIM_ACCESS_WRITE
                                                         : MMSIM_ACCESS_READ;
    MUST(fault->access == kind, "%s: %s: access %u is told, the error code tells %u",
         describe(bench, trial), face, fault->access, kind);
    MUST((fault->privilege == MMSIM_PRIVILEGE_USER) == oracle_bit(error, 2), "%s: %s: privilege %u",
         describe(bench, trial), face, fault->privilege);
}

/* `rights` must let each access pass, or refuse it with the error code, as a walk would now. */
static inline void expect_hit(struct bench *bench, const struct trial *trial,
                              const struct oracle_page *page, uint8_t rights)
{
    for (unsigned i = 0; i < 9; i++) {
        struct trial hit = *trial;
        hit.request.access = (enum mmsim_access_kind)(i % 3);
        hit.request.privilege = (enum mmsim_privilege)(i / 3);
        struct oracle_access access = access_of(&hit.request);
        if (access.implicit && access.fetch)
            continue; /* the CPU fetches nothing by itself */
        bool must = oracle_permits(&hit.rules, &access, page);
        bool may = bench->cpu.allow[hit.request.privilege][rights] >> hit.request.access & 1;
        MUST(may == must, "%s: a TLB hit (rights %#x) is %s", describe(bench, &hit), rights,
             may ? "allowed" : "refused");
        if (must)
            continue;
        struct mmsim_fault fault = {0};
        bench->ops->refuse(&bench->cpu, &hit.request, rights, &fault);
        expect_fault(bench, &hit, oracle_error(&hit.rules, &access, ORACLE_REFUSED, page), &fault,
                     "refuse");
    }
}

static inline void expect_translation(const struct bench *bench, const struct trial *trial,
                                      const struct oracle_answer *must,
                                      const struct mmsim_translation *got)
{
    unsigned shift = !must->large ? 12 : trial->rules.pae ? 21 : 22;
    MUST(got->base == must->base, "%s: base %#llx, must be %#llx", describe(bench, trial),
         (ull)got->base, (ull)must->base);
    MUST(got->page_shift == shift, "%s: page shift %u", describe(bench, trial), got->page_shift);
    MUST(got->global == must->global, "%s: global %d", describe(bench, trial), got->global);
    MUST(got->dirty == must->dirty, "%s: dirty %d", describe(bench, trial), got->dirty);
    MUST(got->levels == (must->large ? 1 : 2), "%s: %u levels", describe(bench, trial),
         got->levels);
    MUST(got->rights < MMSIM_MAX_RIGHTS, "%s: rights", describe(bench, trial));
}

/* After a fault the PDE may have become accessed or not, if it names a table: SDM 3A 4.8. */
static inline void expect_entries(const struct bench *bench, const struct trial *trial,
                                  const struct oracle_answer *must)
{
    uint64_t loose = must->end != ORACLE_TRANSLATED && must->reached_pte ? 32 : 0;
    uint64_t pde = cell_value(&bench->memory, CELL_PDE), pte = cell_value(&bench->memory, CELL_PTE);
    if (must->reached_pde)
        MUST((pde | loose) == (must->pde | loose), "%s: the PDE became %#llx, must be %#llx",
             describe(bench, trial), (ull)pde, (ull)must->pde);
    MUST(pte == must->pte, "%s: the PTE became %#llx, must be %#llx", describe(bench, trial),
         (ull)pte, (ull)must->pte);
}

static inline void expect_steps(const struct bench *bench, const struct trial *trial,
                                const struct oracle_answer *must, const struct mmsim_walk *walk)
{
    unsigned n = trial->rules.pae; /* the PDPTE register is told as a step */
    MUST(walk->n_steps == n + must->reached_pde + must->reached_pte, "%s: %u steps told",
         describe(bench, trial), walk->n_steps);
    const struct cell *pde = &bench->memory.cells[CELL_PDE], *pte = &bench->memory.cells[CELL_PTE];
    if (trial->rules.pae)
        MUST(walk->steps[0].value == pdpte_of(bench, oracle_pdpte_index(trial->request.address)),
             "%s: the PDPTE is told as %#llx", describe(bench, trial), (ull)walk->steps[0].value);
    if (must->reached_pde)
        MUST(walk->steps[n].entry_address == pde->at && walk->steps[n].value == trial->pde,
             "%s: the PDE is told wrongly", describe(bench, trial));
    if (must->reached_pte)
        MUST(walk->steps[n + 1].entry_address == pte->at && walk->steps[n + 1].value == trial->pte,
             "%s: the PTE is told wrongly", describe(bench, trial));
}

static inline void expect_explanation(const struct bench *bench, const struct trial *trial,
                                      const struct oracle_answer *must)
{
    struct mmsim_walk walk = {0};
    bench->ops->explain(&bench->cpu, &bench->port, &trial->request, &walk);
    MUST(!must->reached_pde || cell_value(&bench->memory, CELL_PDE) == trial->pde,
         "%s: explain changed the PDE", describe(bench, trial));
    MUST(cell_value(&bench->memory, CELL_PTE) == trial->pte, "%s: explain changed the PTE",
         describe(bench, trial));
    MUST(walk.paging && walk.root == (trial->rules.pae ? PDPT : DIRECTORY), "%s: explained root",
         describe(bench, trial));
    MUST(walk.allowed == (must->end == ORACLE_TRANSLATED), "%s: explained as %s",
         describe(bench, trial), walk.allowed ? "allowed" : "refused");
    expect_steps(bench, trial, must, &walk);
    if (!walk.allowed)
        expect_fault(bench, trial, must->error, &walk.fault, "explain");
    if (must->end == ORACLE_NOT_PRESENT)
        MUST(!walk.present, "%s: explained as present", describe(bench, trial));
    if (must->end != ORACLE_TRANSLATED && must->end != ORACLE_REFUSED)
        return;
    uint64_t leaf = must->large ? trial->pde : trial->pte;
    uint64_t size = must->large ? oracle_large_bytes(&trial->rules) : 4096;
    MUST(walk.present && UINT64_C(1) << walk.page_shift == size, "%s: explained page",
         describe(bench, trial));
    MUST(walk.physical == must->base + trial->request.address % size,
         "%s: explained physical %#llx", describe(bench, trial), (ull)walk.physical);
    MUST(walk.accessed == oracle_bit(leaf, 5) && walk.dirty == oracle_bit(leaf, 6),
         "%s: explained accessed and dirty", describe(bench, trial));
}

/* Registers and entries must have been set. */
static inline enum oracle_end try_trial(struct bench *bench, const struct trial *trial)
{
    struct oracle_access access = access_of(&trial->request);
    struct oracle_answer must = oracle_translate(&trial->rules, has_directory(bench, trial),
                                                 trial->pde, trial->pte, &access);
    expect_explanation(bench, trial, &must);

    struct mmsim_translation translation = {0};
    struct mmsim_fault fault = {0};
    bool done = bench->ops->walk(&bench->cpu, &bench->port, &trial->request, &translation, &fault);
    MUST(done == (must.end == ORACLE_TRANSLATED), "%s: %s, must not be", describe(bench, trial),
         done ? "translated" : "refused");
    expect_entries(bench, trial, &must);
    if (done) {
        expect_translation(bench, trial, &must, &translation);
        expect_hit(bench, trial, &must.page, translation.rights);
    } else {
        expect_fault(bench, trial, must.error, &fault, "walk");
    }
    return must.end;
}

#endif
