/*
 * check.c - invariants across structures: what no single module can see.
 *
 * Sources of each rule: the numbered invariants of frame.h, pgtable.h, aspace.h, process.h. Here:
 *
 *   (1) the count of an anon frame, or of a large page, is the number of page-table entries that
 *       name it, one more if a slot of swap has it, too; that of an object's frame one more
 *   (2) every table frame belongs to a set of tables, and each set has as many as it says
 *   (3) no TLB entry grants what the tables no longer do; not looked at under MMSIM_FLUSH_NONE,
 *       where the configuration asks for a kernel that leaves such entries behind
 *   (4) the shared zero page is all zeros
 *   (5) the kernel's caches hold as many objects as there are processes, address spaces, sets of
 *       tables and VMAs: none is lost
 *   (6) a slot of swap counts the entries and objects that name it, and the frame that has it; the
 *       reverse map names the entries that name an anonymous frame
 */
#include "sim/machine.h"

#include <string.h>

#include "alloc/guard.h"
#include "hw/mmu.h"

/* ---- (1), (2): frames ---- */

struct census {
    uint32_t *n_mappings; /* by pfn */
    uint64_t n_tables;
};

static void count_entries(const struct mm_aspace *aspace, struct census *census)
{
    mmsim_vaddr page = MM_LAYOUT_USER_START;
    while ((page = mm_pgtable_next(aspace->tables, page, MM_LAYOUT_USER_END)) <
           MM_LAYOUT_USER_END) {
        struct mmsim_entry entry = mm_pgtable_query(aspace->tables, page);
        if (mm_aspace_frame(aspace, &entry))
            census->n_mappings[mm_address_pfn(entry.base)]++;
        page += mm_aspace_entry_pages(aspace, &entry) * MMSIM_PAGE_SIZE;
    }
}

static void take_census(const struct mmsim_machine *machine, struct census *census)
{
    const struct mm_list *head = &machine->procs.processes;
    for (const struct mm_list *at = head->next; at != head; at = at->next) {
        const struct mm_process *process = MM_CONTAINER_OF(at, struct mm_process, link);
        count_entries(process->aspace, census);
        census->n_tables += process->aspace->tables->n_tables;
    }
    census->n_tables += machine->paging.master->n_tables;
}

static const char *compare_frame(const struct mm_frame *frame, uint32_t n_mappings)
{
    switch (frame->use) {
    case MM_FRAME_ANON:
        return mm_frame_mappings(frame) == n_mappings
                   ? NULL
                   : "a frame's count is not the number of its mappings (check 1)";
    case MM_FRAME_FILE:
        return frame->count == n_mappings + 1
                   ? NULL
                   : "a frame's count is not one more than the number of its mappings (check 1)";
    case MM_FRAME_POOL: /* huge.h checks the pool */
    case MM_FRAME_ZERO_PAGE:
        return NULL;
    case MM_FRAME_PAGE_TABLE:
        if (!frame->owner)
            return "a page table belongs to no set of tables (check 2)";
        break;
    default:
        break;
    }
    return n_mappings ? "a frame is mapped although it is no page of a process (check 1)" : NULL;
}

static const char *compare_census(const struct mmsim_machine *machine, const struct census *census)
{
    const struct mm_zones *zones = &machine->zones;
    const struct mm_frame *frame = mm_zone_next_used(zones, 0);
    while (frame) {
        mmsim_pfn pfn = mm_frame_pfn(zones, frame);
        const char *broken = compare_frame(frame, census->n_mappings[pfn]);
        for (mmsim_pfn i = 1; i < (mmsim_pfn)1 << mm_frame_order(frame) && !broken; i++)
            if (census->n_mappings[pfn + i] != 0)
                broken = "a frame within a block is mapped by itself (check 1)";
        if (broken)
            return broken;
        frame = mm_zone_next_used(zones, pfn + 1);
    }
    if (census->n_tables != zones->n_by_use[MM_FRAME_PAGE_TABLE])
        return "the sets of page tables do not add up to the frames used for tables (check 2)";
    return NULL;
}

static const char *check_frames(const struct mmsim_machine *machine)
{
    struct mm_host scratch; /* of its own: the machine's may be looked at, not changed */
    mm_host_init(&scratch, machine->config.allocator);
    size_t n_bytes = machine->zones.n_frames * sizeof(uint32_t);
    struct census census = {.n_mappings = mm_host_alloc(&scratch, n_bytes)};
    if (!census.n_mappings)
        return NULL;
    take_census(machine, &census);
    const char *broken = compare_census(machine, &census);
    mm_host_free(&scratch, census.n_mappings, n_bytes);
    return broken;
}

