/*
 * heap_text.c - a mistake of the heap's users, written as Linux's SLUB writes it.
 *
 *   =====...
 *   BUG kmalloc-64: Right Redzone overwritten
 *   -----...
 *
 *   INFO: 0x0012343c-0x0012343f. First byte 0x41 instead of 0xcc
 *   INFO: Allocated in open.c:12 step=3
 *   INFO: Object 0x00123400 @offset=60 size=60
 *   INFO: Detected in close.c:9 step=7
 *
 *   Redzone  0012343c: 41 41 41 41                                      AAAA
 *   FIX kmalloc-64: Restoring Right Redzone 0x0012343c-0x0012343f=0xcc
 *
 * Ages, CPUs and processes of the original are steps here; @offset counts from the start of the
 * object, not of its slab. Source: Linux, Documentation/mm/slub.rst; mm/slub.c.
 */
#include <mmsim/alloc.h>

#include "report/hex.h"

/* What the report says of a mistake. */
enum shape {
    PLAIN,
    NAMES_ADDRESS, /* the title ends with the address */
    NAMES_SIZES,   /* with both sizes */
    SHOWS_BYTES    /* bytes were found that should be others */
};

struct wording {
    const char *title;
    enum shape shape;
    const char *what; /* SHOWS_BYTES: what was damaged */
    const char *fix;  /* what was done about it; NULL: nothing, or what the shape says */
};

#define NOT_FREED "Object not freed"

static const struct wording wordings[MMSIM_N_HEAP_MISTAKES] = {
    [MMSIM_HEAP_DOUBLE_FREE] = {"Object already free", PLAIN, NULL, NOT_FREED},
    [MMSIM_HEAP_FOREIGN_FREE] = {"Attempt to free object outside of slab", NAMES_ADDRESS, NULL,
                                 NOT_FREED},
    [MMSIM_HEAP_INSIDE_FREE] = {"Invalid object pointer", NAMES_ADDRESS, NULL, NOT_FREED},
    [MMSIM_HEAP_WRONG_CACHE] = {"Wrong slab cache", PLAIN, NULL, NOT_FREED},
    [MMSIM_HEAP_WRONG_SIZE] = {"Freed with another size than allocated with", NAMES_SIZES, NULL,
                               NOT_FREED},
    [MMSIM_HEAP_LEFT_RED_ZONE] = {"Left Redzone overwritten", SHOWS_BYTES, "Left Redzone", NULL},
    [MMSIM_HEAP_RIGHT_RED_ZONE] = {"Right Redzone overwritten", SHOWS_BYTES, "Right Redzone", NULL},
    [MMSIM_HEAP_USE_AFTER_FREE] = {"Poison overwritten", SHOWS_BYTES, "Poison", NULL},
    [MMSIM_HEAP_GUARD_HIT] = {"Guard page behind the object hit at", NAMES_ADDRESS, NULL,
                              "Access refused by the MMU"},
    [MMSIM_HEAP_FREED_GUARD_HIT] = {"Freed object accessed at", NAMES_ADDRESS, NULL,
                                    "Access refused by the MMU"},
    [MMSIM_HEAP_BAD_LINK] = {"Freepointer corrupt", PLAIN, NULL, NULL},
    [MMSIM_HEAP_REF_UNDERFLOW] = {"refcount underflow; use-after-free", PLAIN, NULL, NULL},
    [MMSIM_HEAP_REF_SATURATED] = {"refcount saturated; leaking memory", PLAIN, NULL, NULL},
};

static unsigned long long wide(uint64_t value)
{
    return value;
}

static const char *cache_name(const struct mmsim_heap_report *report)
{
    return report->cache ? report->cache : "<unknown>";
}

static void print_title(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    const struct wording *wording = &wordings[report->mistake];
    mm_sink_puts(sink, "====================================="
                       "========================================\n");
    mm_sink_printf(sink, "BUG %s: %s", cache_name(report), wording->title);
    if (wording->shape == NAMES_ADDRESS)
        mm_sink_printf(sink, " 0x%08llx", wide(report->address));
    if (wording->shape == NAMES_SIZES)
        mm_sink_printf(sink, ": %llu, %llu", wide(report->given_bytes), wide(report->object_bytes));
    mm_sink_puts(sink, "\n-------------------------------------"
                       "----------------------------------------\n\n");
}

static void print_range(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "0x%08llx-0x%08llx", wide(report->address),
                   wide(report->address + report->n_found - 1));
}

static void print_moment(const char *what, const struct mmsim_heap_moment *moment,
                         const struct mmsim_sink *sink)
{
    if (moment->site)
        mm_sink_printf(sink, "INFO: %s in %s step=%llu\n", what, moment->site, wide(moment->step));
}

static void print_object(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    if (report->object == 0)
        return;
    mm_sink_printf(sink, "INFO: Object 0x%08llx @offset=%lld", wide(report->object),
                   (long long)report->offset);
    if (report->object_bytes > 0)
        mm_sink_printf(sink, " size=%llu", wide(report->object_bytes));
    mm_sink_puts(sink, "\n");
}

static void print_info(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    if (report->n_found > 0) {
        mm_sink_puts(sink, "INFO: ");
        print_range(report, sink);
        mm_sink_printf(sink, ". First byte 0x%x instead of 0x%x\n", report->found[0],
                       report->expected);
    }
    print_moment("Allocated", &report->allocated, sink);
    print_moment("Freed", &report->freed, sink);
    print_object(report, sink);
    if (report->now.site)
        print_moment("Detected", &report->now, sink);
    else
        mm_sink_printf(sink, "INFO: Detected at step=%llu\n", wide(report->now.step));
    mm_sink_puts(sink, "\n");
}

static void print_bytes(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    uint32_t n = report->n_found < sizeof report->found ? report->n_found : sizeof report->found;
    bool poison = report->mistake == MMSIM_HEAP_USE_AFTER_FREE;
    if (n == 0)
        return;
    mm_sink_printf(sink, "%s%08llx: ", poison ? "Object   " : "Redzone  ", wide(report->address));
    mm_hex_row(report->found, n, sink);
}

static void print_fix(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    const struct wording *wording = &wordings[report->mistake];
    if (wording->shape == SHOWS_BYTES && report->n_found > 0) {
        mm_sink_printf(sink, "FIX %s: Restoring %s ", cache_name(report), wording->what);
        print_range(report, sink);
        mm_sink_printf(sink, "=0x%x\n", report->expected);
    } else if (wording->fix) {
        mm_sink_printf(sink, "FIX %s: %s\n", cache_name(report), wording->fix);
    }
}

void mmsim_heap_report_print(const struct mmsim_heap_report *report, const struct mmsim_sink *sink)
{
    print_title(report, sink);
    print_info(report, sink);
    print_bytes(report, sink);
    print_fix(report, sink);
}
