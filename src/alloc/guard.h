/*
 * guard.h - objects that end at an unmapped page, so that the MMU refuses what goes too far.
 *
 * A set of slabs with MM_CHECK_GUARD has one object a slab. The object's frames are mapped once
 * more, at kernel addresses of their own, and its user gets the address there:
 *
 *     not mapped  |  cc cc cc cc cc  object        slack  |  not mapped
 *                 |  left red zone   |<- n_bytes ->|<16>  |
 *                 ^ page                                  ^ page
 *
 * An access behind the last page is refused at the instruction. What the MMU cannot see, the left
 * red zone and the slack that alignment leaves on the right, is filled and looked at when the
 * object is freed, as KFENCE does it (Linux, Documentation/dev-tools/kfence.rst). A freed object's
 * pages are unmapped at once; its addresses rest before they are used again, so that a late access
 * is refused too, and named.
 *
 *   none --alloc--> live --free--> resting --(MM_GUARD_MAX_RESTING later ones)--> none
 *
 * The kernel's C code reaches such an object as every other one, by its pointer into low memory.
 *
 * Records are kept apart from the objects, in a cache that is never guarded.
 *
 * Invariants: (1) each object of a guarded set that is live, or set aside by a pool, has a record
 * in by_frame and in by_page, each resting one in by_page and in the list; (2) n_resting is the
 * length of the list; (3) page ranges of records do not overlap.
 */
#ifndef MM_ALLOC_GUARD_H
#define MM_ALLOC_GUARD_H

#include "alloc/cache.h"
#include "alloc/checked.h"
#include "base/tree.h"

enum { MM_GUARD_MAX_RESTING = 64 };

/* The layout of a cache's slabs with one guarded object each. */
struct mm_slab_layout mm_guard_plan(const struct mm_cache *cache);

/* An object of n_bytes, live; NULL: no memory, or nobody maps guard pages (heap->map_guarded). Its
 * bytes are constructed, or 0x5a under MM_CHECK_POISON, or else 0. */
void *mm_guard_alloc(struct mm_heap *heap, struct mm_slab_set *set, size_t n_bytes);

/* `offset` is live, or set aside. True, also when red zones were damaged, which is reported. */
bool mm_guard_free(struct mm_heap *heap, struct mm_slab_set *set, uint32_t offset);

/* mm_checked_rest() and mm_checked_wake() of a guarded object. It stays mapped while it is set
 * aside: mapping it again could fail. A late write is found by its poison. */
void mm_guard_rest(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t offset);
void *mm_guard_wake(struct mm_heap *heap, const struct mm_slab_set *set, uint32_t offset);

/* Of an object in a guarded set that holds `offset`: its start; MM_SLAB_NO_OBJECT: there is none.
 */
uint32_t mm_guard_object(const struct mm_heap *heap, uint32_t offset);

/* Of a live object in a guarded set: bytes that were asked for. Of any: where it was allocated, and
 * when, as far as it is known. */
uint32_t mm_guard_bytes(const struct mm_heap *heap, uint32_t offset);
struct mm_heap_track mm_guard_track(const struct mm_heap *heap, uint32_t offset);

/* The red zones of every guarded object, and the poison of those set aside; returns the damages
 * found and reported. */
uint64_t mm_guard_verify(struct mm_heap *heap);

/* The kernel's access to this address was refused by the MMU. True: it lies in, before or behind a
 * guarded object, and was reported as a mistake. */
bool mm_guard_fault(struct mm_heap *heap, mmsim_vaddr address);

/* Somebody frees an address that mm_heap_locate() does not know: says which mistake that is. */
void mm_guard_bad_free(struct mm_heap *heap, mmsim_vaddr address);

/* Ends the rest of all resting objects; returns how many there were. */
uint64_t mm_guard_flush(struct mm_heap *heap);

/* NULL, or a sentence (static storage). */
const char *mm_guard_check(const struct mm_heap *heap);

#endif
