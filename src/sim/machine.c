/* machine.c - building a machine and taking it down; steps and time. */
#include "sim/machine.h"

#include "alloc/guard.h"
#include "base/assert.h"
#include "base/text.h"
#include "paging/gc.h"
#include "paging/migrate.h"
#include "sim/gc.h"
#include "sim/pager.h"
#include "vm/filemap.h"

static uint64_t now(void *machine)
{
    return mmsim_machine_cycles(machine);
}

static void keep_last_stats(struct mm_process *process, int code)
{
    (void)code;
    struct mmsim_process *handle = process->user;
    mmsim_process_get_stats(handle, &handle->last);
    handle->cpu = process->cpu;
    handle->live = NULL;
    mm_kernel_on_exit(handle);
}

static mmsim_vaddr address_mask(const struct mmsim_arch_ops *arch)
{
    return arch->n_address_bits == 64 ? ~(mmsim_vaddr)0
                                      : ((mmsim_vaddr)1 << arch->n_address_bits) - 1;
}

static bool build_hardware(struct mmsim_machine *machine)
{
    const struct mmsim_config *config = &machine->config;
    if (!mm_phys_init(&machine->phys, config->ram_bytes))
        return false;
    mm_bus_init(&machine->bus, &machine->phys);
    mm_obs_init(&machine->obs, now, machine);
    machine->board = (struct mm_board){.arch = machine->arch,
                                       .bus = &machine->bus,
                                       .clock = &machine->clock,
                                       .obs = &machine->obs,
                                       .counters = &machine->counters,
                                       .address_mask = address_mask(machine->arch),
                                       .paging_mode = (unsigned)config->paging,
                                       .seed = config->seed};
    machine->cpus = mm_host_alloc(&machine->host, config->n_cpus * sizeof *machine->cpus);
    if (!machine->cpus)
        return false;
    for (unsigned i = 0; i < config->n_cpus; i++, machine->n_cpus_built++)
        if (!mm_cpu_init(&machine->cpus[i], &machine->host, &machine->board, &machine->preset, i))
            return false;
    struct mmsim_device_setup setup = {.now = now, .clock = machine};
    if (!mm_bus_attach(&machine->bus, config->mmio, config->n_mmio, &setup, &machine->host))
        return false;
    machine->config.mmio = NULL; /* the caller's: the bus has what it needs of it */
    if (!mm_zones_init(&machine->zones, &machine->phys, config->user_frames))
        return false;
    machine->zones.n_cpus = config->n_cpus;
    return true;
}

static bool map_devices(struct mmsim_machine *machine)
{
    const struct mm_bus *bus = &machine->bus;
    for (size_t i = 0; i < bus->n_windows; i++)
        if (!mm_paging_map_device(&machine->paging, bus->windows[i].at, bus->windows[i].size))
            return false;
    return true;
}

static void fence(void *machine, mmsim_pfn first, uint64_t n_frames)
{
    struct mm_paging *paging = &((struct mmsim_machine *)machine)->paging;
    for (mmsim_pfn pfn = first; pfn < first + n_frames; pfn++)
        mm_flush_fence(paging, mm_pfn_address(pfn));
}

/* The MMU has refused an access of the kernel's: beyond an area or a guarded object? */
static void blame_heap_user(void *user, mmsim_vaddr address)
{
    struct mmsim_machine *machine = user;
    if (!mm_vmalloc_fault(&machine->kernel_memory.vmalloc, address))
        mm_guard_fault(&machine->heap, address);
}

/* What the configuration says of virtual memory. */
static void configure_vm(struct mmsim_machine *machine)
{
    const struct mmsim_config *config = &machine->config;
    struct mm_vm *vm = &machine->vm;
    vm->execute = mm_config_execute(config);
    vm->overcommit = config->overcommit;
    vm->overcommit_percent = config->overcommit_percent;
    vm->thp = config->large_pages && !config->thp_off ? config->thp : MMSIM_THP_NEVER;
    vm->aslr = config->aslr;
    vm->seed = config->seed;
    vm->fault_around_pages = config->fault_around_off ? 0 : config->page_cache.fault_around_pages;
    vm->options = (config->demand_off ? MM_OPTION_NO_DEMAND : 0u) |
                  (config->protection_off ? MM_OPTION_NO_PROTECTION : 0u) |
                  (config->copy_on_write_off ? MM_OPTION_NO_COPY_ON_WRITE : 0u) |
                  (config->zero_page_off ? MM_OPTION_NO_ZERO_PAGE : 0u) |
                  (config->stack_guard_off ? MM_OPTION_NO_STACK_GUARD : 0u);
}

