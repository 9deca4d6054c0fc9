/* gc.c - garbage collection of a machine's frames; see gc.h. */
#include "sim/gc.h"

#include "paging/flush.h"
#include "paging/gc.h"
#include "sim/machine.h"

/* A bit for each frame that something leads to. */
struct marks {
    uint64_t *bits;
    size_t n_bytes;
    struct mm_host host; /* of its own: what is collected is no change of the machine's account */
};

static void mark(const struct marks *marks, mmsim_pfn pfn, uint64_t n_frames)
{
    for (uint64_t i = pfn; i < pfn + n_frames; i++)
        marks->bits[i / 64] |= (uint64_t)1 << (i & 63);
}

static bool is_marked(const struct marks *marks, mmsim_pfn pfn)
{
    return (marks->bits[pfn / 64] >> (pfn & 63)) & 1;
}

/* ---- what the page tables lead to ---- */

/* The tables of a set, as a CPU would follow them that has them loaded and remembers nothing. */
static void mark_tables(const struct mmsim_machine *machine, const struct mm_pgtable *set,
                        const struct marks *marks)
{
    struct mmsim_arch_cpu as_if = machine->cpus[0].arch;
    machine->arch->load_root(&as_if, set->map.root);
    mmsim_walk_cache_flush(&as_if.walk_cache);
    mmsim_vaddr span = (mmsim_vaddr)1 << mm_board_page_shift(&machine->board, 1);
    mark(marks, mm_address_pfn(set->map.root), 1);
    for (mmsim_vaddr at = 0; at < MM_LAYOUT_END; at += span) {
        struct mmsim_request request = {at, MMSIM_ACCESS_READ, MMSIM_PRIVILEGE_SUPERVISOR};
        struct mmsim_walk walk;
        machine->arch->explain(&as_if, &machine->bus.port, &request, &walk);
        for (unsigned i = 0; i < walk.n_steps; i++)
            mark(marks, mm_address_pfn(walk.steps[i].entry_address), 1);
    }
}

/* The frames that entries of a set name in [start, end): not guards, nor registers of devices. */
static void mark_pages(const struct mmsim_machine *machine, const struct mm_pgtable *set,
                       mmsim_vaddr start, mmsim_vaddr end, const struct marks *marks)
{
    mmsim_vaddr page = start;
    while ((page = mm_pgtable_next(set, page, end)) < end) {
        struct mmsim_entry entry = mm_pgtable_query(set, page);
        uint64_t n_pages = (uint64_t)1 << (mm_board_page_shift(&machine->board, entry.size_class) -
                                           MMSIM_PAGE_SHIFT);
        if (mm_entry_holds_page(&entry) && mm_zone_frame(&machine->zones, entry.base))
            mark(marks, mm_address_pfn(entry.base), n_pages);
        page += n_pages * MMSIM_PAGE_SIZE;
    }
}

static void mark_paging(const struct mmsim_machine *machine, const struct marks *marks)
{
    const struct mm_paging *paging = &machine->paging;
    mark_tables(machine, paging->master, marks);
    mark_pages(machine, paging->master, MM_LAYOUT_SHARED_START, MM_LAYOUT_TEMPORARY_START, marks);
    for (const struct mm_list *at = paging->sets.next; at != &paging->sets; at = at->next) {
        const struct mm_pgtable *set = MM_CONTAINER_OF(at, struct mm_pgtable, link);
        mark_tables(machine, set, marks);
        mark_pages(machine, set, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END, marks);
    }
}

/* ---- what the heap leads to ---- */

static void mark_slabs(const struct mm_slab_set *set, const struct marks *marks)
{
    mmsim_pfn slab = MM_NO_PFN;
    while ((slab = mm_slab_next(set, slab)) != MM_NO_PFN)
        mark(marks, slab, (uint64_t)1 << set->layout.order);
}

static void mark_runs(const struct mm_heap *heap, const struct marks *marks)
{
    struct mm_heap_object object;
    for (uint64_t at = 0; mm_heap_next(heap, at, &object);) {
        at = object.offset + 1;
        if (object.set != MM_HEAP_SET_RUN)
            continue;
        mark(marks, object.offset >> MMSIM_PAGE_SHIFT, mm_heap_run_frames(heap, object.offset));
        at = (uint64_t)object.offset + object.bytes;
    }
}

