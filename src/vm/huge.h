/*
 * huge.h - large pages of processes: transparent ones, and those of the reserved pool.
 *
 *   transparent   a private anonymous range, aligned, whole within its VMA and empty, gets a large
 *                 page at its first touch (thp always, or MADV_HUGEPAGE); a scan in the background
 *                 collapses ranges that have small pages. Whatever touches a part of one splits it:
 *                 munmap, mprotect, madvise, mremap, and every fork, for the sharing is by small
 *                 pages. (Linux keeps the large entry in a fork's parent and child, and splits it
 * at the first write.) pool          MMSIM_MAP_HUGETLB: blocks set aside when the machine is built;
 * a mapping reserves all it may need, or fails. Never split, never given to anybody else. A copy
 * after fork takes another page of the pool; if there is none, SIGBUS. Shared mappings are
 *                 populated at once, for their pages are known by their entries alone
 *
 * A large page is one block of frames: its head counts the entries that name it, use MM_FRAME_ANON
 * or MM_FRAME_POOL. Sources: Linux Documentation/admin-guide/mm/{transhuge,hugetlbpage}.rst.
 *
 * Invariants: (1) the blocks of the pool are free or mapped, and n_free of them are free; (2)
 * n_reserved is the number of large pages that are absent from mappings of the pool with a
 * reservation, and never more than n_free.
 */
#ifndef MM_VM_HUGE_H
#define MM_VM_HUGE_H

#include <mmsim/huge.h>

#include "vm/aspace.h"

struct mm_huge {
    uint64_t n_pool, n_free, n_reserved; /* large pages */
    mmsim_pfn first_free;                /* linked by `payload`; MM_NO_PFN */
    struct mmsim_huge_stats stats;       /* but for what is counted when asked */
    mmsim_vaddr cursor;                  /* where the background scan goes on */
    uint64_t cursor_aspace;              /* in which of vm->all */
};

/* Sets n large pages aside. False: no memory for them. */
bool mm_huge_init(struct mm_vm *vm, struct mm_huge *huge, uint64_t n_pool);
void mm_huge_fini(struct mm_vm *vm);

/* Bytes of a large page: 4 MiB, 2 MiB under PAE; 0: this machine has none. */
uint64_t mm_huge_bytes(const struct mm_vm *vm);

/*
 * Splits the transparent large pages that [start, end) cuts, so that every entry lies inside or
 * outside. False: no memory for a table; nothing, or one of the two, was split.
 */
bool mm_huge_split_range(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Splits every large page in [start, end) that is not of the pool. False: no memory; those that
 * were split stay so. */
bool mm_huge_split_all(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Large pages in place of small ones, now, where a whole one fits into [start, end). EINVAL: the
 * mapping cannot have them; ENOMEM: no memory for a large page. */
enum mmsim_errno mm_huge_collapse(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                                  mmsim_vaddr end);

/* The background scan: collapses at most a few ranges, going on where it stopped. */
void mm_huge_scan(struct mm_vm *vm);

/* ---- the pool ---- */

/* Rounds a length of MMSIM_MAP_HUGETLB up. EINVAL: no large pages; ENOMEM: too long. */
enum mmsim_errno mm_huge_round_up(const struct mm_vm *vm, uint64_t *length);

/* A place for whole large pages. */
enum mmsim_errno mm_huge_choose_place(const struct mm_aspace *aspace, mmsim_vaddr hint,
                                      uint64_t length, mmsim_vaddr floor, mmsim_vaddr *place);

/* A VMA like this one is about to be: reserves its pages if it is of the pool. False: there are not
 * enough. */
bool mm_huge_reserve(struct mm_vm *vm, const struct mm_vma *like);

/* [start, end) of a VMA goes, its pages are gone already: so does their reservation. */
void mm_huge_unreserve(struct mm_vm *vm, const struct mm_vma *vma, mmsim_vaddr start,
                       mmsim_vaddr end);

/* A page of the pool leaves a mapping, which may want one there again. */
void mm_huge_note_absent(struct mm_aspace *aspace, mmsim_vaddr page);

/* One entry fewer names it; the last one gives it back to the pool. */
void mm_huge_put(struct mm_vm *vm, struct mm_frame *frame);

/* ---- faults ---- */

/* Whether large pages can be in a VMA at all: what a fault asks first. */
bool mm_huge_may_have(const struct mm_aspace *aspace, const struct mm_vma *vma);

enum mm_huge_result {
    MM_HUGE_NOT,    /* no large page here: go on with small ones */
    MM_HUGE_DONE,   /* mapped, or made writable */
    MM_HUGE_COPIED, /* the same, by a copy */
    MM_HUGE_REFUSED /* the pool is empty: SIGBUS */
};

/* A fault in a VMA that may have large pages: `entry` is what stands at `page`. */
enum mm_huge_result mm_huge_fault(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr page,
                                  const struct mmsim_entry *entry, enum mmsim_access_kind access);

/* NULL, or a sentence (static storage). */
const char *mm_huge_check(const struct mm_vm *vm);

#endif
