/*
 * test_gc.c - garbage: empty tables against a walk of the raw bytes of memory, orphans against the
 * frames that the test took and forgot.
 */
#include "paging/gc.h"

#include <string.h>

#include "base/rng.h"
#include "base/tree.h"
#include "fail_nth.h"
#include "kit.h"
#include "sim/machine.h"

static struct mmsim_machine *machine;

static struct mmsim_machine *build(struct mmsim_config *config)
{
    config->check = MMSIM_CHECK_END;
    config->sanitize_tlb = true;
    return kit_build(config);
}

static void setup(void)
{
    struct mmsim_config config = kit_config();
    config.cpu = "core-2";
    config.n_cpus = 2;
    machine = build(&config);
}

static void teardown(void)
{
    struct mmsim_sanitizer_counts counts;
    mmsim_sanitizer_get_counts(machine, &counts);
    ck_assert_uint_eq(counts.n_stale, 0);
    kit_end(machine);
}

static struct mmsim_gc_result collect(void)
{
    struct mmsim_gc_result result;
    mmsim_gc(machine, &result);
    kit_check(machine);
    return result;
}

/* ---- the oracle: SDM 3A 4.3 and 4.4, by hand ---- */

struct found {
    uint64_t n_tables; /* all kinds, each set's own */
    uint64_t n_empty;  /* last-level tables without an entry, in user space and for areas */
    uint64_t n_wrong;  /* the kernel's directory entries that are not the master's */
};

static uint64_t entry(mmsim_paddr table, unsigned index)
{
    bool wide = kit_paging == MMSIM_PAGING_PAE;
    uint64_t value = 0;
    mmsim_physical_read(machine, table + index * (wide ? 8u : 4u), &value, wide ? 8 : 4);
    return value;
}

static uint64_t masters_entry(mmsim_vaddr at)
{
    mmsim_paddr root = machine->paging.master->map.root;
    if (kit_paging != MMSIM_PAGING_PAE)
        return entry(root, (unsigned)(at >> 22));
    return entry(entry(root, (unsigned)(at >> 30)) & 0xfffff000, (unsigned)(at >> 21) & 511);
}

/* A directory that covers addresses from `start` on. */
static void look_into(mmsim_paddr directory, mmsim_vaddr start, bool is_master, struct found *found)
{
    bool wide = kit_paging == MMSIM_PAGING_PAE;
    unsigned n_entries = wide ? 512 : 1024;
    for (unsigned i = 0; i < n_entries; i++) {
        uint64_t pde = entry(directory, i);
        mmsim_vaddr at = start + (mmsim_vaddr)i * (wide ? 2 : 4) * MMSIM_MIB;
        bool is_user = at >= 0x10000000 && at < 0xc0000000, is_area = (at >> 29) == 6;
        if (!is_master && !is_user)
            found->n_wrong += pde != masters_entry(at);
        if (!(pde & 1) || (pde & 0x80) || (!is_master && !is_user))
            continue;
        unsigned n_used = 0;
        for (unsigned j = 0; j < n_entries; j++)
            n_used += entry(pde & 0xfffff000, j) != 0;
        found->n_tables++;
        found->n_empty += n_used == 0 && (is_user || is_area);
    }
}

static void look_at(mmsim_paddr root, bool is_master, struct found *found)
{
    found->n_tables++;
    if (kit_paging != MMSIM_PAGING_PAE) {
        look_into(root, 0, is_master, found);
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        found->n_tables++;
        look_into(entry(root, i) & 0xfffff000, (mmsim_vaddr)i << 30, is_master, found);
    }
}

static struct found look(void)
{
    struct found found = {0};
    struct mm_list *head = &machine->paging.sets;
    look_at(machine->paging.master->map.root, true, &found);
    for (struct mm_list *at = head->next; at != head; at = at->next)
        look_at(MM_CONTAINER_OF(at, struct mm_pgtable, link)->map.root, false, &found);
    return found;
}

static struct mm_pgtable *tables_of(struct mmsim_process *process)
{
    return process->live->aspace->tables;
}

/* ---- tables ---- */

