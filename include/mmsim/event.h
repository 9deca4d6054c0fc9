/*
 * event.h - what happened inside the machine, one typed record at a time.
 *
 * A listener is called synchronously, after the fact and never with the machine half changed. It
 * may read the machine (statistics, mmsim_explain) but not change it. Nothing is formatted and
 * nothing is stored unless a listener asked for the type: with no listener an event costs one test
 * on a path that is slow anyway (a fault, a walk, a flush), and nothing on a TLB hit.
 */
#ifndef MMSIM_EVENT_H
#define MMSIM_EVENT_H

#include <mmsim/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mmsim_machine;

/* X(NAME, "name", "what it says; which fields below carry what") */
#define MMSIM_EVENT_LIST(X)                                                                        \
    X(SPAWN, "spawn", "a process began")                                                           \
    X(FORK, "fork", "a process was copied; `name` is the child, value its parent's number")        \
    X(EXIT, "exit", "a process ended; value is its exit code")                                     \
    X(SWITCH, "switch", "a CPU loaded another process's page tables")                              \
    X(MMAP, "mmap", "a mapping was made; address, length")                                         \
    X(MUNMAP, "munmap", "a range was unmapped; address, length")                                   \
    X(MPROTECT, "mprotect", "a range got other rights; address, length")                           \
    X(FAULT, "fault", "a page fault was taken; address, error, fault kind, reused, frame")         \
    X(SIGNAL, "signal", "a signal was raised; value is its number, error its si_code, address")    \
    X(WALK, "walk", "the page tables were walked; address, frame, value = levels read")            \
    X(FILL, "fill", "a TLB entry was filled; address, frame")                                      \
    X(FLUSH, "flush", "a CPU's TLBs were flushed but for global entries")                          \
    X(INVLPG, "invlpg", "one page was dropped from a CPU's TLBs; address")                         \
    X(SHOOTDOWN, "shootdown", "another CPU was interrupted to flush; value = that CPU")            \
    X(MAP, "map", "a page-table entry was made present; address, frame, value = tables' frame")    \
    X(UNMAP, "unmap", "a page-table entry was cleared; address, frame, value = tables' frame")     \
    X(TABLE, "table", "a page table was added (value 1) or freed (value 0); address, frame")       \
    X(OOM, "oom",                                                                                  \
      "memory ran out; `name` is the process chosen to die, value its resident pages, "            \
      "site = why no page could go")                                                               \
    X(PROTECT, "protect", "an entry got other rights; address, frame, value = tables' frame")      \
    X(STALE, "stale", "a translation was used that the tables no longer grant; address, frame")    \
    X(MMIO, "mmio", "a device was accessed; device, access, physical address, length, value")      \
    X(BUS_ERROR, "bus-error", "the bus refused an access to a device; the same, error = why")      \
    X(KMALLOC, "kmalloc", "the kernel heap gave memory; address, length, cache, site")             \
    X(KFREE, "kfree", "the kernel heap took memory back; address, length, cache, site")            \
    X(HEAP_MISTAKE, "heap-mistake",                                                                \
      "the heap's user was wrong; address, value = which, cache, site")                            \
    X(LEAK, "leak", "memory that nobody can reach or freed; address, length, cache, site")         \
    X(GC, "gc", "unused pages were collected; value = frames freed")                               \
    X(ORPHAN, "orphan", "a frame in use was found that nothing leads to; frame")                   \
    X(COMPACT, "compact", "pages were moved to join free memory; value = frames moved")            \
    X(MREMAP, "mremap", "a mapping was moved or resized; address, length, value = new address")    \
    X(MADVISE, "madvise", "a process gave advice; address, length, value = which")                 \
    X(DISK_READ, "disk-read", "pages of a file were read; file, address = offset, length")         \
    X(DISK_WRITE, "disk-write", "pages of a file were written; file, address = offset, length")    \
    X(WRITEBACK, "writeback", "dirty pages are on their way to the disk; file, value = pages")     \
    X(PROMOTE, "promote", "a large page took the place of small ones; address, frame")             \
    X(DEMOTE, "demote", "a large page was split into small ones; address, frame")                  \
    X(CRASH, "crash", "the power failed: what was not on the disk is lost")                        \
    X(EVICT, "evict", "a page was taken out of its frame; frame, value = its number")              \
    X(SWAP_OUT, "swap-out", "pages were written to swap; value = first slot, length")              \
    X(SWAP_IN, "swap-in", "pages were read from swap; value = first slot, length")                 \
    X(SWAP_ERROR, "swap-error", "swap failed; value = slot, access = read or write")               \
    X(RECLAIM, "reclaim", "frames were taken back; value = how many, site = why")                  \
    X(THRASHING, "thrashing", "most of what is loaded was evicted lately; value = pages resident") \
    X(SUSPEND, "suspend", "load control stopped a process; value = its working set")               \
    X(RESUME, "resume", "load control lets a process run again")

