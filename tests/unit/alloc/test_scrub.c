/* What frames hold when they change hands: zeros, poison, and who wrote to a free one. */
#include "alloc/run.h"
#include "alloc/scrub.h"
#include "zone_kit.h"

static struct fixture fixture;
static struct mm_zones *zones = &fixture.zones;

static struct corruption {
    unsigned n;
    mmsim_pfn pfn;
    uint32_t offset;
    uint8_t found;
} seen;

static void note_corruption(void *user, mmsim_pfn pfn, uint32_t offset, uint8_t found)
{
    struct corruption *corruption = user;
    *corruption = (struct corruption){corruption->n + 1, pfn, offset, found};
}

static void begin(void)
{
    setup(&fixture, 64 * MMSIM_MIB, 0);
    seen = (struct corruption){0};
    zones->on_corruption = note_corruption;
    zones->corruption_user = &seen;
}

static void end(void)
{
    ck_assert_ptr_null(mm_zones_check(zones));
    teardown(&fixture);
}

static bool is_filled(const struct mm_frame *frame, uint64_t n_frames, uint8_t value)
{
    const uint8_t *bytes = mm_frame_bytes(zones, frame);
    for (uint64_t i = 0; i < n_frames * MMSIM_PAGE_SIZE; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

START_TEST(frames_come_as_they_are_unless_zeros_are_asked_for)
{
    struct mm_frame *frame = mm_zone_alloc(zones, MM_FRAME_SLAB, 2);
    memset(mm_frame_bytes(zones, frame), 0x5a, 4 * MMSIM_PAGE_SIZE);
    mm_zone_free(zones, frame, 2);
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, 2), frame);
    ck_assert(is_filled(frame, 4, 0x5a));
    mm_zone_free(zones, frame, 2);
    mm_zones_set_switches(zones, MM_ZONES_ZERO);
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, 2), frame);
    ck_assert(is_filled(frame, 4, 0));
    struct mm_frame *single = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    memset(mm_frame_bytes(zones, single), 0x5a, MMSIM_PAGE_SIZE);
    mm_zone_free(zones, single, 0);
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_PAGE_TABLE, 0), single);
    ck_assert(is_filled(single, 1, 0));
}
END_TEST

START_TEST(free_frames_are_poisoned_and_reuse_finds_them_so)
{
    mm_zones_set_switches(zones, MM_ZONES_POISON);
    for (unsigned order = 0; order < 5; order++) {
        struct mm_frame *frame = mm_zone_alloc(zones, MM_FRAME_SLAB, order);
        mm_zone_free(zones, frame, order);
        ck_assert(is_filled(frame, (uint64_t)1 << order, MM_SCRUB_POISON));
        ck_assert_ptr_null(mm_zones_check(zones));
        ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, order), frame);
        ck_assert_uint_eq(zones->n_poisoned, 0);
    }
    ck_assert_uint_eq(seen.n, 0);
}
END_TEST

START_TEST(the_first_byte_written_to_a_free_frame_is_reported)
{
    mm_zones_set_switches(zones, MM_ZONES_POISON);
    struct mm_frame *frame = mm_zone_alloc(zones, MM_FRAME_SLAB, 3);
    mmsim_pfn pfn = mm_frame_pfn(zones, frame);
    uint8_t *bytes = mm_frame_bytes(zones, frame);
    mm_zone_free(zones, frame, 3);
    bytes[5 * MMSIM_PAGE_SIZE + 1234] = 0x17;
    bytes[5 * MMSIM_PAGE_SIZE + 4000] = 0x18;
    ck_assert_uint_eq(mm_scrub_scan(zones), 1);
    ck_assert(is_filled(frame, 8, MM_SCRUB_POISON)); /* put right, and told of once */
    ck_assert_uint_eq(mm_scrub_scan(zones), 0);
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, 3), frame);
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_uint_eq(seen.pfn, pfn + 5);
    ck_assert_uint_eq(seen.offset, 1234);
    ck_assert_uint_eq(seen.found, 0x17);
    mm_zone_free(zones, frame, 3);
    bytes[0] = 1;
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, 3), frame);
    ck_assert_uint_eq(seen.n, 2); /* at reuse */
    ck_assert_uint_eq(seen.offset, 0);
}
END_TEST

