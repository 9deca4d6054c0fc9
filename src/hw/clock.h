/*
 * clock.h - simulated time: cycles charged for what the kernel and the hardware do.
 *
 * Hardware events cost what the CPU preset says (struct mmsim_cpu_costs). Kernel work costs what
 * the table of kinds below says: a fixed price for each documented operation, the same on every
 * CPU, so that two systems can be compared by what they do. The prices are orders of magnitude of a
 * 32-bit kernel's paths, to be read as ratios: clearing a page is 1024 stores, copying one 1024
 * loads and stores.
 *
 * An access that the TLB serves is not charged here: the CPUs count their accesses, and
 * mmsim_machine_cycles() adds their price.
 */
#ifndef MM_HW_CLOCK_H
#define MM_HW_CLOCK_H

#include <stdint.h>

/* X(NAME, cycles, "what is done") */
#define MM_WORK_LIST(X)                                                                            \
    X(SYSTEM_CALL, 150, "entering and leaving the kernel by a system call")                        \
    X(FIND_VMA, 40, "finding the mapping of an address")                                           \
    X(CHANGE_VMA, 120, "making, changing or removing a mapping")                                   \
    X(FRAME, 60, "taking a frame from the allocator, or returning it")                             \
    X(ZERO_PAGE, 1024, "filling a page with zeros")                                                \
    X(COPY_PAGE, 2048, "copying a page")                                                           \
    X(TEMPORARY_MAP, 50, "mapping a high frame for a moment, to touch it")                         \
    X(ENTRY, 10, "reading or writing a page-table entry")                                          \
    X(PROCESS, 1500, "creating or ending a process")                                               \
    X(SWITCH, 100, "saving and restoring a process's registers")                                   \
    X(SIGNAL, 800, "delivering a signal")                                                          \
    X(HEAP, 20, "taking an object of the kernel heap from a CPU's magazine, or returning it")      \
    X(HEAP_BATCH, 200, "moving objects between a magazine and its slabs, or without a magazine")   \
    X(HEAP_CHECK, 80, "writing or checking an object's red zones, its owner's name, its poison")   \
    X(HEAP_FIND, 30, "finding what is known of an object by its address")                          \
    X(CACHE, 1000, "making or ending a cache or pool, or changing its checks")                     \
    X(ZERO_WORD, 1, "filling four bytes")                                                          \
    X(COPY_WORD, 2, "copying four bytes")                                                          \
    X(SCAN_WORD, 2, "looking at four bytes: can they be an address?")

enum mm_work {
#define X(NAME, cycles, meaning) MM_WORK_##NAME,
    MM_WORK_LIST(X)
#undef X
        MM_N_WORKS
};

struct mm_clock {
    uint64_t cycles;
};

extern const uint32_t mm_work_cycles[MM_N_WORKS];

static inline void mm_clock_charge(struct mm_clock *clock, uint64_t cycles)
{
    clock->cycles += cycles;
}

static inline void mm_clock_work(struct mm_clock *clock, enum mm_work work)
{
    clock->cycles += mm_work_cycles[work];
}

#endif
