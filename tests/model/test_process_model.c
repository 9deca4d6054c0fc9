/*
 * test_process_model.c - whole processes against a model in which every page is a plain array.
 *
 * Random programs spawn, fork, map, unmap, protect, read, write and exit on one and on three CPUs,
 * under 32-bit and under PAE paging.
 * Where frames are limited, or a hog has taken nearly all of them, memory runs out: then a call may
 * answer ENOMEM, and an access may end with a process killed, but only if the machine has reported
 * that it ran out. Where swap fails on purpose, an access may end with SIGBUS, but only if a read
 * of swap has failed meanwhile; whatever else is read is what was written. The invariant checker
 * runs after each step.
 */
#include <check.h>
#include <mmsim/mmsim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "plain_pages.h"

#define HOG_START UINT64_C(0x70000000)
#define HOG_PAGES 2048u

/* ck_assert_msg() reports each success to the runner, by a write; millions of them take minutes. */
#define MUST(condition, ...)                                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg(__VA_ARGS__);                                                             \
    } while (0)

/* A process that only takes memory away. */
struct hog {
    struct mmsim_process *process; /* NULL = none */
    uint64_t n_pages;              /* written */
};

struct play {
    struct mmsim_machine *machine;
    bool has_hog, has_swap;
    bool fails;             /* requests of swap do, on purpose */
    uint64_t n_read_errors; /* of swap, before this access */
    unsigned n_lost;        /* accesses that ended with SIGBUS */
    struct hog hog;
    struct mm_rng rng;
    unsigned step, n_born, n_killed, n_memory_refusals;
    uint64_t n_out_of_memory; /* events */
    unsigned n_cpus;
    enum mmsim_paging paging;
    struct actor actors[MAX_PROCESSES];
    struct frames frames;
};

/* ---- after each step ---- */

static void count_out_of_memory(void *user, const struct mmsim_event *event)
{
    (void)event;
    ((struct play *)user)->n_out_of_memory++;
}

/* Whoever died was killed for want of memory, and the machine has said so. */
static void bury_the_killed(struct play *play)
{
    for (unsigned i = 0; i < MAX_PROCESSES; i++)
        if (play->actors[i].process && !mmsim_process_alive(play->actors[i].process)) {
            play->n_killed++;
            clear_actor(&play->frames, &play->actors[i]);
        }
    if (play->hog.process && !mmsim_process_alive(play->hog.process)) {
        play->n_killed++;
        play->hog = (struct hog){0};
    }
    MUST(play->n_killed == play->n_out_of_memory, "step %u: %u died, out of memory %llu times",
         play->step, play->n_killed, (unsigned long long)play->n_out_of_memory);
}

/*
 * One directory, and a table for each 4 MiB in which there is an entry. Under PAE four directories
 * and the table of their pointers; the arena's middle is a boundary there too, and no half of it
 * has another one inside.
 */
static uint64_t n_page_tables(const struct play *play, const struct actor *actor)
{
    bool used[2] = {false, false};
    for (unsigned page = 0; page < ARENA_PAGES; page++)
        if (actor->pages[page].touched)
            used[page >= ARENA_PAGES / 2] = true;
    return (play->paging == MMSIM_PAGING_PAE ? 5u : 1u) + used[0] + used[1];
}

static void expect_process_account(const struct play *play, const struct actor *actor)
{
    if (play->n_lost > 0) /* half an access may have been made */
        return;
    struct mmsim_process_stats must = {.page_tables = n_page_tables(play, actor)}, got;
    for (unsigned page = 0; page < ARENA_PAGES; page++) {
        must.mapped += actor->pages[page].mapped;
        must.rss += actor->pages[page].frame != NO_FRAME;
    }
    mmsim_process_get_stats(actor->process, &got);
    if (play->has_swap && got.rss < must.rss) /* the others are out */
        got.rss = must.rss;
    MUST(got.rss == must.rss && got.mapped == must.mapped && got.page_tables == must.page_tables,
         "step %u: %s: rss %llu, mapped %llu, page tables %llu; must be %llu, %llu, %llu",
         play->step, mmsim_process_name(actor->process), (unsigned long long)got.rss,
         (unsigned long long)got.mapped, (unsigned long long)got.page_tables,
         (unsigned long long)must.rss, (unsigned long long)must.mapped,
         (unsigned long long)must.page_tables);
}

