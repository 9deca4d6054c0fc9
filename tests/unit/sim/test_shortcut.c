/*
 * test_shortcut.c - the shortcut to TLB hits changes nothing: two machines, one with and one
 * without it, run the same random program and agree in every statistic, every TLB entry and every
 * byte read.
 */
#include <string.h>

#include "base/rng.h"
#include "kit.h"
#include "sim/machine.h"

enum { N_PAGES = 200, N_REFERENCES = 500, N_ROUNDS = 600, N_CPUS = 2 };

struct twin {
    struct mmsim_machine *machine;
    struct mmsim_process *parent, *child;
    mmsim_vaddr base;
};

static struct twin build(const char *cpu, enum mmsim_paging paging, bool off)
{
    struct mmsim_config config = kit_config();
    config.paging = paging;
    config.cpu = cpu;
    config.n_cpus = N_CPUS;
    config.check = MMSIM_CHECK_END;
    struct twin twin = {.machine = kit_build(&config)};
    for (unsigned i = 0; i < N_CPUS; i++)
        twin.machine->cpus[i].shortcut.off = off;
    twin.parent = kit_spawn(twin.machine, "parent");
    twin.base = kit_map(twin.parent, N_PAGES);
    twin.child = kit_fork(twin.parent, "child");
    mmsim_process_on_signal(twin.parent, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_process_on_signal(twin.child, MMSIM_ON_SIGNAL_SURVIVE);
    return twin;
}

/* A few hot pages, so that most references hit, and a tail of cold ones. */
static mmsim_vaddr random_address(struct mm_rng *rng, mmsim_vaddr base)
{
    uint64_t page = mm_rng_below(rng, 4) ? mm_rng_below(rng, 20) : mm_rng_below(rng, N_PAGES);
    return base + page * KIT_PAGE + mm_rng_below(rng, KIT_PAGE);
}

static uint64_t run_references(struct twin *twin, struct mmsim_process *process, uint64_t seed)
{
    struct mmsim_reference references[N_REFERENCES];
    struct mm_rng rng;
    uint64_t sum = 0;
    mm_rng_seed(&rng, seed);
    for (unsigned i = 0; i < N_REFERENCES; i++)
        references[i] = (struct mmsim_reference){random_address(&rng, twin->base), i,
                                                 mm_rng_below(&rng, 3) == 0};
    for (size_t done = 0; done < N_REFERENCES; done++) /* a refused one is left out */
        done += mmsim_reference_run(process, references + done, N_REFERENCES - done).done;
    for (unsigned i = 0; i < N_REFERENCES; i++)
        sum = mm_rng_mix(sum ^ references[i].value);
    return sum;
}

static uint64_t run_bytes(struct twin *twin, struct mmsim_process *process, uint64_t seed)
{
    struct mm_rng rng;
    uint64_t sum = 0;
    mm_rng_seed(&rng, seed);
    for (unsigned i = 0; i < 50; i++) {
        uint64_t value = 0;
        mmsim_vaddr at = random_address(&rng, twin->base);
        size_t n_bytes = 1 + mm_rng_below(&rng, 8);
        mmsim_read(process, at, &value, n_bytes);
        sum = mm_rng_mix(sum ^ value);
        value = mm_rng_next(&rng);
        mmsim_write(process, at, &value, n_bytes);
        mmsim_fetch(process, at);
        mmsim_read(mmsim_kernel(twin->machine), at, &value, n_bytes);
    }
    return sum;
}

static uint64_t run_round(struct twin *twin, uint64_t seed)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, seed);
    struct mmsim_process *process = mm_rng_below(&rng, 2) ? twin->parent : twin->child;
    mmsim_run_on(process, (unsigned)mm_rng_below(&rng, N_CPUS));
    mmsim_vaddr at = twin->base + mm_rng_below(&rng, N_PAGES - 40) * KIT_PAGE;
    uint64_t length = (1 + mm_rng_below(&rng, 40)) * KIT_PAGE;
    mmsim_vaddr got;
    switch (mm_rng_below(&rng, 8)) {
    case 0:
        return (uint64_t)mmsim_munmap(process, at, length);
    case 1:
        return (uint64_t)kit_try_map(process, at, length, KIT_RW, MMSIM_MAP_FIXED, &got);
    case 2:
        return (uint64_t)mmsim_mprotect(process, at, length, (unsigned)mm_rng_below(&rng, 4));
    case 3:
        return run_bytes(twin, process, seed);
    default:
        return run_references(twin, process, seed);
    }
}

static void compare_arrays(const struct mm_tlb_array *a, const struct mm_tlb_array *b)
{
    size_t n = a->entries ? ((size_t)a->set_mask + 1) * a->ways : 0;
    for (size_t i = 0; i < n; i++)
        if (a->entries[i].tag || b->entries[i].tag)
            ck_assert_mem_eq(&a->entries[i], &b->entries[i], sizeof a->entries[i]);
}

static void compare(const struct twin *with, const struct twin *without)
{
    struct mmsim_stats a = kit_stats(with->machine), b = kit_stats(without->machine);
    ck_assert_mem_eq(&a, &b, sizeof a);
    for (unsigned i = 0; i < N_CPUS; i++) {
        for (int tlb = 0; tlb < 2; tlb++) {
            const struct mm_tlb *one = &with->machine->cpus[i].own_tlbs[tlb];
            const struct mm_tlb *other = &without->machine->cpus[i].own_tlbs[tlb];
            compare_arrays(&one->small, &other->small);
            compare_arrays(&one->large, &other->large);
        }
    }
}

START_TEST(with_and_without_the_shortcut_everything_is_equal)
{
    const char *cpu = mmsim_cpu_name("x86_32", (size_t)_i);
    bool pae = strcmp(cpu, "pentium-4") == 0 || strcmp(cpu, "nehalem") == 0;
    enum mmsim_paging paging = pae ? MMSIM_PAGING_PAE : MMSIM_PAGING_32BIT;
    struct twin with = build(cpu, paging, false);
    struct twin without = build(cpu, paging, true);
    for (uint64_t round = 0; round < N_ROUNDS; round++) {
        ck_assert_uint_eq(run_round(&with, round), run_round(&without, round));
        compare(&with, &without);
    }
    ck_assert_uint_gt(kit_stats(with.machine).tlb.hits, 20000);
    kit_end(with.machine);
    kit_end(without.machine);
}
END_TEST

START_TEST(generations_that_run_out_begin_again_with_an_empty_shortcut)
{
    struct mm_shortcut shortcut = {.generation = 1};
    struct mm_tlb_entry entry = {.tag = 1};
    uint8_t page[1];
    mm_shortcut_add(&shortcut, MMSIM_ACCESS_READ, 0x40000000, page, &entry);
    ck_assert_ptr_nonnull(mm_shortcut_find(&shortcut, MMSIM_ACCESS_READ, 0x40000123));
    ck_assert_ptr_null(mm_shortcut_find(&shortcut, MMSIM_ACCESS_WRITE, 0x40000123));
    shortcut.generation = ((uint64_t)1 << MM_SHORTCUT_GENERATION_BITS) - 1;
    mm_shortcut_reset(&shortcut);
    ck_assert_uint_eq(shortcut.generation, 1);
    ck_assert_ptr_null(mm_shortcut_find(&shortcut, MMSIM_ACCESS_READ, 0x40000123));
}
END_TEST

Suite *test_shortcut_suite(void);
Suite *test_shortcut_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("shortcut", &tests);
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, with_and_without_the_shortcut_everything_is_equal, 0, 8);
    tcase_add_test(tests, generations_that_run_out_begin_again_with_an_empty_shortcut);
    return suite;
}
