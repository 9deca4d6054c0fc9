/* Zones: who gets which memory, the account by use, and the walk over frames in use. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/assert.h"
#include "base/rng.h"
#include "zone_kit.h"

static const struct {
    uint64_t ram_bytes, low_frames, high_frames;
} machines[] = {
    {2 * MMSIM_MIB, 256, 255},
    {64 * MMSIM_MIB, 63 * 256, 255},
    {64 * MMSIM_MIB + 5 * MMSIM_PAGE_SIZE, 63 * 256 + 5, 255},
    {256 * MMSIM_MIB, 255 * 256, 255},
    {300 * MMSIM_MIB, 255 * 256, 255 + 44 * 256},
    {3 * MMSIM_GIB, 255 * 256, 255 + (3072 - 256) * 256},
    {5 * MMSIM_GIB, 255 * 256, 255 + (5120 - 256) * 256},
    {512 * MMSIM_KIB, 0, 127},
};
enum { N_MACHINES = sizeof machines / sizeof *machines };

START_TEST(zones_share_ram_and_frame_0_stays_reserved)
{
    struct fixture fixture;
    setup(&fixture, machines[_i].ram_bytes, 0);
    const struct mm_zones *zones = &fixture.zones;
    ck_assert_uint_eq(zones->zones[MM_ZONE_LOW].n_free, machines[_i].low_frames);
    ck_assert_uint_eq(zones->zones[MM_ZONE_HIGH].n_free, machines[_i].high_frames);
    ck_assert_uint_eq(zones->n_ram_frames, machines[_i].ram_bytes / MMSIM_PAGE_SIZE);
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_RESERVED], 1);
    ck_assert_uint_eq(zones->n_by_use[MM_FRAME_FREE], zones->n_ram_frames - 1);
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}
END_TEST

START_TEST(a_large_machine_costs_nothing_before_it_is_used)
{
    struct fixture fixture;
    setup(&fixture, 5 * MMSIM_GIB, 0);
    const struct mm_frame untouched = {0};
    unsigned n_written = 0;
    for (mmsim_pfn pfn = 0; pfn < fixture.zones.n_frames; pfn++)
        n_written += memcmp(&fixture.zones.table[pfn], &untouched, sizeof untouched) != 0;
    ck_assert_uint_eq(n_written, 8 + 2); /* 1..255, and 256..1023 */
    teardown(&fixture);
}
END_TEST

START_TEST(user_frames_are_high_until_there_are_no_more)
{
    struct fixture fixture;
    setup(&fixture, 300 * MMSIM_MIB, 0);
    uint64_t n_high = machines[4].high_frames, n_wrong = 0;
    for (uint64_t i = 0; i < fixture.zones.n_ram_frames - 1; i++) {
        const struct mm_frame *frame = mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 0);
        mmsim_paddr address = address_of(&fixture, frame);
        bool low = address >= 1 * MMSIM_MIB && address < 256 * MMSIM_MIB;
        n_wrong += low != (i >= n_high) || address == 0;
    }
    ck_assert_uint_eq(n_wrong, 0);
    ck_assert_ptr_null(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 0));
    ck_assert_uint_eq(fixture.zones.n_by_use[MM_FRAME_FREE], 0);
    ck_assert_ptr_null(mm_zones_check(&fixture.zones));
    teardown(&fixture);
}
END_TEST

START_TEST(kernel_frames_are_low_and_do_not_fall_back)
{
    static const enum mm_frame_use uses[] = {MM_FRAME_PAGE_TABLE, MM_FRAME_SLAB,
                                             MM_FRAME_ZERO_PAGE};
    struct fixture fixture;
    setup(&fixture, 300 * MMSIM_MIB, 0);
    uint64_t n_wrong = 0;
    for (uint64_t i = 0; i < machines[4].low_frames; i++) {
        const struct mm_frame *frame = mm_zone_alloc(&fixture.zones, uses[i % 3], 0);
        mmsim_paddr address = address_of(&fixture, frame);
        n_wrong += address < 1 * MMSIM_MIB || address >= 256 * MMSIM_MIB;
    }
    ck_assert_uint_eq(n_wrong, 0);
    ck_assert_ptr_null(mm_zone_alloc(&fixture.zones, MM_FRAME_SLAB, 0));
    ck_assert_ptr_null(mm_zone_alloc(&fixture.zones, MM_FRAME_PAGE_TABLE, 0));
    ck_assert_ptr_nonnull(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 0));
    ck_assert_ptr_null(mm_zones_check(&fixture.zones));
    teardown(&fixture);
}
END_TEST

