/* vmalloc.c - where areas lie, and their pages; see vmalloc.h. */
#include "vm/vmalloc.h"

#include <string.h>

#include "alloc/inject.h"
#include "alloc/report.h"
#include "base/assert.h"
#include "paging/flush.h"
#include "paging/gc.h"

/* ---- areas in their tree ---- */

static struct mm_vmap_area *area_of(struct mm_tree_node *node)
{
    return node ? MM_CONTAINER_OF(node, struct mm_vmap_area, node) : NULL;
}

/* One past the last page, the one behind not counted; and that one counted. */
static mmsim_vaddr end_of(const struct mm_vmap_area *area)
{
    return area->start + (area->n_pages << MMSIM_PAGE_SHIFT);
}

static mmsim_vaddr room_end_of(const struct mm_vmap_area *area)
{
    return end_of(area) + MMSIM_PAGE_SIZE;
}

static uint64_t max_gap_of(struct mm_tree_node *node)
{
    return node ? area_of(node)->max_gap : 0;
}

static uint64_t summarise_gaps(const struct mm_vmap_area *area)
{
    uint64_t left = max_gap_of(area->node.left), right = max_gap_of(area->node.right);
    uint64_t below = left > right ? left : right;
    return area->gap > below ? area->gap : below;
}

static void augment(struct mm_tree_node *node)
{
    area_of(node)->max_gap = summarise_gaps(area_of(node));
}

static mmsim_vaddr room_start(const struct mm_vmap_area *area)
{
    const struct mm_vmap_area *below = area_of(mm_tree_prev(&area->node));
    return below ? room_end_of(below) : MM_VMALLOC_START;
}

static void refresh_gap(struct mm_vmalloc *vmalloc, struct mm_vmap_area *area)
{
    if (!area)
        return;
    area->gap = area->start - room_start(area);
    mm_tree_touch(&vmalloc->tree, &area->node);
}

/* The lowest gap below an area that has `length` bytes: goes down where one is known to be. */
static const struct mm_vmap_area *lowest_fit(const struct mm_vmalloc *vmalloc, uint64_t length)
{
    struct mm_tree_node *node = vmalloc->tree.root;
    if (max_gap_of(node) < length)
        return NULL;
    for (;;) {
        if (max_gap_of(node->left) >= length)
            node = node->left;
        else if (area_of(node)->gap >= length)
            return area_of(node);
        else
            node = node->right;
    }
}

static mmsim_vaddr top_of(const struct mm_vmalloc *vmalloc)
{
    struct mm_tree_node *node = vmalloc->tree.root;
    while (node && node->right)
        node = node->right;
    return node ? room_end_of(area_of(node)) : MM_VMALLOC_START;
}

/* Where an area of n_pages fits with the page behind it; 0: nowhere. */
static mmsim_vaddr find_room(const struct mm_vmalloc *vmalloc, uint64_t n_pages)
{
    uint64_t length = (n_pages + 1) << MMSIM_PAGE_SHIFT;
    const struct mm_vmap_area *above = lowest_fit(vmalloc, length);
    if (above)
        return room_start(above);
    mmsim_vaddr top = top_of(vmalloc);
    return MM_VMALLOC_END - top >= length ? top : 0;
}

static void count(struct mm_vmalloc *vmalloc, struct mm_vmap_area *area, enum mm_vmap_kind kind)
{
    vmalloc->n_areas[kind]++;
    vmalloc->n_pages[kind] += area->n_pages;
    area->kind = kind;
}

static void discount(struct mm_vmalloc *vmalloc, const struct mm_vmap_area *area)
{
    vmalloc->n_areas[area->kind]--;
    vmalloc->n_pages[area->kind] -= area->n_pages;
}

static void link_in_order(struct mm_vmalloc *vmalloc, struct mm_vmap_area *area)
{
    struct mm_tree_node *parent = NULL;
    struct mm_tree_node **link = &vmalloc->tree.root;
    while (*link) {
        parent = *link;
        link = area->start < area_of(parent)->start ? &parent->left : &parent->right;
    }
    mm_tree_insert(&vmalloc->tree, &area->node, parent, link);
    refresh_gap(vmalloc, area);
    refresh_gap(vmalloc, area_of(mm_tree_next(&area->node)));
}

