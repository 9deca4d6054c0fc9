/*
 * test_table.c - tables of kernel memory, read back by column as scripts read Linux's.
 *
 * The readers here parse the printed text, as slabtop, free and the scripts of many people do, and
 * know nothing of how it was written; what they read is compared with what was done.
 */
#include <stdlib.h>

#include "caught.h"
#include "kit.h"

static struct caught caught;

static void print(struct mmsim_machine *machine, enum mmsim_table table,
                  enum mmsim_table_format format)
{
    struct mmsim_sink sink = caught_begin(&caught);
    mmsim_table_print(machine, table, format, &sink);
}

/* The line that begins with these words; the text that follows them. */
static const char *line_after(const char *words)
{
    const char *at = caught.text;
    while (strncmp(at, words, strlen(words)) != 0) {
        at = strchr(at, '\n');
        ck_assert_msg(at != NULL && at[1] != '\0', "no line '%s' in:\n%s", words, caught.text);
        at++;
    }
    return at + strlen(words);
}

/* ---- slabinfo ---- */

struct slab_row {
    char name[64];
    unsigned long active, objects, slabs_active, slabs;
    unsigned size, per_slab, pages;
};

/* As procps' slabtop reads a line of version 2.1. */
static bool read_slab_row(const char *line, struct slab_row *row)
{
    return sscanf(line, "%63s %lu %lu %u %u %u : tunables %*u %*u %*u : slabdata %lu %lu %*u",
                  row->name, &row->active, &row->objects, &row->size, &row->per_slab, &row->pages,
                  &row->slabs_active, &row->slabs) == 8;
}

static struct slab_row find_slab_row(const char *name)
{
    struct slab_row row;
    for (const char *at = strchr(caught.text, '#'); (at = strchr(at, '\n')) && *++at;)
        if (read_slab_row(at, &row) && strcmp(row.name, name) == 0)
            return row;
    ck_abort_msg("no cache %s in:\n%s", name, caught.text);
}

static struct mmsim_cache *create_cache(struct mmsim_machine *machine, const char *name,
                                        uint64_t n_bytes)
{
    struct mmsim_cache *cache = NULL;
    struct mmsim_error error = {0};
    struct mmsim_cache_setup setup = {.name = name, .object_bytes = n_bytes};
    ck_assert_msg(mmsim_cache_create(machine, &setup, &cache, &error) == MMSIM_OK, "%s",
                  error.text);
    return cache;
}

START_TEST(slabtop_reads_what_a_cache_holds)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_cache *cache = create_cache(machine, "inode", 208);
    mmsim_vaddr objects[3];
    for (size_t i = 0; i < 3; i++)
        objects[i] = mmsim_cache_alloc(cache, 0, "test");
    print(machine, MMSIM_TABLE_SLABINFO, MMSIM_TABLE_TEXT);
    ck_assert_int_eq(strncmp(caught.text,
                             "slabinfo - version: 2.1\n"
                             "# name            <active_objs> <num_objs> <objsize> <objperslab> "
                             "<pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : "
                             "slabdata <active_slabs> <num_slabs> <sharedavail>\n",
                             200),
                     0);
    struct slab_row row = find_slab_row("inode");
    ck_assert_uint_eq(row.active, 3);
    ck_assert_uint_ge(row.size, 208);
    ck_assert_uint_ge(row.pages * KIT_PAGE, row.size * row.per_slab);
    ck_assert_uint_eq(row.objects, row.slabs * row.per_slab);
    ck_assert_uint_eq(row.slabs_active, row.slabs);
    mmsim_cache_free(cache, objects[1], "test");
    print(machine, MMSIM_TABLE_SLABINFO, MMSIM_TABLE_TEXT);
    ck_assert_uint_eq(find_slab_row("inode").active, 2);
    kit_end(machine);
}
END_TEST

START_TEST(the_kernels_own_caches_stand_in_slabinfo)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    print(machine, MMSIM_TABLE_SLABINFO, MMSIM_TABLE_TEXT);
    unsigned long before = find_slab_row("vma").active;
    kit_map(p, 1);
    print(machine, MMSIM_TABLE_SLABINFO, MMSIM_TABLE_TEXT);
    ck_assert_uint_eq(find_slab_row("vma").active, before + 1);
    kit_end(machine);
}
END_TEST

