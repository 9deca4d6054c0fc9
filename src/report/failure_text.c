/*
 * failure_text.c - why a request for frames failed, in the manner of Linux's page allocator.
 *
 *   page allocation failure: order:4, frames:16, use:heap, site:open.c:12
 *   Normal free:5120kB min:1020kB low:1275kB high:1530kB managed:15360kB set_aside:0kB
 *   Normal: 512*4kB (U) 384*8kB (UM) 0*16kB ... 0*4096kB = 5120kB
 *   Why: 1280 frames are free, but the largest block has 2 (8kB)
 *   Compaction: 960 of 960 places for such a block are pinned
 *   Pinned by: heap 950, page-table 12
 *
 * After the number of blocks of a size, letters say whose lists they are on: U unmovable, M
 * movable, E reclaimable. Source: Linux, mm/page_alloc.c and mm/show_mem.c.
 */
#include <mmsim/alloc.h>

#include "base/text.h"

enum { FRAME_KB = MMSIM_PAGE_SIZE / 1024, N_PINNERS = 8 };

static const char *const shortage_names[] = {
    [MMSIM_SHORTAGE_NO_FRAMES] = "no-frames",   [MMSIM_SHORTAGE_FRAGMENTED] = "fragmented",
    [MMSIM_SHORTAGE_USER_LIMIT] = "user-limit", [MMSIM_SHORTAGE_TOO_LARGE] = "too-large",
    [MMSIM_SHORTAGE_INJECTED] = "injected",
};

static const char *const compaction_names[] = {
    [MMSIM_COMPACTION_NOT_TRIED] = "not-tried", [MMSIM_COMPACTION_DONE] = "done",
    [MMSIM_COMPACTION_PINNED] = "pinned",       [MMSIM_COMPACTION_NO_ROOM] = "no-room",
    [MMSIM_COMPACTION_REFUSED] = "refused",
};

static unsigned long long wide(uint64_t value)
{
    return value;
}

static unsigned long long kilobytes(uint64_t n_frames)
{
    return n_frames * FRAME_KB;
}

static uint64_t blocks_of_order(const struct mmsim_zone_info *zone, unsigned order)
{
    uint64_t n = 0;
    for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++)
        n += zone->n_blocks[type][order];
    return n;
}

/* ---- text ---- */

static void print_request(const struct mmsim_alloc_failure *failure, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "page allocation failure: order:%u, frames:%llu, use:%s", failure->order,
                   wide(failure->n_frames), failure->use);
    if (failure->site)
        mm_sink_printf(sink, ", site:%s", failure->site);
    mm_sink_puts(sink, "\n");
}

static void print_zone(const struct mmsim_zone_info *zone, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink,
                   "%s free:%llukB min:%llukB low:%llukB high:%llukB managed:%llukB "
                   "set_aside:%llukB\n",
                   zone->name, kilobytes(zone->n_free), kilobytes(zone->min), kilobytes(zone->low),
                   kilobytes(zone->high), kilobytes(zone->n_frames), kilobytes(zone->n_set_aside));
}

static void print_blocks(const struct mmsim_zone_info *zone, const struct mmsim_sink *sink)
{
    static const char letters[] = "UME";
    uint64_t n_frames = 0;
    mm_sink_printf(sink, "%s:", zone->name);
    for (unsigned order = 0; order < MMSIM_N_ORDERS; order++) {
        uint64_t n = blocks_of_order(zone, order);
        n_frames += n << order;
        mm_sink_printf(sink, " %llu*%llukB", wide(n), kilobytes((uint64_t)1 << order));
        mm_sink_puts(sink, n > 0 ? " (" : "");
        for (unsigned type = 0; type < MMSIM_N_MOBILITIES; type++)
            if (zone->n_blocks[type][order] > 0)
                mm_sink_printf(sink, "%c", letters[type]);
        mm_sink_puts(sink, n > 0 ? ")" : "");
    }
    mm_sink_printf(sink, " = %llukB\n", kilobytes(n_frames));
}

static const char *frames_were(uint64_t n)
{
    return n == 1 ? "frame was" : "frames were";
}

static void print_reason(const struct mmsim_alloc_failure *failure, const struct mmsim_sink *sink)
{
    mm_sink_puts(sink, "Why: ");
    switch (failure->shortage) {
    case MMSIM_SHORTAGE_NO_FRAMES:
        mm_sink_printf(sink, "%llu %s asked for and %llu %s free\n", wide(failure->n_frames),
                       frames_were(failure->n_frames), wide(failure->zone.n_free),
                       failure->zone.n_free == 1 ? "is" : "are");
        break;
    case MMSIM_SHORTAGE_FRAGMENTED:
        mm_sink_printf(sink, "%llu frames are free, but the largest block has %llu (%llukB)\n",
                       wide(failure->zone.n_free), wide(failure->largest_frames),
                       kilobytes(failure->largest_frames));
        break;
    case MMSIM_SHORTAGE_USER_LIMIT:
        mm_sink_puts(sink, "pages of processes have all the frames that kernel.user_frames "
                           "allows them\n");
        break;
    case MMSIM_SHORTAGE_TOO_LARGE:
        mm_sink_printf(sink, "no block has more than %u frames (order %u)\n",
                       1u << (MMSIM_N_ORDERS - 1), MMSIM_N_ORDERS - 1);
        break;
    case MMSIM_SHORTAGE_INJECTED:
        mm_sink_puts(sink, "it was made to fail\n");
        break;
    }
}