/* An area without pages, its tables prepared; NULL: no memory, or no room. */
static struct mm_vmap_area *add_area(struct mm_vmalloc *vmalloc, uint64_t n_pages,
                                     enum mm_vmap_kind kind)
{
    struct mm_heap *heap = vmalloc->paging->heap;
    mmsim_vaddr start = find_room(vmalloc, n_pages);
    struct mm_vmap_area *area =
        start ? mm_heap_alloc_promised(heap, vmalloc->areas.active, sizeof *area) : NULL;
    if (!area)
        return NULL;
    *area = (struct mm_vmap_area){.start = start,
                                  .n_pages = n_pages,
                                  .n_bytes = n_pages << MMSIM_PAGE_SHIFT,
                                  .site = heap->site,
                                  .step = heap->step ? *heap->step : 0};
    vmalloc->filling_start = start;
    vmalloc->filling_end = end_of(area);
    if (!mm_paging_prepare_kernel(vmalloc->paging, start, end_of(area))) {
        vmalloc->filling_start = vmalloc->filling_end = 0;
        mm_cache_free(&vmalloc->areas, area);
        return NULL;
    }
    count(vmalloc, area, kind);
    link_in_order(vmalloc, area);
    return area;
}

static void remove_area(struct mm_vmalloc *vmalloc, struct mm_vmap_area *area)
{
    struct mm_vmap_area *above = area_of(mm_tree_next(&area->node));
    discount(vmalloc, area);
    mm_tree_remove(&vmalloc->tree, &area->node);
    mm_cache_free(&vmalloc->areas, area);
    refresh_gap(vmalloc, above);
}

/* ---- pages ---- */

static void map_page(struct mm_vmalloc *vmalloc, mmsim_vaddr page, mmsim_pfn pfn)
{
    struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                .flags = MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_NO_EXECUTE,
                                .base = mm_pfn_address(pfn)};
    mm_pgtable_map(vmalloc->paging->master, page, &entry);
}

static mmsim_pfn take_frame(struct mm_vmalloc *vmalloc)
{
    struct mm_paging *paging = vmalloc->paging;
    struct mm_frame *frame = mm_zone_alloc(paging->zones, MM_FRAME_VMALLOC, 0);
    if (!frame)
        return MM_NO_PFN;
    memset(mm_frame_bytes(paging->zones, frame), 0, MMSIM_PAGE_SIZE);
    mm_clock_work(paging->board->clock, MM_WORK_FRAME);
    mm_clock_work(paging->board->clock, MM_WORK_ZERO_PAGE);
    return mm_frame_pfn(paging->zones, frame);
}

enum { BATCH_PAGES = 64 };

/* Clears up to BATCH_PAGES entries from `page` on, flushes, and only then gives their frames back;
 * `own` tells whether there are any to give. Returns the end of what was cleared. */
static mmsim_vaddr unmap_batch(struct mm_vmalloc *vmalloc, mmsim_vaddr page, mmsim_vaddr end,
                               enum mm_vmap_kind kind)
{
    struct mm_paging *paging = vmalloc->paging;
    mmsim_paddr frames[BATCH_PAGES];
    unsigned n = 0;
    mmsim_vaddr at = page;
    for (; at < end && n < BATCH_PAGES; at += MMSIM_PAGE_SIZE)
        frames[n++] = mm_pgtable_unmap(paging->master, at).base;
    mm_flush_kernel(paging, page, at);
    for (unsigned i = 0; i < n && kind == MM_VMAP_PAGES; i++) {
        mm_zone_free(paging->zones, mm_zone_frame(paging->zones, frames[i]), 0);
        mm_clock_work(paging->board->clock, MM_WORK_FRAME);
    }
    return at;
}

