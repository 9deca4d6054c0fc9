/* resize.c - objects that shrink, grow and get holes, under the eyes of who maps them. */
#include <string.h>

#include "paging/pcache.h"

static uint8_t *bytes_of(const struct mm_object *object, const struct mm_frame *frame)
{
    return mm_frame_bytes(object->cache->zones, frame);
}

static bool has_contents(const struct mm_object *object, uint64_t index)
{
    return mm_object_holds(object, index) ||
           (object->inode && mm_inode_written_block(object->inode, index) != MM_DISK_NONE);
}

/* Zeros in part of a page, if it has anything. */
static enum mm_object_result clear(struct mm_object *object, uint64_t index, uint64_t from,
                                   uint64_t to)
{
    struct mm_frame *frame;
    bool io = false;
    if (from == to || index >= mm_object_end(object) || !has_contents(object, index))
        return MM_OBJECT_OK;
    enum mm_object_result result = mm_object_fetch(object, index, MM_ADVICE_RANDOM, &frame, &io);
    if (result != MM_OBJECT_OK)
        return result;
    mm_frame_get(frame);
    result = mm_object_dirty(object, frame);
    frame->count--;
    if (result == MM_OBJECT_OK)
        memset(bytes_of(object, frame) + from, 0, to - from);
    return result;
}

/* Takes whole pages out of every mapping, the cache, and the file. */
static void cut(struct mm_object *object, uint64_t first, uint64_t last, unsigned what)
{
    struct mm_pcache *cache = object->cache;
    if (first > last)
        return;
    cache->hooks.unmap(cache->hooks.user, object, first, last, what);
    mm_writeback_wait(object);
    mm_object_remove(object, first, last);
}

enum mm_object_result mm_object_truncate(struct mm_object *object, uint64_t size)
{
    uint64_t tail = size & MMSIM_PAGE_MASK;
    if (size <= object->size) {
        uint64_t index = size >> MMSIM_PAGE_SHIFT;
        enum mm_object_result result =
            tail ? clear(object, index, tail, MMSIM_PAGE_SIZE) : MM_OBJECT_OK;
        if (result != MM_OBJECT_OK)
            return result;
        cut(object, index + (tail != 0), UINT64_MAX >> MMSIM_PAGE_SHIFT, MM_UNMAP_COPIES);
    }
    if (object->inode && object->size != size)
        object->inode->is_dirty = true;
    object->size = size;
    return MM_OBJECT_OK;
}

enum mm_object_result mm_object_punch(struct mm_object *object, uint64_t offset, uint64_t length)
{
    uint64_t end = offset + length;
    uint64_t first = (offset + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT;
    uint64_t after = end >> MMSIM_PAGE_SHIFT;
    enum mm_object_result result = MM_OBJECT_OK;
    if (first > after) /* within one page */
        return clear(object, after, offset & MMSIM_PAGE_MASK, end & MMSIM_PAGE_MASK);
    if (offset & MMSIM_PAGE_MASK)
        result = clear(object, first - 1, offset & MMSIM_PAGE_MASK, MMSIM_PAGE_SIZE);
    if (result == MM_OBJECT_OK)
        result = clear(object, after, 0, end & MMSIM_PAGE_MASK);
    if (result == MM_OBJECT_OK && after > first)
        cut(object, first, after - 1, 0);
    return result;
}
