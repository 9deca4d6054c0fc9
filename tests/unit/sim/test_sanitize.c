/*
 * test_sanitize.c - the TLB sanitizer reports each kind of staleness once, with who, when and
 * where; it reports nothing of a kernel that flushes as it must, and it changes nothing.
 *
 * The mistakes are made here by writing page tables behind the kernel's back, or by leaving out the
 * flush that follows.
 */
#include <stdio.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "fail_nth.h"
#include "kit.h"
#include "paging/flush.h"
#include "sim/machine.h"

static void set_rights(struct mm_pgtable *tables, mmsim_vaddr page, unsigned flags)
{
    struct mmsim_entry rights = {.state = MMSIM_ENTRY_PRESENT, .flags = (uint8_t)flags};
    mm_pgtable_protect(tables, page, &rights);
}

struct bench {
    struct mmsim_machine *machine;
    struct mmsim_process *p;
    struct mm_pgtable *tables;
    mmsim_vaddr at; /* pages of p */
};

enum { N_BENCH_PAGES = 64 };

static struct mmsim_config sanitizing_config(const char *cpu)
{
    struct mmsim_config config = kit_config();
    config.cpu = cpu;
    config.n_cpus = 3;
    config.check = MMSIM_CHECK_END;
    config.sanitize_tlb = true;
    config.execute = MMSIM_EXECUTE_NONE; /* fetches are watched, whatever may be executed */
    return config;
}

/* A process with pages that it has written; steps 0..6 are over, 7 begins. */
static struct bench build(const char *cpu)
{
    struct mmsim_config config = sanitizing_config(cpu);
    struct bench bench = {.machine = kit_build(&config)};
    bench.p = kit_spawn(bench.machine, "p");
    bench.tables = bench.p->live->aspace->tables;
    bench.at = kit_map(bench.p, N_BENCH_PAGES);
    for (unsigned i = 0; i < N_BENCH_PAGES; i++)
        kit_write(bench.p, bench.at + i * KIT_PAGE, i);
    kit_write(bench.p, bench.at, 0);
    for (int i = 0; i <= 7; i++)
        mmsim_step_begin(bench.machine);
    return bench;
}

/* All TLBs forget; then nothing may be broken. */
static void end(struct bench *bench)
{
    mm_flush_all(bench->tables);
    kit_end(bench->machine);
}

static uint64_t n_stale(const struct mmsim_machine *machine)
{
    struct mmsim_sanitizer_counts counts;
    ck_assert(mmsim_sanitizer_get_counts(machine, &counts));
    return counts.n_stale;
}

/* The only report. */
static struct mmsim_stale the_report(const struct mmsim_machine *machine)
{
    struct mmsim_stale stale;
    ck_assert_uint_eq(n_stale(machine), 1);
    ck_assert(mmsim_stale_get(machine, 0, &stale));
    ck_assert(!mmsim_stale_get(machine, 1, &(struct mmsim_stale){0}));
    return stale;
}

static void assert_line(const struct mmsim_stale *stale, const char *part)
{
    struct mm_host host;
    struct mm_text text;
    mm_host_init(&host, NULL);
    mm_text_init(&text, &host);
    struct mmsim_sink sink = mm_text_sink(&text);
    mmsim_stale_print_line(stale, NULL, &sink);
    ck_assert_msg(strstr(mm_text_string(&text), part), "no '%s' in '%s'", part,
                  mm_text_string(&text));
    mm_text_fini(&text);
}

/* ---- each kind ---- */

START_TEST(a_machine_without_it_has_no_reports)
{
    struct mmsim_sanitizer_counts counts = {1, 1};
    struct mmsim_stale stale;
    struct mmsim_machine *machine = kit_machine();
    ck_assert(!mmsim_sanitizer_get_counts(machine, &counts));
    ck_assert_uint_eq(counts.n_compared + counts.n_stale, 0);
    ck_assert(!mmsim_stale_get(machine, 0, &stale));
    kit_end(machine);
}
END_TEST

