/* huge.c - transparent large pages: by faults, by collapse, and their end by splitting. */
#include "vm/huge.h"

#include <string.h>

#include "base/assert.h"
#include "vm/huge_part.h"

uint64_t mm_huge_bytes(const struct mm_vm *vm)
{
    const struct mm_paging *paging = vm->paging;
    return paging->abilities & MMSIM_CPU_LARGE_PAGES
               ? (uint64_t)1 << mm_board_page_shift(paging->board, 1)
               : 0;
}

static unsigned order_of(const struct mm_vm *vm)
{
    return (unsigned)mm_board_page_shift(vm->paging->board, 1) - MMSIM_PAGE_SHIFT;
}

static bool wants_transparent(const struct mm_vm *vm, const struct mm_vma *vma)
{
    const unsigned never = MMSIM_VMA_HUGETLB | MMSIM_VMA_GROWSDOWN | MMSIM_VMA_NOHUGEPAGE |
                           MMSIM_VMA_SHARED | MMSIM_VMA_DEVICE;
    if (vma->object || (vma->flags & never) || vm->thp == MMSIM_THP_NEVER)
        return false;
    return vm->thp == MMSIM_THP_ALWAYS || (vma->flags & MMSIM_VMA_HUGEPAGE);
}

bool mm_huge_may_have(const struct mm_aspace *aspace, const struct mm_vma *vma)
{
    if (vma->flags & MMSIM_VMA_HUGETLB)
        return true;
    return wants_transparent(aspace->vm, vma) && mm_huge_bytes(aspace->vm) > 0;
}

/* The start of the large page around an address, if it would lie whole within the VMA. */
static bool find_range(const struct mm_vm *vm, const struct mm_vma *vma, mmsim_vaddr address,
                       mmsim_vaddr *start)
{
    uint64_t bytes = mm_huge_bytes(vm);
    *start = address & ~(bytes - 1);
    return *start >= vma->start && vma->end - *start >= bytes;
}

static void map_large(struct mm_aspace *aspace, const struct mm_vma *vma, mmsim_vaddr start,
                      struct mm_frame *block)
{
    struct mmsim_entry entry = mm_aspace_entry(vma, block);
    mm_pgtable_map(aspace->tables, start, &entry);
    aspace->rss += mm_huge_bytes(aspace->vm) >> MMSIM_PAGE_SHIFT;
    mm_anon_page_mapped(aspace->vm->reclaim, block, aspace->tables, start, MMSIM_KIND_STORE);
}

static struct mm_frame *take_block(struct mm_vm *vm)
{
    mm_clock_work(vm->clock, MM_WORK_FRAME);
    return mm_zone_alloc(vm->zones, MM_FRAME_ANON, order_of(vm));
}

/* ---- faults ---- */

static void fill_zeros(struct mm_vm *vm, struct mm_frame *block)
{
    memset(mm_aspace_touch(vm, block), 0, mm_huge_bytes(vm));
    for (uint64_t i = 0; i < mm_huge_bytes(vm); i += MMSIM_PAGE_SIZE)
        mm_clock_work(vm->clock, MM_WORK_ZERO_PAGE);
}

enum mm_huge_result mm_huge_fault_transparent(struct mm_aspace *aspace, struct mm_vma *vma,
                                              mmsim_vaddr page)
{
    struct mm_vm *vm = aspace->vm;
    mmsim_vaddr start;
    if (!find_range(vm, vma, page, &start))
        return MM_HUGE_NOT;
    mmsim_vaddr end = start + mm_huge_bytes(vm);
    if (mm_pgtable_next(aspace->tables, start, end) < end)
        return MM_HUGE_NOT;
    struct mm_frame *block = take_block(vm);
    if (!block) {
        vm->huge->stats.fault_fallback++;
        return MM_HUGE_NOT;
    }
    bool prepared = mm_pgtable_prepare_large(aspace->tables, start);
    MM_ASSERT(prepared, "an empty range has entries");
    (void)prepared;
    fill_zeros(vm, block);
    mm_vma_mark_anon(vma, &vm->n_anon_marks);
    map_large(aspace, vma, start, block);
    vm->huge->stats.fault_alloc++;
    return MM_HUGE_DONE;
}

