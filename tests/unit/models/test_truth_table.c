/*
 * test_truth_table.c - every legal combination of the bits that paging looks at.
 *
 * The bits of the entries, of the control registers, of PKRU and of the access are the digits of a
 * counter; all counts run, in 32-bit and PAE mode, on every CPU preset with features of its own,
 * and the oracle says what must come out. Not every bit meets every other: four products share them
 * out, and in each of them the bits that are not digits are filled at random. (The shape is that of
 * access.c in kvm-unit-tests.) What has no influence, cache control and software bits, is random
 * too.
 */
#include <stdlib.h>

#include "paging_bench.h"

enum bit {
    PDE_P,
    PDE_RW,
    PDE_US,
    PDE_A,
    PDE_D,
    PDE_PS,
    PDE_G,
    PDE_XD,
    PTE_P,
    PTE_RW,
    PTE_US,
    PTE_A,
    PTE_D,
    PTE_G,
    PTE_XD,
    PDPTE_P,
    BY_USER,
    IMPLICIT,
    WRITE,
    FETCH,
    FIRST_CONTROL, /* from here on: not of the trial, but of the registers */
    KEY_AD = FIRST_CONTROL,
    KEY_WD,
    CR0_WP,
    CR4_PSE,
    CR4_PGE,
    CR4_SMEP,
    CR4_SMAP,
    CR4_PKE,
    EFER_NXE,
    EFLAGS_AC,
    N_BITS
};

#define BIT(bit) (UINT64_C(1) << (bit))
#define CONTROL_BITS (BIT(N_BITS) - BIT(FIRST_CONTROL))
#define PRESENT_BITS (BIT(PDE_P) | BIT(PTE_P) | BIT(PDPTE_P))

/* Fast-changing digits first: a register is written only when one of its bits changes. */
struct product {
    const char *name;
    bool pae;
    uint32_t features; /* without them it would say nothing new */
    enum bit digits[24];
    unsigned n_digits;
};

static const struct product products[] = {
    {"entries",
     false,
     0,
     {WRITE, FETCH, BY_USER, PDE_P, PDE_RW, PDE_US, PDE_A, PDE_D, PDE_PS, PDE_G, PTE_P, PTE_RW,
      PTE_US, PTE_A, PTE_D, PTE_G, CR4_PGE, CR0_WP, CR4_PSE},
     19},
    {"entries",
     true,
     X86_HAS_PAE,
     {WRITE, FETCH, BY_USER, PDPTE_P, PDE_P, PDE_RW, PDE_US, PDE_A, PDE_PS, PDE_XD, PTE_P, PTE_RW,
      PTE_US, PTE_A, PTE_D, PTE_XD, CR0_WP, EFER_NXE},
     18},
    {"global pages",
     true,
     X86_HAS_PAE,
     {WRITE, PDE_P, PDE_A, PDE_D, PDE_PS, PDE_G, PTE_P, PTE_A, PTE_D, PTE_G, CR4_PGE, CR4_PSE},
     12},
    {"rights",
     false,
     X86_HAS_SMEP,
     {WRITE, FETCH, BY_USER, IMPLICIT, PDE_P, PDE_RW, PDE_US, PDE_PS, PTE_P, PTE_RW, PTE_US, CR0_WP,
      CR4_SMEP, EFLAGS_AC, CR4_SMAP, EFER_NXE, CR4_PSE},
     17},
    {"rights",
     true,
     X86_HAS_PAE,
     {WRITE, FETCH, BY_USER, IMPLICIT, PDE_RW, PDE_US, PDE_PS, PDE_XD, PTE_RW, PTE_US, PTE_XD,
      CR0_WP, CR4_SMEP, EFLAGS_AC, CR4_SMAP, EFER_NXE},
     16},
    {"keys",
     false,
     X86_HAS_KEYS,
     {WRITE, FETCH, BY_USER, IMPLICIT, PDE_P, PDE_RW, PDE_US, PDE_PS, PTE_P, PTE_RW, PTE_US, KEY_AD,
      KEY_WD, CR4_SMAP, CR4_PKE, CR0_WP, CR4_PSE},
     17},
    {"keys",
     true,
     X86_HAS_KEYS,
     {WRITE, FETCH, BY_USER, IMPLICIT, PDE_P, PDE_RW, PDE_US, PDE_PS, PTE_P, PTE_RW, PTE_US, KEY_AD,
      KEY_WD, EFLAGS_AC, CR4_SMAP, CR4_PKE, CR0_WP},
     17},
};
enum { N_PRODUCTS = sizeof products / sizeof products[0] };

