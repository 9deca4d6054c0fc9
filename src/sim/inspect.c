/* inspect.c - looking at a machine without changing it: statistics, registers, walks, layout. */
#include <mmsim/hw.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "hw/mmu.h"
#include "sim/machine.h"

/* ---- statistics ---- */

static void count_heap(const struct mmsim_machine *machine, struct mmsim_stats *stats)
{
    const struct mm_heap *heap = &machine->heap;
    for (const struct mm_list *at = heap->caches.next; at != &heap->caches; at = at->next) {
        const struct mm_cache *cache = MM_CONTAINER_OF(at, struct mm_cache, link);
        uint64_t n_live = mm_cache_n_live(cache);
        stats->heap.objects += n_live;
        stats->heap.bytes += n_live * cache->object_bytes;
    }
    stats->heap.objects += heap->n_runs;
    stats->heap.bytes += heap->n_run_frames << MMSIM_PAGE_SHIFT;
    stats->heap.leaked = machine->kernel_memory.n_leaked;
}

static void count_memory(const struct mmsim_machine *machine, struct mmsim_stats *stats)
{
    const uint64_t *n = machine->zones.n_by_use;
    stats->memory.frames = machine->zones.n_ram_frames;
    stats->memory.free = n[MM_FRAME_FREE];
    stats->memory.user = n[MM_FRAME_ANON] + n[MM_FRAME_FILE];
    stats->memory.files = n[MM_FRAME_FILE];
    stats->memory.page_tables = n[MM_FRAME_PAGE_TABLE];
    stats->memory.kernel = n[MM_FRAME_SLAB] + n[MM_FRAME_VMALLOC] + n[MM_FRAME_ZERO_PAGE] +
                           n[MM_FRAME_POOL] + n[MM_FRAME_RESERVED];
}

static void count_swap(const struct mmsim_machine *machine, struct mmsim_stats *stats)
{
    struct mm_swap_stats swap = mm_swap_get_stats(&machine->swap);
    const struct mm_pager_stats *reclaim = &machine->pager.stats;
    stats->swap.in = swap.in;
    stats->swap.out = swap.out;
    stats->swap.used = mm_swap_used(&machine->swap);
    stats->swap.cached = machine->reclaim.n_cached;
    stats->swap.zero = swap.zero_out;
    stats->swap.errors = swap.read_errors + swap.write_errors;
    stats->reclaim.background = reclaim->background;
    stats->reclaim.write_backs = reclaim->write_backs;
    stats->reclaim.loads = reclaim->loads;
    stats->reclaim.refaults = reclaim->refaults;
    stats->reclaim.hot = reclaim->activations;
    stats->reclaim.thrashing = reclaim->thrashing;
    stats->reclaim.scanned = reclaim->scanned;
    stats->reclaim.reclaimed = reclaim->reclaimed;
    stats->reclaim.direct = reclaim->direct;
}

void mmsim_machine_stats(const struct mmsim_machine *machine, struct mmsim_stats *stats)
{
    const struct mm_counters *counters = &machine->counters;
    *stats = (struct mmsim_stats){
        .faults = {.minor = counters->faults[MMSIM_FAULT_MINOR],
                   .major = counters->faults[MMSIM_FAULT_MAJOR],
                   .cow = counters->faults[MMSIM_FAULT_COW],
                   .stack = counters->faults[MMSIM_FAULT_STACK],
                   .pkey = counters->faults[MMSIM_FAULT_PKEY],
                   .protection = counters->faults[MMSIM_FAULT_PROTECTION]},
        .tlb = {.flushes = counters->tlb_flushes,
                .invlpg = counters->tlb_invlpg,
                .shootdowns = counters->tlb_shootdowns},
        .cycles = mmsim_machine_cycles(machine),
        .steps = machine->n_steps,
    };
    for (unsigned i = 0; i < machine->config.n_cpus; i++) {
        stats->tlb.misses += machine->cpus[i].n_misses;
        stats->tlb.second_hits += machine->cpus[i].n_second_hits;
        stats->tlb.walk_cache_hits += machine->cpus[i].n_walk_cache_hits;
        stats->tlb.hits += machine->cpus[i].n_accesses - machine->cpus[i].n_misses;
    }
    count_swap(machine, stats);
    count_memory(machine, stats);
    count_heap(machine, stats);
}