START_TEST(a_withdrawn_right_is_reported_once)
{
    struct bench bench = build("pentium-3");
    uint64_t frame = mm_address_pfn(mm_pgtable_query(bench.tables, bench.at).base);
    set_rights(bench.tables, bench.at, MMSIM_ENTRY_USER);
    mmsim_step_begin(bench.machine);
    kit_read(bench.p, bench.at); /* which the tables still grant */
    ck_assert_uint_eq(n_stale(bench.machine), 0);
    kit_write(bench.p, bench.at + 16, 1);
    kit_write(bench.p, bench.at + 20, 1);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.kind, MMSIM_STALE_RIGHT);
    ck_assert_int_eq(stale.holder, MMSIM_STALE_DATA_TLB);
    ck_assert_uint_eq(stale.cpu, 0);
    ck_assert_uint_eq(stale.step, 8);
    ck_assert_str_eq(stale.process, "p");
    ck_assert_uint_eq(stale.request.address, bench.at + 16);
    ck_assert_int_eq(stale.request.access, MMSIM_ACCESS_WRITE);
    ck_assert_uint_eq(stale.page, bench.at);
    ck_assert_uint_eq(mm_address_pfn(stale.held.base), frame);
    ck_assert_uint_eq(mm_address_pfn(stale.tables.base), frame);
    ck_assert_uint_eq(stale.held.allow[MMSIM_PRIVILEGE_USER], 7);
    ck_assert_uint_eq(stale.tables.allow[MMSIM_PRIVILEGE_USER], 5);
    ck_assert_str_eq(stale.entry.level, "PTE");
    ck_assert_int_eq(stale.change.operation, MMSIM_TABLE_PROTECT);
    ck_assert_uint_eq(stale.change.step, 7);
    ck_assert_str_eq(stale.change.process, "p");
    ck_assert_int_eq(stale.missing, MMSIM_INVALIDATE_PAGE);
    assert_line(&stale, "CPU 0 did not make an INVLPG of 0x40000000 after step 7 (protect by p)");
    end(&bench);
}
END_TEST

START_TEST(a_page_that_is_gone_is_reported)
{
    struct bench bench = build("pentium-3");
    struct mmsim_entry entry = mm_pgtable_unmap(bench.tables, bench.at);
    kit_read(bench.p, bench.at + 4);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.kind, MMSIM_STALE_GONE);
    ck_assert_int_eq(stale.change.operation, MMSIM_TABLE_UNMAP);
    ck_assert_uint_eq(stale.change.step, 7);
    ck_assert(!stale.tables.present);
    ck_assert_uint_eq(stale.entry.value, 0);
    mm_pgtable_map(bench.tables, bench.at, &entry);
    end(&bench);
}
END_TEST

START_TEST(a_page_that_moved_is_reported)
{
    struct bench bench = build("pentium-3");
    struct mmsim_entry entry = mm_pgtable_query(bench.tables, bench.at);
    struct mmsim_entry other = mm_pgtable_query(bench.tables, bench.at + KIT_PAGE);
    mm_pgtable_map(bench.tables, bench.at, &other);
    kit_read(bench.p, bench.at);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.kind, MMSIM_STALE_MOVED);
    ck_assert_int_eq(stale.change.operation, MMSIM_TABLE_REPLACE);
    ck_assert_uint_eq(stale.held.base, entry.base);
    ck_assert_uint_eq(stale.tables.base, other.base);
    mm_pgtable_map(bench.tables, bench.at, &entry);
    end(&bench);
}
END_TEST