static void expect_account(struct play *play)
{
    struct mmsim_stats stats;
    mmsim_machine_stats(play->machine, &stats);
    uint64_t n_user = n_frames_in_use(&play->frames) + play->hog.n_pages;
    bool fewer = play->has_swap && stats.memory.user < n_user;
    MUST(stats.memory.user == n_user || fewer || stats.swap.used > 0,
         "step %u: %llu user frames, must be %llu", play->step,
         (unsigned long long)stats.memory.user, (unsigned long long)n_user);
    MUST(stats.memory.frames ==
             stats.memory.free + stats.memory.user + stats.memory.page_tables + stats.memory.kernel,
         "step %u: the frames do not add up", play->step);
    for (unsigned i = 0; i < MAX_PROCESSES; i++)
        if (play->actors[i].process)
            expect_process_account(play, &play->actors[i]);
}

static void expect_sound(struct play *play)
{
    struct mmsim_error error = {0};
    MUST(mmsim_machine_check(play->machine, &error) == MMSIM_OK, "step %u: %s", play->step,
         error.text);
}

/* ---- births and deaths ---- */

static uint64_t below(struct play *play, uint64_t bound)
{
    return mm_rng_below(&play->rng, bound);
}

static void settle(struct actor *actor, struct mmsim_process *process)
{
    actor->process = process;
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
}

static void do_spawn(struct play *play, struct actor *actor)
{
    char name[16];
    snprintf(name, sizeof name, "s%u", play->n_born++);
    struct mmsim_process *process = NULL;
    struct mmsim_error error = {0};
    enum mmsim_status status = mmsim_spawn(play->machine, name, &process, &error);
    if (status == MMSIM_GUEST_MEMORY) {
        play->n_memory_refusals++;
        return;
    }
    MUST(status == MMSIM_OK, "step %u: spawn: %s", play->step, error.text);
    settle(actor, process);
}

static void do_fork(struct play *play, struct actor *parent, struct actor *child)
{
    char name[16];
    snprintf(name, sizeof name, "f%u", play->n_born++);
    struct mmsim_process *process = NULL;
    enum mmsim_errno error = mmsim_fork(parent->process, name, &process);
    if (error == MMSIM_ENOMEM) {
        play->n_memory_refusals++;
        return;
    }
    MUST(error == MMSIM_SUCCESS, "step %u: fork: %s", play->step, mmsim_errno_name(error));
    memcpy(child->pages, parent->pages, sizeof child->pages);
    for (unsigned i = 0; i < ARENA_PAGES; i++)
        if (child->pages[i].frame != NO_FRAME)
            play->frames.users[child->pages[i].frame]++;
    settle(child, process);
}

static void do_exit(struct play *play, struct actor *actor)
{
    struct mmsim_process *process = actor->process;
    MUST(mmsim_exit(process, 3) == MMSIM_SUCCESS, "step %u: exit", play->step);
    MUST(mmsim_exit(process, 3) == MMSIM_ESRCH, "step %u: a second exit", play->step);
    clear_actor(&play->frames, actor);
}

/* ---- mappings ---- */

struct range {
    unsigned first, end; /* pages of the arena */
};

static struct range some_range(struct play *play)
{
    struct range range = {.first = (unsigned)below(play, ARENA_PAGES)};
    range.end = range.first + 1 + (unsigned)below(play, 10);
    if (range.end > ARENA_PAGES)
        range.end = ARENA_PAGES;
    return range;
}

static uint64_t range_start(struct range range)
{
    return ARENA + (uint64_t)range.first * 4096;
}

static uint64_t range_bytes(struct range range)
{
    return (uint64_t)(range.end - range.first) * 4096;
}

static unsigned some_prot(struct play *play)
{
    static const unsigned choices[6] = {
        MMSIM_PROT_NONE,
        MMSIM_PROT_READ,
        MMSIM_PROT_WRITE,
        MMSIM_PROT_READ | MMSIM_PROT_WRITE,
        MMSIM_PROT_READ | MMSIM_PROT_WRITE,
        MMSIM_PROT_READ | MMSIM_PROT_WRITE | MMSIM_PROT_EXEC,
    };
    return choices[below(play, 6)];
}