START_TEST(columns_of_slabinfo_add_up_to_the_slab_line_of_meminfo_or_less)
{
    struct mmsim_machine *machine = kit_machine();
    kit_spawn(machine, "p");
    print(machine, MMSIM_TABLE_MEMINFO, MMSIM_TABLE_TEXT);
    unsigned long slab_kb = strtoul(line_after("Slab:"), NULL, 10), sum_kb = 0;
    print(machine, MMSIM_TABLE_SLABINFO, MMSIM_TABLE_TEXT);
    struct slab_row row;
    for (const char *at = strchr(caught.text, '#'); (at = strchr(at, '\n')) && *++at;)
        if (read_slab_row(at, &row))
            sum_kb += row.slabs * row.pages * 4;
    ck_assert_uint_gt(sum_kb, 0);
    ck_assert_uint_le(sum_kb, slab_kb);
    kit_end(machine);
}
END_TEST

/* ---- buddyinfo, pagetypeinfo ---- */

/* Frames in the free blocks that eleven columns count. */
static unsigned long sum_orders(const char *columns)
{
    unsigned long sum = 0;
    char *end = NULL;
    for (unsigned order = 0; order < 11; order++) {
        sum += strtoul(columns, &end, 10) << order;
        ck_assert_ptr_ne(end, columns);
        columns = end;
    }
    ck_assert_msg(strncmp(end, " \n", 2) == 0, "more than eleven columns:\n%s", caught.text);
    return sum;
}

START_TEST(buddyinfo_and_meminfo_agree_on_what_is_free)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    mmsim_vaddr at = kit_map(p, 5);
    for (unsigned i = 0; i < 5; i++)
        kit_write(p, at + i * KIT_PAGE, 1);
    struct mmsim_zone_info zone;
    ck_assert(mmsim_zone_info_at(machine, 0, &zone));
    print(machine, MMSIM_TABLE_BUDDYINFO, MMSIM_TABLE_TEXT);
    unsigned long blocks_kb = sum_orders(line_after("Node 0, zone   Normal ")) * 4;
    print(machine, MMSIM_TABLE_MEMINFO, MMSIM_TABLE_TEXT);
    unsigned long free_kb = strtoul(line_after("LowFree:"), NULL, 10);
    /* The low zone begins at 1 MiB, and all that lies below it is high memory's. */
    ck_assert_uint_eq(blocks_kb + zone.n_set_aside * 4, free_kb);
    ck_assert_uint_eq(strtoul(line_after("MemTotal:"), NULL, 10), 16 * 1024);
    ck_assert_uint_eq(strtoul(line_after("AnonPages:"), NULL, 10), 5 * 4);
    kit_end(machine);
}
END_TEST

START_TEST(pagetypeinfo_splits_what_buddyinfo_counts)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    kit_write(p, kit_map(p, 1), 1);
    static const char *const zones[] = {"Normal", "HighMem"};
    for (size_t i = 0; i < 2; i++) {
        char words[64];
        print(machine, MMSIM_TABLE_BUDDYINFO, MMSIM_TABLE_TEXT);
        snprintf(words, sizeof words, "Node 0, zone %8s ", zones[i]);
        unsigned long whole = sum_orders(line_after(words)), parts = 0;
        print(machine, MMSIM_TABLE_PAGETYPEINFO, MMSIM_TABLE_TEXT);
        static const char *const types[] = {"Unmovable", "Movable", "Reclaimable"};
        for (size_t k = 0; k < 3; k++) {
            snprintf(words, sizeof words, "Node    0, zone %8s, type %12s ", zones[i], types[k]);
            parts += sum_orders(line_after(words));
        }
        ck_assert_uint_eq(parts, whole);
    }
    caught_says(&caught, "Page block order: 10\nPages per block:  1024\n\nFree pages count per "
                         "migrate type at order       0      1      2      3");
    caught_says(&caught, "\n\nNumber of blocks type     Unmovable      Movable  Reclaimable \n");
    kit_end(machine);
}
END_TEST

