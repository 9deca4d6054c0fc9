/* filemap.c - object pages into entries, and out of them. */
#include "vm/filemap.h"

#include "vm/anon.h"

static enum mm_object_advice advice_of(const struct mm_vma *vma)
{
    if (vma->flags & MMSIM_VMA_RANDOM)
        return MM_ADVICE_RANDOM;
    return vma->flags & MMSIM_VMA_SEQUENTIAL ? MM_ADVICE_SEQUENTIAL : MM_ADVICE_NORMAL;
}

static enum mm_filemap_result result_of(enum mm_object_result result)
{
    return result == MM_OBJECT_NO_MEMORY ? MM_FILEMAP_NO_MEMORY : MM_FILEMAP_REFUSED;
}

/* One more entry shows the frame. */
static void map_frame(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page,
                      struct mm_frame *frame)
{
    struct mmsim_entry entry = mm_aspace_entry(vma, frame);
    mm_frame_get(frame);
    mm_pgtable_map(aspace->tables, page, &entry);
    aspace->rss++;
}

/* ---- around a read fault ---- */

/* The window of a fault: aligned, in the VMA, under one page table. */
static void find_window(const struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page,
                        mmsim_vaddr *start, mmsim_vaddr *end)
{
    const struct mm_board *board = aspace->vm->paging->board;
    uint64_t bytes = aspace->vm->fault_around_pages * MMSIM_PAGE_SIZE;
    mmsim_vaddr table = (mmsim_vaddr)1 << mm_board_page_shift(board, 1);
    mmsim_vaddr table_end = (page & ~(table - 1)) + table;
    *start = page & ~(bytes - 1);
    *start = *start > vma->start ? *start : vma->start;
    *end = *start + bytes;
    *end = *end < vma->end ? *end : vma->end;
    *end = *end < table_end ? *end : table_end;
}

