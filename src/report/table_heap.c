/*
 * table_heap.c - slabinfo, allocinfo and vmallocinfo: the kernel's memory by cache, call site,
 * area.
 *
 * Columns and widths are those of Linux's files, so that slabtop and scripts read them: slabinfo is
 * version 2.1 (mm/slab_common.c), allocinfo version 1.0 (lib/alloc_tag.c), vmallocinfo as in
 * mm/vmalloc.c. The tunables of slabinfo have no counterpart here and are 0, as in Linux with SLUB.
 */
#include "report/table.h"

/* ---- slabinfo ---- */

void mm_table_slabinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_cache_info info;
    mm_sink_puts(sink,
                 "slabinfo - version: 2.1\n"
                 "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
                 " : tunables <limit> <batchcount> <sharedfactor>"
                 " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
    for (size_t i = 0; mmsim_cache_info_at(machine, i, &info); i++)
        mm_sink_printf(sink,
                       "%-17s %6llu %6llu %6llu %4llu %4llu : tunables %4u %4u %4u"
                       " : slabdata %6llu %6llu %6u\n",
                       info.name, mm_table_wide(info.n_active), mm_table_wide(info.n_objects),
                       mm_table_wide(info.slot_bytes), mm_table_wide(info.objects_per_slab),
                       mm_table_wide(info.frames_per_slab), 0u, 0u, 0u, mm_table_wide(info.n_slabs),
                       mm_table_wide(info.n_slabs), 0u);
}

void mm_table_slabinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_cache_info info;
    char checks[8];
    mm_sink_puts(sink, "\"caches\":[");
    for (size_t i = 0; mmsim_cache_info_at(machine, i, &info); i++) {
        mmsim_heap_checks_format(info.checks, checks);
        mm_sink_puts(sink, i > 0 ? ",{\"name\":" : "{\"name\":");
        mm_sink_json(sink, info.name);
        mm_sink_printf(sink,
                       ",\"active_objs\":%llu,\"num_objs\":%llu,\"objsize\":%llu,"
                       "\"objperslab\":%llu,\"pagesperslab\":%llu,\"num_slabs\":%llu,"
                       "\"object_bytes\":%llu,\"checks\":\"%s\"}",
                       mm_table_wide(info.n_active), mm_table_wide(info.n_objects),
                       mm_table_wide(info.slot_bytes), mm_table_wide(info.objects_per_slab),
                       mm_table_wide(info.frames_per_slab), mm_table_wide(info.n_slabs),
                       mm_table_wide(info.object_bytes), checks);
    }
    mm_sink_puts(sink, "]");
}

/* ---- allocinfo ---- */

void mm_table_allocinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_site_info info;
    mm_sink_puts(sink, "allocinfo - version: 1.0\n"
                       "#     <size>  <calls> <tag info>\n");
    for (size_t i = 0; mmsim_site_at(machine, i, &info); i++)
        mm_sink_printf(sink, "%12llu %8llu %s\n", mm_table_wide(info.live_bytes),
                       mm_table_wide(info.n_live), info.site ? info.site : "unknown site");
}

void mm_table_allocinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_site_info info;
    mm_sink_puts(sink, "\"sites\":[");
    for (size_t i = 0; mmsim_site_at(machine, i, &info); i++) {
        mm_sink_puts(sink, i > 0 ? ",{\"site\":" : "{\"site\":");
        mm_table_string(sink, info.site);
        mm_sink_printf(sink, ",\"size\":%llu,\"calls\":%llu,\"allocated\":%llu,\"peak_bytes\":%llu",
                       mm_table_wide(info.live_bytes), mm_table_wide(info.n_live),
                       mm_table_wide(info.n_allocated), mm_table_wide(info.peak_bytes));
        if (info.n_live > 0)
            mm_sink_printf(sink, ",\"oldest_step\":%llu}", mm_table_wide(info.oldest_step));
        else
            mm_sink_puts(sink, ",\"oldest_step\":null}");
    }
    mm_sink_puts(sink, "]");
}

/* ---- vmallocinfo ---- */

void mm_table_vmallocinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_vmalloc_info info;
    for (size_t i = 0; mmsim_vmalloc_at(machine, i, &info); i++) {
        mm_sink_printf(sink, "0x%08llx-0x%08llx %7llu", mm_table_wide(info.address),
                       mm_table_wide(info.address + info.n_bytes), mm_table_wide(info.n_bytes));
        if (info.site)
            mm_sink_printf(sink, " %s", info.site);
        mm_sink_printf(sink, " pages=%llu vmalloc\n", mm_table_wide(info.n_pages));
    }
}

void mm_table_vmallocinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_vmalloc_info info;
    mm_sink_puts(sink, "\"areas\":[");
    for (size_t i = 0; mmsim_vmalloc_at(machine, i, &info); i++) {
        mm_sink_printf(sink,
                       "%s{\"address\":\"0x%llx\",\"bytes\":%llu,\"pages\":%llu,\"step\":%llu,"
                       "\"site\":",
                       i > 0 ? "," : "", mm_table_wide(info.address), mm_table_wide(info.n_bytes),
                       mm_table_wide(info.n_pages), mm_table_wide(info.step));
        mm_table_string(sink, info.site);
        mm_sink_puts(sink, "}");
    }
    mm_sink_puts(sink, "]");
}
