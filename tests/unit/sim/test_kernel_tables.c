/* test_kernel_tables.c - the figures behind the tables: they add up, whatever has happened. */
#include "base/rng.h"
#include "heap_kit.h"
#include "sim/machine.h"

static uint64_t blocks_frames(const struct mmsim_zone_info *zone)
{
    uint64_t n = 0;
    for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++)
        for (unsigned order = 0; order < MMSIM_N_ORDERS; order++)
            n += zone->n_blocks[type][order] << order;
    return n;
}

/* Figures of different origin that must agree. */
static void assert_sums(const struct mmsim_machine *machine)
{
    struct mmsim_stats stats = kit_stats(machine);
    struct mmsim_meminfo info;
    struct mmsim_zone_info zone, high = {0};
    uint64_t n_free = 0, n_frames = 0;
    mmsim_meminfo(machine, &info);
    for (size_t i = 0; mmsim_zone_info_at(machine, i, &zone); i++) {
        ck_assert_uint_eq(blocks_frames(&zone) + zone.n_set_aside, zone.n_free);
        ck_assert_uint_le(zone.n_free, zone.n_frames);
        ck_assert_uint_le(zone.min, zone.low);
        ck_assert_uint_le(zone.low, zone.high);
        n_free += zone.n_free;
        n_frames += zone.n_frames;
        high = zone;
    }
    ck_assert_str_eq(high.name, "HighMem");
    ck_assert_uint_eq(n_free, stats.memory.free);
    ck_assert_uint_le(n_frames, stats.memory.frames);
    ck_assert_uint_eq(info.total, stats.memory.frames * KIT_PAGE);
    ck_assert_uint_eq(info.free, n_free * KIT_PAGE);
    ck_assert_uint_ge(info.available, info.free);
    ck_assert_uint_eq(info.low_total + info.high_total, info.total);
    ck_assert_uint_eq(info.low_free + info.high_free, info.free);
    ck_assert_uint_eq(info.high_free, high.n_free * KIT_PAGE);
    ck_assert_uint_eq(info.anonymous, stats.memory.user * KIT_PAGE);
    ck_assert_uint_eq(info.page_tables, stats.memory.page_tables * KIT_PAGE);
    ck_assert_uint_le(info.slab, stats.memory.kernel * KIT_PAGE);
}

START_TEST(zones_meminfo_and_statistics_agree_whatever_happens)
{
    struct mmsim_config config = heap_config();
    config.n_cpus = 2;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_process *p = kit_spawn(machine, "p");
    struct mm_rng rng;
    mm_rng_seed(&rng, 3);
    mmsim_vaddr at[64] = {0};
    assert_sums(machine);
    for (unsigned i = 0; i < 600; i++) {
        unsigned which = (unsigned)mm_rng_below(&rng, 64);
        mmsim_run_on(mmsim_kernel(machine), (unsigned)mm_rng_below(&rng, 2));
        if (at[which])
            mmsim_kfree(machine, at[which], NULL);
        at[which] = mmsim_kmalloc(machine, mm_rng_below(&rng, 40000), 0, NULL);
        if (i % 10 == 0)
            kit_write(p, kit_map(p, 1 + mm_rng_below(&rng, 9)), 1);
        if (i % 20 == 0)
            assert_sums(machine);
    }
    struct mmsim_gc_result garbage;
    mmsim_gc(machine, &garbage);
    assert_sums(machine);
    kit_end(machine);
}
END_TEST

START_TEST(low_memory_is_mapped_by_large_pages_where_the_cpu_has_them)
{
    struct mmsim_config config = heap_config();
    struct mmsim_meminfo info;
    config.large_pages = _i;
    struct mmsim_machine *machine = kit_build(&config);
    mmsim_meminfo(machine, &info);
    ck_assert_uint_eq(info.large_page,
                      kit_paging == MMSIM_PAGING_PAE ? 2 * MMSIM_MIB : 4 * MMSIM_MIB);
    ck_assert_uint_eq(info.direct_map_small + info.direct_map_large, 15 * MMSIM_MIB);
    ck_assert(_i ? info.direct_map_large >= 12 * MMSIM_MIB : info.direct_map_large == 0);
    kit_end(machine);
}
END_TEST

