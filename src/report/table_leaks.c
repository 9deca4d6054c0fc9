/*
 * table_leaks.c - kmemleak: objects that nobody can reach, as the last scan found them.
 *
 *   unreferenced object 0x00123400 (size 64):
 *     comm "kernel", pid 0, jiffies 3 (age 9 steps)
 *     hex dump (first 32 bytes):
 *       00 00 00 00 ...
 *     backtrace:
 *       open.c:12
 *     leaked here: 5 roots (320 bytes) of kmalloc-64
 *     lost with them: 12 objects (900 bytes), the roots included
 *     last reference lost in step 7 at close.c:9
 *
 * Down to the backtrace this is Linux's format (mm/kmemleak.c), with steps in place of jiffies.
 * Linux prints an entry for each object; here each call site has one, about its oldest root, and
 * the last lines count the others.
 */
#include <mmsim/stats.h>

#include "report/hex.h"
#include "report/table.h"

enum { MAX_DUMP_BYTES = 32 };

/* The oldest object of a row, as it is now. */
struct oldest {
    uint64_t n_bytes;
    const uint8_t *bytes; /* NULL: it is gone since the scan */
    size_t n_dumped;
};

static struct oldest find_oldest(struct mmsim_machine *machine, const struct mmsim_leak *leak)
{
    struct oldest oldest = {.n_bytes = mmsim_ksize(machine, leak->address)};
    oldest.n_dumped = oldest.n_bytes < MAX_DUMP_BYTES ? (size_t)oldest.n_bytes : MAX_DUMP_BYTES;
    if (oldest.n_bytes > 0)
        oldest.bytes = mmsim_kernel_bytes(machine, leak->address, oldest.n_dumped);
    return oldest;
}

/* The step that is being performed, or was last. */
static uint64_t current_step(const struct mmsim_machine *machine)
{
    struct mmsim_stats stats;
    mmsim_machine_stats(machine, &stats);
    return stats.steps > 0 ? stats.steps - 1 : 0;
}

static void print_dump(const struct oldest *oldest, const struct mmsim_sink *sink)
{
    if (!oldest->bytes)
        return;
    mm_sink_printf(sink, "  hex dump (first %zu bytes):\n", oldest->n_dumped);
    for (size_t i = 0; i < oldest->n_dumped; i += MM_HEX_ROW_BYTES) {
        size_t n = oldest->n_dumped - i;
        mm_sink_puts(sink, "    ");
        mm_hex_row(oldest->bytes + i, n < MM_HEX_ROW_BYTES ? n : MM_HEX_ROW_BYTES, sink);
    }
}

static void print_group(const struct mmsim_leak *leak, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "  leaked here: %llu root%s (%llu bytes)", mm_table_wide(leak->n_objects),
                   leak->n_objects == 1 ? "" : "s", mm_table_wide(leak->bytes));
    if (leak->cache)
        mm_sink_printf(sink, " of %s", leak->cache);
    mm_sink_printf(sink, "\n  lost with them: %llu object%s (%llu bytes), the roots included\n",
                   mm_table_wide(leak->retained_objects), leak->retained_objects == 1 ? "" : "s",
                   mm_table_wide(leak->retained_bytes));
    if (leak->lost_step == UINT64_MAX)
        return;
    mm_sink_printf(sink, "  last reference lost in step %llu", mm_table_wide(leak->lost_step));
    if (leak->lost_site)
        mm_sink_printf(sink, " at %s", leak->lost_site);
    mm_sink_puts(sink, "\n");
}

void mm_table_kmemleak_print(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_leak leak;
    uint64_t now = current_step(machine);
    for (size_t i = 0; mmsim_leak_at(machine, i, &leak); i++) {
        struct oldest oldest = find_oldest(machine, &leak);
        mm_sink_printf(sink, "unreferenced object 0x%08llx (size %llu):\n",
                       mm_table_wide(leak.address), mm_table_wide(oldest.n_bytes));
        if (leak.step == UINT64_MAX)
            mm_sink_puts(sink, "  comm \"kernel\", pid 0, jiffies unknown (age unknown)\n");
        else
            mm_sink_printf(sink, "  comm \"kernel\", pid 0, jiffies %llu (age %llu steps)\n",
                           mm_table_wide(leak.step), mm_table_wide(now - leak.step));
        print_dump(&oldest, sink);
        mm_sink_printf(sink, "  backtrace:\n    %s\n", leak.site ? leak.site : "unknown site");
        print_group(&leak, sink);
    }
}

static void write_oldest(const struct mmsim_leak *leak, const struct oldest *oldest,
                         const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, ",\"oldest\":{\"address\":\"0x%llx\",\"bytes\":%llu,",
                   mm_table_wide(leak->address), mm_table_wide(oldest->n_bytes));
    if (leak->step == UINT64_MAX)
        mm_sink_puts(sink, "\"step\":null,");
    else
        mm_sink_printf(sink, "\"step\":%llu,", mm_table_wide(leak->step));
    mm_sink_puts(sink, "\"dump\":\"");
    if (oldest->bytes)
        mm_hex_run(oldest->bytes, oldest->n_dumped, sink);
    mm_sink_puts(sink, "\"}");
}

void mm_table_kmemleak_json(struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    struct mmsim_leak leak;
    mm_sink_puts(sink, "\"leaks\":[");
    for (size_t i = 0; mmsim_leak_at(machine, i, &leak); i++) {
        struct oldest oldest = find_oldest(machine, &leak);
        mm_sink_puts(sink, i > 0 ? ",{\"site\":" : "{\"site\":");
        mm_table_string(sink, leak.site);
        mm_sink_puts(sink, ",\"cache\":");
        mm_table_string(sink, leak.cache);
        mm_sink_printf(sink,
                       ",\"roots\":%llu,\"bytes\":%llu,\"retained_objects\":%llu,"
                       "\"retained_bytes\":%llu",
                       mm_table_wide(leak.n_objects), mm_table_wide(leak.bytes),
                       mm_table_wide(leak.retained_objects), mm_table_wide(leak.retained_bytes));
        write_oldest(&leak, &oldest, sink);
        if (leak.lost_step == UINT64_MAX)
            mm_sink_puts(sink, ",\"lost_step\":null,\"lost_site\":");
        else
            mm_sink_printf(sink,
                           ",\"lost_step\":%llu,\"lost_site\":", mm_table_wide(leak.lost_step));
        mm_table_string(sink, leak.lost_site);
        mm_sink_puts(sink, "}");
    }
    mm_sink_puts(sink, "]");
}
