/*
 * zone_kit.h - what tests of the frame allocator share: RAM with zones over it.
 */
#ifndef MM_TESTS_ZONE_KIT_H
#define MM_TESTS_ZONE_KIT_H

#include <check.h>
#include <string.h>

#include "alloc/zone.h"

struct fixture {
    struct mm_phys phys;
    struct mm_zones zones;
};

static inline void setup(struct fixture *fixture, uint64_t ram_bytes, uint64_t user_limit)
{
    ck_assert(mm_phys_init(&fixture->phys, ram_bytes));
    ck_assert(mm_zones_init(&fixture->zones, &fixture->phys, user_limit));
}

static inline void teardown(struct fixture *fixture)
{
    mm_zones_fini(&fixture->zones);
    mm_phys_fini(&fixture->phys);
}

static inline mmsim_paddr address_of(const struct fixture *fixture, const struct mm_frame *frame)
{
    return mm_pfn_address(mm_frame_pfn(&fixture->zones, frame));
}

#endif
