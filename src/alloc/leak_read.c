/*
 * leak_read.c - reading the heap: every word that could lead to an object becomes an edge.
 *
 * The hot loop reads 64 bytes as two vectors of eight words, in the portable notation of GCC and
 * Clang: two comparisons a vector say which words could be kernel addresses and which could be
 * upper halves of host pointers. What passes is noted without a branch that could be mispredicted,
 * so that memory is read as fast as the host can.
 *
 * Objects of the simulator's own, and those of caches that say where their pointers lie, are read
 * word by word as leak_words.h defines it; and so is everything while there are guarded objects,
 * which have addresses that only a search finds.
 */
#include <string.h>

#include "alloc/checked.h"
#include "alloc/leak_graph.h"
#include "base/wide.h"

enum { BLOCK_BYTES = 64, BLOCK_WORDS = 16, RESOLVE_EDGES = 4096 };

/* Eight words that are compared at a time. */
typedef uint32_t lanes __attribute__((vector_size(32)));
typedef int32_t signed_lanes __attribute__((vector_size(32)));
typedef uint64_t quarters __attribute__((vector_size(32)));

/* x lies in the range if, as a signed number, x + bias is less than `limit`. */
struct range {
    uint32_t bias;
    int32_t limit;
};

/* What a word could be. */
struct view {
    const uint8_t *ram;
    uint64_t ram_bytes;
    uint32_t low_bytes;
    struct range addresses;
    struct range pointers; /* their upper halves: */
    uint32_t first_upper, n_uppers;
};

static struct range range_of(uint32_t start, uint32_t n_bytes)
{
    uint32_t least = (uint32_t)INT32_MIN;
    return (struct range){least - start, (int32_t)(n_bytes + least)};
}

static struct view view_of(const struct mm_heap *heap)
{
    uint64_t first = (uintptr_t)heap->ram, last = first + heap->zones->phys->n_bytes - 1;
    uint32_t upper = (uint32_t)(first >> 32), low = (uint32_t)MM_LOWMEM_START;
    uint32_t n_uppers = (uint32_t)(last >> 32) - upper + 1;
    return (struct view){
        .ram = heap->ram,
        .ram_bytes = heap->zones->phys->n_bytes,
        .low_bytes = heap->low_bytes,
        .addresses = range_of(low, heap->low_bytes - low),
        .pointers = range_of(upper, n_uppers),
        .first_upper = upper,
        .n_uppers = n_uppers,
    };
}

/* ---- words that could be pointers ---- */

/* A bit for each word of a block that could be a pointer, or the upper half of one. */
MM_WIDE_PART uint32_t match_block(const struct view *view, const uint8_t *at)
{
    const lanes bits[2] = {{1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7},
                           {1 << 8, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15}};
    lanes matches = {0};
    for (unsigned i = 0; i < 2; i++) {
        lanes words;
        memcpy(&words, at + i * sizeof words, sizeof words);
        signed_lanes could =
            ((signed_lanes)(words + view->addresses.bias) < view->addresses.limit) |
            ((signed_lanes)(words + view->pointers.bias) < view->pointers.limit);
        matches |= (lanes)could & bits[i];
    }
    quarters all = (quarters)matches;
    uint64_t both = (all[0] | all[1]) | (all[2] | all[3]);
    return (uint32_t)(both | both >> 32);
}

/* Notes the offset of the first word that matched, if there is one, and takes it out. */
MM_WIDE_PART uint32_t *note_first(uint32_t offset, uint32_t *matches, uint32_t *notes)
{
    *notes = offset + 4 * (uint32_t)__builtin_ctz(*matches | 1u << (BLOCK_WORDS - 1));
    notes += *matches != 0;
    *matches &= *matches - 1;
    return notes;
}

/* Notes the offsets of the words that matched: of two words without asking whether they exist, as
 * there are seldom more. Returns where the next note goes. */
MM_WIDE_PART uint32_t *note(uint32_t offset, uint32_t matches, uint32_t *notes)
{
    notes = note_first(offset, &matches, notes);
    notes = note_first(offset, &matches, notes);
    while (__builtin_expect(matches != 0, 0))
        notes = note_first(offset, &matches, notes);
    return notes;
}

