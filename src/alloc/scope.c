/* scope.c - lists of objects that are freed together; see scope.h. */
#include "alloc/scope.h"

#include "alloc/kmalloc.h"
#include "base/assert.h"
#include "base/host.h"
#include "base/tree.h"

/* ---- links ---- */

static size_t links_bytes(const struct mm_heap *heap)
{
    return heap->low_bytes / MM_HEAP_GRANULE * sizeof(struct mm_scope_links);
}

static struct mm_scope_links *links_of(const struct mm_heap *heap, uint32_t offset)
{
    return &heap->scope_links[offset / MM_HEAP_GRANULE];
}

static struct mm_scope *scope_at(const struct mm_heap *heap, uint32_t offset)
{
    return mm_heap_pointer(heap, offset);
}

static uint32_t offset_of(const struct mm_heap *heap, const void *place)
{
    return (uint32_t)mm_heap_offset(heap, place);
}

static void link_object(struct mm_scope *scope, uint32_t offset)
{
    const struct mm_heap *heap = scope->scopes->heap;
    *links_of(heap, offset) =
        (struct mm_scope_links){.next = scope->first, .scope = offset_of(heap, scope)};
    if (scope->first)
        links_of(heap, scope->first)->previous = offset;
    scope->first = offset;
    scope->n_objects++;
}

static void unlink_object(const struct mm_heap *heap, uint32_t offset)
{
    struct mm_scope_links *links = links_of(heap, offset);
    struct mm_scope *scope = scope_at(heap, links->scope);
    if (links->previous)
        links_of(heap, links->previous)->next = links->next;
    else
        scope->first = links->next;
    if (links->next)
        links_of(heap, links->next)->previous = links->previous;
    *links = (struct mm_scope_links){0};
    scope->n_objects--;
}

/* ---- scopes ---- */

static void release_links(struct mm_heap *heap)
{
    mm_host_release(heap->scope_links, links_bytes(heap));
    heap->scope_links = NULL;
}

bool mm_scopes_init(struct mm_scopes *scopes, struct mm_heap *heap)
{
    struct mm_cache_setup setup = {
        .name = "scope", .object_bytes = sizeof(struct mm_scope), .flags = MM_CACHE_OWN};
    MM_ASSERT(!heap->scope_links, "a heap has scopes already");
    heap->scope_links = mm_host_reserve(links_bytes(heap));
    if (!heap->scope_links)
        return false;
    if (!mm_cache_init(&scopes->cache, heap, &setup)) {
        release_links(heap);
        return false;
    }
    scopes->heap = heap;
    mm_list_init(&scopes->list);
    return true;
}

static struct mm_scope *first_scope(const struct mm_list *list)
{
    return mm_list_empty(list) ? NULL : MM_CONTAINER_OF(list->next, struct mm_scope, link);
}

void mm_scopes_fini(struct mm_scopes *scopes)
{
    for (struct mm_scope *scope; (scope = first_scope(&scopes->list));)
        mm_scope_end(scope);
    mm_cache_fini(&scopes->cache);
    release_links(scopes->heap);
}

struct mm_scope *mm_scope_begin(struct mm_scopes *scopes, const char *name, struct mm_scope *parent)
{
    struct mm_scope *scope = mm_cache_zalloc(&scopes->cache);
    if (!scope)
        return NULL;
    scope->scopes = scopes;
    scope->parent = parent;
    mm_list_init(&scope->children);
    mm_list_append(parent ? &parent->children : &scopes->list, &scope->link);
    for (size_t i = 0; i + 1 < sizeof scope->name && name[i]; i++)
        scope->name[i] = name[i];
    return scope;
}

static uint64_t free_own(struct mm_scope *scope)
{
    struct mm_heap *heap = scope->scopes->heap;
    uint64_t n_freed = scope->n_objects;
    while (scope->first)
        mm_kfree(heap, mm_heap_pointer(heap, scope->first));
    MM_ASSERT(scope->n_objects == 0, "a scope counts objects that are not in its list");
    return n_freed;
}

/* Children before parents, without recursion: scopes may nest as deep as anybody likes. */
uint64_t mm_scope_end(struct mm_scope *scope)
{
    uint64_t n_freed = 0;
    struct mm_scope *at = scope, *child;
    for (;;) {
        while ((child = first_scope(&at->children)))
            at = child;
        struct mm_scope *parent = at->parent;
        bool is_last = at == scope;
        n_freed += free_own(at);
        mm_list_remove(&at->link);
        mm_cache_free(&at->scopes->cache, at);
        if (is_last)
            return n_freed;
        at = parent;
    }
}

