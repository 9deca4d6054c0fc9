/* exec.c - the four modes, where they differ. */
#include "vm/exec.h"

#include "hw/mmu.h"

mmsim_vaddr mm_exec_floor(const struct mm_aspace *aspace, unsigned prot, unsigned flags)
{
    if (aspace->vm->execute == MMSIM_EXECUTE_CS_LIMIT && (prot & MMSIM_PROT_EXEC))
        return aspace->regions.code;
    bool shared = (flags & MMSIM_MAP_TYPE) == MMSIM_MAP_SHARED ||
                  (flags & MMSIM_MAP_TYPE) == MMSIM_MAP_SHARED_VALIDATE;
    return shared ? aspace->regions.shared : aspace->regions.mmap;
}

/* ---- cs-limit ---- */

mmsim_vaddr mm_exec_code_end(const struct mm_aspace *aspace)
{
    if (aspace->vm->execute != MMSIM_EXECUTE_CS_LIMIT)
        return 0;
    mmsim_vaddr end = mm_vma_exec_end(&aspace->vmas);
    return end ? end : MM_LAYOUT_USER_START; /* nothing: no user address may be fetched */
}

void mm_exec_changed(struct mm_aspace *aspace)
{
    mmsim_vaddr end = mm_exec_code_end(aspace);
    if (end == aspace->code_end)
        return;
    aspace->code_end = end;
    struct mm_paging *paging = aspace->vm->paging;
    for (unsigned cpu = 0; cpu < paging->n_cpus; cpu++)
        if ((aspace->tables->cpu_mask >> cpu) & 1)
            mm_cpu_limit_code(&paging->cpus[cpu], end);
    mm_clock_work(paging->board->clock, MM_WORK_ENTRY);
}

bool mm_exec_leaks(const struct mm_aspace *aspace, const struct mm_vma *vma)
{
    if ((vma->prot & MMSIM_PROT_EXEC) || !mm_vma_is_accessible(vma))
        return false;
    enum mmsim_execute mode = aspace->vm->execute;
    return mode == MMSIM_EXECUTE_NONE ||
           (mode == MMSIM_EXECUTE_CS_LIMIT && vma->start < aspace->code_end);
}

/* ---- faults ---- */

bool mm_exec_refuses(const struct mm_vm *vm, const struct mm_vma *vma,
                     const struct mmsim_fault *fault)
{
    if ((vma->prot & MMSIM_PROT_EXEC) || !fault->present)
        return false;
    if (vm->execute == MMSIM_EXECUTE_SPLIT_TLB)
        return fault->at_instruction;
    return vm->execute != MMSIM_EXECUTE_NONE && fault->access == MMSIM_ACCESS_FETCH;
}

void mm_exec_prime(struct mm_aspace *aspace, const struct mm_vma *vma,
                   const struct mmsim_fault *fault)
{
    if (aspace->vm->execute != MMSIM_EXECUTE_SPLIT_TLB || (vma->prot & MMSIM_PROT_EXEC) ||
        fault->privilege != MMSIM_PRIVILEGE_USER || fault->at_instruction)
        return;
    struct mm_paging *paging = aspace->vm->paging;
    mmsim_vaddr page = fault->address & ~MMSIM_PAGE_MASK;
    struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
    struct mmsim_entry open = entry;
    open.flags |= MMSIM_ENTRY_USER;
    mm_pgtable_protect(aspace->tables, page, &open);
    mm_mmu_prime(&paging->cpus[paging->current_cpu], fault->address, fault->access);
    mm_pgtable_protect(aspace->tables, page, &entry);
}