START_TEST(empty_tables_are_those_that_a_plain_walk_finds)
{
    struct mm_rng rng;
    mm_rng_seed(&rng, 5);
    static const char *const names[] = {"one", "two", "three"};
    struct mmsim_process *processes[3];
    for (unsigned i = 0; i < 3; i++)
        processes[i] = kit_spawn(machine, names[i]);
    for (unsigned round = 0; round < 30; round++) {
        for (unsigned i = 0; i < 3; i++) {
            kit_write(processes[i], kit_map(processes[i], 3), i);
            for (unsigned j = 0; j < 4; j++) { /* prepared, and never filled */
                mmsim_vaddr at = MM_LAYOUT_USER_START + (mm_rng_below(&rng, 700) << 22);
                ck_assert(mm_pgtable_prepare(tables_of(processes[i]), at));
            }
        }
        mmsim_vaddr areas[6];
        for (unsigned i = 0; i < 6; i++)
            areas[i] = mmsim_vmalloc(machine, 1 + mm_rng_below(&rng, 2 * MMSIM_MIB), "area");
        for (unsigned i = 0; i < 6; i++)
            mmsim_vfree(machine, areas[i], "area");
        struct found before = look();
        ck_assert_uint_gt(before.n_empty, 2);
        struct mmsim_gc_result result = collect();
        struct found after = look();
        ck_assert_uint_eq(result.n_tables, before.n_empty);
        ck_assert_uint_eq(result.n_orphans, 0);
        ck_assert_uint_eq(before.n_wrong + after.n_wrong, 0);
        ck_assert_uint_eq(after.n_empty, 0);
        ck_assert_uint_eq(after.n_tables, before.n_tables - before.n_empty);
        ck_assert_uint_eq(after.n_tables, kit_stats(machine).memory.page_tables);
    }
}
END_TEST

START_TEST(a_walk_that_ended_in_a_collected_table_is_forgotten)
{
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_process_on_signal(process, MMSIM_ON_SIGNAL_SURVIVE);
    mmsim_vaddr at = 0x30000000;
    for (unsigned round = 0; round < 20; round++) {
        ck_assert(mm_pgtable_prepare(tables_of(process), at));
        for (unsigned i = 0; i < 8; i++)
            ck_assert_int_eq(kit_write(process, at + i * KIT_PAGE, 1).outcome, MMSIM_SIGNAL);
        uint64_t n_flushes = kit_stats(machine).tlb.flushes;
        ck_assert_uint_eq(collect().n_tables, 1);
        ck_assert_uint_eq(kit_stats(machine).tlb.flushes, n_flushes + 1); /* one CPU runs it */
        mmsim_vaddr other = kit_map(process, 40); /* its frames were the table's, maybe */
        for (unsigned i = 0; i < 40; i++)
            for (unsigned word = 0; word < 8; word++)
                kit_write(process, other + i * KIT_PAGE + word * 4, 0x00200007);
        for (unsigned i = 0; i < 8; i++)
            ck_assert_int_eq(kit_write(process, at + i * KIT_PAGE, 1).outcome, MMSIM_SIGNAL);
        mmsim_munmap(process, other, 40 * KIT_PAGE);
    }
}
END_TEST

/* ---- orphans ---- */

enum { MAX_TOLD = 64 };
static mmsim_pfn told[MAX_TOLD];
static unsigned n_told, n_collections;
static uint64_t n_collected;

static void on_event(void *user, const struct mmsim_event *event)
{
    (void)user;
    if (event->type == MMSIM_EVENT_ORPHAN && n_told < MAX_TOLD)
        told[n_told++] = event->frame;
    if (event->type != MMSIM_EVENT_GC)
        return;
    n_collections++;
    n_collected = event->value;
}

static void listen(void)
{
    n_told = n_collections = 0;
    ck_assert(mmsim_listen(machine,
                           MMSIM_EVENT_BIT(MMSIM_EVENT_ORPHAN) | MMSIM_EVENT_BIT(MMSIM_EVENT_GC),
                           on_event, NULL));
}

