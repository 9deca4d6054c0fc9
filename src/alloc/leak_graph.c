/* leak_graph.c - nodes and marking; see leak_graph.h. */
#include "alloc/leak_graph.h"

#include <string.h>

#include "alloc/checked.h"
#include "base/host.h"

enum { BATCH_NODES = 256, AHEAD_NODES = 8 };

/* ---- memory ---- */

static size_t n_granules(const struct mm_heap *heap)
{
    return heap->low_bytes / MM_HEAP_GRANULE;
}

/* As many nodes as there are granules, node 0, and one past the last. */
static size_t most_nodes(const struct mm_heap *heap)
{
    return n_granules(heap) + 2;
}

static size_t most_regions(const struct mm_heap *heap)
{
    return most_nodes(heap) / MM_LEAK_REGION_NODES + 1;
}

/* Bytes of each array, at most. An edge for each 4 bytes, and room for what is noted in advance. */
struct sizes {
    size_t pages, first_edges, targets, colours, summary, ring, queued;
};

static struct sizes sizes_of(const struct mm_heap *heap)
{
    const struct mm_leak_graph *graph = NULL;
    return (struct sizes){
        .pages = ((size_t)heap->low_bytes >> MMSIM_PAGE_SHIFT) * sizeof *graph->pages,
        .first_edges = most_nodes(heap) * sizeof *graph->first_edges,
        .targets = heap->low_bytes + MMSIM_PAGE_SIZE,
        .colours = (most_nodes(heap) / 64 + 1) * sizeof *graph->colours,
        .summary = most_regions(heap) * sizeof *graph->summary,
        .ring = most_regions(heap) * sizeof *graph->ring,
        .queued = most_regions(heap) * sizeof *graph->queued,
    };
}

void mm_leak_graph_init(struct mm_leak_graph *graph, const struct mm_heap *heap)
{
    *graph = (struct mm_leak_graph){.heap = heap};
}

void mm_leak_graph_fini(struct mm_leak_graph *graph)
{
    struct sizes sizes = sizes_of(graph->heap);
    mm_host_release(graph->pages, sizes.pages);
    mm_host_release(graph->first_edges, sizes.first_edges);
    mm_host_release(graph->targets, sizes.targets);
    mm_host_release(graph->colours, sizes.colours);
    mm_host_release(graph->summary, sizes.summary);
    mm_host_release(graph->ring, sizes.ring);
    mm_host_release(graph->queued, sizes.queued);
    mm_leak_graph_init(graph, graph->heap);
}

static bool take_memory(struct mm_leak_graph *graph)
{
    struct sizes sizes = sizes_of(graph->heap);
    if (graph->pages)
        return true;
    graph->pages = mm_host_reserve(sizes.pages);
    graph->first_edges = mm_host_reserve(sizes.first_edges);
    graph->targets = mm_host_reserve(sizes.targets);
    graph->colours = mm_host_reserve(sizes.colours);
    graph->summary = mm_host_reserve(sizes.summary);
    graph->ring = mm_host_reserve(sizes.ring);
    graph->queued = mm_host_reserve(sizes.queued);
    if (graph->pages && graph->first_edges && graph->targets && graph->colours && graph->summary &&
        graph->ring && graph->queued)
        return true;
    mm_leak_graph_fini(graph);
    return false;
}

/* ---- numbering ---- */

static struct mm_leak_layout layout_of(const struct mm_slab_set *set)
{
    if (mm_checked_is_guarded(set->checks)) /* one object, which begins anywhere */
        return (struct mm_leak_layout){.n_slots = 1};
    return (struct mm_leak_layout){
        .mask = ((uint32_t)MMSIM_PAGE_SIZE << set->layout.order) - 1,
        .first = set->layout.first,
        .inverse = set->slot_inverse,
        .n_slots = set->layout.per_slab,
        .is_coloured = set->layout.n_colours > 1,
    };
}

static void note_layouts(struct mm_leak_graph *graph)
{
    memset(graph->layouts, 0, sizeof graph->layouts);
    graph->layouts[MM_HEAP_SET_RUN].n_slots = 1;
    for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS; i++)
        if (graph->heap->sets[i])
            graph->layouts[i] = layout_of(graph->heap->sets[i]);
}

