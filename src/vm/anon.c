/* anon.c - demand-zero and copy-on-write. */
#include "vm/anon.h"

#include <string.h>

static struct mm_frame *take_frame(struct mm_aspace *aspace)
{
    mm_clock_work(aspace->vm->clock, MM_WORK_FRAME);
    return mm_zone_alloc(aspace->vm->zones, MM_FRAME_ANON, 0);
}

static struct mm_frame *take_zeroed(struct mm_aspace *aspace)
{
    struct mm_frame *frame = take_frame(aspace);
    if (!frame)
        return NULL;
    memset(mm_aspace_touch(aspace->vm, frame), 0, MMSIM_PAGE_SIZE);
    mm_clock_work(aspace->vm->clock, MM_WORK_ZERO_PAGE);
    return frame;
}

static bool may_share_zeros(const struct mm_aspace *aspace, enum mmsim_access_kind access)
{
    return access != MMSIM_ACCESS_WRITE && !(aspace->vm->options & MM_OPTION_NO_ZERO_PAGE);
}

enum mm_anon_result mm_anon_populate(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                     enum mmsim_access_kind access)
{
    if (!mm_pgtable_prepare(aspace->tables, page))
        return MM_ANON_NO_MEMORY;
    bool zeros = may_share_zeros(aspace, access);
    struct mm_frame *frame = zeros ? aspace->vm->zero_frame : take_zeroed(aspace);
    if (!frame) {
        mm_pgtable_trim(aspace->tables, page, page + MMSIM_PAGE_SIZE);
        return MM_ANON_NO_MEMORY;
    }
    if (!zeros)
        mm_vma_mark_anon(vma, &aspace->vm->n_anon_marks);
    struct mmsim_entry entry = mm_aspace_entry(vma, frame);
    mm_pgtable_map(aspace->tables, page, &entry);
    aspace->rss += !zeros;
    return zeros ? MM_ANON_ZERO_PAGE : MM_ANON_FILLED;
}

/* Puts `frame` at `page`, whatever stood there, which had another frame or none. */
static void install(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                    struct mm_frame *frame)
{
    mm_vma_mark_anon(vma, &aspace->vm->n_anon_marks);
    struct mmsim_entry before = mm_pgtable_query(aspace->tables, page);
    struct mmsim_entry entry = mm_aspace_entry(vma, frame);
    mm_pgtable_map(aspace->tables, page, &entry);
    if (before.state == MMSIM_ENTRY_PRESENT)
        mm_flush_page(aspace->tables, page);
    struct mm_frame *old = mm_aspace_frame(aspace, &before);
    if (!old || old == aspace->vm->zero_frame)
        aspace->rss++;
    else
        mm_frame_put(aspace->vm->zones, old);
}

enum mm_anon_result mm_anon_copy(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                 struct mm_frame *from)
{
    struct mm_frame *frame = take_frame(aspace);
    if (!frame)
        return MM_ANON_NO_MEMORY;
    memcpy(mm_aspace_touch(aspace->vm, frame), mm_aspace_touch(aspace->vm, from), MMSIM_PAGE_SIZE);
    mm_clock_work(aspace->vm->clock, MM_WORK_COPY_PAGE);
    install(aspace, vma, page, frame);
    return MM_ANON_COPIED;
}

static enum mm_anon_result fill(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page)
{
    struct mm_frame *frame = take_zeroed(aspace);
    if (!frame)
        return MM_ANON_NO_MEMORY;
    install(aspace, vma, page, frame);
    return MM_ANON_FILLED;
}

enum mm_anon_result mm_anon_own(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                const struct mmsim_entry *entry)
{
    struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    if (frame == aspace->vm->zero_frame)
        return fill(aspace, vma, page);
    if (frame->use == MM_FRAME_FILE || frame->count > 1)
        return mm_anon_copy(aspace, vma, page, frame);
    struct mmsim_entry rights = mm_aspace_entry(vma, frame);
    mm_pgtable_protect(aspace->tables, page, &rights);
    return MM_ANON_REUSED;
}