START_TEST(meminfo_has_lines_in_the_order_of_linux)
{
    static const char *const names[] = {
        "MemTotal:",   "MemFree:",      "MemAvailable:", "Cached:",      "SwapCached:",
        "HighTotal:",  "HighFree:",     "LowTotal:",     "LowFree:",     "SwapTotal:",
        "SwapFree:",   "Dirty:",        "Writeback:",    "AnonPages:",   "Slab:",
        "PageTables:", "VmallocTotal:", "VmallocUsed:",  "DirectMap4k:", "DirectMap4M:"};
    struct mmsim_machine *machine = kit_machine();
    print(machine, MMSIM_TABLE_MEMINFO, MMSIM_TABLE_TEXT);
    const char *line = caught.text;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++, line += 28) {
        ck_assert_int_eq(strncmp(line, names[i], strlen(names[i])), 0);
        ck_assert_int_eq(strncmp(line + 24, " kB\n", 4), 0);
    }
    ck_assert_str_eq(line, "");
    unsigned long total = strtoul(line_after("MemTotal:"), NULL, 10);
    ck_assert_uint_eq(strtoul(line_after("HighTotal:"), NULL, 10) +
                          strtoul(line_after("LowTotal:"), NULL, 10),
                      total);
    ck_assert_uint_eq(strtoul(line_after("HighFree:"), NULL, 10) +
                          strtoul(line_after("LowFree:"), NULL, 10),
                      strtoul(line_after("MemFree:"), NULL, 10));
    ck_assert_uint_ge(strtoul(line_after("MemAvailable:"), NULL, 10),
                      strtoul(line_after("MemFree:"), NULL, 10));
    unsigned long vmalloc_kb = strtoul(line_after("VmallocTotal:"), NULL, 10);
    ck_assert(vmalloc_kb <= 512 * 1024 && vmalloc_kb > 511 * 1024);
    kit_end(machine);
}
END_TEST

START_TEST(a_pae_machine_maps_by_two_megabytes)
{
    struct mmsim_config config = kit_config();
    config.paging = MMSIM_PAGING_PAE;
    struct mmsim_machine *machine = kit_build(&config);
    print(machine, MMSIM_TABLE_MEMINFO, MMSIM_TABLE_TEXT);
    caught_lacks(&caught, "DirectMap4M");
    unsigned long small = strtoul(line_after("DirectMap4k:"), NULL, 10);
    unsigned long large = strtoul(line_after("DirectMap2M:"), NULL, 10);
    ck_assert_uint_eq(large % 2048, 0);
    ck_assert_uint_eq(small + large, 15 * 1024);
    kit_end(machine);
}
END_TEST

/* ---- allocinfo, vmallocinfo, kmemleak ---- */

static void track_all(struct mmsim_machine *machine)
{
    struct mmsim_error error = {0};
    ck_assert_msg(mmsim_heap_set_checks(machine, "kmalloc", MMSIM_HEAP_TRACK, &error) == MMSIM_OK,
                  "%s", error.text);
}

START_TEST(allocinfo_counts_live_bytes_by_site)
{
    struct mmsim_machine *machine = kit_machine();
    track_all(machine);
    mmsim_vaddr first = mmsim_kmalloc(machine, 100, 0, "open.c:12");
    mmsim_kmalloc(machine, 20, 0, "open.c:12");
    mmsim_kfree(machine, mmsim_kmalloc(machine, 50, 0, "read.c:3"), "read.c:9");
    print(machine, MMSIM_TABLE_ALLOCINFO, MMSIM_TABLE_TEXT);
    caught_says(&caught, "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n");
    caught_says(&caught, "\n         120        2 open.c:12\n");
    caught_says(&caught, "\n           0        0 read.c:3\n");
    mmsim_kfree(machine, first, "close.c:1");
    print(machine, MMSIM_TABLE_ALLOCINFO, MMSIM_TABLE_TEXT);
    caught_says(&caught, "\n          20        1 open.c:12\n");
    print(machine, MMSIM_TABLE_ALLOCINFO, MMSIM_TABLE_JSON);
    caught_says(&caught, "{\"site\":\"open.c:12\",\"size\":20,\"calls\":1,\"allocated\":2,"
                         "\"peak_bytes\":120,");
    kit_end(machine);
}
END_TEST