enum mmsim_event_type {
#define X(NAME, name, meaning) MMSIM_EVENT_##NAME,
    MMSIM_EVENT_LIST(X)
#undef X
        MMSIM_N_EVENTS
};

/* How a page fault ended: the kinds of a scenario's `fault`. */
enum mmsim_fault_kind {
    MMSIM_FAULT_NONE,
    MMSIM_FAULT_MINOR,      /* resolved without I/O */
    MMSIM_FAULT_MAJOR,      /* resolved with I/O */
    MMSIM_FAULT_COW,        /* a page was copied, or the last copy reused */
    MMSIM_FAULT_STACK,      /* a stack grew */
    MMSIM_FAULT_PKEY,       /* refused by a protection key */
    MMSIM_FAULT_PROTECTION, /* refused for any other reason */
    MMSIM_N_FAULT_KINDS
};

/* One event. Fields that a type does not use are 0. */
struct mmsim_event {
    enum mmsim_event_type type;
    uint32_t cpu;     /* simulated CPU on which it happened */
    uint32_t process; /* number of the process, from 1; 0 = the kernel */
    const char *name; /* its name; lives until the machine is destroyed */
    uint64_t step;    /* index of the step, from 0; see mmsim_step_begin() */
    uint64_t cycles;  /* simulated time when it happened */
    mmsim_vaddr address;
    uint64_t length; /* bytes */
    mmsim_pfn frame;
    uint32_t error; /* the CPU's error code (SDM 3A 4.7), a signal's si_code, or enum
                       mmsim_bus_error */
    enum mmsim_fault_kind fault;
    bool reused; /* FAULT of kind cow: the last copy was reused */
    uint64_t value;
    enum mmsim_access_kind access; /* MMIO, BUS_ERROR, SWAP_ERROR */
    const char *device;            /* name of the window; lives as long as the machine */
    const char *file;              /* name of the file; lives as long as the machine */
    const char *cache; /* of the object; "page" for whole pages, "vmalloc"; NULL: none, unknown */
    const char *site;  /* who called (KMALLOC, KFREE, HEAP_MISTAKE), or allocated it (LEAK);
                          why (RECLAIM) */
};

typedef void (*mmsim_listener)(void *user, const struct mmsim_event *event);

#define MMSIM_EVENT_BIT(type) ((uint64_t)1 << (type))
#define MMSIM_EVENTS_ALL (MMSIM_EVENT_BIT(MMSIM_N_EVENTS) - 1)

#define MMSIM_MAX_LISTENERS 8

/*
 * Calls `listener` for the event types in `mask` (MMSIM_EVENT_BIT...) from now on. A machine has
 * room for MMSIM_MAX_LISTENERS, of which the TLB sanitizer (sanitize.h) takes one. Returns false if
 * there is none left.
 */
bool mmsim_listen(struct mmsim_machine *machine, uint64_t mask, mmsim_listener listener,
                  void *user);

/* Names and meanings, for `mmsim list events` and for the events file. Static storage. */
const char *mmsim_event_name(enum mmsim_event_type type);
const char *mmsim_event_meaning(enum mmsim_event_type type);
const char *mmsim_fault_kind_name(enum mmsim_fault_kind kind); /* "none", "minor", "cow", ... */

/*
 * Writes an event as one JSON object and a newline (the format of `mmsim run --events`). `model`
 * names the bits of error codes ("P|W|U"); NULL prints the number.
 */
void mmsim_event_write_json(const struct mmsim_machine *machine, const struct mmsim_event *event,
                            const struct mmsim_sink *sink);

#ifdef __cplusplus
}
#endif
#endif
