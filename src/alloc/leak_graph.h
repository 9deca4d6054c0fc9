/*
 * leak_graph.h - which objects lead to which: the heap as a graph in compact arrays.
 *
 * Following pointers from object to object through a large heap costs a miss in the host's caches
 * at every step. So memory is read once, in ascending order, objects that nobody can reach
 * included (leak_read.c); what could be a pointer is noted as an edge, and everything else is done
 * on the edges, which are a small fraction of the heap.
 *
 *   nodes   slots of slabs, in ascending order, free ones too; runs of pages. Node 0 is nothing
 *   edges   targets[first_edges[n]] up to targets[first_edges[n + 1]] are the nodes that n leads
 *           to; those to node 0 and to free slots mean nothing
 *
 *   white   a live object that nothing has led to yet
 *   grey    it has been reached, and is still to be looked into
 *
 *   white --reach--> grey --mark_all--> black (neither)
 *
 * Work that is left is a bit map too, the grey one: regions of 4096 nodes that have grey ones wait
 * in a ring, and a region's nodes are looked into in ascending order. That takes a fixed amount of
 * memory, and reads the arrays nearly in sequence.
 *
 * What leads where is defined in leak_words.h. The arrays are sparse mappings of the host's and are
 * kept for the next search.
 *
 * Invariants: (1) nodes ascend with the addresses of their objects; (2) white and grey nodes are
 * live objects, none both; (3) bit w of summary[r] is set if word w of region r has grey nodes; (4)
 * a region is in the ring, once, if its summary is not 0, or it is the one being looked into.
 */
#ifndef MM_ALLOC_LEAK_GRAPH_H
#define MM_ALLOC_LEAK_GRAPH_H

#include <mmsim/alloc.h>

#include "alloc/leak_words.h"

enum { MM_LEAK_REGION_WORDS = 64, MM_LEAK_REGION_NODES = 4096 };

/* Of a set of slabs: where in a slab its slots lie. */
struct mm_leak_layout {
    uint32_t mask;    /* of an offset: what it is within its slab */
    uint32_t first;   /* where the first slot begins, within a slab */
    uint32_t inverse; /* 2^32 / bytes of a slot, rounded up; 0: there is only one */
    uint16_t n_slots; /* 0: no objects here */
    bool is_coloured; /* `first` is another one in each slab */
};

/* Of 64 nodes. */
struct mm_leak_colours {
    uint64_t white, grey;
};

struct mm_leak_graph {
    const struct mm_heap *heap;
    enum mmsim_leak_mode mode;
    uint32_t
        *pages; /* by pfn: node of the first slot of its slab or run << 8, | index of its set */
    struct mm_leak_layout layouts[MM_HEAP_MAX_SETS];
    uint32_t *first_edges;           /* by node; n_nodes + 1 */
    uint32_t *targets;               /* by edge */
    struct mm_leak_colours *colours; /* by node / 64 */
    uint64_t *summary;               /* by region */
    uint16_t *ring;                  /* of regions */
    uint8_t *queued;                 /* by region */
    uint32_t n_nodes, n_edges, n_regions;
    uint32_t n_resolved; /* edges, while they are read: the rest are offsets of words */
    uint32_t ring_first, n_ring;
    uint64_t n_read, bytes_read; /* objects */
};

/* Nothing yet; fini() returns all memory. */
void mm_leak_graph_init(struct mm_leak_graph *graph, const struct mm_heap *heap);
void mm_leak_graph_fini(struct mm_leak_graph *graph);

/* Numbers the nodes of the heap as it is now; no edges, none white. False: no host memory. */
bool mm_leak_graph_begin(struct mm_leak_graph *graph);

/* leak_read.c: numbers and reads: every live object is white. False: no host memory. */
bool mm_leak_graph_build(struct mm_leak_graph *graph, enum mmsim_leak_mode mode);

/* The same for coloured slabs. */
uint32_t mm_leak_coloured_node_at(const struct mm_leak_graph *graph, uint32_t offset);

/* The node whose slot holds this byte of low memory, live or not; 0: none. */
static inline uint32_t mm_leak_node_at(const struct mm_leak_graph *graph, uint32_t offset)
{
    uint32_t page = graph->pages[offset >> MMSIM_PAGE_SHIFT];
    const struct mm_leak_layout *layout = &graph->layouts[page & 0xff];
    if (__builtin_expect(layout->is_coloured, 0))
        return mm_leak_coloured_node_at(graph, offset);
    uint64_t place = (offset & layout->mask) - layout->first;
    uint32_t slot = (uint32_t)((place * layout->inverse) >> 32);
    return slot < layout->n_slots ? (page >> 8) + slot : 0;
}

/* A slab or a run. */
struct mm_leak_slab {
    const struct mm_slab_set *set; /* NULL: a run */
    uint32_t node;                 /* of its first slot */
    uint32_t n_slots;
    uint32_t first; /* offset of that slot in RAM; of its pages, if the object begins anywhere */
    uint32_t slot_bytes; /* 0: there is only one */
};

/* The slab or run that begins with this page; false: none does. */
bool mm_leak_slab_at(const struct mm_leak_graph *graph, mmsim_pfn pfn, struct mm_leak_slab *slab);

/* The live object of a slab or run that has only one; MM_LEAK_NONE. */
uint32_t mm_leak_only_object(const struct mm_leak_graph *graph, const struct mm_leak_slab *slab);

/* Calls visit() for each white node in ascending order, with the object's first byte. */
void mm_leak_each_white(const struct mm_leak_graph *graph,
                        void (*visit)(void *user, uint32_t node, uint32_t offset), void *user);

static inline bool mm_leak_is_white(const struct mm_leak_graph *graph, uint32_t node)
{
    return graph->colours[node / 64].white >> (node % 64) & 1;
}

/* It is white no more, and not looked into. */
static inline void mm_leak_blacken(struct mm_leak_graph *graph, uint32_t node)
{
    graph->colours[node / 64].white &= ~((uint64_t)1 << (node % 64));
}

/* A white node turns grey; others stay as they are. */
void mm_leak_reach(struct mm_leak_graph *graph, uint32_t node);

/* Everything that grey nodes lead to, step by step, is black. */
void mm_leak_mark_all(struct mm_leak_graph *graph);

#endif
