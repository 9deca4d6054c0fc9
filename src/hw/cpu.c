/* cpu.c - register writes and their effects on the TLBs. */
#include "hw/cpu.h"

bool mm_cpu_init(struct mm_cpu *cpu, struct mm_host *host, const struct mm_board *board,
                 const struct mmsim_cpu_preset *preset, unsigned index)
{
    memset(cpu, 0, sizeof *cpu);
    cpu->board = board;
    cpu->index = index;
    board->arch->reset(&cpu->arch, preset);
    cpu->arch.port = &board->bus->port;
    mm_shortcut_reset(&cpu->shortcut);
    const struct mmsim_tlb_shape shapes[MM_N_TLBS][2] = {
        [MM_TLB_DATA] = {preset->dtlb_small, preset->dtlb_large},
        [MM_TLB_FETCH] = {preset->itlb_small, preset->itlb_large},
        [MM_TLB_SECOND] = {preset->second_small, preset->second_large},
    };
    uint8_t shift = mm_board_page_shift(board, 1);
    bool built = true;
    for (unsigned i = 0; i < MM_N_TLBS && built; i++) {
        built = mm_tlb_init(&cpu->own_tlbs[i], host, shapes[i][0], shapes[i][1], shift);
        mm_tlb_set_replacement(&cpu->own_tlbs[i], preset->replacement,
                               board->seed + index * MM_N_TLBS + i);
    }
    cpu->tlb[0] = &cpu->own_tlbs[MM_TLB_DATA];
    cpu->tlb[1] = preset->unified ? cpu->tlb[0] : &cpu->own_tlbs[MM_TLB_FETCH];
    if (!built)
        mm_cpu_fini(cpu, host);
    return built;
}

void mm_cpu_fini(struct mm_cpu *cpu, struct mm_host *host)
{
    for (unsigned i = 0; i < MM_N_TLBS; i++)
        mm_tlb_fini(&cpu->own_tlbs[i], host);
}

void mm_cpu_watch(struct mm_cpu *cpu, const struct mm_watch *watch)
{
    cpu->watch = watch;
    mm_shortcut_reset(&cpu->shortcut);
}

struct mmsim_event mm_cpu_event(const struct mm_cpu *cpu, enum mmsim_event_type type)
{
    return (struct mmsim_event){
        .type = type, .cpu = cpu->index, .process = cpu->process, .name = cpu->process_name};
}

static void flush(struct mm_cpu *cpu, enum mm_tlb_flush what)
{
    for (unsigned i = 0; i < MM_N_TLBS; i++)
        mm_tlb_flush(&cpu->own_tlbs[i], what);
    mmsim_walk_cache_flush(&cpu->arch.walk_cache);
    cpu->board->counters->tlb_flushes++;
    if (mm_obs_wants(cpu->board->obs, MMSIM_EVENT_FLUSH)) {
        struct mmsim_event event = mm_cpu_event(cpu, MMSIM_EVENT_FLUSH);
        mm_obs_emit(cpu->board->obs, &event);
    }
}

static bool apply_effect(struct mm_cpu *cpu, unsigned effect)
{
    if (effect & MMSIM_EFFECT_REFUSED)
        return false;
    mm_shortcut_reset(&cpu->shortcut);
    if (effect & MMSIM_EFFECT_FLUSH_ALL)
        flush(cpu, MM_TLB_DROP_GLOBAL);
    else if (effect & MMSIM_EFFECT_FLUSH)
        flush(cpu, MM_TLB_KEEP_GLOBAL);
    return true;
}

uint32_t mm_cpu_start_paging(struct mm_cpu *cpu, mmsim_paddr root, uint32_t abilities)
{
    mm_shortcut_reset(&cpu->shortcut);
    return cpu->board->arch->start_paging(&cpu->arch, cpu->board->paging_mode, root, abilities);
}

bool mm_cpu_write_register(struct mm_cpu *cpu, unsigned number, uint64_t value)
{
    return apply_effect(cpu, cpu->board->arch->write_register(&cpu->arch, number, value));
}

void mm_cpu_load_root(struct mm_cpu *cpu, mmsim_paddr root)
{
    mm_clock_charge(cpu->board->clock, cpu->arch.preset->costs.load_root);
    apply_effect(cpu, cpu->board->arch->load_root(&cpu->arch, root));
}

void mm_cpu_load_keys(struct mm_cpu *cpu, uint32_t pkru)
{
    mm_shortcut_reset(&cpu->shortcut); /* it knows what the old keys granted */
    cpu->board->arch->load_keys(&cpu->arch, pkru);
}

void mm_cpu_drop(struct mm_cpu *cpu, mmsim_vaddr address)
{
    mm_shortcut_reset(&cpu->shortcut);
    for (unsigned i = 0; i < MM_N_TLBS; i++)
        mm_tlb_drop(&cpu->own_tlbs[i], address);
}

void mm_cpu_invalidate(struct mm_cpu *cpu, mmsim_vaddr address)
{
    mm_cpu_drop(cpu, address);
    mmsim_walk_cache_flush(&cpu->arch.walk_cache); /* INVLPG empties it whole: SDM 3A 4.10.4.1 */
    cpu->board->counters->tlb_invlpg++;
    mm_clock_charge(cpu->board->clock, cpu->arch.preset->costs.invalidate);
    if (mm_obs_wants(cpu->board->obs, MMSIM_EVENT_INVLPG)) {
        struct mmsim_event event = mm_cpu_event(cpu, MMSIM_EVENT_INVLPG);
        event.address = address;
        mm_obs_emit(cpu->board->obs, &event);
    }
}

const char *mm_cpu_check(const struct mm_cpu *cpu)
{
    if (cpu->n_misses > cpu->n_accesses)
        return "a CPU counts more TLB misses than accesses (cpu invariant 2)";
    const char *broken = NULL;
    for (unsigned i = 0; i < MM_N_TLBS && !broken; i++)
        broken = mm_tlb_check(&cpu->own_tlbs[i], cpu->n_accesses);
    return broken;
}
