/*
 * test_vmalloc.c - the kernel's large areas, against a plain array of the region's pages.
 *
 * The model finds the lowest place by looking at every page, and knows by whom each is used. What
 * an area holds is written and read as the kernel does it, through the MMU.
 */
#include "vm/vmalloc.h"

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "kit.h"
#include "sim/gc.h"
#include "sim/machine.h"

#define REGION_PAGES ((MM_VMALLOC_END - MM_LAYOUT_SHARED_START) / KIT_PAGE)

static struct mmsim_heap_report last_report;
static unsigned n_reports;

static void on_report(void *user, const struct mmsim_heap_report *report)
{
    (void)user;
    last_report = *report;
    n_reports++;
}

static struct mmsim_machine *build(const char *cpu, unsigned n_cpus)
{
    struct mmsim_config config = kit_config();
    config.cpu = cpu;
    config.n_cpus = n_cpus;
    config.check = MMSIM_CHECK_END;
    config.sanitize_tlb = true;
    struct mmsim_machine *machine = kit_build(&config);
    mmsim_heap_listen(machine, on_report, NULL);
    n_reports = 0;
    return machine;
}

static struct mmsim_machine *build_default(void)
{
    struct mmsim_config config = kit_config();
    return build(config.cpu, 1);
}

static struct mm_vmalloc *areas_of(struct mmsim_machine *machine)
{
    return &machine->kernel_memory.vmalloc;
}

static uint64_t n_used(struct mmsim_machine *machine)
{
    return machine->zones.n_ram_frames - machine->zones.n_by_use[MM_FRAME_FREE];
}

static bool store(struct mmsim_machine *machine, mmsim_vaddr address, uint32_t value)
{
    return mmsim_write(mmsim_kernel(machine), address, &value, sizeof value).outcome == MMSIM_DONE;
}

static bool load(struct mmsim_machine *machine, mmsim_vaddr address, uint32_t *value)
{
    return mmsim_read(mmsim_kernel(machine), address, value, sizeof *value).outcome == MMSIM_DONE;
}

static void end(struct mmsim_machine *machine)
{
    struct mmsim_sanitizer_counts counts;
    if (mmsim_sanitizer_get_counts(machine, &counts))
        ck_assert_uint_eq(counts.n_stale, 0);
    kit_end(machine);
}

/* ---- the model ---- */

enum { MAX_AREAS = 60, MAX_PAGES = 40 };

struct model_area {
    mmsim_vaddr start;
    unsigned n_pages; /* 0: none */
    uint32_t seed;
};

struct model {
    uint8_t used[REGION_PAGES]; /* by an area or the page behind it */
    struct model_area areas[MAX_AREAS];
};

static mmsim_vaddr model_place(struct model *model, unsigned n_pages)
{
    for (uint64_t first = 1, free = 0, at = 1; at < REGION_PAGES; at++) {
        free = model->used[at] ? 0 : free + 1;
        first = free == 1 ? at : first;
        if (free == n_pages + 1)
            return MM_LAYOUT_SHARED_START + first * KIT_PAGE;
    }
    return 0;
}

static void model_mark(struct model *model, const struct model_area *area, uint8_t used)
{
    uint64_t first = (area->start - MM_LAYOUT_SHARED_START) / KIT_PAGE;
    memset(model->used + first, used, area->n_pages + 1);
}

static void compare_bytes(struct mmsim_machine *machine, const struct model_area *area)
{
    for (unsigned i = 0; i < area->n_pages; i++) {
        uint32_t first = 0, last = 0;
        ck_assert(load(machine, area->start + i * KIT_PAGE, &first));
        ck_assert(load(machine, area->start + (i + 1) * KIT_PAGE - 4, &last));
        ck_assert_uint_eq(first, area->seed + i);
        ck_assert_uint_eq(last, ~(area->seed + i));
    }
}

