/* aspace.c - birth and death of address spaces, taking pages out of them, what entries grant. */
#include "vm/aspace.h"

#include <string.h>

#include "base/assert.h"
#include "vm/exec.h"
#include "vm/huge.h"
#include "vm/mmap.h"

bool mm_vm_init(struct mm_vm *vm, struct mm_paging *paging, struct mm_clock *clock)
{
    *vm = (struct mm_vm){.paging = paging, .zones = paging->zones, .clock = clock};
    mm_list_init(&vm->all);
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
    mm_vmas_init(&aspace->vmas, &vm->vmas, aspace);
    mm_limits_init(&aspace->limits);
    mm_keys_init(&aspace->keys);
    aspace->regions = mm_regions_place(&vm->aslr, vm->seed, vm->n_created++);
    aspace->number = (uint32_t)vm->n_created;
    aspace->heap_end = aspace->regions.heap;
    aspace->domain = mm_pager_join(vm->reclaim->pager, aspace);
    aspace->tables = aspace->domain ? mm_pgtable_create(vm->paging) : NULL;
    if (!aspace->tables) {
        if (aspace->domain)
            mm_pager_leave(aspace->domain);
        mm_cache_free(&vm->aspaces, aspace);
        return NULL;
    }
    aspace->tables->user = aspace;
    mm_list_append(&vm->all, &aspace->link);
    return aspace;
}

void mm_aspace_destroy(struct mm_aspace *aspace)
{
    struct mm_vm *vm = aspace->vm;
    mm_aspace_zap(aspace, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END, MM_ZAP_ALL);
    mm_pgtable_trim(aspace->tables, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END);
    for (struct mm_vma *vma; (vma = mm_vma_first(&aspace->vmas));)
        mm_mmap_remove_vma(aspace, vma);
    MM_ASSERT(aspace->rss == 0 && aspace->n_swapped == 0,
              "an address space ends with pages left (aspace invariant 3)");
    mm_pager_leave(aspace->domain);
    mm_pgtable_destroy(aspace->tables);
    mm_list_remove(&aspace->link);
    mm_cache_free(&vm->aspaces, aspace);
}

uint64_t mm_aspace_mapped_pages(const struct mm_aspace *aspace)
{
    uint64_t n_pages = 0;
    for (const struct mm_vma *vma = mm_vma_first(&aspace->vmas); vma; vma = mm_vma_next(vma))
        n_pages += vma->flags & MMSIM_VMA_STACK ? 0 : mm_vma_pages(vma);
    return n_pages;
}

/* The kernel reaches low frames directly and high ones through a temporary map, which costs. */
uint8_t *mm_aspace_touch(const struct mm_vm *vm, const struct mm_frame *frame)
{
    if (mm_pfn_address(mm_frame_pfn(vm->zones, frame)) >= MM_LOWMEM_END)
        mm_clock_work(vm->clock, MM_WORK_TEMPORARY_MAP);
    return mm_frame_bytes(vm->zones, frame);
}

struct mm_frame *mm_aspace_frame(const struct mm_aspace *aspace, const struct mmsim_entry *entry)
{
    return mm_entry_holds_page(entry) ? mm_zone_frame(aspace->vm->zones, entry->base) : NULL;
}

/* ---- taking pages out ---- */

enum { BATCH_PAGES = 64 };

/* Frames whose entries are gone, waiting for the flush that must come before they are free. */
struct batch {
    struct mm_frame *frames[BATCH_PAGES]; /* NULL: a guard, or a device */
    uint32_t n_pages[BATCH_PAGES];        /* that the entry covered */
    unsigned n;
    mmsim_vaddr start, end; /* the entries that were removed */
};

static void put_frame(struct mm_vm *vm, struct mm_frame *frame)
{
    if (frame->use == MM_FRAME_POOL) {
        mm_huge_put(vm, frame);
    } else if (frame->use == MM_FRAME_ANON) {
        if (mm_anon_page_put(vm->reclaim, frame))
            mm_clock_work(vm->clock, MM_WORK_FRAME);
    } else {
        mm_frame_put(vm->zones, frame);
        if (mm_frame_page(frame) != MMSIM_NO_PAGE) /* whoever locked it may have been this one */
            mm_pager_release(vm->reclaim->pager, mm_frame_page(frame));
    }
}

static void finish_batch(struct mm_aspace *aspace, struct batch *batch)
{
    struct mm_vm *vm = aspace->vm;
    if (batch->end > batch->start)
        mm_flush_range(aspace->tables, batch->start, batch->end);
    for (unsigned i = 0; i < batch->n; i++) {
        if (!batch->frames[i] || batch->frames[i] == vm->zero_frame)
            continue;
        aspace->rss -= batch->n_pages[i];
        put_frame(vm, batch->frames[i]);
    }
    batch->n = 0;
    batch->start = batch->end = 0;
}