static void mark_metadata(const struct mm_heap *heap, const struct marks *marks)
{
    mmsim_pfn pfn = heap->meta_block;
    while (pfn != MM_NO_PFN) { /* each names the one before it, and its own order */
        uint64_t payload = heap->zones->table[pfn].payload;
        mark(marks, pfn, (uint64_t)1 << (payload >> 32));
        pfn = (mmsim_pfn)payload;
    }
}

static void mark_heap(const struct mm_heap *heap, const struct marks *marks)
{
    for (unsigned i = MM_HEAP_FIRST_SET; i < MM_HEAP_MAX_SETS; i++)
        if (heap->sets[i])
            mark_slabs(heap->sets[i], marks);
    mark_runs(heap, marks);
    mark_metadata(heap, marks);
}

/* ---- what the page cache and the pool of large pages lead to ---- */

static void mark_files(const struct mm_pcache *cache, const struct marks *marks)
{
    for (const struct mm_list *at = cache->all.next; at != &cache->all; at = at->next) {
        const struct mm_object *object = MM_CONTAINER_OF(at, struct mm_object, link);
        struct mm_frame *frame;
        for (uint64_t i = 0; (frame = mm_pages_next(&object->pages, &i, UINT64_MAX)); i++)
            mark(marks, mm_frame_pfn(cache->zones, frame), 1);
    }
}

/* Pages that are on swap and in a frame that no entry names yet. */
static void mark_cached(const struct mm_reclaim *reclaim, const struct marks *marks)
{
    for (uint32_t slot = 0; slot < reclaim->swap->n_numbers; slot++)
        if (reclaim->cached[slot] != 0)
            mark(marks, reclaim->cached[slot] - 1, 1);
}

static void mark_pool(const struct mm_vm *vm, const struct marks *marks)
{
    mmsim_pfn pfn = vm->huge->first_free;
    while (pfn != MM_NO_PFN) {
        const struct mm_frame *block = &vm->zones->table[pfn];
        mark(marks, pfn, (uint64_t)1 << mm_frame_order(block));
        pfn = (mmsim_pfn)block->payload;
    }
}

/* ---- orphans ---- */

static bool is_set(const struct mm_paging *paging, const struct mm_pgtable *owner)
{
    if (owner == paging->master)
        return true;
    for (const struct mm_list *at = paging->sets.next; at != &paging->sets; at = at->next)
        if (MM_CONTAINER_OF(at, struct mm_pgtable, link) == owner)
            return true;
    return false;
}

/* Nobody may go on counting on a frame that is freed behind his back. */
static void strike_off(struct mmsim_machine *machine, const struct mm_frame *frame,
                       uint64_t n_frames)
{
    struct mm_heap *heap = &machine->heap;
    mmsim_pfn pfn = mm_frame_pfn(&machine->zones, frame);
    struct mm_pgtable *owner = frame->owner;
    if (frame->use == MM_FRAME_PAGE_TABLE && is_set(&machine->paging, owner))
        owner->n_tables--;
    if (frame->use != MM_FRAME_SLAB || heap->page_map[pfn] == 0)
        return;
    memset(heap->page_map + pfn, 0, n_frames);
    memset(heap->live + (size_t)pfn * MM_SLAB_MAP_WORDS, 0,
           n_frames * MM_SLAB_MAP_WORDS * sizeof *heap->live);
    mm_heap_count_frames(heap, -(int64_t)n_frames);
}

static void tell_orphan(struct mmsim_machine *machine, mmsim_pfn pfn)
{
    if (!mm_obs_wants(&machine->obs, MMSIM_EVENT_ORPHAN))
        return;
    struct mmsim_event event =
        mm_cpu_event(&machine->cpus[machine->paging.current_cpu], MMSIM_EVENT_ORPHAN);
    event.frame = pfn;
    mm_obs_emit(&machine->obs, &event);
}

static void free_orphan(struct mmsim_machine *machine, struct mm_frame *frame,
                        struct mmsim_gc_result *result)
{
    mmsim_pfn pfn = mm_frame_pfn(&machine->zones, frame);
    unsigned order = mm_frame_order(frame);
    uint64_t n_frames = (uint64_t)1 << order;
    tell_orphan(machine, pfn);
    strike_off(machine, frame, n_frames);
    if (result->n_orphans == 0)
        result->first_orphan = pfn;
    result->n_orphans += n_frames;
    frame->count = 1;
    mm_zone_free(&machine->zones, frame, order);
}

