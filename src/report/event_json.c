/*
 * event_json.c - an event as one line of JSON.
 *
 * Every event has type, step, cycles, cpu and, where a process is concerned, its name; the other
 * members depend on the type (the table below).
 */
#include <mmsim/alloc.h>
#include <mmsim/device.h>
#include <mmsim/event.h>
#include <mmsim/hw.h>
#include <mmsim/vm.h>

#include "base/text.h"

enum member {
    ADDRESS = 1 << 0,
    LENGTH = 1 << 1,
    FRAME = 1 << 2,
    ERROR = 1 << 3, /* a #PF error code, by its bits' names */
    KIND = 1 << 4,
    VALUE = 1 << 5,
    SIGNAL = 1 << 6, /* its name, and why it was sent */
    DEVICE = 1 << 7, /* its window's name, and the kind of access */
    WHY = 1 << 8,    /* the bus refused it */
    CACHE = 1 << 9,  /* of a heap object, and the call site */
    MISTAKE = 1 << 10,
    ACCESS = 1 << 11, /* its kind, in a letter */
    REASON = 1 << 12
};

struct shape {
    unsigned members;
    const char *value_name;
};

static const struct shape shapes[MMSIM_N_EVENTS] = {
    [MMSIM_EVENT_FORK] = {VALUE, "parent"},
    [MMSIM_EVENT_EXIT] = {VALUE, "code"},
    [MMSIM_EVENT_MMAP] = {ADDRESS | LENGTH, NULL},
    [MMSIM_EVENT_MUNMAP] = {ADDRESS | LENGTH, NULL},
    [MMSIM_EVENT_MPROTECT] = {ADDRESS | LENGTH, NULL},
    [MMSIM_EVENT_FAULT] = {ADDRESS | ERROR | KIND | FRAME, NULL},
    [MMSIM_EVENT_SIGNAL] = {ADDRESS | SIGNAL, NULL},
    [MMSIM_EVENT_WALK] = {ADDRESS | FRAME | VALUE, "levels"},
    [MMSIM_EVENT_FILL] = {ADDRESS | FRAME, NULL},
    [MMSIM_EVENT_INVLPG] = {ADDRESS, NULL},
    [MMSIM_EVENT_SHOOTDOWN] = {VALUE, "target"},
    [MMSIM_EVENT_MAP] = {ADDRESS | FRAME | VALUE, "tables"},
    [MMSIM_EVENT_UNMAP] = {ADDRESS | FRAME | VALUE, "tables"},
    [MMSIM_EVENT_TABLE] = {ADDRESS | FRAME | VALUE, "added"},
    [MMSIM_EVENT_OOM] = {VALUE | REASON, "resident"},
    [MMSIM_EVENT_PROTECT] = {ADDRESS | FRAME | VALUE, "tables"},
    [MMSIM_EVENT_STALE] = {ADDRESS | FRAME, NULL},
    [MMSIM_EVENT_MMIO] = {DEVICE | ADDRESS | LENGTH | VALUE, "value"},
    [MMSIM_EVENT_BUS_ERROR] = {DEVICE | ADDRESS | LENGTH | VALUE | WHY, "value"},
    [MMSIM_EVENT_KMALLOC] = {ADDRESS | LENGTH | CACHE, NULL},
    [MMSIM_EVENT_KFREE] = {ADDRESS | LENGTH | CACHE, NULL},
    [MMSIM_EVENT_HEAP_MISTAKE] = {MISTAKE | ADDRESS | CACHE, NULL},
    [MMSIM_EVENT_LEAK] = {ADDRESS | LENGTH | CACHE, NULL},
    [MMSIM_EVENT_GC] = {VALUE, "frames"},
    [MMSIM_EVENT_ORPHAN] = {FRAME, NULL},
    [MMSIM_EVENT_COMPACT] = {VALUE, "frames"},
    [MMSIM_EVENT_EVICT] = {FRAME | VALUE, "page"},
    [MMSIM_EVENT_SWAP_OUT] = {LENGTH | VALUE, "slot"},
    [MMSIM_EVENT_SWAP_IN] = {LENGTH | VALUE, "slot"},
    [MMSIM_EVENT_SWAP_ERROR] = {ACCESS | LENGTH | VALUE, "slot"},
    [MMSIM_EVENT_RECLAIM] = {REASON | VALUE, "frames"},
    [MMSIM_EVENT_THRASHING] = {VALUE, "resident"},
    [MMSIM_EVENT_SUSPEND] = {VALUE, "working_set"},
    [MMSIM_EVENT_RESUME] = {VALUE, "working_set"},
};

