/*
 * test_swap_twin.c - two machines do the same: one has all the memory it wants and no swap, the
 * other a few frames, swap, and a policy. Whoever acts must not be able to tell them apart: values,
 * errors, signals and the contents of files are equal, whatever the calls.
 *
 * Random programs of four processes map private and shared memory and files, move, protect, lock,
 * discard, guard, fork, cut files, and read and write; meanwhile areas of swap are turned off and
 * on. The invariant checker runs now and then.
 */
#include <check.h>
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

/* ck_assert_msg() reports each success to the runner, by a write. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

#define ARENA UINT64_C(0x503f0000) /* in two page tables */
enum { ROOMY, TIGHT, N_TWINS };
enum { N_ACTORS = 4, N_FILES = 3, ARENA_PAGES = 40, FILE_PAGES = 12, N_FRAMES = 40 };

struct twins {
    struct mmsim_machine *machine[N_TWINS];
    struct mmsim_process *actor[N_TWINS][N_ACTORS];
    struct mmsim_file *file[N_TWINS][N_FILES];
    struct mm_rng rng;
    unsigned step, n_born, n_cpus;
};

static uint64_t below(struct twins *twins, uint64_t bound)
{
    return mm_rng_below(&twins->rng, bound);
}

static void same(const struct twins *twins, const char *what, uint64_t roomy, uint64_t tight)
{
    MUST(roomy == tight, "step %u: %s: %llu with room, %llu without", twins->step, what,
         (unsigned long long)roomy, (unsigned long long)tight);
}

/* ---- calls ---- */

struct range {
    mmsim_vaddr at;
    uint64_t length;
};

static struct range some_range(struct twins *twins)
{
    uint64_t first = below(twins, ARENA_PAGES), n = 1 + below(twins, 12);
    n = n < ARENA_PAGES - first ? n : ARENA_PAGES - first;
    return (struct range){ARENA + first * MMSIM_PAGE_SIZE, n * MMSIM_PAGE_SIZE};
}

static unsigned some_prot(struct twins *twins)
{
    static const unsigned prots[] = {MMSIM_PROT_NONE, MMSIM_PROT_READ};
    unsigned n = (unsigned)below(twins, 8);
    return n < 2 ? prots[n] : MMSIM_PROT_READ | MMSIM_PROT_WRITE;
}

static void do_mmap(struct twins *twins, unsigned who)
{
    struct range range = some_range(twins);
    unsigned file = (unsigned)below(twins, 2 * N_FILES);
    struct mmsim_mapping want = {
        .address = range.at,
        .length = range.length,
        .prot = some_prot(twins),
        .flags = MMSIM_MAP_FIXED | (below(twins, 2) ? MMSIM_MAP_PRIVATE : MMSIM_MAP_SHARED),
        .offset = file < N_FILES ? below(twins, FILE_PAGES) * MMSIM_PAGE_SIZE : 0};
    want.flags |= file < N_FILES ? 0 : MMSIM_MAP_ANONYMOUS;
    enum mmsim_errno errors[N_TWINS];
    for (unsigned k = 0; k < N_TWINS; k++) {
        mmsim_vaddr at;
        want.file = file < N_FILES ? twins->file[k][file] : NULL;
        errors[k] = mmsim_mmap(twins->actor[k][who], &want, &at);
    }
    same(twins, "mmap", errors[ROOMY], errors[TIGHT]);
}