START_TEST(frames_that_were_forgotten_are_told_and_freed)
{
    static const struct {
        enum mm_frame_use use;
        unsigned order;
    } lost[] = {{MM_FRAME_ANON, 0}, {MM_FRAME_PAGE_TABLE, 0}, {MM_FRAME_SLAB, 0},
                {MM_FRAME_SLAB, 3}, {MM_FRAME_VMALLOC, 0},    {MM_FRAME_ZERO_PAGE, 0},
                {MM_FRAME_ANON, 2}, {MM_FRAME_ANON, 0}};
    enum { N = sizeof lost / sizeof *lost };
    collect();
    uint64_t n_free = kit_stats(machine).memory.free, n_frames = 0;
    listen();
    mmsim_pfn pfns[N];
    for (unsigned i = 0; i < N; i++) {
        struct mm_frame *frame = mm_zone_alloc(&machine->zones, lost[i].use, lost[i].order);
        pfns[i] = mm_frame_pfn(&machine->zones, frame);
        n_frames += (uint64_t)1 << lost[i].order;
        if (lost[i].use == MM_FRAME_ANON)
            frame->count = 1 + i; /* somebody counts on it, but who? */
    }
    struct mmsim_gc_result result = collect();
    ck_assert_uint_eq(result.n_orphans, n_frames);
    ck_assert_uint_eq(n_told, N);
    ck_assert_uint_eq(result.first_orphan, told[0]);
    for (unsigned i = 0; i < N; i++) {
        unsigned n = 0;
        for (unsigned j = 0; j < N; j++)
            n += told[j] == pfns[i];
        ck_assert_uint_eq(n, 1);
    }
    ck_assert_uint_eq(kit_stats(machine).memory.free, n_free);
    ck_assert_uint_eq(n_collected, result.n_orphans + result.n_tables + result.n_slab_frames);
    ck_assert_uint_eq(collect().n_orphans, 0);
}
END_TEST

START_TEST(a_table_that_its_directory_lost_goes_with_its_pages)
{
    enum { N_PAGES = 9 };
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr at = 0;
    ck_assert_int_eq(
        kit_try_map(process, 0x20000000, N_PAGES * KIT_PAGE, KIT_RW, MMSIM_MAP_FIXED, &at),
        MMSIM_SUCCESS);
    for (unsigned i = 0; i < N_PAGES; i++)
        kit_write(process, at + i * KIT_PAGE, i);
    struct mmsim_walk walk;
    mmsim_explain(process, at, MMSIM_ACCESS_READ, &walk);
    const uint64_t nothing = 0;
    mmsim_paddr slot = walk.steps[walk.n_steps - 2].entry_address;
    mmsim_physical_write(machine, slot, &nothing, kit_paging == MMSIM_PAGING_PAE ? 8 : 4);
    mm_flush_all(tables_of(process));
    uint32_t n_tables = tables_of(process)->n_tables;
    struct mmsim_gc_result result;
    mmsim_gc(machine, &result);
    ck_assert_uint_eq(result.n_orphans, N_PAGES + 1);
    ck_assert_uint_eq(tables_of(process)->n_tables, n_tables - 1);
    process->live->aspace->rss -= N_PAGES; /* what the lost pages counted as */
    kit_check(machine);
    ck_assert_uint_eq(kit_read(process, at), 0); /* the mapping is still there, its pages not */
}
END_TEST

START_TEST(what_is_in_use_is_no_garbage)
{
    struct mmsim_error error;
    struct mmsim_pool *pool;
    struct mmsim_process *process = kit_spawn(machine, "p");
    mmsim_vaddr own = kit_map(process, 20);
    for (unsigned i = 0; i < 20; i++)
        kit_write(process, own + i * KIT_PAGE, i);
    struct mmsim_process *child = kit_fork(process, "child");
    kit_write(child, own, 77);
    mmsim_mprotect(child, own + KIT_PAGE, KIT_PAGE, MMSIM_PROT_NONE);
    ck_assert_int_eq(mmsim_pool_create(machine, "pool", 100, 300, &pool, &error), MMSIM_OK);
    mmsim_vaddr area = mmsim_vmalloc(machine, 50 * KIT_PAGE, "area");
    mmsim_vaddr run = mmsim_kmalloc(machine, 11 * KIT_PAGE, 0, "run");
    mmsim_heap_set_checks(machine, "kmalloc", MMSIM_HEAP_GUARD | MMSIM_HEAP_TRACK, &error);
    mmsim_vaddr guarded = mmsim_kmalloc(machine, 9 * 500, 0, "guarded");
    mmsim_kfree(machine, mmsim_kmalloc(machine, 9, 0, "resting"), "resting");
    uint8_t *bytes = mmsim_kernel_bytes(machine, run, 11 * KIT_PAGE);
    memset(bytes, 0x3c, 11 * KIT_PAGE);
    struct mmsim_gc_result result = collect();
    ck_assert_uint_eq(result.n_orphans, 0);
    for (unsigned i = 0; i < 3; i++) {
        result = collect();
        ck_assert_uint_eq(result.n_tables + result.n_slab_frames + result.n_orphans, 0);
    }
    for (unsigned i = 0; i < 11 * KIT_PAGE; i += 1000)
        ck_assert_uint_eq(bytes[i], 0x3c);
    for (unsigned i = 2; i < 20; i++)
        ck_assert_uint_eq(kit_read(child, own + i * KIT_PAGE), i);
    ck_assert_uint_eq(kit_read(child, own), 77);
    uint32_t value;
    ck_assert_int_eq(mmsim_read(mmsim_kernel(machine), area, &value, 4).outcome, MMSIM_DONE);
    ck_assert_int_eq(mmsim_read(mmsim_kernel(machine), guarded, &value, 4).outcome, MMSIM_DONE);
}
END_TEST