/* ---- (3): TLBs ---- */

struct tlb_visit {
    const struct mm_cpu *cpu;
    const struct mm_tlb *tlb;
    bool primes;
    const char *broken;
};

/* A CPU with two TLBs asks the one for data and the other for instructions. */
static bool is_asked(const struct tlb_visit *visit, enum mmsim_access_kind access)
{
    const struct mm_cpu *cpu = visit->cpu;
    return visit->tlb == &cpu->own_tlbs[MM_TLB_SECOND] ||
           visit->tlb == cpu->tlb[access == MMSIM_ACCESS_FETCH];
}

/* Mode split-tlb (exec.h) gives the data TLB pages that the tables keep from user mode. */
static bool is_primed(const struct tlb_visit *visit, const struct mmsim_walk *walk,
                      mmsim_paddr physical)
{
    return visit->primes && walk->present && walk->physical == physical &&
           walk->request.access != MMSIM_ACCESS_FETCH && mm_layout_is_user(walk->request.address);
}

static bool grants_more(const struct tlb_visit *visit, const struct mm_tlb_entry *entry,
                        mmsim_vaddr page, enum mmsim_privilege privilege,
                        enum mmsim_access_kind access)
{
    const struct mm_cpu *cpu = visit->cpu;
    struct mmsim_request request = {page, access, privilege};
    bool grants = (cpu->arch.allow[privilege][entry->rights] >> access) & 1;
    bool asked = is_asked(visit, access) && !mmsim_is_beyond_code(&cpu->arch, &request);
    if (!grants || !asked)
        return false;
    struct mmsim_walk walk;
    cpu->board->arch->explain(&cpu->arch, &cpu->board->bus->port, &request, &walk);
    mmsim_paddr physical = mm_tlb_entry_physical(entry, page, MMSIM_PAGE_SHIFT);
    return (!walk.allowed || walk.physical != physical) && !is_primed(visit, &walk, physical);
}

static void visit_entry(void *user, mmsim_vaddr page, const struct mm_tlb_entry *entry)
{
    struct tlb_visit *visit = user;
    for (int privilege = 0; privilege < MMSIM_N_PRIVILEGES; privilege++)
        for (int access = MMSIM_ACCESS_READ; access <= MMSIM_ACCESS_FETCH; access++)
            if (grants_more(visit, entry, page, (enum mmsim_privilege)privilege,
                            (enum mmsim_access_kind)access))
                visit->broken = "a TLB grants what the page tables no longer do (check 3)";
}

static const char *check_tlbs(const struct mmsim_machine *machine)
{
    for (unsigned i = 0; i < machine->config.n_cpus; i++) {
        struct tlb_visit visit = {.cpu = &machine->cpus[i]};
        visit.broken = mm_cpu_check(visit.cpu);
        visit.primes = machine->vm.execute == MMSIM_EXECUTE_SPLIT_TLB;
        bool may_be_stale = machine->config.flush.method == MMSIM_FLUSH_NONE;
        for (unsigned tlb = 0; tlb < MM_N_TLBS && !may_be_stale; tlb++) {
            visit.tlb = &visit.cpu->own_tlbs[tlb];
            mm_tlb_visit(visit.tlb, visit_entry, &visit);
        }
        if (visit.broken)
            return visit.broken;
    }
    return NULL;
}

/* ---- (4) ---- */

static const char *check_zero_page(const struct mmsim_machine *machine)
{
    const uint8_t *bytes = mm_frame_bytes(&machine->zones, machine->vm.zero_frame);
    bool zeros = bytes[0] == 0 && memcmp(bytes, bytes + 1, MMSIM_PAGE_SIZE - 1) == 0;
    return zeros ? NULL : "the shared zero page is not zero any more (check 4)";
}

/* ---- (5) ---- */

static const char *check_objects(const struct mmsim_machine *machine)
{
    uint64_t n_processes = 0;
    uint64_t n_vmas = 0;
    const struct mm_list *head = &machine->procs.processes;
    for (const struct mm_list *at = head->next; at != head; at = at->next, n_processes++)
        n_vmas += MM_CONTAINER_OF(at, struct mm_process, link)->aspace->vmas.n_vmas;
    if (mm_cache_n_live(&machine->procs.cache) != n_processes ||
        mm_cache_n_live(&machine->vm.aspaces) != n_processes)
        return "there are more process objects than processes: one is lost (check 5)";
    if (mm_cache_n_live(&machine->paging.pgtables) != n_processes + 1)
        return "there are more sets of page tables than processes: one is lost (check 5)";
    return mm_cache_n_live(&machine->vm.vmas) == n_vmas
               ? NULL
               : "there are more VMAs than mappings: one is lost (check 5)";
}

