/* leak_graph.c - nodes and marking; see leak_graph.h. */
#include "alloc/leak_graph.h"

#include <string.h>

#include "alloc/checked.h"
#include "base/host.h"

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
    size_t pages, first_edges, places, colours, summary, ring, queued;
};

static struct sizes sizes_of(const struct mm_heap *heap)
{
    const struct mm_leak_graph *graph = NULL;
    return (struct sizes){
        .pages = ((size_t)heap->low_bytes >> MMSIM_PAGE_SHIFT) * sizeof *graph->pages,
        .first_edges = most_nodes(heap) * sizeof *graph->first_edges,
        .places = heap->low_bytes + MMSIM_PAGE_SIZE,
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
    mm_host_release(graph->places, sizes.places);
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
    graph->places = mm_host_reserve(sizes.places);
    graph->colours = mm_host_reserve(sizes.colours);
    graph->summary = mm_host_reserve(sizes.summary);
    graph->ring = mm_host_reserve(sizes.ring);
    graph->queued = mm_host_reserve(sizes.queued);
    if (graph->pages && graph->first_edges && graph->places && graph->colours && graph->summary &&
        graph->ring && graph->queued)
        return true;
    mm_leak_graph_fini(graph);
    return false;
}

/* ---- numbering ---- */

static void number_slab(struct mm_leak_graph *graph, mmsim_pfn pfn, const struct mm_slab_set *set)
{
    bool is_single = mm_checked_is_guarded(set->checks); /* such objects begin anywhere */
    struct mm_leak_page page = {
        .node = graph->n_nodes,
        .first = is_single ? pfn << MMSIM_PAGE_SHIFT : mm_slab_first(set, pfn),
        .inverse = is_single ? 0 : set->slot_inverse,
        .n_slots = set->layout.per_slab,
    };
    for (mmsim_pfn i = 0; i < (mmsim_pfn)1 << set->layout.order; i++)
        graph->pages[pfn + i] = page;
    graph->n_nodes += page.n_slots;
}

static void number_run(struct mm_leak_graph *graph, mmsim_pfn pfn)
{
    uint32_t offset = pfn << MMSIM_PAGE_SHIFT;
    uint64_t n_frames = mm_heap_run_frames(graph->heap, offset);
    for (uint64_t i = 0; i < n_frames; i++)
        graph->pages[pfn + i] =
            (struct mm_leak_page){.node = graph->n_nodes, .first = offset, .n_slots = 1};
    graph->n_nodes++;
}

static void number_page(struct mm_leak_graph *graph, mmsim_pfn pfn)
{
    const struct mm_heap *heap = graph->heap;
    unsigned index = heap->page_map[pfn];
    const struct mm_slab_set *set = index >= MM_HEAP_FIRST_SET ? heap->sets[index] : NULL;
    if (set && pfn == mm_slab_of(set, pfn << MMSIM_PAGE_SHIFT))
        number_slab(graph, pfn, set);
    else if (index == MM_HEAP_SET_RUN && mm_heap_is_live(heap, (uint64_t)pfn << MMSIM_PAGE_SHIFT))
        number_run(graph, pfn);
    else if (!set && index != MM_HEAP_SET_RUN)
        graph->pages[pfn].n_slots = 0;
}

bool mm_leak_graph_begin(struct mm_leak_graph *graph)
{
    if (!take_memory(graph))
        return false;
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

/* ---- from nodes to objects ---- */

uint32_t mm_leak_only_object(const struct mm_leak_graph *graph, const struct mm_leak_page *page)
{
    struct mm_heap_object object;
    if (!mm_heap_next(graph->heap, page->first, &object) ||
        mm_leak_node_at(graph, object.offset) != page->node)
        return MM_LEAK_NONE;
    return object.offset;
}

static void visit_page(const struct mm_leak_graph *graph, mmsim_pfn pfn,
                       void (*visit)(void *user, uint32_t node, uint32_t offset), void *user)
{
    const struct mm_leak_page *page = &graph->pages[pfn];
    unsigned index = graph->heap->page_map[pfn];
    for (uint32_t i = 0; i < page->n_slots; i++) {
        if (!mm_leak_is_white(graph, page->node + i))
            continue;
        uint32_t offset = page->inverse
                              ? page->first + i * graph->heap->sets[index]->layout.slot_bytes
                              : mm_leak_only_object(graph, page);
        visit(user, page->node + i, offset);
    }
}

void mm_leak_each_white(const struct mm_leak_graph *graph,
                        void (*visit)(void *user, uint32_t node, uint32_t offset), void *user)
{
    uint32_t next = 1; /* node of the slab or run that comes now */
    for (mmsim_pfn pfn = 0; next < graph->n_nodes; pfn++) {
        const struct mm_leak_page *page = &graph->pages[pfn];
        if (page->n_slots == 0 || page->node != next)
            continue;
        visit_page(graph, pfn, visit, user);
        next += page->n_slots;
    }
}

/* ---- marking ---- */

static void queue_region(struct mm_leak_graph *graph, uint32_t region)
{
    uint32_t at = graph->ring_first + graph->n_ring++;
    graph->queued[region] = 1;
    graph->ring[at < graph->n_regions ? at : at - graph->n_regions] = (uint16_t)region;
}

/* Without a branch that depends on the colour: half of all words lead to what is black already. */
static inline void reach(struct mm_leak_graph *graph, uint32_t node)
{
    struct mm_leak_colours *colours = &graph->colours[node / 64];
    uint64_t bit = colours->white & (uint64_t)1 << (node % 64);
    uint32_t region = node / MM_LEAK_REGION_NODES;
    colours->white ^= bit;
    colours->grey |= bit;
    graph->summary[region] |= (uint64_t)(bit != 0) << (node / 64 % MM_LEAK_REGION_WORDS);
    if (__builtin_expect(!graph->queued[region] && bit, 0))
        queue_region(graph, region);
}

void mm_leak_reach(struct mm_leak_graph *graph, uint32_t node)
{
    reach(graph, node);
}

static inline void look_into(struct mm_leak_graph *graph, uint32_t node)
{
    const uint32_t *place = graph->places + graph->first_edges[node];
    const uint32_t *end = graph->places + graph->first_edges[node + 1];
    for (; place < end; place++)
        reach(graph, mm_leak_node_at(graph, *place));
}

static void look_into_region(struct mm_leak_graph *graph, uint32_t region)
{
    uint64_t *summary = &graph->summary[region];
    while (*summary) {
        uint32_t word = region * MM_LEAK_REGION_WORDS + (uint32_t)__builtin_ctzll(*summary);
        uint64_t bits = graph->colours[word].grey;
        graph->colours[word].grey = 0;
        *summary &= *summary - 1;
        for (; bits; bits &= bits - 1)
            look_into(graph, word * 64 + (uint32_t)__builtin_ctzll(bits));
    }
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