static enum mmsim_errno call(struct mmsim_process *process, unsigned which, struct range range,
                             uint64_t argument)
{
    static const enum mmsim_advice advices[] = {
        MMSIM_MADV_DONTNEED,      MMSIM_MADV_PAGEOUT, MMSIM_MADV_PAGEOUT, MMSIM_MADV_WILLNEED,
        MMSIM_MADV_GUARD_INSTALL, MMSIM_MADV_COLD,    MMSIM_MADV_REMOVE,  MMSIM_MADV_GUARD_REMOVE};
    struct mmsim_remap remap = {.address = range.at,
                                .old_length = range.length,
                                .new_length = range.length,
                                .flags = MMSIM_MREMAP_MAYMOVE | MMSIM_MREMAP_FIXED,
                                .new_address = ARENA + argument % 28 * MMSIM_PAGE_SIZE};
    static const unsigned prots[] = {MMSIM_PROT_NONE, MMSIM_PROT_READ,
                                     MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                     MMSIM_PROT_READ | MMSIM_PROT_WRITE};
    mmsim_vaddr moved;
    switch (which) {
    case 0:
        return mmsim_munmap(process, range.at, range.length);
    case 1:
        return mmsim_mprotect(process, range.at, range.length, prots[argument % 4]);
    case 2:
        return mmsim_mremap(process, &remap, &moved);
    case 3:
        return mmsim_mlock(process, range.at, MMSIM_PAGE_SIZE, 0);
    case 4:
        return mmsim_munlock(process, range.at, range.length);
    case 5:
        return mmsim_msync(process, range.at, range.length, MMSIM_MS_SYNC);
    default:
        return mmsim_madvise(process, range.at, range.length, advices[argument % 8]);
    }
}

static void do_call(struct twins *twins, unsigned who)
{
    unsigned which = (unsigned)below(twins, 10);
    struct range range = some_range(twins);
    uint64_t argument = below(twins, 1000);
    enum mmsim_errno errors[N_TWINS];
    for (unsigned k = 0; k < N_TWINS; k++)
        errors[k] = call(twins->actor[k][who], which, range, argument);
    char what[32];
    snprintf(what, sizeof what, "call %u, %u", which, (unsigned)(argument % 8));
    same(twins, what, errors[ROOMY], errors[TIGHT]);
}

static void do_access(struct twins *twins, unsigned who)
{
    bool write = below(twins, 2);
    uint8_t bytes[N_TWINS][24];
    size_t n_bytes = 1 + below(twins, below(twins, 3) ? 8 : sizeof bytes[0]);
    mmsim_vaddr at = ARENA + below(twins, ARENA_PAGES) * MMSIM_PAGE_SIZE + below(twins, 3) * 4;
    at -= below(twins, 4) == 0 ? 4 : 0;
    struct mmsim_access access[N_TWINS];
    for (size_t i = 0; i < n_bytes; i++)
        bytes[ROOMY][i] = bytes[TIGHT][i] = (uint8_t)mm_rng_next(&twins->rng);
    unsigned cpu = (unsigned)below(twins, twins->n_cpus);
    for (unsigned k = 0; k < N_TWINS; k++) {
        struct mmsim_process *process = twins->actor[k][who];
        mmsim_run_on(process, cpu);
        access[k] = write ? mmsim_write(process, at, bytes[k], n_bytes)
                          : mmsim_read(process, at, bytes[k], n_bytes);
    }
    same(twins, "outcome", access[ROOMY].outcome, access[TIGHT].outcome);
    same(twins, "signal", access[ROOMY].signal, access[TIGHT].signal);
    same(twins, "code", access[ROOMY].code, access[TIGHT].code);
    same(twins, "address", access[ROOMY].address, access[TIGHT].address);
    same(twins, "bytes done", access[ROOMY].done, access[TIGHT].done);
    MUST(memcmp(bytes[ROOMY], bytes[TIGHT], access[ROOMY].done) == 0,
         "step %u: other bytes at %#llx", twins->step, (unsigned long long)at);
}

/* ---- files ---- */

static void do_file(struct twins *twins)
{
    unsigned which = (unsigned)below(twins, N_FILES), what = (unsigned)below(twins, 12);
    uint64_t offset = below(twins, FILE_PAGES * MMSIM_PAGE_SIZE), n = 1 + below(twins, 9000);
    uint8_t *bytes[N_TWINS] = {calloc(1, n), calloc(1, n)};
    uint64_t done[N_TWINS] = {0, 0};
    enum mmsim_errno errors[N_TWINS];
    memset(bytes[ROOMY], (int)twins->step, n);
    memset(bytes[TIGHT], (int)twins->step, n);
    for (unsigned k = 0; k < N_TWINS; k++) {
        struct mmsim_file *file = twins->file[k][which];
        if (what == 0)
            errors[k] = mmsim_file_truncate(file, offset);
        else if (what == 1)
            errors[k] = mmsim_file_punch(file, offset, n);
        else if (what == 2)
            errors[k] = mmsim_file_sync(file);
        else if (what < 8)
            errors[k] = mmsim_file_write(file, offset, bytes[k], n, &done[k]);
        else
            errors[k] = mmsim_file_read(file, offset, bytes[k], n, &done[k]);
    }
    same(twins, "error of a file", errors[ROOMY], errors[TIGHT]);
    same(twins, "bytes of a file", done[ROOMY], done[TIGHT]);
    MUST(memcmp(bytes[ROOMY], bytes[TIGHT], done[ROOMY]) == 0, "step %u: other bytes of a file",
         twins->step);
    free(bytes[ROOMY]);
    free(bytes[TIGHT]);
}

