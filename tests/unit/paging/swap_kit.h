/*
 * swap_kit.h - what the tests of swap share: areas over devices with prices of their own, a clock,
 * and pages that can be told apart.
 */
#ifndef TESTS_PAGING_SWAP_KIT_H
#define TESTS_PAGING_SWAP_KIT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fail_nth.h"
#include "paging/swap.h"

/* Prices that cannot be taken for each other. */
enum { KIT_READ = 50021, KIT_WRITE = 70009, KIT_MOVE = 3001, KIT_FILL = 1024 };

struct swap_kit {
    struct mm_host host;
    struct mm_clock clock;
    struct mm_swap_area_setup areas[MM_SWAP_MAX_AREAS];
    struct mm_swap_setup setup;
    struct mm_swap swap;
};

static inline uint64_t kit_now(void *clock)
{
    return ((struct mm_clock *)clock)->cycles;
}

/* Describes areas of these sizes, all of priority 0; n_slots ends with 0. */
static inline void kit_describe(struct swap_kit *kit, const uint32_t n_slots[])
{
    memset(kit, 0, sizeof *kit);
    mm_host_init(&kit->host, NULL);
    unsigned n = 0;
    for (; n < MM_SWAP_MAX_AREAS && n_slots[n] > 0; n++)
        kit->areas[n].device = (struct mmsim_disk){.bytes = (uint64_t)n_slots[n] * MMSIM_PAGE_SIZE,
                                                   .read_cycles = KIT_READ,
                                                   .write_cycles = KIT_WRITE,
                                                   .page_cycles = KIT_MOVE};
    kit->setup = (struct mm_swap_setup){.host = &kit->host,
                                        .areas = kit->areas,
                                        .n_areas = n,
                                        .max_slots = MM_SWAP_MAX_SLOTS_32BIT,
                                        .page_cluster = MM_SWAP_PAGE_CLUSTER,
                                        .now = kit_now,
                                        .user = &kit->clock,
                                        .clock = &kit->clock};
}

static inline void kit_begin(struct swap_kit *kit)
{
    ck_assert_int_eq(mm_swap_init(&kit->swap, &kit->setup), MM_SWAP_READY);
    ck_assert_ptr_null(mm_swap_check(&kit->swap));
}

static inline void kit_end_swap(struct swap_kit *kit)
{
    ck_assert_ptr_null(mm_swap_check(&kit->swap));
    mm_swap_fini(&kit->swap);
    ck_assert_uint_eq(kit->host.n_blocks, 0);
}

/* A page's bytes: all zeros for seed 0, else others for each seed. */
static inline void kit_fill(uint8_t *page, uint32_t seed)
{
    memset(page, 0, MMSIM_PAGE_SIZE);
    for (uint32_t at = 0; at < MMSIM_PAGE_SIZE && seed > 0; at += 512)
        memcpy(page + at, &seed, sizeof seed);
}

static inline void kit_expect(const uint8_t *page, uint32_t seed)
{
    uint8_t expected[MMSIM_PAGE_SIZE];
    kit_fill(expected, seed);
    ck_assert_int_eq(memcmp(page, expected, sizeof expected), 0);
}

static inline enum mm_swap_result kit_write_one(struct swap_kit *kit, uint32_t slot, uint32_t seed)
{
    uint8_t page[MMSIM_PAGE_SIZE];
    kit_fill(page, seed);
    const uint8_t *pages[] = {page};
    return mm_swap_write(&kit->swap, slot, 1, pages);
}

/* Reads a slot; what comes must be the seed's page. */
static inline enum mm_swap_result kit_read_one(struct swap_kit *kit, uint32_t slot, uint32_t seed)
{
    uint8_t page[MMSIM_PAGE_SIZE];
    memset(page, 0xee, sizeof page);
    uint8_t *pages[] = {page};
    enum mm_swap_result result = mm_swap_read(&kit->swap, slot, 1, pages);
    if (result == MM_SWAP_OK)
        kit_expect(page, seed);
    return result;
}

/* Requests that the devices have served. */
static inline uint64_t kit_requests(const struct swap_kit *kit)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < kit->swap.n_areas; i++)
        n += kit->swap.areas[i].disk.stats.reads + kit->swap.areas[i].disk.stats.writes;
    return n;
}

#endif