/* The pages of an area below `end`. */
static void unmap_pages(struct mm_vmalloc *vmalloc, const struct mm_vmap_area *area,
                        mmsim_vaddr end)
{
    for (mmsim_vaddr page = area->start; page < end;)
        page = unmap_batch(vmalloc, page, end, area->kind);
}

/* Frames for every page of a new area; false: not enough, none was kept. */
static bool fill(struct mm_vmalloc *vmalloc, const struct mm_vmap_area *area)
{
    for (mmsim_vaddr page = area->start; page < end_of(area); page += MMSIM_PAGE_SIZE) {
        mmsim_pfn pfn = take_frame(vmalloc);
        if (pfn == MM_NO_PFN) {
            unmap_pages(vmalloc, area, page);
            return false;
        }
        map_page(vmalloc, page, pfn);
    }
    return true;
}

/* ---- mm_vmalloc and mm_vfree ---- */

mmsim_vaddr mm_vmalloc(struct mm_vmalloc *vmalloc, uint64_t n_bytes)
{
    struct mm_heap *heap = vmalloc->paging->heap;
    if (n_bytes == 0 || n_bytes > MM_VMALLOC_END - MM_VMALLOC_START ||
        mm_inject_fails(&heap->inject, n_bytes, heap->site))
        return 0;
    uint64_t n_pages = (n_bytes + MMSIM_PAGE_MASK) >> MMSIM_PAGE_SHIFT;
    struct mm_vmap_area *area = add_area(vmalloc, n_pages, MM_VMAP_PAGES);
    if (!area)
        return 0;
    area->n_bytes = n_bytes;
    bool filled = fill(vmalloc, area);
    vmalloc->filling_start = vmalloc->filling_end = 0;
    if (filled)
        return area->start;
    remove_area(vmalloc, area);
    return 0;
}

static struct mm_vmap_area *find(const struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    struct mm_tree_node *node = vmalloc->tree.root;
    struct mm_vmap_area *found = NULL;
    while (node) {
        bool is_above = room_end_of(area_of(node)) > address;
        if (is_above)
            found = area_of(node);
        node = is_above ? node->left : node->right;
    }
    return found;
}

static struct mm_vmap_area *area_at(const struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    struct mm_vmap_area *area = find(vmalloc, address);
    return area && area->start <= address ? area : NULL;
}

static void tell(struct mm_vmalloc *vmalloc, enum mmsim_heap_mistake mistake, mmsim_vaddr address,
                 const struct mm_vmap_area *area)
{
    struct mmsim_heap_report report = {.mistake = mistake, .address = address};
    if (area) {
        report.cache = "vmalloc";
        report.object = area->start;
        report.object_bytes = area->n_bytes;
        report.offset = (int64_t)(address - area->start);
        report.allocated = (struct mmsim_heap_moment){area->site, area->step};
    }
    mm_report(vmalloc->paging->heap, &report);
}

bool mm_vfree(struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    if (address == 0)
        return true;
    struct mm_heap *heap = vmalloc->paging->heap;
    struct mm_vmap_area *area = area_at(vmalloc, address);
    if (!area || area->kind != MM_VMAP_PAGES || address >= end_of(area)) {
        if (address < MM_VMALLOC_START || !mm_report_freed_again(heap, address))
            tell(vmalloc, MMSIM_HEAP_FOREIGN_FREE, address, NULL);
        return false;
    }
    if (area->start != address) {
        tell(vmalloc, MMSIM_HEAP_INSIDE_FREE, address, area);
        return false;
    }
    mm_report_note_freed(heap, address, area->n_bytes, "vmalloc");
    unmap_pages(vmalloc, area, end_of(area));
    remove_area(vmalloc, area);
    return true;
}

bool mm_vmalloc_fault(struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    const struct mm_vmap_area *area = area_at(vmalloc, address);
    if (!area || area->kind != MM_VMAP_PAGES)
        return false;
    tell(vmalloc, MMSIM_HEAP_GUARD_HIT, address, area);
    return true;
}

/* ---- other people's frames ---- */