static void model_alloc(struct mmsim_machine *machine, struct model *model, struct model_area *area,
                        struct mm_rng *rng)
{
    unsigned n_pages = 1 + (unsigned)mm_rng_below(rng, MAX_PAGES);
    uint64_t n_bytes = (n_pages - 1) * KIT_PAGE + 1 + mm_rng_below(rng, KIT_PAGE);
    area->start = mmsim_vmalloc(machine, n_bytes, "model");
    ck_assert_uint_eq(area->start, model_place(model, n_pages));
    area->n_pages = n_pages;
    area->seed = (uint32_t)mm_rng_next(rng);
    model_mark(model, area, 1);
    for (unsigned i = 0; i < n_pages; i++) {
        uint32_t value = 1;
        ck_assert(load(machine, area->start + i * KIT_PAGE + 4 * mm_rng_below(rng, 1024), &value));
        ck_assert_uint_eq(value, 0);
        ck_assert(store(machine, area->start + i * KIT_PAGE, area->seed + i));
        ck_assert(store(machine, area->start + (i + 1) * KIT_PAGE - 4, ~(area->seed + i)));
    }
}

static void model_free(struct mmsim_machine *machine, struct model *model, struct model_area *area)
{
    uint32_t value;
    compare_bytes(machine, area);
    ck_assert_int_eq(mmsim_vfree(machine, area->start, "model"), MMSIM_SUCCESS);
    ck_assert(!load(machine, area->start, &value));
    ck_assert(!load(machine, area->start + (area->n_pages - 1) * KIT_PAGE, &value));
    model_mark(model, area, 0);
    area->n_pages = 0;
}

START_TEST(areas_lie_and_hold_what_a_plain_model_says)
{
    struct mmsim_machine *machine = build_default();
    struct model *model = calloc(1, sizeof *model);
    struct mm_rng rng;
    mm_rng_seed(&rng, 7);
    for (unsigned i = 0; i < 1500; i++) {
        struct model_area *area = &model->areas[mm_rng_below(&rng, MAX_AREAS)];
        if (area->n_pages)
            model_free(machine, model, area);
        else
            model_alloc(machine, model, area, &rng);
        if (i % 50 == 0)
            kit_check(machine);
        if (i % 200 == 0)
            mmsim_gc(machine, &(struct mmsim_gc_result){0});
    }
    size_t n = 0;
    struct mmsim_vmalloc_info info;
    for (mmsim_vaddr above = 0; mmsim_vmalloc_at(machine, n, &info); above = info.address, n++)
        ck_assert_uint_gt(info.address, above);
    for (unsigned i = 0; i < MAX_AREAS; i++) {
        n -= model->areas[i].n_pages > 0;
        if (model->areas[i].n_pages)
            model_free(machine, model, &model->areas[i]);
    }
    ck_assert_uint_eq(n, 0);
    free(model);
    end(machine);
}
END_TEST

/* ---- who sees an area ---- */

START_TEST(an_area_is_the_same_in_every_set_of_tables_and_for_no_process)
{
    struct mmsim_machine *machine = build_default();
    struct mmsim_process *older = kit_spawn(machine, "older");
    mmsim_vaddr area = mmsim_vmalloc(machine, 5 * MMSIM_MIB, MMSIM_HERE); /* several tables */
    struct mmsim_process *newer = kit_spawn(machine, "newer");
    struct mmsim_process *both[] = {older, newer};
    mmsim_vaddr far = area + 5 * MMSIM_MIB - 4;
    ck_assert(area && store(machine, far, 42));
    for (unsigned i = 0; i < 2; i++) {
        uint32_t value = 0;
        mmsim_vaddr own = kit_map(both[i], 1);
        kit_write(both[i], own, 1); /* its tables are loaded now */
        ck_assert(load(machine, far, &value));
        ck_assert_uint_eq(value, 42);
        mmsim_process_on_signal(both[i], MMSIM_ON_SIGNAL_SURVIVE);
        struct mmsim_access access = kit_write(both[i], far, 43);
        ck_assert_int_eq(access.outcome, MMSIM_SIGNAL);
        ck_assert_uint_eq(access.address, far);
    }
    kit_check(machine);
    ck_assert_int_eq(mmsim_vfree(machine, area, MMSIM_HERE), MMSIM_SUCCESS);
    kit_check(machine);
    end(machine);
}
END_TEST

