/* pgtable.c - frames for page tables, the kernel's master tables, loading on CPUs. */
#include "paging/pgtable.h"

#include "base/assert.h"
#include "base/tree.h"
#include "paging/flush.h"

static struct mm_pgtable *set_of(struct mmsim_page_map *map)
{
    return MM_CONTAINER_OF(map, struct mm_pgtable, map);
}

static const struct mmsim_arch_ops *arch_of(const struct mm_pgtable *set)
{
    return set->paging->board->arch;
}

static void report_entry(const struct mm_pgtable *set, enum mmsim_event_type type,
                         mmsim_vaddr address, mmsim_paddr base, uint64_t value)
{
    const struct mm_paging *paging = set->paging;
    if (!mm_obs_wants(paging->board->obs, type))
        return;
    struct mmsim_event event = mm_cpu_event(&paging->cpus[paging->current_cpu], type);
    event.address = address;
    event.frame = mm_address_pfn(base);
    event.value = value;
    mm_obs_emit(paging->board->obs, &event);
}

/* A changed entry of a page: the event tells in which tables, by the frame of their root. */
static void report_page(const struct mm_pgtable *set, enum mmsim_event_type type, mmsim_vaddr page,
                        mmsim_paddr base)
{
    report_entry(set, type, page, base, mm_address_pfn(set->map.root));
}

/* ---- frames for the model ---- */

static bool table_get(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr *table)
{
    struct mm_pgtable *set = set_of(map);
    struct mm_zones *zones = set->paging->zones;
    struct mm_frame *frame = mm_zone_alloc(zones, MM_FRAME_PAGE_TABLE, 0);
    if (!frame)
        return false;
    frame->owner = set;
    frame->n_used = 0;
    memset(mm_frame_bytes(zones, frame), 0, MMSIM_PAGE_SIZE);
    set->n_tables++;
    mm_clock_work(set->paging->board->clock, MM_WORK_FRAME);
    mm_clock_work(set->paging->board->clock, MM_WORK_ZERO_PAGE);
    *table = mm_pfn_address(mm_frame_pfn(zones, frame));
    report_entry(set, MMSIM_EVENT_TABLE, covers, *table, 1);
    return true;
}

static void table_put(struct mmsim_page_map *map, mmsim_vaddr covers, mmsim_paddr table)
{
    struct mm_pgtable *set = set_of(map);
    struct mm_zones *zones = set->paging->zones;
    struct mm_frame *frame = mm_zone_frame(zones, table);
    mm_flush_fence(set->paging, table);
    frame->owner = NULL;
    mm_zone_free(zones, frame, 0);
    set->n_tables--;
    mm_clock_work(set->paging->board->clock, MM_WORK_FRAME);
    report_entry(set, MMSIM_EVENT_TABLE, covers, table, 0);
}

static uint16_t *table_used(struct mmsim_page_map *map, mmsim_paddr table)
{
    return &mm_zone_frame(set_of(map)->paging->zones, table)->n_used;
}

/* Large areas come and go; a table of theirs that came and went would be copied into all sets each
 * time. And while pages are taken out to make room, whoever needs the room may have prepared a
 * table. */
static bool table_keeps(const struct mmsim_page_map *map, mmsim_vaddr covers)
{
    struct mm_paging *paging = set_of((struct mmsim_page_map *)(uintptr_t)map)->paging;
    paging->left_tables |= paging->keeps_tables;
    return paging->keeps_tables || mm_layout_is_vmalloc(covers);
}

static const struct mmsim_table_ops table_ops = {
    .get = table_get, .put = table_put, .used = table_used, .keeps = table_keeps};

/* ---- sets ---- */

static struct mm_pgtable *set_create(struct mm_paging *paging)
{
    struct mm_pgtable *set = mm_cache_zalloc(&paging->pgtables);
    if (!set)
        return NULL;
    set->paging = paging;
    mm_list_init(&set->link);
    set->map = (struct mmsim_page_map){.port = &paging->board->bus->port,
                                       .tables = &table_ops,
                                       .abilities = paging->abilities,
                                       .mode = paging->board->paging_mode};
    if (paging->board->arch->open(&set->map))
        return set;
    mm_cache_free(&paging->pgtables, set);
    return NULL;
}

