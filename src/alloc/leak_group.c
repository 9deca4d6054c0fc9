/* leak_group.c - roots of what is lost, and what they retain; see leak_group.h. */
#include "alloc/leak_group.h"

#include <stdlib.h>

#include "alloc/checked.h"
#include "alloc/leak_component.h"
#include "alloc/leak_watch.h"
#include "alloc/site.h"

enum {
    MAX_GROUPS = MM_MAX_SITES + MM_HEAP_MAX_SETS, /* by site, or by cache where none is known */
    LABEL_NONE = 0,                               /* no root has led here yet */
    LABEL_SEVERAL = UINT16_MAX                    /* roots of more than one group have */
};
_Static_assert(MAX_GROUPS < LABEL_SEVERAL, "a label for each group");

struct grouping {
    struct mm_leak *leak;
    struct mm_leak_graph *graph;
    struct mm_leak_components components;
    struct mmsim_leak_result *result;
    uint16_t *labels; /* by node: group + 1; sparse */
    uint32_t *work;   /* stack of nodes whose labels are to be passed on; sparse */
    size_t n_work;
    bool failed;                       /* no host memory for another row */
    uint16_t group_of[MAX_GROUPS];     /* by key: group + 1 */
    uint32_t component_of[MAX_GROUPS]; /* by group: of the root that its row describes */
};

/* ---- memory ---- */

static size_t labels_bytes(const struct grouping *grouping)
{
    return (grouping->graph->n_nodes + 1) * sizeof *grouping->labels;
}

/* A label changes twice at most. */
static size_t work_bytes(const struct grouping *grouping)
{
    return 2 * ((size_t)grouping->graph->n_nodes + 1) * sizeof *grouping->work;
}

static bool begin(struct grouping *grouping)
{
    grouping->labels = mm_host_reserve(labels_bytes(grouping));
    grouping->work = mm_host_reserve(work_bytes(grouping));
    return grouping->labels && grouping->work &&
           mm_leak_components_find(&grouping->components, grouping->graph);
}

static void end(struct grouping *grouping)
{
    mm_host_release(grouping->labels, labels_bytes(grouping));
    mm_host_release(grouping->work, work_bytes(grouping));
    mm_leak_components_end(&grouping->components);
}

static bool make_room(struct mm_leak *leak)
{
    if (leak->n_rows < leak->rows_capacity)
        return true;
    size_t capacity = leak->rows_capacity ? 2 * leak->rows_capacity : 16;
    size_t item = sizeof *leak->rows;
    struct mmsim_leak *grown =
        mm_host_resize(leak->host, leak->rows, leak->rows_capacity * item, capacity * item);
    if (!grown)
        return false;
    leak->rows = grown;
    leak->rows_capacity = capacity;
    return true;
}

/* ---- roots and their groups ---- */

static bool is_tracked(const struct mm_heap *heap, const struct mm_heap_object *object)
{
    return object->set >= MM_HEAP_FIRST_SET && (heap->sets[object->set]->checks & MM_CHECK_TRACK);
}

static unsigned key_of(const struct mm_heap_object *object, unsigned site)
{
    if (site != 0)
        return site;
    return MM_MAX_SITES + (unsigned)(object->cache ? object->cache->sets[0] : MM_HEAP_SET_RUN);
}

/* The row tells of the oldest root, so far this one. */
static void describe(const struct mm_heap *heap, const struct mm_heap_object *object,
                     const struct mm_heap_track *track, struct mmsim_leak *row)
{
    row->site = track->alloc_site ? mm_site_text(heap, track->alloc_site) : NULL;
    row->cache = object->cache ? object->cache->name : "page";
    row->address = mm_heap_address(heap, mm_heap_pointer(heap, object->offset));
    row->step = is_tracked(heap, object) ? track->alloc_step : UINT64_MAX;
}

static uint16_t group_for(struct grouping *grouping, unsigned key)
{
    struct mm_leak *leak = grouping->leak;
    uint16_t *group = &grouping->group_of[key];
    if (*group == 0 && make_room(leak)) {
        leak->rows[leak->n_rows++] =
            (struct mmsim_leak){.step = UINT64_MAX, .lost_step = UINT64_MAX};
        *group = (uint16_t)leak->n_rows;
    }
    return *group;
}

