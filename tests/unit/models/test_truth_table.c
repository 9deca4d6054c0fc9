/*
 * test_truth_table.c - every legal combination of the bits that two-level paging looks at.
 *
 * The bits of both entries, of CR0 and CR4 and of the access are the digits of one counter; all
 * counts run, on every CPU preset with abilities of its own, and the oracle says what must come
 * out. A failure prints the names of the bits that were set. (The shape is that of access.c in
 * kvm-unit-tests.) What has no influence, cache control and software bits, is filled at random.
 */
#include <check.h>
#include <mmsim/arch.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/rng.h"
#include "oracle.h"
#include "x86_32/model.h"

/* ck_assert_msg() reports each success to the runner, by a write; millions of them take minutes. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

enum bit {
    PDE_P,
    PDE_RW,
    PDE_US,
    PDE_A,
    PDE_D,
    PDE_PS,
    PDE_G,
    PTE_P,
    PTE_RW,
    PTE_US,
    PTE_A,
    PTE_D,
    PTE_G,
    CR0_WP,
    CR4_PSE,
    CR4_PGE,
    BY_USER,
    WRITE,
    FETCH,
    N_BITS
};

static const char *const bit_names[N_BITS] = {"pde.p",   "pde.rw", "pde.us", "pde.a",  "pde.d",
                                              "pde.ps",  "pde.g",  "pte.p",  "pte.rw", "pte.us",
                                              "pte.a",   "pte.d",  "pte.g",  "cr0.wp", "cr4.pse",
                                              "cr4.pge", "user",   "write",  "fetch"};

/* Where the tables lie: the directory's base is also a legal base of a 4 MiB page. */
#define DIRECTORY UINT32_C(0x00001000)
#define TABLE UINT32_C(0x00400000)
#define RAM_BYTES ((size_t)TABLE + 4096)

struct bench {
    const struct mmsim_arch_ops *ops;
    const struct mmsim_cpu_preset *preset;
    struct mmsim_arch_cpu cpu;
    struct mmsim_port port;
    struct mm_rng rng;
    uint64_t cr0, cr4; /* what reset left, paging bits off */
};

/* One setting of the bits, ready to be tried. */
struct trial {
    char name[256];
    struct oracle_cpu rules;
    struct mmsim_request request;
    mmsim_paddr pde_at, pte_at;
    uint32_t pde, pte;
};

/* ---- the bench: a CPU over a plain buffer ---- */

static void read_outside(void *bus, mmsim_paddr address, void *data, size_t n_bytes)
{
    (void)bus;
    (void)data;
    ck_abort_msg("the walk read %zu bytes at %#llx, outside of the tables", n_bytes,
                 (unsigned long long)address);
}

static void write_outside(void *bus, mmsim_paddr address, const void *data, size_t n_bytes)
{
    (void)bus;
    (void)data;
    ck_abort_msg("the walk wrote %zu bytes at %#llx, outside of the tables", n_bytes,
                 (unsigned long long)address);
}

static void bench_init(struct bench *bench, const struct mmsim_cpu_preset *preset)
{
    *bench = (struct bench){.ops = &mm_x86_32_arch, .preset = preset};
    bench->port = (struct mmsim_port){.ram = calloc(1, RAM_BYTES),
                                      .low_bytes = RAM_BYTES,
                                      .read = read_outside,
                                      .write = write_outside};
    ck_assert_ptr_nonnull(bench->port.ram);
    mm_rng_seed(&bench->rng, 20);
    bench->ops->reset(&bench->cpu, preset);
    bench->cr0 = bench->cpu.registers[X86_CR0] & ~(X86_CR0_WP | X86_CR0_PG);
    bench->cr4 = bench->cpu.registers[X86_CR4] & ~(X86_CR4_PSE | X86_CR4_PGE);
    ck_assert_uint_eq(
        bench->ops->write_register(&bench->cpu, X86_CR3, DIRECTORY) & MMSIM_EFFECT_REFUSED, 0);
}