/* A call that was refused for want of kernel memory had reserved first: nothing has changed. */
static void expect_unchanged(struct play *play, const struct actor *actor)
{
    play->n_memory_refusals++;
    for (unsigned i = 0; i < ARENA_PAGES; i++) {
        const struct page *page = &actor->pages[i];
        struct mmsim_vma_info info;
        uint64_t address = ARENA + (uint64_t)i * 4096;
        bool mapped = mmsim_vma_find(actor->process, address, &info) && info.start <= address;
        MUST(mapped == page->mapped && (!mapped || info.prot == page->prot),
             "step %u: a refused call has changed page %u", play->step, i);
    }
}

static void do_mmap(struct play *play, struct actor *actor)
{
    struct range range = some_range(play);
    unsigned kind = below(play, 3) ? MMSIM_MAP_FIXED : MMSIM_MAP_FIXED_NOREPLACE;
    struct mmsim_mapping want = {.address = range_start(range),
                                 .length = range_bytes(range) - below(play, 4096),
                                 .prot = some_prot(play),
                                 .flags = MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | kind};
    bool occupied = false;
    for (unsigned i = range.first; i < range.end; i++)
        occupied = occupied || actor->pages[i].mapped;
    mmsim_vaddr address = 0;
    enum mmsim_errno error = mmsim_mmap(actor->process, &want, &address);
    if (occupied && kind == MMSIM_MAP_FIXED_NOREPLACE) {
        MUST(error == MMSIM_EEXIST, "step %u: mmap: %s", play->step, mmsim_errno_name(error));
        return;
    }
    if (error == MMSIM_ENOMEM) {
        expect_unchanged(play, actor);
        return;
    }
    MUST(error == MMSIM_SUCCESS && address == want.address, "step %u: mmap: %s", play->step,
         mmsim_errno_name(error));
    for (unsigned i = range.first; i < range.end; i++) {
        clear_page(&play->frames, &actor->pages[i]);
        actor->pages[i].mapped = true;
        actor->pages[i].prot = want.prot;
    }
}

static void do_munmap(struct play *play, struct actor *actor)
{
    struct range range = some_range(play);
    enum mmsim_errno error =
        mmsim_munmap(actor->process, range_start(range), range_bytes(range) - below(play, 4096));
    if (error == MMSIM_ENOMEM) {
        expect_unchanged(play, actor);
        return;
    }
    MUST(error == MMSIM_SUCCESS, "step %u: munmap: %s", play->step, mmsim_errno_name(error));
    for (unsigned i = range.first; i < range.end; i++)
        clear_page(&play->frames, &actor->pages[i]);
}

/* The pages before the first hole are changed, whatever the call answers. */
static void do_mprotect(struct play *play, struct actor *actor)
{
    struct range range = some_range(play);
    unsigned prot = some_prot(play);
    unsigned hole = range.first;
    while (hole < range.end && actor->pages[hole].mapped)
        hole++;
    enum mmsim_errno error =
        mmsim_mprotect(actor->process, range_start(range), range_bytes(range), prot);
    if (error == MMSIM_ENOMEM && hole == range.end) {
        expect_unchanged(play, actor);
        return;
    }
    MUST(error == (hole < range.end ? MMSIM_ENOMEM : MMSIM_SUCCESS), "step %u: mprotect: %s",
         play->step, mmsim_errno_name(error));
    for (unsigned i = range.first; i < hole; i++)
        actor->pages[i].prot = prot;
}

/* ---- accesses ---- */

/* Where there is swap, mostly one that can be had: pages are to come and go. */
static unsigned some_page(struct play *play, const struct actor *actor)
{
    unsigned page = (unsigned)below(play, ARENA_PAGES);
    for (int tries = 0; play->has_swap && !actor->pages[page].mapped && tries < 20; tries++)
        page = (unsigned)below(play, ARENA_PAGES);
    return page;
}