/* The page begins a slab or a run, or is in one. */
static bool begins(const struct mm_heap *heap, mmsim_pfn pfn)
{
    unsigned index = heap->page_map[pfn];
    uint32_t offset = pfn << MMSIM_PAGE_SHIFT;
    if (index == MM_HEAP_SET_RUN)
        return mm_heap_is_live(heap, offset);
    return index >= MM_HEAP_FIRST_SET && pfn == mm_slab_of(heap->sets[index], offset);
}

/* Pages of a slab or run that begins further down have its entry already: the one before theirs. */
static void number_page(struct mm_leak_graph *graph, mmsim_pfn pfn)
{
    unsigned index = graph->heap->page_map[pfn];
    if (begins(graph->heap, pfn)) {
        graph->pages[pfn] = graph->n_nodes << 8 | index;
        graph->n_nodes += graph->layouts[index].n_slots;
    } else {
        bool is_inside = index >= MM_HEAP_FIRST_SET || index == MM_HEAP_SET_RUN;
        graph->pages[pfn] = is_inside ? graph->pages[pfn - 1] : 0;
    }
}

bool mm_leak_graph_begin(struct mm_leak_graph *graph)
{
    if (!take_memory(graph))
        return false;
    note_layouts(graph);
    graph->n_nodes = 1;
    for (mmsim_pfn pfn = 0; pfn < graph->heap->low_bytes >> MMSIM_PAGE_SHIFT; pfn++)
        number_page(graph, pfn);
    graph->n_regions = graph->n_nodes / MM_LEAK_REGION_NODES + 1;
    graph->n_edges = graph->ring_first = graph->n_ring = 0;
    graph->n_read = graph->bytes_read = 0;
    graph->first_edges[0] = 0;
    memset(graph->colours, 0, (graph->n_nodes / 64 + 1) * sizeof *graph->colours);
    return true;
}

/* ---- between nodes and objects ---- */

uint32_t mm_leak_coloured_node_at(const struct mm_leak_graph *graph, uint32_t offset)
{
    uint32_t page = graph->pages[offset >> MMSIM_PAGE_SHIFT];
    const struct mm_slab_set *set = graph->heap->sets[page & 0xff];
    uint32_t object = mm_slab_object(set, offset);
    if (object == MM_SLAB_NO_OBJECT)
        return 0;
    uint32_t first = mm_slab_first(set, mm_slab_of(set, offset));
    return (page >> 8) + (object - first) / set->layout.slot_bytes;
}

bool mm_leak_slab_at(const struct mm_leak_graph *graph, mmsim_pfn pfn, struct mm_leak_slab *slab)
{
    const struct mm_heap *heap = graph->heap;
    unsigned index = heap->page_map[pfn];
    if (!begins(heap, pfn))
        return false;
    *slab = (struct mm_leak_slab){.node = graph->pages[pfn] >> 8,
                                  .n_slots = graph->layouts[index].n_slots,
                                  .first = pfn << MMSIM_PAGE_SHIFT};
    if (index != MM_HEAP_SET_RUN)
        slab->set = heap->sets[index];
    if (graph->layouts[index].inverse == 0)
        return true;
    slab->first = mm_slab_first(slab->set, pfn);
    slab->slot_bytes = slab->set->layout.slot_bytes;
    return true;
}

uint32_t mm_leak_only_object(const struct mm_leak_graph *graph, const struct mm_leak_slab *slab)
{
    struct mm_heap_object object;
    if (!mm_heap_next(graph->heap, slab->first, &object) ||
        mm_leak_node_at(graph, object.offset) != slab->node)
        return MM_LEAK_NONE;
    return object.offset;
}

static void visit_slab(const struct mm_leak_graph *graph, const struct mm_leak_slab *slab,
                       void (*visit)(void *user, uint32_t node, uint32_t offset), void *user)
{
    for (uint32_t i = 0; i < slab->n_slots; i++)
        if (mm_leak_is_white(graph, slab->node + i))
            visit(user, slab->node + i,
                  slab->slot_bytes ? slab->first + i * slab->slot_bytes
                                   : mm_leak_only_object(graph, slab));
}