static void map_around(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr page)
{
    mmsim_vaddr start;
    mmsim_vaddr end;
    find_window(aspace, vma, page, &start, &end);
    uint64_t n_object_pages = (vma->object->size + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT;
    for (mmsim_vaddr at = start; at < end; at += MMSIM_PAGE_SIZE) {
        uint64_t index = mm_vma_index(vma, at);
        if (index >= n_object_pages)
            return;
        struct mm_frame *frame = mm_object_find(vma->object, index);
        if (frame && mm_pgtable_query(aspace->tables, at).state == MMSIM_ENTRY_NONE)
            map_frame(aspace, vma, at, frame);
    }
}

/* ---- faults ---- */

/* The frame is held; there is a table for the entry. */
static enum mm_filemap_result enter(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                    struct mm_frame *frame, enum mmsim_access_kind access)
{
    bool write = access == MMSIM_ACCESS_WRITE;
    if (write && !mm_vma_is_shared(vma)) {
        enum mm_anon_result copied = mm_anon_copy(aspace, vma, page, frame);
        return copied == MM_ANON_NO_MEMORY ? MM_FILEMAP_NO_MEMORY : MM_FILEMAP_COPIED;
    }
    if (write) {
        enum mm_object_result dirty = mm_object_dirty(vma->object, frame);
        if (dirty != MM_OBJECT_OK)
            return result_of(dirty);
    }
    map_frame(aspace, vma, page, frame);
    if (!write && aspace->vm->fault_around_pages > 1)
        map_around(aspace, vma, page);
    return MM_FILEMAP_MAPPED;
}

enum mm_filemap_result mm_filemap_populate(struct mm_aspace *aspace, struct mm_vma *vma,
                                           mmsim_vaddr page, enum mmsim_access_kind access)
{
    struct mm_frame *frame;
    bool io = false;
    enum mm_object_result fetched =
        mm_object_fetch(vma->object, mm_vma_index(vma, page), advice_of(vma), &frame, &io);
    if (fetched != MM_OBJECT_OK)
        return result_of(fetched);
    mm_frame_get(frame); /* what follows may need memory, and the object must not give this up */
    enum mm_filemap_result result = MM_FILEMAP_NO_MEMORY;
    if (mm_pgtable_prepare(aspace->tables, page))
        result = enter(aspace, vma, page, frame, access);
    if (result <= MM_FILEMAP_REFUSED)
        mm_pgtable_trim(aspace->tables, page, page + MMSIM_PAGE_SIZE);
    mm_frame_put(aspace->vm->zones, frame);
    return io && result > MM_FILEMAP_REFUSED ? MM_FILEMAP_READ : result;
}

enum mm_filemap_result mm_filemap_make_dirty(struct mm_aspace *aspace, struct mm_vma *vma,
                                             mmsim_vaddr page, const struct mmsim_entry *entry)
{
    struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    enum mm_object_result dirty = mm_object_dirty(vma->object, frame);
    if (dirty != MM_OBJECT_OK)
        return result_of(dirty);
    struct mmsim_entry rights = mm_aspace_entry(vma, frame);
    mm_pgtable_protect(aspace->tables, page, &rights);
    return MM_FILEMAP_MAPPED;
}

/* ---- hooks ---- */

/* The addresses at which a VMA shows pages first..last. False: it shows none of them. */
static bool shows(const struct mm_vma *vma, uint64_t first, uint64_t last, mmsim_vaddr *start,
                  mmsim_vaddr *end)
{
    uint64_t vma_last = vma->offset + mm_vma_pages(vma) - 1;
    uint64_t from = first > vma->offset ? first : vma->offset;
    uint64_t to = last < vma_last ? last : vma_last;
    if (from > to)
        return false;
    *start = vma->start + ((from - vma->offset) << MMSIM_PAGE_SHIFT);
    *end = vma->start + ((to - vma->offset + 1) << MMSIM_PAGE_SHIFT);
    return true;
}

void mm_filemap_unmap(void *vm, struct mm_object *object, uint64_t first, uint64_t last,
                      unsigned what)
{
    (void)vm;
    enum mm_zap zap = what & MM_UNMAP_COPIES ? MM_ZAP_PAGES : MM_ZAP_FILE_PAGES;
    for (struct mm_list *at = object->mappings.next; at != &object->mappings; at = at->next) {
        struct mm_vma *vma = MM_CONTAINER_OF(at, struct mm_vma, object_link);
        mmsim_vaddr start;
        mmsim_vaddr end;
        if (shows(vma, first, last, &start, &end))
            mm_aspace_zap(vma->aspace, start, end, zap);
    }
}

/* One entry: read-only and clean, in the TLBs too. True: it was dirty. */
static bool clean_entry(struct mm_vma *vma, mmsim_vaddr page)
{
    struct mm_pgtable *tables = vma->aspace->tables;
    struct mmsim_entry entry = mm_pgtable_query(tables, page);
    if (!mm_entry_holds_page(&entry) || !(entry.flags & (MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_DIRTY)))
        return false;
    struct mmsim_entry rights = entry;
    rights.flags = (uint8_t)(entry.flags & ~(unsigned)MMSIM_ENTRY_WRITABLE);
    mm_pgtable_protect(tables, page, &rights);
    bool dirty = mm_pgtable_test_and_clear(tables, page, MMSIM_ENTRY_DIRTY);
    mm_flush_page(tables, page);
    return dirty;
}

bool mm_filemap_clean(void *vm, struct mm_object *object, uint64_t index)
{
    (void)vm;
    bool dirty = false;
    for (struct mm_list *at = object->mappings.next; at != &object->mappings; at = at->next) {
        struct mm_vma *vma = MM_CONTAINER_OF(at, struct mm_vma, object_link);
        mmsim_vaddr start;
        mmsim_vaddr end;
        if (mm_vma_is_shared(vma) && shows(vma, index, index, &start, &end))
            dirty |= clean_entry(vma, start);
    }
    return dirty;
}

/* The entry at which a VMA shows the object's own page; false: it does not. */
static bool find_entry(const struct mm_vma *vma, uint64_t index, mmsim_vaddr *page,
                       struct mmsim_entry *entry)
{
    mmsim_vaddr end;
    if (!shows(vma, index, index, page, &end))
        return false;
    *entry = mm_pgtable_query(vma->aspace->tables, *page);
    const struct mm_frame *frame = mm_aspace_frame(vma->aspace, entry);
    return frame && frame->use == MM_FRAME_FILE;
}

struct mm_object_survey mm_filemap_survey(void *vm, const struct mm_object *object, uint64_t index)
{
    (void)vm;
    struct mm_object_survey survey = {0};
    const struct mm_list *at = object->mappings.next;
    for (; at != &object->mappings; at = at->next) {
        const struct mm_vma *vma = MM_CONTAINER_OF(at, struct mm_vma, object_link);
        struct mmsim_entry entry;
        mmsim_vaddr page;
        if (!find_entry(vma, index, &page, &entry))
            continue;
        survey.n_mappings++;
        survey.is_locked |= (vma->flags & MMSIM_VMA_LOCKED) != 0;
    }
    return survey;
}

enum mmsim_look mm_filemap_look(void *vm, struct mm_object *object, uint64_t index)
{
    const struct mm_reclaim *reclaim = ((const struct mm_vm *)vm)->reclaim;
    enum mmsim_look found = MMSIM_LOOK_NOTHING;
    for (struct mm_list *at = object->mappings.next; at != &object->mappings; at = at->next) {
        const struct mm_vma *vma = MM_CONTAINER_OF(at, struct mm_vma, object_link);
        struct mmsim_entry entry;
        mmsim_vaddr page;
        if (!find_entry(vma, index, &page, &entry) ||
            !mm_pgtable_test_and_clear(vma->aspace->tables, page, MMSIM_ENTRY_ACCESSED))
            continue;
        if (found != MMSIM_LOOK_WRITTEN)
            found = entry.flags & MMSIM_ENTRY_DIRTY ? MMSIM_LOOK_WRITTEN : MMSIM_LOOK_ACCESSED;
        if (reclaim->setup.flush_young)
            mm_flush_page(vma->aspace->tables, page);
    }
    return found;
}
