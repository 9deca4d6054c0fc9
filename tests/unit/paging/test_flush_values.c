/*
 * test_flush_values.c - whatever the flush options, every access finds what it should.
 *
 * Processes on several CPUs map, protect, unmap, fork, switch and touch memory at random; an array
 * says what each page grants and holds. The kit checks the TLBs against the tables after every
 * call.
 */
#include <stdio.h>

#include "base/rng.h"
#include "kit.h"

enum { N_CPUS = 4, N_PROCESSES = 3, N_PAGES = 80, N_MOVES = 350 };

/* What one page should be like. */
struct page {
    bool mapped;
    unsigned prot;
    uint32_t value;
};

struct play {
    struct mmsim_machine *machine;
    struct mmsim_process *processes[N_PROCESSES];
    struct page pages[N_PROCESSES][N_PAGES];
    unsigned n_born;
    struct mm_rng rng;
};

#define BASE ((mmsim_vaddr)0x40000000)

static unsigned below(struct play *play, unsigned n)
{
    return (unsigned)mm_rng_below(&play->rng, n);
}

static mmsim_vaddr address_of(unsigned page)
{
    return BASE + page * KIT_PAGE;
}

static void map_whole(struct play *play, unsigned who)
{
    mmsim_vaddr got;
    ck_assert_int_eq(
        kit_try_map(play->processes[who], BASE, N_PAGES * KIT_PAGE, KIT_RW, MMSIM_MAP_FIXED, &got),
        MMSIM_SUCCESS);
    for (unsigned i = 0; i < N_PAGES; i++)
        play->pages[who][i] = (struct page){true, KIT_RW, 0};
}

static void expect_access(const struct mmsim_access *access, const struct page *page,
                          unsigned needed)
{
    if (page->mapped && (page->prot & needed)) {
        ck_assert_int_eq(access->outcome, MMSIM_DONE);
        return;
    }
    ck_assert_int_eq(access->outcome, MMSIM_SIGNAL);
    ck_assert_int_eq(access->code, page->mapped ? MMSIM_SEGV_ACCERR : MMSIM_SEGV_MAPERR);
}

static void move_access(struct play *play, unsigned who)
{
    unsigned i = below(play, N_PAGES);
    struct page *page = &play->pages[who][i];
    uint32_t value = below(play, 1000) + 1;
    if (below(play, 2)) {
        struct mmsim_access access = kit_write(play->processes[who], address_of(i), value);
        expect_access(&access, page, MMSIM_PROT_WRITE);
        if (access.outcome == MMSIM_DONE)
            page->value = value;
        return;
    }
    struct mmsim_access access =
        mmsim_read(play->processes[who], address_of(i), &value, sizeof value);
    expect_access(&access, page, MMSIM_PROT_READ);
    if (access.outcome == MMSIM_DONE)
        ck_assert_uint_eq(value, page->value);
}

static void move_unmap(struct play *play, unsigned who)
{
    unsigned first = below(play, N_PAGES), n = 1 + below(play, N_PAGES - first);
    ck_assert_int_eq(mmsim_munmap(play->processes[who], address_of(first), n * KIT_PAGE),
                     MMSIM_SUCCESS);
    for (unsigned i = first; i < first + n; i++)
        play->pages[who][i].mapped = false;
    if (below(play, 4) == 0)
        map_whole(play, who);
}

static void move_protect(struct play *play, unsigned who)
{
    static const unsigned rights[] = {MMSIM_PROT_NONE, MMSIM_PROT_READ, KIT_RW, KIT_RW};
    unsigned prot = rights[below(play, 4)];
    unsigned first = below(play, N_PAGES), n = 1 + below(play, N_PAGES - first);
    unsigned end = first;
    while (end < first + n && play->pages[who][end].mapped)
        play->pages[who][end++].prot = prot;
    enum mmsim_errno error =
        mmsim_mprotect(play->processes[who], address_of(first), n * KIT_PAGE, prot);
    ck_assert_int_eq(error, end == first + n ? MMSIM_SUCCESS : MMSIM_ENOMEM);
}

/* A process ends, and another one is forked in its place. */
static void move_fork(struct play *play, unsigned who)
{
    unsigned child = (who + 1) % N_PROCESSES;
    char name[16];
    snprintf(name, sizeof name, "p%u", ++play->n_born);
    ck_assert_int_eq(mmsim_exit(play->processes[child], 0), MMSIM_SUCCESS);
    play->processes[child] = kit_fork(play->processes[who], name);
    mmsim_process_on_signal(play->processes[child], MMSIM_ON_SIGNAL_SURVIVE);
    memcpy(play->pages[child], play->pages[who], sizeof play->pages[who]);
}

static void move(struct play *play)
{
    unsigned who = below(play, N_PROCESSES);
    unsigned kind = below(play, 100);
    if (kind < 12)
        mmsim_run_on(play->processes[who], below(play, N_CPUS));
    else if (kind < 18)
        mmsim_run_on(mmsim_kernel(play->machine), below(play, N_CPUS));
    else if (kind < 21)
        move_unmap(play, who);
    else if (kind < 26)
        move_protect(play, who);
    else if (kind < 28)
        move_fork(play, who);
    else
        move_access(play, who);
}

static struct mmsim_config config_of(int number)
{
    static const char *const cpus[] = {"i386", "pentium-3", "nehalem"};
    struct mmsim_config config = kit_config();
    config.ram_bytes = 4 * MMSIM_MIB;
    config.n_cpus = N_CPUS;
    config.flush = (struct mmsim_flush){.lazy = number & 1,
                                        .batched = number & 2,
                                        .global_pages = number & 4,
                                        .targeted = number & 8,
                                        .threshold_pages = 8,
                                        .method = (enum mmsim_flush_method)((number >> 4) % 3)};
    config.cpu = cpus[(number >> 4) / 3];
    config.paging = number >> 4 == 8 ? MMSIM_PAGING_PAE : MMSIM_PAGING_32BIT;
    return config;
}

START_TEST(every_access_finds_what_it_should)
{
    struct mmsim_config config = config_of(_i);
    static struct play play;
    play = (struct play){.machine = kit_build(&config)};
    mm_rng_seed(&play.rng, (uint64_t)_i + 1);
    for (unsigned i = 0; i < N_PROCESSES; i++) {
        char name[16];
        snprintf(name, sizeof name, "first%u", i);
        play.processes[i] = kit_spawn(play.machine, name);
        mmsim_process_on_signal(play.processes[i], MMSIM_ON_SIGNAL_SURVIVE);
        map_whole(&play, i);
    }
    for (unsigned i = 0; i < N_MOVES; i++)
        move(&play);
    kit_end(play.machine);
}
END_TEST

Suite *test_flush_values_suite(void);
Suite *test_flush_values_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("flush_values", &tests);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_access_finds_what_it_should, 0, 9 * 16);
    return suite;
}