/* ---- processes ---- */

static void settle(struct mmsim_process *process)
{
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_set_limit(process, MMSIM_LIMIT_MEMORY_LOCKED, 3 * MMSIM_PAGE_SIZE);
}

static void do_birth(struct twins *twins, unsigned who)
{
    unsigned parent = (unsigned)below(twins, N_ACTORS);
    char name[16];
    snprintf(name, sizeof name, "p%u", twins->n_born++);
    for (unsigned k = 0; k < N_TWINS; k++) {
        struct mmsim_process *from = twins->actor[k][parent], *born = NULL;
        if (from)
            MUST(mmsim_fork(from, name, &born) == MMSIM_SUCCESS, "step %u: fork", twins->step);
        else
            MUST(mmsim_spawn(twins->machine[k], name, &born, NULL) == MMSIM_OK, "step %u: spawn",
                 twins->step);
        settle(born);
        twins->actor[k][who] = born;
    }
}

static void do_death(struct twins *twins, unsigned who)
{
    for (unsigned k = 0; k < N_TWINS; k++) {
        ck_assert_int_eq(mmsim_exit(twins->actor[k][who], 0), MMSIM_SUCCESS);
        twins->actor[k][who] = NULL;
    }
}

/* What only the tight one does: nobody may notice. */
static void disturb(struct twins *twins)
{
    struct mmsim_machine *machine = twins->machine[TIGHT];
    switch (below(twins, 4)) {
    case 0:
        mmsim_swapoff(machine, below(twins, 2));
        break;
    case 1:
        mmsim_swapon(machine, 0);
        mmsim_swapon(machine, 1);
        break;
    case 2:
        mmsim_reclaim(machine, 1 + below(twins, N_FRAMES));
        break;
    default:
        mmsim_age(machine);
    }
    mmsim_swapon(machine, 0);
}

static void do_something(struct twins *twins)
{
    unsigned who = (unsigned)below(twins, N_ACTORS);
    uint64_t dice = below(twins, 100);
    if (dice < 3)
        disturb(twins);
    else if (dice < 9)
        do_file(twins);
    else if (!twins->actor[TIGHT][who])
        do_birth(twins, who);
    else if (dice < 10)
        do_death(twins, who);
    else if (dice < 16)
        do_mmap(twins, who);
    else if (dice < 26)
        do_call(twins, who);
    else
        do_access(twins, who);
}

/* ---- all of it ---- */

static void expect_sound(const struct twins *twins)
{
    struct mmsim_error error = {0};
    for (unsigned k = 0; k < N_TWINS; k++)
        MUST(mmsim_machine_check(twins->machine[k], &error) == MMSIM_OK, "step %u: %s", twins->step,
             error.text);
}

static void begin(struct twins *twins, const struct mmsim_config *tight)
{
    struct mmsim_config roomy = *tight;
    struct mmsim_error error = {0};
    roomy.user_frames = 0;
    roomy.pager.n_swap = 0;
    roomy.pager.scope = MMSIM_SCOPE_GLOBAL;
    twins->n_cpus = tight->n_cpus;
    mm_rng_seed(&twins->rng, tight->seed);
    for (unsigned k = 0; k < N_TWINS; k++) {
        MUST(mmsim_machine_create(k == ROOMY ? &roomy : tight, &twins->machine[k], &error) ==
                 MMSIM_OK,
             "%s: %s", error.where, error.text);
        for (unsigned i = 0; i < N_FILES; i++) {
            char name[8];
            snprintf(name, sizeof name, "f%u", i);
            ck_assert_int_eq(mmsim_file_create(twins->machine[k], name,
                                               FILE_PAGES * MMSIM_PAGE_SIZE, &twins->file[k][i]),
                             MMSIM_SUCCESS);
        }
    }
}

