/* maps.c - looking at a process's mappings and pages: what /proc/PID/maps, smaps, pagemap show. */
#include "paging/object.h"
#include "sim/machine.h"
#include "vm/exec.h"

static const struct mm_aspace *aspace_of(const struct mmsim_process *process)
{
    return process->live ? process->live->aspace : NULL;
}

static uint64_t present_pages(const struct mm_aspace *aspace, const struct mm_vma *vma)
{
    uint64_t n = 0;
    mmsim_vaddr page = vma->start;
    while ((page = mm_pgtable_next(aspace->tables, page, vma->end)) < vma->end) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        uint64_t n_pages = mm_aspace_entry_pages(aspace, &entry);
        n += entry.state == MMSIM_ENTRY_PRESENT ? n_pages : 0;
        page += n_pages * MMSIM_PAGE_SIZE;
    }
    return n;
}

static struct mmsim_file *file_of(const struct mm_vma *vma)
{
    return vma->object ? vma->object->user : NULL;
}

static const char *name_of(const struct mm_vma *vma)
{
    if (vma->flags & MMSIM_VMA_STACK)
        return "stack";
    if (vma->flags & MMSIM_VMA_HEAP)
        return "heap";
    if (vma->flags & MMSIM_VMA_DEVICE)
        return "device";
    if (file_of(vma))
        return mmsim_file_name(file_of(vma));
    return vma->object ? "shared" : "anon";
}

bool mmsim_vma_find(const struct mmsim_process *process, mmsim_vaddr address,
                    struct mmsim_vma_info *info)
{
    const struct mm_aspace *aspace = aspace_of(process);
    const struct mm_vma *vma = aspace ? mm_vma_find(&aspace->vmas, address) : NULL;
    if (!vma)
        return false;
    *info = (struct mmsim_vma_info){.start = vma->start,
                                    .end = vma->end,
                                    .prot = vma->prot,
                                    .flags = vma->flags,
                                    .present_pages = present_pages(aspace, vma),
                                    .name = name_of(vma),
                                    .file = file_of(vma),
                                    .offset = vma->object ? vma->offset << MMSIM_PAGE_SHIFT : 0,
                                    .key = vma->key};
    return true;
}

/* ---- regions, and what can be written and executed ---- */

bool mmsim_regions_read(const struct mmsim_process *process, struct mmsim_regions *regions)
{
    const struct mm_aspace *aspace = aspace_of(process);
    if (!aspace)
        return false;
    const struct mm_regions *from = &aspace->regions;
    *regions = (struct mmsim_regions){.code = from->code,
                                      .heap = from->heap,
                                      .mmap = from->mmap,
                                      .shared = from->shared,
                                      .stack_end = from->stack_end};
    return true;
}

static void note_finding(const struct mm_vma *vma, uint64_t *n_pages, mmsim_vaddr *first)
{
    *first = *n_pages == 0 ? vma->start : *first;
    *n_pages += mm_vma_pages(vma);
}

void mmsim_audit_read(const struct mmsim_process *process, struct mmsim_audit *audit)
{
    const unsigned both = MMSIM_PROT_WRITE | MMSIM_PROT_EXEC;
    const struct mm_aspace *aspace = aspace_of(process);
    *audit = (struct mmsim_audit){0};
    const struct mm_vma *vma = aspace ? mm_vma_first(&aspace->vmas) : NULL;
    for (; vma; vma = mm_vma_next(vma)) {
        audit->n_mapped += mm_vma_pages(vma);
        if ((vma->prot & both) == both)
            note_finding(vma, &audit->n_writable_executable, &audit->first_writable_executable);
        else if (mm_exec_leaks(aspace, vma))
            note_finding(vma, &audit->n_leaking, &audit->first_leaking);
    }
}

/* ---- pages ---- */

const char *mmsim_page_kind_name(enum mmsim_page_kind kind)
{
    static const char *const names[MMSIM_N_PAGE_KINDS] = {
        [MMSIM_PAGE_ABSENT] = "absent", [MMSIM_PAGE_ZERO] = "zero",   [MMSIM_PAGE_ANON] = "anon",
        [MMSIM_PAGE_FILE] = "file",     [MMSIM_PAGE_GUARD] = "guard", [MMSIM_PAGE_SWAP] = "swap",
        [MMSIM_PAGE_DEVICE] = "device"};
    return (unsigned)kind < MMSIM_N_PAGE_KINDS ? names[kind] : NULL;
}