START_TEST(switching_while_frames_are_free_accuses_nobody)
{
    struct mm_frame *before = mm_zone_alloc(zones, MM_FRAME_SLAB, 0);
    memset(mm_frame_bytes(zones, before), 1, MMSIM_PAGE_SIZE);
    mm_zone_free(zones, before, 0);
    mm_zones_set_switches(zones, MM_ZONES_POISON);
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, 0), before);
    mm_zone_free(zones, before, 0); /* poisoned now */
    mm_zones_set_switches(zones, 0);
    uint8_t *bytes = mm_frame_bytes(zones, before);
    bytes[7] = 9;
    ck_assert_ptr_eq(mm_zone_alloc(zones, MM_FRAME_SLAB, 0), before);
    ck_assert_uint_eq(seen.n, 1); /* found all the same */
    ck_assert_uint_eq(zones->switches, 0);
}
END_TEST

START_TEST(runs_and_emergencies_are_poisoned_and_looked_at_too)
{
    mm_zones_set_switches(zones, MM_ZONES_POISON | MM_ZONES_ZERO);
    struct mm_frame *run = mm_run_alloc(zones, MM_FRAME_SLAB, 11, 0);
    uint8_t *bytes = mm_frame_bytes(zones, run);
    mm_run_shrink(zones, run, 11, 6);
    ck_assert(is_filled(run + 6, 5, MM_SCRUB_POISON));
    bytes[7 * MMSIM_PAGE_SIZE] = 0;
    ck_assert(mm_run_extend(zones, run, 6, 9));
    ck_assert(is_filled(run, 9, 0));
    ck_assert_uint_eq(seen.n, 1);
    ck_assert_uint_eq(zones->n_poisoned, 2);
    mm_run_free(zones, run, 9);
    ck_assert(mm_zones_reserve(zones, MM_ZONE_LOW, 2));
    ck_assert_ptr_null(mm_zones_check(zones));
    ck_assert_ptr_nonnull(mm_zone_alloc_emergency(zones, MM_FRAME_SLAB));
}
END_TEST

static void spoil_count(void)
{
    zones->n_poisoned++;
}

static void spoil_bit(void)
{
    struct mm_frame *frame = mm_zone_alloc(zones, MM_FRAME_SLAB, 3);
    mmsim_pfn pfn = mm_frame_pfn(zones, frame) + 5;
    zones->poisoned[pfn / 64] |= (uint64_t)1 << (pfn % 64);
    zones->n_poisoned++;
}

static void spoil_switch(void)
{
    zones->switches &= ~(uint32_t)MM_ZONES_POISONED;
}

static const struct {
    void (*spoil)(void);
    const char *says;
} defects[] = {
    {spoil_count, "count of poisoned"},
    {spoil_bit, "in use is marked"},
    {spoil_switch, "not looked for"},
};

START_TEST(check_finds_each_defect)
{
    mm_zones_set_switches(zones, MM_ZONES_POISON);
    mm_zone_free(zones, mm_zone_alloc(zones, MM_FRAME_SLAB, 0), 0);
    ck_assert_ptr_null(mm_zones_check(zones));
    defects[_i].spoil();
    const char *sentence = mm_zones_check(zones);
    ck_assert_ptr_nonnull(sentence);
    ck_assert_msg(strstr(sentence, defects[_i].says) != NULL, "it says: %s", sentence);
    teardown(&fixture);
    setup(&fixture, 64 * MMSIM_MIB, 0);
}
END_TEST

Suite *test_scrub_suite(void);
Suite *test_scrub_suite(void)
{
    Suite *suite = suite_create("scrub");
    TCase *tests = tcase_create("scrub");
    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, frames_come_as_they_are_unless_zeros_are_asked_for);
    tcase_add_test(tests, free_frames_are_poisoned_and_reuse_finds_them_so);
    tcase_add_test(tests, the_first_byte_written_to_a_free_frame_is_reported);
    tcase_add_test(tests, switching_while_frames_are_free_accuses_nobody);
    tcase_add_test(tests, runs_and_emergencies_are_poisoned_and_looked_at_too);
    tcase_add_loop_test(tests, check_finds_each_defect, 0, sizeof defects / sizeof *defects);
    suite_add_tcase(suite, tests);
    return suite;
}