/* ---- slabs and lists ---- */

START_TEST(empty_slabs_and_listed_frames_go_back)
{
    static mmsim_vaddr objects[3000];
    for (unsigned i = 0; i < 3000; i++)
        objects[i] = mmsim_kmalloc(machine, 300, 0, "object");
    for (unsigned i = 0; i < 3000; i++)
        mmsim_kfree(machine, objects[i], "object");
    uint64_t n_slab = machine->zones.n_by_use[MM_FRAME_SLAB];
    struct mmsim_gc_result result = collect();
    ck_assert_uint_gt(result.n_slab_frames, 0);
    ck_assert_uint_gt(result.n_cached, 0);
    ck_assert_uint_eq(machine->zones.n_by_use[MM_FRAME_SLAB], n_slab - result.n_slab_frames);
    uint64_t n_in_blocks = 0;
    for (unsigned zone = 0; zone < MM_N_ZONES; zone++)
        n_in_blocks += machine->zones.zones[zone].n_free;
    ck_assert_uint_eq(n_in_blocks, machine->zones.n_by_use[MM_FRAME_FREE]);
}
END_TEST

/* ---- when it runs ---- */

START_TEST(it_runs_every_so_many_steps)
{
    struct mmsim_config config = kit_config();
    teardown();
    config.gc_interval = 3;
    machine = build(&config);
    listen();
    struct mmsim_error error;
    for (unsigned i = 1; i <= 10; i++) {
        mmsim_step_begin(machine);
        mmsim_vfree(machine, mmsim_vmalloc(machine, KIT_PAGE, "area"), "area"); /* a table */
        ck_assert_int_eq(mmsim_step_end(machine, &error), MMSIM_OK);
        ck_assert_uint_eq(n_collections, i / 3);
    }
    ck_assert_uint_eq(n_told, 0);
}
END_TEST

START_TEST(a_request_fails_only_when_there_is_no_garbage_left)
{
    static mmsim_vaddr objects[20000];
    unsigned n = 0;
    while (n < 20000 && (objects[n] = mmsim_kmalloc(machine, 1500, 0, "object")))
        n++;
    ck_assert_uint_lt(n, 20000);
    for (unsigned i = 0; i < n; i++)
        mmsim_kfree(machine, objects[i], "object");
    mmsim_vfree(machine, mmsim_vmalloc(machine, 5 * MMSIM_MIB, "area"), "area");
    mmsim_kfree(machine, mmsim_kmalloc(machine, 20, 0, "object"), "object");
    while (mm_zone_alloc(&machine->zones, MM_FRAME_SLAB, 0)) /* orphans, to the last frame */
        continue;
    kit_check(machine);
    struct mmsim_gc_result result = collect();
    ck_assert_uint_eq(result.n_tables + result.n_slab_frames, 0);
    ck_assert_uint_gt(result.n_orphans, 1000);
    ck_assert_uint_ne(mmsim_kmalloc(machine, 20, 0, "object"), 0);
}
END_TEST

