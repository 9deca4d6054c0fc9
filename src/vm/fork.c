/* fork.c - reserve the child's VMAs and tables, then share every entry. */
#include "vm/fork.h"

static bool copy_vmas(struct mm_aspace *child, const struct mm_aspace *parent)
{
    struct mm_clock *clock = parent->vm->clock;
    const struct mm_vma *vma = mm_vma_first(&parent->vmas);
    for (; vma; vma = mm_vma_next(vma)) {
        if (!mm_vma_insert(&child->vmas, vma->start, vma->end, vma->prot, vma->flags))
            return false;
        mm_clock_work(clock, MM_WORK_CHANGE_VMA);
    }
    return true;
}

static bool prepare_tables(struct mm_aspace *child, const struct mm_aspace *parent)
{
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while ((page = mm_pgtable_next(parent->tables, page, MM_LAYOUT_USER_END)) <
           MM_LAYOUT_USER_END) {
        if (!mm_pgtable_prepare(child->tables, page))
            return false;
        page += MMSIM_PAGE_SIZE;
    }
    return true;
}

static void share_page(struct mm_aspace *child, struct mm_aspace *parent, mmsim_vaddr page)
{
    struct mmsim_entry entry = mm_pgtable_query(parent->tables, page);
    struct mm_frame *frame = mm_aspace_frame(parent, &entry);
    if (frame != parent->vm->zero_frame) {
        mm_frame_get(frame);
        child->rss++;
    }
    if (entry.flags & MMSIM_ENTRY_WRITABLE)
        mm_pgtable_protect(parent->tables, page, entry.state, MMSIM_ENTRY_USER);
    entry.flags = MMSIM_ENTRY_USER;
    mm_pgtable_map(child->tables, page, &entry);
}

static void share_pages(struct mm_aspace *child, struct mm_aspace *parent)
{
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while ((page = mm_pgtable_next(parent->tables, page, MM_LAYOUT_USER_END)) <
           MM_LAYOUT_USER_END) {
        share_page(child, parent, page);
        page += MMSIM_PAGE_SIZE;
    }
    mm_flush_all(parent->tables);
}

struct mm_aspace *mm_fork_aspace(struct mm_aspace *parent)
{
    struct mm_aspace *child = mm_aspace_create(parent->vm);
    if (!child)
        return NULL;
    if (!copy_vmas(child, parent) || !prepare_tables(child, parent)) {
        mm_aspace_destroy(child);
        return NULL;
    }
    share_pages(child, parent);
    return child;
}