void mmsim_process_get_stats(const struct mmsim_process *process, struct mmsim_process_stats *stats)
{
    *stats = process->last;
    if (!process->live)
        return;
    const struct mm_aspace *aspace = process->live->aspace;
    *stats = (struct mmsim_process_stats){.rss = aspace->rss,
                                          .mapped = mm_aspace_mapped_pages(aspace),
                                          .minor = aspace->n_minor,
                                          .major = aspace->n_major,
                                          .page_tables = aspace->tables->n_tables};
}

/* ---- hardware ---- */

bool mmsim_register_get(const struct mmsim_machine *machine, unsigned cpu, const char *name,
                        uint64_t *value)
{
    const char *const *names = machine->arch->register_names;
    for (unsigned i = 0; cpu < machine->config.n_cpus && names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            *value = machine->cpus[cpu].arch.registers[i];
            return true;
        }
    }
    return false;
}

void mmsim_physical_read(const struct mmsim_machine *machine, mmsim_paddr address, void *buffer,
                         size_t n_bytes)
{
    mm_bus_read(&machine->bus, address, buffer, n_bytes);
}

void mmsim_physical_write(struct mmsim_machine *machine, mmsim_paddr address, const void *buffer,
                          size_t n_bytes)
{
    mm_bus_write(&machine->bus, address, buffer, n_bytes);
}

const void *mmsim_device_output(const struct mmsim_machine *machine, const char *name,
                                size_t *n_bytes)
{
    for (size_t i = 0; i < machine->bus.n_windows; i++) {
        const struct mm_window *window = &machine->bus.windows[i];
        if (strcmp(window->name, name) == 0 && window->ops->output)
            return window->ops->output(window->state, n_bytes);
    }
    return NULL;
}

