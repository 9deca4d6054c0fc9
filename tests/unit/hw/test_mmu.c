/*
 * test_mmu.c - the MMU with its TLBs against a prediction of every single access.
 *
 * A random stream of accesses, edits of the tables (with and without INVLPG), CR3 reloads and
 * changes of CR0, CR4, EFLAGS and PKRU runs on each CPU preset, in 32-bit and PAE mode. The
 * prediction is made of the oracle of the page walk and of the list model of a TLB. It says, for
 * each access: hit or miss, where it goes, which fault it takes, what the tables hold afterwards,
 * and what both TLBs hold. Since it knows exactly what is cached, stale translations are predicted
 * too.
 *
 * The CPUs are the presets with one level of LRU TLBs and without a paging-structure cache.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../models/oracle.h"
#include "base/rng.h"
#include "hw/mmu.h"
#include "tlb_list.h"
#include "x86_32/model.h"

/* ck_assert_msg() reports each success to the runner, by a write; millions of them take minutes. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

#define RAM_BYTES (16 * MMSIM_MIB)
#define PDPT UINT32_C(0x0E20)
#define DIRECTORY UINT32_C(0x1000) /* of the first gigabyte, under PAE */
#define FIRST_TABLE UINT32_C(0x2000)
#define N_SMALL_REGIONS 3u /* regions 0..2 have tables, 3 and 4 are large pages or empty */
#define N_REGIONS 5u       /* what one directory entry covers is a region */
#define TABLES_BYTES ((1 + N_SMALL_REGIONS) * 4096)
#define FRAMES_START UINT32_C(0x00100000)
#define REGION_START UINT32_C(0x20000000)
#define N_PAGES 20u /* of a region that are used */

struct bench {
    struct mm_host host;
    struct mm_phys phys;
    struct mm_bus bus;
    struct mm_clock clock;
    struct mm_obs obs;
    struct mm_counters counters;
    struct mm_board board;
    struct mmsim_cpu_preset preset;
    struct mm_cpu cpu;
    struct mm_rng rng;
    unsigned step;
    /* the prediction */
    struct oracle_cpu rules;
    struct list lists[2];
    uint64_t n_accesses, n_misses;
    uint8_t tables[TABLES_BYTES]; /* what the page tables must hold */
    unsigned n_visited;
    const struct list *visited;
};

/* What the prediction says of one translation. */
struct forecast {
    bool faults;
    uint32_t error;
    mmsim_paddr physical;
};

/* ---- the bench ---- */

static uint64_t no_time(void *clock)
{
    (void)clock;
    return 0;
}

static struct mmsim_cpu_preset one_level(const struct mmsim_cpu_preset *given)
{
    struct mmsim_cpu_preset preset = *given;
    preset.second_small = preset.second_large = (struct mmsim_tlb_shape){0, 0};
    preset.replacement = MMSIM_REPLACE_LRU;
    preset.walk_cache = 0;
    return preset;
}

static struct oracle_cpu rules_now(const struct mm_cpu *cpu)
{
    const uint64_t *registers = cpu->arch.registers;
    uint32_t features = cpu->arch.preset->features;
    return (struct oracle_cpu){.physical_bits = cpu->arch.preset->physical_bits,
                               .has_wp = features & X86_HAS_WP,
                               .has_pat = features & X86_HAS_PAT,
                               .has_pse36 = features & X86_HAS_PSE36,
                               .has_keys = features & X86_HAS_KEYS,
                               .pae = registers[X86_CR4] & X86_CR4_PAE,
                               .wp = registers[X86_CR0] & X86_CR0_WP,
                               .pse = registers[X86_CR4] & X86_CR4_PSE,
                               .pge = registers[X86_CR4] & X86_CR4_PGE,
                               .smep = registers[X86_CR4] & X86_CR4_SMEP,
                               .smap = registers[X86_CR4] & X86_CR4_SMAP,
                               .pke = registers[X86_CR4] & X86_CR4_PKE,
                               .nxe = registers[X86_EFER] & X86_EFER_NXE,
                               .ac = registers[X86_EFLAGS] & X86_EFLAGS_AC,
                               .pkru = (uint32_t)registers[X86_PKRU]};
}

static void init_lists(struct bench *bench)
{
    const struct mmsim_cpu_preset *preset = &bench->preset;
    unsigned shift = bench->board.paging_mode == X86_MODE_PAE ? 21 : 22;
    bench->lists[0] = (struct list){
        .small = preset->dtlb_small, .large = preset->dtlb_large, .large_shift = shift};
    bench->lists[1] = (struct list){
        .small = preset->itlb_small, .large = preset->itlb_large, .large_shift = shift};
    if (preset->unified)
        bench->lists[1] = bench->lists[0];
    ck_assert_int_eq(bench->cpu.tlb[0] != bench->cpu.tlb[1], !preset->unified);
}

