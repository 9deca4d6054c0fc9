/* file.c - the two loops. */
#include "vm/file.h"

#include <string.h>

#include "paging/pcache.h"

enum mmsim_errno mm_file_errno(enum mm_object_result result)
{
    static const uint8_t errors[] = {[MM_OBJECT_OK] = MMSIM_SUCCESS,
                                     [MM_OBJECT_NO_MEMORY] = MMSIM_ENOMEM,
                                     [MM_OBJECT_BEYOND_END] = MMSIM_EINVAL,
                                     [MM_OBJECT_IO_ERROR] = MMSIM_EIO,
                                     [MM_OBJECT_NO_SPACE] = MMSIM_ENOSPC};
    return (enum mmsim_errno)errors[result];
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Fetches the page of an offset and holds on to it. */
static enum mm_object_result hold_page(struct mm_object *object, uint64_t offset,
                                       enum mmsim_kind kind, struct mm_frame **frame)
{
    bool io = false;
    enum mm_object_result result =
        mm_object_fetch(object, offset >> MMSIM_PAGE_SHIFT, MM_ADVICE_NORMAL, frame, &io);
    if (result != MM_OBJECT_OK)
        return result;
    mm_object_note_use(object, *frame, kind);
    mm_frame_get(*frame);
    return MM_OBJECT_OK;
}

static uint8_t *bytes_at(const struct mm_object *object, const struct mm_frame *frame,
                         uint64_t offset)
{
    uint8_t *page = mm_frame_bytes(object->cache->zones, frame);
    return page + (offset & MMSIM_PAGE_MASK);
}

static void charge(const struct mm_object *object, uint64_t n_bytes)
{
    uint64_t words = (n_bytes + 3) / 4;
    mm_clock_charge(object->cache->setup.clock, words * mm_work_cycles[MM_WORK_COPY_WORD]);
}

/* Hands a piece within a page to the mover; how much it took. A hole of shared memory is read as
 * zeros and stays a hole, as on a tmpfs. */
static enum mmsim_errno give_piece(struct mm_object *object, uint64_t offset, uint64_t n,
                                   const struct mm_mover *mover, uint64_t *moved)
{
    uint8_t zeros[MMSIM_PAGE_SIZE];
    struct mm_frame *frame;
    *moved = 0;
    if (object->kind == MM_OBJECT_SHARED && !mm_object_holds(object, offset >> MMSIM_PAGE_SHIFT)) {
        memset(zeros, 0, n);
        *moved = mover->move(mover->user, zeros, n);
        return MMSIM_SUCCESS;
    }
    enum mmsim_errno error = mm_file_errno(hold_page(object, offset, MMSIM_KIND_LOAD, &frame));
    if (error)
        return error;
    *moved = mover->move(mover->user, bytes_at(object, frame, offset), n);
    frame->count--;
    return MMSIM_SUCCESS;
}

enum mmsim_errno mm_file_read(struct mm_object *object, uint64_t offset, uint64_t n,
                              const struct mm_mover *mover, uint64_t *done)
{
    enum mmsim_errno error = MMSIM_SUCCESS;
    *done = 0;
    while (n > 0 && offset < object->size && !error) {
        uint64_t piece = MMSIM_PAGE_SIZE - (offset & MMSIM_PAGE_MASK);
        uint64_t moved;
        piece = least(least(piece, n), object->size - offset);
        error = give_piece(object, offset, piece, mover, &moved);
        if (error)
            break;
        charge(object, moved);
        *done += moved;
        offset += moved;
        n -= moved;
        if (moved < piece)
            error = MMSIM_EFAULT;
    }
    return *done > 0 ? MMSIM_SUCCESS : error;
}

/* Puts a piece that lies within a page into the object. On an error nothing has changed. */
static enum mm_object_result put_piece(struct mm_object *object, uint64_t offset,
                                       const uint8_t *bytes, uint64_t n)
{
    uint64_t old_size = object->size;
    struct mm_frame *frame;
    if (offset + n > old_size)
        object->size = offset + n;
    enum mm_object_result result = hold_page(object, offset, MMSIM_KIND_STORE, &frame);
    if (result == MM_OBJECT_OK) {
        result = mm_object_dirty(object, frame);
        if (result == MM_OBJECT_OK)
            memcpy(bytes_at(object, frame, offset), bytes, n);
        frame->count--;
    }
    if (result != MM_OBJECT_OK) {
        bool is_new = mm_object_end(object) > ((old_size + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT);
        uint64_t index = offset >> MMSIM_PAGE_SHIFT;
        struct mm_frame *added = is_new ? mm_object_find(object, index) : NULL;
        if (added && added->count == 1)
            mm_object_forget(object, index, added);
        object->size = old_size;
    } else if (object->size != old_size && object->inode) {
        object->inode->is_dirty = true;
    }
    return result;
}

enum mmsim_errno mm_file_write(struct mm_object *object, uint64_t offset, uint64_t n,
                               const struct mm_mover *mover, uint64_t *done)
{
    uint8_t bytes[MMSIM_PAGE_SIZE];
    enum mmsim_errno error = MMSIM_SUCCESS;
    *done = 0;
    if (offset > MMSIM_FILE_MAX_BYTES || n > MMSIM_FILE_MAX_BYTES - offset)
        return MMSIM_EFBIG;
    while (n > 0 && !error) {
        uint64_t piece = least(MMSIM_PAGE_SIZE - (offset & MMSIM_PAGE_MASK), n);
        uint64_t moved = mover->move(mover->user, bytes, piece);
        if (moved > 0)
            error = mm_file_errno(put_piece(object, offset, bytes, moved));
        if (error)
            break;
        charge(object, moved);
        *done += moved;
        offset += moved;
        n -= moved;
        if (moved < piece)
            error = MMSIM_EFAULT;
    }
    return *done > 0 ? MMSIM_SUCCESS : error;
}