/* ---- objects ---- */

/* Not from the set that serves: frees of its objects are not all seen. */
static void *alloc_small(struct mm_heap *heap, size_t n_bytes)
{
    struct mm_cache *cache = mm_kmalloc_cache(heap, n_bytes);
    unsigned set =
        mm_cache_set_with(cache, (cache->checks & ~(unsigned)MM_CHECK_GUARD) | MM_CHECK_SCOPED);
    if (set)
        return mm_heap_alloc_slow(heap, set, n_bytes);
    return mm_heap_alloc_run(heap, (n_bytes + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT, 0);
}

void *mm_scope_kmalloc(struct mm_scope *scope, size_t n_bytes)
{
    struct mm_heap *heap = scope->scopes->heap;
    void *object = n_bytes <= MM_KMALLOC_MAX_SLAB_BYTES ? alloc_small(heap, n_bytes ? n_bytes : 1)
                                                        : mm_kmalloc(heap, n_bytes);
    if (object)
        link_object(scope, offset_of(heap, object));
    return object;
}

struct mm_scope *mm_scope_of(const struct mm_heap *heap, uint32_t offset)
{
    uint32_t owner = heap->scope_links ? links_of(heap, offset)->scope : 0;
    return owner ? scope_at(heap, owner) : NULL;
}

void mm_scope_forget(struct mm_heap *heap, uint32_t offset)
{
    if (mm_scope_of(heap, offset))
        unlink_object(heap, offset);
}

/* ---- checking ---- */

static bool is_in_slab(const struct mm_heap *heap, uint32_t offset)
{
    return heap->page_map[offset >> MMSIM_PAGE_SHIFT] >= MM_HEAP_FIRST_SET;
}

/* Adds the scope's objects of slabs to *n_in_slabs. */
static const char *check_scope(const struct mm_scope *scope, uint64_t *n_in_slabs)
{
    const struct mm_heap *heap = scope->scopes->heap;
    uint64_t n = 0;
    uint32_t before = 0;
    for (uint32_t at = scope->first; at; before = at, at = links_of(heap, at)->next) {
        if (++n > scope->n_objects)
            return "a scope has more objects than it counts (scope invariant 1)";
        if (!mm_heap_is_live(heap, at))
            return "a scope's list leads to what is no live object (scope invariant 1)";
        const struct mm_scope_links *links = links_of(heap, at);
        if (links->scope != offset_of(heap, scope) || links->previous != before)
            return "an object does not name its scope, or the object before it (scope invariant 1)";
        *n_in_slabs += is_in_slab(heap, at);
    }
    return n == scope->n_objects ? NULL
                                 : "a scope counts objects that are not in its list (scope "
                                   "invariant 1)";
}

/* Live objects of the sets that are for scopes. */
static uint64_t n_scoped(const struct mm_heap *heap)
{
    uint64_t n = 0;
    for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS; i++)
        if (heap->sets[i] && (heap->sets[i]->checks & MM_CHECK_SCOPED))
            n += mm_heap_n_live(heap, heap->sets[i]);
    return n;
}

/* The scope after this one, children before what follows their parent; NULL: it was the last. */
static const struct mm_scope *next_scope(const struct mm_scopes *scopes,
                                         const struct mm_scope *scope)
{
    if (!mm_list_empty(&scope->children))
        return first_scope(&scope->children);
    for (; scope; scope = scope->parent) {
        const struct mm_list *head = scope->parent ? &scope->parent->children : &scopes->list;
        if (scope->link.next != head)
            return MM_CONTAINER_OF(scope->link.next, struct mm_scope, link);
    }
    return NULL;
}

const char *mm_scopes_check(const struct mm_scopes *scopes)
{
    const char *broken = NULL;
    uint64_t n_in_slabs = 0;
    for (const struct mm_scope *at = first_scope(&scopes->list); at && !broken;
         at = next_scope(scopes, at))
        broken = check_scope(at, &n_in_slabs);
    if (broken)
        return broken;
    return n_in_slabs == n_scoped(scopes->heap)
               ? NULL
               : "an object that was made for a scope is in none (scope invariant 2)";
}