START_TEST(user_frames_stop_at_their_limit)
{
    struct fixture fixture;
    setup(&fixture, 64 * MMSIM_MIB, 10);
    struct mm_frame *pair = mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 1);
    ck_assert_ptr_nonnull(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 2));
    ck_assert_ptr_null(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 3));
    ck_assert_ptr_nonnull(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 2));
    ck_assert_ptr_null(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 0));
    ck_assert_ptr_nonnull(mm_zone_alloc(&fixture.zones, MM_FRAME_SLAB, 3));
    ck_assert_uint_eq(fixture.zones.n_by_use[MM_FRAME_ANON], 10);
    ck_assert_ptr_null(mm_zones_check(&fixture.zones));
    mm_zone_free(&fixture.zones, pair, 1);
    ck_assert_ptr_nonnull(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 0));
    teardown(&fixture);
}
END_TEST

START_TEST(the_head_of_a_block_carries_its_use_and_every_frame_finds_it)
{
    struct fixture fixture;
    setup(&fixture, 64 * MMSIM_MIB, 0);
    for (unsigned order = 0; order <= MM_BUDDY_MAX_ORDER; order++) {
        struct mm_frame *frame = mm_zone_alloc(&fixture.zones, MM_FRAME_SLAB, order);
        const struct mm_frame expected = {
            .use = MM_FRAME_SLAB, .count = 1, .order = (uint8_t)order};
        ck_assert(memcmp(frame, &expected, sizeof expected) == 0);
        unsigned n_wrong = 0;
        for (unsigned i = 0; i < 1u << order; i++)
            n_wrong += mm_zone_block(&fixture.zones, address_of(&fixture, frame + i) + 5) != frame;
        ck_assert_uint_eq(n_wrong, 0);
        ck_assert_uint_eq(fixture.zones.n_by_use[MM_FRAME_SLAB], (uint64_t)1 << order);
        mm_zone_free(&fixture.zones, frame, order);
        ck_assert_uint_eq(fixture.zones.n_by_use[MM_FRAME_SLAB], 0);
    }
    ck_assert_ptr_null(mm_zone_alloc(&fixture.zones, MM_FRAME_SLAB, MM_BUDDY_MAX_ORDER + 1));
    ck_assert_ptr_null(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 64));
    ck_assert_int_eq(fixture.zones.last_failure.reason, MM_ZONE_TOO_LARGE);
    ck_assert_uint_eq(mm_zone_block(&fixture.zones, 0)->use, MM_FRAME_RESERVED);
    ck_assert_ptr_null(mm_zone_block(&fixture.zones, 64 * MMSIM_MIB));
    teardown(&fixture);
}
END_TEST

START_TEST(the_last_reference_frees_the_frame)
{
    struct fixture fixture;
    setup(&fixture, 64 * MMSIM_MIB, 0);
    struct mm_frame *frame = mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 0);
    mm_frame_get(frame);
    mm_frame_get(frame);
    ck_assert(!mm_frame_put(&fixture.zones, frame));
    ck_assert(!mm_frame_put(&fixture.zones, frame));
    ck_assert_uint_eq(frame->use, MM_FRAME_ANON);
    ck_assert(mm_frame_put(&fixture.zones, frame));
    ck_assert_uint_eq(fixture.zones.n_by_use[MM_FRAME_ANON], 0);
    ck_assert_ptr_null(mm_zones_check(&fixture.zones));
    teardown(&fixture);
}
END_TEST

