/*
 * fault.h - the page-fault handler: from a fault record to a mapping that works, or to a signal.
 *
 *   address    VMA?    key?     right?   entry           then
 *   not user                                             SEGV_MAPERR
 *   user       none    -        -        -               grow the stack above, else SEGV_MAPERR
 *   user       there   refuses  -        -               SEGV_PKUERR
 *   user       there   allows   missing  -               SEGV_ACCERR
 *   user       there   allows   granted  guard           SEGV_MAPERR
 *   user       there   allows   granted  absent          fill: zeros, the file, a large page; or
 *                                                        BUS_ADRERR where the file has nothing
 *   user       there   allows   granted  on swap         bring it back, or BUS_ADRERR if swap fails
 *   user       there   allows   granted  read-only       copy (or reuse), or mark the page dirty
 *   user       there   allows   granted  grants it       the TLB was stale: drop the entry, go on
 *
 * A fetch from an absent page is first handled as a read (Linux does so): the page comes, and only
 * then the entry refuses. What the error code cannot tell (a fetch, without NX) is a read. On x86 a
 * page that can be written or executed can be read, unless a key forbids it.
 *
 * After a fault that was resolved, the access that took it is allowed: the handler asserts it.
 */
#ifndef MM_VM_FAULT_H
#define MM_VM_FAULT_H

#include "vm/aspace.h"

enum mm_fault_result {
    MM_FAULT_RESOLVED,
    MM_FAULT_REFUSED,  /* a signal: `code` says which */
    MM_FAULT_NO_MEMORY /* nothing changed but a grown stack; free some and try again */
};

struct mm_fault_outcome {
    enum mm_fault_result result;
    enum mmsim_fault_kind kind;
    enum mmsim_sigcode code;
    bool reused;     /* kind COW: no copy was needed */
    uint8_t key;     /* code PKUERR */
    mmsim_pfn frame; /* that the page has now; 0 if refused */
};

/* `aspace` NULL: no process is running. BUS_ADRERR is a SIGBUS, all other codes SIGSEGVs. */
struct mm_fault_outcome mm_fault_handle(struct mm_aspace *aspace, const struct mmsim_fault *fault);

/* The last step alone: makes `page`, whose VMA allows the access, ready for it. */
struct mm_fault_outcome mm_fault_resolve(struct mm_aspace *aspace, struct mm_vma *vma,
                                         mmsim_vaddr page, enum mmsim_access_kind access);

#endif
