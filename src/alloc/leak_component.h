/*
 * leak_component.h - strongly connected components of the lost objects: who leads to whom and back.
 *
 * Tarjan's algorithm with stacks of its own, on the white nodes of a graph: a list of a million
 * objects is a path of a million nodes.
 *
 * Invariants: (1) every white node is in one component; (2) the root of a component that
 * no other leads to is its lowest node; (3) is_led_to[c] if an edge from another component's white
 * node leads into c.
 */
#ifndef MM_ALLOC_LEAK_COMPONENT_H
#define MM_ALLOC_LEAK_COMPONENT_H

#include "alloc/leak_graph.h"

/* All arrays are sparse mappings of the host's. */
struct mm_leak_components {
    uint32_t *of_node;  /* component of a white node */
    uint32_t *roots;    /* by component */
    uint8_t *is_led_to; /* by component */
    uint32_t n;
    size_t room; /* nodes, or components */
};

/* False: no host memory, nothing to end. */
bool mm_leak_components_find(struct mm_leak_components *components, struct mm_leak_graph *graph);
void mm_leak_components_end(struct mm_leak_components *components);

#endif
