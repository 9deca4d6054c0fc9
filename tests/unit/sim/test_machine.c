/* test_machine.c - building machines, refusing bad ones, running out of everything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit.h"
#include "sim/machine.h"

static void set_rights(struct mm_pgtable *tables, mmsim_vaddr page, unsigned flags)
{
    struct mmsim_entry rights = {.state = MMSIM_ENTRY_PRESENT, .flags = (uint8_t)flags};
    mm_pgtable_protect(tables, page, &rights);
}

START_TEST(defaults_are_those_of_the_documentation)
{
    struct mmsim_config config;
    mmsim_config_init(&config);
    ck_assert_str_eq(config.model, "x86_32");
    ck_assert_str_eq(config.cpu, "pentium-3");
    ck_assert_uint_eq(config.n_cpus, 1);
    ck_assert_uint_eq(config.ram_bytes, 64 * MMSIM_MIB);
    ck_assert_uint_eq(config.seed, 1);
}
END_TEST

static void assert_refused(const struct mmsim_config *config, const char *where)
{
    struct mmsim_error error = {0};
    struct mmsim_machine *machine = NULL;
    ck_assert_int_eq(mmsim_machine_create(config, &machine, &error), MMSIM_BAD_CONFIG);
    ck_assert_str_eq(error.where, where);
    ck_assert_ptr_null(machine);
    ck_assert_uint_gt(strlen(error.text), 0);
}

START_TEST(bad_configurations_are_refused_with_the_field)
{
    struct mmsim_config config = kit_config();
    config.ram_bytes = 0;
    assert_refused(&config, "ram_bytes");
    config.ram_bytes = 3 * MMSIM_GIB + 4096;
    assert_refused(&config, "ram_bytes");
    config.ram_bytes = 2 * MMSIM_MIB + 1;
    assert_refused(&config, "ram_bytes");
    config = kit_config();
    config.cpu = "pentium-33";
    assert_refused(&config, "cpu");
    config = kit_config();
    config.model = NULL;
    assert_refused(&config, "model");
    config = kit_config();
    config.n_cpus = 65;
    assert_refused(&config, "n_cpus");
    config = (struct mmsim_config){0};
    assert_refused(&config, "struct_bytes");
}
END_TEST

/* By name, so that a preset that loses its PAE is noticed. */
static bool is_older_than_pae(const char *cpu)
{
    return strcmp(cpu, "i386") == 0 || strcmp(cpu, "i486") == 0 || strcmp(cpu, "pentium") == 0;
}

START_TEST(pae_needs_a_cpu_that_has_it)
{
    for (size_t cpu = 0; mmsim_cpu_name("x86_32", cpu); cpu++) {
        struct mmsim_config config = kit_config();
        config.cpu = mmsim_cpu_name("x86_32", cpu);
        config.paging = MMSIM_PAGING_PAE;
        if (is_older_than_pae(config.cpu))
            assert_refused(&config, "paging");
        else
            kit_end(kit_build(&config));
    }
    struct mmsim_config config = kit_config();
    config.paging = (enum mmsim_paging)7;
    assert_refused(&config, "paging");
}
END_TEST

START_TEST(pae_raises_the_limit_of_ram)
{
    struct mmsim_config config = kit_config();
    config.check = MMSIM_CHECK_END;
    config.ram_bytes = 5 * MMSIM_GIB;
    assert_refused(&config, "ram_bytes");
    config.paging = MMSIM_PAGING_PAE;
    kit_end(kit_build(&config));
    config.ram_bytes = 63 * MMSIM_GIB + KIT_PAGE;
    assert_refused(&config, "ram_bytes");
}
END_TEST

/* Takes away frames in blocks of 4 MiB until the next page of a process must lie above 4 GiB. */
static unsigned take_what_is_below_4_gib(struct mm_zones *zones, struct mm_frame **blocks,
                                         unsigned limit)
{
    unsigned n = 0;
    while (n < limit) {
        struct mm_frame *block = mm_zone_alloc(zones, MM_FRAME_ANON, MM_BUDDY_MAX_ORDER);
        ck_assert_ptr_nonnull(block);
        if ((uint64_t)mm_frame_pfn(zones, block) << MMSIM_PAGE_SHIFT >= 4 * MMSIM_GIB) {
            mm_zone_free(zones, block, MM_BUDDY_MAX_ORDER);
            break;
        }
        blocks[n++] = block;
    }
    ck_assert_uint_lt(n, limit);
    return n;
}

