/* usercopy.c - accesses by the kernel, stopped at the end of the user region. */
#include "proc/usercopy.h"

#include "proc/access.h"

static uint64_t copy(struct mm_process *process, enum mmsim_access_kind kind, mmsim_vaddr address,
                     void *bytes, uint64_t n)
{
    struct mm_actor actor = {.procs = process->procs, .cpu = process->cpu};
    if (!mm_layout_is_user(address))
        return 0;
    if (n > MM_LAYOUT_USER_END - address)
        n = MM_LAYOUT_USER_END - address;
    /* Up to 8 bytes would be one access that straddles a page as a whole; copies go on to the byte
     * that cannot be had. */
    uint64_t done = 0;
    while (done < n) {
        uint64_t piece = MMSIM_PAGE_SIZE - ((address + done) & MMSIM_PAGE_MASK);
        piece = piece < n - done ? piece : n - done;
        struct mmsim_access access =
            mm_access_bytes(&actor, kind, address + done, (uint8_t *)bytes + done, piece);
        done += access.done;
        if (access.outcome != MMSIM_DONE)
            break;
    }
    return done;
}

uint64_t mm_copy_to_user(struct mm_process *process, mmsim_vaddr to, const void *bytes, uint64_t n)
{
    /* Accesses of all kinds share one path; a store only reads through the pointer. */
    return copy(process, MMSIM_ACCESS_WRITE, to, (void *)(uintptr_t)bytes, n);
}

uint64_t mm_copy_from_user(struct mm_process *process, void *bytes, mmsim_vaddr from, uint64_t n)
{
    return copy(process, MMSIM_ACCESS_READ, from, bytes, n);
}