/* ---- from a count to a trial ---- */

static bool is(uint64_t bits, enum bit bit)
{
    return bits >> bit & 1;
}

/* Bits that the CPU, or the mode, does not have. */
static uint64_t impossible(const struct mmsim_cpu_preset *preset, bool pae)
{
    static const struct {
        uint32_t feature;
        uint64_t bits;
    } needs[] = {{X86_HAS_WP, BIT(CR0_WP)},
                 {X86_HAS_PSE, BIT(CR4_PSE)},
                 {X86_HAS_PGE, BIT(CR4_PGE)},
                 {X86_HAS_NX, BIT(EFER_NXE)},
                 {X86_HAS_SMEP, BIT(CR4_SMEP)},
                 {X86_HAS_SMAP, BIT(CR4_SMAP) | BIT(EFLAGS_AC)},
                 {X86_HAS_PKE, BIT(CR4_PKE) | BIT(KEY_AD) | BIT(KEY_WD)}};
    uint64_t bits = pae ? 0 : BIT(PDE_XD) | BIT(PTE_XD);
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (!(preset->features & needs[i].feature))
            bits |= needs[i].bits;
    return bits;
}

static bool is_access(uint64_t bits)
{
    if (is(bits, WRITE) && is(bits, FETCH))
        return false;
    return !is(bits, IMPLICIT) || !(is(bits, BY_USER) || is(bits, FETCH));
}

static uint64_t spread(const struct product *product, uint32_t count)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < product->n_digits; i++)
        if (count >> i & 1)
            bits |= BIT(product->digits[i]);
    return bits;
}

static uint64_t entry_of(uint64_t bits, const enum bit *names)
{
    static const unsigned at[8] = {0, 1, 2, 5, 6, 8, 63, 7};
    uint64_t entry = 0;
    for (unsigned i = 0; i < 8 && names[i] < N_BITS; i++)
        entry |= (uint64_t)is(bits, names[i]) << at[i];
    return entry;
}

/* What is drawn anew only now and then. */
struct filler {
    uint64_t control; /* bits of registers */
    unsigned key;
    uint32_t pkru;
};

static void draw_filler(struct bench *bench, struct filler *filler, bool pae)
{
    filler->control = mm_rng_next(&bench->rng) & CONTROL_BITS;
    filler->key = (unsigned)mm_rng_below(&bench->rng, pae ? 16 : 8);
    filler->pkru = (uint32_t)mm_rng_next(&bench->rng);
}

static struct oracle_cpu rules_from(const struct bench *bench, bool pae, uint64_t bits,
                                    const struct filler *filler)
{
    struct oracle_cpu rules = rules_of(&bench->preset, pae);
    rules.wp = is(bits, CR0_WP);
    rules.pse = is(bits, CR4_PSE);
    rules.pge = is(bits, CR4_PGE);
    rules.smep = is(bits, CR4_SMEP);
    rules.smap = is(bits, CR4_SMAP);
    rules.pke = is(bits, CR4_PKE);
    rules.nxe = is(bits, EFER_NXE);
    rules.ac = is(bits, EFLAGS_AC);
    if (bench->preset.features & X86_HAS_PKE) {
        uint32_t own = UINT32_C(3) << 2 * filler->key;
        uint32_t rights = is(bits, KEY_AD) + 2u * is(bits, KEY_WD);
        rules.pkru = (filler->pkru & ~own) | rights << 2 * filler->key;
    }
    return rules;
}