static bool build_page_cache(struct mmsim_machine *machine)
{
    struct mm_disk_setup disk = {
        .config = &machine->config.disk, .now = now, .user = machine, .clock = &machine->clock};
    if (mm_disk_init(&machine->disk, &disk) != MM_DISK_OK)
        return false;
    machine->config.disk.path = NULL; /* the caller's: the disk has opened it */
    struct mm_pcache_setup setup = {.zones = &machine->zones,
                                    .heap = &machine->heap,
                                    .clock = &machine->clock,
                                    .obs = &machine->obs,
                                    .config = &machine->config.page_cache,
                                    .disk = &machine->disk,
                                    .reclaim = &machine->reclaim,
                                    .now = now,
                                    .user = machine};
    if (machine->config.readahead_off)
        machine->config.page_cache.readahead_pages = 0;
    if (!mm_pcache_init(&machine->pages, &setup))
        return false;
    machine->pages.hooks = (struct mm_object_hooks){.unmap = mm_filemap_unmap,
                                                    .clean = mm_filemap_clean,
                                                    .survey = mm_filemap_survey,
                                                    .look = mm_filemap_look,
                                                    .user = &machine->vm};
    machine->vm.pages = &machine->pages;
    return true;
}

static bool build_kernel(struct mmsim_machine *machine)
{
    uint32_t abilities = ~(uint32_t)0;
    if (!machine->config.large_pages)
        abilities &= ~(uint32_t)MMSIM_CPU_LARGE_PAGES;
    if (!machine->config.flush.global_pages)
        abilities &= ~(uint32_t)MMSIM_CPU_GLOBAL_PAGES;
    if (machine->config.keys_off)
        abilities &= ~(uint32_t)MMSIM_CPU_KEYS;
    if (machine->config.flush.method == MMSIM_FLUSH_NONE) {
        machine->zones.on_kernel_block = fence;
        machine->zones.user = machine;
    }
    machine->paging = (struct mm_paging){.board = &machine->board,
                                         .zones = &machine->zones,
                                         .heap = &machine->heap,
                                         .cpus = machine->cpus,
                                         .n_cpus = machine->config.n_cpus,
                                         .flush = machine->config.flush};
    if (!mm_heap_init(&machine->heap, &machine->zones, machine->config.n_cpus,
                      machine->config.seed) ||
        !mm_paging_init(&machine->paging, abilities) || !map_devices(machine) ||
        !mm_vm_init(&machine->vm, &machine->paging, &machine->clock) ||
        !mm_machine_build_pager(machine) || !mm_procs_init(&machine->procs, &machine->vm))
        return false;
    configure_vm(machine);
    if (!build_page_cache(machine))
        return false;
    if (!mm_huge_init(&machine->vm, &machine->huge, machine->config.large_page_pool))
        return false;
    mm_migrate_install(&machine->paging);
    machine->procs.on_exit = keep_last_stats;
    machine->procs.load_control = machine->config.pager.load_control;
    machine->kernel =
        (struct mmsim_process){.machine = machine, .name = "kernel", .is_kernel = true};
    if (!mm_kernel_init(machine))
        return false;
    machine->procs.on_kernel_fault = blame_heap_user;
    machine->procs.kernel_fault_user = machine;
    mm_gc_install(machine);
    return true;
}

enum mmsim_status mmsim_machine_create(const struct mmsim_config *given,
                                       struct mmsim_machine **machine, struct mmsim_error *error)
{
    struct mmsim_config config;
    enum mmsim_status status = mm_config_read(given, &config, error);
    if (status)
        return status;
    struct mm_host host;
    mm_host_init(&host, config.allocator);
    struct mmsim_machine *built = mm_host_alloc(&host, sizeof *built);
    if (built) {
        built->host = host;
        built->config = config;
        built->arch = mm_config_arch(&config);
        built->preset = mm_config_cpu(&config);
    }
    if (!built || !build_hardware(built) || !build_kernel(built) ||
        (config.sanitize_tlb && !mm_sanitizer_start(built))) {
        mmsim_machine_destroy(built);
        return mm_error_set(error, MMSIM_HOST_MEMORY, "",
                            "no host memory for a machine with %lluMiB",
                            (unsigned long long)(config.ram_bytes / MMSIM_MIB));
    }
    *machine = built;
    return MMSIM_OK;
}

