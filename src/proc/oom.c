/* oom.c - choosing a victim. */
#include "proc/oom.h"

static uint64_t badness(const struct mm_process *process)
{
    const struct mm_aspace *aspace = process->aspace;
    return aspace->rss + aspace->n_swapped + aspace->tables->n_tables;
}

struct mm_process *mm_oom_choose(const struct mm_procs *procs)
{
    struct mm_process *worst = NULL;
    const struct mm_list *head = &procs->processes;
    for (const struct mm_list *at = head->next; at != head; at = at->next) {
        struct mm_process *process = MM_CONTAINER_OF(at, struct mm_process, link);
        if (!worst || badness(process) >= badness(worst))
            worst = process;
    }
    return worst;
}

const char *mm_oom_reason(const struct mm_procs *procs)
{
    const struct mm_reclaim *reclaim = procs->vm->reclaim;
    if (reclaim->refusal)
        return reclaim->refusal;
    return mm_reclaim_has_swap(reclaim) ? "no page can go" : "there is no swap";
}

void mm_oom_report(const struct mm_process *victim)
{
    const struct mm_paging *paging = victim->procs->paging;
    if (!mm_obs_wants(paging->board->obs, MMSIM_EVENT_OOM))
        return;
    struct mmsim_event event = {.type = MMSIM_EVENT_OOM,
                                .cpu = paging->current_cpu,
                                .process = victim->number,
                                .name = victim->name,
                                .value = victim->aspace->rss,
                                .site = mm_oom_reason(victim->procs)};
    mm_obs_emit(paging->board->obs, &event);
}