static void bench_init(struct bench *bench, const struct mmsim_cpu_preset *preset,
                       enum x86_mode mode, uint64_t seed)
{
    memset(bench, 0, sizeof *bench);
    bench->preset = one_level(preset);
    mm_host_init(&bench->host, NULL);
    mm_rng_seed(&bench->rng, seed);
    ck_assert(mm_phys_init(&bench->phys, RAM_BYTES));
    mm_bus_init(&bench->bus, &bench->phys);
    mm_obs_init(&bench->obs, no_time, NULL);
    bench->board = (struct mm_board){.arch = &mm_x86_32_arch,
                                     .bus = &bench->bus,
                                     .clock = &bench->clock,
                                     .obs = &bench->obs,
                                     .counters = &bench->counters,
                                     .address_mask = UINT32_MAX,
                                     .paging_mode = mode};
    ck_assert(mm_cpu_init(&bench->cpu, &bench->host, &bench->board, &bench->preset, 0));
    init_lists(bench);
    mmsim_port_write32(&bench->bus.port, PDPT, DIRECTORY | 1);
    mm_cpu_start_paging(&bench->cpu, mode == X86_MODE_PAE ? PDPT : DIRECTORY,
                        bench->preset.abilities);
    bench->rules = rules_now(&bench->cpu);
    ck_assert_int_eq(bench->rules.pae, mode == X86_MODE_PAE);
    bench->n_accesses = bench->cpu.n_accesses;
    bench->n_misses = bench->cpu.n_misses;
}

static void bench_fini(struct bench *bench)
{
    mm_cpu_fini(&bench->cpu, &bench->host);
    mm_phys_fini(&bench->phys);
    ck_assert_uint_eq(bench->host.n_blocks, 0);
}

static const struct mmsim_cpu_preset *preset(const struct bench *bench)
{
    return bench->cpu.arch.preset;
}

/* ---- tables, in memory and in the prediction ---- */

static size_t entry_bytes(const struct bench *bench)
{
    return bench->rules.pae ? 8 : 4;
}

static unsigned entries_of_a_table(const struct bench *bench)
{
    return (unsigned)(4096 / entry_bytes(bench));
}

static mmsim_vaddr region_bytes(const struct bench *bench)
{
    return large_page(&bench->lists[0]);
}

static unsigned pde_index(const struct bench *bench, mmsim_vaddr address)
{
    return (unsigned)(address / region_bytes(bench) % entries_of_a_table(bench));
}

static unsigned pte_index(const struct bench *bench, mmsim_vaddr address)
{
    unsigned region = (unsigned)((address - REGION_START) / region_bytes(bench));
    unsigned n = entries_of_a_table(bench);
    return n * (1 + region % N_SMALL_REGIONS) + (unsigned)(address / 4096 % n);
}

static uint64_t entry_in(const struct bench *bench, const uint8_t *tables, unsigned index)
{
    uint64_t value = 0;
    for (size_t i = 0; i < entry_bytes(bench); i++)
        value |= (uint64_t)tables[index * entry_bytes(bench) + i] << 8 * i;
    return value;
}

static uint64_t entry_at(const struct bench *bench, unsigned index)
{
    return entry_in(bench, bench->tables, index);
}

/* In the prediction alone. */
static void predict_entry(struct bench *bench, unsigned index, uint64_t value)
{
    for (size_t i = 0; i < entry_bytes(bench); i++)
        bench->tables[index * entry_bytes(bench) + i] = (uint8_t)(value >> 8 * i);
}

static void set_entry(struct bench *bench, unsigned index, uint64_t value)
{
    predict_entry(bench, index, value);
    size_t at = index * entry_bytes(bench);
    mm_bus_write(&bench->bus, DIRECTORY + at, bench->tables + at, entry_bytes(bench));
}

static uint64_t random_bits(struct bench *bench, uint64_t mask)
{
    return mm_rng_next(&bench->rng) & mask;
}

static bool one_in(struct bench *bench, unsigned n)
{
    return mm_rng_below(&bench->rng, n) == 0;
}

/* P, R/W, U/S mostly set, A, D and G at random. */
static uint64_t some_flags(struct bench *bench)
{
    uint64_t flags = 7 | random_bits(bench, 0x160);
    if (one_in(bench, 4))
        flags &= ~random_bits(bench, 7);
    if (bench->rules.pae && (bench->rules.nxe || one_in(bench, 20)) && one_in(bench, 6))
        flags |= UINT64_C(1) << 63;
    return flags;
}

