/* mmu.c - misses, faults, straddling accesses, and the explanation of a translation. */
#include "hw/mmu.h"

static bool allowed(const struct mm_cpu *cpu, const struct mmsim_request *request, uint8_t rights)
{
    return (cpu->arch.allow[request->privilege][rights] >> request->access) & 1;
}

static bool refuse(struct mm_cpu *cpu, const struct mmsim_request *request)
{
    mm_cpu_drop(cpu, request->address);
    cpu->board->arch->deliver(&cpu->arch, &cpu->fault);
    return false;
}

static void report(const struct mm_cpu *cpu, enum mmsim_event_type type,
                   const struct mmsim_request *request, const struct mmsim_translation *to)
{
    if (!mm_obs_wants(cpu->board->obs, type))
        return;
    struct mmsim_event event = mm_cpu_event(cpu, type);
    event.address = request->address;
    event.frame = (mmsim_pfn)(to->base >> MMSIM_PAGE_SHIFT);
    event.value = to->levels;
    mm_obs_emit(cpu->board->obs, &event);
}

static struct mm_tlb *first_level(const struct mm_cpu *cpu, const struct mmsim_request *request)
{
    return cpu->tlb[request->access == MMSIM_ACCESS_FETCH];
}

/*
 * Enters a translation into the first level; the entry that it replaces takes its shortcuts with
 * it. NULL: that level has no place for it.
 */
static struct mm_tlb_entry *fill_first(struct mm_cpu *cpu, const struct mmsim_request *request,
                                       const struct mmsim_translation *to)
{
    struct mm_tlb *tlb = first_level(cpu, request);
    struct mm_tlb_entry *entry = mm_tlb_choose(tlb, request->address, to);
    if (!entry)
        return NULL;
    if (entry->tag && entry->page_shift == MMSIM_PAGE_SHIFT)
        mm_shortcut_forget(&cpu->shortcut, entry->tag >> 1);
    else if (entry->tag)
        mm_shortcut_reset(&cpu->shortcut);
    mm_tlb_enter(tlb, entry, request->address, to, cpu->n_accesses);
    return entry;
}

static bool uses_second(const struct mm_cpu *cpu, const struct mmsim_request *request)
{
    bool fetch = request->access == MMSIM_ACCESS_FETCH;
    return cpu->own_tlbs[MM_TLB_SECOND].small.ways > 0 &&
           !(fetch && cpu->arch.preset->second_data_only);
}

/* The second level takes large pages only in an array of their own. */
static void fill_second(struct mm_cpu *cpu, const struct mmsim_request *request,
                        const struct mmsim_translation *to)
{
    struct mm_tlb *second = &cpu->own_tlbs[MM_TLB_SECOND];
    if (!uses_second(cpu, request))
        return;
    if (to->page_shift == MMSIM_PAGE_SHIFT || second->large.ways > 0)
        mm_tlb_fill(second, request->address, to, cpu->n_accesses);
}

static void count_walk(struct mm_cpu *cpu, const struct mmsim_request *request,
                       const struct mmsim_translation *to)
{
    uint32_t cost = cpu->arch.preset->costs.walk_level;
    bool by_cache = to->page_shift == MMSIM_PAGE_SHIFT && to->levels == 1;
    mm_clock_charge(cpu->board->clock, (uint64_t)to->levels * cost);
    cpu->n_walk_cache_hits += by_cache;
    if (by_cache && cpu->watch)
        cpu->watch->used(cpu->watch->user, cpu, request, to, MM_HELD_BY_WALK_CACHE);
}

static bool walk(struct mm_cpu *cpu, const struct mmsim_request *request, mmsim_paddr *physical)
{
    const struct mm_board *board = cpu->board;
    struct mmsim_translation to;
    bool done = board->arch->walk(&cpu->arch, &board->bus->port, request, &to, &cpu->fault);
    if (!done)
        return refuse(cpu, request);
    *physical = to.base | (request->address & (((mmsim_vaddr)1 << to.page_shift) - 1));
    if (!cpu->arch.translating)
        return true;
    count_walk(cpu, request, &to);
    struct mm_tlb_entry *entry = fill_first(cpu, request, &to);
    if (entry && !cpu->watch) /* a miss is mostly followed by hits */
        mm_mmu_remember(cpu, request, entry, *physical);
    fill_second(cpu, request, &to);
    report(cpu, MMSIM_EVENT_WALK, request, &to);
    report(cpu, MMSIM_EVENT_FILL, request, &to);
    return true;
}