START_TEST(what_is_no_ram_has_no_frame)
{
    struct fixture fixture;
    setup(&fixture, 5 * MMSIM_GIB, 0);
    const struct mm_zones *zones = &fixture.zones;
    ck_assert_ptr_eq(mm_zone_frame(zones, 0), &zones->table[0]);
    ck_assert_ptr_eq(mm_zone_frame(zones, 0x12345), &zones->table[0x12]);
    ck_assert_ptr_eq(mm_zone_frame(zones, 3 * MMSIM_GIB - 1), &zones->table[0xbffff]);
    ck_assert_ptr_null(mm_zone_frame(zones, 3 * MMSIM_GIB));
    ck_assert_ptr_null(mm_zone_frame(zones, 4 * MMSIM_GIB - 1));
    ck_assert_ptr_eq(mm_zone_frame(zones, 4 * MMSIM_GIB), &zones->table[0x100000]);
    ck_assert_ptr_nonnull(mm_zone_frame(zones, 6 * MMSIM_GIB - 1));
    ck_assert_ptr_null(mm_zone_frame(zones, 6 * MMSIM_GIB));
    ck_assert_ptr_null(mm_zone_frame(zones, UINT64_MAX));
    teardown(&fixture);
}
END_TEST

START_TEST(a_frames_bytes_are_those_at_its_address)
{
    struct fixture fixture;
    setup(&fixture, 5 * MMSIM_GIB, 0);
    const mmsim_paddr addresses[] = {0x1000, 0x12345000, 4 * MMSIM_GIB, 6 * MMSIM_GIB - 4096};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        uint8_t *bytes =
            mm_frame_bytes(&fixture.zones, mm_zone_frame(&fixture.zones, addresses[i] + 123));
        memset(bytes, (int)i + 1, MMSIM_PAGE_SIZE);
        ck_assert_uint_eq(*mm_phys_host(&fixture.phys, addresses[i], 1), i + 1);
        ck_assert_uint_eq(*mm_phys_host(&fixture.phys, addresses[i] + 4095, 1), i + 1);
    }
    teardown(&fixture);
}
END_TEST

/* ---- against a model ---- */

enum { MODEL_RAM_FRAMES = 6 * 256 + 3, MAX_LIVE = 2000 };

/* The model is what each frame is used for. NULL, or what differs. */
static const char *difference(const struct mm_zones *zones, const uint8_t *uses)
{
    uint64_t n_by_use[MM_N_FRAME_USES] = {0};
    const struct mm_frame *frame = mm_zone_next_used(zones, 0);
    mmsim_pfn end = 0; /* of the block in use that was met last */
    for (mmsim_pfn pfn = 0; pfn < MODEL_RAM_FRAMES; pfn++) {
        n_by_use[uses[pfn]]++;
        if (frame && pfn == mm_frame_pfn(zones, frame)) {
            end = pfn + (1u << mm_frame_order(frame));
            for (mmsim_pfn at = pfn; at < end; at++)
                if (uses[at] != frame->use)
                    return "a frame is in another use";
            frame = mm_zone_next_used(zones, pfn + 1);
        }
        if ((pfn < end) != (uses[pfn] != MM_FRAME_FREE))
            return "the walk over the frames in use goes astray";
    }
    if (frame)
        return "the walk goes on where RAM ends";
    if (memcmp(n_by_use, zones->n_by_use, sizeof n_by_use) != 0)
        return "the account by use is wrong";
    return mm_zones_check(zones);
}

struct block {
    struct mm_frame *frame;
    unsigned order;
};

