/* object.c - pages in objects: found, fetched, made dirty, taken out. */
#include "paging/object.h"

#include <string.h>

#include "base/assert.h"
#include "base/tree.h"
#include "paging/pcache.h"
#include "paging/readahead.h"
#include "paging/reclaim.h"

/* ---- birth and death ---- */

static struct mm_object *create(struct mm_pcache *cache, enum mm_object_kind kind, uint64_t size)
{
    struct mm_object *object = mm_cache_zalloc(&cache->objects);
    if (!object)
        return NULL;
    *object = (struct mm_object){.cache = cache, .kind = kind, .n_references = 1, .size = size};
    mm_pages_init(&object->pages, &cache->nodes);
    mm_list_init(&object->mappings);
    mm_list_append(&cache->all, &object->link);
    return object;
}

struct mm_object *mm_object_create_shared(struct mm_pcache *cache, uint64_t size)
{
    return create(cache, MM_OBJECT_SHARED, size);
}

struct mm_object *mm_object_create_file(struct mm_pcache *cache, uint64_t size)
{
    struct mm_inode *inode = mm_cache_zalloc(&cache->inodes);
    struct mm_object *object = inode ? create(cache, MM_OBJECT_FILE, size) : NULL;
    if (!object) {
        if (inode)
            mm_cache_free(&cache->inodes, inode);
        return NULL;
    }
    mm_inode_init(inode, &cache->volume, &cache->nodes, size);
    object->inode = inode;
    return object;
}

void mm_object_put(struct mm_object *object)
{
    struct mm_pcache *cache = object->cache;
    if (--object->n_references > 0)
        return;
    MM_ASSERT(mm_list_empty(&object->mappings), "an object ends while it is mapped");
    mm_writeback_wait(object);
    mm_object_remove(object, 0, UINT64_MAX);
    if (object->inode) {
        mm_inode_fini(object->inode);
        mm_cache_free(&cache->inodes, object->inode);
    }
    mm_list_remove(&object->link);
    mm_radix_trim(&cache->nodes);
    mm_cache_free(&cache->objects, object);
}

/* ---- pages ---- */

struct mm_frame *mm_object_find(const struct mm_object *object, uint64_t index)
{
    return mm_pages_find(&object->pages, index);
}

static uint8_t *bytes_of(const struct mm_object *object, const struct mm_frame *frame)
{
    struct mm_pcache *cache = object->cache;
    if (mm_pfn_address(mm_frame_pfn(cache->zones, frame)) >= MM_LOWMEM_END)
        mm_clock_work(cache->setup.clock, MM_WORK_TEMPORARY_MAP);
    return mm_frame_bytes(cache->zones, frame);
}

/* The number that a page had, or one for a page that begins to exist. */
static mmsim_page number_of(const struct mm_object *object, uint64_t index)
{
    struct mm_reclaim *reclaim = object->cache->setup.reclaim;
    uintptr_t word = mm_pages_word(&object->pages, index);
    if (!reclaim || mm_pages_mark(word) == MM_PAGES_SHADOW)
        return reclaim ? mm_pages_value(word) : MMSIM_NO_PAGE;
    if (mm_pages_mark(word) == MM_PAGES_SLOT)
        return mm_swap_page(reclaim->swap, mm_pages_value(word));
    bool goes = object->kind == MM_OBJECT_FILE || mm_reclaim_has_swap(reclaim);
    return goes ? mm_pager_new(reclaim->pager) : MMSIM_NO_PAGE;
}

/* A frame for the page, with its number. NULL: no memory. */
static struct mm_frame *take_frame(struct mm_object *object, uint64_t index)
{
    struct mm_pcache *cache = object->cache;
    mmsim_page number = number_of(object, index);
    if (cache->setup.reclaim)
        mm_reclaim_make_room(cache->setup.reclaim, number);
    struct mm_frame *frame = mm_zone_alloc(cache->zones, MM_FRAME_FILE, 0);
    mm_clock_work(cache->setup.clock, MM_WORK_FRAME);
    if (frame) {
        frame->owner = object;
        frame->payload = index;
        frame->n_used = object->kind == MM_OBJECT_SHARED ? MM_PAGE_DIRTY : 0;
        mm_frame_set_page(frame, number);
    } else if (mm_pages_word(&object->pages, index) == 0 && number != MMSIM_NO_PAGE) {
        mm_pager_forget(cache->setup.reclaim->pager, number);
    }
    return frame;
}