bool mm_vmalloc_map(struct mm_vmalloc *vmalloc, mmsim_pfn first, uint64_t n_frames,
                    mmsim_vaddr *address)
{
    struct mm_vmap_area *area = add_area(vmalloc, n_frames, MM_VMAP_GUARDED);
    vmalloc->filling_start = vmalloc->filling_end = 0;
    if (!area)
        return false;
    for (mmsim_pfn i = 0; i < n_frames; i++)
        map_page(vmalloc, area->start + mm_pfn_address(i), first + i);
    *address = area->start;
    return true;
}

void mm_vmalloc_unmap(struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    struct mm_vmap_area *area = area_at(vmalloc, address);
    MM_ASSERT(area && area->kind == MM_VMAP_GUARDED, "what is no guarded area is unmapped");
    unmap_pages(vmalloc, area, end_of(area));
    discount(vmalloc, area);
    count(vmalloc, area, MM_VMAP_RESTING);
}

void mm_vmalloc_release(struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    struct mm_vmap_area *area = area_at(vmalloc, address);
    MM_ASSERT(area && area->kind == MM_VMAP_RESTING, "an area is released that does not rest");
    remove_area(vmalloc, area);
}

static bool map_guarded(void *vmalloc, mmsim_pfn first, uint64_t n_frames, mmsim_vaddr *address)
{
    return mm_vmalloc_map(vmalloc, first, n_frames, address);
}

static void unmap_guarded(void *vmalloc, mmsim_vaddr address)
{
    mm_vmalloc_unmap(vmalloc, address);
}

static void release_guarded(void *vmalloc, mmsim_vaddr address)
{
    mm_vmalloc_release(vmalloc, address);
}

/* ---- life ---- */

bool mm_vmalloc_init(struct mm_vmalloc *vmalloc, struct mm_paging *paging)
{
    *vmalloc = (struct mm_vmalloc){.tree = {.augment = augment}};
    struct mm_cache_setup setup = {
        .name = "vmap-area", .object_bytes = sizeof(struct mm_vmap_area), .flags = MM_CACHE_OWN};
    if (!mm_cache_init(&vmalloc->areas, paging->heap, &setup))
        return false;
    vmalloc->paging = paging;
    paging->heap->map_guarded = map_guarded;
    paging->heap->unmap_guarded = unmap_guarded;
    paging->heap->release_guarded = release_guarded;
    paging->heap->map_user = vmalloc;
    return true;
}

void mm_vmalloc_fini(struct mm_vmalloc *vmalloc)
{
    if (!vmalloc->paging)
        return;
    for (struct mm_tree_node *node; (node = vmalloc->tree.root);) {
        struct mm_vmap_area *area = area_of(node);
        if (area->kind != MM_VMAP_RESTING)
            unmap_pages(vmalloc, area, end_of(area));
        remove_area(vmalloc, area);
    }
    mm_vmalloc_collect(vmalloc);
    struct mm_heap *heap = vmalloc->paging->heap;
    heap->map_guarded = NULL;
    heap->unmap_guarded = NULL;
    heap->release_guarded = NULL;
    mm_cache_fini(&vmalloc->areas);
    *vmalloc = (struct mm_vmalloc){0};
}

/* ---- looking ---- */

const struct mm_vmap_area *mm_vmalloc_at(const struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    return area_at(vmalloc, address);
}

const struct mm_vmap_area *mm_vmalloc_next(const struct mm_vmalloc *vmalloc, mmsim_vaddr address)
{
    return find(vmalloc, address);
}

/* ---- garbage ---- */

uint64_t mm_vmalloc_collect(struct mm_vmalloc *vmalloc)
{
    struct mm_paging *paging = vmalloc->paging;
    mmsim_vaddr mask = ((mmsim_vaddr)1 << mm_board_page_shift(paging->board, 1)) - 1;
    if (vmalloc->filling_end == 0)
        return mm_gc_kernel_tables(paging, MM_LAYOUT_SHARED_START, MM_VMALLOC_END);
    mmsim_vaddr kept_start = vmalloc->filling_start & ~mask;
    mmsim_vaddr kept_end = (vmalloc->filling_end + mask) & ~mask;
    return mm_gc_kernel_tables(paging, MM_LAYOUT_SHARED_START, kept_start) +
           mm_gc_kernel_tables(paging, kept_end, MM_VMALLOC_END);
}