START_TEST(random_requests_agree_with_a_list_of_uses)
{
    struct fixture fixture;
    setup(&fixture, MODEL_RAM_FRAMES * MMSIM_PAGE_SIZE, 0);
    struct mm_zones *zones = &fixture.zones;
    uint8_t uses[MODEL_RAM_FRAMES];
    memset(uses, MM_FRAME_FREE, sizeof uses);
    uses[0] = MM_FRAME_RESERVED;
    static struct block live[MAX_LIVE];
    unsigned n_live = 0;
    struct mm_rng rng;
    mm_rng_seed(&rng, (uint64_t)_i);
    const char *wrong = NULL;
    for (int i = 0; i < 4000 && !wrong; i++) {
        if (mm_rng_below(&rng, 100) < (i / 400 % 2 ? 35u : 65u)) {
            enum mm_frame_use use =
                (enum mm_frame_use)(MM_FRAME_ANON + mm_rng_below(&rng, MM_N_FRAME_USES - 2));
            unsigned order = (unsigned)mm_rng_below(&rng, mm_rng_below(&rng, 6) + 1);
            struct mm_frame *frame = mm_zone_alloc(zones, use, order);
            if (!frame)
                continue;
            for (unsigned k = 0; k < 1u << order; k++) {
                uint8_t *at = &uses[mm_frame_pfn(zones, frame) + k];
                wrong = *at == MM_FRAME_FREE ? wrong : "a frame was handed out twice";
                *at = (uint8_t)use;
            }
            live[n_live++] = (struct block){frame, order};
        } else if (n_live > 0) {
            unsigned victim = (unsigned)mm_rng_below(&rng, n_live);
            struct block block = live[victim];
            live[victim] = live[--n_live];
            mm_zone_free(zones, block.frame, block.order);
            memset(&uses[mm_frame_pfn(zones, block.frame)], MM_FRAME_FREE, 1u << block.order);
        }
        if (!wrong)
            wrong = difference(zones, uses);
    }
    ck_assert_ptr_null(wrong);
    while (n_live-- > 0)
        mm_zone_free(zones, live[n_live].frame, live[n_live].order);
    mm_zones_drain(zones);
    struct fixture untouched;
    setup(&untouched, MODEL_RAM_FRAMES * MMSIM_PAGE_SIZE, 0);
    for (int kind = 0; kind < MM_N_ZONES; kind++)
        for (unsigned order = 0; order < MM_BUDDY_N_ORDERS; order++)
            ck_assert_uint_eq(mm_buddy_n_blocks(&zones->zones[kind], order),
                              mm_buddy_n_blocks(&untouched.zones.zones[kind], order));
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&untouched);
    teardown(&fixture);
}
END_TEST

START_TEST(the_walk_over_frames_in_use_crosses_the_hole)
{
    struct fixture fixture;
    setup(&fixture, 3 * MMSIM_GIB + 2 * MMSIM_PAGE_SIZE, 0);
    struct mm_zones *zones = &fixture.zones;
    struct mm_frame *low = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    for (uint64_t i = 0; i < machines[5].high_frames + 2; i++)
        if (!mm_zone_alloc(zones, MM_FRAME_ANON, 0))
            ck_abort_msg("high memory ended too soon");
    ck_assert_ptr_null(mm_zones_check(zones));
    mmsim_pfn first_high = 4 * MMSIM_GIB / MMSIM_PAGE_SIZE;
    const struct mm_frame *frame = mm_zone_next_used(zones, mm_frame_pfn(zones, low) + 1);
    ck_assert_uint_eq(mm_frame_pfn(zones, frame), MM_LOWMEM_END / MMSIM_PAGE_SIZE);
    frame = mm_zone_next_used(zones, 3 * MMSIM_GIB / MMSIM_PAGE_SIZE);
    ck_assert_uint_eq(mm_frame_pfn(zones, frame), first_high);
    frame = mm_zone_next_used(zones, first_high + 1);
    ck_assert_uint_eq(mm_frame_pfn(zones, frame), first_high + 1);
    ck_assert_ptr_null(mm_zone_next_used(zones, first_high + 2));
    teardown(&fixture);
}
END_TEST