/* Puts a frame into the object, in place of the mark that its page may have left. */
static bool enter(struct mm_object *object, struct mm_frame *frame)
{
    struct mm_pcache *cache = object->cache;
    struct mm_reclaim *reclaim = cache->setup.reclaim;
    uintptr_t before = mm_pages_word(&object->pages, frame->payload);
    mmsim_page number = mm_frame_page(frame);
    if (!mm_pages_insert(&object->pages, frame->payload, frame)) {
        if (before == 0 && number != MMSIM_NO_PAGE)
            mm_pager_forget(reclaim->pager, number);
        mm_zone_free(cache->zones, frame, 0);
        return false;
    }
    object->n_pages++;
    object->n_dirty += object->kind == MM_OBJECT_SHARED;
    cache->n_shadows -= mm_pages_mark(before) == MM_PAGES_SHADOW;
    if (number != MMSIM_NO_PAGE)
        mm_pager_load(reclaim->pager, number, mm_frame_pfn(cache->zones, frame), MMSIM_KIND_LOAD);
    return true;
}

/* A new page of zeros. NULL: no memory, nothing changed. */
static struct mm_frame *add_zeros(struct mm_object *object, uint64_t index)
{
    struct mm_frame *frame = take_frame(object, index);
    if (!frame || !enter(object, frame))
        return NULL;
    memset(bytes_of(object, frame), 0, MMSIM_PAGE_SIZE);
    mm_clock_work(object->cache->setup.clock, MM_WORK_ZERO_PAGE);
    return frame;
}

/* The same for a page that comes along with another. */
static struct mm_frame *add_ahead(struct mm_object *object, uint64_t index)
{
    struct mm_reclaim *reclaim = object->cache->setup.reclaim;
    if (reclaim)
        reclaim->pager->ahead = true;
    struct mm_frame *frame = add_zeros(object, index);
    if (reclaim)
        reclaim->pager->ahead = false;
    return frame;
}

/* A page of shared memory comes back from its slot. */
static enum mm_object_result swap_in(struct mm_object *object, uint64_t index, uint32_t slot,
                                     struct mm_frame **frame, bool *io)
{
    struct mm_swap *swap = object->cache->setup.reclaim->swap;
    *frame = take_frame(object, index);
    if (!*frame)
        return MM_OBJECT_NO_MEMORY;
    uint8_t *bytes = bytes_of(object, *frame);
    *io = !(swap->slots[slot].marks & MM_SWAP_ZERO);
    if (mm_swap_read(swap, slot, 1, &bytes) != MM_SWAP_OK) {
        mm_zone_free(object->cache->zones, *frame, 0);
        return MM_OBJECT_IO_ERROR;
    }
    enter(object, *frame); /* in place: it needs no memory */
    mm_swap_put(swap, slot);
    object->n_swapped--;
    return MM_OBJECT_OK;
}

/* The page is out of the object, or has left a mark. */
static void free_frame(struct mm_object *object, struct mm_frame *frame)
{
    struct mm_pcache *cache = object->cache;
    bool dirty = frame->n_used & MM_PAGE_DIRTY;
    object->n_pages--;
    object->n_dirty -= dirty;
    cache->n_dirty -= dirty && object->kind == MM_OBJECT_FILE;
    frame->owner = NULL;
    mm_zone_free(cache->zones, frame, 0);
    mm_clock_work(cache->setup.clock, MM_WORK_FRAME);
}

void mm_object_forget(struct mm_object *object, uint64_t index, struct mm_frame *frame)
{
    struct mm_pcache *cache = object->cache;
    MM_ASSERT(!(frame->n_used & MM_PAGE_WRITEBACK), "a page goes while it is being written");
    MM_ASSERT(frame->count == 1, "a page goes while it is mapped");
    mm_pages_remove(&object->pages, index);
    if (mm_frame_page(frame) != MMSIM_NO_PAGE)
        mm_pager_forget(cache->setup.reclaim->pager, mm_frame_page(frame));
    free_frame(object, frame);
}

