/* access.c - the retry loop, signals, and the fast path of batches. */
#include "proc/access.h"

#include "base/assert.h"
#include "hw/mmu.h"
#include "proc/load_control.h"
#include "proc/oom.h"
#include "vm/fault.h"

/* Two pages, each at most: the stack grows and fills, is read first, written then, and once a TLB
 * was stale. More is a bug. */
enum { MAX_FAULTS_PER_ACCESS = 8 };

static struct mm_cpu *cpu_of(const struct mm_actor *actor)
{
    return &actor->procs->paging->cpus[actor->cpu];
}

static struct mm_pager *pager_of(const struct mm_actor *actor)
{
    return actor->procs->vm->reclaim->pager;
}

/* View exact: the page at an address was referenced. */
static void tell_pager(const struct mm_actor *actor, enum mmsim_access_kind kind,
                       mmsim_vaddr address)
{
    static const enum mmsim_kind kinds[] = {[MMSIM_ACCESS_READ] = MMSIM_KIND_LOAD,
                                            [MMSIM_ACCESS_WRITE] = MMSIM_KIND_STORE,
                                            [MMSIM_ACCESS_FETCH] = MMSIM_KIND_FETCH};
    const struct mm_process *running = actor->procs->running[actor->cpu];
    if (!running || !mm_layout_is_user(address))
        return;
    struct mmsim_entry entry =
        mm_pgtable_query(running->aspace->tables, address & ~MMSIM_PAGE_MASK);
    const struct mm_frame *frame = mm_aspace_frame(running->aspace, &entry);
    bool known = frame && (frame->use == MM_FRAME_ANON || frame->use == MM_FRAME_FILE) &&
                 mm_frame_page(frame) != MMSIM_NO_PAGE;
    if (known)
        mm_pager_reference(pager_of(actor), mm_frame_page(frame), kinds[kind]);
    mm_reclaim_tick(actor->procs->vm->reclaim);
}

static enum mmsim_privilege privilege_of(const struct mm_actor *actor)
{
    return actor->process ? MMSIM_PRIVILEGE_USER : MMSIM_PRIVILEGE_SUPERVISOR;
}

static void report(const struct mm_actor *actor, struct mmsim_event event)
{
    struct mm_obs *obs = actor->procs->paging->board->obs;
    if (!mm_obs_wants(obs, event.type))
        return;
    event.cpu = actor->cpu;
    event.process = actor->process ? actor->process->number : 0;
    event.name = actor->process ? actor->process->name : NULL;
    mm_obs_emit(obs, &event);
}

static void count_fault(const struct mm_actor *actor, const struct mmsim_fault *fault,
                        const struct mm_fault_outcome *outcome, struct mmsim_access *access)
{
    actor->procs->paging->board->counters->faults[outcome->kind]++;
    if (access->n_faults++ == 0)
        access->fault = outcome->kind;
    report(actor, (struct mmsim_event){.type = MMSIM_EVENT_FAULT,
                                       .address = fault->address,
                                       .error = fault->error,
                                       .fault = outcome->kind,
                                       .reused = outcome->reused,
                                       .frame = outcome->frame});
}

static void refuse_kernel(mmsim_vaddr address, struct mmsim_access *access)
{
    access->outcome = MMSIM_ERROR;
    access->error = MMSIM_EFAULT;
    access->address = address;
}

/* The MMU let it pass, but no register took it: a load has read all ones. */
static void refuse_by_bus(mmsim_vaddr address, enum mmsim_bus_error why,
                          struct mmsim_access *access)
{
    access->outcome = MMSIM_ERROR;
    access->error = MMSIM_EIO;
    access->address = address;
    access->bus_error = why;
}

/* Raises a signal, which ends the process unless it has a handler. */
static void raise_signal(const struct mm_actor *actor, enum mmsim_signal number,
                         enum mmsim_sigcode code, mmsim_vaddr address, struct mmsim_access *access)
{
    access->outcome = MMSIM_SIGNAL;
    access->signal = number;
    access->code = code;
    access->address = address;
    mm_clock_work(actor->procs->vm->clock, MM_WORK_SIGNAL);
    report(actor, (struct mmsim_event){.type = MMSIM_EVENT_SIGNAL,
                                       .value = (uint64_t)number,
                                       .error = (uint32_t)code,
                                       .address = address});
    if (!actor->survives || number == MMSIM_SIGKILL)
        mm_process_exit(actor->process, 128 + (int)number);
}

