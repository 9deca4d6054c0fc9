/* huge_pool.c - the pool of large pages: reservations, faults, copies. */
#include <string.h>

#include "vm/huge.h"
#include "vm/huge_part.h"
#include "vm/mmap.h"

/* ---- blocks ---- */

static void give_back(struct mm_vm *vm, struct mm_frame *block)
{
    struct mm_huge *huge = vm->huge;
    block->count = 1;
    block->payload = huge->first_free;
    huge->first_free = mm_frame_pfn(vm->zones, block);
    huge->n_free++;
}

static struct mm_frame *take(struct mm_vm *vm)
{
    struct mm_huge *huge = vm->huge;
    struct mm_frame *block = &vm->zones->table[huge->first_free];
    huge->first_free = (mmsim_pfn)block->payload;
    huge->n_free--;
    block->payload = 0;
    return block;
}

bool mm_huge_init(struct mm_vm *vm, struct mm_huge *huge, uint64_t n_pool)
{
    *huge = (struct mm_huge){.first_free = MM_NO_PFN};
    vm->huge = huge;
    uint64_t bytes = mm_huge_bytes(vm);
    if (bytes == 0)
        return n_pool == 0;
    unsigned order = (unsigned)mm_board_page_shift(vm->paging->board, 1) - MMSIM_PAGE_SHIFT;
    for (; huge->n_pool < n_pool; huge->n_pool++) {
        struct mm_frame *block = mm_zone_alloc(vm->zones, MM_FRAME_POOL, order);
        if (!block)
            return false;
        give_back(vm, block);
    }
    return true;
}

void mm_huge_fini(struct mm_vm *vm)
{
    while (vm->huge && vm->huge->n_free > 0) {
        struct mm_frame *block = take(vm);
        mm_zone_free(vm->zones, block, mm_frame_order(block));
    }
}

void mm_huge_put(struct mm_vm *vm, struct mm_frame *frame)
{
    if (--frame->count == 0)
        give_back(vm, frame);
}

/* ---- reservations ---- */

static bool is_reserving(const struct mm_vma *vma)
{
    return (vma->flags & MMSIM_VMA_HUGETLB) && !(vma->flags & MMSIM_VMA_NORESERVE);
}

bool mm_huge_reserve(struct mm_vm *vm, const struct mm_vma *like)
{
    if (!is_reserving(like))
        return true;
    uint64_t n = (like->end - like->start) / mm_huge_bytes(vm);
    if (n > vm->huge->n_free - vm->huge->n_reserved)
        return false;
    vm->huge->n_reserved += n;
    return true;
}

void mm_huge_unreserve(struct mm_vm *vm, const struct mm_vma *vma, mmsim_vaddr start,
                       mmsim_vaddr end)
{
    if (is_reserving(vma))
        vm->huge->n_reserved -= (end - start) / mm_huge_bytes(vm);
}

void mm_huge_note_absent(struct mm_aspace *aspace, mmsim_vaddr page)
{
    const struct mm_vma *vma = mm_vma_at(&aspace->vmas, page);
    if (vma && is_reserving(vma))
        aspace->vm->huge->n_reserved++;
}

/* ---- mmap ---- */

enum mmsim_errno mm_huge_round_up(const struct mm_vm *vm, uint64_t *length)
{
    uint64_t bytes = mm_huge_bytes(vm);
    if (bytes == 0)
        return MMSIM_EINVAL;
    uint64_t whole = (*length + bytes - 1) & ~(bytes - 1);
    if (whole < *length)
        return MMSIM_ENOMEM;
    *length = whole;
    return MMSIM_SUCCESS;
}

enum mmsim_errno mm_huge_choose_place(const struct mm_aspace *aspace, mmsim_vaddr hint,
                                      uint64_t length, mmsim_vaddr floor, mmsim_vaddr *place)
{
    uint64_t bytes = mm_huge_bytes(aspace->vm);
    *place = hint & ~(bytes - 1);
    bool usable = hint != 0 && mm_mmap_in_user_region(*place, length);
    if (usable && mm_vma_has_room(&aspace->vmas, *place, *place + length))
        return MMSIM_SUCCESS;
    if (!mm_vma_find_gap(&aspace->vmas, floor, length + bytes - MMSIM_PAGE_SIZE, place))
        return MMSIM_ENOMEM;
    *place = (*place + bytes - 1) & ~(bytes - 1);
    return MMSIM_SUCCESS;
}

/* ---- faults ---- */

/* A block for a fault: reserved for this mapping, or one that nobody has reserved. */
static struct mm_frame *take_for(struct mm_vm *vm, bool reserved)
{
    struct mm_huge *huge = vm->huge;
    if (!reserved && huge->n_free <= huge->n_reserved)
        return NULL;
    huge->n_reserved -= reserved;
    return take(vm);
}

