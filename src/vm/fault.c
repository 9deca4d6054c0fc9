/* fault.c - find the mapping, judge the access, call the one handler for the cause. */
#include "vm/fault.h"

#include "base/assert.h"
#include "vm/anon.h"
#include "vm/device.h"
#include "vm/exec.h"
#include "vm/filemap.h"
#include "vm/huge.h"
#include "vm/mmap.h"

static struct mm_fault_outcome refused(enum mmsim_sigcode code)
{
    return (struct mm_fault_outcome){
        .result = MM_FAULT_REFUSED, .kind = MMSIM_FAULT_PROTECTION, .code = code};
}

static struct mm_fault_outcome resolved(enum mmsim_fault_kind kind)
{
    return (struct mm_fault_outcome){.result = MM_FAULT_RESOLVED, .kind = kind};
}

/* ---- handlers ---- */

static struct mm_fault_outcome outcome_of(enum mm_anon_result result, enum mmsim_fault_kind kind)
{
    if (result == MM_ANON_NO_MEMORY)
        return (struct mm_fault_outcome){.result = MM_FAULT_NO_MEMORY};
    struct mm_fault_outcome outcome = resolved(kind);
    outcome.reused = result == MM_ANON_REUSED;
    return outcome;
}

static struct mm_fault_outcome outcome_of_file(enum mm_filemap_result result)
{
    switch (result) {
    case MM_FILEMAP_NO_MEMORY:
        return (struct mm_fault_outcome){.result = MM_FAULT_NO_MEMORY};
    case MM_FILEMAP_REFUSED:
        return refused(MMSIM_BUS_ADRERR);
    case MM_FILEMAP_READ:
        return resolved(MMSIM_FAULT_MAJOR);
    case MM_FILEMAP_COPIED:
        return resolved(MMSIM_FAULT_COW);
    default:
        return resolved(MMSIM_FAULT_MINOR);
    }
}

/* True: a large page was the answer, and *outcome says which. */
static bool handle_large(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                         const struct mmsim_entry *entry, enum mmsim_access_kind access,
                         struct mm_fault_outcome *outcome)
{
    switch (mm_huge_fault(aspace, vma, page, entry, access)) {
    case MM_HUGE_NOT:
        return false;
    case MM_HUGE_COPIED:
        *outcome = resolved(MMSIM_FAULT_COW);
        return true;
    case MM_HUGE_REFUSED:
        *outcome = refused(MMSIM_BUS_ADRERR);
        return true;
    default:
        *outcome = resolved(MMSIM_FAULT_MINOR);
        return true;
    }
}

static struct mm_fault_outcome handle_absent(struct mm_aspace *aspace, struct mm_vma *vma,
                                             mmsim_vaddr page, enum mmsim_access_kind access)
{
    if (vma->flags & MMSIM_VMA_DEVICE)
        return mm_device_populate(aspace, vma, page)
                   ? resolved(MMSIM_FAULT_MINOR)
                   : (struct mm_fault_outcome){.result = MM_FAULT_NO_MEMORY};
    if (vma->object)
        return outcome_of_file(mm_filemap_populate(aspace, vma, page, access));
    return outcome_of(mm_anon_populate(aspace, vma, page, access), MMSIM_FAULT_MINOR);
}

static struct mm_fault_outcome handle_swapped(struct mm_aspace *aspace, struct mm_vma *vma,
                                              mmsim_vaddr page, const struct mmsim_entry *entry,
                                              enum mmsim_access_kind access)
{
    uint32_t slot = mm_swap_slot_of(entry->base);
    switch (mm_anon_swapped(aspace, vma, page, slot, access)) {
    case MM_ANON_NO_MEMORY:
        return (struct mm_fault_outcome){.result = MM_FAULT_NO_MEMORY};
    case MM_ANON_IO_ERROR:
        return refused(MMSIM_BUS_ADRERR);
    case MM_ANON_READ:
        return resolved(MMSIM_FAULT_MAJOR);
    default:
        return resolved(MMSIM_FAULT_MINOR);
    }
}

static struct mm_fault_outcome handle_read_only(struct mm_aspace *aspace, struct mm_vma *vma,
                                                mmsim_vaddr page, const struct mmsim_entry *entry)
{
    if (mm_vma_is_shared(vma))
        return outcome_of_file(mm_filemap_make_dirty(aspace, vma, page, entry));
    bool zero_page = mm_aspace_frame(aspace, entry) == aspace->vm->zero_frame;
    return outcome_of(mm_anon_own(aspace, vma, page, entry),
                      zero_page ? MMSIM_FAULT_MINOR : MMSIM_FAULT_COW);
}

