/*
 * sanitize.c - comparing each use of a held translation with the page tables.
 *
 * The comparison is the model's own explanation of the access, which reads the tables in memory and
 * nothing else. It looks at what the access needs: that the page is there, at the same place, that
 * this kind of access is granted, and for a store through an entry known to be dirty that D is set.
 * A TLB may hold more rights or fewer than the tables give, as long as nobody uses them.
 */
#include "sim/sanitize.h"

#include "base/rng.h"
#include "sim/machine.h"

/* ---- changes by tables and page ---- */

enum { FIRST_ROWS = 256 };

/* The row of a page, or the empty one where it would stand. */
static struct mm_table_change *probe(const struct mm_table_changes *changes, mmsim_pfn root,
                                     uint64_t vpn)
{
    size_t i = (size_t)mm_rng_mix(mm_rng_mix(root) ^ vpn);
    for (;; i++) {
        struct mm_table_change *row = &changes->rows[i & (changes->capacity - 1)];
        if (!row->used || (row->root == root && row->vpn == vpn))
            return row;
    }
}

static bool grow(struct mm_table_changes *changes, struct mm_host *host)
{
    struct mm_table_changes larger = {
        .n_rows = changes->n_rows,
        .capacity = changes->capacity ? 2 * changes->capacity : FIRST_ROWS,
    };
    larger.rows = mm_host_alloc(host, larger.capacity * sizeof *larger.rows);
    if (!larger.rows)
        return false;
    for (size_t i = 0; i < changes->capacity; i++) {
        const struct mm_table_change *row = &changes->rows[i];
        if (row->used)
            *probe(&larger, row->root, row->vpn) = *row;
    }
    mm_host_free(host, changes->rows, changes->capacity * sizeof *changes->rows);
    *changes = larger;
    return true;
}

/* The row of a page, made if it is new; NULL: no host memory. */
static struct mm_table_change *change_of(struct mm_sanitizer *sanitizer, mmsim_pfn root,
                                         mmsim_vaddr address)
{
    struct mm_table_changes *changes = &sanitizer->changes;
    if (4 * (changes->n_rows + 1) > 3 * changes->capacity &&
        !grow(changes, &sanitizer->machine->host))
        return NULL;
    struct mm_table_change *row = probe(changes, root, address >> MMSIM_PAGE_SHIFT);
    if (row->used)
        return row;
    *row = (struct mm_table_change){.used = true, .root = root, .vpn = address >> MMSIM_PAGE_SHIFT};
    changes->n_rows++;
    return row;
}

/* True if a translation made of `before` may grant what `after` does not. */
static bool withdraws(enum mmsim_table_operation operation, const struct mmsim_entry *before,
                      const struct mmsim_entry *after)
{
    enum { RIGHTS = MMSIM_ENTRY_WRITABLE | MMSIM_ENTRY_USER };
    if (before->state != MMSIM_ENTRY_PRESENT)
        return false;
    if (operation != MMSIM_TABLE_PROTECT || after->state != MMSIM_ENTRY_PRESENT)
        return true;
    unsigned lost = before->flags & ~(unsigned)after->flags;
    unsigned gained = after->flags & ~(unsigned)before->flags;
    return (lost & RIGHTS) || (gained & MMSIM_ENTRY_NO_EXECUTE) || before->key != after->key;
}

static enum mmsim_table_operation operation_of(const struct mmsim_event *event)
{
    if (event->type == MMSIM_EVENT_UNMAP)
        return MMSIM_TABLE_UNMAP;
    return event->type == MMSIM_EVENT_MAP ? MMSIM_TABLE_REPLACE : MMSIM_TABLE_PROTECT;
}

static void on_change(void *user, const struct mmsim_event *event)
{
    struct mm_sanitizer *sanitizer = user;
    mmsim_pfn root = (mmsim_pfn)event->value;
    struct mm_table_change *change = change_of(sanitizer, root, event->address);
    if (!change)
        return;
    const struct mm_frame *frame = mm_zone_frame(&sanitizer->machine->zones, mm_pfn_address(root));
    struct mmsim_entry after = mm_pgtable_query(frame->owner, event->address);
    enum mmsim_table_operation operation = operation_of(event);
    if (withdraws(operation, &change->now, &after)) {
        change->operation = (uint8_t)operation;
        change->cpu = event->cpu;
        change->step = event->step;
        change->process = event->name;
        change->moment = ++sanitizer->now;
        change->invalidated = change->told = 0;
    }
    change->now = after;
}

/* ---- flushes ---- */

static mmsim_pfn root_of(const struct mm_cpu *cpu)
{
    return mm_address_pfn(cpu->board->arch->root(&cpu->arch));
}

