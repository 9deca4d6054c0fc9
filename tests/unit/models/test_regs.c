/*
 * test_regs.c - what control registers accept, what they refuse with #GP, what writing one flushes.
 *
 * A refused write must leave everything as it was: all registers, the rights table, whether paging
 * is on. Sources: SDM 3A 2.2.1 (EFER), 2.5 (CR0, CR4), 4.1.1, 4.4.1 (PDPTE registers: when they are
 * loaded, which bits are reserved), 4.10.4.1 (what is invalidated); SDM 2B, MOV to control
 * registers, and WRPKRU.
 */
#include "paging_bench.h"

#define ALL_FEATURES                                                                               \
    (X86_HAS_CR4 | X86_HAS_PSE | X86_HAS_PGE | X86_HAS_PSE36 | X86_HAS_PAT | X86_HAS_WP |          \
     X86_HAS_PAE | X86_HAS_NX | X86_HAS_SMEP | X86_HAS_SMAP | X86_HAS_PKE | X86_HAS_KEYS)

/* CR4 bits and the feature without which they are reserved. */
static const struct {
    uint64_t bit;
    uint32_t feature;
} cr4_bits[] = {{X86_CR4_PSE, X86_HAS_PSE},   {X86_CR4_PAE, X86_HAS_PAE},
                {X86_CR4_PGE, X86_HAS_PGE},   {X86_CR4_SMEP, X86_HAS_SMEP},
                {X86_CR4_SMAP, X86_HAS_SMAP}, {X86_CR4_PKE, X86_HAS_PKE}};
enum { N_CR4_BITS = sizeof cr4_bits / sizeof cr4_bits[0] };

static void expect_refused(struct bench *bench, unsigned number, uint64_t value)
{
    struct mmsim_arch_cpu before = bench->cpu;
    unsigned effect = write_register(bench, number, value);
    const char *name = bench->ops->register_names[number];
    MUST(effect == MMSIM_EFFECT_REFUSED,
         "%s (features %#x): %s = %#llx had the effect %u, must be "
         "refused",
         bench->preset.name, bench->preset.features, name, (ull)value, effect);
    MUST(memcmp(before.registers, bench->cpu.registers, sizeof before.registers) == 0 &&
             memcmp(before.allow, bench->cpu.allow, sizeof before.allow) == 0 &&
             before.translating == bench->cpu.translating,
         "%s: refused %s = %#llx has changed something", bench->preset.name, name, (ull)value);
}

static unsigned expect_accepted(struct bench *bench, unsigned number, uint64_t value)
{
    unsigned effect = write_register(bench, number, value);
    MUST(!(effect & MMSIM_EFFECT_REFUSED), "%s (features %#x): %s = %#llx was refused",
         bench->preset.name, bench->preset.features, bench->ops->register_names[number],
         (ull)value);
    return effect;
}

static struct oracle_cpu open_rules(const struct bench *bench, bool pae)
{
    return rules_of(&bench->preset, pae);
}

static void start(struct bench *bench, uint32_t features, bool pae)
{
    struct mmsim_cpu_preset preset = made_to_measure(features, 36);
    bench_init(bench, &preset, pae);
}

/* ---- CR0 ---- */

START_TEST(paging_without_protection_is_refused)
{
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        struct bench bench;
        bench_init(&bench, preset, false);
        uint64_t cr0 = bench.cr0 & ~X86_CR0_PE;
        expect_refused(&bench, X86_CR0, cr0 | X86_CR0_PG);
        expect_accepted(&bench, X86_CR0, cr0);
        ck_assert(!bench.cpu.translating);
        expect_accepted(&bench, X86_CR0, cr0 | X86_CR0_PE | X86_CR0_PG);
        ck_assert(bench.cpu.translating);
        expect_refused(&bench, X86_CR0, cr0 | X86_CR0_PG);
    }
}
END_TEST