void mm_object_evict(struct mm_object *object, struct mm_frame *frame, uint32_t slot)
{
    struct mm_pcache *cache = object->cache;
    struct mm_reclaim *reclaim = cache->setup.reclaim;
    mmsim_page number = mm_frame_page(frame);
    MM_ASSERT(frame->count == 1, "a page leaves its frame while it is mapped");
    mm_pager_left(reclaim->pager, number);
    if (slot != MM_NO_SLOT) {
        mm_pages_set_mark(&object->pages, frame->payload, MM_PAGES_SLOT, slot);
        mm_swap_set_page(reclaim->swap, slot, number);
        mm_swap_set_shadow(reclaim->swap, slot, MM_SLOT_OF_OBJECT);
        object->n_swapped++;
    } else {
        mm_pages_set_mark(&object->pages, frame->payload, MM_PAGES_SHADOW, number);
        cache->n_shadows++;
    }
    free_frame(object, frame);
    mm_pcache_trim_shadows(cache);
}

void mm_object_note_use(struct mm_object *object, struct mm_frame *frame, enum mmsim_kind kind)
{
    struct mm_reclaim *reclaim = object->cache->setup.reclaim;
    frame->n_used |= MM_PAGE_REFERENCED;
    if (reclaim && reclaim->pager->setup.exact && mm_frame_page(frame) != MMSIM_NO_PAGE)
        mm_pager_reference(reclaim->pager, mm_frame_page(frame), kind);
}

bool mm_object_holds(const struct mm_object *object, uint64_t index)
{
    uintptr_t word = mm_pages_word(&object->pages, index);
    return word != 0 && mm_pages_mark(word) != MM_PAGES_SHADOW;
}

enum mm_object_result mm_object_fetch(struct mm_object *object, uint64_t index,
                                      enum mm_object_advice advice, struct mm_frame **frame,
                                      bool *io)
{
    if (index >= mm_object_end(object))
        return MM_OBJECT_BEYOND_END;
    *frame = mm_object_find(object, index);
    if (*frame) {
        mm_readahead_hit(object, *frame);
        return MM_OBJECT_OK;
    }
    uintptr_t word = mm_pages_word(&object->pages, index);
    if (mm_pages_mark(word) == MM_PAGES_SLOT)
        return swap_in(object, index, mm_pages_value(word), frame, io);
    bool on_disk = object->inode && mm_inode_written_block(object->inode, index) != MM_DISK_NONE;
    *frame = add_zeros(object, index);
    if (!*frame)
        return MM_OBJECT_NO_MEMORY;
    if (!on_disk)
        return MM_OBJECT_OK;
    *io = true;
    mm_frame_get(*frame); /* reading ahead may need memory, and must not take this page for it */
    bool read = mm_readahead_read(object, index, *frame, advice, add_ahead);
    (*frame)->count--;
    if (read)
        return MM_OBJECT_OK;
    mm_object_forget(object, index, *frame);
    return MM_OBJECT_IO_ERROR;
}

void mm_object_willneed(struct mm_object *object, uint64_t first, uint64_t last)
{
    uint64_t end = mm_object_end(object);
    last = last < end ? last : end - 1;
    for (uint64_t index = first; index <= last && index < end; index++) {
        struct mm_frame *frame;
        bool io = false;
        bool hole = !object->inode || mm_inode_written_block(object->inode, index) == MM_DISK_NONE;
        if (!hole && mm_object_fetch(object, index, MM_ADVICE_NORMAL, &frame, &io))
            return;
    }
}

enum mm_object_result mm_object_dirty(struct mm_object *object, struct mm_frame *frame)
{
    struct mm_pcache *cache = object->cache;
    if (frame->n_used & MM_PAGE_DIRTY)
        return MM_OBJECT_OK;
    mm_frame_get(frame); /* making room for it must not be at its expense */
    mm_writeback_balance(cache);
    enum mm_inode_result reserved = mm_inode_reserve(object->inode, frame->payload);
    frame->count--;
    if (reserved != MM_INODE_OK)
        return reserved == MM_INODE_NO_MEMORY ? MM_OBJECT_NO_MEMORY : MM_OBJECT_NO_SPACE;
    frame->n_used |= MM_PAGE_DIRTY;
    if (object->n_dirty++ == 0)
        object->dirty_since = cache->setup.now(cache->setup.user);
    cache->n_dirty++;
    return MM_OBJECT_OK;
}

/* What a page that is not in memory has left is of no use any more. */
static void forget_mark(struct mm_object *object, uint64_t index, uintptr_t word)
{
    struct mm_pcache *cache = object->cache;
    struct mm_reclaim *reclaim = cache->setup.reclaim;
    uint32_t value = mm_pages_value(word);
    mm_pages_remove(&object->pages, index);
    if (mm_pages_mark(word) == MM_PAGES_SHADOW) {
        cache->n_shadows--;
        mm_pager_forget(reclaim->pager, value);
        return;
    }
    mm_pager_forget(reclaim->pager, mm_swap_page(reclaim->swap, value));
    mm_swap_put(reclaim->swap, value);
    object->n_swapped--;
}

