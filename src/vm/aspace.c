/* aspace.c - birth and death of address spaces, and taking pages out of them. */
#include "vm/aspace.h"

#include "base/assert.h"

bool mm_vm_init(struct mm_vm *vm, struct mm_paging *paging, struct mm_clock *clock)
{
    *vm = (struct mm_vm){.paging = paging, .zones = paging->zones, .clock = clock};
    struct mm_heap *heap = paging->heap;
    struct mm_cache_setup aspaces = {.name = "aspace", .object_bytes = sizeof(struct mm_aspace)};
    struct mm_cache_setup vmas = {.name = "vma", .object_bytes = sizeof(struct mm_vma)};
    if (!mm_cache_init(&vm->aspaces, heap, &aspaces) || !mm_cache_init(&vm->vmas, heap, &vmas))
        return false;
    vm->zero_frame = mm_zone_alloc(vm->zones, MM_FRAME_ZERO_PAGE, 0);
    if (!vm->zero_frame)
        return false;
    memset(mm_frame_bytes(vm->zones, vm->zero_frame), 0, MMSIM_PAGE_SIZE);
    return true;
}

void mm_vm_fini(struct mm_vm *vm)
{
    if (!vm->zero_frame)
        return;
    mm_zone_free(vm->zones, vm->zero_frame, 0);
    mm_cache_fini(&vm->vmas);
    mm_cache_fini(&vm->aspaces);
    vm->zero_frame = NULL;
}

struct mm_aspace *mm_aspace_create(struct mm_vm *vm)
{
    struct mm_aspace *aspace = mm_cache_zalloc(&vm->aspaces);
    if (!aspace)
        return NULL;
    *aspace = (struct mm_aspace){.vm = vm};
    mm_vmas_init(&aspace->vmas, &vm->vmas);
    aspace->tables = mm_pgtable_create(vm->paging);
    if (aspace->tables)
        return aspace;
    mm_cache_free(&vm->aspaces, aspace);
    return NULL;
}

void mm_aspace_destroy(struct mm_aspace *aspace)
{
    struct mm_vm *vm = aspace->vm;
    mm_aspace_zap(aspace, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END);
    mm_pgtable_trim(aspace->tables, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END);
    for (struct mm_vma *vma; (vma = mm_vma_first(&aspace->vmas));)
        mm_vma_remove(&aspace->vmas, vma);
    MM_ASSERT(aspace->rss == 0, "an address space ends with resident pages (aspace invariant 3)");
    mm_pgtable_destroy(aspace->tables);
    mm_cache_free(&vm->aspaces, aspace);
}

uint64_t mm_aspace_mapped_pages(const struct mm_aspace *aspace)
{
    uint64_t bytes = 0;
    for (const struct mm_vma *vma = mm_vma_first(&aspace->vmas); vma; vma = mm_vma_next(vma))
        bytes += vma->flags & MM_VMA_STACK ? 0 : vma->end - vma->start;
    return bytes >> MMSIM_PAGE_SHIFT;
}

/* ---- taking pages out ---- */

enum { BATCH_PAGES = 64 };

/* Frames whose entries are gone, waiting for the flush that must come before they are free. */
struct batch {
    struct mm_frame *frames[BATCH_PAGES];
    unsigned n_frames;
    mmsim_vaddr start, end; /* the entries that were removed */
};

static void finish_batch(struct mm_aspace *aspace, struct batch *batch)
{
    if (batch->end > batch->start)
        mm_flush_range(aspace->tables, batch->start, batch->end);
    for (unsigned i = 0; i < batch->n_frames; i++) {
        if (batch->frames[i] == aspace->vm->zero_frame)
            continue;
        aspace->rss--;
        if (mm_frame_put(aspace->vm->zones, batch->frames[i]))
            mm_clock_work(aspace->vm->clock, MM_WORK_FRAME);
    }
    *batch = (struct batch){0};
}

static void take_out(struct mm_aspace *aspace, mmsim_vaddr page, struct batch *batch)
{
    struct mmsim_entry entry = mm_pgtable_unmap(aspace->tables, page);
    if (batch->n_frames == 0)
        batch->start = page;
    batch->end = page + MMSIM_PAGE_SIZE;
    batch->frames[batch->n_frames++] = mm_aspace_frame(aspace, &entry);
}

void mm_aspace_zap(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    struct batch batch = {0};
    unsigned size = aspace->vm->paging->flush.batched ? BATCH_PAGES : 1;
    mmsim_vaddr page = start;
    while ((page = mm_pgtable_next(aspace->tables, page, end)) < end) {
        if (batch.n_frames == size)
            finish_batch(aspace, &batch);
        take_out(aspace, page, &batch);
        page += MMSIM_PAGE_SIZE;
    }
    finish_batch(aspace, &batch);
}

/* ---- rights ---- */

enum mmsim_entry_state mm_aspace_entry_rights(const struct mm_aspace *aspace, unsigned prot,
                                              const struct mm_frame *frame, unsigned *flags)
{
    bool own = frame != aspace->vm->zero_frame && frame->count == 1;
    bool writable = (prot & MMSIM_PROT_WRITE) && own;
    *flags = MMSIM_ENTRY_USER | (writable ? MMSIM_ENTRY_WRITABLE : 0u);
    return prot == MMSIM_PROT_NONE ? MMSIM_ENTRY_HELD : MMSIM_ENTRY_PRESENT;
}

/* ---- invariants ---- */

static const char *check_entry(const struct mm_aspace *aspace, mmsim_vaddr page,
                               const struct mmsim_entry *entry)
{
    const struct mm_vma *vma = mm_vma_at(&aspace->vmas, page);
    const struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    if (!vma)
        return "a page is present where nothing is mapped (aspace invariant 1)";
    if ((entry->state == MMSIM_ENTRY_HELD) != (vma->prot == MMSIM_PROT_NONE))
        return "an entry is reachable although its VMA grants nothing, or the reverse (aspace "
               "invariant 2)";
    if (!frame || (frame != aspace->vm->zero_frame && frame->use != MM_FRAME_ANON))
        return "an entry names a frame that is no page of a process (aspace invariant 2)";
    if (!(entry->flags & MMSIM_ENTRY_USER))
        return "an entry of a process is for the kernel only (aspace invariant 2)";
    bool may_write =
        (vma->prot & MMSIM_PROT_WRITE) && frame->use == MM_FRAME_ANON && frame->count == 1;
    if ((entry->flags & MMSIM_ENTRY_WRITABLE) && !may_write)
        return "an entry is writable although its VMA is not, or its frame is shared (aspace "
               "invariant 2)";
    return NULL;
}

const char *mm_aspace_check(const struct mm_aspace *aspace)
{
    const char *broken = mm_vma_check(&aspace->vmas);
    uint64_t rss = 0;
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while (!broken && (page = mm_pgtable_next(aspace->tables, page, MM_LAYOUT_USER_END)) <
                          MM_LAYOUT_USER_END) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        broken = check_entry(aspace, page, &entry);
        rss += mm_aspace_frame(aspace, &entry) != aspace->vm->zero_frame;
        page += MMSIM_PAGE_SIZE;
    }
    if (!broken && rss != aspace->rss)
        broken = "an address space counts its resident pages wrongly (aspace invariant 3)";
    return broken;
}