START_TEST(vmallocinfo_shows_areas_with_their_guard_pages)
{
    struct mmsim_machine *machine = kit_machine();
    print(machine, MMSIM_TABLE_VMALLOCINFO, MMSIM_TABLE_TEXT);
    ck_assert_str_eq(caught.text, "");
    mmsim_vaddr area = mmsim_vmalloc(machine, 5000, "video.c:7");
    ck_assert_uint_ne(area, 0);
    print(machine, MMSIM_TABLE_VMALLOCINFO, MMSIM_TABLE_TEXT);
    char line[96];
    snprintf(line, sizeof line, "0x%08llx-0x%08llx   12288 video.c:7 pages=2 vmalloc\n",
             (unsigned long long)area, (unsigned long long)area + 12288);
    ck_assert_str_eq(caught.text, line);
    ck_assert_int_eq(mmsim_vfree(machine, area, "video.c:8"), MMSIM_SUCCESS);
    kit_end(machine);
}
END_TEST

START_TEST(kmemleak_shows_the_root_of_what_was_lost)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_leak_result result;
    struct mmsim_error error = {0};
    track_all(machine);
    mmsim_step_begin(machine);
    mmsim_step_begin(machine);
    mmsim_vaddr root = mmsim_kmalloc(machine, 40, MMSIM_ALLOC_ZERO, "open.c:12");
    mmsim_vaddr child = mmsim_kmalloc(machine, 24, MMSIM_ALLOC_ZERO, "open.c:13");
    uint32_t *words = mmsim_kernel_bytes(machine, root, 40);
    words[0] = (uint32_t)child;
    memcpy(words + 4, "Hello", 5);
    mmsim_step_begin(machine);
    print(machine, MMSIM_TABLE_KMEMLEAK, MMSIM_TABLE_TEXT);
    ck_assert_str_eq(caught.text, ""); /* nobody has searched yet */
    ck_assert_int_eq(mmsim_leak_scan(machine, MMSIM_LEAK_CONSERVATIVE, &result, &error), MMSIM_OK);
    ck_assert_uint_eq(result.n_leaked, 2);
    print(machine, MMSIM_TABLE_KMEMLEAK, MMSIM_TABLE_TEXT);
    char wanted[800];
    snprintf(wanted, sizeof wanted,
             "unreferenced object 0x%08llx (size 40):\n"
             "  comm \"kernel\", pid 0, jiffies 1 (age 1 steps)\n"
             "  hex dump (first 32 bytes):\n"
             "    %02x %02x %02x %02x 00 00 00 00 00 00 00 00 00 00 00 00  ",
             (unsigned long long)root, words[0] & 255, words[0] >> 8 & 255, words[0] >> 16 & 255,
             words[0] >> 24);
    caught_says(&caught, wanted);
    caught_says(&caught, "\n    48 65 6c 6c 6f 00 00 00 00 00 00 00 00 00 00 00  Hello...........\n"
                         "  backtrace:\n"
                         "    open.c:12\n"
                         "  leaked here: 1 root (40 bytes) of kmalloc-");
    caught_says(&caught, "\n  lost with them: 2 objects (64 bytes), the roots included\n");
    caught_lacks(&caught, "open.c:13");
    print(machine, MMSIM_TABLE_KMEMLEAK, MMSIM_TABLE_JSON);
    caught_says(&caught, "{\"table\":\"kmemleak\",\"leaks\":[{\"site\":\"open.c:12\",\"cache\":");
    caught_says(&caught, "\"roots\":1,\"bytes\":40,\"retained_objects\":2,\"retained_bytes\":64,");
    kit_end(machine);
}
END_TEST

/* ---- all ---- */