static void end(struct twins *twins)
{
    for (unsigned who = 0; who < N_ACTORS; who++)
        if (twins->actor[TIGHT][who])
            do_death(twins, who);
    expect_sound(twins);
    for (unsigned k = 0; k < N_TWINS; k++) {
        for (unsigned i = 0; i < N_FILES; i++)
            mmsim_file_unlink(twins->file[k][i]);
        struct mmsim_stats stats;
        struct mmsim_swap_stats swap;
        mmsim_machine_stats(twins->machine[k], &stats);
        mmsim_swap_get_stats(twins->machine[k], &swap);
        same(twins, "frames left", stats.memory.user, 0);
        same(twins, "slots left", swap.used, 0);
        mmsim_machine_destroy(twins->machine[k]);
    }
}

/* What it came to is worth the time. */
static void expect_traffic(const struct twins *twins)
{
    struct mmsim_swap_stats swap;
    mmsim_swap_get_stats(twins->machine[TIGHT], &swap);
    MUST(swap.in > 10 && swap.out > 10, "only %llu pages came from swap, and %llu went",
         (unsigned long long)swap.in, (unsigned long long)swap.out);
}

static void play(const struct mmsim_config *tight, unsigned n_steps)
{
    struct twins *twins = calloc(1, sizeof *twins);
    ck_assert_ptr_nonnull(twins);
    begin(twins, tight);
    for (; twins->step < n_steps; twins->step++) {
        do_something(twins);
        if (twins->step % 16 == 0)
            expect_sound(twins);
    }
    expect_traffic(twins);
    end(twins);
    free(twins);
}

enum { N_MODES = 2, N_STEPS = 1500 };

START_TEST(a_machine_with_few_frames_and_swap_cannot_be_told_from_one_with_many)
{
    static const struct mmsim_swap_area areas[] = {{.bytes = MMSIM_MIB}, {.bytes = MMSIM_MIB}};
    const struct mmsim_policy_ops *policy;
    uint64_t seed = 7000 + 1000 * (uint64_t)_i;
    for (size_t i = 0; (policy = mmsim_policy_at(i)) != NULL; i++, seed++) {
        if (policy->flags & MMSIM_POLICY_STUDY_ONLY)
            continue;
        struct mmsim_config config;
        mmsim_config_init(&config);
        config.paging = (enum mmsim_paging)_i;
        config.ram_bytes = 8 * MMSIM_MIB;
        config.seed = seed;
        config.user_frames = N_FRAMES - seed % 20;
        config.pager.policy_ops = policy;
        config.pager.swap = areas;
        config.pager.n_swap = 2;
        config.pager.view = seed % 2 ? MMSIM_VIEW_BITS : MMSIM_VIEW_REFERENCES;
        config.pager.scope = seed % 3 ? MMSIM_SCOPE_GLOBAL : MMSIM_SCOPE_LOCAL;
        config.pager.allocation = (enum mmsim_allocation)(seed / 3 % MMSIM_N_ALLOCATIONS);
        config.pager.swap_readahead = seed % 5 ? 1 : 16;
        config.pager.clean_first = (unsigned)(seed % 4);
        config.pager.load_control = seed % 7 == 0;
        config.pager.keep_young = seed % 11 < 3;
        config.n_cpus = seed % 2 ? 3 : 1;
        play(&config, N_STEPS);
    }
}
END_TEST

Suite *test_swap_twin_suite(void);
Suite *test_swap_twin_suite(void)
{
    Suite *suite = suite_create("twins with and without swap");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, a_machine_with_few_frames_and_swap_cannot_be_told_from_one_with_many,
                        0, N_MODES);
    suite_add_tcase(suite, tests);
    return suite;
}
