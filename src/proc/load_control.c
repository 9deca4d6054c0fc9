/* load_control.c - who waits, and until when. */
#include "proc/load_control.h"

#include "paging/allot.h"
#include "vm/pageout.h"

static struct mm_pager *pager_of(const struct mm_procs *procs)
{
    return procs->vm->reclaim->pager;
}

static void report(const struct mm_process *process, enum mmsim_event_type type)
{
    const struct mm_paging *paging = process->procs->paging;
    if (!mm_obs_wants(paging->board->obs, type))
        return;
    struct mmsim_event event = {.type = type,
                                .cpu = paging->current_cpu,
                                .process = process->number,
                                .name = process->name,
                                .value = process->working_set};
    mm_obs_emit(paging->board->obs, &event);
}

uint64_t mm_load_working_set(const struct mm_process *process)
{
    const struct mm_pager *pager = pager_of(process->procs);
    uint64_t now = mm_pager_now(pager);
    uint64_t n = 0;
    for (mmsim_page page = 0; page < pager->n_ever; page++) {
        const struct mm_pager_page *info = &pager->pages[page];
        n += info->place != MM_PLACE_UNUSED && info->owner == process->aspace->number &&
             mm_pager_was_used(info, now, pager->setup.window);
    }
    return n;
}

static bool thrashes(const struct mm_pager *pager)
{
    for (const struct mm_list *at = pager->domains.next; at != &pager->domains; at = at->next)
        if (MM_CONTAINER_OF(at, struct mm_domain, link)->thrashes)
            return true;
    return false;
}

/* What is seen from now on is another load. */
static void begin_anew(struct mm_procs *procs)
{
    struct mm_pager *pager = pager_of(procs);
    for (struct mm_list *at = pager->domains.next; at != &pager->domains; at = at->next) {
        struct mm_domain *domain = MM_CONTAINER_OF(at, struct mm_domain, link);
        domain->thrashes = false;
        domain->n_window = domain->n_window_hot = 0;
    }
    procs->load_changed_at = mm_pager_now(pager);
}

struct load {
    uint64_t active;             /* pages of the working sets of those that run */
    struct mm_process *youngest; /* active, and not running just now */
    struct mm_process *waits;    /* the one that waits the longest */
};

static struct load look_at(struct mm_procs *procs, const struct mm_process *running)
{
    struct load load = {0};
    mm_pager_harvest(pager_of(procs));
    for (struct mm_list *at = procs->processes.next; at != &procs->processes; at = at->next) {
        struct mm_process *process = MM_CONTAINER_OF(at, struct mm_process, link);
        if (process->suspended_at > 0) {
            if (!load.waits || process->suspended_at < load.waits->suspended_at)
                load.waits = process;
            continue;
        }
        process->working_set = mm_load_working_set(process);
        load.active += process->working_set;
        if (process != running && process->working_set > 0)
            load.youngest = process;
    }
    return load;
}

static void suspend(struct mm_process *process)
{
    struct mm_procs *procs = process->procs;
    process->suspended_at = ++procs->n_suspensions;
    mm_pageout_range(process->aspace, MM_LAYOUT_USER_START, MM_LAYOUT_USER_END);
    report(process, MMSIM_EVENT_SUSPEND);
    begin_anew(procs);
}

void mm_load_resume(struct mm_process *process)
{
    process->suspended_at = 0;
    report(process, MMSIM_EVENT_RESUME);
    begin_anew(process->procs);
}

void mm_load_control(struct mm_procs *procs, const struct mm_process *running)
{
    struct mm_pager *pager = pager_of(procs);
    uint64_t now = mm_pager_now(pager);
    bool is_time = now - procs->load_changed_at >= pager->setup.window;
    if (thrashes(pager)) {
        struct load load = look_at(procs, running);
        if (load.youngest && load.active > mm_allot_total(pager))
            suspend(load.youngest);
    } else if (procs->n_suspensions > 0 && is_time) {
        struct load load = look_at(procs, running);
        procs->load_changed_at = now;
        if (load.waits && load.active + load.waits->working_set <= mm_allot_total(pager))
            mm_load_resume(load.waits);
    }
}