static void refuse(const struct mm_actor *actor, enum mmsim_sigcode code, mmsim_vaddr address,
                   struct mmsim_access *access)
{
    enum mmsim_signal number = code == MMSIM_BUS_ADRERR ? MMSIM_SIGBUS : MMSIM_SIGSEGV;
    if (actor->process)
        raise_signal(actor, number, code, address, access);
    else
        refuse_kernel(address, access);
}

/* Frees memory by ending a process. False: nobody is left to end, or it was the actor itself. */
static bool make_room(const struct mm_actor *actor, mmsim_vaddr address,
                      struct mmsim_access *access)
{
    struct mm_process *victim = mm_oom_choose(actor->procs);
    if (!victim) {
        refuse_kernel(address, access);
        return false;
    }
    mm_oom_report(victim);
    if (victim == actor->process) {
        raise_signal(actor, MMSIM_SIGKILL, MMSIM_SI_KERNEL, address, access);
        return false;
    }
    bool was_running_here = actor->procs->running[actor->cpu] == victim;
    mm_process_exit(victim, 128 + MMSIM_SIGKILL);
    if (!actor->process && was_running_here) { /* the kernel worked on its memory */
        refuse_kernel(address, access);
        return false;
    }
    return true;
}

/* Handles the CPU's latest fault, of an access of a kind. True: try it again. */
static bool handle_fault(const struct mm_actor *actor, enum mmsim_access_kind kind,
                         struct mmsim_access *access)
{
    struct mm_cpu *cpu = cpu_of(actor);
    struct mmsim_fault fault = cpu->fault;
    fault.at_instruction = kind == MMSIM_ACCESS_FETCH;
    struct mm_process *running = actor->procs->running[actor->cpu];
    mm_clock_charge(actor->procs->vm->clock, cpu->arch.preset->costs.fault);
    if (actor->procs->load_control)
        mm_load_control(actor->procs, running);
    for (;;) {
        struct mm_fault_outcome outcome = mm_fault_handle(running ? running->aspace : NULL, &fault);
        if (outcome.result == MM_FAULT_NO_MEMORY) {
            if (!make_room(actor, fault.address, access))
                return false;
            continue;
        }
        count_fault(actor, &fault, &outcome, access);
        if (outcome.result == MM_FAULT_RESOLVED)
            return true;
        if (!actor->process && actor->procs->on_kernel_fault)
            actor->procs->on_kernel_fault(actor->procs->kernel_fault_user, fault.address);
        access->key = outcome.key;
        refuse(actor, outcome.code, fault.address, access);
        return false;
    }
}

/*
 * A CPU whose kernel ignores R/W (the i386) would write into a page that is shared copy-on-write:
 * the kernel looks first, and takes the fault that the hardware does not (Linux did so on the 386).
 */
static bool check_before_write(const struct mm_actor *actor, mmsim_vaddr address,
                               struct mmsim_access *access)
{
    const struct mm_paging *paging = actor->procs->paging;
    struct mm_process *running = actor->procs->running[actor->cpu];
    if (actor->process || (paging->abilities & MMSIM_CPU_WRITE_PROTECT) || !running ||
        !mm_layout_is_user(address))
        return true;
    mmsim_vaddr page = address & ~MMSIM_PAGE_MASK;
    struct mmsim_entry entry = mm_pgtable_query(running->aspace->tables, page);
    if (entry.state != MMSIM_ENTRY_PRESENT || (entry.flags & MMSIM_ENTRY_WRITABLE))
        return true;
    cpu_of(actor)->fault = (struct mmsim_fault){.address = address,
                                                .present = true,
                                                .access = MMSIM_ACCESS_WRITE,
                                                .privilege = MMSIM_PRIVILEGE_SUPERVISOR};
    return handle_fault(actor, MMSIM_ACCESS_WRITE, access);
}

static bool check_both_ends(const struct mm_actor *actor, mmsim_vaddr address, size_t n_bytes,
                            struct mmsim_access *access)
{
    mmsim_vaddr last = address + n_bytes - 1;
    bool straddles = (address ^ last) >> MMSIM_PAGE_SHIFT;
    return check_before_write(actor, address, access) &&
           (!straddles || check_before_write(actor, last & ~MMSIM_PAGE_MASK, access));
}