void mm_object_remove(struct mm_object *object, uint64_t first, uint64_t last)
{
    uint64_t index = first;
    uintptr_t word;
    for (; (word = mm_pages_next_word(&object->pages, &index, last)); index++) {
        if (mm_pages_mark(word) == MM_PAGES_FRAME)
            mm_object_forget(object, index, (void *)word);
        else
            forget_mark(object, index, word);
    }
    if (object->inode)
        mm_inode_drop(object->inode, first, last);
}

uint64_t mm_object_drop_clean(struct mm_object *object)
{
    uint64_t n = 0;
    uint64_t index = 0;
    struct mm_frame *frame;
    for (; (frame = mm_pages_next(&object->pages, &index, UINT64_MAX)); index++) {
        if (frame->count > 1 || (frame->n_used & (MM_PAGE_DIRTY | MM_PAGE_WRITEBACK)))
            continue;
        mm_object_forget(object, index, frame);
        n++;
    }
    return n;
}

static void trim_object(struct mm_object *object, uint32_t oldest)
{
    struct mm_pager *pager = object->cache->setup.reclaim->pager;
    uint64_t index = 0;
    uintptr_t word;
    for (; (word = mm_pages_next_word(&object->pages, &index, UINT64_MAX)); index++) {
        if (mm_pages_mark(word) != MM_PAGES_SHADOW || mm_pages_value(word) == pager->incoming)
            continue;
        uint32_t age = pager->evictions - pager->pages[mm_pages_value(word)].evicted_at;
        if (age > oldest)
            forget_mark(object, index, word);
    }
}

void mm_pcache_trim_shadows(struct mm_pcache *cache)
{
    const struct mm_pager *pager = cache->setup.reclaim->pager;
    for (uint32_t oldest = pager->evictions; oldest > 0 && cache->n_shadows >= pager->capacity;
         oldest /= 2)
        for (struct mm_list *at = cache->all.next; at != &cache->all; at = at->next)
            trim_object(MM_CONTAINER_OF(at, struct mm_object, link), oldest / 2);
}

bool mm_object_start_cleaning(struct mm_object *object, struct mm_frame *frame)
{
    if (object->kind != MM_OBJECT_FILE ||
        (frame->n_used & (MM_PAGE_DIRTY | MM_PAGE_WRITEBACK)) != MM_PAGE_DIRTY)
        return false;
    mm_writeback_start(object, frame->payload, frame->payload);
    return true;
}

/* ---- invariants ---- */

static const char *check_page(const struct mm_object *object, uint64_t index,
                              const struct mm_frame *frame)
{
    if (frame->use != MM_FRAME_FILE || frame->owner != object || frame->payload != index ||
        index >= mm_object_end(object))
        return "a page of an object is not what it should be (object invariant 1)";
    bool dirty = frame->n_used & MM_PAGE_DIRTY;
    if (object->kind == MM_OBJECT_SHARED)
        return dirty ? NULL : "shared memory has a clean page (object invariant 3)";
    return !dirty || mm_inode_block(object->inode, index) != MM_DISK_NONE
               ? NULL
               : "a dirty page has no block on the disk";
}

const char *mm_object_check(const struct mm_object *object)
{
    const char *broken = mm_pages_check(&object->pages);
    uint64_t n_dirty = 0;
    uint64_t n_writeback = 0;
    uint64_t n_pages = 0;
    uint64_t index = 0;
    struct mm_frame *frame;
    for (; !broken && (frame = mm_pages_next(&object->pages, &index, UINT64_MAX)); index++) {
        broken = check_page(object, index, frame);
        n_pages++;
        n_dirty += (frame->n_used & MM_PAGE_DIRTY) != 0;
        n_writeback += (frame->n_used & MM_PAGE_WRITEBACK) != 0;
    }
    if (!broken && (n_pages != object->n_pages || n_dirty != object->n_dirty ||
                    n_writeback != object->n_writeback))
        broken = "an object counts its pages wrongly (object invariant 2)";
    if (!broken && object->n_references < 1 + (object->n_mappings > 1 ? object->n_mappings - 1 : 0))
        broken = "an object has more mappings than references (object invariant 4)";
    return broken || !object->inode ? broken : mm_inode_check(object->inode);
}