START_TEST(not_write_through_without_cache_disable_is_refused)
{
    struct bench bench;
    start(&bench, ALL_FEATURES, false);
    uint64_t cr0 = bench.cr0 & ~(X86_CR0_CD | X86_CR0_NW);
    expect_refused(&bench, X86_CR0, cr0 | X86_CR0_NW);
    expect_accepted(&bench, X86_CR0, cr0 | X86_CR0_CD);
    expect_accepted(&bench, X86_CR0, cr0 | X86_CR0_CD | X86_CR0_NW);
    expect_accepted(&bench, X86_CR0, cr0);
}
END_TEST

/* ---- CR4, EFER, PKRU ---- */

START_TEST(a_cr4_bit_needs_its_feature)
{
    for (unsigned i = 0; i < N_CR4_BITS; i++) {
        struct bench bench;
        start(&bench, ALL_FEATURES & ~cr4_bits[i].feature, true);
        expect_refused(&bench, X86_CR4, bench.cr4 | cr4_bits[i].bit);
        for (unsigned other = 0; other < N_CR4_BITS; other++) {
            bool has = other != i;
            if (has)
                expect_accepted(&bench, X86_CR4, bench.cr4 | cr4_bits[other].bit);
            else
                expect_refused(&bench, X86_CR4,
                               bench.cr4 | cr4_bits[other].bit | X86_CR4_PSE | X86_CR4_PAE);
        }
    }
}
END_TEST

START_TEST(presets_have_the_cr4_bits_of_their_features)
{
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        struct bench bench;
        bench_init(&bench, preset, true);
        for (unsigned i = 0; i < N_CR4_BITS; i++) {
            if ((preset->features & X86_HAS_CR4) && (preset->features & cr4_bits[i].feature))
                expect_accepted(&bench, X86_CR4, bench.cr4 | cr4_bits[i].bit);
            else
                expect_refused(&bench, X86_CR4, bench.cr4 | cr4_bits[i].bit);
        }
    }
}
END_TEST

START_TEST(cr4_bits_that_no_cpu_of_the_model_has_are_refused)
{
    static const unsigned bits[] = {
        12 /* LA57 */, 15, 17 /* PCIDE */, 19, 24 /* PKS */, 26, 28, 31, 32, 63};
    struct bench bench;
    start(&bench, ALL_FEATURES, true);
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        expect_refused(&bench, X86_CR4, bench.cr4 | X86_CR4_PGE | UINT64_C(1) << bits[i]);
}
END_TEST

START_TEST(a_cpu_without_cr4_refuses_it_whole)
{
    struct bench bench;
    start(&bench, X86_HAS_WP, false);
    expect_refused(&bench, X86_CR4, 0);
    expect_refused(&bench, X86_CR4, X86_CR4_PSE);
}
END_TEST

START_TEST(efer_has_nxe_where_the_cpu_has_nx_and_nothing_else)
{
    static const unsigned bits[] = {1, 7, 8 /* LME */, 9, 12, 16, 31, 32, 63};
    struct bench bench;
    start(&bench, ALL_FEATURES, true);
    expect_accepted(&bench, X86_EFER, X86_EFER_NXE);
    for (size_t i = 0; i < sizeof bits / sizeof bits[0]; i++)
        expect_refused(&bench, X86_EFER, UINT64_C(1) << bits[i]);
    expect_accepted(&bench, X86_EFER, 0);
    start(&bench, ALL_FEATURES & ~X86_HAS_NX, true);
    expect_refused(&bench, X86_EFER, X86_EFER_NXE);
}
END_TEST

START_TEST(pkru_can_be_written_only_while_cr4_pke_is_set)
{
    struct bench bench;
    start(&bench, ALL_FEATURES, false);
    expect_refused(&bench, X86_PKRU, 4);
    expect_accepted(&bench, X86_CR4, bench.cr4 | X86_CR4_PKE);
    expect_accepted(&bench, X86_PKRU, 0x55555554);
    ck_assert_uint_eq(bench.cpu.registers[X86_PKRU], 0x55555554);
    expect_accepted(&bench, X86_CR4, bench.cr4);
    ck_assert_uint_eq(bench.cpu.registers[X86_PKRU], 0x55555554);
    expect_refused(&bench, X86_PKRU, 0);
    start(&bench, ALL_FEATURES & ~(X86_HAS_PKE | X86_HAS_KEYS), false);
    expect_refused(&bench, X86_PKRU, 0);
}
END_TEST

