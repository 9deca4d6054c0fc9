/*
 * aspace.h - an address space: mappings on one side, page tables on the other.
 *
 *   none --create, or fork--> alive --destroy--> none
 *
 * Invariants: (1) every user entry of the page tables lies in a VMA; (2) an entry that the CPU can
 * reach lies in a VMA that grants access, one that is held back in a VMA that grants none; an entry
 * is writable only if its VMA is and its frame is this entry's alone; (3) rss is the number of
 * entries that hold a frame, the shared zero page not counted.
 */
#ifndef MM_VM_ASPACE_H
#define MM_VM_ASPACE_H

#include "paging/flush.h"
#include "paging/pgtable.h"
#include "vm/vma.h"

/* What the virtual-memory manager needs of the machine. */
struct mm_vm {
    struct mm_paging *paging;
    struct mm_zones *zones;
    struct mm_clock *clock;
    struct mm_cache aspaces, vmas;
    struct mm_frame *zero_frame; /* the page that all untouched mappings read */
};

struct mm_aspace {
    struct mm_vm *vm;
    struct mm_pgtable *tables;
    struct mm_vmas vmas;
    uint64_t rss;
    uint64_t n_minor, n_major; /* faults resolved without and with I/O */
};

/* False: no memory. */
bool mm_vm_init(struct mm_vm *vm, struct mm_paging *paging, struct mm_clock *clock);
void mm_vm_fini(struct mm_vm *vm);

/* An empty address space; NULL: no memory. */
struct mm_aspace *mm_aspace_create(struct mm_vm *vm);

/* Unmaps everything and returns every frame. It must not be loaded on any CPU. */
void mm_aspace_destroy(struct mm_aspace *aspace);

/* Pages in its mappings, the stack that it started with left out. */
uint64_t mm_aspace_mapped_pages(const struct mm_aspace *aspace);

/* Removes every entry in [start, end), flushes, then returns the frames. */
void mm_aspace_zap(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* The rights that an entry for `frame` in a VMA may have now: PRESENT or HELD, and its flags. */
enum mmsim_entry_state mm_aspace_entry_rights(const struct mm_aspace *aspace, unsigned prot,
                                              const struct mm_frame *frame, unsigned *flags);

/* The frame of an entry. */
static inline struct mm_frame *mm_aspace_frame(const struct mm_aspace *aspace,
                                               const struct mmsim_entry *entry)
{
    return mm_zone_frame(aspace->vm->zones, entry->base);
}

/* NULL, or a sentence (static storage). */
const char *mm_aspace_check(const struct mm_aspace *aspace);

#endif
