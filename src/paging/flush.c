/* flush.c - local flushes and shootdowns. */
#include "paging/flush.h"

static void flush_cpu(struct mm_cpu *cpu, const struct mm_pgtable *set, mmsim_vaddr start,
                      mmsim_vaddr end)
{
    uint64_t n_pages = (end - start) >> MMSIM_PAGE_SHIFT;
    bool single = cpu->arch.preset->abilities & MMSIM_CPU_INVALIDATE_PAGE;
    if (!single || n_pages > MM_FLUSH_MAX_PAGES) {
        mm_cpu_load_root(cpu, set->map.root);
        return;
    }
    for (mmsim_vaddr page = start; page < end; page += MMSIM_PAGE_SIZE)
        mm_cpu_invalidate(cpu, page);
}

static void shoot_down(struct mm_cpu *cpu, const struct mm_paging *paging)
{
    const struct mm_board *board = paging->board;
    board->counters->tlb_shootdowns++;
    mm_clock_charge(board->clock, cpu->arch.preset->costs.interrupt);
    if (!mm_obs_wants(board->obs, MMSIM_EVENT_SHOOTDOWN))
        return;
    struct mmsim_event event =
        mm_cpu_event(&paging->cpus[paging->current_cpu], MMSIM_EVENT_SHOOTDOWN);
    event.value = cpu->index;
    mm_obs_emit(board->obs, &event);
}

void mm_flush_range(struct mm_pgtable *set, mmsim_vaddr start, mmsim_vaddr end)
{
    struct mm_paging *paging = set->paging;
    for (unsigned i = 0; i < paging->n_cpus; i++) {
        if (!((set->cpu_mask >> i) & 1))
            continue;
        if (i != paging->current_cpu)
            shoot_down(&paging->cpus[i], paging);
        flush_cpu(&paging->cpus[i], set, start, end);
    }
}