static void take_down_kernel(struct mmsim_machine *machine)
{
    if (machine->procs.vm)
        mm_procs_fini(&machine->procs);
    mm_kernel_fini(machine);
    mm_files_fini(machine);
    mm_pcache_fini(&machine->pages);
    mm_huge_fini(&machine->vm);
    mm_machine_take_down_pager(machine);
    mm_vm_fini(&machine->vm);
    mm_paging_fini(&machine->paging);
    if (machine->heap.zones)
        mm_heap_fini(&machine->heap);
}

void mmsim_machine_destroy(struct mmsim_machine *machine)
{
    if (!machine)
        return;
    struct mm_host *host = &machine->host;
    take_down_kernel(machine);
    mm_sanitizer_stop(machine);
    if (machine->zones.table)
        mm_zones_fini(&machine->zones);
    if (machine->disk.staging)
        mm_disk_fini(&machine->disk);
    mm_bus_detach(&machine->bus, host);
    for (unsigned i = 0; i < machine->n_cpus_built; i++)
        mm_cpu_fini(&machine->cpus[i], host);
    mm_host_free(host, machine->cpus, machine->config.n_cpus * sizeof *machine->cpus);
    if (machine->phys.host)
        mm_phys_fini(&machine->phys);
    for (size_t i = 0; i < machine->n_processes; i++)
        mm_host_free(host, machine->processes[i], sizeof *machine->processes[i]);
    mm_host_free(host, machine->processes,
                 machine->processes_capacity * sizeof *machine->processes);
    struct mm_host last = *host;
    mm_host_free(&last, machine, sizeof *machine);
    MM_ASSERT(last.n_blocks == 0, "a machine is destroyed and leaves host memory behind");
}

uint64_t mmsim_machine_cycles(const struct mmsim_machine *machine)
{
    uint64_t n_accesses = 0;
    for (unsigned i = 0; i < machine->n_cpus_built; i++)
        n_accesses += machine->cpus[i].n_accesses;
    return machine->clock.cycles + n_accesses * machine->cpus[0].arch.preset->costs.access;
}

unsigned mmsim_machine_n_cpus(const struct mmsim_machine *machine)
{
    return machine->config.n_cpus;
}

const char *mmsim_version(void)
{
    return MMSIM_VERSION;
}

bool mmsim_listen(struct mmsim_machine *machine, uint64_t mask, mmsim_listener listener, void *user)
{
    return mm_obs_listen(&machine->obs, mask, listener, user);
}

/* ---- steps and checks ---- */

static enum mmsim_check_when check_when(const struct mmsim_machine *machine)
{
    if (machine->config.check != MMSIM_CHECK_DEFAULT)
        return machine->config.check;
    return MM_IS_DEBUG ? MMSIM_CHECK_STEP : MMSIM_CHECK_END;
}

void mm_machine_after_call(struct mmsim_machine *machine)
{
    machine->pager.current = NULL;
    machine->pager.owner = 0;
    mm_pager_next_access(&machine->pager);
    mm_reclaim_work(&machine->reclaim);
    mm_rmap_trim(&machine->reclaim.rmap);
    if (machine->paging.left_tables)
        mm_gc_user_tables(&machine->paging);
    machine->paging.left_tables = false;
    mm_files_settle(machine);
    mm_kernel_after_call(machine);
    if (check_when(machine) == MMSIM_CHECK_EVERY && !machine->violation)
        machine->violation = mm_check_machine(machine);
}

static enum mmsim_status violated(const char *sentence, struct mmsim_error *error)
{
    return mm_error_set(error, MMSIM_INVARIANT, "", "%s", sentence);
}

uint64_t mmsim_step_begin(struct mmsim_machine *machine)
{
    machine->obs.step = machine->n_steps++;
    machine->heap.step = &machine->obs.step; /* before the first step, objects have no age */
    return machine->obs.step;
}

void mmsim_step_resume(struct mmsim_machine *machine, uint64_t step)
{
    MM_ASSERT(step < machine->n_steps, "a step is resumed that never began");
    machine->obs.step = step;
}

enum mmsim_status mmsim_step_end(struct mmsim_machine *machine, struct mmsim_error *error)
{
    mm_gc_after_step(machine);
    mm_huge_scan(&machine->vm);
    if (check_when(machine) >= MMSIM_CHECK_STEP && !machine->violation)
        machine->violation = mm_check_machine(machine);
    return machine->violation ? violated(machine->violation, error) : MMSIM_OK;
}

enum mmsim_status mmsim_machine_check(const struct mmsim_machine *machine,
                                      struct mmsim_error *error)
{
    const char *sentence = machine->violation ? machine->violation : mm_check_machine(machine);
    return sentence ? violated(sentence, error) : MMSIM_OK;
}