/* Frames, tables and bits without influence at random; reserved bits all clear. */
static void draw_entries(struct bench *bench, struct trial *trial, uint64_t bits, unsigned key)
{
    static const enum bit pde_names[] = {PDE_P, PDE_RW, PDE_US, PDE_A,
                                         PDE_D, PDE_G,  PDE_XD, PDE_PS};
    static const enum bit pte_names[] = {PTE_P, PTE_RW, PTE_US, PTE_A,
                                         PTE_D, PTE_G,  PTE_XD, N_BITS};
    const struct oracle_cpu *rules = &trial->rules;
    unsigned width = rules->pae ? rules->physical_bits : 32;
    uint64_t frames = (UINT64_C(1) << width) - 4096;
    bool large = is(bits, PDE_PS) && (rules->pae || rules->pse);
    uint64_t leaf_soft = oracle_keys_work(rules) && !rules->pae ? 0x18 : 0xE18; /* AVL, PCD, PWT */
    uint64_t pde_soft = large ? leaf_soft : 0xE18;
    uint64_t of_key = !oracle_keys_work(rules) ? 0 : (uint64_t)key << (rules->pae ? 59 : 9);
    trial->pde = entry_of(bits, pde_names) | (mm_rng_next(&bench->rng) & pde_soft) |
                 (mm_rng_next(&bench->rng) & frames);
    if (large) {
        trial->pde = (trial->pde & ~(oracle_large_bytes(rules) - 0x1000)) | of_key;
        if (rules->has_pat)
            trial->pde |= mm_rng_next(&bench->rng) & 0x1000;
    }
    trial->pte = entry_of(bits, pte_names) | (mm_rng_next(&bench->rng) & leaf_soft) |
                 (mm_rng_next(&bench->rng) & frames) | of_key;
    if (rules->has_pat)
        trial->pte |= mm_rng_next(&bench->rng) & 0x80;
}

static void draw_request(struct bench *bench, struct trial *trial, uint64_t bits)
{
    uint32_t address = (uint32_t)mm_rng_next(&bench->rng);
    if (trial->rules.pae && !is(bits, PDPTE_P))
        address |= 0xC0000000;
    else if (trial->rules.pae && address >= 0xC0000000)
        address -= 0x40000000;
    trial->request = (struct mmsim_request){
        .address = address,
        .access = is(bits, WRITE)   ? MMSIM_ACCESS_WRITE
                  : is(bits, FETCH) ? MMSIM_ACCESS_FETCH
                                    : MMSIM_ACCESS_READ,
        .privilege = is(bits, BY_USER)    ? MMSIM_PRIVILEGE_USER
                     : is(bits, IMPLICIT) ? MMSIM_PRIVILEGE_IMPLICIT
                                          : MMSIM_PRIVILEGE_SUPERVISOR,
    };
}

static void try_bits(struct bench *bench, bool pae, uint64_t bits, const struct filler *filler)
{
    struct trial trial = {.rules = rules_from(bench, pae, bits, filler)};
    do {
        draw_request(bench, &trial, bits);
        draw_entries(bench, &trial, bits, filler->key);
    } while (!place_trial(bench, &trial));
    set_rules(bench, &trial.rules);
    try_trial(bench, &trial);
}