/* ---- invariants ---- */

static const char *check_page(const struct mm_vmalloc *vmalloc, mmsim_vaddr page,
                              const struct mm_vmap_area *area)
{
    const struct mm_paging *paging = vmalloc->paging;
    struct mmsim_entry entry = mm_pgtable_query(paging->master, page);
    bool is_mapped = page < end_of(area) && area->kind != MM_VMAP_RESTING;
    if (!is_mapped)
        return entry.state == MMSIM_ENTRY_NONE
                   ? NULL
                   : "a page is mapped behind an area, or in one that rests (vmalloc invariant 3)";
    const struct mm_frame *frame = mm_zone_block(paging->zones, entry.base);
    enum mm_frame_use use = area->kind == MM_VMAP_PAGES ? MM_FRAME_VMALLOC : MM_FRAME_SLAB;
    bool is_right = entry.state == MMSIM_ENTRY_PRESENT && !(entry.flags & MMSIM_ENTRY_USER) &&
                    frame && frame->use == use;
    return is_right ? NULL
                    : "a page of an area is not mapped as it should be (vmalloc invariant 3)";
}

static const char *check_area(const struct mm_vmalloc *vmalloc, const struct mm_vmap_area *area)
{
    if (area->n_pages == 0 || (area->start & MMSIM_PAGE_MASK) || area->start < room_start(area) ||
        room_end_of(area) > MM_VMALLOC_END)
        return "an area overlaps another one, or leaves the region (vmalloc invariant 1)";
    if (area->gap != area->start - room_start(area) || area->max_gap != summarise_gaps(area))
        return "an area's gap is not what the tree says (vmalloc invariant 2)";
    const char *broken = NULL;
    for (mmsim_vaddr page = area->start; page < room_end_of(area) && !broken;
         page += MMSIM_PAGE_SIZE)
        broken = check_page(vmalloc, page, area);
    return broken;
}

/* Counts what is mapped, area or no. */
static uint64_t n_mapped(const struct mm_paging *paging)
{
    uint64_t n = 0;
    mmsim_vaddr page = MM_LAYOUT_SHARED_START;
    while ((page = mm_pgtable_next(paging->master, page, MM_VMALLOC_END)) < MM_VMALLOC_END) {
        page += MMSIM_PAGE_SIZE;
        n++;
    }
    return n;
}

const char *mm_vmalloc_check(const struct mm_vmalloc *vmalloc)
{
    const char *broken = mm_tree_check(&vmalloc->tree);
    uint64_t n_areas[MM_N_VMAP_KINDS] = {0}, n_pages[MM_N_VMAP_KINDS] = {0};
    for (struct mm_tree_node *node = mm_tree_first(&vmalloc->tree); node && !broken;
         node = mm_tree_next(node)) {
        broken = check_area(vmalloc, area_of(node));
        n_areas[area_of(node)->kind]++;
        n_pages[area_of(node)->kind] += area_of(node)->n_pages;
    }
    if (broken)
        return broken;
    if (memcmp(n_areas, vmalloc->n_areas, sizeof n_areas) != 0 ||
        memcmp(n_pages, vmalloc->n_pages, sizeof n_pages) != 0)
        return "areas or their pages are counted wrongly (vmalloc invariant 4)";
    if (n_mapped(vmalloc->paging) != n_pages[MM_VMAP_PAGES] + n_pages[MM_VMAP_GUARDED])
        return "a page is mapped that is in no area (vmalloc invariant 3)";
    return n_pages[MM_VMAP_PAGES] == vmalloc->paging->zones->n_by_use[MM_FRAME_VMALLOC]
               ? NULL
               : "the frames used for areas do not add up (vmalloc invariant 4)";
}
