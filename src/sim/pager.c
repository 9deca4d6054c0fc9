/*
 * pager.c - the public face of swap, reclaim and replacement (<mmsim/pager.h>), and how they are
 * built into a machine.
 */
#include "sim/pager.h"

#include <string.h>

#include "base/text.h"
#include "sim/gc.h"
#include "sim/machine.h"
#include "vm/pageout.h"

/* ---- names ---- */

static const char *const scopes[] = {"global", "local"};
static const char *const allocations[] = {"fixed", "proportional", "working-set", "pff"};
static const char *const views[] = {"exact", "bits"};

const char *mmsim_replacement_scope_name(size_t index)
{
    return index < MMSIM_N_SCOPES ? scopes[index] : NULL;
}

const char *mmsim_allocation_name(size_t index)
{
    return index < MMSIM_N_ALLOCATIONS ? allocations[index] : NULL;
}

const char *mmsim_view_name(size_t index)
{
    return index <= MMSIM_VIEW_BITS ? views[index] : NULL;
}

/* ---- configuration ---- */

/* The row of S3-FIFO's parameter `variant`; -1: another policy. */
static int variant_row(const struct mmsim_policy_choice *choice)
{
    const struct mmsim_param *params = choice->ops->params;
    for (int i = 0; strcmp(choice->ops->name, "s3-fifo") == 0 && params && params[i].name; i++)
        if (strcmp(params[i].name, "variant") == 0)
            return i;
    return -1;
}

static double word_index(const struct mmsim_param *param, const char *word)
{
    unsigned i = 0;
    while (param->words[i] && strcmp(param->words[i], word) != 0)
        i++;
    return i;
}

/* A machine loads every page: if nothing is said, S3-FIFO is the paper's. */
static void prefer_form(struct mmsim_policy_choice *choice)
{
    int row = variant_row(choice);
    if (row >= 0 && !strstr(choice->given, "variant"))
        choice->params[row] = word_index(&choice->ops->params[row], "paper");
}

static bool loads_every_page(const struct mmsim_policy_choice *choice)
{
    int row = variant_row(choice);
    if (choice->ops->flags & MMSIM_POLICY_STUDY_ONLY)
        return false;
    return row < 0 ||
           choice->params[row] != word_index(&choice->ops->params[row], "libcachesim-2024");
}

static enum mmsim_status choose_own(const struct mmsim_policy_ops *ops,
                                    struct mmsim_policy_choice *choice, struct mmsim_error *error)
{
    enum mmsim_status status = mmsim_policy_validate(ops, error);
    if (!status)
        *choice = mmsim_policy_choice_of(ops);
    return status;
}

enum mmsim_status mm_config_policy(const struct mmsim_pager_config *config,
                                   struct mmsim_policy_choice *choice, struct mmsim_error *error)
{
    const char *text = config->policy ? config->policy : "";
    enum mmsim_status status = config->policy_ops
                                   ? choose_own(config->policy_ops, choice, error)
                                   : mmsim_policy_parse(text, strlen(text), choice, error);
    if (status) {
        struct mmsim_error found = *error;
        bool is_known = strchr(found.where, '(') || mmsim_policy_find(found.where);
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.policy", "%s%s%s",
                            is_known ? found.where : "", is_known ? ": " : "", found.text);
    }
    prefer_form(choice);
    if (!loads_every_page(choice))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.policy",
                            "%s is for studies of traces (mmsim bench): it needs the future, or "
                            "does not load every page",
                            choice->ops->name);
    return MMSIM_OK;
}

static enum mmsim_status check_area(const struct mmsim_config *config, size_t i,
                                    struct mmsim_error *error)
{
    const struct mmsim_swap_area *area = &config->pager.swap[i];
    if (area->bytes == 0 || (area->bytes & MMSIM_PAGE_MASK))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.swap",
                            "area %zu: %llu bytes are no whole pages of 4KiB", i,
                            (unsigned long long)area->bytes);
    if (area->priority < -32768 || area->priority > 32767)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.swap",
                            "area %zu: priority %d is not in -32768..32767", i, area->priority);
    return MMSIM_OK;
}

static uint32_t max_slots(const struct mmsim_config *config)
{
    return config->paging == MMSIM_PAGING_PAE ? MM_SWAP_MAX_SLOTS_PAE : MM_SWAP_MAX_SLOTS_32BIT;
}

static enum mmsim_status check_swap(const struct mmsim_config *config, struct mmsim_error *error)
{
    const struct mmsim_pager_config *pager = &config->pager;
    uint64_t n_slots = 0;
    if (pager->n_swap > MMSIM_MAX_SWAP_AREAS || (pager->n_swap > 0 && !pager->swap))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.swap",
                            "%zu areas are not in 0..%d, or there is no list of them",
                            pager->n_swap, MMSIM_MAX_SWAP_AREAS);
    for (size_t i = 0; i < pager->n_swap; i++) {
        enum mmsim_status status = check_area(config, i, error);
        if (status)
            return status;
        uint64_t pages = pager->swap[i].bytes >> MMSIM_PAGE_SHIFT;
        n_slots += (pages + MM_CLUSTER_SLOTS - 1) & ~(uint64_t)(MM_CLUSTER_SLOTS - 1);
    }
    if (n_slots > max_slots(config))
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.swap",
                            "the areas together are larger than %s, which page-table entries have "
                            "room for",
                            config->paging == MMSIM_PAGING_PAE ? "64GiB" : "4GiB");
    return MMSIM_OK;
}