START_TEST(mapping_an_absent_page_is_not_blamed_for_the_unmapping_before)
{
    struct bench bench = build("pentium-3");
    struct mmsim_entry entry = mm_pgtable_unmap(bench.tables, bench.at);
    struct mmsim_entry other = mm_pgtable_query(bench.tables, bench.at + KIT_PAGE);
    mmsim_step_begin(bench.machine);
    mm_pgtable_map(bench.tables, bench.at, &other);
    kit_read(bench.p, bench.at);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.kind, MMSIM_STALE_MOVED);
    ck_assert_int_eq(stale.change.operation, MMSIM_TABLE_UNMAP);
    ck_assert_uint_eq(stale.change.step, 7);
    mm_pgtable_map(bench.tables, bench.at, &entry);
    end(&bench);
}
END_TEST

static void clear_dirty(struct bench *bench)
{
    unsigned were_set =
        bench->machine->arch->test_and_clear(&bench->tables->map, bench->at, MMSIM_ENTRY_DIRTY);
    ck_assert_uint_eq(were_set, MMSIM_ENTRY_DIRTY);
}

START_TEST(a_store_that_no_longer_sets_the_dirty_bit_is_reported)
{
    struct bench bench = build("pentium-3");
    clear_dirty(&bench);
    kit_read(bench.p, bench.at); /* which would not set it anyway */
    ck_assert_uint_eq(n_stale(bench.machine), 0);
    kit_write(bench.p, bench.at, 2);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.kind, MMSIM_STALE_CLEAN);
    ck_assert(stale.held.dirty && !stale.tables.dirty);
    end(&bench);
}
END_TEST

START_TEST(a_change_that_was_flushed_is_not_blamed)
{
    struct bench bench = build("pentium-3");
    ck_assert_int_eq(mmsim_mprotect(bench.p, bench.at, KIT_PAGE, MMSIM_PROT_READ), 0);
    ck_assert_int_eq(mmsim_mprotect(bench.p, bench.at, KIT_PAGE, KIT_RW), 0);
    kit_write(bench.p, bench.at, 1);
    clear_dirty(&bench);
    kit_write(bench.p, bench.at, 2);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.change.operation, MMSIM_TABLE_UNKNOWN);
    assert_line(&stale, "a change that the kernel's page-table writer did not make");
    end(&bench);
}
END_TEST

START_TEST(accessed_bits_and_raised_rights_are_no_staleness)
{
    struct bench bench = build("pentium-3");
    const struct mmsim_arch_ops *arch = bench.machine->arch;
    ck_assert_int_eq(mmsim_mprotect(bench.p, bench.at, KIT_PAGE, MMSIM_PROT_READ), 0);
    kit_read(bench.p, bench.at);
    arch->test_and_clear(&bench.tables->map, bench.at, MMSIM_ENTRY_ACCESSED);
    kit_read(bench.p, bench.at);
    ck_assert_int_eq(mmsim_mprotect(bench.p, bench.at, KIT_PAGE, KIT_RW), 0);
    kit_write(bench.p, bench.at, 1);
    ck_assert_uint_eq(n_stale(bench.machine), 0);
    end(&bench);
}
END_TEST

/* ---- each holder ---- */

START_TEST(another_cpu_that_was_not_told_is_named)
{
    struct bench bench = build(_i == 0 ? "pentium-3" : "i386");
    ck_assert_int_eq(mmsim_run_on(bench.p, 1), 0);
    kit_write(bench.p, bench.at, 1);
    ck_assert_int_eq(mmsim_run_on(bench.p, 0), 0);
    set_rights(bench.tables, bench.at, MMSIM_ENTRY_USER);
    mm_cpu_invalidate(&bench.machine->cpus[0], bench.at);
    mmsim_step_begin(bench.machine);
    kit_read(bench.p, bench.at);
    ck_assert_int_eq(mmsim_run_on(bench.p, 1), 0);
    kit_write(bench.p, bench.at, 1);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_uint_eq(stale.cpu, 1);
    ck_assert_uint_eq(stale.change.cpu, 0);
    ck_assert_uint_eq(stale.step, 8);
    ck_assert_uint_eq(stale.change.step, 7);
    if (_i == 0)
        assert_line(&stale, "CPU 1 was not sent an INVLPG of 0x40000000 after step 7");
    else
        assert_line(&stale, "CPU 1 was not sent a reload of CR3 after step 7");
    end(&bench);
}
END_TEST

