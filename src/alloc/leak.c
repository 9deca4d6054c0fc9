/* leak.c - roots, marks, and the search; see leak.h. */
#include "alloc/leak.h"

#include "alloc/checked.h"
#include "alloc/leak_group.h"
#include "alloc/leak_watch.h"
#include "alloc/scope.h"

enum { MAP_NOT_LEAK, MAP_IGNORE, N_MAPS };

static size_t map_bytes(const struct mm_leak *leak)
{
    return (size_t)leak->heap->low_bytes / MM_HEAP_GRANULE / 8;
}

/* ---- life ---- */

void mm_leak_init(struct mm_leak *leak, struct mm_heap *heap, struct mm_host *host)
{
    *leak = (struct mm_leak){.heap = heap, .host = host, .young_step = UINT64_MAX};
    mm_leak_graph_init(&leak->graph, heap);
    heap->leak = leak;
}

static void end_marks(struct mm_leak *leak)
{
    for (unsigned i = 0; i < N_MAPS; i++)
        mm_host_release(leak->marks[i], map_bytes(leak));
    if (leak->n_marked > 0)
        mm_heap_open(leak->heap);
}

void mm_leak_fini(struct mm_leak *leak)
{
    if (!leak->heap)
        return;
    mm_leak_watch_end(leak);
    end_marks(leak);
    mm_leak_remove_roots(leak);
    mm_leak_graph_fini(&leak->graph);
    mm_host_free(leak->host, leak->rows, leak->rows_capacity * sizeof *leak->rows);
    leak->heap->leak = NULL;
    *leak = (struct mm_leak){0};
}

/* ---- roots ---- */

static bool make_room(struct mm_leak *leak)
{
    if (leak->n_ranges < leak->ranges_capacity)
        return true;
    size_t capacity = leak->ranges_capacity ? 2 * leak->ranges_capacity : 8;
    size_t item = sizeof *leak->ranges;
    struct mm_leak_range *grown =
        mm_host_resize(leak->host, leak->ranges, leak->ranges_capacity * item, capacity * item);
    if (!grown)
        return false;
    leak->ranges = grown;
    leak->ranges_capacity = capacity;
    return true;
}

/* The live object that all of a range is in. */
static uint32_t holder_of(const struct mm_heap *heap, const struct mm_leak_range *range)
{
    struct mm_heap_object first, last;
    bool held = mm_heap_find(heap, range->start, &first) && first.live &&
                mm_heap_find(heap, range->start + range->n_bytes - 1, &last) &&
                first.offset == last.offset;
    return held ? first.offset : MM_LEAK_NONE;
}

static void add_range(struct mm_leak *leak, struct mm_leak_range range)
{
    range.object = holder_of(leak->heap, &range);
    leak->ranges[leak->n_ranges++] = range;
    if (range.object != MM_LEAK_NONE && leak->n_held++ == 0)
        mm_heap_close(leak->heap);
    mm_leak_watch_root(leak, &range);
}

static void forget_roots(struct mm_leak *leak, uint32_t object)
{
    size_t n_kept = 0;
    for (size_t i = 0; i < leak->n_ranges; i++)
        if (leak->ranges[i].object != object)
            leak->ranges[n_kept++] = leak->ranges[i];
    size_t n_gone = leak->n_ranges - n_kept;
    leak->n_ranges = n_kept;
    leak->n_held -= n_gone;
    if (n_gone > 0 && leak->n_held == 0)
        mm_heap_open(leak->heap);
}

enum mmsim_errno mm_leak_add_root(struct mm_leak *leak, mmsim_vaddr address, uint64_t n_bytes)
{
    uint64_t start = mm_heap_locate(leak->heap, address);
    if (n_bytes == 0 || start >= leak->heap->low_bytes || n_bytes > leak->heap->low_bytes - start)
        return MMSIM_EINVAL;
    if (!make_room(leak))
        return MMSIM_ENOMEM;
    uint64_t aligned = start & ~(uint64_t)7;
    add_range(leak, (struct mm_leak_range){aligned, n_bytes + (start - aligned), MM_LEAK_NONE});
    return MMSIM_SUCCESS;
}

void mm_leak_remove_roots(struct mm_leak *leak)
{
    mm_host_free(leak->host, leak->ranges, leak->ranges_capacity * sizeof *leak->ranges);
    if (leak->n_held > 0)
        mm_heap_open(leak->heap);
    leak->ranges = NULL;
    leak->n_ranges = leak->ranges_capacity = leak->n_held = 0;
}

/* ---- marks ---- */

static bool has_mark(const struct mm_leak *leak, unsigned map, uint32_t offset)
{
    return leak->marks[map] && (leak->marks[map][offset >> 10] >> ((offset >> 4) & 63) & 1);
}

static bool is_marked(const struct mm_leak *leak, uint32_t offset)
{
    return has_mark(leak, MAP_NOT_LEAK, offset) || has_mark(leak, MAP_IGNORE, offset);
}

static void forget_mark(struct mm_leak *leak, uint32_t offset)
{
    if (!is_marked(leak, offset))
        return;
    for (unsigned i = 0; i < N_MAPS; i++)
        if (leak->marks[i])
            leak->marks[i][offset >> 10] &= ~((uint64_t)1 << ((offset >> 4) & 63));
    if (--leak->n_marked == 0)
        mm_heap_open(leak->heap);
}