static unsigned log2_exact(unsigned n)
{
    unsigned log2 = 0;
    while (log2 <= MM_SWAP_MAX_PAGE_CLUSTER && 1u << log2 != n)
        log2++;
    return log2;
}

enum mmsim_status mm_config_check_pager(const struct mmsim_config *config,
                                        struct mmsim_error *error)
{
    const struct mmsim_pager_config *pager = &config->pager;
    struct mmsim_policy_choice choice;
    enum mmsim_status status = mm_config_policy(pager, &choice, error);
    if (status)
        return status;
    if ((unsigned)pager->view > MMSIM_VIEW_BITS)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.view", "%d is no view",
                            (int)pager->view);
    if ((unsigned)pager->scope >= MMSIM_N_SCOPES)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.scope", "%d is no scope",
                            (int)pager->scope);
    if ((unsigned)pager->allocation >= MMSIM_N_ALLOCATIONS)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.allocation", "%d is no allocation",
                            (int)pager->allocation);
    if (pager->window == 0 || pager->threshold == 0)
        return mm_error_set(error, MMSIM_BAD_CONFIG,
                            pager->window == 0 ? "pager.window" : "pager.threshold",
                            "0 references are too few: at least 1");
    if (log2_exact(pager->swap_readahead) > MM_SWAP_MAX_PAGE_CLUSTER)
        return mm_error_set(error, MMSIM_BAD_CONFIG, "pager.swap_readahead",
                            "%u is not one of 1, 2, 4, 8, 16, 32 pages", pager->swap_readahead);
    return check_swap(config, error);
}

/* ---- building ---- */

static uint64_t now(void *machine)
{
    return mmsim_machine_cycles(machine);
}

static uint64_t references(void *user)
{
    const struct mmsim_machine *machine = user;
    uint64_t n = 0;
    for (unsigned i = 0; i < machine->n_cpus_built; i++)
        n += machine->cpus[i].n_accesses;
    return n;
}

static bool build_swap(struct mmsim_machine *machine)
{
    const struct mmsim_pager_config *config = &machine->config.pager;
    struct mm_swap_area_setup areas[MMSIM_MAX_SWAP_AREAS];
    for (size_t i = 0; i < config->n_swap; i++) {
        const struct mmsim_swap_area *area = &config->swap[i];
        areas[i] = (struct mm_swap_area_setup){.device = {.bytes = area->bytes,
                                                          .read_cycles = area->read_cycles,
                                                          .write_cycles = area->write_cycles,
                                                          .page_cycles = area->page_cycles,
                                                          .path = area->path},
                                               .priority = area->priority};
    }
    struct mm_swap_setup setup = {.host = &machine->host,
                                  .areas = areas,
                                  .n_areas = (unsigned)config->n_swap,
                                  .max_slots = max_slots(&machine->config),
                                  .page_cluster = log2_exact(config->swap_readahead),
                                  .now = now,
                                  .user = machine,
                                  .clock = &machine->clock};
    machine->config.pager.swap = NULL; /* the caller's */
    return mm_swap_init(&machine->swap, &setup) == MM_SWAP_READY;
}

static bool build_pager(struct mmsim_machine *machine)
{
    const struct mmsim_pager_config *config = &machine->config.pager;
    struct mmsim_error ignored;
    struct mmsim_policy_choice choice;
    mm_config_policy(config, &choice, &ignored);
    struct mm_pager_setup setup = {.host = &machine->host,
                                   .zones = &machine->zones,
                                   .obs = &machine->obs,
                                   .policy = &choice,
                                   .exact = config->view == MMSIM_VIEW_REFERENCES,
                                   .interval = config->view_interval,
                                   .local = config->scope == MMSIM_SCOPE_LOCAL,
                                   .allocation = config->allocation,
                                   .window = config->window,
                                   .threshold = config->threshold,
                                   .seed = machine->config.seed,
                                   .n_slots = machine->swap.n_numbers,
                                   .references = references,
                                   .user = machine};
    machine->config.pager.policy = NULL; /* the caller's */
    return mm_pager_init(&machine->pager, &setup);
}

static void note_pressure(void *user, enum mm_zone_kind zone, enum mm_pressure pressure)
{
    struct mm_reclaim *reclaim = user;
    (void)pressure;
    reclaim->woken |= zone == MM_ZONE_LOW;
}