START_TEST(the_instruction_tlb_is_watched)
{
    struct bench bench = build("pentium-3");
    mmsim_fetch(bench.p, bench.at);
    struct mmsim_entry entry = mm_pgtable_unmap(bench.tables, bench.at);
    mmsim_fetch(bench.p, bench.at);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.holder, MMSIM_STALE_FETCH_TLB);
    ck_assert_int_eq(stale.request.access, MMSIM_ACCESS_FETCH);
    mm_pgtable_map(bench.tables, bench.at, &entry);
    end(&bench);
}
END_TEST

START_TEST(the_second_level_is_watched)
{
    struct bench bench = build("core-2");
    for (unsigned i = 0; i < N_BENCH_PAGES; i++) /* four times what the first level holds */
        kit_read(bench.p, bench.at + i * KIT_PAGE);
    struct mmsim_entry entry = mm_pgtable_unmap(bench.tables, bench.at);
    kit_read(bench.p, bench.at);
    ck_assert_int_eq(the_report(bench.machine).holder, MMSIM_STALE_SECOND_TLB);
    mm_pgtable_map(bench.tables, bench.at, &entry);
    end(&bench);
}
END_TEST

/* The table of the only page of 4 MiB goes, and its frame becomes the table of another 4 MiB. */
START_TEST(the_paging_structure_cache_is_watched)
{
    struct bench bench = build("nehalem");
    mmsim_vaddr alone = bench.at + 64 * MMSIM_MIB, elsewhere = bench.at + 128 * MMSIM_MIB;
    ck_assert_int_eq(kit_try_map(bench.p, alone, KIT_PAGE, KIT_RW, MMSIM_MAP_FIXED, &alone), 0);
    kit_write(bench.p, alone, 1);
    mm_cpu_drop(&bench.machine->cpus[0], alone);
    struct mmsim_entry entry = mm_pgtable_unmap(bench.tables, alone);
    ck_assert(mm_pgtable_prepare(bench.tables, elsewhere));
    mm_pgtable_map(bench.tables, elsewhere, &entry);
    ck_assert_uint_eq(kit_read(bench.p, alone), 1);
    struct mmsim_stale stale = the_report(bench.machine);
    ck_assert_int_eq(stale.holder, MMSIM_STALE_WALK_CACHE);
    ck_assert_int_eq(stale.kind, MMSIM_STALE_GONE);
    ck_assert_int_eq(stale.change.operation, MMSIM_TABLE_UNMAP);
    ck_assert_str_eq(stale.entry.level, "PDE");
    mm_pgtable_unmap(bench.tables, elsewhere);
    ck_assert(mm_pgtable_prepare(bench.tables, alone));
    mm_pgtable_map(bench.tables, alone, &entry);
    end(&bench);
}
END_TEST

START_TEST(a_new_change_is_reported_anew)
{
    struct bench bench = build("pentium-3");
    unsigned rw = MMSIM_ENTRY_USER | MMSIM_ENTRY_WRITABLE;
    for (unsigned i = 1; i <= 3; i++) {
        set_rights(bench.tables, bench.at, MMSIM_ENTRY_USER);
        kit_write(bench.p, bench.at, 1);
        kit_write(bench.p, bench.at, 1);
        ck_assert_uint_eq(n_stale(bench.machine), i);
        set_rights(bench.tables, bench.at, rw);
        kit_write(bench.p, bench.at, 1);
        ck_assert_uint_eq(n_stale(bench.machine), i);
        mmsim_step_begin(bench.machine);
    }
    struct mmsim_stale stale;
    ck_assert(mmsim_stale_get(bench.machine, 2, &stale));
    ck_assert_uint_eq(stale.change.step, 9);
    end(&bench);
}
END_TEST

