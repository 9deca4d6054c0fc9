/*
 * fault.h - the page-fault handler: from a fault record to a mapping that works, or to a signal.
 *
 *   address    VMA?        right?     entry            then
 *   not user                                           SEGV_MAPERR
 *   user       none        -          -                grow the stack above, else SEGV_MAPERR
 *   user       there       missing    -                SEGV_ACCERR
 *   user       there       granted    absent           demand zero (read: the shared zero page)
 *   user       there       granted    read-only        copy-on-write: copy, or reuse the last copy
 *   user       there       granted    grants it        the TLB was stale: drop the entry, go on
 *
 * What the CPU's error code cannot tell (a fetch, without NX) is judged as a read. On x86 a page
 * that can be written or executed can be read.
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
    mmsim_pfn frame; /* that the page has now; 0 if refused */
};

/* `aspace` NULL: no process is running. */
struct mm_fault_outcome mm_fault_handle(struct mm_aspace *aspace, const struct mmsim_fault *fault);

#endif