/* ---- PDPTE registers ---- */

/* The ways by which PDPTEs come into their registers: SDM 3A 4.4.1. */
static const struct load {
    const char *name;
    unsigned number;
    uint64_t flip; /* bits to change; 0 = write the same value again */
    bool from_32bit, from_off;
} loads[] = {{"MOV CR3", X86_CR3, 0, false, false},
             {"CR0.PG set", X86_CR0, X86_CR0_PG, false, true},
             {"CR0.CD set", X86_CR0, X86_CR0_CD, false, false},
             {"CR0.CD and NW set", X86_CR0, X86_CR0_CD | X86_CR0_NW, false, false},
             {"CR4.PAE set", X86_CR4, X86_CR4_PAE, true, false},
             {"CR4.PGE set", X86_CR4, X86_CR4_PGE, false, false},
             {"CR4.PSE set", X86_CR4, X86_CR4_PSE, false, false},
             {"CR4.SMEP set", X86_CR4, X86_CR4_SMEP, false, false}};
enum { N_LOADS = sizeof loads / sizeof loads[0] };

/* A CPU just before the load: the PDPTEs in memory are good ones. */
static void prepare_load(struct bench *bench, const struct load *load, unsigned physical_bits)
{
    struct mmsim_cpu_preset preset = made_to_measure(ALL_FEATURES, physical_bits);
    bench_init(bench, &preset, true);
    struct oracle_cpu rules = open_rules(bench, !load->from_32bit);
    set_register(bench, X86_CR0, bench->cr0 & ~(X86_CR0_CD | X86_CR0_NW));
    bench->cr0 = bench->cpu.registers[X86_CR0];
    if (load->from_off)
        set_register(bench, X86_CR4, cr4_of(bench, &rules));
    else
        set_rules(bench, &rules);
}

static uint64_t value_to_load(const struct bench *bench, const struct load *load)
{
    return bench->cpu.registers[load->number] ^ load->flip;
}

static void expect_loaded(const struct bench *bench, const struct load *load,
                          const uint64_t *pdptes)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t got = bench->cpu.registers[X86_PDPTE0 + i];
        bool same = oracle_bit(pdptes[i], 0) ? got == pdptes[i] : !oracle_bit(got, 0);
        MUST(same, "%s: PDPTE %u is %#llx, memory has %#llx", load->name, i, (ull)got,
             (ull)pdptes[i]);
    }
}

/* One PDPTE at a time has one strange bit, with P set and clear. */
static void try_pdpte(struct bench *bench, const struct load *load, unsigned index, uint64_t pdpte)
{
    uint64_t pdptes[4] = {0x1001, 0x2001, 0x3001, 0x4001};
    pdptes[index] = pdpte;
    struct mmsim_arch_cpu before = bench->cpu;
    for (unsigned i = 0; i < 4; i++)
        set_pdpte(&bench->memory, i, pdptes[i]);
    uint64_t value = value_to_load(bench, load);
    if (oracle_pdpte_reserved(&(struct oracle_cpu){.physical_bits = bench->preset.physical_bits},
                              pdpte)) {
        expect_refused(bench, load->number, value);
    } else {
        expect_accepted(bench, load->number, value);
        expect_loaded(bench, load, pdptes);
    }
    bench->cpu = before;
}

START_TEST(each_reserved_bit_of_a_pdpte_is_refused_whichever_way_it_comes)
{
    static const unsigned widths[] = {32, 36, 40};
    for (size_t w = 0; w < 3; w++) {
        struct bench bench;
        prepare_load(&bench, &loads[_i], widths[w]);
        for (unsigned index = 0; index < 4; index++)
            for (unsigned bit = 1; bit < 64; bit++) {
                try_pdpte(&bench, &loads[_i], index, UINT64_C(1) << bit);
                try_pdpte(&bench, &loads[_i], index, UINT64_C(1) << bit | 1);
            }
    }
}
END_TEST

