/*
 * test_migrate.c - pages of processes move to other frames and nobody can tell but by the frame:
 * bytes, rights, accessed and dirty, copies on write and TLBs on other CPUs.
 *
 * The kit checks every invariant after each call, among them that counts are numbers of entries and
 * that no TLB grants what the tables do not.
 */
#include "alloc/compact.h"
#include "kit.h"
#include "paging/flush.h"
#include "sim/machine.h"

enum { N_PAGES = 600 };

static struct mmsim_machine *machine;
static struct mm_zones *zones;
static struct mmsim_process *process;
static mmsim_vaddr base;

static void build_with(enum mmsim_tlb_kind tlb)
{
    struct mmsim_config config = kit_config();
    config.tlb = tlb;
    config.n_cpus = 4;
    config.check = MMSIM_CHECK_OFF; /* after each move instead */
    config.ram_bytes = 16 * MMSIM_MIB;
    machine = kit_build(&config);
    zones = &machine->zones;
    process = kit_spawn(machine, "p");
    base = kit_map(process, N_PAGES);
}

static void build(void)
{
    build_with(MMSIM_TLB_PRESET);
}

static void end(void)
{
    kit_end(machine);
}

static mmsim_vaddr page(unsigned i)
{
    return base + i * KIT_PAGE;
}

static void fill(unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++)
        kit_write(process, page(i) + 4 * i % KIT_PAGE, i * 77);
}

static void assert_filled(struct mmsim_process *reader, unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++)
        ck_assert_uint_eq(kit_read(reader, page(i) + 4 * i % KIT_PAGE), i * 77);
}

static struct mmsim_entry entry_of(const struct mmsim_process *of, mmsim_vaddr at)
{
    return mm_pgtable_query(of->live->aspace->tables, at);
}

/* Where all pages are. */
static void note_frames(mmsim_pfn pfns[N_PAGES])
{
    for (unsigned i = 0; i < N_PAGES; i++)
        pfns[i] = mm_address_pfn(entry_of(process, page(i)).base);
}

/* Assembles blocks of an order: takes what is free of it first, until moves were needed. */
static struct mm_compact_result compact(unsigned order)
{
    struct mm_compact_result result;
    static struct mm_frame *blocks[4096];
    unsigned n = 0;
    do {
        ck_assert_uint_lt(n, 4096);
        bool made = mm_compact_block(zones, MM_ZONE_LOW, order, &result);
        ck_assert_msg(made, "compaction ended with %d", (int)result.end);
        if (result.n_moved == 0)
            blocks[n++] = mm_zone_alloc(zones, MM_FRAME_SLAB, order);
    } while (result.n_moved == 0);
    while (n > 0)
        mm_zone_free(zones, blocks[--n], order);
    kit_check(machine);
    return result;
}

/* Every third page is left, so that blocks of more than two frames need moves. */
static void scatter(void)
{
    fill(0, N_PAGES);
    for (unsigned i = 0; i < N_PAGES; i++)
        if (i % 3 > 0)
            ck_assert_int_eq(mmsim_munmap(process, page(i), KIT_PAGE), MMSIM_SUCCESS);
}

START_TEST(moved_pages_keep_their_bytes)
{
    mmsim_pfn before[N_PAGES], after[N_PAGES];
    scatter();
    note_frames(before);
    struct mm_compact_result result = compact(7);
    note_frames(after);
    unsigned n_changed = 0;
    for (unsigned i = 0; i < N_PAGES; i += 3) {
        n_changed += before[i] != after[i];
        ck_assert_uint_eq(kit_read(process, page(i) + 4 * i % KIT_PAGE), i * 77);
    }
    ck_assert_uint_gt(result.n_moved, 20);
    ck_assert_uint_eq(n_changed, result.n_moved);
    ck_assert_uint_eq(kit_rss(process), N_PAGES / 3);
}
END_TEST