static void set_destroy(struct mm_pgtable *set)
{
    arch_of(set)->close(&set->map);
    MM_ASSERT(set->n_tables == 0, "a set of page tables is destroyed with tables left");
    mm_list_remove(&set->link);
    mm_cache_free(&set->paging->pgtables, set);
}

struct mm_pgtable *mm_pgtable_create(struct mm_paging *paging)
{
    struct mm_pgtable *set = set_create(paging);
    if (!set)
        return NULL;
    const struct mmsim_arch_ops *arch = paging->board->arch;
    arch->share(&set->map, &paging->master->map, 0, MM_LAYOUT_USER_START);
    arch->share(&set->map, &paging->master->map, MM_LAYOUT_SHARED_START, MM_LAYOUT_END);
    mm_list_append(&paging->sets, &set->link);
    return set;
}

void mm_pgtable_destroy(struct mm_pgtable *set)
{
    struct mm_paging *paging = set->paging;
    for (unsigned cpu = 0; cpu < paging->n_cpus; cpu++)
        if ((set->cpu_mask >> cpu) & 1)
            mm_pgtable_load(paging->master, cpu);
    set_destroy(set);
}

static struct mm_pgtable *loaded_on(const struct mm_paging *paging, unsigned cpu)
{
    mmsim_paddr root = paging->board->arch->root(&paging->cpus[cpu].arch);
    return mm_zone_frame(paging->zones, root)->owner;
}

bool mm_pgtable_load(struct mm_pgtable *set, unsigned cpu)
{
    struct mm_paging *paging = set->paging;
    uint64_t bit = (uint64_t)1 << cpu;
    if (set->cpu_mask & bit)
        return false;
    loaded_on(paging, cpu)->cpu_mask &= ~bit;
    set->cpu_mask |= bit;
    mm_cpu_load_root(&paging->cpus[cpu], set->map.root);
    return true;
}

/* ---- entries ---- */

bool mm_pgtable_prepare(struct mm_pgtable *set, mmsim_vaddr page)
{
    return arch_of(set)->prepare(&set->map, page, 0);
}

bool mm_pgtable_prepare_large(struct mm_pgtable *set, mmsim_vaddr address)
{
    return arch_of(set)->prepare(&set->map, address, 1);
}

bool mm_pgtable_split(struct mm_pgtable *set, mmsim_vaddr address)
{
    struct mmsim_entry entry = mm_pgtable_query(set, address);
    if (!arch_of(set)->split(&set->map, address))
        return false;
    mm_clock_work(set->paging->board->clock, MM_WORK_ZERO_PAGE); /* as many words */
    report_page(set, MMSIM_EVENT_DEMOTE, address, entry.base);
    return true;
}

void mm_pgtable_map(struct mm_pgtable *set, mmsim_vaddr page, const struct mmsim_entry *entry)
{
    arch_of(set)->map(&set->map, page, entry);
    mm_clock_work(set->paging->board->clock, MM_WORK_ENTRY);
    report_page(set, MMSIM_EVENT_MAP, page, entry->base);
}

struct mmsim_entry mm_pgtable_unmap(struct mm_pgtable *set, mmsim_vaddr page)
{
    struct mmsim_entry before = arch_of(set)->unmap(&set->map, page);
    mm_clock_work(set->paging->board->clock, MM_WORK_ENTRY);
    if (before.state != MMSIM_ENTRY_NONE)
        report_page(set, MMSIM_EVENT_UNMAP, page, before.base);
    return before;
}

static bool differ(const struct mmsim_entry *before, struct mmsim_entry after)
{
    return before->state != after.state || before->flags != after.flags || before->key != after.key;
}

struct mmsim_entry mm_pgtable_protect(struct mm_pgtable *set, mmsim_vaddr page,
                                      const struct mmsim_entry *rights)
{
    struct mmsim_entry before = arch_of(set)->protect(&set->map, page, rights);
    mm_clock_work(set->paging->board->clock, MM_WORK_ENTRY);
    if (mm_obs_wants(set->paging->board->obs, MMSIM_EVENT_PROTECT) &&
        differ(&before, mm_pgtable_query(set, page)))
        report_page(set, MMSIM_EVENT_PROTECT, page, before.base);
    return before;
}