START_TEST(a_host_without_room_for_the_frame_table_is_reported)
{
    struct fixture fixture;
    ck_assert(mm_phys_init(&fixture.phys, 3 * MMSIM_GIB));
    struct rlimit normal, none = {0};
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &normal), 0);
    none.rlim_max = normal.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &none), 0);
    bool made = mm_zones_init(&fixture.zones, &fixture.phys, 0);
    setrlimit(RLIMIT_AS, &normal);
    ck_assert(!made);
    mm_phys_fini(&fixture.phys);
}
END_TEST

/* ---- defects ---- */

static void spoil_account(struct mm_zones *zones)
{
    zones->n_by_use[MM_FRAME_ANON]++;
}

static void spoil_free_account(struct mm_zones *zones)
{
    zones->n_by_use[MM_FRAME_FREE]--;
}

static void spoil_total(struct mm_zones *zones)
{
    zones->n_ram_frames++;
}

static void spoil_limit(struct mm_zones *zones)
{
    zones->user_limit = 1;
}

static struct mm_frame *first_of(struct mm_zones *zones, enum mm_frame_use use)
{
    struct mm_frame *frame = mm_zone_next_used(zones, 0);
    while (frame->use != use)
        frame = mm_zone_next_used(zones, mm_frame_pfn(zones, frame) + 1);
    return frame;
}

static void spoil_use(struct mm_zones *zones)
{
    first_of(zones, MM_FRAME_PAGE_TABLE)->use = MM_FRAME_ZERO_PAGE;
}

static void spoil_place(struct mm_zones *zones)
{
    first_of(zones, MM_FRAME_ANON)->use = MM_FRAME_SLAB;
}

static void spoil_anon_count(struct mm_zones *zones)
{
    first_of(zones, MM_FRAME_ANON)->count = 0;
}

static void spoil_kernel_count(struct mm_zones *zones)
{
    first_of(zones, MM_FRAME_PAGE_TABLE)->count = 2;
}

static void spoil_reserved_count(struct mm_zones *zones)
{
    zones->table[0].count = 1;
}

static void spoil_with_an_unknown_use(struct mm_zones *zones)
{
    first_of(zones, MM_FRAME_ANON)->use = MM_N_FRAME_USES;
}

/* The frames beside the page table that was allocated are on this CPU's list. */
static struct mm_pcp *unmovable_list(struct mm_zones *zones)
{
    return &zones->pcps[0].lists[MM_ZONE_LOW][MM_UNMOVABLE];
}

static void spoil_list(struct mm_zones *zones)
{
    unmovable_list(zones)->n--;
}

static void spoil_list_twice(struct mm_zones *zones)
{
    unmovable_list(zones)->pfns[0] = unmovable_list(zones)->pfns[1];
}

static void spoil_mark(struct mm_zones *zones)
{
    zones->table[unmovable_list(zones)->pfns[0]].order = 0;
    zones->table[unmovable_list(zones)->pfns[0]].use = MM_FRAME_PAGE_TABLE;
}

static void spoil_zone_of_list(struct mm_zones *zones)
{
    unmovable_list(zones)->pfns[0] = 1;
}

static void spoil_length(struct mm_zones *zones)
{
    zones->pcp_limits[MM_ZONE_LOW].high = 0;
}

static void spoil_reserve(struct mm_zones *zones)
{
    zones->reserves[MM_ZONE_LOW].promised++;
}

static void spoil_reserve_list(struct mm_zones *zones)
{
    zones->table[zones->reserves[MM_ZONE_LOW].head].next = zones->reserves[MM_ZONE_LOW].head;
}

static void spoil_reserve_end(struct mm_zones *zones)
{
    zones->reserves[MM_ZONE_LOW].head = MM_NO_PFN;
}

static void spoil_buddy(struct mm_zones *zones)
{
    zones->zones[MM_ZONE_HIGH].n_free++;
}

