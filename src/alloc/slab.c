/*
 * slab.c - cutting blocks of frames into objects, and keeping account of them.
 *
 * A slab is named by the pfn of its first frame, an object by its physical address; hw/phys.h turns
 * addresses into the host's pointers and back.
 */
#include "alloc/slab.h"

#include <string.h>

#include "base/assert.h"

enum { ALIGNMENT = 16, POISON = 0x6b };

/* ---- objects ---- */

static uint8_t *object_at(const struct mm_slab_cache *cache, mmsim_paddr address)
{
    return mm_phys_host(cache->zones->phys, address, cache->object_bytes);
}

static struct mm_frame *frame_at(const struct mm_slab_cache *cache, mmsim_pfn slab)
{
    return &cache->zones->table[slab];
}

static mmsim_pfn slab_of(const struct mm_slab_cache *cache, mmsim_paddr address)
{
    return mm_address_pfn(address) & ~(((mmsim_pfn)1 << cache->order) - 1);
}

/* Puts an object on its slab's list of free ones. */
static void shelve(struct mm_slab_cache *cache, struct mm_frame *slab, mmsim_paddr address)
{
    uint8_t *object = object_at(cache, address);
    memcpy(object, &slab->payload, sizeof slab->payload);
    memset(object + sizeof slab->payload, POISON, cache->object_bytes - sizeof slab->payload);
    slab->payload = address;
}

/* Takes the first object off its slab's list of free ones. */
static void *unshelve(struct mm_slab_cache *cache, struct mm_frame *slab)
{
    uint8_t *object = object_at(cache, slab->payload);
    memcpy(&slab->payload, object, sizeof slab->payload);
    return memset(object, 0, cache->object_bytes);
}

static uint64_t n_free_objects(const struct mm_slab_cache *cache)
{
    return cache->n_slabs * cache->per_slab - cache->n_objects;
}

/* ---- slabs and their lists ---- */

static enum mm_slab_state state_of(const struct mm_slab_cache *cache, const struct mm_frame *slab)
{
    if (slab->n_used == 0)
        return MM_SLAB_EMPTY;
    return slab->n_used < cache->per_slab ? MM_SLAB_PARTIAL : MM_SLAB_FULL;
}

static void list_add(struct mm_slab_cache *cache, mmsim_pfn slab, enum mm_slab_state state)
{
    struct mm_frame *frame = frame_at(cache, slab);
    frame->prev = MM_NO_PFN;
    frame->next = cache->heads[state];
    if (frame->next != MM_NO_PFN)
        frame_at(cache, frame->next)->prev = slab;
    cache->heads[state] = slab;
}

static void list_remove(struct mm_slab_cache *cache, mmsim_pfn slab, enum mm_slab_state state)
{
    struct mm_frame *frame = frame_at(cache, slab);
    if (frame->prev == MM_NO_PFN)
        cache->heads[state] = frame->next;
    else
        frame_at(cache, frame->prev)->next = frame->next;
    if (frame->next != MM_NO_PFN)
        frame_at(cache, frame->next)->prev = frame->prev;
}

/* Counts objects of a slab in or out, and lists it anew if its state is another one. */
static void count_used(struct mm_slab_cache *cache, mmsim_pfn slab, int change)
{
    struct mm_frame *frame = frame_at(cache, slab);
    enum mm_slab_state before = state_of(cache, frame);
    frame->n_used = (uint16_t)(frame->n_used + change);
    cache->n_objects = cache->n_objects + (uint64_t)(int64_t)change;
    enum mm_slab_state after = state_of(cache, frame);
    if (before == after)
        return;
    list_remove(cache, slab, before);
    list_add(cache, slab, after);
}

/* Takes a block of frames and makes an empty slab of it. False: none left. */
static bool grow(struct mm_slab_cache *cache)
{
    struct mm_frame *frame = mm_zone_alloc(cache->zones, MM_FRAME_SLAB, cache->order);
    if (!frame)
        return false;
    for (unsigned i = 0; i < 1u << cache->order; i++)
        frame[i].owner = cache;
    frame->order = cache->order;
    mmsim_pfn slab = mm_frame_pfn(cache->zones, frame);
    /* from the last one down, so that addresses are handed out in ascending order */
    for (unsigned i = cache->per_slab; i-- > 0;)
        shelve(cache, frame, mm_pfn_address(slab) + (uint64_t)i * cache->object_bytes);
    list_add(cache, slab, MM_SLAB_EMPTY);
    cache->n_slabs++;
    return true;
}