START_TEST(large_areas_are_counted_in_meminfo)
{
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_meminfo info;
    mmsim_vaddr at = mmsim_vmalloc(machine, 9000, NULL);
    mmsim_meminfo(machine, &info);
    ck_assert_uint_eq(info.vmalloc_used, 3 * KIT_PAGE);
    ck_assert_uint_gt(info.vmalloc_total, 500 * MMSIM_MIB);
    mmsim_vfree(machine, at, NULL);
    mmsim_meminfo(machine, &info);
    ck_assert_uint_eq(info.vmalloc_used, 0);
    kit_end(machine);
}
END_TEST

START_TEST(sites_are_counted_with_their_oldest_object)
{
    struct mmsim_config config = heap_config();
    config.heap_checks = MMSIM_HEAP_TRACK;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_site_info info;
    size_t first = 0; /* the kernel's own come before ours */
    while (mmsim_site_at(machine, first, &info))
        first++;
    mmsim_vaddr at[3];
    for (unsigned i = 0; i < 3; i++) {
        mmsim_step_begin(machine);
        at[i] = mmsim_kmalloc(machine, 100, 0, "one");
    }
    mmsim_kmalloc(machine, 30, 0, "two");
    ck_assert(mmsim_site_at(machine, first, &info));
    ck_assert_str_eq(info.site, "one");
    ck_assert_uint_eq(info.n_live, 3);
    ck_assert_uint_eq(info.live_bytes, 300);
    ck_assert_uint_eq(info.oldest_step, 0);
    mmsim_kfree(machine, at[0], NULL);
    ck_assert(mmsim_site_at(machine, first, &info));
    ck_assert_uint_eq(info.n_live, 2);
    ck_assert_uint_eq(info.oldest_step, 1);
    ck_assert_uint_eq(info.n_allocated, 3);
    ck_assert_uint_eq(info.peak_bytes, 300);
    mmsim_kfree(machine, at[1], NULL);
    mmsim_kfree(machine, at[2], NULL);
    ck_assert(mmsim_site_at(machine, first, &info));
    ck_assert_uint_eq(info.n_live, 0);
    ck_assert_uint_eq(info.oldest_step, UINT64_MAX);
    ck_assert(mmsim_site_at(machine, first + 1, &info));
    ck_assert_str_eq(info.site, "two");
    ck_assert(!mmsim_site_at(machine, first + 2, &info));
    kit_end(machine);
}
END_TEST

/* Every other pair of frames is the heap's: 40 frames in a row are nowhere. */
START_TEST(a_failure_for_want_of_a_row_of_frames_says_who_stands_in_it)
{
    struct mmsim_config config = heap_config();
    config.ram_bytes = 4 * MMSIM_MIB;
    struct mmsim_machine *machine = kit_build(&config);
    static mmsim_vaddr pairs[1024];
    unsigned n = 0;
    while (n < 1024 && (pairs[n] = mmsim_kmalloc(machine, 2 * KIT_PAGE, 0, NULL)) != 0)
        n++;
    for (unsigned i = 0; i < n; i += 2)
        mmsim_kfree(machine, pairs[i], NULL);
    struct mmsim_alloc_failure failure;
    ck_assert_uint_eq(mmsim_kmalloc(machine, 64 * KIT_PAGE, 0, "want"), 0);
    ck_assert(mmsim_alloc_failure(machine, &failure));
    ck_assert_int_eq(failure.shortage, MMSIM_SHORTAGE_FRAGMENTED);
    ck_assert_str_eq(failure.site, "want");
    ck_assert_str_eq(failure.use, "heap");
    ck_assert_str_eq(failure.zone.name, "Normal");
    ck_assert_uint_eq(failure.n_frames, 64);
    ck_assert_uint_ge(failure.zone.n_free, 64);
    ck_assert_uint_lt(failure.largest_frames, 64);
    ck_assert_uint_eq(blocks_frames(&failure.zone) + failure.zone.n_set_aside, failure.zone.n_free);
    bool by_heap = false;
    for (unsigned i = 0; i < 8 && failure.pinned_by[i].use; i++)
        by_heap |= strcmp(failure.pinned_by[i].use, "heap") == 0;
    ck_assert(by_heap || failure.compaction == MMSIM_COMPACTION_NOT_TRIED);
    kit_check(machine);
    kit_end(machine);
}
END_TEST

