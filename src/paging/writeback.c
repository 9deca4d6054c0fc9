/* writeback.c - dirty pages on their way to the disk: when, and what comes of it. */
#include "base/tree.h"
#include "paging/pcache.h"

#include "base/assert.h"

static uint64_t now(const struct mm_pcache *cache)
{
    return cache->setup.now(cache->setup.user);
}

/* ---- one request ---- */

struct run {
    struct mm_object *object;
    uint64_t first, block;
    uint32_t n;
    const uint8_t *pages[MM_DISK_REQUEST_BLOCKS];
};

static void submit(struct run *run)
{
    struct mm_pcache *cache = run->object->cache;
    if (run->n == 0)
        return;
    struct mm_disk_write write = {
        .block = run->block, .n_blocks = run->n, .owner = run->object, .tag = run->first};
    mm_disk_submit(cache->setup.disk, &write, run->pages);
    if (mm_obs_wants(cache->setup.obs, MMSIM_EVENT_DISK_WRITE)) {
        struct mmsim_event event = {.type = MMSIM_EVENT_DISK_WRITE,
                                    .address = run->first << MMSIM_PAGE_SHIFT,
                                    .length = (uint64_t)run->n << MMSIM_PAGE_SHIFT};
        mm_obs_emit(cache->setup.obs, &event);
    }
    run->n = 0;
}

static bool continues(const struct run *run, uint64_t index, uint64_t block)
{
    return run->n > 0 && run->n < MM_DISK_REQUEST_BLOCKS && index == run->first + run->n &&
           block == run->block + run->n;
}

/* Read-only in every mapping first: a store after this makes it dirty again. */
static void add(struct run *run, uint64_t index, struct mm_frame *frame)
{
    struct mm_object *object = run->object;
    struct mm_pcache *cache = object->cache;
    uint64_t block = mm_inode_block(object->inode, index);
    if (!continues(run, index, block)) {
        submit(run);
        run->first = index;
        run->block = block;
    }
    cache->hooks.clean(cache->hooks.user, object, index);
    frame->n_used = (uint16_t)((frame->n_used & ~MM_PAGE_DIRTY) | MM_PAGE_WRITEBACK);
    object->n_dirty--;
    object->n_writeback++;
    cache->n_dirty--;
    cache->n_writeback++;
    run->pages[run->n++] = mm_frame_bytes(cache->zones, frame);
}

/* A page that is under way already must arrive before it goes again. */
void mm_writeback_wait_page(struct mm_pcache *cache, const struct mm_frame *frame)
{
    while ((frame->n_used & MM_PAGE_WRITEBACK) && mm_disk_wait_one(cache->setup.disk))
        ;
}

static void commit_inode(struct mm_object *object)
{
    struct mm_inode *inode = object->inode;
    if (!inode->is_dirty && inode->durable_size == object->size)
        return;
    while (inode->is_committing && mm_disk_wait_one(object->cache->setup.disk))
        ;
    mm_inode_begin_commit(inode, object->size);
    struct mm_disk_write write = {.n_blocks = 0, .owner = object};
    mm_disk_submit(object->cache->setup.disk, &write, NULL);
}

void mm_writeback_start(struct mm_object *object, uint64_t first, uint64_t last)
{
    struct mm_pcache *cache = object->cache;
    struct run run = {.object = object};
    uint64_t index = first;
    struct mm_frame *frame;
    uint64_t n = cache->n_dirty;
    if (object->kind != MM_OBJECT_FILE)
        return;
    for (; (frame = mm_pages_next(&object->pages, &index, last)); index++) {
        if (!(frame->n_used & MM_PAGE_DIRTY))
            continue;
        if (frame->n_used & MM_PAGE_WRITEBACK) {
            submit(&run);
            mm_writeback_wait_page(cache, frame);
        }
        add(&run, index, frame);
    }
    submit(&run);
    n -= cache->n_dirty;
    if (n > 0 && mm_obs_wants(cache->setup.obs, MMSIM_EVENT_WRITEBACK)) {
        struct mmsim_event event = {.type = MMSIM_EVENT_WRITEBACK, .value = n};
        mm_obs_emit(cache->setup.obs, &event);
    }
}

/* Contents first; the inode that names their blocks once they are there. */
void mm_writeback_wait(struct mm_object *object)
{
    struct mm_disk *disk = object->cache->setup.disk;
    if (object->kind != MM_OBJECT_FILE)
        return;
    while ((object->n_writeback > 0 || object->inode->is_committing) && mm_disk_wait_one(disk))
        ;
}