static unsigned run_product(struct bench *bench, const struct product *product)
{
    uint64_t digits = spread(product, UINT32_MAX),
             lacking = impossible(&bench->preset, product->pae);
    uint64_t others = ~digits & ~CONTROL_BITS & ~PRESENT_BITS & (BIT(N_BITS) - 1);
    others &= ~(BIT(WRITE) | BIT(FETCH) | BIT(BY_USER) | BIT(IMPLICIT));
    unsigned n_tried = 0;
    struct filler filler;
    for (uint32_t count = 0; count < UINT32_C(1) << product->n_digits; count++) {
        if (count % 256 == 0)
            draw_filler(bench, &filler, product->pae);
        uint64_t bits = spread(product, count);
        if ((bits & lacking) || !is_access(bits))
            continue;
        bits |= (PRESENT_BITS & ~digits) | (filler.control & ~digits);
        bits |= mm_rng_next(&bench->rng) & others;
        try_bits(bench, product->pae, bits & ~lacking, &filler);
        n_tried++;
    }
    return n_tried;
}

static bool same_features_came_before(const struct mmsim_cpu_preset *preset)
{
    for (const struct mmsim_cpu_preset *p = mm_x86_32_arch.presets; p != preset; p++)
        if (p->features == preset->features && p->physical_bits == preset->physical_bits)
            return true;
    return false;
}

START_TEST(every_combination_of_bits_is_translated_as_the_manual_says)
{
    const struct product *product = &products[_i];
    unsigned n_tried = 0;
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        if (same_features_came_before(preset) ||
            (preset->features & product->features) != product->features)
            continue;
        struct bench bench;
        bench_init(&bench, preset, product->pae);
        n_tried += run_product(&bench, product);
        bench_fini(&bench);
    }
    MUST(n_tried >= UINT32_C(1) << (product->n_digits - 3), "%s: only %u trials", product->name,
         n_tried);
}
END_TEST

/* ---- a translation in the TLB ---- */

#define ALL_FEATURES                                                                               \
    (X86_HAS_CR4 | X86_HAS_PSE | X86_HAS_PGE | X86_HAS_PSE36 | X86_HAS_PAT | X86_HAS_WP |          \
     X86_HAS_PAE | X86_HAS_NX | X86_HAS_SMEP | X86_HAS_SMAP | X86_HAS_PKE | X86_HAS_KEYS)

/* The `rights` that a walk gives for a page, with every permission open at that time. */
static uint8_t rights_for(struct bench *bench, struct trial *trial, const struct oracle_page *page)
{
    trial->rules.pke = trial->rules.pae || page->writable; /* off: the key is kept all the same */
    trial->request = (struct mmsim_request){
        0x12345678, page->no_execute ? MMSIM_ACCESS_READ : MMSIM_ACCESS_FETCH,
        MMSIM_PRIVILEGE_SUPERVISOR};
    uint64_t bits = 0x21 | (page->writable ? 2 : 0) | (page->user ? 4 : 0);
    trial->pde = 0x7777027;
    trial->pte = 0x1234000 | bits | (uint64_t)page->key << (trial->rules.pae ? 59 : 9);
    if (page->no_execute)
        trial->pte |= UINT64_C(1) << 63;
    trial->rules.wp = trial->rules.smep = trial->rules.smap = trial->rules.ac = false;
    trial->rules.pkru = 0;
    ck_assert(place_trial(bench, trial));
    set_rules(bench, &trial->rules);
    struct mmsim_translation translation;
    struct mmsim_fault fault;
    MUST(bench->ops->walk(&bench->cpu, &bench->port, &trial->request, &translation, &fault),
         "%s: refused", describe(bench, trial));
    return translation.rights;
}

/* It outlives any change of WP, SMEP, SMAP, AC and PKRU: nothing of them may be baked in. */
static void try_all_toggles(struct bench *bench, struct trial *trial,
                            const struct oracle_page *page)
{
    uint8_t rights = rights_for(bench, trial, page);
    for (unsigned count = 0; count < 128; count++) {
        trial->rules.wp = count & 1;
        trial->rules.smep = count & 2;
        trial->rules.smap = count & 4;
        trial->rules.ac = count & 8;
        uint32_t own = count >> 4 & 3, random = (uint32_t)mm_rng_next(&bench->rng);
        trial->rules.pkru = (random & ~(UINT32_C(3) << 2 * page->key)) | own << 2 * page->key;
        trial->rules.pke = count & 64 || trial->rules.pae;
        set_rules(bench, &trial->rules);
        expect_hit(bench, trial, page, rights);
    }
}