static uint64_t some_address(struct play *play, const struct actor *actor)
{
    uint64_t page = ARENA + some_page(play, actor) * UINT64_C(4096);
    if (below(play, 4) == 0)
        return page + 4096 - 1 - below(play, 40);
    return page + below(play, 64) * 4;
}

static void expect_outcome(const struct play *play, const struct mmsim_access *access,
                           const struct outcome *must)
{
    MUST(access->done == must->done, "step %u: %llu bytes done, must be %llu", play->step,
         (unsigned long long)access->done, (unsigned long long)must->done);
    if (!must->code) {
        MUST(access->outcome == MMSIM_DONE, "step %u: not done: %s at %#llx", play->step,
             mmsim_sigcode_name(access->code), (unsigned long long)access->address);
        return;
    }
    MUST(access->outcome == MMSIM_SIGNAL && access->signal == MMSIM_SIGSEGV &&
             access->code == must->code && access->address == must->address,
         "step %u: %s at %#llx, must be %s at %#llx", play->step, mmsim_sigcode_name(access->code),
         (unsigned long long)access->address, mmsim_sigcode_name(must->code),
         (unsigned long long)must->address);
}

static uint64_t n_read_errors(const struct play *play)
{
    struct mmsim_swap_stats stats;
    mmsim_swap_get_stats(play->machine, &stats);
    return stats.read_errors;
}

/* The access ended because swap could not be read, and that has happened. */
static bool was_lost(struct play *play, const struct mmsim_access *access)
{
    if (!play->fails || access->outcome != MMSIM_SIGNAL || access->signal != MMSIM_SIGBUS)
        return false;
    MUST(n_read_errors(play) > play->n_read_errors && access->code == MMSIM_BUS_ADRERR,
         "step %u: SIGBUS, but swap could be read", play->step);
    play->n_lost++;
    return true;
}

static void do_access(struct play *play, struct actor *actor, bool write)
{
    uint8_t data[80], must_data[80] = {0};
    size_t n_bytes = below(play, 3) ? 1 + below(play, 8) : 1 + below(play, sizeof data);
    uint64_t address = some_address(play, actor);
    for (size_t i = 0; i < n_bytes; i++)
        must_data[i] = data[i] = (uint8_t)mm_rng_next(&play->rng);
    struct mmsim_access access = write ? mmsim_write(actor->process, address, data, n_bytes)
                                       : mmsim_read(actor->process, address, data, n_bytes);
    bury_the_killed(play);
    if (!actor->process) {
        MUST(access.outcome == MMSIM_SIGNAL && access.signal == MMSIM_SIGKILL &&
                 access.code == MMSIM_SI_KERNEL,
             "step %u: killed without a SIGKILL", play->step);
        return;
    }
    bool lost = was_lost(play, &access);
    size_t n_made = lost ? (size_t)access.done : n_bytes;
    struct outcome must = {0};
    if (n_made > 0)
        must = act(&play->frames, actor, address, must_data, n_made, write);
    if (lost)
        MUST(must.code == 0 && must.done == n_made, "step %u: more was done than may", play->step);
    else
        expect_outcome(play, &access, &must);
    MUST(write || memcmp(data, must_data, must.done) == 0, "step %u: other bytes at %#llx",
         play->step, (unsigned long long)address);
}

/* The same as so many calls of mmsim_read() and mmsim_write(). */
static void do_batch(struct play *play, struct actor *actor)
{
    struct mmsim_reference batch[12], before[12];
    for (unsigned i = 0; i < 12; i++) {
        batch[i] = (struct mmsim_reference){.address = some_address(play, actor),
                                            .value = (uint32_t)mm_rng_next(&play->rng),
                                            .kind = (uint32_t)below(play, 2)};
        before[i] = batch[i];
    }
    struct mmsim_access access = mmsim_reference_run(actor->process, batch, 12);
    bury_the_killed(play);
    if (!actor->process)
        return;
    struct outcome must = {0};
    uint64_t n_done = 0;
    bool lost = was_lost(play, &access);
    uint64_t n_made = lost ? access.done : 12;
    while (n_done < n_made && !must.code) {
        struct mmsim_reference *reference = &before[n_done];
        uint8_t word[4];
        memcpy(word, &reference->value, 4);
        must = act(&play->frames, actor, reference->address, word, 4,
                   reference->kind == MMSIM_ACCESS_WRITE);
        if (must.code)
            break;
        MUST(memcmp(word, &batch[n_done].value, 4) == 0, "step %u: reference %llu: other bytes",
             play->step, (unsigned long long)n_done);
        n_done++;
    }
    must.done = n_done;
    if (lost)
        MUST(must.code == 0, "step %u: more was done than may", play->step);
    else
        expect_outcome(play, &access, &must);
}

