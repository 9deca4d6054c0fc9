/*
 * vmalloc.h - large areas of the kernel's: contiguous addresses over frames from anywhere.
 *
 * An area is whole pages in 0xC0000000-0xDFFFFFFF, mapped in the kernel's master tables and so in
 * every set of tables, for the kernel alone and not to be executed. The page behind it is never
 * mapped, nor is the first one of the region, so every area lies between two pages that trap.
 *
 *   |trap| area |trap| area        |trap|    free    | area |trap| ...
 *   ^ C0000000                                                        E0000000 ^
 *
 * Frames come one by one, high ones first, and are filled with zeros: what they held before could
 * be other people's. The heap maps frames of its own here, for its guarded objects (alloc/guard.h).
 *
 *   none --mm_vmalloc--> PAGES --mm_vfree--> none
 *   none --mm_vmalloc_map--> GUARDED --mm_vmalloc_unmap--> RESTING --mm_vmalloc_release--> none
 *
 * Areas stand in a tree by address whose nodes know the room below them, as VMAs do (vma.h); the
 * lowest place that fits is taken. Unmapping flushes every CPU's TLB before a frame is given back.
 * Page tables that became empty stay for the next area, until mm_vmalloc_collect().
 *
 * Invariants: (1) areas with the page behind each do not overlap, and lie in the region; (2) gap
 * and max_gap say what the tree says; (3) an entry of the master tables in the region is present
 * exactly if its page is in an area that does not rest, for the kernel only, and names a frame in
 * use MM_FRAME_VMALLOC where the area is of kind PAGES; (4) n_areas, n_pages are the sums over the
 * areas; (5) every set of tables has the master's entries there (pgtable invariant 3).
 */
#ifndef MM_VM_VMALLOC_H
#define MM_VM_VMALLOC_H

#include "base/tree.h"
#include "paging/pgtable.h"

#define MM_VMALLOC_START (MM_LAYOUT_SHARED_START + MMSIM_PAGE_SIZE)
#define MM_VMALLOC_END MM_LAYOUT_TEMPORARY_START

enum mm_vmap_kind {
    MM_VMAP_PAGES,   /* an area with frames of its own */
    MM_VMAP_GUARDED, /* somebody else's frames */
    MM_VMAP_RESTING, /* mapped no more, not yet to be used again */
    MM_N_VMAP_KINDS
};

struct mm_vmap_area {
    struct mm_tree_node node;
    mmsim_vaddr start;
    uint64_t n_pages; /* the one behind them not counted */
    uint64_t n_bytes; /* asked for */
    uint64_t gap;     /* free bytes below start */
    uint64_t max_gap; /* of the subtree */
    enum mm_vmap_kind kind;
    const char *site; /* of the call that made it; may be NULL */
    uint64_t step;
};

struct mm_vmalloc {
    struct mm_paging *paging;
    struct mm_cache areas;
    struct mm_tree tree;
    uint64_t n_areas[MM_N_VMAP_KINDS];
    uint64_t n_pages[MM_N_VMAP_KINDS];
    mmsim_vaddr filling_start, filling_end; /* being mapped now: its tables are not garbage */
};

/* False: no memory. It installs itself as the one that maps the heap's guarded objects, and must
 * not move afterwards. */
bool mm_vmalloc_init(struct mm_vmalloc *vmalloc, struct mm_paging *paging);

/* Unmaps every area and returns its frames. */
void mm_vmalloc_fini(struct mm_vmalloc *vmalloc);

/* An area of at least n_bytes (0 is none), all zeros. 0: no memory, or no room. */
mmsim_vaddr mm_vmalloc(struct mm_vmalloc *vmalloc, uint64_t n_bytes);

/* Address 0 is allowed. False: no area of mm_vmalloc()'s begins there; reported, nothing changed.
 */
bool mm_vfree(struct mm_vmalloc *vmalloc, mmsim_vaddr address);

/* Maps contiguous frames of somebody else's; false: no memory, or no room. */
bool mm_vmalloc_map(struct mm_vmalloc *vmalloc, mmsim_pfn first, uint64_t n_frames,
                    mmsim_vaddr *address);

/* Takes them out again, flushes, and keeps the addresses from being used; then lets them be. */
void mm_vmalloc_unmap(struct mm_vmalloc *vmalloc, mmsim_vaddr address);
void mm_vmalloc_release(struct mm_vmalloc *vmalloc, mmsim_vaddr address);

/* The area that holds `address`, or has it in the page behind it; NULL. */
const struct mm_vmap_area *mm_vmalloc_at(const struct mm_vmalloc *vmalloc, mmsim_vaddr address);

/* The first area that ends above `address`, NULL: none. Walks all by continuing at its end. */
const struct mm_vmap_area *mm_vmalloc_next(const struct mm_vmalloc *vmalloc, mmsim_vaddr address);

/* The kernel's access was refused. True: behind an area of mm_vmalloc()'s, which was reported. */
bool mm_vmalloc_fault(struct mm_vmalloc *vmalloc, mmsim_vaddr address);

/* Gives empty page tables of the region back; returns how many. */
uint64_t mm_vmalloc_collect(struct mm_vmalloc *vmalloc);

/* NULL, or a sentence (static storage). */
const char *mm_vmalloc_check(const struct mm_vmalloc *vmalloc);

#endif