static enum mmsim_page_kind kind_of(const struct mm_aspace *aspace, const struct mmsim_entry *entry,
                                    const struct mm_frame *frame)
{
    if (entry->state == MMSIM_ENTRY_GUARD)
        return MMSIM_PAGE_GUARD;
    if (entry->state == MMSIM_ENTRY_SWAP)
        return MMSIM_PAGE_SWAP;
    if (entry->state == MMSIM_ENTRY_NONE)
        return MMSIM_PAGE_ABSENT;
    if (!frame)
        return MMSIM_PAGE_DEVICE;
    if (frame == aspace->vm->zero_frame)
        return MMSIM_PAGE_ZERO;
    return frame->use == MM_FRAME_FILE ? MMSIM_PAGE_FILE : MMSIM_PAGE_ANON;
}

/* Entries that name the frame: an object holds one count more. */
static uint32_t n_mappings(const struct mm_frame *frame)
{
    return frame->use == MM_FRAME_FILE ? frame->count - 1 : frame->count;
}

bool mmsim_page_find(const struct mmsim_process *process, mmsim_vaddr address,
                     struct mmsim_page_info *info)
{
    const struct mm_aspace *aspace = aspace_of(process);
    *info = (struct mmsim_page_info){0};
    if (!aspace)
        return false;
    if (!mm_layout_is_user(address))
        return true;
    struct mmsim_entry entry = mm_pgtable_query(aspace->tables, address & ~MMSIM_PAGE_MASK);
    const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
    info->kind = kind_of(aspace, &entry, frame);
    info->accessed = entry.flags & MMSIM_ENTRY_ACCESSED;
    info->dirty = entry.flags & MMSIM_ENTRY_DIRTY;
    info->writable = entry.flags & MMSIM_ENTRY_WRITABLE;
    info->large = entry.size_class > 0;
    if (!frame)
        return true;
    uint64_t within = (address >> MMSIM_PAGE_SHIFT) & (mm_aspace_entry_pages(aspace, &entry) - 1);
    info->frame = mm_address_pfn(entry.base) + (mmsim_pfn)within;
    info->n_mappings = n_mappings(frame);
    info->cache_dirty = info->kind == MMSIM_PAGE_FILE && (frame->n_used & MM_PAGE_DIRTY);
    info->in_writeback = info->kind == MMSIM_PAGE_FILE && (frame->n_used & MM_PAGE_WRITEBACK);
    return true;
}

/* ---- smaps ---- */

static void add_page(const struct mm_vma *vma, const struct mmsim_entry *entry,
                     const struct mm_frame *frame, uint64_t n_pages, struct mmsim_smaps *smaps)
{
    bool shared = n_mappings(frame) > 1;
    bool dirty = (entry->flags & MMSIM_ENTRY_DIRTY) ||
                 (frame->use == MM_FRAME_FILE && (frame->n_used & MM_PAGE_DIRTY)) ||
                 frame->use == MM_FRAME_ANON;
    uint64_t *sum = shared ? (dirty ? &smaps->shared_dirty : &smaps->shared_clean)
                           : (dirty ? &smaps->private_dirty : &smaps->private_clean);
    *sum += n_pages;
    smaps->rss += n_pages;
    smaps->pss_bytes += n_pages * MMSIM_PAGE_SIZE / n_mappings(frame);
    smaps->referenced += entry->flags & MMSIM_ENTRY_ACCESSED ? n_pages : 0;
    smaps->anonymous += frame->use == MM_FRAME_FILE ? 0 : n_pages;
    smaps->locked += vma->flags & MMSIM_VMA_LOCKED ? n_pages : 0;
    smaps->large += entry->size_class > 0 ? n_pages : 0;
}

static void add_vma(const struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr start,
                    mmsim_vaddr end, struct mmsim_smaps *smaps)
{
    mmsim_vaddr page = start;
    while ((page = mm_pgtable_next(aspace->tables, page, end)) < end) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
        uint64_t n_pages = mm_aspace_entry_pages(aspace, &entry);
        if (entry.state == MMSIM_ENTRY_PRESENT && frame && frame != aspace->vm->zero_frame)
            add_page(vma, &entry, frame, n_pages, smaps);
        smaps->swap += entry.state == MMSIM_ENTRY_SWAP;
        page += n_pages * MMSIM_PAGE_SIZE;
    }
}

void mmsim_smaps_read(const struct mmsim_process *process, mmsim_vaddr start, mmsim_vaddr end,
                      struct mmsim_smaps *smaps)
{
    const struct mm_aspace *aspace = aspace_of(process);
    *smaps = (struct mmsim_smaps){0};
    const struct mm_vma *vma = aspace ? mm_vma_find(&aspace->vmas, start) : NULL;
    for (; vma && vma->start < end; vma = mm_vma_next(vma)) {
        mmsim_vaddr from = vma->start > start ? vma->start : start;
        add_vma(aspace, vma, from, vma->end < end ? vma->end : end, smaps);
    }
}