static const struct {
    void (*spoil)(struct mm_zones *zones);
    const char *says;
} defects[] = {
    {spoil_account, "frames in some use"},
    {spoil_free_account, "frames in some use"},
    {spoil_list, "not those on the lists"},
    {spoil_list_twice, "not those on the lists"},
    {spoil_mark, "not set aside"},
    {spoil_zone_of_list, "of another zone"},
    {spoil_length, "longer than its limit"},
    {spoil_reserve, "does not hold"},
    {spoil_reserve_list, "more frames than it counts"},
    {spoil_reserve_end, "fewer frames than it counts"},
    {spoil_total, "not all frames"},
    {spoil_limit, "more user frames"},
    {spoil_use, "frames in some use"},
    {spoil_place, "not in low memory"},
    {spoil_anon_count, "mapped by nobody"},
    {spoil_kernel_count, "count other than 1"},
    {spoil_reserved_count, "reserved frame has a count"},
    {spoil_with_an_unknown_use, "unknown use"},
    {spoil_buddy, "count of free frames"},
};

START_TEST(check_finds_each_defect)
{
    struct fixture fixture;
    setup(&fixture, 64 * MMSIM_MIB, 0);
    ck_assert_ptr_nonnull(mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 1));
    ck_assert_ptr_nonnull(mm_zone_alloc(&fixture.zones, MM_FRAME_PAGE_TABLE, 0));
    ck_assert(mm_zones_reserve(&fixture.zones, MM_ZONE_LOW, 1));
    ck_assert_uint_ge(unmovable_list(&fixture.zones)->n, 2);
    ck_assert_ptr_null(mm_zones_check(&fixture.zones));
    defects[_i].spoil(&fixture.zones);
    const char *sentence = mm_zones_check(&fixture.zones);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_msg(strstr(sentence, defects[_i].says) != NULL, "it says: %s", sentence);
    teardown(&fixture);
}
END_TEST

START_TEST(freeing_a_shared_frame_is_a_bug)
{
    struct fixture fixture;
    setup(&fixture, 64 * MMSIM_MIB, 0);
    struct mm_frame *frame = mm_zone_alloc(&fixture.zones, MM_FRAME_ANON, 0);
    mm_frame_get(frame);
    mm_zone_free(&fixture.zones, frame, 0);
}
END_TEST

START_TEST(freeing_frame_0_is_a_bug)
{
    struct fixture fixture;
    setup(&fixture, 64 * MMSIM_MIB, 0);
    mm_zone_free(&fixture.zones, mm_zone_frame(&fixture.zones, 0), 0);
}
END_TEST

Suite *test_zone_suite(void);
Suite *test_zone_suite(void)
{
    Suite *suite = suite_create("zone");
    TCase *tests = tcase_create("zone");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, zones_share_ram_and_frame_0_stays_reserved, 0, N_MACHINES);
    tcase_add_test(tests, a_large_machine_costs_nothing_before_it_is_used);
    tcase_add_test(tests, user_frames_are_high_until_there_are_no_more);
    tcase_add_test(tests, kernel_frames_are_low_and_do_not_fall_back);
    tcase_add_test(tests, user_frames_stop_at_their_limit);
    tcase_add_test(tests, the_head_of_a_block_carries_its_use_and_every_frame_finds_it);
    tcase_add_test(tests, the_last_reference_frees_the_frame);
    tcase_add_test(tests, what_is_no_ram_has_no_frame);
    tcase_add_test(tests, a_frames_bytes_are_those_at_its_address);
    tcase_add_loop_test(tests, random_requests_agree_with_a_list_of_uses, 0, 4);
    tcase_add_test(tests, the_walk_over_frames_in_use_crosses_the_hole);
    tcase_add_test(tests, a_host_without_room_for_the_frame_table_is_reported);
    tcase_add_loop_test(tests, check_finds_each_defect, 0, sizeof defects / sizeof *defects);
    if (MM_IS_DEBUG) {
        tcase_add_test_raise_signal(tests, freeing_a_shared_frame_is_a_bug, SIGABRT);
        tcase_add_test_raise_signal(tests, freeing_frame_0_is_a_bug, SIGABRT);
    }
    suite_add_tcase(suite, tests);
    return suite;
}
