/* anon.c - demand-zero and copy-on-write. */
#include "vm/anon.h"

#include <string.h>

static struct mm_frame *take_frame(struct mm_aspace *aspace)
{
    mm_clock_work(aspace->vm->clock, MM_WORK_FRAME);
    return mm_anon_page_alloc(aspace->vm->reclaim);
}

static enum mmsim_kind kind_of(enum mmsim_access_kind access)
{
    if (access == MMSIM_ACCESS_WRITE)
        return MMSIM_KIND_STORE;
    return access == MMSIM_ACCESS_FETCH ? MMSIM_KIND_FETCH : MMSIM_KIND_LOAD;
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

static bool may_share_zeros(const struct mm_aspace *aspace, const struct mm_vma *vma,
                            enum mmsim_access_kind access)
{
    return access != MMSIM_ACCESS_WRITE && !(aspace->vm->options & MM_OPTION_NO_ZERO_PAGE) &&
           !(vma->flags & MMSIM_VMA_OWN_PAGES);
}

enum mm_anon_result mm_anon_populate(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                     enum mmsim_access_kind access)
{
    if (!mm_pgtable_prepare(aspace->tables, page))
        return MM_ANON_NO_MEMORY;
    bool zeros = may_share_zeros(aspace, vma, access);
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
    if (!zeros)
        mm_anon_page_mapped(aspace->vm->reclaim, frame, aspace->tables, page, kind_of(access));
    return zeros ? MM_ANON_ZERO_PAGE : MM_ANON_FILLED;
}

/* The entry at `page` names another frame by now. */
static void let_go(struct mm_aspace *aspace, struct mm_frame *old, mmsim_vaddr page)
{
    struct mm_reclaim *reclaim = aspace->vm->reclaim;
    if (old->use != MM_FRAME_ANON) {
        mm_frame_put(aspace->vm->zones, old);
        return;
    }
    mm_anon_page_unmapped(reclaim, old, aspace->tables, page);
    mm_anon_page_put(reclaim, old);
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
        let_go(aspace, old, page);
    mm_anon_page_mapped(aspace->vm->reclaim, frame, aspace->tables, page, MMSIM_KIND_STORE);
}

enum mm_anon_result mm_anon_copy(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                 struct mm_frame *from)
{
    mm_frame_get(from); /* nobody is to take it out meanwhile */
    struct mm_frame *frame = take_frame(aspace);
    from->count--;
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
    if (frame->use == MM_FRAME_FILE || !mm_anon_page_own(aspace->vm->reclaim, frame))
        return mm_anon_copy(aspace, vma, page, frame);
    struct mmsim_entry rights = mm_aspace_entry(vma, frame);
    mm_pgtable_protect(aspace->tables, page, &rights);
    return MM_ANON_REUSED;
}

/* ---- swap ---- */

/* One more entry names the frame, in place of the one that named its slot. */
static void map_from_swap(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page,
                          struct mm_frame *frame, uint32_t slot)
{
    struct mm_reclaim *reclaim = aspace->vm->reclaim;
    struct mmsim_entry entry = mm_aspace_entry(vma, frame);
    mm_pgtable_map(aspace->tables, page, &entry);
    mm_anon_page_mapped(reclaim, frame, aspace->tables, page, MMSIM_KIND_LOAD);
    aspace->rss++;
    aspace->n_swapped--;
    mm_anon_slot_put(reclaim, slot);
}

enum mm_anon_result mm_anon_swapped(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                    uint32_t slot, enum mmsim_access_kind access)
{
    struct mm_reclaim *reclaim = aspace->vm->reclaim;
    struct mm_frame *frame;
    enum mm_swap_in found = mm_anon_swap_in(reclaim, slot, kind_of(access), &frame);
    if (found == MM_SWAP_IN_NO_MEMORY || found == MM_SWAP_IN_ERROR)
        return found == MM_SWAP_IN_ERROR ? MM_ANON_IO_ERROR : MM_ANON_NO_MEMORY;
    mm_frame_get(frame);
    if (!mm_rmap_reserve(&reclaim->rmap, 1)) {
        mm_anon_page_put(reclaim, frame);
        return MM_ANON_NO_MEMORY;
    }
    map_from_swap(aspace, vma, page, frame, slot);
    if (access == MMSIM_ACCESS_WRITE) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        if (mm_anon_own(aspace, vma, page, &entry) == MM_ANON_NO_MEMORY)
            return MM_ANON_NO_MEMORY;
    }
    return found == MM_SWAP_IN_READ ? MM_ANON_READ : MM_ANON_FOUND;
}
