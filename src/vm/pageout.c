/* pageout.c - hooks of reclaim, and walks over entries that move pages in and out. */
#include "vm/pageout.h"

#include "paging/allot.h"
#include "paging/out.h"
#include "paging/pcache.h"
#include "vm/anon.h"

/* ---- hooks ---- */

static struct mm_aspace *aspace_of(const struct mm_pgtable *set)
{
    return set->user;
}

static bool is_locked(struct mm_pgtable *set, mmsim_vaddr page)
{
    const struct mm_vma *vma = mm_vma_at(&aspace_of(set)->vmas, page);
    return vma && (vma->flags & MMSIM_VMA_LOCKED);
}

static struct mmsim_entry entry_for(struct mm_pgtable *set, mmsim_vaddr page,
                                    const struct mm_frame *frame)
{
    return mm_aspace_entry(mm_vma_at(&aspace_of(set)->vmas, page), frame);
}

static void account(struct mm_pgtable *set, int n_present, int n_swapped)
{
    struct mm_aspace *aspace = aspace_of(set);
    aspace->rss += (uint64_t)(int64_t)n_present;
    aspace->n_swapped += (uint64_t)(int64_t)n_swapped;
}

static void allot(struct mm_domain *domain)
{
    const struct mm_aspace *aspace = domain->aspace;
    if (!mm_allot_by_size(domain->pager)) {
        mm_allot_at_fault(domain, 0, 0);
        return;
    }
    uint64_t n_all = 0;
    for (const struct mm_list *at = aspace->vm->all.next; at != &aspace->vm->all; at = at->next)
        n_all += mm_aspace_mapped_pages(MM_CONTAINER_OF(at, struct mm_aspace, link));
    mm_allot_at_fault(domain, mm_aspace_mapped_pages(aspace), n_all);
}

static void note_moved(void *user, mmsim_pfn from, mmsim_pfn to)
{
    struct mm_vm *vm = user;
    (void)from;
    mm_pager_moved(vm->reclaim->pager, mm_frame_page(&vm->zones->table[to]), to);
}

void mm_pageout_install(struct mm_vm *vm)
{
    vm->reclaim->hooks = (struct mm_reclaim_hooks){
        .is_locked = is_locked, .entry = entry_for, .account = account, .allot = allot};
    vm->paging->on_moved = note_moved;
    vm->paging->moved_user = vm;
}

/* ---- walks ---- */

typedef enum mmsim_errno (*visitor)(struct mm_aspace *aspace, mmsim_vaddr page,
                                    const struct mmsim_entry *entry, unsigned argument);

static enum mmsim_errno visit(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end,
                              visitor call, unsigned argument)
{
    mmsim_vaddr page = start;
    enum mmsim_errno error = MMSIM_SUCCESS;
    while ((page = mm_pgtable_next(aspace->tables, page, end)) < end && !error) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        error = call(aspace, page, &entry, argument);
        page += mm_aspace_entry_pages(aspace, &entry) * MMSIM_PAGE_SIZE;
    }
    return error;
}

static enum mmsim_errno push_out(struct mm_aspace *aspace, mmsim_vaddr page,
                                 const struct mmsim_entry *entry, unsigned argument)
{
    (void)page, (void)argument;
    struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    bool is_page = frame && (frame->use == MM_FRAME_ANON || frame->use == MM_FRAME_FILE);
    uint32_t n_alone = is_page && frame->use == MM_FRAME_FILE ? 2 : 1;
    if (is_page && mm_frame_mappings(frame) == n_alone)
        mm_reclaim_page(aspace->vm->reclaim, frame);
    return MMSIM_SUCCESS;
}

void mm_pageout_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    visit(aspace, start, end, push_out, 0);
}

static enum mmsim_errno mark_lazy(struct mm_aspace *aspace, mmsim_vaddr page,
                                  const struct mmsim_entry *entry, unsigned argument)
{
    (void)page, (void)argument;
    struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    if (frame && frame->use == MM_FRAME_ANON && mm_frame_order(frame) == 0 &&
        mm_anon_page_own(aspace->vm->reclaim, frame))
        frame->n_used |= MM_ANON_LAZY_FREE;
    return MMSIM_SUCCESS;
}

static enum mmsim_errno drop_swapped(struct mm_aspace *aspace, mmsim_vaddr page,
                                     const struct mmsim_entry *entry, unsigned argument)
{
    (void)argument;
    if (entry->state != MMSIM_ENTRY_SWAP)
        return MMSIM_SUCCESS;
    mm_pgtable_unmap(aspace->tables, page);
    aspace->n_swapped--;
    mm_anon_slot_put(aspace->vm->reclaim, mm_swap_slot_of(entry->base));
    return MMSIM_SUCCESS;
}

void mm_pageout_free_lazily(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    visit(aspace, start, end, drop_swapped, 0);
    visit(aspace, start, end, mark_lazy, 0);
    mm_aspace_age(aspace, start, end, MMSIM_ENTRY_ACCESSED | MMSIM_ENTRY_DIRTY);
}