/* ---- splitting ---- */

/* The transparent large entry at an address; false: there is none. */
static bool find_large(const struct mm_aspace *aspace, mmsim_vaddr address,
                       struct mmsim_entry *entry, struct mm_frame **block)
{
    *entry = mm_pgtable_query(aspace->tables, address);
    if (entry->size_class == 0 || !mm_entry_holds_page(entry))
        return false;
    *block = mm_aspace_frame(aspace, entry);
    return *block && (*block)->use == MM_FRAME_ANON;
}

static bool split_at(struct mm_aspace *aspace, mmsim_vaddr address)
{
    struct mm_vm *vm = aspace->vm;
    uint64_t bytes = mm_huge_bytes(vm);
    mmsim_vaddr start = address & ~(bytes - 1);
    struct mmsim_entry entry;
    struct mm_frame *block;
    if (!find_large(aspace, start, &entry, &block))
        return true;
    if (!mm_pgtable_split(aspace->tables, start))
        return false;
    mm_zone_split(vm->zones, block);
    for (uint64_t i = 0; i < bytes; i += MMSIM_PAGE_SIZE)
        mm_anon_page_split(vm->reclaim, block + (i >> MMSIM_PAGE_SHIFT), aspace->tables, start + i);
    mm_flush_range(aspace->tables, start, start + bytes);
    vm->huge->stats.split++;
    return true;
}

bool mm_huge_split_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t bytes = mm_huge_bytes(aspace->vm);
    if (bytes == 0)
        return true;
    bool cuts_start = (start & (bytes - 1)) && mm_layout_is_user(start);
    bool cuts_end = (end & (bytes - 1)) && mm_layout_is_user(end);
    return (!cuts_start || split_at(aspace, start)) && (!cuts_end || split_at(aspace, end));
}

bool mm_huge_split_all(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t bytes = mm_huge_bytes(aspace->vm);
    if (bytes == 0 ||
        aspace->vm->huge->stats.fault_alloc + aspace->vm->huge->stats.collapse_alloc ==
            aspace->vm->huge->stats.split)
        return true;
    for (mmsim_vaddr at = start & ~(bytes - 1); at < end; at += bytes)
        if (!split_at(aspace, at))
            return false;
    return true;
}

/* ---- collapsing ---- */

/* Whether a range can become a large page: some pages of its own, and nothing else. */
static bool can_collapse(const struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t n_own = 0;
    mmsim_vaddr page = start;
    while ((page = mm_pgtable_next(aspace->tables, page, end)) < end) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
        bool zeros = frame == aspace->vm->zero_frame;
        if (entry.size_class > 0 || entry.state != MMSIM_ENTRY_PRESENT || !frame ||
            (!zeros && (frame->use != MM_FRAME_ANON || frame->count != 1)))
            return false;
        n_own += !zeros;
        page += MMSIM_PAGE_SIZE;
    }
    return n_own > 0;
}

/* Copies what there is, zeros the rest. */
static void gather(struct mm_aspace *aspace, mmsim_vaddr start, struct mm_frame *block)
{
    struct mm_vm *vm = aspace->vm;
    uint8_t *to = mm_aspace_touch(vm, block);
    for (uint64_t i = 0; i < mm_huge_bytes(vm); i += MMSIM_PAGE_SIZE) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, start + i);
        const struct mm_frame *from = mm_aspace_frame(aspace, &entry);
        if (from) {
            memcpy(to + i, mm_aspace_touch(vm, from), MMSIM_PAGE_SIZE);
            mm_clock_work(vm->clock, MM_WORK_COPY_PAGE);
        } else {
            memset(to + i, 0, MMSIM_PAGE_SIZE);
            mm_clock_work(vm->clock, MM_WORK_ZERO_PAGE);
        }
    }
}