/* Every trial has put its entries back to 0: whatever is left was written astray. */
static void bench_fini(struct bench *bench)
{
    for (size_t i = 0; i < RAM_BYTES; i++)
        if (bench->port.ram[i] != 0)
            ck_abort_msg("a walk has written to %#zx, where no entry of it lies", i);
    free(bench->port.ram);
}

static void set_register(struct bench *bench, unsigned number, uint64_t value)
{
    if (bench->cpu.registers[number] == value)
        return;
    unsigned effect = bench->ops->write_register(&bench->cpu, number, value);
    MUST(!(effect & MMSIM_EFFECT_REFUSED), "%s refused %s = %#llx", bench->preset->name,
         bench->ops->register_names[number], (unsigned long long)value);
}

static void set_control(struct bench *bench, const struct oracle_cpu *rules)
{
    uint64_t cr0 = bench->cr0 | X86_CR0_PE | X86_CR0_PG | (rules->wp ? X86_CR0_WP : 0);
    uint64_t cr4 = bench->cr4 | (rules->pse ? X86_CR4_PSE : 0) | (rules->pge ? X86_CR4_PGE : 0);
    set_register(bench, X86_CR0, cr0);
    if (bench->preset->features & X86_HAS_CR4)
        set_register(bench, X86_CR4, cr4);
}

/* ---- from a count to a trial ---- */

static bool has_bit(uint32_t count, enum bit bit)
{
    return (count >> bit) & 1;
}

static bool is_legal(const struct mmsim_cpu_preset *preset, uint32_t count)
{
    if (has_bit(count, WRITE) && has_bit(count, FETCH))
        return false;
    if (has_bit(count, CR0_WP) && !(preset->features & X86_HAS_WP))
        return false;
    if (has_bit(count, CR4_PSE) && !(preset->features & X86_HAS_PSE))
        return false;
    return !has_bit(count, CR4_PGE) || (preset->features & X86_HAS_PGE);
}

static void name_trial(struct trial *trial, const struct mmsim_cpu_preset *preset, uint32_t count)
{
    int used = snprintf(trial->name, sizeof trial->name, "%s:", preset->name);
    for (unsigned bit = 0; bit < N_BITS; bit++)
        if ((count >> bit) & 1)
            used += snprintf(trial->name + used, sizeof trial->name - (size_t)used, " %s",
                             bit_names[bit]);
}

static uint32_t entry_bits(struct bench *bench, uint32_t base, uint32_t count, enum bit first)
{
    uint32_t bits = base | ((uint32_t)mm_rng_next(&bench->rng) & 0xE18); /* AVL, PCD, PWT */
    static const unsigned at[6] = {0, 1, 2, 5, 6, 8};
    enum bit digits[6] = {first, first + 1, first + 2, first + 3, first + 4, first + 5};
    if (first == PDE_P) {
        bits |= (uint32_t)has_bit(count, PDE_PS) << 7;
        digits[5] = PDE_G;
    }
    for (unsigned i = 0; i < 6; i++)
        bits |= (uint32_t)has_bit(count, digits[i]) << at[i];
    return bits;
}

static enum mmsim_access_kind kind_of(const struct oracle_access *access)
{
    if (access->fetch)
        return MMSIM_ACCESS_FETCH;
    return access->write ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ;
}

static struct oracle_access oracle_access_of(const struct mmsim_request *request)
{
    return (struct oracle_access){.write = request->access == MMSIM_ACCESS_WRITE,
                                  .fetch = request->access == MMSIM_ACCESS_FETCH,
                                  .user = request->privilege == MMSIM_PRIVILEGE_USER};
}

static struct oracle_cpu rules_of(const struct mmsim_cpu_preset *preset)
{
    return (struct oracle_cpu){.has_wp = preset->features & X86_HAS_WP,
                               .has_pat = preset->features & X86_HAS_PAT,
                               .has_pse36 = preset->features & X86_HAS_PSE36};
}