static void fill_and_read_back(struct mmsim_process *process, unsigned n_pages)
{
    mmsim_vaddr at = kit_map(process, n_pages);
    unsigned n_high = 0;
    for (unsigned i = 0; i < n_pages; i++)
        ck_assert_int_eq(kit_write(process, at + i * KIT_PAGE + 8, ~i).outcome, MMSIM_DONE);
    for (unsigned i = 0; i < n_pages; i++) {
        struct mmsim_walk walk;
        mmsim_explain(process, at + i * KIT_PAGE, MMSIM_ACCESS_READ, &walk);
        n_high += walk.physical >= 4 * MMSIM_GIB;
        ck_assert(walk.physical < 3 * MMSIM_GIB || walk.physical >= 4 * MMSIM_GIB);
        ck_assert_uint_eq(kit_read(process, at + i * KIT_PAGE + 8), ~i);
    }
    ck_assert_uint_gt(n_high, 0);
}

START_TEST(ram_above_4_gib_is_used_and_reads_back)
{
    static struct mm_frame *blocks[2000];
    struct mmsim_config config = kit_config();
    config.check = MMSIM_CHECK_END;
    config.paging = MMSIM_PAGING_PAE;
    config.ram_bytes = 5 * MMSIM_GIB;
    struct mmsim_machine *machine = kit_build(&config);
    ck_assert_uint_eq(kit_stats(machine).memory.frames, 5 * MMSIM_GIB / KIT_PAGE);
    unsigned n = take_what_is_below_4_gib(&machine->zones, blocks, 2000);
    struct mmsim_process *p = kit_spawn(machine, "p");
    fill_and_read_back(p, 1000);
    struct mmsim_process *child = kit_fork(p, "child");
    fill_and_read_back(child, 100);
    for (unsigned i = 0; i < n; i++)
        mm_zone_free(&machine->zones, blocks[i], MM_BUDDY_MAX_ORDER);
    kit_end(machine);
}
END_TEST

START_TEST(every_size_of_ram_and_every_cpu_boots)
{
    static const uint64_t sizes[] = {2 * MMSIM_MIB, 2 * MMSIM_MIB + 4096, 4 * MMSIM_MIB,
                                     7 * MMSIM_MIB, 300 * MMSIM_MIB,      3 * MMSIM_GIB};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t cpu = 0; mmsim_cpu_name("x86_32", cpu); cpu++) {
            struct mmsim_config config = kit_config();
            config.ram_bytes = sizes[i];
            config.cpu = mmsim_cpu_name("x86_32", cpu);
            config.check = MMSIM_CHECK_END;
            config.paging = (enum mmsim_paging)_i;
            if (config.paging == MMSIM_PAGING_PAE && is_older_than_pae(config.cpu))
                continue;
            struct mmsim_machine *machine = kit_build(&config);
            struct mmsim_stats stats = kit_stats(machine);
            ck_assert_uint_eq(stats.memory.frames, sizes[i] / KIT_PAGE);
            ck_assert_uint_eq(stats.memory.frames, stats.memory.free + stats.memory.user +
                                                       stats.memory.page_tables +
                                                       stats.memory.kernel);
            struct mmsim_process *p = kit_spawn(machine, "p");
            mmsim_vaddr at = kit_map(p, 1);
            kit_write(p, at, 42);
            ck_assert_uint_eq(kit_read(p, at), 42);
            kit_end(machine);
        }
    }
}
END_TEST

START_TEST(small_pages_can_map_the_kernel_too)
{
    struct mmsim_config config = kit_config();
    config.large_pages = false;
    config.paging = (enum mmsim_paging)_i;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_walk walk;
    mmsim_explain(mmsim_kernel(machine), 0x00800000, MMSIM_ACCESS_WRITE, &walk);
    ck_assert_uint_eq(walk.page_shift, 12);
    ck_assert_uint_eq(walk.physical, 0x00800000);
    kit_end(machine);
}
END_TEST

