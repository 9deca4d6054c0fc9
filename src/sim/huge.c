/* huge.c - the public count of large pages (huge.h). */
#include "vm/huge.h"

#include "sim/machine.h"

static uint64_t count_mapped(const struct mm_aspace *aspace)
{
    uint64_t n = 0;
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while ((page = mm_pgtable_next(aspace->tables, page, MM_LAYOUT_USER_END)) <
           MM_LAYOUT_USER_END) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        const struct mm_frame *frame = mm_aspace_frame(aspace, &entry);
        n += entry.size_class > 0 && frame && frame->use == MM_FRAME_ANON;
        page += mm_aspace_entry_pages(aspace, &entry) * MMSIM_PAGE_SIZE;
    }
    return n;
}

void mmsim_huge_get_stats(const struct mmsim_machine *machine, struct mmsim_huge_stats *stats)
{
    const struct mm_vm *vm = &machine->vm;
    const struct mm_huge *huge = vm->huge;
    *stats = huge->stats;
    stats->page_bytes = mm_huge_bytes(vm);
    stats->pool_total = huge->n_pool;
    stats->pool_free = huge->n_free;
    stats->pool_reserved = huge->n_reserved;
    for (const struct mm_list *at = vm->all.next; at != &vm->all; at = at->next)
        stats->mapped += count_mapped(MM_CONTAINER_OF(at, struct mm_aspace, link));
}
