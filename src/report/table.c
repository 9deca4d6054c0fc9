/* table.c - the tables that people look at, by name: which there are, and who prints them. */
#include "report/table.h"

static const struct {
    const char *name, *meaning;
} words[MMSIM_N_TABLES] = {
#define X(NAME, name, meaning) [MMSIM_TABLE_##NAME] = {name, meaning},
    MMSIM_TABLE_LIST(X)
#undef X
};

const char *mmsim_table_name(enum mmsim_table table)
{
    return (unsigned)table < MMSIM_N_TABLES ? words[table].name : "?";
}

const char *mmsim_table_meaning(enum mmsim_table table)
{
    return (unsigned)table < MMSIM_N_TABLES ? words[table].meaning : "?";
}

static void print_failure(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_alloc_failure failure;
    if (mmsim_alloc_failure(machine, &failure))
        mmsim_alloc_failure_print(&failure, sink);
}

static void write_failure(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_alloc_failure failure;
    mm_sink_puts(sink, "\"failure\":");
    if (mmsim_alloc_failure(machine, &failure))
        mmsim_alloc_failure_json(&failure, sink);
    else
        mm_sink_puts(sink, "null");
}

static const struct {
    mm_table_printer print, json;
} printers[MMSIM_N_TABLES] = {
    [MMSIM_TABLE_SLABINFO] = {mm_table_slabinfo_print, mm_table_slabinfo_json},
    [MMSIM_TABLE_BUDDYINFO] = {mm_table_buddyinfo_print, mm_table_buddyinfo_json},
    [MMSIM_TABLE_PAGETYPEINFO] = {mm_table_pagetypeinfo_print, mm_table_pagetypeinfo_json},
    [MMSIM_TABLE_MEMINFO] = {mm_table_meminfo_print, mm_table_meminfo_json},
    [MMSIM_TABLE_KMEMLEAK] = {mm_table_kmemleak_print, mm_table_kmemleak_json},
    [MMSIM_TABLE_ALLOCINFO] = {mm_table_allocinfo_print, mm_table_allocinfo_json},
    [MMSIM_TABLE_VMALLOCINFO] = {mm_table_vmallocinfo_print, mm_table_vmallocinfo_json},
    [MMSIM_TABLE_FAILURE] = {print_failure, write_failure},
};

void mmsim_table_print(struct mmsim_machine *machine, enum mmsim_table table,
                       enum mmsim_table_format format, const struct mmsim_sink *sink)
{
    if ((unsigned)table >= MMSIM_N_TABLES)
        return;
    if (format == MMSIM_TABLE_TEXT) {
        printers[table].print(machine, sink);
        return;
    }
    mm_sink_printf(sink, "{\"table\":\"%s\",", words[table].name);
    printers[table].json(machine, sink);
    mm_sink_puts(sink, "}\n");
}

/* ---- tables without rows ---- */

/* An empty file is what Linux has for nothing. Programs get that, people a sentence. */

static bool no_leak(const struct mmsim_machine *machine)
{
    struct mmsim_leak leak;
    return !mmsim_leak_at(machine, 0, &leak);
}

static bool no_site(const struct mmsim_machine *machine)
{
    struct mmsim_site_info info;
    return !mmsim_site_at(machine, 0, &info);
}

static bool no_area(const struct mmsim_machine *machine)
{
    struct mmsim_vmalloc_info info;
    return !mmsim_vmalloc_at(machine, 0, &info);
}

static bool no_failure(const struct mmsim_machine *machine)
{
    struct mmsim_alloc_failure failure;
    return !mmsim_alloc_failure(machine, &failure);
}

static const struct {
    bool (*is_empty)(const struct mmsim_machine *machine);
    const char *sentence;
} nothing[MMSIM_N_TABLES] = {
    [MMSIM_TABLE_KMEMLEAK] = {no_leak, "no search has found a leak"},
    [MMSIM_TABLE_ALLOCINFO] = {no_site,
                               "no call site is known: no cache has tracked any (check U)"},
    [MMSIM_TABLE_VMALLOCINFO] = {no_area, "there is no large area"},
    [MMSIM_TABLE_FAILURE] = {no_failure, "no request for frames has failed"},
};

const char *mmsim_table_nothing(const struct mmsim_machine *machine, enum mmsim_table table)
{
    bool known = (unsigned)table < MMSIM_N_TABLES && nothing[table].is_empty;
    return known && nothing[table].is_empty(machine) ? nothing[table].sentence : NULL;
}
