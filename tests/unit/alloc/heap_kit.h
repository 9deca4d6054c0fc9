/*
 * heap_kit.h - what tests of the kernel heap share: RAM, zones and a heap over it, and its checks.
 */
#ifndef MM_TESTS_HEAP_KIT_H
#define MM_TESTS_HEAP_KIT_H

#include <check.h>
#include <string.h>

#include "alloc/kmalloc.h"
#include "alloc/report.h"

struct kit {
    struct mm_phys phys;
    struct mm_zones zones;
    struct mm_heap heap;
    uint64_t n_reports;
    struct mmsim_heap_report last; /* only where there was one */
};

static inline void kit_on_report(void *user, const struct mmsim_heap_report *report)
{
    struct kit *kit = user;
    kit->n_reports++;
    kit->last = *report;
}

static inline void kit_setup(struct kit *kit, uint64_t ram_bytes, unsigned n_cpus)
{
    memset(kit, 0, sizeof *kit);
    ck_assert(mm_phys_init(&kit->phys, ram_bytes));
    ck_assert(mm_zones_init(&kit->zones, &kit->phys, 0));
    kit->zones.n_cpus = n_cpus;
    ck_assert(mm_heap_init(&kit->heap, &kit->zones, n_cpus, 1));
    kit->heap.on_report = kit_on_report;
    kit->heap.report_user = kit;
}

static inline void kit_check(const struct kit *kit)
{
    const char *broken = mm_heap_check(&kit->heap);
    ck_assert_msg(!broken, "%s", broken);
    broken = mm_zones_check(&kit->zones);
    ck_assert_msg(!broken, "%s", broken);
}

/* Every frame must have come back. */
static inline void kit_teardown(struct kit *kit)
{
    mm_heap_fini(&kit->heap);
    ck_assert_uint_eq(kit->zones.n_by_use[MM_FRAME_SLAB], 0);
    mm_zones_fini(&kit->zones);
    mm_phys_fini(&kit->phys);
}

static inline void kit_enter_cpu(struct kit *kit, unsigned cpu)
{
    kit->zones.cpu = cpu;
    mm_heap_enter_cpu(&kit->heap, cpu);
}

/* Fills n_bytes with a pattern of `seed`; and looks whether it is still there. */
static inline void kit_fill(void *object, size_t n_bytes, unsigned seed)
{
    for (size_t i = 0; i < n_bytes; i++)
        ((uint8_t *)object)[i] = (uint8_t)(seed * 7 + i);
}

static inline bool kit_holds(const void *object, size_t n_bytes, unsigned seed)
{
    for (size_t i = 0; i < n_bytes; i++)
        if (((const uint8_t *)object)[i] != (uint8_t)(seed * 7 + i))
            return false;
    return true;
}

#endif