START_TEST(high_frames_come_first_and_count_as_the_kernels)
{
    struct mmsim_config config = kit_config();
    config.ram_bytes = 260 * MMSIM_MIB;
    config.check = MMSIM_CHECK_END;
    struct mmsim_machine *machine = kit_build(&config);
    uint64_t before = kit_stats(machine).memory.kernel;
    mmsim_vaddr area = mmsim_vmalloc(machine, 100 * KIT_PAGE, MMSIM_HERE);
    ck_assert_uint_ge(kit_stats(machine).memory.kernel - before, 100);
    for (unsigned i = 0; i < 100; i++) {
        struct mmsim_walk walk;
        mmsim_explain(mmsim_kernel(machine), area + i * KIT_PAGE, MMSIM_ACCESS_WRITE, &walk);
        ck_assert(walk.allowed);
        ck_assert(walk.physical < MM_LOWMEM_START || walk.physical >= MM_LOWMEM_END);
    }
    kit_check(machine);
    mmsim_vfree(machine, area, MMSIM_HERE);
    kit_end(machine);
}
END_TEST

START_TEST(an_area_is_not_executed_where_the_mode_can_say_so)
{
    struct mmsim_machine *machine = build("modern", 1);
    mmsim_vaddr area = mmsim_vmalloc(machine, 1, MMSIM_HERE);
    struct mmsim_walk walk;
    mmsim_explain(mmsim_kernel(machine), area, MMSIM_ACCESS_FETCH, &walk);
    ck_assert_int_eq(walk.allowed, kit_paging != MMSIM_PAGING_PAE);
    mmsim_explain(mmsim_kernel(machine), area, MMSIM_ACCESS_WRITE, &walk);
    ck_assert(walk.allowed);
    mmsim_vfree(machine, area, MMSIM_HERE);
    end(machine);
}
END_TEST

/* ---- refused accesses ---- */

START_TEST(the_page_behind_an_area_is_refused_and_the_area_is_named)
{
    struct mmsim_machine *machine = build_default();
    mmsim_step_begin(machine);
    mmsim_step_begin(machine);
    mmsim_vaddr area = mmsim_vmalloc(machine, 3 * KIT_PAGE - 100, "somewhere");
    mmsim_vaddr next = mmsim_vmalloc(machine, 1, "elsewhere");
    uint32_t value;
    ck_assert_uint_eq(next, area + 4 * KIT_PAGE);
    ck_assert(!load(machine, area - 4, &value));
    ck_assert_uint_eq(n_reports, 0);
    ck_assert(load(machine, area + 3 * KIT_PAGE - 4, &value));
    ck_assert(!load(machine, area + 3 * KIT_PAGE - 2, &value));
    ck_assert_uint_eq(n_reports, 1);
    ck_assert_int_eq(last_report.mistake, MMSIM_HEAP_GUARD_HIT);
    ck_assert_str_eq(last_report.cache, "vmalloc");
    ck_assert_uint_eq(last_report.address, area + 3 * KIT_PAGE);
    ck_assert_uint_eq(last_report.object, area);
    ck_assert_uint_eq(last_report.object_bytes, 3 * KIT_PAGE - 100);
    ck_assert_int_eq(last_report.offset, 3 * KIT_PAGE);
    ck_assert_str_eq(last_report.allocated.site, "somewhere");
    ck_assert_uint_eq(last_report.allocated.step, 1);
    ck_assert(!store(machine, next + KIT_PAGE, 1));
    ck_assert_str_eq(last_report.allocated.site, "elsewhere");
    mmsim_vfree(machine, area, MMSIM_HERE);
    mmsim_vfree(machine, next, MMSIM_HERE);
    end(machine);
}
END_TEST

START_TEST(wrong_frees_are_reported_and_change_nothing)
{
    struct mmsim_machine *machine = build_default();
    mmsim_vaddr area = mmsim_vmalloc(machine, 2 * KIT_PAGE, "site");
    const struct {
        mmsim_vaddr address;
        enum mmsim_heap_mistake mistake;
    } wrong[] = {{area + 1, MMSIM_HEAP_INSIDE_FREE},
                 {area + KIT_PAGE, MMSIM_HEAP_INSIDE_FREE},
                 {area + 2 * KIT_PAGE, MMSIM_HEAP_FOREIGN_FREE},
                 {area - KIT_PAGE, MMSIM_HEAP_FOREIGN_FREE},
                 {0x00200000, MMSIM_HEAP_FOREIGN_FREE},
                 {MM_VMALLOC_END, MMSIM_HEAP_FOREIGN_FREE},
                 {UINT64_MAX, MMSIM_HEAP_FOREIGN_FREE}};
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_int_eq(mmsim_vfree(machine, wrong[i].address, "free"), MMSIM_EINVAL);
        ck_assert_uint_eq(n_reports, i + 1);
        ck_assert_int_eq(last_report.mistake, wrong[i].mistake);
        ck_assert_str_eq(last_report.now.site, "free");
        ck_assert(store(machine, area + 2 * KIT_PAGE - 4, i));
    }
    ck_assert_int_eq(mmsim_vfree(machine, area, "free"), MMSIM_SUCCESS);
    ck_assert_int_eq(mmsim_vfree(machine, area, "again"), MMSIM_EINVAL);
    ck_assert_int_eq(last_report.mistake, MMSIM_HEAP_DOUBLE_FREE);
    ck_assert_str_eq(last_report.cache, "vmalloc");
    ck_assert_uint_eq(last_report.object, area);
    ck_assert_uint_eq(last_report.object_bytes, 2 * KIT_PAGE);
    ck_assert_str_eq(last_report.freed.site, "free");
    ck_assert_str_eq(last_report.now.site, "again");
    ck_assert_int_eq(mmsim_vfree(machine, 0, "free"), MMSIM_SUCCESS);
    end(machine);
}
END_TEST