/* A translation as it was when the entry was filled. */
static struct mmsim_translation translation_of(const struct mm_tlb_entry *entry)
{
    uint64_t offset_mask = ((uint64_t)1 << entry->page_shift) - 1;
    return (struct mmsim_translation){.base = entry->base & ~offset_mask,
                                      .page_shift = entry->page_shift,
                                      .rights = entry->rights,
                                      .global = entry->global,
                                      .dirty = entry->dirty};
}

void mm_mmu_tell_watch(const struct mm_cpu *cpu, const struct mmsim_request *request,
                       const struct mm_tlb_entry *entry, enum mm_holder holder)
{
    struct mmsim_translation held = translation_of(entry);
    cpu->watch->used(cpu->watch->user, cpu, request, &held, holder);
}

/* What the second level holds comes into the first, whatever its rights; NULL: neither has it. */
static struct mm_tlb_entry *promote(struct mm_cpu *cpu, const struct mmsim_request *request)
{
    struct mm_tlb_entry *held = mm_tlb_find(&cpu->own_tlbs[MM_TLB_SECOND], request->address);
    if (!held)
        return NULL;
    struct mmsim_translation to = translation_of(held);
    held->stamp = cpu->n_accesses;
    mm_clock_charge(cpu->board->clock, cpu->arch.preset->costs.second_level);
    struct mm_tlb_entry *entry = fill_first(cpu, request, &to);
    return entry ? entry : held;
}

static mmsim_paddr physical_of(const struct mm_cpu *cpu, const struct mmsim_request *request,
                               const struct mm_tlb_entry *entry)
{
    uint8_t shift = mm_tlb_array_of(first_level(cpu, request), entry)->page_shift;
    return mm_tlb_entry_physical(entry, request->address, shift);
}

bool mm_mmu_translate_slowly(struct mm_cpu *cpu, const struct mmsim_request *request,
                             struct mm_tlb_entry *held, mmsim_paddr *physical)
{
    const struct mm_tlb *first = first_level(cpu, request);
    enum mm_holder holder = MM_HELD_BY_TLB;
    if (!held && first->large.n_valid_hint > 0)
        held = mm_tlb_array_find(&first->large, request->address);
    if (!held && uses_second(cpu, request)) {
        held = promote(cpu, request);
        holder = MM_HELD_BY_SECOND_TLB;
    }
    if (held && !allowed(cpu, request, held->rights)) {
        cpu->board->arch->refuse(&cpu->arch, request, held->rights, &cpu->fault);
        return refuse(cpu, request);
    }
    if (held && (request->access != MMSIM_ACCESS_WRITE || held->dirty)) {
        cpu->n_second_hits += holder == MM_HELD_BY_SECOND_TLB;
        held->stamp = cpu->n_accesses;
        *physical = physical_of(cpu, request, held);
        mm_mmu_granted(cpu, request, held, *physical, holder);
        return true;
    }
    cpu->n_misses += cpu->arch.translating; /* else there is nothing to walk */
    return walk(cpu, request, physical);
}

bool mm_mmu_translate_pieces(struct mm_cpu *cpu, const struct mmsim_request *request,
                             size_t n_bytes, struct mm_pieces *pieces)
{
    mmsim_vaddr address = request->address;
    size_t to_page_end = (size_t)(MMSIM_PAGE_SIZE - (address & MMSIM_PAGE_MASK));
    pieces->first_bytes = n_bytes < to_page_end ? n_bytes : to_page_end;
    if (!mm_mmu_translate(cpu, address, request->access, request->privilege, &pieces->physical[0]))
        return false;
    if (pieces->first_bytes == n_bytes)
        return true;
    mmsim_vaddr next = (address + to_page_end) & cpu->board->address_mask;
    return mm_mmu_translate(cpu, next, request->access, request->privilege, &pieces->physical[1]);
}

/* What a device said to an access: kept, and told. */
static void note_device(struct mm_cpu *cpu, const struct mm_bus_transfer *transfer,
                        const struct mm_bus_answer *answer)
{
    cpu->bus_error = answer->error;
    enum mmsim_event_type type = answer->error ? MMSIM_EVENT_BUS_ERROR : MMSIM_EVENT_MMIO;
    if (!mm_obs_wants(cpu->board->obs, type))
        return;
    struct mmsim_event event = mm_cpu_event(cpu, type);
    event.address = transfer->address;
    event.length = transfer->n_bytes;
    event.error = (uint32_t)answer->error;
    event.value = answer->value;
    event.access = transfer->kind;
    event.device = answer->window->name;
    mm_obs_emit(cpu->board->obs, &event);
}