struct mm_fault_outcome mm_fault_resolve(struct mm_aspace *aspace, struct mm_vma *vma,
                                         mmsim_vaddr page, enum mmsim_access_kind access)
{
    struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
    struct mm_fault_outcome outcome;
    mm_aspace_works(aspace);
    if (entry.state == MMSIM_ENTRY_GUARD)
        return refused(MMSIM_SEGV_MAPERR);
    if (mm_huge_may_have(aspace, vma) && handle_large(aspace, vma, page, &entry, access, &outcome))
        return outcome;
    if (entry.state == MMSIM_ENTRY_NONE)
        return handle_absent(aspace, vma, page, access);
    if (entry.state == MMSIM_ENTRY_SWAP)
        return handle_swapped(aspace, vma, page, &entry, access);
    if (access == MMSIM_ACCESS_WRITE && !(entry.flags & MMSIM_ENTRY_WRITABLE))
        return handle_read_only(aspace, vma, page, &entry);
    /* The tables grant it already: only a TLB was behind, and the fault itself has cured it. */
    return resolved(MMSIM_FAULT_MINOR);
}

/* ---- the whole fault ---- */

static bool vma_allows(const struct mm_aspace *aspace, const struct mm_vma *vma,
                       const struct mmsim_fault *fault)
{
    if (fault->access == MMSIM_ACCESS_WRITE)
        return vma->prot & MMSIM_PROT_WRITE;
    return mm_vma_is_accessible(vma) && !mm_exec_refuses(aspace->vm, vma, fault);
}

/* SEGV_PKUERR and SEGV_ACCERR; *outcome stays as it is if neither. */
static bool is_refused(const struct mm_aspace *aspace, const struct mm_vma *vma,
                       const struct mmsim_fault *fault, struct mm_fault_outcome *outcome)
{
    if (!mm_key_allows(aspace, vma, fault->access)) {
        *outcome = refused(MMSIM_SEGV_PKUERR);
        outcome->kind = MMSIM_FAULT_PKEY;
        outcome->key = vma->key;
        return true;
    }
    if (vma_allows(aspace, vma, fault))
        return false;
    *outcome = refused(MMSIM_SEGV_ACCERR);
    return true;
}

static bool now_allowed(const struct mmsim_entry *entry, enum mmsim_access_kind access)
{
    return entry->state == MMSIM_ENTRY_PRESENT &&
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

/* The VMA of an address; a stack above it may grow to be it. */
static struct mm_vma *find_vma(struct mm_aspace *aspace, mmsim_vaddr address, bool *grown)
{
    mm_clock_work(aspace->vm->clock, MM_WORK_FIND_VMA);
    struct mm_vma *vma = mm_vma_at(&aspace->vmas, address);
    if (vma)
        return vma;
    *grown = mm_mmap_grow_stack(aspace, address);
    return *grown ? mm_vma_at(&aspace->vmas, address) : NULL;
}

struct mm_fault_outcome mm_fault_handle(struct mm_aspace *aspace, const struct mmsim_fault *fault)
{
    if (!aspace || !mm_layout_is_user(fault->address))
        return refused(MMSIM_SEGV_MAPERR);
    if (fault->access == MMSIM_ACCESS_FETCH && fault->privilege == MMSIM_PRIVILEGE_SUPERVISOR)
        return refused(MMSIM_SEGV_ACCERR); /* the kernel has no code in user memory */
    bool grown = false;
    mm_reclaim_work(aspace->vm->reclaim);
    struct mm_vma *vma = find_vma(aspace, fault->address, &grown);
    if (!vma)
        return refused(MMSIM_SEGV_MAPERR);
    struct mm_fault_outcome outcome;
    if (is_refused(aspace, vma, fault, &outcome))
        return outcome;
    mmsim_vaddr page = fault->address & ~MMSIM_PAGE_MASK;
    outcome = mm_fault_resolve(aspace, vma, page, fault->access);
    if (outcome.result == MM_FAULT_RESOLVED) {
        outcome.kind = grown ? MMSIM_FAULT_STACK : outcome.kind;
        account(aspace, page, fault->access, &outcome);
        mm_exec_prime(aspace, vma, fault);
    }
    return outcome;
}