/* ---- the hog ---- */

static void start_hog(struct play *play)
{
    char name[16];
    snprintf(name, sizeof name, "hog%u", play->n_born++);
    struct mmsim_process *process = NULL;
    if (mmsim_spawn(play->machine, name, &process, NULL) != MMSIM_OK) {
        play->n_memory_refusals++;
        return;
    }
    play->hog.process = process;
    struct mmsim_mapping want = {.address = HOG_START,
                                 .length = HOG_PAGES * 4096,
                                 .prot = MMSIM_PROT_READ | MMSIM_PROT_WRITE,
                                 .flags =
                                     MMSIM_MAP_PRIVATE | MMSIM_MAP_ANONYMOUS | MMSIM_MAP_FIXED};
    mmsim_vaddr address;
    if (mmsim_mmap(process, &want, &address) == MMSIM_SUCCESS)
        return;
    play->n_memory_refusals++;
    ck_assert_int_eq(mmsim_exit(process, 0), MMSIM_SUCCESS);
    play->hog = (struct hog){0};
}

static uint64_t n_free_frames(const struct play *play)
{
    struct mmsim_stats stats;
    mmsim_machine_stats(play->machine, &stats);
    return stats.memory.free;
}

/* Leaves a few frames, or tries to leave none. */
static void feed_hog(struct play *play)
{
    if (!play->hog.process)
        start_hog(play);
    uint64_t level = below(play, 12), deaths = play->n_out_of_memory;
    while (play->hog.process && play->n_out_of_memory == deaths && play->hog.n_pages < HOG_PAGES &&
           n_free_frames(play) > level) {
        uint64_t address = HOG_START + play->hog.n_pages * 4096;
        struct mmsim_access access = mmsim_write(play->hog.process, address, "x", 1);
        bury_the_killed(play);
        play->hog.n_pages += access.outcome == MMSIM_DONE;
    }
}

/* ---- the play ---- */

static struct actor *somebody(struct play *play)
{
    return &play->actors[below(play, MAX_PROCESSES)];
}

static void do_something(struct play *play)
{
    struct actor *actor = somebody(play);
    uint64_t dice = below(play, 100);
    if (play->has_hog && below(play, 12) == 0) {
        feed_hog(play);
        return;
    }
    if (!actor->process) {
        struct actor *parent = somebody(play);
        if (parent->process && dice < 75)
            do_fork(play, parent, actor);
        else
            do_spawn(play, actor);
        return;
    }
    if (below(play, 3) == 0)
        MUST(mmsim_run_on(actor->process, (unsigned)below(play, play->n_cpus)) == MMSIM_SUCCESS,
             "step %u: run on", play->step);
    for (int i = 0; play->has_swap && dice >= 27 && actor->process && i < 8; i++) {
        play->n_read_errors = n_read_errors(play);
        do_access(play, actor, below(play, 2));
    }
    if (!actor->process)
        return;
    play->n_read_errors = n_read_errors(play);
    if (dice < 3)
        do_exit(play, actor);
    else if (dice < 13)
        do_mmap(play, actor);
    else if (dice < 17)
        do_munmap(play, actor);
    else if (dice < 27)
        do_mprotect(play, actor);
    else if (dice < 60)
        do_access(play, actor, true);
    else if (dice < 90)
        do_access(play, actor, false);
    else
        do_batch(play, actor);
}