unsigned mm_pgtable_test_and_clear(struct mm_pgtable *set, mmsim_vaddr page, unsigned flags)
{
    mm_clock_work(set->paging->board->clock, MM_WORK_ENTRY);
    return arch_of(set)->test_and_clear(&set->map, page, flags);
}

struct mmsim_entry mm_pgtable_query(const struct mm_pgtable *set, mmsim_vaddr page)
{
    return arch_of(set)->query(&set->map, page);
}

mmsim_vaddr mm_pgtable_next(const struct mm_pgtable *set, mmsim_vaddr from, mmsim_vaddr to)
{
    return arch_of(set)->next(&set->map, from, to);
}

void mm_pgtable_trim(struct mm_pgtable *set, mmsim_vaddr start, mmsim_vaddr end)
{
    arch_of(set)->trim(&set->map, start, end);
}

/* ---- the kernel's map ---- */

static mmsim_vaddr lowmem_end(const struct mm_paging *paging)
{
    uint64_t ram = paging->zones->phys->ranges[0].end;
    return ram < MM_LOWMEM_END ? ram : MM_LOWMEM_END;
}

/* The size class that fits at `at`: large where the CPU has it and RAM goes on that far. */
static unsigned size_class_at(const struct mm_paging *paging, mmsim_vaddr at, mmsim_vaddr end)
{
    uint8_t shift = mm_board_page_shift(paging->board, 1);
    uint64_t span = (uint64_t)1 << shift;
    bool fits = (at & (span - 1)) == 0 && end - at >= span;
    return (paging->abilities & MMSIM_CPU_LARGE_PAGES) && fits ? 1 : 0;
}

static bool map_lowmem(struct mm_paging *paging)
{
    const struct mmsim_arch_ops *arch = paging->board->arch;
    mmsim_vaddr end = lowmem_end(paging);
    for (mmsim_vaddr at = MM_LAYOUT_LOWMEM_START; at < end;) {
        unsigned size_class = size_class_at(paging, at, end);
        if (!arch->prepare(&paging->master->map, at, size_class))
            return false;
        struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                    .size_class = (uint8_t)size_class,
                                    .flags = MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_GLOBAL,
                                    .base = at};
        arch->map(&paging->master->map, at, &entry);
        at += (uint64_t)1 << mm_board_page_shift(paging->board, size_class);
    }
    return true;
}

bool mm_paging_map_device(struct mm_paging *paging, mmsim_paddr at, uint64_t n_bytes)
{
    const struct mmsim_arch_ops *arch = paging->board->arch;
    MM_ASSERT(mm_list_empty(&paging->sets), "a device is mapped after sets copied the tables");
    for (mmsim_vaddr page = at; page < at + n_bytes; page += MMSIM_PAGE_SIZE) {
        if (!arch->prepare(&paging->master->map, page, 0))
            return false;
        struct mmsim_entry entry = {.state = MMSIM_ENTRY_PRESENT,
                                    .flags = MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_GLOBAL |
                                             MMSIM_ENTRY_NO_EXECUTE | MMSIM_ENTRY_UNCACHED,
                                    .base = page};
        arch->map(&paging->master->map, page, &entry);
    }
    return true;
}

void mm_paging_share_kernel(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end)
{
    mmsim_vaddr span = (mmsim_vaddr)1 << mm_board_page_shift(paging->board, 1);
    for (struct mm_list *at = paging->sets.next; at != &paging->sets; at = at->next) {
        struct mm_pgtable *set = MM_CONTAINER_OF(at, struct mm_pgtable, link);
        paging->board->arch->share(&set->map, &paging->master->map, start & ~(span - 1), end);
    }
}

bool mm_paging_prepare_kernel(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end)
{
    mmsim_vaddr span = (mmsim_vaddr)1 << mm_board_page_shift(paging->board, 1);
    uint32_t n_before = paging->master->n_tables;
    bool prepared = true;
    for (mmsim_vaddr at = start; at < end && prepared; at = (at & ~(span - 1)) + span)
        prepared = mm_pgtable_prepare(paging->master, at);
    if (paging->master->n_tables != n_before)
        mm_paging_share_kernel(paging, start, end);
    return prepared;
}