static void count_event(void *user, const struct mmsim_event *event)
{
    ck_assert_int_eq(event->type, MMSIM_EVENT_STALE);
    ck_assert_str_eq(event->name, "p");
    ++*(unsigned *)user;
}

START_TEST(more_reports_than_are_kept_are_counted_and_each_is_an_event)
{
    struct bench bench = build("pentium-3");
    unsigned n_events = 0, n = MMSIM_STALE_KEPT + 5;
    ck_assert(
        mmsim_listen(bench.machine, MMSIM_EVENT_BIT(MMSIM_EVENT_STALE), count_event, &n_events));
    for (unsigned i = 0; i < n; i++) {
        set_rights(bench.tables, bench.at, MMSIM_ENTRY_USER);
        kit_write(bench.p, bench.at, 1);
        set_rights(bench.tables, bench.at, MMSIM_ENTRY_USER | MMSIM_ENTRY_WRITABLE);
    }
    struct mmsim_stale stale;
    ck_assert_uint_eq(n_stale(bench.machine), n);
    ck_assert_uint_eq(n_events, n);
    ck_assert(mmsim_stale_get(bench.machine, MMSIM_STALE_KEPT - 1, &stale));
    ck_assert(!mmsim_stale_get(bench.machine, MMSIM_STALE_KEPT, &stale));
    end(&bench);
}
END_TEST

/* Without memory for its records the use is reported all the same. */
START_TEST(each_failing_host_allocation_is_survived_without_a_leak)
{
    for (uint64_t n = 1;; n++) {
        struct fail_nth fail;
        fail_nth_init(&fail, n, 1);
        struct mmsim_config config = sanitizing_config("pentium-3");
        config.allocator = &fail.allocator;
        struct mmsim_machine *machine = NULL;
        struct mmsim_process *p = NULL;
        struct mmsim_error error;
        bool built = mmsim_machine_create(&config, &machine, &error) == MMSIM_OK;
        if (built && mmsim_spawn(machine, "p", &p, &error) == MMSIM_OK) {
            mmsim_vaddr at = kit_map(p, 300); /* more than the first rows hold */
            for (unsigned i = 0; i < 300; i++)
                kit_write(p, at + i * KIT_PAGE, i);
            struct mm_pgtable *tables = p->live->aspace->tables;
            set_rights(tables, at + 299 * KIT_PAGE, MMSIM_ENTRY_USER);
            kit_write(p, at + 299 * KIT_PAGE, 1);
            ck_assert_uint_eq(n_stale(machine), 1);
        }
        if (built)
            mmsim_machine_destroy(machine);
        ck_assert_ptr_null(fail_nth_check(&fail));
        if (fail.n_requests < n)
            break;
        ck_assert_uint_lt(n, 100);
    }
}
END_TEST

/* ---- a kernel that makes no mistake ---- */

enum { N_PAGES = 96, N_PROCESSES = 4, N_OPERATIONS = 100000, OPERATIONS_A_GENERATION = 500 };

struct play {
    const char *cpu;
    enum mmsim_paging paging;
    struct mmsim_flush flush;
};

#define FLUSH(how)                                                                                 \
    {                                                                                              \
        .method = how, .threshold_pages = 33, .lazy = true, .batched = true, .global_pages = true, \
        .targeted = true                                                                           \
    }

static const struct play plays[] = {
    {"pentium-3", MMSIM_PAGING_32BIT, FLUSH(MMSIM_FLUSH_THRESHOLD)},
    {"i386", MMSIM_PAGING_32BIT, FLUSH(MMSIM_FLUSH_THRESHOLD)},
    {"core-2", MMSIM_PAGING_32BIT, FLUSH(MMSIM_FLUSH_SINGLE)},
    {"nehalem", MMSIM_PAGING_PAE, FLUSH(MMSIM_FLUSH_THRESHOLD)},
    {"modern", MMSIM_PAGING_PAE, FLUSH(MMSIM_FLUSH_FULL)},
    {"modern", MMSIM_PAGING_32BIT, {.method = MMSIM_FLUSH_SINGLE}},
};