void mm_leak_each_white(const struct mm_leak_graph *graph,
                        void (*visit)(void *user, uint32_t node, uint32_t offset), void *user)
{
    struct mm_leak_slab slab;
    for (mmsim_pfn pfn = 0; pfn < graph->heap->low_bytes >> MMSIM_PAGE_SHIFT; pfn++)
        if (mm_leak_slab_at(graph, pfn, &slab))
            visit_slab(graph, &slab, visit, user);
}

/* ---- marking ---- */

static void queue_region(struct mm_leak_graph *graph, uint32_t region)
{
    uint32_t at = graph->ring_first + graph->n_ring++;
    graph->queued[region] = 1;
    graph->ring[at < graph->n_regions ? at : at - graph->n_regions] = (uint16_t)region;
}

static inline void reach(struct mm_leak_graph *graph, uint32_t node)
{
    struct mm_leak_colours *colours = &graph->colours[node / 64];
    uint64_t bit = (uint64_t)1 << (node % 64);
    uint32_t region = node / MM_LEAK_REGION_NODES;
    if (!(colours->white & bit))
        return;
    colours->white ^= bit;
    colours->grey |= bit;
    graph->summary[region] |= (uint64_t)1 << (node / 64 % MM_LEAK_REGION_WORDS);
    if (__builtin_expect(!graph->queued[region], 0))
        queue_region(graph, region);
}

void mm_leak_reach(struct mm_leak_graph *graph, uint32_t node)
{
    reach(graph, node);
}

/* Nodes that wait for what is known of them to come into the host's cache. */
struct batch {
    uint32_t n;
    uint32_t nodes[BATCH_NODES];
};

static void reach_batch(struct mm_leak_graph *graph, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->n; i++)
        reach(graph, batch->nodes[i]);
    batch->n = 0;
}

static inline void look_into(struct mm_leak_graph *graph, uint32_t node, struct batch *batch)
{
    const uint32_t *target = graph->targets + graph->first_edges[node];
    const uint32_t *end = graph->targets + graph->first_edges[node + 1];
    for (; target < end; target++) {
        __builtin_prefetch(&graph->colours[*target / 64], 1);
        batch->nodes[batch->n++] = *target;
        if (__builtin_expect(batch->n == BATCH_NODES, 0))
            reach_batch(graph, batch);
    }
}

/* Takes up to BATCH_NODES grey nodes of a region, in ascending order. */
static unsigned take_grey(struct mm_leak_graph *graph, uint32_t region, uint32_t *nodes)
{
    uint64_t *summary = &graph->summary[region];
    unsigned n = 0;
    while (*summary && n <= BATCH_NODES - 64) {
        uint32_t word = region * MM_LEAK_REGION_WORDS + (uint32_t)__builtin_ctzll(*summary);
        uint64_t bits = graph->colours[word].grey;
        graph->colours[word].grey = 0;
        *summary &= *summary - 1;
        for (; bits; bits &= bits - 1) {
            nodes[n] = word * 64 + (uint32_t)__builtin_ctzll(bits);
            __builtin_prefetch(&graph->first_edges[nodes[n++]]);
        }
    }
    return n;
}

static void look_into_region(struct mm_leak_graph *graph, uint32_t region)
{
    struct batch grey, reached = {.n = 0};
    do {
        while ((grey.n = take_grey(graph, region, grey.nodes)) > 0) {
            for (uint32_t i = 0; i < grey.n; i++) {
                uint32_t ahead = i + AHEAD_NODES < grey.n ? i + AHEAD_NODES : i;
                __builtin_prefetch(&graph->targets[graph->first_edges[grey.nodes[ahead]]]);
                look_into(graph, grey.nodes[i], &reached);
            }
        }
        reach_batch(graph, &reached);
    } while (graph->summary[region]);
}

void mm_leak_mark_all(struct mm_leak_graph *graph)
{
    while (graph->n_ring > 0) {
        uint32_t region = graph->ring[graph->ring_first];
        if (++graph->ring_first == graph->n_regions)
            graph->ring_first = 0;
        graph->n_ring--;
        look_into_region(graph, region);
        graph->queued[region] = 0;
    }
}