START_TEST(rights_on_a_hit_are_those_of_a_fresh_walk_whatever_was_toggled)
{
    bool pae = _i;
    struct bench bench;
    struct mmsim_cpu_preset preset = made_to_measure(ALL_FEATURES, 36);
    bench_init(&bench, &preset, pae);
    for (unsigned count = 0; count < (pae ? 128 : 64); count++) {
        if (!pae && count & 4)
            continue;
        struct oracle_page page = {
            .user = count & 1, .writable = count & 2, .no_execute = count & 4, .key = count >> 3};
        struct trial trial = {.rules = rules_of(&preset, pae)};
        trial.rules.nxe = pae;
        trial.rules.pke = true;
        try_all_toggles(&bench, &trial, &page);
    }
    bench_fini(&bench);
}
END_TEST

/* ---- arbitrary entries ---- */

static const struct {
    bool pae;
    uint32_t features;
    unsigned physical_bits;
} machines[] = {
    {false, 0, 32},
    {false, X86_HAS_WP, 32},
    {false, X86_HAS_CR4 | X86_HAS_PSE, 32},
    {false, ALL_FEATURES & ~X86_HAS_PSE36, 36},
    {false, ALL_FEATURES & ~X86_HAS_PAT, 36},
    {false, ALL_FEATURES & ~X86_HAS_KEYS, 32},
    {false, ALL_FEATURES & ~X86_HAS_KEYS, 36},
    {false, ALL_FEATURES & ~X86_HAS_KEYS, 37},
    {false, ALL_FEATURES & ~X86_HAS_KEYS, 40},
    {false, ALL_FEATURES, 36},
    {true, X86_HAS_CR4 | X86_HAS_PAE, 36},
    {true, ALL_FEATURES & ~(X86_HAS_PAT | X86_HAS_KEYS), 36},
    {true, ALL_FEATURES & ~X86_HAS_KEYS, 32},
    {true, ALL_FEATURES & ~X86_HAS_KEYS, 36},
    {true, ALL_FEATURES & ~X86_HAS_KEYS, 40},
    {true, ALL_FEATURES & ~X86_HAS_NX, 36},
    {true, ALL_FEATURES, 32},
    {true, ALL_FEATURES, 36},
    {true, ALL_FEATURES, 40},
};
enum { N_MACHINES = sizeof machines / sizeof machines[0], N_RANDOM = 40000 };

/* Any bits, but so that neither "not present" nor "reserved" hides everything else. */
static uint64_t some_entry(struct bench *bench, bool pae)
{
    uint64_t entry = mm_rng_next(&bench->rng), dice = mm_rng_next(&bench->rng);
    uint64_t high = ~UINT64_C(0) << bench->preset.physical_bits;
    if (!pae)
        entry &= UINT32_MAX;
    if (dice % 8)
        entry |= 1;
    dice /= 8;
    if (dice % 4 == 0)
        entry &= ~high | UINT64_C(1) << (dice / 4 % 64);
    else if (dice % 4 < 3)
        entry &= ~high | UINT64_C(0xF800000000000000);
    else
        entry &= ~high;
    dice /= 256;
    if (dice % 2)
        entry &= ~UINT64_C(0x3FF000) | UINT64_C(1) << (12 + dice / 2 % 10);
    else if (dice / 2 % 2)
        entry &= UINT64_C(0x1FF000) << mm_rng_below(&bench->rng, 10) | ~UINT64_C(0x3FF000);
    return entry;
}

static struct oracle_cpu some_rules(struct bench *bench, bool pae)
{
    struct filler filler;
    draw_filler(bench, &filler, pae);
    uint64_t bits = filler.control & ~impossible(&bench->preset, pae);
    struct oracle_cpu rules = rules_from(bench, pae, bits, &filler);
    if (bench->preset.features & X86_HAS_PKE)
        rules.pkru = filler.pkru & (uint32_t)mm_rng_next(&bench->rng);
    return rules;
}