void mmsim_error_code_text(const struct mmsim_machine *machine, uint32_t code, char *text)
{
    size_t used = 0;
    text[0] = '\0';
    for (const struct mmsim_bit_field *bit = machine->arch->error_bits; bit->name; bit++) {
        if (!((code >> bit->low) & 1))
            continue;
        int n = snprintf(text + used, MMSIM_ERROR_CODE_CHARS - used, "%s%s", used ? "|" : "",
                         bit->name);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* A process that is not loaded on its CPU has nothing in that CPU's TLBs. */
static void explain_unloaded(const struct mm_cpu *cpu, const struct mm_pgtable *tables,
                             const struct mmsim_request *request, struct mmsim_walk *walk)
{
    struct mmsim_arch_cpu as_if = cpu->arch;
    cpu->board->arch->load_root(&as_if, tables->map.root);
    cpu->board->arch->explain(&as_if, &cpu->board->bus->port, request, walk);
    walk->cpu_index = cpu->index;
}

void mmsim_explain(const struct mmsim_process *process, mmsim_vaddr address,
                   enum mmsim_access_kind kind, struct mmsim_walk *walk)
{
    const struct mmsim_machine *machine = process->machine;
    const struct mm_cpu *cpu = &machine->cpus[process->cpu];
    struct mmsim_request request = {address & machine->board.address_mask, kind,
                                    process->is_kernel ? MMSIM_PRIVILEGE_SUPERVISOR
                                                       : MMSIM_PRIVILEGE_USER};
    if (!mmsim_process_alive(process))
        *walk = (struct mmsim_walk){.model = machine->arch->name,
                                    .cpu = cpu->arch.preset->name,
                                    .request = request,
                                    .paging = true};
    else if (process->is_kernel || machine->procs.running[cpu->index] == process->live)
        mm_mmu_explain(cpu, &request, walk);
    else
        explain_unloaded(cpu, process->live->aspace->tables, &request, walk);
    walk->process = process->name;
}

/* ---- layout ---- */

struct region {
    mmsim_vaddr start, end;
    const char *what;
};

static const struct region regions[] = {
    {0, MM_LAYOUT_LOWMEM_START, "reserved: null pointers are caught here"},
    {MM_LAYOUT_LOWMEM_START, MM_LAYOUT_USER_START, "kernel, physical = virtual (lowmem)"},
    {MM_LAYOUT_USER_START, MM_LAYOUT_MMAP_START, "user: code, data, heap"},
    {MM_LAYOUT_MMAP_START, MM_LAYOUT_USER_END, "user: mappings upwards, the stack downwards"},
    {MM_LAYOUT_SHARED_START, MM_LAYOUT_TEMPORARY_START, "kernel: vmalloc"},
    {MM_LAYOUT_TEMPORARY_START, MM_LAYOUT_MMIO_START, "kernel: temporary maps of high frames"},
    {MM_LAYOUT_MMIO_START, MM_LAYOUT_END, "kernel: memory-mapped I/O"},
};

/* Where the regions begin, if that is random, and what can be written and executed. */
static void print_protection(const struct mmsim_process *process, const struct mmsim_sink *sink)
{
    const struct mmsim_aslr *aslr = &process->machine->config.aslr;
    struct mmsim_regions at;
    struct mmsim_audit audit;
    if (aslr->on && mmsim_regions_read(process, &at))
        mm_sink_printf(sink,
                       "  random places: code 0x%08llx (%u bits), heap 0x%08llx (%u), mmap "
                       "0x%08llx (%u), shared 0x%08llx (%u), stack below 0x%08llx (%u)\n",
                       (unsigned long long)at.code, aslr->code_bits, (unsigned long long)at.heap,
                       aslr->heap_bits, (unsigned long long)at.mmap, aslr->mmap_bits,
                       (unsigned long long)at.shared, aslr->shared_bits,
                       (unsigned long long)at.stack_end, aslr->stack_bits);
    mmsim_audit_read(process, &audit);
    if (audit.n_writable_executable > 0)
        mm_sink_printf(sink, "  W^X: %llu pages can be written and executed, first 0x%08llx\n",
                       (unsigned long long)audit.n_writable_executable,
                       (unsigned long long)audit.first_writable_executable);
    if (audit.n_leaking > 0)
        mm_sink_printf(sink, "  W^X: %llu pages can be executed although no right says so\n",
                       (unsigned long long)audit.n_leaking);
}

static void print_process(const struct mmsim_process *process, const struct mmsim_sink *sink)
{
    mm_sink_printf(sink, "\nProcess %s\n", process->name);
    print_protection(process, sink);
    struct mmsim_vma_info info;
    for (mmsim_vaddr at = 0; mmsim_vma_find(process, at, &info); at = info.end)
        mm_sink_printf(sink, "  0x%08llx-0x%08llx  %c%c%c  %-6s %6llu pages, %llu present\n",
                       (unsigned long long)info.start, (unsigned long long)info.end - 1,
                       info.prot & MMSIM_PROT_READ ? 'r' : '-',
                       info.prot & MMSIM_PROT_WRITE ? 'w' : '-',
                       info.prot & MMSIM_PROT_EXEC ? 'x' : '-', info.name,
                       (unsigned long long)((info.end - info.start) >> MMSIM_PAGE_SHIFT),
                       (unsigned long long)info.present_pages);
}

void mmsim_machine_print_layout(const struct mmsim_machine *machine, const struct mmsim_sink *sink)
{
    mm_sink_puts(sink, "Physical memory\n");
    for (unsigned i = 0; i < machine->phys.n_ranges; i++)
        mm_sink_printf(
            sink, "  0x%09llx-0x%09llx  RAM, %llu MiB\n",
            (unsigned long long)machine->phys.ranges[i].start,
            (unsigned long long)machine->phys.ranges[i].end - 1,
            (unsigned long long)((machine->phys.ranges[i].end - machine->phys.ranges[i].start) /
                                 MMSIM_MIB));
    for (size_t i = 0; i < machine->bus.n_windows; i++) {
        const struct mm_window *window = &machine->bus.windows[i];
        mm_sink_printf(sink, "  0x%09llx-0x%09llx  %s (%s)\n", (unsigned long long)window->at,
                       (unsigned long long)window->at + window->size - 1, window->name,
                       window->ops->name);
    }
    mm_sink_puts(sink, "\nVirtual memory\n");
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++)
        mm_sink_printf(sink, "  0x%08llx-0x%08llx  %s\n", (unsigned long long)regions[i].start,
                       (unsigned long long)regions[i].end - 1, regions[i].what);
    for (size_t i = 0; i < machine->n_processes; i++)
        if (machine->processes[i]->live)
            print_process(machine->processes[i], sink);
}