bool mm_machine_build_pager(struct mmsim_machine *machine)
{
    struct mm_reclaim_setup setup = {.host = &machine->host,
                                     .paging = &machine->paging,
                                     .pager = &machine->pager,
                                     .swap = &machine->swap,
                                     .clean_first = machine->config.pager.clean_first,
                                     .flush_young = !machine->config.pager.keep_young};
    if (!build_swap(machine) || !build_pager(machine) ||
        !mm_reclaim_init(&machine->reclaim, &setup))
        return false;
    machine->vm.reclaim = &machine->reclaim;
    machine->zones.on_pressure = note_pressure;
    machine->zones.pressure_user = &machine->reclaim;
    mm_pageout_install(&machine->vm);
    return true;
}

void mm_machine_take_down_pager(struct mmsim_machine *machine)
{
    machine->zones.on_pressure = NULL;
    mm_reclaim_fini(&machine->reclaim);
    mm_pager_fini(&machine->pager);
    mm_swap_fini(&machine->swap);
}

/* ---- looking ---- */

void mmsim_reclaim_get_stats(const struct mmsim_machine *machine, struct mmsim_reclaim_stats *stats)
{
    const struct mm_pager_stats *from = &machine->pager.stats;
    *stats = (struct mmsim_reclaim_stats){.scanned = from->scanned,
                                          .reclaimed = from->reclaimed,
                                          .direct = from->direct,
                                          .background = from->background,
                                          .loads = from->loads,
                                          .refaults = from->refaults,
                                          .activations = from->activations,
                                          .write_backs = from->write_backs,
                                          .put_backs = from->put_backs,
                                          .thrashing = from->thrashing};
    memcpy(stats->distances, from->distances, sizeof stats->distances);
}

void mmsim_swap_get_stats(const struct mmsim_machine *machine, struct mmsim_swap_stats *stats)
{
    const struct mm_swap *swap = &machine->swap;
    struct mm_swap_stats from = mm_swap_get_stats(swap);
    *stats = (struct mmsim_swap_stats){.size = mm_swap_size(swap),
                                       .used = mm_swap_used(swap),
                                       .in = from.in,
                                       .out = from.out,
                                       .zero_in = from.zero_in,
                                       .zero_out = from.zero_out,
                                       .cached = machine->reclaim.n_cached,
                                       .read_errors = from.read_errors,
                                       .write_errors = from.write_errors};
    for (unsigned i = 0; i < swap->n_areas; i++)
        stats->bad += swap->areas[i].n_bad;
}

bool mmsim_process_is_suspended(const struct mmsim_process *process)
{
    return process->live && process->live->suspended_at > 0;
}

void mmsim_machine_policy(const struct mmsim_machine *machine, struct mmsim_policy_choice *choice)
{
    *choice = machine->pager.policy;
}

uint64_t mmsim_machine_loads(const struct mmsim_machine *machine)
{
    return machine->pager.stats.loads;
}

/* ---- a push ---- */

uint64_t mmsim_reclaim(struct mmsim_machine *machine, uint64_t n_frames)
{
    mm_clock_work(&machine->clock, MM_WORK_SYSTEM_CALL);
    uint64_t n_freed = 0;
    uint64_t n;
    machine->pager.incoming = MMSIM_NO_PAGE;
    while (n_freed < n_frames &&
           (n = mm_reclaim_run(&machine->reclaim, NULL, n_frames - n_freed)) > 0)
        n_freed += n;
    mm_machine_after_call(machine);
    return n_freed;
}

void mmsim_age(struct mmsim_machine *machine)
{
    mm_clock_work(&machine->clock, MM_WORK_SYSTEM_CALL);
    mm_pager_harvest(&machine->pager);
    mm_machine_after_call(machine);
}

enum mmsim_errno mmsim_swapoff(struct mmsim_machine *machine, size_t area)
{
    struct mm_swap *swap = &machine->swap;
    mm_clock_work(&machine->clock, MM_WORK_SYSTEM_CALL);
    if (area >= swap->n_areas || swap->areas[area].state != MM_SWAP_ON)
        return MMSIM_EINVAL;
    mm_swap_off_begin(swap, (unsigned)area);
    enum mmsim_errno error = mm_pageout_empty_area(&machine->vm, (unsigned)area);
    if (error || !mm_swap_off_finish(swap, (unsigned)area)) {
        mm_swap_on(swap, (unsigned)area);
        error = error ? error : MMSIM_ENOMEM;
    }
    mm_machine_after_call(machine);
    return error;
}

enum mmsim_errno mmsim_swapon(struct mmsim_machine *machine, size_t area)
{
    struct mm_swap *swap = &machine->swap;
    if (area >= swap->n_areas)
        return MMSIM_EINVAL;
    if (swap->areas[area].state == MM_SWAP_ON)
        return MMSIM_EBUSY;
    mm_swap_on(swap, (unsigned)area);
    mm_machine_after_call(machine);
    return MMSIM_SUCCESS;
}

void mmsim_process_limit_frames(struct mmsim_process *process, uint64_t n_frames)
{
    if (!process->live)
        return;
    mm_aspace_limit_frames(process->live->aspace, n_frames);
    mm_machine_after_call(process->machine);
}