/* Whether a page of the heap is for its users, in use or free: not for the kernel's own objects. */
static bool heap_page_is_open(const struct mm_heap *heap, mmsim_paddr physical)
{
    if (physical >= heap->low_bytes)
        return false;
    unsigned index = heap->page_map[physical >> MMSIM_PAGE_SHIFT];
    if (index < MM_HEAP_FIRST_SET)
        return index == MM_HEAP_SET_RUN;
    const struct mm_cache *cache = heap->sets[index]->owner;
    return !mm_cache_is_own(cache);
}

/*
 * The simulator's own kernel objects are out of reach even of the kernel's loads and stores: a wild
 * store would bring down the simulator, not the simulated machine, and a load would see host
 * pointers. Page tables and the shared zero page may be read. FIDELITY.md says so.
 */
static bool kernel_may_touch(const struct mm_actor *actor, enum mmsim_access_kind kind,
                             mmsim_vaddr address)
{
    struct mm_cpu *cpu = cpu_of(actor);
    struct mmsim_request request = {address & cpu->board->address_mask, kind,
                                    MMSIM_PRIVILEGE_SUPERVISOR};
    struct mmsim_walk walk;
    mm_mmu_explain(cpu, &request, &walk);
    const struct mm_frame *frame =
        walk.present ? mm_zone_block(actor->procs->vm->zones, walk.physical) : NULL;
    if (!frame || mm_layout_is_user(request.address))
        return true;
    if (frame->use == MM_FRAME_SLAB)
        return heap_page_is_open(actor->procs->paging->heap, walk.physical);
    return kind != MMSIM_ACCESS_WRITE ||
           (frame->use != MM_FRAME_PAGE_TABLE && frame->use != MM_FRAME_ZERO_PAGE);
}

static bool transfer(const struct mm_actor *actor, enum mmsim_access_kind kind, mmsim_vaddr address,
                     void *bytes, size_t n_bytes)
{
    struct mmsim_request request = {address, kind, privilege_of(actor)};
    cpu_of(actor)->bus_error = MMSIM_BUS_ERROR_NONE;
    return mm_mmu_access(cpu_of(actor), &request, bytes, n_bytes);
}

/* Whether the access may be tried at all; if not, *access says why. */
static bool admit(const struct mm_actor *actor, enum mmsim_access_kind kind, mmsim_vaddr address,
                  size_t n_bytes, struct mmsim_access *access)
{
    const struct mm_board *board = actor->procs->paging->board;
    if (address > board->address_mask) {
        refuse(actor, MMSIM_SEGV_MAPERR, address, access);
        return false;
    }
    if (actor->process)
        return true;
    if (!kernel_may_touch(actor, kind, address) ||
        !kernel_may_touch(actor, kind, address + n_bytes - 1)) {
        refuse_kernel(address, access);
        return false;
    }
    return kind != MMSIM_ACCESS_WRITE || check_both_ends(actor, address, n_bytes, access);
}

bool mm_access_once(const struct mm_actor *actor, enum mmsim_access_kind kind, mmsim_vaddr address,
                    void *bytes, size_t n_bytes, struct mmsim_access *access)
{
    if (!admit(actor, kind, address, n_bytes, access))
        return false;
    mm_pager_begin_access(pager_of(actor));
    for (int n_faults = 0; n_faults < MAX_FAULTS_PER_ACCESS; n_faults++) {
        if (transfer(actor, kind, address, bytes, n_bytes)) {
            enum mmsim_bus_error why = cpu_of(actor)->bus_error;
            if (why)
                refuse_by_bus(address, why, access);
            access->done += why ? 0 : n_bytes;
            if (pager_of(actor)->setup.exact)
                tell_pager(actor, kind, address);
            return !why;
        }
        if (!handle_fault(actor, kind, access))
            return false;
    }
    MM_ASSERT(false, "an access faults again and again although every fault was resolved");
    refuse_kernel(address, access);
    return false;
}

static size_t piece_bytes(mmsim_vaddr address, size_t n_bytes)
{
    size_t to_multiple = 8 - (size_t)(address & 7);
    return n_bytes < to_multiple ? n_bytes : to_multiple;
}

struct mmsim_access mm_access_bytes(const struct mm_actor *actor, enum mmsim_access_kind kind,
                                    mmsim_vaddr address, void *bytes, size_t n_bytes)
{
    struct mmsim_access access = {.outcome = MMSIM_DONE};
    uint8_t *at = bytes;
    if (n_bytes > 0 && n_bytes <= 8) {
        mm_access_once(actor, kind, address, at, n_bytes, &access);
        return access;
    }
    while (n_bytes > 0) {
        size_t piece = piece_bytes(address, n_bytes);
        if (!mm_access_once(actor, kind, address, at, piece, &access))
            break;
        address += piece;
        at += piece;
        n_bytes -= piece;
    }
    return access;
}