/* Notes that `entry` is gone from `page`. */
static void note(struct mm_aspace *aspace, mmsim_vaddr page, const struct mmsim_entry *entry,
                 struct batch *batch)
{
    uint64_t n_pages = mm_aspace_entry_pages(aspace, entry);
    if (batch->n == 0)
        batch->start = page;
    batch->end = page + n_pages * MMSIM_PAGE_SIZE;
    struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    if (frame && frame->use == MM_FRAME_POOL)
        mm_huge_note_absent(aspace, page);
    if (frame && frame->use == MM_FRAME_ANON)
        mm_anon_page_unmapped(aspace->vm->reclaim, frame, aspace->tables, page);
    if (entry->state == MMSIM_ENTRY_SWAP) {
        aspace->n_swapped--;
        mm_anon_slot_put(aspace->vm->reclaim, mm_swap_slot_of(entry->base));
    }
    batch->n_pages[batch->n] = (uint32_t)n_pages;
    batch->frames[batch->n++] = frame;
}

static bool goes(const struct mm_aspace *aspace, const struct mmsim_entry *entry, enum mm_zap what)
{
    if (what == MM_ZAP_ALL)
        return true;
    if (entry->state == MMSIM_ENTRY_GUARD)
        return false;
    const struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    return what == MM_ZAP_PAGES || (frame && frame->use == MM_FRAME_FILE);
}

void mm_aspace_zap(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end, enum mm_zap what)
{
    struct batch batch;
    batch.n = 0;
    batch.start = batch.end = 0;
    unsigned size = aspace->vm->paging->flush.batched ? BATCH_PAGES : 1;
    mmsim_vaddr page = start;
    while ((page = mm_pgtable_next(aspace->tables, page, end)) < end) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        uint64_t n_bytes = mm_aspace_entry_pages(aspace, &entry) * MMSIM_PAGE_SIZE;
        page &= ~(n_bytes - 1);
        if (goes(aspace, &entry, what)) {
            if (batch.n == size)
                finish_batch(aspace, &batch);
            mm_pgtable_unmap(aspace->tables, page);
            note(aspace, page, &entry, &batch);
        }
        page += n_bytes;
    }
    finish_batch(aspace, &batch);
}

static bool prepare_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    const struct mm_board *board = aspace->vm->paging->board;
    mmsim_vaddr span = (mmsim_vaddr)1 << mm_board_page_shift(board, 1);
    for (mmsim_vaddr at = start; at < end; at = (at & ~(span - 1)) + span) {
        if (mm_pgtable_prepare(aspace->tables, at))
            continue;
        mm_pgtable_trim(aspace->tables, start, end);
        return false;
    }
    return true;
}

bool mm_aspace_guard(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    const struct mmsim_entry guard = {.state = MMSIM_ENTRY_GUARD};
    if (!prepare_range(aspace, start, end))
        return false;
    struct batch batch;
    batch.n = 0;
    batch.start = batch.end = 0;
    for (mmsim_vaddr page = start; page < end; page += MMSIM_PAGE_SIZE) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        if (batch.n == BATCH_PAGES)
            finish_batch(aspace, &batch);
        mm_pgtable_map(aspace->tables, page, &guard);
        if (entry.state != MMSIM_ENTRY_NONE)
            note(aspace, page, &entry, &batch);
    }
    finish_batch(aspace, &batch);
    return true;
}

void mm_aspace_age(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end, unsigned flags)
{
    mmsim_vaddr first = end;
    mmsim_vaddr page = start;
    while ((page = mm_pgtable_next(aspace->tables, page, end)) < end) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
        bool is_private = frame && frame->use == MM_FRAME_ANON && frame->count == 1;
        unsigned cleared = is_private ? mm_pgtable_test_and_clear(aspace->tables, page, flags) : 0;
        if (cleared & MMSIM_ENTRY_DIRTY)
            first = page < first ? page : first;
        page += mm_aspace_entry_pages(aspace, &entry) * MMSIM_PAGE_SIZE;
    }
    if (first < end) /* a store through a TLB entry that is dirty would not set the bit again */
        mm_flush_range(aspace->tables, first, end);
}

/* ---- frames ---- */

/* Its pages are counted by themselves from now on: those that only it has come along. */
static void give_domain(struct mm_aspace *aspace)
{
    struct mm_pager *pager = aspace->vm->reclaim->pager;
    struct mm_domain *domain = mm_pager_found(pager, aspace);
    if (!domain)
        return;
    aspace->domain = domain;
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while ((page = mm_pgtable_next(aspace->tables, page, MM_LAYOUT_USER_END)) <
           MM_LAYOUT_USER_END) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
        if (frame && frame->use == MM_FRAME_ANON && mm_frame_mappings(frame) == 1)
            mm_pager_adopt(domain, mm_frame_page(frame));
        page += mm_aspace_entry_pages(aspace, &entry) * MMSIM_PAGE_SIZE;
    }
}

void mm_aspace_limit_frames(struct mm_aspace *aspace, uint64_t n_frames)
{
    if (n_frames > 0 && !aspace->domain->aspace)
        give_domain(aspace);
    if (aspace->domain->aspace)
        aspace->domain->limit = n_frames;
}