START_TEST(what_does_not_load_pdptes_takes_no_notice_of_bad_ones)
{
    static const struct {
        unsigned number;
        uint64_t flip;
    } writes[] = {{X86_CR0, X86_CR0_WP},    {X86_CR4, X86_CR4_SMAP},     {X86_CR4, X86_CR4_PKE},
                  {X86_EFER, X86_EFER_NXE}, {X86_EFLAGS, X86_EFLAGS_AC}, {X86_CR2, 0x1234}};
    struct bench bench;
    start(&bench, ALL_FEATURES, true);
    struct oracle_cpu rules = open_rules(&bench, true);
    set_rules(&bench, &rules);
    uint64_t good[4] = {0};
    for (unsigned i = 0; i < 4; i++) {
        good[i] = pdpte_of(&bench, i);
        set_pdpte(&bench.memory, i, UINT64_MAX);
    }
    for (size_t i = 0; i < sizeof writes / sizeof writes[0]; i++) {
        uint64_t value = bench.cpu.registers[writes[i].number] ^ writes[i].flip;
        expect_accepted(&bench, writes[i].number, value);
        expect_loaded(&bench, &loads[0], good);
    }
    expect_accepted(&bench, X86_CR0, bench.cr0 | X86_CR0_PE); /* paging off */
    expect_accepted(&bench, X86_CR3, PDPT);
    expect_accepted(&bench, X86_CR4, cr4_of(&bench, &rules) | X86_CR4_PGE);
    expect_refused(&bench, X86_CR0, bench.cr0 | X86_CR0_PE | X86_CR0_PG);
    expect_accepted(&bench, X86_CR4, bench.cr4); /* 32-bit paging has no PDPTEs */
    expect_accepted(&bench, X86_CR0, bench.cr0 | X86_CR0_PE | X86_CR0_PG);
}
END_TEST

START_TEST(a_pdpte_changed_in_memory_has_no_effect_until_it_is_loaded_again)
{
    struct bench bench;
    start(&bench, ALL_FEATURES, true);
    struct trial trial = {.rules = open_rules(&bench, true), .pde = 0x8000E7};
    trial.request = (struct mmsim_request){0x00012345, MMSIM_ACCESS_READ, MMSIM_PRIVILEGE_USER};
    ck_assert(place_trial(&bench, &trial));
    set_rules(&bench, &trial.rules);
    set_pdpte(&bench.memory, 0, 0);
    struct mmsim_translation translation;
    struct mmsim_fault fault;
    ck_assert(bench.ops->walk(&bench.cpu, &bench.port, &trial.request, &translation, &fault));
    ck_assert_uint_eq(translation.base, 0x800000);
    expect_accepted(&bench, X86_CR3, PDPT);
    ck_assert(!bench.ops->walk(&bench.cpu, &bench.port, &trial.request, &translation, &fault));
    ck_assert_uint_eq(fault.error, 4);
}
END_TEST

START_TEST(low_bits_of_cr3_do_not_move_the_tables)
{
    struct bench bench;
    start(&bench, ALL_FEATURES, true);
    struct oracle_cpu rules = open_rules(&bench, true);
    set_rules(&bench, &rules);
    expect_accepted(&bench, X86_CR3, PDPT | 0x1F);
    ck_assert_uint_eq(bench.ops->root(&bench.cpu), PDPT);
    ck_assert_uint_eq(bench.cpu.registers[X86_PDPTE0 + 1], pdpte_of(&bench, 1));
    start(&bench, ALL_FEATURES, false);
    rules = open_rules(&bench, false);
    set_rules(&bench, &rules);
    expect_accepted(&bench, X86_CR3, DIRECTORY | 0xFFF);
    ck_assert_uint_eq(bench.ops->root(&bench.cpu), DIRECTORY);
}
END_TEST

/* ---- what a write flushes ---- */

#define FLUSHES ((unsigned)MMSIM_EFFECT_FLUSH | MMSIM_EFFECT_FLUSH_ALL)