static void charge(struct mm_vm *vm, enum mm_work work)
{
    for (uint64_t i = 0; i < mm_huge_bytes(vm); i += MMSIM_PAGE_SIZE)
        mm_clock_work(vm->clock, work);
}

static enum mm_huge_result fill(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start)
{
    struct mm_vm *vm = aspace->vm;
    struct mm_frame *block = take_for(vm, is_reserving(vma));
    if (!block || !mm_pgtable_prepare_large(aspace->tables, start))
        return MM_HUGE_REFUSED;
    memset(mm_aspace_touch(vm, block), 0, mm_huge_bytes(vm));
    charge(vm, MM_WORK_ZERO_PAGE);
    mm_vma_mark_anon(vma, &vm->n_anon_marks);
    struct mmsim_entry entry = mm_aspace_entry(vma, block);
    mm_pgtable_map(aspace->tables, start, &entry);
    aspace->rss += mm_huge_bytes(vm) >> MMSIM_PAGE_SHIFT;
    return MM_HUGE_DONE;
}

static enum mm_huge_result copy(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                                struct mm_frame *old)
{
    struct mm_vm *vm = aspace->vm;
    struct mm_frame *block = take_for(vm, false);
    if (!block)
        return MM_HUGE_REFUSED;
    memcpy(mm_aspace_touch(vm, block), mm_aspace_touch(vm, old), mm_huge_bytes(vm));
    charge(vm, MM_WORK_COPY_PAGE);
    struct mmsim_entry entry = mm_aspace_entry(vma, block);
    mm_pgtable_map(aspace->tables, start, &entry);
    mm_flush_range(aspace->tables, start, start + mm_huge_bytes(vm));
    mm_huge_put(vm, old);
    return MM_HUGE_COPIED;
}

static enum mm_huge_result fault_of_pool(struct mm_aspace *aspace, struct mm_vma *vma,
                                         mmsim_vaddr page, const struct mmsim_entry *entry,
                                         enum mmsim_access_kind access)
{
    mmsim_vaddr start = page & ~(mm_huge_bytes(aspace->vm) - 1);
    if (entry->state == MMSIM_ENTRY_NONE)
        return fill(aspace, vma, start);
    if (access != MMSIM_ACCESS_WRITE || (entry->flags & MMSIM_ENTRY_WRITABLE))
        return MM_HUGE_DONE;
    struct mm_frame *block = mm_aspace_frame(aspace, entry);
    if (block->count > 1 && !mm_vma_is_shared(vma))
        return copy(aspace, vma, start, block);
    struct mmsim_entry rights = mm_aspace_entry(vma, block);
    mm_pgtable_protect(aspace->tables, start, &rights);
    return MM_HUGE_DONE;
}

enum mm_huge_result mm_huge_fault(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                  const struct mmsim_entry *entry, enum mmsim_access_kind access)
{
    if (vma->flags & MMSIM_VMA_HUGETLB)
        return fault_of_pool(aspace, vma, page, entry, access);
    return entry->state == MMSIM_ENTRY_NONE ? mm_huge_fault_transparent(aspace, vma, page)
                                            : MM_HUGE_NOT;
}

/* ---- invariants ---- */

static uint64_t count_reserved(const struct mm_aspace *aspace)
{
    uint64_t n = 0;
    uint64_t bytes = mm_huge_bytes(aspace->vm);
    const struct mm_vma *vma = mm_vma_first(&aspace->vmas);
    for (; vma; vma = mm_vma_next(vma))
        for (mmsim_vaddr at = vma->start; is_reserving(vma) && at < vma->end; at += bytes)
            n += mm_pgtable_query(aspace->tables, at).state == MMSIM_ENTRY_NONE;
    return n;
}

const char *mm_huge_check(const struct mm_vm *vm)
{
    const struct mm_huge *huge = vm->huge;
    uint64_t n_free = 0;
    for (mmsim_pfn at = huge->first_free; at != MM_NO_PFN && n_free <= huge->n_pool; n_free++)
        at = (mmsim_pfn)vm->zones->table[at].payload;
    if (n_free != huge->n_free ||
        vm->zones->n_by_use[MM_FRAME_POOL] * MMSIM_PAGE_SIZE != huge->n_pool * mm_huge_bytes(vm))
        return "the pool of large pages has lost one (huge invariant 1)";
    uint64_t n_reserved = 0;
    for (const struct mm_list *at = vm->all.next; at != &vm->all; at = at->next)
        n_reserved += count_reserved(MM_CONTAINER_OF(at, struct mm_aspace, link));
    if (n_reserved != huge->n_reserved || n_reserved > huge->n_free)
        return "reservations of large pages do not add up (huge invariant 2)";
    return NULL;
}