/* ---- rights ---- */

static bool may_be_writable(const struct mm_vma *vma, const struct mm_frame *frame)
{
    if (frame->use == MM_FRAME_ANON)
        return frame->count == 1 || mm_vma_is_shared(vma);
    if (frame->use == MM_FRAME_FILE)
        return mm_vma_is_shared(vma) && mm_object_page_writable(frame);
    return frame->use == MM_FRAME_POOL && (frame->count == 1 || mm_vma_is_shared(vma));
}

struct mmsim_entry mm_aspace_entry(const struct mm_vma *vma, const struct mm_frame *frame)
{
    const struct mm_vm *vm = vma->aspace->vm;
    unsigned flags = MMSIM_ENTRY_USER;
    if ((vma->prot & MMSIM_PROT_WRITE) && may_be_writable(vma, frame))
        flags |= MMSIM_ENTRY_WRITABLE;
    if (!(vma->prot & MMSIM_PROT_EXEC))
        flags = mm_exec_withhold(vm, flags);
    return (struct mmsim_entry){.state = mm_vma_is_accessible(vma) ? MMSIM_ENTRY_PRESENT
                                                                   : MMSIM_ENTRY_HELD,
                                .flags = (uint8_t)flags,
                                .size_class = mm_frame_order(frame) > 0,
                                .key = vma->key,
                                .base = mm_pfn_address(mm_frame_pfn(vm->zones, frame))};
}

bool mm_aspace_lost_rights(const struct mmsim_entry *before, const struct mmsim_entry *after)
{
    const unsigned granted = MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_USER;
    if (before->state != MMSIM_ENTRY_PRESENT)
        return false;
    bool lost = (before->flags & ~after->flags & granted) ||
                (after->flags & ~before->flags & MMSIM_ENTRY_NO_EXECUTE);
    return lost || after->state != MMSIM_ENTRY_PRESENT || before->key != after->key;
}

/* ---- invariants ---- */

static const char *check_page(const struct mm_vma *vma, mmsim_vaddr page,
                              const struct mmsim_entry *entry, const struct mm_frame *frame)
{
    if (!frame || (frame->use != MM_FRAME_ANON && frame->use != MM_FRAME_FILE &&
                   frame->use != MM_FRAME_POOL && frame->use != MM_FRAME_ZERO_PAGE))
        return "an entry names a frame that is no page of a process (aspace invariant 2)";
    if (frame->use == MM_FRAME_FILE &&
        (frame->owner != vma->object || frame->payload != mm_vma_index(vma, page)))
        return "an entry names another page of its object than it shows (aspace invariant 2)";
    if (frame->use == MM_FRAME_ANON && mm_vma_is_shared(vma))
        return "a shared mapping has a private page (aspace invariant 2)";
    struct mmsim_entry may = mm_aspace_entry(vma, frame);
    if (entry->state != may.state)
        return "an entry is reachable although its VMA grants nothing, or the reverse (aspace "
               "invariant 2)";
    if (entry->key != may.key)
        return "an entry has another key than its VMA (aspace invariant 2)";
    struct mmsim_entry now = *entry;
    now.state = may.state = MMSIM_ENTRY_PRESENT;
    return mm_aspace_lost_rights(&now, &may) ? "an entry grants more than its VMA, or its shared "
                                               "frame, allows (aspace invariant 2)"
                                             : NULL;
}

static const char *check_entry(const struct mm_aspace *aspace, mmsim_vaddr page,
                               const struct mmsim_entry *entry)
{
    const struct mm_vma *vma = mm_vma_at(&aspace->vmas, page);
    if (!vma)
        return "a page is present where nothing is mapped (aspace invariant 1)";
    if (!mm_entry_holds_page(entry) || (vma->flags & MMSIM_VMA_DEVICE))
        return NULL;
    return check_page(vma, page, entry, mm_aspace_frame(aspace, entry));
}

static const char *check_entries(const struct mm_aspace *aspace)
{
    uint64_t rss = 0;
    uint64_t n_swapped = 0;
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while ((page = mm_pgtable_next(aspace->tables, page, MM_LAYOUT_USER_END)) <
           MM_LAYOUT_USER_END) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        const char *broken = check_entry(aspace, page, &entry);
        if (broken)
            return broken;
        const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
        uint64_t n_pages = mm_aspace_entry_pages(aspace, &entry);
        rss += frame && frame != aspace->vm->zero_frame ? n_pages : 0;
        n_swapped += entry.state == MMSIM_ENTRY_SWAP;
        page += n_pages * MMSIM_PAGE_SIZE;
    }
    return rss == aspace->rss && n_swapped == aspace->n_swapped
               ? NULL
               : "an address space counts its resident pages wrongly (aspace invariant 3)";
}

const char *mm_aspace_check(const struct mm_aspace *aspace)
{
    const char *broken = mm_vma_check(&aspace->vmas);
    return broken ? broken : check_entries(aspace);
}