void mm_mmu_move(struct mm_cpu *cpu, enum mmsim_access_kind access, const struct mm_pieces *pieces,
                 void *data, size_t n_bytes)
{
    struct mm_bus_transfer transfer = {.access_bytes = n_bytes, .kind = access};
    uint8_t *bytes = data;
    size_t piece = pieces->first_bytes;
    if (piece < n_bytes && pieces->physical[1] == pieces->physical[0] + piece)
        piece = n_bytes; /* one access on the bus, too */
    for (int i = 0; n_bytes > 0; i++) {
        transfer.address = pieces->physical[i];
        transfer.n_bytes = piece;
        struct mm_bus_answer answer = mm_bus_transfer(cpu->board->bus, &transfer, bytes);
        if (answer.window)
            note_device(cpu, &transfer, &answer);
        bytes += piece;
        n_bytes -= piece;
        piece = n_bytes;
    }
}

void mm_mmu_prime(struct mm_cpu *cpu, mmsim_vaddr address, enum mmsim_access_kind access)
{
    mmsim_paddr physical;
    mm_cpu_drop(cpu, address);
    mm_mmu_translate(cpu, address, access, MMSIM_PRIVILEGE_USER, &physical);
    mm_tlb_drop(&cpu->own_tlbs[MM_TLB_SECOND], address);
    mm_shortcut_reset(&cpu->shortcut);
}

bool mm_mmu_access(struct mm_cpu *cpu, const struct mmsim_request *request, void *data,
                   size_t n_bytes)
{
    uint8_t *direct =
        mm_mmu_shortcut(cpu, request->address, request->access, request->privilege, n_bytes);
    if (direct) {
        mm_mmu_exchange(request->access, data, direct, n_bytes);
        return true;
    }
    if (mmsim_is_beyond_code(&cpu->arch, request)) {
        cpu->board->arch->refuse_code(request, &cpu->fault);
        return false;
    }
    struct mm_pieces pieces;
    if (!mm_mmu_translate_pieces(cpu, request, n_bytes, &pieces))
        return false;
    mm_mmu_move(cpu, request->access, &pieces, data, n_bytes);
    return true;
}

/* The TLB that would answer, and its entry; NULL: none would. */
static const struct mm_tlb_entry *find_anywhere(const struct mm_cpu *cpu,
                                                const struct mmsim_request *request,
                                                const struct mm_tlb **tlb)
{
    *tlb = first_level(cpu, request);
    const struct mm_tlb_entry *entry = mm_tlb_find(*tlb, request->address);
    if (entry)
        return entry;
    *tlb = &cpu->own_tlbs[MM_TLB_SECOND];
    return uses_second(cpu, request) ? mm_tlb_find(*tlb, request->address) : NULL;
}

static void explain_tlb(const struct mm_cpu *cpu, struct mmsim_walk *record)
{
    bool fetch = record->request.access == MMSIM_ACCESS_FETCH;
    const struct mm_tlb *tlb;
    const struct mm_tlb_entry *entry = find_anywhere(cpu, &record->request, &tlb);
    record->tlb.instruction = fetch && cpu->tlb[1] != cpu->tlb[0];
    record->tlb.hit = entry != NULL;
    if (!entry)
        return;
    const struct mm_tlb_array *array = mm_tlb_array_of(tlb, entry);
    size_t index = (size_t)(entry - array->entries);
    record->tlb.second_level = tlb == &cpu->own_tlbs[MM_TLB_SECOND];
    record->tlb.set = (unsigned)(index / array->ways);
    record->tlb.way = (unsigned)(index % array->ways);
    record->tlb.held = (struct mmsim_translation){.base = entry->base,
                                                  .page_shift = entry->page_shift,
                                                  .rights = entry->rights,
                                                  .global = entry->global,
                                                  .dirty = entry->dirty};
    mmsim_paddr physical = mm_tlb_entry_physical(entry, record->request.address, array->page_shift);
    record->tlb.stale =
        !record->present || physical != record->physical || entry->rights != record->rights;
}

void mm_mmu_explain(const struct mm_cpu *cpu, const struct mmsim_request *request,
                    struct mmsim_walk *record)
{
    cpu->board->arch->explain(&cpu->arch, &cpu->board->bus->port, request, record);
    record->cpu_index = cpu->index;
    if (record->paging)
        explain_tlb(cpu, record);
}
