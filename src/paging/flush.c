/* flush.c - local flushes and shootdowns. */
#include "paging/flush.h"

#define WHOLE_SPACE UINT64_MAX /* in place of a number of pages */

/* Whether a CPU drops so many pages one by one. */
static bool goes_by_page(const struct mm_cpu *cpu, const struct mmsim_flush *how, uint64_t n_pages)
{
    if (!(cpu->arch.preset->abilities & MMSIM_CPU_INVALIDATE_PAGE) || n_pages == WHOLE_SPACE)
        return false;
    if (how->method == MMSIM_FLUSH_THRESHOLD)
        return n_pages <= how->threshold_pages;
    return how->method == MMSIM_FLUSH_SINGLE;
}

static void flush_cpu(struct mm_cpu *cpu, const struct mmsim_flush *how, mmsim_vaddr start,
                      uint64_t n_pages)
{
    if (!goes_by_page(cpu, how, n_pages)) {
        mm_cpu_load_root(cpu, cpu->board->arch->root(&cpu->arch));
        return;
    }
    for (uint64_t i = 0; i < n_pages; i++)
        mm_cpu_invalidate(cpu, start + (i << MMSIM_PAGE_SHIFT));
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

/* The CPUs that are told: those that have the set loaded, or simply all. */
static uint64_t cpus_to_tell(const struct mm_pgtable *set)
{
    bool all = set->cpu_mask != 0 && !set->paging->flush.targeted;
    return all ? ~(uint64_t)0 : set->cpu_mask;
}

static void flush_pages(struct mm_pgtable *set, mmsim_vaddr start, uint64_t n_pages)
{
    struct mm_paging *paging = set->paging;
    if (paging->flush.method == MMSIM_FLUSH_NONE)
        return;
    uint64_t told = cpus_to_tell(set);
    for (unsigned i = 0; i < paging->n_cpus; i++) {
        if (((told >> i) & 1) && i != paging->current_cpu)
            shoot_down(&paging->cpus[i], paging);
        if ((set->cpu_mask >> i) & 1)
            flush_cpu(&paging->cpus[i], &paging->flush, start, n_pages);
    }
}

void mm_flush_range(struct mm_pgtable *set, mmsim_vaddr start, mmsim_vaddr end)
{
    flush_pages(set, start, (end - start) >> MMSIM_PAGE_SHIFT);
}

void mm_flush_all(struct mm_pgtable *set)
{
    flush_pages(set, MM_LAYOUT_USER_START, WHOLE_SPACE);
}

/* Without a trace: no CPU was told of anything, and no stale entry of a process goes. */
static void forget_pages(struct mm_cpu *cpu, mmsim_vaddr start, uint64_t n_pages)
{
    mmsim_walk_cache_flush(&cpu->arch.walk_cache);
    for (uint64_t i = 0; i < n_pages; i++)
        mm_cpu_drop(cpu, start + (i << MMSIM_PAGE_SHIFT));
}

void mm_flush_kernel(struct mm_paging *paging, mmsim_vaddr start, mmsim_vaddr end)
{
    uint64_t n_pages = (end - start) >> MMSIM_PAGE_SHIFT;
    bool pretends = paging->flush.method == MMSIM_FLUSH_NONE;
    for (unsigned i = 0; i < paging->n_cpus; i++) {
        if (pretends) {
            forget_pages(&paging->cpus[i], start, n_pages);
            continue;
        }
        if (i != paging->current_cpu)
            shoot_down(&paging->cpus[i], paging);
        flush_cpu(&paging->cpus[i], &paging->flush, start, n_pages);
    }
}

/* ---- without flushes ---- */

struct search {
    mmsim_paddr frame;
    mmsim_vaddr page; /* a user page that a TLB has there */
    bool found;
};

static void look_at(void *user, mmsim_vaddr page, const struct mm_tlb_entry *entry)
{
    struct search *search = user;
    if (!mm_layout_is_user(page) || entry->base != search->frame) /* user pages are all 4 KiB */
        return;
    search->page = page;
    search->found = true;
}

static bool find_page(const struct mm_cpu *cpu, struct search *search)
{
    search->found = false;
    for (unsigned tlb = 0; tlb < MM_N_TLBS; tlb++)
        mm_tlb_visit(&cpu->own_tlbs[tlb], look_at, search);
    return search->found;
}

void mm_flush_fence(struct mm_paging *paging, mmsim_paddr frame)
{
    if (paging->flush.method != MMSIM_FLUSH_NONE)
        return;
    struct search search = {.frame = frame};
    for (unsigned i = 0; i < paging->n_cpus; i++) {
        mmsim_walk_cache_flush(&paging->cpus[i].arch.walk_cache);
        while (find_page(&paging->cpus[i], &search))
            mm_cpu_drop(&paging->cpus[i], search.page);
    }
}