START_TEST(every_table_is_one_line_of_json)
{
    struct mmsim_machine *machine = kit_machine();
    for (int i = 0; i < MMSIM_N_TABLES; i++) {
        char words[64];
        print(machine, (enum mmsim_table)i, MMSIM_TABLE_JSON);
        snprintf(words, sizeof words, "{\"table\":\"%s\",\"",
                 mmsim_table_name((enum mmsim_table)i));
        ck_assert_int_eq(strncmp(caught.text, words, strlen(words)), 0);
        ck_assert_ptr_eq(strchr(caught.text, '\n'), caught.text + caught.n_bytes - 1);
        ck_assert_int_eq(caught.text[caught.n_bytes - 2], '}');
    }
    kit_end(machine);
}
END_TEST

START_TEST(a_table_that_there_is_not_prints_nothing)
{
    struct mmsim_machine *machine = kit_machine();
    print(machine, MMSIM_N_TABLES, MMSIM_TABLE_TEXT);
    ck_assert_str_eq(caught.text, "");
    print(machine, (enum mmsim_table)99, MMSIM_TABLE_JSON);
    ck_assert_str_eq(caught.text, "");
    ck_assert_ptr_null(mmsim_table_nothing(machine, (enum mmsim_table)99));
    ck_assert_ptr_null(mmsim_table_nothing(machine, MMSIM_TABLE_SLABINFO));
    ck_assert_str_eq(mmsim_table_nothing(machine, MMSIM_TABLE_KMEMLEAK),
                     "no search has found a leak");
    mmsim_machine_destroy(machine);
}
END_TEST

START_TEST(printing_changes_nothing)
{
    struct mmsim_machine *machine = kit_machine();
    struct mmsim_process *p = kit_spawn(machine, "p");
    kit_write(p, kit_map(p, 1), 1);
    struct mmsim_stats before = kit_stats(machine);
    static struct caught first;
    for (int i = 0; i < MMSIM_N_TABLES; i++) {
        print(machine, (enum mmsim_table)i, MMSIM_TABLE_TEXT);
        first = caught;
        print(machine, (enum mmsim_table)i, MMSIM_TABLE_TEXT);
        ck_assert_str_eq(first.text, caught.text);
    }
    struct mmsim_stats after = kit_stats(machine);
    ck_assert_mem_eq(&before, &after, sizeof before);
    kit_end(machine);
}
END_TEST

START_TEST(a_failure_on_purpose_stands_in_its_table)
{
    struct mmsim_machine *machine = kit_machine();
    print(machine, MMSIM_TABLE_FAILURE, MMSIM_TABLE_TEXT);
    ck_assert_str_eq(caught.text, "");
    print(machine, MMSIM_TABLE_FAILURE, MMSIM_TABLE_JSON);
    ck_assert_str_eq(caught.text, "{\"table\":\"failure\",\"failure\":null}\n");
    mmsim_fail_set(machine, MMSIM_FAIL_FRAMES, &(struct mmsim_fail){.nth = 1});
    ck_assert_uint_eq(mmsim_kmalloc(machine, 5 * KIT_PAGE, 0, "big.c:1"), 0);
    print(machine, MMSIM_TABLE_FAILURE, MMSIM_TABLE_TEXT);
    caught_says(&caught, "page allocation failure: order:");
    caught_says(&caught, "\nWhy: it was made to fail\n");
    kit_end(machine);
}
END_TEST

START_TEST(a_request_beyond_memory_is_explained)
{
    struct mmsim_machine *machine = kit_machine();
    ck_assert_uint_eq(mmsim_kmalloc(machine, 15 * MMSIM_MIB, 0, "big.c:1"), 0);
    print(machine, MMSIM_TABLE_FAILURE, MMSIM_TABLE_TEXT);
    caught_says(&caught, "frames:3840, use:heap, site:big.c:1\n");
    caught_says(&caught, "\nWhy: 3840 frames were asked for and ");
    kit_end(machine);
}
END_TEST