static void unmap_kernel(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end)
{
    const struct mmsim_arch_ops *arch = paging->board->arch;
    mmsim_vaddr at = start;
    while ((at = arch->next(&paging->master->map, at, end)) < end) {
        struct mmsim_entry entry = arch->unmap(&paging->master->map, at);
        at += (uint64_t)1 << mm_board_page_shift(paging->board, entry.size_class);
    }
    arch->trim(&paging->master->map, start, end);
}

bool mm_paging_init(struct mm_paging *paging, uint32_t abilities)
{
    mm_list_init(&paging->sets);
    struct mm_cache_setup setup = {.name = "pgtable", .object_bytes = sizeof(struct mm_pgtable)};
    if (!mm_cache_init(&paging->pgtables, paging->heap, &setup))
        return false;
    paging->abilities = abilities & paging->cpus[0].arch.preset->abilities;
    paging->master = set_create(paging);
    if (!paging->master)
        return false;
    if (!map_lowmem(paging)) {
        mm_paging_fini(paging);
        return false;
    }
    for (unsigned cpu = 0; cpu < paging->n_cpus; cpu++) {
        mm_cpu_start_paging(&paging->cpus[cpu], paging->master->map.root, paging->abilities);
        paging->master->cpu_mask |= (uint64_t)1 << cpu;
    }
    return true;
}

void mm_paging_fini(struct mm_paging *paging)
{
    if (!paging->master)
        return;
    unmap_kernel(paging, MM_LAYOUT_LOWMEM_START, lowmem_end(paging));
    unmap_kernel(paging, MM_LAYOUT_SHARED_START, MM_LAYOUT_END);
    set_destroy(paging->master);
    paging->master = NULL;
    mm_cache_fini(&paging->pgtables);
}

/* ---- invariants ---- */

static const char *check_cpus(const struct mm_pgtable *set)
{
    const struct mm_paging *paging = set->paging;
    for (unsigned cpu = 0; cpu < paging->n_cpus; cpu++) {
        bool loaded = paging->board->arch->root(&paging->cpus[cpu].arch) == set->map.root;
        if (loaded != ((set->cpu_mask >> cpu) & 1))
            return "a set of page tables has a wrong mask of CPUs (pgtable invariant 2)";
    }
    return NULL;
}

static const char *check_shared_range(const struct mm_pgtable *set, mmsim_vaddr start,
                                      mmsim_vaddr end)
{
    const struct mm_pgtable *master = set->paging->master;
    mmsim_vaddr at = start;
    while (at < end) {
        mmsim_vaddr ours = mm_pgtable_next(set, at, end);
        mmsim_vaddr theirs = mm_pgtable_next(master, at, end);
        struct mmsim_entry a = ours < end ? mm_pgtable_query(set, ours) : (struct mmsim_entry){0};
        struct mmsim_entry b =
            theirs < end ? mm_pgtable_query(master, theirs) : (struct mmsim_entry){0};
        if (ours != theirs || a.base != b.base || a.state != b.state)
            return "a set of page tables differs from the master's (pgtable invariant 3)";
        if (ours == end)
            return NULL;
        at = ours + ((uint64_t)1 << mm_board_page_shift(set->paging->board, a.size_class));
    }
    return NULL;
}

const char *mm_pgtable_check(const struct mm_pgtable *set)
{
    const char *broken = check_cpus(set);
    if (!broken && set != set->paging->master)
        broken = check_shared_range(set, 0, MM_LAYOUT_USER_START);
    if (!broken && set != set->paging->master)
        broken = check_shared_range(set, MM_LAYOUT_SHARED_START, MM_LAYOUT_END);
    return broken;
}

const char *mm_paging_check(const struct mm_paging *paging)
{
    const char *broken = mm_pgtable_check(paging->master);
    for (const struct mm_list *at = paging->sets.next; !broken && at != &paging->sets;
         at = at->next)
        broken = mm_pgtable_check(MM_CONTAINER_OF(at, struct mm_pgtable, link));
    return broken;
}