static uint64_t some_key(struct bench *bench)
{
    if (!bench->rules.has_keys || one_in(bench, 2))
        return 0;
    return bench->rules.pae ? mm_rng_below(&bench->rng, 16) << 59
                            : mm_rng_below(&bench->rng, 8) << 9;
}

static uint64_t some_pte(struct bench *bench)
{
    uint64_t frame = FRAMES_START + mm_rng_below(&bench->rng, 3000) * 4096;
    if (one_in(bench, 32)) /* nobody answers there */
        frame = bench->rules.pae ? UINT64_C(0x230000000) : 0x30000000;
    return frame | some_flags(bench) | some_key(bench);
}

static uint64_t some_pde(struct bench *bench, unsigned region)
{
    if (region < N_SMALL_REGIONS)
        return (FIRST_TABLE + region * 4096) | (some_flags(bench) & ~UINT64_C(0x80));
    if (!bench->rules.pae && !bench->rules.pse)
        return 0;
    uint64_t base = (1 + mm_rng_below(&bench->rng, 3)) * region_bytes(bench);
    return base | some_flags(bench) | some_key(bench) | 0x80;
}

static mmsim_vaddr some_page(struct bench *bench)
{
    mmsim_vaddr region = mm_rng_below(&bench->rng, N_REGIONS);
    return REGION_START + region * region_bytes(bench) + mm_rng_below(&bench->rng, N_PAGES) * 4096;
}

static void fill_tables(struct bench *bench)
{
    for (unsigned region = 0; region < N_REGIONS; region++) {
        mmsim_vaddr start = REGION_START + region * region_bytes(bench);
        set_entry(bench, pde_index(bench, start), some_pde(bench, region));
        for (unsigned page = 0; page < N_PAGES && region < N_SMALL_REGIONS; page++)
            set_entry(bench, pte_index(bench, start + page * 4096), some_pte(bench));
    }
}

/* ---- the prediction ---- */

static void drop_everywhere(struct bench *bench, mmsim_vaddr address)
{
    list_drop(&bench->lists[0], address);
    list_drop(&bench->lists[1], address);
}

static struct list *list_for(struct bench *bench, const struct oracle_access *access)
{
    return &bench->lists[access->fetch && !preset(bench)->unified];
}

static struct held *find_held(struct list *list, mmsim_vaddr address)
{
    struct held *held = list_find(list, address, false);
    return held ? held : list_find(list, address, true);
}

/* What the list calls rights. */
static uint8_t rights_of(const struct oracle_page *page)
{
    return (uint8_t)(page->user + 2u * page->writable + 4u * page->no_execute + 8 * page->key);
}

static struct oracle_page page_of(uint8_t rights)
{
    return (struct oracle_page){
        .user = rights & 1, .writable = rights & 2, .no_execute = rights & 4, .key = rights / 8};
}

static struct oracle_answer walk_now(const struct bench *bench, mmsim_vaddr address,
                                     const struct oracle_access *access)
{
    return oracle_translate(&bench->rules, true, entry_at(bench, pde_index(bench, address)),
                            entry_at(bench, pte_index(bench, address)), access);
}

static struct forecast forecast_walk(struct bench *bench, mmsim_vaddr address,
                                     const struct oracle_access *access)
{
    struct oracle_answer answer = walk_now(bench, address, access);
    bench->n_misses++;
    if (answer.end != ORACLE_TRANSLATED) {
        drop_everywhere(bench, address);
        return (struct forecast){.faults = true, .error = answer.error};
    }
    predict_entry(bench, pde_index(bench, address), answer.pde);
    predict_entry(bench, pte_index(bench, address), answer.pte);
    mmsim_vaddr size = answer.large ? region_bytes(bench) : 4096;
    struct mmsim_translation translation = {
        .base = answer.base,
        .page_shift = (uint8_t)(answer.large ? bench->lists[0].large_shift : 12),
        .rights = rights_of(&answer.page),
        .global = answer.global,
        .dirty = answer.dirty};
    list_fill(list_for(bench, access), address, &translation, bench->n_accesses);
    return (struct forecast){.physical = answer.base + address % size};
}

static struct forecast forecast(struct bench *bench, mmsim_vaddr address,
                                const struct oracle_access *access)
{
    bench->n_accesses++;
    struct held *held = find_held(list_for(bench, access), address);
    if (!held)
        return forecast_walk(bench, address, access);
    struct oracle_page page = page_of(held->rights);
    if (!oracle_permits(&bench->rules, access, &page)) {
        drop_everywhere(bench, address);
        return (struct forecast){
            .faults = true, .error = oracle_error(&bench->rules, access, ORACLE_REFUSED, &page)};
    }
    if (access->write && !held->dirty)
        return forecast_walk(bench, address, access);
    held->last_use = bench->n_accesses;
    mmsim_vaddr size = held->in_large_array ? region_bytes(bench) : 4096;
    return (struct forecast){.physical = held->base + address % size};
}

