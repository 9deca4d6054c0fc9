/* fault.c - find the mapping, judge the access, call the one handler for the cause. */
#include "vm/fault.h"

#include "base/assert.h"
#include "vm/anon.h"
#include "vm/mmap.h"

static struct mm_fault_outcome refused(enum mmsim_sigcode code)
{
    return (struct mm_fault_outcome){
        .result = MM_FAULT_REFUSED, .kind = MMSIM_FAULT_PROTECTION, .code = code};
}

static bool vma_allows(const struct mm_vma *vma, enum mmsim_access_kind access)
{
    if (access == MMSIM_ACCESS_WRITE)
        return vma->prot & MMSIM_PROT_WRITE;
    return vma->prot != MMSIM_PROT_NONE;
}

static struct mm_fault_outcome outcome_of(enum mm_anon_result result, enum mmsim_fault_kind kind)
{
    if (result == MM_ANON_NO_MEMORY)
        return (struct mm_fault_outcome){.result = MM_FAULT_NO_MEMORY};
    return (struct mm_fault_outcome){
        .result = MM_FAULT_RESOLVED, .kind = kind, .reused = result == MM_ANON_REUSED};
}

static struct mm_fault_outcome handle_absent(struct mm_aspace *aspace, const struct mm_vma *vma,
                                             mmsim_vaddr page, enum mmsim_access_kind access)
{
    return outcome_of(mm_anon_populate(aspace, vma, page, access), MMSIM_FAULT_MINOR);
}

static struct mm_fault_outcome handle_read_only(struct mm_aspace *aspace, const struct mm_vma *vma,
                                                mmsim_vaddr page, const struct mmsim_entry *entry)
{
    bool zero_page = mm_aspace_frame(aspace, entry) == aspace->vm->zero_frame;
    return outcome_of(mm_anon_own(aspace, vma, page, entry),
                      zero_page ? MMSIM_FAULT_MINOR : MMSIM_FAULT_COW);
}

/* The tables grant the access already: only a TLB was behind, and the fault itself has cured it. */
static struct mm_fault_outcome handle_spurious(void)
{
    return (struct mm_fault_outcome){.result = MM_FAULT_RESOLVED, .kind = MMSIM_FAULT_MINOR};
}

static struct mm_fault_outcome dispatch(struct mm_aspace *aspace, const struct mm_vma *vma,
                                        mmsim_vaddr page, enum mmsim_access_kind access)
{
    struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
    if (entry.state == MMSIM_ENTRY_NONE)
        return handle_absent(aspace, vma, page, access);
    if (access == MMSIM_ACCESS_WRITE && !(entry.flags & MMSIM_ENTRY_WRITABLE))
        return handle_read_only(aspace, vma, page, &entry);
    return handle_spurious();
}

static bool now_allowed(const struct mmsim_entry *entry, enum mmsim_access_kind access)
{
    return entry->state == MMSIM_ENTRY_PRESENT && (entry->flags & MMSIM_ENTRY_USER) &&
           (access != MMSIM_ACCESS_WRITE || (entry->flags & MMSIM_ENTRY_WRITABLE));
}

static void account(struct mm_aspace *aspace, mmsim_vaddr page, enum mmsim_access_kind access,
                    struct mm_fault_outcome *outcome)
{
    struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
    MM_ASSERT(now_allowed(&entry, access), "a fault was resolved, but the access is not allowed");
    (void)access;
    outcome->frame = mm_address_pfn(entry.base);
    if (outcome->kind == MMSIM_FAULT_MAJOR)
        aspace->n_major++;
    else
        aspace->n_minor++;
}

struct mm_fault_outcome mm_fault_handle(struct mm_aspace *aspace, const struct mmsim_fault *fault)
{
    if (!aspace || !mm_layout_is_user(fault->address))
        return refused(MMSIM_SEGV_MAPERR);
    if (fault->access == MMSIM_ACCESS_FETCH && fault->privilege == MMSIM_PRIVILEGE_SUPERVISOR)
        return refused(MMSIM_SEGV_ACCERR); /* the kernel has no code in user memory */
    mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
    bool grown = false;
    struct mm_vma *vma = mm_vma_at(&aspace->vmas, fault->address);
    if (!vma) {
        grown = mm_mmap_grow_stack(aspace, fault->address);
        vma = mm_vma_at(&aspace->vmas, fault->address);
    }
    if (!vma)
        return refused(MMSIM_SEGV_MAPERR);
    if (!vma_allows(vma, fault->access))
        return refused(MMSIM_SEGV_ACCERR);
    mmsim_vaddr page = fault->address & ~MMSIM_PAGE_MASK;
    struct mm_fault_outcome outcome = dispatch(aspace, vma, page, fault->access);
    if (outcome.result == MM_FAULT_RESOLVED) {
        outcome.kind = grown ? MMSIM_FAULT_STACK : outcome.kind;
        account(aspace, page, fault->access, &outcome);
    }
    return outcome;
}