START_TEST(names_of_processes_are_checked)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_error error;
    struct mmsim_process *p;
    static const char *const bad[] = {"", "1a", "a b", "kernel", "p\xc3\xa4"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(mmsim_spawn(machine, bad[i], &p, &error), MMSIM_BAD_ARGUMENT);
    kit_spawn(machine, "a");
    ck_assert_int_eq(mmsim_spawn(machine, "a", &p, &error), MMSIM_BAD_ARGUMENT);
    ck_assert_int_eq(mmsim_fork(mmsim_process_find(machine, "a"), "a", &p), MMSIM_EINVAL);
    kit_end(machine);
}
END_TEST

/* Spawns until memory ends, and exits everybody; returns the frames that are free then, after
 * garbage collection. */
static uint64_t fill_and_empty(struct mmsim_machine *machine, char prefix)
{
    enum mmsim_status status = MMSIM_OK;
    unsigned n = 0;
    for (; status == MMSIM_OK && n < 10000; n++) {
        struct mmsim_process *p;
        char name[16];
        snprintf(name, sizeof name, "%c%u", prefix, n);
        status = mmsim_spawn(machine, name, &p, NULL);
    }
    ck_assert_int_eq(status, MMSIM_GUEST_MEMORY);
    ck_assert_uint_gt(n, 100);
    kit_check(machine);
    for (size_t i = 0; mmsim_process_at(machine, i); i++)
        mmsim_exit(mmsim_process_at(machine, i), 0);
    struct mmsim_gc_result garbage;
    mmsim_gc(machine, &garbage);
    ck_assert_uint_eq(garbage.n_orphans, 0);
    return kit_stats(machine).memory.free;
}

/* What stays after the first time are magazines: they are made once. */
START_TEST(memory_filled_with_processes_ends_in_an_error_and_comes_back)
{
    struct mmsim_config config = kit_config();
    config.ram_bytes = 2 * MMSIM_MIB;
    config.check = MMSIM_CHECK_END;
    struct mmsim_machine *machine = kit_build(&config);
    uint64_t at_first = kit_stats(machine).memory.free;
    uint64_t free_frames = fill_and_empty(machine, 'a');
    ck_assert_uint_ge(free_frames + 4, at_first);
    ck_assert_uint_eq(fill_and_empty(machine, 'b'), free_frames);
    kit_end(machine);
}
END_TEST

START_TEST(a_fork_without_memory_changes_nothing)
{
    struct mmsim_config config = kit_config();
    config.ram_bytes = 2 * MMSIM_MIB;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_vaddr at;
    ck_assert_int_eq(kit_try_map(p, 0, 1600 * MMSIM_MIB, KIT_RW, 0, &at), 0);
    for (unsigned i = 0; i < 140; i++) /* a page table each: as many again do not fit */
        kit_write(p, at + i * 4 * MMSIM_MIB, i);
    struct mmsim_stats before = kit_stats(machine);
    struct mmsim_process *child;
    ck_assert_int_eq(mmsim_fork(p, "child", &child), MMSIM_ENOMEM);
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_uint_eq(before.memory.free, after.memory.free);
    ck_assert_uint_eq(before.heap.objects, after.heap.objects);
    for (unsigned i = 0; i < 140; i++)
        ck_assert_int_eq(kit_write(p, at + i * 4 * MMSIM_MIB, i).fault, MMSIM_FAULT_NONE);
    kit_end(machine);
}
END_TEST

/* ---- the checker finds what is broken ---- */

static struct mmsim_machine *broken_machine(mmsim_vaddr *at)
{
    struct mmsim_config config = kit_config();
    config.check = MMSIM_CHECK_END;
    struct mmsim_machine *machine = kit_build(&config);
    struct mmsim_process *p = kit_spawn(machine, "p");
    *at = kit_map(p, 4);
    kit_write(p, *at, 1);
    kit_check(machine);
    return machine;
}

static void assert_broken(struct mmsim_machine *machine, const char *word)
{
    struct mmsim_error error = {0};
    ck_assert_int_eq(mmsim_machine_check(machine, &error), MMSIM_INVARIANT);
    ck_assert_msg(strstr(error.text, word), "'%s' does not name '%s'", error.text, word);
}