/* True if the cache needs its empty slabs no longer: see the header. */
static bool has_surplus(const struct mm_slab_cache *cache)
{
    if (cache->heads[MM_SLAB_EMPTY] == MM_NO_PFN)
        return false;
    uint64_t n_kept = n_free_objects(cache) - cache->per_slab;
    if (n_kept < cache->n_reserved)
        return false;
    return n_kept > 0 || cache->n_objects == 0;
}

static void give_back(struct mm_slab_cache *cache, mmsim_pfn slab)
{
    list_remove(cache, slab, MM_SLAB_EMPTY);
    cache->n_slabs--;
    mm_zone_free(cache->zones, frame_at(cache, slab), cache->order);
}

/* Returns the empty slabs that are not needed. */
static void trim(struct mm_slab_cache *cache)
{
    while (has_surplus(cache))
        give_back(cache, cache->heads[MM_SLAB_EMPTY]);
}

/* ---- the cache ---- */

/* The smallest order at which what is left over is at most an eighth. */
static uint8_t choose_order(uint32_t object_bytes)
{
    uint8_t order = 0;
    uint64_t slab_bytes = MMSIM_PAGE_SIZE;
    while (slab_bytes < object_bytes || slab_bytes % object_bytes > slab_bytes / 8) {
        slab_bytes *= 2;
        order++;
    }
    return order;
}

void mm_slab_init(struct mm_slab_cache *cache, struct mm_zones *zones, const char *name,
                  size_t object_bytes)
{
    MM_ASSERT(object_bytes > 0 && object_bytes <= MM_SLAB_MAX_BYTES,
              "a slab cache is asked for objects of a size that it does not serve");
    uint32_t rounded_bytes = (uint32_t)(object_bytes + ALIGNMENT - 1) & ~(uint32_t)(ALIGNMENT - 1);
    uint8_t order = choose_order(rounded_bytes);
    *cache = (struct mm_slab_cache){
        .zones = zones,
        .name = name,
        .object_bytes = rounded_bytes,
        .per_slab = (uint16_t)((MMSIM_PAGE_SIZE << order) / rounded_bytes),
        .order = order,
    };
    for (unsigned state = 0; state < MM_N_SLAB_STATES; state++)
        cache->heads[state] = MM_NO_PFN;
}

void mm_slab_fini(struct mm_slab_cache *cache)
{
    MM_ASSERT(cache->n_objects == 0, "a slab cache is closed while objects of it live");
    cache->n_reserved = 0;
    trim(cache);
}

void *mm_slab_alloc(struct mm_slab_cache *cache)
{
    mmsim_pfn slab = cache->heads[MM_SLAB_PARTIAL];
    if (slab == MM_NO_PFN) {
        if (cache->heads[MM_SLAB_EMPTY] == MM_NO_PFN && !grow(cache))
            return NULL;
        slab = cache->heads[MM_SLAB_EMPTY];
    }
    void *object = unshelve(cache, frame_at(cache, slab));
    count_used(cache, slab, +1);
    if (cache->n_reserved > 0)
        cache->n_reserved--;
    return object;
}

/* True if `address` is an object of the cache's that is in use. */
static bool is_live(const struct mm_slab_cache *cache, mmsim_paddr address)
{
    mmsim_pfn slab = slab_of(cache, address);
    const struct mm_frame *frame = frame_at(cache, slab);
    uint64_t offset = address - mm_pfn_address(slab);
    if (frame->use != MM_FRAME_SLAB || frame->owner != cache || offset % cache->object_bytes != 0 ||
        offset / cache->object_bytes >= cache->per_slab)
        return false;
    mmsim_paddr free_object = frame->payload;
    while (free_object != 0 && free_object != address)
        memcpy(&free_object, object_at(cache, free_object), sizeof free_object);
    return free_object != address;
}

void mm_slab_free(struct mm_slab_cache *cache, void *object)
{
    if (!object)
        return;
    mmsim_paddr address = mm_phys_address(cache->zones->phys, object);
    MM_ASSERT(is_live(cache, address), "what is freed is no live object of this slab cache");
    mmsim_pfn slab = slab_of(cache, address);
    shelve(cache, frame_at(cache, slab), address);
    count_used(cache, slab, -1);
    trim(cache);
}

