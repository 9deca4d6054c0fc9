/*
 * table_frames.c - buddyinfo, pagetypeinfo and meminfo: physical memory by order, type, purpose.
 *
 * Formats as in Linux (mm/vmstat.c, fs/proc/meminfo.c), blanks at the ends of lines included.
 * meminfo has the lines that mean something here, in Linux's order.
 */
#include <stdio.h>

#include "report/table.h"

static const char *const mobility_names[MMSIM_N_MOBILITIES] = {
    [MMSIM_UNMOVABLE] = "Unmovable",
    [MMSIM_MOVABLE] = "Movable",
    [MMSIM_RECLAIMABLE] = "Reclaimable",
};

/* The zone at *index or after it that has memory. */
static bool next_zone(const struct mmsim_machine *machine, size_t *index,
                      struct mmsim_zone_info *info)
{
    while (mmsim_zone_info_at(machine, (*index)++, info))
        if (info->n_frames > 0)
            return true;
    return false;
}

/* Free blocks of an order, of whatever type. */
static uint64_t count_blocks(const struct mmsim_zone_info *zone, unsigned order)
{
    uint64_t n = 0;
    for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++)
        n += zone->n_blocks[type][order];
    return n;
}

/* ---- buddyinfo ---- */

void mm_table_buddyinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_zone_info zone;
    for (size_t i = 0; next_zone(machine, &i, &zone);) {
        mm_sink_printf(sink, "Node 0, zone %8s ", zone.name);
        for (unsigned order = 0; order < MMSIM_N_ORDERS; order++)
            mm_sink_printf(sink, "%6llu ", mm_table_wide(count_blocks(&zone, order)));
        mm_sink_puts(sink, "\n");
    }
}

void mm_table_buddyinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_zone_info zone;
    const char *separator = "";
    mm_sink_puts(sink, "\"zones\":[");
    for (size_t i = 0; next_zone(machine, &i, &zone); separator = ",") {
        mm_sink_printf(sink, "%s{\"node\":0,\"zone\":\"%s\",\"free\":[", separator, zone.name);
        for (unsigned order = 0; order < MMSIM_N_ORDERS; order++)
            mm_sink_printf(sink, "%s%llu", order > 0 ? "," : "",
                           mm_table_wide(count_blocks(&zone, order)));
        mm_sink_printf(sink,
                       "],\"frames\":%llu,\"free_frames\":%llu,\"set_aside\":%llu,\"min\":%llu,"
                       "\"low\":%llu,\"high\":%llu}",
                       mm_table_wide(zone.n_frames), mm_table_wide(zone.n_free),
                       mm_table_wide(zone.n_set_aside), mm_table_wide(zone.min),
                       mm_table_wide(zone.low), mm_table_wide(zone.high));
    }
    mm_sink_puts(sink, "]");
}

/* ---- pagetypeinfo ---- */

static void print_free_by_type(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_zone_info zone;
    mm_sink_printf(sink, "%-43s ", "Free pages count per migrate type at order");
    for (unsigned order = 0; order < MMSIM_N_ORDERS; order++)
        mm_sink_printf(sink, "%6u ", order);
    mm_sink_puts(sink, "\n");
    for (size_t i = 0; next_zone(machine, &i, &zone);) {
        for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++) {
            mm_sink_printf(sink, "Node %4u, zone %8s, type %12s ", 0u, zone.name,
                           mobility_names[type]);
            for (unsigned order = 0; order < MMSIM_N_ORDERS; order++)
                mm_sink_printf(sink, "%6llu ", mm_table_wide(zone.n_blocks[type][order]));
            mm_sink_puts(sink, "\n");
        }
    }
}

static void print_pageblocks(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_zone_info zone;
    mm_sink_printf(sink, "\n%-23s", "Number of blocks type ");
    for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++)
        mm_sink_printf(sink, "%12s ", mobility_names[type]);
    mm_sink_puts(sink, "\n");
    for (size_t i = 0; next_zone(machine, &i, &zone);) {
        mm_sink_printf(sink, "Node 0, zone %8s ", zone.name);
        for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++)
            mm_sink_printf(sink, "%12llu ", mm_table_wide(zone.n_pageblocks[type]));
        mm_sink_puts(sink, "\n");
    }
}

void mm_table_pagetypeinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "Page block order: %u\nPages per block:  %u\n\n", MMSIM_N_ORDERS - 1,
                   1u << (MMSIM_N_ORDERS - 1));
    print_free_by_type(machine, sink);
    print_pageblocks(machine, sink);
}