static void free_unmarked(struct mmsim_machine *machine, const struct marks *marks,
                          struct mmsim_gc_result *result)
{
    struct mm_zones *zones = &machine->zones;
    struct mm_frame *frame = mm_zone_next_used(zones, 0);
    while (frame) {
        mmsim_pfn pfn = mm_frame_pfn(zones, frame);
        if (frame->use != MM_FRAME_RESERVED && !is_marked(marks, pfn))
            free_orphan(machine, frame, result);
        frame = mm_zone_next_used(zones, pfn + 1);
    }
}

static void collect_orphans(struct mmsim_machine *machine, struct mmsim_gc_result *result)
{
    struct marks marks = {.n_bytes = (machine->zones.n_frames / 64 + 1) * sizeof(uint64_t)};
    mm_host_init(&marks.host, machine->config.allocator);
    marks.bits = mm_host_alloc(&marks.host, marks.n_bytes);
    if (!marks.bits)
        return;
    mark_paging(machine, &marks);
    mark_heap(&machine->heap, &marks);
    mark_files(&machine->pages, &marks);
    mark_cached(&machine->reclaim, &marks);
    mark_pool(&machine->vm, &marks);
    mark(&marks, mm_frame_pfn(&machine->zones, machine->vm.zero_frame), 1);
    free_unmarked(machine, &marks, result);
    mm_host_free(&marks.host, marks.bits, marks.n_bytes);
}

/* ---- collecting ---- */

static void tell_collection(struct mmsim_machine *machine, const struct mmsim_gc_result *result)
{
    uint64_t n_freed = result->n_tables + result->n_slab_frames + result->n_orphans;
    if (n_freed + result->n_cached == 0 || !mm_obs_wants(&machine->obs, MMSIM_EVENT_GC))
        return;
    struct mmsim_event event =
        mm_cpu_event(&machine->cpus[machine->paging.current_cpu], MMSIM_EVENT_GC);
    event.value = n_freed;
    mm_obs_emit(&machine->obs, &event);
}

void mm_gc_run(struct mmsim_machine *machine, struct mmsim_gc_result *result)
{
    *result = (struct mmsim_gc_result){.n_cached = mm_zones_drain(&machine->zones)};
    result->n_slab_frames = mm_heap_reap(&machine->heap);
    result->n_tables =
        mm_gc_user_tables(&machine->paging) + mm_vmalloc_collect(&machine->kernel_memory.vmalloc);
    collect_orphans(machine, result);
    mm_zones_drain(&machine->zones); /* what was freed just now went there first */
    uint64_t n_freed = result->n_slab_frames + result->n_orphans;
    mm_clock_charge(&machine->clock, n_freed * mm_work_cycles[MM_WORK_FRAME]);
    tell_collection(machine, result);
}

void mmsim_gc(struct mmsim_machine *machine, struct mmsim_gc_result *result)
{
    struct mm_kernel_call call = mm_kernel_begin(machine, NULL, 0);
    struct mmsim_gc_result found;
    mm_gc_run(machine, &found);
    mm_kernel_end(&call);
    if (result)
        *result = found;
}

void mm_gc_after_step(struct mmsim_machine *machine)
{
    uint64_t interval = machine->config.gc_interval;
    struct mmsim_gc_result result;
    if (interval > 0 && machine->n_steps % interval == 0)
        mm_gc_run(machine, &result);
}

/* ---- under pressure ---- */

/* Pages of processes first; if none can go, what the kernel holds on to without need. */
static bool relieve(void *user, enum mm_zone_reason reason)
{
    struct mmsim_machine *machine = user;
    if (mm_reclaim_relieve(&machine->reclaim, reason))
        return true;
    if (reason == MM_ZONE_USER_LIMIT)
        return false;
    uint64_t n_frames = mm_heap_reap(&machine->heap);
    return n_frames + mm_vmalloc_collect(&machine->kernel_memory.vmalloc) > 0;
}

void mm_gc_install(struct mmsim_machine *machine)
{
    machine->zones.on_shortage = relieve;
    machine->zones.shortage_user = machine;
}
