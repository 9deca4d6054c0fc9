/*
 * aspace.h - an address space: mappings on one side, page tables on the other.
 *
 *   none --create, or fork--> alive --destroy--> none
 *
 * What an entry may grant follows from the VMA and the frame, in one function
 * (mm_aspace_entry()): private pages are writable while this entry alone has the frame, shared
 * pages of files while they are dirty.
 *
 * Invariants: (1) every user entry of the page tables lies in a VMA; (2) an entry that holds a page
 * grants what mm_aspace_entry() says, or less; it names a frame of anonymous memory where the VMA
 * is private, or the frame that its object has at that index; (3) rss is the number of pages whose
 * entry holds a frame, the shared zero page and devices not counted; n_swapped of those whose entry
 * names a slot of swap.
 */
#ifndef MM_VM_ASPACE_H
#define MM_VM_ASPACE_H

#include "paging/anon_page.h"
#include "paging/flush.h"
#include "paging/pgtable.h"
#include "vm/key.h"
#include "vm/limits.h"
#include "vm/regions.h"
#include "vm/vma.h"

/* What the configuration left out (kconfig.h). */
enum mm_vm_option {
    MM_OPTION_NO_DEMAND = 1 << 0,        /* mappings are populated at once */
    MM_OPTION_NO_PROTECTION = 1 << 1,    /* every mapping grants everything */
    MM_OPTION_NO_COPY_ON_WRITE = 1 << 2, /* fork copies at once */
    MM_OPTION_NO_ZERO_PAGE = 1 << 3,     /* the first read gets a frame of its own */
    MM_OPTION_NO_STACK_GUARD = 1 << 4    /* stacks grow up to their neighbours */
};

/* What the virtual-memory manager needs of the machine. */
struct mm_vm {
    struct mm_paging *paging;
    struct mm_zones *zones;
    struct mm_clock *clock;
    struct mm_cache aspaces, vmas;
    struct mm_frame *zero_frame; /* the page that all untouched mappings read */
    struct mm_pcache *pages;     /* of files and shared memory */
    struct mm_reclaim *reclaim;  /* who takes pages out */
    struct mm_list all;          /* of address spaces, oldest first */
    uint32_t n_anon_marks;
    uint32_t options;           /* enum mm_vm_option */
    enum mmsim_execute execute; /* never AUTO */
    enum mmsim_overcommit overcommit;
    unsigned overcommit_percent;
    enum mmsim_thp thp;
    unsigned fault_around_pages; /* a power of two; 0 or 1: none */
    struct mm_huge *huge;        /* huge.h */
    struct mmsim_aslr aslr;
    uint64_t seed;      /* of random places */
    uint64_t n_created; /* address spaces so far */
};

struct mm_aspace {
    struct mm_vm *vm;
    struct mm_list link; /* in vm->all */
    struct mm_pgtable *tables;
    struct mm_vmas vmas;
    uint64_t rss;
    uint64_t n_swapped;        /* entries that name a slot of swap */
    uint32_t number;           /* the how-many-th address space of the machine, from 1 */
    struct mm_domain *domain;  /* who pays for its pages (pager.h) */
    uint64_t n_minor, n_major; /* faults resolved without and with I/O */
    struct mm_regions regions;
    mmsim_vaddr heap_end; /* what brk() says; regions.heap: the heap is empty */
    struct mm_limits limits;
    unsigned lock_future; /* MMSIM_VMA_LOCKED..., of mappings to come: mlockall(MCL_FUTURE) */
    struct mm_keys keys;
    mmsim_vaddr code_end; /* mode cs-limit: where the code segment ends (exec.h) */
};

/* False: no memory. */
bool mm_vm_init(struct mm_vm *vm, struct mm_paging *paging, struct mm_clock *clock);
void mm_vm_fini(struct mm_vm *vm);

/* An empty address space; NULL: no memory. */
struct mm_aspace *mm_aspace_create(struct mm_vm *vm);

/* Unmaps everything and returns every frame. It must not be loaded on any CPU. */
void mm_aspace_destroy(struct mm_aspace *aspace);

/* The kernel works on its behalf from now on: pages that come are its. */
static inline void mm_aspace_works(struct mm_aspace *aspace)
{
    aspace->vm->reclaim->pager->current = aspace->domain;
    aspace->vm->reclaim->pager->owner = aspace->number;
}

/* Pages in its mappings, the stack that it started with left out. */
uint64_t mm_aspace_mapped_pages(const struct mm_aspace *aspace);

/* Which entries go. */
enum mm_zap {
    MM_ZAP_ALL,       /* guards too: the mapping goes */
    MM_ZAP_PAGES,     /* guards stay */
    MM_ZAP_FILE_PAGES /* private copies and guards stay */
};

/*
 * Removes entries in [start, end), flushes, then returns the frames. Large pages that reach out of
 * the range must have been split (huge.h).
 */
void mm_aspace_zap(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end, enum mm_zap what);

/* Puts guards in place of whatever [start, end) holds. False: no memory, nothing changed. */
bool mm_aspace_guard(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end);

/* Clears MMSIM_ENTRY_ACCESSED, MMSIM_ENTRY_DIRTY of private pages in [start, end). */
void mm_aspace_age(struct mm_aspace *aspace, mmsim_vaddr start, mmsim_vaddr end, unsigned flags);

/* The entry that a frame may have now in a VMA: state, flags, key, base. */
struct mmsim_entry mm_aspace_entry(const struct mm_vma *vma, const struct mm_frame *frame);

/* True: a TLB may still grant what the entry no longer does. */
bool mm_aspace_lost_rights(const struct mmsim_entry *before, const struct mmsim_entry *after);

/* The frame of an entry that holds a page; NULL: none, or no RAM. */
struct mm_frame *mm_aspace_frame(const struct mm_aspace *aspace, const struct mmsim_entry *entry);

/* Pages that an entry covers. */
static inline uint64_t mm_aspace_entry_pages(const struct mm_aspace *aspace,
                                             const struct mmsim_entry *entry)
{
    if (entry->size_class == 0)
        return 1;
    const struct mm_board *board = aspace->vm->paging->board;
    return (uint64_t)1 << (mm_board_page_shift(board, entry->size_class) - MMSIM_PAGE_SHIFT);
}

static inline bool mm_entry_holds_page(const struct mmsim_entry *entry)
{
    return entry->state == MMSIM_ENTRY_PRESENT || entry->state == MMSIM_ENTRY_HELD;
}

/* Host pointer to the bytes of a frame; a high one costs the kernel a temporary map. */
uint8_t *mm_aspace_touch(const struct mm_vm *vm, const struct mm_frame *frame);

/* At most so many frames for its pages, whatever the scope of replacement; 0: no limit of its own.
 */
void mm_aspace_limit_frames(struct mm_aspace *aspace, uint64_t n_frames);

/* NULL, or a sentence (static storage). */
const char *mm_aspace_check(const struct mm_aspace *aspace);

#endif
