/*
 * access.h - a process, or the kernel, touches memory: translate, fault, resolve, retry.
 *
 * This is the only loop that retries. Each round either moves the bytes or takes one fault; a fault
 * that cannot be resolved ends the access with a signal (user) or an error (kernel).
 */
#ifndef MM_PROC_ACCESS_H
#define MM_PROC_ACCESS_H

#include "proc/process.h"

/* Who accesses: a process at CPL 3, or the kernel at CPL 0 (process NULL). */
struct mm_actor {
    struct mm_procs *procs;
    struct mm_process *process;
    unsigned cpu;
    bool survives; /* a signal does not end the process */
};

/* One access of 1..8 bytes; a fetch has 1. Adds what happened to *access; true: bytes moved. */
bool mm_access_once(const struct mm_actor *actor, enum mmsim_access_kind kind, mmsim_vaddr address,
                    void *bytes, size_t n_bytes, struct mmsim_access *access);

/* Any number of bytes, in pieces of at most 8 cut at multiples of 8. */
struct mmsim_access mm_access_bytes(const struct mm_actor *actor, enum mmsim_access_kind kind,
                                    mmsim_vaddr address, void *bytes, size_t n_bytes);

/* A batch of 4-byte references. */
struct mmsim_access mm_access_batch(const struct mm_actor *actor,
                                    struct mmsim_reference *references, size_t n);

#endif
