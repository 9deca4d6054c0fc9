/* pcache.c - the cache as a whole: made, ended, lost in a crash, checked. */
#include "paging/pcache.h"
#include "base/assert.h"
#include "base/tree.h"

bool mm_pcache_init(struct mm_pcache *cache, const struct mm_pcache_setup *setup)
{
    struct mm_cache_setup objects = {.name = "memory-object",
                                     .object_bytes = sizeof(struct mm_object)};
    struct mm_cache_setup inodes = {.name = "file-map", .object_bytes = sizeof(struct mm_inode)};
    *cache = (struct mm_pcache){.setup = *setup, .config = *setup->config, .zones = setup->zones};
    cache->setup.config = NULL;
    mm_list_init(&cache->all);
    cache->next_look = cache->config.interval_cycles;
    setup->disk->done = mm_writeback_done;
    setup->disk->done_user = cache;
    return mm_cache_init(&cache->objects, setup->heap, &objects) &&
           mm_cache_init(&cache->inodes, setup->heap, &inodes) &&
           mm_radix_nodes_init(&cache->nodes, setup->heap) &&
           mm_volume_init(&cache->volume, setup->disk);
}

void mm_pcache_fini(struct mm_pcache *cache)
{
    if (!cache->volume.disk)
        return;
    MM_ASSERT(mm_list_empty(&cache->all), "the page cache ends with objects left");
    mm_volume_fini(&cache->volume);
    mm_radix_nodes_fini(&cache->nodes);
    mm_cache_fini(&cache->inodes);
    mm_cache_fini(&cache->objects);
    cache->volume.disk = NULL;
}

uint64_t mm_pcache_shared_pages(const struct mm_pcache *cache)
{
    uint64_t n = 0;
    for (const struct mm_list *at = cache->all.next; at != &cache->all; at = at->next) {
        const struct mm_object *object = MM_CONTAINER_OF(at, struct mm_object, link);
        n += object->kind == MM_OBJECT_SHARED ? mm_object_end(object) : 0;
    }
    return n;
}

/* ---- a crash ---- */

/* The pages go with the power, whatever their state. */
static void lose_pages(struct mm_object *object)
{
    struct mm_pcache *cache = object->cache;
    uint64_t index = 0;
    struct mm_frame *frame;
    for (; (frame = mm_pages_next(&object->pages, &index, UINT64_MAX)); index++) {
        bool under_way = frame->n_used & MM_PAGE_WRITEBACK;
        frame->n_used &= (uint16_t)~MM_PAGE_WRITEBACK;
        object->n_writeback -= under_way;
        cache->n_writeback -= under_way;
        mm_object_forget(object, index, frame);
    }
}

void mm_pcache_crash(struct mm_pcache *cache)
{
    mm_disk_crash(cache->setup.disk);
    for (struct mm_list *at = cache->all.next; at != &cache->all; at = at->next) {
        struct mm_object *object = MM_CONTAINER_OF(at, struct mm_object, link);
        MM_ASSERT(object->kind == MM_OBJECT_FILE, "shared memory outlives a crash");
        lose_pages(object);
        mm_inode_revert(object->inode);
        object->size = object->inode->durable_size;
        object->failed = false;
        object->ahead_next = object->ahead_pages = 0;
    }
}

/* ---- invariants ---- */

const char *mm_pcache_check(const struct mm_pcache *cache)
{
    uint64_t n_dirty = 0;
    uint64_t n_writeback = 0;
    uint64_t n_pages = 0;
    uint64_t n_blocks = 0;
    const char *broken = mm_disk_check(cache->setup.disk);
    for (const struct mm_list *at = cache->all.next; at != &cache->all && !broken; at = at->next) {
        const struct mm_object *object = MM_CONTAINER_OF(at, struct mm_object, link);
        bool is_file = object->kind == MM_OBJECT_FILE;
        broken = mm_object_check(object);
        n_pages += object->n_pages;
        n_dirty += is_file ? object->n_dirty : 0;
        n_writeback += is_file ? object->n_writeback : 0;
        n_blocks += is_file ? object->inode->map.n : 0;
    }
    if (!broken && (n_dirty != cache->n_dirty || n_writeback != cache->n_writeback))
        broken = "the page cache counts its dirty pages wrongly (pcache invariant 1)";
    if (!broken && n_pages != cache->zones->n_by_use[MM_FRAME_FILE])
        broken = "a frame of the page cache belongs to no object (pcache invariant 2)";
    if (!broken && n_blocks != cache->volume.n_used)
        broken = "blocks of the disk belong to no file (pcache invariant 3)";
    return broken;
}