/* A small machine that is always full: each request may collect garbage while it is being met. */
START_TEST(collecting_in_the_middle_of_any_request_is_survived)
{
    enum { N = 600 };
    static mmsim_vaddr objects[N];
    static uint64_t sizes[N];
    struct mmsim_config config = kit_config();
    struct mmsim_error error;
    teardown();
    config.ram_bytes = 3 * MMSIM_MIB;
    config.n_cpus = 2;
    machine = build(&config);
    struct mmsim_process *process = kit_spawn(machine, "p");
    struct mm_rng rng;
    mm_rng_seed(&rng, 17);
    memset(objects, 0, sizeof objects);
    for (unsigned step = 0; step < 6000; step++) {
        unsigned i = (unsigned)mm_rng_below(&rng, N);
        mmsim_run_on(mmsim_kernel(machine), (unsigned)mm_rng_below(&rng, 2));
        if (step % 40 == 0)
            mmsim_heap_set_checks(machine, "*", (unsigned)mm_rng_next(&rng) & 0x7f, &error);
        if (objects[i] >= MM_VMALLOC_START && sizes[i] == 0) {
            ck_assert_int_eq(mmsim_vfree(machine, objects[i], "area"), MMSIM_SUCCESS);
            objects[i] = 0;
        } else if (objects[i]) {
            uint8_t *bytes = mmsim_kernel_bytes(machine, objects[i], sizes[i]);
            ck_assert(bytes[0] == (uint8_t)i && bytes[sizes[i] - 1] == (uint8_t)i);
            ck_assert_int_eq(mmsim_kfree(machine, objects[i], "object"), MMSIM_SUCCESS);
            objects[i] = 0;
        } else if (mm_rng_below(&rng, 8) == 0) {
            objects[i] = mmsim_vmalloc(machine, 1 + mm_rng_below(&rng, 60000), "area");
            sizes[i] = 0;
        } else {
            sizes[i] = 1 + (mm_rng_next(&rng) & ((16u << mm_rng_below(&rng, 11)) - 1));
            objects[i] = mmsim_kmalloc(machine, sizes[i], 0, "object");
            if (objects[i])
                memset(mmsim_kernel_bytes(machine, objects[i], sizes[i]), (int)i, sizes[i]);
        }
        if (step % 16 == 0) {
            mmsim_vaddr at = 0;
            kit_try_map(process, 0, 4 * KIT_PAGE, KIT_RW, 0, &at);
            mmsim_munmap(process, at, 4 * KIT_PAGE);
        }
        if (step % 200 == 0)
            kit_check(machine);
    }
    ck_assert_uint_gt(machine->zones.n_failures, 20);
    ck_assert_uint_eq(collect().n_orphans, 0);
    ck_assert_uint_eq(mmsim_heap_n_mistakes(machine), 0);
}
END_TEST

START_TEST(without_host_memory_orphans_stay_and_the_rest_is_collected)
{
    struct mmsim_config config = kit_config();
    struct fail_nth fail;
    fail_nth_init(&fail, 0, 0);
    teardown();
    config.allocator = &fail.allocator;
    machine = build(&config);
    mmsim_vfree(machine, mmsim_vmalloc(machine, KIT_PAGE, "area"), "area");
    ck_assert_ptr_nonnull(mm_zone_alloc(&machine->zones, MM_FRAME_ANON, 0));
    struct mmsim_gc_result result;
    fail.first = fail.n_requests + 1;
    fail.n_failing = FAIL_FROM_THERE_ON;
    mmsim_gc(machine, &result);
    fail.first = 0;
    ck_assert_uint_eq(result.n_tables, 1);
    ck_assert_uint_eq(result.n_orphans, 0);
    ck_assert_uint_eq(collect().n_orphans, 1);
    kit_end(machine);
    ck_assert_ptr_null(fail_nth_check(&fail));
    setup();
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, empty_tables_are_those_that_a_plain_walk_finds);
    tcase_add_test(tests, a_walk_that_ended_in_a_collected_table_is_forgotten);
    tcase_add_test(tests, frames_that_were_forgotten_are_told_and_freed);
    tcase_add_test(tests, a_table_that_its_directory_lost_goes_with_its_pages);
    tcase_add_test(tests, what_is_in_use_is_no_garbage);
    tcase_add_test(tests, empty_slabs_and_listed_frames_go_back);
    tcase_add_test(tests, it_runs_every_so_many_steps);
    tcase_add_test(tests, a_request_fails_only_when_there_is_no_garbage_left);
    tcase_add_test(tests, collecting_in_the_middle_of_any_request_is_survived);
    tcase_add_test(tests, without_host_memory_orphans_stay_and_the_rest_is_collected);
}

Suite *test_gc_suite(void);
Suite *test_gc_suite(void)
{
    Suite *suite = suite_create("gc");
    kit_add_modes(suite, add);
    return suite;
}
