/* oom.c - choosing a victim. */
#include "proc/oom.h"

static uint64_t badness(const struct mm_process *process)
{
    return process->aspace->rss + process->aspace->tables->n_tables;
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

void mm_oom_report(const struct mm_process *victim)
{
    const struct mm_paging *paging = victim->procs->paging;
    if (!mm_obs_wants(paging->board->obs, MMSIM_EVENT_OOM))
        return;
    struct mmsim_event event = {.type = MMSIM_EVENT_OOM,
                                .cpu = paging->current_cpu,
                                .process = victim->number,
                                .name = victim->name,
                                .value = victim->aspace->rss};
    mm_obs_emit(paging->board->obs, &event);
}