static void on_flush(void *user, const struct mmsim_event *event)
{
    struct mm_sanitizer *sanitizer = user;
    uint64_t bit = (uint64_t)1 << event->cpu;
    if (event->type == MMSIM_EVENT_FLUSH) {
        sanitizer->flushed[event->cpu] = ++sanitizer->now;
        return;
    }
    const struct mm_cpu *cpu = &sanitizer->machine->cpus[event->cpu];
    struct mm_table_change *change = change_of(sanitizer, root_of(cpu), event->address);
    if (!change)
        return;
    change->invalidated |= bit;
    change->told &= ~bit;
}

/* Whether the CPU was made to forget the page since its latest withdrawal. */
static bool has_heard(const struct mm_sanitizer *sanitizer, const struct mm_table_change *change,
                      const struct mm_cpu *cpu, const struct mmsim_translation *held)
{
    bool flushed = sanitizer->flushed[cpu->index] > change->moment && !held->global;
    return flushed || ((change->invalidated >> cpu->index) & 1);
}

static void on_event(void *user, const struct mmsim_event *event)
{
    bool flush = event->type == MMSIM_EVENT_FLUSH || event->type == MMSIM_EVENT_INVLPG;
    (flush ? on_flush : on_change)(user, event);
}

/* ---- uses of translations ---- */

static bool differs(const struct mmsim_request *request, const struct mmsim_translation *held,
                    const struct mmsim_walk *walk, enum mmsim_stale_kind *kind)
{
    mmsim_vaddr offset = request->address & (((mmsim_vaddr)1 << held->page_shift) - 1);
    bool store = request->access == MMSIM_ACCESS_WRITE;
    if (!walk->present)
        *kind = MMSIM_STALE_GONE;
    else if (walk->physical != held->base + offset)
        *kind = MMSIM_STALE_MOVED;
    else if (!walk->allowed)
        *kind = MMSIM_STALE_RIGHT;
    else if (store && held->dirty && !walk->dirty)
        *kind = MMSIM_STALE_CLEAN;
    else
        return false;
    return true;
}

static enum mmsim_stale_holder holder_of(const struct mm_cpu *cpu,
                                         const struct mmsim_request *request, enum mm_holder holder)
{
    bool fetch = request->access == MMSIM_ACCESS_FETCH && cpu->tlb[1] != cpu->tlb[0];
    if (holder == MM_HELD_BY_TLB)
        return fetch ? MMSIM_STALE_FETCH_TLB : MMSIM_STALE_DATA_TLB;
    return holder == MM_HELD_BY_WALK_CACHE ? MMSIM_STALE_WALK_CACHE : MMSIM_STALE_SECOND_TLB;
}

static void fill_allow(const struct mm_cpu *cpu, uint8_t rights, struct mmsim_granted *granted)
{
    for (int privilege = 0; privilege < MMSIM_N_PRIVILEGES; privilege++)
        granted->allow[privilege] = cpu->arch.allow[privilege][rights];
}

static struct mmsim_granted granted_by_holder(const struct mm_cpu *cpu,
                                              const struct mmsim_translation *held)
{
    struct mmsim_granted granted = {
        .present = true, .dirty = held->dirty, .page_shift = held->page_shift, .base = held->base};
    fill_allow(cpu, held->rights, &granted);
    return granted;
}

static struct mmsim_granted granted_by_tables(const struct mm_cpu *cpu,
                                              const struct mmsim_walk *walk)
{
    if (!walk->present)
        return (struct mmsim_granted){0};
    struct mmsim_granted granted = {.present = true,
                                    .dirty = walk->dirty,
                                    .page_shift = walk->page_shift,
                                    .base = walk->physical >> walk->page_shift << walk->page_shift};
    fill_allow(cpu, walk->rights, &granted);
    return granted;
}

static void tell_change(const struct mm_table_change *change, struct mmsim_stale *stale)
{
    stale->change.operation = (enum mmsim_table_operation)change->operation;
    stale->change.step = change->step;
    stale->change.cpu = change->cpu;
    stale->change.process = change->process;
}

static struct mmsim_stale describe(const struct mm_cpu *cpu, const struct mmsim_request *request,
                                   const struct mmsim_translation *held,
                                   const struct mmsim_walk *walk)
{
    const struct mm_obs *obs = cpu->board->obs;
    bool by_page = cpu->arch.preset->abilities & MMSIM_CPU_INVALIDATE_PAGE;
    struct mmsim_stale stale = {
        .cpu = cpu->index,
        .step = obs->step,
        .cycles = obs->now(obs->clock),
        .process = request->privilege == MMSIM_PRIVILEGE_USER ? cpu->process_name : NULL,
        .request = *request,
        .page = request->address >> held->page_shift << held->page_shift,
        .held = granted_by_holder(cpu, held),
        .tables = granted_by_tables(cpu, walk),
        .missing = by_page ? MMSIM_INVALIDATE_PAGE : MMSIM_INVALIDATE_ALL,
    };
    if (walk->n_steps > 0) {
        const struct mmsim_walk_step *last = &walk->steps[walk->n_steps - 1];
        stale.entry.level = last->level;
        stale.entry.address = last->entry_address;
        stale.entry.value = last->value;
    }
    return stale;
}