static void end_pages(struct mm_object *object, const struct mm_disk_write *write, bool ok)
{
    struct mm_pcache *cache = object->cache;
    for (uint64_t index = write->tag; index < write->tag + write->n_blocks; index++) {
        struct mm_frame *frame = mm_object_find(object, index);
        MM_ASSERT(frame && (frame->n_used & MM_PAGE_WRITEBACK), "a page was written that is gone");
        frame->n_used &= (uint16_t)~MM_PAGE_WRITEBACK;
        object->n_writeback--;
        cache->n_writeback--;
        if (ok) {
            mm_inode_note_written(object->inode, index);
            continue;
        }
        object->failed = true;
        bool dirty_again = frame->n_used & MM_PAGE_DIRTY;
        frame->n_used |= MM_PAGE_DIRTY;
        object->n_dirty += !dirty_again;
        cache->n_dirty += !dirty_again;
    }
}

void mm_writeback_done(void *cache, const struct mm_disk_write *write, bool ok)
{
    (void)cache;
    struct mm_object *object = write->owner;
    if (write->n_blocks == 0) {
        mm_inode_end_commit(object->inode, ok);
        object->failed |= !ok;
    } else {
        end_pages(object, write, ok);
    }
}

/* ---- somebody waits ---- */

enum mm_object_result mm_object_sync(struct mm_object *object, uint64_t first, uint64_t last)
{
    if (object->kind != MM_OBJECT_FILE)
        return MM_OBJECT_OK;
    mm_writeback_start(object, first, last);
    mm_writeback_wait(object);
    if (!object->failed)
        commit_inode(object);
    mm_writeback_wait(object);
    bool failed = object->failed;
    object->failed = false;
    return failed ? MM_OBJECT_IO_ERROR : MM_OBJECT_OK;
}

bool mm_pcache_sync(struct mm_pcache *cache)
{
    bool ok = true;
    for (struct mm_list *at = cache->all.next; at != &cache->all; at = at->next)
        ok &= mm_object_sync(MM_CONTAINER_OF(at, struct mm_object, link), 0, UINT64_MAX) ==
              MM_OBJECT_OK;
    return ok;
}

/* ---- thresholds and age ---- */

static uint64_t share_of_ram(const struct mm_pcache *cache, unsigned percent)
{
    return cache->zones->n_ram_frames * percent / 100;
}

/* Starts writing objects back, oldest first, until few enough pages are dirty. */
static void write_down_to(struct mm_pcache *cache, uint64_t n)
{
    for (struct mm_list *at = cache->all.next; at != &cache->all && cache->n_dirty > n;
         at = at->next)
        mm_writeback_start(MM_CONTAINER_OF(at, struct mm_object, link), 0, UINT64_MAX);
}

void mm_writeback_balance(struct mm_pcache *cache)
{
    uint64_t background = share_of_ram(cache, cache->config.background_percent);
    uint64_t limit = share_of_ram(cache, cache->config.limit_percent);
    if (cache->writing || cache->n_dirty + cache->n_writeback < background)
        return;
    cache->writing = true;
    write_down_to(cache, background / 2);
    while (cache->n_dirty + cache->n_writeback >= limit && mm_disk_wait_one(cache->setup.disk))
        ;
    cache->writing = false;
}

static void write_old(struct mm_pcache *cache)
{
    uint64_t time = now(cache);
    for (struct mm_list *at = cache->all.next; at != &cache->all; at = at->next) {
        struct mm_object *object = MM_CONTAINER_OF(at, struct mm_object, link);
        if (object->kind != MM_OBJECT_FILE)
            continue;
        if (object->n_dirty > 0 && time - object->dirty_since >= cache->config.expire_cycles)
            mm_writeback_start(object, 0, UINT64_MAX);
        else if (object->n_dirty == 0 && object->n_writeback == 0 && !object->failed &&
                 !object->inode->is_committing)
            commit_inode(object); /* its contents are there: now it may say so */
    }
}

void mm_pcache_tick(struct mm_pcache *cache)
{
    uint64_t time = now(cache);
    if (cache->setup.disk->n_queued > 0)
        mm_disk_poll(cache->setup.disk);
    if (time < cache->next_look || cache->config.interval_cycles == 0)
        return;
    cache->next_look = time + cache->config.interval_cycles;
    write_old(cache);
}