static struct mm_frame *frame_of(struct mmsim_machine *machine, mmsim_vaddr at)
{
    struct mmsim_walk walk;
    mmsim_explain(mmsim_process_at(machine, 0), at, MMSIM_ACCESS_READ, &walk);
    return mm_zone_frame(&machine->zones, walk.physical);
}

START_TEST(the_checker_finds_a_wrong_frame_count)
{
    mmsim_vaddr at;
    struct mmsim_machine *machine = broken_machine(&at);
    frame_of(machine, at)->count++;
    assert_broken(machine, "shared");
    struct mmsim_process *child;
    frame_of(machine, at)->count--;
    ck_assert_int_eq(mmsim_fork(mmsim_process_at(machine, 0), "child", &child), 0);
    frame_of(machine, at)->count++;
    assert_broken(machine, "count");
    frame_of(machine, at)->count--;
    kit_end(machine);
}
END_TEST

START_TEST(the_checker_finds_a_stale_tlb)
{
    mmsim_vaddr at;
    struct mmsim_machine *machine = broken_machine(&at);
    struct mm_pgtable *tables = mmsim_process_at(machine, 0)->live->aspace->tables;
    set_rights(tables, at, MMSIM_ENTRY_USER);
    assert_broken(machine, "TLB");
    mm_flush_page(tables, at);
    kit_end(machine);
}
END_TEST

START_TEST(the_checker_finds_a_page_without_a_mapping)
{
    mmsim_vaddr at;
    struct mmsim_machine *machine = broken_machine(&at);
    struct mm_aspace *aspace = mmsim_process_at(machine, 0)->live->aspace;
    struct mm_vma *vma = mm_vma_at(&aspace->vmas, at);
    mm_vma_resize(&aspace->vmas, vma, at + KIT_PAGE, vma->end);
    assert_broken(machine, "nothing is mapped");
    mm_vma_resize(&aspace->vmas, vma, at, vma->end);
    kit_end(machine);
}
END_TEST

START_TEST(the_checker_finds_a_dirty_zero_page)
{
    mmsim_vaddr at;
    struct mmsim_machine *machine = broken_machine(&at);
    uint8_t *zeros = mm_frame_bytes(&machine->zones, machine->vm.zero_frame);
    zeros[17] = 1;
    assert_broken(machine, "zero page");
    zeros[17] = 0;
    kit_end(machine);
}
END_TEST

START_TEST(the_checker_finds_a_wrong_resident_count)
{
    mmsim_vaddr at;
    struct mmsim_machine *machine = broken_machine(&at);
    mmsim_process_at(machine, 0)->live->aspace->rss++;
    assert_broken(machine, "resident");
    mmsim_process_at(machine, 0)->live->aspace->rss--;
    kit_end(machine);
}
END_TEST

START_TEST(the_checker_finds_a_lost_vma)
{
    mmsim_vaddr at;
    struct mmsim_machine *machine = broken_machine(&at);
    void *lost = mm_cache_zalloc(&machine->vm.vmas);
    assert_broken(machine, "lost");
    mm_cache_free(&machine->vm.vmas, lost);
    kit_end(machine);
}
END_TEST

START_TEST(registers_and_physical_memory_can_be_looked_at)
{
    mmsim_vaddr at;
    struct mmsim_machine *machine = broken_machine(&at);
    uint64_t value;
    ck_assert_uint_eq(mmsim_machine_n_cpus(machine), 1);
    ck_assert(mmsim_register_get(machine, 0, "cr3", &value));
    struct mmsim_walk walk;
    mmsim_explain(mmsim_process_at(machine, 0), at, MMSIM_ACCESS_READ, &walk);
    ck_assert_uint_eq(walk.root, value);
    ck_assert(!mmsim_register_get(machine, 1, "cr3", &value));
    ck_assert(!mmsim_register_get(machine, 0, "rax", &value));
    uint32_t word = 0;
    mmsim_physical_read(machine, walk.physical, &word, sizeof word);
    ck_assert_uint_eq(word, 1);
    word = 77;
    mmsim_physical_write(machine, walk.physical, &word, sizeof word);
    ck_assert_uint_eq(kit_read(mmsim_process_at(machine, 0), at), 77);
    mmsim_physical_read(machine, 0xfff00000, &word, sizeof word);
    ck_assert_uint_eq(word, UINT32_MAX);
    kit_end(machine);
}
END_TEST