static void play_init(struct play *play, const struct mmsim_config *config)
{
    struct mmsim_error error = {0};
    play->n_cpus = config->n_cpus;
    play->paging = config->paging;
    mm_rng_seed(&play->rng, config->seed);
    for (unsigned i = 0; i < MAX_PROCESSES; i++)
        for (unsigned page = 0; page < ARENA_PAGES; page++)
            play->actors[i].pages[page].frame = NO_FRAME;
    MUST(mmsim_machine_create(config, &play->machine, &error) == MMSIM_OK, "%s: %s", error.where,
         error.text);
    ck_assert(
        mmsim_listen(play->machine, MMSIM_EVENT_BIT(MMSIM_EVENT_OOM), count_out_of_memory, play));
}

/* Frames that magazines of the kernel's caches may take for good. */
enum { MAGAZINE_FRAMES = 8 };

/* Everybody leaves; not one frame may stay behind. */
static void play_fini(struct play *play, const struct mmsim_stats *before)
{
    for (unsigned i = 0; i < MAX_PROCESSES; i++)
        if (play->actors[i].process)
            do_exit(play, &play->actors[i]);
    if (play->hog.process)
        ck_assert_int_eq(mmsim_exit(play->hog.process, 0), MMSIM_SUCCESS);
    struct mmsim_gc_result garbage;
    mmsim_gc(play->machine, &garbage);
    ck_assert_uint_eq(garbage.n_orphans, 0);
    expect_sound(play);
    struct mmsim_stats after;
    mmsim_machine_stats(play->machine, &after);
    ck_assert_uint_eq(after.memory.user, 0);
    ck_assert_uint_eq(after.memory.page_tables, before->memory.page_tables);
    ck_assert_uint_le(after.memory.kernel, before->memory.kernel + MAGAZINE_FRAMES);
    ck_assert_uint_eq(after.memory.free + after.memory.kernel,
                      before->memory.free + before->memory.kernel);
    ck_assert_uint_eq(after.heap.objects, before->heap.objects);
    mmsim_machine_destroy(play->machine);
}

/* How often memory was the reason. */
struct shortage {
    unsigned n_killed, n_refusals, n_lost;
};

enum with { WITHOUT_HOG, WITH_HOG };

enum { N_MODES = 2, N_STEPS = 600 }; /* each test runs with paging = _i */

/* Failures that are made on purpose. */
static void make_swap_fail(struct play *play, const struct mmsim_fail *reads,
                           const struct mmsim_fail *writes)
{
    play->fails = reads || writes;
    if (reads)
        mmsim_fail_set(play->machine, MMSIM_FAIL_SWAP_READS, reads);
    if (writes)
        mmsim_fail_set(play->machine, MMSIM_FAIL_SWAP_WRITES, writes);
}

static struct shortage run_failing(const struct mmsim_config *config, unsigned n_steps,
                                   enum with hog, const struct mmsim_fail *reads,
                                   const struct mmsim_fail *writes)
{
    struct play *play = calloc(1, sizeof *play);
    ck_assert_ptr_nonnull(play);
    play->has_hog = hog == WITH_HOG;
    play->has_swap = config->pager.n_swap > 0;
    play_init(play, config);
    make_swap_fail(play, reads, writes);
    struct mmsim_stats before;
    mmsim_machine_stats(play->machine, &before);
    for (play->step = 0; play->step < n_steps; play->step++) {
        do_something(play);
        bury_the_killed(play);
        expect_account(play);
        expect_sound(play);
    }
    play_fini(play, &before);
    struct shortage shortage = {play->n_killed, play->n_memory_refusals, play->n_lost};
    free(play);
    return shortage;
}

static struct shortage run_play(const struct mmsim_config *config, unsigned n_steps, enum with hog)
{
    return run_failing(config, n_steps, hog, NULL, NULL);
}

static struct mmsim_config config_of(int paging, uint64_t ram_bytes, unsigned n_cpus, uint64_t seed)
{
    struct mmsim_config config;
    mmsim_config_init(&config);
    config.paging = (enum mmsim_paging)paging;
    config.ram_bytes = ram_bytes;
    config.n_cpus = n_cpus;
    config.seed = seed;
    return config;
}

START_TEST(processes_with_enough_memory_see_their_own_bytes_and_nothing_else)
{
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct mmsim_config config =
            config_of(_i, 4 * MMSIM_MIB, seed % 2 ? 1 : 3, seed + 100 * (uint64_t)_i);
        struct shortage shortage = run_play(&config, N_STEPS, WITHOUT_HOG);
        ck_assert_uint_eq(shortage.n_killed + shortage.n_refusals, 0);
    }
}
END_TEST

