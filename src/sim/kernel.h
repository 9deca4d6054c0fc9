/*
 * kernel.h - what the public calls on the kernel's memory (<mmsim/alloc.h>) share.
 *
 * Each call is between mm_kernel_begin() and mm_kernel_end(): the kernel runs on its CPU, the call
 * site is known to whoever makes a report, and the work is charged.
 *
 *   kernel_heap.c   kmalloc and its relatives         kernel_pool.c   pools
 *   kernel_cache.c  caches of equal objects           kernel_area.c   large areas (vmalloc)
 *   kernel_check.c  checks, mistakes                  kernel_scope.c  owners
 *   kernel_fail.c   failures on purpose               kernel_leak.c   what nobody can reach
 *   kernel_watch.c  stores, for the exact search      gc.c            what nobody needs
 *   kernel_call.c   the frame of a call               kernel_tables.c what people look at
 *
 * Addresses come from outside and may be anything: each is compared with what the heap knows before
 * anybody follows it.
 *
 * Invariants: (1) a cache is in `caches` if and only if mmsim_cache_create() made it; (2) these,
 * those of pools and kmalloc's are anybody's, all others the kernel's own (MM_CACHE_OWN).
 */
#ifndef MM_SIM_KERNEL_H
#define MM_SIM_KERNEL_H

#include <mmsim/alloc.h>

#include "alloc/leak.h"
#include "alloc/pool.h"
#include "alloc/scope.h"
#include "hw/clock.h"
#include "vm/vmalloc.h"

struct mm_actor;

/* What a machine keeps for these calls. */
struct mm_kernel {
    struct mm_vmalloc vmalloc;
    struct mm_pools pools;
    struct mm_scopes scopes;
    struct mm_leak leak;
    struct mm_list caches; /* struct mm_user_cache */
    const char *site;      /* of whoever works between the calls, or names none; may be NULL */
    mmsim_heap_listener listener;
    void *listener_user;
    uint64_t n_leaked;      /* objects, as the last scan found */
    bool sees_every_call;   /* the heap is closed because failures are injected */
    uint64_t n_compactions; /* that were told of */
    uint64_t n_compacted_frames;
};

/* One call. */
struct mm_kernel_call {
    struct mmsim_machine *machine;
    const char *site;
    unsigned set;      /* of slabs that it is about; 0: none */
    uint64_t n_taken;  /* of the set, before */
    uint64_t n_frames; /* of the heap, before */
};

/* False: no memory. The machine's heap and kernel caches exist. */
bool mm_kernel_init(struct mmsim_machine *machine);

/* kernel_leak.c: where a search begins. */
void mm_kernel_init_leaks(struct mmsim_machine *machine);

/* After the processes are gone, before the heap is. Reports what was never freed
 * (MMSIM_EVENT_LEAK). */
void mm_kernel_fini(struct mmsim_machine *machine);

/* A process is about to exit: what belongs to it is freed. */
void mm_kernel_on_exit(struct mmsim_process *process);

/* kernel_watch.c: a store of the kernel's while references are watched. */
struct mmsim_access mm_kernel_watched_store(const struct mm_actor *actor,
                                            struct mmsim_machine *machine, mmsim_vaddr address,
                                            const void *bytes, size_t n_bytes);

/* ---- calls ---- */

struct mm_kernel_call mm_kernel_begin(struct mmsim_machine *machine, const char *site,
                                      unsigned set);
void mm_kernel_end(struct mm_kernel_call *call);

/* Ends a call that allocated: fills, tells, charges. Returns the address of the object; 0: NULL. */
mmsim_vaddr mm_kernel_finish(struct mm_kernel_call *call, void *object, uint64_t n_bytes,
                             unsigned flags);

/* Charges what filling or copying takes. */
void mm_kernel_charge_words(struct mmsim_machine *machine, enum mm_work work, uint64_t n_bytes);

/* Events, for whoever listens: objects that come and go. */
void mm_kernel_tell(const struct mm_kernel_call *call, enum mmsim_event_type type,
                    mmsim_vaddr address, uint64_t n_bytes, const char *cache);

/* After any call on the machine: tells of a compaction that happened during it. */
void mm_kernel_after_call(struct mmsim_machine *machine);

/* ---- addresses and objects ---- */

/*
 * What the heap is to free for an address that is not 0. NULL: nothing that a caller may free,
 * which is reported. Otherwise it is to be compared by the heap, and may be no object at all.
 */
void *mm_kernel_to_free(struct mm_kernel_call *call, mmsim_vaddr address);

/* The live object that begins at an address; NULL. */
void *mm_kernel_object(const struct mmsim_machine *machine, mmsim_vaddr address);

/* The name of what a live object is of: its cache, or "page". */
const char *mm_kernel_name_of(const struct mm_heap *heap, const void *pointer);

/* kernel_cache.c: whether a cache may be called so; and the handles, when the heap takes all slabs
 * back. */
enum mmsim_status mm_kernel_check_name(const struct mmsim_machine *machine, const char *name,
                                       struct mmsim_error *error);
void mm_kernel_forget_caches(struct mmsim_machine *machine);

/* ---- checks ---- */

/* All that can be switched: enum mmsim_heap_check, bit for bit enum mm_check. */
#define MM_KERNEL_CHECKS                                                                           \
    ((unsigned)(MMSIM_HEAP_RED_ZONES | MMSIM_HEAP_POISON | MMSIM_HEAP_TRACK |                      \
                MMSIM_HEAP_QUARANTINE | MMSIM_HEAP_GUARD | MMSIM_HEAP_HARDEN |                     \
                MMSIM_HEAP_SHUFFLE))

/* mm_heap.on_report: emits the event and calls the listener. `user` is the machine. */
void mm_kernel_on_report(void *user, const struct mmsim_heap_report *report);

/* mm_zones.on_corruption: a free frame was written to, which is reported as the heap's mistakes
 * are. `user` is the machine. */
void mm_kernel_on_corruption(void *user, mmsim_pfn pfn, uint32_t offset, uint8_t found);

/* The configuration's checks, for all caches there are. False: no memory. */
bool mm_kernel_check_all(struct mmsim_machine *machine, unsigned checks);

#endif
