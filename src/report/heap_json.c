/* heap_json.c - a mistake of the heap's users as one line of JSON; what is not known is null. */
#include <mmsim/alloc.h>

#include "report/hex.h"

static unsigned long long wide(uint64_t value)
{
    return value;
}

static void write_moment(const char *key, const struct mmsim_heap_moment *moment,
                         const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, ",\"%s\":{\"site\":", key);
    if (moment->site)
        mm_sink_json(sink, moment->site);
    else
        mm_sink_puts(sink, "null");
    mm_sink_printf(sink, ",\"step\":%llu}", wide(moment->step));
}

/* Without a site the step means nothing either. */
static void write_tracked(const char *key, const struct mmsim_heap_moment *moment,
                          const struct mmsim_sink *sink)
{
    if (moment->site)
        write_moment(key, moment, sink);
    else
        mm_sink_printf(sink, ",\"%s\":null", key);
}

static void write_object(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    if (report->object == 0) {
        mm_sink_puts(sink, ",\"object\":null");
        return;
    }
    mm_sink_printf(sink, ",\"object\":{\"address\":\"0x%llx\",\"bytes\":%llu,\"offset\":%lld}",
                   wide(report->object), wide(report->object_bytes), (long long)report->offset);
}

static void write_damage(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    uint32_t n = report->n_found < sizeof report->found ? report->n_found : sizeof report->found;
    if (n == 0) {
        mm_sink_puts(sink, ",\"damage\":null");
        return;
    }
    mm_sink_printf(sink, ",\"damage\":{\"bytes\":%u,\"found\":\"", report->n_found);
    mm_hex_run(report->found, n, sink);
    mm_sink_printf(sink, "\",\"expected\":\"%02x\"}", report->expected);
}

void mmsim_heap_report_json(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink,
                   "{\"mistake\":\"%s\",\"cache\":", mmsim_heap_mistake_name(report->mistake));
    if (report->cache)
        mm_sink_json(sink, report->cache);
    else
        mm_sink_puts(sink, "null");
    mm_sink_printf(sink, ",\"address\":\"0x%llx\"", wide(report->address));
    write_object(report, sink);
    write_damage(report, sink);
    if (report->mistake == MMSIM_HEAP_WRONG_SIZE)
        mm_sink_printf(sink, ",\"given_bytes\":%llu", wide(report->given_bytes));
    else
        mm_sink_puts(sink, ",\"given_bytes\":null");
    write_moment("now", &report->now, sink);
    write_tracked("allocated", &report->allocated, sink);
    write_tracked("freed", &report->freed, sink);
    mm_sink_puts(sink, "}");
}
