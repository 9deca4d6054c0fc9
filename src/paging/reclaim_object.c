/*
 * reclaim_object.c - pages of files and of shared memory leave their frames.
 *
 * Entries go first, with their flushes: nobody can store to the page any more. What is dirty is
 * written and waited for, and its dirty neighbours are sent along in the same request.
 */
#include "paging/pcache.h"
#include "paging/reclaim.h"

enum { CLUSTER_PAGES = MM_DISK_REQUEST_BLOCKS };

static void unmap(struct mm_object *object, uint64_t index)
{
    const struct mm_object_hooks *hooks = &object->cache->hooks;
    hooks->unmap(hooks->user, object, index, index, 0);
}

static enum mm_out to_swap(struct mm_reclaim *reclaim, struct mm_object *object,
                           struct mm_frame *frame)
{
    uint32_t slot = mm_reclaim_take_slot(reclaim);
    if (slot == MM_NO_SLOT)
        return MM_OUT_NO_SWAP;
    unmap(object, frame->payload);
    const uint8_t *bytes = mm_frame_bytes(reclaim->zones, frame);
    if (mm_swap_write(reclaim->swap, slot, 1, &bytes) != MM_SWAP_OK) {
        mm_swap_put(reclaim->swap, slot);
        return MM_OUT_IO_ERROR;
    }
    reclaim->pager->stats.write_backs++;
    mm_object_evict(object, frame, slot);
    return MM_OUT_GONE;
}

static void write_cluster(struct mm_object *object, uint64_t index)
{
    uint64_t first = index & ~(uint64_t)(CLUSTER_PAGES - 1);
    mm_writeback_start(object, first, first + CLUSTER_PAGES - 1);
}

static enum mm_out to_file(struct mm_reclaim *reclaim, struct mm_object *object,
                           struct mm_frame *frame)
{
    struct mm_pcache *cache = object->cache;
    unmap(object, frame->payload);
    mm_writeback_wait_page(cache, frame);
    if (frame->n_used & MM_PAGE_DIRTY) {
        write_cluster(object, frame->payload);
        mm_writeback_wait_page(cache, frame);
        reclaim->pager->stats.write_backs++;
    }
    if (frame->n_used & (MM_PAGE_DIRTY | MM_PAGE_WRITEBACK))
        return MM_OUT_IO_ERROR;
    mm_object_evict(object, frame, MM_NO_SLOT);
    return MM_OUT_GONE;
}

enum mm_out mm_reclaim_object_page(struct mm_reclaim *reclaim, struct mm_frame *frame)
{
    struct mm_object *object = mm_frame_object(frame);
    const struct mm_object_hooks *hooks = &object->cache->hooks;
    struct mm_object_survey found = hooks->survey(hooks->user, object, frame->payload);
    if (frame->count != found.n_mappings + 1)
        return MM_OUT_PINNED;
    if (found.is_locked)
        return MM_OUT_LOCKED;
    return object->kind == MM_OBJECT_SHARED ? to_swap(reclaim, object, frame)
                                            : to_file(reclaim, object, frame);
}