static void write_zone_types(const struct mmsim_zone_info *zone, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "{\"node\":0,\"zone\":\"%s\",\"free\":{", zone->name);
    for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++) {
        mm_sink_printf(sink, "%s\"%s\":[", type > 0 ? "," : "", mobility_names[type]);
        for (unsigned order = 0; order < MMSIM_N_ORDERS; order++)
            mm_sink_printf(sink, "%s%llu", order > 0 ? "," : "",
                           mm_table_wide(zone->n_blocks[type][order]));
        mm_sink_puts(sink, "]");
    }
    mm_sink_puts(sink, "},\"blocks\":{");
    for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++)
        mm_sink_printf(sink, "%s\"%s\":%llu", type > 0 ? "," : "", mobility_names[type],
                       mm_table_wide(zone->n_pageblocks[type]));
    mm_sink_puts(sink, "}}");
}

void mm_table_pagetypeinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_zone_info zone;
    const char *separator = "";
    mm_sink_printf(sink, "\"block_order\":%u,\"block_pages\":%u,\"zones\":[", MMSIM_N_ORDERS - 1,
                   1u << (MMSIM_N_ORDERS - 1));
    for (size_t i = 0; next_zone(machine, &i, &zone); separator = ",") {
        mm_sink_puts(sink, separator);
        write_zone_types(&zone, sink);
    }
    mm_sink_puts(sink, "]");
}

/* ---- meminfo ---- */

/* The lines; DirectMap4M and DirectMap2M are one row, of which the machine has one or the other. */
static const struct {
    const char *name;
    size_t offset;
    uint64_t large_page; /* 0: on every machine */
} lines[] = {
    {"MemTotal", offsetof(struct mmsim_meminfo, total), 0},
    {"MemFree", offsetof(struct mmsim_meminfo, free), 0},
    {"MemAvailable", offsetof(struct mmsim_meminfo, available), 0},
    {"Cached", offsetof(struct mmsim_meminfo, cached), 0},
    {"SwapCached", offsetof(struct mmsim_meminfo, swap_cached), 0},
    {"HighTotal", offsetof(struct mmsim_meminfo, high_total), 0},
    {"HighFree", offsetof(struct mmsim_meminfo, high_free), 0},
    {"LowTotal", offsetof(struct mmsim_meminfo, low_total), 0},
    {"LowFree", offsetof(struct mmsim_meminfo, low_free), 0},
    {"SwapTotal", offsetof(struct mmsim_meminfo, swap_total), 0},
    {"SwapFree", offsetof(struct mmsim_meminfo, swap_free), 0},
    {"Dirty", offsetof(struct mmsim_meminfo, dirty), 0},
    {"Writeback", offsetof(struct mmsim_meminfo, writeback), 0},
    {"AnonPages", offsetof(struct mmsim_meminfo, anonymous), 0},
    {"Slab", offsetof(struct mmsim_meminfo, slab), 0},
    {"PageTables", offsetof(struct mmsim_meminfo, page_tables), 0},
    {"VmallocTotal", offsetof(struct mmsim_meminfo, vmalloc_total), 0},
    {"VmallocUsed", offsetof(struct mmsim_meminfo, vmalloc_used), 0},
    {"DirectMap4k", offsetof(struct mmsim_meminfo, direct_map_small), 0},
    {"DirectMap2M", offsetof(struct mmsim_meminfo, direct_map_large), 2 * MMSIM_MIB},
    {"DirectMap4M", offsetof(struct mmsim_meminfo, direct_map_large), 4 * MMSIM_MIB},
};
#define N_LINES (sizeof lines / sizeof lines[0])

static bool line_applies(size_t line, const struct mmsim_meminfo *info)
{
    return lines[line].large_page == 0 || lines[line].large_page == info->large_page;
}

static unsigned long long line_kilobytes(size_t line, const struct mmsim_meminfo *info)
{
    const char *field = (const char *)info + lines[line].offset;
    return *(const uint64_t *)(const void *)field / 1024;
}

void mm_table_meminfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_meminfo info;
    mmsim_meminfo(machine, &info);
    for (size_t i = 0; i < N_LINES; i++) {
        char label[20];
        if (!line_applies(i, &info))
            continue;
        snprintf(label, sizeof label, "%s:", lines[i].name);
        mm_sink_printf(sink, "%-16s%8llu kB\n", label, line_kilobytes(i, &info));
    }
}

void mm_table_meminfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_meminfo info;
    mmsim_meminfo(machine, &info);
    mm_sink_puts(sink, "\"kB\":{");
    for (size_t i = 0; i < N_LINES; i++)
        if (line_applies(i, &info))
            mm_sink_printf(sink, "%s\"%s\":%llu", i > 0 ? "," : "", lines[i].name,
                           line_kilobytes(i, &info));
    mm_sink_puts(sink, "}");
}