/* ---- TLBs ---- */

/* Reads an area on every CPU, frees it, and finds it gone on every CPU. */
static void free_what_all_cpus_hold(struct mmsim_machine *machine, unsigned n_cpus,
                                    unsigned n_pages)
{
    struct mmsim_process *kernel = mmsim_kernel(machine);
    mmsim_vaddr area = mmsim_vmalloc(machine, n_pages * KIT_PAGE, MMSIM_HERE);
    uint32_t value;
    for (unsigned cpu = 0; cpu < n_cpus; cpu++) {
        mmsim_run_on(kernel, cpu);
        for (unsigned i = 0; i < n_pages; i++)
            ck_assert(load(machine, area + i * KIT_PAGE, &value));
    }
    mmsim_run_on(kernel, n_cpus / 2);
    ck_assert_int_eq(mmsim_vfree(machine, area, MMSIM_HERE), MMSIM_SUCCESS);
    kit_check(machine);
    for (unsigned cpu = 0; cpu < n_cpus; cpu++) {
        mmsim_run_on(kernel, cpu);
        for (unsigned i = 0; i < n_pages; i++)
            ck_assert(!load(machine, area + i * KIT_PAGE, &value));
    }
}

START_TEST(no_cpu_keeps_a_translation_of_a_freed_area)
{
    const char *presets[] = {"i386", "i486", "pentium", "pentium-3", "core-2", "modern"};
    for (unsigned i = 0; i < sizeof presets / sizeof *presets; i++) {
        for (int method = MMSIM_FLUSH_THRESHOLD; method <= MMSIM_FLUSH_NONE; method++) {
            struct mmsim_config config = kit_config();
            config.cpu = presets[i];
            config.n_cpus = 3;
            config.check = MMSIM_CHECK_END;
            config.sanitize_tlb = true;
            config.flush.method = (enum mmsim_flush_method)method;
            struct mmsim_machine *machine = NULL;
            struct mmsim_error error;
            if (mmsim_machine_create(&config, &machine, &error) != MMSIM_OK)
                break; /* no PAE on this one */
            struct mmsim_process *process = kit_spawn(machine, "p");
            mmsim_run_on(process, 1);
            kit_write(process, kit_map(process, 1), 1);
            free_what_all_cpus_hold(machine, 3, 2);
            free_what_all_cpus_hold(machine, 3, 100);
            end(machine);
        }
    }
}
END_TEST

/* ---- memory and addresses come to an end ---- */

START_TEST(a_request_that_cannot_be_met_leaves_nothing_behind)
{
    struct mmsim_machine *machine = build_default();
    uint64_t before = n_used(machine);
    ck_assert_uint_eq(mmsim_vmalloc(machine, 0, MMSIM_HERE), 0);
    ck_assert_uint_eq(mmsim_vmalloc(machine, 20 * MMSIM_MIB, MMSIM_HERE), 0);
    ck_assert_uint_eq(mmsim_vmalloc(machine, 600 * MMSIM_MIB, MMSIM_HERE), 0);
    ck_assert_uint_eq(mmsim_vmalloc(machine, UINT64_MAX, MMSIM_HERE), 0);
    kit_check(machine);
    mmsim_gc(machine, &(struct mmsim_gc_result){0});
    ck_assert_uint_le(n_used(machine), before);
    mmsim_vaddr area = mmsim_vmalloc(machine, 8 * MMSIM_MIB, MMSIM_HERE);
    ck_assert(area && store(machine, area + 8 * MMSIM_MIB - 4, 1));
    mmsim_vfree(machine, area, MMSIM_HERE);
    end(machine);
}
END_TEST