MM_WIDE_PART uint32_t *read_words(const struct view *view, uint32_t offset, uint32_t n_bytes,
                                  uint32_t *notes)
{
    uint32_t end = offset + n_bytes;
    for (; end - offset >= BLOCK_BYTES; offset += BLOCK_BYTES)
        notes = note(offset, match_block(view, view->ram + offset), notes);
    if (offset == end)
        return notes;
    if (view->low_bytes - offset < BLOCK_BYTES) { /* no whole block is left to read */
        for (; end - offset >= 4; offset += 4)
            *notes++ = offset;
        return notes;
    }
    uint32_t matches = match_block(view, view->ram + offset) & ((1u << (end - offset) / 4) - 1);
    return note(offset, matches, notes);
}

MM_WIDE static uint32_t *read_one(const struct view *given, uint32_t offset, uint32_t n_bytes,
                                  uint32_t *notes)
{
    struct view view = *given;
    return read_words(&view, offset, n_bytes, notes);
}

/* Slots of one size: nearly all that there is. `live` and the results are by slot. */
struct slots {
    uint32_t first, slot_bytes, n;
    uint32_t *first_edges;
};

MM_WIDE static uint32_t *read_slots(const struct view *given, const struct slots *slots,
                                    const struct mm_heap *heap, uint32_t *edges, uint32_t n_edges)
{
    struct view view = *given;
    uint32_t offset = slots->first, *notes = edges + n_edges;
    for (uint32_t i = 0; i < slots->n; i++, offset += slots->slot_bytes) {
        slots->first_edges[i] = (uint32_t)(notes - edges);
        if (heap->live[offset >> 10] >> ((offset >> 4) & 63) & 1)
            notes = read_words(&view, offset, slots->slot_bytes, notes);
    }
    return notes;
}

/* ---- edges ---- */

static inline uint32_t load(const struct view *view, uint32_t offset)
{
    uint32_t word;
    memcpy(&word, view->ram + offset, sizeof word);
    return word;
}

/* The same for a word whose pair looks like a host pointer. What the lower half of one looks like
 * does not count. */
static uint32_t place_of_pointer(const struct view *view, uint32_t word)
{
    uint64_t pair = load(view, word & ~4u) | (uint64_t)load(view, word | 4) << 32;
    uint64_t offset = pair - (uintptr_t)view->ram;
    if (offset >= view->ram_bytes)
        return load(view, word);
    return (word & 4) && offset < view->low_bytes ? (uint32_t)offset : 0;
}

/* The offset in RAM that a word leads to; 0: none. */
static inline uint32_t place_of(const struct view *view, uint32_t word)
{
    uint32_t place = load(view, word);
    if (load(view, word | 4) - view->first_upper < view->n_uppers)
        place = place_of_pointer(view, word);
    return place < view->low_bytes ? place : 0;
}

/* Edges that are still the offsets of words become nodes, in two passes: what the second needs is
 * on its way into the cache since the first. */
static void resolve(struct mm_leak_graph *graph, const struct view *given)
{
    struct view view = *given;
    const uint32_t *pages = graph->pages;
    uint32_t *first = graph->targets + graph->n_resolved, *end = graph->targets + graph->n_edges;
    for (uint32_t *edge = first; edge < end; edge++) {
        *edge = place_of(&view, *edge);
        __builtin_prefetch(&pages[*edge >> MMSIM_PAGE_SHIFT]);
    }
    for (uint32_t *edge = first; edge < end; edge++)
        *edge = mm_leak_node_at(graph, *edge);
    graph->n_resolved = graph->n_edges;
}

/* ---- objects ---- */

/* How the objects of a set are read. */
enum manner {
    BY_SLOT,   /* all bytes of each slot */
    BY_BYTES,  /* as many bytes as the object has */
    BY_MEANING /* word by word */
};

static enum manner manner_of(const struct mm_leak_graph *graph, const struct mm_slab_set *set,
                             bool has_areas)
{
    const struct mm_cache *cache = set ? set->owner : NULL;
    bool is_declared = cache && cache->pointer_offsets && graph->mode == MMSIM_LEAK_EXACT;
    if (has_areas || mm_leak_is_own(cache) || is_declared)
        return BY_MEANING;
    return set && !(set->checks & MM_CHECKS_CALLS) ? BY_SLOT : BY_BYTES;
}