/* ---- compaction ---- */

START_TEST(pages_of_processes_make_room_for_a_large_block_and_keep_their_bytes)
{
    enum { N_PAGES = 3000 };
    struct heap_events events = {0};
    struct mmsim_machine *machine = heap_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(p, N_PAGES);
    mmsim_listen(machine, MMSIM_EVENT_BIT(MMSIM_EVENT_COMPACT), heap_on_event, &events);
    for (unsigned i = 0; i < N_PAGES; i++)
        kit_write(p, at + i * KIT_PAGE, i);
    for (unsigned i = 1; i < N_PAGES; i += 2)
        ck_assert_int_eq(mmsim_munmap(p, at + i * KIT_PAGE, KIT_PAGE), MMSIM_SUCCESS);
    while (mmsim_kmalloc(machine, 64 * KIT_PAGE, 0, NULL) && events.n[MMSIM_EVENT_COMPACT] == 0)
        ;
    ck_assert_uint_gt(events.n[MMSIM_EVENT_COMPACT], 0);
    ck_assert_uint_gt(events.last[MMSIM_EVENT_COMPACT].value, 0);
    bool same = true;
    for (unsigned i = 0; i < N_PAGES; i += 2)
        same &= kit_read(p, at + i * KIT_PAGE) == i;
    ck_assert(same);
    kit_check(machine);
    kit_end(machine);
}
END_TEST

/* ---- orphans ---- */

START_TEST(a_frame_that_nobody_has_is_found_told_and_freed)
{
    struct heap_events events = {0};
    struct mmsim_machine *machine = heap_machine();
    mmsim_listen(machine, MMSIM_EVENTS_ALL, heap_on_event, &events);
    struct mmsim_gc_result garbage;
    mmsim_gc(machine, &garbage);
    ck_assert_uint_eq(garbage.n_orphans, 0);
    uint64_t free_frames = kit_stats(machine).memory.free;
    const struct mm_frame *lost = mm_zone_alloc(&machine->zones, MM_FRAME_ANON, 0);
    mmsim_pfn pfn = mm_frame_pfn(&machine->zones, lost);
    mmsim_gc(machine, &garbage);
    ck_assert_uint_eq(garbage.n_orphans, 1);
    ck_assert_uint_eq(garbage.first_orphan, pfn);
    ck_assert_uint_eq(events.n[MMSIM_EVENT_ORPHAN], 1);
    ck_assert_uint_eq(events.last[MMSIM_EVENT_ORPHAN].frame, pfn);
    ck_assert_uint_ge(events.n[MMSIM_EVENT_GC], 1);
    ck_assert_uint_eq(kit_stats(machine).memory.free, free_frames);
    kit_end(machine);
}
END_TEST

static void add_modes(TCase *tests)
{
    tcase_add_loop_test(tests, low_memory_is_mapped_by_large_pages_where_the_cpu_has_them, 0, 2);
    tcase_add_test(tests, zones_meminfo_and_statistics_agree_whatever_happens);
    tcase_add_test(tests, large_areas_are_counted_in_meminfo);
    tcase_add_test(tests, sites_are_counted_with_their_oldest_object);
    tcase_add_test(tests, a_failure_for_want_of_a_row_of_frames_says_who_stands_in_it);
    tcase_add_test(tests, pages_of_processes_make_room_for_a_large_block_and_keep_their_bytes);
    tcase_add_test(tests, a_frame_that_nobody_has_is_found_told_and_freed);
}

Suite *test_kernel_tables_suite(void);
Suite *test_kernel_tables_suite(void)
{
    Suite *suite = suite_create("kernel_tables");
    kit_add_modes(suite, add_modes);
    return suite;
}
