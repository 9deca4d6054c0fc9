/*
 * table.h - what the files that print tables share.
 *
 * A table has two printers, text and JSON. A JSON table is one object on one line: {"table":"NAME",
 * and then its own members; what a printer writes begins after that comma and ends before the
 * brace.
 */
#ifndef MM_REPORT_TABLE_H
#define MM_REPORT_TABLE_H

#include <mmsim/alloc.h>

#include "base/text.h"

typedef void (*mm_table_printer)(struct mmsim_machine *machine, const struct mmsim_sink *sink);

/* table_heap.c */
void mm_table_slabinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_slabinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_allocinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_allocinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_vmallocinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_vmallocinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink);

/* table_frames.c */
void mm_table_buddyinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_buddyinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_pagetypeinfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_pagetypeinfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_meminfo_print(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_meminfo_json(struct mmsim_machine *machine, const struct mmsim_sink *sink);

/* table_leaks.c */
void mm_table_kmemleak_print(struct mmsim_machine *machine, const struct mmsim_sink *sink);
void mm_table_kmemleak_json(struct mmsim_machine *machine, const struct mmsim_sink *sink);

/* A JSON string, or null. */
static inline void mm_table_string(const struct mmsim_sink *sink, const char *string)
{
    if (string)
        mm_sink_json(sink, string);
    else
        mm_sink_puts(sink, "null");
}

/* What printf calls a uint64_t on every host. */
static inline unsigned long long mm_table_wide(uint64_t value)
{
    return value;
}

#endif