static bool is_older_than_pae(const char *cpu)
{
    return strcmp(cpu, "i386") == 0 || strcmp(cpu, "i486") == 0 || strcmp(cpu, "pentium") == 0;
}

START_TEST(every_cpu_preset_serves_processes_alike)
{
    const char *name;
    for (size_t i = 0; (name = mmsim_cpu_name("x86_32", i)) != NULL; i++) {
        struct mmsim_config config = config_of(_i, 4 * MMSIM_MIB, 3, 50 + i);
        config.cpu = name;
        config.large_pages = i % 2;
        if (_i == MMSIM_PAGING_PAE && is_older_than_pae(name))
            continue;
        struct shortage shortage = run_play(&config, 300, WITHOUT_HOG);
        ck_assert_uint_eq(shortage.n_killed + shortage.n_refusals, 0);
    }
}
END_TEST

START_TEST(limit_of_user_frames_kills_openly_and_loses_nothing)
{
    unsigned n_killed = 0;
    for (uint64_t seed = 11; seed <= 13; seed++) {
        struct mmsim_config config =
            config_of(_i, 4 * MMSIM_MIB, seed % 2 ? 1 : 3, seed + 100 * (uint64_t)_i);
        config.user_frames = 5 + seed;
        n_killed += run_play(&config, 2 * N_STEPS, WITHOUT_HOG).n_killed;
    }
    ck_assert_uint_gt(n_killed, 5);
}
END_TEST

START_TEST(running_out_of_memory_kills_openly_and_loses_nothing)
{
    struct shortage all = {0};
    for (uint64_t seed = 21; seed <= 24; seed++) {
        struct mmsim_config config =
            config_of(_i, 2 * MMSIM_MIB, seed % 2 ? 1 : 3, seed + 100 * (uint64_t)_i);
        struct shortage shortage = run_play(&config, N_STEPS, WITH_HOG);
        all.n_killed += shortage.n_killed;
        all.n_refusals += shortage.n_refusals;
    }
    ck_assert_uint_gt(all.n_killed, 10);
    ck_assert_uint_gt(all.n_refusals, 10);
}
END_TEST

static struct mmsim_config config_with_swap(const struct mmsim_policy_ops *policy, int paging,
                                            uint64_t seed)
{
    static const struct mmsim_swap_area areas[] = {
        {.bytes = 64 * MMSIM_PAGE_SIZE, .priority = 1},
        {.bytes = MMSIM_MIB},
        {.bytes = MMSIM_MIB},
    };
    struct mmsim_config config = config_of(paging, 4 * MMSIM_MIB, seed % 3 == 0 ? 3 : 1, seed);
    config.user_frames = 3 + seed % 9;
    config.pager.policy_ops = policy;
    config.pager.swap = areas;
    config.pager.n_swap = 3;
    config.pager.view = seed % 2 ? MMSIM_VIEW_BITS : MMSIM_VIEW_REFERENCES;
    config.pager.view_interval = seed % 5 * 10;
    config.pager.scope = seed % 4 < 2 ? MMSIM_SCOPE_GLOBAL : MMSIM_SCOPE_LOCAL;
    config.pager.allocation = (enum mmsim_allocation)(seed % MMSIM_N_ALLOCATIONS);
    config.pager.swap_readahead = seed % 7 < 2 ? 8 : 1;
    config.pager.clean_first = (unsigned)(seed % 3);
    config.pager.keep_young = seed % 6 == 0;
    return config;
}

/* Whatever policy, scope and view: who has pages on swap sees the same bytes. */
static void play_with_swap(const struct mmsim_policy_ops *policy, int paging, uint64_t seed)
{
    struct mmsim_config config = config_with_swap(policy, paging, seed);
    struct shortage shortage = run_play(&config, N_STEPS / 2, WITHOUT_HOG);
    ck_assert_msg(shortage.n_killed + shortage.n_refusals == 0, "%s, seed %llu: %u killed, %u",
                  policy->name, (unsigned long long)seed, shortage.n_killed, shortage.n_refusals);
}

