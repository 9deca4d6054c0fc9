/* scope.c - lists of objects that are freed together; see scope.h. */
#include "alloc/scope.h"

#include "alloc/checked.h"
#include "alloc/kmalloc.h"
#include "base/assert.h"
#include "base/tree.h"

/* ---- links ---- */

static uint32_t *word_at(const struct mm_heap *heap, uint32_t offset)
{
    return mm_heap_pointer(heap, offset);
}

static struct mm_scope_links *links_at(const struct mm_heap *heap, uint32_t offset)
{
    return mm_heap_pointer(heap, offset);
}

static struct mm_scope *scope_at(const struct mm_heap *heap, uint32_t offset)
{
    return mm_heap_pointer(heap, offset);
}

static uint32_t offset_of(const struct mm_heap *heap, const void *place)
{
    return (uint32_t)mm_heap_offset(heap, place);
}

/* The links of an object; NULL: it has none. */
static struct mm_scope_links *links_of(const struct mm_heap *heap, uint32_t offset)
{
    unsigned index = heap->page_map[offset >> MMSIM_PAGE_SHIFT];
    if (index < MM_HEAP_FIRST_SET || !(heap->sets[index]->checks & MM_CHECK_SCOPED))
        return NULL;
    return mm_checked_scope_links(heap, heap->sets[index], offset);
}

static void link_object(struct mm_scope *scope, uint32_t offset)
{
    const struct mm_heap *heap = scope->scopes->heap;
    struct mm_scope_links *links = links_of(heap, offset);
    *links = (struct mm_scope_links){.next = scope->first,
                                     .back = offset_of(heap, &scope->first),
                                     .scope = offset_of(heap, scope),
                                     .object = offset};
    if (links->next)
        links_at(heap, links->next)->back = offset_of(heap, &links->next);
    scope->first = offset_of(heap, links);
    scope->n_objects++;
}

static void unlink_object(const struct mm_heap *heap, struct mm_scope_links *links)
{
    struct mm_scope *scope = scope_at(heap, links->scope);
    *word_at(heap, links->back) = links->next;
    if (links->next)
        links_at(heap, links->next)->back = links->back;
    *links = (struct mm_scope_links){0};
    scope->n_objects--;
}

/* ---- runs: linked by the entries of their first frames ---- */

static struct mm_frame *frame_at(const struct mm_heap *heap, uint32_t offset)
{
    return &heap->zones->table[offset >> MMSIM_PAGE_SHIFT];
}

static bool is_run(const struct mm_heap *heap, uint32_t offset)
{
    return heap->page_map[offset >> MMSIM_PAGE_SHIFT] == MM_HEAP_SET_RUN;
}

static void link_run(struct mm_scope *scope, uint32_t offset)
{
    const struct mm_heap *heap = scope->scopes->heap;
    uint32_t pfn = offset >> MMSIM_PAGE_SHIFT;
    struct mm_frame *frame = &heap->zones->table[pfn];
    frame->next = scope->first_run;
    frame->prev = MM_NO_PFN;
    if (frame->next != MM_NO_PFN)
        heap->zones->table[frame->next].prev = pfn;
    mm_heap_set_run_owner(heap, offset, offset_of(heap, scope));
    scope->first_run = pfn;
    scope->n_objects++;
}

static void unlink_run(const struct mm_heap *heap, uint32_t offset)
{
    struct mm_frame *table = heap->zones->table, *frame = frame_at(heap, offset);
    struct mm_scope *scope = scope_at(heap, mm_heap_run_owner(heap, offset));
    if (frame->prev != MM_NO_PFN)
        table[frame->prev].next = frame->next;
    else
        scope->first_run = frame->next;
    if (frame->next != MM_NO_PFN)
        table[frame->next].prev = frame->prev;
    mm_heap_set_run_owner(heap, offset, 0);
    scope->n_objects--;
}

/* ---- scopes ---- */

bool mm_scopes_init(struct mm_scopes *scopes, struct mm_heap *heap)
{
    struct mm_cache_setup setup = {
        .name = "scope", .object_bytes = sizeof(struct mm_scope), .flags = MM_CACHE_OWN};
    scopes->heap = heap;
    mm_list_init(&scopes->list);
    return mm_cache_init(&scopes->cache, heap, &setup);
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
}