START_TEST(every_frame_that_is_refused_is_survived)
{
    struct mmsim_machine *machine = build_default();
    mmsim_gc(machine, &(struct mmsim_gc_result){0});
    uint64_t before = n_used(machine);
    unsigned n_refused = 0;
    bool failed = true;
    for (uint64_t n = 1; failed; n++) {
        struct mm_inject_rule rule = {.nth = n, .max_failures = 1};
        mm_inject_arm(&machine->zones.inject, &rule);
        mmsim_vaddr area = mmsim_vmalloc(machine, 30 * KIT_PAGE, MMSIM_HERE);
        failed = machine->zones.inject.n_failures > 0;
        mm_inject_disarm(&machine->zones.inject);
        ck_assert(area || failed); /* with a failure too: a slab may come at the second try */
        n_refused += area == 0;
        kit_check(machine);
        mmsim_vfree(machine, area, MMSIM_HERE);
        mmsim_gc(machine, &(struct mmsim_gc_result){0});
        ck_assert_uint_eq(n_used(machine), before);
    }
    ck_assert_uint_eq(n_refused, 31); /* a frame for each page, and a table */
    struct mm_inject_rule rule = {.nth = 1};
    mm_inject_arm(&machine->heap.inject, &rule);
    ck_assert_uint_eq(mmsim_vmalloc(machine, 1, MMSIM_HERE), 0);
    mm_inject_disarm(&machine->heap.inject);
    end(machine);
}
END_TEST

/* Frames in magazines: to be had when they are asked for. */
static void fill_magazines(struct mmsim_machine *machine)
{
    static mmsim_vaddr objects[126];
    for (unsigned n_bytes = 16; n_bytes <= 4096; n_bytes *= 2) {
        for (unsigned i = 0; i < 126; i++)
            objects[i] = mmsim_kmalloc(machine, n_bytes, 0, MMSIM_HERE);
        for (unsigned i = 0; i < 126; i++)
            mmsim_kfree(machine, objects[i], MMSIM_HERE);
    }
}

START_TEST(garbage_is_collected_in_the_middle_but_not_the_tables_of_the_area_itself)
{
    enum { N_LEFT = 20, N_BEFORE_BOUNDARY = 30, N_PAGES = 50 };
    struct mmsim_machine *machine = build_default();
    uint64_t n_table = kit_paging == MMSIM_PAGING_PAE ? 512 : 1024;
    mmsim_vaddr first =
        mmsim_vmalloc(machine, (n_table - N_BEFORE_BOUNDARY - 2) * KIT_PAGE, MMSIM_HERE);
    mmsim_vaddr small = mmsim_vmalloc(machine, 1, MMSIM_HERE); /* there are area objects now */
    mmsim_vfree(machine, small, MMSIM_HERE);
    fill_magazines(machine);
    machine->zones.on_shortage = NULL;
    mmsim_pfn orphans[4096];
    unsigned n_orphans = 0;
    struct mm_frame *frame;
    while ((frame = mm_zone_alloc(&machine->zones, MM_FRAME_VMALLOC, 0)))
        orphans[n_orphans++] = mm_frame_pfn(&machine->zones, frame);
    for (unsigned i = 0; i < N_LEFT; i++)
        mm_zone_free(&machine->zones, &machine->zones.table[orphans[--n_orphans]], 0);
    mm_gc_install(machine);
    mmsim_vaddr area = mmsim_vmalloc(machine, N_PAGES * KIT_PAGE, MMSIM_HERE);
    ck_assert_uint_eq(area, first + (n_table - N_BEFORE_BOUNDARY - 1) * KIT_PAGE);
    for (unsigned i = 0; i < N_PAGES; i++)
        ck_assert(store(machine, area + i * KIT_PAGE, i));
    while (n_orphans > 0)
        mm_zone_free(&machine->zones, &machine->zones.table[orphans[--n_orphans]], 0);
    kit_check(machine);
    mmsim_vfree(machine, first, MMSIM_HERE);
    mmsim_vfree(machine, area, MMSIM_HERE);
    end(machine);
}
END_TEST