START_TEST(pages_on_swap_come_back_as_they_were)
{
    const struct mmsim_policy_ops *policy;
    uint64_t seed = 1000 + 100 * (uint64_t)_i;
    for (size_t i = 0; (policy = mmsim_policy_at(i)) != NULL; i++)
        for (int k = 0; k < 2 && !(policy->flags & MMSIM_POLICY_STUDY_ONLY); k++)
            play_with_swap(policy, _i, seed++);
}
END_TEST

/* An access may need more frames than there are: then somebody is killed, openly. */
START_TEST(one_two_and_three_frames_are_enough_for_swap_to_lose_nothing)
{
    const struct mmsim_policy_ops *policy;
    uint64_t seed = 3000 + 100 * (uint64_t)_i;
    for (size_t i = 0; (policy = mmsim_policy_at(i)) != NULL; i++) {
        if (policy->flags & MMSIM_POLICY_STUDY_ONLY)
            continue;
        struct mmsim_config config = config_with_swap(policy, _i, seed);
        config.user_frames = 1 + seed++ % 3;
        run_play(&config, N_STEPS / 2, WITHOUT_HOG);
    }
}
END_TEST

/* Who cannot be read brings down who wanted it; what cannot be written stays. */
START_TEST(failures_of_swap_are_noticed_by_who_wanted_the_page_and_by_nobody_else)
{
    const struct mmsim_policy_ops *policy;
    uint64_t seed = 5000 + 100 * (uint64_t)_i;
    unsigned n_lost = 0;
    for (size_t i = 0; (policy = mmsim_policy_at(i)) != NULL; i++) {
        if (policy->flags & MMSIM_POLICY_STUDY_ONLY)
            continue;
        struct mmsim_config config = config_with_swap(policy, _i, seed);
        struct mmsim_fail reads = {.every = 1 + seed % 4};
        struct mmsim_fail writes = {.every = 2 + seed % 7};
        bool only_reads = seed % 3 == 0;
        bool only_writes = seed % 3 == 1;
        n_lost += run_failing(&config, N_STEPS / 2, WITHOUT_HOG, only_writes ? NULL : &reads,
                              only_reads ? NULL : &writes)
                      .n_lost;
        seed++;
    }
    ck_assert_uint_gt(n_lost, 20);
}
END_TEST

/* Without a limit: frames run out in truth, and watermarks are passed. */
START_TEST(swap_saves_processes_that_fill_memory)
{
    static const struct mmsim_swap_area area = {.bytes = 16 * MMSIM_MIB};
    for (uint64_t seed = 31; seed <= 34; seed++) {
        struct mmsim_config config = config_of(_i, 2 * MMSIM_MIB, seed % 2 ? 1 : 3, seed);
        config.pager.swap = &area;
        config.pager.n_swap = 1;
        struct shortage shortage = run_play(&config, N_STEPS, WITH_HOG);
        ck_assert_uint_eq(shortage.n_killed, 0);
    }
}
END_TEST

Suite *test_process_model_suite(void);
Suite *test_process_model_suite(void)
{
    Suite *suite = suite_create("processes against plain arrays");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 240);
    tcase_add_loop_test(tests, processes_with_enough_memory_see_their_own_bytes_and_nothing_else, 0,
                        N_MODES);
    tcase_add_loop_test(tests, every_cpu_preset_serves_processes_alike, 0, N_MODES);
    tcase_add_loop_test(tests, limit_of_user_frames_kills_openly_and_loses_nothing, 0, N_MODES);
    tcase_add_loop_test(tests, running_out_of_memory_kills_openly_and_loses_nothing, 0, N_MODES);
    tcase_add_loop_test(tests, pages_on_swap_come_back_as_they_were, 0, N_MODES);
    tcase_add_loop_test(tests, one_two_and_three_frames_are_enough_for_swap_to_lose_nothing, 0,
                        N_MODES);
    tcase_add_loop_test(
        tests, failures_of_swap_are_noticed_by_who_wanted_the_page_and_by_nobody_else, 0, N_MODES);
    tcase_add_loop_test(tests, swap_saves_processes_that_fill_memory, 0, N_MODES);
    suite_add_tcase(suite, tests);
    return suite;
}