/* ---- comparisons ---- */

static void visit(void *user, mmsim_vaddr page, const struct mm_tlb_entry *entry)
{
    struct bench *bench = user;
    bench->n_visited++;
    for (unsigned i = 0; i < bench->visited->n; i++) {
        const struct held *held = &bench->visited->held[i];
        if (held->page == page && held->base == entry->base && held->dirty == entry->dirty &&
            held->page_shift == entry->page_shift && held->global == entry->global &&
            held->last_use == entry->stamp)
            return;
    }
    ck_abort_msg("%s: step %u: %#llx is in the TLB, must not be (or not so)", preset(bench)->name,
                 bench->step, (unsigned long long)page);
}

static void expect_tlbs(struct bench *bench)
{
    for (unsigned i = 0; i < (preset(bench)->unified ? 1 : 2); i++) {
        bench->visited = &bench->lists[i];
        bench->n_visited = 0;
        mm_tlb_visit(bench->cpu.tlb[i], visit, bench);
        MUST(bench->n_visited == bench->visited->n,
             "%s: step %u: TLB %u holds %u pages, must be %u", preset(bench)->name, bench->step, i,
             bench->n_visited, bench->visited->n);
    }
    const char *broken = mm_cpu_check(&bench->cpu);
    MUST(!broken, "%s: step %u: %s", preset(bench)->name, bench->step, broken);
}

/* A walk that faults in the table may have set the directory entry's accessed bit: SDM 3A 4.8. */
static void expect_tables(struct bench *bench, bool faulted)
{
    const uint8_t *now = bench->phys.host + DIRECTORY;
    if (memcmp(now, bench->tables, TABLES_BYTES) == 0)
        return;
    for (unsigned i = 0; i < TABLES_BYTES / entry_bytes(bench); i++) {
        uint64_t value = entry_in(bench, now, i), must = entry_at(bench, i);
        if (value == must)
            continue;
        MUST(faulted && i < entries_of_a_table(bench) && value == (must | 0x20),
             "%s: step %u: entry %u is %#llx, must be %#llx", preset(bench)->name, bench->step, i,
             (unsigned long long)value, (unsigned long long)must);
        predict_entry(bench, i, value);
    }
}

static void expect_counts(const struct bench *bench)
{
    MUST(bench->cpu.n_accesses == bench->n_accesses && bench->cpu.n_misses == bench->n_misses,
         "%s: step %u: %llu accesses and %llu misses, must be %llu and %llu", preset(bench)->name,
         bench->step, (unsigned long long)bench->cpu.n_accesses,
         (unsigned long long)bench->cpu.n_misses, (unsigned long long)bench->n_accesses,
         (unsigned long long)bench->n_misses);
}

static void expect_fault(const struct bench *bench, mmsim_vaddr address, uint32_t error)
{
    const struct mmsim_fault *fault = &bench->cpu.fault;
    MUST(fault->vector == 14 && fault->error == error && fault->address == address,
         "%s: step %u: fault %u, error %#x at %#llx; must be %#x at %#llx", preset(bench)->name,
         bench->step, fault->vector, fault->error, (unsigned long long)fault->address, error,
         (unsigned long long)address);
    MUST(bench->cpu.arch.registers[X86_CR2] == address, "%s: step %u: CR2", preset(bench)->name,
         bench->step);
}

static uint8_t byte_at(const struct bench *bench, mmsim_paddr physical)
{
    return physical < RAM_BYTES ? bench->phys.host[physical] : 0xFF;
}

/* ---- one access ---- */

struct attempt {
    struct oracle_access access;
    mmsim_vaddr address;
    size_t n_bytes, n_first; /* all, and those in the first page */
    uint8_t data[8], before[8];
    mmsim_paddr at[8]; /* of each byte */
    struct forecast result;
    mmsim_vaddr refused_at;
};

static void forecast_attempt(struct bench *bench, struct attempt *attempt)
{
    size_t room = 4096 - attempt->address % 4096;
    attempt->n_first = attempt->n_bytes < room ? attempt->n_bytes : room;
    mmsim_vaddr page = attempt->address;
    for (size_t i = 0; i < attempt->n_bytes; i++) {
        if (i == 0 || i == attempt->n_first) {
            page = attempt->address + i;
            attempt->result = forecast(bench, page, &attempt->access);
        }
        if (attempt->result.faults) {
            attempt->refused_at = page;
            return;
        }
        attempt->at[i] = attempt->result.physical + (attempt->address + i - page);
        attempt->before[i] = byte_at(bench, attempt->at[i]);
    }
}