struct world {
    struct mmsim_machine *machine;
    struct mmsim_process *processes[N_PROCESSES];
    mmsim_vaddr base;
    struct mm_rng rng;
    unsigned n_generations, current;
};

/* One process, and copies of it, all with the same pages. */
static void populate(struct world *world)
{
    char name[32];
    for (unsigned i = 0; i < N_PROCESSES; i++) {
        if (world->processes[i])
            mmsim_exit(world->processes[i], 0);
        snprintf(name, sizeof name, "p%u_%u", world->n_generations, i);
        if (i == 0) {
            world->processes[0] = kit_spawn(world->machine, name);
            world->base = kit_map(world->processes[0], N_PAGES);
        } else {
            world->processes[i] = kit_fork(world->processes[0], name);
        }
        mmsim_process_on_signal(world->processes[i], MMSIM_ON_SIGNAL_SURVIVE);
    }
    world->n_generations++;
}

static struct world build_world(const struct play *play, bool sanitize)
{
    struct mmsim_config config = sanitizing_config(play->cpu);
    config.paging = play->paging;
    config.flush = play->flush;
    config.sanitize_tlb = sanitize;
    if (play->flush.method == MMSIM_FLUSH_NONE)
        config.check = MMSIM_CHECK_OFF;
    struct world world = {.machine = kit_build(&config)};
    mm_rng_seed(&world.rng, 7);
    return world;
}

static void touch(struct world *world, struct mmsim_process *process, uint64_t which)
{
    /* A few hot pages, so that TLBs of several CPUs hold them when something changes. */
    uint64_t page = mm_rng_below(&world->rng, which % 4 ? 10 : N_PAGES);
    mmsim_vaddr at = world->base + page * KIT_PAGE + mm_rng_below(&world->rng, KIT_PAGE);
    uint64_t value = which;
    size_t n_bytes = 1 + mm_rng_below(&world->rng, 8);
    if (which % 5 == 0)
        process = mmsim_kernel(world->machine);
    if (which % 3 == 0)
        mmsim_write(process, at, &value, n_bytes);
    else if (which % 3 == 1)
        mmsim_read(process, at, &value, n_bytes);
    else
        mmsim_fetch(process, at);
}

static void change(struct world *world, struct mmsim_process *process, uint64_t which)
{
    mmsim_vaddr at = world->base + mm_rng_below(&world->rng, N_PAGES) * KIT_PAGE;
    uint64_t length = (1 + mm_rng_below(&world->rng, which % 3 ? 4 : 60)) * KIT_PAGE;
    if (which % 4 == 0)
        mmsim_munmap(process, at, length);
    else if (which % 4 == 1)
        kit_try_map(process, at, length, KIT_RW, MMSIM_MAP_FIXED, &at);
    else
        mmsim_mprotect(process, at, length, (unsigned)mm_rng_below(&world->rng, 8));
}

static void operate(struct world *world)
{
    struct mm_rng *rng = &world->rng;
    uint64_t which = mm_rng_next(rng) >> 1;
    if (which % 100 == 0) /* seldom: a switch empties TLBs */
        world->current = (unsigned)mm_rng_below(rng, N_PROCESSES);
    struct mmsim_process *process = world->processes[world->current];
    switch (mm_rng_below(rng, 24)) {
    case 0:
    case 1:
    case 2:
        mmsim_run_on(process, (unsigned)mm_rng_below(rng, 3));
        break;
    case 3:
        mmsim_run_on(mmsim_kernel(world->machine), (unsigned)mm_rng_below(rng, 3));
        break;
    case 4:
        change(world, process, which);
        break;
    default:
        touch(world, process, which);
    }
}