static enum mmsim_errno collapse_range(struct mm_aspace *aspace, struct mm_vma *vma,
                                       mmsim_vaddr start)
{
    struct mm_vm *vm = aspace->vm;
    mmsim_vaddr end = start + mm_huge_bytes(vm);
    if (!can_collapse(aspace, start, end))
        return MMSIM_EINVAL;
    struct mm_frame *block = take_block(vm);
    if (!block) {
        vm->huge->stats.collapse_failed++;
        return MMSIM_ENOMEM;
    }
    if (!can_collapse(aspace, start, end)) { /* pages were taken out to make room */
        mm_zone_free(vm->zones, block, order_of(vm));
        return MMSIM_EINVAL;
    }
    gather(aspace, start, block);
    mm_aspace_zap(aspace, start, end, MM_ZAP_ALL);
    bool prepared = mm_pgtable_prepare_large(aspace->tables, start);
    MM_ASSERT(prepared, "a range that was emptied has entries");
    (void)prepared;
    map_large(aspace, vma, start, block);
    vm->huge->stats.collapse_alloc++;
    if (mm_obs_wants(vm->paging->board->obs, MMSIM_EVENT_PROMOTE)) {
        struct mmsim_event event =
            mm_cpu_event(&vm->paging->cpus[vm->paging->current_cpu], MMSIM_EVENT_PROMOTE);
        event.address = start;
        event.frame = mm_frame_pfn(vm->zones, block);
        mm_obs_emit(vm->paging->board->obs, &event);
    }
    return MMSIM_SUCCESS;
}

enum mmsim_errno mm_huge_collapse(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                                  mmsim_vaddr end)
{
    uint64_t bytes = mm_huge_bytes(aspace->vm);
    const unsigned never = MMSIM_VMA_HUGETLB | MMSIM_VMA_NOHUGEPAGE | MMSIM_VMA_SHARED;
    if (bytes == 0 || vma->object || (vma->flags & never))
        return MMSIM_EINVAL;
    enum mmsim_errno error = MMSIM_SUCCESS;
    for (mmsim_vaddr at = (start + bytes - 1) & ~(bytes - 1); at < end && end - at >= bytes;
         at += bytes) {
        enum mmsim_errno one = collapse_range(aspace, vma, at);
        bool large_already = mm_pgtable_query(aspace->tables, at).size_class > 0;
        error = one && !large_already ? one : error;
    }
    return error;
}

/* ---- in the background ---- */

enum { SCAN_RANGES = 8 }; /* looked at in one go, as Linux's khugepaged does (4,096 pages) */

static unsigned scan_aspace(struct mm_aspace *aspace, unsigned budget)
{
    struct mm_huge *huge = aspace->vm->huge;
    uint64_t bytes = mm_huge_bytes(aspace->vm);
    struct mm_vma *vma = mm_vma_find(&aspace->vmas, huge->cursor);
    for (; vma && budget > 0; vma = mm_vma_next(vma)) {
        mmsim_vaddr from = vma->start > huge->cursor ? vma->start : huge->cursor;
        mmsim_vaddr at = (from + bytes - 1) & ~(bytes - 1);
        if (!wants_transparent(aspace->vm, vma))
            continue;
        for (; budget > 0 && at < vma->end && vma->end - at >= bytes; at += bytes, budget--) {
            collapse_range(aspace, vma, at);
            huge->cursor = at + bytes;
        }
    }
    return budget;
}

static struct mm_aspace *aspace_at(const struct mm_vm *vm, uint64_t index)
{
    struct mm_list *at = vm->all.next;
    while (at != &vm->all && index-- > 0)
        at = at->next;
    return at == &vm->all ? NULL : MM_CONTAINER_OF(at, struct mm_aspace, link);
}

void mm_huge_scan(struct mm_vm *vm)
{
    struct mm_huge *huge = vm->huge;
    if (vm->thp == MMSIM_THP_NEVER || mm_huge_bytes(vm) == 0)
        return;
    unsigned budget = SCAN_RANGES;
    while (budget > 0) {
        struct mm_aspace *aspace = aspace_at(vm, huge->cursor_aspace);
        budget = aspace ? scan_aspace(aspace, budget) : 0;
        if (budget > 0 || !aspace) { /* this one is done */
            huge->cursor = 0;
            huge->cursor_aspace = aspace ? huge->cursor_aspace + 1 : 0;
        }
    }
}