/* Chooses an address and lays the two entries out for it. */
static void place_trial(struct bench *bench, struct trial *trial, uint32_t pde, uint32_t pte)
{
    uint32_t address = (uint32_t)mm_rng_next(&bench->rng);
    trial->request.address = address;
    trial->pde = pde;
    trial->pte = pte;
    trial->pde_at = DIRECTORY + (address >> 22) * 4;
    trial->pte_at = TABLE + ((address >> 12) & 1023) * 4;
    mmsim_port_write32(&bench->port, trial->pde_at, pde);
    mmsim_port_write32(&bench->port, trial->pte_at, pte);
}

static void clear_trial(struct bench *bench, const struct trial *trial)
{
    mmsim_port_write32(&bench->port, trial->pde_at, 0);
    mmsim_port_write32(&bench->port, trial->pte_at, 0);
}

static void make_trial(struct bench *bench, struct trial *trial, uint32_t count)
{
    name_trial(trial, bench->preset, count);
    trial->rules = rules_of(bench->preset);
    trial->rules.wp = has_bit(count, CR0_WP);
    trial->rules.pse = has_bit(count, CR4_PSE);
    trial->rules.pge = has_bit(count, CR4_PGE);
    struct oracle_access access = {.write = has_bit(count, WRITE),
                                   .fetch = has_bit(count, FETCH),
                                   .user = has_bit(count, BY_USER)};
    trial->request.access = kind_of(&access);
    trial->request.privilege = access.user ? MMSIM_PRIVILEGE_USER : MMSIM_PRIVILEGE_SUPERVISOR;
    uint32_t frame = (uint32_t)mm_rng_next(&bench->rng) & 0xFFFFF000;
    place_trial(bench, trial, entry_bits(bench, TABLE, count, PDE_P),
                entry_bits(bench, frame, count, PTE_P));
    set_control(bench, &trial->rules);
}

/* ---- the comparisons ---- */

static void expect_fault(const struct trial *trial, const struct oracle_answer *must,
                         const struct mmsim_fault *fault, const char *face)
{
    MUST(fault->vector == 14, "%s: %s: vector %u", trial->name, face, fault->vector);
    MUST(fault->error == must->error, "%s: %s: error code %#x, must be %#x", trial->name, face,
         fault->error, must->error);
    MUST(fault->address == trial->request.address, "%s: %s: fault address %#llx, not %#llx",
         trial->name, face, (unsigned long long)fault->address,
         (unsigned long long)trial->request.address);
    MUST(fault->present == (must->error & 1), "%s: %s: present", trial->name, face);
    MUST((fault->access == MMSIM_ACCESS_WRITE) == ((must->error & 2) != 0), "%s: %s: access %u",
         trial->name, face, fault->access);
    MUST(fault->access != MMSIM_ACCESS_FETCH,
         "%s: %s: a fetch is told apart, the error code cannot do that", trial->name, face);
    MUST(fault->privilege == trial->request.privilege, "%s: %s: privilege", trial->name, face);
}

static void expect_translation(const struct trial *trial, const struct oracle_answer *must,
                               const struct mmsim_translation *got)
{
    MUST(got->base == must->base, "%s: base %#llx, must be %#llx", trial->name,
         (unsigned long long)got->base, (unsigned long long)must->base);
    MUST(got->page_shift == (must->large ? 22 : 12), "%s: page shift %u", trial->name,
         got->page_shift);
    MUST(got->global == must->global, "%s: global %d", trial->name, got->global);
    MUST(got->dirty == must->dirty, "%s: dirty %d", trial->name, got->dirty);
    MUST(got->levels == (must->large ? 1 : 2), "%s: %u levels", trial->name, got->levels);
}

/* After a fault the PDE may have become accessed or not, if it names a table: SDM 3A 4.8. */
static void expect_entries(const struct bench *bench, const struct trial *trial,
                           const struct oracle_answer *must)
{
    uint32_t pde = mmsim_port_read32(&bench->port, trial->pde_at);
    uint32_t pte = mmsim_port_read32(&bench->port, trial->pte_at);
    uint32_t loose = must->end != ORACLE_TRANSLATED && must->reached_pte ? 32 : 0;
    MUST((pde | loose) == (must->pde | loose), "%s: pde %#x became %#x, must be %#x", trial->name,
         trial->pde, pde, must->pde);
    MUST(pte == must->pte, "%s: pte %#x became %#x, must be %#x", trial->name, trial->pte, pte,
         must->pte);
}

