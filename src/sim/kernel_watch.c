/*
 * kernel_watch.c - the kernel's stores while references are watched (alloc/leak_watch.h).
 *
 * A store goes the same way through the MMU as ever, in the same pieces; what it replaced is kept
 * for a moment, so that the watch can see which words led somewhere before.
 */
#include <string.h>

#include "alloc/leak_watch.h"
#include "proc/access.h"
#include "sim/kernel.h"
#include "sim/machine.h"

enum { WATCHED_BYTES = 256 };

/* Tells of each aligned piece of what was stored. */
static void tell_watch(struct mm_leak *leak, uint64_t offset, const uint8_t *before, uint64_t done)
{
    for (uint64_t at = 0; at < done;) {
        size_t n = 8 - ((offset + at) & 7);
        n = n < done - at ? n : (size_t)(done - at);
        mm_leak_watch_store(leak, offset + at, n, before + at);
        at += n;
    }
}

/* At most WATCHED_BYTES. */
static struct mmsim_access store_piece(const struct mm_actor *actor, struct mmsim_machine *machine,
                                       mmsim_vaddr address, const void *bytes, size_t n_bytes)
{
    uint8_t before[WATCHED_BYTES];
    const struct mm_heap *heap = &machine->heap;
    uint64_t offset = mm_heap_locate(heap, address);
    bool in_heap = offset < heap->low_bytes && n_bytes <= heap->low_bytes - offset;
    if (in_heap)
        memcpy(before, heap->ram + offset, n_bytes);
    /* accesses of all kinds share one path; a store only reads through the pointer */
    struct mmsim_access access =
        mm_access_bytes(actor, MMSIM_ACCESS_WRITE, address, (void *)(uintptr_t)bytes, n_bytes);
    if (in_heap)
        tell_watch(&machine->kernel_memory.leak, offset, before, access.done);
    return access;
}

struct mmsim_access mm_kernel_watched_store(const struct mm_actor *actor,
                                            struct mmsim_machine *machine, mmsim_vaddr address,
                                            const void *bytes, size_t n_bytes)
{
    struct mmsim_access access;
    uint64_t done = 0;
    do {
        size_t n = WATCHED_BYTES - ((address + done) & 7);
        n = n < n_bytes - done ? n : n_bytes - (size_t)done;
        access = store_piece(actor, machine, address + done, (const uint8_t *)bytes + done, n);
        done += access.done;
    } while (access.outcome == MMSIM_DONE && done < n_bytes);
    access.done = done;
    return access;
}
