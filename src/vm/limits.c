/* limits.c - sums over mappings, compared with what is allowed. */
#include "vm/limits.h"

#include "paging/pcache.h"
#include "vm/aspace.h"

void mm_limits_init(struct mm_limits *limits)
{
    for (unsigned i = 0; i < MMSIM_N_LIMITS; i++)
        limits->bytes[i] = MMSIM_UNLIMITED;
    limits->bytes[MMSIM_LIMIT_STACK] = 8 * MMSIM_MIB;
    limits->bytes[MMSIM_LIMIT_MEMORY_LOCKED] = 8 * MMSIM_MIB;
}

const char *mmsim_limit_name(enum mmsim_resource resource)
{
    static const char *const names[] = {[MMSIM_LIMIT_DATA] = "data",
                                        [MMSIM_LIMIT_STACK] = "stack",
                                        [MMSIM_LIMIT_MEMORY_LOCKED] = "memlock",
                                        [MMSIM_LIMIT_ADDRESS_SPACE] = "as"};
    return (unsigned)resource < MMSIM_N_LIMITS ? names[resource] : NULL;
}

/* Private, writable, and no stack. */
static bool is_data(unsigned prot, unsigned flags)
{
    return (prot & MMSIM_PROT_WRITE) && !(flags & (MMSIM_VMA_SHARED | MMSIM_VMA_GROWSDOWN));
}

static bool is_any(unsigned prot, unsigned flags)
{
    (void)prot, (void)flags;
    return true;
}

static bool is_locked(unsigned prot, unsigned flags)
{
    (void)prot;
    return flags & MMSIM_VMA_LOCKED;
}

/* Pages of the VMAs of a kind, within [start, end). */
static uint64_t sum_pages(const struct mm_aspace *aspace, bool (*counts)(unsigned, unsigned),
                          mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t n_bytes = 0;
    const struct mm_vma *vma = mm_vma_find(&aspace->vmas, start);
    for (; vma && vma->start < end; vma = mm_vma_next(vma)) {
        mmsim_vaddr from = vma->start > start ? vma->start : start;
        mmsim_vaddr to = vma->end < end ? vma->end : end;
        n_bytes += counts(vma->prot, vma->flags) ? to - from : 0;
    }
    return n_bytes >> MMSIM_PAGE_SHIFT;
}

static uint64_t sum_all(const struct mm_aspace *aspace, bool (*counts)(unsigned, unsigned))
{
    return sum_pages(aspace, counts, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END);
}

uint64_t mm_limit_mapped_pages(const struct mm_aspace *aspace)
{
    return sum_all(aspace, is_any);
}

uint64_t mm_limit_locked_pages(const struct mm_aspace *aspace)
{
    return sum_all(aspace, is_locked);
}

/* The limit in whole pages. */
static uint64_t limit_pages(const struct mm_aspace *aspace, enum mmsim_resource resource)
{
    uint64_t bytes = aspace->limits.bytes[resource];
    return bytes == MMSIM_UNLIMITED ? UINT64_MAX : bytes >> MMSIM_PAGE_SHIFT;
}

bool mm_limit_allows_pages(const struct mm_aspace *aspace, unsigned prot, unsigned flags,
                           uint64_t n_pages)
{
    uint64_t space = limit_pages(aspace, MMSIM_LIMIT_ADDRESS_SPACE);
    if (space != UINT64_MAX && sum_all(aspace, is_any) + n_pages > space)
        return false;
    uint64_t data = limit_pages(aspace, MMSIM_LIMIT_DATA);
    return data == UINT64_MAX || !is_data(prot, flags) ||
           sum_all(aspace, is_data) + n_pages <= data;
}

bool mm_limit_allows_locked(const struct mm_aspace *aspace, uint64_t n_pages)
{
    uint64_t limit = limit_pages(aspace, MMSIM_LIMIT_MEMORY_LOCKED);
    return limit == UINT64_MAX || sum_all(aspace, is_locked) + n_pages <= limit;
}

bool mm_limit_allows_lock(const struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t limit = limit_pages(aspace, MMSIM_LIMIT_MEMORY_LOCKED);
    uint64_t n_pages = (end - start) >> MMSIM_PAGE_SHIFT;
    if (limit == UINT64_MAX)
        return true;
    uint64_t locked = sum_all(aspace, is_locked) - sum_pages(aspace, is_locked, start, end);
    return locked + n_pages <= limit;
}

/* ---- overcommit ---- */

bool mm_limit_is_accountable(unsigned prot, unsigned flags)
{
    return (prot & MMSIM_PROT_WRITE) &&
           !(flags & (MMSIM_VMA_SHARED | MMSIM_VMA_NORESERVE | MMSIM_VMA_HUGETLB));
}

uint64_t mm_commit_used(const struct mm_vm *vm)
{
    uint64_t n_pages = mm_pcache_shared_pages(vm->pages);
    for (const struct mm_list *at = vm->all.next; at != &vm->all; at = at->next)
        n_pages += MM_CONTAINER_OF(at, struct mm_aspace, link)->vmas.n_accounted;
    return n_pages;
}

uint64_t mm_commit_limit(const struct mm_vm *vm)
{
    return mm_swap_size(vm->reclaim->swap) + vm->zones->n_ram_frames * vm->overcommit_percent / 100;
}

bool mm_commit_allows(const struct mm_vm *vm, uint64_t n_pages)
{
    switch (vm->overcommit) {
    case MMSIM_OVERCOMMIT_ALWAYS:
        return true;
    case MMSIM_OVERCOMMIT_NEVER:
        return mm_commit_used(vm) + n_pages <= mm_commit_limit(vm);
    default:
        return n_pages <= vm->zones->n_ram_frames + mm_swap_size(vm->reclaim->swap);
    }
}