static void emit(const struct mm_cpu *cpu, const struct mmsim_stale *stale)
{
    if (!mm_obs_wants(cpu->board->obs, MMSIM_EVENT_STALE))
        return;
    struct mmsim_event event = mm_cpu_event(cpu, MMSIM_EVENT_STALE);
    event.address = stale->request.address;
    event.frame = mm_address_pfn(stale->held.base + (stale->request.address - stale->page));
    mm_obs_emit(cpu->board->obs, &event);
}

/* Whether this CPU was told of this page before; it is now. */
static bool was_told(struct mm_table_change *change, const struct mm_cpu *cpu)
{
    uint64_t bit = (uint64_t)1 << cpu->index;
    bool told = change->told & bit;
    change->told |= bit;
    return told;
}

static void used(void *user, const struct mm_cpu *cpu, const struct mmsim_request *request,
                 const struct mmsim_translation *held, enum mm_holder holder)
{
    struct mm_sanitizer *sanitizer = user;
    const struct mmsim_arch_ops *arch = cpu->board->arch;
    struct mmsim_walk walk;
    enum mmsim_stale_kind kind;
    sanitizer->n_compared++;
    arch->explain(&cpu->arch, &cpu->board->bus->port, request, &walk);
    if (!differs(request, held, &walk, &kind))
        return;
    struct mm_table_change *change = change_of(sanitizer, root_of(cpu), request->address);
    if (change && was_told(change, cpu))
        return;
    struct mmsim_stale stale = describe(cpu, request, held, &walk);
    stale.kind = kind;
    stale.holder = holder_of(cpu, request, holder);
    if (change && change->operation && !has_heard(sanitizer, change, cpu, held))
        tell_change(change, &stale);
    sanitizer->n_stale++;
    if (sanitizer->n_kept < MMSIM_STALE_KEPT)
        sanitizer->kept[sanitizer->n_kept++] = stale;
    emit(cpu, &stale);
}

/* ---- beginning and end ---- */

bool mm_sanitizer_start(struct mmsim_machine *machine)
{
    const uint64_t mask = MMSIM_EVENT_BIT(MMSIM_EVENT_MAP) | MMSIM_EVENT_BIT(MMSIM_EVENT_UNMAP) |
                          MMSIM_EVENT_BIT(MMSIM_EVENT_PROTECT) |
                          MMSIM_EVENT_BIT(MMSIM_EVENT_FLUSH) | MMSIM_EVENT_BIT(MMSIM_EVENT_INVLPG);
    struct mm_sanitizer *sanitizer = mm_host_alloc(&machine->host, sizeof *sanitizer);
    if (!sanitizer)
        return false;
    sanitizer->machine = machine;
    sanitizer->watch = (struct mm_watch){.used = used, .user = sanitizer};
    machine->sanitizer = sanitizer;
    for (unsigned i = 0; i < machine->config.n_cpus; i++)
        mm_cpu_watch(&machine->cpus[i], &sanitizer->watch);
    return mm_obs_listen(&machine->obs, mask, on_event, sanitizer);
}

void mm_sanitizer_stop(struct mmsim_machine *machine)
{
    struct mm_sanitizer *sanitizer = machine->sanitizer;
    if (!sanitizer)
        return;
    struct mm_table_changes *changes = &sanitizer->changes;
    mm_host_free(&machine->host, changes->rows, changes->capacity * sizeof *changes->rows);
    mm_host_free(&machine->host, sanitizer, sizeof *sanitizer);
    machine->sanitizer = NULL;
}

/* ---- the public calls ---- */

bool mmsim_sanitizer_get_counts(const struct mmsim_machine *machine,
                                struct mmsim_sanitizer_counts *counts)
{
    const struct mm_sanitizer *sanitizer = machine->sanitizer;
    *counts = (struct mmsim_sanitizer_counts){0};
    if (!sanitizer)
        return false;
    counts->n_compared = sanitizer->n_compared;
    counts->n_stale = sanitizer->n_stale;
    return true;
}

bool mmsim_stale_get(const struct mmsim_machine *machine, size_t index, struct mmsim_stale *stale)
{
    const struct mm_sanitizer *sanitizer = machine->sanitizer;
    if (!sanitizer || index >= sanitizer->n_kept)
        return false;
    *stale = sanitizer->kept[index];
    return true;
}