START_TEST(addresses_run_out_before_memory_does)
{
    struct mmsim_machine *machine = build_default();
    struct mm_vmalloc *vmalloc = areas_of(machine);
    mmsim_vaddr half, rest, none;
    uint64_t n_half = (MM_VMALLOC_END - MM_VMALLOC_START) / KIT_PAGE / 2;
    uint64_t n_rest = (MM_VMALLOC_END - MM_VMALLOC_START) / KIT_PAGE - n_half - 2;
    mmsim_pfn any = mm_address_pfn(2 * MMSIM_MIB);
    ck_assert(mm_vmalloc_map(vmalloc, any, n_half, &half));
    ck_assert(!mm_vmalloc_map(vmalloc, any, n_rest + 1, &none));
    ck_assert(mm_vmalloc_map(vmalloc, any, n_rest, &rest));
    ck_assert(!mm_vmalloc_map(vmalloc, any, 1, &none));
    ck_assert_uint_eq(rest + (n_rest + 1) * KIT_PAGE, MM_VMALLOC_END);
    mm_vmalloc_unmap(vmalloc, half);
    ck_assert(!mm_vmalloc_map(vmalloc, any, 1, &none)); /* it rests */
    mm_vmalloc_release(vmalloc, half);
    ck_assert(mm_vmalloc_map(vmalloc, any, 1, &none));
    ck_assert_uint_eq(none, half);
    const mmsim_vaddr left[] = {none, rest};
    for (unsigned i = 0; i < 2; i++) {
        mm_vmalloc_unmap(vmalloc, left[i]);
        mm_vmalloc_release(vmalloc, left[i]);
    }
    ck_assert_ptr_null(mm_vmalloc_check(vmalloc));
    end(machine);
}
END_TEST

/* ---- the checker ---- */

START_TEST(the_checker_finds_a_page_that_no_area_has)
{
    struct mmsim_machine *machine = build_default();
    mmsim_vaddr area = mmsim_vmalloc(machine, KIT_PAGE, MMSIM_HERE);
    struct mm_pgtable *master = machine->paging.master;
    struct mmsim_entry entry = mm_pgtable_query(master, area);
    ck_assert_ptr_null(mm_vmalloc_check(areas_of(machine)));
    mm_pgtable_map(master, area + KIT_PAGE, &entry);
    ck_assert_ptr_nonnull(mm_vmalloc_check(areas_of(machine)));
    mm_pgtable_unmap(master, area + KIT_PAGE);
    mm_pgtable_map(master, area + 7 * KIT_PAGE, &entry);
    ck_assert_ptr_nonnull(mm_vmalloc_check(areas_of(machine)));
    mm_pgtable_unmap(master, area + 7 * KIT_PAGE);
    mm_pgtable_unmap(master, area);
    ck_assert_ptr_nonnull(mm_vmalloc_check(areas_of(machine)));
    mm_pgtable_map(master, area, &entry);
    ck_assert_ptr_null(mm_vmalloc_check(areas_of(machine)));
    mmsim_vfree(machine, area, MMSIM_HERE);
    end(machine);
}
END_TEST

static void add(TCase *tests)
{
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, areas_lie_and_hold_what_a_plain_model_says);
    tcase_add_test(tests, an_area_is_the_same_in_every_set_of_tables_and_for_no_process);
    tcase_add_test(tests, high_frames_come_first_and_count_as_the_kernels);
    tcase_add_test(tests, an_area_is_not_executed_where_the_mode_can_say_so);
    tcase_add_test(tests, the_page_behind_an_area_is_refused_and_the_area_is_named);
    tcase_add_test(tests, wrong_frees_are_reported_and_change_nothing);
    tcase_add_test(tests, no_cpu_keeps_a_translation_of_a_freed_area);
    tcase_add_test(tests, a_request_that_cannot_be_met_leaves_nothing_behind);
    tcase_add_test(tests, every_frame_that_is_refused_is_survived);
    tcase_add_test(tests, garbage_is_collected_in_the_middle_but_not_the_tables_of_the_area_itself);
    tcase_add_test(tests, addresses_run_out_before_memory_does);
    tcase_add_test(tests, the_checker_finds_a_page_that_no_area_has);
}

Suite *test_vmalloc_suite(void);
Suite *test_vmalloc_suite(void)
{
    Suite *suite = suite_create("vmalloc");
    kit_add_modes(suite, add);
    return suite;
}
