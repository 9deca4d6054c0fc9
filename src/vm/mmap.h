/*
 * mmap.h - the calls that make and remove mappings: mmap, munmap, brk, and stacks.
 *
 * They follow Linux to the order of their checks: munmap and mmap change all or nothing.
 */
#ifndef MM_VM_MMAP_H
#define MM_VM_MMAP_H

#include "vm/aspace.h"

#define MM_STACK_START_BYTES (128 * MMSIM_KIB) /* what a process starts with */

/* A request with its file resolved. */
struct mm_mmap_request {
    mmsim_vaddr address;
    uint64_t length;
    unsigned prot, flags;     /* MMSIM_PROT_..., MMSIM_MAP_... */
    struct mm_object *object; /* of a file; NULL: anonymous, or no file was given */
    enum mmsim_file_access access;
    uint64_t offset;
};

enum mmsim_errno mm_mmap_map(struct mm_aspace *aspace, const struct mm_mmap_request *want,
                             mmsim_vaddr *address);
enum mmsim_errno mm_mmap_unmap(struct mm_aspace *aspace, mmsim_vaddr address, uint64_t length);
enum mmsim_errno mm_mmap_brk(struct mm_aspace *aspace, mmsim_vaddr wanted, mmsim_vaddr *now);

/* Maps the stack of a new process, at the top of the user region. False: no memory. */
bool mm_mmap_stack(struct mm_aspace *aspace);

/*
 * Grows the stack above `address` down to it: any access in the room below does (Linux has no rule
 * about the stack pointer). False: there is none, a limit is reached, or it would come nearer than
 * the guard gap to an accessible mapping.
 */
bool mm_mmap_grow_stack(struct mm_aspace *aspace, mmsim_vaddr address);

/* ---- for the other calls of vm ---- */

static inline uint64_t mm_mmap_round_up(uint64_t length)
{
    return (length + MMSIM_PAGE_MASK) & ~MMSIM_PAGE_MASK;
}

static inline bool mm_mmap_in_user_region(mmsim_vaddr address, uint64_t length)
{
    return address >= MM_LAYOUT_USER_START && address < MM_LAYOUT_USER_END &&
           length <= MM_LAYOUT_USER_END - address;
}

/* Promises that n more VMAs can be made. False: the limit of mappings, or no memory. */
bool mm_mmap_reserve_vmas(struct mm_aspace *aspace, uint32_t n_more);

/* How many VMAs there are more after cutting [start, end) out: one if it lies inside of one. */
uint32_t mm_mmap_cut_adds(const struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Whether [start, end) can be cut out: nothing there is sealed, and large pages can be split. */
enum mmsim_errno mm_mmap_check_cut(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Takes [start, end) out of every VMA, and its pages; the VMAs that a cut may need are reserved. */
void mm_mmap_cut_out(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Removes a VMA whose pages are gone. */
void mm_mmap_remove_vma(struct mm_aspace *aspace, struct mm_vma *vma);

/* Makes [start, end), a part of one VMA, a VMA of its own. NULL: no memory, nothing changed. */
struct mm_vma *mm_mmap_isolate(struct mm_aspace *aspace, struct mm_vma *vma, mmsim_vaddr start,
                               mmsim_vaddr end);

/* A place for `length` bytes: the hint if it is good, else the lowest room from `floor` on. */
enum mmsim_errno mm_mmap_choose_place(const struct mm_aspace *aspace, mmsim_vaddr hint,
                                      uint64_t length, mmsim_vaddr floor, mmsim_vaddr *place);

#endif