static const char *const access_letters[] = {
    [MMSIM_ACCESS_READ] = "r", [MMSIM_ACCESS_WRITE] = "w", [MMSIM_ACCESS_FETCH] = "x"};

static void write_number(const struct mmsim_sink *sink, const char *name, uint64_t value)
{
    mm_sink_printf(sink, ",\"%s\":%llu", name, (unsigned long long)value);
}

static void write_address(const struct mmsim_sink *sink, const char *name, uint64_t value)
{
    mm_sink_printf(sink, ",\"%s\":\"0x%llx\"", name, (unsigned long long)value);
}

static void write_kind(const struct mmsim_event *event, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, ",\"kind\":\"%s\"", mmsim_fault_kind_name(event->fault));
    if (event->fault == MMSIM_FAULT_COW)
        mm_sink_printf(sink, ",\"reused\":%s", event->reused ? "true" : "false");
}

static void write_text(const struct mmsim_sink *sink, const char *name, const char *text)
{
    if (!text)
        return;
    mm_sink_printf(sink, ",\"%s\":", name);
    mm_sink_json(sink, text);
}

static void write_access(const struct mmsim_event *event, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, ",\"access\":\"%s\"", access_letters[event->access]);
}

static void write_heap_members(const struct mmsim_event *event, unsigned members,
                               const struct mmsim_sink *sink)
{
    if (members & MISTAKE)
        write_text(sink, "mistake", mmsim_heap_mistake_name((enum mmsim_heap_mistake)event->value));
    if (members & CACHE) {
        write_text(sink, "cache", event->cache);
        write_text(sink, "site", event->site);
    }
}

void mmsim_event_write_json(const struct mmsim_machine *machine, const struct mmsim_event *event,
                            const struct mmsim_sink *sink)
{
    const struct shape *shape = &shapes[event->type];
    mm_sink_printf(sink, "{\"event\":\"%s\",\"step\":%llu,\"cycles\":%llu,\"cpu\":%u",
                   mmsim_event_name(event->type), (unsigned long long)event->step,
                   (unsigned long long)event->cycles, event->cpu);
    if (event->name)
        mm_sink_printf(sink, ",\"process\":\"%s\"", event->name);
    write_heap_members(event, shape->members, sink);
    if (shape->members & DEVICE)
        mm_sink_printf(sink, ",\"device\":\"%s\"", event->device);
    if (shape->members & (DEVICE | ACCESS))
        write_access(event, sink);
    if (shape->members & REASON)
        write_text(sink, "why", event->site);
    if (shape->members & ADDRESS)
        write_address(sink, "address", event->address);
    if (shape->members & LENGTH)
        write_number(sink, "length", event->length);
    if (shape->members & ERROR) {
        char text[MMSIM_ERROR_CODE_CHARS];
        mmsim_error_code_text(machine, event->error, text);
        mm_sink_printf(sink, ",\"error\":\"%s\"", text);
    }
    if (shape->members & KIND)
        write_kind(event, sink);
    if (shape->members & SIGNAL)
        mm_sink_printf(sink, ",\"signal\":\"%s\",\"code\":\"%s\"",
                       mmsim_signal_name((enum mmsim_signal)event->value),
                       mmsim_sigcode_name((enum mmsim_sigcode)event->error));
    if (shape->members & WHY)
        mm_sink_printf(sink, ",\"why\":\"%s\"",
                       mmsim_bus_error_text((enum mmsim_bus_error)event->error));
    if (shape->members & FRAME)
        write_number(sink, "frame", event->frame);
    if (shape->members & VALUE)
        write_number(sink, shape->value_name, event->value);
    mm_sink_puts(sink, "}\n");
}