enum mmsim_errno mm_leak_mark(struct mm_leak *leak, uint64_t offset, enum mmsim_leak_mark mark)
{
    if (!mm_heap_is_live(leak->heap, offset))
        return MMSIM_EINVAL;
    if (mark == MMSIM_LEAK_NORMAL) {
        forget_mark(leak, (uint32_t)offset);
        return MMSIM_SUCCESS;
    }
    uint64_t **map = &leak->marks[mark == MMSIM_LEAK_IGNORE ? MAP_IGNORE : MAP_NOT_LEAK];
    if (!*map)
        *map = mm_host_reserve(map_bytes(leak));
    if (!*map)
        return MMSIM_ENOMEM;
    forget_mark(leak, (uint32_t)offset);
    (*map)[offset >> 10] |= (uint64_t)1 << ((offset >> 4) & 63);
    if (leak->n_marked++ == 0)
        mm_heap_close(leak->heap);
    return MMSIM_SUCCESS;
}

void mm_leak_on_alloc(struct mm_leak *leak, uint32_t offset)
{
    if (leak->watch)
        mm_leak_watch_alloc(leak, offset);
}

void mm_leak_on_free(struct mm_leak *leak, uint32_t offset)
{
    if (leak->n_marked > 0)
        forget_mark(leak, offset);
    if (leak->n_held > 0)
        forget_roots(leak, offset);
    if (leak->watch)
        mm_leak_watch_free(leak, offset);
}

void mm_leak_on_fill(struct mm_leak *leak, uint32_t offset)
{
    if (leak->watch)
        mm_leak_watch_fill(leak, offset);
}

void mm_leak_on_cut(struct mm_leak *leak, uint32_t start, uint32_t end)
{
    if (leak->watch)
        mm_leak_watch_cut(leak, start, end);
}

void mm_leak_on_grow(struct mm_leak *leak, uint32_t start, uint32_t end)
{
    if (leak->watch)
        mm_leak_watch_grow(leak, start, end);
}

/* ---- the search ---- */

static void apply_mark(void *user, uint32_t node, uint32_t offset)
{
    struct mm_leak *leak = user;
    if (has_mark(leak, MAP_IGNORE, offset))
        mm_leak_blacken(&leak->graph, node);
    else if (has_mark(leak, MAP_NOT_LEAK, offset))
        mm_leak_reach(&leak->graph, node);
}

static void reach_object(void *user, uint32_t offset)
{
    struct mm_leak_graph *graph = user;
    mm_leak_reach(graph, mm_leak_node_at(graph, offset));
}

static void visit_host(void *search, const void *words, size_t n_bytes)
{
    struct mm_leak_graph *graph = search;
    struct mm_leak_reader reader = {graph->heap, graph->mode, reach_object, graph};
    mm_leak_read_host(&reader, words, n_bytes);
}

static void visit_area(void *search, const void *words, size_t n_bytes)
{
    struct mm_leak_graph *graph = search;
    struct mm_leak_reader reader = {graph->heap, graph->mode, reach_object, graph};
    mm_leak_read_bytes(&reader, words, n_bytes);
}

/* Words of the range, and the objects that it lies in or that lie in it. */
static void reach_range(struct mm_leak *leak, const struct mm_leak_range *range)
{
    uint64_t end = range->start + range->n_bytes;
    struct mm_heap_object object;
    mm_leak_reach(&leak->graph, mm_leak_node_at(&leak->graph, (uint32_t)range->start));
    for (uint64_t at = range->start; mm_heap_next(leak->heap, at, &object);
         at = object.offset + 1) {
        if (object.offset >= end)
            break;
        reach_object(&leak->graph, object.offset);
    }
    visit_area(&leak->graph, leak->heap->ram + range->start, range->n_bytes);
}

static void reach_roots(struct mm_leak *leak)
{
    if (leak->n_marked > 0)
        mm_leak_each_white(&leak->graph, apply_mark, leak);
    if (leak->each_root)
        leak->each_root(leak->root_user, visit_host, &leak->graph);
    if (leak->each_area)
        leak->each_area(leak->root_user, visit_area, &leak->graph);
    for (size_t i = 0; i < leak->n_ranges; i++)
        reach_range(leak, &leak->ranges[i]);
}

static unsigned checks_of(const struct mm_heap *heap, uint32_t offset)
{
    unsigned index = heap->page_map[offset >> MMSIM_PAGE_SHIFT];
    return index >= MM_HEAP_FIRST_SET ? heap->sets[index]->checks : 0;
}

/* Somebody answers for an object that nothing leads to: a scope, or the current step. */
static void reach_if_held(void *user, uint32_t node, uint32_t offset)
{
    struct mm_leak *leak = user;
    unsigned checks = checks_of(leak->heap, offset);
    bool is_young = (checks & MM_CHECK_TRACK) && leak->young_step != UINT64_MAX &&
                    mm_checked_track(leak->heap, offset).alloc_step >= leak->young_step;
    if (is_young || mm_scope_of(leak->heap, offset))
        mm_leak_reach(&leak->graph, node);
}

enum mmsim_status mm_leak_scan(struct mm_leak *leak, enum mmsim_leak_mode mode,
                               struct mmsim_leak_result *result)
{
    *result = (struct mmsim_leak_result){0};
    leak->n_rows = 0;
    if (!mm_leak_graph_build(&leak->graph, mode))
        return MMSIM_HOST_MEMORY;
    result->n_scanned = leak->graph.n_read;
    result->scanned_bytes = leak->graph.bytes_read;
    reach_roots(leak);
    mm_leak_mark_all(&leak->graph);
    mm_leak_each_white(&leak->graph, reach_if_held, leak);
    mm_leak_mark_all(&leak->graph);
    return mm_leak_group(leak, result) ? MMSIM_OK : MMSIM_HOST_MEMORY;
}