static void add_root(struct grouping *grouping, uint32_t node, uint32_t offset)
{
    const struct mm_heap *heap = grouping->leak->heap;
    struct mm_heap_object object;
    mm_heap_find(heap, offset, &object);
    struct mm_heap_track track = mm_checked_track(heap, offset);
    uint16_t group = group_for(grouping, key_of(&object, track.alloc_site));
    grouping->failed |= group == 0;
    if (group == 0)
        return;
    struct mmsim_leak *row = &grouping->leak->rows[group - 1];
    bool is_older = is_tracked(heap, &object) && track.alloc_step < row->step;
    if (row->n_objects == 0 || is_older) {
        describe(heap, &object, &track, row);
        grouping->component_of[group - 1] = grouping->components.of_node[node];
    }
    row->n_objects++;
    row->bytes += object.bytes;
    grouping->labels[node] = group;
    grouping->work[grouping->n_work++] = node;
}

static void add_if_root(void *user, uint32_t node, uint32_t offset)
{
    struct grouping *grouping = user;
    const struct mm_leak_components *components = &grouping->components;
    uint32_t component = components->of_node[node];
    if (!components->is_led_to[component] && components->roots[component] == node)
        add_root(grouping, node, offset);
}

/* ---- what groups retain ---- */

static void pass_label(struct grouping *grouping, uint16_t label, uint32_t target)
{
    uint16_t *theirs = &grouping->labels[target];
    if (!mm_leak_is_white(grouping->graph, target) || *theirs == label || *theirs == LABEL_SEVERAL)
        return;
    *theirs = *theirs == LABEL_NONE ? label : LABEL_SEVERAL;
    grouping->work[grouping->n_work++] = target;
}

static void pass_labels(struct grouping *grouping)
{
    const struct mm_leak_graph *graph = grouping->graph;
    while (grouping->n_work > 0) {
        uint32_t node = grouping->work[--grouping->n_work];
        uint16_t label = grouping->labels[node];
        for (uint32_t i = graph->first_edges[node]; i < graph->first_edges[node + 1]; i++)
            pass_label(grouping, label, graph->targets[i]);
    }
}

/* The last reference to a circle is the one that was taken away last, whoever of it had it. */
static void note_lost(const struct grouping *grouping, uint32_t node, uint32_t offset,
                      struct mmsim_leak *row)
{
    uint64_t step;
    const char *site;
    size_t group = (size_t)(row - grouping->leak->rows);
    if (grouping->components.of_node[node] != grouping->component_of[group] ||
        !mm_leak_watch_lost(grouping->leak, offset, &step, &site))
        return;
    if (row->lost_step != UINT64_MAX && row->lost_step >= step)
        return;
    row->lost_step = step;
    row->lost_site = site;
}

static void add_up(void *user, uint32_t node, uint32_t offset)
{
    struct grouping *grouping = user;
    struct mm_heap_object object;
    mm_heap_find(grouping->leak->heap, offset, &object);
    grouping->result->n_leaked++;
    grouping->result->leaked_bytes += object.bytes;
    uint16_t label = grouping->labels[node];
    if (label == LABEL_SEVERAL)
        return;
    struct mmsim_leak *row = &grouping->leak->rows[label - 1];
    row->retained_objects++;
    row->retained_bytes += object.bytes;
    note_lost(grouping, node, offset, row);
}

/* ---- rows ---- */

static int compare(const void *left, const void *right)
{
    const struct mmsim_leak *a = left, *b = right;
    if (a->retained_bytes != b->retained_bytes)
        return a->retained_bytes < b->retained_bytes ? 1 : -1;
    return a->address < b->address ? -1 : a->address > b->address;
}

static bool make_rows(struct grouping *grouping)
{
    struct mm_leak *leak = grouping->leak;
    mm_leak_each_white(grouping->graph, add_if_root, grouping);
    if (grouping->failed)
        return false;
    pass_labels(grouping);
    mm_leak_each_white(grouping->graph, add_up, grouping);
    qsort(leak->rows, leak->n_rows, sizeof *leak->rows, compare);
    grouping->result->n_groups = leak->n_rows;
    return true;
}

static bool has_white(const struct mm_leak_graph *graph)
{
    for (uint32_t i = 0; i <= graph->n_nodes / 64; i++)
        if (graph->colours[i].white != 0)
            return true;
    return false;
}

bool mm_leak_group(struct mm_leak *leak, struct mmsim_leak_result *result)
{
    if (!has_white(&leak->graph))
        return true;
    struct grouping *grouping = mm_host_alloc(leak->host, sizeof *grouping);
    if (!grouping)
        return false;
    grouping->leak = leak;
    grouping->graph = &leak->graph;
    grouping->result = result;
    bool done = begin(grouping) && make_rows(grouping);
    if (!done)
        leak->n_rows = 0;
    end(grouping);
    mm_host_free(leak->host, grouping, sizeof *grouping);
    return done;
}