static bool make_attempt(struct bench *bench, struct attempt *attempt)
{
    enum mmsim_privilege privilege = attempt->access.user       ? MMSIM_PRIVILEGE_USER
                                     : attempt->access.implicit ? MMSIM_PRIVILEGE_IMPLICIT
                                                                : MMSIM_PRIVILEGE_SUPERVISOR;
    if (attempt->access.fetch)
        return mm_mmu_fetch(&bench->cpu, attempt->address, attempt->data, privilege);
    if (attempt->access.write)
        return mm_mmu_write(&bench->cpu, attempt->address, attempt->data, attempt->n_bytes,
                            privilege);
    return mm_mmu_read(&bench->cpu, attempt->address, attempt->data, attempt->n_bytes, privilege);
}

/* Two virtual pages may be one frame, so a store is compared from its last byte to its first. */
static void expect_bytes(struct bench *bench, const struct attempt *attempt)
{
    for (size_t i = 0; i < attempt->n_bytes; i++) {
        uint8_t got = byte_at(bench, attempt->at[i]);
        bool hole = attempt->at[i] >= RAM_BYTES;
        uint8_t must = hole ? 0xFF : attempt->data[i];
        MUST((attempt->access.write ? got : attempt->data[i]) ==
                 (attempt->access.write ? must : got),
             "%s: step %u: byte %zu of %zu at %#llx", preset(bench)->name, bench->step, i,
             attempt->n_bytes, (unsigned long long)attempt->address);
    }
}

static void try_access(struct bench *bench)
{
    struct attempt attempt = {.address = some_page(bench), .n_bytes = 1};
    attempt.access.user = mm_rng_below(&bench->rng, 2);
    attempt.access.fetch = mm_rng_below(&bench->rng, 4) == 0;
    attempt.access.write = !attempt.access.fetch && mm_rng_below(&bench->rng, 2);
    attempt.access.implicit = !attempt.access.user && !attempt.access.fetch && one_in(bench, 4);
    if (!attempt.access.fetch)
        attempt.n_bytes = 1 + mm_rng_below(&bench->rng, 8);
    attempt.address += mm_rng_below(&bench->rng, 3) ? mm_rng_below(&bench->rng, 4089)
                                                    : 4096 - mm_rng_below(&bench->rng, 8) - 1;
    for (unsigned i = 0; i < 8; i++)
        attempt.data[i] = (uint8_t)mm_rng_next(&bench->rng);
    forecast_attempt(bench, &attempt);
    bool done = make_attempt(bench, &attempt);
    MUST(done != attempt.result.faults, "%s: step %u: %#llx %s, must not be", preset(bench)->name,
         bench->step, (unsigned long long)attempt.address, done ? "granted" : "refused");
    expect_counts(bench);
    expect_tables(bench, !done);
    if (done) {
        expect_bytes(bench, &attempt);
        return;
    }
    expect_fault(bench, attempt.refused_at, attempt.result.error);
    for (size_t i = 0; attempt.refused_at != attempt.address && i < attempt.n_first; i++)
        MUST(byte_at(bench, attempt.at[i]) == attempt.before[i],
             "%s: step %u: a refused access stored a byte", preset(bench)->name, bench->step);
}

/* ---- everything else that may happen ---- */

static void edit_tables(struct bench *bench)
{
    mmsim_vaddr page = some_page(bench);
    unsigned region = (unsigned)((page - REGION_START) / region_bytes(bench));
    unsigned pte = pte_index(bench, page);
    if (region >= N_SMALL_REGIONS || one_in(bench, 6))
        set_entry(bench, pde_index(bench, page), some_pde(bench, region));
    else if (one_in(bench, 2))
        set_entry(bench, pte, some_pte(bench));
    else
        set_entry(bench, pte, entry_at(bench, pte) ^ random_bits(bench, 0x67));
}

static void invalidate(struct bench *bench)
{
    if (!(preset(bench)->abilities & MMSIM_CPU_INVALIDATE_PAGE))
        return;
    mmsim_vaddr address = some_page(bench) + mm_rng_below(&bench->rng, 4096);
    uint64_t before = bench->counters.tlb_invlpg;
    mm_cpu_invalidate(&bench->cpu, address);
    MUST(bench->counters.tlb_invlpg == before + 1, "step %u: INVLPG not counted", bench->step);
    drop_everywhere(bench, address);
}

static void reload_root(struct bench *bench)
{
    uint64_t before = bench->counters.tlb_flushes;
    mm_cpu_load_root(&bench->cpu, bench->rules.pae ? PDPT : DIRECTORY);
    MUST(bench->counters.tlb_flushes == before + 1, "step %u: flush not counted", bench->step);
    list_flush(&bench->lists[0], false);
    list_flush(&bench->lists[1], false);
}