enum attempt {
    ATTEMPT_MOVED,   /* the value was loaded or stored */
    ATTEMPT_FAULTED, /* cpu->fault says why */
    ATTEMPT_NONE     /* not tried: the ordinary way must do it */
};

/* An access within a page, through the TLB or a walk. */
static inline enum attempt try_directly(struct mm_cpu *cpu, struct mmsim_reference *reference)
{
    enum { BYTES = sizeof reference->value };
    enum mmsim_access_kind kind = (enum mmsim_access_kind)reference->kind;
    mmsim_vaddr address = reference->address;
    mmsim_paddr physical;
    if ((address & MMSIM_PAGE_MASK) > MMSIM_PAGE_SIZE - BYTES || address > cpu->board->address_mask)
        return ATTEMPT_NONE;
    if (!mm_mmu_translate(cpu, address, kind, MMSIM_PRIVILEGE_USER, &physical))
        return ATTEMPT_FAULTED;
    uint8_t *bytes = mm_bus_direct(cpu->board->bus, physical, BYTES);
    if (bytes)
        mm_mmu_exchange(kind, &reference->value, bytes, BYTES);
    else
        mm_mmu_move(cpu, kind, &(struct mm_pieces){{physical, 0}, BYTES}, &reference->value, BYTES);
    return ATTEMPT_MOVED;
}

static bool run_reference(const struct mm_actor *actor, struct mmsim_reference *reference,
                          enum attempt attempt, struct mmsim_access *access)
{
    enum mmsim_access_kind kind = (enum mmsim_access_kind)reference->kind;
    mm_pager_begin_access(pager_of(actor));
    if (attempt == ATTEMPT_FAULTED && !handle_fault(actor, kind, access))
        return false;
    return mm_access_once(actor, kind, reference->address, &reference->value,
                          sizeof reference->value, access);
}

/* How many references from the first on the shortcut serves: the loop that millions run through. */
static size_t run_hits(struct mm_cpu *cpu, struct mmsim_reference *references, size_t n)
{
    const struct mm_shortcut *shortcut = &cpu->shortcut;
    uint64_t stamp = cpu->n_accesses;
    size_t i = 0;
    for (; i < n; i++) {
        struct mmsim_reference *reference = &references[i];
        uint64_t offset = reference->address & MMSIM_PAGE_MASK;
        enum mmsim_access_kind kind = (enum mmsim_access_kind)(reference->kind & 3);
        const struct mm_shortcut_slot *slot = mm_shortcut_find(shortcut, kind, reference->address);
        if (!slot || offset > MMSIM_PAGE_SIZE - sizeof reference->value)
            break;
        slot->entry->stamp = ++stamp;
        mm_mmu_exchange(kind, &reference->value, slot->page + offset, sizeof reference->value);
    }
    cpu->n_accesses = stamp;
    return i;
}

/* View exact: one after the other. */
static struct mmsim_access tell_each(const struct mm_actor *actor,
                                     struct mmsim_reference *references, size_t n)
{
    struct mmsim_access access = {.outcome = MMSIM_DONE};
    size_t i = 0;
    while (i < n && run_reference(actor, &references[i], ATTEMPT_NONE, &access))
        i++;
    access.done = i;
    return access;
}

struct mmsim_access mm_access_batch(const struct mm_actor *actor,
                                    struct mmsim_reference *references, size_t n)
{
    struct mmsim_access access = {.outcome = MMSIM_DONE};
    struct mm_cpu *cpu = cpu_of(actor);
    size_t i = 0;
    if (pager_of(actor)->setup.exact)
        return tell_each(actor, references, n);
    for (; i < n; i++) {
        if (actor->process)
            i += run_hits(cpu, references + i, n - i);
        if (i == n)
            break;
        if (n - i > MM_PREFETCH_DISTANCE) /* a miss leaves time: what comes soon may come along */
            mm_shortcut_prefetch(&cpu->shortcut, references[i + MM_PREFETCH_DISTANCE].address);
        enum attempt attempt = actor->process ? try_directly(cpu, &references[i]) : ATTEMPT_NONE;
        if (attempt != ATTEMPT_MOVED && !run_reference(actor, &references[i], attempt, &access))
            break;
    }
    access.done = i;
    return access;
}