/* Fills low memory with runs of two pages, then frees every other one. */
static void checker_memory(struct mmsim_machine *machine)
{
    static mmsim_vaddr runs[4096];
    unsigned n = 0, n_freed = 0;
    while ((runs[n] = mmsim_kmalloc(machine, 2 * KIT_PAGE, 0, "fill.c:1")) != 0)
        n++;
    for (unsigned i = 0; i < n; i++) {
        bool odd = runs[i] / (2 * KIT_PAGE) % 2 == 1;
        if (odd)
            ck_assert_int_eq(mmsim_kfree(machine, runs[i], "fill.c:2"), MMSIM_SUCCESS);
        n_freed += odd;
    }
    ck_assert_uint_gt(n_freed, 900);
}

START_TEST(fragmented_memory_is_explained_by_its_blocks)
{
    struct mmsim_machine *machine = kit_machine();
    checker_memory(machine);
    ck_assert_uint_eq(mmsim_kmalloc(machine, 16 * KIT_PAGE, 0, "big.c:1"), 0);
    print(machine, MMSIM_TABLE_FAILURE, MMSIM_TABLE_TEXT);
    caught_says(&caught, "page allocation failure: order:4, frames:16, use:");
    unsigned long n_free, largest, n_pinned, n_places;
    const char *why = line_after("Why: ");
    ck_assert_msg(
        sscanf(why, "%lu frames are free, but the largest block has %lu", &n_free, &largest) == 2,
        "%s", caught.text);
    ck_assert_uint_gt(n_free, 1800);
    ck_assert_uint_eq(largest, 2);
    ck_assert_msg(sscanf(line_after("Compaction: "), "%lu of %lu places", &n_pinned, &n_places) ==
                      2,
                  "%s", caught.text);
    ck_assert_uint_eq(n_pinned, n_places);
    /* What the row of blocks adds up to is what it says, and what is free but for lists of CPUs. */
    unsigned long sum_kb = 0, n, size_kb, set_aside_kb, said_kb;
    char letters[8];
    for (const char *at = strchr(line_after("Normal:"), ' '); *at == ' ';
         at = strpbrk(at + 1, " \n")) {
        if (sscanf(at, " %lu*%lukB", &n, &size_kb) == 2)
            sum_kb += n * size_kb;
        else if (sscanf(at, " = %lukB", &said_kb) == 1)
            break;
        else
            ck_assert_int_eq(sscanf(at, " (%7[UME])", letters), 1);
    }
    ck_assert_uint_eq(sum_kb, said_kb);
    const char *aside = strstr(line_after("Normal "), "set_aside:");
    ck_assert_int_eq(sscanf(aside, "set_aside:%lukB", &set_aside_kb), 1);
    ck_assert_uint_eq(sum_kb + set_aside_kb, n_free * 4);
    kit_end(machine);
}
END_TEST

Suite *test_table_suite(void);
Suite *test_table_suite(void)
{
    TCase *tests;
    Suite *suite = kit_suite("table", &tests);
    tcase_add_test(tests, slabtop_reads_what_a_cache_holds);
    tcase_add_test(tests, the_kernels_own_caches_stand_in_slabinfo);
    tcase_add_test(tests, columns_of_slabinfo_add_up_to_the_slab_line_of_meminfo_or_less);
    tcase_add_test(tests, buddyinfo_and_meminfo_agree_on_what_is_free);
    tcase_add_test(tests, pagetypeinfo_splits_what_buddyinfo_counts);
    tcase_add_test(tests, meminfo_has_lines_in_the_order_of_linux);
    tcase_add_test(tests, a_pae_machine_maps_by_two_megabytes);
    tcase_add_test(tests, allocinfo_counts_live_bytes_by_site);
    tcase_add_test(tests, vmallocinfo_shows_areas_with_their_guard_pages);
    tcase_add_test(tests, kmemleak_shows_the_root_of_what_was_lost);
    tcase_add_test(tests, every_table_is_one_line_of_json);
    tcase_add_test(tests, a_table_that_there_is_not_prints_nothing);
    tcase_add_test(tests, printing_changes_nothing);
    tcase_add_test(tests, a_failure_on_purpose_stands_in_its_table);
    tcase_add_test(tests, a_request_beyond_memory_is_explained);
    tcase_add_test(tests, fragmented_memory_is_explained_by_its_blocks);
    return suite;
}
