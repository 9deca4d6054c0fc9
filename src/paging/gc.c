/* gc.c - giving back page tables that hold nothing. */
#include "paging/gc.h"

#include "base/tree.h"
#include "paging/flush.h"

uint64_t mm_gc_user_tables(struct mm_paging *paging)
{
    uint64_t n = 0;
    for (struct mm_list *at = paging->sets.next; at != &paging->sets; at = at->next) {
        struct mm_pgtable *set = MM_CONTAINER_OF(at, struct mm_pgtable, link);
        uint32_t n_before = set->n_tables;
        mm_pgtable_trim(set, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END);
        if (set->n_tables == n_before)
            continue;
        mm_flush_all(set); /* a CPU may hold the directory entry, without a fault (SDM 3A 4.10.3) */
        n += n_before - set->n_tables;
    }
    return n;
}

uint64_t mm_gc_kernel_tables(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end)
{
    uint32_t n_before = paging->master->n_tables;
    mm_pgtable_trim(paging->master, start, end);
    uint64_t n = n_before - paging->master->n_tables;
    if (n == 0)
        return 0;
    mm_paging_share_kernel(paging, start, end);
    /* no entry was left to flush; any page's INVLPG empties a CPU's paging-structure cache */
    mm_flush_kernel(paging, start, start + MMSIM_PAGE_SIZE);
    return n;
}