START_TEST(all_entries_of_a_shared_page_follow_it)
{
    scatter();
    struct mmsim_process *child = kit_fork(process, "child");
    struct mmsim_process *grandchild = kit_fork(child, "grandchild");
    ck_assert_uint_gt(compact(7).n_moved, 20);
    for (unsigned i = 0; i < N_PAGES; i += 3) {
        mmsim_paddr at = entry_of(process, page(i)).base;
        ck_assert_uint_eq(entry_of(child, page(i)).base, at);
        ck_assert_uint_eq(entry_of(grandchild, page(i)).base, at);
        kit_write(child, page(i) + 4 * i % KIT_PAGE, 1);
        ck_assert_uint_eq(kit_read(process, page(i) + 4 * i % KIT_PAGE), i * 77);
        ck_assert_uint_eq(kit_read(grandchild, page(i) + 4 * i % KIT_PAGE), i * 77);
        ck_assert_uint_eq(kit_read(child, page(i) + 4 * i % KIT_PAGE), 1);
    }
    kit_check(machine);
}
END_TEST

START_TEST(rights_and_marks_of_entries_stay)
{
    static struct mmsim_entry before[N_PAGES];
    scatter();
    for (unsigned i = 0; i < N_PAGES; i += 3) {
        unsigned prot = i % 2 ? MMSIM_PROT_READ : i % 4 ? KIT_RW : MMSIM_PROT_NONE;
        ck_assert_int_eq(mmsim_mprotect(process, page(i), KIT_PAGE, prot), MMSIM_SUCCESS);
        if (i % 5 == 0)
            machine->arch->test_and_clear(&process->live->aspace->tables->map, page(i),
                                          MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
        before[i] = entry_of(process, page(i));
    }
    for (unsigned cpu = 0; cpu < 4; cpu++) /* what was cleared may still be in TLBs */
        mm_flush_all(process->live->aspace->tables);
    compact(7);
    unsigned n_held = 0, n_dirty = 0, n_clean = 0;
    for (unsigned i = 0; i < N_PAGES; i += 3) {
        struct mmsim_entry after = entry_of(process, page(i));
        ck_assert_int_eq(after.state, before[i].state);
        ck_assert_uint_eq(after.flags, before[i].flags);
        n_held += after.state == MMSIM_ENTRY_HELD;
        n_dirty += (after.flags & MMSIM_ENTRY_DIRTY) != 0;
        n_clean += !(after.flags & MMSIM_ENTRY_ACCESSED);
    }
    ck_assert_uint_gt(n_held, 10);
    ck_assert_uint_gt(n_dirty, 10);
    ck_assert_uint_gt(n_clean, 10);
    ck_assert_int_eq(mmsim_mprotect(process, base, KIT_PAGE, KIT_RW), MMSIM_SUCCESS);
    assert_filled(process, 0, 1); /* a page that was held back */
}
END_TEST

START_TEST(other_cpus_forget_where_a_page_was)
{
    scatter();
    for (unsigned cpu = 1; cpu < 4; cpu++) {
        ck_assert_int_eq(mmsim_run_on(process, cpu), MMSIM_SUCCESS);
        for (unsigned i = 0; i < N_PAGES; i += 3)
            kit_read(process, page(i));
    }
    struct mmsim_stats before = kit_stats(machine);
    compact(7); /* checks that no TLB grants what the tables do not */
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_uint_eq(after.tlb.shootdowns - before.tlb.shootdowns, 3);
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        mmsim_run_on(process, cpu);
        for (unsigned i = 0; i < N_PAGES; i += 3)
            kit_write(process, page(i) + 4 * i % KIT_PAGE, i * 77 + cpu);
    }
    for (unsigned i = 0; i < N_PAGES; i += 3)
        ck_assert_uint_eq(kit_read(process, page(i) + 4 * i % KIT_PAGE), i * 77 + 3);
}
END_TEST