static void add_edge(void *user, uint32_t target)
{
    struct mm_leak_graph *graph = user;
    graph->targets[graph->n_edges++] = mm_leak_node_at(graph, target);
}

static void read_object(struct mm_leak_graph *graph, const struct view *view, enum manner manner,
                        uint32_t offset)
{
    struct mm_heap_object object;
    if (manner == BY_MEANING) {
        struct mm_leak_reader reader = {graph->heap, graph->mode, add_edge, graph};
        resolve(graph, view);
        graph->bytes_read += mm_leak_read_object(&reader, offset);
        graph->n_resolved = graph->n_edges;
        return;
    }
    mm_heap_find(graph->heap, offset, &object);
    uint32_t n_bytes = mm_leak_readable_bytes(graph->heap, &object);
    uint32_t *notes = read_one(view, offset, n_bytes, graph->targets + graph->n_edges);
    graph->n_edges = (uint32_t)(notes - graph->targets);
    graph->bytes_read += n_bytes;
}

static void whiten(struct mm_leak_graph *graph, uint32_t node)
{
    graph->colours[node / 64].white |= (uint64_t)1 << (node % 64);
    graph->n_read++;
}

static void read_slab(struct mm_leak_graph *graph, const struct view *view,
                      const struct mm_leak_slab *slab)
{
    struct slots slots = {slab->first, slab->slot_bytes, slab->n_slots,
                          graph->first_edges + slab->node};
    uint32_t *notes = read_slots(view, &slots, graph->heap, graph->targets, graph->n_edges);
    uint32_t offset = slab->first;
    uint64_t n_before = graph->n_read;
    for (uint32_t i = 0; i < slab->n_slots; i++, offset += slab->slot_bytes)
        if (mm_heap_is_live(graph->heap, offset))
            whiten(graph, slab->node + i);
    graph->n_edges = (uint32_t)(notes - graph->targets);
    graph->bytes_read += (graph->n_read - n_before) * slab->slot_bytes;
}

static void read_objects(struct mm_leak_graph *graph, const struct view *view,
                         const struct mm_leak_slab *slab, enum manner manner)
{
    for (uint32_t i = 0; i < slab->n_slots; i++) {
        uint32_t offset = slab->slot_bytes ? slab->first + i * slab->slot_bytes
                                           : mm_leak_only_object(graph, slab);
        graph->first_edges[slab->node + i] = graph->n_edges;
        if (offset == MM_LEAK_NONE || !mm_heap_is_live(graph->heap, offset))
            continue;
        whiten(graph, slab->node + i);
        read_object(graph, view, manner, offset);
    }
}

static bool has_areas(const struct mm_heap *heap)
{
    for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS; i++)
        if (heap->sets[i] && heap->sets[i]->n_taken > 0 &&
            mm_checked_is_guarded(heap->sets[i]->checks))
            return true;
    return false;
}

bool mm_leak_graph_build(struct mm_leak_graph *graph, enum mmsim_leak_mode mode)
{
    if (!mm_leak_graph_begin(graph))
        return false;
    graph->mode = mode;
    struct view view = view_of(graph->heap);
    bool areas = has_areas(graph->heap);
    struct mm_leak_slab slab;
    graph->n_resolved = 0;
    for (mmsim_pfn pfn = 0; pfn < graph->heap->low_bytes >> MMSIM_PAGE_SHIFT; pfn++) {
        if (!mm_leak_slab_at(graph, pfn, &slab))
            continue;
        enum manner manner = manner_of(graph, slab.set, areas);
        if (manner == BY_SLOT)
            read_slab(graph, &view, &slab);
        else
            read_objects(graph, &view, &slab, manner);
        if (graph->n_edges - graph->n_resolved >= RESOLVE_EDGES)
            resolve(graph, &view);
    }
    resolve(graph, &view);
    graph->first_edges[graph->n_nodes] = graph->n_edges;
    return true;
}