static void expect_explanation(const struct bench *bench, const struct trial *trial,
                               const struct oracle_answer *must)
{
    struct mmsim_walk walk = {0};
    bench->ops->explain(&bench->cpu, &bench->port, &trial->request, &walk);
    const char *name = trial->name;
    MUST(mmsim_port_read32(&bench->port, trial->pde_at) == trial->pde, "%s: pde", name);
    MUST(mmsim_port_read32(&bench->port, trial->pte_at) == trial->pte, "%s: pte", name);
    MUST(walk.paging && walk.root == DIRECTORY, "%s: explained root", name);
    MUST(walk.allowed == (must->end == ORACLE_TRANSLATED), "%s: explained as %s", name,
         walk.allowed ? "allowed" : "refused");
    MUST(walk.n_steps == 1u + must->reached_pte, "%s: %u steps", name, walk.n_steps);
    MUST(walk.steps[0].entry_address == trial->pde_at && walk.steps[0].value == trial->pde,
         "%s: first step", name);
    if (must->reached_pte)
        MUST(walk.steps[1].entry_address == trial->pte_at && walk.steps[1].value == trial->pte,
             "%s: second step", name);
    if (!walk.allowed)
        expect_fault(trial, must, &walk.fault, "explain");
    if (must->end == ORACLE_NOT_PRESENT)
        MUST(!walk.present, "%s: explained as present", name);
    if (must->end != ORACLE_TRANSLATED && must->end != ORACLE_REFUSED)
        return;
    uint32_t leaf = must->large ? trial->pde : trial->pte;
    uint64_t offset = trial->request.address % (must->large ? 0x400000 : 0x1000);
    MUST(walk.present && walk.page_shift == (must->large ? 22 : 12), "%s: page", name);
    MUST(walk.physical == must->base + offset, "%s: explained physical %#llx", name,
         (unsigned long long)walk.physical);
    MUST(walk.accessed == oracle_bit(leaf, 5), "%s: explained accessed", name);
    MUST(walk.dirty == oracle_bit(leaf, 6), "%s: explained dirty", name);
}

/*
 * A translation that one access obtained serves every other one: the rights table must say for each
 * kind of access, each privilege and both values of WP what a fresh walk would, and a refusal must
 * carry the error code of that walk.
 */
static void expect_same_verdicts_on_a_hit(struct bench *bench, const struct trial *trial,
                                          const struct oracle_answer *page, uint8_t rights)
{
    struct trial hit = *trial;
    for (unsigned i = 0; i < 12; i++) {
        hit.rules.wp = i >= 6 && hit.rules.has_wp;
        hit.request.access = (enum mmsim_access_kind)(i % 3);
        hit.request.privilege = (enum mmsim_privilege)(i / 3 % 2);
        set_control(bench, &hit.rules);
        struct oracle_access access = oracle_access_of(&hit.request);
        bool must = oracle_permits(&hit.rules, &access, page->user, page->writable);
        bool may = (bench->cpu.allow[hit.request.privilege][rights] >> hit.request.access) & 1;
        MUST(may == must, "%s: on a hit with rights %u, access %u by %u, wp %d: %s", trial->name,
             rights, hit.request.access, hit.request.privilege, hit.rules.wp,
             may ? "allowed" : "refused");
        if (must)
            continue;
        struct mmsim_fault fault = {0};
        bench->ops->refuse(&bench->cpu, &hit.request, rights, &fault);
        struct oracle_answer refused = {.error = oracle_error(&access, ORACLE_REFUSED)};
        expect_fault(&hit, &refused, &fault, "refuse");
    }
    set_control(bench, &trial->rules);
}

