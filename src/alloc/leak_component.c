/* leak_component.c - Tarjan's algorithm; see leak_component.h. */
#include "alloc/leak_component.h"

#include "base/host.h"

/* A node of the path, from which edges are still to be followed. */
struct step {
    uint32_t node, edge;
    uint32_t low; /* the least number that it is known to lead back to */
};

struct search {
    struct mm_leak_components *components;
    struct mm_leak_graph *graph;
    uint32_t *numbers; /* by node, in order of discovery from 1; 0: not discovered */
    uint32_t *open;    /* nodes whose components are not complete, in order of discovery */
    struct step *path;
    uint32_t n_numbered, n_open, n_path;
};

/* What of_node says while the component of a node is not complete; components count from 1. */
enum { INCOMPLETE = 0 };

static bool begin(struct search *search)
{
    struct mm_leak_components *components = search->components;
    size_t n = components->room;
    components->of_node = mm_host_reserve(n * sizeof *components->of_node);
    components->roots = mm_host_reserve(n * sizeof *components->roots);
    components->is_led_to = mm_host_reserve(n * sizeof *components->is_led_to);
    search->numbers = mm_host_reserve(n * sizeof *search->numbers);
    search->open = mm_host_reserve(n * sizeof *search->open);
    search->path = mm_host_reserve(n * sizeof *search->path);
    return components->of_node && components->roots && components->is_led_to && search->numbers &&
           search->open && search->path;
}

static void end(struct search *search)
{
    size_t n = search->components->room;
    mm_host_release(search->numbers, n * sizeof *search->numbers);
    mm_host_release(search->open, n * sizeof *search->open);
    mm_host_release(search->path, n * sizeof *search->path);
}

void mm_leak_components_end(struct mm_leak_components *components)
{
    size_t n = components->room;
    mm_host_release(components->of_node, n * sizeof *components->of_node);
    mm_host_release(components->roots, n * sizeof *components->roots);
    mm_host_release(components->is_led_to, n * sizeof *components->is_led_to);
    *components = (struct mm_leak_components){0};
}

static void enter(struct search *search, uint32_t node)
{
    uint32_t number = ++search->n_numbered;
    search->numbers[node] = number;
    search->open[search->n_open++] = node;
    search->path[search->n_path++] = (struct step){node, search->graph->first_edges[node], number};
}

static void follow(struct search *search, struct step *step)
{
    uint32_t target = search->graph->targets[step->edge++];
    if (!mm_leak_is_white(search->graph, target))
        return;
    uint32_t number = search->numbers[target];
    if (number == 0)
        enter(search, target);
    else if (search->components->of_node[target] == INCOMPLETE && number < step->low)
        step->low = number;
}

/* Nothing leads further back than to this node: it and what is open behind it are a component. If
 * no other leads into it, the search entered it by its lowest node: in ascending order, from
 * outside. */
static void complete(struct search *search, uint32_t node)
{
    struct mm_leak_components *components = search->components;
    uint32_t component = ++components->n, member;
    components->roots[component] = node;
    do {
        member = search->open[--search->n_open];
        components->of_node[member] = component;
    } while (member != node);
}

static void leave(struct search *search)
{
    struct step step = search->path[--search->n_path];
    if (step.low == search->numbers[step.node])
        complete(search, step.node);
    if (search->n_path > 0 && search->path[search->n_path - 1].low > step.low)
        search->path[search->n_path - 1].low = step.low;
}

static void search_from(void *user, uint32_t node, uint32_t offset)
{
    struct search *search = user;
    (void)offset;
    if (search->numbers[node] != 0)
        return;
    enter(search, node);
    while (search->n_path > 0) {
        struct step *step = &search->path[search->n_path - 1];
        if (step->edge < search->graph->first_edges[step->node + 1])
            follow(search, step);
        else
            leave(search);
    }
}

static void note_edges(void *user, uint32_t node, uint32_t offset)
{
    struct search *search = user;
    struct mm_leak_components *components = search->components;
    const struct mm_leak_graph *graph = search->graph;
    (void)offset;
    for (uint32_t i = graph->first_edges[node]; i < graph->first_edges[node + 1]; i++) {
        uint32_t to = components->of_node[graph->targets[i]]; /* 0, if it is not white */
        if (to != components->of_node[node])
            components->is_led_to[to] = 1;
    }
}

bool mm_leak_components_find(struct mm_leak_components *components, struct mm_leak_graph *graph)
{
    struct search search = {.components = components, .graph = graph};
    *components = (struct mm_leak_components){.room = graph->n_nodes + 1};
    bool done = begin(&search);
    if (done) {
        mm_leak_each_white(graph, search_from, &search);
        mm_leak_each_white(graph, note_edges, &search);
    }
    end(&search);
    if (!done)
        mm_leak_components_end(components);
    return done;
}