static void print_pinners(const struct mmsim_alloc_failure *failure, const struct mmsim_sink *sink)
{
    for (unsigned i = 0; i < N_PINNERS && failure->pinned_by[i].use; i++)
        mm_sink_printf(sink, "%s %s %llu", i == 0 ? "Pinned by:" : ",", failure->pinned_by[i].use,
                       wide(failure->pinned_by[i].n_candidates));
    mm_sink_puts(sink, failure->pinned_by[0].use ? "\n" : "");
}

static void print_compaction(const struct mmsim_alloc_failure *failure,
                             const struct mmsim_sink *sink)
{
    if (failure->compaction == MMSIM_COMPACTION_NOT_TRIED)
        return;
    mm_sink_puts(sink, "Compaction: ");
    if (failure->compaction == MMSIM_COMPACTION_NO_ROOM)
        mm_sink_puts(sink, "the frames that can move have nowhere to go; ");
    if (failure->compaction == MMSIM_COMPACTION_REFUSED)
        mm_sink_printf(sink, "%llu %s in use by more than %s; ", wide(failure->n_refused),
                       failure->n_refused == 1 ? "frame is" : "frames are",
                       failure->n_refused == 1 ? "its mapping" : "their mappings");
    if (failure->n_moved > 0)
        mm_sink_printf(sink, "%llu %s moved; ", wide(failure->n_moved),
                       frames_were(failure->n_moved));
    mm_sink_printf(sink, "%llu of %llu place%s for such a block %s pinned\n",
                   wide(failure->n_pinned), wide(failure->n_candidates),
                   failure->n_candidates == 1 ? "" : "s", failure->n_pinned == 1 ? "is" : "are");
    print_pinners(failure, sink);
}

void mmsim_alloc_failure_print(const struct mmsim_alloc_failure *failure,
                               const struct mmsim_sink *sink)
{
    print_request(failure, sink);
    print_zone(&failure->zone, sink);
    print_blocks(&failure->zone, sink);
    print_reason(failure, sink);
    print_compaction(failure, sink);
}

/* ---- JSON ---- */

static void write_request(const struct mmsim_alloc_failure *failure, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink,
                   "{\"failures\":%llu,\"shortage\":\"%s\",\"order\":%u,\"frames\":%llu,"
                   "\"use\":\"%s\",\"site\":",
                   wide(failure->n_failures), shortage_names[failure->shortage], failure->order,
                   wide(failure->n_frames), failure->use);
    if (failure->site)
        mm_sink_json(sink, failure->site);
    else
        mm_sink_puts(sink, "null");
}

static void write_zone(const struct mmsim_alloc_failure *failure, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink,
                   ",\"zone\":\"%s\",\"free_frames\":%llu,\"set_aside\":%llu,\"largest_frames\":"
                   "%llu,\"free\":[",
                   failure->zone.name, wide(failure->zone.n_free), wide(failure->zone.n_set_aside),
                   wide(failure->largest_frames));
    for (unsigned order = 0; order < MMSIM_N_ORDERS; order++)
        mm_sink_printf(sink, "%s%llu", order > 0 ? "," : "",
                       wide(blocks_of_order(&failure->zone, order)));
    mm_sink_puts(sink, "]");
}

static void write_compaction(const struct mmsim_alloc_failure *failure,
                             const struct mmsim_sink *sink)
{
    mm_sink_printf(sink,
                   ",\"compaction\":\"%s\",\"moved\":%llu,\"refused\":%llu,\"candidates\":%llu,"
                   "\"pinned\":%llu,\"pinned_by\":{",
                   compaction_names[failure->compaction], wide(failure->n_moved),
                   wide(failure->n_refused), wide(failure->n_candidates), wide(failure->n_pinned));
    for (unsigned i = 0; i < N_PINNERS && failure->pinned_by[i].use; i++)
        mm_sink_printf(sink, "%s\"%s\":%llu", i > 0 ? "," : "", failure->pinned_by[i].use,
                       wide(failure->pinned_by[i].n_candidates));
    mm_sink_puts(sink, "}");
}

void mmsim_alloc_failure_json(const struct mmsim_alloc_failure *failure,
                              const struct mmsim_sink *sink)
{
    write_request(failure, sink);
    write_zone(failure, sink);
    write_compaction(failure, sink);
    mm_sink_puts(sink, "}");
}