static void run(struct world *world, unsigned n_operations)
{
    for (unsigned i = 0; i < n_operations; i++) {
        if (i % OPERATIONS_A_GENERATION == 0)
            populate(world);
        operate(world);
    }
}

START_TEST(a_hundred_thousand_operations_that_flush_correctly_are_not_reported)
{
    struct world world = build_world(&plays[_i], true);
    struct mmsim_sanitizer_counts counts;
    run(&world, N_OPERATIONS);
    ck_assert_uint_eq(n_stale(world.machine), 0);
    mmsim_sanitizer_get_counts(world.machine, &counts);
    ck_assert_uint_gt(counts.n_compared, N_OPERATIONS / 6);
    kit_end(world.machine);
}
END_TEST

START_TEST(with_and_without_it_every_statistic_is_equal)
{
    struct world with = build_world(&plays[_i], true);
    struct world without = build_world(&plays[_i], false);
    for (int round = 0; round < 20; round++) {
        run(&with, OPERATIONS_A_GENERATION);
        run(&without, OPERATIONS_A_GENERATION);
        struct mmsim_stats a = kit_stats(with.machine), b = kit_stats(without.machine);
        ck_assert_mem_eq(&a, &b, sizeof a);
    }
    kit_end(with.machine);
    kit_end(without.machine);
}
END_TEST

START_TEST(the_same_operations_without_flushes_are_reported_with_their_cause)
{
    struct play play = plays[_i];
    play.flush.method = MMSIM_FLUSH_NONE;
    struct world world = build_world(&play, true);
    run(&world, N_OPERATIONS / 10);
    ck_assert_uint_gt(n_stale(world.machine), 20);
    struct mmsim_stale stale;
    for (size_t i = 0; mmsim_stale_get(world.machine, i, &stale); i++)
        ck_assert_int_ne(stale.change.operation, MMSIM_TABLE_UNKNOWN);
    mmsim_machine_destroy(world.machine);
}
END_TEST

Suite *test_sanitize_suite(void);
Suite *test_sanitize_suite(void)
{
    enum { N_PLAYS = sizeof plays / sizeof plays[0] };
    TCase *tests;
    Suite *suite = kit_suite("sanitize", &tests);
    tcase_set_timeout(tests, 300);
    tcase_add_test(tests, a_machine_without_it_has_no_reports);
    tcase_add_test(tests, a_withdrawn_right_is_reported_once);
    tcase_add_test(tests, a_page_that_is_gone_is_reported);
    tcase_add_test(tests, a_page_that_moved_is_reported);
    tcase_add_test(tests, mapping_an_absent_page_is_not_blamed_for_the_unmapping_before);
    tcase_add_test(tests, a_store_that_no_longer_sets_the_dirty_bit_is_reported);
    tcase_add_test(tests, a_change_that_was_flushed_is_not_blamed);
    tcase_add_test(tests, accessed_bits_and_raised_rights_are_no_staleness);
    tcase_add_loop_test(tests, another_cpu_that_was_not_told_is_named, 0, 2);
    tcase_add_test(tests, the_instruction_tlb_is_watched);
    tcase_add_test(tests, the_second_level_is_watched);
    tcase_add_test(tests, the_paging_structure_cache_is_watched);
    tcase_add_test(tests, a_new_change_is_reported_anew);
    tcase_add_test(tests, more_reports_than_are_kept_are_counted_and_each_is_an_event);
    tcase_add_test(tests, each_failing_host_allocation_is_survived_without_a_leak);
    tcase_add_loop_test(tests, a_hundred_thousand_operations_that_flush_correctly_are_not_reported,
                        0, N_PLAYS);
    tcase_add_loop_test(tests, with_and_without_it_every_statistic_is_equal, 0, N_PLAYS);
    tcase_add_loop_test(tests, the_same_operations_without_flushes_are_reported_with_their_cause, 0,
                        N_PLAYS);
    return suite;
}