static void toggle(struct bench *bench, unsigned number, uint64_t bit)
{
    ck_assert(mm_cpu_write_register(&bench->cpu, number, bench->cpu.arch.registers[number] ^ bit));
    bench->rules = rules_now(&bench->cpu);
}

static void flush_all(struct bench *bench)
{
    list_flush(&bench->lists[0], true);
    list_flush(&bench->lists[1], true);
}

/* Nothing has to leave the TLBs: the rights of an entry are judged at each access. */
static void toggle_a_right(struct bench *bench)
{
    static const struct {
        uint32_t feature;
        unsigned number;
        uint64_t bit;
    } rights[] = {{X86_HAS_WP, X86_CR0, X86_CR0_WP},
                  {X86_HAS_SMAP, X86_CR4, X86_CR4_SMAP},
                  {X86_HAS_SMAP, X86_EFLAGS, X86_EFLAGS_AC},
                  {X86_HAS_PKE, X86_CR4, X86_CR4_PKE}};
    unsigned i = (unsigned)mm_rng_below(&bench->rng, 4);
    if (preset(bench)->features & rights[i].feature)
        toggle(bench, rights[i].number, rights[i].bit);
}

static void write_key_rights(struct bench *bench)
{
    if (!bench->rules.pke)
        return;
    uint64_t value = random_bits(bench, UINT32_MAX) & random_bits(bench, UINT32_MAX);
    ck_assert(mm_cpu_write_register(&bench->cpu, X86_PKRU, value));
    bench->rules.pkru = (uint32_t)value;
}

static void toggle_global_pages(struct bench *bench)
{
    if (!(preset(bench)->features & X86_HAS_PGE))
        return;
    toggle(bench, X86_CR4, X86_CR4_PGE);
    flush_all(bench);
}

/* SMEP flushes when it is turned on: SDM 3A 4.10.4.1. */
static void toggle_smep(struct bench *bench)
{
    if (!(preset(bench)->features & X86_HAS_SMEP))
        return;
    toggle(bench, X86_CR4, X86_CR4_SMEP);
    if (bench->rules.smep)
        flush_all(bench);
}

/* An explanation finds what the TLB holds, and says so if the tables have moved on. */
static void explain(struct bench *bench)
{
    mmsim_vaddr address = some_page(bench) + mm_rng_below(&bench->rng, 4096);
    struct oracle_access access = {.fetch = mm_rng_below(&bench->rng, 2), .user = true};
    struct mmsim_request request = {address, access.fetch ? MMSIM_ACCESS_FETCH : MMSIM_ACCESS_READ,
                                    MMSIM_PRIVILEGE_USER};
    struct mmsim_walk walk = {0};
    mm_mmu_explain(&bench->cpu, &request, &walk);
    const struct held *held = find_held(list_for(bench, &access), address);
    MUST(walk.tlb.hit == (held != NULL), "step %u: explained as a TLB %s", bench->step,
         walk.tlb.hit ? "hit" : "miss");
    struct oracle_answer now = walk_now(bench, address, &access);
    MUST(walk.allowed == (now.end == ORACLE_TRANSLATED), "step %u: explained rights", bench->step);
    if (!held)
        return;
    MUST(walk.tlb.held.global == held->global && walk.tlb.held.dirty == held->dirty,
         "step %u: explained TLB entry", bench->step);
    bool readable = now.end == ORACLE_TRANSLATED || now.end == ORACLE_REFUSED;
    mmsim_paddr base = held->base;
    if (held->page_shift > 12)
        base = base / region_bytes(bench) * region_bytes(bench);
    bool moved = !readable || now.base != base;
    bool other_rights = readable && held->rights != rights_of(&now.page);
    if (moved || other_rights)
        MUST(walk.tlb.stale,
             "%s: step %u: %#llx: a stale entry is not called so: base %#llx rights %u held, walk "
             "ends "
             "%u, base %#llx rights %u",
             preset(bench)->name, bench->step, (unsigned long long)address,
             (unsigned long long)held->base, held->rights, now.end, (unsigned long long)now.base,
             rights_of(&now.page));
    uint64_t leaf =
        entry_at(bench, now.large ? pde_index(bench, address) : pte_index(bench, address));
    if (!moved && !other_rights && held->global == now.global && held->dirty == oracle_bit(leaf, 6))
        MUST(!walk.tlb.stale, "%s: step %u: a good entry is called stale", preset(bench)->name,
             bench->step);
}

static void do_something(struct bench *bench)
{
    uint64_t dice = mm_rng_below(&bench->rng, 200);
    if (dice < 160)
        try_access(bench);
    else if (dice < 176)
        edit_tables(bench);
    else if (dice < 186)
        invalidate(bench);
    else if (dice < 188)
        reload_root(bench);
    else if (dice < 191)
        toggle_a_right(bench);
    else if (dice < 193)
        write_key_rights(bench);
    else if (dice < 194)
        one_in(bench, 2) ? toggle_global_pages(bench) : toggle_smep(bench);
    else
        explain(bench);
}