START_TEST(a_page_that_moves_alone_is_forgotten_too)
{
    end();
    build_with(MMSIM_TLB_INFINITE); /* holds every page that was read */
    scatter();
    for (unsigned round = 0; round < 8; round++) {
        for (unsigned cpu = 0; cpu < 4; cpu++) {
            ck_assert_int_eq(mmsim_run_on(process, cpu), MMSIM_SUCCESS);
            for (unsigned i = 0; i < N_PAGES; i += 3)
                kit_read(process, page(i));
        }
        struct mm_compact_result result = compact(1); /* looks at the TLBs, too */
        ck_assert_uint_eq(result.n_moved, 1);
        for (unsigned i = 0; i < N_PAGES; i += 3)
            assert_filled(process, i, 1);
    }
}
END_TEST

START_TEST(the_work_is_charged)
{
    scatter();
    uint64_t before = mmsim_machine_cycles(machine);
    struct mm_compact_result result = compact(7);
    uint64_t least = mm_work_cycles[MM_WORK_COPY_PAGE] + 2 * mm_work_cycles[MM_WORK_FRAME] +
                     mm_work_cycles[MM_WORK_ENTRY];
    ck_assert_uint_ge(mmsim_machine_cycles(machine) - before, result.n_moved * least);
}
END_TEST

/* Somebody else counts on every page of a process, or no longer. */
static void count_all(int change)
{
    struct mm_frame *frame = mm_zone_next_used(zones, 0);
    for (; frame; frame = mm_zone_next_used(zones, mm_frame_pfn(zones, frame) + 1))
        if (frame->use == MM_FRAME_ANON)
            frame->count += (uint32_t)change;
}

START_TEST(a_frame_that_somebody_else_counts_on_stays)
{
    scatter();
    count_all(+1);
    static struct mm_frame *blocks[4096];
    unsigned n = 0;
    while ((blocks[n] = mm_zone_alloc(zones, MM_FRAME_SLAB, 2)))
        n++;
    const struct mm_compact_result *result = &zones->last_failure.compaction;
    ck_assert_int_eq(result->end, MM_COMPACT_REFUSED);
    ck_assert_uint_gt(result->n_refused, 0);
    ck_assert_uint_eq(zones->n_compacted_frames, 0);
    while (n > 0)
        mm_zone_free(zones, blocks[--n], 2);
    count_all(-1);
    kit_check(machine);
}
END_TEST

START_TEST(a_4_mib_block_is_assembled_among_processes)
{
    mmsim_vaddr big = kit_map(process, 2600);
    for (unsigned i = 0; i < 2600; i++)
        kit_write(process, big + i * KIT_PAGE, i);
    for (unsigned i = 0; i < 2600; i++)
        if (i % 2)
            mmsim_munmap(process, big + i * KIT_PAGE, KIT_PAGE);
    struct mm_compact_result result = compact(MM_BUDDY_MAX_ORDER);
    ck_assert_uint_gt(result.n_moved, 100);
    struct mm_frame *block = mm_zone_alloc(zones, MM_FRAME_SLAB, MM_BUDDY_MAX_ORDER);
    ck_assert_ptr_nonnull(block);
    memset(mm_frame_bytes(zones, block), 0xff, 4 * MMSIM_MIB);
    for (unsigned i = 0; i < 2600; i += 2)
        ck_assert_uint_eq(kit_read(process, big + i * KIT_PAGE), i);
    mm_zone_free(zones, block, MM_BUDDY_MAX_ORDER);
}
END_TEST

static void add(TCase *tests)
{
    tcase_add_checked_fixture(tests, build, end);
    tcase_add_test(tests, moved_pages_keep_their_bytes);
    tcase_add_test(tests, all_entries_of_a_shared_page_follow_it);
    tcase_add_test(tests, rights_and_marks_of_entries_stay);
    tcase_add_test(tests, other_cpus_forget_where_a_page_was);
    tcase_add_test(tests, a_page_that_moves_alone_is_forgotten_too);
    tcase_add_test(tests, the_work_is_charged);
    tcase_add_test(tests, a_frame_that_somebody_else_counts_on_stays);
    tcase_add_test(tests, a_4_mib_block_is_assembled_among_processes);
}

Suite *test_migrate_suite(void);
Suite *test_migrate_suite(void)
{
    Suite *suite = suite_create("migrate");
    kit_add_modes(suite, add);
    return suite;
}
