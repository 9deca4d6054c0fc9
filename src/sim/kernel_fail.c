/* kernel_fail.c - failures on purpose: which requests for heap or frames are refused. */
#include "sim/kernel.h"
#include "sim/machine.h"

/* From millionths to what inject.h counts in. */
static uint64_t share_of(uint32_t per_million)
{
    return per_million < 1000000 ? per_million * MM_INJECT_CERTAIN / 1000000 : MM_INJECT_CERTAIN;
}

/* The heap's fast path does not ask: it is closed as long as there are rules. */
static void see_every_call(struct mmsim_machine *machine, bool every)
{
    struct mm_kernel *kernel = &machine->kernel_memory;
    if (every == kernel->sees_every_call)
        return;
    (every ? mm_heap_close : mm_heap_open)(&machine->heap);
    kernel->sees_every_call = every;
}

static uint64_t fail_disk(struct mmsim_machine *machine, enum mmsim_fail_what what,
                          const struct mmsim_fail *rules)
{
    static const enum mm_disk_mishap mishaps[MMSIM_N_FAIL_WHATS] = {
        [MMSIM_FAIL_FILE_READS] = MM_DISK_READ_FAILS,
        [MMSIM_FAIL_FILE_WRITES] = MM_DISK_WRITE_FAILS,
        [MMSIM_FAIL_POWER] = MM_DISK_POWER_FAILS,
    };
    const struct mm_disk_rule rule = {.nth = rules->nth, .every = rules->every};
    return (unsigned)what < MMSIM_N_FAIL_WHATS
               ? mm_disk_inject(&machine->disk, mishaps[what], &rule)
               : 0;
}

static uint64_t fail_swap(struct mmsim_machine *machine, enum mmsim_fail_what what,
                          const struct mmsim_fail *rules)
{
    const struct mm_disk_rule rule = {.nth = rules->nth, .every = rules->every};
    return mm_swap_inject(&machine->swap,
                          what == MMSIM_FAIL_SWAP_READS ? MM_DISK_READ_FAILS : MM_DISK_WRITE_FAILS,
                          &rule);
}

uint64_t mmsim_fail_set(struct mmsim_machine *machine, enum mmsim_fail_what what,
                        const struct mmsim_fail *rules)
{
    if (what != MMSIM_FAIL_HEAP && what != MMSIM_FAIL_FRAMES)
        return what == MMSIM_FAIL_SWAP_READS || what == MMSIM_FAIL_SWAP_WRITES
                   ? fail_swap(machine, what, rules)
                   : fail_disk(machine, what, rules);
    bool is_heap = what == MMSIM_FAIL_HEAP;
    struct mm_inject *inject = is_heap ? &machine->heap.inject : &machine->zones.inject;
    uint64_t n_failures = inject->n_failures;
    mm_inject_arm(inject, &(struct mm_inject_rule){.nth = rules->nth,
                                                   .every = rules->every,
                                                   .share = share_of(rules->per_million),
                                                   .seed = machine->config.seed,
                                                   .min_bytes = rules->min_bytes,
                                                   .site = rules->site});
    if (is_heap)
        see_every_call(machine, inject->armed);
    return n_failures;
}