static void run_stream(const struct mmsim_cpu_preset *of, enum x86_mode mode)
{
    struct bench bench;
    bench_init(&bench, of, mode, 11);
    fill_tables(&bench);
    for (bench.step = 0; bench.step < 15000; bench.step++) {
        do_something(&bench);
        expect_tlbs(&bench);
        expect_tables(&bench, false);
    }
    MUST(bench.n_misses > 500 && bench.n_accesses > bench.n_misses + 500,
         "%s: the stream is one-sided: %llu misses", of->name, (unsigned long long)bench.n_misses);
    bench_fini(&bench);
}

START_TEST(every_access_goes_as_predicted_on_every_cpu)
{
    for (const struct mmsim_cpu_preset *p = mm_x86_32_arch.presets; p->name; p++)
        if (_i == X86_MODE_32BIT || (p->features & X86_HAS_PAE))
            run_stream(p, (enum x86_mode)_i);
}
END_TEST

/* ---- single rules, so that a failure names itself ---- */

static const struct mmsim_cpu_preset *preset_with(uint32_t features)
{
    const struct mmsim_cpu_preset *p = mm_x86_32_arch.presets;
    while (p->name && (p->features & features) != features)
        p++;
    ck_assert_ptr_nonnull(p->name);
    return p;
}

static void map_two_pages(struct bench *bench, uint32_t first, uint32_t second)
{
    set_entry(bench, pde_index(bench, REGION_START), FIRST_TABLE | 7);
    set_entry(bench, pte_index(bench, REGION_START), first);
    set_entry(bench, pte_index(bench, REGION_START + 4096), second);
}

START_TEST(fault_is_not_cached)
{
    struct bench bench;
    bench_init(&bench, preset_with(X86_HAS_WP), X86_MODE_32BIT, 1);
    map_two_pages(&bench, 0, 0);
    uint32_t word = 0;
    ck_assert(!mm_mmu_read(&bench.cpu, REGION_START, &word, 4, MMSIM_PRIVILEGE_USER));
    set_entry(&bench, pte_index(&bench, REGION_START), FRAMES_START | 7);
    ck_assert(mm_mmu_read(&bench.cpu, REGION_START, &word, 4, MMSIM_PRIVILEGE_USER));
    bench_fini(&bench);
}
END_TEST

START_TEST(store_to_a_clean_cached_page_sets_dirty_in_memory)
{
    struct bench bench;
    bench_init(&bench, preset_with(X86_HAS_WP), X86_MODE_32BIT, 1);
    map_two_pages(&bench, FRAMES_START | 7, 0);
    uint32_t word = 0;
    ck_assert(mm_mmu_read(&bench.cpu, REGION_START, &word, 4, MMSIM_PRIVILEGE_USER));
    mmsim_paddr pte = DIRECTORY + pte_index(&bench, REGION_START) * 4;
    ck_assert_uint_eq(mmsim_port_read32(&bench.bus.port, pte) & 0x60, 0x20);
    ck_assert(mm_mmu_write(&bench.cpu, REGION_START, &word, 4, MMSIM_PRIVILEGE_USER));
    ck_assert_uint_eq(mmsim_port_read32(&bench.bus.port, pte) & 0x60, 0x60);
    ck_assert_uint_eq(bench.cpu.n_misses, bench.n_misses + 2);
    bench_fini(&bench);
}
END_TEST

START_TEST(write_protect_takes_effect_between_two_hits)
{
    struct bench bench;
    bench_init(&bench, preset_with(X86_HAS_WP), X86_MODE_32BIT, 1);
    map_two_pages(&bench, FRAMES_START | 0x65, 0);
    uint64_t cr0 = bench.cpu.arch.registers[X86_CR0];
    uint32_t word = 1;
    ck_assert(mm_cpu_write_register(&bench.cpu, X86_CR0, cr0 & ~X86_CR0_WP));
    ck_assert(mm_mmu_write(&bench.cpu, REGION_START, &word, 4, MMSIM_PRIVILEGE_SUPERVISOR));
    ck_assert(mm_cpu_write_register(&bench.cpu, X86_CR0, cr0 | X86_CR0_WP));
    uint64_t n_misses = bench.cpu.n_misses;
    ck_assert(!mm_mmu_write(&bench.cpu, REGION_START, &word, 4, MMSIM_PRIVILEGE_SUPERVISOR));
    ck_assert_uint_eq(bench.cpu.n_misses, n_misses);
    ck_assert_uint_eq(bench.cpu.fault.error, 3);
    bench_fini(&bench);
}
END_TEST