void mm_slab_shrink(struct mm_slab_cache *cache)
{
    cache->n_reserved = 0;
    while (cache->heads[MM_SLAB_EMPTY] != MM_NO_PFN)
        give_back(cache, cache->heads[MM_SLAB_EMPTY]);
}

bool mm_slab_reserve(struct mm_slab_cache *cache, uint64_t n)
{
    bool enough = true;
    while (enough && n_free_objects(cache) < n)
        enough = grow(cache);
    if (enough)
        cache->n_reserved = n;
    trim(cache);
    return enough;
}

/* ---- checking ---- */

/* Where a link may point: an object of this slab. */
static bool is_object(const struct mm_slab_cache *cache, mmsim_pfn slab, mmsim_paddr address)
{
    mmsim_paddr start = mm_pfn_address(slab);
    return address >= start && (address - start) % cache->object_bytes == 0 &&
           (address - start) / cache->object_bytes < cache->per_slab;
}

static bool is_poisoned(const struct mm_slab_cache *cache, const uint8_t *object)
{
    for (size_t i = sizeof(mmsim_paddr); i < cache->object_bytes; i++)
        if (object[i] != POISON)
            return false;
    return true;
}

/* One slab's list of free objects. A list that runs in a circle is longer than it may be. */
static const char *check_objects(const struct mm_slab_cache *cache, mmsim_pfn slab)
{
    const struct mm_frame *frame = frame_at(cache, slab);
    unsigned n_left = cache->per_slab - (unsigned)frame->n_used;
    mmsim_paddr address = frame->payload;
    while (address != 0) {
        if (!is_object(cache, slab, address))
            return "a slab's free list leads to what is no object of the slab";
        if (n_left-- == 0)
            return "a slab's free list is longer than its count of objects in use allows";
        const uint8_t *object = object_at(cache, address);
        if (!is_poisoned(cache, object))
            return "a free object of a slab was written to";
        memcpy(&address, object, sizeof address);
    }
    return n_left == 0 ? NULL
                       : "a slab's free list is shorter than its count of objects in use says";
}

static const char *check_frames(const struct mm_slab_cache *cache, mmsim_pfn slab)
{
    mmsim_pfn n_frames = (mmsim_pfn)1 << cache->order;
    if ((slab & (n_frames - 1)) || slab > cache->zones->n_frames - n_frames)
        return "a list of slabs leads to what is no slab";
    const struct mm_frame *frame = frame_at(cache, slab);
    for (mmsim_pfn i = 0; i < n_frames; i++) {
        if (frame[i].use != MM_FRAME_SLAB)
            return "a frame of a slab is in another use";
        if (frame[i].owner != cache)
            return "a frame of a slab does not name its cache";
    }
    if (frame->order != cache->order)
        return "a slab's first frame has another order than the cache";
    return frame->n_used <= cache->per_slab ? NULL : "a slab has more objects in use than it holds";
}

/* All slabs of one state; adds up what they say. */
static const char *check_list(const struct mm_slab_cache *cache, enum mm_slab_state state,
                              uint64_t *n_slabs, uint64_t *n_objects)
{
    mmsim_pfn previous = MM_NO_PFN, slab = cache->heads[state];
    while (slab != MM_NO_PFN) {
        const char *broken = check_frames(cache, slab);
        if (broken)
            return broken;
        const struct mm_frame *frame = frame_at(cache, slab);
        if (frame->prev != previous)
            return "a slab does not link back to the one before";
        if (state_of(cache, frame) != state)
            return "a slab is on the list of another state";
        broken = check_objects(cache, slab);
        if (broken)
            return broken;
        if (++*n_slabs > cache->n_slabs)
            return "there are more slabs than the cache counts";
        *n_objects += frame->n_used;
        previous = slab;
        slab = frame->next;
    }
    return NULL;
}

const char *mm_slab_check(const struct mm_slab_cache *cache)
{
    uint64_t n_slabs = 0, n_objects = 0;
    for (unsigned state = 0; state < MM_N_SLAB_STATES; state++) {
        const char *broken = check_list(cache, (enum mm_slab_state)state, &n_slabs, &n_objects);
        if (broken)
            return broken;
    }
    if (n_slabs != cache->n_slabs)
        return "there are fewer slabs than the cache counts";
    if (n_objects != cache->n_objects)
        return "the count of objects in use is wrong";
    if (n_free_objects(cache) < cache->n_reserved)
        return "fewer objects are free than were promised";
    return has_surplus(cache) ? "the cache keeps an empty slab that it does not need" : NULL;
}
