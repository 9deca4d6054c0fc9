/* readahead.c - the window, and the one request. */
#include "paging/readahead.h"

#include "paging/pcache.h"

enum { FIRST_WINDOW = 4 };

static uint64_t choose_window(struct mm_object *object, uint64_t index,
                              enum mm_object_advice advice)
{
    uint64_t most = object->cache->config.readahead_pages;
    most = most < MM_DISK_REQUEST_BLOCKS ? most : MM_DISK_REQUEST_BLOCKS;
    if (advice == MM_ADVICE_RANDOM || most == 0)
        return 1;
    bool goes_on = index == object->ahead_next && object->ahead_pages > 0;
    uint64_t window = goes_on ? 2 * object->ahead_pages : FIRST_WINDOW;
    if (advice == MM_ADVICE_SEQUENTIAL)
        window = most;
    return window < most ? window : most;
}

/* Adds pages behind `index`, as far as their blocks continue; returns how many, the first included,
 * with their bytes. */
static uint32_t extend(struct mm_object *object, uint64_t index, uint64_t window,
                       mm_readahead_add add, struct mm_frame **frames)
{
    uint64_t block = mm_inode_written_block(object->inode, index);
    uint32_t n = 1;
    for (; n < window && index + n < mm_object_end(object); n++) {
        if (mm_object_find(object, index + n) ||
            mm_inode_written_block(object->inode, index + n) != block + n)
            break;
        frames[n] = add(object, index + n);
        if (!frames[n])
            break;
        frames[n]->n_used |= MM_PAGE_READAHEAD;
        mm_frame_get(frames[n]);
    }
    return n;
}

static void report(const struct mm_object *object, uint64_t index, uint32_t n)
{
    struct mm_obs *obs = object->cache->setup.obs;
    if (!mm_obs_wants(obs, MMSIM_EVENT_DISK_READ))
        return;
    struct mmsim_event event = {.type = MMSIM_EVENT_DISK_READ,
                                .address = index << MMSIM_PAGE_SHIFT,
                                .length = (uint64_t)n << MMSIM_PAGE_SHIFT};
    mm_obs_emit(obs, &event);
}

bool mm_readahead_read(struct mm_object *object, uint64_t index, struct mm_frame *frame,
                       enum mm_object_advice advice, mm_readahead_add add)
{
    struct mm_pcache *cache = object->cache;
    struct mm_disk *disk = cache->setup.disk;
    struct mm_frame *frames[MM_DISK_REQUEST_BLOCKS] = {frame};
    uint8_t *pages[MM_DISK_REQUEST_BLOCKS];
    uint64_t window = choose_window(object, index, advice);
    uint32_t n = extend(object, index, window, add, frames);
    for (uint32_t i = 0; i < n; i++)
        pages[i] = mm_frame_bytes(cache->zones, frames[i]);
    uint64_t ready_at;
    uint64_t block = mm_inode_written_block(object->inode, index);
    bool ok = mm_disk_read(disk, block, n, pages, &ready_at);
    mm_disk_wait_until(disk, ready_at);
    for (uint32_t i = 1; i < n; i++) {
        frames[i]->count--;
        if (!ok)
            mm_object_forget(object, index + i, frames[i]);
    }
    if (!ok)
        return false;
    disk->stats.readahead += n - 1;
    object->ahead_next = index + n;
    object->ahead_pages = window;
    report(object, index, n);
    return true;
}

void mm_readahead_hit(struct mm_object *object, struct mm_frame *frame)
{
    if (!(frame->n_used & MM_PAGE_READAHEAD))
        return;
    frame->n_used &= (uint16_t)~MM_PAGE_READAHEAD;
    object->cache->setup.disk->stats.readahead_hits++;
}