START_TEST(straddling_store_moves_no_byte_when_the_second_page_faults)
{
    struct bench bench;
    bench_init(&bench, preset_with(X86_HAS_WP), X86_MODE_32BIT, 1);
    map_two_pages(&bench, FRAMES_START | 7, (FRAMES_START + 4096) | 5);
    uint64_t word = UINT64_MAX;
    mmsim_vaddr address = REGION_START + 4096 - 3;
    ck_assert(!mm_mmu_write(&bench.cpu, address, &word, 8, MMSIM_PRIVILEGE_USER));
    ck_assert_uint_eq(bench.cpu.fault.address, REGION_START + 4096);
    ck_assert_uint_eq(bench.cpu.fault.error, 7);
    for (unsigned i = 0; i < 8; i++)
        ck_assert_uint_eq(byte_at(&bench, FRAMES_START + 4093 + i), 0);
    set_entry(&bench, pte_index(&bench, REGION_START + 4096), (FRAMES_START + 0x5000) | 7);
    ck_assert(mm_mmu_write(&bench.cpu, address, &word, 8, MMSIM_PRIVILEGE_USER));
    ck_assert_uint_eq(byte_at(&bench, FRAMES_START + 4095), 0xFF);
    ck_assert_uint_eq(byte_at(&bench, FRAMES_START + 0x5004), 0xFF);
    ck_assert_uint_eq(byte_at(&bench, FRAMES_START + 0x5005), 0);
    bench_fini(&bench);
}
END_TEST

START_TEST(straddling_access_wraps_at_the_end_of_the_address_space)
{
    struct bench bench;
    bench_init(&bench, preset_with(X86_HAS_WP), X86_MODE_32BIT, 1);
    set_entry(&bench, 1023, FIRST_TABLE | 7);
    set_entry(&bench, 0, (FIRST_TABLE + 4096) | 7);
    set_entry(&bench, 1024 + 1023, FRAMES_START | 7);
    set_entry(&bench, 2048, (FRAMES_START + 0x3000) | 7);
    uint32_t word = 0xDDCCBBAA;
    ck_assert(mm_mmu_write(&bench.cpu, 0xFFFFFFFE, &word, 4, MMSIM_PRIVILEGE_USER));
    ck_assert_uint_eq(byte_at(&bench, FRAMES_START + 4095), 0xBB);
    ck_assert_uint_eq(byte_at(&bench, FRAMES_START + 0x3000), 0xCC);
    ck_assert_uint_eq(byte_at(&bench, FRAMES_START + 0x3001), 0xDD);
    bench_fini(&bench);
}
END_TEST

START_TEST(with_paging_off_every_address_is_physical)
{
    struct bench bench;
    bench_init(&bench, preset_with(X86_HAS_WP), X86_MODE_32BIT, 1);
    uint64_t cr0 = bench.cpu.arch.registers[X86_CR0];
    ck_assert(mm_cpu_write_register(&bench.cpu, X86_CR0, cr0 & ~X86_CR0_PG));
    for (mmsim_paddr address = FRAMES_START; address < RAM_BYTES; address += 65521) {
        uint64_t word = address * 3, got = 0;
        ck_assert(mm_mmu_write(&bench.cpu, address, &word, 8, MMSIM_PRIVILEGE_USER));
        ck_assert_int_eq(memcmp(bench.phys.host + address, &word, 8), 0);
        ck_assert(mm_mmu_read(&bench.cpu, address, &got, 8, MMSIM_PRIVILEGE_SUPERVISOR));
        ck_assert_uint_eq(got, word);
    }
    uint8_t byte = 0;
    ck_assert(mm_mmu_fetch(&bench.cpu, 0xF0000000, &byte, MMSIM_PRIVILEGE_USER));
    ck_assert_uint_eq(byte, 0xFF);
    bench_fini(&bench);
}
END_TEST

Suite *test_mmu_suite(void);
Suite *test_mmu_suite(void)
{
    Suite *suite = suite_create("mmu");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, every_access_goes_as_predicted_on_every_cpu, 0, 2);
    tcase_add_test(tests, fault_is_not_cached);
    tcase_add_test(tests, store_to_a_clean_cached_page_sets_dirty_in_memory);
    tcase_add_test(tests, write_protect_takes_effect_between_two_hits);
    tcase_add_test(tests, straddling_store_moves_no_byte_when_the_second_page_faults);
    tcase_add_test(tests, straddling_access_wraps_at_the_end_of_the_address_space);
    tcase_add_test(tests, with_paging_off_every_address_is_physical);
    suite_add_tcase(suite, tests);
    return suite;
}