struct mm_scope *mm_scope_begin(struct mm_scopes *scopes, const char *name, struct mm_scope *parent)
{
    struct mm_scope *scope = mm_cache_zalloc(&scopes->cache);
    if (!scope)
        return NULL;
    scope->scopes = scopes;
    scope->parent = parent;
    scope->first_run = MM_NO_PFN;
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
        mm_kfree(heap, mm_heap_pointer(heap, links_at(heap, scope->first)->object));
    while (scope->first_run != MM_NO_PFN)
        mm_kfree(heap, mm_heap_pointer(heap, scope->first_run << MMSIM_PAGE_SHIFT));
    MM_ASSERT(scope->n_objects == 0, "a scope counts objects that are not in its lists");
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

static void *alloc_object(struct mm_scope *scope, size_t n_bytes)
{
    struct mm_heap *heap = scope->scopes->heap;
    struct mm_cache *cache = mm_kmalloc_cache(heap, n_bytes);
    unsigned set =
        mm_cache_set_with(cache, (cache->checks & ~(unsigned)MM_CHECK_GUARD) | MM_CHECK_SCOPED);
    void *object = set ? mm_heap_alloc_slow(heap, set, n_bytes) : NULL;
    if (object)
        link_object(scope, offset_of(heap, object));
    return object;
}

void *mm_scope_kmalloc(struct mm_scope *scope, size_t n_bytes)
{
    if (n_bytes <= MM_KMALLOC_MAX_SLAB_BYTES)
        return alloc_object(scope, n_bytes ? n_bytes : 1);
    void *run = mm_kmalloc(scope->scopes->heap, n_bytes);
    if (run)
        link_run(scope, offset_of(scope->scopes->heap, run));
    return run;
}

struct mm_scope *mm_scope_of(const struct mm_heap *heap, uint32_t offset)
{
    const struct mm_scope_links *links = links_of(heap, offset);
    uint32_t owner = links ? links->scope : 0;
    if (is_run(heap, offset))
        owner = mm_heap_run_owner(heap, offset);
    return owner ? scope_at(heap, owner) : NULL;
}

void mm_scope_forget(struct mm_heap *heap, uint32_t offset)
{
    if (!mm_scope_of(heap, offset))
        return;
    if (is_run(heap, offset))
        unlink_run(heap, offset);
    else
        unlink_object(heap, links_of(heap, offset));
}

/* ---- checking ---- */

static const char *check_objects(const struct mm_scope *scope, uint64_t *n)
{
    const struct mm_heap *heap = scope->scopes->heap;
    uint32_t back = offset_of(heap, &scope->first);
    for (uint32_t at = scope->first; at; back = at, at = links_at(heap, at)->next) {
        const struct mm_scope_links *links = links_at(heap, at);
        if (++*n > scope->n_objects)
            return "a scope has more objects than it counts";
        if (!mm_heap_is_live(heap, links->object) || links_of(heap, links->object) != links)
            return "a scope's list leads to what is no object of a scope";
        if (links->scope != offset_of(heap, scope) || links->back != back)
            return "an object does not name its scope, or the word that leads to it";
    }
    return NULL;
}

static const char *check_runs(const struct mm_scope *scope, uint64_t *n)
{
    const struct mm_heap *heap = scope->scopes->heap;
    mmsim_pfn before = MM_NO_PFN;
    for (mmsim_pfn pfn = scope->first_run; pfn != MM_NO_PFN;) {
        const struct mm_frame *frame = &heap->zones->table[pfn];
        uint32_t offset = pfn << MMSIM_PAGE_SHIFT;
        if (++*n > scope->n_objects)
            return "a scope has more objects than it counts";
        if (!mm_heap_is_live(heap, offset) || !is_run(heap, offset))
            return "a scope's list of runs leads to what is no run";
        if (mm_heap_run_owner(heap, offset) != offset_of(heap, scope) || frame->prev != before)
            return "a run does not name its scope, or the run before it";
        before = pfn;
        pfn = frame->next;
    }
    return NULL;
}

static const char *check_scope(const struct mm_scope *scope)
{
    uint64_t n = 0;
    const char *broken = check_objects(scope, &n);
    if (!broken)
        broken = check_runs(scope, &n);
    if (broken)
        return broken;
    return n == scope->n_objects ? NULL : "a scope counts objects that are not in its lists";
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
    for (const struct mm_scope *at = first_scope(&scopes->list); at && !broken;
         at = next_scope(scopes, at))
        broken = check_scope(at);
    return broken;
}