/* ---- host memory ---- */

struct failing {
    unsigned n_left; /* allocations that still succeed */
    long n_blocks;
};

static void *resize(void *user, void *block, size_t old_bytes, size_t new_bytes)
{
    struct failing *failing = user;
    (void)old_bytes;
    if (new_bytes == 0) {
        free(block);
        failing->n_blocks--;
        return NULL;
    }
    if (failing->n_left == 0)
        return NULL;
    failing->n_left--;
    failing->n_blocks += block == NULL;
    return realloc(block, new_bytes);
}

static enum mmsim_status build_and_use(struct failing *failing)
{
    struct mmsim_allocator allocator = {resize, failing};
    struct mmsim_config config = kit_config();
    config.allocator = &allocator;
    config.n_cpus = 2;
    struct mmsim_machine *machine;
    struct mmsim_process *p, *child = NULL;
    struct mmsim_error error;
    enum mmsim_status status = mmsim_machine_create(&config, &machine, &error);
    if (status)
        return status;
    status = mmsim_spawn(machine, "p", &p, &error);
    if (status == MMSIM_OK) {
        kit_write(p, kit_map(p, 1), 1);
        status = mmsim_fork(p, "child", &child) ? MMSIM_HOST_MEMORY : MMSIM_OK;
    }
    kit_check(machine);
    mmsim_machine_destroy(machine);
    return status;
}

START_TEST(each_failing_host_allocation_is_survived_without_a_leak)
{
    unsigned n = 0;
    for (enum mmsim_status status = MMSIM_HOST_MEMORY; status != MMSIM_OK; n++) {
        struct failing failing = {.n_left = n};
        status = build_and_use(&failing);
        ck_assert_int_eq(failing.n_blocks, 0);
        ck_assert(status == MMSIM_OK || status == MMSIM_HOST_MEMORY);
        ck_assert_uint_lt(n, 1000);
    }
    ck_assert_uint_gt(n, 5);
}
END_TEST

START_TEST(steps_are_counted_and_stamp_events)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_error error;
    ck_assert_uint_eq(mmsim_step_begin(machine), 0);
    ck_assert_int_eq(mmsim_step_end(machine, &error), MMSIM_OK);
    ck_assert_uint_eq(mmsim_step_begin(machine), 1);
    ck_assert_uint_eq(kit_stats(machine).steps, 2);
    kit_end(machine);
}
END_TEST

Suite *test_machine_suite(void);
Suite *test_machine_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("machine", &tests);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, defaults_are_those_of_the_documentation);
    tcase_add_test(tests, bad_configurations_are_refused_with_the_field);
    tcase_add_test(tests, pae_needs_a_cpu_that_has_it);
    tcase_add_test(tests, pae_raises_the_limit_of_ram);
    tcase_add_test(tests, ram_above_4_gib_is_used_and_reads_back);
    tcase_add_loop_test(tests, every_size_of_ram_and_every_cpu_boots, 0, 2);
    tcase_add_loop_test(tests, small_pages_can_map_the_kernel_too, 0, 2);
    tcase_add_test(tests, names_of_processes_are_checked);
    tcase_add_test(tests, memory_filled_with_processes_ends_in_an_error_and_comes_back);
    tcase_add_test(tests, a_fork_without_memory_changes_nothing);
    tcase_add_test(tests, the_checker_finds_a_wrong_frame_count);
    tcase_add_test(tests, the_checker_finds_a_stale_tlb);
    tcase_add_test(tests, the_checker_finds_a_page_without_a_mapping);
    tcase_add_test(tests, the_checker_finds_a_dirty_zero_page);
    tcase_add_test(tests, the_checker_finds_a_wrong_resident_count);
    tcase_add_test(tests, the_checker_finds_a_lost_vma);
    tcase_add_test(tests, registers_and_physical_memory_can_be_looked_at);
    tcase_add_test(tests, each_failing_host_allocation_is_survived_without_a_leak);
    tcase_add_test(tests, steps_are_counted_and_stamp_events);
    return suite;
}