static void try_it(struct bench *bench, const struct trial *trial)
{
    struct oracle_access access = oracle_access_of(&trial->request);
    struct oracle_answer must = oracle_translate(&trial->rules, trial->pde, trial->pte, &access);
    expect_explanation(bench, trial, &must);

    struct mmsim_translation translation = {0};
    struct mmsim_fault fault = {0};
    bool done = bench->ops->walk(&bench->cpu, &bench->port, &trial->request, &translation, &fault);
    MUST(done == (must.end == ORACLE_TRANSLATED), "%s: %s, must not be", trial->name,
         done ? "translated" : "refused");
    expect_entries(bench, trial, &must);
    if (!done) {
        expect_fault(trial, &must, &fault, "walk");
        return;
    }
    expect_translation(trial, &must, &translation);
    MUST(translation.rights < MMSIM_MAX_RIGHTS, "%s: rights", trial->name);
    expect_same_verdicts_on_a_hit(bench, trial, &must, translation.rights);
}

/* ---- the tests ---- */

static bool same_abilities_came_before(const struct mmsim_cpu_preset *preset)
{
    for (const struct mmsim_cpu_preset *p = mm_x86_32_arch.presets; p != preset; p++)
        if (p->features == preset->features)
            return true;
    return false;
}

START_TEST(every_combination_of_bits_is_translated_as_the_manual_says)
{
    unsigned n_presets = 0;
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        if (same_abilities_came_before(preset))
            continue;
        n_presets++;
        struct bench bench;
        bench_init(&bench, preset);
        for (uint32_t count = 0; count < UINT32_C(1) << N_BITS; count++) {
            if (!is_legal(preset, count))
                continue;
            struct trial trial;
            make_trial(&bench, &trial, count);
            try_it(&bench, &trial);
            clear_trial(&bench, &trial);
        }
        bench_fini(&bench);
    }
    ck_assert_uint_ge(n_presets, 2);
}
END_TEST

/* The bits that may be reserved: 12-21 of a PDE, one or two at a time, and 7 of a PTE. */
static void try_reserved(struct bench *bench, struct oracle_cpu rules, unsigned low, unsigned high)
{
    for (unsigned count = 0; count < 64; count++) {
        struct trial trial = {.rules = rules};
        snprintf(trial.name, sizeof trial.name, "%s: pse %d, pde bits %u and %u, pte.pat %u, %#x",
                 bench->preset->name, rules.pse, low, high, count & 1, count);
        trial.request.access = (count & 2) ? MMSIM_ACCESS_WRITE : MMSIM_ACCESS_READ;
        trial.request.privilege = (enum mmsim_privilege)(count >> 2 & 1);
        uint32_t reserved = (UINT32_C(1) << low) | (UINT32_C(1) << high);
        bool table = !rules.pse || !(count & 16);
        uint32_t pde = TABLE | (count >> 3 & 1) | 2 | (count & 16 ? 0x80 : 0) | 4;
        uint32_t pte = UINT32_C(0x7654A000) | (count & 1) << 7 | (count >> 5 & 1) | 6;
        if (!table)
            pde |= reserved;
        place_trial(bench, &trial, pde, pte);
        set_control(bench, &rules);
        try_it(bench, &trial);
        clear_trial(bench, &trial);
    }
}

START_TEST(reserved_bits_fault_exactly_where_the_cpu_has_them)
{
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        struct bench bench;
        bench_init(&bench, preset);
        for (unsigned low = 12; low <= 21; low++)
            for (unsigned high = low; high <= 21; high++) {
                struct oracle_cpu rules = rules_of(preset);
                try_reserved(&bench, rules, low, high);
                rules.pse = preset->features & X86_HAS_PSE;
                try_reserved(&bench, rules, low, high);
            }
        bench_fini(&bench);
    }
}
END_TEST