enum flush { NOTHING, NON_GLOBAL, ALL };

/* Writes the register with the bits set, then clear. */
static const struct {
    const char *name;
    unsigned number;
    uint64_t bits;
    enum flush when_set, when_cleared;
} effects[] = {
    {"CR0.WP", X86_CR0, X86_CR0_WP, NOTHING, NOTHING},
    {"CR4.PGE", X86_CR4, X86_CR4_PGE, ALL, ALL},
    {"CR4.SMEP", X86_CR4, X86_CR4_SMEP, ALL, NOTHING},
    {"CR4.SMAP", X86_CR4, X86_CR4_SMAP, NOTHING, NOTHING},
    {"CR4.PKE", X86_CR4, X86_CR4_PKE, NOTHING, NOTHING},
    {"CR4.PAE", X86_CR4, X86_CR4_PAE, ALL, ALL},
    {"EFLAGS.AC", X86_EFLAGS, X86_EFLAGS_AC, NOTHING, NOTHING},
    {"CR2", X86_CR2, 0x1000, NOTHING, NOTHING},
};
enum { N_EFFECTS = sizeof effects / sizeof effects[0] };

static void expect_flush(const char *name, const char *change, unsigned effect, enum flush must)
{
    enum flush got = effect & MMSIM_EFFECT_FLUSH_ALL ? ALL
                     : effect & MMSIM_EFFECT_FLUSH   ? NON_GLOBAL
                                                     : NOTHING;
    MUST(got == must, "%s %s: effect %u, the flush must be %u", name, change, effect, must);
}

START_TEST(a_register_write_flushes_what_the_manual_says)
{
    struct bench bench;
    start(&bench, ALL_FEATURES, true);
    struct oracle_cpu rules = open_rules(&bench, false);
    rules.pae = effects[_i].bits != X86_CR4_PAE;
    set_rules(&bench, &rules);
    uint64_t before = bench.cpu.registers[effects[_i].number] & ~effects[_i].bits;
    expect_accepted(&bench, effects[_i].number, before);
    unsigned effect = expect_accepted(&bench, effects[_i].number, before | effects[_i].bits);
    expect_flush(effects[_i].name, "set", effect, effects[_i].when_set);
    effect = expect_accepted(&bench, effects[_i].number, before | effects[_i].bits);
    expect_flush(effects[_i].name, "set again", effect, NOTHING);
    effect = expect_accepted(&bench, effects[_i].number, before);
    expect_flush(effects[_i].name, "cleared", effect, effects[_i].when_cleared);
}
END_TEST

START_TEST(loading_cr3_keeps_global_entries_and_turning_paging_off_keeps_none)
{
    for (unsigned pae = 0; pae < 2; pae++) {
        struct bench bench;
        start(&bench, ALL_FEATURES, pae);
        struct oracle_cpu rules = open_rules(&bench, pae);
        rules.pge = true;
        set_rules(&bench, &rules);
        mmsim_paddr root = pae ? PDPT : DIRECTORY;
        expect_flush("CR3", "reloaded", expect_accepted(&bench, X86_CR3, root), NON_GLOBAL);
        expect_flush("the root", "reloaded", bench.ops->load_root(&bench.cpu, root), NON_GLOBAL);
        unsigned effect = expect_accepted(&bench, X86_CR0, bench.cr0 | X86_CR0_PE);
        expect_flush("CR0.PG", "cleared", effect, ALL);
    }
}
END_TEST

START_TEST(writing_pkru_flushes_nothing)
{
    struct bench bench;
    start(&bench, ALL_FEATURES, false);
    struct oracle_cpu rules = open_rules(&bench, false);
    rules.pke = true;
    set_rules(&bench, &rules);
    expect_flush("PKRU", "written", expect_accepted(&bench, X86_PKRU, 0xFFFFFFFC), NOTHING);
}
END_TEST

/* ---- the kernel's start ---- */