static enum mmsim_errno unlock(struct mm_aspace *aspace, mmsim_vaddr page,
                               const struct mmsim_entry *entry, unsigned argument)
{
    (void)page, (void)argument;
    const struct mm_frame *frame = mm_aspace_frame(aspace, entry);
    bool known = frame && (frame->use == MM_FRAME_ANON || frame->use == MM_FRAME_FILE) &&
                 mm_frame_page(frame) != MMSIM_NO_PAGE;
    if (known)
        mm_pager_release(aspace->vm->reclaim->pager, mm_frame_page(frame));
    return MMSIM_SUCCESS;
}

void mm_pageout_unlock(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    visit(aspace, start, end, unlock, 0);
}

static enum mmsim_errno bring(struct mm_aspace *aspace, mmsim_vaddr page,
                              const struct mmsim_entry *entry, unsigned argument)
{
    (void)page, (void)argument;
    struct mm_frame *frame;
    if (entry->state != MMSIM_ENTRY_SWAP)
        return MMSIM_SUCCESS;
    enum mm_swap_in found =
        mm_anon_swap_in(aspace->vm->reclaim, mm_swap_slot_of(entry->base), MMSIM_KIND_LOAD, &frame);
    return found == MM_SWAP_IN_NO_MEMORY ? MMSIM_ENOMEM : MMSIM_SUCCESS;
}

void mm_pageout_willneed(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    visit(aspace, start, end, bring, 0);
}

/* ---- swapoff ---- */

static enum mmsim_errno bring_back(struct mm_aspace *aspace, mmsim_vaddr page,
                                   const struct mmsim_entry *entry, unsigned area)
{
    uint32_t slot = mm_swap_slot_of(entry->base);
    if (entry->state != MMSIM_ENTRY_SWAP ||
        mm_swap_area_of(aspace->vm->reclaim->swap, slot) != area)
        return MMSIM_SUCCESS;
    struct mm_vma *vma = mm_vma_at(&aspace->vmas, page);
    enum mm_anon_result result = mm_anon_swapped(aspace, vma, page, slot, MMSIM_ACCESS_READ);
    if (result == MM_ANON_NO_MEMORY || result == MM_ANON_IO_ERROR)
        return result == MM_ANON_NO_MEMORY ? MMSIM_ENOMEM : MMSIM_EIO;
    struct mmsim_entry back = mm_pgtable_query(aspace->tables, page);
    mm_anon_page_own(aspace->vm->reclaim, mm_aspace_frame(aspace, &back));
    return MMSIM_SUCCESS;
}

static enum mmsim_errno fetch_shared(struct mm_object *object, unsigned area)
{
    const struct mm_swap *swap = object->cache->setup.reclaim->swap;
    uint64_t index = 0;
    uintptr_t word;
    for (; (word = mm_pages_next_word(&object->pages, &index, UINT64_MAX)); index++) {
        struct mm_frame *frame;
        bool io = false;
        if (mm_pages_mark(word) != MM_PAGES_SLOT ||
            mm_swap_area_of(swap, mm_pages_value(word)) != area)
            continue;
        enum mm_object_result result =
            mm_object_fetch(object, index, MM_ADVICE_RANDOM, &frame, &io);
        if (result != MM_OBJECT_OK)
            return result == MM_OBJECT_NO_MEMORY ? MMSIM_ENOMEM : MMSIM_EIO;
    }
    return MMSIM_SUCCESS;
}

/* Pages that are in memory need their slots no more. */
static void uncache_area(struct mm_reclaim *reclaim, unsigned area)
{
    const struct mm_swap *swap = reclaim->swap;
    uint32_t slot = MM_NO_SLOT;
    for (uint32_t from = 0; (slot = mm_swap_next_used(swap, area, from)) != MM_NO_SLOT;
         from = slot + 1)
        if (reclaim->cached[slot] != 0 && mm_swap_count(swap, slot) == 1)
            mm_out_uncache(reclaim, &reclaim->zones->table[reclaim->cached[slot] - 1]);
}

enum mmsim_errno mm_pageout_empty_area(struct mm_vm *vm, unsigned area)
{
    enum mmsim_errno error = MMSIM_SUCCESS;
    uncache_area(vm->reclaim, area); /* so that they can go to another area */
    for (struct mm_list *at = vm->all.next; at != &vm->all && !error; at = at->next) {
        struct mm_aspace *aspace = MM_CONTAINER_OF(at, struct mm_aspace, link);
        mm_aspace_works(aspace);
        error = visit(aspace, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END, bring_back, area);
    }
    struct mm_list *objects = &vm->pages->all;
    for (struct mm_list *at = objects->next; at != objects && !error; at = at->next)
        error = fetch_shared(MM_CONTAINER_OF(at, struct mm_object, link), area);
    uncache_area(vm->reclaim, area);
    return error;
}