START_TEST(physical_address_of_a_large_page_reaches_64_gib_with_pse36)
{
    unsigned n_tried = 0;
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        if (!(preset->features & X86_HAS_PSE36))
            continue;
        n_tried++;
        struct bench bench;
        bench_init(&bench, preset);
        struct trial trial = {.rules = rules_of(preset)};
        snprintf(trial.name, sizeof trial.name, "%s", preset->name);
        trial.rules.pse = true;
        place_trial(&bench, &trial, UINT32_C(0xFFC1E083), 0);
        set_control(&bench, &trial.rules);
        struct mmsim_translation translation;
        struct mmsim_fault fault;
        trial.request.privilege = MMSIM_PRIVILEGE_SUPERVISOR;
        ck_assert(bench.ops->walk(&bench.cpu, &bench.port, &trial.request, &translation, &fault));
        ck_assert_uint_eq(translation.base, UINT64_C(0xFFFC00000));
        clear_trial(&bench, &trial);
        bench_fini(&bench);
    }
    ck_assert_uint_gt(n_tried, 0);
}
END_TEST

START_TEST(i386_supervisor_writes_whatever_the_entries_say)
{
    const struct mmsim_cpu_preset *i386 = mm_x86_32_arch.presets;
    while (i386->name && (i386->features & X86_HAS_WP))
        i386++;
    MUST(i386->name, "there is no preset without CR0.WP");
    struct bench bench;
    bench_init(&bench, i386);
    for (unsigned wp = 0; wp < 2; wp++) {
        struct trial trial = {.rules = rules_of(i386), .name = "i386"};
        trial.request.access = MMSIM_ACCESS_WRITE;
        trial.request.privilege = MMSIM_PRIVILEGE_SUPERVISOR;
        place_trial(&bench, &trial, TABLE | 1, UINT32_C(0x00234001));
        set_control(&bench, &trial.rules);
        /* The bit does not exist: whether the write keeps, drops or refuses it does not matter. */
        if (wp)
            bench.ops->write_register(&bench.cpu, X86_CR0,
                                      bench.cpu.registers[X86_CR0] | X86_CR0_WP);
        struct mmsim_translation translation;
        struct mmsim_fault fault;
        ck_assert(bench.ops->walk(&bench.cpu, &bench.port, &trial.request, &translation, &fault));
        ck_assert_uint_eq(mmsim_port_read32(&bench.port, trial.pte_at), 0x00234061);
        uint8_t allow = bench.cpu.allow[MMSIM_PRIVILEGE_SUPERVISOR][translation.rights];
        ck_assert_uint_eq(allow & 7, 7);
        clear_trial(&bench, &trial);
    }
    bench_fini(&bench);
}
END_TEST

START_TEST(with_paging_off_linear_is_physical_and_nothing_faults)
{
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        struct bench bench;
        bench_init(&bench, preset);
        ck_assert(!bench.cpu.translating);
        struct oracle_cpu rules = rules_of(preset);
        set_control(&bench, &rules);
        ck_assert(bench.cpu.translating);
        set_register(&bench, X86_CR0, bench.cr0 | X86_CR0_PE);
        ck_assert(!bench.cpu.translating);
        for (unsigned i = 0; i < 600; i++) {
            struct mmsim_request request = {.address = (uint32_t)mm_rng_next(&bench.rng),
                                            .access = (enum mmsim_access_kind)(i % 3),
                                            .privilege = (enum mmsim_privilege)(i / 3 % 2)};
            struct mmsim_walk walk = {0};
            bench.ops->explain(&bench.cpu, &bench.port, &request, &walk);
            ck_assert(!walk.paging && walk.present && walk.allowed);
            ck_assert_uint_eq(walk.n_steps, 0);
            ck_assert_uint_eq(walk.physical, request.address);
        }
        bench_fini(&bench);
    }
}
END_TEST

Suite *test_truth_table_suite(void);
Suite *test_truth_table_suite(void)
{
    Suite *suite = suite_create("x86_32 truth table");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, every_combination_of_bits_is_translated_as_the_manual_says);
    tcase_add_test(tests, reserved_bits_fault_exactly_where_the_cpu_has_them);
    tcase_add_test(tests, physical_address_of_a_large_page_reaches_64_gib_with_pse36);
    tcase_add_test(tests, i386_supervisor_writes_whatever_the_entries_say);
    tcase_add_test(tests, with_paging_off_linear_is_physical_and_nothing_faults);
    suite_add_tcase(suite, tests);
    return suite;
}
