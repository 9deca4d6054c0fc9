/*
 * fork.c - reserve the child's VMAs and tables, then share every entry.
 *
 * Entries of private mappings are shared, also those of the zero page; those of shared mappings are
 * not, for the child's own faults find the same frames (Linux: vma_needs_copy); guards always are.
 */
#include "vm/fork.h"

#include "vm/anon.h"
#include "vm/huge.h"
#include "vm/mmap.h"

/* ---- mappings ---- */

static bool inherits_entries(const struct mm_vma *vma)
{
    bool by_entries = !mm_vma_is_shared(vma) || vma->anon != 0 || (vma->flags & MMSIM_VMA_HUGETLB);
    return !(vma->flags & MMSIM_VMA_WIPEONFORK) && by_entries;
}

/* What the child gets of a VMA: no locks; a mark of its own, beside its parent's. */
static struct mm_vma child_vma(const struct mm_vma *vma, struct mm_vm *vm)
{
    struct mm_vma like = *vma;
    like.flags &= ~(unsigned)(MMSIM_VMA_LOCKED | MMSIM_VMA_LOCKED_ONFAULT);
    if (vma->flags & MMSIM_VMA_HUGETLB) /* the reservation is the parent's */
        like.flags |= MMSIM_VMA_NORESERVE;
    bool marked = vma->anon != 0 && inherits_entries(vma);
    like.anon = marked ? ++vm->n_anon_marks : 0;
    like.forked = marked;
    return like;
}

static bool copy_vmas(struct mm_aspace *child, const struct mm_aspace *parent)
{
    const struct mm_vma *vma = mm_vma_first(&parent->vmas);
    for (; vma; vma = mm_vma_next(vma)) {
        if (vma->flags & MMSIM_VMA_DONTFORK)
            continue;
        struct mm_vma like = child_vma(vma, parent->vm);
        if ((like.flags & MMSIM_VMA_ACCOUNTED) &&
            !mm_commit_allows(parent->vm, mm_vma_pages(&like)))
            return false;
        if (!mm_vma_insert(&child->vmas, &like))
            return false;
        mm_clock_work(parent->vm->clock, MM_WORK_CHANGE_VMA);
    }
    return true;
}

/* ---- entries ---- */

typedef bool (*visitor)(struct mm_aspace *child, struct mm_aspace *parent, struct mm_vma *vma,
                        mmsim_vaddr page);

/* Calls `visit` for each entry of the parent that the child inherits, with the child's VMA. */
static bool visit_entries(struct mm_aspace *child, struct mm_aspace *parent, visitor visit)
{
    struct mm_vma *vma = mm_vma_first(&child->vmas);
    for (; vma; vma = mm_vma_next(vma)) {
        const struct mm_vma *from = mm_vma_at(&parent->vmas, vma->start);
        if (!inherits_entries(from))
            continue;
        mmsim_vaddr page = vma->start;
        while ((page = mm_pgtable_next(parent->tables, page, vma->end)) < vma->end) {
            struct mmsim_entry entry = mm_pgtable_query(parent->tables, page);
            if (!visit(child, parent, vma, page))
                return false;
            page += mm_aspace_entry_pages(parent, &entry) * MMSIM_PAGE_SIZE;
        }
    }
    return true;
}

/* Entries that name an anonymous frame, at most: each needs an item of the reverse map. */
static uint64_t count_shared(const struct mm_aspace *child, const struct mm_aspace *parent)
{
    uint64_t n = 0;
    for (const struct mm_vma *vma = mm_vma_first(&child->vmas); vma; vma = mm_vma_next(vma)) {
        uint64_t n_pages = mm_vma_pages(vma);
        n += vma->anon != 0 ? (n_pages < parent->rss ? n_pages : parent->rss) : 0;
    }
    return n < parent->rss ? n : parent->rss;
}

static bool prepare_entry(struct mm_aspace *child, struct mm_aspace *parent, struct mm_vma *vma,
                          mmsim_vaddr page)
{
    (void)vma;
    bool large = mm_pgtable_query(parent->tables, page).size_class > 0;
    return large ? mm_pgtable_prepare_large(child->tables, page)
                 : mm_pgtable_prepare(child->tables, page);
}

/* The frame gets one more entry; both are read-only from now on, if it is a private page. */
static bool share_entry(struct mm_aspace *child, struct mm_aspace *parent, struct mm_vma *vma,
                        mmsim_vaddr page)
{
    struct mmsim_entry entry = mm_pgtable_query(parent->tables, page);
    struct mm_frame *frame = mm_aspace_frame(parent, &entry);
    if (!frame) { /* a guard, a device, or a page on swap */
        mm_pgtable_map(child->tables, page, &entry);
        if (entry.state == MMSIM_ENTRY_SWAP) {
            mm_anon_slot_get(parent->vm->reclaim, mm_swap_slot_of(entry.base));
            child->n_swapped++;
        }
        return true;
    }
    if (frame != parent->vm->zero_frame) {
        mm_frame_get(frame);
        child->rss += mm_aspace_entry_pages(parent, &entry);
    }
    struct mmsim_entry rights = mm_aspace_entry(vma, frame);
    if (entry.flags & ~rights.flags & MMSIM_ENTRY_WRITABLE) {
        struct mmsim_entry read_only = entry;
        read_only.flags = (uint8_t)(entry.flags & ~(unsigned)MMSIM_ENTRY_WRITABLE);
        mm_pgtable_protect(parent->tables, page, &read_only);
    }
    mm_pgtable_map(child->tables, page, &rights);
    if (frame->use == MM_FRAME_ANON)
        mm_anon_page_mapped(parent->vm->reclaim, frame, child->tables, page, MMSIM_KIND_LOAD);
    return true;
}

/* Without copy-on-write every private page is copied at once. */
static bool copy_entry(struct mm_aspace *child, struct mm_aspace *parent, struct mm_vma *vma,
                       mmsim_vaddr page)
{
    struct mmsim_entry entry = mm_pgtable_query(parent->tables, page);
    struct mm_frame *frame = mm_aspace_frame(parent, &entry);
    if (!frame || frame->use != MM_FRAME_ANON)
        return share_entry(child, parent, vma, page);
    return mm_anon_copy(child, vma, page, frame) != MM_ANON_NO_MEMORY;
}

/* ---- all of it ---- */

static bool inherit(struct mm_aspace *child, struct mm_aspace *parent)
{
    if (!mm_huge_split_all(parent, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END) ||
        !copy_vmas(child, parent) || !visit_entries(child, parent, prepare_entry))
        return false;
    bool copies = parent->vm->options & MM_OPTION_NO_COPY_ON_WRITE;
    if (copies)
        return visit_entries(child, parent, copy_entry);
    if (!mm_rmap_reserve(&parent->vm->reclaim->rmap, count_shared(child, parent)))
        return false;
    visit_entries(child, parent, share_entry);
    mm_flush_all(parent->tables);
    return true;
}

struct mm_aspace *mm_fork_aspace(struct mm_aspace *parent)
{
    struct mm_aspace *child = mm_aspace_create(parent->vm);
    if (!child)
        return NULL;
    child->regions = parent->regions;
    child->heap_end = parent->heap_end;
    child->limits = parent->limits;
    child->keys = parent->keys;
    child->code_end = parent->code_end;
    if (inherit(child, parent))
        return child;
    mm_aspace_destroy(child);
    return NULL;
}