static const char *check_caches(const struct mmsim_machine *machine)
{
    const char *broken = mm_heap_check(&machine->heap);
    if (!broken)
        broken = mm_guard_check(&machine->heap);
    if (!broken)
        broken = mm_vmalloc_check(&machine->kernel_memory.vmalloc);
    if (!broken)
        broken = mm_pools_check(&machine->kernel_memory.pools);
    if (!broken)
        broken = mm_scopes_check(&machine->kernel_memory.scopes);
    return broken ? broken : check_objects(machine);
}

/* ---- (6): swap and the reverse map ---- */

static void count_slots(const struct mmsim_machine *machine, uint32_t *expected)
{
    const struct mm_list *head = &machine->vm.all;
    for (const struct mm_list *at = head->next; at != head; at = at->next) {
        const struct mm_pgtable *set = MM_CONTAINER_OF(at, struct mm_aspace, link)->tables;
        mmsim_vaddr page = MM_LAYOUT_USER_START;
        for (; (page = mm_pgtable_next(set, page, MM_LAYOUT_USER_END)) < MM_LAYOUT_USER_END;
             page += MMSIM_PAGE_SIZE) {
            struct mmsim_entry entry = mm_pgtable_query(set, page);
            if (entry.state == MMSIM_ENTRY_SWAP)
                expected[mm_swap_slot_of(entry.base)]++;
        }
    }
    head = &machine->pages.all;
    for (const struct mm_list *at = head->next; at != head; at = at->next) {
        const struct mm_object *object = MM_CONTAINER_OF(at, struct mm_object, link);
        uint64_t index = 0;
        uintptr_t word;
        for (; (word = mm_pages_next_word(&object->pages, &index, UINT64_MAX)); index++)
            if (mm_pages_mark(word) == MM_PAGES_SLOT)
                expected[mm_pages_value(word)]++;
    }
    for (uint32_t slot = 0; slot < machine->swap.n_numbers; slot++)
        expected[slot] += machine->reclaim.cached[slot] != 0;
}

static const char *check_slots(const struct mmsim_machine *machine)
{
    struct mm_host scratch;
    mm_host_init(&scratch, machine->config.allocator);
    size_t n_bytes = machine->swap.n_numbers * sizeof(uint32_t);
    uint32_t *expected = n_bytes > 0 ? mm_host_alloc(&scratch, n_bytes) : NULL;
    if (!expected)
        return NULL;
    count_slots(machine, expected);
    const char *broken = mm_swap_check_counts(&machine->swap, expected);
    mm_host_free(&scratch, expected, n_bytes);
    return broken;
}

static const char *check_rmap(const struct mmsim_machine *machine)
{
    const struct mm_zones *zones = &machine->zones;
    const char *broken = NULL;
    const struct mm_frame *frame = mm_zone_next_used(zones, 0);
    for (; frame && !broken; frame = mm_zone_next_used(zones, mm_frame_pfn(zones, frame) + 1))
        if (frame->use == MM_FRAME_ANON)
            broken = mm_rmap_check_frame(&machine->reclaim.rmap, frame);
    return broken;
}

static const char *check_reclaim(const struct mmsim_machine *machine)
{
    const char *broken = mm_reclaim_check(&machine->reclaim);
    if (!broken)
        broken = check_slots(machine);
    return broken ? broken : check_rmap(machine);
}

const char *mm_check_machine(const struct mmsim_machine *machine)
{
    const char *broken = mm_zones_check(&machine->zones);
    if (!broken)
        broken = mm_paging_check(&machine->paging);
    if (!broken)
        broken = check_caches(machine);
    if (!broken)
        broken = mm_procs_check(&machine->procs);
    if (!broken)
        broken = mm_huge_check(&machine->vm);
    if (!broken)
        broken = mm_pcache_check(&machine->pages);
    if (!broken)
        broken = check_frames(machine);
    if (!broken)
        broken = check_reclaim(machine);
    if (!broken)
        broken = check_tlbs(machine);
    if (!broken)
        broken = mm_bus_check(&machine->bus);
    return broken ? broken : check_zero_page(machine);
}