/* What a kernel can have under a mode. */
static uint32_t usable(const struct mmsim_cpu_preset *preset, bool pae)
{
    return preset->abilities & (pae ? UINT32_MAX : ~(uint32_t)MMSIM_CPU_NO_EXECUTE);
}

START_TEST(start_of_paging_turns_on_what_was_asked_for_and_no_more)
{
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++)
        for (unsigned pae = 0; pae < (preset->features & X86_HAS_PAE ? 2u : 1u); pae++)
            for (uint32_t skip = 0; skip < 11; skip++) {
                struct bench bench;
                bench_init(&bench, preset, pae);
                uint32_t asked = preset->abilities & ~(skip < 10 ? UINT32_C(1) << skip : 0);
                uint32_t got = bench.ops->start_paging(
                    &bench.cpu, pae ? X86_MODE_PAE : X86_MODE_32BIT, pae ? PDPT : DIRECTORY, asked);
                const uint64_t *registers = bench.cpu.registers;
                ck_assert(bench.cpu.translating);
                ck_assert_uint_eq(got & ~usable(preset, pae), 0);
                ck_assert_uint_eq(got & ~asked & ~(uint32_t)MMSIM_CPU_PAE, 0);
                ck_assert_int_eq((registers[X86_CR4] & X86_CR4_PAE) != 0, pae);
                ck_assert_int_eq((registers[X86_CR0] & X86_CR0_WP) != 0,
                                 (got & MMSIM_CPU_WRITE_PROTECT) != 0);
                ck_assert_int_eq((registers[X86_CR4] & X86_CR4_PGE) != 0,
                                 (got & MMSIM_CPU_GLOBAL_PAGES) != 0);
                ck_assert_int_eq((registers[X86_CR4] & X86_CR4_SMEP) != 0,
                                 (got & MMSIM_CPU_SMEP) != 0);
                ck_assert_int_eq((registers[X86_CR4] & X86_CR4_SMAP) != 0,
                                 (got & MMSIM_CPU_SMAP) != 0);
                ck_assert_int_eq((registers[X86_CR4] & X86_CR4_PKE) != 0,
                                 (got & MMSIM_CPU_KEYS) != 0);
                ck_assert_int_eq((registers[X86_EFER] & X86_EFER_NXE) != 0,
                                 (got & MMSIM_CPU_NO_EXECUTE) != 0);
            }
}
END_TEST

Suite *test_regs_suite(void);
Suite *test_regs_suite(void)
{
    Suite *suite = suite_create("x86_32 registers");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, paging_without_protection_is_refused);
    tcase_add_test(tests, not_write_through_without_cache_disable_is_refused);
    tcase_add_test(tests, a_cr4_bit_needs_its_feature);
    tcase_add_test(tests, presets_have_the_cr4_bits_of_their_features);
    tcase_add_test(tests, cr4_bits_that_no_cpu_of_the_model_has_are_refused);
    tcase_add_test(tests, a_cpu_without_cr4_refuses_it_whole);
    tcase_add_test(tests, efer_has_nxe_where_the_cpu_has_nx_and_nothing_else);
    tcase_add_test(tests, pkru_can_be_written_only_while_cr4_pke_is_set);
    tcase_add_loop_test(tests, each_reserved_bit_of_a_pdpte_is_refused_whichever_way_it_comes, 0,
                        N_LOADS);
    tcase_add_test(tests, what_does_not_load_pdptes_takes_no_notice_of_bad_ones);
    tcase_add_test(tests, a_pdpte_changed_in_memory_has_no_effect_until_it_is_loaded_again);
    tcase_add_test(tests, low_bits_of_cr3_do_not_move_the_tables);
    tcase_add_loop_test(tests, a_register_write_flushes_what_the_manual_says, 0, N_EFFECTS);
    tcase_add_test(tests, loading_cr3_keeps_global_entries_and_turning_paging_off_keeps_none);
    tcase_add_test(tests, writing_pkru_flushes_nothing);
    tcase_add_test(tests, start_of_paging_turns_on_what_was_asked_for_and_no_more);
    suite_add_tcase(suite, tests);
    return suite;
}