static void some_request(struct bench *bench, struct trial *trial)
{
    uint64_t bits;
    do
        bits = mm_rng_next(&bench->rng);
    while (!is_access(bits));
    draw_request(bench, trial, bits | (bits >> 40 & 7 ? BIT(PDPTE_P) : 0));
}

START_TEST(entries_of_arbitrary_bits_are_translated_as_the_manual_says)
{
    bool pae = machines[_i].pae;
    struct mmsim_cpu_preset preset =
        made_to_measure(machines[_i].features, machines[_i].physical_bits);
    struct bench bench;
    bench_init(&bench, &preset, pae);
    unsigned n_by_end[4] = {0};
    struct trial trial = {0};
    for (unsigned count = 0; count < N_RANDOM; count++) {
        if (count % 16 == 0)
            trial.rules = some_rules(&bench, pae);
        do {
            some_request(&bench, &trial);
            trial.pde = some_entry(&bench, pae);
            trial.pte = some_entry(&bench, pae);
        } while (!place_trial(&bench, &trial));
        set_rules(&bench, &trial.rules);
        n_by_end[try_trial(&bench, &trial)]++;
    }
    bool has_reserved = pae || (machines[_i].features & X86_HAS_PSE);
    for (unsigned end = 0; end < 4; end++)
        MUST(n_by_end[end] > N_RANDOM / 50 || (end == ORACLE_RESERVED && !has_reserved),
             "the draw is one-sided: end %u came %u times", end, n_by_end[end]);
    bench_fini(&bench);
}
END_TEST

/* ---- single rules, so that a failure names itself ---- */

/* The bits that may be reserved, one by one, in a PDE or a PTE that is fine otherwise. */
START_TEST(each_reserved_bit_faults_alone)
{
    bool pae = machines[_i].pae;
    struct mmsim_cpu_preset preset =
        made_to_measure(machines[_i].features, machines[_i].physical_bits);
    struct bench bench;
    bench_init(&bench, &preset, pae);
    for (unsigned count = 0; count < 64 * 32; count++) {
        unsigned number = count % 64;
        if (!pae && number > 31)
            continue;
        struct trial trial = {.rules = rules_of(&preset, pae)};
        uint64_t lacking = impossible(&preset, pae);
        trial.rules.pse = (count & 64) && !is(lacking, CR4_PSE);
        trial.rules.nxe = (count & 128) && !is(lacking, EFER_NXE);
        trial.rules.pke = (count & 256) && !is(lacking, CR4_PKE);
        uint64_t flip = UINT64_C(1) << number;
        trial.pde = 0x0800027 | (count & 512 ? 0x80 : 0) | (count & 1024 ? flip : 0);
        trial.pte = 0x7654027 | (count & 1024 ? 0 : flip);
        trial.request = (struct mmsim_request){0x23456789, MMSIM_ACCESS_READ, MMSIM_PRIVILEGE_USER};
        ck_assert(place_trial(&bench, &trial));
        set_rules(&bench, &trial.rules);
        try_trial(&bench, &trial);
    }
    bench_fini(&bench);
}
END_TEST

