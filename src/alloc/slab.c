/*
 * slab.c - caches of equal objects.
 *
 * Objects of a slab are numbered from 0; the list of its free objects links numbers + 1 (0 ends
 * it), so that nothing depends on where the host put the simulated RAM. The head frame's `payload`
 * is the first of them; the other frames of a slab name the head in `next`.
 */
#include "alloc/slab.h"

#include <string.h>

#include "base/assert.h"

enum { POISON = 0x6b, ALIGNMENT = 16, MAX_ORDER = 3 };

static size_t slab_bytes(const struct mm_slab_cache *cache)
{
    return (size_t)MMSIM_PAGE_SIZE << cache->order;
}

/* The smallest order that wastes at most an eighth. */
static unsigned choose_order(size_t object_bytes)
{
    unsigned order = 0;
    for (; order < MAX_ORDER; order++) {
        size_t bytes = (size_t)MMSIM_PAGE_SIZE << order;
        if (object_bytes <= bytes && bytes % object_bytes <= bytes / 8)
            break;
    }
    return order;
}

void mm_slab_init(struct mm_slab_cache *cache, struct mm_zones *zones, const char *name,
                  size_t object_bytes)
{
    size_t rounded = (object_bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    *cache = (struct mm_slab_cache){.zones = zones,
                                    .name = name,
                                    .object_bytes = (uint32_t)rounded,
                                    .order = (uint8_t)choose_order(rounded),
                                    .partial = MM_NO_PFN,
                                    .full = MM_NO_PFN};
    cache->per_slab = (uint16_t)(slab_bytes(cache) / rounded);
}

/* ---- lists of slabs ---- */

static void link_slab(struct mm_slab_cache *cache, uint32_t *head, struct mm_frame *slab)
{
    uint32_t pfn = mm_frame_pfn(cache->zones, slab);
    slab->next = *head;
    slab->prev = MM_NO_PFN;
    if (*head != MM_NO_PFN)
        cache->zones->table[*head].prev = pfn;
    *head = pfn;
}

static void unlink_slab(struct mm_slab_cache *cache, uint32_t *head, struct mm_frame *slab)
{
    if (slab->prev == MM_NO_PFN)
        *head = slab->next;
    else
        cache->zones->table[slab->prev].next = slab->next;
    if (slab->next != MM_NO_PFN)
        cache->zones->table[slab->next].prev = slab->prev;
}

/* ---- objects ---- */

static char *object_at(const struct mm_slab_cache *cache, const struct mm_frame *slab,
                       uint64_t number)
{
    return (char *)mm_frame_bytes(cache->zones, slab) + number * cache->object_bytes;
}

static uint64_t next_free(const struct mm_slab_cache *cache, const struct mm_frame *slab,
                          uint64_t link)
{
    uint64_t next;
    memcpy(&next, object_at(cache, slab, link - 1), sizeof next);
    return next;
}

static void make_free(const struct mm_slab_cache *cache, struct mm_frame *slab, uint64_t number)
{
    char *object = object_at(cache, slab, number);
    memset(object, POISON, cache->object_bytes);
    memcpy(object, &slab->payload, sizeof slab->payload);
    slab->payload = number + 1;
}

/* ---- slabs ---- */

static struct mm_frame *grow(struct mm_slab_cache *cache)
{
    struct mm_frame *slab = mm_zone_alloc(cache->zones, MM_FRAME_SLAB, cache->order);
    if (!slab)
        return NULL;
    uint32_t pfn = mm_frame_pfn(cache->zones, slab);
    for (uint32_t i = 0; i < 1u << cache->order; i++) {
        slab[i].owner = cache;
        slab[i].next = pfn;
    }
    slab->payload = 0;
    for (uint64_t number = cache->per_slab; number-- > 0;)
        make_free(cache, slab, number);
    link_slab(cache, &cache->partial, slab);
    cache->n_slabs++;
    return slab;
}

static void give_back(struct mm_slab_cache *cache, struct mm_frame *slab)
{
    unlink_slab(cache, &cache->partial, slab);
    mm_zone_free(cache->zones, slab, cache->order);
    cache->n_slabs--;
}

static void give_back_all(struct mm_slab_cache *cache)
{
    while (cache->partial != MM_NO_PFN)
        give_back(cache, &cache->zones->table[cache->partial]);
}

void mm_slab_fini(struct mm_slab_cache *cache)
{
    MM_ASSERT(cache->n_objects == 0, "a cache is taken down with live objects");
    give_back_all(cache);
}

void *mm_slab_alloc(struct mm_slab_cache *cache)
{
    struct mm_frame *slab =
        cache->partial != MM_NO_PFN ? &cache->zones->table[cache->partial] : grow(cache);
    if (!slab)
        return NULL;
    uint64_t number = slab->payload - 1;
    slab->payload = next_free(cache, slab, slab->payload);
    cache->n_objects++;
    if (++slab->n_used == cache->per_slab) {
        unlink_slab(cache, &cache->partial, slab);
        link_slab(cache, &cache->full, slab);
    }
    return memset(object_at(cache, slab, number), 0, cache->object_bytes);
}

/* The slab of an object of this cache, and its number there; NULL: it is none. */
static struct mm_frame *find_slab(const struct mm_slab_cache *cache, const void *object,
                                  uint64_t *number)
{
    const struct mm_phys *phys = cache->zones->phys;
    uint64_t offset = (uint64_t)((const uint8_t *)object - phys->host);
    if (offset >= phys->ranges[0].end)
        return NULL;
    struct mm_frame *frame = mm_zone_frame(cache->zones, offset);
    if (frame->use != MM_FRAME_SLAB || frame->owner != cache)
        return NULL;
    if (frame->order == MM_FRAME_NO_ORDER)
        frame = &cache->zones->table[frame->next];
    uint64_t inside = offset - mm_pfn_address(mm_frame_pfn(cache->zones, frame));
    *number = inside / cache->object_bytes;
    return inside % cache->object_bytes == 0 && *number < cache->per_slab ? frame : NULL;
}

static bool is_free(const struct mm_slab_cache *cache, const struct mm_frame *slab, uint64_t number)
{
    uint64_t link = slab->payload;
    for (unsigned i = 0; link != 0 && i < cache->per_slab; i++) {
        if (link == number + 1)
            return true;
        link = next_free(cache, slab, link);
    }
    return false;
}

void mm_slab_free(struct mm_slab_cache *cache, void *object)
{
    if (!object)
        return;
    uint64_t number = 0;
    struct mm_frame *slab = find_slab(cache, object, &number);
    MM_ASSERT(slab, "an object is freed that is none of this cache");
    MM_ASSERT(!is_free(cache, slab, number), "an object is freed twice");
    if (slab->n_used == cache->per_slab) {
        unlink_slab(cache, &cache->full, slab);
        link_slab(cache, &cache->partial, slab);
    }
    make_free(cache, slab, number);
    slab->n_used--;
    cache->n_objects--;
    bool others = slab->next != MM_NO_PFN || slab->prev != MM_NO_PFN;
    if (cache->n_objects == 0)
        give_back_all(cache);
    else if (slab->n_used == 0 && others)
        give_back(cache, slab);
}

bool mm_slab_reserve(struct mm_slab_cache *cache, uint64_t n)
{
    while (cache->n_slabs * cache->per_slab - cache->n_objects < n)
        if (!grow(cache))
            return false;
    return true;
}

/* ---- invariants ---- */

static const char *check_frames(const struct mm_slab_cache *cache, const struct mm_frame *slab)
{
    for (uint32_t i = 0; i < 1u << cache->order; i++)
        if (slab[i].use != MM_FRAME_SLAB || slab[i].owner != cache)
            return "a frame of a slab does not name its cache (slab invariant 4)";
    return NULL;
}

static const char *check_free_list(const struct mm_slab_cache *cache, const struct mm_frame *slab)
{
    unsigned n_free = (unsigned)cache->per_slab - slab->n_used;
    uint64_t link = slab->payload;
    for (unsigned i = 0; i < n_free; i++) {
        if (link == 0 || link > cache->per_slab)
            return "a slab's list of free objects is broken (slab invariant 3)";
        link = next_free(cache, slab, link);
    }
    return link == 0 ? NULL : "a slab has more free objects than it counts (slab invariant 3)";
}

static const char *check_list(const struct mm_slab_cache *cache, uint32_t head, bool full,
                              uint64_t *n_slabs, uint64_t *n_objects)
{
    const char *broken = NULL;
    for (uint32_t pfn = head; pfn != MM_NO_PFN && !broken; pfn = cache->zones->table[pfn].next) {
        const struct mm_frame *slab = &cache->zones->table[pfn];
        if ((slab->n_used == cache->per_slab) != full)
            return "a slab is on the wrong list (slab invariant 2)";
        broken = check_frames(cache, slab);
        if (!broken)
            broken = check_free_list(cache, slab);
        *n_objects += slab->n_used;
        if (++*n_slabs > cache->n_slabs)
            return "a cache has more slabs than it counts (slab invariant 2)";
    }
    return broken;
}

const char *mm_slab_check(const struct mm_slab_cache *cache)
{
    uint64_t n_slabs = 0;
    uint64_t n_objects = 0;
    const char *broken = check_list(cache, cache->partial, false, &n_slabs, &n_objects);
    if (!broken)
        broken = check_list(cache, cache->full, true, &n_slabs, &n_objects);
    if (!broken && (n_slabs != cache->n_slabs || n_objects != cache->n_objects))
        broken = "a cache counts its slabs or objects wrongly (slab invariant 1)";
    return broken;
}