START_TEST(a_4_mib_page_reaches_as_far_as_pse36_and_the_cpu_go)
{
    static const struct {
        unsigned physical_bits;
        uint64_t pde, base;
    } pages[] = {{32, 0xFFC01083, 0xFFC00000},
                 {36, 0xFFC1F083, UINT64_C(0xFFFC00000)},
                 {40, 0xFFDFF083, UINT64_C(0xFFFFC00000)}};
    struct mmsim_cpu_preset preset = made_to_measure(ALL_FEATURES, pages[_i].physical_bits);
    struct bench bench;
    bench_init(&bench, &preset, false);
    struct trial trial = {.rules = rules_of(&preset, false), .pde = pages[_i].pde};
    trial.rules.pse = true;
    trial.request =
        (struct mmsim_request){0x00801234, MMSIM_ACCESS_WRITE, MMSIM_PRIVILEGE_SUPERVISOR};
    ck_assert(place_trial(&bench, &trial));
    set_rules(&bench, &trial.rules);
    struct mmsim_translation translation;
    struct mmsim_fault fault;
    ck_assert(bench.ops->walk(&bench.cpu, &bench.port, &trial.request, &translation, &fault));
    ck_assert_uint_eq(translation.base, pages[_i].base);
    trial.pde |= UINT64_C(1) << (pages[_i].physical_bits - 19); /* one bit farther */
    ck_assert(place_trial(&bench, &trial));
    ck_assert(!bench.ops->walk(&bench.cpu, &bench.port, &trial.request, &translation, &fault));
    ck_assert_uint_eq(fault.error, 0xB);
    bench_fini(&bench);
}
END_TEST

START_TEST(i386_supervisor_writes_whatever_the_entries_say)
{
    const struct mmsim_cpu_preset *i386 = mm_x86_32_arch.presets;
    while (i386->name && (i386->features & X86_HAS_WP))
        i386++;
    MUST(i386->name, "there is no preset without CR0.WP");
    struct bench bench;
    bench_init(&bench, i386, false);
    for (unsigned wp = 0; wp < 2; wp++) {
        struct trial trial = {.rules = rules_of(i386, false), .pde = 0x400001, .pte = 0x234001};
        trial.request =
            (struct mmsim_request){0x00801234, MMSIM_ACCESS_WRITE, MMSIM_PRIVILEGE_SUPERVISOR};
        ck_assert(place_trial(&bench, &trial));
        set_rules(&bench, &trial.rules);
        /* The bit does not exist: whether the write keeps, drops or refuses it does not matter. */
        if (wp)
            write_register(&bench, X86_CR0, bench.cpu.registers[X86_CR0] | X86_CR0_WP);
        struct mmsim_translation translation;
        struct mmsim_fault fault;
        ck_assert(bench.ops->walk(&bench.cpu, &bench.port, &trial.request, &translation, &fault));
        ck_assert_uint_eq(cell_value(&bench.memory, CELL_PTE), 0x234061);
        uint8_t allow = bench.cpu.allow[MMSIM_PRIVILEGE_SUPERVISOR][translation.rights];
        ck_assert_uint_eq(allow & 7, 7);
    }
    bench_fini(&bench);
}
END_TEST

START_TEST(with_paging_off_linear_is_physical_and_nothing_faults)
{
    for (const struct mmsim_cpu_preset *preset = mm_x86_32_arch.presets; preset->name; preset++) {
        struct bench bench;
        bench_init(&bench, preset, false);
        ck_assert(!bench.cpu.translating);
        struct oracle_cpu rules = rules_of(preset, false);
        set_rules(&bench, &rules);
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
    tcase_add_loop_test(tests, every_combination_of_bits_is_translated_as_the_manual_says, 0,
                        N_PRODUCTS);
    tcase_add_loop_test(tests, rights_on_a_hit_are_those_of_a_fresh_walk_whatever_was_toggled, 0,
                        2);
    tcase_add_loop_test(tests, entries_of_arbitrary_bits_are_translated_as_the_manual_says, 0,
                        N_MACHINES);
    tcase_add_loop_test(tests, each_reserved_bit_faults_alone, 0, N_MACHINES);
    tcase_add_loop_test(tests, a_4_mib_page_reaches_as_far_as_pse36_and_the_cpu_go, 0, 3);
    tcase_add_test(tests, i386_supervisor_writes_whatever_the_entries_say);
    tcase_add_test(tests, with_paging_off_linear_is_physical_and_nothing_faults);
    suite_add_tcase(suite, tests);
    return suite;
}
